//! Arrow forms of values: which Arrow type a column has, building one from
//! [`Datum`]s, and reading one back.
//!
//! | representation | Arrow |
//! |---|---|
//! | bool, int2/4/8, float4/8 | Boolean, Int16/32/64, Float32/64 |
//! | oid family, "char" | UInt32, UInt8 |
//! | text family, enum labels | Utf8View |
//! | bytea, jsonb (its document) | BinaryView |
//! | bit, inet, macaddr families | BinaryView of their stored bytes |
//! | numeric(p ≤ 38, 0 ≤ s ≤ p) | Decimal128(p, s) |
//! | other numeric | BinaryView of `numeric::encode` |
//! | date | Date32: days since 1970; ±infinity are `i32::MIN`/`MAX` |
//! | time, timetz | Time64(µs); BinaryView, 12 bytes as on the wire |
//! | timestamp, timestamptz | Timestamp(µs[, "UTC"]) since 1970; ±infinity are `i64::MIN`/`MAX` |
//! | interval | Interval(MonthDayNano): nanoseconds, so microseconds × 1000 must fit |
//! | uuid | FixedSizeBinary(16) |
//! | arrays, ranges, records | BinaryView of `codec` |
//!
//! This choice is known here and nowhere else but in the planner's native paths.

use std::sync::Arc;

use datafusion::arrow::array::builder::{
    ArrayBuilder as _, BinaryViewBuilder, BooleanBuilder, FixedSizeBinaryBuilder, NullBuilder,
    PrimitiveBuilder, StringViewBuilder,
};
use datafusion::arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray,
    LargeBinaryArray, LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type,
    Int32Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, UInt8Type, UInt32Type,
};

use super::json::Jsonb;
use super::numeric::{Coefficient, Numeric, NumericTypmod};
use super::{Bits, Datum, Inet, Interval, Repr, SqlType, codec, numeric};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;
const DECIMAL_PRECISION_MAX: i32 = 38;

/// The Arrow type of a column of this SQL type.
pub fn data_type(ty: &SqlType, repr: &Repr) -> DataType {
    match repr {
        Repr::Bool => DataType::Boolean,
        Repr::Int2 => DataType::Int16,
        Repr::Int4 => DataType::Int32,
        Repr::Int8 => DataType::Int64,
        Repr::Float4 => DataType::Float32,
        Repr::Float8 => DataType::Float64,
        Repr::Oid => DataType::UInt32,
        Repr::Char => DataType::UInt8,
        Repr::Numeric => match decimal(ty) {
            Some((precision, scale)) => DataType::Decimal128(precision, scale),
            None => DataType::BinaryView,
        },
        Repr::Text
        | Repr::Bpchar
        | Repr::Citext
        | Repr::Hstore
        | Repr::Position(_)
        | Repr::Enum(_) => DataType::Utf8View,
        Repr::Date => DataType::Date32,
        Repr::Time => DataType::Time64(TimeUnit::Microsecond),
        Repr::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Repr::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Repr::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        Repr::Uuid => DataType::FixedSizeBinary(16),
        Repr::Bytea
        | Repr::TimeTz
        | Repr::Jsonb
        | Repr::Bit
        | Repr::Inet
        | Repr::MacAddr
        | Repr::MacAddr8
        | Repr::Vector(_)
        | Repr::Array(_)
        | Repr::Range(_)
        | Repr::Multirange(_)
        | Repr::Record(_) => DataType::BinaryView,
        // What a function that returns `void` gives is not NULL.
        Repr::Pseudo => DataType::Utf8View,
    }
}

/// Precision and scale when the numeric type has a static decimal form.
pub fn decimal(ty: &SqlType) -> Option<(u8, i8)> {
    let typmod = NumericTypmod::decode(ty.typmod)?;
    let fits =
        typmod.precision <= DECIMAL_PRECISION_MAX && (0..=typmod.precision).contains(&typmod.scale);
    fits.then_some((typmod.precision as u8, typmod.scale as i8))
}

/// Builds a column from datums of one type.
pub struct ArrayBuilder {
    data_type: DataType,
    column: Column,
}

