//! Reading intervals: `1 year 2 mons -3 days 04:05:06`, SQL's `1-2 3 4:05:06`,
//! and ISO 8601 through `interval_iso`.
//!
//! Fields are taken from right to left, so that a unit is known before its
//! number. A fraction of a unit spills into the smaller ones: half a month is
//! 15 days, half a day 12 hours.

use super::clock::ClockTime;
use super::fault::{Decoded, Fault};
use super::interval_typmod::{IntervalTypmod, fit_interval, range};
use super::lexer::{self, Field, FieldKind};
use super::{MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, interval_iso};
use crate::error::Error;
use crate::error::Result;
use crate::sql::types::context::{InputContext, IntervalStyle};
use crate::sql::types::{Interval, datum};
use crate::sqlstate;

/// A unit of time, as interval text and `date_trunc` name them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    Microsecond,
    Millisecond,
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
}

impl Unit {
    /// Finds a lower-case unit word, as intervals spell them.
    pub fn find(text: &str) -> Option<Unit> {
        let text = text.get(..super::word::WORD_LENGTH).unwrap_or(text);
        Some(match text {
            "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecon" => Unit::Microsecond,
            "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecon" => Unit::Millisecond,
            "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
            "d" | "day" | "days" => Unit::Day,
            "w" | "week" | "weeks" => Unit::Week,
            "mon" | "mons" | "month" | "months" => Unit::Month,
            "qtr" | "quarter" => Unit::Quarter,
            "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
            "dec" | "decs" | "decade" | "decades" => Unit::Decade,
            "c" | "cent" | "century" | "centuries" => Unit::Century,
            "mil" | "mils" | "millennia" | "millennium" => Unit::Millennium,
            _ => return None,
        })
    }
}

/// An interval while it is read, in wider fields.
#[derive(Clone, Copy, Default, Debug)]
pub struct Parts {
    pub years: i64,
    pub months: i64,
    pub days: i64,
    pub microseconds: i64,
}

fn plus(total: &mut i64, value: i64) -> Decoded<()> {
    *total = total.checked_add(value).ok_or(Fault::FieldOverflow)?;
    Ok(())
}

/// For the parts that have 32 bits: years, months, days.
fn plus_small(total: &mut i64, value: i64) -> Decoded<()> {
    plus(total, value)?;
    if i32::try_from(*total).is_ok() { Ok(()) } else { Err(Fault::FieldOverflow) }
}

impl Parts {
    /// Adds `whole + fraction` of a unit, the fraction spilling downwards.
    pub fn add(&mut self, unit: Unit, whole: i64, fraction: f64) -> Decoded<()> {
        let scaled = |factor: i64| whole.checked_mul(factor).ok_or(Fault::FieldOverflow);
        match unit {
            Unit::Microsecond => {
                plus(&mut self.microseconds, whole)?;
                self.add_rounded(fraction)
            }
            Unit::Millisecond => self.add_time(scaled(1000)?, fraction * 1000.0),
            Unit::Second => self.add_time(scaled(1_000_000)?, fraction * 1e6),
            Unit::Minute => {
                self.add_time(scaled(MICROSECONDS_PER_MINUTE)?, 0.0)?;
                self.add_fraction(fraction, MICROSECONDS_PER_MINUTE)
            }
            Unit::Hour => {
                self.add_time(scaled(MICROSECONDS_PER_HOUR)?, 0.0)?;
                self.add_fraction(fraction, MICROSECONDS_PER_HOUR)
            }
            Unit::Day => {
                plus_small(&mut self.days, whole)?;
                self.add_fraction(fraction, MICROSECONDS_PER_DAY)
            }
            Unit::Week => {
                plus_small(&mut self.days, scaled(7)?)?;
                self.add_days(fraction, 7)
            }
            Unit::Month => {
                plus_small(&mut self.months, whole)?;
                self.add_days(fraction, 30)
            }
            Unit::Year => self.add_years(whole, fraction, 1),
            Unit::Decade => self.add_years(scaled(10)?, fraction, 10),
            Unit::Century => self.add_years(scaled(100)?, fraction, 100),
            Unit::Millennium => self.add_years(scaled(1000)?, fraction, 1000),
            Unit::Quarter => Err(Fault::BadFormat),
        }
    }

    fn add_years(&mut self, years: i64, fraction: f64, scale: i64) -> Decoded<()> {
        plus_small(&mut self.years, years)?;
        plus_small(&mut self.months, (fraction * scale as f64 * 12.0).round_ties_even() as i64)
    }

    fn add_time(&mut self, microseconds: i64, fraction: f64) -> Decoded<()> {
        plus(&mut self.microseconds, microseconds)?;
        self.add_rounded(fraction)
    }

    fn add_rounded(&mut self, microseconds: f64) -> Decoded<()> {
        plus(&mut self.microseconds, microseconds.round_ties_even() as i64)
    }

