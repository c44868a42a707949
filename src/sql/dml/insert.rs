//! INSERT, with ON CONFLICT.
//!
//! VALUES are evaluated in place; any other source is a query. A row is completed
//! with defaults, then either inserted or, with ON CONFLICT, first looked for
//! under the lock of (index, key), so that of two sessions one inserts and the
//! other finds the row.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;

use super::Effect;
use super::returning::{Returned, ReturningPlan};
use super::row_value::RowValue;
use super::view_check::{PolicyTests, RowChecks};
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::ir::{self, ColumnId, ConflictAction, Expr, Insert, OutputColumn, Query, Rel};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::table::family::to_parent;
use crate::table::part::{self, Policed};
use crate::table::{Conflict, Event, Member, SystemColumns, TableInfo, Writer};
use crate::txn::{Isolation, Keyspace, LockMode};

/// Rows after which other clients have their turn at the thread.
const ROWS_PER_TURN: u64 = 256;

/// A compiled INSERT.
pub struct InsertPlan {
    source: Source,
    /// Positions that the source's columns go to.
    positions: Vec<usize>,
    defaults: Vec<(usize, Evaluator)>,
    on_conflict: Option<OnConflict>,
    checks: RowChecks,
    policies: PolicyTests,
}

enum Source {
    Values(Vec<Vec<Evaluator>>),
    Query(Box<Query>),
}

struct OnConflict {
    arbiters: Vec<Oid>,
    update: Option<ConflictUpdate>,
}

/// DO UPDATE; expressions see the target's columns, its rid, then `excluded`.
struct ConflictUpdate {
    target: Vec<i16>,
    excluded: Vec<i16>,
    assignments: Vec<(i16, RowValue)>,
    condition: Option<RowValue>,
}

impl InsertPlan {
    pub fn new(insert: &Insert, catalog: &Catalog) -> Result<InsertPlan> {
        let values = values_of(&insert.source);
        let rows: Option<Vec<Vec<Evaluator>>> = values.and_then(|rows| {
            let compile = |expr: &&Expr| Evaluator::compile(expr, &[], catalog).ok();
            rows.iter().map(|row| row.iter().map(compile).collect()).collect()
        });
        let source = match rows {
            Some(rows) => Source::Values(rows),
            None => Source::Query(Box::new(insert.source.clone())),
        };
        let defaults = insert
            .defaults
            .iter()
            .map(|(attnum, expr)| {
                Ok((*attnum as usize - 1, Evaluator::compile(expr, &[], catalog)?))
            })
            .collect::<Result<Vec<_>>>()?;
        let on_conflict = insert
            .on_conflict
            .as_ref()
            .map(|on_conflict| OnConflict::new(on_conflict, catalog))
            .transpose()?;
        let positions = insert.columns.iter().map(|attnum| *attnum as usize - 1).collect();
        let checks = RowChecks::new(&insert.checks, catalog)?;
        let policies = PolicyTests::new(&insert.policies, catalog)?;
        Ok(InsertPlan { source, positions, defaults, on_conflict, checks, policies })
    }

    pub fn is_fast(&self) -> bool {
        matches!(self.source, Source::Values(_))
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
        let returned = Returned::new(returning, ctx);
        let own = Arc::new(Member { info: info.clone(), map: None, proof: None });
        let touched = HashSet::new();
        let mut run = Run { plan: self, info, own, params, ctx, returned, count: 0, touched };
        match &self.source {
            Source::Values(rows) => {
                let mut writer = Writer::new(work, ctx);
                run.begin(&mut writer)?;
                for exprs in rows {
                    let evaluate = |expr: &Evaluator| expr.eval(&ctx.eval, params, &[]);
                    let values =
                        writer.lend(|| exprs.iter().map(evaluate).collect::<Result<Vec<_>>>())?;
                    run.insert(&mut writer, values).await?;
                }
                run.end(&mut writer)?;
                writer.finish().await?;
            }
            Source::Query(query) => {
                let mut writer = Writer::new(work, ctx);
                run.begin(&mut writer)?;
                let mut chunks = run::rows(query, params, work, ctx).await?;
                let mut writer = Writer::new(work, ctx);
                while let Some(chunk) = ctx.lend_while(writer.work, chunks.next()).await {
                    for values in chunk? {
                        run.insert(&mut writer, values).await?;
                    }
                }
                run.end(&mut writer)?;
                writer.finish().await?;
            }
        }
        Ok(Effect { count: run.count, rows: run.returned.rows })
    }
}

