//! CLUSTER: a table's rows are written anew in the order of an index.
//!
//! A row keeps no place of its own here but its number, and a scan goes by the numbers:
//! rows that are written in the order of an index are read in that order. The new rows lie
//! under a new storage, as those of every rewrite, so that snapshots from before still read
//! the old ones.

use std::sync::Arc;

use super::find_relation;
use super::maintenance::{boolean, is_owner};
use crate::catalog::{Relation, RelationKind};
use crate::error::{Error, Result, Severity};
use crate::sql::ddl;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::{StatementContext, Work};
use crate::sql::stages::Staged;
use crate::sql::types::{Oid, oid};
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, WaitPolicy};

/// CLUSTER of one table, in the present transaction.
pub async fn cluster(
    statement: &ast::ClusterStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<&'static str> {
    let verbose = is_verbose(statement)?;
    let Some((table, index)) = named(statement, work, ctx).await? else {
        return Err(in_block());
    };
    match work.catalog.relation(table).is_some_and(|relation| relation.is_partitioned()) {
        true => Err(in_block()),
        false => rewrite(table, index, verbose, work, ctx).await.map(|()| "CLUSTER"),
    }
}

fn in_block() -> Error {
    Error::new(sqlstate::ACTIVE_SQL_TRANSACTION, "CLUSTER cannot run inside a transaction block")
}

/// CLUSTER where it may end its transaction: of several tables each in one of its own.
pub async fn cluster_in_stages(
    statement: &ast::ClusterStmt,
    staged: &mut Staged<'_>,
) -> Result<&'static str> {
    let verbose = is_verbose(statement)?;
    let targets = match named(statement, staged.work, &staged.ctx).await? {
        None => marked(staged.work, &staged.ctx),
        Some((table, index)) => {
            let relation = staged.work.catalog.relation(table).cloned();
            if !relation.is_some_and(|relation| relation.is_partitioned()) {
                rewrite(table, index, verbose, staged.work, &staged.ctx).await?;
                return Ok("CLUSTER");
            }
            parts(index, staged.work, &staged.ctx)
        }
    };
    staged.next().await?;
    for (table, index) in targets {
        let relation = staged.lock(table, LockMode::AccessExclusive).await?;
        let is_there = relation.is_some_and(|relation| {
            relation.indexes.contains(&index) && is_owner(&relation, &staged.ctx)
        });
        if is_there {
            rewrite(table, index, verbose, staged.work, &staged.ctx).await?;
        }
        staged.next().await?;
    }
    Ok("CLUSTER")
}

fn is_verbose(statement: &ast::ClusterStmt) -> Result<bool> {
    let mut verbose = false;
    for node in &statement.params {
        let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
        match option.defname.as_str() {
            "verbose" => verbose = boolean(option)?,
            other => {
                return Err(Error::syntax(format!("unrecognized CLUSTER option \"{other}\""))
                    .at(option.location));
            }
        }
    }
    Ok(verbose)
}

/// The table and the index that the statement names, locked; none if it names no table.
async fn named(
    statement: &ast::ClusterStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Option<(Oid, Oid)>> {
    let Some(name) = &statement.relation else { return Ok(None) };
    let relation = find_relation(name, work, ctx)?;
    if !relation.is_table() && !relation.is_materialized_view() {
        return Err(Error::new(
            sqlstate::WRONG_OBJECT_TYPE,
            format!("\"{}\" is not a table or materialized view", relation.name),
        ));
    }
    if !is_owner(&relation, ctx) {
        return Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("must be owner of table {}", relation.name),
        ));
    }
    if relation.is_system_catalog() {
        return Err(Error::unsupported("CLUSTER of a system catalog"));
    }
    let mode = LockMode::AccessExclusive;
    lock::acquire_relation(relation.oid, mode, WaitPolicy::Wait, work, ctx).await?;
    let pid = ctx.eval.settings.backend_pid;
    if relation.persistence.is_of_another(pid) {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "cannot cluster temporary tables of other sessions",
        ));
    }
    let indexes: Vec<Arc<Relation>> =
        relation.indexes.iter().filter_map(|oid| work.catalog.relation(*oid)).cloned().collect();
    let missing = |message: String| Err(Error::new(sqlstate::UNDEFINED_OBJECT, message));
    let index = match statement.indexname.as_str() {
        "" => match indexes.iter().find(|index| index.settings.clustered) {
            Some(index) => index.clone(),
            None => {
                return missing(format!(
                    "there is no previously clustered index for table \"{}\"",
                    relation.name
                ));
            }
        },
        wanted => match work.catalog.relation_named(relation.schema, wanted) {
            Some(index) => index.clone(),
            None => {
                return missing(format!(
                    "index \"{wanted}\" for table \"{}\" does not exist",
                    relation.name
                ));
            }
        },
    };
    require_orderly(&relation, &index)?;
    Ok(Some((relation.oid, index.oid)))
}

