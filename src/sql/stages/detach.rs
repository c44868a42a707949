//! ALTER TABLE … DETACH PARTITION … CONCURRENTLY: the table is read and written meanwhile.
//!
//! First the partition is marked: statements that begin from then on do not see it in its
//! table, and nothing may refer to it any more. When all are done that have used the table
//! before, the rest of what ties the two is taken away, under a lock on the partition
//! alone. If that does not come to its end, DETACH PARTITION … FINALIZE does it.

use std::sync::Arc;

use super::Staged;
use crate::error::{Error, Result};
use crate::sql::ddl;
use crate::sql::parse::{NodeEnum, ParsedStatement, ast};
use crate::sqlstate;
use crate::txn::LockMode;

/// How often the last stage is tried anew because the catalog changed under it.
const TRIES_MAX: usize = 1_000;

/// The subcommand of a statement that detaches concurrently; it stands alone.
pub fn detached(statement: &ast::AlterTableStmt) -> Option<&ast::AlterTableCmd> {
    statement.cmds.iter().find_map(|node| match &node.node {
        Some(NodeEnum::AlterTableCmd(command)) if ddl::is_concurrent(command) => Some(&**command),
        _ => None,
    })
}

pub async fn detach(
    parsed: &Arc<ParsedStatement>,
    statement: &ast::AlterTableStmt,
    staged: &mut Staged<'_>,
) -> Result<&'static str> {
    const TAG: &str = "ALTER TABLE";
    let before = staged.work.changes.len();
    staged.plainly(parsed).await?;
    let marked = staged.work.changes[before..].iter().rev().find_map(|change| {
        let Some(crate::catalog::Object::Relation(relation)) = &change.object else { return None };
        let parent = relation.inheritance.parents.first().copied()?;
        (relation.inheritance.detaching && relation.is_partition())
            .then(|| (parent, relation.oid, relation.name.clone()))
    });
    // IF EXISTS, and the table does not.
    let Some((parent, partition, name)) = marked else { return Ok(TAG) };
    let parent_name = statement.relation.as_ref().map(|name| name.relname.clone());
    staged.next().await?;
    staged.wait_for_lockers(parent, LockMode::AccessExclusive).await?;
    staged.next().await?;
    let removed = |what: &str, name: &str| {
        Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{what} \"{name}\" was removed concurrently"),
        )
    };
    if staged.lock(parent, LockMode::ShareUpdateExclusive).await?.is_none() {
        let name = parent_name.unwrap_or_default();
        return Err(removed("partitioned table", &name));
    }
    if staged.lock(partition, LockMode::AccessExclusive).await?.is_none() {
        return Err(removed("partition", &name));
    }
    for _ in 0..TRIES_MAX {
        staged.refresh();
        let start = staged.work.start_statement();
        match ddl::finish_detach(parent, partition, staged.work, &staged.ctx).await {
            Err(error) if error.is_catalog_changed() => staged.work.undo_statement(start),
            other => return other.map(|()| TAG),
        }
    }
    Err(Error::catalog_changed())
}
