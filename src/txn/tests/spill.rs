//! Transactions over their memory budget.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::storage::fault::{Fault, FaultEngine};
use crate::storage::{KeyRange, Keyspace};
use crate::txn::Savepoint;

const INDEX: u32 = 20;
const UNIQUE: u32 = 21;

fn small() -> Limits {
    Limits { spill_bytes: 48 << 10, sweep_entries_max: 100, ..limits() }
}

fn open(engine: Arc<dyn Engine>) -> Transactions {
    Transactions::open(engine, small()).expect("open")
}

fn insert(transactions: &Transactions, transaction: &mut Transaction, count: u64) -> Vec<u64> {
    let rids = transactions.allocate_rids(TABLE, count).expect("rids");
    for rid in rids.clone() {
        let payload = (u64::MAX - rid).to_be_bytes();
        transaction.insert_row(row_key(rid), row_value(&rid.to_string())).expect("row");
        transaction
            .insert_index_entry(key::index_entry(INDEX, &payload, Some(rid)), b"")
            .expect("entry");
        transaction
            .insert_index_entry(key::index_entry(UNIQUE, &payload, None), key::index_value(rid))
            .expect("entry");
    }
    rids.collect()
}

fn rids(transaction: &Transaction) -> Vec<u64> {
    let scanned = |keyspace, range: &KeyRange, reverse| {
        transaction.scan(keyspace, range, reverse).map(|entry| entry.expect("scan"))
    };
    let rows: Vec<u64> = scanned(Keyspace::Rows, &key::rows(TABLE), false)
        .map(|(key, _)| key::row_parts(&key).expect("row key").1)
        .collect();
    for index in [INDEX, UNIQUE] {
        for reverse in [false, true] {
            let mut entries: Vec<u64> = scanned(Keyspace::Indexes, &key::index(index), reverse)
                .map(|(key, value)| key::index_rid(&key, &value).expect("rid"))
                .collect();
            // Payloads fall as rids rise.
            if !reverse {
                entries.reverse();
            }
            assert_eq!(entries, rows, "index {index} disagrees, reverse: {reverse}");
        }
    }
    rows
}

/// Everything in the engine, hidden or not.
fn raw_count(transactions: &Transactions, keyspace: Keyspace) -> usize {
    transactions.published().view.range(keyspace, &KeyRange::all(), false).count()
}

fn unfinished(transactions: &Transactions) -> usize {
    transactions.published().view.range(Keyspace::Meta, &key::Meta::spills(), false).count()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn spilled_rows_are_seen_by_their_transaction_alone_until_it_commits() {
    let directory = tempfile::tempdir().expect("temporary directory");
    for engine in [Arc::new(MemoryEngine::new()), disk_engine(directory.path())] {
        let transactions = open(engine);
        let mut writer = transactions.begin(Isolation::RepeatableRead, false).expect("begin");
        let written = insert(&transactions, &mut writer, 2000);
        assert!(raw_count(&transactions, Keyspace::Rows) > 1000, "nothing was spilled");
        assert!(writer.write_set_bytes() <= 49 << 10);
        assert_eq!(rids(&writer), written);
        let other = begin(&transactions);
        assert_eq!(rids(&other), Vec::<u64>::new());
        let unique = key::index_entry(UNIQUE, &(u64::MAX - written[0]).to_be_bytes(), None);
        assert_eq!(other.get_newest(Keyspace::Indexes, &unique).expect("get"), None);
        assert!(writer.get(Keyspace::Indexes, &unique).expect("get").is_some());
        let commit_ts = commit(writer);
        assert_eq!(rids(&other), Vec::<u64>::new());
        let newest = other.get_newest(Keyspace::Rows, &row_key(written[0])).expect("get");
        assert!(other.changed_since_snapshot(&newest.expect("committed")));
        let after = begin(&transactions);
        assert_eq!(rids(&after), written);
        let first = after.get(Keyspace::Rows, &row_key(written[0])).expect("get").expect("row");
        assert_eq!(after.published().row_commit_ts(&first), commit_ts);
        assert!(!after.changed_since_snapshot(&first));
        assert_eq!(unfinished(&transactions), 0);
    }
}

#[test]
fn spill_that_is_rolled_back_is_swept() {
    let directory = tempfile::tempdir().expect("temporary directory");
    for engine in [Arc::new(MemoryEngine::new()), disk_engine(directory.path())] {
        let transactions = open(engine);
        let mut kept = begin(&transactions);
        let written = insert(&transactions, &mut kept, 10);
        commit(kept);
        let mut failing = begin(&transactions);
        insert(&transactions, &mut failing, 1000);
        failing.rollback();
        assert_eq!(rids(&begin(&transactions)), written);
        wait_until("the sweeper", || unfinished(&transactions) == 0);
        assert_eq!(raw_count(&transactions, Keyspace::Rows), 10);
        assert_eq!(raw_count(&transactions, Keyspace::Indexes), 20);
        assert_eq!(rids(&begin(&transactions)), written);
    }
}

#[test]
fn spill_that_a_crash_cut_off_is_hidden_and_swept_after_it() {
    let directory = tempfile::tempdir().expect("temporary directory");
    {
        let transactions = open(disk_engine(directory.path()));
        let mut lost = begin(&transactions);
        insert(&transactions, &mut lost, 1000);
        // As if killed: the sweeper must not get to it.
        transactions.shutdown();
    }
    let transactions = open(disk_engine(directory.path()));
    assert_eq!(rids(&begin(&transactions)), Vec::<u64>::new());
    wait_until("the sweeper", || unfinished(&transactions) == 0);
    assert_eq!(raw_count(&transactions, Keyspace::Rows), 0);
    assert_eq!(raw_count(&transactions, Keyspace::Indexes), 0);
}

#[test]
fn committed_spill_survives_a_restart() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let written = {
        let transactions = open(disk_engine(directory.path()));
        let mut writer = begin(&transactions);
        let written = insert(&transactions, &mut writer, 1000);
        commit(writer);
        written
    };
    let transactions = open(disk_engine(directory.path()));
    let reader = begin(&transactions);
    assert_eq!(rids(&reader), written);
    let first = reader.get(Keyspace::Rows, &row_key(written[0])).expect("get").expect("row");
    assert!(!reader.changed_since_snapshot(&first));
}

