//! An index by parts leaves no row out that fulfils a condition.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::KeyColumn;
use super::parts::{Need, Operator, Parts, need, payloads};
use super::spans::places;
use crate::sql::functions::tests::context;
use crate::sql::functions::{CallContext, kernel};
use crate::sql::types::json;
use crate::sql::types::network::{self, Inet};
use crate::sql::types::range::{self, Bound, RangeType, RangeValue};
use crate::sql::types::{ArrayValue, Datum, ElementType, Oid, Repr, SqlType, oid};

const INT4_ARRAY: Oid = 1007;
const TEXT_ARRAY: Oid = 1009;
const TSRANGE: Oid = 3908;

fn column(ty: Oid, repr: Repr, parts: Parts) -> [KeyColumn; 1] {
    [KeyColumn {
        column: 1,
        expression: None,
        ty: SqlType::new(ty),
        repr,
        descending: false,
        nulls_first: false,
        parts: Some(parts),
    }]
}

/// What PostgreSQL's operator answers.
fn holds(symbol: &str, types: [Oid; 2], left: &Datum, right: &Datum) -> bool {
    let eval = context();
    let types = types.map(SqlType::new);
    let call = CallContext { eval: &eval, args: &types, result: SqlType::new(oid::BOOL) };
    let kernel = kernel(symbol).expect("the operator's kernel");
    let answer = (kernel.scalar)(&call, &[left.clone(), right.clone()]);
    matches!(answer.expect("a condition"), Datum::Bool(true))
}

/// Whether a search would name a row with these entries.
fn names(need: &Need, entries: &BTreeSet<Vec<u8>>) -> bool {
    match need {
        Need::Everything => true,
        Need::Part(part) => entries.contains(part),
        Need::Between(first, last) => {
            entries.iter().any(|entry| entry >= first && (entry <= last || entry.starts_with(last)))
        }
        Need::All(needs) => needs.iter().all(|need| names(need, entries)),
        Need::Any(needs) => needs.iter().any(|need| names(need, entries)),
        Need::AtLeast(count, parts) => {
            parts.iter().filter(|part| entries.contains(*part)).count() >= *count
        }
    }
}

fn array(element: Oid, elements: Vec<Datum>) -> Datum {
    Datum::Array(Box::new(ArrayValue::from_elements(element, elements)))
}

fn numbers() -> impl Strategy<Value = Datum> {
    let element = prop_oneof![4 => (0..5i32).prop_map(Datum::Int4), 1 => Just(Datum::Null)];
    prop::collection::vec(element, 0..5).prop_map(|elements| array(oid::INT4, elements))
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just(String::new()), "[a-b]{200}"]
}

/// A document's text, of few keys and scalars, so that documents meet.
fn document() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("1".to_owned()),
        Just("1.0".to_owned()),
        Just("2".to_owned()),
        word().prop_map(|word| format!("\"{word}\"")),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        let member = (word(), inner.clone()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec(member, 0..3).prop_map(|list| format!("{{{}}}", list.join(","))),
        ]
    })
}

fn jsonb(text: &str) -> Datum {
    Datum::Jsonb(json::parse(text).expect("a document"))
}

