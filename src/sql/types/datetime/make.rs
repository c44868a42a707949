//! Making dates and times from numbers, and casts among their types.

use super::zone::Zone;
use super::{
    DATE_INFINITY, DATE_NEGATIVE_INFINITY, INFINITY, MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR,
    MICROSECONDS_PER_MINUTE, MICROSECONDS_PER_SECOND, NEGATIVE_INFINITY, UNIX_EPOCH_DAYS, calendar,
    checked_date, checked_timestamp, is_finite, out_of_range, split_timestamp,
};
use crate::error::{Error, Result};
use crate::sql::types::{Interval, float};
use crate::sqlstate;

fn field_overflow(message: String) -> Error {
    Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, message)
}

/// A date from its parts; negative years are BC.
pub fn make_date(year: i32, month: i32, day: i32) -> Result<i32> {
    let overflow =
        || field_overflow(format!("date field value out of range: {year}-{month:02}-{day:02}"));
    let civil_year = match year {
        0 => return Err(overflow()),
        year if year < 0 => year.checked_add(1).ok_or_else(overflow)?,
        year => year,
    };
    let valid =
        (1..=12).contains(&month) && day >= 1 && day <= calendar::days_in_month(civil_year, month);
    if !valid {
        return Err(overflow());
    }
    checked_date(calendar::days_from_civil(civil_year, month, day)).map_err(|_| {
        Error::new(
            sqlstate::DATETIME_VALUE_OUT_OF_RANGE,
            format!("date out of range: {year}-{month:02}-{day:02}"),
        )
    })
}

/// A time of day from its parts; 24:00:00 and second 60 are allowed.
pub fn make_time(hour: i32, minute: i32, second: f64) -> Result<i64> {
    let overflow =
        || field_overflow(format!("time field value out of range: {hour}:{minute:02}:{second:02}"));
    let in_range =
        (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=60.0).contains(&second);
    if !in_range {
        return Err(overflow());
    }
    let time = i64::from(hour) * MICROSECONDS_PER_HOUR
        + i64::from(minute) * MICROSECONDS_PER_MINUTE
        + (second * 1e6).round_ties_even() as i64;
    if time > MICROSECONDS_PER_DAY { Err(overflow()) } else { Ok(time) }
}

pub fn make_timestamp(
    year: i32,
    month: i32,
    day: i32,
    hour: i32,
    minute: i32,
    second: f64,
) -> Result<i64> {
    let date = make_date(year, month, day)?;
    let time = make_time(hour, minute, second)?;
    let days = i64::from(date).checked_mul(MICROSECONDS_PER_DAY);
    checked_timestamp(days.and_then(|days| days.checked_add(time)))
}

/// As [`make_timestamp`], the parts being local time in `zone`.
pub fn make_timestamp_tz(local: i64, zone: Zone) -> Result<i64> {
    checked_timestamp(zone.to_utc(local))
}

pub fn make_interval(
    years: i32,
    months: i32,
    weeks: i32,
    days: i32,
    hours: i32,
    minutes: i32,
    seconds: f64,
) -> Result<Interval> {
    let parts = || {
        if !seconds.is_finite() {
            return None;
        }
        let time =
            i64::from(hours) * MICROSECONDS_PER_HOUR + i64::from(minutes) * MICROSECONDS_PER_MINUTE;
        let fraction = (seconds * 1e6).round_ties_even();
        if fraction.abs() >= 9.2e18 {
            return None;
        }
        Some(Interval {
            months: years.checked_mul(12)?.checked_add(months)?,
            days: weeks.checked_mul(7)?.checked_add(days)?,
            microseconds: time.checked_add(fraction as i64)?,
        })
    };
    parts().ok_or_else(|| out_of_range("interval"))
}

/// `to_timestamp(double precision)`: seconds since 1970.
pub fn timestamp_tz_from_unix(seconds: f64) -> Result<i64> {
    let range =
        |what: &str| Err(Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, what.to_owned()));
    if seconds.is_nan() {
        return range("timestamp cannot be NaN");
    }
    if seconds.is_infinite() {
        return Ok(if seconds > 0.0 { INFINITY } else { NEGATIVE_INFINITY });
    }
    let since_2000 = seconds - f64::from(UNIX_EPOCH_DAYS) * 86_400.0;
    let microseconds = (since_2000 * 1e6).round_ties_even();
    checked_timestamp((microseconds.abs() < 9.3e18).then_some(microseconds as i64)).or_else(|_| {
        let mut text = Vec::new();
        // Six significant digits, as C's %g prints.
        float::write_f64(seconds, 6 - 15, &mut text);
        range(&format!("timestamp out of range: \"{}\"", String::from_utf8_lossy(&text)))
    })
}

/// Midnight of a date.
pub fn date_to_timestamp(date: i32) -> Result<i64> {
    match date {
        DATE_INFINITY => Ok(INFINITY),
        DATE_NEGATIVE_INFINITY => Ok(NEGATIVE_INFINITY),
        days => {
            checked_timestamp(i64::from(days).checked_mul(MICROSECONDS_PER_DAY)).map_err(|_| {
                Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp")
            })
        }
    }
}

/// Midnight of a date in `zone`.
pub fn date_to_timestamp_tz(date: i32, zone: Zone) -> Result<i64> {
    timestamp_to_timestamp_tz(date_to_timestamp(date)?, zone)
}

pub fn timestamp_to_timestamp_tz(local: i64, zone: Zone) -> Result<i64> {
    if !is_finite(local) {
        return Ok(local);
    }
    checked_timestamp(zone.to_utc(local))
}

pub fn timestamp_tz_to_timestamp(value: i64, zone: Zone) -> Result<i64> {
    if !is_finite(value) {
        return Ok(value);
    }
    checked_timestamp(zone.to_local(value))
}

pub fn timestamp_to_date(local: i64) -> i32 {
    match local {
        INFINITY => DATE_INFINITY,
        NEGATIVE_INFINITY => DATE_NEGATIVE_INFINITY,
        local => split_timestamp(local).0,
    }
}

/// The time of day; ±infinity has none.
pub fn timestamp_to_time(local: i64) -> Option<i64> {
    is_finite(local).then(|| split_timestamp(local).1)
}

/// A `timetz` moved to another zone (seconds west of UTC).
pub fn zone_shift_time_tz(time: i64, zone: i32, new_zone: i32) -> (i64, i32) {
    let shifted = time + i64::from(zone - new_zone) * MICROSECONDS_PER_SECOND;
    (shifted.rem_euclid(MICROSECONDS_PER_DAY), new_zone)
}
