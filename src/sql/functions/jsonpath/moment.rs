//! `.datetime()`: dates and times read from strings, compared and printed.

use std::cmp::Ordering;
use std::fmt;

use super::execute::{Executor, Walk};
use super::item::Item;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::types::datetime::{self, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND};
use crate::sql::types::format::{self, Standard};
use crate::sql::types::key;
use crate::sqlstate;

/// A date or time that a string was; zones are seconds east of UTC.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    Date(i32),
    Time(i64),
    TimeTz(i64, i32),
    Timestamp(i64),
    /// In UTC, and the zone that it was given in.
    TimestampTz(i64, i32),
}

/// The standard's forms, tried in this order.
const TEMPLATES: [&str; 19] = [
    "yyyy-mm-dd",
    "HH24:MI:SS.USTZH:TZM",
    "HH24:MI:SS.USTZH",
    "HH24:MI:SSTZH:TZM",
    "HH24:MI:SSTZH",
    "HH24:MI:SS.US",
    "HH24:MI:SS",
    "yyyy-mm-dd HH24:MI:SS.USTZH:TZM",
    "yyyy-mm-dd HH24:MI:SS.USTZH",
    "yyyy-mm-dd HH24:MI:SSTZH:TZM",
    "yyyy-mm-dd HH24:MI:SSTZH",
    "yyyy-mm-dd\"T\"HH24:MI:SS.USTZH:TZM",
    "yyyy-mm-dd\"T\"HH24:MI:SS.USTZH",
    "yyyy-mm-dd\"T\"HH24:MI:SSTZH:TZM",
    "yyyy-mm-dd\"T\"HH24:MI:SSTZH",
    "yyyy-mm-dd HH24:MI:SS.US",
    "yyyy-mm-dd HH24:MI:SS",
    "yyyy-mm-dd\"T\"HH24:MI:SS.US",
    "yyyy-mm-dd\"T\"HH24:MI:SS",
];

impl Executor<'_> {
    pub fn moment(&self, template: Option<&str>, item: &Item) -> Walk<Moment> {
        let code = sqlstate::INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION;
        let Item::String(text) = item else {
            return self
                .fail(code, "jsonpath item method .datetime() can only be applied to a string");
        };
        if let Some(template) = template {
            // What is wrong with the template is not an error of the data.
            let template = format::StandardTemplate::new(template)?;
            return self.computed(template.read(text)).map(Moment::from);
        }
        for template in TEMPLATES {
            if let Ok(read) = format::StandardTemplate::new(template)?.read(text) {
                return Ok(read.into());
            }
        }
        self.fail_with(|| {
            Error::new(code, format!("datetime format is not recognized: \"{text}\""))
                .with_hint("Use a datetime template argument to specify the input data format.")
        })
    }
}

impl From<Standard> for Moment {
    fn from(read: Standard) -> Moment {
        match read {
            Standard::Date(days) => Moment::Date(days),
            Standard::Time(time) => Moment::Time(time),
            Standard::TimeTz(time, zone) => Moment::TimeTz(time, zone),
            Standard::Timestamp(value) => Moment::Timestamp(value),
            Standard::TimestampTz(value, zone) => Moment::TimestampTz(value, zone),
        }
    }
}

