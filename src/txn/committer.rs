//! The one thread that writes.
//!
//! It takes what is queued (up to the group's limits), gives each transaction the
//! next timestamp, makes one batch of everything, writes it with one fsync, opens
//! one view, lets the publish hooks make the new attachment, publishes, releases
//! the members' locks, and wakes them. While it waits for the disk the next group
//! gathers, so more clients make larger groups, not more fsyncs.
//!
//! With an archive, the batch is appended there first ([`archive`](super::archive)).
//!
//! A group with any synchronous member is fsynced; one without is written to the
//! operating system and fsynced within [`Limits::sync_delay_max`](super::Limits).
//!
//! A large transaction is alone in its group: its runs are merged into the engine after
//! its batch and before the view ([`runs`](super::runs)).
//!
//! What it refuses, it refuses before the write: the disk's reserve is reached, or
//! the engine says [`WriteError::Refused`]. Any other failure of a write or an
//! fsync leaves the outcome unknown and goes to the outcome hook.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

use parking_lot::{Condvar, Mutex};

use super::begin::Shared;
use super::commit::{Attachment, Content, Reply, Request};
use super::gaps::Gaps;
use super::observer;
use super::published::Published;
use super::runs::{Redo, Runs};
use super::serializable::Serializable;
use super::spill::{InFlight, RidRanges};
use super::view::View;
use super::write_set::WriteSet;
use crate::storage::key::{self, Meta};
use crate::storage::{Durability, Key, Keyspace, Value, Write, WriteBatch, WriteError};
use crate::{Error, Result, sqlstate};

/// The bounded FIFO between sessions and the committer.
pub(super) struct Queue {
    state: Mutex<QueueState>,
    filled: Condvar,
    drained: Condvar,
    max: usize,
}

#[derive(Default)]
struct QueueState {
    requests: VecDeque<Request>,
    closed: bool,
}

impl Queue {
    pub(super) fn new(max: usize) -> Queue {
        Queue { state: Mutex::default(), filled: Condvar::new(), drained: Condvar::new(), max }
    }

    /// Adds a request, waiting for room; gives it back if the queue is closed.
    #[expect(clippy::result_large_err, reason = "the request comes back once, at shutdown")]
    pub(super) fn push(&self, request: Request) -> Result<(), Request> {
        let mut state = self.state.lock();
        while state.requests.len() >= self.max && !state.closed {
            self.drained.wait(&mut state);
        }
        if state.closed {
            return Err(request);
        }
        state.requests.push_back(request);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// The next group, if there is one.
    #[cfg(test)]
    fn take_queued(&self, shared: &Shared) -> Option<Vec<Request>> {
        let mut state = self.state.lock();
        (!state.requests.is_empty()).then(|| take_group(&mut state.requests, shared))
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_all();
        self.drained.notify_all();
    }

    /// The next group; waits for one until the deadline, if there is one.
    fn take(&self, shared: &Shared, deadline: Option<Instant>) -> Taken {
        let mut state = self.state.lock();
        while state.requests.is_empty() {
            if state.closed {
                return Taken::Closed;
            }
            match deadline {
                None => self.filled.wait(&mut state),
                Some(deadline) => {
                    if self.filled.wait_until(&mut state, deadline).timed_out() {
                        return Taken::DeadlinePassed;
                    }
                }
            }
        }
        let group = take_group(&mut state.requests, shared);
        drop(state);
        self.drained.notify_all();
        Taken::Group(group)
    }
}

enum Taken {
    Group(Vec<Request>),
    DeadlinePassed,
    Closed,
}

fn take_group(requests: &mut VecDeque<Request>, shared: &Shared) -> Vec<Request> {
    let limits = &shared.limits;
    let mut group = Vec::new();
    let mut bytes = 0;
    while group.len() < limits.group_transactions_max {
        let Some(next) = requests.front() else { break };
        let alone = matches!(next.content, Content::Sweep { .. }) || next.content.runs().is_some();
        bytes += next.content.bytes();
        if !group.is_empty() && (alone || bytes > limits.group_bytes_max) {
            break;
        }
        group.extend(requests.pop_front());
        if alone {
            break;
        }
    }
    group
}

pub(super) struct Committer {
    shared: Arc<Shared>,
    commit_ts: u64,
    /// Bytes of all batches so far.
    written_bytes: u64,
    /// Row counts as of the newest group, of the tables that were written to.
    row_counts: HashMap<u32, i64>,
    /// When the oldest unsynced group must be synced.
    sync_by: Option<Instant>,
    /// The outcome of a write is unknown: nothing may be written any more.
    broken: bool,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>) -> Committer {
        let commit_ts = shared.current.load().commit_ts;
        Committer {
            shared,
            commit_ts,
            written_bytes: 0,
            row_counts: HashMap::new(),
            sync_by: None,
            broken: false,
        }
    }

