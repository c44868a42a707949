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
CREATE FUNCTION pg_catalog.pg_stat_get_activity(pid int4, OUT datid oid, OUT pid int4, OUT usesysid oid, OUT application_name text, OUT state text, OUT query text, OUT wait_event_type text, OUT wait_event text, OUT xact_start timestamptz, OUT query_start timestamptz, OUT backend_start timestamptz, OUT state_change timestamptz, OUT client_addr inet, OUT client_hostname text, OUT client_port int4, OUT backend_xid xid, OUT backend_xmin xid, OUT backend_type text, OUT ssl bool, OUT sslversion text, OUT sslcipher text, OUT sslbits int4, OUT ssl_client_dn text, OUT ssl_client_serial numeric, OUT ssl_issuer_dn text, OUT gss_auth bool, OUT gss_princ text, OUT gss_enc bool, OUT leader_pid int4, OUT query_id int8) RETURNS SETOF record LANGUAGE internal STABLE AS 'pg_stat_get_activity' SET oid = 2022;

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

-- Columns together, sessions one by one, and what is not counted here.
CREATE FUNCTION pg_catalog.gisthandler(internal) RETURNS index_am_handler LANGUAGE internal VOLATILE STRICT AS 'gisthandler' SET oid = 332;
CREATE FUNCTION pg_catalog.spghandler(internal) RETURNS index_am_handler LANGUAGE internal VOLATILE STRICT AS 'spghandler' SET oid = 334;
CREATE FUNCTION pg_catalog.brinhandler(internal) RETURNS index_am_handler LANGUAGE internal VOLATILE STRICT AS 'brinhandler' SET oid = 335;
CREATE FUNCTION pg_catalog.pg_mcv_list_items(mcv_list pg_mcv_list, OUT index int4, OUT "values" text[], OUT nulls bool[], OUT frequency float8, OUT base_frequency float8) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'pg_stats_ext_mcvlist_items' SET oid = 3427;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_start(int4) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_start' SET oid = 1391;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_client_addr(int4) RETURNS inet LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_client_addr' SET oid = 1392;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_client_port(int4) RETURNS int4 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_client_port' SET oid = 1393;
CREATE FUNCTION pg_catalog.pg_stat_get_blocks_fetched(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_blocks_fetched' SET oid = 1934;
CREATE FUNCTION pg_catalog.pg_stat_get_blocks_hit(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_blocks_hit' SET oid = 1935;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_idset() RETURNS SETOF int4 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_idset' SET oid = 1936;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_pid(int4) RETURNS int4 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_pid' SET oid = 1937;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_dbid(int4) RETURNS oid LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_dbid' SET oid = 1938;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_userid(int4) RETURNS oid LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_userid' SET oid = 1939;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_activity(int4) RETURNS text LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_activity' SET oid = 1940;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_activity_start(int4) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_activity_start' SET oid = 2094;
CREATE FUNCTION pg_catalog.pg_column_compression("any") RETURNS text LANGUAGE internal STABLE STRICT AS 'pg_column_compression' SET oid = 2121;
CREATE FUNCTION pg_catalog.pg_tablespace_size(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_tablespace_size_oid' SET oid = 2322;
CREATE FUNCTION pg_catalog.pg_tablespace_size(name) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_tablespace_size_name' SET oid = 2323;
CREATE FUNCTION pg_catalog.pg_tablespace_databases(oid) RETURNS SETOF oid LANGUAGE internal STABLE STRICT AS 'pg_tablespace_databases' SET oid = 2556;
CREATE FUNCTION pg_catalog.pg_timezone_abbrevs(OUT abbrev text, OUT utc_offset interval, OUT is_dst bool) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'pg_timezone_abbrevs' SET oid = 2599;
CREATE FUNCTION pg_catalog.pg_stat_get_last_vacuum_time(oid) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_last_vacuum_time' SET oid = 2781;
CREATE FUNCTION pg_catalog.pg_stat_get_last_autovacuum_time(oid) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_last_autovacuum_time' SET oid = 2782;
CREATE FUNCTION pg_catalog.pg_stat_get_last_analyze_time(oid) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_last_analyze_time' SET oid = 2783;
CREATE FUNCTION pg_catalog.pg_stat_get_last_autoanalyze_time(oid) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_last_autoanalyze_time' SET oid = 2784;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_wait_event_type(int4) RETURNS text LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_wait_event_type' SET oid = 2788;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_wait_event(int4) RETURNS text LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_wait_event' SET oid = 2853;
CREATE FUNCTION pg_catalog.pg_stat_get_backend_xact_start(int4) RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_backend_xact_start' SET oid = 2857;
CREATE FUNCTION pg_catalog.pg_stat_get_function_calls(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_function_calls' SET oid = 2978;
CREATE FUNCTION pg_catalog.pg_stat_get_function_total_time(oid) RETURNS float8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_function_total_time' SET oid = 2979;
CREATE FUNCTION pg_catalog.pg_stat_get_function_self_time(oid) RETURNS float8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_function_self_time' SET oid = 2980;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_numscans(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_numscans' SET oid = 3037;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_tuples_returned(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_tuples_returned' SET oid = 3038;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_tuples_fetched(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_tuples_fetched' SET oid = 3039;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_tuples_inserted(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_tuples_inserted' SET oid = 3040;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_tuples_updated(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_tuples_updated' SET oid = 3041;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_tuples_deleted(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_tuples_deleted' SET oid = 3042;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_tuples_hot_updated(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_tuples_hot_updated' SET oid = 3043;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_blocks_fetched(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_blocks_fetched' SET oid = 3044;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_blocks_hit(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_blocks_hit' SET oid = 3045;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_function_calls(oid) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_function_calls' SET oid = 3046;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_function_total_time(oid) RETURNS float8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_function_total_time' SET oid = 3047;
CREATE FUNCTION pg_catalog.pg_stat_get_xact_function_self_time(oid) RETURNS float8 LANGUAGE internal VOLATILE STRICT AS 'pg_stat_get_xact_function_self_time' SET oid = 3048;
CREATE FUNCTION pg_catalog.pg_stat_get_vacuum_count(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_vacuum_count' SET oid = 3054;
CREATE FUNCTION pg_catalog.pg_stat_get_autovacuum_count(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_autovacuum_count' SET oid = 3055;
CREATE FUNCTION pg_catalog.pg_stat_get_analyze_count(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_analyze_count' SET oid = 3056;
CREATE FUNCTION pg_catalog.pg_stat_get_autoanalyze_count(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_autoanalyze_count' SET oid = 3057;
CREATE FUNCTION pg_catalog.pg_stat_get_mod_since_analyze(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_mod_since_analyze' SET oid = 3177;
CREATE FUNCTION pg_catalog.pg_collation_actual_version(oid) RETURNS text LANGUAGE internal VOLATILE STRICT AS 'pg_collation_actual_version' SET oid = 3448;
CREATE FUNCTION pg_catalog.pg_stat_reset_single_function_counters(oid) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'pg_stat_reset_single_function_counters' SET oid = 3777;
CREATE FUNCTION pg_catalog.pg_stat_get_snapshot_timestamp() RETURNS timestamptz LANGUAGE internal STABLE STRICT AS 'pg_stat_get_snapshot_timestamp' SET oid = 3788;
CREATE FUNCTION pg_catalog.pg_stat_get_ins_since_vacuum(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_ins_since_vacuum' SET oid = 5053;
CREATE FUNCTION pg_catalog.pg_database_collation_actual_version(oid) RETURNS text LANGUAGE internal VOLATILE STRICT AS 'pg_database_collation_actual_version' SET oid = 6249;

-- What does not happen here: replication, conflicts with it, reports of progress.
CREATE FUNCTION pg_catalog.pg_stat_get_progress_info(cmdtype text, OUT pid int4, OUT datid oid, OUT relid oid, OUT param1 int8, OUT param2 int8, OUT param3 int8, OUT param4 int8, OUT param5 int8, OUT param6 int8, OUT param7 int8, OUT param8 int8, OUT param9 int8, OUT param10 int8, OUT param11 int8, OUT param12 int8, OUT param13 int8, OUT param14 int8, OUT param15 int8, OUT param16 int8, OUT param17 int8, OUT param18 int8, OUT param19 int8, OUT param20 int8) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'pg_stat_get_progress_info' SET oid = 3318;
CREATE FUNCTION pg_catalog.pg_show_replication_origin_status(OUT local_id oid, OUT external_id text, OUT remote_lsn pg_lsn, OUT local_lsn pg_lsn) RETURNS SETOF record LANGUAGE internal VOLATILE AS 'pg_show_replication_origin_status' SET oid = 6014;
CREATE FUNCTION pg_catalog.pg_stat_get_subscription(subid oid, OUT subid oid, OUT relid oid, OUT pid int4, OUT received_lsn pg_lsn, OUT last_msg_send_time timestamptz, OUT last_msg_receipt_time timestamptz, OUT latest_end_lsn pg_lsn, OUT latest_end_time timestamptz) RETURNS SETOF record LANGUAGE internal STABLE AS 'pg_stat_get_subscription' SET oid = 6118;
CREATE FUNCTION pg_catalog.pg_stat_get_db_conflict_tablespace(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_conflict_tablespace' SET oid = 3065;
CREATE FUNCTION pg_catalog.pg_stat_get_db_conflict_lock(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_conflict_lock' SET oid = 3066;
CREATE FUNCTION pg_catalog.pg_stat_get_db_conflict_snapshot(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_conflict_snapshot' SET oid = 3067;
CREATE FUNCTION pg_catalog.pg_stat_get_db_conflict_bufferpin(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_conflict_bufferpin' SET oid = 3068;
CREATE FUNCTION pg_catalog.pg_stat_get_db_conflict_startup_deadlock(oid) RETURNS int8 LANGUAGE internal STABLE STRICT AS 'pg_stat_get_db_conflict_startup_deadlock' SET oid = 3069;