enum Column {
    Null(NullBuilder),
    Bool(BooleanBuilder),
    Int2(PrimitiveBuilder<Int16Type>),
    Int4(PrimitiveBuilder<Int32Type>),
    Int8(PrimitiveBuilder<Int64Type>),
    Float4(PrimitiveBuilder<Float32Type>),
    Float8(PrimitiveBuilder<Float64Type>),
    Oid(PrimitiveBuilder<UInt32Type>),
    Char(PrimitiveBuilder<UInt8Type>),
    Decimal(PrimitiveBuilder<Decimal128Type>, i32),
    Text(StringViewBuilder),
    Binary(BinaryViewBuilder, Vec<u8>),
    Date(PrimitiveBuilder<Date32Type>),
    Time(PrimitiveBuilder<Time64MicrosecondType>),
    Timestamp(PrimitiveBuilder<TimestampMicrosecondType>),
    Interval(PrimitiveBuilder<IntervalMonthDayNanoType>),
    Uuid(FixedSizeBinaryBuilder),
}

fn primitive<T: ArrowPrimitiveType>(capacity: usize) -> PrimitiveBuilder<T> {
    PrimitiveBuilder::with_capacity(capacity)
}

impl ArrayBuilder {
    pub fn new(ty: &SqlType, repr: &Repr, capacity: usize) -> ArrayBuilder {
        let data_type = data_type(ty, repr);
        let column = match (&data_type, repr) {
            (DataType::Boolean, _) => Column::Bool(BooleanBuilder::with_capacity(capacity)),
            (DataType::Int16, _) => Column::Int2(primitive(capacity)),
            (DataType::Int32, _) => Column::Int4(primitive(capacity)),
            (DataType::Int64, _) => Column::Int8(primitive(capacity)),
            (DataType::Float32, _) => Column::Float4(primitive(capacity)),
            (DataType::Float64, _) => Column::Float8(primitive(capacity)),
            (DataType::UInt32, _) => Column::Oid(primitive(capacity)),
            (DataType::UInt8, _) => Column::Char(primitive(capacity)),
            (DataType::Decimal128(_, scale), _) => Column::Decimal(
                primitive(capacity).with_data_type(data_type.clone()),
                i32::from(*scale),
            ),
            (DataType::Utf8View, _) => Column::Text(StringViewBuilder::with_capacity(capacity)),
            (DataType::BinaryView, _) => {
                Column::Binary(BinaryViewBuilder::with_capacity(capacity), Vec::new())
            }
            (DataType::Date32, _) => Column::Date(primitive(capacity)),
            (DataType::Time64(_), _) => Column::Time(primitive(capacity)),
            (DataType::Timestamp(..), _) => {
                Column::Timestamp(primitive(capacity).with_data_type(data_type.clone()))
            }
            (DataType::Interval(_), _) => Column::Interval(primitive(capacity)),
            (DataType::FixedSizeBinary(_), _) => {
                Column::Uuid(FixedSizeBinaryBuilder::with_capacity(capacity, 16))
            }
            _ => Column::Null(NullBuilder::new()),
        };
        ArrayBuilder { data_type, column }
    }

    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    pub fn len(&self) -> usize {
        match &self.column {
            Column::Null(b) => b.len(),
            Column::Bool(b) => b.len(),
            Column::Int2(b) => b.len(),
            Column::Int4(b) => b.len(),
            Column::Int8(b) => b.len(),
            Column::Float4(b) => b.len(),
            Column::Float8(b) => b.len(),
            Column::Oid(b) => b.len(),
            Column::Char(b) => b.len(),
            Column::Decimal(b, _) => b.len(),
            Column::Text(b) => b.len(),
            Column::Binary(b, _) => b.len(),
            Column::Date(b) => b.len(),
            Column::Time(b) => b.len(),
            Column::Timestamp(b) => b.len(),
            Column::Interval(b) => b.len(),
            Column::Uuid(b) => b.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends one value. Fails when the value has no Arrow form: a timestamp or
    /// interval beyond Arrow's range (22008), NaN in a decimal.
    pub fn append(&mut self, value: &Datum) -> Result<()> {
        if value.is_null() {
            self.append_null();
            return Ok(());
        }
        match (&mut self.column, value) {
            (Column::Bool(b), Datum::Bool(v)) => b.append_value(*v),
            (Column::Int2(b), Datum::Int2(v)) => b.append_value(*v),
            (Column::Int4(b), Datum::Int4(v)) => b.append_value(*v),
            (Column::Int8(b), Datum::Int8(v)) => b.append_value(*v),
            (Column::Float4(b), Datum::Float4(v)) => b.append_value(*v),
            (Column::Float8(b), Datum::Float8(v)) => b.append_value(*v),
            (Column::Oid(b), Datum::Oid(v)) => b.append_value(*v),
            (Column::Char(b), Datum::Char(v)) => b.append_value(*v),
            (Column::Decimal(b, scale), Datum::Numeric(v)) => {
                b.append_value(decimal_value(v, *scale)?);
            }
            (Column::Text(b), Datum::Text(v)) => b.append_value(v),
            (Column::Binary(b, _), Datum::Bytea(v)) => b.append_value(v),
            (Column::Binary(b, _), Datum::Jsonb(v)) => b.append_value(&v.0),
            (Column::Binary(b, scratch), value) => {
                scratch.clear();
                encode_binary(value, scratch);
                b.append_value(&*scratch);
            }
            (Column::Date(b), Datum::Date(v)) => b.append_value(date_to_arrow(*v)?),
            (Column::Time(b), Datum::Time(v)) => b.append_value(*v),
            (Column::Timestamp(b), Datum::Timestamp(v) | Datum::TimestampTz(v)) => {
                b.append_value(timestamp_to_arrow(*v)?);
            }
            (Column::Interval(b), Datum::Interval(v)) => b.append_value(interval_to_arrow(v)?),
            (Column::Uuid(b), Datum::Uuid(v)) => {
                b.append_value(v).map_err(|error| Error::internal(error.to_string()))?;
            }
            // Values of `void` and the like have no content.
            (Column::Null(b), _) => b.append_null(),
            (_, value) => {
                return Err(Error::internal(format!(
                    "value {value:?} does not belong in a column of {}",
                    self.data_type
                )));
            }
        }
        Ok(())
    }

    pub fn append_null(&mut self) {
        match &mut self.column {
            Column::Null(b) => b.append_null(),
            Column::Bool(b) => b.append_null(),
            Column::Int2(b) => b.append_null(),
            Column::Int4(b) => b.append_null(),
            Column::Int8(b) => b.append_null(),
            Column::Float4(b) => b.append_null(),
            Column::Float8(b) => b.append_null(),
            Column::Oid(b) => b.append_null(),
            Column::Char(b) => b.append_null(),
            Column::Decimal(b, _) => b.append_null(),
            Column::Text(b) => b.append_null(),
            Column::Binary(b, _) => b.append_null(),
            Column::Date(b) => b.append_null(),
            Column::Time(b) => b.append_null(),
            Column::Timestamp(b) => b.append_null(),
            Column::Interval(b) => b.append_null(),
            Column::Uuid(b) => b.append_null(),
        }
    }

    /// The column so far; the builder is empty again.
    pub fn finish(&mut self) -> ArrayRef {
        match &mut self.column {
            Column::Null(b) => Arc::new(b.finish()),
            Column::Bool(b) => Arc::new(b.finish()),
            Column::Int2(b) => Arc::new(b.finish()),
            Column::Int4(b) => Arc::new(b.finish()),
            Column::Int8(b) => Arc::new(b.finish()),
            Column::Float4(b) => Arc::new(b.finish()),
            Column::Float8(b) => Arc::new(b.finish()),
            Column::Oid(b) => Arc::new(b.finish()),
            Column::Char(b) => Arc::new(b.finish()),
            Column::Decimal(b, _) => Arc::new(b.finish()),
            Column::Text(b) => Arc::new(b.finish()),
            Column::Binary(b, _) => Arc::new(b.finish()),
            Column::Date(b) => Arc::new(b.finish()),
            Column::Time(b) => Arc::new(b.finish()),
            Column::Timestamp(b) => Arc::new(b.finish()),
            Column::Interval(b) => Arc::new(b.finish()),
            Column::Uuid(b) => Arc::new(b.finish()),
        }
    }
}

/// A column from values of one type.
pub fn array_of<'a>(
    values: impl IntoIterator<Item = &'a Datum>,
    ty: &SqlType,
    repr: &Repr,
) -> Result<ArrayRef> {
    let values = values.into_iter();
    let mut builder = ArrayBuilder::new(ty, repr, values.size_hint().0);
    for value in values {
        builder.append(value)?;
    }
    Ok(builder.finish())
}

fn encode_binary(value: &Datum, out: &mut Vec<u8>) {
    match value {
        Datum::Numeric(v) => numeric::encode(v, out),
        Datum::Bit(v) => v.encode(out),
        Datum::Inet(v) => v.encode(out),
        Datum::MacAddr(v) => out.extend_from_slice(v),
        Datum::MacAddr8(v) => out.extend_from_slice(v),
        Datum::Vector(v) => v.encode(out),
        Datum::TimeTz(time, zone) => {
            out.extend_from_slice(&time.to_be_bytes());
            out.extend_from_slice(&zone.to_be_bytes());
        }
        other => codec::encode(other, out),
    }
}

fn decimal_value(value: &Numeric, scale: i32) -> Result<i128> {
    if !value.is_finite() {
        return Err(Error::unsupported("NaN in numeric with a precision"));
    }
    match value.round(scale)? {
        Numeric::Finite { coefficient: Coefficient::Small(coefficient), .. } => Ok(coefficient),
        _ => Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow")),
    }
}

/// Days since 2000 to Arrow's days since 1970.
pub fn date_to_arrow(days: i32) -> Result<i32> {
    match days {
        i32::MIN | i32::MAX => Ok(days),
        days => days
            .checked_add(EPOCH_DAYS)
            .ok_or_else(|| Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, "date out of range")),
    }
}

