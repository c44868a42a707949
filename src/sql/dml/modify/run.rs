//! One execution of an UPDATE or DELETE.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;

use super::super::Effect;
use super::super::returning::Returned;
use super::super::source::{TargetRows, TargetScan, evaluated_row};
use super::ModifyPlan;
use crate::error::{Error, Result};
use crate::sql::ir::Query;
use crate::sql::run::eval::Evaluator;
use crate::sql::run::recheck::{self, Held, Judged};
use crate::sql::run::work::TouchedRow;
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::storage::{Value, key, row};
use crate::table::part::{self, Policed};
use crate::table::{Family, LockedRow, Member, SystemColumns, TableInfo, Writer, already_modified};
use crate::txn::{Keyspace, LockMode, Overlay, WaitPolicy};

/// The version of a row that is updated or deleted, under its lock.
struct Version {
    rid: u64,
    xmin: u32,
    /// As its table has it.
    values: Vec<Datum>,
}

/// One execution.
pub(super) struct Run<'a> {
    pub(super) plan: &'a ModifyPlan,
    /// The table that was named.
    pub(super) root: Arc<TableInfo>,
    pub(super) family: Arc<Family>,
    pub(super) params: &'a [Datum],
    pub(super) ctx: &'a StatementContext,
    pub(super) returned: Returned<'a>,
    pub(super) count: u64,
}

