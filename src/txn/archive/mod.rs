//! The archive: every committed group, appended to files that outlive the store.
//!
//! A backup and the groups committed since make any later instant again. So with
//! [`ArchiveOptions`] the committer appends each batch, before the engine gets it, to
//! the newest **segment** in the *spool* (`DIR/archive` of the data directory); a
//! segment that is full, or old enough, is sealed, and a thread copies it to the
//! *archive directory* and then removes it from the spool.
//!
//! ```text
//! committer   append record 7 ── fsync ── engine.write (with "7" in it) ── publish
//! ingestion   append parts … ── engine.ingest ── append "end"
//! shipper          sealed and durable in the engine ── copy, fsync, rename ── remove
//! ```
//!
//! # What is promised
//!
//! - A commit that was acknowledged is in the spool, as durably as it is in the engine:
//!   an fsync more for each group (`synchronous_commit = off` groups are fsynced
//!   together, as in the engine). It is in the archive directory when its segment was
//!   shipped; `archive_timeout` bounds how long that takes.
//! - If the archive directory is full or cannot be written, the spool keeps the segments
//!   and the server goes on, as PostgreSQL keeps its WAL; the log says so, and shipping
//!   is tried again. If that fills the disk of the data directory, commits are refused
//!   with `53100` as on any full disk.
//! - If the spool itself cannot be written, the commit is refused: the engine was not
//!   asked yet. If its fsync fails, the process ends, as for the engine's own journal.
//!
//! # Histories
//!
//! Records are numbered without gaps. The engine's batch carries the number of its
//! record ([`Meta::Archive`]), so a start knows how far the engine got: records beyond it
//! were never acknowledged, and are cut. Where the spool ends before that number (a power
//! loss took unsynced records, somebody removed files, or archiving was off for a while)
//! the line is broken. Then a new **history** begins, a random number that names a
//! directory of its own: what follows needs a new backup, and can never be mistaken for a
//! continuation of the old one. A restored directory begins a new history too.
//!
//! # Ingestions
//!
//! Rows that are ingested bypass the committer, so they are recorded in parts as they go
//! to the engine, and as *ended* when the engine has them all. Replay applies an
//! ingestion when it meets its end; one without an end has left nothing. The runs of a
//! large transaction are recorded as parts before its group, which says that they end
//! with it: a replay up to an instant has all of it or nothing.
//!
//! It does not say how a backup is made or restored: that is `backup`.

mod read;
mod record;
mod segment;
mod ship;
mod write;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};

use crate::storage::key::Meta;
use crate::storage::{Durability, Key, Keyspace, ReadView, Value, WriteBatch, WriteError};
use crate::{Error, Result};

pub use read::{Replay, ReplayTarget, Replayed};
use record::{Content, Record};
use segment::Segment;
pub(super) use ship::start as start_shipping;

/// The directory of the spool in the data directory.
pub const SPOOL_DIRECTORY: &str = "archive";

/// Where and how to archive.
#[derive(Clone, Debug)]
pub struct ArchiveOptions {
    /// In the data directory.
    pub spool: PathBuf,
    /// Where segments go that are complete.
    pub directory: PathBuf,
    /// A segment is sealed when it is larger.
    pub segment_bytes: u64,
    /// A segment is sealed when its first record is older; zero is never.
    pub timeout: Duration,
}

/// What a server does about its archive.
#[derive(Clone, Debug, Default)]
pub enum Archiving {
    /// What is committed is in no archive; an earlier history ends.
    #[default]
    Off,
    /// The store is looked at: its history stays open, for nothing is committed that a
    /// replay would miss.
    Kept,
    To(ArchiveOptions),
}

/// How far the engine got, as it stores it under [`Meta::Archive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    history: u64,
    sequence: u64,
    /// Microseconds since 1970 of the newest record.
    time: i64,
}

