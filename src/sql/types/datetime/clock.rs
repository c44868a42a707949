//! Clock times and zone offsets as they are written: `04:05:06.789`, `-08:30`.

use super::fault::{Decoded, Fault};

/// Hours, minutes, seconds as written: `h:m`, `h:m:s.f`, `m:s.f`.
pub struct ClockTime {
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub microsecond: i64,
    /// Two parts without a fraction, which some intervals read as minutes and seconds.
    pub ambiguous: bool,
}

impl ClockTime {
    pub fn parse(text: &str) -> Decoded<ClockTime> {
        let (hour, rest) = text.split_once(':').ok_or(Fault::BadFormat)?;
        let hour = parse_part(hour)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let minute = parse_part(&rest[..end])?;
        let rest = &rest[end..];
        let mut time =
            ClockTime { hour, minute, second: 0, microsecond: 0, ambiguous: rest.is_empty() };
        if rest.starts_with('.') {
            // A fraction after two parts: minutes and seconds.
            time.microsecond = parse_fraction(rest)?;
            (time.hour, time.minute, time.second) = (0, time.hour, time.minute);
        } else if let Some(rest) = rest.strip_prefix(':') {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            time.second = parse_part(&rest[..end])?;
            if end < rest.len() {
                time.microsecond = parse_fraction(&rest[end..])?;
            }
        }
        if !(0..60).contains(&time.minute) || !(0..=60).contains(&time.second) {
            return Err(Fault::FieldOverflow);
        }
        Ok(time)
    }
}

fn parse_part(text: &str) -> Decoded<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::BadFormat);
    }
    text.parse().map_err(|_| Fault::FieldOverflow)
}

/// `.ddd` as microseconds, rounded as C's `rint` does.
pub fn parse_fraction(text: &str) -> Decoded<i64> {
    let digits = text.strip_prefix('.').ok_or(Fault::BadFormat)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::BadFormat);
    }
    let fraction: f64 = format!("0.{digits}0").parse().map_err(|_| Fault::BadFormat)?;
    Ok((fraction * 1e6).round_ties_even() as i64)
}

/// `+hh`, `-hh:mm`, `+hhmm`, `+hh:mm:ss` as seconds east of UTC.
pub fn parse_offset(text: &str) -> Decoded<i32> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        _ => return Err(Fault::BadFormat),
    };
    let mut parts = digits.split(':');
    let first = parts.next().unwrap_or_default();
    let number = |text: &str| -> Decoded<i32> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Fault::BadFormat);
        }
        text.parse().map_err(|_| Fault::ZoneOverflow)
    };
    let mut hour = number(first)?;
    let mut minute = 0;
    let mut second = 0;
    // A colon may stand without anything after it.
    let further = |text: &str| if text.is_empty() { Ok(0) } else { number(text) };
    match parts.next() {
        Some(text) => {
            minute = further(text)?;
            if let Some(text) = parts.next() {
                second = further(text)?;
            }
        }
        None if first.len() > 2 => {
            minute = hour % 100;
            hour /= 100;
        }
        None => {}
    }
    if parts.next().is_some() {
        return Err(Fault::BadFormat);
    }
    if hour > 15 || minute > 59 || second > 59 {
        return Err(Fault::ZoneOverflow);
    }
    Ok(sign * (hour * 3600 + minute * 60 + second))
}
