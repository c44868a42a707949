//! Lowering: prepared relations to DataFusion logical plans.
//!
//! One file per kind of relation. A lowered relation is a [`Relation`]: a plan
//! whose columns are called `c{ColumnId}`, and the forms of those columns. Ids
//! are unique in a statement, so plans may carry more columns than a relation
//! has (sort keys, subquery values) without clashes; the columns that leave a
//! query are picked by id at its top.

mod aggregate;
mod compare;
pub mod expr;
mod hashed;
mod join;
mod lateral;
mod rel;
mod setop;
mod subquery;
mod window;

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder, Projection};
use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::Planner;
use super::batch;
use super::form::{Form, Scope, column_name};
use super::operator::{Operator, OperatorNode, Run, pass_on};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, Expr, ExprKind, OutputColumn, Query, Rel};
use crate::sql::run::failure;

use expr::{Lowered, column, column_expr};

/// A lowered relation.
#[derive(Clone, Debug)]
pub struct Relation {
    pub plan: LogicalPlan,
    pub scope: Scope,
}

/// Lowers the relations of one query.
pub struct Lowering<'a> {
    pub planner: &'a Planner,
    /// Scans, by where they stand in the tree, that have been lowered by what is above.
    pub lowered: Mutex<Vec<(usize, Relation)>>,
}

impl<'a> Lowering<'a> {
    pub fn new(planner: &'a Planner) -> Lowering<'a> {
        Lowering { planner, lowered: Mutex::default() }
    }
}

/// Lowers a prepared query; its columns come out in the types' own forms.
pub fn query(planner: &Planner, query: &Query) -> Result<(LogicalPlan, Vec<(ColumnId, Form)>)> {
    let lowering = Lowering::new(planner);
    let relation = lowering.rel(&query.rel)?;
    let mut columns = Vec::with_capacity(query.output.len());
    let mut exprs = Vec::with_capacity(query.output.len());
    for (position, output) in query.output.iter().enumerate() {
        let form = Form::of(output.ty, planner.catalog())?;
        let value = column(output.id, &relation.scope)?;
        // The client may ask for one column twice; names in a plan are unique.
        let id = match query.output[..position].iter().any(|other| other.id == output.id) {
            true => planner.fresh_column(),
            false => output.id,
        };
        exprs.push(lowering.convert(value, &form)?.alias(column_name(id)));
        columns.push((id, form));
    }
    let gathered = lowering.gather(relation)?;
    Ok((project(exprs, gathered.plan)?, columns))
}

/// Lowers a prepared query, its columns in whatever forms they have.
pub fn query_as_is(
    planner: &Planner,
    query: &Query,
) -> Result<(LogicalPlan, Vec<(ColumnId, Form)>)> {
    let lowering = Lowering::new(planner);
    let relation = lowering.rel(&query.rel)?;
    let columns = batch::forms(&query.output, &relation.scope)?;
    let exprs = columns.iter().map(|(id, _)| column_expr(*id)).collect();
    let gathered = lowering.gather(relation)?;
    Ok((project(exprs, gathered.plan)?, columns))
}

/// A projection.
pub fn project(exprs: Vec<df::Expr>, input: LogicalPlan) -> Result<LogicalPlan> {
    let projection = Projection::try_new(exprs, Arc::new(input)).map_err(failure::unwrap)?;
    Ok(LogicalPlan::Projection(projection))
}

impl Lowering<'_> {
    pub fn catalog(&self) -> &Catalog {
        self.planner.catalog()
    }

    /// One partition, in the order the input has: DataFusion drops a sort that
    /// no operator above it asks for.
    pub fn gather(&self, relation: Relation) -> Result<Relation> {
        let ordered = is_ordered(&relation.plan);
        if !ordered {
            return Ok(relation);
        }
        let schema = relation.plan.schema().as_arrow().clone();
        let plan = OperatorNode::plan(Arc::new(Gather), vec![relation.plan], schema)?;
        Ok(Relation { plan, scope: relation.scope })
    }

    /// Adds computed columns to a relation, keeping what it has.
    pub fn extend(
        &self,
        relation: Relation,
        columns: Vec<(ColumnId, Lowered)>,
    ) -> Result<Relation> {
        if columns.is_empty() {
            return Ok(relation);
        }
        let Relation { plan, mut scope } = relation;
        let mut exprs = all_columns(&plan);
        for (id, lowered) in columns {
            exprs.push(lowered.expr.alias(column_name(id)));
            scope.insert(id, lowered.form);
        }
        Ok(Relation { plan: project(exprs, plan)?, scope })
    }

