//! Rows in the order of an index, as far as somebody reads on.
//!
//! Unlike the rows that an index names ([`super::named`]), which are found all before one of
//! them is read, these are for who wants the first few of many.

use super::access::bound_range;
use super::filter::Comparison;
use super::reader::{RowIterator, dangling, fetched, rid_of};
use crate::index::IndexInfo;
use crate::index::ordered::{self, KeySearch};
use crate::table::{TableInfo, lookup};
use crate::txn::{Keyspace, Overlay};

/// The one search of an index that the comparisons allow: equal values of its first columns,
/// as far as they go, and a range of the next.
pub fn search(index: &IndexInfo, comparisons: &[(usize, Comparison)]) -> KeySearch {
    let of_key = |key: &crate::index::KeyColumn| {
        let position = usize::try_from(key.column - 1).ok().filter(|_| key.column > 0);
        let of_column = comparisons.iter().filter(move |(at, _)| Some(*at) == position);
        of_column.map(|(_, comparison)| comparison)
    };
    let mut search = vec![KeySearch::equal(Vec::new())];
    for key in &index.keys {
        let equal = of_key(key).find_map(|comparison| match comparison {
            Comparison::Equal(datum) => Some(datum.clone()),
            _ => None,
        });
        match equal {
            Some(datum) => search[0].equal.push(datum),
            None => {
                bound_range(&mut search, key, of_key(key));
                break;
            }
        }
    }
    search.swap_remove(0)
}

/// The rows that a search finds, in the order of the index or in reverse, with their rids.
pub fn rows(
    info: &TableInfo,
    overlay: &Overlay,
    index: &IndexInfo,
    search: &KeySearch,
    reverse: bool,
) -> RowIterator {
    let range = ordered::range(index, search);
    let entries = match reverse {
        true => overlay.scan(Keyspace::Indexes, &range, true),
        false => overlay.scan_past_gaps(&range),
    };
    let (from, storage_id) = (overlay.clone(), info.storage_id());
    let rows = entries.map(move |entry| {
        let (key, value) = entry?;
        let rid = rid_of(&key, &value)?;
        let row = lookup::row(&from, storage_id, rid)?;
        row.map(|row| (rid, row)).ok_or_else(|| dangling(rid))
    });
    fetched(index.oid(), overlay, Box::new(rows))
}