pub fn date_from_arrow(days: i32) -> i32 {
    match days {
        i32::MIN | i32::MAX => days,
        days => days.saturating_sub(EPOCH_DAYS),
    }
}

/// Microseconds since 2000 to Arrow's microseconds since 1970.
pub fn timestamp_to_arrow(microseconds: i64) -> Result<i64> {
    match microseconds {
        i64::MIN | i64::MAX => Ok(microseconds),
        value => value.checked_add(EPOCH_MICROSECONDS).ok_or_else(|| {
            Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range")
        }),
    }
}

pub fn timestamp_from_arrow(microseconds: i64) -> i64 {
    match microseconds {
        i64::MIN | i64::MAX => microseconds,
        value => value.saturating_sub(EPOCH_MICROSECONDS),
    }
}

pub fn interval_to_arrow(value: &Interval) -> Result<IntervalMonthDayNano> {
    let nanoseconds = value.microseconds.checked_mul(1000).ok_or_else(|| {
        Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, "interval out of range")
    })?;
    Ok(IntervalMonthDayNano { months: value.months, days: value.days, nanoseconds })
}

pub fn interval_from_arrow(value: IntervalMonthDayNano) -> Interval {
    Interval {
        months: value.months,
        days: value.days,
        microseconds: value.nanoseconds.div_euclid(1000),
    }
}

