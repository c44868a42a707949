//! ISO 8601 durations: `P1Y2M3DT4H5M6S`, and the alternative form
//! `P0001-02-03T04:05:06`, basic (`P00010203T040506`) or extended.

use super::fault::{Decoded, Fault};
use super::interval_text::{Parts, Unit};

/// The digits of a date without hyphens, and of a time without colons.
const BASIC_DATE_WIDTH: usize = 8;
const BASIC_TIME_WIDTH: usize = 6;

/// `None` when the text is no duration at all.
pub fn decode(text: &str) -> Option<Decoded<Parts>> {
    let body = text.trim_end().strip_prefix('P').filter(|_| text.is_ascii())?;
    Some(if body.is_empty() { Err(Fault::BadFormat) } else { duration(body) })
}

fn duration(body: &str) -> Decoded<Parts> {
    let mut parts = Parts::default();
    let (date, time) = match body.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (body, None),
    };
    match date {
        "" if time.is_some() => {}
        date if is_alternative(date) => alternative_date(date, &mut parts)?,
        date => designated(date, date_unit, &mut parts)?,
    }
    match time {
        Some(time) if is_alternative(time) => alternative_time(time, &mut parts)?,
        Some(time) => designated(time, time_unit, &mut parts)?,
        None => {}
    }
    Ok(parts)
}

fn date_unit(letter: char) -> Option<Unit> {
    Some(match letter {
        'Y' => Unit::Year,
        'M' => Unit::Month,
        'W' => Unit::Week,
        'D' => Unit::Day,
        _ => return None,
    })
}

fn time_unit(letter: char) -> Option<Unit> {
    Some(match letter {
        'H' => Unit::Hour,
        'M' => Unit::Minute,
        'S' => Unit::Second,
        _ => return None,
    })
}

/// Whether the first number has no unit after it.
fn is_alternative(text: &str) -> bool {
    let rest = decimal(text).map(|(_, _, rest)| rest);
    rest.is_ok_and(|rest| rest.is_empty() || rest.starts_with(['-', ':']))
}

/// Numbers each followed by a unit's letter.
fn designated(text: &str, unit: fn(char) -> Option<Unit>, parts: &mut Parts) -> Decoded<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let (whole, fraction, after) = decimal(rest)?;
        let letter = after.chars().next().ok_or(Fault::BadFormat)?;
        parts.add(unit(letter).ok_or(Fault::BadFormat)?, whole, fraction)?;
        rest = &after[letter.len_utf8()..];
    }
    Ok(())
}

/// A signed decimal, also with an exponent, as its whole part, its fraction (both
/// with the sign) and what follows. It is a double between: what does not fit into
/// one's 53 bits is lost, as in PostgreSQL.
fn decimal(text: &str) -> Decoded<(i64, f64, &str)> {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut found = whole;
    if text[end..].starts_with('.') {
        let fraction = digits(end + 1);
        found += fraction;
        end += 1 + fraction;
    }
    if found == 0 {
        return Err(Fault::BadFormat);
    }
    if text[end..].starts_with(['e', 'E']) {
        let signed = usize::from(text[end + 1..].starts_with(['-', '+']));
        let exponent = digits(end + 1 + signed);
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    let value: f64 = text[..end].parse().map_err(|_| Fault::BadFormat)?;
    let whole = value.trunc();
    // 2^63 is the first double that is too large.
    if !(-(2f64.powi(63))..2f64.powi(63)).contains(&whole) {
        return Err(Fault::FieldOverflow);
    }
    Ok((whole as i64, value - whole, &text[end..]))
}

/// How many digits a number begins with.
fn width(text: &str) -> usize {
    text.trim_start_matches('-').bytes().take_while(u8::is_ascii_digit).count()
}

/// `0001-02-03` or `00010203`, or only its first fields.
fn alternative_date(text: &str, parts: &mut Parts) -> Decoded<()> {
    let (whole, fraction, rest) = decimal(text)?;
    if rest.is_empty() && width(text) == BASIC_DATE_WIDTH {
        parts.add(Unit::Year, whole / 10_000, 0.0)?;
        parts.add(Unit::Month, whole / 100 % 100, 0.0)?;
        return parts.add(Unit::Day, whole % 100, fraction);
    }
    alternative(text, '-', &[Unit::Year, Unit::Month, Unit::Day], parts)
}

/// `04:05:06` or `040506`, or only its first fields.
fn alternative_time(text: &str, parts: &mut Parts) -> Decoded<()> {
    let (whole, fraction, rest) = decimal(text)?;
    if rest.is_empty() && width(text) == BASIC_TIME_WIDTH {
        parts.add(Unit::Hour, whole / 10_000, 0.0)?;
        parts.add(Unit::Minute, whole / 100 % 100, 0.0)?;
        return parts.add(Unit::Second, whole % 100, fraction);
    }
    alternative(text, ':', &[Unit::Hour, Unit::Minute, Unit::Second], parts)
}

fn alternative(text: &str, separator: char, units: &[Unit], parts: &mut Parts) -> Decoded<()> {
    let mut rest = text;
    for unit in units {
        let (whole, fraction, after) = decimal(rest)?;
        parts.add(*unit, whole, fraction)?;
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(()),
            None => return Err(Fault::BadFormat),
        }
    }
    Err(Fault::BadFormat)
}
