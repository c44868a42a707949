//! What one owner holds, in the order it was taken.

use std::collections::HashSet;
use std::sync::Arc;

use super::rows::STRETCH;

use smallvec::SmallVec;

use super::super::activity::Activity;
use super::claims::Claim;
use super::fast::{Noted, Slots, Table, is_strong, is_weak};
use super::table::{Acquired, LockTable, Request};
use super::{LockMode, LockOutcome, Owner, Resource, WaitPolicy};

/// A session, as its locks know it: its process id, and its slots for table locks.
/// Its transactions share it.
#[derive(Clone)]
pub struct LockSession(Arc<Slots>, Option<Arc<Activity>>);

impl LockSession {
    pub(in crate::txn) fn new(table: &LockTable, pid: i32) -> LockSession {
        LockSession(table.fast.add_session(pid), None)
    }

    /// With counters of what its transactions do.
    pub(in crate::txn) fn counted_by(self, activity: Arc<Activity>) -> LockSession {
        LockSession(self.0, Some(activity))
    }

    pub fn activity(&self) -> Option<&Arc<Activity>> {
        self.1.as_ref()
    }
}

/// One hold, or a run of holds: on consecutive rows, or on keys or spans of one index.
#[derive(Clone, Copy, Debug)]
struct Held {
    resource: Resource,
    mode: LockMode,
    /// Rows from `resource` on, or keys, or claims: these are the last of the log's.
    count: u64,
}

impl Held {
    fn is_continued_by(&self, next: Resource) -> bool {
        match (self.resource, next) {
            (Resource::Row { table, rid }, Resource::Row { table: next_table, rid: next }) => {
                table == next_table && next == rid + self.count
            }
            (Resource::IndexKey { index, .. }, Resource::IndexKey { index: next, .. }) => {
                index == next
            }
            (Resource::Claims { index }, Resource::Claims { index: next }) => index == next,
            _ => false,
        }
    }
}

/// An owner's locks as plain data. Runs as the log keeps them: of rows `count`
/// consecutive ones, of keys the next `count` of `hashes`, of claims of `claims`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::txn) struct LockHolds {
    pub(in crate::txn) runs: Vec<(Resource, LockMode, u64)>,
    pub(in crate::txn) hashes: Vec<u64>,
    pub(in crate::txn) claims: Vec<Claim>,
    pub(in crate::txn) lasting: Vec<Resource>,
}

/// A transaction's locks. Dropping it releases them.
#[derive(Default)]
pub(in crate::txn) struct LockLog {
    table: Option<Arc<LockTable>>,
    owner: Owner,
    session: Option<LockSession>,
    /// Those of a short transaction need no memory of their own.
    held: SmallVec<[Held; 4]>,
    /// The hashes of all keys held, in the order of their runs.
    hashes: Vec<u64>,
    /// All claims, in the order of their runs.
    claims: Vec<Claim>,
    /// No run may grow over this position: a savepoint is there.
    sealed: usize,
    /// Held whatever is rolled back.
    lasting: SmallVec<[Resource; 1]>,
}

impl LockLog {
    pub(in crate::txn) fn new(table: Arc<LockTable>, owner: Owner) -> LockLog {
        let mut log = LockLog::default();
        log.table = Some(table);
        log.owner = owner;
        log
    }

    pub(in crate::txn) fn set_session(&mut self, session: LockSession) {
        self.session = Some(session);
    }

    pub(super) fn table(&self) -> Option<&Arc<LockTable>> {
        self.table.as_ref()
    }

    pub(super) fn owner(&self) -> Owner {
        self.owner
    }

    pub(super) fn claims(&self) -> &[Claim] {
        &self.claims
    }

    pub(super) fn has_claimed_whole(&self, index: u32) -> bool {
        let mut claims = self.claims.iter();
        self.held.iter().any(|held| match held.resource {
            Resource::Claims { index: claimed } => {
                let of_index = claims.by_ref().take(held.count as usize);
                let whole = of_index.filter(|claim| **claim == Claim::WHOLE).count();
                claimed == index && whole > 0
            }
            _ => false,
        })
    }

