//! Time zones in POSIX notation: abbreviations, offsets that count **west**, and the days
//! on which daylight saving begins and ends.
//!
//! ```text
//! <+03>-3                        three hours east of UTC, called +03
//! CST7CDT,M4.1.0,M10.5.0         from the first Sunday of April to the last of October
//! NZST-12NZDT,M10.1.0,M3.3.0/3   the other half of the year
//! ```
//!
//! Without days the rule is that of the United States since 2007, for all years.

use super::{MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, calendar, split_timestamp};

/// Longer texts are no zones here.
const TEXT_MAX: usize = 64;
const DEFAULT_DAYS: &str = ",M3.2.0,M11.1.0";
const DEFAULT_SECONDS: i32 = 2 * 3600;

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PosixZone {
    text: [u8; TEXT_MAX],
    length: u8,
    standard: Period,
    saving: Option<Saving>,
}

/// An abbreviation, by its place in the text, and seconds east of UTC.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Period {
    name: (u8, u8),
    offset: i32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Saving {
    period: Period,
    begins: Change,
    ends: Change,
}

/// A time of each year, by the local clock before it.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Change {
    day: Day,
    seconds: i32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Day {
    /// `J1` to `J365`: 29 February is never counted.
    WithoutLeap(i32),
    /// `0` to `365`.
    OfYear(i32),
    /// `M4.1.0`: the first Sunday of April; week 5 is the last.
    OfWeek { month: i32, week: i32, weekday: i32 },
}

