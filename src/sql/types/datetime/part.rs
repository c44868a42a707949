//! Parts of dates and times: `extract`, `date_part`, `date_trunc`, `date_bin`.

use super::zone::Zone;
use super::{
    INFINITY, MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE,
    MICROSECONDS_PER_SECOND, UNIX_EPOCH_DAYS, calendar, checked_timestamp, is_finite,
    is_finite_date, iso_week, iso_year, out_of_range, split_time, split_timestamp,
};
use crate::error::{Error, Result};
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{Interval, Oid, SqlType, builtin, oid};
use crate::sqlstate;

/// A named part of a date, time or interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Julian,
    IsoYear,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    Epoch,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

impl Field {
    /// Finds a part by its name in any case.
    pub fn find(name: &str) -> Option<Field> {
        use super::interval_text::Unit;
        let name = name.to_ascii_lowercase();
        let name = name.get(..super::word::WORD_LENGTH).unwrap_or(&name);
        if let Some(unit) = Unit::find(name) {
            return Some(match unit {
                Unit::Microsecond => Field::Microseconds,
                Unit::Millisecond => Field::Milliseconds,
                Unit::Second => Field::Second,
                Unit::Minute => Field::Minute,
                Unit::Hour => Field::Hour,
                Unit::Day => Field::Day,
                Unit::Week => Field::Week,
                Unit::Month => Field::Month,
                Unit::Quarter => Field::Quarter,
                Unit::Year => Field::Year,
                Unit::Decade => Field::Decade,
                Unit::Century => Field::Century,
                Unit::Millennium => Field::Millennium,
            });
        }
        Some(match name {
            "julian" | "jd" | "j" => Field::Julian,
            "isoyear" => Field::IsoYear,
            "dow" => Field::DayOfWeek,
            "isodow" => Field::IsoDayOfWeek,
            "doy" => Field::DayOfYear,
            "epoch" => Field::Epoch,
            "timezone" => Field::Timezone,
            "timezone_h" => Field::TimezoneHour,
            "timezone_m" => Field::TimezoneMinute,
            _ => return None,
        })
    }

    /// Parts that grow without bound, so that infinity has them.
    fn is_monotonic(self) -> bool {
        matches!(
            self,
            Field::Year
                | Field::Decade
                | Field::Century
                | Field::Millennium
                | Field::Julian
                | Field::IsoYear
                | Field::Epoch
        )
    }
}

/// What a part is taken from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    Date(i32),
    Time(i64),
    TimeTz(i64, i32),
    Timestamp(i64),
    TimestampTz(i64, Zone),
    Interval(Interval),
}

impl Source {
    fn type_oid(&self) -> Oid {
        match self {
            Source::Date(_) => oid::DATE,
            Source::Time(_) => oid::TIME,
            Source::TimeTz(..) => oid::TIMETZ,
            Source::Timestamp(_) => oid::TIMESTAMP,
            Source::TimestampTz(..) => oid::TIMESTAMPTZ,
            Source::Interval(_) => oid::INTERVAL,
        }
    }
}

fn type_name(type_oid: Oid) -> String {
    builtin::format_type(SqlType::new(type_oid)).unwrap_or_default()
}

fn unsupported(name: &str, type_oid: Oid) -> Error {
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!("unit \"{}\" not supported for type {}", name.to_lowercase(), type_name(type_oid)),
    )
}

fn unrecognized(name: &str, type_oid: Oid) -> Error {
    Error::new(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("unit \"{}\" not recognized for type {}", name.to_lowercase(), type_name(type_oid)),
    )
}

