//! Reading the files: records, and whether each fits the one before it.
//!
//! ```text
//! hash(n) = BLAKE3(hash(n - 1) ‖ line(n) up to `,"hash":"…"}`)
//! ```
//! with 32 bytes of zeros before the first. A record that does not fit is named once: the
//! next is compared with the hash that it states.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::event::Class;
use super::files;
use crate::error::{Error, Result};

pub type Hash = [u8; 32];

/// Before the first record.
pub const GENESIS: Hash = [0; 32];

/// Bytes of the longest line that is read.
const LINE_BYTES_MAX: usize = 4 << 20;

/// `,"hash":"` and `"}`, with the digits between.
const OPENING: &[u8] = b",\"hash\":\"";
const CLOSING: &[u8] = b"\"}";
const HASH_DIGITS: usize = 64;

/// Findings that are told; more are counted.
const FINDINGS_MAX: usize = 100;

/// One record.
#[derive(Clone, Debug)]
pub struct Record {
    pub seq: u64,
    pub hash: Hash,
    pub members: Map<String, Value>,
}

impl Record {
    /// A member of text.
    pub fn text(&self, name: &str) -> &str {
        self.members.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

pub fn hash_of(previous: &Hash, body: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous).update(body);
    *hasher.finalize().as_bytes()
}

pub fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

fn from_hex(digits: &[u8]) -> Option<Hash> {
    blake3::Hash::from_hex(digits).ok().map(|hash| *hash.as_bytes())
}

/// A line without its end, in what is hashed and the hash.
fn split(line: &[u8]) -> Option<(&[u8], Hash)> {
    let rest = line.strip_suffix(CLOSING)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(HASH_DIGITS)?)?;
    Some((rest.strip_suffix(OPENING)?, from_hex(digits)?))
}

/// The record of a line without its end; not whether it fits.
pub fn read(line: &[u8]) -> std::result::Result<Record, String> {
    let (_, hash) = split(line).ok_or("it has no hash")?;
    let members: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("it is not JSON: {error}"))?;
    let seq = members.get("seq").and_then(Value::as_u64).ok_or("it has no number")?;
    Ok(Record { seq, hash, members })
}

/// The lines of files, one after the other.
pub struct Reader {
    files: std::vec::IntoIter<(u64, PathBuf)>,
    open: Option<(PathBuf, BufReader<File>, u64)>,
}

/// A line, without its end, and where it is.
struct Line {
    path: PathBuf,
    /// From 1.
    number: u64,
    bytes: Vec<u8>,
    /// The file ends within it.
    is_torn: bool,
}

impl Reader {
    pub fn open(directory: &Path) -> Result<Reader> {
        Ok(Reader { files: files(directory)?.into_iter(), open: None })
    }

    fn next_line(&mut self) -> Result<Option<Line>> {
        loop {
            let Some((path, file, number)) = &mut self.open else {
                let Some((_, path)) = self.files.next() else { return Ok(None) };
                match File::open(&path) {
                    Ok(file) => self.open = Some((path, BufReader::new(file), 0)),
                    // A server that runs has removed it.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(Error::io(&format!("read file {path:?}"), &error)),
                }
                continue;
            };
            let mut bytes = Vec::new();
            let mut limited = std::io::Read::take(&mut *file, LINE_BYTES_MAX as u64);
            let read = limited.read_until(b'\n', &mut bytes);
            read.map_err(|error| Error::io(&format!("read file {path:?}"), &error))?;
            if bytes.is_empty() {
                self.open = None;
                continue;
            }
            *number += 1;
            let is_torn = bytes.pop_if(|last| *last == b'\n').is_none();
            return Ok(Some(Line { path: path.clone(), number: *number, bytes, is_torn }));
        }
    }
}

/// The records that can be read, in their order.
impl Iterator for Reader {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Result<Record>> {
        loop {
            match self.next_line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(line)) => match read(&line.bytes) {
                    Ok(record) => return Some(Ok(record)),
                    // `verify` names it.
                    Err(_) => continue,
                },
            }
        }
    }
}

/// The records of a log, read as they are asked for.
pub fn records(directory: &Path) -> Result<Reader> {
    Reader::open(directory)
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub file: String,
    pub line: u64,
    pub what: String,
}

/// What was found of a log.
#[derive(Debug, Default)]
pub struct Verified {
    pub records: u64,
    pub first: u64,
    pub last: u64,
    /// Of the last record.
    pub head: Hash,
    pub findings: Vec<Finding>,
    /// Findings that are not told.
    pub more: u64,
    /// A line at the end of all, which a crash has torn or which is just being written.
    pub torn: Option<Finding>,
    /// Whether a hash that was given is in the chain.
    pub has_head: bool,
}

