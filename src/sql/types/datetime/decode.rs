//! The meaning of date/time fields: PostgreSQL's rules for its many formats.
//!
//! Fields are taken from left to right. What a bare number means depends on
//! what has been found so far and on the session's date order; a text month
//! makes the order free. `Found` records which parts are set, and a part that
//! is set twice is an error.

use super::lexer::{self, Field, FieldKind};
use super::word::Word;
use super::zone::{self, Zone};
use super::{
    Civil, DATE_INFINITY, DATE_NEGATIVE_INFINITY, INFINITY, MICROSECONDS_PER_DAY,
    MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, MICROSECONDS_PER_SECOND, NEGATIVE_INFINITY,
    UNIX_EPOCH_DAYS, calendar, is_valid_timestamp, split_timestamp,
};
use crate::error::{Error, Result};
use crate::sql::types::context::{DateOrder, InputContext};
use crate::sqlstate;

/// Why a text is not a date or time; [`Fault::error`] words it.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    BadFormat,
    FieldOverflow,
    /// A month or day out of range, which another DateStyle may mean.
    MonthDayOverflow,
    IntervalOverflow,
    ZoneOverflow,
    UnknownZone(String),
}

pub type Decoded<T> = std::result::Result<T, Fault>;

impl Fault {
    pub fn error(self, text: &str, type_name: &str) -> Error {
        let field = "date/time field value out of range";
        let new = |code, message: &str| Error::new(code, format!("{message}: \"{text}\""));
        match self {
            Fault::BadFormat => new(
                sqlstate::INVALID_DATETIME_FORMAT,
                &format!("invalid input syntax for type {type_name}"),
            ),
            Fault::FieldOverflow => new(sqlstate::DATETIME_FIELD_OVERFLOW, field),
            Fault::MonthDayOverflow => new(sqlstate::DATETIME_FIELD_OVERFLOW, field)
                .with_hint("Perhaps you need a different \"datestyle\" setting."),
            Fault::IntervalOverflow => {
                new(sqlstate::INTERVAL_FIELD_OVERFLOW, "interval field value out of range")
            }
            Fault::ZoneOverflow => new(
                sqlstate::INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
                "time zone displacement out of range",
            ),
            Fault::UnknownZone(name) => Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("time zone \"{name}\" not recognized"),
            ),
        }
    }
}

/// Which parts of a date/time have been found.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Found(u32);

impl Found {
    const YEAR: Found = Found(1);
    const MONTH: Found = Found(2);
    const DAY: Found = Found(4);
    const TIME: Found = Found(8);
    const ZONE: Found = Found(16);
    const DAY_OF_YEAR: Found = Found(32);
    const WEEKDAY: Found = Found(64);
    const MERIDIAN: Found = Found(128);
    const ERA: Found = Found(256);
    const DAYLIGHT_MODIFIER: Found = Found(512);
    const DATE: Found = Found(7);

    fn has(self, parts: Found) -> bool {
        self.0 & parts.0 == parts.0
    }

    fn and(self, parts: Found) -> Found {
        Found(self.0 | parts.0)
    }

    fn date_part(self) -> u32 {
        self.0 & Found::DATE.0
    }
}

/// A value that stands for itself instead of fields.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Special {
    Epoch,
    Infinity,
    NegativeInfinity,
    /// `now`, as UTC.
    Now(i64),
}

#[derive(Clone, Copy, PartialEq)]
enum ZoneFound {
    Offset(i32),
    Zone(Zone),
}

/// What the next number is said to be by the word before it.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    Julian,
    Time,
}

struct Decoder<'a> {
    context: &'a InputContext<'a>,
    found: Found,
    year: i32,
    month: i32,
    day: i32,
    day_of_year: i32,
    two_digit_year: bool,
    text_month: bool,
    julian: bool,
    bc: bool,
    pm: Option<bool>,
    hour: i64,
    minute: i64,
    second: i64,
    microsecond: i64,
    zone: Option<ZoneFound>,
    special: Option<Special>,
    prefix: Option<Prefix>,
    /// Reading a `time`: numbers never are dates.
    time_only: bool,
}

