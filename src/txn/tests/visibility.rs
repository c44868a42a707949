//! Who sees what, and when.

use super::*;
use crate::storage::{Keyspace, WriteBatch};
use crate::txn::{CommitOptions, Durability};

fn bodies(transaction: &Transaction) -> Vec<String> {
    transaction
        .scan(Keyspace::Rows, &key::rows(TABLE), false)
        .map(|entry| body(&entry.expect("scan").1))
        .collect()
}

#[test]
fn committed_rows_carry_their_timestamp_and_are_seen_by_later_snapshots_only() {
    over_both(|transactions| {
        let before = begin(transactions);
        let mut writer = begin(transactions);
        writer.put_row(row_key(1), row_value("one")).expect("put");
        assert_eq!(bodies(&writer), ["one"]);
        let commit_ts = commit(writer);
        assert_eq!(bodies(&before), Vec::<String>::new());
        let after = begin(transactions);
        let value = after.get(Keyspace::Rows, &row_key(1)).expect("get").expect("row");
        assert_eq!(row::commit_ts(&value), commit_ts);
        assert_eq!(after.snapshot_ts(), commit_ts);
        assert!(before.changed_since_snapshot(&value));
        assert!(!after.changed_since_snapshot(&value));
    });
}

#[test]
fn read_committed_takes_a_snapshot_per_statement_and_repeatable_read_one() {
    over_both(|transactions| {
        let mut committed = begin(transactions);
        let mut repeatable = transactions.begin(Isolation::RepeatableRead, false).expect("begin");
        let mut writer = begin(transactions);
        writer.put_row(row_key(1), row_value("one")).expect("put");
        commit(writer);
        let _ = committed.begin_statement();
        let _ = repeatable.begin_statement();
        assert_eq!(bodies(&committed), ["one"]);
        assert_eq!(bodies(&repeatable), Vec::<String>::new());
        let newest = repeatable.get_newest(Keyspace::Rows, &row_key(1)).expect("get");
        assert!(repeatable.changed_since_snapshot(&newest.expect("row")));
    });
}

#[test]
fn deleted_row_is_gone_for_later_snapshots_and_there_for_earlier_ones() {
    over_both(|transactions| {
        let mut writer = begin(transactions);
        writer.put_row(row_key(1), row_value("one")).expect("put");
        writer.put_row(row_key(2), row_value("two")).expect("put");
        commit(writer);
        let before = begin(transactions);
        let mut deleter = begin(transactions);
        deleter.delete_row(row_key(1)).expect("delete");
        assert_eq!(bodies(&deleter), ["two"]);
        assert_eq!(deleter.get(Keyspace::Rows, &row_key(1)).expect("get"), None);
        commit(deleter);
        assert_eq!(bodies(&before), ["one", "two"]);
        assert_eq!(bodies(&begin(transactions)), ["two"]);
        assert_eq!(before.get_newest(Keyspace::Rows, &row_key(1)).expect("get"), None);
    });
}

#[test]
fn failed_statement_leaves_nothing_and_a_savepoint_brings_back_what_was() {
    over_both(|transactions| {
        let mut transaction = begin(transactions);
        transaction.put_row(row_key(1), row_value("a")).expect("put");
        let savepoint = transaction.savepoint();
        let mark = transaction.begin_statement();
        transaction.put_row(row_key(1), row_value("b")).expect("put");
        transaction.put_row(row_key(2), row_value("c")).expect("put");
        transaction.abort_statement(mark);
        assert_eq!(bodies(&transaction), ["a"]);
        transaction.delete_row(row_key(1)).expect("delete");
        transaction.rollback_to(&savepoint);
        assert_eq!(bodies(&transaction), ["a"]);
        transaction.put_row(row_key(3), row_value("d")).expect("put");
        transaction.rollback_to(&savepoint);
        transaction.release(savepoint);
        commit(transaction);
        assert_eq!(bodies(&begin(transactions)), ["a"]);
    });
}

#[test]
fn scan_does_not_see_writes_made_after_it_began() {
    over_both(|transactions| {
        let mut transaction = begin(transactions);
        for rid in 0..200 {
            transaction.put_row(row_key(rid), row_value("x")).expect("put");
        }
        let mut scan = transaction.scan(Keyspace::Rows, &key::rows(TABLE), false);
        assert!(scan.next().is_some());
        for rid in 200..400 {
            transaction.put_row(row_key(rid), row_value("y")).expect("put");
        }
        assert_eq!(scan.count(), 199);
    });
}

#[test]
fn read_only_transaction_refuses_to_write() {
    let transactions = memory();
    let mut reader = transactions.begin(Isolation::ReadCommitted, true).expect("begin");
    let error = reader.put(Keyspace::Catalog, b"k", b"v").expect_err("read only");
    assert_eq!(error.code().as_str(), "25006");
}

#[test]
fn attachment_is_published_with_the_commit_that_made_it() {
    over_both(|transactions| {
        transactions.set_attachment(Arc::new(1u32)).expect("attach");
        let before = begin(transactions);
        let mut writer = begin(transactions);
        writer.put(Keyspace::Catalog, key::catalog(1, b"t"), b"row").expect("put");
        let options = CommitOptions {
            publish: Some(Box::new(|old| {
                Arc::new(old.downcast_ref::<u32>().expect("a number") + 1)
            })),
            ..CommitOptions::default()
        };
        let commit_ts = writer.commit(options).wait().expect("commit");
        let number =
            |t: &Transaction| *t.published().attachment.downcast_ref::<u32>().expect("u32");
        assert_eq!(number(&before), 1);
        let after = begin(transactions);
        assert_eq!((number(&after), after.snapshot_ts()), (2, commit_ts));
    });
}

