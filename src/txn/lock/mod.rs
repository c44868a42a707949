//! Locks: who may touch what until when.
//!
//! A lock is a [`Resource`], a [`LockMode`] and an owner (a transaction, or a
//! session for advisory locks that outlive it). A request that conflicts with
//! nothing is granted; else it queues behind the others, in order, unless its owner
//! holds the resource already (an upgrade goes first, or it would wait for those
//! that wait for it).
//!
//! | module | what it is |
//! |---|---|
//! | [`mode`] | the twelve modes and their conflict matrices |
//! | [`table`] | the sharded table: acquire, release, wake |
//! | [`fast`] | table locks of readers and writers, beside the table |
//! | [`rows`] | row locks of one stretch of a table, as sets of offsets |
//! | [`keys`] | locks on unique keys, as sets of hashes |
//! | [`claims`] | claims on spans, for exclusion constraints |
//! | [`wait`] | the future of a lock that is not there yet |
//! | [`watch`] | waiting for whoever holds a lock, without asking for the lock |
//! | [`deadlock`] | the search for a cycle of waits |
//! | [`log`] | what one owner holds, in order, for savepoints and the end |
//!
//! # Row and key locks are compact
//!
//! The rids of a table are cut into stretches of 1,024. A stretch holds, per owner
//! and mode, a set of offsets: a few inline, or a bitmap of 128 bytes. An update of
//! ten million consecutive rows holds about 2.5 MB of locks, and its log a handful
//! of runs. Keys of a unique index are sets of 64-bit hashes.
//!
//! Locks are in memory only. They end with the process, as its transactions do; those
//! of a prepared transaction are written into its record and taken again at start.

mod claims;
mod deadlock;
mod fast;
mod keys;
mod log;
mod mode;
mod rows;
mod status;
mod table;
mod wait;
mod watch;

#[cfg(test)]
mod tests;

pub use claims::Claim;
pub use log::{LockSession, SessionLocks};
pub use mode::LockMode;
pub use status::LockStatus;
pub use wait::LockWait;
pub use watch::{EndWait, Locker};

pub(super) use log::{LockHolds, LockLog};
pub(super) use table::{Acquired, LockTable};

use std::fmt;

/// Whoever holds locks together: a transaction's id, or a session's own number.
pub(super) type Owner = u64;

/// What can be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    Row {
        table: u32,
        rid: u64,
    },
    Table {
        database: u32,
        oid: u32,
    },
    /// A key of a unique index, by hash: two keys with one hash only wait in vain.
    IndexKey {
        index: u32,
        hash: u64,
    },
    /// Claims on spans of an index, which [`claims`] keeps.
    Claims {
        index: u32,
    },
    Object {
        database: u32,
        class: u32,
        oid: u32,
    },
    /// A transaction itself, held by it until its end: who takes it waits for that.
    Transaction {
        id: u64,
    },
    /// The end of a transaction for those who wait for it, whatever it holds: a hold
    /// that they write down in its name (module [`watch`]).
    Virtual {
        id: u64,
    },
    /// PostgreSQL's numbering: one bigint is its two halves with `sub` 1, two
    /// integers are themselves with `sub` 2.
    Advisory {
        database: u32,
        class: u32,
        object: u32,
        sub: u16,
    },
}

impl Resource {
    pub fn row(table: u32, rid: u64) -> Resource {
        Resource::Row { table, rid }
    }

    pub fn index_key(index: u32, key: &[u8]) -> Resource {
        Resource::IndexKey { index, hash: xxhash_rust::xxh3::xxh3_64(key) }
    }

    pub fn advisory(database: u32, key: i64) -> Resource {
        let (class, object) = ((key >> 32) as u32, key as u32);
        Resource::Advisory { database, class, object, sub: 1 }
    }

    pub fn advisory_pair(database: u32, key1: i32, key2: i32) -> Resource {
        Resource::Advisory { database, class: key1 as u32, object: key2 as u32, sub: 2 }
    }
}

impl fmt::Display for Resource {
    /// As a deadlock report names it. Rows and keys are waited for by way of the
    /// transaction that holds them, so they have no words of their own there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Row { table, rid } => write!(f, "row {rid} of relation {table}"),
            Resource::Table { database, oid } => {
                write!(f, "relation {oid} of database {database}")
            }
            Resource::IndexKey { index, .. } => write!(f, "key of index {index}"),
            Resource::Claims { index } => write!(f, "claims of index {index}"),
            Resource::Transaction { id } => write!(f, "transaction {id}"),
            Resource::Virtual { id } => write!(f, "virtual transaction {id}"),
            Resource::Object { database, class, oid } => {
                write!(f, "object {oid} of class {class} of database {database}")
            }
            Resource::Advisory { database, class, object, sub } => {
                write!(f, "advisory lock [{database},{class},{object},{sub}]")
            }
        }
    }
}

/// What to do about a lock that is not to be had at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitPolicy {
    Wait,
    /// The caller raises `55P03`.
    NoWait,
    /// The caller goes on to the next row.
    SkipLocked,
}

/// The answer to a request.
#[must_use]
pub enum LockOutcome {
    Granted,
    /// The transaction held it before, in this mode or one that covers it.
    AlreadyHeld,
    /// Await it, then the lock is held. Dropping it gives the request up.
    Wait(LockWait),
    NotAvailable,
}

impl LockOutcome {
    /// Blocks the thread until the lock is held; false if it is not to be had.
    pub fn wait(self) -> bool {
        match self {
            LockOutcome::Granted | LockOutcome::AlreadyHeld => true,
            LockOutcome::Wait(wait) => {
                wait.wait();
                true
            }
            LockOutcome::NotAvailable => false,
        }
    }
}
