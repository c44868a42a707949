//! A session's work on other servers: statements in branches, and their commit.
//!
//! The branches are the transaction's: they begin with the first statement on a server,
//! in the transaction's isolation level, and end with it. How all of them are committed
//! or none is told in [`coordinator`](crate::coordinator).

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::Session;
use super::block::Characteristics;
use super::hooks::Hooks;
use super::scope::Scope;
use super::settings::IsolationLevel;
use crate::coordinator::{Branches, RemoteRows};
use crate::error::{Error, Result};
use crate::sql::functions::{RemoteRequest, SessionHooks};
use crate::sql::parse;
use crate::sql::parse::NodeEnum;
use crate::sql::run::Work;
use crate::sql::types::{ArrayDim, ArrayValue, Datum, oid};
use crate::sqlstate;
use crate::txn::Durability;

/// What the session has open on other servers.
#[derive(Default)]
pub(super) struct Remote {
    branches: Mutex<Option<Branches>>,
    /// Statements sent to other servers in this session's life.
    statements: AtomicU64,
    /// Of functions that are running.
    subtransactions: Arc<AtomicUsize>,
    /// Isolation level and READ ONLY of the present transaction, as a number.
    characteristics: AtomicU8,
}

/// A function's subtransaction, until it is dropped.
pub(super) struct Subtransaction(Arc<AtomicUsize>);

impl Drop for Subtransaction {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Remote {
    pub fn subtransaction(&self) -> Subtransaction {
        self.subtransactions.fetch_add(1, Ordering::Relaxed);
        Subtransaction(self.subtransactions.clone())
    }
}

const LEVELS: [IsolationLevel; 4] = [
    IsolationLevel::ReadUncommitted,
    IsolationLevel::ReadCommitted,
    IsolationLevel::RepeatableRead,
    IsolationLevel::Serializable,
];
const READ_ONLY: u8 = 1 << 2;
const DEFERRABLE: u8 = 1 << 3;

fn to_number(characteristics: Characteristics) -> u8 {
    let level = LEVELS.iter().position(|level| *level == characteristics.isolation);
    let level = level.and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
    let read_only = if characteristics.read_only { READ_ONLY } else { 0 };
    let deferrable = if characteristics.deferrable { DEFERRABLE } else { 0 };
    level | read_only | deferrable
}

/// What `transaction_isolation` and its like are in such a transaction.
fn shown_of(number: u8, name: &str) -> Option<&'static str> {
    let on_off = |flag: u8| if number & flag != 0 { "on" } else { "off" };
    match name {
        "transaction_isolation" => Some(LEVELS[usize::from(number % READ_ONLY)].as_str()),
        "transaction_read_only" => Some(on_off(READ_ONLY)),
        "transaction_deferrable" => Some(on_off(DEFERRABLE)),
        _ => None,
    }
}

/// How a branch of such a transaction begins.
fn begin_of(number: u8) -> String {
    let level = LEVELS[usize::from(number % READ_ONLY)].as_str().to_uppercase();
    let access = if number & READ_ONLY != 0 { "READ ONLY" } else { "READ WRITE" };
    format!("BEGIN ISOLATION LEVEL {level} {access}")
}

impl Hooks {
    /// A parameter that is the present transaction's own.
    pub fn transaction_setting(&self, name: &str) -> Option<&'static str> {
        shown_of(self.remote.characteristics.load(Ordering::Relaxed), name)
    }

    pub fn has_branches(&self) -> bool {
        self.remote.branches.lock().is_some()
    }

    /// The transaction is over without a commit.
    pub fn drop_branches(&self) {
        drop(self.remote.branches.lock().take());
    }

    pub fn remote_statements(&self) -> u64 {
        self.remote.statements.load(Ordering::Relaxed)
    }

    pub(super) fn remote_request(&self, request: RemoteRequest<'_>) -> Result<Vec<Vec<Datum>>> {
        if !self.current_role().is_some_and(|role| role.superuser) {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "must be superuser to work on other servers",
            ));
        }
        let coordinator = &self.database.coordinator;
        let text = |text: &str| Datum::Text(text.to_owned());
        match request {
            RemoteRequest::AddServer { name, conninfo } => {
                coordinator.add_server(name, conninfo).map(|()| Vec::new())
            }
            RemoteRequest::DropServer { name } => {
                coordinator.drop_server(name).map(|()| Vec::new())
            }
            RemoteRequest::Servers => {
                let servers = coordinator.servers()?;
                let row = servers.iter().map(|it| vec![text(&it.name), text(&it.shown())]);
                Ok(row.collect())
            }
            RemoteRequest::InDoubt => {
                let branches = coordinator.in_doubt()?;
                let row = branches.iter().map(|it| {
                    vec![text(&it.server), text(&it.gid), Datum::TimestampTz(it.decided_at)]
                });
                Ok(row.collect())
            }
            RemoteRequest::Execute { server, command } => {
                let answer = self.run_remote(server, command)?;
                let count = i64::try_from(answer.count).unwrap_or(i64::MAX);
                Ok(vec![vec![Datum::Int8(count)]])
            }
            RemoteRequest::Query { server, query } => {
                let answer = self.run_remote(server, query)?;
                Ok(answer.rows.into_iter().map(|row| vec![text_array(row)]).collect())
            }
        }
    }

    fn run_remote(&self, server: &str, sql: &str) -> Result<RemoteRows> {
        check_statement(sql)?;
        let depth =
            self.advisory.savepoint_depth() + self.remote.subtransactions.load(Ordering::Relaxed);
        if depth > 0 {
            return Err(Error::unsupported("work on another server inside a subtransaction"));
        }
        let scope = self.scope();
        let is_over = || scope.as_ref().is_some_and(Scope::is_over);
        let number = self.remote.characteristics.load(Ordering::Relaxed);
        let read_only = number & READ_ONLY != 0;
        let mut branches = self.remote.branches.lock();
        let branches = branches.get_or_insert_with(|| {
            let (id, begin) = (self.transaction_id(), begin_of(number));
            self.database.coordinator.branches(id, begin, read_only)
        });
        self.remote.statements.fetch_add(1, Ordering::Relaxed);
        branches.run(server, sql, &is_over)
    }
}