    /// A fraction of a unit of `scale` microseconds.
    fn add_fraction(&mut self, fraction: f64, scale: i64) -> Decoded<()> {
        if fraction == 0.0 {
            return Ok(());
        }
        let exact = fraction * scale as f64;
        let whole = exact.trunc();
        let rest = exact - whole;
        plus(&mut self.microseconds, whole as i64 + i64::from(rest > 0.5) - i64::from(rest < -0.5))
    }

    /// A fraction of a unit of `scale` days, what is left of a day as time.
    fn add_days(&mut self, fraction: f64, scale: i64) -> Decoded<()> {
        if fraction == 0.0 {
            return Ok(());
        }
        let exact = fraction * scale as f64;
        plus_small(&mut self.days, exact as i64)?;
        self.add_fraction(exact - exact.trunc(), MICROSECONDS_PER_DAY)
    }

    /// The lowest value of a part has no opposite.
    fn negate(&mut self) -> Decoded<()> {
        for part in [&mut self.years, &mut self.months, &mut self.days] {
            *part = -*part;
            i32::try_from(*part).map_err(|_| Fault::FieldOverflow)?;
        }
        self.microseconds = self.microseconds.checked_neg().ok_or(Fault::FieldOverflow)?;
        Ok(())
    }

    pub fn to_interval(self) -> Option<Interval> {
        let months = self.years.checked_mul(12)?.checked_add(self.months)?;
        Some(Interval {
            months: i32::try_from(months).ok()?,
            days: i32::try_from(self.days).ok()?,
            microseconds: self.microseconds,
        })
    }
}

/// Reads an interval; the modifier says which field a bare number is, and
/// what is kept of the result.
pub fn parse_interval(
    text: &str,
    typmod: i32,
    context: &InputContext<'_>,
) -> Result<datum::Interval> {
    let fields = IntervalTypmod::decode(typmod).range;
    let mut decoded = match lexer::fields(text) {
        Some(found) => decode(&found, fields, context.interval_style),
        None => Err(Fault::BadFormat),
    };
    if decoded == Err(Fault::BadFormat)
        && let Some(parts) = interval_iso::decode(text.trim_start())
    {
        decoded = parts;
    }
    let parts = match decoded {
        Ok(parts) => parts,
        Err(Fault::FieldOverflow) => {
            return Err(Fault::IntervalOverflow.error(text, "interval"));
        }
        Err(fault) => return Err(fault.error(text, "interval")),
    };
    let interval = parts.to_interval().ok_or_else(|| {
        Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, "interval out of range")
    })?;
    fit_interval(interval, typmod)
}

impl PartialEq for Parts {
    fn eq(&self, other: &Parts) -> bool {
        (self.years, self.months, self.days, self.microseconds)
            == (other.years, other.months, other.days, other.microseconds)
    }
}

/// What has been read, as bits: each part only once.
mod part {
    pub const TIME: u32 = SECOND | MINUTE | HOUR | MILLISECOND | MICROSECOND;
    pub const MICROSECOND: u32 = 1;
    pub const MILLISECOND: u32 = 2;
    pub const SECOND: u32 = 4;
    pub const MINUTE: u32 = 8;
    pub const HOUR: u32 = 16;
    pub const DAY: u32 = 32;
    pub const WEEK: u32 = 64;
    pub const MONTH: u32 = 128;
    pub const YEAR: u32 = 256;
    pub const DECADE: u32 = 512;
    pub const CENTURY: u32 = 1024;
    pub const MILLENNIUM: u32 = 2048;
}

fn part_of(unit: Unit, fraction: f64) -> u32 {
    match unit {
        Unit::Microsecond => part::MICROSECOND,
        Unit::Millisecond => part::MILLISECOND,
        // A fraction of a second is its own milli- and microseconds.
        Unit::Second if fraction != 0.0 => part::SECOND | part::MILLISECOND | part::MICROSECOND,
        Unit::Second => part::SECOND,
        Unit::Minute => part::MINUTE,
        Unit::Hour => part::HOUR,
        Unit::Day => part::DAY,
        Unit::Week => part::WEEK,
        Unit::Month => part::MONTH,
        Unit::Year | Unit::Quarter => part::YEAR,
        Unit::Decade => part::DECADE,
        Unit::Century => part::CENTURY,
        Unit::Millennium => part::MILLENNIUM,
    }
}

