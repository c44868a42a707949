//! Webhooks: changes become jobs, jobs become signed requests.
//!
//! For each row of `events.webhook` the changes after its place that its role sees, and
//! whose kind it asks for, become jobs of the kind `http` in the queue `webhook:` and its
//! id; in the same transaction the place moves, so that each change becomes one job. What
//! follows is the job engine's: several at a time, hence in no strict order, retries with
//! growing pauses, where they may go, and the jobs that are `discarded` in the end, which
//! `jobs.retry` sends again.
//!
//! A request is signed when it is sent ([`Signer`]), as Standard Webhooks 1 asks for, with
//! each secret that is valid then. Its `webhook-id` is the event's id: the same in each
//! attempt. `410 Gone` pauses the webhook.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{CONTENT_TYPE, Event, Feed, Position, Sight, Site, feed};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::types::Oid;
use crate::sqlstate;

/// Larger events go without their rows: a job holds a mebibyte.
pub(super) const EVENT_BYTES_MAX: usize = 900_000;
/// Pieces of one webhook before the next one's turn.
const PIECES: usize = 8;
/// How often a place is stored that has moved over other tables' changes alone.
const STORE_INTERVAL: Duration = Duration::from_secs(30);

const HOOKS: &str = "SELECT w.id, w.role::oid AS role, w.source, w.ops, w.at_commit, w.at_n, w.started_by FROM events.webhook w WHERE NOT w.is_paused ORDER BY w.id";
const BEGIN_AT: &str = "UPDATE events.webhook SET at_commit = $2::bigint, at_n = $3::bigint WHERE id = $1::bigint AND at_commit IS NULL";
const MOVE: &str = "UPDATE events.webhook SET at_commit = $2::bigint, at_n = $3::bigint \
    WHERE id = $1::bigint AND at_commit = $4::bigint AND at_n = $5::bigint RETURNING id";
const PAUSE: &str =
    "UPDATE events.webhook SET is_paused = true, error = $2::text WHERE id = $1::bigint";
const WAITING: &str = "SELECT count(*) AS count FROM jobs.job WHERE queue = 'webhook:' || $1::text AND state IN ('available', 'running', 'retryable')";
const ENQUEUE: &str = "INSERT INTO jobs.job (queue, kind, payload, role, max_attempts, backoff) \
    SELECT 'webhook:' || w.id, 'http', j.value, w.role, w.max_attempts, interval '5 seconds' \
    FROM events.webhook w, jsonb_array_elements($2::jsonb) WITH ORDINALITY AS j (value, number) WHERE w.id = $1::bigint ORDER BY j.number";
const TELL: &str = "SELECT pg_notify('jobs', 'available')";
const SIGNER: &str = "SELECT w.url, w.secret, CASE WHEN w.previous_until > clock_timestamp() THEN w.previous_secret END AS previous \
    FROM events.webhook w WHERE w.id = $1::bigint AND w.role::oid = $2::oid";

/// The webhooks of a database, between two looks at them.
#[derive(Default)]
pub(super) struct Hooks {
    /// The places that are stored, how far the webhooks have really come, and when that was
    /// stored.
    places: HashMap<i64, (Position, Position, Instant)>,
    has_any: bool,
}

/// A row of `events.webhook`.
struct Hook {
    id: i64,
    role: Oid,
    source: Oid,
    ops: Vec<String>,
    at: Option<Position>,
    started_by: u64,
}

impl Hook {
    fn of(row: &Value) -> Option<Hook> {
        let commit = row["at_commit"].as_u64();
        Some(Hook {
            id: row["id"].as_i64()?,
            role: oid_of(&row["role"])?,
            source: oid_of(&row["source"])?,
            ops: serde_json::from_value(row["ops"].clone()).ok()?,
            at: commit.zip(row["at_n"].as_u64()).map(|(commit, n)| Position { commit, n }),
            started_by: row["started_by"].as_u64()?,
        })
    }
}

/// An OID as rows show it: a number, or its text.
pub(super) fn oid_of(value: &Value) -> Option<Oid> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    Oid::try_from(number).ok()
}

impl Hooks {
    pub(super) fn has_any(&self) -> bool {
        self.has_any
    }

