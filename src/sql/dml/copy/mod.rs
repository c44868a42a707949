//! COPY: rows in bulk, as text, CSV or PostgreSQL's binary format.
//!
//! ```text
//! FROM  bytes ─parse (lines, fields)─▶ text ─input functions─▶ datums ─▶ table::Writer
//! TO    rows  ─output functions─▶ fields ─quote, escape─▶ one message per row
//! ```
//!
//! Data arrives cut anywhere; a parser keeps at most one unfinished row. Errors
//! name table, line and column in PostgreSQL's CONTEXT form.

mod binary;
mod fields;
mod from;
mod options;
mod statement;
mod to;

pub use from::{CopyFrom, CopySource};
pub use options::{CopyOption, CopyOptions, Header, OptionValue};
pub use statement::execute;
pub use to::{CopyTo, Encoder};

use crate::error::Error;
use crate::sqlstate;

/// `22P04`: the data is not in the format that was announced.
fn bad_format(message: impl Into<String>) -> Error {
    Error::new(sqlstate::BAD_COPY_FILE_FORMAT, message)
}
