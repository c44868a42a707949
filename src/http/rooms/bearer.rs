//! Tokens of rooms: who has signed one, and what it says.
//!
//! ```text
//! {"iss": "API…", "sub": "ada", "exp": …, "nbf": …, "jti": …, "name", "metadata", "attributes",
//!  "video": {"room": "a", "roomJoin": true, "canPublish": true, …},
//!  "zserver": {"role": "ada", "once": false, "sql": false}}        HS256
//! ```
//! It is LiveKit's access token. `iss` names a key of `rtc.key`, whose id names its
//! database. An application signs with a key of `rtc.create_key`: its bearer is the key's
//! role. What `rtc.issue_token` signs is signed with a key that nobody else has, and says
//! itself (`zserver`) whose rights its bearer has; that part of others' tokens counts for
//! nothing.
//!
//! A token opens rooms and nothing else: its principal has the scope of rooms. Whether
//! statements may be run by it is [`Bearer::may_sql`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::{EXTENSION, attributes_of, failed};
use crate::auth::jwt::{self, Refusal};
use crate::auth::opaque;
use crate::auth::scope::{Scope, Scopes};
use crate::http::auth::store::{Row, Store};
use crate::http::principal::{self, Peer, Principal, Proof};
use crate::http::problem::Problem;
use crate::http::{Http, guard};
use crate::rooms::{Grants, Permission, Source};
use crate::sql::functions::{RTC_KEY_PREFIX, rtc_key_purpose};
use crate::sql::types::Datum;

/// Whom a token proves, and what it lets them do.
#[derive(Clone, Debug)]
pub struct Bearer {
    pub principal: Principal,
    pub identity: String,
    pub name: String,
    pub metadata: String,
    pub attributes: BTreeMap<String, String>,
    pub grants: Grants,
    /// Seconds since 1970.
    pub not_before: i64,
    pub expires: i64,
    /// The token's own name.
    pub id: String,
    pub is_for_once: bool,
    /// Whether its bearer may run statements as its role.
    pub may_sql: bool,
    /// Whether it is one of `rtc.issue_token`.
    pub is_own: bool,
    /// All that the token says.
    claims: Map<String, Value>,
}

/// A renewed token is good for so long.
pub const RENEWED: Duration = Duration::from_secs(600);

fn refused(refusal: Refusal) -> Problem {
    Problem::invalid_token(&format!("the token is refused: {}", refusal.0))
}

/// The token in the header or the query of a request.
pub fn token_of(parts: &Parts) -> Option<String> {
    if let Some(secret) = crate::http::auth::secret(&parts.headers) {
        return Some(secret.to_owned());
    }
    let pairs = crate::http::request::any_query(&parts.uri).ok()?;
    pairs.into_iter().find(|(name, _)| name == "access_token").map(|(_, value)| value)
}

/// Whether a text is a token of rooms, by who it says has signed it: not whether it is
/// good.
pub fn is_one(token: &str, max: usize) -> bool {
    let read = jwt::read(token, max);
    read.is_ok_and(|it| it.text("iss").is_some_and(|iss| iss.starts_with(RTC_KEY_PREFIX)))
}

/// The bearer of a request's token: 401 where there is none or it is not good, 403 where
/// its role may not come from there.
pub async fn of(http: &Arc<Http>, parts: &Parts) -> Result<Bearer, Problem> {
    let peer = principal::peer(parts)?;
    let token = token_of(parts).ok_or_else(|| Problem::unauthorized("a token is needed"))?;
    let bearer = prove(http, &peer, &token).inspect_err(|problem| {
        principal::log_refusal(&peer, problem);
        guard::note_refusal(http, &peer, ("", ""), problem);
    })?;
    if let Some(named) = principal::named_database(&parts.headers)?
        && named != bearer.principal.database
    {
        return Err(Problem::invalid_token("the token is of another database"));
    }
    guard::admit(http, parts, &bearer.principal).await?;
    Ok(bearer)
}

/// Whom a token proves.
pub fn prove(http: &Arc<Http>, peer: &Peer, token: &str) -> Result<Bearer, Problem> {
    principal::check_protected(peer, "a token")?;
    let config = http.front.database.config();
    let unverified = jwt::read(token, config.auth_max_token.get()).map_err(refused)?;
    let key = unverified.text("iss").unwrap_or_default();
    let Signer { store, row, database, secret, audience } = Signer::find(http, key)?;
    let skew = i64::try_from(config.auth_clock_skew.0).unwrap_or(i64::MAX);
    let claims =
        unverified.verify_secret(&secret, &audience, (now_seconds(), skew)).map_err(refused)?;
    let own = row.get("role").map_err(failed)?.is_null();
    let role = role_of(&store, &row, &claims, own)?;
    crate::auth::authorize(store.catalog(), &role, &database).map_err(failed)?;
    principal::may_come(http, peer, &role, &database)?;
    let mut principal = Principal::lent(&role, &database, peer.ends, Proof::RoomToken);
    principal.scopes = [Scope::Rooms].into_iter().collect::<Scopes>();
    Ok(bearer(principal, claims, own))
}

