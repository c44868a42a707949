//! Foreign keys: references that must exist, and what happens when they cease to.
//!
//! A referencing row locks the row it refers to in key-share mode, so that it
//! cannot be deleted or lose its key before the reference is committed; the check
//! looks at the newest committed state and the own writes. From REPEATABLE READ on the
//! row referred to must be in the snapshot, too (unless its table is partitioned, as in
//! PostgreSQL), and a row that an action would change must not have changed since.
//! What a deleted or changed key means for rows that refer to it is settled at
//! the end of the statement (NO ACTION of a deferred constraint: at commit).

mod action;

use std::sync::Arc;

use super::family::Family;
use super::info::{ForeignKeyInfo, TableInfo};
use super::lock;
use super::lookup::Lookup;
use super::part;
use super::state::PendingCheck;
use super::trigger::Event;
use super::trigger::constraint_of;
use super::violation;
use super::write::{LockedRow, Writer};
use crate::catalog::{ForeignKey, ReferentialAction};
use crate::error::{Error, Result};
use crate::index::ordered::{self, KeySearch};
use crate::index::{IndexInfo, KeyColumn};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::storage::key;
use crate::txn::{Isolation, Keyspace, LockMode, Overlay, Resource, WaitPolicy};

/// The values of some columns of a row.
pub(super) fn pick(row: &[Datum], attnums: &[i16]) -> Vec<Datum> {
    attnums.iter().map(|attnum| row[*attnum as usize - 1].clone()).collect()
}

/// Key columns that compare values of these columns with each other.
fn comparison_columns(info: &TableInfo, attnums: &[i16]) -> Result<Vec<KeyColumn>> {
    attnums
        .iter()
        .map(|attnum| {
            let column = info.column(*attnum)?;
            Ok(KeyColumn {
                column: *attnum,
                expression: None,
                ty: column.ty,
                repr: column.repr.clone(),
                descending: false,
                nulls_first: false,
                parts: None,
                vector: None,
            })
        })
        .collect()
}

