//! Anomalies that REPEATABLE READ lets through and SERIALIZABLE does not.

use std::thread;

use super::*;
use crate::storage::Keyspace;

fn serializable(transactions: &Transactions, read_only: bool) -> Transaction {
    transactions.begin(Isolation::Serializable, read_only).expect("begin")
}

fn sum(transaction: &Transaction) -> i64 {
    transaction
        .scan(Keyspace::Rows, &key::rows(TABLE), false)
        .map(|entry| body(&entry.expect("scan").1).parse::<i64>().expect("a number"))
        .sum()
}

fn put(transaction: &mut Transaction, rid: u64, value: i64) {
    transaction.put_row(row_key(rid), row_value(&value.to_string())).expect("put");
}

fn outcome(transaction: Transaction) -> Result<u64, String> {
    let result = transaction.commit(Default::default()).wait();
    result.map_err(|error| error.code().as_str().to_owned())
}

/// Each may withdraw while the sum allows it; both together may not.
#[test]
fn write_skew_is_refused() {
    over_both(|transactions| {
        for (isolation, both_commit) in
            [(Isolation::RepeatableRead, true), (Isolation::Serializable, false)]
        {
            let mut setup = begin(transactions);
            (1..=2).for_each(|rid| put(&mut setup, rid, 50));
            commit(setup);
            let mut first = transactions.begin(isolation, false).expect("begin");
            let mut second = transactions.begin(isolation, false).expect("begin");
            assert_eq!((sum(&first), sum(&second)), (100, 100));
            put(&mut first, 1, -40);
            put(&mut second, 2, -40);
            assert!(outcome(first).is_ok());
            let expected = if both_commit { None } else { Some("40001".to_owned()) };
            assert_eq!(outcome(second).err(), expected);
            assert_eq!(sum(&begin(transactions)) >= 0, !both_commit);
        }
    });
}

/// Two conflicts in a row: the reader did not see the row that appeared, and somebody
/// has not seen what the reader writes.
#[test]
fn phantom_in_a_range_that_was_empty_is_found() {
    over_both(|transactions| {
        let count = |transaction: &Transaction, lower| {
            let range = key::rows_between(TABLE, lower, lower + 10);
            transaction.scan(Keyspace::Rows, &range, false).count()
        };
        let mut reader = serializable(transactions, false);
        assert_eq!(count(&reader, 10), 0);
        let mut writer = serializable(transactions, false);
        assert_eq!(count(&writer, 100), 0);
        put(&mut writer, 15, 1);
        put(&mut reader, 100, 1);
        commit(writer);
        assert_eq!(outcome(reader), Err("40001".into()));
    });
}

/// The reader's own error comes through a scan as its first entry.
#[test]
fn a_scan_over_what_a_committed_pivot_wrote_fails() {
    over_both(|transactions| {
        let reader = serializable(transactions, false);
        let mut pivot = serializable(transactions, false);
        let mut last = serializable(transactions, false);
        assert_eq!(pivot.get(Keyspace::Rows, &row_key(2)).expect("get"), None);
        put(&mut last, 2, 1);
        commit(last);
        put(&mut pivot, 1, 1);
        commit(pivot);
        let first = reader.scan(Keyspace::Rows, &key::rows(TABLE), false).next();
        let error = first.expect("an entry").expect_err("a serialization failure");
        assert_eq!(error.code().as_str(), "40001");
    });
}

#[test]
fn disjoint_and_read_only_transactions_are_not_aborted() {
    over_both(|transactions| {
        let mut first = serializable(transactions, false);
        let mut second = serializable(transactions, false);
        let read_only = serializable(transactions, true);
        let reads_all = serializable(transactions, false);
        for (transaction, rid) in [(&mut first, 1), (&mut second, 2)] {
            assert_eq!(transaction.get(Keyspace::Rows, &row_key(rid)).expect("get"), None);
            put(transaction, rid, 1);
        }
        assert!(outcome(first).is_ok());
        assert!(outcome(second).is_ok());
        assert_eq!((sum(&read_only), sum(&reads_all)), (0, 0));
        assert!(outcome(read_only).is_ok());
        assert!(outcome(reads_all).is_ok());
    });
}

#[test]
fn what_was_committed_before_the_snapshot_does_not_count() {
    over_both(|transactions| {
        let _keeps_history = serializable(transactions, false);
        for round in 0..20 {
            let mut transaction = serializable(transactions, false);
            let total = sum(&transaction);
            assert_eq!(total, round);
            put(&mut transaction, round as u64, 1);
            assert!(outcome(transaction).is_ok(), "round {round}");
        }
    });
}

/// Changes an account by what the total allows: down only while it stays at 30 or more.
/// Any read and any write may be told to try again.
fn step(transactions: &Transactions, rid: u64) -> Result<(), crate::Error> {
    let number = |value: &[u8]| body(value).parse::<i64>().expect("a number");
    let mut transaction = serializable(transactions, false);
    let mut total = 0;
    for entry in transaction.scan(Keyspace::Rows, &key::rows(TABLE), false) {
        total += number(&entry?.1);
    }
    let before = transaction.get(Keyspace::Rows, &row_key(rid))?.expect("row");
    let change = if total > 30 { -1 } else { 1 };
    let after = (number(&before) + change).to_string();
    transaction.put_row(row_key(rid), row_value(&after))?;
    transaction.commit(Default::default()).wait().map(|_| ())
}

/// Threads move money between accounts by reading them all; the sum never changes
/// and no account is overdrawn, whoever wins.
#[test]
fn concurrent_transfers_keep_the_invariant_that_each_of_them_checks() {
    over_both(|transactions| {
        let mut setup = begin(transactions);
        (0..4).for_each(|rid| put(&mut setup, rid, 10));
        commit(setup);
        let committed = std::sync::atomic::AtomicU64::new(0);
        thread::scope(|scope| {
            for thread in 0..4u64 {
                let committed = &committed;
                scope.spawn(move || {
                    for turn in 0..60 {
                        if step(transactions, (thread + turn) % 4).is_ok() {
                            committed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let total = sum(&begin(transactions));
        assert!((30..=40).contains(&total), "{total}");
        let committed = committed.into_inner() as i64;
        // Ten steps down from 40 to 30, then up and down between 30 and 31.
        let expected = if committed <= 10 { 40 - committed } else { 30 + committed % 2 };
        assert_eq!(total, expected, "{committed} commits");
    });
}
