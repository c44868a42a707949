//! Sinks: changes sent to a broker, in order, each at least once.
//!
//! A task for each row of `events.sink` reads the changes after its place, sends them
//! ([`Sink::send`]), and moves the place behind those that the broker has said that it has.
//! What fails is tried again, after a pause that doubles up to `events_sink_retry_max`; the
//! row tells of it in `error`, `failing_since` and `failed_at`, the log as well. A kill
//! between the two sends some again: each event has its id, by which a receiver tells.
//!
//! ```text
//! at 70-3 ─ read 70-4 71-1 72-1 ─ send ─ taken: 70-4 71-1, 72-1 refused ─ at 71-1, error
//!         ─ pause ─ read 72-1 ─ send ─ taken ─ at 73-0, no error
//! ```
//! An event that is larger than brokers commonly take ([`EVENT_BYTES_MAX`]) goes without
//! its rows, as to webhooks. A sink that is removed, paused or changed ends at once.
//!
//! Brokers are cargo features. A sink of one that is not built in says so in its `error`.

#[cfg(feature = "amqp")]
mod amqp;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "redis")]
mod redis;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::cloud::event_type;
use super::webhook::{EVENT_BYTES_MAX, oid_of};
use super::{Event, Feed, GATHER, Position, Sight, Site, feed};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::types::Oid;
use crate::sqlstate;

/// How long a broker may take to connect, and to take one piece.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Before what has failed is tried again, at first.
const RETRY: Duration = Duration::from_millis(250);
/// How often a place is stored that has moved over other tables' changes alone.
const STORE_INTERVAL: Duration = Duration::from_secs(30);

const SINKS: &str = "SELECT s.name, s.id::text AS id, s.kind, s.url, s.target, s.source, s.role::oid AS role, s.started_by FROM events.sink s WHERE NOT s.is_paused";
const PLACE: &str = "SELECT s.at_commit, s.at_n FROM events.sink s WHERE s.name = $1";
const MOVE: &str = "UPDATE events.sink SET at_commit = $2::bigint, at_n = $3::bigint, error = NULL, failing_since = NULL, failed_at = NULL \
    WHERE name = $1 RETURNING name";
const FAIL: &str = "UPDATE events.sink SET error = $2::text, failing_since = coalesce(failing_since, clock_timestamp()), failed_at = clock_timestamp() \
    WHERE name = $1";

/// An event as brokers get it.
#[cfg_attr(
    not(any(feature = "amqp", feature = "kafka", feature = "nats", feature = "redis")),
    allow(dead_code, reason = "brokers are features")
)]
struct Message {
    /// Its position.
    id: String,
    kind: String,
    body: String,
}

impl Message {
    fn of(event: &Event) -> Message {
        let mut body = event.body.to_string();
        if body.len() > EVENT_BYTES_MAX {
            body = event.without_rows().body.to_string();
        }
        Message { id: event.position.to_string(), kind: event_type(event.op), body }
    }
}

/// Why events were not taken, but for the first few of them.
struct Failure {
    taken: usize,
    why: String,
}

impl Failure {
    fn of_all(why: String) -> Failure {
        Failure { taken: 0, why }
    }
}

/// Where events go.
#[async_trait]
trait Sink: Send + Sync {
    /// Sends events in their order; done when the broker has answered for all of them.
    async fn send(&mut self, messages: &[Message]) -> std::result::Result<(), Failure>;
}

/// A row of `events.sink`, without its place.
#[derive(Clone, Debug, PartialEq)]
struct Spec {
    name: String,
    /// No other sink's, on no server.
    id: String,
    kind: String,
    url: String,
    target: String,
    source: Oid,
    role: Oid,
    started_by: u64,
}

impl Spec {
    fn of(row: &Value) -> Option<Spec> {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        Some(Spec {
            name: text("name")?,
            id: text("id")?,
            kind: text("kind")?,
            url: text("url")?,
            target: text("target")?,
            source: oid_of(&row["source"])?,
            role: oid_of(&row["role"])?,
            started_by: row["started_by"].as_u64()?,
        })
    }

