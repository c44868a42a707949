//! Inverted lists: every list probed is exact, few are nearly so.

use super::clustered;
use crate::codes::Quantizer;
use crate::ivf::Lists;
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
        let (mut found, mut all) = (0, 0);
        for query in vectors.iter().step_by(100) {
            let order = lists.order(query);
            let query = space.query(query);
            let exact = space.nearest(&query, 10, &mut (0..3000));
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
