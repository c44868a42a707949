//! `ingest` jobs: the lines of a file, as rows of a table or points of a collection.
//!
//! ```json
//! {"from": "inbox/customers.csv", "table": "app.customer", "format": "csv"}
//! {"from": "inbox/points.ndjson", "collection": "items"}
//! ```
//! | member | |
//! |---|---|
//! | `from`, `version` | `BUCKET/NAME` of a file that the role may read; its newest version unless one is named |
//! | `table` | `schema.table`: rows are inserted |
//! | `collection` | or a collection: points are stored, those that are there replaced, as by `…/points/ingest` |
//! | `format` | `ndjson` (unless it is said), or `csv` for a table, read as COPY … CSV does |
//! | `columns` | of the table. Unless they are named, they are the members of the first line, or of CSV what its first line names; CSV of named columns has no such line |
//!
//! All lines and the job's completion are one commit: a job that fails has stored nothing,
//! and one that is tried again starts anew. The bytes are compared with the file's hash
//! before that. In NDJSON each line is an object; a member that is no column fails the job,
//! one that is missing is NULL. What is wrong with the data (classes 22 and 23) is told with
//! its line and not tried again. `jobs_ingest_line` and `jobs_ingest_rows` bound lines and
//! statements of tables, `collections_ingest_…` those of collections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Engine;
use super::attempt::{Brake, Claimed, Failure};
use super::export::{Format, target};
use super::kinds::{self, BEGIN, COMPLETE, quoted};
use super::progress::Progress;
use crate::catalog::quote_identifier;
use crate::error::{Error, Result};
use crate::files::read::Pieces;
use crate::http::collections;
use crate::http::conversation::Conversation;
use crate::http::files::download;
use crate::sql::types::Oid;
use crate::sqlstate;

/// Bytes of the line of a CSV file that names its columns.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Bytes of lines that are written by one statement.
const BATCH_BYTES_MAX: usize = 8 << 20;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    from: String,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    table: Option<String>,
    #[serde(default)]
    collection: Option<String>,
    #[serde(default)]
    columns: Option<Vec<String>>,
}

/// Where lines go.
enum Place {
    /// Quoted.
    Table(String),
    Collection(String),
}

impl Ingest {
    fn place(&self) -> Result<Place, Failure> {
        match (&self.table, &self.collection) {
            (Some(table), None) => Ok(Place::Table(quoted(table)?)),
            (None, Some(_)) if self.format == Format::Csv => {
                Err(Error::unsupported("CSV into a collection").into())
            }
            (None, Some(_)) if self.columns.is_some() => {
                Err(Failure::of_request("a collection has its own columns"))
            }
            (None, Some(name)) => Ok(Place::Collection(name.clone())),
            _ => Err(Failure::of_request("the payload names a table or a collection")),
        }
    }
}

/// What is wrong with the data is wrong the next time, too.
fn of_data(error: Error) -> Failure {
    let is_retryable = !matches!(&error.code().as_str()[..2], "22" | "23" | "54");
    let failure = Failure::from(error);
    Failure { is_retryable: failure.is_retryable && is_retryable, ..failure }
}

