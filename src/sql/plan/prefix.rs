//! The rows before the one that fails.
//!
//! A projection computes a whole batch at a time, so that an error in one row takes the
//! rows before it along, which PostgreSQL has sent to its client by then. The projection
//! at the top of a plan is computed here: where a batch fails, by halves down to the row
//! that does, and the rows before it are given first. A row computed again for that may
//! call its functions again; the statement has failed in any case.

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

/// Starts a plan.
pub fn execute(
    plan: &Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let any: &dyn std::any::Any = plan.as_ref();
    let projection = any.downcast_ref::<ProjectionExec>();
    let is_one_stream = plan.output_partitioning().partition_count() == 1;
    let Some(projection) = projection.filter(|_| is_one_stream) else {
        return execute_stream(Arc::clone(plan), context);
    };
    let projected = Projected {
        exprs: projection.expr().iter().map(|projected| Arc::clone(&projected.expr)).collect(),
        schema: plan.schema(),
    };
    let schema = Arc::clone(&projected.schema);
    let input = projection.input().execute(0, context)?;
    let batches = input.flat_map(move |batch| {
        futures::stream::iter(match batch {
            Ok(batch) => projected.pieces(&batch),
            Err(error) => vec![Err(error)],
        })
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
}

struct Projected {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
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
        let rows = batch.num_rows();
        let column = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(batch)?.into_array(rows);
        let columns = self.exprs.iter().map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}
