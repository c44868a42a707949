//! A transaction's reads against a plain map, over both engines in lockstep.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::storage::{KeyRange, Keyspace};
use crate::txn::Savepoint;

type Model = BTreeMap<u64, String>;

#[derive(Clone, Debug)]
enum Step {
    Put(u64, u8),
    Delete(u64),
    Savepoint,
    RollbackTo,
    Statement { fails: bool, puts: Vec<(u64, u8)> },
    Scan { from: u64, to: u64, reverse: bool },
    Get(u64),
    Commit,
    Rollback,
}

fn step() -> impl Strategy<Value = Step> {
    let rid = 0..40u64;
    prop_oneof![
        5 => (rid.clone(), any::<u8>()).prop_map(|(rid, v)| Step::Put(rid, v)),
        3 => rid.clone().prop_map(Step::Delete),
        1 => Just(Step::Savepoint),
        1 => Just(Step::RollbackTo),
        2 => (any::<bool>(), prop::collection::vec((rid.clone(), any::<u8>()), 0..6))
            .prop_map(|(fails, puts)| Step::Statement { fails, puts }),
        3 => (0..45u64, 0..45u64, any::<bool>())
            .prop_map(|(from, to, reverse)| Step::Scan { from, to, reverse }),
        2 => rid.prop_map(Step::Get),
        1 => Just(Step::Commit),
        1 => Just(Step::Rollback),
    ]
}

/// One engine's transaction next to what it should contain.
struct Run<'a> {
    transactions: &'a Transactions,
    transaction: Transaction,
    committed: Model,
    model: Model,
    savepoint: Option<(Savepoint, Model)>,
}

impl<'a> Run<'a> {
    fn new(transactions: &'a Transactions) -> Run<'a> {
        Run {
            transactions,
            transaction: begin(transactions),
            committed: Model::new(),
            model: Model::new(),
            savepoint: None,
        }
    }

    fn put(&mut self, rid: u64, value: u8) {
        let text = format!("{rid}={value}");
        self.transaction.put_row(row_key(rid), row_value(&text)).expect("put");
        self.model.insert(rid, text);
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Put(rid, value) => self.put(*rid, *value),
            Step::Delete(rid) => {
                self.transaction.delete_row(row_key(*rid)).expect("delete");
                self.model.remove(rid);
            }
            Step::Savepoint => {
                self.savepoint = Some((self.transaction.savepoint(), self.model.clone()));
            }
            Step::RollbackTo => {
                if let Some((savepoint, model)) = &self.savepoint {
                    self.transaction.rollback_to(savepoint);
                    self.model = model.clone();
                }
            }
            Step::Statement { fails, puts } => self.statement(*fails, puts),
            Step::Scan { from, to, reverse } => self.scan(*from, *to, *reverse),
            Step::Get(rid) => {
                let found = self.transaction.get(Keyspace::Rows, &row_key(*rid)).expect("get");
                assert_eq!(found.map(|value| body(&value)), self.model.get(rid).cloned());
            }
            Step::Commit => self.end(true),
            Step::Rollback => self.end(false),
        }
    }

    fn statement(&mut self, fails: bool, puts: &[(u64, u8)]) {
        let before = self.model.clone();
        let mark = self.transaction.begin_statement();
        puts.iter().for_each(|(rid, value)| self.put(*rid, *value));
        if fails {
            self.transaction.abort_statement(mark);
            self.model = before;
        }
    }

    fn scan(&self, from: u64, to: u64, reverse: bool) {
        let range: KeyRange = key::rows_between(TABLE, from, to);
        let found: Vec<String> = self
            .transaction
            .scan(Keyspace::Rows, &range, reverse)
            .map(|entry| body(&entry.expect("scan").1))
            .collect();
        let mut expected: Vec<String> = if from < to {
            self.model.range(from..to).map(|(_, text)| text.clone()).collect()
        } else {
            Vec::new()
        };
        if reverse {
            expected.reverse();
        }
        assert_eq!(found, expected);
    }

    fn end(&mut self, commits: bool) {
        self.savepoint = None;
        let next = begin(self.transactions);
        let transaction = std::mem::replace(&mut self.transaction, next);
        if commits {
            commit(transaction);
            self.committed = self.model.clone();
        } else {
            transaction.rollback();
            self.model = self.committed.clone();
        }
        self.transaction = begin(self.transactions);
    }
}

/// Empties the table, so that one engine serves all cases.
fn clear(transactions: &Transactions) {
    let mut transaction = begin(transactions);
    (0..40).for_each(|rid| transaction.delete_row(row_key(rid)).expect("delete"));
    commit(transaction);
}

#[test]
fn reads_agree_with_a_plain_map_over_both_engines_and_their_runs() {
    let directory = tempfile::tempdir().expect("temporary directory");
    // The third writes a run every few changes, and merges runs now and then.
    let tiny = Limits { run_bytes: 400, ..limits() };
    let over_runs = Transactions::open(Arc::new(MemoryEngine::new()), tiny.clone()).expect("open");
    let runs_on_disk = tempfile::tempdir().expect("temporary directory");
    let on_disk = Transactions::open(disk_engine(runs_on_disk.path()), tiny).expect("open");
    let all = [memory(), disk(directory.path()), over_runs, on_disk];
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..60))| {
        for transactions in &all {
            clear(transactions);
            let mut run = Run::new(transactions);
            steps.iter().for_each(|step| run.apply(step));
            run.scan(0, 40, false);
        }
    });
}
