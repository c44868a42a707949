//! One transaction: its snapshot, its writes, its locks.

use std::ops::Range;
use std::sync::Arc;

use super::Isolation;
use super::activity::{Activity, Counted};
use super::begin::Shared;
use super::commit::{Commit, CommitOptions, Content, Request};
use super::lock::{
    Acquired, Claim, EndWait, LockLog, LockMode, LockOutcome, LockSession, Locker, Resource,
    SessionLocks, WaitPolicy,
};
use super::overlay::{Overlay, Scan, committed, spilled};
use super::published::Published;
use super::serializable::{Reader, SafeWait, Serializable};
use super::spill::{OwnSpill, Spill};
use super::write_set::{Change, WriteSet};
use crate::storage::{Key, KeyRange, Keyspace, Value, WriteBatch, WriteError, row};
use crate::{Error, Result, sqlstate};

/// A running transaction. Dropping it rolls it back.
pub struct Transaction {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
    isolation: Isolation,
    read_only: bool,
    /// It writes although it is read-only.
    writes_permitted: bool,
    published: Arc<Published>,
    pub(super) writes: WriteSet,
    pub(super) spill: Spill,
    /// Of a serializable transaction that can be part of an anomaly.
    pub(super) serializable: Option<Serializable>,
    pub(super) locks: LockLog,
    /// What reads see instead of the snapshot and the writes as they are now.
    pinned: Option<Overlay>,
    /// Where its session counts.
    activity: Option<Arc<Activity>>,
    /// What its commit needs on the disk is there.
    is_settled: bool,
    /// How often it has written past the committer.
    pub(super) bulk_loads: u64,
}

/// A point to roll back to: what was written and locked before it stays.
#[derive(Clone)]
pub struct Savepoint {
    writes: WriteSet,
    own_spill: Option<Arc<OwnSpill>>,
    locks: usize,
}

/// A statement's internal savepoint. Unlike [`Savepoint`] it keeps locks.
#[must_use = "a statement that fails is undone with `abort_statement`"]
pub struct StatementMark {
    writes: WriteSet,
    own_spill: Option<Arc<OwnSpill>>,
}

impl Transaction {
    pub(super) fn new(shared: Arc<Shared>, id: u64, published: Arc<Published>) -> Transaction {
        let locks = LockLog::new(shared.locks.clone(), id);
        let writes = WriteSet::default();
        let spill = Spill::default();
        let (isolation, read_only) = (Isolation::default(), false);
        Transaction {
            shared,
            id,
            isolation,
            read_only,
            writes_permitted: false,
            published,
            writes,
            spill,
            serializable: None,
            locks,
            pinned: None,
            activity: None,
            is_settled: false,
            bulk_loads: 0,
        }
    }

    /// A transaction without writes and locks, in the place of this one while another
    /// has it.
    pub fn stand_in(&self) -> Transaction {
        Transaction {
            shared: self.shared.clone(),
            id: self.id,
            isolation: self.isolation,
            read_only: true,
            writes_permitted: false,
            published: self.published.clone(),
            writes: WriteSet::default(),
            spill: Spill::default(),
            serializable: None,
            locks: LockLog::default(),
            pinned: None,
            activity: self.activity.clone(),
            is_settled: false,
            bulk_loads: 0,
        }
    }

    /// Puts another snapshot in force; answers the one before.
    pub fn swap_snapshot(&mut self, published: Arc<Published>) -> Arc<Published> {
        std::mem::replace(&mut self.published, published)
    }

    /// Lets all reads see what a statement saw; answers what they were told before.
    pub fn pin_reads(&mut self, reads: Option<Overlay>) -> Option<Overlay> {
        std::mem::replace(&mut self.pinned, reads)
    }

