//! An index of dense vectors by inverted lists, as [`crate::index`] is one by a graph.
//!
//! A new value waits on the *fresh* list, which every search scans, until somebody puts it
//! into the list of its centre ([`Inverted::link`]). A value that ended is skipped by its
//! time until [`Inverted::repair`] takes it out.

use super::Lists;
use crate::exact;
use crate::graph::PAGE_SLOTS;
use crate::hits::Hit;
use crate::index::Stats;
use crate::rows::Rows;
use crate::slots::{NEVER, NoSlot, Slots, Timestamp};
use crate::space::{Dense, DenseQuery, Element, Space};
use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Which slots a search may return, beside being visible.
type Filter<'f> = Option<&'f (dyn Fn(u32) -> bool + Sync)>;

pub struct Inverted<E: Element> {
    space: Dense<E>,
    slots: Slots,
    lists: Lists,
    /// One up from the list of each slot; 0 for none.
    owners: Rows<AtomicU32>,
    fresh: Mutex<Vec<u32>>,
    /// Held by who moves slots from the fresh list.
    moving: Mutex<()>,
    placed: AtomicU32,
    dirty: Mutex<BTreeSet<u32>>,
}

impl<E: Element> Inverted<E> {
    /// An empty index over lists without slots.
    pub fn new(space: Dense<E>, lists: Lists) -> Inverted<E> {
        Inverted {
            space,
            slots: Slots::default(),
            lists,
            owners: Rows::new(1),
            fresh: Mutex::default(),
            moving: Mutex::default(),
            placed: AtomicU32::new(0),
            dirty: Mutex::default(),
        }
    }

    pub fn space(&self) -> &Dense<E> {
        &self.space
    }

