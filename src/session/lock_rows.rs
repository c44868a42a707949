//! `pg_locks`: who holds and awaits which lock.
//!
//! PostgreSQL's columns and words, with these differences: a lock on a row is shown
//! while it is held, not only while it is awaited (its page and tuple are the halves of
//! the row's number), and so is one on a key of a unique index (`object` with `pg_class`
//! and the index), which PostgreSQL awaits by way of the transaction that holds it. The
//! number behind the slash of a virtual transaction is the transaction's id.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::hooks::Hooks;
use super::registry::Backend;
use crate::catalog;
use crate::sql::types::{Datum, Oid};
use crate::txn::{LockMode, LockStatus, PreparedInfo, Resource};

/// More than this nobody reads.
const LOCKS_SHOWN_MAX: usize = 100_000;

/// OID of the system catalog `pg_class`.
const PG_CLASS: Oid = 1259;

const EPOCH_2000_MICROSECONDS: i64 = 946_684_800_000_000;

/// Columns of `pg_lock_status`.
const COLUMNS: usize = 16;

fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

/// Who is there to hold locks.
struct Holders {
    backends: Vec<Arc<Backend>>,
    prepared: Vec<PreparedInfo>,
}

/// A holder: the columns `virtualtransaction` and `pid`, and its database.
struct Holder {
    virtual_transaction: String,
    pid: Datum,
    database: Oid,
}

impl Holders {
    fn of(&self, lock: &LockStatus) -> Holder {
        let backend = self.backends.iter().find(|backend| backend.pid == lock.session_pid);
        match backend {
            Some(backend) => self.session(backend),
            None => {
                let known = self.prepared.iter().find(|info| info.id == lock.owner);
                self.prepared(lock.owner, known.map_or(0, |info| info.database))
            }
        }
    }

    fn session(&self, backend: &Backend) -> Holder {
        Holder {
            virtual_transaction: format!("{}/{}", backend.pid, backend.transaction_id()),
            pid: Datum::Int4(backend.pid),
            database: backend.database_oid,
        }
    }

    fn prepared(&self, id: u64, database: Oid) -> Holder {
        Holder { virtual_transaction: format!("-1/{}", id as u32), pid: Datum::Null, database }
    }
}

impl Holder {
    /// A row without the columns that name what is locked.
    fn row(&self, kind: &str, mode: LockMode, granted: bool, fast_path: bool) -> Vec<Datum> {
        let mut row = vec![Datum::Null; COLUMNS];
        row[0] = text(kind);
        row[10] = text(&self.virtual_transaction);
        row[11] = self.pid.clone();
        row[12] = text(mode.name());
        row[13] = Datum::Bool(granted);
        row[14] = Datum::Bool(fast_path);
        row
    }

    /// Its transaction's lock on its own id.
    fn transaction_row(&self, id: u64) -> Vec<Datum> {
        let mut row = self.row("transactionid", LockMode::Exclusive, true, false);
        row[6] = Datum::Oid(id as u32);
        row
    }
}

impl Hooks {
    pub(super) fn lock_rows(&self) -> Vec<Vec<Datum>> {
        let holders = Holders {
            backends: self.database.registry.all(),
            prepared: self.database.transactions.prepared(),
        };
        let held = self.database.transactions.lock_status(LOCKS_SHOWN_MAX);
        let own_id = |lock: &LockStatus| match lock.resource {
            Resource::Transaction { id } if lock.granted && id == lock.owner => Some(id),
            _ => None,
        };
        let mut shown: BTreeSet<u64> = held.iter().filter_map(own_id).collect();
        // That a transaction has its own virtual one locked is shown of all that run.
        let is_shown = |lock: &&LockStatus| {
            !(lock.granted && matches!(lock.resource, Resource::Virtual { .. }))
        };
        let mut rows: Vec<Vec<Datum>> = held
            .iter()
            .filter(is_shown)
            .map(|lock| lock_row(lock, &holders.of(lock), &holders))
            .collect();
        for backend in &holders.backends {
            let id = backend.transaction_id();
            if id == 0 {
                continue;
            }
            let holder = holders.session(backend);
            let mut row = holder.row("virtualxid", LockMode::Exclusive, true, true);
            row[5] = text(&holder.virtual_transaction);
            rows.push(row);
            if backend.assigned_transaction_id().is_some() && shown.insert(id) {
                rows.push(holder.transaction_row(id));
            }
        }
        for info in &holders.prepared {
            if shown.insert(info.id) {
                rows.push(holders.prepared(info.id, info.database).transaction_row(info.id));
            }
        }
        rows
    }
}

fn lock_row(lock: &LockStatus, holder: &Holder, holders: &Holders) -> Vec<Datum> {
    let kind = match lock.resource {
        Resource::Table { .. } => "relation",
        Resource::Row { .. } => "tuple",
        Resource::Advisory { .. } => "advisory",
        Resource::Transaction { .. } => "transactionid",
        Resource::Virtual { .. } => "virtualxid",
        Resource::IndexKey { .. } | Resource::Claims { .. } | Resource::Object { .. } => "object",
    };
    let mut row = holder.row(kind, lock.mode, lock.granted, lock.fast_path);
    row[15] = lock.wait_start.map_or(Datum::Null, timestamp);
    let object = |row: &mut [Datum], class: Oid, object: Oid, sub: u16| {
        row[7] = Datum::Oid(class);
        row[8] = Datum::Oid(object);
        row[9] = Datum::Int2(sub as i16);
    };
    row[1] = Datum::Oid(holder.database);
    match lock.resource {
        Resource::Table { oid, .. } => {
            if catalog::system::is_shared_class(oid) {
                row[1] = Datum::Oid(0);
            }
            row[2] = Datum::Oid(oid);
        }
        Resource::Row { table, rid } => {
            row[2] = Datum::Oid(table);
            row[3] = Datum::Int4((rid >> 16) as i32);
            row[4] = Datum::Int2((rid & 0x7fff) as i16);
        }
        Resource::Transaction { id } => {
            row[1] = Datum::Null;
            row[6] = Datum::Oid(id as u32);
        }
        Resource::Virtual { id } => {
            let running = holders.backends.iter().find(|backend| backend.transaction_id() == id);
            let name = match running {
                Some(backend) => holders.session(backend).virtual_transaction,
                None => holders.prepared(id, 0).virtual_transaction,
            };
            row[1] = Datum::Null;
            row[5] = text(&name);
        }
        Resource::IndexKey { index, .. } | Resource::Claims { index } => {
            object(&mut row, PG_CLASS, index, 0);
        }
        Resource::Object { database, class, oid } => {
            row[1] = Datum::Oid(database);
            object(&mut row, class, oid, 0);
        }
        Resource::Advisory { class, object: number, sub, .. } => {
            object(&mut row, class, number, sub);
        }
    }
    row
}

pub(super) fn timestamp(time: SystemTime) -> Datum {
    let since = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Datum::TimestampTz(i64::try_from(since).unwrap_or(i64::MAX) - EPOCH_2000_MICROSECONDS)
}
