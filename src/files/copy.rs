//! Contents in backups.
//!
//! ```text
//! BACKUP/files/ab/cdef…        the same names as below the data directory
//! ```
//! A backup has copies: what a disk loses of one file is not lost of the other. One that the
//! previous backup has is linked from there, after it was compared with its name. What is
//! in an S3 service stays there: it is that service's to keep.

use std::fs::{self, File};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Hash, failed, named_from, path, sync_directory};
use crate::error::{Error, Result};

/// The directory of contents in a backup.
pub const BACKUP_DIRECTORY: &str = "files";

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    pub files: u64,
    pub bytes: u64,
}

/// Copies all contents from one directory into another, which it makes. `previous` is a
/// directory that may have some already. Durable when it returns.
pub fn all(
    from: &Path,
    to: &Path,
    previous: Option<&Path>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Copied> {
    let mut copied = Copied::default();
    for first in 0..=u8::MAX {
        let Some(names) = named_from(from, first)? else { continue };
        let directory = to.join(format!("{first:02x}"));
        fs::create_dir_all(&directory).map_err(|error| failed("make", &directory, &error))?;
        for (hash, _) in names {
            if is_cancelled() {
                return Err(Error::query_canceled());
            }
            let (source, target) = (path(from, &hash), path(to, &hash));
            let previous = previous.map(|previous| path(previous, &hash));
            copied.bytes += one(&hash, &source, &target, previous.as_deref())?;
            copied.files += 1;
        }
        sync_directory(&directory)?;
    }
    if copied.files > 0 {
        sync_directory(to)?;
        sync_directory(to.parent().unwrap_or(to))?;
    }
    Ok(copied)
}

fn one(hash: &Hash, from: &Path, to: &Path, previous: Option<&Path>) -> Result<u64> {
    let size = fs::metadata(from).map_err(|error| failed("look at", from, &error))?.len();
    if let Some(previous) = previous
        && Hash::of_file(previous).is_ok_and(|(found, _)| found == *hash)
        && fs::hard_link(previous, to).is_ok()
    {
        return Ok(size);
    }
    fs::copy(from, to)
        .and_then(|_| File::open(to)?.sync_all())
        .map_err(|error| failed("copy", to, &error))?;
    Ok(size)
}

/// Compares all contents of a directory with their names.
pub fn verify(directory: &Path) -> Result<Copied> {
    let mut seen = Copied::default();
    for first in 0..=u8::MAX {
        for (hash, _) in named_from(directory, first)?.unwrap_or_default() {
            let path = path(directory, &hash);
            let (found, size) = Hash::of_file(&path)?;
            if found != hash {
                let message = format!("file \"{}\" is damaged", path.display());
                return Err(Error::data_corrupted(message));
            }
            seen.files += 1;
            seen.bytes += size;
        }
    }
    Ok(seen)
}
