//! DROP INDEX CONCURRENTLY: nobody who uses the index is waited for with the table locked.
//!
//! First it is not valid any more, and those who may still use it are waited for; then it
//! is not kept up any more, and those who may still do that are; then it is dropped.
//! Meanwhile the table is read and written.

use std::sync::Arc;

use super::index::change;
use super::{Staged, is_temporary, lost, not_concurrent};
use crate::catalog::{ObjectAddress, RelationKind};
use crate::error::Result;
use crate::sql::ddl;
use crate::sql::parse::{ParsedStatement, ast};
use crate::sql::types::Oid;
use crate::txn::LockMode;

pub async fn drop_index(
    parsed: &Arc<ParsedStatement>,
    statement: &ast::DropStmt,
    staged: &mut Staged<'_>,
) -> Result<&'static str> {
    const TAG: &str = "DROP INDEX";
    let Some(index) = ddl::concurrently_dropped(statement, staged.work, &staged.ctx).await? else {
        return Ok(TAG);
    };
    let relation = staged.work.catalog.relation(index).cloned().ok_or_else(|| lost(index))?;
    let RelationKind::Index(info) = &relation.kind else { return Err(lost(index)) };
    if is_temporary(&relation) {
        staged.plainly(&not_concurrent(parsed)).await?;
        return Ok(TAG);
    }
    let table = info.table;
    mark(index, staged, |index| index.valid = false).await?;
    staged.keep_lock(table, LockMode::ShareUpdateExclusive)?;
    staged.keep_lock(index, LockMode::ShareUpdateExclusive)?;
    staged.next().await?;
    staged.wait_for_lockers(table, LockMode::AccessExclusive).await?;
    mark(index, staged, |index| (index.ready, index.live) = (false, false)).await?;
    staged.next().await?;
    staged.wait_for_lockers(table, LockMode::AccessExclusive).await?;
    staged.next().await?;
    staged.lock(index, LockMode::AccessExclusive).await?;
    ddl::drop_index(ObjectAddress::relation(index), staged.work, &staged.ctx).await?;
    Ok(TAG)
}

async fn mark(
    oid: Oid,
    staged: &mut Staged<'_>,
    mark: impl FnOnce(&mut crate::catalog::Index),
) -> Result<()> {
    let found = staged.lock(oid, LockMode::ShareUpdateExclusive).await?;
    let mut relation = (*found.ok_or_else(|| lost(oid))?).clone();
    change(&mut relation, mark);
    staged.put_relation(relation);
    Ok(())
}
