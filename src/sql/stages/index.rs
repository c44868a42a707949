//! CREATE INDEX CONCURRENTLY: an index is built while the table is written to.
//!
//! ```text
//! 1  catalog row: neither ready nor valid      commit ┄ wait for writers
//! 2  built at a snapshot, ready                commit ┄ wait for writers that do not know it
//! 3  caught up with what they did meanwhile    commits
//! 4  valid
//! ```
//!
//! From 2 on every writer keeps the index up, a unique one included: its keys are taken.
//! From 4 on queries use it. What fails leaves an invalid index behind, as in PostgreSQL:
//! DROP INDEX or REINDEX ends that. PostgreSQL also waits, before 4, for transactions with
//! an older snapshot; here these read with the catalog of their snapshot, where the index
//! is not valid.

use std::sync::Arc;

use super::{Staged, is_temporary, lost, not_concurrent};
use crate::catalog::{Index, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::index::catch_up::{CatchUp, Changed, Outcome};
use crate::sql::parse::{NodeEnum, ParsedStatement};
use crate::sql::types::Oid;
use crate::table::{TableInfo, blocking, lock};
use crate::txn::{LockMode, Published};

/// Rows that are put right in one transaction: so long, at most, their writers wait.
const ROWS_PER_STAGE: usize = 1_000;

pub async fn create(
    parsed: &Arc<ParsedStatement>,
    staged: &mut Staged<'_>,
) -> Result<&'static str> {
    const TAG: &str = "CREATE INDEX";
    let NodeEnum::IndexStmt(statement) = &parsed.node else {
        return Err(Error::internal("not CREATE INDEX"));
    };
    let table = statement
        .relation
        .as_ref()
        .and_then(|name| crate::sql::utility::find_relation(name, staged.work, &staged.ctx).ok());
    if table.is_some_and(|table| is_temporary(&table)) {
        staged.plainly(&not_concurrent(parsed)).await?;
        return Ok(TAG);
    }
    staged.plainly(parsed).await?;
    let Some((table, index)) = declared(staged) else { return Ok(TAG) };
    staged.keep_lock(table, LockMode::ShareUpdateExclusive)?;
    staged.next().await?;
    let built = Building { table, index };
    staged.wait_for_lockers(table, LockMode::Share).await?;
    staged.next().await?;
    let since = built.build(staged).await?;
    staged.next().await?;
    staged.wait_for_lockers(table, LockMode::Share).await?;
    staged.next().await?;
    built.catch_up(staged, since).await?;
    let mut relation = built.locked(staged).await?;
    change(&mut relation, |index| index.valid = true);
    staged.put_relation(relation);
    Ok(TAG)
}

/// The index that the first stage has declared, and its table.
fn declared(staged: &Staged<'_>) -> Option<(Oid, Oid)> {
    staged.work.changes.iter().rev().find_map(|change| {
        let Some(crate::catalog::Object::Relation(relation)) = &change.object else { return None };
        match &relation.kind {
            RelationKind::Index(index) if !index.ready => Some((index.table, relation.oid)),
            _ => None,
        }
    })
}

/// Changes what the catalog says of an index.
pub fn change(relation: &mut Relation, change: impl FnOnce(&mut Index)) {
    if let RelationKind::Index(index) = &mut relation.kind {
        change(index);
    }
}

/// An index under construction; its table is locked for the whole statement.
#[derive(Clone, Copy)]
pub struct Building {
    pub table: Oid,
    pub index: Oid,
}

impl Building {
    /// The index, locked against whoever would change its row in the catalog.
    pub async fn locked(self, staged: &mut Staged<'_>) -> Result<Relation> {
        let found = staged.lock(self.index, LockMode::ShareUpdateExclusive).await?;
        found.map(|relation| (*relation).clone()).ok_or_else(|| lost(self.index))
    }

    /// Fills the index at the present snapshot, and lets writers keep it up from the end
    /// of this stage on. Answers the instant of the build.
    pub async fn build(self, staged: &mut Staged<'_>) -> Result<Arc<Published>> {
        let mut relation = self.locked(staged).await?;
        change(&mut relation, |index| index.ready = true);
        staged.put_relation(relation);
        let since = staged.work.txn.published().clone();
        crate::index::build_at_snapshot(staged.work, &staged.ctx, self.table, self.index).await?;
        Ok(since)
    }

    /// Does what has been done to the table between the build and now; all who write to it
    /// now keep the index up.
    pub async fn catch_up(self, staged: &mut Staged<'_>, since: Arc<Published>) -> Result<()> {
        let storage_id = TableInfo::of(&staged.work.catalog, self.table)?.storage_id();
        let until = staged.work.txn.newest();
        let mut changed = Changed::new(storage_id, &since, &until);
        let mut catch_up = CatchUp::new(self.table, self.index, since);
        let mut rows = 0;
        loop {
            let next = blocking(|| next_unless_cancelled(&mut changed, staged))?;
            let Some(rid) = next else { break };
            self.row(&mut catch_up, staged, rid).await?;
            rows += 1;
            if rows % ROWS_PER_STAGE == 0 {
                staged.next().await?;
            }
        }
        staged.next().await
    }

    async fn row(self, catch_up: &mut CatchUp, staged: &mut Staged<'_>, rid: u64) -> Result<()> {
        loop {
            let tried = blocking(|| catch_up.row(staged.work, &staged.ctx, rid))?;
            let Outcome::Busy(resource, mode) = tried else { return Ok(()) };
            staged.next().await?;
            lock::acquire(&mut staged.work.txn, resource, mode, &staged.ctx).await?;
            catch_up.waited(resource);
        }
    }
}

fn next_unless_cancelled(changed: &mut Changed, staged: &Staged<'_>) -> Result<Option<u64>> {
    match staged.ctx.cancel.is_cancelled() {
        true => Err(Error::query_canceled()),
        false => changed.next().transpose(),
    }
}
