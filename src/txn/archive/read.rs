//! Replaying a history over a restored backup.
//!
//! Records are applied in order, from the first that the backup may lack: a record that
//! the backup has already says the same again, and the last one that says anything
//! about a key wins, so the end is right as long as it lies at or after the backup. A
//! target between two groups is met exactly; within a group nobody ever saw a state, so
//! the last group that is wholly at or before the target is the end.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::record::{self, Content};
use super::segment::{self, SegmentReader};
use super::{ArchiveStart, Position, history_directory};
use crate::storage::{Durability, Engine, WriteError};
use crate::{Error, Result, sqlstate};

/// Where a replay ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayTarget {
    /// At the end of the archive.
    Latest,
    /// After the last group whose commits are all at or before this timestamp.
    CommitTs(u64),
    /// After the last group written at or before this time, microseconds since 1970.
    Time(i64),
}

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub groups: u64,
    /// The newest commit that is there now.
    pub commit_ts: u64,
    /// When the last group was written, microseconds since 1970.
    pub time: Option<i64>,
}

/// A replay of the segments below some directories: the archive, and the spool of the
/// server if that is still to be had.
pub struct Replay {
    start: ArchiveStart,
    segments: BTreeMap<u64, PathBuf>,
}

/// The instant of the backup.
struct Backup {
    ts: u64,
    /// The last record that it has.
    sequence: u64,
}

/// Where the parts of an ingestion are.
type Parts = HashMap<u64, Vec<(PathBuf, u64)>>;

impl Replay {
    /// `58P01` if there is no segment that the replay could begin with.
    pub fn open(directories: &[PathBuf], start: ArchiveStart) -> Result<Replay> {
        let mut segments = BTreeMap::new();
        for directory in directories {
            for (first, path) in segment::list(&history_directory(directory, start.history))? {
                segments.entry(first).or_insert(path);
            }
        }
        let begin = segments.range(..=start.sequence).next_back().map(|(first, _)| *first);
        let Some(begin) = begin else {
            return Err(missing(start.history, start.sequence));
        };
        Ok(Replay { start, segments: segments.split_off(&begin) })
    }

    /// Applies everything up to the target over an engine that has the backup, taken at
    /// `backup_ts`. The engine is synced at the end.
    pub fn run(
        &self,
        engine: &dyn Engine,
        backup_ts: u64,
        target: ReplayTarget,
    ) -> Result<Replayed> {
        if matches!(target, ReplayTarget::CommitTs(wanted) if wanted < backup_ts) {
            return Err(before_backup(backup_ts));
        }
        let stored = Position::stored(&*engine.view())?;
        if let (ReplayTarget::Time(wanted), Some(stored)) = (target, stored)
            && wanted < stored.time
        {
            return Err(before_backup(backup_ts));
        }
        let backup = stored.filter(|stored| stored.history == self.start.history);
        let backup = Backup { ts: backup_ts, sequence: backup.map_or(0, |stored| stored.sequence) };
        let mut replayed = Replayed { commit_ts: backup_ts, ..Replayed::default() };
        let reached = self.apply(engine, &backup, target, &mut replayed)?;
        let is_met = match target {
            ReplayTarget::Latest => true,
            ReplayTarget::CommitTs(wanted) => reached || replayed.commit_ts == wanted,
            ReplayTarget::Time(_) => reached,
        };
        if !is_met {
            return Err(Error::fatal(
                sqlstate::CONFIG_FILE_ERROR,
                "recovery ended before configured recovery target was reached",
            )
            .with_detail(format!(
                "The archive ends with commit {}{}.",
                replayed.commit_ts,
                replayed.time.map(|t| format!(" at {t} µs since 1970")).unwrap_or_default()
            )));
        }
        engine.sync().map_err(WriteError::into_error)?;
        Ok(replayed)
    }

