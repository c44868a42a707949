//! Advisory locks of one session, and the locks on sequences that its functions take.
//!
//! All of them belong to one owner, so that those for the session and those for a
//! transaction never stand in each other's way. They are counted apart: one for the
//! session stays until it was unlocked as often as locked, one for a transaction
//! until the transaction, or the savepoint it was taken under, is over.
//!
//! ```text
//! pg_advisory_lock(7); BEGIN; pg_advisory_xact_lock(7); COMMIT;   -- 7 is held once
//! pg_advisory_unlock(7) → true, pg_advisory_unlock(7) → false and a WARNING
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Database;
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::sql::functions::{AdvisoryKey, AdvisoryRequest};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::blocking;
use crate::txn::{LockMode, LockOutcome, LockWait, Resource, SessionLocks, WaitPolicy};

/// How often a wait looks whether it was cancelled.
const WAIT_STEP: Duration = Duration::from_millis(20);

/// Advisory locks one session may hold: a bound on memory.
const HELD_MAX: usize = 1_000_000;

pub(super) struct AdvisoryLocks {
    database: Arc<Database>,
    database_oid: Oid,
    pid: i32,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Made with the first lock.
    locks: Option<SessionLocks>,
    /// How often each is held for the session.
    session: HashMap<(Resource, LockMode), usize>,
    /// Those of the transaction, in order.
    transaction: Vec<(Resource, LockMode)>,
    /// How many of them each open savepoint found.
    savepoints: Vec<usize>,
    /// Sequences that the transaction has used: until its end, whatever is rolled back.
    sequences: Vec<Resource>,
}

/// What bounds a wait.
pub(super) struct WaitLimits<'h> {
    /// Told when the wait is given up for that.
    pub on_deadlock: &'h (dyn Fn() + Sync),
    pub scope: Option<Scope>,
    pub lock_timeout_ms: u64,
    pub deadlock_timeout_ms: u64,
}

impl AdvisoryLocks {
    pub fn new(database: Arc<Database>, database_oid: Oid, pid: i32) -> AdvisoryLocks {
        AdvisoryLocks { database, database_oid, pid, held: Mutex::default() }
    }

    /// Takes a lock; false if it is not to be had without waiting.
    pub fn lock(&self, request: AdvisoryRequest, limits: &WaitLimits<'_>) -> Result<bool> {
        let (resource, mode) = (resource(self.database_oid, request.key), mode(request.shared));
        let policy = if request.waits { WaitPolicy::Wait } else { WaitPolicy::NoWait };
        match self.acquire(resource, mode, policy)? {
            LockOutcome::Granted | LockOutcome::AlreadyHeld => {}
            LockOutcome::NotAvailable => return Ok(false),
            LockOutcome::Wait(wait) => blocking(|| wait_for(&wait, limits))?,
        }
        let mut held = self.held.lock();
        match request.for_transaction {
            true => held.transaction.push((resource, mode)),
            false => *held.session.entry((resource, mode)).or_default() += 1,
        }
        Ok(true)
    }

    /// Keeps others from changing a sequence until the transaction ends; answers whether
    /// somebody was waited for.
    pub fn lock_sequence(&self, sequence: Resource, limits: &WaitLimits<'_>) -> Result<bool> {
        const MODE: LockMode = LockMode::RowExclusive;
        if self.held.lock().sequences.contains(&sequence) {
            return Ok(false);
        }
        let wait = match self.acquire(sequence, MODE, WaitPolicy::Wait)? {
            LockOutcome::Wait(wait) => Some(wait),
            LockOutcome::Granted | LockOutcome::AlreadyHeld | LockOutcome::NotAvailable => None,
        };
        if let Some(wait) = &wait {
            blocking(|| wait_for(wait, limits))?;
        }
        self.held.lock().sequences.push(sequence);
        Ok(wait.is_some())
    }

    fn acquire(&self, key: Resource, mode: LockMode, policy: WaitPolicy) -> Result<LockOutcome> {
        let mut held = self.held.lock();
        if held.session.len() + held.transaction.len() >= HELD_MAX {
            return Err(Error::out_of_memory(format!(
                "The session holds {HELD_MAX} advisory locks."
            )));
        }
        if held.locks.is_none() {
            held.locks = Some(self.database.transactions.session_locks(self.pid)?);
        }
        let locks = held.locks.as_mut().ok_or_else(|| Error::internal("no locks"))?;
        Ok(locks.lock(key, mode, policy))
    }

