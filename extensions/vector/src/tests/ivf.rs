//! Inverted lists: every list probed is exact, few are nearly so.

use super::clustered;
use crate::codes::Quantizer;
use crate::ivf::{Inverted, Lists};
use crate::space::{Dense, Space};
use crate::{Metric, Random};

#[test]
fn probing_every_list_is_exact_and_few_find_most() {
    let mut random = Random::new(21);
    let vectors = clustered(&mut random, 3000, 24, 30);
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        let sample: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        let space = Dense::<f32>::new(Quantizer::new(24, metric, sample));
        let lists = Lists::train(metric, 40, 24, &vectors[..1500]);
        assert_eq!(lists.centres().len(), 40);
        for (slot, vector) in vectors.iter().enumerate() {
            space.make(slot as u32).unwrap();
            let query = space.query(vector);
            #[allow(unsafe_code)]
            // SAFETY: one thread.
            unsafe {
                space.write(slot as u32, vector, &query);
            }
            lists.insert(slot as u32, vector);
        }
        let slots: Vec<u32> = (0..3000).collect();
        let (mut found, mut all) = (0, 0);
        for query in vectors.iter().step_by(100) {
            let order = lists.order(query);
            let query = space.query(query);
            let exact = space.nearest(&query, 10, &slots);
            assert_eq!(lists.search(&space, &query, &order, 10, |_| true), exact);
            let few = lists.search(&space, &query, &order[..8], 10, |_| true);
            found += few.iter().filter(|hit| exact.contains(hit)).count();
            all += exact.len();
        }
        assert!(found * 10 >= all * 9, "{metric:?}: {found} of {all}");
        lists.remove(|slot| slot % 2 == 0);
        let order = lists.order(&vectors[1]);
        let left = lists.search(&space, &space.query(&vectors[1]), &order, 5, |slot| slot != 1);
        assert_eq!(left.len(), 5);
        assert!(left.iter().all(|hit| hit.slot % 2 == 1 && hit.slot != 1));
    }
}

#[test]
fn samples_that_are_small_or_all_the_same_make_fewer_lists() {
    assert_eq!(Lists::train(Metric::L2, 10, 3, &[]).centres(), [[0.0; 3]]);
    let same = vec![vec![1.0f32; 3]; 50];
    assert_eq!(Lists::train(Metric::L2, 10, 3, &same).centres().len(), 1);
    assert_eq!(Lists::train(Metric::L2, 10, 3, &[vec![1.0; 3], vec![2.0; 3]]).centres().len(), 2);
}

#[test]
fn an_index_by_lists_sees_snapshots_and_is_loaded_again() {
    let mut random = Random::new(5);
    let vectors = clustered(&mut random, 1500, 12, 10);
    let make = || {
        let sample = vectors.iter().map(Vec::as_slice);
        let quantizer = Quantizer::new(12, Metric::L2, sample);
        let lists = Lists::train(Metric::L2, 20, 12, &vectors);
        Inverted::new(Dense::<f32>::new(quantizer), lists)
    };
    let index = make();
    for (row, vector) in vectors.iter().enumerate() {
        index.insert(vector, row as u64, 1 + row as u64 % 2).unwrap();
    }
    while index.link(100) > 0 {}
    assert_eq!((index.stats().linked, index.stats().fresh), (1500, 0));
    index.insert(&vectors[0], 9000, 3).unwrap();
    index.delete(0, 4);

    let query = || index.space().query(&vectors[0]);
    let everything = |at: u64| {
        let mut probe = index.probe(query(), &vectors[0], at);
        let mut rows = Vec::new();
        loop {
            let batch = probe.next_batch(&index, 30, 2, None);
            if batch.is_empty() {
                break;
            }
            assert!(batch.is_sorted());
            rows.extend(batch.iter().map(|hit| index.slots().row_id(hit.slot)));
        }
        let count = rows.len();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), count, "nothing twice");
        rows
    };
    assert_eq!(everything(0).len(), 0);
    assert_eq!(everything(1).len(), 750);
    assert_eq!(everything(2).len(), 1500);
    assert!(everything(3).contains(&0) && everything(3).contains(&9000));
    assert!(!everything(4).contains(&0) && everything(4).len() == 1500);
    assert_eq!(index.repair(3), 0, "somebody may see it");
    assert_eq!(index.repair(4), 1);
    assert_eq!(everything(4).len(), 1500);
    let every: Vec<usize> = (0..20).collect();
    let exact = index.search(&query(), &every, 5, 4, None);
    assert_eq!(index.slots().row_id(exact[0].slot), 9000);

    while index.link(100) > 0 {}
    let pages: Vec<(u32, Vec<u8>)> =
        index.take_dirty().into_iter().map(|page| (page, index.page(page))).collect();
    let loaded = make();
    for slot in 1..1500u32 {
        loaded.restore(slot, &vectors[slot as usize], slot.into(), 1, u64::MAX).unwrap();
    }
    for (page, bytes) in &pages {
        loaded.load_page(*page, bytes).unwrap();
        assert!(loaded.load_page(*page, &bytes[1..]).is_none());
    }
    loaded.finish_loading();
    assert_eq!((loaded.stats().linked, loaded.stats().fresh), (1499, 0));
    let before = index.search(&query(), &every, 9, 4, None);
    let after = loaded.search(&query(), &every, 8, 4, None);
    let distances = |hits: &[crate::Hit]| hits.iter().map(|hit| hit.distance).collect::<Vec<_>>();
    assert_eq!(distances(&after), distances(&before[1..]));
}
