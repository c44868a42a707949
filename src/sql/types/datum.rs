//! One SQL value, outside of any batch.
//!
//! A `Datum` does not carry its PostgreSQL type: `text`, `varchar` and `name`
//! are all `Text`, and whoever holds the value knows the type from the
//! expression or the column it came from.

use bytes::Bytes;

use super::bits::Bits;
use super::json::Jsonb;
use super::network::Inet;
use super::numeric::Numeric;
use super::oid::Oid;
use super::range::{MultirangeValue, RangeValue};

/// A value, or NULL.
#[derive(Clone, Debug)]
pub enum Datum {
    Null,
    Bool(bool),
    Int2(i16),
    Int4(i32),
    Int8(i64),
    Float4(f32),
    Float8(f64),
    Oid(Oid),
    Char(u8),
    Numeric(Numeric),
    Text(String),
    Bytea(Bytes),
    /// Days since 2000-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since midnight, and seconds west of UTC.
    TimeTz(i64, i32),
    /// Microseconds since 2000-01-01 00:00.
    Timestamp(i64),
    /// Microseconds since 2000-01-01 00:00 UTC.
    TimestampTz(i64),
    Interval(Interval),
    Uuid([u8; 16]),
    Bit(Bits),
    Inet(Inet),
    MacAddr([u8; 6]),
    MacAddr8([u8; 8]),
    Jsonb(Jsonb),
    /// `vector`, `halfvec` or `sparsevec`.
    Vector(super::vector::Value),
    Array(Box<ArrayValue>),
    Range(Box<RangeValue>),
    Multirange(Box<MultirangeValue>),
    /// A row value: each field with its type.
    Record(Vec<(Oid, Datum)>),
}

impl Datum {
    /// The same bits under another type: `int4` and `oid` are binary coercible,
    /// all other types that are share their representation.
    pub fn relabelled(self, repr: &super::Repr) -> Datum {
        match (self, repr) {
            (Datum::Int4(value), super::Repr::Oid) => Datum::Oid(value.cast_unsigned()),
            (Datum::Oid(value), super::Repr::Int4) => Datum::Int4(value.cast_signed()),
            (value, _) => value,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    /// Whether two values are made of the same parts, NULLs included: stricter than SQL's
    /// equality (`1.0` and `1.00` are not), and slow.
    pub fn is_identical(&self, other: &Datum) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// PostgreSQL's interval: three parts that are not converted into each other
/// except for comparison (a month is 30 days, a day 24 hours).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    pub microseconds: i64,
}

/// An array value: elements in row-major order.
#[derive(Clone, Debug)]
pub struct ArrayValue {
    pub element_type: Oid,
    /// One entry per dimension; empty for the empty array.
    pub dims: Vec<ArrayDim>,
    pub elements: Vec<Datum>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArrayDim {
    pub length: i32,
    pub lower_bound: i32,
}
