//! Prepared transactions: what PREPARE TRANSACTION leaves behind, until someone says
//! COMMIT PREPARED or ROLLBACK PREPARED.
//!
//! ```text
//! prepare   reserve the name ── validate ── record durable ── registry ─┄ acknowledged
//! restart   records ── locks taken again, registry ── the first transaction may begin
//! finish    out of the registry ── one batch: its writes, and the record is gone
//!             ── publish ── locks released ─┄ acknowledged
//! ```
//!
//! A prepared transaction is nobody's: its locks name no session, its writes are seen
//! by none. Its **record** (module [`record`]) holds all that a restart needs: writes,
//! locks, what it spilled, what a serializable one has read, and the layer above's own
//! payload (the catalog changes). The batch that makes the writes visible removes the
//! record, so after a crash a transaction is either still prepared or finished.
//!
//! The record is all there is, so that a backup and the archive have it too: the runs of a
//! large transaction are read back into it, and `53200` if they are too large for that.
//!
//! If the committer refuses to finish one (a full disk), it stays prepared.
//!
//! A serializable transaction has its last look before it is prepared and keeps its
//! place among the others ([`serializable`](super::serializable)): from then on it does
//! not fail any more, others fail in its place. After a restart it is no longer known
//! which conflicts it had, so it is taken to have had some both ways, as in PostgreSQL.

mod record;
mod registry;

use std::sync::Arc;

use super::begin::{Shared, Transactions};
use super::commit::{Commit, CommitOptions, Content, Request};
use super::lock::{LockHolds, LockLog, LockMode, Resource};
use super::serializable::{ReadRecord, Serializable};
use super::spill::{InFlight, RidRanges};
use super::transaction::Transaction;
use super::write_set::WriteSet;
use crate::storage::{Durability, Keyspace, ReadView, Value, WriteBatch, key};
use crate::{Error, Result};

pub use registry::Place;
pub(super) use registry::Registry;

/// A prepared transaction as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedInfo {
    /// The name that it is finished by.
    pub gid: Arc<str>,
    /// Its transaction's id.
    pub id: u64,
    /// OIDs of the role and of the database.
    pub owner: u32,
    pub database: u32,
    /// Microseconds since 2000-01-01 UTC.
    pub prepared_at: i64,
    /// What the layer above needs to finish it.
    pub payload: Value,
}

/// Everything of a prepared transaction.
pub(super) struct Prepared {
    pub(super) info: PreparedInfo,
    pub(super) writes: WriteSet,
    /// Spilled, and to become visible.
    pub(super) own: RidRanges,
    /// Everything spilled.
    pub(super) spilled: RidRanges,
    /// What a commit must not make visible of it: see `spill`.
    pub(super) dead: RidRanges,
    /// Of a serializable one: its place among them.
    pub(super) serializable: Option<Serializable>,
    /// Pieces of its record.
    pub(super) pieces: u32,
    pub(super) locks: LockLog,
}

impl Prepared {
    fn find_dead(&mut self) -> Result<()> {
        self.dead = self.spilled.clone();
        self.dead.subtract(&self.own);
        if !self.dead.is_empty() {
            self.dead.subtract(&self.writes.visible_of(&self.dead)?);
        }
        Ok(())
    }

    fn remove_record(&self, batch: &mut WriteBatch) {
        for number in 0..self.pieces {
            batch.remove(Keyspace::Service, key::prepared_piece(self.info.id, number));
        }
    }
}

impl Transaction {
    /// The tables that it has locked, by OID.
    pub fn locked_tables(&self) -> impl Iterator<Item = u32> + '_ {
        self.locks.tables()
    }

    /// Makes a lock that the session holds otherwise one of the transaction's own.
    pub fn adopt_lock(&mut self, resource: Resource, mode: LockMode) {
        self.locks.adopt(resource, mode);
    }

    /// Hands the transaction over to whoever will finish it by its name. What is
    /// acknowledged survives a crash. `also` is written in the same batch. If it
    /// fails, the transaction is rolled back.
    pub fn prepare(mut self, place: Place, info: PreparedInfo, also: WriteBatch) -> Commit {
        if let Err(error) = self.gather() {
            return Commit::ready(Err(error));
        }
        let serializable = self.serializable.take();
        if let Some(Err(error)) = serializable.as_ref().map(Serializable::prepare) {
            return Commit::ready(Err(error));
        }
        let spill = std::mem::take(&mut self.spill);
        self.locks.leave_session();
        let mut prepared = Box::new(Prepared {
            info: PreparedInfo { id: self.id, ..info },
            writes: std::mem::take(&mut self.writes),
            own: spill.own.as_ref().map_or_else(RidRanges::default, |own| own.ranges.clone()),
            spilled: spill.all,
            dead: RidRanges::default(),
            serializable,
            pieces: 0,
            locks: std::mem::take(&mut self.locks),
        });
        if let Err(error) = prepared.find_dead() {
            self.shared.sweep_of(&prepared);
            return Commit::ready(Err(error));
        }
        let mut record = also;
        prepared.pieces = record::write(&prepared, &mut record);
        let shared = self.shared.clone();
        drop(self);
        place.keep();
        let content = Content::Prepare { prepared, record };
        submit(&shared, content, CommitOptions::default())
    }
}

