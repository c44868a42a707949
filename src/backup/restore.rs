//! A data directory out of a backup, and comparing a backup with its checksums.

use std::fs;
use std::path::{Path, PathBuf};

use super::chunk;
use super::manifest::{ChunkName, KeyspaceCopy, Manifest};
use crate::files::copy;
use crate::storage::disk::{DiskEngine, DiskOptions};
use crate::storage::key::Meta;
use crate::storage::{Durability, Engine, Key, Keyspace, Value, WriteBatch, WriteError};
use crate::txn::archive::{Replay, ReplayTarget, Replayed};
use crate::{Error, Result, sqlstate};

/// What to restore where.
pub struct RestoreOptions<'a> {
    pub backup: &'a Path,
    /// Absent, or empty.
    pub data_directory: &'a Path,
    /// Where the contents of files go.
    pub contents: &'a Path,
    /// Directories with segments of the archive; none restores the backup's own instant.
    pub archives: &'a [PathBuf],
    pub target: ReplayTarget,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// None if no archive was given.
    pub replayed: Option<Replayed>,
}

/// Makes a data directory. If it fails, the directory is left empty, or, should even
/// that fail, marked as unfinished.
pub fn restore(options: &RestoreOptions<'_>) -> Result<Restored> {
    let manifest = Manifest::read(options.backup)?;
    if options.archives.is_empty() && options.target != ReplayTarget::Latest {
        return Err(Error::new(
            sqlstate::CONFIG_FILE_ERROR,
            "a recovery target needs an archive to recover from",
        ));
    }
    let replay = match (&manifest.archive, options.archives) {
        (_, []) => None,
        (Some(start), archives) => Some(Replay::open(archives, start.decode()?)?),
        (None, _) => {
            return Err(Error::new(
                sqlstate::CONFIG_FILE_ERROR,
                "the backup was taken without an archive, so none can be replayed over it",
            ));
        }
    };
    let engine = DiskEngine::open_for_restore(options.data_directory, &DiskOptions::default())?;
    let replayed = match fill(&engine, options, &manifest, replay) {
        Ok(replayed) => replayed,
        Err(error) => {
            drop(engine);
            if options.contents.starts_with(options.data_directory) {
                let _ = fs::remove_dir_all(options.contents);
            }
            clear(options.data_directory);
            return Err(error);
        }
    };
    engine.finish_restore()?;
    Ok(Restored { manifest, replayed })
}

/// Removes what a failed restore has made, its mark last.
fn clear(directory: &Path) {
    for name in ["engine", "zserver.format", "zserver.lock", "zserver.restoring"] {
        let path = directory.join(name);
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        if removed.is_err() && path.exists() {
            return;
        }
    }
}

fn fill(
    engine: &DiskEngine,
    options: &RestoreOptions<'_>,
    manifest: &Manifest,
    replay: Option<Replay>,
) -> Result<Option<Replayed>> {
    for copy in &manifest.keyspaces {
        let keyspace = keyspace_named(&copy.name)?;
        ingest(engine, options.backup, keyspace, copy)?;
    }
    copy::all(&options.backup.join(copy::BACKUP_DIRECTORY), options.contents, None, &|| false)?;
    let replayed = match replay {
        Some(replay) => Some(replay.run(engine, manifest.commit_ts, options.target)?),
        None => None,
    };
    // What is committed here from now on is another history.
    let mut batch = WriteBatch::new();
    batch.remove(Keyspace::Meta, Meta::Archive.key());
    engine.write(batch, Durability::Sync).map_err(WriteError::into_error)?;
    Ok(replayed)
}

fn keyspace_named(name: &str) -> Result<Keyspace> {
    Keyspace::ALL
        .into_iter()
        .find(|keyspace| keyspace.name() == name)
        .ok_or_else(|| Error::data_corrupted(format!("the backup has a keyspace \"{name}\"")))
}

fn ingest(
    engine: &DiskEngine,
    backup: &Path,
    keyspace: Keyspace,
    copy: &KeyspaceCopy,
) -> Result<()> {
    if copy.chunks.is_empty() {
        return Ok(());
    }
    let mut reader = Reader::new(backup, copy);
    let mut failed = None;
    let entries = std::iter::from_fn(|| {
        reader.next().unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    let mut run = entries.map(|(key, value)| (key, Some(value)));
    let count = engine.ingest(keyspace, &mut run);
    if let Some(error) = failed {
        return Err(error);
    }
    match count.map_err(WriteError::into_error)? == copy.entries {
        true => Ok(()),
        false => Err(miscounted(copy)),
    }
}

fn miscounted(copy: &KeyspaceCopy) -> Error {
    Error::data_corrupted(format!(
        "the backup's keyspace \"{}\" has not the entries that its manifest counts",
        copy.name
    ))
}

/// Reads a keyspace's entries, a chunk at a time.
struct Reader<'a> {
    backup: &'a Path,
    chunks: std::slice::Iter<'a, ChunkName>,
    entries: Option<chunk::Entries>,
    /// Keys only grow.
    last: Option<Key>,
}

impl<'a> Reader<'a> {
    fn new(backup: &'a Path, copy: &'a KeyspaceCopy) -> Reader<'a> {
        Reader { backup, chunks: copy.chunks.iter(), entries: None, last: None }
    }

    fn next(&mut self) -> Result<Option<(Key, Value)>> {
        loop {
            if let Some(entry) = self.entries.as_mut().and_then(Iterator::next) {
                let (key, value) = entry?;
                if self.last.as_ref().is_some_and(|last| *last >= key) {
                    return Err(Error::data_corrupted("the backup's keys are out of order"));
                }
                self.last = Some(key.clone());
                return Ok(Some((key, value)));
            }
            let Some(name) = self.chunks.next() else { return Ok(None) };
            let bytes = chunk::read(self.backup, &name.sha256, name.bytes)?;
            self.entries = Some(chunk::Entries::new(bytes)?);
        }
    }
}

/// Reads a whole backup and compares it with its checksums.
pub fn verify(backup: &Path) -> Result<Manifest> {
    let manifest = Manifest::read(backup)?;
    for copy in &manifest.keyspaces {
        keyspace_named(&copy.name)?;
        let mut reader = Reader::new(backup, copy);
        let mut entries = 0;
        while reader.next()?.is_some() {
            entries += 1;
        }
        if entries != copy.entries {
            return Err(miscounted(copy));
        }
    }
    if copy::verify(&backup.join(copy::BACKUP_DIRECTORY))? != manifest.contents {
        return Err(Error::data_corrupted(
            "the backup has not the contents of files that its manifest counts",
        ));
    }
    Ok(manifest)
}
