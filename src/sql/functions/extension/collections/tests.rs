use serde_json::{Value, json};

use super::condition::{Condition, Filter};
use super::path::{Path, Step};
use super::{payload, point_id, point_text};
use crate::sql::types::json::{JsonValue, Jsonb};

fn jsonb(value: &Value) -> Jsonb {
    JsonValue::parse(&value.to_string()).expect("JSON").to_jsonb()
}

fn value(document: JsonValue) -> Value {
    let mut out = Vec::new();
    document.to_jsonb().root().write(&mut out);
    serde_json::from_slice(&out).expect("JSON")
}

fn payload() -> Value {
    json!({"s": "New York", "n": 5, "f": 5.0, "b": true, "z": null, "a": [1, "two", null],
           "o": {"p": {"q": [1, 2, 3]}}, "l": [{"k": 1, "v": "x"}, {"k": 2, "v": "y"}],
           "t": "2024-01-02T03:04:05Z", "e": []})
}

#[test]
fn conditions_hold_or_do_not() {
    let document = jsonb(&payload());
    let cases = [
        (json!({"key": "n", "match": {"value": 5}}), true),
        (json!({"key": "f", "match": {"value": 5}}), false),
        (json!({"key": "b", "match": {"value": true}}), true),
        (json!({"key": "a", "match": {"value": "two"}}), true),
        (json!({"key": "a", "match": {"any": [7, 1]}}), true),
        (json!({"key": "z", "match": {"except": [1]}}), false),
        (json!({"key": "n", "match": {"except": [5]}}), false),
        (json!({"key": "a", "match": {"except": [1]}}), true),
        (json!({"key": "s", "match": {"text": "york new"}}), true),
        (json!({"key": "s", "match": {"phrase": "york new"}}), false),
        (json!({"key": "s", "match": {"text_any": "york paris"}}), true),
        (json!({"key": "s", "match": {"prefix": "New"}}), true),
        (json!({"key": "s", "match": {"substring": "w Y"}}), true),
        (json!({"key": "o.p.q", "range": {"gt": 2.5}}), true),
        (json!({"key": "b", "range": {"gte": 0}}), false),
        (json!({"key": "t", "range": {"gte": "2024-01-02", "lt": "2024-01-03"}}), true),
        (json!({"key": "o.p.q", "values_count": {"gte": 3, "lt": 4}}), true),
        (json!({"key": "missing", "values_count": {"lt": 1}}), true),
        (json!({"is_empty": {"key": "e"}}), true),
        (json!({"is_empty": {"key": "missing"}}), true),
        (json!({"is_null": {"key": "z"}}), true),
        (json!({"is_null": {"key": "missing"}}), false),
        (json!({"key": "a", "is_null": true}), true),
        (json!({"key": "l[].k", "match": {"value": 2}}), true),
        (json!({"key": "l.k", "match": {"value": 2}}), false),
        (json!({"key": "l[0].k", "match": {"value": 2}}), false),
        (
            json!({"nested": {"key": "l", "filter": {"must": [{"key": "k", "match": {"value": 1}},
            {"key": "v", "match": {"value": "y"}}]}}}),
            false,
        ),
        (
            json!({"nested": {"key": "l[]", "filter": {"must": {"key": "v", "match": {"value": "y"}}}}}),
            true,
        ),
        (
            json!({"should": [{"key": "n", "match": {"value": 4}}, {"key": "n", "match": {"value": 5}}]}),
            true,
        ),
        (json!({"should": []}), true),
        (json!({"must_not": [{"key": "n", "match": {"value": 5}}]}), false),
        (
            json!({"min_should": {"min_count": 2, "conditions": [{"key": "n", "match": {"value": 5}},
            {"key": "b", "match": {"value": true}}]}}),
            true,
        ),
    ];
    for (condition, expected) in cases {
        let read = Condition::parse(&condition).expect("a condition");
        assert_eq!(read.holds(document.root()), expected, "{condition}");
        assert_eq!(Condition::parse(&read.to_json()).expect("the same"), read, "{condition}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    for wrong in [
        json!([]),
        json!({"must": [{"key": "a"}]}),
        json!({"must": [{"key": "a", "match": {"value": 1.5}}]}),
        json!({"must": [{"key": "a", "match": {"value": 1, "text": "x"}}]}),
        json!({"must": [{"key": "a..b", "match": {"value": 1}}]}),
        json!({"must": [{"key": "a", "range": {"gt": "yesterday"}}]}),
        json!({"must": [{"key": "a", "geo_radius": {}}]}),
        json!({"musst": []}),
        json!({"min_should": {"conditions": [], "min_count": 0}}),
    ] {
        assert!(Filter::parse(&wrong).is_err(), "{wrong}");
    }
    let many: Vec<Value> = (0..1_001).map(|n| json!({"key": "a", "match": {"value": n}})).collect();
    assert!(Filter::parse(&json!({"must": many})).is_err());
}

#[test]
fn payloads_are_changed_at_paths() {
    let own = jsonb(&json!({"a": {"b": 1, "c": 2}, "l": [{"x": 1}, 2]}));
    let set = |key: &str, with: Value| {
        let path = (!key.is_empty()).then(|| Path::parse(key).expect("a path"));
        value(payload::set(own.root(), path.as_ref(), jsonb(&with).root()))
    };
    assert_eq!(set("", json!({"a": null, "n": 1})), json!({"l": [{"x": 1}, 2], "n": 1}));
    assert_eq!(set("a", json!({"b": 5}))["a"], json!({"b": 5, "c": 2}));
    assert_eq!(set("a.b", json!({"d": 1}))["a"]["b"], json!({"d": 1}));
    assert_eq!(set("a.b.e", json!({"d": 1}))["a"]["b"], json!({"e": {"d": 1}}));
    assert_eq!(set("l[]", json!({"y": 2}))["l"], json!([{"x": 1, "y": 2}, {"y": 2}]));
    assert_eq!(set("l[0].z", json!({"y": 2}))["l"], json!([{"x": 1, "z": {"y": 2}}, 2]));
    assert_eq!(set("a[0]", json!({"y": 2}))["a"], json!([]));
    let without =
        |keys: &[&str]| value(payload::delete(own.root(), &payload::paths(keys).expect("paths")));
    assert_eq!(without(&["a.b", "l[].x"]), json!({"a": {"c": 2}, "l": [{}, 2]}));
    assert_eq!(without(&["l[]", "a.nothing"])["l"], json!([]));
    assert_eq!(without(&["l[0]"])["l"], json!([{"x": 1}, 2]));
}

#[test]
fn payloads_are_selected() {
    let own =
        jsonb(&json!({"a": {"b": 1, "c": 2}, "aa": {"b": 3}, "a.b": 4, "l": [{"b": 5, "c": 6}]}));
    let select = |keys: &[&str], keep: bool| {
        let paths = payload::paths(keys).expect("paths");
        let steps: Vec<&[Step]> = paths.iter().map(|path| path.0.as_slice()).collect();
        match keep {
            true => value(payload::include(own.root(), &steps)),
            false => value(payload::exclude(own.root(), &steps)),
        }
    };
    assert_eq!(select(&["a.b"], true), json!({"a": {"b": 1}}));
    assert_eq!(select(&["\"a.b\"", "l[].c"], true), json!({"a.b": 4, "l": [{"c": 6}]}));
    assert_eq!(select(&["a", "l[].b"], false), json!({"aa": {"b": 3}, "a.b": 4, "l": [{"c": 6}]}));
    assert_eq!(select(&[], true), json!({}));
}

#[test]
fn ids_are_numbers_and_uuids() {
    for text in ["0", "42", "18446744073709551615", "550e8400-e29b-41d4-a716-446655440000"] {
        assert_eq!(point_text(&point_id(text).expect("an id")), text);
    }
    for wrong in ["", "-1", "18446744073709551616", "x", "00000000-0000-0000-0000-000000000001"] {
        assert!(point_id(wrong).is_err(), "{wrong}");
    }
    assert!(point_id("9").expect("an id") < point_id("10").expect("an id"));
}