#[test]
fn row_counts_follow_the_deltas_and_belong_to_a_snapshot() {
    over_both(|transactions| {
        let insert = |delta| {
            let mut writer = begin(transactions);
            writer.put_row(row_key(1), row_value("x")).expect("put");
            let options =
                CommitOptions { row_deltas: vec![(TABLE, delta)], ..CommitOptions::default() };
            writer.commit(options).wait().expect("commit");
        };
        insert(5);
        let before = transactions.published();
        insert(-2);
        assert_eq!(before.row_count(TABLE).expect("count"), 5);
        assert_eq!(transactions.published().row_count(TABLE).expect("count"), 3);
    });
}

#[test]
fn oldest_active_timestamp_waits_for_the_last_reader() {
    over_both(|transactions| {
        let write = |rid| {
            let mut writer = begin(transactions);
            writer.put_row(row_key(rid), row_value("x")).expect("put");
            commit(writer)
        };
        let first = write(1);
        let reader = begin(transactions);
        let overlay = reader.overlay();
        for rid in 2..99 {
            write(rid);
        }
        let last = write(99);
        assert_eq!(transactions.oldest_active_ts(), first);
        drop(reader);
        assert_eq!(transactions.oldest_active_ts(), first);
        drop(overlay);
        assert_eq!(transactions.oldest_active_ts(), last);
    });
}

#[test]
fn ids_and_timestamps_are_not_given_twice_over_a_restart() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (id, rids, commit_ts) = {
        let transactions = disk(directory.path());
        let rids = transactions.allocate_rids(TABLE, 3).expect("rids");
        let mut writer = begin(&transactions);
        let id = writer.id();
        writer.put_row(row_key(rids.start), row_value("x")).expect("put");
        (id, rids, commit(writer))
    };
    let transactions = disk(directory.path());
    assert!(transactions.allocate_rids(TABLE, 1).expect("rids").start >= rids.end);
    let mut writer = begin(&transactions);
    assert!(writer.id() > id);
    assert_eq!(writer.snapshot_ts(), commit_ts);
    writer.put_row(row_key(rids.start), row_value("y")).expect("put");
    assert!(commit(writer) > commit_ts);
}

#[test]
fn system_writes_and_commits_keep_their_order() {
    over_both(|transactions| {
        let key = key::Meta::Sequence(7).key();
        let commits: Vec<_> = (0..100u64)
            .map(|n| {
                let mut batch = WriteBatch::new();
                batch.put(Keyspace::Meta, key, n.to_le_bytes());
                transactions.system_write(batch)
            })
            .collect();
        for commit in commits {
            commit.wait().expect("write");
        }
        let value = transactions.published().get(Keyspace::Meta, &key).expect("get");
        assert_eq!(value.as_deref(), Some(99u64.to_le_bytes().as_slice()));
    });
}

#[test]
fn asynchronous_commits_are_visible_at_once() {
    over_both(|transactions| {
        let mut writer = begin(transactions);
        writer.put_row(row_key(1), row_value("one")).expect("put");
        let options = CommitOptions { durability: Durability::Buffer, ..CommitOptions::default() };
        writer.commit(options).wait().expect("commit");
        assert_eq!(bodies(&begin(transactions)), ["one"]);
    });
}

#[test]
fn after_shutdown_commits_are_refused() {
    let transactions = memory();
    let mut writer = begin(&transactions);
    writer.put_row(row_key(1), row_value("one")).expect("put");
    transactions.shutdown();
    let error = writer.commit(Default::default()).wait().expect_err("stopped");
    assert_eq!(error.code().as_str(), "57P01");
}

/// Sessions hold these across awaits and hand them to other threads.
#[test]
fn handles_may_go_to_other_threads() {
    fn assert_send_sync<T: Send + Sync + 'static>() {}
    fn assert_send<T: Send + 'static>() {}
    assert_send_sync::<Transactions>();
    assert_send_sync::<Transaction>();
    assert_send_sync::<crate::txn::Overlay>();
    assert_send_sync::<crate::txn::LockWait>();
    assert_send_sync::<crate::txn::Commit>();
    assert_send_sync::<crate::txn::SessionLocks>();
    assert_send::<crate::txn::Scan>();
}

#[test]
fn snapshot_that_too_much_was_written_over_can_no_longer_be_read() {
    let small = Limits { snapshot_bytes_max: 100_000, ..limits() };
    let transactions = Transactions::open(Arc::new(MemoryEngine::new()), small).expect("open");
    let mut writer = begin(&transactions);
    writer.put_row(row_key(1), row_value("one")).expect("put");
    commit(writer);
    let mut old = transactions.begin(Isolation::RepeatableRead, false).expect("begin");
    let mut statements = begin(&transactions);
    let mut running = old.scan(Keyspace::Rows, &key::rows(TABLE), false);
    for rid in 2..100 {
        let mut writer = begin(&transactions);
        writer.put_row(row_key(rid), row_value(&"x".repeat(2000))).expect("put");
        commit(writer);
    }
    let _ = old.begin_statement();
    let error = old.get(Keyspace::Rows, &row_key(1)).expect_err("too old");
    assert_eq!((error.code().as_str(), error.message()), ("72000", "snapshot too old"));
    let scanned = old.scan(Keyspace::Rows, &key::rows(TABLE), false).next();
    assert_eq!(scanned.and_then(Result::err).map(|e| e.code().to_string()), Some("72000".into()));
    assert!(running.next().is_some_and(|entry| entry.is_ok()));
    assert!(running.next().is_none());
    let _ = statements.begin_statement();
    assert!(statements.get(Keyspace::Rows, &row_key(1)).expect("a new snapshot").is_some());
    assert!(transactions.oldest_active_ts() > 1);
}