impl Position {
    fn encode(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.history.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..].copy_from_slice(&self.time.to_le_bytes());
        bytes
    }

    /// What an engine has; none if it does not archive.
    fn stored(view: &dyn ReadView) -> Result<Option<Position>> {
        let stored = view.get(Keyspace::Meta, &Meta::Archive.key())?;
        stored.map(|bytes| Position::decode(&bytes)).transpose()
    }

    fn decode(bytes: &[u8]) -> Result<Position> {
        let damaged = || Error::data_corrupted("the archive's position in the store is damaged");
        let bytes: &[u8; 24] = bytes.try_into().map_err(|_| damaged())?;
        let part = |at: usize| bytes[at..at + 8].try_into().expect("eight bytes");
        Ok(Position {
            history: u64::from_le_bytes(part(0)),
            sequence: u64::from_le_bytes(part(8)),
            time: i64::from_le_bytes(part(16)),
        })
    }
}

/// The writing side. One for a server that archives.
pub(super) struct Archive {
    options: ArchiveOptions,
    history: u64,
    state: Mutex<State>,
    /// Something may be shipped, or the server stops.
    wake: Condvar,
}

struct State {
    segment: Segment,
    /// Sealed segments that are not in the archive yet, oldest first: first and last
    /// record.
    sealed: Vec<(u64, u64)>,
    /// The number of the next record.
    next: u64,
    /// The newest group that the engine has, and will have after a power loss.
    durable: u64,
    /// The newest group that the engine has.
    applied: u64,
    /// The newest record's time; times never go back, whatever the clock does.
    time: i64,
    /// Ingestions that have no end yet, and their first records.
    running: BTreeMap<u64, u64>,
    closed: bool,
    status: ArchiveStatus,
}

/// What `pg_stat_archiver` shows. Times in microseconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct ArchiveStatus {
    pub archived_count: u64,
    pub last_archived: Option<(String, i64)>,
    pub failed_count: u64,
    pub last_failed: Option<(String, i64)>,
}

/// A record that was appended and is not in the engine yet.
pub(super) struct Appended {
    sequence: u64,
    /// The segment's length before it.
    at: u64,
}

/// Where the replay over a backup has to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveStart {
    pub history: u64,
    /// The first record that the backup may lack.
    pub sequence: u64,
}

impl Archive {
    /// Goes on with the history that the engine's position names, or begins one. The
    /// batch is to be written before anything else.
    pub(super) fn open(
        options: ArchiveOptions,
        view: &dyn ReadView,
    ) -> Result<(Archive, WriteBatch)> {
        let stored = Position::stored(view)?;
        let found = match stored {
            Some(position) => resume(&options.spool, position)?.map(|sealed| (position, sealed)),
            None => None,
        };
        let (position, sealed) = match found {
            Some(found) => found,
            None => {
                if let Some(broken) = stored {
                    tracing::warn!(
                        "the archive {:016x} does not reach record {}; a new one begins, \
                         which needs a new backup",
                        broken.history,
                        broken.sequence
                    );
                }
                (Position { history: rand::random(), sequence: 0, time: now() }, Vec::new())
            }
        };
        let next = position.sequence + 1;
        let segment = Segment::create(&options.spool, position.history, next)?;
        let state = State {
            segment,
            sealed,
            next,
            durable: position.sequence,
            applied: position.sequence,
            time: position.time,
            running: BTreeMap::new(),
            closed: false,
            status: ArchiveStatus::default(),
        };
        let mut batch = WriteBatch::new();
        batch.put(Keyspace::Meta, Meta::Archive.key(), position.encode());
        let history = position.history;
        Ok((Archive { options, history, state: Mutex::new(state), wake: Condvar::new() }, batch))
    }

    /// Where a replay begins over a store whose history stays open, with nothing running.
    pub(super) fn start_of_kept(view: &dyn ReadView) -> Result<Option<ArchiveStart>> {
        let stored = Position::stored(view)?;
        Ok(stored.map(|at| ArchiveStart { history: at.history, sequence: at.sequence + 1 }))
    }

