//! The sessions of who asks.

use axum::extract::{Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::login::as_caller;
use super::secret_json;
use crate::auth::scope::Scope;
use crate::http::State;
use crate::http::principal;
use crate::http::problem::Problem;

/// Rows of a page, unless a request says another number.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 1_000;

/// `?limit=50&after=…`: a page of a list, after the one that ended there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<u32>,
    after: Option<String>,
}

impl Page {
    pub(super) fn of(request: &Request) -> Result<Page, Problem> {
        let read = Query::<Page>::try_from_uri(request.uri());
        read.map(|Query(page)| page).map_err(|error| Problem::bad_request(&error.body_text()))
    }

    /// The parameters of a statement: after what, and how many.
    pub(super) fn params(&self) -> Vec<Value> {
        vec![json!(self.after), json!(self.size())]
    }

    fn size(&self) -> u32 {
        self.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)
    }

    /// A page: its rows, and where the next one begins.
    pub(super) fn answer(&self, name: &str, rows: Vec<Value>) -> Response {
        let is_full = rows.len() as u32 >= self.size();
        let next = rows.last().filter(|_| is_full).map(|row| row["id"].clone());
        secret_json(&json!({name: rows, "next": next}))
    }
}

/// `GET /api/v1/auth/sessions?limit&after`: sessions that have not ended, of the role and of
/// those it is a member of. Scope `admin`.
///
/// 200: `{"sessions": [{"id", "role", "scopes", "address", "user_agent", "created_at",
/// "last_seen_at", "expires_at", "is_current"}], "next"}`.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let page = Page::of(&request)?;
    let (parts, _) = request.into_parts();
    let principal = principal::of(&http, &parts).await?;
    principal.require(Scope::Admin)?;
    let text = "SELECT id, role::text, scopes, host(address) AS address, user_agent, created_at, \
        last_seen_at, expires_at, is_current FROM auth.sessions \
        WHERE revoked_at IS NULL AND expires_at > now() AND ($1::uuid IS NULL OR id > $1::uuid) \
        ORDER BY id LIMIT $2::int";
    let rows = as_caller(&http, &principal, text, page.params()).await?;
    Ok(page.answer("sessions", rows))
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