/// The token of a bearer again, good for [`RENEWED`] from now on; none where it was for
/// once, or its key is good no more. Who is removed is so with it, too: since when it is
/// valid stays.
pub fn renewed(http: &Arc<Http>, bearer: &Bearer) -> Option<String> {
    let key = bearer.claims.get("iss").and_then(Value::as_str).filter(|_| !bearer.is_for_once)?;
    let signer = Signer::find(http, key).ok()?;
    let mut claims = bearer.claims.clone();
    claims.insert("exp".to_owned(), (now_seconds() + RENEWED.as_secs() as i64).into());
    Some(jwt::sign_with_secret(&signer.secret, &Value::Object(claims).to_string()))
}

/// A key that tokens are signed with.
struct Signer {
    store: Store,
    row: Row,
    database: String,
    secret: Vec<u8>,
    audience: String,
}

impl Signer {
    fn find(http: &Arc<Http>, key: &str) -> Result<Signer, Problem> {
        let server = &http.front.database;
        let unknown = || refused(Refusal("its key is not known"));
        let number = key.strip_prefix(RTC_KEY_PREFIX).and_then(opaque::database_of);
        let number = number.ok_or_else(unknown)?;
        let database = server.shared_catalog().database(number).map(|found| found.name.clone());
        let database = database.ok_or_else(unknown)?;
        let store = Store::of_extension(server, number, EXTENSION).ok_or_else(unknown)?;
        let row = store.row("key", &[Datum::Text(key.to_owned())]).map_err(failed)?;
        let row = row.ok_or_else(unknown)?;
        if row.time("revoked_at").map_err(failed)?.is_some() {
            return Err(refused(Refusal("its key was revoked")));
        }
        let vault = server.secrets.vault(number).map_err(failed)?;
        let sealed = row.bytes("secret").map_err(failed)?.unwrap_or_default();
        let secret = vault.open(&sealed, &rtc_key_purpose(key)).ok_or_else(unknown)?;
        Ok(Signer { store, row, database, secret, audience: vault.audience() })
    }
}

/// Seconds since 1970.
pub fn now_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// Whose rights the bearer has: the key's role, or whom a token of ours names.
fn role_of(
    store: &Store,
    row: &Row,
    claims: &Map<String, Value>,
    own: bool,
) -> Result<String, Problem> {
    let gone = || refused(Refusal("its role does not exist"));
    let catalog = store.catalog();
    let role = match own {
        true => claims["zserver"]["role"].as_str().and_then(|name| catalog.role_named(name)),
        false => catalog.role(row.oid("role").map_err(failed)?),
    };
    role.map(|role| role.name.clone()).ok_or_else(gone)
}

fn bearer(principal: Principal, claims: Map<String, Value>, is_own: bool) -> Bearer {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |name: &str| claims.get(name).and_then(Value::as_f64).unwrap_or_default() as i64;
    let says = |name: &str| is_own && claims["zserver"][name] == true;
    Bearer {
        principal,
        identity: text("sub"),
        name: text("name"),
        metadata: text("metadata"),
        attributes: claims.get("attributes").map(attributes_of).unwrap_or_default(),
        grants: claims.get("video").map(grants_of).unwrap_or_default(),
        not_before: number("nbf"),
        expires: number("exp"),
        id: text("jti"),
        is_for_once: says("once"),
        may_sql: says("sql"),
        is_own,
        claims,
    }
}

/// The `video` claim. What it leaves out of publishing and subscribing is allowed.
fn grants_of(video: &Value) -> Grants {
    let is = |name: &str| video[name] == true;
    let is_or = |name: &str, default: bool| video[name].as_bool().unwrap_or(default);
    let sources = video["canPublishSources"].as_array();
    let named = sources.into_iter().flatten().filter_map(Value::as_str);
    let known: Vec<Source> = named.filter_map(Source::named).collect();
    let publish = is_or("canPublish", true);
    // Sources of which none is known are not all of them.
    let has_others = known.is_empty() && sources.is_some_and(|sources| !sources.is_empty());
    Grants {
        room: video["room"].as_str().filter(|name| !name.is_empty()).map(str::to_owned),
        join: is("roomJoin"),
        create: is("roomCreate"),
        list: is("roomList"),
        admin: is("roomAdmin"),
        record: is("roomRecord"),
        permission: Permission {
            publish: publish && !has_others,
            sources: known,
            subscribe: is_or("canSubscribe", true),
            publish_data: is_or("canPublishData", publish),
            update_own: is("canUpdateOwnMetadata"),
            hidden: is("hidden"),
            recorder: is("recorder"),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_claim_leaves_out_is_allowed_and_what_it_names_is_bounded() {
        let grants = grants_of(&json!({"room": "a", "roomJoin": true}));
        assert!(grants.join && !grants.admin && !grants.create);
        assert_eq!(grants.room.as_deref(), Some("a"));
        assert!(grants.permission.publish && grants.permission.publish_data);
        let quiet = grants_of(&json!({"canPublish": false})).permission;
        assert!(!quiet.publish && !quiet.publish_data && quiet.subscribe);
        let some = grants_of(&json!({"canPublishSources": ["microphone"]})).permission;
        assert!(some.may_publish(Source::Microphone) && !some.may_publish(Source::Camera));
        let none = grants_of(&json!({"canPublishSources": ["window"]})).permission;
        assert!(!none.may_publish(Source::Unknown));
        assert!(!grants_of(&json!({"roomJoin": "true"})).join);
    }
}
