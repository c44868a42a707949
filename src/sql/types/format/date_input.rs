//! `to_timestamp(text, template)` and `to_date`.
//!
//! Fields are read one after another; a separator or space of the template
//! matches at most one of the text, and spaces before fields are skipped,
//! unless `FX` asks for exact widths. Then the fields are put together: a
//! year, a century, an ISO week, a Julian day … whatever was given.

use super::date_keyword::{self, Keyword, Part};
use super::date_output::{DAYS, MONTHS};
use super::roman;
use super::template::{self, Affixes, Node};
use crate::error::{Error, Result};
use crate::sql::types::datetime::{
    self, Civil, JULIAN_EPOCH, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, Zone, checked_date,
    checked_timestamp, civil_from_days, days_from_civil, days_in_month,
};
use crate::sql::types::numeric::is_space;
use crate::sqlstate;

/// Reads a timestamp with time zone; a text without `TZH` is in `zone`.
pub fn to_timestamp(text: &str, template: &str, zone: Zone) -> Result<i64> {
    let fields = Fields::read(text, template)?;
    let (days, time) = fields.assemble(text)?;
    let local = days.checked_mul(MICROSECONDS_PER_DAY).and_then(|days| days.checked_add(time));
    let local = checked_timestamp(local)?;
    let instant = match fields.offset_seconds() {
        Some(east) => {
            checked_timestamp(local.checked_sub(i64::from(east) * MICROSECONDS_PER_SECOND))?
        }
        None => checked_timestamp(zone.to_utc(local))?,
    };
    match fields.precision {
        Some(precision) => datetime::round_timestamp(instant, precision),
        None => Ok(instant),
    }
}

/// Reads a date.
pub fn to_date(text: &str, template: &str) -> Result<i32> {
    let (days, _) = Fields::read(text, template)?.assemble(text)?;
    checked_date(days).map_err(|_| {
        Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, format!("date out of range: \"{text}\""))
    })
}

/// How the year was given, which `CC` depends on.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Calendar {
    #[default]
    None,
    Gregorian,
    Iso,
}

/// The fields that a text may have; 0 is "not given" where 0 means nothing.
#[derive(Default)]
pub(super) struct Fields {
    calendar: Calendar,
    hour: i32,
    minute: i32,
    second: i32,
    seconds_of_day: i32,
    millisecond: i32,
    microsecond: i32,
    /// Digits of the second that `FF1` to `FF6` keep.
    precision: Option<i32>,
    twelve_hours: bool,
    pm: bool,
    bc: bool,
    century: i32,
    year: i32,
    year_digits: u32,
    month: i32,
    day: i32,
    /// 1 is Sunday.
    weekday: i32,
    day_of_year: i32,
    week: i32,
    week_of_month: i32,
    julian: i32,
    zone_sign: i32,
    zone_hour: i32,
    zone_minute: i32,
}

fn bad_value(value: &str, keyword: &str) -> Error {
    Error::new(
        sqlstate::INVALID_DATETIME_FORMAT,
        format!("invalid value \"{value}\" for \"{keyword}\""),
    )
}

const FILL_HINT: &str = "If your source string is not fixed-width, try using the \"FM\" modifier.";

fn set(field: &mut i32, value: i32, keyword: &str) -> Result<()> {
    if *field != 0 && *field != value {
        return Err(Error::new(
            sqlstate::INVALID_DATETIME_FORMAT,
            format!("conflicting values for \"{keyword}\" field in formatting string"),
        )
        .with_detail("This value contradicts a previous setting for the same field type."));
    }
    *field = value;
    Ok(())
}

/// The text being read, and how it is read.
pub(super) struct Reader<'a> {
    rest: &'a str,
    /// `FX`: widths are exact and nothing is skipped.
    exact: bool,
    /// Characters skipped that the template may yet account for.
    skipped: i32,
    /// The last character taken before the current field.
    last: Option<char>,
}

