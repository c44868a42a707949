//! A token or an API key, and whom it proves.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use super::own;
use super::store::{Row, Store};
use crate::auth;
use crate::auth::jwt::{self, Expected, Refusal, Unverified};
use crate::auth::opaque::{self, Kind, Opaque};
use crate::auth::scope::Scopes;
use crate::auth::scram::constant_time_equal;
use crate::auth::signing::PublicKey;
use crate::error::{Error, Result};
use crate::http::Http;
use crate::http::guard;
use crate::http::principal::{self, Peer, Principal, Proof};
use crate::http::problem::Problem;
use crate::session::time;
use crate::sql::types::{Datum, Oid};

/// Where clients of others' protocols put what is not in `Authorization`.
const KEY_HEADERS: [&str; 2] = ["api-key", "apikey"];

/// A use is noted once in this time.
const TOUCH_INTERVAL: Duration = Duration::from_secs(60);

/// The token or API key of a request; none where it has no such thing. What a client says
/// in `Authorization` counts before the other headers, and these before a socket's protocol.
pub fn secret(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim());
    }
    let named = KEY_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    named.map(str::trim).or_else(|| guard::socket_token(headers))
}

/// Whom a token or an API key proves. `named`: the database that the request asks for.
pub async fn prove(
    http: &Arc<Http>,
    peer: &Peer,
    secret: &str,
    named: Option<&str>,
) -> Result<Principal, Problem> {
    principal::check_protected(peer, "a token")?;
    let asking = Asking { http, peer, named };
    let (principal, table) = if secret.starts_with(Kind::ApiKey.prefix()) {
        (asking.api_key(secret)?, "api_key")
    } else {
        (asking.token(secret).await?, "session")
    };
    asking.admit(&principal)?;
    asking.touch(&principal, table);
    Ok(principal)
}

struct Asking<'r> {
    http: &'r Arc<Http>,
    peer: &'r Peer,
    named: Option<&'r str>,
}

fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

fn refused(refusal: Refusal) -> Problem {
    Problem::invalid_token(&format!("the token is refused: {}", refusal.0))
}

fn wrong_key() -> Problem {
    Problem::invalid_token("the API key is not valid")
}

fn revoked() -> Problem {
    Problem::invalid_token("the session has ended")
}

/// Scopes as tables keep them; NULL is all.
pub fn scopes_of(row: &Row) -> Result<Scopes> {
    let names = row.texts("scopes")?;
    Ok(names.map_or(Scopes::all(), |names| Scopes::named(names.iter().map(String::as_str))))
}

