//! Transactions of several requests: `/api/v1/transactions`.
//!
//! ```text
//! POST   /api/v1/transactions {"isolation", "read_only", "deferrable", "idle_timeout_ms"}   201 {"id", …}
//! POST   /api/v1/transactions/{id}/sql       as /api/v1/sql; or there, with Zserver-Transaction: id
//! POST   /api/v1/transactions/{id}/commit    200 {"id", "state": "committed"}
//! POST   /api/v1/transactions/{id}/rollback  200 {"id", "state": "rolled back"}; DELETE does the same
//! GET    /api/v1/transactions/{id}           its state; GET /api/v1/transactions?limit=&after= lists one's own
//! ```
//! A transaction is its role's, with the same scopes and of the same subject of a foreign
//! token, in one database, for one request at a time (`55006`). A statement that fails
//! leaves it failed (`25P02`) until it is rolled back, to a savepoint perhaps. It is rolled
//! back by itself when nobody asks for it for `http_transaction_idle_timeout` (`25P03`),
//! when it lasts longer than `http_transaction_timeout` (`25P04`), and when the server ends.
//! One role has `http_max_transactions_per_role` at a time (`53300`); each takes a place of
//! `max_connections`.
//!
//! What became of one is remembered for the last [`ENDED_MAX`] of them: a client that has
//! not heard the answer to a commit asks again and is told. An id names the start of the
//! server that it is of, so that one from before is told apart: what was not committed
//! then is rolled back, and whether a commit that was asked for has happened is not known
//! (`08007`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Value, json};

use super::conversation::Conversation;
use super::idempotency;
use super::paging::{Page, limit_of, page, query};
use super::principal::{Principal, Scopes};
use super::problem::Problem;
use super::sql::{Isolation, Modes, Turn, asker};
use super::{Http, State, request};
use crate::error::Error;
use crate::session::Phase;
use crate::session::registry::{self, Backend, Interrupt};
use crate::sqlstate;

/// Ended transactions whose outcome is remembered.
pub const ENDED_MAX: usize = 10_000;

/// All transactions of one server.
pub struct Transactions {
    open: Mutex<HashMap<String, Arc<Entry>>>,
    ended: Cache<String, (Owner, Ended)>,
    /// What ids of this start of the server begin with.
    start: String,
}

/// Whose a transaction is: its session shows what was proved when it began, so it is
/// nobody's who has proved something else.
#[derive(Clone, PartialEq, Eq)]
struct Owner {
    role: String,
    database: String,
    scopes: Scopes,
    subject: String,
}

/// One transaction.
pub struct Entry {
    id: String,
    owner: Owner,
    modes: Modes,
    begun: Instant,
    /// Milliseconds since 1970.
    begun_at: i64,
    idle_timeout: Duration,
    timeout: Duration,
    backend: Arc<Backend>,
    place: Mutex<Place>,
}

enum Place {
    Idle {
        conversation: Box<Conversation>,
        since: Instant,
        is_failed: bool,
        /// What the session's own settings say of how long it may stay so.
        limit: Option<(Instant, Error)>,
    },
    /// A request has it.
    Busy,
    /// It has ended.
    Gone,
}

/// What became of a transaction.
#[derive(Clone)]
enum Ended {
    Committed,
    RolledBack,
    /// Its commit failed, or something else ended it: it is rolled back.
    By(Error),
    /// Whether it was committed is not known.
    Unknown,
}

impl Default for Transactions {
    fn default() -> Transactions {
        Transactions {
            open: Mutex::default(),
            ended: Cache::new(ENDED_MAX),
            start: format!("{:016x}", rand::random::<u64>()),
        }
    }
}

impl Entry {
    /// Takes the conversation back from a request.
    pub fn give_back(&self, mut conversation: Conversation) {
        let Ok(session) = conversation.session() else { return };
        session.show_idle();
        let is_failed = session.phase() == Phase::Failed;
        let limit = session.silence_limit(true);
        let since = Instant::now();
        let mut place = self.place.lock();
        if matches!(*place, Place::Busy) {
            let conversation = Box::new(conversation);
            *place = Place::Idle { conversation, since, is_failed, limit };
        }
    }

