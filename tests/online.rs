//! Tables that are changed while they are in use: indexes that are built, rebuilt and
//! dropped beside writers, partitions that are detached beside readers, and what is left of
//! it when the server dies in the middle.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::{Client, error::SqlState};

use crate::support::{block_on, connect, zserver::Zserver};

const ROWS: i32 = 3_000;

const SETUP: &str = "
    CREATE TABLE t (id int PRIMARY KEY, k int, u int UNIQUE, words text[], v int DEFAULT 0);
    CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t (u) ON UPDATE CASCADE ON DELETE CASCADE);
    INSERT INTO t SELECT n, n % 50, n, ARRAY['w' || n % 7, 'x' || n % 11]
        FROM generate_series(1, 3000) n;
    INSERT INTO child SELECT n, n * 10 FROM generate_series(1, 300) n";

/// A number that looks random, from one that counts.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Changes rows at random until told to stop; answers how many transactions it committed.
/// Only a key that another row has already may fail, and one of two that wait for each
/// other.
fn writer(client: Client, seed: u64, stop: Arc<AtomicBool>) -> JoinHandle<u64> {
    tokio::spawn(async move {
        let (mut committed, mut n) = (0, seed << 32);
        while !stop.load(Ordering::Relaxed) {
            n += 1;
            let (pick, other) = (mixed(n), mixed(n ^ 0x5555));
            let (row, value) = (pick % ROWS as u64 + 1, other % 5_000 + 1);
            let sql = match pick >> 40 & 7 {
                0 => format!("DELETE FROM t WHERE id = {row}"),
                1 | 2 => format!(
                    "INSERT INTO t VALUES ({row}, {value} % 50, {value}, ARRAY['w' || {value} % 7]) \
                     ON CONFLICT (id) DO UPDATE SET k = excluded.k"
                ),
                3 => format!("UPDATE t SET u = {value} WHERE id = {row}"),
                4 => format!("UPDATE t SET k = {value} % 50, words = '{{y}}' WHERE id = {row}"),
                5 => format!("UPDATE t SET v = v + 1 WHERE id BETWEEN {row} AND {row} + 3"),
                6 => format!("BEGIN; UPDATE t SET u = -u WHERE id = {row}; ROLLBACK"),
                _ => format!(
                    "BEGIN; SAVEPOINT a; UPDATE t SET k = k + 1 WHERE id = {row}; ROLLBACK TO a; \
                     UPDATE t SET u = {value} WHERE id = {row} AND NOT EXISTS \
                     (SELECT FROM t WHERE u = {value}); COMMIT"
                ),
            };
            match client.batch_execute(&sql).await {
                Ok(()) => committed += 1,
                Err(error) => {
                    let report = error.as_db_error().expect("the server answers").clone();
                    let is_known = *report.code() == SqlState::T_R_DEADLOCK_DETECTED
                        || report.constraint() == Some("t_u_key");
                    assert!(is_known, "{sql}: {report}");
                    let _ = client.batch_execute("ROLLBACK").await;
                }
            }
        }
        committed
    })
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}

