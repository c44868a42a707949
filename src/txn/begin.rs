//! The handle: open, begin, look, shut down.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::activity::{Activities, CommitCounts, CommitHistograms, CommitStatistics};
use super::archive::{self, Archive, ArchiveStart, ArchiveStatus, Archiving};
use super::commit::{Attachment, Commit, Content, Request};
use super::committer::{Committer, Queue};
use super::ids::Ids;
use super::limits::Limits;
use super::lock::{LockLog, LockMode, LockSession, LockStatus, LockTable, Resource, SessionLocks};
use super::observer::Observer;
use super::prepared;
use super::published::{Held, Published, SnapshotStatus, decode_u64};
use super::recorded::RecordedHook;
use super::runs;
use super::serializable::{Bounds, Ssi};
use super::spill::{InFlight, RidRanges, SpillTimestamps};
use super::sweeper::{self, Sweeper};
use super::transaction::Transaction;
use super::view::View;
use super::{Durability, Isolation};
use crate::storage::key::Meta;
use crate::storage::{Engine, EngineStatistics, Keyspace, ReadView, WriteBatch, WriteError};
use crate::{Error, Result};

/// Called when nobody can know whether a write happened. The default logs and ends
/// the process. If a hook returns (in a test), every later commit fails.
pub type OutcomeHook = Arc<dyn Fn(&Error) + Send + Sync>;

/// What sessions and the committer share.
pub(super) struct Shared {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) limits: Limits,
    pub(super) current: ArcSwap<Published>,
    pub(super) held: Held,
    pub(super) queue: Queue,
    pub(super) locks: Arc<LockTable>,
    pub(super) ids: Ids,
    pub(super) sweeper: Sweeper,
    pub(super) prepared: prepared::Registry,
    /// Running and prepared transactions that ingest, past the committer.
    pub(super) ingesting: Mutex<HashSet<u64>>,
    pub(super) ssi: Arc<Ssi>,
    pub(super) activities: Arc<Activities>,
    pub(super) commit_statistics: CommitStatistics,
    pub(super) on_unknown_outcome: OutcomeHook,
    pub(super) archive: Option<Archive>,
    /// Is told of commits.
    pub(super) observer: OnceLock<Arc<dyn Observer>>,
    /// Is told that there are recorded commits.
    pub(super) on_recorded: OnceLock<RecordedHook>,
    /// Of a store without threads: who waits for the committer runs it.
    #[cfg(test)]
    stepped: Mutex<Option<Committer>>,
}

impl Shared {
    pub(super) fn submit(&self, request: Request) {
        if let Err(request) = self.queue.push(request) {
            request.give_up(self, Error::shutting_down());
        }
    }

    /// Submits something of the layer's own and waits for it.
    pub(super) fn submit_and_wait(&self, content: Content) -> Result<u64> {
        let (commit, request) = own_request(content, Durability::Buffer);
        self.submit(request);
        #[cfg(test)]
        while self.step_commit() {}
        commit.wait()
    }

