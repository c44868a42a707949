//! Planning: from the typed tree to something that runs.
//!
//! 1. [`prepare`](prepare) takes the tree apart: CTEs are inlined or kept to be
//!    computed once, subqueries that depend on nothing are run first and become
//!    constants, parameters become constants, constant expressions are folded.
//! 2. [`lower`] turns the rest into a DataFusion logical plan whose columns are
//!    called `c{ColumnId}`. What DataFusion lacks is an
//!    [`operator`](operator::Operator) of ours.
//! 3. [`Planner::physical`] optimises it with the rules of DataFusion that keep
//!    PostgreSQL's semantics, and makes the physical plan.
//!
//! What it does not do: know how rows are stored (`table` does), or what a
//! function computes (`functions` does).

mod aggregate;
mod append;
mod apply;
mod barrier;
mod batch;
mod cardinality;
mod cross_join;
mod cte;
mod distinct;
pub mod explain;
pub mod fast;
mod filter_joins;
mod form;
mod hashed;
mod join_order;
mod large_object;
mod limit;
mod lower;
mod nearest;
mod operator;
pub(in crate::sql) mod optimize;
mod ordered;
mod prefix;
mod prepare;
mod projectset;
mod prune;
mod recursive;
mod repeat;
mod resort;
mod setop;
mod source;
mod transition;
mod tuple_sort;
mod udf;
pub mod walk;
mod window;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use futures::StreamExt;
use parking_lot::RwLock;

use crate::catalog::{Catalog, Relation, system};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, CteId, Expr, ExprKind, OutputColumn, Query, Rel};
use crate::sql::run::{StatementContext, failure};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::txn::Overlay;

use batch::RowReader;
use form::Form;

/// Parameters from here on stand for subqueries that are run first.
const INIT_PLAN_BASE: usize = 1 << 20;

/// What all planners of one statement share.
struct Shared {
    context: StatementContext,
    /// The statement's view of stored rows.
    overlay: Overlay,
    ctes: RwLock<HashMap<CteId, Arc<cte::Cte>>>,
    /// Working tables of the recursions being planned.
    working_tables: RwLock<HashMap<CteId, Arc<recursive::WorkingTable>>>,
    /// Rows of system relations, which are the same for all of the statement.
    system_rows: RwLock<HashMap<Oid, Arc<Vec<system::Row>>>>,
    /// Values of the subqueries that were run first.
    init_plans: RwLock<HashMap<usize, Datum>>,
    /// Conditions on parts of values that stand above the joins of their tables, with
    /// their parameters: a subquery is planned again with others.
    part_conditions: RwLock<Vec<Expr>>,
    next_init_plan: AtomicU32,
    next_column: AtomicU32,
    /// Outputs that nothing reads have been dropped.
    pruned: AtomicBool,
}

/// Plans the queries of one statement, each with its parameters.
#[derive(Clone)]
pub struct Planner {
    shared: Arc<Shared>,
    params: Arc<[Datum]>,
}

impl std::fmt::Debug for Planner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Planner")
    }
}

/// A physical plan and the columns sent to whoever asked for it.
pub struct Plan {
    pub physical: Arc<dyn ExecutionPlan>,
    columns: Vec<(ColumnId, Form)>,
}

impl Planner {
    pub fn new(
        context: &StatementContext,
        overlay: Overlay,
        params: &[Datum],
        query: &Query,
    ) -> Planner {
        let shared = Shared {
            context: context.clone(),
            overlay,
            ctes: RwLock::default(),
            working_tables: RwLock::default(),
            system_rows: RwLock::default(),
            init_plans: RwLock::default(),
            part_conditions: RwLock::default(),
            next_init_plan: AtomicU32::new(0),
            next_column: AtomicU32::new(walk::largest_column(query) + 1),
            pruned: AtomicBool::new(false),
        };
        Planner { shared: Arc::new(shared), params: params.into() }
    }

    /// A planner of the same statement with further parameters.
    fn with_params(&self, more: &[Datum]) -> Planner {
        let params = self.params.iter().chain(more).cloned().collect();
        Planner { shared: Arc::clone(&self.shared), params }
    }

    pub fn catalog(&self) -> &Catalog {
        &self.shared.context.eval.catalog
    }

    pub fn eval(&self) -> &Arc<EvalContext> {
        &self.shared.context.eval
    }