    fn state(&self) -> &'static str {
        match *self.place.lock() {
            Place::Idle { is_failed: true, .. } => "failed",
            Place::Idle { .. } => "open",
            Place::Busy => "busy",
            Place::Gone => "ended",
        }
    }

    fn describe(&self) -> Value {
        let isolation = self.modes.isolation.map(|level| level.as_str().to_ascii_lowercase());
        let left = self.timeout.saturating_sub(self.begun.elapsed());
        json!({
            "id": self.id,
            "state": self.state(),
            "isolation": isolation,
            "read_only": self.modes.read_only,
            "deferrable": self.modes.deferrable,
            "begun_ms": self.begun_at,
            "idle_timeout_ms": millis(self.idle_timeout),
            "timeout_ms": millis(self.timeout),
            "left_ms": millis(left),
            "pid": self.backend.pid,
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

fn gone(code: crate::sqlstate::SqlState, message: &str) -> Problem {
    Problem::plain(StatusCode::GONE, code, message)
}

fn unknown(id: &str) -> Problem {
    let message = format!("there is no transaction \"{id}\"");
    Problem::plain(StatusCode::NOT_FOUND, sqlstate::NO_ACTIVE_SQL_TRANSACTION, &message)
}

impl Transactions {
    fn end(&self, entry: &Entry, how: Ended) {
        self.open.lock().remove(&entry.id);
        self.ended.insert(entry.id.clone(), (entry.owner.clone(), how));
    }

    /// The transaction of an id that is open; a problem that says what became of it.
    fn find(&self, owner: &Owner, id: &str) -> Result<Arc<Entry>, Problem> {
        if let Some(entry) = self.open.lock().get(id) {
            return match entry.owner == *owner {
                true => Ok(entry.clone()),
                false => Err(unknown(id)),
            };
        }
        if let Some((of, ended)) = self.ended.get(id)
            && of == *owner
        {
            return Err(ended.problem());
        }
        let is_older = id.split_once('-').is_some_and(|(start, _)| {
            start.len() == self.start.len() && start != self.start && is_hex(start)
        });
        match is_older {
            true => Err(gone(
                sqlstate::TRANSACTION_RESOLUTION_UNKNOWN,
                "the transaction is of an earlier start of the server: it is rolled back, unless \
                 its commit was asked for, of which the outcome is not known",
            )),
            false => Err(unknown(id)),
        }
    }

    /// What became of one, if it has ended.
    fn outcome(&self, owner: &Owner, id: &str) -> Option<Ended> {
        self.ended.get(id).filter(|(of, _)| of == owner).map(|(_, ended)| ended)
    }

    /// Ends those whose time is over, or whose session is told to end.
    pub fn sweep(&self) {
        let all: Vec<Arc<Entry>> = self.open.lock().values().cloned().collect();
        for entry in all {
            self.sweep_one(&entry);
        }
    }

    fn sweep_one(&self, entry: &Entry) {
        let is_old = entry.begun.elapsed() >= entry.timeout;
        let mut place = entry.place.lock();
        let reason = match &*place {
            Place::Idle { .. } if entry.backend.end.is_cancelled() => registry::terminated(),
            Place::Idle { .. } if is_old => registry::transaction_timeout(),
            Place::Idle { limit: Some((end, error)), .. } if *end <= Instant::now() => {
                error.clone()
            }
            Place::Idle { since, .. } if since.elapsed() >= entry.idle_timeout => {
                registry::idle_in_transaction_timeout()
            }
            Place::Busy if is_old => {
                // Once it is given back, it is over.
                entry.backend.interrupt(Interrupt::TransactionTimeout);
                return;
            }
            _ => return,
        };
        let ended = std::mem::replace(&mut *place, Place::Gone);
        drop(place);
        self.end(entry, Ended::By(reason));
        drop(ended);
    }

    /// Rolls all back: the server ends.
    pub fn close(&self) {
        let all: Vec<Arc<Entry>> = self.open.lock().drain().map(|(_, entry)| entry).collect();
        for entry in all {
            let ended = std::mem::replace(&mut *entry.place.lock(), Place::Gone);
            drop(ended);
        }
    }
}

impl Ended {
    /// What became of one whose end is asked for, should nothing more be heard of it: what
    /// is not committed is undone with its conversation.
    fn until_told(is_commit: bool) -> Ended {
        match is_commit {
            true => Ended::Unknown,
            false => Ended::RolledBack,
        }
    }

    fn problem(&self) -> Problem {
        match self {
            Ended::Committed => {
                gone(sqlstate::NO_ACTIVE_SQL_TRANSACTION, "the transaction is committed")
            }
            Ended::RolledBack => {
                gone(sqlstate::NO_ACTIVE_SQL_TRANSACTION, "the transaction is rolled back")
            }
            Ended::By(error) => {
                let message = format!("the transaction is rolled back: {}", error.message());
                gone(error.code(), &message)
            }
            Ended::Unknown => gone(
                sqlstate::TRANSACTION_RESOLUTION_UNKNOWN,
                "the outcome of the commit is not known",
            ),
        }
    }

    fn state(&self) -> &'static str {
        match self {
            Ended::Committed => "committed",
            Ended::RolledBack | Ended::By(_) => "rolled back",
            Ended::Unknown => "unknown",
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn owner(principal: &Principal) -> Owner {
    Owner {
        role: principal.role.clone(),
        database: principal.database.clone(),
        scopes: principal.scopes,
        subject: principal.subject(),
    }
}

/// The turn of a request in a transaction. 409 while another request has it.
pub fn take(http: &Http, principal: &Principal, id: &str) -> Result<Turn, Problem> {
    let entry = http.transactions.find(&owner(principal), id)?;
    // One whose time is over is told so, and not run.
    http.transactions.sweep_one(&entry);
    let conversation = {
        let mut place = entry.place.lock();
        match std::mem::replace(&mut *place, Place::Busy) {
            Place::Idle { conversation, .. } => Some(*conversation),
            Place::Busy => None,
            Place::Gone => {
                *place = Place::Gone;
                drop(place);
                return Err(http
                    .transactions
                    .find(&owner(principal), id)
                    .err()
                    .unwrap_or_else(|| unknown(id)));
            }
        }
    };
    match conversation {
        Some(mut conversation) => {
            conversation.serve_request();
            Ok(Turn::of(entry, conversation))
        }
        None => {
            let message = "another request is using the transaction";
            Err(Problem::plain(StatusCode::CONFLICT, sqlstate::OBJECT_IN_USE, message))
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    #[serde(default)]
    isolation: Option<Isolation>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    deferrable: bool,
    /// At most `http_transaction_idle_timeout`.
    #[serde(default)]
    idle_timeout_ms: Option<u64>,
}

/// `POST /api/v1/transactions`: begins one; 201 with its description and a `Location`.
pub async fn begin(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let principal = asker(&http, &parts).await?;
    if idempotency::key(&parts.headers)?.is_some() {
        return Err(failed(Error::unsupported("an Idempotency-Key for a transaction to begin")));
    }
    let asked: Begin = request::json_or_default(&http, body).await?;
    let config = http.front.database.config();
    let most = config.http_max_transactions_per_role;
    let too_many = || {
        let message = format!(
            "role \"{}\" has {most} transactions open (\"http_max_transactions_per_role\")",
            principal.role
        );
        failed(Error::new(sqlstate::TOO_MANY_CONNECTIONS, message))
    };
    let count = |open: &HashMap<String, Arc<Entry>>| {
        open.values().filter(|entry| entry.owner.role == principal.role).count()
    };
    if count(&http.transactions.open.lock()) >= most {
        return Err(too_many());
    }
    let idle_max = config.http_transaction_idle_timeout.duration();
    let idle_timeout = asked.idle_timeout_ms.map_or(idle_max, Duration::from_millis).min(idle_max);
    let Begin { isolation, read_only, deferrable, .. } = asked;
    let modes = Modes { isolation, read_only, deferrable };
    let opened = Conversation::open(&http, &principal, Vec::new()).await;
    let mut conversation = opened.map_err(failed)?;
    conversation.begin(&modes.begin()).await.map_err(failed)?;
    let backend = conversation.session().map_err(failed)?.backend().clone();
    let id = format!("{}-{:032x}", http.transactions.start, rand::random::<u128>());
    let entry = Arc::new(Entry {
        id: id.clone(),
        owner: owner(&principal),
        modes,
        begun: Instant::now(),
        begun_at: chrono::Utc::now().timestamp_millis(),
        idle_timeout,
        timeout: config.http_transaction_timeout.duration(),
        backend,
        place: Mutex::new(Place::Busy),
    });
    entry.give_back(conversation);
    {
        let mut open = http.transactions.open.lock();
        if count(&open) >= most {
            return Err(too_many());
        }
        open.insert(id.clone(), entry.clone());
    }
    if http.stop.is_cancelled() {
        http.transactions.close();
        return Err(Problem::unavailable());
    }
    let mut response = request::answer(StatusCode::CREATED, &entry.describe());
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/transactions/{id}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `POST /api/v1/transactions/{id}/commit`: 200 once it is durable; the problem of a commit
/// that failed, which has rolled it back. One that has ended is told as it ended.
pub async fn commit(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = asker(&http, &parts).await?;
    if let Some(Ended::Committed) = http.transactions.outcome(&owner(&principal), &id) {
        return Ok(told(&id, &Ended::Committed));
    }
    let turn = take(&http, &principal, &id)?;
    // Not given up with its client: it is decided, and the next who asks is told.
    let work = tokio::spawn(finish(http.0.clone(), id.clone(), turn, true));
    match work.await {
        Ok(ended) => ended.map(|ended| told(&id, &ended)),
        Err(error) => {
            tracing::error!(%error, "a commit has panicked");
            Err(Ended::Unknown.problem())
        }
    }
}

/// `POST /api/v1/transactions/{id}/rollback`, `DELETE /api/v1/transactions/{id}`: 200.
pub async fn roll_back(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = asker(&http, &parts).await?;
    let outcome = http.transactions.outcome(&owner(&principal), &id);
    if let Some(ended @ (Ended::RolledBack | Ended::By(_))) = outcome {
        return Ok(told(&id, &ended));
    }
    let turn = take(&http, &principal, &id)?;
    let ended = finish(http.0.clone(), id.clone(), turn, false).await?;
    Ok(told(&id, &ended))
}

async fn finish(
    http: Arc<Http>,
    id: String,
    turn: Turn,
    is_commit: bool,
) -> Result<Ended, Problem> {
    let transactions = &http.transactions;
    let entry = transactions.open.lock().get(&id).cloned().ok_or_else(|| unknown(&id))?;
    let mut conversation =
        turn.into_conversation().ok_or_else(|| failed(Error::internal("no conversation")))?;
    *entry.place.lock() = Place::Gone;
    transactions.end(&entry, Ended::until_told(is_commit));
    let ended = match is_commit {
        true => conversation.commit().await.map(|()| Ended::Committed),
        false => conversation.roll_back().await.map(|()| Ended::RolledBack),
    };
    let outcome = match &ended {
        Ok(ended) => ended.clone(),
        Err(error) if error.code() == sqlstate::TRANSACTION_RESOLUTION_UNKNOWN => Ended::Unknown,
        Err(error) => Ended::By(error.clone()),
    };
    transactions.end(&entry, outcome);
    ended.map_err(failed)
}

fn told(id: &str, ended: &Ended) -> Response {
    request::answer(StatusCode::OK, &json!({"id": id, "state": ended.state()}))
}

/// `GET /api/v1/transactions/{id}`: 200 with its state, also of one that has ended.
pub async fn show(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = asker(&http, &parts).await?;
    let owner = owner(&principal);
    if let Some(ended) = http.transactions.outcome(&owner, &id) {
        return Ok(told(&id, &ended));
    }
    let entry = http.transactions.find(&owner, &id)?;
    Ok(request::answer(StatusCode::OK, &entry.describe()))
}

/// `GET /api/v1/transactions?limit=&after=`: one's own that are open, by id; `next` is the
/// `after` of the next page.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let asked: Page = query(&parts)?;
    let limit = limit_of(asked.limit)?;
    let principal = asker(&http, &parts).await?;
    let owner = owner(&principal);
    let mut own: Vec<Arc<Entry>> = {
        let open = http.transactions.open.lock();
        let after = asked.after.as_deref().unwrap_or_default();
        open.values().filter(|it| it.owner == owner && it.id.as_str() > after).cloned().collect()
    };
    own.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let one_more = own.iter().take(limit as usize + 1);
    let shown: Vec<Value> = one_more.map(|entry| entry.describe()).collect();
    Ok(page("transactions", shown, limit, "id"))
}

#[cfg(test)]
mod tests {
    use super::Ended;

    #[test]
    fn what_is_not_known_is_not_called_a_rollback() {
        assert_eq!(Ended::until_told(true).state(), "unknown");
        assert_eq!(Ended::until_told(false).state(), "rolled back");
    }
}
