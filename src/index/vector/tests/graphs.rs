//! Graphs against what transactions see: every snapshot, own writes, savepoints, bulk
//! loads, restarts; each answer is compared with the model's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use zserver_vector::Random;

use super::super::graph::Spec;
use super::super::search::begin;
use super::*;
use crate::storage::key;
use crate::storage::memory::MemoryEngine;
use crate::txn::{Isolation, Keyspace, Limits, Overlay, Transaction, Transactions};

const INDEX: u32 = 90_000;
const DIMS: usize = 6;
const L2: Class = Class { element: Element::Vector, measure: Measure::L2 };
const SPEC: Spec = Spec { class: L2, dims: DIMS, m: 16, ef_construction: 64, lists: 0 };

type Model = BTreeMap<u64, Vec<f32>>;

struct Server {
    transactions: Transactions,
    registry: Registry,
}

impl Server {
    fn open(engine: &Arc<MemoryEngine>, memory: u64) -> Server {
        let limits = Limits { disk_reserve_bytes: 0, spill_bytes: 20_000, ..Limits::default() };
        let transactions = Transactions::open(engine.clone(), limits).expect("transactions");
        let options = Options { memory, threads: 2, save_interval: Duration::from_secs(3600) };
        let registry = Registry::start(&transactions, options).expect("a registry");
        registry.watch(INDEX, SPEC);
        let server = Server { transactions, registry };
        server.settle();
        server
    }

    fn new() -> Server {
        Server::open(&Arc::new(MemoryEngine::new()), 1 << 30)
    }

    fn settle(&self) {
        assert!(self.registry.settle(Duration::from_secs(60)), "settled");
    }

    fn begin(&self, isolation: Isolation) -> Transaction {
        self.transactions.begin(isolation, false).expect("begin")
    }

    fn fill(&self, random: &mut Random, rids: std::ops::Range<u64>, model: &mut Model) {
        let mut txn = self.begin(Isolation::ReadCommitted);
        for rid in rids {
            put(&mut txn, rid, vector(random), model);
        }
        commit(txn);
    }

    fn answers(&self, overlay: &Overlay) -> bool {
        let cache = self.registry.cache(INDEX).expect("a cache");
        cache.answering(overlay.published().commit_ts).is_some()
    }
}

fn commit(txn: Transaction) -> u64 {
    txn.commit(Default::default()).wait().expect("commit")
}

/// Values repeat now and then.
fn vector(random: &mut Random) -> Vec<f32> {
    (0..DIMS).map(|_| random.below(8) as f32 - 3.0).collect()
}

fn put(txn: &mut Transaction, rid: u64, value: Vec<f32>, model: &mut Model) {
    let point = Point::Vector(Value::vector(value.clone()).expect("a vector"));
    let entry = key::index_entry(INDEX, &[], Some(rid));
    match model.contains_key(&rid) {
        false => txn.insert_index_entry(entry, point.entry(rid)),
        true => txn.put(Keyspace::Indexes, entry, point.entry(rid)),
    }
    .expect("put");
    model.insert(rid, value);
}

fn delete(txn: &mut Transaction, rid: u64, model: &mut Model) {
    txn.delete(Keyspace::Indexes, key::index_entry(INDEX, &[], Some(rid))).expect("delete");
    model.remove(&rid);
}

fn request(query: &[f32], filter: Option<Vec<u64>>) -> Request {
    Request {
        query: Datum::Vector(Value::vector(query.to_vec()).expect("a vector")),
        breadth: 40,
        filter: filter.map(Arc::new),
        known: None,
        max_scan: None,
        cancel: CancellationToken::new(),
    }
}

/// Everything that a search returns, in order of distance and rid.
fn everything(overlay: &Overlay, query: &[f32], filter: Option<Vec<u64>>) -> Vec<(u64, f64)> {
    let mut search = begin(INDEX, L2, overlay, request(query, filter)).expect("a search");
    let mut all = Vec::new();
    loop {
        let batch = search.next_batch(7).expect("a batch");
        if batch.is_empty() {
            break;
        }
        assert!(batch.is_sorted_by(|a, b| a.distance <= b.distance), "{batch:?}");
        all.extend(batch.iter().map(|found| (found.rid, found.distance)));
    }
    assert_eq!(search.figures().returned as usize, all.len());
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    all
}

