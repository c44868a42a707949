//! Schedules: jobs that come again and again, by a cron pattern in a time zone.

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, EXTENSION, about, interval, page_by_name};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};

const COLUMNS: &str = "name, cron, time_zone, kind, payload, queue, priority, max_attempts, \
    (extract(epoch FROM timeout) * 1000)::bigint AS timeout_ms, missed, is_paused, role, next_at, last_at, error, created_at";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schedule {
    name: String,
    cron: String,
    #[serde(default)]
    time_zone: Option<String>,
    kind: String,
    #[serde(default)]
    payload: Option<Value>,
    #[serde(default)]
    queue: Option<String>,
    #[serde(default)]
    priority: i32,
    #[serde(default)]
    max_attempts: Option<i32>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    missed: Option<String>,
    #[serde(default)]
    is_paused: bool,
}

/// `POST /api/v1/schedules`: `{"name", "cron", "time_zone", "kind", "payload", "queue",
/// "priority", "max_attempts", "timeout_ms", "missed", "is_paused"}`. `missed` is `skip`,
/// `last` (the default) or `all`: which ticks are made up for that nobody was there for.
/// 201 with the schedule; 409 where the name is taken.
pub async fn schedule_create(http: State, request: Request) -> Result<(StatusCode, Json), Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let schedule: Schedule = request::json(&http, body).await?;
    let text = format!(
        "INSERT INTO jobs.schedule (name, cron, time_zone, kind, payload, queue, priority, max_attempts, timeout, missed, is_paused) \
         VALUES ($1, $2, coalesce($3::text, 'UTC'), $4, coalesce($5::jsonb, '{{}}'), coalesce($6::text, 'default'), $7, \
         coalesce($8::integer, 20), $9::interval, coalesce($10::text, 'last'), $11) RETURNING {COLUMNS}"
    );
    let values = vec![
        json!(schedule.name),
        json!(schedule.cron),
        json!(schedule.time_zone),
        json!(schedule.kind),
        schedule.payload.map_or(Value::Null, |payload| json!(payload.to_string())),
        json!(schedule.queue),
        json!(schedule.priority),
        json!(schedule.max_attempts),
        schedule.timeout_ms.map_or(Value::Null, interval),
        json!(schedule.missed),
        json!(schedule.is_paused),
    ];
    Ok((StatusCode::CREATED, Json(caller.one("the schedule", text, values).await?)))
}

/// `GET /api/v1/schedules?after=&limit=`: `{"schedules": […], "next"}`, by name.
pub async fn schedule_list(http: State, request: Request) -> Result<Response, Problem> {
    let text = format!(
        "SELECT {COLUMNS} FROM jobs.schedule WHERE ($1::text IS NULL OR name > $1) ORDER BY name LIMIT $2::bigint"
    );
    page_by_name(&http, EXTENSION, request, "schedules", &text).await
}

/// A statement about the schedule of a name, which it takes.
async fn of_name(
    http: State,
    name: String,
    request: Request,
    text: String,
) -> Result<Json, Problem> {
    let what = format!("schedule \"{name}\"");
    about(&http, EXTENSION, request, (&what, &text), vec![json!(name)]).await
}

async fn switch(
    http: State,
    name: String,
    request: Request,
    is_paused: bool,
) -> Result<Json, Problem> {
    let text = format!(
        "UPDATE jobs.schedule SET is_paused = {is_paused} WHERE name = $1 RETURNING {COLUMNS}"
    );
    of_name(http, name, request, text).await
}

/// `GET /api/v1/schedules/{name}`.
pub async fn schedule_get(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let text = format!("SELECT {COLUMNS} FROM jobs.schedule WHERE name = $1");
    of_name(http, name, request, text).await
}

/// `POST /api/v1/schedules/{name}/pause`.
pub async fn schedule_pause(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    switch(http, name, request, true).await
}

/// `POST /api/v1/schedules/{name}/resume`: it ticks from now on.
pub async fn schedule_resume(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    switch(http, name, request, false).await
}

/// `DELETE /api/v1/schedules/{name}`: 204. Jobs that it has made stay.
pub async fn schedule_delete(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let text = "DELETE FROM jobs.schedule WHERE name = $1 RETURNING name".to_owned();
    of_name(http, name, request, text).await?;
    Ok(StatusCode::NO_CONTENT)
}
