//! Slots: dense numbers of the values of an index, with their row and their time.
//!
//! A slot is *reserved* by a writer, which fills its rows; *published* with the commit
//! timestamp of its row; *ended* with the commit timestamp of what deleted it; and
//! *freed* when no snapshot sees it and nothing points to it.
//!
//! ```text
//!   reserve ──► (rows are written) ──► publish(begin) ──► end(end) ──► free
//!      ▲                                                                │
//!      └──────────────── after every search that may know it ───────────┘
//! ```
//!
//! A slot is visible at `t` where `begin <= t < end`: the graph and the codes are shared
//! by all snapshots, the timestamps keep them apart. Readers take no lock for a slot;
//! they hold [`Slots::reading`] for a search, and `free` waits for the searches that run.
//!
//! Most snapshots are younger than what they look at: 64 slots together have a word that
//! says which of them are published and not ended, and the last time at which that changed.
//! A snapshot of that time or later reads no more than this, two bits a slot in place of
//! sixteen bytes.

use crate::region::OutOfMemory;
use crate::rows::{Rows, SLOTS_MAX};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

/// A commit timestamp. 0 is before every commit.
pub type Timestamp = u64;

/// The end of a slot that nothing deleted.
pub const NEVER: Timestamp = u64::MAX;

/// Slots whose states share a word.
const GROUP: u32 = u64::BITS;

/// The place of a slot in its group's word.
fn bit(slot: u32) -> u64 {
    1 << (slot % GROUP)
}

pub struct Slots {
    /// Begin and end, both one up from what callers say: 0 is "not published".
    times: Rows<AtomicU64>,
    /// For each 64 slots: which are published and not ended, and when that changed last.
    groups: Rows<AtomicU64>,
    row_ids: Rows<AtomicU64>,
    reserved: AtomicU32,
    free: Mutex<Vec<u32>>,
    readers: RwLock<()>,
}

/// Why a slot could not be reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSlot {
    /// The index holds `SLOTS_MAX` values.
    Full,
    OutOfMemory(OutOfMemory),
}

