//! Runs on disk: `DIR/runs/N.run`, written once, read by key or in order, removed.
//!
//! ```text
//! file     block* │ index │ trailer
//! block    (key length u32 │ value length u32 │ key │ value)* │ xxh3-64 of it u64
//! index    entries u64 │ (offset u64 │ length u32 │ key length u32 │ first key)*
//!          │ xxh3-64 of it u64
//! trailer  offset of the index u64 │ its length u64 │ "ZSRUN\0\0\1"
//! ```
//! Integers are little-endian. The index stays in memory: about 40 bytes for each 32 KiB.
//!
//! A file that nobody keeps goes with its last handle; after a crash the next start
//! removes what is in no record ([`Engine::remove_runs`](crate::storage::Engine)).

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use crate::storage::{Entries, Key, KeyRange, Run, Value};
use crate::{Error, Result};

const BLOCK_BYTES: usize = 32 << 10;
const CHECKSUM_BYTES: usize = 8;
const TRAILER_BYTES: usize = 24;
const MAGIC: [u8; 8] = *b"ZSRUN\0\0\x01";

/// The name of the runs' directory in the data directory.
pub(super) const DIRECTORY: &str = "runs";

pub(super) struct DiskRun {
    number: u64,
    path: PathBuf,
    file: File,
    index: Vec<Place>,
    entries: u64,
    bytes: u64,
    /// The block that was read last by key.
    recent: Mutex<Option<(usize, Arc<[u8]>)>>,
    is_kept: AtomicBool,
}

/// Where a block is.
struct Place {
    offset: u64,
    len: u32,
    first: Box<[u8]>,
}

fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number}.run"))
}

/// The numbers of the runs in a directory; none if it is not there.
pub(super) fn numbers(directory: &Path) -> Result<Vec<u64>> {
    let failed = |e: std::io::Error| Error::io(&format!("read directory {directory:?}"), &e);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".run")?.parse::<u64>().ok());
        numbers.extend(number);
    }
    Ok(numbers)
}

pub(super) fn remove(directory: &Path, number: u64) -> Result<()> {
    let path = path_of(directory, number);
    fs::remove_file(&path).map_err(|e| Error::io(&format!("remove file {path:?}"), &e))
}

/// Writes a run; what is left of one that failed is removed.
pub(super) fn write(
    directory: &Path,
    number: u64,
    entries: &mut dyn Iterator<Item = Result<(Key, Value)>>,
) -> Result<DiskRun> {
    fs::create_dir_all(directory)
        .map_err(|e| Error::io(&format!("create directory {directory:?}"), &e))?;
    let path = path_of(directory, number);
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::StorageFull => Error::disk_full(error.to_string()),
        _ => Error::io(&format!("write file {path:?}"), &error),
    };
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
    let file = file.map_err(failed)?;
    // From here on it goes when it is dropped.
    let mut run = DiskRun {
        number,
        path: path.clone(),
        file,
        index: Vec::new(),
        entries: 0,
        bytes: 0,
        recent: Mutex::default(),
        is_kept: AtomicBool::new(false),
    };
    let mut writer = Writer {
        out: BufWriter::with_capacity(256 << 10, run.file.try_clone().map_err(failed)?),
        block: Vec::with_capacity(BLOCK_BYTES * 2),
        first: None,
        index: Vec::new(),
        entries: 0,
        at: 0,
    };
    for entry in entries {
        let (key, value) = entry?;
        writer.add(&key, &value).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    (run.index, run.entries, run.bytes) = (writer.index, writer.entries, writer.at);
    Ok(run)
}

struct Writer {
    out: BufWriter<File>,
    block: Vec<u8>,
    first: Option<Key>,
    index: Vec<Place>,
    entries: u64,
    at: u64,
}

