-- What statements have cost. The counts are kept by the server if its configuration says shared_preload_libraries = "pg_stat_statements". Columns about planning, blocks, WAL and JIT are 0: nothing is measured there.
CREATE FUNCTION pg_stat_statements_reset(IN userid oid DEFAULT 0, IN dbid oid DEFAULT 0, IN queryid bigint DEFAULT 0) RETURNS void LANGUAGE c STRICT PARALLEL SAFE AS 'pg_stat_statements_reset_1_7';
REVOKE ALL ON FUNCTION pg_stat_statements_reset(oid, oid, bigint) FROM PUBLIC;

CREATE FUNCTION pg_stat_statements_info(OUT dealloc bigint, OUT stats_reset timestamp with time zone) RETURNS record LANGUAGE c STRICT VOLATILE PARALLEL SAFE AS 'pg_stat_statements_info';
CREATE VIEW pg_stat_statements_info AS SELECT * FROM pg_stat_statements_info();
GRANT SELECT ON pg_stat_statements_info TO PUBLIC;

CREATE FUNCTION pg_stat_statements(IN showtext boolean,
    OUT userid oid, OUT dbid oid, OUT toplevel bool, OUT queryid bigint, OUT query text,
    OUT plans int8, OUT total_plan_time float8, OUT min_plan_time float8, OUT max_plan_time float8, OUT mean_plan_time float8, OUT stddev_plan_time float8,
    OUT calls int8, OUT total_exec_time float8, OUT min_exec_time float8, OUT max_exec_time float8, OUT mean_exec_time float8, OUT stddev_exec_time float8,
    OUT rows int8,
    OUT shared_blks_hit int8, OUT shared_blks_read int8, OUT shared_blks_dirtied int8, OUT shared_blks_written int8,
    OUT local_blks_hit int8, OUT local_blks_read int8, OUT local_blks_dirtied int8, OUT local_blks_written int8,
    OUT temp_blks_read int8, OUT temp_blks_written int8,
    OUT blk_read_time float8, OUT blk_write_time float8, OUT temp_blk_read_time float8, OUT temp_blk_write_time float8,
    OUT wal_records int8, OUT wal_fpi int8, OUT wal_bytes numeric,
    OUT jit_functions int8, OUT jit_generation_time float8, OUT jit_inlining_count int8, OUT jit_inlining_time float8,
    OUT jit_optimization_count int8, OUT jit_optimization_time float8, OUT jit_emission_count int8, OUT jit_emission_time float8)
    RETURNS SETOF record LANGUAGE c STRICT VOLATILE PARALLEL SAFE AS 'pg_stat_statements_1_10';
CREATE VIEW pg_stat_statements AS SELECT * FROM pg_stat_statements(true);
GRANT SELECT ON pg_stat_statements TO PUBLIC;