impl Verified {
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    pub fn head(&self) -> String {
        hex(&self.head)
    }

    fn add(&mut self, line: &Line, what: String) {
        match self.findings.len() < FINDINGS_MAX {
            true => self.findings.push(finding(line, what)),
            false => self.more += 1,
        }
    }
}

fn finding(line: &Line, what: String) -> Finding {
    let name = line.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Finding { file: name.to_owned(), line: line.number, what }
}

/// Compares each record with the one before it. `head`: a hash that has to be there.
pub fn verify(directory: &Path, head: Option<&str>) -> Result<Verified> {
    let wanted = head.and_then(|head| from_hex(head.as_bytes()));
    let mut reader = Reader::open(directory)?;
    let mut found = Verified::default();
    let mut before: Option<(u64, Hash)> = None;
    let mut torn: Option<Line> = None;
    while let Some(line) = reader.next_line()? {
        if let Some(torn) = torn.take() {
            found.add(&torn, "the file ends within a record".to_owned());
        }
        if line.is_torn {
            torn = Some(line);
            continue;
        }
        before = Some(check(&line, before, &mut found));
        found.has_head |= before.is_some_and(|(_, hash)| Some(hash) == wanted);
    }
    found.torn = torn.map(|line| {
        let bytes = line.bytes.len();
        finding(&line, format!("{bytes} bytes of a torn record"))
    });
    Ok(found)
}

/// One line, and what the next goes on from.
fn check(line: &Line, before: Option<(u64, Hash)>, found: &mut Verified) -> (u64, Hash) {
    let (expected, previous) = before.map_or((1, GENESIS), |(seq, hash)| (seq + 1, hash));
    let (record, body) = match (read(&line.bytes), split(&line.bytes)) {
        (Ok(record), Some((body, _))) => (record, body),
        (Err(what), _) => {
            found.add(line, format!("where record {expected} should be: {what}"));
            return (expected, previous);
        }
        (Ok(_), None) => return (expected, previous),
    };
    let previous = match (line.number, before) {
        (1, before) => begun_after(line, &record, before, found),
        _ => previous,
    };
    let is_expected = record.seq == expected || (before.is_none() && line.number == 1);
    if !is_expected {
        let seq = record.seq;
        let what = format!("record {seq} is where record {expected} should be");
        found.add(line, format!("{what}: records were dropped, added or moved"));
    } else if hash_of(&previous, body) != record.hash {
        let seq = record.seq;
        found.add(line, format!("the hash of record {seq} is not that of what it says"));
    }
    if before.is_none() {
        found.first = record.seq;
    }
    found.records += 1;
    (found.last, found.head) = (record.seq, record.hash);
    (record.seq, record.hash)
}

/// The hash that a file says it goes on from, which is that of the record before.
fn begun_after(
    line: &Line,
    record: &Record,
    before: Option<(u64, Hash)>,
    found: &mut Verified,
) -> Hash {
    let stated = from_hex(record.text("previous").as_bytes());
    let is_first =
        record.text("event") == "file begins" && record.text("class") == Class::Audit.as_str();
    let Some(stated) = stated.filter(|_| is_first) else {
        found.add(line, "the file does not begin with its first record".to_owned());
        return before.map_or(GENESIS, |(_, hash)| hash);
    };
    let expected = match before {
        Some((_, hash)) => hash,
        None if record.seq == 1 => GENESIS,
        // The files before it were removed.
        None => stated,
    };
    if stated != expected {
        found.add(line, "the file does not go on from the record before".to_owned());
    }
    // What it was made with, so that this is told once.
    stated
}

/// Writes records, a line each; of a class, from a time on.
pub fn export(
    directory: &Path,
    class: Option<Class>,
    since: Option<&str>,
    out: &mut dyn Write,
) -> Result<u64> {
    let failed = |error: std::io::Error| Error::io("write the records", &error);
    let mut reader = Reader::open(directory)?;
    let mut count = 0;
    while let Some(line) = reader.next_line()? {
        let Ok(record) = read(&line.bytes) else { continue };
        let is_of = class.is_none_or(|class| record.text("class") == class.as_str());
        // Times of one form are in the order of their texts.
        if is_of && since.is_none_or(|since| record.text("time") >= since) {
            out.write_all(&line.bytes).and_then(|()| out.write_all(b"\n")).map_err(failed)?;
            count += 1;
        }
    }
    out.flush().map_err(failed)?;
    Ok(count)
}
