//! The audit log: who did what, when, from where, and what came of it; only ever appended to,
//! and chained by hashes, so that a change of what was written shows.
//!
//! ```text
//! DATA/audit/audit-0000000000000001.ndjson
//! {"seq":1,"time":"2026-11-30T14:00:00.000001Z","class":"audit","event":"file begins","outcome":"ok","previous":"00…","hash":"9c…"}
//! {"seq":2,"time":"…","class":"login","event":"login","outcome":"ok","user":"ann","database":"app","pid":12,"client":"10.0.0.1:5000","hash":"41…"}
//! ```
//! A record is a line of JSON. Its hash is BLAKE3 of the hash before it and of the line up to
//! its own hash ([`chain`]); the first record of a file names the hash that it goes on from.
//! A record that was changed, dropped, put in or moved does not fit the ones around it, and
//! `zserver audit verify` says which. Whoever can write the files can write all of them
//! anew, or cut off their end: against that, note the last hash that `verify` prints
//! somewhere else, and give it to a later one (`--head`).
//!
//! | class | |
//! |---|---|
//! | `login` | sessions that begin, at both ports, and those that are refused |
//! | `grant` | roles, memberships, privileges, owners |
//! | `policy` | policies, and whether tables have row security |
//! | `ddl` | all else that is defined, changed or dropped |
//! | `key` | API keys, sessions of tokens, signing keys, issuers |
//! | `admin` | ALTER SYSTEM, reloads, cancelled and ended sessions, backups |
//! | `refused` | what `42501` was said to, scopes that a key or a token lacks, requests that look like attacks |
//! | `audit` | the log itself: files that begin and are removed, records that were lost |
//!
//! `audit` of the configuration names the classes that are kept. A statement is told without
//! the passwords in it. It is told when it is done: whether its transaction has committed
//! is not known then, which is why the record has its number (`xid`).
//!
//! **Durability.** A record is with the operating system before what it tells of is
//! answered: a server that is killed has lost none. It is on disk within
//! `audit_sync_interval` (1 s); with 0 before the answer, at the cost of a sync for each.
//! A line that a crash has torn is cut off at the next start, which is told in the log and
//! in the next record. A record that cannot be written (a full disk) is counted, and the
//! next one that can says how many were lost; statements go on.
//!
//! **Space.** A file that has `audit_file_size` (64 MB) is followed by the next; the oldest
//! are removed when all have more than `audit_max_size` (1 GB), which is a record, too. Whoever
//! is refused often enough pushes out what is old: who has to keep it exports it, or sets 0
//! and watches the disk. Backups do not have the log.

mod chain;
mod event;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

pub use chain::{Finding, Reader, Record, Verified, export, records, verify};
pub use event::{Class, DENIED, Event, OK};

use crate::config::{Config, list};
use crate::error::{Error, Result};
use write::Writer;

/// How often the log says that records are lost.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// How large files are, and how durable records.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub file_bytes: u64,
    /// 0 is no limit.
    pub total_bytes: u64,
    /// 0 syncs each record.
    pub sync_interval: Duration,
}

impl Options {
    fn of(config: &Config) -> Options {
        Options {
            file_bytes: config.audit_file_size.0,
            total_bytes: config.audit_max_size.0,
            sync_interval: config.audit_sync_interval.duration(),
        }
    }
}

/// The log of one server; nothing is written before [`Log::configure`].
#[derive(Default)]
pub struct Log {
    /// A bit for each class that is kept.
    classes: AtomicU32,
    state: Mutex<State>,
    /// Told when there is something to sync, and at the end.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    directory: PathBuf,
    writer: Option<Writer>,
    /// Records that could not be written.
    lost: u64,
    complained: Option<Instant>,
    is_over: bool,
    syncs: bool,
}

