//! Where rows come from: stored tables, and system relations computed from the
//! catalog and the server's state.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{self as df, LogicalPlanBuilder};

use super::append;
use super::cte::RowsScan;
use super::form::{Form, Scope, column_name};
use super::ids;
use super::large_object;
use super::lower::expr::Lowered;
use super::lower::{Lowering, Relation, project};
use super::operator::Scanned;
use super::walk;
use crate::catalog::RelationKind;
use crate::error::{Error, Result};
use crate::index::parts::Operator;
use crate::sql::dml::{self, Conditions};
use crate::sql::ir::{
    ColumnId, Expr, ExprKind, OutputColumn, Rel, RowLock, Scan, system_column, visit,
};
use crate::sql::run::failure;
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;
use crate::table::scan::{Comparison, IndexHints};
use crate::table::{self, Member, ScanColumn, ScanOptions, TableInfo};

/// Lowers a scan; `predicate` will be asked of its rows.
pub fn scan(lowering: &Lowering<'_>, scan: &Scan, predicate: Option<&Expr>) -> Result<Relation> {
    let address = std::ptr::from_ref(scan).addr();
    let mut lowered = lowering.lowered.lock();
    if let Some(place) = lowered.iter().position(|(at, _)| *at == address) {
        return Ok(lowered.swap_remove(place).1);
    }
    drop(lowered);
    match scan.relation.kind {
        RelationKind::Table if scan.relation.is_unpopulated() => Err(Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("materialized view \"{}\" has not been populated", scan.relation.name),
        )
        .with_hint("Use the REFRESH MATERIALIZED VIEW command.")),
        RelationKind::Table if scan.descendants || scan.relation.is_partitioned() => {
            append::family(lowering, scan, predicate)
        }
        RelationKind::Table => {
            let info = TableInfo::of(lowering.catalog(), scan.relation.oid)?;
            let hints = match info.indexes.iter().any(|index| index.valid && index.is_by_parts()) {
                true => all_hints(lowering, scan, &info, predicate),
                false => Vec::new(),
            };
            let alias = Some(scan.alias.clone()).filter(|alias| !alias.is_empty());
            let member = Member { info, map: None, proof: None };
            stored(lowering, scan, &member, alias, predicate, &hints)
        }
        RelationKind::Virtual if large_object::has_rows_of(&scan.relation) => {
            let rows = large_object::rows(lowering, scan, predicate)?;
            known_rows(lowering, scan, &rows)
        }
        RelationKind::Virtual => virtual_rows(lowering, scan),
        RelationKind::Sequence(_) => sequence_row(lowering, scan),
        RelationKind::View(_) | RelationKind::Index(_) | RelationKind::Composite => {
            Err(Error::internal(format!("\"{}\" has no rows of its own", scan.relation.name)))
        }
    }
}

/// Remembers what a predicate above joins asks of parts of its tables' values. Such
/// conditions do not hold for NULL, so they may be asked of a table's rows below an outer
/// join, too.
pub fn note_part_conditions(lowering: &Lowering<'_>, input: &Rel, predicate: &Expr) {
    let mut columns = HashSet::new();
    joined_columns(input, &mut columns);
    let of_parts = |conjunct: &Expr| match &conjunct.kind {
        ExprKind::Call(call) if call.function.is_native() => {
            [false, true]
                .into_iter()
                .any(|swapped| Operator::of_function(&call.function.source, swapped).is_some())
                && visit::columns_of(conjunct).is_subset(&columns)
        }
        _ => false,
    };
    let mut known = lowering.planner.shared.part_conditions.write();
    // What was noted when the same query was planned before is noted anew.
    known.retain(|condition| !visit::columns_of(condition).is_subset(&columns));
    known.extend(walk::conjuncts(predicate).into_iter().filter(of_parts));
}

/// The columns of tables between which and here there are joins and filters only.
fn joined_columns(rel: &Rel, columns: &mut HashSet<ColumnId>) {
    match rel {
        Rel::Scan(scan) => columns.extend(scan.columns.iter().map(|(_, column)| column.id)),
        Rel::Filter { input, .. } => joined_columns(input, columns),
        Rel::Join { left, right, .. } => {
            joined_columns(left, columns);
            joined_columns(right, columns);
        }
        _ => {}
    }
}

