//! One fixed number of items for each slot, in chunks that never move.
//!
//! Chunk `c` holds 1024 · 2^c slots, so a small index is small, a large one has few
//! chunks, and the place of a slot is a count of leading zeros. A chunk is mapped when a
//! slot of it is first made ([`Rows::make`]).
//!
//! Items are atomics, or plain numbers under this rule: a row is written once by who
//! reserved its slot ([`Rows::write`], whose contract it is), before anybody else can
//! know the slot. `slots` hands slots out and says when one may be written again.
#![allow(unsafe_code)]

use crate::region::{OutOfMemory, Region};
use crate::simd::prefetch;
use std::marker::PhantomData;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

const FIRST_LOG2: u32 = 10;
const LINE_BYTES: usize = 64;
const CHUNKS: usize = 22;

/// Slots at most: those of all chunks, and less than 2³¹, so that one bit is free.
pub const SLOTS_MAX: u32 = (1 << 31) - 1024;

/// # Safety
///
/// Zero bytes are a value of the type, dropping it does nothing, and it is aligned to 64
/// bytes or less.
pub(crate) unsafe trait Item {}
// SAFETY: numbers.
unsafe impl Item for u8 {}
// SAFETY: numbers.
unsafe impl Item for u16 {}
// SAFETY: numbers.
unsafe impl Item for f32 {}
// SAFETY: numbers.
unsafe impl Item for AtomicU32 {}
// SAFETY: numbers.
unsafe impl Item for AtomicU64 {}
// SAFETY: a null pointer; the owner of the rows frees what others point to.
unsafe impl<T> Item for AtomicPtr<T> {}

pub(crate) struct Rows<T> {
    stride: usize,
    chunks: [OnceLock<Region>; CHUNKS],
    items: PhantomData<T>,
}

// SAFETY: rows are read through `&[T]` and written under the contract of `write`.
unsafe impl<T: Send + Sync> Sync for Rows<T> {}
// SAFETY: the regions are owned.
unsafe impl<T: Send> Send for Rows<T> {}

#[inline(always)]
fn locate(slot: u32) -> (usize, usize) {
    let moved = u64::from(slot) + (1 << FIRST_LOG2);
    let chunk = moved.ilog2() - FIRST_LOG2;
    (chunk as usize, (moved - (1 << (FIRST_LOG2 + chunk))) as usize)
}

impl<T: Item> Rows<T> {
    /// Rows of `stride` items.
    pub(crate) fn new(stride: usize) -> Rows<T> {
        Rows { stride, chunks: [const { OnceLock::new() }; CHUNKS], items: PhantomData }
    }

    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Maps the chunk of `slot` if that has not happened.
    pub(crate) fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        assert!(slot < SLOTS_MAX);
        let (chunk, _) = locate(slot);
        if self.chunks[chunk].get().is_none() {
            let slots = 1usize << (FIRST_LOG2 + chunk as u32);
            let region = Region::new(slots * self.stride * size_of::<T>())?;
            // Who comes second drops a mapping that was never touched.
            let _ = self.chunks[chunk].set(region);
        }
        Ok(())
    }

    /// Whether [`Rows::make`] was called for `slot` or one of its chunk.
    pub(crate) fn is_made(&self, slot: u32) -> bool {
        slot < SLOTS_MAX && self.chunks[locate(slot).0].get().is_some()
    }

    /// Bytes of the rows of so many slots: what is in memory of the mapped chunks, but for
    /// the rest of the last page.
    pub(crate) fn bytes(&self, slots: u32) -> usize {
        slots as usize * self.stride * size_of::<T>()
    }

    #[inline(always)]
    fn start(&self, slot: u32) -> *mut T {
        let (chunk, at) = locate(slot);
        let region = self.chunks[chunk].get().expect("the slot was made");
        // SAFETY: chunk `chunk` has more than `at` rows of `stride` items, and starts
        // aligned to a page.
        unsafe { region.start().cast::<T>().as_ptr().add(at * self.stride) }
    }

    /// Asks for the cache lines of a row that will be read soon. The slot was made.
    #[inline(always)]
    pub(crate) fn prefetch(&self, slot: u32) {
        let start = self.start(slot).cast::<u8>();
        for at in (0..self.stride * size_of::<T>()).step_by(LINE_BYTES) {
            prefetch(start.wrapping_add(at));
        }
    }

    /// The row of a slot that was made.
    #[inline(always)]
    pub(crate) fn row(&self, slot: u32) -> &[T] {
        // SAFETY: `start` is followed by `stride` items of the chunk. Zero is a value
        // of them; plain ones change only under `write`'s contract.
        unsafe { std::slice::from_raw_parts(self.start(slot), self.stride) }
    }

    /// Writes the row of a slot that was made.
    ///
    /// # Safety
    ///
    /// No other thread reads or writes the row meanwhile: the caller reserved the slot
    /// and nobody else has learnt of it.
    pub(crate) unsafe fn write(&self, slot: u32, items: &[T])
    where
        T: Copy,
    {
        assert!(items.len() <= self.stride);
        // SAFETY: the length was checked, the contract excludes other threads.
        unsafe { std::ptr::copy_nonoverlapping(items.as_ptr(), self.start(slot), items.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_have_distinct_places() {
        assert_eq!(locate(0), (0, 0));
        assert_eq!(locate(1023), (0, 1023));
        assert_eq!(locate(1024), (1, 0));
        assert_eq!(locate(3071), (1, 2047));
        assert_eq!(locate(3072), (2, 0));
        assert!(locate(SLOTS_MAX - 1).0 < CHUNKS);
        let rows = Rows::<u8>::new(3);
        for slot in 0..5000u32 {
            rows.make(slot).unwrap();
            // SAFETY: one thread.
            unsafe { rows.write(slot, &[slot as u8, (slot >> 8) as u8, 7]) };
        }
        for slot in 0..5000u32 {
            assert_eq!(rows.row(slot), [slot as u8, (slot >> 8) as u8, 7]);
        }
    }

    #[test]
    fn what_cannot_be_mapped_is_an_error() {
        let rows = Rows::<f32>::new(1 << 40);
        assert!(rows.make(0).is_err());
    }
}
