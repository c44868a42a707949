//! Prepared transactions: invisible, locked, durable, finished once.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::Result;
use crate::storage::fault::{Fault, FaultEngine};
use crate::storage::{Keyspace, Value, WriteBatch};
use crate::txn::{
    CommitOptions, LockMode, LockOutcome, LockSession, PreparedInfo, Resource, WaitPolicy,
};

const MAX: usize = 3;
const ROW: Resource = Resource::Row { table: TABLE, rid: 1 };
const RELATION: Resource = Resource::Table { database: 0, oid: 20000 };

fn info(gid: &str) -> PreparedInfo {
    let (payload, prepared_at) = (Value::from(b"payload"), 77);
    PreparedInfo { gid: gid.into(), id: 0, owner: 10, database: 5, prepared_at, payload }
}

fn try_prepare(transactions: &Transactions, transaction: Transaction, gid: &str) -> Result<u64> {
    let place = transactions.reserve_prepared(gid, MAX)?;
    transaction.prepare(place, info(gid), WriteBatch::new()).wait()
}

pub(super) fn prepare(transactions: &Transactions, transaction: Transaction, gid: &str) {
    try_prepare(transactions, transaction, gid).expect("it is prepared");
}

pub(super) fn finish(transactions: &Transactions, gid: &str, is_commit: bool) -> Result<u64> {
    let finish = transactions.take_prepared(gid, |_| Ok(()))?;
    match is_commit {
        true => finish.commit(CommitOptions::default()).wait(),
        false => finish.roll_back().wait(),
    }
}

/// A transaction with a row, a key, and a lock of each kind.
fn writer(transactions: &Transactions, body: &str) -> Transaction {
    let mut transaction = begin(transactions);
    transaction.set_session(transactions.lock_session(7));
    for (resource, mode) in [
        (ROW, LockMode::RowForUpdate),
        (RELATION, LockMode::RowExclusive),
        (Resource::index_key(9, b"k"), LockMode::Exclusive),
        (Resource::advisory(0, 4), LockMode::Share),
    ] {
        let outcome = transaction.lock(resource, mode, WaitPolicy::NoWait);
        assert!(matches!(outcome, LockOutcome::Granted), "{resource}");
    }
    transaction.put_row(row_key(1), row_value(body)).expect("row");
    transaction.put(Keyspace::Indexes, key::index_entry(9, b"k", None), b"v").expect("entry");
    transaction
}

fn row_1(transactions: &Transactions) -> Option<String> {
    let value = transactions.published().get(Keyspace::Rows, &row_key(1)).expect("read");
    value.map(|value| body(&value))
}

/// Whether nobody else can have what `writer` holds.
fn is_locked(transactions: &Transactions) -> bool {
    let free = |resource, mode| {
        let outcome = begin(transactions).lock(resource, mode, WaitPolicy::NoWait);
        matches!(outcome, LockOutcome::Granted)
    };
    let free = [
        free(ROW, LockMode::RowKeyShare),
        free(RELATION, LockMode::AccessExclusive),
        free(Resource::index_key(9, b"k"), LockMode::Share),
        free(Resource::advisory(0, 4), LockMode::Exclusive),
    ];
    assert!(free.iter().all(|one| *one == free[0]), "some are held and some are not: {free:?}");
    !free[0]
}

fn names(transactions: &Transactions) -> Vec<String> {
    transactions.prepared().iter().map(|info| info.gid.to_string()).collect()
}

#[test]
fn what_is_prepared_is_locked_and_unseen_until_it_is_committed() {
    over_both(|transactions| {
        let transaction = writer(transactions, "new");
        let id = transaction.id();
        prepare(transactions, transaction, "a");
        assert_eq!(row_1(transactions), None);
        assert!(is_locked(transactions));
        assert_eq!(transactions.prepared(), [PreparedInfo { id, ..info("a") }]);
        let held = transactions.lock_status(100);
        assert_eq!(held.len(), 4);
        assert!(held.iter().all(|lock| lock.session_pid == 0 && lock.owner == id), "{held:?}");
        finish(transactions, "a", true).expect("commit");
        assert_eq!(row_1(transactions).as_deref(), Some("new"));
        assert!(!is_locked(transactions));
        assert!(transactions.prepared().is_empty());
        let record = key::object(key::SERVICE_PREPARED);
        assert_eq!(transactions.published().scan(Keyspace::Service, &record, false).count(), 0);
    });
}