fn decode(fields: &[Field], range: u32, style: IntervalStyle) -> Decoded<Parts> {
    let mut parts = Parts::default();
    let mut found = 0;
    let mut unit = None;
    let mut unit_pending = false;
    let mut ago = false;
    let all_negative = style == IntervalStyle::SqlStandard && leading_sign_is_for_all(fields);
    for field in fields.iter().rev() {
        let marked = match field.kind {
            FieldKind::Time => {
                clock(&field.text, if all_negative { -1 } else { 1 }, range, &mut parts)?;
                unit = Some(Unit::Day);
                unit_pending = false;
                part::TIME
            }
            FieldKind::Zone if is_signed_clock(&field.text) => {
                let sign = if field.text.starts_with('-') { -1 } else { 1 };
                clock(&field.text[1..], sign, range, &mut parts)?;
                unit = Some(Unit::Day);
                unit_pending = false;
                part::TIME
            }
            FieldKind::Number | FieldKind::Date | FieldKind::Zone => {
                let mut current = unit.unwrap_or_else(|| rightmost_unit(range));
                let marked = number(&field.text, all_negative, &mut current, &mut parts)?;
                unit = Some(if current == Unit::Hour { Unit::Day } else { current });
                unit_pending = false;
                marked
            }
            FieldKind::String | FieldKind::Special => {
                if unit_pending {
                    return Err(Fault::BadFormat);
                }
                match field.text.as_str() {
                    "ago" => ago = true,
                    "at" | "on" => {}
                    word => {
                        unit = Some(Unit::find(word).ok_or(Fault::BadFormat)?);
                        unit_pending = true;
                    }
                }
                0
            }
        };
        if marked & found != 0 {
            return Err(Fault::BadFormat);
        }
        found |= marked;
    }
    if found == 0 || unit_pending {
        return Err(Fault::BadFormat);
    }
    if ago {
        parts.negate()?;
    }
    Ok(parts)
}

/// SQL reads `-1 1:00` as minus one day and one hour, unless more signs follow.
fn leading_sign_is_for_all(fields: &[Field]) -> bool {
    let signed = |field: &Field| field.text.starts_with(['-', '+']);
    match fields.split_first() {
        Some((first, rest)) => first.text.starts_with('-') && !rest.iter().any(signed),
        None => false,
    }
}

fn is_signed_clock(text: &str) -> bool {
    text.contains(':') && ClockTime::parse(&text[1..]).is_ok()
}

fn clock(text: &str, sign: i64, range: u32, parts: &mut Parts) -> Decoded<()> {
    let mut time = ClockTime::parse(text)?;
    if time.ambiguous && range == range::MINUTE | range::SECOND {
        (time.hour, time.minute, time.second) = (0, time.hour, time.minute);
    }
    parts.add(Unit::Hour, sign * time.hour, 0.0)?;
    parts.add(Unit::Minute, sign * time.minute, 0.0)?;
    parts.add(Unit::Second, sign * time.second, 0.0)?;
    parts.add(Unit::Microsecond, sign * time.microsecond, 0.0)
}

/// What a number without a unit is: the modifier's smallest field.
fn rightmost_unit(range: u32) -> Unit {
    if range == range::FULL || range & range::SECOND != 0 {
        Unit::Second
    } else if range & range::MINUTE != 0 {
        Unit::Minute
    } else if range & range::HOUR != 0 {
        Unit::Hour
    } else if range & range::DAY != 0 {
        Unit::Day
    } else if range & range::MONTH != 0 {
        Unit::Month
    } else {
        Unit::Year
    }
}

/// A number, or SQL's `years-months`, which makes the unit months. `all_negative` says
/// that a sign before all of the text is this number's too.
fn number(text: &str, all_negative: bool, unit: &mut Unit, parts: &mut Parts) -> Decoded<u32> {
    let digits_start = usize::from(text.starts_with(['-', '+']));
    let digits = text[digits_start..].bytes().take_while(u8::is_ascii_digit).count();
    let (head, rest) = text.split_at(digits_start + digits);
    let written_negative = text.starts_with('-');
    let negative = written_negative || all_negative;
    let value: i64 = match head.parse::<i64>() {
        Ok(value) if all_negative && !written_negative => -value,
        Ok(value) => value,
        Err(_) if digits == 0 && rest.starts_with('.') => 0,
        Err(_) if digits == 0 => return Err(Fault::BadFormat),
        Err(_) => return Err(Fault::FieldOverflow),
    };
    if let Some(months) = rest.strip_prefix('-') {
        let months: i64 = match months.parse() {
            Ok(months) if (0..12).contains(&months) => months,
            Ok(_) => return Err(Fault::FieldOverflow),
            Err(_) => return Err(Fault::BadFormat),
        };
        *unit = Unit::Month;
        let total = value.checked_mul(12).ok_or(Fault::FieldOverflow)?;
        let total = total + if negative { -months } else { months };
        parts.add(Unit::Month, total, 0.0)?;
        return Ok(part::MONTH);
    }
    let fraction = match rest {
        "" => 0.0,
        rest if rest.starts_with('.') && rest[1..].bytes().all(|b| b.is_ascii_digit()) => {
            let fraction: f64 = format!("0{rest}0").parse().map_err(|_| Fault::BadFormat)?;
            if negative { -fraction } else { fraction }
        }
        _ => return Err(Fault::BadFormat),
    };
    parts.add(*unit, value, fraction)?;
    Ok(part_of(*unit, fraction))
}
