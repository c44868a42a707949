//! `GET /api/v1/sql`, upgraded: SQL over a WebSocket, subprotocol `zserver.sql.v1`. Over
//! HTTP/2 it is opened by CONNECT (RFC 8441).
//!
//! A page cannot set `Authorization` for it. It brings its token or API key as a second
//! protocol that it offers, and that is not chosen:
//!
//! ```js
//! new WebSocket('wss://db.example.com/api/v1/sql', ['zserver.sql.v1', 'zserver.bearer.' + token])
//! ```
//!
//! Each message is a JSON object in a text frame. A request has an `id` (a string or a
//! number), under which its answers come; requests are answered in their order.
//!
//! | from the client | answered by |
//! |---|---|
//! | `{"type": "query", "id", "query", "params"?, "param_types"?, "rows"?, "max_rows"?, "page_rows"?, "timeout_ms"?, "window"?}` | `columns`, `rows`…, `done` |
//! | `{"type": "begin", "id", "isolation"?, "read_only"?, "deferrable"?}` | `done` |
//! | `{"type": "commit", "id"}`, `{"type": "rollback", "id"}` | `done` |
//! | `{"type": "listen", "id", "channel"}`, `{"type": "unlisten", "id", "channel"?}` | `done` |
//! | `{"type": "subscribe", "id", "table", "after"?}` | `done`, then `event`…, until it is unsubscribed or fails |
//! | `{"type": "unsubscribe", "id"}`, with the id of a subscription | `done` |
//! | `{"type": "more", "id", "pages"}` | pages that `window` held back |
//! | `{"type": "cancel", "id"}` | that request fails with `57014`, unless it is over |
//!
//! | from the server | |
//! |---|---|
//! | `{"type": "columns", "id", "columns": [{"name", "type", "type_oid"}]}` | before the first rows |
//! | `{"type": "rows", "id", "rows": […]}` | a page of at most `page_rows` rows |
//! | `{"type": "done", "id", "command", "row_count", "notices": […]}` | the end of a request |
//! | `{"type": "error", "id", "code", "message", …}` | the end of one that failed |
//! | `{"type": "notification", "channel", "payload", "pid"}` | somebody has notified |
//! | `{"type": "event", "id", "event"}` | a change of the table that `id` has subscribed to ([`events`](super::events)) |
//! | `{"type": "position", "id", "position"}` | after it there was nothing else up to here |
//!
//! Rows are computed as they are taken: what the client does not read waits, and with a
//! `window` no more than so many pages are under way before it says `more`. A query runs in
//! a session of the role for its own time, so that nothing of it stays but what it has
//! committed, or, after `begin`, in the one transaction of the socket. A transaction that
//! ends by itself (as in [`transactions`](super::transactions)) fails every request until
//! the client has said `rollback` or `commit`: none runs outside of it by mistake.
//!
//! The server sends pings; it closes with
//!
//! | code | |
//! |---|---|
//! | 1001 | the server ends |
//! | 1003 | a binary message came |
//! | 1007, 1008 | what came is not JSON, or not a message as above |
//! | 1009 | a message is larger than `http_ws_max_message` |
//! | 4000 | nothing was said for `http_ws_idle_timeout` |
//! | 4001 | more than `http_ws_max_requests` wait |
//! | 4002 | notifications were not taken in time, so that some are lost |
//! | 4003 | no pong came |

mod line;
pub(crate) mod message;
pub(crate) mod queue;
mod runner;
pub(crate) mod subscription;
pub(crate) mod voice;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::principal::{Principal, Scope};
use super::problem::Problem;
use super::sql::asker;
use super::{Http, State, guard, principal};
use crate::observe::Statistics;
use crate::observe::count::Entered;
use crate::sqlstate;
use line::Line;

const PROTOCOL: &str = "zserver.sql.v1";

/// Bytes read at a time, and written at once at least: small, as most sockets are idle.
pub const BUFFER_BYTES: usize = 4 << 10;

/// `GET /api/v1/sql`: 101 and the protocol above; 426 without an upgrade, 403 for a page of
/// another origin that does not bring a token itself.
pub async fn open(http: State, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let principal = asker(&http, &parts).await?;
    let peer = principal::peer(&parts)?;
    let upgrade = upgrade(&mut parts).await?;
    check_origin(&http, &parts)?;
    let config = http.front.database.config();
    let most = config.http_ws_max_message.get();
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(most)
        .max_frame_size(most);
    let http = http.0.clone();
    Ok(upgrade.on_upgrade(move |socket| async move {
        let _counted = count(&http.front.database.statistics);
        Box::pin(Line::new(http, principal, config).serve(socket)).await;
        // Whoever holds the peer takes its place among the connections.
        drop(peer);
    }))
}

/// A socket is open, until what this answers is dropped.
pub fn count(statistics: &Statistics) -> Entered {
    statistics.sockets_opened.add(1);
    statistics.sockets.enter()
}

/// The upgrade that a request asks for.
pub async fn upgrade(parts: &mut Parts) -> Result<WebSocketUpgrade, Problem> {
    WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(|rejection| {
        let message = format!("this route is a WebSocket's: {rejection}");
        Problem::plain(StatusCode::UPGRADE_REQUIRED, sqlstate::PROTOCOL_VIOLATION, &message)
    })
}

/// `42501` unless a proof is good for what a message is about; `what` the audit log is told.
pub fn require(
    http: &Http,
    principal: &Principal,
    scope: Scope,
    what: &str,
) -> Result<(), Problem> {
    let allowed = principal.require(scope);
    allowed.inspect_err(|problem| guard::note_message(http, principal, problem, what))
}

/// A browser sends what it knows of a role to any page's socket: only those of this server,
/// and those that the configuration lists, may open one.
pub fn check_origin(http: &State, parts: &Parts) -> Result<(), Problem> {
    match guard::may_open(http, parts) {
        true => Ok(()),
        false => {
            let message = "a page of another origin may not open this socket";
            let code = sqlstate::INSUFFICIENT_PRIVILEGE;
            Err(Problem::plain(StatusCode::FORBIDDEN, code, message))
        }
    }
}
