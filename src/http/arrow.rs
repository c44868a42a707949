//! Results as an Arrow IPC stream.
//!
//! | PostgreSQL | Arrow |
//! |---|---|
//! | boolean, smallint, integer, bigint, real, double precision, oid | Boolean, Int16/32/64, Float32/64, UInt32 |
//! | numeric(p ≤ 38, 0 ≤ s ≤ p) | Decimal128(p, s) |
//! | other numeric | Utf8: its digits, of which there may be more than a decimal has |
//! | text, varchar, char, name, enums | Utf8 |
//! | json, jsonb | Utf8, the extension type `arrow.json` |
//! | bytea | Binary |
//! | uuid | FixedSizeBinary(16), the extension type `arrow.uuid` |
//! | date, time | Date32, Time64(µs) |
//! | timestamp, timestamptz | Timestamp(µs), Timestamp(µs, "UTC") |
//! | interval | Interval(MonthDayNano) |
//! | arrays | List of the element's form |
//! | everything else | Utf8: PostgreSQL's text |
//!
//! Each field names its type in the metadata `postgresql.type`. What has no place in its
//! Arrow type is an error, not another value: `infinity` and `24:00` (`22008`), arrays of
//! several dimensions (`0A000`); a cast to text shows them.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatchOptions;
use datafusion::arrow::array::builder::{BinaryBuilder, StringBuilder};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Field, Schema, SchemaRef, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;

use crate::catalog::PG_CATALOG;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::outcome::{ResultColumn, Rows};
use crate::sql::types::{self, Datum, Repr, SqlType, oid};
use crate::sqlstate;

const TYPE_KEY: &str = "postgresql.type";
const EXTENSION_KEY: &str = "ARROW:extension:name";
const EXTENSION_DATA_KEY: &str = "ARROW:extension:metadata";

/// Microseconds of a day, which `24:00` is.
const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// How a type's values are written.
enum Form {
    /// As the engine has them.
    Same(Repr),
    Text,
    Binary,
    List(Box<Form>, SqlType),
}

struct Column {
    ty: SqlType,
    repr: Repr,
    form: Form,
}

/// Writes the batches of one result.
pub struct ArrowWriter {
    columns: Vec<Column>,
    schema: SchemaRef,
    ipc: StreamWriter<Vec<u8>>,
    eval: Arc<EvalContext>,
}

fn failed(error: ArrowError) -> Error {
    Error::internal(format!("Arrow: {error}"))
}

impl ArrowWriter {
    pub fn new(columns: Arc<[ResultColumn]>, eval: Arc<EvalContext>) -> Result<ArrowWriter> {
        let mut fields = Vec::new();
        let mut forms = Vec::new();
        for column in columns.iter() {
            let repr = eval.catalog.repr(column.ty.oid)?;
            let form = form_of(&eval, column.ty, &repr)?;
            fields.push(field(&eval, &column.name, column.ty, &form));
            forms.push(Column { ty: column.ty, repr, form });
        }
        let schema = Arc::new(Schema::new(fields));
        let ipc = StreamWriter::try_new(Vec::new(), &schema).map_err(failed)?;
        Ok(ArrowWriter { columns: forms, schema, ipc, eval })
    }

    /// Appends rows, and before the first of them the schema.
    pub fn write(&mut self, rows: Rows, out: &mut Vec<u8>) -> Result<()> {
        let (count, arrays) = match rows {
            Rows::Batch(batch) => {
                let columns = self.columns.iter().zip(batch.columns());
                let arrays = columns.map(|(column, array)| self.of_array(column, array));
                (batch.num_rows(), arrays.collect::<Result<Vec<_>>>()?)
            }
            Rows::Datums(rows) => {
                let of = |(at, column): (usize, &Column)| {
                    let values: Vec<&Datum> =
                        rows.iter().map(|row| row.get(at).unwrap_or(&Datum::Null)).collect();
                    self.build(&column.form, column.ty, &values)
                };
                (rows.len(), self.columns.iter().enumerate().map(of).collect::<Result<Vec<_>>>()?)
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options);
        self.ipc.write(&batch.map_err(failed)?).map_err(failed)?;
        out.append(self.ipc.get_mut());
        Ok(())
    }

    /// Appends the end of the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.ipc.finish().map_err(failed)?;
        out.append(self.ipc.get_mut());
        Ok(())
    }

    fn of_array(&self, column: &Column, array: &ArrayRef) -> Result<ArrayRef> {
        let wanted = data_type(&column.form, column.ty);
        let is_text = matches!(
            column.repr,
            Repr::Text | Repr::Bpchar | Repr::Citext | Repr::Hstore | Repr::Enum(_)
        );
        match column.form {
            Form::Same(_) if *array.data_type() == wanted => checked(array.clone()),
            Form::Text if is_text => compute::cast(array, &wanted).map_err(failed),
            Form::Binary => compute::cast(array, &wanted).map_err(failed),
            _ => {
                let datum = |row| types::arrow::datum_at(array.as_ref(), row, &column.repr);
                let values = (0..array.len()).map(datum).collect::<Result<Vec<_>>>()?;
                let values: Vec<&Datum> = values.iter().collect();
                self.build(&column.form, column.ty, &values)
            }
        }
    }

