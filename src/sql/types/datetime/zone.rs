//! Time zones: IANA names, abbreviations, POSIX notation ([`super::posix`]).
//!
//! Rules come from the tz database in `chrono-tz`, which ends its transitions in 2099; later
//! years take the rules of an earlier year with the same calendar, so daylight
//! saving goes on as PostgreSQL has it.
//!
//! A local time that a transition skips is read with the offset before it, and
//! one that occurs twice with the offset after it, as PostgreSQL does.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{OffsetName, TZ_VARIANTS, Tz};

use super::abbreviation::ABBREVIATIONS;
use super::posix::PosixZone;
use super::{
    MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, UNIX_EPOCH_DAYS, calendar, is_finite,
    split_timestamp,
};

/// A time zone that a session or an expression names.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Zone {
    /// Seconds east of UTC.
    Fixed(i32),
    Named(Tz),
    Posix(PosixZone),
}

/// The first year whose rules are taken from an earlier one.
const RULES_END_YEAR: i32 = 2100;
const SECONDS_PER_DAY: i64 = 86_400;

impl Zone {
    pub const UTC: Zone = Zone::Named(Tz::UTC);

    /// A zone by name (any case), abbreviation, or POSIX offset: `Europe/Berlin`,
    /// `EST`, `UTC+3` (west!), `<+03>-3`, `+02:30`.
    pub fn find(name: &str) -> Option<Zone> {
        if let Some((offset, _)) = abbreviation(&name.to_ascii_lowercase()) {
            return Some(Zone::Fixed(offset));
        }
        Zone::by_name(name)
    }

    /// As [`Zone::find`], without the abbreviations: what `SET TimeZone` accepts.
    pub fn by_name(name: &str) -> Option<Zone> {
        if let Ok(zone) = name.parse::<Tz>() {
            return Some(Zone::Named(zone));
        }
        let named = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
        named.map(|zone| Zone::Named(*zone)).or_else(|| PosixZone::parse(name).map(Zone::Posix))
    }

    /// The name that SHOW TimeZone prints.
    pub fn name(self) -> String {
        match self {
            Zone::Named(zone) => zone.name().to_owned(),
            Zone::Posix(zone) => zone.text().to_owned(),
            Zone::Fixed(offset) => {
                let text = offset_text(offset);
                let posix = offset_text(-offset);
                format!("<{text}>{posix}")
            }
        }
    }

    /// Seconds east of UTC at an instant (microseconds since 2000, UTC).
    pub fn offset_at(self, timestamp: i64) -> i32 {
        match self {
            Zone::Fixed(offset) => offset,
            Zone::Named(Tz::UTC) => 0,
            Zone::Posix(zone) => zone.offset_at(timestamp),
            Zone::Named(zone) => match without_rules(zone, timestamp) {
                Some((offset, _)) => offset,
                None => zone.offset_from_utc_datetime(&naive(timestamp)).fix().local_minus_utc(),
            },
        }
    }

    /// Seconds east of UTC for a local time (microseconds since 2000, local).
    pub fn offset_at_local(self, local: i64) -> i32 {
        let zone = match self {
            Zone::Fixed(offset) => return offset,
            Zone::Named(Tz::UTC) => return 0,
            Zone::Posix(zone) => return zone.offset_at_local(local),
            Zone::Named(zone) => zone,
        };
        if let Some((offset, _)) = without_rules(zone, local) {
            return offset;
        }
        match zone.offset_from_local_datetime(&naive(local)) {
            chrono::LocalResult::Single(offset) => offset.fix().local_minus_utc(),
            chrono::LocalResult::Ambiguous(_, after) => after.fix().local_minus_utc(),
            chrono::LocalResult::None => self.offset_at(local.saturating_sub(MICROSECONDS_PER_DAY)),
        }
    }

    /// The abbreviation in force at an instant: `CET`, `PDT`, `+03`.
    pub fn abbreviation_at(self, timestamp: i64) -> String {
        match self {
            Zone::Fixed(offset) => offset_text(offset),
            Zone::Posix(zone) => zone.abbreviation_at(timestamp),
            Zone::Named(zone) => {
                if let Some((_, name)) = without_rules(zone, timestamp) {
                    return name.to_owned();
                }
                let offset = zone.offset_from_utc_datetime(&naive(timestamp));
                let fallback = || offset_text(offset.fix().local_minus_utc());
                offset.abbreviation().map_or_else(fallback, str::to_owned)
            }
        }
    }

