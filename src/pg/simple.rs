//! The simple query protocol: a string of statements, each answered in full.
//!
//! Statements of one string share an implicit transaction, unless they begin one
//! of their own; the last one's commit comes before its CommandComplete, so that
//! a commit that fails is the statement's error.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::encode::Encoder;
use crate::error::Result;
use crate::session::{Body, Format, Phase, RowCursor, Shape, Statement};
use crate::sql::outcome::{Outcome, RowsTag};
use crate::sql::types::Datum;

/// What CommandComplete will say.
pub enum Tag {
    Text(String),
    Counted(&'static str, u64),
    /// EmptyQueryResponse instead.
    Empty,
}

impl Tag {
    /// How many rows were given or changed, by a statement that counts them.
    pub fn rows(&self) -> u64 {
        match self {
            Tag::Counted(_, count) => *count,
            Tag::Text(text) => {
                let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
                let counts = matches!(
                    verb,
                    "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "SELECT" | "FETCH" | "COPY"
                ) || text.starts_with("REFRESH MATERIALIZED VIEW");
                let last = rest.rsplit(' ').next().filter(|_| counts);
                last.and_then(|count| count.parse().ok()).unwrap_or(0)
            }
            Tag::Empty => 0,
        }
    }

    pub fn of_rows(tag: &RowsTag, count: u64) -> Tag {
        match tag {
            RowsTag::Counted(verb) => Tag::Counted(verb, count),
            RowsTag::Fixed(text) => Tag::Text(text.clone()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) async fn simple_query(&mut self, text: String) -> Result<()> {
        let begun = Instant::now();
        self.query = text.into();
        self.session.message_arrived();
        self.session.backend().set_query(&self.query);
        // A simple query ends the unnamed statement and portal.
        self.session.close_prepared("");
        self.session.close_portal("");
        let query = self.query.clone();
        // Of a text that is written anew before it is parsed, no constants are known.
        let is_rewritten = self.session.string_rules().concern(&query);
        let shape = if is_rewritten { None } else { Shape::of(&query) };
        if let Some(shape) = &shape
            && self.session.knows(shape)
            && let Some(was_logged) = self.templated(shape).await?
        {
            self.session.log_duration(begun, was_logged, || format!("statement: {query}"));
            self.ready();
            return Ok(());
        }
        let statements = self.session.parse(&query)?;
        self.tell_notices();
        let was_logged = self.session.log_query(&query, &statements);
        if statements.is_empty() {
            self.session.end_command(true).await?;
            self.wire.output.empty_query();
        }
        let phase = if statements.len() > 1 { Phase::Implicit } else { Phase::Single };
        let mut shape = shape.filter(|_| statements.len() == 1);
        for (index, parsed) in statements.iter().enumerate() {
            let is_last = index + 1 == statements.len();
            self.session.check_not_failed(Some(parsed))?;
            self.session.begin_command(phase)?;
            let statement = self.session.prepare_parsed(parsed)?;
            if let Some(shape) = shape.take() {
                self.session.note_shape(shape, parsed, &statement);
            }
            self.simple_statement(&statement, Vec::new(), is_last).await?;
        }
        self.session.log_duration(begun, was_logged, || format!("statement: {query}"));
        self.ready();
        Ok(())
    }

    /// Runs a text as one of those that differ from it in their constants only: whether it
    /// was logged; none if that is not possible.
    async fn templated(&mut self, shape: &Shape) -> Result<Option<bool>> {
        self.session.check_not_failed(None)?;
        self.session.begin_command(Phase::Single)?;
        let Some((template, values)) = self.session.templated(shape)? else { return Ok(None) };
        let was_logged = self.session.log_known_query(&self.query, template.statement());
        let run = self.simple_statement(template.statement(), values, true).await;
        run.map_err(|error| template.relocated(error, shape))?;
        Ok(Some(was_logged))
    }

    async fn simple_statement(
        &mut self,
        statement: &Arc<Statement>,
        params: Vec<Datum>,
        is_last: bool,
    ) -> Result<()> {
        let formats = self.result_formats(statement);
        let measure = self.session.begin_measure(statement);
        let outcome = self.session.run(statement, params).await?;
        let tag = self.answer(outcome, &formats).await?;
        self.session.end_measure(measure, tag.rows());
        self.session.end_command(is_last).await?;
        self.tell_notices();
        self.complete(tag);
        Ok(())
    }

    /// Text, but for FETCH from a BINARY cursor.
    fn result_formats(&self, statement: &Arc<Statement>) -> Vec<Format> {
        match &statement.body {
            Body::Command(command) => self.session.command_formats(command),
            _ => Vec::new(),
        }
    }

    /// Sends everything that a statement gives but its CommandComplete.
    async fn answer(&mut self, outcome: Outcome, formats: &[Format]) -> Result<Tag> {
        match outcome {
            Outcome::Rows(stream) => {
                let mut cursor = RowCursor::new(stream);
                self.note_encoding();
                self.wire.output.row_description(&cursor.columns, formats)?;
                let encoder = self.encoder(&cursor, formats)?;
                self.send_rows(&mut cursor, &encoder, u64::MAX).await?;
                Ok(Tag::of_rows(&cursor.tag, cursor.taken))
            }
            Outcome::Command(tag) => Ok(Tag::Text(tag)),
            Outcome::Empty => Ok(Tag::Empty),
            Outcome::CopyIn(copy) => self.copy_in(copy).await,
            Outcome::CopyOut(copy) => self.copy_out(copy).await,
        }
    }

    pub(super) fn encoder(&mut self, cursor: &RowCursor, formats: &[Format]) -> Result<Encoder> {
        let eval = self.session.eval_context();
        Encoder::new(&cursor.columns, formats, eval)
    }

    /// Sends rows until there are no more or `limit` have been sent; how many.
    /// What is encoded leaves when the buffer is full and whenever the next rows
    /// are not there yet. What is before the first row stays with it, as in PostgreSQL:
    /// a client must not take a result of an earlier statement for the end of a wait.
    pub(super) async fn send_rows(
        &mut self,
        cursor: &mut RowCursor,
        encoder: &Encoder,
        limit: u64,
    ) -> Result<u64> {
        let mut sent = 0;
        while sent < limit {
            let max = usize::try_from(limit - sent).unwrap_or(usize::MAX);
            let rows = {
                let mut next = std::pin::pin!(self.session.next_rows(cursor, max));
                match futures::poll!(next.as_mut()) {
                    std::task::Poll::Ready(rows) => rows?,
                    std::task::Poll::Pending => {
                        if sent > 0 {
                            self.wire.flush().await?;
                        }
                        next.await?
                    }
                }
            };
            let Some(rows) = rows else { break };
            // What was said while they were computed comes before them.
            self.tell_notices();
            let mut done = 0;
            loop {
                let wire = &mut self.wire;
                let more = crate::session::catch(|| encoder.encode(&rows, &mut done, wire))?;
                if !more {
                    break;
                }
                self.flush_supervised().await?;
            }
            sent += done as u64;
            if self.wire.is_full() {
                self.flush_supervised().await?;
            }
        }
        Ok(sent)
    }

    /// A client that does not read can still be cancelled.
    pub(super) async fn flush_supervised(&mut self) -> Result<()> {
        self.session.supervise(self.wire.flush()).await
    }

    pub(super) fn complete(&mut self, tag: Tag) {
        match tag {
            Tag::Text(text) => self.wire.output.command_complete(&text),
            Tag::Counted(verb, count) => self.wire.output.command_complete_counted(verb, count),
            Tag::Empty => self.wire.output.empty_query(),
        }
    }
}
