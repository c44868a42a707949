//! Access methods: from column values to row ids.
//!
//! An index maps a key to rids; rows are found under their rid, so an update
//! that changes no indexed column touches no index. There are two access methods:
//! `ordered` (PostgreSQL's `btree`), entries in key order in the storage engine, and
//! `inverted` (`gin`), an entry for every part of a value. Of an ordered index:
//!
//! - A unique index's key maps to the rid: `[key] → rid`, so a second row with
//!   the key would overwrite, and writers lock (index, key) first.
//! - Any other index has the rid in its key: `[key][rid] → ()`. So have the
//!   entries of a unique index whose key has a NULL (unless NULLS NOT DISTINCT):
//!   they equal nothing. So has a deferrable unique index, which may hold
//!   duplicates until its check.

mod build;
pub mod catch_up;
mod info;
pub mod inverted;
pub mod ordered;
mod path_need;

#[cfg(test)]
mod tests;

pub use build::{build, build_at_snapshot, remove};
pub use info::{INVERTED, IndexInfo, KeyColumn, check_access_method};
