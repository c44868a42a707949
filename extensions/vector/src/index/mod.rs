//! An index: a space, its graph, and the slots that the graph does not hold yet.
//!
//! # The life of a value
//!
//! [`Index::insert`] writes it to a slot with its commit timestamp and puts the slot on the
//! *fresh list*, which every search scans: the value is found at once, and a commit links
//! nothing. [`Index::link`], called in the background by as many threads as there are to
//! spare, links fresh slots into the graph. [`Index::delete`] sets the end; the slot leads
//! walks on until [`Index::begin_repair`] and [`Index::repair`] take it out, once no
//! snapshot sees it.
//!
//! # Searching
//!
//! | what there is | how it is searched |
//! |---|---|
//! | at most [`SCAN_SLOTS`] slots, or matching ones by a list | exactly |
//! | a graph, all of it visible | a walk of `ef`, then exact distances of the best |
//! | a filter, or slots that the snapshot does not see | a walk that returns only matches |
//! | fewer found than asked for | exactly: never fewer than there are |
//!
//! The fresh list is scanned exactly beside each of them.
//!
//! # Not here
//!
//! Rows, commits, files and threads: the server's. It saves [`Index::graph`]'s pages and
//! the slots' facts, and gives them back with [`Index::restore`].

mod maintain;
mod search;

use crate::graph::{Graph, Parameters, Scratch};
use crate::slots::{NoSlot, Slots, Timestamp};
use crate::space::Space;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, RwLock};

pub use search::{Found, Scan, Search};

/// Slots up to which everything is scanned: faster than a walk, and exact.
pub const SCAN_SLOTS: u32 = 2000;

pub struct Index<S: Space> {
    space: S,
    graph: Graph,
    slots: Slots,
    /// Slots that searches scan: not linked, or linked since the list was last tidied.
    fresh: RwLock<Vec<u32>>,
    /// Slots that nobody has begun to link.
    queue: Mutex<VecDeque<u32>>,
    scratches: Mutex<Vec<Scratch>>,
}

/// What an index holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Slots that walks find.
    pub linked: u32,
    /// Slots that are scanned until they are linked.
    pub fresh: u32,
    /// Slots that were ever used; freed ones among them.
    pub slots: u32,
    /// Bytes of values, graph and tables.
    pub bytes: usize,
}

impl<S: Space> Index<S> {
    /// An empty index.
    pub fn new(space: S, parameters: Parameters) -> Index<S> {
        Index {
            space,
            graph: Graph::new(parameters),
            slots: Slots::default(),
            fresh: RwLock::new(Vec::new()),
            queue: Mutex::new(VecDeque::new()),
            scratches: Mutex::new(Vec::new()),
        }
    }

    pub fn space(&self) -> &S {
        &self.space
    }

    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    pub fn stats(&self) -> Stats {
        let slots = self.slots.reserved();
        let tables = self.space.bytes(slots) + self.graph.bytes(slots);
        Stats {
            linked: self.graph.linked(),
            fresh: self.unlinked().len() as u32,
            slots,
            bytes: tables + self.slots.bytes(),
        }
    }

    /// Whether walks find the slot.
    pub fn is_linked(&self, slot: u32) -> bool {
        slot < self.slots.reserved() && self.graph.is_linked(slot)
    }

    /// Adds the value of a row from a commit on; found by every search that sees `begin`.
    pub fn insert(&self, value: &S::Value, row_id: u64, begin: Timestamp) -> Result<u32, NoSlot> {
        let slot = self.slots.reserve()?;
        self.fill(slot, value)?;
        self.slots.publish(slot, row_id, begin);
        self.fresh.write().unwrap_or_else(PoisonError::into_inner).push(slot);
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(slot);
        Ok(slot)
    }

    /// Makes a value invisible from a commit on.
    pub fn delete(&self, slot: u32, end: Timestamp) {
        self.slots.end(slot, end);
    }

    fn fill(&self, slot: u32, value: &S::Value) -> Result<(), NoSlot> {
        self.space.make(slot)?;
        self.graph.make(slot)?;
        let query = self.space.query(value);
        #[allow(unsafe_code)]
        // SAFETY: the slot was just reserved (or is being restored, before searches
        // begin), and is published afterwards.
        unsafe {
            self.space.write(slot, value, &query);
        }
        Ok(())
    }

    /// The fresh slots that are not linked.
    fn unlinked(&self) -> Vec<u32> {
        let fresh = self.fresh.read().unwrap_or_else(PoisonError::into_inner);
        fresh.iter().copied().filter(|slot| !self.graph.is_linked(*slot)).collect()
    }

    fn with_scratch<R>(&self, with: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut pool = self.scratches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = pool.pop().unwrap_or_default();
        drop(pool);
        let result = with(&mut scratch);
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        result
    }
}
