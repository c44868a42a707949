//! ANALYZE of what CREATE STATISTICS has defined.

use std::sync::Arc;

use crate::catalog::{Catalog, Change, ExtendedStatistics};
use crate::error::{Error, Result, Severity};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, OutputContext};
use crate::sqlstate;
use crate::table::analyze::together::{self, Part};
use crate::table::analyze::{Analyzed, Request};
use crate::table::{RowExpression, TableInfo, blocking, eval_over};

/// The objects that are defined over a table; those with a target of 0 are left alone.
pub fn objects(info: &TableInfo, catalog: &Catalog) -> Vec<Arc<ExtendedStatistics>> {
    let all = catalog.all_extended_statistics().filter(|object| object.table == info.oid());
    all.filter(|object| together::target_of(info, object) > 0).cloned().collect()
}

/// What has to be read for them besides the columns that are analyzed.
pub fn request(
    info: &TableInfo,
    objects: &[Arc<ExtendedStatistics>],
    positions: Vec<usize>,
) -> Request {
    // An expression may read any column.
    let others = match objects.iter().any(|object| !object.expressions.is_empty()) {
        true => (0..info.columns.len()).filter(|at| !info.columns[*at].dropped).collect(),
        false => Vec::new(),
    };
    let rows = objects.iter().map(|object| together::rows_wanted(info, object)).max();
    Request { positions, others, rows: rows.unwrap_or(0) }
}

/// Finds out what an object asks for and keeps it, if all its columns were analyzed.
pub fn analyze(
    info: &Arc<TableInfo>,
    object: &Arc<ExtendedStatistics>,
    analyzed: &Analyzed,
    positions: &[usize],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    if analyzed.is_empty() {
        return Ok(());
    }
    let at = |column: &i16| usize::try_from(column - 1).unwrap_or(usize::MAX);
    if !object.columns.iter().all(|column| positions.contains(&at(column))) {
        warn_of_missing_columns(info, object, &work.catalog, ctx);
        return Ok(());
    }
    let mut parts = Vec::new();
    for column in &object.columns {
        let Some(values) = analyzed.values_of(at(column)) else {
            warn_of_missing_columns(info, object, &work.catalog, ctx);
            return Ok(());
        };
        let column_info = &info.columns[at(column)];
        let (ty, repr) = (column_info.ty.oid, column_info.repr.clone());
        parts.push(Part { number: *column, ty, repr, values });
    }
    parts.extend(expressions(info, object, analyzed, work, ctx)?);
    let output = OutputContext { catalog: &*ctx.eval, ..OutputContext::default() };
    let rows = analyzed.statistics.rows;
    let found = blocking(|| together::find(info, object, &parts, rows, &output, &ctx.cancel))?;
    let changed = ExtendedStatistics { found: Some(found), ..(**object).clone() };
    work.change(Change::put(changed));
    Ok(())
}

/// The values of the expressions for the sampled rows.
fn expressions(
    info: &Arc<TableInfo>,
    object: &ExtendedStatistics,
    analyzed: &Analyzed,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Vec<Part>> {
    let eval = eval_over(&work.catalog, ctx);
    let mut parts = Vec::new();
    for ((sql, ty), number) in object.expressions.iter().zip(1i16..) {
        let expression = ctx.compiler.compile(&eval, info, sql, None)?;
        if expression.calls_functions() {
            ctx.eval.loan.open(work);
        }
        let values = blocking(|| values(&*expression, info, analyzed, &eval, ctx))?;
        let repr = work.catalog.repr(*ty)?;
        parts.push(Part { number: -number, ty: *ty, repr, values });
    }
    Ok(parts)
}

fn values(
    expression: &dyn RowExpression,
    info: &TableInfo,
    analyzed: &Analyzed,
    eval: &crate::sql::functions::EvalContext,
    ctx: &StatementContext,
) -> Result<Vec<Datum>> {
    let rows = analyzed.whole_rows(info.columns.len());
    rows.map(|row| match ctx.cancel.is_cancelled() {
        true => Err(Error::query_canceled()),
        false => expression.eval(eval, &row),
    })
    .collect()
}

fn warn_of_missing_columns(
    info: &TableInfo,
    object: &ExtendedStatistics,
    catalog: &Catalog,
    ctx: &StatementContext,
) {
    let message = format!(
        "statistics object \"{}.{}\" could not be computed for relation \"{}.{}\"",
        catalog.schema_name(object.schema),
        object.name,
        catalog.schema_name(info.relation.schema),
        info.relation.name
    );
    let mut report = Error::notice(Severity::Warning, message);
    report.code = Some(sqlstate::INVALID_OBJECT_DEFINITION);
    report.schema = Some(catalog.schema_name(info.relation.schema).to_owned());
    report.table = Some(info.relation.name.clone());
    ctx.notices.send(report);
}
