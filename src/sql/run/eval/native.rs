//! Which built-in functions have semantics simple enough to be computed in
//! place: integer arithmetic, and comparisons within one family of types.
//!
//! A function is recognised by its kernel's symbol (PostgreSQL's `prosrc`), so a
//! user's function that happens to share a name is not mistaken for it.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::sql::types::Datum;

/// A function computed without a kernel call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Native {
    Arithmetic(Arithmetic, Number),
    Compare(Comparison, Family),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// The result type of an arithmetic function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Number {
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// The types a comparison function is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// int2, int4, int8 in any mixture.
    Int,
    /// float4, float8 in any mixture.
    Float,
    Text,
    Bool,
    Oid,
    Char,
    Date,
    Time,
    Timestamp,
    Uuid,
    Network,
    /// macaddr, macaddr8.
    Mac,
    Bytea,
    Numeric,
    /// Types whose equality and order are those of their key, not of their bytes.
    Keyed,
}

impl Comparison {
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Eq => ordering.is_eq(),
            Comparison::Ne => ordering.is_ne(),
            Comparison::Lt => ordering.is_lt(),
            Comparison::Le => ordering.is_le(),
            Comparison::Gt => ordering.is_gt(),
            Comparison::Ge => ordering.is_ge(),
        }
    }

    /// The comparison that holds with the operands exchanged.
    pub fn commuted(self) -> Comparison {
        match self {
            Comparison::Lt => Comparison::Gt,
            Comparison::Le => Comparison::Ge,
            Comparison::Gt => Comparison::Lt,
            Comparison::Ge => Comparison::Le,
            same => same,
        }
    }
}

impl Family {
    /// Whether `compare` orders values of this family by itself.
    pub fn is_inline(self) -> bool {
        !matches!(self, Family::Numeric | Family::Keyed)
    }
}

/// Recognises a kernel's symbol.
pub fn native(symbol: &str) -> Option<Native> {
    comparison(symbol).or_else(|| arithmetic(symbol))
}

fn comparison(symbol: &str) -> Option<Native> {
    let (stem, suffix) = symbol.split_at_checked(symbol.len().checked_sub(2)?)?;
    let comparison = match suffix {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "lt" => Comparison::Lt,
        "le" => Comparison::Le,
        "gt" => Comparison::Gt,
        "ge" => Comparison::Ge,
        _ => return None,
    };
    Some(Native::Compare(comparison, family(stem.trim_end_matches('_'))?))
}

fn family(stem: &str) -> Option<Family> {
    Some(match stem {
        "int2" | "int4" | "int8" | "int24" | "int42" | "int28" | "int82" | "int48" | "int84" => {
            Family::Int
        }
        "float4" | "float8" | "float48" | "float84" => Family::Float,
        "text" | "name" => Family::Text,
        "bool" => Family::Bool,
        "oid" => Family::Oid,
        "char" => Family::Char,
        "date" => Family::Date,
        "time" => Family::Time,
        "timestamp" | "timestamptz" => Family::Timestamp,
        "uuid" => Family::Uuid,
        "network" => Family::Network,
        "macaddr" | "macaddr8" => Family::Mac,
        "bytea" => Family::Bytea,
        "numeric" => Family::Numeric,
        "bpchar" | "bit" | "interval" | "timetz" | "enum" | "jsonb" | "array" | "range"
        | "multirange" => Family::Keyed,
        _ => return None,
    })
}

fn arithmetic(symbol: &str) -> Option<Native> {
    let operations = [
        ("pl", Arithmetic::Add),
        ("mi", Arithmetic::Subtract),
        ("mul", Arithmetic::Multiply),
        ("div", Arithmetic::Divide),
        ("mod", Arithmetic::Modulo),
        ("_add", Arithmetic::Add),
        ("_sub", Arithmetic::Subtract),
        ("_mul", Arithmetic::Multiply),
    ];
    operations.iter().find_map(|(suffix, operation)| {
        let number = match symbol.strip_suffix(suffix)? {
            "int2" => Number::Int2,
            "int4" | "int24" | "int42" => Number::Int4,
            "int8" | "int28" | "int82" | "int48" | "int84" => Number::Int8,
            "float4" => Number::Float4,
            "float8" => Number::Float8,
            "numeric" => Number::Numeric,
            _ => return None,
        };
        Some(Native::Arithmetic(*operation, number))
    })
}

