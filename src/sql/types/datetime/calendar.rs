//! The proleptic Gregorian calendar, in days since 2000-01-01.

/// A calendar day. Year 0 is 1 BC, -1 is 2 BC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Civil {
    pub year: i32,
    /// 1 to 12.
    pub month: i32,
    /// 1 to 31.
    pub day: i32,
}

/// Days from 0000-03-01 to 2000-01-01.
const MARCH_EPOCH_DAYS: i64 = 730_425;
const DAYS_PER_ERA: i64 = 146_097;

/// Days since 2000-01-01 of a civil date. Months and days beyond their range
/// carry over, so `day` 0 is the last day of the month before.
pub fn days_from_civil(year: i32, month: i32, day: i32) -> i64 {
    // Years start in March here, so the leap day is the last of its year.
    let months = i64::from(year) * 12 + i64::from(month) - 3;
    let (march_year, march_month) = (months.div_euclid(12), months.rem_euclid(12));
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * march_month + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era + i64::from(day) - 1 - MARCH_EPOCH_DAYS
}

/// The civil date of a day number.
pub fn civil_from_days(days: i32) -> Civil {
    let shifted = i64::from(days) + MARCH_EPOCH_DAYS;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as i32;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 } as i32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year: year as i32, month, day }
}

pub fn is_leap_year(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// 0 is Sunday. 2000-01-01 was a Saturday.
pub fn day_of_week(days: i32) -> i32 {
    (i64::from(days) + 6).rem_euclid(7) as i32
}

/// 1 is January 1st.
pub fn day_of_year(days: i32) -> i32 {
    let year = civil_from_days(days).year;
    (i64::from(days) - days_from_civil(year, 1, 1) + 1) as i32
}

/// The Monday of week 1 of an ISO 8601 year: the week with January 4th.
fn iso_year_start(year: i32) -> i64 {
    let fourth = days_from_civil(year, 1, 4);
    fourth - (fourth + 5).rem_euclid(7)
}

/// The ISO 8601 year that a day's week belongs to.
pub fn iso_year(days: i32) -> i32 {
    let year = civil_from_days(days).year;
    let day = i64::from(days);
    if day < iso_year_start(year) {
        year - 1
    } else if day >= iso_year_start(year + 1) {
        year + 1
    } else {
        year
    }
}

/// The ISO 8601 week of the year, from 1.
pub fn iso_week(days: i32) -> i32 {
    ((i64::from(days) - iso_year_start(iso_year(days))) / 7 + 1) as i32
}

/// The first day of an ISO week.
pub fn iso_week_start(year: i32, week: i32) -> i64 {
    iso_year_start(year) + i64::from(week - 1) * 7
}
