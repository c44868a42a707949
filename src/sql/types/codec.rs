//! A self-describing byte form of any value, for places that hold values of
//! many types: arrays and records inside Arrow columns and stored rows.
//!
//! One tag byte per value, then its bytes; lengths and counts are unsigned
//! LEB128. It keeps everything (scales, padding, bounds) and has no order;
//! for order see `key`.

use bytes::Bytes;

use super::json::Jsonb;
use super::range::wire::{self, flag};
use super::{
    ArrayDim, ArrayValue, Bits, Bound, Datum, Inet, Interval, MultirangeValue, RangeValue, Span,
    numeric,
};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Nesting that `decode` follows before it calls the bytes corrupt.
const DEPTH_MAX: usize = 256;

mod tag {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const INT2: u8 = 3;
    pub const INT4: u8 = 4;
    pub const INT8: u8 = 5;
    pub const FLOAT4: u8 = 6;
    pub const FLOAT8: u8 = 7;
    pub const OID: u8 = 8;
    pub const CHAR: u8 = 9;
    pub const NUMERIC: u8 = 10;
    pub const TEXT: u8 = 11;
    pub const BYTEA: u8 = 12;
    pub const DATE: u8 = 13;
    pub const TIME: u8 = 14;
    pub const TIMETZ: u8 = 15;
    pub const TIMESTAMP: u8 = 16;
    pub const TIMESTAMPTZ: u8 = 17;
    pub const INTERVAL: u8 = 18;
    pub const UUID: u8 = 19;
    pub const JSONB: u8 = 20;
    pub const ARRAY: u8 = 21;
    pub const RECORD: u8 = 22;
    pub const BIT: u8 = 23;
    pub const INET: u8 = 24;
    pub const MACADDR: u8 = 25;
    pub const MACADDR8: u8 = 26;
    pub const RANGE: u8 = 27;
    pub const MULTIRANGE: u8 = 28;
    pub const VECTOR: u8 = 29;
}

/// Appends the value's bytes.
pub fn encode(value: &Datum, out: &mut Vec<u8>) {
    let mut fixed = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        out.extend_from_slice(bytes);
    };
    match value {
        Datum::Null => fixed(tag::NULL, &[]),
        Datum::Bool(false) => fixed(tag::FALSE, &[]),
        Datum::Bool(true) => fixed(tag::TRUE, &[]),
        Datum::Int2(v) => fixed(tag::INT2, &v.to_le_bytes()),
        Datum::Int4(v) => fixed(tag::INT4, &v.to_le_bytes()),
        Datum::Int8(v) => fixed(tag::INT8, &v.to_le_bytes()),
        Datum::Float4(v) => fixed(tag::FLOAT4, &v.to_le_bytes()),
        Datum::Float8(v) => fixed(tag::FLOAT8, &v.to_le_bytes()),
        Datum::Oid(v) => fixed(tag::OID, &v.to_le_bytes()),
        Datum::Char(v) => fixed(tag::CHAR, &[*v]),
        Datum::Date(v) => fixed(tag::DATE, &v.to_le_bytes()),
        Datum::Time(v) => fixed(tag::TIME, &v.to_le_bytes()),
        Datum::TimeTz(v, zone) => {
            fixed(tag::TIMETZ, &v.to_le_bytes());
            out.extend_from_slice(&zone.to_le_bytes());
        }
        Datum::Timestamp(v) => fixed(tag::TIMESTAMP, &v.to_le_bytes()),
        Datum::TimestampTz(v) => fixed(tag::TIMESTAMPTZ, &v.to_le_bytes()),
        Datum::Interval(v) => {
            fixed(tag::INTERVAL, &v.microseconds.to_le_bytes());
            out.extend_from_slice(&v.days.to_le_bytes());
            out.extend_from_slice(&v.months.to_le_bytes());
        }
        Datum::Uuid(v) => fixed(tag::UUID, v),
        Datum::MacAddr(v) => fixed(tag::MACADDR, v),
        Datum::MacAddr8(v) => fixed(tag::MACADDR8, v),
        Datum::Inet(v) => {
            fixed(tag::INET, &[]);
            v.encode(out);
        }
        Datum::Bit(v) => {
            let mut bytes = Vec::with_capacity(v.bytes().len() + 1);
            v.encode(&mut bytes);
            put_sized(tag::BIT, &bytes, out);
        }
        Datum::Numeric(v) => {
            let mut bytes = Vec::with_capacity(18);
            numeric::encode(v, &mut bytes);
            put_sized(tag::NUMERIC, &bytes, out);
        }
        Datum::Vector(v) => {
            let mut bytes = Vec::with_capacity(v.size_bytes() + 5);
            v.encode(&mut bytes);
            put_sized(tag::VECTOR, &bytes, out);
        }
        Datum::Text(v) => put_sized(tag::TEXT, v.as_bytes(), out),
        Datum::Bytea(v) => put_sized(tag::BYTEA, v, out),
        Datum::Jsonb(v) => put_sized(tag::JSONB, &v.0, out),
        Datum::Array(v) => encode_array(v, out),
        Datum::Range(v) => {
            out.push(tag::RANGE);
            out.extend_from_slice(&v.subtype.to_le_bytes());
            encode_span(v.span.as_ref(), out);
        }
        Datum::Multirange(v) => {
            out.push(tag::MULTIRANGE);
            out.extend_from_slice(&v.subtype.to_le_bytes());
            put_count(v.spans.len(), out);
            v.spans.iter().for_each(|span| encode_span(Some(span), out));
        }
        Datum::Record(fields) => {
            out.push(tag::RECORD);
            put_count(fields.len(), out);
            for (oid, field) in fields {
                out.extend_from_slice(&oid.to_le_bytes());
                encode(field, out);
            }
        }
    }
}

