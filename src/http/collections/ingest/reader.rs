//! Reads the body into batches, one ahead of the writer.

use std::collections::HashMap;

use axum::body::Body;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::{OnConflict, OnError, Options, duplicate};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::http::collections::line::{self, Row};
use crate::http::collections::points::Rows;
use crate::http::collections::schema::Collection;
use crate::http::collections::value::PointId;
use crate::sqlstate;

#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) line: usize,
    pub(super) rows: usize,
    pub(super) bytes: usize,
    pub(super) pause: std::time::Duration,
}

impl Limits {
    pub(super) fn of(config: &Config) -> Limits {
        Limits {
            line: config.collections_ingest_line.get(),
            rows: config.collections_ingest_rows,
            bytes: config.collections_ingest_bytes.get(),
            pause: config.collections_ingest_timeout.duration(),
        }
    }
}

/// Lines that are written together.
pub(super) struct Batch {
    pub(super) rows: Rows,
    /// Of each row the lines that it is of: one, or several of one id.
    pub(super) lines: Vec<Vec<u64>>,
    pub(super) ids: Vec<PointId>,
    places: HashMap<PointId, usize>,
    pub(super) bytes: usize,
    /// Lines that cannot be written.
    pub(super) errors: Vec<(u64, Error)>,
    /// Lines whose ids are there already, in a stream where that is passed over.
    pub(super) skipped: Vec<u64>,
    /// The last line of it.
    pub(super) last: u64,
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
pub(super) enum Sent {
    Batch(Box<Batch>),
    /// The body ended, or could not be read on.
    End(Option<Error>),
}

/// Reads the body into batches.
pub(super) struct Reader {
    collection: Collection,
    options: Options,
    limits: Limits,
    batch: Batch,
    line: u64,
    batches: mpsc::Sender<Sent>,
}

/// The writer is gone, or reading is over.
pub(super) struct Stopped;

impl Reader {
    pub(super) fn new(
        collection: Collection,
        options: Options,
        limits: Limits,
        batches: mpsc::Sender<Sent>,
    ) -> Reader {
        let batch = Batch::new(&collection);
        Reader { collection, options, limits, batch, line: 0, batches }
    }

    pub(super) async fn run(mut self, body: Body) {
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
            let mut last = &chunk[..];
            while let Some(end) = line::find(last, b'\n') {
                let piece = &last[..end];
                last = &last[end + 1..];
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