    /// Commits the next group; false if none is queued.
    #[cfg(test)]
    pub(super) fn step(&mut self) -> bool {
        let shared = self.shared.clone();
        let group = shared.queue.take_queued(&shared);
        group.map(|group| self.commit(group)).is_some()
    }

    pub(super) fn start(shared: Arc<Shared>) -> Result<JoinHandle<()>> {
        let mut committer = Committer::new(shared);
        let run = move || {
            if catch_unwind(AssertUnwindSafe(|| committer.run())).is_err() {
                tracing::error!("panic on the commit path, ending the process");
                std::process::abort();
            }
        };
        std::thread::Builder::new()
            .name("committer".into())
            .spawn(run)
            .map_err(|error| Error::io("start the committer thread", &error))
    }

    fn run(&mut self) {
        let shared = self.shared.clone();
        loop {
            match shared.queue.take(&shared, self.sync_by) {
                Taken::Group(group) => self.commit(group),
                Taken::DeadlinePassed => self.sync(),
                Taken::Closed => {
                    self.sync();
                    return;
                }
            }
        }
    }

    pub(super) fn sync(&mut self) {
        if self.sync_by.take().is_some()
            && !self.broken
            && let Err(error) = self.shared.sync_all()
        {
            self.outcome_unknown(&error.into_error());
        }
    }

    fn outcome_unknown(&mut self, error: &Error) {
        self.broken = true;
        (self.shared.on_unknown_outcome)(error);
    }

    fn commit(&mut self, group: Vec<Request>) {
        if self.broken {
            return self.refuse(group, &unknown_outcome());
        }
        let current = self.shared.current.load_full();
        let mut group = Group::new(self.commit_ts, &current.in_flight, group);
        let result = self
            .has_room(&group)
            .and_then(|()| self.count_rows(&mut group))
            .and_then(|()| group.sweep(&current, &self.shared));
        let gaps = current.gaps.clone();
        // Held any longer, it would count as somebody's snapshot.
        drop(current);
        if let Err(error) = result {
            return self.refuse(group.requests, &error);
        }
        let durability = group.durability();
        let batch = group.take_batch();
        let batch_bytes = batch.bytes() as u64;
        let instant = gaps.tell(&batch, group.tells_all());
        let redo = group.runs().cloned().map(|runs| Redo::new(runs, group.commit_ts));
        if !batch.is_empty() {
            let started = Instant::now();
            self.shared.commit_statistics.set_writing(true);
            let written = match &redo {
                None => self.shared.write(batch, group.commit_ts, durability),
                Some(redo) => self.shared.write_large(batch, redo),
            };
            self.shared.commit_statistics.set_writing(false);
            match written {
                Ok(()) => {
                    let us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
                    let sync_us = (durability == Durability::Sync).then_some(us);
                    let members = group.requests.len();
                    self.shared.commit_statistics.note(members, batch_bytes, sync_us);
                    self.note_unsynced(durability);
                }
                Err(WriteError::Refused(error)) => return self.refuse(group.requests, &error),
                Err(WriteError::Unknown(error)) => {
                    self.outcome_unknown(&error);
                    return self.refuse(group.requests, &unknown_outcome());
                }
            }
        }
        // Its runs go before anybody is told.
        drop(redo);
        self.commit_ts = group.commit_ts;
        self.written_bytes += batch_bytes;
        self.row_counts.extend(group.row_counts.drain());
        self.publish(group, (instant, gaps));
    }

    /// Gives up a group that was not written.
    fn refuse(&self, requests: Vec<Request>, error: &Error) {
        requests.into_iter().for_each(|request| request.give_up(&self.shared, error.clone()));
    }

    fn note_unsynced(&mut self, durability: Durability) {
        self.sync_by = match durability {
            Durability::Sync => None,
            Durability::Buffer => {
                Some(self.sync_by.unwrap_or(Instant::now() + self.shared.limits.sync_delay_max))
            }
        };
    }

    /// Refuses while refusing is still possible: a full disk in the middle of a
    /// write, a flush or a compaction cannot be taken back.
    fn has_room(&self, group: &Group) -> Result<()> {
        let runs = group.runs().map_or(0, Runs::bytes);
        self.shared.require_room(runs.saturating_add(group.bytes as u64))
    }

    /// Adds the tables' new row counts to the batch.
    fn count_rows(&self, group: &mut Group) -> Result<()> {
        for (table, delta) in group.row_deltas() {
            let before = match self.row_counts.get(&table) {
                Some(count) => *count,
                None => self.shared.current.load().row_count(table)?,
            };
            let count = before + delta;
            group.put_meta(Meta::RowCount(table), count as u64);
            group.row_counts.insert(table, count);
        }
        Ok(())
    }

