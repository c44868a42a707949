//! What columns and expressions have in common: the data of CREATE STATISTICS.
//!
//! The values of each part of a definition are replaced by their ranks, so that a
//! combination is a list of numbers. From the sorted combinations follow
//!
//! - how many there are, for every choice of two or more parts (PostgreSQL's
//!   `ndistinct_for_combination`);
//! - for every choice of parts and one more, which share of the rows lies in groups
//!   where the one follows from the others (`dependency_degree`);
//! - which combinations of all parts are the most common, as long as chance does not
//!   explain that they are in the sample (`get_mincount_for_mcv_list`).

use tokio_util::sync::CancellationToken;

use super::column;
use super::{ROWS_PER_STEP, TARGET, stored, target, text_of};
use crate::catalog::{
    ColumnStatistics, CommonCombination, ExtendedStatistics, FoundTogether, StatisticsKind,
};
use crate::error::{Error, Result};
use crate::sql::types::{self, Datum, Oid, OutputContext, Repr};
use crate::table::TableInfo;

/// The sampled values of one part of a definition.
pub struct Part {
    /// Its number in the definition: an attribute, or -1, -2 … for expressions.
    pub number: i16,
    pub ty: Oid,
    pub repr: Repr,
    /// Of each row of the sample, in order.
    pub values: Vec<Datum>,
}

/// How much is to be found out of an object; 0 is nothing.
pub fn target_of(info: &TableInfo, object: &ExtendedStatistics) -> usize {
    if let Some(own) = object.target {
        return usize::try_from(own).unwrap_or(TARGET);
    }
    let of_columns = object.columns.iter().filter_map(|column| usize::try_from(column - 1).ok());
    of_columns.map(|position| target(info, position)).max().unwrap_or(TARGET)
}

/// The rows that the sample should have for an object.
pub fn rows_wanted(info: &TableInfo, object: &ExtendedStatistics) -> usize {
    target_of(info, object) * ROWS_PER_STEP
}

/// What the parts have in common; `table_rows` is how many rows the table has.
pub fn find(
    info: &TableInfo,
    object: &ExtendedStatistics,
    parts: &[Part],
    table_rows: f64,
    output: &OutputContext<'_>,
    cancel: &CancellationToken,
) -> Result<FoundTogether> {
    let rows = parts.first().map_or(0, |part| part.values.len());
    let ranks: Vec<Vec<u32>> = parts.iter().map(ranks).collect();
    let sample = Sample { parts, ranks, rows, table_rows, cancel };
    let steps = target_of(info, object);
    let when = |kind: StatisticsKind| object.has(kind);
    Ok(FoundTogether {
        distinct: when(StatisticsKind::Distinct).then(|| sample.distinct()).transpose()?,
        dependencies: when(StatisticsKind::Dependencies)
            .then(|| sample.dependencies())
            .transpose()?,
        common: when(StatisticsKind::MostCommon).then(|| sample.common(steps, output)),
        expressions: when(StatisticsKind::Expressions)
            .then(|| expressions(parts, table_rows, steps, output)),
    })
}

/// Each expression as if it were a column.
fn expressions(
    parts: &[Part],
    table_rows: f64,
    steps: usize,
    output: &OutputContext<'_>,
) -> Vec<ColumnStatistics> {
    let of_expressions = parts.iter().filter(|part| part.number < 0);
    of_expressions
        .map(|part| {
            let values: Vec<&Datum> = part.values.iter().collect();
            let found = column::Found::of(&values, &part.repr, table_rows, steps);
            stored(found, 0, part.ty, output)
        })
        .collect()
}

/// The place of each value among the distinct ones; NULL is the last.
fn ranks(part: &Part) -> Vec<u32> {
    let mut order: Vec<u32> = (0..part.values.len() as u32).collect();
    let compare = |a: &Datum, b: &Datum| match (a.is_null(), b.is_null()) {
        (false, false) => types::compare(a, b, &part.repr),
        (a, b) => a.cmp(&b),
    };
    let value = |row: u32| &part.values[row as usize];
    order.sort_by(|a, b| compare(value(*a), value(*b)));
    let mut ranks = vec![0; part.values.len()];
    let mut rank = 0;
    for pair in 1..order.len() {
        rank += u32::from(compare(value(order[pair - 1]), value(order[pair])).is_ne());
        ranks[order[pair] as usize] = rank;
    }
    ranks
}