#[test]
fn rolled_back_nothing_is_left() {
    over_both(|transactions| {
        prepare(transactions, writer(transactions, "new"), "a");
        finish(transactions, "a", false).expect("rollback");
        assert_eq!(row_1(transactions), None);
        assert!(!is_locked(transactions));
        assert!(names(transactions).is_empty());
    });
}

#[test]
fn names_are_unique_and_bounded_and_one_finishes_at_a_time() {
    let transactions = memory();
    prepare(&transactions, begin(&transactions), "a");
    let code = |result: Result<u64>| result.expect_err("refused").code().as_str().to_owned();
    assert_eq!(code(try_prepare(&transactions, begin(&transactions), "a")), "42710");
    prepare(&transactions, begin(&transactions), "b");
    let reserved = transactions.reserve_prepared("c", MAX).expect("room for three");
    assert_eq!(code(try_prepare(&transactions, begin(&transactions), "d")), "53200");
    drop(reserved);
    assert_eq!(code(finish(&transactions, "c", true)), "42704");
    let taken = transactions.take_prepared("a", |_| Ok(())).expect("there it is");
    assert_eq!(code(finish(&transactions, "a", true)), "55000");
    drop(taken);
    finish(&transactions, "a", true).expect("it is free again");
    assert_eq!(names(&transactions), ["b"]);
}

/// Opens the same engine again, as after a kill.
fn reopened(engine: &Arc<dyn Engine>) -> Transactions {
    Transactions::open(engine.clone(), limits()).expect("open")
}

#[test]
fn a_restart_finds_it_with_its_locks() {
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    let transactions = reopened(&engine);
    let mut transaction = writer(&transactions, "new");
    for rid in 1000..3100 {
        let outcome = transaction.lock(
            Resource::row(TABLE, rid),
            LockMode::RowNoKeyUpdate,
            WaitPolicy::NoWait,
        );
        assert!(matches!(outcome, LockOutcome::Granted));
    }
    let id = transaction.id();
    prepare(&transactions, transaction, "a");
    prepare(&transactions, begin(&transactions), "empty");
    for _ in 0..2 {
        let again = reopened(&engine);
        assert_eq!(names(&again), ["a", "empty"]);
        assert_eq!(again.prepared()[0], PreparedInfo { id, ..info("a") });
        assert_eq!(row_1(&again), None);
        assert!(is_locked(&again));
        assert_eq!(again.lock_status(10_000).len(), 4 + 2100);
        assert!(begin(&again).id() > id, "an id is handed out once");
        again.shutdown();
    }
    let again = reopened(&engine);
    finish(&again, "a", true).expect("commit");
    assert_eq!(row_1(&again).as_deref(), Some("new"));
    assert!(!is_locked(&again));
    again.shutdown();
    let again = reopened(&engine);
    assert_eq!(names(&again), ["empty"]);
    assert_eq!(row_1(&again).as_deref(), Some("new"));
    finish(&again, "empty", false).expect("rollback");
}

#[test]
fn a_bulk_load_is_prepared_without_coming_back_to_memory() {
    for (is_commit, restarts) in [(true, false), (true, true), (false, false), (false, true)] {
        let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let small = Limits { spill_bytes: 4 << 10, ..limits() };
        let mut transactions = Transactions::open(engine.clone(), small.clone()).expect("open");
        let mut load = begin(&transactions);
        for rid in transactions.allocate_rids(TABLE, 500).expect("rids") {
            load.insert_row(row_key(rid), row_value("load")).expect("row");
            let entry = key::index_entry(9, &rid.to_be_bytes(), None);
            load.insert_index_entry(entry, key::index_value(rid)).expect("entry");
        }
        prepare(&transactions, load, "load");
        if restarts {
            transactions = Transactions::open(engine.clone(), small.clone()).expect("open");
        }
        let count = |transactions: &Transactions| {
            transactions.published().scan(Keyspace::Rows, &key::rows(TABLE), false).count()
        };
        assert_eq!(count(&transactions), 0);
        // Whoever wants one of its keys finds out whom to wait for.
        let other = begin(&transactions);
        let owner = other.loader_of(&key::index_entry(9, &1u64.to_be_bytes(), None));
        assert!(owner.expect("read").is_some());
        drop(other);
        finish(&transactions, "load", is_commit).expect("the end");
        assert_eq!(count(&transactions), if is_commit { 500 } else { 0 });
        // The sweeper has the rest.
        while !is_commit && engine_rows(&engine) > 0 {
            std::thread::yield_now();
        }
        transactions.shutdown();
        let again = Transactions::open(engine.clone(), small).expect("open");
        assert_eq!(count(&again), if is_commit { 500 } else { 0 });
    }
}