/// Orders two non-NULL values of an inline family; `None` when the values are
/// not of that family after all.
pub fn compare(family: Family, left: &Datum, right: &Datum) -> Option<Ordering> {
    Some(match (family, left, right) {
        (Family::Int, left, right) => integer(left)?.cmp(&integer(right)?),
        (Family::Float, left, right) => compare_floats(float(left)?, float(right)?),
        (Family::Text, Datum::Text(l), Datum::Text(r)) => l.as_bytes().cmp(r.as_bytes()),
        (Family::Bool, Datum::Bool(l), Datum::Bool(r)) => l.cmp(r),
        (Family::Oid, Datum::Oid(l), Datum::Oid(r)) => l.cmp(r),
        (Family::Char, Datum::Char(l), Datum::Char(r)) => l.cmp(r),
        (Family::Date, Datum::Date(l), Datum::Date(r)) => l.cmp(r),
        (Family::Time, Datum::Time(l), Datum::Time(r)) => l.cmp(r),
        (Family::Timestamp, Datum::Timestamp(l), Datum::Timestamp(r))
        | (Family::Timestamp, Datum::TimestampTz(l), Datum::TimestampTz(r)) => l.cmp(r),
        (Family::Uuid, Datum::Uuid(l), Datum::Uuid(r)) => l.cmp(r),
        (Family::Network, Datum::Inet(l), Datum::Inet(r)) => l.cmp(r),
        (Family::Mac, Datum::MacAddr(l), Datum::MacAddr(r)) => l.cmp(r),
        (Family::Mac, Datum::MacAddr8(l), Datum::MacAddr8(r)) => l.cmp(r),
        (Family::Bytea, Datum::Bytea(l), Datum::Bytea(r)) => l.cmp(r),
        _ => return None,
    })
}

/// PostgreSQL's float order: NaN equals NaN and is greater than everything.
pub fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// An integer of any width.
pub fn integer(value: &Datum) -> Option<i64> {
    match value {
        Datum::Int2(value) => Some(i64::from(*value)),
        Datum::Int4(value) => Some(i64::from(*value)),
        Datum::Int8(value) => Some(*value),
        _ => None,
    }
}

fn float(value: &Datum) -> Option<f64> {
    match value {
        Datum::Float4(value) => Some(f64::from(*value)),
        Datum::Float8(value) => Some(*value),
        _ => None,
    }
}

/// Integer arithmetic with PostgreSQL's errors; `None` when it is not integers.
pub fn compute(
    operation: Arithmetic,
    number: Number,
    left: &Datum,
    right: &Datum,
) -> Option<Result<Datum>> {
    let (left, right) = (integer(left)?, integer(right)?);
    if right == 0 && matches!(operation, Arithmetic::Divide | Arithmetic::Modulo) {
        return Some(Err(Error::division_by_zero()));
    }
    let value = match operation {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Modulo => Some(left.checked_rem(right).unwrap_or(0)),
    };
    Some(narrow(value, number))
}

fn narrow(value: Option<i64>, number: Number) -> Result<Datum> {
    let narrowed = value.and_then(|value| match number {
        Number::Int2 => i16::try_from(value).ok().map(Datum::Int2),
        Number::Int4 => i32::try_from(value).ok().map(Datum::Int4),
        _ => Some(Datum::Int8(value)),
    });
    narrowed.ok_or_else(|| Error::out_of_range(type_name(number)))
}

/// The type's name in overflow messages.
pub fn type_name(number: Number) -> &'static str {
    match number {
        Number::Int2 => "smallint",
        Number::Int4 => "integer",
        Number::Int8 => "bigint",
        Number::Float4 | Number::Float8 => "value",
        Number::Numeric => "numeric",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_recognised_by_stem_and_suffix() {
        assert_eq!(native("int48eq"), Some(Native::Compare(Comparison::Eq, Family::Int)));
        assert_eq!(native("text_lt"), Some(Native::Compare(Comparison::Lt, Family::Text)));
        assert_eq!(
            native("int28mul"),
            Some(Native::Arithmetic(Arithmetic::Multiply, Number::Int8))
        );
        assert_eq!(
            native("numeric_add"),
            Some(Native::Arithmetic(Arithmetic::Add, Number::Numeric))
        );
        assert_eq!(native("date_eq_timestamp"), None);
        assert_eq!(native("lower"), None);
    }

    #[test]
    fn arithmetic_fails_as_in_postgresql() {
        let add = |l, r| {
            compute(Arithmetic::Add, Number::Int4, &Datum::Int4(l), &Datum::Int4(r)).unwrap()
        };
        assert!(matches!(add(1, 2), Ok(Datum::Int4(3))));
        assert_eq!(add(i32::MAX, 1).unwrap_err().message(), "integer out of range");
        let zero = compute(Arithmetic::Divide, Number::Int8, &Datum::Int8(1), &Datum::Int4(0));
        assert_eq!(zero.unwrap().unwrap_err().message(), "division by zero");
        let least =
            compute(Arithmetic::Modulo, Number::Int8, &Datum::Int8(i64::MIN), &Datum::Int8(-1));
        assert!(matches!(least, Some(Ok(Datum::Int8(0)))));
    }

    #[test]
    fn nan_is_greatest_and_equal_to_itself() {
        assert_eq!(compare_floats(f64::NAN, f64::NAN), Ordering::Equal);
        assert_eq!(compare_floats(f64::NAN, f64::INFINITY), Ordering::Greater);
        assert_eq!(compare_floats(-0.0, 0.0), Ordering::Equal);
    }
}