/// Values as another table's columns hold them; `None` if one cannot be there.
fn coerced(info: &TableInfo, attnums: &[i16], values: &[Datum]) -> Result<Option<Vec<Datum>>> {
    let mut all = Vec::with_capacity(values.len());
    for (attnum, value) in attnums.iter().zip(values) {
        match ordered::coerce(value, &info.column(*attnum)?.repr) {
            Some(value) => all.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(all))
}

/// The order in which an index's first keys name these columns, if they are the same.
fn prefix_order(index: &IndexInfo, attnums: &[i16]) -> Option<Vec<usize>> {
    let prefix = index.keys.get(..attnums.len())?;
    prefix.iter().map(|key| attnums.iter().position(|attnum| *attnum == key.column)).collect()
}

impl Writer<'_> {
    /// Sees to the references of a new version of a row.
    pub(super) async fn queue_referencing(
        &mut self,
        info: &TableInfo,
        rid: u64,
        new: &[Datum],
        old: Option<&[Datum]>,
    ) -> Result<()> {
        if !info.foreign_keys.is_empty() && self.is_replica() {
            return Ok(());
        }
        for foreign in info.foreign_keys.iter().filter(|foreign| !foreign.key.check_disabled) {
            let columns = comparison_columns(info, &foreign.key.columns)?;
            let values = pick(new, &foreign.key.columns);
            if let Some(old) = old {
                let before = pick(old, &foreign.key.columns);
                if ordered::encode(&columns, &before) == ordered::encode(&columns, &values) {
                    continue;
                }
            }
            // Rows of the same table may still come in this statement.
            let later = foreign.key.referenced_table == info.oid()
                || self.work.table.is_deferred(&foreign.constraint);
            if later {
                let check = PendingCheck::Referencing {
                    table: info.oid(),
                    constraint: foreign.constraint.oid,
                    rid,
                };
                self.work.table.queue(&foreign.constraint, check)?;
            } else {
                self.check_reference(info, foreign, &values).await?;
            }
        }
        Ok(())
    }

    /// Queues what a deleted row, or one with a changed key, means for others.
    pub(super) fn queue_referenced(
        &mut self,
        info: &TableInfo,
        old: &[Datum],
        new: Option<&[Datum]>,
    ) -> Result<()> {
        if !info.referencing.is_empty() && self.is_replica() {
            return Ok(());
        }
        for foreign in info.referencing.iter().filter(|foreign| !foreign.key.action_disabled) {
            let before = pick(old, &foreign.key.referenced_columns);
            if before.iter().any(Datum::is_null) {
                continue;
            }
            let after = new.map(|new| pick(new, &foreign.key.referenced_columns));
            if let Some(after) = &after {
                let columns = comparison_columns(info, &foreign.key.referenced_columns)?;
                if ordered::encode(&columns, &before) == ordered::encode(&columns, after) {
                    continue;
                }
            }
            let action = action::action_of(&foreign.key, after.is_some());
            let check = PendingCheck::Referenced {
                constraint: foreign.constraint.oid,
                old: before,
                new: after,
            };
            match action {
                ReferentialAction::NoAction => self.work.table.queue(&foreign.constraint, check)?,
                // Only NO ACTION can be deferred.
                _ => self.work.table.queue_immediate(check)?,
            }
        }
        Ok(())
    }

    /// `0A000` if a foreign key names a partition that a row is to leave: whether its
    /// references go along is nobody's to tell.
    pub(super) fn require_movable(&self, from: &TableInfo) -> Result<()> {
        let catalog = &self.work.catalog;
        let above = catalog.partition_ancestors(&from.relation);
        let root = above.last().and_then(|root| catalog.relation(*root));
        let Some(root) = root else { return Ok(()) };
        let named = |foreign: &&ForeignKeyInfo| {
            let referenced = foreign.key.referenced_table;
            referenced != root.oid && referenced != from.oid()
        };
        let Some(foreign) = from.referencing.iter().find(named) else { return Ok(()) };
        let named = self.table(foreign.key.referenced_table)?;
        Err(Error::new(
            crate::sqlstate::FEATURE_NOT_SUPPORTED,
            "cannot move tuple across partitions when a non-root ancestor of the source partition \
             is directly referenced in a foreign key",
        )
        .with_detail(format!(
            "A foreign key points to ancestor \"{}\" but not the root ancestor \"{}\".",
            named.name(),
            root.name
        ))
        .with_hint(format!("Consider defining the foreign key on table \"{}\".", root.name)))
    }

    /// What a row's move to another partition means for those that refer to it: an
    /// update, if its key changed.
    pub(super) fn queue_moved(
        &mut self,
        from: &TableInfo,
        old: &[Datum],
        to: &TableInfo,
        new: &[Datum],
    ) -> Result<()> {
        if from.referencing.is_empty() {
            return Ok(());
        }
        let map = super::family::ColumnMap::between(&from.relation, &to.relation)?;
        let new = super::family::to_parent(map.as_ref(), new);
        self.queue_referenced(from, old, Some(&new))
    }

    /// Fails with `23503` unless the referenced row exists; locks it in key-share mode.
    pub(super) async fn check_reference(
        &mut self,
        info: &TableInfo,
        foreign: &ForeignKeyInfo,
        values: &[Datum],
    ) -> Result<()> {
        let nulls = values.iter().filter(|value| value.is_null()).count();
        if nulls > 0 {
            let mixed = foreign.key.match_full && nulls < values.len();
            return if mixed { Err(violation::foreign_key_mixed(info, foreign)) } else { Ok(()) };
        }
        let parent = self.table(foreign.key.referenced_table)?;
        if self.lock_referenced(&parent, &foreign.key, values).await? {
            return Ok(());
        }
        Err(violation::foreign_key_missing(info, &parent, &self.ctx.eval, foreign, values))
    }

    /// Whether the key is in the referenced table; if so its row is locked.
    async fn lock_referenced(
        &mut self,
        parent: &Arc<TableInfo>,
        foreign: &ForeignKey,
        values: &[Datum],
    ) -> Result<bool> {
        let by_snapshot = self.is_repeatable() && !parent.relation.is_partitioned();
        let Some((parent, index, key)) = self.referenced_key(parent, foreign, values)? else {
            return Ok(false);
        };
        let parent = &*parent;
        if by_snapshot {
            // As PostgreSQL: what the transaction does not see is not there to refer to.
            let seen = self.work.txn.overlay();
            let Some(rid) = self.rid_in(&seen, parent, &index, &key)? else { return Ok(false) };
            let (mode, policy) = (LockMode::RowKeyShare, WaitPolicy::Wait);
            let locked = self.lock_row_to_read(parent, rid, mode, policy).await?;
            return Ok(matches!(locked, LockedRow::Unchanged(_)));
        }
        loop {
            let Some(rid) = self.newest_rid(parent, &index, &key)? else { return Ok(false) };
            let resource = Resource::row(parent.storage_id(), rid);
            let txn = &mut self.work.txn;
            lock::acquire(txn, resource, LockMode::RowKeyShare, self.ctx).await?;
            let now = self.newest_rid(parent, &index, &key)?;
            if now == Some(rid) {
                return Ok(true);
            }
            if self.is_repeatable() {
                return Err(Error::concurrent_update());
            }
            if now.is_none() && self.work.txn.has_moved(&key::row(parent.storage_id(), rid))? {
                return Err(Error::moved_to_another_partition());
            }
        }
    }

    /// Whether the row that these values refer to is there at an instant; takes no lock.
    pub(super) fn refers_to_row(
        &self,
        overlay: &Overlay,
        foreign: &ForeignKeyInfo,
        values: &[Datum],
    ) -> Result<bool> {
        let parent = self.table(foreign.key.referenced_table)?;
        let found = self.referenced_key(&parent, &foreign.key, values)?;
        let Some((parent, index, key)) = found else { return Ok(false) };
        if !index.key_holds_rid(&key) {
            let payload = ordered::encode_key(&index, &key)?;
            let entry = key::index_entry(index.storage_id(), &payload, None);
            return Ok(overlay.get(Keyspace::Indexes, &entry)?.is_some());
        }
        let search = KeySearch::equal(key);
        let mut rids = Lookup::new(&parent, overlay, &index, &search, false);
        Ok(rids.next_rid().transpose()?.is_some())
    }

    fn newest_rid(
        &self,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
    ) -> Result<Option<u64>> {
        if !index.key_holds_rid(key) {
            let payload = ordered::encode_key(index, key)?;
            let entry = key::index_entry(index.storage_id(), &payload, None);
            let value = self.work.txn.get_newest(Keyspace::Indexes, &entry)?;
            return Ok(value.and_then(|value| key::index_rid(&entry, &value)));
        }
        self.rid_in(&self.work.txn.overlay_newest(), info, index, key)
    }

    /// The first row that has a key, as a reader sees it.
    fn rid_in(
        &self,
        reads: &Overlay,
        info: &TableInfo,
        index: &IndexInfo,
        key: &[Datum],
    ) -> Result<Option<u64>> {
        let search = KeySearch::equal(key.to_vec());
        Lookup::new(info, reads, index, &search, false).next_rid().transpose()
    }

    /// Whether the transaction keeps to one snapshot.
    fn is_repeatable(&self) -> bool {
        self.work.txn.isolation() != Isolation::ReadCommitted
    }

    /// Settles everything queued for the end of the statement, including what the
    /// referential actions queue in turn, and writes what was noted of watched tables.
    pub async fn finish(&mut self) -> Result<()> {
        loop {
            let checks = self.work.table.take_immediate();
            if checks.is_empty() {
                return self.write_noted().await;
            }
            for check in checks.iter() {
                if self.ctx.cancel.is_cancelled() {
                    return Err(Error::query_canceled());
                }
                self.settle(check).await?;
            }
        }
    }

    async fn settle(&mut self, check: &PendingCheck) -> Result<()> {
        match check {
            PendingCheck::Unique { table, index, key } => {
                let info = self.table(*table)?;
                match info.index(*index).cloned() {
                    Some(index) => self.check_unique(&info, &index, key).await,
                    None => Ok(()),
                }
            }
            PendingCheck::Exclusion { table, index, key, rid } => {
                let info = self.table(*table)?;
                match info.index(*index).cloned() {
                    Some(index) => self.settle_exclusion(&info, &index, key, *rid).await,
                    None => Ok(()),
                }
            }
            PendingCheck::Referencing { table, constraint, rid } => {
                self.settle_referencing(*table, *constraint, *rid).await
            }
            PendingCheck::Trigger(firing) => self.fire(firing).map(drop),
            PendingCheck::Referenced { constraint, old, new } => {
                self.settle_referenced(*constraint, old, new.as_deref()).await
            }
        }
    }

    async fn settle_referencing(&mut self, table: Oid, constraint: Oid, rid: u64) -> Result<()> {
        let info = self.table(table)?;
        let Some(foreign) =
            info.foreign_keys.iter().find(|foreign| foreign.constraint.oid == constraint)
        else {
            return Ok(());
        };
        let row = self.work.txn.get_newest(Keyspace::Rows, &key::row(info.storage_id(), rid))?;
        match row {
            Some(row) => {
                let values = pick(&info.decode(&row)?, &foreign.key.columns);
                self.check_reference(&info, foreign, &values).await
            }
            None => Ok(()),
        }
    }

    /// The table and the unique index behind a foreign key, and the key to look up
    /// there; `None` if the values cannot be in the referenced columns.
    fn referenced_key(
        &self,
        parent: &Arc<TableInfo>,
        foreign: &ForeignKey,
        values: &[Datum],
    ) -> Result<Option<(Arc<TableInfo>, Arc<IndexInfo>, Vec<Datum>)>> {
        if !parent.relation.is_partitioned() {
            let found = referenced_key(parent, foreign, values)?;
            return Ok(found.map(|(index, key)| (parent.clone(), index, key)));
        }
        let Some(values) = coerced(parent, &foreign.referenced_columns, values)? else {
            return Ok(None);
        };
        // The key has the columns of the partition key, so it tells the partition.
        let mut row = vec![Datum::Null; parent.columns.len()];
        set_columns(&mut row, &foreign.referenced_columns, values.clone());
        let member = match self.route(parent, row) {
            Ok((member, _)) => member,
            Err(error) if error.code() == crate::sqlstate::CHECK_VIOLATION => return Ok(None),
            Err(error) => return Err(error),
        };
        if self.is_repeatable() && !self.is_still_partition(&member.info) {
            return Ok(None);
        }
        let columns: Option<Vec<i16>> =
            foreign.referenced_columns.iter().map(|attnum| member.attnum(*attnum)).collect();
        let columns = columns.ok_or_else(|| Error::internal("a referenced column is missing"))?;
        let catalog = &self.work.catalog;
        let below = catalog.with_descendants(foreign.referenced_index);
        let index = member.info.indexes.iter().find(|index| below.contains(&index.oid()));
        let found = index.and_then(|index| Some((index, prefix_order(index, &columns)?)));
        let (index, order) = found
            .ok_or_else(|| Error::internal("a foreign key's index does not cover its columns"))?;
        let key = order.iter().map(|at| values[*at].clone()).collect();
        Ok(Some((member.info.clone(), index.clone(), key)))
    }

    /// Whether a partition of this transaction's catalog is one by now: what is being
    /// detached must not be referred to, whatever the snapshot is.
    fn is_still_partition(&self, info: &TableInfo) -> bool {
        let is_changed_here = self.work.changes.iter().any(|change| change.key.oid == info.oid());
        let newest = self.work.newest_catalog();
        is_changed_here
            || newest.relation(info.oid()).is_some_and(|now| {
                !now.inheritance.detaching
                    && now.inheritance.parents == info.relation.inheritance.parents
            })
    }
}