impl Asking<'_> {
    /// The tables of a database, and its name.
    fn store(
        &self,
        database: Oid,
        wrong: impl Fn() -> Problem,
    ) -> Result<(Store, String), Problem> {
        let catalog = self.http.front.database.shared_catalog();
        let found = catalog.database(database).ok_or_else(&wrong)?;
        if self.named.is_some_and(|named| named != found.name) {
            return Err(Problem::invalid_token("it is of another database"));
        }
        let store = Store::of(&self.http.front.database, database).ok_or_else(wrong)?;
        Ok((store, found.name.clone()))
    }

    fn api_key(&self, text: &str) -> Result<Principal, Problem> {
        let key = Opaque::read(Kind::ApiKey, text).ok_or_else(wrong_key)?;
        let (store, database) = self.store(key.database(), wrong_key)?;
        let row = store.row("api_key", &[Datum::Text(key.id())]).map_err(failed)?;
        let row = row.ok_or_else(wrong_key)?;
        let vault = self.http.front.database.secrets.vault(key.database()).map_err(failed)?;
        let valid = is_valid(&row, &key.hash(&vault), time::now()).map_err(failed)?;
        let role = store.catalog().role(row.oid("role").map_err(failed)?);
        let role = role.filter(|_| valid).ok_or_else(wrong_key)?;
        let claims = json!({"role": role.name, "api_key": key.id(), "name": row.text("name").map_err(failed)?});
        Ok(Principal {
            role: role.name.clone(),
            database,
            ends: self.peer.ends,
            proof: Proof::ApiKey,
            scopes: scopes_of(&row).map_err(failed)?,
            session: None,
            key: Some(key.id()),
            claims: claims.to_string().into(),
        })
    }

    async fn token(&self, text: &str) -> Result<Principal, Problem> {
        let server = &self.http.front.database;
        let max = server.config().auth_max_token.get();
        let token = jwt::read(text, max).map_err(refused)?;
        let issuer = server.secrets.vault(0).map_err(failed)?.issuer();
        match token.text("iss").map(str::to_owned) {
            Some(named) if named == issuer => self.own_token(token, &issuer),
            Some(named) => self.foreign_token(token, &named).await,
            None => Err(refused(Refusal("it does not say who issued it"))),
        }
    }

    fn own_token(&self, token: Unverified<'_>, issuer: &str) -> Result<Principal, Problem> {
        let unknown = || refused(Refusal("its key is not known"));
        let kid = token.kid.clone().ok_or_else(unknown)?;
        let database = opaque::database_of(&kid).ok_or_else(unknown)?;
        let (store, name) = self.store(database, unknown)?;
        let row = store.row("signing_key", &[Datum::Text(kid)]).map_err(failed)?;
        let row = row.ok_or_else(unknown)?;
        let state = row.text("state").map_err(failed)?.unwrap_or_default();
        if !["current", "previous"].contains(&state.as_str()) {
            return Err(refused(Refusal("its key is not in use")));
        }
        let jwk = row.json("public_key").map_err(failed)?;
        let key = jwk.as_ref().and_then(PublicKey::of_jwk).ok_or_else(unknown)?;
        let vault = self.http.front.database.secrets.vault(database).map_err(failed)?;
        let audiences = [vault.audience()];
        let claims = token.verify(&key, &self.expected(issuer, &audiences)).map_err(refused)?;
        self.of_session(&store, name, claims)
    }

    fn expected<'e>(&self, issuer: &'e str, audiences: &'e [String]) -> Expected<'e> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let skew = self.http.front.database.config().auth_clock_skew.0;
        Expected {
            issuer,
            audiences,
            now: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
            skew: i64::try_from(skew).unwrap_or(i64::MAX),
        }
    }

    /// A token's session, which has to be there still.
    fn of_session(
        &self,
        store: &Store,
        database: String,
        claims: Map<String, Value>,
    ) -> Result<Principal, Problem> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let session = text("sid").and_then(uuid).ok_or_else(revoked)?;
        let row = store.row("session", &[Datum::Uuid(session)]).map_err(failed)?;
        let row = row.ok_or_else(revoked)?;
        let expires = row.time("expires_at").map_err(failed)?.unwrap_or(i64::MIN);
        let is_revoked = row.time("revoked_at").map_err(failed)?.is_some();
        let role = store.catalog().role(row.oid("role").map_err(failed)?);
        let is_over = is_revoked || expires <= time::now();
        // A role that was renamed since needs a new token.
        let role = role.filter(|role| !is_over && text("role") == Some(&role.name));
        let role = role.ok_or_else(revoked)?.name.clone();
        Ok(Principal {
            role,
            database,
            ends: self.peer.ends,
            proof: Proof::Token,
            scopes: scopes_of(&row).map_err(failed)?,
            session: text("sid").map(str::to_owned),
            key: None,
            claims: Value::Object(claims).to_string().into(),
        })
    }

    async fn foreign_token(
        &self,
        token: Unverified<'_>,
        issuer: &str,
    ) -> Result<Principal, Problem> {
        let unknown = || refused(Refusal("its issuer is not known"));
        let Some(named) = self.named else {
            return Err(refused(Refusal(
                "its issuer is not this server, and no database is named that may know it",
            )));
        };
        let catalog = self.http.front.database.shared_catalog();
        let database = catalog.database_named(named).ok_or_else(unknown)?.oid;
        let (store, name) = self.store(database, unknown)?;
        let row = store.row("issuer", &[Datum::Text(issuer.to_owned())]).map_err(failed)?;
        let row = row.ok_or_else(unknown)?;
        let key = self.http.auth.issuers.key(self.http, database, &row, &token).await?;
        let audiences = row.texts("audience").map_err(failed)?.unwrap_or_default();
        let claims = token.verify(&key, &self.expected(issuer, &audiences)).map_err(refused)?;
        let path = row.text("role_claim").map_err(failed)?.unwrap_or_default();
        let role = self.mapped_role(&store, issuer, &claims, &path).map_err(failed)?;
        let role = role.ok_or_else(|| refused(Refusal("none of its roles is a role here")))?;
        Ok(Principal {
            role,
            database: name,
            ends: self.peer.ends,
            proof: Proof::ForeignToken,
            scopes: scopes_of(&row).map_err(failed)?,
            session: None,
            key: None,
            claims: Value::Object(claims).to_string().into(),
        })
    }

    /// The role of the first value of a claim that is one here; `*` is every value.
    fn mapped_role(
        &self,
        store: &Store,
        issuer: &str,
        claims: &Map<String, Value>,
        path: &str,
    ) -> Result<Option<String>> {
        let values = match claim_at(claims, path) {
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        const VALUES_MAX: usize = 100;
        for value in values.into_iter().filter(|value| *value != "*").take(VALUES_MAX).chain(["*"])
        {
            let key = [Datum::Text(issuer.to_owned()), Datum::Text(value.to_owned())];
            if let Some(row) = store.row("issuer_role", &key)? {
                return Ok(store.catalog().role(row.oid("role")?).map(|role| role.name.clone()));
            }
        }
        Ok(None)
    }

    /// Whether the role may be here at all: by `pg_hba.conf`, and by its rights.
    fn admit(&self, principal: &Principal) -> Result<(), Problem> {
        principal::may_come(self.http, self.peer, &principal.role, &principal.database)?;
        let catalog = self.http.front.database.shared_catalog();
        auth::authorize(&catalog, &principal.role, &principal.database).map_err(failed)?;
        Ok(())
    }

    /// Notes the use, once a minute.
    fn touch(&self, principal: &Principal, table: &str) {
        let used = principal.session.as_ref().filter(|_| principal.proof == Proof::Token);
        let Some(id) = used.or(principal.key.as_ref()) else { return };
        let touched = &self.http.auth.touched;
        if touched.get(id).is_some_and(|at| at.elapsed() < TOUCH_INTERVAL) {
            return;
        }
        touched.insert(id.clone(), Instant::now());
        let text = match table {
            "api_key" => "SELECT auth.touch_api_key($1, $2)",
            _ => "SELECT auth.touch_session($1, $2)",
        };
        let address = self.peer.ends.client.ip().to_canonical().to_string();
        own::beside(
            self.http,
            &principal.database,
            self.peer.ends,
            text,
            vec![json!(id), json!(address)],
        );
    }
}

