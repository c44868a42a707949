-- Functions and views about the server that PostgreSQL does not have, or has in a form that depends on its log.
CREATE FUNCTION pg_catalog.zserver_check(relation regclass DEFAULT NULL, OUT severity text, OUT kind text, OUT object text, OUT message text) RETURNS SETOF record LANGUAGE internal VOLATILE AS 'zserver_check' SET oid = 9101;
CREATE FUNCTION pg_catalog.zserver_backup(directory text, previous text DEFAULT NULL, OUT commit_ts int8, OUT chunks_written int8, OUT bytes_written int8, OUT chunks_shared int8) RETURNS SETOF record LANGUAGE internal VOLATILE AS 'zserver_backup' SET oid = 9102;
CREATE FUNCTION pg_catalog.zserver_switch_archive() RETURNS void LANGUAGE internal VOLATILE STRICT AS 'zserver_switch_archive' SET oid = 9103;
CREATE FUNCTION pg_catalog.zserver_audit(since timestamptz DEFAULT NULL, OUT seq int8, OUT recorded timestamptz, OUT class text, OUT event text, OUT outcome text, OUT usename text, OUT datname text, OUT pid int4, OUT client text, OUT code text, OUT detail text, OUT record json) RETURNS SETOF record LANGUAGE internal VOLATILE AS 'zserver_audit' SET oid = 9104;
CREATE FUNCTION pg_catalog.zserver_audit_event(event text, detail text) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'zserver_audit_event' SET oid = 9105;
CREATE FUNCTION pg_catalog.pg_stat_get_archiver(OUT archived_count int8, OUT last_archived_wal text, OUT last_archived_time timestamptz, OUT failed_count int8, OUT last_failed_wal text, OUT last_failed_time timestamptz, OUT stats_reset timestamptz) RETURNS record LANGUAGE internal STABLE AS 'pg_stat_get_archiver' SET oid = 3195;

CREATE VIEW pg_catalog.pg_stat_archiver (
    archived_count, last_archived_wal, last_archived_time, failed_count, last_failed_wal,
    last_failed_time, stats_reset
) WITH (oid = 12285, row_type = 12287, array_type = 12286, columns = 'bigint, text, timestamp with time zone, bigint, text, timestamp with time zone, timestamp with time zone') AS
SELECT * FROM pg_stat_get_archiver();
-- Transactions over several servers: see src/coordinator and the README.
CREATE FUNCTION pg_catalog.zserver_add_server(name text, conninfo text) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'zserver_add_server' SET oid = 9801;
CREATE FUNCTION pg_catalog.zserver_drop_server(name text) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'zserver_drop_server' SET oid = 9802;
CREATE FUNCTION pg_catalog.zserver_servers(OUT name text, OUT conninfo text) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'zserver_servers' SET oid = 9803;
CREATE FUNCTION pg_catalog.zserver_execute(server text, command text) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'zserver_execute' SET oid = 9804;
CREATE FUNCTION pg_catalog.zserver_query(server text, query text) RETURNS SETOF text[] LANGUAGE internal VOLATILE STRICT AS 'zserver_query' SET oid = 9805;
CREATE FUNCTION pg_catalog.zserver_in_doubt(OUT server text, OUT gid text, OUT decided timestamptz) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_in_doubt' SET oid = 9806;

-- What the server is at: see the README.
CREATE FUNCTION pg_catalog.zserver_snapshots(OUT snapshot int8, OUT taken timestamptz, OUT bytes_since int8, OUT bytes_max int8, OUT pids int4[]) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_snapshots' SET oid = 9811;
CREATE FUNCTION pg_catalog.zserver_commits(OUT groups int8, OUT transactions int8, OUT largest_group int8, OUT bytes int8, OUT syncs int8, OUT sync_us int8, OUT sync_us_max int8, OUT sync_us_p50 int8, OUT sync_us_p99 int8) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_commits' SET oid = 9812;
CREATE FUNCTION pg_catalog.zserver_vector_indexes(OUT indexrelid oid, OUT phase text, OUT rows int8, OUT linked int8, OUT fresh int8, OUT dead int8, OUT memory_bytes int8, OUT recall float8, OUT failure text) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_vector_indexes' SET oid = 9813;

CREATE FUNCTION pg_catalog.zserver_index_builds(OUT pid int4, OUT datid oid, OUT relid oid, OUT index_relid oid, OUT command text, OUT phase text, OUT tuples_total int8, OUT tuples_done int8) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_index_builds' SET oid = 9817;

-- Builds of vector indexes: what others are at is not told.
CREATE VIEW pg_catalog.pg_stat_progress_create_index (
    pid, datid, datname, relid, index_relid, command, phase, lockers_total, lockers_done,
    current_locker_pid, blocks_total, blocks_done, tuples_total, tuples_done, partitions_total,
    partitions_done
) WITH (oid = 12312, row_type = 12314, array_type = 12313, columns = 'integer, oid, name, oid, oid, text, text, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT
    s.pid, s.datid, d.datname, s.relid, s.index_relid, s.command, s.phase,
    0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
    s.tuples_total, s.tuples_done, 0::bigint, 0::bigint
FROM zserver_index_builds() s
    LEFT JOIN pg_database d ON s.datid = d.oid;
