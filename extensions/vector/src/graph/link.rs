//! Linking a slot: its neighbours, and it as theirs.

use super::walk::Met;
use super::{Graph, LEVEL_MAX, Place, Scratch};
use crate::random::Random;
use crate::region::OutOfMemory;
use crate::space::Space;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

impl Graph {
    /// Links a slot that is published and is not linked. Hold `Slots::reading`.
    ///
    /// `alive` says which slots may become neighbours: those that are not being freed.
    pub(crate) fn link<S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        slot: u32,
        slots: u32,
        scratch: &mut Scratch,
    ) -> Result<(), OutOfMemory> {
        let level = self.random_level(slot);
        let place = self.reserve_upper(level)?;
        self.places.row(slot)[0].store(place.0 & !Place::LINKED, Ordering::Release);
        let level = place.level();
        // Who raises the top layer keeps others from doing it meanwhile.
        let grows = |entry: Option<(u32, u32)>| entry.is_none_or(|(_, top)| level > top);
        let growing = grows(self.entry())
            .then(|| self.growing.lock().unwrap_or_else(PoisonError::into_inner));
        let found = self.find_neighbours(space, query, slot, level, slots, scratch);
        for (level, neighbours) in found.iter().enumerate() {
            self.set_list(slot, level as u32, neighbours);
        }
        self.places.row(slot)[0].store(place.0, Ordering::Release);
        self.linked.fetch_add(1, Ordering::AcqRel);
        // From below: who comes by an upper layer finds the way down.
        for (level, neighbours) in found.iter().enumerate() {
            for neighbour in neighbours {
                self.add_neighbour(space, *neighbour, slot, level as u32);
            }
        }
        if growing.is_some() && grows(self.entry()) {
            self.set_entry(Some((slot, level)));
        }
        Ok(())
    }

    /// The neighbours of a slot in each of its layers, from the lowest.
    fn find_neighbours<S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        slot: u32,
        level: u32,
        slots: u32,
        scratch: &mut Scratch,
    ) -> Vec<Vec<u32>> {
        let mut found = vec![Vec::new(); level as usize + 1];
        let Some((_, top)) = self.entry() else { return found };
        let from = level.min(top);
        let Some(start) = self.descend(space, query, from, scratch) else { return found };
        let mut starts = vec![start];
        for level in (0..=from).rev() {
            let ef = self.parameters.ef_construction.max(self.parameters.m);
            let met = self.walk(space, query, &starts, ef, level, slots, scratch);
            starts.clear();
            starts.extend_from_slice(met);
            let usable = |met: &&Met| met.slot != slot && !self.place(met.slot).is_dying();
            let candidates: Vec<Met> = starts.iter().filter(usable).copied().collect();
            found[level as usize] = select(space, &candidates, self.parameters.m);
        }
        found
    }

    /// Makes `slot` a neighbour of `of`, if it is better than what fills the list.
    fn add_neighbour<S: Space>(&self, space: &S, of: u32, slot: u32, level: u32) {
        let _lock = self.lock(of);
        let mut neighbours = Vec::with_capacity(self.capacity(level) + 1);
        self.neighbours(of, level, &mut neighbours);
        if neighbours.contains(&slot) {
            return;
        }
        neighbours.push(slot);
        if neighbours.len() > self.capacity(level) {
            neighbours = self.best_of(space, of, &neighbours, self.capacity(level));
        }
        self.set_list(of, level, &neighbours);
    }

    /// The neighbours that a slot keeps of `candidates`.
    pub(super) fn best_of<S: Space>(
        &self,
        space: &S,
        of: u32,
        candidates: &[u32],
        most: usize,
    ) -> Vec<u32> {
        let mut distances = vec![0.0; candidates.len()];
        space.distances_from(of, candidates, &mut distances);
        let met = candidates.iter().zip(&distances);
        let mut met: Vec<Met> =
            met.map(|(slot, distance)| Met { distance: *distance, slot: *slot }).collect();
        met.sort_unstable();
        select(space, &met, most)
    }

    /// Layers above the lowest: geometric, 1/m of the slots of a layer are in the next.
    /// A slot's is always the same.
    fn random_level(&self, slot: u32) -> u32 {
        let unit = f64::from(Random::new(u64::from(slot)).unit()).max(1e-9);
        let level = -unit.ln() / (self.parameters.m as f64).ln();
        (level as u32).min(LEVEL_MAX)
    }

    /// Lists for the upper layers of a slot; fewer layers where there are none left.
    pub(super) fn reserve_upper(&self, level: u32) -> Result<Place, OutOfMemory> {
        if level == 0 {
            return Ok(Place::linked(0, 0));
        }
        let mut free = self.upper_free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = free[level as usize].pop() {
            return Ok(Place::linked(level, run));
        }
        let run = self.upper_reserved.load(Ordering::Acquire);
        if run + level >= Place::UPPER_MAX {
            return Ok(Place::linked(0, 0));
        }
        // Only who holds the lock of the free runs reserves.
        (run..run + level).try_for_each(|list| self.upper.make(list))?;
        self.upper_reserved.store(run + level, Ordering::Release);
        Ok(Place::linked(level, run))
    }
}

/// The neighbours to keep of candidates that come nearest first: one that is nearer to a
/// kept one than to the slot itself is reached through that one.
///
/// Where many slots have one value, the others would fill the list, and nothing would lead
/// out of them: of those that are the same as a kept one, a list holds three quarters at most.
fn select<S: Space>(space: &S, candidates: &[Met], most: usize) -> Vec<u32> {
    let mut kept: Vec<u32> = Vec::with_capacity(most);
    // The last that was kept, and how many there are that were the same as the one before.
    let (mut last, mut same) = (None::<Met>, 0);
    for candidate in candidates {
        if kept.len() == most {
            break;
        }
        if space.any_nearer(candidate.slot, &kept, candidate.distance) {
            continue;
        }
        // The same values come at the same distance, one after the other.
        let is_same = last.is_some_and(|last| {
            last.distance == candidate.distance && space.is_same(last.slot, candidate.slot)
        });
        if is_same && same >= most - most / 4 {
            continue;
        }
        same += usize::from(is_same);
        kept.push(candidate.slot);
        last = Some(*candidate);
    }
    kept
}
