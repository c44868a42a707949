//! WITH RECURSIVE with PostgreSQL's rules: the recursive term sees only the rows
//! of the round before; with UNION, rows seen in any round before are dropped.
//!
//! The recursive term is planned once; each round runs it anew over the working
//! table. All rows seen (for UNION) and the rounds' rows count against the
//! memory pool.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use futures::StreamExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;

use super::batch::{self, RowReader};
use super::cte::rename;
use super::form::Form;
use super::operator::{Operator, Run};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::ColumnId;
use crate::sql::run::failure;

/// The rows of the round before, as the recursive term reads them.
#[derive(Debug)]
pub struct WorkingTable {
    pub forms: Vec<Form>,
    batches: RwLock<Vec<RecordBatch>>,
}

impl WorkingTable {
    pub fn new(forms: Vec<Form>) -> WorkingTable {
        WorkingTable { forms, batches: RwLock::default() }
    }
}

/// Reads the working table.
#[derive(Debug)]
pub struct WorkingTableScan(pub Arc<WorkingTable>);

impl Operator for WorkingTableScan {
    fn name(&self) -> &str {
        "WorkTable Scan"
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let batches = self.0.batches.read().clone();
            for batch in &batches {
                if !run.sink.send(rename(batch, &run.schema)?).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// The fixed point of a recursive union: input 0 starts it, input 1 is the
/// recursive term.
pub struct RecursiveUnion {
    pub table: Arc<WorkingTable>,
    pub all: bool,
    pub context: Arc<EvalContext>,
}

impl std::fmt::Debug for RecursiveUnion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recursive Union")
    }
}

impl Operator for RecursiveUnion {
    fn name(&self) -> &str {
        "Recursive Union"
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let pool = &run.context.runtime_env().memory_pool;
            let seen_bytes = MemoryConsumer::new("recursive union: rows seen").register(pool);
            let round_bytes = MemoryConsumer::new("recursive union: round").register(pool);
            let mut seen = HashSet::new();
            let mut plan = Arc::clone(&run.inputs[0]);
            loop {
                let mut stream =
                    plan.execute(0, Arc::clone(&run.context)).map_err(failure::unwrap)?;
                let mut round = Vec::new();
                let mut bytes = 0;
                while let Some(batch) = stream.next().await {
                    if self.context.session.is_cancelled() {
                        return Err(Error::query_canceled());
                    }
                    let batch = rename(&batch.map_err(failure::unwrap)?, &run.schema)?;
                    let batch = match self.all {
                        true => batch,
                        false => self.unseen(&batch, &mut seen, &mut |bytes| {
                            seen_bytes.try_grow(bytes).map_err(failure::unwrap)
                        })?,
                    };
                    if batch.num_rows() == 0 {
                        continue;
                    }
                    bytes += batch.get_array_memory_size();
                    round_bytes.try_resize(bytes).map_err(failure::unwrap)?;
                    if !run.sink.send(batch.clone()).await {
                        return Ok(());
                    }
                    round.push(batch);
                }
                if round.is_empty() {
                    return Ok(());
                }
                *self.table.batches.write() = round;
                plan = reset_plan_states(Arc::clone(&run.inputs[1])).map_err(failure::unwrap)?;
            }
        })
    }
}

impl RecursiveUnion {
    /// The rows of a batch that were not seen before.
    fn unseen(
        &self,
        batch: &RecordBatch,
        seen: &mut HashSet<Vec<u8>>,
        grow: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<RecordBatch> {
        let mut keep = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let mut key = Vec::new();
            for (form, column) in self.table.forms.iter().zip(batch.columns()) {
                batch::append_key(&form.datum_at(column, row)?, form, &mut key);
            }
            let bytes = key.len() + size_of::<Vec<u8>>();
            let new = seen.insert(key);
            if new {
                grow(bytes)?;
            }
            keep.push(new);
        }
        filter_record_batch(batch, &BooleanArray::from(keep))
            .map_err(|error| failure::reveal_arrow(&error))
    }
}

/// Keys of whole rows, for operators that compare rows.
pub fn row_key(
    reader: &RowReader,
    columns: &[(ColumnId, Form)],
    batch: &RecordBatch,
    row: usize,
) -> Result<Vec<u8>> {
    let values = reader.row(batch, row)?;
    let mut key = Vec::new();
    for (value, (_, form)) in values.iter().zip(columns) {
        batch::append_key(value, form, &mut key);
    }
    Ok(key)
}