fn check(overlay: &Overlay, model: &Model, query: &[f32]) {
    let expected = |rids: Option<&[u64]>| {
        let matches = |rid: &u64| rids.is_none_or(|rids| rids.contains(rid));
        let mut all: Vec<(u64, f64)> = model
            .iter()
            .filter(|(rid, _)| matches(rid))
            .map(|(rid, value)| {
                let squares = value.iter().zip(query).map(|(a, b)| (a - b) * (a - b));
                (*rid, f64::from(squares.sum::<f32>()).sqrt())
            })
            .collect();
        all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        all
    };
    assert_eq!(everything(overlay, query, None), expected(None));
    let rids: Vec<u64> = (0..200).filter(|rid| rid % 3 == 0).collect();
    assert_eq!(everything(overlay, query, Some(rids.clone())), expected(Some(&rids)));
    // The first batch holds the nearest, where they are few enough to be compared.
    if model.len() > 1500 {
        return;
    }
    let mut search = begin(INDEX, L2, overlay, request(query, None)).expect("a search");
    let first = search.next_batch(5).expect("a batch");
    let nearest: Vec<f64> = expected(None).iter().take(first.len()).map(|found| found.1).collect();
    assert_eq!(first.iter().map(|found| found.distance).collect::<Vec<_>>(), nearest);
}

#[test]
fn every_snapshot_sees_its_own() {
    for seed in 0..4 {
        let random = &mut Random::new(seed);
        let server = Server::new();
        let mut committed = Model::new();
        let mut held: Vec<(Transaction, Model)> = Vec::new();
        for _ in 0..60 {
            let mut txn = server.begin(Isolation::RepeatableRead);
            let mut model = committed.clone();
            let mut savepoint = None;
            for _ in 0..random.below(12) {
                let rid = random.below(200) as u64;
                match random.below(9) {
                    0 | 1 if model.contains_key(&rid) => delete(&mut txn, rid, &mut model),
                    2 => savepoint = Some((txn.savepoint(), model.clone())),
                    3 => {
                        if let Some((to, then)) = &savepoint {
                            txn.rollback_to(to);
                            model = then.clone();
                        }
                    }
                    4 => check(&txn.overlay(), &model, &vector(random)),
                    _ => put(&mut txn, rid, vector(random), &mut model),
                }
            }
            check(&txn.overlay(), &model, &vector(random));
            match random.below(4) {
                0 => txn.rollback(),
                _ => {
                    commit(txn);
                    committed = model;
                }
            }
            let reader = server.begin(Isolation::RepeatableRead);
            assert!(server.answers(&reader.overlay()), "the graph follows commits");
            check(&reader.overlay(), &committed, &vector(random));
            held.push((reader, committed.clone()));
            if held.len() > 8 {
                let at = random.below(held.len());
                held.swap_remove(at);
            }
            if random.below(6) == 0 {
                server.registry.keep_up_now(INDEX);
            }
            for (reader, model) in &held {
                check(&reader.overlay(), model, &vector(random));
            }
        }
    }
}

#[test]
fn a_search_goes_on_while_rows_come_and_go() {
    let random = &mut Random::new(11);
    let server = Server::new();
    let mut model = Model::new();
    server.fill(random, 0..3000, &mut model);
    server.settle();
    let reader = server.begin(Isolation::RepeatableRead);
    let overlay = reader.overlay();
    assert!(server.answers(&overlay));
    let query = vector(random);
    let mut search = begin(INDEX, L2, &overlay, request(&query, None)).expect("a search");
    assert_eq!(search.figures().method, Method::Graph);
    let then = model.clone();
    let mut seen = std::collections::HashSet::new();
    let mut rids = 0..3000u64;
    loop {
        let batch = search.next_batch(50).expect("a batch");
        if batch.is_empty() {
            break;
        }
        assert!(batch.iter().all(|found| seen.insert(found.rid)), "nothing twice");
        let mut txn = server.begin(Isolation::ReadCommitted);
        for rid in rids.by_ref().take(80) {
            delete(&mut txn, rid, &mut model);
            put(&mut txn, 10_000 + rid, vector(random), &mut model);
        }
        commit(txn);
        server.registry.keep_up_now(INDEX);
    }
    assert_eq!(seen.len(), then.len(), "every row that the snapshot sees");
    let newer = server.begin(Isolation::ReadCommitted);
    check(&newer.overlay(), &model, &query);
    drop((search, overlay, reader, newer));
    // Nobody sees the old rows any more: their slots are used again.
    server.registry.keep_up_now(INDEX);
    let graph = server.registry.cache(INDEX).and_then(|cache| cache.graph()).expect("a graph");
    let before = graph.stats().slots;
    let mut more = Model::new();
    server.fill(random, 20_000..22_000, &mut more);
    assert!(graph.stats().slots < before + 2_000, "{before}, {:?}", graph.stats());
}