fn set_columns(row: &mut [Datum], attnums: &[i16], values: Vec<Datum>) {
    for (attnum, value) in attnums.iter().zip(values) {
        row[*attnum as usize - 1] = value;
    }
}

/// The unique index behind a foreign key and the key to look up there; `None` if
/// the values cannot be in the referenced columns.
fn referenced_key(
    parent: &TableInfo,
    foreign: &ForeignKey,
    values: &[Datum],
) -> Result<Option<(Arc<IndexInfo>, Vec<Datum>)>> {
    let Some(values) = coerced(parent, &foreign.referenced_columns, values)? else {
        return Ok(None);
    };
    let index = parent.index(foreign.referenced_index).cloned();
    let order = index.as_ref().and_then(|i| prefix_order(i, &foreign.referenced_columns));
    let (Some(index), Some(order)) = (index, order) else {
        return Err(Error::internal("a foreign key's index does not cover its columns"));
    };
    Ok(Some((index, order.iter().map(|at| values[*at].clone()).collect())))
}

/// Makes the deferred checks: all of them before a commit (`everything`), or those
/// that SET CONSTRAINTS has just made immediate.
pub async fn check_deferred(
    work: &mut Work,
    ctx: &StatementContext,
    everything: bool,
) -> Result<()> {
    let catalog = work.catalog.clone();
    work.table.promote(everything, |state, constraint| match catalog.constraint(constraint) {
        Some(constraint) => state.is_deferred(constraint),
        None => catalog
            .triggers()
            .filter_map(|trigger| constraint_of(trigger))
            .any(|known| known.oid == constraint && state.is_deferred(&known)),
    });
    Writer::new(work, ctx).finish().await
}
