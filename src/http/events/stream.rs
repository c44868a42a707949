//! Changes as Server-Sent Events.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::request::Parts;
use axum::response::Response;
use futures::stream;
use serde::Deserialize;

use super::follow::{Follower, Found, Start};
use super::{event_stream, failed};
use crate::error::Error;
use crate::events::{Event, Position};
use crate::http::State;
use crate::http::paging::query;
use crate::http::principal::{self, Scope};
use crate::http::problem::Problem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    after: Option<String>,
}

/// `GET /api/v1/events/{table}?after=`: the changes of a table that is watched, in the order
/// of their commits, as they come.
///
/// ```text
/// id: 1207-31
/// event: insert
/// data: {"specversion": "1.0", "id": "1207-31", …, "data": {"op": "insert", …}}
/// ```
/// `after` is an id, `0-0` for all that is kept, or nothing for what is committed from now
/// on; `Last-Event-ID`, which a browser sends by itself when it connects again, goes before
/// it. After an id each change comes once. An `id` without data tells, every
/// `events_heartbeat`, that there was nothing else up to there. A stream that fails ends
/// with an `error` event, a problem. 404, 403 or 409 for a table that is not there, not the
/// role's to see, or not watched; 410 (`58P01`) where changes after the id were forgotten.
pub async fn changes(
    http: State,
    Path(table): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = principal::of(&http, &parts).await?;
    principal.require(Scope::Events)?;
    let start = start(&parts)?;
    let follower = Follower::open(&http, principal.into(), &table, start).await?;
    let first = Bytes::from(format!("id: {}\n\n", follower.position()));
    let stop = http.stop.clone();
    let state = (Some(follower), Some(first));
    let pieces = stream::unfold(state, move |(follower, first)| {
        let stop = stop.clone();
        async move {
            let mut follower = follower?;
            if let Some(first) = first {
                return Some((Ok::<_, std::convert::Infallible>(first), (Some(follower), None)));
            }
            let found = tokio::select! {
                () = stop.cancelled() => return None,
                found = follower.next() => found,
            };
            Some(match found {
                Ok(found) => (Ok(written(&found)), (Some(follower), None)),
                Err(problem) => (Ok(failed(&problem)), (None, None)),
            })
        }
    });
    Ok(event_stream(Body::from_stream(pieces)))
}

/// Where a request says that it begins.
fn start(parts: &Parts) -> Result<Start, Problem> {
    let Asked { after } = query(parts)?;
    let last = match parts.headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let text = value.to_str();
            Some(text.map_err(|_| Problem::bad_request("Last-Event-ID is not text"))?.to_owned())
        }
    };
    match last.filter(|id| !id.is_empty()).or(after) {
        None => Ok(Start::Now),
        Some(id) => {
            let position = id.parse::<Position>();
            position.map(Start::After).map_err(|error: Error| Problem::of(&error, ""))
        }
    }
}

fn written(found: &Found) -> Bytes {
    match found {
        Found::Events(events) => events.iter().map(one).collect::<String>().into(),
        Found::Nothing(position) => format!("id: {position}\n\n").into(),
    }
}

fn one(event: &Event) -> String {
    let Event { position, op, body } = event;
    format!("id: {position}\nevent: {}\ndata: {body}\n\n", op.as_str())
}
