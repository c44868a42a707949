//! Inverted lists: vectors by the nearest of a number of centres, searched in the lists of
//! the centres nearest to the query.
//!
//! What `ivfflat` is, over the same codes as everything else: a search scans the codes of
//! the probed lists and compares the rest exactly (`exact`), so within those lists it is
//! exact. With every list probed it is exact altogether.
//!
//! Centres are those of k-means over a sample (Lloyd's algorithm; of unit vectors under
//! cosine and inner product, as pgvector's spherical k-means). They do not move afterwards.
//!
//! [`Lists`] are the centres with their slots; [`Inverted`] is an index of values by them.
//!
//! Not here: bit strings, which the lists of `ivfflat` also take.

mod inverted;

pub use inverted::{Inverted, Probe};

use crate::Metric;
use crate::codes::norm;
use crate::exact;
use crate::hits::Hit;
use crate::kernel::{inner_f32, l2_squared_f32};
use crate::random::Random;
use crate::space::{Dense, DenseQuery, Element};
use std::sync::{PoisonError, RwLock};

/// Rounds of k-means at most; it ends before when no vector changes its centre.
const ROUNDS: usize = 20;

pub struct Lists {
    metric: Metric,
    centres: Vec<Vec<f32>>,
    slots: Vec<RwLock<Vec<u32>>>,
}

impl Lists {
    /// At most `count` lists with the centres of `sample`, vectors of one length; one list
    /// where the sample is empty. The same sample gives the same centres.
    pub fn train(metric: Metric, count: usize, dims: usize, sample: &[Vec<f32>]) -> Lists {
        let points: Vec<Vec<f32>> = sample.iter().map(|v| placed(metric, v)).collect();
        let mut centres = first_centres(&points, count);
        if centres.is_empty() {
            centres.push(vec![0.0; dims]);
        }
        let mut owners = vec![usize::MAX; points.len()];
        for _ in 0..ROUNDS {
            let nearest: Vec<usize> =
                points.iter().map(|point| nearest(metric, &centres, point)).collect();
            if nearest == owners {
                break;
            }
            owners = nearest;
            move_centres(metric, &mut centres, &points, &owners);
        }
        let slots = centres.iter().map(|_| RwLock::new(Vec::new())).collect();
        Lists { metric, centres, slots }
    }

    /// Lists with centres that were saved.
    pub fn restore(metric: Metric, centres: Vec<Vec<f32>>) -> Lists {
        assert!(!centres.is_empty());
        let slots = centres.iter().map(|_| RwLock::new(Vec::new())).collect();
        Lists { metric, centres, slots }
    }

    pub fn centres(&self) -> &[Vec<f32>] {
        &self.centres
    }

    /// Puts a slot into the list of its vector; which one that is.
    pub fn insert(&self, slot: u32, vector: &[f32]) -> usize {
        let list = nearest(self.metric, &self.centres, &placed(self.metric, vector));
        self.insert_into(slot, list);
        list
    }

    /// Puts a slot into a list, of those that there are.
    pub fn insert_into(&self, slot: u32, list: usize) {
        self.slots[list].write().unwrap_or_else(PoisonError::into_inner).push(slot);
    }

    /// The slots of a list.
    pub fn slots(&self, list: usize) -> Vec<u32> {
        self.slots[list].read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes out the slots that are to go.
    pub fn remove(&self, goes: impl Fn(u32) -> bool) {
        for list in &self.slots {
            list.write().unwrap_or_else(PoisonError::into_inner).retain(|slot| !goes(*slot));
        }
    }

    /// The lists to probe for a query, the nearest first.
    pub fn order(&self, query: &[f32]) -> Vec<usize> {
        let query = placed(self.metric, query);
        let distance = |list: &usize| distance(self.metric, &self.centres[*list], &query);
        let mut lists: Vec<(f32, usize)> =
            (0..self.centres.len()).map(|list| (distance(&list), list)).collect();
        lists.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        lists.into_iter().map(|(_, list)| list).collect()
    }

    /// The `k` nearest within some lists, of the slots that are accepted.
    pub fn search<E: Element>(
        &self,
        space: &Dense<E>,
        query: &DenseQuery<E>,
        lists: &[usize],
        k: usize,
        accept: impl Fn(u32) -> bool,
    ) -> Vec<Hit> {
        let mut slots = Vec::new();
        for list in lists {
            let list = self.slots[*list].read().unwrap_or_else(PoisonError::into_inner);
            slots.extend(list.iter().copied().filter(|slot| accept(*slot)));
        }
        let mut found = exact::nearest(space, std::slice::from_ref(query), k, &slots);
        found.pop().expect("a result for the query")
    }
}

/// Where a vector lies among the centres: on the unit sphere but for L2.
fn placed(metric: Metric, vector: &[f32]) -> Vec<f32> {
    let length = norm(vector);
    if metric == Metric::L2 || length <= 0.0 {
        return vector.to_vec();
    }
    vector.iter().map(|v| (f64::from(*v) / length) as f32).collect()
}

fn distance(metric: Metric, centre: &[f32], point: &[f32]) -> f32 {
    if metric == Metric::L2 { l2_squared_f32(centre, point) } else { -inner_f32(centre, point) }
}

fn nearest(metric: Metric, centres: &[Vec<f32>], point: &[f32]) -> usize {
    let distances = centres.iter().map(|centre| distance(metric, centre, point));
    let least = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    least.map_or(0, |(list, _)| list)
}

/// Different vectors of the sample, far from each other (k-means++): each is drawn with a
/// chance that grows with its squared distance to those drawn before.
fn first_centres(points: &[Vec<f32>], count: usize) -> Vec<Vec<f32>> {
    let mut random = Random::new(points.len() as u64);
    let Some(first) = points.first() else { return Vec::new() };
    let mut centres = vec![first.clone()];
    let mut weights: Vec<f64> =
        points.iter().map(|point| f64::from(l2_squared_f32(first, point))).collect();
    while centres.len() < count {
        let total: f64 = weights.iter().sum();
        if !(total > 0.0 && total.is_finite()) {
            break;
        }
        let mut drawn = f64::from(random.unit()) * total;
        let chosen = weights.iter().position(|weight| {
            drawn -= weight;
            *weight > 0.0 && drawn < 0.0
        });
        let last = weights.iter().rposition(|weight| *weight > 0.0);
        let Some(chosen) = chosen.or(last) else { break };
        let centre = points[chosen].clone();
        for (weight, point) in weights.iter_mut().zip(points) {
            *weight = weight.min(f64::from(l2_squared_f32(&centre, point)));
        }
        centres.push(centre);
    }
    centres
}

/// Each centre becomes the mean of its vectors; one without vectors stays.
fn move_centres(metric: Metric, centres: &mut [Vec<f32>], points: &[Vec<f32>], owners: &[usize]) {
    let dims = centres[0].len();
    let mut sums = vec![vec![0.0f64; dims]; centres.len()];
    let mut counts = vec![0u32; centres.len()];
    for (point, owner) in points.iter().zip(owners) {
        sums[*owner].iter_mut().zip(point).for_each(|(sum, v)| *sum += f64::from(*v));
        counts[*owner] += 1;
    }
    for ((centre, sum), count) in centres.iter_mut().zip(&sums).zip(&counts) {
        if *count > 0 {
            let mean: Vec<f32> = sum.iter().map(|sum| (sum / f64::from(*count)) as f32).collect();
            *centre = placed(metric, &mean);
        }
    }
}
