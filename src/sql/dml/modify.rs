//! UPDATE and DELETE.
//!
//! Each row is locked, read in its newest version, judged again if that changed
//! since the snapshot, and written. A row found through a join is taken once.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;

use super::Effect;
use super::returning::{Returned, ReturningPlan};
use super::source::{TargetScan, evaluated_row, slots};
use super::view_check::ViewChecks;
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{
    ColumnId, Delete, Expr, ExprKind, OutputColumn, Query, Rel, Returning, Scan, Update,
};
use crate::sql::plan::walk;
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::{Datum, SqlType, oid};
use crate::storage::{Value, row};
use crate::table::{Event, LockedRow, SystemColumns, TableInfo, Writer};
use crate::txn::{LockMode, WaitPolicy};

/// How often a statement starts over because rows it joined have changed.
const RESTARTS_MAX: usize = 100;

/// A compiled UPDATE or DELETE.
pub struct ModifyPlan {
    /// Attribute numbers that are assigned; empty for DELETE.
    assigned: Vec<i16>,
    delete: bool,
    checks: ViewChecks,
    source: Source,
    extra: Vec<ColumnId>,
}

enum Source {
    /// The target alone; new values are computed from its row.
    Target { scan: TargetScan, values: Vec<Evaluator> },
    /// A query that gives the rid, the extra columns, and the new values.
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
        plan.checks = ViewChecks::new(&update.checks, catalog)?;
        Ok(plan)
    }

    pub fn delete(delete: &Delete, catalog: &Catalog) -> Result<ModifyPlan> {
        let returning = delete.returning.as_ref();
        let mut plan = ModifyPlan::new(&delete.target, &delete.input, &[], returning, catalog)?;
        plan.delete = true;
        Ok(plan)
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
            checks: ViewChecks::new(&[], catalog)?,
            source,
            extra: extra.into_iter().map(|column| column.id).collect(),
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

    fn lock_mode(&self, info: &TableInfo) -> LockMode {
        match self.delete {
            true => LockMode::RowForUpdate,
            false => Writer::update_lock(info, self.assigned.iter().copied()),
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
                let mut run = Run {
                    plan: self,
                    info,
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
            let mut run = Run { plan: self, info: info.clone(), params, ctx, returned, count: 0 };
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
fn extra_columns(returning: Option<&Returning>, input: &Rel) -> Vec<OutputColumn> {
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
    // Counted down from the top, so as not to meet the binder's ids.
    let mut next = u32::MAX;
    let mut fresh = || {
        next -= 1;
        ColumnId(next)
    };
    let mut exprs = vec![(column(fresh(), int8, "rid"), read(rid, int8))];
    for source in extra {
        exprs.push((column(fresh(), source.ty, &source.name), read(source.id, source.ty)));
    }
    for (_, expr) in assignments {
        exprs.push((column(fresh(), expr.ty, "value"), expr.clone()));
    }
    let output = exprs.iter().map(|(column, _)| column.clone()).collect();
    Ok(Query { rel: Rel::Project { input: Box::new(input.clone()), exprs }, output })
}

/// The version of a row that is updated or deleted, as evaluators see it.
struct Version {
    rid: u64,
    xmin: u32,
    values: Vec<Datum>,
}

/// One execution.
struct Run<'a> {
    plan: &'a ModifyPlan,
    info: Arc<TableInfo>,
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
        let (ctx, overlay) = (self.ctx, work.txn.overlay());
        let mut rows = ctx.lend(work, || scan.open(&self.info, overlay, self.params, ctx))?;
        let mode = self.plan.lock_mode(&self.info);
        let info = self.info.clone();
        let mut writer = Writer::new(work, self.ctx);
        let event = self.plan.event();
        writer.before_statement(&info, event, &self.plan.assigned)?;
        while let Some((rid, _)) = ctx.lend_while(writer.work, rows.next()).await? {
            let (row, changed) = match writer.lock_row(&info, rid, mode, WaitPolicy::Wait).await? {
                LockedRow::Unchanged(row) => (row, false),
                LockedRow::Changed(row) => (row, true),
                LockedRow::Gone | LockedRow::NotAvailable => continue,
            };
            let old = evaluated_row(&info, rid, &row)?;
            let params = self.params;
            let new = writer.lend(|| {
                if changed && !scan.matches(&ctx.eval, params, &old)? {
                    return Ok(None);
                }
                let value = |value: &Evaluator| value.eval(&ctx.eval, params, &old);
                values.iter().map(value).collect::<Result<Vec<Datum>>>().map(Some)
            })?;
            let Some(new) = new else { continue };
            let version = Version { rid, xmin: row::writer(&row), values: old };
            self.write(&mut writer, version, new, &[]).await?;
        }
        writer.after_statement(&info, event, &self.plan.assigned)?;
        writer.finish().await
    }

    /// False if the statement has to start over.
    async fn query(&mut self, query: &Query, work: &mut Work) -> Result<bool> {
        let mut chunks = run::rows(query, self.params, work, self.ctx).await?;
        let mode = self.plan.lock_mode(&self.info);
        let info = self.info.clone();
        let mut writer = Writer::new(work, self.ctx);
        let event = self.plan.event();
        writer.before_statement(&info, event, &self.plan.assigned)?;
        let mut taken: HashSet<u64> = HashSet::new();
        while let Some(chunk) = self.ctx.lend_while(writer.work, chunks.next()).await {
            for mut values in chunk? {
                let Some(Datum::Int8(rid)) = values.first() else { continue };
                let rid = *rid as u64;
                if !taken.insert(rid) {
                    continue;
                }
                let row: Value = match writer.lock_row(&info, rid, mode, WaitPolicy::Wait).await? {
                    LockedRow::Unchanged(row) => row,
                    LockedRow::Changed(_) => return Ok(false),
                    LockedRow::Gone | LockedRow::NotAvailable => continue,
                };
                let old = evaluated_row(&info, rid, &row)?;
                let new = values.split_off(1 + self.plan.extra.len());
                let version = Version { rid, xmin: row::writer(&row), values: old };
                self.write(&mut writer, version, new, &values[1..]).await?;
            }
        }
        writer.after_statement(&info, event, &self.plan.assigned)?;
        writer.finish().await.map(|()| true)
    }

    async fn write(
        &mut self,
        writer: &mut Writer<'_>,
        version: Version,
        values: Vec<Datum>,
        extra: &[Datum],
    ) -> Result<()> {
        if self.ctx.cancel.is_cancelled() {
            return Err(Error::query_canceled());
        }
        let Version { rid, xmin, values: mut old } = version;
        old.truncate(self.info.columns.len());
        let (table, own) = (self.info.oid(), writer.transaction_id());
        let mut system = SystemColumns { table, rid, xmin, xmax: own };
        let row = if self.plan.delete {
            if !writer.delete_firing(&self.info, rid, &old).await? {
                return Ok(());
            }
            old
        } else {
            (system.xmin, system.xmax) = (own, 0);
            let mut new = old.clone();
            for (attnum, value) in self.plan.assigned.iter().zip(values) {
                new[*attnum as usize - 1] = value;
            }
            let assigned = &self.plan.assigned;
            let updated = writer.update_firing(&self.info, rid, &old, new, assigned).await?;
            let Some(row) = updated else { return Ok(()) };
            self.plan.checks.test(&self.info, system, &row, self.params, writer).await?;
            row
        };
        self.count += 1;
        self.returned.add(self.params, system, &row, extra, writer).await
    }
}
