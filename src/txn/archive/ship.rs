//! The thread that copies sealed segments to the archive directory.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::begin::Shared;
use super::{Archive, history_directory, now, segment};
use crate::{Error, Result};

/// How often it looks whether a segment is old enough.
const LOOK: Duration = Duration::from_millis(500);
/// After a failure; doubled up to the limit while it fails.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

pub(in crate::txn) fn start(shared: Arc<Shared>) -> Result<Option<JoinHandle<()>>> {
    if shared.archive.is_none() {
        return Ok(None);
    }
    std::thread::Builder::new()
        .name("archiver".into())
        .spawn(move || {
            let archive = shared.archive.as_ref().expect("it was there");
            Shipper { archive, shared: &shared, retry: RETRY_FIRST, not_before: None }.run();
        })
        .map(Some)
        .map_err(|error| Error::io("start the archiver thread", &error))
}

struct Shipper<'s> {
    archive: &'s Archive,
    shared: &'s Shared,
    retry: Duration,
    /// Nothing is tried before, after a failure.
    not_before: Option<Instant>,
}

impl Shipper<'_> {
    fn run(&mut self) {
        loop {
            let closed = self.wait();
            if closed || self.seal_by_age() {
                self.switch();
            }
            if closed || self.not_before.is_none_or(|time| Instant::now() >= time) {
                self.ship_all();
            }
            if closed {
                return;
            }
        }
    }

    /// Waits for something to ship; true if the server stops.
    fn wait(&self) -> bool {
        let mut state = self.archive.state.lock();
        if !state.closed {
            self.archive.wake.wait_for(&mut state, LOOK);
        }
        state.closed
    }

    fn seal_by_age(&self) -> bool {
        let timeout = self.archive.options.timeout;
        let since = self.archive.state.lock().segment.since();
        let age = since.map_or(0, |since| now().saturating_sub(since));
        !timeout.is_zero() && age >= i64::try_from(timeout.as_micros()).unwrap_or(i64::MAX)
    }

    fn switch(&self) {
        use crate::storage::WriteError;
        match self.archive.switch() {
            Ok(()) => {}
            Err(WriteError::Refused(error)) => {
                tracing::warn!("a segment of the archive was not sealed: {error}");
            }
            Err(WriteError::Unknown(error)) => (self.shared.on_unknown_outcome)(&error),
        }
    }

    fn ship_all(&mut self) {
        loop {
            let next = {
                let state = self.archive.state.lock();
                state.sealed.first().copied().filter(|(_, last)| *last <= state.durable)
            };
            let Some((first, _)) = next else { return };
            let name = segment::file_name(first);
            let result = self.ship(&name);
            let mut state = self.archive.state.lock();
            match result {
                Ok(()) => {
                    state.sealed.remove(0);
                    state.status.archived_count += 1;
                    state.status.last_archived = Some((name, now()));
                    (self.retry, self.not_before) = (RETRY_FIRST, None);
                }
                Err(error) => {
                    state.status.failed_count += 1;
                    state.status.last_failed = Some((name.clone(), now()));
                    let waiting = state.sealed.len();
                    tracing::warn!(
                        "segment {name} was not archived, {waiting} wait, next try in {:?}: {error}",
                        self.retry
                    );
                    self.not_before = Some(Instant::now() + self.retry);
                    self.retry = (self.retry * 2).min(RETRY_MAX);
                    return;
                }
            }
        }
    }

    fn ship(&self, name: &str) -> Result<()> {
        let (options, history) = (&self.archive.options, self.archive.history);
        let from = history_directory(&options.spool, history).join(name);
        let folder = history_directory(&options.directory, history);
        let to = folder.join(name);
        copy(&from, &folder, &to, &options.directory)
            .map_err(|error| Error::io(&format!("archive {from:?} as {to:?}"), &error))?;
        fs::remove_file(&from).map_err(|error| Error::io(&format!("remove {from:?}"), &error))
    }
}

/// Copies a file so that it is there whole or not at all.
fn copy(from: &Path, folder: &Path, to: &Path, directory: &Path) -> std::io::Result<()> {
    // A mount that is gone must not be written under.
    if !directory.is_dir() {
        let text = format!("{directory:?} is not a directory");
        return Err(std::io::Error::new(ErrorKind::NotADirectory, text));
    }
    fs::create_dir_all(folder)?;
    let part = to.with_extension("part");
    let mut target = File::create(&part)?;
    std::io::copy(&mut File::open(from)?, &mut target)?;
    target.sync_all()?;
    fs::rename(&part, to)?;
    File::open(folder)?.sync_all()?;
    File::open(directory)?.sync_all()
}
