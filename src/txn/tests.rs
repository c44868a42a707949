//! Tests of transactions over the memory and the disk engine together.

mod copy;
mod crash;
mod files;
mod gaps;
mod group;
mod model;
mod prepared;
mod recorded;
mod runs;
mod serializable;
mod simulation;
mod spill;
mod visibility;

use std::sync::Arc;

use super::{Isolation, Limits, Transaction, Transactions};
use crate::storage::disk::{DiskEngine, DiskOptions};
use crate::storage::memory::MemoryEngine;
use crate::storage::{Engine, key, row};

/// Small sizes, and no disk reserve: a test must pass on a nearly full disk.
fn limits() -> Limits {
    Limits { disk_reserve_bytes: 0, ..Limits::default() }
}

fn memory() -> Transactions {
    Transactions::open(Arc::new(MemoryEngine::new()), limits()).expect("open over memory")
}

fn disk_engine(directory: &std::path::Path) -> Arc<dyn Engine> {
    let options = DiskOptions { cache_bytes: 8 << 20, ..DiskOptions::default() };
    Arc::new(DiskEngine::open(directory, &options).expect("open the data directory"))
}

fn disk(directory: &std::path::Path) -> Transactions {
    Transactions::open(disk_engine(directory), limits()).expect("open over disk")
}

/// Runs a test over both engines.
fn over_both(test: impl Fn(&Transactions)) {
    test(&memory());
    let directory = tempfile::tempdir().expect("temporary directory");
    test(&disk(directory.path()));
}

fn begin(transactions: &Transactions) -> Transaction {
    transactions.begin(Isolation::ReadCommitted, false).expect("begin")
}

fn commit(transaction: Transaction) -> u64 {
    transaction.commit(Default::default()).wait().expect("commit")
}

const TABLE: u32 = 16384;

fn row_value(body: &str) -> Vec<u8> {
    let mut value = row::header(1).to_vec();
    value.extend_from_slice(body.as_bytes());
    value
}

fn body(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[row::HEADER_LEN..]).into_owned()
}

fn row_key(rid: u64) -> [u8; key::ROW_KEY_LEN] {
    key::row(TABLE, rid)
}