fn cast<T: 'static>(array: &dyn Array) -> Result<&T> {
    array.as_any().downcast_ref::<T>().ok_or_else(|| {
        Error::internal(format!("unexpected Arrow type {} for the column", array.data_type()))
    })
}

fn value_at<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> Result<T::Native> {
    Ok(cast::<PrimitiveArray<T>>(array)?.value(row))
}

/// The text of a row, whichever string layout the array has.
pub fn str_at(array: &dyn Array, row: usize) -> Result<&str> {
    match array.data_type() {
        DataType::Utf8 => Ok(cast::<StringArray>(array)?.value(row)),
        DataType::LargeUtf8 => Ok(cast::<LargeStringArray>(array)?.value(row)),
        _ => Ok(cast::<StringViewArray>(array)?.value(row)),
    }
}

/// The bytes of a row, whichever binary layout the array has.
pub fn bytes_at(array: &dyn Array, row: usize) -> Result<&[u8]> {
    match array.data_type() {
        DataType::Binary => Ok(cast::<BinaryArray>(array)?.value(row)),
        DataType::LargeBinary => Ok(cast::<LargeBinaryArray>(array)?.value(row)),
        _ => Ok(cast::<BinaryViewArray>(array)?.value(row)),
    }
}

/// The numeric of a row: decimal, encoded, or an integer column's value.
pub fn numeric_at(array: &dyn Array, row: usize) -> Result<Numeric> {
    match array.data_type() {
        DataType::Decimal128(_, scale) => {
            let coefficient = value_at::<Decimal128Type>(array, row)?;
            Ok(Numeric::new(coefficient, (*scale).max(0) as u16))
        }
        _ => numeric::decode(bytes_at(array, row)?)
            .ok_or_else(|| Error::new(sqlstate::DATA_CORRUPTED, "stored numeric is corrupt")),
    }
}

