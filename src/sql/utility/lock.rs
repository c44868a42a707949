//! LOCK TABLE.

use super::find_relation;
use crate::catalog::{BoundKind, Catalog, RelationKind, acl};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, WaitPolicy};

/// PostgreSQL's lock modes by number, weakest first.
const MODES: [LockMode; 8] = [
    LockMode::AccessShare,
    LockMode::RowShare,
    LockMode::RowExclusive,
    LockMode::ShareUpdateExclusive,
    LockMode::Share,
    LockMode::ShareRowExclusive,
    LockMode::Exclusive,
    LockMode::AccessExclusive,
];

pub async fn lock_table(
    statement: &ast::LockStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<&'static str> {
    let mode = usize::try_from(statement.mode - 1).ok().and_then(|mode| MODES.get(mode));
    let mode = *mode.ok_or_else(|| Error::internal("unknown lock mode"))?;
    for node in &statement.relations {
        let Some(NodeEnum::RangeVar(name)) = &node.node else { continue };
        let relation = find_relation(name, work, ctx)?;
        let written = acl::UPDATE | acl::DELETE | acl::TRUNCATE;
        let needed = match mode {
            LockMode::AccessShare => acl::SELECT,
            LockMode::RowExclusive => written | acl::INSERT,
            _ => written,
        };
        privilege::check_any(&relation, needed, &ctx.eval)?;
        if !relation.is_table() && !matches!(relation.kind, RelationKind::View(_)) {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("cannot lock relation \"{}\"", relation.name),
            ));
        }
        let family = match (&relation.kind, name.inh) {
            (RelationKind::View(_), _) => read_by(&work.catalog, relation.oid),
            (_, true) => {
                let pid = ctx.eval.settings.backend_pid;
                work.catalog.with_descendants_for(relation.oid, pid)
            }
            (_, false) => vec![relation.oid],
        };
        let policy = if statement.nowait { WaitPolicy::NoWait } else { WaitPolicy::Wait };
        for oid in family {
            if !lock::acquire_relation(oid, mode, policy, work, ctx).await? {
                let relation = work.catalog.relation(oid).unwrap_or(&relation);
                return Err(Error::new(
                    sqlstate::LOCK_NOT_AVAILABLE,
                    format!("could not obtain lock on relation \"{}\"", relation.name),
                ));
            }
        }
    }
    Ok("LOCK TABLE")
}

/// A view with the relations that it reads, and those that they read.
fn read_by(catalog: &Catalog, view: Oid) -> Vec<Oid> {
    let mut found = vec![view];
    let mut at = 0;
    while let Some(relation) = found.get(at).and_then(|oid| catalog.relation(*oid)) {
        at += 1;
        let RelationKind::View(view) = &relation.kind else { continue };
        for name in &view.names {
            let is_table = catalog
                .relation(name.oid)
                .is_some_and(|read| read.is_table() || matches!(read.kind, RelationKind::View(_)));
            if !matches!(name.kind, BoundKind::Relation { .. }) || !is_table {
                continue;
            }
            for oid in catalog.with_descendants(name.oid) {
                if !found.contains(&oid) {
                    found.push(oid);
                }
            }
        }
    }
    found
}
