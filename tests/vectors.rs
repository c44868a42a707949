//! kill −9 while vectors are written, indexes built, graphs saved and repaired: after the
//! restart every committed row is found by its vector, at once, and no deleted one is.
//! `TEST_VECTOR_KILLS` says how many kills.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use crate::support::{block_on, connect, count, zserver::Zserver};

const CLIENTS: i64 = 3;
const ROUND_MS: u64 = 700;
/// How long a restart may take, whatever was left.
const READY: Duration = Duration::from_secs(60);

const SETUP: &str = "CREATE EXTENSION vector;
    CREATE TABLE log (client bigint PRIMARY KEY, n bigint);
    CREATE TABLE item (id bigint PRIMARY KEY, v vector(8), note text);
    CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops)";

/// Graphs are saved all the time.
const SETTINGS: [(&str, &str); 1] = [("ZSERVER_VECTOR_SAVE_INTERVAL", "50ms")];

/// The rows that are there from the beginning.
const FIRST: i64 = 2500;
/// Of rows that are looked for by their vectors one may be missed by a walk in so many.
const MISSED_ONE_IN: usize = 50;

/// No two are alike.
fn vector(id: i64, version: i64) -> Vec<f32> {
    let element = |k: i64| {
        let mut bits = (id * 64 + version * 8 + k) as u64;
        for _ in 0..3 {
            bits = (bits ^ bits >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        (bits >> 40) as f32 / (1 << 16) as f32
    };
    (0..8).map(element).collect()
}

fn first_rows() -> String {
    let row = |id: i64| format!("({id}, '{}')", text(&vector(id, 0)));
    let rows: Vec<String> = (-FIRST..0).map(row).collect();
    format!("INSERT INTO item VALUES {}", rows.join(","))
}

fn text(vector: &[f32]) -> String {
    let elements: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("[{}]", elements.join(","))
}

/// The rows of a client, by id, with the versions of their vectors.
type Rows = BTreeMap<i64, i64>;

/// What a client's `n`-th transaction does to its rows, and how it says so.
fn step(client: i64, n: i64, rows: &mut Rows) -> String {
    let id = client * 1_000_000 + n;
    rows.insert(id, 0);
    let mut sql = format!("INSERT INTO item VALUES ({id}, '{}');", text(&vector(id, 0)));
    if n % 3 == 0 && rows.remove(&(id - 2)).is_some() {
        sql += &format!("DELETE FROM item WHERE id = {};", id - 2);
    }
    if n % 5 == 0
        && let Some(version) = rows.get_mut(&(id - 1))
    {
        *version += 1;
        let new = text(&vector(id - 1, *version));
        sql += &format!("UPDATE item SET v = '{new}' WHERE id = {};", id - 1);
    }
    if n % 4 == 0 {
        sql += &format!("UPDATE item SET note = 'seen' WHERE id = {id};");
    }
    sql + &format!(
        "INSERT INTO log VALUES ({client}, {n}) ON CONFLICT (client) DO UPDATE SET n = {n};"
    )
}

async fn write_until_killed(
    port: u16,
    client: i64,
    acknowledged: Arc<AtomicI64>,
    stop: Arc<AtomicBool>,
) {
    let connection = connect(port).await;
    let mut rows = Rows::new();
    let done = acknowledged.load(Ordering::SeqCst);
    (1..=done).for_each(|n| drop(step(client, n, &mut rows)));
    while !stop.load(Ordering::Relaxed) {
        let next = acknowledged.load(Ordering::SeqCst) + 1;
        let sql = format!("BEGIN; {} COMMIT", step(client, next, &mut rows));
        match connection.batch_execute(&sql).await {
            Ok(()) => acknowledged.store(next, Ordering::SeqCst),
            Err(_) => break,
        }
    }
}

/// Builds the index anew, again and again, as the kill may find it.
async fn rebuild_until_killed(port: u16, statement: &str, stop: Arc<AtomicBool>) {
    let connection = connect(port).await;
    while !stop.load(Ordering::Relaxed) {
        if connection.batch_execute(statement).await.is_err() {
            break;
        }
    }
}

/// All committed rows by their vectors: nothing missing, nothing gone, the own one first.
async fn verify(port: u16, known: &mut [i64]) -> usize {
    let connection = connect(port).await;
    let mut expected: Rows = (-FIRST..0).map(|id| (id, 0)).collect();
    for client in 0..CLIENTS {
        let row = connection
            .query_one("SELECT coalesce(max(n), 0) FROM log WHERE client = $1", &[&client])
            .await
            .expect("the log is readable");
        let last: i64 = row.get(0);
        let acknowledged = known[client as usize];
        assert!(last >= acknowledged, "client {client}: {acknowledged} acknowledged, {last} there");
        known[client as usize] = last;
        let mut rows = Rows::new();
        (1..=last).for_each(|n| drop(step(client, n, &mut rows)));
        expected.extend(rows);
    }
    connection.batch_execute("SET enable_seqscan = off").await.expect("SET");
    let found = connection
        .query("SELECT id FROM item ORDER BY v <-> '[1,2,3,4,5,6,7,8]'", &[])
        .await
        .expect("neighbours");
    let mut found: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
    found.sort_unstable();
    let expected_ids: Vec<i64> = expected.keys().copied().collect();
    assert_eq!(found, expected_ids, "rows by their vectors");
    let own: Vec<_> = expected.iter().filter(|(id, _)| **id > 0).collect();
    let (mut asked, mut missed) = (0, 0);
    for (id, version) in own.iter().rev().take(40).chain(own.iter().step_by(17)) {
        let nearest = format!(
            "SELECT id, v <-> '{0}' FROM item ORDER BY v <-> '{0}' LIMIT 1",
            text(&vector(**id, **version))
        );
        let row = connection.query_one(&nearest, &[]).await.expect("the nearest");
        let distance: f64 = row.get(1);
        asked += 1;
        missed += usize::from(distance > 0.0);
    }
    assert!(missed * MISSED_ONE_IN <= asked, "{missed} of {asked} not found by their vectors");
    expected.len()
}

#[test]
fn every_committed_vector_is_found_after_a_kill() {
    let kills = count("TEST_VECTOR_KILLS", 6);
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let mut server = Zserver::start_with(&data, &SETTINGS);
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("a table");
        client.batch_execute(&first_rows()).await.expect("rows");
    });
    let mut known = vec![0i64; CLIENTS as usize];
    let mut rows = 0;
    for kill in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let port = server.port;
        known = block_on(async {
            let counts: Vec<Arc<AtomicI64>> =
                known.iter().map(|n| Arc::new(AtomicI64::new(*n))).collect();
            let mut tasks: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let from = counts[client as usize].clone();
                    tokio::spawn(write_until_killed(port, client, from, stop.clone()))
                })
                .collect();
            let rebuild = match kill % 3 {
                0 => None,
                1 => Some("REINDEX INDEX item_v"),
                _ => Some("REINDEX INDEX CONCURRENTLY item_v"),
            };
            if let Some(statement) = rebuild {
                tasks.push(tokio::spawn(rebuild_until_killed(port, statement, stop.clone())));
            }
            tokio::time::sleep(Duration::from_millis(ROUND_MS + 100 * (kill as u64 % 5))).await;
            server.kill();
            stop.store(true, Ordering::Relaxed);
            for task in tasks {
                task.await.expect("the client task ends");
            }
            counts.iter().map(|count| count.load(Ordering::SeqCst)).collect::<Vec<i64>>()
        });
        let started = Instant::now();
        server = Zserver::start_with(&data, &SETTINGS);
        let took = started.elapsed();
        assert!(took < READY, "ready after {took:?}");
        rows = block_on(verify(server.port, &mut known));
        if kill % 3 == 2 {
            let (status, said) = server.ask(&["check"]);
            assert_eq!(status, Some(0), "{said}");
        }
    }
    assert!(known.iter().all(|last| *last > 0), "every client has written");
    println!("{kills} kills, {rows} rows found again by their vectors");
}
