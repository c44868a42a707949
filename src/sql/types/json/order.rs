//! PostgreSQL's order of `jsonb` values, as a comparison and as a byte key.
//!
//! `Object > Array > Boolean > Number > String > Null`; more elements or members
//! are greater; then element by element, member by member (key, then value) in
//! storage order. One exception is kept from PostgreSQL: at the top level, the
//! empty array is less than any scalar, and so less than everything.

use std::cmp::Ordering;

use super::{JsonKind, JsonRef, JsonValue};
use crate::sql::types::key;

/// Nesting that `decode_key` follows before it gives up.
const DEPTH_MAX: usize = 1001;

/// Compares two documents.
pub fn compare(a: JsonRef<'_>, b: JsonRef<'_>) -> Ordering {
    match (is_empty_array(a), is_empty_array(b)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => compare_nodes(a, b),
    }
}

fn is_empty_array(value: JsonRef<'_>) -> bool {
    value.kind() == JsonKind::Array && value.is_empty()
}

fn rank(kind: JsonKind) -> u8 {
    match kind {
        JsonKind::Null => 1,
        JsonKind::String => 2,
        JsonKind::Number => 3,
        JsonKind::Bool => 4,
        JsonKind::Array => 5,
        JsonKind::Object => 6,
    }
}

fn compare_nodes(a: JsonRef<'_>, b: JsonRef<'_>) -> Ordering {
    let kinds = rank(a.kind()).cmp(&rank(b.kind()));
    if kinds != Ordering::Equal {
        return kinds;
    }
    match a.kind() {
        JsonKind::Null => Ordering::Equal,
        JsonKind::Bool => a.as_bool().cmp(&b.as_bool()),
        JsonKind::String => a.as_str().cmp(&b.as_str()),
        JsonKind::Number => match (a.as_numeric(), b.as_numeric()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        },
        JsonKind::Array => a.len().cmp(&b.len()).then_with(|| {
            a.elements()
                .zip(b.elements())
                .map(|(a, b)| compare_nodes(a, b))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        }),
        JsonKind::Object => a.len().cmp(&b.len()).then_with(|| {
            a.members()
                .zip(b.members())
                .map(|((k, v), (l, w))| k.cmp(l).then_with(|| compare_nodes(v, w)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        }),
    }
}

/// Appends bytes whose order is [`compare`]'s.
pub fn encode_key(value: JsonRef<'_>, out: &mut Vec<u8>) {
    if is_empty_array(value) {
        return out.push(0);
    }
    encode_node(value, out);
}

fn encode_node(value: JsonRef<'_>, out: &mut Vec<u8>) {
    out.push(rank(value.kind()));
    match value.kind() {
        JsonKind::Null => {}
        JsonKind::Bool => out.push(u8::from(value.as_bool() == Some(true))),
        JsonKind::String => key::put_bytes(value.as_str().unwrap_or_default().as_bytes(), out),
        JsonKind::Number => {
            if let Some(number) = value.as_numeric() {
                key::put_numeric(&number, out);
            }
        }
        JsonKind::Array => {
            out.extend_from_slice(&(value.len() as u32).to_be_bytes());
            value.elements().for_each(|element| encode_node(element, out));
        }
        JsonKind::Object => {
            out.extend_from_slice(&(value.len() as u32).to_be_bytes());
            for (name, member) in value.members() {
                key::put_bytes(name.as_bytes(), out);
                encode_node(member, out);
            }
        }
    }
}

/// Reads a key back; numbers come back without trailing zeros.
pub fn decode_key(bytes: &mut &[u8]) -> Option<JsonValue> {
    if bytes.first() == Some(&0) {
        *bytes = &bytes[1..];
        return Some(JsonValue::Array(Vec::new()));
    }
    decode_node(bytes, 0)
}

fn decode_node(bytes: &mut &[u8], depth: usize) -> Option<JsonValue> {
    if depth > DEPTH_MAX {
        return None;
    }
    let text = |bytes: &mut &[u8]| String::from_utf8(key::take_bytes(bytes)?).ok();
    Some(match key::take::<1>(bytes)?[0] {
        1 => JsonValue::Null,
        2 => JsonValue::String(text(bytes)?),
        3 => JsonValue::Number(key::take_numeric(bytes)?),
        4 => JsonValue::Bool(key::take::<1>(bytes)?[0] == 1),
        5 => {
            let count = u32::from_be_bytes(key::take(bytes)?);
            let elements = (0..count).map(|_| decode_node(bytes, depth + 1));
            JsonValue::Array(elements.collect::<Option<_>>()?)
        }
        6 => {
            let count = u32::from_be_bytes(key::take(bytes)?);
            let member = |_| Some((text(bytes)?, decode_node(bytes, depth + 1)?));
            JsonValue::Object((0..count).map(member).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
