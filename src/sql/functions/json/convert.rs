//! From `jsonb` to other types, and the whole-document functions.

use super::access::{document, invalid};
use super::raw::Raw;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::types::json::{write_pretty, write_string};
use crate::sql::types::{Datum, JsonKind, JsonRef, JsonValue, Jsonb, Numeric};

pub const KERNELS: &[Kernel] = kernels! {
    rows1 "jsonb_bool" => |a: &Jsonb| document(a).as_bool().ok_or_else(|| cannot_cast(a, "boolean"));
    rows1 "jsonb_numeric" => |a: &Jsonb| number(a, "numeric");
    rows1 "jsonb_int2" => |a: &Jsonb| number(a, "smallint")?.to_i16();
    rows1 "jsonb_int4" => |a: &Jsonb| number(a, "integer")?.to_i32();
    rows1 "jsonb_int8" => |a: &Jsonb| number(a, "bigint")?.to_i64();
    rows1 "jsonb_float4" => |a: &Jsonb| number(a, "real")?.to_float4();
    rows1 "jsonb_float8" => |a: &Jsonb| number(a, "double precision")?.to_float8();
    rows1 "jsonb_pretty" => |a: &Jsonb| {
        let mut out = Vec::new();
        write_pretty(document(a), 0, &mut out);
        String::from_utf8(out).map_err(|_| Error::internal("a document holds text that is not UTF-8"))
    };
    rows1 "jsonb_strip_nulls" => |a: &Jsonb| Ok(strip_nulls(document(a)).to_jsonb());
    call "json_strip_nulls" => |_, args| match args.first() {
        Some(Datum::Text(text)) => {
            let mut out = Vec::with_capacity(text.len());
            strip_nulls_raw(Raw::new(text), &mut out);
            Ok(Datum::Text(String::from_utf8_lossy(&out).into_owned()))
        }
        _ => Err(crate::sql::functions::call::wrong_type()),
    };
};

fn cannot_cast(json: &Jsonb, target: &str) -> Error {
    let what = match document(json).kind() {
        JsonKind::Number => "numeric",
        JsonKind::Array | JsonKind::Object => "array or object",
        kind => kind.name(),
    };
    let what = match document(json).kind() {
        JsonKind::Array => "array",
        JsonKind::Object => "object",
        _ => what,
    };
    invalid(format!("cannot cast jsonb {what} to type {target}"))
}

fn number(json: &Jsonb, target: &str) -> Result<Numeric> {
    document(json).as_numeric().ok_or_else(|| cannot_cast(json, target))
}

/// The document without members that are null, at every level.
fn strip_nulls(json: JsonRef<'_>) -> JsonValue {
    match json.kind() {
        JsonKind::Array => JsonValue::Array(json.elements().map(strip_nulls).collect()),
        JsonKind::Object => JsonValue::Object(
            json.members()
                .filter(|(_, value)| value.kind() != JsonKind::Null)
                .map(|(key, value)| (key.to_owned(), strip_nulls(value)))
                .collect(),
        ),
        _ => JsonValue::Encoded(json.to_jsonb()),
    }
}

fn strip_nulls_raw(json: Raw<'_>, out: &mut Vec<u8>) {
    match json.kind() {
        JsonKind::Array => {
            out.push(b'[');
            for (n, element) in json.elements().into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                strip_nulls_raw(element, out);
            }
            out.push(b']');
        }
        JsonKind::Object => {
            out.push(b'{');
            let kept =
                json.members().into_iter().filter(|(_, value)| value.kind() != JsonKind::Null);
            for (n, (key, value)) in kept.enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_string(&key, out);
                out.push(b':');
                strip_nulls_raw(value, out);
            }
            out.push(b'}');
        }
        JsonKind::String => write_string(&json.string(), out),
        _ => out.extend_from_slice(json.text().as_bytes()),
    }
}
