//! Before lowering: CTEs are inlined or registered, and subqueries that depend
//! on nothing outside are run and become constants, as PostgreSQL's InitPlans.
//!
//! Running them first lets their values reach index lookups and pruning. They
//! are run in the order of appearance, CTE bodies before what reads them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cte::Cte;
use super::{INIT_PLAN_BASE, Planner, prune, walk};
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{
    self, ColumnId, CteBody, CteId, Expr, ExprKind, OutputColumn, Query, Rel, Subquery,
    SubqueryKind,
};
use crate::sql::types::{ArrayDim, ArrayValue, Datum, SqlType};
use crate::sqlstate;

/// A subquery to run first, and the parameter that stands for it.
struct InitPlan {
    param: usize,
    subquery: Subquery,
    ty: SqlType,
}

/// A CTE to be written out where it is read.
#[derive(Clone)]
struct Inline {
    rel: Rel,
    columns: Vec<OutputColumn>,
}

struct Preparation<'a> {
    planner: &'a Planner,
    inline: HashMap<CteId, Inline>,
    working_tables: HashSet<u32>,
    init_plans: Vec<InitPlan>,
}

impl Planner {
    /// Takes CTEs and independent subqueries out of a query.
    pub(super) async fn prepare(&self, query: &Query) -> Result<Query> {
        let mut query = query.clone();
        if !self.shared.pruned.swap(true, Ordering::Relaxed) {
            prune::unused_outputs(&mut query);
        }
        let working_tables = self.shared.working_tables.read().keys().map(|id| id.0).collect();
        let mut preparation = Preparation {
            planner: self,
            inline: HashMap::new(),
            working_tables,
            init_plans: Vec::new(),
        };
        preparation.rel(&mut query.rel)?;
        for init_plan in preparation.init_plans {
            let value = self.run_init_plan(&init_plan).await?;
            self.shared.init_plans.write().insert(init_plan.param, value);
        }
        Ok(query)
    }

    async fn run_init_plan(&self, plan: &InitPlan) -> Result<Datum> {
        let query = &plan.subquery.query;
        match plan.subquery.kind {
            SubqueryKind::Scalar => scalar(self.rows(query, 2).await?),
            SubqueryKind::Exists => Ok(Datum::Bool(!self.rows(query, 1).await?.is_empty())),
            SubqueryKind::Array => self.array(self.rows(query, usize::MAX).await?, plan.ty),
            SubqueryKind::Quantified { .. } => {
                let rows = self.rows(query, usize::MAX).await?;
                let element_type = query.output.first().map_or(0, |column| column.ty.oid);
                Ok(array_of(element_type, first_column(rows)))
            }
        }
    }

    /// The value of `ARRAY(SELECT …)`: arrays become one more dimension.
    pub(super) fn array(&self, rows: Vec<Vec<Datum>>, ty: SqlType) -> Result<Datum> {
        let element = self.catalog().type_(ty.oid).map_or(0, |ty| ty.element);
        let values = first_column(rows);
        match values.first() {
            // Vectors of the catalog are elements like others.
            Some(Datum::Array(first)) if first.element_type == element => nest(element, values),
            _ => Ok(array_of(element, values)),
        }
    }
}

/// The value of a scalar subquery.
pub fn scalar(rows: Vec<Vec<Datum>>) -> Result<Datum> {
    if rows.len() > 1 {
        return Err(Error::new(
            sqlstate::CARDINALITY_VIOLATION,
            "more than one row returned by a subquery used as an expression",
        ));
    }
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or(Datum::Null))
}

fn first_column(rows: Vec<Vec<Datum>>) -> Vec<Datum> {
    rows.into_iter().map(|row| row.into_iter().next().unwrap_or(Datum::Null)).collect()
}

fn array_of(element_type: u32, elements: Vec<Datum>) -> Datum {
    let dims = match elements.len() {
        0 => Vec::new(),
        length => vec![ArrayDim { length: length as i32, lower_bound: 1 }],
    };
    Datum::Array(Box::new(ArrayValue { element_type, dims, elements }))
}

fn nest(element_type: u32, arrays: Vec<Datum>) -> Result<Datum> {
    let length = arrays.len() as i32;
    let mut inner: Option<Vec<ArrayDim>> = None;
    let mut elements = Vec::new();
    for array in arrays {
        let Datum::Array(array) = array else {
            return Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                "cannot accumulate null arrays",
            ));
        };
        match &inner {
            Some(dims) if *dims != array.dims => {
                return Err(Error::new(
                    sqlstate::ARRAY_SUBSCRIPT_ERROR,
                    "cannot accumulate arrays of different dimensionality",
                ));
            }
            _ => inner = Some(array.dims.clone()),
        }
        elements.extend(array.elements);
    }
    let mut dims = vec![ArrayDim { length, lower_bound: 1 }];
    dims.extend(inner.unwrap_or_default());
    Ok(Datum::Array(Box::new(ArrayValue { element_type, dims, elements })))
}

