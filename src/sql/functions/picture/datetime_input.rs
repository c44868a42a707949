//! Dates read by a picture: `to_date('05 Dec 2000', 'DD Mon YYYY')`.

use crate::error::{Error, Result};
use crate::sql::types::datetime::{
    self, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, Zone, days_from_civil, days_in_month,
    is_valid_timestamp,
};
use crate::sqlstate;

use super::datetime::{DAYS, MONTHS, Node, Pattern, ROMAN_MONTHS, parse};

/// The fields found in the text; what is absent has PostgreSQL's default.
#[derive(Default)]
struct Fields {
    year: Option<i64>,
    /// How many digits of a year the picture asks for, for `YY` and such.
    year_digits: u8,
    iso_year: Option<i64>,
    century: Option<i64>,
    before_christ: bool,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    iso_day_of_year: Option<i64>,
    week: Option<i64>,
    week_of_month: Option<i64>,
    iso_week: Option<i64>,
    iso_day: Option<i64>,
    julian: Option<i64>,
    hour: i64,
    hour12: bool,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    microsecond: i64,
    second_of_day: Option<i64>,
    zone: Option<Zone>,
    zone_sign: i32,
    zone_hour: Option<i32>,
    zone_minute: i32,
}

fn invalid(what: String) -> Error {
    Error::new(sqlstate::INVALID_DATETIME_FORMAT, what)
}

fn field_out_of_range(text: &str) -> Error {
    Error::new(
        sqlstate::DATETIME_FIELD_OVERFLOW,
        format!("date/time field value out of range: \"{text}\""),
    )
}

pub fn to_date(text: &str, picture: &str) -> Result<i32> {
    let fields = Fields::read(text, picture)?;
    let days = fields.days(text)?;
    if !is_valid_timestamp(0)
        || i32::try_from(days).is_err()
        || !datetime::is_valid_date(days as i32)
    {
        return Err(Error::new(
            sqlstate::DATETIME_VALUE_OUT_OF_RANGE,
            format!("date out of range: \"{text}\""),
        ));
    }
    Ok(days as i32)
}

pub fn to_timestamp(text: &str, picture: &str, zone: Zone) -> Result<i64> {
    let fields = Fields::read(text, picture)?;
    let out_of_range = || datetime::out_of_range("timestamp");
    let local = fields
        .days(text)?
        .checked_mul(MICROSECONDS_PER_DAY)
        .and_then(|days| days.checked_add(fields.time(text).ok()?))
        .ok_or_else(out_of_range);
    fields.time(text)?;
    let zone = match (fields.zone_hour, fields.zone) {
        (Some(hours), _) => {
            Zone::Fixed(fields.zone_sign * (hours * 3600 + fields.zone_minute * 60))
        }
        (None, Some(zone)) => zone,
        (None, None) => zone,
    };
    zone.to_utc(local?).filter(|instant| is_valid_timestamp(*instant)).ok_or_else(out_of_range)
}

impl Fields {
    fn read(text: &str, picture: &str) -> Result<Fields> {
        let (nodes, exact) = parse(picture);
        let mut reader = Reader { rest: text, text, exact, fields: Fields::default() };
        for (n, node) in nodes.iter().enumerate() {
            match node {
                Node::Text(literal) => reader.literal(literal),
                Node::Pattern { pattern, spelled, fill, ordinal } => {
                    if reader.rest.trim_start().is_empty() {
                        break;
                    }
                    let free = *fill || ends_number(nodes.get(n + 1));
                    reader.pattern(*pattern, spelled, free)?;
                    if ordinal.is_some() {
                        reader.rest = reader.rest.get(2..).unwrap_or_default();
                    }
                }
            }
        }
        Ok(reader.fields)
    }

    fn full_year(&self) -> i64 {
        let Some(mut year) = self.year.or(self.iso_year) else {
            return match self.century {
                Some(century) if century > 0 => (century - 1) * 100 + 1,
                Some(century) => century * 100 + 1,
                None if self.before_christ => 0,
                None => 0,
            };
        };
        if let Some(century) = self.century
            && self.year_digits <= 2
        {
            year %= 100;
            return if year == 0 { century * 100 } else { (century - 1) * 100 + year };
        }
        if self.before_christ && year > 0 { 1 - year } else { year }
    }

