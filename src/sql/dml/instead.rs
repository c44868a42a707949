//! INSERT, UPDATE and DELETE of a view whose INSTEAD OF triggers do the work.
//!
//! The statement's query gives the view's rows; for each of them the triggers are called
//! with the old row, the new one, or both. A row counts as written unless a trigger
//! answers NULL, and RETURNING shows it as the last trigger left it. Nothing is stored
//! and nothing is locked here: that is what the triggers' own statements do.

use std::sync::Arc;

use futures::StreamExt;

use super::Effect;
use super::modify::extra_columns;
use super::returning::{Returned, ReturningPlan};
use super::view_check::RowChecks;
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::ir::{
    ColumnId, Delete, Expr, ExprKind, Insert, OutputColumn, Query, Rel, Returning, Scan, Update,
};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::Datum;
use crate::table::{Event, SystemColumns, TableInfo, Writer};

/// A compiled statement.
pub struct InsteadPlan {
    event: Event,
    /// Gives the old row's columns, the extra ones, then the values that are assigned.
    query: Query,
    /// Positions of the old row's columns, in the order of the query's.
    read: Vec<usize>,
    extra: Vec<ColumnId>,
    /// Attribute numbers that get the values.
    assigned: Vec<i16>,
    defaults: Vec<(usize, Evaluator)>,
    checks: RowChecks,
}

/// Whether it is for triggers to write to a relation that is a statement's target.
pub fn is_for_triggers(relation: &Relation) -> bool {
    relation.view().is_some()
}

impl InsteadPlan {
    pub fn insert(insert: &Insert, catalog: &Catalog) -> Result<InsteadPlan> {
        let compile = |(attnum, expr): &(i16, Expr)| {
            Ok((*attnum as usize - 1, Evaluator::compile(expr, &[], catalog)?))
        };
        Ok(InsteadPlan {
            event: Event::Insert,
            query: insert.source.clone(),
            read: Vec::new(),
            extra: Vec::new(),
            assigned: insert.columns.clone(),
            defaults: insert.defaults.iter().map(compile).collect::<Result<_>>()?,
            checks: RowChecks::new(&insert.checks, catalog)?,
        })
    }

    pub fn update(update: &Update, catalog: &Catalog) -> Result<InsteadPlan> {
        let returning = update.returning.as_ref();
        let (target, input) = (&update.target, &update.input);
        let mut plan =
            InsteadPlan::of_rows(target, input, &update.assignments, returning, catalog)?;
        plan.checks = RowChecks::new(&update.checks, catalog)?;
        Ok(plan)
    }

    pub fn delete(delete: &Delete, catalog: &Catalog) -> Result<InsteadPlan> {
        let returning = delete.returning.as_ref();
        let mut plan =
            InsteadPlan::of_rows(&delete.target, &delete.input, &[], returning, catalog)?;
        plan.event = Event::Delete;
        Ok(plan)
    }

    fn of_rows(
        target: &Scan,
        input: &Rel,
        assignments: &[(i16, Expr)],
        returning: Option<&Returning>,
        catalog: &Catalog,
    ) -> Result<InsteadPlan> {
        let own: Vec<&(i16, OutputColumn)> =
            target.columns.iter().filter(|(number, _)| *number > 0).collect();
        let extra = extra_columns(returning, input);
        // Counted down from the top, so as not to meet the binder's ids.
        let mut next = u32::MAX;
        let mut copy = |expr: Expr| {
            next -= 1;
            let column = OutputColumn {
                id: ColumnId(next),
                name: "value".to_owned(),
                ty: expr.ty,
                origin: None,
            };
            (column, expr)
        };
        let read = |column: &OutputColumn| Expr {
            kind: ExprKind::Column(column.id),
            ty: column.ty,
            location: -1,
        };
        let mut exprs = Vec::new();
        exprs.extend(own.iter().map(|(_, column)| copy(read(column))));
        exprs.extend(extra.iter().map(|column| copy(read(column))));
        exprs.extend(assignments.iter().map(|(_, expr)| copy(expr.clone())));
        let output = exprs.iter().map(|(column, _)| column.clone()).collect();
        Ok(InsteadPlan {
            event: Event::Update,
            query: Query { rel: Rel::Project { input: Box::new(input.clone()), exprs }, output },
            read: own.iter().map(|(number, _)| *number as usize - 1).collect(),
            extra: extra.iter().map(|column| column.id).collect(),
            assigned: assignments.iter().map(|(attnum, _)| *attnum).collect(),
            defaults: Vec::new(),
            checks: RowChecks::new(&[], catalog)?,
        })
    }

    /// Columns of other relations that RETURNING reads.
    pub fn extra_columns(&self) -> &[ColumnId] {
        &self.extra
    }

    pub fn tag(&self, count: u64) -> String {
        match self.event {
            Event::Insert => format!("INSERT 0 {count}"),
            Event::Update => format!("UPDATE {count}"),
            _ => format!("DELETE {count}"),
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
        Writer::new(work, ctx).before_statement(&info, self.event, &self.assigned)?;
        let mut returned = Returned::new(returning, ctx);
        let mut count = 0;
        let mut chunks = run::rows(&self.query, params, work, ctx).await?;
        let mut writer = Writer::new(work, ctx);
        while let Some(chunk) = ctx.lend_while(writer.work, chunks.next()).await {
            for values in chunk? {
                if ctx.cancel.is_cancelled() {
                    return Err(Error::query_canceled());
                }
                let (old, extra, new) = self.rows_of(&info, values, params, &mut writer)?;
                let written = writer.instead_of_row(&info, self.event, old.as_deref(), new)?;
                let Some(mut row) = written else { continue };
                if let (Event::Delete, Some(old)) = (self.event, old) {
                    row = old;
                }
                count += 1;
                let system = SystemColumns { table: info.oid(), rid: 0, xmin: 0, xmax: 0 };
                self.checks.test_row(&info, system, &row, params, &mut writer).await?;
                returned.add(params, system, &row, &extra, &mut writer).await?;
            }
        }
        writer.after_statement(&info, self.event, &self.assigned)?;
        writer.finish().await?;
        Ok(Effect { count, rows: returned.rows })
    }

    /// A row of the query: the old row, the extra columns, the new row.
    #[allow(clippy::type_complexity)]
    fn rows_of(
        &self,
        info: &Arc<TableInfo>,
        mut values: Vec<Datum>,
        params: &[Datum],
        writer: &mut Writer<'_>,
    ) -> Result<(Option<Vec<Datum>>, Vec<Datum>, Option<Vec<Datum>>)> {
        let mut extra = values.split_off(self.read.len());
        let assigned = extra.split_off(self.extra.len());
        let mut row = vec![Datum::Null; info.columns.len()];
        for (position, value) in self.read.iter().zip(values) {
            row[*position] = value;
        }
        let old = (self.event != Event::Insert).then(|| row.clone());
        if self.event == Event::Delete {
            return Ok((old, extra, None));
        }
        for (attnum, value) in self.assigned.iter().zip(assigned) {
            row[*attnum as usize - 1] = value;
        }
        let ctx = writer.ctx;
        writer.lend(|| {
            for (position, default) in &self.defaults {
                row[*position] = default.eval(&ctx.eval, params, &[])?;
            }
            Ok(())
        })?;
        Ok((old, extra, Some(row)))
    }
}