#[test]
fn bulk_loads_are_read_when_they_commit() {
    let random = &mut Random::new(5);
    let server = Server::new();
    let mut model = Model::new();
    server.fill(random, 0..50, &mut model);
    let before = model.clone();
    let old = server.begin(Isolation::RepeatableRead);
    let mut txn = server.begin(Isolation::ReadCommitted);
    for rid in 50..2_000 {
        put(&mut txn, rid, vector(random), &mut model);
        if txn.spill_is_due() {
            txn.spill().expect("spill");
        }
    }
    assert!(txn.bulk_loads() > 0, "it has spilled");
    let query = vector(random);
    check(&txn.overlay(), &model, &query);
    commit(txn);
    let new = server.begin(Isolation::RepeatableRead);
    // At once, whoever answers.
    check(&new.overlay(), &model, &query);
    check(&old.overlay(), &before, &query);
    server.settle();
    let now = server.begin(Isolation::RepeatableRead);
    assert!(server.answers(&now.overlay()), "the graph has caught up");
    for (reader, model) in [(&old, &before), (&new, &model), (&now, &model)] {
        check(&reader.overlay(), model, &query);
    }
}

#[test]
fn a_restart_finds_what_was_saved_and_what_came_after() {
    let random = &mut Random::new(9);
    let engine = Arc::new(MemoryEngine::new());
    let mut model = Model::new();
    {
        let server = Server::open(&engine, 1 << 30);
        server.fill(random, 0..3000, &mut model);
        server.settle();
        server.registry.keep_up_now(INDEX);
        // Not saved any more: changed values, deleted rows, new rows.
        let mut txn = server.begin(Isolation::ReadCommitted);
        (0..40).for_each(|rid| put(&mut txn, rid, vector(random), &mut model));
        (40..80).for_each(|rid| delete(&mut txn, rid, &mut model));
        (5000..5040).for_each(|rid| put(&mut txn, rid, vector(random), &mut model));
        commit(txn);
        server.registry.close();
    }
    let server = Server::open(&engine, 1 << 30);
    let cache = server.registry.cache(INDEX).expect("a cache");
    assert!(cache.is_saved.load(std::sync::atomic::Ordering::Acquire), "it was not built anew");
    for _ in 0..20 {
        let reader = server.begin(Isolation::ReadCommitted);
        assert!(server.answers(&reader.overlay()));
        check(&reader.overlay(), &model, &vector(random));
    }
    // Damaged pages cost their links.
    let mut batch = crate::txn::WriteBatch::new();
    let pages = server.transactions.published();
    for entry in pages.scan(Keyspace::Vectors, &key::object(INDEX), false).skip(2).take(3) {
        let (page, bytes) = entry.expect("a page");
        batch.put(Keyspace::Vectors, page, bytes[..bytes.len() / 2].to_vec());
    }
    drop(pages);
    server.transactions.system_write(batch).wait().expect("write");
    server.registry.close();
    drop((cache, server));
    let server = Server::open(&engine, 1 << 30);
    let reader = server.begin(Isolation::ReadCommitted);
    assert!(server.answers(&reader.overlay()));
    check(&reader.overlay(), &model, &vector(random));
}

#[test]
fn beyond_the_memory_entries_are_read() {
    let random = &mut Random::new(3);
    let server = Server::open(&Arc::new(MemoryEngine::new()), 40_000);
    let mut model = Model::new();
    server.fill(random, 0..20, &mut model);
    let small = server.begin(Isolation::RepeatableRead);
    assert!(server.answers(&small.overlay()));
    let then = model.clone();
    for batch in 0..10 {
        server.fill(random, 100 + 50 * batch..150 + 50 * batch, &mut model);
    }
    server.settle();
    let large = server.begin(Isolation::RepeatableRead);
    assert!(!server.answers(&large.overlay()), "it does not fit");
    let query = vector(random);
    check(&large.overlay(), &model, &query);
    check(&small.overlay(), &then, &query);
    server.registry.set_memory(1 << 30);
    assert!(server.registry.settle(Duration::from_secs(60)));
    let now = server.begin(Isolation::RepeatableRead);
    check(&now.overlay(), &model, &query);
}
