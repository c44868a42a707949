//! Which rows ANALYZE looks at.

use rand::Rng;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::sql::types::Datum;
use crate::storage::key;
use crate::table::scan::rid_rows;
use crate::table::{TableInfo, lookup};
use crate::txn::{Keyspace, Overlay};

/// A sample, in the order of the rows.
pub struct Sample {
    /// The wanted columns of each row.
    pub rows: Vec<Vec<Datum>>,
    /// Rows of the whole table.
    pub table_rows: f64,
}

pub fn read(
    info: &TableInfo,
    overlay: &Overlay,
    positions: &[usize],
    rows_max: usize,
    cancel: &CancellationToken,
) -> Result<Sample> {
    let table_rows = overlay.published().row_count(info.storage_id())?.max(0) as usize;
    // Reading everything costs little more than this many rows in random places.
    let mut ranges = match table_rows > rows_max.saturating_mul(2) {
        true => random_ranges(info, overlay, rows_max)?,
        false => Vec::new(),
    };
    let whole = ranges.is_empty();
    if whole {
        ranges.push((0, u64::MAX, usize::MAX));
    }
    let mut rows = Vec::new();
    for (from, to, limit) in ranges {
        for row in rid_rows(info, overlay, from, to).take(limit) {
            if cancel.is_cancelled() {
                return Err(Error::query_canceled());
            }
            rows.push(lookup::columns(info, &row?.1, positions)?);
        }
    }
    // The count is the newest committed; this transaction may see others.
    let table_rows = if whole { rows.len() as f64 } else { table_rows as f64 };
    Ok(Sample { rows, table_rows })
}

/// Stretches of rids that do not overlap, in order, each to be read for its first row.
/// Rows next to each other tend to have the same values, so no more is taken there.
fn random_ranges(
    info: &TableInfo,
    overlay: &Overlay,
    rows_max: usize,
) -> Result<Vec<(u64, u64, usize)>> {
    let range = key::rows(info.storage_id());
    let edge = |reverse| -> Result<Option<u64>> {
        let entry = overlay.scan(Keyspace::Rows, &range, reverse).next().transpose()?;
        Ok(entry.and_then(|(key, _)| key::row_parts(&key)).map(|(_, rid)| rid))
    };
    let (Some(first), Some(last)) = (edge(false)?, edge(true)?) else { return Ok(Vec::new()) };
    let mut random = rand::rng();
    let mut starts: Vec<u64> = (0..rows_max).map(|_| random.random_range(first..=last)).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
    Ok(starts.iter().copied().zip(ends).map(|(from, to)| (from, to, 1)).collect())
}
