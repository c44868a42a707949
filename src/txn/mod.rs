//! Transactions over bytes: snapshots, write sets, savepoints, locks, one committer.
//!
//! # Timeline of a commit
//!
//! ```text
//! session A   begin ──read P5── lock row 7 ── put row 7 ── commit ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶ ts 6
//! session B   begin ──read P5── lock row 7 ┄┄┄┄┄┄┄(waits)┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶ granted, reads P7
//! committer                        take queue [A, C] → ts 6, 7 → one batch, one fsync
//!                                   → open view → publish P7 → release locks → wake
//! ```
//!
//! 1. [`Transactions::begin`] takes the newest [`Published`]: a commit timestamp, an
//!    engine view, and the upper layer's committed state (the catalog), which all
//!    belong to the same instant.
//! 2. Reads go through an [`Overlay`]: own writes first, then the view. Scans own
//!    what they read, so they may run on other threads and outlive the call.
//! 3. Writes are kept in a persistent map; a [`Savepoint`] is a clone of its root.
//!    Beyond the budget new rows are written early and invisibly (module `spill`), and
//!    changes of existing ones into sorted runs beside the engine (module `runs`).
//! 4. [`Transaction::lock`] takes row, table, key and advisory locks. A
//!    [`LockWait`] is a future that the session awaits next to its own timers.
//! 5. [`Transaction::commit`] hands writes and locks to the committer and returns a
//!    [`Commit`], a future of the commit timestamp.
//! 6. The committer drains the queue: one [`WriteBatch`] and one fsync for all,
//!    then it publishes the new instant, and only then releases locks. So who
//!    waited for a lock always finds the newest version.
//!
//! # Isolation
//!
//! | level | snapshot | a row that changed since |
//! |---|---|---|
//! | read committed | a new one for each statement ([`Transaction::begin_statement`]) | lock, then [`Transaction::get_newest`], re-evaluate |
//! | repeatable read | one for the transaction | [`Transaction::changed_since_snapshot`] ⇒ the caller raises `40001` |
//! | serializable | one for the transaction | as above; and read-write conflicts are watched (module `serializable`) |
//!
//! # Invariants
//!
//! 1. Timestamps only grow, also over restarts; every row carries its own.
//! 2. What is published is durable as its transaction asked; what is not published
//!    is seen by nobody but its own transaction.
//! 3. If a write's outcome is unknown the process ends ([`Transactions::open_with`]
//!    takes the hook that a test observes it by).
//! 4. A row id or transaction id is never handed out twice, also over a crash: its
//!    high-water mark is queued before the id is handed out, and the queue is FIFO.
//!
//! 5. A transaction that was prepared stays so, with its locks, until it is finished by
//!    name, whatever happens to the process (module `prepared`).
//!
//! With an [`archive`], step 6 also appends each batch to files from which, over a
//! backup, every later instant can be made again.
//!
//! Where an index is known to have no entries any more, scans from its head go past (module
//! `gaps`).
//!
//! An [`Observer`] is told what commits do to the indexes and tables it watches, before their
//! instant is published.
//!
//! A transaction may ask for a record of its commit under its timestamp (module
//! `recorded`), so that others find what was committed in its order.
//!
//! It knows no SQL: what a row means, what conflicts with what, and what a unique
//! index is, the layers above say by the keys they lock and write.

mod activity;
pub mod archive;
mod begin;
mod commit;
mod committer;
mod copy;
mod gaps;
mod ids;
mod ingest;
mod limits;
pub mod lock;
mod observer;
mod overlay;
mod prepared;
mod published;
mod purge;
mod recorded;
mod runs;
mod serializable;
mod spill;
mod sweeper;
mod transaction;
mod view;
mod write_set;

#[cfg(test)]
mod tests;

pub use crate::storage::{Durability, Key, KeyRange, Keyspace, Value, WriteBatch};
pub use activity::{
    Activities, Activity, CommitCounts, CommitHistograms, Counted, DatabaseCounts, TableCounts,
};
pub use begin::{OutcomeHook, Transactions};
pub use commit::{Attachment, Commit, CommitOptions, Publish};
pub use copy::Copy;
pub use limits::Limits;
pub use lock::{
    Claim, EndWait, LockMode, LockOutcome, LockSession, LockStatus, LockWait, Locker, Resource,
    SessionLocks, WaitPolicy,
};
pub use observer::{ChangedEntries, ChangedRows, Observer, Watched, WeakTransactions};
pub use overlay::{Overlay, OwnEntries, Scan};
pub use prepared::{Finish, Place, PreparedInfo};
pub use published::{Published, SnapshotStatus};
pub use purge::Purged;
pub use recorded::{RecordedCommit, RecordedHook};
pub use serializable::SafeWait;
pub use transaction::{Savepoint, StatementMark, Transaction};

/// Isolation levels, in SQL's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Isolation {
    #[default]
    ReadCommitted,
    RepeatableRead,
    Serializable,
}
