//! Appending to the files.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::chain::{self, GENESIS, Hash, hash_of, hex};
use super::event::{Class, Event, OK};
use super::{Options, file_of, files};
use crate::error::{Error, Result};

/// Bytes at the end of a file in which its last record is.
const TAIL_BYTES: u64 = 1 << 20;

pub struct Writer {
    directory: PathBuf,
    pub options: Options,
    file: File,
    /// Bytes of the file, all of them whole records.
    length: u64,
    /// Records of the file.
    count: u64,
    /// The number of the next record.
    next: u64,
    last: Hash,
    is_dirty: bool,
}

/// Where a chain goes on.
struct Tail {
    next: u64,
    last: Hash,
    /// What the start has found, to be told.
    told: Option<String>,
}

impl Writer {
    /// Goes on where the files end, in a file of its own.
    pub fn open(directory: &Path, options: Options) -> Result<Writer> {
        let failed = |error| Error::io(&format!("make directory {directory:?}"), &error);
        make_directory(directory).map_err(failed)?;
        let tail = tail_of(directory)?;
        let file = begin(directory, tail.next)?;
        let mut writer = Writer {
            directory: directory.to_owned(),
            options,
            file,
            length: 0,
            count: 0,
            next: tail.next,
            last: tail.last,
            is_dirty: false,
        };
        writer.begin_file(tail.told)?;
        writer.remove_old()?;
        Ok(writer)
    }

    /// Writes a record; what is written of one that fails is taken back.
    pub fn append(&mut self, event: &Event) -> Result<()> {
        if self.length >= self.options.file_bytes && self.count > 1 {
            self.rotate()?;
        }
        self.write(event)?;
        if self.options.sync_interval.is_zero() {
            self.sync()?;
        }
        Ok(())
    }

    fn write(&mut self, event: &Event) -> Result<()> {
        let time = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let body = event.body(self.next, &time);
        let hash = hash_of(&self.last, body.as_bytes());
        let line = format!("{body},\"hash\":\"{}\"}}\n", hex(&hash));
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // Nothing may follow half a record; if this fails, too, the next start cuts it.
            let _ = self.file.set_len(self.length);
            return Err(Error::io("write the audit log", &error));
        }
        self.length += line.len() as u64;
        self.count += 1;
        self.next += 1;
        self.last = hash;
        self.is_dirty = true;
        Ok(())
    }

    fn begin_file(&mut self, told: Option<String>) -> Result<()> {
        let event = Event::new(Class::Audit, "file begins", OK).with("previous", &hex(&self.last));
        self.write(&event.with("detail", &told.unwrap_or_default()))?;
        self.sync()
    }

    fn rotate(&mut self) -> Result<()> {
        self.sync()?;
        self.file = begin(&self.directory, self.next)?;
        (self.length, self.count) = (0, 0);
        self.begin_file(None)?;
        self.remove_old()
    }

    /// Removes the oldest files while all of them are too large; never the present one.
    fn remove_old(&mut self) -> Result<()> {
        if self.options.total_bytes == 0 {
            return Ok(());
        }
        let all = files(&self.directory)?;
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |data| data.len());
        let mut total: u64 = all.iter().map(|(_, path)| size(path)).sum();
        for (_, path) in all.iter().take(all.len().saturating_sub(1)) {
            if total <= self.options.total_bytes {
                break;
            }
            total = total.saturating_sub(size(path));
            let failed = |error| Error::io(&format!("remove file {path:?}"), &error);
            fs::remove_file(path).map_err(failed)?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            self.write(&Event::new(Class::Audit, "file removed", OK).with("detail", name))?;
        }
        Ok(())
    }

    pub fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// The file, to be synced without its writer.
    pub fn take_dirty(&mut self) -> std::io::Result<File> {
        self.is_dirty = false;
        self.file.try_clone()
    }

    fn sync(&mut self) -> Result<()> {
        self.is_dirty = false;
        self.file.sync_data().map_err(|error| Error::io("sync the audit log", &error))
    }

    pub fn close(&mut self) {
        if let Err(error) = self.sync() {
            tracing::error!("{error}");
        }
    }
}

/// For its owner alone: records tell who may do what.
fn make_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// A new file, whose name is durable.
fn begin(directory: &Path, next: u64) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = file_of(directory, next);
    let failed = |error: std::io::Error| Error::io(&format!("make file {path:?}"), &error);
    let mut options = OpenOptions::new();
    let file = options.append(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
    Ok(file)
}

/// Where the newest file ends; what a crash has torn there is cut off.
fn tail_of(directory: &Path) -> Result<Tail> {
    let mut told = None;
    for (first, path) in files(directory)?.into_iter().rev() {
        let failed = |error: std::io::Error| Error::io(&format!("read file {path:?}"), &error);
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        let from = length.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if end < bytes.len() {
            let torn = bytes.len() - end;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let message = format!("{torn} bytes of a torn record were cut off {name}");
            tracing::warn!("audit log: {message}");
            told.get_or_insert(message);
            file.set_len(from + end as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        let whole = &bytes[..end];
        if whole.is_empty() && from == 0 {
            // Nothing of it was ever written.
            fs::remove_file(&path).map_err(failed)?;
            continue;
        }
        let line = whole.strip_suffix(b"\n").unwrap_or_default();
        let start = line.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        return match chain::read(&line[start..]) {
            Ok(record) => Ok(Tail { next: record.seq + 1, last: record.hash, told }),
            Err(what) => {
                tracing::error!("audit log: the last record of {path:?} is damaged: {what}");
                let bytes = fs::read(&path).map_err(failed)?;
                let count = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
                let told = Some("the record before is damaged".to_owned());
                Ok(Tail { next: first + count.max(1), last: GENESIS, told })
            }
        };
    }
    Ok(Tail { next: 1, last: GENESIS, told })
}
