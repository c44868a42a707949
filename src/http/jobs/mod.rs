//! `/api/v1/jobs`, `/api/v1/queues` and `/api/v1/schedules`: jobs over HTTP.
//!
//! The routes are statements over the extension `jobs`, run as who asks: what may be seen
//! and done is what the extension's policies and functions say (`extensions/jobs`). What
//! runs the jobs is `crate::jobs`, or a worker outside ([`workers`]).
//!
//! Lists are paged: `limit` (100, at most 1000) and `next`, which the next request gives as
//! `before` or `after`. Bodies have no other members than are named.

mod events;
mod queues;
mod schedules;
mod workers;

use std::sync::Arc;

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::paging::{Page, limit_of, page, query};
use super::principal::{self, Principal, Scope};
use super::problem::Problem;
use super::reply::Json;
use super::{Http, State, extension, request};
use crate::error::Error;
use crate::sqlstate;

pub use events::{Follower, News, events, logs};
pub use queues::{queue_change, queue_list, queue_pause, queue_resume};
pub use schedules::{
    schedule_create, schedule_delete, schedule_get, schedule_list, schedule_pause, schedule_resume,
};
pub use workers::{claim, complete, complete_batch, fail, heartbeat, log};

pub const EXTENSION: &str = "jobs";

/// What a job is shown as.
const COLUMNS: &str = "id, queue, kind, payload, role, state, priority, run_at, attempt, max_attempts, \
    (extract(epoch FROM timeout) * 1000)::bigint AS timeout_ms, unique_key, schedule, tick, submitted_at, started_at, finished_at, \
    worker, leased_until, progress, result, error, cancel_requested_at";

/// Who asks, in a database with an extension.
pub struct Caller {
    http: Arc<Http>,
    principal: Principal,
    /// What is needed in the database.
    extension: &'static str,
}

impl Caller {
    pub async fn of(
        http: &State,
        parts: &Parts,
        extension: &'static str,
    ) -> Result<Caller, Problem> {
        Caller::with_scope(http, parts, extension, Scope::Jobs).await
    }

    /// The same of another area.
    pub async fn with_scope(
        http: &State,
        parts: &Parts,
        extension: &'static str,
        scope: Scope,
    ) -> Result<Caller, Problem> {
        let principal = principal::of(http, parts).await?;
        principal.require(scope)?;
        Ok(Caller { http: http.0.clone(), principal, extension })
    }

    /// The rows of a statement in a transaction of its own, as objects.
    pub async fn rows(
        &self,
        text: impl Into<String>,
        values: Vec<Value>,
    ) -> Result<Vec<Value>, Problem> {
        let failed = |error: Error| Problem::of(&error, "");
        let opened = extension::open(&self.http, &self.principal, self.extension, Vec::new());
        let mut conversation = opened.await.map_err(failed)?;
        let leash = conversation.leash().map_err(failed)?;
        let text = text.into();
        let work = async move { conversation.rows(&text, &values).await.map_err(failed) };
        leash.run(work).await
    }

    /// The first row of a statement about one thing, which has to be there.
    pub async fn one(
        &self,
        what: &str,
        text: impl Into<String>,
        values: Vec<Value>,
    ) -> Result<Value, Problem> {
        let rows = self.rows(text, values).await?;
        rows.into_iter().next().ok_or_else(|| missing(what))
    }
}

fn missing(what: &str) -> Problem {
    let message = format!("{what} does not exist");
    Problem::of(&Error::new(sqlstate::NO_DATA_FOUND, message), "")
}

pub fn id_of(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::bad_request("the id of a job is a number"))
}

/// `?after=&limit=`: a page of what has names. `text` takes the name that the page begins
/// after (or NULL) and how many.
pub async fn page_by_name(
    http: &State,
    extension: &'static str,
    request: Request,
    name: &str,
    text: &str,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(http, &parts, extension).await?;
    let asked: Page = query(&parts)?;
    let limit = limit_of(asked.limit)?;
    let rows = caller.rows(text, vec![json!(asked.after), json!(limit + 1)]).await?;
    Ok(page(name, rows, limit, "name"))
}

/// What a statement answers about one thing that a path names and that has to be there.
pub async fn about(
    http: &State,
    extension: &'static str,
    request: Request,
    (what, text): (&str, &str),
    values: Vec<Value>,
) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(http, &parts, extension).await?;
    Ok(Json(caller.one(what, text, values).await?))
}