impl<'a> Reader<'a> {
    /// A text of exact widths.
    pub fn exact(text: &'a str) -> Reader<'a> {
        Reader { rest: text, exact: true, skipped: 0, last: None }
    }

    pub fn rest(&self) -> &'a str {
        self.rest
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes a character, if it comes next.
    pub fn take(&mut self, c: char) -> bool {
        let found = self.rest.starts_with(c);
        if found {
            self.skip();
        }
        found
    }

    fn skip(&mut self) {
        if let Some(c) = self.rest.chars().next() {
            self.last = Some(c);
            self.rest = &self.rest[c.len_utf8()..];
        }
    }

    fn skip_spaces(&mut self) {
        while self.rest.starts_with(is_space) {
            self.skip();
            self.skipped += 1;
        }
    }

    /// Reads an integer of `width` digits; of any length in `FM` or before
    /// something that is not a digit. Answers the value and the digits read.
    fn integer(
        &mut self,
        width: usize,
        keyword: Keyword,
        affixes: Affixes,
        next: Option<&Node<Keyword>>,
    ) -> Result<(i32, usize)> {
        self.rest = self.rest.trim_start_matches(is_space);
        let free = affixes.fill || is_followed_by_separator(affixes, next);
        let limited: &str = if free {
            self.rest
        } else {
            let end = self.rest.char_indices().nth(width).map_or(self.rest.len(), |(at, _)| at);
            &self.rest[..end]
        };
        if !free && limited.chars().count() < width {
            return Err(Error::new(
                sqlstate::INVALID_DATETIME_FORMAT,
                format!("source string too short for \"{}\" formatting field", keyword.text),
            )
            .with_detail(format!(
                "Field requires {width} characters, but only {} remain.",
                limited.chars().count()
            ))
            .with_hint(FILL_HINT));
        }
        let used = integer_length(limited);
        if !free && used > 0 && used < width {
            return Err(bad_value(limited, keyword.text)
                .with_detail(format!(
                    "Field requires {width} characters, but only {used} could be parsed."
                ))
                .with_hint(FILL_HINT));
        }
        if used == 0 {
            let shown: String = self.rest.chars().take(width).collect();
            return Err(bad_value(&shown, keyword.text).with_detail("Value must be an integer."));
        }
        let value = limited[..used].trim_start_matches('+').parse().map_err(|_| {
            Error::new(
                sqlstate::DATETIME_FIELD_OVERFLOW,
                format!("value for \"{}\" in source string is out of range", keyword.text),
            )
            .with_detail(format!(
                "Value must be in the range {} to {}.",
                i32::MIN,
                i32::MAX
            ))
        })?;
        self.last = limited[..used].chars().next_back();
        self.rest = &self.rest[used..];
        Ok((value, used))
    }

    /// Reads the longest of some names, in any case; answers its position.
    fn name(&mut self, names: &[&str], keyword: Keyword) -> Result<usize> {
        let found = names
            .iter()
            .enumerate()
            .filter(|(_, name)| {
                let head = self.rest.get(..name.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(name))
            })
            .max_by_key(|(_, name)| name.len());
        match found {
            Some((index, name)) => {
                self.rest = &self.rest[name.len()..];
                Ok(index)
            }
            None => {
                let end = self.rest.find(is_space).unwrap_or(self.rest.len());
                Err(bad_value(&self.rest[..end], keyword.text).with_detail(
                    "The given value did not match any of the allowed values for this field.",
                ))
            }
        }
    }
}

/// The bytes of an optional sign and digits; 0 without digits.
fn integer_length(text: &str) -> usize {
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { 0 } else { sign + digits }
}

/// Whether what follows a field cannot be mistaken for its digits.
fn is_followed_by_separator(affixes: Affixes, next: Option<&Node<Keyword>>) -> bool {
    if affixes.ordinal.is_some() {
        return true;
    }
    match next {
        None => true,
        Some(Node::Keyword(keyword, _)) => !keyword.is_digits(),
        Some(Node::Separator(_) | Node::Space(_)) => true,
        Some(Node::Literal(c)) => !c.is_ascii_digit(),
    }
}

/// A year of fewer than four digits, brought near 2020.
fn near_2020(year: i32) -> i32 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}