    fn publish(&mut self, group: Group, (instant, gaps): (u64, Arc<Gaps>)) {
        let shared = &self.shared;
        let current = shared.current.load_full();
        if let Some(observer) = shared.observer.get() {
            let timestamps = group.timestamps.iter().copied();
            observer::tell(&**observer, &current, group.requests.iter().zip(timestamps));
        }
        let mut attachment: Attachment = current.attachment.clone();
        let mut spill_timestamps = current.spill_timestamps.clone();
        drop(current);
        let mut replies: Vec<(Arc<Reply>, u64)> = Vec::with_capacity(group.requests.len());
        let mut locks = Vec::with_capacity(group.requests.len());
        let mut serializable: Vec<Serializable> = Vec::new();
        let mut swept = Vec::new();
        let mut finished = Vec::new();
        for (request, commit_ts) in group.requests.into_iter().zip(group.timestamps) {
            if let Some(publish) = request.publish {
                attachment = publish(&attachment);
            }
            match request.content {
                Content::Spilled { id, dead, .. } => {
                    spill_timestamps.add(id, commit_ts, shared.held.oldest());
                    if !dead.is_empty() {
                        swept.push(id);
                    }
                }
                Content::Prepare { prepared, .. } => shared.prepared.add(prepared),
                Content::Finish { mut prepared, is_commit, .. } => {
                    let id = prepared.info.id;
                    if is_commit {
                        serializable.extend(prepared.serializable.take());
                    }
                    if is_commit && !prepared.spilled.is_empty() {
                        shared.ingesting.lock().remove(&id);
                        spill_timestamps.add(id, commit_ts, shared.held.oldest());
                        if !prepared.dead.is_empty() {
                            swept.push(id);
                        }
                    } else {
                        shared.sweep_of(&prepared);
                    }
                    finished.push(prepared);
                }
                _ => {}
            }
            serializable.extend(request.serializable);
            replies.push((request.reply, commit_ts));
            locks.push(request.locks);
        }
        let newest = attachment.clone();
        let published = Arc::new(Published {
            commit_ts: self.commit_ts,
            attachment,
            view: View::new(shared.engine.view()),
            written_bytes: self.written_bytes,
            taken: SystemTime::now(),
            in_flight: group.in_flight,
            spill_timestamps,
            observer: shared.observer.get().cloned(),
            instant,
            gaps,
        });
        shared.held.push(&published);
        match serializable.is_empty() {
            true => shared.current.store(published),
            false => shared.ssi.publish(serializable.iter(), || shared.current.store(published)),
        }
        if let Some(observer) = shared.observer.get() {
            observer.published(&newest);
        }
        if group.is_recorded
            && let Some(hook) = shared.on_recorded.get()
        {
            hook();
        }
        shared.held.close_oversized(self.written_bytes, shared.limits.snapshot_bytes_max);
        drop(locks);
        finished.into_iter().for_each(|prepared| shared.prepared.remove(&prepared.info.gid));
        for (reply, commit_ts) in replies {
            reply.set(Ok(commit_ts));
        }
        swept.into_iter().for_each(|id| shared.sweeper.add(id));
        shared.engine.set_purge_horizon(shared.held.oldest());
    }
}

fn unknown_outcome() -> Error {
    Error::fatal(
        sqlstate::TRANSACTION_RESOLUTION_UNKNOWN,
        "the outcome of the transaction is unknown: storage failed while it was committed",
    )
}

/// Members of one batch.
struct Group {
    requests: Vec<Request>,
    /// One per request; a system write has the one before it.
    timestamps: Vec<u64>,
    commit_ts: u64,
    writes: Vec<Write>,
    bytes: usize,
    row_counts: HashMap<u32, i64>,
    in_flight: InFlight,
    /// Whether a member leaves a record of its commit.
    is_recorded: bool,
}

impl Group {
    fn new(commit_ts: u64, in_flight: &InFlight, requests: Vec<Request>) -> Group {
        let mut group = Group {
            timestamps: Vec::with_capacity(requests.len()),
            commit_ts,
            writes: Vec::new(),
            bytes: 0,
            row_counts: HashMap::new(),
            requests: Vec::new(),
            in_flight: in_flight.clone(),
            is_recorded: false,
        };
        for request in &requests {
            group.add(&request.content);
            group.bytes += request.also.bytes();
            group.writes.extend(request.also.iter().cloned());
        }
        if group.commit_ts > commit_ts {
            group.put_meta(Meta::CommitTs, group.commit_ts);
        }
        group.requests = requests;
        group
    }

