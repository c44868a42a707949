//! The lock table as others may look at it.

use std::time::SystemTime;

use super::rows::STRETCH;
use super::table::{Entry, Holders, LockTable, Place};
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
    /// Held in a session's slots, not in the table.
    pub fast_path: bool,
    /// Since when it is waited for.
    pub wait_start: Option<SystemTime>,
}

impl LockTable {
    /// At most `max` locks; each shard as of its own instant.
    pub(in crate::txn) fn status(&self, max: usize) -> Vec<LockStatus> {
        let mut found = Vec::new();
        self.fast.each(|held| {
            if found.len() < max {
                let resource =
                    Resource::Table { database: held.table.database, oid: held.table.oid };
                let (mode, owner, session_pid) = (held.mode, held.owner, held.pid);
                let (granted, fast_path, wait_start) = (true, true, None);
                found.push(LockStatus {
                    resource,
                    mode,
                    owner,
                    session_pid,
                    granted,
                    fast_path,
                    wait_start,
                });
            }
        });
        for shard in &self.shards {
            let shard = shard.lock();
            for (place, entry) in shard.entries() {
                describe(place, entry, &mut |status| {
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

    pub(in crate::txn) fn waits(&self) -> Vec<(i32, Resource)> {
        self.waits.lock().values().map(|waiting| (waiting.pid, waiting.resource)).collect()
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

fn describe(place: &Place, entry: &Entry, found: &mut dyn FnMut(LockStatus)) {
    let mut held = |resource, owner: Owner, session_pid, mode| {
        let (granted, fast_path, wait_start) = (true, false, None);
        let status =
            LockStatus { resource, mode, owner, session_pid, granted, fast_path, wait_start };
        found(status);
    };
    match (place, &entry.holders) {
        (Place::Whole(resource), Holders::Whole(holders)) => {
            holders.iter().for_each(|h| held(*resource, h.owner, h.pid, h.mode));
        }
        (Place::Stretch { table, number }, Holders::Rows(stretch)) => {
            for holder in &stretch.holders {
                for offset in holder.offsets.iter() {
                    let rid = number * STRETCH + u64::from(offset);
                    held(Resource::row(*table, rid), holder.owner, holder.pid, holder.mode);
                }
            }
        }
        (Place::Bucket { index, .. }, Holders::Keys(keys)) => {
            for (hash, owner, pid, mode) in keys.all() {
                held(Resource::IndexKey { index: *index, hash }, owner, pid, mode);
            }
        }
        _ => unreachable!("an entry holds what its place says"),
    }
    for waiting in &entry.waiting {
        found(LockStatus {
            resource: waiting.resource,
            mode: waiting.mode,
            owner: waiting.owner,
            session_pid: waiting.pid,
            granted: false,
            fast_path: false,
            wait_start: Some(waiting.since),
        });
    }
}
