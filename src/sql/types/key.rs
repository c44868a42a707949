//! Memcomparable keys: bytes whose order is the type's order and whose equality
//! is the type's equality.
//!
//! A column of a key is a marker byte (is it NULL, and on which side do NULLs
//! sort) and the value's bytes, inverted when the column is descending. Every
//! encoding is prefix-free, so columns are simply put one after the other.
//!
//! | type | bytes |
//! |---|---|
//! | integers, dates, times | big-endian with the sign bit flipped |
//! | floats | IEEE bits, sign flipped (all bits when negative); NaN greatest; -0 is 0 |
//! | numeric | class, decimal exponent, digit pairs; scale is not kept: 1.10 = 1.1 |
//! | text, bytea | bytes with 0x00 as 0x00 0xFF, then 0x00 0x00 |
//! | bpchar | as text without trailing spaces |
//! | interval | total microseconds, a month being 30 days |
//! | enum | the label's rank, as bytea |
//! | array | elements (non-null before NULL), end, dimensions |
//! | range | lower bound, upper bound; the empty range first |
//! | jsonb | see `json` |
//! | bit, varbit | bytes as text, then the length |
//! | inet, cidr | see `network` |
//! | macaddr, macaddr8 | their bytes |
//!
//! `int4` 1 ascending NULLS LAST is `01 80000001`; NULL there is `02`.
//!
//! [`decode`] gives the value back where the key keeps all of it; [`keeps_value`]
//! says for which types that is.

use bytes::Bytes;
use num_bigint::BigInt;
use num_traits::Signed;

use super::compare::range_type;
use super::numeric::{Coefficient, Numeric, pow10};
use super::{
    ArrayDim, ArrayValue, Bits, Bound, Datum, EnumLabels, Inet, Interval, MultirangeValue,
    RangeType, RangeValue, Rank, Repr, Span, json,
};

/// A label that is not (yet) in the list sorts after all that are.
const UNLISTED_RANK: [u8; 16] = [u8::MAX; 16];

const NULL_FIRST: u8 = 0;
const PRESENT: u8 = 1;
const NULL_LAST: u8 = 2;

/// How a column sorts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KeyOrder {
    pub descending: bool,
    pub nulls_first: bool,
}

impl KeyOrder {
    pub const ASCENDING: KeyOrder = KeyOrder { descending: false, nulls_first: false };
}

/// Appends an ascending, NULLS LAST column.
pub fn encode(value: &Datum, repr: &Repr, out: &mut Vec<u8>) {
    encode_ordered(value, repr, KeyOrder::ASCENDING, out);
}

