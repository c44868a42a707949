//! Writes batches, and the answer.

use std::collections::HashSet;
use std::convert::Infallible;

use axum::body::Bytes;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::reader::{Batch, Sent, Stopped};
use super::{OnConflict, OnError, Options, Results, duplicate};
use crate::error::{Error, Result};
use crate::http::collections::points::Mode;
use crate::http::collections::schema::Collection;
use crate::http::collections::value::PointId;
use crate::http::conversation::Conversation;
use crate::http::problem as problems;
use crate::sqlstate;

/// Times that a batch which met others is tried.
const TRIES_MAX: u32 = 5;

/// Pieces of the answer, for the client.
type Answers = mpsc::Sender<Result<Bytes, Infallible>>;

#[derive(Default)]
struct Counts {
    lines: u64,
    stored: u64,
    skipped: u64,
    failed: u64,
}

/// Writes batches, and the answer.
pub(super) struct Writer {
    conversation: Conversation,
    collection: Collection,
    options: Options,
    answers: Answers,
    counts: Counts,
    out: Vec<u8>,
    /// The server cannot write on.
    is_over: bool,
}

/// What became of a line.
enum Became {
    Stored,
    Skipped,
    Failed(Error),
}

impl Writer {
    pub(super) fn new(
        conversation: Conversation,
        collection: Collection,
        options: Options,
        answers: Answers,
    ) -> Writer {
        let (counts, out) = (Counts::default(), Vec::new());
        Writer { conversation, collection, options, answers, counts, out, is_over: false }
    }

    pub(super) async fn run(mut self, mut batches: mpsc::Receiver<Sent>) {
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
        self.is_over || (is_abort && has_failed)
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
            let is_general = is_of_server(&error);
            // What was cancelled may be tried with the next.
            self.is_over |= is_general && error.code() != sqlstate::QUERY_CANCELED;
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
                // Others were met, and nothing was written.
                Err(error) if is_conflict(&error) && tries < TRIES_MAX => {
                    tries += 1;
                }
                result => break result?,
            }
        };
        let mut written: Option<HashSet<PointId>> = None;
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

/// Whether a transaction was undone because of others, for certain.
fn is_conflict(error: &Error) -> bool {
    let code = error.code();
    code == sqlstate::T_R_SERIALIZATION_FAILURE || code == sqlstate::T_R_DEADLOCK_DETECTED
}

/// Whether it is not a line that is wrong.
fn is_of_server(error: &Error) -> bool {
    matches!(&error.code().as_str()[..2], "08" | "53" | "57" | "58" | "XX")
}
