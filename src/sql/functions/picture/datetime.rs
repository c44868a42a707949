//! Dates and intervals by a picture: `to_char(now(), 'YYYY-MM-DD HH24:MI')`.

use crate::error::{Error, Result};
use crate::sql::types::datetime::{
    Zone, civil_from_days, day_of_week, day_of_year, is_finite, iso_week, iso_year, split_time,
    split_timestamp,
};
use crate::sql::types::{Interval, datetime};
use crate::sqlstate;

use super::number::{ordinal_suffix, quoted};

/// A pattern with its modifiers, or text copied as it is.
#[derive(Clone, Debug)]
pub enum Node {
    Pattern { pattern: Pattern, spelled: String, fill: bool, ordinal: Option<bool> },
    Text(String),
}

/// What a pattern stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    Hour12,
    Hour24,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    /// `FF1` … `FF6`
    Fraction(u8),
    SecondOfDay,
    /// `AM`, `PM`; with dots or without.
    Meridiem,
    Era,
    YearWithComma,
    /// The last digits of the year.
    Year(u8),
    IsoYear(u8),
    MonthName,
    MonthAbbreviation,
    Month,
    DayName,
    DayAbbreviation,
    DayOfYear,
    IsoDayOfYear,
    Day,
    DayOfWeek,
    IsoDayOfWeek,
    WeekOfMonth,
    WeekOfYear,
    IsoWeek,
    Century,
    JulianDay,
    Quarter,
    RomanMonth,
    ZoneAbbreviation,
    ZoneHour,
    ZoneMinute,
    ZoneOffset,
}

/// Patterns by their upper-case spelling; of two that match the longer is first.
const PATTERNS: &[(&str, Pattern)] = &[
    ("Y,YYY", Pattern::YearWithComma),
    ("MONTH", Pattern::MonthName),
    ("SSSSS", Pattern::SecondOfDay),
    ("SSSS", Pattern::SecondOfDay),
    ("IYYY", Pattern::IsoYear(4)),
    ("YYYY", Pattern::Year(4)),
    ("HH12", Pattern::Hour12),
    ("HH24", Pattern::Hour24),
    ("IDDD", Pattern::IsoDayOfYear),
    ("A.D.", Pattern::Era),
    ("B.C.", Pattern::Era),
    ("A.M.", Pattern::Meridiem),
    ("P.M.", Pattern::Meridiem),
    ("DAY", Pattern::DayName),
    ("DDD", Pattern::DayOfYear),
    ("FF1", Pattern::Fraction(1)),
    ("FF2", Pattern::Fraction(2)),
    ("FF3", Pattern::Fraction(3)),
    ("FF4", Pattern::Fraction(4)),
    ("FF5", Pattern::Fraction(5)),
    ("FF6", Pattern::Fraction(6)),
    ("IYY", Pattern::IsoYear(3)),
    ("MON", Pattern::MonthAbbreviation),
    ("TZH", Pattern::ZoneHour),
    ("TZM", Pattern::ZoneMinute),
    ("YYY", Pattern::Year(3)),
    ("AD", Pattern::Era),
    ("BC", Pattern::Era),
    ("AM", Pattern::Meridiem),
    ("PM", Pattern::Meridiem),
    ("CC", Pattern::Century),
    ("DD", Pattern::Day),
    ("DY", Pattern::DayAbbreviation),
    ("HH", Pattern::Hour12),
    ("ID", Pattern::IsoDayOfWeek),
    ("IW", Pattern::IsoWeek),
    ("IY", Pattern::IsoYear(2)),
    ("MI", Pattern::Minute),
    ("MM", Pattern::Month),
    ("MS", Pattern::Millisecond),
    ("OF", Pattern::ZoneOffset),
    ("RM", Pattern::RomanMonth),
    ("SS", Pattern::Second),
    ("TZ", Pattern::ZoneAbbreviation),
    ("US", Pattern::Microsecond),
    ("WW", Pattern::WeekOfYear),
    ("YY", Pattern::Year(2)),
    ("D", Pattern::DayOfWeek),
    ("I", Pattern::IsoYear(1)),
    ("J", Pattern::JulianDay),
    ("Q", Pattern::Quarter),
    ("W", Pattern::WeekOfMonth),
    ("Y", Pattern::Year(1)),
];