    pub fn lists(&self) -> &Lists {
        &self.lists
    }

    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    pub fn stats(&self) -> Stats {
        let slots = self.slots.reserved();
        let tables = self.space.bytes(slots) + self.owners.bytes(slots) + self.slots.bytes();
        let linked = self.placed.load(Ordering::Acquire);
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).len() as u32;
        Stats { linked, fresh, slots, bytes: tables + 4 * linked as usize }
    }

    /// Whether the slot is in a list.
    pub fn is_linked(&self, slot: u32) -> bool {
        slot < self.slots.reserved() && self.owners.is_made(slot) && self.owner(slot) != 0
    }

    fn owner(&self, slot: u32) -> u32 {
        self.owners.row(slot)[0].load(Ordering::Acquire)
    }

    /// Adds the value of a row from a commit on; found by every search that sees `begin`.
    pub fn insert(&self, value: &[E], row_id: u64, begin: Timestamp) -> Result<u32, NoSlot> {
        let slot = self.slots.reserve()?;
        self.fill(slot, value)?;
        self.slots.publish(slot, row_id, begin);
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
        Ok(slot)
    }

    fn fill(&self, slot: u32, value: &[E]) -> Result<(), NoSlot> {
        self.space.make(slot)?;
        self.owners.make(slot)?;
        let query = self.space.query(value);
        #[allow(unsafe_code)]
        // SAFETY: the slot was just reserved (or is being restored, before searches
        // begin), and is published afterwards.
        unsafe {
            self.space.write(slot, value, &query);
        }
        Ok(())
    }

    /// Makes a value invisible from a commit on.
    pub fn delete(&self, slot: u32, end: Timestamp) {
        self.slots.end(slot, end);
    }

    /// Puts up to `limit` fresh slots into their lists; how many there were.
    pub fn link(&self, limit: usize) -> usize {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh: Vec<u32> = {
            let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
            fresh.iter().copied().take(limit).collect()
        };
        for slot in fresh.iter().filter(|slot| self.slots.is_published(**slot)) {
            let list = self.lists.insert(*slot, &E::widen(&self.space.vector(*slot)));
            self.own(*slot, list);
        }
        // They are in their lists before they leave this one: searches find them once more.
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).drain(..fresh.len());
        fresh.len()
    }

    fn own(&self, slot: u32, list: usize) {
        self.owners.row(slot)[0].store(list as u32 + 1, Ordering::Release);
        self.placed.fetch_add(1, Ordering::AcqRel);
        self.mark_page(slot / PAGE_SLOTS);
    }

    /// The `k` nearest of some lists and the fresh slots, exactly.
    pub fn search(
        &self,
        query: &DenseQuery<E>,
        lists: &[usize],
        k: usize,
        at: Timestamp,
        filter: Filter<'_>,
    ) -> Vec<Hit> {
        let _reading = self.slots.reading();
        let slots = self.members(lists, at, filter, &HashSet::new());
        nearest(&self.space, query, k, &slots)
    }

    /// The `k` nearest of some slots.
    pub fn compare(
        &self,
        query: &DenseQuery<E>,
        slots: &[u32],
        k: usize,
        at: Timestamp,
        filter: Filter<'_>,
    ) -> Vec<Hit> {
        let _reading = self.slots.reading();
        let accept = |slot: &u32| self.accepts(*slot, at, filter);
        let slots: Vec<u32> = slots.iter().copied().filter(accept).collect();
        nearest(&self.space, query, k, &slots)
    }

    fn accepts(&self, slot: u32, at: Timestamp, filter: Filter<'_>) -> bool {
        self.slots.visible(slot, at) && filter.is_none_or(|filter| filter(slot))
    }

    /// The accepted slots of some lists and the fresh ones, each once.
    fn members(
        &self,
        lists: &[usize],
        at: Timestamp,
        filter: Filter<'_>,
        returned: &HashSet<u32>,
    ) -> Vec<u32> {
        // The fresh ones first: who leaves meanwhile is in a list.
        let mut slots = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lists.iter().for_each(|list| slots.extend(self.lists.slots(*list)));
        slots.retain(|slot| !returned.contains(slot) && self.accepts(*slot, at, filter));
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Begins a search in batches.
    pub fn probe(&self, query: DenseQuery<E>, vector: &[E], at: Timestamp) -> Probe<E> {
        let order = self.lists.order(&E::widen(vector));
        Probe { query, at, order, next: 0, left: Vec::new(), returned: HashSet::new(), compared: 0 }
    }

    /// Takes out the slots that ended at or before `horizon`, which no snapshot sees any
    /// more; how many there were.
    pub fn repair(&self, horizon: Timestamp) -> usize {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let is_dead = |slot: &u32| {
            let end = self.slots.ended(*slot);
            self.slots.is_published(*slot) && end != NEVER && end <= horizon
        };
        let dead: HashSet<u32> = (0..self.slots.reserved()).filter(is_dead).collect();
        if dead.is_empty() {
            return 0;
        }
        self.lists.remove(|slot| dead.contains(&slot));
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.retain(|slot| !dead.contains(slot));
        drop(fresh);
        for slot in &dead {
            if self.owners.row(*slot)[0].swap(0, Ordering::AcqRel) != 0 {
                self.placed.fetch_sub(1, Ordering::AcqRel);
                self.mark_page(slot / PAGE_SLOTS);
            }
        }
        self.slots.free(&dead.iter().copied().collect::<Vec<_>>());
        dead.len()
    }

    /// Puts a value back that was saved, before searches begin.
    pub fn restore(
        &self,
        slot: u32,
        value: &[E],
        row_id: u64,
        begin: Timestamp,
        end: Timestamp,
    ) -> Result<(), NoSlot> {
        self.fill(slot, value)?;
        self.slots.restore(slot, row_id, begin, end)
    }

    /// Loads a page of [`Inverted::page`]; none for bytes that are none. Then
    /// [`Inverted::finish_loading`].
    pub fn load_page(&self, page: u32, bytes: &[u8]) -> Option<()> {
        if bytes.len() != 4 * PAGE_SLOTS as usize {
            return None;
        }
        let first = page.checked_mul(PAGE_SLOTS)?;
        for (slot, owner) in (first..).zip(bytes.chunks_exact(4)) {
            let owner = u32::from_le_bytes(owner.try_into().ok()?);
            if owner as usize > self.lists.centres().len() {
                return None;
            }
            if owner > 0 {
                self.owners.make(slot).ok()?;
                self.owners.row(slot)[0].store(owner, Ordering::Release);
            }
        }
        Some(())
    }

    /// Puts the restored slots into the lists that they were in, the others on the fresh
    /// list.
    pub fn finish_loading(&self) {
        self.slots.finish_restoring();
        let mut fresh = Vec::new();
        let mut slot = 0;
        while self.owners.is_made(slot) || slot < self.slots.reserved() {
            let has_value = slot < self.slots.reserved() && self.slots.is_published(slot);
            let owner = if self.owners.is_made(slot) { self.owner(slot) } else { 0 };
            match (has_value, owner) {
                (true, 0) => fresh.push(slot),
                (true, owner) => {
                    self.lists.insert_into(slot, owner as usize - 1);
                    self.placed.fetch_add(1, Ordering::AcqRel);
                }
                (false, 0) => {}
                (false, _) => self.owners.row(slot)[0].store(0, Ordering::Release),
            }
            slot += 1;
        }
        *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// The lists of a page's slots.
    pub fn page(&self, page: u32) -> Vec<u8> {
        let slots = page * PAGE_SLOTS..(page + 1) * PAGE_SLOTS;
        let owner = |slot| if self.is_linked(slot) { self.owner(slot) } else { 0 };
        slots.flat_map(|slot| owner(slot).to_le_bytes()).collect()
    }

    /// The pages that changed since they were last taken.
    pub fn take_dirty(&self) -> Vec<u32> {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *dirty).into_iter().collect()
    }

    pub fn mark_page(&self, page: u32) {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner).insert(page);
    }
}

