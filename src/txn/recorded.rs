//! Commits that can be found by their timestamp.
//!
//! A row carries the timestamp of its commit where nothing looks for it by that. A
//! transaction that asks for it ([`Transaction::record_commit`]) leaves a record as well,
//! in the batch of its commit, under the timestamp that the committer gives it: its id.
//! Records of a database, in key order, are its recorded commits in the order in which they
//! were published, whatever the transactions were: plain ones, large ones, prepared ones.
//! Whoever sees a record sees everything else that its transaction has written.
//!
//! A transaction that asks for no record costs nothing more. Records stay until they are
//! forgotten.

use std::sync::Arc;

use super::begin::Transactions;
use super::commit::Commit;
use super::published::{Published, decode_u64};
use super::transaction::Transaction;
use super::write_set::Change;
use crate::Result;
use crate::storage::{Keyspace, WriteBatch, key};

/// Called on the committer's thread when recorded commits were published; it must be quick
/// and must not wait.
pub type RecordedHook = Box<dyn Fn() + Send + Sync>;

/// A commit that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedCommit {
    pub commit_ts: u64,
    /// The id of the transaction.
    pub transaction: u64,
}

impl Transaction {
    /// Asks for a record of the commit among those of a database. It goes with the writes
    /// that came after the last savepoint, if these are rolled back.
    pub fn record_commit(&mut self, database: u32) -> Result<()> {
        let key = key::recorded(database, u64::MAX);
        self.put_change(Keyspace::Service, key.into(), |id| {
            Change::Recorded(id.to_le_bytes().into())
        })
    }
}

impl Published {
    /// The recorded commits of a database after a timestamp, the oldest first, at most
    /// `max` of them.
    pub fn recorded(
        self: &Arc<Self>,
        database: u32,
        after: u64,
        max: usize,
    ) -> Result<Vec<RecordedCommit>> {
        let from = after.saturating_add(1);
        let range = key::recorded_between(database, from, u64::MAX);
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in self.scan(Keyspace::Service, &range, false).take(max) {
            let (key, value) = entry?;
            let commit_ts = key::recorded_ts(&key)
                .ok_or_else(|| crate::Error::data_corrupted("the record of a commit"))?;
            found.push(RecordedCommit { commit_ts, transaction: decode_u64(&value) });
        }
        Ok(found)
    }
}

impl Transactions {
    /// Sets who is told of recorded commits; once, before the first.
    pub fn set_recorded_hook(&self, hook: RecordedHook) {
        // Who comes second has come too late.
        let _ = self.shared().on_recorded.set(hook);
    }

    /// Removes records of a database.
    pub fn forget_recorded(&self, database: u32, commits: &[RecordedCommit]) -> Commit {
        let mut batch = WriteBatch::new();
        for commit in commits {
            batch.remove(Keyspace::Service, key::recorded(database, commit.commit_ts));
        }
        self.system_write(batch)
    }
}
