//! Dates, times and intervals: the kernels over `types::datetime`.

mod arithmetic;
mod comparison;
mod convert;
mod overlap;
mod part;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::sql::types::Interval;
use crate::sql::types::datetime::{MICROSECONDS_PER_DAY, UNIX_EPOCH_DAYS, Zone};
use crate::sqlstate;

use super::{CallContext, Kernel};

pub const KERNELS: &[&[Kernel]] = &[
    arithmetic::KERNELS,
    arithmetic::INTERVALS,
    comparison::DATE,
    comparison::TIME,
    comparison::TIMETZ,
    comparison::INSTANT,
    comparison::INTERVAL,
    comparison::MIXED,
    convert::CLOCK,
    convert::CASTS,
    convert::MAKE,
    overlap::KERNELS,
    part::KERNELS,
];

/// The time of the clock, in microseconds since 2000-01-01 UTC.
pub fn clock() -> i64 {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    unix.as_micros() as i64 - i64::from(UNIX_EPOCH_DAYS) * MICROSECONDS_PER_DAY
}

/// An interval in seconds, a month being 30 days.
pub fn seconds_of(span: Interval) -> f64 {
    span.span() as f64 / 1e6
}

/// A zone by the name that an expression gives.
fn zone_named(name: &str) -> Result<Zone> {
    Zone::find(name).ok_or_else(|| {
        Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("time zone \"{name}\" not recognized"),
        )
    })
}

/// A zone by its distance from UTC.
fn zone_of(span: &Interval) -> Result<Zone> {
    if span.months != 0 || span.days != 0 {
        let mut text = Vec::new();
        let style = crate::sql::types::context::IntervalStyle::Postgres;
        crate::sql::types::datetime::write_interval(span, style, &mut text);
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!(
                "interval time zone \"{}\" must not include months or days",
                String::from_utf8_lossy(&text)
            ),
        ));
    }
    Ok(Zone::Fixed((span.microseconds / 1_000_000) as i32))
}

/// Today in the session's zone, in days since 2000-01-01.
fn today(call: &CallContext<'_>) -> i32 {
    let now = call.eval.transaction_timestamp;
    let local = call.eval.zone().to_local(now).unwrap_or(now);
    crate::sql::types::datetime::timestamp_to_date(local)
}
