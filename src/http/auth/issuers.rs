//! Keys of foreign issuers: given with the issuer, or asked of it and kept for a while.
//!
//! A token whose `kid` is not known makes the issuer be asked again, once a minute at most.
//! While an issuer does not answer, the keys that it had are good for another day. What it
//! may answer, and where it may be, [`fetch`](super::fetch) says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;

use super::fetch::Fetcher;
use super::store::Row;
use crate::auth::jwt::{self, Unverified};
use crate::auth::signing::{PublicKey, keys_of};
use crate::error::Error;
use crate::http::Http;
use crate::http::problem::Problem;
use crate::sql::types::Oid;

/// Issuers whose keys are kept.
const ISSUERS_MAX: usize = 256;
/// Keys of one issuer.
const KEYS_MAX: usize = 100;
/// Between two questions to one issuer.
const ASK_INTERVAL: Duration = Duration::from_secs(60);
/// How long keys are used whose issuer does not answer.
const STALE_MAX: Duration = Duration::from_secs(86_400);

type Keys = Arc<Vec<(Option<String>, PublicKey)>>;

#[derive(Default)]
pub struct Issuers {
    known: Mutex<HashMap<(Oid, String), Arc<Known>>>,
    fetcher: Fetcher,
}

/// What is known of one issuer. One request at a time asks it; only those whose key is not
/// known wait for that.
#[derive(Default)]
struct Known {
    state: Mutex<State>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<(Keys, Instant)>,
    asked: Option<Instant>,
}

fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

fn refused(reason: &'static str) -> Problem {
    Problem::invalid_token(&format!("the token is refused: {reason}"))
}

impl Issuers {
    /// The key that a token says it was signed with. `row`: of the table `issuer`.
    pub async fn key(
        &self,
        http: &Http,
        database: Oid,
        row: &Row,
        token: &Unverified<'_>,
    ) -> Result<PublicKey, Problem> {
        if !jwt::is_known(&token.algorithm) {
            return Err(refused("its algorithm is not taken"));
        }
        if let Some(jwks) = row.json("jwks").map_err(failed)? {
            let keys = keys_of(&jwks, KEYS_MAX);
            return chosen(&keys, token).ok_or_else(|| refused("its key is not known"));
        }
        let issuer = row.text("issuer").map_err(failed)?.unwrap_or_default();
        let url = row.text("jwks_url").map_err(failed)?;
        // What is known belongs to the place that it is from.
        let place = format!("{issuer} {}", url.as_deref().unwrap_or_default());
        let known = self.known(database, place);
        let lifetime = http.front.database.config().auth_jwks_lifetime.duration();
        if let Some(key) = known.key(token, lifetime) {
            return Ok(key);
        }
        let _asking = known.asking.lock().await;
        if let Some(key) = known.key(token, lifetime) {
            return Ok(key);
        }
        if known.may_ask() {
            match self.ask(http, &issuer, url.as_deref()).await {
                Ok(keys) => known.state.lock().keys = Some((Arc::new(keys), Instant::now())),
                Err(error) => {
                    tracing::warn!(issuer, "could not get the keys of an issuer: {error}")
                }
            }
        }
        known.key(token, STALE_MAX).ok_or_else(|| refused("its key is not known"))
    }

    fn known(&self, database: Oid, place: String) -> Arc<Known> {
        let mut known = self.known.lock();
        let key = (database, place);
        if known.len() >= ISSUERS_MAX && !known.contains_key(&key) {
            // Any of them: it is asked again when it is needed.
            let other = known.keys().next().cloned();
            other.and_then(|other| known.remove(&other));
        }
        known.entry(key).or_default().clone()
    }

    async fn ask(
        &self,
        http: &Http,
        issuer: &str,
        url: Option<&str>,
    ) -> Result<Vec<(Option<String>, PublicKey)>, String> {
        let config = http.front.database.config();
        let url = match url {
            Some(url) => url.to_owned(),
            None => {
                let place =
                    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
                let document = self.fetcher.json(&config, &place).await?;
                if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
                    return Err(format!("{place} is of another issuer"));
                }
                let url = document.get("jwks_uri").and_then(Value::as_str);
                url.ok_or_else(|| format!("{place} names no jwks_uri"))?.to_owned()
            }
        };
        let keys = keys_of(&self.fetcher.json(&config, &url).await?, KEYS_MAX);
        match keys.is_empty() {
            true => Err(format!("{url} has no key that can be used")),
            false => Ok(keys),
        }
    }
}

impl Known {
    /// The key of a token, among those that are not older.
    fn key(&self, token: &Unverified<'_>, age: Duration) -> Option<PublicKey> {
        let state = self.state.lock();
        let (keys, _) = state.keys.as_ref().filter(|(_, since)| since.elapsed() < age)?;
        chosen(keys, token)
    }

    /// Whether it is time to ask again, which is noted.
    fn may_ask(&self) -> bool {
        let mut state = self.state.lock();
        let may = state.asked.is_none_or(|asked| asked.elapsed() >= ASK_INTERVAL);
        if may {
            state.asked = Some(Instant::now());
        }
        may
    }
}

/// The key with the token's `kid`; for a token without one, the only key of its algorithm.
fn chosen(keys: &[(Option<String>, PublicKey)], token: &Unverified<'_>) -> Option<PublicKey> {
    let is_of = |key: &PublicKey| key.algorithm().as_str() == token.algorithm;
    let mut fitting = keys.iter().filter(|(kid, key)| match &token.kid {
        Some(wanted) => kid.as_ref() == Some(wanted),
        None => is_of(key),
    });
    let (_, key) = fitting.next()?;
    (token.kid.is_some() || fitting.next().is_none()).then(|| key.clone())
}
