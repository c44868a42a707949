//! Waiting for locks within a statement's limits.
//!
//! A wait ends with the lock, with `55P03` after `lock_timeout`, with `40P01` if
//! a search after `deadlock_timeout` finds a cycle, or with `57014` when the
//! statement is cancelled. Giving up drops the request.
//!
//! # Locks and the catalog
//!
//! A statement is bound to a catalog and then locks what it names. In between,
//! while it waits in particular, somebody may have committed a change of just
//! that. So whoever has taken a relation's lock looks whether the catalog is still
//! the newest; if not, the statement ends with [`Error::catalog_changed`], and the
//! session starts it over: bound to the newest catalog, the locks kept.
//!
//! ```text
//! A  BEGIN; ALTER TABLE t DROP COLUMN b     COMMIT
//! B               SELECT b FROM t  ┄ waits ┄┄┄┄▶ locked; catalog changed ▶ 42703
//! ```
//!
//! REPEATABLE READ reads with the catalog of its snapshot, a table that was dropped
//! since included. To write to a table that was changed since is `40001` there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{Catalog, Relation, relation_oid};
use crate::error::{Error, Result};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::{
    Claim, EndWait, LockMode, LockOutcome, LockWait, Resource, Transaction, WaitPolicy,
};

/// A relation of a database as a lock's object. Databases that were made from one
/// template have relations of the same OIDs.
pub fn relation(catalog: &Catalog, oid: Oid) -> Resource {
    Resource::Table { database: catalog.database, oid }
}

/// A database as a lock's object: who connects to it shares it for a moment.
pub fn database(oid: Oid) -> Resource {
    Resource::Object { database: 0, class: relation_oid::PG_DATABASE, oid }
}

/// Takes a lock, waiting for it if need be.
pub async fn acquire(
    txn: &mut Transaction,
    resource: Resource,
    mode: LockMode,
    ctx: &StatementContext,
) -> Result<()> {
    try_acquire(txn, resource, mode, WaitPolicy::Wait, ctx).await.map(|_| ())
}

/// Takes a lock; false if it is not to be had under the policy.
pub async fn try_acquire(
    txn: &mut Transaction,
    resource: Resource,
    mode: LockMode,
    policy: WaitPolicy,
    ctx: &StatementContext,
) -> Result<bool> {
    Ok(take(txn, resource, mode, policy, ctx).await? != Taken::Not)
}

/// What became of a request.
#[derive(PartialEq, Eq)]
enum Taken {
    New,
    Before,
    Not,
}

async fn take(
    txn: &mut Transaction,
    resource: Resource,
    mode: LockMode,
    policy: WaitPolicy,
    ctx: &StatementContext,
) -> Result<Taken> {
    match txn.lock(resource, mode, policy) {
        LockOutcome::Granted => Ok(Taken::New),
        LockOutcome::AlreadyHeld => Ok(Taken::Before),
        LockOutcome::NotAvailable => Ok(Taken::Not),
        LockOutcome::Wait(wait) => wait_for(wait, ctx).await.map(|()| Taken::New),
    }
}

/// Locks the relations that a bound statement names. If the catalog changed
/// before all of them were held, [`Error::catalog_changed`].
pub async fn acquire_relations(
    relations: &[(Oid, LockMode)],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let mut is_new = false;
    for (oid, mode) in relations {
        let resource = relation(&work.catalog, *oid);
        let taken = take(&mut work.txn, resource, *mode, WaitPolicy::Wait, ctx).await?;
        is_new |= taken == Taken::New;
    }
    match is_new && !work.catalog_is_newest() {
        true => changed_since(relations, work),
        false => Ok(()),
    }
}

