//! What is counted: statements of clients from their beginning to their end, and those of
//! routines within them.
//!
//! ```text
//! track       clients' statements     those of routines
//! none        –                       –
//! top         counted                 –
//! all         counted                 counted, not `toplevel`
//! ```
//!
//! A utility statement (DO, CALL) that is not counted, because of `track_utility`, hides
//! itself: the statements right within it count as a client's. What PL/pgSQL reads by a
//! cursor, its simple expressions, and SET, CALL and DO within routines are part of their
//! routine. A plan is counted for each run of a client's statement, and for each binding of
//! a routine's; what is run without a plan has one that took no time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Key;
use crate::session::Session;
use crate::session::hooks::Hooks;
use crate::session::plan::{Body, Statement};
use crate::session::settings::Tracked;
use crate::session::statement::Command;
use crate::sql::functions::NestedStatement;
use crate::sql::parse::Identity;

/// What is known of the client's statement that runs.
#[derive(Default)]
pub(in crate::session) struct Tracking {
    /// Statements right within it count as a client's.
    is_hidden: AtomicBool,
    /// Whose plan is being made; none if nobody counts it, or if it is made.
    planning: Mutex<Option<Key>>,
    /// Rows that its tag does not tell.
    processed: AtomicU64,
    /// Whether the statement is traced.
    is_traced: AtomicBool,
    /// When its plan was made, and how long that took, of one that is traced.
    planned: Mutex<Option<(Instant, Duration)>>,
}

impl Tracking {
    pub(in crate::session) fn begin_tracing(&self) {
        *self.planned.lock() = None;
        self.is_traced.store(true, Ordering::Relaxed);
    }

    pub(in crate::session) fn end_tracing(&self) {
        self.is_traced.store(false, Ordering::Relaxed);
    }

    /// When the plan was made, once.
    pub(in crate::session) fn take_planned(&self) -> Option<(Instant, Duration)> {
        match self.is_traced.load(Ordering::Relaxed) {
            true => self.planned.lock().take(),
            false => None,
        }
    }

    pub(in crate::session) fn note_planned(&self, elapsed: Duration) {
        if self.is_traced.load(Ordering::Relaxed) {
            self.planned.lock().get_or_insert((Instant::now(), elapsed));
        }
    }
}

/// A statement that is being counted.
pub struct Measure {
    identity: Arc<Identity>,
    statement: Arc<Statement>,
    elapsed: Duration,
    /// None while the portal waits for its next Execute.
    running_since: Option<Instant>,
    rows: u64,
}

impl Measure {
    /// The portal is suspended after so many rows.
    pub fn pause(&mut self, rows: u64) {
        if let Some(since) = self.running_since.take() {
            self.elapsed += since.elapsed();
        }
        self.rows += rows;
    }

    pub fn resume(&mut self) {
        self.running_since = Some(Instant::now());
    }
}

impl Session {
    /// Begins to watch a statement, and to count it if that is asked for; others see its
    /// number.
    pub fn begin_measure(&mut self, statement: &Arc<Statement>) -> Option<Measure> {
        let derived = self.settings.lock().derived().clone();
        self.begin_watch(statement, derived.log_min_duration_plan_ms);
        let tracking = &self.hooks.tracking;
        tracking.is_hidden.store(false, Ordering::Relaxed);
        if self.database.stat_statements.is_some() {
            // Of a statement that has failed.
            *tracking.planning.lock() = None;
        }
        if !derived.computes_query_id {
            return None;
        }
        let statement = self.counted(statement)?;
        let identity = statement.identity()?;
        self.backend().set_query_id(identity.query_id);
        let counts = self.database.stat_statements.as_ref()?;
        let is_counted =
            derived.tracks != Tracked::None && (derived.tracks_utility || !identity.is_utility);
        tracking.is_hidden.store(!is_counted && identity.is_utility, Ordering::Relaxed);
        tracking.processed.store(0, Ordering::Relaxed);
        if !is_counted {
            return None;
        }
        let key = self.hooks.counted_under(identity.query_id, true);
        let is_planned = derived.tracks_planning && !identity.is_utility;
        counts.begin(key, &identity, is_planned);
        *tracking.planning.lock() = is_planned.then_some(key);
        Some(Measure {
            identity,
            statement,
            elapsed: Duration::ZERO,
            running_since: Some(Instant::now()),
            rows: 0,
        })
    }

