-- Functions and relations of PostgreSQL that the other files do not declare, as PostgreSQL prints them.
-- A view over a function that has no kernel here answers 0A000 and names the function.

CREATE FUNCTION information_schema._pg_index_position(oid, smallint) RETURNS integer LANGUAGE sql STABLE STRICT AS 'SELECT (ss.a).n AS n FROM ( SELECT information_schema._pg_expandarray(pg_index.indkey) AS a FROM pg_index WHERE (pg_index.indexrelid = $1)) ss WHERE ((ss.a).x = $2)' SET oid = 13209;
CREATE FUNCTION information_schema._pg_truetypid(pg_attribute, pg_type) RETURNS oid LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (($2).typtype = ''d''::"char") THEN ($2).typbasetype ELSE ($1).atttypid END' SET oid = 13210;
CREATE FUNCTION information_schema._pg_truetypmod(pg_attribute, pg_type) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (($2).typtype = ''d''::"char") THEN ($2).typtypmod ELSE ($1).atttypmod END' SET oid = 13211;
CREATE FUNCTION information_schema._pg_char_max_length(typid oid, typmod integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (typmod = ''-1''::integer) THEN NULL::integer WHEN (typid = ANY (ARRAY[(1042)::oid, (1043)::oid])) THEN (typmod - 4) WHEN (typid = ANY (ARRAY[(1560)::oid, (1562)::oid])) THEN typmod ELSE NULL::integer END' SET oid = 13212;
CREATE FUNCTION information_schema._pg_char_octet_length(typid oid, typmod integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (typid = ANY (ARRAY[(25)::oid, (1042)::oid, (1043)::oid])) THEN CASE WHEN (typmod = ''-1''::integer) THEN (((2)::double precision ^ (30)::double precision))::integer ELSE (information_schema._pg_char_max_length(typid, typmod) * pg_encoding_max_length((SELECT pg_database.encoding FROM pg_database WHERE (pg_database.datname = current_database())))) END ELSE NULL::integer END' SET oid = 13213;
CREATE FUNCTION information_schema._pg_numeric_precision(typid oid, typmod integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE typid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 1700 THEN CASE WHEN (typmod = ''-1''::integer) THEN NULL::integer ELSE (((typmod - 4) >> 16) & 65535) END WHEN 700 THEN 24 WHEN 701 THEN 53 ELSE NULL::integer END' SET oid = 13215;
CREATE FUNCTION information_schema._pg_numeric_precision_radix(typid oid, typmod integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (typid = ANY (ARRAY[(21)::oid, (23)::oid, (20)::oid, (700)::oid, (701)::oid])) THEN 2 WHEN (typid = (1700)::oid) THEN 10 ELSE NULL::integer END' SET oid = 13216;
CREATE FUNCTION information_schema._pg_numeric_scale(typid oid, typmod integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (typid = ANY (ARRAY[(21)::oid, (23)::oid, (20)::oid])) THEN 0 WHEN (typid = (1700)::oid) THEN CASE WHEN (typmod = ''-1''::integer) THEN NULL::integer ELSE ((typmod - 4) & 65535) END ELSE NULL::integer END' SET oid = 13217;
CREATE FUNCTION information_schema._pg_datetime_precision(typid oid, typmod integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (typid = (1082)::oid) THEN 0 WHEN (typid = ANY (ARRAY[(1083)::oid, (1114)::oid, (1184)::oid, (1266)::oid])) THEN CASE WHEN (typmod < 0) THEN 6 ELSE typmod END WHEN (typid = (1186)::oid) THEN CASE WHEN ((typmod < 0) OR ((typmod & 65535) = 65535)) THEN 6 ELSE (typmod & 65535) END ELSE NULL::integer END' SET oid = 13218;
CREATE FUNCTION information_schema._pg_interval_type(typid oid, mod integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN (typid = (1186)::oid) THEN upper(SUBSTRING(format_type(typid, mod) SIMILAR ''interval[()0-9]* #"%#"''::text ESCAPE ''#''::text)) ELSE NULL::text END' SET oid = 13219;

CREATE VIEW pg_catalog.pg_file_settings (sourcefile, sourceline, seqno, name, setting, applied, error) WITH (oid = 12110, row_type = 12112, array_type = 12111, columns = 'text, integer, integer, text, text, boolean, text') AS
SELECT a.sourcefile,
    a.sourceline,
    a.seqno,
    a.name,
    a.setting,
    a.applied,
    a.error
   FROM pg_show_all_file_settings() a(sourcefile, sourceline, seqno, name, setting, applied, error);

CREATE VIEW pg_catalog.pg_config (name, setting) WITH (oid = 12130, row_type = 12132, array_type = 12131, columns = 'text, text') AS
SELECT pg_config.name,
    pg_config.setting
   FROM pg_config() pg_config(name, setting);

CREATE VIEW pg_catalog.pg_shmem_allocations (name, off, size, allocated_size) WITH (oid = 12134, row_type = 12136, array_type = 12135, columns = 'text, bigint, bigint, bigint') AS
SELECT pg_get_shmem_allocations.name,
    pg_get_shmem_allocations.off,
    pg_get_shmem_allocations.size,
    pg_get_shmem_allocations.allocated_size
   FROM pg_get_shmem_allocations() pg_get_shmem_allocations(name, off, size, allocated_size);

CREATE VIEW pg_catalog.pg_backend_memory_contexts (name, ident, parent, level, total_bytes, total_nblocks, free_bytes, free_chunks, used_bytes) WITH (oid = 12138, row_type = 12140, array_type = 12139, columns = 'text, text, text, integer, bigint, bigint, bigint, bigint, bigint') AS
SELECT pg_get_backend_memory_contexts.name,
    pg_get_backend_memory_contexts.ident,
    pg_get_backend_memory_contexts.parent,
    pg_get_backend_memory_contexts.level,
    pg_get_backend_memory_contexts.total_bytes,
    pg_get_backend_memory_contexts.total_nblocks,
    pg_get_backend_memory_contexts.free_bytes,
    pg_get_backend_memory_contexts.free_chunks,
    pg_get_backend_memory_contexts.used_bytes
   FROM pg_get_backend_memory_contexts() pg_get_backend_memory_contexts(name, ident, parent, level, total_bytes, total_nblocks, free_bytes, free_chunks, used_bytes);

CREATE VIEW pg_catalog.pg_stat_xact_all_tables (relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd) WITH (oid = 12147, row_type = 12149, array_type = 12148, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT c.oid AS relid,
    n.nspname AS schemaname,
    c.relname,
    pg_stat_get_xact_numscans(c.oid) AS seq_scan,
    pg_stat_get_xact_tuples_returned(c.oid) AS seq_tup_read,
    (sum(pg_stat_get_xact_numscans(i.indexrelid)))::bigint AS idx_scan,
    ((sum(pg_stat_get_xact_tuples_fetched(i.indexrelid)))::bigint + pg_stat_get_xact_tuples_fetched(c.oid)) AS idx_tup_fetch,
    pg_stat_get_xact_tuples_inserted(c.oid) AS n_tup_ins,
    pg_stat_get_xact_tuples_updated(c.oid) AS n_tup_upd,
    pg_stat_get_xact_tuples_deleted(c.oid) AS n_tup_del,
    pg_stat_get_xact_tuples_hot_updated(c.oid) AS n_tup_hot_upd
   FROM ((pg_class c
     LEFT JOIN pg_index i ON ((c.oid = i.indrelid)))
     LEFT JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
  WHERE (c.relkind = ANY (ARRAY['r'::"char", 't'::"char", 'm'::"char", 'p'::"char"]))
  GROUP BY c.oid, n.nspname, c.relname;

CREATE VIEW pg_catalog.pg_stat_xact_sys_tables (relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd) WITH (oid = 12157, row_type = 12159, array_type = 12158, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT pg_stat_xact_all_tables.relid,
    pg_stat_xact_all_tables.schemaname,
    pg_stat_xact_all_tables.relname,
    pg_stat_xact_all_tables.seq_scan,
    pg_stat_xact_all_tables.seq_tup_read,
    pg_stat_xact_all_tables.idx_scan,
    pg_stat_xact_all_tables.idx_tup_fetch,
    pg_stat_xact_all_tables.n_tup_ins,
    pg_stat_xact_all_tables.n_tup_upd,
    pg_stat_xact_all_tables.n_tup_del,
    pg_stat_xact_all_tables.n_tup_hot_upd
   FROM pg_stat_xact_all_tables
  WHERE ((pg_stat_xact_all_tables.schemaname = ANY (ARRAY['pg_catalog'::name, 'information_schema'::name])) OR (pg_stat_xact_all_tables.schemaname ~ '^pg_toast'::text));

CREATE VIEW pg_catalog.pg_stat_xact_user_tables (relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd) WITH (oid = 12166, row_type = 12168, array_type = 12167, columns = 'oid, name, name, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint') AS
SELECT pg_stat_xact_all_tables.relid,
    pg_stat_xact_all_tables.schemaname,
    pg_stat_xact_all_tables.relname,
    pg_stat_xact_all_tables.seq_scan,
    pg_stat_xact_all_tables.seq_tup_read,
    pg_stat_xact_all_tables.idx_scan,
    pg_stat_xact_all_tables.idx_tup_fetch,
    pg_stat_xact_all_tables.n_tup_ins,
    pg_stat_xact_all_tables.n_tup_upd,
    pg_stat_xact_all_tables.n_tup_del,
    pg_stat_xact_all_tables.n_tup_hot_upd
   FROM pg_stat_xact_all_tables
  WHERE ((pg_stat_xact_all_tables.schemaname <> ALL (ARRAY['pg_catalog'::name, 'information_schema'::name])) AND (pg_stat_xact_all_tables.schemaname !~ '^pg_toast'::text));

CREATE VIEW pg_catalog.pg_stat_slru (name, blks_zeroed, blks_hit, blks_read, blks_written, blks_exists, flushes, truncates, stats_reset) WITH (oid = 12232, row_type = 12234, array_type = 12233, columns = 'text, bigint, bigint, bigint, bigint, bigint, bigint, bigint, timestamp with time zone') AS
SELECT s.name,
    s.blks_zeroed,
    s.blks_hit,
    s.blks_read,
    s.blks_written,
    s.blks_exists,
    s.flushes,
    s.truncates,
    s.stats_reset
   FROM pg_stat_get_slru() s(name, blks_zeroed, blks_hit, blks_read, blks_written, blks_exists, flushes, truncates, stats_reset);

CREATE VIEW pg_catalog.pg_stat_wal_receiver (pid, status, receive_start_lsn, receive_start_tli, written_lsn, flushed_lsn, received_tli, last_msg_send_time, last_msg_receipt_time, latest_end_lsn, latest_end_time, slot_name, sender_host, sender_port, conninfo) WITH (oid = 12236, row_type = 12238, array_type = 12237, columns = 'integer, text, pg_lsn, integer, pg_lsn, pg_lsn, integer, timestamp with time zone, timestamp with time zone, pg_lsn, timestamp with time zone, text, text, integer, text') AS
SELECT s.pid,
    s.status,
    s.receive_start_lsn,
    s.receive_start_tli,
    s.written_lsn,
    s.flushed_lsn,
    s.received_tli,
    s.last_msg_send_time,
    s.last_msg_receipt_time,
    s.latest_end_lsn,
    s.latest_end_time,
    s.slot_name,
    s.sender_host,
    s.sender_port,
    s.conninfo
   FROM pg_stat_get_wal_receiver() s(pid, status, receive_start_lsn, receive_start_tli, written_lsn, flushed_lsn, received_tli, last_msg_send_time, last_msg_receipt_time, latest_end_lsn, latest_end_time, slot_name, sender_host, sender_port, conninfo)
  WHERE (s.pid IS NOT NULL);

CREATE VIEW pg_catalog.pg_stat_recovery_prefetch (stats_reset, prefetch, hit, skip_init, skip_new, skip_fpw, skip_rep, wal_distance, block_distance, io_depth) WITH (oid = 12240, row_type = 12242, array_type = 12241, columns = 'timestamp with time zone, bigint, bigint, bigint, bigint, bigint, bigint, integer, integer, integer') AS
SELECT s.stats_reset,
    s.prefetch,
    s.hit,
    s.skip_init,
    s.skip_new,
    s.skip_fpw,
    s.skip_rep,
    s.wal_distance,
    s.block_distance,
    s.io_depth
   FROM pg_stat_get_recovery_prefetch() s(stats_reset, prefetch, hit, skip_init, skip_new, skip_fpw, skip_rep, wal_distance, block_distance, io_depth);

CREATE VIEW pg_catalog.pg_stat_subscription (subid, subname, pid, relid, received_lsn, last_msg_send_time, last_msg_receipt_time, latest_end_lsn, latest_end_time) WITH (oid = 12244, row_type = 12246, array_type = 12245, columns = 'oid, name, integer, oid, pg_lsn, timestamp with time zone, timestamp with time zone, pg_lsn, timestamp with time zone') AS
SELECT su.oid AS subid,
    su.subname,
    st.pid,
    st.relid,
    st.received_lsn,
    st.last_msg_send_time,
    st.last_msg_receipt_time,
    st.latest_end_lsn,
    st.latest_end_time
   FROM (pg_subscription su
     LEFT JOIN pg_stat_get_subscription(NULL::oid) st(subid, relid, pid, received_lsn, last_msg_send_time, last_msg_receipt_time, latest_end_lsn, latest_end_time) ON ((st.subid = su.oid)));

CREATE VIEW pg_catalog.pg_stat_ssl (pid, ssl, version, cipher, bits, client_dn, client_serial, issuer_dn) WITH (oid = 12249, row_type = 12251, array_type = 12250, columns = 'integer, boolean, text, text, integer, text, numeric, text') AS
SELECT s.pid,
    s.ssl,
    s.sslversion AS version,
    s.sslcipher AS cipher,
    s.sslbits AS bits,
    s.ssl_client_dn AS client_dn,
    s.ssl_client_serial AS client_serial,
    s.ssl_issuer_dn AS issuer_dn
   FROM pg_stat_get_activity(NULL::integer) s(datid, pid, usesysid, application_name, state, query, wait_event_type, wait_event, xact_start, query_start, backend_start, state_change, client_addr, client_hostname, client_port, backend_xid, backend_xmin, backend_type, ssl, sslversion, sslcipher, sslbits, ssl_client_dn, ssl_client_serial, ssl_issuer_dn, gss_auth, gss_princ, gss_enc, leader_pid, query_id)
  WHERE (s.client_port IS NOT NULL);

CREATE VIEW pg_catalog.pg_stat_gssapi (pid, gss_authenticated, principal, encrypted) WITH (oid = 12253, row_type = 12255, array_type = 12254, columns = 'integer, boolean, text, boolean') AS
SELECT s.pid,
    s.gss_auth AS gss_authenticated,
    s.gss_princ AS principal,
    s.gss_enc AS encrypted
   FROM pg_stat_get_activity(NULL::integer) s(datid, pid, usesysid, application_name, state, query, wait_event_type, wait_event, xact_start, query_start, backend_start, state_change, client_addr, client_hostname, client_port, backend_xid, backend_xmin, backend_type, ssl, sslversion, sslcipher, sslbits, ssl_client_dn, ssl_client_serial, ssl_issuer_dn, gss_auth, gss_princ, gss_enc, leader_pid, query_id)
  WHERE (s.client_port IS NOT NULL);

CREATE VIEW pg_catalog.pg_stat_replication_slots (slot_name, spill_txns, spill_count, spill_bytes, stream_txns, stream_count, stream_bytes, total_txns, total_bytes, stats_reset) WITH (oid = 12262, row_type = 12264, array_type = 12263, columns = 'text, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, timestamp with time zone') AS
SELECT s.slot_name,
    s.spill_txns,
    s.spill_count,
    s.spill_bytes,
    s.stream_txns,
    s.stream_count,
    s.stream_bytes,
    s.total_txns,
    s.total_bytes,
    s.stats_reset
   FROM pg_replication_slots r,
    LATERAL pg_stat_get_replication_slot((r.slot_name)::text) s(slot_name, spill_txns, spill_count, spill_bytes, stream_txns, stream_count, stream_bytes, total_txns, total_bytes, stats_reset)
  WHERE (r.datoid IS NOT NULL);

CREATE VIEW pg_catalog.pg_stat_database_conflicts (datid, datname, confl_tablespace, confl_lock, confl_snapshot, confl_bufferpin, confl_deadlock) WITH (oid = 12271, row_type = 12273, array_type = 12272, columns = 'oid, name, bigint, bigint, bigint, bigint, bigint') AS
SELECT d.oid AS datid,
    d.datname,
    pg_stat_get_db_conflict_tablespace(d.oid) AS confl_tablespace,
    pg_stat_get_db_conflict_lock(d.oid) AS confl_lock,
    pg_stat_get_db_conflict_snapshot(d.oid) AS confl_snapshot,
    pg_stat_get_db_conflict_bufferpin(d.oid) AS confl_bufferpin,
    pg_stat_get_db_conflict_startup_deadlock(d.oid) AS confl_deadlock
   FROM pg_database d;

CREATE VIEW pg_catalog.pg_stat_user_functions (funcid, schemaname, funcname, calls, total_time, self_time) WITH (oid = 12275, row_type = 12277, array_type = 12276, columns = 'oid, name, name, bigint, double precision, double precision') AS
SELECT p.oid AS funcid,
    n.nspname AS schemaname,
    p.proname AS funcname,
    pg_stat_get_function_calls(p.oid) AS calls,
    pg_stat_get_function_total_time(p.oid) AS total_time,
    pg_stat_get_function_self_time(p.oid) AS self_time
   FROM (pg_proc p
     LEFT JOIN pg_namespace n ON ((n.oid = p.pronamespace)))
  WHERE ((p.prolang <> (12)::oid) AND (pg_stat_get_function_calls(p.oid) IS NOT NULL));

CREATE VIEW pg_catalog.pg_stat_xact_user_functions (funcid, schemaname, funcname, calls, total_time, self_time) WITH (oid = 12280, row_type = 12282, array_type = 12281, columns = 'oid, name, name, bigint, double precision, double precision') AS
SELECT p.oid AS funcid,
    n.nspname AS schemaname,
    p.proname AS funcname,
    pg_stat_get_xact_function_calls(p.oid) AS calls,
    pg_stat_get_xact_function_total_time(p.oid) AS total_time,
    pg_stat_get_xact_function_self_time(p.oid) AS self_time
   FROM (pg_proc p
     LEFT JOIN pg_namespace n ON ((n.oid = p.pronamespace)))
  WHERE ((p.prolang <> (12)::oid) AND (pg_stat_get_xact_function_calls(p.oid) IS NOT NULL));

CREATE VIEW pg_catalog.pg_stat_bgwriter (checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time, buffers_checkpoint, buffers_clean, maxwritten_clean, buffers_backend, buffers_backend_fsync, buffers_alloc, stats_reset) WITH (oid = 12289, row_type = 12291, array_type = 12290, columns = 'bigint, bigint, double precision, double precision, bigint, bigint, bigint, bigint, bigint, bigint, timestamp with time zone') AS
SELECT pg_stat_get_bgwriter_timed_checkpoints() AS checkpoints_timed,
    pg_stat_get_bgwriter_requested_checkpoints() AS checkpoints_req,
    pg_stat_get_checkpoint_write_time() AS checkpoint_write_time,
    pg_stat_get_checkpoint_sync_time() AS checkpoint_sync_time,
    pg_stat_get_bgwriter_buf_written_checkpoints() AS buffers_checkpoint,
    pg_stat_get_bgwriter_buf_written_clean() AS buffers_clean,
    pg_stat_get_bgwriter_maxwritten_clean() AS maxwritten_clean,
    pg_stat_get_buf_written_backend() AS buffers_backend,
    pg_stat_get_buf_fsync_backend() AS buffers_backend_fsync,
    pg_stat_get_buf_alloc() AS buffers_alloc,
    pg_stat_get_bgwriter_stat_reset_time() AS stats_reset;

CREATE VIEW pg_catalog.pg_stat_wal (wal_records, wal_fpi, wal_bytes, wal_buffers_full, wal_write, wal_sync, wal_write_time, wal_sync_time, stats_reset) WITH (oid = 12293, row_type = 12295, array_type = 12294, columns = 'bigint, bigint, numeric, bigint, bigint, bigint, double precision, double precision, timestamp with time zone') AS
SELECT w.wal_records,
    w.wal_fpi,
    w.wal_bytes,
    w.wal_buffers_full,
    w.wal_write,
    w.wal_sync,
    w.wal_write_time,
    w.wal_sync_time,
    w.stats_reset
   FROM pg_stat_get_wal() w(wal_records, wal_fpi, wal_bytes, wal_buffers_full, wal_write, wal_sync, wal_write_time, wal_sync_time, stats_reset);

CREATE VIEW pg_catalog.pg_stat_progress_analyze (pid, datid, datname, relid, phase, sample_blks_total, sample_blks_scanned, ext_stats_total, ext_stats_computed, child_tables_total, child_tables_done, current_child_table_relid) WITH (oid = 12297, row_type = 12299, array_type = 12298, columns = 'integer, oid, name, oid, text, bigint, bigint, bigint, bigint, bigint, bigint, oid') AS
SELECT s.pid,
    s.datid,
    d.datname,
    s.relid,
        CASE s.param1
            WHEN 0 THEN 'initializing'::text
            WHEN 1 THEN 'acquiring sample rows'::text
            WHEN 2 THEN 'acquiring inherited sample rows'::text
            WHEN 3 THEN 'computing statistics'::text
            WHEN 4 THEN 'computing extended statistics'::text
            WHEN 5 THEN 'finalizing analyze'::text
            ELSE NULL::text
        END AS phase,
    s.param2 AS sample_blks_total,
    s.param3 AS sample_blks_scanned,
    s.param4 AS ext_stats_total,
    s.param5 AS ext_stats_computed,
    s.param6 AS child_tables_total,
    s.param7 AS child_tables_done,
    (s.param8)::oid AS current_child_table_relid
   FROM (pg_stat_get_progress_info('ANALYZE'::text) s(pid, datid, relid, param1, param2, param3, param4, param5, param6, param7, param8, param9, param10, param11, param12, param13, param14, param15, param16, param17, param18, param19, param20)
     LEFT JOIN pg_database d ON ((s.datid = d.oid)));

CREATE VIEW pg_catalog.pg_stat_progress_cluster (pid, datid, datname, relid, command, phase, cluster_index_relid, heap_tuples_scanned, heap_tuples_written, heap_blks_total, heap_blks_scanned, index_rebuild_count) WITH (oid = 12307, row_type = 12309, array_type = 12308, columns = 'integer, oid, name, oid, text, text, oid, bigint, bigint, bigint, bigint, bigint') AS
SELECT s.pid,
    s.datid,
    d.datname,
    s.relid,
        CASE s.param1
            WHEN 1 THEN 'CLUSTER'::text
            WHEN 2 THEN 'VACUUM FULL'::text
            ELSE NULL::text
        END AS command,
        CASE s.param2
            WHEN 0 THEN 'initializing'::text
            WHEN 1 THEN 'seq scanning heap'::text
            WHEN 2 THEN 'index scanning heap'::text
            WHEN 3 THEN 'sorting tuples'::text
            WHEN 4 THEN 'writing new heap'::text
            WHEN 5 THEN 'swapping relation files'::text
            WHEN 6 THEN 'rebuilding index'::text
            WHEN 7 THEN 'performing final cleanup'::text
            ELSE NULL::text
        END AS phase,
    (s.param3)::oid AS cluster_index_relid,
    s.param4 AS heap_tuples_scanned,
    s.param5 AS heap_tuples_written,
    s.param6 AS heap_blks_total,
    s.param7 AS heap_blks_scanned,
    s.param8 AS index_rebuild_count
   FROM (pg_stat_get_progress_info('CLUSTER'::text) s(pid, datid, relid, param1, param2, param3, param4, param5, param6, param7, param8, param9, param10, param11, param12, param13, param14, param15, param16, param17, param18, param19, param20)
     LEFT JOIN pg_database d ON ((s.datid = d.oid)));

CREATE VIEW pg_catalog.pg_stat_progress_basebackup (pid, phase, backup_total, backup_streamed, tablespaces_total, tablespaces_streamed) WITH (oid = 12317, row_type = 12319, array_type = 12318, columns = 'integer, text, bigint, bigint, bigint, bigint') AS
SELECT s.pid,
        CASE s.param1
            WHEN 0 THEN 'initializing'::text
            WHEN 1 THEN 'waiting for checkpoint to finish'::text
            WHEN 2 THEN 'estimating backup size'::text
            WHEN 3 THEN 'streaming database files'::text
            WHEN 4 THEN 'waiting for wal archiving to finish'::text
            WHEN 5 THEN 'transferring wal files'::text
            ELSE NULL::text
        END AS phase,
        CASE s.param2
            WHEN '-1'::integer THEN NULL::bigint
            ELSE s.param2
        END AS backup_total,
    s.param3 AS backup_streamed,
    s.param4 AS tablespaces_total,
    s.param5 AS tablespaces_streamed
   FROM pg_stat_get_progress_info('BASEBACKUP'::text) s(pid, datid, relid, param1, param2, param3, param4, param5, param6, param7, param8, param9, param10, param11, param12, param13, param14, param15, param16, param17, param18, param19, param20);

CREATE VIEW pg_catalog.pg_stat_progress_copy (pid, datid, datname, relid, command, type, bytes_processed, bytes_total, tuples_processed, tuples_excluded) WITH (oid = 12322, row_type = 12324, array_type = 12323, columns = 'integer, oid, name, oid, text, text, bigint, bigint, bigint, bigint') AS
SELECT s.pid,
    s.datid,
    d.datname,
    s.relid,
        CASE s.param5
            WHEN 1 THEN 'COPY FROM'::text
            WHEN 2 THEN 'COPY TO'::text
            ELSE NULL::text
        END AS command,
        CASE s.param6
            WHEN 1 THEN 'FILE'::text
            WHEN 2 THEN 'PROGRAM'::text
            WHEN 3 THEN 'PIPE'::text
            WHEN 4 THEN 'CALLBACK'::text
            ELSE NULL::text
        END AS type,
    s.param1 AS bytes_processed,
    s.param2 AS bytes_total,
    s.param3 AS tuples_processed,
    s.param4 AS tuples_excluded
   FROM (pg_stat_get_progress_info('COPY'::text) s(pid, datid, relid, param1, param2, param3, param4, param5, param6, param7, param8, param9, param10, param11, param12, param13, param14, param15, param16, param17, param18, param19, param20)
     LEFT JOIN pg_database d ON ((s.datid = d.oid)));

CREATE VIEW pg_catalog.pg_replication_origin_status (local_id, external_id, remote_lsn, local_lsn) WITH (oid = 12332, row_type = 12334, array_type = 12333, columns = 'oid, text, pg_lsn, pg_lsn') AS
SELECT pg_show_replication_origin_status.local_id,
    pg_show_replication_origin_status.external_id,
    pg_show_replication_origin_status.remote_lsn,
    pg_show_replication_origin_status.local_lsn
   FROM pg_show_replication_origin_status() pg_show_replication_origin_status(local_id, external_id, remote_lsn, local_lsn);

CREATE VIEW pg_catalog.pg_stat_subscription_stats (subid, subname, apply_error_count, sync_error_count, stats_reset) WITH (oid = 12336, row_type = 12338, array_type = 12337, columns = 'oid, name, bigint, bigint, timestamp with time zone') AS
SELECT ss.subid,
    s.subname,
    ss.apply_error_count,
    ss.sync_error_count,
    ss.stats_reset
   FROM pg_subscription s,
    LATERAL pg_stat_get_subscription_stats(s.oid) ss(subid, apply_error_count, sync_error_count, stats_reset);

CREATE VIEW information_schema.applicable_roles (grantee, role_name, is_grantable) WITH (oid = 13236, row_type = 13238, array_type = 13237, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.yes_or_no') AS
SELECT (a.rolname)::name AS grantee,
    (b.rolname)::name AS role_name,
    (
        CASE
            WHEN m.admin_option THEN 'YES'::text
            ELSE 'NO'::text
        END)::character varying(3) AS is_grantable
   FROM ((( SELECT pg_auth_members.member,
            pg_auth_members.roleid,
            pg_auth_members.admin_option
           FROM pg_auth_members
        UNION
         SELECT pg_database.datdba,
            pg_authid.oid,
            false
           FROM pg_database,
            pg_authid
          WHERE ((pg_database.datname = current_database()) AND (pg_authid.rolname = 'pg_database_owner'::name))) m
     JOIN pg_authid a ON ((m.member = a.oid)))
     JOIN pg_authid b ON ((m.roleid = b.oid)))
  WHERE pg_has_role(a.oid, 'USAGE'::text);

CREATE VIEW information_schema.character_sets (character_set_catalog, character_set_schema, character_set_name, character_repertoire, form_of_use, default_collate_catalog, default_collate_schema, default_collate_name) WITH (oid = 13250, row_type = 13252, array_type = 13251, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT (NULL::name)::name AS character_set_catalog,
    (NULL::name)::name AS character_set_schema,
    (getdatabaseencoding())::name AS character_set_name,
    (
        CASE
            WHEN (getdatabaseencoding() = 'UTF8'::name) THEN 'UCS'::name
            ELSE getdatabaseencoding()
        END)::name AS character_repertoire,
    (getdatabaseencoding())::name AS form_of_use,
    (current_database())::name AS default_collate_catalog,
    (nc.nspname)::name AS default_collate_schema,
    (c.collname)::name AS default_collate_name
   FROM (pg_database d
     LEFT JOIN (pg_collation c
     JOIN pg_namespace nc ON ((c.collnamespace = nc.oid))) ON (((d.datcollate = c.collcollate) AND (d.datctype = c.collctype))))
  WHERE (d.datname = current_database())
  ORDER BY (char_length((c.collname)::text)) DESC, c.collname
 LIMIT 1;

CREATE VIEW information_schema.check_constraint_routine_usage (constraint_catalog, constraint_schema, constraint_name, specific_catalog, specific_schema, specific_name) WITH (oid = 13255, row_type = 13257, array_type = 13256, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT (current_database())::name AS constraint_catalog,
    (nc.nspname)::name AS constraint_schema,
    (c.conname)::name AS constraint_name,
    (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name
   FROM pg_namespace nc,
    pg_constraint c,
    pg_depend d,
    pg_proc p,
    pg_namespace np
  WHERE ((nc.oid = c.connamespace) AND (c.contype = 'c'::"char") AND (c.oid = d.objid) AND (d.classid = ('pg_constraint'::regclass)::oid) AND (d.refobjid = p.oid) AND (d.refclassid = ('pg_proc'::regclass)::oid) AND (p.pronamespace = np.oid) AND pg_has_role(p.proowner, 'USAGE'::text));

CREATE VIEW information_schema.check_constraints (constraint_catalog, constraint_schema, constraint_name, check_clause) WITH (oid = 13260, row_type = 13262, array_type = 13261, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT (current_database())::name AS constraint_catalog,
    (rs.nspname)::name AS constraint_schema,
    (con.conname)::name AS constraint_name,
    (SUBSTRING(pg_get_constraintdef(con.oid) FROM 7))::character varying AS check_clause
   FROM (((pg_constraint con
     LEFT JOIN pg_namespace rs ON ((rs.oid = con.connamespace)))
     LEFT JOIN pg_class c ON ((c.oid = con.conrelid)))
     LEFT JOIN pg_type t ON ((t.oid = con.contypid)))
  WHERE (pg_has_role(COALESCE(c.relowner, t.typowner), 'USAGE'::text) AND (con.contype = 'c'::"char"))
UNION
 SELECT (current_database())::name AS constraint_catalog,
    (n.nspname)::name AS constraint_schema,
    (((((((n.oid)::text || '_'::text) || (r.oid)::text) || '_'::text) || (a.attnum)::text) || '_not_null'::text))::name AS constraint_name,
    (((a.attname)::text || ' IS NOT NULL'::text))::character varying AS check_clause
   FROM pg_namespace n,
    pg_class r,
    pg_attribute a
  WHERE ((n.oid = r.relnamespace) AND (r.oid = a.attrelid) AND (a.attnum > 0) AND (NOT a.attisdropped) AND a.attnotnull AND (r.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])) AND pg_has_role(r.relowner, 'USAGE'::text));

CREATE VIEW information_schema.column_column_usage (table_catalog, table_schema, table_name, column_name, dependent_column) WITH (oid = 13275, row_type = 13277, array_type = 13276, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT (current_database())::name AS table_catalog,
    (n.nspname)::name AS table_schema,
    (c.relname)::name AS table_name,
    (ac.attname)::name AS column_name,
    (ad.attname)::name AS dependent_column
   FROM pg_namespace n,
    pg_class c,
    pg_depend d,
    pg_attribute ac,
    pg_attribute ad,
    pg_attrdef atd
  WHERE ((n.oid = c.relnamespace) AND (c.oid = ac.attrelid) AND (c.oid = ad.attrelid) AND (ac.attnum <> ad.attnum) AND (ad.attrelid = atd.adrelid) AND (ad.attnum = atd.adnum) AND (d.classid = ('pg_attrdef'::regclass)::oid) AND (d.refclassid = ('pg_class'::regclass)::oid) AND (d.objid = atd.oid) AND (d.refobjid = ac.attrelid) AND (d.refobjsubid = ac.attnum) AND (ad.attgenerated <> ''::"char") AND pg_has_role(c.relowner, 'USAGE'::text));

CREATE VIEW information_schema.domains (domain_catalog, domain_schema, domain_name, data_type, character_maximum_length, character_octet_length, character_set_catalog, character_set_schema, character_set_name, collation_catalog, collation_schema, collation_name, numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, interval_type, interval_precision, domain_default, udt_catalog, udt_schema, udt_name, scope_catalog, scope_schema, scope_name, maximum_cardinality, dtd_identifier) WITH (oid = 13320, row_type = 13322, array_type = 13321, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.sql_identifier') AS
SELECT (current_database())::name AS domain_catalog,
    (nt.nspname)::name AS domain_schema,
    (t.typname)::name AS domain_name,
    (
        CASE
            WHEN ((t.typelem <> (0)::oid) AND (t.typlen = '-1'::integer)) THEN 'ARRAY'::text
            WHEN (nbt.nspname = 'pg_catalog'::name) THEN format_type(t.typbasetype, NULL::integer)
            ELSE 'USER-DEFINED'::text
        END)::character varying AS data_type,
    (information_schema._pg_char_max_length(t.typbasetype, t.typtypmod))::integer AS character_maximum_length,
    (information_schema._pg_char_octet_length(t.typbasetype, t.typtypmod))::integer AS character_octet_length,
    (NULL::name)::name AS character_set_catalog,
    (NULL::name)::name AS character_set_schema,
    (NULL::name)::name AS character_set_name,
    (
        CASE
            WHEN (nco.nspname IS NOT NULL) THEN current_database()
            ELSE NULL::name
        END)::name AS collation_catalog,
    (nco.nspname)::name AS collation_schema,
    (co.collname)::name AS collation_name,
    (information_schema._pg_numeric_precision(t.typbasetype, t.typtypmod))::integer AS numeric_precision,
    (information_schema._pg_numeric_precision_radix(t.typbasetype, t.typtypmod))::integer AS numeric_precision_radix,
    (information_schema._pg_numeric_scale(t.typbasetype, t.typtypmod))::integer AS numeric_scale,
    (information_schema._pg_datetime_precision(t.typbasetype, t.typtypmod))::integer AS datetime_precision,
    (information_schema._pg_interval_type(t.typbasetype, t.typtypmod))::character varying AS interval_type,
    (NULL::integer)::integer AS interval_precision,
    (t.typdefault)::character varying AS domain_default,
    (current_database())::name AS udt_catalog,
    (nbt.nspname)::name AS udt_schema,
    (bt.typname)::name AS udt_name,
    (NULL::name)::name AS scope_catalog,
    (NULL::name)::name AS scope_schema,
    (NULL::name)::name AS scope_name,
    (NULL::integer)::integer AS maximum_cardinality,
    (1)::name AS dtd_identifier
   FROM (((pg_type t
     JOIN pg_namespace nt ON ((t.typnamespace = nt.oid)))
     JOIN (pg_type bt
     JOIN pg_namespace nbt ON ((bt.typnamespace = nbt.oid))) ON (((t.typbasetype = bt.oid) AND (t.typtype = 'd'::"char"))))
     LEFT JOIN (pg_collation co
     JOIN pg_namespace nco ON ((co.collnamespace = nco.oid))) ON (((t.typcollation = co.oid) AND ((nco.nspname <> 'pg_catalog'::name) OR (co.collname <> 'default'::name)))))
  WHERE (pg_has_role(t.typowner, 'USAGE'::text) OR has_type_privilege(t.oid, 'USAGE'::text));

CREATE VIEW information_schema.routine_column_usage (specific_catalog, specific_schema, specific_name, routine_catalog, routine_schema, routine_name, table_catalog, table_schema, table_name, column_name) WITH (oid = 13348, row_type = 13350, array_type = 13349, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name,
    (current_database())::name AS routine_catalog,
    (np.nspname)::name AS routine_schema,
    (p.proname)::name AS routine_name,
    (current_database())::name AS table_catalog,
    (nt.nspname)::name AS table_schema,
    (t.relname)::name AS table_name,
    (a.attname)::name AS column_name
   FROM pg_namespace np,
    pg_proc p,
    pg_depend d,
    pg_class t,
    pg_namespace nt,
    pg_attribute a
  WHERE ((np.oid = p.pronamespace) AND (p.oid = d.objid) AND (d.classid = ('pg_proc'::regclass)::oid) AND (d.refobjid = t.oid) AND (d.refclassid = ('pg_class'::regclass)::oid) AND (t.relnamespace = nt.oid) AND (t.relkind = ANY (ARRAY['r'::"char", 'v'::"char", 'f'::"char", 'p'::"char"])) AND (t.oid = a.attrelid) AND (d.refobjsubid = a.attnum) AND pg_has_role(t.relowner, 'USAGE'::text));

CREATE VIEW information_schema.routine_routine_usage (specific_catalog, specific_schema, specific_name, routine_catalog, routine_schema, routine_name) WITH (oid = 13362, row_type = 13364, array_type = 13363, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name,
    (current_database())::name AS routine_catalog,
    (np1.nspname)::name AS routine_schema,
    (nameconcatoid(p1.proname, p1.oid))::name AS routine_name
   FROM pg_namespace np,
    pg_proc p,
    pg_depend d,
    pg_proc p1,
    pg_namespace np1
  WHERE ((np.oid = p.pronamespace) AND (p.oid = d.objid) AND (d.classid = ('pg_proc'::regclass)::oid) AND (d.refobjid = p1.oid) AND (d.refclassid = ('pg_proc'::regclass)::oid) AND (p1.pronamespace = np1.oid) AND (p.prokind = ANY (ARRAY['f'::"char", 'p'::"char"])) AND (p1.prokind = ANY (ARRAY['f'::"char", 'p'::"char"])) AND pg_has_role(p1.proowner, 'USAGE'::text));

CREATE VIEW information_schema.routine_sequence_usage (specific_catalog, specific_schema, specific_name, routine_catalog, routine_schema, routine_name, sequence_catalog, sequence_schema, sequence_name) WITH (oid = 13367, row_type = 13369, array_type = 13368, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name,
    (current_database())::name AS routine_catalog,
    (np.nspname)::name AS routine_schema,
    (p.proname)::name AS routine_name,
    (current_database())::name AS sequence_catalog,
    (ns.nspname)::name AS sequence_schema,
    (s.relname)::name AS sequence_name
   FROM pg_namespace np,
    pg_proc p,
    pg_depend d,
    pg_class s,
    pg_namespace ns
  WHERE ((np.oid = p.pronamespace) AND (p.oid = d.objid) AND (d.classid = ('pg_proc'::regclass)::oid) AND (d.refobjid = s.oid) AND (d.refclassid = ('pg_class'::regclass)::oid) AND (s.relnamespace = ns.oid) AND (s.relkind = 'S'::"char") AND pg_has_role(s.relowner, 'USAGE'::text));

CREATE VIEW information_schema.routine_table_usage (specific_catalog, specific_schema, specific_name, routine_catalog, routine_schema, routine_name, table_catalog, table_schema, table_name) WITH (oid = 13372, row_type = 13374, array_type = 13373, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name,
    (current_database())::name AS routine_catalog,
    (np.nspname)::name AS routine_schema,
    (p.proname)::name AS routine_name,
    (current_database())::name AS table_catalog,
    (nt.nspname)::name AS table_schema,
    (t.relname)::name AS table_name
   FROM pg_namespace np,
    pg_proc p,
    pg_depend d,
    pg_class t,
    pg_namespace nt
  WHERE ((np.oid = p.pronamespace) AND (p.oid = d.objid) AND (d.classid = ('pg_proc'::regclass)::oid) AND (d.refobjid = t.oid) AND (d.refclassid = ('pg_class'::regclass)::oid) AND (t.relnamespace = nt.oid) AND (t.relkind = ANY (ARRAY['r'::"char", 'v'::"char", 'f'::"char", 'p'::"char"])) AND pg_has_role(t.relowner, 'USAGE'::text));

CREATE TABLE information_schema.sql_features (
    feature_id information_schema.character_data,
    feature_name information_schema.character_data,
    sub_feature_id information_schema.character_data,
    sub_feature_name information_schema.character_data,
    is_supported information_schema.yes_or_no,
    is_verified_by information_schema.character_data,
    comments information_schema.character_data
) WITH (oid = 13391, row_type = 13393, array_type = 13392);

CREATE TABLE information_schema.sql_implementation_info (
    implementation_info_id information_schema.character_data,
    implementation_info_name information_schema.character_data,
    integer_value information_schema.cardinal_number,
    character_value information_schema.character_data,
    comments information_schema.character_data
) WITH (oid = 13396, row_type = 13398, array_type = 13397);

CREATE TABLE information_schema.sql_parts (
    feature_id information_schema.character_data,
    feature_name information_schema.character_data,
    is_supported information_schema.yes_or_no,
    is_verified_by information_schema.character_data,
    comments information_schema.character_data
) WITH (oid = 13401, row_type = 13403, array_type = 13402);

CREATE TABLE information_schema.sql_sizing (
    sizing_id information_schema.cardinal_number,
    sizing_name information_schema.character_data,
    supported_value information_schema.cardinal_number,
    comments information_schema.character_data
) WITH (oid = 13406, row_type = 13408, array_type = 13407);

CREATE VIEW information_schema.tables (table_catalog, table_schema, table_name, table_type, self_referencing_column_name, reference_generation, user_defined_type_catalog, user_defined_type_schema, user_defined_type_name, is_insertable_into, is_typed, commit_action) WITH (oid = 13425, row_type = 13427, array_type = 13426, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.sql_identifier, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.character_data') AS
SELECT (current_database())::name AS table_catalog,
    (nc.nspname)::name AS table_schema,
    (c.relname)::name AS table_name,
    (
        CASE
            WHEN (nc.oid = pg_my_temp_schema()) THEN 'LOCAL TEMPORARY'::text
            WHEN (c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])) THEN 'BASE TABLE'::text
            WHEN (c.relkind = 'v'::"char") THEN 'VIEW'::text
            WHEN (c.relkind = 'f'::"char") THEN 'FOREIGN'::text
            ELSE NULL::text
        END)::character varying AS table_type,
    (NULL::name)::name AS self_referencing_column_name,
    (NULL::character varying)::character varying AS reference_generation,
    (
        CASE
            WHEN (t.typname IS NOT NULL) THEN current_database()
            ELSE NULL::name
        END)::name AS user_defined_type_catalog,
    (nt.nspname)::name AS user_defined_type_schema,
    (t.typname)::name AS user_defined_type_name,
    (
        CASE
            WHEN ((c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])) OR ((c.relkind = ANY (ARRAY['v'::"char", 'f'::"char"])) AND ((pg_relation_is_updatable((c.oid)::regclass, false) & 8) = 8))) THEN 'YES'::text
            ELSE 'NO'::text
        END)::character varying(3) AS is_insertable_into,
    (
        CASE
            WHEN (t.typname IS NOT NULL) THEN 'YES'::text
            ELSE 'NO'::text
        END)::character varying(3) AS is_typed,
    (NULL::character varying)::character varying AS commit_action
   FROM ((pg_namespace nc
     JOIN pg_class c ON ((nc.oid = c.relnamespace)))
     LEFT JOIN (pg_type t
     JOIN pg_namespace nt ON ((t.typnamespace = nt.oid))) ON ((c.reloftype = t.oid)))
  WHERE ((c.relkind = ANY (ARRAY['r'::"char", 'v'::"char", 'f'::"char", 'p'::"char"])) AND (NOT pg_is_other_temp_schema(nc.oid)) AND (pg_has_role(c.relowner, 'USAGE'::text) OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text) OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'::text)));

CREATE VIEW information_schema.transforms (udt_catalog, udt_schema, udt_name, specific_catalog, specific_schema, specific_name, group_name, transform_type) WITH (oid = 13430, row_type = 13432, array_type = 13431, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT (current_database())::name AS udt_catalog,
    (nt.nspname)::name AS udt_schema,
    (t.typname)::name AS udt_name,
    (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name,
    (l.lanname)::name AS group_name,
    ('FROM SQL'::character varying)::character varying AS transform_type
   FROM (((((pg_type t
     JOIN pg_transform x ON ((t.oid = x.trftype)))
     JOIN pg_language l ON ((x.trflang = l.oid)))
     JOIN pg_proc p ON (((x.trffromsql)::oid = p.oid)))
     JOIN pg_namespace nt ON ((t.typnamespace = nt.oid)))
     JOIN pg_namespace np ON ((p.pronamespace = np.oid)))
UNION
 SELECT (current_database())::name AS udt_catalog,
    (nt.nspname)::name AS udt_schema,
    (t.typname)::name AS udt_name,
    (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name,
    (l.lanname)::name AS group_name,
    ('TO SQL'::character varying)::character varying AS transform_type
   FROM (((((pg_type t
     JOIN pg_transform x ON ((t.oid = x.trftype)))
     JOIN pg_language l ON ((x.trflang = l.oid)))
     JOIN pg_proc p ON (((x.trftosql)::oid = p.oid)))
     JOIN pg_namespace nt ON ((t.typnamespace = nt.oid)))
     JOIN pg_namespace np ON ((p.pronamespace = np.oid)))
  ORDER BY 1, 2, 3, 7, 8;

CREATE VIEW information_schema.usage_privileges (grantor, grantee, object_catalog, object_schema, object_name, object_type, privilege_type, is_grantable) WITH (oid = 13454, row_type = 13456, array_type = 13455, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.yes_or_no') AS
SELECT (u.rolname)::name AS grantor,
    ('PUBLIC'::name)::name AS grantee,
    (current_database())::name AS object_catalog,
    (n.nspname)::name AS object_schema,
    (c.collname)::name AS object_name,
    ('COLLATION'::character varying)::character varying AS object_type,
    ('USAGE'::character varying)::character varying AS privilege_type,
    ('NO'::character varying)::character varying(3) AS is_grantable
   FROM pg_authid u,
    pg_namespace n,
    pg_collation c
  WHERE ((u.oid = c.collowner) AND (c.collnamespace = n.oid) AND (c.collencoding = ANY (ARRAY['-1'::integer, ( SELECT pg_database.encoding
           FROM pg_database
          WHERE (pg_database.datname = current_database()))])))
UNION ALL
 SELECT (u_grantor.rolname)::name AS grantor,
    (grantee.rolname)::name AS grantee,
    (current_database())::name AS object_catalog,
    (n.nspname)::name AS object_schema,
    (t.typname)::name AS object_name,
    ('DOMAIN'::character varying)::character varying AS object_type,
    ('USAGE'::character varying)::character varying AS privilege_type,
    (
        CASE
            WHEN (pg_has_role(grantee.oid, t.typowner, 'USAGE'::text) OR t.grantable) THEN 'YES'::text
            ELSE 'NO'::text
        END)::character varying(3) AS is_grantable
   FROM ( SELECT pg_type.oid,
            pg_type.typname,
            pg_type.typnamespace,
            pg_type.typtype,
            pg_type.typowner,
            (aclexplode(COALESCE(pg_type.typacl, acldefault('T'::"char", pg_type.typowner)))).grantor AS grantor,
            (aclexplode(COALESCE(pg_type.typacl, acldefault('T'::"char", pg_type.typowner)))).grantee AS grantee,
            (aclexplode(COALESCE(pg_type.typacl, acldefault('T'::"char", pg_type.typowner)))).privilege_type AS privilege_type,
            (aclexplode(COALESCE(pg_type.typacl, acldefault('T'::"char", pg_type.typowner)))).is_grantable AS is_grantable
           FROM pg_type) t(oid, typname, typnamespace, typtype, typowner, grantor, grantee, prtype, grantable),
    pg_namespace n,
    pg_authid u_grantor,
    ( SELECT pg_authid.oid,
            pg_authid.rolname
           FROM pg_authid
        UNION ALL
         SELECT (0)::oid AS oid,
            'PUBLIC'::name) grantee(oid, rolname)
  WHERE ((t.typnamespace = n.oid) AND (t.typtype = 'd'::"char") AND (t.grantee = grantee.oid) AND (t.grantor = u_grantor.oid) AND (t.prtype = 'USAGE'::text) AND (pg_has_role(u_grantor.oid, 'USAGE'::text) OR pg_has_role(grantee.oid, 'USAGE'::text) OR (grantee.rolname = 'PUBLIC'::name)))
UNION ALL
 SELECT (u_grantor.rolname)::name AS grantor,
    (grantee.rolname)::name AS grantee,
    (current_database())::name AS object_catalog,
    (''::name)::name AS object_schema,
    (fdw.fdwname)::name AS object_name,
    ('FOREIGN DATA WRAPPER'::character varying)::character varying AS object_type,
    ('USAGE'::character varying)::character varying AS privilege_type,
    (
        CASE
            WHEN (pg_has_role(grantee.oid, fdw.fdwowner, 'USAGE'::text) OR fdw.grantable) THEN 'YES'::text
            ELSE 'NO'::text
        END)::character varying(3) AS is_grantable
   FROM ( SELECT pg_foreign_data_wrapper.fdwname,
            pg_foreign_data_wrapper.fdwowner,
            (aclexplode(COALESCE(pg_foreign_data_wrapper.fdwacl, acldefault('F'::"char", pg_foreign_data_wrapper.fdwowner)))).grantor AS grantor,
            (aclexplode(COALESCE(pg_foreign_data_wrapper.fdwacl, acldefault('F'::"char", pg_foreign_data_wrapper.fdwowner)))).grantee AS grantee,
            (aclexplode(COALESCE(pg_foreign_data_wrapper.fdwacl, acldefault('F'::"char", pg_foreign_data_wrapper.fdwowner)))).privilege_type AS privilege_type,
            (aclexplode(COALESCE(pg_foreign_data_wrapper.fdwacl, acldefault('F'::"char", pg_foreign_data_wrapper.fdwowner)))).is_grantable AS is_grantable
           FROM pg_foreign_data_wrapper) fdw(fdwname, fdwowner, grantor, grantee, prtype, grantable),
    pg_authid u_grantor,
    ( SELECT pg_authid.oid,
            pg_authid.rolname
           FROM pg_authid
        UNION ALL
         SELECT (0)::oid AS oid,
            'PUBLIC'::name) grantee(oid, rolname)
  WHERE ((u_grantor.oid = fdw.grantor) AND (grantee.oid = fdw.grantee) AND (fdw.prtype = 'USAGE'::text) AND (pg_has_role(u_grantor.oid, 'USAGE'::text) OR pg_has_role(grantee.oid, 'USAGE'::text) OR (grantee.rolname = 'PUBLIC'::name)))
UNION ALL
 SELECT (u_grantor.rolname)::name AS grantor,
    (grantee.rolname)::name AS grantee,
    (current_database())::name AS object_catalog,
    (''::name)::name AS object_schema,
    (srv.srvname)::name AS object_name,
    ('FOREIGN SERVER'::character varying)::character varying AS object_type,
    ('USAGE'::character varying)::character varying AS privilege_type,
    (
        CASE
            WHEN (pg_has_role(grantee.oid, srv.srvowner, 'USAGE'::text) OR srv.grantable) THEN 'YES'::text
            ELSE 'NO'::text
        END)::character varying(3) AS is_grantable
   FROM ( SELECT pg_foreign_server.srvname,
            pg_foreign_server.srvowner,
            (aclexplode(COALESCE(pg_foreign_server.srvacl, acldefault('S'::"char", pg_foreign_server.srvowner)))).grantor AS grantor,
            (aclexplode(COALESCE(pg_foreign_server.srvacl, acldefault('S'::"char", pg_foreign_server.srvowner)))).grantee AS grantee,
            (aclexplode(COALESCE(pg_foreign_server.srvacl, acldefault('S'::"char", pg_foreign_server.srvowner)))).privilege_type AS privilege_type,
            (aclexplode(COALESCE(pg_foreign_server.srvacl, acldefault('S'::"char", pg_foreign_server.srvowner)))).is_grantable AS is_grantable
           FROM pg_foreign_server) srv(srvname, srvowner, grantor, grantee, prtype, grantable),
    pg_authid u_grantor,
    ( SELECT pg_authid.oid,
            pg_authid.rolname
           FROM pg_authid
        UNION ALL
         SELECT (0)::oid AS oid,
            'PUBLIC'::name) grantee(oid, rolname)
  WHERE ((u_grantor.oid = srv.grantor) AND (grantee.oid = srv.grantee) AND (srv.prtype = 'USAGE'::text) AND (pg_has_role(u_grantor.oid, 'USAGE'::text) OR pg_has_role(grantee.oid, 'USAGE'::text) OR (grantee.rolname = 'PUBLIC'::name)))
UNION ALL
 SELECT (u_grantor.rolname)::name AS grantor,
    (grantee.rolname)::name AS grantee,
    (current_database())::name AS object_catalog,
    (n.nspname)::name AS object_schema,
    (c.relname)::name AS object_name,
    ('SEQUENCE'::character varying)::character varying AS object_type,
    ('USAGE'::character varying)::character varying AS privilege_type,
    (
        CASE
            WHEN (pg_has_role(grantee.oid, c.relowner, 'USAGE'::text) OR c.grantable) THEN 'YES'::text
            ELSE 'NO'::text
        END)::character varying(3) AS is_grantable
   FROM ( SELECT pg_class.oid,
            pg_class.relname,
            pg_class.relnamespace,
            pg_class.relkind,
            pg_class.relowner,
            (aclexplode(COALESCE(pg_class.relacl, acldefault('r'::"char", pg_class.relowner)))).grantor AS grantor,
            (aclexplode(COALESCE(pg_class.relacl, acldefault('r'::"char", pg_class.relowner)))).grantee AS grantee,
            (aclexplode(COALESCE(pg_class.relacl, acldefault('r'::"char", pg_class.relowner)))).privilege_type AS privilege_type,
            (aclexplode(COALESCE(pg_class.relacl, acldefault('r'::"char", pg_class.relowner)))).is_grantable AS is_grantable
           FROM pg_class) c(oid, relname, relnamespace, relkind, relowner, grantor, grantee, prtype, grantable),
    pg_namespace n,
    pg_authid u_grantor,
    ( SELECT pg_authid.oid,
            pg_authid.rolname
           FROM pg_authid
        UNION ALL
         SELECT (0)::oid AS oid,
            'PUBLIC'::name) grantee(oid, rolname)
  WHERE ((c.relnamespace = n.oid) AND (c.relkind = 'S'::"char") AND (c.grantee = grantee.oid) AND (c.grantor = u_grantor.oid) AND (c.prtype = 'USAGE'::text) AND (pg_has_role(u_grantor.oid, 'USAGE'::text) OR pg_has_role(grantee.oid, 'USAGE'::text) OR (grantee.rolname = 'PUBLIC'::name)));

CREATE VIEW information_schema.view_routine_usage (table_catalog, table_schema, table_name, specific_catalog, specific_schema, specific_name) WITH (oid = 13473, row_type = 13475, array_type = 13474, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT (current_database())::name AS table_catalog,
    (nv.nspname)::name AS table_schema,
    (v.relname)::name AS table_name,
    (current_database())::name AS specific_catalog,
    (np.nspname)::name AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::name AS specific_name
   FROM pg_namespace nv,
    pg_class v,
    pg_depend dv,
    pg_depend dp,
    pg_proc p,
    pg_namespace np
  WHERE ((nv.oid = v.relnamespace) AND (v.relkind = 'v'::"char") AND (v.oid = dv.refobjid) AND (dv.refclassid = ('pg_class'::regclass)::oid) AND (dv.classid = ('pg_rewrite'::regclass)::oid) AND (dv.deptype = 'i'::"char") AND (dv.objid = dp.objid) AND (dp.classid = ('pg_rewrite'::regclass)::oid) AND (dp.refclassid = ('pg_proc'::regclass)::oid) AND (dp.refobjid = p.oid) AND (p.pronamespace = np.oid) AND pg_has_role(p.proowner, 'USAGE'::text));

CREATE VIEW information_schema.data_type_privileges (object_catalog, object_schema, object_name, object_type, dtd_identifier) WITH (oid = 13488, row_type = 13490, array_type = 13489, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.sql_identifier') AS
SELECT (current_database())::name AS object_catalog,
    x.objschema AS object_schema,
    x.objname AS object_name,
    (x.objtype)::character varying AS object_type,
    x.objdtdid AS dtd_identifier
   FROM ( SELECT attributes.udt_schema,
            attributes.udt_name,
            'USER-DEFINED TYPE'::text AS text,
            attributes.dtd_identifier
           FROM information_schema.attributes
        UNION ALL
         SELECT columns.table_schema,
            columns.table_name,
            'TABLE'::text AS text,
            columns.dtd_identifier
           FROM information_schema.columns
        UNION ALL
         SELECT domains.domain_schema,
            domains.domain_name,
            'DOMAIN'::text AS text,
            domains.dtd_identifier
           FROM information_schema.domains
        UNION ALL
         SELECT parameters.specific_schema,
            parameters.specific_name,
            'ROUTINE'::text AS text,
            parameters.dtd_identifier
           FROM information_schema.parameters
        UNION ALL
         SELECT routines.specific_schema,
            routines.specific_name,
            'ROUTINE'::text AS text,
            routines.dtd_identifier
           FROM information_schema.routines) x(objschema, objname, objtype, objdtdid);

CREATE VIEW information_schema.element_types (object_catalog, object_schema, object_name, object_type, collection_type_identifier, data_type, character_maximum_length, character_octet_length, character_set_catalog, character_set_schema, character_set_name, collation_catalog, collation_schema, collation_name, numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, interval_type, interval_precision, domain_default, udt_catalog, udt_schema, udt_name, scope_catalog, scope_schema, scope_name, maximum_cardinality, dtd_identifier) WITH (oid = 13493, row_type = 13495, array_type = 13494, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.sql_identifier, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.sql_identifier') AS
SELECT (current_database())::name AS object_catalog,
    (n.nspname)::name AS object_schema,
    x.objname AS object_name,
    (x.objtype)::character varying AS object_type,
    (x.objdtdid)::name AS collection_type_identifier,
    (
        CASE
            WHEN (nbt.nspname = 'pg_catalog'::name) THEN format_type(bt.oid, NULL::integer)
            ELSE 'USER-DEFINED'::text
        END)::character varying AS data_type,
    (NULL::integer)::integer AS character_maximum_length,
    (NULL::integer)::integer AS character_octet_length,
    (NULL::name)::name AS character_set_catalog,
    (NULL::name)::name AS character_set_schema,
    (NULL::name)::name AS character_set_name,
    (
        CASE
            WHEN (nco.nspname IS NOT NULL) THEN current_database()
            ELSE NULL::name
        END)::name AS collation_catalog,
    (nco.nspname)::name AS collation_schema,
    (co.collname)::name AS collation_name,
    (NULL::integer)::integer AS numeric_precision,
    (NULL::integer)::integer AS numeric_precision_radix,
    (NULL::integer)::integer AS numeric_scale,
    (NULL::integer)::integer AS datetime_precision,
    (NULL::character varying)::character varying AS interval_type,
    (NULL::integer)::integer AS interval_precision,
    (NULL::character varying)::character varying AS domain_default,
    (current_database())::name AS udt_catalog,
    (nbt.nspname)::name AS udt_schema,
    (bt.typname)::name AS udt_name,
    (NULL::name)::name AS scope_catalog,
    (NULL::name)::name AS scope_schema,
    (NULL::name)::name AS scope_name,
    (NULL::integer)::integer AS maximum_cardinality,
    (('a'::text || (x.objdtdid)::text))::name AS dtd_identifier
   FROM pg_namespace n,
    pg_type at,
    pg_namespace nbt,
    pg_type bt,
    (( SELECT c.relnamespace,
            (c.relname)::name AS relname,
                CASE
                    WHEN (c.relkind = 'c'::"char") THEN 'USER-DEFINED TYPE'::text
                    ELSE 'TABLE'::text
                END AS "case",
            a.attnum,
            a.atttypid,
            a.attcollation
           FROM pg_class c,
            pg_attribute a
          WHERE ((c.oid = a.attrelid) AND (c.relkind = ANY (ARRAY['r'::"char", 'v'::"char", 'f'::"char", 'c'::"char", 'p'::"char"])) AND (a.attnum > 0) AND (NOT a.attisdropped))
        UNION ALL
         SELECT t.typnamespace,
            (t.typname)::name AS typname,
            'DOMAIN'::text AS text,
            1,
            t.typbasetype,
            t.typcollation
           FROM pg_type t
          WHERE (t.typtype = 'd'::"char")
        UNION ALL
         SELECT ss.pronamespace,
            (nameconcatoid(ss.proname, ss.oid))::name AS nameconcatoid,
            'ROUTINE'::text AS text,
            (ss.x).n AS n,
            (ss.x).x AS x,
            0
           FROM ( SELECT p.pronamespace,
                    p.proname,
                    p.oid,
                    information_schema._pg_expandarray(COALESCE(p.proallargtypes, (p.proargtypes)::oid[])) AS x
                   FROM pg_proc p) ss
        UNION ALL
         SELECT p.pronamespace,
            (nameconcatoid(p.proname, p.oid))::name AS nameconcatoid,
            'ROUTINE'::text AS text,
            0,
            p.prorettype,
            0
           FROM pg_proc p) x(objschema, objname, objtype, objdtdid, objtypeid, objcollation)
     LEFT JOIN (pg_collation co
     JOIN pg_namespace nco ON ((co.collnamespace = nco.oid))) ON (((x.objcollation = co.oid) AND ((nco.nspname <> 'pg_catalog'::name) OR (co.collname <> 'default'::name)))))
  WHERE ((n.oid = x.objschema) AND (at.oid = x.objtypeid) AND ((at.typelem <> (0)::oid) AND (at.typlen = '-1'::integer)) AND (at.typelem = bt.oid) AND (nbt.oid = bt.typnamespace) AND ((n.nspname, (x.objname)::name, x.objtype, ((x.objdtdid)::name)::name) IN ( SELECT data_type_privileges.object_schema,
            data_type_privileges.object_name,
            data_type_privileges.object_type,
            data_type_privileges.dtd_identifier
           FROM information_schema.data_type_privileges)));

CREATE VIEW information_schema._pg_foreign_table_columns (nspname, relname, attname, attfdwoptions) WITH (oid = 13498, row_type = 13500, array_type = 13499, columns = 'name, name, name, text[]', by_bytes = 'attfdwoptions') AS
SELECT n.nspname,
    c.relname,
    a.attname,
    a.attfdwoptions
   FROM pg_foreign_table t,
    pg_authid u,
    pg_namespace n,
    pg_class c,
    pg_attribute a
  WHERE ((u.oid = c.relowner) AND (pg_has_role(c.relowner, 'USAGE'::text) OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'::text)) AND (n.oid = c.relnamespace) AND (c.oid = t.ftrelid) AND (c.relkind = 'f'::"char") AND (a.attrelid = c.oid) AND (a.attnum > 0));

CREATE VIEW information_schema.column_options (table_catalog, table_schema, table_name, column_name, option_name, option_value) WITH (oid = 13503, row_type = 13505, array_type = 13504, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT (current_database())::name AS table_catalog,
    (c.nspname)::name AS table_schema,
    (c.relname)::name AS table_name,
    (c.attname)::name AS column_name,
    ((pg_options_to_table(c.attfdwoptions)).option_name)::name AS option_name,
    ((pg_options_to_table(c.attfdwoptions)).option_value)::character varying AS option_value
   FROM information_schema._pg_foreign_table_columns c;

CREATE VIEW information_schema._pg_foreign_data_wrappers (oid, fdwowner, fdwoptions, foreign_data_wrapper_catalog, foreign_data_wrapper_name, authorization_identifier, foreign_data_wrapper_language) WITH (oid = 13507, row_type = 13509, array_type = 13508, columns = 'oid, oid, text[], information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data', by_bytes = 'fdwoptions') AS
SELECT w.oid,
    w.fdwowner,
    w.fdwoptions,
    (current_database())::name AS foreign_data_wrapper_catalog,
    (w.fdwname)::name AS foreign_data_wrapper_name,
    (u.rolname)::name AS authorization_identifier,
    ('c'::character varying)::character varying AS foreign_data_wrapper_language
   FROM pg_foreign_data_wrapper w,
    pg_authid u
  WHERE ((u.oid = w.fdwowner) AND (pg_has_role(w.fdwowner, 'USAGE'::text) OR has_foreign_data_wrapper_privilege(w.oid, 'USAGE'::text)));

CREATE VIEW information_schema.foreign_data_wrapper_options (foreign_data_wrapper_catalog, foreign_data_wrapper_name, option_name, option_value) WITH (oid = 13511, row_type = 13513, array_type = 13512, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT w.foreign_data_wrapper_catalog,
    w.foreign_data_wrapper_name,
    ((pg_options_to_table(w.fdwoptions)).option_name)::name AS option_name,
    ((pg_options_to_table(w.fdwoptions)).option_value)::character varying AS option_value
   FROM information_schema._pg_foreign_data_wrappers w;

CREATE VIEW information_schema.foreign_data_wrappers (foreign_data_wrapper_catalog, foreign_data_wrapper_name, authorization_identifier, library_name, foreign_data_wrapper_language) WITH (oid = 13515, row_type = 13517, array_type = 13516, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data') AS
SELECT w.foreign_data_wrapper_catalog,
    w.foreign_data_wrapper_name,
    w.authorization_identifier,
    (NULL::character varying)::character varying AS library_name,
    w.foreign_data_wrapper_language
   FROM information_schema._pg_foreign_data_wrappers w;

CREATE VIEW information_schema._pg_foreign_servers (oid, srvoptions, foreign_server_catalog, foreign_server_name, foreign_data_wrapper_catalog, foreign_data_wrapper_name, foreign_server_type, foreign_server_version, authorization_identifier) WITH (oid = 13519, row_type = 13521, array_type = 13520, columns = 'oid, text[], information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.sql_identifier', by_bytes = 'srvoptions') AS
SELECT s.oid,
    s.srvoptions,
    (current_database())::name AS foreign_server_catalog,
    (s.srvname)::name AS foreign_server_name,
    (current_database())::name AS foreign_data_wrapper_catalog,
    (w.fdwname)::name AS foreign_data_wrapper_name,
    (s.srvtype)::character varying AS foreign_server_type,
    (s.srvversion)::character varying AS foreign_server_version,
    (u.rolname)::name AS authorization_identifier
   FROM pg_foreign_server s,
    pg_foreign_data_wrapper w,
    pg_authid u
  WHERE ((w.oid = s.srvfdw) AND (u.oid = s.srvowner) AND (pg_has_role(s.srvowner, 'USAGE'::text) OR has_server_privilege(s.oid, 'USAGE'::text)));

CREATE VIEW information_schema.foreign_server_options (foreign_server_catalog, foreign_server_name, option_name, option_value) WITH (oid = 13524, row_type = 13526, array_type = 13525, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT s.foreign_server_catalog,
    s.foreign_server_name,
    ((pg_options_to_table(s.srvoptions)).option_name)::name AS option_name,
    ((pg_options_to_table(s.srvoptions)).option_value)::character varying AS option_value
   FROM information_schema._pg_foreign_servers s;

CREATE VIEW information_schema._pg_foreign_tables (foreign_table_catalog, foreign_table_schema, foreign_table_name, ftoptions, foreign_server_catalog, foreign_server_name, authorization_identifier) WITH (oid = 13532, row_type = 13534, array_type = 13533, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, text[], information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier', by_bytes = 'ftoptions') AS
SELECT (current_database())::name AS foreign_table_catalog,
    (n.nspname)::name AS foreign_table_schema,
    (c.relname)::name AS foreign_table_name,
    t.ftoptions,
    (current_database())::name AS foreign_server_catalog,
    (s.srvname)::name AS foreign_server_name,
    (u.rolname)::name AS authorization_identifier
   FROM pg_foreign_table t,
    pg_foreign_server s,
    pg_foreign_data_wrapper w,
    pg_authid u,
    pg_namespace n,
    pg_class c
  WHERE ((w.oid = s.srvfdw) AND (u.oid = c.relowner) AND (pg_has_role(c.relowner, 'USAGE'::text) OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'::text) OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'::text)) AND (n.oid = c.relnamespace) AND (c.oid = t.ftrelid) AND (c.relkind = 'f'::"char") AND (s.oid = t.ftserver));

CREATE VIEW information_schema.foreign_table_options (foreign_table_catalog, foreign_table_schema, foreign_table_name, option_name, option_value) WITH (oid = 13537, row_type = 13539, array_type = 13538, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT t.foreign_table_catalog,
    t.foreign_table_schema,
    t.foreign_table_name,
    ((pg_options_to_table(t.ftoptions)).option_name)::name AS option_name,
    ((pg_options_to_table(t.ftoptions)).option_value)::character varying AS option_value
   FROM information_schema._pg_foreign_tables t;

CREATE VIEW information_schema._pg_user_mappings (oid, umoptions, umuser, authorization_identifier, foreign_server_catalog, foreign_server_name, srvowner) WITH (oid = 13545, row_type = 13547, array_type = 13546, columns = 'oid, text[], oid, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier', by_bytes = 'umoptions') AS
SELECT um.oid,
    um.umoptions,
    um.umuser,
    (COALESCE(u.rolname, 'PUBLIC'::name))::name AS authorization_identifier,
    s.foreign_server_catalog,
    s.foreign_server_name,
    s.authorization_identifier AS srvowner
   FROM (pg_user_mapping um
     LEFT JOIN pg_authid u ON ((u.oid = um.umuser))),
    information_schema._pg_foreign_servers s
  WHERE (s.oid = um.umserver);

CREATE VIEW information_schema.user_mapping_options (authorization_identifier, foreign_server_catalog, foreign_server_name, option_name, option_value) WITH (oid = 13550, row_type = 13552, array_type = 13551, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT um.authorization_identifier,
    um.foreign_server_catalog,
    um.foreign_server_name,
    (opts.option_name)::name AS option_name,
    (
        CASE
            WHEN (((um.umuser <> (0)::oid) AND ((um.authorization_identifier)::name = CURRENT_USER)) OR ((um.umuser = (0)::oid) AND pg_has_role((um.srvowner)::name, 'USAGE'::text)) OR ( SELECT pg_authid.rolsuper
               FROM pg_authid
              WHERE (pg_authid.rolname = CURRENT_USER))) THEN opts.option_value
            ELSE NULL::text
        END)::character varying AS option_value
   FROM information_schema._pg_user_mappings um,
    LATERAL pg_options_to_table(um.umoptions) opts(option_name, option_value);

CREATE VIEW information_schema.user_mappings (authorization_identifier, foreign_server_catalog, foreign_server_name) WITH (oid = 13555, row_type = 13557, array_type = 13556, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT _pg_user_mappings.authorization_identifier,
    _pg_user_mappings.foreign_server_catalog,
    _pg_user_mappings.foreign_server_name
   FROM information_schema._pg_user_mappings;