/// Appends a column that sorts as `order` says.
pub fn encode_ordered(value: &Datum, repr: &Repr, order: KeyOrder, out: &mut Vec<u8>) {
    if value.is_null() {
        return out.push(if order.nulls_first { NULL_FIRST } else { NULL_LAST });
    }
    out.push(PRESENT);
    let start = out.len();
    encode_value(value, repr, out);
    if order.descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// Reads an ascending column back from the front of `bytes`.
pub fn decode(bytes: &mut &[u8], repr: &Repr) -> Option<Datum> {
    decode_ordered(bytes, repr, KeyOrder::ASCENDING)
}

/// Reads a column back. `None` when the bytes are not such a column.
///
/// Where the key does not keep the whole value (see [`keeps_value`]) the answer
/// is one of the values equal to it: `1.1` for `1.10`.
pub fn decode_ordered(bytes: &mut &[u8], repr: &Repr, order: KeyOrder) -> Option<Datum> {
    match take::<1>(bytes)?[0] {
        NULL_FIRST | NULL_LAST => return Some(Datum::Null),
        PRESENT => {}
        _ => return None,
    }
    if !order.descending {
        return decode_value(bytes, repr);
    }
    // The end of a descending column is only known by reading it.
    let inverted: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    let mut rest = inverted.as_slice();
    let value = decode_value(&mut rest, repr)?;
    *bytes = &bytes[inverted.len() - rest.len()..];
    Some(value)
}

/// Whether a key of this type keeps the whole value, so that an index alone can
/// answer it.
pub fn keeps_value(repr: &Repr) -> bool {
    match repr {
        Repr::Numeric
        | Repr::Bpchar
        | Repr::Citext
        | Repr::Hstore
        | Repr::Interval
        | Repr::Jsonb => false,
        // -0 becomes 0.
        Repr::Float4 | Repr::Float8 | Repr::Vector(_) => false,
        Repr::Record(_) | Repr::Pseudo => false,
        Repr::Array(element) => keeps_value(&element.repr),
        Repr::Range(ty) | Repr::Multirange(ty) => keeps_value(&ty.repr),
        _ => true,
    }
}

fn encode_value(value: &Datum, repr: &Repr, out: &mut Vec<u8>) {
    match value {
        Datum::Null => {}
        Datum::Bool(v) => out.push(u8::from(*v)),
        Datum::Int2(v) => out.extend_from_slice(&((*v as u16) ^ 0x8000).to_be_bytes()),
        Datum::Int4(v) | Datum::Date(v) => out.extend_from_slice(&flip32(*v)),
        Datum::Int8(v) | Datum::Time(v) | Datum::Timestamp(v) | Datum::TimestampTz(v) => {
            out.extend_from_slice(&flip64(*v));
        }
        Datum::Float4(v) => out.extend_from_slice(&float4_bits(*v).to_be_bytes()),
        Datum::Float8(v) => out.extend_from_slice(&float8_bits(*v).to_be_bytes()),
        Datum::Oid(v) => out.extend_from_slice(&v.to_be_bytes()),
        Datum::Char(v) => out.push(*v),
        Datum::Numeric(v) => put_numeric(v, out),
        Datum::Text(v) => encode_text(v, repr, out),
        Datum::Bytea(v) => put_bytes(v, out),
        Datum::TimeTz(time, zone) => {
            out.extend_from_slice(&flip64(time_tz_instant(*time, *zone)));
            out.extend_from_slice(&flip32(*zone));
        }
        Datum::Interval(v) => {
            let flipped = (v.span() as u128) ^ (1 << 127);
            out.extend_from_slice(&flipped.to_be_bytes());
        }
        Datum::Uuid(v) => out.extend_from_slice(v),
        Datum::Bit(v) => {
            put_bytes(v.bytes(), out);
            out.extend_from_slice(&(v.len() as u32).to_be_bytes());
        }
        Datum::Inet(v) => v.encode(out),
        Datum::MacAddr(v) => out.extend_from_slice(v),
        Datum::MacAddr8(v) => out.extend_from_slice(v),
        Datum::Jsonb(v) => json::encode_key(v.root(), out),
        Datum::Vector(v) => v.encode_key(out),
        Datum::Array(v) => encode_array(v, repr, out),
        Datum::Range(v) => encode_range(v.span.as_ref(), &range_type(repr, v.subtype), out),
        Datum::Multirange(v) => {
            let ty = range_type(repr, v.subtype);
            for span in &v.spans {
                encode_range(Some(span), &ty, out);
            }
            out.push(MULTIRANGE_END);
        }
        Datum::Record(fields) => {
            for (index, (oid, field)) in fields.iter().enumerate() {
                out.push(PRESENT);
                encode(field, &super::record::field_repr(repr, index, *oid), out);
            }
            out.push(0);
        }
    }
}

fn encode_text(text: &str, repr: &Repr, out: &mut Vec<u8>) {
    match repr {
        Repr::Bpchar => put_bytes(text.trim_end_matches(' ').as_bytes(), out),
        Repr::Citext => put_bytes(super::fold_case(text).as_bytes(), out),
        Repr::Position(kind) => out.extend_from_slice(&kind.number(text).to_be_bytes()),
        // As they are compared: see `zserver_hstore::Pairs::compare`.
        Repr::Hstore => {
            let pairs = zserver_hstore::Pairs::parse(text).unwrap_or_default();
            put_bytes(pairs.joined().as_bytes(), out);
            out.extend_from_slice(&(pairs.len() as u64).to_be_bytes());
            put_bytes(text.as_bytes(), out);
        }
        Repr::Enum(labels) => {
            let label = labels.position(text).map(|position| &labels.labels[position]);
            put_bytes(label.map_or(&UNLISTED_RANK[..], |label| label.rank.digits()), out);
        }
        _ => put_bytes(text.as_bytes(), out),
    }
}

/// A range's first byte, and what ends a multirange: it sorts before any range in it.
const MULTIRANGE_END: u8 = 0;
const RANGE_EMPTY: u8 = 1;
const RANGE_SPAN: u8 = 2;

/// A bound's first byte, by side.
const BOUND_LOWEST: u8 = 0;
const BOUND_VALUE: u8 = 1;
const BOUND_HIGHEST: u8 = 2;

/// Lower bound, then upper: what a bound's value is followed by says whether it is
/// inside, in the order of the side.
fn encode_range(span: Option<&Span>, ty: &RangeType, out: &mut Vec<u8>) {
    let Some(span) = span else { return out.push(RANGE_EMPTY) };
    out.push(RANGE_SPAN);
    let mut bound = |bound: &Bound, infinite: u8, inside: u8, outside: u8| match &bound.value {
        None => out.push(infinite),
        Some(value) => {
            out.push(BOUND_VALUE);
            encode(value, &ty.repr, out);
            out.push(if bound.inclusive { inside } else { outside });
        }
    };
    bound(&span.lower, BOUND_LOWEST, 0, 1);
    bound(&span.upper, BOUND_HIGHEST, 1, 0);
}

/// Reads a range back; its first byte is taken already.
fn decode_span(bytes: &mut &[u8], ty: &RangeType) -> Option<Span> {
    let mut bound = |inside: u8| match take::<1>(bytes)?[0] {
        BOUND_VALUE => {
            let value = decode(bytes, &ty.repr)?;
            Some(Bound { value: Some(value), inclusive: take::<1>(bytes)?[0] == inside })
        }
        BOUND_LOWEST | BOUND_HIGHEST => Some(Bound::INFINITE),
        _ => None,
    };
    let lower = bound(0)?;
    Some(Span { lower, upper: bound(1)? })
}

fn encode_array(array: &ArrayValue, repr: &Repr, out: &mut Vec<u8>) {
    let element_repr = match repr {
        Repr::Array(element) => element.repr.clone(),
        _ => super::builtin_repr(array.element_type).unwrap_or(Repr::Pseudo),
    };
    for element in &array.elements {
        encode(element, &element_repr, out);
    }
    out.push(0);
    out.push(array.dims.len() as u8);
    for dim in &array.dims {
        out.extend_from_slice(&flip32(dim.length));
    }
    for dim in &array.dims {
        out.extend_from_slice(&flip32(dim.lower_bound));
    }
}

impl EnumLabels {
    /// The position of a label in the type's order.
    pub fn position(&self, label: &str) -> Option<usize> {
        self.labels.iter().position(|known| known.name == label)
    }
}

impl Interval {
    /// The length used to compare intervals: a month is 30 days, a day 24 hours.
    pub fn span(&self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * 86_400_000_000 + i128::from(self.microseconds)
    }
}

/// A `timetz` as an instant of the day in UTC, which is what it sorts by first.
pub fn time_tz_instant(time: i64, zone: i32) -> i64 {
    time + i64::from(zone) * 1_000_000
}

fn flip32(value: i32) -> [u8; 4] {
    ((value as u32) ^ (1 << 31)).to_be_bytes()
}

fn flip64(value: i64) -> [u8; 8] {
    ((value as u64) ^ (1 << 63)).to_be_bytes()
}

fn float8_bits(value: f64) -> u64 {
    let value = if value.is_nan() { f64::NAN.abs() } else { value + 0.0 };
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

fn float4_bits(value: f32) -> u32 {
    let value = if value.is_nan() { f32::NAN.abs() } else { value + 0.0 };
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | (1 << 31) }
}

/// Appends bytes so that they end where they end: order-preserving, prefix-free.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

pub(super) fn take_bytes(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let byte = take::<1>(bytes)?[0];
        if byte != 0 {
            out.push(byte);
            continue;
        }
        match take::<1>(bytes)?[0] {
            0 => return Some(out),
            0xFF => out.push(0),
            _ => return None,
        }
    }
}

