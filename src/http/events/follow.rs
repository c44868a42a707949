//! Follows the changes of one table, as who asks.
//!
//! A follower holds no session while it waits: it is woken by commits that were recorded,
//! and each time opens sessions from the pool, one of the server's for the changes and one
//! of the role's for what it may see of them. Not more than [`READS_MAX`] read at a time.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::{EXTENSION, interval};
use crate::error::Error;
use crate::events::{Event, Feed, Position, Sight, sight_settings};
use crate::http::Http;
use crate::http::conversation::Conversation;
use crate::http::extension;
use crate::http::principal::Principal;
use crate::http::problem::Problem;
use crate::sql::types::Oid;
use crate::sqlstate;

/// Followers that read at the same time; the others wait for their turn.
const READS_MAX: usize = 8;
static READS: Semaphore = Semaphore::const_new(READS_MAX);

const TABLE: &str = "SELECT c.oid, events.is_watched(c.oid) AS is_watched FROM pg_catalog.pg_class c WHERE c.oid = to_regclass($1)";

/// Where a follower begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what is committed from now on.
    Now,
    After(Position),
}

/// What a follower has found.
pub enum Found {
    Events(Vec<Event>),
    /// Nothing for a while, up to here.
    Nothing(Position),
}

pub struct Follower {
    http: Arc<Http>,
    principal: Arc<Principal>,
    source: Oid,
    feed: Feed,
    recorded: watch::Receiver<()>,
}

impl Follower {
    /// Of a table by its name, as `to_regclass` reads it. 404 where there is none, 403 for
    /// one of which the role may see nothing, 409 (`55000`) for one that is not watched.
    pub async fn open(
        http: &Arc<Http>,
        principal: Arc<Principal>,
        table: &str,
        start: Start,
    ) -> Result<Follower, Problem> {
        let database = http.front.database.clone();
        let recorded = database.watch_recorded();
        let of = database.shared_catalog().database_named(&principal.database).map(|of| of.oid);
        let database_oid = of.ok_or_else(|| {
            let message = format!("database \"{}\" does not exist", principal.database);
            failed(Error::new(sqlstate::INVALID_CATALOG_NAME, message))
        })?;
        // Before the table is looked at: what is committed after the answer is in the feed.
        let now = Position::after_commit(database.newest_commit());
        let source = find(http, &principal, table).await?;
        let at = match start {
            Start::Now => now,
            Start::After(position) => position,
        };
        let feed = Feed::after(database, database_oid, source, at);
        let mut follower = Follower { http: http.clone(), principal, source, feed, recorded };
        // What cannot be read is refused before anything is answered.
        follower.check().await?;
        Ok(follower)
    }

    pub fn position(&self) -> Position {
        self.feed.position()
    }

    /// The next events, or after a while that there are none; waits for either. Dropping
    /// the future cancels what it asks; the follower is then where it was.
    pub async fn next(&mut self) -> Result<Found, Problem> {
        let heartbeat = self.http.front.database.config().events_heartbeat.duration();
        let until = Instant::now() + interval(heartbeat);
        loop {
            self.recorded.borrow_and_update();
            if self.feed.has_more().map_err(failed)? {
                let events = self.read(false).await?;
                match events.is_empty() {
                    false => return Ok(Found::Events(events)),
                    true if Instant::now() >= until => {
                        return Ok(Found::Nothing(self.position()));
                    }
                    // Other tables' changes were passed over.
                    true => continue,
                }
            }
            tokio::select! {
                _ = self.recorded.changed() => {}
                () = tokio::time::sleep_until(until) => {
                    return Ok(Found::Nothing(self.position()));
                }
            }
        }
    }

    /// Whether the role may see the table, and the position is still kept.
    async fn check(&mut self) -> Result<(), Problem> {
        let before = self.feed.clone();
        self.read(true).await?;
        self.feed = before;
        Ok(())
    }

    /// The next piece. `always`: looks at what the role may see even if nothing has come.
    async fn read(&mut self, always: bool) -> Result<Vec<Event>, Problem> {
        let _turn = READS.acquire().await.map_err(|_| Problem::unavailable())?;
        let opened = Conversation::open(&self.http, &self.principal, sight_settings()).await;
        let mut reader = opened.map_err(failed)?;
        let leash = reader.leash().map_err(failed)?;
        let (http, principal) = (self.http.clone(), self.principal.clone());
        let (mut feed, source) = (self.feed.clone(), self.source);
        let work = async move {
            let server = Principal::server(&http, &principal.database, principal.ends);
            let server = server.map_err(failed)?;
            let mut desk = Conversation::open(&http, &server, Vec::new()).await.map_err(failed)?;
            let changes = feed.read(&mut desk).await.map_err(failed)?;
            drop(desk);
            if changes.is_empty() && !always {
                return Ok((feed, Vec::new()));
            }
            let sight = Sight::of(&mut reader, source).await.map_err(failed)?;
            let changes = sight.see(&mut reader, changes).await.map_err(failed)?;
            let event = |change| Event::of(&principal.database, &sight, change);
            Ok::<(Feed, Vec<Event>), Problem>((feed, changes.into_iter().map(event).collect()))
        };
        let (feed, events) = leash.run(work).await?;
        self.feed = feed;
        Ok(events)
    }
}

/// The table of a name, which has to be watched.
async fn find(http: &Arc<Http>, principal: &Arc<Principal>, table: &str) -> Result<Oid, Problem> {
    let opened = Conversation::open(http, principal, Vec::new()).await;
    let mut conversation = opened.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    let (http, principal, name) = (http.clone(), principal.clone(), table.to_owned());
    let work = async move {
        let ready = extension::ensure(&http, &principal, &mut conversation, EXTENSION).await;
        ready.map_err(failed)?;
        conversation.rows(TABLE, &[json!(name)]).await.map_err(failed)
    };
    let rows = leash.run(work).await?;
    let row = rows.into_iter().next().unwrap_or(Value::Null);
    let oid = row["oid"].as_u64().or_else(|| row["oid"].as_str()?.parse().ok());
    let Some(oid) = oid.and_then(|oid| Oid::try_from(oid).ok()) else {
        let message = format!("relation \"{table}\" does not exist");
        return Err(failed(Error::new(sqlstate::UNDEFINED_TABLE, message)));
    };
    if row["is_watched"] != true {
        let message = format!("table \"{table}\" is not watched");
        let error = Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message);
        return Err(failed(error.with_hint("SELECT events.watch(…) watches a table.")));
    }
    Ok(oid)
}

fn failed(error: Error) -> Problem {
    let is_lost = error.code() == sqlstate::UNDEFINED_FILE;
    let problem = Problem::of(&error, "");
    match is_lost {
        // Asking again does not help.
        true => problem.with_status(axum::http::StatusCode::GONE),
        false => problem,
    }
}

/// Whether a role may enter its database.
pub(super) async fn may_enter(http: &Arc<Http>, principal: &Principal) -> Result<(), Problem> {
    Conversation::open(http, principal, Vec::new()).await.map(drop).map_err(failed)
}
