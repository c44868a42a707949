//! Workers outside: claim, keep, finish.
//!
//! ```text
//! POST /api/v1/jobs/claim            {"queue", "kinds", "count", "lease_ms", "worker", "wait_ms"} → {"jobs": [{…, "lease"}]}
//! POST /api/v1/jobs/{id}/heartbeat   {"lease", "lease_ms", "progress", "message"} → {"cancel_requested"}
//! POST /api/v1/jobs/{id}/complete    {"lease", "result"}
//! POST /api/v1/jobs/complete         {"jobs": [{"id", "lease", "result"}]} → {"ids"}
//! POST /api/v1/jobs/{id}/fail        {"lease", "error", "retry", "delay_ms"} → {"state"}
//! POST /api/v1/jobs/{id}/logs        {"level", "message", "data"} → {"id"}
//! ```
//! A lease that has expired, or a job that is finished, answers 409 (`55000`).

use std::time::{Duration, Instant};

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{COLUMNS, Caller, EXTENSION, id_of, interval};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};

const LEASE_MS: u64 = 30_000;
/// Characters of a worker's name, as `jobs.job` takes it.
const WORKER_MAX: usize = 255;
/// How long a claim may wait for jobs.
const WAIT_MS_MAX: u64 = 60_000;
/// How often it looks, of jobs that no transaction tells of.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    #[serde(default)]
    queue: Option<String>,
    #[serde(default)]
    kinds: Option<Vec<String>>,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    lease_ms: Option<u64>,
    #[serde(default)]
    worker: Option<String>,
    #[serde(default)]
    wait_ms: Option<u64>,
}

/// `POST /api/v1/jobs/claim`: up to `count` (1) jobs of a queue (or all) and of some kinds
/// (or those that the server does not run itself), each with its lease. None are an empty
/// list, after waiting for them for `wait_ms` (0).
pub async fn claim(http: State, request: Request) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let claim: Claim = request::json(&http, body).await?;
    if claim.worker.as_ref().is_some_and(|worker| worker.chars().count() > WORKER_MAX) {
        let message = format!("the name of a worker has at most {WORKER_MAX} characters");
        return Err(Problem::bad_request(&message));
    }
    let wait = claim.wait_ms.unwrap_or(0);
    if wait > WAIT_MS_MAX {
        return Err(Problem::bad_request(&format!("wait_ms is at most {WAIT_MS_MAX}")));
    }
    let until = Instant::now() + Duration::from_millis(wait);
    let text = format!(
        "SELECT {COLUMNS}, lease FROM jobs.claim($1::text, $2::text[], $3::integer, $4::interval, $5::text)"
    );
    let values = vec![
        json!(claim.queue),
        json!(claim.kinds),
        json!(claim.count.unwrap_or(1)),
        interval(claim.lease_ms.unwrap_or(LEASE_MS)),
        json!(claim.worker),
    ];
    let database = &http.front.database;
    let found = database.shared_catalog().database_named(&caller.principal.database).map(|d| d.oid);
    let mut wake = found.map(|oid| database.channels.watch(oid, EXTENSION));
    loop {
        let jobs = caller.rows(text.clone(), values.clone()).await?;
        let left = until.saturating_duration_since(Instant::now());
        if !jobs.is_empty() || left.is_zero() || http.stop.is_cancelled() {
            return Ok(Json(json!({"jobs": jobs})));
        }
        let news = async {
            match &mut wake {
                Some(wake) => drop(wake.changed().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = news => {}
            () = http.stop.cancelled() => {}
            () = tokio::time::sleep(left.min(LOOK_INTERVAL)) => {}
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Heartbeat {
    lease: String,
    #[serde(default)]
    lease_ms: Option<u64>,
    #[serde(default)]
    progress: Option<f64>,
    #[serde(default)]
    message: Option<String>,
}

/// `POST /api/v1/jobs/{id}/heartbeat`: keeps the lease for `lease_ms` (30000) from now.
pub async fn heartbeat(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let id = id_of(&id)?;
    let beat: Heartbeat = request::json(&http, body).await?;
    let text = "SELECT jobs.heartbeat($1::bigint, $2::uuid, $3::interval, $4::float8, $5::text) AS cancel_requested";
    let lease_for = interval(beat.lease_ms.unwrap_or(LEASE_MS));
    let values =
        vec![json!(id), json!(beat.lease), lease_for, json!(beat.progress), json!(beat.message)];
    Ok(Json(caller.one(&format!("job {id}"), text, values).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Completion {
    lease: String,
    #[serde(default)]
    result: Value,
}

/// `POST /api/v1/jobs/{id}/complete`: 204.
pub async fn complete(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let id = id_of(&id)?;
    let done: Completion = request::json(&http, body).await?;
    let text = "SELECT jobs.complete($1::bigint, $2::uuid, $3::jsonb)";
    let result = json!(done.result.to_string());
    caller.rows(text, vec![json!(id), json!(done.lease), result]).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Completions {
    #[serde(deserialize_with = "request::objects")]
    jobs: Vec<CompletionOf>,
}

#[derive(Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct CompletionOf {
    id: i64,
    lease: String,
    #[serde(default)]
    result: Value,
}

/// `POST /api/v1/jobs/complete`: many in one transaction. The ids of those that are done;
/// the others have lost their lease.
pub async fn complete_batch(http: State, request: Request) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let done: Completions = request::json(&http, body).await?;
    let text = "SELECT jobs.complete_batch($1::jsonb) AS id";
    let rows = caller.rows(text, vec![json!(json!(done.jobs).to_string())]).await?;
    let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    Ok(Json(json!({"ids": ids})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failed {
    lease: String,
    /// A text, or an object with a `message`.
    error: Value,
    #[serde(default)]
    retry: Option<bool>,
    #[serde(default)]
    delay_ms: Option<u64>,
}

/// `POST /api/v1/jobs/{id}/fail`: the attempt has failed; `{"state"}` is `retryable`,
/// `discarded` or `cancelled`.
pub async fn fail(http: State, Path(id): Path<String>, request: Request) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let id = id_of(&id)?;
    let failed: Failed = request::json(&http, body).await?;
    let error = match failed.error {
        Value::String(message) => json!({"message": message}),
        other => other,
    };
    let text =
        "SELECT jobs.fail($1::bigint, $2::uuid, $3::jsonb, $4::boolean, $5::interval) AS state";
    let values = vec![
        json!(id),
        json!(failed.lease),
        json!(error.to_string()),
        json!(failed.retry.unwrap_or(true)),
        failed.delay_ms.map_or(Value::Null, interval),
    ];
    Ok(Json(caller.one(&format!("job {id}"), text, values).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    level: Option<String>,
    message: String,
    #[serde(default)]
    data: Value,
}

/// `POST /api/v1/jobs/{id}/logs`: a line of the job's log, of the level `debug`, `info`
/// (the default), `warning` or `error`; 201 with its `{"id"}`.
pub async fn log(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json), Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let id = id_of(&id)?;
    let line: Line = request::json(&http, body).await?;
    let data = match line.data {
        Value::Null => Value::Null,
        data => json!(data.to_string()),
    };
    let text = "SELECT jobs.log($1::bigint, $2::text, $3::text, $4::jsonb) AS id";
    let level = line.level.unwrap_or_else(|| "info".to_owned());
    let values = vec![json!(id), json!(level), json!(line.message), data];
    let made = caller.one(&format!("job {id}"), text, values).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
