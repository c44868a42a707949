//! SERIALIZABLE: serializable snapshot isolation, as PostgreSQL has it.
//!
//! A serializable transaction works on one snapshot, as REPEATABLE READ does. What
//! that lets through are cycles of transactions each of which did not see what the
//! next one wrote. Every such cycle has two read-write conflicts in a row,
//!
//! ```text
//! T0 ──did not see──▶ T1 (pivot) ──did not see──▶ T2        T2 commits first
//! ```
//!
//! so it is enough to break those ("dangerous structures"): Cahill, Röhm and Fekete,
//! "Serializable Isolation for Snapshot Databases", 2008, with the rules of Ports and
//! Grittner, "Serializable Snapshot Isolation in PostgreSQL", 2012. One conflict alone
//! aborts nobody, and a transaction that only reads is aborted only if T2 was committed
//! before its snapshot.
//!
//! # How conflicts are found
//!
//! Each transaction notes the keys and ranges that it reads, whether or not anything
//! was there, and the keys that it writes. Who reads looks what running and later
//! committed transactions have written there; who writes looks who has read there.
//! Either way the conflict is found when the second of the two comes, and judged then,
//! or when one of the three commits ([`conflict`]). What a committed transaction has
//! noted stays until nobody runs any more who began before it was committed.
//!
//! Only serializable transactions count. What others write is not noted, as in
//! PostgreSQL: a guarantee holds among transactions of this level.
//!
//! # Order
//!
//! One mutex guards everything. A transaction takes its snapshot and its place in the
//! order under it, and the committer publishes under it: whether a transaction's
//! writes are in another's snapshot and whether it is counted as committed before that
//! is one and the same thing. Rows and index entries are noted, the catalog is not.
//!
//! # Bounds
//!
//! Who notes more than `read_set_entries_max` keys and ranges is taken to have read,
//! or written, whole tables and indexes. Of more than `retained_transactions_max`
//! committed transactions, or more than `retained_entries_max` entries of them all, the
//! oldest are merged into one, of which it is no longer known which conflicts it had:
//! then a transaction may be aborted that need not be.
//!
//! A read-only transaction without writers beside it, or whose writers turned out to
//! be harmless, is safe: it notes nothing more. One that is DEFERRABLE waits for such
//! a snapshot ([`SafeWait`]).

mod conflict;
mod sets;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;

pub(super) use conflict::Bounds;
use conflict::{Safety, State};
pub(super) use sets::ReadRecord;
use sets::Target;

use crate::storage::{KeyRange, Keyspace};
use crate::{Error, Result};

/// All serializable transactions of a server.
pub(super) struct Ssi {
    state: Mutex<State>,
}

impl Ssi {
    pub(super) fn new(bounds: Bounds) -> Arc<Ssi> {
        Arc::new(Ssi { state: Mutex::new(State::new(bounds)) })
    }

    /// Takes a snapshot and a place in the order. Of a read-only transaction that
    /// nothing can happen to there is no handle.
    pub(super) fn begin<S>(
        self: &Arc<Self>,
        id: u64,
        pid: i32,
        read_only: bool,
        snapshot: impl FnOnce() -> S,
    ) -> (S, Option<Serializable>) {
        let mut state = self.state.lock();
        let tracked = state.begin(id, pid, read_only);
        let snapshot = snapshot();
        drop(state);
        (snapshot, tracked.then(|| Serializable(Reader { ssi: self.clone(), id })))
    }

    /// Takes the place in the order of a transaction that still runs, with its snapshot.
    pub(super) fn import(
        self: &Arc<Self>,
        id: u64,
        pid: i32,
        read_only: bool,
        source: u64,
    ) -> Result<Option<Serializable>> {
        let tracked = self.state.lock().import(id, pid, read_only, source)?;
        Ok(tracked.then(|| Serializable(Reader { ssi: self.clone(), id })))
    }

    /// Publishes what these transactions have written, and counts them as committed.
    pub(super) fn publish<'a>(
        &self,
        members: impl Iterator<Item = &'a Serializable>,
        publish: impl FnOnce(),
    ) {
        let mut state = self.state.lock();
        publish();
        members.for_each(|member| state.commit(member.0.id));
    }

    /// The place of a transaction that was prepared before the server was started.
    pub(super) fn restore<'w>(
        self: &Arc<Self>,
        id: u64,
        reads: ReadRecord,
        written: impl Iterator<Item = (Keyspace, &'w [u8])>,
        objects: &[(Keyspace, u32)],
    ) -> Serializable {
        self.state.lock().restore(id, reads, written, objects);
        Serializable(Reader { ssi: self.clone(), id })
    }

    /// The sessions whose transactions a session waits for, to get a safe snapshot.
    pub(super) fn safe_snapshot_blockers(&self, pid: i32) -> Vec<i32> {
        self.state.lock().safe_snapshot_blockers(pid)
    }
}

