//! Walks: from the entry down to layer 0, and there to the `ef` nearest.

use super::Graph;
use crate::space::Space;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

/// A slot met by a walk, by its walk distance. NaN is after every number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Met {
    pub distance: f32,
    pub slot: u32,
}

impl Eq for Met {}

impl Ord for Met {
    fn cmp(&self, other: &Met) -> std::cmp::Ordering {
        self.distance.total_cmp(&other.distance).then(self.slot.cmp(&other.slot))
    }
}

impl PartialOrd for Met {
    fn partial_cmp(&self, other: &Met) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What walks need and reuse: a search allocates nothing after the first.
#[derive(Default)]
pub(crate) struct Scratch {
    visited: Vec<u64>,
    /// Words of `visited` that are not zero.
    touched: Vec<u32>,
    /// The best so far, nearest first; the top bit of a slot says that it was expanded.
    pool: Vec<Met>,
    slots: Vec<u32>,
    distances: Vec<f32>,
    /// Distances that were computed.
    pub(crate) evaluations: u64,
}

const EXPANDED: u32 = 1 << 31;
/// A pool up to here is counted through, a longer one halved.
const COUNTED_MAX: usize = 128;

impl Scratch {
    fn begin(&mut self, slots: u32) {
        for word in self.touched.drain(..) {
            self.visited[word as usize] = 0;
        }
        let words = slots as usize / 64 + 1;
        if self.visited.len() < words {
            self.visited.resize(words, 0);
        }
        self.pool.clear();
    }

    /// Whether the walk has not been at `slot` before. A slot made after the walk began
    /// may be beyond the bits.
    #[inline(always)]
    fn visit(&mut self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / 64, 1u64 << (slot % 64));
        if word >= self.visited.len() {
            self.visited.resize(word + 1, 0);
        }
        let seen = self.visited[word];
        if seen == 0 {
            self.touched.push(word as u32);
        }
        self.visited[word] = seen | bit;
        seen & bit == 0
    }

    /// Puts a slot into the pool of at most `ef`; where, if it got in.
    #[inline(always)]
    fn offer(&mut self, met: Met, ef: usize) -> Option<usize> {
        if self.pool.len() >= ef {
            let is_nearer = met.distance < self.pool[ef - 1].distance;
            if !is_nearer {
                return None;
            }
            self.pool.truncate(ef - 1);
        }
        let at = self.place_of(met.distance);
        self.pool.insert(at, met);
        Some(at)
    }

    /// How many of the pool come before what is so far away. Of few all are looked at:
    /// that has no branch to be foretold.
    #[inline(always)]
    fn place_of(&self, distance: f32) -> usize {
        let is_before = |other: &Met| other.distance <= distance;
        if self.pool.len() > COUNTED_MAX {
            return self.pool.partition_point(is_before);
        }
        self.pool.iter().map(|other| u32::from(is_before(other))).sum::<u32>() as usize
    }
}

impl Graph {
    /// The `ef` nearest to `query`, nearest first, as far as a walk finds them. The slots
    /// reserved so far are below `slots`.
    pub(crate) fn nearest<'s, S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        ef: usize,
        slots: u32,
        scratch: &'s mut Scratch,
    ) -> &'s [Met] {
        scratch.evaluations = 0;
        let Some(start) = self.descend(space, query, 0, scratch) else {
            scratch.begin(slots);
            return &scratch.pool;
        };
        self.walk(space, query, &[start], ef, 0, slots, scratch)
    }

    /// The nearest that a greedy descent to the layer above `level` finds.
    pub(super) fn descend<S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        level: u32,
        scratch: &mut Scratch,
    ) -> Option<Met> {
        let (slot, top) = self.entry()?;
        let mut best = Met { distance: 0.0, slot };
        space.distances(query, &[slot], std::slice::from_mut(&mut best.distance));
        for level in (level + 1..=top).rev() {
            while let Some(nearer) = self.step(space, query, best, level, scratch) {
                best = nearer;
            }
        }
        Some(best)
    }

    /// The nearest neighbour of a slot, where it is nearer than the slot.
    fn step<S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        best: Met,
        level: u32,
        scratch: &mut Scratch,
    ) -> Option<Met> {
        scratch.slots.clear();
        self.neighbours(best.slot, level, &mut scratch.slots);
        scratch.distances.resize(scratch.slots.len(), 0.0);
        space.distances(query, &scratch.slots, &mut scratch.distances);
        scratch.evaluations += scratch.slots.len() as u64;
        let met = scratch.slots.iter().zip(&scratch.distances);
        let nearest = met.map(|(slot, distance)| Met { distance: *distance, slot: *slot }).min()?;
        (nearest.distance < best.distance).then_some(nearest)
    }

    /// The `ef` nearest in one layer.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn walk<'s, S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        starts: &[Met],
        ef: usize,
        level: u32,
        slots: u32,
        scratch: &'s mut Scratch,
    ) -> &'s [Met] {
        scratch.begin(slots);
        for start in starts {
            if scratch.visit(start.slot) {
                scratch.offer(*start, ef);
            }
        }
        let mut at = 0;
        while at < scratch.pool.len() {
            let slot = scratch.pool[at].slot;
            if slot & EXPANDED != 0 {
                at += 1;
                continue;
            }
            scratch.pool[at].slot |= EXPANDED;
            // Most often the next to be expanded, while this one's distances are made.
            if let Some(next) = scratch.pool.get(at + 1) {
                self.prefetch_list(next.slot & !EXPANDED, level);
            }
            self.evaluate(space, query, slot, level, scratch);
            let mut least = at + 1;
            for met in 0..scratch.slots.len() {
                let met = Met { distance: scratch.distances[met], slot: scratch.slots[met] };
                if let Some(place) = scratch.offer(met, ef)
                    && place < least
                {
                    least = place;
                    self.prefetch_list(met.slot, level);
                }
            }
            at = least;
        }
        scratch.pool.iter_mut().for_each(|met| met.slot &= !EXPANDED);
        &scratch.pool
    }

    /// The neighbours of a slot where the walk has not been, and their distances.
    #[inline(always)]
    fn evaluate<S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        slot: u32,
        level: u32,
        scratch: &mut Scratch,
    ) {
        let mut slots = std::mem::take(&mut scratch.slots);
        slots.clear();
        self.neighbours(slot, level, &mut slots);
        // In place, without a branch: half of them are new, in no order.
        let mut new = 0;
        for at in 0..slots.len() {
            let slot = slots[at];
            slots[new] = slot;
            new += usize::from(scratch.visit(slot));
        }
        slots.truncate(new);
        scratch.distances.resize(slots.len(), 0.0);
        space.distances(query, &slots, &mut scratch.distances);
        scratch.evaluations += slots.len() as u64;
        scratch.slots = slots;
    }
}

