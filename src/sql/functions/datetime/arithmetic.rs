//! Adding to and subtracting from dates, times and intervals.

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::{Date, Instant, Time, TimeTz, Timestamp, TimestampTz, arg};
use crate::sql::types::datetime::{
    age, date_bin, date_minus, date_plus_days, date_plus_interval, date_to_timestamp,
    date_to_timestamp_tz, interval_add, interval_div, interval_mul, interval_neg, interval_sub,
    is_finite, justify_days, justify_hours, justify_interval, out_of_range, time_minus,
    time_plus_interval, time_tz_plus_interval, timestamp_minus, timestamp_plus_interval,
    timestamp_tz_plus_interval,
};
use crate::sql::types::{Datum, Interval};

use super::today;

fn time_plus(time: Time, span: &Interval) -> Time {
    Time(time_plus_interval(time.0, span))
}

fn time_tz_plus(time: TimeTz, span: &Interval) -> TimeTz {
    let (time, zone) = time_tz_plus_interval(time.0, time.1, span);
    TimeTz(time, zone)
}

fn date_plus_span(date: Date, span: &Interval) -> Result<Timestamp> {
    date_plus_interval(date.0, span).map(Timestamp)
}

fn timestamp_plus(timestamp: Timestamp, span: &Interval) -> Result<Timestamp> {
    timestamp_plus_interval(timestamp.0, span).map(Timestamp)
}

fn timestamp_tz_plus(
    call: &crate::sql::functions::CallContext<'_>,
    instant: TimestampTz,
    span: &Interval,
) -> Result<Datum> {
    timestamp_tz_plus_interval(instant.0, span, call.eval.zone()).map(Datum::TimestampTz)
}

/// The local time of an instant.
fn local(call: &crate::sql::functions::CallContext<'_>, instant: TimestampTz) -> Result<i64> {
    call.eval.zone().to_local(instant.0).ok_or_else(|| out_of_range("timestamp"))
}

pub const KERNELS: &[Kernel] = kernels! {
    columns2 "date_pli" => |date: Date, days: i32| date_plus_days(date.0, days).map(Date);
    columns2 "integer_pl_date_int4_date" => |days: i32, date: Date| date_plus_days(date.0, days).map(Date);
    columns2 "date_mii" => |date: Date, days: i32| {
        let days = days.checked_neg().ok_or_else(|| out_of_range("date"))?;
        date_plus_days(date.0, days).map(Date)
    };
    columns2 "date_mi" => |a: Date, b: Date| date_minus(a.0, b.0);
    rows2 "date_pl_interval" => |date: Date, span: Interval| date_plus_span(date, &span);
    rows2 "interval_pl_date_interval_date" => |span: Interval, date: Date| date_plus_span(date, &span);
    rows2 "date_mi_interval" => |date: Date, span: Interval| date_plus_span(date, &interval_neg(&span)?);
    rows2 "time_pl_interval" => |time: Time, span: Interval| Ok(time_plus(time, &span));
    rows2 "interval_pl_time_interval_time" => |span: Interval, time: Time| Ok(time_plus(time, &span));
    rows2 "time_mi_interval" => |time: Time, span: Interval| Ok(time_plus(time, &interval_neg(&span)?));
    rows2 "time_mi_time" => |a: Time, b: Time| Ok(time_minus(a.0, b.0));
    rows2 "timetz_pl_interval" => |time: TimeTz, span: Interval| Ok(time_tz_plus(time, &span));
    rows2 "interval_pl_timetz_interval_timetz" => |span: Interval, time: TimeTz| Ok(time_tz_plus(time, &span));
    rows2 "timetz_mi_interval" => |time: TimeTz, span: Interval| Ok(time_tz_plus(time, &interval_neg(&span)?));
    rows2 "timestamp_pl_interval" => |a: Timestamp, span: Interval| timestamp_plus(a, &span);
    rows2 "interval_pl_timestamp_interval_timestamp" => |span: Interval, a: Timestamp| timestamp_plus(a, &span);
    rows2 "timestamp_mi_interval" => |a: Timestamp, span: Interval| timestamp_plus(a, &interval_neg(&span)?);
    rows2 "timestamp_mi" => |a: Instant, b: Instant| timestamp_minus(a.0, b.0);
    call "timestamptz_pl_interval" => |call, args| timestamp_tz_plus(call, arg(args, 0)?, &arg(args, 1)?);
    call "interval_pl_timestamptz_interval_timestamptz" => |call, args|
        timestamp_tz_plus(call, arg(args, 1)?, &arg(args, 0)?);
    call "timestamptz_mi_interval" => |call, args|
        timestamp_tz_plus(call, arg(args, 0)?, &interval_neg(&arg(args, 1)?)?);
    rows2 "timestamp_age" => |a: Timestamp, b: Timestamp| age(a.0, b.0);
    call "timestamptz_age" => |call, args| {
        age(local(call, arg(args, 0)?)?, local(call, arg(args, 1)?)?).map(Datum::Interval)
    };
    call "age_timestamp" => |call, args| {
        let Timestamp(then) = arg(args, 0)?;
        age(date_to_timestamp(today(call))?, then).map(Datum::Interval)
    };
    call "age_timestamptz" => |call, args| {
        let midnight = date_to_timestamp_tz(today(call), call.eval.zone())?;
        age(local(call, TimestampTz(midnight))?, local(call, arg(args, 0)?)?).map(Datum::Interval)
    };
    rows3 "timestamp_bin" => |stride: Interval, a: Timestamp, origin: Timestamp|
        date_bin(&stride, a.0, origin.0).map(Timestamp);
    rows3 "timestamptz_bin" => |stride: Interval, a: TimestampTz, origin: TimestampTz|
        date_bin(&stride, a.0, origin.0).map(TimestampTz);
    columns1 "timestamp_finite" => |a: Instant| Ok(is_finite(a.0));
    columns1 "date_finite" => |a: Date| Ok(crate::sql::types::datetime::is_finite_date(a.0));
};

pub const INTERVALS: &[Kernel] = kernels! {
    rows2 "interval_pl" => |a: Interval, b: Interval| interval_add(&a, &b);
    rows2 "interval_mi" => |a: Interval, b: Interval| interval_sub(&a, &b);
    rows1 "interval_um" => |a: Interval| interval_neg(&a);
    rows2 "interval_mul" => |a: Interval, factor: f64| interval_mul(&a, factor);
    rows2 "mul_d_interval" => |factor: f64, a: Interval| interval_mul(&a, factor);
    rows2 "interval_div" => |a: Interval, divisor: f64| interval_div(&a, divisor);
    rows1 "interval_justify_hours" => |a: Interval| justify_hours(&a);
    rows1 "interval_justify_days" => |a: Interval| justify_days(&a);
    rows1 "interval_justify_interval" => |a: Interval| justify_interval(&a);
    rows1 "interval_finite" => |_: Interval| Ok(true);
};
