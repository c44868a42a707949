//! Large objects: who sees what while others write, and what is there after a kill.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_postgres::Client;

use crate::support::{block_on, connect, zserver::Zserver};

async fn run(client: &Client, sql: &str) {
    client.batch_execute(sql).await.expect(sql);
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get::<_, i64>(0)
}

async fn bytes(client: &Client, sql: &str) -> Vec<u8> {
    client.query_one(sql, &[]).await.expect(sql).get::<_, Vec<u8>>(0)
}

async fn code(client: &Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    error.code().map(|code| code.code().to_owned()).unwrap_or_default()
}

/// `lo_open` flags.
const READ: i32 = 0x40000;
const BOTH: i32 = 0x60000;

#[test]
fn readers_keep_their_snapshot_and_writers_see_the_newest() {
    let server = Zserver::start();
    block_on(async {
        let (a, b) = (connect(server.port).await, connect(server.port).await);
        run(&a, "SELECT lo_from_bytea(70001, 'old value')").await;
        run(&a, &format!("BEGIN; SELECT lo_open(70001, {READ}), lo_open(70001, {BOTH})")).await;
        run(&b, "SELECT lo_put(70001, 0, 'NEW')").await;
        assert_eq!(bytes(&a, "SELECT loread(0, 100)").await, b"old value");
        assert_eq!(bytes(&a, "SELECT loread(1, 100)").await, b"NEW value");
        // A statement of its own reads what is committed by then.
        assert_eq!(bytes(&a, "SELECT lo_get(70001)").await, b"NEW value");
        run(&a, "COMMIT").await;
        run(&a, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await;
        run(&b, "SELECT lo_unlink(70001)").await;
        assert_eq!(bytes(&a, "SELECT lo_get(70001)").await, b"NEW value");
        assert_eq!(code(&a, &format!("SELECT lo_open(70001, {BOTH})")).await, "42704");
        run(&a, "ROLLBACK").await;
        assert_eq!(code(&a, "SELECT lo_get(70001)").await, "42704");
    });
}

#[test]
fn writers_of_one_object_come_one_after_the_other() {
    let server = Zserver::start();
    block_on(async {
        let (a, b) = (connect(server.port).await, connect(server.port).await);
        run(&a, "SELECT lo_from_bytea(70002, '')").await;
        run(&a, "BEGIN; SELECT lo_put(70002, 0, 'aaaa')").await;
        run(&b, "SET lock_timeout = 100").await;
        assert_eq!(code(&b, "SELECT lo_put(70002, 2, 'bb')").await, "55P03");
        assert_eq!(code(&b, "SELECT lo_unlink(70002)").await, "55P03");
        run(&b, "SET lock_timeout = 0").await;
        let waiting = tokio::spawn(async move {
            run(&b, "SELECT lo_put(70002, 2, 'bb')").await;
            b
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        run(&a, "COMMIT").await;
        let b = waiting.await.expect("the writer ends");
        assert_eq!(bytes(&b, "SELECT lo_get(70002)").await, b"aabb");
        // Who waits for one that is gone then finds nothing.
        run(&a, "BEGIN; SELECT lo_unlink(70002)").await;
        let waiting = tokio::spawn(async move { code(&b, "SELECT lo_put(70002, 0, 'c')").await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        run(&a, "COMMIT").await;
        assert_eq!(waiting.await.expect("the writer ends"), "42704");
        assert_eq!(number(&a, "SELECT count(*) FROM pg_largeobject").await, 0);
    });
}

#[test]
fn two_creators_of_one_number_are_not_both_told_that_it_is_theirs() {
    let server = Zserver::start();
    block_on(async {
        let (a, b) = (connect(server.port).await, connect(server.port).await);
        run(&a, "BEGIN; SELECT lo_create(70003)").await;
        let waiting = tokio::spawn(async move { code(&b, "SELECT lo_create(70003)").await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        run(&a, "COMMIT").await;
        assert_eq!(waiting.await.expect("it ends"), "23505");
    });
}

/// The bytes of the `n`th version of an object: longer than a page, all alike.
fn version(n: u32) -> Vec<u8> {
    vec![n as u8; 3_000 + (n as usize % 7) * 1_000]
}

const WRITERS: u32 = 4;
const KILLS: usize = 4;

#[test]
fn acknowledged_writes_are_whole_after_kills() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let acknowledged: Arc<Mutex<[u32; WRITERS as usize]>> = Arc::default();
    let mut server = Zserver::start_over(&data, &[]);
    block_on(async {
        let client = connect(server.port).await;
        for writer in 0..WRITERS {
            run(&client, &format!("SELECT lo_from_bytea({}, '')", 71_000 + writer)).await;
        }
    });
    for _ in 0..KILLS {
        write_for_a_while(&server, &acknowledged);
        drop(server.kill());
        server = Zserver::start_over(&data, &[]);
        check_versions(&server, &acknowledged);
    }
    check_database(&server);
    let status = server.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(Path::new(&data).exists());
}

/// Each writer replaces its object by the next version, over and over.
fn write_for_a_while(server: &Zserver, acknowledged: &Arc<Mutex<[u32; WRITERS as usize]>>) {
    let is_over = Arc::new(AtomicBool::new(false));
    block_on(async {
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let client = connect(server.port).await;
            let (is_over, acknowledged) = (is_over.clone(), acknowledged.clone());
            writers.push(tokio::spawn(async move {
                let object = 71_000 + writer;
                let mut n = acknowledged.lock().expect("not poisoned")[writer as usize] + 1;
                while !is_over.load(Ordering::Relaxed) {
                    let text: String =
                        version(n).iter().map(|byte| format!("{byte:02x}")).collect();
                    let sql = format!(
                        "BEGIN; SELECT lo_truncate(lo_open({object}, {BOTH}), 0); \
                         SELECT lowrite(0, '\\x{text}'); COMMIT"
                    );
                    run(&client, &sql).await;
                    acknowledged.lock().expect("not poisoned")[writer as usize] = n;
                    n += 1;
                }
            }));
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        is_over.store(true, Ordering::Relaxed);
        // What is under way then may be acknowledged or not: the kill follows at once.
        drop(writers);
    });
}

/// Every object is a whole version, and none that is older than the last acknowledged.
fn check_versions(server: &Zserver, acknowledged: &Arc<Mutex<[u32; WRITERS as usize]>>) {
    block_on(async {
        let client = connect(server.port).await;
        for writer in 0..WRITERS {
            let stored = bytes(&client, &format!("SELECT lo_get({})", 71_000 + writer)).await;
            let known = acknowledged.lock().expect("not poisoned")[writer as usize];
            let fits = |n: &u32| version(*n) == stored || (*n == 0 && stored.is_empty());
            let found = (known..known + 2).find(fits);
            let found = found.unwrap_or_else(|| {
                panic!("object {writer} has {} bytes after version {known}", stored.len())
            });
            acknowledged.lock().expect("not poisoned")[writer as usize] = found;
        }
    });
}

fn check_database(server: &Zserver) {
    block_on(async {
        let client = connect(server.port).await;
        assert_eq!(number(&client, "SELECT count(*) FROM zserver_check()").await, 0);
    });
}