/// Whether a secret is the key's: the one it has, or for a while the one it had.
fn is_valid(row: &Row, hash: &[u8], now: i64) -> Result<bool> {
    let until = |column: &str| row.time(column).map(|time| time.is_none_or(|time| now < time));
    if row.time("revoked_at")?.is_some() || !until("expires_at")? {
        return Ok(false);
    }
    let is_current = row.bytes("hash")?.is_some_and(|own| constant_time_equal(&own, hash));
    let is_previous =
        row.bytes("previous_hash")?.is_some_and(|own| constant_time_equal(&own, hash));
    Ok(is_current || (is_previous && row.time("previous_until")?.is_some_and(|time| now < time)))
}

/// A claim by its name, or by names with dots between.
fn claim_at<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(found) = claims.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.')?;
    rest.split('.').try_fold(claims.get(first)?, |at, name| at.get(name))
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 || !text.is_ascii() {
        return None;
    }
    let digits = text.replace('-', "");
    let is_hex = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let value = u128::from_str_radix(&digits, 16).ok().filter(|_| is_hex)?;
    Some(value.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_looked_for_where_clients_put_it() {
        let of = |headers: &[(&str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                let name: axum::http::HeaderName = name.parse().expect("a name");
                map.insert(name, value.parse().expect("a value"));
            }
            secret(&map).map(str::to_owned)
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[("authorization", "bearer  abc ")]), text("abc"));
        assert_eq!(of(&[("api-key", "abc")]), text("abc"));
        assert_eq!(of(&[("apikey", "abc"), ("authorization", "Bearer def")]), text("def"));
        assert_eq!(of(&[("apikey", "abc"), ("authorization", "Basic def")]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn claims_are_found_by_a_path() {
        let claims = json!({"role": "a", "realm": {"roles": ["b"]}, "https://x.y/role": "c"});
        let claims = claims.as_object().expect("an object");
        assert_eq!(claim_at(claims, "role"), Some(&json!("a")));
        assert_eq!(claim_at(claims, "realm.roles"), Some(&json!(["b"])));
        assert_eq!(claim_at(claims, "https://x.y/role"), Some(&json!("c")));
        assert_eq!(claim_at(claims, "realm.nothing"), None);
        assert_eq!(claim_at(claims, "nothing"), None);
    }

    #[test]
    fn uuids_are_read_as_sql_writes_them() {
        assert_eq!(uuid("00000000-0000-0000-0000-0000000000ff").map(|id| id[15]), Some(255));
        for wrong in
            ["", "00000000000000000000000000000000ff", "+0000000-0000-0000-0000-0000000000ff"]
        {
            assert_eq!(uuid(wrong), None, "{wrong}");
        }
    }
}