    /// What an engine must be told that is opened without an archive: what follows is
    /// not in any history.
    pub(super) fn leave(view: &dyn ReadView) -> Result<Option<WriteBatch>> {
        if view.get(Keyspace::Meta, &Meta::Archive.key())?.is_none() {
            return Ok(None);
        }
        let mut batch = WriteBatch::new();
        batch.remove(Keyspace::Meta, Meta::Archive.key());
        Ok(Some(batch))
    }

    /// Appends a group, with the ingestions that end with it, and puts its number into the batch. An `Unknown` error says that
    /// nobody may go on.
    pub(super) fn append(
        &self,
        batch: &mut WriteBatch,
        commit_ts: u64,
        durability: Durability,
        ingestions: Option<Vec<u64>>,
    ) -> Result<Appended, WriteError> {
        let state = &mut *self.state.lock();
        state.seal_if_full(&self.options, self.history)?;
        let sequence = state.next;
        let time = state.time.max(now());
        let position = Position { history: self.history, sequence, time };
        batch.put(Keyspace::Meta, Meta::Archive.key(), position.encode());
        let content = match ingestions {
            None => Content::group(batch),
            Some(ingestions) => Content::large(ingestions, batch),
        };
        let record = Record { sequence, time, commit_ts, content };
        let at = state.append(&record).map_err(WriteError::Refused)?;
        state.time = time;
        if durability == Durability::Sync {
            state.segment.sync().map_err(WriteError::Unknown)?;
        }
        Ok(Appended { sequence, at })
    }

    /// The engine has a record.
    pub(super) fn applied(&self, appended: &Appended, durability: Durability) {
        let mut state = self.state.lock();
        state.applied = appended.sequence;
        if durability == Durability::Sync {
            state.durable = appended.sequence;
            if !state.sealed.is_empty() {
                self.wake.notify_all();
            }
        }
    }

    /// The engine has refused a record: it was never there.
    pub(super) fn withdraw(&self, appended: &Appended) -> Result<(), WriteError> {
        let mut state = self.state.lock();
        let is_newest =
            state.segment.first() <= appended.sequence && state.next == appended.sequence + 1;
        if !is_newest {
            let error = "a refused commit is in the archive, and others after it";
            return Err(WriteError::Unknown(Error::internal(error)));
        }
        state.segment.cut(appended.at).map_err(WriteError::Unknown)?;
        state.next = appended.sequence;
        Ok(())
    }

    /// Before the engine is synced.
    pub(super) fn sync(&self) -> Result<(), WriteError> {
        self.state.lock().segment.sync().map_err(WriteError::Unknown)
    }

    /// After the engine was synced.
    pub(super) fn synced(&self) {
        let mut state = self.state.lock();
        state.durable = state.applied;
        self.wake.notify_all();
    }

    /// Begins to record an ingestion. Its number is random: one that a crash cut off has
    /// left parts, which must never be taken for another's.
    pub(super) fn begin_ingestion(&self) -> u64 {
        let id = rand::random();
        let mut state = self.state.lock();
        let first = state.next;
        state.running.insert(id, first);
        id
    }

    pub(super) fn append_part(
        &self,
        ingestion: u64,
        keyspace: Keyspace,
        entries: &[(Key, Option<Value>)],
    ) -> Result<()> {
        let content = Content::part(ingestion, keyspace, entries);
        self.append_other(content).map_err(WriteError::into_error)
    }

    /// The engine has all of an ingestion, or it was given up.
    pub(super) fn end_ingestion(&self, ingestion: u64, is_whole: bool) -> Result<(), WriteError> {
        if is_whole {
            self.append_other(Content::End { ingestion })?;
        }
        self.state.lock().running.remove(&ingestion);
        Ok(())
    }