/// What is asked of parts of a scan's values, right above it and above its joins.
fn all_hints(
    lowering: &Lowering<'_>,
    scan: &Scan,
    info: &TableInfo,
    predicate: Option<&Expr>,
) -> Vec<(usize, Comparison)> {
    let noted = lowering.planner.shared.part_conditions.read().clone();
    let conditions = predicate.into_iter().chain(&noted);
    conditions.flat_map(|condition| hints(lowering, scan, info, condition)).collect()
}

/// What the predicate above a scan asks of parts of values, where an index knows them.
pub(super) fn hints(
    lowering: &Lowering<'_>,
    scan: &Scan,
    info: &TableInfo,
    predicate: &Expr,
) -> Vec<(usize, Comparison)> {
    let columns: Vec<_> =
        scan.columns.iter().map(|(number, column)| (*number, column.id)).collect();
    let found = lowering.planner.substitute(predicate).and_then(|predicate| {
        Conditions::new(&predicate, &columns, lowering.catalog())?.evaluate(
            info,
            lowering.planner.eval(),
            &[],
        )
    });
    // An error is the predicate's to give, when it is asked of a row.
    let mut found = found.ok().flatten().unwrap_or_default();
    found.retain(|(_, comparison)| matches!(comparison, Comparison::Parts(..)));
    found
}

/// The rows of one table under the columns of the scan, whose own table it is or
/// inherits from.
pub(super) fn stored(
    lowering: &Lowering<'_>,
    scan: &Scan,
    member: &Member,
    alias: Option<String>,
    predicate: Option<&Expr>,
    hints: &[(usize, Comparison)],
) -> Result<Relation> {
    let planner = lowering.planner;
    let info = &member.info;
    let options = ScanOptions {
        system: system_columns(scan),
        batch_rows: planner.context().limits.batch_rows,
        parallelism: planner.context().limits.parallelism,
        cancel: planner.context().cancel.clone(),
        proof: member.proof.clone(),
        alias,
        hints: hints.to_vec(),
        indexes: index_hints(lowering, scan, member, predicate),
    };
    let provider = table::provider(Arc::clone(info), planner.overlay().clone(), options);
    let name = info.name();
    // As it is: text becomes a reference by being parsed, in lower case.
    let reference = datafusion::common::TableReference::bare(name);
    let plan = LogicalPlanBuilder::scan(reference.clone(), provider_as_source(provider), None)
        .and_then(LogicalPlanBuilder::build)
        .map_err(failure::unwrap)?;
    let stored_column = |field: ScanColumn| {
        df::Expr::Column(datafusion::common::Column::new(Some(reference.clone()), field.name()))
    };
    let mut scope = Scope::default();
    let mut exprs = Vec::with_capacity(scan.columns.len() + 1);
    for (number, output) in &scan.columns {
        let lowered = match *number {
            1.. => {
                let attnum = member.attnum(*number);
                let attnum = attnum.ok_or_else(|| Error::internal("a column is not inherited"))?;
                let column = info.column(attnum)?;
                let own = Form::of(output.ty, lowering.catalog())?;
                let form = Form { data_type: column.arrow.clone(), ..own };
                let field = ScanColumn::Stored(attnum as usize - 1);
                Lowered { expr: stored_column(field), form }
            }
            number => {
                let form = Form::of(output.ty, lowering.catalog())?;
                let expr = match system_field(number) {
                    Some(field) => stored_column(field),
                    None => lowering.literal(&constant_column(info.oid(), number)?, &form)?,
                };
                Lowered { expr, form }
            }
        };
        scope.insert(output.id, lowered.form);
        exprs.push(lowered.expr.alias(column_name(output.id)));
    }
    if let Some(rid) = scan.rid {
        scope.insert(rid, Form::of(SqlType::new(oid::INT8), lowering.catalog())?);
        exprs.push(stored_column(ScanColumn::Rid).alias(column_name(rid)));
    }
    Ok(Relation { plan: project(exprs, plan)?, scope })
}

/// What the predicate says of a table's partial indexes and keys that are expressions.
fn index_hints(
    lowering: &Lowering<'_>,
    scan: &Scan,
    member: &Member,
    predicate: Option<&Expr>,
) -> IndexHints {
    if member.info.indexes.iter().all(|index| index.is_over_columns()) {
        return IndexHints::default();
    }
    let planner = lowering.planner;
    let own = |(number, column): &(i16, OutputColumn)| match *number {
        1.. => member.attnum(*number).map(|number| (number, column.id)),
        _ => None,
    };
    let columns: Vec<(i16, ColumnId)> = scan.columns.iter().filter_map(own).collect();
    let predicate = predicate.and_then(|predicate| planner.substitute(predicate).ok());
    let condition = predicate.as_ref().map(|predicate| (predicate, columns.as_slice()));
    let simplify = |expr: &Expr| planner.substitute(expr);
    dml::index_hints(&member.info, condition, planner.eval(), &[], simplify)
}

