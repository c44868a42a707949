//! Scans that pass over gaps against plain scans, over both engines and their runs. Here each
//! step is long enough to be noted.

use proptest::prelude::*;

use super::*;
use crate::storage::{KeyRange, Keyspace};
use crate::txn::{Overlay, Published, Scan};

const INDEX: u32 = 16_400;

#[derive(Clone, Debug)]
enum Step {
    /// A transaction that puts and removes, with a scan of its own before it commits.
    Commit {
        puts: Vec<u8>,
        removes: std::ops::Range<u8>,
    },
    /// An instant is held from now on.
    Hold,
    Scan {
        from: u8,
        to: u8,
        held: usize,
    },
    /// A scan that has begun before a transaction, and goes on after it.
    Across {
        from: u8,
        put: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let puts = prop::collection::vec(any::<u8>(), 0..4);
    prop_oneof![
        4 => (puts, any::<u8>(), 0..120u8).prop_map(|(puts, from, count)| Step::Commit {
            puts,
            removes: from..from.saturating_add(count),
        }),
        1 => Just(Step::Hold),
        5 => (any::<u8>(), any::<u8>(), 0..8usize)
            .prop_map(|(from, to, held)| Step::Scan { from, to, held }),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(from, put)| Step::Across { from, put }),
    ]
}

fn entry(n: u8) -> Vec<u8> {
    key::index_entry(INDEX, &[n], Some(u64::from(n)))
}

fn agrees(published: &Arc<Published>, from: u8, to: u8) {
    let range = KeyRange::new(entry(from), entry(to));
    agrees_over(&published.overlay(), &range);
}

fn agrees_over(overlay: &Overlay, range: &KeyRange) {
    let all = |scan: Scan| scan.map(|entry| entry.expect("scan")).collect::<Vec<_>>();
    let plain = all(overlay.scan(Keyspace::Indexes, range, false));
    assert_eq!(all(overlay.scan_past_gaps(range)), plain);
}

fn put(transaction: &mut Transaction, n: u8) {
    transaction.put(Keyspace::Indexes, entry(n), b"").expect("put");
}

fn apply(transactions: &Transactions, held: &mut Vec<Arc<Published>>, step: &Step) {
    match step {
        Step::Commit { puts, removes } => {
            let mut transaction = begin(transactions);
            for n in removes.clone() {
                transaction.delete(Keyspace::Indexes, entry(n)).expect("delete");
            }
            puts.iter().for_each(|n| put(&mut transaction, *n));
            agrees_over(&transaction.overlay(), &key::index(INDEX));
            commit(transaction);
        }
        Step::Hold => held.push(transactions.published()),
        Step::Scan { from, to, held: which } => {
            let published = held.get(*which).cloned().unwrap_or_else(|| transactions.published());
            agrees(&published, *from, *to);
            agrees(&transactions.published(), *from, *to);
        }
        Step::Across { from, put: n } => {
            let range = KeyRange::new(entry(*from), entry(u8::MAX));
            let mut scan = transactions.published().overlay().scan_past_gaps(&range);
            let first = scan.next();
            let mut transaction = begin(transactions);
            put(&mut transaction, *n);
            commit(transaction);
            let rest = scan.count();
            assert!(first.is_some() || rest == 0);
            agrees(&transactions.published(), 0, u8::MAX);
        }
    }
}

#[test]
fn what_is_passed_over_has_no_entry_at_any_instant_that_is_read() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let tiny = Limits { run_bytes: 400, ..limits() };
    let over_runs = Transactions::open(Arc::new(MemoryEngine::new()), tiny).expect("open");
    let all = [memory(), disk(directory.path()), over_runs];
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..60))| {
        for transactions in &all {
            let mut held = Vec::new();
            steps.iter().for_each(|step| apply(transactions, &mut held, step));
            agrees(&transactions.published(), 0, u8::MAX);
        }
    });
}

#[test]
fn a_queue_is_read_from_its_head_whatever_was_taken_from_it() {
    over_both(|transactions| {
        for n in 0..200u8 {
            let mut transaction = begin(transactions);
            put(&mut transaction, n);
            commit(transaction);
        }
        let mut taken = Vec::new();
        loop {
            let mut transaction = begin(transactions);
            let overlay = transaction.overlay();
            let Some(first) = overlay.scan_past_gaps(&key::index(INDEX)).next() else { break };
            let (key, _) = first.expect("an entry");
            taken.push(key.to_vec());
            transaction.delete(Keyspace::Indexes, key).expect("delete");
            // What is put before all that was taken comes next.
            if taken.len() == 100 {
                put(&mut transaction, 3);
            }
            commit(transaction);
        }
        let mut expected: Vec<_> = (0..200).map(entry).collect();
        expected.insert(100, entry(3));
        assert_eq!(taken, expected);
    });
}
