-- The views of pg_catalog, over the system relations and functions.
--
-- Names, columns, types and OIDs are PostgreSQL 15's. Nothing is bound when the
-- catalog is made, so each view declares its columns' types; see
-- src/catalog/bootstrap/relation.rs.

CREATE VIEW pg_catalog.pg_roles (
    rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
    rolconnlimit, rolpassword, rolvaliduntil, rolbypassrls, rolconfig, oid
) WITH (oid = 12000, row_type = 12002, array_type = 12001, columns = 'name, boolean, boolean, boolean, boolean, boolean, boolean, integer, text, timestamp with time zone, boolean, text[], oid', by_bytes = 'rolconfig') AS
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
    rolconnlimit, '********'::text, rolvaliduntil, rolbypassrls, s.setconfig, pg_authid.oid
FROM pg_authid LEFT JOIN pg_db_role_setting s
    ON pg_authid.oid = s.setrole AND s.setdatabase = 0::oid;

CREATE VIEW pg_catalog.pg_shadow (
    usename, usesysid, usecreatedb, usesuper, userepl, usebypassrls, passwd, valuntil,
    useconfig
) WITH (oid = 12005, row_type = 12007, array_type = 12006, columns = 'name, oid, boolean, boolean, boolean, boolean, text, timestamp with time zone, text[]', by_bytes = 'passwd, useconfig') AS
SELECT rolname, pg_authid.oid, rolcreatedb, rolsuper, rolreplication, rolbypassrls, rolpassword,
    rolvaliduntil, s.setconfig
FROM pg_authid LEFT JOIN pg_db_role_setting s
    ON pg_authid.oid = s.setrole AND s.setdatabase = 0::oid
WHERE rolcanlogin;

CREATE VIEW pg_catalog.pg_group (
    groname, grosysid, grolist
) WITH (oid = 12010, row_type = 12012, array_type = 12011, columns = 'name, oid, oid[]') AS
SELECT rolname, oid, ARRAY(SELECT member FROM pg_auth_members WHERE roleid = oid)
FROM pg_authid
WHERE NOT rolcanlogin;

CREATE VIEW pg_catalog.pg_user (
    usename, usesysid, usecreatedb, usesuper, userepl, usebypassrls, passwd, valuntil,
    useconfig
) WITH (oid = 12014, row_type = 12016, array_type = 12015, columns = 'name, oid, boolean, boolean, boolean, boolean, text, timestamp with time zone, text[]', by_bytes = 'useconfig') AS
SELECT usename, usesysid, usecreatedb, usesuper, userepl, usebypassrls, '********'::text, valuntil,
    useconfig
FROM pg_shadow;

CREATE VIEW pg_catalog.pg_rules (
    schemaname, tablename, rulename, definition
) WITH (oid = 12023, row_type = 12025, array_type = 12024, columns = 'name, name, name, text') AS
SELECT n.nspname, c.relname, r.rulename, pg_get_ruledef(r.oid)
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN';

CREATE VIEW pg_catalog.pg_views (
    schemaname, viewname, viewowner, definition
) WITH (oid = 12028, row_type = 12030, array_type = 12029, columns = 'name, name, name, text') AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), pg_get_viewdef(c.oid)
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v';

CREATE VIEW pg_catalog.pg_tables (
    schemaname, tablename, tableowner, tablespace, hasindexes, hasrules, hastriggers,
    rowsecurity
) WITH (oid = 12033, row_type = 12035, array_type = 12034, columns = 'name, name, name, name, boolean, boolean, boolean, boolean') AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), t.spcname, c.relhasindex, c.relhasrules,
    c.relhastriggers, c.relrowsecurity
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p');

CREATE VIEW pg_catalog.pg_indexes (
    schemaname, tablename, indexname, tablespace, indexdef
) WITH (oid = 12043, row_type = 12045, array_type = 12044, columns = 'name, name, name, name, text') AS
SELECT n.nspname, c.relname, i.relname, t.spcname, pg_get_indexdef(i.oid)
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace t ON t.oid = i.reltablespace
WHERE c.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I');

