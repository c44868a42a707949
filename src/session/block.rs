//! The transaction block: which state a session's transaction is in, and how
//! statements, errors and transaction commands move it.
//!
//! ```text
//!            statement               BEGIN
//!   Idle ──────────────▶ Single ───────────────▶ Open ──── error ───▶ Failed
//!    ▲  ◀── its end ──────┘  │ next of a batch    │ ▲                   │
//!    │                       ▼                    │ └─ ROLLBACK TO ─────┤
//!    │ ◀── end of batch ── Implicit ── BEGIN ───▶ │                     │
//!    └───────────── COMMIT, ROLLBACK ─────────────┴──── ROLLBACK ───────┘
//! ```
//!
//! `Single` and `Implicit` are PostgreSQL's TBLOCK_STARTED and
//! TBLOCK_IMPLICIT_INPROGRESS: they end without a command, and an error in them
//! rolls everything back. In `Failed` nothing of the transaction is left but
//! what its savepoints keep.

use std::sync::Arc;
use std::time::Instant;

use super::notify::Action;
use super::settings::{IsolationLevel, Layers};
use super::statement::Modes;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::run::Work;
use crate::sqlstate;
use crate::table::TableState;
use crate::txn;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Idle,
    Single,
    Implicit,
    Open,
    Failed,
}

/// Characteristics of one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Characteristics {
    pub isolation: IsolationLevel,
    pub read_only: bool,
    pub deferrable: bool,
}

/// A session's transaction, if it has one.
pub struct Block {
    pub phase: Phase,
    open: Option<Open>,
}

/// A transaction that was started.
pub struct Open {
    /// `None` once it has failed as a whole.
    pub work: Option<Work>,
    /// The committed catalog that `work.catalog` was made from.
    base: Option<Arc<Catalog>>,
    pub characteristics: Characteristics,
    savepoints: Vec<Savepoint>,
    /// Settings to go back to.
    settings: Arc<Layers>,
    /// Microseconds since 2000-01-01 UTC.
    pub started: i64,
    /// The same, for timeouts.
    pub begun: Instant,
    /// Whether a statement has taken a snapshot: the isolation level is fixed.
    pub has_snapshot: bool,
    /// Of a DEFERRABLE one: the snapshot is not to be used before this is over.
    pub safe_wait: Option<txn::SafeWait>,
    pub actions: Vec<Action>,
}

struct Savepoint {
    name: String,
    txn: txn::Savepoint,
    catalog: Arc<Catalog>,
    changes: usize,
    table: TableState,
    settings: Arc<Layers>,
    actions: usize,
    read_only: bool,
}

impl Block {
    pub fn new() -> Block {
        Block { phase: Phase::Idle, open: None }
    }

    pub fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    pub fn open_mut(&mut self) -> Option<&mut Open> {
        self.open.as_mut()
    }

    pub fn work(&mut self) -> Result<&mut Work> {
        self.open
            .as_mut()
            .and_then(|open| open.work.as_mut())
            .ok_or_else(|| Error::internal("statement outside of a transaction"))
    }

    /// Takes the work out, for a procedure; [`Block::put_work`] brings it back.
    pub fn take_work(&mut self) -> Result<Work> {
        self.open
            .as_mut()
            .and_then(|open| open.work.take())
            .ok_or_else(|| Error::internal("statement outside of a transaction"))
    }

    pub fn put_work(&mut self, work: Work) {
        if let Some(open) = self.open.as_mut() {
            open.work = Some(work);
        }
    }

    /// Lets the statement that failed begin again in a newer snapshot; false if the
    /// isolation level keeps this one.
    pub fn start_over(&mut self) -> bool {
        let Some(open) = self.open.as_mut() else { return false };
        let may = open.work.as_ref().is_some_and(|work| work.snapshot_is_new);
        if may {
            open.has_snapshot = false;
        }
        may
    }