    /// Gives up one hold for the session; false if there is none.
    pub fn unlock(&self, key: AdvisoryKey, shared: bool) -> bool {
        let (resource, mode) = (resource(self.database_oid, key), mode(shared));
        let mut held = self.held.lock();
        let Some(count) = held.session.get_mut(&(resource, mode)) else { return false };
        *count -= 1;
        if *count == 0 {
            held.session.remove(&(resource, mode));
        }
        held.release(resource, mode);
        true
    }

    /// Whether any is held, for the session or the transaction.
    pub fn holds_any(&self) -> bool {
        let held = self.held.lock();
        !held.session.is_empty() || !held.transaction.is_empty()
    }

    /// Gives up all holds for the session.
    pub fn unlock_session(&self) {
        let mut held = self.held.lock();
        for ((resource, mode), count) in std::mem::take(&mut held.session) {
            (0..count).for_each(|_| held.release(resource, mode));
        }
    }

    /// How many savepoints are open.
    pub fn savepoint_depth(&self) -> usize {
        self.held.lock().savepoints.len()
    }

    pub fn savepoint(&self) {
        let mut held = self.held.lock();
        let count = held.transaction.len();
        held.savepoints.push(count);
    }

    /// The savepoint at this depth, and those above it, are no more.
    pub fn release_savepoint(&self, depth: usize) {
        self.held.lock().savepoints.truncate(depth);
    }

    /// Gives up what the transaction took since the savepoint, which stays.
    pub fn roll_back_to(&self, depth: usize) {
        let mut held = self.held.lock();
        held.savepoints.truncate(depth + 1);
        let count = held.savepoints.last().copied().unwrap_or_default();
        held.release_transaction(count);
    }

    /// What the transaction holds, for it to be prepared with. `0A000` if the session
    /// itself holds one of them, too.
    pub fn to_prepare(&self) -> Result<Vec<(Resource, LockMode)>> {
        let held = self.held.lock();
        let also_held = |resource: &Resource| held.session.keys().any(|(r, _)| r == resource);
        if held.transaction.iter().any(|(resource, _)| also_held(resource)) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot PREPARE while holding both session-level and transaction-level locks on \
                 the same object",
            ));
        }
        let mut found = held.transaction.clone();
        found.extend(held.sequences.iter().map(|sequence| (*sequence, LockMode::RowExclusive)));
        Ok(found)
    }

    pub fn end_transaction(&self) {
        let mut held = self.held.lock();
        held.savepoints.clear();
        held.release_transaction(0);
        for sequence in std::mem::take(&mut held.sequences) {
            held.release(sequence, LockMode::RowExclusive);
        }
    }
}

impl Held {
    fn release(&mut self, resource: Resource, mode: LockMode) {
        if let Some(locks) = self.locks.as_mut() {
            locks.unlock(resource, mode);
        }
    }

    fn release_transaction(&mut self, from: usize) {
        let from = from.min(self.transaction.len());
        for (resource, mode) in self.transaction.split_off(from) {
            self.release(resource, mode);
        }
    }
}

fn resource(database: Oid, key: AdvisoryKey) -> Resource {
    match key {
        AdvisoryKey::Single(key) => Resource::advisory(database, key),
        AdvisoryKey::Pair(first, second) => Resource::advisory_pair(database, first, second),
    }
}

fn mode(shared: bool) -> LockMode {
    if shared { LockMode::Share } else { LockMode::Exclusive }
}

fn wait_for(wait: &LockWait, limits: &WaitLimits<'_>) -> Result<()> {
    let started = Instant::now();
    let lock_timeout = Duration::from_millis(limits.lock_timeout_ms);
    let deadlock_timeout = Duration::from_millis(limits.deadlock_timeout_ms.max(1));
    let mut searched = false;
    while !wait.wait_timeout(WAIT_STEP) {
        if limits.scope.as_ref().is_some_and(Scope::is_over) {
            return Err(Error::query_canceled());
        }
        if !lock_timeout.is_zero() && started.elapsed() >= lock_timeout {
            return Err(Error::new(
                sqlstate::LOCK_NOT_AVAILABLE,
                "canceling statement due to lock timeout",
            ));
        }
        if !searched && started.elapsed() >= deadlock_timeout {
            searched = true;
            wait.detect_deadlock().inspect_err(|_| (limits.on_deadlock)())?;
        }
    }
    Ok(())
}
