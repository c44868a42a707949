//! Utility statements: those that are neither queries nor row changes.
//!
//! COPY, EXPLAIN, TRUNCATE, LOCK, maintenance and SET CONSTRAINTS are here; data
//! definition goes on to [`super::ddl`].

pub(super) mod cluster;
mod constraints;
mod explain;
mod extended;
mod lock;
pub(super) mod maintenance;
pub(super) mod reindex;

use std::sync::Arc;

use super::ddl::Arguments;
use super::outcome::Outcome;
use super::parse::{NodeEnum, ParsedStatement, ast};
use super::run::{StatementContext, Work};
use super::{ddl, dml, privilege};
use crate::catalog::acl;
use crate::catalog::{self, Relation};
use crate::error::{Error, Result};
use crate::sqlstate;

pub(super) use explain::{Explain, explain_columns, explain_utility};

/// Runs a utility statement; the audit log is told of one that is done.
pub async fn execute(
    parsed: &Arc<ParsedStatement>,
    arguments: Arguments<'_>,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Outcome> {
    let outcome = perform(parsed, arguments, work, ctx).await?;
    ctx.eval.session.note_command(parsed);
    Ok(outcome)
}

/// The same of a part of a statement, which nobody is told of yet.
pub async fn perform(
    parsed: &Arc<ParsedStatement>,
    arguments: Arguments<'_>,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Outcome> {
    let tag = match &parsed.node {
        NodeEnum::CopyStmt(statement) => return dml::copy::execute(statement, work, ctx).await,
        NodeEnum::TruncateStmt(statement) => {
            truncate(statement, work, ctx).await?;
            "TRUNCATE TABLE"
        }
        NodeEnum::LockStmt(statement) => lock::lock_table(statement, work, ctx).await?,
        NodeEnum::VacuumStmt(statement) => maintenance::vacuum(statement, work, ctx).await?,
        NodeEnum::ReindexStmt(statement) => reindex::reindex(statement, work, ctx).await?,
        NodeEnum::ConstraintsSetStmt(statement) => {
            constraints::set_constraints(statement, work, ctx).await?
        }
        NodeEnum::ClusterStmt(statement) => cluster::cluster(statement, work, ctx).await?,
        NodeEnum::CheckPointStmt(_) => maintenance::checkpoint(work, ctx).await?,
        NodeEnum::SelectStmt(select) => {
            let statement = ddl::select_into(select);
            return ddl::execute(&statement, arguments, work, ctx).await.map(Outcome::Command);
        }
        node @ NodeEnum::CreateFunctionStmt(_) => {
            let done = ddl::execute(node, arguments, work, ctx).await.map(Outcome::Command);
            return done.map_err(|error| in_statement_text(error, &parsed.text));
        }
        node => return ddl::execute(node, arguments, work, ctx).await.map(Outcome::Command),
    };
    Ok(Outcome::Command(tag.to_owned()))
}

/// An error inside of a function's body points into the statement that has it, where
/// the body stands there as it is.
pub fn in_statement_text(error: Error, text: &str) -> Error {
    let found = error.report().internal_query.as_deref().and_then(|body| text.find(body));
    match (found, error.report().offset) {
        (Some(start), Some(offset)) => {
            let mut report = error.into_report();
            report.internal_query = None;
            report.offset = Some(start + offset);
            Error::from_report(report)
        }
        _ => error,
    }
}

async fn truncate(
    statement: &ast::TruncateStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let mut tables = Vec::new();
    for node in &statement.relations {
        let Some(NodeEnum::RangeVar(name)) = &node.node else { continue };
        let relation = find_relation(name, work, ctx)?;
        privilege::check_relation(&relation, acl::TRUNCATE, &ctx.eval)?;
        if !relation.is_table() {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is not a table", relation.name),
            ));
        }
        let family = match name.inh {
            true => {
                let pid = ctx.eval.settings.backend_pid;
                work.catalog.with_descendants_for(relation.oid, pid)
            }
            false if relation.is_partitioned() => {
                return Err(Error::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    "cannot truncate only a partitioned table",
                )
                .with_hint(
                    "Do not specify the ONLY keyword, or use TRUNCATE ONLY on the partitions \
                     directly.",
                ));
            }
            false => vec![relation.oid],
        };
        tables.extend(family);
    }
    let cascade = statement.behavior() == ast::DropBehavior::DropCascade;
    dml::truncate(work, ctx, &tables, statement.restart_seqs, cascade).await
}

/// The relation that a name in a utility statement means.
pub(super) fn find_relation(
    name: &ast::RangeVar,
    work: &Work,
    ctx: &StatementContext,
) -> Result<Arc<Relation>> {
    let schema = Some(name.schemaname.as_str()).filter(|schema| !schema.is_empty());
    let path = &ctx.eval.settings.search_path;
    catalog::resolve_relation(&work.catalog, path, schema, &name.relname).cloned()
}
