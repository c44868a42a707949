//! Recorded commits: in the order of publishing, whatever the transaction was.

use super::prepared::{finish, prepare};
use super::*;
use crate::txn::RecordedCommit;

const DATABASE: u32 = 5;

fn recorded(transactions: &Transactions, after: u64, max: usize) -> Vec<RecordedCommit> {
    transactions.published().recorded(DATABASE, after, max).expect("records")
}

/// A transaction that writes a row and asks for a record.
fn recording(transactions: &Transactions, rid: u64) -> Transaction {
    let mut transaction = begin(transactions);
    transaction.put_row(row_key(rid), row_value("x")).expect("a row");
    transaction.record_commit(DATABASE).expect("a record");
    transaction.record_commit(DATABASE).expect("once is enough");
    transaction
}

#[test]
fn records_are_in_the_order_of_commits_and_of_one_database() {
    over_both(|transactions| {
        let (first, second) = (recording(transactions, 1), recording(transactions, 2));
        let (first_id, second_id) = (first.id(), second.id());
        assert!(recorded(transactions, 0, 10).is_empty());
        // Who began later commits first.
        let early = RecordedCommit { commit_ts: commit(second), transaction: second_id };
        let mut other = begin(transactions);
        other.put_row(row_key(3), row_value("y")).expect("a row");
        commit(other);
        let late = RecordedCommit { commit_ts: commit(first), transaction: first_id };
        assert_eq!(recorded(transactions, 0, 10), [early, late]);
        assert_eq!(recorded(transactions, 0, 1), [early]);
        assert_eq!(recorded(transactions, early.commit_ts, 10), [late]);
        assert!(recorded(transactions, late.commit_ts, 10).is_empty());
        assert!(recorded(transactions, u64::MAX, 10).is_empty());
        assert!(transactions.published().recorded(DATABASE + 1, 0, 10).expect("none").is_empty());
        transactions.forget_recorded(DATABASE, &[early]).wait().expect("forgotten");
        assert_eq!(recorded(transactions, 0, 10), [late]);
    });
}

#[test]
fn what_is_rolled_back_leaves_no_record() {
    over_both(|transactions| {
        let mut transaction = begin(transactions);
        transaction.put_row(row_key(1), row_value("x")).expect("a row");
        let savepoint = transaction.savepoint();
        transaction.record_commit(DATABASE).expect("a record");
        transaction.rollback_to(&savepoint);
        commit(transaction);
        recording(transactions, 2).rollback();
        assert!(recorded(transactions, 0, 10).is_empty());
    });
}

#[test]
fn a_prepared_transaction_is_recorded_when_it_commits_also_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let transactions = disk(directory.path());
    let (kept, given_up) = (recording(&transactions, 1), recording(&transactions, 2));
    let id = kept.id();
    prepare(&transactions, kept, "kept");
    prepare(&transactions, given_up, "given up");
    let between = commit(recording(&transactions, 3));
    drop(transactions);
    let transactions = disk(directory.path());
    finish(&transactions, "given up", false).expect("rolled back");
    let commit_ts = finish(&transactions, "kept", true).expect("committed");
    let found = recorded(&transactions, between, 10);
    assert_eq!(found, [RecordedCommit { commit_ts, transaction: id }]);
}

#[test]
fn the_hook_is_told_of_recorded_commits_alone() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let transactions = memory();
    let told = Arc::new(AtomicUsize::new(0));
    let counter = told.clone();
    transactions.set_recorded_hook(Box::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }));
    let mut plain = begin(&transactions);
    plain.put_row(row_key(1), row_value("x")).expect("a row");
    commit(plain);
    assert_eq!(told.load(Ordering::SeqCst), 0);
    commit(recording(&transactions, 2));
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

#[test]
fn a_transaction_that_has_spilled_is_recorded_where_it_commits() {
    let few = Limits { spill_bytes: 16 << 10, ..limits() };
    let directory = tempfile::tempdir().expect("a directory");
    let transactions = Transactions::open(disk_engine(directory.path()), few).expect("open");
    let mut large = begin(&transactions);
    let rids = large.allocate_rids(TABLE, 1_000).expect("rids");
    for rid in rids {
        large.insert_row(row_key(rid), row_value(&"x".repeat(100))).expect("a row");
        large.record_commit(DATABASE).expect("a record");
    }
    let id = large.id();
    let before = commit(recording(&transactions, 5_000));
    let commit_ts = commit(large);
    assert!(commit_ts > before);
    let found = recorded(&transactions, before, 10);
    assert_eq!(found, [RecordedCommit { commit_ts, transaction: id }]);
}
