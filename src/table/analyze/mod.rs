//! ANALYZE: what a table's columns contain, found out from a sample of its rows.
//!
//! 1. [`sample`] reads rows: all of a small table, those at random places of a
//!    large one.
//! 2. [`column`] sorts one column's values and derives what `pg_statistic` holds:
//!    fraction of NULLs, average width, number of distinct values, the most common
//!    values, a histogram of the others, and how the order of values follows the
//!    order of rows (PostgreSQL's `compute_scalar_stats`).
//!
//! ```text
//! 10,000 rows, colour: 6,000 red, 3,000 blue, 1,000 NULL
//! null_fraction 0.1, distinct 2, common red 0.6, blue 0.3, no histogram
//! ```
//!
//! 3. [`together`] does the like for the columns and expressions that CREATE STATISTICS
//!    names.
//!
//! What is found is a catalog object of the table's ([`Statistics`]) and stays
//! until the next ANALYZE. Values are kept as text. [`estimate`](super::estimate)
//! is what planning makes of it.

mod column;
mod sample;
pub mod together;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::info::TableInfo;
use crate::catalog::{ColumnStatistics, Statistics};
use crate::error::Result;
use crate::sql::types::{self, Datum, Oid, OutputContext};
use crate::txn::Overlay;

/// Most common values and histogram steps of a column that does not say how many
/// (`default_statistics_target`).
pub const TARGET: usize = 100;

/// Rows sampled for each step of the target: enough for a histogram whose steps are
/// right within a half, says PostgreSQL's source (Chaudhuri, Motwani, Narasayya:
/// Random sampling for histogram construction, SIGMOD 1998).
const ROWS_PER_STEP: usize = 300;

/// What is to be looked at.
pub struct Request {
    /// Positions of the columns whose statistics are wanted.
    pub positions: Vec<usize>,
    /// Positions of columns whose values are wanted besides.
    pub others: Vec<usize>,
    /// Rows that the sample should have at least.
    pub rows: usize,
}

/// What was looked at: the statistics of the columns, and the sample.
pub struct Analyzed {
    pub statistics: Statistics,
    /// The columns that `rows` has values of.
    positions: Vec<usize>,
    rows: Vec<Vec<Datum>>,
}

impl Analyzed {
    /// The sampled values of a column, if it was looked at.
    pub fn values_of(&self, position: usize) -> Option<Vec<Datum>> {
        let at = self.positions.iter().position(|known| *known == position)?;
        Some(self.rows.iter().map(|row| row[at].clone()).collect())
    }

    /// The sampled rows of a table with so many columns; NULL for what was not read.
    pub fn whole_rows(&self, columns: usize) -> impl Iterator<Item = Vec<Datum>> + '_ {
        self.rows.iter().map(move |row| {
            let mut whole = vec![Datum::Null; columns];
            for (value, position) in row.iter().zip(&self.positions) {
                whole[*position] = value.clone();
            }
            whole
        })
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Looks at a sample of a table's rows.
pub fn analyze(
    info: &Arc<TableInfo>,
    overlay: &Overlay,
    request: &Request,
    output: &OutputContext<'_>,
    cancel: &CancellationToken,
) -> Result<Analyzed> {
    // SET STATISTICS 0 leaves a column out.
    let is_wanted = |position: &usize| target(info, *position) > 0;
    let wanted: Vec<usize> = request.positions.iter().copied().filter(is_wanted).collect();
    let steps = wanted.iter().map(|position| target(info, *position)).max().unwrap_or(TARGET);
    let mut positions = wanted.clone();
    positions.extend(request.others.iter().filter(|position| !wanted.contains(position)));
    let rows_max = request.rows.max(steps * ROWS_PER_STEP);
    let sample = sample::read(info, overlay, &positions, rows_max, cancel)?;
    let mut columns = Vec::with_capacity(wanted.len());
    // Nothing can be said of no rows; what is known of earlier ones would mislead.
    let seen = if sample.rows.is_empty() { &[] } else { wanted.as_slice() };
    for (at, position) in seen.iter().enumerate() {
        let values: Vec<&Datum> = sample.rows.iter().map(|row| &row[at]).collect();
        let column = &info.columns[*position];
        let target = target(info, *position);
        let mut found = column::Found::of(&values, &column.repr, sample.table_rows, target);
        if let Some(distinct) = stated_distinct(info, *position) {
            found.distinct = distinct;
        }
        columns.push(stored(found, *position as i16 + 1, column.ty.oid, output));
    }
    let statistics = Statistics { table: info.oid(), rows: sample.table_rows, columns };
    Ok(Analyzed { statistics, positions, rows: sample.rows })
}

/// How many common values and steps a column is to have.
fn target(info: &TableInfo, position: usize) -> usize {
    let column = info.relation.columns.get(position);
    let own = column.and_then(|column| column.settings.statistics);
    own.map_or(TARGET, |own| usize::try_from(own).unwrap_or(TARGET))
}

/// What ALTER COLUMN … SET (n_distinct = …) says.
fn stated_distinct(info: &TableInfo, position: usize) -> Option<f32> {
    let options = &info.relation.columns.get(position)?.settings.options;
    let (_, value) = options.iter().find(|(name, _)| name == "n_distinct")?;
    value.parse().ok()
}

fn stored(
    found: column::Found<'_>,
    column: i16,
    ty: Oid,
    output: &OutputContext<'_>,
) -> ColumnStatistics {
    let text = |value: &Datum| text_of(value, ty, output);
    ColumnStatistics {
        column,
        ty,
        null_fraction: found.null_fraction,
        width: found.width,
        distinct: found.distinct,
        common: found.common.iter().map(|(value, part)| (text(value), *part)).collect(),
        histogram: found.histogram.iter().map(|value| text(value)).collect(),
        correlation: found.correlation,
    }
}

fn text_of(value: &Datum, ty: Oid, output: &OutputContext<'_>) -> String {
    let mut bytes = Vec::new();
    types::text_output(value, ty, output, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
