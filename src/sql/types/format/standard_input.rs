//! Reading by a template as the SQL standard has it: `jsonpath`'s `.datetime()`.
//!
//! Everything must match: separators and literal text stand for themselves, fields
//! have their widths, nothing may be left over. The template decides whether the
//! result is a date, a time or both, and whether it has a zone.

use super::date_input::{Fields, Reader};
use super::date_keyword::{self, Keyword, Part};
use super::template::{self, Node};
use crate::error::{Error, Result};
use crate::sql::types::datetime::{
    MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, checked_date, checked_timestamp, round_time,
};
use crate::sql::types::numeric::is_space;
use crate::sqlstate;

/// What was read; zones are seconds east of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standard {
    Date(i32),
    Time(i64),
    TimeTz(i64, i32),
    Timestamp(i64),
    /// In UTC.
    TimestampTz(i64, i32),
}

/// A template that holds only what the standard allows.
pub struct StandardTemplate {
    nodes: Vec<Node<Keyword>>,
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_DATETIME_FORMAT, message)
}

impl StandardTemplate {
    pub fn new(template: &str) -> Result<StandardTemplate> {
        let check = |c: char| match "-./,':; ".contains(c) {
            true => Ok(()),
            false => Err(invalid(format!("invalid datetime format separator: \"{c}\""))),
        };
        let nodes = template::parse_checked(template, true, date_keyword::find, check)?;
        Ok(StandardTemplate { nodes })
    }

    fn has(&self, test: impl Fn(Part) -> bool) -> bool {
        self.nodes
            .iter()
            .any(|node| matches!(node, Node::Keyword(keyword, _) if test(keyword.part)))
    }

    pub fn read(&self, text: &str) -> Result<Standard> {
        if self.nodes.is_empty() {
            return Err(invalid("datetime format is not dated and not timed"));
        }
        let fields = self.fields(text)?;
        let is_zone =
            |part| matches!(part, Part::ZoneHour | Part::ZoneMinute | Part::Zone | Part::Offset);
        let is_dated = self.has(|part| !is_zone(part) && !is_time(part) && part != Part::FixedMode);
        let (is_timed, is_zoned) = (self.has(is_time), self.has(is_zone));
        let (days, time) = fields.assemble(text)?;
        let time = round_time(time, self.precision());
        let zone = fields.offset_seconds().unwrap_or(0);
        if !is_dated && !is_timed {
            return Err(invalid("datetime format is not dated and not timed"));
        }
        if !is_timed {
            if is_zoned {
                return Err(invalid("datetime format is zoned but not timed"));
            }
            return checked_date(days).map(Standard::Date);
        }
        if !is_dated {
            return Ok(if is_zoned { Standard::TimeTz(time, zone) } else { Standard::Time(time) });
        }
        let local = days.checked_mul(MICROSECONDS_PER_DAY).and_then(|days| days.checked_add(time));
        let local = checked_timestamp(local)?;
        if !is_zoned {
            return Ok(Standard::Timestamp(local));
        }
        let utc = local.checked_sub(i64::from(zone) * MICROSECONDS_PER_SECOND);
        Ok(Standard::TimestampTz(checked_timestamp(utc)?, zone))
    }

    /// The digits of the second's fraction, if the template says how many: a type modifier.
    fn precision(&self) -> i32 {
        let digits = |node: &Node<Keyword>| match node {
            Node::Keyword(Keyword { part: Part::Fraction(digits), .. }, _) => Some(*digits as i32),
            _ => None,
        };
        self.nodes.iter().find_map(digits).unwrap_or(-1)
    }

    fn fields(&self, text: &str) -> Result<Fields> {
        let mut fields = Fields::default();
        let mut reader = Reader::exact(text);
        let mut nodes = self.nodes.iter().enumerate();
        while !reader.is_at_end()
            && let Some((index, node)) = nodes.next()
        {
            match node {
                Node::Separator(c) | Node::Space(c) => {
                    if !reader.take(*c) {
                        return Err(invalid(format!("unmatched format separator \"{c}\"")));
                    }
                }
                Node::Literal(c) => {
                    if !reader.take(*c) {
                        return Err(invalid(format!("unmatched format character \"{c}\"")));
                    }
                }
                Node::Keyword(keyword, affixes) => {
                    fields.field(*keyword, *affixes, self.nodes.get(index + 1), &mut reader)?;
                }
            }
        }
        if nodes.next().is_some() {
            return Err(invalid("input string is too short for datetime format"));
        }
        if !reader.rest().chars().all(is_space) {
            return Err(invalid(
                "trailing characters remain in input string after datetime format",
            ));
        }
        Ok(fields)
    }
}

fn is_time(part: Part) -> bool {
    matches!(
        part,
        Part::Meridian
            | Part::Hour24
            | Part::Hour12
            | Part::Minute
            | Part::Second
            | Part::Millisecond
            | Part::Microsecond
            | Part::Fraction(_)
            | Part::SecondsOfDay
    )
}