    /// Refuses while refusing is still possible: a full disk in the middle of a write, a
    /// flush or a compaction cannot be taken back.
    pub(super) fn require_room(&self, bytes: u64) -> Result<()> {
        let reserve = self.limits.disk_reserve_bytes;
        match self.engine.free_bytes() {
            Some(free) if free < reserve.saturating_add(bytes) => Err(Error::disk_full(format!(
                "{free} bytes are free, and {reserve} are kept for finishing what was committed."
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn submit_mark(&self, batch: WriteBatch) -> Result<()> {
        let (_commit, request) = system_request(batch, Durability::Buffer);
        self.queue.push(request).map_err(|_| Error::shutting_down())
    }
}

/// A store without threads, for tests that say when what happens.
#[cfg(test)]
impl Shared {
    /// Commits the next group; false if none is queued, or there is a thread for it.
    fn step_commit(&self) -> bool {
        self.stepped.lock().as_mut().is_some_and(Committer::step)
    }
}

#[cfg(test)]
impl Transactions {
    /// Opens without threads: [`Transactions::step_commit`] and its siblings do their work.
    pub(super) fn open_stepped(
        engine: Arc<dyn Engine>,
        limits: Limits,
        on_unknown_outcome: OutcomeHook,
    ) -> Result<Transactions> {
        let (shared, recovered) = open_shared(engine, limits, on_unknown_outcome, Archiving::Off)?;
        prepared::restore(&shared, recovered)?;
        *shared.stepped.lock() = Some(Committer::new(shared.clone()));
        let (threads, archiver) = (Mutex::default(), Mutex::default());
        Ok(Transactions(Arc::new(Running { shared, threads, archiver })))
    }

    pub(super) fn step_commit(&self) -> bool {
        self.shared().step_commit()
    }

    /// Syncs what was committed without; at its time, whatever the clock says.
    pub(super) fn step_sync(&self) {
        if let Some(committer) = self.shared().stepped.lock().as_mut() {
            committer.sync();
        }
    }

    /// Sweeps one spill, unless somebody is ingesting: the sweeper would wait for that.
    pub(super) fn step_sweep(&self) -> Result<()> {
        let shared = self.shared();
        if !shared.ingesting.lock().is_empty() {
            return Ok(());
        }
        shared.sweeper.take().map_or(Ok(()), |id| sweeper::sweep(shared, id))
    }
}

impl Shared {
    pub(super) fn system_write(&self, batch: WriteBatch) -> Commit {
        let (commit, request) = system_request(batch, Durability::Sync);
        self.submit(request);
        commit
    }

    pub(super) fn allocate_rids(&self, table: u32, count: u64) -> Result<Range<u64>> {
        let published = self.current.load_full();
        self.ids.rids(table, count, self.limits.rid_block, &published.view, |mark| {
            self.submit_mark(mark)
        })
    }
}

fn system_request(batch: WriteBatch, durability: Durability) -> (Commit, Request) {
    own_request(Content::System(batch), durability)
}

fn own_request(content: Content, durability: Durability) -> (Commit, Request) {
    let (commit, reply) = Commit::new();
    let request = Request {
        content,
        durability,
        publish: None,
        row_deltas: Vec::new(),
        serializable: None,
        locks: LockLog::default(),
        also: WriteBatch::new(),
        reply,
    };
    (commit, request)
}

impl Error {
    /// `57P01`: the server stops and takes no more work.
    pub fn shutting_down() -> Error {
        Error::fatal(
            crate::sqlstate::ADMIN_SHUTDOWN,
            "terminating connection due to administrator command",
        )
    }
}

/// What the last run left in flight: its transactions are no more.
fn unfinished_spills(view: &dyn ReadView) -> Result<InFlight> {
    let mut in_flight = InFlight::default();
    for entry in view.range(Keyspace::Meta, &Meta::spills(), false) {
        let (key, record) = entry?;
        if let Some(id) = Meta::spill_id(&key) {
            in_flight.set(id, RidRanges::decode(&record)?);
        }
    }
    Ok(in_flight)
}

fn end_process() -> OutcomeHook {
    Arc::new(|error| {
        tracing::error!("outcome of a commit is unknown, ending the process: {error}");
        std::process::abort()
    })
}

/// The archive, and the engine told of it, before anybody else writes.
fn open_archive(engine: &dyn Engine, archiving: Archiving) -> Result<Option<Archive>> {
    let view = engine.view();
    let (archive, batch) = match archiving {
        Archiving::To(options) => {
            let (archive, batch) = Archive::open(options, &*view)?;
            (Some(archive), Some(batch))
        }
        Archiving::Kept => (None, None),
        Archiving::Off => (None, Archive::leave(&*view)?),
    };
    if let Some(batch) = batch {
        engine.write(batch, Durability::Sync).map_err(WriteError::into_error)?;
    }
    Ok(archive)
}

/// Everything that is shared, as the store was left; and what was left prepared.
fn open_shared(
    engine: Arc<dyn Engine>,
    limits: Limits,
    on_unknown_outcome: OutcomeHook,
    archiving: Archiving,
) -> Result<(Arc<Shared>, Vec<prepared::Recovered>)> {
    runs::redo(&*engine)?;
    let archive = open_archive(&*engine, archiving)?;
    let view = engine.view();
    let commit_ts =
        view.get(Keyspace::Meta, &Meta::CommitTs.key())?.map_or(0, |value| decode_u64(&value));
    let ids = Ids::load(&*view)?;
    let in_flight = unfinished_spills(&*view)?;
    let recovered = prepared::recover(&*view, &in_flight)?;
    let sweeper = Sweeper::default();
    let is_prepared = |id: &u64| recovered.iter().any(|other| other.prepared.info.id == *id);
    in_flight.ids().into_iter().filter(|id| !is_prepared(id)).for_each(|id| sweeper.add(id));
    let published = Arc::new(Published {
        commit_ts,
        attachment: Arc::new(()),
        view: View::new(view),
        written_bytes: 0,
        taken: SystemTime::now(),
        in_flight,
        spill_timestamps: SpillTimestamps::default(),
        observer: None,
        instant: 0,
        gaps: Arc::default(),
    });
    let held = Held::default();
    held.push(&published);
    let bounds = Bounds {
        entries_max: limits.read_set_entries_max,
        retained_max: limits.retained_transactions_max,
        retained_entries_max: limits.retained_entries_max,
    };
    let shared = Arc::new(Shared {
        queue: Queue::new(limits.commit_queue_max),
        locks: Arc::new(LockTable::new(limits.deadlock_steps_max)),
        engine,
        limits,
        current: ArcSwap::new(published),
        held,
        ids,
        sweeper,
        prepared: prepared::Registry::default(),
        ingesting: Mutex::default(),
        ssi: Ssi::new(bounds),
        activities: Arc::default(),
        commit_statistics: CommitStatistics::default(),
        on_unknown_outcome,
        archive,
        observer: OnceLock::new(),
        on_recorded: OnceLock::new(),
        #[cfg(test)]
        stepped: Mutex::default(),
    });
    Ok((shared, recovered))
}

pub(super) struct Running {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    archiver: Mutex<Option<JoinHandle<()>>>,
}

impl Running {
    fn shutdown(&self) {
        #[cfg(test)]
        drop(self.shared.stepped.lock().take());
        self.shared.sweeper.close();
        self.shared.queue.close();
        for thread in self.threads.lock().drain(..) {
            // A panic on the commit path has ended the process already.
            let _ = thread.join();
        }
        // Only now nothing is archived any more.
        if let Some(archive) = &self.shared.archive {
            archive.close();
        }
        if let Some(archiver) = self.archiver.lock().take() {
            let _ = archiver.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// All transactions over one engine. A handle: cloning shares it; the last one
/// dropped shuts the committer down.
#[derive(Clone)]
pub struct Transactions(pub(super) Arc<Running>);

impl Transactions {
    pub fn open(engine: Arc<dyn Engine>, limits: Limits) -> Result<Transactions> {
        Transactions::open_archiving(engine, limits, end_process(), Archiving::Off)
    }

    /// Opens, and archives what is committed from now on if it is told where.
    pub fn open_with_archive(
        engine: Arc<dyn Engine>,
        limits: Limits,
        archiving: Archiving,
    ) -> Result<Transactions> {
        Transactions::open_archiving(engine, limits, end_process(), archiving)
    }

    /// Opens with another reaction to a write whose outcome is unknown.
    pub fn open_with(
        engine: Arc<dyn Engine>,
        limits: Limits,
        on_unknown_outcome: OutcomeHook,
    ) -> Result<Transactions> {
        Transactions::open_archiving(engine, limits, on_unknown_outcome, Archiving::Off)
    }

    /// Opens with both.
    pub fn open_archiving(
        engine: Arc<dyn Engine>,
        limits: Limits,
        on_unknown_outcome: OutcomeHook,
        archiving: Archiving,
    ) -> Result<Transactions> {
        let (shared, recovered) = open_shared(engine, limits, on_unknown_outcome, archiving)?;
        prepared::restore(&shared, recovered)?;
        let threads = vec![Committer::start(shared.clone())?, sweeper::start(shared.clone())?];
        let archiver = Mutex::new(archive::start_shipping(shared.clone())?);
        Ok(Transactions(Arc::new(Running { shared, threads: Mutex::new(threads), archiver })))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// The newest committed instant.
    pub fn published(&self) -> Arc<Published> {
        self.shared().current.load_full()
    }

    /// The highest table or index that an unfinished bulk load wrote to. Its entries
    /// may lie there, hidden, after a crash that forgot the object: nothing else may
    /// get its number.
    pub fn highest_unfinished_object(&self) -> Option<u32> {
        let in_flight = &self.published().in_flight;
        let spills = in_flight.ids().into_iter().filter_map(|id| in_flight.get(id));
        spills.flat_map(|ranges| ranges.objects()).map(|(_, object)| object).max()
    }

    /// Begins with the snapshot of now.
    pub fn begin(&self, isolation: Isolation, read_only: bool) -> Result<Transaction> {
        let mut transaction = self.begin_later(isolation, read_only)?;
        transaction.take_first_snapshot(read_only);
        Ok(transaction)
    }

    /// Begins a transaction whose first statement, and with it the snapshot that
    /// counts ([`Transaction::take_first_snapshot`]), is still to come.
    pub fn begin_later(&self, isolation: Isolation, read_only: bool) -> Result<Transaction> {
        let shared = self.shared();
        let id = shared
            .ids
            .transaction(shared.limits.transaction_id_block, |mark| shared.submit_mark(mark))?;
        let published = shared.current.load_full();
        let mut transaction = Transaction::new(shared.clone(), id, published);
        transaction.set_characteristics(isolation, read_only);
        Ok(transaction)
    }

    /// The id of the next transaction to begin.
    pub fn next_transaction_id(&self) -> u64 {
        self.shared().ids.next_transaction()
    }

    /// Writes bytes durably, outside any transaction, in order with commits: sequence
    /// blocks, object counters. It gets no commit timestamp; the future yields the
    /// newest one.
    pub fn system_write(&self, batch: WriteBatch) -> Commit {
        self.shared().system_write(batch)
    }

    /// Takes `count` consecutive row ids of a table. They are never handed out again.
    pub fn allocate_rids(&self, table: u32, count: u64) -> Result<Range<u64>> {
        self.shared().allocate_rids(table, count)
    }

    /// The oldest commit timestamp somebody can still read at: what was deleted or
    /// replaced at or before it is invisible to everyone.
    pub fn oldest_active_ts(&self) -> u64 {
        self.shared().held.oldest()
    }

    /// Sets the upper layer's state, in order with commits; used once after opening.
    pub fn set_attachment(&self, attachment: Attachment) -> Result<()> {
        let (commit, mut request) = system_request(WriteBatch::new(), Durability::Buffer);
        request.publish = Some(Box::new(move |_| attachment));
        self.shared().submit(request);
        commit.wait().map(|_| ())
    }

    /// A session's place among the lock holders, for all of its transactions.
    pub fn lock_session(&self, pid: i32) -> LockSession {
        self.session(pid, 0)
    }

    /// The same, of a session whose database is known by OID: its counts are that one's.
    pub fn session(&self, pid: i32, database: u32) -> LockSession {
        let activity = self.shared().activities.add_session(pid, database);
        LockSession::new(&self.shared().locks, pid).counted_by(activity)
    }

    /// What all sessions have done.
    pub fn activities(&self) -> &Activities {
        &self.shared().activities
    }

    /// What the committer has done.
    pub fn commit_counts(&self) -> CommitCounts {
        self.shared().commit_statistics.counts()
    }

    /// The same by sizes of groups and times of syncs.
    pub fn commit_histograms(&self) -> CommitHistograms {
        self.shared().commit_statistics.histograms()
    }

    /// How long the group that is being written has taken so far; none if there is none.
    pub fn commit_waits(&self) -> Option<Duration> {
        self.shared().commit_statistics.writes_since()
    }

    /// The instants that somebody holds, oldest first.
    pub fn snapshots(&self) -> Vec<SnapshotStatus> {
        self.shared().held.status(self.published().written_bytes)
    }

    /// Locks of a session that outlive its transactions (session advisory locks).
    pub fn session_locks(&self, session_pid: i32) -> Result<SessionLocks> {
        let shared = self.shared();
        let owner = shared
            .ids
            .transaction(shared.limits.transaction_id_block, |mark| shared.submit_mark(mark))?;
        Ok(SessionLocks::new(shared.locks.clone(), owner, session_pid))
    }

    /// Every lock that is held or waited for, as `pg_locks` shows it. At most `max`.
    pub fn lock_status(&self, max: usize) -> Vec<LockStatus> {
        self.shared().locks.status(max)
    }

    /// Whether a session holds a lock in a mode at least as strong as this.
    pub fn holds(&self, session_pid: i32, resource: Resource, mode: LockMode) -> bool {
        self.shared().locks.holds(session_pid, resource, mode)
    }

    /// The sessions that a session waits for, as `pg_blocking_pids` answers.
    pub fn blocking_pids(&self, session_pid: i32) -> Vec<i32> {
        self.shared().locks.blocking_pids(session_pid)
    }

    /// The sessions whose writing transactions a session waits for, to get a snapshot
    /// that is safe: `pg_safe_snapshot_blocking_pids`.
    pub fn safe_snapshot_blocking_pids(&self, session_pid: i32) -> Vec<i32> {
        self.shared().ssi.safe_snapshot_blockers(session_pid)
    }

    /// The sessions that wait for a lock, and for which.
    pub fn waits(&self) -> Vec<(i32, Resource)> {
        self.shared().locks.waits()
    }

    /// An instant to be backed up, and where a replay of the archive over it begins.
    pub fn begin_backup(&self) -> Result<(Arc<Published>, Option<ArchiveStart>)> {
        let shared = self.shared();
        let start = shared.archive.as_ref().map(Archive::start);
        // What the archive had by then is in the view that this publishes.
        shared.submit_and_wait(Content::System(WriteBatch::new()))?;
        let published = shared.current.load_full();
        let start = match start {
            Some(start) => Some(start),
            None => Archive::start_of_kept(&*shared.engine.view())?,
        };
        Ok((published, start))
    }

    /// What the archive has done; none if there is no archive.
    pub fn archive_status(&self) -> Option<ArchiveStatus> {
        self.shared().archive.as_ref().map(Archive::status)
    }

    /// Sends what was archived up to now on its way, as if its segment were full.
    pub fn switch_archive_segment(&self) -> Result<()> {
        match self.shared().archive.as_ref().map(Archive::switch) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(WriteError::Refused(error))) => Err(error),
            Some(Err(WriteError::Unknown(error))) => {
                (self.shared().on_unknown_outcome)(&error);
                Err(error)
            }
        }
    }

    /// The engine, for what reads files and not transactions: [`Engine::verify`] and
    /// [`Engine::compact`].
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.shared().engine
    }

    pub fn engine_statistics(&self) -> EngineStatistics {
        self.shared().engine.statistics()
    }

    pub fn limits(&self) -> &Limits {
        &self.shared().limits
    }

    /// Commits what is queued, syncs, and stops. Later commits fail with `57P01`.
    pub fn shutdown(&self) {
        self.0.shutdown();
    }
}
