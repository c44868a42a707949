//! Rows of datums to batches and back, in the forms of the planner.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BinaryBuilder, Decimal128Array, Decimal256Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, i256};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::form::{Form, Scope, column_name};
use crate::error::{Error, Result};
use crate::sql::ir::{ColumnId, OutputColumn};
use crate::sql::types::numeric::{Coefficient, Numeric};
use crate::sql::types::{self, Datum};

/// The schema of columns in their forms.
pub fn schema(columns: &[(ColumnId, Form)]) -> Schema {
    Schema::new(
        columns
            .iter()
            .map(|(id, form)| Field::new(column_name(*id), form.data_type.clone(), true))
            .collect::<Vec<_>>(),
    )
}

/// The forms of output columns as `scope` has them.
pub fn forms(columns: &[OutputColumn], scope: &Scope) -> Result<Vec<(ColumnId, Form)>> {
    columns
        .iter()
        .map(|column| {
            let form = scope.get(column.id).ok_or_else(|| {
                Error::internal(format!("column c{} is not produced", column.id.0))
            })?;
            Ok((column.id, form.clone()))
        })
        .collect()
}

/// Builds one column.
pub fn column<'a>(
    values: impl ExactSizeIterator<Item = &'a Datum>,
    form: &Form,
) -> Result<ArrayRef> {
    match form.data_type {
        DataType::Decimal128(precision, scale) => {
            let array: Decimal128Array =
                values.map(|value| rescale(value, scale)).collect::<Result<_>>()?;
            let array = array.with_precision_and_scale(precision, scale);
            Ok(Arc::new(array.map_err(|error| crate::sql::run::failure::reveal_arrow(&error))?))
        }
        DataType::Decimal256(precision, scale) => {
            let array: Decimal256Array = values
                .map(|value| Ok(rescale(value, scale)?.map(i256::from_i128)))
                .collect::<Result<_>>()?;
            let array = array.with_precision_and_scale(precision, scale);
            Ok(Arc::new(array.map_err(|error| crate::sql::run::failure::reveal_arrow(&error))?))
        }
        _ => {
            let mut builder = types::arrow::ArrayBuilder::new(&form.ty, &form.repr, values.len());
            for value in values {
                builder.append(value)?;
            }
            Ok(builder.finish())
        }
    }
}

/// A numeric as an integer of the given scale.
fn rescale(value: &Datum, scale: i8) -> Result<Option<i128>> {
    let Datum::Numeric(value) = value else { return Ok(None) };
    let fail = || Error::out_of_range("numeric");
    let Numeric::Finite { coefficient, scale: from } = value else { return Err(fail()) };
    let coefficient = match coefficient {
        Coefficient::Small(small) => *small,
        Coefficient::Big(big) => i128::try_from(big.clone()).map_err(|_| fail())?,
    };
    let shift = i32::from(scale) - i32::from(*from);
    let factor = 10i128.checked_pow(shift.unsigned_abs()).ok_or_else(fail)?;
    match shift >= 0 {
        true => coefficient.checked_mul(factor).map(Some).ok_or_else(fail),
        false if coefficient % factor == 0 => Ok(Some(coefficient / factor)),
        false => Err(fail()),
    }
}

/// Builds a batch from rows whose values are in the order of `columns`.
pub fn from_rows(schema: &SchemaRef, forms: &[Form], rows: &[Vec<Datum>]) -> Result<RecordBatch> {
    let columns = forms
        .iter()
        .enumerate()
        .map(|(position, form)| column(rows.iter().map(|row| &row[position]), form))
        .collect::<Result<Vec<_>>>()?;
    assemble(schema, columns, rows.len())
}

/// Makes a batch of columns; the row count is given for batches without any.
pub fn assemble(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    row_count: usize,
) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(row_count));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| crate::sql::run::failure::reveal_arrow(&error))
}

/// Reads one row of some columns of a batch.
pub struct RowReader {
    columns: Vec<(usize, Form)>,
}

impl RowReader {
    /// Finds `columns` in `schema` by name.
    pub fn new(columns: &[(ColumnId, Form)], schema: &Schema) -> Result<RowReader> {
        let columns = columns
            .iter()
            .map(|(id, form)| {
                let index = schema.index_of(&column_name(*id)).map_err(|_| {
                    Error::internal(format!("column c{} is not in the input", id.0))
                })?;
                Ok((index, form.clone()))
            })
            .collect::<Result<_>>()?;
        Ok(RowReader { columns })
    }

    pub fn read(&self, batch: &RecordBatch, row: usize, into: &mut Vec<Datum>) -> Result<()> {
        into.clear();
        for (index, form) in &self.columns {
            into.push(form.datum_at(batch.column(*index), row)?);
        }
        Ok(())
    }

    pub fn row(&self, batch: &RecordBatch, row: usize) -> Result<Vec<Datum>> {
        let mut values = Vec::with_capacity(self.columns.len());
        self.read(batch, row, &mut values)?;
        Ok(values)
    }
}

/// Appends the key of a value: equal values have equal keys, NULLs are equal, and
/// no key is a prefix of another.
pub fn append_key(value: &Datum, form: &Form, key: &mut Vec<u8>) {
    types::key::encode(value, &form.repr, key);
}

/// Keys of values as a binary column; NULL stays NULL.
pub fn key_column<'a>(values: impl ExactSizeIterator<Item = &'a Datum>, form: &Form) -> ArrayRef {
    let mut builder = BinaryBuilder::with_capacity(values.len(), values.len() * 8);
    let mut key = Vec::new();
    for value in values {
        if value.is_null() {
            builder.append_null();
            continue;
        }
        key.clear();
        types::key::encode(value, &form.repr, &mut key);
        builder.append_value(&key);
    }
    Arc::new(builder.finish())
}

/// A rough count of a row's bytes, for the memory pool.
pub fn row_bytes(row: &[Datum]) -> usize {
    row.iter().map(datum_bytes).sum::<usize>() + size_of::<Vec<Datum>>()
}

fn datum_bytes(value: &Datum) -> usize {
    size_of::<Datum>()
        + match value {
            Datum::Text(text) => text.len(),
            Datum::Bytea(bytes) => bytes.len(),
            Datum::Vector(vector) => vector.size_bytes(),
            Datum::Jsonb(document) => document.0.len(),
            Datum::Array(array) => array.elements.iter().map(datum_bytes).sum(),
            Datum::Record(fields) => fields.iter().map(|(_, field)| datum_bytes(field)).sum(),
            _ => 0,
        }
}