/// Milliseconds as an interval's text.
fn interval(ms: u64) -> Value {
    json!(format!("{ms} milliseconds"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    kind: String,
    #[serde(default)]
    payload: Option<Value>,
    #[serde(default)]
    queue: Option<String>,
    #[serde(default)]
    priority: Option<i32>,
    #[serde(default)]
    run_at: Option<String>,
    #[serde(default)]
    unique_key: Option<String>,
    #[serde(default)]
    unique_for_ms: Option<u64>,
    #[serde(default)]
    max_attempts: Option<i32>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    backoff_ms: Option<u64>,
}

impl Job {
    /// As `jobs.submit_batch` takes it.
    fn document(self) -> Value {
        let mut document = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                document.insert(name.to_owned(), value);
            }
        };
        put("kind", Some(Value::String(self.kind)));
        put("payload", self.payload);
        put("queue", self.queue.map(Value::String));
        put("priority", self.priority.map(Value::from));
        put("run_at", self.run_at.map(Value::String));
        put("unique_key", self.unique_key.map(Value::String));
        put("unique_for", self.unique_for_ms.map(interval));
        put("max_attempts", self.max_attempts.map(Value::from));
        put("timeout", self.timeout_ms.map(interval));
        put("backoff", self.backoff_ms.map(interval));
        Value::Object(document)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Submission {
    Many(Many),
    One(Box<Job>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    #[serde(deserialize_with = "request::objects")]
    jobs: Vec<Job>,
}

const SUBMIT: &str = "SELECT jobs.submit_batch($1::jsonb) AS id";

/// The statement that submits a job given as a body of `POST /api/v1/jobs`, and its
/// parameter.
pub fn submission(job: Value) -> serde_json::Result<(&'static str, Value)> {
    let job: Job = serde_json::from_value(job)?;
    Ok((SUBMIT, Value::Array(vec![job.document()])))
}

/// `POST /api/v1/jobs`: submits a job, or `{"jobs": […]}` in one transaction.
///
/// A job is `{"kind", "payload", "queue", "priority", "run_at", "unique_key",
/// "unique_for_ms", "max_attempts", "timeout_ms", "backoff_ms"}`, of which only the kind
/// must be there. Answers 201 with `{"id"}` or `{"ids"}`: where a unique key is held, the
/// id of the job that holds it.
pub async fn submit(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let (jobs, is_one) = match request::json(&http, body).await? {
        Submission::One(job) => (vec![*job], true),
        Submission::Many(Many { jobs }) => (jobs, false),
    };
    let jobs = Value::Array(jobs.into_iter().map(Job::document).collect());
    let rows = caller.rows(SUBMIT, vec![json!(jobs.to_string())]).await?;
    let mut ids: Vec<Value> = rows.into_iter().map(|mut row| row["id"].take()).collect();
    let body = match is_one {
        true => json!({"id": ids.pop()}),
        false => json!({"ids": ids}),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    queue: Option<String>,
    kind: Option<String>,
    state: Option<String>,
    before: Option<i64>,
    limit: Option<u32>,
}

/// `GET /api/v1/jobs?queue=&kind=&state=&before=&limit=`: jobs of the roles whose rights
/// the caller has, newest first: `{"jobs": […], "next"}`.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let filter: Filter = query(&parts)?;
    let limit = limit_of(filter.limit)?;
    let text = format!(
        "SELECT {COLUMNS} FROM jobs.job WHERE ($1::text IS NULL OR queue = $1) AND ($2::text IS NULL OR kind = $2) \
         AND ($3::text IS NULL OR state = $3) AND ($4::bigint IS NULL OR id < $4) ORDER BY id DESC LIMIT $5::bigint"
    );
    let values = vec![
        json!(filter.queue),
        json!(filter.kind),
        json!(filter.state),
        json!(filter.before),
        json!(limit + 1),
    ];
    Ok(page("jobs", caller.rows(text, values).await?, limit, "id"))
}

/// `GET /api/v1/jobs/{id}`: a job; 404 where there is none that the caller may see.
pub async fn get(http: State, Path(id): Path<String>, request: Request) -> Result<Json, Problem> {
    let text = format!("SELECT {COLUMNS} FROM jobs.job WHERE id = $1::bigint");
    ask(http, id, request, &text).await
}

async fn ask(http: State, id: String, request: Request, text: &str) -> Result<Json, Problem> {
    let id = id_of(&id)?;
    about(&http, EXTENSION, request, (&format!("job {id}"), text), vec![json!(id)]).await
}

/// `POST /api/v1/jobs/{id}/cancel`: `{"state"}` after it. A job that runs is asked to
/// end, and is `running` until it does.
pub async fn cancel(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    ask(http, id, request, "SELECT jobs.cancel($1::bigint) AS state").await
}

/// `POST /api/v1/jobs/{id}/retry`: makes a job available that was discarded or cancelled,
/// or waits; 409 for one that runs or is completed.
pub async fn retry(http: State, Path(id): Path<String>, request: Request) -> Result<Json, Problem> {
    ask(http, id, request, "SELECT jobs.retry($1::bigint) AS state").await
}

/// `DELETE /api/v1/jobs/{id}`: 204; 404 also for a job that runs, which is to be
/// cancelled first.
pub async fn delete(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    ask(http, id, request, "DELETE FROM jobs.job WHERE id = $1::bigint RETURNING id").await?;
    Ok(StatusCode::NO_CONTENT)
}
