//! Contents of files: bytes under the hash of themselves.
//!
//! ```text
//! DATA/files/ab/cdef…          a content, named by its BLAKE3 hash: 2 and 62 digits
//! DATA/files/tmp/…             what one request is bringing; emptied at the start
//! DATA/files/uploads/UUID      what an upload that goes on has brought (`http::tus`)
//! ```
//!
//! Which contents there are, and who may read them, is rows: the extension `files`
//! (`extensions/files`). Contents up to `files_inline_max` are in those rows; larger ones
//! are files here, or objects of an S3 service ([`remote`]) where one is configured. Names
//! of files are rows only and never become paths.
//!
//! # The life of a content
//!
//! 1. Bytes are [staged](Staged): written to a temporary name and hashed on the way, then
//!    the file is fsynced. (An upload that goes on has its file under its own name.)
//! 2. The hash is [pinned](pins): nobody removes the content meanwhile.
//! 3. The file gets its name by rename (or link), and the directory is fsynced. If the
//!    name is there already, it is the same content.
//! 4. The rows are committed, and the pin is let go of.
//!
//! A crash before 4 leaves a file that no row names. A [sweep](crate::http) removes such
//! files once they have been seen without a row for `files_grace`, under a mark that keeps
//! uploads of the same content waiting, and after another look at the rows of all
//! databases. What a row names is never removed.
//!
//! # Reading
//!
//! [`read`] compares a content with its hash while it is read from the beginning to the
//! end, and keeps the last piece back until it knows. That costs a core a second for each
//! 2 GB or so, and a page cache does not rot: what was compared once in the life of the server is
//! not compared again as long as its file has the same inode, time and size. A part of a
//! content that was not compared yet is read after the whole was. `zserver check` compares
//! everything that is here. Of what is in an S3 service a whole is compared each time, as it
//! passes; a part is what the service sends and compared with nothing, since that would need
//! all of it, and the service keeps checksums of its own.
//!
//! It is not: a file system. There are no directories, no appending, no changing of
//! contents.

pub mod check;
pub mod copy;
pub mod hash;
pub mod name;
pub mod pins;
pub mod read;
pub mod remote;
pub mod stage;

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use quick_cache::sync::Cache;

pub use hash::Hash;
pub use stage::{Staged, Stager};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::sqlstate;
use pins::Pins;
use remote::Remote;

/// Contents that are remembered as compared with their hashes.
const VERIFIED_MAX: usize = 100_000;

/// Where a content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    Database,
    Disk,
    S3,
}

impl Location {
    /// As the column `location` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Location::Database => "database",
            Location::Disk => "disk",
            Location::S3 => "s3",
        }
    }

    pub fn parse(text: &str) -> Option<Location> {
        [Location::Database, Location::Disk, Location::S3]
            .into_iter()
            .find(|location| location.as_str() == text)
    }
}

/// What tells whether a file is still the one that was looked at: inode, time of the last
/// change in nanoseconds, size.
type Stamp = (u64, i128, u64);

/// The store of a server, opened when it is first asked for: a server that has no files
/// makes no directories.
#[derive(Default)]
pub struct Contents {
    pub pins: Arc<Pins>,
    store: OnceLock<Arc<Store>>,
    /// Held while it is opened.
    opening: Mutex<()>,
}

impl Contents {
    pub async fn store(self: &Arc<Self>, config: Arc<Config>) -> Result<Arc<Store>> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let contents = self.clone();
        let opened = tokio::task::spawn_blocking(move || contents.open(&config));
        opened.await.map_err(|_| Error::internal("the thread that opens files has ended"))?
    }

    /// Blocks. Whoever comes first opens it, also where nobody waits for that any more: two
    /// would empty what requests are bringing.
    fn open(&self, config: &Config) -> Result<Arc<Store>> {
        let _one_at_a_time = self.opening.lock();
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let store = Store::open(config, self.pins.clone())?;
        Ok(self.store.get_or_init(|| Arc::new(store)).clone())
    }
}

/// The contents of one server that are outside of its database.
pub struct Store {
    root: PathBuf,
    pub remote: Option<Arc<Remote>>,
    pub pins: Arc<Pins>,
    verified: Cache<Hash, Stamp>,
}

impl Store {
    /// Makes the directories, and empties that of what requests were bringing.
    pub fn open(config: &Config, pins: Arc<Pins>) -> Result<Store> {
        let root = config.files_directory();
        let tmp = root.join(TMP);
        if let Err(error) = fs::remove_dir_all(&tmp)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(failed("empty", &tmp, &error));
        }
        for directory in [&root, &tmp, &root.join(UPLOADS)] {
            make_directory(directory)?;
        }
        let remote = Remote::open(config)?.map(Arc::new);
        Ok(Store { root, remote, pins, verified: Cache::new(VERIFIED_MAX) })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where new contents go that are too large for a row.
    pub fn new_location(&self) -> Location {
        if self.remote.is_some() { Location::S3 } else { Location::Disk }
    }

    pub fn path(&self, hash: &Hash) -> PathBuf {
        path(&self.root, hash)
    }

