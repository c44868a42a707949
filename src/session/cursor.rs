//! DECLARE, FETCH, MOVE and CLOSE.
//!
//! A cursor reads a stream forward. One declared SCROLL, and one WITH HOLD whose
//! transaction has committed, keeps the rows it has read, within
//! `max_held_cursor`, and so can go back. A plain selection can without being asked
//! for it, as long as its rows are that few.

use std::collections::VecDeque;
use std::sync::Arc;

use super::format::Format;
use super::plan::{Body, Query, Statement};
use super::portal::{Portal, PortalState};
use super::rows::{RowCursor, row_count, size_bytes, split};
use super::scope::catch;
use super::statement::{Command, DeclareCursor, Direction, FetchCursor};
use super::{Phase, Session};
use crate::error::{Error, Result};
use crate::sql::outcome::{Outcome, ResultColumn, RowStream, Rows, RowsTag};
use crate::sql::routine::position::{Position, RowIdentity};
use crate::sql::run::Lender;
use crate::sql::types::arrow::datum_at;
use crate::sql::types::{Datum, Oid, Repr};
use crate::sqlstate;

/// Rows read at a time when rows are only counted or kept.
const READ_ROWS: usize = 1024;

pub struct Cursor {
    source: Option<RowCursor>,
    pub scroll: bool,
    pub hold: bool,
    pub binary: bool,
    /// One row each, when rows are kept.
    kept: Vec<Rows>,
    /// Rows before the first kept one: fetched before the cursor was held.
    kept_from: u64,
    kept_bytes: usize,
    kept_bytes_max: usize,
    /// 0 is before the first row, n on the n-th, one more than all is after the last.
    position: u64,
    /// How many rows there are, once the end was seen.
    total: Option<u64>,
    /// SCROLL was not asked for: no longer so once too many rows would be kept.
    scroll_while_small: bool,
    /// The columns that are the client's; the others tell which rows the rows are.
    visible: Option<usize>,
    /// Its query has: it cannot be run again.
    has_failed: bool,
}

impl Cursor {
    /// Reads on from where a portal stands.
    fn over(source: RowCursor, kept_bytes_max: usize) -> Cursor {
        Cursor {
            position: source.taken,
            source: Some(source),
            scroll: false,
            hold: false,
            binary: false,
            kept: Vec::new(),
            kept_from: 0,
            kept_bytes: 0,
            kept_bytes_max,
            total: None,
            scroll_while_small: false,
            visible: None,
            has_failed: false,
        }
    }

    /// Who lends the work while rows are read.
    fn lender(&self) -> Option<Arc<Lender>> {
        self.source.as_ref().and_then(|source| source.lender.clone())
    }

    fn keeps(&self) -> bool {
        self.scroll || self.source.is_none()
    }

    /// Reads rows that were not read yet, at most `max`.
    async fn read(&mut self, max: usize) -> Result<Option<Rows>> {
        let Some(source) = self.source.as_mut() else { return Ok(None) };
        let rows = source.next(max).await;
        self.has_failed |= rows.is_err();
        rows
    }

