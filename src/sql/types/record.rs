//! Row values: `(1,"a b",)`, and the fields of anonymous row types.
//!
//! A row made by a query or a function has type `record`; the names and types of
//! its fields are kept in a table of this process, and the type modifier is the
//! index into it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use super::numeric::is_space;
use super::{ArrayValue, Datum, InputContext, Oid, Repr, SqlType};
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

/// The attributes of a composite type, by attribute number from 1.
#[derive(PartialEq, Debug)]
pub struct RowShape {
    /// `None` where an attribute was dropped.
    pub attributes: Vec<Option<Attribute>>,
}

#[derive(PartialEq, Debug)]
pub struct Attribute {
    pub ty: SqlType,
    pub repr: Repr,
}

impl RowShape {
    /// The attributes that are there, in order: a value's fields.
    pub fn live(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().flatten()
    }
}

/// How a field of a row value is represented: as the row's shape says, else as a
/// built-in type.
pub fn field_repr(repr: &Repr, index: usize, type_oid: Oid) -> Cow<'_, Repr> {
    if let Repr::Record(Some(shape)) = repr
        && let Some(attribute) = shape.live().nth(index)
    {
        return Cow::Borrowed(&attribute.repr);
    }
    Cow::Owned(super::builtin_repr(type_oid).unwrap_or(Repr::Pseudo))
}

/// Whether values hold rows of composite types, whose attributes may change.
pub fn is_shaped(repr: &Repr) -> bool {
    match repr {
        Repr::Record(shape) => shape.is_some(),
        Repr::Array(element) => is_shaped(&element.repr),
        _ => false,
    }
}

/// A value as it is stored: rows have a place for each attribute that their type
/// ever had, so that what is stored outlives changes of the type.
pub fn to_stored<'d>(value: &'d Datum, repr: &Repr) -> Cow<'d, Datum> {
    if !is_shaped(repr) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(match (value, repr) {
        (Datum::Record(fields), Repr::Record(Some(shape))) => {
            let mut fields = fields.iter();
            let place = |attribute: &Option<Attribute>| match attribute {
                None => (super::oid::INVALID, Datum::Null),
                Some(attribute) => match fields.next() {
                    Some((_, field)) => {
                        let stored = to_stored(field, &attribute.repr);
                        (attribute.ty.oid, stored.into_owned())
                    }
                    None => (attribute.ty.oid, Datum::Null),
                },
            };
            Datum::Record(shape.attributes.iter().map(place).collect())
        }
        (Datum::Array(array), Repr::Array(element)) => {
            let stored = |value: &Datum| to_stored(value, &element.repr).into_owned();
            let elements = array.elements.iter().map(stored).collect();
            Datum::Array(Box::new(ArrayValue { elements, dims: array.dims.clone(), ..**array }))
        }
        (other, _) => other.clone(),
    })
}

/// A stored value as one of its type now: without attributes that were dropped, NULL
/// in those added since.
pub fn from_stored(value: Datum, repr: &Repr) -> Datum {
    if !is_shaped(repr) {
        return value;
    }
    match (value, repr) {
        (Datum::Record(fields), Repr::Record(Some(shape))) => {
            let mut fields = fields.into_iter();
            let mut live = Vec::with_capacity(shape.attributes.len());
            for attribute in &shape.attributes {
                let stored = fields.next().map_or(Datum::Null, |(_, field)| field);
                if let Some(attribute) = attribute {
                    live.push((attribute.ty.oid, from_stored(stored, &attribute.repr)));
                }
            }
            Datum::Record(live)
        }
        (Datum::Array(mut array), Repr::Array(element)) => {
            for value in &mut array.elements {
                *value = from_stored(std::mem::replace(value, Datum::Null), &element.repr);
            }
            Datum::Array(array)
        }
        (other, _) => other,
    }
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
            None => Ok((ty.oid, context.null(ty.oid)?)),
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
