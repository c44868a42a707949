//! Order of dates, times, timestamps and intervals, within and across types.

use std::cmp::Ordering;

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::{
    Date, Instant, Time, TimeTz, Timestamp, TimestampTz, arg, wrong_type,
};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::datetime::{MICROSECONDS_PER_DAY, is_finite_date};
use crate::sql::types::{self, Datum, Interval, Repr, key};

/// The comparisons of one type, by a key with the type's order.
macro_rules! comparison {
    ($($group:ident: $form:ident $ty:ty, $key:expr, $eq:literal $ne:literal $lt:literal $le:literal
        $gt:literal $ge:literal $cmp:literal $larger:literal $smaller:literal;)*) => {$(
        pub const $group: &[Kernel] = kernels! {
            $form $eq => |a: $ty, b: $ty| Ok($key(a) == $key(b));
            $form $ne => |a: $ty, b: $ty| Ok($key(a) != $key(b));
            $form $lt => |a: $ty, b: $ty| Ok($key(a) < $key(b));
            $form $le => |a: $ty, b: $ty| Ok($key(a) <= $key(b));
            $form $gt => |a: $ty, b: $ty| Ok($key(a) > $key(b));
            $form $ge => |a: $ty, b: $ty| Ok($key(a) >= $key(b));
            $form $cmp => |a: $ty, b: $ty| Ok($key(a).cmp(&$key(b)) as i32);
            call $larger => |_, args| better(args, Ordering::Greater);
            call $smaller => |_, args| better(args, Ordering::Less);
        };
    )*};
}

comparison! {
    DATE: columns2 Date, (|a: Date| a.0),
        "date_eq" "date_ne" "date_lt" "date_le" "date_gt" "date_ge" "date_cmp" "date_larger" "date_smaller";
    TIME: columns2 Time, (|a: Time| a.0),
        "time_eq" "time_ne" "time_lt" "time_le" "time_gt" "time_ge" "time_cmp" "time_larger" "time_smaller";
    TIMETZ: rows2 TimeTz, (instant),
        "timetz_eq" "timetz_ne" "timetz_lt" "timetz_le" "timetz_gt" "timetz_ge" "timetz_cmp" "timetz_larger" "timetz_smaller";
    INSTANT: columns2 Instant, (|a: Instant| a.0),
        "timestamp_eq" "timestamp_ne" "timestamp_lt" "timestamp_le" "timestamp_gt" "timestamp_ge" "timestamp_cmp" "timestamp_larger" "timestamp_smaller";
    INTERVAL: rows2 Interval, (|a: Interval| a.span()),
        "interval_eq" "interval_ne" "interval_lt" "interval_le" "interval_gt" "interval_ge" "interval_cmp" "interval_larger" "interval_smaller";
}

/// `timetz` in order: by the instant, then by the zone.
fn instant(value: TimeTz) -> (i64, i32) {
    (key::time_tz_instant(value.0, value.1), value.1)
}

/// The larger or smaller of two values of one type; the second of equal ones.
fn better(args: &[Datum], wanted: Ordering) -> Result<Datum> {
    let [a, b] = args else { return Err(wrong_type()) };
    let first = types::compare(a, b, &Repr::Timestamp) == wanted;
    Ok(if first { a } else { b }.clone())
}

/// A date as microseconds, wide enough for every date.
fn midnight(date: Date) -> i128 {
    match date.0 {
        i32::MIN => i128::from(i64::MIN),
        i32::MAX => i128::from(i64::MAX),
        days => i128::from(days) * i128::from(MICROSECONDS_PER_DAY),
    }
}

/// A date as an instant in the session's zone.
fn midnight_here(call: &CallContext<'_>, date: Date) -> i128 {
    let local = midnight(date);
    match i64::try_from(local) {
        Ok(local) if is_finite_date(date.0) => {
            call.eval.zone().to_utc(local).map_or(i128::from(local), i128::from)
        }
        _ => local,
    }
}

fn here(call: &CallContext<'_>, local: Timestamp) -> i128 {
    call.eval.zone().to_utc(local.0).map_or(i128::from(local.0), i128::from)
}

fn date_timestamp(_: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let (a, b): (Date, Timestamp) = (arg(args, 0)?, arg(args, 1)?);
    Ok(midnight(a).cmp(&i128::from(b.0)))
}

fn timestamp_date(_: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let (a, b): (Timestamp, Date) = (arg(args, 0)?, arg(args, 1)?);
    Ok(i128::from(a.0).cmp(&midnight(b)))
}

fn date_timestamptz(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let (a, b): (Date, TimestampTz) = (arg(args, 0)?, arg(args, 1)?);
    Ok(midnight_here(call, a).cmp(&i128::from(b.0)))
}

fn timestamptz_date(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let (a, b): (TimestampTz, Date) = (arg(args, 0)?, arg(args, 1)?);
    Ok(i128::from(a.0).cmp(&midnight_here(call, b)))
}

fn timestamp_timestamptz(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let (a, b): (Timestamp, TimestampTz) = (arg(args, 0)?, arg(args, 1)?);
    Ok(here(call, a).cmp(&i128::from(b.0)))
}

fn timestamptz_timestamp(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let (a, b): (TimestampTz, Timestamp) = (arg(args, 0)?, arg(args, 1)?);
    Ok(i128::from(a.0).cmp(&here(call, b)))
}

