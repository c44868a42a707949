//! Transactions of random appends and reads, from several clients at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::checker::{Anomaly, Level, anomalies};
use super::{Op, Transaction};
use crate::support::{block_on, connect, zserver::Zserver};

const CLIENTS: u64 = 8;
/// Keys that are in use at a time.
const KEYS: i32 = 6;
/// After so many appends a key is replaced by a new one, so that lists stay short.
const APPENDS_PER_KEY: i32 = 60;
const OPS_MAX: u32 = 4;

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
}

impl Worker {
    fn below(&mut self, bound: u32) -> u32 {
        self.random.random_range(0..bound)
    }

    /// Runs transactions until there are enough.
    async fn run(mut self) -> Vec<Transaction> {
        let mut done = Vec::new();
        while self.shared.begun.fetch_add(1, Ordering::Relaxed) < self.transactions {
            done.push(self.transaction().await);
        }
        done
    }

    async fn transaction(&mut self) -> Transaction {
        let mut ops = Vec::new();
        let result = self.attempt(&mut ops).await;
        if let Err(error) = &result {
            let code = error.code().expect("the server answers");
            let expected = [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED];
            assert!(expected.contains(&code), "{error:?}");
            self.client.batch_execute("ROLLBACK").await.expect("ROLLBACK");
        }
        Transaction { committed: result.unwrap_or(false), ops }
    }

    /// True if it was committed. An append is noted before it is known to be done.
    async fn attempt(&mut self, ops: &mut Vec<Op>) -> Result<bool, Error> {
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
        let commits = self.below(10) > 0;
        self.client.batch_execute(if commits { "COMMIT" } else { "ROLLBACK" }).await?;
        Ok(commits)
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

/// The anomalies of so many transactions, judged by a level's rules.
fn found(begin: &'static str, transactions: i32, level: Level) -> Vec<Anomaly> {
    let server = Zserver::start();
    block_on(async {
        let setup = connect(server.port).await;
        setup.batch_execute("CREATE TABLE lists (k int PRIMARY KEY, v text)").await.expect("DDL");
        let shared = Arc::new(Shared::default());
        let mut tasks = Vec::new();
        for number in 0..CLIENTS {
            let client = connect(server.port).await;
            // A deadlock is found at once, so that the clients seldom stand still.
            client.batch_execute("SET deadlock_timeout = '5ms'").await.expect("SET");
            let random = StdRng::seed_from_u64(number);
            let shared = shared.clone();
            let worker = Worker { client, random, begin, transactions, shared };
            tasks.push(tokio::spawn(worker.run()));
        }
        let mut history = Vec::new();
        for task in tasks {
            history.extend(task.await.expect("the client runs to its end"));
        }
        let committed = history.iter().filter(|transaction| transaction.committed).count();
        assert!(committed * 4 > history.len(), "only {committed} were committed");
        anomalies(&history, &stored(&setup).await, level)
    })
}

#[test]
fn read_committed_shows_no_anomaly_it_rules_out() {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
    assert_eq!(found(begin, 10_000, Level::ReadCommitted), []);
}

#[test]
fn repeatable_read_is_snapshot_isolation() {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    assert_eq!(found(begin, 10_000, Level::RepeatableRead), []);
}

#[test]
fn serializable_has_a_serial_order() {
    let begin = "BEGIN ISOLATION LEVEL SERIALIZABLE";
    assert_eq!(found(begin, 3_000, Level::Serializable), []);
}

/// The workload has what it takes: each level shows what the next one rules out.
#[test]
fn the_levels_are_told_apart() {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
    assert_ne!(found(begin, 2_000, Level::RepeatableRead), []);
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    assert_ne!(found(begin, 2_000, Level::Serializable), []);
}
