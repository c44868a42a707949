//! An inverted index leaves no row out that fulfils a condition.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::KeyColumn;
use super::inverted::{Need, Operator, Parts, need, payloads};
use crate::sql::functions::tests::context;
use crate::sql::functions::{CallContext, kernel};
use crate::sql::types::json;
use crate::sql::types::{ArrayValue, Datum, ElementType, Oid, Repr, SqlType, oid};

const INT4_ARRAY: Oid = 1007;
const TEXT_ARRAY: Oid = 1009;

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
        Need::All(needs) => needs.iter().all(|need| names(need, entries)),
        Need::Any(needs) => needs.iter().any(|need| names(need, entries)),
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
}