    #[allow(clippy::match_single_binding, reason = "brokers are features")]
    async fn connect(&self) -> std::result::Result<Box<dyn Sink>, String> {
        match self.kind.as_str() {
            #[cfg(feature = "amqp")]
            "amqp" => amqp::connect(&self.url, &self.target).await,
            #[cfg(feature = "kafka")]
            "kafka" => kafka::connect(&self.url, &self.target).await,
            #[cfg(feature = "nats")]
            "nats" => nats::connect(&self.url, &self.target, &self.id).await,
            #[cfg(feature = "redis")]
            "redis" => redis::connect(&self.url, &self.target).await,
            kind => Err(format!("this server is built without the feature \"{kind}\"")),
        }
    }
}

/// The sinks of a database that run.
#[derive(Default)]
pub(super) struct Sinks {
    running: HashMap<String, (Spec, CancellationToken)>,
}

impl Sinks {
    /// Starts and stops sinks as the table says.
    pub(super) async fn look(&mut self, site: &Site) -> Result<()> {
        let rows = site.desk().await?.rows(SINKS, &[]).await?;
        let specs: HashMap<String, Spec> =
            rows.iter().filter_map(Spec::of).map(|spec| (spec.name.clone(), spec)).collect();
        self.running.retain(|name, (spec, stop)| {
            let stays = specs.get(name) == Some(&*spec) && !stop.is_cancelled();
            if !stays {
                stop.cancel();
            }
            stays
        });
        for (name, spec) in specs {
            self.running.entry(name).or_insert_with(|| {
                let stop = site.stop.child_token();
                let site = Site { stop: stop.clone(), ..site.clone() };
                tokio::spawn(Runner::new(site, spec.clone()).run());
                (spec, stop)
            });
        }
        Ok(())
    }

    pub(super) fn stop(&mut self) {
        self.running.drain().for_each(|(_, (_, stop))| stop.cancel());
    }
}

/// Serves one sink.
struct Runner {
    site: Site,
    spec: Spec,
    sink: Option<Box<dyn Sink>>,
    stored: Option<Position>,
    stored_at: Instant,
    /// The row tells of an error.
    has_failed: bool,
}

impl Runner {
    fn new(site: Site, spec: Spec) -> Runner {
        let stored_at = Instant::now();
        Runner { site, spec, sink: None, stored: None, stored_at, has_failed: false }
    }

    async fn run(mut self) {
        let mut recorded = self.site.database.watch_recorded();
        let mut pause = RETRY;
        let mut feed = None;
        while !self.site.stop.is_cancelled() && self.site.name().is_some() {
            recorded.borrow_and_update();
            let stop = self.site.stop.clone();
            let done = tokio::select! {
                () = stop.cancelled() => break,
                done = self.step(&mut feed) => done,
            };
            match done {
                Ok(true) => pause = RETRY,
                Ok(false) => {
                    pause = RETRY;
                    tokio::select! {
                        () = stop.cancelled() => break,
                        _ = recorded.changed() => self.site.pause(GATHER).await,
                        () = tokio::time::sleep(STORE_INTERVAL) => {}
                    }
                }
                Err(error) => {
                    let message = error.report().message.clone();
                    tracing::warn!(sink = self.spec.name, %message, "a sink has failed");
                    // From the place that is stored, on a new connection.
                    (self.sink, feed, self.has_failed) = (None, None, true);
                    let _ = self.tell(&message).await;
                    self.site.pause(pause).await;
                    let most = self.site.database.config().events_sink_retry_max.duration();
                    pause = (pause * 2).min(most.max(RETRY));
                }
            }
        }
        // Another one may be started in its place.
        self.site.stop.cancel();
    }

    async fn tell(&self, message: &str) -> Result<()> {
        let values = [json!(self.spec.name), json!(message)];
        self.site.desk().await?.rows(FAIL, &values).await.map(drop)
    }