    pub fn upload_path(&self, id: &str) -> PathBuf {
        self.root.join(UPLOADS).join(id)
    }

    /// Removes the file of an upload: it may be gone, and one that stays is swept.
    pub async fn remove_upload(&self, id: &str) {
        let path = self.upload_path(id);
        // A large one takes its time.
        let removed = tokio::task::spawn_blocking(move || fs::remove_file(path)).await;
        if let Ok(Err(error)) = removed
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, "the file of upload {id} could not be removed");
        }
    }

    pub fn uploads(&self) -> PathBuf {
        self.root.join(UPLOADS)
    }

    /// A file for bytes to come.
    pub fn stage(&self) -> Result<Stager> {
        Stager::begin(&self.root.join(TMP))
    }

    /// Gives a file that is on disk the name of its content, by a link: the name that it
    /// had stays. Durable when it returns. Blocks. The content is pinned by the caller.
    pub fn place(&self, from: &Path, hash: &Hash, size: u64) -> Result<()> {
        let path = self.path(hash);
        let directory = path.parent().unwrap_or(&self.root).to_owned();
        if !directory.is_dir() {
            make_directory(&directory)?;
        }
        if let Err(error) = fs::hard_link(from, &path) {
            match error.kind() {
                ErrorKind::AlreadyExists => self.replace_if_damaged(from, &path, hash, size)?,
                _ => return Err(failed("place", &path, &error)),
            }
        }
        sync_directory(&directory)?;
        self.note_verified(hash, &path);
        Ok(())
    }

    /// Who is told that a content is here can read it: where a disk has lost what was there,
    /// it gets its bytes back.
    fn replace_if_damaged(&self, from: &Path, path: &Path, hash: &Hash, size: u64) -> Result<()> {
        let there = fs::metadata(path).map_err(|error| failed("look at", path, &error))?;
        let is_known = self.verified.get(hash) == Some(stamp(&there));
        if is_known || (there.len() == size && Hash::of_file(path)?.0 == *hash) {
            return Ok(());
        }
        tracing::error!("file {path:?} is damaged: it is replaced");
        let part = self.root.join(TMP).join(format!("{:032x}", rand::random::<u128>()));
        fs::hard_link(from, &part)
            .and_then(|()| fs::rename(&part, path))
            .map_err(|error| failed("replace", path, &error))
    }

    /// The file at a path was compared with its hash.
    fn note_verified(&self, hash: &Hash, path: &Path) {
        if let Ok(metadata) = fs::metadata(path) {
            self.verified.insert(*hash, stamp(&metadata));
        }
    }

    /// The files of contents whose hashes begin with a byte: hash and age since the last
    /// change. Blocks.
    pub fn contents_from(&self, first: u8) -> Result<Vec<(Hash, std::time::Duration)>> {
        let found = named_from(&self.root, first)?.unwrap_or_default();
        Ok(found.iter().map(|(hash, entry)| (*hash, age(entry))).collect())
    }

    /// Removes a content's file, unless a backup is being taken. Blocks. The caller has
    /// marked it ([`Pins::remove`]).
    pub fn remove(&self, hash: &Hash) -> Result<()> {
        let Some(_gate) = self.pins.gate.try_write() else { return Ok(()) };
        let path = self.path(hash);
        self.verified.remove(hash);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("remove", &path, &error)),
        }
    }
}

const TMP: &str = "tmp";
const UPLOADS: &str = "uploads";

/// Since when a file is as it is; zero where that is not known.
pub fn age(entry: &fs::DirEntry) -> std::time::Duration {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.ok().and_then(|time| time.elapsed().ok()).unwrap_or_default()
}

/// The files below a directory whose names are hashes that begin with a byte; none where
/// there is no directory of that byte.
fn named_from(root: &Path, first: u8) -> Result<Option<Vec<(Hash, fs::DirEntry)>>> {
    let directory = root.join(format!("{first:02x}"));
    let entries = match fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &directory, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("read", &directory, &error))?;
        let name = format!("{first:02x}{}", entry.file_name().to_string_lossy());
        found.extend(Hash::parse(&name).map(|hash| (hash, entry)));
    }
    Ok(Some(found))
}

fn path(root: &Path, hash: &Hash) -> PathBuf {
    let digits = hash.to_string();
    root.join(&digits[..2]).join(&digits[2..])
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    let time = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    (metadata.ino(), time, metadata.len())
}

/// Only the server reads what is in it.
fn make_directory(directory: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| failed("make directory", directory, &error))?;
    sync_directory(directory.parent().unwrap_or(directory))
}

pub fn sync_directory(directory: &Path) -> Result<()> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| failed("flush", directory, &error))
}

/// What went wrong with a file: `53100` where there is no room.
pub fn failed(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let message = format!("could not {what} \"{}\": {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Error::new(sqlstate::DISK_FULL, message).with_hint("Check free disk space.")
        }
        _ => Error::new(sqlstate::IO_ERROR, message),
    }
}

#[cfg(test)]
mod tests;
