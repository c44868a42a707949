//! What a statement works on: its transaction's bytes and catalog changes, and
//! the limits it runs under.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::runtime_env::RuntimeEnv;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::catalog::{self, Catalog, Change, NewDatabase};
use crate::sql::functions::EvalContext;
use crate::sql::run::Notices;
use crate::sql::types::Oid;
use crate::table::{ExpressionCompiler, TableState};
use crate::txn::{Attachment, Isolation, Overlay, StatementMark, Transaction};

/// One transaction's work: bytes and catalog changes together, so that a
/// savepoint rolls back both.
pub struct Work {
    pub txn: Transaction,
    /// The catalog this statement sees: the committed one of its snapshot with
    /// this transaction's own changes applied.
    pub catalog: Arc<Catalog>,
    /// The changes made so far, in order; written as rows and applied to the
    /// committed catalog at commit.
    pub changes: Vec<Change>,
    /// The objects of a database that is made, with its own storage.
    pub made: Option<NewDatabase>,
    /// The extension whose script is running.
    pub extension: Option<Oid>,
    /// Row counts and pending constraint checks; a savepoint clones it.
    pub table: TableState,
    /// The version of the committed catalog that `catalog` was last brought up to.
    pub refreshed: Option<u64>,
    /// The present statement is the first to read in the snapshot, so that a newer
    /// one may take its place.
    pub snapshot_is_new: bool,
}

/// Where a statement began.
pub struct StatementStart {
    mark: StatementMark,
    catalog: Arc<Catalog>,
    changes: usize,
    table: TableState,
}

impl Work {
    pub fn new(txn: Transaction, catalog: Arc<Catalog>) -> Work {
        let (changes, table) = (Vec::new(), TableState::default());
        Work {
            txn,
            catalog,
            changes,
            made: None,
            extension: None,
            table,
            refreshed: None,
            snapshot_is_new: true,
        }
    }

    /// What stands in the place of this work while it is on loan.
    pub fn stand_in(&self) -> Work {
        Work {
            txn: self.txn.stand_in(),
            catalog: self.catalog.clone(),
            changes: Vec::new(),
            made: None,
            extension: None,
            table: TableState::default(),
            refreshed: None,
            snapshot_is_new: false,
        }
    }

    /// The committed catalog of the transaction's snapshot.
    pub fn committed_catalog(&self) -> Arc<Catalog> {
        self.own(&self.txn.published().attachment)
    }

    /// The committed catalog now.
    pub fn newest_catalog(&self) -> Arc<Catalog> {
        self.own(&self.txn.newest().attachment)
    }

    /// Whether the committed catalog has changed since the snapshot.
    pub fn catalog_is_newest(&self) -> bool {
        self.txn.attachment_is_newest()
            || Arc::ptr_eq(&self.committed_catalog(), &self.newest_catalog())
    }

    /// The catalog of this database in a committed state. Whose database was dropped
    /// under it (its session is told to end) keeps what it had.
    fn own(&self, attachment: &Attachment) -> Arc<Catalog> {
        catalog::attached(attachment, self.catalog.database).unwrap_or_else(|| self.catalog.clone())
    }

    /// Where the present statement begins, in case it has to start over.
    pub fn start_statement(&mut self) -> StatementStart {
        StatementStart {
            mark: self.txn.begin_statement(),
            catalog: self.catalog.clone(),
            changes: self.changes.len(),
            table: self.table.clone(),
        }
    }

    /// The statement was run: REPEATABLE READ keeps its snapshot from now on.
    pub fn end_statement(&mut self) {
        self.snapshot_is_new = self.txn.isolation() == Isolation::ReadCommitted;
    }

    /// Undoes what the statement did, except for its locks.
    pub fn undo_statement(&mut self, start: StatementStart) {
        self.txn.abort_statement(start.mark);
        self.catalog = start.catalog;
        self.changes.truncate(start.changes);
        self.table = start.table;
        self.extension = None;
    }