impl PosixZone {
    pub fn parse(text: &str) -> Option<PosixZone> {
        let mut reader = Reader { text, at: 0 };
        let name = reader.name()?;
        // What a shorter word means is for others to say.
        if !matches!(name.1 - name.0, 0 | 3..) {
            return None;
        }
        let standard = Period { name, offset: -reader.offset()? };
        let saving = match reader.is_done() {
            true => None,
            false => Some(reader.saving(standard.offset)?),
        };
        let mut bytes = [0; TEXT_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(PosixZone { text: bytes, length: text.len() as u8, standard, saving })
    }

    pub fn text(&self) -> &str {
        self.part((0, self.length))
    }

    fn part(&self, (from, to): (u8, u8)) -> &str {
        std::str::from_utf8(&self.text[usize::from(from)..usize::from(to)]).unwrap_or_default()
    }

    /// Seconds east of UTC at an instant (microseconds since 2000, UTC).
    pub fn offset_at(&self, timestamp: i64) -> i32 {
        self.period_at(timestamp).offset
    }

    /// Seconds east of UTC for a local time. What is skipped is read with the offset
    /// before, what comes twice with the one after: both are the smaller.
    pub fn offset_at_local(&self, local: i64) -> i32 {
        let Some(saving) = &self.saving else { return self.standard.offset };
        let (standard, summer) = (self.standard.offset, saving.period.offset);
        let holds = |offset: i32| {
            let at = local.saturating_sub(i64::from(offset) * MICROSECONDS_PER_SECOND);
            self.offset_at(at) == offset
        };
        match (holds(standard), holds(summer)) {
            (true, false) => standard,
            (false, true) => summer,
            _ => standard.min(summer),
        }
    }

    /// The abbreviation in force at an instant.
    pub fn abbreviation_at(&self, timestamp: i64) -> String {
        self.part(self.period_at(timestamp).name).to_owned()
    }

    pub fn is_daylight_saving(&self, timestamp: i64) -> bool {
        self.saving.is_some_and(|saving| self.is_saved_at(&saving, timestamp))
    }

    fn period_at(&self, timestamp: i64) -> &Period {
        match &self.saving {
            Some(saving) if self.is_saved_at(saving, timestamp) => &saving.period,
            _ => &self.standard,
        }
    }

    fn is_saved_at(&self, saving: &Saving, timestamp: i64) -> bool {
        let standard = i64::from(self.standard.offset) * MICROSECONDS_PER_SECOND;
        let (days, _) = split_timestamp(timestamp.saturating_add(standard));
        let year = calendar::civil_from_days(days).year;
        let begins = saving.begins.instant(year, self.standard.offset);
        let ends = saving.ends.instant(year, saving.period.offset);
        match begins <= ends {
            true => (begins..ends).contains(&timestamp),
            false => !(ends..begins).contains(&timestamp),
        }
    }
}

impl Change {
    /// When it is in a year, the clock being so many seconds east.
    fn instant(&self, year: i32, offset: i32) -> i64 {
        let seconds = i64::from(self.seconds) - i64::from(offset);
        self.day.in_year(year) * MICROSECONDS_PER_DAY + seconds * MICROSECONDS_PER_SECOND
    }
}

impl Day {
    /// Days since 2000-01-01.
    fn in_year(self, year: i32) -> i64 {
        let first = calendar::days_from_civil(year, 1, 1);
        match self {
            Day::OfYear(day) => first + i64::from(day),
            Day::WithoutLeap(day) => {
                let leap = calendar::is_leap_year(year) && day >= 60;
                first + i64::from(day) - 1 + i64::from(leap)
            }
            Day::OfWeek { month, week, weekday } => {
                let start = calendar::days_from_civil(year, month, 1);
                let next = match month {
                    12 => calendar::days_from_civil(year + 1, 1, 1),
                    month => calendar::days_from_civil(year, month + 1, 1),
                };
                // 2000-01-01 was a Saturday.
                let of_start = (start + 6).rem_euclid(7);
                let mut day = start + (i64::from(weekday) - of_start).rem_euclid(7);
                day += 7 * (i64::from(week) - 1);
                while day >= next {
                    day -= 7;
                }
                day
            }
        }
    }
}

/// Reads a text from left to right.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    fn takes(&mut self, wanted: char) -> bool {
        let takes = self.rest().starts_with(wanted);
        self.at += if takes { wanted.len_utf8() } else { 0 };
        takes
    }

    /// An abbreviation, perhaps in angle brackets: where it is.
    fn name(&mut self) -> Option<(u8, u8)> {
        let place =
            |from: usize, to: usize| Some((u8::try_from(from).ok()?, u8::try_from(to).ok()?));
        if self.takes('<') {
            let (from, end) = (self.at, self.rest().find('>')?);
            self.at += end + 1;
            return place(from, from + end);
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let from = self.at;
        self.at += end;
        place(from, from + end)
    }

    fn number(&mut self, range: std::ops::RangeInclusive<i32>) -> Option<i32> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: i32 = rest[..end].parse().ok()?;
        self.at += end;
        range.contains(&number).then_some(number)
    }

    /// `-3`, `+12:30:00`: seconds, up to a week.
    fn offset(&mut self) -> Option<i32> {
        let sign = match (self.takes('-'), self.takes('+')) {
            (true, false) => -1,
            (true, true) => return None,
            (false, _) => 1,
        };
        let mut seconds = self.number(0..=167)? * 3600;
        if self.takes(':') {
            seconds += self.number(0..=59)? * 60;
            if self.takes(':') {
                seconds += self.number(0..=60)?;
            }
        }
        Some(sign * seconds)
    }

    fn saving(&mut self, standard: i32) -> Option<Saving> {
        let name = self.name().filter(|(from, to)| from < to)?;
        let offset = match self.rest().chars().next() {
            None | Some(',') => standard + 3600,
            Some(_) => -self.offset()?,
        };
        let period = Period { name, offset };
        let (begins, ends) = match self.is_done() {
            true => Reader { text: DEFAULT_DAYS, at: 0 }.changes()?,
            false => self.changes()?,
        };
        Some(Saving { period, begins, ends })
    }

    fn changes(&mut self) -> Option<(Change, Change)> {
        let begins = self.takes(',').then(|| self.change())??;
        let ends = self.takes(',').then(|| self.change())??;
        self.is_done().then_some((begins, ends))
    }

    fn change(&mut self) -> Option<Change> {
        let day = if self.takes('J') {
            Day::WithoutLeap(self.number(1..=365)?)
        } else if self.takes('M') {
            let month = self.number(1..=12)?;
            let week = self.takes('.').then(|| self.number(1..=5))??;
            let weekday = self.takes('.').then(|| self.number(0..=6))??;
            Day::OfWeek { month, week, weekday }
        } else {
            Day::OfYear(self.number(0..=365)?)
        };
        let seconds = match self.takes('/') {
            true => self.offset()?,
            false => DEFAULT_SECONDS,
        };
        Some(Change { day, seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Microseconds of a time in UTC.
    fn utc(year: i32, month: i32, day: i32, hour: i64) -> i64 {
        calendar::days_from_civil(year, month, day) * MICROSECONDS_PER_DAY
            + hour * 3600 * MICROSECONDS_PER_SECOND
    }

    #[test]
    fn offsets_are_postgresqls() {
        let cases = [
            ("FOO5BAR", utc(2000, 3, 20, 12), -4),
            ("FOO5BAR", utc(2020, 12, 20, 12), -5),
            ("FOO5BAR", utc(1850, 7, 20, 12), -4),
            ("CST7CDT,M4.1.0,M10.5.0", utc(1000, 7, 1, 6), -6),
            ("CST7CDT,M4.1.0,M10.5.0", utc(2005, 4, 3, 8), -7),
            ("CST7CDT,M4.1.0,M10.5.0", utc(2005, 4, 3, 9), -6),
            ("<+03>-3<+04>-5,J60/1:30,300/-2:00", utc(2024, 2, 29, 0), 3),
            ("<+03>-3<+04>-5,J60/1:30,300/-2:00", utc(2024, 10, 25, 0), 5),
            ("NZST-12NZDT,M10.1.0,M3.3.0", utc(2024, 1, 4, 1), 13),
            ("NZST-12NZDT,M10.1.0,M3.3.0", utc(2024, 6, 4, 3), 12),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", utc(2024, 1, 4, 1), 0),
            ("XXX3EDT4,0/0,J365/23", utc(2025, 1, 1, 3), -4),
            ("<+03>-03", 0, 3),
            ("+3", 0, -3),
        ];
        for (zone, at, hours) in cases {
            let found = PosixZone::parse(zone).expect(zone).offset_at(at);
            assert_eq!(found, hours * 3600, "{zone} at {at}");
        }
    }

    #[test]
    fn what_is_skipped_and_what_comes_twice() {
        let zone = PosixZone::parse("CST7CDT,M4.1.0,M10.5.0").expect("a zone");
        let local = |month, day, hour| utc(2005, month, day, hour);
        assert_eq!(zone.offset_at_local(local(4, 3, 2)), -7 * 3600);
        assert_eq!(zone.offset_at_local(local(10, 30, 1)), -7 * 3600);
        assert_eq!(zone.offset_at_local(local(7, 1, 0)), -6 * 3600);
        assert_eq!(zone.abbreviation_at(utc(2005, 7, 1, 0)), "CDT");
        assert_eq!(zone.abbreviation_at(utc(2005, 1, 1, 0)), "CST");
    }

    #[test]
    fn what_is_no_zone() {
        for text in [
            "",
            "CST",
            "CST7CDT,M4.1.0",
            "CST7CDT,M13.1.0,M10.5.0",
            "CST7CDT,M4.6.0,M10.5.0",
            "CST7CDT,J0,J3",
            "CST7CDT,366,3",
            "CST7CDT,M4.1.0,M10.5.0x",
            "<+03-3",
            "CST168",
        ] {
            assert!(PosixZone::parse(text).is_none(), "{text}");
        }
    }
}
