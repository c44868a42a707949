//! ZServer: a PostgreSQL-wire-compatible database server in one binary.
//!
//! # The life of a statement
//!
//! 1. `pg` reads a message and hands its text to the connection's `session`.
//! 2. `sql::parse` turns text into PostgreSQL's own parse tree (libpg_query).
//! 3. `sql::bind` resolves names and types against one immutable `catalog`
//!    snapshot and produces the typed tree of `sql::ir`.
//! 4. `sql::plan` either recognises a fast path (keyed reads and writes) or
//!    lowers the tree to a DataFusion plan over our table providers.
//! 5. `sql::run` executes it under the session's transaction, cancel token,
//!    timeouts and memory limit, as a stream of rows.
//! 6. `txn` commits: one group of transactions, one batch, one fsync, then the
//!    new snapshot is published.
//! 7. `pg` encodes rows from the stream into the socket, with back-pressure.
//!
//! # Layers
//!
//! Arrows point down only: `pg`, `http`, `jobs`, `events` → `session` → `sql` → `catalog`, `table`,
//! `index`, `backup` → `txn` → `storage`. `sql::types` is the vocabulary of values that
//! everything above `txn` shares. `storage` and `txn` know bytes, not Arrow,
//! SQL or tokio. `coordinator` commits one transaction on several servers, `files` keeps
//! contents of files, `observe` counts and traces for those above, `audit` keeps what was
//! done by whom; they stand beside `catalog`. `tests/layers.rs` reads the `use` lines and
//! holds this true.

pub mod audit;
pub mod auth;
pub mod backup;
pub mod catalog;
pub mod config;
pub mod coordinator;
pub mod error;
pub mod events;
pub mod files;
pub mod http;
pub mod index;
pub mod jobs;
pub mod observe;
pub mod pg;
pub mod redact;
pub mod rooms;
pub mod rtc;
pub mod server;
pub mod session;
pub mod sql;
pub mod sqlstate;
pub mod storage;
pub mod table;
pub mod txn;

pub use error::{Error, Result};
