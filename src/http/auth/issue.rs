//! Sessions that begin and go on, and the tokens they are given.

use std::sync::Arc;

use serde_json::{Value, json};

use super::own;
use super::store::Store;
use crate::auth::opaque::{Kind, Opaque};
use crate::auth::scope::Scopes;
use crate::auth::signing::{Algorithm, PrivateKey};
use crate::auth::vault::Vault;
use crate::auth::{self, jwt};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::http::conversation::Conversation;
use crate::http::params::bytea;
use crate::http::principal::{self, Peer, Principal};
use crate::http::problem::Problem;
use crate::sql::functions::hex;
use crate::sql::types::{Datum, Oid};

/// A session to make tokens for.
struct Family {
    session: String,
    role: Oid,
    role_name: String,
    database_name: String,
    scopes: Option<Scopes>,
}

/// The key that signs now.
struct Signer {
    kid: String,
    key: PrivateKey,
}

fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

/// Begins a session of who has proved a password; answers its tokens.
pub async fn begin(
    http: &Arc<Http>,
    principal: &Principal,
    scopes: Option<Scopes>,
    agent: &str,
) -> Result<Value, Problem> {
    let catalog = http.front.database.shared_catalog();
    let entered = auth::authorize(&catalog, &principal.role, &principal.database);
    let database = entered.map_err(failed)?.oid;
    let role = catalog.role_named(&principal.role).map(|role| role.oid);
    let role = role.ok_or_else(|| failed(Error::internal("a role that is gone")))?;
    let vault = http.front.database.secrets.vault(database).map_err(failed)?;
    let ends = principal.ends;
    let opened = own::open(http, &principal.database, ends).await.map_err(failed);
    let mut conversation = opened?;
    let leash = conversation.leash().map_err(failed)?;
    let family = Family {
        session: random_uuid(),
        role,
        role_name: principal.role.clone(),
        database_name: principal.database.clone(),
        scopes,
    };
    let agent = agent.to_owned();
    let server = http.clone();
    let work = async move {
        let begun = async {
            conversation.begin(own::BEGIN).await?;
            let signer = signer(&mut conversation, &vault).await?;
            let refresh = Opaque::new(Kind::RefreshToken, vault.database());
            let address = ends.client.ip().to_canonical().to_string();
            let params = [
                json!(family.session),
                json!(family.role),
                json!(family.scopes.map(Scopes::names)),
                json!(address),
                json!(agent),
                bytea(&refresh.hash(&vault)),
            ];
            let text = "SELECT auth.begin_session($1, $2, $3, $4, $5, $6)";
            conversation.rows(text, &params).await?;
            let tokens = tokens(&server, &vault, &signer, &family, &refresh)?;
            conversation.commit().await?;
            Ok(tokens)
        };
        begun.await.map_err(failed)
    };
    leash.run(work).await
}

/// A refresh token for new tokens. One that was used before ends its session.
pub async fn refresh(
    http: &Arc<Http>,
    peer: &Arc<Peer>,
    token: &str,
    agent: &str,
) -> Result<Value, Problem> {
    let invalid = || Problem::invalid_token("the refresh token is not valid");
    let token = Opaque::read(Kind::RefreshToken, token).ok_or_else(invalid)?;
    let vault = http.front.database.secrets.vault(token.database()).map_err(failed)?;
    let database = database_of(http, &token, &vault).map_err(failed)?.ok_or_else(invalid)?;
    let mut conversation = own::open(http, &database, peer.ends).await.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    let address = peer.ends.client.ip().to_canonical().to_string();
    let (server, agent, peer) = (http.clone(), agent.to_owned(), Arc::clone(peer));
    let hash = token.hash(&vault);
    let work = async move {
        conversation.begin(own::BEGIN).await.map_err(failed)?;
        let signer = signer(&mut conversation, &vault).await.map_err(failed)?;
        let next = Opaque::new(Kind::RefreshToken, vault.database());
        let params = [bytea(&hash), bytea(&next.hash(&vault)), json!(address), json!(agent)];
        let text =
            "SELECT outcome, session_id, role::text, scopes FROM auth.refresh($1, $2, $3, $4)";
        let row = own::row(&mut conversation, text, &params).await.map_err(failed)?;
        let told = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        if told("outcome") != "refreshed" {
            // That it was used again has to be kept.
            conversation.commit().await.map_err(failed)?;
            return Err(match told("outcome") {
                "reused" => {
                    tracing::warn!(session = told("session_id"), "a refresh token was used again");
                    Problem::invalid_token(
                        "the refresh token was used before: the session has ended",
                    )
                }
                "unknown" => Problem::invalid_token("the refresh token is not valid"),
                _ => Problem::invalid_token("the session has ended"),
            });
        }
        let catalog = server.front.database.shared_catalog();
        let role = told("role").parse().ok().and_then(|oid: Oid| catalog.role(oid));
        let gone = || Problem::invalid_token("the session has ended");
        let role = role.ok_or_else(gone)?;
        // What has changed since the login counts.
        principal::may_come(&server, &peer, &role.name, &database)?;
        auth::authorize(&catalog, &role.name, &database).map_err(failed)?;
        let scopes = row.get("scopes").and_then(Value::as_array);
        let scopes = scopes.map(|names| Scopes::named(names.iter().filter_map(Value::as_str)));
        let family = Family {
            session: told("session_id").to_owned(),
            role: role.oid,
            role_name: role.name.clone(),
            database_name: database,
            scopes,
        };
        let tokens = tokens(&server, &vault, &signer, &family, &next).map_err(failed)?;
        conversation.commit().await.map_err(failed)?;
        Ok(tokens)
    };
    leash.run(work).await
}

