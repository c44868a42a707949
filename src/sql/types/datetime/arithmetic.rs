//! Sums and differences of dates, times, timestamps and intervals.
//!
//! Months are added on the calendar (January 31st plus a month is the last of
//! February), days in local time, microseconds in absolute time.

use super::zone::Zone;
use super::{
    MICROSECONDS_PER_DAY, calendar, checked_date, checked_timestamp, date_to_timestamp, is_finite,
    is_finite_date, out_of_range, split_timestamp,
};
use crate::error::{Error, Result};
use crate::sql::types::Interval;
use crate::sqlstate;

const DAYS_PER_MONTH: i32 = 30;
const SECONDS_PER_DAY: f64 = 86_400.0;

fn interval_out_of_range() -> Error {
    out_of_range("interval")
}

/// Moves a local timestamp by whole months, keeping within the month's length.
fn plus_months(local: i64, months: i32) -> Result<i64> {
    let (days, time) = split_timestamp(local);
    let civil = calendar::civil_from_days(days);
    let total = i64::from(civil.year) * 12 + i64::from(civil.month) - 1 + i64::from(months);
    let year = i32::try_from(total.div_euclid(12)).map_err(|_| out_of_range("timestamp"))?;
    let month = total.rem_euclid(12) as i32 + 1;
    let day = civil.day.min(calendar::days_in_month(year, month));
    let days = calendar::days_from_civil(year, month, day);
    checked_timestamp(days.checked_mul(MICROSECONDS_PER_DAY).and_then(|d| d.checked_add(time)))
}

fn plus_days(local: i64, days: i32) -> Result<i64> {
    // The days alone may be more microseconds than there are, before 2000 they fit.
    let sum = i128::from(local) + i128::from(days) * i128::from(MICROSECONDS_PER_DAY);
    checked_timestamp(i64::try_from(sum).ok())
}

pub fn timestamp_plus_interval(value: i64, span: &Interval) -> Result<i64> {
    if !is_finite(value) {
        return Ok(value);
    }
    let mut value = value;
    if span.months != 0 {
        value = plus_months(value, span.months)?;
    }
    if span.days != 0 {
        value = plus_days(value, span.days)?;
    }
    checked_timestamp(value.checked_add(span.microseconds))
}

/// Months and days are added to the local time in `zone`.
pub fn timestamp_tz_plus_interval(value: i64, span: &Interval, zone: Zone) -> Result<i64> {
    if !is_finite(value) {
        return Ok(value);
    }
    let mut value = value;
    let local = |value: i64| checked_timestamp(zone.to_local(value));
    if span.months != 0 {
        value = checked_timestamp(zone.to_utc(plus_months(local(value)?, span.months)?))?;
    }
    if span.days != 0 {
        value = checked_timestamp(zone.to_utc(plus_days(local(value)?, span.days)?))?;
    }
    checked_timestamp(value.checked_add(span.microseconds))
}

/// `a - b` in days and time.
pub fn timestamp_minus(a: i64, b: i64) -> Result<Interval> {
    if !is_finite(a) || !is_finite(b) {
        return Err(Error::new(
            sqlstate::DATETIME_VALUE_OUT_OF_RANGE,
            "cannot subtract infinite timestamps",
        ));
    }
    let microseconds = a.checked_sub(b).ok_or_else(interval_out_of_range)?;
    justify_hours(&Interval { months: 0, days: 0, microseconds })
}

/// `a - b` in years, months, days and time; both are local timestamps.
pub fn age(a: i64, b: i64) -> Result<Interval> {
    if !is_finite(a) || !is_finite(b) {
        return Err(out_of_range("timestamp"));
    }
    let negative = a < b;
    let (late, early) = if negative { (b, a) } else { (a, b) };
    let ((late_days, late_time), (early_days, early_time)) =
        (split_timestamp(late), split_timestamp(early));
    let (to, from) = (calendar::civil_from_days(late_days), calendar::civil_from_days(early_days));
    let mut months = (to.year - from.year) * 12 + to.month - from.month;
    let mut days = to.day - from.day;
    let mut microseconds = late_time - early_time;
    if microseconds < 0 {
        microseconds += MICROSECONDS_PER_DAY;
        days -= 1;
    }
    // Borrowed days are those of the earlier timestamp's month.
    while days < 0 {
        days += calendar::days_in_month(from.year, from.month);
        months -= 1;
    }
    let span = Interval { months, days, microseconds };
    if negative { interval_neg(&span) } else { Ok(span) }
}

pub fn interval_neg(span: &Interval) -> Result<Interval> {
    let negated = || {
        Some(Interval {
            months: span.months.checked_neg()?,
            days: span.days.checked_neg()?,
            microseconds: span.microseconds.checked_neg()?,
        })
    };
    negated().ok_or_else(interval_out_of_range)
}

pub fn interval_add(a: &Interval, b: &Interval) -> Result<Interval> {
    let sum = || {
        Some(Interval {
            months: a.months.checked_add(b.months)?,
            days: a.days.checked_add(b.days)?,
            microseconds: a.microseconds.checked_add(b.microseconds)?,
        })
    };
    sum().ok_or_else(interval_out_of_range)
}

pub fn interval_sub(a: &Interval, b: &Interval) -> Result<Interval> {
    let difference = || {
        Some(Interval {
            months: a.months.checked_sub(b.months)?,
            days: a.days.checked_sub(b.days)?,
            microseconds: a.microseconds.checked_sub(b.microseconds)?,
        })
    };
    difference().ok_or_else(interval_out_of_range)
}

pub fn interval_mul(span: &Interval, factor: f64) -> Result<Interval> {
    scale(span, |part| part * factor)
}

