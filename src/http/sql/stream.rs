//! The result of one statement in pieces, made as they are read: lines of JSON, CSV, Arrow.

use axum::body::Bytes;
use futures::stream::{self, Stream};
use serde_json::json;

use super::collect::put_done;
use super::{Form, Statement, Task, Turn};
use crate::error::Error;
use crate::http::arrow::ArrowWriter;
use crate::http::conversation::{Answer, Leash};
use crate::http::idempotency::Keep;
use crate::http::problem::{self, Problem};
use crate::http::rows::{RowWriter, Shape};
use crate::session::rows::row_count;

/// Rows of a piece at most: what is computed ahead of who reads.
const PIECE_ROWS_MAX: u64 = 8_192;

/// What is between two pieces of a streamed body.
pub struct Streaming {
    /// None once everything was told. Before the conversation: it reads from that.
    answer: Option<Answer>,
    turn: Turn,
    writer: Writer,
    query: String,
    form: Form,
    left: u64,
    /// What is told before the first rows.
    head: Vec<u8>,
    in_block: bool,
}

enum Writer {
    /// There are no columns.
    None,
    Rows(RowWriter),
    Arrow(ArrowWriter),
}

/// Runs a statement up to its first rows: one that fails before gets a status that says so.
pub async fn start(turn: Turn, task: Task) -> Result<(Streaming, Option<Bytes>), Problem> {
    let mut streaming = Streaming::begin(turn, task).await?;
    let first = streaming.piece(None).await;
    let first = first.map_err(|error| Problem::of(&error, &streaming.query))?;
    Ok((streaming, first))
}

/// All of it at once, stored in the transaction of what it tells.
pub async fn whole(turn: Turn, task: Task, keep: &Keep) -> Result<Vec<u8>, Problem> {
    let mut streaming = Streaming::begin(turn, task).await?;
    let mut body = Vec::new();
    loop {
        let piece = match streaming.answer.is_some() {
            true => streaming.piece(Some((keep, &body))).await,
            false => return Ok(body),
        };
        match piece.map_err(|error| Problem::of(&error, &streaming.query))? {
            Some(piece) => body.extend_from_slice(&piece),
            None => return Ok(body),
        }
        keep.check_size(body.len())?;
    }
}

/// What is given up on the way is undone.
impl Drop for Streaming {
    fn drop(&mut self) {
        if self.answer.take().is_some() {
            self.turn.fail();
        }
    }
}

impl Streaming {
    async fn begin(mut turn: Turn, task: Task) -> Result<Streaming, Problem> {
        let Task { asked, statements, form, begin, .. } = task;
        let [statement] = <[Statement; 1]>::try_from(statements)
            .map_err(|_| Problem::bad_request("there is no statement"))?;
        let query = statement.query;
        let failed = |error: Error| Problem::of(&error, &query);
        turn.set_timeout(asked.timeout_ms.map(u64::from)).map_err(failed)?;
        if let Some(begin) = &begin {
            turn.begin(begin).await.map_err(failed)?;
        }
        let started = turn.start_typed(&query, &statement.params, &statement.param_types).await;
        let answer = started.map_err(failed)?;
        let mut head = Vec::new();
        let writer = match (answer.columns.clone(), form) {
            (Some(columns), Form::Arrow) => {
                let eval = turn.eval_context().map_err(failed)?;
                Writer::Arrow(ArrowWriter::new(columns, eval).map_err(failed)?)
            }
            (None, Form::Arrow) => {
                let eval = turn.eval_context().map_err(failed)?;
                Writer::Arrow(ArrowWriter::new([].into(), eval).map_err(failed)?)
            }
            (None, _) => Writer::None,
            (Some(columns), _) => {
                let shape = if form == Form::Csv { Shape::Csv } else { asked.shape() };
                let eval = turn.eval_context().map_err(failed)?;
                let writer = RowWriter::new(columns, eval, shape).map_err(failed)?;
                if form == Form::Csv {
                    head = writer.csv_header();
                } else {
                    head.extend_from_slice(b"{\"columns\":");
                    writer.describe_to(&mut head);
                    head.extend_from_slice(b"}\n");
                }
                Writer::Rows(writer)
            }
        };
        let left = asked.max_rows.unwrap_or(u64::MAX);
        let in_block = begin.is_some();
        Ok(Streaming { turn, answer: Some(answer), writer, query, form, left, head, in_block })
    }

    /// The pieces, made on a task of its own, one ahead of who reads them.
    pub fn into_stream(
        mut self,
        first: Option<Bytes>,
        leash: Leash,
    ) -> impl Stream<Item = Result<Bytes, Error>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            let mut next = Ok(first);
            loop {
                let piece = match next {
                    Ok(None) => return,
                    Ok(Some(piece)) => Ok(piece),
                    Err(error) => self.last_words(error),
                };
                let is_last = piece.is_err() || self.answer.is_none();
                if sender.send(piece).await.is_err() || is_last {
                    return;
                }
                next = self.piece(None).await;
            }
        });
        stream::unfold((receiver, leash), |(mut receiver, leash)| async move {
            receiver.recv().await.map(|piece| (piece, (receiver, leash)))
        })
    }

    /// What is told of an error after the first rows.
    fn last_words(&mut self, error: Error) -> Result<Bytes, Error> {
        self.answer = None;
        match self.form {
            Form::Csv | Form::Arrow => Err(error),
            Form::Json | Form::Ndjson => {
                let members = problem::members(error.report(), &self.query);
                Ok(format!("{}\n", json!({"error": members})).into())
            }
        }
    }

    /// Some more of the body; none at its end. With `keep`, what came before and the last
    /// piece are stored before they are committed.
    async fn piece(&mut self, keep: Option<(&Keep, &[u8])>) -> Result<Option<Bytes>, Error> {
        let Some(answer) = &mut self.answer else { return Ok(None) };
        let mut out = std::mem::take(&mut self.head);
        let most = self.left.min(PIECE_ROWS_MAX);
        if let Some(rows) = self.turn.next(&self.query, answer, most).await? {
            self.left -= row_count(&rows) as u64;
            match &mut self.writer {
                Writer::None => {}
                Writer::Rows(writer) => writer.write(&rows, b"\n", &mut out)?,
                Writer::Arrow(writer) => writer.write(rows, &mut out)?,
            }
            return Ok(Some(out.into()));
        }
        let Some(answer) = self.answer.take() else { return Ok(None) };
        let done = self.turn.finish(answer).await?;
        if let Writer::Arrow(writer) = &mut self.writer {
            writer.finish(&mut out)?;
        }
        if self.form == Form::Ndjson {
            out.push(b'{');
            put_done(&done, &mut out);
            out.push(b'\n');
        }
        if let Some((keep, before)) = keep {
            keep.store_as_error(&mut self.turn, &[before, &out].concat()).await?;
        }
        if self.in_block {
            self.turn.commit().await?;
        }
        Ok(Some(out.into()))
    }
}
