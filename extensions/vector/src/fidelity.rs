//! How well codes order: whether walks by them find the nearest.
//!
//! Codes share a scale with all of a vector. Where a few elements are far greater than the
//! others, and the others decide which vectors are near, little of those is left: a walk on
//! codes then ends somewhere else, and no exact distance of its last candidates makes that
//! good. Such values are better walked on their elements ([`crate::space::Plain`]).

use crate::codes::Quantizer;
use crate::space::{Dense, Space};

/// Results that are looked for, and candidates by codes that they are looked for among: as
/// searches do.
const K: usize = 10;
const CANDIDATES: usize = 30;
/// Vectors that are compared, and those that are queries.
const VECTORS: usize = 1_024;
const QUERIES: usize = 32;

/// The share of the nearest of a sample that are among the first by codes. 1 where the
/// sample is too small to tell.
pub fn share_found(quantizer: &Quantizer, sample: &[Vec<f32>]) -> f64 {
    let sample = &sample[..sample.len().min(VECTORS)];
    let space = Dense::<f32>::new(quantizer.clone());
    for (slot, vector) in sample.iter().enumerate() {
        if vector.len() != quantizer.dims() || space.make(slot as u32).is_err() {
            return 1.0;
        }
        let query = space.query(vector);
        #[allow(unsafe_code)]
        // SAFETY: the slot was made, and nobody else has the space.
        unsafe {
            space.write(slot as u32, vector, &query);
        }
    }
    if sample.len() <= 2 * CANDIDATES {
        return 1.0;
    }
    let slots: Vec<u32> = (0..sample.len() as u32).collect();
    let (mut found, mut asked) = (0usize, 0usize);
    for vector in sample.iter().step_by(sample.len().div_ceil(QUERIES)) {
        let query = space.query(vector);
        let nearest = space.nearest(&query, K, &slots);
        let Some(last) = nearest.last().filter(|last| last.distance.is_finite()) else { continue };
        let mut distances = vec![0.0; slots.len()];
        space.distances(&query, &slots, &mut distances);
        let mut by_codes = slots.clone();
        by_codes.sort_by(|a, b| distances[*a as usize].total_cmp(&distances[*b as usize]));
        let candidates = by_codes.iter().take(CANDIDATES);
        let is_near = |slot: &&u32| space.exact(&query, **slot) <= last.distance;
        found += candidates.filter(is_near).count().min(nearest.len());
        asked += nearest.len();
    }
    if asked == 0 { 1.0 } else { found as f64 / asked as f64 }
}

#[cfg(test)]
mod tests {
    use super::share_found;
    use crate::codes::Quantizer;
    use crate::tests::clustered;
    use crate::{Metric, Random};

    #[test]
    fn great_elements_that_decide_nothing_are_noticed() {
        let mut random = Random::new(3);
        let mut vectors = clustered(&mut random, 1000, 64, 20);
        let share = |vectors: &[Vec<f32>]| {
            let sample = vectors.iter().map(Vec::as_slice);
            share_found(&Quantizer::new(64, Metric::L2, sample), vectors)
        };
        assert!(share(&vectors) > 0.97);
        for (at, vector) in vectors.iter_mut().enumerate() {
            vector[0] = if at % 2 == 0 { 1000.0 } else { -1000.0 };
        }
        assert!(share(&vectors) < 0.5);
    }
}