/// The rows of a source that is nothing but expressions.
fn values_of(query: &Query) -> Option<Vec<Vec<&Expr>>> {
    let pick = |columns: Vec<ColumnId>, row: Vec<&'_ Expr>| -> Option<Vec<usize>> {
        debug_assert_eq!(columns.len(), row.len());
        query.output.iter().map(|wanted| columns.iter().position(|id| *id == wanted.id)).collect()
    };
    match &query.rel {
        Rel::Values { columns, rows } => {
            let ids: Vec<ColumnId> =
                columns.iter().map(|column: &OutputColumn| column.id).collect();
            rows.iter()
                .map(|row| {
                    let order = pick(ids.clone(), row.iter().collect())?;
                    Some(order.into_iter().map(|at| &row[at]).collect())
                })
                .collect()
        }
        Rel::Project { input, exprs } if matches!(**input, Rel::OneRow) => {
            let ids: Vec<ColumnId> = exprs.iter().map(|(column, _)| column.id).collect();
            let order = pick(ids, exprs.iter().map(|(_, expr)| expr).collect())?;
            Some(vec![order.into_iter().map(|at| &exprs[at].1).collect()])
        }
        _ => None,
    }
}

impl OnConflict {
    fn new(on_conflict: &ir::OnConflict, catalog: &Catalog) -> Result<OnConflict> {
        let update = match &on_conflict.action {
            ConflictAction::Nothing => None,
            ConflictAction::Update { target, excluded, assignments, condition } => {
                let mut slots: Vec<ColumnId> =
                    target.columns.iter().map(|(_, column)| column.id).collect();
                slots.extend(excluded.iter().map(|(_, column)| column.id));
                let compile = |expr: &Expr| RowValue::new(expr, &slots, catalog);
                Some(ConflictUpdate {
                    target: target.columns.iter().map(|(attnum, _)| *attnum).collect(),
                    excluded: excluded.iter().map(|(attnum, _)| *attnum).collect(),
                    assignments: assignments
                        .iter()
                        .map(|(attnum, expr)| Ok((*attnum, compile(expr)?)))
                        .collect::<Result<Vec<_>>>()?,
                    condition: condition.as_ref().map(compile).transpose()?,
                })
            }
        };
        Ok(OnConflict { arbiters: on_conflict.arbiters.clone(), update })
    }
}

/// One execution.
struct Run<'a> {
    plan: &'a InsertPlan,
    info: Arc<TableInfo>,
    /// The same, as where rows go that have no partition to go to.
    own: Arc<Member>,
    params: &'a [Datum],
    ctx: &'a StatementContext,
    returned: Returned<'a>,
    count: u64,
    /// Rows that this command has inserted or updated, kept for DO UPDATE only.
    touched: HashSet<(Oid, u64)>,
}

