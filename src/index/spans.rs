//! The span access method (PostgreSQL's `gist`): what lies where in an order.
//!
//! A range, a multirange (from its lowest bound to its highest) and a network (all of its
//! addresses) are spans of an ordered line. A place on the line is a **code**: the first
//! bytes of the value's form in order, as a number. Codes may be equal where values are
//! not, and both ends count as inside, so a search finds rows that must be looked at
//! again, and misses none.
//!
//! Spans are found by the relational interval tree (Kriegel, Pötke, Seidl: "Managing
//! Intervals Efficiently in Object-Relational Databases", VLDB 2000). The line is a binary
//! tree that nobody stores: a node is a code, and a span belongs to the highest node
//! inside it. Of each span there are two entries, by the node and either end:
//!
//! ```text
//! [2, 5] over codes of 3 bits: its node is 4     [column] LOWER 4 2 · [column] UPPER 4 5
//! what overlaps [a, b]?   nodes from a to b       all of their spans
//!                         nodes above a, left     those whose upper end is a or more
//!                         nodes above b, right    those whose lower end is b or less
//! ```
//!
//! So a search takes at most two looks per bit of a code, and reads nothing that it does
//! not find. Values that are merely ordered (the classes of `btree_gist`) have an entry in
//! their order.

use super::parts::{Need, Operator, PART_BYTES_MAX, Part, Parts, part, tag};
use crate::error::{Error, Result};
use crate::sql::types::key::{KeyOrder, encode_ordered};
use crate::sql::types::network::Inet;
use crate::sql::types::range::{Bound, RangeType, Span as RangeSpan};
use crate::sql::types::{Datum, Repr};

/// Classes of `btree_gist` whose values are told apart by their order.
pub const ORDERED_CLASSES: [&str; 25] = [
    "gist_bit_ops",
    "gist_bool_ops",
    "gist_bpchar_ops",
    "gist_bytea_ops",
    "gist_cidr_ops",
    "gist_date_ops",
    "gist_enum_ops",
    "gist_float4_ops",
    "gist_float8_ops",
    "gist_inet_ops",
    "gist_int2_ops",
    "gist_int4_ops",
    "gist_int8_ops",
    "gist_interval_ops",
    "gist_macaddr8_ops",
    "gist_macaddr_ops",
    "gist_numeric_ops",
    "gist_oid_ops",
    "gist_text_ops",
    "gist_time_ops",
    "gist_timestamp_ops",
    "gist_timestamptz_ops",
    "gist_timetz_ops",
    "gist_uuid_ops",
    "gist_vbit_ops",
];

/// The operator of a built-in function over ranges, multiranges and networks; `swapped` if
/// the column is its second argument.
pub(super) fn operator_of(source: &str, swapped: bool) -> Option<Operator> {
    let straight = match source {
        "network_overlap" => Operator::Overlaps,
        "network_sup" => Operator::ContainsMore,
        "network_supeq" => Operator::Contains,
        "network_sub" => Operator::ContainedByMore,
        "network_subeq" => Operator::ContainedBy,
        "network_eq" | "range_eq" | "multirange_eq" => Operator::Equals,
        "elem_contained_by_range" | "elem_contained_by_multirange" => Operator::ContainedBy,
        _ => {
            let of_range = source.strip_prefix("range_");
            let rest = of_range.or_else(|| source.strip_prefix("multirange_"))?;
            let sides = ["_multirange", "_range", "_elem"];
            let verb = sides.iter().find_map(|side| rest.strip_suffix(side)).unwrap_or(rest);
            match verb {
                "overlaps" => Operator::Overlaps,
                "contains" => Operator::Contains,
                "contained_by" => Operator::ContainedBy,
                "before" => Operator::Before,
                "after" => Operator::After,
                "overleft" => Operator::NotBeyond,
                "overright" => Operator::NotBelow,
                "adjacent" => Operator::Adjacent,
                _ => return None,
            }
        }
    };
    if !swapped {
        return Some(straight);
    }
    Some(match straight {
        Operator::Contains => Operator::ContainedBy,
        Operator::ContainedBy => Operator::Contains,
        Operator::ContainsMore => Operator::ContainedByMore,
        Operator::ContainedByMore => Operator::ContainsMore,
        Operator::Before => Operator::After,
        Operator::After => Operator::Before,
        // `a &< b` says nothing of where b begins.
        Operator::NotBeyond | Operator::NotBelow => return None,
        same => same,
    })
}

/// The codes of a line, and how many of their bits tell values apart.
#[derive(Clone, Copy)]
struct Line {
    bits: u32,
}