/// Cuts a picture. `FM` and `TH` modify the pattern they stand at; `FX`, which
/// only reading has a use for, is told apart.
pub fn parse(text: &str) -> (Vec<Node>, bool) {
    let (mut nodes, mut exact, mut fill) = (Vec::new(), false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let starts =
            |word: &str| rest.get(..word.len()).is_some_and(|h| h.eq_ignore_ascii_case(word));
        if starts("FM") || starts("FX") || starts("TM") {
            fill |= starts("FM") || starts("TM");
            exact |= starts("FX");
            rest = &rest[2..];
            continue;
        }
        if let Some((spelling, pattern)) = PATTERNS.iter().find(|(spelling, _)| starts(spelling)) {
            let spelled = rest[..spelling.len()].to_owned();
            rest = &rest[spelling.len()..];
            let suffix = rest.get(..2).filter(|suffix| suffix.eq_ignore_ascii_case("TH"));
            let ordinal = suffix.map(|suffix| suffix.starts_with('T'));
            if ordinal.is_some() || rest.get(..2).is_some_and(|s| s.eq_ignore_ascii_case("SP")) {
                rest = &rest[2..];
            }
            nodes.push(Node::Pattern { pattern: *pattern, spelled, fill, ordinal });
            fill = false;
            continue;
        }
        if c == '"' {
            let (literal, after) = quoted(&rest[1..]);
            nodes.push(Node::Text(literal));
            rest = after;
            continue;
        }
        let skipped = usize::from(c == '\\' && rest.len() > 1);
        let literal = rest[skipped..].chars().next().unwrap_or(c);
        nodes.push(Node::Text(literal.to_string()));
        rest = &rest[skipped + literal.len_utf8()..];
    }
    (nodes, exact)
}

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub const ROMAN_MONTHS: [&str; 12] =
    ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// Day 0 of 2000-01-01 as a Julian day.
const JULIAN_EPOCH: i64 = 2_451_545;

/// A point in time (or a length of it) in fields.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    microsecond: i64,
    /// Days since 2000-01-01; `None` for an interval.
    date: Option<i32>,
    /// Seconds east of UTC, and the zone's abbreviation.
    zone: Option<(i32, String)>,
}

/// NULL for an infinite timestamp and for an empty picture.
pub fn timestamp_to_char(
    timestamp: i64,
    zone: Option<Zone>,
    picture: &str,
) -> Result<Option<String>> {
    if picture.is_empty() || !is_finite(timestamp) {
        return Ok(None);
    }
    let local = match zone {
        Some(zone) => {
            zone.to_local(timestamp).ok_or_else(|| datetime::out_of_range("timestamp"))?
        }
        None => timestamp,
    };
    let (date, time) = split_timestamp(local);
    let civil = civil_from_days(date);
    let (hour, minute, second, microsecond) = split_time(time);
    let moment = Moment {
        year: civil.year.into(),
        month: civil.month.into(),
        day: civil.day.into(),
        hour,
        minute,
        second,
        microsecond,
        date: Some(date),
        zone: zone.map(|zone| (zone.offset_at(timestamp), zone.abbreviation_at(timestamp))),
    };
    moment.print(picture).map(Some)
}

pub fn interval_to_char(interval: &Interval, picture: &str) -> Result<Option<String>> {
    if picture.is_empty() {
        return Ok(None);
    }
    let (hour, minute, second, microsecond) = split_time(interval.microseconds);
    let moment = Moment {
        year: i64::from(interval.months / 12),
        month: i64::from(interval.months % 12),
        day: interval.days.into(),
        hour,
        minute,
        second,
        microsecond,
        date: None,
        zone: None,
    };
    moment.print(picture).map(Some)
}

fn not_for_intervals() -> Error {
    Error::new(
        sqlstate::INVALID_DATETIME_FORMAT,
        "invalid format specification for an interval value",
    )
    .with_hint("Intervals are not tied to specific calendar dates.")
}