CREATE VIEW pg_catalog.pg_sequences (
    schemaname, sequencename, sequenceowner, data_type, start_value, min_value, max_value,
    increment_by, cycle, cache_size, last_value
) WITH (oid = 12048, row_type = 12050, array_type = 12049, columns = 'name, name, name, regtype, bigint, bigint, bigint, bigint, boolean, bigint, bigint') AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), s.seqtypid::regtype, s.seqstart, s.seqmin,
    s.seqmax, s.seqincrement, s.seqcycle, s.seqcache, CASE WHEN has_sequence_privilege(c.oid, 'SELECT,USAGE'::text) THEN pg_sequence_last_value(c.oid) ELSE NULL::bigint END
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S';

CREATE VIEW pg_catalog.pg_locks (
    locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid,
    objsubid, virtualtransaction, pid, mode, granted, fastpath, waitstart
) WITH (oid = 12073, row_type = 12075, array_type = 12074, columns = 'text, oid, oid, integer, smallint, text, xid, oid, oid, smallint, text, integer, text, boolean, boolean, timestamp with time zone') AS
SELECT * FROM pg_lock_status();

CREATE VIEW pg_catalog.pg_cursors (
    name, statement, is_holdable, is_binary, is_scrollable, creation_time
) WITH (oid = 12077, row_type = 12079, array_type = 12078, columns = 'text, text, boolean, boolean, boolean, timestamp with time zone') AS
SELECT * FROM pg_cursor();

CREATE VIEW pg_catalog.pg_prepared_statements (
    name, statement, prepare_time, parameter_types, from_sql, generic_plans, custom_plans
) WITH (oid = 12095, row_type = 12097, array_type = 12096, columns = 'text, text, timestamp with time zone, regtype[], boolean, bigint, bigint') AS
SELECT * FROM pg_prepared_statement();

CREATE VIEW pg_catalog.pg_settings (
    name, setting, unit, category, short_desc, extra_desc, context, vartype, source, min_val,
    max_val, enumvals, boot_val, reset_val, sourcefile, sourceline, pending_restart
) WITH (oid = 12104, row_type = 12106, array_type = 12105, columns = 'text, text, text, text, text, text, text, text, text, text, text, text[], text, text, text, integer, boolean') AS
SELECT * FROM pg_show_all_settings();

CREATE RULE pg_settings_u AS ON UPDATE TO pg_catalog.pg_settings WHERE new.name = old.name DO
SELECT set_config(old.name, new.setting, false);
COMMENT ON RULE pg_settings_u ON pg_catalog.pg_settings IS 'OID = 12108';
CREATE RULE pg_settings_n AS ON UPDATE TO pg_catalog.pg_settings DO INSTEAD NOTHING;
COMMENT ON RULE pg_settings_n ON pg_catalog.pg_settings IS 'OID = 12109';

CREATE VIEW pg_catalog.pg_timezone_names (
    name, abbrev, utc_offset, is_dst
) WITH (oid = 12126, row_type = 12128, array_type = 12127, columns = 'text, text, interval, boolean') AS
SELECT * FROM pg_timezone_names();

CREATE VIEW pg_catalog.pg_timezone_abbrevs (
    abbrev, utc_offset, is_dst
) WITH (oid = 12122, row_type = 12124, array_type = 12123, columns = 'text, interval, boolean') AS
SELECT * FROM pg_timezone_abbrevs();

CREATE VIEW pg_catalog.pg_stat_activity (
    datid, datname, pid, leader_pid, usesysid, usename, application_name, client_addr,
    client_hostname, client_port, backend_start, xact_start, query_start, state_change,
    wait_event_type, wait_event, state, backend_xid, backend_xmin, query_id, query,
    backend_type
) WITH (oid = 12222, row_type = 12224, array_type = 12223, columns = 'oid, name, integer, integer, oid, name, text, inet, text, integer, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, text, text, text, xid, xid, bigint, text, text') AS
SELECT s.datid, d.datname, s.pid, s.leader_pid, s.usesysid, u.rolname, s.application_name, s.client_addr,
    s.client_hostname, s.client_port, s.backend_start, s.xact_start, s.query_start, s.state_change,
    s.wait_event_type, s.wait_event, s.state, s.backend_xid, s.backend_xmin, s.query_id, s.query,
    s.backend_type
FROM pg_stat_get_activity(NULL::int4) s
LEFT JOIN pg_database d ON s.datid = d.oid
LEFT JOIN pg_authid u ON s.usesysid = u.oid;

