//! Waiting for the end of those who hold a lock, without asking for the lock.
//!
//! Who changes a table step by step (CREATE INDEX CONCURRENTLY) waits between two steps
//! for the transactions that know it as it was. To ask for a lock that conflicts with
//! theirs would do, but everybody who comes later would have to queue behind it.
//! Instead the waiter writes down a hold in the other's name, on
//! [`Resource::Virtual`], and queues behind that: so the wait is found by the search for
//! deadlocks and by `pg_blocking_pids`, as every other is.
//!
//! ```text
//! waiter   watchers += 1 ── hold (Virtual A, exclusive) for A ── A holds the table still?
//!             ├─ no: take the hold back
//!             └─ yes: ask for (Virtual A, share) ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶ granted
//! A                    release its locks ── watchers > 0: release (Virtual A)
//! ```
//!
//! A looks at the count after it has released the table: if the waiter has still found
//! it there, A sees the count.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use super::table::{Acquired, LockTable, Request};
use super::{LockLog, LockMode, LockWait, Owner, Resource, WaitPolicy};

/// A transaction that holds a lock on a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locker {
    pub(super) owner: Owner,
    pub(super) pid: i32,
}

impl LockTable {
    /// Who holds a lock on a table that conflicts with a mode. Those of the session with
    /// this process id are not in the way.
    pub(in crate::txn) fn lockers(&self, table: Resource, mode: LockMode, pid: i32) -> Vec<Locker> {
        let mut found: Vec<Locker> = Vec::new();
        let mut note = |owner, held_by, held: LockMode| {
            let locker = Locker { owner, pid: held_by };
            let is_own = held_by == pid && pid != 0;
            if !is_own && held.conflicts_with(mode) && !found.contains(&locker) {
                found.push(locker);
            }
        };
        // A lock moves from a slot to the table and not back.
        self.fast.each(|held| {
            let at = Resource::Table { database: held.table.database, oid: held.table.oid };
            if at == table {
                note(held.owner, held.pid, held.mode);
            }
        });
        for (owner, held_by, held) in self.holders_of(table) {
            note(owner, held_by, held);
        }
        found
    }

    /// The owner's locks are released: whoever waits for that goes on.
    pub(super) fn end_watched(&self, owner: Owner) {
        if self.watchers.load(Ordering::SeqCst) == 0 {
            return;
        }
        while self.release(owner, Resource::Virtual { id: owner }, LockMode::Exclusive) {}
    }
}

/// A hold in another transaction's name, as long as somebody waits for it.
struct Watch {
    table: Arc<LockTable>,
    watched: Locker,
}

impl Watch {
    fn begin(table: &Arc<LockTable>, watched: Locker) -> Watch {
        table.watchers.fetch_add(1, Ordering::SeqCst);
        let Locker { owner, pid } = watched;
        let resource = Resource::Virtual { id: owner };
        table.add(Request { owner, pid, resource, mode: LockMode::Exclusive });
        Watch { table: table.clone(), watched }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Locker { owner, .. } = self.watched;
        self.table.release(owner, Resource::Virtual { id: owner }, LockMode::Exclusive);
        self.table.watchers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The end of another transaction, or the moment when it has given its lock up with a
/// savepoint. Dropping it gives the wait up.
#[must_use = "dropping it gives the wait up"]
pub struct EndWait {
    wait: LockWait,
    _watch: Watch,
}

impl EndWait {
    #[cfg(test)]
    pub(super) fn wait_timeout(&self, limit: std::time::Duration) -> bool {
        self.wait.wait_timeout(limit)
    }

    /// As [`LockWait::detect_deadlock`].
    pub fn detect_deadlock(&self) -> crate::Result<()> {
        self.wait.detect_deadlock()
    }
}

impl Future for EndWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.wait).poll(context)
    }
}

impl LockLog {
    /// Who else holds a lock on a table that conflicts with a mode.
    pub(in crate::txn) fn lockers(&self, table: Resource, mode: LockMode) -> Vec<Locker> {
        let pid = self.session_pid();
        self.table().map_or_else(Vec::new, |locks| locks.lockers(table, mode, pid))
    }

    /// Waits for the end of one of [`LockLog::lockers`]; none if it holds the lock no more.
    pub(in crate::txn) fn end_of(
        &mut self,
        locker: Locker,
        table: Resource,
        mode: LockMode,
    ) -> Option<EndWait> {
        let pid = self.session_pid();
        self.end_while(locker, |locks| {
            let holders = locks.lockers(table, mode, pid);
            holders.iter().any(|holder| holder.owner == locker.owner)
        })
    }

