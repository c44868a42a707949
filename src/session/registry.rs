//! Who is connected: every session as others see it.
//!
//! A [`Backend`] is the part of a session that other sessions and the server may
//! touch: its identity, what it is doing, and how to interrupt it. A statement
//! runs under a token of its own, so that an interrupt that comes late hits
//! nothing; ending a session is a separate, final signal.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::time::now;
use crate::auth::scram::constant_time_equal;
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;

/// Bytes of a query that `pg_stat_activity` shows.
const QUERY_SHOWN_BYTES: usize = 1024;

/// Why a statement was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Interrupt {
    Canceled = 1,
    StatementTimeout = 2,
    Terminated = 3,
    /// Ends the session, as PostgreSQL 17's does.
    TransactionTimeout = 4,
}

impl Interrupt {
    pub fn error(self) -> Error {
        match self {
            Interrupt::Canceled => Error::query_canceled(),
            Interrupt::StatementTimeout => Error::statement_timeout(),
            Interrupt::Terminated => terminated(),
            Interrupt::TransactionTimeout => transaction_timeout(),
        }
    }
}

/// `57P01`, which ends the connection.
pub fn terminated() -> Error {
    Error::fatal(sqlstate::ADMIN_SHUTDOWN, "terminating connection due to administrator command")
}

/// `53300`, which ends the connection.
fn too_many_clients() -> Error {
    Error::fatal(sqlstate::TOO_MANY_CONNECTIONS, "sorry, too many clients already")
}

/// `53300` for who is no superuser, which ends the connection.
fn only_reserved_are_left() -> Error {
    let message =
        "remaining connection slots are reserved for non-replication superuser connections";
    Error::fatal(sqlstate::TOO_MANY_CONNECTIONS, message)
}

/// `57P05`, which ends the connection.
pub fn idle_timeout() -> Error {
    let message = "terminating connection due to idle-session timeout";
    Error::fatal(sqlstate::IDLE_SESSION_TIMEOUT, message)
}

/// `25P03`, which ends the connection.
pub fn idle_in_transaction_timeout() -> Error {
    let message = "terminating connection due to idle-in-transaction timeout";
    Error::fatal(sqlstate::IDLE_IN_TRANSACTION_SESSION_TIMEOUT, message)
}

/// `25P04`, which ends the connection.
pub fn transaction_timeout() -> Error {
    Error::fatal(sqlstate::TRANSACTION_TIMEOUT, "terminating connection due to transaction timeout")
}

/// What a session is doing (`pg_stat_activity.state`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum State {
    #[default]
    Idle,
    Active,
    IdleInTransaction,
    IdleInFailedTransaction,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Active => "active",
            State::IdleInTransaction => "idle in transaction",
            State::IdleInFailedTransaction => "idle in transaction (aborted)",
        }
    }
}

/// Times are microseconds since 2000-01-01 UTC.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    pub state: State,
    pub query: Arc<str>,
    /// What the statement is counted under; 0 is not known.
    pub query_id: i64,
    pub application_name: String,
    pub query_start: Option<i64>,
    pub transaction_start: Option<i64>,
    pub state_change: Option<i64>,
}

impl Activity {
    /// What `pg_stat_activity` shows of the query.
    pub fn shown_query(&self) -> &str {
        &self.query[..self.query.floor_char_boundary(QUERY_SHOWN_BYTES)]
    }
}

/// Where the two ends of a connection are.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    pub client: SocketAddr,
    pub server: SocketAddr,
}

/// One session, as others see it.
pub struct Backend {
    pub pid: i32,
    pub user: String,
    pub database: String,
    pub database_oid: Oid,
    /// Of the connection that uses it now.
    ends: Mutex<Option<Ends>>,
    /// Microseconds since 2000-01-01 UTC.
    pub started: i64,
    secret: Vec<u8>,
    pub activity: Mutex<Activity>,
    /// The id of the transaction under way; 0 is none.
    transaction: AtomicU64,
    /// Whether it has written or was asked for its id.
    has_assigned_id: AtomicBool,
    /// Whether its commit is on the way to the disk.
    pub waits_for_commit: AtomicBool,
    statement: Mutex<Option<CancellationToken>>,
    interrupt: AtomicU8,
    /// Cancelled once, when the session is to end.
    pub end: CancellationToken,
}

impl Backend {
    /// Starts a statement: the token that interrupts it. `57P01` if the session
    /// is to end.
    pub fn begin_statement(&self) -> Result<CancellationToken> {
        let token = CancellationToken::new();
        self.interrupt.store(0, Ordering::Relaxed);
        *self.statement.lock() = Some(token.clone());
        if self.end.is_cancelled() {
            return Err(terminated());
        }
        Ok(token)
    }