    fn add(&mut self, content: &Content) {
        self.bytes += content.bytes();
        match content {
            Content::Transaction(writes) => self.add_transaction(writes),
            Content::Spilled { writes, id, dead, .. } => {
                self.add_transaction(writes);
                self.set_in_flight(*id, dead.clone());
            }
            Content::System(batch) => self.writes.extend(batch.iter().cloned()),
            Content::Announce { id, ranges } => self.set_in_flight(*id, ranges.clone()),
            Content::Sweep { .. } => {}
            Content::Swept { id } => self.set_in_flight(*id, RidRanges::default()),
            Content::Prepare { record, .. } => self.writes.extend(record.iter().cloned()),
            Content::Finish { prepared, is_commit, also } => {
                if *is_commit {
                    self.add_transaction(&prepared.writes);
                    if !prepared.spilled.is_empty() {
                        self.set_in_flight(prepared.info.id, prepared.dead.clone());
                    }
                }
                self.writes.extend(also.iter().cloned());
            }
        }
        self.timestamps.push(self.commit_ts);
    }

    fn add_transaction(&mut self, writes: &WriteSet) {
        self.commit_ts += 1;
        self.is_recorded |= writes.is_recorded();
        self.writes.reserve(writes.len());
        self.writes.extend(writes.committed(self.commit_ts));
    }

    fn set_in_flight(&mut self, id: u64, ranges: RidRanges) {
        let record = (!ranges.is_empty()).then(|| Value::from(ranges.encode()));
        let key = Meta::Spill(id).key().into();
        self.writes.push(Write { keyspace: Keyspace::Meta, key, value: record });
        self.in_flight.set(id, ranges);
    }

    /// Removes what a sweep names, unless something else is there by now: a unique
    /// index's key may have been given to another row. Where a running transaction
    /// ingests into the index it cannot be known, so those keys stay for another time.
    fn sweep(&mut self, current: &Published, shared: &Shared) -> Result<()> {
        let [Request { content: Content::Sweep { id, keys }, .. }] = &self.requests[..] else {
            return Ok(());
        };
        let Some(dead) = current.in_flight.get(*id) else { return Ok(()) };
        let ingesting = shared.ingesting.lock().clone();
        let is_busy = |index: u32| {
            let mut running = ingesting.iter().filter_map(|id| current.in_flight.get(*id));
            running.any(|ranges| ranges.indexes().any(|other| other == index))
        };
        for (keyspace, key) in keys {
            if *keyspace == Keyspace::Indexes && key::object_of(key).is_some_and(is_busy) {
                continue;
            }
            let value = current.view.get(*keyspace, key)?;
            if value.is_some_and(|value| dead.contains(*keyspace, key, &value)) {
                let key: Key = key.clone();
                self.writes.push(Write { keyspace: *keyspace, key, value: None });
            }
        }
        Ok(())
    }

    fn put_meta(&mut self, meta: Meta, number: u64) {
        self.writes.push(Write {
            keyspace: Keyspace::Meta,
            key: meta.key().into(),
            value: Some(Value::from(number.to_le_bytes())),
        });
    }

    /// The runs of a large transaction, which is alone.
    fn runs(&self) -> Option<&Runs> {
        self.requests.iter().find_map(|request| request.content.runs())
    }

    /// Whether nothing becomes visible with it but what its batch has.
    fn tells_all(&self) -> bool {
        let is_told = |request: &Request| {
            let is_batch = matches!(request.content, Content::Transaction(_) | Content::System(_));
            is_batch && request.publish.is_none()
        };
        self.runs().is_none() && self.requests.iter().all(is_told)
    }

    fn durability(&self) -> Durability {
        if self.runs().is_some() {
            return Durability::Sync;
        }
        self.requests.iter().map(|request| request.durability).max().unwrap_or(Durability::Buffer)
    }

    fn row_deltas(&self) -> HashMap<u32, i64> {
        let mut deltas = HashMap::new();
        for (table, delta) in self.requests.iter().flat_map(|request| &request.row_deltas) {
            *deltas.entry(*table).or_insert(0) += delta;
        }
        deltas
    }

    /// The batch. A key that two members wrote keeps the later value: the engine
    /// applies a batch at one instant, where a key can have only one.
    fn take_batch(&mut self) -> WriteBatch {
        let writes = std::mem::take(&mut self.writes);
        let mut batch = WriteBatch::new();
        if self.requests.len() == 1 {
            writes.into_iter().for_each(|write| batch.push(write));
            return batch;
        }
        let mut last = HashMap::with_capacity(writes.len());
        for (position, write) in writes.iter().enumerate() {
            last.insert((write.keyspace, write.key.clone()), position);
        }
        for (position, write) in writes.into_iter().enumerate() {
            if last.get(&(write.keyspace, write.key.clone())) == Some(&position) {
                batch.push(write);
            }
        }
        batch
    }
}