fn engine_rows(engine: &Arc<dyn Engine>) -> usize {
    engine.view().range(Keyspace::Rows, &key::rows(TABLE), false).count()
}

#[test]
fn a_refused_end_leaves_it_prepared() {
    let engine = Arc::new(FaultEngine::new(Arc::new(MemoryEngine::new())));
    let reserve = Limits { disk_reserve_bytes: 1 << 20, ..limits() };
    let transactions = Transactions::open(engine.clone(), reserve).expect("open");
    prepare(&transactions, writer(&transactions, "new"), "a");
    engine.set_free_bytes(Some(1 << 19));
    for is_commit in [true, false] {
        let error = finish(&transactions, "a", is_commit).expect_err("no room");
        assert_eq!(error.code().as_str(), "53100");
        assert!(is_locked(&transactions));
    }
    // What cannot be prepared is rolled back.
    let error = try_prepare(&transactions, begin(&transactions), "b").expect_err("no room");
    assert_eq!(error.code().as_str(), "53100");
    assert_eq!(names(&transactions), ["a"]);
    engine.set_free_bytes(Some(1 << 30));
    finish(&transactions, "a", true).expect("commit");
    assert_eq!(row_1(&transactions).as_deref(), Some("new"));
}

/// Prepares and finishes transactions, one after another, until something fails; each
/// odd one is rolled back. Answers the names in each acknowledged state.
fn run_until_failure(transactions: &Transactions) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
    let (mut prepared, mut committed, mut rolled_back) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..40u64 {
        let gid = n.to_string();
        let Ok(mut transaction) = transactions.begin(Isolation::ReadCommitted, false) else {
            break;
        };
        if transaction.put_row(row_key(n), row_value(&gid)).is_err() {
            break;
        }
        if try_prepare(transactions, transaction, &gid).is_err() {
            break;
        }
        prepared.push(n);
        let is_commit = n % 2 == 0;
        if finish(transactions, &gid, is_commit).is_err() {
            break;
        }
        prepared.pop();
        if is_commit { committed.push(n) } else { rolled_back.push(n) }
    }
    (prepared, committed, rolled_back)
}

#[test]
fn every_write_may_fail_and_what_was_acknowledged_is_true() {
    for n in 1..=70u64 {
        for fault in [Fault::Io, Fault::SyncLost, Fault::Refused] {
            let memory: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
            let engine = Arc::new(FaultEngine::new(memory.clone()));
            engine.fail_at(n, fault);
            let unknown = Arc::new(AtomicU64::new(0));
            let seen = unknown.clone();
            let hook = Arc::new(move |_: &crate::Error| {
                seen.fetch_add(1, Ordering::SeqCst);
            });
            let transactions =
                Transactions::open_with(engine.clone(), limits(), hook).expect("open");
            let (prepared, committed, rolled_back) = run_until_failure(&transactions);
            transactions.shutdown();
            let again = reopened(&memory);
            let found: Vec<u64> =
                names(&again).iter().map(|gid| gid.parse().expect("a number")).collect();
            let row = |n: &u64| {
                again.published().get(Keyspace::Rows, &row_key(*n)).expect("read").is_some()
            };
            let told = format!("{fault:?} at {n}: {prepared:?} {committed:?} {rolled_back:?}");
            assert!(committed.iter().all(|n| row(n) && !found.contains(n)), "{told}");
            assert!(rolled_back.iter().all(|n| !row(n) && !found.contains(n)), "{told}");
            for open in &prepared {
                // Its end was not acknowledged: it is prepared, or it has ended as asked.
                let ended = if open % 2 == 0 { row(open) } else { !row(open) };
                assert!(found.contains(open) || ended, "{told}");
                assert!(!(found.contains(open) && row(open)), "{told}");
                assert!(
                    unknown.load(Ordering::SeqCst) > 0 || found.contains(open),
                    "a refused end has happened: {told}"
                );
            }
            // At most one more than was acknowledged.
            assert!(found.len() <= 1, "{told}: {found:?}");
        }
    }
}