/// One statement, and none that would end the branch's transaction.
fn check_statement(sql: &str) -> Result<()> {
    let statements = parse::parse(sql)?;
    let [statement] = &statements[..] else {
        return Err(Error::new(
            sqlstate::SYNTAX_ERROR,
            "one statement is run on another server at a time",
        ));
    };
    match statement.node {
        NodeEnum::TransactionStmt(_) => {
            Err(Error::unsupported("a transaction command on another server"))
        }
        NodeEnum::CopyStmt(_) => Err(Error::unsupported("COPY on another server")),
        _ => Ok(()),
    }
}

fn text_array(row: Vec<Option<String>>) -> Datum {
    let dims = match row.len() {
        0 => Vec::new(),
        length => vec![ArrayDim { length: length as i32, lower_bound: 1 }],
    };
    let elements = row.into_iter().map(|value| value.map_or(Datum::Null, Datum::Text)).collect();
    Datum::Array(Box::new(ArrayValue { element_type: oid::TEXT, dims, elements }))
}

impl Session {
    /// Tells functions how the transaction was begun, and whether it is counted.
    pub(super) fn note_characteristics(&self) {
        self.hooks.activity.set_enabled(self.settings.lock().derived().track_counts);
        if let Some(open) = self.block.open() {
            let number = to_number(open.characteristics);
            self.hooks.remote.characteristics.store(number, Ordering::Relaxed);
        }
    }

    /// The first half of a commit over several servers.
    pub(super) async fn prepare_branches(&mut self) -> Result<Option<Branches>> {
        let branches = self.hooks.remote.branches.lock().take();
        let Some(branches) = branches else { return Ok(None) };
        let scope = self.scope()?;
        scope.run(branches.prepare()).await
    }

    /// The other half, which comes to its end even if the session does not wait for it.
    pub(super) async fn commit_with_branches(
        &mut self,
        work: Work,
        mut branches: Branches,
    ) -> Result<()> {
        let database = self.database.clone();
        let task = self.database.coordinator.spawn(async move {
            let also = branches.decide()?;
            match database.commit_also(work, Durability::Sync, also).await {
                Ok(()) => Ok(branches.commit().await),
                Err(error) => {
                    // Of an unknown outcome nothing is said: the decision may be there.
                    if error.code() != sqlstate::TRANSACTION_RESOLUTION_UNKNOWN {
                        branches.roll_back();
                    }
                    Err(error)
                }
            }
        })?;
        let joined = task.await;
        let left = joined.map_err(|error| Error::internal(format!("the commit: {error}")))??;
        for server in left {
            let message =
                format!("the transaction is committed, and server \"{server}\" will be told later");
            self.warn(sqlstate::WARNING, &message);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_begins_as_its_transaction_did() {
        for (isolation, read_only, begin) in [
            (
                IsolationLevel::ReadCommitted,
                false,
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            ),
            (IsolationLevel::Serializable, true, "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"),
        ] {
            let characteristics = Characteristics { isolation, read_only, deferrable: false };
            assert_eq!(begin_of(to_number(characteristics)), begin);
        }
    }

    #[test]
    fn what_would_end_the_branch_is_refused() {
        let code = |sql| check_statement(sql).expect_err(sql).code().as_str().to_owned();
        assert_eq!(code("COMMIT"), "0A000");
        assert_eq!(code("PREPARE TRANSACTION 'x'"), "0A000");
        assert_eq!(code("SELECT 1; ROLLBACK"), "42601");
        assert_eq!(code(""), "42601");
        assert_eq!(code("COPY t FROM STDIN"), "0A000");
        check_statement("UPDATE t SET a = 1").expect("it is a statement");
    }
}
