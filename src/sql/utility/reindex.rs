//! REINDEX: indexes are built anew under new storage, so that a damaged one is replaced
//! whole.
//!
//! What is asked for is found here; CONCURRENTLY is done in stages
//! ([`stages::reindex`](crate::sql::stages)).

use std::sync::Arc;

use super::find_relation;
use super::maintenance::{is_on, is_owner};
use crate::catalog::{Change, Object, Relation, RelationKind};
use crate::error::{Error, Result, Severity};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, WaitPolicy};

use ast::ReindexObjectType as Kind;

/// What a statement asks for.
pub struct Wanted {
    /// Those that are to be rebuilt.
    pub indexes: Vec<Oid>,
    pub concurrently: bool,
    /// It names an index: that is rebuilt whatever state it is in.
    pub by_name: bool,
    /// Each index has a transaction of its own: they are of many tables.
    pub in_own_transactions: bool,
}

/// REINDEX in the present transaction.
pub async fn reindex(
    statement: &ast::ReindexStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<&'static str> {
    let wanted = wanted(statement, work, ctx)?;
    if wanted.in_own_transactions {
        let what = if wanted.by_name { "REINDEX INDEX" } else { "REINDEX TABLE" };
        return Err(Error::new(
            sqlstate::ACTIVE_SQL_TRANSACTION,
            format!("{what} cannot run inside a transaction block"),
        ));
    }
    for index in wanted.indexes {
        rebuild(index, work, ctx).await?;
    }
    Ok("REINDEX")
}

/// Whether a statement says CONCURRENTLY.
pub fn is_concurrent(statement: &ast::ReindexStmt) -> bool {
    let mut options = statement.params.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::DefElem(option)) if option.defname == "concurrently" => Some(option),
        _ => None,
    });
    options.next().is_some_and(|option| is_on(option))
}

/// What a statement is about, if the role may do it.
pub fn wanted(statement: &ast::ReindexStmt, work: &Work, ctx: &StatementContext) -> Result<Wanted> {
    let concurrently = options(statement)?;
    let relation = match &statement.relation {
        Some(name) => Some(find_relation(name, work, ctx)?),
        None => None,
    };
    let mut in_own_transactions = true;
    let indexes = match (statement.kind(), relation) {
        (Kind::ReindexObjectIndex, Some(relation)) => {
            require_owner(&relation, "index", ctx)?;
            if !matches!(relation.kind, RelationKind::Index(_)) {
                return Err(wrong_kind(&relation, "an index"));
            }
            refuse_catalogs(&relation, concurrently)?;
            if concurrently && is_exclusion(&relation) {
                return Err(Error::new(
                    sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "concurrent index creation for exclusion constraints is not supported",
                ));
            }
            in_own_transactions = relation.inheritance.index_of_partitioned;
            work.catalog.with_descendants(relation.oid)
        }
        (Kind::ReindexObjectTable, Some(relation)) => {
            require_owner(&relation, "table", ctx)?;
            let is_table = relation.is_table()
                || relation.is_materialized_view()
                || matches!(relation.kind, RelationKind::Virtual);
            if !is_table {
                return Err(wrong_kind(&relation, "a table or materialized view"));
            }
            refuse_catalogs(&relation, concurrently)?;
            in_own_transactions = relation.is_partitioned();
            of_table(&relation, concurrently, work, ctx)
        }
        (kind, _) => of_many(statement, kind, concurrently, work, ctx)?,
    };
    let by_name = statement.kind() == Kind::ReindexObjectIndex;
    Ok(Wanted { indexes, concurrently, by_name, in_own_transactions })
}

/// Whether CONCURRENTLY is among the options.
fn options(statement: &ast::ReindexStmt) -> Result<bool> {
    let mut concurrently = false;
    for node in &statement.params {
        let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
        match option.defname.as_str() {
            "concurrently" => concurrently = is_on(option),
            "verbose" => {}
            "tablespace" => {
                let name = crate::sql::ddl::options::string(option).unwrap_or_default();
                crate::sql::ddl::tablespace::check_move(name)?;
            }
            other => {
                return Err(Error::syntax(format!("unrecognized REINDEX option \"{other}\""))
                    .at(option.location));
            }
        }
    }
    Ok(concurrently)
}

/// The indexes of a table and of its partitions.
fn of_table(
    relation: &Relation,
    concurrently: bool,
    work: &Work,
    ctx: &StatementContext,
) -> Vec<Oid> {
    let catalog = &work.catalog;
    let tables = match relation.is_partitioned() {
        true => catalog.with_descendants(relation.oid),
        false => vec![relation.oid],
    };
    let indexes: Vec<Oid> = tables
        .iter()
        .filter_map(|table| catalog.relation(*table))
        .flat_map(|table| table.indexes.iter().copied())
        .filter(|index| !concurrently || !skips(*index, work, ctx))
        .collect();
    if indexes.is_empty() {
        let what = match concurrently {
            true => "has no indexes that can be reindexed concurrently",
            false => "has no indexes to reindex",
        };
        notice(ctx, Severity::Notice, format!("table \"{}\" {what}", relation.name));
    }
    indexes
}