impl<'a> Decoder<'a> {
    fn new(context: &'a InputContext<'a>, time_only: bool) -> Decoder<'a> {
        Decoder {
            context,
            found: Found::default(),
            year: 0,
            month: 0,
            day: 0,
            day_of_year: 0,
            two_digit_year: false,
            text_month: false,
            julian: false,
            bc: false,
            pm: None,
            hour: 0,
            minute: 0,
            second: 0,
            microsecond: 0,
            zone: None,
            special: None,
            prefix: None,
            time_only,
        }
    }

    /// What counts as found when a number is given its meaning.
    fn basis(&self) -> Found {
        if self.time_only { self.found.and(Found::DATE) } else { self.found }
    }

    fn mark(&mut self, parts: Found) -> Decoded<()> {
        if self.found.0 & parts.0 != 0 {
            return Err(Fault::BadFormat);
        }
        self.found = self.found.and(parts);
        Ok(())
    }

    fn run(&mut self, fields: &[Field]) -> Decoded<()> {
        for index in 0..fields.len() {
            let field = &fields[index];
            match field.kind {
                FieldKind::Date => self.date_field(index, fields)?,
                FieldKind::Time => self.time_field(&field.text)?,
                FieldKind::Zone => {
                    let offset = parse_offset(&field.text)?;
                    self.zone = Some(ZoneFound::Offset(offset));
                    self.mark(Found::ZONE)?;
                }
                FieldKind::Number => self.number_field(index, fields)?,
                FieldKind::String | FieldKind::Special => self.word_field(index, fields)?,
            }
        }
        if self.prefix.is_some() {
            return Err(Fault::BadFormat);
        }
        Ok(())
    }

    fn date_field(&mut self, index: usize, fields: &[Field]) -> Decoded<()> {
        let text = &fields[index].text;
        if self.time_only {
            let is_date = index == 0
                && fields.len() >= 2
                && (fields[fields.len() - 1].kind == FieldKind::Date
                    || fields[1].kind == FieldKind::Time);
            if is_date {
                return self.date(text);
            }
            if text.as_bytes()[0].is_ascii_digit() {
                return self.time_with_zone(text);
            }
            return self.named_zone(text);
        }
        if self.prefix == Some(Prefix::Julian) {
            return Err(Fault::BadFormat);
        }
        if !self.found.has(Found::DATE) && self.prefix.is_none() {
            return self.date(text);
        }
        // There is a date already: a zone name, or a time with a zone run into it.
        if text.as_bytes()[0].is_ascii_digit() || self.prefix.is_some() {
            self.prefix = None;
            return self.time_with_zone(text);
        }
        self.named_zone(text)
    }

    /// `040506-08`.
    fn time_with_zone(&mut self, text: &str) -> Decoded<()> {
        if self.found.has(Found::TIME) {
            return Err(Fault::BadFormat);
        }
        let at = text.find('-').ok_or(Fault::BadFormat)?;
        let offset = parse_offset(&text[at..])?;
        self.zone = Some(ZoneFound::Offset(offset));
        self.long_number(&text[..at])?;
        self.mark(Found::ZONE)
    }

    fn named_zone(&mut self, text: &str) -> Decoded<()> {
        let zone = Zone::by_name(text).ok_or_else(|| Fault::UnknownZone(text.to_owned()))?;
        self.zone = Some(ZoneFound::Zone(zone));
        self.mark(Found::ZONE)
    }

    /// A date whose parts are joined by separators.
    fn date(&mut self, text: &str) -> Decoded<()> {
        let mut parts: Vec<&str> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            let first = rest.bytes().next().ok_or(Fault::BadFormat)?;
            let same = |c: char| c.is_ascii_digit() == first.is_ascii_digit();
            let end =
                rest.find(|c: char| !c.is_ascii_alphanumeric() || !same(c)).unwrap_or(rest.len());
            parts.push(&rest[..end]);
            rest = &rest[end..];
            if let Some(separator) = rest.chars().next()
                && !separator.is_ascii_alphanumeric()
            {
                rest = &rest[separator.len_utf8()..];
                if rest.is_empty() {
                    break;
                }
            }
        }
        let is_word = |part: &str| part.as_bytes()[0].is_ascii_alphabetic();
        for part in parts.iter().filter(|part| is_word(part)) {
            match Word::find(part) {
                Some(Word::Month(month)) => {
                    self.month = month;
                    self.text_month = true;
                    self.mark(Found::MONTH)?;
                }
                Some(Word::Ignored) => {}
                _ => return Err(Fault::BadFormat),
            }
        }
        let text_month = std::mem::replace(&mut self.text_month, false);
        for part in parts.iter().filter(|part| !is_word(part)) {
            self.number(part, text_month)?;
        }
        if self.found.has(Found::DATE) { Ok(()) } else { Err(Fault::BadFormat) }
    }

    fn time_field(&mut self, text: &str) -> Decoded<()> {
        match self.prefix {
            Some(Prefix::Time) => self.prefix = None,
            Some(Prefix::Julian) => return Err(Fault::BadFormat),
            None => {}
        }
        let time = ClockTime::parse(text)?;
        if time.hour > i64::from(i32::MAX) {
            return Err(Fault::FieldOverflow);
        }
        self.hour = time.hour;
        self.minute = time.minute;
        self.second = time.second;
        self.microsecond = time.microsecond;
        self.mark(Found::TIME)?;
        self.check_time()
    }

    fn time_of_day(&self) -> i64 {
        self.hour * MICROSECONDS_PER_HOUR
            + self.minute * MICROSECONDS_PER_MINUTE
            + self.second * MICROSECONDS_PER_SECOND
            + self.microsecond
    }

    fn check_time(&self) -> Decoded<()> {
        let in_range = (0..=24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..=60).contains(&self.second)
            && self.time_of_day() <= MICROSECONDS_PER_DAY;
        if in_range { Ok(()) } else { Err(Fault::FieldOverflow) }
    }

    fn number_field(&mut self, index: usize, fields: &[Field]) -> Decoded<()> {
        let text = &fields[index].text;
        match self.prefix.take() {
            Some(Prefix::Julian) => return self.julian_day(text),
            Some(Prefix::Time) => {
                let before = self.found;
                self.found = self.found.and(Found::DATE);
                self.long_number(text)?;
                self.found = Found(before.0 | Found::TIME.0);
                return Ok(());
            }
            None => {}
        }
        let point = text.find('.');
        if self.time_only {
            return match point {
                Some(_)
                    if index == 0
                        && fields.len() >= 2
                        && fields[fields.len() - 1].kind == FieldKind::Date =>
                {
                    self.date(text)
                }
                Some(at) if at > 2 => self.long_number(text),
                Some(_) => Err(Fault::BadFormat),
                None if text.len() > 4 => self.long_number(text),
                None => self.number(text, false),
            };
        }
        match point {
            Some(_) if !self.found.has(Found::DATE) => self.date(text),
            Some(at) if at > 2 => self.long_number(text),
            None if text.len() >= 6 && !(self.found.has(Found::DATE.and(Found::TIME))) => {
                self.long_number(text)
            }
            _ => self.number(text, self.text_month),
        }
    }

    fn julian_day(&mut self, text: &str) -> Decoded<()> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let day: i32 = whole.parse().map_err(|_| Fault::FieldOverflow)?;
        let Civil { year, month, day } = calendar::civil_from_days(day - super::JULIAN_EPOCH);
        (self.year, self.month, self.day) = (year, month, day);
        self.julian = true;
        self.mark(Found::DATE)?;
        if text.contains('.') {
            let part: f64 = format!("0.{fraction}0").parse().map_err(|_| Fault::BadFormat)?;
            let time = (part * MICROSECONDS_PER_DAY as f64) as i64;
            (self.hour, self.minute, self.second, self.microsecond) = super::split_time(time);
            self.mark(Found::TIME)?;
        }
        Ok(())
    }

    /// A number by itself or between separators.
    fn number(&mut self, text: &str, text_month: bool) -> Decoded<()> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let value: i32 = match text[..digits].parse() {
            Ok(value) => value,
            Err(_) if digits == 0 => return Err(Fault::BadFormat),
            Err(_) => return Err(Fault::FieldOverflow),
        };
        if text[digits..].starts_with('.') {
            if digits > 2 {
                let time_only = std::mem::replace(&mut self.time_only, true);
                let result = self.long_number(text);
                self.time_only = time_only;
                return result;
            }
            self.microsecond = parse_fraction(&text[digits..])?;
        } else if digits < text.len() {
            return Err(Fault::BadFormat);
        }
        let date = self.basis().date_part();
        let only_year = date == Found::YEAR.0;
        if text.len() == 3 && only_year && (1..=366).contains(&value) {
            self.day_of_year = value;
            return self.mark(Found::DAY_OF_YEAR.and(Found::MONTH).and(Found::DAY));
        }
        self.assign(date, value, text.len(), text_month, text)
    }

    /// Decides what a number is from the date parts found so far.
    fn assign(
        &mut self,
        date: u32,
        value: i32,
        length: usize,
        text_month: bool,
        text: &str,
    ) -> Decoded<()> {
        const YEAR: u32 = Found::YEAR.0;
        const MONTH: u32 = Found::MONTH.0;
        const DAY: u32 = Found::DAY.0;
        const YEAR_MONTH: u32 = YEAR | MONTH;
        const MONTH_DAY: u32 = MONTH | DAY;
        const DATE: u32 = Found::DATE.0;
        let order = self.context.date_order;
        let part = match date {
            0 if length >= 3 || order == DateOrder::Ymd => Found::YEAR,
            0 if order == DateOrder::Dmy => Found::DAY,
            0 => Found::MONTH,
            YEAR => Found::MONTH,
            MONTH if text_month && (length >= 3 || order == DateOrder::Ymd) => Found::YEAR,
            MONTH => Found::DAY,
            YEAR_MONTH if text_month && length >= 3 && self.two_digit_year => {
                // The first number was the day after all: the year is set already.
                self.day = self.year;
                self.year = value;
                self.two_digit_year = false;
                return self.mark(Found::DAY);
            }
            YEAR_MONTH => Found::DAY,
            DAY => Found::MONTH,
            MONTH_DAY => Found::YEAR,
            DATE => return self.long_number(text),
            _ => return Err(Fault::BadFormat),
        };
        match part {
            Found::YEAR => {
                self.year = value;
                self.two_digit_year = length <= 2;
            }
            Found::MONTH => self.month = value,
            _ => self.day = value,
        }
        self.mark(part)
    }

    /// Digits run together: `19990108`, `990108`, `040506`, `040506.789`, `0405`.
    fn long_number(&mut self, text: &str) -> Decoded<()> {
        let basis = self.basis();
        let (digits, fraction) = match text.find('.') {
            Some(at) => (&text[..at], Some(&text[at..])),
            None => (text, None),
        };
        let length = digits.len();
        let value = |range: std::ops::Range<usize>| -> Decoded<i32> {
            digits.get(range).and_then(|d| d.parse().ok()).ok_or(Fault::BadFormat)
        };
        if let Some(fraction) = fraction {
            self.microsecond = parse_fraction(fraction)?;
        } else if !basis.has(Found::DATE) && length >= 6 {
            self.day = value(length - 2..length)?;
            self.month = value(length - 4..length - 2)?;
            self.year = value(0..length - 4)?;
            self.two_digit_year |= length - 4 == 2;
            return self.mark(Found::DATE);
        }
        if self.found.has(Found::TIME) || (length != 6 && length != 4) {
            return Err(Fault::BadFormat);
        }
        self.second = if length == 6 { i64::from(value(4..6)?) } else { 0 };
        self.minute = i64::from(value(2..4)?);
        self.hour = i64::from(value(0..2)?);
        self.mark(Found::TIME)
    }

    fn word_field(&mut self, index: usize, fields: &[Field]) -> Decoded<()> {
        let text = &fields[index].text;
        let Some(word) = Word::find(text) else {
            return self.zone_word(text);
        };
        match word {
            Word::Ignored => Ok(()),
            Word::Month(month) => {
                if self.time_only {
                    return Err(Fault::BadFormat);
                }
                // A number taken for the month was the day.
                let displaced = self.found.has(Found::MONTH)
                    && !self.text_month
                    && !self.found.has(Found::DAY)
                    && (1..=31).contains(&self.month);
                self.text_month = true;
                if displaced {
                    self.day = std::mem::replace(&mut self.month, month);
                    return self.mark(Found::DAY);
                }
                self.month = month;
                self.mark(Found::MONTH)
            }
            Word::Weekday(_) if !self.time_only => self.mark(Found::WEEKDAY),
            Word::Am | Word::Pm => {
                self.pm = Some(word == Word::Pm);
                self.mark(Found::MERIDIAN)
            }
            Word::Ad | Word::Bc => {
                self.bc = word == Word::Bc;
                self.mark(Found::ERA)
            }
            Word::Midnight => {
                (self.hour, self.minute, self.second, self.microsecond) = (0, 0, 0, 0);
                self.zone = Some(ZoneFound::Offset(0));
                self.mark(Found::TIME.and(Found::ZONE))
            }
            Word::Now => {
                self.special = Some(Special::Now(self.context.now));
                self.mark(Found::DATE.and(Found::TIME).and(Found::ZONE))
            }
            Word::Epoch | Word::Infinity | Word::NegativeInfinity if !self.time_only => {
                self.special = Some(match word {
                    Word::Epoch => Special::Epoch,
                    Word::Infinity => Special::Infinity,
                    _ => Special::NegativeInfinity,
                });
                self.mark(Found::DATE.and(Found::TIME).and(Found::ZONE))
            }
            Word::Today | Word::Tomorrow | Word::Yesterday if !self.time_only => {
                let local = self.context.zone.to_local(self.context.now).unwrap_or(0);
                let shift = match word {
                    Word::Tomorrow => 1,
                    Word::Yesterday => -1,
                    _ => 0,
                };
                let day = calendar::civil_from_days(split_timestamp(local).0 + shift);
                (self.year, self.month, self.day) = (day.year, day.month, day.day);
                self.julian = true;
                self.mark(Found::DATE)
            }
            Word::DaylightSaving => {
                if let Some(ZoneFound::Offset(offset)) = &mut self.zone {
                    *offset += 3600;
                } else {
                    return Err(Fault::BadFormat);
                }
                self.mark(Found::DAYLIGHT_MODIFIER)
            }
            Word::TimeFollows => {
                let next = fields.get(index + 1).map(|field| field.kind);
                let sensible =
                    matches!(next, Some(FieldKind::Number | FieldKind::Time | FieldKind::Date));
                if !sensible || (!self.time_only && !self.found.has(Found::DATE)) {
                    return Err(Fault::BadFormat);
                }
                self.prefix = Some(Prefix::Time);
                Ok(())
            }
            Word::JulianFollows => {
                self.prefix = Some(Prefix::Julian);
                Ok(())
            }
            _ => Err(Fault::BadFormat),
        }
    }

    fn zone_word(&mut self, text: &str) -> Decoded<()> {
        let found = match zone::abbreviation(text) {
            Some((offset, _)) => ZoneFound::Offset(offset),
            None => ZoneFound::Zone(Zone::by_name(text).ok_or(Fault::BadFormat)?),
        };
        self.zone = Some(found);
        self.mark(Found::ZONE)
    }

    /// Checks the date's parts and completes the year.
    fn check_date(&mut self) -> Decoded<()> {
        if self.found.has(Found::YEAR) && !self.julian {
            if self.bc {
                if self.year <= 0 {
                    return Err(Fault::FieldOverflow);
                }
                self.year = 1 - self.year;
            } else if self.two_digit_year {
                self.year += match self.year {
                    0..70 => 2000,
                    70..100 => 1900,
                    _ => 0,
                };
            } else if self.year <= 0 {
                return Err(Fault::FieldOverflow);
            }
        }
        if self.found.has(Found::DAY_OF_YEAR) {
            let days = calendar::days_from_civil(self.year, 1, self.day_of_year);
            let civil = i32::try_from(days).map_err(|_| Fault::FieldOverflow)?;
            let civil = calendar::civil_from_days(civil);
            (self.year, self.month, self.day) = (civil.year, civil.month, civil.day);
        }
        if self.found.has(Found::MONTH) && !(1..=12).contains(&self.month) {
            return Err(Fault::MonthDayOverflow);
        }
        if self.found.has(Found::DAY) && !(1..=31).contains(&self.day) {
            return Err(Fault::MonthDayOverflow);
        }
        if self.found.has(Found::DATE) && self.day > calendar::days_in_month(self.year, self.month)
        {
            return Err(Fault::FieldOverflow);
        }
        Ok(())
    }

    fn apply_meridian(&mut self) -> Decoded<()> {
        let Some(pm) = self.pm else { return Ok(()) };
        if self.hour > 12 {
            return Err(Fault::FieldOverflow);
        }
        match pm {
            false if self.hour == 12 => self.hour = 0,
            true if self.hour != 12 => self.hour += 12,
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Decoded<()> {
        if self.special.is_some() {
            return Ok(());
        }
        self.check_date()?;
        self.apply_meridian()?;
        self.check_time()?;
        let needed = if self.time_only { Found::TIME } else { Found::DATE };
        if self.found.has(needed) { Ok(()) } else { Err(Fault::BadFormat) }
    }

    fn days(&self) -> i64 {
        calendar::days_from_civil(self.year, self.month, self.day)
    }

    /// Local microseconds since 2000, or `None` when far out of range.
    fn local(&self) -> Option<i64> {
        self.days().checked_mul(MICROSECONDS_PER_DAY)?.checked_add(self.time_of_day())
    }
}

fn decode<'a>(
    text: &str,
    context: &'a InputContext<'a>,
    time_only: bool,
    type_name: &str,
) -> Result<Decoder<'a>> {
    let mut decoder = Decoder::new(context, time_only);
    let result = lexer::fields(text)
        .filter(|fields| !fields.is_empty())
        .ok_or(Fault::BadFormat)
        .and_then(|fields| decoder.run(&fields))
        .and_then(|()| decoder.finish());
    match result {
        Ok(()) => Ok(decoder),
        Err(fault) => Err(fault.error(text, type_name)),
    }
}