    pub(super) fn set_characteristics(&mut self, isolation: Isolation, read_only: bool) {
        self.isolation = isolation;
        self.read_only = read_only;
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Read-only from now on, or no longer.
    pub fn set_read_only(&mut self, read_only: bool) {
        self.read_only = read_only;
    }

    /// Lets a read-only transaction write what no other transaction's result depends on:
    /// its session's temporary tables, statistics, an index that is built anew. Who
    /// writes something else has been refused before.
    pub fn permit_writes(&mut self) {
        self.writes_permitted = true;
    }

    /// Whose it is: what a deadlock report, `pg_locks` and `pg_blocking_pids` show.
    /// Its table locks are cheap from then on.
    pub fn set_session(&mut self, session: LockSession) {
        self.activity = session.activity().cloned();
        self.note_snapshot();
        self.locks.set_session(session);
    }

    /// Where what it does is counted.
    pub fn activity(&self) -> Option<&Arc<Activity>> {
        self.activity.as_ref()
    }

    /// Counts something of a table or an index, by OID.
    pub fn count(&self, table: u32, counted: Counted, n: u64) {
        if let Some(activity) = &self.activity {
            activity.count(table, counted, n);
        }
    }

    fn note_snapshot(&self) {
        if let Some(activity) = &self.activity {
            activity.set_snapshot(self.published.commit_ts);
        }
    }

    pub fn session_pid(&self) -> i32 {
        self.locks.session_pid()
    }

    /// The snapshot that reads use now.
    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    pub fn snapshot_ts(&self) -> u64 {
        self.published.commit_ts
    }

    /// True if it has written anything.
    pub fn has_writes(&self) -> bool {
        !self.writes.is_empty() || !self.spill.is_empty()
    }

    /// How often it has written past the committer: index builds and spills.
    pub fn bulk_loads(&self) -> u64 {
        self.bulk_loads
    }

    /// Bytes of its writes in memory, about.
    pub fn write_set_bytes(&self) -> usize {
        self.writes.bytes()
    }

    /// Starts a statement: under READ COMMITTED it gets a new snapshot.
    pub fn begin_statement(&mut self) -> StatementMark {
        if self.isolation == Isolation::ReadCommitted {
            self.refresh_snapshot();
        }
        StatementMark { writes: self.writes.clone(), own_spill: self.spill.own.clone() }
    }

    /// Takes the newest snapshot, whatever the isolation level. For reads that must
    /// be current in any case, such as the catalog's.
    pub fn refresh_snapshot(&mut self) {
        self.published = self.shared.current.load_full();
        self.note_snapshot();
    }

    /// Takes the snapshot of the first statement, in which REPEATABLE READ stays. Only
    /// from then on a serializable transaction counts as running beside others;
    /// `read_only` is what it has been declared by now.
    pub fn take_first_snapshot(&mut self, read_only: bool) {
        // It would count as the end of the one that begins.
        drop(self.serializable.take());
        if self.isolation != Isolation::Serializable {
            return self.refresh_snapshot();
        }
        let (id, pid) = (self.id, self.session_pid());
        let current = || self.shared.current.load_full();
        (self.published, self.serializable) = self.shared.ssi.begin(id, pid, read_only, current);
        self.note_snapshot();
    }

    /// Begins with the snapshot of a transaction that still runs, in place of the first
    /// statement's. `55000` if a serializable one has ended meanwhile.
    pub fn import_snapshot(
        &mut self,
        published: Arc<Published>,
        source: u64,
        read_only: bool,
    ) -> Result<()> {
        drop(self.serializable.take());
        if self.isolation == Isolation::Serializable {
            let (id, pid) = (self.id, self.session_pid());
            self.serializable = self.shared.ssi.import(id, pid, read_only, source)?;
        }
        self.published = published;
        self.note_snapshot();
        Ok(())
    }

    /// Whether the snapshot of a serializable read-only transaction can be part of an
    /// anomaly is known when the writers beside it are over. Until then; none if it
    /// cannot. If it can, [`Transaction::take_first_snapshot`] takes another.
    pub fn safe_wait(&self) -> Option<SafeWait> {
        self.serializable.as_ref()?.safe_wait()
    }

    /// Undoes what the statement wrote; what it locked stays locked. The mark can be
    /// the start of the statement's next attempt.
    pub fn abort_statement(&mut self, mark: StatementMark) {
        self.writes = mark.writes;
        self.is_settled = false;
        self.spill.own = mark.own_spill;
    }

    pub fn savepoint(&mut self) -> Savepoint {
        let (writes, own_spill) = (self.writes.clone(), self.spill.own.clone());
        Savepoint { writes, own_spill, locks: self.locks.position() }
    }

    /// Undoes what was written since the savepoint and releases what was locked since,
    /// as PostgreSQL does. The savepoint can be rolled back to again.
    pub fn rollback_to(&mut self, savepoint: &Savepoint) {
        self.writes = savepoint.writes.clone();
        self.is_settled = false;
        self.spill.own = savepoint.own_spill.clone();
        self.locks.release_since(savepoint.locks);
    }

    /// Forgets a savepoint: its work becomes the surrounding one's.
    pub fn release(&mut self, savepoint: Savepoint) {
        drop(savepoint);
    }

    /// A key's value: own writes first, then the newest committed one. Called under
    /// a lock on what the key stands for, or it is stale at once. It is no read of the
    /// snapshot, so a serializable transaction does not note it; where the statement
    /// goes by what it finds, [`Transaction::note_read`] does.
    pub fn get_newest(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        if let Some(change) = self.writes.get(keyspace, key)? {
            return Ok(change.into_visible());
        }
        // The newest view has this transaction's own spill, too: one look is enough.
        let newest = self.shared.current.load();
        let Some(value) = newest.view.get(keyspace, key)? else { return Ok(None) };
        let own = self.spill.own.as_ref();
        let is_own = own.is_some_and(|own| own.ranges.contains(keyspace, key, &value));
        Ok((is_own || newest.shows(keyspace, key, &value)).then_some(value))
    }

    /// Another transaction whose bulk load has put this index key where nobody sees it
    /// yet. It may be over, and its entry about to be swept; to know, take
    /// [`Resource::Transaction`].
    pub fn loader_of(&self, entry: &[u8]) -> Result<Option<u64>> {
        let newest = self.shared.current.load();
        if newest.in_flight.is_empty() {
            return Ok(None);
        }
        let Some(value) = newest.view.get(Keyspace::Indexes, entry)? else { return Ok(None) };
        let owner = newest.in_flight.owner(Keyspace::Indexes, entry, &value);
        Ok(owner.filter(|id| *id != self.id))
    }

    /// A key's value: own writes first, then the snapshot. A deleted row is none.
    pub fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        if let Some(change) = self.writes.get(keyspace, key)? {
            return Ok(change.into_visible());
        }
        self.note_read(keyspace, key)?;
        match spilled(self.spill.own.as_deref(), keyspace, key)? {
            Some(value) => Ok(Some(value)),
            None => committed(&self.published, keyspace, key),
        }
    }

