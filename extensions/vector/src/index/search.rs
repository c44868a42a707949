//! Searches of an index.

use super::{Index, SCAN_SLOTS};
use crate::exact::Gathered;
use crate::graph::{Met, Resumable};
use crate::hits::Hit;
use crate::slots::Timestamp;
use crate::space::{Listed, Space};
use std::collections::HashSet;

/// What to look for.
#[derive(Clone, Copy)]
pub struct Search<'f> {
    /// Results at most.
    pub k: usize,
    /// How many candidates a walk keeps; at least `k` are kept.
    pub ef: usize,
    /// The snapshot.
    pub at: Timestamp,
    /// Which slots match, beside being visible; none for all of them.
    pub filter: Option<&'f (dyn Fn(u32) -> bool + Sync)>,
    /// The matching slots, where they are few enough to be compared one by one.
    pub listed: Option<Listed<'f>>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The nearest first.
    pub hits: Vec<Hit>,
    /// Whether everything that matches was compared.
    pub is_exact: bool,
    /// Walk distances that were computed.
    pub evaluations: u64,
}

impl<S: Space> Index<S> {
    /// The `k` nearest that match and are visible, nearest first. Fewer only where there
    /// are fewer.
    pub fn search(&self, query: &S::Query, search: &Search<'_>) -> Found {
        let _reading = self.slots.reading();
        let matches = |slot: u32| self.matches(slot, search);
        if let Some(listed) = search.listed {
            return self.compare(query, search, listed);
        }
        if self.graph.linked() <= SCAN_SLOTS {
            return self.compare_all(query, search);
        }
        let ef = search.ef.max(search.k);
        let (mut found, evaluations) = self.walk(query, search, ef);
        let is_short = |found: &[Met]| found.len() < search.k.min(self.graph.linked() as usize);
        let mut evaluations = evaluations;
        if is_short(&found) {
            let accept = |slot: u32| matches(slot);
            let mut walk = self.with_scratch(|scratch| {
                Resumable::new(&self.graph, &self.space, query, scratch, &accept)
            });
            let met = walk.next(&self.graph, &self.space, query, ef, usize::MAX, &accept);
            evaluations += walk.evaluations;
            found = met;
        }
        let hits = self.rank(query, search, &found);
        if hits.len() < search.k {
            // The graph may not lead everywhere; what there is, is returned.
            return Found { evaluations, ..self.compare_all(query, search) };
        }
        Found { hits, is_exact: false, evaluations }
    }

    /// A walk without regard to what matches; what it found and matches.
    fn walk(&self, query: &S::Query, search: &Search<'_>, ef: usize) -> (Vec<Met>, u64) {
        if search.filter.is_some() {
            return (Vec::new(), 0);
        }
        self.with_scratch(|scratch| {
            let slots = self.slots.reserved();
            let met = self.graph.nearest(&self.space, query, ef, slots, scratch);
            let is_visible = |met: &&Met| self.slots.visible(met.slot, search.at);
            let found = met.iter().filter(is_visible).copied().collect();
            (found, scratch.evaluations)
        })
    }

    /// The `k` nearest of what a walk found, with the fresh slots, exactly.
    fn rank(&self, query: &S::Query, search: &Search<'_>, found: &[Met]) -> Vec<Hit> {
        let mut fresh = self.unlinked();
        let is_met = |slot: u32| found.iter().any(|met| met.slot == slot);
        fresh.retain(|slot| self.matches(*slot, search) && !is_met(*slot));
        let mut hits = self.space.nearest_met(query, search.k, found);
        if !fresh.is_empty() {
            hits.extend(self.space.nearest(query, search.k, &fresh));
        }
        hits.sort_unstable();
        hits.truncate(search.k);
        hits
    }

    /// Compares every slot that there is.
    fn compare_all(&self, query: &S::Query, search: &Search<'_>) -> Found {
        let all: Vec<u32> = (0..self.slots.reserved()).collect();
        self.compare(query, search, all.as_slice().into())
    }

    fn compare(&self, query: &S::Query, search: &Search<'_>, listed: Listed<'_>) -> Found {
        // Together first: what is compared is read ahead.
        let mut places = self.slots.visible_of(listed.slots, search.at);
        if let Some(filter) = search.filter {
            places.retain(|place| filter(listed.slots[*place as usize]));
        }
        let hits = self.space.nearest_listed(query, search.k, listed, &places);
        Found { hits, is_exact: true, evaluations: 0 }
    }