fn range_error(what: &str, text: &str) -> Error {
    Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, format!("{what} out of range: \"{text}\""))
}

/// Days since 2000-01-01.
pub fn parse_date(text: &str, context: &InputContext<'_>) -> Result<i32> {
    let decoder = decode(text, context, false, "date")?;
    let days = match decoder.special {
        Some(Special::Epoch) => return Ok(-UNIX_EPOCH_DAYS),
        Some(Special::Infinity) => return Ok(DATE_INFINITY),
        Some(Special::NegativeInfinity) => return Ok(DATE_NEGATIVE_INFINITY),
        Some(Special::Now(now)) => {
            i64::from(split_timestamp(context.zone.to_local(now).unwrap_or(now)).0)
        }
        None => decoder.days(),
    };
    super::checked_date(days).map_err(|_| range_error("date", text))
}

/// Microseconds since midnight.
pub fn parse_time(text: &str, context: &InputContext<'_>) -> Result<i64> {
    let decoder = decode(text, context, true, "time")?;
    Ok(match decoder.special {
        Some(Special::Now(now)) => split_timestamp(context.zone.to_local(now).unwrap_or(now)).1,
        _ => decoder.time_of_day(),
    })
}

/// Microseconds since midnight, and seconds west of UTC.
pub fn parse_time_tz(text: &str, context: &InputContext<'_>) -> Result<(i64, i32)> {
    let decoder = decode(text, context, true, "time with time zone")?;
    let now = context.now;
    if let Some(Special::Now(now)) = decoder.special {
        let local = context.zone.to_local(now).unwrap_or(now);
        return Ok((split_timestamp(local).1, -context.zone.offset_at(now)));
    }
    let time = decoder.time_of_day();
    let local = if decoder.found.has(Found::DATE) {
        decoder.local().unwrap_or(0)
    } else {
        let today = split_timestamp(context.zone.to_local(now).unwrap_or(now)).0;
        i64::from(today) * MICROSECONDS_PER_DAY + time
    };
    let east = match decoder.zone {
        Some(ZoneFound::Offset(offset)) => offset,
        Some(ZoneFound::Zone(zone)) => zone.offset_at_local(local),
        None => context.zone.offset_at_local(local),
    };
    Ok((time, -east))
}