    fn keep(&mut self, rows: Rows) -> Result<()> {
        self.kept_bytes += size_bytes(&rows);
        if self.kept_bytes > self.kept_bytes_max && !self.scroll_while_small {
            return Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                "cursor keeps more rows than \"max_held_cursor\" allows",
            ));
        }
        let mut rest = Some(rows);
        while let Some(rows) = rest {
            let (one, more) = split(rows, 1);
            if row_count(&one) > 0 {
                self.kept.push(one);
            }
            rest = more;
        }
        Ok(())
    }

    /// Reads until so many rows are kept, or the end is seen.
    async fn keep_until(&mut self, count: u64) -> Result<()> {
        while self.known() < count && self.total.is_none() {
            let missing = count - self.known();
            let max = usize::try_from(missing).unwrap_or(READ_ROWS).min(READ_ROWS);
            match self.read(max).await? {
                Some(rows) => self.keep(rows)?,
                None => self.total = Some(self.known()),
            }
        }
        Ok(())
    }

    /// Rows seen so far, when rows are kept.
    fn known(&self) -> u64 {
        self.kept_from + self.kept.len() as u64
    }

    /// Reads everything: before the transaction that it reads in goes away.
    pub async fn materialize(&mut self) -> Result<()> {
        if self.source.is_none() {
            return Ok(());
        }
        if self.scroll {
            self.keep_until(u64::MAX).await?;
        } else {
            // What was fetched is not kept and cannot come back; the rest is.
            self.kept_from = self.total.unwrap_or(self.position);
            while let Some(rows) = self.read(READ_ROWS).await? {
                self.keep(rows)?;
            }
            self.total = Some(self.known());
        }
        self.source = None;
        Ok(())
    }

    async fn fetch(&mut self, direction: Direction) -> Result<VecDeque<Rows>> {
        match direction {
            Direction::Forward(count) if count > 0 => self.forward(count as u64).await,
            Direction::Forward(_) => self.current().await,
            Direction::Backward(count) if count > 0 => self.backward(count as u64).await,
            Direction::Backward(_) => self.current().await,
            Direction::Absolute(at) => self.absolute(at).await,
            Direction::Relative(by) => {
                let at = (self.position as i64).saturating_add(by);
                self.absolute(at.max(0)).await
            }
        }
    }

    async fn forward(&mut self, count: u64) -> Result<VecDeque<Rows>> {
        let mut rows = VecDeque::new();
        let end = self.position.saturating_add(count);
        if self.keeps() {
            self.keep_until(end).await?;
            let total = self.total.unwrap_or(u64::MAX);
            while self.position < end.min(total) {
                rows.push_back(self.kept_row(self.position)?);
                self.position += 1;
            }
            self.forget_if_many();
        } else {
            while self.position < end {
                let max = usize::try_from(end - self.position).unwrap_or(READ_ROWS).min(READ_ROWS);
                let Some(some) = self.read(max).await? else {
                    self.total = Some(self.position);
                    break;
                };
                self.position += row_count(&some) as u64;
                rows.push_back(some);
            }
        }
        if self.position < end && self.total.is_some_and(|total| self.position == total) {
            self.position += 1;
        }
        Ok(rows)
    }

    /// A cursor that need not go back does not for long.
    fn forget_if_many(&mut self) {
        let many = self.kept_bytes > self.kept_bytes_max;
        if many && self.scroll_while_small && self.position == self.known() {
            self.kept_from = self.known();
            self.kept.clear();
            self.kept_bytes = 0;
            (self.scroll, self.scroll_while_small) = (false, false);
        }
    }

    /// Whether it stands on a row.
    fn is_on_row(&self) -> bool {
        self.position > 0 && self.total.is_none_or(|total| self.position <= total)
    }

    async fn backward(&mut self, count: u64) -> Result<VecDeque<Rows>> {
        self.require_scroll()?;
        let mut rows = VecDeque::new();
        for _ in 0..count {
            if self.position == 0 {
                break;
            }
            self.position -= 1;
            if self.position == 0 {
                break;
            }
            rows.push_back(self.kept_row(self.position - 1)?);
        }
        Ok(rows)
    }

    /// The row it is on, again.
    async fn current(&mut self) -> Result<VecDeque<Rows>> {
        if !self.is_on_row() {
            return Ok(VecDeque::new());
        }
        self.require_scroll()?;
        Ok([self.kept_row(self.position - 1)?].into())
    }

    async fn absolute(&mut self, at: i64) -> Result<VecDeque<Rows>> {
        let target = match u64::try_from(at) {
            Ok(target) => target,
            Err(_) => {
                // From the end: all must be known.
                self.require_scroll()?;
                self.keep_until(u64::MAX).await?;
                (self.total.unwrap_or(0) + 1).saturating_sub(at.unsigned_abs())
            }
        };
        if target <= self.position {
            if target == self.position {
                return self.current().await;
            }
            self.require_scroll()?;
            self.position = target;
            return self.current().await;
        }
        let mut rows = self.forward(target - self.position).await?;
        let reached =
            self.position == target && self.total.is_none_or(|total| self.position <= total);
        match rows.pop_back() {
            Some(last) if reached => {
                let count = row_count(&last);
                let row = if count > 1 { split(last, count - 1).1 } else { Some(last) };
                Ok(row.into_iter().collect())
            }
            _ => Ok(VecDeque::new()),
        }
    }

    fn require_scroll(&self) -> Result<()> {
        if self.scroll {
            return Ok(());
        }
        Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward")
            .with_hint("Declare it with SCROLL option to enable backward scan."))
    }

    fn kept_row(&self, index: u64) -> Result<Rows> {
        let row = index.checked_sub(self.kept_from).and_then(|at| self.kept.get(at as usize));
        match row {
            Some(Rows::Batch(batch)) => Ok(Rows::Batch(batch.clone())),
            Some(Rows::Datums(rows)) => Ok(Rows::Datums(rows.clone())),
            None => Err(Error::internal("cursor is out of step with its rows")),
        }
    }
}