#[test]
fn a_damaged_record_keeps_the_server_from_starting() {
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    let transactions = reopened(&engine);
    prepare(&transactions, writer(&transactions, "new"), "a");
    let id = transactions.prepared()[0].id;
    transactions.shutdown();
    let piece = key::prepared_piece(id, 0);
    let whole = engine.view().get(Keyspace::Service, &piece).expect("read").expect("the record");
    for at in [0, 3, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 1;
        let mut batch = WriteBatch::new();
        batch.put(Keyspace::Service, piece.clone(), damaged);
        engine.write(batch, crate::storage::Durability::Sync).expect("write");
        let error = Transactions::open(engine.clone(), limits()).map(|_| ()).expect_err("damaged");
        assert_eq!(error.code().as_str(), "XX001");
    }
}

fn serializable(transactions: &Transactions) -> Transaction {
    transactions.begin(Isolation::Serializable, false).expect("begin")
}

fn put(transaction: &mut Transaction, rid: u64) {
    transaction.put_row(row_key(rid), row_value("x")).expect("put");
}

fn read(transaction: &Transaction, rid: u64) {
    transaction.get(Keyspace::Rows, &row_key(rid)).expect("get");
}

#[test]
fn a_prepared_serializable_transaction_does_not_fail_and_others_do() {
    for restarts in [false, true] {
        let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let mut transactions = reopened(&engine);
        let mut first = serializable(&transactions);
        read(&first, 1);
        first.scan(Keyspace::Rows, &key::rows_between(TABLE, 10, 20), false).count();
        put(&mut first, 2);
        prepare(&transactions, first, "first");
        if restarts {
            transactions.shutdown();
            transactions = reopened(&engine);
        }
        // Write skew: each has read what the other one writes.
        for rid in [1, 15] {
            let skew = || -> Result<u64> {
                let mut other = serializable(&transactions);
                other.get(Keyspace::Rows, &row_key(2))?;
                other.put_row(row_key(rid), row_value("x"))?;
                try_prepare(&transactions, other, "other")
            };
            assert_eq!(skew().expect_err("write skew").code().as_str(), "40001", "{restarts}");
        }
        assert_eq!(names(&transactions), ["first"]);
        finish(&transactions, "first", true).expect("it does not fail any more");
        let mut later = serializable(&transactions);
        read(&later, 2);
        put(&mut later, 1);
        commit(later);
        transactions.shutdown();
    }
}

#[test]
fn a_prepared_transaction_holds_no_snapshot() {
    let transactions = memory();
    prepare(&transactions, writer(&transactions, "new"), "a");
    let mut other = begin(&transactions);
    put(&mut other, 50);
    let newest = commit(other);
    assert_eq!(transactions.oldest_active_ts(), newest);
}

#[test]
fn slots_of_a_session_are_free_after_its_transaction_was_prepared() {
    let transactions = memory();
    let session: LockSession = transactions.lock_session(7);
    let mut first = begin(&transactions);
    first.set_session(session.clone());
    for oid in 1..40 {
        let table = Resource::Table { database: 0, oid };
        let granted = first.lock(table, LockMode::AccessShare, WaitPolicy::NoWait);
        assert!(matches!(granted, LockOutcome::Granted));
    }
    prepare(&transactions, first, "a");
    let mut second = begin(&transactions);
    second.set_session(session);
    let table = Resource::Table { database: 0, oid: 1 };
    assert!(matches!(
        second.lock(table, LockMode::AccessShare, WaitPolicy::NoWait),
        LockOutcome::Granted
    ));
    assert!(transactions.lock_status(100).iter().any(|lock| lock.fast_path));
    assert!(matches!(
        begin(&transactions).lock(table, LockMode::AccessExclusive, WaitPolicy::NoWait),
        LockOutcome::NotAvailable
    ));
    drop(second);
    finish(&transactions, "a", false).expect("rollback");
    assert!(transactions.lock_status(100).is_empty());
}
