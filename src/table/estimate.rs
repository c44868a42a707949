//! How many rows a condition keeps, by what ANALYZE found.
//!
//! A comparison of a column with a constant is looked up among the most common
//! values and in the histogram, as PostgreSQL's `eqsel` and `scalarineqsel` do;
//! conditions on different columns are taken to be independent unless [`together`] knows better. Without
//! statistics, and for conditions of another form, PostgreSQL's defaults hold.

use std::cmp::Ordering;

use super::info::TableInfo;
use super::scan::Comparison;
use super::together::{self, EqualPart};
use crate::catalog::ColumnStatistics;
use crate::error::Result;
use crate::sql::types::{self, Datum, InputContext, Repr};

/// `DEFAULT_EQ_SEL`, `DEFAULT_INEQ_SEL` and `DEFAULT_RANGE_INEQ_SEL` of PostgreSQL.
const EQUAL_DEFAULT: f64 = 0.005;
const INEQUALITY_DEFAULT: f64 = 1.0 / 3.0;
const RANGE_DEFAULT: f64 = 0.005;

/// Conditions that are no comparisons of a column with constants.
const OTHER_DEFAULT: f64 = 1.0 / 3.0;

/// What is known of one column, ready to be compared with.
#[derive(Debug)]
pub struct ColumnEstimate {
    repr: Repr,
    pub null_fraction: f64,
    /// Average bytes of a value.
    pub width: usize,
    /// As `pg_statistic.stadistinct`.
    distinct: f64,
    common: Vec<(Datum, f64)>,
    histogram: Vec<Datum>,
}

impl ColumnEstimate {
    /// Reads the stored form; an error if its values are of another type by now.
    pub fn read(found: &ColumnStatistics, info: &TableInfo) -> Result<ColumnEstimate> {
        let column = info.column(found.column)?;
        let value = |text: &String| {
            types::text_input(text, column.ty, &column.repr, &InputContext::default())
        };
        let common = found.common.iter();
        Ok(ColumnEstimate {
            repr: column.repr.clone(),
            null_fraction: f64::from(found.null_fraction),
            width: usize::try_from(found.width).unwrap_or(0),
            distinct: f64::from(found.distinct),
            common: common
                .map(|(text, part)| Ok((value(text)?, f64::from(*part))))
                .collect::<Result<_>>()?,
            histogram: found.histogram.iter().map(value).collect::<Result<_>>()?,
        })
    }

    /// The number of distinct values in a table of so many rows.
    pub fn distinct(&self, rows: f64) -> Option<f64> {
        match self.distinct {
            0.0 => None,
            distinct if distinct < 0.0 => Some((-distinct * rows).max(1.0)),
            distinct => Some(distinct),
        }
    }

    /// The least and the greatest value that ANALYZE saw.
    pub fn bounds(&self) -> Option<(&Datum, &Datum)> {
        let values = || self.common.iter().map(|(value, _)| value).chain(&self.histogram);
        let least = values().min_by(|a, b| types::compare(a, b, &self.repr))?;
        let greatest = values().max_by(|a, b| types::compare(a, b, &self.repr))?;
        Some((least, greatest))
    }

    fn common_part(&self) -> f64 {
        self.common.iter().map(|(_, part)| part).sum()
    }

    /// The part of all rows whose value equals this one.
    fn equal(&self, value: &Datum, rows: f64) -> f64 {
        let is_value = |known: &Datum| types::compare(known, value, &self.repr).is_eq();
        if let Some((_, part)) = self.common.iter().find(|(known, _)| is_value(known)) {
            return *part;
        }
        let rest = (1.0 - self.common_part() - self.null_fraction).max(0.0);
        match self.distinct(rows) {
            Some(distinct) => rest / (distinct - self.common.len() as f64).max(1.0),
            None => EQUAL_DEFAULT,
        }
    }

    /// The part of all rows whose value is less than this one.
    fn below(&self, value: &Datum) -> f64 {
        let is_less = |known: &Datum| types::compare(known, value, &self.repr).is_lt();
        let common: f64 =
            self.common.iter().filter(|(known, _)| is_less(known)).map(|(_, part)| part).sum();
        let rest = (1.0 - self.common_part() - self.null_fraction).max(0.0);
        common + rest * self.histogram_below(value)
    }

    /// The part of the histogram below a value, within a step by halves of numbers.
    fn histogram_below(&self, value: &Datum) -> f64 {
        let steps = match self.histogram.len().checked_sub(1) {
            Some(steps) if steps > 0 => steps,
            _ => return if self.common.is_empty() { INEQUALITY_DEFAULT } else { 0.5 },
        };
        let at = self
            .histogram
            .partition_point(|bound| types::compare(bound, value, &self.repr).is_lt());
        match at {
            0 => 0.0,
            at if at > steps => 1.0,
            at => {
                let within = within(&self.histogram[at - 1], value, &self.histogram[at]);
                ((at - 1) as f64 + within) / steps as f64
            }
        }
    }
}

