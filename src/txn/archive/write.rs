//! What is written to the engine, and to the archive if there is one.

use super::super::begin::Shared;
use super::Archive;
use crate::Result;
use crate::storage::{Durability, Engine, Key, Keyspace, Value, WriteBatch, WriteError};

impl Shared {
    /// Writes a batch that makes `commit_ts` the newest commit: first into the archive.
    pub(in crate::txn) fn write(
        &self,
        mut batch: WriteBatch,
        commit_ts: u64,
        durability: Durability,
    ) -> Result<(), WriteError> {
        let Some(archive) = &self.archive else { return self.engine.write(batch, durability) };
        let appended = archive.append(&mut batch, commit_ts, durability)?;
        match self.engine.write(batch, durability) {
            Ok(()) => {
                archive.applied(&appended, durability);
                Ok(())
            }
            Err(WriteError::Refused(error)) => {
                archive.withdraw(&appended)?;
                Err(WriteError::Refused(error))
            }
            Err(unknown) => Err(unknown),
        }
    }

    /// Makes what was written survive power loss, the archive's part of it first.
    pub(in crate::txn) fn sync_all(&self) -> Result<(), WriteError> {
        let Some(archive) = &self.archive else { return self.engine.sync() };
        archive.sync()?;
        self.engine.sync()?;
        archive.synced();
        Ok(())
    }

    /// Ingests a sorted run, and records it.
    pub(in crate::txn) fn ingest_all(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Value)>,
    ) -> Result<(), WriteError> {
        match &self.archive {
            None => self.engine.ingest(keyspace, entries).map(|_| ()),
            Some(archive) => archived(&*self.engine, archive, keyspace, entries),
        }
    }
}

/// Bytes of an ingestion that the archive gets at a time.
const ARCHIVED_PART_BYTES: usize = 1 << 20;

/// Ingests what is also written to the archive, a part at a time. If the archive cannot
/// have it, the ingestion ends there and has failed.
fn archived(
    engine: &dyn Engine,
    archive: &Archive,
    keyspace: Keyspace,
    entries: &mut dyn Iterator<Item = (Key, Value)>,
) -> Result<(), WriteError> {
    let ingestion = archive.begin_ingestion();
    let mut part = Part { archive, ingestion, keyspace, entries: Vec::new(), bytes: 0 };
    let mut failed = None;
    let mut recorded = entries.map_while(|(key, value)| match part.add(&key, &value) {
        Ok(()) => Some((key, value)),
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    let result = engine.ingest(keyspace, &mut recorded);
    drop(recorded);
    let result = match (result, failed) {
        (Err(error), _) => Err(error),
        (Ok(_), Some(error)) => Err(WriteError::Refused(error)),
        (Ok(_), None) => part.write().map_err(WriteError::Refused),
    };
    archive.end_ingestion(ingestion, result.is_ok())?;
    result
}

/// Entries on their way into the archive.
struct Part<'a> {
    archive: &'a Archive,
    ingestion: u64,
    keyspace: Keyspace,
    entries: Vec<(Key, Value)>,
    bytes: usize,
}

impl Part<'_> {
    fn add(&mut self, key: &Key, value: &Value) -> Result<()> {
        self.bytes += key.len() + value.len();
        self.entries.push((key.clone(), value.clone()));
        match self.bytes >= ARCHIVED_PART_BYTES {
            true => self.write(),
            false => Ok(()),
        }
    }

    fn write(&mut self) -> Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        self.archive.append_part(self.ingestion, self.keyspace, &self.entries)?;
        self.entries.clear();
        self.bytes = 0;
        Ok(())
    }
}
