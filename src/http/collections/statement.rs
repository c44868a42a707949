//! SQL that is put together with its parameters: text is the server's own and names that are
//! quoted, values are bound.

use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::session::rows::size_bytes;
use crate::sql::outcome::Rows;
use crate::sql::types::{self, ArrayDim, ArrayValue, Datum, Oid, oid};
use crate::sqlstate;

#[derive(Default)]
pub struct Sql {
    pub text: String,
    pub params: Vec<Datum>,
}

impl Sql {
    pub fn new(text: &str) -> Sql {
        Sql { text: text.to_owned(), params: Vec::new() }
    }

    pub fn push(&mut self, text: &str) -> &mut Sql {
        self.text.push_str(text);
        self
    }

    /// A parameter of a type.
    pub fn bind(&mut self, value: Datum, ty: &str) -> &mut Sql {
        self.params.push(value);
        self.text.push_str(&format!("${}::{ty}", self.params.len()));
        self
    }

    /// One that was bound before, by its number.
    pub fn again(&mut self, number: usize, ty: &str) -> &mut Sql {
        self.text.push_str(&format!("${number}::{ty}"));
        self
    }

    /// All rows, up to `http_max_response` bytes.
    pub async fn rows(self, conversation: &mut Conversation) -> Result<Vec<Vec<Datum>>> {
        let limit = conversation.max_response()?;
        let text = self.text;
        let mut answer = conversation.start_with(&text, self.params).await?;
        let mut found = Vec::new();
        let mut bytes = 0;
        if let Some(columns) = answer.columns.clone() {
            let eval = conversation.eval_context()?;
            let repr =
                |column: &crate::sql::outcome::ResultColumn| eval.catalog.repr(column.ty.oid);
            let reprs = columns.iter().map(repr).collect::<Result<Vec<_>>>()?;
            while let Some(rows) = conversation.next(&text, &mut answer, u64::MAX).await? {
                bytes += size_bytes(&rows);
                if bytes > limit {
                    let message =
                        format!("the result is larger than {limit} bytes (\"http_max_response\")");
                    return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
                }
                match rows {
                    Rows::Datums(rows) => found.extend(rows),
                    Rows::Batch(batch) => {
                        for row in 0..batch.num_rows() {
                            let datum = |(column, repr): (usize, &types::Repr)| {
                                types::arrow::datum_at(batch.column(column).as_ref(), row, repr)
                            };
                            let row = reprs.iter().enumerate().map(datum);
                            found.push(row.collect::<Result<Vec<_>>>()?);
                        }
                    }
                }
            }
        }
        conversation.finish(answer).await?;
        Ok(found)
    }

    /// Runs it; the rows that it was about.
    pub async fn execute(self, conversation: &mut Conversation) -> Result<u64> {
        let mut answer = conversation.start_with(&self.text, self.params).await?;
        while conversation.next(&self.text, &mut answer, u64::MAX).await?.is_some() {}
        Ok(conversation.finish(answer).await?.count.unwrap_or(0))
    }
}

pub fn text(value: &str) -> Datum {
    Datum::Text(value.to_owned())
}

pub fn texts<T: AsRef<str>>(values: &[T]) -> Datum {
    array(oid::TEXT, values.iter().map(|value| text(value.as_ref())).collect())
}

pub fn array(element_type: Oid, elements: Vec<Datum>) -> Datum {
    let dims = match i32::try_from(elements.len()).unwrap_or(i32::MAX) {
        0 => Vec::new(),
        length => vec![ArrayDim { length, lower_bound: 1 }],
    };
    Datum::Array(Box::new(ArrayValue { element_type, dims, elements }))
}

/// A document of JSON as a value of `jsonb`.
pub fn document(value: &serde_json::Value) -> Result<Datum> {
    Ok(Datum::Jsonb(types::json::parse(&value.to_string())?))
}

/// A row's text; empty for NULL.
pub fn string(row: &[Datum], at: usize) -> String {
    match row.get(at) {
        Some(Datum::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

pub fn integer(row: &[Datum], at: usize) -> i64 {
    match row.get(at) {
        Some(Datum::Int8(value)) => *value,
        Some(Datum::Int4(value)) => i64::from(*value),
        _ => 0,
    }
}

/// A row's document, read.
pub fn read<T: serde::de::DeserializeOwned>(row: &[Datum], at: usize) -> Result<T> {
    let Some(Datum::Jsonb(document)) = row.get(at) else {
        return Err(Error::internal("a document of the registry is missing"));
    };
    let mut text = Vec::new();
    document.root().write(&mut text);
    serde_json::from_slice(&text).map_err(|error| {
        Error::data_corrupted(format!("the registry of collections is not as expected: {error}"))
    })
}
