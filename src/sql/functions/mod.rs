//! The kernel registry: Rust code behind the catalog's `internal` functions.
//!
//! `sql/*.sql` declares a function with PostgreSQL's signature and OID and names
//! a symbol; the kernel of that symbol computes it. One kernel serves both
//! forms: row by row over [`Datum`]s (fast path, defaults, constraints) and,
//! through an adapter or a vectorised implementation, over Arrow columns.
//!
//! Kernels do not see NULLs of STRICT functions: the caller answers NULL.

mod advisory;
mod aggregate;
mod array;
mod binary;
mod bits;
mod boolean;
pub mod call;
mod composite;
pub mod context;
pub mod datetime;
pub mod domain;
mod extension;
mod float;
mod geometry;
mod hash;
mod identifier;
mod in_range;
mod integer;
mod io;
pub mod json;
mod jsonpath;
pub mod large_object;
mod network;
mod numeric;
mod pattern;
mod picture;
mod range;
mod regexp;
mod registry;
mod sample;
mod series;
mod session;
mod snapshot;
mod spread;
pub mod subscript;
mod text;
mod typmod;
pub mod value;
mod view_definition;

#[cfg(test)]
pub(crate) mod tests;

use crate::error::Result;
use crate::sql::types::{Datum, SqlType};

pub use advisory::{AdvisoryKey, AdvisoryRequest};
pub use binary::hex;
pub use context::{
    EvalContext, Given, NestedStatement, RemoteRequest, SequenceRow, SessionHooks, SettingsState,
    SettingsView, StoredSetting, TransactionStatus, VectorSettings,
};
pub use extension::{
    FILE_PATH, RTC_KEY_PREFIX, collections, rtc_key_purpose, similarity_threshold,
};
pub use pattern::like;
pub use registry::{aggregate_kernel, has_code, kernel, set_kernel};
pub use session::SERVER_VERSION;
pub use spread::SUFFIX as OF_ARRAY;
pub use text::{quote_identifier, quote_literal};

/// What a kernel may know about its call.
pub struct CallContext<'a> {
    pub eval: &'a EvalContext,
    /// The actual (resolved) argument types.
    pub args: &'a [SqlType],
    /// The actual result type.
    pub result: SqlType,
}

/// Computes one value from one row of arguments.
pub type ScalarFn = fn(&CallContext<'_>, &[Datum]) -> Result<Datum>;

/// Rows of a set-returning function: one datum per output column each.
pub type SetRows = Box<dyn Iterator<Item = Result<Vec<Datum>>> + Send>;

/// Computes the rows of a set-returning function.
pub type SetFn = fn(&CallContext<'_>, &[Datum]) -> Result<SetRows>;

/// Computes a whole column from columns of arguments; NULLs of strict functions
/// are the kernel's to pass on.
pub type VectorFn = fn(
    &CallContext<'_>,
    &[datafusion::arrow::array::ArrayRef],
    usize,
) -> Result<datafusion::arrow::array::ArrayRef>;

/// A scalar function's code.
#[derive(Clone, Copy)]
pub struct Kernel {
    pub symbol: &'static str,
    pub scalar: ScalarFn,
    pub vector: Option<VectorFn>,
}

/// A set-returning function's code.
#[derive(Clone, Copy)]
pub struct SetKernel {
    pub symbol: &'static str,
    pub rows: SetFn,
}

/// An aggregate's code: makes the state of one group.
#[derive(Clone, Copy)]
pub struct AggregateKernel {
    pub symbol: &'static str,
    /// Whether rows with a NULL argument are skipped by the caller.
    pub strict: bool,
    pub new_state: fn(&CallContext<'_>) -> Result<Box<dyn AggregateState>>,
}

/// The running state of one group.
pub trait AggregateState: Send + Sync + std::fmt::Debug {
    fn update(&mut self, args: &[Datum]) -> Result<()>;
    /// The result of the rows so far. It leaves the state as it is: a window whose
    /// frame grows asks at each row, and goes on.
    fn finish(&mut self) -> Result<Datum>;
    /// The state as datums (of any types) for another partition to `merge`.
    fn save(&mut self) -> Result<Vec<Datum>>;
    fn merge(&mut self, state: &[Datum]) -> Result<()>;
    /// Bytes held, for the memory pool.
    fn size_bytes(&self) -> usize;
}
