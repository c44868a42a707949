//! Forgetting deleted rows of one table now.
//!
//! A delete leaves a marker for snapshots older than it. Compaction forgets markers when
//! it meets them, which in a table that nobody writes to is never; a scan passes over
//! each of them meanwhile. A purge removes those that every snapshot is newer than, in
//! batches through the committer's queue. The engine's own tombstones take their places
//! until it compacts.

use super::commit::Content;
use super::transaction::Transaction;
use crate::storage::{Keyspace, WriteBatch, key, row};
use crate::{Error, Result};

/// Markers removed in one batch.
const BATCH_KEYS: usize = 10_000;

/// What a purge has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Markers of deleted rows that are gone now.
    pub removed: u64,
    /// Markers that some snapshot may still need.
    pub kept: u64,
    /// Rows that are there.
    pub rows: u64,
    /// The oldest commit timestamp that somebody can read at.
    pub oldest_ts: u64,
}

impl Transaction {
    /// A purge of a table, to be run where blocking is allowed. It asks now and then
    /// whether it was cancelled, and then ends with `57014`; what it removed by then stays
    /// removed. It is no part of the transaction: a rollback does not bring markers back.
    pub fn purge(
        &self,
        table: u32,
        is_cancelled: impl Fn() -> bool + Send + 'static,
    ) -> impl FnOnce() -> Result<Purged> + Send + 'static {
        let shared = self.shared.clone();
        move || {
            let mut range = key::rows(table);
            let oldest_ts = shared.held.oldest();
            let mut purged = Purged { oldest_ts, ..Purged::default() };
            loop {
                let published = shared.current.load_full();
                let mut batch = WriteBatch::new();
                let mut last = None;
                for (count, entry) in published.raw(Keyspace::Rows, &range).enumerate() {
                    let (row_key, value) = entry?;
                    if count % 1024 == 0 && is_cancelled() {
                        return Err(Error::query_canceled());
                    }
                    if !row::is_deleted(&value) {
                        purged.rows += u64::from(published.shows(Keyspace::Rows, &row_key, &value));
                    } else if row::commit_ts(&value) > oldest_ts {
                        purged.kept += 1;
                    } else {
                        batch.remove(Keyspace::Rows, row_key.clone());
                    }
                    if batch.len() >= BATCH_KEYS {
                        last = Some(row_key);
                        break;
                    }
                }
                drop(published);
                purged.removed += batch.len() as u64;
                if !batch.is_empty() {
                    shared.submit_and_wait(Content::System(batch))?;
                }
                match last {
                    Some(last) => range.lower = key::next(&last),
                    None => return Ok(purged),
                }
            }
        }
    }

    /// A compaction of all that is stored, to be run where blocking is allowed. Answers
    /// the bytes on disk before and after.
    pub fn compact(&self) -> impl FnOnce() -> Result<(u64, u64)> + Send + 'static {
        let (queued, engine) = (self.system_write(WriteBatch::new()), self.shared.engine.clone());
        move || {
            queued.wait()?;
            let before = engine.statistics().disk_bytes;
            for keyspace in [Keyspace::Rows, Keyspace::Indexes] {
                engine.compact(keyspace)?;
            }
            Ok((before, engine.statistics().disk_bytes))
        }
    }
}
