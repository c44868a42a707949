//! New constraints against the rows that are already there.
//!
//! ALTER TABLE calls these after it has put the constraint into the transaction's
//! catalog, under a lock that keeps writers out. Rows are read as of now.

use std::sync::Arc;

use super::expression::eval_over;
use super::foreign_key::pick;
use super::info::TableInfo;
use super::violation;
use super::write::Writer;
use crate::catalog::{Constraint, ConstraintKind};
use crate::error::{Error, Result};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::storage::{Value, key};
use crate::txn::Keyspace;

/// Rows between two looks at the cancel token.
const ROWS_PER_LOOK: usize = 1024;

/// Calls `look` with every stored row.
async fn each_row(
    work: &Work,
    ctx: &StatementContext,
    info: &TableInfo,
    mut look: impl FnMut(&Value) -> Result<()>,
) -> Result<()> {
    let range = key::rows(info.storage_id());
    let rows = work.txn.overlay_newest().scan(Keyspace::Rows, &range, false);
    for (count, entry) in rows.enumerate() {
        look(&entry?.1)?;
        if count % ROWS_PER_LOOK == 0 {
            breathe(ctx).await?;
        }
    }
    Ok(())
}

/// Lets others run, and notices a cancellation.
async fn breathe(ctx: &StatementContext) -> Result<()> {
    if ctx.cancel.is_cancelled() {
        return Err(Error::query_canceled());
    }
    tokio::task::yield_now().await;
    Ok(())
}

/// A CHECK constraint: `23514` if a row violates it.
pub async fn check(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    constraint: &Constraint,
) -> Result<()> {
    let info = TableInfo::of(&work.catalog, table)?;
    let ConstraintKind::Check { sql, .. } = &constraint.kind else {
        return Err(Error::internal("not a CHECK constraint"));
    };
    let eval = eval_over(&work.catalog, ctx);
    let condition = ctx.compiler.compile(&eval, &info, sql, None)?;
    if condition.calls_functions() && !ctx.eval.loan.is_needed() {
        ctx.eval.loan.open(work);
    }
    let range = key::rows(info.storage_id());
    let rows = work.txn.overlay_newest().scan(Keyspace::Rows, &range, false);
    for (count, entry) in rows.enumerate() {
        let datums = info.decode(&entry?.1)?;
        if let Datum::Bool(false) = ctx.lend(work, || condition.eval(&ctx.eval, &datums))? {
            return Err(check_violated(&info, constraint));
        }
        if count % ROWS_PER_LOOK == 0 {
            breathe(ctx).await?;
        }
    }
    Ok(())
}

fn check_violated(info: &TableInfo, constraint: &Constraint) -> Error {
    Error::new(
        sqlstate::CHECK_VIOLATION,
        format!(
            "check constraint \"{}\" of relation \"{}\" is violated by some row",
            constraint.name,
            info.name()
        ),
    )
    .with_table(&info.schema_name, info.name())
    .with_constraint(&constraint.name)
}

/// NOT NULL of these attributes: `23502` if a row has a NULL there.
pub async fn not_null(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    attnums: &[i16],
) -> Result<()> {
    let info = TableInfo::of(&work.catalog, table)?;
    each_row(work, ctx, &info, |row| {
        let view = info.view(row)?;
        for attnum in attnums {
            if view.datum(&info.columns, *attnum as usize - 1)?.is_null() {
                return Err(violation::null_found(&info, *attnum));
            }
        }
        Ok(())
    })
    .await
}

/// A foreign key: `23503` if a row refers to nothing. Locks what is referred to.
pub async fn foreign_key(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    constraint: &Arc<Constraint>,
) -> Result<()> {
    let info = TableInfo::of(&work.catalog, table)?;
    let foreign = info
        .foreign_keys
        .iter()
        .find(|foreign| foreign.constraint.oid == constraint.oid)
        .ok_or_else(|| Error::internal("the foreign key is not in the catalog"))?;
    let range = key::rows(info.storage_id());
    let rows = work.txn.overlay_newest().scan(Keyspace::Rows, &range, false);
    let mut writer = Writer::new(work, ctx);
    for (count, entry) in rows.enumerate() {
        let values = pick(&info.decode(&entry?.1)?, &foreign.key.columns);
        writer.check_reference(&info, foreign, &values).await?;
        if count % ROWS_PER_LOOK == 0 {
            breathe(ctx).await?;
        }
    }
    Ok(())
}

/// What is wrong with a value: SQLSTATE, and the end of the message.
type Fault = (crate::sqlstate::SqlState, &'static str);

/// Values of these attributes, all looked at by `look`.
pub async fn values(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    attnums: &[i16],
    look: impl Fn(&Datum) -> Result<std::result::Result<(), Fault>>,
) -> Result<()> {
    let info = TableInfo::of(&work.catalog, table)?;
    each_row(work, ctx, &info, |row| {
        let view = info.view(row)?;
        for attnum in attnums {
            let value = view.datum(&info.columns, *attnum as usize - 1)?;
            if let Err((code, what)) = look(&value)? {
                let column = &info.columns[*attnum as usize - 1].name;
                let message = format!("column \"{column}\" of table \"{}\" {what}", info.name());
                return Err(Error::new(code, message)
                    .with_table(&info.schema_name, info.name())
                    .with_column(column));
            }
        }
        Ok(())
    })
    .await
}