/// Microseconds since 2000-01-01; a zone in the text is ignored.
pub fn parse_timestamp(text: &str, context: &InputContext<'_>) -> Result<i64> {
    let decoder = decode(text, context, false, "timestamp")?;
    let value = match decoder.special {
        Some(Special::Epoch) => Some(-i64::from(UNIX_EPOCH_DAYS) * MICROSECONDS_PER_DAY),
        Some(Special::Infinity) => return Ok(INFINITY),
        Some(Special::NegativeInfinity) => return Ok(NEGATIVE_INFINITY),
        Some(Special::Now(now)) => context.zone.to_local(now),
        None => decoder.local(),
    };
    value
        .filter(|value| super::is_finite(*value) && is_valid_timestamp(*value))
        .ok_or_else(|| range_error("timestamp", text))
}

/// Microseconds since 2000-01-01 UTC; without a zone in the text, the session's.
pub fn parse_timestamp_tz(text: &str, context: &InputContext<'_>) -> Result<i64> {
    let decoder = decode(text, context, false, "timestamp with time zone")?;
    let value = match decoder.special {
        Some(Special::Epoch) => Some(-i64::from(UNIX_EPOCH_DAYS) * MICROSECONDS_PER_DAY),
        Some(Special::Infinity) => return Ok(INFINITY),
        Some(Special::NegativeInfinity) => return Ok(NEGATIVE_INFINITY),
        Some(Special::Now(now)) => Some(now),
        None => decoder.local().and_then(|local| match decoder.zone {
            Some(ZoneFound::Offset(east)) => {
                local.checked_sub(i64::from(east) * MICROSECONDS_PER_SECOND)
            }
            Some(ZoneFound::Zone(zone)) => zone.to_utc(local),
            None => context.zone.to_utc(local),
        }),
    };
    value
        .filter(|value| super::is_finite(*value) && is_valid_timestamp(*value))
        .ok_or_else(|| range_error("timestamp", text))
}

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
    match parts.next() {
        Some(text) => {
            minute = number(text)?;
            if let Some(text) = parts.next() {
                second = number(text)?;
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