    fn days(&self, text: &str) -> Result<i64> {
        if let Some(julian) = self.julian {
            return Ok(julian - 2_451_545);
        }
        let has_year = self.year.is_some() || self.iso_year.is_some() || self.century.is_some();
        let year = self.full_year();
        let year = if has_year || self.before_christ { year } else { 0 };
        let calendar_year = i32::try_from(year).map_err(|_| field_out_of_range(text))?;
        if let Some(days) = self.iso_days(calendar_year) {
            return Ok(days);
        }
        if let Some(week) = self.week {
            return Ok(days_from_civil(calendar_year, 1, 1) + (week - 1) * 7);
        }
        if let Some(day) = self.day_of_year
            && self.month.is_none()
        {
            if !(1..=366).contains(&day) {
                return Err(field_out_of_range(text));
            }
            return Ok(days_from_civil(calendar_year, 1, 1) + day - 1);
        }
        let month = self.month.unwrap_or(1);
        let day =
            self.day.or_else(|| self.week_of_month.map(|week| (week - 1) * 7 + 1)).unwrap_or(1);
        let valid = (1..=12).contains(&month)
            && (1..=i64::from(days_in_month(calendar_year, month as i32))).contains(&day);
        if !valid {
            return Err(field_out_of_range(text));
        }
        Ok(days_from_civil(calendar_year, month as i32, day as i32))
    }

    fn iso_days(&self, year: i32) -> Option<i64> {
        // The Monday of ISO week 1 is the one at or before January 4.
        let fourth = days_from_civil(year, 1, 4);
        let weekday = i64::from(datetime::day_of_week(fourth as i32) + 6) % 7;
        let start = fourth - weekday;
        if let Some(day) = self.iso_day_of_year {
            return Some(start + day - 1);
        }
        self.iso_week.map(|week| start + (week - 1) * 7 + self.iso_day.unwrap_or(1) - 1)
    }

    /// Microseconds of the day.
    fn time(&self, text: &str) -> Result<i64> {
        let mut hour = self.hour;
        if self.hour12 || self.afternoon.is_some() {
            if !(1..=12).contains(&hour) && self.hour12 {
                return Err(invalid(format!("hour \"{hour}\" is invalid for the 12-hour clock"))
                    .with_hint("Use the 24-hour clock, or give an hour between 1 and 12."));
            }
            match self.afternoon {
                Some(true) if hour < 12 => hour += 12,
                Some(false) if hour == 12 => hour = 0,
                _ => {}
            }
        }
        let (mut minute, mut second) = (self.minute, self.second);
        if let Some(of_day) = self.second_of_day {
            (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        }
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
            return Err(field_out_of_range(text));
        }
        let seconds = hour * 3600 + minute * 60 + second;
        Ok(seconds * MICROSECONDS_PER_SECOND + self.microsecond)
    }
}

/// Whether a number read before this node may have any length.
fn ends_number(next: Option<&Node>) -> bool {
    match next {
        None => true,
        Some(Node::Text(text)) => !text.starts_with(|c: char| c.is_ascii_digit()),
        Some(Node::Pattern { pattern, .. }) => matches!(
            pattern,
            Pattern::Meridiem
                | Pattern::Era
                | Pattern::MonthName
                | Pattern::MonthAbbreviation
                | Pattern::DayName
                | Pattern::DayAbbreviation
                | Pattern::RomanMonth
                | Pattern::ZoneAbbreviation
        ),
    }
}

struct Reader<'a> {
    rest: &'a str,
    text: &'a str,
    exact: bool,
    fields: Fields,
}

/// Whether a character separates fields, in pictures and in texts.
fn is_separator(c: char) -> bool {
    c.is_ascii_punctuation() || c == ' '
}

