//! Writing rows: one row with all its indexes and constraints.
//!
//! A [`Writer`] borrows the transaction for a statement. Rows come in whole and
//! by position, with defaults filled in; generated columns are computed here.
//! Constraints that look at one row are checked at once, uniqueness under a lock
//! on (index, key), foreign keys at the end of the statement (`finish`).
//!
//! The statement's snapshot is the caller's: it reads through an overlay made
//! before the first write, so it never meets its own writes.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::blocking::blocking;
use super::expression::{IndexExpressions, TableExpressions};
use super::info::TableInfo;
use super::lock;
use super::trigger::{Event, Transitions, is_replica};
use super::violation;
use crate::error::{Error, Result};
use crate::index::{IndexInfo, ordered};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::storage::{Value, key};
use crate::txn::{Counted, Isolation, Keyspace, LockMode, Resource, Transaction, WaitPolicy};

/// Row ids are taken in blocks that double up to this size.
const RID_BLOCK_MAX: u64 = 4096;

/// Writes rows on behalf of one statement.
pub struct Writer<'a> {
    pub work: &'a mut Work,
    pub ctx: &'a StatementContext,
    rids: HashMap<u32, RidBlock>,
    /// Whether foreign keys and ordinary triggers are off; looked up at the first need.
    replica: Option<bool>,
    /// Rows collected for triggers.
    pub transitions: Transitions,
    /// The rows are those that were there: nobody is told of them.
    pub(super) rewrites: bool,
}

struct RidBlock {
    free: Range<u64>,
    size: u64,
}

/// A row as it is under its lock.
pub enum LockedRow {
    /// As the statement's snapshot knows it.
    Unchanged(Value),
    /// Changed by a transaction that committed since; READ COMMITTED only.
    Changed(Value),
    /// Deleted since; READ COMMITTED only.
    Gone,
    /// Locked by another transaction, under NOWAIT or SKIP LOCKED.
    NotAvailable,
}

