//! Waiting for locks within a statement's limits.
//!
//! A wait ends with the lock, with `55P03` after `lock_timeout`, with `40P01` if
//! a search after `deadlock_timeout` finds a cycle, or with `57014` when the
//! statement is cancelled. Giving up drops the request.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::sql::run::StatementContext;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::{LockMode, LockOutcome, LockWait, Resource, Transaction, WaitPolicy};

/// A relation as a lock's object. OIDs are unique over all databases of a server.
pub fn relation(oid: Oid) -> Resource {
    Resource::Table { database: 0, oid }
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
    match txn.lock(resource, mode, policy) {
        LockOutcome::Granted => Ok(true),
        LockOutcome::NotAvailable => Ok(false),
        LockOutcome::Wait(wait) => wait_for(wait, ctx).await.map(|()| true),
    }
}

async fn wait_for(mut wait: LockWait, ctx: &StatementContext) -> Result<()> {
    let deadlock = Duration::from_millis(ctx.limits.deadlock_timeout_ms.max(1));
    let lock_timeout = ctx.limits.lock_timeout_ms;
    let mut deadlock_timer = Box::pin(tokio::time::sleep(deadlock));
    let mut lock_timer: Pin<Box<dyn Future<Output = ()> + Send>> = match lock_timeout {
        0 => Box::pin(std::future::pending()),
        timeout_ms => Box::pin(tokio::time::sleep(Duration::from_millis(timeout_ms))),
    };
    let mut searched = false;
    loop {
        tokio::select! {
            biased;
            () = &mut wait => return Ok(()),
            () = ctx.cancel.cancelled() => return Err(Error::query_canceled()),
            () = &mut lock_timer => return Err(lock_timed_out()),
            () = &mut deadlock_timer, if !searched => {
                searched = true;
                wait.detect_deadlock()?;
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
