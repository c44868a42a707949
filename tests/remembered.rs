//! Searches with a condition that are asked again and again: the rows that pass are
//! remembered, and stay right whatever is written, by whom and seen from when.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_postgres::Client;

use crate::support::{block_on, connect, zserver::Zserver};

const ROWS: i32 = 6_000;
/// A graph is filled first, after a load.
const PATIENCE: Duration = Duration::from_secs(120);
const SEARCH: &str = "SELECT id FROM t WHERE kind = $1 ORDER BY v <-> $2::text::vector LIMIT 10";

async fn setup(client: &Client) {
    let text = format!(
        "CREATE EXTENSION vector;
         CREATE TABLE t (id int PRIMARY KEY, kind int, other int, v vector(3));
         INSERT INTO t SELECT i, i % 60, 0, array[sin(i) * 100, cos(i * 1.7) * 100, i % 97]::vector
             FROM generate_series(1, {ROWS}) i;
         CREATE INDEX by_v ON t USING hnsw (v vector_l2_ops)"
    );
    client.batch_execute(&text).await.expect("the setup runs");
}

fn near(random: &mut StdRng) -> String {
    let mut part = || random.random_range(-100.0..100.0f32);
    format!("[{},{},{}]", part(), part(), part())
}

async fn found(client: &Client, kind: i32, query: &str) -> Vec<i32> {
    let rows = client.query(SEARCH, &[&kind, &query]).await.expect("a search");
    rows.iter().map(|row| row.get(0)).collect()
}

/// The same by reading everything.
async fn right(client: &Client, kind: i32, query: &str) -> Vec<i32> {
    client.batch_execute("SET enable_indexscan = off").await.expect("set");
    let rows = found(client, kind, query).await;
    client.batch_execute("SET enable_indexscan = on").await.expect("set");
    rows
}

/// Asks until the rows that pass are remembered.
async fn ask_often(client: &Client, kind: i32, random: &mut StdRng) {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let query = near(random);
        found(client, kind, &query).await;
        let rows = client
            .query(
                &format!(
                    "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT id FROM t \
                     WHERE kind = {kind} ORDER BY v <-> '{query}' LIMIT 10"
                ),
                &[],
            )
            .await
            .expect("a plan");
        let is_remembered =
            |row: &tokio_postgres::Row| row.get::<_, String>(0).contains("remembered rows");
        if rows.iter().any(is_remembered) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing is remembered");
}

async fn hold(client: &Client, random: &mut StdRng, when: &str) {
    for kind in [7, 8] {
        let query = near(random);
        assert_eq!(
            found(client, kind, &query).await,
            right(client, kind, &query).await,
            "{when}, kind {kind}, {query}"
        );
    }
}

#[test]
fn what_is_remembered_stays_right() {
    let server = Zserver::start();
    block_on(async {
        let (client, other) = (connect(server.port).await, connect(server.port).await);
        setup(&client).await;
        let mut random = StdRng::seed_from_u64(11);
        ask_often(&client, 7, &mut random).await;
        ask_often(&client, 8, &mut random).await;
        hold(&client, &mut random, "at first").await;
        other
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t")
            .await
            .expect("a snapshot");
        let query = near(&mut random);
        let before = right(&other, 7, &query).await;
        for round in 0..60 {
            let id = random.random_range(1..ROWS);
            let v = near(&mut random);
            let kind = random.random_range(6..10);
            let write = match random.random_range(0..8) {
                0 => format!("UPDATE t SET kind = {kind} WHERE id = {id}"),
                1 => format!("UPDATE t SET kind = {kind}, v = '{v}' WHERE id = {id}"),
                2 => format!(
                    "UPDATE t SET v = '{v}'::vector + array[id, 1, 1]::vector \
                     WHERE kind = 7 AND id < {id}"
                ),
                3 => {
                    format!("DELETE FROM t WHERE kind = {kind} AND id BETWEEN {id} AND {id} + 200")
                }
                4 => format!("INSERT INTO t VALUES ({}, {kind}, 1, '{v}')", ROWS + 1 + round),
                5 => format!("INSERT INTO t VALUES ({}, {kind}, 1, NULL)", ROWS + 1 + round),
                6 => format!("UPDATE t SET kind = 7 WHERE id BETWEEN {id} AND {id} + 150"),
                _ => format!("UPDATE t SET other = other + 1 WHERE id BETWEEN {id} AND {id} + 99"),
            };
            let end = if random.random_range(0..3) == 0 { "ROLLBACK" } else { "COMMIT" };
            client.batch_execute("BEGIN").await.expect("begin");
            client.batch_execute(&write).await.expect("a write");
            hold(&client, &mut random, &format!("{write}, own")).await;
            client.batch_execute(end).await.expect("ends");
            hold(&client, &mut random, &format!("{write}, {end}")).await;
        }
        assert_eq!(found(&other, 7, &query).await, before, "an old snapshot");
        other.batch_execute("COMMIT").await.expect("ends");
        hold(&other, &mut random, "another session").await;
    });
}

#[test]
fn less_than_a_limit_is_all_there_is() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        setup(&client).await;
        let mut random = StdRng::seed_from_u64(12);
        client
            .batch_execute(
                "UPDATE t SET kind = 99 WHERE id IN (5, 700, 5000); \
                 INSERT INTO t VALUES (7001, 99, 0, NULL)",
            )
            .await
            .expect("some rows");
        ask_often(&client, 99, &mut random).await;
        let query = near(&mut random);
        let rows = found(&client, 99, &query).await;
        assert_eq!(rows.len(), 4);
        assert_eq!(rows.last(), Some(&7001), "what has no place comes last");
        client.batch_execute("TRUNCATE t").await.expect("emptied");
        assert_eq!(found(&client, 99, &query).await, Vec::<i32>::new());
    });
}

#[test]
fn a_bulk_load_is_not_missed() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        setup(&client).await;
        let mut random = StdRng::seed_from_u64(13);
        ask_often(&client, 7, &mut random).await;
        client
            .batch_execute(
                "INSERT INTO t SELECT 10000 + i, i % 60, 0, \
                 array[sin(i) * 90, cos(i * 1.3) * 90, i % 89]::vector FROM generate_series(1, 120000) i",
            )
            .await
            .expect("a load");
        hold(&client, &mut random, "after a load").await;
        ask_often(&client, 7, &mut random).await;
        hold(&client, &mut random, "remembered again").await;
    });
}
