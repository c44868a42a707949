//! What planning makes of the statistics of columns together.
//!
//! Equalities with constants on several columns are looked up among the most common
//! combinations of all columns of an object (PostgreSQL's `mcv_clauselist_selectivity`);
//! what is not found there is corrected by the functional dependencies
//! (`clauselist_apply_dependencies`). Objects over expressions count as far as they are
//! about columns.

use std::cmp::Ordering;

use super::info::TableInfo;
use crate::catalog::{ExtendedStatistics, FoundTogether};
use crate::sql::types::{self, Datum, InputContext};

/// Of one object, by positions of columns.
#[derive(Debug, Default)]
pub struct Together {
    /// How many combinations of values there are.
    pub distinct: Vec<(Vec<usize>, f64)>,
    /// How far the second follows from the first.
    dependencies: Vec<(Vec<usize>, usize, f64)>,
    /// All columns, and the combinations that are common, with their parts of the rows.
    common: Option<(Vec<usize>, Vec<(Vec<Datum>, f64)>)>,
}

/// The part of the rows whose column at a position equals one value.
pub struct EqualPart<'a> {
    pub position: usize,
    pub value: Option<&'a Datum>,
    pub part: f64,
}

impl Together {
    pub fn of(object: &ExtendedStatistics, info: &TableInfo) -> Together {
        let Some(found) = &object.found else { return Together::default() };
        let positions = |parts: &[i16]| {
            parts.iter().map(|part| usize::try_from(part - 1).ok()).collect::<Option<Vec<_>>>()
        };
        let distinct = found.distinct.iter().flatten();
        let dependencies = found.dependencies.iter().flatten();
        Together {
            distinct: distinct
                .filter_map(|(parts, number)| Some((positions(parts)?, *number)))
                .collect(),
            dependencies: dependencies
                .filter_map(|(parts, degree)| {
                    let mut from = positions(parts)?;
                    let implied = from.pop()?;
                    Some((from, implied, *degree))
                })
                .collect(),
            common: positions(&object.parts()).and_then(|all| {
                let values = common(found, &all, info)?;
                Some((all, values))
            }),
        }
    }

    /// The combination of all columns with these values, if they all are compared, and
    /// the part of the rows that has it; of one that is not common at most the rest.
    fn combined(&self, equal: &[EqualPart<'_>], info: &TableInfo) -> Option<f64> {
        let (all, common) = self.common.as_ref()?;
        let value = |position: &usize| {
            equal.iter().find(|one| one.position == *position).and_then(|one| one.value)
        };
        let wanted: Vec<&Datum> = all.iter().map(value).collect::<Option<_>>()?;
        let is_wanted = |values: &[Datum]| {
            all.iter().zip(values).zip(&wanted).all(|((position, known), wanted)| {
                let repr = &info.columns[*position].repr;
                !known.is_null() && types::compare(known, wanted, repr) == Ordering::Equal
            })
        };
        if let Some((_, part)) = common.iter().find(|(values, _)| is_wanted(values)) {
            return Some(*part);
        }
        let alone: f64 =
            equal.iter().filter(|one| all.contains(&one.position)).map(|one| one.part).product();
        let rest = 1.0 - common.iter().map(|(_, part)| part).sum::<f64>();
        Some(alone.min(rest.max(0.0)))
    }
}

/// The common combinations with their values read; none if one is of another type by now.
fn common(
    found: &FoundTogether,
    positions: &[usize],
    info: &TableInfo,
) -> Option<Vec<(Vec<Datum>, f64)>> {
    let read = |(position, text): (&usize, &Option<String>)| {
        let column = info.columns.get(*position)?;
        match text {
            None => Some(Datum::Null),
            Some(text) => {
                let context = InputContext::default();
                types::text_input(text, column.ty, &column.repr, &context).ok()
            }
        }
    };
    let items = found.common.as_ref()?.iter();
    items
        .map(|item| {
            let values: Option<Vec<Datum>> = positions.iter().zip(&item.values).map(read).collect();
            Some((values?, item.frequency))
        })
        .collect()
}

/// The part of the rows for which all of some equalities hold.
pub fn selectivity(objects: &[Together], mut equal: Vec<EqualPart<'_>>, info: &TableInfo) -> f64 {
    let mut part = 1.0;
    for object in objects {
        if let Some(combined) = object.combined(&equal, info) {
            part *= combined;
            let all = object.common.iter().flat_map(|(all, _)| all);
            let used: Vec<usize> = all.copied().collect();
            equal.retain(|one| !used.contains(&one.position));
        }
    }
    part * dependent(objects, equal)
}

/// The product of the parts, those that follow from others counted as far as they do not.
fn dependent(objects: &[Together], mut equal: Vec<EqualPart<'_>>) -> f64 {
    let mut open: Vec<usize> = equal.iter().map(|one| one.position).collect();
    let mut used: Vec<&(Vec<usize>, usize, f64)> = Vec::new();
    while open.len() > 1 {
        let fits = |(from, implied, _): &&(Vec<usize>, usize, f64)| {
            open.contains(implied) && from.iter().all(|position| open.contains(position))
        };
        let all = objects.iter().flat_map(|object| &object.dependencies).filter(fits);
        // The widest, and of those the strongest.
        let strongest = all.max_by(|a, b| a.0.len().cmp(&b.0.len()).then(a.2.total_cmp(&b.2)));
        let Some(strongest) = strongest else { break };
        open.retain(|position| *position != strongest.1);
        used.push(strongest);
    }
    for (from, implied, degree) in used.into_iter().rev() {
        let part_of = |position: &usize| {
            equal.iter().find(|one| one.position == *position).map_or(1.0, |one| one.part)
        };
        let (s1, s2) = (from.iter().map(part_of).product::<f64>(), part_of(implied));
        let corrected = match s1 <= s2 {
            true => degree + (1.0 - degree) * s2,
            false => degree * s2 / s1 + (1.0 - degree) * s2,
        };
        if let Some(one) = equal.iter_mut().find(|one| one.position == *implied) {
            one.part = corrected;
        }
    }
    equal.iter().map(|one| one.part).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(of: &[(usize, f64)]) -> Vec<EqualPart<'static>> {
        let one = |(position, part): &(usize, f64)| EqualPart {
            position: *position,
            value: None,
            part: *part,
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn a_column_that_follows_from_another_keeps_all_rows() {
        let object = Together {
            dependencies: vec![(vec![0], 1, 1.0), (vec![1], 0, 0.02)],
            ..Together::default()
        };
        let part = dependent(&[object], parts(&[(0, 0.1), (1, 0.2)]));
        assert!((part - 0.1).abs() < 1e-9, "{part}");
    }

    #[test]
    fn what_has_nothing_to_do_with_each_other_multiplies() {
        assert!((dependent(&[], parts(&[(0, 0.1), (1, 0.2)])) - 0.02).abs() < 1e-9);
    }
}