    /// Whether something beyond the target was met.
    fn apply(
        &self,
        engine: &dyn Engine,
        backup: &Backup,
        target: ReplayTarget,
        replayed: &mut Replayed,
    ) -> Result<bool> {
        let mut parts = Parts::new();
        let mut expected = None;
        let last = self.segments.keys().next_back().copied();
        for (first, path) in &self.segments {
            if expected.is_some_and(|expected| expected != *first) {
                return Err(missing(self.start.history, expected.unwrap_or_default()));
            }
            let Some(mut reader) = SegmentReader::open(path, self.start.history, *first)? else {
                return Err(segment::damaged(path, 0));
            };
            while let Some((record, at)) = reader.read()? {
                if record.sequence < self.start.sequence {
                    continue;
                }
                match record.content {
                    Content::Part { ingestion, .. } => {
                        parts.entry(ingestion).or_default().push((path.clone(), at));
                    }
                    Content::End { ingestion } => {
                        apply_parts(engine, parts.remove(&ingestion).unwrap_or_default())?;
                    }
                    content @ (Content::Group(_) | Content::Large { .. }) => {
                        let is_beyond = match target {
                            ReplayTarget::Latest => false,
                            ReplayTarget::CommitTs(wanted) => record.commit_ts > wanted,
                            ReplayTarget::Time(wanted) => record.time > wanted,
                        };
                        if is_beyond {
                            return match record.sequence > backup.sequence {
                                true => Ok(true),
                                false => Err(before_backup(backup.ts)),
                            };
                        }
                        apply_group(engine, content, &mut parts, path, at)?;
                        replayed.groups += 1;
                        replayed.commit_ts = record.commit_ts;
                        replayed.time = Some(record.time);
                    }
                }
            }
            // The newest segment may end in a record that was being written.
            if !reader.is_at_end() {
                if Some(*first) != last {
                    return Err(segment::damaged(path, reader.at));
                }
                tracing::warn!("{path:?} ends in an incomplete record at offset {}", reader.at);
            }
            expected = Some(reader.next);
        }
        let next = expected.unwrap_or_default();
        match next > backup.sequence && next >= self.start.sequence {
            true => Ok(false),
            false => Err(missing(self.start.history, next)),
        }
    }
}

/// A group, and before it what ends with it.
fn apply_group(
    engine: &dyn Engine,
    content: Content,
    parts: &mut Parts,
    path: &Path,
    at: u64,
) -> Result<()> {
    match content {
        Content::Group(bytes) => write(engine, &bytes, path, at),
        Content::Large { ingestions, group } => {
            for ingestion in ingestions {
                apply_parts(engine, parts.remove(&ingestion).unwrap_or_default())?;
            }
            write(engine, &group, path, at)
        }
        Content::Part { .. } | Content::End { .. } => Ok(()),
    }
}

fn apply_parts(engine: &dyn Engine, parts: Vec<(PathBuf, u64)>) -> Result<()> {
    for (path, at) in parts {
        let Content::Part { entries, .. } = segment::record_at(&path, at)?.content else {
            return Err(segment::damaged(&path, at));
        };
        write(engine, &entries, &path, at)?;
    }
    Ok(())
}

fn write(engine: &dyn Engine, bytes: &[u8], path: &Path, at: u64) -> Result<()> {
    let batch = record::writes(bytes).ok_or_else(|| segment::damaged(path, at))?;
    engine.write(batch, Durability::Buffer).map_err(WriteError::into_error)
}

fn missing(history: u64, sequence: u64) -> Error {
    Error::new(
        sqlstate::UNDEFINED_FILE,
        format!("the archive has no record {sequence} of history {history:016x}"),
    )
    .with_hint(
        "Name all directories that have segments of it, the data directory's \"archive\" included.",
    )
}

fn before_backup(backup_ts: u64) -> Error {
    Error::new(
        sqlstate::CONFIG_FILE_ERROR,
        format!(
            "the recovery target lies before the backup, which was taken at commit {backup_ts}"
        ),
    )
    .with_hint("Restore an older backup.")
}