fn encode_array(array: &ArrayValue, out: &mut Vec<u8>) {
    out.push(tag::ARRAY);
    out.extend_from_slice(&array.element_type.to_le_bytes());
    put_count(array.dims.len(), out);
    for dim in &array.dims {
        out.extend_from_slice(&dim.length.to_le_bytes());
        out.extend_from_slice(&dim.lower_bound.to_le_bytes());
    }
    put_count(array.elements.len(), out);
    for element in &array.elements {
        encode(element, out);
    }
}

/// Flags as on the wire, then the finite bounds.
fn encode_span(span: Option<&Span>, out: &mut Vec<u8>) {
    out.push(wire::flags(span));
    if let Some(span) = span {
        let bounds = [&span.lower.value, &span.upper.value];
        bounds.into_iter().flatten().for_each(|value| encode(value, out));
    }
}

fn take_span(rest: &mut &[u8], depth: usize) -> Result<Option<Span>> {
    let flags = array::<1>(rest)?[0];
    if flags & flag::EMPTY != 0 {
        return Ok(None);
    }
    let mut bound = |infinite: u8, inclusive: u8| -> Result<Bound> {
        if flags & infinite != 0 {
            return Ok(Bound::INFINITE);
        }
        let value = take(rest, depth + 1)?;
        Ok(Bound { value: Some(value), inclusive: flags & inclusive != 0 })
    };
    let lower = bound(flag::LOWER_INFINITE, flag::LOWER_INCLUSIVE)?;
    let upper = bound(flag::UPPER_INFINITE, flag::UPPER_INCLUSIVE)?;
    Ok(Some(Span { lower, upper }))
}

