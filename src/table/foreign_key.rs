//! Foreign keys: references that must exist, and what happens when they cease to.
//!
//! A referencing row locks the row it refers to in key-share mode, so that it
//! cannot be deleted or lose its key before the reference is committed; the check
//! looks at the newest committed state and the own writes. From REPEATABLE READ on the
//! row referred to must be in the snapshot, too (unless its table is partitioned, as in
//! PostgreSQL), and a row that an action would change must not have changed since.
//! What a deleted or changed key means for rows that refer to it is settled at
//! the end of the statement (NO ACTION of a deferred constraint: at commit).

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
            let action = action(&foreign.key, after.is_some());
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
    /// referential actions queue in turn.
    pub async fn finish(&mut self) -> Result<()> {
        loop {
            let checks = self.work.table.take_immediate();
            if checks.is_empty() {
                return Ok(());
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

    async fn settle_referenced(
        &mut self,
        constraint: Oid,
        old: &[Datum],
        new: Option<&[Datum]>,
    ) -> Result<()> {
        let Some(constraint) = self.work.catalog.constraint(constraint).cloned() else {
            return Ok(());
        };
        let child = self.table(constraint.table)?;
        let Some(foreign) =
            child.foreign_keys.iter().find(|foreign| foreign.constraint.oid == constraint.oid)
        else {
            return Ok(());
        };
        let key = &foreign.key;
        let parent = self.table(key.referenced_table)?;
        let action = action(key, new.is_some());
        if action == ReferentialAction::NoAction
            && let Some((table, index, values)) = self.referenced_key(&parent, key, old)?
            && self.newest_rid(&table, &index, &values)?.is_some()
        {
            return Ok(());
        }
        let only_one = matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict);
        let event = match (action, new) {
            (ReferentialAction::Cascade, None) => Event::Delete,
            _ => Event::Update,
        };
        if !only_one {
            self.before_statement(&child, event, &key.columns)?;
        }
        for (table, key) in self.referencing_tables(&child, foreign)? {
            let rids = self.referencing_rids(&table, &key, old, only_one).await?;
            if only_one && !rids.is_empty() {
                let eval = &self.ctx.eval;
                let part = |values: &[Datum]| -> Result<Option<Arc<TableInfo>>> {
                    let found = self.referenced_key(&parent, &foreign.key, values)?;
                    Ok(found.map(|(table, ..)| table))
                };
                // A row that leaves its partition is updated in the table as a whole.
                let (before, after) = (part(old)?, new.map(part).transpose()?.flatten());
                let name = match (&before, &after) {
                    (Some(before), Some(after)) if before.oid() != after.oid() => parent.name(),
                    (Some(before), _) => before.name(),
                    (None, _) => parent.name(),
                };
                let tables = (&*parent, &*child);
                let changed = before.as_deref().filter(|before| before.name() == name);
                let named = self.named_for(foreign, changed);
                return Err(violation::foreign_key_referenced(tables, name, eval, &named, old));
            }
            for rid in rids {
                self.act((&child, &table), &key, action, rid, new).await?;
            }
        }
        if action == ReferentialAction::SetDefault {
            self.require_gone(&parent, &child, foreign, old).await?;
        }
        match only_one {
            true => Ok(()),
            false => self.after_statement(&child, event, &key.columns),
        }
    }

    /// A key of a row of the table that a foreign key's rows refer to: the name of
    /// their table, and the key as `(a)=(1)`.
    pub async fn first_reference(
        &mut self,
        info: &TableInfo,
        foreign: &ForeignKeyInfo,
    ) -> Result<Option<(String, String)>> {
        let child = self.table(foreign.constraint.table)?;
        let named = child.foreign_keys.iter().find(|f| f.constraint.oid == foreign.constraint.oid);
        let Some(named) = named else { return Ok(None) };
        let tables = self.referencing_tables(&child, named)?;
        let rows = self.work.txn.overlay_newest();
        for entry in rows.scan(Keyspace::Rows, &key::rows(info.storage_id()), false) {
            if self.ctx.cancel.is_cancelled() {
                return Err(Error::query_canceled());
            }
            let values = pick(&info.decode(&entry?.1)?, &foreign.key.referenced_columns);
            if values.iter().any(Datum::is_null) {
                continue;
            }
            for (table, key) in &tables {
                if !self.referencing_rids(table, key, &values, true).await?.is_empty() {
                    let columns = &foreign.key.referenced_columns;
                    let text = violation::columns_text(info, &self.ctx.eval, columns, &values);
                    return Ok(Some((child.name().to_owned(), text)));
                }
            }
        }
        Ok(None)
    }

    /// The tables whose rows a foreign key is about, with the key over their columns.
    fn referencing_tables(
        &self,
        child: &Arc<TableInfo>,
        foreign: &ForeignKeyInfo,
    ) -> Result<Vec<(Arc<TableInfo>, ForeignKey)>> {
        if !child.relation.is_partitioned() {
            return Ok(vec![(child.clone(), foreign.key.clone())]);
        }
        let family = Family::of(&self.work.catalog, child.oid())?;
        let lost = || Error::internal("a partition lacks a column of its table");
        family
            .members
            .iter()
            .map(|member| {
                let own = |columns: &[i16]| {
                    let same = columns.iter().map(|attnum| member.attnum(*attnum));
                    same.collect::<Option<Vec<i16>>>().ok_or_else(lost)
                };
                let mut key = foreign.key.clone();
                key.columns = own(&key.columns)?;
                key.delete_set_columns = own(&key.delete_set_columns)?;
                Ok((member.info.clone(), key))
            })
            .collect()
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

    /// Fails if rows still refer to a key that is gone: their default is that key.
    async fn require_gone(
        &self,
        parent: &Arc<TableInfo>,
        child: &Arc<TableInfo>,
        foreign: &ForeignKeyInfo,
        values: &[Datum],
    ) -> Result<()> {
        if let Some((table, index, key)) = self.referenced_key(parent, &foreign.key, values)?
            && self.newest_rid(&table, &index, &key)?.is_some()
        {
            return Ok(());
        }
        for (table, key) in self.referencing_tables(child, foreign)? {
            if !self.referencing_rids(&table, &key, values, true).await?.is_empty() {
                let tables = (&**parent, &**child);
                let (name, eval) = (parent.name(), &self.ctx.eval);
                return Err(violation::foreign_key_referenced(tables, name, eval, foreign, values));
            }
        }
        Ok(())
    }

    /// The rows of `child` that refer to a key, in the newest state.
    async fn referencing_rids(
        &self,
        child: &Arc<TableInfo>,
        key: &ForeignKey,
        values: &[Datum],
        only_one: bool,
    ) -> Result<Vec<u64>> {
        let Some(values) = coerced(child, &key.columns, values)? else { return Ok(Vec::new()) };
        let limit = if only_one { 1 } else { usize::MAX };
        let overlay = self.work.txn.overlay_newest();
        let by_index = child
            .indexes
            .iter()
            .filter(|index| index.is_usable())
            .find_map(|index| Some((index, prefix_order(index, &key.columns)?)));
        if let Some((index, order)) = by_index {
            let search = KeySearch::equal(order.iter().map(|at| values[*at].clone()).collect());
            let mut lookup = Lookup::new(child, &overlay, index, &search, false);
            return std::iter::from_fn(|| lookup.next_rid()).take(limit).collect();
        }
        let (child, columns) = (child.clone(), key.columns.clone());
        let scan = move || rids_with(&child, &overlay, &columns, &values, limit);
        tokio::task::spawn_blocking(scan)
            .await
            .map_err(|error| Error::internal(format!("scan failed: {error}")))?
    }

    /// Carries out a referential action on one referencing row.
    async fn act(
        &mut self,
        (root, child): (&Arc<TableInfo>, &Arc<TableInfo>),
        key: &ForeignKey,
        action: ReferentialAction,
        rid: u64,
        new: Option<&[Datum]>,
    ) -> Result<()> {
        let resource = Resource::row(child.storage_id(), rid);
        let mode = match (action, new) {
            (ReferentialAction::Cascade, None) => LockMode::RowForUpdate,
            _ => Writer::update_lock(child, key.columns.iter().copied()),
        };
        lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await?;
        let row_key = key::row(child.storage_id(), rid);
        let stored = self.work.txn.get_newest(Keyspace::Rows, &row_key)?;
        let txn = &self.work.txn;
        let others = self.is_repeatable() && !txn.has_written(Keyspace::Rows, &row_key)?;
        let Some(stored) = stored else {
            return if others { Err(Error::concurrent_delete()) } else { Ok(()) };
        };
        // A row that came or changed after the snapshot is not this transaction's to change.
        if others && txn.changed_since_snapshot(&stored) {
            return Err(Error::concurrent_update());
        }
        let old = child.decode(&stored)?;
        let mut changed = old.clone();
        match (action, new) {
            (ReferentialAction::Cascade, None) => {
                return self.delete_firing(child, rid, &old, "deleted").await.map(drop);
            }
            (ReferentialAction::Cascade, Some(new)) => {
                let values = coerced(child, &key.columns, new)?;
                let values = values.unwrap_or_else(|| new.to_vec());
                set_columns(&mut changed, &key.columns, values);
            }
            (action, _) => {
                let narrowed = new.is_none() && !key.delete_set_columns.is_empty();
                let columns = if narrowed { &key.delete_set_columns } else { &key.columns };
                for attnum in columns {
                    changed[*attnum as usize - 1] = match action {
                        ReferentialAction::SetDefault => self.default_of(child, *attnum)?,
                        _ => Datum::Null,
                    };
                }
            }
        }
        if child.oid() == root.oid() {
            return self.update_firing(child, rid, &old, changed, &key.columns).await.map(drop);
        }
        let family = Family::of(&self.work.catalog, root.oid())?;
        let member = family.member(child.oid()).cloned();
        let member = member.ok_or_else(|| Error::internal("a partition outside of its table"))?;
        let changed = part::Changed {
            rid,
            old: &old,
            new: changed,
            assigned: &key.columns,
            doing: "updated",
        };
        part::update(self, root, &member, changed, part::Policed::NONE).await.map(drop)
    }

    /// A foreign key under the name of its row for the partition that was changed.
    fn named_for(&self, foreign: &ForeignKeyInfo, changed: Option<&TableInfo>) -> ForeignKeyInfo {
        let catalog = &self.work.catalog;
        let part =
            changed.and_then(|info| catalog.referenced_part(&foreign.constraint, info.oid()));
        let constraint = part.unwrap_or(&foreign.constraint).clone();
        ForeignKeyInfo { constraint, key: foreign.key.clone() }
    }

    fn default_of(&self, info: &TableInfo, attnum: i16) -> Result<Datum> {
        match info.default_of(&self.work.catalog, self.ctx, attnum)? {
            Some(expression) => expression.eval(&self.ctx.eval, &[]),
            None => Ok(Datum::Null),
        }
    }
}

fn set_columns(row: &mut [Datum], attnums: &[i16], values: Vec<Datum>) {
    for (attnum, value) in attnums.iter().zip(values) {
        row[*attnum as usize - 1] = value;
    }
}

fn action(key: &ForeignKey, updated: bool) -> ReferentialAction {
    if updated { key.on_update } else { key.on_delete }
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

/// The rows whose columns hold these values, by reading the whole table.
fn rids_with(
    info: &TableInfo,
    overlay: &Overlay,
    attnums: &[i16],
    values: &[Datum],
    limit: usize,
) -> Result<Vec<u64>> {
    let columns = comparison_columns(info, attnums)?;
    let wanted = ordered::encode(&columns, values);
    let positions: Vec<usize> = attnums.iter().map(|attnum| *attnum as usize - 1).collect();
    let mut rids = Vec::new();
    for entry in overlay.scan(Keyspace::Rows, &key::rows(info.storage_id()), false) {
        let (row_key, row) = entry?;
        let found = super::lookup::columns(info, &row, &positions)?;
        if !found.iter().any(Datum::is_null) && ordered::encode(&columns, &found) == wanted {
            rids.extend(key::row_parts(&row_key).map(|(_, rid)| rid));
            if rids.len() >= limit {
                break;
            }
        }
    }
    Ok(rids)
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