#[test]
fn unique_key_of_a_dead_spill_can_be_given_to_another_row() {
    let transactions = open(Arc::new(MemoryEngine::new()));
    let mut failing = begin(&transactions);
    let dead = insert(&transactions, &mut failing, 1000);
    let payload = (u64::MAX - dead[500]).to_be_bytes();
    let unique = key::index_entry(UNIQUE, &payload, None);
    failing.rollback();
    let mut writer = begin(&transactions);
    let rid = transactions.allocate_rids(TABLE, 1).expect("rids").start;
    writer.put(Keyspace::Indexes, unique.clone(), key::index_value(rid)).expect("put");
    commit(writer);
    wait_until("the sweeper", || unfinished(&transactions) == 0);
    let found = begin(&transactions).get(Keyspace::Indexes, &unique).expect("get");
    assert_eq!(found.as_deref(), Some(&key::index_value(rid)[..]));
}

/// An entry that takes the place of one that others still see must not go early.
#[test]
fn unique_key_that_moves_to_a_new_row_stays_with_the_old_one_until_the_commit() {
    let transactions = open(Arc::new(MemoryEngine::new()));
    let unique = key::index_entry(UNIQUE, b"key", None);
    let mut setup = begin(&transactions);
    setup.put(Keyspace::Indexes, unique.clone(), key::index_value(1)).expect("put");
    commit(setup);
    let mut writer = begin(&transactions);
    writer.delete(Keyspace::Indexes, unique.clone()).expect("delete");
    let rid = transactions.allocate_rids(TABLE, 1).expect("rids").start;
    writer.insert_index_entry(unique.clone(), key::index_value(rid)).expect("entry");
    insert(&transactions, &mut writer, 1000);
    let seen = |transaction: &Transaction| {
        transaction.get(Keyspace::Indexes, &unique).expect("get").map(|value| value.to_vec())
    };
    assert_eq!(seen(&begin(&transactions)), Some(key::index_value(1).to_vec()));
    assert_eq!(seen(&writer), Some(key::index_value(rid).to_vec()));
    commit(writer);
    assert_eq!(seen(&begin(&transactions)), Some(key::index_value(rid).to_vec()));
}

#[test]
fn row_that_is_inserted_and_deleted_in_one_transaction_leaves_nothing() {
    let transactions = memory();
    let mut writer = begin(&transactions);
    writer.insert_row(row_key(1), row_value("x")).expect("insert");
    writer.delete_row(row_key(1)).expect("delete");
    assert!(!writer.has_writes());
}

/// Every call of a bulk load fails once; afterwards nothing of it is seen.
#[test]
fn failing_spill_leaves_nothing() {
    for n in 1..=30 {
        let memory: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let engine = Arc::new(FaultEngine::new(memory.clone()));
        let transactions = open(engine.clone());
        let mut writer = begin(&transactions);
        engine.fail_at(n, Fault::Refused);
        let done = (0..1000).try_for_each(|rid| {
            writer.insert_row(row_key(rid), row_value("x"))?;
            writer.insert_index_entry(key::index_entry(INDEX, &rid.to_be_bytes(), Some(rid)), b"")
        });
        let committed = done.and_then(|()| writer.commit(Default::default()).wait());
        let expected = if committed.is_ok() { 1000 } else { 0 };
        let count = |transactions: &Transactions| {
            let reader = begin(transactions);
            let rows = reader.scan(Keyspace::Rows, &key::rows(TABLE), false).count();
            let entries = reader.scan(Keyspace::Indexes, &key::index(INDEX), false).count();
            (rows, entries)
        };
        assert_eq!(count(&transactions), (expected, expected), "call {n}");
        drop(transactions);
        assert_eq!(count(&open(memory)), (expected, expected), "call {n}, after a restart");
    }
}

