//! `Idempotency-Key`: what a request does is done once, however often it is sent.
//!
//! ```text
//! POST, key K, body B      runs; 200 and its answer is stored
//! POST, key K, body B      the stored answer, with Idempotency-Replayed: true
//! POST, key K, body C      422: the key was used for something else
//! POST, key K              409 while the first one still runs
//! ```
//! The answer is stored by the transaction that it tells of, in `http.idempotency_keys`
//! (extension `http`): after a crash both are there or neither is. A request that failed has
//! done nothing, so nothing is stored: it may be sent again. A key is one role's (of those who
//! come by a foreign token, one subject's), in one database, for `http_idempotency_expiry`;
//! what has expired is removed each minute.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::json;

use super::conversation::Conversation;
use super::params::bytea;
use super::principal::Principal;
use super::problem::Problem;
use super::{Http, extension};
use crate::error::{Error, Result};
use crate::sql::types::Datum;
use crate::sqlstate;

pub const HEADER: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";
const EXTENSION: &str = "http";

/// Bytes of a key.
const KEY_BYTES_MAX: usize = 255;

/// From one removal of what has expired to the next, in a database.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

const FIND: &str = "SELECT fingerprint, status, content_type, answer \
    FROM http.idempotency_keys WHERE role = $1 AND subject = $2 AND key = $3 AND expires > now()";
const STORE: &str = "INSERT INTO http.idempotency_keys \
    (role, subject, key, fingerprint, status, content_type, answer, expires) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)) \
    ON CONFLICT (role, subject, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
    status = excluded.status, content_type = excluded.content_type, \
    answer = excluded.answer, created = excluded.created, expires = excluded.expires";
const SWEEP: &str = "DELETE FROM http.idempotency_keys WHERE expires <= now()";

/// Whose a key is, and the key.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Claimed {
    role: String,
    /// Of a foreign token; empty for those who are their role.
    subject: String,
    database: String,
    key: String,
}

/// Keys of requests that run.
#[derive(Default)]
pub struct Keys {
    running: Mutex<HashSet<Claimed>>,
    /// Databases that have keys, and when those that have expired were removed.
    swept: Mutex<HashMap<String, Instant>>,
}

/// A key that a request holds, until it is dropped.
pub struct Keep {
    keys: Arc<Keys>,
    claimed: Claimed,
    fingerprint: blake3::Hash,
    content_type: &'static str,
    bytes_max: usize,
    expiry_seconds: u64,
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.keys.running.lock().remove(&self.claimed);
    }
}

/// The key that a request names. 400 for one that cannot be a key.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    // The draft's form is a quoted string; most send it plain.
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let text = quoted.unwrap_or(text);
    if text.is_empty() || text.len() > KEY_BYTES_MAX {
        let message = format!("an Idempotency-Key is 1 to {KEY_BYTES_MAX} printable characters");
        return Err(Problem::bad_request(&message));
    }
    Ok(Some(text.to_owned()))
}

/// Sees to it that there is a place for keys.
pub async fn prepare(
    http: &Http,
    principal: &Principal,
    conversation: &mut Conversation,
) -> Result<(), Problem> {
    let made = extension::ensure(http, principal, conversation, EXTENSION).await;
    made.map_err(|error| Problem::of(&error, ""))?;
    http.keys.swept.lock().entry(principal.database.clone()).or_insert_with(Instant::now);
    Ok(())
}

impl Keep {
    /// Takes a key for a request. 409 if another one holds it.
    pub fn claim(
        http: &Http,
        parts: &Parts,
        content_type: &'static str,
        body: &[u8],
        principal: &Principal,
        key: String,
    ) -> Result<Keep, Problem> {
        let mut hasher = blake3::Hasher::new();
        for part in [parts.method.as_str(), parts.uri.path(), content_type] {
            hasher.update(part.as_bytes()).update(&[0]);
        }
        let fingerprint = hasher.update(body).finalize();
        let claimed = Claimed {
            role: principal.role.clone(),
            subject: principal.subject(),
            database: principal.database.clone(),
            key,
        };
        if !http.keys.running.lock().insert(claimed.clone()) {
            let message = "a request with this Idempotency-Key is still running";
            return Err(Problem::plain(StatusCode::CONFLICT, sqlstate::OBJECT_IN_USE, message));
        }
        let config = http.front.database.config();
        Ok(Keep {
            keys: http.keys.clone(),
            claimed,
            fingerprint,
            content_type,
            bytes_max: config.http_idempotency_max_answer.get(),
            expiry_seconds: config.http_idempotency_expiry.0,
        })
    }

