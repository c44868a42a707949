//! Order and equality of values, as the types' `<` and `=` have them.
//!
//! The order is the same as that of the keys in `key`: NaN is the greatest
//! number, intervals compare by length, text by bytes.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{ArrayValue, Datum, EnumLabels, RangeType, Repr, json, key, record};

/// Compares two values of one type; NULLs are equal and greater than the rest.
pub fn compare(a: &Datum, b: &Datum, repr: &Repr) -> Ordering {
    match (a, b) {
        (Datum::Null, Datum::Null) => Ordering::Equal,
        (Datum::Null, _) => Ordering::Greater,
        (_, Datum::Null) => Ordering::Less,
        (Datum::Bool(a), Datum::Bool(b)) => a.cmp(b),
        (Datum::Int2(a), Datum::Int2(b)) => a.cmp(b),
        (Datum::Int4(a), Datum::Int4(b)) | (Datum::Date(a), Datum::Date(b)) => a.cmp(b),
        (Datum::Int8(a), Datum::Int8(b))
        | (Datum::Time(a), Datum::Time(b))
        | (Datum::Timestamp(a), Datum::Timestamp(b))
        | (Datum::TimestampTz(a), Datum::TimestampTz(b)) => a.cmp(b),
        (Datum::Float4(a), Datum::Float4(b)) => compare_floats(f64::from(*a), f64::from(*b)),
        (Datum::Float8(a), Datum::Float8(b)) => compare_floats(*a, *b),
        (Datum::Oid(a), Datum::Oid(b)) => a.cmp(b),
        (Datum::Char(a), Datum::Char(b)) => a.cmp(b),
        (Datum::Numeric(a), Datum::Numeric(b)) => a.cmp(b),
        (Datum::Text(a), Datum::Text(b)) => compare_text(a, b, repr),
        (Datum::Bytea(a), Datum::Bytea(b)) => a.cmp(b),
        (Datum::TimeTz(a, y), Datum::TimeTz(b, z)) => {
            let instants = key::time_tz_instant(*a, *y).cmp(&key::time_tz_instant(*b, *z));
            instants.then_with(|| y.cmp(z))
        }
        (Datum::Interval(a), Datum::Interval(b)) => a.span().cmp(&b.span()),
        (Datum::Uuid(a), Datum::Uuid(b)) => a.cmp(b),
        (Datum::Bit(a), Datum::Bit(b)) => a.cmp(b),
        (Datum::Inet(a), Datum::Inet(b)) => a.cmp(b),
        (Datum::MacAddr(a), Datum::MacAddr(b)) => a.cmp(b),
        (Datum::MacAddr8(a), Datum::MacAddr8(b)) => a.cmp(b),
        (Datum::Vector(a), Datum::Vector(b)) => a.compare(b),
        (Datum::Jsonb(a), Datum::Jsonb(b)) => json::compare(a.root(), b.root()),
        (Datum::Array(a), Datum::Array(b)) => compare_arrays(a, b, repr),
        (Datum::Range(a), Datum::Range(b)) => {
            range_type(repr, a.subtype).compare_spans(a.span.as_ref(), b.span.as_ref())
        }
        (Datum::Multirange(a), Datum::Multirange(b)) => {
            range_type(repr, a.subtype).compare_multiranges(&a.spans, &b.spans)
        }
        (Datum::Record(a), Datum::Record(b)) => compare_records(a, b, repr),
        _ => unreachable!("values of one type share a representation"),
    }
}

/// PostgreSQL's order of floats: NaN equals NaN and is greatest; -0 equals 0.
pub fn compare_floats(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => a.partial_cmp(&b).expect("neither is NaN"),
    }
}

/// A text in lower case, character by character, as `lower` makes it.
pub fn fold_case(text: &str) -> String {
    let lower = |c: char| {
        let mut mapped = c.to_lowercase();
        match (mapped.next(), mapped.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.chars().map(lower).collect()
}

fn compare_text(a: &str, b: &str, repr: &Repr) -> Ordering {
    match repr {
        Repr::Bpchar => a.trim_end_matches(' ').cmp(b.trim_end_matches(' ')),
        Repr::Citext => fold_case(a).cmp(&fold_case(b)),
        Repr::Position(kind) => kind.number(a).cmp(&kind.number(b)),
        Repr::Hstore => {
            let pairs = |text| zserver_hstore::Pairs::parse(text).unwrap_or_default();
            pairs(a).compare(&pairs(b))
        }
        Repr::Enum(labels) => position(labels, a).cmp(&position(labels, b)),
        _ => a.cmp(b),
    }
}

fn position(labels: &EnumLabels, label: &str) -> usize {
    labels.position(label).unwrap_or(labels.labels.len())
}

fn compare_arrays(a: &ArrayValue, b: &ArrayValue, repr: &Repr) -> Ordering {
    let builtin;
    let element = match repr {
        Repr::Array(element) => &element.repr,
        _ => {
            builtin = super::builtin_repr(a.element_type).unwrap_or(Repr::Pseudo);
            &builtin
        }
    };
    a.elements
        .iter()
        .zip(&b.elements)
        .map(|(a, b)| compare(a, b, element))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
        .then_with(|| a.elements.len().cmp(&b.elements.len()))
        .then_with(|| a.dims.len().cmp(&b.dims.len()))
        .then_with(|| a.dims.iter().map(|d| d.length).cmp(b.dims.iter().map(|d| d.length)))
        .then_with(|| {
            a.dims.iter().map(|d| d.lower_bound).cmp(b.dims.iter().map(|d| d.lower_bound))
        })
}

fn compare_records(a: &[(u32, Datum)], b: &[(u32, Datum)], repr: &Repr) -> Ordering {
    a.iter()
        .zip(b)
        .enumerate()
        .map(|(index, ((oid, a), (_, b)))| compare(a, b, &record::field_repr(repr, index, *oid)))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// How bounds compare: as the representation says, else as those of a built-in type.
pub(super) fn range_type(repr: &Repr, subtype: u32) -> Cow<'_, RangeType> {
    match repr {
        Repr::Range(ty) | Repr::Multirange(ty) => Cow::Borrowed(ty),
        _ => Cow::Owned(RangeType {
            subtype,
            repr: super::builtin_repr(subtype).unwrap_or(Repr::Pseudo),
            is_discrete: false,
        }),
    }
}
