//! What is left after a kill, a failed call, a full disk.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::storage::fault::{Fault, FaultEngine};
use crate::storage::{KeyRange, Keyspace};

pub(super) const CRASH_DIRECTORY: &str = "ZSERVER_TEST_CRASH_DIRECTORY";

fn try_pair(transactions: &Transactions, n: u64) -> crate::Result<u64> {
    let mut transaction = transactions.begin(Isolation::ReadCommitted, false)?;
    transaction.put_row(row_key(2 * n), row_value(&n.to_string()))?;
    transaction.put(Keyspace::Indexes, key::index_entry(9, &n.to_be_bytes(), None), b"x")?;
    transaction.commit(Default::default()).wait()
}

/// The numbers that are there; each is there with both of its writes or not at all.
fn pairs(transactions: &Transactions) -> Vec<u64> {
    let published = transactions.published();
    let rows: Vec<u64> = published
        .scan(Keyspace::Rows, &key::rows(TABLE), false)
        .map(|entry| body(&entry.expect("scan").1).parse().expect("a number"))
        .collect();
    let entries: Vec<u64> = published
        .scan(Keyspace::Indexes, &key::index(9), false)
        .map(|entry| {
            let (key, _) = entry.expect("scan");
            u64::from_be_bytes(key::index_payload(&key, true).try_into().expect("eight bytes"))
        })
        .collect();
    assert_eq!(rows, entries, "a transaction was torn apart");
    rows
}

/// Commits until it is killed, printing each number once it is acknowledged.
#[test]
#[ignore = "the child of kill_after_ack_keeps_the_row"]
fn child_commits_until_killed() {
    let Ok(directory) = std::env::var(CRASH_DIRECTORY) else { return };
    let transactions = disk(directory.as_ref());
    for n in 0.. {
        try_pair(&transactions, n).expect("commit");
        println!("acknowledged {n}");
    }
}

/// Runs a child until it has acknowledged so many numbers, kills it, and returns
/// all that it acknowledged.
pub(super) fn acknowledged_by(child: &str, data: &std::path::Path, kill_after: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--nocapture", child])
        .env(CRASH_DIRECTORY, data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("start the child");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let mut acknowledged = Vec::new();
    for line in output.lines() {
        let line = line.expect("the child's output");
        if let Some(n) = line.split("acknowledged ").nth(1) {
            acknowledged.push(n.parse::<u64>().expect("a number"));
        }
        if acknowledged.len() == kill_after {
            child.kill().expect("kill");
        }
    }
    child.wait().expect("the child's end");
    assert!(acknowledged.len() >= kill_after);
    acknowledged
}

#[test]
fn kill_after_ack_keeps_the_row() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = directory.path().join("data");
    let acknowledged = acknowledged_by("child_commits_until_killed", &data, 60);
    let transactions = disk(&data);
    let found = pairs(&transactions);
    assert!(acknowledged.iter().all(|n| found.contains(n)));
    assert!(found.len() <= acknowledged.len() + 1);
    assert!(try_pair(&transactions, 1_000_000).is_ok());
}

/// Loads in bulk, rolls every third load back, and prints each load that was
/// acknowledged, with memory for a few rows only.
#[test]
#[ignore = "the child of kill_during_bulk_loads_keeps_whole_loads"]
fn child_loads_until_killed() {
    let Ok(directory) = std::env::var(CRASH_DIRECTORY) else { return };
    let small = Limits { spill_bytes: 16 << 10, ..limits() };
    let transactions = Transactions::open(disk_engine(directory.as_ref()), small).expect("open");
    for load in 0u32.. {
        let mut transaction = begin(&transactions);
        for rid in transactions.allocate_rids(TABLE, LOAD_ROWS).expect("rids") {
            transaction.insert_row(row_key(rid), row_value(&load.to_string())).expect("row");
            let entry = key::index_entry(9, &load.to_be_bytes(), Some(rid));
            transaction.insert_index_entry(entry, b"").expect("entry");
        }
        if load % 3 == 2 {
            transaction.rollback();
        } else {
            commit(transaction);
            println!("acknowledged {load}");
        }
    }
}

const LOAD_ROWS: u64 = 200;

