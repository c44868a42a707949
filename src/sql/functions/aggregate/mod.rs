//! Aggregate functions: the running state of one group, and its result.
//!
//! Every state can be saved as datums and merged into another, so that
//! partitions aggregate on their own first. States of strict aggregates never
//! see a row with a NULL argument.

mod bits;
mod collect;
mod extreme;
mod hypothetical;
mod json;
mod moments;
mod ordered;
mod regression;
mod sum;
pub mod transition;

use super::AggregateKernel;

pub const AGGREGATES: &[&[AggregateKernel]] = &[
    bits::AGGREGATES,
    collect::AGGREGATES,
    extreme::AGGREGATES,
    hypothetical::AGGREGATES,
    json::AGGREGATES,
    moments::AGGREGATES,
    ordered::AGGREGATES,
    regression::AGGREGATES,
    sum::AGGREGATES,
];

/// Declares aggregates, one a line: `strict "symbol" => |call| state` for those
/// that skip rows with a NULL argument, `every` for those that see all rows.
macro_rules! aggregates {
    ($($rows:ident $symbol:literal => $state:expr;)*) => {
        &[$($crate::sql::functions::AggregateKernel {
            symbol: $symbol,
            strict: $crate::sql::functions::aggregate::aggregates!(@$rows),
            new_state: |call| Ok(Box::new(($state)(call))),
        }),*]
    };
    (@strict) => { true };
    (@every) => { false };
}

use aggregates;