/// A walk of layer 0 that goes on where it stopped, and returns only what is accepted.
///
/// It goes through every slot, accepted or not, so that it does not lose its way however
/// few are. Nothing that it met is forgotten: each batch is the best of what the earlier
/// ones left and of what lies further out.
pub(crate) struct Resumable {
    visited: HashSet<u32>,
    /// Met and not expanded.
    frontier: BinaryHeap<Reverse<Met>>,
    /// Accepted and not returned.
    left: BinaryHeap<Reverse<Met>>,
    pub(crate) evaluations: u64,
}

impl Resumable {
    pub(crate) fn new<S: Space>(
        graph: &Graph,
        space: &S,
        query: &S::Query,
        scratch: &mut Scratch,
        accept: &dyn Fn(u32) -> bool,
    ) -> Resumable {
        scratch.evaluations = 0;
        let start = graph.descend(space, query, 0, scratch);
        let mut walk = Resumable {
            visited: HashSet::new(),
            frontier: BinaryHeap::new(),
            left: BinaryHeap::new(),
            evaluations: scratch.evaluations,
        };
        if let Some(start) = start {
            walk.meet(start, accept);
        }
        walk
    }

    fn meet(&mut self, met: Met, accept: &dyn Fn(u32) -> bool) {
        self.visited.insert(met.slot);
        self.frontier.push(Reverse(met));
        if accept(met.slot) {
            self.left.push(Reverse(met));
        }
    }

    /// The next at most `ef`, nearest first; fewer only where the walk has been everywhere
    /// or has met `slots_max` slots.
    pub(crate) fn next<S: Space>(
        &mut self,
        graph: &Graph,
        space: &S,
        query: &S::Query,
        ef: usize,
        slots_max: usize,
        accept: &dyn Fn(u32) -> bool,
    ) -> Vec<Met> {
        let mut best: BinaryHeap<Met> = BinaryHeap::new();
        let (mut slots, mut distances) = (Vec::new(), Vec::new());
        loop {
            // What was met and belongs to the best `ef`.
            while let Some(Reverse(met)) = self.left.peek().copied() {
                match best.peek() {
                    Some(worst) if best.len() >= ef && *worst <= met => break,
                    _ => drop(self.left.pop()),
                }
                best.push(met);
                if best.len() > ef {
                    self.left.extend(best.pop().map(Reverse));
                }
            }
            let Some(Reverse(next)) = self.frontier.peek().copied() else { break };
            let full = best.len() >= ef && best.peek().is_some_and(|worst| *worst < next);
            if full || self.visited.len() >= slots_max {
                break;
            }
            self.frontier.pop();
            slots.clear();
            graph.neighbours(next.slot, 0, &mut slots);
            slots.retain(|slot| !self.visited.contains(slot));
            distances.resize(slots.len(), 0.0);
            space.distances(query, &slots, &mut distances);
            self.evaluations += slots.len() as u64;
            for (slot, distance) in slots.iter().zip(&distances) {
                self.meet(Met { distance: *distance, slot: *slot }, accept);
            }
        }
        best.into_sorted_vec()
    }

    pub(crate) fn met(&self) -> usize {
        self.visited.len()
    }

    /// Judges anew what was met before it was known what is accepted.
    pub(crate) fn accept_again(&mut self, accept: &dyn Fn(u32) -> bool) {
        let met = self.frontier.iter().filter(|Reverse(met)| accept(met.slot));
        self.left = met.copied().collect();
    }
}