    /// Whether a transaction goes on after the present statement.
    pub fn is_explicit(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Failed)
    }

    pub fn savepoint_depth(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.savepoints.len())
    }

    /// Enters a transaction that was begun.
    pub fn enter(
        &mut self,
        phase: Phase,
        work: Work,
        characteristics: Characteristics,
        settings: Arc<Layers>,
        started: i64,
    ) {
        debug_assert!(self.open.is_none(), "one transaction at a time");
        self.phase = phase;
        self.open = Some(Open {
            base: Some(work.catalog.clone()),
            work: Some(work),
            characteristics,
            savepoints: Vec::new(),
            settings,
            started,
            begun: Instant::now(),
            has_snapshot: false,
            safe_wait: None,
            actions: Vec::new(),
        });
    }

    /// Makes the transaction that BEGIN itself runs in the one it begins, if that
    /// was begun the same way; false if it must be begun anew.
    pub fn adopt(&mut self, characteristics: Characteristics) -> bool {
        let Some(open) = self.open.as_mut() else { return false };
        let begun = open.characteristics;
        let same = begun.txn_isolation() == characteristics.txn_isolation()
            && begun.read_only == characteristics.read_only;
        if same && !open.has_snapshot {
            open.characteristics = characteristics;
            self.phase = Phase::Open;
        }
        same && !open.has_snapshot
    }

    /// Leaves the transaction; the caller commits or rolls back.
    pub fn leave(&mut self) -> Option<Open> {
        self.phase = Phase::Idle;
        self.open.take()
    }

    /// An error: what is undone is undone now. The settings to restore.
    pub fn fail(&mut self) -> Option<Arc<Layers>> {
        match self.phase {
            Phase::Idle | Phase::Failed => None,
            Phase::Single | Phase::Implicit => self.leave().map(|open| open.settings),
            Phase::Open => {
                self.phase = Phase::Failed;
                let open = self.open.as_mut()?;
                match open.savepoints.len().checked_sub(1) {
                    Some(last) => Some(open.roll_back_to(last)),
                    None => {
                        open.work = None;
                        open.actions.clear();
                        Some(open.settings.clone())
                    }
                }
            }
        }
    }

    /// `25P01`, unless inside a block: `SAVEPOINT can only be used in transaction blocks`.
    pub fn require_block(&self, what: &str) -> Result<()> {
        if self.is_explicit() {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::NO_ACTIVE_SQL_TRANSACTION,
            format!("{what} can only be used in transaction blocks"),
        ))
    }

    pub fn savepoint(&mut self, name: &str, settings: Arc<Layers>) -> Result<()> {
        /// Each keeps a root of the write set and of the catalog.
        const SAVEPOINTS_MAX: usize = 100_000;
        let open = self.open.as_mut().ok_or_else(|| Error::internal("no transaction"))?;
        if open.savepoints.len() >= SAVEPOINTS_MAX {
            return Err(Error::new(
                sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                "too many savepoints in one transaction",
            ));
        }
        let work = open.work.as_mut().ok_or_else(|| Error::internal("no transaction"))?;
        open.savepoints.push(Savepoint {
            name: name.to_owned(),
            txn: work.txn.savepoint(),
            catalog: work.catalog.clone(),
            changes: work.changes.len(),
            table: work.table.clone(),
            settings,
            actions: open.actions.len(),
            read_only: open.characteristics.read_only,
        });
        Ok(())
    }

    pub fn release(&mut self, name: &str) -> Result<()> {
        let at = self.find_savepoint(name)?;
        if let Some(open) = self.open.as_mut() {
            // What a subtransaction may do ends with it.
            open.characteristics.read_only = open.savepoints[at].read_only;
            open.savepoints.truncate(at);
        }
        Ok(())
    }

    /// Rolls back to a savepoint, which stays: its depth, and the settings to restore.
    pub fn roll_back_to(&mut self, name: &str) -> Result<(usize, Arc<Layers>)> {
        let at = self.find_savepoint(name)?;
        let open = self.open.as_mut().ok_or_else(|| Error::internal("no transaction"))?;
        open.savepoints.truncate(at + 1);
        self.phase = Phase::Open;
        Ok((at, open.roll_back_to(at)))
    }

    fn find_savepoint(&self, name: &str) -> Result<usize> {
        let savepoints = self.open.as_ref().map(|open| open.savepoints.as_slice());
        savepoints
            .unwrap_or_default()
            .iter()
            .rposition(|savepoint| savepoint.name == name)
            .ok_or_else(|| {
                Error::new(
                    sqlstate::S_E_INVALID_SPECIFICATION,
                    format!("savepoint \"{name}\" does not exist"),
                )
            })
    }
}