    /// Writes down a claim that the table has.
    pub(super) fn note_claim(&mut self, index: u32, claim: Claim) {
        self.claims.push(claim);
        self.note(Resource::Claims { index }, LockMode::Exclusive);
    }

    /// 0 if it is nobody's.
    pub(in crate::txn) fn session_pid(&self) -> i32 {
        self.session.as_ref().map_or(0, |session| session.0.pid)
    }

    pub(in crate::txn) fn acquire(
        &mut self,
        resource: Resource,
        mode: LockMode,
        policy: WaitPolicy,
    ) -> Acquired {
        let Some(table) = &self.table else { return Acquired::NotAvailable };
        if let Some(acquired) = self.acquire_in_slot(table, resource, mode) {
            if let Acquired::Granted = acquired {
                self.note(resource, mode);
            }
            return acquired;
        }
        let strong = strong_request(resource, mode);
        if let Some(wanted) = strong {
            table.begin_strong(wanted);
        }
        let request = Request { owner: self.owner, pid: self.session_pid(), resource, mode };
        let (acquired, is_new) = table.acquire(request, policy, false);
        if is_new {
            // A wait is noted before it is over: releasing what was given up is nothing.
            self.note(resource, mode);
        } else if let Some(wanted) = strong {
            table.fast.end_strong(wanted);
        }
        acquired
    }

    /// A table's weak lock, if it can be had without asking the table.
    fn acquire_in_slot(
        &self,
        table: &LockTable,
        resource: Resource,
        mode: LockMode,
    ) -> Option<Acquired> {
        let Resource::Table { database, oid } = resource else { return None };
        let session = self.session.as_ref().filter(|_| is_weak(mode))?;
        let wanted = Table { database, oid };
        match table.fast.acquire(&session.0, self.owner, wanted, mode) {
            Noted::New => Some(Acquired::Granted),
            Noted::Already => Some(Acquired::AlreadyHeld),
            Noted::AskTable => None,
        }
    }

    fn note(&mut self, resource: Resource, mode: LockMode) {
        if let Resource::IndexKey { hash, .. } = resource {
            self.hashes.push(hash);
        }
        let may_grow = self.held.len() > self.sealed;
        match self.held.last_mut() {
            Some(last) if may_grow && last.mode == mode && last.is_continued_by(resource) => {
                last.count += 1;
            }
            _ => self.held.push(Held { resource, mode, count: 1 }),
        }
    }

    /// Takes a lock that nobody else holds, until the owner's end.
    pub(in crate::txn) fn hold_to_the_end(&mut self, resource: Resource) {
        let Some(table) = self.table.as_ref().filter(|_| !self.lasting.contains(&resource)) else {
            return;
        };
        let pid = self.session_pid();
        let request = Request { owner: self.owner, pid, resource, mode: LockMode::Exclusive };
        let (acquired, _) = table.acquire(request, WaitPolicy::NoWait, false);
        assert!(matches!(acquired, Acquired::Granted), "{resource} is its owner's alone");
        self.lasting.push(resource);
    }

    /// Releases keys before the end: nobody can take them unnoticed any more.
    pub(in crate::txn) fn release_keys(&mut self, keys: &HashSet<Resource>) {
        let Some(table) = &self.table else { return };
        let mut hashes = std::mem::take(&mut self.hashes).into_iter();
        for held in &mut self.held {
            let Resource::IndexKey { index, .. } = held.resource else { continue };
            let before = self.hashes.len();
            for hash in hashes.by_ref().take(held.count as usize) {
                let resource = Resource::IndexKey { index, hash };
                if keys.contains(&resource) {
                    table.release(self.owner, resource, held.mode);
                } else {
                    self.hashes.push(hash);
                }
            }
            held.count = (self.hashes.len() - before) as u64;
        }
        self.forget_empty_runs();
    }

    /// Runs before the last savepoint stay: it has counted them.
    fn forget_empty_runs(&mut self) {
        let mut position = 0;
        let sealed = self.sealed;
        self.held.retain(|held| {
            position += 1;
            position <= sealed || held.count > 0
        });
    }