/// Nothing is wrong with any table or index. What was dropped a moment ago may still be
/// about to be taken back.
async fn assert_sound(client: &Client) {
    let sql = "SELECT kind, object, message FROM zserver_check() WHERE kind <> 'orphan'";
    let found = client.query(sql, &[]).await;
    let found: Vec<String> = found
        .expect("a check")
        .iter()
        .map(|row| {
            let [kind, object, message]: [String; 3] = [row.get(0), row.get(1), row.get(2)];
            format!("{kind} {object}: {message}")
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

async fn execute(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

#[test]
fn indexes_are_built_rebuilt_and_dropped_beside_writers() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        execute(&client, SETUP).await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut writers = Vec::new();
        for seed in 1..=4 {
            writers.push(writer(connect(server.port).await, seed, stop.clone()));
        }
        for round in 0..4 {
            execute(&client, "CREATE INDEX CONCURRENTLY by_k ON t (k)").await;
            execute(&client, "CREATE UNIQUE INDEX CONCURRENTLY by_u ON t (u)").await;
            let partial = "CREATE INDEX CONCURRENTLY by_some ON t ((k + v)) WHERE u % 3 = 0";
            execute(&client, partial).await;
            execute(&client, "CREATE INDEX CONCURRENTLY by_words ON t USING gin (words)").await;
            assert_sound(&client).await;
            execute(&client, "REINDEX INDEX CONCURRENTLY by_k").await;
            execute(&client, "REINDEX TABLE CONCURRENTLY t").await;
            assert_sound(&client).await;
            let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
            assert_eq!(number(&client, invalid).await, 0, "round {round}");
            for index in ["by_k", "by_u", "by_some", "by_words"] {
                execute(&client, &format!("DROP INDEX CONCURRENTLY {index}")).await;
            }
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            assert!(writer.await.expect("the writer is well") > 0, "writers go on meanwhile");
        }
        assert_sound(&client).await;
        let orphans = "SELECT count(*) FROM zserver_check() WHERE kind = 'orphan'";
        for _ in 0..100 {
            if number(&client, orphans).await == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(number(&client, orphans).await, 0, "dropped entries are taken back");
        let left =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND pid <> pg_backend_pid()";
        assert_eq!(number(&client, left).await, 0, "no lock is left");
    });
}

/// Starts a statement, and comes back when it waits for a lock.
async fn blocked(server: &Zserver, sql: &'static str) {
    let (client, observer) = (connect(server.port).await, connect(server.port).await);
    tokio::spawn(async move {
        // The server dies under it.
        let _ = client.batch_execute(sql).await;
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    for _ in 0..2_000 {
        if number(&observer, waits).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{sql} does not wait");
}

#[test]
fn a_build_that_is_killed_leaves_an_index_that_can_be_rebuilt() {
    let server = Zserver::start();
    let data = block_on(async {
        let client = connect(server.port).await;
        execute(&client, SETUP).await;
        execute(&client, "BEGIN; UPDATE t SET k = 1 WHERE id = 1").await;
        blocked(&server, "CREATE UNIQUE INDEX CONCURRENTLY by_id ON t (id)").await;
        // While the client is there: what waits for it would go on.
        server.kill()
    });
    let server = Zserver::start_over(&data, &[]);
    block_on(async {
        let client = connect(server.port).await;
        let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
        assert_eq!(number(&client, invalid).await, 1);
        execute(&client, "INSERT INTO t VALUES (9001, 1, 9001), (9002, 2, 9002)").await;
        execute(&client, "DELETE FROM t WHERE id = 2").await;
        assert_sound(&client).await;
        execute(&client, "REINDEX INDEX CONCURRENTLY by_id").await;
        assert_eq!(number(&client, invalid).await, 0);
        assert_sound(&client).await;
        let twice = client.batch_execute("INSERT INTO t VALUES (9001, 1, 9003)").await;
        assert!(twice.is_err());
    });
    drop(server);
    remove(&data);
}

/// Kills the server again and again while indexes are built beside writers.
#[test]
fn kills_in_the_middle_of_builds_leave_tables_and_valid_indexes_sound() {
    let server = Zserver::start();
    block_on(async { execute(&connect(server.port).await, SETUP).await });
    let mut data = server.kill();
    for round in 1..=6u64 {
        let server = Zserver::start_over(&data, &[]);
        block_on(async {
            let stop = Arc::new(AtomicBool::new(false));
            for seed in 1..=2 {
                let client = connect(server.port).await;
                let writer = writer(client, round * 10 + seed, stop.clone());
                // It ends with its connection.
                drop(writer);
            }
            let client = connect(server.port).await;
            let building = tokio::spawn(async move {
                for _ in 0..100 {
                    for sql in [
                        "CREATE INDEX CONCURRENTLY IF NOT EXISTS by_k ON t (k)",
                        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS by_u ON t (u)",
                        "REINDEX TABLE CONCURRENTLY t",
                        "DROP INDEX CONCURRENTLY IF EXISTS by_k",
                        "DROP INDEX CONCURRENTLY IF EXISTS by_u",
                    ] {
                        if client.batch_execute(sql).await.is_err() {
                            return;
                        }
                    }
                }
            });
            tokio::time::sleep(Duration::from_millis(200 + mixed(round) % 900)).await;
            stop.store(true, Ordering::Relaxed);
            building.abort();
        });
        data = server.kill();
        let server = Zserver::start_over(&data, &[]);
        block_on(async {
            let client = connect(server.port).await;
            assert_sound(&client).await;
            // What was left behind is dropped, and the table can be written to.
            let rows = client
                .query("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid", &[])
                .await
                .expect("the catalog is read");
            for row in rows {
                let index: String = row.get(0);
                execute(&client, &format!("DROP INDEX CONCURRENTLY {index}")).await;
            }
            execute(&client, "UPDATE t SET v = v + 1").await;
            assert_sound(&client).await;
        });
        data = server.kill();
    }
    remove(&data);
}

#[test]
fn a_detach_that_was_cut_off_is_finalized() {
    let server = Zserver::start();
    let data = block_on(async {
        let client = connect(server.port).await;
        let setup = "
            CREATE TABLE p (a int PRIMARY KEY) PARTITION BY LIST (a);
            CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
            CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
            INSERT INTO p VALUES (1), (2)";
        execute(&client, setup).await;
        execute(&client, "BEGIN; SELECT * FROM p").await;
        blocked(&server, "ALTER TABLE p DETACH PARTITION p2 CONCURRENTLY").await;
        server.kill()
    });
    let server = Zserver::start_over(&data, &[]);
    block_on(async {
        let client = connect(server.port).await;
        assert_eq!(number(&client, "SELECT count(*) FROM p").await, 1);
        assert_eq!(number(&client, "SELECT count(*) FROM p2").await, 1);
        let pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending";
        assert_eq!(number(&client, pending).await, 1);
        let again = client.batch_execute("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY").await;
        let code = again.expect_err("one is pending").code().cloned();
        assert_eq!(code, Some(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE));
        execute(&client, "ALTER TABLE p DETACH PARTITION p2 FINALIZE").await;
        assert_eq!(number(&client, pending).await, 0);
        // It goes on holding what it held, by a CHECK of its own.
        let other = client.batch_execute("INSERT INTO p2 VALUES (3)").await;
        assert_eq!(other.expect_err("it is 2").code(), Some(&SqlState::CHECK_VIOLATION));
        execute(&client, "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY").await;
        assert_sound(&client).await;
    });
    drop(server);
    remove(&data);
}

fn remove(data: &Path) {
    // The directory that was made for it goes, too.
    let _ = std::fs::remove_dir_all(data.parent().unwrap_or(data));
}