    /// Ingestions that have ended otherwise, or were given up.
    pub(super) fn forget(&self, ingestions: &[u64]) {
        self.state.lock().running.retain(|ingestion, _| !ingestions.contains(ingestion));
    }

    fn append_other(&self, content: Content) -> Result<(), WriteError> {
        let state = &mut *self.state.lock();
        state.seal_if_full(&self.options, self.history)?;
        let time = state.time.max(now());
        let record = Record { sequence: state.next, time, commit_ts: 0, content };
        state.append(&record).map_err(WriteError::Refused)?;
        state.time = time;
        Ok(())
    }

    /// Where a replay must begin over a view that is published after this call and a
    /// group of the committer.
    pub(super) fn start(&self) -> ArchiveStart {
        let state = self.state.lock();
        let running = state.running.values().copied().min();
        let sequence = running.unwrap_or(state.next).min(state.next);
        ArchiveStart { history: self.history, sequence }
    }

    /// Seals the newest segment, so that it is shipped.
    pub(super) fn switch(&self) -> Result<(), WriteError> {
        let state = &mut *self.state.lock();
        state.seal(&self.options, self.history)?;
        self.wake.notify_all();
        Ok(())
    }

    pub(super) fn status(&self) -> ArchiveStatus {
        self.state.lock().status.clone()
    }

    /// The shipper ships what it can and ends.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.wake.notify_all();
    }
}

impl State {
    /// Appends a record; answers the segment's length before. An error leaves nothing.
    fn append(&mut self, record: &Record) -> Result<u64> {
        let at = self.segment.append(&record.encode(), record.time)?;
        self.next = record.sequence + 1;
        Ok(at)
    }

    fn seal_if_full(&mut self, options: &ArchiveOptions, history: u64) -> Result<(), WriteError> {
        match self.segment.bytes() >= options.segment_bytes {
            true => self.seal(options, history),
            false => Ok(()),
        }
    }

    /// Ends the newest segment and begins another, unless it is empty.
    fn seal(&mut self, options: &ArchiveOptions, history: u64) -> Result<(), WriteError> {
        if self.segment.is_empty() {
            return Ok(());
        }
        self.segment.sync().map_err(WriteError::Unknown)?;
        let next = Segment::create(&options.spool, history, self.next);
        let sealed = std::mem::replace(&mut self.segment, next.map_err(WriteError::Refused)?);
        self.sealed.push((sealed.first(), self.next - 1));
        Ok(())
    }
}

/// Cuts what the engine does not have off the spool. Answers the segments that are
/// there, all of them sealed now; none if a record that the engine has is missing.
fn resume(spool: &Path, position: Position) -> Result<Option<Vec<(u64, u64)>>> {
    let directory = history_directory(spool, position.history);
    let mut sealed: Vec<(u64, u64)> = Vec::new();
    let segments = segment::list(&directory)?;
    let newest = segments.iter().map(|(first, _)| *first).rfind(|f| *f <= position.sequence);
    for (first, path) in segments {
        let may_cut = newest.is_none_or(|newest| first >= newest);
        let end = segment::cut_after(&path, position.history, first, position.sequence, may_cut)?;
        let follows = sealed.last().is_none_or(|(_, last)| last + 1 == first);
        match end {
            Some(last) if follows => sealed.push((first, last)),
            None if first > position.sequence => {
                fs::remove_file(&path)
                    .map_err(|error| Error::io(&format!("remove file {path:?}"), &error))?;
            }
            _ => return Ok(None),
        }
    }
    // All that was there may have been shipped.
    let reaches = sealed.last().is_none_or(|(_, last)| *last == position.sequence);
    Ok(reaches.then_some(sealed))
}

/// Where the segments of a history are, below an archive directory or a spool.
pub(super) fn history_directory(directory: &Path, history: u64) -> PathBuf {
    directory.join(format!("{history:016x}"))
}

/// Microseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
