//! `/api/v1/events` and `/api/v1/webhooks`: the change feed and notifications over HTTP.
//!
//! | | |
//! |---|---|
//! | `GET /api/v1/events` | the tables that are watched, and the position of now |
//! | `GET /api/v1/events/{table}` | the changes of one ([`stream`]) |
//! | `GET /api/v1/events/channels/{channel}` | what NOTIFY says on a channel ([`channels`]) |
//! | `/api/v1/webhooks…` | where changes are posted to ([`webhooks`]) |
//!
//! What is told is CloudEvents (`crate::events`); who asks sees what its role may see. The
//! WebSocket of `/api/v1/sql` has the same as `subscribe` ([`follow`] is both).

mod channels;
mod follow;
mod stream;
mod webhooks;

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::State;
use super::jobs::Caller;
use super::paging::{Page, limit_of, query};
use super::principal::Scope;
use super::problem::Problem;
use super::reply::Json;
use crate::events::Position;

pub use channels::notifications;
pub use follow::{Follower, Found, Start};
pub use stream::changes;
pub use webhooks::{create, delete, get, list, patch, rotate};

const EXTENSION: &str = crate::events::NAME;

/// `GET /api/v1/events?after=&limit=`: `{"tables": ["public.orders"], "position", "next"}`:
/// those that are watched and that the role may see something of, by name; what is committed
/// from now on is after the position.
pub async fn watched(http: State, request: Request) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let caller = Caller::with_scope(&http, &parts, EXTENSION, Scope::Events).await?;
    let position = Position::after_commit(http.front.database.newest_commit());
    let page: Page = query(&parts)?;
    let limit = limit_of(page.limit)?;
    let text = "SELECT t.name FROM (SELECT n.nspname || '.' || c.relname AS name FROM events.watched w \
        JOIN pg_class c ON c.oid = w.\"table\"::oid JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')) t \
        WHERE $1::text IS NULL OR t.name > $1 ORDER BY t.name LIMIT $2::bigint";
    let rows = caller.rows(text, vec![json!(page.after), json!(limit + 1)]).await?;
    let mut tables: Vec<Value> = rows.into_iter().map(|mut row| row["name"].take()).collect();
    let has_more = tables.len() > limit as usize;
    tables.truncate(limit as usize);
    let next = tables.last().filter(|_| has_more).cloned();
    Ok(Json(json!({"tables": tables, "position": position.to_string(), "next": next})))
}

/// An answer of Server-Sent Events.
fn event_stream(pieces: Body) -> Response {
    let mut response = Response::new(pieces);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers would keep events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The last piece of a stream that has failed.
fn failed(problem: &Problem) -> Bytes {
    format!("event: error\ndata: {}\n\n", problem.body()).into()
}

/// A time from the configuration, for a timer.
fn interval(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}
