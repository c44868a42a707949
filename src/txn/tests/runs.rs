//! Transactions whose changes of existing rows do not fit into memory.

use std::path::Path;

use super::crash::{CRASH_DIRECTORY, acknowledged_by};
use super::prepared::{finish, prepare};
use super::*;
use crate::storage::fault::{Fault, FaultEngine};
use crate::storage::{Key, Keyspace};

const INDEX: u32 = 9;
const ROWS: u64 = 300;

fn small() -> Limits {
    Limits { run_bytes: 8 << 10, ..limits() }
}

fn open(engine: Arc<dyn Engine>) -> Transactions {
    Transactions::open(engine, small()).expect("open")
}

/// Gives every row a number, and the rows' entries in an index by that number.
fn set_all(transaction: &mut Transaction, from: Option<u64>, to: u64) -> crate::Result<()> {
    for rid in 0..ROWS {
        let entry = |number: u64| -> Key {
            key::index_entry(INDEX, &number.to_be_bytes(), Some(rid)).into()
        };
        if let Some(from) = from {
            transaction.delete(Keyspace::Indexes, entry(from))?;
        }
        transaction.put(Keyspace::Indexes, entry(to), b"")?;
        transaction.put_row(row_key(rid), row_value(&to.to_string()))?;
    }
    Ok(())
}

/// The number that all rows and entries have; none if there are no rows.
fn number_of_all(transactions: &Transactions) -> Option<u64> {
    number_seen(&begin(transactions))
}

fn number_seen(reader: &Transaction) -> Option<u64> {
    let rows: Vec<u64> = reader
        .scan(Keyspace::Rows, &key::rows(TABLE), false)
        .map(|entry| body(&entry.expect("scan").1).parse().expect("a number"))
        .collect();
    let entries: Vec<u64> = reader
        .scan(Keyspace::Indexes, &key::index(INDEX), false)
        .map(|entry| {
            let (key, _) = entry.expect("scan");
            u64::from_be_bytes(key::index_payload(&key, false).try_into().expect("eight bytes"))
        })
        .collect();
    assert_eq!(rows, entries, "a transaction was torn apart");
    let first = *rows.first()?;
    assert_eq!(rows, vec![first; ROWS as usize], "a transaction was torn apart");
    Some(first)
}

fn stored_runs(directory: &Path) -> usize {
    std::fs::read_dir(directory.join("runs")).map_or(0, |entries| entries.count())
}

#[test]
fn a_large_transaction_is_seen_whole_by_itself_and_by_others_after_it() {
    over_both(|transactions| {
        let mut first = begin(transactions);
        set_all(&mut first, None, 1).expect("rows");
        commit(first);
    });
    let directory = tempfile::tempdir().expect("temporary directory");
    let engines = [Arc::new(MemoryEngine::new()) as Arc<dyn Engine>, disk_engine(directory.path())];
    for engine in engines {
        let transactions = open(engine);
        let mut first = begin(&transactions);
        set_all(&mut first, None, 1).expect("rows");
        assert!(first.is_large());
        assert!(first.write_set_bytes() <= 9 << 10, "{} bytes", first.write_set_bytes());
        assert_eq!(number_seen(&first), Some(1));
        assert_eq!(number_of_all(&transactions), None);
        let before = commit(first);
        let old = begin(&transactions);
        let mut second = begin(&transactions);
        set_all(&mut second, Some(1), 2).expect("rows");
        assert_eq!(commit(second), before + 1);
        assert_eq!(number_seen(&old), Some(1), "a snapshot has changed");
        assert_eq!(number_of_all(&transactions), Some(2));
        let row = begin(&transactions).get(Keyspace::Rows, &row_key(7)).expect("get");
        assert_eq!(row::commit_ts(&row.expect("a row")), before + 1);
        let mut third = begin(&transactions);
        for rid in 0..ROWS {
            third.delete_row(row_key(rid)).expect("delete");
            let entry = key::index_entry(INDEX, &2u64.to_be_bytes(), Some(rid));
            third.delete(Keyspace::Indexes, entry).expect("delete");
        }
        assert_eq!(number_seen(&third), None);
        commit(third);
        assert_eq!(number_of_all(&transactions), None);
        assert_eq!(number_seen(&old), Some(1), "a snapshot has changed");
    }
    assert_eq!(stored_runs(directory.path()), 0, "runs are left");
}

#[test]
fn rollback_over_the_border_of_memory_gives_up_the_runs_since() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let transactions = open(disk_engine(directory.path()));
    let mut writer = begin(&transactions);
    set_all(&mut writer, None, 1).expect("rows");
    let savepoint = writer.savepoint();
    let kept = stored_runs(directory.path());
    for number in 2..6 {
        set_all(&mut writer, Some(number - 1), number).expect("rows");
    }
    assert!(stored_runs(directory.path()) > kept);
    writer.rollback_to(&savepoint);
    assert_eq!(number_seen(&writer), Some(1));
    set_all(&mut writer, Some(1), 7).expect("rows");
    writer.rollback_to(&savepoint);
    drop(savepoint);
    assert_eq!(stored_runs(directory.path()), kept, "runs are left");
    commit(writer);
    assert_eq!(number_of_all(&transactions), Some(1));
    let mut given_up = begin(&transactions);
    set_all(&mut given_up, Some(1), 8).expect("rows");
    given_up.rollback();
    assert_eq!(number_of_all(&transactions), Some(1));
    assert_eq!(stored_runs(directory.path()), 0, "runs are left");
}

