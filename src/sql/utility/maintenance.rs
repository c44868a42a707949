//! VACUUM, ANALYZE, REINDEX and CHECKPOINT.
//!
//! Old row versions and delete markers are reclaimed by the storage engine's
//! compaction, and row counts are kept with every commit, so VACUUM and ANALYZE
//! have no work of their own yet; they check what PostgreSQL checks. Options
//! that ask for more than that are refused by name.

use std::sync::Arc;

use super::find_relation;
use crate::catalog::{Change, Object, Relation, RelationKind};
use crate::error::{Error, Result, Severity};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::run::{StatementContext, Work};
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, WaitPolicy};

/// CHECKPOINT: what is in memory goes to disk.
pub async fn checkpoint(work: &Work, ctx: &StatementContext) -> Result<&'static str> {
    if !privilege::has_role(&ctx.eval, "pg_checkpoint")? {
        return Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT",
        ));
    }
    let run = work.txn.checkpoint();
    tokio::task::spawn_blocking(run)
        .await
        .map_err(|error| Error::internal(format!("the checkpoint ended: {error}")))??;
    Ok("CHECKPOINT")
}

pub async fn vacuum(
    statement: &ast::VacuumStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<&'static str> {
    let tag = if statement.is_vacuumcmd { "VACUUM" } else { "ANALYZE" };
    for node in &statement.options {
        let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
        if option.defname != "analyze" {
            return Err(Error::unsupported(format!(
                "{tag} option \"{}\"",
                option.defname.to_uppercase()
            )));
        }
    }
    for node in &statement.rels {
        let Some(NodeEnum::VacuumRelation(target)) = &node.node else { continue };
        let Some(name) = &target.relation else { continue };
        let relation = find_relation(name, work, ctx)?;
        if !is_owner(&relation, ctx) {
            warn(
                ctx,
                format!(
                    "permission denied to {} \"{}\", skipping it",
                    tag.to_lowercase(),
                    relation.name
                ),
            );
        } else if !matches!(relation.kind, RelationKind::Table | RelationKind::Virtual) {
            warn(
                ctx,
                format!(
                    "skipping \"{}\" --- cannot {} non-tables or special system tables",
                    relation.name,
                    tag.to_lowercase()
                ),
            );
        }
    }
    Ok(tag)
}

/// Rebuilds indexes under new storage, so that a damaged one is replaced whole.
pub async fn reindex(
    statement: &ast::ReindexStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<&'static str> {
    if !statement.params.is_empty() {
        return Err(Error::unsupported("REINDEX option"));
    }
    let name = match (&statement.relation, statement.kind()) {
        (Some(name), ast::ReindexObjectType::ReindexObjectIndex) => (name, true),
        (Some(name), ast::ReindexObjectType::ReindexObjectTable) => (name, false),
        _ => return Err(Error::unsupported("REINDEX of a schema or database")),
    };
    let relation = find_relation(name.0, work, ctx)?;
    if !is_owner(&relation, ctx) {
        return Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!(
                "must be owner of {} {}",
                if name.1 { "index" } else { "table" },
                relation.name
            ),
        ));
    }
    let indexes = match &relation.kind {
        RelationKind::Index(_) if name.1 => vec![relation.oid],
        RelationKind::Table if !name.1 => relation.indexes.clone(),
        _ => {
            let what = if name.1 { "an index" } else { "a table" };
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is not {what}", relation.name),
            ));
        }
    };
    for oid in indexes {
        rebuild(oid, work, ctx).await?;
    }
    Ok("REINDEX")
}

async fn rebuild(oid: u32, work: &mut Work, ctx: &StatementContext) -> Result<()> {
    let index = work.catalog.relation(oid).cloned();
    let index = index.ok_or_else(|| Error::internal("the index is in the catalog"))?;
    let RelationKind::Index(info) = &index.kind else {
        return Err(Error::internal("not an index"));
    };
    let table = info.table;
    lock::acquire_relation(table, LockMode::Share, WaitPolicy::Wait, work, ctx).await?;
    let storage_id = work.catalog.next_oid();
    let renewed = Relation { storage_id, ..(*index).clone() };
    work.change(Change::put(Object::Relation(Arc::new(renewed))));
    crate::index::remove(work, &index)?;
    crate::index::build(work, ctx, table, oid).await.map(drop)
}

fn is_owner(relation: &Relation, ctx: &StatementContext) -> bool {
    let role = ctx.eval.catalog.role_named(&ctx.eval.settings.current_user);
    role.is_some_and(|role| role.superuser || role.oid == relation.owner)
}

fn warn(ctx: &StatementContext, message: String) {
    ctx.notices.send(Error::notice(Severity::Warning, message));
}
