//! `jobs`: when a schedule is due next. What else there is to jobs is SQL
//! (`extensions/jobs`) and the server's workers (`crate::jobs`).

use std::str::FromStr;

use chrono::{DateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::errors::CronError;
use croner::parser::{CronParser, Year};
use croner::{Cron, JobType};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::{Ret, TimestampTz, arg};
use crate::sqlstate;

/// Microseconds from 1970-01-01 to 2000-01-01.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;
/// Characters of a pattern.
const PATTERN_MAX: usize = 255;

pub const KERNELS: &[Kernel] = kernels! {
    call "jobs_next_tick" => |_, args| {
        let TimestampTz(after) = arg(args, 2)?;
        Ok(TimestampTz(next_tick(arg(args, 0)?, arg(args, 1)?, after)?).into_datum())
    };
};

fn refused(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// The first tick of a pattern after an instant; both in microseconds since 2000-01-01 UTC.
///
/// A fixed time of day that the clocks skip is the first instant after the gap; one that
/// they show twice is the first of the two. Patterns of intervals follow the clock: they
/// skip the gap, and tick in both hours.
fn next_tick(pattern: &str, zone: &str, after: i64) -> Result<i64> {
    let cron = parse(pattern)?;
    let zone = Tz::from_str(zone)
        .map_err(|_| refused(format!("time zone \"{zone}\" is not in the database of zones")))?;
    let after = after
        .checked_add(EPOCH_MICROSECONDS)
        .and_then(DateTime::<Utc>::from_timestamp_micros)
        .ok_or_else(|| Error::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp out of range"))?;
    let next = match cron.determine_job_type() {
        JobType::FixedTime => {
            cron.find_next_occurrence(&after.with_timezone(&zone), false).map(|next| next.to_utc())
        }
        JobType::IntervalWildcard => next_of_interval(&cron, zone, after),
    };
    match next {
        Ok(next) => Ok(next.timestamp_micros() - EPOCH_MICROSECONDS),
        Err(CronError::TimeSearchLimitExceeded) => {
            Err(refused(format!("cron pattern \"{pattern}\" never matches")))
        }
        Err(error) => Err(refused(format!("invalid cron pattern \"{pattern}\": {error}"))),
    }
}

/// The first match of the clock as it runs: within one offset of the zone after the other.
/// The library alone would leave out the second of two hours.
fn next_of_interval(
    cron: &Cron,
    zone: Tz,
    after: DateTime<Utc>,
) -> Result<DateTime<Utc>, CronError> {
    let offset_at = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let (mut from, mut is_included) = (after, false);
    loop {
        let offset = offset_at(from);
        let next = cron.find_next_occurrence(&from.with_timezone(&offset), is_included)?.to_utc();
        let mut same = from;
        // The end of the first half day at whose end the offset is another one.
        let changed = loop {
            if same >= next {
                return Ok(next);
            }
            let later = next.min(same + TimeDelta::hours(12));
            if offset_at(later) != offset {
                break later;
            }
            same = later;
        };
        let mut changed = changed;
        while changed - same > TimeDelta::seconds(1) {
            let middle = same + (changed - same) / 2;
            match offset_at(middle) == offset {
                true => same = middle,
                false => changed = middle,
            }
        }
        // Offsets change at whole seconds.
        let second = changed.timestamp();
        (from, is_included) = (DateTime::from_timestamp(second, 0).unwrap_or(changed), true);
    }
}

fn parse(pattern: &str) -> Result<Cron> {
    if pattern.len() > PATTERN_MAX {
        return Err(refused(format!("a cron pattern has at most {PATTERN_MAX} characters")));
    }
    let parser = CronParser::builder().year(Year::Disallowed).build();
    parser
        .parse(pattern)
        .map_err(|error| refused(format!("invalid cron pattern \"{pattern}\": {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(pattern: &str, zone: &str, after: &str) -> String {
        let after = DateTime::parse_from_rfc3339(after).expect("a time");
        let next = next_tick(pattern, zone, after.timestamp_micros() - EPOCH_MICROSECONDS);
        let next = next.expect("a tick") + EPOCH_MICROSECONDS;
        let next = DateTime::<Utc>::from_timestamp_micros(next).expect("a time");
        next.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    #[test]
    fn ticks_follow_the_clocks_of_their_zone() {
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(next("* * * * *", "UTC", at), "2026-01-01T00:01:00Z");
        assert_eq!(next("*/10 * * * * *", "UTC", at), "2026-01-01T00:00:10Z");
        assert_eq!(next("30 9 * * 1-5", "Europe/Berlin", at), "2026-01-01T08:30:00Z");
        assert_eq!(
            next("30 9 * * 1-5", "Europe/Berlin", "2026-07-01T12:00:00Z"),
            "2026-07-02T07:30:00Z"
        );
        // A tick is after what is asked for, by parts of a second, too.
        assert_eq!(next("* * * * * *", "UTC", "2026-01-01T00:00:00.5Z"), "2026-01-01T00:00:01Z");
    }

    #[test]
    fn a_time_that_is_skipped_is_after_the_gap_and_one_shown_twice_is_once() {
        // 02:30 does not exist on 2026-03-29 in Berlin: 03:00 is 01:00 UTC.
        let skipped = next("30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z");
        assert_eq!(skipped, "2026-03-29T01:00:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", &skipped), "2026-03-30T00:30:00Z");
        // 02:30 is there twice on 2026-10-25: at 00:30 and 01:30 UTC.
        let first = next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z");
        assert_eq!(first, "2026-10-25T00:30:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", &first), "2026-10-26T01:30:00Z");
    }

    #[test]
    fn intervals_tick_through_both_hours_and_skip_the_gap() {
        let mut at = "2026-10-24T23:45:00Z".to_owned();
        let mut ticks = Vec::new();
        for _ in 0..5 {
            at = next("*/30 * * * *", "Europe/Berlin", &at);
            ticks.push(at.clone());
        }
        let hours = ["00:00", "00:30", "01:00", "01:30", "02:00"];
        let expected: Vec<String> = hours.iter().map(|h| format!("2026-10-25T{h}:00Z")).collect();
        assert_eq!(ticks, expected);
        let gap = next("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z");
        assert_eq!(gap, "2026-03-29T01:00:00Z");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["", "* * * *", "61 * * * *", "a b c d e", "0 0 31 2 *", "* * * * * * 2030"]
        {
            assert!(next_tick(pattern, "UTC", 0).is_err(), "{pattern}");
        }
        assert!(next_tick(&"*".repeat(300), "UTC", 0).is_err());
        assert!(next_tick("* * * * *", "Mars/Base", 0).is_err());
        assert!(next_tick("* * * * *", "UTC", i64::MAX).is_err());
    }
}