    /// The newest committed instant, whatever this transaction's snapshot is.
    pub fn newest(&self) -> Arc<Published> {
        self.shared.current.load_full()
    }

    /// Whether the upper layer's state is the same at the snapshot and now: no
    /// catalog change has been committed in between.
    pub fn attachment_is_newest(&self) -> bool {
        let newest = self.shared.current.load();
        Arc::ptr_eq(&newest.attachment, &self.published.attachment)
    }

    /// True if this transaction itself has written the key.
    pub fn has_written(&self, keyspace: Keyspace, key: &[u8]) -> Result<bool> {
        Ok(self.writes.get(keyspace, key)?.is_some())
    }

    /// True if the row, as [`Transaction::get_newest`] found it, was committed after
    /// this transaction's snapshot. REPEATABLE READ then raises `40001`
    /// ([`Error::concurrent_update`]).
    pub fn changed_since_snapshot(&self, row_value: &[u8]) -> bool {
        self.shared.current.load().row_commit_ts(row_value) > self.snapshot_ts()
    }

    /// A handle for reading the snapshot and the writes as they are now.
    pub fn overlay(&self) -> Overlay {
        if let Some(pinned) = &self.pinned {
            return pinned.clone();
        }
        let writes = (!self.writes.is_empty()).then(|| Arc::new(self.writes.clone()));
        let own_spill = self.spill.own.clone();
        Overlay::new(self.published.clone(), writes, own_spill, self.reader())
            .counted_by(self.activity.clone())
    }

    /// A handle for reading the newest committed instant and the writes as they are
    /// now: for checks that must be current whatever the snapshot is.
    pub fn overlay_newest(&self) -> Overlay {
        let writes = (!self.writes.is_empty()).then(|| Arc::new(self.writes.clone()));
        Overlay::new(self.newest(), writes, self.spill.own.clone(), self.reader())
            .counted_by(self.activity.clone())
    }

    fn reader(&self) -> Option<Reader> {
        self.serializable.as_ref().map(|serializable| serializable.reader().clone())
    }

