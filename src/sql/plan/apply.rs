//! Apply: a subquery that depends on the row outside, run once per distinct
//! value of the outer columns it reads.
//!
//! It is what remains when a subquery cannot be turned into a join. The outer
//! columns become further parameters of the subquery, which is then planned and
//! run like any query. Results are remembered by outer values while they fit
//! the memory pool; subqueries with volatile functions are not remembered.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt32Array, new_null_array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use futures::StreamExt;
use futures::future::BoxFuture;

use super::batch::{self, RowReader};
use super::form::Form;
use super::operator::{Operator, Run};
use super::{Planner, prepare};
use crate::error::Result;
use crate::sql::ir::{ColumnId, Query};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::failure;
use crate::sql::types::{Datum, SqlType};

/// A subquery whose outer columns are its last parameters.
pub struct Dependent {
    pub planner: Planner,
    pub query: Query,
    /// The outer columns, in the order of the parameters.
    pub outer: Vec<(ColumnId, Form)>,
    pub volatile: bool,
}

impl Dependent {
    fn planner(&self, values: &[Datum]) -> Planner {
        self.planner.with_params(values)
    }

    fn key(&self, values: &[Datum]) -> Vec<u8> {
        let mut key = Vec::new();
        for (value, (_, form)) in values.iter().zip(&self.outer) {
            batch::append_key(value, form, &mut key);
        }
        key
    }
}

/// What the subquery's rows become.
#[derive(Clone, Debug)]
pub enum Value {
    Scalar,
    Exists,
    /// The rows are truth values of `left op row`.
    Quantified {
        all: bool,
    },
    Array(SqlType),
}

/// Appends one column: the subquery's value for the row.
pub struct Apply {
    pub subquery: Dependent,
    pub value: Value,
    pub form: Form,
    /// Over the outer columns: where one is not true, nobody looks at the value.
    pub guards: Vec<Evaluator>,
}

impl std::fmt::Debug for Apply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubPlan")
    }
}

impl Operator for Apply {
    fn name(&self) -> &str {
        "SubPlan"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn appended(&self) -> Option<usize> {
        Some(1)
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let reader = RowReader::new(&self.subquery.outer, &input.schema())?;
            let mut memo = self.memo(&run);
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut values = Vec::with_capacity(batch.num_rows());
                let mut failed = None;
                for row in 0..batch.num_rows() {
                    let outer = reader.row(&batch, row)?;
                    match self.remembered(outer, &mut memo).await {
                        Ok(value) => values.push(value),
                        Err(error) => {
                            failed = Some(error);
                            break;
                        }
                    }
                }
                // The rows before one that fails are given first.
                let before = batch.slice(0, values.len());
                let mut columns = before.columns().to_vec();
                columns.push(batch::column(values.iter(), &self.form)?);
                let out = batch::assemble(&run.schema, columns, values.len())?;
                if !run.sink.send(out).await {
                    break;
                }
                if let Some(error) = failed {
                    return Err(error);
                }
            }
            Ok(())
        })
    }
}

impl Apply {
    /// Where values are remembered while this runs.
    pub fn memo(&self, run: &Run) -> Memo<Datum> {
        Memo::new(run, self.subquery.volatile)
    }

    /// The value for an outer row, computed unless it is known.
    pub async fn remembered(&self, outer: Vec<Datum>, memo: &mut Memo<Datum>) -> Result<Datum> {
        let key = self.subquery.key(&outer);
        if let Some(value) = memo.get(&key) {
            return Ok(value.clone());
        }
        let value = self.compute(&outer).await?;
        let bytes = batch::row_bytes(std::slice::from_ref(&value)) + key.len();
        memo.insert(key, value.clone(), bytes);
        Ok(value)
    }

    async fn compute(&self, outer: &[Datum]) -> Result<Datum> {
        for guard in &self.guards {
            if !guard.is_true(self.subquery.planner.eval(), &[], outer)? {
                return Ok(Datum::Null);
            }
        }
        let planner = self.subquery.planner(outer);
        let query = &self.subquery.query;
        match &self.value {
            Value::Scalar => prepare::scalar(planner.rows(query, 2).await?),
            Value::Exists => Ok(Datum::Bool(!planner.rows(query, 1).await?.is_empty())),
            Value::Array(ty) => planner.array(planner.rows(query, usize::MAX).await?, *ty),
            Value::Quantified { all } => {
                let rows = planner.rows(query, usize::MAX).await?;
                Ok(quantified(rows.iter().map(|row| &row[0]), *all))
            }
        }
    }
}

/// ANY and ALL over truth values.
pub fn quantified<'a>(values: impl Iterator<Item = &'a Datum>, all: bool) -> Datum {
    let mut result = Datum::Bool(all);
    for value in values {
        match value {
            Datum::Bool(value) if *value != all => return Datum::Bool(!all),
            Datum::Bool(_) => {}
            _ => result = Datum::Null,
        }
    }
    result
}

