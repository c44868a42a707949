//! Execution: a bound statement, its parameters and a transaction become an
//! [`Outcome`](super::outcome::Outcome).
//!
//! | file | what it is |
//! |---|---|
//! | [`work`] | what a statement works on, and its limits |
//! | [`eval`] | the scalar evaluator |
//! | [`query`] | queries: planned, computed on the query runtime, streamed |
//! | [`loan`] | how functions get at the transaction of the statement that calls them |
//! | `locking` | FOR UPDATE and FOR SHARE |
//! | [`memory`] | the memory that all queries share |
//! | [`notices`] | what a statement reports beside its result |
//! | [`recheck`] | a row of a join judged again, one of its rows having changed |
//! | [`runtime`] | the threads that queries are computed on |
//! | [`failure`] | errors through DataFusion and back |

pub(in crate::sql) mod constants;
pub mod eval;
pub mod failure;
pub mod loan;
mod locking;
pub mod memory;
pub mod notices;
pub mod query;
pub mod recheck;
pub mod runtime;
pub mod work;

pub use loan::{Lender, Loan};
pub use memory::QueryMemory;
pub use notices::Notices;
pub use query::{CompiledQuery, RowChunks, execute_query, result_column, result_columns, rows};
pub use work::{StatementContext, Work};
