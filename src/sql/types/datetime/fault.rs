//! Why a text is no date, time or interval, and PostgreSQL's words for it.

use crate::error::Error;
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