impl Log {
    /// Takes a configuration, at the start and when it is read again.
    pub fn configure(self: &Arc<Log>, config: &Config) -> Result<()> {
        let classes = list::audited(&config.audit)
            .map_err(|what| Error::new(crate::sqlstate::CONFIG_FILE_ERROR, what))?;
        let bits = classes.iter().fold(0, |bits, class| bits | class.bit());
        {
            let mut state = self.state.lock();
            let directory = config.audit_directory();
            let options = Options::of(config);
            let is_same = state.directory == directory;
            if bits == 0 {
                state.close();
            } else if let Some(writer) = state.writer.as_mut().filter(|_| is_same) {
                writer.options = options;
            } else {
                state.close();
                state.writer = Some(Writer::open(&directory, options)?);
                state.directory = directory;
            }
        }
        let changed = self.classes.swap(bits, Ordering::SeqCst) != bits;
        self.start_syncing()?;
        if changed && bits != 0 {
            let names: Vec<&str> = classes.into_iter().map(Class::as_str).collect();
            let event = Event::new(Class::Audit, "classes", OK);
            self.record(event.with("detail", &names.join(", ")));
        }
        Ok(())
    }

    /// Whether events of a class are kept.
    pub fn keeps(&self, class: Class) -> bool {
        self.classes.load(Ordering::Relaxed) & class.bit() != 0
    }

    /// Appends a record, if its class is kept.
    pub fn record(&self, event: Event) {
        let bits = self.classes.load(Ordering::Relaxed);
        if bits == 0 || (event.class != Class::Audit && bits & event.class.bit() == 0) {
            return;
        }
        let mut state = self.state.lock();
        let State { writer: Some(writer), lost, complained, .. } = &mut *state else { return };
        let event = match *lost {
            0 => event,
            count => event.with_number("lost", count),
        };
        match writer.append(&event) {
            Ok(()) => *lost = 0,
            Err(error) => {
                *lost += 1;
                if complained.is_none_or(|at| at.elapsed() >= COMPLAINT_INTERVAL) {
                    *complained = Some(Instant::now());
                    tracing::error!(lost = *lost, "the audit log could not be written: {error}");
                }
            }
        }
        drop(state);
        self.changed.notify_one();
    }

    /// What is written, made durable; nothing is after it.
    pub fn close(&self) {
        self.classes.store(0, Ordering::SeqCst);
        let mut state = self.state.lock();
        state.close();
        state.is_over = true;
        drop(state);
        self.changed.notify_all();
    }

    /// Where it is, if it is kept.
    pub fn directory(&self) -> Option<PathBuf> {
        let state = self.state.lock();
        state.writer.is_some().then(|| state.directory.clone())
    }

    /// One thread makes durable what others have written.
    fn start_syncing(self: &Arc<Log>) -> Result<()> {
        let mut state = self.state.lock();
        if state.syncs || state.writer.is_none() {
            return Ok(());
        }
        state.syncs = true;
        let log = self.clone();
        let thread = std::thread::Builder::new().name("zserver-audit".to_owned());
        let started = thread.spawn(move || log.sync_on());
        started
            .map(drop)
            .map_err(|error| Error::internal(format!("could not start a thread: {error}")))
    }

    fn sync_on(&self) {
        let mut state = self.state.lock();
        while !state.is_over {
            let Some(writer) = state.writer.as_mut().filter(|writer| writer.is_dirty()) else {
                self.changed.wait(&mut state);
                continue;
            };
            let interval = writer.options.sync_interval;
            let file = writer.take_dirty();
            // Others write meanwhile.
            parking_lot::MutexGuard::unlocked(&mut state, || {
                match file.and_then(|file| file.sync_data()) {
                    Ok(()) => {}
                    Err(error) => tracing::error!("the audit log could not be synced: {error}"),
                }
                std::thread::sleep(interval.min(Duration::from_secs(60)));
            });
        }
    }
}

impl State {
    fn close(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            writer.close();
        }
    }
}

/// The files of a log, the oldest first, each with the number of its first record.
fn files(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let failed =
        |error: std::io::Error| Error::io(&format!("read directory {directory:?}"), &error);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("audit-").and_then(|name| name.strip_suffix(".ndjson"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            files.push((number, path));
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file.
fn file_of(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("audit-{first:016}.ndjson"))
}

#[cfg(test)]
mod tests;
