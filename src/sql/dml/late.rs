//! Statements of which an expression reads what their own data-modifying CTEs return.
//!
//! ```text
//! WITH new AS (INSERT INTO a … RETURNING id)
//! INSERT INTO b … ON CONFLICT (k) DO UPDATE SET v = (SELECT max(id) FROM new)
//! ```
//!
//! An expression of RETURNING or ON CONFLICT runs its subqueries by itself, row by row.
//! So the CTEs run first, their rows take their place, and only then is the statement
//! compiled. All of it reads one snapshot, as the statement does that needs none of this.

use super::{Compiled, Effect};
use crate::error::Result;
use crate::sql::bind;
use crate::sql::ir::visit::{statement_rel, statement_rel_mut};
use crate::sql::ir::{Query, Rel, Statement};
use crate::sql::run::query::run_modifications;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Datum;

/// Whether a statement has to wait for its CTEs.
pub fn applies(statement: &Statement) -> bool {
    matches!(statement_rel(statement), Rel::With { .. }) && bind::reads_own_changes(statement)
}

pub async fn run(
    statement: &Statement,
    params: &[Datum],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Effect> {
    let ctx = ctx.at_one_instant(work);
    let mut statement = statement.clone();
    let rel = std::mem::replace(statement_rel_mut(&mut statement), Rel::OneRow);
    let mut query = Query { rel, output: Vec::new() };
    run_modifications(&mut query, params, work, &ctx).await?;
    *statement_rel_mut(&mut statement) = query.rel;
    bind::lend_ctes(&mut statement);
    let compiled = Compiled::new(&statement, &work.catalog)?;
    Box::pin(compiled.run(params, work, &ctx)).await
}
