-- Functions that read the catalog and the server's state and that only the
-- system views call, and those that columns of system relations name.

CREATE FUNCTION pg_catalog.heap_tableam_handler(internal) RETURNS table_am_handler LANGUAGE internal VOLATILE STRICT AS 'heap_tableam_handler' SET oid = 3;
CREATE FUNCTION pg_catalog.bthandler(internal) RETURNS index_am_handler LANGUAGE internal VOLATILE STRICT AS 'bthandler' SET oid = 330;
CREATE FUNCTION pg_catalog.ginhandler(internal) RETURNS index_am_handler LANGUAGE internal VOLATILE STRICT AS 'ginhandler' SET oid = 333;
CREATE FUNCTION pg_catalog.hashhandler(internal) RETURNS index_am_handler LANGUAGE internal VOLATILE STRICT AS 'hashhandler' SET oid = 331;
CREATE FUNCTION pg_catalog.array_typanalyze(internal) RETURNS bool LANGUAGE internal STABLE STRICT AS 'array_typanalyze' SET oid = 3816;
CREATE FUNCTION pg_catalog.array_subscript_handler(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'array_subscript_handler' SET oid = 6179;
CREATE FUNCTION pg_catalog.raw_array_subscript_handler(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'raw_array_subscript_handler' SET oid = 6180;

CREATE EXTENSION plpgsql SCHEMA pg_catalog VERSION '1.0';
COMMENT ON EXTENSION plpgsql IS 'OID = 13559';
CREATE FUNCTION pg_catalog.plpgsql_inline_handler(internal) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'plpgsql_inline_handler' SET oid = 13561;

CREATE FUNCTION pg_catalog.pg_conf_load_time() RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_conf_load_time' SET oid = 2034;
CREATE FUNCTION pg_catalog.pg_lock_status(OUT locktype text, OUT database oid, OUT relation oid, OUT page int4, OUT tuple int2, OUT virtualxid text, OUT transactionid xid, OUT classid oid, OUT objid oid, OUT objsubid int2, OUT virtualtransaction text, OUT pid int4, OUT mode text, OUT granted bool, OUT fastpath bool, OUT waitstart timestamptz) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'pg_lock_status' SET oid = 1371;
CREATE FUNCTION pg_catalog.pg_prepared_statement(OUT name text, OUT statement text, OUT prepare_time timestamptz, OUT parameter_types regtype[], OUT from_sql bool, OUT generic_plans int8, OUT custom_plans int8) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'pg_prepared_statement' SET oid = 2510;
CREATE FUNCTION pg_catalog.pg_cursor(OUT name text, OUT statement text, OUT is_holdable bool, OUT is_binary bool, OUT is_scrollable bool, OUT creation_time timestamptz) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'pg_cursor' SET oid = 2511;
CREATE FUNCTION pg_catalog.pg_timezone_names(OUT name text, OUT abbrev text, OUT utc_offset interval, OUT is_dst bool) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'pg_timezone_names' SET oid = 2856;

-- Sessions as pg_stat_activity shows them.
CREATE FUNCTION pg_catalog.pg_stat_get_activity(pid int4, OUT datid oid, OUT datname name, OUT pid int4, OUT leader_pid int4, OUT usesysid oid, OUT usename name, OUT application_name text, OUT client_addr inet, OUT client_hostname text, OUT client_port int4, OUT backend_start timestamptz, OUT xact_start timestamptz, OUT query_start timestamptz, OUT state_change timestamptz, OUT wait_event_type text, OUT wait_event text, OUT state text, OUT backend_xid xid, OUT backend_xmin xid, OUT query_id int8, OUT query text, OUT backend_type text) RETURNS SETOF record LANGUAGE internal STABLE AS 'pg_stat_get_activity' SET oid = 2022;

CREATE FUNCTION pg_catalog.pg_sequence_last_value(regclass) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_sequence_last_value' SET oid = 4032;

-- What sessions have done, as the pg_stat_ views show it.
CREATE FUNCTION pg_catalog.pg_stat_get_numscans(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_numscans' SET oid = 1928;
CREATE FUNCTION pg_catalog.pg_stat_get_tuples_returned(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_tuples_returned' SET oid = 1929;
CREATE FUNCTION pg_catalog.pg_stat_get_tuples_fetched(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_tuples_fetched' SET oid = 1930;
CREATE FUNCTION pg_catalog.pg_stat_get_tuples_inserted(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_tuples_inserted' SET oid = 1931;
CREATE FUNCTION pg_catalog.pg_stat_get_tuples_updated(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_tuples_updated' SET oid = 1932;
CREATE FUNCTION pg_catalog.pg_stat_get_tuples_deleted(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_tuples_deleted' SET oid = 1933;
CREATE FUNCTION pg_catalog.pg_stat_get_tuples_hot_updated(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_tuples_hot_updated' SET oid = 1972;
CREATE FUNCTION pg_catalog.pg_stat_get_live_tuples(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_live_tuples' SET oid = 2878;
CREATE FUNCTION pg_catalog.pg_stat_get_dead_tuples(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_dead_tuples' SET oid = 2879;
CREATE FUNCTION pg_catalog.pg_stat_get_db_numbackends(oid) RETURNS int4 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_numbackends' SET oid = 1941;
CREATE FUNCTION pg_catalog.pg_stat_get_db_xact_commit(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_xact_commit' SET oid = 1942;
CREATE FUNCTION pg_catalog.pg_stat_get_db_xact_rollback(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_xact_rollback' SET oid = 1943;
CREATE FUNCTION pg_catalog.pg_stat_get_db_tuples_returned(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_tuples_returned' SET oid = 2758;
CREATE FUNCTION pg_catalog.pg_stat_get_db_tuples_fetched(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_tuples_fetched' SET oid = 2759;
CREATE FUNCTION pg_catalog.pg_stat_get_db_tuples_inserted(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_tuples_inserted' SET oid = 2760;
CREATE FUNCTION pg_catalog.pg_stat_get_db_tuples_updated(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_tuples_updated' SET oid = 2761;
CREATE FUNCTION pg_catalog.pg_stat_get_db_tuples_deleted(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_tuples_deleted' SET oid = 2762;
CREATE FUNCTION pg_catalog.pg_stat_get_db_conflict_all(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_conflict_all' SET oid = 3070;
CREATE FUNCTION pg_catalog.pg_stat_get_db_deadlocks(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_deadlocks' SET oid = 3152;
CREATE FUNCTION pg_catalog.pg_stat_get_db_stat_reset_time(oid) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_stat_reset_time' SET oid = 3074;
CREATE FUNCTION pg_catalog.pg_stat_get_db_temp_files(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_temp_files' SET oid = 3150;
CREATE FUNCTION pg_catalog.pg_stat_get_db_temp_bytes(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_temp_bytes' SET oid = 3151;
CREATE FUNCTION pg_catalog.pg_stat_get_db_sessions(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_sessions' SET oid = 6188;
CREATE FUNCTION pg_catalog.pg_stat_clear_snapshot() RETURNS void LANGUAGE internal VOLATILE AS 'pg_stat_clear_snapshot' SET oid = 2230;
CREATE FUNCTION pg_catalog.pg_stat_force_next_flush() RETURNS void LANGUAGE internal VOLATILE AS 'pg_stat_force_next_flush' SET oid = 2137;
CREATE FUNCTION pg_catalog.pg_stat_reset() RETURNS void LANGUAGE internal VOLATILE AS 'pg_stat_reset' SET oid = 2274;
CREATE FUNCTION pg_catalog.pg_stat_reset_single_table_counters(oid) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'pg_stat_reset_single_table_counters' SET oid = 3776;
