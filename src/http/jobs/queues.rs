//! Queues: how many jobs they have, and limits. A queue is there as soon as a job names
//! it; its row says what is not as usual. Who may change one is the privileges of
//! `jobs.queue`.

use axum::extract::{Path, Request};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Caller, EXTENSION, about, page_by_name};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};

/// `GET /api/v1/queues?after=&limit=`: `{"queues": [{"name", "is_paused", "max_running",
/// "available", …}], "next"}`, by name. Jobs are counted that the caller may see.
pub async fn queue_list(http: State, request: Request) -> Result<Response, Problem> {
    let text = "SELECT * FROM jobs.queues WHERE ($1::text IS NULL OR name > $1) ORDER BY name LIMIT $2::bigint";
    page_by_name(&http, EXTENSION, request, "queues", text).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    is_paused: bool,
    #[serde(default)]
    max_running: Option<i32>,
}

/// Sets what is given, and tells the runner.
const PAUSE: &str = "WITH told AS (SELECT pg_notify('jobs', 'queue')) \
    INSERT INTO jobs.queue (name, is_paused) SELECT $1::text, $2::boolean FROM told \
    ON CONFLICT (name) DO UPDATE SET is_paused = excluded.is_paused RETURNING name, is_paused, max_running";
const CHANGE: &str = "WITH told AS (SELECT pg_notify('jobs', 'queue')) \
    INSERT INTO jobs.queue (name, is_paused, max_running) SELECT $1::text, $2::boolean, $3::integer FROM told \
    ON CONFLICT (name) DO UPDATE SET is_paused = excluded.is_paused, max_running = excluded.max_running \
    RETURNING name, is_paused, max_running";

/// `PUT /api/v1/queues/{name}`: `{"is_paused", "max_running"}`; null is no limit.
pub async fn queue_change(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let change: Change = request::json(&http, body).await?;
    let values = vec![json!(name), json!(change.is_paused), json!(change.max_running)];
    Ok(Json(caller.one("the queue", CHANGE, values).await?))
}

async fn pause(
    http: State,
    name: String,
    request: Request,
    is_paused: bool,
) -> Result<Json, Problem> {
    let values = vec![json!(name), json!(is_paused)];
    about(&http, EXTENSION, request, ("the queue", PAUSE), values).await
}

/// `POST /api/v1/queues/{name}/pause`: none of its jobs is claimed from now on.
pub async fn queue_pause(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    pause(http, name, request, true).await
}

/// `POST /api/v1/queues/{name}/resume`.
pub async fn queue_resume(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    pause(http, name, request, false).await
}