/// `extract(name from source)`. `None` is NULL: a part that infinity lacks.
pub fn extract(name: &str, source: Source) -> Result<Option<Numeric>> {
    let type_oid = source.type_oid();
    let field = Field::find(name).ok_or_else(|| unrecognized(name, type_oid))?;
    let value = match source {
        Source::Date(days) if !is_finite_date(days) => {
            return infinite(field, days > 0, name, type_oid);
        }
        Source::Timestamp(value) | Source::TimestampTz(value, _) if !is_finite(value) => {
            return infinite(field, value == INFINITY, name, type_oid);
        }
        Source::Date(days) => date_field(field, days),
        Source::Time(time) => time_field(field, time, time),
        Source::TimeTz(time, zone) => {
            let utc = time + i64::from(zone) * MICROSECONDS_PER_SECOND;
            time_field(field, time, utc).or_else(|| zone_field(field, -zone))
        }
        Source::Timestamp(value) => timestamp_field(field, value, value)?,
        Source::TimestampTz(value, zone) => {
            let offset = zone.offset_at(value);
            let local = checked_timestamp(zone.to_local(value))?;
            match zone_field(field, offset) {
                Some(value) => Some(value),
                None => timestamp_field(field, local, value)?,
            }
        }
        Source::Interval(span) => interval_field(field, &span),
    };
    value.map(Some).ok_or_else(|| unsupported(name, type_oid))
}

/// `date_part(name, source)`: the same as a double. A date counts as a timestamp.
pub fn date_part(name: &str, source: Source) -> Result<Option<f64>> {
    let source = match source {
        Source::Date(days) => Source::Timestamp(super::date_to_timestamp(days)?),
        other => other,
    };
    Ok(extract(name, source)?.map(|value| value.to_f64()))
}

fn infinite(field: Field, positive: bool, name: &str, type_oid: Oid) -> Result<Option<Numeric>> {
    let sub_day = matches!(
        field,
        Field::Microseconds | Field::Milliseconds | Field::Second | Field::Minute | Field::Hour
    );
    let zone = matches!(field, Field::Timezone | Field::TimezoneHour | Field::TimezoneMinute);
    if type_oid == oid::DATE && (sub_day || zone) {
        return Err(unsupported(name, type_oid));
    }
    if !field.is_monotonic() {
        return Ok(None);
    }
    Ok(Some(if positive { Numeric::Infinity } else { Numeric::NegativeInfinity }))
}

fn integer(value: impl Into<i64>) -> Option<Numeric> {
    Some(Numeric::from(value.into()))
}

fn date_field(field: Field, days: i32) -> Option<Numeric> {
    let civil = calendar::civil_from_days(days);
    let year = civil.year;
    match field {
        Field::Day => integer(civil.day),
        Field::Month => integer(civil.month),
        Field::Quarter => integer((civil.month - 1) / 3 + 1),
        Field::Week => integer(iso_week(days)),
        Field::Year => integer(if year > 0 { year } else { year - 1 }),
        Field::Decade => integer(decade(year)),
        Field::Century => integer(century(year)),
        Field::Millennium => integer(millennium(year)),
        Field::Julian => integer(i64::from(days) + i64::from(super::JULIAN_EPOCH)),
        Field::IsoYear => {
            let year = iso_year(days);
            integer(if year > 0 { year } else { year - 1 })
        }
        Field::DayOfWeek => integer(calendar::day_of_week(days)),
        Field::IsoDayOfWeek => integer((calendar::day_of_week(days) + 6) % 7 + 1),
        Field::DayOfYear => integer(calendar::day_of_year(days)),
        Field::Epoch => integer((i64::from(days) + i64::from(UNIX_EPOCH_DAYS)) * 86_400),
        _ => None,
    }
}

fn decade(year: i32) -> i32 {
    if year >= 0 { year / 10 } else { -((8 - (year - 1)) / 10) }
}

fn century(year: i32) -> i32 {
    if year > 0 { (year + 99) / 100 } else { -((99 - (year - 1)) / 100) }
}

fn millennium(year: i32) -> i32 {
    if year > 0 { (year + 999) / 1000 } else { -((999 - (year - 1)) / 1000) }
}

fn clock_field(field: Field, time: i64) -> Option<Numeric> {
    let (hours, minutes, seconds, microseconds) = split_time(time);
    let second_part = i128::from(seconds * MICROSECONDS_PER_SECOND + microseconds);
    match field {
        Field::Microseconds => Some(Numeric::new(second_part, 0)),
        Field::Milliseconds => Some(Numeric::new(second_part, 3)),
        Field::Second => Some(Numeric::new(second_part, 6)),
        Field::Minute => integer(minutes),
        Field::Hour => integer(hours),
        _ => None,
    }
}

