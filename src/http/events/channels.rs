//! LISTEN over Server-Sent Events.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::response::Response;
use futures::stream;
use serde_json::json;

use super::{event_stream, failed, interval};
use crate::error::Error;
use crate::http::State;
use crate::http::principal::{self, Scope};
use crate::http::problem::Problem;
use crate::session::{Notification, Subscriber};
use crate::sqlstate;

/// Notifications of one piece.
const PIECE: usize = 256;

/// `GET /api/v1/events/channels/{channel}`: what is notified on a channel from now on, as
/// `notification` events `{"channel", "payload", "pid"}`. Notifications are not kept: there
/// is no id to go on from. A client that leaves more than `max_pending_notifications`
/// waiting gets an `error` event (`54000`) and the end of the stream.
pub async fn notifications(
    http: State,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let principal = principal::of(&http, &parts).await?;
    principal.require(Scope::Events)?;
    let database = &http.front.database;
    let oid = database.shared_catalog().database_named(&principal.database).map(|of| of.oid);
    let oid = oid.ok_or_else(|| {
        let message = format!("database \"{}\" does not exist", principal.database);
        Problem::of(&Error::new(sqlstate::INVALID_CATALOG_NAME, message), "")
    })?;
    // Its role may enter the database, and still log in.
    super::follow::may_enter(&http, &principal).await?;
    let config = database.config();
    let waiting = config.max_pending_notifications;
    let mut subscriber =
        Subscriber::new(&database.channels, oid, waiting, config.max_listen_channels);
    subscriber.listen(&channel).map_err(|error| Problem::of(&error, ""))?;
    let (stop, heartbeat) = (http.stop.clone(), interval(config.events_heartbeat.duration()));
    let state = (Some(subscriber), true);
    let pieces = stream::unfold(state, move |(subscriber, is_first)| {
        let stop = stop.clone();
        async move {
            let mut subscriber = subscriber?;
            if is_first {
                let piece = Bytes::from_static(b":\n\n");
                return Some((Ok::<_, std::convert::Infallible>(piece), (Some(subscriber), false)));
            }
            let mut found: Vec<Notification> = Vec::new();
            tokio::select! {
                () = stop.cancelled() => return None,
                () = subscriber.next(&mut found, PIECE) => {}
                () = tokio::time::sleep(heartbeat) => {}
            }
            if subscriber.is_late() {
                let message = "notifications were not taken in time, so that some are lost";
                let error = Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message);
                return Some((Ok(failed(&Problem::of(&error, ""))), (None, false)));
            }
            let piece = match found.is_empty() {
                true => Bytes::from_static(b":\n\n"),
                false => found.iter().map(one).collect::<String>().into(),
            };
            Some((Ok(piece), (Some(subscriber), false)))
        }
    });
    Ok(event_stream(Body::from_stream(pieces)))
}

fn one(notification: &Notification) -> String {
    let Notification { pid, channel, payload } = notification;
    let data = json!({"channel": &**channel, "payload": &**payload, "pid": pid});
    format!("event: notification\ndata: {data}\n\n")
}
