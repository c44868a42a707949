//! What a search returns, and the `k` best of what it meets.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// One value found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub slot: u32,
    /// What the operator returns.
    pub distance: f64,
}

impl Eq for Hit {}

/// By distance, then by slot; NaN is after every number, as in ORDER BY.
impl Ord for Hit {
    fn cmp(&self, other: &Hit) -> Ordering {
        let key = |hit: &Hit| if hit.distance.is_nan() { f64::NAN } else { hit.distance + 0.0 };
        key(self).total_cmp(&key(other)).then(self.slot.cmp(&other.slot))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Hit) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The `k` least of what is offered.
pub(crate) struct Best {
    k: usize,
    heap: BinaryHeap<Hit>,
}

impl Best {
    pub(crate) fn new(k: usize) -> Best {
        Best { k, heap: BinaryHeap::new() }
    }

    /// Whether it is among the least so far.
    pub(crate) fn offer(&mut self, hit: Hit) -> bool {
        if self.heap.len() < self.k {
            self.heap.push(hit);
            return true;
        }
        match self.heap.peek_mut() {
            Some(mut worst) if hit < *worst => {
                *worst = hit;
                true
            }
            _ => false,
        }
    }

    /// The k-th distance, once there are k.
    pub(crate) fn worst(&self) -> Option<f64> {
        (self.heap.len() == self.k).then(|| self.heap.peek().map(|hit| hit.distance)).flatten()
    }

    pub(crate) fn into_sorted(self) -> Vec<Hit> {
        self.heap.into_sorted_vec()
    }
}