impl Line {
    /// Of a column's values: of those of a range, its bounds'.
    fn of(repr: &Repr) -> Line {
        let bits = match repr {
            Repr::Int2 => 16,
            Repr::Int4 | Repr::Date | Repr::Oid => 32,
            Repr::Int8 | Repr::Timestamp | Repr::TimestampTz | Repr::Float8 => 64,
            _ => 128,
        };
        Line { bits }
    }

    fn last(self) -> u128 {
        u128::MAX >> (u128::BITS - self.bits)
    }

    /// The code of bytes that sort as their value does.
    fn code(self, bytes: &[u8]) -> u128 {
        let mut front = [0; 16];
        let length = bytes.len().min(front.len());
        front[..length].copy_from_slice(&bytes[..length]);
        u128::from_be_bytes(front) >> (u128::BITS - self.bits)
    }

    fn code_of(self, value: &Datum, repr: &Repr) -> u128 {
        let mut bytes = Vec::with_capacity(24);
        encode_ordered(value, repr, KeyOrder::ASCENDING, &mut bytes);
        // Without the mark of a value that is not NULL.
        self.code(&bytes[1..])
    }

    fn part(self, column: u8, tag: u8, codes: &[u128]) -> Part {
        let width = self.bits as usize / 8;
        let mut out = vec![column, tag];
        for code in codes {
            out.extend_from_slice(&code.to_be_bytes()[16 - width..]);
        }
        out
    }

    /// What has its node from one code to another.
    fn nodes(self, column: u8, first: u128, last: u128) -> Need {
        let part = |node| self.part(column, tag::LOWER, &[node]);
        Need::Between(part(first), part(last))
    }

    /// What overlaps a span.
    fn overlapping(self, column: u8, span: Span) -> Need {
        let Span { lower: a, upper: b } = span;
        let mut needs = vec![self.nodes(column, a, b)];
        // Each bit of `a` that is set is the lowest but one of a node to the left, and
        // each of `b` that is not is the lowest of a node to the right.
        let left =
            (1..self.bits).filter(|bit| (a >> (bit - 1)) & 1 == 1).map(|bit| (a >> bit) << bit);
        let right =
            (0..self.bits).filter(|bit| (b >> bit) & 1 == 0).map(|bit| ((b >> bit) | 1) << bit);
        for node in left {
            let part = |end| self.part(column, tag::UPPER, &[node, end]);
            needs.push(Need::Between(part(a), part(self.last())));
        }
        for node in right {
            let first = self.part(column, tag::LOWER, &[node]);
            needs.push(Need::Between(first, self.part(column, tag::LOWER, &[node, b])));
        }
        Need::Any(needs)
    }
}

/// Where a value lies, by codes; both ends are inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    lower: u128,
    upper: u128,
}

impl Span {
    /// The highest node inside it.
    fn node(self) -> u128 {
        match self.lower ^ self.upper {
            0 => self.upper,
            differing => {
                let bit = differing.ilog2();
                (self.upper >> bit) << bit
            }
        }
    }
}

/// The line of a column and the span of a value on it: none of an empty one.
fn place(parts: Parts, repr: &Repr, value: &Datum) -> Result<(Line, Option<Span>)> {
    match (parts, repr, value) {
        (Parts::Range, Repr::Range(ty) | Repr::Multirange(ty), value) => {
            let line = Line::of(&ty.repr);
            Ok((line, range_span(line, ty, value)))
        }
        (Parts::Network, _, Datum::Inet(network)) => {
            let line = Line { bits: u128::BITS };
            let (lower, upper) = (network.network(), network.broadcast());
            let code = |address: &Inet| line.code(&address.place());
            Ok((line, Some(Span { lower: code(&lower), upper: code(&upper) })))
        }
        _ => Err(Error::internal("a value that has no place on a line")),
    }
}

/// Of a range, of a multirange, or of a value that could be in one.
fn range_span(line: Line, ty: &RangeType, value: &Datum) -> Option<Span> {
    let code = |bound: &Bound, infinite: u128| match &bound.value {
        Some(value) => line.code_of(value, &ty.repr),
        None => infinite,
    };
    let span = |lower: &RangeSpan, upper: &RangeSpan| Span {
        lower: code(&lower.lower, 0),
        upper: code(&upper.upper, line.last()),
    };
    match value {
        Datum::Range(range) => range.span.as_ref().map(|one| span(one, one)),
        Datum::Multirange(ranges) => match ranges.spans.as_slice() {
            [] => None,
            [first, .., last] | [first @ last] => Some(span(first, last)),
        },
        value => {
            let at = line.code_of(value, &ty.repr);
            Some(Span { lower: at, upper: at })
        }
    }
}

