//! Rows as DataRow messages, from Arrow columns or values, into the output.
//!
//! Columns of the plain Arrow forms are written without making a value of each
//! field; everything else goes through [`Datum`].

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    StringViewArray,
};

use super::output::Output;
use super::wire::Wire;
use crate::catalog::{Catalog, PG_CATALOG};
use crate::error::{Error, Result};
use crate::session::Format;
use crate::sql::functions::EvalContext;
use crate::sql::outcome::{ResultColumn, Rows};
use crate::sql::types::encoding::Encoding;
use crate::sql::types::{self, Datum, Oid, OutputContext, Repr};
use crate::sqlstate;

/// How the rows of one result are written.
pub struct Encoder {
    columns: Vec<ColumnForm>,
    eval: Arc<EvalContext>,
    encoding: Encoding,
}

struct ColumnForm {
    oid: Oid,
    repr: Repr,
    format: Format,
    /// The type, or that of the elements, which has no binary form where one is asked for.
    unsendable: Option<String>,
}

/// A column of a batch, read by row.
enum Field<'a> {
    Bool(&'a BooleanArray),
    Int2(&'a Int16Array),
    Int4(&'a Int32Array),
    Int8(&'a Int64Array),
    Float4(&'a Float32Array),
    Float8(&'a Float64Array),
    Text(&'a StringViewArray),
    Other(&'a ArrayRef),
}

impl ColumnForm {
    fn of(oid: Oid, format: Format, catalog: &Catalog) -> Result<ColumnForm> {
        let unsendable = match format {
            Format::Binary => unsendable(oid, catalog),
            Format::Text => None,
        };
        Ok(ColumnForm { oid, repr: catalog.repr(oid)?, format, unsendable })
    }
}

impl ColumnForm {
    /// Whether what is sent is not the text itself.
    fn is_reworked(&self) -> bool {
        types::is_reworked(self.oid)
            || self.format == Format::Binary
                && (self.unsendable.is_some() || matches!(self.repr, Repr::Hstore))
    }
}

impl Encoder {
    pub fn new(
        columns: &[ResultColumn],
        formats: &[Format],
        eval: Arc<EvalContext>,
    ) -> Result<Encoder> {
        let form = |(index, column): (usize, &ResultColumn)| {
            ColumnForm::of(column.ty.oid, Format::of(formats, index), &eval.catalog)
        };
        let columns = columns.iter().enumerate().map(form).collect::<Result<_>>()?;
        let encoding = eval.settings.client_encoding;
        Ok(Encoder { columns, eval, encoding })
    }

    /// Writes rows from `*done` on, until all are written or the output is full;
    /// whether there are more.
    pub fn encode<S>(&self, rows: &Rows, done: &mut usize, wire: &mut Wire<S>) -> Result<bool>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let context = self.eval.output();
        match rows {
            Rows::Datums(rows) => {
                while *done < rows.len() {
                    self.encode_datums(&rows[*done], &context, &mut wire.output)?;
                    *done += 1;
                    if wire.is_full() && *done < rows.len() {
                        return Ok(true);
                    }
                }
            }
            Rows::Batch(batch) => {
                if batch.num_columns() != self.columns.len() {
                    return Err(Error::internal("a batch has other columns than its result"));
                }
                let forms = self.columns.iter().zip(batch.columns());
                let fields: Vec<Field<'_>> =
                    forms.map(|(form, array)| Field::new(&form.repr, array)).collect();
                while *done < batch.num_rows() {
                    self.encode_fields(&fields, *done, &context, &mut wire.output)?;
                    *done += 1;
                    if wire.is_full() && *done < batch.num_rows() {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    fn encode_datums(
        &self,
        row: &[Datum],
        context: &OutputContext<'_>,
        output: &mut Output,
    ) -> Result<()> {
        if row.len() != self.columns.len() {
            return Err(Error::internal("a row has other columns than its result"));
        }
        let mark = output.begin(b'D');
        output.bytes.put_u16(row.len() as u16);
        for (form, value) in self.columns.iter().zip(row) {
            if let Err(error) = put_datum(&mut output.bytes, form, value, context, self.encoding) {
                output.discard(mark);
                return Err(error);
            }
        }
        output.end(mark);
        Ok(())
    }

    fn encode_fields(
        &self,
        fields: &[Field<'_>],
        row: usize,
        context: &OutputContext<'_>,
        output: &mut Output,
    ) -> Result<()> {
        let mark = output.begin(b'D');
        output.bytes.put_u16(fields.len() as u16);
        for (form, field) in self.columns.iter().zip(fields) {
            if let Err(error) = field.put(row, form, context, self.encoding, &mut output.bytes) {
                output.discard(mark);
                return Err(error);
            }
        }
        output.end(mark);
        Ok(())
    }
}

/// Writes one value of a type with its length.
pub fn put_value(
    bytes: &mut BytesMut,
    value: &Datum,
    oid: Oid,
    format: Format,
    eval: &EvalContext,
) -> Result<()> {
    let form = ColumnForm::of(oid, format, &eval.catalog)?;
    put_datum(bytes, &form, value, &eval.output(), eval.settings.client_encoding)
}

/// The name of a type, or of the type of its elements, that has no binary form.
fn unsendable(oid: Oid, catalog: &Catalog) -> Option<String> {
    let ty = catalog.type_(oid)?;
    if ty.element != 0 && ty.send == "array_send" {
        return unsendable(ty.element, catalog);
    }
    ty.send.is_empty().then(|| catalog.format_type(&[PG_CATALOG], oid, None))
}

/// Writes one value with its length; `42883` where the type has no form in the format.
fn put_datum(
    bytes: &mut BytesMut,
    form: &ColumnForm,
    value: &Datum,
    context: &OutputContext<'_>,
    encoding: Encoding,
) -> Result<()> {
    if value.is_null() {
        bytes.put_i32(-1);
        return Ok(());
    }
    if let Some(name) = &form.unsendable {
        return Err(Error::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!("no binary output function available for type {name}"),
        ));
    }
    match form.format {
        Format::Binary => {
            let value = encoding.in_binary(value, form.oid, context.catalog)?;
            types::send_sized(&value, form.oid, bytes);
        }
        Format::Text => {
            let start = bytes.len();
            put_sized(bytes, |bytes| types::text_output(value, form.oid, context, bytes));
            if !encoding.is_verbatim() {
                return encode_field(bytes, start, encoding);
            }
        }
    }
    Ok(())
}

/// Brings a field that was written in UTF-8 from `start` on into the client's encoding.
fn encode_field(bytes: &mut BytesMut, start: usize, encoding: Encoding) -> Result<()> {
    let text = &bytes[start + 4..];
    if text.is_ascii() {
        return Ok(());
    }
    let encoded = encoding.encode(types::text::from_utf8(text)?)?.into_owned();
    bytes.truncate(start);
    put_sized(bytes, |bytes| bytes.put_slice(&encoded));
    Ok(())
}

/// Writes something of a length that is known afterwards.
fn put_sized(bytes: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let start = bytes.len();
    bytes.put_i32(0);
    write(bytes);
    let length = (bytes.len() - start - 4) as i32;
    bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

impl<'a> Field<'a> {
    fn new(repr: &Repr, array: &'a ArrayRef) -> Field<'a> {
        let any = array.as_any();
        let field = match repr {
            Repr::Bool => any.downcast_ref().map(Field::Bool),
            Repr::Int2 => any.downcast_ref().map(Field::Int2),
            Repr::Int4 => any.downcast_ref().map(Field::Int4),
            Repr::Int8 => any.downcast_ref().map(Field::Int8),
            Repr::Float4 => any.downcast_ref().map(Field::Float4),
            Repr::Float8 => any.downcast_ref().map(Field::Float8),
            Repr::Text | Repr::Bpchar | Repr::Citext | Repr::Hstore | Repr::Position(_) => {
                any.downcast_ref().map(Field::Text)
            }
            _ => None,
        };
        field.unwrap_or(Field::Other(array))
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Field::Bool(array) => array.is_null(row),
            Field::Int2(array) => array.is_null(row),
            Field::Int4(array) => array.is_null(row),
            Field::Int8(array) => array.is_null(row),
            Field::Float4(array) => array.is_null(row),
            Field::Float8(array) => array.is_null(row),
            Field::Text(array) => array.is_null(row),
            Field::Other(array) => array.is_null(row),
        }
    }

    fn put(
        &self,
        row: usize,
        form: &ColumnForm,
        context: &OutputContext<'_>,
        encoding: Encoding,
        bytes: &mut BytesMut,
    ) -> Result<()> {
        if self.is_null(row) {
            bytes.put_i32(-1);
            return Ok(());
        }
        let value = match self {
            Field::Text(array) if !form.is_reworked() => {
                let text = encoding.encode(array.value(row))?;
                bytes.put_i32(text.len() as i32);
                bytes.put_slice(&text);
                return Ok(());
            }
            Field::Text(array) => Datum::Text(array.value(row).to_owned()),
            Field::Bool(array) => Datum::Bool(array.value(row)),
            Field::Int2(array) => Datum::Int2(array.value(row)),
            Field::Int4(array) => Datum::Int4(array.value(row)),
            Field::Int8(array) => Datum::Int8(array.value(row)),
            Field::Float4(array) => Datum::Float4(array.value(row)),
            Field::Float8(array) => Datum::Float8(array.value(row)),
            Field::Other(array) => types::arrow::datum_at(array.as_ref(), row, &form.repr)?,
        };
        put_datum(bytes, form, &value, context, encoding)?;
        Ok(())
    }
}
