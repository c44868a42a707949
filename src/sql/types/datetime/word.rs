//! The words that date/time text may contain, other than time zones and the
//! units of intervals.

/// Words are told apart by this many bytes, as PostgreSQL's tables do.
pub const WORD_LENGTH: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// 1 to 12.
    Month(i32),
    /// 0 is Sunday.
    Weekday(i32),
    Am,
    Pm,
    Ad,
    Bc,
    Now,
    Today,
    Tomorrow,
    Yesterday,
    Epoch,
    Infinity,
    NegativeInfinity,
    /// `allballs`: midnight UTC.
    Midnight,
    /// `dst`: shifts the zone before it by an hour.
    DaylightSaving,
    /// `t`: a time follows.
    TimeFollows,
    /// `j`, `jd`, `julian`: a Julian day number follows.
    JulianFollows,
    /// Units of ISO 8601 that only intervals give a meaning to.
    Unit,
    /// `at`, `on`: skipped.
    Ignored,
}

impl Word {
    /// Finds a lower-case word.
    pub fn find(text: &str) -> Option<Word> {
        let text = text.get(..WORD_LENGTH).unwrap_or(text);
        if let Some(month) = month(text) {
            return Some(Word::Month(month));
        }
        if let Some(day) = weekday(text) {
            return Some(Word::Weekday(day));
        }
        Some(match text {
            "am" => Word::Am,
            "pm" => Word::Pm,
            "ad" => Word::Ad,
            "bc" => Word::Bc,
            "now" => Word::Now,
            "today" => Word::Today,
            "tomorrow" => Word::Tomorrow,
            "yesterday" => Word::Yesterday,
            "epoch" => Word::Epoch,
            "infinity" => Word::Infinity,
            "-infinity" => Word::NegativeInfinity,
            "allballs" => Word::Midnight,
            "dst" => Word::DaylightSaving,
            "t" => Word::TimeFollows,
            "j" | "jd" | "julian" => Word::JulianFollows,
            "d" | "h" | "m" | "mm" | "s" | "y" | "dow" | "doy" | "isodow" | "isoyear" => Word::Unit,
            "at" | "on" => Word::Ignored,
            _ => return None,
        })
    }
}

fn month(text: &str) -> Option<i32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if text == "sept" {
        return Some(9);
    }
    let position = MONTHS.iter().position(|name| text == *name || text == &name[..3])?;
    Some(position as i32 + 1)
}

fn weekday(text: &str) -> Option<i32> {
    const DAYS: [&str; 7] =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    match text {
        "tues" => return Some(2),
        "weds" => return Some(3),
        "thur" | "thurs" => return Some(4),
        _ => {}
    }
    let position = DAYS.iter().position(|name| text == *name || text == &name[..3])?;
    Some(position as i32)
}
