//! Execution: a bound statement, its parameters and a transaction become an
//! [`Outcome`](super::outcome::Outcome).

pub mod work;

pub use work::{StatementContext, Work};