/// Loaders fight over the same unique keys, commit or roll back, and the sweeper
/// runs among them; readers see each load whole or not at all.
#[test]
fn concurrent_loads_are_seen_whole_and_keep_their_keys() {
    use crate::txn::{LockMode, Resource, WaitPolicy};
    use std::sync::atomic::{AtomicBool, Ordering};

    const ROWS: u64 = 120;
    let directory = tempfile::tempdir().expect("temporary directory");
    let options =
        crate::storage::disk::DiskOptions { memtable_bytes: 256 << 10, ..Default::default() };
    let engine = crate::storage::disk::DiskEngine::open(directory.path(), &options).expect("open");
    let few = Limits { spill_bytes: 16 << 10, ..small() };
    let transactions = Transactions::open(Arc::new(engine), few).expect("open");
    let stop = AtomicBool::new(false);
    let load = |thread: u64, turn: u64| {
        let mut writer = begin(&transactions);
        let rids = transactions.allocate_rids(TABLE, ROWS).expect("rids");
        for (n, rid) in rids.enumerate() {
            let entry =
                key::index_entry(UNIQUE, &((turn % 3) * 1000 + n as u64).to_be_bytes(), None);
            let resource = Resource::index_key(UNIQUE, &entry);
            if !writer.lock(resource, LockMode::Exclusive, WaitPolicy::NoWait).wait()
                || writer.get_newest(Keyspace::Indexes, &entry).expect("get").is_some()
            {
                return writer.rollback();
            }
            let text = format!("{thread}-{turn}");
            writer.insert_row(row_key(rid), row_value(&text)).expect("row");
            writer.insert_index_entry(entry, key::index_value(rid)).expect("entry");
        }
        if turn.is_multiple_of(2) {
            writer.rollback();
        } else {
            commit(writer);
        }
    };
    let unload = |turn: u64| {
        let mut writer = begin(&transactions);
        let first = (turn % 3) * 1000;
        let from = key::index_entry(UNIQUE, &first.to_be_bytes(), None);
        let to = key::index_entry(UNIQUE, &(first + ROWS).to_be_bytes(), None);
        let entries: Vec<_> = writer
            .scan(Keyspace::Indexes, &KeyRange::new(from, to), false)
            .map(|entry| entry.expect("scan"))
            .collect();
        for (entry, value) in entries {
            let resource = Resource::index_key(UNIQUE, &entry);
            let locked = writer.lock(resource, LockMode::Exclusive, WaitPolicy::NoWait).wait();
            if !locked
                || writer.get_newest(Keyspace::Indexes, &entry).expect("get") != Some(value.clone())
            {
                return writer.rollback();
            }
            let rid = key::index_rid(&entry, &value).expect("rid");
            writer.delete_row(row_key(rid)).expect("delete");
            writer.delete(Keyspace::Indexes, entry).expect("delete");
        }
        commit(writer);
    };
    let check = || {
        let reader = begin(&transactions);
        let rows: BTreeMap<u64, String> = reader
            .scan(Keyspace::Rows, &key::rows(TABLE), false)
            .map(|entry| entry.expect("scan"))
            .map(|(key, value)| (key::row_parts(&key).expect("row key").1, body(&value)))
            .collect();
        let mut entries: Vec<u64> = reader
            .scan(Keyspace::Indexes, &key::index(UNIQUE), false)
            .map(|entry| entry.expect("scan"))
            .map(|(key, value)| key::index_rid(&key, &value).expect("rid"))
            .collect();
        entries.sort_unstable();
        assert_eq!(entries, rows.keys().copied().collect::<Vec<_>>());
        let mut loads = BTreeMap::<&String, u64>::new();
        rows.values().for_each(|load| *loads.entry(load).or_default() += 1);
        assert!(loads.values().all(|count| *count == ROWS), "half a load: {loads:?}");
        assert!(loads.len() <= 3);
        loads.len()
    };
    let seen = std::thread::scope(|scope| {
        for thread in 0..3 {
            let (stop, load) = (&stop, &load);
            scope.spawn(move || {
                (thread..)
                    .take_while(|_| !stop.load(Ordering::Relaxed))
                    .for_each(|n| load(thread, n));
            });
        }
        let (stop, unload) = (&stop, &unload);
        scope.spawn(move || {
            (0..).take_while(|_| !stop.load(Ordering::Relaxed)).for_each(unload);
        });
        let until = Instant::now() + Duration::from_secs(3);
        let mut seen = 0;
        while Instant::now() < until {
            seen += check();
        }
        stop.store(true, Ordering::Relaxed);
        seen
    });
    assert!(seen > 0, "no load was ever committed");
    wait_until("the sweeper", || unfinished(&transactions) == 0);
    let loads = check();
    assert_eq!(raw_count(&transactions, Keyspace::Indexes), loads * ROWS as usize);
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    Update(prop::sample::Index),
    Delete(prop::sample::Index),
    Savepoint,
    RollbackTo,
    FailingStatement(u64),
    Check,
    Commit,
    Rollback,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..150u64).prop_map(Step::Insert),
        3 => any::<prop::sample::Index>().prop_map(Step::Update),
        3 => any::<prop::sample::Index>().prop_map(Step::Delete),
        2 => Just(Step::Savepoint),
        2 => Just(Step::RollbackTo),
        2 => (1..150u64).prop_map(Step::FailingStatement),
        3 => Just(Step::Check),
        2 => Just(Step::Commit),
        1 => Just(Step::Rollback),
    ]
}

