//! Uniqueness under concurrency.
//!
//! Who adds a key to a unique index first locks (index, key). Then nobody else
//! can be adding it, and the newest committed state together with the own writes
//! tells whether it is there. If it is, its row may be about to be deleted: a
//! key-share lock on the row waits for exactly those who delete it or change its
//! key, after which the index is read again. A large transaction gives its keys'
//! locks up once they are written out of its memory; who meets such a key waits for
//! that transaction.
//!
//! ```text
//! A  DELETE id=1 (row lock) ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ COMMIT
//! B              INSERT id=1: lock key, found, key-share ┄wait┄ gone → inserted
//! ```

use super::info::TableInfo;
use super::lock;
use super::violation;
use super::write::Writer;
use crate::error::{Error, Result};
use crate::index::{IndexInfo, ordered};
use crate::sql::types::Datum;
use crate::storage::{Value, key};
use crate::table::state::PendingCheck;
use crate::txn::{Keyspace, LockMode, Resource, WaitPolicy};

/// A row in the way of an insertion.
pub struct Conflict {
    pub rid: u64,
    /// The newest version, under the requested lock.
    pub row: Value,
}

impl Writer<'_> {
    /// Makes sure that nobody else has or adds the key, or fails with `23505`. For
    /// a deferrable index the check is queued instead.
    pub(super) async fn claim_key(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
        payload: &[u8],
    ) -> Result<()> {
        if let Some(constraint) = index.constraint.as_ref().filter(|_| index.deferrable()) {
            // The index that this one is to replace is checked.
            if !index.valid {
                return Ok(());
            }
            // Who has the key first waits for nobody; the checks of others wait for it.
            let resource = Resource::index_key(index.storage_id(), payload);
            let _taken = self.work.txn.lock(resource, LockMode::Exclusive, WaitPolicy::NoWait);
            let check =
                PendingCheck::Unique { table: info.oid(), index: index.oid(), key: key.to_vec() };
            return self.work.table.queue(constraint, check);
        }
        self.lock_key(index, payload).await?;
        match self.holder_of_key(info, index, payload, LockMode::RowKeyShare).await? {
            None => Ok(()),
            Some(_) => {
                // Who has looked whether the key is there before is told to try again.
                let entry = key::index_entry(index.storage_id(), payload, None);
                self.work.txn.check_write(Keyspace::Indexes, &entry)?;
                Err(violation::unique(info, &self.ctx.eval, index, key))
            }
        }
    }

    async fn lock_key(&mut self, index: &IndexInfo, payload: &[u8]) -> Result<()> {
        self.wait_for_loader(&key::index_entry(index.storage_id(), payload, None)).await?;
        let resource = Resource::index_key(index.storage_id(), payload);
        lock::acquire(&mut self.work.txn, resource, LockMode::Exclusive, self.ctx).await
    }

    /// Waits for the end of another transaction whose bulk load has put this key: it
    /// holds no lock on it. If the key is still there afterwards, it was given up.
    async fn wait_for_loader(&mut self, entry: &[u8]) -> Result<()> {
        let mut over = None;
        while let Some(loader) = self.work.txn.loader_of(entry)?.filter(|id| over != Some(*id)) {
            let resource = Resource::Transaction { id: loader };
            lock::acquire(&mut self.work.txn, resource, LockMode::Share, self.ctx).await?;
            over = Some(loader);
        }
        Ok(())
    }

    /// The row that has the key now, locked in `mode`. The key itself is locked.
    async fn holder_of_key(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        payload: &[u8],
        mode: LockMode,
    ) -> Result<Option<Conflict>> {
        let entry = key::index_entry(index.storage_id(), payload, None);
        loop {
            self.wait_for_loader(&entry).await?;
            let Some(value) = self.work.txn.get_newest(Keyspace::Indexes, &entry)? else {
                return Ok(None);
            };
            let rid = key::index_rid(&entry, &value)
                .ok_or_else(|| Error::data_corrupted("an index entry has no rid"))?;
            let resource = Resource::row(info.storage_id(), rid);
            lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await?;
            let still = self.work.txn.get_newest(Keyspace::Indexes, &entry)?;
            if still.as_deref() != Some(&*value) {
                continue;
            }
            let row_key = key::row(info.storage_id(), rid);
            let row = self.work.txn.get_newest(Keyspace::Rows, &row_key)?;
            if !index.valid && !self.has_key(info, index, payload, row.as_deref())? {
                return Ok(None);
            }
            if let Some(row) = row {
                return Ok(Some(Conflict { rid, row }));
            }
            return Err(Error::data_corrupted(format!(
                "index \"{}\" names row {rid}, which does not exist",
                index.name()
            )));
        }
    }

    /// Whether a row has a key. An index that is being built may name rows under keys that
    /// they had when the build began.
    fn has_key(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        payload: &[u8],
        row: Option<&[u8]>,
    ) -> Result<bool> {
        let Some(row) = row else { return Ok(false) };
        let (row, expressions) = (info.decode(row)?, self.expressions(info)?);
        let at = info.indexes.iter().position(|other| other.oid() == index.oid());
        let Some(compiled) = at.and_then(|at| expressions.indexes.get(at)) else {
            return Ok(true);
        };
        let ctx = self.ctx;
        let key = ctx.lend(self.work, || index.key(compiled, &ctx.eval, &row))?;
        Ok(match key {
            Some(key) => ordered::encode_key(index, &key)? == payload,
            None => false,
        })
    }

    /// ON CONFLICT: the row in the way of inserting `row`, if there is one among
    /// the arbiters (all unique indexes if there are none), locked in `mode`. The
    /// key stays locked, so after `None` the insertion will not conflict there.
    pub async fn find_conflict(
        &mut self,
        info: &TableInfo,
        arbiters: &[u32],
        row: &[Datum],
        mode: LockMode,
    ) -> Result<Option<Conflict>> {
        let expressions = self.expressions(info)?;
        for (index, compiled) in info.indexes.iter().zip(&expressions.indexes) {
            let wanted = arbiters.is_empty() || arbiters.contains(&index.oid());
            if !wanted || !(index.unique || index.exclusion) {
                continue;
            }
            if index.deferrable() {
                if arbiters.is_empty() {
                    continue;
                }
                return Err(deferrable_arbiter());
            }
            let Some(key) = index.key(compiled, &self.ctx.eval, row)? else { continue };
            if !index.unique {
                if key.iter().any(Datum::is_null) {
                    continue;
                }
                match self.excluded_by(info, index, &key, None).await? {
                    Some((conflict, _)) => return Ok(Some(conflict)),
                    None => continue,
                }
            }
            if !index.may_conflict(&key) {
                continue;
            }
            let payload = ordered::encode_key(index, &key)?;
            self.lock_key(index, &payload).await?;
            if let Some(conflict) = self.holder_of_key(info, index, &payload, mode).await? {
                let row_key = key::row(info.storage_id(), conflict.rid);
                self.work.txn.note_read(Keyspace::Rows, &row_key)?;
                return Ok(Some(conflict));
            }
        }
        Ok(None)
    }

    /// The check of a deferrable unique index: at most one row has the key, once those
    /// are done that had it first.
    pub(super) async fn check_unique(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
    ) -> Result<()> {
        let payload = ordered::encode_key(index, key)?;
        self.lock_key(index, &payload).await?;
        let bound = key::IndexBound::Before(&payload);
        let range = key::index_range(index.storage_id(), bound, key::IndexBound::After(&payload));
        let mut entries = self.work.txn.overlay_newest().scan(Keyspace::Indexes, &range, false);
        let rows = entries.by_ref().take(2).collect::<Result<Vec<_>>>()?.len();
        match rows {
            0 | 1 => Ok(()),
            _ => Err(violation::unique(info, &self.ctx.eval, index, key)),
        }
    }
}

fn deferrable_arbiter() -> Error {
    Error::new(
        crate::sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
        "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as \
         arbiters",
    )
}
