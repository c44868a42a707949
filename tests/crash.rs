//! kill −9 under writing clients: every acknowledged commit is found again, and
//! no transaction is half there. `TEST_KILLS` says how many kills.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use crate::support::{block_on, connect, count, zserver::Zserver};

pub const CLIENTS: i32 = 8;
/// How long the clients write before each kill.
const ROUND_MS: u64 = 250;

/// What the clients write to.
pub const SETUP: &str =
    "CREATE TABLE log (client int, n bigint, part text, PRIMARY KEY (client, n, part))";

/// Writes one number after the other. `acknowledged` is the last one that was committed,
/// now and at the end.
pub async fn write_until_killed(
    port: u16,
    client: i32,
    acknowledged: Arc<AtomicI64>,
    stop: Arc<AtomicBool>,
) -> i64 {
    let connection = connect(port).await;
    while !stop.load(Ordering::Relaxed) {
        let next = acknowledged.load(Ordering::SeqCst) + 1;
        // Two rows in one transaction: both or none.
        let sql = format!(
            "BEGIN; INSERT INTO log VALUES ({client}, {next}, 'a'); \
             INSERT INTO log VALUES ({client}, {next}, 'b'); COMMIT"
        );
        match connection.batch_execute(&sql).await {
            Ok(()) => acknowledged.store(next, Ordering::SeqCst),
            Err(_) => break,
        }
    }
    acknowledged.load(Ordering::SeqCst)
}

/// The largest number of a client that is stored, after checking that all up to
/// it are there in pairs.
pub async fn stored(port: u16, client: i32) -> i64 {
    let connection = connect(port).await;
    let row = connection
        .query_one(
            "SELECT coalesce(max(n), 0), count(*), count(DISTINCT n) FROM log WHERE client = $1",
            &[&client],
        )
        .await
        .expect("the table is readable");
    let (last, rows, numbers): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(numbers, last, "client {client}: a number is missing");
    assert_eq!(rows, 2 * last, "client {client}: a transaction is half there");
    last
}

#[test]
fn no_acknowledged_commit_is_lost_in_25_kills() {
    let kills = count("TEST_KILLS", 25);
    let mut server = Zserver::start();
    block_on(async {
        connect(server.port).await.batch_execute(SETUP).await.expect("a table");
    });
    let mut known = vec![0i64; CLIENTS as usize];
    for _ in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let port = server.port;
        let (data, acknowledged) = block_on(async {
            let tasks: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let from = Arc::new(AtomicI64::new(known[client as usize]));
                    tokio::spawn(write_until_killed(port, client, from, stop.clone()))
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(ROUND_MS)).await;
            let data = server.kill();
            stop.store(true, Ordering::Relaxed);
            let mut acknowledged = Vec::new();
            for task in tasks {
                acknowledged.push(task.await.expect("the client task ends"));
            }
            (data, acknowledged)
        });
        server = Zserver::start_over(&data, &[]);
        for client in 0..CLIENTS {
            let last = block_on(stored(server.port, client));
            let acknowledged = acknowledged[client as usize];
            assert!(
                last >= acknowledged,
                "client {client}: {acknowledged} was acknowledged, {last} is there"
            );
            assert!(last <= acknowledged + 1, "client {client}: more is stored than was sent");
            known[client as usize] = last;
        }
    }
    assert!(known.iter().all(|last| *last > 0), "every client has written");
    let commits: i64 = known.iter().sum();
    println!("{kills} kills, {commits} commits found again, 0 lost");
}

