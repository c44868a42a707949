//! The change feed, and what it feeds: from the tables of the extension `events`.
//!
//! ```text
//! INSERT … orders ─ noted (`table::outbox`) ─▶ events.change ─commit─▶ record under the
//!                                                        │            commit's timestamp
//!                                                        │ in the order of commits
//!            http::events (SSE, WebSocket)  ◀── Feed ◀───┤
//!            events.changes (SQL)           ◀── Feed ◀───┤
//!            events.webhook ─▶ jobs of the kind http ◀───┤
//!            events.sink ─▶ a broker                 ◀───┘
//! ```
//! A [`Feed`] reads the changes of a table after a [`Position`]; a [`Sight`] leaves of them
//! what a role may see; an [`Event`] is what is sent. Who keeps the position decides what it
//! is worth: after it every change comes once, in order.
//!
//! For each database that has the extension, the engine here ([`start`])
//! - forgets changes that are old enough ([`keep`]),
//! - makes jobs of the changes that webhooks wait for ([`webhook`]),
//! - sends changes to brokers ([`sink`]).
//!
//! Invariants: the order is that of commits, and in one commit that of its statements. A
//! change that is not committed is seen by nobody. What is captured is in a row that the
//! transaction of the change writes, so that it is there exactly if the change is, after a
//! kill, too. A table that nobody watches costs nothing. Readers read in pieces of a bounded
//! number of changes, when they have room for them; nobody pushes.
//!
//! A session with `synchronous_commit = off` is told of before its commit is on the disk: a
//! power cut may take back what readers have seen, and the positions that it had.
//!
//! Not here: changes of a session with `session_replication_role = replica`, which fires no
//! triggers; definitions of tables; children by INHERITS, which are watched by themselves.

mod asked;
mod cloud;
mod feed;
mod keep;
mod position;
mod sight;
mod sink;
pub mod webhook;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::auth::scope::{Scope, Scopes};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::session::Database;
use crate::sql::types::Oid;

pub use cloud::{CONTENT_TYPE, Event};
pub use feed::{Change, Feed, Op};
pub use position::Position;
pub use sight::{Sight, settings as sight_settings};

/// The extension and its schema.
pub const NAME: &str = "events";
/// Where what concerns webhooks and sinks is told.
const CHANNEL: &str = "zserver_events";
/// How often databases are looked through for the extension.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Commits are gathered for so long before they are looked at.
const GATHER: Duration = Duration::from_millis(10);
/// How often webhooks and sinks are looked at of which nobody has told.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// Before what has failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// One database with a feed.
#[derive(Clone)]
struct Site {
    database: Arc<Database>,
    oid: Oid,
    stop: CancellationToken,
}

/// Serves the feeds of all databases until the server stops; `handles` are runtimes for it.
pub fn start(database: Arc<Database>, handles: Vec<Handle>, stop: CancellationToken) {
    // Of several servers in one process, each has its own.
    let _ = database.changes.set(Arc::new(asked::Reader));
    tokio::spawn(supervise(database, handles, stop));
}

/// Sees to it that each database with the extension is served.
async fn supervise(database: Arc<Database>, handles: Vec<Handle>, stop: CancellationToken) {
    let mut served: HashMap<Oid, JoinHandle<()>> = HashMap::new();
    let mut next = 0;
    loop {
        served.retain(|_, task| !task.is_finished());
        let with_feed: Vec<Oid> = {
            let cluster = database.cluster();
            let found = cluster.catalogs().filter(|found| found.extension_named(NAME).is_some());
            found.map(|catalog| catalog.database).collect()
        };
        for oid in with_feed {
            served.entry(oid).or_insert_with(|| {
                let site = Site { database: database.clone(), oid, stop: stop.clone() };
                next += 1;
                match handles.get(next % handles.len().max(1)) {
                    Some(handle) => handle.spawn(site.serve()),
                    None => tokio::spawn(site.serve()),
                }
            });
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

impl Site {
    /// Until the database has no feed any more.
    async fn serve(self) {
        let mut recorded = self.database.watch_recorded();
        let mut told = self.database.channels.watch(self.oid, CHANNEL);
        let mut hooks = webhook::Hooks::default();
        let mut sinks = sink::Sinks::default();
        let (mut keep_at, mut sinks_at) = (Instant::now(), Instant::now());
        while self.name().is_some() && !self.stop.is_cancelled() {
            recorded.borrow_and_update();
            told.borrow_and_update();
            let done = async {
                if Instant::now() >= keep_at {
                    keep::forget(&self).await?;
                    let interval = self.database.config().events_keep_interval.duration();
                    keep_at = Instant::now() + interval.max(GATHER);
                }
                if Instant::now() >= sinks_at {
                    sinks.look(&self).await?;
                    sinks_at = Instant::now() + POLL_INTERVAL;
                }
                hooks.pass(&self).await
            };
            let has_more = match done.await {
                Ok(has_more) => has_more,
                Err(_) if self.name().is_none() => break,
                Err(error) => {
                    tracing::warn!(%error, "the change feed of a database is looked at again");
                    self.pause(PAUSE).await;
                    true
                }
            };
            if has_more {
                continue;
            }
            let wait = keep_at.saturating_duration_since(Instant::now()).min(POLL_INTERVAL);
            tokio::select! {
                () = self.stop.cancelled() => break,
                _ = told.changed() => sinks_at = Instant::now(),
                // Nobody waits for commits where there are no webhooks.
                _ = recorded.changed(), if hooks.has_any() => self.pause(GATHER).await,
                () = tokio::time::sleep(wait) => {}
            }
        }
        sinks.stop();
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    /// The name of the database, if it still has the extension.
    fn name(&self) -> Option<String> {
        let catalog = self.database.catalog_of(self.oid)?;
        catalog.extension_named(NAME)?;
        catalog.database(self.oid).map(|found| found.name.to_string())
    }

    /// The name of a role, if it is still there.
    fn role(&self, oid: Oid) -> Option<String> {
        self.database.shared_catalog().role(oid).map(|role| role.name.to_string())
    }

    /// A conversation of the server's own.
    async fn desk(&self) -> Result<Conversation> {
        let settings = vec![("application_name".to_owned(), NAME.to_owned())];
        Conversation::of_server(&self.database, &self.present_name()?, settings).await
    }

    /// A conversation of a role that looks at changes.
    async fn reader(&self, role: &str) -> Result<Conversation> {
        let scopes = Scopes::all().without(Scope::Admin);
        let name = self.present_name()?;
        Conversation::of_role(&self.database, role, &name, scopes, sight_settings()).await
    }

    fn present_name(&self) -> Result<String> {
        self.name().ok_or_else(|| Error::internal("a database without a change feed"))
    }
}
