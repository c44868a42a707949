//! Statements that change more rows than a transaction has memory for.
//!
//! `TEST_LARGE_ROWS` says how many rows; at a million and more, what the server keeps
//! in memory is held against a limit too.

use std::path::Path;
use std::time::Duration;

use tokio_postgres::Client;

use crate::support::{block_on, connect, count, zserver::Zserver};

/// What the server may have more of after its largest statement.
const GROWTH_MIB_MAX: u64 = 700;

const SETTINGS: [(&str, &str); 2] = [("ZSERVER_DEV", "true"), ("ZSERVER_MAX_WRITE_SET", "1MB")];

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}

async fn run(client: &Client, sql: &str) {
    client.batch_execute(sql).await.expect(sql);
}

fn runs(data: &Path) -> usize {
    std::fs::read_dir(data.join("runs")).map_or(0, |entries| entries.count())
}

async fn fill(client: &Client, rows: usize) {
    let sql = format!(
        "CREATE TABLE t (a int PRIMARY KEY, b text, c int); CREATE INDEX ON t (c); \
         INSERT INTO t SELECT g, md5(g::text), 0 FROM generate_series(1, {rows}) g"
    );
    run(client, &sql).await;
}

/// How many rows there are with each number, through the table and through the index.
async fn all_have(client: &Client, c: i64, rows: i64) {
    assert_eq!(number(client, "SELECT count(*) FROM t").await, rows);
    assert_eq!(number(client, &format!("SELECT count(*) FROM t WHERE c = {c}")).await, rows);
    assert_eq!(number(client, "SELECT coalesce(sum(c), 0) FROM t").await, c * rows);
}

#[test]
fn statements_change_more_rows_than_memory_holds() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Zserver::start_secured(&data, &SETTINGS);
    let rows = count("TEST_LARGE_ROWS", 15_000);
    let expected = rows as i64;
    let before = block_on(async {
        let (client, other) = (connect(server.port).await, connect(server.port).await);
        fill(&client, rows).await;
        run(&other, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
        all_have(&other, 0, expected).await;
        let before = server.memory_bytes();
        run(&client, "UPDATE t SET c = c + 1").await;
        all_have(&client, 1, expected).await;
        // An old snapshot sees what it saw.
        all_have(&other, 0, expected).await;
        run(&other, "COMMIT").await;
        all_have(&other, 1, expected).await;
        before
    });
    block_on(async {
        let (client, other) = (connect(server.port).await, connect(server.port).await);
        run(&client, "BEGIN; UPDATE t SET c = 7; SAVEPOINT s; DELETE FROM t").await;
        assert_eq!(number(&client, "SELECT count(*) FROM t").await, 0);
        assert_eq!(number(&client, "SELECT count(*) FROM t WHERE c = 7").await, 0);
        all_have(&other, 1, expected).await;
        run(&client, "ROLLBACK TO s").await;
        all_have(&client, 7, expected).await;
        run(&client, "UPDATE t SET c = 8 WHERE a % 2 = 0; UPDATE t SET c = 8 WHERE a % 2 = 1")
            .await;
        all_have(&client, 8, expected).await;
        assert!(runs(&data) > 0);
        run(&client, "ROLLBACK").await;
        all_have(&client, 1, expected).await;
        assert_eq!(runs(&data), 0, "runs are left");
        // A failed statement leaves nothing.
        let fails = format!("UPDATE t SET c = 1 / ({rows} - a)");
        let error = client.batch_execute(&fails).await.expect_err("a division by zero");
        assert_eq!(error.code().expect("a code").code(), "22012");
        all_have(&client, 1, expected).await;
        // New rows, changed ones and removed ones in one transaction.
        let mixed = format!(
            "BEGIN; INSERT INTO t SELECT g, 'new', 1 FROM generate_series({rows} + 1, {rows} * 2) g; \
             UPDATE t SET c = 2; DELETE FROM t WHERE a <= {rows}; COMMIT"
        );
        run(&client, &mixed).await;
        all_have(&client, 2, expected).await;
        assert_eq!(number(&client, "SELECT count(*) FROM t WHERE b = 'new'").await, expected);
        run(&client, "DELETE FROM t").await;
        all_have(&client, 2, 0).await;
    });
    let growth = server.memory_bytes().saturating_sub(before) >> 20;
    println!("{rows} rows: {growth} MiB more than before");
    assert!(rows < 1_000_000 || growth < GROWTH_MIB_MAX, "{growth} MiB more than before");
    assert_eq!(server.terminate().code(), Some(0));
    let (status, said) = Zserver::command(&data, &["check"]);
    assert_eq!(status, Some(0), "{said}");
}

/// kill -9 while all rows are changed, sooner or later: all are changed, or none.
#[test]
fn a_kill_leaves_a_large_update_whole() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let rows = count("TEST_LARGE_ROWS", 15_000).min(400_000);
    let mut server = Zserver::start_secured(&data, &SETTINGS);
    let took = block_on(async {
        let client = connect(server.port).await;
        fill(&client, rows).await;
        let started = std::time::Instant::now();
        run(&client, "UPDATE t SET c = c + 1").await;
        started.elapsed()
    });
    let mut known = 1;
    for part in 0..8 {
        let acknowledged = block_on(async {
            let client = connect(server.port).await;
            let update = tokio::spawn(async move {
                client.batch_execute("UPDATE t SET c = c + 1").await.is_ok()
            });
            // Most of the kills come near the end, where it is committed.
            tokio::time::sleep(took * (60 + part * 7) / 100 + Duration::from_millis(1)).await;
            server.kill();
            update.await.expect("the client ends")
        });
        server = Zserver::start_secured(&data, &SETTINGS);
        known = block_on(async {
            let client = connect(server.port).await;
            let c = number(&client, "SELECT min(c)::bigint FROM t").await;
            assert!(c == known + 1 || c == known && !acknowledged, "{known}, then {c}");
            all_have(&client, c, rows as i64).await;
            c
        });
        assert_eq!(runs(&data), 0, "runs are left");
    }
    assert_eq!(server.terminate().code(), Some(0));
    let (status, said) = Zserver::command(&data, &["check"]);
    assert_eq!(status, Some(0), "{said}");
}
