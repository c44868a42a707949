//! A space: how the values of an index are kept, and how far apart they are.
//!
//! The graph and the searches are generic over [`Space`]; they know slots and distances
//! only. One space for each kind of value:
//!
//! | space | values | walked on | exact by |
//! |---|---|---|---|
//! | [`Dense`] | f32 or f16; L2, inner product, cosine | int8 codes | the kernel of the elements |
//! | [`Plain`] | f32 or f16; L1 | the elements | the same |
//! | [`Bits`] | bit strings; Hamming, Jaccard | the bits | the same |
//! | [`SparseSpace`] | sparse vectors; all four | the pairs | the same |
//!
//! Beside codes elements of f32 are kept in 28 bits (`packed`): they are read for the few
//! that are compared in full.
//!
//! L1 has no codes: what a code loses adds up over the elements there, and the bound would
//! exclude next to nothing.

mod bits;
mod dense;
mod plain;
mod sparse;

pub use bits::Bits;
pub use dense::{Dense, DenseQuery, Element};
pub use plain::Plain;
pub use sparse::{OwnedSparse, SparseSpace};

use crate::exact::{self, Gathered};
use crate::graph::Met;
use crate::hits::Hit;
use crate::region::OutOfMemory;

/// Slots that are known, to be compared one by one.
#[derive(Clone, Copy)]
pub struct Listed<'f> {
    pub slots: &'f [u32],
    /// What [`Space::gather`] has made of them, where they are compared often.
    pub gathered: Option<&'f Gathered>,
}

impl Listed<'_> {
    /// The slots at some places.
    pub(crate) fn at(&self, places: &[u32]) -> Vec<u32> {
        places.iter().map(|place| self.slots[*place as usize]).collect()
    }
}

impl<'f> From<&'f [u32]> for Listed<'f> {
    fn from(slots: &'f [u32]) -> Listed<'f> {
        Listed { slots, gathered: None }
    }
}

/// Values by slot and the distances between them.
///
/// Two kinds of distance: *walk* distances (`f32`, quick, maybe from codes) order as the
/// exact ones nearly do; *exact* ones (`f64`) are what the operator returns.
pub trait Space: Send + Sync {
    /// A value as the caller has it.
    type Value: ?Sized;
    /// A value prepared for comparing.
    type Query: Send + Sync;

    /// Whether walk distances order exactly as the exact ones.
    const WALKS_EXACTLY: bool;

    fn query(&self, value: &Self::Value) -> Self::Query;

    /// The value of a published slot, prepared for comparing.
    fn stored(&self, slot: u32) -> Self::Query;

    /// Maps the memory of `slot`.
    fn make(&self, slot: u32) -> Result<(), OutOfMemory>;

    /// Keeps a value at a slot that was made.
    ///
    /// # Safety
    ///
    /// The caller reserved the slot (`Slots::reserve`) and has not published it.
    #[allow(unsafe_code)]
    unsafe fn write(&self, slot: u32, value: &Self::Value, query: &Self::Query);

    /// The walk distances from `query` to `slots`, which are published.
    fn distances(&self, query: &Self::Query, slots: &[u32], out: &mut [f32]);

    /// The same from the value of `slot`.
    fn distances_from(&self, slot: u32, slots: &[u32], out: &mut [f32]);

    /// Whether one of `others` is nearer to `slot` than `bound`, by walk distance.
    fn any_nearer(&self, slot: u32, others: &[u32], bound: f32) -> bool;

    /// Whether two slots hold what no walk tells apart.
    fn is_same(&self, slot: u32, other: u32) -> bool;

    /// What the operator returns for `query` and the value of `slot`.
    fn exact(&self, query: &Self::Query, slot: u32) -> f64;

    /// Asks for what [`Space::exact`] reads of a slot.
    fn prefetch_exact(&self, _slot: u32) {}

    /// The `k` nearest of `slots`, exactly.
    fn nearest(&self, query: &Self::Query, k: usize, slots: &[u32]) -> Vec<Hit>
    where
        Self: Sized,
    {
        exact::nearest_plain(self, query, k, slots)
    }

    /// What makes comparing the same slots again quicker, where there is such a thing; of
    /// slots that are not `published` nothing is read. Hold `Slots::reading`.
    fn gather(&self, _slots: &[u32], _published: &dyn Fn(u32) -> bool) -> Option<Gathered> {
        None
    }

    /// The `k` nearest of the slots at some places of a list, exactly.
    fn nearest_listed(
        &self,
        query: &Self::Query,
        k: usize,
        listed: Listed<'_>,
        places: &[u32],
    ) -> Vec<Hit>
    where
        Self: Sized,
    {
        self.nearest(query, k, &listed.at(places))
    }

    /// The `k` nearest of what a walk has met, nearest first by its distances; exactly.
    fn nearest_met(&self, query: &Self::Query, k: usize, met: &[Met]) -> Vec<Hit> {
        // Walk distances order exactly.
        let exact = |met: &Met| Hit { slot: met.slot, distance: self.exact(query, met.slot) };
        met.iter().take(k).map(exact).collect()
    }

    /// The point that codes are relative to; empty where there is none.
    fn mean(&self) -> Vec<f32> {
        Vec::new()
    }

    /// Bytes that the values of so many slots take.
    fn bytes(&self, slots: u32) -> usize;
}