    /// Takes over a lock that the same session holds in another way.
    pub(in crate::txn) fn adopt(&mut self, resource: Resource, mode: LockMode) {
        let Some(table) = &self.table else { return };
        table.add(Request { owner: self.owner, pid: self.session_pid(), resource, mode });
        self.note(resource, mode);
    }

    /// From now on the locks are no session's: their transaction is prepared. Nobody
    /// can take one of them meanwhile.
    pub(in crate::txn) fn leave_session(&mut self) {
        let Some(table) = self.table.clone() else { return };
        if let Some(session) = self.session.take() {
            table.fast.give_up(&session.0, self.owner, |held| {
                let Table { database, oid } = held.table;
                let resource = Resource::Table { database, oid };
                table.add(Request { owner: self.owner, pid: 0, resource, mode: held.mode });
            });
        }
        let mut hashes = self.hashes.iter();
        for held in &self.held {
            match held.resource {
                Resource::Row { table: relation, rid } => {
                    // All rows of a stretch are disowned at once.
                    let last = rid + held.count.max(1) - 1;
                    for stretch in rid / STRETCH..=last / STRETCH {
                        let rid = rid.max(stretch * STRETCH);
                        table.disown(self.owner, Resource::Row { table: relation, rid });
                    }
                }
                Resource::IndexKey { index, .. } => {
                    for hash in hashes.by_ref().take(held.count as usize) {
                        table.disown(self.owner, Resource::IndexKey { index, hash: *hash });
                    }
                }
                Resource::Claims { index } => table.claims.disown(index, self.owner),
                whole => table.disown(self.owner, whole),
            }
        }
        self.lasting.iter().for_each(|resource| table.disown(self.owner, *resource));
    }

    /// The tables that are locked, by OID.
    pub(in crate::txn) fn tables(&self) -> impl Iterator<Item = u32> + '_ {
        self.held.iter().filter_map(|held| match held.resource {
            Resource::Table { oid, .. } => Some(oid),
            _ => None,
        })
    }

    /// What is held, to be written down.
    pub(in crate::txn) fn holds(&self) -> LockHolds {
        LockHolds {
            runs: self.held.iter().map(|held| (held.resource, held.mode, held.count)).collect(),
            hashes: self.hashes.clone(),
            claims: self.claims.clone(),
            lasting: self.lasting.to_vec(),
        }
    }

    /// Takes what was written down, at the start, when nobody else holds anything.
    pub(in crate::txn) fn restored(
        table: Arc<LockTable>,
        owner: Owner,
        holds: LockHolds,
    ) -> LockLog {
        let mut log = LockLog::new(table, owner);
        let mut hashes = holds.hashes.into_iter();
        let mut claims = holds.claims.into_iter();
        for (resource, mode, count) in holds.runs {
            match resource {
                Resource::Row { table, rid } => {
                    (rid..rid.saturating_add(count)).for_each(|rid| {
                        log.take_again(Resource::Row { table, rid }, mode);
                    });
                }
                Resource::IndexKey { index, .. } => {
                    hashes.by_ref().take(count as usize).for_each(|hash| {
                        log.take_again(Resource::IndexKey { index, hash }, mode);
                    });
                }
                Resource::Claims { index } => {
                    for claim in claims.by_ref().take(count as usize) {
                        if log.claim(index, claim).is_err() {
                            tracing::debug!("a claim is not taken again");
                        }
                    }
                }
                whole => log.take_again(whole, mode),
            }
        }
        holds.lasting.into_iter().for_each(|resource| log.hold_to_the_end(resource));
        log
    }

    /// A lock whose wait was given up is written down, too, and need not be had.
    fn take_again(&mut self, resource: Resource, mode: LockMode) {
        if !matches!(self.acquire(resource, mode, WaitPolicy::NoWait), Acquired::Granted) {
            tracing::debug!("{resource} is not taken again by a prepared transaction");
        }
    }

    /// Where the log is now, for a savepoint.
    pub(in crate::txn) fn position(&mut self) -> usize {
        self.sealed = self.held.len();
        self.sealed
    }

    /// Releases what was taken since a position, newest first.
    pub(in crate::txn) fn release_since(&mut self, position: usize) {
        while self.held.len() > position
            && let Some(held) = self.held.pop()
        {
            self.release(held);
        }
        self.sealed = self.held.len();
    }

    fn release(&mut self, held: Held) {
        let Some(table) = &self.table else { return };
        match held.resource {
            Resource::IndexKey { index, .. } => {
                let kept = self.hashes.len() - held.count as usize;
                for hash in self.hashes.drain(kept..) {
                    table.release(self.owner, Resource::IndexKey { index, hash }, held.mode);
                }
            }
            Resource::Row { table: relation, rid } => {
                table.release_rows(self.owner, relation, rid, held.count, held.mode);
            }
            Resource::Claims { index } => {
                let count = held.count as usize;
                self.claims.truncate(self.claims.len() - count);
                table.claims.remove_last(index, self.owner, count);
                table.end_watched(self.owner);
            }
            Resource::Table { database, oid } => {
                self.release_table(table, Table { database, oid }, held.mode);
            }
            resource => {
                table.release(self.owner, resource, held.mode);
            }
        }
    }

    /// A weak lock is in a slot, unless it was moved or asked for in the table.
    fn release_table(&self, table: &LockTable, locked: Table, mode: LockMode) {
        let session = self.session.as_ref().filter(|_| is_weak(mode));
        if session.is_some_and(|session| session.0.release(self.owner, locked, mode)) {
            return;
        }
        let Table { database, oid } = locked;
        table.release(self.owner, Resource::Table { database, oid }, mode);
        if is_strong(mode) {
            table.fast.end_strong(locked);
        }
    }
}