    /// Waits for the end of another transaction, if it is still in the way once the wait is
    /// written down.
    pub(super) fn end_while(
        &mut self,
        locker: Locker,
        is_in_the_way: impl FnOnce(&LockTable) -> bool,
    ) -> Option<EndWait> {
        let locks = self.table()?.clone();
        let watch = Watch::begin(&locks, locker);
        if !is_in_the_way(&locks) {
            return None;
        }
        let resource = Resource::Virtual { id: locker.owner };
        match self.acquire(resource, LockMode::Share, WaitPolicy::Wait) {
            Acquired::Wait(wait) => Some(EndWait { wait, _watch: watch }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::LockSession;
    use super::*;

    const TABLE: Resource = Resource::Table { database: 0, oid: 16384 };

    fn log(table: &Arc<LockTable>, owner: Owner) -> LockLog {
        let mut log = LockLog::new(table.clone(), owner);
        log.set_session(LockSession::new(table, owner as i32));
        log
    }

    fn take(log: &mut LockLog, mode: LockMode) {
        let acquired = log.acquire(TABLE, mode, WaitPolicy::NoWait);
        assert!(matches!(acquired, Acquired::Granted | Acquired::AlreadyHeld));
    }

    fn lockers(log: &LockLog) -> Vec<Owner> {
        log.lockers(TABLE, LockMode::Share).into_iter().map(|locker| locker.owner).collect()
    }

    /// Nothing is left in the table.
    fn assert_empty(table: &LockTable) {
        assert_eq!(table.status(100), []);
        assert_eq!(table.watchers.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn the_end_of_a_writer_is_waited_for_and_others_do_not_queue() {
        let table = Arc::new(LockTable::new(100));
        let (mut writer, mut reader, mut builder) =
            (log(&table, 1), log(&table, 2), log(&table, 3));
        take(&mut writer, LockMode::RowExclusive);
        take(&mut reader, LockMode::AccessShare);
        take(&mut builder, LockMode::ShareUpdateExclusive);
        assert_eq!(lockers(&builder), [1], "readers and the builder itself are not in the way");
        let locker = builder.lockers(TABLE, LockMode::Share)[0];
        let wait = builder.end_of(locker, TABLE, LockMode::Share).expect("it runs");
        assert_eq!(wait.wait.blocking_pids(), [1]);
        assert_eq!(table.blocking_pids(3), [1]);
        let mut second = log(&table, 4);
        take(&mut second, LockMode::RowExclusive);
        assert!(!wait.wait.wait_timeout(std::time::Duration::from_millis(10)));
        drop(writer);
        assert!(wait.wait.wait_timeout(std::time::Duration::from_secs(5)));
        drop((wait, second, reader, builder));
        assert_empty(&table);
    }

    #[test]
    fn a_lock_that_is_gone_is_not_waited_for() {
        let table = Arc::new(LockTable::new(100));
        let (mut writer, mut builder) = (log(&table, 1), log(&table, 3));
        take(&mut writer, LockMode::RowExclusive);
        let locker = builder.lockers(TABLE, LockMode::Share)[0];
        drop(writer);
        assert!(builder.end_of(locker, TABLE, LockMode::Share).is_none());
        drop(builder);
        assert_empty(&table);
    }

    #[test]
    fn two_wait_for_one_and_one_gives_up() {
        let table = Arc::new(LockTable::new(100));
        let (mut writer, mut one, mut two) = (log(&table, 1), log(&table, 2), log(&table, 3));
        take(&mut writer, LockMode::RowExclusive);
        let locker = one.lockers(TABLE, LockMode::Share)[0];
        let first = one.end_of(locker, TABLE, LockMode::Share).expect("it runs");
        let second = two.end_of(locker, TABLE, LockMode::Share).expect("it runs");
        drop(first);
        assert!(!second.wait.wait_timeout(std::time::Duration::from_millis(10)));
        drop(writer);
        assert!(second.wait.wait_timeout(std::time::Duration::from_secs(5)));
        drop((second, one, two));
        assert_empty(&table);
    }

    #[test]
    fn a_writer_that_waits_for_the_waiter_is_a_deadlock() {
        let table = Arc::new(LockTable::new(1_000));
        let (mut writer, mut builder) = (log(&table, 1), log(&table, 2));
        take(&mut writer, LockMode::RowExclusive);
        take(&mut builder, LockMode::ShareUpdateExclusive);
        let locker = builder.lockers(TABLE, LockMode::Share)[0];
        let wait = builder.end_of(locker, TABLE, LockMode::Share).expect("it runs");
        let Acquired::Wait(_blocked) =
            writer.acquire(TABLE, LockMode::ShareUpdateExclusive, WaitPolicy::Wait)
        else {
            panic!("the builder has it");
        };
        assert!(wait.detect_deadlock().is_err());
    }
}