impl<'a> Writer<'a> {
    pub fn new(work: &'a mut Work, ctx: &'a StatementContext) -> Writer<'a> {
        Writer {
            work,
            ctx,
            rids: HashMap::new(),
            replica: None,
            transitions: Transitions::default(),
            rewrites: false,
        }
    }

    /// Writes rows again that are there: that foreign keys hold for them is not asked
    /// here, row by row, because whole tables are changing.
    pub fn rewriting(work: &'a mut Work, ctx: &'a StatementContext) -> Writer<'a> {
        Writer { replica: Some(true), rewrites: true, ..Writer::new(work, ctx) }
    }

    /// Evaluates expressions that may call functions.
    pub fn lend<T>(&mut self, compute: impl FnOnce() -> T) -> T {
        self.ctx.lend(self.work, compute)
    }

    /// `session_replication_role = replica`.
    pub(super) fn is_replica(&mut self) -> bool {
        *self.replica.get_or_insert_with(|| is_replica(self.ctx))
    }

    /// What the rows written here answer as `xmin`.
    pub fn transaction_id(&self) -> u32 {
        self.work.txn.id() as u32
    }

    /// The info of a table in this transaction's catalog.
    pub fn table(&self, oid: Oid) -> Result<Arc<TableInfo>> {
        TableInfo::of(&self.work.catalog, oid)
    }

    pub(super) fn expressions(&self, info: &TableInfo) -> Result<Arc<TableExpressions>> {
        let expressions = info.expressions(&self.work.catalog, self.ctx)?;
        if expressions.call_functions && !self.ctx.eval.loan.is_needed() {
            self.ctx.eval.loan.open(self.work);
        }
        Ok(expressions)
    }

    /// The key that a row has in an index.
    fn index_key(
        &mut self,
        index: &IndexInfo,
        compiled: &IndexExpressions,
        row: &[Datum],
    ) -> Result<Option<Vec<Datum>>> {
        let ctx = self.ctx;
        ctx.lend(self.work, || index.key(compiled, &ctx.eval, row))
    }

    pub(super) fn allocate_rid(&mut self, table: u32) -> Result<u64> {
        let block = self.rids.entry(table).or_insert(RidBlock { free: 0..0, size: 1 });
        if block.free.is_empty() {
            block.free = self.work.txn.allocate_rids(table, block.size)?;
            block.size = (block.size * 2).min(RID_BLOCK_MAX);
        }
        let rid = block.free.start;
        block.free.start += 1;
        Ok(rid)
    }

    /// Inserts a row; answers its rid and the row as stored.
    pub async fn insert(&mut self, info: &TableInfo, row: Vec<Datum>) -> Result<(u64, Vec<Datum>)> {
        self.insert_row(info, row, info.is_partition()).await
    }

    /// Inserts a row into the partition that [`Writer::route`] found for it.
    pub async fn insert_routed(
        &mut self,
        info: &TableInfo,
        row: Vec<Datum>,
    ) -> Result<(u64, Vec<Datum>)> {
        self.insert_row(info, row, false).await
    }

    async fn insert_row(
        &mut self,
        info: &TableInfo,
        mut row: Vec<Datum>,
        checks_bounds: bool,
    ) -> Result<(u64, Vec<Datum>)> {
        self.spill_if_due()?;
        let expressions = self.expressions(info)?;
        self.check_row(info, &expressions, &mut row)?;
        if checks_bounds {
            self.require_belonging(info, &row)?;
        }
        let stored = info.encode(&row)?;
        let storage_id = info.storage_id();
        let rid = self.allocate_rid(storage_id)?;
        // Who has read the table is in conflict even if a key is found to be taken.
        self.work.txn.check_write(Keyspace::Rows, &key::row(storage_id, rid))?;
        for (index, compiled) in info.indexes.iter().zip(&expressions.indexes) {
            if let Some(key) = self.index_key(index, compiled, &row)? {
                self.add_entry(info, index, &key, rid, true).await?;
            }
        }
        self.work.txn.insert_row(key::row(storage_id, rid), stored)?;
        if info.records_commits {
            self.work.txn.record_commit(self.work.catalog.database)?;
        }
        self.work.table.count_rows(storage_id, 1);
        self.work.txn.count(info.oid(), Counted::Inserted, 1);
        self.queue_referencing(info, rid, &row, None).await?;
        if info.is_watched() {
            self.note(info, Event::Insert, None, Some(&row)).await?;
        }
        Ok((rid, row))
    }

    /// Writes out what the transaction has no memory for.
    fn spill_if_due(&mut self) -> Result<()> {
        match self.work.txn.spill_is_due() {
            true => blocking(|| self.work.txn.spill()),
            false => Ok(()),
        }
    }

    /// Writes a row that was there before into the table's new storage: it is not checked
    /// again, and counts as nobody's insertion.
    pub async fn write_again(&mut self, info: &TableInfo, row: &[Datum]) -> Result<()> {
        self.spill_if_due()?;
        let expressions = self.expressions(info)?;
        let stored = info.encode(row)?;
        let storage_id = info.storage_id();
        let rid = self.allocate_rid(storage_id)?;
        for (index, compiled) in info.indexes.iter().zip(&expressions.indexes) {
            if let Some(key) = self.index_key(index, compiled, row)? {
                self.add_entry(info, index, &key, rid, true).await?;
            }
        }
        self.work.txn.insert_row(key::row(storage_id, rid), stored)?;
        self.work.table.count_rows(storage_id, 1);
        Ok(())
    }

    /// Replaces a row that the caller has locked. `old` is the version under the lock.
    pub async fn update(
        &mut self,
        info: &TableInfo,
        rid: u64,
        old: &[Datum],
        new: Vec<Datum>,
    ) -> Result<Vec<Datum>> {
        if info.is_partition() {
            self.require_belonging(info, &new)?;
        }
        self.update_in_place(info, rid, old, new).await
    }

    /// As [`Writer::update`], of a row that is known to stay in its partition.
    pub async fn update_in_place(
        &mut self,
        info: &TableInfo,
        rid: u64,
        old: &[Datum],
        mut new: Vec<Datum>,
    ) -> Result<Vec<Datum>> {
        self.spill_if_due()?;
        let expressions = self.expressions(info)?;
        self.check_row(info, &expressions, &mut new)?;
        let stored = info.encode(&new)?;
        for (index, compiled) in info.indexes.iter().zip(&expressions.indexes) {
            let before = self.index_key(index, compiled, old)?;
            let after = self.index_key(index, compiled, &new)?;
            self.move_entry(info, index, before, after, rid).await?;
        }
        self.work.txn.put_row(key::row(info.storage_id(), rid), stored)?;
        self.work.txn.count(info.oid(), Counted::Updated, 1);
        self.queue_referencing(info, rid, &new, Some(old)).await?;
        self.queue_referenced(info, old, Some(&new))?;
        if info.is_watched() {
            self.note(info, Event::Update, Some(old), Some(&new)).await?;
        }
        Ok(new)
    }

    /// Moves a row that the caller has locked to another partition; answers its new
    /// rid and the row as stored.
    pub async fn move_row(
        &mut self,
        from: &TableInfo,
        rid: u64,
        old: &[Datum],
        to: &TableInfo,
        new: Vec<Datum>,
    ) -> Result<(u64, Vec<Datum>)> {
        self.require_movable(from)?;
        self.remove_entries(from, rid, old)?;
        self.work.txn.move_row_away(key::row(from.storage_id(), rid))?;
        self.work.table.count_rows(from.storage_id(), -1);
        self.work.txn.count(from.oid(), Counted::Deleted, 1);
        self.note(from, Event::Delete, Some(old), None).await?;
        // A trigger may have made a row of it that is another partition's.
        let (rid, new) = self.insert(to, new).await?;
        self.queue_moved(from, old, to, &new)?;
        Ok((rid, new))
    }

    /// Deletes a row that the caller has locked.
    pub async fn delete(&mut self, info: &TableInfo, rid: u64, old: &[Datum]) -> Result<()> {
        self.spill_if_due()?;
        self.remove_entries(info, rid, old)?;
        self.work.txn.delete_row(key::row(info.storage_id(), rid))?;
        self.work.table.count_rows(info.storage_id(), -1);
        self.work.txn.count(info.oid(), Counted::Deleted, 1);
        if info.is_watched() {
            self.note(info, Event::Delete, Some(old), None).await?;
        }
        self.queue_referenced(info, old, None)
    }

    /// Removes a row's index entries.
    fn remove_entries(&mut self, info: &TableInfo, rid: u64, old: &[Datum]) -> Result<()> {
        let expressions = self.expressions(info)?;
        for (index, compiled) in info.indexes.iter().zip(&expressions.indexes) {
            if let Some(key) = self.index_key(index, compiled, old)? {
                self.remove_entry(index, &key, rid)?;
            }
        }
        Ok(())
    }

    /// Computes generated columns.
    pub fn generate(&mut self, info: &TableInfo, row: &mut [Datum]) -> Result<()> {
        let expressions = self.expressions(info)?;
        let ctx = self.ctx;
        ctx.lend(self.work, || {
            for (position, expression) in &expressions.generated {
                row[*position] = expression.eval(&ctx.eval, row)?;
            }
            Ok(())
        })
    }

    /// Computes generated columns and checks what concerns this row alone.
    pub fn complete(&mut self, info: &TableInfo, row: &mut [Datum]) -> Result<()> {
        let expressions = self.expressions(info)?;
        self.check_row(info, &expressions, row)
    }

    fn check_row(
        &mut self,
        info: &TableInfo,
        expressions: &TableExpressions,
        row: &mut [Datum],
    ) -> Result<()> {
        let ctx = self.ctx;
        ctx.lend(self.work, || check_row(ctx, info, expressions, row))
    }

    async fn add_entry(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
        rid: u64,
        new_row: bool,
    ) -> Result<()> {
        if index.is_by_parts() {
            if !index.excludes_by.is_empty() {
                self.claim_exclusion(info, index, key, rid).await?;
            }
            for payload in index.payloads(key)? {
                let value = index.entry_value(key, rid)?;
                self.add_part(index, (&payload, value), rid, new_row)?;
            }
            return Ok(());
        }
        let payload = ordered::encode_key(index, key)?;
        if index.may_conflict(key) {
            self.claim_key(info, index, key, &payload).await?;
        }
        let holds_rid = index.key_holds_rid(key);
        let entry = key::index_entry(index.storage_id(), &payload, holds_rid.then_some(rid));
        let value =
            if holds_rid { Value::from(&[][..]) } else { Value::from(key::index_value(rid)) };
        // A key that this transaction has freed may still have its committed entry, and in an
        // index that is being built there may be one that nobody has removed yet.
        let txn = &mut self.work.txn;
        let is_free = |txn: &Transaction| -> Result<bool> {
            Ok(!txn.has_written(Keyspace::Indexes, &entry)?
                && (index.valid || txn.get_newest(Keyspace::Indexes, &entry)?.is_none()))
        };
        if new_row && (holds_rid || is_free(txn)?) {
            txn.insert_index_entry(entry, value)
        } else {
            txn.put(Keyspace::Indexes, entry, value)
        }
    }

    /// An entry of an index by parts, or of a vector index.
    fn add_part(
        &mut self,
        index: &IndexInfo,
        (payload, value): (&[u8], Value),
        rid: u64,
        new_row: bool,
    ) -> Result<()> {
        let entry = key::index_entry(index.storage_id(), payload, Some(rid));
        match new_row {
            true => self.work.txn.insert_index_entry(entry, value),
            false => self.work.txn.put(Keyspace::Indexes, entry, value),
        }
    }

    /// The parts that a value has lost and those that it has gained.
    fn move_parts(
        &mut self,
        index: &IndexInfo,
        before: Option<Vec<Datum>>,
        after: Option<Vec<Datum>>,
        rid: u64,
    ) -> Result<()> {
        let entries = |key: &Option<Vec<Datum>>| -> Result<BTreeMap<Vec<u8>, Value>> {
            let Some(key) = key else { return Ok(BTreeMap::new()) };
            let value = index.entry_value(key, rid)?;
            Ok(index.payloads(key)?.into_iter().map(|payload| (payload, value.clone())).collect())
        };
        let (before, after) = (entries(&before)?, entries(&after)?);
        for payload in before.keys().filter(|payload| !after.contains_key(*payload)) {
            let entry = key::index_entry(index.storage_id(), payload, Some(rid));
            self.work.txn.delete(Keyspace::Indexes, entry)?;
        }
        for (payload, value) in after {
            if before.get(&payload) != Some(&value) {
                self.add_part(index, (&payload, value), rid, false)?;
            }
        }
        Ok(())
    }

    /// Whether a row whose key changes keeps its place among those that it could exclude.
    fn has_same_parts(
        &self,
        index: &IndexInfo,
        before: Option<&[Datum]>,
        after: &[Datum],
    ) -> Result<bool> {
        let Some(before) = before else { return Ok(false) };
        let is_same = |at: usize| {
            let repr = &index.keys[at].repr;
            crate::sql::types::compare(&before[at], &after[at], repr).is_eq()
        };
        Ok((0..after.len()).all(is_same))
    }

    fn remove_entry(&mut self, index: &IndexInfo, key: &[Datum], rid: u64) -> Result<()> {
        if index.is_by_parts() {
            return self.move_parts(index, Some(key.to_vec()), None, rid);
        }
        let payload = ordered::encode_key(index, key)?;
        let in_key = index.key_holds_rid(key).then_some(rid);
        let entry = key::index_entry(index.storage_id(), &payload, in_key);
        if in_key.is_none() && !index.valid && !self.is_of_row(&entry, rid)? {
            return Ok(());
        }
        self.work.txn.delete(Keyspace::Indexes, entry)
    }

    /// Whether a unique index that is being built names this row under a key: it may have
    /// the row not yet, and another one still.
    fn is_of_row(&self, entry: &[u8], rid: u64) -> Result<bool> {
        let value = self.work.txn.get_newest(Keyspace::Indexes, entry)?;
        Ok(value.is_some_and(|value| key::index_rid(entry, &value) == Some(rid)))
    }

    async fn move_entry(
        &mut self,
        info: &TableInfo,
        index: &IndexInfo,
        before: Option<Vec<Datum>>,
        after: Option<Vec<Datum>>,
        rid: u64,
    ) -> Result<()> {
        if index.is_by_parts() {
            if let Some(after) = &after
                && !index.excludes_by.is_empty()
                && !self.has_same_parts(index, before.as_deref(), after)?
            {
                self.claim_exclusion(info, index, after, rid).await?;
            }
            return self.move_parts(index, before, after, rid);
        }
        if let (Some(before), Some(after)) = (&before, &after)
            && ordered::encode_key(index, before)? == ordered::encode_key(index, after)?
        {
            return Ok(());
        }
        if let Some(before) = before {
            self.remove_entry(index, &before, rid)?;
        }
        match after {
            Some(after) => self.add_entry(info, index, &after, rid, false).await,
            None => Ok(()),
        }
    }

    /// As [`Writer::lock_row`], for who is not going to change the row: to REPEATABLE READ
    /// a row that was deleted since is told as updated, as PostgreSQL tells it.
    pub async fn lock_row_to_read(
        &mut self,
        info: &TableInfo,
        rid: u64,
        mode: LockMode,
        policy: WaitPolicy,
    ) -> Result<LockedRow> {
        match self.lock_or_miss(info, rid, mode, policy).await? {
            Some(locked) => Ok(locked),
            None => Err(Error::concurrent_update()),
        }
    }

    /// Locks a row and reads its newest version.
    pub async fn lock_row(
        &mut self,
        info: &TableInfo,
        rid: u64,
        mode: LockMode,
        policy: WaitPolicy,
    ) -> Result<LockedRow> {
        match self.lock_or_miss(info, rid, mode, policy).await? {
            Some(locked) => Ok(locked),
            None => Err(Error::concurrent_delete()),
        }
    }

    /// None if the row was deleted after a snapshot that is to be kept.
    async fn lock_or_miss(
        &mut self,
        info: &TableInfo,
        rid: u64,
        mode: LockMode,
        policy: WaitPolicy,
    ) -> Result<Option<LockedRow>> {
        let resource = Resource::row(info.storage_id(), rid);
        if !lock::try_acquire(&mut self.work.txn, resource, mode, policy, self.ctx).await? {
            return Ok(Some(LockedRow::NotAvailable));
        }
        let row_key = key::row(info.storage_id(), rid);
        let newest = self.work.txn.get_newest(Keyspace::Rows, &row_key)?;
        let own = self.work.txn.has_written(Keyspace::Rows, &row_key)?;
        let repeatable = self.work.txn.isolation() != Isolation::ReadCommitted;
        let locked = match newest {
            Some(row) if own || !self.work.txn.changed_since_snapshot(&row) => {
                LockedRow::Unchanged(row)
            }
            Some(row) if mode == LockMode::RowKeyShare => {
                match self.with_same_keys(info, &row_key, &row)? {
                    Some(seen) => LockedRow::Unchanged(seen),
                    None if repeatable => return Err(Error::concurrent_update()),
                    None => LockedRow::Changed(row),
                }
            }
            Some(_) if repeatable => return Err(Error::concurrent_update()),
            Some(row) => LockedRow::Changed(row),
            None if own => LockedRow::Gone,
            None if self.work.txn.has_moved(&row_key)? => {
                return Err(match repeatable {
                    true => Error::concurrent_update(),
                    false => Error::moved_to_another_partition(),
                });
            }
            None if repeatable => return Ok(None),
            None => LockedRow::Gone,
        };
        Ok(Some(locked))
    }

    /// The snapshot's version of a row, if the newest one has the same keys: who only
    /// asks that the keys stay is not concerned by other changes.
    fn with_same_keys(
        &self,
        info: &TableInfo,
        row_key: &[u8],
        newest: &[u8],
    ) -> Result<Option<Value>> {
        let Some(seen) = self.ctx.overlay(self.work).get(Keyspace::Rows, row_key)? else {
            return Ok(None);
        };
        let keys = |row: &[u8]| -> Result<Vec<Datum>> {
            let attnums = 1i16..;
            let columns = info.decode(row)?.into_iter().zip(attnums);
            Ok(columns.filter(|(_, at)| info.is_key_column(*at)).map(|(value, _)| value).collect())
        };
        let (before, now) = (keys(&seen)?, keys(newest)?);
        Ok(before.iter().zip(&now).all(|(a, b)| a.is_identical(b)).then_some(seen))
    }

    /// The weakest lock that an update of these columns may hold: stronger if a
    /// foreign key may refer to one of them.
    pub fn update_lock(info: &TableInfo, attnums: impl IntoIterator<Item = i16>) -> LockMode {
        match attnums.into_iter().any(|attnum| info.is_key_column(attnum)) {
            true => LockMode::RowForUpdate,
            false => LockMode::RowNoKeyUpdate,
        }
    }
}

/// Computes generated columns and checks what concerns one row alone.
fn check_row(
    ctx: &StatementContext,
    info: &TableInfo,
    expressions: &TableExpressions,
    row: &mut [Datum],
) -> Result<()> {
    let eval = &ctx.eval;
    for (position, expression) in &expressions.generated {
        row[*position] = expression.eval(eval, row)?;
    }
    let missing = |position: &usize| info.columns[*position].not_null && row[*position].is_null();
    if let Some(position) = (0..row.len()).find(missing) {
        return Err(violation::not_null(info, eval, position, row));
    }
    for (constraint, check) in info.checks.iter().zip(&expressions.checks) {
        if matches!(check.eval(eval, row)?, Datum::Bool(false)) {
            return Err(violation::check(info, eval, &constraint.name, row));
        }
    }
    Ok(())
}
