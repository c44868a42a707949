//! The index: recall, snapshots, fresh slots, filters, deletes and repair, loading, all
//! kinds of values, several threads.

use super::clustered;
use crate::codes::Quantizer;
use crate::graph::Parameters;
use crate::index::{Index, Search};
use crate::space::{Bits, Dense, OwnedSparse, Plain, Space, SparseSpace};
use crate::{BitMetric, Metric, Random};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

const PARAMETERS: Parameters = Parameters { m: 16, ef_construction: 100 };

fn dense(metric: Metric, vectors: &[Vec<f32>]) -> Index<Dense<f32>> {
    let sample = vectors.iter().take(500).map(Vec::as_slice);
    let space = Dense::new(Quantizer::new(vectors[0].len(), metric, sample));
    filled(space, vectors.iter().map(Vec::as_slice))
}

/// All values, as rows 0, 1, … committed at 1; linked by two threads.
fn filled<'v, S: Space>(space: S, values: impl Iterator<Item = &'v S::Value>) -> Index<S>
where
    S::Value: 'v,
{
    let index = Index::new(space, PARAMETERS);
    for (row, value) in values.enumerate() {
        index.insert(value, row as u64, 1).unwrap();
    }
    index.link_all(2).unwrap();
    index
}

fn search(k: usize, ef: usize, at: u64) -> Search<'static> {
    Search { k, ef, at, filter: None, listed: None }
}

/// Rows that a search returns.
fn rows<S: Space>(index: &Index<S>, value: &S::Value, search: &Search<'_>) -> Vec<u64> {
    let found = index.search(&index.space().query(value), search);
    found.hits.iter().map(|hit| index.slots().row_id(hit.slot)).collect()
}

/// The share of the exact result that a search finds, by distance.
fn recall<S: Space>(index: &Index<S>, value: &S::Value, asked: &Search<'_>) -> f64 {
    let query = index.space().query(value);
    let everything: Vec<u32> = (0..index.slots().reserved()).collect();
    let filter = |slot: u32| asked.filter.is_none_or(|filter| filter(slot));
    let listed: Vec<u32> = everything.into_iter().filter(|slot| filter(*slot)).collect();
    let exact = index.search(&query, &Search { listed: Some(listed.as_slice().into()), ..*asked });
    let found = index.search(&query, asked);
    assert_eq!(found.hits.len(), exact.hits.len(), "never fewer than there are");
    let Some(last) = exact.hits.last() else { return 1.0 };
    let near = found.hits.iter().filter(|hit| hit.distance <= last.distance).count();
    near as f64 / exact.hits.len() as f64
}

fn mean_recall<S: Space>(index: &Index<S>, values: &[Box<S::Value>], asked: &Search<'_>) -> f64
where
    S::Value: Sized,
{
    values.iter().map(|value| recall(index, value, asked)).sum::<f64>() / values.len() as f64
}

fn mean_of(recalls: impl Iterator<Item = f64>) -> f64 {
    let recalls: Vec<f64> = recalls.collect();
    recalls.iter().sum::<f64>() / recalls.len() as f64
}

#[test]
fn every_metric_has_its_recall() {
    let mut random = Random::new(1);
    let vectors = clustered(&mut random, 6000, 48, 40);
    let queries = clustered(&mut Random::new(1), 40, 48, 40);
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let index = dense(metric, &vectors);
        assert_eq!(index.stats().linked, 6000);
        assert_eq!(index.stats().fresh, 0);
        let recall = mean_of(queries.iter().map(|q| recall(&index, q, &search(10, 80, 1))));
        assert!(recall > 0.95, "{metric:?}: {recall}");
    }
    let index = filled(Plain::new(48, Metric::L1), vectors.iter().map(Vec::as_slice));
    let recall = mean_of(queries.iter().map(|q| recall(&index, q, &search(10, 80, 1))));
    assert!(recall > 0.95, "L1: {recall}");
}

