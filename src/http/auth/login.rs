//! Logging in, going on, logging out.

use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::EXTENSION;
use super::{issue, own, secret_json};
use crate::auth::scope::{Scope, Scopes};
use crate::error::Error;
use crate::http::principal::{self, Claim, Principal, Proof};
use crate::http::problem::Problem;
use crate::http::{State, extension, guard, request};
use crate::observe::refusal::Reason;

/// What is over is looked for this often.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    role: Option<String>,
    password: Option<String>,
    database: Option<String>,
    /// What the session may be used for; without them, for everything.
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    refresh_token: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    refresh_token: Option<String>,
    /// Every session of the role.
    #[serde(default)]
    all: bool,
}

fn agent(parts: &Parts) -> String {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    agent.unwrap_or_default().to_owned()
}

fn scopes(names: Option<Vec<String>>) -> Result<Option<Scopes>, Problem> {
    let Some(names) = names else { return Ok(None) };
    if let Some(unknown) = names.iter().find(|name| Scope::named(name).is_none()) {
        return Err(Problem::bad_request(&format!("unknown scope \"{unknown}\"")));
    }
    match names.is_empty() {
        true => Err(Problem::bad_request("at least one scope is needed")),
        false => Ok(Some(Scopes::named(names.iter().map(String::as_str)))),
    }
}

/// `POST /api/v1/auth/login`: begins a session.
///
/// Body: `{"role", "password", "database"?, "scopes"?}`, or role and password by Basic
/// authorization (or a client certificate, where `pg_hba.conf` asks for that). The database is
/// that of the role's name without another word. 200: `{"access_token", "token_type",
/// "expires_in", "refresh_token", "refresh_expires_in", "session", "role", "database"}`, times
/// in seconds. 401 (`28P01`) for a wrong password, 403 where `pg_hba.conf` or the role's
/// rights say no.
pub async fn log_in(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asked: LogIn = request::json_or_default(&http, body).await?;
    let wanted = scopes(asked.scopes)?;
    let principal = match asked.role {
        Some(role) if !parts.headers.contains_key(header::AUTHORIZATION) => {
            let database = match asked.database {
                Some(database) => database,
                None => principal::named_database(&parts.headers)?.unwrap_or(&role).to_owned(),
            };
            let claim = Claim { role, password: asked.password, database };
            let principal = principal::prove(&http, &*principal::peer(&parts)?, claim).await?;
            guard::admit(&http, &parts, &principal).await?;
            principal
        }
        Some(_) => return Err(Problem::bad_request("a role is named twice")),
        None if asked.password.is_some() || asked.database.is_some() => {
            return Err(Problem::bad_request("a role is needed"));
        }
        None => principal::of(&http, &parts).await?,
    };
    if !matches!(principal.proof, Proof::Password | Proof::Certificate | Proof::Trust) {
        // Or what was revoked could live on in what was made of it.
        let problem = principal::forbidden("a login needs the role's password");
        return Err(problem.refuses(Reason::Scope));
    }
    let tokens = issue::begin(&http, &principal, wanted, &agent(&parts)).await?;
    purge(&http, &principal);
    Ok(secret_json(&tokens))
}

/// Removes what is over, now and then.
fn purge(http: &State, principal: &Principal) {
    let mut purged = http.auth.purged.lock();
    purged.retain(|_, at| at.elapsed() < PURGE_INTERVAL);
    if !purged.contains_key(&principal.database) {
        purged.insert(principal.database.clone(), Instant::now());
        let text = "SELECT auth.purge()";
        own::beside(http, &principal.database, principal.ends, text, Vec::new());
    }
}

/// `POST /api/v1/auth/refresh`: new tokens for a session.
///
/// Body: `{"refresh_token"}`, which is used up. 200: as of a login. 401 for a token that is
/// unknown, expired, of a session that has ended, or was used before, which ends its session.
pub async fn refresh(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let peer = principal::peer(&parts)?;
    principal::check_protected(&peer, "a token")?;
    let asked: Refresh = request::json(&http, body).await?;
    let tokens = issue::refresh(&http, &peer, &asked.refresh_token, &agent(&parts)).await;
    let tokens = tokens.inspect_err(|problem| principal::log_refusal(&peer, problem))?;
    Ok(secret_json(&tokens))
}

/// `POST /api/v1/auth/revoke`: ends a session (logout).
///
/// Body: `{"refresh_token"}` ends its session, and needs nothing else; an empty one ends the
/// session of the access token that is sent; `{"all": true}` those of its role. 204, also for a
/// refresh token that is not valid (RFC 7009).
pub async fn revoke(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asked: Revoke = request::json_or_default(&http, body).await?;
    if let Some(token) = &asked.refresh_token {
        let peer = principal::peer(&parts)?;
        principal::check_protected(&peer, "a token")?;
        issue::revoke(&http, &peer, token).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let principal = principal::of(&http, &parts).await?;
    let (text, params) = match (asked.all, &principal.session) {
        (true, _) => {
            principal.require(Scope::Admin)?;
            ("SELECT auth.revoke_sessions()", Vec::new())
        }
        (false, Some(session)) => ("SELECT auth.revoke_session($1)", vec![json!(session)]),
        (false, None) => {
            return Err(Problem::bad_request("the request is not of a session"));
        }
    };
    as_caller(&http, &principal, text, params).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/v1/auth/me`: who asks.
///
/// 200: `{"role", "database", "proof", "scopes", "session", "claims"}`; `proof` is trust,
/// password, certificate, token, foreign token or API key.
pub async fn me(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = principal::of(&http, &parts).await?;
    let claims: Value = serde_json::from_str(&principal.claims).unwrap_or_default();
    Ok(secret_json(&json!({
        "role": principal.role,
        "database": principal.database,
        "proof": principal.proof.as_str(),
        "scopes": principal.scopes.names(),
        "session": principal.session,
        "claims": claims,
    })))
}

/// The rows of one statement, as the principal, in a database that has the extension.
pub(super) async fn as_caller(
    http: &State,
    principal: &Principal,
    text: &'static str,
    params: Vec<Value>,
) -> Result<Vec<Value>, Problem> {
    let failed = |error: Error| Problem::of(&error, "");
    let opened = extension::open(http, principal, EXTENSION, Vec::new()).await;
    let mut conversation = opened.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    let work = async move { conversation.rows(text, &params).await.map_err(failed) };
    leash.run(work).await
}
