//! Waiting for a lock without blocking a thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Condvar, Mutex};

use super::table::{LockTable, Request};
use super::{LockMode, Owner, Resource};
use crate::Result;

/// One place in a queue.
pub(super) struct Waiting {
    /// Tells this wait from the same owner's next one.
    pub(super) number: u64,
    pub(super) owner: Owner,
    pub(super) pid: i32,
    pub(super) resource: Resource,
    pub(super) mode: LockMode,
    pub(super) since: SystemTime,
    state: Mutex<State>,
    granted: Condvar,
}

#[derive(Default)]
struct State {
    granted: bool,
    waker: Option<Waker>,
}

impl Waiting {
    pub(super) fn new(number: u64, request: Request) -> Waiting {
        let Request { owner, pid, resource, mode } = request;
        let (state, granted) = (Mutex::default(), Condvar::new());
        let since = SystemTime::now();
        Waiting { number, owner, pid, resource, mode, since, state, granted }
    }

    pub(super) fn grant(&self) {
        let mut state = self.state.lock();
        state.granted = true;
        let waker = state.waker.take();
        drop(state);
        self.granted.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A lock that somebody else still holds. Await it next to the statement's timers;
/// when `deadlock_timeout` passes, ask [`LockWait::detect_deadlock`] and go on
/// waiting. Dropping it before it is ready gives the request up.
#[must_use = "dropping it gives the request up"]
pub struct LockWait {
    table: Arc<LockTable>,
    waiting: Arc<Waiting>,
}

impl LockWait {
    pub(super) fn new(table: Arc<LockTable>, waiting: Arc<Waiting>) -> LockWait {
        LockWait { table, waiting }
    }

    pub fn resource(&self) -> Resource {
        self.waiting.resource
    }

    pub fn mode(&self) -> LockMode {
        self.waiting.mode
    }

    /// Looks for a cycle of waits through this one. If there is one, gives this
    /// request up and returns `40P01`.
    pub fn detect_deadlock(&self) -> Result<()> {
        match self.table.break_deadlock(&self.waiting) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Whether a deadlock is so likely that to look for it at once is worth while: another
    /// waiter and this one may each hold what keeps the other from the lock. Rows and keys
    /// are waited for by way of transactions, where PostgreSQL does not look.
    pub fn is_deadlock_likely(&self) -> bool {
        !matches!(self.waiting.resource, Resource::Row { .. } | Resource::IndexKey { .. })
            && self.table.is_upgrade_among_others(&self.waiting)
    }

    /// The sessions this request waits for.
    pub fn blocking_pids(&self) -> Vec<i32> {
        self.table.blockers_of(&self.waiting).into_iter().map(|(_, pid, _)| pid).collect()
    }

    /// Blocks the thread until the lock is held, at most for a time; false if it is
    /// not held then.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.waiting.state.lock();
        while !state.granted {
            if self.waiting.granted.wait_until(&mut state, deadline).timed_out() {
                return state.granted;
            }
        }
        true
    }

    /// Blocks the thread until the lock is held.
    pub fn wait(self) {
        let mut state = self.waiting.state.lock();
        while !state.granted {
            self.waiting.granted.wait(&mut state);
        }
    }
}

impl Future for LockWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.waiting.state.lock();
        if state.granted {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for LockWait {
    fn drop(&mut self) {
        if !self.table.cancel(&self.waiting) {
            self.table.forget_wait(&self.waiting);
        }
    }
}
