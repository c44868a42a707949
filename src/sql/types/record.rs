//! Row values: `(1,"a b",)`, and the fields of anonymous row types.
//!
//! A row made by a query or a function has type `record`; the names and types of
//! its fields are kept in a table of this process, and the type modifier is the
//! index into it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use super::numeric::is_space;
use super::{Datum, InputContext, Oid, Repr, SqlType};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Row types that are remembered; the fields of others are not known.
const ROW_TYPES_MAX: usize = 65_536;

/// The fields of a row type: names and types.
pub type Fields = Arc<[(String, SqlType)]>;

/// The row types seen so far, and their indexes.
#[derive(Default)]
struct RowTypes {
    fields: Vec<Fields>,
    indexes: HashMap<Fields, i32>,
}

static ROW_TYPES: LazyLock<RwLock<RowTypes>> = LazyLock::new(RwLock::default);

/// The type of rows with these fields.
pub fn type_of(fields: Vec<(String, SqlType)>) -> SqlType {
    let fields: Fields = fields.into();
    let mut known = ROW_TYPES.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(index) = known.indexes.get(&fields) {
        return SqlType::with_typmod(super::oid::RECORD, *index);
    }
    if known.fields.len() >= ROW_TYPES_MAX {
        return SqlType::new(super::oid::RECORD);
    }
    let index = known.fields.len() as i32;
    known.fields.push(Arc::clone(&fields));
    known.indexes.insert(fields, index);
    SqlType::with_typmod(super::oid::RECORD, index)
}

/// The fields of rows of this type, if it is anonymous and they are known.
pub fn fields(ty: SqlType) -> Option<Fields> {
    let index = usize::try_from(ty.typmod).ok().filter(|_| ty.oid == super::oid::RECORD)?;
    let known = ROW_TYPES.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    known.fields.get(index).cloned()
}

/// Reads a row value whose fields have these types.
pub fn parse(
    text: &str,
    fields: &[(SqlType, Repr)],
    context: &InputContext<'_>,
) -> Result<Vec<(Oid, Datum)>> {
    let texts = split(text)?;
    if texts.len() != fields.len() {
        let detail =
            if texts.len() < fields.len() { "Too few columns." } else { "Too many columns." };
        return Err(malformed(text, detail));
    }
    texts
        .into_iter()
        .zip(fields)
        .map(|(text, (ty, repr))| match text {
            Some(text) => Ok((ty.oid, super::text_input(&text, *ty, repr, context)?)),
            None => Ok((ty.oid, Datum::Null)),
        })
        .collect()
}

fn malformed(text: &str, detail: &str) -> Error {
    Error::new(
        sqlstate::INVALID_TEXT_REPRESENTATION,
        format!("malformed record literal: \"{text}\""),
    )
    .with_detail(detail)
}

/// The fields' texts; an empty field without quotes is null.
pub fn split(text: &str) -> Result<Vec<Option<String>>> {
    let fault = |detail: &str| malformed(text, detail);
    let body = text
        .trim_start_matches(is_space)
        .strip_prefix('(')
        .ok_or_else(|| fault("Missing left parenthesis."))?;
    let mut chars = body.chars().peekable();
    let mut fields = Vec::new();
    loop {
        let mut field = String::new();
        let mut quoted = false;
        let mut in_quotes = false;
        let mut present = false;
        let end = loop {
            let Some(c) = chars.next() else { return Err(fault("Unexpected end of input.")) };
            match c {
                ',' | ')' if !in_quotes => break c,
                '\\' => match chars.next() {
                    Some(escaped) => field.push(escaped),
                    None => return Err(fault("Unexpected end of input.")),
                },
                '"' if !in_quotes => {
                    in_quotes = true;
                    quoted = true;
                }
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                    field.push('"');
                }
                '"' => in_quotes = false,
                c => field.push(c),
            }
            present = true;
        };
        fields.push((present || quoted).then_some(field));
        if end == ')' {
            break;
        }
    }
    if chars.any(|c| !is_space(c)) {
        return Err(fault("Junk after right parenthesis."));
    }
    Ok(fields)
}

/// Appends a row value's text form; `write_field` appends a field's text.
pub fn write(
    fields: &[(Oid, Datum)],
    out: &mut Vec<u8>,
    write_field: &mut dyn FnMut(Oid, &Datum, &mut Vec<u8>),
) {
    out.push(b'(');
    for (index, (type_oid, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if value.is_null() {
            continue;
        }
        let start = out.len();
        write_field(*type_oid, value, out);
        quote(start, out);
    }
    out.push(b')');
}

/// Quotes what was written from `start` on, where it needs quotes.
fn quote(start: usize, out: &mut Vec<u8>) {
    let special = |b: &u8| matches!(b, b'"' | b'\\' | b'(' | b')' | b',' | b' ' | b'\t'..=b'\r');
    let text = &out[start..];
    if !text.is_empty() && !text.iter().any(special) {
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'"');
}
