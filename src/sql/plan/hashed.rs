//! A subquery over outer columns whose rows are read once: PostgreSQL's hashed SubPlan.
//!
//! Where outer columns occur only in the conditions (and in what is computed from the
//! rows that fulfil them), the relation without these conditions is the same for every
//! outer row. It is read once, kept by the values that equalities compare, and each
//! outer row looks up its candidates. That is done from the first row on if the
//! relation is small; otherwise outer rows are computed one by one ([`Apply`]), by
//! index where there is one, until reading it all would have been the cheaper way.
//! If its rows do not fit the memory pool, they are computed one by one to the end.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use futures::StreamExt;
use futures::future::BoxFuture;

use super::apply::{Apply, Value, quantified};
use super::batch::{self, RowReader};
use super::operator::{Operator, Run};
use super::prepare;
use crate::error::{Error, Result};
use crate::sql::ir::Query;
use crate::sql::run::eval::Evaluator;
use crate::sql::run::failure;
use crate::sql::types::{Datum, Repr, key};
use crate::sqlstate;

/// Up to so many rows are read at once without asking further.
const SMALL_ROWS: usize = 20_000;
/// How many rows may be read for one outer row that is not computed alone.
const ROWS_PER_EVALUATION: usize = 200;

/// One equality: what both sides compute, and the form in which they compare.
pub struct Key {
    /// Over the outer columns.
    pub outer: Evaluator,
    /// Over the relation's columns.
    pub inner: Evaluator,
    pub repr: Repr,
}

pub struct HashedSubPlan {
    /// How an outer row is computed alone.
    pub apply: Apply,
    /// The relation without the conditions that read outer columns.
    pub relation: Query,
    pub keys: Vec<Key>,
    /// Further conditions, over the outer columns and those of the relation.
    pub conditions: Vec<Evaluator>,
    /// What a row that fulfils them gives, over the same; none for EXISTS.
    pub output: Option<Evaluator>,
}

impl std::fmt::Debug for HashedSubPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hashed SubPlan")
    }
}

/// The relation's rows by their keys.
struct Table {
    rows: Vec<Vec<Datum>>,
    buckets: HashMap<Vec<u8>, Vec<u32>>,
    /// What the rows take of the memory pool.
    _reservation: MemoryReservation,
}

/// Whether the rows have been read.
enum State {
    New,
    /// The relation's rows are estimated at so many.
    Waiting(Option<usize>),
    Read(Table),
    /// They are more than memory holds.
    TooMany,
}

impl Operator for HashedSubPlan {
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
            let reader = RowReader::new(&self.apply.subquery.outer, &input.schema())?;
            let mut memo = self.apply.memo(&run);
            let mut state = State::New;
            let mut evaluations = 0;
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut values = Vec::with_capacity(batch.num_rows());
                for row in 0..batch.num_rows() {
                    let outer = reader.row(&batch, row)?;
                    self.apply.subquery.planner.check_cancel()?;
                    if let State::New = state {
                        state = State::Waiting(self.estimate().await?);
                    }
                    if let State::Waiting(estimate) = state
                        && is_due(estimate, evaluations)
                    {
                        state = self.read(&run).await?;
                    }
                    if let State::Read(table) = &state {
                        values.push(self.look_up(table, outer)?);
                        continue;
                    }
                    evaluations += usize::from(!memo.has(&outer, &self.apply.subquery));
                    values.push(self.apply.remembered(outer, &mut memo).await?);
                }
                let mut columns = batch.columns().to_vec();
                columns.push(batch::column(values.iter(), &self.apply.form)?);
                let out = batch::assemble(&run.schema, columns, batch.num_rows())?;
                if !run.sink.send(out).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// Whether to read a relation, after so many outer rows were computed alone.
fn is_due(rows: Option<usize>, evaluations: usize) -> bool {
    rows.is_none_or(|rows| rows <= SMALL_ROWS + evaluations * ROWS_PER_EVALUATION)
}

impl HashedSubPlan {
    /// How many rows the relation may have.
    async fn estimate(&self) -> Result<Option<usize>> {
        let plan = Box::pin(self.apply.subquery.planner.plan(&self.relation)).await?;
        Ok(rows_of(plan.physical.as_ref()))
    }

