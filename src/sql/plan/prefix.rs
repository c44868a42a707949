//! The rows before the one that fails.
//!
//! A projection computes a whole batch at a time, so that an error in one row takes the
//! rows before it along, which PostgreSQL has sent to its client by then. The projections
//! at the top of a plan are computed here: where a batch fails, by halves down to the row
//! that does, and the rows before it are given first. A row computed again for that may
//! call its functions again; the statement has failed in any case. Conditions and joins
//! that fail take the rows of their batch along.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties, SendableRecordBatchStream, execute_stream,
};
use futures::StreamExt;

use super::operator::passed_on;

/// Starts a plan.
pub fn execute(
    plan: &Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let (projections, input) = projections(plan);
    if projections.is_empty() {
        return execute_stream(Arc::clone(plan), context);
    }
    let projected = Projected { projections };
    let batches = input.execute(0, context)?.flat_map(move |batch| {
        futures::stream::iter(match batch {
            Ok(batch) => projected.pieces(&batch),
            Err(error) => vec![Err(error)],
        })
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(plan.schema(), batches)))
}

/// The projections at the top of a plan, the lowest first, and what is below them. None
/// over a sort: PostgreSQL computes what it sorts before it sorts, and so before any row
/// is sent.
fn projections(plan: &Arc<dyn ExecutionPlan>) -> (Vec<Projection>, Arc<dyn ExecutionPlan>) {
    let (mut found, mut below) = (Vec::new(), Arc::clone(plan));
    loop {
        let any: &dyn std::any::Any = below.as_ref();
        let next = if let Some(projection) = any.downcast_ref::<ProjectionExec>() {
            let exprs = projection.expr().iter().map(|one| Arc::clone(&one.expr)).collect();
            found.push(Projection { exprs, schema: below.schema() });
            projection.input()
        } else if let Some(input) = passed_on(&below).filter(|input| is_one_stream(input)) {
            input
        } else {
            break;
        };
        below = Arc::clone(next);
    }
    if below.name().contains("Sort") || !is_one_stream(&below) {
        return (Vec::new(), Arc::clone(plan));
    }
    found.reverse();
    (found, below)
}

fn is_one_stream(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.output_partitioning().partition_count() == 1
}

struct Projection {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
}

struct Projected {
    projections: Vec<Projection>,
}

impl Projected {
    /// The batch; or what comes before the row that fails, and its error.
    fn pieces(&self, batch: &RecordBatch) -> Vec<Result<RecordBatch>> {
        let error = match self.compute(batch) {
            Ok(computed) => return vec![Ok(computed)],
            Err(error) => error,
        };
        let mut pieces = Vec::new();
        // The rows before `good` are computed, and one of those before `bad` fails.
        let (mut good, mut bad) = (0, batch.num_rows());
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match self.compute(&batch.slice(good, middle - good)) {
                Ok(computed) => {
                    pieces.push(Ok(computed));
                    good = middle;
                }
                Err(_) => bad = middle,
            }
        }
        pieces.push(Err(error));
        pieces
    }

    fn compute(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut batch = batch.clone();
        for projection in &self.projections {
            batch = projection.compute(&batch)?;
        }
        Ok(batch)
    }
}

impl Projection {
    fn compute(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let column = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(batch)?.into_array(rows);
        let columns = self.exprs.iter().map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}
