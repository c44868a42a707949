//! UPDATE and DELETE.
//!
//! Each row is locked, read in its newest version, judged again if that changed
//! since the snapshot, and written. A row found through a join is taken once.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;

use super::Effect;
use super::returning::{Returned, ReturningPlan};
use super::source::{TargetRows, TargetScan, evaluated_row, own_columns, slots};
use super::view_check::{PolicyTests, RowChecks};
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{
    ColumnId, Delete, Expr, ExprKind, OutputColumn, Query, Rel, Returning, Scan, Update,
};
use crate::sql::plan::walk;
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::storage::{Value, row};
use crate::table::part::{self, Policed};
use crate::table::{
    Event, Family, LockedRow, Member, SystemColumns, TableInfo, Writer, already_modified,
};
use crate::txn::{LockMode, WaitPolicy};

/// How often a statement starts over because rows it joined have changed.
const RESTARTS_MAX: usize = 100;

/// A compiled UPDATE or DELETE.
pub struct ModifyPlan {
    /// Attribute numbers that are assigned; empty for DELETE.
    assigned: Vec<i16>,
    delete: bool,
    checks: RowChecks,
    policies: PolicyTests,
    source: Source,
    extra: Vec<ColumnId>,
    /// The tables that inherit from the target are changed, too.
    descendants: bool,
    /// The cursor whose row is meant.
    current_of: Option<String>,
}

enum Source {
    /// The target alone; new values are computed from its row.
    Target { scan: TargetScan, values: Vec<Evaluator> },
    /// A query that gives the table, the rid, the extra columns, and the new values.
    Query(Box<Query>),
}

impl ModifyPlan {
    pub fn update(update: &Update, catalog: &Catalog) -> Result<ModifyPlan> {
        let returning = update.returning.as_ref();
        let mut plan = ModifyPlan::new(
            &update.target,
            &update.input,
            &update.assignments,
            returning,
            catalog,
        )?;
        plan.checks = RowChecks::new(&update.checks, catalog)?;
        plan.policies = PolicyTests::new(&update.policies, catalog)?;
        plan.at_cursor(update.current_of.as_ref())?;
        Ok(plan)
    }

    pub fn delete(delete: &Delete, catalog: &Catalog) -> Result<ModifyPlan> {
        let returning = delete.returning.as_ref();
        let mut plan = ModifyPlan::new(&delete.target, &delete.input, &[], returning, catalog)?;
        plan.delete = true;
        plan.at_cursor(delete.current_of.as_ref())?;
        Ok(plan)
    }

    fn at_cursor(&mut self, cursor: Option<&String>) -> Result<()> {
        if cursor.is_some() && !self.is_fast() {
            return Err(Error::unsupported("WHERE CURRENT OF with other tables"));
        }
        self.current_of = cursor.cloned();
        Ok(())
    }

    fn new(
        target: &Scan,
        input: &Rel,
        assignments: &[(i16, Expr)],
        returning: Option<&Returning>,
        catalog: &Catalog,
    ) -> Result<ModifyPlan> {
        let extra = extra_columns(returning, input);
        let alone = match extra.is_empty() {
            true => TargetScan::new(target, input, catalog)?,
            false => None,
        };
        let slots = slots(target);
        let values: Result<Vec<Evaluator>> =
            assignments.iter().map(|(_, e)| Evaluator::compile(e, &slots, catalog)).collect();
        let source = match (alone, values) {
            (Some(scan), Ok(values)) => Source::Target { scan, values },
            _ => Source::Query(Box::new(source_query(target, input, assignments, &extra)?)),
        };
        Ok(ModifyPlan {
            assigned: assignments.iter().map(|(attnum, _)| *attnum).collect(),
            delete: false,
            checks: RowChecks::default(),
            policies: PolicyTests::default(),
            source,
            extra: extra.into_iter().map(|column| column.id).collect(),
            descendants: target.descendants,
            current_of: None,
        })
    }

    pub fn is_fast(&self) -> bool {
        matches!(self.source, Source::Target { .. })
    }