/// A transaction's place among them. Dropping it before it is committed is its rollback.
pub(super) struct Serializable(Reader);

impl Serializable {
    pub(super) fn reader(&self) -> &Reader {
        &self.0
    }

    /// Notes a write, before it is made.
    pub(super) fn note_write(&self, keyspace: Keyspace, key: &[u8]) -> Result<()> {
        match is_noted(keyspace) {
            true => self.0.ssi.state.lock().note_write(self.0.id, keyspace, key),
            false => Ok(()),
        }
    }

    /// Notes that everything in a table or index is replaced or gone.
    pub(super) fn note_object_write(&self, keyspace: Keyspace, object: u32) -> Result<()> {
        self.0.ssi.state.lock().note_object_write(self.0.id, keyspace, object)
    }

    /// What a write of the key would find, without making it.
    pub(super) fn check_write(&self, keyspace: Keyspace, key: &[u8]) -> Result<()> {
        self.0.ssi.state.lock().check_write(self.0.id, keyspace, key)
    }

    /// The last look before the commit: after it the transaction is not aborted for
    /// the sake of others any more.
    pub(super) fn prepare(&self) -> Result<()> {
        self.0.ssi.state.lock().prepare(self.0.id)
    }

    /// What it has read so far, to be written down.
    pub(super) fn read_record(&self) -> ReadRecord {
        self.0.ssi.state.lock().read_record(self.0.id)
    }

    /// The commit of a transaction that has written nothing.
    pub(super) fn finish(self) {
        self.0.ssi.state.lock().commit(self.0.id);
    }

    /// The wait for a read-only transaction's snapshot to be known as safe or not;
    /// none if it is known to be safe.
    pub(super) fn safe_wait(&self) -> Option<SafeWait> {
        let mut state = self.0.ssi.state.lock();
        (state.await_safety(self.0.id) == Safety::Open).then(|| SafeWait(self.0.clone()))
    }
}

impl Drop for Serializable {
    fn drop(&mut self) {
        // Nothing is left of it to roll back once it is committed.
        self.0.ssi.state.lock().roll_back(self.0.id);
    }
}

/// Who reads for a serializable transaction, on whatever thread.
#[derive(Clone)]
pub(super) struct Reader {
    ssi: Arc<Ssi>,
    id: u64,
}

impl Reader {
    pub(super) fn note_key(&self, keyspace: Keyspace, key: &[u8]) -> Result<()> {
        self.note(keyspace, Target::Key(key))
    }

    pub(super) fn note_range(&self, keyspace: Keyspace, range: &KeyRange) -> Result<()> {
        self.note(keyspace, Target::Range(range))
    }

    fn note(&self, keyspace: Keyspace, target: Target<'_>) -> Result<()> {
        match is_noted(keyspace) {
            true => self.ssi.state.lock().note_read(self.id, keyspace, target),
            false => Ok(()),
        }
    }
}

/// Rows and index entries are; the catalog and counters are not.
fn is_noted(keyspace: Keyspace) -> bool {
    matches!(keyspace, Keyspace::Rows | Keyspace::Indexes)
}

/// Until every writer that ran when the snapshot was taken is over: true if the
/// snapshot is safe, false if another one has to be taken.
pub struct SafeWait(Reader);

impl Future for SafeWait {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.0.ssi.state.lock();
        match state.poll_safety(self.0.id, context.waker()) {
            Safety::Safe => Poll::Ready(true),
            Safety::Unsafe => Poll::Ready(false),
            Safety::Open => Poll::Pending,
        }
    }
}

impl Drop for SafeWait {
    fn drop(&mut self) {
        self.0.ssi.state.lock().end_wait(self.0.id);
    }
}

impl Error {
    /// `40001`: a serializable transaction is part of a dangerous structure.
    pub(super) fn read_write_dependencies(reason: impl std::fmt::Display) -> Error {
        Error::serialization_failure(
            "could not serialize access due to read/write dependencies among transactions",
        )
        .with_detail(format!("Reason code: Canceled on {reason}."))
        .with_hint("The transaction might succeed if retried.")
    }
}
