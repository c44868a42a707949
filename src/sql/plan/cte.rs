//! A CTE that is computed once and read several times.
//!
//! It is computed when its first reader starts, and kept under the memory pool
//! until the statement ends.

use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::OnceCell;

use super::form::{Form, column_name};
use super::operator::{Operator, OperatorNode, Run, Scanned};
use super::{Planner, batch, lower, optimize};
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, OutputColumn, Query, Rel};
use crate::sql::run::failure;
use crate::sql::types::Datum;

/// The CTE and, once it was read, its rows.
pub struct Cte {
    rel: Rel,
    columns: Vec<OutputColumn>,
    lowered: OnceLock<(LogicalPlan, Vec<(ColumnId, Form)>)>,
    rows: OnceCell<Kept>,
}

struct Kept {
    batches: Vec<RecordBatch>,
    /// Held for as long as the batches are.
    _reservation: MemoryReservation,
}

impl Cte {
    pub fn new(rel: Rel, columns: Vec<OutputColumn>) -> Cte {
        Cte { rel, columns, lowered: OnceLock::new(), rows: OnceCell::new() }
    }

    /// The plan that reads the CTE as `columns`, and their forms.
    pub fn reader(
        self: &Arc<Self>,
        planner: &Planner,
        columns: &[OutputColumn],
    ) -> Result<(LogicalPlan, Vec<(ColumnId, Form)>)> {
        let (_, forms) = self.lowered(planner)?;
        let columns: Vec<(ColumnId, Form)> = columns
            .iter()
            .zip(forms)
            .map(|(column, (_, form))| (column.id, form.clone()))
            .collect();
        let operator = CteScan { cte: Arc::clone(self), planner: planner.clone() };
        let plan = OperatorNode::plan(Arc::new(operator), Vec::new(), batch::schema(&columns))?;
        Ok((plan, columns))
    }

    fn lowered(&self, planner: &Planner) -> Result<&(LogicalPlan, Vec<(ColumnId, Form)>)> {
        if let Some(lowered) = self.lowered.get() {
            return Ok(lowered);
        }
        let query = Query { rel: self.rel.clone(), output: self.output() };
        let lowered = lower::query_as_is(planner, &query)?;
        Ok(self.lowered.get_or_init(|| lowered))
    }

    /// The body's columns, by the CTE's names where it has them.
    fn output(&self) -> Vec<OutputColumn> {
        let produced = visit::columns(&self.rel);
        let known = |column: &OutputColumn| produced.iter().any(|p| p.id == column.id);
        match self.columns.iter().all(known) {
            true => self.columns.clone(),
            false => produced,
        }
    }

    async fn compute(&self, planner: &Planner) -> Result<Kept> {
        let (logical, _) = self.lowered(planner)?;
        let plan = Box::pin(optimize::physical(planner.context(), logical.clone())).await?;
        let mut stream = execute_stream(plan, planner.task_context()).map_err(failure::unwrap)?;
        let pool = &planner.context().runtime.memory_pool;
        let reservation = MemoryConsumer::new("common table expression").register(pool);
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            planner.check_cancel()?;
            let batch = batch.map_err(failure::unwrap)?;
            reservation.try_grow(batch.get_array_memory_size()).map_err(failure::unwrap)?;
            batches.push(batch);
        }
        Ok(Kept { batches, _reservation: reservation })
    }
}

struct CteScan {
    cte: Arc<Cte>,
    planner: Planner,
}

impl std::fmt::Debug for CteScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CTE Scan")
    }
}

impl Operator for CteScan {
    fn name(&self) -> &str {
        "CTE Scan"
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let compute = || self.cte.compute(&self.planner);
            let kept = self.cte.rows.get_or_try_init(compute).await?;
            for batch in &kept.batches {
                let batch = rename(batch, &run.schema)?;
                if !run.sink.send(batch).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// The same columns under other names.
pub fn rename(
    batch: &RecordBatch,
    schema: &datafusion::arrow::datatypes::SchemaRef,
) -> Result<RecordBatch> {
    batch::assemble(schema, batch.columns().to_vec(), batch.num_rows())
}

/// Rows that are there already: virtual relations, VALUES computed by us.
pub struct RowsScan {
    pub name: &'static str,
    /// The virtual relation that they are of.
    pub relation: Option<Scanned>,
    pub forms: Vec<Form>,
    pub rows: Vec<Vec<Datum>>,
}

impl std::fmt::Debug for RowsScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl RowsScan {
    /// A plan that produces the rows.
    pub fn plan(self, columns: &[ColumnId]) -> Result<LogicalPlan> {
        if columns.len() != self.forms.len() {
            return Err(Error::internal("a row has another number of columns than its relation"));
        }
        let fields: Vec<_> = columns
            .iter()
            .zip(&self.forms)
            .map(|(id, form)| {
                datafusion::arrow::datatypes::Field::new(
                    column_name(*id),
                    form.data_type.clone(),
                    true,
                )
            })
            .collect();
        OperatorNode::plan(Arc::new(self), Vec::new(), Schema::new(fields))
    }
}

impl Operator for RowsScan {
    fn name(&self) -> &str {
        self.name
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows.len())
    }

    fn scanned(&self) -> Option<&Scanned> {
        self.relation.as_ref()
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let batch_rows = run.context.session_config().batch_size();
            for rows in self.rows.chunks(batch_rows) {
                let batch = batch::from_rows(&run.schema, &self.forms, rows)?;
                if !run.sink.send(batch).await {
                    break;
                }
            }
            Ok(())
        })
    }
}