#[test]
fn bits_and_sparse_vectors_are_found() {
    let mut random = Random::new(2);
    let centres: Vec<Vec<u8>> =
        (0..30).map(|_| (0..32).map(|_| random.bits() as u8).collect()).collect();
    let bits = |random: &mut Random| -> Vec<u8> {
        let mut bits = centres[random.below(30)].clone();
        (0..random.below(40)).for_each(|_| bits[random.below(32)] ^= 1 << random.below(8));
        bits
    };
    let values: Vec<Vec<u8>> = (0..4000).map(|_| bits(&mut random)).collect();
    for metric in [BitMetric::Hamming, BitMetric::Jaccard] {
        let index = filled(Bits::new(32, metric), values.iter().map(Vec::as_slice));
        let queries: Vec<Vec<u8>> = (0..30).map(|_| bits(&mut random)).collect();
        let recall = mean_of(queries.iter().map(|q| recall(&index, q, &search(10, 100, 1))));
        assert!(recall > 0.9, "{metric:?}: {recall}");
    }

    let sparse = |random: &mut Random| {
        let topic = random.below(20) as i32 * 50;
        let mut indices: Vec<i32> = (0..12).map(|_| topic + random.below(60) as i32).collect();
        indices.sort_unstable();
        indices.dedup();
        let values = indices.iter().map(|_| random.unit() + 0.1).collect();
        OwnedSparse { indices, values }
    };
    let values: Vec<OwnedSparse> = (0..4000).map(|_| sparse(&mut random)).collect();
    for metric in [Metric::L2, Metric::Cosine, Metric::L1] {
        let index = filled(SparseSpace::new(metric), values.iter());
        let queries: Vec<Box<OwnedSparse>> =
            (0..30).map(|_| Box::new(sparse(&mut random))).collect();
        let recall = mean_recall(&index, &queries, &search(10, 100, 1));
        assert!(recall > 0.85, "{metric:?}: {recall}");
    }
}

#[test]
fn snapshots_see_what_was_committed_before_them() {
    let mut random = Random::new(3);
    let vectors = clustered(&mut random, 3000, 24, 20);
    let index = dense(Metric::L2, &vectors);
    let value = vectors[77].as_slice();
    assert_eq!(rows(&index, value, &search(1, 40, 0)), [] as [u64; 0], "before the commit");
    assert_eq!(rows(&index, value, &search(1, 40, 1)), [77]);

    // A fresh value: found at once, by whoever sees its commit.
    let new = index.insert(value, 9000, 5).unwrap();
    assert_eq!(rows(&index, value, &search(2, 40, 4))[0], 77);
    assert!(!rows(&index, value, &search(2, 40, 4)).contains(&9000));
    assert!(rows(&index, value, &search(2, 40, 5)).contains(&9000));
    index.link_all(1).unwrap();
    assert!(!rows(&index, value, &search(2, 40, 4)).contains(&9000), "linked, not yet visible");
    assert!(rows(&index, value, &search(2, 40, 5)).contains(&9000));

    index.delete(new, 8);
    assert!(rows(&index, value, &search(2, 40, 7)).contains(&9000), "an older snapshot");
    assert!(!rows(&index, value, &search(2, 40, 8)).contains(&9000));
}

#[test]
fn filters_return_matches_and_never_too_few() {
    let mut random = Random::new(4);
    let vectors = clustered(&mut random, 6000, 32, 25);
    let index = dense(Metric::Cosine, &vectors);
    for share in [2, 10, 100, 1000, 6000] {
        let filter = |slot: u32| slot.is_multiple_of(share);
        let asked = Search { filter: Some(&filter), ..search(10, 60, 1) };
        let recalls = vectors.iter().step_by(300).map(|query| recall(&index, query, &asked));
        let recall = mean_of(recalls);
        assert!(recall > 0.95, "one in {share}: {recall}");
        let found = index.search(&index.space().query(&vectors[1]), &asked);
        assert!(found.hits.iter().all(|hit| hit.slot % share == 0));
    }
    let nothing = |_: u32| false;
    let asked = Search { filter: Some(&nothing), ..search(10, 60, 1) };
    assert!(rows(&index, &vectors[0], &asked).is_empty());
    assert_eq!(rows(&index, &vectors[0], &search(7000, 40, 1)).len(), 6000, "more than there are");
}

