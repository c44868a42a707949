//! MERGE.
//!
//! The join of source and target is read through the statement's snapshot; for each
//! of its rows the first action whose condition holds is carried out. A target row is
//! locked only when it is changed. If it has changed since the snapshot, READ COMMITTED
//! judges it again with the newest version (`run::recheck`): where the join still gives it,
//! its actions are looked at from the first; else those of a row that matches nothing.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;

use super::Effect;
use super::row_value::RowValue;
use super::source::own_columns;
use super::view_check::{PolicyTests, RowChecks};
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{self, statement_expressions};
use crate::sql::ir::{
    ColumnId, Expr, ExprKind, Merge, MergeAction, MergeKind, OutputColumn, Query, Rel, Statement,
};
use crate::sql::run::recheck::{self, Held, Judged};
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;
use crate::storage::Value;
use crate::table::part::{self, Policed};
use crate::table::{Event, Family, LockedRow, TableInfo, Writer};
use crate::txn::{LockMode, Overlay, WaitPolicy};

/// How often a statement starts over because rows it matched have changed.
const RESTARTS_MAX: usize = 100;

/// What is done with a matched row, as errors say it.
const DOING: &str = "updated or deleted";

/// A compiled MERGE.
pub struct MergePlan {
    /// Gives the target row's table and identity, then the columns that the actions read.
    query: Query,
    actions: Vec<Action>,
    policies: PolicyTests,
    /// The target's identity column.
    rid: Option<ColumnId>,
    /// The tables that inherit from the target are changed, too.
    descendants: bool,
}

struct Action {
    matched: bool,
    condition: Option<RowValue>,
    kind: Kind,
}

enum Kind {
    Nothing,
    Delete,
    Update(Vec<(i16, RowValue)>),
    /// Positions and values, those of defaults among them.
    Insert(Vec<(usize, RowValue)>),
}

impl MergePlan {
    pub fn new(merge: &Merge, catalog: &Catalog) -> Result<MergePlan> {
        let columns = columns_read(merge);
        let query = source_query(merge, &columns)?;
        let slots: Vec<ColumnId> = columns.iter().map(|column| column.id).collect();
        let actions = merge
            .actions
            .iter()
            .map(|action| Action::new(action, &slots, catalog))
            .collect::<Result<_>>()?;
        let policies = PolicyTests::new(&merge.policies, catalog)?;
        let (rid, descendants) = (merge.target.rid, merge.target.descendants);
        Ok(MergePlan { query, actions, policies, rid, descendants })
    }

    pub async fn run(
        &self,
        relation: &Relation,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Effect> {
        let info = TableInfo::of(&work.catalog, relation.oid)?;
        for _ in 0..RESTARTS_MAX {
            let mark = work.txn.begin_statement();
            let state = work.table.clone();
            let family = match self.descendants {
                true => {
                    let pid = ctx.eval.settings.backend_pid;
                    Family::for_session(&work.catalog, info.oid(), pid)?
                }
                false => Arc::new(Family::only(info.clone())),
            };
            let (root, changed) = (info.clone(), HashSet::new());
            let mut run = Run { plan: self, root, family, params, ctx, count: 0, changed };
            if run.all(work).await? {
                return Ok(Effect { count: run.count, rows: Vec::new() });
            }
            work.txn.abort_statement(mark);
            work.table = state;
        }
        Err(Error::concurrent_update())
    }
}

impl Action {
    fn new(action: &MergeAction, slots: &[ColumnId], catalog: &Catalog) -> Result<Action> {
        let compile = |expr: &Expr| RowValue::new(expr, slots, catalog);
        let kind = match &action.kind {
            MergeKind::Nothing => Kind::Nothing,
            MergeKind::Delete => Kind::Delete,
            MergeKind::Update { assignments } => Kind::Update(
                assignments
                    .iter()
                    .map(|(attnum, expr)| Ok((*attnum, compile(expr)?)))
                    .collect::<Result<_>>()?,
            ),
            MergeKind::Insert { columns, values, defaults } => {
                let given = columns.iter().zip(values);
                let defaults = defaults.iter().map(|(attnum, expr)| (attnum, expr));
                Kind::Insert(
                    given
                        .chain(defaults)
                        .map(|(attnum, expr)| Ok((*attnum as usize - 1, compile(expr)?)))
                        .collect::<Result<_>>()?,
                )
            }
        };
        let condition = action.condition.as_ref().map(compile).transpose()?;
        Ok(Action { matched: action.matched, condition, kind })
    }
}

/// The columns of the input that the actions read.
fn columns_read(merge: &Merge) -> Vec<OutputColumn> {
    let mut read: HashSet<ColumnId> = HashSet::new();
    let statement = Statement::Merge(merge.clone());
    statement_expressions(&statement, &mut |expr| read.extend(visit::columns_of(expr)));
    visit::columns(&merge.input).into_iter().filter(|column| read.contains(&column.id)).collect()
}

fn source_query(merge: &Merge, columns: &[OutputColumn]) -> Result<Query> {
    let rid = merge.target.rid.ok_or_else(|| Error::internal("the target's rid is not read"))?;
    let int8 = SqlType::new(oid::INT8);
    let column = |id, ty, name: &str| OutputColumn { id, name: name.to_owned(), ty, origin: None };
    let read = |id, ty| Expr { kind: ExprKind::Column(id), ty, location: -1 };
    let mut fresh = own_columns();
    let table_type = SqlType::new(oid::OID);
    let table = match merge.target.tableoid().filter(|_| merge.target.descendants) {
        Some(id) => read(id, table_type),
        None => {
            let table = Datum::Oid(merge.target.relation.oid);
            Expr { kind: ExprKind::Const(table), ty: table_type, location: -1 }
        }
    };
    let mut exprs = vec![
        (column(fresh(), table_type, "tableoid"), table),
        (column(fresh(), int8, "rid"), read(rid, int8)),
    ];
    for source in columns {
        exprs.push((column(fresh(), source.ty, &source.name), read(source.id, source.ty)));
    }
    let output = exprs.iter().map(|(column, _)| column.clone()).collect();
    Ok(Query { rel: Rel::Project { input: Box::new(merge.input.clone()), exprs }, output })
}

/// What became of one row of the join.
enum Done {
    Done,
    /// Nothing yet: the target row is now this one, or is gone.
    Stale(Option<Value>),
}

/// One execution.
struct Run<'a> {
    plan: &'a MergePlan,
    /// The table that was named.
    root: Arc<TableInfo>,
    family: Arc<Family>,
    params: &'a [Datum],
    ctx: &'a StatementContext,
    count: u64,
    /// Rows that this command has updated or deleted.
    changed: HashSet<(Oid, u64)>,
}