fn submit(shared: &Arc<Shared>, content: Content, options: CommitOptions) -> Commit {
    let (commit, reply) = Commit::new();
    shared.submit(Request {
        content,
        durability: Durability::Sync,
        publish: options.publish,
        row_deltas: options.row_deltas,
        serializable: None,
        locks: LockLog::default(),
        also: WriteBatch::new(),
        reply,
    });
    commit
}

/// A prepared transaction that someone is about to finish. Dropping it leaves it
/// prepared.
pub struct Finish {
    shared: Arc<Shared>,
    prepared: Option<Box<Prepared>>,
}

impl Finish {
    pub fn info(&self) -> Result<&PreparedInfo> {
        let prepared = self.prepared.as_ref();
        prepared.map(|it| &it.info).ok_or_else(|| Error::internal("finished already"))
    }

    /// Commits it. If the committer refuses, it stays prepared. It is always made
    /// durable, whatever the options say.
    pub fn commit(self, options: CommitOptions) -> Commit {
        self.end(true, options)
    }

    /// Rolls it back. If the committer refuses, it stays prepared.
    pub fn roll_back(self) -> Commit {
        self.end(false, CommitOptions::default())
    }

    fn end(mut self, is_commit: bool, mut options: CommitOptions) -> Commit {
        let mut also = std::mem::take(&mut options.also);
        let Some(prepared) = self.prepared.take() else {
            return Commit::ready(Err(Error::internal("finished already")));
        };
        prepared.remove_record(&mut also);
        submit(&self.shared, Content::Finish { prepared, is_commit, also }, options)
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        if let Some(prepared) = self.prepared.take() {
            self.shared.prepared.put_back(prepared);
        }
    }
}

impl Transactions {
    /// Takes a name for a transaction that is to be prepared. `42710` if it is in use,
    /// `53200` if there are `max` prepared transactions already.
    pub fn reserve_prepared(&self, gid: &str, max: usize) -> Result<Place> {
        Place::reserve(self.shared(), gid, max)
    }

    /// Takes a prepared transaction to finish it. `42704` if there is none, `55000` if
    /// someone else is at it, and what `may` says against it.
    pub fn take_prepared(
        &self,
        gid: &str,
        may: impl FnOnce(&PreparedInfo) -> Result<()>,
    ) -> Result<Finish> {
        let prepared = self.shared().prepared.take(gid, may)?;
        Ok(Finish { shared: self.shared().clone(), prepared: Some(prepared) })
    }

    /// All prepared transactions, by name.
    pub fn prepared(&self) -> Vec<PreparedInfo> {
        self.shared().prepared.all()
    }
}

/// What the last run left prepared: without locks, and of a serializable one without
/// its place among the others.
pub(super) struct Recovered {
    pub(super) prepared: Prepared,
    holds: LockHolds,
    reads: Option<ReadRecord>,
}

pub(super) fn recover(view: &dyn ReadView, in_flight: &InFlight) -> Result<Vec<Recovered>> {
    let mut records = record::read_all(view)?;
    for Recovered { prepared, .. } in &mut records {
        prepared.find_dead()?;
        if !prepared.spilled.is_empty() && in_flight.get(prepared.info.id).is_none() {
            return Err(Error::data_corrupted("record of a prepared transaction's bulk load"));
        }
    }
    Ok(records)
}

/// Puts them where they were, before anyone else may begin.
pub(super) fn restore(shared: &Arc<Shared>, recovered: Vec<Recovered>) -> Result<()> {
    for Recovered { mut prepared, holds, reads } in recovered {
        prepared.serializable = reads.map(|reads| {
            let written = prepared.writes.keys().map(|(keyspace, key)| (keyspace, &key[..]));
            shared.ssi.restore(prepared.info.id, reads, written, &prepared.own.objects())
        });
        prepared.locks = LockLog::restored(shared.locks.clone(), prepared.info.id, holds);
        if !prepared.spilled.is_empty() {
            shared.ingesting.lock().insert(prepared.info.id);
        }
        tracing::info!(
            "transaction {} is prepared as \"{}\", its locks are held",
            prepared.info.id,
            prepared.info.gid
        );
        shared.prepared.restore(Box::new(prepared))?;
    }
    Ok(())
}

impl Shared {
    /// A transaction could not be prepared: it is rolled back.
    pub(super) fn forget_unprepared(&self, prepared: Box<Prepared>) {
        self.prepared.remove(&prepared.info.gid);
        self.sweep_of(&prepared);
    }

    /// What a rolled back one has spilled is removed.
    pub(super) fn sweep_of(&self, prepared: &Prepared) {
        if !prepared.spilled.is_empty() {
            self.ingesting.lock().remove(&prepared.info.id);
            self.sweeper.add(prepared.info.id);
        }
    }
}