pub fn interval_div(span: &Interval, divisor: f64) -> Result<Interval> {
    if divisor == 0.0 {
        return Err(Error::division_by_zero());
    }
    scale(span, |part| part / divisor)
}

/// Scales each part; what is left of months becomes days, of days time.
fn scale(span: &Interval, apply: impl Fn(f64) -> f64) -> Result<Interval> {
    let to_i32 = |value: f64| {
        let fits = value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX);
        if fits { Ok(value as i32) } else { Err(interval_out_of_range()) }
    };
    // Microsecond precision, so that float noise does not cascade.
    let tidy = |seconds: f64| (seconds * 1e6).round_ties_even() / 1e6;
    let exact_months = apply(f64::from(span.months));
    let exact_days = apply(f64::from(span.days));
    let months = to_i32(exact_months)?;
    let whole_days = to_i32(exact_days)?;
    let month_rest_days = tidy((exact_months - f64::from(months)) * f64::from(DAYS_PER_MONTH));
    let mut rest_seconds = tidy(
        (exact_days - f64::from(whole_days) + month_rest_days - month_rest_days.trunc())
            * SECONDS_PER_DAY,
    );
    let mut carried_days = 0;
    if rest_seconds.abs() >= SECONDS_PER_DAY {
        carried_days = (rest_seconds / SECONDS_PER_DAY) as i32;
        rest_seconds -= f64::from(carried_days) * SECONDS_PER_DAY;
    }
    let days = whole_days
        .checked_add(carried_days)
        .and_then(|days| days.checked_add(month_rest_days as i32))
        .ok_or_else(interval_out_of_range)?;
    let microseconds = (apply(span.microseconds as f64) + rest_seconds * 1e6).round_ties_even();
    if microseconds.is_nan() || microseconds.abs() >= 9_223_372_036_854_775_808.0 {
        return Err(interval_out_of_range());
    }
    Ok(Interval { months, days, microseconds: microseconds as i64 })
}

/// Whole days of time become days; the signs then agree.
pub fn justify_hours(span: &Interval) -> Result<Interval> {
    let mut microseconds = span.microseconds % MICROSECONDS_PER_DAY;
    let carried = (span.microseconds / MICROSECONDS_PER_DAY) as i32;
    let mut days = span.days.checked_add(carried).ok_or_else(interval_out_of_range)?;
    if days > 0 && microseconds < 0 {
        microseconds += MICROSECONDS_PER_DAY;
        days -= 1;
    } else if days < 0 && microseconds > 0 {
        microseconds -= MICROSECONDS_PER_DAY;
        days += 1;
    }
    Ok(Interval { months: span.months, days, microseconds })
}

/// Whole months of 30 days become months; the signs then agree.
pub fn justify_days(span: &Interval) -> Result<Interval> {
    let mut days = span.days % DAYS_PER_MONTH;
    let carried = span.days / DAYS_PER_MONTH;
    let mut months = span.months.checked_add(carried).ok_or_else(interval_out_of_range)?;
    if months > 0 && days < 0 {
        days += DAYS_PER_MONTH;
        months -= 1;
    } else if months < 0 && days > 0 {
        days -= DAYS_PER_MONTH;
        months += 1;
    }
    Ok(Interval { months, days, microseconds: span.microseconds })
}

/// Both, with all signs made to agree.
pub fn justify_interval(span: &Interval) -> Result<Interval> {
    let mut microseconds = span.microseconds % MICROSECONDS_PER_DAY;
    let carried_days = span.microseconds / MICROSECONDS_PER_DAY;
    let total_days = i64::from(span.days) + carried_days;
    let mut days = (total_days % i64::from(DAYS_PER_MONTH)) as i32;
    let carried_months = total_days / i64::from(DAYS_PER_MONTH);
    let mut months = i32::try_from(i64::from(span.months) + carried_months)
        .map_err(|_| interval_out_of_range())?;
    if months > 0 && (days < 0 || (days == 0 && microseconds < 0)) {
        days += DAYS_PER_MONTH;
        months -= 1;
    } else if months < 0 && (days > 0 || (days == 0 && microseconds > 0)) {
        days -= DAYS_PER_MONTH;
        months += 1;
    }
    if days > 0 && microseconds < 0 {
        microseconds += MICROSECONDS_PER_DAY;
        days -= 1;
    } else if days < 0 && microseconds > 0 {
        microseconds -= MICROSECONDS_PER_DAY;
        days += 1;
    }
    Ok(Interval { months, days, microseconds })
}

pub fn date_plus_days(date: i32, days: i32) -> Result<i32> {
    if !is_finite_date(date) {
        return Ok(date);
    }
    checked_date(i64::from(date) + i64::from(days))
}

/// `date - date` in days.
pub fn date_minus(a: i32, b: i32) -> Result<i32> {
    if !is_finite_date(a) || !is_finite_date(b) {
        return Err(Error::new(
            sqlstate::DATETIME_VALUE_OUT_OF_RANGE,
            "cannot subtract infinite dates",
        ));
    }
    Ok(a - b)
}

/// `date + interval` is a timestamp.
pub fn date_plus_interval(date: i32, span: &Interval) -> Result<i64> {
    timestamp_plus_interval(date_to_timestamp(date)?, span)
}

/// Wraps around midnight; months and days do not count.
pub fn time_plus_interval(time: i64, span: &Interval) -> i64 {
    (time + span.microseconds % MICROSECONDS_PER_DAY).rem_euclid(MICROSECONDS_PER_DAY)
}

pub fn time_tz_plus_interval(time: i64, zone: i32, span: &Interval) -> (i64, i32) {
    (time_plus_interval(time, span), zone)
}

/// `time - time`.
pub fn time_minus(a: i64, b: i64) -> Interval {
    Interval { months: 0, days: 0, microseconds: a - b }
}
