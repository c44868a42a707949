//! Keyed reads: by index key to rows, without a plan.
//!
//! The fast paths of SELECT, UPDATE and DELETE use this; so do foreign keys.

use crate::error::{Error, Result};
use crate::index::IndexInfo;
use crate::index::ordered::{self, KeySearch};
use crate::sql::types::Datum;
use crate::storage::{Value, key};
use crate::txn::{Counted, Keyspace, Overlay, Scan};

use super::info::TableInfo;

/// Rows that an index names, in the order of its keys.
pub struct Lookup {
    overlay: Overlay,
    table: u32,
    entries: Scan,
}

impl Lookup {
    /// Starts a keyed read of the rows that the search covers, in key order or,
    /// if `reverse`, against it.
    pub fn new(
        info: &TableInfo,
        overlay: &Overlay,
        index: &IndexInfo,
        search: &KeySearch,
        reverse: bool,
    ) -> Lookup {
        let range = ordered::range(index, search);
        let entries = overlay.scan(Keyspace::Indexes, &range, reverse);
        Lookup { overlay: overlay.clone(), table: info.storage_id(), entries }
    }

    /// The next row's rid alone.
    pub fn next_rid(&mut self) -> Option<Result<u64>> {
        let entry = self.entries.next()?;
        Some(entry.and_then(|(key, value)| {
            key::index_rid(&key, &value)
                .ok_or_else(|| Error::data_corrupted("an index entry has no rid"))
        }))
    }
}

impl Iterator for Lookup {
    type Item = Result<(u64, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        let rid = match self.next_rid()? {
            Ok(rid) => rid,
            Err(error) => return Some(Err(error)),
        };
        Some(row(&self.overlay, self.table, rid).and_then(|row| {
            row.map(|row| (rid, row)).ok_or_else(|| {
                Error::data_corrupted(format!("an index entry names row {rid}, which is missing"))
            })
        }))
    }
}

/// The row with this key in a unique index: one point read for the entry and one
/// for the row.
pub fn unique(
    info: &TableInfo,
    overlay: &Overlay,
    index: &IndexInfo,
    key: &[Datum],
) -> Result<Option<(u64, Value)>> {
    if index.key_holds_rid(key) {
        return Lookup::new(info, overlay, index, &KeySearch::equal(key.to_vec()), false)
            .next()
            .transpose();
    }
    let payload = ordered::encode_key(index, key)?;
    let entry = key::index_entry(index.storage_id(), &payload, None);
    let Some(value) = overlay.get(Keyspace::Indexes, &entry)? else { return Ok(None) };
    let rid = key::index_rid(&entry, &value)
        .ok_or_else(|| Error::data_corrupted("an index entry has no rid"))?;
    Ok(row(overlay, info.storage_id(), rid)?.map(|row| (rid, row)))
}

/// Counts a search of [`unique`] for its session.
pub fn count(index: &IndexInfo, overlay: &Overlay, found: bool) {
    overlay.count(index.oid(), Counted::Scans, 1);
    if found {
        overlay.count(index.oid(), Counted::Returned, 1);
        overlay.count(index.oid(), Counted::Fetched, 1);
    }
}

/// One row by its rid.
pub fn row(overlay: &Overlay, table: u32, rid: u64) -> Result<Option<Value>> {
    overlay.get(Keyspace::Rows, &key::row(table, rid))
}

/// The wanted columns (by position) of a stored row.
pub fn columns(info: &TableInfo, row: &[u8], positions: &[usize]) -> Result<Vec<Datum>> {
    let view = info.view(row)?;
    positions.iter().map(|position| view.datum(&info.columns, *position)).collect()
}