impl Writer {
    fn add(&mut self, key: &Key, value: &Value) -> std::io::Result<()> {
        self.first.get_or_insert_with(|| key.clone());
        self.block.extend_from_slice(&(key.len() as u32).to_le_bytes());
        self.block.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.block.extend_from_slice(key);
        self.block.extend_from_slice(value);
        self.entries += 1;
        if self.block.len() >= BLOCK_BYTES { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> std::io::Result<()> {
        let Some(first) = self.first.take() else { return Ok(()) };
        let checksum = xxh3_64(&self.block);
        self.block.extend_from_slice(&checksum.to_le_bytes());
        let first = Box::from(&first[..]);
        self.index.push(Place { offset: self.at, len: self.block.len() as u32, first });
        self.out.write_all(&self.block)?;
        self.at += self.block.len() as u64;
        self.block.clear();
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<()> {
        self.end_block()?;
        let mut index = self.entries.to_le_bytes().to_vec();
        for place in &self.index {
            index.extend_from_slice(&place.offset.to_le_bytes());
            index.extend_from_slice(&place.len.to_le_bytes());
            index.extend_from_slice(&(place.first.len() as u32).to_le_bytes());
            index.extend_from_slice(&place.first);
        }
        let checksum = xxh3_64(&index);
        index.extend_from_slice(&checksum.to_le_bytes());
        self.out.write_all(&index)?;
        self.out.write_all(&self.at.to_le_bytes())?;
        self.out.write_all(&(index.len() as u64).to_le_bytes())?;
        self.out.write_all(&MAGIC)?;
        self.at += (index.len() + TRAILER_BYTES) as u64;
        self.out.flush()
    }
}

impl DiskRun {
    /// Opens a run that a record names. It is kept.
    pub(super) fn open(directory: &Path, number: u64) -> Result<DiskRun> {
        let path = path_of(directory, number);
        let failed = |e: std::io::Error| Error::io(&format!("read file {path:?}"), &e);
        let file = File::open(&path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let trailer_at =
            bytes.checked_sub(TRAILER_BYTES as u64).ok_or_else(|| damaged(&path, 0))?;
        let mut trailer = [0; TRAILER_BYTES];
        file.read_exact_at(&mut trailer, trailer_at).map_err(failed)?;
        let (at, len) = (number_at(&trailer, 0), number_at(&trailer, 8));
        if trailer[16..] != MAGIC || at.checked_add(len) != Some(trailer_at) {
            return Err(damaged(&path, trailer_at));
        }
        let mut index = vec![0; len as usize];
        file.read_exact_at(&mut index, at).map_err(failed)?;
        let (entries, index) =
            checked(&index).and_then(decode_index).ok_or_else(|| damaged(&path, at))?;
        Ok(DiskRun {
            number,
            path,
            file,
            index,
            entries,
            bytes,
            recent: Mutex::default(),
            is_kept: AtomicBool::new(true),
        })
    }

    fn read(&self, block: usize) -> Result<Arc<[u8]>> {
        let place = &self.index[block];
        let mut bytes = vec![0; place.len as usize];
        self.file
            .read_exact_at(&mut bytes, place.offset)
            .map_err(|e| Error::io(&format!("read file {:?}", self.path), &e))?;
        let len = checked(&bytes).ok_or_else(|| damaged(&self.path, place.offset))?.len();
        bytes.truncate(len);
        Ok(bytes.into())
    }

    /// The block where a key is, if it is anywhere.
    fn block_of(&self, key: &[u8]) -> Option<usize> {
        self.index.partition_point(|place| *place.first <= *key).checked_sub(1)
    }
}

fn damaged(path: &Path, at: u64) -> Error {
    Error::data_corrupted(format!("{path:?} is damaged at offset {at}"))
}

fn number_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// What a checksum at its end says is intact.
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (body, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
    (xxh3_64(body) == u64::from_le_bytes(*checksum)).then_some(body)
}

fn decode_index(bytes: &[u8]) -> Option<(u64, Vec<Place>)> {
    let (entries, mut rest) = bytes.split_first_chunk()?;
    let mut index = Vec::new();
    while !rest.is_empty() {
        let (offset, after) = rest.split_first_chunk()?;
        let (len, after) = after.split_first_chunk()?;
        let (key_len, after) = after.split_first_chunk()?;
        let (first, after) = after.split_at_checked(u32::from_le_bytes(*key_len) as usize)?;
        let (offset, len) = (u64::from_le_bytes(*offset), u32::from_le_bytes(*len));
        index.push(Place { offset, len, first: first.into() });
        rest = after;
    }
    Some((u64::from_le_bytes(*entries), index))
}

/// The entries of a block; its checksum was right, so they are whole.
fn entries_of(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (key_len, after) = rest.split_first_chunk()?;
        let (value_len, after) = after.split_first_chunk()?;
        let (key, after) = after.split_at_checked(u32::from_le_bytes(*key_len) as usize)?;
        let (value, after) = after.split_at_checked(u32::from_le_bytes(*value_len) as usize)?;
        rest = after;
        Some((key, value))
    })
}

impl Run for DiskRun {
    fn number(&self) -> u64 {
        self.number
    }

    fn entries(&self) -> u64 {
        self.entries
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn get(&self, key: &[u8]) -> Result<Option<Value>> {
        let Some(block) = self.block_of(key) else { return Ok(None) };
        let recent = self.recent.lock().clone();
        let bytes = match recent {
            Some((number, bytes)) if number == block => bytes,
            _ => {
                let bytes = self.read(block)?;
                *self.recent.lock() = Some((block, bytes.clone()));
                bytes
            }
        };
        let found = entries_of(&bytes).find(|(found, _)| *found >= key);
        Ok(found.filter(|(found, _)| *found == key).map(|(_, value)| Value::from(value)))
    }

    fn range(self: Arc<Self>, range: &KeyRange, reverse: bool) -> Entries {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let first = self.block_of(&range.lower).unwrap_or(0);
        let end = match &range.upper {
            Some(upper) => self.index.partition_point(|place| *place.first < **upper),
            None => self.index.len(),
        };
        Box::new(RunEntries {
            run: self,
            blocks: first..end,
            range: range.clone(),
            reverse,
            block: Vec::new().into_iter(),
        })
    }

    fn sync(&self) -> Result<()> {
        let failed = |e: std::io::Error| Error::io(&format!("sync file {:?}", self.path), &e);
        self.file.sync_all().map_err(failed)?;
        // Its name, and that of the directory that it is in.
        for directory in self.path.ancestors().skip(1).take(2) {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        }
        Ok(())
    }

    fn keep(&self, is_kept: bool) -> bool {
        self.is_kept.swap(is_kept, Ordering::Relaxed)
    }
}

impl Drop for DiskRun {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!("could not remove file {:?}: {error}", self.path);
        }
    }
}

/// A range of a run, a block at a time.
struct RunEntries {
    run: Arc<DiskRun>,
    blocks: Range<usize>,
    range: KeyRange,
    reverse: bool,
    block: std::vec::IntoIter<(Key, Value)>,
}

impl Iterator for RunEntries {
    type Item = Result<(Key, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = if self.reverse { self.block.next_back() } else { self.block.next() };
            if let Some(entry) = entry {
                return Some(Ok(entry));
            }
            let block = if self.reverse { self.blocks.next_back() } else { self.blocks.next() }?;
            match self.run.read(block) {
                Ok(bytes) => {
                    let wanted = entries_of(&bytes).filter(|(key, _)| self.range.contains(key));
                    let owned: Vec<_> =
                        wanted.map(|(key, value)| (Key::from(key), Value::from(value))).collect();
                    self.block = owned.into_iter();
                }
                Err(error) => {
                    self.blocks = 0..0;
                    return Some(Err(error));
                }
            }
        }
    }
}
