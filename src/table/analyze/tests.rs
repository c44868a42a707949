//! What is found in values whose statistics are known.

use super::column::Found;
use crate::sql::types::{Datum, Repr};

fn found(values: &[Datum], table_rows: f64) -> (f32, f32, Vec<(i32, f32)>, usize, Option<f32>) {
    let values: Vec<&Datum> = values.iter().collect();
    let found = Found::of(&values, &Repr::Int4, table_rows, super::TARGET);
    let number = |value: &Datum| match value {
        Datum::Int4(number) => *number,
        _ => panic!("an integer"),
    };
    let common = found.common.iter().map(|(value, part)| (number(value), *part)).collect();
    (found.null_fraction, found.distinct, common, found.histogram.len(), found.correlation)
}

#[test]
fn a_key_has_a_histogram_and_no_common_values() {
    let values: Vec<Datum> = (0..1000).map(Datum::Int4).collect();
    assert_eq!(found(&values, 1000.0), (0.0, -1.0, vec![], 101, Some(1.0)));
    let descending: Vec<Datum> = (0..1000).rev().map(Datum::Int4).collect();
    assert_eq!(found(&descending, 1000.0).4, Some(-1.0));
}

#[test]
fn a_few_values_are_all_common() {
    let value = |n: usize| match n % 10 {
        0..6 => Datum::Int4(1),
        6..9 => Datum::Int4(2),
        _ => Datum::Null,
    };
    let values: Vec<Datum> = (0..1000).map(value).collect();
    let (null_fraction, distinct, common, histogram, _) = found(&values, 100_000.0);
    assert_eq!((null_fraction, distinct, histogram), (0.1, 2.0, 0));
    assert_eq!(common, [(1, 0.6), (2, 0.3)]);
}

#[test]
fn chance_repetitions_in_a_sample_are_not_common() {
    let values: Vec<Datum> = (0..1000).map(|n| Datum::Int4(n % 900)).collect();
    let (_, distinct, common, histogram, _) = found(&values, 1_000_000.0);
    assert!(common.is_empty(), "{common:?}");
    assert!(!(0.0..=900.0).contains(&distinct), "{distinct}");
    assert_eq!(histogram, 101);
}

#[test]
fn nothing_is_found_in_no_rows_and_in_nulls() {
    assert_eq!(found(&[], 0.0), (0.0, 0.0, vec![], 0, None));
    assert_eq!(found(&[Datum::Null, Datum::Null], 2.0), (1.0, 0.0, vec![], 0, None));
}
