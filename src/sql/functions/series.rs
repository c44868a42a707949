//! `generate_series` over integers, numerics and timestamps.

use crate::error::{Error, Result};
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{Datum, Interval, datetime};
use crate::sqlstate;

use super::call::{Timestamp, TimestampTz, arg};
use super::{CallContext, SetKernel, SetRows};

pub const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "generate_series_int4", rows: int4 },
    SetKernel { symbol: "generate_series_step_int4", rows: int4 },
    SetKernel { symbol: "generate_series_int8", rows: int8 },
    SetKernel { symbol: "generate_series_step_int8", rows: int8 },
    SetKernel { symbol: "generate_series_numeric", rows: numeric },
    SetKernel { symbol: "generate_series_step_numeric", rows: numeric },
    SetKernel { symbol: "generate_series_timestamp", rows: timestamp },
    SetKernel { symbol: "generate_series_timestamptz", rows: timestamptz },
];

fn invalid(what: &str) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, what)
}

fn zero_step() -> Error {
    invalid("step size cannot equal zero")
}

/// The integers from `start` by `step` while they do not pass `stop`.
fn integers(start: i64, stop: i64, step: i64) -> Result<impl Iterator<Item = i64> + Send> {
    if step == 0 {
        return Err(zero_step());
    }
    let inside = move |value: &i64| if step > 0 { *value <= stop } else { *value >= stop };
    Ok(std::iter::successors(Some(start).filter(inside), move |value| {
        value.checked_add(step).filter(inside)
    }))
}

fn int4(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let step: i32 = if args.len() > 2 { arg(args, 2)? } else { 1 };
    let (start, stop): (i32, i32) = (arg(args, 0)?, arg(args, 1)?);
    let values = integers(start.into(), stop.into(), step.into())?;
    Ok(Box::new(values.map(|value| Ok(vec![Datum::Int4(value as i32)]))))
}

fn int8(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let step: i64 = if args.len() > 2 { arg(args, 2)? } else { 1 };
    let values = integers(arg(args, 0)?, arg(args, 1)?, step)?;
    Ok(Box::new(values.map(|value| Ok(vec![Datum::Int8(value)]))))
}

fn finite(value: &Numeric, what: &str) -> Result<Numeric> {
    if value.is_nan() {
        return Err(invalid(&format!("{what} cannot be NaN")));
    }
    if !value.is_finite() {
        return Err(invalid(&format!("{what} cannot be infinity")));
    }
    Ok(value.clone())
}

fn numeric(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let start = finite(arg(args, 0)?, "start value")?;
    let stop = finite(arg(args, 1)?, "stop value")?;
    let step = match args.len() {
        ..3 => Numeric::ONE,
        _ => finite(arg(args, 2)?, "step size")?,
    };
    if step.is_zero() {
        return Err(zero_step());
    }
    let up = step.signum() > 0;
    let mut next = Some(Ok(start));
    Ok(Box::new(std::iter::from_fn(move || {
        let value = match next.take()? {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        let order = value.cmp(&stop);
        if if up { order.is_gt() } else { order.is_lt() } {
            return None;
        }
        next = Some(value.add(&step));
        Some(Ok(vec![Datum::Numeric(value)]))
    })))
}

/// Instants from `start` by an interval while they do not pass `stop`.
fn instants(
    start: i64,
    stop: i64,
    step: Interval,
    add: impl Fn(i64) -> Result<i64> + Send + 'static,
    datum: fn(i64) -> Datum,
) -> Result<SetRows> {
    let span = step.span();
    if span == 0 {
        return Err(zero_step());
    }
    let mut next = Some(Ok(start));
    Ok(Box::new(std::iter::from_fn(move || {
        let value = match next.take()? {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        if if span > 0 { value > stop } else { value < stop } {
            return None;
        }
        if datetime::is_finite(value) {
            next = Some(add(value));
        }
        Some(Ok(vec![datum(value)]))
    })))
}

fn timestamp(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let (Timestamp(start), Timestamp(stop)) = (arg(args, 0)?, arg(args, 1)?);
    let step: Interval = arg(args, 2)?;
    let add = move |value| datetime::timestamp_plus_interval(value, &step);
    instants(start, stop, step, add, Datum::Timestamp)
}

fn timestamptz(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let (TimestampTz(start), TimestampTz(stop)) = (arg(args, 0)?, arg(args, 1)?);
    let step: Interval = arg(args, 2)?;
    let zone = call.eval.zone();
    let add = move |value| datetime::timestamp_tz_plus_interval(value, &step, zone);
    instants(start, stop, step, add, Datum::TimestampTz)
}