/// Each call of the engine fails once, in each way; what is left is a whole transaction,
/// all that was acknowledged, and no run.
#[test]
fn every_call_may_fail_and_a_large_transaction_stays_whole() {
    let faults = [Fault::Io, Fault::NoSpace, Fault::SyncLost, Fault::Refused];
    let mut committed_anyway = 0;
    for n in 1..=160u64 {
        let fault = faults[n as usize % faults.len()];
        let memory = Arc::new(MemoryEngine::with_images());
        let engine = Arc::new(FaultEngine::new(memory.clone()));
        engine.fail_at(n, fault);
        let hook = Arc::new(|_: &crate::Error| {});
        let transactions = Transactions::open_with(engine.clone(), small(), hook).expect("open");
        let mut acknowledged = None;
        let mut sent = None;
        for number in 1..=4 {
            let Ok(mut writer) = transactions.begin(Isolation::ReadCommitted, false) else { break };
            if set_all(&mut writer, acknowledged, number).is_err() {
                continue;
            }
            match writer.commit(Default::default()).wait() {
                Ok(_) => acknowledged = Some(number),
                Err(error) if error.code().as_str() == "08007" => {
                    sent = Some(number);
                    break;
                }
                Err(_) => {}
            }
        }
        transactions.shutdown();
        drop(transactions);
        for recovered in [memory.after_kill(), memory.after_power_loss(|_| 0)] {
            let recovered = Arc::new(recovered);
            let found = number_of_all(&open(recovered.clone()));
            assert!(
                found == acknowledged || found == sent,
                "{fault:?} at call {n}: {found:?}, acknowledged {acknowledged:?}, sent {sent:?}"
            );
            committed_anyway += u32::from(found != acknowledged);
            // A second start finds the same, and nothing to do.
            assert_eq!(number_of_all(&open(recovered)), found);
        }
    }
    assert!(committed_anyway > 0, "no start had to end a commit");
}

#[test]
fn a_large_prepared_transaction_survives_a_restart_and_is_finished() {
    let directory = tempfile::tempdir().expect("temporary directory");
    for commits in [false, true] {
        let data = directory.path().join(commits.to_string());
        {
            let transactions = open(disk_engine(&data));
            let mut first = begin(&transactions);
            set_all(&mut first, None, 1).expect("rows");
            commit(first);
            let mut writer = begin(&transactions);
            set_all(&mut writer, Some(1), 2).expect("rows");
            prepare(&transactions, writer, "large");
        }
        // All of it is in the record.
        assert_eq!(stored_runs(&data), 0, "runs are left");
        let transactions = open(disk_engine(&data));
        assert_eq!(number_of_all(&transactions), Some(1));
        finish(&transactions, "large", commits).expect("it is finished");
        assert_eq!(number_of_all(&transactions), Some(if commits { 2 } else { 1 }));
        assert_eq!(stored_runs(&data), 0, "runs are left");
        drop(transactions);
        let transactions = open(disk_engine(&data));
        assert_eq!(number_of_all(&transactions), Some(if commits { 2 } else { 1 }));
    }
}

/// Changes all rows, rolls every third change back, and prints each that was acknowledged.
#[test]
#[ignore = "the child of kill_during_large_changes_keeps_them_whole"]
fn child_changes_until_killed() {
    let Ok(directory) = std::env::var(CRASH_DIRECTORY) else { return };
    let transactions = open(disk_engine(directory.as_ref()));
    let mut last = number_of_all(&transactions);
    for number in last.unwrap_or(0) + 1.. {
        let mut writer = begin(&transactions);
        set_all(&mut writer, last, number).expect("rows");
        if number % 3 == 2 {
            writer.rollback();
        } else {
            commit(writer);
            println!("acknowledged {number}");
            last = Some(number);
        }
    }
}

#[test]
fn kill_during_large_changes_keeps_them_whole() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let data = directory.path().join("data");
    let child = "child_changes_until_killed";
    for kill_after in [2, 5, 9, 3, 7] {
        let acknowledged = acknowledged_by(child, &data, kill_after);
        let found = number_of_all(&open(disk_engine(&data))).expect("rows");
        let last = acknowledged[acknowledged.len() - 1];
        let next = last + if last % 3 == 1 { 2 } else { 1 };
        assert!(found == last || found == next, "{found} there, {last} acknowledged");
        assert_eq!(stored_runs(&data), 0, "runs are left");
    }
}

#[test]
fn a_full_disk_refuses_a_run_before_it_is_written() {
    let engine = Arc::new(FaultEngine::new(Arc::new(MemoryEngine::new())));
    let reserve = Limits { disk_reserve_bytes: 1 << 20, ..small() };
    let transactions = Transactions::open(engine.clone(), reserve).expect("open");
    let mut writer = begin(&transactions);
    let start = writer.savepoint();
    engine.set_free_bytes(Some(1 << 19));
    let error = set_all(&mut writer, None, 1).expect_err("no space");
    assert_eq!(error.code().as_str(), "53100");
    engine.set_free_bytes(None);
    writer.rollback_to(&start);
    set_all(&mut writer, None, 2).expect("rows");
    commit(writer);
    assert_eq!(number_of_all(&transactions), Some(2));
}
