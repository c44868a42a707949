//! The extended query protocol: Parse, Bind, Describe, Execute, Close, Sync.
//!
//! The first Execute since a Sync starts a transaction of its own, later ones
//! make it an implicit block, and Sync commits it. An error passes over
//! everything up to Sync.

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::message::{Bind, Execute, Parse, Target};
use super::simple::Tag;
use crate::error::{Error, Result};
use crate::session::stat_statements::Measure;
use crate::session::{BindRequest, Format, Phase, PortalState, RowCursor};
use crate::sql::outcome::{Outcome, RowsTag};
use crate::sqlstate;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) fn parse(&mut self, parse: Parse) -> Result<()> {
        let begun = Instant::now();
        self.session.message_arrived();
        self.query = parse.query.into();
        let query = self.query.clone();
        self.session.backend().set_query(&query);
        self.session.prepare(&parse.name, &query, parse.param_types)?;
        self.tell_notices();
        self.wire.output.parse_complete();
        self.session.log_duration(begun, false, || {
            let name = if parse.name.is_empty() { "<unnamed>" } else { &parse.name };
            format!("parse {name}: {query}")
        });
        Ok(())
    }

    pub(super) async fn bind(&mut self, bind: Bind) -> Result<()> {
        let begun = Instant::now();
        self.session.message_arrived();
        if let Ok(statement) = self.session.prepared(&bind.statement) {
            self.query = statement.text.clone();
            self.session.forget_rewritten();
        }
        let name = bind.portal.clone();
        self.session.bind(BindRequest {
            portal: bind.portal,
            statement: bind.statement,
            param_formats: bind.param_formats,
            params: bind.params,
            result_formats: bind.result_formats,
        })?;
        self.compute_constant(&name).await?;
        self.wire.output.bind_complete();
        if self.session.logs_durations() {
            let portal = self.session.portal(&name)?;
            let (statement, params) = (portal.statement.clone(), portal.params.clone());
            let shown = self.session.shown_portal("bind", &name, &statement, &params);
            self.session.log_duration(begun, false, || shown);
        }
        Ok(())
    }

    /// Bind plans a statement in PostgreSQL, and planning computes what is constant: an
    /// error in it is one of Bind.
    async fn compute_constant(&mut self, name: &str) -> Result<()> {
        let portal = self.session.portal(name)?;
        if !portal.statement.is_constant() {
            return Ok(());
        }
        let (statement, params) = (portal.statement.clone(), portal.params.clone());
        self.session.begin_command(self.command_phase())?;
        if let Outcome::Rows(stream) = self.session.run(&statement, params).await? {
            self.session.portal(name)?.state = PortalState::Computed(RowCursor::new(stream));
        }
        Ok(())
    }

    /// What an Execute shares its transaction with.
    fn command_phase(&self) -> Phase {
        if self.in_pipeline { Phase::Implicit } else { Phase::Single }
    }

    pub(super) fn describe(&mut self, target: Target) -> Result<()> {
        let (columns, formats) = match target {
            Target::Statement(name) => {
                let (params, columns) = self.session.describe_prepared(&name)?;
                self.wire.output.parameter_description(params.iter().map(|ty| ty.oid));
                (columns, Vec::new())
            }
            Target::Portal(name) => {
                let portal = self.session.portal(&name)?;
                let (statement, columns) = (portal.statement.clone(), portal.columns.clone());
                let formats = portal.formats.clone();
                if columns.is_some() {
                    self.session.check_runs_when_failed(&statement)?;
                }
                (columns, formats)
            }
        };
        match columns {
            Some(columns) => self.wire.output.row_description(&columns, &formats),
            None => {
                self.wire.output.no_data();
                Ok(())
            }
        }
    }

    pub(super) async fn execute(&mut self, execute: Execute) -> Result<()> {
        let begun = Instant::now();
        let limit = match execute.max_rows {
            0 => u64::MAX,
            max => u64::from(max),
        };
        let portal = self.session.portal(&execute.portal)?;
        let statement = portal.statement.clone();
        let has_failed = matches!(portal.state, PortalState::Failed);
        self.session.check_runs_when_failed(&statement)?;
        if has_failed {
            return Err(cannot_run(&execute.portal));
        }
        let portal = self.session.portal(&execute.portal)?;
        let formats = portal.formats.clone();
        let state = std::mem::replace(&mut portal.state, PortalState::Done { rows: None });
        let params = std::mem::take(&mut portal.params);
        let mut measure = portal.measure.take();
        self.query = statement.text.clone();
        self.session.forget_rewritten();
        self.session.backend().set_query(&self.query);
        let is_first = matches!(state, PortalState::Ready | PortalState::Computed(_));
        let was_logged = self.session.log_execute(&execute.portal, &statement, &params, is_first);
        let shown = self.session.logs_durations().then(|| {
            let verb = if is_first { "execute" } else { "execute fetch from" };
            self.session.shown_portal(verb, &execute.portal, &statement, &params)
        });
        match &mut measure {
            Some(measure) => measure.resume(),
            None if is_first => measure = self.session.begin_measure(&statement),
            None => {}
        }
        self.session.begin_command(self.command_phase())?;
        self.in_pipeline = true;
        match state {
            PortalState::Ready => {
                let outcome = self.session.run(&statement, params).await?;
                let rows = self.answer_portal(&execute.portal, outcome, &formats, limit).await?;
                self.note_measured(&execute.portal, measure, rows);
            }
            PortalState::Computed(cursor) | PortalState::Suspended(cursor) => {
                let rows = self.answer_rows(&execute.portal, cursor, &formats, limit).await?;
                self.note_measured(&execute.portal, measure, rows);
            }
            PortalState::Done { rows: Some(verb) } => {
                self.finish_portal(&execute.portal, PortalState::Done { rows: Some(verb) });
                self.complete(Tag::Counted(verb, 0));
            }
            state @ (PortalState::Done { rows: None }
            | PortalState::Cursor(_)
            | PortalState::Failed) => {
                self.finish_portal(&execute.portal, state);
                return Err(cannot_run(&execute.portal));
            }
        }
        self.session.end_command(false).await?;
        if let Some(shown) = shown {
            self.session.log_duration(begun, was_logged, || shown);
        }
        Ok(())
    }

    /// A statement is counted when its portal has come to its end.
    fn note_measured(&mut self, portal: &str, measure: Option<Measure>, rows: u64) {
        match (self.session.portal(portal), measure) {
            (Ok(portal), Some(mut measure))
                if matches!(portal.state, PortalState::Suspended(_)) =>
            {
                measure.pause(rows);
                portal.measure = Some(measure);
            }
            (_, measure) => self.session.end_measure(measure, rows),
        }
    }

    async fn answer_portal(
        &mut self,
        portal: &str,
        outcome: Outcome,
        formats: &[Format],
        limit: u64,
    ) -> Result<u64> {
        let tag = match outcome {
            Outcome::Rows(stream) => {
                let cursor = RowCursor::new(stream);
                return self.answer_rows(portal, cursor, formats, limit).await;
            }
            Outcome::Command(tag) => Tag::Text(tag),
            Outcome::Empty => Tag::Empty,
            Outcome::CopyIn(copy) => self.copy_in(copy).await?,
            Outcome::CopyOut(copy) => self.copy_out(copy).await?,
        };
        self.tell_notices();
        let rows = tag.rows();
        self.complete(tag);
        Ok(rows)
    }

    /// How many rows were sent.
    async fn answer_rows(
        &mut self,
        portal: &str,
        mut cursor: RowCursor,
        formats: &[Format],
        limit: u64,
    ) -> Result<u64> {
        let encoder = self.encoder(&cursor, formats)?;
        let before = cursor.taken;
        let sent = self.send_rows(&mut cursor, &encoder, limit).await?;
        self.tell_notices();
        // As PostgreSQL: a limit that was reached suspends, even at the last row.
        if sent == limit {
            self.wire.output.portal_suspended();
            self.finish_portal(portal, PortalState::Suspended(cursor));
            return Ok(sent);
        }
        // Each Execute counts its own rows.
        let tag = Tag::of_rows(&cursor.tag, cursor.taken - before);
        let rows = match &cursor.tag {
            RowsTag::Counted(verb) => Some(*verb),
            RowsTag::Fixed(_) => None,
        };
        self.finish_portal(portal, PortalState::Done { rows });
        let rows = tag.rows();
        self.complete(tag);
        Ok(rows)
    }

    /// The portal may be gone: its statement has ended the transaction.
    fn finish_portal(&mut self, name: &str, state: PortalState) {
        if let Ok(portal) = self.session.portal(name) {
            portal.state = state;
        }
    }

    pub(super) async fn sync(&mut self) -> Result<()> {
        self.session.end_command(true).await?;
        self.session.close_idle_portals();
        self.ready();
        Ok(())
    }
}

fn cannot_run(portal: &str) -> Error {
    Error::new(
        sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("portal \"{portal}\" cannot be run"),
    )
}