/// Results by outer values, forgotten when memory runs short.
pub struct Memo<T> {
    results: HashMap<Vec<u8>, T>,
    reservation: MemoryReservation,
    disabled: bool,
}

impl<T> Memo<T> {
    fn new(run: &Run, disabled: bool) -> Memo<T> {
        let pool = &run.context.runtime_env().memory_pool;
        let reservation = MemoryConsumer::new("subplan results").register(pool);
        Memo { results: HashMap::new(), reservation, disabled }
    }

    fn get(&self, key: &[u8]) -> Option<&T> {
        self.results.get(key)
    }

    /// Whether the result for an outer row is known.
    pub fn has(&self, outer: &[Datum], subquery: &Dependent) -> bool {
        self.results.contains_key(&subquery.key(outer))
    }

    fn insert(&mut self, key: Vec<u8>, result: T, bytes: usize) {
        if self.disabled {
            return;
        }
        if self.reservation.try_grow(bytes).is_err() {
            self.results.clear();
            self.reservation.free();
            return;
        }
        self.results.insert(key, result);
    }
}

/// LATERAL: each row joined with the rows of a subquery that depends on it.
pub struct LateralJoin {
    pub subquery: Dependent,
    /// The subquery's columns as they are appended.
    pub columns: Vec<(ColumnId, Form)>,
    /// Keep rows without a match, with NULLs.
    pub outer_join: bool,
}

impl std::fmt::Debug for LateralJoin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nested Loop")
    }
}

impl Operator for LateralJoin {
    fn name(&self) -> &str {
        "Nested Loop"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn appended(&self) -> Option<usize> {
        Some(self.columns.len())
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let reader = RowReader::new(&self.subquery.outer, &input.schema())?;
            let mut memo: Memo<RecordBatch> = Memo::new(&run, self.subquery.volatile);
            let batch_rows = run.context.session_config().batch_size();
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut origins: Vec<u32> = Vec::new();
                let mut pieces: Vec<RecordBatch> = Vec::new();
                for row in 0..batch.num_rows() {
                    let outer = reader.row(&batch, row)?;
                    let key = self.subquery.key(&outer);
                    let found = match memo.get(&key) {
                        Some(found) => found.clone(),
                        None => {
                            let found = self.compute(&outer).await?;
                            let bytes = found.get_array_memory_size() + key.len();
                            memo.insert(key, found.clone(), bytes);
                            found
                        }
                    };
                    origins.extend(std::iter::repeat_n(row as u32, found.num_rows()));
                    pieces.push(found);
                    if origins.len() >= batch_rows {
                        let out = self.emit(&run, &batch, &origins, &pieces)?;
                        origins.clear();
                        pieces.clear();
                        if !run.sink.send(out).await {
                            return Ok(());
                        }
                    }
                }
                let out = self.emit(&run, &batch, &origins, &pieces)?;
                if !run.sink.send(out).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl LateralJoin {
    fn schema(&self) -> Arc<datafusion::arrow::datatypes::Schema> {
        Arc::new(batch::schema(&self.columns))
    }

    async fn compute(&self, outer: &[Datum]) -> Result<RecordBatch> {
        let rows = self.subquery.planner(outer).rows(&self.subquery.query, usize::MAX).await?;
        let schema = self.schema();
        if rows.is_empty() && self.outer_join {
            let nulls: Vec<ArrayRef> =
                self.columns.iter().map(|(_, form)| new_null_array(&form.data_type, 1)).collect();
            return batch::assemble(&schema, nulls, 1);
        }
        let forms: Vec<Form> = self.columns.iter().map(|(_, form)| form.clone()).collect();
        batch::from_rows(&schema, &forms, &rows)
    }

    fn emit(
        &self,
        run: &Run,
        input: &RecordBatch,
        origins: &[u32],
        pieces: &[RecordBatch],
    ) -> Result<RecordBatch> {
        let reveal = |error| failure::reveal_arrow(&error);
        let taken =
            take_record_batch(input, &UInt32Array::from(origins.to_vec())).map_err(reveal)?;
        let right = concat_batches(&self.schema(), pieces).map_err(reveal)?;
        let mut columns = taken.columns().to_vec();
        columns.extend(right.columns().iter().cloned());
        batch::assemble(&run.schema, columns, origins.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_and_all_follow_three_valued_logic() {
        let (yes, no, null) = (Datum::Bool(true), Datum::Bool(false), Datum::Null);
        assert!(matches!(quantified([&no, &null].into_iter(), false), Datum::Null));
        assert!(matches!(quantified([&null, &yes].into_iter(), false), Datum::Bool(true)));
        assert!(matches!(quantified([].into_iter(), true), Datum::Bool(true)));
        assert!(matches!(quantified([&null, &no].into_iter(), true), Datum::Bool(false)));
    }
}