/// Locks a relation that a statement found by name; false if it is not to be had
/// under the policy. [`Error::catalog_changed`] as in [`acquire_relations`].
pub async fn acquire_relation(
    oid: Oid,
    mode: LockMode,
    policy: WaitPolicy,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<bool> {
    let resource = relation(&work.catalog, oid);
    let taken = take(&mut work.txn, resource, mode, policy, ctx).await?;
    if taken == Taken::New && !work.catalog_is_newest() {
        changed_since(&[(oid, mode)], work)?;
    }
    Ok(taken != Taken::Not)
}

/// Waits for the transactions that hold a lock on a table which conflicts with a mode now,
/// as PostgreSQL's `WaitForLockers`. Nobody queues behind this, and who comes later is not
/// waited for: it goes by the catalog that is committed by then.
pub async fn wait_for_lockers(
    table: Oid,
    mode: LockMode,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<()> {
    let table = relation(&work.catalog, table);
    for locker in work.txn.lockers(table, mode) {
        // It may only have given something up that others wait for.
        while let Some(mut wait) = work.txn.end_of(locker, table, mode) {
            bounded(&mut wait, EndWait::detect_deadlock, ctx).await?;
        }
    }
    Ok(())
}

/// Claims a span of an index, waiting for those whose claims are in the way.
pub async fn claim(
    txn: &mut Transaction,
    index: u32,
    claim: Claim,
    ctx: &StatementContext,
) -> Result<()> {
    while let Err(other) = txn.claim(index, claim) {
        if let Some(mut wait) = txn.end_of_claim(other, index, claim) {
            bounded(&mut wait, EndWait::detect_deadlock, ctx).await?;
        }
    }
    Ok(())
}

/// What is read in a snapshot older than the statement is read with that
/// snapshot's catalog. To change a relation in it that has changed since would
/// undo the other's change.
fn changed_since(relations: &[(Oid, LockMode)], work: &Work) -> Result<()> {
    if work.snapshot_is_new {
        return Err(Error::catalog_changed());
    }
    let newest = work.newest_catalog();
    let has_changed =
        |oid: Oid| match (work.committed_catalog().relation(oid), newest.relation(oid)) {
            (Some(before), Some(now)) => {
                !Arc::ptr_eq(before, now) && !is_only_detaching(before, now)
            }
            (before, now) => before.is_some() != now.is_some(),
        };
    let writes = |mode: LockMode| mode != LockMode::AccessShare;
    match relations.iter().any(|(oid, mode)| writes(*mode) && has_changed(*oid)) {
        true => Err(Error::catalog_changed()),
        false => Ok(()),
    }
}

/// Whether all that has changed is that the table is being detached from its parent: who
/// knows it as a partition is waited for before it is none, and writes to it until then.
fn is_only_detaching(before: &Relation, now: &Relation) -> bool {
    if before.inheritance.detaching || !now.inheritance.detaching {
        return false;
    }
    let mut expected = before.clone();
    expected.inheritance.detaching = true;
    // The CHECK that takes the place of its bounds.
    expected.constraints.clone_from(&now.constraints);
    match (serde_json::to_value(&expected), serde_json::to_value(now)) {
        (Ok(expected), Ok(now)) => expected == now,
        _ => false,
    }
}

/// A search gives up after a number of steps (`deadlock_steps_max`); those who still
/// wait look again.
const SEARCH_AGAIN_AFTER: Duration = Duration::from_secs(1);

async fn wait_for(mut wait: LockWait, ctx: &StatementContext) -> Result<()> {
    if wait.is_deadlock_likely() {
        wait.detect_deadlock()?;
    }
    bounded(&mut wait, LockWait::detect_deadlock, ctx).await
}

async fn bounded<W: Future<Output = ()> + Unpin>(
    mut wait: &mut W,
    detect_deadlock: impl Fn(&W) -> Result<()>,
    ctx: &StatementContext,
) -> Result<()> {
    let deadlock = Duration::from_millis(ctx.limits.deadlock_timeout_ms.max(1));
    let lock_timeout = ctx.limits.lock_timeout_ms;
    let mut deadlock_timer = Box::pin(tokio::time::sleep(deadlock));
    let mut lock_timer: Pin<Box<dyn Future<Output = ()> + Send>> = match lock_timeout {
        0 => Box::pin(std::future::pending()),
        timeout_ms => Box::pin(tokio::time::sleep(Duration::from_millis(timeout_ms))),
    };
    loop {
        tokio::select! {
            biased;
            () = &mut wait => return Ok(()),
            () = ctx.cancel.cancelled() => return Err(Error::query_canceled()),
            () = &mut lock_timer => return Err(lock_timed_out()),
            () = &mut deadlock_timer => {
                detect_deadlock(wait).inspect_err(|_| ctx.eval.session.count_deadlock())?;
                let next = tokio::time::Instant::now() + deadlock.max(SEARCH_AGAIN_AFTER);
                deadlock_timer.as_mut().reset(next);
            }
        }
    }
}

fn lock_timed_out() -> Error {
    Error::new(sqlstate::LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout")
}

/// `55P03` of NOWAIT on a row.
pub fn row_not_available(table: &str) -> Error {
    Error::new(
        sqlstate::LOCK_NOT_AVAILABLE,
        format!("could not obtain lock on row in relation \"{table}\""),
    )
}
