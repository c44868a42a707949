//! Assignment to a part of a `jsonb`: `UPDATE t SET j['a'][0] = '1'`.
//!
//! The binder calls `jsonb_assign_element` by symbol; no function of the catalog does.
//! It takes the document, the new value, whether a document that is NULL becomes an
//! array (else an object), and one text for each subscript. What is missing on the way
//! is made: objects for keys, arrays for numbers, JSON nulls before an element that
//! lies beyond an array's end.

use super::access::invalid;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::{arg, arg_or_null, wrong_type};
use crate::sql::types::{Datum, JsonKind, JsonRef, JsonValue, Jsonb};
use crate::sqlstate;

/// The longest array that an assignment makes: what a document may hold.
const ELEMENTS_MAX: i64 = 0x0FFF_FFFF;

pub const KERNELS: &[Kernel] = kernels! {
    call "jsonb_assign_element" => |_, args| assign_element(args).map(Datum::Jsonb);
};

fn assign_element(args: &[Datum]) -> Result<Jsonb> {
    let becomes_array: bool = arg(args, 2)?;
    let path = args.iter().skip(3).map(step).collect::<Result<Vec<&str>>>()?;
    let new = match args.get(1).ok_or_else(wrong_type)? {
        Datum::Jsonb(new) => new.clone(),
        Datum::Null => JsonValue::Null.to_jsonb(),
        _ => return Err(wrong_type()),
    };
    let empty = match becomes_array {
        true => JsonValue::Array(Vec::new()).to_jsonb(),
        false => JsonValue::Object(Vec::new()).to_jsonb(),
    };
    let document = arg_or_null::<&Jsonb>(args, 0)?.unwrap_or(&empty);
    Assignment { path: &path, new: &new }.at(document.root(), 0).map(JsonValue::to_jsonb)
}

fn step(subscript: &Datum) -> Result<&str> {
    match subscript {
        Datum::Text(text) => Ok(text),
        Datum::Null => Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "jsonb subscript in assignment must not be null",
        )),
        _ => Err(wrong_type()),
    }
}

struct Assignment<'a> {
    path: &'a [&'a str],
    new: &'a Jsonb,
}

impl Assignment<'_> {
    /// A document, or a part of one, with the rest of the path assigned.
    fn at(&self, json: JsonRef<'_>, level: usize) -> Result<JsonValue> {
        match json.kind() {
            JsonKind::Object => self.in_object(json, level),
            JsonKind::Array => self.in_array(json, level),
            _ => Err(invalid("cannot replace existing key").with_detail(
                "The path assumes key is a composite object, but it is a scalar value.",
            )),
        }
    }

    fn in_object(&self, json: JsonRef<'_>, level: usize) -> Result<JsonValue> {
        let step = self.path[level];
        let mut members = Vec::with_capacity(json.len() + 1);
        let mut found = false;
        for (key, value) in json.members() {
            let value = match key == step {
                true => {
                    found = true;
                    self.replaced(value, level)?
                }
                false => part(value),
            };
            members.push((key.to_owned(), value));
        }
        if !found {
            members.push((step.to_owned(), self.made(level + 1)?));
        }
        Ok(JsonValue::Object(members))
    }

    fn in_array(&self, json: JsonRef<'_>, level: usize) -> Result<JsonValue> {
        let step = self.path[level];
        let position = level + 1;
        let index: i64 = step.trim_start().parse::<i32>().map(i64::from).map_err(|_| {
            Error::new(
                sqlstate::INVALID_TEXT_REPRESENTATION,
                format!("path element at position {position} is not an integer: \"{step}\""),
            )
        })?;
        let count = json.len() as i64;
        if index < -count {
            return Err(invalid(format!(
                "path element at position {position} is out of range: {index}"
            )));
        }
        let index = if index < 0 { count + index } else { index };
        let mut elements: Vec<JsonValue> = json.elements().map(part).collect();
        if index < count {
            let child = json.value_at(index as usize);
            elements[index as usize] = self.replaced(child, level)?;
        } else {
            push_nulls(&mut elements, index - count)?;
            elements.push(self.made(level + 1)?);
        }
        Ok(JsonValue::Array(elements))
    }

    /// What stands in for a part that is there.
    fn replaced(&self, old: JsonRef<'_>, level: usize) -> Result<JsonValue> {
        match level + 1 == self.path.len() {
            true => Ok(part(self.new.root())),
            false => self.at(old, level + 1),
        }
    }

    /// The new value inside of what the path from `level` on asks for.
    fn made(&self, level: usize) -> Result<JsonValue> {
        let mut value = part(self.new.root());
        for step in self.path[level..].iter().rev() {
            value = match step.parse::<i32>() {
                Ok(index) => {
                    let mut elements = Vec::new();
                    push_nulls(&mut elements, i64::from(index))?;
                    elements.push(value);
                    JsonValue::Array(elements)
                }
                Err(_) => JsonValue::Object(vec![((*step).to_owned(), value)]),
            };
        }
        Ok(value)
    }
}

fn part(json: JsonRef<'_>) -> JsonValue {
    JsonValue::Encoded(json.to_jsonb())
}

fn push_nulls(elements: &mut Vec<JsonValue>, count: i64) -> Result<()> {
    if elements.len() as i64 + count > ELEMENTS_MAX {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!("number of jsonb array elements exceeds the maximum allowed ({ELEMENTS_MAX})"),
        ));
    }
    elements.extend(std::iter::repeat_n(JsonValue::Null, count.max(0) as usize));
    Ok(())
}
