//! `interval year to month`, `interval day to second(3)`, `interval(2)`: which
//! fields of an interval are kept.
//!
//! The modifier holds a set of fields in its upper half and the precision of
//! seconds in its lower half, as PostgreSQL encodes them.

use super::{MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, round_microseconds};
use crate::error::Result;
use crate::sql::types::Interval;

/// Bits of the fields, as PostgreSQL numbers them.
pub mod range {
    pub const MONTH: u32 = 1 << 1;
    pub const YEAR: u32 = 1 << 2;
    pub const DAY: u32 = 1 << 3;
    pub const HOUR: u32 = 1 << 10;
    pub const MINUTE: u32 = 1 << 11;
    pub const SECOND: u32 = 1 << 12;
    /// All fields: no restriction.
    pub const FULL: u32 = 0x7FFF;
}

const PRECISION_FULL: i32 = 0xFFFF;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IntervalTypmod {
    /// A set of [`range`] bits.
    pub range: u32,
    /// Digits of the seconds' fraction; `None` keeps them all.
    pub precision: Option<i32>,
}

impl IntervalTypmod {
    pub fn decode(typmod: i32) -> IntervalTypmod {
        if typmod < 0 {
            return IntervalTypmod { range: range::FULL, precision: None };
        }
        let precision = typmod & PRECISION_FULL;
        IntervalTypmod {
            range: ((typmod >> 16) as u32) & range::FULL,
            precision: (precision != PRECISION_FULL).then_some(precision),
        }
    }

    pub fn encode(self) -> i32 {
        ((self.range as i32) << 16) | self.precision.unwrap_or(PRECISION_FULL)
    }

    /// The smallest field that the set has.
    fn smallest(self) -> u32 {
        [range::SECOND, range::MINUTE, range::HOUR, range::DAY, range::MONTH]
            .into_iter()
            .find(|bit| self.range & bit != 0)
            .unwrap_or(range::YEAR)
    }
}

/// Drops what is smaller than the modifier's fields and rounds the seconds.
pub fn fit_interval(value: Interval, typmod: i32) -> Result<Interval> {
    if typmod < 0 {
        return Ok(value);
    }
    let modifier = IntervalTypmod::decode(typmod);
    let Interval { months, days, microseconds } = value;
    let cut = |unit: i64| microseconds / unit * unit;
    let mut value = match modifier.smallest() {
        _ if modifier.range == range::FULL => value,
        range::YEAR => Interval { months: months / 12 * 12, days: 0, microseconds: 0 },
        range::MONTH => Interval { months, days: 0, microseconds: 0 },
        range::DAY => Interval { months, days, microseconds: 0 },
        range::HOUR => Interval { months, days, microseconds: cut(MICROSECONDS_PER_HOUR) },
        range::MINUTE => Interval { months, days, microseconds: cut(MICROSECONDS_PER_MINUTE) },
        _ => value,
    };
    if let Some(precision) = modifier.precision {
        value.microseconds = round_microseconds(value.microseconds, precision);
    }
    Ok(value)
}

/// `interval day to second(3)`.
pub fn interval_type_name(typmod: i32) -> String {
    let modifier = IntervalTypmod::decode(typmod);
    let names = [
        (range::YEAR, "year"),
        (range::MONTH, "month"),
        (range::DAY, "day"),
        (range::HOUR, "hour"),
        (range::MINUTE, "minute"),
        (range::SECOND, "second"),
    ];
    let present: Vec<&str> = names
        .iter()
        .filter(|(bit, _)| modifier.range != range::FULL && modifier.range & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    let mut text = "interval".to_owned();
    match present[..] {
        [] => {}
        [only] => text = format!("interval {only}"),
        [first, .., last] => text = format!("interval {first} to {last}"),
    }
    if let Some(precision) = modifier.precision {
        text += &format!("({precision})");
    }
    text
}
