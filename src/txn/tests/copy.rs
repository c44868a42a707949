//! Copies of tables and indexes as bytes.

use super::*;
use crate::storage::Keyspace;
use crate::txn::Copy;

const INDEX: u32 = 20;
const COPIED: u32 = 30;
const COPIED_INDEX: u32 = 31;

const COPIES: [Copy; 2] = [
    Copy { keyspace: Keyspace::Rows, from: TABLE, to: COPIED },
    Copy { keyspace: Keyspace::Indexes, from: INDEX, to: COPIED_INDEX },
];

fn fill(transactions: &Transactions, count: u64) -> Vec<u64> {
    let mut transaction = begin(transactions);
    let rids = transactions.allocate_rids(TABLE, count).expect("rids");
    for rid in rids.clone() {
        transaction.insert_row(row_key(rid), row_value(&rid.to_string())).expect("row");
        let entry = key::index_entry(INDEX, &rid.to_be_bytes(), Some(rid));
        transaction.insert_index_entry(entry, b"").expect("entry");
    }
    commit(transaction);
    rids.collect()
}

/// The rids of a table, and of the index that goes with it.
fn content(transaction: &Transaction, table: u32, index: u32) -> (Vec<u64>, Vec<u64>) {
    let rows = transaction.scan(Keyspace::Rows, &key::rows(table), false);
    let rows = rows.map(|entry| key::row_parts(&entry.expect("row").0).expect("a key").1);
    let entries = transaction.scan(Keyspace::Indexes, &key::index(index), false);
    let entries = entries.map(|entry| {
        let (key, value) = entry.expect("entry");
        key::index_rid(&key, &value).expect("a rid")
    });
    (rows.collect(), entries.collect())
}

#[test]
fn a_copy_is_seen_once_it_is_committed() {
    let directory = tempfile::tempdir().expect("temporary directory");
    for engine in [Arc::new(MemoryEngine::new()) as Arc<dyn Engine>, disk_engine(directory.path())]
    {
        let transactions = Transactions::open(engine, limits()).expect("open");
        let rids = fill(&transactions, 3_000);
        let mut copier = begin(&transactions);
        let source = transactions.published();
        // What comes later is not copied.
        fill(&transactions, 5);
        let counts = copier.copy_objects(&source, &COPIES, &|| false).expect("copied");
        assert_eq!(counts, [(COPIED, 3_000)]);
        let other = begin(&transactions);
        assert_eq!(content(&other, COPIED, COPIED_INDEX), (Vec::new(), Vec::new()));
        assert_eq!(content(&copier, COPIED, COPIED_INDEX), (rids.clone(), rids.clone()));
        let commit_ts = commit(copier);
        let after = begin(&transactions);
        assert_eq!(content(&after, COPIED, COPIED_INDEX), (rids.clone(), rids.clone()));
        let first = key::row(COPIED, rids[0]);
        let row = after.get(Keyspace::Rows, &first).expect("get").expect("a row");
        assert_eq!(body(&row), rids[0].to_string());
        assert_eq!(after.published().row_commit_ts(&row), commit_ts);
        let next = transactions.allocate_rids(COPIED, 1).expect("a rid").start;
        assert!(rids.iter().all(|rid| *rid < next));
    }
}

#[test]
fn a_copy_that_is_given_up_leaves_nothing_to_see() {
    let transactions = memory();
    fill(&transactions, 5_000);
    let mut copier = begin(&transactions);
    let source = transactions.published();
    let error = copier.copy_objects(&source, &COPIES, &|| true).expect_err("cancelled");
    assert_eq!(error.code(), crate::sqlstate::QUERY_CANCELED);
    drop(copier);
    let after = begin(&transactions);
    assert_eq!(content(&after, COPIED, COPIED_INDEX), (Vec::new(), Vec::new()));
}