    pub fn verb(&self) -> &'static str {
        if self.delete { "DELETE" } else { "UPDATE" }
    }

    fn event(&self) -> Event {
        if self.delete { Event::Delete } else { Event::Update }
    }

    /// Columns of other relations that RETURNING reads.
    pub fn extra_columns(&self) -> &[ColumnId] {
        &self.extra
    }

    fn lock_mode(&self, member: &Member) -> LockMode {
        match self.delete {
            true => LockMode::RowForUpdate,
            false => {
                let assigned = self.assigned.iter().filter_map(|attnum| member.attnum(*attnum));
                Writer::update_lock(&member.info, assigned)
            }
        }
    }

    /// The tables whose rows may be changed.
    fn family(&self, info: &Arc<TableInfo>, work: &Work) -> Result<Arc<Family>> {
        match self.descendants {
            true => Family::of(&work.catalog, info.oid()),
            // A partitioned table has no rows of its own.
            false => Ok(Arc::new(Family::only(info.clone()))),
        }
    }

    pub async fn run(
        &self,
        relation: &Relation,
        returning: Option<&ReturningPlan>,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Effect> {
        let info = TableInfo::of(&work.catalog, relation.oid)?;
        match &self.source {
            Source::Target { scan, values } => {
                let family = self.family(&info, work)?;
                let mut run = Run {
                    plan: self,
                    root: info,
                    family,
                    params,
                    ctx,
                    returned: Returned::new(returning, ctx),
                    count: 0,
                };
                run.target(scan, values, work).await?;
                Ok(run.effect())
            }
            Source::Query(query) => self.run_query(info, query, returning, params, work, ctx).await,
        }
    }

    /// Runs a joined statement, again from the start when a row it found has
    /// changed since its snapshot.
    async fn run_query(
        &self,
        info: Arc<TableInfo>,
        query: &Query,
        returning: Option<&ReturningPlan>,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Effect> {
        for _ in 0..RESTARTS_MAX {
            let mark = work.txn.begin_statement();
            let state = work.table.clone();
            let returned = Returned::new(returning, ctx);
            let (root, family) = (info.clone(), self.family(&info, work)?);
            let mut run = Run { plan: self, root, family, params, ctx, returned, count: 0 };
            if run.query(query, work).await? {
                return Ok(run.effect());
            }
            work.txn.abort_statement(mark);
            work.table = state;
        }
        Err(Error::concurrent_update())
    }
}

/// The columns of `input` that RETURNING reads beside the target's row.
pub(super) fn extra_columns(returning: Option<&Returning>, input: &Rel) -> Vec<OutputColumn> {
    let Some(returning) = returning else { return Vec::new() };
    let own: HashSet<ColumnId> = returning.row.iter().map(|(_, column)| column.id).collect();
    let mut read: HashSet<ColumnId> = HashSet::new();
    for (_, expr) in &returning.exprs {
        read.extend(walk::columns_read(expr));
    }
    let produced = visit::columns(input).into_iter();
    produced.filter(|c| read.contains(&c.id) && !own.contains(&c.id)).collect()
}

/// The query behind a statement that needs a plan.
fn source_query(
    target: &Scan,
    input: &Rel,
    assignments: &[(i16, Expr)],
    extra: &[OutputColumn],
) -> Result<Query> {
    let rid = target.rid.ok_or_else(|| Error::internal("the target's rid is not read"))?;
    let int8 = SqlType::new(oid::INT8);
    let column = |id, ty, name: &str| OutputColumn { id, name: name.to_owned(), ty, origin: None };
    let read = |id, ty| Expr { kind: ExprKind::Column(id), ty, location: -1 };
    let mut fresh = own_columns();
    let table = match target.tableoid().filter(|_| target.descendants) {
        Some(id) => read(id, SqlType::new(oid::OID)),
        None => Expr {
            kind: ExprKind::Const(Datum::Oid(target.relation.oid)),
            ty: SqlType::new(oid::OID),
            location: -1,
        },
    };
    let mut exprs = vec![
        (column(fresh(), table.ty, "tableoid"), table),
        (column(fresh(), int8, "rid"), read(rid, int8)),
    ];
    for source in extra {
        exprs.push((column(fresh(), source.ty, &source.name), read(source.id, source.ty)));
    }
    for (_, expr) in assignments {
        exprs.push((column(fresh(), expr.ty, "value"), expr.clone()));
    }
    let output = exprs.iter().map(|(column, _)| column.clone()).collect();
    // CTEs stay on top, where those that change rows are run.
    let rel = match input {
        Rel::With { ctes, body } => {
            let body = Box::new(Rel::Project { input: body.clone(), exprs });
            Rel::With { ctes: ctes.clone(), body }
        }
        input => Rel::Project { input: Box::new(input.clone()), exprs },
    };
    Ok(Query { rel, output })
}

/// The version of a row that is updated or deleted, under its lock.
struct Version {
    rid: u64,
    xmin: u32,
    /// As its table has it.
    values: Vec<Datum>,
}

/// One execution.
struct Run<'a> {
    plan: &'a ModifyPlan,
    /// The table that was named.
    root: Arc<TableInfo>,
    family: Arc<Family>,
    params: &'a [Datum],
    ctx: &'a StatementContext,
    returned: Returned<'a>,
    count: u64,
}