    /// The rows of a system relation, computed once for the statement: a query may read
    /// one several times, and a subquery is planned again for each outer row.
    fn system_rows(&self, relation: &Relation) -> Result<Arc<Vec<system::Row>>> {
        if let Some(rows) = self.shared.system_rows.read().get(&relation.oid) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(system::rows(relation, self.eval())?);
        self.shared.system_rows.write().insert(relation.oid, Arc::clone(&rows));
        Ok(rows)
    }

    fn context(&self) -> &StatementContext {
        &self.shared.context
    }

    fn overlay(&self) -> &Overlay {
        &self.shared.overlay
    }

    fn fresh_column(&self) -> ColumnId {
        ColumnId(self.shared.next_column.fetch_add(1, Ordering::Relaxed))
    }

    fn param(&self, index: usize) -> Result<Datum> {
        let value = match index {
            INIT_PLAN_BASE.. => self.shared.init_plans.read().get(&index).cloned(),
            _ => self.params.get(index).cloned(),
        };
        value.ok_or_else(|| {
            let message = format!("there is no parameter ${}", index + 1);
            Error::new(sqlstate::UNDEFINED_PARAMETER, message)
        })
    }

    /// Parameters to constants, and what is then constant computed.
    fn substitute(&self, expr: &Expr) -> Result<Expr> {
        let mut expr = expr.clone();
        let mut failed = None;
        visit::rewrite(&mut expr, &mut |e| {
            if let ExprKind::Param(index) = e.kind {
                match self.param(index) {
                    Ok(value) => e.kind = ExprKind::Const(value),
                    Err(error) => failed = Some(error),
                }
            }
            optimize::fold(e, self.eval());
        });
        failed.map_or(Ok(expr), Err)
    }

    /// Plans a query: prepare, lower, optimise.
    pub async fn plan(&self, query: &Query) -> Result<Plan> {
        let query = self.prepare(query).await?;
        self.plan_prepared(&query).await
    }

    async fn plan_prepared(&self, query: &Query) -> Result<Plan> {
        let (logical, columns) = lower::query(self, query)?;
        let physical = optimize::physical(self.context(), logical).await?;
        Ok(Plan { physical, columns })
    }

    pub fn task_context(&self) -> Arc<TaskContext> {
        optimize::task_context(self.context())
    }

    /// Runs a query inside another one and gives its rows; no more than
    /// `row_count_max` of them.
    async fn rows(&self, query: &Query, row_count_max: usize) -> Result<Vec<Vec<Datum>>> {
        let plan = Box::pin(self.plan(query)).await?;
        let mut stream = plan.execute(self.task_context())?;
        let pool = &self.context().runtime.memory_pool;
        let reservation = MemoryConsumer::new("subquery").register(pool);
        let mut rows = Vec::new();
        while rows.len() < row_count_max {
            self.check_cancel()?;
            let Some(batch) = stream.next().await else { break };
            let batch = batch.map_err(failure::unwrap)?;
            let reader = RowReader::new(&plan.columns, &batch.schema())?;
            for row in 0..batch.num_rows() {
                let row = reader.row(&batch, row)?;
                reservation.try_grow(batch::row_bytes(&row)).map_err(failure::unwrap)?;
                rows.push(row);
            }
        }
        rows.truncate(row_count_max);
        Ok(rows)
    }

    fn check_cancel(&self) -> Result<()> {
        match self.context().cancel.is_cancelled() || self.eval().session.is_cancelled() {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        }
    }
}

impl Plan {
    /// Starts the plan; its batches have the output columns in order.
    pub fn execute(&self, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        prefix::execute(&self.physical, context).map_err(failure::unwrap)
    }

    /// Starts the plan so that every node of it counts its rows.
    pub fn execute_counted(&self, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        execute_stream(Arc::clone(&self.physical), context).map_err(failure::unwrap)
    }

    /// Reads datums from the plan's batches.
    pub fn reader(&self) -> Result<RowReader> {
        RowReader::new(&self.columns, &self.physical.schema())
    }
}

/// Plans and starts a query for a client: batches in the types' own forms.
pub async fn stream(planner: &Planner, query: &Query) -> Result<(Plan, SendableRecordBatchStream)> {
    let plan = planner.plan(query).await?;
    let stream = plan.execute(planner.task_context())?;
    Ok((plan, stream))
}

/// Whether a relation is sorted by a distance that an index may know.
pub fn is_by_distance(rel: &Rel) -> bool {
    matches!(rel, Rel::Sort { input, keys } if nearest::sought(input, keys).is_some())
}

/// The ids of columns, in order.
fn ids(columns: &[OutputColumn]) -> Vec<ColumnId> {
    columns.iter().map(|column| column.id).collect()
}

#[cfg(test)]
mod tests;
