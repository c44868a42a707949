//! Which rows pass a condition, remembered as slots of a graph.
//!
//! A search with a condition that another index cannot answer meets rows that do not pass,
//! the more of them the rarer those are that do. Once searches with a [`Condition`] have
//! cost about as much as a scan of the table, the slots of all rows that pass are kept: the
//! next searches compare those alone, or walk and take no others.
//!
//! ```text
//! searches ── cost ──► due: a scan ──► Set: the slots of the rows that passed at an instant
//! commits  ── rows ──► log                        │
//! a search at another instant:  the set, but for the rows of the log between the two,
//!                               which are read and asked one by one
//! ```
//!
//! A set is never wrong: which rows changed between its instant and a snapshot's is known
//! from the log, and a log that does not reach so far makes the set useless. What becomes
//! long is merged into a newer set.
//!
//! A condition may call immutable functions only; who makes one sees to that.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use zserver_vector::exact::Gathered;
use zserver_vector::space::Listed;

use super::cache::Cache;
use super::graph::Graph;
use super::registry::Registry;
use super::search::LISTED_MAX;
use crate::error::Result;
use crate::txn::{ChangedRows, Overlay};

/// Changed rows that a log keeps; older sets are of no use.
const LOGGED_MAX: usize = 1 << 16;
/// Sets of one table, and their bytes.
const SETS_MAX: usize = 64;
const SETS_BYTES_MAX: usize = 64 << 20;
/// Changed rows of which each is asked; more make a set useless.
const CHANGED_MAX: usize = 4_096;
/// Changed rows from which on they are merged, beside one in so many of the set's.
const MERGED_MIN: usize = 64;
const MERGED_DIVISOR: usize = 2_048;
/// Slots that a walk meets for one that passes, where that is soon.
const MET_PER_ROW_MAX: usize = 16;
/// Rows whose slots are looked up before commits go on.
const ROWS_PER_LOCK: usize = 1_000;
/// Bytes that identify a condition at most; a longer one is not remembered.
const CONDITION_BYTES_MAX: usize = 4_096;

type SharedGraph = Arc<Box<dyn Graph>>;

/// What identifies a condition over a table's rows: what it says, and with which values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition(Arc<str>);

impl Condition {
    /// None for what is too long to be remembered.
    pub fn new(text: String) -> Option<Condition> {
        (text.len() <= CONDITION_BYTES_MAX).then(|| Condition(text.into()))
    }
}

/// Where a condition is asked.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Storages of the table and of the index.
    pub table: u32,
    pub index: u32,
    pub condition: &'a Condition,
    pub overlay: &'a Overlay,
}

/// Whether the row with a rid passes, as the overlay sees it.
pub type Passes<'a> = &'a dyn Fn(u64) -> Result<bool>;

/// The slots of the rows that passed at an instant.
struct Set {
    graph: Weak<Box<dyn Graph>>,
    /// Ascending.
    slots: Vec<u32>,
    bits: Vec<u64>,
    /// The codes of few slots, which are compared one by one.
    gathered: Option<Gathered>,
    /// Rows that passed and have no place in the index, ascending.
    unplaced: Vec<u64>,
    at: u64,
    /// Slots are those of the newest values that were told up to this instant.
    mapped_at: u64,
}

impl Set {
    fn new(graph: &SharedGraph, mut slots: Vec<u32>, unplaced: Vec<u64>, at: (u64, u64)) -> Set {
        slots.sort_unstable();
        let words = slots.last().map_or(0, |last| *last as usize / 64 + 1);
        let mut bits = vec![0u64; words];
        for slot in &slots {
            bits[*slot as usize / 64] |= 1 << (slot % 64);
        }
        let is_listed = slots.len() <= LISTED_MAX;
        let gathered = is_listed.then(|| graph.gather(&slots)).flatten();
        let (at, mapped_at) = at;
        Set { graph: Arc::downgrade(graph), slots, bits, gathered, unplaced, at, mapped_at }
    }

    fn bytes(&self) -> usize {
        let gathered = self.gathered.as_ref().map_or(0, Gathered::bytes);
        4 * self.slots.len() + 8 * (self.bits.len() + self.unplaced.len()) + gathered
    }
}

