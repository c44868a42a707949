//! API keys of who asks. All of it needs the scope `admin`.

use axum::extract::{Path, Request};
use axum::http::{StatusCode, request::Parts};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::login::as_caller;
use super::secret_json;
use crate::auth::scope::Scope;
use crate::http::paging::{self, Page, limit_of, query};
use crate::http::principal::{self, Principal};
use crate::http::problem::Problem;
use crate::http::{State, request};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    /// Another role than the one that asks, which has to be a member of it.
    role: Option<String>,
    scopes: Option<Vec<String>>,
    /// A timestamp.
    expires_at: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    /// How long the secret before is taken too; a day without another word.
    grace_seconds: Option<u32>,
}

const DAY_SECONDS: u32 = 86_400;

async fn admin(http: &State, parts: &Parts) -> Result<Principal, Problem> {
    let principal = principal::of(http, parts).await?;
    principal.require(Scope::Admin)?;
    Ok(principal)
}

fn no_key(id: &str) -> Problem {
    Problem::missing(&format!("API key \"{id}\" does not exist"))
}

/// `GET /api/v1/auth/keys?limit&after`: API keys that are not revoked, of the role and of
/// those it is a member of.
///
/// 200: `{"keys": [{"id", "role", "name", "scopes", "created_at", "expires_at", "rotated_at",
/// "previous_until", "last_used_at", "last_address"}], "next"}`. `scopes` null is all.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let asked: Page = query(&parts)?;
    let limit = limit_of(asked.limit)?;
    let principal = admin(&http, &parts).await?;
    let text = "SELECT id, role::text, name, scopes, created_at, expires_at, rotated_at, \
        previous_until, last_used_at, host(last_address) AS last_address FROM auth.api_keys \
        WHERE revoked_at IS NULL AND ($1::text IS NULL OR id > $1) ORDER BY id LIMIT $2::int";
    let params = vec![json!(asked.after), json!(limit + 1)];
    let rows = as_caller(&http, &principal, text, params).await?;
    Ok(secret_json(&paging::body("keys", rows, limit, "id")))
}

/// `POST /api/v1/auth/keys`: makes an API key.
///
/// Body: `{"name", "role"?, "scopes"?, "expires_at"?}`. 201: `{"id", "key"}`; the key is
/// shown this once. 403 (`42501`) for a role or scopes that the caller does not have.
pub async fn create(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let principal = admin(&http, &parts).await?;
    let asked: Create = request::json(&http, body).await?;
    let text = "SELECT id, secret AS key FROM auth.create_api_key($1, quote_ident($2)::regrole, \
        $3::text[], $4::timestamptz)";
    let params =
        vec![json!(asked.name), json!(asked.role), json!(asked.scopes), json!(asked.expires_at)];
    let rows = as_caller(&http, &principal, text, params).await?;
    let made = rows.into_iter().next().unwrap_or_default();
    Ok((StatusCode::CREATED, secret_json(&made)).into_response())
}

/// `POST /api/v1/auth/keys/{id}/rotate`: a new secret for an API key.
///
/// Body: `{"grace_seconds"?}`, how long the secret before is taken too (a day). 200: `{"id",
/// "key"}`. 404 (`42704`) for a key that is not there or another's.
pub async fn rotate(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let principal = admin(&http, &parts).await?;
    let asked: Rotate = request::json_or_default(&http, body).await?;
    let grace = asked.grace_seconds.unwrap_or(DAY_SECONDS);
    let text = "SELECT auth.rotate_api_key($1, make_interval(secs => $2)) AS key";
    let rotated = as_caller(&http, &principal, text, vec![json!(id), json!(grace)]).await;
    let rows = rotated.map_err(|problem| match problem.text("code") {
        "42704" => no_key(&id),
        _ => problem,
    })?;
    let key = rows.into_iter().next().map_or(Value::Null, |row| row["key"].clone());
    Ok(secret_json(&json!({"id": id, "key": key})))
}

/// `DELETE /api/v1/auth/keys/{id}`: revokes an API key.
///
/// 204; 404 (`42704`) for a key that is not there, is revoked, or is another's.
pub async fn revoke(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = admin(&http, &parts).await?;
    let text = "SELECT auth.revoke_api_key($1) AS done";
    let rows = as_caller(&http, &principal, text, vec![json!(id)]).await?;
    match rows.first().is_some_and(|row| row["done"] == true) {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(no_key(&id)),
    }
}
