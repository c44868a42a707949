//! Instants in payloads: RFC 3339 and what Qdrant takes beside it. No zone means UTC.

const DAY_SECONDS: i64 = 86_400;

/// Microseconds since 1970-01-01 UTC; none if it is none.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let date = text.get(..10)?;
    let (year, month, day) = (date.get(..4)?, date.get(5..7)?, date.get(8..)?);
    if date.as_bytes()[4] != b'-' || date.as_bytes()[7] != b'-' {
        return None;
    }
    let days = days(number(year)?, number(month)?, number(day)?)?;
    let rest = &text[10..];
    if rest.is_empty() {
        return days.checked_mul(DAY_SECONDS * 1_000_000);
    }
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = zone(clock)?;
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (two(parts.next()?)?, two(parts.next()?)?);
    let (second, fraction) = match parts.next() {
        None => (0, 0),
        Some(second) => match second.split_once('.') {
            None => (two(second)?, 0),
            Some((second, digits)) => (two(second)?, micros(digits)?),
        },
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days * DAY_SECONDS + hour * 3_600 + minute * 60 + second - offset;
    Some(seconds * 1_000_000 + fraction)
}

/// The same as text.
pub fn print(instant: i64) -> String {
    let (seconds, micros) = (instant.div_euclid(1_000_000), instant.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn two(text: &str) -> Option<i64> {
    number(text).filter(|_| text.len() == 2)
}

/// The first six digits of a fraction.
fn micros(digits: &str) -> Option<i64> {
    number(digits)?;
    let mut value = 0;
    for at in 0..6 {
        let digit = digits.as_bytes().get(at).map_or(0, |byte| i64::from(byte - b'0'));
        value = value * 10 + digit;
    }
    Some(value)
}

/// A clock's text, and seconds east of UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(['Z', 'z'])) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    let (clock, offset) = (text[..at].strip_suffix(' ').unwrap_or(&text[..at]), &text[at + 1..]);
    let (hours, minutes) = match offset.split_once(':') {
        Some((hours, minutes)) => (two(hours)?, two(minutes)?),
        None if offset.len() == 4 => (two(offset.get(..2)?)?, two(offset.get(2..)?)?),
        None => (two(offset)?, 0),
    };
    (hours < 24 && minutes < 60).then_some((clock, sign * (hours * 3_600 + minutes * 60)))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > length {
        return None;
    }
    // Years begin in March, so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + carry, month, day)
}

#[cfg(test)]
mod tests {
    use super::{parse, print};

    #[test]
    fn instants_are_read_and_printed() {
        assert_eq!(parse("1970-01-01"), Some(0));
        assert_eq!(parse("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(parse("2000-03-01 00:00"), Some(951_868_800_000_000));
        assert_eq!(parse("2021-06-01T12:00:00.1234567+02:00"), Some(1_622_541_600_123_456));
        assert_eq!(parse("1969-12-31 23:00:00 -0100"), Some(0));
        assert_eq!(parse("1970-01-01 01:00:00+01"), Some(0));
        for wrong in ["", "2021", "2021-02-29", "2021-13-01", "2021-01-01T25:00", "2021-01-01 12"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        for text in ["0001-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z"] {
            assert_eq!(parse(text).map(print).as_deref(), Some(text));
        }
    }
}
