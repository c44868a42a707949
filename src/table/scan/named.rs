//! The rows that an index names, found before any of them is read.
//!
//! Many searches are shared out among threads: each costs a seek in the tree, whatever
//! it finds. Where a search says the value of every column that the scan reads, the row
//! needs no reading at all: it is made of the search ([`cover`]).

use std::sync::atomic::{AtomicUsize, Ordering};

use super::reader::rid_of;
use crate::error::{Error, Result};
use crate::index::IndexInfo;
use crate::index::ordered::{self, KeySearch};
use crate::sql::types::{Datum, Repr};
use crate::storage::{KeyRange, Value};
use crate::table::TableInfo;
use crate::txn::{Keyspace, Overlay, Scan};

/// Fewer searches than this are not worth another thread.
const SEARCHES_A_THREAD: usize = 2_000;

/// Rows in the order of their rids, as a sequential scan would give them.
#[derive(Clone, Debug)]
pub struct NamedRows {
    pub rids: Vec<u64>,
    /// The rows as far as the scan reads them, beside their rids.
    pub rows: Option<Vec<Value>>,
}

/// An entry: the row it names, and which search found it.
type Entry = (u64, usize);

/// What an index's searches name; none if it is more than `limit` rows. `reads` are the
/// positions of the columns that the scan reads, if it reads nothing else.
pub fn find(
    (info, overlay): (&TableInfo, &Overlay),
    index: &IndexInfo,
    searches: &[KeySearch],
    reads: Option<&[usize]>,
    limit: usize,
    threads: usize,
) -> Result<Option<NamedRows>> {
    let mut ranges: Vec<(KeyRange, usize)> =
        searches.iter().zip(0..).map(|(search, at)| (ordered::range(index, search), at)).collect();
    ranges.sort_by(|a, b| a.0.lower.cmp(&b.0.lower));
    ranges.dedup_by(|a, b| a.0 == b.0);
    let is_whole = |search: &KeySearch| search.equal.len() == index.keys.len();
    let is_one = |search: &KeySearch| is_whole(search) && !index.key_holds_rid(&search.equal);
    let (are_whole, are_one) = (searches.iter().all(is_whole), searches.iter().all(is_one));
    let scan = |range: &KeyRange| match (are_whole, are_one) {
        // The range of one key begins with its entry.
        (_, true) => overlay.scan_key(&range.lower),
        (true, _) => overlay.scan(Keyspace::Indexes, range, false),
        (false, _) => overlay.scan_past_gaps(range),
    };
    let Some(mut entries) = entries(&scan, &ranges, limit, threads)? else { return Ok(None) };
    entries.sort_unstable();
    entries.dedup_by_key(|(rid, _)| *rid);
    let rows = reads.map(|reads| cover(info, index, searches, reads, &entries)).transpose()?;
    let rids = entries.into_iter().map(|(rid, _)| rid).collect();
    Ok(Some(NamedRows { rids, rows: rows.flatten() }))
}

fn entries(
    scan: &(impl Fn(&KeyRange) -> Scan + Sync),
    ranges: &[(KeyRange, usize)],
    limit: usize,
    threads: usize,
) -> Result<Option<Vec<Entry>>> {
    let found = AtomicUsize::new(0);
    let search = |ranges: &[(KeyRange, usize)]| -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for (range, at) in ranges {
            for entry in scan(range) {
                let (key, value) = entry?;
                entries.push((rid_of(&key, &value)?, *at));
                if found.fetch_add(1, Ordering::Relaxed) >= limit {
                    return Ok(entries);
                }
            }
        }
        Ok(entries)
    };
    let threads = threads.min(ranges.len() / SEARCHES_A_THREAD).max(1);
    let entries = match threads {
        1 => search(ranges)?,
        _ => std::thread::scope(|scope| {
            let shares = ranges.chunks(ranges.len().div_ceil(threads));
            let running: Vec<_> = shares.map(|share| scope.spawn(|| search(share))).collect();
            let mut all = Vec::new();
            for thread in running {
                let panicked = |_| Error::internal("a search of an index panicked");
                all.extend(thread.join().map_err(panicked)??);
            }
            Ok::<_, Error>(all)
        })?,
    };
    Ok((entries.len() <= limit).then_some(entries))
}

/// The rows made of the searches, if these give all columns that are read, in types of
/// which equal values are the same value.
fn cover(
    info: &TableInfo,
    index: &IndexInfo,
    searches: &[KeySearch],
    reads: &[usize],
    entries: &[Entry],
) -> Result<Option<Vec<Value>>> {
    let bound = searches.iter().map(|search| search.equal.len()).min().unwrap_or(0);
    let keys = &index.keys[..bound];
    let gives = |position: &usize| {
        keys.iter().any(|key| key.column == *position as i16 + 1 && is_exact(&key.repr))
    };
    if !reads.iter().all(gives) {
        return Ok(None);
    }
    let mut made: Vec<Option<Value>> = vec![None; searches.len()];
    let mut rows = Vec::with_capacity(entries.len());
    for (_, at) in entries {
        if made[*at].is_none() {
            let mut row = vec![Datum::Null; info.columns.len()];
            for (key, value) in keys.iter().zip(&searches[*at].equal) {
                if let Some(column) =
                    usize::try_from(key.column - 1).ok().filter(|_| key.column > 0)
                {
                    row[column] = value.clone();
                }
            }
            made[*at] = Some(info.encode(&row)?.into());
        }
        rows.extend(made[*at].clone());
    }
    Ok(Some(rows))
}

/// Whether values that are equal are one value to every reader.
fn is_exact(repr: &Repr) -> bool {
    matches!(
        repr,
        Repr::Bool | Repr::Int2 | Repr::Int4 | Repr::Int8 | Repr::Oid | Repr::Date | Repr::Uuid
    )
}