#[test]
fn kill_during_bulk_loads_keeps_whole_loads() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut acknowledged = Vec::new();
    for kill_after in [3, 5] {
        let data = directory.path().join("data");
        let mine = acknowledged_by("child_loads_until_killed", &data, kill_after);
        acknowledged.extend(mine);
        let transactions = disk(&data);
        let mut rows = std::collections::BTreeMap::<u32, u64>::new();
        let published = transactions.published();
        for entry in published.scan(Keyspace::Rows, &key::rows(TABLE), false) {
            *rows.entry(body(&entry.expect("scan").1).parse().expect("a load")).or_default() += 1;
        }
        assert!(rows.values().all(|count| count % LOAD_ROWS == 0), "half a load: {rows:?}");
        let entries = published.scan(Keyspace::Indexes, &key::index(9), false).count() as u64;
        assert_eq!(entries, rows.values().sum::<u64>());
        assert!(rows.values().sum::<u64>() >= acknowledged.len() as u64 * LOAD_ROWS);
        assert!(acknowledged.iter().all(|load| rows.contains_key(&(*load as u32))));
        assert!(rows.keys().all(|load| load % 3 != 2), "a rolled back load came back");
    }
}

/// Fails the n-th write of a run for every n, in every way, and looks at what is
/// left: all that was acknowledged, and nothing by half.
#[test]
fn every_write_may_fail_and_nothing_acknowledged_is_lost() {
    let faults = [Fault::Io, Fault::NoSpace, Fault::SyncLost, Fault::Refused];
    for n in 1..=300u64 {
        let fault = faults[n as usize % faults.len()];
        let memory: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let engine = Arc::new(FaultEngine::new(memory.clone()));
        engine.fail_at(n, fault);
        let unknown = Arc::new(AtomicU64::new(0));
        let seen = unknown.clone();
        let transactions = Transactions::open_with(
            engine.clone(),
            limits(),
            Arc::new(move |_| {
                seen.fetch_add(1, Ordering::SeqCst);
            }),
        )
        .expect("open");
        let mut acknowledged = Vec::new();
        let mut failures = 0;
        for pair in 0..310 {
            match try_pair(&transactions, pair) {
                Ok(_) => acknowledged.push(pair),
                Err(_) => failures += 1,
            }
            if failures == 3 {
                break;
            }
        }
        transactions.shutdown();
        let found = pairs(&Transactions::open(memory, limits()).expect("recover"));
        let lost = acknowledged.iter().find(|pair| !found.contains(pair));
        assert_eq!(lost, None, "{fault:?} at call {n}");
        match fault {
            Fault::Refused => {
                assert_eq!((unknown.load(Ordering::SeqCst), failures), (0, 1));
                assert_eq!(found, acknowledged, "a refused write happened");
            }
            _ => {
                assert_eq!(unknown.load(Ordering::SeqCst), 1, "{fault:?} at call {n}");
                assert_eq!(failures, 3, "commits went on after an unknown outcome");
                assert!(found.len() <= acknowledged.len() + 1);
            }
        }
    }
}

#[test]
fn full_disk_refuses_commits_before_anything_happens_and_recovers() {
    let engine = Arc::new(FaultEngine::new(Arc::new(MemoryEngine::new())));
    let reserve = Limits { disk_reserve_bytes: 1 << 20, ..limits() };
    let transactions = Transactions::open(engine.clone(), reserve).expect("open");
    try_pair(&transactions, 1).expect("commit");
    engine.set_free_bytes(Some(1 << 19));
    let calls = engine.calls();
    let error = try_pair(&transactions, 2).expect_err("no space");
    assert_eq!(error.code().as_str(), "53100");
    assert_eq!(engine.calls(), calls, "the engine was asked to write");
    assert_eq!(pairs(&transactions), [1]);
    engine.set_free_bytes(Some(1 << 30));
    try_pair(&transactions, 3).expect("commit");
    assert_eq!(pairs(&transactions), [1, 3]);
}

#[test]
fn dropping_an_open_transaction_undoes_it_and_frees_its_locks() {
    use crate::txn::{LockMode, LockOutcome, Resource, WaitPolicy};
    over_both(|transactions| {
        let lock = |transaction: &mut Transaction| {
            let resource = Resource::row(TABLE, 1);
            transaction.lock(resource, LockMode::RowForUpdate, WaitPolicy::NoWait)
        };
        let mut first = begin(transactions);
        assert!(matches!(lock(&mut first), LockOutcome::Granted));
        first.put_row(row_key(1), row_value("lost")).expect("put");
        drop(first);
        let mut second = begin(transactions);
        assert!(matches!(lock(&mut second), LockOutcome::Granted));
        assert_eq!(second.scan(Keyspace::Rows, &KeyRange::all(), false).count(), 0);
    });
}
