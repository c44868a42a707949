//! The engine without a disk: the twin for tests.
//!
//! Each keyspace is a persistent map; a view is a clone of the roots. Nothing
//! survives the process, and delete markers are never purged.

use parking_lot::Mutex;
use std::sync::Arc;

use super::ordered::OrderedMap;
use super::{
    Durability, Engine, EngineStatistics, Entries, Key, KeyRange, Keyspace, ReadView, Value,
    Verified, WriteBatch, WriteError,
};
use crate::Result;

type Maps = [OrderedMap<Value>; Keyspace::COUNT];

#[derive(Default)]
pub struct MemoryEngine {
    maps: Mutex<Maps>,
}

impl MemoryEngine {
    pub fn new() -> MemoryEngine {
        MemoryEngine::default()
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

impl Engine for MemoryEngine {
    fn view(&self) -> Arc<dyn ReadView> {
        Arc::new(MemoryView(self.maps.lock().clone()))
    }

    fn write(&self, batch: WriteBatch, _durability: Durability) -> Result<(), WriteError> {
        let mut maps = self.maps.lock();
        for write in batch {
            let map = &mut maps[write.keyspace.index()];
            match write.value {
                Some(value) => map.insert(write.key, value),
                None => map.remove(&write.key),
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), WriteError> {
        Ok(())
    }

    fn ingest(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Value)>,
    ) -> Result<u64, WriteError> {
        let mut count = 0;
        for (key, value) in entries {
            self.maps.lock()[keyspace.index()].insert(key, value);
            count += 1;
        }
        Ok(count)
    }

    fn checkpoint(&self) -> Result<(), WriteError> {
        Ok(())
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
