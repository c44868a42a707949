//! UPDATE and DELETE.
//!
//! Each row is locked, read in its newest version, judged again if that changed
//! since the snapshot, and written. A row found through a join is taken once.

mod run;

use std::collections::HashSet;
use std::sync::Arc;

use super::Effect;
use super::returning::{Returned, ReturningPlan};
use super::source::{TargetScan, own_columns, slots};
use super::view_check::{PolicyTests, RowChecks};
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{
    ColumnId, Delete, Expr, ExprKind, OutputColumn, Query, Rel, Returning, Scan, Update,
};
use crate::sql::plan::walk;
use crate::sql::run::eval::Evaluator;
use crate::sql::run::work::Touched;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, SqlType, oid};
use crate::table::{Event, Family, Member, TableInfo, Writer};
use crate::txn::LockMode;

use run::Run;

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
    /// The target's identity column.
    rid: Option<ColumnId>,
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
            rid: target.rid,
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

    /// The columns of a member that are assigned and may be referred to, by their place
    /// among the assigned ones.
    fn assigned_keys<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = (usize, i16)> + 'a {
        let assigned = self.assigned.iter().enumerate();
        assigned.filter_map(|(at, attnum)| {
            let own = member.attnum(*attnum).filter(|own| member.info.is_key_column(*own))?;
            Some((at, own))
        })
    }

    /// The tables whose rows may be changed.
    fn family(
        &self,
        info: &Arc<TableInfo>,
        work: &Work,
        ctx: &StatementContext,
    ) -> Result<Arc<Family>> {
        let pid = ctx.eval.settings.backend_pid;
        match self.descendants {
            true => Family::for_session(&work.catalog, info.oid(), pid),
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
                let family = self.family(&info, work, ctx)?;
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
    /// changed since its snapshot and cannot be judged again by itself.
    async fn run_query(
        &self,
        info: Arc<TableInfo>,
        query: &Query,
        returning: Option<&ReturningPlan>,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Effect> {
        // Parts of the statement that come before it may change its rows.
        let mut has_parts = false;
        visit::modifications(&query.rel, &mut |_| has_parts = true);
        let told;
        let ctx = match has_parts && ctx.touched.is_none() {
            true => {
                told = StatementContext { touched: Some(Touched::default()), ..ctx.clone() };
                &told
            }
            false => ctx,
        };
        for _ in 0..RESTARTS_MAX {
            let mark = work.txn.begin_statement();
            let state = work.table.clone();
            let returned = Returned::new(returning, ctx);
            let (root, family) = (info.clone(), self.family(&info, work, ctx)?);
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
