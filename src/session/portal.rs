//! Portals: statements with their parameters, ready to run or half way through.
//! SQL's cursors are portals too, under the same names.

use std::sync::Arc;

use super::Session;
use super::cursor::Cursor;
use super::format::Format;
use super::plan::Statement;
use super::rows::RowCursor;
use super::stat_statements::Measure;
use crate::error::{Error, Result};
use crate::sql::outcome::ResultColumn;
use crate::sql::types::Datum;
use crate::sqlstate;

pub struct Portal {
    pub statement: Arc<Statement>,
    /// Taken when it starts.
    pub params: Vec<Datum>,
    pub formats: Vec<Format>,
    pub columns: Option<Arc<[ResultColumn]>>,
    pub state: PortalState,
    /// How many savepoints there were when it was made.
    depth: usize,
    /// Survives its transaction: a WITH HOLD cursor after its commit.
    pub held: bool,
    /// Microseconds since 2000-01-01 UTC.
    pub created: i64,
    /// What it has cost up to where it is suspended.
    pub measure: Option<Measure>,
}

pub enum PortalState {
    Ready,
    /// Of constants alone: computed when it was bound.
    Computed(RowCursor),
    /// Rows were taken and there may be more.
    Suspended(RowCursor),
    /// DECLAREd in SQL.
    Cursor(Box<Cursor>),
    /// Its transaction has failed: it cannot be run, and is gone with the transaction.
    Failed,
    /// Nothing is left; `rows` tells a query, which may be asked again for no rows.
    Done {
        rows: Option<&'static str>,
    },
}

impl Portal {
    pub fn new(
        statement: Arc<Statement>,
        params: Vec<Datum>,
        formats: Vec<Format>,
        columns: Option<Arc<[ResultColumn]>>,
    ) -> Portal {
        Portal {
            statement,
            params,
            formats,
            columns,
            state: PortalState::Ready,
            depth: 0,
            held: false,
            created: super::time::now(),
            measure: None,
        }
    }
}

impl Session {
    /// Adds a portal. The unnamed one is replaced.
    pub(super) fn add_portal(&mut self, name: String, mut portal: Portal) -> Result<()> {
        if !name.is_empty() && self.portals.contains_key(&name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_CURSOR,
                format!("cursor \"{name}\" already exists"),
            ));
        }
        if self.portals.len() >= self.database.config().max_portals {
            return Err(Error::new(
                sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                "too many portals in this session",
            ));
        }
        portal.depth = self.block.savepoint_depth();
        self.statements_changed |= matches!(portal.state, PortalState::Cursor(_));
        self.portals.insert(name, portal);
        Ok(())
    }

    pub fn portal(&mut self, name: &str) -> Result<&mut Portal> {
        self.portals.get_mut(name).ok_or_else(|| {
            Error::new(sqlstate::INVALID_CURSOR_NAME, format!("portal \"{name}\" does not exist"))
        })
    }

    /// Close of a portal; one that does not exist is closed already.
    pub fn close_portal(&mut self, name: &str) {
        self.portals.remove(name);
    }

    fn has_cursors(&self) -> bool {
        let is_cursor = |portal: &Portal| matches!(portal.state, PortalState::Cursor(_));
        self.portals.values().any(is_cursor)
    }

    /// The transaction ended: only held cursors stay.
    pub(super) fn close_transaction_portals(&mut self) {
        self.statements_changed |= self.has_cursors();
        self.portals.retain(|_, portal| portal.held);
        self.hooks.routines.cursors.clear();
    }

    /// A rollback to the savepoint at this depth.
    pub(super) fn close_portals_above(&mut self, depth: usize) {
        self.statements_changed |= self.has_cursors();
        self.portals.retain(|_, portal| portal.held || portal.depth <= depth);
    }

    /// After an error: without a transaction no portal of it is left. In a block the names
    /// stay until it ends, without what was being run.
    pub(super) fn close_failed_portals(&mut self) {
        let depth = self.block.savepoint_depth();
        let has_work = self.block.open().is_some_and(|open| open.work.is_some());
        if !has_work {
            self.hooks.routines.cursors.clear();
        }
        let keeps = |portal: &Portal| portal.held || (has_work && portal.depth < depth);
        self.statements_changed |= self.has_cursors();
        if self.block.phase != super::Phase::Failed {
            self.portals.retain(|_, portal| keeps(portal));
            return;
        }
        for portal in self.portals.values_mut().filter(|portal| !keeps(portal)) {
            portal.state = PortalState::Failed;
            portal.params.clear();
        }
    }

    /// A Sync outside of a transaction ends what was only bound.
    pub fn close_idle_portals(&mut self) {
        if self.is_idle() {
            self.close_transaction_portals();
        }
    }

    /// All portals, for `pg_cursors`.
    pub(super) fn portals(&self) -> impl Iterator<Item = (&str, &Portal)> {
        self.portals.iter().map(|(name, portal)| (name.as_str(), portal))
    }
}
