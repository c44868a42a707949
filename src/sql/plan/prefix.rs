//! The rows before the one that fails.
//!
//! A projection or a filter computes a whole batch at a time, so that an error in one row
//! takes the rows before it along, which PostgreSQL has sent to its client by then, and
//! fails a query whose LIMIT never gets to that row. The projections, filters and limits
//! at the top of a plan are run here: where a batch fails, it is computed by halves down
//! to the row that does, and the rows before it are given first. A row computed again for
//! that may call its functions again; where the error is met, the statement has failed in
//! any case.
//!
//! Below the first join, aggregate or sort nothing leaves row by row, and DataFusion's own
//! streams run.

use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::limit::{GlobalLimitExec, LimitStream, LocalLimitExec};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties, SendableRecordBatchStream, execute_stream,
};
use futures::StreamExt;

use super::operator::passed_on;

/// Starts a plan. Its metrics are counted below what is run here only.
pub fn execute(
    plan: &Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    if plan.output_partitioning().partition_count() != 1 {
        return execute_stream(Arc::clone(plan), context);
    }
    let any: &dyn std::any::Any = plan.as_ref();
    if let Some(projection) = any.downcast_ref::<ProjectionExec>() {
        let input = execute(projection.input(), context)?;
        let exprs = projection.expr().iter().map(|projected| Arc::clone(&projected.expr));
        return Ok(by_rows(Step::Project(exprs.collect()), plan.schema(), input));
    }
    if let Some(filter) = any.downcast_ref::<FilterExec>() {
        let step = Step::Filter {
            predicate: Arc::clone(filter.predicate()),
            columns: filter.projection().as_ref().map(|columns| columns.to_vec()),
        };
        let rows = by_rows(step, plan.schema(), execute(filter.input(), context)?);
        return Ok(match filter.fetch() {
            Some(fetch) => limited(rows, 0, Some(fetch)),
            None => rows,
        });
    }
    if let Some(limit) = any.downcast_ref::<GlobalLimitExec>() {
        let input = execute(limit.input(), context)?;
        return Ok(limited(input, limit.skip(), limit.fetch()));
    }
    if let Some(limit) = any.downcast_ref::<LocalLimitExec>() {
        return Ok(limited(execute(limit.input(), context)?, 0, Some(limit.fetch())));
    }
    match passed_on(plan.as_ref()) {
        Some(input) => execute(input, context),
        None => execute_stream(Arc::clone(plan), context),
    }
}

fn limited(
    input: SendableRecordBatchStream,
    skip: usize,
    fetch: Option<usize>,
) -> SendableRecordBatchStream {
    let metrics = BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
    Box::pin(LimitStream::new(input, skip, fetch, metrics))
}

fn by_rows(
    step: Step,
    schema: SchemaRef,
    input: SendableRecordBatchStream,
) -> SendableRecordBatchStream {
    let rows = ByRows { step, schema: Arc::clone(&schema) };
    let batches = input.flat_map(move |batch| {
        futures::stream::iter(match batch {
            Ok(batch) => rows.pieces(&batch),
            Err(error) => vec![Err(error)],
        })
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

/// What is computed of each row for itself.
enum Step {
    Project(Vec<Arc<dyn PhysicalExpr>>),
    Filter { predicate: Arc<dyn PhysicalExpr>, columns: Option<Vec<usize>> },
}

struct ByRows {
    step: Step,
    schema: SchemaRef,
}

impl ByRows {
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
        match &self.step {
            Step::Project(exprs) => {
                let column = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(batch)?.into_array(rows);
                let columns = exprs.iter().map(column).collect::<Result<Vec<_>>>()?;
                let options = RecordBatchOptions::new().with_row_count(Some(rows));
                let schema = Arc::clone(&self.schema);
                Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
            }
            Step::Filter { predicate, columns } => {
                let kept = predicate.evaluate(batch)?.into_array(rows)?;
                let kept = kept.as_any().downcast_ref::<BooleanArray>().ok_or_else(|| {
                    DataFusionError::Internal("a condition is not a boolean".to_owned())
                })?;
                Ok(match columns {
                    Some(columns) => filter_record_batch(&batch.project(columns)?, kept)?,
                    None => filter_record_batch(batch, kept)?,
                })
            }
        }
    }
}
