//! `/api/v1/sagas`: definitions of sagas and their runs.
//!
//! Statements over the extension `sagas`, run as who asks; the steps are jobs
//! (`crate::jobs`).

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::jobs::{Caller, about, id_of, page_by_name};
use super::paging::{limit_of, page, query};
use super::problem::Problem;
use super::reply::Json;
use super::{State, idempotency, request};

const EXTENSION: &str = "sagas";
const RUN: &str =
    "id, definition, role, state, input, idempotency_key, error, started_at, finished_at";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    steps: Value,
}

/// `PUT /api/v1/sagas/definitions/{name}`: `{"steps": […]}`. A step is `{"name", "kind", …,
/// "after", "max_attempts", "timeout_ms", "backoff_ms", "compensate"}`; what belongs to
/// which kind says `crate::jobs`. Runs that have begun keep the steps that they began with.
pub async fn define(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let definition: Definition = request::json(&http, body).await?;
    let text = "SELECT $1::text AS name FROM sagas.define($1::text, $2::jsonb)";
    let values = vec![json!(name), json!(definition.steps.to_string())];
    Ok(Json(caller.one("the saga", text, values).await?))
}

/// `GET /api/v1/sagas/definitions?after=&limit=`: `{"definitions": […], "next"}`, by name.
pub async fn definitions(http: State, request: Request) -> Result<Response, Problem> {
    let text = "SELECT name, steps, role, changed_at FROM sagas.definition WHERE ($1::text IS NULL OR name > $1) ORDER BY name LIMIT $2::bigint";
    page_by_name(&http, EXTENSION, request, "definitions", text).await
}

/// `DELETE /api/v1/sagas/definitions/{name}`: 204. Runs that have begun go on.
pub async fn forget(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let text = "DELETE FROM sagas.definition WHERE name = $1 RETURNING name";
    let what = format!("saga \"{name}\"");
    about(&http, EXTENSION, request, (&what, text), vec![json!(name)]).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    definition: String,
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    idempotency_key: Option<String>,
}

/// `POST /api/v1/sagas`: begins a run of a definition: `{"definition", "input",
/// "idempotency_key"}`; 201 with its `{"id"}`, which for a key that was given before is
/// the run of that time. The key may be given as the header `Idempotency-Key`; 400 where
/// both say something, and not the same.
pub async fn start(http: State, request: Request) -> Result<(StatusCode, Json), Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let start: Start = request::json(&http, body).await?;
    let key = match (start.idempotency_key, idempotency::key(&parts.headers)?) {
        (Some(own), Some(header)) if own != header => {
            return Err(Problem::bad_request("Idempotency-Key differs from \"idempotency_key\""));
        }
        (own, header) => own.or(header),
    };
    let text = "SELECT sagas.start($1::text, $2::jsonb, $3::text) AS id";
    let input = start.input.unwrap_or_else(|| json!({})).to_string();
    let values = vec![json!(start.definition), json!(input), json!(key)];
    Ok((StatusCode::CREATED, Json(caller.one("the saga", text, values).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    definition: Option<String>,
    state: Option<String>,
    before: Option<i64>,
    limit: Option<u32>,
}

/// `GET /api/v1/sagas?definition=&state=&before=&limit=`: `{"runs": […], "next"}`, newest
/// first.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let filter: Filter = query(&parts)?;
    let limit = limit_of(filter.limit)?;
    let text = format!(
        "SELECT {RUN} FROM sagas.run WHERE ($1::text IS NULL OR definition = $1) AND ($2::text IS NULL OR state = $2) \
         AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4::bigint"
    );
    let values =
        vec![json!(filter.definition), json!(filter.state), json!(filter.before), json!(limit + 1)];
    Ok(page("runs", caller.rows(text, values).await?, limit, "id"))
}

/// `GET /api/v1/sagas/{id}`: a run with its `steps`: `{"name", "after", "state", "job_id",
/// "result", "error", "changed_at"}`.
pub async fn get(http: State, Path(id): Path<String>, request: Request) -> Result<Json, Problem> {
    let id = id_of(&id)?;
    let text = format!(
        "SELECT {RUN}, (SELECT jsonb_agg(jsonb_build_object('name', s.name, 'after', s.after, 'state', s.state, 'job_id', s.job_id, \
         'result', s.result, 'error', s.error, 'changed_at', s.changed_at) ORDER BY s.position) FROM sagas.step s WHERE s.run_id = r.id) AS steps \
         FROM sagas.run r WHERE r.id = $1::bigint"
    );
    let what = format!("saga run {id}");
    about(&http, EXTENSION, request, (&what, &text), vec![json!(id)]).await
}

/// `POST /api/v1/sagas/{id}/cancel`: undoes a run that is under way; `{"state"}` after it.
pub async fn cancel(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let id = id_of(&id)?;
    let text = "SELECT sagas.cancel($1::bigint) AS state";
    let what = format!("saga run {id}");
    about(&http, EXTENSION, request, (&what, text), vec![json!(id)]).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolution {
    how: String,
}

/// `POST /api/v1/sagas/{id}/steps/{name}/resolve`: `{"how": "retry"}` tries a compensation
/// again that has failed for good, `{"how": "done"}` says that it was done by hand;
/// `{"state"}` of the run after it. 409 where the step is not stuck.
pub async fn resolve(
    http: State,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let id = id_of(&id)?;
    let resolution: Resolution = request::json(&http, body).await?;
    let text = "SELECT sagas.resolve($1::bigint, $2::text, $3::text) AS state";
    let values = vec![json!(id), json!(name), json!(resolution.how)];
    Ok(Json(caller.one(&format!("saga run {id}"), text, values).await?))
}