impl Fields {
    fn read(text: &str, template: &str) -> Result<Fields> {
        let nodes = template::parse(template, true, date_keyword::find);
        let mut fields = Fields::default();
        let mut reader = Reader { rest: text, exact: false, skipped: 0, last: None };
        for (index, node) in nodes.iter().enumerate() {
            if reader.rest.is_empty() {
                break;
            }
            let is_fixed_mode =
                matches!(node, Node::Keyword(keyword, _) if keyword.part == Part::FixedMode);
            let is_keyword = matches!(node, Node::Keyword(..));
            if !reader.exact && !is_fixed_mode && (is_keyword || index == 0) {
                reader.skip_spaces();
            }
            match node {
                Node::Separator(_) | Node::Space(_) if !reader.exact => {
                    reader.skipped -= 1;
                    let separator = |c: char| is_space(c) || c.is_ascii_punctuation();
                    if reader.rest.starts_with(separator) {
                        reader.skip();
                        reader.skipped += 1;
                    }
                }
                Node::Literal(_) if !reader.exact && reader.skipped > 0 => reader.skipped -= 1,
                Node::Separator(_) | Node::Space(_) | Node::Literal(_) => reader.skip(),
                Node::Keyword(keyword, affixes) => {
                    fields.field(*keyword, *affixes, nodes.get(index + 1), &mut reader)?;
                    if !reader.exact {
                        reader.skipped = 0;
                        reader.skip_spaces();
                    }
                }
            }
        }
        Ok(fields)
    }

    /// Which calendar the date is in; ISO weeks and plain dates do not mix.
    fn use_calendar(&mut self, part: Part) -> Result<()> {
        let wanted = match part {
            Part::IsoYear(_) | Part::IsoWeek | Part::IsoDayOfYear | Part::IsoDayOfWeek => {
                Calendar::Iso
            }
            Part::Year(_)
            | Part::YearWithComma
            | Part::Month
            | Part::MonthName
            | Part::MonthAbbreviation
            | Part::RomanMonth
            | Part::Day
            | Part::DayOfYear
            | Part::DayOfWeek
            | Part::Week
            | Part::WeekOfMonth
            | Part::DayName
            | Part::DayAbbreviation => Calendar::Gregorian,
            _ => return Ok(()),
        };
        // Names of days do not decide the calendar: they are checked by neither.
        if matches!(part, Part::DayName | Part::DayAbbreviation) {
            return Ok(());
        }
        if self.calendar != Calendar::None && self.calendar != wanted {
            return Err(Error::new(
                sqlstate::INVALID_DATETIME_FORMAT,
                "invalid combination of date conventions",
            )
            .with_hint(
                "Do not mix Gregorian and ISO week date conventions in a formatting template.",
            ));
        }
        self.calendar = wanted;
        Ok(())
    }

