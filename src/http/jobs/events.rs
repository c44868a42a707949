//! What is told of a job: its log, as a list and as a stream.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, EXTENSION, id_of, limit_of, missing, page, query};
use crate::http::State;
use crate::http::problem::Problem;

/// How often a stream looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// A line that says nothing is sent so often, so that a connection that is gone is noticed.
const SILENT_LOOKS_MAX: u32 = 30;
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
    let mut follower = Follower {
        caller,
        id,
        last: last_event(&parts)?,
        state: Value::Null,
        pieces: VecDeque::new(),
        has_more: false,
        silent_looks: 0,
        is_over: false,
    };
    if !follower.look().await? {
        return Err(missing(&format!("job {id}")));
    }
    let pieces = stream::unfold(follower, |mut follower| async move {
        let piece = follower.next().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), follower))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
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

/// Follows one job.
struct Follower {
    caller: Caller,
    id: i64,
    /// The last line that was told.
    last: i64,
    /// The state that was told.
    state: Value,
    pieces: VecDeque<Bytes>,
    /// The last look was full: there are more lines.
    has_more: bool,
    silent_looks: u32,
    is_over: bool,
}

impl Follower {
    /// The next piece; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Some(piece);
            }
            if self.is_over {
                return None;
            }
            let pause = if self.has_more { Duration::ZERO } else { LOOK_INTERVAL };
            let stop = self.caller.http.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(pause) => {}
            }
            match self.look().await {
                Ok(true) => {}
                // Deleted.
                Ok(false) => return None,
                Err(problem) => {
                    self.is_over = true;
                    self.tell("error", &problem.body());
                }
            }
            self.silent_looks += 1;
            if self.silent_looks >= SILENT_LOOKS_MAX {
                self.silent_looks = 0;
                self.pieces.push_back(Bytes::from_static(b":\n\n"));
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
        for line in lines {
            self.last = line["id"].as_i64().unwrap_or(self.last);
            let kind = if line["level"] == "progress" { "progress" } else { "log" };
            self.tell(kind, &line);
        }
        if self.has_more {
            return Ok(true);
        }
        let name = state["state"].as_str().unwrap_or_default();
        self.is_over = matches!(name, "completed" | "cancelled" | "discarded");
        if state != self.state {
            self.tell("state", &state);
            self.state = state;
        }
        Ok(true)
    }

    fn tell(&mut self, kind: &str, data: &Value) {
        self.silent_looks = 0;
        let last = self.last;
        self.pieces.push_back(format!("id: {last}\nevent: {kind}\ndata: {data}\n\n").into());
    }
}