    async fn read(&self, run: &Run) -> Result<State> {
        let pool = &run.context.runtime_env().memory_pool;
        let reservation = MemoryConsumer::new("hashed subplan").register(pool);
        let planner = &self.apply.subquery.planner;
        let rows = match planner.rows(&self.relation, usize::MAX).await {
            Ok(rows) => rows,
            Err(error) if error.code() == sqlstate::OUT_OF_MEMORY => return Ok(State::TooMany),
            Err(error) => return Err(error),
        };
        let mut buckets: HashMap<Vec<u8>, Vec<u32>> = HashMap::new();
        let eval = planner.eval();
        for (number, row) in rows.iter().enumerate() {
            let mut bytes = Vec::new();
            let mut is_null = false;
            for key in &self.keys {
                is_null |= !append(&key.inner.eval(eval, &[], row)?, &key.repr, &mut bytes);
            }
            if is_null {
                continue;
            }
            if reservation.try_grow(batch::row_bytes(row) + bytes.len()).is_err() {
                return Ok(State::TooMany);
            }
            let number = u32::try_from(number).map_err(|_| too_many())?;
            buckets.entry(bytes).or_default().push(number);
        }
        Ok(State::Read(Table { rows, buckets, _reservation: reservation }))
    }

    fn look_up(&self, table: &Table, outer: Vec<Datum>) -> Result<Datum> {
        let planner = &self.apply.subquery.planner;
        let eval = planner.eval();
        let mut bytes = Vec::new();
        let mut is_null = false;
        for key in &self.keys {
            is_null |= !append(&key.outer.eval(eval, &[], &outer)?, &key.repr, &mut bytes);
        }
        let found = if is_null { None } else { table.buckets.get(&bytes) };
        let mut gathered = Vec::new();
        let (own, mut row) = (outer.len(), outer);
        'candidates: for number in found.into_iter().flatten() {
            planner.check_cancel()?;
            row.truncate(own);
            row.extend_from_slice(&table.rows[*number as usize]);
            for condition in &self.conditions {
                if !condition.is_true(eval, &[], &row)? {
                    continue 'candidates;
                }
            }
            let Some(output) = &self.output else { return Ok(Datum::Bool(true)) };
            gathered.push(vec![output.eval(eval, &[], &row)?]);
        }
        match &self.apply.value {
            Value::Exists => Ok(Datum::Bool(false)),
            Value::Scalar => prepare::scalar(gathered),
            Value::Array(ty) => planner.array(gathered, *ty),
            Value::Quantified { all } => Ok(quantified(gathered.iter().map(|row| &row[0]), *all)),
        }
    }
}

/// How many rows a plan is estimated to give.
pub fn rows_of(plan: &dyn ExecutionPlan) -> Option<usize> {
    let statistics = StatisticsContext::new().compute(plan, &StatisticsArgs::new()).ok()?;
    statistics.num_rows.get_value().copied()
}

/// Appends what a value compares by; `false` for NULL, which equals nothing.
fn append(value: &Datum, repr: &Repr, out: &mut Vec<u8>) -> bool {
    match value {
        Datum::Null => return false,
        Datum::Int2(value) => key::encode(&Datum::Int8(i64::from(*value)), &Repr::Int8, out),
        Datum::Int4(value) => key::encode(&Datum::Int8(i64::from(*value)), &Repr::Int8, out),
        Datum::Int8(_) => key::encode(value, &Repr::Int8, out),
        value => key::encode(value, repr, out),
    }
    true
}

fn too_many() -> Error {
    Error::out_of_memory("a subquery has too many rows")
}
