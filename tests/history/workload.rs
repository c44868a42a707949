//! Transactions of random appends and reads, from several clients at a time, some of
//! them while the server is killed.
//!
//! `TEST_TRANSACTIONS` says how many transactions a level gets. They come in rounds
//! that are judged one by one, so that a million need no more memory than a few.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU16, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::checker::{Anomaly, Level, anomalies};
use super::{Op, Transaction};
use crate::support::{block_on, connect, count, try_connect, zserver::Zserver};

const CLIENTS: u64 = 8;
/// Keys that are in use at a time.
const KEYS: i32 = 6;
/// After so many appends a key is replaced by a new one, so that lists stay short.
const APPENDS_PER_KEY: i32 = 60;
const OPS_MAX: u32 = 4;
/// Transactions that are judged together.
const ROUND: usize = 10_000;
/// How long the clients work before each kill.
const KILL_AFTER_MS: u64 = 400;

/// One client of the workload.
struct Worker {
    client: Client,
    random: StdRng,
    begin: &'static str,
    transactions: i32,
    /// Numbers transactions and elements for all clients.
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    begun: AtomicI32,
    elements: AtomicI32,
    /// Where the server is.
    port: AtomicU16,
    /// It is killed now and then: connections may end.
    is_killed: bool,
    is_over: AtomicBool,
}

/// How an attempt has ended, as its client heard it.
enum End {
    Committed,
    RolledBack,
    /// The connection broke while COMMIT was asked for.
    Unknown,
}

/// A transaction, and whether its client knows how it has ended.
struct Done {
    transaction: Transaction,
    is_known: bool,
}

async fn connect_to(shared: &Shared) -> Client {
    loop {
        if let Ok(client) = try_connect(shared.port.load(Ordering::SeqCst)).await {
            // A deadlock is found at once, so that the clients seldom stand still.
            if client.batch_execute("SET deadlock_timeout = '5ms'").await.is_ok() {
                return client;
            }
        }
        assert!(shared.is_killed, "the server accepts connections");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Worker {
    fn below(&mut self, bound: u32) -> u32 {
        self.random.random_range(0..bound)
    }

    /// Runs transactions until there are enough.
    async fn run(mut self) -> Vec<Done> {
        let mut done = Vec::new();
        while self.shared.begun.fetch_add(1, Ordering::Relaxed) < self.transactions {
            done.push(self.transaction().await);
        }
        done
    }

    async fn transaction(&mut self) -> Done {
        let mut ops = Vec::new();
        let end = match self.attempt(&mut ops).await {
            Ok(end) => end,
            Err(error) => self.failed(&error).await,
        };
        let transaction = Transaction { committed: matches!(end, End::Committed), ops };
        Done { transaction, is_known: !matches!(end, End::Unknown) }
    }

    /// An error before COMMIT: nothing is there.
    async fn failed(&mut self, error: &Error) -> End {
        let expected = [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED];
        match error.code() {
            Some(code) if expected.contains(&code) => {
                if self.client.batch_execute("ROLLBACK").await.is_err() {
                    self.client = connect_to(&self.shared).await;
                }
            }
            _ => {
                assert!(self.shared.is_killed, "{error:?}");
                self.client = connect_to(&self.shared).await;
            }
        }
        End::RolledBack
    }

    /// An append is noted before it is known to be done.
    async fn attempt(&mut self, ops: &mut Vec<Op>) -> Result<End, Error> {
        self.client.batch_execute(self.begin).await?;
        for _ in 0..=self.below(OPS_MAX) {
            let oldest = self.shared.elements.load(Ordering::Relaxed) / APPENDS_PER_KEY;
            let key = oldest + self.below(KEYS as u32) as i32;
            if self.below(2) == 0 {
                let element = self.shared.elements.fetch_add(1, Ordering::Relaxed) + 1;
                ops.push(Op::Append { key, element });
                self.append(key, element).await?;
            } else {
                let list = read(&self.client, key).await?;
                ops.push(Op::Read { key, list });
            }
        }
        if self.below(10) == 0 {
            self.client.batch_execute("ROLLBACK").await?;
            return Ok(End::RolledBack);
        }
        match self.client.batch_execute("COMMIT").await {
            Ok(()) => Ok(End::Committed),
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => Err(error),
            Err(error) => {
                assert!(self.shared.is_killed, "{error:?}");
                self.client = connect_to(&self.shared).await;
                Ok(End::Unknown)
            }
        }
    }

    async fn append(&self, key: i32, element: i32) -> Result<(), Error> {
        let sql = format!(
            "INSERT INTO lists VALUES ({key}, '{element}') \
             ON CONFLICT (k) DO UPDATE SET v = lists.v || ',{element}'"
        );
        self.client.batch_execute(&sql).await
    }
}

/// A key without a row is an empty list.
async fn read(client: &Client, key: i32) -> Result<Vec<i32>, Error> {
    let sql = format!("SELECT v FROM lists WHERE k = {key}");
    let messages = client.simple_query(&sql).await?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.map(elements).unwrap_or_default())
}

fn elements(list: &str) -> Vec<i32> {
    list.split(',').map(|element| element.parse().expect("an element")).collect()
}

async fn stored(client: &Client) -> HashMap<i32, Vec<i32>> {
    let rows = client.query("SELECT k, v FROM lists", &[]).await.expect("the lists");
    rows.iter().map(|row| (row.get(0), elements(row.get(1)))).collect()
}

/// Kills the server and starts it again until the clients are done; how often.
async fn kill_now_and_then(mut server: Zserver, shared: Arc<Shared>) -> (Zserver, usize) {
    let mut kills = 0;
    while shared.is_killed && !shared.is_over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(KILL_AFTER_MS)).await;
        if shared.is_over.load(Ordering::SeqCst) {
            break;
        }
        let again = tokio::task::spawn_blocking(|| server.kill_and_start());
        server = again.await.expect("the server starts again");
        shared.port.store(server.port, Ordering::SeqCst);
        kills += 1;
    }
    (server, kills)
}

