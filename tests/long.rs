//! Long transactions, old snapshots, and clients that are gone: what they keep is
//! bounded, seen, and given back.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::raw::{Raw, frame, query};
use crate::support::{block_on, connect, zserver::Zserver};

const PATIENCE: Duration = Duration::from_secs(60);

fn start(environment: &[(&str, &str)]) -> (tempfile::TempDir, Zserver) {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let mut all = vec![("ZSERVER_DEV", "true")];
    all.extend_from_slice(environment);
    let server = Zserver::start_secured(&directory.path().join("data"), &all);
    (directory, server)
}

async fn column(client: &Client, sql: &str) -> String {
    let messages = client.simple_query(sql).await.expect(sql);
    let values = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
        _ => None,
    });
    values.collect::<Vec<_>>().join(" ")
}

async fn until(client: &Client, sql: &str, expected: &str) {
    let started = Instant::now();
    loop {
        let found = column(client, sql).await;
        if found == expected {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{sql}: {found}, not {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn code(client: &Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    error.code().map(|code| code.code().to_owned()).unwrap_or_default()
}

#[test]
fn an_old_snapshot_is_shown_and_then_given_up() {
    let (_directory, server) = start(&[("ZSERVER_MAX_SNAPSHOT", "2MB")]);
    block_on(async {
        let (old, writer) = (connect(server.port).await, connect(server.port).await);
        writer
            .batch_execute("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'first')")
            .await
            .expect("a table");
        old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t")
            .await
            .expect("a snapshot");
        let pid = column(&old, "SELECT pg_backend_pid()").await;
        writer.batch_execute("UPDATE t SET b = repeat('x', 500000)").await.expect("a write");
        let held = format!(
            "SELECT bytes_since > 500000 AND bytes_since < bytes_max AND taken <= now() \
             FROM zserver_snapshots() WHERE {pid} = ANY (pids)"
        );
        assert_eq!(column(&writer, &held).await, "t");
        assert_eq!(column(&old, "SELECT b FROM t").await, "first", "it still reads");
        for _ in 0..8 {
            let write = "UPDATE t SET b = repeat('y', 500000)";
            writer.batch_execute(write).await.expect("a write");
        }
        assert_eq!(code(&old, "SELECT b FROM t").await, "72000");
        old.batch_execute("ROLLBACK").await.expect("ROLLBACK");
        assert_eq!(column(&old, "SELECT length(b) FROM t").await, "500000");
        let oldest = "SELECT max(bytes_since) < 2000000 FROM zserver_snapshots()";
        until(&writer, oldest, "t").await;
    });
}

#[test]
fn updates_beyond_the_budget_keep_to_their_memory() {
    let (_directory, server) = start(&[("ZSERVER_MAX_WRITE_SET", "4MB")]);
    block_on(async {
        let client = connect(server.port).await;
        client
            .batch_execute(
                "CREATE TABLE t (a int, b int); \
                 INSERT INTO t SELECT g, 0 FROM generate_series(1, 200000) g",
            )
            .await
            .expect("rows");
        let before = server.memory_bytes();
        for _ in 0..3 {
            client.batch_execute("BEGIN; UPDATE t SET b = 1; ROLLBACK").await.expect("an update");
            client.batch_execute("BEGIN; DELETE FROM t; ROLLBACK").await.expect("a delete");
        }
        assert_eq!(column(&client, "SELECT sum(b) FROM t").await, "0");
        assert_eq!(column(&client, "SELECT count(*) FROM t").await, "200000");
        let grown = server.memory_bytes().saturating_sub(before);
        assert!(grown < 200 << 20, "{grown} bytes more");
        client.batch_execute("UPDATE t SET b = 1").await.expect("one that is committed");
        assert_eq!(column(&client, "SELECT sum(b) FROM t").await, "200000");
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'tuple'";
        assert_eq!(column(&client, locks).await, "0");
    });
}

#[test]
fn savepoints_nest_by_the_thousand() {
    const DEPTH: usize = 5_000;
    let (_directory, server) = start(&[]);
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute("CREATE TABLE t (a int PRIMARY KEY); BEGIN").await.expect("BEGIN");
        let mut sql = String::new();
        for n in 0..DEPTH {
            sql.push_str(&format!("SAVEPOINT s{n}; INSERT INTO t VALUES ({n});"));
        }
        client.batch_execute(&sql).await.expect("savepoints");
        assert_eq!(column(&client, "SELECT count(*) FROM t").await, DEPTH.to_string());
        client.batch_execute("ROLLBACK TO s4000; RELEASE s3000").await.expect("back");
        assert_eq!(column(&client, "SELECT count(*) FROM t").await, "4000");
        assert_eq!(code(&client, "ROLLBACK TO s3500").await, "3B001");
        client.batch_execute("ROLLBACK TO s2000; COMMIT").await.expect("COMMIT");
        assert_eq!(column(&client, "SELECT count(*) FROM t").await, "2000");
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype IN ('tuple', 'object')";
        assert_eq!(column(&client, locks).await, "0");
    });
}

#[test]
fn clients_that_vanish_leave_no_lock_snapshot_or_row() {
    let (_directory, server) = start(&[]);
    block_on(async {
        let client = connect(server.port).await;
        client
            .batch_execute(
                "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE other (a int); \
                 INSERT INTO t SELECT g, 'b' FROM generate_series(1, 100) g",
            )
            .await
            .expect("tables");
        for round in 0..20 {
            let mut raw = Raw::log_in(server.port);
            let begin = format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE t SET b = 'x' WHERE a = {}; \
                 INSERT INTO t VALUES ({}); LOCK TABLE other; SAVEPOINT a; \
                 SELECT pg_advisory_lock(7)",
                round + 1,
                1_000 + round
            );
            if round % 2 == 0 {
                raw.send(&query(begin.as_bytes()));
                while raw.message().expect("an answer").0 != b'Z' {}
            } else {
                raw.send(&query(b"COPY t FROM STDIN"));
                while raw.message().expect("an answer").0 != b'G' {}
                for row in 0..500 {
                    let line = format!("{}\tcopied\n", 10_000 + round * 1_000 + row);
                    raw.send(&frame(b'd', line.as_bytes()));
                }
            }
            drop(raw);
            if round % 2 == 0 {
                // The next one wants the same locks.
                until(
                    &client,
                    "SELECT count(*) FROM pg_locks WHERE relation = 'other'::regclass",
                    "0",
                )
                .await;
            }
        }
        until(&client, "SELECT count(*) FROM pg_stat_activity", "1").await;
        let locks = "SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() OR pid IS NULL";
        assert_eq!(column(&client, locks).await, "0");
        let readers = "SELECT count(*) FROM zserver_snapshots(), unnest(pids) p \
                       WHERE p <> pg_backend_pid()";
        assert_eq!(column(&client, readers).await, "0");
        assert_eq!(column(&client, "SELECT count(*) FROM t WHERE b = 'b'").await, "100");
        assert_eq!(column(&client, "SELECT count(*) FROM t").await, "100");
        client
            .batch_execute(
                "BEGIN; DELETE FROM t; LOCK TABLE other; SELECT pg_advisory_xact_lock(7); COMMIT",
            )
            .await
            .expect("nothing is locked");
    });
}

#[test]
fn a_transaction_ends_by_its_timeout_whatever_it_does() {
    let (_directory, server) = start(&[]);
    block_on(async {
        let observer = connect(server.port).await;
        for sql in ["SELECT pg_sleep(60)", "SELECT 1"] {
            let client = connect(server.port).await;
            client
                .batch_execute("SET transaction_timeout = 300; BEGIN; CREATE TABLE t (a int)")
                .await
                .expect("BEGIN");
            let started = Instant::now();
            let result = client.batch_execute(sql).await;
            if sql.contains("sleep") {
                let error = result.expect_err("the transaction is too long");
                let error = error.as_db_error().expect("the server says so");
                assert_eq!(error.code().code(), "25P04");
                assert_eq!(error.message(), "terminating connection due to transaction timeout");
            } else {
                result.expect("a short statement");
            }
            while !client.is_closed() {
                assert!(started.elapsed() < PATIENCE, "the session goes on");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            until(&observer, "SELECT count(*) FROM pg_stat_activity", "1").await;
            assert_eq!(code(&observer, "SELECT * FROM t").await, "42P01");
        }
        // Between transactions it does not count, and a new one begins anew.
        let client = connect(server.port).await;
        client.batch_execute("SET transaction_timeout = 500").await.expect("SET");
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            client.batch_execute("BEGIN; SELECT pg_sleep(0.1); COMMIT").await.expect("in time");
        }
    });
}

#[test]
fn what_sessions_do_is_counted_and_shown() {
    let (_directory, server) = start(&[]);
    block_on(async {
        let (client, observer) = (connect(server.port).await, connect(server.port).await);
        client
            .batch_execute(
                "CREATE TABLE t (a int PRIMARY KEY, b int); \
                 INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g; \
                 UPDATE t SET b = 0 WHERE a <= 10; DELETE FROM t WHERE a > 990; \
                 SELECT * FROM t WHERE a = 5; SELECT count(*) FROM t WHERE b = 7",
            )
            .await
            .expect("work");
        let counts = "SELECT (n_tup_ins, n_tup_upd, n_tup_del, n_live_tup, seq_scan > 0, \
                      seq_tup_read >= 990, idx_scan > 0, idx_tup_fetch > 0)::text \
                      FROM pg_stat_user_tables WHERE relname = 't'";
        let expected = "(1000,10,10,990,t,t,t,t)";
        assert_eq!(column(&observer, counts).await, expected);
        let index = "SELECT idx_scan > 0 AND idx_tup_fetch > 0 FROM pg_stat_user_indexes \
                     WHERE indexrelname = 't_pkey'";
        assert_eq!(column(&observer, index).await, "t");
        // A rollback is counted, and so are its rows.
        client.batch_execute("BEGIN; INSERT INTO t VALUES (-1, 0); ROLLBACK").await.expect("it");
        let inserted = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 't'";
        assert_eq!(column(&observer, inserted).await, "1001");
        let database = "SELECT (xact_commit > 1, xact_rollback, tup_inserted, deadlocks, \
                        numbackends, sessions)::text FROM pg_stat_database \
                        WHERE datname = current_database()";
        assert_eq!(column(&observer, database).await, "(t,1,1001,0,2,2)");
        // What a session has done outlives it.
        drop(client);
        until(&observer, "SELECT count(*) FROM pg_stat_activity", "1").await;
        assert_eq!(column(&observer, inserted).await, "1001");
        observer
            .batch_execute("SET track_counts = off; INSERT INTO t VALUES (-2, 0)")
            .await
            .expect("an uncounted row");
        assert_eq!(column(&observer, inserted).await, "1001");
        observer.batch_execute("RESET track_counts; SELECT pg_stat_reset()").await.expect("reset");
        assert_eq!(column(&observer, inserted).await, "0");
        let reset =
            "SELECT stats_reset <= now() FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(column(&observer, reset).await, "t");
        let commits = "SELECT groups > 0 AND transactions >= groups AND syncs > 0 \
                       AND sync_us >= sync_us_max AND sync_us_p50 <= sync_us_p99 AND bytes > 0 \
                       FROM zserver_commits()";
        assert_eq!(column(&observer, commits).await, "t");
    });
}

#[test]
fn deadlocks_are_counted() {
    let (_directory, server) = start(&[]);
    block_on(async {
        let (first, second) = (connect(server.port).await, connect(server.port).await);
        first
            .batch_execute(
                "CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 0), (2, 0)",
            )
            .await
            .expect("rows");
        first
            .batch_execute("SET deadlock_timeout = 50; BEGIN; UPDATE t SET b = 1 WHERE a = 1")
            .await
            .expect("the first row");
        second
            .batch_execute("BEGIN; UPDATE t SET b = 2 WHERE a = 2")
            .await
            .expect("the second row");
        let waiting = tokio::spawn(async move {
            let result = second.batch_execute("UPDATE t SET b = 2 WHERE a = 1").await;
            (second, result)
        });
        let observer = connect(server.port).await;
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        until(&observer, waits, "1").await;
        assert_eq!(code(&first, "UPDATE t SET b = 1 WHERE a = 2").await, "40P01");
        let (_second, result) = waiting.await.expect("a task");
        result.expect("the other one goes on");
        let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(column(&observer, deadlocks).await, "1");
    });
}

#[test]
fn transactions_under_way_are_shown() {
    let (_directory, server) = start(&[]);
    block_on(async {
        let (client, observer) = (connect(server.port).await, connect(server.port).await);
        client.batch_execute("CREATE TABLE t (a int)").await.expect("a table");
        let pid = column(&client, "SELECT pg_backend_pid()").await;
        client.batch_execute("BEGIN; SELECT * FROM t").await.expect("BEGIN");
        let shown = format!(
            "SELECT (state, backend_xid IS NULL, backend_xmin IS NOT NULL, \
             xact_start <= query_start, wait_event)::text FROM pg_stat_activity WHERE pid = {pid}"
        );
        assert_eq!(column(&observer, &shown).await, "(\"idle in transaction\",t,t,t,ClientRead)");
        let locks = format!(
            "SELECT string_agg(locktype || ' ' || mode || ' ' || granted || ' ' || fastpath, ', ' \
             ORDER BY locktype) FROM pg_locks WHERE pid = {pid}"
        );
        assert_eq!(
            column(&observer, &locks).await,
            "relation AccessShareLock true true, virtualxid ExclusiveLock true true"
        );
        client.batch_execute("INSERT INTO t VALUES (1)").await.expect("a row");
        let same = format!(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
             WHERE pid = {pid} AND l.transactionid = a.backend_xid AND l.mode = 'ExclusiveLock' \
             AND l.virtualtransaction = (SELECT virtualxid FROM pg_locks \
                                         WHERE pid = {pid} AND locktype = 'virtualxid')"
        );
        assert_eq!(column(&observer, &same).await, "1");
        client.batch_execute("COMMIT").await.expect("COMMIT");
        let after = format!(
            "SELECT (count(*), (SELECT backend_xid IS NULL AND xact_start IS NULL \
             FROM pg_stat_activity WHERE pid = {pid}))::text FROM pg_locks WHERE pid = {pid}"
        );
        assert_eq!(column(&observer, &after).await, "(0,t)");
    });
}