CREATE VIEW pg_catalog.pg_policies (
    schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check
) WITH (oid = 12018, row_type = 12020, array_type = 12019, columns = 'name, name, name, text, name[], text, text, text', by_bytes = 'qual, with_check') AS
SELECT n.nspname, c.relname, pol.polname,
    CASE WHEN pol.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE WHEN pol.polroles = '{0}' THEN string_to_array('public', '')::name[]
        ELSE ARRAY(SELECT rolname FROM pg_authid WHERE oid = ANY (pol.polroles) ORDER BY 1) END,
    CASE pol.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
        WHEN 'd' THEN 'DELETE' WHEN '*' THEN 'ALL' END,
    pg_get_expr(pol.polqual, pol.polrelid),
    pg_get_expr(pol.polwithcheck, pol.polrelid)
FROM pg_policy pol
JOIN pg_class c ON c.oid = pol.polrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace;

CREATE VIEW pg_catalog.pg_matviews (
    schemaname, matviewname, matviewowner, tablespace, hasindexes, ispopulated, definition
) WITH (oid = 12038, row_type = 12040, array_type = 12039, columns = 'name, name, name, name, boolean, boolean, text') AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), t.spcname, c.relhasindex,
    c.relispopulated, pg_get_viewdef(c.oid)
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind = 'm';

CREATE VIEW pg_catalog.pg_stats (
    schemaname, tablename, attname, inherited, null_frac, avg_width, n_distinct,
    most_common_vals, most_common_freqs, histogram_bounds, correlation, most_common_elems,
    most_common_elem_freqs, elem_count_histogram
) WITH (security_barrier, oid = 12053, row_type = 12055, array_type = 12054, columns = 'name, name, name, boolean, real, integer, real, anyarray, real[], anyarray, real, anyarray, real[], real[]') AS
SELECT nspname, relname, attname, stainherit, stanullfrac, stawidth, stadistinct,
    CASE WHEN stakind1 = 1 THEN stavalues1 WHEN stakind2 = 1 THEN stavalues2 WHEN stakind3 = 1 THEN stavalues3
        WHEN stakind4 = 1 THEN stavalues4 WHEN stakind5 = 1 THEN stavalues5 END,
    CASE WHEN stakind1 = 1 THEN stanumbers1 WHEN stakind2 = 1 THEN stanumbers2 WHEN stakind3 = 1 THEN stanumbers3
        WHEN stakind4 = 1 THEN stanumbers4 WHEN stakind5 = 1 THEN stanumbers5 END,
    CASE WHEN stakind1 = 2 THEN stavalues1 WHEN stakind2 = 2 THEN stavalues2 WHEN stakind3 = 2 THEN stavalues3
        WHEN stakind4 = 2 THEN stavalues4 WHEN stakind5 = 2 THEN stavalues5 END,
    CASE WHEN stakind1 = 3 THEN stanumbers1[1] WHEN stakind2 = 3 THEN stanumbers2[1] WHEN stakind3 = 3 THEN stanumbers3[1]
        WHEN stakind4 = 3 THEN stanumbers4[1] WHEN stakind5 = 3 THEN stanumbers5[1] END,
    CASE WHEN stakind1 = 4 THEN stavalues1 WHEN stakind2 = 4 THEN stavalues2 WHEN stakind3 = 4 THEN stavalues3
        WHEN stakind4 = 4 THEN stavalues4 WHEN stakind5 = 4 THEN stavalues5 END,
    CASE WHEN stakind1 = 4 THEN stanumbers1 WHEN stakind2 = 4 THEN stanumbers2 WHEN stakind3 = 4 THEN stanumbers3
        WHEN stakind4 = 4 THEN stanumbers4 WHEN stakind5 = 4 THEN stanumbers5 END,
    CASE WHEN stakind1 = 5 THEN stanumbers1 WHEN stakind2 = 5 THEN stanumbers2 WHEN stakind3 = 5 THEN stanumbers3
        WHEN stakind4 = 5 THEN stanumbers4 WHEN stakind5 = 5 THEN stanumbers5 END
FROM pg_statistic
JOIN pg_class ON pg_class.oid = starelid
JOIN pg_attribute ON attrelid = pg_class.oid AND attnum = staattnum
LEFT JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE NOT attisdropped AND has_column_privilege(pg_class.oid, attnum, 'select')
    AND (NOT relrowsecurity OR NOT row_security_active(pg_class.oid));

-- Use of tables and indexes, counted since the server was started. Old versions of
-- rows are taken back without VACUUM: there are no dead rows and no times of it.