impl Reader<'_> {
    /// A separator takes any run of spaces and one separator; a letter one character.
    fn literal(&mut self, literal: &str) {
        for c in literal.chars() {
            if self.exact || !is_separator(c) {
                self.rest = self.rest.strip_prefix(|_: char| true).unwrap_or_default();
                continue;
            }
            let trimmed = self.rest.trim_start();
            let separator = trimmed.strip_prefix(|t: char| is_separator(t) && t != '-' && t != '+');
            let dash = (c == '-' || c == '+').then(|| trimmed.strip_prefix(['-', '+'])).flatten();
            let slash = trimmed.strip_prefix(['-']).filter(|_| c != ' ');
            self.rest = dash.or(separator).or(slash).unwrap_or(trimmed);
        }
    }

    /// A number of at most `width` digits, or of any length when free.
    fn number(&mut self, width: usize, spelled: &str, free: bool) -> Result<i64> {
        if !self.exact {
            self.rest = self.rest.trim_start();
        }
        let signed = self.rest.strip_prefix(['-', '+']);
        let unsigned = signed.unwrap_or(self.rest);
        let limit = if free { 18 } else { width };
        let digits = unsigned.bytes().take(limit).take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            let shown: String = self.rest.chars().take(width).collect();
            return Err(invalid(format!("invalid value \"{shown}\" for \"{spelled}\""))
                .with_detail("Value must be an integer."));
        }
        let value: i64 = unsigned[..digits].parse().map_err(|_| field_out_of_range(self.text))?;
        let negative = signed.is_some() && self.rest.starts_with('-');
        self.rest = &unsigned[digits..];
        Ok(if negative { -value } else { value })
    }

    /// The digits of a fraction of a second, scaled to microseconds.
    fn fraction(&mut self, width: u32, spelled: &str) -> Result<i64> {
        self.rest = self.rest.trim_start();
        let digits = self.rest.bytes().take(width as usize).take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return self.number(width as usize, spelled, false);
        }
        let value: i64 = self.rest[..digits].parse().map_err(|_| field_out_of_range(self.text))?;
        self.rest = &self.rest[digits..];
        Ok(value * 10_i64.pow(6 - digits as u32))
    }

    /// The index of the name at the front of the text, full or cut to three letters.
    fn name(&mut self, names: &[&str], full: bool, spelled: &str) -> Result<usize> {
        self.rest = self.rest.trim_start();
        for (n, name) in names.iter().enumerate() {
            let name = if full { name } else { &name[..3.min(name.len())] };
            if self.rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
                self.rest = &self.rest[name.len()..];
                return Ok(n);
            }
        }
        let word: String = self.rest.chars().take_while(|c| !c.is_whitespace()).collect();
        Err(invalid(format!("invalid value \"{word}\" for \"{spelled}\""))
            .with_detail("The given value did not match any of the allowed values for this field."))
    }

    /// Whether the second of two words stands here: `pm`, `B.C.` ….
    fn choice(&mut self, words: [&str; 4], spelled: &str) -> Result<bool> {
        self.rest = self.rest.trim_start();
        for (n, word) in words.iter().enumerate() {
            if self.rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)) {
                self.rest = &self.rest[word.len()..];
                return Ok(n % 2 == 1);
            }
        }
        self.name(&[], true, spelled).map(|_| false)
    }

    fn pattern(&mut self, pattern: Pattern, spelled: &str, free: bool) -> Result<()> {
        match pattern {
            Pattern::Hour12 | Pattern::Hour24 => {
                self.fields.hour = self.number(2, spelled, free)?;
                self.fields.hour12 = pattern == Pattern::Hour12;
            }
            Pattern::Minute => self.fields.minute = self.number(2, spelled, free)?,
            Pattern::Second => self.fields.second = self.number(2, spelled, free)?,
            Pattern::Millisecond => self.fields.microsecond += self.fraction(3, spelled)?,
            Pattern::Microsecond => self.fields.microsecond += self.fraction(6, spelled)?,
            Pattern::Fraction(digits) => {
                self.fields.microsecond += self.fraction(digits.into(), spelled)?;
            }
            Pattern::SecondOfDay => {
                self.fields.second_of_day = Some(self.number(5, spelled, free)?);
            }
            Pattern::Meridiem => {
                self.fields.afternoon = Some(self.choice(["am", "pm", "a.m.", "p.m."], spelled)?);
            }
            Pattern::Era => {
                self.fields.before_christ = self.choice(["ad", "bc", "a.d.", "b.c."], spelled)?;
            }
            Pattern::YearWithComma => {
                let thousands = self.number(3, spelled, true)?;
                self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
                self.fields.year = Some(thousands * 1000 + self.number(3, spelled, false)?);
                self.fields.year_digits = 4;
            }
            Pattern::Year(digits) => {
                let before = self.rest.trim_start().len();
                let year = self.number(digits.into(), spelled, free)?;
                let read = before - self.rest.len();
                self.fields.year_digits = digits;
                self.fields.year = Some(completed(year, digits, read));
            }
            Pattern::IsoYear(digits) => {
                let before = self.rest.trim_start().len();
                let year = self.number(digits.into(), spelled, free)?;
                let read = before - self.rest.len();
                self.fields.year_digits = digits;
                self.fields.iso_year = Some(completed(year, digits, read));
            }
            Pattern::MonthName => {
                let n = self.name(&MONTHS, true, spelled)?;
                self.fields.month = Some(n as i64 + 1);
            }
            Pattern::MonthAbbreviation => {
                let n = self.name(&MONTHS, false, spelled)?;
                self.fields.month = Some(n as i64 + 1);
            }
            Pattern::Month => self.fields.month = Some(self.number(2, spelled, free)?),
            Pattern::DayName => {
                self.name(&DAYS, true, spelled)?;
            }
            Pattern::DayAbbreviation => {
                self.name(&DAYS, false, spelled)?;
            }
            Pattern::RomanMonth => self.fields.month = Some(self.roman_month(spelled)?),
            Pattern::DayOfYear => self.fields.day_of_year = Some(self.number(3, spelled, free)?),
            Pattern::IsoDayOfYear => {
                self.fields.iso_day_of_year = Some(self.number(3, spelled, free)?);
            }
            Pattern::Day => self.fields.day = Some(self.number(2, spelled, free)?),
            Pattern::DayOfWeek | Pattern::Quarter => {
                self.number(1, spelled, free)?;
            }
            Pattern::IsoDayOfWeek => self.fields.iso_day = Some(self.number(1, spelled, free)?),
            Pattern::WeekOfMonth => {
                self.fields.week_of_month = Some(self.number(1, spelled, free)?);
            }
            Pattern::WeekOfYear => self.fields.week = Some(self.number(2, spelled, free)?),
            Pattern::IsoWeek => self.fields.iso_week = Some(self.number(2, spelled, free)?),
            Pattern::Century => self.fields.century = Some(self.number(2, spelled, free)?),
            Pattern::JulianDay => self.fields.julian = Some(self.number(8, spelled, true)?),
            Pattern::ZoneHour => {
                self.rest = self.rest.trim_start();
                self.fields.zone_sign = if self.rest.starts_with('-') { -1 } else { 1 };
                self.fields.zone_hour = Some(self.number(2, spelled, false)?.abs() as i32);
            }
            Pattern::ZoneMinute => self.fields.zone_minute = self.number(2, spelled, free)? as i32,
            Pattern::ZoneAbbreviation | Pattern::ZoneOffset => {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!("formatting field \"{spelled}\" is only supported in to_char"),
                ));
            }
        }
        Ok(())
    }

    fn roman_month(&mut self, spelled: &str) -> Result<i64> {
        self.rest = self.rest.trim_start();
        let letters = self.rest.bytes().take_while(|b| b"IVXivx".contains(b)).count();
        let word = &self.rest[..letters];
        let found = ROMAN_MONTHS.iter().position(|month| month.eq_ignore_ascii_case(word));
        match found {
            Some(n) => {
                self.rest = &self.rest[letters..];
                Ok(n as i64 + 1)
            }
            None => self.name(&[], true, spelled).map(|n| n as i64),
        }
    }
}

/// A year of fewer than four digits is the one nearest to 2020.
fn completed(year: i64, digits: u8, read: usize) -> i64 {
    if digits >= 4 || read >= 4 || year < 0 {
        return year;
    }
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}