struct Sample<'a> {
    parts: &'a [Part],
    /// By part, then by row.
    ranks: Vec<Vec<u32>>,
    rows: usize,
    table_rows: f64,
    cancel: &'a CancellationToken,
}

impl Sample<'_> {
    fn numbers(&self, chosen: &[usize]) -> Vec<i16> {
        chosen.iter().map(|part| self.parts[*part].number).collect()
    }

    /// The rows in the order of the chosen parts' values.
    fn sorted(&self, chosen: &[usize]) -> Result<Vec<u32>> {
        if self.cancel.is_cancelled() {
            return Err(Error::query_canceled());
        }
        let mut order: Vec<u32> = (0..self.rows as u32).collect();
        order.sort_by(|a, b| {
            let of = |row: u32| chosen.iter().map(move |part| self.ranks[*part][row as usize]);
            of(*a).cmp(of(*b))
        });
        Ok(order)
    }

    fn are_same(&self, chosen: &[usize], a: u32, b: u32) -> bool {
        chosen.iter().all(|part| self.ranks[*part][a as usize] == self.ranks[*part][b as usize])
    }

    /// Stretches of the sorted rows that have the same values.
    fn groups<'r>(&self, order: &'r [u32], chosen: &[usize]) -> Vec<&'r [u32]> {
        order.chunk_by(|a, b| self.are_same(chosen, *a, *b)).collect()
    }

    fn distinct(&self) -> Result<Vec<(Vec<i16>, f64)>> {
        let mut found = Vec::new();
        for size in 2..=self.parts.len() {
            for chosen in combinations(self.parts.len(), size) {
                let order = self.sorted(&chosen)?;
                let groups = self.groups(&order, &chosen);
                let once = groups.iter().filter(|group| group.len() == 1).count();
                found.push((self.numbers(&chosen), self.in_table(groups.len(), once)));
            }
        }
        Ok(found)
    }

    /// The distinct combinations of the table, by those of the sample and how many of
    /// them are there once (Haas and Stokes' Duj1).
    fn in_table(&self, distinct: usize, once: usize) -> f64 {
        let (rows, distinct, once) = (self.rows as f64, distinct as f64, once as f64);
        let estimate = rows * distinct / ((rows - once) + once * rows / self.table_rows);
        (estimate.clamp(distinct, self.table_rows.max(distinct)) + 0.5).floor()
    }

    fn dependencies(&self) -> Result<Vec<(Vec<i16>, f64)>> {
        let mut found = Vec::new();
        for size in 1..self.parts.len() {
            for from in combinations(self.parts.len(), size) {
                for implied in (0..self.parts.len()).filter(|part| !from.contains(part)) {
                    let degree = self.degree(&from, implied)?;
                    if degree > 0.0 {
                        let chosen = [from.as_slice(), &[implied]].concat();
                        found.push((self.numbers(&chosen), degree));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The share of the rows whose values of `from` go with one value of `implied`.
    fn degree(&self, from: &[usize], implied: usize) -> Result<f64> {
        let order = self.sorted(from)?;
        let follows =
            |group: &&&[u32]| group.windows(2).all(|two| self.are_same(&[implied], two[0], two[1]));
        let groups = self.groups(&order, from);
        let supporting: usize = groups.iter().filter(follows).map(|group| group.len()).sum();
        Ok(supporting as f64 / self.rows as f64)
    }

    fn common(&self, most: usize, output: &OutputContext<'_>) -> Vec<CommonCombination> {
        let all: Vec<usize> = (0..self.parts.len()).collect();
        let Ok(order) = self.sorted(&all) else { return Vec::new() };
        let mut groups = self.groups(&order, &all);
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let least = self.least_count();
        let worth = groups.iter().take(most).take_while(|group| group.len() as f64 >= least);
        let counts: Vec<Vec<usize>> = self.ranks.iter().map(|ranks| counts(ranks)).collect();
        worth.map(|group| self.combination(group, &counts, output)).collect()
    }

    fn combination(
        &self,
        group: &[u32],
        counts: &[Vec<usize>],
        output: &OutputContext<'_>,
    ) -> CommonCombination {
        let row = group[0] as usize;
        let value = |part: &Part| {
            let value = &part.values[row];
            (!value.is_null()).then(|| text_of(value, part.ty, output))
        };
        let rows = self.rows as f64;
        let alone = self.ranks.iter().zip(counts);
        CommonCombination {
            values: self.parts.iter().map(value).collect(),
            frequency: group.len() as f64 / rows,
            base_frequency: alone
                .map(|(ranks, counts)| counts[ranks[row] as usize] as f64 / rows)
                .product(),
        }
    }

    /// Combinations with fewer rows are not told from chance: their error would be above
    /// a fifth of themselves.
    fn least_count(&self) -> f64 {
        let (sample, table) = (self.rows as f64, self.table_rows);
        let denominator = table - sample + 0.04 * sample * (table - 1.0);
        match denominator == 0.0 {
            true => 0.0,
            false => sample * (table - sample) / denominator,
        }
    }
}

/// How many rows have each rank.
fn counts(ranks: &[u32]) -> Vec<usize> {
    let mut counts = vec![0; ranks.iter().max().map_or(0, |last| *last as usize + 1)];
    for rank in ranks {
        counts[*rank as usize] += 1;
    }
    counts
}

/// The choices of `size` of the numbers below `of`, in order.
fn combinations(of: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    (size - 1..of)
        .flat_map(|last| {
            combinations(last, size - 1).into_iter().map(move |mut chosen| {
                chosen.push(last);
                chosen
            })
        })
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: i16, values: impl IntoIterator<Item = Option<i32>>) -> Part {
        let values = values.into_iter().map(|value| value.map_or(Datum::Null, Datum::Int4));
        Part { number, ty: types::oid::INT4, repr: Repr::Int4, values: values.collect() }
    }

    fn sample<'a>(parts: &'a [Part], cancel: &'a CancellationToken) -> Sample<'a> {
        let rows = parts[0].values.len();
        let ranks = parts.iter().map(ranks).collect();
        Sample { parts, ranks, rows, table_rows: rows as f64, cancel }
    }

    #[test]
    fn choices_come_in_order() {
        assert_eq!(combinations(3, 2), [vec![0, 1], vec![0, 2], vec![1, 2]]);
        assert_eq!(combinations(4, 3).len(), 4);
    }

    #[test]
    fn the_numbers_are_postgresqls() {
        // As in CREATE STATISTICS … ON a, b over (i % 10, i % 5) and 20 rows of NULLs.
        let a = (1..=1000).map(|i| Some(i % 10)).chain((0..20).map(|_| None));
        let b = (1..=1000).map(|i| Some(i % 5)).chain((0..20).map(|_| None));
        let parts = [part(1, a), part(2, b)];
        let cancel = CancellationToken::new();
        let sample = sample(&parts, &cancel);
        assert_eq!(sample.distinct().unwrap(), [(vec![1, 2], 11.0)]);
        let dependencies = sample.dependencies().unwrap();
        assert_eq!(dependencies[0], (vec![1, 2], 1.0));
        assert!((dependencies[1].1 - 20.0 / 1020.0).abs() < 1e-9, "{dependencies:?}");
        let common = sample.common(100, &OutputContext::default());
        assert_eq!(common.len(), 11);
        assert_eq!(common[0].values, [Some("0".to_owned()), Some("0".to_owned())]);
        assert!((common[0].frequency - 100.0 / 1020.0).abs() < 1e-9);
        assert!((common[0].base_frequency - 100.0 / 1020.0 * 200.0 / 1020.0).abs() < 1e-9);
        assert_eq!(common[10].values, [None, None]);
    }

    #[test]
    fn a_sample_of_a_large_table_keeps_what_is_not_chance() {
        let parts = [part(1, (0..1000).map(|i| Some(i % 2))), part(2, (0..1000).map(Some))];
        let cancel = CancellationToken::new();
        let sample = Sample { table_rows: 1_000_000.0, ..sample(&parts, &cancel) };
        assert!(sample.common(100, &OutputContext::default()).is_empty());
        assert_eq!(sample.distinct().unwrap(), [(vec![1, 2], 1_000_000.0)]);
    }
}
