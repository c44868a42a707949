//! The keywords of date/time templates.

/// What a keyword stands for; [`Keyword`] adds how it was spelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Meridian,
    Era,
    Century,
    DayName,
    DayAbbreviation,
    DayOfYear,
    Day,
    DayOfWeek,
    /// `FF1` to `FF6`.
    Fraction(u32),
    FixedMode,
    Hour24,
    Hour12,
    IsoDayOfYear,
    IsoDayOfWeek,
    IsoWeek,
    /// Digits of the ISO year: 4 to 1.
    IsoYear(u32),
    Julian,
    Minute,
    Month,
    MonthName,
    MonthAbbreviation,
    Millisecond,
    Microsecond,
    Offset,
    Quarter,
    RomanMonth,
    SecondsOfDay,
    Second,
    ZoneHour,
    ZoneMinute,
    Zone,
    Week,
    WeekOfMonth,
    YearWithComma,
    /// Digits of the year: 4 to 1.
    Year(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keyword {
    pub part: Part,
    /// As the keyword is written, which decides the case of names.
    pub text: &'static str,
}

impl Keyword {
    /// Whether the keyword reads only digits.
    pub fn is_digits(&self) -> bool {
        !matches!(
            self.part,
            Part::Meridian
                | Part::Era
                | Part::DayName
                | Part::DayAbbreviation
                | Part::FixedMode
                | Part::MonthName
                | Part::MonthAbbreviation
                | Part::Offset
                | Part::RomanMonth
                | Part::Zone
                | Part::ZoneHour
        )
    }
}

/// Keywords in both cases; a longer one stands before its own beginnings.
const KEYWORDS: &[(&str, Part)] = &[
    ("A.D.", Part::Era),
    ("A.M.", Part::Meridian),
    ("AD", Part::Era),
    ("AM", Part::Meridian),
    ("B.C.", Part::Era),
    ("BC", Part::Era),
    ("CC", Part::Century),
    ("DAY", Part::DayName),
    ("DDD", Part::DayOfYear),
    ("DD", Part::Day),
    ("DY", Part::DayAbbreviation),
    ("Day", Part::DayName),
    ("Dy", Part::DayAbbreviation),
    ("D", Part::DayOfWeek),
    ("FF1", Part::Fraction(1)),
    ("FF2", Part::Fraction(2)),
    ("FF3", Part::Fraction(3)),
    ("FF4", Part::Fraction(4)),
    ("FF5", Part::Fraction(5)),
    ("FF6", Part::Fraction(6)),
    ("FX", Part::FixedMode),
    ("HH24", Part::Hour24),
    ("HH12", Part::Hour12),
    ("HH", Part::Hour12),
    ("IDDD", Part::IsoDayOfYear),
    ("ID", Part::IsoDayOfWeek),
    ("IW", Part::IsoWeek),
    ("IYYY", Part::IsoYear(4)),
    ("IYY", Part::IsoYear(3)),
    ("IY", Part::IsoYear(2)),
    ("I", Part::IsoYear(1)),
    ("J", Part::Julian),
    ("MI", Part::Minute),
    ("MM", Part::Month),
    ("MONTH", Part::MonthName),
    ("MON", Part::MonthAbbreviation),
    ("MS", Part::Millisecond),
    ("Month", Part::MonthName),
    ("Mon", Part::MonthAbbreviation),
    ("OF", Part::Offset),
    ("P.M.", Part::Meridian),
    ("PM", Part::Meridian),
    ("Q", Part::Quarter),
    ("RM", Part::RomanMonth),
    ("SSSSS", Part::SecondsOfDay),
    ("SSSS", Part::SecondsOfDay),
    ("SS", Part::Second),
    ("TZH", Part::ZoneHour),
    ("TZM", Part::ZoneMinute),
    ("TZ", Part::Zone),
    ("US", Part::Microsecond),
    ("WW", Part::Week),
    ("W", Part::WeekOfMonth),
    ("Y,YYY", Part::YearWithComma),
    ("YYYY", Part::Year(4)),
    ("YYY", Part::Year(3)),
    ("YY", Part::Year(2)),
    ("Y", Part::Year(1)),
    ("a.d.", Part::Era),
    ("a.m.", Part::Meridian),
    ("ad", Part::Era),
    ("am", Part::Meridian),
    ("b.c.", Part::Era),
    ("bc", Part::Era),
    ("cc", Part::Century),
    ("day", Part::DayName),
    ("ddd", Part::DayOfYear),
    ("dd", Part::Day),
    ("dy", Part::DayAbbreviation),
    ("d", Part::DayOfWeek),
    ("ff1", Part::Fraction(1)),
    ("ff2", Part::Fraction(2)),
    ("ff3", Part::Fraction(3)),
    ("ff4", Part::Fraction(4)),
    ("ff5", Part::Fraction(5)),
    ("ff6", Part::Fraction(6)),
    ("fx", Part::FixedMode),
    ("hh24", Part::Hour24),
    ("hh12", Part::Hour12),
    ("hh", Part::Hour12),
    ("iddd", Part::IsoDayOfYear),
    ("id", Part::IsoDayOfWeek),
    ("iw", Part::IsoWeek),
    ("iyyy", Part::IsoYear(4)),
    ("iyy", Part::IsoYear(3)),
    ("iy", Part::IsoYear(2)),
    ("i", Part::IsoYear(1)),
    ("j", Part::Julian),
    ("mi", Part::Minute),
    ("mm", Part::Month),
    ("month", Part::MonthName),
    ("mon", Part::MonthAbbreviation),
    ("ms", Part::Millisecond),
    ("of", Part::Offset),
    ("p.m.", Part::Meridian),
    ("pm", Part::Meridian),
    ("q", Part::Quarter),
    ("rm", Part::RomanMonth),
    ("sssss", Part::SecondsOfDay),
    ("ssss", Part::SecondsOfDay),
    ("ss", Part::Second),
    ("tzh", Part::ZoneHour),
    ("tzm", Part::ZoneMinute),
    ("tz", Part::Zone),
    ("us", Part::Microsecond),
    ("ww", Part::Week),
    ("w", Part::WeekOfMonth),
    ("y,yyy", Part::YearWithComma),
    ("yyyy", Part::Year(4)),
    ("yyy", Part::Year(3)),
    ("yy", Part::Year(2)),
    ("y", Part::Year(1)),
];

/// The keyword at the start of a text, and its length.
pub fn find(text: &str) -> Option<(Keyword, usize)> {
    let (word, part) = KEYWORDS.iter().find(|(word, _)| text.starts_with(word))?;
    Some((Keyword { part: *part, text: word }, word.len()))
}