proptest! {
    #[test]
    fn arrays_are_found(value in numbers(), query in numbers()) {
        let element = ElementType { oid: oid::INT4, repr: Repr::Int4, delimiter: ',' };
        let keys = column(INT4_ARRAY, Repr::Array(Box::new(element)), Parts::Array);
        let entries = payloads(&keys, std::slice::from_ref(&value)).expect("entries");
        for (symbol, operator) in [
            ("arrayoverlap", Operator::Overlaps),
            ("arraycontains", Operator::Contains),
            ("arraycontained", Operator::ContainedBy),
            ("array_eq", Operator::Equals),
        ] {
            if holds(symbol, [INT4_ARRAY; 2], &value, &query) {
                prop_assert!(names(&need(&keys, 0, operator, &query), &entries), "{symbol}");
            }
        }
    }

    #[test]
    fn documents_are_found(value in document(), query in document()) {
        let (value, query) = (jsonb(&value), jsonb(&query));
        let contains = holds("jsonb_contains", [oid::JSONB; 2], &value, &query);
        for parts in [Parts::Jsonb, Parts::JsonbPath] {
            let keys = column(oid::JSONB, Repr::Jsonb, parts);
            let entries = payloads(&keys, std::slice::from_ref(&value)).expect("entries");
            if contains {
                prop_assert!(names(&need(&keys, 0, Operator::Contains, &query), &entries));
            }
        }
    }

    #[test]
    fn keys_are_found(value in document(), keys in prop::collection::vec(word(), 0..3)) {
        let value = jsonb(&value);
        let column = column(oid::JSONB, Repr::Jsonb, Parts::Jsonb);
        let entries = payloads(&column, std::slice::from_ref(&value)).expect("entries");
        let all = array(oid::TEXT, keys.iter().cloned().map(Datum::Text).collect());
        for (symbol, operator) in [
            ("jsonb_exists_any", Operator::ExistsAny),
            ("jsonb_exists_all", Operator::ExistsAll),
        ] {
            if holds(symbol, [oid::JSONB, TEXT_ARRAY], &value, &all) {
                prop_assert!(names(&need(&column, 0, operator, &all), &entries), "{symbol}");
            }
        }
        for key in keys.into_iter().map(Datum::Text) {
            if holds("jsonb_exists", [oid::JSONB, oid::TEXT], &value, &key) {
                prop_assert!(names(&need(&column, 0, Operator::Exists, &key), &entries));
            }
        }
    }

    #[test]
    fn ranges_are_found(value in any_range(), query in any_range(), element in -40..40i32) {
        let ty = RangeType { subtype: oid::INT4, repr: Repr::Int4, is_discrete: true };
        let keys = column(oid::INT4RANGE, Repr::Range(Box::new(ty)), Parts::Range);
        let entries = payloads(&keys, std::slice::from_ref(&value)).expect("entries");
        for source in [
            "range_overlaps",
            "range_contains",
            "range_contained_by",
            "range_eq",
            "range_before",
            "range_after",
            "range_overleft",
            "range_overright",
            "range_adjacent",
        ] {
            let types = [oid::INT4RANGE; 2];
            if holds(source, types, &value, &query) {
                let operator = Operator::of_function(source, false).expect(source);
                prop_assert!(names(&need(&keys, 0, operator, &query), &entries), "{source}");
            }
            if holds(source, types, &query, &value)
                && let Some(operator) = Operator::of_function(source, true)
            {
                prop_assert!(names(&need(&keys, 0, operator, &query), &entries), "{source} turned");
            }
        }
        let element = Datum::Int4(element);
        if holds("range_contains_elem", [oid::INT4RANGE, oid::INT4], &value, &element) {
            let operator = Operator::of_function("range_contains_elem", false).expect("@>");
            prop_assert!(names(&need(&keys, 0, operator, &element), &entries));
        }
    }

    #[test]
    fn a_search_for_overlap_finds_nothing_else(value in any_range(), query in any_range()) {
        let ty = RangeType { subtype: oid::INT4, repr: Repr::Int4, is_discrete: true };
        let keys = column(oid::INT4RANGE, Repr::Range(Box::new(ty)), Parts::Range);
        let entries = payloads(&keys, std::slice::from_ref(&value)).expect("entries");
        let types = [oid::INT4RANGE; 2];
        if names(&need(&keys, 0, Operator::Overlaps, &query), &entries) {
            let touches = holds("range_overlaps", types, &value, &query)
                || holds("range_adjacent", types, &value, &query);
            prop_assert!(touches);
        }
    }

    #[test]
    fn networks_are_found(value in any_network(), query in any_network()) {
        let keys = column(oid::INET, Repr::Inet, Parts::Network);
        let (value, query) = (Datum::Inet(value), Datum::Inet(query));
        let entries = payloads(&keys, std::slice::from_ref(&value)).expect("entries");
        for source in [
            "network_overlap",
            "network_sup",
            "network_supeq",
            "network_sub",
            "network_subeq",
            "network_eq",
        ] {
            if holds(source, [oid::INET; 2], &value, &query) {
                let operator = Operator::of_function(source, false).expect(source);
                prop_assert!(names(&need(&keys, 0, operator, &query), &entries), "{source}");
            }
            if holds(source, [oid::INET; 2], &query, &value) {
                let operator = Operator::of_function(source, true).expect(source);
                prop_assert!(names(&need(&keys, 0, operator, &query), &entries), "{source} turned");
            }
        }
    }

    #[test]
    fn what_overlaps_is_claimed_by_both(a in any_range(), b in any_range()) {
        let ty = RangeType { subtype: oid::INT4, repr: Repr::Int4, is_discrete: true };
        let repr = Repr::Range(Box::new(ty));
        let overlap = holds("range_overlaps", [oid::INT4RANGE; 2], &a, &b);
        prop_assert_eq!(share_places(&repr, &a, &b), overlap);
    }

    #[test]
    fn what_overlaps_between_two_values_is_claimed_by_both(a in any_time(), b in any_time()) {
        let ty = RangeType { subtype: oid::TIMESTAMP, repr: Repr::Timestamp, is_discrete: false };
        let repr = Repr::Range(Box::new(ty));
        let overlap = holds("range_overlaps", [TSRANGE; 2], &a, &b);
        prop_assert_eq!(share_places(&repr, &a, &b), overlap);
    }
}