/// What is remembered of the rows that pass, before those that have changed are asked.
pub struct Recalled {
    cache: Arc<Cache>,
    graph: SharedGraph,
    matching: Arc<Matching>,
    set: Arc<Set>,
    /// Rows that the set may be wrong about, ascending.
    changed: Vec<u64>,
    /// Whether some of them are the transaction's own.
    is_own: bool,
}

impl Recalled {
    /// Whether few rows are to be asked, and none merged.
    pub fn is_quick(&self) -> bool {
        self.changed.len() < MERGED_MIN
    }
}

/// What is known of the rows that pass at a snapshot.
#[derive(Clone)]
pub struct Known {
    pub(super) cache: Arc<Cache>,
    pub(super) graph: SharedGraph,
    set: Arc<Set>,
    /// Rows that the set may be wrong about, ascending.
    changed: Vec<u64>,
    /// Those of them that pass.
    pub(super) also: Arc<Vec<u64>>,
}

impl Known {
    /// Whether a slot of the graph passes, as far as the set is right about it.
    #[inline]
    pub(super) fn has(&self, slot: u32) -> bool {
        let word = self.set.bits.get(slot as usize / 64).copied().unwrap_or(0);
        word >> (slot % 64) & 1 == 1 && !self.is_changed(slot)
    }

    /// Whether the set may be wrong about some.
    pub(super) fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    #[inline]
    pub(super) fn is_changed(&self, slot: u32) -> bool {
        !self.changed.is_empty() && self.changed.binary_search(&self.graph.rid(slot)).is_ok()
    }

    /// The slots of the set: those of changed rows among them.
    pub(super) fn slots(&self) -> &[u32] {
        &self.set.slots
    }

    /// The same, to be compared one by one.
    pub(super) fn listed(&self) -> Listed<'_> {
        Listed { slots: &self.set.slots, gathered: self.set.gathered.as_ref() }
    }

    /// Whether a search among them is short, however it is done: few are compared one by
    /// one, and a walk meets one of many soon.
    pub fn is_quick(&self) -> bool {
        let rows = self.set.slots.len();
        rows <= LISTED_MAX || self.reach() / rows <= MET_PER_ROW_MAX
    }

    /// Slots of the graph, up to the last that passes.
    pub(super) fn reach(&self) -> usize {
        64 * self.set.bits.len()
    }

    /// How many rows pass, about.
    pub fn rows(&self) -> usize {
        self.set.slots.len() + self.also.len()
    }

    /// Rows that pass and may have no place in the index.
    pub fn unplaced(&self) -> impl Iterator<Item = u64> + '_ {
        let is_right = |rid: &u64| self.changed.binary_search(rid).is_err();
        self.set.unplaced.iter().copied().filter(is_right).chain(self.also.iter().copied())
    }

    /// All that pass, by rid, ascending.
    pub(super) fn rids(&self) -> Arc<Vec<u64>> {
        let placed = self.set.slots.iter().filter(|slot| !self.is_changed(**slot));
        let placed = placed.map(|slot| self.graph.rid(*slot));
        let mut rids: Vec<u64> = placed.chain(self.unplaced()).collect();
        rids.sort_unstable();
        rids.dedup();
        Arc::new(rids)
    }
}

/// What is remembered of one table.
pub(super) struct Matching(Mutex<State>);

struct State {
    /// Rows that commits after `floor` have changed, the oldest first.
    log: VecDeque<(u64, u64)>,
    /// None before commits are told.
    floor: Option<u64>,
    /// The newest commit that was told.
    told: u64,
    remembered: HashMap<(u32, Condition), Remembered>,
    /// Counts uses.
    clock: u64,
}

#[derive(Default)]
struct Remembered {
    /// What searches without a set have cost, in rows.
    cost: usize,
    set: Option<Arc<Set>>,
    used: u64,
}

impl Default for Matching {
    fn default() -> Matching {
        let (log, remembered) = Default::default();
        Matching(Mutex::new(State { log, floor: None, told: 0, remembered, clock: 0 }))
    }
}

impl Matching {
    /// All commits after this one are told.
    pub(super) fn begin(&self, commit_ts: u64) {
        let mut state = self.0.lock();
        if state.floor.is_none() {
            state.floor = Some(commit_ts);
            state.told = state.told.max(commit_ts);
        }
    }

