//! REINDEX in stages: of many indexes one a transaction, and CONCURRENTLY.
//!
//! Concurrently, a copy of each index is built as by CREATE INDEX CONCURRENTLY (`…_ccnew`),
//! then the two change their entries: the index goes on under its name and OID over what
//! was built, the copy (`…_ccold` now) is kept up for those who still know the entries by
//! the catalog from before, and dropped when they are done. PostgreSQL changes names
//! instead, so that there the index has a new OID.

use super::index::{Building, change};
use super::{Staged, is_temporary, lost};
use crate::catalog::{ObjectAddress, Relation, RelationKind};
use crate::error::{Error, Result, Severity};
use crate::sql::ddl;
use crate::sql::parse::ast;
use crate::sql::types::Oid;
use crate::sql::utility::reindex::{self as plain, Wanted};
use crate::sqlstate;
use crate::txn::LockMode;

pub async fn reindex(
    statement: &ast::ReindexStmt,
    staged: &mut Staged<'_>,
) -> Result<&'static str> {
    const TAG: &str = "REINDEX";
    let wanted = plain::wanted(statement, staged.work, &staged.ctx)?;
    if !wanted.concurrently {
        for index in wanted.indexes {
            if !wanted.in_own_transactions {
                plain::rebuild(index, staged.work, &staged.ctx).await?;
                continue;
            }
            let table = match staged.work.catalog.relation(index).map(|index| &index.kind) {
                Some(RelationKind::Index(index)) => index.table,
                _ => continue,
            };
            let is_there = staged.lock(table, LockMode::Share).await?.is_some();
            if is_there && staged.work.catalog.relation(index).is_some() {
                plain::rebuild(index, staged.work, &staged.ctx).await?;
            }
            staged.next().await?;
        }
        return Ok(TAG);
    }
    let mut tables: Vec<(Oid, Vec<Oid>)> = Vec::new();
    for (table, index) in concurrent_ones(&wanted, staged).await? {
        match tables.iter_mut().find(|(known, _)| *known == table) {
            Some((_, indexes)) => indexes.push(index),
            None => tables.push((table, vec![index])),
        }
    }
    for (table, indexes) in tables {
        rebuild(table, &indexes, staged).await?;
    }
    Ok(TAG)
}

/// The indexes with entries of their own, with their tables; those of temporary tables are
/// rebuilt at once.
async fn concurrent_ones(wanted: &Wanted, staged: &mut Staged<'_>) -> Result<Vec<(Oid, Oid)>> {
    let mut found = Vec::new();
    for oid in &wanted.indexes {
        let Some(relation) = staged.work.catalog.relation(*oid).cloned() else { continue };
        let RelationKind::Index(index) = &relation.kind else { continue };
        if relation.inheritance.index_of_partitioned {
            continue;
        }
        if is_temporary(&relation) {
            plain::rebuild(*oid, staged.work, &staged.ctx).await?;
            continue;
        }
        if !index.valid && !wanted.by_name {
            let schema = staged.work.catalog.schema_name(relation.schema);
            let message = format!(
                "cannot reindex invalid index \"{schema}.{}\" concurrently, skipping",
                relation.name
            );
            staged.ctx.notices.send(
                Error::notice(Severity::Warning, message)
                    .with_code(sqlstate::FEATURE_NOT_SUPPORTED),
            );
            continue;
        }
        found.push((index.table, *oid));
    }
    Ok(found)
}

/// Rebuilds indexes of one table while it is written to.
async fn rebuild(table: Oid, indexes: &[Oid], staged: &mut Staged<'_>) -> Result<()> {
    let Some(relation) = staged.lock(table, LockMode::ShareUpdateExclusive).await? else {
        return Ok(());
    };
    let mut pairs = Vec::new();
    for index in indexes.iter().filter(|index| relation.indexes.contains(index)) {
        pairs.push((*index, declare_copy(*index, staged).await?));
    }
    staged.keep_lock(table, LockMode::ShareUpdateExclusive)?;
    staged.next().await?;
    staged.wait_for_lockers(table, LockMode::Share).await?;
    let mut built = Vec::new();
    for (index, copy) in &pairs {
        staged.next().await?;
        let building = Building { table, index: *copy };
        built.push((*index, building, building.build(staged).await?));
    }
    staged.next().await?;
    staged.wait_for_lockers(table, LockMode::Share).await?;
    staged.next().await?;
    for (_, building, since) in &built {
        building.catch_up(staged, since.clone()).await?;
    }
    for (index, building, _) in &built {
        exchange(*index, *building, staged).await?;
    }
    staged.next().await?;
    staged.wait_for_lockers(table, LockMode::AccessExclusive).await?;
    for (_, building, _) in &built {
        let mut copy = building.locked(staged).await?;
        change(&mut copy, |index| (index.ready, index.live) = (false, false));
        staged.put_relation(copy);
    }
    staged.next().await?;
    staged.wait_for_lockers(table, LockMode::AccessExclusive).await?;
    staged.next().await?;
    for (_, building, _) in &built {
        let address = ObjectAddress::relation(building.index);
        staged.lock(building.index, LockMode::AccessExclusive).await?;
        ddl::drop_index(address, staged.work, &staged.ctx).await?;
    }
    staged.next().await
}

/// An index like another one, not filled yet.
async fn declare_copy(index: Oid, staged: &mut Staged<'_>) -> Result<Oid> {
    let original = staged.lock(index, LockMode::ShareUpdateExclusive).await?;
    let original = original.ok_or_else(|| lost(index))?;
    ddl::declare_copy(&original, staged.work, &staged.ctx).await
}

/// The index and its copy change their entries.
async fn exchange(index: Oid, building: Building, staged: &mut Staged<'_>) -> Result<()> {
    let original = staged.lock(index, LockMode::ShareUpdateExclusive).await?;
    let mut original = (*original.ok_or_else(|| lost(index))?).clone();
    let mut copy: Relation = building.locked(staged).await?;
    std::mem::swap(&mut original.storage_id, &mut copy.storage_id);
    if let (RelationKind::Index(old), RelationKind::Index(new)) =
        (&mut original.kind, &mut copy.kind)
    {
        std::mem::swap(&mut old.key_form, &mut new.key_form);
    }
    copy.name = ddl::free_name(&original, "ccold", staged.work, &staged.ctx);
    change(&mut original, |index| (index.valid, index.ready, index.live) = (true, true, true));
    staged.put_relation(original);
    staged.put_relation(copy);
    // Who still goes by the catalog from before comes to the old entries first.
    ddl::give_order(building.table, building.index, index, staged.work, &staged.ctx)
}
