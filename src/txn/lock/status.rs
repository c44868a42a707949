//! The lock table as others may look at it.

use super::table::{Entry, Holders, LockTable};
use super::{LockMode, Owner, Resource};

/// A lock that is held or waited for: a row of `pg_locks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockStatus {
    pub resource: Resource,
    pub mode: LockMode,
    /// The transaction's id, or the session's own number.
    pub owner: u64,
    pub session_pid: i32,
    pub granted: bool,
}

impl LockTable {
    /// At most `max` locks; each shard as of its own instant.
    pub(in crate::txn) fn status(&self, max: usize) -> Vec<LockStatus> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            for (resource, first_rid, table, entry) in shard.entries() {
                describe(resource, first_rid, table, entry, &mut |status| {
                    if found.len() < max {
                        found.push(status);
                    }
                });
                if found.len() >= max {
                    return found;
                }
            }
        }
        found
    }

    pub(in crate::txn) fn blocking_pids(&self, session_pid: i32) -> Vec<i32> {
        let waits: Vec<_> =
            self.waits.lock().values().filter(|w| w.pid == session_pid).cloned().collect();
        let mut pids: Vec<i32> = waits
            .iter()
            .flat_map(|waiting| self.blockers_of(waiting))
            .map(|(_, pid, _)| pid)
            .collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }
}

fn describe(
    resource: Option<Resource>,
    first_rid: u64,
    table: u32,
    entry: &Entry,
    found: &mut dyn FnMut(LockStatus),
) {
    let mut held = |resource, owner: Owner, session_pid, mode| {
        found(LockStatus { resource, mode, owner, session_pid, granted: true });
    };
    match (&entry.holders, resource) {
        (Holders::Whole(holders), Some(resource)) => {
            holders.iter().for_each(|h| held(resource, h.owner, h.pid, h.mode));
        }
        (Holders::Rows(stretch), _) => {
            for holder in &stretch.holders {
                for offset in holder.offsets.iter() {
                    let rid = first_rid + u64::from(offset);
                    held(Resource::Row { table, rid }, holder.owner, holder.pid, holder.mode);
                }
            }
        }
        (Holders::Whole(_), None) => {}
    }
    for waiting in &entry.waiting {
        found(LockStatus {
            resource: waiting.resource,
            mode: waiting.mode,
            owner: waiting.owner,
            session_pid: waiting.pid,
            granted: false,
        });
    }
}
