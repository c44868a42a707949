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
//! What is found is a catalog object of the table's ([`Statistics`]) and stays
//! until the next ANALYZE. Values are kept as text. [`estimate`](super::estimate)
//! is what planning makes of it.

mod column;
mod sample;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::info::TableInfo;
use crate::catalog::{ColumnStatistics, Statistics};
use crate::error::Result;
use crate::sql::types::{Datum, OutputContext};
use crate::txn::Overlay;

/// Most common values and histogram steps of a column that does not say how many
/// (`default_statistics_target`).
pub const TARGET: usize = 100;

/// Rows sampled for each step of the target: enough for a histogram whose steps are
/// right within a half, says PostgreSQL's source (Chaudhuri, Motwani, Narasayya:
/// Random sampling for histogram construction, SIGMOD 1998).
const ROWS_PER_STEP: usize = 300;

/// The statistics of the columns at these positions.
pub fn analyze(
    info: &Arc<TableInfo>,
    overlay: &Overlay,
    positions: &[usize],
    output: &OutputContext<'_>,
    cancel: &CancellationToken,
) -> Result<Statistics> {
    // SET STATISTICS 0 leaves a column out.
    let positions: Vec<usize> =
        positions.iter().copied().filter(|position| target(info, *position) > 0).collect();
    let positions = positions.as_slice();
    let steps = positions.iter().map(|position| target(info, *position)).max().unwrap_or(TARGET);
    let sample = sample::read(info, overlay, positions, steps * ROWS_PER_STEP, cancel)?;
    let mut columns = Vec::with_capacity(positions.len());
    // Nothing can be said of no rows; what is known of earlier ones would mislead.
    let seen = if sample.rows.is_empty() { &[] } else { positions };
    for (at, position) in seen.iter().enumerate() {
        let values: Vec<&Datum> = sample.rows.iter().map(|row| &row[at]).collect();
        let column = &info.columns[*position];
        let target = target(info, *position);
        let mut found = column::Found::of(&values, &column.repr, sample.table_rows, target);
        if let Some(distinct) = stated_distinct(info, *position) {
            found.distinct = distinct;
        }
        columns.push(stored(found, *position, column.ty.oid, output));
    }
    Ok(Statistics { table: info.oid(), rows: sample.table_rows, columns })
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
    position: usize,
    ty: crate::sql::types::Oid,
    output: &OutputContext<'_>,
) -> ColumnStatistics {
    let text = |value: &Datum| {
        let mut bytes = Vec::new();
        crate::sql::types::text_output(value, ty, output, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    ColumnStatistics {
        column: position as i16 + 1,
        ty,
        null_fraction: found.null_fraction,
        width: found.width,
        distinct: found.distinct,
        common: found.common.iter().map(|(value, part)| (text(value), *part)).collect(),
        histogram: found.histogram.iter().map(|value| text(value)).collect(),
        correlation: found.correlation,
    }
}
