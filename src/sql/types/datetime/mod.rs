//! Dates, times, timestamps, intervals and time zones.
//!
//! | type | value |
//! |---|---|
//! | `date` | days since 2000-01-01 |
//! | `time` | microseconds since midnight, 24:00:00 included |
//! | `timetz` | the same, and the zone in seconds **west** of UTC |
//! | `timestamp`, `timestamptz` | microseconds since 2000-01-01 00:00 (UTC) |
//! | `interval` | months, days and microseconds, kept apart |
//!
//! The extreme values of `date` and the timestamps are ±infinity. The calendar is
//! the proleptic Gregorian one; year 0 is 1 BC.
//!
//! `lexer` cuts text into fields, `decode` finds their meaning by PostgreSQL's
//! rules, `input` makes values of them, `interval_text` does intervals, `output` prints in all styles, `zone` knows
//! time zones, `arithmetic`, `part` and `make` compute.

mod abbreviation;
mod arithmetic;
mod calendar;
mod clock;
mod decode;
mod fault;
mod input;
mod interval_iso;
mod interval_output;
mod interval_text;
mod interval_typmod;
mod lexer;
mod make;
mod output;
mod part;
mod posix;
mod word;
pub mod zone;

pub use arithmetic::{
    age, date_minus, date_plus_days, date_plus_interval, interval_add, interval_div, interval_mul,
    interval_neg, interval_sub, justify_days, justify_hours, justify_interval, time_minus,
    time_plus_interval, time_tz_plus_interval, timestamp_minus, timestamp_plus_interval,
    timestamp_tz_plus_interval,
};
pub use calendar::{
    Civil, civil_from_days, day_of_week, day_of_year, days_from_civil, days_in_month, iso_week,
    iso_week_start, iso_year,
};
pub use clock::parse_offset;
pub use fault::Fault;
pub use input::{parse_date, parse_time, parse_time_tz, parse_timestamp, parse_timestamp_tz};
pub use interval_output::write_interval;
pub use interval_text::parse_interval;
pub use interval_typmod::{
    IntervalTypmod, fit_interval, interval_type_name, range as interval_range,
};
pub use make::{
    date_to_timestamp, date_to_timestamp_tz, make_date, make_interval, make_time, make_timestamp,
    make_timestamp_tz, timestamp_to_date, timestamp_to_time, timestamp_to_timestamp_tz,
    timestamp_tz_from_unix, timestamp_tz_to_timestamp, zone_shift_time_tz,
};
pub use output::{
    iso_date, iso_timestamp, write_date, write_time, write_time_tz, write_timestamp,
    write_timestamp_tz,
};
pub use part::{
    Field, Source, date_bin, date_part, extract, interval_trunc, timestamp_trunc,
    timestamp_tz_trunc,
};
pub use zone::Zone;

use crate::error::{Error, Result};
use crate::sqlstate;

pub const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
pub const MICROSECONDS_PER_MINUTE: i64 = 60 * MICROSECONDS_PER_SECOND;
pub const MICROSECONDS_PER_HOUR: i64 = 3600 * MICROSECONDS_PER_SECOND;
pub const MICROSECONDS_PER_DAY: i64 = 86_400 * MICROSECONDS_PER_SECOND;

/// The Julian day number of 2000-01-01.
pub const JULIAN_EPOCH: i32 = 2_451_545;

/// Days from 1970-01-01 to 2000-01-01.
pub const UNIX_EPOCH_DAYS: i32 = 10_957;

/// 4714-11-24 BC, the first day that PostgreSQL's calendar has.
const DATE_MIN: i32 = -2_451_545;
/// 5874898-01-01: dates lie before it.
const DATE_END: i32 = 2_145_031_949;
const TIMESTAMP_MIN: i64 = -211_813_488_000_000_000;
/// 294277-01-01: timestamps lie before it.
const TIMESTAMP_END: i64 = 9_223_371_331_200_000_000;

pub const DATE_INFINITY: i32 = i32::MAX;
pub const DATE_NEGATIVE_INFINITY: i32 = i32::MIN;
pub const INFINITY: i64 = i64::MAX;
pub const NEGATIVE_INFINITY: i64 = i64::MIN;

/// Whether a date is ±infinity or within the calendar.
pub fn is_valid_date(days: i32) -> bool {
    !is_finite_date(days) || (DATE_MIN..DATE_END).contains(&days)
}

/// Whether a timestamp is ±infinity or within range.
pub fn is_valid_timestamp(value: i64) -> bool {
    !is_finite(value) || (TIMESTAMP_MIN..TIMESTAMP_END).contains(&value)
}

pub fn is_finite_date(days: i32) -> bool {
    days != DATE_INFINITY && days != DATE_NEGATIVE_INFINITY
}

pub fn is_finite(timestamp: i64) -> bool {
    timestamp != INFINITY && timestamp != NEGATIVE_INFINITY
}

/// `22008` in PostgreSQL's words: `timestamp out of range`.
pub(crate) fn out_of_range(what: &str) -> Error {
    Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, format!("{what} out of range"))
}

/// A finite timestamp that was computed, or `timestamp out of range`.
pub(crate) fn checked_timestamp(value: Option<i64>) -> Result<i64> {
    value
        .filter(|value| (TIMESTAMP_MIN..TIMESTAMP_END).contains(value))
        .ok_or_else(|| out_of_range("timestamp"))
}

pub(crate) fn checked_date(days: i64) -> Result<i32> {
    i32::try_from(days)
        .ok()
        .filter(|days| (DATE_MIN..DATE_END).contains(days))
        .ok_or_else(|| out_of_range("date"))
}

/// Rounds microseconds to `precision` digits of seconds, half away from zero.
fn round_microseconds(value: i64, precision: i32) -> i64 {
    if !(0..6).contains(&precision) {
        return value;
    }
    let unit = 10_i64.pow(6 - precision as u32);
    let half = unit / 2;
    let shifted = if value >= 0 { value.saturating_add(half) } else { value.saturating_sub(half) };
    shifted / unit * unit
}

/// `time(p)`.
pub fn round_time(time: i64, precision: i32) -> i64 {
    round_microseconds(time, precision)
}

/// `timestamp(p)`.
pub fn round_timestamp(value: i64, precision: i32) -> Result<i64> {
    // As PostgreSQL does, the last microseconds of the range round out of it.
    Ok(if is_finite(value) { round_microseconds(value, precision) } else { value })
}

/// Splits a timestamp into days since 2000-01-01 and microseconds of the day.
pub fn split_timestamp(value: i64) -> (i32, i64) {
    let days = value.div_euclid(MICROSECONDS_PER_DAY);
    (days as i32, value.rem_euclid(MICROSECONDS_PER_DAY))
}

/// Hours, minutes, seconds and microseconds of a time of day (or a duration).
pub fn split_time(time: i64) -> (i64, i64, i64, i64) {
    (
        time / MICROSECONDS_PER_HOUR,
        time / MICROSECONDS_PER_MINUTE % 60,
        time / MICROSECONDS_PER_SECOND % 60,
        time % MICROSECONDS_PER_SECOND,
    )
}
