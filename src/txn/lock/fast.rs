//! Weak table locks that do not touch the lock table: PostgreSQL's fast path.
//!
//! Every SELECT takes ACCESS SHARE on what it reads, and almost never does anyone
//! want the table for itself. So the modes that do not conflict with each other
//! (`AccessShare`, `RowShare`, `RowExclusive`) are noted in slots of the session's
//! own, under a mutex that nobody else takes in the usual case. Who wants a mode
//! that conflicts with those does the work:
//!
//! ```text
//! reader   lock own slots ── strong[t] = 0? ── note (t, AccessShare) ── unlock
//! ALTER    strong[t] += 1 ── for every session: lock its slots, move what it holds
//!          on t into the lock table ── ask there as everyone else does
//! reader   lock own slots ── strong[t] > 0 ── unlock ── ask the lock table
//! ```
//!
//! The reader checks the count under the same mutex that the strong request takes
//! after it has counted itself: either the reader sees the count, or its slot is
//! found. The count covers holders and waiters, and several tables share one: then
//! some readers take the longer way in vain.
//!
//! Nothing is allocated. A slot is given back when its lock is released; what does
//! not fit in the slots, and every transaction without a session, goes to the table.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::{LockMode, Owner};

/// Tables that one session holds this way at a time; PostgreSQL's number.
const SLOTS: usize = 16;

/// Counts of strong requests, by OID; PostgreSQL's number.
const PARTITIONS: usize = 1024;

/// The modes that can be held in a slot, as bits.
const WEAK: [LockMode; 3] = [LockMode::AccessShare, LockMode::RowShare, LockMode::RowExclusive];

/// A table, as resources name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) database: u32,
    pub(super) oid: u32,
}

/// What an owner holds on one table; free if it holds nothing.
#[derive(Clone, Copy, Default)]
struct Slot {
    owner: Owner,
    table: Table,
    modes: u8,
}

impl Slot {
    fn is_of(&self, owner: Owner, table: Table) -> bool {
        self.modes != 0 && self.owner == owner && self.table == table
    }

    fn modes(self) -> impl Iterator<Item = LockMode> {
        WEAK.into_iter().filter(move |mode| self.modes & bit(*mode) != 0)
    }
}

fn bit(mode: LockMode) -> u8 {
    WEAK.iter().position(|weak| *weak == mode).map_or(0, |position| 1 << position)
}

/// Whether a mode may be held in a slot.
pub(super) fn is_weak(mode: LockMode) -> bool {
    WEAK.contains(&mode)
}

/// Whether a mode conflicts with one that may be.
pub(super) fn is_strong(mode: LockMode) -> bool {
    WEAK.iter().any(|weak| weak.conflicts_with(mode))
}

/// A session's slots. Its transactions keep it alive, so that what they hold is
/// found even when the session is gone before its last commit is done.
pub(super) struct Slots {
    pub(super) pid: i32,
    held: Mutex<[Slot; SLOTS]>,
}

impl Slots {
    pub(super) fn release(&self, owner: Owner, table: Table, mode: LockMode) -> bool {
        let mut held = self.held.lock();
        let slot = held.iter_mut().find(|slot| slot.is_of(owner, table));
        match slot {
            Some(slot) if slot.modes & bit(mode) != 0 => {
                slot.modes &= !bit(mode);
                true
            }
            _ => false,
        }
    }
}

/// One lock that is held in a slot.
pub(super) struct Weakly {
    pub(super) owner: Owner,
    pub(super) pid: i32,
    pub(super) table: Table,
    pub(super) mode: LockMode,
}

/// What became of a request for a weak lock.
pub(super) enum Noted {
    New,
    Already,
    /// Someone may want the table for itself, or the slots are full.
    AskTable,
}

/// All sessions' slots, and how many want tables for themselves.
pub(super) struct FastPath {
    strong: Box<[AtomicU32]>,
    sessions: Mutex<Vec<Weak<Slots>>>,
}

impl FastPath {
    pub(super) fn new() -> FastPath {
        let strong = (0..PARTITIONS).map(|_| AtomicU32::new(0)).collect();
        FastPath { strong, sessions: Mutex::default() }
    }

    pub(super) fn add_session(&self, pid: i32) -> Arc<Slots> {
        let slots = Arc::new(Slots { pid, held: Mutex::default() });
        let mut sessions = self.sessions.lock();
        sessions.retain(|session| session.strong_count() > 0);
        sessions.push(Arc::downgrade(&slots));
        slots
    }

    fn strong(&self, table: Table) -> &AtomicU32 {
        &self.strong[table.oid as usize % PARTITIONS]
    }