/// SIGTERM while eight clients write: it ends in good order and in time, and what was
/// acknowledged is there.
#[test]
fn sigterm_under_load_exits_0_within_10_seconds() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Zserver::start_over(&data, &[]);
    let port = server.port;
    let (status, took, acknowledged) = block_on(async {
        connect(port).await.batch_execute(SETUP).await.expect("a table");
        let stop = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..CLIENTS)
            .map(|client| {
                tokio::spawn(write_until_killed(port, client, Arc::default(), stop.clone()))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let started = std::time::Instant::now();
        let status = tokio::task::spawn_blocking(|| server.terminate()).await.expect("a status");
        let took = started.elapsed();
        stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for task in tasks {
            acknowledged.push(task.await.expect("the client task ends"));
        }
        (status, took, acknowledged)
    });
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let server = Zserver::start_over(&data, &[]);
    for (client, acknowledged) in (0..CLIENTS).zip(acknowledged) {
        let last = block_on(stored(server.port, client));
        assert!(last >= acknowledged, "client {client}: {acknowledged} acknowledged, {last} there");
        assert!(last <= acknowledged + 1, "client {client}: more is stored than was sent");
    }
}

#[test]
fn sigterm_exits_0_and_keeps_everything() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Zserver::start_over(&data, &[]);
    block_on(async {
        let client = connect(server.port).await;
        client
            .batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
            .await
            .expect("a row");
    });
    assert_eq!(server.terminate().code(), Some(0));
    let server = Zserver::start_over(&data, &[]);
    block_on(async {
        let client = connect(server.port).await;
        let row = client.query_one("SELECT a FROM t", &[]).await.expect("the row is there");
        assert_eq!(row.get::<_, i32>(0), 1);
    });
}

/// The number that a query answers with.
async fn number(client: &tokio_postgres::Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}

#[test]
fn what_was_dropped_before_a_kill_is_taken_back_after_it() {
    let orphans = "SELECT count(*) FROM zserver_check() WHERE kind = 'orphan'";
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let server = Zserver::start_over(&directory.path().join("data"), &[]);
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(MADE_AND_DROPPED[0]).await.expect("tables");
        // Nothing is taken back while an older snapshot may read it.
        let old = connect(server.port).await;
        old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
            .await
            .expect("a snapshot");
        for sql in &MADE_AND_DROPPED[1..] {
            client.batch_execute(sql).await.expect(sql);
        }
        assert!(number(&client, orphans).await > 0, "the storage is still there");
    });
    let server = server.kill_and_start();
    let spilled = std::fs::read_dir(directory.path().join("data/spill")).expect("a directory");
    assert!(spilled.count() <= 1, "only this server's own spill directory is there");
    block_on(async {
        let client = connect(server.port).await;
        let mut left = -1;
        for _ in 0..200 {
            left = number(&client, orphans).await;
            if left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(left, 0, "storage that nobody has is gone");
        client.batch_execute("COMMIT PREPARED 'p'").await.expect("what is prepared is there");
        for (table, rows) in [("kept", 30_000), ("emptied", 5), ("prepared", 2_000)] {
            let count = format!("SELECT count(*) FROM {table}");
            assert_eq!(number(&client, &count).await, rows, "{table}");
        }
        assert_eq!(number(&client, "SELECT count(*) FROM prepared WHERE a = 7").await, 1);
        assert_eq!(number(&client, "SELECT count(*) FROM zserver_check()").await, 0);
    });
}

/// Tables, and what becomes of them while an old snapshot is held.
const MADE_AND_DROPPED: [&str; 5] = [
    "CREATE TABLE kept AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 30000) g; \
     CREATE INDEX ON kept (b); \
     CREATE TABLE dropped (a int PRIMARY KEY, b text UNIQUE); \
     INSERT INTO dropped SELECT * FROM kept; CREATE TABLE emptied AS SELECT * FROM kept",
    "DROP TABLE dropped",
    "TRUNCATE emptied; INSERT INTO emptied SELECT * FROM kept LIMIT 5",
    "ALTER TABLE kept ALTER a TYPE bigint; REINDEX TABLE kept",
    "BEGIN; CREATE TABLE prepared AS SELECT g AS a FROM generate_series(1, 2000) g; \
     CREATE INDEX ON prepared (a); PREPARE TRANSACTION 'p'",
];
