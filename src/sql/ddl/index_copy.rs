//! What statements in stages need of data definition: copies of indexes that are rebuilt
//! beside their writers, and the last stage of a drop.

use super::drop::check_concurrent;
use super::{Arguments, Ddl};
use crate::catalog::{
    DropBehavior, Inheritance, ObjectAddress, Persistence, References, Relation, RelationKind,
};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;

fn ddl<'a>(work: &'a mut Work, ctx: &'a StatementContext) -> Ddl<'a> {
    Ddl { work, ctx, arguments: Arguments::default() }
}

/// Declares an index like another one, under a name of its own, neither ready nor valid;
/// answers its OID. What depends on the other does not depend on it.
pub async fn declare_copy(
    original: &Relation,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Oid> {
    let mut ddl = ddl(work, ctx);
    let (before, made) = (ddl.work.catalog.clone(), ddl.work.changes.len());
    let oid = ddl.next_oid();
    let mut copy = Relation {
        oid,
        storage_id: oid,
        name: ddl.choose_relation_name(original.schema, [&original.name, ""], "ccnew"),
        inheritance: Inheritance::default(),
        ..original.clone()
    };
    copy.settings.clustered = false;
    copy.settings.replica_identity = None;
    let RelationKind::Index(index) = &mut copy.kind else {
        return Err(Error::internal("the copy of an index is one"));
    };
    (index.valid, index.ready, index.live, index.primary) = (false, false, true, false);
    (index.constraint, index.replaces) = (0, original.oid);
    index.key_form = crate::catalog::KEY_FORM;
    let table = index.table;
    ddl.put_relation(copy);
    if let Some(references) = ddl.work.catalog.references(original.oid).cloned() {
        ddl.put(References { oid, ..(*references).clone() });
    }
    let mut table = (*ddl.relation(table)?).clone();
    table.indexes.push(oid);
    ddl.put_relation(table);
    ddl.claim_names(&before, made).await?;
    Ok(oid)
}

/// A name for a relation that takes the place of another.
pub fn free_name(
    relation: &Relation,
    suffix: &str,
    work: &mut Work,
    ctx: &StatementContext,
) -> String {
    ddl(work, ctx).choose_relation_name(relation.schema, [&relation.name, ""], suffix)
}

/// Lets writers of a table come to one of its indexes before they come to another.
pub fn give_order(
    table: Oid,
    first: Oid,
    second: Oid,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let mut ddl = ddl(work, ctx);
    let mut changed = (*ddl.relation(table)?).clone();
    changed.indexes.retain(|index| *index != first);
    let at = changed.indexes.iter().position(|index| *index == second);
    changed.indexes.insert(at.unwrap_or(changed.indexes.len()), first);
    ddl.put_relation(changed);
    Ok(())
}

/// Drops an index that nothing needs.
pub async fn drop_index(
    address: ObjectAddress,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    ddl(work, ctx).drop_addresses(&[address], ast::DropBehavior::DropRestrict).await
}

/// The index that DROP INDEX CONCURRENTLY names, locked together with its table so that
/// both go on being used; none if IF EXISTS forgives its absence.
pub async fn concurrently_dropped(
    statement: &ast::DropStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Option<Oid>> {
    check_concurrent(statement)?;
    let mut ddl = ddl(work, ctx);
    let Some(node) = statement.objects.first() else { return Ok(None) };
    let Some(target) = ddl.drop_target(statement, node).await? else { return Ok(None) };
    let index = ddl.relation(target.oid)?;
    if index.inheritance.index_of_partitioned && index.persistence == Persistence::Permanent {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("cannot drop partitioned index \"{}\" concurrently", index.name),
        ));
    }
    let path = ddl.ctx.eval.settings.search_path.clone();
    ddl.work.catalog.plan_drop(&path, &[target], DropBehavior::Restrict)?;
    Ok(Some(target.oid))
}