fn nearest<E: Element>(
    space: &Dense<E>,
    query: &DenseQuery<E>,
    k: usize,
    slots: &[u32],
) -> Vec<Hit> {
    let mut found = exact::nearest(space, std::slice::from_ref(query), k, slots);
    found.pop().expect("a result for the query")
}

/// A search in batches: of each the lists that are next nearest. It holds nothing between
/// them; see [`crate::index::Scan`].
pub struct Probe<E> {
    query: DenseQuery<E>,
    at: Timestamp,
    order: Vec<usize>,
    /// Lists of the order that were probed.
    next: usize,
    /// Found and not returned, the farthest first.
    left: Vec<Hit>,
    returned: HashSet<u32>,
    compared: u64,
}

impl<E: Element> Probe<E> {
    /// The next results, at most `count`, after as many more lists as it takes; none when
    /// all of them were probed. The filter is the same every time.
    pub fn next_batch(
        &mut self,
        index: &Inverted<E>,
        count: usize,
        probes: usize,
        filter: Filter<'_>,
    ) -> Vec<Hit> {
        while self.left.is_empty() && self.next < self.order.len() {
            let until = self.order.len().min(self.next + probes.max(1));
            let _reading = index.slots.reading();
            let lists = &self.order[self.next..until];
            let slots = index.members(lists, self.at, filter, &self.returned);
            self.next = until;
            self.compared += slots.len() as u64;
            let all = slots.len();
            self.left = nearest(&index.space, &self.query, all, &slots);
            self.returned.extend(self.left.iter().map(|hit| hit.slot));
            self.left.reverse();
        }
        let rest = self.left.len().saturating_sub(count.max(1));
        let mut batch = self.left.split_off(rest);
        batch.reverse();
        batch
    }

    /// Does not return these, which were.
    pub fn skip(&mut self, slots: impl IntoIterator<Item = u32>) {
        self.returned.extend(slots);
    }

    /// Values that were compared.
    pub fn compared(&self) -> u64 {
        self.compared
    }
}
