//! Making a backup while others write.

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::chunk::{self, Chunk};
use super::manifest::{ChunkName, KeyspaceCopy, Manifest};
use crate::files::copy;
use crate::storage::key;
use crate::txn::{KeyRange, Keyspace, Published, Transactions};
use crate::{Error, Result, sqlstate};

/// What to back up where.
pub struct BackupOptions<'a> {
    /// Made, or empty.
    pub directory: &'a Path,
    /// Where the contents of files are; they need not be there.
    pub contents: &'a Path,
    /// An earlier backup, whose chunks are taken over.
    pub previous: Option<&'a Path>,
    /// Asked between chunks.
    pub is_cancelled: &'a dyn Fn() -> bool,
}

/// What a backup took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    pub manifest: Manifest,
    pub chunks_written: u64,
    pub bytes_written: u64,
    /// Taken over from the previous backup.
    pub chunks_shared: u64,
}

/// Copies everything at the newest instant. What it made is removed if it fails.
pub fn create(transactions: &Transactions, options: &BackupOptions<'_>) -> Result<Created> {
    let previous = match options.previous {
        Some(previous) => {
            let manifest = Manifest::read(previous)?;
            let names = manifest.chunks().map(|chunk| chunk.sha256.clone()).collect();
            Some((previous.to_owned(), names))
        }
        None => None,
    };
    let made = make_directory(options.directory)?;
    let result = Copying {
        directory: options.directory,
        contents: options.contents,
        previous,
        is_cancelled: options.is_cancelled,
        known: HashSet::new(),
        folders: HashSet::new(),
        created: Created {
            manifest: Manifest::new(0, 0, None),
            chunks_written: 0,
            bytes_written: 0,
            chunks_shared: 0,
        },
    }
    .run(transactions);
    if result.is_err() {
        clear(options.directory, made);
    }
    result
}

/// Makes the directory, or finds it empty. Answers whether it made it.
fn make_directory(directory: &Path) -> Result<bool> {
    let failed =
        |error: std::io::Error| Error::io(&format!("make directory {directory:?}"), &error);
    if directory.try_exists().map_err(failed)? {
        if fs::read_dir(directory).map_err(failed)?.next().is_some() {
            return Err(Error::new(
                sqlstate::DUPLICATE_FILE,
                format!("directory \"{}\" is not empty", directory.display()),
            )
            .with_hint("Each backup has a directory of its own."));
        }
        return Ok(false);
    }
    // What is in it is everybody's data.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    Ok(true)
}

/// Removes what a failed backup has made; what cannot be removed has no manifest.
fn clear(directory: &Path, made: bool) {
    let _ = fs::remove_dir_all(directory.join("chunks"));
    let _ = fs::remove_dir_all(directory.join(copy::BACKUP_DIRECTORY));
    let _ = fs::remove_file(directory.join("backup.part"));
    if made {
        let _ = fs::remove_dir(directory);
    }
}

struct Copying<'a> {
    directory: &'a Path,
    contents: &'a Path,
    previous: Option<(PathBuf, HashSet<String>)>,
    is_cancelled: &'a dyn Fn() -> bool,
    /// Chunks that are in this backup already.
    known: HashSet<String>,
    folders: HashSet<PathBuf>,
    created: Created,
}

impl Copying<'_> {
    fn run(mut self, transactions: &Transactions) -> Result<Created> {
        let (published, start) = transactions.begin_backup()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let taken_at = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        self.created.manifest = Manifest::new(published.commit_ts, taken_at, start);
        for keyspace in Keyspace::ALL {
            let copy = self.keyspace(&published, keyspace)?;
            self.created.manifest.keyspaces.push(copy);
        }
        let chunks = self.directory.join("chunks");
        for folder in self.folders.iter().chain([&chunks]).filter(|folder| folder.is_dir()) {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| chunk::write_error(folder, &error))?;
        }
        let previous = self.previous.as_ref().map(|(path, _)| path.join(copy::BACKUP_DIRECTORY));
        let to = self.directory.join(copy::BACKUP_DIRECTORY);
        let copied = copy::all(self.contents, &to, previous.as_deref(), self.is_cancelled)?;
        self.created.manifest.contents = copied;
        self.created.manifest.write(self.directory)?;
        Ok(self.created)
    }

    fn keyspace(&mut self, published: &Arc<Published>, keyspace: Keyspace) -> Result<KeyspaceCopy> {
        let mut copy =
            KeyspaceCopy { name: keyspace.name().to_owned(), entries: 0, chunks: Vec::new() };
        let mut range = KeyRange::all();
        loop {
            let (mut chunk, mut last) = (Chunk::new(), None);
            // Each chunk asks the instant anew: once that was closed, nothing is held.
            for entry in published.raw(keyspace, &range) {
                let (key, value) = entry?;
                copy.entries += 1;
                if chunk.add(&key, &value) {
                    last = Some(key);
                    break;
                }
            }
            if !chunk.is_empty() {
                copy.chunks.push(self.keep(&chunk)?);
            }
            match last {
                Some(last) => range.lower = key::next(&last),
                None => return Ok(copy),
            }
        }
    }

    fn keep(&mut self, chunk: &Chunk) -> Result<ChunkName> {
        if (self.is_cancelled)() {
            return Err(Error::query_canceled());
        }
        let (name, bytes) = (chunk.name(), chunk.bytes());
        let kept = ChunkName { sha256: name.clone(), bytes: bytes.len() as u64 };
        if !self.known.insert(name.clone()) {
            return Ok(kept);
        }
        let path = chunk::path(self.directory, &name);
        if let Some(folder) = path.parent()
            && self.folders.insert(folder.to_owned())
        {
            fs::create_dir_all(folder).map_err(|error| chunk::write_error(folder, &error))?;
        }
        let shared = match &self.previous {
            Some((previous, names)) if names.contains(&name) => {
                chunk::take_over(previous, self.directory, &name, bytes)?
            }
            _ => false,
        };
        if shared {
            self.created.chunks_shared += 1;
        } else {
            chunk::write(&path, bytes)?;
            self.created.chunks_written += 1;
            self.created.bytes_written += bytes.len() as u64;
        }
        Ok(kept)
    }
}