    /// Makes jobs of what has come; whether there is more.
    pub(super) async fn pass(&mut self, site: &Site) -> Result<bool> {
        let mut desk = site.desk().await?;
        let rows = desk.rows(HOOKS, &[]).await?;
        let hooks: Vec<Hook> = rows.iter().filter_map(Hook::of).collect();
        self.has_any = !hooks.is_empty();
        self.places.retain(|id, _| hooks.iter().any(|hook| hook.id == *id));
        let mut has_more = false;
        for hook in hooks {
            match self.serve(site, &mut desk, &hook).await {
                Ok(more) => has_more |= more,
                Err(error) if is_final(&error) => {
                    let reason = error.report().message.clone();
                    tracing::warn!(webhook = hook.id, %reason, "a webhook is paused");
                    desk = site.desk().await?;
                    desk.rows(PAUSE, &[json!(hook.id), json!(reason)]).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(has_more)
    }

    async fn serve(&mut self, site: &Site, desk: &mut Conversation, hook: &Hook) -> Result<bool> {
        let stored = match hook.at {
            Some(at) => at,
            None => begin(site, desk, hook).await?,
        };
        let (known, at, since) =
            self.places.get(&hook.id).copied().unwrap_or((stored, stored, Instant::now()));
        // Somebody has moved it.
        let at = if known == stored { at } else { stored };
        let mut place = Place { stored, since, id: hook.id };
        let mut feed = Feed::after(site.database.clone(), site.oid, hook.source, at);
        let mut has_more = false;
        for _ in 0..PIECES {
            has_more = feed.has_more()?;
            if !has_more || is_full(site, desk, hook.id).await? {
                break;
            }
            let changes = feed.read(desk).await?;
            if !changes.is_empty() {
                let events = seen(site, hook, changes).await?;
                let jobs = jobs(hook, &events);
                if !jobs.is_empty() {
                    place.store(desk, feed.position(), jobs).await?;
                }
            }
        }
        if feed.position() != place.stored && place.since.elapsed() >= STORE_INTERVAL {
            place.store(desk, feed.position(), Vec::new()).await?;
        }
        self.places.insert(hook.id, (place.stored, feed.position(), place.since));
        // A full queue is looked at again when the next look is due.
        Ok(has_more && !is_full(site, desk, hook.id).await?)
    }
}

/// Errors by which a webhook cannot go on.
fn is_final(error: &Error) -> bool {
    let code = error.code();
    code == sqlstate::INSUFFICIENT_PRIVILEGE
        || code == sqlstate::UNDEFINED_TABLE
        || code == sqlstate::UNDEFINED_FILE
        || code == sqlstate::UNDEFINED_OBJECT
}

/// The place where a new webhook begins: after the commit that has made it.
async fn begin(site: &Site, desk: &mut Conversation, hook: &Hook) -> Result<Position> {
    let at = feed::position_of(&site.database, site.oid, hook.started_by)?.ok_or_else(|| {
        let message = "the commit that made the webhook is not kept any more";
        Error::new(sqlstate::UNDEFINED_FILE, message)
    })?;
    desk.rows(BEGIN_AT, &[json!(hook.id), json!(at.commit), json!(at.n)]).await?;
    Ok(at)
}

/// Whether as many of its jobs wait as may.
async fn is_full(site: &Site, desk: &mut Conversation, id: i64) -> Result<bool> {
    let rows = desk.rows(WAITING, &[json!(id.to_string())]).await?;
    let waiting = rows.first().and_then(|row| row["count"].as_u64()).unwrap_or(0);
    Ok(waiting >= site.database.config().events_webhook_backlog as u64)
}

/// The events that the webhook's role sees.
async fn seen(site: &Site, hook: &Hook, changes: Vec<feed::Change>) -> Result<Vec<Event>> {
    let role = site.role(hook.role).ok_or_else(|| {
        Error::new(sqlstate::UNDEFINED_OBJECT, "the webhook's role does not exist any more")
    })?;
    let mut reader = site.reader(&role).await?;
    let sight = Sight::of(&mut reader, hook.source).await?;
    let name = site.name().unwrap_or_default();
    let changes = sight.see(&mut reader, changes).await?;
    Ok(changes.into_iter().map(|change| Event::of(&name, &sight, change)).collect())
}

/// The payloads of jobs.
fn jobs(hook: &Hook, events: &[Event]) -> Vec<Value> {
    let wanted = events.iter().filter(|event| hook.ops.iter().any(|op| op == event.op.as_str()));
    let payload = |event: &Event| {
        let mut body = event.body.to_string();
        if body.len() > EVENT_BYTES_MAX {
            body = event.without_rows().body.to_string();
        }
        let webhook = json!({"endpoint": hook.id, "id": event.position.to_string()});
        json!({"webhook": webhook, "body": body})
    };
    wanted.map(payload).collect()
}

/// The stored place of a webhook.
struct Place {
    id: i64,
    stored: Position,
    since: Instant,
}

impl Place {
    /// Moves it, with jobs made in the same transaction.
    async fn store(
        &mut self,
        desk: &mut Conversation,
        to: Position,
        jobs: Vec<Value>,
    ) -> Result<()> {
        desk.begin("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        let Position { commit, n } = self.stored;
        let values = [json!(self.id), json!(to.commit), json!(to.n), json!(commit), json!(n)];
        if desk.rows(MOVE, &values).await?.is_empty() {
            // It was moved or removed meanwhile.
            desk.roll_back().await?;
            return Err(Error::serialization_failure("the place of a webhook was moved"));
        }
        if !jobs.is_empty() {
            let jobs = Value::Array(jobs).to_string();
            desk.rows(ENQUEUE, &[json!(self.id), json!(jobs)]).await?;
            desk.rows(TELL, &[]).await?;
        }
        desk.commit().await?;
        (self.stored, self.since) = (to, Instant::now());
        Ok(())
    }
}

/// What a job says of the webhook that it is of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    pub endpoint: i64,
    /// The event's id.
    pub id: String,
}

/// Where a delivery goes, and the secrets that sign it.
pub struct Signer {
    pub url: String,
    id: String,
    secrets: Vec<String>,
}

impl Signer {
    /// The one of a role's webhook; none if the role has no such webhook.
    pub async fn of(
        desk: &mut Conversation,
        delivery: &Delivery,
        role: Oid,
    ) -> Result<Option<Signer>> {
        let rows = desk.rows(SIGNER, &[json!(delivery.endpoint), json!(role)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let secrets = [text("secret"), text("previous")].into_iter().flatten().collect();
        let url = text("url").unwrap_or_default();
        Ok(Some(Signer { url, id: delivery.id.clone(), secrets }))
    }

    /// The headers of a request that is sent at a time, in seconds since 1970.
    pub fn headers(&self, body: &[u8], at: u64) -> [(&'static str, String); 4] {
        let signatures: Vec<String> = self
            .secrets
            .iter()
            .filter_map(|secret| signature(secret, &self.id, at, body))
            .map(|signature| format!("v1,{signature}"))
            .collect();
        [
            ("content-type", CONTENT_TYPE.to_owned()),
            ("webhook-id", self.id.clone()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ]
    }
}

/// HMAC-SHA256 of the id, the time and the body; none of a secret that is none.
pub fn signature(secret: &str, id: &str, at: u64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

/// The receiver wants no more.
pub async fn pause_gone(desk: &mut Conversation, endpoint: i64) -> Result<()> {
    desk.rows(PAUSE, &[json!(endpoint), json!("the receiver has answered 410 Gone")]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        // The example of the specification.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(found.as_deref(), Some("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature("MfKQ9r8G", "a", 1, b""), None);
        assert_eq!(signature("whsec_*", "a", 1, b""), None);
    }

    #[test]
    fn each_secret_signs() {
        let secrets = vec!["whsec_AAAA".to_owned(), "whsec_BBBB".to_owned()];
        let signer = Signer { url: String::new(), id: "1-2".to_owned(), secrets };
        let [_, id, at, signed] = signer.headers(b"{}", 7);
        assert_eq!((id.1.as_str(), at.1.as_str()), ("1-2", "7"));
        let parts: Vec<&str> = signed.1.split(' ').collect();
        assert!(parts.len() == 2 && parts.iter().all(|part| part.starts_with("v1,")));
        assert_ne!(parts[0], parts[1]);
    }
}