    pub fn field(
        &mut self,
        keyword: Keyword,
        affixes: Affixes,
        next: Option<&Node<Keyword>>,
        reader: &mut Reader<'_>,
    ) -> Result<()> {
        self.use_calendar(keyword.part)?;
        let name = keyword.text;
        let mut integer = |width: usize| reader.integer(width, keyword, affixes, next);
        match keyword.part {
            Part::FixedMode => reader.exact = true,
            Part::Hour12 => {
                set(&mut self.hour, integer(2)?.0, name)?;
                self.twelve_hours = true;
            }
            Part::Hour24 => set(&mut self.hour, integer(2)?.0, name)?,
            Part::Minute => set(&mut self.minute, integer(2)?.0, name)?,
            Part::Second => set(&mut self.second, integer(2)?.0, name)?,
            Part::Millisecond => {
                let (value, length) = integer(3)?;
                let scale = 10_i32.pow(3u32.saturating_sub(length as u32));
                set(&mut self.millisecond, value.saturating_mul(scale), name)?;
            }
            Part::Microsecond | Part::Fraction(_) => {
                let width = match keyword.part {
                    Part::Fraction(digits) => {
                        self.precision = Some(digits as i32);
                        digits as usize
                    }
                    _ => 6,
                };
                let (value, length) = integer(width)?;
                let scale = 10_i32.pow(6u32.saturating_sub(length as u32));
                set(&mut self.microsecond, value.saturating_mul(scale), name)?;
            }
            Part::SecondsOfDay => set(&mut self.seconds_of_day, integer(name.len())?.0, name)?,
            Part::DayOfYear | Part::IsoDayOfYear => {
                set(&mut self.day_of_year, integer(3)?.0, name)?;
            }
            Part::Day => set(&mut self.day, integer(2)?.0, name)?,
            Part::DayOfWeek => set(&mut self.weekday, integer(1)?.0, name)?,
            Part::IsoDayOfWeek => {
                // Sunday is 7 there and 1 here.
                let day = integer(1)?.0;
                set(&mut self.weekday, day % 7 + 1, name)?;
            }
            Part::Week | Part::IsoWeek => set(&mut self.week, integer(2)?.0, name)?,
            Part::WeekOfMonth => set(&mut self.week_of_month, integer(1)?.0, name)?,
            Part::Quarter => {
                // A quarter does not say which day: it is read and not used.
                integer(1)?;
            }
            Part::Century => set(&mut self.century, integer(2)?.0, name)?,
            Part::Month => set(&mut self.month, integer(2)?.0, name)?,
            Part::Julian => set(&mut self.julian, integer(7)?.0, name)?,
            Part::Year(digits) | Part::IsoYear(digits) => {
                let (value, length) = integer(digits as usize)?;
                let year = if digits < 4 && length < 4 { near_2020(value) } else { value };
                set(&mut self.year, year, name)?;
                self.year_digits = digits;
            }
            Part::YearWithComma => self.year_with_comma(keyword, reader)?,
            Part::Meridian | Part::Era => self.meridian_or_era(keyword, reader)?,
            Part::MonthName | Part::MonthAbbreviation | Part::DayName | Part::DayAbbreviation => {
                self.named(keyword, reader)?;
            }
            Part::RomanMonth => {
                let found = roman::month(reader.rest);
                let (month, length) = found.ok_or_else(|| {
                    bad_value(reader.rest, name).with_detail(
                        "The given value did not match any of the allowed values for this field.",
                    )
                })?;
                reader.rest = &reader.rest[length..];
                set(&mut self.month, month, name)?;
            }
            Part::ZoneHour => {
                self.zone_sign = match reader.rest.chars().next() {
                    Some('-') => -1,
                    Some('+' | ' ') => 1,
                    // The sign may have been taken for a separator before.
                    _ if reader.skipped > 0 && reader.last == Some('-') => -1,
                    _ => 1,
                };
                if reader.rest.starts_with(['+', '-', ' ']) {
                    reader.skip();
                }
                let hour = reader.integer(2, keyword, affixes, next)?.0;
                set(&mut self.zone_hour, hour, name)?;
            }
            Part::ZoneMinute => {
                if self.zone_sign == 0 {
                    self.zone_sign = 1;
                }
                set(&mut self.zone_minute, integer(2)?.0, name)?;
            }
            Part::Zone | Part::Offset => {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!("formatting field \"{name}\" is only supported in to_char"),
                ));
            }
        }
        if affixes.ordinal.is_some() {
            reader.skip();
            reader.skip();
        }
        Ok(())
    }

    fn year_with_comma(&mut self, keyword: Keyword, reader: &mut Reader<'_>) -> Result<()> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let head = digits(reader.rest);
        let invalid =
            || Error::new(sqlstate::INVALID_DATETIME_FORMAT, "invalid input string for \"Y,YYY\"");
        let tail = reader.rest[head..].strip_prefix(',').ok_or_else(invalid)?;
        let count = digits(tail).min(3);
        let thousands: i32 = reader.rest[..head].parse().map_err(|_| invalid())?;
        let rest: i32 = tail[..count].parse().map_err(|_| invalid())?;
        let year = thousands.checked_mul(1000).and_then(|year| year.checked_add(rest));
        set(&mut self.year, year.ok_or_else(invalid)?, keyword.text)?;
        self.year_digits = 4;
        reader.rest = &tail[count..];
        Ok(())
    }

    fn meridian_or_era(&mut self, keyword: Keyword, reader: &mut Reader<'_>) -> Result<()> {
        let dotted = keyword.text.len() > 2;
        let names: [&str; 2] = match (keyword.part, dotted) {
            (Part::Meridian, true) => ["a.m.", "p.m."],
            (Part::Meridian, false) => ["am", "pm"],
            (_, true) => ["a.d.", "b.c."],
            (_, false) => ["ad", "bc"],
        };
        let second = reader.name(&names, keyword)? == 1;
        if keyword.part == Part::Meridian {
            self.pm = second;
            self.twelve_hours = true;
        } else {
            self.bc = second;
        }
        Ok(())
    }

    fn named(&mut self, keyword: Keyword, reader: &mut Reader<'_>) -> Result<()> {
        let full = matches!(keyword.part, Part::MonthName | Part::DayName);
        let is_month = matches!(keyword.part, Part::MonthName | Part::MonthAbbreviation);
        let names: &[&str] = if is_month { &MONTHS } else { &DAYS };
        let names: Vec<&str> =
            names.iter().map(|name| if full { *name } else { &name[..3] }).collect();
        let value = reader.name(&names, keyword)? as i32 + 1;
        let field = if is_month { &mut self.month } else { &mut self.weekday };
        set(field, value, keyword.text)
    }

    /// Seconds east of UTC, when the text has them.
    pub fn offset_seconds(&self) -> Option<i32> {
        (self.zone_sign != 0)
            .then(|| self.zone_sign * (self.zone_hour * 3600 + self.zone_minute * 60))
    }

    /// Days since 2000 and microseconds of the day.
    pub fn assemble(&self, text: &str) -> Result<(i64, i64)> {
        let overflow = || {
            Error::new(
                sqlstate::DATETIME_FIELD_OVERFLOW,
                format!("date/time field value out of range: \"{text}\""),
            )
        };
        let days = self.days(&overflow)?;
        let time = self.time(&overflow)?;
        let zone_in_range = self.zone_hour.abs() <= 15 && self.zone_minute.abs() < 60;
        if !zone_in_range {
            return Err(overflow());
        }
        Ok((days, time))
    }

    fn time(&self, overflow: &dyn Fn() -> Error) -> Result<i64> {
        let (mut hour, mut minute, mut second) = (0, 0, 0);
        if self.seconds_of_day != 0 {
            hour = self.seconds_of_day / 3600;
            minute = self.seconds_of_day / 60 % 60;
            second = self.seconds_of_day % 60;
        }
        if self.second != 0 {
            second = self.second;
        }
        if self.minute != 0 {
            minute = self.minute;
        }
        if self.hour != 0 {
            hour = self.hour;
        }
        if self.twelve_hours {
            if !(1..=12).contains(&hour) {
                return Err(Error::new(
                    sqlstate::INVALID_DATETIME_FORMAT,
                    format!("hour \"{hour}\" is invalid for the 12-hour clock"),
                )
                .with_hint("Use the 24-hour clock, or give an hour between 1 and 12."));
            }
            hour = hour % 12 + if self.pm { 12 } else { 0 };
        }
        let fraction = i64::from(self.millisecond) * 1000 + i64::from(self.microsecond);
        let in_range = (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..MICROSECONDS_PER_SECOND).contains(&fraction);
        if !in_range {
            return Err(overflow());
        }
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Ok(seconds * MICROSECONDS_PER_SECOND + fraction)
    }

    /// The year in the calendar's count (0 is 1 BC); `None` when not given.
    fn civil_year(&self) -> Option<i32> {
        if self.year != 0 {
            if self.century != 0 && self.year_digits <= 2 {
                let century = if self.bc { -self.century } else { self.century };
                let year = self.year % 100;
                return Some(match (year, century >= 0) {
                    (0, true) => century * 100,
                    (0, false) => century * 100 + 1,
                    (year, true) => year + (century - 1) * 100,
                    (year, false) => (century + 1) * 100 - year + 1,
                });
            }
            let year = if self.bc { -self.year } else { self.year };
            return Some(if year < 0 { year + 1 } else { year });
        }
        if self.century == 0 {
            return None;
        }
        let century = if self.bc { -self.century } else { self.century };
        Some(if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 })
    }

    fn days(&self, overflow: &dyn Fn() -> Error) -> Result<i64> {
        let given_year = self.civil_year();
        let mut civil = Civil { year: given_year.unwrap_or(0), month: 1, day: 1 };
        let mut day_of_year = self.day_of_year;
        if self.julian != 0 {
            let days = self.julian.checked_sub(JULIAN_EPOCH).ok_or_else(overflow)?;
            civil = civil_from_days(days);
        }
        let checked = |days: i64| i32::try_from(days).map_err(|_| overflow());
        if self.week != 0 {
            if self.calendar == Calendar::Iso {
                let start = datetime::iso_week_start(civil.year, self.week);
                // Without a day the week's Monday; weekdays count from Sunday = 1.
                let weekday = match self.weekday {
                    0 | 2 => 0,
                    1 => 6,
                    day => i64::from(day) - 2,
                };
                civil = civil_from_days(checked(start + weekday)?);
            } else {
                day_of_year = (self.week - 1).saturating_mul(7).saturating_add(1);
            }
        }
        if self.week_of_month != 0 {
            civil.day = (self.week_of_month - 1).saturating_mul(7).saturating_add(1);
        }
        if self.day != 0 {
            civil.day = self.day;
        }
        if self.month != 0 {
            civil.month = self.month;
        }
        if day_of_year != 0 && (civil.month <= 1 || civil.day <= 1) {
            if given_year.is_none() && !self.bc {
                return Err(Error::new(
                    sqlstate::INVALID_DATETIME_FORMAT,
                    "cannot calculate day of year without year information",
                ));
            }
            civil = self.day_of_year_civil(civil, day_of_year, overflow)?;
        }
        let valid = (1..=12).contains(&civil.month)
            && civil.day >= 1
            && civil.day <= days_in_month(civil.year, civil.month);
        if !valid {
            return Err(overflow());
        }
        Ok(days_from_civil(civil.year, civil.month, civil.day))
    }

    fn day_of_year_civil(
        &self,
        civil: Civil,
        day_of_year: i32,
        overflow: &dyn Fn() -> Error,
    ) -> Result<Civil> {
        let start = if self.calendar == Calendar::Iso {
            datetime::iso_week_start(civil.year, 1)
        } else {
            days_from_civil(civil.year, 1, 1)
        };
        let length = 365 + i32::from(days_in_month(civil.year, 2) == 29);
        if day_of_year < 1 || (self.calendar != Calendar::Iso && day_of_year > length) {
            return Err(overflow());
        }
        let found = civil_from_days(
            i32::try_from(start + i64::from(day_of_year) - 1).map_err(|_| overflow())?,
        );
        if self.calendar == Calendar::Iso {
            return Ok(found);
        }
        // What was given apart from the day of the year stands.
        let month = if civil.month <= 1 { found.month } else { civil.month };
        let day = if civil.day <= 1 { found.day } else { civil.day };
        Ok(Civil { year: civil.year, month, day })
    }
}