    /// What was answered before. 422 if it was an answer to something else.
    pub async fn known(
        &self,
        conversation: &mut Conversation,
    ) -> Result<Option<Response>, Problem> {
        let Claimed { role, subject, key, .. } = &self.claimed;
        let values = [json!(role), json!(subject), json!(key)];
        let found = conversation.datums(FIND, &values, 1).await;
        let (mut rows, _) = found.map_err(|error| Problem::of(&error, ""))?;
        let Some(row) = rows.pop() else { return Ok(None) };
        let [
            Datum::Bytea(fingerprint),
            Datum::Int2(status),
            Datum::Text(kind),
            Datum::Bytea(answer),
        ] = &row[..]
        else {
            let error = Error::data_corrupted("a stored answer has another form");
            return Err(Problem::of(&error, ""));
        };
        if fingerprint[..] != self.fingerprint.as_bytes()[..] {
            let message = "the Idempotency-Key was used for another request";
            let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, sqlstate::UNIQUE_VIOLATION);
            return Err(Problem::plain(status, code, message));
        }
        let mut response = Response::new(Body::from(answer.clone()));
        let status = u16::try_from(*status).ok().and_then(|code| StatusCode::from_u16(code).ok());
        *response.status_mut() = status.unwrap_or_default();
        if let Ok(kind) = HeaderValue::from_str(kind) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    /// `54000` for an answer that is too large to be stored.
    pub fn check_size(&self, bytes: usize) -> Result<(), Problem> {
        self.check_bytes(bytes).map_err(|error| Problem::of(&error, ""))
    }

    fn check_bytes(&self, bytes: usize) -> Result<()> {
        if bytes <= self.bytes_max {
            return Ok(());
        }
        let message = format!(
            "the answer to store is larger than {} bytes (\"http_idempotency_max_answer\")",
            self.bytes_max
        );
        Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message))
    }

    /// Stores an answer in the present transaction.
    pub async fn store(
        &self,
        conversation: &mut Conversation,
        answer: &[u8],
    ) -> Result<(), Problem> {
        let stored = self.store_as_error(conversation, answer).await;
        stored.map_err(|error| Problem::of(&error, ""))
    }

    /// The same, with an error that is not a problem yet.
    pub async fn store_as_error(
        &self,
        conversation: &mut Conversation,
        answer: &[u8],
    ) -> Result<()> {
        self.check_bytes(answer.len())?;
        let Claimed { role, subject, key, .. } = &self.claimed;
        let values = [
            json!(role),
            json!(subject),
            json!(key),
            bytea(self.fingerprint.as_bytes()),
            json!(StatusCode::OK.as_u16()),
            json!(self.content_type),
            bytea(answer),
            json!(self.expiry_seconds),
        ];
        conversation.datums(STORE, &values, 0).await.map(drop)
    }
}

/// Removes what has expired, where keys were used since the start.
pub async fn sweep(http: &Http) {
    let due: Vec<String> = {
        let mut swept = http.keys.swept.lock();
        let due = swept.iter_mut().filter(|(_, at)| at.elapsed() >= SWEEP_INTERVAL);
        let note = |(database, at): (&String, &mut Instant)| {
            *at = Instant::now();
            database.clone()
        };
        due.map(note).collect()
    };
    for database in due {
        if let Err(error) = sweep_one(http, &database).await {
            tracing::warn!(database, %error, "idempotency keys that expired were not removed");
            http.keys.swept.lock().remove(&database);
        }
    }
}

async fn sweep_one(http: &Http, database: &str) -> Result<()> {
    let server = &http.front.database;
    let mut conversation = Conversation::of_server(server, database, Vec::new()).await?;
    if conversation.eval_context()?.catalog.extension_named(EXTENSION).is_none() {
        return Ok(());
    }
    conversation.datums(SWEEP, &[], 0).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_short_text_quoted_or_not() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(text).expect("a header"));
            key(&headers).map_err(|problem| problem.status)
        };
        assert_eq!(of("a-1"), Ok(Some("a-1".to_owned())));
        assert_eq!(of("\"a-1\""), Ok(Some("a-1".to_owned())));
        assert_eq!(of(""), Err(StatusCode::BAD_REQUEST));
        assert_eq!(of("\"\""), Err(StatusCode::BAD_REQUEST));
        assert_eq!(of(&"x".repeat(256)), Err(StatusCode::BAD_REQUEST));
        assert_eq!(key(&HeaderMap::new()).expect("no key"), None);
    }
}
