//! The engine without a disk: the twin for tests.
//!
//! Each keyspace is a persistent map; a view is a clone of the roots. Nothing
//! survives the process, and delete markers are never purged.
//!
//! An engine [`MemoryEngine::with_images`] also remembers what a disk would have, so
//! that a crash can be played: [`MemoryEngine::after_kill`] is the engine that a start
//! finds after `kill -9`, and [`MemoryEngine::after_power_loss`] one after a cut, where
//! of the writes since the last sync only the first few are there. As in the journal on
//! disk, a write is there only if all before it are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::ordered::OrderedMap;
use super::{
    Durability, Engine, EngineStatistics, Entries, Key, KeyRange, Keyspace, ReadView, Run, Value,
    Verified, Write, WriteBatch, WriteError,
};
use crate::{Error, Result};

type Maps = [OrderedMap<Value>; Keyspace::COUNT];

#[derive(Default)]
pub struct MemoryEngine {
    state: Mutex<State>,
    runs: Arc<Mutex<Runs>>,
    ignores_syncs: bool,
}

#[derive(Default)]
struct State {
    maps: Maps,
    /// What may be there after a power loss: as of the last sync, and after each write
    /// since. Empty if it is not asked for.
    images: Vec<Maps>,
}

#[derive(Default)]
struct Runs {
    last: u64,
    stored: BTreeMap<u64, StoredRun>,
}

#[derive(Clone)]
struct StoredRun {
    entries: OrderedMap<Value>,
    is_synced: bool,
}

impl State {
    fn apply(&mut self, writes: impl IntoIterator<Item = Write>, durability: Durability) {
        for write in writes {
            let map = &mut self.maps[write.keyspace.index()];
            match write.value {
                Some(value) => map.insert(write.key, value),
                None => map.remove(&write.key),
            }
        }
        if !self.images.is_empty() {
            self.images.push(self.maps.clone());
        }
        if durability == Durability::Sync {
            self.sync();
        }
    }

    fn sync(&mut self) {
        if !self.images.is_empty() {
            self.images = vec![self.maps.clone()];
        }
    }
}

impl MemoryEngine {
    pub fn new() -> MemoryEngine {
        MemoryEngine::default()
    }

    /// Remembers what a disk would have.
    pub fn with_images() -> MemoryEngine {
        MemoryEngine::of_image(Maps::default(), BTreeMap::new())
    }

    fn of_image(maps: Maps, stored: BTreeMap<u64, StoredRun>) -> MemoryEngine {
        let last = stored.keys().next_back().copied().unwrap_or(0);
        let state = State { images: vec![maps.clone()], maps };
        let runs = Arc::new(Mutex::new(Runs { last, stored }));
        MemoryEngine { state: Mutex::new(state), runs, ignores_syncs: false }
    }

    /// Makes a disk that says it has synced and has not: for tests of tests.
    pub fn ignore_syncs(&mut self, ignores: bool) {
        self.ignores_syncs = ignores;
    }

    /// Whatever syncs do: all that was written is on the disk now.
    pub fn remember(&self) {
        self.state.lock().sync();
    }

    fn honest(&self, durability: Durability) -> Durability {
        if self.ignores_syncs { Durability::Buffer } else { durability }
    }

    /// What a start finds when the process was killed.
    pub fn after_kill(&self) -> MemoryEngine {
        MemoryEngine::of_image(self.state.lock().maps.clone(), self.runs.lock().stored.clone())
    }

    /// What a start finds when the power was cut. Of the states that may be on the disk,
    /// oldest first, `choose` is told how many there are and says which.
    pub fn after_power_loss(&self, choose: impl FnOnce(usize) -> usize) -> MemoryEngine {
        let state = self.state.lock();
        let maps = state.images[choose(state.images.len())].clone();
        let mut stored = self.runs.lock().stored.clone();
        stored.retain(|_, run| run.is_synced);
        MemoryEngine::of_image(maps, stored)
    }
}

struct MemoryView(Maps);