/// Refuses an index that does not tell the order of all rows.
fn require_orderly(table: &Relation, index: &Relation) -> Result<()> {
    let name = &index.name;
    let info = match &index.kind {
        RelationKind::Index(info) if info.table == table.oid => info,
        kind if !matches!(kind, RelationKind::Index(_)) => {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{name}\" is not an index"),
            ));
        }
        _ => {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{name}\" is not an index for table \"{}\"", table.name),
            ));
        }
    };
    let refused = |message: String| Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
    if info.access_method != "btree" {
        return refused(format!(
            "cannot cluster on index \"{name}\" because access method does not support clustering"
        ));
    }
    if info.predicate.is_some() {
        return refused(format!("cannot cluster on partial index \"{name}\""));
    }
    if !info.valid && !table.is_partitioned() {
        return refused(format!("cannot cluster on invalid index \"{name}\""));
    }
    Ok(())
}

/// The tables of the role that have been clustered before.
fn marked(work: &Work, ctx: &StatementContext) -> Vec<(Oid, Oid)> {
    let pid = ctx.eval.settings.backend_pid;
    let mine = work.catalog.relations().filter(|relation| {
        relation.oid >= oid::FIRST_NORMAL
            && relation.is_table()
            && !relation.is_partitioned()
            && !relation.persistence.is_of_another(pid)
            && is_owner(relation, ctx)
    });
    let clustered = |relation: &Arc<Relation>| {
        let index = relation.indexes.iter().find(|index| {
            work.catalog.relation(**index).is_some_and(|index| index.settings.clustered)
        });
        index.map(|index| (relation.oid, *index))
    };
    mine.filter_map(clustered).collect()
}

/// The partitions of the role with their parts of a partitioned table's index.
fn parts(index: Oid, work: &Work, ctx: &StatementContext) -> Vec<(Oid, Oid)> {
    let parts = work.catalog.with_descendants(index).split_off(1);
    let part = |oid: Oid| {
        let part = work.catalog.relation(oid)?;
        let RelationKind::Index(info) = &part.kind else { return None };
        let table = work.catalog.relation(info.table)?;
        (!table.is_partitioned() && is_owner(table, ctx)).then_some((table.oid, oid))
    };
    parts.into_iter().filter_map(part).collect()
}

/// Writes the table anew; it is locked.
async fn rewrite(
    table: Oid,
    index: Oid,
    verbose: bool,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let (relation, by) = match (work.catalog.relation(table), work.catalog.relation(index)) {
        (Some(relation), Some(by)) => (relation.clone(), by.clone()),
        _ => return Ok(()),
    };
    if verbose {
        let schema = work.catalog.schema_name(relation.schema);
        let message = format!(
            "clustering \"{schema}.{}\" using index scan on \"{}\"",
            relation.name, by.name
        );
        ctx.notices.send(Error::notice(Severity::Info, message));
    }
    let rows = ddl::write_in_order(table, index, work, ctx).await?;
    if verbose {
        let schema = work.catalog.schema_name(relation.schema);
        let message = format!("\"{schema}.{}\": {rows} row versions written", relation.name);
        ctx.notices.send(Error::notice(Severity::Info, message));
    }
    Ok(())
}
