//! Looks at fjall's journals before fjall does.
//!
//! fjall replays a journal up to the first thing it cannot read and silently cuts
//! the rest. That is right for a **torn tail**, the batch that was being written
//! when the machine stopped, and wrong for **damage in the middle**, where it
//! would drop acknowledged commits. And it refuses to open at all if the last
//! batch was torn so that its end is there and its middle is not. So:
//!
//! | found | done |
//! |---|---|
//! | batches, then zeroes or nothing | a clean journal (files are preallocated) |
//! | batches, then bytes with no intact batch after them, in the newest journal | torn: cut there, and say so |
//! | batches, then damage, then an intact batch | refuse: commits after the damage would be lost |
//! | damage in an older journal | refuse: it was fsynced when it was sealed |
//!
//! # Format (fjall 3.1)
//!
//! ```text
//! batch  = start item* end
//! start  = 1 u8 │ items u32 │ sequence number u64
//! item   = 2 u8 │ value type u8 │ compression u8 │ keyspace u64 │ key length u16
//!          │ value length u32 │ stored length u32 │ key │ stored value
//! clear  = 4 u8 │ keyspace u64                           (counts as an item)
//! end    = 3 u8 │ xxh3-64 of the items' bytes u64 │ "FJL" 3
//! ```
//! Integers are little-endian. Compression is 0 (none) or 1 (LZ4). The checksum does
//! not cover the start; but sequence numbers only grow, so one that does not is
//! damage too.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::{Error, Result};

const TAG_START: u8 = 1;
const TAG_ITEM: u8 = 2;
const TAG_END: u8 = 3;
const TAG_CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";
const VALUE_TYPE_MAX: u8 = 4;
const COMPRESSION_MAX: u8 = 1;
const START_LEN: usize = 13;

/// Checks every journal in the engine's directory; cuts a torn tail.
pub fn check(directory: &Path) -> Result<()> {
    let journals = journals(directory)?;
    for (position, path) in journals.iter().enumerate() {
        let newest = position + 1 == journals.len();
        match examine(path).map_err(|e| Error::io(&format!("read journal {path:?}"), &e))? {
            Verdict::Clean => {}
            Verdict::Torn { at, bytes } if newest => cut(path, at, bytes)?,
            Verdict::Torn { at, .. } => return Err(damaged(path, at, "sealed")),
            Verdict::Damaged { at } => return Err(damaged(path, at, "still in use")),
        }
    }
    Ok(())
}

fn journals(directory: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e: std::io::Error| Error::io(&format!("read directory {directory:?}"), &e);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut journals = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            let number: Option<u64> =
                path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
            journals.push((number, path));
        }
    }
    journals.sort();
    Ok(journals.into_iter().map(|(_, path)| path).collect())
}

fn cut(path: &Path, at: u64, bytes: u64) -> Result<()> {
    tracing::warn!(
        "journal {path:?} ends in an incomplete batch at offset {at} ({bytes} bytes); cutting it there"
    );
    OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| file.set_len(at).and_then(|()| file.sync_all()))
        .map_err(|e| Error::io(&format!("cut journal {path:?}"), &e))
}

fn damaged(path: &Path, at: u64, state: &str) -> Error {
    Error::data_corrupted(format!("journal \"{}\" is damaged at offset {at}", path.display()))
        .with_detail(format!(
            "The journal is {state}, and committed transactions follow the damage; opening would lose them."
        ))
        .with_hint("Restore the file or the data directory from a backup.")
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    /// Nothing intact from `at` on.
    Torn {
        at: u64,
        bytes: u64,
    },
    /// Not intact at `at`, but an intact batch follows.
    Damaged {
        at: u64,
    },
}