impl Moment {
    fn print(&self, picture: &str) -> Result<String> {
        let mut out = String::new();
        for node in parse(picture).0 {
            match node {
                Node::Text(text) => out.push_str(&text),
                Node::Pattern { pattern, spelled, fill, ordinal } => {
                    let start = out.len();
                    self.write(pattern, &spelled, fill, &mut out)?;
                    let number = out[start..].ends_with(|c: char| c.is_ascii_digit());
                    if let Some(upper) = ordinal.filter(|_| number) {
                        let suffix = ordinal_suffix(&out[start..], upper);
                        out.push_str(suffix);
                    }
                }
            }
        }
        Ok(out)
    }

    /// The date behind patterns that an interval has no answer to.
    fn date(&self) -> Result<i32> {
        self.date.ok_or_else(not_for_intervals)
    }

    /// The year as it is written: 1 BC is year 0 in the calendar.
    fn written_year(&self) -> i64 {
        if self.date.is_some() && self.year <= 0 { 1 - self.year } else { self.year }
    }

    fn write(&self, pattern: Pattern, spelled: &str, fill: bool, out: &mut String) -> Result<()> {
        use std::fmt::Write;
        let number = |out: &mut String, value: i64, width: usize| {
            let width = if fill { 0 } else { width + usize::from(value < 0) };
            write!(out, "{value:0width$}").expect("writing to a string does not fail");
        };
        match pattern {
            Pattern::Hour12 => {
                let hour = if self.hour % 12 == 0 { 12 } else { self.hour % 12 };
                number(out, hour, 2);
            }
            Pattern::Hour24 => number(out, self.hour, 2),
            Pattern::Minute => number(out, self.minute, 2),
            Pattern::Second => number(out, self.second, 2),
            Pattern::Millisecond => number(out, self.microsecond / 1000, 3),
            Pattern::Microsecond => number(out, self.microsecond, 6),
            Pattern::Fraction(digits) => {
                let unit = 10_i64.pow(6 - u32::from(digits));
                number(out, self.microsecond / unit, digits.into());
            }
            Pattern::SecondOfDay => {
                number(out, self.hour * 3600 + self.minute * 60 + self.second, 0);
            }
            Pattern::Meridiem => {
                let afternoon = self.hour.rem_euclid(24) >= 12;
                out.push_str(&half(spelled, if afternoon { "pm" } else { "am" }));
            }
            Pattern::Era => {
                self.date()?;
                out.push_str(&half(spelled, if self.year <= 0 { "bc" } else { "ad" }));
            }
            Pattern::YearWithComma => {
                let year = self.written_year();
                write!(out, "{},{:03}", year / 1000, year % 1000)
                    .expect("writing to a string does not fail");
            }
            Pattern::Year(digits) => {
                number(out, last_digits(self.written_year(), digits), digits.into())
            }
            Pattern::IsoYear(digits) => {
                let year = i64::from(iso_year(self.date()?));
                let year = if year <= 0 { 1 - year } else { year };
                number(out, last_digits(year, digits), digits.into());
            }
            Pattern::MonthName => self.name(&MONTHS, self.month - 1, spelled, fill, 9, out)?,
            Pattern::MonthAbbreviation => {
                self.name(&MONTHS, self.month - 1, spelled, true, 3, out)?;
            }
            Pattern::Month => number(out, self.month, 2),
            Pattern::DayName => {
                let day = day_of_week(self.date()?).into();
                self.name(&DAYS, day, spelled, fill, 9, out)?;
            }
            Pattern::DayAbbreviation => {
                let day = day_of_week(self.date()?).into();
                self.name(&DAYS, day, spelled, true, 3, out)?;
            }
            Pattern::DayOfYear => match self.date {
                Some(date) => number(out, day_of_year(date).into(), 3),
                None => number(out, self.year * 360 + self.month * 30 + self.day, 3),
            },
            Pattern::IsoDayOfYear => {
                let date = self.date()?;
                let week = i64::from(iso_week(date));
                number(out, (week - 1) * 7 + iso_day(date), 3);
            }
            Pattern::Day => number(out, self.day, 2),
            Pattern::DayOfWeek => number(out, i64::from(day_of_week(self.date()?)) + 1, 0),
            Pattern::IsoDayOfWeek => number(out, iso_day(self.date()?), 0),
            Pattern::WeekOfMonth => number(out, (self.day - 1) / 7 + 1, 0),
            Pattern::WeekOfYear => {
                number(out, (i64::from(day_of_year(self.date()?)) - 1) / 7 + 1, 2);
            }
            Pattern::IsoWeek => number(out, iso_week(self.date()?).into(), 2),
            Pattern::Century => number(out, self.century(), 2),
            Pattern::JulianDay => match self.date {
                Some(date) => number(out, i64::from(date) + JULIAN_EPOCH, 0),
                None => return Err(not_for_intervals()),
            },
            Pattern::Quarter => {
                if self.month != 0 {
                    number(out, (self.month - 1) / 3 + 1, 0);
                }
            }
            Pattern::RomanMonth => self.roman_month(spelled, fill, out),
            _ => self.write_zone(pattern, spelled, out)?,
        }
        Ok(())
    }

