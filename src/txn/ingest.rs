//! Writing past the committer: spills of large transactions, and index builds.
//!
//! How it stays invisible until the commit is told in [`spill`](super::spill).

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::begin::Shared;
use super::commit::Content;
use super::lock::Resource;
use super::spill::{OwnSpill, RidRanges};
use super::transaction::Transaction;
use crate::Result;
use crate::storage::{Key, Keyspace, Value, WriteError, key, row};

/// Every rid there can be.
const ALL_RIDS: Range<u64> = 0..u64::MAX;

impl Transaction {
    /// Writes out what is over its budget, and forgets it here: changes of existing rows
    /// into a run, new rows early and invisibly into the engine.
    pub fn spill(&mut self) -> Result<()> {
        if self.run_is_due() {
            self.write_run()?;
            if self.writes.new_bytes() <= self.shared.limits.spill_bytes {
                return Ok(());
            }
        }
        let rest = self.writes.without_new();
        let ranges = RidRanges::of(self.writes.new_entries());
        self.ingest_as(&ranges, |transaction| transaction.ingest_new())?;
        let keys: HashSet<Resource> =
            self.writes.new_in(Keyspace::Indexes).filter_map(unique_key).collect();
        self.locks.release_keys(&keys);
        self.writes = rest;
        Ok(())
    }

    /// Writes the changes of existing rows into a run.
    pub(super) fn write_run(&mut self) -> Result<()> {
        let bytes = self.writes.run_bytes() as u64;
        self.shared.require_room(bytes)?;
        self.writes = self.writes.with_run(&*self.shared.engine)?;
        Ok(())
    }

    /// Writes entries of an index that this transaction has made and nobody else can
    /// see, sorted by key, none of them there yet. They go to the engine at once.
    pub fn ingest_index(
        &mut self,
        index: u32,
        entries: &mut dyn Iterator<Item = (Key, Value)>,
    ) -> Result<()> {
        self.check_writable()?;
        let ranges = RidRanges::of_index(index, ALL_RIDS);
        let mut entries = entries.map(|(key, value)| (key, Some(value)));
        self.ingest_as(&ranges, |transaction| {
            transaction.shared.ingest(Keyspace::Indexes, &mut entries)
        })
    }

    /// Announces, ingests, and looks at the engine again: what was ingested is this
    /// transaction's to see.
    pub(super) fn ingest_as(
        &mut self,
        ranges: &RidRanges,
        ingest: impl FnOnce(&Transaction) -> Result<()>,
    ) -> Result<()> {
        self.shared.throttle();
        self.bulk_loads += 1;
        self.locks.hold_to_the_end(Resource::Transaction { id: self.id });
        self.spill.all.union(ranges);
        self.shared.ingesting.lock().insert(self.id);
        let announced = Content::Announce { id: self.id, ranges: self.spill.all.clone() };
        self.shared.submit_and_wait(announced)?;
        ingest(self)?;
        self.shared.submit_and_wait(Content::System(Default::default()))?;
        let mut own =
            self.spill.own.as_ref().map_or_else(RidRanges::default, |own| own.ranges.clone());
        own.union(ranges);
        let published = self.shared.current.load_full();
        self.spill.own = Some(Arc::new(OwnSpill { published, ranges: own }));
        Ok(())
    }

    /// Hands entries, sorted by key, to the engine; within [`Transaction::ingest_as`].
    pub(super) fn ingest_entries(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Value)>,
    ) -> Result<()> {
        let mut entries = entries.map(|(key, value)| (key, Some(value)));
        self.shared.ingest(keyspace, &mut entries)
    }

    fn ingest_new(&self) -> Result<()> {
        let mut rows = self
            .writes
            .new_in(Keyspace::Rows)
            .map(|(key, value)| (key.clone(), Some(row::spilled(value, self.id))));
        self.shared.ingest(Keyspace::Rows, &mut rows)?;
        let entries = self.writes.new_in(Keyspace::Indexes);
        let mut entries = entries.map(|(key, value)| (key.clone(), Some(value.clone())));
        self.shared.ingest(Keyspace::Indexes, &mut entries)
    }
}

/// The lock that an entry's key was claimed by, if it is of a unique index: there the
/// rid is the value.
fn unique_key((key, value): (&Key, &Value)) -> Option<Resource> {
    let index = key::object_of(key).filter(|_| !value.is_empty())?;
    Some(Resource::index_key(index, key::index_payload(key, true)))
}

impl Shared {
    /// Ingests a part of a spill. What is left of a failed one is announced already.
    fn ingest(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Option<Value>)>,
    ) -> Result<()> {
        match self.ingest_all(keyspace, entries) {
            Ok(()) => Ok(()),
            Err(WriteError::Refused(error)) => Err(error),
            Err(WriteError::Unknown(error)) => {
                (self.on_unknown_outcome)(&error);
                Err(error)
            }
        }
    }

    /// Keeps a bulk writer from filling the engine faster than it compacts: there the
    /// committer would have to sleep, and with it everyone.
    fn throttle(&self) {
        let until = Instant::now() + self.limits.throttle_max;
        loop {
            let statistics = self.engine.statistics();
            let is_behind = statistics.sealed_memtables >= 3 || statistics.level_zero_tables >= 16;
            if !is_behind || Instant::now() >= until {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
