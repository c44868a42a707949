//! VACUUM, ANALYZE and CHECKPOINT.
//!
//! Old row versions and delete markers are reclaimed by the storage engine's
//! compaction, so VACUUM has no work of its own yet; it checks what PostgreSQL
//! checks. Options that ask for more than that are refused by name.

use std::sync::Arc;

use super::{extended, find_relation};
use crate::catalog::{Change, ColumnStatistics, Relation, RelationKind, Statistics};
use crate::error::{Error, Result, Severity};
use crate::sql::ddl;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::OutputContext;
use crate::sqlstate;
use crate::table::{TableInfo, analyze, lock};
use crate::txn::LockMode;

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
    let analyzes = !statement.is_vacuumcmd || has_option(statement, "analyze");
    let targets = targets(statement, tag, work, ctx)?;
    for (relation, columns) in targets.into_iter().filter(|_| analyzes) {
        analyze_table(&relation, &columns, work, ctx).await?;
    }
    Ok(tag)
}

fn has_option(statement: &ast::VacuumStmt, wanted: &str) -> bool {
    let options = statement.options.iter().filter_map(|node| node.node.as_ref());
    options.into_iter().any(|node| {
        matches!(node, NodeEnum::DefElem(option) if option.defname == wanted && is_on(option))
    })
}

pub(super) fn is_on(option: &ast::DefElem) -> bool {
    match option.arg.as_deref().and_then(|arg| arg.node.as_ref()) {
        None => true,
        Some(NodeEnum::Boolean(value)) => value.boolval,
        Some(NodeEnum::Integer(value)) => value.ival != 0,
        Some(NodeEnum::String(value)) => !matches!(value.sval.as_str(), "off" | "false"),
        Some(_) => true,
    }
}

/// A table to be worked on, and the columns named with it.
type Target = (Arc<Relation>, Vec<String>);

/// The tables that a statement names, or all; those of others are passed over.
fn targets(
    statement: &ast::VacuumStmt,
    tag: &str,
    work: &Work,
    ctx: &StatementContext,
) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    if statement.rels.is_empty() {
        let tables = work.catalog.relations().filter(|r| matches!(r.kind, RelationKind::Table));
        targets.extend(tables.map(|relation| (relation.clone(), Vec::new())));
    }
    for node in &statement.rels {
        let Some(NodeEnum::VacuumRelation(target)) = &node.node else { continue };
        let Some(name) = &target.relation else { continue };
        let relation = find_relation(name, work, ctx)?;
        let columns = ddl::strings(&target.va_cols).into_iter().map(str::to_owned).collect();
        targets.push((relation, columns));
    }
    targets.retain(|(relation, _)| is_workable(relation, tag, ctx));
    Ok(targets)
}

/// Whether a relation is the role's own table; else the client is told why not.
fn is_workable(relation: &Relation, tag: &str, ctx: &StatementContext) -> bool {
    let verb = tag.to_lowercase();
    let refusal = if !is_owner(relation, ctx) {
        let who = match relation.kind {
            RelationKind::Virtual => "superuser or database owner",
            _ => "table or database owner",
        };
        format!("skipping \"{}\" --- only {who} can {verb} it", relation.name)
    } else if !matches!(relation.kind, RelationKind::Table | RelationKind::Virtual) {
        let name = &relation.name;
        format!("skipping \"{name}\" --- cannot {verb} non-tables or special system tables")
    } else {
        return matches!(relation.kind, RelationKind::Table);
    };
    warn(ctx, refusal);
    false
}

/// Looks at a table's columns, all or the named ones, and keeps what it found.
async fn analyze_table(
    relation: &Arc<Relation>,
    columns: &[String],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let positions = analyzed_columns(relation, columns)?;
    let table = lock::relation(relation.oid);
    lock::acquire(&mut work.txn, table, LockMode::ShareUpdateExclusive, ctx).await?;
    let info = TableInfo::of(&work.catalog, relation.oid)?;
    let extended = extended::objects(&info, &work.catalog);
    let request = extended::request(&info, &extended, positions);
    let (overlay, cancel, eval) = (work.txn.overlay(), ctx.cancel.clone(), ctx.eval.clone());
    let of_table = info.clone();
    let sampling = tokio::task::spawn_blocking(move || {
        let output = OutputContext { catalog: &*eval, ..OutputContext::default() };
        let found = analyze::analyze(&of_table, &overlay, &request, &output, &cancel);
        found.map(|found| (found, request.positions))
    });
    let (analyzed, positions) =
        sampling.await.map_err(|error| Error::internal(format!("analyzing failed: {error}")))??;
    for object in &extended {
        extended::analyze(&info, object, &analyzed, &positions, work, ctx)?;
    }
    let mut found = analyzed.statistics;
    if !columns.is_empty() {
        keep_others(&mut found, work.catalog.statistics(relation.oid));
    }
    work.change(Change::put(found));
    Ok(())
}

/// Positions of the columns to be analyzed.
fn analyzed_columns(relation: &Relation, names: &[String]) -> Result<Vec<usize>> {
    let live = || relation.columns.iter().enumerate().filter(|(_, column)| !column.dropped);
    if names.is_empty() {
        return Ok(live().map(|(position, _)| position).collect());
    }
    let mut positions = Vec::with_capacity(names.len());
    for name in names {
        let found = live().find(|(_, column)| column.name == *name).map(|(position, _)| position);
        let position = found.ok_or_else(|| {
            let relation = &relation.name;
            Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{name}\" of relation \"{relation}\" does not exist"),
            )
        })?;
        if positions.contains(&position) {
            let relation = &relation.name;
            return Err(Error::new(
                sqlstate::DUPLICATE_COLUMN,
                format!("column \"{name}\" of relation \"{relation}\" appears more than once"),
            ));
        }
        positions.push(position);
    }
    Ok(positions)
}

/// Columns that were not looked at now keep what was found before.
fn keep_others(found: &mut Statistics, before: Option<&Arc<Statistics>>) {
    let others = before.into_iter().flat_map(|before| &before.columns);
    let is_new = |old: &&ColumnStatistics| found.columns.iter().all(|new| new.column != old.column);
    let kept: Vec<ColumnStatistics> = others.filter(is_new).cloned().collect();
    found.columns.extend(kept);
    found.columns.sort_by_key(|column| column.column);
}

pub(super) fn is_owner(relation: &Relation, ctx: &StatementContext) -> bool {
    let role = ctx.eval.catalog.role_named(&ctx.eval.settings.current_user);
    role.is_some_and(|role| ctx.eval.catalog.has_privileges_of(role, relation.owner))
}

fn warn(ctx: &StatementContext, message: String) {
    ctx.notices.send(Error::notice(Severity::Warning, message));
}
