//! Single values in their stored form, without the row around them.
//!
//! Fixed-width forms are little-endian native values; dates and timestamps keep
//! PostgreSQL's epoch. Enum labels are stored as label OIDs, so that renaming a
//! label rewrites nothing. `numeric(p,s)` with p ≤ 38 is the scaled `i128`.

use num_traits::ToPrimitive;

use super::info::ColumnInfo;
use crate::error::{Error, Result};
use crate::sql::types::numeric::{Coefficient, Numeric};
use crate::sql::types::{Datum, EnumLabels, Interval, Repr, arrow, codec, numeric, record, vector};
use crate::sqlstate;

/// Writes a fixed-width value into its place.
pub fn write_fixed(column: &ColumnInfo, datum: &Datum, place: &mut [u8]) -> Result<()> {
    match (&column.repr, datum) {
        (Repr::Bool, Datum::Bool(v)) => place[0] = u8::from(*v),
        (Repr::Char, Datum::Char(v)) => place[0] = *v,
        (Repr::Int2, Datum::Int2(v)) => place.copy_from_slice(&v.to_le_bytes()),
        (Repr::Int4, Datum::Int4(v)) | (Repr::Date, Datum::Date(v)) => {
            place.copy_from_slice(&v.to_le_bytes());
        }
        (Repr::Int8, Datum::Int8(v))
        | (Repr::Time, Datum::Time(v))
        | (Repr::Timestamp, Datum::Timestamp(v))
        | (Repr::TimestampTz, Datum::TimestampTz(v)) => place.copy_from_slice(&v.to_le_bytes()),
        (Repr::Float4, Datum::Float4(v)) => place.copy_from_slice(&v.to_le_bytes()),
        (Repr::Float8, Datum::Float8(v)) => place.copy_from_slice(&v.to_le_bytes()),
        (Repr::Oid, Datum::Oid(v)) => place.copy_from_slice(&v.to_le_bytes()),
        (Repr::Uuid, Datum::Uuid(v)) => place.copy_from_slice(v),
        (Repr::MacAddr, Datum::MacAddr(v)) => place.copy_from_slice(v),
        (Repr::MacAddr8, Datum::MacAddr8(v)) => place.copy_from_slice(v),
        (Repr::TimeTz, Datum::TimeTz(time, zone)) => {
            place[..8].copy_from_slice(&time.to_le_bytes());
            place[8..].copy_from_slice(&zone.to_le_bytes());
        }
        (Repr::Interval, Datum::Interval(v)) => {
            place[..4].copy_from_slice(&v.months.to_le_bytes());
            place[4..8].copy_from_slice(&v.days.to_le_bytes());
            place[8..].copy_from_slice(&v.microseconds.to_le_bytes());
        }
        (Repr::Enum(labels), Datum::Text(label)) => {
            place.copy_from_slice(&label_oid(labels, label)?.to_le_bytes());
        }
        (Repr::Numeric, Datum::Numeric(v)) => {
            place.copy_from_slice(&decimal(v, column.decimal_scale)?.to_le_bytes());
        }
        _ => return Err(mismatch(column, datum)),
    }
    Ok(())
}

/// Appends a variable-width value.
pub fn write_variable(column: &ColumnInfo, datum: &Datum, out: &mut Vec<u8>) -> Result<()> {
    match (&column.repr, datum) {
        (
            Repr::Text | Repr::Bpchar | Repr::Citext | Repr::Hstore | Repr::Position(_),
            Datum::Text(v),
        ) => out.extend_from_slice(v.as_bytes()),
        (Repr::Bytea, Datum::Bytea(v)) => out.extend_from_slice(v),
        (Repr::Bit, Datum::Bit(v)) => v.encode(out),
        (Repr::Inet, Datum::Inet(v)) => v.encode(out),
        (Repr::Vector(_), Datum::Vector(v)) => v.encode(out),
        (Repr::Jsonb, Datum::Jsonb(v)) => out.extend_from_slice(&v.0),
        (Repr::Numeric, Datum::Numeric(v)) => numeric::encode(v, out),
        (Repr::Range(_), Datum::Range(_)) | (Repr::Multirange(_), Datum::Multirange(_)) => {
            codec::encode(datum, out);
        }
        (Repr::Array(_), Datum::Array(_)) | (Repr::Record(_), Datum::Record(_)) => {
            codec::encode(&record::to_stored(datum, &column.repr), out);
        }
        _ => return Err(mismatch(column, datum)),
    }
    Ok(())
}

