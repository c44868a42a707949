//! ISO 8601 durations: `P1Y2M3DT4H5M6S`, and the alternative form
//! `P0001-02-03T04:05:06`.

use super::fault::{Decoded, Fault};
use super::interval_text::{Parts, Unit};

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
    if has_no_letters(date) {
        alternative_date(date, &mut parts)?;
    } else {
        designated(date, date_unit, &mut parts)?;
    }
    match time {
        Some(time) if has_no_letters(time) => alternative_time(time, &mut parts)?,
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

fn has_no_letters(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_ascii_alphabetic())
}

/// Numbers each followed by a unit's letter.
fn designated(text: &str, unit: fn(char) -> Option<Unit>, parts: &mut Parts) -> Decoded<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or(Fault::BadFormat)?;
        let letter = rest[end..].chars().next().ok_or(Fault::BadFormat)?;
        let (whole, fraction) = decimal(&rest[..end])?;
        parts.add(unit(letter).ok_or(Fault::BadFormat)?, whole, fraction)?;
        rest = &rest[end + letter.len_utf8()..];
    }
    Ok(())
}

/// A signed decimal as its whole part and its fraction, both with the sign.
fn decimal(text: &str) -> Decoded<(i64, f64)> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err(Fault::BadFormat);
    }
    let whole: i64 = format!("0{whole}").parse().map_err(|_| Fault::FieldOverflow)?;
    let fraction: f64 = format!("0.{fraction}0").parse().map_err(|_| Fault::BadFormat)?;
    Ok((sign * whole, sign as f64 * fraction))
}

/// `0001-02-03` or `00010203`.
fn alternative_date(text: &str, parts: &mut Parts) -> Decoded<()> {
    let negative = text.starts_with('-');
    let fields: Vec<&str> = if text[1..].contains('-') {
        text[usize::from(negative)..].split('-').collect()
    } else if text.len() == 8 {
        vec![&text[..4], &text[4..6], &text[6..]]
    } else {
        return Err(Fault::BadFormat);
    };
    let units = [Unit::Year, Unit::Month, Unit::Day];
    if fields.len() > units.len() {
        return Err(Fault::BadFormat);
    }
    for (index, (field, unit)) in fields.iter().zip(units).enumerate() {
        let (whole, fraction) = decimal(field)?;
        let sign = if negative && index == 0 { -1 } else { 1 };
        parts.add(unit, sign * whole, fraction)?;
    }
    Ok(())
}

/// `04:05:06` or `040506`.
fn alternative_time(text: &str, parts: &mut Parts) -> Decoded<()> {
    let fields: Vec<&str> = if text.contains(':') {
        text.split(':').collect()
    } else if text.len() == 6 {
        vec![&text[..2], &text[2..4], &text[4..]]
    } else {
        return Err(Fault::BadFormat);
    };
    let units = [Unit::Hour, Unit::Minute, Unit::Second];
    if fields.len() > units.len() {
        return Err(Fault::BadFormat);
    }
    for (field, unit) in fields.iter().zip(units) {
        let (whole, fraction) = decimal(field)?;
        parts.add(unit, whole, fraction)?;
    }
    Ok(())
}
