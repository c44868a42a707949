//! Chunks: where they are cut, their bytes, their names.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use crate::storage::{Key, Value};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"ZSBKUP01";
const CHUNKS: &str = "chunks";
/// No chunk but a keyspace's last is smaller.
const BYTES_MIN: usize = 512 << 10;
/// About how many bytes there are between two keys that may end a chunk.
const BYTES_TYPICAL: u64 = 1 << 20;
/// A chunk ends here wherever it is.
const BYTES_MAX: usize = 8 << 20;

/// A chunk that is being filled.
pub(super) struct Chunk {
    bytes: Vec<u8>,
    pub entries: u64,
}

impl Chunk {
    pub fn new() -> Chunk {
        Chunk { bytes: MAGIC.to_vec(), entries: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds an entry; true if the chunk ends here.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> bool {
        self.bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.entries += 1;
        let entry_bytes = (8 + key.len() + value.len()) as u64;
        let share = (u64::MAX / BYTES_TYPICAL).saturating_mul(entry_bytes);
        let may_end = xxh3_64(key) < share;
        self.bytes.len() >= BYTES_MAX || (may_end && self.bytes.len() >= BYTES_MIN)
    }

    pub fn name(&self) -> String {
        name_of(&self.bytes)
    }
}

fn name_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a chunk of a backup is.
pub(super) fn path(backup: &Path, name: &str) -> PathBuf {
    backup.join(CHUNKS).join(name.get(..2).unwrap_or_default()).join(format!("{name}.chunk"))
}

/// Writes a new file durably, but for its directory.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: std::io::Error| write_error(path, &error);
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)
}

pub(super) fn write_error(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Error::disk_full(format!("File \"{}\" could not be written.", path.display()))
        }
        _ => Error::io(&format!("write file {path:?}"), error),
    }
}

/// The bytes of a chunk, which are what its name says: `XX001` if not.
pub(super) fn read(backup: &Path, name: &str, bytes: u64) -> Result<Vec<u8>> {
    let path = path(backup, name);
    let failed = |error: std::io::Error| Error::io(&format!("read file {path:?}"), &error);
    let mut content = Vec::new();
    let file = File::open(&path).map_err(failed)?;
    // A file that has grown is damaged, whatever is in it.
    file.take(bytes.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 != bytes || name_of(&content) != name {
        return Err(Error::data_corrupted(format!("file \"{}\" is damaged", path.display()))
            .with_detail("Its checksum is not the one in its name."));
    }
    Ok(content)
}

/// Takes a chunk over from another backup; false if that does not have it intact.
pub(super) fn take_over(from: &Path, to: &Path, name: &str, bytes: &[u8]) -> Result<bool> {
    match read(from, name, bytes.len() as u64) {
        Ok(content) if content == bytes => {}
        _ => return Ok(false),
    }
    let (from, to) = (path(from, name), path(to, name));
    match fs::hard_link(&from, &to) {
        Ok(()) => Ok(true),
        Err(_) => {
            write(&to, bytes)?;
            Ok(true)
        }
    }
}

/// The entries of a chunk's bytes, in order.
pub(super) struct Entries {
    bytes: Vec<u8>,
    at: usize,
}

impl Entries {
    pub fn new(bytes: Vec<u8>) -> Result<Entries> {
        match bytes.starts_with(MAGIC) {
            true => Ok(Entries { bytes, at: MAGIC.len() }),
            false => Err(Error::data_corrupted("a chunk of a backup has another format")),
        }
    }

    fn part(&mut self, bytes: usize) -> Option<&[u8]> {
        let part = self.bytes.get(self.at..self.at.checked_add(bytes)?)?;
        self.at += bytes;
        Some(part)
    }

    fn length(&mut self) -> Option<usize> {
        let bytes: [u8; 4] = self.part(4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn entry(&mut self) -> Option<(Key, Value)> {
        let (key, value) = (self.length()?, self.length()?);
        let key = Key::from(self.part(key)?);
        Some((key, Value::from(self.part(value)?)))
    }
}

impl Iterator for Entries {
    type Item = Result<(Key, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let entry = self.entry();
        if entry.is_none() {
            self.at = self.bytes.len();
        }
        Some(entry.ok_or_else(|| Error::data_corrupted("a chunk of a backup is cut")))
    }
}
