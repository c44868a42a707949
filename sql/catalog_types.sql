-- Types that only system relations have columns of; their relations are empty.

CREATE TYPE pg_catalog."pg_ndistinct" (OID = 3361, INPUT = pg_ndistinct_in, OUTPUT = pg_ndistinct_out, RECEIVE = pg_ndistinct_recv, SEND = pg_ndistinct_send, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'Z', COLLATABLE = true);
CREATE TYPE pg_catalog."pg_dependencies" (OID = 3402, INPUT = pg_dependencies_in, OUTPUT = pg_dependencies_out, RECEIVE = pg_dependencies_recv, SEND = pg_dependencies_send, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'Z', COLLATABLE = true);
CREATE TYPE pg_catalog."pg_mcv_list" (OID = 5017, INPUT = pg_mcv_list_in, OUTPUT = pg_mcv_list_out, RECEIVE = pg_mcv_list_recv, SEND = pg_mcv_list_send, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'Z', COLLATABLE = true);
CREATE TYPE pg_catalog."table_am_handler" (OID = 269, INPUT = table_am_handler_in, OUTPUT = table_am_handler_out, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'P', KIND = 'p');
CREATE TYPE pg_catalog."index_am_handler" (OID = 325, INPUT = index_am_handler_in, OUTPUT = index_am_handler_out, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'P', KIND = 'p');

-- Access methods: how tables and indexes are stored.

CREATE ACCESS METHOD heap TYPE TABLE HANDLER heap_tableam_handler;
COMMENT ON ACCESS METHOD heap IS 'OID = 2';
CREATE ACCESS METHOD btree TYPE INDEX HANDLER bthandler;
COMMENT ON ACCESS METHOD btree IS 'OID = 403';
CREATE ACCESS METHOD gin TYPE INDEX HANDLER ginhandler;
COMMENT ON ACCESS METHOD gin IS 'OID = 2742';
CREATE ACCESS METHOD hash TYPE INDEX HANDLER hashhandler;
COMMENT ON ACCESS METHOD hash IS 'OID = 405';
CREATE ACCESS METHOD gist TYPE INDEX HANDLER gisthandler;
COMMENT ON ACCESS METHOD gist IS 'OID = 783';
CREATE ACCESS METHOD spgist TYPE INDEX HANDLER spghandler;
COMMENT ON ACCESS METHOD spgist IS 'OID = 4000';
CREATE ACCESS METHOD brin TYPE INDEX HANDLER brinhandler;
COMMENT ON ACCESS METHOD brin IS 'OID = 3580';