fn time_field(field: Field, time: i64, utc: i64) -> Option<Numeric> {
    match field {
        Field::Epoch => Some(Numeric::new(i128::from(utc), 6)),
        _ => clock_field(field, time),
    }
}

/// Parts of an offset, in seconds east of UTC.
fn zone_field(field: Field, offset: i32) -> Option<Numeric> {
    match field {
        Field::Timezone => integer(offset),
        Field::TimezoneHour => integer(offset / 3600),
        Field::TimezoneMinute => integer(offset % 3600 / 60),
        _ => None,
    }
}

fn timestamp_field(field: Field, local: i64, utc: i64) -> Result<Option<Numeric>> {
    let (days, time) = split_timestamp(local);
    Ok(match field {
        Field::Epoch => {
            let unix = i128::from(UNIX_EPOCH_DAYS) * i128::from(MICROSECONDS_PER_DAY);
            Some(Numeric::new(i128::from(utc) + unix, 6))
        }
        Field::Julian => {
            let day = Numeric::from(i64::from(days) + i64::from(super::JULIAN_EPOCH));
            let part = Numeric::from(time).div(&Numeric::from(MICROSECONDS_PER_DAY))?;
            Some(day.add(&part)?)
        }
        _ => date_field(field, days).or_else(|| clock_field(field, time)),
    })
}

fn interval_field(field: Field, span: &Interval) -> Option<Numeric> {
    let years = span.months / 12;
    match field {
        Field::Day => integer(span.days),
        Field::Month => integer(span.months % 12),
        Field::Quarter => integer(span.months % 12 / 3 + 1),
        Field::Year => integer(years),
        Field::Decade => integer(years / 10),
        Field::Century => integer(years / 100),
        Field::Millennium => integer(years / 1000),
        Field::Epoch => {
            // A year is 365.25 days, a month 30.
            let quarter_days = 1461 * i128::from(years)
                + 120 * i128::from(span.months % 12)
                + 4 * i128::from(span.days);
            let seconds = quarter_days * 21_600;
            Some(Numeric::new(seconds * 1_000_000 + i128::from(span.microseconds), 6))
        }
        _ => clock_field(field, span.microseconds),
    }
}

/// `date_trunc` of a local timestamp.
pub fn timestamp_trunc(name: &str, value: i64) -> Result<i64> {
    if !is_finite(value) {
        return Ok(value);
    }
    let field = truncation_field(name, oid::TIMESTAMP)?;
    truncate(field, value).unwrap_or_else(|| Err(unsupported(name, oid::TIMESTAMP)))
}

/// `date_trunc` in the local time of `zone`.
pub fn timestamp_tz_trunc(name: &str, value: i64, zone: Zone) -> Result<i64> {
    if !is_finite(value) {
        return Ok(value);
    }
    let field = truncation_field(name, oid::TIMESTAMPTZ)?;
    let offset = i64::from(zone.offset_at(value)) * MICROSECONDS_PER_SECOND;
    let local = checked_timestamp(value.checked_add(offset))?;
    let truncated =
        truncate(field, local).unwrap_or_else(|| Err(unsupported(name, oid::TIMESTAMPTZ)))?;
    let within_day = matches!(
        field,
        Field::Microseconds | Field::Milliseconds | Field::Second | Field::Minute | Field::Hour
    );
    let utc = if within_day { truncated.checked_sub(offset) } else { zone.to_utc(truncated) };
    checked_timestamp(utc)
}

fn truncation_field(name: &str, type_oid: Oid) -> Result<Field> {
    // Parts that are no spans of time are not even known here.
    Field::find(name)
        .filter(|field| {
            !matches!(
                field,
                Field::Julian
                    | Field::IsoYear
                    | Field::DayOfWeek
                    | Field::IsoDayOfWeek
                    | Field::DayOfYear
                    | Field::Epoch
            )
        })
        .ok_or_else(|| unrecognized(name, type_oid))
}

