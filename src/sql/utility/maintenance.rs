//! VACUUM, ANALYZE and CHECKPOINT.
//!
//! An update leaves no old version in the table: older snapshots read it through the
//! engine, which forgets it when it compacts. A delete leaves a marker, and VACUUM
//! removes those that no snapshot needs any more; FULL also lets the engine compact
//! everything, which gives the space back. Outside of a block each table has transactions
//! of its own, so that the lock on it is held no longer than the work on it takes.

use std::sync::Arc;

use super::{extended, find_relation};
use crate::catalog::{Change, ColumnStatistics, Relation, RelationKind, Statistics};
use crate::error::{Error, Result, Severity};
use crate::sql::ddl;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::run::{StatementContext, Work};
use crate::sql::stages::Staged;
use crate::sql::types::{Oid, OutputContext};
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

/// ANALYZE in the present transaction.
pub async fn vacuum(
    statement: &ast::VacuumStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<&'static str> {
    let options = Options::of(statement)?;
    for target in targets(statement, &options, work, ctx).await? {
        let relation = open(&target, &options, options.tag, work, ctx).await?;
        if let Some(relation) = relation.filter(|_| options.analyze) {
            analyze_table(&relation, &target.columns, &options, work, ctx).await?;
        }
    }
    Ok(options.tag)
}

/// VACUUM, and ANALYZE outside of a block: each table in transactions of its own.
pub async fn vacuum_in_stages(
    statement: &ast::VacuumStmt,
    staged: &mut Staged<'_>,
) -> Result<&'static str> {
    let options = Options::of(statement)?;
    for target in targets(statement, &options, staged.work, &staged.ctx).await? {
        if options.vacuum {
            staged.refresh();
            let opened = open(&target, &options, "VACUUM", staged.work, &staged.ctx).await?;
            let Some(relation) = opened else { continue };
            if !relation.is_partitioned() {
                vacuum_table(&relation, &options, staged.work, &staged.ctx).await?;
            }
            staged.next().await?;
        }
        if options.analyze {
            staged.refresh();
            let opened = open(&target, &options, "ANALYZE", staged.work, &staged.ctx).await?;
            let Some(relation) = opened else { continue };
            let (work, ctx) = (&mut *staged.work, &staged.ctx);
            analyze_table(&relation, &target.columns, &options, work, ctx).await?;
            staged.next().await?;
        }
    }
    if options.full {
        compact(&options, staged.work, &staged.ctx).await?;
    }
    Ok(options.tag)
}

/// What is asked for. FREEZE, DISABLE_PAGE_SKIPPING, INDEX_CLEANUP, TRUNCATE, PARALLEL and
/// PROCESS_TOAST are checked as PostgreSQL checks them and mean nothing here: there are no
/// transaction ids to freeze, no pages that are skipped or cut off, no dead index entries
/// to clean up, and wide values lie in their rows.
struct Options {
    tag: &'static str,
    vacuum: bool,
    analyze: bool,
    verbose: bool,
    full: bool,
    skip_locked: bool,
}

impl Options {
    fn of(statement: &ast::VacuumStmt) -> Result<Options> {
        let vacuum = statement.is_vacuumcmd;
        let tag = if vacuum { "VACUUM" } else { "ANALYZE" };
        let (verbose, full, skip_locked) = (false, false, false);
        let mut options = Options { tag, vacuum, analyze: !vacuum, verbose, full, skip_locked };
        let (mut workers, mut toast, mut all_pages) = (0, true, false);
        for node in &statement.options {
            let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
            match option.defname.as_str() {
                "verbose" => options.verbose = boolean(option)?,
                "skip_locked" => options.skip_locked = boolean(option)?,
                "analyze" if vacuum => options.analyze = boolean(option)?,
                "full" if vacuum => options.full = boolean(option)?,
                "freeze" | "truncate" if vacuum => drop(boolean(option)?),
                "disable_page_skipping" if vacuum => all_pages = boolean(option)?,
                "process_toast" if vacuum => toast = boolean(option)?,
                "index_cleanup" if vacuum => {
                    let text = ddl::options::string(option).unwrap_or_default();
                    if option.arg.is_some() && !text.eq_ignore_ascii_case("auto") {
                        boolean(option)?;
                    }
                }
                "parallel" if vacuum => workers = parallel_workers(option)?,
                other => {
                    return Err(Error::syntax(format!("unrecognized {tag} option \"{other}\""))
                        .at(option.location));
                }
            }
        }
        let refused = |message: &str| Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
        if options.full && workers > 0 {
            return refused("VACUUM FULL cannot be performed in parallel");
        }
        let has_columns = statement.rels.iter().any(|node| match &node.node {
            Some(NodeEnum::VacuumRelation(target)) => !target.va_cols.is_empty(),
            _ => false,
        });
        if has_columns && !options.analyze {
            return refused("ANALYZE option must be specified when a column list is provided");
        }
        if options.full && all_pages {
            return refused("VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL");
        }
        if options.full && !toast {
            return refused("PROCESS_TOAST required with VACUUM FULL");
        }
        Ok(options)
    }

    fn tell(&self, ctx: &StatementContext, message: String) {
        if self.verbose {
            ctx.notices.send(Error::notice(Severity::Info, message));
        }
    }

    fn policy(&self) -> WaitPolicy {
        if self.skip_locked { WaitPolicy::NoWait } else { WaitPolicy::Wait }
    }
}

