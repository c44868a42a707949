//! Snapshots that transactions export (`pg_export_snapshot`), for others to begin with
//! (SET TRANSACTION SNAPSHOT).
//!
//! An exported snapshot is to be had until the transaction that exported it is over, and
//! keeps its instant readable until then. Of the exporter's own changes it shows none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Session;
use super::hooks::Hooks;
use super::settings::IsolationLevel;
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::Published;

/// Snapshots exported at a time, by all sessions.
const EXPORTED_MAX: usize = 1_000;

/// What the present statement of a session would export.
#[derive(Clone)]
pub struct Exportable {
    pub snapshot: Weak<Published>,
    pub transaction: u64,
    pub isolation: IsolationLevel,
    pub read_only: bool,
    pub in_savepoint: bool,
}

#[derive(Clone)]
struct Exported {
    snapshot: Arc<Published>,
    transaction: u64,
    isolation: IsolationLevel,
    read_only: bool,
    database: Oid,
}

/// All exported snapshots of a server, by identifier.
#[derive(Default)]
pub struct Exports {
    all: Mutex<HashMap<String, Exported>>,
    /// How many there are: every transaction's end asks.
    count: AtomicUsize,
}

impl Exports {
    /// Whether a transaction has exported its snapshot.
    pub fn has(&self, transaction: u64) -> bool {
        self.count.load(Ordering::Relaxed) > 0
            && self.all.lock().values().any(|exported| exported.transaction == transaction)
    }

    /// The transaction is over.
    pub fn forget(&self, transaction: u64) {
        if self.count.load(Ordering::Relaxed) > 0 {
            let mut exports = self.all.lock();
            exports.retain(|_, exported| exported.transaction != transaction);
            self.count.store(exports.len(), Ordering::Relaxed);
        }
    }

    fn add(&self, pid: i32, exported: Exported) -> Result<String> {
        let mut exports = self.all.lock();
        if exports.len() >= EXPORTED_MAX {
            return Err(Error::new(
                sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                format!("cannot export more than {EXPORTED_MAX} snapshots at a time"),
            ));
        }
        let own = exports.values().filter(|other| other.transaction == exported.transaction);
        let number = own.count() + 1;
        let id = format!("{pid:08X}-{:08X}-{number}", exported.transaction as u32);
        exports.insert(id.clone(), exported);
        self.count.store(exports.len(), Ordering::Relaxed);
        Ok(id)
    }

    fn find(&self, id: &str) -> Option<Exported> {
        self.all.lock().get(id).cloned()
    }
}

impl Hooks {
    /// `pg_export_snapshot`: the identifier.
    pub(super) fn export(&self) -> Result<String> {
        let exportable = self.exportable.lock().clone();
        let lost = || Error::internal("no statement is running");
        let Exportable { snapshot, transaction, isolation, read_only, in_savepoint } =
            exportable.ok_or_else(lost)?;
        if in_savepoint {
            return Err(Error::new(
                sqlstate::ACTIVE_SQL_TRANSACTION,
                "cannot export a snapshot from a subtransaction",
            ));
        }
        let snapshot = snapshot.upgrade().ok_or_else(lost)?;
        let database = self.backend.database_oid;
        let exported = Exported { snapshot, transaction, isolation, read_only, database };
        self.database.exports.add(self.backend.pid, exported)
    }
}

impl Session {
    /// What `pg_export_snapshot` in the statement that begins would export.
    pub(super) fn note_exportable(&self) {
        let exportable = self.block.open().and_then(|open| {
            let work = open.work.as_ref()?;
            Some(Exportable {
                snapshot: Arc::downgrade(work.txn.published()),
                transaction: work.txn.id(),
                isolation: open.characteristics.isolation,
                read_only: open.characteristics.read_only,
                in_savepoint: self.block.savepoint_depth() > 0,
            })
        });
        *self.hooks.exportable.lock() = exportable;
    }

    /// SET TRANSACTION SNAPSHOT.
    pub(super) fn import_snapshot(&mut self, id: &str) -> Result<()> {
        if !self.block.is_explicit() {
            self.warn(
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "SET TRANSACTION can only be used in transaction blocks",
            );
        }
        let in_savepoint = self.block.savepoint_depth() > 0;
        let database = self.backend().database_oid;
        let Some(open) = self.block.open_mut() else { return Ok(()) };
        let own = open.characteristics;
        let unsupported = |message: &str| Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message);
        if open.has_snapshot || in_savepoint {
            return Err(Error::new(
                sqlstate::ACTIVE_SQL_TRANSACTION,
                "SET TRANSACTION SNAPSHOT must be called before any query",
            ));
        }
        if !matches!(own.isolation, IsolationLevel::RepeatableRead | IsolationLevel::Serializable) {
            return Err(unsupported(
                "a snapshot-importing transaction must have isolation level SERIALIZABLE or \
                 REPEATABLE READ",
            ));
        }
        let exported = self.database.exports.find(id).ok_or_else(|| {
            Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("invalid snapshot identifier: \"{id}\""),
            )
        })?;
        if exported.database != database {
            return Err(unsupported("cannot import a snapshot from a different database"));
        }
        if own.isolation == IsolationLevel::Serializable {
            if exported.isolation != IsolationLevel::Serializable {
                return Err(unsupported(
                    "a serializable transaction cannot import a snapshot from a \
                     non-serializable transaction",
                ));
            }
            if exported.read_only && !own.read_only {
                return Err(unsupported(
                    "a non-read-only serializable transaction cannot import a snapshot from a \
                     read-only transaction",
                ));
            }
            if own.read_only && own.deferrable {
                return Err(unsupported(
                    "a snapshot-importing transaction must not be READ ONLY DEFERRABLE",
                ));
            }
        }
        let work = open.work.as_mut().ok_or_else(|| Error::internal("no transaction"))?;
        work.txn.import_snapshot(exported.snapshot, exported.transaction, own.read_only)?;
        open.has_snapshot = true;
        open.begin_statement()
    }
}