/// Exclusion constraints are not rebuilt concurrently.
fn skips(index: Oid, work: &Work, ctx: &StatementContext) -> bool {
    let Some(relation) = work.catalog.relation(index).filter(|r| is_exclusion(r)) else {
        return false;
    };
    let schema = work.catalog.schema_name(relation.schema);
    let message = format!(
        "cannot reindex exclusion constraint index \"{schema}.{}\" concurrently, skipping",
        relation.name
    );
    notice(ctx, Severity::Warning, message);
    true
}

fn is_exclusion(relation: &Relation) -> bool {
    matches!(&relation.kind, RelationKind::Index(index) if !index.exclusion.is_empty())
}

/// REINDEX SCHEMA, SYSTEM and DATABASE.
fn of_many(
    statement: &ast::ReindexStmt,
    kind: Kind,
    concurrently: bool,
    work: &Work,
    ctx: &StatementContext,
) -> Result<Vec<Oid>> {
    let catalog = &work.catalog;
    let role = catalog.role_named(&ctx.eval.settings.current_user).cloned();
    let owns =
        |owner: Oid| role.as_ref().is_some_and(|role| catalog.has_privileges_of(role, owner));
    let refused = |what: &str, name: &str| {
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("must be owner of {what} {name}")))
    };
    let is_system = kind == Kind::ReindexObjectSystem;
    if is_system && concurrently {
        return Err(no_catalogs());
    }
    let mut schema_oid = None;
    if kind == Kind::ReindexObjectSchema {
        let schema = catalog.resolve_schema(&ctx.eval.settings.search_path, &statement.name)?;
        if !owns(schema.owner) {
            return refused("schema", &statement.name);
        }
        schema_oid = Some(schema.oid);
    } else {
        let own = &ctx.eval.settings.database;
        if !statement.name.is_empty() && statement.name != *own {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "can only reindex the currently open database",
            ));
        }
        let owner = catalog.databases().find(|database| database.name == *own);
        if !owner.is_some_and(|database| owns(database.owner)) {
            return refused("database", own);
        }
        if concurrently {
            let message = "cannot reindex system catalogs concurrently, skipping all";
            notice(ctx, Severity::Warning, message.to_owned());
        }
    }
    // Relations of the system are computed here and have no indexes of their own.
    let tables = catalog.relations().filter(|relation| {
        !is_system
            && relation.oid >= oid::FIRST_NORMAL
            && relation.is_table()
            && !relation.is_partitioned()
            && schema_oid.is_none_or(|schema| relation.schema == schema)
    });
    Ok(tables
        .flat_map(|table| table.indexes.iter().copied())
        .filter(|index| !concurrently || !skips(*index, work, ctx))
        .collect())
}

/// Builds an index anew; its table is locked against writers.
pub async fn rebuild(oid: Oid, work: &mut Work, ctx: &StatementContext) -> Result<()> {
    let index = work.catalog.relation(oid).cloned();
    let index = index.ok_or_else(|| Error::internal("the index is in the catalog"))?;
    let RelationKind::Index(info) = &index.kind else {
        return Err(Error::internal("not an index"));
    };
    // Nothing is stored in a system relation's index.
    if index.inheritance.index_of_partitioned || index.is_system_catalog() {
        return Ok(());
    }
    let table = info.table;
    lock::acquire_relation(table, LockMode::Share, WaitPolicy::Wait, work, ctx).await?;
    let storage_id = work.catalog.next_oid();
    let mut renewed = Relation { storage_id, ..(*index).clone() };
    if let RelationKind::Index(info) = &mut renewed.kind {
        // What a concurrent build has left behind is whole now.
        (info.valid, info.ready, info.live) = (true, true, true);
        info.key_form = crate::catalog::KEY_FORM;
    }
    work.change(Change::put(Object::Relation(Arc::new(renewed))));
    crate::index::remove(work, &index)?;
    crate::index::build(work, ctx, table, oid).await.map(drop)
}

fn require_owner(relation: &Relation, what: &str, ctx: &StatementContext) -> Result<()> {
    match is_owner(relation, ctx) {
        true => Ok(()),
        false => Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("must be owner of {what} {}", relation.name),
        )),
    }
}

fn refuse_catalogs(relation: &Relation, concurrently: bool) -> Result<()> {
    match concurrently && relation.is_system_catalog() {
        true => Err(no_catalogs()),
        false => Ok(()),
    }
}

fn no_catalogs() -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "cannot reindex system catalogs concurrently")
}

fn wrong_kind(relation: &Relation, what: &str) -> Error {
    Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{}\" is not {what}", relation.name))
}

fn notice(ctx: &StatementContext, severity: Severity, message: String) {
    ctx.notices.send(Error::notice(severity, message));
}
