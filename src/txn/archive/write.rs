//! What is written to the engine, and to the archive if there is one.

use super::super::begin::Shared;
use super::super::runs::{KEYSPACES, Redo};
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
        let appended = archive.append(&mut batch, commit_ts, durability, None)?;
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

    /// Writes the batch that commits a large transaction, and merges its runs into the
    /// engine. `Refused` if it is not committed.
    pub(in crate::txn) fn write_large(
        &self,
        mut batch: WriteBatch,
        redo: &Redo,
    ) -> Result<(), WriteError> {
        let (commit_ts, durability) = (redo.commit_ts(), Durability::Sync);
        let mut recorded = Vec::new();
        let appended = match &self.archive {
            None => None,
            Some(archive) => {
                recorded = record_runs(archive, redo).map_err(WriteError::Refused)?;
                let ingestions = Some(recorded.clone());
                Some((archive, archive.append(&mut batch, commit_ts, durability, ingestions)?))
            }
        };
        let was_kept = redo.runs().keep(true);
        redo.put(&mut batch);
        match self.engine.write(batch, durability) {
            Ok(()) => {}
            Err(WriteError::Refused(error)) => {
                redo.runs().keep(was_kept);
                if let Some((archive, appended)) = &appended {
                    archive.withdraw(appended)?;
                    archive.forget(&recorded);
                }
                return Err(WriteError::Refused(error));
            }
            Err(unknown) => return Err(unknown),
        }
        // It is committed: there is no other way than on.
        let unknown = |error: WriteError| WriteError::Unknown(error.into_error());
        redo.apply(&*self.engine).map_err(unknown)?;
        if let Some((archive, appended)) = &appended {
            archive.applied(appended, durability);
            archive.forget(&recorded);
        }
        Ok(())
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
        entries: &mut dyn Iterator<Item = (Key, Option<Value>)>,
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
    entries: &mut dyn Iterator<Item = (Key, Option<Value>)>,
) -> Result<(), WriteError> {
    let ingestion = archive.begin_ingestion();
    let mut part = Part { archive, ingestion, keyspace, entries: Vec::new(), bytes: 0 };
    let mut failed = None;
    let mut recorded = entries.map_while(|(key, value)| match part.add(&key, value.as_ref()) {
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

/// Records what the runs of a large transaction change, as parts of ingestions.
fn record_runs(archive: &Archive, redo: &Redo) -> Result<Vec<u64>> {
    let mut recorded = Vec::new();
    let mut record = |keyspace| {
        let ingestion = archive.begin_ingestion();
        recorded.push(ingestion);
        let mut part = Part { archive, ingestion, keyspace, entries: Vec::new(), bytes: 0 };
        for entry in redo.runs().committed(keyspace, redo.commit_ts()) {
            let (key, value) = entry?;
            part.add(&key, value.as_ref())?;
        }
        part.write()
    };
    let result = KEYSPACES.into_iter().try_for_each(&mut record);
    if result.is_err() {
        archive.forget(&recorded);
    }
    result.map(|()| recorded)
}

/// Entries on their way into the archive.
struct Part<'a> {
    archive: &'a Archive,
    ingestion: u64,
    keyspace: Keyspace,
    entries: Vec<(Key, Option<Value>)>,
    bytes: usize,
}

impl Part<'_> {
    fn add(&mut self, key: &Key, value: Option<&Value>) -> Result<()> {
        self.bytes += key.len() + value.map_or(0, |value| value.len());
        self.entries.push((key.clone(), value.cloned()));
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
