//! Tables: rows and their constraints over bytes.
//!
//! A table's rows live in the storage engine under `[storage id][rid]`; the rid is
//! a row's identity and never changes. `table` knows how a row is laid out, how
//! it is found, and what must hold when it is written. It knows transactions
//! (`txn`) and types, and no SQL: expressions come in compiled ([`RowExpression`]).
//!
//! | file | what it is |
//! |---|---|
//! | [`info`] | [`TableInfo`]: columns, layouts, indexes, constraints, made once per catalog |
//! | [`layout`], [`row`], [`value`] | the row codec |
//! | [`decode`] | stored rows to Arrow columns |
//! | [`scan`] | the `TableProvider`: access choice, partitions, filters |
//! | [`lookup`] | keyed reads without a plan |
//! | [`nearest`] | rows by their distance from a value |
//! | [`write`] | one row written with indexes and checks |
//! | [`unique`], [`foreign_key`], [`state`] | what is checked under locks, and later |
//! | [`family`], [`partition`], [`route`] | tables with children; where a row belongs |
//! | [`part`] | one row of a family written, with triggers |
//! | [`outbox`] | changes of tables that are watched, written beside them |
//! | [`verify`] | a new constraint against the rows that are there |
//! | [`check`] | everything that is stored against what must hold |
//! | [`exclusion`] | exclusion constraints |
//! | [`reclaim`] | the storage of what was dropped |
//! | [`large_object`] | large objects: pages beside the tables |
//! | [`lock`] | waiting within a statement's limits |
//! | [`sequence`] | values reserved outside of transactions |
//!
//! # Invariants
//!
//! 1. Every index entry names a row with that key, and every row has an entry in
//!    every index (partial ones: if the predicate holds), at every instant.
//! 2. A unique index's key is added only under the lock of (index, key).
//! 3. A row is changed only under its row lock.

pub mod analyze;
mod blocking;
pub mod check;
pub mod decode;
mod estimate;
pub(crate) mod exclusion;
mod expression;
pub mod family;
pub mod foreign_key;
pub mod info;
pub mod large_object;
pub mod layout;
pub mod lock;
pub mod lookup;
pub mod nearest;
pub mod outbox;
pub mod part;
pub mod partition;
pub mod reclaim;
pub mod route;
pub mod row;
pub mod scan;
pub mod sequence;
pub mod state;
pub mod system_column;
mod together;
pub mod trigger;
mod unique;
pub mod value;
pub mod verify;
pub mod violation;
pub mod write;

pub use blocking::blocking;
pub(crate) use expression::eval_over;
pub use expression::{
    ExpressionCompiler, IndexExpressions, NoExpressions, RowExpression, TableExpressions,
};
pub use family::{ColumnMap, Family, Member};
pub use foreign_key::check_deferred;
pub use info::{ColumnInfo, ForeignKeyInfo, TableInfo, dropped_type};
pub use reclaim::remove;
pub use scan::{ScanColumn, ScanOptions, provider};
pub use sequence::{SequenceState, Sequences};
pub use state::TableState;
pub use system_column::SystemColumns;
pub use trigger::{Event, Fired, Firing, TableTriggers, TransitionTables, already_modified};
pub use unique::Conflict;
pub use violation::failing_row;
pub use write::{LockedRow, Writer};

#[cfg(test)]
pub(crate) mod tests;
