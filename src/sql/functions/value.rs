//! Values of any type inside kernels: their text, their order, arrays of them.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::sql::types::{self, ArrayValue, Datum, Oid, Repr, SqlType, oid};

use super::CallContext;
use super::call::wrong_type;

/// How values of a type are represented, in the catalog of this call.
pub fn repr(call: &CallContext<'_>, ty: Oid) -> Result<Repr> {
    types::builtin_repr(ty)
        .or_else(|| call.eval.output().catalog.repr(ty))
        .ok_or_else(|| Error::internal(format!("cache lookup failed for type {ty}")))
}

/// The text of the `n`th argument, which is not NULL.
pub fn text_of(call: &CallContext<'_>, args: &[Datum], n: usize) -> Result<String> {
    match (args.get(n), call.args.get(n)) {
        (Some(Datum::Text(text)), _) => Ok(text.clone()),
        (Some(value), Some(ty)) => element_text(call, value, ty.oid),
        _ => Err(wrong_type()),
    }
}

/// The text of a value of the given type, as its output function prints it.
pub fn element_text(call: &CallContext<'_>, value: &Datum, ty: Oid) -> Result<String> {
    match value {
        Datum::Text(text) => Ok(text.clone()),
        value => Ok(types::to_text(value, ty, &call.eval.output())),
    }
}

/// A value read from text, as the type's input function reads it.
pub fn read_text(call: &CallContext<'_>, text: &str, ty: Oid, typmod: i32) -> Result<Datum> {
    types::text_input(text, SqlType::with_typmod(ty, typmod), &repr(call, ty)?, &call.eval.input())
}

/// The order of two values of a type.
pub fn compare(call: &CallContext<'_>, a: &Datum, b: &Datum, ty: Oid) -> Result<Ordering> {
    Ok(types::compare(a, b, &repr(call, ty)?))
}

/// A one-dimensional `text[]`.
pub fn text_array(elements: Vec<Datum>) -> Datum {
    Datum::Array(Box::new(ArrayValue::from_elements(oid::TEXT, elements)))
}

/// Bytes a value holds outside of its `Datum`, roughly.
pub fn size_bytes(value: Option<&Datum>) -> usize {
    match value {
        Some(Datum::Text(text)) => text.len(),
        Some(Datum::Bytea(bytes)) => bytes.len(),
        Some(Datum::Bit(bits)) => bits.bytes().len(),
        Some(Datum::Jsonb(json)) => json.0.len(),
        Some(Datum::Vector(vector)) => vector.size_bytes(),
        Some(Datum::Array(array)) => elements_size_bytes(array.elements.iter()),
        Some(Datum::Range(range)) => span_size_bytes(range.span.iter()),
        Some(Datum::Multirange(range)) => span_size_bytes(range.spans.iter()),
        Some(Datum::Record(fields)) => elements_size_bytes(fields.iter().map(|(_, field)| field)),
        _ => 0,
    }
}

fn span_size_bytes<'a>(spans: impl Iterator<Item = &'a types::Span>) -> usize {
    let bounds = spans.flat_map(|span| [&span.lower.value, &span.upper.value]);
    elements_size_bytes(bounds.flatten())
}

fn elements_size_bytes<'a>(elements: impl Iterator<Item = &'a Datum>) -> usize {
    elements.map(|element| size_of::<Datum>() + size_bytes(Some(element))).sum()
}