impl Run<'_> {
    fn effect(self) -> Effect {
        Effect { count: self.count, rows: self.returned.rows }
    }

    async fn target(
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
            let key = crate::storage::key::row(member.info.storage_id(), rid);
            let row = writer.work.txn.overlay().get(crate::txn::Keyspace::Rows, &key)?;
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
        let fires = info.triggers.is_some();
        while let Some((rid, read)) = ctx.lend_while(writer.work, rows.next()).await? {
            let (row, changed) = match writer.lock_row(info, rid, mode, WaitPolicy::Wait).await? {
                LockedRow::Unchanged(row) => (row, false),
                LockedRow::Changed(row) => (row, true),
                LockedRow::Gone | LockedRow::NotAvailable => continue,
            };
            if !changed && fires && row[..] != read[..] {
                return Err(already_modified("updated"));
            }
            let seen = evaluated_row(member, rid, &row)?;
            let new = writer.lend(|| {
                if changed && !scan.matches(&ctx.eval, params, &seen)? {
                    return Ok(None);
                }
                let value = |value: &Evaluator| value.eval(&ctx.eval, params, &seen);
                values.iter().map(value).collect::<Result<Vec<Datum>>>().map(Some)
            })?;
            let Some(new) = new else { continue };
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
    async fn query(&mut self, query: &Query, work: &mut Work) -> Result<bool> {
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
                let mode = self.plan.lock_mode(&member);
                let locked = writer.lock_row(&member.info, rid, mode, WaitPolicy::Wait).await?;
                let row: Value = match locked {
                    LockedRow::Unchanged(row) => row,
                    LockedRow::Changed(_) => return Ok(false),
                    LockedRow::Gone | LockedRow::NotAvailable => continue,
                };
                let old = member.info.decode(&row)?;
                let new = values.split_off(2 + self.plan.extra.len());
                let version = Version { rid, xmin: row::writer(&row), values: old };
                self.write(&mut writer, &member, version, new, &values[2..]).await?;
            }
        }
        writer.after_statement(&root, event, &self.plan.assigned)?;
        writer.finish().await.map(|()| true)
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
        let (table, rid) = (written.member.info.oid(), written.rid);
        let system = SystemColumns { table, rid, ..system };
        let row = as_parent(&written.member, written.row);
        self.plan.checks.test_row(&self.root, system, &row, self.params, writer).await?;
        self.count += 1;
        self.returned.add(self.params, system, &row, extra, writer).await
    }
}

/// A member's row as the named table has it.
fn as_parent(member: &Member, row: Vec<Datum>) -> Vec<Datum> {
    match &member.map {
        Some(map) => map.to_parent(&row),
        None => row,
    }
}
