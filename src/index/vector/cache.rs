//! One index's graph in memory: how it is fed, and which snapshots it can answer.
//!
//! A graph is derived from entries and never more than a cache of them:
//!
//! ```text
//!            commits, told one by one ─┐
//!   entries ──── read at an instant ───┴──► graph ──► answers snapshots from `floor`
//!   (Indexes)                                          up to `ceiling`
//! ```
//!
//! | phase | a commit that is told | searches |
//! |---|---|---|
//! | loading | is queued | read entries, but for snapshots that the graph answered before |
//! | building | is queued | read entries: the index is not committed yet |
//! | ready | changes the graph at once | use the graph |
//! | failed | is ignored | read entries |
//!
//! Loading reads the entries at an instant while commits are queued, and then does those
//! that are later. The same puts a graph right that has missed something: a bulk load,
//! which is not told entry by entry. Slots that were saved come back with their links
//! where their row has the same value still.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::{Mutex, MutexGuard};
use xxhash_rust::xxh3::xxh3_64;

use super::graph::{Graph, Spec};
use super::pages::Saved;
use super::point::stored;
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::storage::{Value, key};
use crate::txn::ChangedEntries;

/// Bytes of queued changes beyond which a load starts over.
const QUEUED_BYTES_MAX: usize = 256 << 20;
/// How long who can do without it waits for what changes a graph.
const FEEDER_WAIT: Duration = Duration::from_millis(10);
/// Queued changes that are few enough to be done while commits wait.
const LAST_CHANGES: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Loading,
    Building,
    Ready,
    Failed,
}

/// A change that was told: the row, and its entry's new value.
struct Told {
    commit_ts: u64,
    rid: u64,
    value: Option<Value>,
}

struct State {
    phase: Phase,
    queued: VecDeque<Told>,
    queued_bytes: usize,
    /// A load has to read from an instant that is as new as this.
    read_from: u64,
    /// A queued change was lost.
    is_torn: bool,
}

/// What changes a graph; one at a time.
#[derive(Default)]
pub(super) struct Feeder {
    /// The slot of each row's newest value.
    by_rid: HashMap<u64, u32>,
    /// A hash of each slot's value.
    hashes: Vec<u64>,
}

/// The statement that builds an index.
#[derive(Clone, Copy, Debug)]
pub struct Building {
    pub pid: i32,
    /// OIDs of the database, the table and the index.
    pub database: Oid,
    pub table: Oid,
    pub index: Oid,
    /// In PostgreSQL's words.
    pub command: &'static str,
    pub entries: u64,
}

/// Bytes that all graphs may take together, and do.
pub struct Budget {
    max: AtomicU64,
    used: AtomicU64,
}

impl Budget {
    pub fn new(max: u64) -> Budget {
        Budget { max: AtomicU64::new(max), used: AtomicU64::new(0) }
    }

