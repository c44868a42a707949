//! VACUUM, ANALYZE and CHECKPOINT.
//!
//! An update leaves no old version in the table: older snapshots read it through the
//! engine, which forgets it when it compacts. A delete leaves a marker, and VACUUM
//! removes those that no snapshot needs any more; FULL also lets the engine compact
//! everything, which gives the space back. Options that ask for more are refused by
//! name.

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
    let options = Options::of(statement, tag)?;
    for (relation, columns) in targets(statement, tag, work, ctx)? {
        if !lock_target(&relation, &options, tag, work, ctx).await? {
            continue;
        }
        if statement.is_vacuumcmd && !relation.is_partitioned() {
            vacuum_table(&relation, &options, work, ctx).await?;
        }
        if options.analyze {
            analyze_table(&relation, &columns, &options, work, ctx).await?;
        }
    }
    if options.full {
        compact(&options, work, ctx).await?;
    }
    Ok(tag)
}

/// What is asked for.
struct Options {
    analyze: bool,
    verbose: bool,
    full: bool,
    skip_locked: bool,
}

impl Options {
    fn of(statement: &ast::VacuumStmt, tag: &str) -> Result<Options> {
        const OF_BOTH: &[&str] = &["verbose", "skip_locked"];
        const OF_VACUUM: &[&str] = &["analyze", "full"];
        for node in &statement.options {
            let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
            let name = option.defname.as_str();
            let is_known =
                OF_BOTH.contains(&name) || (statement.is_vacuumcmd && OF_VACUUM.contains(&name));
            if !is_known {
                let name = name.to_uppercase();
                return Err(Error::unsupported(format!("{tag} option \"{name}\"")));
            }
        }
        let options = Options {
            analyze: !statement.is_vacuumcmd || has_option(statement, "analyze"),
            verbose: has_option(statement, "verbose"),
            full: has_option(statement, "full"),
            skip_locked: has_option(statement, "skip_locked"),
        };
        let has_columns = statement.rels.iter().any(|node| match &node.node {
            Some(NodeEnum::VacuumRelation(target)) => !target.va_cols.is_empty(),
            _ => false,
        });
        if has_columns && !options.analyze {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "ANALYZE option must be specified when a column list is provided",
            ));
        }
        Ok(options)
    }

    fn tell(&self, ctx: &StatementContext, message: String) {
        if self.verbose {
            ctx.notices.send(Error::notice(Severity::Info, message));
        }
    }
}

/// Takes the lock; false, with a warning, if others have the table and are not waited
/// for.
async fn lock_target(
    relation: &Relation,
    options: &Options,
    tag: &str,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<bool> {
    let policy = if options.skip_locked { WaitPolicy::NoWait } else { WaitPolicy::Wait };
    let mode = LockMode::ShareUpdateExclusive;
    let table = lock::relation(&work.catalog, relation.oid);
    let locked = lock::try_acquire(&mut work.txn, table, mode, policy, ctx).await?;
    if !locked {
        let verb = tag.to_lowercase();
        let name = &relation.name;
        warn(ctx, format!("skipping {verb} of \"{name}\" --- lock not available"));
    }
    Ok(locked)
}

/// Removes the markers of deleted rows that nobody can see any more.
async fn vacuum_table(
    relation: &Relation,
    options: &Options,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let (database, schema) =
        (&ctx.eval.settings.database, work.catalog.schema_name(relation.schema));
    let name = format!("{database}.{schema}.{}", relation.name);
    options.tell(ctx, format!("vacuuming \"{name}\""));
    let cancel = ctx.cancel.clone();
    let purge = work.txn.purge(relation.storage_id, move || cancel.is_cancelled());
    let purged = tokio::task::spawn_blocking(purge)
        .await
        .map_err(|error| Error::internal(format!("vacuuming failed: {error}")))??;
    options.tell(
        ctx,
        format!(
            "finished vacuuming \"{name}\"\n\
             tuples: {} removed, {} remain, {} are dead but not yet removable\n\
             removable cutoff: commit {}",
            purged.removed, purged.rows, purged.kept, purged.oldest_ts
        ),
    );
    Ok(())
}

/// Lets the engine rewrite what it has.
async fn compact(options: &Options, work: &Work, ctx: &StatementContext) -> Result<()> {
    let (before, after) = tokio::task::spawn_blocking(work.txn.compact())
        .await
        .map_err(|error| Error::internal(format!("compacting failed: {error}")))??;
    options.tell(ctx, format!("compacted the store: {before} bytes before, {after} bytes now"));
    Ok(())
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
    options: &Options,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let positions = analyzed_columns(relation, columns)?;
    let schema = work.catalog.schema_name(relation.schema);
    options.tell(ctx, format!("analyzing \"{schema}.{}\"", relation.name));
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
    options.tell(
        ctx,
        format!("\"{}\": {} rows, {} columns", relation.name, found.rows, found.columns.len()),
    );
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
