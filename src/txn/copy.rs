//! Copying tables and indexes as bytes: how a database is made from a template.
//!
//! What lies under one storage id is written under another that nobody has yet, as one
//! ingestion that nobody sees before the commit, and that a rollback or a crash leaves to
//! the sweeper; see [`spill`](super::spill). One entry is in memory at a time.

use std::collections::HashMap;
use std::sync::Arc;

use super::published::Published;
use super::spill::RidRanges;
use super::transaction::Transaction;
use crate::storage::{Key, Keyspace, Value, key, row};
use crate::{Error, Result};

/// One table or index to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// `Rows` or `Indexes`.
    pub keyspace: Keyspace,
    pub from: u32,
    /// Never used before.
    pub to: u32,
}

/// Entries between two looks at whether the copy is to end.
const ENTRIES_PER_LOOK: u64 = 1_024;

impl Transaction {
    /// Copies what an instant shows. Answers the number of rows of each new table.
    /// Row ids stay; new rows of the copies get others. Blocks.
    pub fn copy_objects(
        &mut self,
        source: &Arc<Published>,
        copies: &[Copy],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<(u32, i64)>> {
        self.check_writable()?;
        if copies.is_empty() {
            return Ok(Vec::new());
        }
        let mut copies = copies.to_vec();
        copies.sort_by_key(|copy| copy.to);
        let ranges = RidRanges::of_objects(copies.iter().map(|copy| (copy.keyspace, copy.to)));
        let mut counts: HashMap<u32, Copied> = HashMap::new();
        self.ingest_as(&ranges, |transaction| {
            for keyspace in [Keyspace::Rows, Keyspace::Indexes] {
                let of = copies.iter().filter(|copy| copy.keyspace == keyspace).copied();
                let mut entries = Entries {
                    source,
                    keyspace,
                    transaction: transaction.id(),
                    copies: of.collect::<Vec<_>>().into_iter(),
                    open: None,
                    counts: &mut counts,
                    seen: 0,
                    is_cancelled,
                    error: None,
                };
                transaction.ingest_entries(keyspace, &mut entries)?;
                if let Some(error) = entries.error {
                    return Err(error);
                }
            }
            Ok(())
        })?;
        let mut rows = Vec::new();
        for (table, copied) in counts {
            self.shared.allocate_rids(table, copied.rids_end)?;
            rows.push((table, copied.rows));
        }
        Ok(rows)
    }
}

/// What was copied into one table.
#[derive(Default)]
struct Copied {
    rows: i64,
    /// No row has a rid from here up.
    rids_end: u64,
}

/// The copied entries of one keyspace, ascending by key. An error ends them.
struct Entries<'a> {
    source: &'a Arc<Published>,
    keyspace: Keyspace,
    transaction: u64,
    copies: std::vec::IntoIter<Copy>,
    open: Option<(u32, super::Scan)>,
    counts: &'a mut HashMap<u32, Copied>,
    seen: u64,
    is_cancelled: &'a dyn Fn() -> bool,
    error: Option<Error>,
}

impl Entries<'_> {
    fn copied(&mut self, to: u32, from: &[u8], value: Value) -> (Key, Value) {
        let mut bytes = from.to_vec();
        bytes[..4].copy_from_slice(&to.to_be_bytes());
        if self.keyspace != Keyspace::Rows {
            return (bytes.into(), value);
        }
        let rid = key::row_parts(from).map_or(0, |(_, rid)| rid);
        let copied = self.counts.entry(to).or_default();
        copied.rows += 1;
        copied.rids_end = copied.rids_end.max(rid + 1);
        (bytes.into(), row::spilled(&value, self.transaction))
    }
}

impl Iterator for Entries<'_> {
    type Item = (Key, Value);

    fn next(&mut self) -> Option<(Key, Value)> {
        loop {
            self.seen += 1;
            if self.seen.is_multiple_of(ENTRIES_PER_LOOK) && (self.is_cancelled)() {
                self.error = Some(Error::query_canceled());
                return None;
            }
            let Some((to, scan)) = self.open.as_mut() else {
                let copy = self.copies.next()?;
                let range = key::object(copy.from);
                self.open = Some((copy.to, self.source.scan(self.keyspace, &range, false)));
                continue;
            };
            let to = *to;
            match scan.next() {
                None => self.open = None,
                Some(Ok((from, value))) => return Some(self.copied(to, &from, value)),
                Some(Err(error)) => {
                    self.error = Some(error);
                    return None;
                }
            }
        }
    }
}
