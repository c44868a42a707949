//! Ranges and multiranges: values, their order, and what can be done with them.
//!
//! A range is empty or has two bounds; a bound is a value that belongs to the range
//! or not, or it is infinite. A multirange is a list of ranges that are not empty,
//! in order, neither overlapping nor adjacent. Whoever works with them needs to know
//! how bounds compare, which [`RangeType`] says.
//!
//! ```text
//! int4range '(1,5]'           Span { lower: [2, upper: 6) }   discrete: canonical form
//! numrange  '(1,5]'           Span { lower: (1, upper: 5] }
//! int4multirange '{[5,7),[1,3),[3,4)}'    [1,4) [5,7)
//! ```

mod set;
mod text;
pub(super) mod wire;

pub use text::{parse, parse_multirange, write, write_multirange};
pub use wire::{recv, recv_multirange, send, send_multirange};

use std::cmp::Ordering;

use super::{Datum, Oid, Repr, SqlType, compare, oid};
use crate::error::{Error, Result};
use crate::sqlstate;

/// How values of a range type are represented: the type of its bounds.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeType {
    pub subtype: Oid,
    pub repr: Repr,
    /// Ranges over whole steps have one form: lower bound inside, upper bound outside.
    pub is_discrete: bool,
}

/// A range value.
#[derive(Clone, Debug)]
pub struct RangeValue {
    pub subtype: Oid,
    /// `None` is the empty range.
    pub span: Option<Span>,
}

/// A multirange value: spans in order, apart from each other.
#[derive(Clone, Debug)]
pub struct MultirangeValue {
    pub subtype: Oid,
    pub spans: Vec<Span>,
}

/// A range that is not empty.
#[derive(Clone, Debug)]
pub struct Span {
    pub lower: Bound,
    pub upper: Bound,
}

#[derive(Clone, Debug)]
pub struct Bound {
    /// `None` is infinite.
    pub value: Option<Datum>,
    pub inclusive: bool,
}

/// Which side of a range a bound is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Lower,
    Upper,
}

impl Bound {
    pub const INFINITE: Bound = Bound { value: None, inclusive: false };

    pub fn new(value: Datum, inclusive: bool) -> Bound {
        match value {
            Datum::Null => Bound::INFINITE,
            value => Bound { value: Some(value), inclusive },
        }
    }

    pub fn is_infinite(&self) -> bool {
        self.value.is_none()
    }

    /// The bound of what lies on the other side.
    fn flipped(&self) -> Bound {
        Bound { value: self.value.clone(), inclusive: !self.inclusive }
    }
}

impl RangeValue {
    pub fn empty(subtype: Oid) -> RangeValue {
        RangeValue { subtype, span: None }
    }

    pub fn of(subtype: Oid, span: Option<Span>) -> RangeValue {
        RangeValue { subtype, span }
    }

    pub fn lower(&self) -> Option<&Bound> {
        self.span.as_ref().map(|span| &span.lower)
    }

    pub fn upper(&self) -> Option<&Bound> {
        self.span.as_ref().map(|span| &span.upper)
    }
}

/// The built-in range types: range, multirange, subtype.
const BUILTIN: &[(Oid, Oid, Oid)] = &[
    (oid::INT4RANGE, oid::INT4MULTIRANGE, oid::INT4),
    (oid::NUMRANGE, oid::NUMMULTIRANGE, oid::NUMERIC),
    (oid::TSRANGE, oid::TSMULTIRANGE, oid::TIMESTAMP),
    (oid::TSTZRANGE, oid::TSTZMULTIRANGE, oid::TIMESTAMPTZ),
    (oid::DATERANGE, oid::DATEMULTIRANGE, oid::DATE),
    (oid::INT8RANGE, oid::INT8MULTIRANGE, oid::INT8),
];

/// The representation of a built-in range or multirange type.
pub fn builtin_repr(type_oid: Oid) -> Option<Repr> {
    let (range, _, subtype) =
        BUILTIN.iter().find(|(range, multirange, _)| [*range, *multirange].contains(&type_oid))?;
    let ty = RangeType {
        subtype: *subtype,
        repr: super::builtin_repr(*subtype)?,
        is_discrete: matches!(*range, oid::INT4RANGE | oid::INT8RANGE | oid::DATERANGE),
    };
    Some(match type_oid == *range {
        true => Repr::Range(Box::new(ty)),
        false => Repr::Multirange(Box::new(ty)),
    })
}

/// The multirange type over a built-in range type.
pub fn builtin_multirange(range: Oid) -> Option<Oid> {
    BUILTIN.iter().find(|entry| entry.0 == range).map(|entry| entry.1)
}

impl RangeType {
    pub fn bound_type(&self) -> SqlType {
        SqlType::new(self.subtype)
    }

    /// The order of two bounds as points: `1)` comes before `[1`.
    pub fn compare_bounds(&self, a: (&Bound, Side), b: (&Bound, Side)) -> Ordering {
        let order = self.compare_values(a, b);
        let (Some(_), Some(_)) = (&a.0.value, &b.0.value) else { return order };
        order.then_with(|| inside(a).cmp(&inside(b)))
    }