/// PARALLEL: how many workers are asked for.
fn parallel_workers(option: &ast::DefElem) -> Result<i32> {
    /// PostgreSQL's `MAX_PARALLEL_WORKER_LIMIT`.
    const WORKERS_MAX: i32 = 1024;
    let wrong = |message: String| Err(Error::syntax(message).at(option.location));
    match option.arg.as_deref().and_then(|arg| arg.node.as_ref()) {
        None => wrong(format!("parallel option requires a value between 0 and {WORKERS_MAX}")),
        Some(NodeEnum::Integer(number)) if (0..=WORKERS_MAX).contains(&number.ival) => {
            Ok(number.ival)
        }
        Some(NodeEnum::Integer(_)) => {
            wrong(format!("parallel workers for vacuum must be between 0 and {WORKERS_MAX}"))
        }
        Some(_) => Err(Error::syntax("parallel requires an integer value")),
    }
}

/// The table of a target, locked; none, with a warning if the statement names it, if
/// others have it and are not waited for, or if it is gone or somebody else's by now.
async fn open(
    target: &Target,
    options: &Options,
    tag: &str,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Option<Arc<Relation>>> {
    let mode = match options.full && tag == "VACUUM" {
        true => LockMode::AccessExclusive,
        false => LockMode::ShareUpdateExclusive,
    };
    let table = lock::relation(&work.catalog, target.oid);
    let locked = lock::try_acquire(&mut work.txn, table, mode, options.policy(), ctx).await?;
    let skip = |code, why: &str| {
        if let Some(name) = &target.name {
            let message = format!("skipping {} of \"{name}\" --- {why}", tag.to_lowercase());
            let notice = Error::notice(Severity::Warning, message).with_code(code);
            ctx.notices.send(notice);
        }
    };
    if !locked {
        skip(sqlstate::LOCK_NOT_AVAILABLE, "lock not available");
        return Ok(None);
    }
    work.txn.refresh_snapshot();
    work.refresh_catalog();
    let Some(relation) = work.catalog.relation(target.oid).cloned() else {
        skip(sqlstate::UNDEFINED_TABLE, "relation no longer exists");
        return Ok(None);
    };
    Ok(is_workable(&relation, tag, ctx).then_some(relation))
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

/// A Boolean option; without a value it is on.
pub(super) fn boolean(option: &ast::DefElem) -> Result<bool> {
    let text = match option.arg.as_deref().and_then(|arg| arg.node.as_ref()) {
        None => return Ok(true),
        Some(NodeEnum::Integer(value)) => value.ival.to_string(),
        Some(NodeEnum::Boolean(value)) => value.boolval.to_string(),
        Some(NodeEnum::String(value)) => value.sval.to_lowercase(),
        Some(_) => String::new(),
    };
    match text.as_str() {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err(Error::syntax(format!("{} requires a Boolean value", option.defname))),
    }
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

/// A table to be worked on.
struct Target {
    oid: Oid,
    /// As the statement names it; a table that it does not name is passed over silently.
    name: Option<String>,
    /// The columns named with it; none are all.
    columns: Vec<String>,
}

/// The tables that a statement names with their partitions, or all; those of others are
/// passed over.
async fn targets(
    statement: &ast::VacuumStmt,
    options: &Options,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    if statement.rels.is_empty() {
        let tables = work.catalog.relations().filter(|relation| {
            matches!(relation.kind, RelationKind::Table) && is_workable(relation, options.tag, ctx)
        });
        targets.extend(tables.map(|r| Target { oid: r.oid, name: None, columns: Vec::new() }));
    }
    for node in &statement.rels {
        let Some(NodeEnum::VacuumRelation(target)) = &node.node else { continue };
        let Some(name) = &target.relation else { continue };
        let relation = find_relation(name, work, ctx)?;
        // Whoever is about to drop it is waited for.
        let mark = work.txn.lock_mark();
        let table = lock::relation(&work.catalog, relation.oid);
        let mode = LockMode::AccessShare;
        if !lock::try_acquire(&mut work.txn, table, mode, options.policy(), ctx).await? {
            let verb = options.tag.to_lowercase();
            let name = &relation.name;
            let message = format!("skipping {verb} of \"{name}\" --- lock not available");
            let notice = Error::notice(Severity::Warning, message);
            ctx.notices.send(notice.with_code(sqlstate::LOCK_NOT_AVAILABLE));
            continue;
        }
        work.txn.release_locks_since(mark);
        work.txn.refresh_snapshot();
        work.refresh_catalog();
        let relation = find_relation(name, work, ctx)?;
        if !is_workable(&relation, options.tag, ctx) {
            continue;
        }
        let columns: Vec<String> =
            ddl::strings(&target.va_cols).into_iter().map(str::to_owned).collect();
        let parts = match relation.is_partitioned() {
            true => work.catalog.with_descendants(relation.oid).split_off(1),
            false => Vec::new(),
        };
        let name = Some(relation.name.clone());
        targets.push(Target { oid: relation.oid, name, columns: columns.clone() });
        let part = |oid| Target { oid, name: None, columns: columns.clone() };
        targets.extend(parts.into_iter().map(part));
    }
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
    // What inherits from it is looked at, too, and waited for.
    for oid in work.catalog.with_descendants(relation.oid).split_off(1) {
        let resource = lock::relation(&work.catalog, oid);
        lock::acquire(&mut work.txn, resource, LockMode::AccessShare, ctx).await?;
    }
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
