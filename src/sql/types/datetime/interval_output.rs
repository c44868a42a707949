//! Printing intervals in the four IntervalStyles.

use super::split_time;
use crate::sql::types::Interval;
use crate::sql::types::context::IntervalStyle;
use crate::sql::types::integer;

/// An interval's fields as they print: each with its own sign.
struct Fields {
    years: i64,
    months: i64,
    days: i64,
    hours: i64,
    minutes: i64,
    seconds: i64,
    microseconds: i64,
}

impl Fields {
    fn new(value: &Interval) -> Fields {
        let (hours, minutes, seconds, microseconds) = split_time(value.microseconds);
        Fields {
            years: i64::from(value.months / 12),
            months: i64::from(value.months % 12),
            days: i64::from(value.days),
            hours,
            minutes,
            seconds,
            microseconds,
        }
    }

    fn all(&self) -> [i64; 7] {
        let Fields { years, months, days, hours, minutes, seconds, microseconds } = *self;
        [years, months, days, hours, minutes, seconds, microseconds]
    }

    fn has_time(&self) -> bool {
        self.all()[3..].iter().any(|part| *part != 0)
    }

    fn time_is_negative(&self) -> bool {
        self.all()[3..].iter().any(|part| *part < 0)
    }

    fn negated(&self) -> Fields {
        Fields {
            years: -self.years,
            months: -self.months,
            days: -self.days,
            hours: -self.hours,
            minutes: -self.minutes,
            seconds: -self.seconds,
            microseconds: -self.microseconds,
        }
    }
}

/// Appends the interval's text.
pub fn write_interval(value: &Interval, style: IntervalStyle, out: &mut Vec<u8>) {
    let fields = Fields::new(value);
    match style {
        IntervalStyle::Postgres => postgres(&fields, out),
        IntervalStyle::PostgresVerbose => verbose(&fields, out),
        IntervalStyle::SqlStandard => sql_standard(fields, out),
        IntervalStyle::Iso8601 => iso_8601(&fields, out),
    }
}

fn padded(value: i64, out: &mut Vec<u8>) {
    if value < 10 {
        out.push(b'0');
    }
    integer::write(value, out);
}

/// Seconds with the fraction's trailing zeros dropped.
fn seconds(seconds: i64, microseconds: i64, pad: bool, out: &mut Vec<u8>) {
    let whole = seconds.abs();
    if pad {
        padded(whole, out)
    } else {
        integer::write(whole, out)
    }
    super::output::write_fraction(microseconds.abs(), out);
}

/// `h:mm:ss.f` (or `hh:`) without a sign.
fn clock(fields: &Fields, pad: bool, out: &mut Vec<u8>) {
    let hours = fields.hours.abs();
    if pad {
        padded(hours, out)
    } else {
        integer::write(hours, out)
    }
    out.push(b':');
    padded(fields.minutes.abs(), out);
    out.push(b':');
    seconds(fields.seconds, fields.microseconds, true, out);
}

/// `1 year 2 mons -3 days +04:05:06`: a sign is shown where it changes.
fn postgres(fields: &Fields, out: &mut Vec<u8>) {
    let mut first = true;
    let mut negative = false;
    for (value, unit) in [(fields.years, "year"), (fields.months, "mon"), (fields.days, "day")] {
        if value == 0 {
            continue;
        }
        if !first {
            out.push(b' ');
        }
        if negative && value > 0 {
            out.push(b'+');
        }
        integer::write(value, out);
        out.push(b' ');
        out.extend_from_slice(unit.as_bytes());
        if value != 1 {
            out.push(b's');
        }
        negative = value < 0;
        first = false;
    }
    if first || fields.has_time() {
        if !first {
            out.push(b' ');
        }
        if fields.time_is_negative() {
            out.push(b'-');
        } else if negative {
            out.push(b'+');
        }
        clock(fields, true, out);
    }
}

/// `@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs ago`: signs are relative to
/// the first field's.
fn verbose(fields: &Fields, out: &mut Vec<u8>) {
    out.push(b'@');
    let mut ago = None;
    let units = ["year", "mon", "day", "hour", "min"];
    for (value, unit) in fields.all().into_iter().zip(units) {
        if value == 0 {
            continue;
        }
        let negate = *ago.get_or_insert(value < 0);
        let value = if negate { -value } else { value };
        out.push(b' ');
        integer::write(value, out);
        out.push(b' ');
        out.extend_from_slice(unit.as_bytes());
        if value != 1 {
            out.push(b's');
        }
    }
    if fields.seconds != 0 || fields.microseconds != 0 {
        let negative = fields.seconds < 0 || fields.microseconds < 0;
        let negate = *ago.get_or_insert(negative);
        out.push(b' ');
        if negative != negate {
            out.push(b'-');
        }
        seconds(fields.seconds, fields.microseconds, false, out);
        out.extend_from_slice(b" sec");
        if fields.seconds.abs() != 1 || fields.microseconds != 0 {
            out.push(b's');
        }
    }
    match ago {
        None => out.extend_from_slice(b" 0"),
        Some(true) => out.extend_from_slice(b" ago"),
        Some(false) => {}
    }
}

/// SQL's `1-2`, `3 4:05:06`; with explicit signs where they are mixed.
fn sql_standard(fields: Fields, out: &mut Vec<u8>) {
    let all = fields.all();
    let has_negative = all.iter().any(|part| *part < 0);
    let has_positive = all.iter().any(|part| *part > 0);
    let has_year_month = fields.years != 0 || fields.months != 0;
    let has_day_time = fields.days != 0 || fields.has_time();
    if !has_negative && !has_positive {
        return out.push(b'0');
    }
    if (has_negative && has_positive) || (has_year_month && has_day_time) {
        return mixed_sql_standard(&fields, out);
    }
    let fields = if has_negative {
        out.push(b'-');
        fields.negated()
    } else {
        fields
    };
    if has_year_month {
        integer::write(fields.years, out);
        out.push(b'-');
        return integer::write(fields.months, out);
    }
    if fields.days != 0 {
        integer::write(fields.days, out);
        out.push(b' ');
    }
    clock(&fields, false, out);
}

fn mixed_sql_standard(fields: &Fields, out: &mut Vec<u8>) {
    let sign = |negative: bool| if negative { b'-' } else { b'+' };
    out.push(sign(fields.years < 0 || fields.months < 0));
    integer::write(fields.years.abs(), out);
    out.push(b'-');
    integer::write(fields.months.abs(), out);
    out.extend_from_slice(&[b' ', sign(fields.days < 0)]);
    integer::write(fields.days.abs(), out);
    out.extend_from_slice(&[b' ', sign(fields.time_is_negative())]);
    clock(fields, false, out);
}

/// `P1Y2M3DT4H5M6S`.
fn iso_8601(fields: &Fields, out: &mut Vec<u8>) {
    if fields.all().iter().all(|part| *part == 0) {
        return out.extend_from_slice(b"PT0S");
    }
    let part = |value: i64, letter: u8, out: &mut Vec<u8>| {
        if value != 0 {
            integer::write(value, out);
            out.push(letter);
        }
    };
    out.push(b'P');
    part(fields.years, b'Y', out);
    part(fields.months, b'M', out);
    part(fields.days, b'D', out);
    if !fields.has_time() {
        return;
    }
    out.push(b'T');
    part(fields.hours, b'H', out);
    part(fields.minutes, b'M', out);
    if fields.seconds != 0 || fields.microseconds != 0 {
        if fields.seconds < 0 || fields.microseconds < 0 {
            out.push(b'-');
        }
        seconds(fields.seconds, fields.microseconds, false, out);
        out.push(b'S');
    }
}