    /// As PostgreSQL: PREPARE and DEALLOCATE are not counted, EXECUTE is what it executes.
    fn counted(&self, statement: &Arc<Statement>) -> Option<Arc<Statement>> {
        match &statement.body {
            Body::Command(command) => match &**command {
                Command::Execute { name, .. } => self.prepared(name).ok(),
                Command::Prepare { .. } | Command::Deallocate(_) => None,
                _ => Some(statement.clone()),
            },
            Body::Empty => None,
            Body::Query(_) => Some(statement.clone()),
        }
    }

    /// The statement is done. It counts for the role that is in force now, as in PostgreSQL.
    pub fn end_measure(&mut self, measure: Option<Measure>, rows: u64) {
        self.note_executed(rows);
        let Some(mut measure) = measure else { return };
        measure.pause(rows);
        self.hooks.end_planning(Duration::ZERO);
        let rows = measure.rows.max(self.hooks.tracking.processed.swap(0, Ordering::Relaxed));
        if let Some(counts) = &self.database.stat_statements {
            let key = self.hooks.counted_under(measure.identity.query_id, true);
            let text = || match measure.identity.has_constants {
                true => measure.statement.sql().into(),
                false => measure.identity.text.clone(),
            };
            counts.add(key, text, measure.elapsed, i64::try_from(rows).unwrap_or(i64::MAX));
        }
    }
}

impl Hooks {
    fn counted_under(&self, query_id: i64, is_top: bool) -> Key {
        let role = self.current_role().map_or(0, |role| role.oid);
        Key { role, database: self.backend.database_oid, query_id, is_top }
    }

    /// The plan of the client's statement is made, unless it was before.
    pub(in crate::session) fn end_planning(&self, elapsed: Duration) {
        let Some(counts) = &self.database.stat_statements else { return };
        if let Some(key) = self.tracking.planning.lock().take() {
            counts.planned(key, elapsed);
        }
    }

    pub(in crate::session) fn note_rows(&self, rows: u64) {
        self.tracking.processed.store(rows, Ordering::Relaxed);
    }

    /// Whether statements right within a routine count as a client's.
    fn is_top(&self, depth: usize) -> bool {
        depth <= usize::from(self.tracking.is_hidden.load(Ordering::Relaxed))
    }

    pub(in crate::session) fn tracks_nested(&self, depth: usize, is_utility: bool) -> bool {
        if self.database.stat_statements.is_none() {
            return false;
        }
        let derived = self.settings.lock().derived().clone();
        let is_tracked = match derived.tracks {
            Tracked::None => false,
            Tracked::Top => self.is_top(depth),
            Tracked::All => true,
        };
        derived.computes_query_id && is_tracked && (derived.tracks_utility || !is_utility)
    }

    pub(in crate::session) fn add_nested(&self, done: &NestedStatement) {
        let Some(counts) = &self.database.stat_statements else { return };
        let tracks_planning = self.settings.lock().derived().tracks_planning;
        let key = self.counted_under(done.identity.query_id, self.is_top(done.depth));
        if tracks_planning && done.is_planned && !done.identity.is_utility {
            counts.begin(key, &done.identity, true);
            counts.planned(key, Duration::ZERO);
        }
        let rows = i64::try_from(done.rows).unwrap_or(i64::MAX);
        counts.add(key, || done.identity.text.clone(), done.elapsed, rows);
    }
}
