//! Exact search is what comparing everything is: the same slots, the same distances.

use super::clustered;
use crate::codes::Quantizer;
use crate::exact::{nearest, nearest_met};
use crate::graph::Met;
use crate::hits::Hit;
use crate::space::{Dense, Element, Space};
use crate::{Metric, Random};

fn space<E: Element>(metric: Metric, vectors: &[Vec<E>]) -> Dense<E> {
    let wide: Vec<Vec<f32>> = vectors.iter().map(|v| E::widen(v)).collect();
    let sample = wide.iter().take(100).map(Vec::as_slice);
    let space = Dense::new(Quantizer::new(vectors[0].len(), metric, sample));
    for (slot, vector) in vectors.iter().enumerate() {
        space.make(slot as u32).unwrap();
        let query = space.query(vector);
        #[allow(unsafe_code)]
        // SAFETY: one thread.
        unsafe {
            space.write(slot as u32, vector, &query);
        }
    }
    space
}

fn by_comparing<E: Element>(metric: Metric, vectors: &[Vec<E>], query: &[E], k: usize) -> Vec<Hit> {
    let hit = |(slot, vector): (usize, &Vec<E>)| Hit {
        slot: slot as u32,
        distance: E::distance(metric, query, vector),
    };
    let mut hits: Vec<Hit> = vectors.iter().enumerate().map(hit).collect();
    hits.sort();
    hits.truncate(k);
    hits
}

/// Distances by their bits, so that NaN equals itself.
fn bits(hits: &[Hit]) -> Vec<(u32, u64)> {
    hits.iter().map(|hit| (hit.slot, hit.distance.to_bits())).collect()
}

fn agrees<E: Element>(vectors: &[Vec<E>], queries: &[Vec<E>], what: &str) {
    for metric in [Metric::L2, Metric::InnerProduct, Metric::Cosine] {
        let space = space(metric, vectors);
        let asked: Vec<_> = queries.iter().map(|query| space.query(query)).collect();
        let slots: Vec<u32> = (0..vectors.len() as u32).collect();
        for k in [0, 1, 10, 100, vectors.len() + 1] {
            let found = nearest(&space, &asked, k, &slots);
            for (found, query) in found.iter().zip(queries) {
                let expected = by_comparing(metric, vectors, query, k);
                assert_eq!(bits(found), bits(&expected), "{what} {metric:?} k {k}");
            }
        }
    }
}

#[test]
fn exact_search_finds_what_comparing_finds() {
    let mut random = Random::new(11);
    for dims in [1, 3, 16, 100, 384] {
        let vectors = clustered(&mut random, 700, dims, 9);
        // Seven queries: four share a scan, three do not.
        let queries = clustered(&mut random, 7, dims, 3);
        agrees(&vectors, &queries, &format!("{dims} dimensions"));
    }
}

#[test]
fn halves_are_searched_exactly() {
    let mut random = Random::new(12);
    let narrow = |vectors: Vec<Vec<f32>>| -> Vec<Vec<u16>> {
        let bits = |v: f32| half::f16::from_f32(v).to_bits();
        vectors.into_iter().map(|v| v.into_iter().map(bits).collect()).collect()
    };
    let vectors = narrow(clustered(&mut random, 500, 50, 5));
    let queries = narrow(clustered(&mut random, 5, 50, 2));
    agrees(&vectors, &queries, "halves");
}

#[test]
fn equal_vectors_come_by_slot() {
    let vectors = vec![vec![0.25f32; 20]; 300];
    agrees(&vectors, &[vec![0.25; 20], vec![-1.0; 20], vec![0.0; 20]], "equal vectors");
}

#[test]
fn sizes_that_code_badly_are_still_exact() {
    let mut random = Random::new(13);
    for scale in [1e-30f32, 1e-20, 1e-10, 1e10, 1e17, 1e19, 1e38] {
        let sized = |random: &mut Random, count: usize| -> Vec<Vec<f32>> {
            let mut vectors = clustered(random, count, 24, 4);
            for vector in &mut vectors {
                // One great element leaves nothing of the others in the codes.
                if random.below(3) == 0 {
                    vector[random.below(24)] = 100.0;
                }
                let by = if random.below(4) == 0 { 1.0 } else { scale };
                vector.iter_mut().for_each(|v| *v = (*v * by).clamp(f32::MIN, f32::MAX));
            }
            vectors.push(vec![0.0; 24]);
            vectors
        };
        let (vectors, queries) = (sized(&mut random, 300), sized(&mut random, 5));
        agrees(&vectors, &queries, &format!("scale {scale}"));
    }
}

#[test]
fn only_the_slots_that_are_given_are_searched() {
    let mut random = Random::new(14);
    let vectors = clustered(&mut random, 400, 32, 3);
    let space = space(Metric::L2, &vectors);
    let query = [space.query(&vectors[5])];
    let even: Vec<u32> = (0..400).filter(|slot| slot % 2 == 0).collect();
    let found = nearest(&space, &query, 3, &even);
    assert!(found[0].iter().all(|hit| hit.slot % 2 == 0));
    let found = nearest(&space, &query, 3, &[5, 9]);
    assert_eq!(found[0].iter().map(|hit| hit.slot).collect::<Vec<_>>(), [5, 9]);
}

/// What a walk of `codes` would have met, all of it.
fn met(space: &Dense<f32>, query: &crate::space::DenseQuery<f32>, count: usize) -> Vec<Met> {
    let slots: Vec<u32> = (0..count as u32).collect();
    let mut distances = vec![0.0; count];
    space.distances(query, &slots, &mut distances);
    let all = slots.into_iter().zip(distances);
    let mut met: Vec<Met> = all.map(|(slot, distance)| Met { distance, slot }).collect();
    met.sort_unstable();
    met
}

#[test]
fn of_what_a_walk_met_the_nearest_are_found() {
    let mut random = Random::new(15);
    for metric in [Metric::L2, Metric::InnerProduct, Metric::Cosine] {
        for dims in [2, 24, 384] {
            let mut vectors = clustered(&mut random, 300, dims, 4);
            // Some have nearly all of themselves in one element.
            for vector in vectors.iter_mut().step_by(5) {
                vector[random.below(dims)] = 40.0;
            }
            let space = space(metric, &vectors);
            let (mut found, mut all) = (0, 0);
            for query in vectors.iter().step_by(7) {
                let asked = space.query(query);
                for k in [0, 1, 10, 400] {
                    let hits = nearest_met(&space, &asked, k, &met(&space, &asked, vectors.len()));
                    let expected = by_comparing(metric, &vectors, query, k);
                    assert_eq!(hits.len(), expected.len());
                    found += hits.iter().filter(|hit| expected.contains(hit)).count();
                    all += expected.len();
                }
            }
            assert!(found * 1000 >= all * 999, "{metric:?}, {dims}: {found} of {all}");
        }
    }
}
