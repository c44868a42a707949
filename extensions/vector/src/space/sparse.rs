//! Sparse vectors: one allocation a value, as each has its own number of elements.
#![allow(unsafe_code)]

use super::Space;
use crate::kernel::sparse::{self, Sparse};
use crate::metric::Metric;
use crate::region::OutOfMemory;
use crate::rows::Rows;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// A sparse vector that owns its pairs; indices ascend strictly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnedSparse {
    pub indices: Vec<i32>,
    pub values: Vec<f32>,
}

impl OwnedSparse {
    pub fn as_sparse(&self) -> Sparse<'_> {
        Sparse { indices: &self.indices, values: &self.values }
    }
}

pub struct SparseSpace {
    metric: Metric,
    rows: Rows<AtomicPtr<OwnedSparse>>,
    /// One more than the greatest slot written.
    written: AtomicU32,
    pair_bytes: AtomicUsize,
}

impl SparseSpace {
    pub fn new(metric: Metric) -> SparseSpace {
        SparseSpace {
            metric,
            rows: Rows::new(1),
            written: AtomicU32::new(0),
            pair_bytes: AtomicUsize::new(0),
        }
    }

    fn value(&self, slot: u32) -> Sparse<'_> {
        let value = self.rows.row(slot)[0].load(Ordering::Acquire);
        // SAFETY: null, or from a box that only `write` (whose contract excludes readers)
        // and `drop` free.
        unsafe { value.as_ref() }.expect("the slot has a value").as_sparse()
    }

    #[inline]
    fn distance(&self, a: Sparse<'_>, b: Sparse<'_>) -> f64 {
        match self.metric {
            Metric::L2 => f64::from(sparse::l2_squared(a, b)).sqrt(),
            Metric::InnerProduct => f64::from(-sparse::inner(a, b)),
            Metric::Cosine => sparse::cosine(a, b),
            Metric::L1 => f64::from(sparse::l1(a, b)),
        }
    }
}

impl Drop for SparseSpace {
    fn drop(&mut self) {
        for slot in 0..self.written.load(Ordering::Acquire) {
            if self.rows.make(slot).is_ok() {
                let value = self.rows.row(slot)[0].load(Ordering::Acquire);
                if !value.is_null() {
                    // SAFETY: from a box, and nobody borrows `self` any more.
                    drop(unsafe { Box::from_raw(value) });
                }
            }
        }
    }
}

impl Space for SparseSpace {
    type Value = OwnedSparse;
    type Query = OwnedSparse;

    const WALKS_EXACTLY: bool = true;

    fn query(&self, value: &OwnedSparse) -> OwnedSparse {
        value.clone()
    }

    fn stored(&self, slot: u32) -> OwnedSparse {
        let value = self.value(slot);
        OwnedSparse { indices: value.indices.to_vec(), values: value.values.to_vec() }
    }

    fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        self.rows.make(slot)
    }

    unsafe fn write(&self, slot: u32, value: &OwnedSparse, _query: &OwnedSparse) {
        let pairs = |value: &OwnedSparse| 8 * value.indices.len();
        self.pair_bytes.fetch_add(pairs(value), Ordering::Relaxed);
        let new = Box::into_raw(Box::new(value.clone()));
        let old = self.rows.row(slot)[0].swap(new, Ordering::AcqRel);
        self.written.fetch_max(slot + 1, Ordering::AcqRel);
        if !old.is_null() {
            // SAFETY: from a box of an earlier life of the slot, which nobody knows now.
            let old = unsafe { Box::from_raw(old) };
            self.pair_bytes.fetch_sub(pairs(&old), Ordering::Relaxed);
        }
    }

    fn distances(&self, query: &OwnedSparse, slots: &[u32], out: &mut [f32]) {
        for (slot, out) in slots.iter().zip(out) {
            *out = self.distance(query.as_sparse(), self.value(*slot)) as f32;
        }
    }

    fn distances_from(&self, slot: u32, slots: &[u32], out: &mut [f32]) {
        for (other, out) in slots.iter().zip(out) {
            *out = self.distance(self.value(slot), self.value(*other)) as f32;
        }
    }

    fn any_nearer(&self, slot: u32, others: &[u32], bound: f32) -> bool {
        let value = self.value(slot);
        others.iter().any(|other| (self.distance(value, self.value(*other)) as f32) < bound)
    }

    fn is_same(&self, slot: u32, other: u32) -> bool {
        let (a, b) = (self.value(slot), self.value(other));
        a.indices == b.indices && a.values == b.values
    }

    fn exact(&self, query: &OwnedSparse, slot: u32) -> f64 {
        self.distance(query.as_sparse(), self.value(slot))
    }

    fn bytes(&self, slots: u32) -> usize {
        self.rows.bytes(slots) + self.pair_bytes.load(Ordering::Relaxed)
    }
}
