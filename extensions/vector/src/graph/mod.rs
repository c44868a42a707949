//! The graph: layers of neighbours that lead a walk to the nearest values.
//!
//! Hierarchical navigable small worlds (Malkov and Yashunin, 2016): layer 0 holds every
//! slot with at most 2 m neighbours, each layer above a random 1/m of the one below with
//! at most m. A walk descends greedily to layer 0 and keeps the `ef` best there.
//!
//! # Concurrency
//!
//! Neighbours are atomic words in rows that never move. Readers take no lock: a list that
//! changes under a reader is a mixture of its old and its new state, of which every
//! number is a slot that was linked. Writers hold one of [`LOCKS`] locks for a list, never
//! two. A slot becomes known to walks when the first neighbour points to it; by then its
//! own lists are complete on every layer.
//!
//! # Deleting
//!
//! A deleted slot stays, and leads walks on, until `repair` has found its way out:
//! see there.

mod link;
mod pages;
mod repair;
mod walk;

use crate::region::OutOfMemory;
use crate::rows::Rows;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use pages::{BadPage, PAGE_SLOTS};
pub use repair::Repair;
pub(crate) use walk::{Met, Resumable, Scratch};

const LOCKS: usize = 4096;
const M_LEAST: usize = 24;
const EF_LEAST: usize = 100;
/// Layers above the lowest at most.
const LEVEL_MAX: u32 = 15;

/// How a graph is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Neighbours of a slot in the upper layers; twice as many in the lowest. 2 to 100.
    pub m: usize,
    /// Candidates for neighbours that are looked for. 4 to 1000.
    pub ef_construction: usize,
}

impl Parameters {
    /// What is asked for, or more: linking is cheap here, and of 50,000 sentence embeddings
    /// m 24 gives at ef 24 the recall that m 16 gives at ef 32.
    pub fn at_least(m: usize, ef_construction: usize) -> Parameters {
        Parameters { m: m.max(M_LEAST), ef_construction: ef_construction.max(EF_LEAST) }
    }
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters { m: 16, ef_construction: 64 }
    }
}

pub struct Graph {
    parameters: Parameters,
    /// `[count | 2 m slots]` for each slot.
    lowest: Rows<AtomicU32>,
    /// `Place` for each slot.
    places: Rows<AtomicU32>,
    /// `[count | m slots]` for each slot and upper layer.
    upper: Rows<AtomicU32>,
    upper_reserved: AtomicU32,
    /// Runs of upper lists that were freed, by length.
    upper_free: Mutex<Vec<Vec<u32>>>,
    /// Level + 1 above the slot where walks begin; 0 while the graph is empty.
    entry: AtomicU64,
    /// Held by who may change the entry.
    growing: Mutex<()>,
    locks: Box<[Mutex<()>]>,
    linked: AtomicU32,
    /// One bit a page that changed since it was saved.
    dirty: Rows<AtomicU64>,
}

/// What is known of a slot in one word:
/// `upper run (26 bits) | linked | dying | level (4 bits)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(u32);

impl Place {
    const DYING: u32 = 1 << 4;
    const LINKED: u32 = 1 << 5;
    const UPPER_MAX: u32 = 1 << 26;

    fn linked(level: u32, upper: u32) -> Place {
        Place(upper << 6 | Place::LINKED | level)
    }

    fn is_linked(self) -> bool {
        self.0 & Place::LINKED != 0
    }

    fn is_dying(self) -> bool {
        self.0 & Place::DYING != 0
    }

    fn level(self) -> u32 {
        self.0 & LEVEL_MAX
    }

    /// The list of layer `level`, from 1.
    fn upper(self, level: u32) -> u32 {
        (self.0 >> 6) + level - 1
    }
}

impl Graph {
    pub fn new(parameters: Parameters) -> Graph {
        Graph {
            parameters,
            lowest: Rows::new(1 + 2 * parameters.m),
            places: Rows::new(1),
            upper: Rows::new(1 + parameters.m),
            upper_reserved: AtomicU32::new(0),
            upper_free: Mutex::new(vec![Vec::new(); LEVEL_MAX as usize + 1]),
            entry: AtomicU64::new(0),
            growing: Mutex::new(()),
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
            linked: AtomicU32::new(0),
            dirty: Rows::new(1),
        }
    }

    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Maps the memory of `slot`.
    pub(crate) fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        self.lowest.make(slot)?;
        self.places.make(slot)?;
        self.dirty.make(slot / PAGE_SLOTS / 64)
    }

    /// Slots that walks can find.
    pub fn linked(&self) -> u32 {
        self.linked.load(Ordering::Acquire)
    }

    pub(crate) fn is_linked(&self, slot: u32) -> bool {
        self.place(slot).is_linked()
    }

    /// Bytes that the lists of so many slots take.
    pub fn bytes(&self, slots: u32) -> usize {
        let upper = self.upper.bytes(self.upper_reserved.load(Ordering::Acquire));
        self.lowest.bytes(slots) + self.places.bytes(slots) + upper
    }

    fn place(&self, slot: u32) -> Place {
        Place(self.places.row(slot)[0].load(Ordering::Acquire))
    }

    /// Where walks begin, and the layer of that slot.
    fn entry(&self) -> Option<(u32, u32)> {
        let entry = self.entry.load(Ordering::Acquire);
        ((entry >> 32) as u32).checked_sub(1).map(|level| (entry as u32, level))
    }

    fn set_entry(&self, entry: Option<(u32, u32)>) {
        let word = entry.map_or(0, |(slot, level)| u64::from(level + 1) << 32 | u64::from(slot));
        self.entry.store(word, Ordering::Release);
    }

    /// The list of a slot in a layer that it is in.
    #[inline]
    fn list(&self, slot: u32, level: u32) -> &[AtomicU32] {
        match level {
            0 => self.lowest.row(slot),
            level => self.upper.row(self.place(slot).upper(level)),
        }
    }

    /// Appends the neighbours of a slot; none in a layer that it is not in.
    #[inline]
    fn neighbours(&self, slot: u32, level: u32, into: &mut Vec<u32>) {
        if level > 0 && self.place(slot).level() < level {
            return;
        }
        let list = self.list(slot, level);
        let count = list[0].load(Ordering::Acquire) as usize;
        let slots = list[1..].iter().take(count);
        into.extend(slots.map(|slot| slot.load(Ordering::Acquire)));
    }

    #[inline(always)]
    fn prefetch_list(&self, slot: u32, level: u32) {
        if level == 0 {
            self.lowest.prefetch(slot);
        }
    }

    /// Replaces a list. The caller holds the slot's lock, or nobody knows the slot.
    fn set_list(&self, slot: u32, level: u32, neighbours: &[u32]) {
        let list = self.list(slot, level);
        assert!(neighbours.len() < list.len());
        for (at, neighbour) in list[1..].iter().zip(neighbours) {
            at.store(*neighbour, Ordering::Release);
        }
        list[0].store(neighbours.len() as u32, Ordering::Release);
        self.mark_dirty(slot);
    }

    fn lock(&self, slot: u32) -> MutexGuard<'_, ()> {
        let mixed = slot.wrapping_mul(0x9e37_79b1) >> 20;
        self.locks[mixed as usize % LOCKS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Neighbours at most in a layer.
    fn capacity(&self, level: u32) -> usize {
        if level == 0 { 2 * self.parameters.m } else { self.parameters.m }
    }

    fn mark_dirty(&self, slot: u32) {
        let page = slot / PAGE_SLOTS;
        self.dirty.row(page / 64)[0].fetch_or(1 << (page % 64), Ordering::AcqRel);
    }
}