/// `None` for parts that nothing is truncated to.
fn truncate(field: Field, local: i64) -> Option<Result<i64>> {
    let unit = match field {
        Field::Microseconds => 1,
        Field::Milliseconds => 1000,
        Field::Second => MICROSECONDS_PER_SECOND,
        Field::Minute => MICROSECONDS_PER_MINUTE,
        Field::Hour => MICROSECONDS_PER_HOUR,
        Field::Day => MICROSECONDS_PER_DAY,
        _ => 0,
    };
    if unit != 0 {
        return Some(Ok(local.div_euclid(unit) * unit));
    }
    let days = split_timestamp(local).0;
    let civil = calendar::civil_from_days(days);
    let year = civil.year;
    let start = |year: i32, month: i32| calendar::days_from_civil(year, month, 1);
    let first = match field {
        Field::Week => i64::from(days) - i64::from((calendar::day_of_week(days) + 6) % 7),
        Field::Month => start(year, civil.month),
        Field::Quarter => start(year, (civil.month - 1) / 3 * 3 + 1),
        Field::Year => start(year, 1),
        Field::Decade if year > 0 => start(year / 10 * 10, 1),
        Field::Decade => start(-((8 - (year - 1)) / 10) * 10, 1),
        Field::Century if year > 0 => start((year + 99) / 100 * 100 - 99, 1),
        Field::Century => start(-((99 - (year - 1)) / 100) * 100 + 1, 1),
        Field::Millennium if year > 0 => start((year + 999) / 1000 * 1000 - 999, 1),
        Field::Millennium => start(-((999 - (year - 1)) / 1000) * 1000 + 1, 1),
        _ => return None,
    };
    Some(checked_timestamp(first.checked_mul(MICROSECONDS_PER_DAY)))
}

/// `date_trunc` of an interval.
pub fn interval_trunc(name: &str, span: &Interval) -> Result<Interval> {
    let field = truncation_field(name, oid::INTERVAL)?;
    let Interval { months, days, microseconds } = *span;
    let of_months = |unit: i32| Interval { months: months / unit * unit, days: 0, microseconds: 0 };
    let of_time = |unit: i64| Interval { months, days, microseconds: microseconds / unit * unit };
    Ok(match field {
        Field::Millennium => of_months(12_000),
        Field::Century => of_months(1200),
        Field::Decade => of_months(120),
        Field::Year => of_months(12),
        Field::Quarter => of_months(3),
        Field::Month => of_months(1),
        Field::Day => Interval { months, days, microseconds: 0 },
        Field::Hour => of_time(MICROSECONDS_PER_HOUR),
        Field::Minute => of_time(MICROSECONDS_PER_MINUTE),
        Field::Second => of_time(MICROSECONDS_PER_SECOND),
        Field::Milliseconds => of_time(1000),
        Field::Microseconds => *span,
        Field::Week => {
            return Err(unsupported(name, oid::INTERVAL)
                .with_detail("Months usually have fractional weeks."));
        }
        _ => return Err(unsupported(name, oid::INTERVAL)),
    })
}

/// The start of the bin of `stride` that `value` falls in, bins counted from `origin`.
pub fn date_bin(stride: &Interval, value: i64, origin: i64) -> Result<i64> {
    if !is_finite(value) {
        return Ok(value);
    }
    if !is_finite(origin) {
        return Err(out_of_range("origin"));
    }
    if stride.months != 0 {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "timestamps cannot be binned into intervals containing months or years",
        ));
    }
    let stride = i64::from(stride.days)
        .checked_mul(MICROSECONDS_PER_DAY)
        .and_then(|days| days.checked_add(stride.microseconds))
        .ok_or_else(|| out_of_range("interval"))?;
    if stride <= 0 {
        return Err(Error::new(
            sqlstate::DATETIME_VALUE_OUT_OF_RANGE,
            "stride must be greater than zero",
        ));
    }
    let distance = value.checked_sub(origin).ok_or_else(|| out_of_range("interval"))?;
    checked_timestamp(origin.checked_add(distance.div_euclid(stride) * stride))
}
