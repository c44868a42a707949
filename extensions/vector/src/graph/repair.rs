//! Taking slots out of the graph.
//!
//! 1. The slots are marked as *dying*. Once the linkings that ran have ended (a grace
//!    period), nothing new points to them.
//! 2. Step by step, every list that holds a dying slot is made anew: from what else it
//!    holds, and from what the dying neighbours lead to.
//! 3. If walks began at a dying slot, they begin at another.
//! 4. Nothing points to the dying slots, so they are cleared and given back, after the
//!    walks that may still stand on one.
//!
//! Each step is bounded by the number of slots it looks at; searches go on throughout.

use super::{Graph, Place};
use crate::slots::Slots;
use crate::space::Space;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// A repair under way.
pub struct Repair {
    dying: Vec<u32>,
    next: u32,
    until: u32,
}

impl Graph {
    /// Begins to take out `dying`: linked slots that no snapshot sees. One repair runs at
    /// a time; the caller does not hold `Slots::reading`.
    pub(crate) fn begin_repair(&self, slots: &Slots, dying: Vec<u32>) -> Repair {
        for slot in &dying {
            self.places.row(*slot)[0].fetch_or(Place::DYING, Ordering::AcqRel);
        }
        slots.wait_for_readers();
        Repair { dying, next: 0, until: slots.reserved() }
    }

    /// Looks at up to `limit` slots; whether the repair has ended.
    pub(crate) fn repair<S: Space>(
        &self,
        space: &S,
        slots: &Slots,
        repair: &mut Repair,
        limit: u32,
    ) -> bool {
        let until = repair.until.min(repair.next.saturating_add(limit));
        {
            let _reading = slots.reading();
            for slot in repair.next..until {
                let place = self.place(slot);
                if place.is_linked() && !place.is_dying() {
                    (0..=place.level()).for_each(|level| self.mend(space, slot, level));
                }
            }
        }
        repair.next = until;
        if until < repair.until {
            return false;
        }
        self.leave_entry();
        for slot in &repair.dying {
            self.clear(*slot);
        }
        slots.free(&repair.dying);
        true
    }

    /// Makes a list anew that holds a dying slot.
    fn mend<S: Space>(&self, space: &S, slot: u32, level: u32) {
        let _lock = self.lock(slot);
        let mut neighbours = Vec::new();
        self.neighbours(slot, level, &mut neighbours);
        let is_dying = |slot: &u32| self.place(*slot).is_dying();
        let dying: Vec<u32> = neighbours.iter().copied().filter(is_dying).collect();
        if dying.is_empty() {
            return;
        }
        // Beyond a dying neighbour there may be others: as far as it takes to find a way.
        let mut reached = neighbours.clone();
        let mut at = 0;
        let mut gone = dying;
        while at < gone.len() && at < 64 {
            let mut beyond = Vec::new();
            self.neighbours(gone[at], level, &mut beyond);
            for slot in beyond {
                if !reached.contains(&slot) {
                    reached.push(slot);
                    if is_dying(&slot) {
                        gone.push(slot);
                    }
                }
            }
            at += 1;
        }
        reached.retain(|other| *other != slot && !is_dying(other));
        let kept = self.best_of(space, slot, &reached, self.capacity(level));
        self.set_list(slot, level, &kept);
    }

    /// Walks begin at a slot of the highest layer that is not dying.
    fn leave_entry(&self) {
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((entry, _)) = self.entry() else { return };
        if !self.place(entry).is_dying() {
            return;
        }
        let mut best: Option<(u32, u32)> = None;
        let mut slot = 0;
        while self.places.is_made(slot) {
            let place = self.place(slot);
            let is_higher = best.is_none_or(|(_, level)| place.level() > level);
            if place.is_linked() && !place.is_dying() && is_higher {
                best = Some((slot, place.level()));
            }
            slot += 1;
        }
        self.set_entry(best);
    }

    pub(super) fn clear(&self, slot: u32) {
        let place = self.place(slot);
        for level in 0..=place.level() {
            self.set_list(slot, level, &[]);
        }
        self.places.row(slot)[0].store(0, Ordering::Release);
        self.linked.fetch_sub(1, Ordering::AcqRel);
        if place.level() > 0 {
            let mut free = self.upper_free.lock().unwrap_or_else(PoisonError::into_inner);
            free[place.level() as usize].push(place.upper(1));
        }
    }
}