    /// Applies one DDL step to this transaction's catalog.
    pub fn change(&mut self, mut change: Change) {
        change.settle(&self.catalog);
        let mut catalog = (*self.catalog).clone();
        catalog.apply(&change);
        self.catalog = Arc::new(catalog);
        self.changes.push(change);
    }

    /// Brings the catalog up to what is committed now, under this transaction's
    /// changes: after a wait for whoever changed it.
    pub fn refresh_catalog(&mut self) {
        let committed = self.newest_catalog();
        if self.refreshed == Some(committed.version) {
            return;
        }
        self.refreshed = Some(committed.version);
        self.catalog = match self.changes.is_empty() {
            true => committed,
            false => Arc::new(committed.with_changes(&self.changes)),
        };
    }
}

/// Everything around one statement that is not the transaction.
#[derive(Clone)]
pub struct StatementContext {
    /// Session values fixed for this statement; `eval.catalog` is `Work::catalog`.
    pub eval: Arc<EvalContext>,
    /// Cancelled by a cancel request, a timeout or shutdown.
    pub cancel: CancellationToken,
    /// Compiles the expressions that tables keep in SQL.
    pub compiler: Arc<dyn ExpressionCompiler>,
    /// Memory pool, spill files and object store of DataFusion.
    pub runtime: Arc<RuntimeEnv>,
    pub limits: StatementLimits,
    /// Where notices and warnings go while the statement runs.
    pub notices: Notices,
    /// What all parts of a statement with data-modifying CTEs read: the state before
    /// the first of them.
    pub reads: Option<Overlay>,
    /// What those parts have changed.
    pub touched: Option<Touched>,
}

/// The rows that the parts of one statement have changed: by table and rid, with a hash of
/// what they were made. PostgreSQL runs a part that nothing reads after all others: here it
/// comes before them, and what it has changed may be changed once more.
#[derive(Clone, Default)]
pub struct Touched {
    rows: Arc<Mutex<HashMap<(Oid, u64), (u64, bool)>>>,
    /// The part that is running now is one that nothing reads.
    is_unread: bool,
}

/// What the parts before have done to a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TouchedRow {
    Not,
    /// By a part that nothing reads.
    Unread,
    Changed {
        /// It is still what the part made of it.
        is_still: bool,
    },
}

impl Touched {
    /// The same rows, for a part that nothing reads.
    pub fn unread(&self) -> Touched {
        Touched { rows: self.rows.clone(), is_unread: true }
    }

    pub fn note(&self, table: Oid, rid: u64, row: &[u8]) {
        let hash = xxhash_rust::xxh3::xxh3_64(row);
        self.rows.lock().insert((table, rid), (hash, self.is_unread));
    }

    pub fn find(&self, table: Oid, rid: u64, row: &[u8]) -> TouchedRow {
        match self.rows.lock().get(&(table, rid)) {
            Some((_, true)) => TouchedRow::Unread,
            Some((hash, false)) => {
                TouchedRow::Changed { is_still: *hash == xxhash_rust::xxh3::xxh3_64(row) }
            }
            None => TouchedRow::Not,
        }
    }
}

impl StatementContext {
    /// The rows as the statement sees them.
    pub fn overlay(&self, work: &Work) -> Overlay {
        self.reads.clone().unwrap_or_else(|| work.txn.overlay())
    }

    /// For a statement of several parts, each of which sees the rows as the first did.
    pub fn at_one_instant(&self, work: &Work) -> StatementContext {
        let touched = self.touched.clone().or_else(|| Some(Touched::default()));
        StatementContext { reads: Some(self.overlay(work)), touched, ..self.clone() }
    }
}

/// Limits of one statement; names as in the configuration.
#[derive(Clone, Debug)]
pub struct StatementLimits {
    pub max_expression_depth: usize,
    pub work_mem_bytes: usize,
    pub lock_timeout_ms: u64,
    pub deadlock_timeout_ms: u64,
    /// Partitions of a scan, and DataFusion's target partitions.
    pub parallelism: usize,
    pub batch_rows: usize,
}