    /// Sends the next piece; whether there may be more.
    async fn step(&mut self, feed: &mut Option<Feed>) -> Result<bool> {
        let feed = match feed {
            Some(feed) => feed,
            none => none.insert(self.open().await?),
        };
        if self.sink.is_none() {
            // Before there is something to send, so that who makes a sink is told early.
            self.sink = Some(self.connect().await.map_err(unreachable)?);
        }
        if !feed.has_more()? {
            let is_due = self.stored_at.elapsed() >= STORE_INTERVAL;
            if self.has_failed || (is_due && self.stored != Some(feed.position())) {
                let mut desk = self.site.desk().await?;
                self.store(&mut desk, feed.position()).await?;
            }
            return Ok(false);
        }
        let mut desk = self.site.desk().await?;
        let changes = feed.read(&mut desk).await?;
        if changes.is_empty() {
            return Ok(true);
        }
        let events = self.events(changes).await?;
        if let Err(Failure { taken, why }) = self.send(&events).await {
            // What is behind them is not sent again.
            if let Some(last) = taken.checked_sub(1).and_then(|last| events.get(last)) {
                self.store(&mut desk, last.position).await?;
            }
            return Err(unreachable(why));
        }
        self.store(&mut desk, feed.position()).await?;
        Ok(true)
    }

    async fn connect(&self) -> std::result::Result<Box<dyn Sink>, String> {
        let connected = tokio::time::timeout(TIMEOUT, self.spec.connect()).await;
        connected.unwrap_or_else(|_| Err(late()))
    }

    async fn send(&mut self, events: &[Event]) -> std::result::Result<(), Failure> {
        let Some(sink) = self.sink.as_mut().filter(|_| !events.is_empty()) else { return Ok(()) };
        let messages: Vec<Message> = events.iter().map(Message::of).collect();
        let sent = tokio::time::timeout(TIMEOUT, sink.send(&messages)).await;
        sent.unwrap_or_else(|_| Err(Failure::of_all(late())))
    }

    async fn events(&self, changes: Vec<feed::Change>) -> Result<Vec<Event>> {
        let role = self.site.role(self.spec.role).ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_OBJECT, "the sink's role does not exist any more")
        })?;
        let mut reader = self.site.reader(&role).await?;
        let sight = Sight::of(&mut reader, self.spec.source).await?;
        let name = self.site.name().unwrap_or_default();
        let changes = sight.see(&mut reader, changes).await?;
        Ok(changes.into_iter().map(|change| Event::of(&name, &sight, change)).collect())
    }

    /// The changes after the place that is stored.
    async fn open(&mut self) -> Result<Feed> {
        let (database, oid) = (self.site.database.clone(), self.site.oid);
        let mut desk = self.site.desk().await?;
        let rows = desk.rows(PLACE, &[json!(self.spec.name)]).await?;
        let number = |name: &str| rows.first().and_then(|row| row[name].as_u64());
        let at = match number("at_commit").zip(number("at_n")) {
            Some((commit, n)) => Position { commit, n },
            None => {
                let found = feed::position_of(&database, oid, self.spec.started_by)?;
                let at = found.ok_or_else(|| {
                    let message = "the commit that made the sink is not kept any more";
                    Error::new(sqlstate::UNDEFINED_FILE, message)
                })?;
                self.store(&mut desk, at).await?;
                at
            }
        };
        self.stored = Some(at);
        Ok(Feed::after(database, oid, self.spec.source, at))
    }

    async fn store(&mut self, desk: &mut Conversation, at: Position) -> Result<()> {
        let values = [json!(self.spec.name), json!(at.commit), json!(at.n)];
        if desk.rows(MOVE, &values).await?.is_empty() {
            // It was removed.
            self.site.stop.cancel();
        }
        if std::mem::take(&mut self.has_failed) {
            tracing::info!(sink = self.spec.name, "a sink works again");
        }
        (self.stored, self.stored_at) = (Some(at), Instant::now());
        Ok(())
    }
}

fn late() -> String {
    "the broker did not answer in time".to_owned()
}

/// `08006`.
fn unreachable(message: String) -> Error {
    Error::new(sqlstate::CONNECTION_FAILURE, message)
}
