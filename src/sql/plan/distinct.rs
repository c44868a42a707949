//! DISTINCT ON, and DISTINCT over types that only have keys: the first row per
//! key, in the order of the input.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::compute::filter_record_batch;
use datafusion::execution::memory_pool::MemoryConsumer;
use futures::StreamExt;
use futures::future::BoxFuture;

use super::batch::RowReader;
use super::form::Form;
use super::operator::{Operator, Run};
use super::recursive::row_key;
use crate::error::Result;
use crate::sql::ir::ColumnId;
use crate::sql::run::failure;

/// Keeps the first row of each distinct value of `keys`.
#[derive(Debug)]
pub struct FirstPerKey {
    pub keys: Vec<(ColumnId, Form)>,
}

impl Operator for FirstPerKey {
    fn name(&self) -> &str {
        "Unique"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let reader = RowReader::new(&self.keys, &input.schema())?;
            let pool = &run.context.runtime_env().memory_pool;
            let reservation = MemoryConsumer::new("distinct").register(pool);
            let mut seen = HashSet::new();
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut keep = Vec::with_capacity(batch.num_rows());
                let mut bytes = 0;
                for row in 0..batch.num_rows() {
                    let key = row_key(&reader, &self.keys, &batch, row)?;
                    bytes += key.len() + size_of::<Vec<u8>>();
                    keep.push(seen.insert(key));
                }
                reservation.try_grow(bytes).map_err(failure::unwrap)?;
                let kept = filter_record_batch(&batch, &BooleanArray::from(keep))
                    .map_err(|error| failure::reveal_arrow(&error))?;
                if !run.sink.send(kept).await {
                    break;
                }
            }
            Ok(())
        })
    }
}