/// Runs a job of the kind.
pub async fn run(
    engine: &Engine,
    database: Oid,
    job: &Claimed,
    brake: &Brake,
    ingest: Ingest,
) -> Result<(), Failure> {
    let (from, place) = (target(&ingest.from)?, ingest.place()?);
    engine.check_files(database)?;
    let config = engine.database.config();
    let store = engine.database.contents.store(config.clone()).await?;
    let mut session = kinds::session(engine, database, job, brake).await?;
    session.begin(BEGIN).await?;
    let found = download::look_up(&mut session, &from, ingest.version, false).await?;
    let found = found.ok_or_else(|| {
        let message =
            format!("file \"{}\" does not exist in bucket \"{}\"", from.name, from.bucket);
        Error::new(sqlstate::UNDEFINED_FILE, message)
    })?;
    let size = found.size;
    let content = store.open_content(found.hash, size, found.location, found.data).await?;
    let read = Arc::new(AtomicU64::new(0));
    let counted = read.clone();
    let pieces = content.read(0..size).await?.inspect(move |piece| {
        let bytes = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        counted.fetch_add(bytes, Ordering::Relaxed);
    });
    let pieces = pieces.boxed();
    let columns = ingest.columns.as_deref();
    let load = async {
        match (&place, ingest.format) {
            (Place::Collection(name), _) => {
                let check = || brake.check();
                collections::ingest::within(&mut session, name, pieces, &config, check).await
            }
            (Place::Table(table), Format::Csv) => {
                copy(&mut session, table, columns, pieces, brake).await
            }
            (Place::Table(table), Format::Ndjson) => {
                let lines = Lines::new(&mut session, table, columns, config.jobs_ingest_rows);
                lines.load(pieces, config.jobs_ingest_line.get(), brake).await
            }
        }
    };
    let told = || {
        let bytes = read.load(Ordering::Relaxed);
        let share = if size == 0 { 1.0 } else { bytes.min(size) as f64 / size as f64 };
        (Some(share), format!("{bytes} of {size} bytes"))
    };
    let count = Progress { engine, database, job }.beside(load, told).await.map_err(of_data)?;
    let result = json!({"row_count": count, "version": found.version, "size": size});
    kinds::complete(&mut session, job, brake, COMPLETE, &result).await?;
    Ok(())
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quote_identifier(column)).collect::<Vec<_>>().join(", ")
}

/// CSV, by COPY.
async fn copy(
    session: &mut Conversation,
    table: &str,
    columns: Option<&[String]>,
    mut pieces: Pieces,
    brake: &Brake,
) -> Result<u64> {
    let mut first = BytesMut::new();
    let (columns, header) = match columns {
        Some(columns) => (columns.to_vec(), ""),
        None => (header(&mut pieces, &mut first).await?, ", HEADER"),
    };
    let names = list(&columns);
    let text = format!("COPY {table} ({names}) FROM STDIN (FORMAT csv{header})");
    let mut copying = session.copy_in(&text).await?;
    if !first.is_empty() {
        session.copy_data(&mut copying, first.freeze()).await?;
    }
    while let Some(piece) = pieces.next().await {
        brake.check()?;
        session.copy_data(&mut copying, piece?).await?;
    }
    session.copy_done(copying).await
}

/// The columns that the first line of a file names. `first` has what was read for it.
async fn header(pieces: &mut Pieces, first: &mut BytesMut) -> Result<Vec<String>> {
    loop {
        let end = end_of_record(first);
        if end.is_none()
            && first.len() < HEADER_BYTES_MAX
            && let Some(piece) = pieces.next().await
        {
            first.extend_from_slice(&piece?);
            continue;
        }
        let end = end.or_else(|| (first.len() < HEADER_BYTES_MAX).then_some(first.len()));
        let names = end.filter(|end| *end > 0).and_then(|end| {
            let line = &first[..end];
            let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
            Some(fields(std::str::from_utf8(line).ok()?.trim_end_matches('\r')))
        });
        return names.ok_or_else(|| {
            let message = "the first line of the file does not name columns";
            Error::new(sqlstate::BAD_COPY_FILE_FORMAT, message)
        });
    }
}

/// Where the first line ends that is not within quotes.
fn end_of_record(bytes: &[u8]) -> Option<usize> {
    let mut is_quoted = false;
    bytes.iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        *byte == b'\n' && !is_quoted
    })
}

/// The fields of a line of CSV.
fn fields(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut is_quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let Some(field) = found.last_mut() else { break };
        match c {
            '"' if is_quoted && rest.peek() == Some(&'"') => field.extend(rest.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => found.push(String::new()),
            c => field.push(c),
        }
    }
    found
}

/// NDJSON, on its way into a table.
struct Lines<'a> {
    session: &'a mut Conversation,
    table: &'a str,
    /// None until the first line names them.
    columns: Option<Vec<String>>,
    rows_max: usize,
    /// An array of JSON without its end.
    batch: Vec<u8>,
    /// The lines of it, and how many of them there are.
    first: u64,
    last: u64,
    rows: usize,
    line: u64,
    count: u64,
}