/// Where a value lies, so that values that overlap share a place; both ends are inside.
/// `None` of one that lies nowhere. Where codes tell all values apart, a code has two
/// places, itself and what lies between it and the next, there is one below all codes, and
/// an end that is not inside is not among them: only what overlaps shares a place.
pub fn places(parts: Parts, repr: &Repr, value: &Datum) -> Result<Option<(u128, u128)>> {
    let (line, span) = place(parts, repr, value)?;
    let Some(Span { lower, upper }) = span else { return Ok(None) };
    if line.bits == u128::BITS {
        return Ok(Some((lower, upper)));
    }
    let (first, last) = match value {
        Datum::Range(range) => (range.span.as_ref(), range.span.as_ref()),
        Datum::Multirange(ranges) => (ranges.spans.first(), ranges.spans.last()),
        _ => (None, None),
    };
    let at = |code: u128| 2 * code + 1;
    let lower = match first.map(|span| &span.lower) {
        Some(bound) if bound.value.is_none() => 0,
        Some(bound) if !bound.inclusive => at(lower) + 1,
        _ => at(lower),
    };
    let upper = match last.map(|span| &span.upper) {
        Some(bound) if bound.value.is_none() => at(line.last()) + 1,
        Some(bound) if !bound.inclusive => at(upper) - 1,
        _ => at(upper),
    };
    Ok(Some((lower, upper)))
}

/// The parts of a value that is not NULL.
pub(super) fn parts(column: u8, parts: Parts, repr: &Repr, value: &Datum) -> Result<Vec<Part>> {
    if parts == Parts::Ordered {
        return Ok(vec![ordered_part(column, repr, value)]);
    }
    let (line, span) = place(parts, repr, value)?;
    let Some(span) = span else { return Ok(Vec::new()) };
    let part = |tag, end| line.part(column, tag, &[span.node(), end]);
    Ok(vec![part(tag::LOWER, span.lower), part(tag::UPPER, span.upper)])
}

/// A value in its order; of a long one the front.
fn ordered_part(column: u8, repr: &Repr, value: &Datum) -> Part {
    let mut out = vec![column, tag::ORDERED];
    encode_ordered(value, repr, KeyOrder::ASCENDING, &mut out);
    out.truncate(PART_BYTES_MAX);
    out
}

/// What a condition on a column needs.
pub(super) fn need(
    column: u8,
    parts: Parts,
    repr: &Repr,
    operator: Operator,
    value: &Datum,
) -> Need {
    if parts == Parts::Ordered {
        return match operator {
            Operator::Equals => ordered_need(column, repr, Some(value), Some(value)),
            _ => Need::Everything,
        };
    }
    let Ok((line, span)) = place(parts, repr, value) else { return Need::Everything };
    let empty = || Need::Part(part(column, tag::EMPTY, None));
    let Some(span) = span else {
        return match operator {
            // The empty range is in every range.
            Operator::Contains | Operator::ContainsMore => Need::Everything,
            Operator::Equals | Operator::ContainedBy => empty(),
            _ => Need::Any(Vec::new()),
        };
    };
    let point = |at| Span { lower: at, upper: at };
    match operator {
        Operator::Overlaps | Operator::Adjacent => line.overlapping(column, span),
        Operator::Contains | Operator::ContainsMore => line.overlapping(column, point(span.lower)),
        Operator::ContainedBy | Operator::ContainedByMore => {
            Need::Any(vec![line.nodes(column, span.lower, span.upper), empty()])
        }
        Operator::Equals => Need::Part(line.part(column, tag::LOWER, &[span.node(), span.lower])),
        Operator::Before => line.nodes(column, 0, span.lower),
        Operator::NotBeyond => line.nodes(column, 0, span.upper),
        Operator::After => line.nodes(column, span.upper, line.last()),
        Operator::NotBelow => line.nodes(column, span.lower, line.last()),
        _ => Need::Everything,
    }
}

/// What has a value between two, or of which one is not known.
pub(super) fn ordered_need(
    column: u8,
    repr: &Repr,
    lower: Option<&Datum>,
    upper: Option<&Datum>,
) -> Need {
    let all = vec![column, tag::ORDERED];
    let edge = |value: Option<&Datum>| match value {
        Some(value) => ordered_part(column, repr, value),
        None => all.clone(),
    };
    Need::Between(edge(lower), edge(upper))
}