    /// See [`Listed`].
    pub fn gather(&self, slots: &[u32]) -> Option<Gathered> {
        let _reading = self.slots.reading();
        self.space.gather(slots, &|slot| self.slots.is_published(slot))
    }

    fn matches(&self, slot: u32, search: &Search<'_>) -> bool {
        self.slots.visible(slot, search.at) && search.filter.is_none_or(|filter| filter(slot))
    }

    /// Begins a search whose results are asked for in batches, for as long as somebody
    /// asks: see [`Scan`].
    pub fn scan(&self, query: S::Query, at: Timestamp) -> Scan<S> {
        let _reading = self.slots.reading();
        let nothing = |_: u32| false;
        let walk = self.with_scratch(|scratch| {
            Resumable::new(&self.graph, &self.space, &query, scratch, &nothing)
        });
        Scan { query, at, walk, fresh: None, returned: HashSet::new(), is_over: false }
    }
}

/// Results in batches: each nearest first, and on the whole nearest first, but for what
/// the walk met late (pgvector's `relaxed_order`). Every slot that the snapshot sees and
/// the filter accepts is returned once, those at last that the walk did not find.
///
/// It holds nothing between the batches, so repairs go on. What it sees stays, because
/// the caller holds its snapshot: a slot that is freed was invisible to it before, and
/// whatever is put there later is, too. A walk that loses its way by it is made good at
/// the end.
pub struct Scan<S: Space> {
    query: S::Query,
    at: Timestamp,
    walk: Resumable,
    /// Fresh slots not returned yet, nearest first; not looked for yet.
    fresh: Option<Vec<Hit>>,
    returned: HashSet<u32>,
    is_over: bool,
}

impl<S: Space> Scan<S> {
    /// The next results: about `ef`; none at the end, or once `slots_max` slots were met.
    /// The filter is the same every time.
    pub fn next_batch(
        &mut self,
        index: &Index<S>,
        ef: usize,
        slots_max: usize,
        filter: Option<&(dyn Fn(u32) -> bool + Sync)>,
    ) -> Vec<Hit> {
        let _reading = index.slots.reading();
        let at = self.at;
        let accept =
            |slot: u32| index.slots.visible(slot, at) && filter.is_none_or(|filter| filter(slot));
        if self.fresh.is_none() {
            let mut fresh = index.unlinked();
            fresh.retain(|slot| accept(*slot));
            let count = fresh.len();
            self.fresh = Some(index.space.nearest(&self.query, count, &fresh));
            self.walk.accept_again(&accept);
        }
        let hits = self.walked(index, ef, slots_max, &accept);
        let is_limited = self.walk.met() >= slots_max;
        if !hits.is_empty() || self.is_over || is_limited {
            return hits;
        }
        self.is_over = true;
        let left = (0..index.slots.reserved())
            .filter(|slot| accept(*slot) && !self.returned.contains(slot));
        let left: Vec<u32> = left.collect();
        let hits = index.space.nearest(&self.query, left.len(), &left);
        self.returned.extend(hits.iter().map(|hit| hit.slot));
        hits
    }

    /// What the walk finds next, with the fresh slots that are nearer.
    fn walked(
        &mut self,
        index: &Index<S>,
        ef: usize,
        slots_max: usize,
        accept: &dyn Fn(u32) -> bool,
    ) -> Vec<Hit> {
        let fresh = self.fresh.get_or_insert_default();
        loop {
            let met =
                self.walk.next(&index.graph, &index.space, &self.query, ef, slots_max, accept);
            let is_last = met.len() < ef;
            let exact = |slot: u32| Hit { slot, distance: index.space.exact(&self.query, slot) };
            let mut hits: Vec<Hit> = met.into_iter().map(|met| exact(met.slot)).collect();
            hits.sort_unstable();
            // Fresh ones in their place; what is left of them after the last batch.
            let until = match hits.last() {
                Some(last) if !is_last => fresh.partition_point(|hit| hit <= last),
                _ => fresh.len(),
            };
            hits.extend(fresh.drain(..until));
            hits.sort_unstable();
            hits.retain(|hit| self.returned.insert(hit.slot));
            if !hits.is_empty() || is_last {
                return hits;
            }
        }
    }

    /// Does not return these, which were.
    pub fn skip(&mut self, slots: impl IntoIterator<Item = u32>) {
        self.returned.extend(slots);
    }

    /// Slots that the walk has met.
    pub fn met(&self) -> usize {
        self.walk.met()
    }

    /// Distances that the walk has computed.
    pub fn evaluations(&self) -> u64 {
        self.walk.evaluations
    }
}
