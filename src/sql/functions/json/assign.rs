//! Assignment to a part of a `jsonb` value: `UPDATE t SET j['a'][2] = '7'`.
//!
//! The binder calls `jsonb_assign_element` by symbol; no function of the catalog does.
//! It takes the document (NULL is an empty one), the new value (NULL is `null`) and the
//! subscripts, `int4` or `text`. What is missing on the way is made: an array where
//! the next subscript is a number, an object else; gaps in arrays become `null`.

use super::access::invalid;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg_or_null, wrong_type};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::array::ELEMENTS_MAX;
use crate::sql::types::{Datum, JsonKind, JsonRef, JsonValue, Jsonb, oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "jsonb_assign_element" => assign;
};

fn assign(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let subscripts = args.get(2..).filter(|rest| !rest.is_empty()).ok_or_else(wrong_type)?;
    let path = subscripts.iter().map(text_of).collect::<Result<Vec<_>>>()?;
    let new = match arg_or_null::<&Jsonb>(args, 1)? {
        Some(new) => JsonValue::Encoded(new.clone()),
        None => JsonValue::Null,
    };
    let empty;
    let document = match arg_or_null::<&Jsonb>(args, 0)? {
        Some(document) => document,
        None => {
            let is_array = call.args.get(2).is_some_and(|first| first.oid == oid::INT4);
            empty = match is_array {
                true => JsonValue::Array(Vec::new()),
                false => JsonValue::Object(Vec::new()),
            }
            .to_jsonb();
            &empty
        }
    };
    Ok(Datum::Jsonb(set(document.root(), &path, 0, new)?.to_jsonb()))
}

fn text_of(subscript: &Datum) -> Result<String> {
    match subscript {
        Datum::Int4(index) => Ok(index.to_string()),
        Datum::Text(key) => Ok(key.clone()),
        Datum::Null => Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "jsonb subscript in assignment must not be null",
        )),
        _ => Err(wrong_type()),
    }
}

fn part(json: JsonRef<'_>) -> JsonValue {
    JsonValue::Encoded(json.to_jsonb())
}

/// A value with what is at the rest of the path replaced.
fn set(json: JsonRef<'_>, path: &[String], level: usize, new: JsonValue) -> Result<JsonValue> {
    let Some(step) = path.get(level) else { return Ok(new) };
    match json.kind() {
        JsonKind::Object => {
            let mut members: Vec<(String, JsonValue)> =
                json.members().map(|(key, value)| (key.to_owned(), part(value))).collect();
            let value = match json.get(step) {
                Some(value) => set(value, path, level + 1, new)?,
                None => make(&path[level + 1..], new)?,
            };
            // Of equal keys the last one stays.
            members.push((step.clone(), value));
            Ok(JsonValue::Object(members))
        }
        JsonKind::Array => {
            let index = array_index(json, step, level)?;
            let mut elements: Vec<JsonValue> = json.elements().map(part).collect();
            match json.at(index as i64) {
                Some(value) => elements[index] = set(value, path, level + 1, new)?,
                None => {
                    fill(&mut elements, index)?;
                    elements.push(make(&path[level + 1..], new)?);
                }
            }
            Ok(JsonValue::Array(elements))
        }
        _ => Err(invalid("cannot replace existing key")
            .with_detail("The path assumes key is a composite object, but it is a scalar value.")),
    }
}

/// Where in the array the step points; negative steps count from the end.
fn array_index(array: JsonRef<'_>, step: &str, level: usize) -> Result<usize> {
    let index: i32 = step.trim_start().parse().map_err(|_| {
        Error::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!("path element at position {} is not an integer: \"{step}\"", level + 1),
        )
    })?;
    let length = array.len() as i64;
    let at = if index < 0 { length + i64::from(index) } else { i64::from(index) };
    usize::try_from(at).map_err(|_| {
        invalid(format!("path element at position {} is out of range: {index}", level + 1))
    })
}

/// What the rest of a path makes where nothing is yet.
fn make(path: &[String], new: JsonValue) -> Result<JsonValue> {
    let Some((step, rest)) = path.split_first() else { return Ok(new) };
    let inner = make(rest, new)?;
    match step.trim_start().parse::<i32>() {
        Ok(index) => {
            let mut elements = Vec::new();
            fill(&mut elements, usize::try_from(index).unwrap_or(0))?;
            elements.push(inner);
            Ok(JsonValue::Array(elements))
        }
        Err(_) => Ok(JsonValue::Object(vec![(step.clone(), inner)])),
    }
}

/// Nulls up to a position.
fn fill(elements: &mut Vec<JsonValue>, length: usize) -> Result<()> {
    if length >= ELEMENTS_MAX {
        let message =
            format!("number of jsonb array elements exceeds the maximum allowed ({ELEMENTS_MAX})");
        return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
    }
    elements.resize(length.max(elements.len()), JsonValue::Null);
    Ok(())
}
