//! PostgreSQL's regular expressions: translated, compiled, matched.
//!
//! The functions over them are in `sql::functions`; `jsonpath` values hold some too.

mod compile;
mod translate;

pub use compile::{Expression, Flags, Match};
pub use translate::{Options, invalid, translate};
