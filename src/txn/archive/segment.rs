//! One file of records.
//!
//! ```text
//! HISTORY/FIRST.segment    both as 16 hexadecimal digits
//! header   "ZSARCH01" │ history u64 │ first sequence u64 │ xxh3-64 of the header u64
//! record*
//! ```

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::history_directory;
use super::record::{Record, fill};
use crate::{Error, Result, sqlstate};

const MAGIC: &[u8; 8] = b"ZSARCH01";
const HEADER_BYTES: usize = 32;
pub(super) const EXTENSION: &str = "segment";

/// The segment that is being written.
pub(super) struct Segment {
    file: File,
    path: PathBuf,
    first: u64,
    bytes: u64,
    /// The first record's time.
    since: Option<i64>,
    /// Bytes were written since the last fsync.
    is_dirty: bool,
    /// It may end in a part of a record that could not be cut off.
    is_torn: bool,
}

impl Segment {
    /// Begins a segment; durable, but for its records.
    pub fn create(directory: &Path, history: u64, first: u64) -> Result<Segment> {
        let folder = history_directory(directory, history);
        let path = folder.join(file_name(first));
        let failed = |error: std::io::Error| write_error(&path, &error);
        fs::create_dir_all(&folder).map_err(failed)?;
        // One of this name has no record that the engine has.
        let mut file = File::create(&path).map_err(failed)?;
        file.write_all(&header(history, first)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        for folder in [folder.as_path(), directory] {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(Segment {
            file,
            path: path.clone(),
            first,
            bytes: HEADER_BYTES as u64,
            since: None,
            is_dirty: false,
            is_torn: false,
        })
    }

    pub fn first(&self) -> u64 {
        self.first
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.bytes == HEADER_BYTES as u64
    }

    pub fn since(&self) -> Option<i64> {
        self.since
    }

    /// Appends bytes and answers where they begin; an error leaves nothing of them.
    pub fn append(&mut self, record: &[u8], time: i64) -> Result<u64> {
        let at = self.bytes;
        if self.is_torn {
            self.cut(at)?;
        }
        if let Err(error) = self.file.write_all(record) {
            self.is_torn = true;
            // If it fails now, it is tried again before the next record.
            let _ = self.cut(at);
            return Err(write_error(&self.path, &error));
        }
        self.bytes += record.len() as u64;
        self.since.get_or_insert(time);
        self.is_dirty = true;
        Ok(at)
    }

    pub fn cut(&mut self, at: u64) -> Result<()> {
        self.file
            .set_len(at)
            .and_then(|()| self.file.seek(SeekFrom::Start(at)))
            .map_err(|error| write_error(&self.path, &error))?;
        self.bytes = at;
        self.is_dirty = true;
        self.is_torn = false;
        Ok(())
    }

    pub fn sync(&mut self) -> Result<()> {
        if self.is_dirty {
            self.file.sync_data().map_err(|error| write_error(&self.path, &error))?;
            self.is_dirty = false;
        }
        Ok(())
    }
}

fn write_error(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Error::disk_full(format!("File \"{}\" could not be written.", path.display()))
        }
        _ => Error::io(&format!("write file {path:?}"), error),
    }
}

fn header(history: u64, first: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..16].copy_from_slice(&history.to_le_bytes());
    header[16..24].copy_from_slice(&first.to_le_bytes());
    let checksum = xxh3_64(&header[..24]);
    header[24..].copy_from_slice(&checksum.to_le_bytes());
    header
}

pub(super) fn file_name(first: u64) -> String {
    format!("{first:016x}.{EXTENSION}")
}

/// The segments of a history's directory by their first records; none if there is no
/// directory.
pub(super) fn list(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let failed =
        |error: std::io::Error| Error::io(&format!("read directory {directory:?}"), &error);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let first = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(&format!(".{EXTENSION}")))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if let Some(first) = first {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

/// A segment that is read.
pub(super) struct SegmentReader {
    reader: BufReader<File>,
    pub path: PathBuf,
    /// The number that the next record must have.
    pub next: u64,
    /// Where it begins.
    pub at: u64,
    length: u64,
}

impl SegmentReader {
    /// `None` if its header is not that of this segment.
    pub fn open(path: &Path, history: u64, first: u64) -> Result<Option<SegmentReader>> {
        let failed = |error: std::io::Error| Error::io(&format!("read file {path:?}"), &error);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut found = [0; HEADER_BYTES];
        if !fill(&mut reader, &mut found).map_err(failed)? || found != header(history, first) {
            return Ok(None);
        }
        let at = HEADER_BYTES as u64;
        Ok(Some(SegmentReader { reader, path: path.to_owned(), next: first, at, length }))
    }

    /// The next record and where it begins; `None` where no intact one with the right
    /// number does.
    pub fn read(&mut self) -> Result<Option<(Record, u64)>> {
        let read = Record::read(&mut self.reader)
            .map_err(|error| Error::io(&format!("read file {:?}", self.path), &error))?;
        match read {
            Some((record, bytes)) if record.sequence == self.next => {
                let at = self.at;
                self.at += bytes;
                self.next += 1;
                Ok(Some((record, at)))
            }
            _ => Ok(None),
        }
    }

    /// Whether all of the file was read.
    pub fn is_at_end(&self) -> bool {
        self.at == self.length
    }
}

/// One record again, by its place.
pub(super) fn record_at(path: &Path, at: u64) -> Result<Record> {
    let failed = |error: std::io::Error| Error::io(&format!("read file {path:?}"), &error);
    let mut file = File::open(path).map_err(failed)?;
    file.seek(SeekFrom::Start(at)).map_err(failed)?;
    let record = Record::read(&mut BufReader::new(file)).map_err(failed)?;
    record.map(|(record, _)| record).ok_or_else(|| damaged(path, at))
}

pub(super) fn damaged(path: &Path, at: u64) -> Error {
    Error::new(
        sqlstate::DATA_CORRUPTED,
        format!("archive segment \"{}\" is damaged at offset {at}", path.display()),
    )
}

/// Looks for the newest record up to `last`, and cuts off what follows it if it may.
/// None if there is no such record.
pub(super) fn cut_after(
    path: &Path,
    history: u64,
    first: u64,
    last: u64,
    may_cut: bool,
) -> Result<Option<u64>> {
    let Some(mut reader) = SegmentReader::open(path, history, first)? else { return Ok(None) };
    let (mut newest, mut end) = (None, reader.at);
    while let Some((record, _)) = reader.read()? {
        if record.sequence > last {
            break;
        }
        newest = Some(record.sequence);
        end = reader.at;
    }
    if newest.is_some() && may_cut {
        let cut = File::options().write(true).open(path).and_then(|file| {
            if file.metadata()?.len() > end {
                file.set_len(end)?;
            }
            file.sync_all()
        });
        cut.map_err(|error| write_error(path, &error))?;
    }
    Ok(newest)
}