/// Where a value lies between two others, from 0 to 1; half way if that is unknown.
fn within(low: &Datum, value: &Datum, high: &Datum) -> f64 {
    match (number(low), number(value), number(high)) {
        (Some(low), Some(value), Some(high)) if high > low => {
            ((value - low) / (high - low)).clamp(0.0, 1.0)
        }
        _ => 0.5,
    }
}

fn number(value: &Datum) -> Option<f64> {
    Some(match value {
        Datum::Int2(v) => f64::from(*v),
        Datum::Int4(v) => f64::from(*v),
        Datum::Int8(v) => *v as f64,
        Datum::Float4(v) => f64::from(*v),
        Datum::Float8(v) => *v,
        Datum::Numeric(v) => v.to_f64(),
        Datum::Date(v) => f64::from(*v),
        Datum::Time(v) | Datum::Timestamp(v) | Datum::TimestampTz(v) => *v as f64,
        _ => return None,
    })
}

/// The part of a table's rows that pass its comparisons and `others` conditions of
/// another form.
pub fn selectivity(
    info: &TableInfo,
    comparisons: &[(usize, Comparison)],
    others: usize,
    rows: f64,
) -> f64 {
    let mut positions: Vec<usize> = comparisons.iter().map(|(position, _)| *position).collect();
    positions.sort_unstable();
    positions.dedup();
    let mut part = OTHER_DEFAULT.powi(others as i32);
    let mut equal = Vec::new();
    for position in positions {
        let of_column = || comparisons.iter().filter(|(at, _)| *at == position).map(|(_, c)| c);
        let of_one = column_selectivity(info.estimate(position), of_column(), rows);
        let value = of_column().find_map(|comparison| match comparison {
            Comparison::Equal(value) => Some(value),
            _ => None,
        });
        let is_equality =
            |one: &Comparison| matches!(one, Comparison::Equal(_) | Comparison::OneOf(_));
        match of_column().all(is_equality) {
            true => equal.push(EqualPart { position, value, part: of_one }),
            false => part *= of_one,
        }
    }
    part * together::selectivity(info.together(), equal, info)
}

/// What a condition on parts of values is taken to keep.
const PARTS_DEFAULT: f64 = 0.01;

fn column_selectivity<'a>(
    known: Option<&ColumnEstimate>,
    comparisons: impl Iterator<Item = &'a Comparison>,
    rows: f64,
) -> f64 {
    let mut part = 1.0_f64;
    let (mut from, mut to) = (None, None);
    for comparison in comparisons {
        let equal = |value: &Datum| known.map_or(EQUAL_DEFAULT, |known| known.equal(value, rows));
        match comparison {
            Comparison::Equal(value) => part = part.min(equal(value)),
            Comparison::OneOf(values) => {
                part = part.min(values.iter().map(equal).sum());
            }
            Comparison::Above { bound, .. } => {
                from = tighter(from, bound, known, Ordering::Greater)
            }
            Comparison::Below { bound, .. } => to = tighter(to, bound, known, Ordering::Less),
            Comparison::Parts(..) => part = part.min(PARTS_DEFAULT),
            Comparison::IsNull => part = part.min(known.map_or(0.005, |known| known.null_fraction)),
            Comparison::IsNotNull => {
                part = part.min(known.map_or(0.995, |known| 1.0 - known.null_fraction))
            }
        }
    }
    part * range(known, from, to, rows)
}

/// Of two bounds the one that keeps less.
fn tighter<'a>(
    old: Option<&'a Datum>,
    new: &'a Datum,
    known: Option<&ColumnEstimate>,
    wanted: Ordering,
) -> Option<&'a Datum> {
    let keeps_old =
        |old: &Datum| known.is_some_and(|known| types::compare(new, old, &known.repr) != wanted);
    Some(old.filter(|old| keeps_old(old)).unwrap_or(new))
}

fn range(
    known: Option<&ColumnEstimate>,
    from: Option<&Datum>,
    to: Option<&Datum>,
    rows: f64,
) -> f64 {
    let Some(known) = known else {
        return match (from, to) {
            (None, None) => 1.0,
            (Some(_), Some(_)) => RANGE_DEFAULT,
            _ => INEQUALITY_DEFAULT,
        };
    };
    if from.is_none() && to.is_none() {
        return 1.0;
    }
    let low = from.map_or(0.0, |from| known.below(from));
    let high = to.map_or(1.0 - known.null_fraction, |to| known.below(to));
    // A histogram does not know about fewer rows than these.
    (high - low).clamp((1.0 / rows.max(1.0)).min(1.0), 1.0)
}
