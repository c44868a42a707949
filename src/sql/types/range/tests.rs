//! Ranges against a model: sets of small integers.

use proptest::prelude::*;

use super::*;
use crate::sql::types::key;

fn ints() -> RangeType {
    RangeType { subtype: oid::INT4, repr: Repr::Int4, is_discrete: true }
}

fn continuous() -> RangeType {
    RangeType { is_discrete: false, ..ints() }
}

/// The integers of a list of spans between -1 and 12.
fn members(ty: &RangeType, spans: &[Span]) -> Vec<i32> {
    (-1..12).filter(|n| spans.iter().any(|s| ty.contains_value(s, &Datum::Int4(*n)))).collect()
}

fn bound() -> impl Strategy<Value = Bound> {
    (prop::option::weighted(0.9, 0..10i32), any::<bool>())
        .prop_map(|(value, inclusive)| Bound { value: value.map(Datum::Int4), inclusive })
}

fn span() -> impl Strategy<Value = Span> {
    (bound(), bound())
        .prop_filter_map("a span", |(lower, upper)| ints().span(lower, upper).ok().flatten())
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::vec(span(), 0..4).prop_map(|spans| ints().normalised(spans).unwrap())
}

proptest! {
    #[test]
    fn set_operations_are_those_of_sets(a in spans(), b in spans()) {
        let ty = ints();
        let (x, y) = (members(&ty, &a), members(&ty, &b));
        let union = ty.union(&a, &b).unwrap();
        let expected: Vec<i32> = (-1..12).filter(|n| x.contains(n) || y.contains(n)).collect();
        prop_assert_eq!(members(&ty, &union), expected);
        let both = ty.intersection(&a, &b);
        let expected: Vec<i32> = x.iter().copied().filter(|n| y.contains(n)).collect();
        prop_assert_eq!(members(&ty, &both), expected);
        let rest = ty.difference(&a, &b).unwrap();
        let expected: Vec<i32> = x.iter().copied().filter(|n| !y.contains(n)).collect();
        prop_assert_eq!(members(&ty, &rest), expected);
        prop_assert_eq!(ty.lists_overlap(&a, &b), !both.is_empty());
        prop_assert_eq!(ty.list_contains(&a, &b), ty.difference(&b, &a).unwrap().is_empty());
        for n in -1..12 {
            prop_assert_eq!(ty.list_contains_value(&a, &Datum::Int4(n)), x.contains(&n));
        }
    }

    #[test]
    fn keys_sort_as_ranges_do(a in span(), b in span()) {
        for ty in [ints(), continuous()] {
            let key = |span: &Span| {
                let mut out = Vec::new();
                let value = Datum::Range(Box::new(RangeValue::of(oid::INT4, Some(span.clone()))));
                key::encode(&value, &Repr::Range(Box::new(ty.clone())), &mut out);
                out
            };
            prop_assert_eq!(key(&a).cmp(&key(&b)), ty.compare_spans(Some(&a), Some(&b)));
        }
    }
}
