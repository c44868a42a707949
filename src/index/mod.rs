//! Access methods: from column values to row ids.
//!
//! An index maps a key to rids; rows are found under their rid, so an update
//! that changes no indexed column touches no index. The access methods are:
//!
//! | module | PostgreSQL's | entries |
//! |---|---|---|
//! | [`ordered`] | `btree` | keys in their order |
//! | [`parts`] | | one for every part of a value: |
//! | [`inverted`] | `gin` | elements, keys, paths |
//! | [`spans`] | `gist` | where a range or network lies |
//! | | `hash` | a hash of the value |
//! | [`vector`], [`vector_options`] | `hnsw`, `ivfflat` | one for each row, with its value |
//!
//! Of an ordered index:
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
mod inverted;
pub mod ordered;
pub mod parts;
mod path_need;
pub mod spans;
pub mod vector;
pub mod vector_options;

#[cfg(test)]
mod tests;

pub use build::{build, build_at_snapshot, remove};
pub use info::{
    BTREE, GIN, GIST, HASH, HNSW, IVFFLAT, IndexInfo, KeyColumn, MISSING_METHODS,
    check_access_method,
};
