//! Each row several times, with marks that tell the copies apart: what is needed for
//! LATERAL VALUES of several rows.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use futures::StreamExt;
use futures::future::BoxFuture;

use super::batch;
use super::operator::{Operator, Run};
use crate::error::Result;
use crate::sql::run::failure;

/// Repeats each row `count` times, and appends `count - 1` booleans: the n-th is true
/// in the n-th copy.
#[derive(Debug)]
pub struct Repeat {
    pub count: usize,
}

impl Operator for Repeat {
    fn name(&self) -> &str {
        "Nested Loop"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let rows_max = (run.context.session_config().batch_size() / self.count).max(1);
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                for start in (0..batch.num_rows()).step_by(rows_max) {
                    let rows = rows_max.min(batch.num_rows() - start);
                    let origins = (start..start + rows)
                        .flat_map(|row| std::iter::repeat_n(row as u32, self.count));
                    let origins = UInt32Array::from_iter_values(origins);
                    let taken = take_record_batch(&batch, &origins)
                        .map_err(|error| failure::reveal_arrow(&error))?;
                    let mut columns = taken.columns().to_vec();
                    for mark in 0..self.count - 1 {
                        let marks = (0..rows * self.count).map(|at| Some(at % self.count == mark));
                        columns.push(Arc::new(marks.collect::<BooleanArray>()) as ArrayRef);
                    }
                    let out = batch::assemble(&run.schema, columns, rows * self.count)?;
                    if !run.sink.send(out).await {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }
}
