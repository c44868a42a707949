//! `to_char` of timestamps and intervals.

use super::date_keyword::{self, Keyword, Part};
use super::template::{self, Affixes, Node};
use super::{ordinal_suffix, roman};
use crate::error::{Error, Result};
use crate::sql::types::Interval;
use crate::sql::types::datetime::{
    self, Civil, JULIAN_EPOCH, Zone, checked_timestamp, civil_from_days, is_finite, split_time,
    split_timestamp,
};
use crate::sqlstate;

pub(super) const MONTHS: [&str; 12] = [
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
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The value that a template prints.
struct Moment {
    civil: Civil,
    /// Days since 2000; intervals have none.
    days: Option<i32>,
    hour: i64,
    minute: i64,
    second: i64,
    microsecond: i64,
    /// Offset east in seconds, and the zone's abbreviation.
    zone: Option<(i32, String)>,
}

/// `None` for ±infinity, which has no such text (the result is empty).
pub fn timestamp_to_char(local: i64, template: &str) -> Result<Option<String>> {
    if !is_finite(local) || template.is_empty() {
        return Ok(None);
    }
    print(&moment(local, None), template).map(Some)
}

pub fn timestamp_tz_to_char(value: i64, zone: Zone, template: &str) -> Result<Option<String>> {
    if !is_finite(value) || template.is_empty() {
        return Ok(None);
    }
    let local = checked_timestamp(zone.to_local(value))?;
    let zone = (zone.offset_at(value), zone.abbreviation_at(value));
    print(&moment(local, Some(zone)), template).map(Some)
}

pub fn interval_to_char(span: &Interval, template: &str) -> Result<Option<String>> {
    if template.is_empty() {
        return Ok(None);
    }
    let (hour, minute, second, microsecond) = split_time(span.microseconds);
    let civil = Civil { year: span.months / 12, month: span.months % 12, day: span.days };
    let moment = Moment { civil, days: None, hour, minute, second, microsecond, zone: None };
    print(&moment, template).map(Some)
}

fn moment(local: i64, zone: Option<(i32, String)>) -> Moment {
    let (days, time) = split_timestamp(local);
    let (hour, minute, second, microsecond) = split_time(time);
    let civil = civil_from_days(days);
    // A timestamp without zone prints its zone as UTC's offset and no name.
    let zone = Some(zone.unwrap_or((0, String::new())));
    Moment { civil, days: Some(days), hour, minute, second, microsecond, zone }
}

fn print(moment: &Moment, template: &str) -> Result<String> {
    let mut out = String::new();
    for node in template::parse(template, true, date_keyword::find) {
        match node {
            Node::Keyword(keyword, affixes) => {
                let start = out.len();
                moment.put(keyword, affixes, &mut out)?;
                if let Some(upper) = affixes.ordinal
                    && takes_ordinal(keyword.part)
                    && out.len() > start
                {
                    let suffix = ordinal_suffix(&out[start..], upper);
                    out += suffix;
                }
            }
            Node::Separator(c) | Node::Space(c) | Node::Literal(c) => out.push(c),
        }
    }
    Ok(out)
}

fn takes_ordinal(part: Part) -> bool {
    !matches!(
        part,
        Part::Meridian
            | Part::Era
            | Part::DayName
            | Part::DayAbbreviation
            | Part::MonthName
            | Part::MonthAbbreviation
            | Part::RomanMonth
            | Part::Zone
            | Part::ZoneHour
            | Part::ZoneMinute
            | Part::Offset
            | Part::FixedMode
    )
}

/// Zero-filled to `width` characters (one more with a sign), unless `FM`.
fn number(value: i64, width: usize, affixes: Affixes, out: &mut String) {
    let width = match affixes.fill {
        true => 0,
        false if value < 0 => width + 1,
        false => width,
    };
    *out += &format!("{value:0width$}");
}

/// As [`number`], but a sign takes one of the columns.
fn fixed_number(value: i64, width: usize, affixes: Affixes, out: &mut String) {
    let width = if affixes.fill { 0 } else { width };
    *out += &format!("{value:0width$}");
}

impl Moment {
    fn is_interval(&self) -> bool {
        self.days.is_none()
    }

    /// The year as it prints: years BC count from 1.
    fn display_year(&self, year: i32) -> i64 {
        let year = i64::from(year);
        if self.is_interval() || year > 0 { year } else { 1 - year }
    }

    fn put(&self, keyword: Keyword, affixes: Affixes, out: &mut String) -> Result<()> {
        let Civil { month, day, .. } = self.civil;
        match keyword.part {
            Part::Meridian => *out += self.meridian(keyword.text),
            Part::Hour12 => {
                let hour = if self.hour % 12 == 0 { 12 } else { self.hour % 12 };
                number(hour, 2, affixes, out);
            }
            Part::Hour24 => number(self.hour, 2, affixes, out),
            Part::Minute => number(self.minute, 2, affixes, out),
            Part::Second => number(self.second, 2, affixes, out),
            Part::Millisecond => *out += &format!("{:03}", self.microsecond / 1000),
            Part::Microsecond => *out += &format!("{:06}", self.microsecond),
            Part::Fraction(digits) => {
                let value = self.microsecond / 10_i64.pow(6 - digits);
                *out += &format!("{value:0width$}", width = digits as usize);
            }
            Part::SecondsOfDay => {
                *out += &(self.hour * 3600 + self.minute * 60 + self.second).to_string();
            }
            Part::Zone | Part::ZoneHour | Part::ZoneMinute | Part::Offset => {
                self.put_zone(keyword, affixes, out)?;
            }
            Part::Month => number(i64::from(month), 2, affixes, out),
            Part::Day => fixed_number(i64::from(day), 2, affixes, out),
            Part::Quarter if month != 0 => *out += &((month - 1) / 3 + 1).to_string(),
            Part::Quarter => {}
            Part::MonthName | Part::MonthAbbreviation | Part::RomanMonth => {
                self.put_month(keyword, affixes, out)?;
            }
            Part::Century => self.put_century(affixes, out),
            Part::YearWithComma | Part::Year(_) => self.put_year(keyword.part, affixes, out),
            Part::WeekOfMonth => *out += &((day - 1) / 7 + 1).to_string(),
            Part::FixedMode => {}
            _ => self.put_calendar(keyword, affixes, out)?,
        }
        Ok(())
    }

    fn meridian(&self, text: &str) -> &'static str {
        let pm = self.hour % 24 >= 12;
        let upper = text.as_bytes()[0].is_ascii_uppercase();
        match (text.len() > 2, upper, pm) {
            (true, true, true) => "P.M.",
            (true, true, false) => "A.M.",
            (true, false, true) => "p.m.",
            (true, false, false) => "a.m.",
            (false, true, true) => "PM",
            (false, true, false) => "AM",
            (false, false, true) => "pm",
            (false, false, false) => "am",
        }
    }

    fn put_zone(&self, keyword: Keyword, affixes: Affixes, out: &mut String) -> Result<()> {
        let Some((offset, name)) = &self.zone else { return Err(not_for_intervals()) };
        let sign = if *offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 3600, offset.abs() % 3600 / 60);
        match keyword.part {
            Part::Zone if keyword.text == "tz" => *out += &name.to_lowercase(),
            Part::Zone => *out += name,
            Part::ZoneHour => *out += &format!("{sign}{hours:02}"),
            Part::ZoneMinute => *out += &format!("{minutes:02}"),
            _ => {
                out.push(sign);
                number(i64::from(hours), 2, affixes, out);
                if minutes != 0 {
                    *out += &format!(":{minutes:02}");
                }
            }
        }
        Ok(())
    }

    fn put_month(&self, keyword: Keyword, affixes: Affixes, out: &mut String) -> Result<()> {
        if keyword.part == Part::RomanMonth {
            // An interval's months may be none (whole years) or count backwards.
            let month = match (self.civil.month, self.civil.year) {
                (0, 0) => return Ok(()),
                (0, year) => {
                    if year > 0 {
                        12
                    } else {
                        1
                    }
                }
                (month, _) if month < 0 => 13 + month,
                (month, _) => month,
            };
            let numeral = roman::numeral(month);
            let numeral = if keyword.text == "rm" { numeral.to_lowercase() } else { numeral };
            *out += &pad(numeral, 4, affixes);
            return Ok(());
        }
        if self.is_interval() {
            return Err(not_for_intervals());
        }
        let name = MONTHS[self.civil.month as usize - 1];
        put_name(name, keyword, keyword.part == Part::MonthName, affixes, out);
        Ok(())
    }

    fn put_century(&self, affixes: Affixes, out: &mut String) {
        let year = self.civil.year;
        let century = if self.is_interval() {
            year / 100
        } else if year > 0 {
            (year - 1) / 100 + 1
        } else {
            year / 100 - 1
        };
        if (-99..=99).contains(&century) {
            number(i64::from(century), 2, affixes, out);
        } else {
            *out += &century.to_string();
        }
    }

    fn put_year(&self, part: Part, affixes: Affixes, out: &mut String) {
        let year = self.display_year(self.civil.year);
        match part {
            Part::YearWithComma => {
                *out += &format!("{},{:03}", year / 1000, year % 1000);
            }
            Part::Year(digits) => put_year_digits(year, digits, affixes, out),
            _ => {}
        }
    }

    /// Parts that only a day of the calendar has.
    fn put_calendar(&self, keyword: Keyword, affixes: Affixes, out: &mut String) -> Result<()> {
        let Some(days) = self.days else {
            return self.put_interval_calendar(keyword, affixes, out);
        };
        let weekday = datetime::day_of_week(days);
        match keyword.part {
            Part::Era => *out += era(keyword.text, self.civil.year <= 0),
            Part::DayName | Part::DayAbbreviation => {
                let full = keyword.part == Part::DayName;
                put_name(DAYS[weekday as usize], keyword, full, affixes, out);
            }
            Part::DayOfYear => number(i64::from(datetime::day_of_year(days)), 3, affixes, out),
            Part::IsoDayOfYear => {
                let day =
                    i64::from(days) - datetime::iso_week_start(datetime::iso_year(days), 1) + 1;
                number(day, 3, affixes, out);
            }
            Part::DayOfWeek => *out += &(weekday + 1).to_string(),
            Part::IsoDayOfWeek => *out += &((weekday + 6) % 7 + 1).to_string(),
            Part::Week => {
                number(i64::from((datetime::day_of_year(days) - 1) / 7 + 1), 2, affixes, out);
            }
            Part::IsoWeek => number(i64::from(datetime::iso_week(days)), 2, affixes, out),
            Part::IsoYear(digits) => {
                let year = self.display_year(datetime::iso_year(days));
                put_year_digits(year, digits, affixes, out);
            }
            Part::Julian => *out += &(days + JULIAN_EPOCH).to_string(),
            _ => {}
        }
        Ok(())
    }

    /// What an interval prints for parts of the calendar: day counts, or an error.
    fn put_interval_calendar(
        &self,
        keyword: Keyword,
        affixes: Affixes,
        out: &mut String,
    ) -> Result<()> {
        let total_days = i64::from(self.civil.year) * 360
            + i64::from(self.civil.month) * 30
            + i64::from(self.civil.day);
        match keyword.part {
            Part::DayOfYear => fixed_number(total_days, 3, affixes, out),
            Part::IsoWeek => {
                let days =
                    datetime::days_from_civil(self.civil.year, self.civil.month, self.civil.day);
                let days = i32::try_from(days).map_err(|_| not_for_intervals())?;
                number(i64::from(datetime::iso_week(days)), 2, affixes, out);
            }
            Part::Week => number((total_days - 1) / 7 + 1, 2, affixes, out),
            Part::Julian => {
                let days =
                    datetime::days_from_civil(self.civil.year, self.civil.month, self.civil.day);
                *out += &(days + i64::from(JULIAN_EPOCH)).to_string();
            }
            _ => return Err(not_for_intervals()),
        }
        Ok(())
    }
}