impl Run<'_> {
    pub(super) fn effect(self) -> Effect {
        Effect { count: self.count, rows: self.returned.rows }
    }

    pub(super) async fn target(
        &mut self,
        scan: &TargetScan,
        values: &[Evaluator],
        work: &mut Work,
    ) -> Result<()> {
        let (ctx, root) = (self.ctx, self.root.clone());
        // A row that moves into a partition that is still to come is not met again.
        let overlay = ctx.overlay(work);
        if let Some(cursor) = &self.plan.current_of {
            return self.current(cursor, scan, values, work).await;
        }
        let comparisons = ctx.lend(work, || scan.comparisons(&root, self.params, ctx))?;
        let members = match &comparisons {
            None => Vec::new(),
            Some(comparisons) if self.plan.descendants => self.family.having(comparisons),
            Some(_) => self.family.members.clone(),
        };
        let comparisons = comparisons.unwrap_or_default();
        let mut writer = Writer::new(work, ctx);
        let event = self.plan.event();
        writer.before_statement(&root, event, &self.plan.assigned)?;
        for member in &members {
            let (overlay, params) = (overlay.clone(), self.params);
            let rows = writer.lend(|| scan.open(member, &comparisons, overlay, params, ctx))?;
            self.rows_of(member, rows, scan, values, &mut writer).await?;
        }
        writer.after_statement(&root, event, &self.plan.assigned)?;
        writer.finish().await
    }

    /// The row that a cursor is on, if it is still there.
    async fn current(
        &mut self,
        cursor: &str,
        scan: &TargetScan,
        values: &[Evaluator],
        work: &mut Work,
    ) -> Result<()> {
        let (ctx, root) = (self.ctx, self.root.clone());
        let family = self.family.clone();
        let is_meant = |table: Oid| {
            let above = work.catalog.with_descendants(table);
            family.member(table).is_some() || above.contains(&root.oid())
        };
        let positions = &ctx.eval.session.routines()?.positions;
        let found = positions.row(cursor, &root.relation, &is_meant)?;
        let mut writer = Writer::new(work, ctx);
        let event = self.plan.event();
        writer.before_statement(&root, event, &self.plan.assigned)?;
        if let Some((table, rid)) = found
            && let Some(member) = family.member(table).cloned()
        {
            let key = key::row(member.info.storage_id(), rid);
            let row = writer.work.txn.overlay().get(Keyspace::Rows, &key)?;
            if let Some(row) = row {
                // Policies may hide it.
                let (seen, params) = (evaluated_row(&member, rid, &row)?, self.params);
                if writer.lend(|| scan.matches(&ctx.eval, params, &seen))? {
                    let rows = TargetRows::One(rid, row);
                    self.rows_of(&member, rows, scan, values, &mut writer).await?;
                }
            }
        }
        writer.after_statement(&root, event, &self.plan.assigned)?;
        writer.finish().await
    }

    async fn rows_of(
        &mut self,
        member: &Arc<Member>,
        mut rows: TargetRows,
        scan: &TargetScan,
        values: &[Evaluator],
        writer: &mut Writer<'_>,
    ) -> Result<()> {
        let (ctx, params) = (self.ctx, self.params);
        let mode = self.plan.lock_mode(member);
        let info = &member.info;
        let by_values = self.may_stay_weak(member);
        let values_of = |writer: &mut Writer<'_>, seen: &[Datum]| {
            let value = |value: &Evaluator| value.eval(&ctx.eval, params, seen);
            writer.lend(|| values.iter().map(value).collect::<Result<Vec<Datum>>>())
        };
        while let Some((rid, read)) = ctx.lend_while(writer.work, rows.next()).await? {
            let (mut mode, mut early) = (mode, None);
            if by_values {
                let seen = evaluated_row(member, rid, &read)?;
                let new = values_of(writer, &seen)?;
                mode = self.mode_for(member, &seen, &new);
                early = Some(new);
            }
            let (row, changed) = match writer.lock_row(info, rid, mode, WaitPolicy::Wait).await? {
                LockedRow::Unchanged(row) => (row, false),
                LockedRow::Changed(row) => (row, true),
                LockedRow::Gone | LockedRow::NotAvailable => continue,
            };
            if !changed && self.is_done(member, rid, (&read, &row), writer)? {
                continue;
            }
            let seen = evaluated_row(member, rid, &row)?;
            let new = match early.filter(|_| row[..] == read[..]) {
                Some(new) => new,
                None if changed && !writer.lend(|| scan.matches(&ctx.eval, params, &seen))? => {
                    continue;
                }
                None => values_of(writer, &seen)?,
            };
            if by_values && self.mode_for(member, &seen, &new) > mode {
                let strong = LockMode::RowForUpdate;
                let _same = writer.lock_row(info, rid, strong, WaitPolicy::Wait).await?;
            }
            let old = match &member.map {
                Some(_) => info.decode(&row)?,
                None => {
                    let mut old = seen;
                    old.truncate(info.columns.len());
                    old
                }
            };
            let version = Version { rid, xmin: row::writer(&row), values: old };
            self.write(writer, member, version, new, &[]).await?;
        }
        Ok(())
    }

    /// False if the statement has to start over.
    pub(super) async fn query(&mut self, query: &Query, work: &mut Work) -> Result<bool> {
        let reads = self.ctx.overlay(work);
        let mut chunks = run::rows(query, self.params, work, self.ctx).await?;
        let root = self.root.clone();
        let mut writer = Writer::new(work, self.ctx);
        let event = self.plan.event();
        writer.before_statement(&root, event, &self.plan.assigned)?;
        let mut taken: HashSet<(Oid, u64)> = HashSet::new();
        while let Some(chunk) = self.ctx.lend_while(writer.work, chunks.next()).await {
            for mut values in chunk? {
                let [Datum::Oid(table), Datum::Int8(rid), ..] = values.as_slice() else { continue };
                let (table, rid) = (*table, *rid as u64);
                if !taken.insert((table, rid)) {
                    continue;
                }
                let Some(member) = self.family.member(table).cloned() else { continue };
                let key = key::row(member.info.storage_id(), rid);
                let mode = match self.plan.lock_mode(&member) {
                    LockMode::RowForUpdate if self.may_stay_weak(&member) => {
                        let seen = reads.get(Keyspace::Rows, &key)?;
                        let new = &values[2 + self.plan.extra.len()..];
                        match seen.map(|row| member.info.decode(&row)).transpose()? {
                            Some(old) => self.mode_for_own(&member, &old, new),
                            None => LockMode::RowForUpdate,
                        }
                    }
                    mode => mode,
                };
                let locked = writer.lock_row(&member.info, rid, mode, WaitPolicy::Wait).await?;
                let row: Value = match locked {
                    LockedRow::Unchanged(row) => {
                        if writer.work.txn.has_written(Keyspace::Rows, &key)?
                            && let Some(read) = reads.get(Keyspace::Rows, &key)?
                            && self.is_done(&member, rid, (&read, &row), &writer)?
                        {
                            continue;
                        }
                        row
                    }
                    LockedRow::Changed(row) => {
                        let now = (rid, &row[..]);
                        match self.judge_again(query, &member, now, &reads, &mut writer).await? {
                            Judged::Row(now) => values = now,
                            Judged::Gone => continue,
                            Judged::Unknown => return Ok(false),
                        }
                        row
                    }
                    LockedRow::Gone | LockedRow::NotAvailable => continue,
                };
                let old = member.info.decode(&row)?;
                let new = values.split_off(2 + self.plan.extra.len());
                if !self.plan.delete && self.mode_for_own(&member, &old, &new) > mode {
                    let strong = LockMode::RowForUpdate;
                    let _same =
                        writer.lock_row(&member.info, rid, strong, WaitPolicy::Wait).await?;
                }
                let version = Version { rid, xmin: row::writer(&row), values: old };
                self.write(&mut writer, &member, version, new, &values[2..]).await?;
            }
        }
        writer.after_statement(&root, event, &self.plan.assigned)?;
        writer.finish().await.map(|()| true)
    }

    /// Whether another part of this statement has changed the row, which is then passed
    /// over. `27000` if something that the statement has called has changed it: it is what
    /// it was read as no more.
    fn is_done(
        &self,
        member: &Member,
        rid: u64,
        (read, row): (&[u8], &[u8]),
        writer: &Writer<'_>,
    ) -> Result<bool> {
        if row == read {
            return Ok(false);
        }
        let info = &member.info;
        let touched = self.ctx.touched.as_ref();
        let touched = touched.map_or(TouchedRow::Not, |t| t.find(info.oid(), rid, row));
        let key = key::row(info.storage_id(), rid);
        let committed = writer.work.txn.newest().get(Keyspace::Rows, &key)?;
        // After a change by another transaction it counts who was the last, as in PostgreSQL.
        let counts_first = committed.as_deref() == Some(read);
        match touched {
            TouchedRow::Unread => Ok(false),
            TouchedRow::Changed { is_still } if counts_first || is_still => Ok(true),
            _ => Err(already_modified(if self.plan.delete { "deleted" } else { "updated" })),
        }
    }

    /// The parts of the statement that come later are told.
    fn note_touched(&self, info: &TableInfo, rid: u64, writer: &Writer<'_>) -> Result<()> {
        if let Some(touched) = &self.ctx.touched {
            let key = key::row(info.storage_id(), rid);
            let row = writer.work.txn.get_newest(Keyspace::Rows, &key)?;
            touched.note(info.oid(), rid, row.as_deref().unwrap_or_default());
        }
        Ok(())
    }

    /// A key that is assigned what it is already keeps to the weaker lock. To triggers it
    /// counts as assigned.
    fn may_stay_weak(&self, member: &Member) -> bool {
        !self.plan.delete
            && member.info.triggers.is_none()
            && self.plan.assigned_keys(member).next().is_some()
    }

    /// The lock for an update of a row, as the named table has it, to these values.
    fn mode_for(&self, member: &Member, seen: &[Datum], new: &[Datum]) -> LockMode {
        let own = |(at, _): (usize, i16)| {
            let column = self.plan.assigned[at] as usize - 1;
            !seen[column].is_identical(&new[at])
        };
        mode_if(self.plan.assigned_keys(member).any(own))
    }

    /// As [`Run::mode_for`], of a row as its own table has it.
    fn mode_for_own(&self, member: &Member, old: &[Datum], new: &[Datum]) -> LockMode {
        let own = |(at, attnum): (usize, i16)| !old[attnum as usize - 1].is_identical(&new[at]);
        mode_if(self.plan.assigned_keys(member).any(own))
    }

    /// What the query gives for a row of the target in its newest version.
    async fn judge_again(
        &self,
        query: &Query,
        member: &Arc<Member>,
        (rid, now): (u64, &[u8]),
        reads: &Overlay,
        writer: &mut Writer<'_>,
    ) -> Result<Judged> {
        let key = key::row(member.info.storage_id(), rid);
        let found = reads.get(Keyspace::Rows, &key)?;
        let (Some(found), Some(column)) = (found, self.plan.rid) else {
            return Ok(Judged::Unknown);
        };
        let version = |row: &[u8]| recheck::Version::of(&member.info, Some(member), rid, row);
        let held = [Held { rid: column, found: version(&found)?, now: Some(version(now)?) }];
        let (params, work) = (self.params, &mut *writer.work);
        recheck::judge_again(query, &held, None, reads, params, work, self.ctx).await
    }

    async fn write(
        &mut self,
        writer: &mut Writer<'_>,
        member: &Arc<Member>,
        version: Version,
        values: Vec<Datum>,
        extra: &[Datum],
    ) -> Result<()> {
        if self.ctx.cancel.is_cancelled() {
            return Err(Error::query_canceled());
        }
        let info = &member.info;
        let Version { rid, xmin, values: old } = version;
        let (table, own) = (info.oid(), writer.transaction_id());
        let mut system = SystemColumns { table, rid, xmin, xmax: own };
        if self.plan.delete {
            if !part::delete(writer, &self.root, member, (rid, &old), "deleted").await? {
                return Ok(());
            }
            self.note_touched(info, rid, writer)?;
            self.count += 1;
            let old = as_parent(member, old);
            return self.returned.add(self.params, system, &old, extra, writer).await;
        }
        (system.xmin, system.xmax) = (own, 0);
        let mut new = old.clone();
        for (attnum, value) in self.plan.assigned.iter().zip(values) {
            let own = member.attnum(*attnum);
            let own = own.ok_or_else(|| Error::internal("a column is not inherited"))?;
            new[own as usize - 1] = value;
        }
        let mapped: Vec<i16>;
        let assigned = match &member.map {
            None => self.plan.assigned.as_slice(),
            Some(_) => {
                let own = self.plan.assigned.iter().filter_map(|attnum| member.attnum(*attnum));
                mapped = own.collect();
                mapped.as_slice()
            }
        };
        let changed = part::Changed { rid, old: &old, new, assigned, doing: "updated" };
        let policed = Policed { checks: &self.plan.policies.update, params: self.params };
        let written = part::update(writer, &self.root, member, changed, policed).await?;
        let Some(written) = written else { return Ok(()) };
        self.note_touched(info, rid, writer)?;
        let (table, rid) = (written.member.info.oid(), written.rid);
        let system = SystemColumns { table, rid, ..system };
        let row = as_parent(&written.member, written.row);
        self.plan.checks.test_row(&self.root, system, &row, self.params, writer).await?;
        self.count += 1;
        self.returned.add(self.params, system, &row, extra, writer).await
    }
}

fn mode_if(changes_key: bool) -> LockMode {
    if changes_key { LockMode::RowForUpdate } else { LockMode::RowNoKeyUpdate }
}

/// A member's row as the named table has it.
fn as_parent(member: &Member, row: Vec<Datum>) -> Vec<Datum> {
    match &member.map {
        Some(map) => map.to_parent(&row),
        None => row,
    }
}
