//! Where rows come from: stored tables, and system relations computed from the
//! catalog and the server's state.

use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{self as df, LogicalPlanBuilder};

use super::cte::RowsScan;
use super::form::{Form, Scope, column_name};
use super::ids;
use super::lower::expr::Lowered;
use super::lower::{Lowering, Relation, project};
use crate::catalog::{RelationKind, system};
use crate::error::{Error, Result};
use crate::sql::ir::{RowLock, Scan, system_column};
use crate::sql::run::failure;
use crate::sql::types::{Datum, SqlType, oid};
use crate::table::{self, RID_COLUMN, ScanOptions, TableInfo};

/// Lowers a scan.
pub fn scan(lowering: &Lowering<'_>, scan: &Scan) -> Result<Relation> {
    match scan.relation.kind {
        RelationKind::Table => stored(lowering, scan),
        RelationKind::Virtual => virtual_rows(lowering, scan),
        RelationKind::Sequence(_) => Err(Error::unsupported("reading a sequence as a table")),
        RelationKind::View(_) | RelationKind::Index(_) => {
            Err(Error::internal(format!("\"{}\" has no rows of its own", scan.relation.name)))
        }
    }
}

fn stored(lowering: &Lowering<'_>, scan: &Scan) -> Result<Relation> {
    let planner = lowering.planner;
    let info = TableInfo::of(lowering.catalog(), scan.relation.oid)?;
    let needs_rid =
        scan.rid.is_some() || scan.columns.iter().any(|(number, _)| *number == system_column::CTID);
    let options = ScanOptions {
        with_rid: needs_rid,
        batch_rows: planner.context().limits.batch_rows,
        parallelism: planner.context().limits.parallelism,
        cancel: planner.context().cancel.clone(),
    };
    let provider = table::provider(Arc::clone(&info), planner.overlay().clone(), options);
    let name = scan.relation.name.as_str();
    let reference = datafusion::common::TableReference::bare(name);
    let plan = LogicalPlanBuilder::scan(reference, provider_as_source(provider), None)
        .and_then(LogicalPlanBuilder::build)
        .map_err(failure::unwrap)?;
    let stored_column = |field: &str| {
        df::Expr::Column(datafusion::common::Column::new(Some(name.to_owned()), field))
    };
    let mut scope = Scope::default();
    let mut exprs = Vec::with_capacity(scan.columns.len() + 1);
    for (number, output) in &scan.columns {
        let lowered = match *number {
            1.. => {
                let column = info.column(*number)?;
                let own = Form::of(output.ty, lowering.catalog())?;
                let form = Form { data_type: column.arrow.clone(), ..own };
                Lowered { expr: stored_column(&format!("a{number}")), form }
            }
            system_column::TABLEOID => {
                let form = Form::of(SqlType::new(oid::OID), lowering.catalog())?;
                let expr = lowering.literal(&Datum::Oid(scan.relation.oid), &form)?;
                Lowered { expr, form }
            }
            _ => return Err(Error::unsupported("this system column")),
        };
        scope.insert(output.id, lowered.form);
        exprs.push(lowered.expr.alias(column_name(output.id)));
    }
    if let Some(rid) = scan.rid {
        scope.insert(rid, Form::of(SqlType::new(oid::INT8), lowering.catalog())?);
        exprs.push(stored_column(RID_COLUMN).alias(column_name(rid)));
    }
    Ok(Relation { plan: project(exprs, plan)?, scope })
}

/// The rows of a system relation, as they are when the plan is made.
fn virtual_rows(lowering: &Lowering<'_>, scan: &Scan) -> Result<Relation> {
    let rows = system::rows(&scan.relation, lowering.planner.eval())?;
    let columns: Vec<_> = scan.columns.iter().map(|(_, column)| column.clone()).collect();
    let rows = rows.iter().map(|row| virtual_row(scan, row)).collect::<Result<Vec<_>>>()?;
    let forms = columns
        .iter()
        .map(|column| Form::of(column.ty, lowering.catalog()))
        .collect::<Result<Vec<_>>>()?;
    let ids = ids(&columns);
    let mut scope = Scope::default();
    for (id, form) in ids.iter().zip(&forms) {
        scope.insert(*id, form.clone());
    }
    let plan = RowsScan { name: "Seq Scan", forms, rows }.plan(&ids)?;
    Ok(Relation { plan, scope })
}

/// The scanned columns of a system relation's row.
fn virtual_row(scan: &Scan, row: &[Datum]) -> Result<Vec<Datum>> {
    scan.columns
        .iter()
        .map(|(number, _)| match *number {
            1.. => Ok(row[*number as usize - 1].clone()),
            system_column::TABLEOID => Ok(Datum::Oid(scan.relation.oid)),
            _ => Err(Error::unsupported("this system column")),
        })
        .collect()
}

/// FOR UPDATE and FOR SHARE in a query that is planned here.
pub fn lock_rows(_: &Lowering<'_>, _: Relation, locks: &[RowLock]) -> Result<Relation> {
    let what = locks.first().map_or("", |lock| lock.relation.name.as_str());
    Err(Error::unsupported(format!("locking rows of \"{what}\" in this kind of query")))
}
