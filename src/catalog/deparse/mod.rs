//! Definitions back to SQL: what `pg_get_expr`, `pg_get_indexdef` and their
//! family print, in the form of PostgreSQL's `ruleutils`.
//!
//! Expressions are stored as the text that is made here from the bound
//! expression ([`stored_expression`]): fully parenthesised, with every cast
//! written out, so that binding it again gives the same expression:
//!
//! ```text
//! CHECK (price > 0 AND name <> 'x')
//! stored    ((price > (0)::numeric) AND (name <> 'x'::text))
//! pretty    price > 0::numeric AND name <> 'x'::text
//! ```
//!
//! Names of users' objects are stored with their schema, because a stored
//! expression must mean the same in every session. [`display`] drops the schemas
//! that the reader's search path makes superfluous, as PostgreSQL does.

mod constraint;
mod datum;
mod display;
mod expression;
mod function;
mod index;
mod partition;
mod rule;
mod statistics;
mod trigger;
mod view;

#[cfg(test)]
mod tests;

pub use constraint::constraint_definition;
pub use display::{display, pretty};
pub use expression::{QueryNames, expression, key_expression, query_expression, stored_expression};
pub use function::{
    function_arguments, function_definition, function_identity_arguments, function_result,
};
pub use index::{index_column, index_definition, is_function_call};
pub use partition::partition_constraint;
pub use rule::rule_definition;
pub use statistics::{statistics_definition, statistics_expressions, statistics_parts};
pub use trigger::trigger_definition;
pub use view::view_definition;

/// The columns of a partitioned table's key: `a`, `lower(b)`.
pub fn partition_key_columns(
    catalog: &crate::catalog::Catalog,
    path: &[crate::sql::types::Oid],
    table: &crate::catalog::Relation,
) -> Vec<String> {
    let key = table.inheritance.key.as_ref();
    let columns = key
        .map(|key| crate::catalog::system::inherits::key_columns(catalog, path, table, key, false));
    columns.unwrap_or_default()
}

pub use crate::catalog::system::inherits::bound_sql as partition_bound;
