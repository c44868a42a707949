//! Set-returning functions over rows: in select lists, in FROM, and LATERAL.
//!
//! The functions of one node advance in lockstep; the shorter ones are padded
//! with NULLs, and a row for which all are empty disappears (or, for the right
//! side of a LEFT JOIN, stays once with NULLs).

use std::sync::Arc;

use datafusion::arrow::array::UInt32Array;
use datafusion::arrow::compute::take_arrays;
use futures::StreamExt;
use futures::future::BoxFuture;

use super::batch::{self, RowReader};
use super::form::Form;
use super::operator::{Operator, Run};
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::functions::{CallContext, EvalContext, SetFn, SetRows};
use crate::sql::ir::ColumnId;
use crate::sql::routine;
use crate::sql::run::eval::Evaluator;
use crate::sql::run::failure;
use crate::sql::types::{Datum, Oid, SqlType, record};

/// One function call and the columns it gives.
pub struct SetCall {
    pub source: SetSource,
    pub forms: Vec<Form>,
    /// In FROM: each value is a row of a composite type, which fills the columns.
    pub is_row: bool,
    /// In FROM: it reads nothing of the outer row, and so is run once for all of them.
    pub once: bool,
}

pub enum SetSource {
    Rows {
        rows: SetFn,
        strict: bool,
        args: Vec<Evaluator>,
        types: Vec<SqlType>,
        result: SqlType,
    },
    /// A function that a user wrote.
    Routine {
        function: Arc<Function>,
        args: Vec<Evaluator>,
        types: Vec<SqlType>,
        result: SqlType,
    },
    /// A function that gives one value: one row. A record fills several columns.
    Value(Evaluator),
}

/// The most rows of a function that are kept for the next outer row.
const KEPT_ROWS_MAX: usize = 10_000;

/// Appends the calls' columns (and the ordinality) to the input's columns.
pub struct ProjectSet {
    pub name: &'static str,
    pub context: Arc<EvalContext>,
    /// The input's columns that arguments read: the evaluators' slots.
    pub slots: Vec<(ColumnId, Form)>,
    pub calls: Vec<SetCall>,
    pub ordinality: Option<Form>,
    /// Keep a row without any result, with NULLs.
    pub outer: bool,
}

impl std::fmt::Debug for ProjectSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The rows of a call that is run once.
type Kept = Arc<Vec<Vec<Datum>>>;

impl SetCall {
    /// The rows of the first run, if they are not too many to be kept.
    fn start_once(
        &self,
        context: &EvalContext,
        row: &[Datum],
        kept: &mut Option<Kept>,
    ) -> Result<SetRows> {
        if let Some(rows) = kept {
            let rows = Arc::clone(rows);
            return Ok(Box::new((0..rows.len()).map(move |at| Ok(rows[at].clone()))));
        }
        let mut rows = self.start(context, row)?;
        let mut first = Vec::new();
        for row in rows.by_ref().take(KEPT_ROWS_MAX) {
            first.push(row?);
        }
        if first.len() < KEPT_ROWS_MAX {
            *kept = Some(Arc::new(first.clone()));
        }
        Ok(Box::new(first.into_iter().map(Ok).chain(rows)))
    }

    fn start(&self, context: &EvalContext, row: &[Datum]) -> Result<SetRows> {
        match &self.source {
            SetSource::Value(evaluator) => {
                let value = evaluator.eval(context, &[], row)?;
                Ok(Box::new(std::iter::once(Ok(self.spread(value, evaluator.ty())))))
            }
            SetSource::Routine { function, args, types, result } => {
                let args = args
                    .iter()
                    .map(|arg| arg.eval(context, &[], row))
                    .collect::<Result<Vec<_>>>()?;
                let call = CallContext { eval: context, args: types, result: *result };
                let columns: Vec<SqlType> = self.forms.iter().map(|form| form.ty).collect();
                routine::call_set(&call, function, &args, &columns)
            }
            SetSource::Rows { rows, strict, args, types, result } => {
                let args = args
                    .iter()
                    .map(|arg| arg.eval(context, &[], row))
                    .collect::<Result<Vec<_>>>()?;
                if *strict && args.iter().any(Datum::is_null) {
                    return Ok(Box::new(std::iter::empty()));
                }
                let call = CallContext { eval: context, args: types, result: *result };
                let rows = rows(&call, &args)?;
                if self.is_row {
                    return Ok(Box::new(rows.map(|row| row.map(spread_row))));
                }
                if !self.is_whole(*result) {
                    return Ok(rows);
                }
                let types: Vec<Oid> = match record::fields(*result) {
                    Some(fields) => fields.iter().map(|(_, ty)| ty.oid).collect(),
                    None => {
                        let columns = context.catalog.composite_columns(result.oid);
                        columns.iter().map(|(_, ty)| ty.oid).collect()
                    }
                };
                Ok(match types.is_empty() {
                    true => rows,
                    false => Box::new(rows.map(move |row| row.map(|row| gather(row, &types)))),
                })
            }
        }
    }

    /// Whether the result is one column, and not a column for each of its fields.
    fn is_whole(&self, result: SqlType) -> bool {
        matches!(self.forms.as_slice(), [form] if form.ty.oid == result.oid)
    }