impl Session {
    pub(super) async fn run_declare(
        &mut self,
        declare: &DeclareCursor,
        params: Vec<Datum>,
    ) -> Result<Outcome> {
        if !declare.hold && self.block.phase != Phase::Implicit {
            self.block.require_block("DECLARE CURSOR")?;
        }
        self.begin_statement()?;
        let eval = self.eval_context();
        let types: Vec<Oid> = declare.params.iter().map(|ty| ty.oid).collect();
        let bind = || Query::bind_cursor(declare.statement.clone(), &eval, types.clone());
        let (query, shape) = match catch(bind)? {
            Some((query, shape)) => (query, Some(shape)),
            None => (catch(|| Query::bind(declare.statement.clone(), &eval, types))?, None),
        };
        let Outcome::Rows(stream) = Box::pin(self.run_query(&query, params)).await? else {
            return Err(Error::new(
                sqlstate::INVALID_CURSOR_DEFINITION,
                "DECLARE CURSOR must not contain data-modifying statements in WITH",
            ));
        };
        // Bound anew meanwhile, it has no columns but the client's.
        let shape = shape.filter(|shape| shape.query.output.len() == stream.columns.len());
        let visible = shape.as_ref().map(|shape| shape.visible);
        let columns: Arc<[ResultColumn]> = match visible {
            Some(visible) => stream.columns[..visible].into(),
            None => stream.columns.clone(),
        };
        let may_scroll = !declare.no_scroll && shape.as_ref().is_some_and(|s| s.scrollable);
        let cursor = Cursor {
            scroll: declare.scroll || may_scroll,
            scroll_while_small: !declare.scroll,
            hold: declare.hold,
            binary: declare.binary,
            visible,
            ..self.cursor_over(RowCursor::new(stream))
        };
        let tables = shape.map(|shape| shape.tables).unwrap_or_default();
        let statement = Arc::new(Statement::new(&declare.statement, Body::Query(query)));
        let formats = if declare.binary { vec![Format::Binary] } else { Vec::new() };
        let mut portal = Portal::new(statement, Vec::new(), formats, Some(columns));
        portal.state = PortalState::Cursor(Box::new(cursor));
        self.add_portal(declare.name.clone(), portal)?;
        let position = Position { tables, ..Position::default() };
        self.hooks.routines.positions.put(&declare.name, position);
        Ok(Outcome::Command("DECLARE CURSOR".to_owned()))
    }

    pub(super) fn cursor_columns(&self, name: &str) -> Option<Arc<[ResultColumn]>> {
        let portal = self.portals.get(name).and_then(|portal| portal.columns.clone());
        portal.or_else(|| self.hooks.routines.cursors.columns(name))
    }

    /// The formats a command's rows have in the simple protocol: text, but for
    /// FETCH from a BINARY cursor.
    pub fn command_formats(&self, command: &Command) -> Vec<Format> {
        let Command::Fetch(fetch) = command else { return Vec::new() };
        self.portals.get(&fetch.name).map(|portal| portal.formats.clone()).unwrap_or_default()
    }

    pub(super) async fn run_fetch(&mut self, fetch: &FetchCursor) -> Result<Outcome> {
        let name = &fetch.name;
        if let Some(outcome) = self.fetch_from_function(fetch).await? {
            return Ok(outcome);
        }
        let missing =
            || Error::new(sqlstate::UNDEFINED_CURSOR, format!("cursor \"{name}\" does not exist"));
        let portal = self.portals.get(name).ok_or_else(missing)?;
        let columns = portal.columns.clone().unwrap_or_else(|| [].into());
        let (mut cursor, bound) = self.take_cursor(name).await?;
        let lender = cursor.lender();
        let fetched = self.supervise_reading(lender, cursor.fetch(fetch.direction)).await;
        let fetched = fetched.and_then(|rows| self.seen(name, &cursor, rows));
        // One that has failed stays taken. That it does not go backwards is no failure.
        if !cursor.has_failed
            && let Some(portal) = self.portals.get_mut(name)
        {
            portal.state = match cursor.source {
                Some(source) if bound => PortalState::Suspended(source),
                _ => PortalState::Cursor(cursor),
            };
        }
        let rows = fetched?;
        if fetch.is_move {
            let count: usize = rows.iter().map(row_count).sum();
            return Ok(Outcome::Command(format!("MOVE {count}")));
        }
        Ok(Outcome::Rows(RowStream {
            columns,
            rows: Box::pin(futures::stream::iter(rows.into_iter().map(Ok))),
            tag: RowsTag::Counted("FETCH"),
            lender: None,
        }))
    }

