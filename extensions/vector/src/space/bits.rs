//! Bit strings of one length, as bytes; a last byte's unused bits are zero.

use super::Space;
use crate::kernel::{hamming, jaccard};
use crate::metric::BitMetric;
use crate::region::OutOfMemory;
use crate::rows::Rows;

pub struct Bits {
    metric: BitMetric,
    rows: Rows<u8>,
}

impl Bits {
    /// Bit strings of `bytes` bytes.
    pub fn new(bytes: usize, metric: BitMetric) -> Bits {
        Bits { metric, rows: Rows::new(bytes) }
    }

    #[inline]
    fn distance(&self, a: &[u8], b: &[u8]) -> f64 {
        match self.metric {
            BitMetric::Hamming => hamming(a, b) as f64,
            BitMetric::Jaccard => jaccard(a, b),
        }
    }
}

impl Space for Bits {
    type Value = [u8];
    type Query = Vec<u8>;

    const WALKS_EXACTLY: bool = true;

    fn query(&self, value: &[u8]) -> Vec<u8> {
        assert_eq!(value.len(), self.rows.stride());
        value.to_vec()
    }

    fn stored(&self, slot: u32) -> Vec<u8> {
        self.rows.row(slot).to_vec()
    }

    fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        self.rows.make(slot)
    }

    #[allow(unsafe_code)]
    unsafe fn write(&self, slot: u32, value: &[u8], _query: &Vec<u8>) {
        // SAFETY: the same contract.
        unsafe { self.rows.write(slot, value) }
    }

    fn distances(&self, query: &Vec<u8>, slots: &[u32], out: &mut [f32]) {
        for (slot, out) in slots.iter().zip(out) {
            *out = self.distance(query, self.rows.row(*slot)) as f32;
        }
    }

    fn distances_from(&self, slot: u32, slots: &[u32], out: &mut [f32]) {
        for (other, out) in slots.iter().zip(out) {
            *out = self.distance(self.rows.row(slot), self.rows.row(*other)) as f32;
        }
    }

    fn any_nearer(&self, slot: u32, others: &[u32], bound: f32) -> bool {
        let row = self.rows.row(slot);
        others.iter().any(|other| (self.distance(row, self.rows.row(*other)) as f32) < bound)
    }

    fn is_same(&self, slot: u32, other: u32) -> bool {
        self.rows.row(slot) == self.rows.row(other)
    }

    fn exact(&self, query: &Vec<u8>, slot: u32) -> f64 {
        self.distance(query, self.rows.row(slot))
    }

    fn bytes(&self, slots: u32) -> usize {
        self.rows.bytes(slots)
    }
}
