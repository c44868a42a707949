//! What becomes of the rows that refer to a key when the key is changed or gone: they stand
//! in the way, go with it, or are made to refer to something else.
//!
//! They are found in the newest committed state. One that another transaction is changing
//! is waited for and looked at again: it may refer to something else by then, or be gone.

use super::*;

impl Writer<'_> {
    pub(super) async fn settle_referenced(
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
        let action = action_of(key, new.is_some());
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
            if only_one && self.is_referred_to(&table, &key, old).await? {
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
            if only_one {
                continue;
            }
            for rid in self.referencing_rids(&table, &key, old, false).await? {
                self.act((&child, &table), &key, action, rid, (old, new)).await?;
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

    /// Whether a row refers to a key. One that another transaction is about to delete is
    /// waited for.
    async fn is_referred_to(
        &mut self,
        child: &Arc<TableInfo>,
        key: &ForeignKey,
        values: &[Datum],
    ) -> Result<bool> {
        loop {
            let rids = self.referencing_rids(child, key, values, true).await?;
            let Some(rid) = rids.first().copied() else { return Ok(false) };
            let resource = Resource::row(child.storage_id(), rid);
            let txn = &mut self.work.txn;
            lock::acquire(txn, resource, LockMode::RowKeyShare, self.ctx).await?;
            let row_key = key::row(child.storage_id(), rid);
            let stored = self.work.txn.get_newest(Keyspace::Rows, &row_key)?;
            if let Some(stored) = stored
                && refers(child, key, &child.decode(&stored)?, values)?
            {
                return Ok(true);
            }
        }
    }

    /// Carries out a referential action on one referencing row. `keys` are what it referred
    /// to, and what an update has made of that.
    async fn act(
        &mut self,
        (root, child): (&Arc<TableInfo>, &Arc<TableInfo>),
        key: &ForeignKey,
        action: ReferentialAction,
        rid: u64,
        (referred, new): (&[Datum], Option<&[Datum]>),
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
        // Whoever was waited for has made it refer to something else.
        if !refers(child, key, &old, referred)? {
            return Ok(());
        }
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

/// Whether a row's columns hold the values of a key.
fn refers(child: &TableInfo, key: &ForeignKey, row: &[Datum], values: &[Datum]) -> Result<bool> {
    let Some(values) = coerced(child, &key.columns, values)? else { return Ok(false) };
    let columns = comparison_columns(child, &key.columns)?;
    let found = pick(row, &key.columns);
    Ok(!found.iter().any(Datum::is_null)
        && ordered::encode(&columns, &found) == ordered::encode(&columns, &values))
}

pub(super) fn action_of(key: &ForeignKey, updated: bool) -> ReferentialAction {
    if updated { key.on_update } else { key.on_delete }
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
        let found = super::super::lookup::columns(info, &row, &positions)?;
        if !found.iter().any(Datum::is_null) && ordered::encode(&columns, &found) == wanted {
            rids.extend(key::row_parts(&row_key).map(|(_, rid)| rid));
            if rids.len() >= limit {
                break;
            }
        }
    }
    Ok(rids)
}