impl Preparation<'_> {
    fn rel(&mut self, rel: &mut Rel) -> Result<()> {
        match rel {
            Rel::With { ctes, body } => {
                let ctes = std::mem::take(ctes);
                let mut body = std::mem::replace(&mut **body, Rel::OneRow);
                for cte in ctes {
                    self.cte(cte)?;
                }
                self.rel(&mut body)?;
                *rel = body;
                return Ok(());
            }
            Rel::Cte { id, columns } => {
                if let Some(inline) = self.inline.get(id).cloned() {
                    *rel = self.inlined(inline, columns);
                }
                return Ok(());
            }
            Rel::RecursiveUnion { id, .. } => {
                self.working_tables.insert(id.0);
            }
            _ => {}
        }
        let is_filter = matches!(rel, Rel::Filter { .. });
        let mut result = Ok(());
        visit::expressions_mut(rel, &mut |expr| {
            if result.is_ok() {
                result = self.expr(expr, is_filter);
            }
        });
        result?;
        let mut result = Ok(());
        visit::inputs_mut(rel, &mut |input| {
            if result.is_ok() {
                result = self.rel(input);
            }
        });
        result
    }

    fn cte(&mut self, cte: ir::Cte) -> Result<()> {
        let mut rel = match cte.body {
            CteBody::Query(rel) => *rel,
            CteBody::Modify(_) => {
                return Err(Error::internal("a data-modifying CTE is run before planning"));
            }
        };
        self.rel(&mut rel)?;
        let independent =
            walk::free_columns(&rel).is_empty() && !walk::reads_cte(&rel, &self.working_tables);
        if cte.materialized && independent {
            let cte_entry = Cte::new(rel, cte.columns);
            self.planner.shared.ctes.write().insert(cte.id, Arc::new(cte_entry));
        } else {
            self.inline.insert(cte.id, Inline { rel, columns: cte.columns });
        }
        Ok(())
    }

    /// The CTE's relation under the reader's column ids. Every copy gets ids of
    /// its own, because an id names one column of the statement.
    fn inlined(&self, inline: Inline, columns: &[OutputColumn]) -> Rel {
        let Inline { mut rel, columns: inner } = inline;
        let produced = visit::columns(&rel);
        let fresh = renumber(self.planner, &mut rel);
        let exprs = columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let id = inner
                    .get(position)
                    .map(|column| column.id)
                    .filter(|id| produced.iter().any(|column| column.id == *id))
                    .unwrap_or_else(|| produced[position].id);
                let id = fresh.get(&id).copied().unwrap_or(id);
                (column.clone(), column_of(id, column.ty))
            })
            .collect();
        Rel::Project { input: Box::new(rel), exprs }
    }

    /// `joins`: whether a quantified subquery here becomes a semi or anti join.
    fn expr(&mut self, expr: &mut Expr, joins: bool) -> Result<()> {
        let operand_joins = joins && matches!(expr.kind, ExprKind::And(_) | ExprKind::Not(_));
        let mut result = Ok(());
        visit::operands_mut(expr, &mut |operand| {
            if result.is_ok() {
                result = self.expr(operand, operand_joins);
            }
        });
        result?;
        let ExprKind::Subquery(subquery) = &mut expr.kind else { return Ok(()) };
        // What a CTE written out here reads, the subquery reads.
        self.inline_ctes(&mut subquery.query.rel);
        let rel = &subquery.query.rel;
        let independent =
            walk::free_columns(rel).is_empty() && !walk::reads_cte(rel, &self.working_tables);
        let quantified = matches!(subquery.kind, SubqueryKind::Quantified { .. });
        let array = (!joins && quantified).then(|| array_compare(subquery)).flatten();
        if !independent || (quantified && array.is_none()) {
            return self.rel(&mut subquery.query.rel);
        }
        let subquery = (**subquery).clone();
        let param = ExprKind::Param(self.init_plan(subquery, expr.ty));
        expr.kind = match array {
            Some((operator, left, all)) => {
                let array = Expr { kind: param, ty: expr.ty, location: -1 };
                ExprKind::ArrayCompare {
                    operator,
                    left: Box::new(left),
                    array: Box::new(array),
                    all,
                }
            }
            None => param,
        };
        Ok(())
    }

    /// Inlines the surrounding CTEs into a subquery that is planned on its own.
    fn inline_ctes(&self, rel: &mut Rel) {
        if let Rel::Cte { id, columns } = rel {
            if let Some(inline) = self.inline.get(id).cloned() {
                *rel = self.inlined(inline, columns);
            }
            return;
        }
        visit::expressions_mut(rel, &mut |expr| {
            visit::rewrite(expr, &mut |e| {
                if let ExprKind::Subquery(subquery) = &mut e.kind {
                    self.inline_ctes(&mut subquery.query.rel);
                }
            });
        });
        visit::inputs_mut(rel, &mut |input| self.inline_ctes(input));
    }

    fn init_plan(&mut self, subquery: Subquery, ty: SqlType) -> usize {
        let number = self.planner.shared.next_init_plan.fetch_add(1, Ordering::Relaxed);
        let param = INIT_PLAN_BASE + number as usize;
        self.init_plans.push(InitPlan { param, subquery, ty });
        param
    }
}