    /// A commit has changed rows.
    pub(super) fn changed(&self, commit_ts: u64, rows: ChangedRows<'_>) {
        let mut state = self.0.lock();
        state.told = commit_ts;
        for rid in rows {
            match rid {
                Ok(rid) => state.log.push_back((commit_ts, rid)),
                Err(_) => return state.lose(commit_ts),
            }
            if state.log.len() > LOGGED_MAX
                && let Some((dropped, _)) = state.log.pop_front()
            {
                state.floor = state.floor.map(|floor| floor.max(dropped));
            }
        }
    }

    /// A commit has changed rows, nobody knows which.
    pub(super) fn loaded(&self, commit_ts: u64) {
        self.0.lock().lose(commit_ts);
    }
}

impl State {
    fn lose(&mut self, commit_ts: u64) {
        self.log.clear();
        self.told = commit_ts;
        self.floor = self.floor.map(|_| commit_ts);
        self.remembered.clear();
    }

    /// The rows that changed between instants, ascending; none if that is not known.
    fn changed_between(&self, from: u64, to: u64) -> Option<Vec<u64>> {
        if self.floor.is_none_or(|floor| floor > from) {
            return None;
        }
        let first = self.log.partition_point(|(commit_ts, _)| *commit_ts <= from);
        let rows = self.log.range(first..).take_while(|(commit_ts, _)| *commit_ts <= to);
        let mut rids: Vec<u64> = rows.map(|(_, rid)| *rid).take(CHANGED_MAX + 1).collect();
        if rids.len() > CHANGED_MAX {
            return None;
        }
        rids.sort_unstable();
        rids.dedup();
        Some(rids)
    }

    fn keep(&mut self, index: u32, condition: &Condition, set: Arc<Set>) {
        self.clock += 1;
        let used = self.clock;
        let kept = Remembered { cost: 0, set: Some(set), used };
        self.remembered.insert((index, condition.clone()), kept);
        let bytes = |kept: &Remembered| kept.set.as_ref().map_or(0, |set| set.bytes());
        let mut all: usize = self.remembered.values().map(bytes).sum();
        while all > SETS_BYTES_MAX || self.remembered.len() > SETS_MAX {
            let oldest = self.remembered.iter().min_by_key(|(_, kept)| kept.used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { break };
            all -= self.remembered.remove(&key).map_or(0, |kept| bytes(&kept));
        }
    }
}

impl Asked<'_> {
    fn matching(&self) -> Option<(Arc<Cache>, SharedGraph, Arc<Matching>)> {
        let published = self.overlay.published();
        let registry = Registry::of(published)?;
        let cache = registry.cache(self.index)?;
        let graph = cache.answering(published.commit_ts)?;
        Some((cache, graph, registry.matching(self.table)?))
    }

    fn at(&self) -> u64 {
        self.overlay.published().commit_ts
    }

    /// What is remembered of the rows that pass, and which of them have changed; none where
    /// nothing is.
    pub fn recall(&self) -> Result<Option<Recalled>> {
        let Some((cache, graph, matching)) = self.matching() else { return Ok(None) };
        let at = self.at();
        let found = {
            let mut state = matching.0.lock();
            state.clock += 1;
            let clock = state.clock;
            let key = (self.index, self.condition.clone());
            let Some(kept) = state.remembered.get_mut(&key) else { return Ok(None) };
            kept.used = clock;
            let Some(set) = kept.set.clone() else { return Ok(None) };
            let is_of = set.graph.upgrade().is_some_and(|of| Arc::ptr_eq(&of, &graph));
            let between = (set.at.min(at), set.mapped_at.max(at));
            let changed = is_of.then(|| state.changed_between(between.0, between.1)).flatten();
            if changed.is_none() && at >= set.at {
                state.remembered.remove(&key);
            }
            changed.map(|changed| (set, changed))
        };
        let Some((set, mut changed)) = found else { return Ok(None) };
        let Some(own) = self.overlay.own_rows(self.table) else { return Ok(None) };
        let shared = changed.len();
        for rid in own {
            changed.push(rid?);
            if changed.len() > 2 * CHANGED_MAX {
                return Ok(None);
            }
        }
        let is_own = changed.len() > shared;
        if is_own {
            changed.sort_unstable();
            changed.dedup();
        }
        Ok(Some(Recalled { cache, graph, matching, set, changed, is_own }))
    }