impl<'a> Lines<'a> {
    fn new(
        session: &'a mut Conversation,
        table: &'a str,
        columns: Option<&[String]>,
        rows_max: usize,
    ) -> Lines<'a> {
        let columns = columns.map(<[String]>::to_vec);
        let (batch, rows_max) = (Vec::new(), rows_max.max(1));
        Lines {
            session,
            table,
            columns,
            rows_max,
            batch,
            first: 0,
            last: 0,
            rows: 0,
            line: 0,
            count: 0,
        }
    }

    async fn load(mut self, mut pieces: Pieces, line_max: usize, brake: &Brake) -> Result<u64> {
        let mut rest: Vec<u8> = Vec::new();
        loop {
            brake.check()?;
            let piece = pieces.next().await.transpose()?;
            let is_last = piece.is_none();
            let piece = piece.unwrap_or_else(|| Bytes::from_static(b"\n"));
            let mut from = 0;
            for (end, _) in piece.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
                let part = &piece[from..end];
                from = end + 1;
                check_length(self.line + 1, rest.len() + part.len(), line_max)?;
                if rest.is_empty() {
                    self.take(part).await?;
                } else {
                    rest.extend_from_slice(part);
                    let line = std::mem::take(&mut rest);
                    self.take(&line).await?;
                }
            }
            if is_last {
                self.flush().await?;
                return Ok(self.count);
            }
            rest.extend_from_slice(&piece[from..]);
            check_length(self.line + 1, rest.len(), line_max)?;
        }
    }

    async fn take(&mut self, line: &[u8]) -> Result<()> {
        self.line += 1;
        let number = self.line;
        let at_line = |error: Error| error.with_context(format!("line {number}"));
        let line = match number {
            1 => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line),
            _ => line,
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let members: BTreeMap<String, IgnoredAny> =
            serde_json::from_slice(line).map_err(|error| {
                let message = format!("the line is not a JSON object: {error}");
                at_line(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message))
            })?;
        let columns = self.columns.get_or_insert_with(|| members.keys().cloned().collect());
        if columns.is_empty() {
            let message = "the first line names no columns";
            return Err(at_line(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message)));
        }
        if let Some(name) = members.keys().find(|name| !columns.contains(name)) {
            let message = format!("the line has a member \"{name}\", which is no column");
            let hint = "The columns are those of the first line, or of \"columns\".";
            let error = Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message);
            return Err(at_line(error.with_hint(hint)));
        }
        if self.rows == 0 {
            self.first = number;
        }
        self.last = number;
        self.batch.push(if self.rows == 0 { b'[' } else { b',' });
        self.batch.extend_from_slice(line);
        self.rows += 1;
        match self.rows >= self.rows_max || self.batch.len() >= BATCH_BYTES_MAX {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<()> {
        let Some(columns) = self.columns.as_deref().filter(|_| self.rows > 0) else {
            return Ok(());
        };
        self.batch.push(b']');
        let lines = String::from_utf8(std::mem::take(&mut self.batch))
            .map_err(|_| Error::internal("lines of JSON that are not UTF-8"))?;
        let (table, names) = (self.table, list(columns));
        let text = format!(
            "INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)"
        );
        let (first, last) = (self.first, self.last);
        let written = self.session.datums(&text, &[json!(lines)], u64::MAX).await;
        let (_, done) =
            written.map_err(|error| error.with_context(format!("lines {first} to {last}")))?;
        self.count += done.count.unwrap_or(0);
        self.rows = 0;
        Ok(())
    }
}

fn check_length(line: u64, bytes: usize, line_max: usize) -> Result<()> {
    if bytes <= line_max {
        return Ok(());
    }
    let message = format!("the line is longer than {line_max} bytes (\"jobs_ingest_line\")");
    Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message).with_context(format!("line {line}")))
}

#[cfg(test)]
mod tests {
    use super::{end_of_record, fields};

    #[test]
    fn a_line_of_csv_names_columns() {
        assert_eq!(fields("id,name"), ["id", "name"]);
        assert_eq!(fields("\"a,\"\"b\"\"\n\",é,"), ["a,\"b\"\n", "é", ""]);
        assert_eq!(end_of_record(b"id,\"a\nb\"\nx"), Some(8));
        assert_eq!((end_of_record(b"\"id\n"), end_of_record(b"")), (None, None));
    }
}