impl Run<'_> {
    /// The columns that DO UPDATE assigns to, if there is one.
    fn assigned(&self) -> Option<Vec<i16>> {
        let update = self.plan.on_conflict.as_ref()?.update.as_ref()?;
        Some(update.assignments.iter().map(|(attnum, _)| *attnum).collect())
    }

    fn policed(&self) -> Policed<'_> {
        Policed { checks: &self.plan.policies.insert, params: self.params }
    }

    /// Statement-level triggers, those of DO UPDATE included.
    fn begin(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.info.triggers.is_none() {
            return Ok(());
        }
        writer.before_statement(&self.info, Event::Insert, &[])?;
        match self.assigned() {
            Some(assigned) => writer.before_statement(&self.info, Event::Update, &assigned),
            None => Ok(()),
        }
    }

    fn end(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.info.triggers.is_none() {
            return Ok(());
        }
        if let Some(assigned) = self.assigned() {
            writer.after_statement(&self.info, Event::Update, &assigned)?;
        }
        writer.after_statement(&self.info, Event::Insert, &[])
    }

    /// Completes one row of the source and puts it where it belongs.
    async fn insert(&mut self, writer: &mut Writer<'_>, values: Vec<Datum>) -> Result<()> {
        if self.ctx.cancel.is_cancelled() {
            return Err(Error::query_canceled());
        }
        if self.count % ROWS_PER_TURN == ROWS_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
        let mut row = vec![Datum::Null; self.info.columns.len()];
        for (position, value) in self.plan.positions.iter().zip(values) {
            row[*position] = value;
        }
        let (defaults, ctx, params) = (&self.plan.defaults, self.ctx, self.params);
        writer.lend(|| {
            for (position, default) in defaults {
                row[*position] = default.eval(&ctx.eval, params, &[])?;
            }
            Ok(())
        })?;
        if self.info.relation.is_partitioned() {
            return self.insert_routed(writer, row).await;
        }
        let member = self.own.clone();
        let info = self.info.clone();
        let fires = info.triggers.is_some();
        if fires {
            match writer.before_row(&info, Event::Insert, None, Some(row), &[])? {
                Some(changed) => row = changed,
                None => return Ok(()),
            }
        }
        let policed = self.policed();
        if !policed.checks.is_empty() {
            writer.generate(&info, &mut row)?;
            policed.test(writer, &info, &member, &row).await?;
        }
        if let Some(on_conflict) = &self.plan.on_conflict {
            writer.complete(&info, &mut row)?;
            let mode = on_conflict.lock_mode(&member);
            let arbiters = &on_conflict.arbiters;
            let mark = writer.work.txn.lock_mark();
            if let Some(conflict) = writer.find_conflict(&info, arbiters, &row, mode).await? {
                on_conflict.release(writer, mark);
                return self.conflict(writer, on_conflict, &member, conflict, &row).await;
            }
        }
        let (rid, row) = writer.insert(&info, row).await?;
        if fires {
            writer.after_row(&info, Event::Insert, None, Some(&row), &[])?;
        }
        self.done(writer, (info.oid(), rid), &row).await
    }

    /// Puts a row of a partitioned table into its partition.
    async fn insert_routed(&mut self, writer: &mut Writer<'_>, row: Vec<Datum>) -> Result<()> {
        let root = self.info.clone();
        let (member, mut row) = writer.route(&root, row)?;
        let info = &member.info;
        let Some(on_conflict) = &self.plan.on_conflict else {
            let policed = self.policed();
            let written = part::insert_routed(writer, &root, &member, row, policed).await?;
            let Some((rid, row)) = written else { return Ok(()) };
            let row = to_parent(member.map.as_ref(), &row);
            return self.done(writer, (info.oid(), rid), &row).await;
        };
        match writer.before_row(info, Event::Insert, None, Some(row), &[])? {
            Some(changed) => row = changed,
            None => return Ok(()),
        }
        let policed = self.policed();
        if !policed.checks.is_empty() {
            writer.generate(info, &mut row)?;
            policed.test(writer, &root, &member, &row).await?;
        }
        writer.complete(info, &mut row)?;
        let mode = on_conflict.lock_mode(&member);
        let arbiters = on_conflict.arbiters_of(&member, writer);
        let mark = writer.work.txn.lock_mark();
        if let Some(conflict) = writer.find_conflict(info, &arbiters, &row, mode).await? {
            on_conflict.release(writer, mark);
            let proposed = to_parent(member.map.as_ref(), &row);
            return self.conflict(writer, on_conflict, &member, conflict, &proposed).await;
        }
        let (rid, row) = writer.insert(info, row).await?;
        writer.after_row(info, Event::Insert, None, Some(&row), &[])?;
        writer.capture(&root, &member, Event::Insert, None, Some(&row))?;
        let row = to_parent(member.map.as_ref(), &row);
        self.done(writer, (info.oid(), rid), &row).await
    }

    /// `row` is as the named table has it.
    async fn done(
        &mut self,
        writer: &mut Writer<'_>,
        (table, rid): (Oid, u64),
        row: &[Datum],
    ) -> Result<()> {
        self.count += 1;
        if self.plan.on_conflict.as_ref().is_some_and(|c| c.update.is_some()) {
            self.touched.insert((table, rid));
        }
        let xmin = writer.transaction_id();
        let system = SystemColumns { table, rid, xmin, xmax: 0 };
        self.plan.checks.test_row(&self.info, system, row, self.params, writer).await?;
        self.returned.add(self.params, system, row, &[], writer).await
    }

    async fn conflict(
        &mut self,
        writer: &mut Writer<'_>,
        on_conflict: &OnConflict,
        member: &Arc<Member>,
        conflict: Conflict,
        proposed: &[Datum],
    ) -> Result<()> {
        let info = &member.info;
        let row_key = crate::storage::key::row(info.storage_id(), conflict.rid);
        let txn = &writer.work.txn;
        let unseen = !txn.has_written(Keyspace::Rows, &row_key)?
            && txn.changed_since_snapshot(&conflict.row);
        if unseen && txn.isolation() != Isolation::ReadCommitted {
            return Err(Error::concurrent_update());
        }
        let Some(update) = &on_conflict.update else { return Ok(()) };
        if self.touched.contains(&(info.oid(), conflict.rid)) {
            return Err(affected_twice());
        }
        let old = info.decode(&conflict.row)?;
        let xmin = crate::storage::row::writer(&conflict.row);
        let system = SystemColumns { table: info.oid(), rid: conflict.rid, xmin, xmax: 0 };
        let seen = update.row(system, &to_parent(member.map.as_ref(), &old), proposed)?;
        if let Some(condition) = &update.condition
            && !condition.is_true(&seen, self.params, writer.work, self.ctx).await?
        {
            return Ok(());
        }
        let policies = &self.plan.policies;
        let there = Policed { checks: &policies.update_target, params: self.params };
        there.test(writer, &self.info, member, &old).await?;
        let mut new = old.clone();
        let mut assigned = Vec::with_capacity(update.assignments.len());
        for (attnum, value) in &update.assignments {
            let own = member.attnum(*attnum);
            let own = own.ok_or_else(|| Error::internal("a column is not inherited"))?;
            assigned.push(own);
            new[own as usize - 1] = value.eval(&seen, self.params, writer.work, self.ctx).await?;
        }
        let is_part = info.is_partition() && self.info.relation.is_partitioned();
        if is_part && !writer.belongs(info, &new)? {
            return Err(moved());
        }
        let policed = Policed { checks: &policies.update, params: self.params };
        let new = match policed.checks.is_empty() {
            true => {
                let new = writer.update_firing(info, conflict.rid, &old, new, &assigned).await?;
                if let Some(new) = &new {
                    writer.capture(&self.info, member, Event::Update, Some(&old), Some(new))?;
                }
                new
            }
            false => {
                let changed = part::Changed {
                    rid: conflict.rid,
                    old: &old,
                    new,
                    assigned: &assigned,
                    doing: "updated",
                };
                let written = part::update(writer, &self.info, member, changed, policed).await?;
                written.map(|written| written.row)
            }
        };
        let Some(new) = new else { return Ok(()) };
        let new = to_parent(member.map.as_ref(), &new);
        self.done(writer, (info.oid(), conflict.rid), &new).await
    }
}

