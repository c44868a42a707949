//! The sessions of who asks.

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::login::as_caller;
use super::secret_json;
use crate::auth::scope::Scope;
use crate::http::State;
use crate::http::paging::{self, Page, limit_of, query};
use crate::http::principal;
use crate::http::problem::Problem;

/// `GET /api/v1/auth/sessions?limit&after`: sessions that have not ended, of the role and of
/// those it is a member of. Scope `admin`.
///
/// 200: `{"sessions": [{"id", "role", "scopes", "address", "user_agent", "created_at",
/// "last_seen_at", "expires_at", "is_current"}], "next"}`.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let asked: Page = query(&parts)?;
    let limit = limit_of(asked.limit)?;
    let principal = principal::of(&http, &parts).await?;
    principal.require(Scope::Admin)?;
    let text = "SELECT id, role::text, scopes, host(address) AS address, user_agent, created_at, \
        last_seen_at, expires_at, is_current FROM auth.sessions \
        WHERE revoked_at IS NULL AND expires_at > now() AND ($1::uuid IS NULL OR id > $1::uuid) \
        ORDER BY id LIMIT $2::int";
    let params = vec![json!(asked.after), json!(limit + 1)];
    let rows = as_caller(&http, &principal, text, params).await?;
    Ok(secret_json(&paging::body("sessions", rows, limit, "id")))
}

/// `DELETE /api/v1/auth/sessions/{id}`: ends a session. Scope `admin`, unless it is the
/// one that asks.
///
/// 204; 404 (`42704`) for one that is not there, has ended, or is another's.
pub async fn end(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = principal::of(&http, &parts).await?;
    if principal.session.as_ref() != Some(&id) {
        principal.require(Scope::Admin)?;
    }
    let text = "SELECT auth.revoke_session($1) AS done";
    let rows = as_caller(&http, &principal, text, vec![json!(id)]).await?;
    match rows.first().is_some_and(|row| row["done"] == true) {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::missing(&format!("session \"{id}\" does not exist"))),
    }
}
