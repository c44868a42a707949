//! `in_range`: whether a value lies within an offset of a base, which the frames of
//! window functions ask (RANGE … PRECEDING and FOLLOWING).
//!
//! `(value, base, offset, sub, less)`: with `less` it answers `value <= base ± offset`,
//! else `value >= base ± offset`. A sum beyond the type's range is beyond every value.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{Datum, Interval, compare_floats, datetime, key};
use crate::sqlstate;

use super::call::{Date, Time, TimeTz, Timestamp, TimestampTz, arg, wrong_type};
use super::{CallContext, Kernel};

pub const KERNELS: &[Kernel] = kernels! {
    call "in_range_int2_int2" => integers;
    call "in_range_int2_int4" => integers;
    call "in_range_int2_int8" => integers;
    call "in_range_int4_int2" => integers;
    call "in_range_int4_int4" => integers;
    call "in_range_int4_int8" => integers;
    call "in_range_int8_int8" => integers;
    call "in_range_float4_float8" => floats;
    call "in_range_float8_float8" => floats;
    call "in_range_numeric_numeric" => numerics;
    call "in_range_interval_interval" => intervals;
    call "in_range_date_interval" => dates;
    call "in_range_timestamp_interval" => timestamps;
    call "in_range_timestamptz_interval" => timestamps_tz;
    call "in_range_time_interval" => times;
    call "in_range_timetz_interval" => times_tz;
};

fn invalid_size() -> Error {
    Error::new(
        sqlstate::INVALID_PRECEDING_OR_FOLLOWING_SIZE,
        "invalid preceding or following size in window function",
    )
}

/// The answer, given how the value compares to base ± offset.
fn answer(args: &[Datum], order: Ordering) -> Result<Datum> {
    let less: bool = arg(args, 4)?;
    Ok(Datum::Bool(if less { order.is_le() } else { order.is_ge() }))
}

fn is_sub(args: &[Datum]) -> Result<bool> {
    arg(args, 3)
}

fn integer(args: &[Datum], n: usize) -> Result<i128> {
    match args.get(n) {
        Some(Datum::Int2(value)) => Ok(i128::from(*value)),
        Some(Datum::Int4(value)) => Ok(i128::from(*value)),
        Some(Datum::Int8(value)) => Ok(i128::from(*value)),
        _ => Err(wrong_type()),
    }
}

fn integers(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (value, base, offset) = (integer(args, 0)?, integer(args, 1)?, integer(args, 2)?);
    if offset < 0 {
        return Err(invalid_size());
    }
    let sum = if is_sub(args)? { base - offset } else { base + offset };
    answer(args, value.cmp(&sum))
}

fn float(args: &[Datum], n: usize) -> Result<f64> {
    match args.get(n) {
        Some(Datum::Float4(value)) => Ok(f64::from(*value)),
        Some(Datum::Float8(value)) => Ok(*value),
        _ => Err(wrong_type()),
    }
}

fn floats(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (value, base, offset) = (float(args, 0)?, float(args, 1)?, float(args, 2)?);
    if offset.is_nan() || offset < 0.0 {
        return Err(invalid_size());
    }
    if value.is_nan() || base.is_nan() {
        return answer(args, compare_floats(value, base));
    }
    let sum = if is_sub(args)? { base - offset } else { base + offset };
    // Infinity less infinity: every value is in the range.
    if sum.is_nan() {
        return Ok(Datum::Bool(true));
    }
    answer(args, compare_floats(value, sum))
}

fn numerics(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (value, base, offset): (&Numeric, &Numeric, &Numeric) =
        (arg(args, 0)?, arg(args, 1)?, arg(args, 2)?);
    if matches!(offset, Numeric::NaN) || offset.signum() < 0 {
        return Err(invalid_size());
    }
    if matches!(value, Numeric::NaN) || matches!(base, Numeric::NaN) {
        return answer(args, value.cmp(base));
    }
    let sum = if is_sub(args)? { base.sub(offset)? } else { base.add(offset)? };
    if matches!(sum, Numeric::NaN) {
        return Ok(Datum::Bool(true));
    }
    answer(args, value.cmp(&sum))
}

/// The offset, which may not be negative, added or taken away.
fn signed_offset(args: &[Datum]) -> Result<Interval> {
    let offset: Interval = arg(args, 2)?;
    if offset.span() < 0 {
        return Err(invalid_size());
    }
    if is_sub(args)? { datetime::interval_neg(&offset) } else { Ok(offset) }
}

fn intervals(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (value, base): (Interval, Interval) = (arg(args, 0)?, arg(args, 1)?);
    let sum = datetime::interval_add(&base, &signed_offset(args)?)?;
    answer(args, value.span().cmp(&sum.span()))
}

fn dates(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (Date(value), Date(base)) = (arg(args, 0)?, arg(args, 1)?);
    let (value, base) = (datetime::date_to_timestamp(value)?, datetime::date_to_timestamp(base)?);
    let offset = signed_offset(args)?;
    answer(args, value.cmp(&datetime::timestamp_plus_interval(base, &offset)?))
}

fn timestamps(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (Timestamp(value), Timestamp(base)) = (arg(args, 0)?, arg(args, 1)?);
    let sum = datetime::timestamp_plus_interval(base, &signed_offset(args)?)?;
    answer(args, value.cmp(&sum))
}

fn timestamps_tz(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (TimestampTz(value), TimestampTz(base)) = (arg(args, 0)?, arg(args, 1)?);
    let offset = signed_offset(args)?;
    let sum = datetime::timestamp_tz_plus_interval(base, &offset, call.eval.zone())?;
    answer(args, value.cmp(&sum))
}

/// Of the offset only the time counts; a sum does not wrap around at midnight.
fn time_sum(args: &[Datum], base: i64) -> Result<i64> {
    let offset: Interval = arg(args, 2)?;
    if offset.microseconds < 0 {
        return Err(invalid_size());
    }
    let sub = is_sub(args)?;
    Ok(match sub {
        true => base.saturating_sub(offset.microseconds),
        false => base.saturating_add(offset.microseconds),
    })
}

fn times(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (Time(value), Time(base)) = (arg(args, 0)?, arg(args, 1)?);
    answer(args, value.cmp(&time_sum(args, base)?))
}

fn times_tz(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (TimeTz(value, zone), TimeTz(base, base_zone)) = (arg(args, 0)?, arg(args, 1)?);
    let sum = time_sum(args, base)?;
    let instant =
        |time: i64, zone: i32| (i128::from(time) + i128::from(key::time_tz_instant(0, zone)), zone);
    answer(args, instant(value, zone).cmp(&instant(sum, base_zone)))
}