pub const MIXED: &[Kernel] = kernels! {
    call "date_eq_timestamp" => |call, args| Ok(Datum::Bool(date_timestamp(call, args)?.is_eq()));
    call "date_ne_timestamp" => |call, args| Ok(Datum::Bool(date_timestamp(call, args)?.is_ne()));
    call "date_lt_timestamp" => |call, args| Ok(Datum::Bool(date_timestamp(call, args)?.is_lt()));
    call "date_le_timestamp" => |call, args| Ok(Datum::Bool(date_timestamp(call, args)?.is_le()));
    call "date_gt_timestamp" => |call, args| Ok(Datum::Bool(date_timestamp(call, args)?.is_gt()));
    call "date_ge_timestamp" => |call, args| Ok(Datum::Bool(date_timestamp(call, args)?.is_ge()));
    call "date_cmp_timestamp" => |call, args| Ok(Datum::Int4(date_timestamp(call, args)? as i32));
    call "timestamp_eq_date" => |call, args| Ok(Datum::Bool(timestamp_date(call, args)?.is_eq()));
    call "timestamp_ne_date" => |call, args| Ok(Datum::Bool(timestamp_date(call, args)?.is_ne()));
    call "timestamp_lt_date" => |call, args| Ok(Datum::Bool(timestamp_date(call, args)?.is_lt()));
    call "timestamp_le_date" => |call, args| Ok(Datum::Bool(timestamp_date(call, args)?.is_le()));
    call "timestamp_gt_date" => |call, args| Ok(Datum::Bool(timestamp_date(call, args)?.is_gt()));
    call "timestamp_ge_date" => |call, args| Ok(Datum::Bool(timestamp_date(call, args)?.is_ge()));
    call "timestamp_cmp_date" => |call, args| Ok(Datum::Int4(timestamp_date(call, args)? as i32));
    call "date_eq_timestamptz" => |call, args| Ok(Datum::Bool(date_timestamptz(call, args)?.is_eq()));
    call "date_ne_timestamptz" => |call, args| Ok(Datum::Bool(date_timestamptz(call, args)?.is_ne()));
    call "date_lt_timestamptz" => |call, args| Ok(Datum::Bool(date_timestamptz(call, args)?.is_lt()));
    call "date_le_timestamptz" => |call, args| Ok(Datum::Bool(date_timestamptz(call, args)?.is_le()));
    call "date_gt_timestamptz" => |call, args| Ok(Datum::Bool(date_timestamptz(call, args)?.is_gt()));
    call "date_ge_timestamptz" => |call, args| Ok(Datum::Bool(date_timestamptz(call, args)?.is_ge()));
    call "date_cmp_timestamptz" => |call, args| Ok(Datum::Int4(date_timestamptz(call, args)? as i32));
    call "timestamptz_eq_date" => |call, args| Ok(Datum::Bool(timestamptz_date(call, args)?.is_eq()));
    call "timestamptz_ne_date" => |call, args| Ok(Datum::Bool(timestamptz_date(call, args)?.is_ne()));
    call "timestamptz_lt_date" => |call, args| Ok(Datum::Bool(timestamptz_date(call, args)?.is_lt()));
    call "timestamptz_le_date" => |call, args| Ok(Datum::Bool(timestamptz_date(call, args)?.is_le()));
    call "timestamptz_gt_date" => |call, args| Ok(Datum::Bool(timestamptz_date(call, args)?.is_gt()));
    call "timestamptz_ge_date" => |call, args| Ok(Datum::Bool(timestamptz_date(call, args)?.is_ge()));
    call "timestamptz_cmp_date" => |call, args| Ok(Datum::Int4(timestamptz_date(call, args)? as i32));
    call "timestamp_eq_timestamptz" => |call, args| Ok(Datum::Bool(timestamp_timestamptz(call, args)?.is_eq()));
    call "timestamp_ne_timestamptz" => |call, args| Ok(Datum::Bool(timestamp_timestamptz(call, args)?.is_ne()));
    call "timestamp_lt_timestamptz" => |call, args| Ok(Datum::Bool(timestamp_timestamptz(call, args)?.is_lt()));
    call "timestamp_le_timestamptz" => |call, args| Ok(Datum::Bool(timestamp_timestamptz(call, args)?.is_le()));
    call "timestamp_gt_timestamptz" => |call, args| Ok(Datum::Bool(timestamp_timestamptz(call, args)?.is_gt()));
    call "timestamp_ge_timestamptz" => |call, args| Ok(Datum::Bool(timestamp_timestamptz(call, args)?.is_ge()));
    call "timestamp_cmp_timestamptz" => |call, args| Ok(Datum::Int4(timestamp_timestamptz(call, args)? as i32));
    call "timestamptz_eq_timestamp" => |call, args| Ok(Datum::Bool(timestamptz_timestamp(call, args)?.is_eq()));
    call "timestamptz_ne_timestamp" => |call, args| Ok(Datum::Bool(timestamptz_timestamp(call, args)?.is_ne()));
    call "timestamptz_lt_timestamp" => |call, args| Ok(Datum::Bool(timestamptz_timestamp(call, args)?.is_lt()));
    call "timestamptz_le_timestamp" => |call, args| Ok(Datum::Bool(timestamptz_timestamp(call, args)?.is_le()));
    call "timestamptz_gt_timestamp" => |call, args| Ok(Datum::Bool(timestamptz_timestamp(call, args)?.is_gt()));
    call "timestamptz_ge_timestamp" => |call, args| Ok(Datum::Bool(timestamptz_timestamp(call, args)?.is_ge()));
    call "timestamptz_cmp_timestamp" => |call, args| Ok(Datum::Int4(timestamptz_timestamp(call, args)? as i32));
};