CREATE VIEW pg_catalog.pg_stat_all_tables (
    relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins,
    n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze,
    n_ins_since_vacuum, last_vacuum, last_autovacuum, last_analyze, last_autoanalyze,
    vacuum_count, autovacuum_count, analyze_count, autoanalyze_count
) WITH (oid = 12142, row_type = 12144, array_type = 12143, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint, bigint, bigint, bigint') AS
SELECT c.oid, n.nspname, c.relname, pg_stat_get_numscans(c.oid),
    pg_stat_get_tuples_returned(c.oid), sum(pg_stat_get_numscans(i.indexrelid))::bigint,
    sum(pg_stat_get_tuples_fetched(i.indexrelid))::bigint + pg_stat_get_tuples_fetched(c.oid),
    pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid),
    pg_stat_get_tuples_deleted(c.oid), pg_stat_get_tuples_hot_updated(c.oid),
    pg_stat_get_live_tuples(c.oid), pg_stat_get_dead_tuples(c.oid), 0::bigint,
    0::bigint, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz,
    NULL::timestamptz, 0::bigint, 0::bigint, 0::bigint, 0::bigint
FROM pg_class c
LEFT JOIN pg_index i ON c.oid = i.indrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p')
GROUP BY c.oid, n.nspname, c.relname;