mod class {
    pub const NEGATIVE_INFINITY: u8 = 1;
    pub const NEGATIVE: u8 = 2;
    pub const ZERO: u8 = 3;
    pub const POSITIVE: u8 = 4;
    pub const INFINITY: u8 = 5;
    pub const NAN: u8 = 6;
}

/// Decimal exponents lie within ±200,000, so three bytes hold them biased.
const EXPONENT_BIAS: i32 = 1 << 23;

/// Appends a numeric: class, exponent of the leading digit, digits in pairs
/// (each plus one) and a zero; inverted after the class when negative.
pub(super) fn put_numeric(value: &Numeric, out: &mut Vec<u8>) {
    let (coefficient, scale) = match value {
        Numeric::NaN => return out.push(class::NAN),
        Numeric::Infinity => return out.push(class::INFINITY),
        Numeric::NegativeInfinity => return out.push(class::NEGATIVE_INFINITY),
        Numeric::Finite { coefficient, .. } if coefficient.is_zero() => {
            return out.push(class::ZERO);
        }
        Numeric::Finite { coefficient, scale } => (coefficient, *scale),
    };
    let mut buffer = [0u8; 40];
    let text;
    let digits = match coefficient {
        Coefficient::Small(value) => super::integer::digits_u128(value.unsigned_abs(), &mut buffer),
        Coefficient::Big(value) => {
            text = value.abs().to_string();
            text.as_bytes()
        }
    };
    let negative = value.signum() < 0;
    out.push(if negative { class::NEGATIVE } else { class::POSITIVE });
    let start = out.len();
    let exponent = digits.len() as i32 - 1 - i32::from(scale) + EXPONENT_BIAS;
    out.extend_from_slice(&exponent.to_be_bytes()[1..]);
    let kept = digits.len() - digits.iter().rev().take_while(|d| **d == b'0').count();
    for pair in digits[..kept].chunks(2) {
        let low = pair.get(1).map_or(0, |d| d - b'0');
        out.push((pair[0] - b'0') * 10 + low + 1);
    }
    out.push(0);
    if negative {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// Reads a numeric back, with the smallest scale that holds it.
pub(super) fn take_numeric(bytes: &mut &[u8]) -> Option<Numeric> {
    let mask = match take::<1>(bytes)?[0] {
        class::NAN => return Some(Numeric::NaN),
        class::INFINITY => return Some(Numeric::Infinity),
        class::NEGATIVE_INFINITY => return Some(Numeric::NegativeInfinity),
        class::ZERO => return Some(Numeric::ZERO),
        class::POSITIVE => 0,
        class::NEGATIVE => 0xFF,
        _ => return None,
    };
    let [a, b, c] = take::<3>(bytes)?.map(|byte| byte ^ mask);
    let exponent = i32::from_be_bytes([0, a, b, c]) - EXPONENT_BIAS;
    let mut text = Vec::new();
    loop {
        match take::<1>(bytes)?[0] ^ mask {
            0 => break,
            pair => text.extend_from_slice(&[b'0' + (pair - 1) / 10, b'0' + (pair - 1) % 10]),
        }
    }
    // value = digits × 10^(exponent - digits + 1)
    let power = exponent - text.len() as i32 + 1;
    let magnitude = BigInt::parse_bytes(&text, 10)? * pow10(power.max(0) as u32);
    let value = if mask == 0 { magnitude } else { -magnitude };
    // The pair may have added one zero, which may reach past the largest scale.
    let (value, scale) = if -power > 16383 { (value / 10, -power - 1) } else { (value, -power) };
    Some(Numeric::new(value, scale.max(0) as u16).trim_scale())
}

pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    Some((u32::from_be_bytes(take(bytes)?) ^ (1 << 31)) as i32)
}

fn take_i64(bytes: &mut &[u8]) -> Option<i64> {
    Some((u64::from_be_bytes(take(bytes)?) ^ (1 << 63)) as i64)
}

fn take_f64(bytes: &mut &[u8]) -> Option<f64> {
    let bits = u64::from_be_bytes(take(bytes)?);
    Some(f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits }))
}

