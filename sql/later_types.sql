-- Types of PostgreSQL that have no values here yet. They are listed in pg_type; using one
-- answers 0A000 and names it.

CREATE TYPE pg_catalog."pg_ddl_command" (OID = 32, INPUT = pg_ddl_command_in, OUTPUT = pg_ddl_command_out, RECEIVE = pg_ddl_command_recv, SEND = pg_ddl_command_send, INTERNALLENGTH = 8, PASSEDBYVALUE, ALIGNMENT = double, STORAGE = plain, CATEGORY = 'P', KIND = 'p');
CREATE TYPE pg_catalog."xml" (OID = 142, INPUT = xml_in, OUTPUT = xml_out, RECEIVE = xml_recv, SEND = xml_send, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'U', ARRAY_OID = 143);
CREATE TYPE pg_catalog."money" (OID = 790, INPUT = cash_in, OUTPUT = cash_out, RECEIVE = cash_recv, SEND = cash_send, INTERNALLENGTH = 8, PASSEDBYVALUE, ALIGNMENT = double, STORAGE = plain, CATEGORY = 'N', ARRAY_OID = 791);
CREATE TYPE pg_catalog."fdw_handler" (OID = 3115, INPUT = fdw_handler_in, OUTPUT = fdw_handler_out, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'P', KIND = 'p');
CREATE TYPE pg_catalog."tsm_handler" (OID = 3310, INPUT = tsm_handler_in, OUTPUT = tsm_handler_out, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'P', KIND = 'p');
CREATE TYPE pg_catalog."tsvector" (OID = 3614, INPUT = tsvectorin, OUTPUT = tsvectorout, RECEIVE = tsvectorrecv, SEND = tsvectorsend, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'U', ARRAY_OID = 3643);
CREATE TYPE pg_catalog."tsquery" (OID = 3615, INPUT = tsqueryin, OUTPUT = tsqueryout, RECEIVE = tsqueryrecv, SEND = tsquerysend, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'U', ARRAY_OID = 3645);
CREATE TYPE pg_catalog."gtsvector" (OID = 3642, INPUT = gtsvectorin, OUTPUT = gtsvectorout, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'U', ARRAY_OID = 3644);
CREATE TYPE pg_catalog."event_trigger" (OID = 3838, INPUT = event_trigger_in, OUTPUT = event_trigger_out, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'P', KIND = 'p');
CREATE TYPE pg_catalog."pg_brin_bloom_summary" (OID = 4600, INPUT = brin_bloom_summary_in, OUTPUT = brin_bloom_summary_out, RECEIVE = brin_bloom_summary_recv, SEND = brin_bloom_summary_send, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'Z', COLLATABLE = true);
CREATE TYPE pg_catalog."pg_brin_minmax_multi_summary" (OID = 4601, INPUT = brin_minmax_multi_summary_in, OUTPUT = brin_minmax_multi_summary_out, RECEIVE = brin_minmax_multi_summary_recv, SEND = brin_minmax_multi_summary_send, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'Z', COLLATABLE = true);