    /// The order of two bounds' values, whether they are inside or not.
    fn compare_values(&self, a: (&Bound, Side), b: (&Bound, Side)) -> Ordering {
        let end = |(bound, side): (&Bound, Side)| match (bound.is_infinite(), side) {
            (false, _) => 0,
            (true, Side::Lower) => -1,
            (true, Side::Upper) => 1,
        };
        match (&a.0.value, &b.0.value) {
            (Some(a), Some(b)) => compare(a, b, &self.repr),
            _ => end(a).cmp(&end(b)),
        }
    }

    pub fn compare_lowers(&self, a: &Span, b: &Span) -> Ordering {
        self.compare_bounds((&a.lower, Side::Lower), (&b.lower, Side::Lower))
    }

    pub fn compare_uppers(&self, a: &Span, b: &Span) -> Ordering {
        self.compare_bounds((&a.upper, Side::Upper), (&b.upper, Side::Upper))
    }

    /// The order of two ranges: the empty one first, then by lower, by upper bounds.
    pub fn compare_spans(&self, a: Option<&Span>, b: Option<&Span>) -> Ordering {
        match (a, b) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => self.compare_lowers(a, b).then_with(|| self.compare_uppers(a, b)),
        }
    }

    pub fn compare_multiranges(&self, a: &[Span], b: &[Span]) -> Ordering {
        a.iter()
            .zip(b)
            .map(|(a, b)| self.compare_spans(Some(a), Some(b)))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.len().cmp(&b.len()))
    }

    /// The range between two bounds: `22000` if the lower one is above the upper;
    /// `None` is empty.
    pub fn span(&self, lower: Bound, upper: Bound) -> Result<Option<Span>> {
        let (lower, upper) = (normal(lower), normal(upper));
        if self.compare_values((&lower, Side::Lower), (&upper, Side::Upper)).is_gt() {
            return Err(Error::new(
                sqlstate::DATA_EXCEPTION,
                "range lower bound must be less than or equal to range upper bound",
            ));
        }
        if self.holds_nothing(&lower, &upper) {
            return Ok(None);
        }
        if !self.is_discrete {
            return Ok(Some(Span { lower, upper }));
        }
        let lower = match lower.inclusive {
            true => lower,
            false => next(lower)?,
        };
        let upper = match upper.inclusive {
            true => next(upper)?,
            false => upper,
        };
        Ok((!self.holds_nothing(&lower, &upper)).then_some(Span { lower, upper }))
    }

    fn holds_nothing(&self, lower: &Bound, upper: &Bound) -> bool {
        lower.value.is_some()
            && upper.value.is_some()
            && self.compare_values((lower, Side::Lower), (upper, Side::Upper)).is_eq()
            && !(lower.inclusive && upper.inclusive)
    }

    pub fn contains_value(&self, span: &Span, value: &Datum) -> bool {
        let fits = |bound: &Bound, wanted: Ordering| match &bound.value {
            None => true,
            Some(limit) => match compare(value, limit, &self.repr) {
                Ordering::Equal => bound.inclusive,
                order => order == wanted,
            },
        };
        fits(&span.lower, Ordering::Greater) && fits(&span.upper, Ordering::Less)
    }

    /// Whether nothing lies between the upper bound of one range and the lower of
    /// another, and they share nothing.
    pub fn adjacent_bounds(&self, upper: &Bound, lower: &Bound) -> Result<bool> {
        if upper.is_infinite() || lower.is_infinite() {
            return Ok(false);
        }
        match self.compare_values((upper, Side::Upper), (lower, Side::Lower)) {
            Ordering::Equal => Ok(upper.inclusive != lower.inclusive),
            Ordering::Greater => Ok(false),
            // In between there may be no step.
            Ordering::Less if !self.is_discrete => Ok(false),
            Ordering::Less => Ok(self.span(upper.flipped(), lower.flipped())?.is_none()),
        }
    }
}

/// Where a bound with the same value stands: an upper bound outside comes first, a
/// lower one outside last.
fn inside((bound, side): (&Bound, Side)) -> i8 {
    match (bound.inclusive, side) {
        (true, _) => 0,
        (false, Side::Lower) => 1,
        (false, Side::Upper) => -1,
    }
}

/// Infinite bounds are never inside.
fn normal(bound: Bound) -> Bound {
    match bound.value {
        None => Bound::INFINITE,
        Some(_) => bound,
    }
}

/// The bound one step further, with the other inclusiveness.
fn next(bound: Bound) -> Result<Bound> {
    let value = match bound.value {
        None => return Ok(Bound::INFINITE),
        Some(Datum::Int4(value)) => {
            Datum::Int4(value.checked_add(1).ok_or_else(|| Error::out_of_range("integer"))?)
        }
        Some(Datum::Int8(value)) => {
            Datum::Int8(value.checked_add(1).ok_or_else(|| Error::out_of_range("bigint"))?)
        }
        // An infinite date is a value, but has no next one.
        Some(Datum::Date(value @ (i32::MIN | i32::MAX))) => {
            return Ok(Bound { value: Some(Datum::Date(value)), inclusive: bound.inclusive });
        }
        Some(Datum::Date(value)) => {
            let next = value + 1;
            if !super::datetime::is_valid_date(next) || next == i32::MAX {
                return Err(Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, "date out of range"));
            }
            Datum::Date(next)
        }
        Some(other) => return Ok(Bound { value: Some(other), inclusive: bound.inclusive }),
    };
    Ok(Bound { value: Some(value), inclusive: !bound.inclusive })
}

#[cfg(test)]
mod tests;