fn not_for_intervals() -> Error {
    Error::new(
        sqlstate::INVALID_DATETIME_FORMAT,
        "invalid format specification for an interval value",
    )
    .with_hint("Intervals are not tied to specific calendar dates.")
}

fn put_year_digits(year: i64, digits: u32, affixes: Affixes, out: &mut String) {
    if digits == 4 {
        return number(year, 4, affixes, out);
    }
    number(year % 10_i64.pow(digits), digits as usize, affixes, out);
}

fn era(text: &str, bc: bool) -> &'static str {
    let upper = text.as_bytes()[0].is_ascii_uppercase();
    match (text.len() > 2, upper, bc) {
        (true, true, true) => "B.C.",
        (true, true, false) => "A.D.",
        (true, false, true) => "b.c.",
        (true, false, false) => "a.d.",
        (false, true, true) => "BC",
        (false, true, false) => "AD",
        (false, false, true) => "bc",
        (false, false, false) => "ad",
    }
}

/// A month's or day's name in the keyword's case; full names fill nine columns.
fn put_name(name: &str, keyword: Keyword, full: bool, affixes: Affixes, out: &mut String) {
    let name = if full { name } else { &name[..3] };
    let bytes = keyword.text.as_bytes();
    let cased = match (bytes[0].is_ascii_uppercase(), bytes[1].is_ascii_uppercase()) {
        (true, true) => name.to_uppercase(),
        (true, false) => name.to_owned(),
        _ => name.to_lowercase(),
    };
    if full {
        *out += &pad(cased, 9, affixes);
    } else {
        *out += &cased;
    }
}

fn pad(text: String, width: usize, affixes: Affixes) -> String {
    if affixes.fill || affixes.translated { text } else { format!("{text:<width$}") }
}
