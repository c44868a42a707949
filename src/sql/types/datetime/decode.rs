//! The meaning of date/time fields: PostgreSQL's rules for its many formats.
//!
//! Fields are taken from left to right. What a bare number means depends on
//! what has been found so far and on the session's date order; a text month
//! makes the order free. `Found` records which parts are set, and a part that
//! is set twice is an error.

use super::clock::{ClockTime, parse_fraction, parse_offset};
use super::fault::{Decoded, Fault};
use super::lexer::{Field, FieldKind};
use super::word::Word;
use super::zone::{self, Zone};
use super::{
    Civil, MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE,
    MICROSECONDS_PER_SECOND, calendar, split_timestamp,
};
use crate::sql::types::context::{DateOrder, InputContext};

/// Which parts of a date/time have been found.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Found(u32);

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
    pub(super) const DATE: Found = Found(7);

    pub(super) fn has(self, parts: Found) -> bool {
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
pub(super) enum Special {
    Epoch,
    Infinity,
    NegativeInfinity,
    /// `now`, as UTC.
    Now(i64),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum ZoneFound {
    Offset(i32),
    Zone(Zone),
}

/// What the next number is said to be by the word before it.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    Julian,
    Time,
}

pub(super) struct Decoder<'a> {
    context: &'a InputContext<'a>,
    pub(super) found: Found,
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
    pub(super) zone: Option<ZoneFound>,
    pub(super) special: Option<Special>,
    prefix: Option<Prefix>,
    /// Reading a `time`: numbers never are dates.
    time_only: bool,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(context: &'a InputContext<'a>, time_only: bool) -> Decoder<'a> {
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

    pub(super) fn run(&mut self, fields: &[Field]) -> Decoded<()> {
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
        if !self.found.has(Found::MONTH.and(Found::DAY)) && self.prefix.is_none() {
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
        let time_only = std::mem::replace(&mut self.time_only, false);
        for part in parts.iter().filter(|part| !is_word(part)) {
            self.number(part, text_month)?;
        }
        self.time_only = time_only;
        // Such a date is whole, and nothing but a zone stands before it.
        let allowed = Found::DATE.and(Found::ZONE).and(Found::DAY_OF_YEAR);
        let whole = self.found.has(Found::DATE) && allowed.has(self.found);
        if whole { Ok(()) } else { Err(Fault::BadFormat) }
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

    pub(super) fn time_of_day(&self) -> i64 {
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
                self.special = Some(Special::Now(self.context.now()));
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
                let local = self.context.zone.to_local(self.context.now()).unwrap_or(0);
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

    pub(super) fn finish(&mut self) -> Decoded<()> {
        if self.special.is_some() {
            return Ok(());
        }
        self.check_date()?;
        self.apply_meridian()?;
        self.check_time()?;
        // Without a date, only a zone that never changes has an offset.
        if let (true, false, Some(ZoneFound::Zone(zone))) =
            (self.time_only, self.found.has(Found::DATE), self.zone)
            && !zone.is_constant()
        {
            return Err(Fault::BadFormat);
        }
        let needed = if self.time_only { Found::TIME } else { Found::DATE };
        if self.found.has(needed) { Ok(()) } else { Err(Fault::BadFormat) }
    }

    pub(super) fn days(&self) -> i64 {
        calendar::days_from_civil(self.year, self.month, self.day)
    }

    /// Local microseconds since 2000, or `None` when far out of range.
    pub(super) fn local(&self) -> Option<i64> {
        self.days().checked_mul(MICROSECONDS_PER_DAY)?.checked_add(self.time_of_day())
    }
}