fn take_f32(bytes: &mut &[u8]) -> Option<f32> {
    let bits = u32::from_be_bytes(take(bytes)?);
    Some(f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits }))
}

fn decode_value(bytes: &mut &[u8], repr: &Repr) -> Option<Datum> {
    Some(match repr {
        Repr::Bool => Datum::Bool(take::<1>(bytes)?[0] == 1),
        Repr::Int2 => Datum::Int2((u16::from_be_bytes(take(bytes)?) ^ 0x8000) as i16),
        Repr::Int4 => Datum::Int4(take_i32(bytes)?),
        Repr::Int8 => Datum::Int8(take_i64(bytes)?),
        Repr::Float4 => Datum::Float4(take_f32(bytes)?),
        Repr::Float8 => Datum::Float8(take_f64(bytes)?),
        Repr::Oid => Datum::Oid(u32::from_be_bytes(take(bytes)?)),
        Repr::Char => Datum::Char(take::<1>(bytes)?[0]),
        Repr::Numeric => Datum::Numeric(take_numeric(bytes)?),
        Repr::Text | Repr::Bpchar | Repr::Citext => {
            Datum::Text(String::from_utf8(take_bytes(bytes)?).ok()?)
        }
        Repr::Position(kind) => Datum::Text(kind.text(u64::from_be_bytes(take(bytes)?))),
        Repr::Hstore => {
            let _joined = take_bytes(bytes)?;
            let _count: [u8; 8] = take(bytes)?;
            Datum::Text(String::from_utf8(take_bytes(bytes)?).ok()?)
        }
        Repr::Bytea => Datum::Bytea(Bytes::from(take_bytes(bytes)?)),
        Repr::Date => Datum::Date(take_i32(bytes)?),
        Repr::Time => Datum::Time(take_i64(bytes)?),
        Repr::TimeTz => {
            let instant = take_i64(bytes)?;
            let zone = take_i32(bytes)?;
            Datum::TimeTz(instant - i64::from(zone) * 1_000_000, zone)
        }
        Repr::Timestamp => Datum::Timestamp(take_i64(bytes)?),
        Repr::TimestampTz => Datum::TimestampTz(take_i64(bytes)?),
        Repr::Interval => {
            let span = (u128::from_be_bytes(take(bytes)?) ^ (1 << 127)) as i128;
            let days = span / 86_400_000_000;
            Datum::Interval(Interval {
                months: i32::try_from(days / 30).ok()?,
                days: (days % 30) as i32,
                microseconds: (span % 86_400_000_000) as i64,
            })
        }
        Repr::Uuid => Datum::Uuid(take(bytes)?),
        Repr::Bit => {
            let all = take_bytes(bytes)?;
            let length = u32::from_be_bytes(take(bytes)?) as usize;
            Datum::Bit(Bits::new(all, length))
        }
        Repr::Inet => Datum::Inet(Inet::decode(bytes)?),
        Repr::MacAddr => Datum::MacAddr(take(bytes)?),
        Repr::MacAddr8 => Datum::MacAddr8(take(bytes)?),
        Repr::Jsonb => Datum::Jsonb(json::decode_key(bytes)?.to_jsonb()),
        Repr::Vector(kind) => Datum::Vector(super::vector::Value::decode_key(*kind, bytes)?),
        Repr::Enum(labels) => {
            let rank = Rank::from_digits(take_bytes(bytes)?);
            let label = labels.labels.iter().find(|label| label.rank == rank)?;
            Datum::Text(label.name.clone())
        }
        Repr::Array(element) => {
            let mut elements = Vec::new();
            while *bytes.first()? != 0 {
                elements.push(decode(bytes, &element.repr)?);
            }
            let [_, count] = take(bytes)?;
            let lengths: Vec<i32> = (0..count).map(|_| take_i32(bytes)).collect::<Option<_>>()?;
            let dims = lengths
                .into_iter()
                .map(|length| Some(ArrayDim { length, lower_bound: take_i32(bytes)? }))
                .collect::<Option<_>>()?;
            Datum::Array(Box::new(ArrayValue { element_type: element.oid, dims, elements }))
        }
        Repr::Range(ty) => {
            let span = match take::<1>(bytes)?[0] {
                RANGE_EMPTY => None,
                _ => Some(decode_span(bytes, ty)?),
            };
            Datum::Range(Box::new(RangeValue::of(ty.subtype, span)))
        }
        Repr::Multirange(ty) => {
            let mut spans = Vec::new();
            while take::<1>(bytes)?[0] != MULTIRANGE_END {
                spans.push(decode_span(bytes, ty)?);
            }
            Datum::Multirange(Box::new(MultirangeValue { subtype: ty.subtype, spans }))
        }
        Repr::Record(_) | Repr::Pseudo => return None,
    })
}