    /// Where the ends of its connection are; none of a Unix socket.
    pub fn ends(&self) -> Option<Ends> {
        *self.ends.lock()
    }

    /// Another connection uses it from now on.
    pub(super) fn set_ends(&self, ends: Ends) {
        *self.ends.lock() = Some(ends);
    }

    pub fn end_statement(&self) {
        *self.statement.lock() = None;
    }

    /// Stops the running statement, if there is one. The first reason counts,
    /// except that ending the session outweighs all.
    pub fn interrupt(&self, reason: Interrupt) {
        if let Some(token) = &*self.statement.lock() {
            if reason == Interrupt::Terminated {
                self.interrupt.store(reason as u8, Ordering::Relaxed);
            } else {
                let first = self.interrupt.compare_exchange(
                    0,
                    reason as u8,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
                // Another interrupt is under way.
                let _ = first;
            }
            token.cancel();
        }
    }

    /// Ends the session: the running statement and then the connection.
    pub fn terminate(&self) {
        self.end.cancel();
        self.interrupt(Interrupt::Terminated);
    }

    /// A transaction begins, or ends with 0; answers the one before.
    pub fn set_transaction_id(&self, id: u64) -> u64 {
        self.has_assigned_id.store(false, Ordering::Relaxed);
        self.transaction.swap(id, Ordering::Relaxed)
    }

    /// The id of the transaction under way; 0 is none.
    pub fn transaction_id(&self) -> u64 {
        self.transaction.load(Ordering::Relaxed)
    }

    /// The transaction has written or was asked for its id.
    pub fn assign_transaction_id(&self) {
        self.has_assigned_id.store(true, Ordering::Relaxed);
    }

    pub fn assigned_transaction_id(&self) -> Option<u64> {
        let id = self.transaction_id();
        (id != 0 && self.has_assigned_id.load(Ordering::Relaxed)).then_some(id)
    }

    /// Why the statement was stopped.
    pub fn interrupted_by(&self) -> Interrupt {
        match self.interrupt.load(Ordering::Relaxed) {
            2 => Interrupt::StatementTimeout,
            3 => Interrupt::Terminated,
            4 => Interrupt::TransactionTimeout,
            _ => Interrupt::Canceled,
        }
    }

    pub fn set_query(&self, query: &Arc<str>) {
        let time = now();
        let mut activity = self.activity.lock();
        activity.query = query.clone();
        activity.query_id = 0;
        activity.query_start = Some(time);
        activity.state_change = Some(time);
        activity.transaction_start.get_or_insert(time);
        activity.state = State::Active;
    }

    pub fn set_query_id(&self, query_id: i64) {
        self.activity.lock().query_id = query_id;
    }

    pub fn set_state(&self, state: State, transaction_start: Option<i64>) {
        let mut activity = self.activity.lock();
        if activity.state != state {
            activity.state = state;
            activity.state_change = Some(now());
        }
        activity.transaction_start = transaction_start;
    }
}

/// All sessions.
#[derive(Default)]
pub struct Registry {
    backends: RwLock<HashMap<i32, Arc<Backend>>>,
    /// The numbers of sessions that wait to be used again ([`Registered::leave`]).
    parked: Mutex<HashSet<i32>>,
    next_pid: AtomicI32,
    /// A session has given up its place.
    freed: Notify,
}

/// What a new session brings.
pub struct Identity {
    pub user: String,
    pub database: String,
    pub database_oid: Oid,
    pub ends: Option<Ends>,
    /// Length of the cancel key: 4 bytes before protocol 3.2.
    pub secret_bytes: usize,
}

/// How many sessions there may be; -1 is no limit.
#[derive(Clone, Copy)]
pub struct Limits {
    pub all: usize,
    /// Of these, so many are for others.
    pub reserved: usize,
    pub of_role: i32,
    pub of_database: i32,
}

impl Limits {
    /// `53300` for one more session of a user in a database.
    fn check(
        self,
        user: &str,
        (database, database_oid): (&str, Oid),
        backends: &HashMap<i32, Arc<Backend>>,
    ) -> Result<()> {
        let too_many = |what: &str, name: &str| {
            let message = format!("too many connections for {what} \"{name}\"");
            Error::fatal(sqlstate::TOO_MANY_CONNECTIONS, message)
        };
        let is_full = |limit: i32, counts: &dyn Fn(&Backend) -> bool| {
            let others = backends.values().filter(|backend| counts(backend)).count();
            usize::try_from(limit).is_ok_and(|limit| others >= limit)
        };
        if is_full(self.of_role, &|backend| backend.user == user) {
            return Err(too_many("role", user));
        }
        if self.reserved > 0 && backends.len() + self.reserved >= self.all {
            return Err(match backends.len() >= self.all {
                true => too_many_clients(),
                false => only_reserved_are_left(),
            });
        }
        if is_full(self.of_database, &|backend| backend.database_oid == database_oid) {
            return Err(too_many("database", database));
        }
        if backends.len() >= self.all {
            return Err(too_many_clients());
        }
        Ok(())
    }
}

/// Takes a session off the registry when it is dropped.
pub struct Registered {
    registry: Arc<Registry>,
    pub backend: Arc<Backend>,
}

impl Registered {
    /// Takes the session off the registry for as long as nobody uses it: it is not seen and
    /// takes no place, and keeps its number.
    pub(super) fn leave(&self) {
        self.registry.parked.lock().insert(self.backend.pid);
        self.registry.backends.write().remove(&self.backend.pid);
        self.registry.freed.notify_one();
    }