CREATE VIEW pg_catalog.pg_stat_sys_tables (
    relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins,
    n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze,
    n_ins_since_vacuum, last_vacuum, last_autovacuum, last_analyze, last_autoanalyze,
    vacuum_count, autovacuum_count, analyze_count, autoanalyze_count
) WITH (oid = 12152, row_type = 12154, array_type = 12153, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint, bigint, bigint, bigint') AS
SELECT * FROM pg_stat_all_tables
WHERE schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_user_tables (
    relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins,
    n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze,
    n_ins_since_vacuum, last_vacuum, last_autovacuum, last_analyze, last_autoanalyze,
    vacuum_count, autovacuum_count, analyze_count, autoanalyze_count
) WITH (oid = 12161, row_type = 12163, array_type = 12162, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint, bigint, bigint, bigint') AS
SELECT * FROM pg_stat_all_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_all_tables (
    relid, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit,
    toast_blks_read, toast_blks_hit, tidx_blks_read, tidx_blks_hit
) WITH (oid = 12170, row_type = 12172, array_type = 12171, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT pg_class.oid, nspname, relname, 0::bigint, 0::bigint,
    CASE WHEN relhasindex THEN 0::bigint END, CASE WHEN relhasindex THEN 0::bigint END,
    NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint
FROM pg_class
LEFT JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 't', 'm');

CREATE VIEW pg_catalog.pg_statio_sys_tables (
    relid, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit,
    toast_blks_read, toast_blks_hit, tidx_blks_read, tidx_blks_hit
) WITH (oid = 12175, row_type = 12177, array_type = 12176, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT * FROM pg_statio_all_tables
WHERE schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_user_tables (
    relid, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit,
    toast_blks_read, toast_blks_hit, tidx_blks_read, tidx_blks_hit
) WITH (oid = 12179, row_type = 12181, array_type = 12180, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT * FROM pg_statio_all_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_all_indexes (
    relid, indexrelid, schemaname, relname, indexrelname, idx_scan, idx_tup_read, idx_tup_fetch
) WITH (oid = 12183, row_type = 12185, array_type = 12184, columns = 'oid, oid, name, name, name, bigint, bigint, bigint') AS
SELECT pg_class.oid, i.oid, nspname, pg_class.relname, i.relname, pg_stat_get_numscans(i.oid),
    pg_stat_get_tuples_returned(i.oid), pg_stat_get_tuples_fetched(i.oid)
FROM pg_class
JOIN pg_index ON pg_class.oid = indrelid
JOIN pg_class i ON i.oid = indexrelid
LEFT JOIN pg_namespace n ON n.oid = pg_class.relnamespace
WHERE pg_class.relkind IN ('r', 't', 'm');

CREATE VIEW pg_catalog.pg_stat_sys_indexes (
    relid, indexrelid, schemaname, relname, indexrelname, idx_scan, idx_tup_read, idx_tup_fetch
) WITH (oid = 12188, row_type = 12190, array_type = 12189, columns = 'oid, oid, name, name, name, bigint, bigint, bigint') AS
SELECT * FROM pg_stat_all_indexes
WHERE schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_user_indexes (
    relid, indexrelid, schemaname, relname, indexrelname, idx_scan, idx_tup_read, idx_tup_fetch
) WITH (oid = 12192, row_type = 12194, array_type = 12193, columns = 'oid, oid, name, name, name, bigint, bigint, bigint') AS
SELECT * FROM pg_stat_all_indexes
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_all_indexes (
    relid, indexrelid, schemaname, relname, indexrelname, idx_blks_read, idx_blks_hit
) WITH (oid = 12196, row_type = 12198, array_type = 12197, columns = 'oid, oid, name, name, name, bigint, bigint') AS
SELECT pg_class.oid, i.oid, nspname, pg_class.relname, i.relname, 0::bigint, 0::bigint
FROM pg_class
JOIN pg_index ON pg_class.oid = indrelid
JOIN pg_class i ON i.oid = indexrelid
LEFT JOIN pg_namespace n ON n.oid = pg_class.relnamespace
WHERE pg_class.relkind IN ('r', 't', 'm');

CREATE VIEW pg_catalog.pg_statio_sys_indexes (
    relid, indexrelid, schemaname, relname, indexrelname, idx_blks_read, idx_blks_hit
) WITH (oid = 12201, row_type = 12203, array_type = 12202, columns = 'oid, oid, name, name, name, bigint, bigint') AS
SELECT * FROM pg_statio_all_indexes
WHERE schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_user_indexes (
    relid, indexrelid, schemaname, relname, indexrelname, idx_blks_read, idx_blks_hit
) WITH (oid = 12205, row_type = 12207, array_type = 12206, columns = 'oid, oid, name, name, name, bigint, bigint') AS
SELECT * FROM pg_statio_all_indexes
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_all_sequences (
    relid, schemaname, relname, blks_read, blks_hit
) WITH (oid = 12209, row_type = 12211, array_type = 12210, columns = 'oid, name, name, bigint, bigint') AS
SELECT pg_class.oid, nspname, relname, 0::bigint, 0::bigint
FROM pg_class
LEFT JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'S';

CREATE VIEW pg_catalog.pg_statio_sys_sequences (
    relid, schemaname, relname, blks_read, blks_hit
) WITH (oid = 12214, row_type = 12216, array_type = 12215, columns = 'oid, name, name, bigint, bigint') AS
SELECT * FROM pg_statio_all_sequences
WHERE schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_user_sequences (
    relid, schemaname, relname, blks_read, blks_hit
) WITH (oid = 12218, row_type = 12220, array_type = 12219, columns = 'oid, name, name, bigint, bigint') AS
SELECT * FROM pg_statio_all_sequences
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_database (
    datid, datname, numbackends, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned,
    tup_fetched, tup_inserted, tup_updated, tup_deleted, conflicts, temp_files, temp_bytes,
    deadlocks, checksum_failures, checksum_last_failure, blk_read_time, blk_write_time,
    session_time, active_time, idle_in_transaction_time, sessions, sessions_abandoned,
    sessions_fatal, sessions_killed, stats_reset
) WITH (oid = 12266, row_type = 12268, array_type = 12267, columns = 'oid, name, integer, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, timestamp with time zone, double precision, double precision, double precision, double precision, double precision, bigint, bigint, bigint, bigint, timestamp with time zone') AS
SELECT d.oid, d.datname, pg_stat_get_db_numbackends(d.oid), pg_stat_get_db_xact_commit(d.oid),
    pg_stat_get_db_xact_rollback(d.oid), NULL::bigint, NULL::bigint,
    pg_stat_get_db_tuples_returned(d.oid), pg_stat_get_db_tuples_fetched(d.oid),
    pg_stat_get_db_tuples_inserted(d.oid), pg_stat_get_db_tuples_updated(d.oid),
    pg_stat_get_db_tuples_deleted(d.oid), pg_stat_get_db_conflict_all(d.oid),
    pg_stat_get_db_temp_files(d.oid), pg_stat_get_db_temp_bytes(d.oid),
    pg_stat_get_db_deadlocks(d.oid), NULL::bigint, NULL::timestamptz, NULL::float8, NULL::float8,
    NULL::float8, NULL::float8, NULL::float8, pg_stat_get_db_sessions(d.oid), NULL::bigint,
    NULL::bigint, NULL::bigint, pg_stat_get_db_stat_reset_time(d.oid)
FROM (SELECT 0 AS oid, NULL::name AS datname UNION ALL SELECT pg_database.oid, pg_database.datname FROM pg_database) d;

CREATE VIEW pg_catalog.pg_stats_ext (
    schemaname, tablename, statistics_schemaname, statistics_name, statistics_owner, attnames,
    exprs, kinds, inherited, n_distinct, dependencies, most_common_vals, most_common_val_nulls,
    most_common_freqs, most_common_base_freqs
) WITH (security_barrier, oid = 12058, row_type = 12060, array_type = 12059, columns = 'name, name, name, name, name, name[], text[], "char"[], boolean, pg_ndistinct, pg_dependencies, text[], boolean[], double precision[], double precision[]') AS
SELECT cn.nspname, c.relname, sn.nspname, s.stxname, pg_get_userbyid(s.stxowner),
    (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys::int2[])),
    pg_get_statisticsobjdef_expressions(s.oid), s.stxkind, d.stxdinherit, d.stxdndistinct,
    d.stxddependencies, m.common_values, m.common_nulls, m.frequencies, m.base_frequencies
FROM pg_statistic_ext s
JOIN pg_class c ON c.oid = s.stxrelid
JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
LEFT JOIN pg_namespace cn ON cn.oid = c.relnamespace
LEFT JOIN pg_namespace sn ON sn.oid = s.stxnamespace
LEFT JOIN LATERAL (
    SELECT array_agg(i."values") AS common_values, array_agg(i.nulls) AS common_nulls,
        array_agg(i.frequency) AS frequencies, array_agg(i.base_frequency) AS base_frequencies
    FROM pg_mcv_list_items(d.stxdmcv) i) m ON d.stxdmcv IS NOT NULL
WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

CREATE VIEW pg_catalog.pg_stats_ext_exprs (
    schemaname, tablename, statistics_schemaname, statistics_name, statistics_owner, expr,
    inherited, null_frac, avg_width, n_distinct, most_common_vals, most_common_freqs,
    histogram_bounds, correlation, most_common_elems, most_common_elem_freqs, elem_count_histogram
) WITH (security_barrier, oid = 12063, row_type = 12065, array_type = 12064, columns = 'name, name, name, name, name, text, boolean, real, integer, real, anyarray, real[], anyarray, real, anyarray, real[], real[]') AS
SELECT cn.nspname, c.relname, sn.nspname, s.stxname, pg_get_userbyid(s.stxowner), x.expr, d.stxdinherit,
    (x.a).stanullfrac, (x.a).stawidth, (x.a).stadistinct,
    CASE WHEN (x.a).stakind1 = 1 THEN (x.a).stavalues1 WHEN (x.a).stakind2 = 1 THEN (x.a).stavalues2 WHEN (x.a).stakind3 = 1 THEN (x.a).stavalues3 WHEN (x.a).stakind4 = 1 THEN (x.a).stavalues4 WHEN (x.a).stakind5 = 1 THEN (x.a).stavalues5 END,
    CASE WHEN (x.a).stakind1 = 1 THEN (x.a).stanumbers1 WHEN (x.a).stakind2 = 1 THEN (x.a).stanumbers2 WHEN (x.a).stakind3 = 1 THEN (x.a).stanumbers3 WHEN (x.a).stakind4 = 1 THEN (x.a).stanumbers4 WHEN (x.a).stakind5 = 1 THEN (x.a).stanumbers5 END,
    CASE WHEN (x.a).stakind1 = 2 THEN (x.a).stavalues1 WHEN (x.a).stakind2 = 2 THEN (x.a).stavalues2 WHEN (x.a).stakind3 = 2 THEN (x.a).stavalues3 WHEN (x.a).stakind4 = 2 THEN (x.a).stavalues4 WHEN (x.a).stakind5 = 2 THEN (x.a).stavalues5 END,
    CASE WHEN (x.a).stakind1 = 3 THEN (x.a).stanumbers1[1] WHEN (x.a).stakind2 = 3 THEN (x.a).stanumbers2[1] WHEN (x.a).stakind3 = 3 THEN (x.a).stanumbers3[1] WHEN (x.a).stakind4 = 3 THEN (x.a).stanumbers4[1] WHEN (x.a).stakind5 = 3 THEN (x.a).stanumbers5[1] END,
    CASE WHEN (x.a).stakind1 = 4 THEN (x.a).stavalues1 WHEN (x.a).stakind2 = 4 THEN (x.a).stavalues2 WHEN (x.a).stakind3 = 4 THEN (x.a).stavalues3 WHEN (x.a).stakind4 = 4 THEN (x.a).stavalues4 WHEN (x.a).stakind5 = 4 THEN (x.a).stavalues5 END,
    CASE WHEN (x.a).stakind1 = 4 THEN (x.a).stanumbers1 WHEN (x.a).stakind2 = 4 THEN (x.a).stanumbers2 WHEN (x.a).stakind3 = 4 THEN (x.a).stanumbers3 WHEN (x.a).stakind4 = 4 THEN (x.a).stanumbers4 WHEN (x.a).stakind5 = 4 THEN (x.a).stanumbers5 END,
    CASE WHEN (x.a).stakind1 = 5 THEN (x.a).stanumbers1 WHEN (x.a).stakind2 = 5 THEN (x.a).stanumbers2 WHEN (x.a).stakind3 = 5 THEN (x.a).stanumbers3 WHEN (x.a).stakind4 = 5 THEN (x.a).stanumbers4 WHEN (x.a).stakind5 = 5 THEN (x.a).stanumbers5 END
FROM pg_statistic_ext s
JOIN pg_class c ON c.oid = s.stxrelid
LEFT JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
LEFT JOIN pg_namespace cn ON cn.oid = c.relnamespace
LEFT JOIN pg_namespace sn ON sn.oid = s.stxnamespace
JOIN LATERAL (
    SELECT unnest(pg_get_statisticsobjdef_expressions(s.oid)) AS expr, unnest(d.stxdexpr) AS a) x
    ON x.expr IS NOT NULL
WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

CREATE VIEW pg_catalog.pg_publication_tables (
    pubname, schemaname, tablename, attnames, rowfilter
) WITH (oid = 12068, row_type = 12070, array_type = 12069, columns = 'name, name, name, name[], text') AS
SELECT
    NULL::name AS pubname, NULL::name AS schemaname, NULL::name AS tablename,
    NULL::name[] AS attnames, NULL::text AS rowfilter
WHERE false;

CREATE VIEW pg_catalog.pg_available_extensions (
    name, default_version, installed_version, comment
) WITH (oid = 12081, row_type = 12083, array_type = 12082, columns = 'name, text, text, text', by_bytes = 'installed_version') AS
SELECT e.name, e.default_version, x.extversion AS installed_version, e.comment
FROM pg_available_extensions() AS e LEFT JOIN pg_extension AS x ON x.extname = e.name;

CREATE VIEW pg_catalog.pg_available_extension_versions (
    name, version, installed, superuser, trusted, relocatable, schema, requires, comment
) WITH (oid = 12085, row_type = 12087, array_type = 12086, columns = 'name, text, boolean, boolean, boolean, boolean, name, name[], text') AS
SELECT
    e.name, e.version, x.extname IS NOT NULL AS installed, e.superuser, e.trusted, e.relocatable,
    e.schema, e.requires, e.comment
FROM pg_available_extension_versions() AS e
    LEFT JOIN pg_extension AS x ON x.extname = e.name AND x.extversion = e.version;

CREATE VIEW pg_catalog.pg_hba_file_rules (
    line_number, type, database, user_name, address, netmask, auth_method, options, error
) WITH (oid = 12114, row_type = 12116, array_type = 12115, columns = 'integer, text, text[], text[], text, text, text, text[], text') AS
SELECT * FROM pg_hba_file_rules() a(line_number, type, database, user_name, address, netmask, auth_method, options, error);

CREATE VIEW pg_catalog.pg_ident_file_mappings (
    line_number, map_name, sys_name, pg_username, error
) WITH (oid = 12118, row_type = 12120, array_type = 12119, columns = 'integer, text, text, text, text') AS
SELECT * FROM pg_ident_file_mappings() a(line_number, map_name, sys_name, pg_username, error);

CREATE VIEW pg_catalog.pg_prepared_xacts (
    transaction, gid, prepared, owner, database
) WITH (oid = 12090, row_type = 12092, array_type = 12091, columns = 'xid, text, timestamp with time zone, name, name') AS
SELECT p.transaction, p.gid, p.prepared, u.rolname, d.datname
FROM pg_prepared_xact() p
LEFT JOIN pg_authid u ON p.ownerid = u.oid
LEFT JOIN pg_database d ON p.dbid = d.oid;

CREATE VIEW pg_catalog.pg_seclabels (
    objoid, classoid, objsubid, objtype, objnamespace, objname, provider, label
) WITH (oid = 12099, row_type = 12101, array_type = 12100, columns = 'oid, oid, integer, text, oid, text, text, text', by_bytes = 'objname, provider, label') AS
SELECT
    NULL::oid AS objoid, NULL::oid AS classoid, NULL::integer AS objsubid,
    NULL::text AS objtype, NULL::oid AS objnamespace, NULL::text AS objname,
    NULL::text AS provider, NULL::text AS label
WHERE false;

CREATE VIEW pg_catalog.pg_stat_replication (
    pid, usesysid, usename, application_name, client_addr, client_hostname, client_port,
    backend_start, backend_xmin, state, sent_lsn, write_lsn, flush_lsn, replay_lsn, write_lag,
    flush_lag, replay_lag, sync_priority, sync_state, reply_time
) WITH (oid = 12227, row_type = 12229, array_type = 12228, columns = 'integer, oid, name, text, inet, text, integer, timestamp with time zone, xid, text, pg_lsn, pg_lsn, pg_lsn, pg_lsn, interval, interval, interval, integer, text, timestamp with time zone') AS
SELECT
    NULL::integer AS pid, NULL::oid AS usesysid, NULL::name AS usename,
    NULL::text AS application_name, NULL::inet AS client_addr,
    NULL::text AS client_hostname, NULL::integer AS client_port,
    NULL::timestamp with time zone AS backend_start, NULL::xid AS backend_xmin,
    NULL::text AS state, NULL::pg_lsn AS sent_lsn, NULL::pg_lsn AS write_lsn,
    NULL::pg_lsn AS flush_lsn, NULL::pg_lsn AS replay_lsn, NULL::interval AS write_lag,
    NULL::interval AS flush_lag, NULL::interval AS replay_lag,
    NULL::integer AS sync_priority, NULL::text AS sync_state,
    NULL::timestamp with time zone AS reply_time
WHERE false;

CREATE VIEW pg_catalog.pg_replication_slots (
    slot_name, plugin, slot_type, datoid, database, temporary, active, active_pid, xmin,
    catalog_xmin, restart_lsn, confirmed_flush_lsn, wal_status, safe_wal_size, two_phase
) WITH (oid = 12257, row_type = 12259, array_type = 12258, columns = 'name, name, text, oid, name, boolean, boolean, integer, xid, xid, pg_lsn, pg_lsn, text, bigint, boolean') AS
SELECT
    NULL::name AS slot_name, NULL::name AS plugin, NULL::text AS slot_type,
    NULL::oid AS datoid, NULL::name AS database, NULL::boolean AS temporary,
    NULL::boolean AS active, NULL::integer AS active_pid, NULL::xid AS xmin,
    NULL::xid AS catalog_xmin, NULL::pg_lsn AS restart_lsn,
    NULL::pg_lsn AS confirmed_flush_lsn, NULL::text AS wal_status,
    NULL::bigint AS safe_wal_size, NULL::boolean AS two_phase
WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_vacuum (
    pid, datid, datname, relid, phase, heap_blks_total, heap_blks_scanned, heap_blks_vacuumed,
    index_vacuum_count, max_dead_tuples, num_dead_tuples
) WITH (oid = 12302, row_type = 12304, array_type = 12303, columns = 'integer, oid, name, oid, text, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT
    NULL::integer AS pid, NULL::oid AS datid, NULL::name AS datname, NULL::oid AS relid,
    NULL::text AS phase, NULL::bigint AS heap_blks_total,
    NULL::bigint AS heap_blks_scanned, NULL::bigint AS heap_blks_vacuumed,
    NULL::bigint AS index_vacuum_count, NULL::bigint AS max_dead_tuples,
    NULL::bigint AS num_dead_tuples
WHERE false;

CREATE VIEW pg_catalog.pg_user_mappings (
    umid, srvid, srvname, umuser, usename, umoptions
) WITH (oid = 12327, row_type = 12329, array_type = 12328, columns = 'oid, oid, name, oid, name, text[]', by_bytes = 'umoptions') AS
SELECT
    NULL::oid AS umid, NULL::oid AS srvid, NULL::name AS srvname, NULL::oid AS umuser,
    NULL::name AS usename, NULL::text[] AS umoptions
WHERE false;