    pub fn set_max(&self, max: u64) {
        self.max.store(max, Ordering::Relaxed);
    }

    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.used.load(Ordering::Relaxed) + bytes <= self.max.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<()> {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let max = self.max.load(Ordering::Relaxed);
        if used <= max {
            return Ok(());
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        Err(Error::out_of_memory(format!(
            "Graphs of vector indexes take at most {max} bytes (vector_memory)."
        )))
    }
}

pub(super) struct Cache {
    pub(super) storage_id: u32,
    pub(super) spec: Spec,
    budget: Arc<Budget>,
    graph: ArcSwapOption<Box<dyn Graph>>,
    /// Snapshots from here on ...
    floor: AtomicU64,
    /// ... and before this are answered by the graph.
    ceiling: AtomicU64,
    state: Mutex<State>,
    feeder: Mutex<Feeder>,
    /// Of the budget.
    taken: AtomicU64,
    /// What it takes of the budget at least, once it was too little.
    pub(super) needed: AtomicU64,
    /// Slots that ended and are not repaired.
    pub(super) dead: AtomicU64,
    /// How its graph was made.
    made_as: Mutex<Spec>,
    /// Whether that is stored.
    pub(super) is_saved: AtomicBool,
    /// Changed since somebody looked.
    pub(super) is_stirred: AtomicBool,
    /// What searches found of a sample: the bits of a share; 0 before it was taken.
    recall: AtomicU64,
    /// Held by who repairs or saves.
    pub(super) tending: Mutex<()>,
    /// Who builds it.
    pub(super) building: Option<Building>,
    /// Why it failed, in the log's words.
    pub(super) failure: Mutex<Option<String>>,
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.taken.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Cache {
    pub(super) fn new(storage_id: u32, spec: Spec, phase: Phase, budget: Arc<Budget>) -> Cache {
        Cache {
            storage_id,
            spec,
            budget,
            graph: ArcSwapOption::empty(),
            floor: AtomicU64::new(u64::MAX),
            ceiling: AtomicU64::new(0),
            state: Mutex::new(State {
                phase,
                queued: VecDeque::new(),
                queued_bytes: 0,
                read_from: 0,
                is_torn: false,
            }),
            feeder: Mutex::default(),
            taken: AtomicU64::new(0),
            needed: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            made_as: Mutex::new(spec),
            is_saved: AtomicBool::new(false),
            is_stirred: AtomicBool::new(false),
            recall: AtomicU64::new(0),
            tending: Mutex::new(()),
            building: None,
            failure: Mutex::new(None),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// The graph, whatever it can answer.
    pub(super) fn graph(&self) -> Option<Arc<Box<dyn Graph>>> {
        self.graph.load_full()
    }

    /// The graph, if it answers a snapshot.
    pub(super) fn answering(&self, at: u64) -> Option<Arc<Box<dyn Graph>>> {
        let answers = || {
            self.floor.load(Ordering::Acquire) <= at && at < self.ceiling.load(Ordering::Acquire)
        };
        answers().then(|| self.graph()).flatten()
    }

    pub(super) fn feeder(&self) -> MutexGuard<'_, Feeder> {
        self.feeder.lock()
    }

    /// None while entries are read, which takes long.
    pub(super) fn idle_feeder(&self) -> Option<MutexGuard<'_, Feeder>> {
        match self.phase() {
            Phase::Ready => self.feeder.try_lock_for(FEEDER_WAIT),
            _ => None,
        }
    }

    /// A commit has changed entries; on the committer's thread.
    pub(super) fn changed(&self, commit_ts: u64, entries: ChangedEntries<'_>) {
        let mut state = self.state.lock();
        let mut feeder = (state.phase == Phase::Ready).then(|| self.feeder.lock());
        for entry in entries {
            let told = entry.map(|(entry_key, value)| {
                let rid = key::index_rid(&entry_key, value.as_deref().unwrap_or_default());
                rid.map(|rid| Told { commit_ts, rid, value })
            });
            let done = match (told, &mut feeder) {
                (Ok(Some(told)), Some(feeder)) => self.apply(feeder, &told),
                (Ok(Some(told)), None) => {
                    state.queue(told);
                    Ok(())
                }
                (Ok(None), _) => Err(super::point::damaged()),
                (Err(error), _) => Err(error),
            };
            if let Err(error) = done {
                tracing::warn!(%error, storage = self.storage_id, "a vector index is read anew");
                self.lose(&mut state, commit_ts);
                return;
            }
        }
        self.is_stirred.store(true, Ordering::Release);
    }

    /// A commit has made visible what it did not tell one by one.
    pub(super) fn loaded(&self, commit_ts: u64) {
        let mut state = self.state.lock();
        match state.phase {
            // The transaction that builds it tells of its own; others may come after it.
            Phase::Building => state.read_from = state.read_from.max(commit_ts),
            _ => self.lose(&mut state, commit_ts),
        }
    }

    /// From a commit on the graph is not complete.
    fn lose(&self, state: &mut State, commit_ts: u64) {
        self.ceiling.fetch_min(commit_ts, Ordering::AcqRel);
        state.read_from = state.read_from.max(commit_ts);
        match state.phase {
            Phase::Ready => state.phase = Phase::Loading,
            Phase::Loading => {}
            Phase::Building => state.is_torn = true,
            Phase::Failed => return,
        }
        self.is_stirred.store(true, Ordering::Release);
    }

    /// Does one change to the graph.
    fn apply(&self, feeder: &mut Feeder, told: &Told) -> Result<()> {
        match &told.value {
            Some(value) => {
                let hash = xxh3_64(stored(value)?);
                self.put(feeder, (told.rid, &value[..], hash), told.commit_ts, None)
            }
            None => {
                self.end(feeder, told.rid, told.commit_ts);
                Ok(())
            }
        }
    }

    fn end(&self, feeder: &mut Feeder, rid: u64, end: u64) {
        if let (Some(slot), Some(graph)) = (feeder.by_rid.remove(&rid), self.graph()) {
            graph.delete(slot, end);
            self.dead.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A row's value and its hash, from a commit on; in the slot where it was saved, if
    /// that is known.
    fn put(
        &self,
        feeder: &mut Feeder,
        (rid, value, hash): (u64, &[u8], u64),
        begin: u64,
        saved: Option<u32>,
    ) -> Result<()> {
        let graph = self.graph().ok_or_else(|| Error::internal("no graph"))?;
        let slot = match saved {
            Some(slot) => graph.restore(slot, value, rid, begin).map(|()| slot)?,
            None => graph.insert(value, rid, begin)?,
        };
        self.end(feeder, rid, begin);
        let slots = slot as usize + 1;
        if slots > feeder.hashes.len() {
            let new = (slots - feeder.hashes.len()) as u64 * self.spec.slot_bytes();
            if let Err(error) = self.budget.take(new) {
                // Nobody is to see it.
                graph.delete(slot, begin);
                return Err(error);
            }
            self.taken.fetch_add(new, Ordering::Relaxed);
            feeder.hashes.resize(slots, 0);
        }
        feeder.hashes[slot as usize] = hash;
        feeder.by_rid.insert(rid, slot);
        Ok(())
    }

    /// What was written past the committer after the build is not in it: entries are to be
    /// read.
    pub(super) fn miss(&self) {
        self.state.lock().phase = Phase::Loading;
    }

    /// Begins to read entries; commits are queued from now on.
    pub(super) fn begin_loading(&self) {
        let mut state = self.state.lock();
        state.phase = Phase::Loading;
        state.is_torn = false;
        // What was told before is in every instant that is published later.
        state.read_from = 0;
    }

    /// Puts an empty graph in the place of none; `is_saved` tells whether how it is made is
    /// stored.
    pub(super) fn set_graph(&self, graph: Box<dyn Graph>, made_as: Spec, is_saved: bool) {
        *self.made_as.lock() = made_as;
        self.is_saved.store(is_saved, Ordering::Release);
        self.graph.store(Some(Arc::new(graph)));
    }

    pub(super) fn recall(&self) -> Option<f64> {
        match self.recall.load(Ordering::Relaxed) {
            0 => None,
            bits => Some(f64::from_bits(bits)),
        }
    }

    pub(super) fn set_recall(&self, share: f64) {
        self.recall.store(share.max(f64::MIN_POSITIVE).to_bits(), Ordering::Relaxed);
    }

    pub(super) fn made_as(&self) -> Spec {
        *self.made_as.lock()
    }

    /// A row's entry, read at an instant; nothing is done if the row has the value.
    pub(super) fn read(
        &self,
        feeder: &mut Feeder,
        (rid, value): (u64, &[u8]),
        begin: u64,
    ) -> Result<()> {
        let hash = xxh3_64(stored(value)?);
        match feeder.slot(rid).is_some_and(|slot| feeder.hash(slot) == hash) {
            true => Ok(()),
            false => self.put(feeder, (rid, value, hash), begin, None),
        }
    }

    /// Puts a row's value into the slot where it was saved, if it is the same value; false
    /// if it is another.
    pub(super) fn restore(
        &self,
        feeder: &mut Feeder,
        (rid, value): (u64, &[u8]),
        begin: u64,
        saved: &HashMap<Saved, u32>,
    ) -> Result<bool> {
        let hash = xxh3_64(stored(value)?);
        match saved.get(&Saved { rid, hash }) {
            Some(slot) => self.put(feeder, (rid, value, hash), begin, Some(*slot)).map(|()| true),
            None => Ok(false),
        }
    }

    /// Rows that were not read are gone since.
    pub(super) fn keep_only(&self, feeder: &mut Feeder, seen: &dyn Fn(u64) -> bool, end: u64) {
        let gone: Vec<u64> = feeder.by_rid.keys().copied().filter(|rid| !seen(*rid)).collect();
        gone.into_iter().for_each(|rid| self.end(feeder, rid, end));
    }

    /// The transaction that built it has committed. What it has changed after the build it
    /// has told with its commit. False as of `finish_loading`.
    pub(super) fn activate(&self, commit_ts: u64) -> Result<bool> {
        let mut feeder = self.feeder.lock();
        self.finish_loading(&mut feeder, commit_ts)
    }

    /// Does what was queued at an instant and after it, where it is not done, and is ready.
    /// False if the entries have to be read from a newer instant.
    pub(super) fn finish_loading(&self, feeder: &mut Feeder, read_at: u64) -> Result<bool> {
        loop {
            let mut state = self.state.lock();
            if state.is_torn || state.read_from > read_at {
                return Ok(false);
            }
            let is_last = state.queued.len() <= LAST_CHANGES;
            let queued = std::mem::take(&mut state.queued);
            state.queued_bytes = 0;
            let state = if is_last {
                Some(state)
            } else {
                drop(state);
                None
            };
            for told in queued.iter().filter(|told| told.commit_ts >= read_at) {
                match &told.value {
                    Some(value) => self.read(feeder, (told.rid, &value[..]), told.commit_ts)?,
                    None => self.end(feeder, told.rid, told.commit_ts),
                }
            }
            if let Some(mut state) = state {
                self.floor.store(read_at, Ordering::Release);
                self.ceiling.store(u64::MAX, Ordering::Release);
                state.phase = Phase::Ready;
                *self.failure.lock() = None;
                self.is_stirred.store(true, Ordering::Release);
                return Ok(true);
            }
        }
    }

    /// Gives the graph up; its memory goes with the searches that run.
    pub(super) fn fail(&self, error: &Error) {
        let mut feeder = self.feeder.lock();
        let mut state = self.state.lock();
        self.ceiling.store(0, Ordering::Release);
        self.floor.store(u64::MAX, Ordering::Release);
        *state = State {
            phase: Phase::Failed,
            queued: VecDeque::new(),
            queued_bytes: 0,
            read_from: 0,
            is_torn: false,
        };
        *feeder = Feeder::default();
        self.dead.store(0, Ordering::Relaxed);
        self.graph.store(None);
        let taken = self.taken.swap(0, Ordering::Relaxed);
        self.budget.used.fetch_sub(taken, Ordering::Relaxed);
        self.needed.store(taken + taken / 8 + self.spec.slot_bytes(), Ordering::Relaxed);
        *self.failure.lock() = Some(error.to_string());
    }
}

impl State {
    fn queue(&mut self, told: Told) {
        if self.phase == Phase::Failed || self.is_torn {
            return;
        }
        self.queued_bytes += told.value.as_ref().map_or(0, |value| value.len()) + size_of::<Told>();
        if self.queued_bytes > QUEUED_BYTES_MAX {
            self.queued = VecDeque::new();
            self.queued_bytes = 0;
            self.is_torn = true;
            return;
        }
        self.queued.push_back(told);
    }
}

impl Feeder {
    /// The slot of a row's newest value.
    pub(super) fn slot(&self, rid: u64) -> Option<u32> {
        self.by_rid.get(&rid).copied()
    }

    pub(super) fn hash(&self, slot: u32) -> u64 {
        self.hashes.get(slot as usize).copied().unwrap_or(0)
    }

    /// Rows that have a value.
    pub(super) fn len(&self) -> usize {
        self.by_rid.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.by_rid.iter().map(|(rid, slot)| (*rid, *slot))
    }
}
