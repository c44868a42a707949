//! `collections`: conditions on payloads, and payloads changed and selected, for SQL and for
//! the HTTP API that keeps its points in tables (`http::collections`).

mod condition;
mod instant;
mod path;
mod payload;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;

pub use condition::{Condition, Filter, Range, Scalar, Test};
pub use instant::{parse as parse_instant, print as print_instant};
pub use path::{Path, Step};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::arg;
use crate::sql::types::json::{JsonRef, JsonValue, Jsonb};
use crate::sql::types::{self, ArrayDim, ArrayValue, Datum, oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "collections_point_id" => |_, args| Ok(Datum::Uuid(point_id(arg(args, 0)?)?));
    call "collections_point_text" => |_, args| match args.first() {
        Some(Datum::Uuid(id)) => Ok(Datum::Text(point_text(id))),
        _ => Err(crate::sql::functions::call::wrong_type()),
    };
    call "collections_matches" => |_, args| {
        let (payload, condition): (&Jsonb, &Jsonb) = (arg(args, 0)?, arg(args, 1)?);
        Ok(Datum::Bool(compiled(condition)?.holds(payload.root())))
    };
    call "collections_values" => |_, args| {
        let (payload, key): (&Jsonb, &str) = (arg(args, 0)?, arg(args, 1)?);
        let values = Path::parse(key)?.values(payload.root(), true);
        let values = values.into_iter().map(JsonRef::to_value).collect();
        Ok(Datum::Jsonb(JsonValue::Array(values).to_jsonb()))
    };
    call "collections_order_values" => |_, args| {
        let (payload, key): (&Jsonb, &str) = (arg(args, 0)?, arg(args, 1)?);
        let values = Path::parse(key)?.values(payload.root(), true);
        let values = values.into_iter().filter_map(|value| number(value).or_else(|| time(value)));
        Ok(floats(values.map(Datum::Float8).collect()))
    };
    call "collections_lowest" => |_, args| extreme(args, f64::min);
    call "collections_highest" => |_, args| extreme(args, f64::max);
    call "collections_set" => |_, args| {
        let (own, key, value): (&Jsonb, &str, &Jsonb) = (arg(args, 0)?, arg(args, 1)?, arg(args, 2)?);
        let path = (!key.is_empty()).then(|| Path::parse(key)).transpose()?;
        Ok(Datum::Jsonb(payload::set(own.root(), path.as_ref(), value.root()).to_jsonb()))
    };
    call "collections_delete" => |_, args| {
        let (own, paths) = selected(args)?;
        Ok(Datum::Jsonb(payload::delete(own, &paths).to_jsonb()))
    };
    call "collections_include" => |_, args| {
        let (own, paths) = selected(args)?;
        let paths: Vec<&[Step]> = paths.iter().map(|path| path.0.as_slice()).collect();
        Ok(Datum::Jsonb(payload::include(own, &paths).to_jsonb()))
    };
    call "collections_exclude" => |_, args| {
        let (own, paths) = selected(args)?;
        let paths: Vec<&[Step]> = paths.iter().map(|path| path.0.as_slice()).collect();
        Ok(Datum::Jsonb(payload::exclude(own, &paths).to_jsonb()))
    };
};

/// Conditions that a thread has read and keeps.
const COMPILED_MAX: usize = 16;

thread_local! {
    static COMPILED: RefCell<Vec<(Bytes, Arc<Condition>)>> = const { RefCell::new(Vec::new()) };
}

/// A condition, read once for all the rows that it is asked of.
fn compiled(condition: &Jsonb) -> Result<Arc<Condition>> {
    COMPILED.with_borrow_mut(|known| {
        if let Some((_, found)) = known.iter().find(|(bytes, _)| *bytes == condition.0) {
            return Ok(found.clone());
        }
        let mut text = Vec::new();
        condition.root().write(&mut text);
        let value = serde_json::from_slice(&text)
            .map_err(|error| Error::internal(format!("a document is not JSON: {error}")))?;
        let read = Arc::new(Condition::parse(&value)?);
        if known.len() >= COMPILED_MAX {
            known.remove(0);
        }
        known.push((condition.0.clone(), read.clone()));
        Ok(read)
    })
}

/// What keys lead to in a payload, where it stands.
pub fn include(document: &Jsonb, keys: &[String]) -> Result<Jsonb> {
    let paths = keys.iter().map(|key| Path::parse(key)).collect::<Result<Vec<_>>>()?;
    let paths: Vec<&[Step]> = paths.iter().map(|path| path.0.as_slice()).collect();
    Ok(payload::include(document.root(), &paths).to_jsonb())
}

/// All but what keys lead to.
pub fn exclude(document: &Jsonb, keys: &[String]) -> Result<Jsonb> {
    let paths = keys.iter().map(|key| Path::parse(key)).collect::<Result<Vec<_>>>()?;
    let paths: Vec<&[Step]> = paths.iter().map(|path| path.0.as_slice()).collect();
    Ok(payload::exclude(document.root(), &paths).to_jsonb())
}

/// A point's id as it is kept: numbers in the last eight bytes, UUIDs as they are.
pub fn point_id(text: &str) -> Result<[u8; 16]> {
    if let Ok(number) = text.parse::<u64>() {
        return Ok(u128::from(number).to_be_bytes());
    }
    let id = types::uuid::parse(text)?;
    if id[..8] == [0; 8] {
        let message = format!("the id {text} is kept for a number");
        let detail = "The first eight bytes of a UUID are not all zero.";
        return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message).with_detail(detail));
    }
    Ok(id)
}

/// The number that an id stands for, if it is one.
pub fn point_number(id: &[u8; 16]) -> Option<u64> {
    u64::try_from(u128::from_be_bytes(*id)).ok()
}

fn point_text(id: &[u8; 16]) -> String {
    match point_number(id) {
        Some(number) => number.to_string(),
        None => {
            let mut out = Vec::new();
            types::uuid::write(id, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}

fn number(value: JsonRef<'_>) -> Option<f64> {
    value.as_numeric().map(|number| number.to_f64())
}

fn time(value: JsonRef<'_>) -> Option<f64> {
    value.as_str().and_then(instant::parse).map(|instant| instant as f64)
}

fn extreme(args: &[Datum], of: fn(f64, f64) -> f64) -> Result<Datum> {
    let (payload, key, kind): (&Jsonb, &str, &str) = (arg(args, 0)?, arg(args, 1)?, arg(args, 2)?);
    let read = match kind {
        "number" => number,
        "time" => time,
        _ => {
            let message = format!("the kind is 'number' or 'time', not '{kind}'");
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
    };
    let values = Path::parse(key)?.values(payload.root(), true);
    let found = values.into_iter().filter_map(read).reduce(of);
    Ok(found.map_or(Datum::Null, Datum::Float8))
}

fn floats(elements: Vec<Datum>) -> Datum {
    let length = elements.len() as i32;
    let dims = match length {
        0 => Vec::new(),
        length => vec![ArrayDim { length, lower_bound: 1 }],
    };
    Datum::Array(Box::new(ArrayValue { element_type: oid::FLOAT8, dims, elements }))
}

/// A payload and the paths of an array of keys.
fn selected(args: &[Datum]) -> Result<(JsonRef<'_>, Vec<Path>)> {
    let (own, keys): (&Jsonb, &ArrayValue) = (arg(args, 0)?, arg(args, 1)?);
    let keys: Vec<&str> = keys
        .elements
        .iter()
        .filter_map(|key| match key {
            Datum::Text(key) => Some(key.as_str()),
            _ => None,
        })
        .collect();
    Ok((own.root(), payload::paths(&keys)?))
}