    /// A composite value over its columns.
    fn spread(&self, value: Datum, ty: SqlType) -> Vec<Datum> {
        match value {
            value if self.is_whole(ty) => vec![value],
            Datum::Record(fields) => fields.into_iter().map(|(_, value)| value).collect(),
            Datum::Null => vec![Datum::Null; self.forms.len()],
            value => vec![value],
        }
    }
}

/// The fields of a row that comes as one value, as an element of an array does.
fn spread_row(mut row: Vec<Datum>) -> Vec<Datum> {
    match row.as_mut_slice() {
        [Datum::Record(fields)] => {
            std::mem::take(fields).into_iter().map(|(_, value)| value).collect()
        }
        _ => row,
    }
}

/// A row of several columns as the one value that a select list shows.
fn gather(row: Vec<Datum>, types: &[Oid]) -> Vec<Datum> {
    // An element of an array of rows is one value already.
    match row.as_slice() {
        [Datum::Record(_)] => return row,
        [Datum::Null] if types.len() > 1 => return row,
        _ => {}
    }
    vec![Datum::Record(types.iter().copied().zip(row).collect())]
}

impl Operator for ProjectSet {
    fn name(&self) -> &str {
        self.name
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let reader = RowReader::new(&self.slots, &input.schema())?;
            let batch_rows = run.context.session_config().batch_size();
            let forms = self.forms();
            let mut values = Vec::new();
            let mut kept = vec![None; self.calls.len()];
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut origins: Vec<u32> = Vec::new();
                let mut made: Vec<Vec<Datum>> = Vec::new();
                for row in 0..batch.num_rows() {
                    reader.read(&batch, row, &mut values)?;
                    let mut rows = self.rows(&values, &mut kept);
                    loop {
                        let next = match &mut rows {
                            Ok(rows) => rows.next(),
                            Err(error) => Err(error.clone()),
                        };
                        let values = match next {
                            Ok(Some(values)) => values,
                            Ok(None) => break,
                            // The rows before the one that fails are the client's.
                            Err(error) => {
                                run.sink.send(emit(&run, &batch, &forms, &origins, &made)?).await;
                                return Err(error);
                            }
                        };
                        origins.push(row as u32);
                        made.push(values);
                        if made.len() == batch_rows {
                            self.check_cancel()?;
                            let out = emit(&run, &batch, &forms, &origins, &made)?;
                            origins.clear();
                            made.clear();
                            if !run.sink.send(out).await {
                                return Ok(());
                            }
                        }
                    }
                }
                let out = emit(&run, &batch, &forms, &origins, &made)?;
                if !run.sink.send(out).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

fn emit(
    run: &Run,
    input: &datafusion::arrow::record_batch::RecordBatch,
    forms: &[Form],
    origins: &[u32],
    made: &[Vec<Datum>],
) -> Result<datafusion::arrow::record_batch::RecordBatch> {
    let origins = UInt32Array::from(origins.to_vec());
    let mut columns = take_arrays(input.columns(), &origins, None)
        .map_err(|error| failure::reveal_arrow(&error))?;
    for (position, form) in forms.iter().enumerate() {
        columns.push(batch::column(made.iter().map(|row| &row[position]), form)?);
    }
    batch::assemble(&run.schema, columns, made.len())
}

impl ProjectSet {
    fn forms(&self) -> Vec<Form> {
        self.calls.iter().flat_map(|call| &call.forms).chain(&self.ordinality).cloned().collect()
    }

    fn check_cancel(&self) -> Result<()> {
        match self.context.session.is_cancelled() {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        }
    }

    fn rows(&self, row: &[Datum], kept: &mut [Option<Kept>]) -> Result<Lockstep<'_>> {
        let calls = self
            .calls
            .iter()
            .zip(kept)
            .map(|(call, kept)| match call.once {
                true => call.start_once(&self.context, row, kept).map(Some),
                false => call.start(&self.context, row).map(Some),
            })
            .collect::<Result<_>>()?;
        Ok(Lockstep { node: self, calls, count: 0 })
    }
}

/// The rows that one input row becomes.
struct Lockstep<'a> {
    node: &'a ProjectSet,
    calls: Vec<Option<SetRows>>,
    count: i64,
}

impl Lockstep<'_> {
    fn next(&mut self) -> Result<Option<Vec<Datum>>> {
        let mut values = Vec::new();
        let mut any = false;
        for (call, rows) in self.node.calls.iter().zip(&mut self.calls) {
            let next = rows.as_mut().and_then(Iterator::next).transpose()?;
            let width = call.forms.len();
            let start = values.len();
            match next {
                Some(row) => {
                    any = true;
                    values.extend(row.into_iter().take(width));
                }
                None => *rows = None,
            }
            values.resize(start + width, Datum::Null);
        }
        let outer_row = self.node.outer && self.count == 0;
        if !any && !outer_row {
            return Ok(None);
        }
        self.count += 1;
        if self.node.ordinality.is_some() {
            values.push(if any { Datum::Int8(self.count) } else { Datum::Null });
        }
        Ok(Some(values))
    }
}
