//! Ranges as sets: containment, union, intersection, difference.
//!
//! A range is a list of one span, or of none; a multirange is a list of any number.
//! So most operations are written once, over lists.

use std::cmp::Ordering;

use super::{Bound, RangeType, Side, Span};
use crate::error::{Error, Result};
use crate::sql::types::Datum;
use crate::sqlstate;

impl RangeType {
    /// Whether `a` ends before `b` begins.
    fn ends_before(&self, a: &Span, b: &Span) -> bool {
        self.compare_bounds((&a.upper, Side::Upper), (&b.lower, Side::Lower)).is_lt()
    }

    fn overlap(&self, a: &Span, b: &Span) -> bool {
        !self.ends_before(a, b) && !self.ends_before(b, a)
    }

    fn span_contains(&self, a: &Span, b: &Span) -> bool {
        self.compare_lowers(a, b).is_le() && self.compare_uppers(a, b).is_ge()
    }

    /// The ranges of a list as a multirange: sorted, merged where they touch.
    pub fn normalised(&self, mut spans: Vec<Span>) -> Result<Vec<Span>> {
        spans.sort_by(|a, b| self.compare_spans(Some(a), Some(b)));
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match merged.last_mut() {
                Some(last)
                    if self.overlap(last, &span)
                        || self.adjacent_bounds(&last.upper, &span.lower)? =>
                {
                    if self.compare_uppers(&span, last).is_gt() {
                        last.upper = span.upper;
                    }
                }
                _ => merged.push(span),
            }
        }
        Ok(merged)
    }

    /// The span from the first lower to the last upper bound.
    pub fn hull(&self, spans: &[Span]) -> Option<Span> {
        let lower = spans.iter().min_by(|a, b| self.compare_lowers(a, b))?;
        let upper = spans.iter().max_by(|a, b| self.compare_uppers(a, b))?;
        Some(Span { lower: lower.lower.clone(), upper: upper.upper.clone() })
    }

    pub fn list_contains_value(&self, spans: &[Span], value: &Datum) -> bool {
        let after = spans.partition_point(|span| match &span.lower.value {
            None => true,
            Some(lower) => crate::sql::types::compare(lower, value, &self.repr).is_le(),
        });
        after.checked_sub(1).is_some_and(|at| self.contains_value(&spans[at], value))
    }

    /// Whether each span of `b` lies in one of `a`.
    pub fn list_contains(&self, a: &[Span], b: &[Span]) -> bool {
        let mut candidates = a.iter().peekable();
        b.iter().all(|b| {
            while candidates.next_if(|a| self.ends_before(a, b)).is_some() {}
            candidates.peek().is_some_and(|a| self.span_contains(a, b))
        })
    }

    pub fn lists_overlap(&self, a: &[Span], b: &[Span]) -> bool {
        let (mut i, mut j) = (0, 0);
        while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
            if self.overlap(left, right) {
                return true;
            }
            match self.ends_before(left, right) {
                true => i += 1,
                false => j += 1,
            }
        }
        false
    }

    /// `a << b`: all of one before all of the other.
    pub fn list_before(&self, a: &[Span], b: &[Span]) -> bool {
        match (a.last(), b.first()) {
            (Some(a), Some(b)) => self.ends_before(a, b),
            _ => false,
        }
    }

    /// `a &< b`: one does not reach beyond the end of the other.
    pub fn list_not_beyond(&self, a: &[Span], b: &[Span]) -> bool {
        match (a.last(), b.last()) {
            (Some(a), Some(b)) => self.compare_uppers(a, b).is_le(),
            _ => false,
        }
    }

    /// `a &> b`: one does not begin before the other.
    pub fn list_not_earlier(&self, a: &[Span], b: &[Span]) -> bool {
        match (a.first(), b.first()) {
            (Some(a), Some(b)) => self.compare_lowers(a, b).is_ge(),
            _ => false,
        }
    }

    /// `a -|- b`: the end of one touches the beginning of the other.
    pub fn lists_adjacent(&self, a: &[Span], b: &[Span]) -> Result<bool> {
        let (Some(first), Some(last)) = (a.first(), a.last()) else { return Ok(false) };
        let (Some(other_first), Some(other_last)) = (b.first(), b.last()) else {
            return Ok(false);
        };
        Ok(self.adjacent_bounds(&last.upper, &other_first.lower)?
            || self.adjacent_bounds(&other_last.upper, &first.lower)?)
    }

    pub fn union(&self, a: &[Span], b: &[Span]) -> Result<Vec<Span>> {
        self.normalised([a, b].concat())
    }

    fn intersection_of(&self, a: &Span, b: &Span) -> Span {
        let lower = if self.compare_lowers(a, b).is_ge() { &a.lower } else { &b.lower };
        let upper = if self.compare_uppers(a, b).is_le() { &a.upper } else { &b.upper };
        Span { lower: lower.clone(), upper: upper.clone() }
    }

    pub fn intersection(&self, a: &[Span], b: &[Span]) -> Vec<Span> {
        let mut found = Vec::new();
        let (mut i, mut j) = (0, 0);
        while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
            if self.overlap(left, right) {
                found.push(self.intersection_of(left, right));
            }
            match self.compare_uppers(left, right) {
                Ordering::Less => i += 1,
                _ => j += 1,
            }
        }
        found
    }

    pub fn difference(&self, a: &[Span], b: &[Span]) -> Result<Vec<Span>> {
        let mut found = Vec::new();
        let mut first = 0;
        for span in a {
            while b.get(first).is_some_and(|b| self.ends_before(b, span)) {
                first += 1;
            }
            let mut rest = Some(span.clone());
            for taken in &b[first..] {
                let Some(left) = rest.take() else { break };
                if !self.overlap(&left, taken) {
                    rest = Some(left);
                    break;
                }
                if self.compare_lowers(&left, taken).is_lt() {
                    let before = self.span(left.lower.clone(), opposite(&taken.lower))?;
                    found.extend(before);
                }
                if self.compare_uppers(&left, taken).is_gt() {
                    rest = self.span(opposite(&taken.upper), left.upper.clone())?;
                }
            }
            found.extend(rest);
        }
        Ok(found)
    }

    /// `a + b` of two ranges: `22000` where they leave a gap.
    pub fn range_union(&self, a: Option<&Span>, b: Option<&Span>) -> Result<Option<Span>> {
        let (Some(a), Some(b)) = (a, b) else { return Ok(a.or(b).cloned()) };
        let touch = self.overlap(a, b)
            || self.adjacent_bounds(&a.upper, &b.lower)?
            || self.adjacent_bounds(&b.upper, &a.lower)?;
        if !touch {
            return Err(not_contiguous("union"));
        }
        Ok(self.hull(&[a.clone(), b.clone()]))
    }

    /// `a - b` of two ranges: `22000` where `b` cuts a piece out of the middle.
    pub fn range_difference(&self, a: &Span, b: &Span) -> Result<Option<Span>> {
        let mut pieces =
            self.difference(std::slice::from_ref(a), std::slice::from_ref(b))?.into_iter();
        let piece = pieces.next();
        let is_cut = self.compare_lowers(a, b).is_lt() && self.compare_uppers(a, b).is_gt();
        match is_cut && self.overlap(a, b) {
            true => Err(not_contiguous("difference")),
            false => Ok(piece),
        }
    }
}

fn opposite(bound: &Bound) -> Bound {
    Bound { value: bound.value.clone(), inclusive: !bound.inclusive }
}

fn not_contiguous(what: &str) -> Error {
    Error::new(sqlstate::DATA_EXCEPTION, format!("result of range {what} would not be contiguous"))
}