/// A row that DO UPDATE would make another partition's.
fn moved() -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "invalid ON UPDATE specification").with_detail(
        "The result tuple would appear in a different partition than the original tuple.",
    )
}

impl OnConflict {
    fn lock_mode(&self, member: &Member) -> LockMode {
        match &self.update {
            // Only waits for those who delete the row or change its key.
            None => LockMode::RowKeyShare,
            Some(update) => {
                let assigned = update.assignments.iter();
                let assigned = assigned.filter_map(|(attnum, _)| member.attnum(*attnum));
                Writer::update_lock(&member.info, assigned)
            }
        }
    }

    /// DO NOTHING has only waited to see the row that is in the way, and lets go of it.
    fn release(&self, writer: &mut Writer<'_>, mark: usize) {
        if self.update.is_none() {
            writer.work.txn.release_locks_since(mark);
        }
    }

    /// The arbiters of a partitioned table are those of its partitions.
    fn arbiters_of(&self, member: &Member, writer: &Writer<'_>) -> Vec<Oid> {
        let catalog = &writer.work.catalog;
        let below: Vec<Oid> =
            self.arbiters.iter().flat_map(|index| catalog.with_descendants(*index)).collect();
        let own = member.info.indexes.iter().map(|index| index.oid());
        own.filter(|index| below.contains(index)).collect()
    }
}

impl ConflictUpdate {
    /// What the expressions see; the proposed row is no stored version.
    fn row(&self, system: SystemColumns, old: &[Datum], proposed: &[Datum]) -> Result<Vec<Datum>> {
        let unstored = SystemColumns { rid: 0, xmin: 0, ..system };
        let target = self.target.iter().map(|attnum| system.value(*attnum, old));
        let excluded = self.excluded.iter().map(|attnum| unstored.value(*attnum, proposed));
        target.chain(excluded).collect()
    }
}

fn affected_twice() -> Error {
    Error::new(
        sqlstate::CARDINALITY_VIOLATION,
        "ON CONFLICT DO UPDATE command cannot affect row a second time",
    )
    .with_hint(
        "Ensure that no rows proposed for insertion within the same command have duplicate \
         constrained values.",
    )
}