    /// What is known of the rows that pass, those that have changed asked one by one.
    pub fn known(&self, recalled: Recalled, passes: Passes<'_>) -> Result<Known> {
        let Recalled { cache, graph, matching, set, changed, is_own } = recalled;
        let at = self.at();
        let mut also = Vec::new();
        for rid in &changed {
            if passes(*rid)? {
                also.push(*rid);
            }
        }
        let known = Known { cache, graph, set, changed, also: Arc::new(also) };
        let is_long = known.changed.len() >= MERGED_MIN + known.set.slots.len() / MERGED_DIVISOR;
        if is_long
            && !is_own
            && at >= known.set.at
            && let Some(merged) = self.merged(&known, &matching)
        {
            let (changed, also) = Default::default();
            // Commits may have been told since: those are asked for the next time.
            if merged.mapped_at == at {
                return Ok(Known { set: merged, changed, also, ..known });
            }
        }
        Ok(known)
    }

    /// A set at the present instant, and keeps it.
    fn merged(&self, known: &Known, matching: &Matching) -> Option<Arc<Set>> {
        let right = known.set.slots.iter().copied().filter(|slot| !known.is_changed(*slot));
        let mut slots: Vec<u32> = right.collect();
        let is_right = |rid: &u64| known.changed.binary_search(rid).is_err();
        let mut unplaced: Vec<u64> = known.set.unplaced.iter().copied().filter(is_right).collect();
        self.place(&known.cache, &known.also, (&mut slots, &mut unplaced))?;
        unplaced.sort_unstable();
        self.keep(matching, &known.graph, slots, unplaced)
    }

    /// Looks up the slots of rows; none if that would wait for long.
    fn place(
        &self,
        cache: &Cache,
        rids: &[u64],
        (slots, unplaced): (&mut Vec<u32>, &mut Vec<u64>),
    ) -> Option<()> {
        for some in rids.chunks(ROWS_PER_LOCK) {
            let feeder = cache.idle_feeder()?;
            for rid in some {
                match feeder.slot(*rid) {
                    Some(slot) => slots.push(slot),
                    None => unplaced.push(*rid),
                }
            }
        }
        Some(())
    }

    fn keep(
        &self,
        matching: &Matching,
        graph: &SharedGraph,
        slots: Vec<u32>,
        unplaced: Vec<u64>,
    ) -> Option<Arc<Set>> {
        let mut state = matching.0.lock();
        // Whatever changed slots so far was told before.
        let at = (self.at(), state.told.max(self.at()));
        if state.floor.is_none_or(|floor| floor > at.0) {
            return None;
        }
        let set = Arc::new(Set::new(graph, slots, unplaced, at));
        if set.bytes() > SETS_BYTES_MAX {
            return None;
        }
        state.keep(self.index, self.condition, Arc::clone(&set));
        Some(set)
    }

    /// Whether what the overlay sees is what others see, too.
    pub fn may_remember(&self) -> bool {
        self.overlay.own_rows(self.table).is_some_and(|mut own| own.next().is_none())
    }

    /// Whether a search that has cost so many rows makes it worth while to look at all
    /// `rows` of the table and to [`remember`](Asked::remember) those that pass.
    pub fn is_due(&self, cost: usize, rows: usize) -> bool {
        let Some((_, _, matching)) = self.matching().filter(|_| self.may_remember()) else {
            return false;
        };
        let mut state = matching.0.lock();
        if state.floor.is_none_or(|floor| floor > self.at()) {
            return false;
        }
        if state.remembered.len() >= 2 * SETS_MAX {
            state.remembered.retain(|_, kept| kept.set.is_some());
        }
        state.clock += 1;
        let used = state.clock;
        let key = (self.index, self.condition.clone());
        let kept = state.remembered.entry(key).or_default();
        kept.used = used;
        kept.cost = kept.cost.saturating_add(cost);
        kept.cost >= rows
    }

    /// Remembers all rows that pass; false if that cannot be now: then it is not due soon.
    pub fn remember(&self, rids: &[u64]) -> bool {
        let Some((cache, graph, matching)) = self.matching() else { return false };
        let (mut slots, mut unplaced) = (Vec::with_capacity(rids.len()), Vec::new());
        let kept = self
            .place(&cache, rids, (&mut slots, &mut unplaced))
            .and_then(|()| self.keep(&matching, &graph, slots, unplaced));
        if kept.is_none() {
            let key = (self.index, self.condition.clone());
            if let Some(other) = matching.0.lock().remembered.get_mut(&key) {
                other.cost = 0;
            }
        }
        kept.is_some()
    }
}