    /// Notes a weak lock in the session's slots, if nobody wants a strong one.
    pub(super) fn acquire(
        &self,
        slots: &Slots,
        owner: Owner,
        table: Table,
        mode: LockMode,
    ) -> Noted {
        let mut held = slots.held.lock();
        if let Some(slot) = held.iter_mut().find(|slot| slot.is_of(owner, table)) {
            let is_held = slot.modes & bit(mode) != 0;
            if is_held || self.strong(table).load(Ordering::Relaxed) == 0 {
                slot.modes |= bit(mode);
                return if is_held { Noted::Already } else { Noted::New };
            }
            return Noted::AskTable;
        }
        if self.strong(table).load(Ordering::Relaxed) > 0 {
            return Noted::AskTable;
        }
        match held.iter_mut().find(|slot| slot.modes == 0) {
            Some(slot) => {
                *slot = Slot { owner, table, modes: bit(mode) };
                Noted::New
            }
            None => Noted::AskTable,
        }
    }

    /// Someone begins to want the table for itself: from now on all ask the lock
    /// table, and what they hold in slots is moved there. `transfer` runs under the
    /// mutex of the slot, so that a lock is found in one of the two at any time.
    pub(super) fn begin_strong(&self, table: Table, mut transfer: impl FnMut(Weakly)) {
        self.strong(table).fetch_add(1, Ordering::Relaxed);
        for slots in self.sessions() {
            let mut held = slots.held.lock();
            for slot in held.iter_mut().filter(|slot| slot.modes != 0 && slot.table == table) {
                let (owner, pid) = (slot.owner, slots.pid);
                slot.modes().for_each(|mode| transfer(Weakly { owner, pid, table, mode }));
                slot.modes = 0;
            }
        }
    }

    /// Nobody more waits for it or holds it than before [`FastPath::begin_strong`].
    pub(super) fn end_strong(&self, table: Table) {
        self.strong(table).fetch_sub(1, Ordering::Relaxed);
    }

    /// Moves what an owner holds in a session's slots to the lock table: it outlives
    /// the session. `transfer` runs as in [`FastPath::begin_strong`].
    pub(super) fn give_up(&self, slots: &Slots, owner: Owner, mut transfer: impl FnMut(Weakly)) {
        let mut held = slots.held.lock();
        for slot in held.iter_mut().filter(|slot| slot.modes != 0 && slot.owner == owner) {
            let (pid, table) = (slots.pid, slot.table);
            slot.modes().for_each(|mode| transfer(Weakly { owner, pid, table, mode }));
            slot.modes = 0;
        }
    }

    /// Everything that is held in slots, for `pg_locks`.
    pub(super) fn each(&self, mut found: impl FnMut(Weakly)) {
        for slots in self.sessions() {
            let held = *slots.held.lock();
            for slot in held.iter().filter(|slot| slot.modes != 0) {
                let (owner, pid, table) = (slot.owner, slots.pid, slot.table);
                slot.modes().for_each(|mode| found(Weakly { owner, pid, table, mode }));
            }
        }
    }