    fn century(&self) -> i64 {
        if self.date.is_none() {
            return self.year / 100;
        }
        if self.year > 0 { (self.year - 1) / 100 + 1 } else { self.year / 100 - 1 }
    }

    /// A month's or a day's name in the pattern's case, padded or cut to three.
    fn name(
        &self,
        names: &[&str],
        index: i64,
        spelled: &str,
        fill: bool,
        width: usize,
        out: &mut String,
    ) -> Result<()> {
        if self.date.is_none() && index < 0 {
            return Ok(());
        }
        let name = usize::try_from(index).ok().and_then(|index| names.get(index));
        let name = name.ok_or_else(not_for_intervals)?;
        let name = if width == 3 { &name[..3] } else { name };
        let second = spelled.chars().nth(1).unwrap_or('a');
        let name = match spelled.starts_with(|c: char| c.is_ascii_uppercase()) {
            true if second.is_ascii_uppercase() => name.to_uppercase(),
            true => name.to_owned(),
            false => name.to_lowercase(),
        };
        let width = if fill { 0 } else { width };
        out.push_str(&format!("{name:width$}"));
        Ok(())
    }

    fn roman_month(&self, spelled: &str, fill: bool, out: &mut String) {
        let months = if self.date.is_none() && self.month == 0 && self.year == 0 {
            return;
        } else {
            (self.month - 1).rem_euclid(12) as usize
        };
        let roman = ROMAN_MONTHS[months];
        let roman = if spelled.starts_with('R') { roman.to_owned() } else { roman.to_lowercase() };
        let width = if fill { 0 } else { 4 };
        out.push_str(&format!("{roman:width$}"));
    }

    fn write_zone(&self, pattern: Pattern, spelled: &str, out: &mut String) -> Result<()> {
        self.date()?;
        let (offset, abbreviation) = match &self.zone {
            Some((offset, abbreviation)) => (*offset, abbreviation.as_str()),
            None => (0, ""),
        };
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
        match pattern {
            Pattern::ZoneAbbreviation if spelled.starts_with('T') => out.push_str(abbreviation),
            Pattern::ZoneAbbreviation => out.push_str(&abbreviation.to_lowercase()),
            Pattern::ZoneHour => out.push_str(&format!("{sign}{hours:02}")),
            Pattern::ZoneMinute => out.push_str(&format!("{minutes:02}")),
            _ if minutes == 0 => out.push_str(&format!("{sign}{hours:02}")),
            _ => out.push_str(&format!("{sign}{hours:02}:{minutes:02}")),
        }
        Ok(())
    }
}

fn iso_day(date: i32) -> i64 {
    match day_of_week(date) {
        0 => 7,
        day => day.into(),
    }
}

fn last_digits(year: i64, digits: u8) -> i64 {
    if digits == 4 { year } else { year % 10_i64.pow(digits.into()) }
}

/// `am`, `bc` … in the case of the pattern, with dots if it has them.
fn half(spelled: &str, letters: &str) -> String {
    let letters = match spelled.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => letters.to_uppercase(),
        false => letters.to_owned(),
    };
    if spelled.contains('.') { format!("{}.{}.", &letters[..1], &letters[1..]) } else { letters }
}