/// What a round of transactions has found.
struct Round {
    server: Zserver,
    anomalies: Vec<Anomaly>,
    committed: usize,
    kills: usize,
}

/// The anomalies of so many transactions, judged by a level's rules.
async fn round(
    server: Zserver,
    begin: &'static str,
    transactions: usize,
    level: Level,
    is_killed: bool,
) -> Round {
    let setup = "DROP TABLE IF EXISTS lists; CREATE TABLE lists (k int PRIMARY KEY, v text)";
    connect(server.port).await.batch_execute(setup).await.expect("DDL");
    let port = AtomicU16::new(server.port);
    let shared = Arc::new(Shared { port, is_killed, ..Shared::default() });
    let mut tasks = Vec::new();
    for number in 0..CLIENTS {
        let client = connect_to(&shared).await;
        let random = StdRng::seed_from_u64(number);
        let (shared, transactions) = (shared.clone(), transactions as i32);
        let worker = Worker { client, random, begin, transactions, shared };
        tasks.push(tokio::spawn(worker.run()));
    }
    let killer = tokio::spawn(kill_now_and_then(server, shared.clone()));
    let mut done = Vec::new();
    for task in tasks {
        done.extend(task.await.expect("the client runs to its end"));
    }
    shared.is_over.store(true, Ordering::SeqCst);
    let (server, kills) = killer.await.expect("the server runs");
    let last = stored(&connect(server.port).await).await;
    let elements: std::collections::HashSet<i32> = last.values().flatten().copied().collect();
    let history: Vec<Transaction> = done
        .into_iter()
        .map(|Done { mut transaction, is_known }| {
            // Nobody told the client: what is stored tells.
            let is_stored =
                |op: &Op| matches!(op, Op::Append { element, .. } if elements.contains(element));
            transaction.committed |= !is_known && transaction.ops.iter().any(is_stored);
            transaction
        })
        .collect();
    let committed = history.iter().filter(|transaction| transaction.committed).count();
    assert!(committed * 4 > history.len(), "only {committed} were committed");
    Round { server, anomalies: anomalies(&history, &last, level), committed, kills }
}

/// The same in as many rounds as it takes; the anomalies of the first that has some.
fn found_by(
    begin: &'static str,
    transactions: usize,
    level: Level,
    is_killed: bool,
) -> Vec<Anomaly> {
    let mut server = Zserver::start();
    let (mut left, mut committed, mut kills) = (transactions, 0, 0);
    while left > 0 {
        let next = left.min(ROUND);
        let round = block_on(round(server, begin, next, level, is_killed));
        if !round.anomalies.is_empty() {
            return round.anomalies;
        }
        (server, left) = (round.server, left - next);
        (committed, kills) = (committed + round.committed, kills + round.kills);
    }
    println!(
        "{level:?}: {transactions} transactions, {committed} committed, {kills} kills, 0 anomalies"
    );
    Vec::new()
}

fn found(begin: &'static str, transactions: usize, level: Level) -> Vec<Anomaly> {
    found_by(begin, transactions, level, false)
}

#[test]
fn read_committed_shows_no_anomaly_it_rules_out() {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
    assert_eq!(found(begin, count("TEST_TRANSACTIONS", 10_000), Level::ReadCommitted), []);
}

#[test]
fn repeatable_read_is_snapshot_isolation() {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    assert_eq!(found(begin, count("TEST_TRANSACTIONS", 10_000), Level::RepeatableRead), []);
}

#[test]
fn serializable_has_a_serial_order() {
    let begin = "BEGIN ISOLATION LEVEL SERIALIZABLE";
    assert_eq!(found(begin, count("TEST_TRANSACTIONS", 3_000), Level::Serializable), []);
}

#[test]
fn snapshot_isolation_holds_over_kills() {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    let transactions = count("TEST_TRANSACTIONS", 3_000);
    assert_eq!(found_by(begin, transactions, Level::RepeatableRead, true), []);
}

#[test]
fn a_serial_order_holds_over_kills() {
    let begin = "BEGIN ISOLATION LEVEL SERIALIZABLE";
    let transactions = count("TEST_TRANSACTIONS", 2_000);
    assert_eq!(found_by(begin, transactions, Level::Serializable, true), []);
}

/// The workload has what it takes: each level shows what the next one rules out.
#[test]
fn the_levels_are_told_apart() {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
    assert_ne!(found(begin, 2_000, Level::RepeatableRead), []);
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    assert_ne!(found(begin, 2_000, Level::Serializable), []);
}
