//! Indexes that are not over columns alone: which partial ones hold every row that a scan
//! looks for, and what is asked of keys that are expressions.
//!
//! A scan may use one if the index's predicate follows from what is asked of the rows.
//! Conditions that stand right above the scan are compared with the predicate as
//! expressions, before the scan is made; filters that the optimiser brings down later,
//! through joins, are compared as far as both are comparisons of columns with constants.

use std::cmp::Ordering;

use super::filter::Comparison;
use crate::index::IndexInfo;
use crate::sql::types::{self, Datum, Oid, Repr};
use crate::table::TableInfo;

/// What one scan knows of a table's indexes.
#[derive(Clone, Debug, Default)]
pub struct IndexHints {
    /// Those that hold every row for which the condition above the scan is true.
    pub implied: Vec<Oid>,
    /// Of others the predicate, where it is nothing but comparisons of columns.
    pub conditional: Vec<(Oid, Vec<(usize, Comparison)>)>,
    /// What the condition above the scan asks of keys that are expressions.
    pub keys: Vec<KeyComparison>,
}

/// A condition on an expression that is a key of an index.
#[derive(Clone, Debug)]
pub struct KeyComparison {
    pub index: Oid,
    /// The key's place in the index.
    pub key: usize,
    pub comparison: Comparison,
    /// In SQL.
    pub text: String,
}

impl IndexHints {
    /// What is asked of one key.
    pub fn of_key(&self, index: Oid, key: usize) -> impl Iterator<Item = &KeyComparison> {
        self.keys.iter().filter(move |one| one.index == index && one.key == key)
    }

    /// Whether an index holds every row for which the comparisons hold.
    pub fn hold_all(
        &self,
        info: &TableInfo,
        index: &IndexInfo,
        known: &[(usize, Comparison)],
    ) -> bool {
        let oid = index.oid();
        let follows = |wanted: &(usize, Comparison)| implies(info, known, wanted.0, &wanted.1);
        index.predicate.is_none()
            || self.implied.contains(&oid)
            || self.conditional.iter().any(|(of, all)| *of == oid && all.iter().all(follows))
    }
}

/// Whether a comparison of one column holds for every row for which the known ones do.
pub fn implies(
    info: &TableInfo,
    known: &[(usize, Comparison)],
    position: usize,
    wanted: &Comparison,
) -> bool {
    let Some(column) = info.columns.get(position) else { return false };
    let of_column = known.iter().filter(|(at, _)| *at == position);
    of_column.map(|(_, comparison)| comparison).any(|one| is_narrower(one, wanted, &column.repr))
}

fn is_narrower(known: &Comparison, wanted: &Comparison, repr: &Repr) -> bool {
    let same = |a: &Datum, b: &Datum| types::compare(a, b, repr) == Ordering::Equal;
    match wanted {
        Comparison::IsNull => matches!(known, Comparison::IsNull),
        // No other comparison holds for NULL.
        Comparison::IsNotNull => !matches!(known, Comparison::IsNull),
        Comparison::Equal(value) => every_value(known, |one| same(one, value)),
        Comparison::OneOf(values) => {
            every_value(known, |one| values.iter().any(|value| same(one, value)))
        }
        Comparison::Below { bound, included } => {
            let lies_below = |value: &Datum, also_at: bool| match types::compare(value, bound, repr)
            {
                Ordering::Less => true,
                Ordering::Equal => also_at,
                Ordering::Greater => false,
            };
            match known {
                Comparison::Below { bound: own, included: own_included } => {
                    lies_below(own, *included || !own_included)
                }
                _ => every_value(known, |value| lies_below(value, *included)),
            }
        }
        Comparison::Above { bound, included } => {
            let lies_above = |value: &Datum, also_at: bool| match types::compare(value, bound, repr)
            {
                Ordering::Greater => true,
                Ordering::Equal => also_at,
                Ordering::Less => false,
            };
            match known {
                Comparison::Above { bound: own, included: own_included } => {
                    lies_above(own, *included || !own_included)
                }
                _ => every_value(known, |value| lies_above(value, *included)),
            }
        }
        Comparison::Parts(..) => false,
    }
}

/// Whether a column is one of known values, all of which pass.
fn every_value(known: &Comparison, passes: impl Fn(&Datum) -> bool) -> bool {
    match known {
        Comparison::Equal(value) => passes(value),
        Comparison::OneOf(values) => !values.is_empty() && values.iter().all(passes),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: i32) -> Datum {
        Datum::Int4(value)
    }

    fn above(bound: i32, included: bool) -> Comparison {
        Comparison::Above { bound: int(bound), included }
    }

    fn below(bound: i32, included: bool) -> Comparison {
        Comparison::Below { bound: int(bound), included }
    }

    #[test]
    fn a_comparison_follows_from_a_narrower_one() {
        let one_of = |values: &[i32]| Comparison::OneOf(values.iter().copied().map(int).collect());
        let equal = |value| Comparison::Equal(int(value));
        let cases = [
            (equal(5), above(4, false), true),
            (equal(5), above(5, false), false),
            (equal(5), above(5, true), true),
            (above(5, false), above(5, true), true),
            (above(5, true), above(5, false), false),
            (above(6, true), above(5, false), true),
            (below(5, false), below(5, true), true),
            (below(5, true), below(5, false), false),
            (below(4, true), above(1, true), false),
            (one_of(&[1, 2]), one_of(&[1, 2, 3]), true),
            (one_of(&[1, 4]), one_of(&[1, 2, 3]), false),
            (one_of(&[1, 2]), below(3, false), true),
            (equal(1), one_of(&[1, 2]), true),
            (one_of(&[1]), equal(1), true),
            (above(1, true), equal(1), false),
            (equal(1), Comparison::IsNotNull, true),
            (Comparison::IsNull, Comparison::IsNotNull, false),
            (equal(1), Comparison::IsNull, false),
        ];
        for (known, wanted, expected) in cases {
            let found = is_narrower(&known, &wanted, &Repr::Int4);
            assert_eq!(found, expected, "{known:?} implies {wanted:?}");
        }
    }
}