/// What the scan reads of its rows beside the table's columns.
fn system_columns(scan: &Scan) -> Vec<ScanColumn> {
    let named = scan.columns.iter().filter_map(|(number, _)| system_field(*number));
    named.chain(scan.rid.map(|_| ScanColumn::Rid)).collect()
}

/// The system columns that differ from row to row.
pub(super) fn system_field(number: i16) -> Option<ScanColumn> {
    match number {
        system_column::CTID => Some(ScanColumn::Ctid),
        system_column::XMIN => Some(ScanColumn::Xmin),
        _ => None,
    }
}

/// The system columns that are the same for every row of a table that is visible.
pub(super) fn constant_column(table: Oid, number: i16) -> Result<Datum> {
    match number {
        system_column::TABLEOID => Ok(Datum::Oid(table)),
        system_column::XMAX => Ok(Datum::Oid(0)),
        _ => Err(table::system_column::unsupported(number)),
    }
}

/// The rows of a system relation, as they are when the plan is made.
fn virtual_rows(lowering: &Lowering<'_>, scan: &Scan) -> Result<Relation> {
    let eval = lowering.planner.eval();
    if scan.relation.oid == oid::INVALID {
        let rows = eval.transitions.as_ref().and_then(|tables| tables.rows(&scan.relation.name));
        let missing = || Error::internal(format!("there are no rows \"{}\"", scan.relation.name));
        return known_rows(lowering, scan, &rows.ok_or_else(missing)?);
    }
    let rows = lowering.planner.system_rows(&scan.relation)?;
    known_rows(lowering, scan, &rows)
}

/// The one row of a sequence, as it is when the plan is made.
fn sequence_row(lowering: &Lowering<'_>, scan: &Scan) -> Result<Relation> {
    let row = lowering.planner.eval().session.sequence_row(scan.relation.oid)?;
    let row =
        vec![Datum::Int8(row.last_value), Datum::Int8(row.log_count), Datum::Bool(row.is_called)];
    known_rows(lowering, scan, &[row])
}

fn known_rows(lowering: &Lowering<'_>, scan: &Scan, rows: &[Vec<Datum>]) -> Result<Relation> {
    let columns: Vec<_> = scan.columns.iter().map(|(_, column)| column.clone()).collect();
    let value = |number: i16, row: &[Datum]| match number {
        1.. => Ok(row[number as usize - 1].clone()),
        number => constant_column(scan.relation.oid, number),
    };
    let mut rows = rows
        .iter()
        .map(|row| scan.columns.iter().map(|(number, _)| value(*number, row)).collect())
        .collect::<Result<Vec<Vec<Datum>>>>()?;
    let mut columns = columns;
    if let Some(id) = scan.rid {
        // The rows have no identity but their places, which do for TABLESAMPLE.
        let ty = SqlType::new(oid::INT8);
        columns.push(OutputColumn { id, name: "rid".to_owned(), ty, origin: None });
        for (place, row) in (0..).zip(&mut rows) {
            row.push(Datum::Int8(place));
        }
    }
    let forms = columns
        .iter()
        .map(|column| Form::of(column.ty, lowering.catalog()))
        .collect::<Result<Vec<_>>>()?;
    let ids = ids(&columns);
    let mut scope = Scope::default();
    for (id, form) in ids.iter().zip(&forms) {
        scope.insert(*id, form.clone());
    }
    let schema = lowering.catalog().schema(scan.relation.schema);
    let name = scan.relation.name.clone();
    let alias = if scan.alias.is_empty() { name.clone() } else { scan.alias.clone() };
    let relation = schema.map(|schema| Scanned { schema: schema.name.clone(), name, alias });
    let plan = RowsScan { name: "Seq Scan", relation, forms, rows }.plan(&ids)?;
    Ok(Relation { plan, scope })
}

/// FOR UPDATE and FOR SHARE in a query that is planned here.
pub fn lock_rows(_: &Lowering<'_>, _: Relation, locks: &[RowLock]) -> Result<Relation> {
    let what = locks.first().map_or("", |lock| lock.relation.name.as_str());
    Err(Error::unsupported(format!("locking rows of \"{what}\" in this kind of query")))
}
