//! Rows as JSON, as CSV, and as the texts that PostgreSQL sends.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::catalog::PG_CATALOG;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::functions::json::build::Writer;
use crate::sql::outcome::{ResultColumn, Rows};
use crate::sql::types::json::write_string;
use crate::sql::types::{self, Datum, Repr};

/// How a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[1, "a"]`
    Array,
    /// `{"id": 1, "name": "a"}`; of columns of one name the last.
    Object,
    /// `["1", "a"]`: each value's text.
    Texts,
    /// `{"id": "1"}`: the same by name.
    NamedTexts,
    /// A line of CSV.
    Csv,
}

/// Writes the rows of one result.
pub struct RowWriter {
    columns: Arc<[ResultColumn]>,
    reprs: Vec<Repr>,
    eval: Arc<EvalContext>,
    shape: Shape,
}

impl RowWriter {
    pub fn new(
        columns: Arc<[ResultColumn]>,
        eval: Arc<EvalContext>,
        shape: Shape,
    ) -> Result<RowWriter> {
        let repr = |column: &ResultColumn| eval.catalog.repr(column.ty.oid);
        let reprs = columns.iter().map(repr).collect::<Result<_>>()?;
        Ok(RowWriter { columns, reprs, eval, shape })
    }

    /// Appends rows, each followed by `between`, or (of the last of all) by nothing that
    /// the caller would not cut off.
    pub fn write(&self, rows: &Rows, between: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match rows {
            Rows::Datums(rows) => {
                for row in rows {
                    self.write_row(
                        |index| Ok(row.get(index).cloned().unwrap_or(Datum::Null)),
                        out,
                    )?;
                    out.extend_from_slice(between);
                }
            }
            Rows::Batch(batch) => {
                if batch.num_columns() != self.columns.len() {
                    return Err(Error::internal("a batch has other columns than its result"));
                }
                for row in 0..batch.num_rows() {
                    let value = |index: usize| {
                        let array = batch.column(index).as_ref();
                        types::arrow::datum_at(array, row, &self.reprs[index])
                    };
                    self.write_row(value, out)?;
                    out.extend_from_slice(between);
                }
            }
        }
        Ok(())
    }

    fn write_row(&self, value: impl Fn(usize) -> Result<Datum>, out: &mut Vec<u8>) -> Result<()> {
        let (open, close): (&[u8], &[u8]) = match self.shape {
            Shape::Array | Shape::Texts => (b"[", b"]"),
            Shape::Object | Shape::NamedTexts => (b"{", b"}"),
            Shape::Csv => (b"", b""),
        };
        let json = Writer::new(&self.eval);
        let texts = self.eval.output();
        out.extend_from_slice(open);
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if matches!(self.shape, Shape::Object | Shape::NamedTexts) {
                write_string(&column.name, out);
                out.push(b':');
            }
            let value = value(index)?;
            match self.shape {
                Shape::Array | Shape::Object => json.write(&value, column.ty, false, out)?,
                _ if value.is_null() && self.shape != Shape::Csv => out.extend_from_slice(b"null"),
                _ if value.is_null() => {}
                Shape::Csv => put_csv(&types::to_text(&value, column.ty.oid, &texts), out),
                _ => write_string(&types::to_text(&value, column.ty.oid, &texts), out),
            }
        }
        out.extend_from_slice(close);
        Ok(())
    }

    /// The first line of a CSV file.
    pub fn csv_header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            put_csv(&column.name, &mut out);
        }
        out.push(b'\n');
        out
    }

    /// Appends what the columns are: `[{"name": …, "type": …, "type_oid": …}, …]`.
    pub fn describe_to(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, column) in self.columns.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b",{\"name\":" } else { b"{\"name\":" });
            write_string(&column.name, out);
            let (oid, typmod) = (column.ty.oid, Some(column.ty.typmod));
            out.extend_from_slice(b",\"type\":");
            write_string(&self.eval.catalog.format_type(&[PG_CATALOG], oid, typmod), out);
            out.extend_from_slice(b",\"type_oid\":");
            out.extend_from_slice(oid.to_string().as_bytes());
            out.push(b'}');
        }
        out.push(b']');
    }

    /// The same in the words of PostgreSQL's drivers for JavaScript.
    pub fn fields(&self) -> Value {
        let field = |column: &ResultColumn| {
            let mut field = Map::new();
            field.insert("name".to_owned(), json!(column.name));
            field.insert("tableID".to_owned(), json!(column.origin.0));
            field.insert("columnID".to_owned(), json!(column.origin.1));
            field.insert("dataTypeID".to_owned(), json!(column.ty.oid));
            field.insert("dataTypeSize".to_owned(), json!(column.length));
            field.insert("dataTypeModifier".to_owned(), json!(column.ty.typmod));
            field.insert("format".to_owned(), json!("text"));
            Value::Object(field)
        };
        Value::Array(self.columns.iter().map(field).collect())
    }
}

/// A field as COPY … CSV writes it: an empty text is quoted, NULL is nothing.
fn put_csv(text: &str, out: &mut Vec<u8>) {
    let needs_quotes = text.is_empty() || text.contains(['"', ',', '\n', '\r']);
    if !needs_quotes {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    #[test]
    fn fields_of_csv_are_quoted_where_they_must_be() {
        let field = |text| {
            let mut out = Vec::new();
            super::put_csv(text, &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(field("a b"), "a b");
        assert_eq!(field(""), "\"\"");
        assert_eq!(field("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
    }
}