impl ReadView for MemoryView {
    fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        Ok(self.0[keyspace.index()].get(key).cloned())
    }

    fn range(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Entries {
        Box::new(self.0[keyspace.index()].cursor(range, reverse).map(Ok))
    }
}

struct MemoryRun {
    number: u64,
    entries: OrderedMap<Value>,
    bytes: u64,
    is_kept: AtomicBool,
    runs: Arc<Mutex<Runs>>,
}

impl Run for MemoryRun {
    fn number(&self) -> u64 {
        self.number
    }

    fn entries(&self) -> u64 {
        self.entries.len() as u64
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn get(&self, key: &[u8]) -> Result<Option<Value>> {
        Ok(self.entries.get(key).cloned())
    }

    fn range(self: Arc<Self>, range: &KeyRange, reverse: bool) -> Entries {
        Box::new(self.entries.cursor(range, reverse).map(Ok))
    }

    fn sync(&self) -> Result<()> {
        if let Some(stored) = self.runs.lock().stored.get_mut(&self.number) {
            stored.is_synced = true;
        }
        Ok(())
    }

    fn keep(&self, is_kept: bool) -> bool {
        self.is_kept.swap(is_kept, Ordering::Relaxed)
    }
}

impl Drop for MemoryRun {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed) {
            self.runs.lock().stored.remove(&self.number);
        }
    }
}

impl MemoryEngine {
    fn run(&self, number: u64, entries: OrderedMap<Value>, is_kept: bool) -> Arc<dyn Run> {
        let bytes = entries.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
        let (is_kept, runs) = (AtomicBool::new(is_kept), self.runs.clone());
        Arc::new(MemoryRun { number, entries, bytes, is_kept, runs })
    }
}

impl Engine for MemoryEngine {
    fn view(&self) -> Arc<dyn ReadView> {
        Arc::new(MemoryView(self.state.lock().maps.clone()))
    }

    fn write(&self, batch: WriteBatch, durability: Durability) -> Result<(), WriteError> {
        self.state.lock().apply(batch, self.honest(durability));
        Ok(())
    }

    fn sync(&self) -> Result<(), WriteError> {
        if !self.ignores_syncs {
            self.state.lock().sync();
        }
        Ok(())
    }

    fn ingest(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Option<Value>)>,
    ) -> Result<u64, WriteError> {
        let writes: Vec<Write> =
            entries.map(|(key, value)| Write { keyspace, key, value }).collect();
        let count = writes.len() as u64;
        self.state.lock().apply(writes, self.honest(Durability::Sync));
        Ok(count)
    }

    fn write_run(
        &self,
        entries: &mut dyn Iterator<Item = Result<(Key, Value)>>,
    ) -> Result<Arc<dyn Run>> {
        let mut map = OrderedMap::default();
        for entry in entries {
            let (key, value) = entry?;
            map.insert(key, value);
        }
        let mut runs = self.runs.lock();
        runs.last += 1;
        let number = runs.last;
        runs.stored.insert(number, StoredRun { entries: map.clone(), is_synced: false });
        drop(runs);
        Ok(self.run(number, map, false))
    }

    fn open_run(&self, number: u64) -> Result<Arc<dyn Run>> {
        let stored = self.runs.lock().stored.get(&number).cloned();
        let missing = || Error::data_corrupted(format!("there is no run {number}"));
        Ok(self.run(number, stored.ok_or_else(missing)?.entries, true))
    }

    fn remove_runs(&self) -> Result<()> {
        self.runs.lock().stored.clear();
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), WriteError> {
        self.sync()
    }

    fn compact(&self, _keyspace: Keyspace) -> Result<()> {
        Ok(())
    }

    fn verify(&self, _pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<Verified> {
        Ok(Verified::default())
    }

    fn statistics(&self) -> EngineStatistics {
        EngineStatistics::default()
    }

    fn free_bytes(&self) -> Option<u64> {
        None
    }

    fn set_purge_horizon(&self, _commit_ts: u64) {}
}