    /// The client's columns of fetched rows. Where the cursor is now is noted.
    fn seen(
        &self,
        name: &str,
        cursor: &Cursor,
        mut rows: VecDeque<Rows>,
    ) -> Result<VecDeque<Rows>> {
        let Some(visible) = cursor.visible else { return Ok(rows) };
        let positions = &self.hooks.routines.positions;
        if !cursor.is_on_row() {
            positions.moved(name, None);
        } else if let Some(last) = rows.back() {
            positions.moved(name, Some(identities(last, visible)?));
        }
        for rows in &mut rows {
            match rows {
                Rows::Batch(batch) => {
                    let shown: Vec<usize> = (0..visible).collect();
                    let error = |_| Error::internal("a cursor's row lacks columns");
                    *batch = batch.project(&shown).map_err(error)?;
                }
                Rows::Datums(rows) => rows.iter_mut().for_each(|row| row.truncate(visible)),
            }
        }
        Ok(rows)
    }

    /// WHERE CURRENT OF finds the cursors that are open, and no others.
    pub(super) fn note_open_cursors(&self) {
        let portals = &self.portals;
        self.hooks.routines.positions.keep(|name| portals.get(name).map(|portal| portal.held));
    }

    fn cursor_over(&self, source: RowCursor) -> Cursor {
        Cursor::over(source, self.database.config().max_held_cursor.get())
    }

    /// What FETCH and MOVE read from, and whether it is the portal of a Bind: that one
    /// goes on afterwards with Execute, from the row it then stands on.
    async fn take_cursor(&mut self, name: &str) -> Result<(Box<Cursor>, bool)> {
        let portal = self.portal(name)?;
        let state = std::mem::replace(&mut portal.state, PortalState::Done { rows: None });
        match state {
            PortalState::Cursor(cursor) => return Ok((cursor, false)),
            PortalState::Computed(rows) | PortalState::Suspended(rows) => {
                return Ok((Box::new(self.cursor_over(rows)), true));
            }
            PortalState::Ready => {
                let params = std::mem::take(&mut portal.params);
                let statement = portal.statement.clone();
                if let Body::Query(query) = &statement.body
                    && let Outcome::Rows(stream) = Box::pin(self.run_query(query, params)).await?
                {
                    return Ok((Box::new(self.cursor_over(RowCursor::new(stream))), true));
                }
            }
            PortalState::Done { .. } | PortalState::Failed => portal.state = state,
        }
        Err(Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("portal \"{name}\" cannot be run"),
        ))
    }

    pub(super) fn run_close(&mut self, name: Option<&str>) -> Result<Outcome> {
        self.statements_changed = true;
        let Some(name) = name else {
            self.hooks.routines.cursors.clear();
            self.portals.clear();
            return Ok(Outcome::Command("CLOSE CURSOR ALL".to_owned()));
        };
        if self.hooks.routines.cursors.take(name).is_some() {
            return Ok(Outcome::Command("CLOSE CURSOR".to_owned()));
        }
        match self.portals.remove(name) {
            Some(_) => Ok(Outcome::Command("CLOSE CURSOR".to_owned())),
            None => Err(Error::new(
                sqlstate::UNDEFINED_CURSOR,
                format!("cursor \"{name}\" does not exist"),
            )),
        }
    }

    /// Before a commit: cursors WITH HOLD read the rest of their rows.
    pub(super) async fn hold_cursors(&mut self) -> Result<()> {
        let is_to_hold = |portal: &Portal| match &portal.state {
            PortalState::Cursor(cursor) => cursor.hold && !portal.held,
            _ => false,
        };
        let names: Vec<String> = self
            .portals
            .iter()
            .filter(|(_, portal)| is_to_hold(portal))
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            let Some(mut portal) = self.portals.remove(&name) else { continue };
            if let PortalState::Cursor(cursor) = &mut portal.state {
                let lender = cursor.lender();
                self.supervise_reading(lender, cursor.materialize()).await?;
            }
            portal.held = true;
            self.portals.insert(name, portal);
        }
        Ok(())
    }
}

/// The tables and rids in the last row's columns after the client's.
fn identities(rows: &Rows, visible: usize) -> Result<Vec<Option<RowIdentity>>> {
    let values: Vec<Datum> = match rows {
        Rows::Datums(rows) => {
            rows.last().map(|row| row[visible.min(row.len())..].to_vec()).unwrap_or_default()
        }
        Rows::Batch(batch) => {
            let last = batch.num_rows().saturating_sub(1);
            let reprs = [Repr::Oid, Repr::Int8];
            let columns = batch.columns().iter().skip(visible).zip(reprs.iter().cycle());
            columns.map(|(column, repr)| datum_at(column, last, repr)).collect::<Result<_>>()?
        }
    };
    let identity = |pair: &[Datum]| match pair {
        [Datum::Oid(table), Datum::Int8(rid)] => Some((*table, *rid as u64)),
        _ => None,
    };
    Ok(values.chunks(2).map(identity).collect())
}
