//! `/api/v1/webhooks`: rows of `events.webhook`, as the role that asks sees them.
//!
//! What is delivered, and how it is signed, is `crate::events::webhook`'s. Deliveries are
//! jobs in the queue `webhook:` and the id: `GET /api/v1/jobs?queue=webhook:7&state=discarded`
//! lists those that were given up, `POST /api/v1/jobs/{id}/retry` sends one again.

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::EXTENSION;
use crate::http::State;
use crate::http::jobs::Caller;
use crate::http::paging::{limit_of, page, query};
use crate::http::principal::Scope;
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::request;

/// What a webhook is shown as: without its secrets.
const COLUMNS: &str = "w.id, w.role, to_jsonb(w.source::regclass::text) AS \"table\", w.url, w.ops, w.description, w.max_attempts, w.is_paused, w.error, \
    w.created_at, w.previous_until, CASE WHEN w.at_commit IS NOT NULL THEN w.at_commit || '-' || w.at_n END AS position";

fn id_of(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::bad_request("the id of a webhook is a number"))
}

async fn caller(http: &State, parts: &axum::http::request::Parts) -> Result<Caller, Problem> {
    Caller::with_scope(http, parts, EXTENSION, Scope::Events).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    after: Option<i64>,
    limit: Option<u32>,
}

/// `GET /api/v1/webhooks?after=&limit=`: `{"webhooks": […], "next"}`.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let filter: Filter = query(&parts)?;
    let limit = limit_of(filter.limit)?;
    let text = format!(
        "SELECT {COLUMNS} FROM events.webhook w WHERE w.id > $1::bigint ORDER BY w.id LIMIT $2::bigint"
    );
    let values = vec![json!(filter.after.unwrap_or(0)), json!(limit + 1)];
    Ok(page("webhooks", caller.rows(text, values).await?, limit, "id"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    table: String,
    url: String,
    #[serde(default)]
    ops: Option<Vec<String>>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    max_attempts: Option<i32>,
}

/// `POST /api/v1/webhooks`: `{"table", "url", "ops"?, "description"?, "max_attempts"?}`;
/// 201 with `{"id", "secret"}`, the one time that the secret is told. What is committed
/// after it is delivered.
pub async fn create(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let new: New = request::json(&http, body).await?;
    let text = "SELECT m.id, m.secret FROM events.create_webhook($1::regclass, $2, coalesce($3::text[], '{insert,update,delete,truncate}'), $4, coalesce($5::integer, 12)) m";
    let New { table, url, ops, description, max_attempts } = new;
    let values =
        vec![json!(table), json!(url), json!(ops), json!(description), json!(max_attempts)];
    let made = caller.one("the webhook", text, values).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// `GET /api/v1/webhooks/{id}`: one of the role's; 404 for others.
pub async fn get(http: State, Path(id): Path<String>, request: Request) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let text = format!("SELECT {COLUMNS} FROM events.webhook w WHERE w.id = $1::bigint");
    let id = id_of(&id)?;
    Ok(Json(caller.one(&format!("webhook {id}"), text, vec![json!(id)]).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    ops: Option<Vec<String>>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    max_attempts: Option<i32>,
    #[serde(default)]
    is_paused: Option<bool>,
}

/// `PATCH /api/v1/webhooks/{id}`: `{"url"?, "ops"?, "description"?, "max_attempts"?,
/// "is_paused"?}`; the webhook after it. While it is paused its changes wait.
pub async fn patch(http: State, Path(id): Path<String>, request: Request) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let Changes { url, ops, description, max_attempts, is_paused } =
        request::json(&http, body).await?;
    let text = format!(
        "UPDATE events.webhook w SET url = coalesce($2, w.url), ops = coalesce($3::text[], w.ops), description = coalesce($4, w.description), \
         max_attempts = coalesce($5::integer, w.max_attempts), is_paused = coalesce($6::boolean, w.is_paused) WHERE w.id = $1::bigint RETURNING {COLUMNS}"
    );
    let id = id_of(&id)?;
    let values: Vec<Value> = vec![
        json!(id),
        json!(url),
        json!(ops),
        json!(description),
        json!(max_attempts),
        json!(is_paused),
    ];
    Ok(Json(caller.one(&format!("webhook {id}"), text, values).await?))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    #[serde(default)]
    keep_ms: Option<u64>,
}

/// `POST /api/v1/webhooks/{id}/rotate`: `{"keep_ms"?}`; `{"secret"}`, a new one. The one
/// before signs as well for so long, a day if it is not said.
pub async fn rotate(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let Rotation { keep_ms } = request::json_or_default(&http, body).await?;
    let keep = keep_ms.map(|ms| format!("{ms} milliseconds"));
    let text = "SELECT events.rotate_webhook($1::bigint, coalesce($2::interval, interval '1 day')) AS secret";
    let id = id_of(&id)?;
    Ok(Json(caller.one(&format!("webhook {id}"), text, vec![json!(id), json!(keep)]).await?))
}

/// `DELETE /api/v1/webhooks/{id}`: 204; deliveries that wait are given up.
pub async fn delete(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let id = id_of(&id)?;
    let text = "DELETE FROM events.webhook w WHERE w.id = $1::bigint RETURNING w.id";
    caller.one(&format!("webhook {id}"), text, vec![json!(id)]).await?;
    Ok(StatusCode::NO_CONTENT)
}