#[test]
fn repair_takes_deleted_slots_out_and_keeps_recall() {
    let mut random = Random::new(5);
    let vectors = clustered(&mut random, 8000, 32, 30);
    let index = dense(Metric::L2, &vectors);
    for slot in (0..8000).filter(|slot| slot % 2 == 0) {
        index.delete(slot, 3);
    }
    assert!(index.begin_repair(2).is_none(), "a snapshot of 2 sees them");
    let mut repair = index.begin_repair(3).unwrap();
    let mut steps = 1;
    while !index.repair(&mut repair, 500) {
        steps += 1;
        assert!(
            mean_of(vectors.iter().step_by(1000).map(|q| recall(&index, q, &search(10, 60, 3))))
                > 0.9
        );
    }
    assert_eq!(steps, 16);
    assert_eq!(index.stats().linked, 4000);
    let after = mean_of(vectors.iter().step_by(80).map(|q| recall(&index, q, &search(10, 60, 3))));
    assert!(after > 0.95, "{after}");
    assert!(index.begin_repair(3).is_none(), "nothing is left");

    // Freed slots are used again: no new ones.
    for (row, vector) in vectors.iter().enumerate().step_by(2) {
        index.insert(vector, 10_000 + row as u64, 4).unwrap();
    }
    index.link_all(2).unwrap();
    assert_eq!(index.stats().slots, 8000);
    let again = mean_of(vectors.iter().step_by(80).map(|q| recall(&index, q, &search(10, 60, 4))));
    assert!(again > 0.95, "{again}");
    assert_eq!(rows(&index, &vectors[10], &search(1, 40, 4)), [10_010]);
}

#[test]
fn everything_deleted_is_an_empty_graph_that_fills_again() {
    let mut random = Random::new(6);
    let vectors = clustered(&mut random, 2500, 16, 5);
    let index = dense(Metric::L2, &vectors);
    (0..2500).for_each(|slot| index.delete(slot, 2));
    let mut repair = index.begin_repair(2).unwrap();
    while !index.repair(&mut repair, 10_000) {}
    assert_eq!(index.stats().linked, 0);
    assert!(rows(&index, &vectors[0], &search(5, 40, 2)).is_empty());
    for (row, vector) in vectors.iter().enumerate() {
        index.insert(vector, row as u64, 3).unwrap();
    }
    index.link_all(2).unwrap();
    assert_eq!(rows(&index, &vectors[9], &search(1, 40, 3)), [9]);
}

#[test]
fn what_is_saved_is_loaded() {
    let mut random = Random::new(7);
    let vectors = clustered(&mut random, 5000, 24, 20);
    let index = dense(Metric::L2, &vectors);
    let pages = index.graph().take_dirty();
    assert_eq!(pages, (0..5000u32.div_ceil(256)).collect::<Vec<_>>());
    assert!(index.graph().take_dirty().is_empty());
    let saved: Vec<(u32, Vec<u8>)> =
        pages.iter().map(|page| (*page, index.graph().page(*page))).collect();

    let restore = |vectors: &[Vec<f32>]| {
        let space = Dense::<f32>::new(index.space().quantizer().clone());
        let loaded = Index::new(space, PARAMETERS);
        for (slot, vector) in vectors.iter().enumerate().rev() {
            loaded.restore(slot as u32, vector, slot as u64, 1, u64::MAX).unwrap();
        }
        loaded
    };
    let loaded = restore(&vectors);
    saved.iter().for_each(|(page, bytes)| loaded.load_page(*page, bytes).unwrap());
    loaded.finish_loading();
    assert_eq!((loaded.stats().linked, loaded.stats().fresh), (5000, 0));
    for query in vectors.iter().step_by(500) {
        let asked = search(10, 60, 1);
        assert_eq!(rows(&loaded, query, &asked), rows(&index, query, &asked));
    }

    // A page is missing and a value is gone: what is left is searched, all of it.
    let loaded = restore(&vectors[..4000]);
    saved.iter().skip(3).for_each(|(page, bytes)| loaded.load_page(*page, bytes).unwrap());
    loaded.finish_loading();
    assert_eq!((loaded.stats().linked, loaded.stats().fresh), (4000 - 768, 768));
    assert_eq!(rows(&loaded, &vectors[5], &search(1, 40, 1)), [5], "a fresh one");
    loaded.link_all(2).unwrap();
    let after = mean_of(vectors.iter().step_by(80).map(|q| recall(&loaded, q, &search(10, 60, 1))));
    assert!(after > 0.9, "{after}");

    // Bytes that are no page.
    let (_, page) = &saved[0];
    for bad in [&page[..page.len() - 1], &[9u8, 16, 0][..], &[1, 15][..], &[], &[1, 16, 40][..]] {
        assert!(restore(&vectors[..300]).load_page(0, bad).is_err());
    }
    let longer = [page.as_slice(), &[0]].concat();
    assert!(restore(&vectors[..300]).load_page(0, &longer).is_err());
}