impl std::fmt::Display for NoSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoSlot::Full => write!(f, "a vector index cannot have more than {SLOTS_MAX} values"),
            NoSlot::OutOfMemory(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoSlot {}

impl From<OutOfMemory> for NoSlot {
    fn from(error: OutOfMemory) -> NoSlot {
        NoSlot::OutOfMemory(error)
    }
}

impl Default for Slots {
    fn default() -> Slots {
        Slots {
            times: Rows::new(2),
            groups: Rows::new(2),
            row_ids: Rows::new(1),
            reserved: AtomicU32::new(0),
            free: Mutex::new(Vec::new()),
            readers: RwLock::new(()),
        }
    }
}

impl Slots {
    /// A slot that nobody else knows.
    pub fn reserve(&self) -> Result<u32, NoSlot> {
        if let Some(slot) = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(slot);
        }
        self.extend()
    }

    /// A slot that was never reserved.
    fn extend(&self) -> Result<u32, NoSlot> {
        // The tables exist before the slot counts as reserved: scans go by the count.
        let mut slot = self.reserved.load(Ordering::Acquire);
        loop {
            if slot >= SLOTS_MAX {
                return Err(NoSlot::Full);
            }
            self.times.make(slot)?;
            self.groups.make(slot / GROUP)?;
            self.row_ids.make(slot)?;
            let (now, order) = (slot + 1, Ordering::AcqRel);
            match self.reserved.compare_exchange(slot, now, order, Ordering::Acquire) {
                Ok(_) => break,
                Err(other) => slot = other,
            }
        }
        Ok(slot)
    }

    /// Makes a reserved slot visible from `begin` on, as the value of row `row_id`.
    pub fn publish(&self, slot: u32, row_id: u64, begin: Timestamp) {
        self.row_ids.row(slot)[0].store(row_id, Ordering::Relaxed);
        let times = self.times.row(slot);
        times[1].store(NEVER, Ordering::Relaxed);
        // Release: who sees the time sees the row id, the codes and the vector.
        times[0].store(begin + 1, Ordering::Release);
        // The time first: who sees the bit sees it, and an older snapshot asks the slot.
        let [live, changed] = self.group(slot);
        changed.fetch_max(begin, Ordering::AcqRel);
        live.fetch_or(bit(slot), Ordering::AcqRel);
    }

    /// Makes a published slot invisible from `end` on.
    pub fn end(&self, slot: u32, end: Timestamp) {
        self.times.row(slot)[1].store(end, Ordering::Release);
        if end != NEVER {
            let [live, changed] = self.group(slot);
            changed.fetch_max(end, Ordering::AcqRel);
            live.fetch_and(!bit(slot), Ordering::AcqRel);
        }
    }

    fn group(&self, slot: u32) -> &[AtomicU64; 2] {
        self.groups.row(slot / GROUP).try_into().expect("two words a group")
    }

    /// Whether a snapshot of `at` sees the slot.
    #[inline]
    pub fn visible(&self, slot: u32, at: Timestamp) -> bool {
        self.sees(self.live(slot, at), slot, at)
    }

    /// The word of a slot's group, if it speaks for a snapshot of `at`.
    #[inline]
    fn live(&self, slot: u32, at: Timestamp) -> Option<u64> {
        let [live, changed] = self.group(slot);
        let live = live.load(Ordering::Acquire);
        (changed.load(Ordering::Acquire) <= at).then_some(live)
    }

    #[inline]
    fn sees(&self, live: Option<u64>, slot: u32, at: Timestamp) -> bool {
        live.map_or_else(|| self.was_visible(slot, at), |live| live & bit(slot) != 0)
    }

    /// The places of those of some slots that a snapshot of `at` sees, in their order;
    /// quicker where slots of a group come one after the other.
    pub fn visible_of(&self, slots: &[u32], at: Timestamp) -> Vec<u32> {
        let mut visible = Vec::with_capacity(slots.len());
        // The group that was looked at last.
        let (mut group, mut live) = (None, None);
        for (place, slot) in slots.iter().enumerate() {
            if group != Some(slot / GROUP) {
                group = Some(slot / GROUP);
                live = self.live(*slot, at);
            }
            if self.sees(live, *slot, at) {
                visible.push(place as u32);
            }
        }
        visible
    }

    /// The same by the slot's own times.
    fn was_visible(&self, slot: u32, at: Timestamp) -> bool {
        let times = self.times.row(slot);
        let begin = times[0].load(Ordering::Acquire);
        begin != 0 && begin - 1 <= at && at < times[1].load(Ordering::Acquire)
    }

    /// Whether the slot has a value, visible or not.
    #[inline]
    pub fn is_published(&self, slot: u32) -> bool {
        self.times.row(slot)[0].load(Ordering::Acquire) != 0
    }

    /// When the slot was deleted; `NEVER` while it is not.
    #[inline]
    pub fn ended(&self, slot: u32) -> Timestamp {
        self.times.row(slot)[1].load(Ordering::Acquire)
    }

    /// Since when the slot is visible; none where it is not published.
    pub fn begun(&self, slot: u32) -> Option<Timestamp> {
        self.times.row(slot)[0].load(Ordering::Acquire).checked_sub(1)
    }

    /// The row of a published slot.
    #[inline]
    pub fn row_id(&self, slot: u32) -> u64 {
        self.row_ids.row(slot)[0].load(Ordering::Relaxed)
    }

    /// One more than the greatest slot ever reserved.
    pub fn reserved(&self) -> u32 {
        self.reserved.load(Ordering::Acquire)
    }

    /// Held for a search and for a linking: slots it may know are not freed.
    pub fn reading(&self) -> RwLockReadGuard<'_, ()> {
        self.readers.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes back slots that nothing points to any more. Waits for the searches that
    /// run; later ones cannot meet the slots.
    pub fn free(&self, slots: &[u32]) {
        for slot in slots {
            self.group(*slot)[0].fetch_and(!bit(*slot), Ordering::AcqRel);
            self.times.row(*slot)[0].store(0, Ordering::Release);
        }
        self.wait_for_readers();
        self.free.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(slots);
    }

    /// Returns when the searches and linkings that run now have ended.
    pub fn wait_for_readers(&self) {
        drop(self.readers.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts a slot back that was saved. Nobody else uses the slots yet.
    pub fn restore(
        &self,
        slot: u32,
        row_id: u64,
        begin: Timestamp,
        end: Timestamp,
    ) -> Result<(), NoSlot> {
        while self.reserved() <= slot {
            self.extend()?;
        }
        self.publish(slot, row_id, begin);
        self.end(slot, end);
        Ok(())
    }

    /// Gives back the slots that were not put back; once, after the last was.
    pub fn finish_restoring(&self) {
        let unused = (0..self.reserved()).filter(|slot| !self.is_published(*slot));
        let unused: Vec<u32> = unused.collect();
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) = unused;
    }

    /// Bytes of the tables.
    pub fn bytes(&self) -> usize {
        let slots = self.reserved();
        let groups = self.groups.bytes(slots.div_ceil(GROUP));
        self.times.bytes(slots) + groups + self.row_ids.bytes(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    /// What a snapshot sees by the words of groups is what the slots' own times say.
    #[test]
    fn groups_say_what_times_say() {
        let mut random = Random::new(3);
        let slots = Slots::default();
        let mut live: Vec<u32> = Vec::new();
        let mut ended: Vec<u32> = Vec::new();
        for now in 1..2_000 {
            match random.below(4) {
                0 if !live.is_empty() => {
                    let slot = live.swap_remove(random.below(live.len()));
                    slots.end(slot, now);
                    ended.push(slot);
                }
                1 if !ended.is_empty() => {
                    let slot = ended.swap_remove(random.below(ended.len()));
                    slots.free(&[slot]);
                }
                _ => {
                    let slot = slots.reserve().unwrap();
                    assert!(!slots.visible(slot, now), "nobody sees what is not published");
                    slots.publish(slot, u64::from(slot), now);
                    live.push(slot);
                }
            }
            for _ in 0..8 {
                let slot = random.below(slots.reserved() as usize) as u32;
                let at = random.below(2_100) as u64;
                assert_eq!(slots.visible(slot, at), slots.was_visible(slot, at), "{slot} at {at}");
            }
            let (all, at): (Vec<u32>, _) = ((0..slots.reserved()).collect(), random.below(2_100));
            let seen: Vec<u32> =
                all.iter().copied().filter(|slot| slots.visible(*slot, at as u64)).collect();
            assert_eq!(slots.visible_of(&all, at as u64), seen);
            let places: Vec<u32> = (0..seen.len() as u32).collect();
            assert_eq!(slots.visible_of(&seen, at as u64), places);
        }
        for slot in &live {
            assert!(slots.visible(*slot, NEVER - 1));
        }
        for slot in &ended {
            assert!(!slots.visible(*slot, NEVER - 1));
        }
    }

    #[test]
    fn restored_slots_are_seen_when_they_were() {
        let slots = Slots::default();
        slots.restore(70, 1, 5, NEVER).unwrap();
        slots.restore(3, 2, 4, 9).unwrap();
        slots.finish_restoring();
        let seen = |slot: u32| (0..12).filter(|at| slots.visible(slot, *at)).collect::<Vec<_>>();
        assert_eq!(seen(70), [5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(seen(3), [4, 5, 6, 7, 8]);
        assert!(seen(4).is_empty());
    }
}
