//! One transaction on several servers, committed on all of them or on none.
//!
//! The servers are PostgreSQL or ZServer: whoever speaks PREPARE TRANSACTION. A session
//! runs statements on them by `zserver_execute` and `zserver_query`, each server in a
//! transaction of its own, a **branch**. The session's COMMIT is the two-phase commit:
//!
//! ```text
//! session      ┄ work ┄ COMMIT: local checks ─┐
//! branches     ┄ work ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┴ PREPARE TRANSACTION, all at once
//! own store                                     └ local commit and DECISION, one batch, fsync
//! branches                                         └ COMMIT PREPARED ─ decision removed
//! ```
//!
//! The decision is a row in the batch that commits the session's own writes, so there is
//! no instant at which one is durable and the other is not. What has no decision is
//! rolled back (*presumed abort*): nothing needs to be written for a transaction that
//! fails, whoever of the parties fails.
//!
//! # After a failure
//!
//! [`Coordinator::resolve`] runs at the start and every `remote_recovery_interval`. It
//! commits the branches of every decision that is left, and rolls back what servers have
//! prepared in this coordinator's name without a decision. The names tell whose a branch
//! is: `zserver:<coordinator>:<transaction>:<number>`. A transaction whose outcome is
//! still open in this process is *active*, and left alone.
//!
//! # What it is not
//!
//! The commit is atomic, the view of it is not: another session may see one server's
//! branch committed and the next one's not yet. Deadlocks over several servers are ended
//! by `lock_timeout` or `remote_timeout`, not found. A branch cannot be undone by half: work on
//! another server inside a subtransaction is refused. Connections are not encrypted.
//! Two servers that were copied from one data directory share its coordinator's number
//! and must not name the same servers.

mod branch;
mod decision;
mod resolve;
mod servers;
mod tls;

use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Runtime;

use crate::error::{Error, Result};
use crate::sqlstate;
use crate::txn::Transactions;

pub use branch::{Branches, RemoteRows};
pub use decision::Branch;
pub use resolve::Resolved;
pub use servers::RemoteServer;

/// How often whoever waits for another server looks whether it was cancelled.
const WAIT_STEP: Duration = Duration::from_millis(20);

/// What a server needs for transactions over several servers.
pub struct Coordinator {
    transactions: Transactions,
    /// Where connections live: they outlast the sessions that opened them.
    runtime: OnceLock<Runtime>,
    /// Transactions whose outcome is open in this process.
    active: Mutex<HashSet<u64>>,
    /// Held while servers are added and dropped.
    changes: Mutex<()>,
    timeout_ms: AtomicU64,
}

impl Coordinator {
    pub fn new(transactions: Transactions, timeout: Duration) -> Coordinator {
        let coordinator = Coordinator {
            transactions,
            runtime: OnceLock::new(),
            active: Mutex::default(),
            changes: Mutex::default(),
            timeout_ms: AtomicU64::new(0),
        };
        coordinator.set_timeout(timeout);
        coordinator
    }

    /// How long another server may take for one step of a commit, and for a connection.
    pub fn set_timeout(&self, timeout: Duration) {
        let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self.timeout_ms.store(ms.max(1), Ordering::Relaxed);
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.load(Ordering::Relaxed))
    }

    fn runtime(&self) -> Result<&Runtime> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let made = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("coordinator")
            .enable_all()
            .build()
            .map_err(|error| Error::internal(format!("could not start threads: {error}")))?;
        if let Err(second) = self.runtime.set(made) {
            second.shutdown_background();
        }
        self.runtime.get().ok_or_else(|| Error::internal("no runtime"))
    }

    /// Runs something that must come to its end, whatever becomes of who asked for it.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<tokio::task::JoinHandle<T>> {
        Ok(self.runtime()?.spawn(work))
    }

    /// Waits on this thread for something that goes on elsewhere; `57014` if it is to be
    /// given up before.
    fn wait<T: Send + 'static>(
        &self,
        is_over: &dyn Fn() -> bool,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (done, result) = mpsc::channel();
        let task = self.runtime()?.spawn(async move {
            // Nobody listens any more if the wait was given up.
            let _ = done.send(work.await);
        });
        loop {
            match result.recv_timeout(WAIT_STEP) {
                Ok(result) => return result,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(Error::internal("the work on another server was lost"));
                }
                Err(mpsc::RecvTimeoutError::Timeout) if is_over() => {
                    task.abort();
                    return Err(Error::query_canceled());
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn set_active(&self, transaction: u64, active: bool) {
        let mut all = self.active.lock();
        match active {
            true => all.insert(transaction),
            false => all.remove(&transaction),
        };
    }

    fn is_active(&self, transaction: u64) -> bool {
        self.active.lock().contains(&transaction)
    }

    /// Begins the part of a transaction that is on other servers.
    /// `begin` is the command that a branch begins with.
    pub fn branches(
        self: &Arc<Self>,
        transaction: u64,
        begin: String,
        read_only: bool,
    ) -> Branches {
        Branches::new(self.clone(), transaction, begin, read_only)
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// `08006`: a server did not answer as it should.
fn unreachable(server: &str, what: impl std::fmt::Display) -> Error {
    Error::new(sqlstate::CONNECTION_FAILURE, format!("server \"{server}\": {what}"))
}
