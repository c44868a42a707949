//! Dense vectors that are walked on their elements: under L1, and where codes tell too
//! little of them ([`crate::fidelity`]).

use super::{Element, Space};
use crate::metric::Metric;
use crate::region::OutOfMemory;
use crate::rows::Rows;

/// Dense vectors of one length, compared as they are; any metric.
pub struct Plain<E> {
    metric: Metric,
    elements: Rows<E>,
}

impl<E: Element> Plain<E> {
    pub fn new(dims: usize, metric: Metric) -> Plain<E> {
        Plain { metric, elements: Rows::new(dims) }
    }

    #[inline]
    fn distance(&self, query: &[E], slot: u32) -> f32 {
        E::distance(self.metric, query, self.elements.row(slot)) as f32
    }
}

impl<E: Element> Space for Plain<E> {
    type Value = [E];
    type Query = Vec<E>;

    const WALKS_EXACTLY: bool = true;

    fn query(&self, value: &[E]) -> Vec<E> {
        assert_eq!(value.len(), self.elements.stride());
        value.to_vec()
    }

    fn stored(&self, slot: u32) -> Vec<E> {
        self.elements.row(slot).to_vec()
    }

    fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        self.elements.make(slot)
    }

    #[allow(unsafe_code)]
    unsafe fn write(&self, slot: u32, value: &[E], _query: &Vec<E>) {
        // SAFETY: the same contract.
        unsafe { self.elements.write(slot, value) }
    }

    fn distances(&self, query: &Vec<E>, slots: &[u32], out: &mut [f32]) {
        for (slot, out) in slots.iter().zip(out) {
            *out = self.distance(query, *slot);
        }
    }

    fn distances_from(&self, slot: u32, slots: &[u32], out: &mut [f32]) {
        for (other, out) in slots.iter().zip(out) {
            *out = self.distance(self.elements.row(slot), *other);
        }
    }

    fn any_nearer(&self, slot: u32, others: &[u32], bound: f32) -> bool {
        others.iter().any(|other| self.distance(self.elements.row(slot), *other) < bound)
    }

    fn is_same(&self, slot: u32, other: u32) -> bool {
        self.elements.row(slot) == self.elements.row(other)
    }

    fn exact(&self, query: &Vec<E>, slot: u32) -> f64 {
        E::distance(self.metric, query, self.elements.row(slot))
    }

    fn bytes(&self, slots: u32) -> usize {
        self.elements.bytes(slots)
    }
}