    /// Notes that a serializable transaction has read a key; `40001` if that
    /// completes a dangerous structure.
    pub fn note_read(&self, keyspace: Keyspace, key: &[u8]) -> Result<()> {
        match &self.serializable {
            Some(serializable) => serializable.reader().note_key(keyspace, key),
            None => Ok(()),
        }
    }

    /// `40001` if a serializable transaction would fail by writing the key. For who is
    /// about to fail for another reason that a retry would not find again.
    pub fn check_write(&self, keyspace: Keyspace, key: &[u8]) -> Result<()> {
        match &self.serializable {
            Some(serializable) => serializable.check_write(keyspace, key),
            None => Ok(()),
        }
    }

    /// Notes that all of a table or index is replaced or gone; `40001` as for a write.
    pub fn note_object_write(&self, keyspace: Keyspace, object: u32) -> Result<()> {
        match &self.serializable {
            Some(serializable) => serializable.note_object_write(keyspace, object),
            None => Ok(()),
        }
    }

    /// Writes bytes outside of this transaction; see
    /// [`Transactions::system_write`](super::Transactions::system_write).
    pub fn system_write(&self, batch: WriteBatch) -> Commit {
        self.shared.system_write(batch)
    }

    /// A checkpoint to be run where blocking is allowed: commits that are queued by
    /// then are in it.
    pub fn checkpoint(&self) -> impl FnOnce() -> Result<()> + Send + 'static {
        let (queued, engine) = (self.system_write(WriteBatch::new()), self.shared.engine.clone());
        move || {
            queued.wait()?;
            engine.checkpoint().map_err(WriteError::into_error)
        }
    }

    /// Takes `count` consecutive row ids of a table. They are never handed out again.
    pub fn allocate_rids(&self, table: u32, count: u64) -> Result<Range<u64>> {
        self.shared.allocate_rids(table, count)
    }

    /// The entries of a range, ascending or descending; sees writes made up to now.
    pub fn scan(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Scan {
        self.overlay().scan(keyspace, range, reverse)
    }

    /// Writes a row: a value with a [`row`] header, whose writer this fills in, and
    /// the commit its timestamp.
    pub fn put_row(&mut self, key: impl Into<Key>, mut value: Vec<u8>) -> Result<()> {
        assert!(value.len() >= row::HEADER_LEN, "a row value starts with its header");
        row::set_writer(&mut value, self.id());
        self.write(Keyspace::Rows, key.into(), Change::PutRow(value.into()))
    }

    /// Writes a row under a rid that was allocated for this transaction and never
    /// used. Unlike [`Transaction::put_row`] it does not count against memory for
    /// long: beyond the budget new rows are spilled, which blocks on the disk.
    pub fn insert_row(&mut self, key: impl Into<Key>, mut value: Vec<u8>) -> Result<()> {
        assert!(value.len() >= row::HEADER_LEN, "a row value starts with its header");
        row::set_writer(&mut value, self.id());
        self.write(Keyspace::Rows, key.into(), Change::NewRow(value.into()))
    }

    /// Writes an index entry for a row of [`Transaction::insert_row`], under a key that
    /// has no committed entry (of a unique index: under the key's lock). It may spill.
    /// Only for entries made in the statement that inserts the row: a later update of
    /// the row puts its entries with [`Transaction::put`].
    pub fn insert_index_entry(
        &mut self,
        key: impl Into<Key>,
        value: impl Into<Value>,
    ) -> Result<()> {
        self.write(Keyspace::Indexes, key.into(), Change::NewEntry(value.into()))
    }

    /// Deletes a row, leaving a marker with the commit's timestamp.
    pub fn delete_row(&mut self, key: impl Into<Key>) -> Result<()> {
        self.write(Keyspace::Rows, key.into(), Change::DeleteRow)
    }

    /// As [`Transaction::delete_row`], of a row that goes on in another partition:
    /// [`Transaction::has_moved`] tells others so.
    pub fn move_row_away(&mut self, key: impl Into<Key>) -> Result<()> {
        self.write(Keyspace::Rows, key.into(), Change::MoveRow)
    }

    /// Whether a row that was there in some snapshot and is no more, as
    /// [`Transaction::get_newest`] found out, has moved to another partition.
    pub fn has_moved(&self, key: &[u8]) -> Result<bool> {
        let newest = self.shared.current.load().view.get(Keyspace::Rows, key)?;
        Ok(newest.is_some_and(|marker| row::is_moved(&marker)))
    }

    pub fn put(
        &mut self,
        keyspace: Keyspace,
        key: impl Into<Key>,
        value: impl Into<Value>,
    ) -> Result<()> {
        self.write(keyspace, key.into(), Change::Put(value.into()))
    }

    pub fn delete(&mut self, keyspace: Keyspace, key: impl Into<Key>) -> Result<()> {
        self.write(keyspace, key.into(), Change::Delete)
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        if self.read_only && !self.writes_permitted {
            return Err(Error::new(
                sqlstate::READ_ONLY_SQL_TRANSACTION,
                "cannot write in a read-only transaction",
            ));
        }
        Ok(())
    }

    fn write(&mut self, keyspace: Keyspace, key: Key, change: Change) -> Result<()> {
        self.check_writable()?;
        if self.spill_is_due() {
            self.spill()?;
        }
        let limits = &self.shared.limits;
        if self.writes.lasting_bytes() > limits.write_set_bytes_max {
            return Err(Error::out_of_memory(format!(
                "The transaction has changed more than {} bytes of the catalog.",
                limits.write_set_bytes_max
            )));
        }
        if let Some(serializable) = &self.serializable {
            serializable.note_write(keyspace, &key)?;
        }
        let before = self.writes.get(keyspace, &key)?;
        let was_new = before.as_ref().map(Change::is_new);
        if change.removes() && was_new == Some(true) && self.spill.is_empty() {
            self.writes.remove(keyspace, &key);
            return Ok(());
        }
        // A key that was removed or replaced before is not new: others may see it.
        let is_new = was_new.unwrap_or(true);
        self.is_settled = false;
        self.writes.insert(keyspace, key, if is_new { change } else { change.not_new() });
        Ok(())
    }

    /// Puts a change, made from the transaction's id, that is the transaction's own affair:
    /// no other one can be in conflict with it.
    pub(super) fn put_change(
        &mut self,
        keyspace: Keyspace,
        key: Key,
        change: impl FnOnce(u64) -> Change,
    ) -> Result<()> {
        self.check_writable()?;
        if self.writes.map(keyspace).get(&key).is_none() {
            let change = change(self.id());
            self.writes.insert(keyspace, key, change);
        }
        Ok(())
    }

    /// Whether the next write would first write out what is over its budget, which
    /// blocks on the disk: [`Transaction::spill`] does it at a time of the caller's choice.
    pub fn spill_is_due(&self) -> bool {
        self.writes.new_bytes() > self.shared.limits.spill_bytes || self.run_is_due()
    }

    pub(super) fn run_is_due(&self) -> bool {
        self.writes.run_bytes() > self.shared.limits.run_bytes
    }

    /// Writes out what a commit of a large transaction needs on the disk, which blocks.
    /// [`Transaction::commit`] does it itself if nobody has before; if it fails, the
    /// transaction can only be rolled back.
    pub fn settle(&mut self) -> Result<()> {
        if self.writes.runs().is_empty() || self.is_settled {
            return Ok(());
        }
        self.write_run()?;
        self.writes.runs().sync(&*self.shared.engine)?;
        self.is_settled = true;
        Ok(())
    }

    /// Reads back what was written out of existing rows' changes, which blocks. As
    /// [`Transaction::settle`], for [`Transaction::prepare`]. `53200` if it is too much.
    pub fn gather(&mut self) -> Result<()> {
        if self.is_large() {
            self.writes = self.writes.gathered(self.shared.limits.write_set_bytes_max)?;
        }
        Ok(())
    }

    /// Whether [`Transaction::settle`] or [`Transaction::gather`] has something to do.
    pub fn is_large(&self) -> bool {
        !self.writes.runs().is_empty()
    }

    /// Takes a lock, or says that it must be waited for. A lock lasts until the
    /// transaction's end, or a rollback to a savepoint before it.
    pub fn lock(&mut self, resource: Resource, mode: LockMode, policy: WaitPolicy) -> LockOutcome {
        match self.locks.acquire(resource, mode, policy) {
            Acquired::Granted => LockOutcome::Granted,
            Acquired::AlreadyHeld => LockOutcome::AlreadyHeld,
            Acquired::Wait(wait) => LockOutcome::Wait(wait),
            Acquired::NotAvailable => LockOutcome::NotAvailable,
        }
    }

    /// The transactions of others that hold a lock on a table which conflicts with a mode.
    pub fn lockers(&self, table: Resource, mode: LockMode) -> Vec<Locker> {
        self.locks.lockers(table, mode)
    }

    /// Waits until one of [`Transaction::lockers`] is over; none if it does not hold such a
    /// lock any more. Nobody queues behind this wait.
    pub fn end_of(&mut self, locker: Locker, table: Resource, mode: LockMode) -> Option<EndWait> {
        self.locks.end_of(locker, table, mode)
    }

    /// Claims a span of an index until the transaction's end; if somebody else's claim is
    /// in the way, that one.
    pub fn claim(&mut self, index: u32, claim: Claim) -> std::result::Result<(), Locker> {
        self.locks.claim(index, claim)
    }

    /// Waits for the end of one whose claim was in the way; none if it is gone.
    pub fn end_of_claim(&mut self, locker: Locker, index: u32, claim: Claim) -> Option<EndWait> {
        self.locks.end_of_claim(locker, index, claim)
    }

    /// Locks of its session that outlive it.
    pub fn session_locks(&self) -> Result<SessionLocks> {
        let shared = &self.shared;
        let owner = shared
            .ids
            .transaction(shared.limits.transaction_id_block, |mark| shared.submit_mark(mark))?;
        Ok(SessionLocks::new(shared.locks.clone(), owner, self.session_pid()))
    }

    /// Where the locks are now: [`Transaction::release_locks_since`] goes back to it.
    pub fn lock_mark(&mut self) -> usize {
        self.locks.position()
    }

    /// Releases what was locked since a mark. Only for locks that were taken to wait for
    /// others, and with no savepoint in between.
    pub fn release_locks_since(&mut self, mark: usize) {
        self.locks.release_since(mark);
    }

    /// Hands the transaction to the committer. One that wrote nothing ends here, and
    /// so does a serializable one that is part of a dangerous structure (`40001`).
    pub fn commit(mut self, options: CommitOptions) -> Commit {
        if let Err(error) = self.settle() {
            return Commit::ready(Err(error));
        }
        let dead = match self.spill.dead(&self.writes) {
            Ok(dead) => dead,
            Err(error) => return Commit::ready(Err(error)),
        };
        let writes = std::mem::take(&mut self.writes);
        let locks = std::mem::take(&mut self.locks);
        let spill = std::mem::take(&mut self.spill);
        let serializable = self.serializable.take();
        if let Some(Err(error)) = serializable.as_ref().map(Serializable::prepare) {
            (self.writes, self.locks, self.spill) = (writes, locks, spill);
            return Commit::ready(Err(error));
        }
        let writes_nothing = writes.is_empty() && spill.is_empty() && options.also.is_empty();
        if writes_nothing && options.publish.is_none() {
            serializable.into_iter().for_each(Serializable::finish);
            return Commit::ready(Ok(self.snapshot_ts()));
        }
        let (commit, reply) = Commit::new();
        let CommitOptions { durability, publish, row_deltas, also } = options;
        let content = if spill.is_empty() {
            Content::Transaction(writes)
        } else {
            self.shared.ingesting.lock().remove(&self.id);
            Content::Spilled { writes, id: self.id, dead }
        };
        self.shared.submit(Request {
            content,
            durability,
            publish,
            row_deltas,
            serializable,
            locks,
            also,
            reply,
        });
        commit
    }

    /// Forgets the writes and releases the locks.
    pub fn rollback(self) {
        drop(self);
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(activity) = &self.activity {
            activity.set_snapshot(0);
        }
        if !self.spill.is_empty() {
            self.shared.ingesting.lock().remove(&self.id);
            self.shared.sweeper.add(self.id);
        }
    }
}

impl Error {
    /// `40001`: the row was updated by a transaction that the snapshot does not see.
    pub fn concurrent_update() -> Error {
        Error::serialization_failure("could not serialize access due to concurrent update")
    }

    /// `40001`: the row is in another partition now, where no lock on it is asked for.
    pub fn moved_to_another_partition() -> Error {
        Error::serialization_failure(
            "tuple to be locked was already moved to another partition due to concurrent update",
        )
    }

    /// `40001`: the row was deleted by a transaction that the snapshot does not see.
    pub fn concurrent_delete() -> Error {
        Error::serialization_failure("could not serialize access due to concurrent delete")
    }
}
