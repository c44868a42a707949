//! LOCK TABLE.

use super::find_relation;
use crate::catalog::RelationKind;
use crate::catalog::acl;
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::run::{StatementContext, Work};
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
            LockMode::AccessShare => written | acl::SELECT,
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
        let policy = if statement.nowait { WaitPolicy::NoWait } else { WaitPolicy::Wait };
        if !lock::acquire_relation(relation.oid, mode, policy, work, ctx).await? {
            return Err(Error::new(
                sqlstate::LOCK_NOT_AVAILABLE,
                format!("could not obtain lock on relation \"{}\"", relation.name),
            ));
        }
    }
    Ok("LOCK TABLE")
}
