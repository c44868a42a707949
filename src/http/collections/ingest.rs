//! `POST /api/v1/collections/NAME/points/ingest`: a stream of points, a line of JSON each.
//!
//! ```text
//! {"id": 1, "vector": [0.1, …], "payload": {…}}          a line of the body
//! {"id": 2, "vector": {"image": […]}, "columns": {…}}
//!
//! {"line": 3, "error": {"code": "22000", "message": …}}  a line of the answer
//! {"committed": 2000, "stored": 1999}                    after each batch
//! {"lines": 2500, "stored": 2499, "skipped": 0, "failed": 1, "aborted": false}   the last
//! ```
//! | parameter | |
//! |---|---|
//! | `on_error` | `continue` (as unless it is said), or `abort`: what stands before the first bad line is stored and nothing after it |
//! | `on_conflict` | of ids that are there: `replace` (unless it is said), `skip`, or `error` |
//! | `results` | `errors` (unless it is said), or `all`: a line for each line |
//!
//! The body may be of any size. Lines are read while the batch before them is written, no
//! more than one batch ahead, so that the client is held up by the disk; batches are
//! `collections_ingest_rows` points or `collections_ingest_bytes` at most, and each is a
//! transaction. `committed` names a line up to which everything is durable. What comes
//! after a batch that fails is told line by line: the batch is written in parts until
//! the lines that fail are alone. Who does not read the answer is waited for, so a
//! client that asks for `results=all` has to read while it sends.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::StreamExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::line::{self, Row};
use super::points::{Mode, Rows};
use super::schema::Collection;
use super::value::PointId;
use super::{enter, problem};
use crate::error::{Error, Result};
use crate::http::State;
use crate::http::conversation::Conversation;
use crate::http::problem::{self as problems, Problem};
use crate::sqlstate;