/// The table that a request keeps others from reading or changing.
fn strong_request(resource: Resource, mode: LockMode) -> Option<Table> {
    match resource {
        Resource::Table { database, oid } if is_strong(mode) => Some(Table { database, oid }),
        _ => None,
    }
}

impl Drop for LockLog {
    fn drop(&mut self) {
        self.release_since(0);
        let Some(table) = &self.table else { return };
        for resource in self.lasting.drain(..) {
            table.release(self.owner, resource, LockMode::Exclusive);
        }
        table.end_watched(self.owner);
    }
}

/// Locks that a session holds beside its transactions (session-level advisory
/// locks). They count: one is held until it was unlocked as often as locked.
/// Dropping it releases all.
pub struct SessionLocks {
    table: Arc<LockTable>,
    owner: Owner,
    pid: i32,
    held: Vec<(Resource, LockMode)>,
}

impl SessionLocks {
    pub(in crate::txn) fn new(table: Arc<LockTable>, owner: Owner, pid: i32) -> SessionLocks {
        SessionLocks { table, owner, pid, held: Vec::new() }
    }

    pub fn lock(&mut self, resource: Resource, mode: LockMode, policy: WaitPolicy) -> LockOutcome {
        let request = Request { owner: self.owner, pid: self.pid, resource, mode };
        let (acquired, is_new) = self.table.acquire(request, policy, true);
        if is_new {
            self.held.push((resource, mode));
        }
        match acquired {
            Acquired::Granted => LockOutcome::Granted,
            Acquired::AlreadyHeld => LockOutcome::AlreadyHeld,
            Acquired::Wait(wait) => LockOutcome::Wait(wait),
            Acquired::NotAvailable => LockOutcome::NotAvailable,
        }
    }

    /// Holds what a transaction of the same session holds, beyond its end.
    pub fn keep(&mut self, resource: Resource, mode: LockMode) {
        let (owner, pid) = (self.owner, self.pid);
        self.table.add(Request { owner, pid, resource, mode });
        self.held.push((resource, mode));
    }

    /// Releases one hold; false if there is none (PostgreSQL warns "you don't own a
    /// lock of type …").
    pub fn unlock(&mut self, resource: Resource, mode: LockMode) -> bool {
        if let Some(position) = self.held.iter().rposition(|held| *held == (resource, mode)) {
            self.held.swap_remove(position);
        }
        self.table.release(self.owner, resource, mode)
    }

    pub fn unlock_all(&mut self) {
        for (resource, mode) in std::mem::take(&mut self.held) {
            self.table.release(self.owner, resource, mode);
        }
    }
}

impl Drop for SessionLocks {
    fn drop(&mut self) {
        self.unlock_all();
    }
}