    fn build(&self, form: &Form, ty: SqlType, values: &[&Datum]) -> Result<ArrayRef> {
        match form {
            Form::Same(repr) => checked(types::arrow::array_of(values.iter().copied(), &ty, repr)?),
            Form::Text => {
                let context = self.eval.output();
                let mut builder = StringBuilder::new();
                for value in values {
                    match value {
                        Datum::Null => builder.append_null(),
                        Datum::Text(text) if ty.oid != oid::CHAR => builder.append_value(text),
                        value => builder.append_value(types::to_text(value, ty.oid, &context)),
                    }
                }
                Ok(Arc::new(builder.finish()))
            }
            Form::Binary => {
                let mut builder = BinaryBuilder::new();
                for value in values {
                    match value {
                        Datum::Bytea(bytes) => builder.append_value(bytes),
                        _ => builder.append_null(),
                    }
                }
                Ok(Arc::new(builder.finish()))
            }
            Form::List(of, element) => self.build_list(of, *element, values),
        }
    }

    fn build_list(&self, of: &Form, element: SqlType, values: &[&Datum]) -> Result<ArrayRef> {
        let mut lengths = Vec::with_capacity(values.len());
        let mut elements: Vec<&Datum> = Vec::new();
        for value in values {
            let Datum::Array(array) = value else {
                lengths.push(0);
                continue;
            };
            if array.dims.len() > 1 {
                let what = Error::unsupported("an array of several dimensions in Arrow");
                return Err(what.with_hint("Cast it to text, or to json by to_json."));
            }
            lengths.push(array.elements.len());
            elements.extend(&array.elements);
        }
        let nulls: Vec<bool> = values.iter().map(|value| !value.is_null()).collect();
        let items = self.build(of, element, &elements)?;
        let item = Arc::new(field(&self.eval, "item", element, of));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let list = ListArray::try_new(item, offsets, items, Some(NullBuffer::from(nulls)));
        Ok(Arc::new(list.map_err(failed)?))
    }
}

fn form_of(eval: &EvalContext, ty: SqlType, repr: &Repr) -> Result<Form> {
    Ok(match repr {
        Repr::Numeric if types::arrow::decimal(&ty).is_none() => Form::Text,
        Repr::Bool
        | Repr::Int2
        | Repr::Int4
        | Repr::Int8
        | Repr::Float4
        | Repr::Float8
        | Repr::Numeric
        | Repr::Date
        | Repr::Time
        | Repr::Timestamp
        | Repr::TimestampTz
        | Repr::Interval
        | Repr::Uuid => Form::Same(repr.clone()),
        // The reg* types show names.
        Repr::Oid if ty.oid == oid::OID => Form::Same(repr.clone()),
        Repr::Bytea => Form::Binary,
        Repr::Array(_) => {
            let element = eval.catalog.type_(ty.oid).map_or(oid::TEXT, |ty| ty.element);
            let element = match element {
                0 => return Ok(Form::Text),
                element => SqlType::with_typmod(element, ty.typmod),
            };
            let of = form_of(eval, element, &eval.catalog.repr(element.oid)?)?;
            match of {
                // Lists of lists are told apart by their values only.
                Form::List(..) => Form::Text,
                of => Form::List(Box::new(of), element),
            }
        }
        _ => Form::Text,
    })
}

fn data_type(form: &Form, ty: SqlType) -> DataType {
    match form {
        Form::Same(repr) => types::arrow::data_type(&ty, repr),
        Form::Text => DataType::Utf8,
        Form::Binary => DataType::Binary,
        Form::List(of, element) => {
            DataType::List(Arc::new(Field::new("item", data_type(of, *element), true)))
        }
    }
}

fn field(eval: &EvalContext, name: &str, ty: SqlType, form: &Form) -> Field {
    let data_type = match form {
        Form::List(of, element) => DataType::List(Arc::new(field(eval, "item", *element, of))),
        form => data_type(form, ty),
    };
    let shown = eval.catalog.format_type(&[PG_CATALOG], ty.oid, Some(ty.typmod));
    let mut metadata = HashMap::from([(TYPE_KEY.to_owned(), shown)]);
    let extension = match ty.oid {
        oid::UUID => Some("arrow.uuid"),
        oid::JSON | oid::JSONB => Some("arrow.json"),
        _ => None,
    };
    if let Some(extension) = extension {
        metadata.insert(EXTENSION_KEY.to_owned(), extension.to_owned());
        metadata.insert(EXTENSION_DATA_KEY.to_owned(), String::new());
    }
    Field::new(name, data_type, true).with_metadata(metadata)
}

/// `22008` for what the engine has in an Arrow type and others would misread.
fn checked(array: ArrayRef) -> Result<ArrayRef> {
    let beyond = |what: &str| {
        let message = format!("{what} has no form in Arrow");
        let error = Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, message);
        Err(error.with_hint("Cast it to text."))
    };
    match array.data_type() {
        DataType::Date32 => {
            let values = array.as_primitive::<Date32Type>();
            if values.iter().flatten().any(|value| matches!(value, i32::MIN | i32::MAX)) {
                return beyond("the date \"infinity\"");
            }
        }
        DataType::Timestamp(..) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            if values.iter().flatten().any(|value| matches!(value, i64::MIN | i64::MAX)) {
                return beyond("the timestamp \"infinity\"");
            }
        }
        DataType::Time64(_) => {
            let values = array.as_primitive::<Time64MicrosecondType>();
            if values.iter().flatten().any(|value| value >= DAY_MICROSECONDS) {
                return beyond("the time \"24:00:00\"");
            }
        }
        _ => {}
    }
    Ok(array)
}