    /// Whether daylight saving is in force at an instant.
    pub fn is_daylight_saving(self, timestamp: i64) -> bool {
        match self {
            Zone::Fixed(_) => false,
            Zone::Posix(zone) => zone.is_daylight_saving(timestamp),
            Zone::Named(zone) if without_rules(zone, timestamp).is_some() => false,
            Zone::Named(zone) => {
                use chrono_tz::OffsetComponents;
                let offset = zone.offset_from_utc_datetime(&naive(timestamp));
                offset.dst_offset() != TimeDelta::zero()
            }
        }
    }

    /// Whether the offset has always been the same: `UTC`, `Etc/GMT+3`.
    pub fn is_constant(self) -> bool {
        let offset = self.offset_at(0);
        // Transitions are months apart, and none is before 1840.
        (-160 * 12..100 * 12)
            .all(|month| self.offset_at(month * 30 * MICROSECONDS_PER_DAY) == offset)
    }

    /// A local timestamp as an instant; ±infinity stay. `None` is out of range.
    pub fn to_utc(self, local: i64) -> Option<i64> {
        if !is_finite(local) {
            return Some(local);
        }
        local.checked_sub(i64::from(self.offset_at_local(local)) * MICROSECONDS_PER_SECOND)
    }

    /// An instant as a local timestamp; ±infinity stay. `None` is out of range.
    pub fn to_local(self, timestamp: i64) -> Option<i64> {
        if !is_finite(timestamp) {
            return Some(timestamp);
        }
        timestamp.checked_add(i64::from(self.offset_at(timestamp)) * MICROSECONDS_PER_SECOND)
    }
}

/// The zones that are named by their abbreviations follow the rules of the United
/// States while there were any, and their standard time in all other years: the
/// cities that `chrono-tz` takes them for had rules of their own, and local time
/// before 1883.
fn without_rules(zone: Tz, timestamp: i64) -> Option<(i32, &'static str)> {
    const YEARS_WITH_RULES: [std::ops::Range<i32>; 3] = [1918..1920, 1942..1946, 1967..i32::MAX];
    let (hours, name) = match zone {
        Tz::EST5EDT => (-5, "EST"),
        Tz::CST6CDT => (-6, "CST"),
        Tz::MST7MDT => (-7, "MST"),
        Tz::PST8PDT => (-8, "PST"),
        _ => return None,
    };
    let (days, _) = split_timestamp(timestamp);
    let year = calendar::civil_from_days(days).year;
    let has_rules = YEARS_WITH_RULES.iter().any(|years| years.contains(&year));
    (!has_rules).then_some((hours * 3600, name))
}

/// All abbreviations: lower case, seconds east, and whether it is daylight saving.
pub fn abbreviations() -> impl Iterator<Item = (&'static str, i32, bool)> {
    ABBREVIATIONS.iter().copied()
}

/// The time zone abbreviation's offset (seconds east) and whether it is
/// daylight saving; the text is lower case.
pub fn abbreviation(text: &str) -> Option<(i32, bool)> {
    let index = ABBREVIATIONS.binary_search_by(|entry| entry.0.cmp(text)).ok()?;
    let (_, offset, daylight_saving) = ABBREVIATIONS[index];
    Some((offset, daylight_saving))
}

/// A timestamp as chrono's, its year brought into the range that has rules.
fn naive(timestamp: i64) -> NaiveDateTime {
    let (days, time) = split_timestamp(timestamp);
    let civil = calendar::civil_from_days(days);
    let days = if civil.year >= RULES_END_YEAR {
        let year = equivalent_year(civil.year);
        let shift =
            calendar::days_from_civil(civil.year, 1, 1) - calendar::days_from_civil(year, 1, 1);
        i64::from(days) - shift
    } else {
        i64::from(days)
    };
    let seconds =
        (days + i64::from(UNIX_EPOCH_DAYS)) * SECONDS_PER_DAY + time / MICROSECONDS_PER_SECOND;
    DateTime::from_timestamp(seconds, 0).map(|at| at.naive_utc()).unwrap_or(NaiveDateTime::MIN)
}

/// A year of the last 28 with rules that has the same calendar.
fn equivalent_year(year: i32) -> i32 {
    let shape = |year: i32| {
        let start = calendar::days_from_civil(year, 1, 1).rem_euclid(7);
        (start, calendar::is_leap_year(year))
    };
    let wanted = shape(year);
    (RULES_END_YEAR - 28..RULES_END_YEAR)
        .find(|candidate| shape(*candidate) == wanted)
        .expect("28 years have every calendar")
}

/// `+05:30`: hours, then minutes and seconds where they are not zero.
pub fn offset_text(offset: i32) -> String {
    let magnitude = offset.unsigned_abs();
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (magnitude / 3600, magnitude / 60 % 60, magnitude % 60);
    match (minutes, seconds) {
        (0, 0) => format!("{sign}{hours:02}"),
        (_, 0) => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}