    /// Those that exist now. One that comes later sees the count.
    fn sessions(&self) -> Vec<Arc<Slots>> {
        self.sessions.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;
    use std::thread;

    use super::super::{Acquired, LockLog, LockSession, LockTable, Resource, WaitPolicy};
    use super::*;

    const RELATION: Resource = Resource::Table { database: 0, oid: 16384 };

    fn relation(oid: u32) -> Resource {
        Resource::Table { database: 0, oid }
    }

    fn log(table: &Arc<LockTable>, owner: Owner) -> LockLog {
        let mut log = LockLog::new(table.clone(), owner);
        log.set_session(LockSession::new(table, owner as i32));
        log
    }

    fn take(log: &mut LockLog, resource: Resource, mode: LockMode) -> Acquired {
        log.acquire(resource, mode, WaitPolicy::NoWait)
    }

    fn is_granted(acquired: Acquired) -> bool {
        matches!(acquired, Acquired::Granted)
    }

    /// Locks in slots and in the table, and strong requests that are counted.
    fn counts(table: &LockTable) -> (usize, usize, u32) {
        let status = table.status(1_000);
        let fast = status.iter().filter(|lock| lock.fast_path).count();
        let strong = table.fast.strong.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        (fast, status.len() - fast, strong)
    }

    #[test]
    fn a_reader_is_in_its_slot_until_somebody_wants_the_table() {
        let table = Arc::new(LockTable::new(100));
        let (mut reader, mut owner) = (log(&table, 1), log(&table, 2));
        assert!(is_granted(take(&mut reader, RELATION, LockMode::AccessShare)));
        assert!(matches!(
            take(&mut reader, RELATION, LockMode::AccessShare),
            Acquired::AlreadyHeld
        ));
        assert_eq!(counts(&table), (1, 0, 0));
        let refused = take(&mut owner, RELATION, LockMode::AccessExclusive);
        assert!(matches!(refused, Acquired::NotAvailable));
        assert_eq!(counts(&table), (0, 1, 0), "the reader's lock was moved");
        let Acquired::Wait(wait) =
            owner.acquire(RELATION, LockMode::AccessExclusive, WaitPolicy::Wait)
        else {
            panic!("the reader is in the way");
        };
        assert_eq!(wait.blocking_pids(), [1]);
        let mut second = log(&table, 3);
        let behind = take(&mut second, RELATION, LockMode::AccessShare);
        assert!(matches!(behind, Acquired::NotAvailable), "nobody overtakes who waits");
        drop(reader);
        wait.wait();
        drop(owner);
        assert_eq!(counts(&table), (0, 0, 0));
        assert!(is_granted(take(&mut second, RELATION, LockMode::AccessShare)));
        assert_eq!(counts(&table), (1, 0, 0), "slots are used again");
    }

    #[test]
    fn own_weak_locks_are_not_in_the_way() {
        let table = Arc::new(LockTable::new(100));
        let mut log = log(&table, 1);
        for mode in [LockMode::AccessShare, LockMode::RowExclusive, LockMode::AccessExclusive] {
            assert!(is_granted(take(&mut log, RELATION, mode)));
        }
        assert!(matches!(take(&mut log, RELATION, LockMode::RowShare), Acquired::AlreadyHeld));
        drop(log);
        assert_eq!(counts(&table), (0, 0, 0));
    }

    #[test]
    fn what_does_not_fit_is_in_the_table() {
        let table = Arc::new(LockTable::new(100));
        let mut reader = log(&table, 1);
        for oid in 0..20 {
            assert!(is_granted(take(&mut reader, relation(oid), LockMode::AccessShare)));
        }
        assert_eq!(counts(&table), (16, 4, 0));
        let mut owner = log(&table, 2);
        for oid in 0..20 {
            let refused = take(&mut owner, relation(oid), LockMode::AccessExclusive);
            assert!(matches!(refused, Acquired::NotAvailable), "{oid}");
        }
        drop(reader);
        assert_eq!(counts(&table), (0, 0, 0));
    }

    #[test]
    fn a_rollback_to_a_savepoint_gives_slots_back() {
        let table = Arc::new(LockTable::new(100));
        let mut log = log(&table, 1);
        assert!(is_granted(take(&mut log, relation(1), LockMode::AccessShare)));
        let savepoint = log.position();
        assert!(is_granted(take(&mut log, relation(1), LockMode::RowExclusive)));
        assert!(is_granted(take(&mut log, relation(2), LockMode::AccessShare)));
        log.release_since(savepoint);
        assert_eq!(counts(&table), (1, 0, 0));
    }

    #[test]
    fn readers_and_owners_from_many_threads_exclude_each_other() {
        let table = Arc::new(LockTable::new(100));
        let readers_inside = AtomicI64::new(0);
        let owners_inside = AtomicI64::new(0);
        let seq = Ordering::SeqCst;
        thread::scope(|scope| {
            for thread in 0..6u64 {
                let (table, readers, owners) = (&table, &readers_inside, &owners_inside);
                scope.spawn(move || {
                    let session = LockSession::new(table, thread as i32 + 1);
                    for turn in 0..400 {
                        let mut log = LockLog::new(table.clone(), thread * 1_000 + turn + 1);
                        log.set_session(session.clone());
                        let owns = thread == 0 || turn % 16 == thread;
                        let mode =
                            if owns { LockMode::AccessExclusive } else { LockMode::AccessShare };
                        match log.acquire(RELATION, mode, WaitPolicy::Wait) {
                            Acquired::Wait(wait) => wait.wait(),
                            Acquired::Granted => {}
                            _ => unreachable!("it is free or has to be waited for"),
                        }
                        if owns {
                            assert_eq!(owners.fetch_add(1, seq), 0);
                            assert_eq!(readers.load(seq), 0);
                            thread::yield_now();
                            owners.fetch_sub(1, seq);
                        } else {
                            readers.fetch_add(1, seq);
                            assert_eq!(owners.load(seq), 0);
                            thread::yield_now();
                            readers.fetch_sub(1, seq);
                        }
                    }
                });
            }
        });
        assert_eq!(counts(&table), (0, 0, 0));
    }
}