    /// Somebody uses it again. `53300` if there are too many.
    pub(super) fn come_back(&self, limits: Limits) -> Result<()> {
        let backend = &self.backend;
        let mut backends = self.registry.backends.write();
        limits.check(&backend.user, (&backend.database, backend.database_oid), &backends)?;
        backends.insert(backend.pid, backend.clone());
        self.registry.parked.lock().remove(&backend.pid);
        Ok(())
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.registry.backends.write().remove(&self.backend.pid);
        self.registry.parked.lock().remove(&self.backend.pid);
        self.registry.freed.notify_one();
    }
}

impl Registry {
    /// `53300` if there are so many sessions: told before anybody is asked who he is.
    pub fn check_room(&self, places: usize) -> Result<()> {
        match self.backends.read().len() >= places {
            true => Err(too_many_clients()),
            false => Ok(()),
        }
    }

    /// Waits until a session has given up its place, one waiter for each, or `limit` is over.
    /// The place may be one that the waiter may not have: it tries, and waits again.
    pub async fn freed_within(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.freed.notified()).await;
    }

    /// Adds a session. `53300` if there are too many.
    pub fn register(self: &Arc<Self>, identity: Identity, limits: Limits) -> Result<Registered> {
        let mut backends = self.backends.write();
        let within = (identity.database.as_str(), identity.database_oid);
        limits.check(&identity.user, within, &backends)?;
        let pid = loop {
            let pid = self.next_pid.fetch_add(1, Ordering::Relaxed) & i32::MAX;
            let is_taken = backends.contains_key(&pid) || self.parked.lock().contains(&pid);
            if pid > 0 && !is_taken {
                break pid;
            }
        };
        let secret: [u8; 32] = rand::random();
        let backend = Arc::new(Backend {
            pid,
            user: identity.user,
            database: identity.database,
            database_oid: identity.database_oid,
            ends: Mutex::new(identity.ends),
            started: now(),
            secret: secret[..identity.secret_bytes.min(32)].to_vec(),
            activity: Mutex::default(),
            transaction: AtomicU64::new(0),
            has_assigned_id: AtomicBool::new(false),
            waits_for_commit: AtomicBool::new(false),
            statement: Mutex::new(None),
            interrupt: AtomicU8::new(0),
            end: CancellationToken::new(),
        });
        backends.insert(pid, backend.clone());
        Ok(Registered { registry: self.clone(), backend })
    }

    /// The sessions of a database, but for one.
    pub fn others_in(&self, database: Oid, pid: i32) -> Vec<Arc<Backend>> {
        let mut others = self.all();
        others.retain(|backend| backend.database_oid == database && backend.pid != pid);
        others
    }

    /// A CancelRequest: right or wrong, the client hears nothing.
    pub fn cancel(&self, pid: i32, secret: &[u8]) {
        if let Some(backend) = self.get(pid)
            && constant_time_equal(&backend.secret, secret)
        {
            backend.interrupt(Interrupt::Canceled);
        }
    }

    pub fn get(&self, pid: i32) -> Option<Arc<Backend>> {
        self.backends.read().get(&pid).cloned()
    }

    /// All sessions by pid.
    pub fn all(&self) -> Vec<Arc<Backend>> {
        let mut all: Vec<_> = self.backends.read().values().cloned().collect();
        all.sort_unstable_by_key(|backend| backend.pid);
        all
    }