/// `left op ANY/ALL (SELECT …)` over one column: its operator and left operand.
fn array_compare(subquery: &Subquery) -> Option<(Arc<Function>, Expr, bool)> {
    let SubqueryKind::Quantified { test, all } = &subquery.kind else { return None };
    let ExprKind::Call(call) = &test.kind else { return None };
    let [left, right] = &call.args[..] else { return None };
    let [output] = &subquery.query.output[..] else { return None };
    match right.kind {
        ExprKind::Column(id) if id == output.id => {
            Some((Arc::clone(&call.function), left.clone(), *all))
        }
        _ => None,
    }
}

/// A reference to a column.
pub fn column_of(id: ColumnId, ty: SqlType) -> Expr {
    Expr { kind: ExprKind::Column(id), ty, location: -1 }
}

/// Gives every column that `rel` produces inside a fresh id.
fn renumber(planner: &Planner, rel: &mut Rel) -> HashMap<ColumnId, ColumnId> {
    let mut fresh = HashMap::new();
    rename_produced(planner, rel, &mut fresh);
    visit::rewrite_rel(rel, &mut |expr| {
        if let ExprKind::Column(id) = &mut expr.kind
            && let Some(new) = fresh.get(id)
        {
            *id = *new;
        }
    });
    fresh
}

fn rename_produced(planner: &Planner, rel: &mut Rel, fresh: &mut HashMap<ColumnId, ColumnId>) {
    let mut rename = |id: &mut ColumnId| {
        let new = *fresh.entry(*id).or_insert_with(|| planner.fresh_column());
        *id = new;
    };
    match rel {
        Rel::Scan(scan) => {
            scan.columns.iter_mut().for_each(|(_, column)| rename(&mut column.id));
            scan.rid.iter_mut().for_each(&mut rename);
        }
        Rel::Values { columns, .. }
        | Rel::Cte { columns, .. }
        | Rel::SetOp { columns, .. }
        | Rel::RecursiveUnion { columns, .. } => {
            columns.iter_mut().for_each(|column| rename(&mut column.id));
        }
        Rel::Functions(scan) => {
            let columns = scan.calls.iter_mut().flat_map(|(_, columns)| columns);
            columns.chain(&mut scan.ordinality).for_each(|column| rename(&mut column.id));
        }
        Rel::Project { exprs, .. } => {
            exprs.iter_mut().for_each(|(column, _)| rename(&mut column.id));
        }
        Rel::ProjectSet { calls, .. } => {
            calls.iter_mut().for_each(|(column, _)| rename(&mut column.id));
        }
        Rel::Window { calls, .. } => {
            calls.iter_mut().for_each(|(column, _)| rename(&mut column.id));
        }
        Rel::Aggregate { group_by, aggregates, .. } => {
            group_by.iter_mut().for_each(|(column, _)| rename(&mut column.id));
            aggregates.iter_mut().for_each(|(column, _)| rename(&mut column.id));
        }
        Rel::LockRows { locks, .. } => {
            for lock in locks {
                rename(&mut lock.rid);
                lock.tableoid.iter_mut().for_each(&mut rename);
            }
        }
        _ => {}
    }
    visit::expressions_mut(rel, &mut |expr| {
        visit::rewrite(expr, &mut |e| {
            if let ExprKind::Subquery(subquery) = &mut e.kind {
                rename_produced(planner, &mut subquery.query.rel, fresh);
                subquery.query.output.iter_mut().for_each(|column| {
                    if let Some(new) = fresh.get(&column.id) {
                        column.id = *new;
                    }
                });
            }
        });
    });
    visit::inputs_mut(rel, &mut |input| rename_produced(planner, input, fresh));
}