#[test]
fn searches_go_on_while_others_insert_link_delete_and_repair() {
    let mut random = Random::new(8);
    let vectors = clustered(&mut random, 12_000, 16, 30);
    let index = dense(Metric::L2, &vectors[..6000]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let searching = || {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) || count < 50 {
                // Rows below 6000 that are not deleted below: always found.
                let row = 1 + 2 * ((count * 37) % 3000);
                let found = rows(&index, &vectors[row], &search(5, 60, 1));
                assert!(found.contains(&(row as u64)), "row {row} in {found:?}");
                count += 1;
            }
        };
        let searches = [scope.spawn(searching), scope.spawn(searching)];
        let linking = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                index.link(64).unwrap();
            }
        });
        for round in 0..6 {
            let rows = 6000 + round * 1000..7000 + round * 1000;
            for (row, vector) in rows.clone().zip(&vectors[rows]) {
                index.insert(vector, row as u64, 2).unwrap();
            }
            (0..6000)
                .filter(|slot| slot % 12 == 2 * round as u32)
                .for_each(|slot| index.delete(slot, 2));
            if let Some(mut repair) = index.begin_repair(2) {
                while !index.repair(&mut repair, 1000) {}
            }
        }
        done.store(true, Ordering::Relaxed);
        searches.into_iter().for_each(|thread| thread.join().unwrap());
        linking.join().unwrap();
    });
    index.link_all(2).unwrap();
    assert_eq!(index.stats().linked, 9000);
    for row in (6000..12_000).step_by(100) {
        assert!(rows(&index, &vectors[row], &search(5, 60, 2)).contains(&(row as u64)));
    }
}

#[test]
fn batches_return_everything_once() {
    let mut random = Random::new(9);
    let vectors = clustered(&mut random, 3000, 16, 12);
    let index = dense(Metric::L2, &vectors);
    index.insert(&vectors[3], 5000, 1).unwrap();
    let mut scan = index.scan(index.space().query(&vectors[3]), 1);
    let (mut seen, mut first) = (HashSet::new(), Vec::new());
    loop {
        let batch = scan.next_batch(&index, 40, usize::MAX, None);
        if batch.is_empty() {
            break;
        }
        if first.is_empty() {
            first = batch.clone();
        }
        assert!(batch.iter().all(|hit| seen.insert(hit.slot)), "nothing twice");
    }
    assert_eq!(seen.len(), 3001);
    assert!(first.iter().take(2).all(|hit| hit.distance == 0.0), "the value and the fresh one");
    let mut scan = index.scan(index.space().query(&vectors[3]), 1);
    let limited: usize = std::iter::repeat_with(|| scan.next_batch(&index, 40, 200, None).len())
        .take_while(|n| *n > 0)
        .sum();
    assert!(limited < 600, "{limited}");
}

#[test]
fn equal_values_are_all_found() {
    let vectors: Vec<Vec<f32>> = (0..4000).map(|at| vec![(at / 1000) as f32; 8]).collect();
    let index = dense(Metric::L2, &vectors);
    for value in 0..4 {
        let found = rows(&index, &[value as f32; 8], &search(50, 60, 1));
        assert_eq!(found.len(), 50);
        assert!(found.iter().all(|row| row / 1000 == value), "{value}: {found:?}");
    }
}

/// Every value 25 times, and values far from all of them, which came later.
#[test]
fn values_that_many_rows_have_are_found() {
    let mut random = Random::new(11);
    let mut values = Vec::new();
    let base = clustered(&mut random, 300, 24, 12);
    for _ in 0..25 {
        values.extend(base.iter().cloned());
    }
    let far = clustered(&mut random, 500, 24, 5);
    values.extend(far.iter().map(|value| value.iter().map(|v| v + 40.0).collect::<Vec<f32>>()));
    let index = dense(Metric::L2, &values);
    let asked: Vec<&Vec<f32>> = base.iter().chain(values[7_500..].iter()).collect();
    let is_found = |value: &&&Vec<f32>| {
        let query = index.space().query(value);
        let found = index.search(&query, &search(1, 40, 1));
        found.hits.first().is_some_and(|hit| hit.distance == 0.0)
    };
    let found = asked.iter().filter(is_found).count();
    assert!(found * 100 >= asked.len() * 99, "{found} of {}", asked.len());
}