    /// An expression as a column of the relation: itself when it is one.
    pub fn as_column(
        &self,
        expr: &Expr,
        scope: &Scope,
        added: &mut Vec<(ColumnId, Lowered)>,
    ) -> Result<(ColumnId, Form)> {
        let lowered = self.expr(expr, scope)?;
        if let ExprKind::Column(id) = expr.kind {
            return Ok((id, lowered.form));
        }
        let id = self.planner.fresh_column();
        let form = lowered.form.clone();
        added.push((id, lowered));
        Ok((id, form))
    }

    /// Runs an operator of ours over one relation, whose columns it keeps and
    /// to which it adds `columns`.
    pub fn appending(
        &self,
        operator: Arc<dyn Operator>,
        input: Relation,
        columns: &[(ColumnId, Form)],
    ) -> Result<Relation> {
        let Relation { plan, mut scope } = input;
        let mut fields: Vec<_> = plan.schema().as_arrow().fields().iter().cloned().collect();
        fields.extend(batch::schema(columns).fields().iter().cloned());
        for (id, form) in columns {
            scope.insert(*id, form.clone());
        }
        let schema = datafusion::arrow::datatypes::Schema::new(fields);
        let plan = OperatorNode::plan(operator, vec![plan], schema)?;
        Ok(Relation { plan, scope })
    }

    /// A value that must be constant by now: LIMIT, frame offsets.
    pub fn constant_value(&self, expr: &Expr) -> Result<crate::sql::types::Datum> {
        let expr = self.planner.substitute(expr)?;
        if let ExprKind::Const(value) = expr.kind {
            return Ok(value);
        }
        let evaluator = crate::sql::run::eval::Evaluator::compile(&expr, &[], self.catalog())?;
        evaluator.eval(self.planner.eval(), &[], &[])
    }
}

/// All columns of a plan, as they are.
pub fn all_columns(plan: &LogicalPlan) -> Vec<df::Expr> {
    plan.schema()
        .fields()
        .iter()
        .map(|field| df::Expr::Column(Column::new_unqualified(field.name())))
        .collect()
}

/// Whether the rows of a plan are in an order that someone asked for.
fn is_ordered(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(_) | LogicalPlan::Extension(_) => true,
        LogicalPlan::Projection(node) => is_ordered(&node.input),
        LogicalPlan::Filter(node) => is_ordered(&node.input),
        LogicalPlan::Limit(node) => is_ordered(&node.input),
        _ => false,
    }
}

/// Passes batches on.
#[derive(Debug)]
struct Gather;

impl Operator for Gather {
    fn name(&self) -> &str {
        "Gather"
    }

    fn passes_on(&self) -> bool {
        true
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(pass_on(run))
    }
}

/// The scope of columns in their own forms.
fn own_forms(columns: &[OutputColumn], catalog: &Catalog) -> Result<Vec<(ColumnId, Form)>> {
    columns.iter().map(|column| Ok((column.id, Form::of(column.ty, catalog)?))).collect()
}

fn scope_of(columns: &[(ColumnId, Form)]) -> Scope {
    let mut scope = Scope::default();
    for (id, form) in columns {
        scope.insert(*id, form.clone());
    }
    scope
}

/// Finishes a DataFusion builder step.
fn built(builder: datafusion::error::Result<LogicalPlanBuilder>) -> Result<LogicalPlan> {
    builder.and_then(LogicalPlanBuilder::build).map_err(failure::unwrap)
}

/// The ids a relation's plan can be asked for.
fn produced(rel: &Rel) -> std::collections::HashSet<ColumnId> {
    let mut ids: std::collections::HashSet<ColumnId> =
        visit::columns(rel).iter().map(|column| column.id).collect();
    let mut rel = rel.clone();
    collect_rids(&mut rel, &mut ids);
    ids
}

fn collect_rids(rel: &mut Rel, ids: &mut std::collections::HashSet<ColumnId>) {
    if let Rel::Scan(scan) = rel {
        ids.extend(scan.rid);
    }
    visit::inputs_mut(rel, &mut |input| collect_rids(input, ids));
}