    /// Ends all sessions: the idle ones at once, those in a statement when it is
    /// done or `grace` is over.
    pub async fn drain(&self, grace: Duration) {
        for backend in self.all() {
            if backend.activity.lock().state != State::Active {
                backend.terminate();
            } else {
                // Seen at the statement's end.
                backend.end.cancel();
            }
        }
        if !self.emptied_within(grace).await {
            self.all().iter().for_each(|backend| backend.terminate());
        }
    }

    /// Waits until nobody is left; false if somebody is after `limit`.
    pub async fn emptied_within(&self, limit: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + limit;
        while !self.backends.read().is_empty() {
            if tokio::time::Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }
}

impl Backend {
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { all: 2, reserved: 0, of_role: -1, of_database: -1 };

    fn register(registry: &Arc<Registry>) -> Registered {
        let identity = Identity {
            user: "u".to_owned(),
            database: "d".to_owned(),
            database_oid: 5,
            ends: None,
            secret_bytes: 4,
        };
        registry.register(identity, LIMITS).unwrap()
    }

    #[test]
    fn a_cancel_needs_the_secret_and_hits_only_a_running_statement() {
        let registry = Arc::new(Registry::default());
        let session = register(&registry);
        let backend = &session.backend;
        let secret = backend.secret().to_vec();
        registry.cancel(backend.pid, &secret);
        let token = backend.begin_statement().unwrap();
        assert!(!token.is_cancelled());
        registry.cancel(backend.pid, b"none");
        assert!(!token.is_cancelled());
        registry.cancel(backend.pid, &secret);
        assert!(token.is_cancelled());
        assert_eq!(backend.interrupted_by(), Interrupt::Canceled);
    }

    #[test]
    fn a_terminated_session_starts_no_statement() {
        let registry = Arc::new(Registry::default());
        let session = register(&registry);
        session.backend.terminate();
        let error = session.backend.begin_statement().unwrap_err();
        assert_eq!(error.code(), sqlstate::ADMIN_SHUTDOWN);
    }

    #[test]
    fn a_dropped_session_is_gone() {
        let registry = Arc::new(Registry::default());
        let (first, second) = (register(&registry), register(&registry));
        assert_ne!(first.backend.pid, second.backend.pid);
        let third = Identity {
            user: "u".to_owned(),
            database: "d".to_owned(),
            database_oid: 5,
            ends: None,
            secret_bytes: 4,
        };
        let error = registry.register(third, LIMITS).map(|_| ()).unwrap_err();
        assert_eq!(error.message(), "sorry, too many clients already");
        drop(first);
        assert_eq!(registry.all().len(), 1);
        drop(second);
        assert!(registry.all().is_empty());
    }

    #[test]
    fn the_last_places_are_for_superusers() {
        let registry = Arc::new(Registry::default());
        let _first = register(&registry);
        let enter = |reserved| {
            let (user, database) = ("u".to_owned(), "d".to_owned());
            let identity =
                Identity { user, database, database_oid: 5, ends: None, secret_bytes: 4 };
            let entered = registry.register(identity, Limits { reserved, ..LIMITS });
            entered.map_err(|error| error.message().to_owned())
        };
        let refused = enter(1).map(drop).unwrap_err();
        assert!(refused.starts_with("remaining connection slots are reserved"), "{refused}");
        let _superuser = enter(0).unwrap();
        assert_eq!(enter(1).map(drop).unwrap_err(), "sorry, too many clients already");
    }

    #[test]
    fn a_role_and_a_database_have_limits_of_their_own() {
        let registry = Arc::new(Registry::default());
        let _first = register(&registry);
        let enter = |user: &str, database_oid: Oid, limits: Limits| {
            let (user, database) = (user.to_owned(), "d".to_owned());
            let identity = Identity { user, database, database_oid, ends: None, secret_bytes: 4 };
            registry.register(identity, limits).map(|_| ()).map_err(|error| error.to_string())
        };
        let of_role = Limits { all: 9, reserved: 0, of_role: 1, of_database: -1 };
        assert!(enter("u", 6, of_role).unwrap_err().contains("connections for role \"u\""));
        assert!(enter("v", 6, of_role).is_ok());
        let of_database = Limits { all: 9, reserved: 0, of_role: -1, of_database: 1 };
        assert!(enter("v", 5, of_database).unwrap_err().contains("for database \"d\""));
        assert!(enter("v", 6, of_database).is_ok());
    }
}