impl Open {
    pub fn settings(&self) -> Arc<Layers> {
        self.settings.clone()
    }

    fn roll_back_to(&mut self, at: usize) -> Arc<Layers> {
        let savepoint = &self.savepoints[at];
        if let Some(work) = self.work.as_mut() {
            work.txn.rollback_to(&savepoint.txn);
            work.catalog = savepoint.catalog.clone();
            work.changes.truncate(savepoint.changes);
            work.table = savepoint.table.clone();
            work.refreshed = None;
            // The catalog may have been refreshed since: make it anew.
            self.base = None;
        }
        self.actions.truncate(savepoint.actions);
        self.characteristics.read_only = savepoint.read_only;
        savepoint.settings.clone()
    }

    /// Goes on with other work, as nothing was read or written yet.
    pub fn restart(&mut self, work: Work) {
        self.base = Some(work.catalog.clone());
        self.work = Some(work);
    }

    /// Starts a statement: a new snapshot where the isolation level has one per
    /// statement, and the catalog that belongs to it.
    pub fn begin_statement(&mut self) -> Result<()> {
        let work = self.work.as_mut().ok_or_else(|| Error::internal("no transaction"))?;
        if !self.has_snapshot {
            // REPEATABLE READ begins to see at its first statement, not at BEGIN.
            let Characteristics { read_only, deferrable, .. } = self.characteristics;
            work.txn.take_first_snapshot(read_only);
            self.safe_wait = match read_only && deferrable {
                true => work.txn.safe_wait(),
                false => None,
            };
        }
        // A statement that fails takes its whole (sub)transaction with it: no mark is needed.
        let _mark = work.txn.begin_statement();
        work.txn.set_read_only(self.characteristics.read_only);
        self.has_snapshot = true;
        let committed = work.committed_catalog();
        if self.base.as_ref().is_some_and(|base| Arc::ptr_eq(base, &committed)) {
            return Ok(());
        }
        work.catalog = match work.changes.is_empty() {
            true => committed.clone(),
            false => Arc::new(committed.with_changes(&work.changes)),
        };
        work.refreshed = None;
        self.base = Some(committed);
        Ok(())
    }

    /// SET TRANSACTION: what may still be changed.
    pub fn set_modes(&mut self, modes: Modes, in_savepoint: bool) -> Result<()> {
        let active = |message: &str| Err(Error::new(sqlstate::ACTIVE_SQL_TRANSACTION, message));
        if let Some(isolation) = modes.isolation
            && isolation != self.characteristics.isolation
        {
            if self.has_snapshot {
                return active("SET TRANSACTION ISOLATION LEVEL must be called before any query");
            }
            if in_savepoint {
                return active(
                    "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction",
                );
            }
            self.characteristics.isolation = isolation;
        }
        if let Some(read_only) = modes.read_only {
            let turns = !read_only && self.characteristics.read_only;
            if turns && in_savepoint {
                return active(
                    "cannot set transaction read-write mode inside a read-only transaction",
                );
            }
            if turns && self.has_snapshot {
                return active("transaction read-write mode must be set before any query");
            }
            self.characteristics.read_only = read_only;
        }
        if let Some(deferrable) = modes.deferrable {
            if self.has_snapshot {
                return active("SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
            }
            self.characteristics.deferrable = deferrable;
        }
        Ok(())
    }
}

impl Characteristics {
    /// With what a BEGIN says instead.
    pub fn with(self, modes: Modes) -> Characteristics {
        Characteristics {
            isolation: modes.isolation.unwrap_or(self.isolation),
            read_only: modes.read_only.unwrap_or(self.read_only),
            deferrable: modes.deferrable.unwrap_or(self.deferrable),
        }
    }

    /// READ UNCOMMITTED is READ COMMITTED, as in PostgreSQL.
    pub fn txn_isolation(self) -> txn::Isolation {
        match self.isolation {
            IsolationLevel::ReadUncommitted | IsolationLevel::ReadCommitted => {
                txn::Isolation::ReadCommitted
            }
            IsolationLevel::RepeatableRead => txn::Isolation::RepeatableRead,
            IsolationLevel::Serializable => txn::Isolation::Serializable,
        }
    }
}