/// Ends the session of a refresh token, if there is one.
pub async fn revoke(http: &Arc<Http>, peer: &Peer, token: &str) -> Result<(), Problem> {
    // RFC 7009: what is not valid is revoked already.
    let Some(token) = Opaque::read(Kind::RefreshToken, token) else { return Ok(()) };
    let vault = http.front.database.secrets.vault(token.database()).map_err(failed)?;
    let known = database_of(http, &token, &vault).map_err(failed)?;
    let Some(database) = known else { return Ok(()) };
    let mut conversation = own::open(http, &database, peer.ends).await.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    let hash = bytea(&token.hash(&vault));
    let work = async move {
        let text = "SELECT auth.revoke_refresh_token($1)";
        conversation.rows(text, &[hash]).await.map(|_| ()).map_err(failed)
    };
    leash.run(work).await
}

/// The database of a refresh token that is known there: for others no session is opened.
fn database_of(http: &Http, token: &Opaque, vault: &Vault) -> Result<Option<String>> {
    let database = &http.front.database;
    let Some(store) = Store::of(database, token.database()) else { return Ok(None) };
    let hash = Datum::Bytea(token.hash(vault).to_vec().into());
    if store.row("refresh_token", &[hash])?.is_none() {
        return Ok(None);
    }
    Ok(database.shared_catalog().database(token.database()).map(|found| found.name.clone()))
}

/// The key that signs now. One that cannot be opened is of another server or database, from
/// where this database was copied: all of them are given up for new ones.
async fn signer(conversation: &mut Conversation, vault: &Vault) -> Result<Signer> {
    let text =
        "SELECT kid, algorithm, encode(private_key, 'hex') AS sealed FROM auth.signing_key_now()";
    for is_last in [false, true] {
        let row = own::row(conversation, text, &[]).await?;
        let told = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(key) = opened(vault, told("kid"), told("algorithm"), told("sealed")) {
            return Ok(Signer { kid: told("kid").to_owned(), key });
        }
        if !is_last {
            tracing::warn!(
                kid = told("kid"),
                "a signing key is not of this server: new ones are made"
            );
            conversation.rows("SELECT auth.discard_keys()", &[]).await?;
        }
    }
    Err(Error::internal("a new signing key could not be opened"))
}

fn opened(vault: &Vault, kid: &str, algorithm: &str, sealed: &str) -> Option<PrivateKey> {
    let der = vault.open(&auth::vault::from_hex(sealed)?, kid)?;
    PrivateKey::of_der(Algorithm::named(algorithm)?, &der)
}

fn tokens(
    http: &Http,
    vault: &Vault,
    signer: &Signer,
    family: &Family,
    refresh: &Opaque,
) -> Result<Value> {
    let config = http.front.database.config();
    let now = chrono::Utc::now().timestamp();
    let lifetime = i64::try_from(config.auth_token_lifetime.0).unwrap_or(i64::MAX);
    let mut claims = json!({
        "iss": vault.issuer(),
        "aud": vault.audience(),
        "sub": family.role.to_string(),
        "role": family.role_name,
        "sid": family.session,
        "iat": now,
        "nbf": now,
        "exp": now.saturating_add(lifetime),
        "jti": random_uuid(),
    });
    if let Some(scopes) = family.scopes {
        claims["scope"] = json!(scopes.names().join(" "));
    }
    let access = jwt::sign(&signer.kid, &signer.key, &claims);
    let access = access.ok_or_else(|| Error::internal("a token could not be signed"))?;
    Ok(json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "refresh_token": refresh.text(),
        "refresh_expires_in": config.auth_refresh_lifetime.0,
        "session": family.session,
        "role": family.role_name,
        "database": family.database_name,
    }))
}

fn random_uuid() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}