impl Moment {
    pub fn type_name(&self) -> &'static str {
        match self {
            Moment::Date(_) => "date",
            Moment::Time(_) => "time without time zone",
            Moment::TimeTz(..) => "time with time zone",
            Moment::Timestamp(_) => "timestamp without time zone",
            Moment::TimestampTz(..) => "timestamp with time zone",
        }
    }

    /// The order of two moments; `None` when they have none. A comparison that needs
    /// the session's zone fails unless it may be used.
    pub fn compare(
        &self,
        other: &Moment,
        use_zone: bool,
        eval: &EvalContext,
    ) -> Result<Option<Ordering>> {
        let needs_zone = |from: &str, to: &str| {
            if use_zone {
                return Ok(());
            }
            Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot convert value from {from} to {to} without time zone usage"),
            )
            .with_hint("Use *_tz() function for time zone support."))
        };
        let order = match (*self, *other) {
            (Moment::Date(_) | Moment::Timestamp(_), Moment::Date(_) | Moment::Timestamp(_)) => {
                self.local().cmp(&other.local())
            }
            (Moment::Date(_), Moment::TimestampTz(..)) => {
                needs_zone("date", "timestamptz")?;
                self.instant(eval).cmp(&other.instant(eval))
            }
            (Moment::TimestampTz(..), Moment::Date(_)) => {
                needs_zone("date", "timestamptz")?;
                self.instant(eval).cmp(&other.instant(eval))
            }
            (Moment::Timestamp(_), Moment::TimestampTz(..))
            | (Moment::TimestampTz(..), Moment::Timestamp(_)) => {
                needs_zone("timestamp", "timestamptz")?;
                self.instant(eval).cmp(&other.instant(eval))
            }
            (Moment::TimestampTz(a, _), Moment::TimestampTz(b, _)) => a.cmp(&b),
            (Moment::Time(a), Moment::Time(b)) => a.cmp(&b),
            (Moment::Time(_), Moment::TimeTz(..)) | (Moment::TimeTz(..), Moment::Time(_)) => {
                needs_zone("time", "timetz")?;
                self.time_of_day(eval).cmp(&other.time_of_day(eval))
            }
            (Moment::TimeTz(..), Moment::TimeTz(..)) => {
                self.time_of_day(eval).cmp(&other.time_of_day(eval))
            }
            _ => return Ok(None),
        };
        Ok(Some(order))
    }

    /// Microseconds of a date or timestamp without a zone, wide enough for every date.
    fn local(&self) -> i128 {
        match *self {
            Moment::Date(days) => i128::from(days) * i128::from(MICROSECONDS_PER_DAY),
            Moment::Timestamp(value) => i128::from(value),
            _ => 0,
        }
    }

    /// Microseconds in UTC, by the session's zone where there is none.
    fn instant(&self, eval: &EvalContext) -> i128 {
        if let Moment::TimestampTz(value, _) = *self {
            return i128::from(value);
        }
        let local = self.local();
        match i64::try_from(local).ok().and_then(|local| eval.zone().to_utc(local)) {
            Some(utc) => i128::from(utc),
            None => local,
        }
    }

    /// A time in UTC and its zone west of it, as `timetz` sorts.
    fn time_of_day(&self, eval: &EvalContext) -> (i64, i32) {
        let (time, east) = match *self {
            Moment::TimeTz(time, east) => (time, east),
            Moment::Time(time) => (time, eval.zone().offset_at(eval.transaction_timestamp)),
            _ => (0, 0),
        };
        (key::time_tz_instant(time, -east), -east)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let timestamp =
            |value: i64| text(datetime::iso_timestamp(value).as_slice()).replacen(' ', "T", 1);
        let time = |time: i64| {
            let mut out = Vec::new();
            datetime::write_time(time, &mut out);
            text(&out)
        };
        match *self {
            Moment::Date(days) => f.write_str(&text(datetime::iso_date(days).as_slice())),
            Moment::Time(value) => f.write_str(&time(value)),
            Moment::TimeTz(value, east) => write!(f, "{}{}", time(value), offset(east)),
            Moment::Timestamp(value) => f.write_str(&timestamp(value)),
            Moment::TimestampTz(value, east) => {
                let local = value.saturating_add(i64::from(east) * MICROSECONDS_PER_SECOND);
                let printed = timestamp(local);
                match printed.strip_suffix(" BC") {
                    Some(year) => write!(f, "{year}{} BC", offset(east)),
                    None => write!(f, "{printed}{}", offset(east)),
                }
            }
        }
    }
}

/// `+05:20`.
fn offset(east: i32) -> String {
    let sign = if east < 0 { '-' } else { '+' };
    let minutes = east.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
