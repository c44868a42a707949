//! `events.changes`: the change feed, asked by SQL.
//!
//! The feed stands above sessions (`crate::events`), and says how it is read when it starts
//! ([`Source`], in `Database::changes`). What a role sees of it is found out in sessions
//! beside the one that asks, as over HTTP: with the role that is in force here, what was
//! proved, and the session's own parameters, which policies may look at. So it tells of what
//! is committed, whatever the snapshot of the statement is, and not of what its own
//! transaction has done. Meanwhile it takes two more of `max_connections`.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Database;
use super::hooks::Hooks;
use crate::auth::scope::{Scope, Scopes};
use crate::error::{Error, Result};
use crate::sql::functions::{EvalContext, SessionHooks};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::table::blocking;

/// How often it is looked whether the statement was cancelled.
const STEP: Duration = Duration::from_millis(20);

/// Changes of one call.
const CHANGES_MAX: i32 = 1_000;

/// What the session has proved, as its parameters show it.
const PROVED: [&str; 4] =
    ["zserver.claims", "zserver.scopes", "zserver.session", "zserver.subject"];

/// Who asks for what.
pub struct Asked {
    /// The database.
    pub database: Oid,
    pub role: String,
    pub proved: Vec<(&'static str, String)>,
    /// Parameters that only policies know.
    pub settings: Vec<(String, String)>,
    pub table: Oid,
    /// The position, as it was written.
    pub after: String,
    pub limit: usize,
}

/// Rows of position, op, time, old and new row.
pub type Rows = Vec<Vec<Datum>>;

/// What knows the changes.
pub trait Source: Send + Sync {
    /// What is committed from now on is after it.
    fn position(&self, database: &Database) -> String;
    /// Dropping what it answers cancels what it asks for.
    fn read(&self, database: Arc<Database>, asked: Asked) -> BoxFuture<'static, Result<Rows>>;
}

impl Hooks {
    /// `events.position`.
    pub(super) fn feed_position(&self) -> Result<String> {
        Ok(self.feed()?.position(&self.database))
    }

    /// `events.changes`. `22023` for a limit or a position that is none, `42501` for a role
    /// or a key that may not, `55000` for a table that is not watched, `58P01` where changes
    /// after the position were forgotten.
    pub(super) fn feed_changes(
        &self,
        eval: &EvalContext,
        table: Oid,
        after: &str,
        limit: i32,
    ) -> Result<Rows> {
        let feed = self.feed()?;
        if !(1..=CHANGES_MAX).contains(&limit) {
            let message = format!("the limit of changes is from 1 to {CHANGES_MAX}");
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
        let known = |name: &str| self.setting(name).ok().flatten().unwrap_or_default();
        let scopes = known("zserver.scopes");
        if !scopes.is_empty() && !Scopes::named(scopes.split(',')).has(Scope::Events) {
            let message = "the scope \"events\" is needed";
            return Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message));
        }
        let settings = self.settings.lock().custom_values();
        let asked = Asked {
            database: eval.catalog.database,
            role: eval.settings.current_user.clone(),
            proved: PROVED.iter().map(|name| (*name, known(name))).collect(),
            settings: settings
                .into_iter()
                .filter(|(name, _)| !name.starts_with("zserver."))
                .collect(),
            table,
            after: after.to_owned(),
            limit: limit.unsigned_abs() as usize,
        };
        let work = feed.read(self.database.clone(), asked);
        blocking(|| self.wait_for(work))
    }

    fn feed(&self) -> Result<Arc<dyn Source>> {
        let feed = self.database.changes.get().cloned();
        feed.ok_or_else(|| Error::unsupported("the change feed here"))
    }

    /// What comes of work on other threads; gives it up once the statement is cancelled: this
    /// one, though the session may have left it, or be at the next one, before it is seen here.
    fn wait_for(&self, work: BoxFuture<'static, Result<Rows>>) -> Result<Rows> {
        let token = self.statement_token();
        let is_left = || token.as_ref().is_some_and(CancellationToken::is_cancelled);
        let runtime = Handle::try_current();
        let runtime = runtime.map_err(|error| Error::internal(error.to_string()))?;
        let (sender, answer) = mpsc::sync_channel(1);
        let task = runtime.spawn(async move {
            // Nobody may wait any more.
            let _ = sender.send(work.await);
        });
        loop {
            match answer.recv_timeout(STEP) {
                Ok(found) => return found,
                Err(RecvTimeoutError::Timeout) if is_left() || self.is_cancelled() => {
                    task.abort();
                    return Err(Error::query_canceled());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::internal("a read of changes has ended"));
                }
            }
        }
    }
}
