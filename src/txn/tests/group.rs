//! Group commit, stable snapshots, and waiting for locks through commits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::storage::Keyspace;
use crate::txn::{LockMode, Resource, WaitPolicy};

fn counter(transaction: &Transaction, rid: u64) -> u64 {
    let value = transaction.get_newest(Keyspace::Rows, &row_key(rid)).expect("get");
    value.map_or(0, |value| body(&value).parse().expect("a number"))
}

fn increment(transactions: &Transactions, rid: u64) {
    let mut transaction = begin(transactions);
    let granted =
        transaction.lock(Resource::row(TABLE, rid), LockMode::RowForUpdate, WaitPolicy::Wait);
    assert!(granted.wait());
    let next = counter(&transaction, rid) + 1;
    transaction.put_row(row_key(rid), row_value(&next.to_string())).expect("put");
    commit(transaction);
}

#[test]
fn increments_under_a_row_lock_are_never_lost() {
    over_both(|transactions| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..25).for_each(|_| increment(transactions, 1)));
            }
        });
        assert_eq!(counter(&begin(transactions), 1), 200);
    });
}

/// Two rows are always written together. A reader that sees them differ, or sees
/// its snapshot change, has found the race between flushes and snapshots.
#[test]
fn snapshots_do_not_change_while_others_write_and_memtables_are_flushed() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options =
        crate::storage::disk::DiskOptions { memtable_bytes: 64 << 10, ..Default::default() };
    let engine = crate::storage::disk::DiskEngine::open(directory.path(), &options).expect("open");
    let transactions = Transactions::open(Arc::new(engine), limits()).expect("open");
    let (stop, checks) = (AtomicBool::new(false), AtomicU64::new(0));
    let padding = "x".repeat(2000);
    thread::scope(|scope| {
        for writer in 0..2u64 {
            let (transactions, stop, padding) = (&transactions, &stop, &padding);
            scope.spawn(move || {
                let mut n = 0u64;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    let mut transaction = begin(transactions);
                    for rid in [writer * 100, writer * 100 + 50] {
                        let value = row_value(&format!("{n} {padding}"));
                        transaction.put_row(row_key(rid), value).expect("put");
                    }
                    let options = crate::txn::CommitOptions {
                        durability: crate::txn::Durability::Buffer,
                        ..Default::default()
                    };
                    transaction.commit(options).wait().expect("commit");
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let reader = begin(&transactions);
                    let read = |rid| reader.get(Keyspace::Rows, &row_key(rid)).expect("get");
                    let first: Vec<_> = [0, 50, 100, 150].map(read).to_vec();
                    assert_eq!(first[0], first[1]);
                    assert_eq!(first[2], first[3]);
                    thread::yield_now();
                    assert_eq!([0, 50, 100, 150].map(read).to_vec(), first);
                    let scanned: Vec<_> = reader
                        .scan(Keyspace::Rows, &key::rows(TABLE), false)
                        .map(|entry| entry.expect("scan").1)
                        .collect();
                    assert_eq!(scanned, first.into_iter().flatten().collect::<Vec<_>>());
                    checks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(Duration::from_secs(3));
        stop.store(true, Ordering::Relaxed);
    });
    assert!(checks.load(Ordering::Relaxed) > 10);
}

/// Prints commits per second with one fsync per group; run by hand, in release.
#[test]
#[ignore = "a measurement"]
fn group_commit_throughput() {
    for threads in [1, 8, 32] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let transactions = disk(directory.path());
        let (started, done) = (Instant::now(), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..threads {
                let (transactions, done) = (&transactions, &done);
                scope.spawn(move || {
                    while started.elapsed() < Duration::from_secs(3) {
                        increment(transactions, thread);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let per_second = done.into_inner() as f64 / started.elapsed().as_secs_f64();
        println!("{threads} threads: {per_second:.0} tx/s");
    }
}

#[test]
fn asynchronous_commit_is_synced_soon_and_only_once() {
    let engine = Arc::new(crate::storage::fault::FaultEngine::new(Arc::new(
        crate::storage::memory::MemoryEngine::new(),
    )));
    let transactions = Transactions::open(engine.clone(), limits()).expect("open");
    let mut writer = begin(&transactions);
    writer.put_row(row_key(1), row_value("x")).expect("put");
    let options = crate::txn::CommitOptions {
        durability: crate::txn::Durability::Buffer,
        ..Default::default()
    };
    writer.commit(options).wait().expect("commit");
    let written = engine.calls();
    let deadline = Instant::now() + Duration::from_secs(10);
    while engine.calls() == written {
        assert!(Instant::now() < deadline, "nobody synced");
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(300));
    assert_eq!(engine.calls(), written + 1);
}