/// The value at a row.
pub fn datum_at(array: &dyn Array, row: usize, repr: &Repr) -> Result<Datum> {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return Ok(Datum::Null);
    }
    Ok(match repr {
        Repr::Bool => Datum::Bool(cast::<BooleanArray>(array)?.value(row)),
        Repr::Int2 => Datum::Int2(value_at::<Int16Type>(array, row)?),
        Repr::Int4 => Datum::Int4(value_at::<Int32Type>(array, row)?),
        Repr::Int8 => Datum::Int8(value_at::<Int64Type>(array, row)?),
        Repr::Float4 => Datum::Float4(value_at::<Float32Type>(array, row)?),
        Repr::Float8 => Datum::Float8(value_at::<Float64Type>(array, row)?),
        Repr::Oid => Datum::Oid(value_at::<UInt32Type>(array, row)?),
        Repr::Char => Datum::Char(value_at::<UInt8Type>(array, row)?),
        Repr::Numeric => Datum::Numeric(numeric_at(array, row)?),
        Repr::Text
        | Repr::Bpchar
        | Repr::Citext
        | Repr::Hstore
        | Repr::Position(_)
        | Repr::Enum(_) => Datum::Text(str_at(array, row)?.to_owned()),
        Repr::Bytea => Datum::Bytea(bytes_at(array, row)?.to_vec().into()),
        Repr::Jsonb => Datum::Jsonb(Jsonb(bytes_at(array, row)?.to_vec().into())),
        Repr::Date => Datum::Date(date_from_arrow(value_at::<Date32Type>(array, row)?)),
        Repr::Time => Datum::Time(value_at::<Time64MicrosecondType>(array, row)?),
        Repr::TimeTz => time_tz(bytes_at(array, row)?)?,
        Repr::Timestamp => Datum::Timestamp(timestamp_at(array, row)?),
        Repr::TimestampTz => Datum::TimestampTz(timestamp_at(array, row)?),
        Repr::Interval => {
            Datum::Interval(interval_from_arrow(value_at::<IntervalMonthDayNanoType>(array, row)?))
        }
        Repr::Uuid => {
            let bytes = cast::<FixedSizeBinaryArray>(array)?.value(row);
            Datum::Uuid(bytes.try_into().map_err(|_| Error::internal("uuid is not 16 bytes"))?)
        }
        Repr::Bit => Datum::Bit(read_bits(bytes_at(array, row)?)?),
        Repr::Inet => Datum::Inet(read_inet(bytes_at(array, row)?)?),
        Repr::MacAddr => Datum::MacAddr(read_array(bytes_at(array, row)?)?),
        Repr::MacAddr8 => Datum::MacAddr8(read_array(bytes_at(array, row)?)?),
        Repr::Vector(_) => Datum::Vector(super::vector::decode(bytes_at(array, row)?)?),
        Repr::Array(_) | Repr::Range(_) | Repr::Multirange(_) | Repr::Record(_) => {
            codec::decode(bytes_at(array, row)?)?
        }
        Repr::Pseudo => match array.data_type() {
            DataType::Utf8View | DataType::Utf8 => Datum::Text(str_at(array, row)?.to_owned()),
            _ => Datum::Null,
        },
    })
}

/// A string of bits from its stored bytes.
pub fn read_bits(bytes: &[u8]) -> Result<Bits> {
    Bits::decode(bytes).ok_or_else(|| Error::data_corrupted("a stored bit string is corrupt"))
}

/// An address from its stored bytes.
pub fn read_inet(mut bytes: &[u8]) -> Result<Inet> {
    Inet::decode(&mut bytes).ok_or_else(|| Error::data_corrupted("a stored address is corrupt"))
}

fn read_array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| Error::data_corrupted("a stored value has a wrong length"))
}

fn timestamp_at(array: &dyn Array, row: usize) -> Result<i64> {
    Ok(timestamp_from_arrow(value_at::<TimestampMicrosecondType>(array, row)?))
}

fn time_tz(bytes: &[u8]) -> Result<Datum> {
    let corrupt = || Error::new(sqlstate::DATA_CORRUPTED, "stored timetz is corrupt");
    let (time, zone) = bytes.split_first_chunk::<8>().ok_or_else(corrupt)?;
    let zone = zone.try_into().map_err(|_| corrupt())?;
    Ok(Datum::TimeTz(i64::from_be_bytes(*time), i32::from_be_bytes(zone)))
}