fn put_sized(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    put_count(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn put_count(mut count: usize, out: &mut Vec<u8>) {
    while count >= 0x80 {
        out.push(count as u8 | 0x80);
        count >>= 7;
    }
    out.push(count as u8);
}

fn corrupt() -> Error {
    Error::new(sqlstate::DATA_CORRUPTED, "stored value is corrupt")
}

/// Reads one value that must fill `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Datum> {
    let mut rest = bytes;
    let value = take(&mut rest, 0)?;
    if rest.is_empty() { Ok(value) } else { Err(corrupt()) }
}

/// Reads one value from the front of `bytes`.
pub fn decode_prefix(bytes: &mut &[u8]) -> Result<Datum> {
    take(bytes, 0)
}

fn take(rest: &mut &[u8], depth: usize) -> Result<Datum> {
    if depth > DEPTH_MAX {
        return Err(corrupt());
    }
    Ok(match array::<1>(rest)?[0] {
        tag::NULL => Datum::Null,
        tag::FALSE => Datum::Bool(false),
        tag::TRUE => Datum::Bool(true),
        tag::INT2 => Datum::Int2(i16::from_le_bytes(array(rest)?)),
        tag::INT4 => Datum::Int4(i32::from_le_bytes(array(rest)?)),
        tag::INT8 => Datum::Int8(i64::from_le_bytes(array(rest)?)),
        tag::FLOAT4 => Datum::Float4(f32::from_le_bytes(array(rest)?)),
        tag::FLOAT8 => Datum::Float8(f64::from_le_bytes(array(rest)?)),
        tag::OID => Datum::Oid(u32::from_le_bytes(array(rest)?)),
        tag::CHAR => Datum::Char(array::<1>(rest)?[0]),
        tag::DATE => Datum::Date(i32::from_le_bytes(array(rest)?)),
        tag::TIME => Datum::Time(i64::from_le_bytes(array(rest)?)),
        tag::TIMETZ => {
            let time = i64::from_le_bytes(array(rest)?);
            Datum::TimeTz(time, i32::from_le_bytes(array(rest)?))
        }
        tag::TIMESTAMP => Datum::Timestamp(i64::from_le_bytes(array(rest)?)),
        tag::TIMESTAMPTZ => Datum::TimestampTz(i64::from_le_bytes(array(rest)?)),
        tag::INTERVAL => {
            let microseconds = i64::from_le_bytes(array(rest)?);
            let days = i32::from_le_bytes(array(rest)?);
            let months = i32::from_le_bytes(array(rest)?);
            Datum::Interval(Interval { months, days, microseconds })
        }
        tag::UUID => Datum::Uuid(array(rest)?),
        tag::BIT => Datum::Bit(Bits::decode(sized(rest)?).ok_or_else(corrupt)?),
        tag::INET => Datum::Inet(Inet::decode(rest).ok_or_else(corrupt)?),
        tag::VECTOR => Datum::Vector(super::vector::decode(sized(rest)?)?),
        tag::MACADDR => Datum::MacAddr(array(rest)?),
        tag::MACADDR8 => Datum::MacAddr8(array(rest)?),
        tag::NUMERIC => Datum::Numeric(numeric::decode(sized(rest)?).ok_or_else(corrupt)?),
        tag::TEXT => {
            let text = std::str::from_utf8(sized(rest)?).map_err(|_| corrupt())?;
            Datum::Text(text.to_owned())
        }
        tag::BYTEA => Datum::Bytea(Bytes::copy_from_slice(sized(rest)?)),
        tag::JSONB => Datum::Jsonb(Jsonb(Bytes::copy_from_slice(sized(rest)?))),
        tag::ARRAY => Datum::Array(Box::new(take_array(rest, depth)?)),
        tag::RANGE => {
            let subtype = u32::from_le_bytes(array(rest)?);
            Datum::Range(Box::new(RangeValue::of(subtype, take_span(rest, depth)?)))
        }
        tag::MULTIRANGE => {
            let subtype = u32::from_le_bytes(array(rest)?);
            let count = count(rest)?;
            let mut spans = Vec::with_capacity(count.min(rest.len()));
            for _ in 0..count {
                spans.push(take_span(rest, depth)?.ok_or_else(corrupt)?);
            }
            Datum::Multirange(Box::new(MultirangeValue { subtype, spans }))
        }
        tag::RECORD => {
            let count = count(rest)?;
            let mut fields = Vec::with_capacity(count.min(rest.len()));
            for _ in 0..count {
                let oid = u32::from_le_bytes(array(rest)?);
                fields.push((oid, take(rest, depth + 1)?));
            }
            Datum::Record(fields)
        }
        _ => return Err(corrupt()),
    })
}

fn take_array(rest: &mut &[u8], depth: usize) -> Result<ArrayValue> {
    let element_type = u32::from_le_bytes(array(rest)?);
    let mut dims = Vec::new();
    for _ in 0..count(rest)? {
        let length = i32::from_le_bytes(array(rest)?);
        dims.push(ArrayDim { length, lower_bound: i32::from_le_bytes(array(rest)?) });
    }
    let count = count(rest)?;
    let mut elements = Vec::with_capacity(count.min(rest.len()));
    for _ in 0..count {
        elements.push(take(rest, depth + 1)?);
    }
    Ok(ArrayValue { element_type, dims, elements })
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>().ok_or_else(corrupt)?;
    *rest = after;
    Ok(*bytes)
}

fn count(rest: &mut &[u8]) -> Result<usize> {
    let mut value = 0usize;
    for shift in (0..usize::BITS - 7).step_by(7) {
        let byte = array::<1>(rest)?[0];
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(corrupt())
}

fn sized<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = count(rest)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or_else(corrupt)?;
    *rest = after;
    Ok(bytes)
}