/// Times that a batch which met others is tried.
const TRIES_MAX: u32 = 5;
/// Pieces of the answer that wait for the client.
const PIECES_MAX: usize = 16;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    on_error: OnError,
    on_conflict: OnConflict,
    results: Results,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnError {
    #[default]
    Continue,
    Abort,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnConflict {
    #[default]
    Replace,
    Skip,
    Error,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Results {
    #[default]
    Errors,
    All,
}

/// `POST /api/v1/collections/{name}/points/ingest`: stores points as they come.
///
/// Body: NDJSON of any size. Answers 200 and NDJSON, as the module says; 404 without the
/// collection, 400 for parameters that there are not.
pub async fn ingest(
    http: State,
    Path(name): Path<String>,
    options: Result<Query<Options>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(options) = options.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let (parts, body) = request.into_parts();
    let (mut conversation, leash) = enter(&http, &parts).await?;
    let loaded = async move {
        let collection = Collection::load(&mut conversation, &name).await;
        collection.map(|collection| (conversation, collection)).map_err(|error| problem(&error))
    };
    let (conversation, collection) = leash.run(loaded).await?;
    let config = http.front.database.config();
    let limits = Limits {
        line: config.collections_ingest_line.get(),
        rows: config.collections_ingest_rows,
        bytes: config.collections_ingest_bytes.get(),
        pause: config.collections_ingest_timeout.duration(),
    };
    let (answers, answered) = mpsc::channel(PIECES_MAX);
    let (batches, batched) = mpsc::channel(1);
    let reader = Reader {
        collection: collection.clone(),
        options,
        limits,
        batch: Batch::new(&collection),
        line: 0,
        batches,
    };
    tokio::spawn(reader.run(body));
    let writer = Writer {
        conversation,
        collection,
        options,
        answers,
        counts: Counts::default(),
        out: Vec::new(),
    };
    tokio::spawn(writer.run(batched));
    let stream = futures::stream::unfold((answered, leash), |(mut answered, leash)| async move {
        answered.recv().await.map(|piece| (piece, (answered, leash)))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let ndjson = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, ndjson);
    Ok(response)
}

#[derive(Clone, Copy)]
struct Limits {
    line: usize,
    rows: usize,
    bytes: usize,
    pause: std::time::Duration,
}

/// Lines that are written together.
struct Batch {
    rows: Rows,
    /// Of each row the lines that it is of: one, or several of one id.
    lines: Vec<Vec<u64>>,
    ids: Vec<PointId>,
    places: HashMap<PointId, usize>,
    bytes: usize,
    /// Lines that cannot be written.
    errors: Vec<(u64, Error)>,
    /// Lines whose ids are there already, in a stream where that is passed over.
    skipped: Vec<u64>,
    /// The last line of it.
    last: u64,
}

impl Batch {
    fn new(collection: &Collection) -> Batch {
        Batch {
            rows: Rows::new(collection),
            lines: Vec::new(),
            ids: Vec::new(),
            places: HashMap::new(),
            bytes: 0,
            errors: Vec::new(),
            skipped: Vec::new(),
            last: 0,
        }
    }
}

/// What the reader sends.
enum Sent {
    Batch(Box<Batch>),
    /// The body ended, or could not be read on.
    End(Option<Error>),
}

/// Reads the body into batches.
struct Reader {
    collection: Collection,
    options: Options,
    limits: Limits,
    batch: Batch,
    line: u64,
    batches: mpsc::Sender<Sent>,
}

/// The writer is gone, or reading is over.
struct Stopped;

impl Reader {
    async fn run(mut self, body: Body) {
        let end = match self.read(body).await {
            Ok(end) => end,
            Err(Stopped) => return,
        };
        if self.flush().await.is_ok() {
            // Nobody who is gone is told.
            let _ = self.batches.send(Sent::End(end)).await;
        }
    }

    /// Reads to the end; an error is that of the connection.
    async fn read(&mut self, body: Body) -> Result<Option<Error>, Stopped> {
        let mut body = body.into_data_stream();
        let mut rest: Vec<u8> = Vec::new();
        // A line that is too long is passed over to its end.
        let mut is_passing = false;
        loop {
            let chunk = match tokio::time::timeout(self.limits.pause, body.next()).await {
                Err(_) => return Ok(Some(cut("the body did not come on in time"))),
                Ok(Some(Err(error))) => {
                    return Ok(Some(cut(&format!("the body was cut off: {error}"))));
                }
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => {
                    if !rest.is_empty() && !is_passing {
                        self.take(&rest).await?;
                    }
                    return Ok(None);
                }
            };
            let mut pieces = chunk.split(|byte| *byte == b'\n');
            let last = pieces.next_back().unwrap_or_default();
            for piece in pieces {
                if std::mem::take(&mut is_passing) {
                    continue;
                }
                match rest.is_empty() {
                    true => self.take(piece).await?,
                    false => {
                        rest.extend_from_slice(piece);
                        let line = std::mem::take(&mut rest);
                        self.take(&line).await?;
                        rest = line;
                        rest.clear();
                    }
                }
            }
            if !is_passing {
                rest.extend_from_slice(last);
            }
            if rest.len() > self.limits.line {
                self.take(&rest).await?;
                (rest, is_passing) = (Vec::new(), true);
            }
        }
    }

    /// One line.
    async fn take(&mut self, line: &[u8]) -> Result<(), Stopped> {
        self.line += 1;
        self.batch.last = self.line;
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let read = match line.len() > self.limits.line {
            true => Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!(
                    "the line is longer than {} bytes (\"collections_ingest_line\")",
                    self.limits.line
                ),
            )),
            false => line::read(line, &self.collection),
        };
        match read {
            Ok(row) => {
                let id = self.collection.id_type.id(&row.id);
                // Where a stream may end between two lines of one id, each is written.
                if self.options.on_error == OnError::Abort
                    && self.options.on_conflict == OnConflict::Replace
                    && id.is_ok_and(|id| self.batch.places.contains_key(&id))
                {
                    self.batch.last = self.line - 1;
                    self.flush().await?;
                    self.batch.last = self.line;
                }
                self.put(row, line.len());
            }
            Err(error) => self.batch.errors.push((self.line, error)),
        }
        let is_over = !self.batch.errors.is_empty() && self.options.on_error == OnError::Abort;
        let is_full = self.batch.lines.len() >= self.limits.rows
            || self.batch.errors.len() >= self.limits.rows
            || self.batch.bytes >= self.limits.bytes;
        if is_over || is_full {
            self.flush().await?;
        }
        match is_over {
            true => {
                let _ = self.batches.send(Sent::End(None)).await;
                Err(Stopped)
            }
            false => Ok(()),
        }
    }

    fn put(&mut self, row: Row, bytes: usize) {
        let batch = &mut self.batch;
        batch.bytes += bytes;
        // As it is kept: ids that are written differently may be one.
        let id = self.collection.id_type.id(&row.id).unwrap_or(row.written_id);
        let Some(at) = batch.places.get(&id).copied() else {
            batch.places.insert(id.clone(), batch.lines.len());
            batch.rows.push(row.id, row.vectors, row.payload, row.columns);
            batch.lines.push(vec![self.line]);
            batch.ids.push(id);
            return;
        };
        match self.options.on_conflict {
            OnConflict::Replace => {
                batch.rows.replace(at, row.vectors, row.payload, row.columns);
                batch.lines[at].push(self.line);
            }
            OnConflict::Skip => batch.skipped.push(self.line),
            OnConflict::Error => batch.errors.push((self.line, duplicate(&id))),
        }
    }

    async fn flush(&mut self) -> Result<(), Stopped> {
        if self.batch.last == 0 {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Batch::new(&self.collection));
        self.batches.send(Sent::Batch(Box::new(batch))).await.map_err(|_| Stopped)
    }
}

fn cut(message: &str) -> Error {
    Error::new(sqlstate::CONNECTION_FAILURE, message)
}

fn duplicate(id: &PointId) -> Error {
    let message = "duplicate key value violates unique constraint of the collection";
    let detail = format!("Key (id)=({id}) already exists.");
    Error::new(sqlstate::UNIQUE_VIOLATION, message).with_detail(detail)
}

#[derive(Default)]
struct Counts {
    lines: u64,
    stored: u64,
    skipped: u64,
    failed: u64,
}

/// Writes batches, and the answer.
struct Writer {
    conversation: Conversation,
    collection: Collection,
    options: Options,
    answers: mpsc::Sender<Result<Bytes, std::convert::Infallible>>,
    counts: Counts,
    out: Vec<u8>,
}

/// What became of a line.
enum Became {
    Stored,
    Skipped,
    Failed(Error),
}

impl Writer {
    async fn run(mut self, mut batches: mpsc::Receiver<Sent>) {
        let mut error = None;
        let mut aborted = false;
        while let Some(sent) = batches.recv().await {
            match sent {
                Sent::Batch(batch) => {
                    aborted |= self.write(*batch).await;
                    if self.send().await.is_err() {
                        return;
                    }
                    if aborted {
                        break;
                    }
                }
                Sent::End(end) => {
                    error = end;
                    break;
                }
            }
        }
        let Counts { lines, stored, skipped, failed } = self.counts;
        let mut last = json!({
            "lines": lines, "stored": stored, "skipped": skipped, "failed": failed,
            "aborted": aborted || error.is_some(),
        });
        if let (Some(error), Some(last)) = (error, last.as_object_mut()) {
            last.insert("error".to_owned(), Value::Object(problems::members(error.report(), "")));
        }
        self.tell(&last);
        let _ = self.send().await;
    }

    fn tell(&mut self, line: &Value) {
        self.out.extend_from_slice(line.to_string().as_bytes());
        self.out.push(b'\n');
    }

    /// Waits until the client takes what there is to tell.
    async fn send(&mut self) -> Result<(), Stopped> {
        if self.out.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.out));
        self.answers.send(Ok(piece)).await.map_err(|_| Stopped)
    }

    /// Writes a batch and tells of its lines; whether that was the last.
    async fn write(&mut self, mut batch: Batch) -> bool {
        let mut results: Vec<(u64, Option<PointId>, Became)> = Vec::new();
        let count = batch.ids.len();
        let stopped = self.store(&batch, 0..count, &mut results).await;
        let mut last = batch.last;
        let errors = std::mem::take(&mut batch.errors);
        let is_abort = self.options.on_error == OnError::Abort;
        if let (true, Some(line)) = (is_abort, stopped) {
            // What comes after the line was not looked at.
            last = line;
        }
        let reached = |line: u64| line <= last;
        results.extend(errors.into_iter().map(|(line, error)| (line, None, Became::Failed(error))));
        results.extend(batch.skipped.iter().map(|line| (*line, None, Became::Skipped)));
        results.retain(|(line, ..)| reached(*line));
        results.sort_by_key(|(line, ..)| *line);
        let has_failed = results.iter().any(|(.., became)| matches!(became, Became::Failed(_)));
        for (line, id, became) in results {
            self.tell_of(line, id, became);
        }
        self.counts.lines = last;
        let committed = json!({"committed": last, "stored": self.counts.stored});
        self.tell(&committed);
        is_abort && has_failed
    }

    fn tell_of(&mut self, line: u64, id: Option<PointId>, became: Became) {
        let status = match became {
            Became::Stored => {
                self.counts.stored += 1;
                "stored"
            }
            Became::Skipped => {
                self.counts.skipped += 1;
                "skipped"
            }
            Became::Failed(error) => {
                self.counts.failed += 1;
                let error = problems::members(error.report(), "");
                return self.tell(&json!({"line": line, "error": error}));
            }
        };
        if self.options.results == Results::All {
            let id = id.map(|id| id.to_json());
            self.tell(&json!({"line": line, "id": id, "status": status}));
        }
    }

    /// Stores some rows of a batch, in parts where they fail together. Where a stream ends
    /// with its first error, the line of it.
    fn store<'a>(
        &'a mut self,
        batch: &'a Batch,
        range: std::ops::Range<usize>,
        results: &'a mut Vec<(u64, Option<PointId>, Became)>,
    ) -> BoxFuture<'a, Option<u64>> {
        Box::pin(async move {
            if range.is_empty() {
                return None;
            }
            let error = match self.statement(batch, range.clone(), results).await {
                Ok(()) => return None,
                Err(error) => error,
            };
            let is_alone = range.len() == 1;
            // What cannot be cured by leaving a line out is of all of them.
            let is_general =
                matches!(&error.code().as_str()[..2], "53" | "57" | "58" | "XX" | "08");
            if is_alone || is_general {
                for at in range {
                    for line in &batch.lines[at] {
                        results.push((*line, None, Became::Failed(error.clone())));
                    }
                    if self.options.on_error == OnError::Abort {
                        return batch.lines[at].first().copied();
                    }
                }
                return None;
            }
            let middle = range.start + range.len() / 2;
            let stopped = self.store(batch, range.start..middle, results).await;
            match stopped {
                Some(line) => Some(line),
                None => self.store(batch, middle..range.end, results).await,
            }
        })
    }

    /// One statement, which commits.
    async fn statement(
        &mut self,
        batch: &Batch,
        range: std::ops::Range<usize>,
        results: &mut Vec<(u64, Option<PointId>, Became)>,
    ) -> Result<()> {
        let mode = match (self.options.on_conflict, self.options.on_error) {
            (OnConflict::Replace, _) => Mode::Upsert,
            (OnConflict::Error, OnError::Abort) => Mode::Insert,
            _ => Mode::InsertOnly,
        };
        let mut tries = 0;
        let rows = loop {
            let sql = self.collection.write(batch.rows.slice(range.clone()), mode, None)?;
            match sql.rows(&mut self.conversation).await {
                // Others were met: a deadlock, a conflict.
                Err(error) if error.code().as_str().starts_with("40") && tries < TRIES_MAX => {
                    tries += 1;
                }
                result => break result?,
            }
        };
        let mut written: Option<std::collections::HashSet<PointId>> = None;
        if mode == Mode::InsertOnly {
            let ids = rows.iter().filter_map(|row| row.first());
            written = Some(ids.map(|id| self.collection.id_type.id(id)).collect::<Result<_>>()?);
        }
        for at in range {
            let id = &batch.ids[at];
            let is_new = written.as_ref().is_none_or(|written| written.contains(id));
            for line in &batch.lines[at] {
                let became = match (is_new, self.options.on_conflict) {
                    (true, _) => Became::Stored,
                    (false, OnConflict::Error) => Became::Failed(duplicate(id)),
                    (false, _) => Became::Skipped,
                };
                results.push((*line, Some(id.clone()), became));
            }
        }
        Ok(())
    }
}
