//! What is told of a job: its log, as a list and as a stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, EXTENSION, id_of, missing};
use crate::http::paging::{limit_of, page, query};
use crate::http::principal::Principal;
use crate::http::problem::Problem;
use crate::http::{Http, State};

/// How often a stream looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// A line that says nothing is sent so often, so that a connection that is gone is noticed.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// Lines of one look.
const LINES_MAX: u32 = 500;

const LINES: &str = "SELECT id, attempt, at, level, message, data FROM jobs.event WHERE job_id = $1::bigint AND id > $2::bigint ORDER BY id LIMIT $3::bigint";
const STATE: &str =
    "SELECT state, attempt, progress, result, error FROM jobs.job WHERE id = $1::bigint";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    after: Option<i64>,
    limit: Option<u32>,
}

/// `GET /api/v1/jobs/{id}/logs?after=&limit=`: `{"logs": [{"id", "attempt", "at", "level",
/// "message", "data"}], "next"}`, oldest first.
pub async fn logs(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let filter: Filter = query(&parts)?;
    let limit = limit_of(filter.limit)?;
    let after = filter.after.unwrap_or(0);
    let rows = caller.rows(LINES, vec![json!(id_of(&id)?), json!(after), json!(limit + 1)]).await?;
    Ok(page("logs", rows, limit, "id"))
}

/// `GET /api/v1/jobs/{id}/events`: the same as Server-Sent Events, and `state` events
/// `{"state", "attempt", "progress", "result", "error"}` whenever that changes, up to the
/// one in which the job is finished. `Last-Event-ID` starts after a line that was read.
/// 404 where there is no such job.
pub async fn events(
    http: State,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(&http, &parts, EXTENSION).await?;
    let id = id_of(&id)?;
    let last = last_event(&parts)?;
    let follower = Follower::open(caller.http, caller.principal, id, last).await?;
    let pieces = stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        let next = tokio::time::timeout(SILENCE_MAX, follower.next()).await;
        let (piece, goes_on) = match next {
            Ok(Ok(Some(news))) => (piece(follower.last, news.kind, &news.data), true),
            Ok(Ok(None)) => return None,
            Ok(Err(problem)) => (piece(follower.last, "error", &problem.body()), false),
            Err(_) => (Bytes::from_static(b":\n\n"), true),
        };
        Some((Ok::<_, std::convert::Infallible>(piece), goes_on.then_some(follower)))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One event, as it is sent.
fn piece(last: i64, kind: &str, data: &Value) -> Bytes {
    format!("id: {last}\nevent: {kind}\ndata: {data}\n\n").into()
}

fn last_event(parts: &Parts) -> Result<i64, Problem> {
    match parts.headers.get("last-event-id") {
        None => Ok(0),
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Problem::bad_request("Last-Event-ID is a number")),
    }
}

/// What is told of a job: `log`, `progress` or `state`, and what of it.
pub struct News {
    pub kind: &'static str,
    pub data: Value,
}

/// Follows one job.
pub struct Follower {
    caller: Caller,
    id: i64,
    /// The last line that was told.
    last: i64,
    /// The state that was told.
    state: Value,
    found: VecDeque<(i64, News)>,
    /// The last look was full: there are more lines.
    has_more: bool,
    is_over: bool,
}

impl Follower {
    /// From the line after one. 404 where there is no such job.
    pub async fn open(
        http: Arc<Http>,
        principal: Principal,
        id: i64,
        last: i64,
    ) -> Result<Follower, Problem> {
        let caller = Caller { http, principal, extension: EXTENSION };
        let (state, found) = (Value::Null, VecDeque::new());
        let mut follower =
            Follower { caller, id, last, state, found, has_more: false, is_over: false };
        match follower.look().await? {
            true => Ok(follower),
            false => Err(missing(&format!("job {id}"))),
        }
    }

    /// What is to be told next; none at the end. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<News>, Problem> {
        loop {
            if let Some((last, news)) = self.found.pop_front() {
                self.last = last;
                return Ok(Some(news));
            }
            if self.is_over {
                return Ok(None);
            }
            let pause = if self.has_more { Duration::ZERO } else { LOOK_INTERVAL };
            let stop = self.caller.http.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(pause) => {}
            }
            // Deleted.
            if !self.look().await? {
                return Ok(None);
            }
        }
    }

    /// Whether the job is there. No more lines are read than `LINES_MAX`: who reads slowly
    /// is not read ahead of. The state is read before the lines, since in a final one there
    /// are no lines to come, and told after the last of them.
    async fn look(&mut self) -> Result<bool, Problem> {
        let states = self.caller.rows(STATE, vec![json!(self.id)]).await?;
        let Some(state) = states.into_iter().next() else { return Ok(false) };
        let values = vec![json!(self.id), json!(self.last), json!(LINES_MAX)];
        let lines = self.caller.rows(LINES, values).await?;
        self.has_more = lines.len() >= LINES_MAX as usize;
        let mut last = self.last;
        for data in lines {
            last = data["id"].as_i64().unwrap_or(last);
            let kind = if data["level"] == "progress" { "progress" } else { "log" };
            self.found.push_back((last, News { kind, data }));
        }
        if self.has_more {
            return Ok(true);
        }
        let name = state["state"].as_str().unwrap_or_default();
        self.is_over = matches!(name, "completed" | "cancelled" | "discarded");
        if state != self.state {
            self.found.push_back((last, News { kind: "state", data: state.clone() }));
            self.state = state;
        }
        Ok(true)
    }
}