impl Run<'_> {
    /// False if the statement has to start over.
    async fn all(&mut self, work: &mut Work) -> Result<bool> {
        let reads = self.ctx.overlay(work);
        let mut chunks = run::rows(&self.plan.query, self.params, work, self.ctx).await?;
        let mut writer = Writer::new(work, self.ctx);
        let mut events = self.statement_events();
        for (event, assigned) in &events {
            writer.before_statement(&self.root, *event, assigned)?;
        }
        while let Some(chunk) = self.ctx.lend_while(writer.work, chunks.next()).await {
            for row in chunk? {
                if self.ctx.cancel.is_cancelled() {
                    return Err(Error::query_canceled());
                }
                if !self.settle(row, &reads, &mut writer).await? {
                    return Ok(false);
                }
            }
        }
        events.reverse();
        for (event, assigned) in &events {
            writer.after_statement(&self.root, *event, assigned)?;
        }
        writer.finish().await.map(|()| true)
    }

    fn policed<'c>(&'c self, checks: &'c RowChecks) -> Policed<'c> {
        Policed { checks, params: self.params }
    }

    /// What the actions may do, with the columns they assign to: statement-level triggers
    /// fire for it.
    fn statement_events(&self) -> Vec<(Event, Vec<i16>)> {
        let mut events = Vec::new();
        if self.root.triggers.is_none() {
            return events;
        }
        let kinds = || self.plan.actions.iter().map(|action| &action.kind);
        if kinds().any(|kind| matches!(kind, Kind::Insert(_))) {
            events.push((Event::Insert, Vec::new()));
        }
        let mut assigned: Option<Vec<i16>> = None;
        for kind in kinds() {
            if let Kind::Update(values) = kind {
                let columns = values.iter().map(|(attnum, _)| *attnum);
                assigned.get_or_insert_default().extend(columns);
            }
        }
        events.extend(assigned.map(|assigned| (Event::Update, assigned)));
        if kinds().any(|kind| matches!(kind, Kind::Delete)) {
            events.push((Event::Delete, Vec::new()));
        }
        events
    }

    /// Does what is to be done with a row of the join, however its target row changes
    /// meanwhile; false if the statement has to start over.
    async fn settle(
        &mut self,
        mut row: Vec<Datum>,
        reads: &Overlay,
        writer: &mut Writer<'_>,
    ) -> Result<bool> {
        let mut known = None;
        loop {
            let target = match row[..2] {
                [Datum::Oid(table), Datum::Int8(rid)] => Some((table, rid as u64)),
                _ => None,
            };
            let done = self.one(target, &row[2..], known.as_ref(), writer).await?;
            let (Done::Stale(now), Some(target)) = (done, target) else { return Ok(true) };
            match self.judge_again(target, now.as_ref(), &row, reads, writer).await? {
                Judged::Row(again) => row = again,
                Judged::Gone => return Ok(true),
                Judged::Unknown => return Ok(false),
            }
            known = now;
        }
    }

    /// What the join gives for a row whose target row is another one by now.
    async fn judge_again(
        &self,
        (table, rid): (Oid, u64),
        now: Option<&Value>,
        row: &[Datum],
        reads: &Overlay,
        writer: &mut Writer<'_>,
    ) -> Result<Judged> {
        let Some(member) = self.family.member(table) else { return Ok(Judged::Unknown) };
        let key = crate::storage::key::row(member.info.storage_id(), rid);
        let found = reads.get(crate::txn::Keyspace::Rows, &key)?;
        let (Some(found), Some(column)) = (found, self.plan.rid) else {
            return Ok(Judged::Unknown);
        };
        let version = |row: &[u8]| recheck::Version::of(&member.info, Some(member), rid, row);
        let now = now.map(|now| version(now)).transpose()?;
        let held = [Held { rid: column, found: version(&found)?, now }];
        let (query, params, work) = (&self.plan.query, self.params, &mut *writer.work);
        recheck::judge_again(query, &held, Some(row), reads, params, work, self.ctx).await
    }

    /// Carries out the first action that applies to a row of the join; `known` is the
    /// version of its target row that it was judged by, if not the snapshot's.
    async fn one(
        &mut self,
        target: Option<(Oid, u64)>,
        row: &[Datum],
        known: Option<&Value>,
        writer: &mut Writer<'_>,
    ) -> Result<Done> {
        let plan = self.plan;
        for action in plan.actions.iter().filter(|action| action.matched == target.is_some()) {
            if let Some(condition) = &action.condition
                && !condition.is_true(row, self.params, writer.work, self.ctx).await?
            {
                continue;
            }
            return match (&action.kind, target) {
                (Kind::Insert(values), _) => self.insert(values, row, writer).await,
                (Kind::Delete, Some(target)) => {
                    self.change((target, known), None, row, writer).await
                }
                (Kind::Update(values), Some(target)) => {
                    self.change((target, known), Some(values), row, writer).await
                }
                _ => Ok(Done::Done),
            };
        }
        Ok(Done::Done)
    }

    async fn insert(
        &mut self,
        values: &[(usize, RowValue)],
        row: &[Datum],
        writer: &mut Writer<'_>,
    ) -> Result<Done> {
        let mut new = vec![Datum::Null; self.root.columns.len()];
        for (position, value) in values {
            new[*position] = value.eval(row, self.params, writer.work, self.ctx).await?;
        }
        let policed = self.policed(&self.plan.policies.insert);
        let written = part::insert(writer, &self.root, new, policed).await?;
        self.count += u64::from(written.is_some());
        Ok(Done::Done)
    }

    /// Updates or deletes a row.
    async fn change(
        &mut self,
        ((table, rid), known): ((Oid, u64), Option<&Value>),
        values: Option<&[(i16, RowValue)]>,
        row: &[Datum],
        writer: &mut Writer<'_>,
    ) -> Result<Done> {
        if self.changed.contains(&(table, rid)) {
            return Err(affected_twice());
        }
        let member = self.family.member(table).cloned();
        let member = member.ok_or_else(|| Error::internal("a row of another table"))?;
        let info = &member.info;
        let assigned = values.iter().flat_map(|values| values.iter());
        let assigned: Vec<i16> =
            assigned.filter_map(|(attnum, _)| member.attnum(*attnum)).collect();
        let mode = match values {
            None => LockMode::RowForUpdate,
            Some(_) => Writer::update_lock(info, assigned.iter().copied()),
        };
        let stored = match writer.lock_row(info, rid, mode, WaitPolicy::Wait).await? {
            LockedRow::Unchanged(stored) => stored,
            LockedRow::Changed(stored) if known == Some(&stored) => stored,
            LockedRow::Changed(stored) => return Ok(Done::Stale(Some(stored))),
            LockedRow::Gone | LockedRow::NotAvailable => return Ok(Done::Stale(None)),
        };
        let old = info.decode(&stored)?;
        let policies = &self.plan.policies;
        let there = match values {
            None => &policies.delete_target,
            Some(_) => &policies.update_target,
        };
        self.policed(there).test(writer, &self.root, &member, &old).await?;
        match values {
            None => {
                if !part::delete(writer, &self.root, &member, (rid, &old), DOING).await? {
                    return Ok(Done::Done);
                }
            }
            Some(values) => {
                let mut new = old.clone();
                for (attnum, value) in values {
                    let own = member.attnum(*attnum);
                    let own = own.ok_or_else(|| Error::internal("a column is not inherited"))?;
                    new[own as usize - 1] =
                        value.eval(row, self.params, writer.work, self.ctx).await?;
                }
                let changed =
                    part::Changed { rid, old: &old, new, assigned: &assigned, doing: DOING };
                let policed = self.policed(&policies.update);
                let Some(written) =
                    part::update(writer, &self.root, &member, changed, policed).await?
                else {
                    return Ok(Done::Done);
                };
                self.changed.insert((written.member.info.oid(), written.rid));
            }
        }
        self.changed.insert((table, rid));
        self.count += 1;
        Ok(Done::Done)
    }
}

fn affected_twice() -> Error {
    Error::new(sqlstate::CARDINALITY_VIOLATION, "MERGE command cannot affect row a second time")
        .with_hint("Ensure that not more than one source row matches any one target row.")
}