type Model = BTreeMap<u64, String>;

struct Run<'a> {
    transactions: &'a Transactions,
    transaction: Option<Transaction>,
    committed: Model,
    model: Model,
    savepoint: Option<(Savepoint, Model)>,
}

impl Run<'_> {
    fn transaction(&mut self) -> &mut Transaction {
        let transactions = self.transactions;
        self.transaction.get_or_insert_with(|| begin(transactions))
    }

    fn insert(&mut self, count: u64) {
        let transactions = self.transactions;
        for rid in insert(transactions, self.transaction(), count) {
            self.model.insert(rid, rid.to_string());
        }
    }

    fn apply(&mut self, step: &Step) {
        let rids: Vec<u64> = self.model.keys().copied().collect();
        match step {
            Step::Insert(count) => self.insert(*count),
            Step::Update(index) if !rids.is_empty() => {
                let rid = *index.get(&rids);
                self.transaction().put_row(row_key(rid), row_value("new")).expect("put");
                self.model.insert(rid, "new".into());
            }
            Step::Delete(index) if !rids.is_empty() => {
                let rid = *index.get(&rids);
                let payload = (u64::MAX - rid).to_be_bytes();
                let entries = [
                    key::index_entry(INDEX, &payload, Some(rid)),
                    key::index_entry(UNIQUE, &payload, None),
                ];
                self.transaction().delete_row(row_key(rid)).expect("delete");
                for entry in entries {
                    self.transaction().delete(Keyspace::Indexes, entry).expect("delete");
                }
                self.model.remove(&rid);
            }
            Step::Update(_) | Step::Delete(_) => {}
            Step::Savepoint => {
                self.savepoint = Some((self.transaction().savepoint(), self.model.clone()));
            }
            Step::RollbackTo => {
                if let Some((savepoint, model)) = self.savepoint.clone() {
                    self.transaction().rollback_to(&savepoint);
                    self.model = model;
                }
            }
            Step::FailingStatement(count) => {
                let before = self.model.clone();
                let mark = self.transaction().begin_statement();
                self.insert(*count);
                self.transaction().abort_statement(mark);
                self.model = before;
            }
            Step::Check => self.check(),
            Step::Commit => self.end(true),
            Step::Rollback => self.end(false),
        }
    }

    fn end(&mut self, commits: bool) {
        self.savepoint = None;
        let Some(transaction) = self.transaction.take() else { return };
        if commits {
            commit(transaction);
            self.committed = self.model.clone();
        } else {
            transaction.rollback();
            self.model = self.committed.clone();
        }
    }

    fn check(&mut self) {
        let expected = self.model.clone();
        let transaction = self.transaction();
        assert_eq!(rids(transaction), expected.keys().copied().collect::<Vec<_>>());
        for (rid, text) in &expected {
            let value = transaction.get(Keyspace::Rows, &row_key(*rid)).expect("get");
            assert_eq!(value.map(|value| body(&value)).as_ref(), Some(text));
        }
        let outside = begin(self.transactions);
        assert_eq!(rids(&outside), self.committed.keys().copied().collect::<Vec<_>>());
    }
}

#[test]
fn spilling_changes_nothing_that_can_be_seen() {
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..30))| {
        let transactions = open(Arc::new(MemoryEngine::new()));
        let mut run = Run {
            transactions: &transactions,
            transaction: None,
            committed: Model::new(),
            model: Model::new(),
            savepoint: None,
        };
        for step in &steps {
            run.apply(step);
        }
        run.check();
        run.end(true);
        run.check();
        run.end(true);
        wait_until("the sweeper", || unfinished(&transactions) == 0);
        run.check();
    });
}