fn share_places(repr: &Repr, a: &Datum, b: &Datum) -> bool {
    let of = |value: &Datum| places(Parts::Range, repr, value).expect("places");
    match (of(a), of(b)) {
        (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
        _ => false,
    }
}

/// Ranges of times that are next to each other, with bounds inside and outside.
fn any_time() -> impl Strategy<Value = Datum> {
    (0..5i64, 0..5i64, any::<[bool; 2]>()).prop_map(|(a, b, inside)| {
        let ty = RangeType { subtype: oid::TIMESTAMP, repr: Repr::Timestamp, is_discrete: false };
        let bound = |at, inclusive| Bound::new(Datum::Timestamp(at), inclusive);
        let span = ty.span(bound(a.min(b), inside[0]), bound(a.max(b), inside[1]));
        Datum::Range(Box::new(RangeValue::of(oid::TIMESTAMP, span.expect("a range"))))
    })
}

/// Ranges of few numbers, near the ends of the type too, so that they meet.
fn any_range() -> impl Strategy<Value = Datum> {
    let number = prop_oneof![
        8 => -40..40i32,
        1 => i32::MIN..i32::MIN + 5,
        1 => i32::MAX - 5..i32::MAX - 1,
    ];
    let bound = || prop_oneof![6 => number.clone().prop_map(Some), 1 => Just(None)];
    (bound(), bound(), any::<[bool; 2]>(), 0..12).prop_map(|(a, b, inside, kind)| {
        let ty = RangeType { subtype: oid::INT4, repr: Repr::Int4, is_discrete: true };
        let (a, b) = match (a, b) {
            (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
            other => other,
        };
        let of = |value: Option<i32>, inclusive| match value {
            Some(value) => Bound::new(Datum::Int4(value), inclusive),
            None => range::Bound::INFINITE,
        };
        let span = match kind {
            0 => None,
            _ => ty.span(of(a, inside[0]), of(b, inside[1])).expect("a range"),
        };
        Datum::Range(Box::new(RangeValue::of(oid::INT4, span)))
    })
}

/// Networks that often lie in each other.
fn any_network() -> impl Strategy<Value = Inet> {
    (0..4u8, 0..4u8, 0..=32u8, any::<bool>()).prop_map(|(a, b, bits, is_v6)| {
        let text = match is_v6 {
            true => format!("{a:x}::{b:x}/{}", u16::from(bits) * 4),
            false => format!("10.{a}.0.{b}/{bits}"),
        };
        network::parse(&text, oid::INET).expect("a network")
    })
}