fn examine(path: &Path) -> std::io::Result<Verdict> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut at = 0;
    let mut newest = None;
    {
        let mut reader = BufReader::with_capacity(1 << 20, &file);
        while let Some(batch) = read_batch(&mut reader)? {
            if newest.is_some_and(|newest| newest >= batch.sequence_number) {
                return Ok(Verdict::Damaged { at });
            }
            newest = Some(batch.sequence_number);
            at += batch.size;
        }
    }
    // What is left is at most a preallocated file or one group of commits.
    file.seek(SeekFrom::Start(at))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    let used = without_trailing_zeroes(&rest).len();
    if used == 0 {
        return Ok(Verdict::Clean);
    }
    // An intact batch that begins with the damage itself is the damaged one.
    let intact_after = (1..used.saturating_sub(START_LEN)).any(|offset| {
        rest[offset] == TAG_START && matches!(read_batch(&mut &rest[offset..]), Ok(Some(_)))
    });
    Ok(if intact_after {
        Verdict::Damaged { at }
    } else {
        Verdict::Torn { at, bytes: length - at }
    })
}

/// Page by page first: the zeroes of a preallocated file are many.
fn without_trailing_zeroes(mut bytes: &[u8]) -> &[u8] {
    const ZEROES: [u8; 4096] = [0; 4096];
    while let Some(head) = bytes.strip_suffix(&ZEROES) {
        bytes = head;
    }
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..used]
}

struct Batch {
    size: u64,
    sequence_number: u64,
}

/// The batch that starts here; `None` if no intact batch does.
fn read_batch(reader: &mut impl Read) -> std::io::Result<Option<Batch>> {
    match try_read_batch(reader) {
        Ok(batch) => Ok(batch),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn try_read_batch(reader: &mut impl Read) -> std::io::Result<Option<Batch>> {
    let tag: [u8; 1] = take(reader)?;
    if tag[0] != TAG_START {
        return Ok(None);
    }
    let items = u32::from_le_bytes(take(reader)?);
    let sequence_number = u64::from_le_bytes(take(reader)?);
    let mut size = START_LEN as u64;
    let mut hasher = Xxh3::new();
    for _ in 0..items {
        match read_item(reader, &mut hasher)? {
            Some(bytes) => size += bytes,
            None => return Ok(None),
        }
    }
    let end: [u8; 13] = take(reader)?;
    let (head, trailer) = end.split_at(9);
    let intact =
        head[0] == TAG_END && trailer == TRAILER && head[1..] == hasher.digest().to_le_bytes();
    let size = size + end.len() as u64;
    Ok(intact.then_some(Batch { size, sequence_number }))
}

fn read_item(reader: &mut impl Read, hasher: &mut Xxh3) -> std::io::Result<Option<u64>> {
    let tag: [u8; 1] = take(reader)?;
    hasher.update(&tag);
    match tag[0] {
        TAG_CLEAR => {
            let keyspace: [u8; 8] = take(reader)?;
            hasher.update(&keyspace);
            Ok(Some(9))
        }
        TAG_ITEM => {
            let head: [u8; 20] = take(reader)?;
            hasher.update(&head);
            if head[0] > VALUE_TYPE_MAX || head[1] > COMPRESSION_MAX {
                return Ok(None);
            }
            let key = u64::from(u16::from_le_bytes([head[10], head[11]]));
            let stored = u64::from(u32::from_le_bytes([head[16], head[17], head[18], head[19]]));
            hash_through(reader, hasher, key + stored)?;
            Ok(Some(21 + key + stored))
        }
        _ => Ok(None),
    }
}

fn hash_through(reader: &mut impl Read, hasher: &mut Xxh3, mut bytes: u64) -> std::io::Result<()> {
    let mut buffer = [0; 8192];
    while bytes > 0 {
        let part = bytes.min(buffer.len() as u64) as usize;
        reader.read_exact(&mut buffer[..part])?;
        hasher.update(&buffer[..part]);
        bytes -= part as u64;
    }
    Ok(())
}

fn take<const N: usize>(reader: &mut impl Read) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