/// Reads a value of a column from its stored bytes.
pub fn read(column: &ColumnInfo, bytes: &[u8]) -> Result<Datum> {
    Ok(match &column.repr {
        Repr::Bool => Datum::Bool(bytes[0] != 0),
        Repr::Char => Datum::Char(bytes[0]),
        Repr::Int2 => Datum::Int2(i16::from_le_bytes(array(bytes))),
        Repr::Int4 => Datum::Int4(i32::from_le_bytes(array(bytes))),
        Repr::Int8 => Datum::Int8(i64::from_le_bytes(array(bytes))),
        Repr::Float4 => Datum::Float4(f32::from_le_bytes(array(bytes))),
        Repr::Float8 => Datum::Float8(f64::from_le_bytes(array(bytes))),
        Repr::Oid => Datum::Oid(u32::from_le_bytes(array(bytes))),
        Repr::Date => Datum::Date(i32::from_le_bytes(array(bytes))),
        Repr::Time => Datum::Time(i64::from_le_bytes(array(bytes))),
        Repr::Timestamp => Datum::Timestamp(i64::from_le_bytes(array(bytes))),
        Repr::TimestampTz => Datum::TimestampTz(i64::from_le_bytes(array(bytes))),
        Repr::TimeTz => Datum::TimeTz(
            i64::from_le_bytes(array(&bytes[..8])),
            i32::from_le_bytes(array(&bytes[8..])),
        ),
        Repr::Interval => Datum::Interval(read_interval(bytes)),
        Repr::Uuid => Datum::Uuid(array(bytes)),
        Repr::MacAddr => Datum::MacAddr(array(bytes)),
        Repr::MacAddr8 => Datum::MacAddr8(array(bytes)),
        Repr::Bit => Datum::Bit(arrow::read_bits(bytes)?),
        Repr::Inet => Datum::Inet(arrow::read_inet(bytes)?),
        Repr::Vector(_) => Datum::Vector(vector::decode(bytes)?),
        Repr::Enum(labels) => {
            let oid = u32::from_le_bytes(array(bytes));
            Datum::Text(label(labels, oid)?.to_owned())
        }
        Repr::Text | Repr::Bpchar | Repr::Citext | Repr::Hstore | Repr::Position(_) => {
            Datum::Text(read_text(bytes)?.to_owned())
        }
        Repr::Bytea => Datum::Bytea(bytes::Bytes::copy_from_slice(bytes)),
        Repr::Jsonb => {
            Datum::Jsonb(crate::sql::types::json::Jsonb(bytes::Bytes::copy_from_slice(bytes)))
        }
        Repr::Numeric if column.decimal_scale.is_some() => {
            Datum::Numeric(from_decimal(i128::from_le_bytes(array(bytes)), column.decimal_scale))
        }
        Repr::Numeric => numeric::decode(bytes)
            .map(Datum::Numeric)
            .ok_or_else(|| Error::data_corrupted("a stored numeric is corrupt"))?,
        Repr::Range(_) | Repr::Multirange(_) => codec::decode(bytes)?,
        Repr::Array(_) | Repr::Record(_) => {
            record::from_stored(codec::decode(bytes)?, &column.repr)
        }
        Repr::Pseudo => return Err(Error::internal("a pseudo-type is never stored")),
    })
}

/// The stored bytes as an array; the layout guarantees the width.
pub fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the layout gives a fixed-width column its width")
}

pub fn read_interval(bytes: &[u8]) -> Interval {
    Interval {
        months: i32::from_le_bytes(array(&bytes[..4])),
        days: i32::from_le_bytes(array(&bytes[4..8])),
        microseconds: i64::from_le_bytes(array(&bytes[8..16])),
    }
}

pub fn read_text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::data_corrupted("stored text is not UTF-8"))
}

/// The label of an enum value.
pub fn label(labels: &EnumLabels, oid: u32) -> Result<&str> {
    labels
        .labels
        .iter()
        .find(|label| label.oid == oid)
        .map(|label| label.name.as_str())
        .ok_or_else(|| Error::internal(format!("enum label with OID {oid} does not exist")))
}

fn label_oid(labels: &EnumLabels, label: &str) -> Result<u32> {
    labels.labels.iter().find(|known| known.name == label).map(|known| known.oid).ok_or_else(|| {
        let name = &labels.type_name;
        Error::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!("invalid input value for enum {name}: \"{label}\""),
        )
    })
}

fn decimal(value: &Numeric, scale: Option<i8>) -> Result<i128> {
    let target = u16::try_from(scale.unwrap_or(0)).unwrap_or(0);
    match value {
        Numeric::NaN => Err(Error::unsupported("NaN in numeric with a precision")),
        Numeric::Finite { coefficient, scale } => rescale(coefficient, *scale, target)
            .ok_or_else(|| Error::internal("numeric value does not fit its column's precision")),
        Numeric::Infinity | Numeric::NegativeInfinity => {
            Err(Error::internal("an infinite numeric does not fit a precision"))
        }
    }
}

/// The coefficient at scale `target`, exact or nothing: rounding is the cast's.
fn rescale(coefficient: &Coefficient, scale: u16, target: u16) -> Option<i128> {
    let small = match coefficient {
        Coefficient::Small(v) => *v,
        Coefficient::Big(v) => v.to_i128()?,
    };
    if scale <= target {
        small.checked_mul(10i128.checked_pow(u32::from(target - scale))?)
    } else {
        let divisor = 10i128.checked_pow(u32::from(scale - target))?;
        (small % divisor == 0).then_some(small / divisor)
    }
}

fn from_decimal(value: i128, scale: Option<i8>) -> Numeric {
    let scale = u16::try_from(scale.unwrap_or(0)).unwrap_or(0);
    Numeric::Finite { coefficient: Coefficient::Small(value), scale }
}

fn mismatch(column: &ColumnInfo, datum: &Datum) -> Error {
    Error::internal(format!(
        "column \"{}\" holds {:?}, was given {datum:?}",
        column.name, column.repr
    ))
}
