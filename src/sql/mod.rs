//! SQL: from text to rows.
//!
//! `parse` → `bind` (typed [`ir`]) → `plan` → `run`. `types` is the vocabulary
//! of values; `functions` the registry of kernels that the catalog's function
//! rows name.

pub mod bind;
pub mod functions;
pub mod ir;
pub mod outcome;
pub mod parse;
pub mod run;
pub mod types;
