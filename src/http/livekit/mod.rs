//! LiveKit's protocol, for its clients: the server API (Twirp) and the signalling of a
//! session, over the rooms that [`super::rooms`] has.
//!
//! | | |
//! |---|---|
//! | `POST /twirp/livekit.RoomService/{method}` | rooms and who is in them ([`twirp`], [`methods`]) |
//! | `GET /rtc`, upgraded | a session ([`session`]) over two connections |
//! | `GET /rtc/v1`, upgraded | one over one connection ([`join`]) |
//! | `GET /rtc/validate`, `GET /rtc/v1/validate` | whether a token would let its bearer in |
//!
//! A client shows an access token ([`super::rooms::bearer`]), signed with a key of
//! `rtc.create_key`: its bearer is the key's role, and may no more than the token and that
//! role. A room that CreateRoom makes, or that is made as somebody comes, goes when it
//! closes.
//!
//! Messages are protobuf's ([`models`], [`service`], [`signal`]), over WebSockets and data
//! channels in binary; Twirp's bodies may be JSON ([`json`]).
//!
//! Not here, and refused where it is asked for: egress, ingress, SIP, agents, data tracks,
//! moving participants to other rooms, messages of signalling in JSON.

mod convert;
mod join;
mod json;
mod methods;
mod models;
mod packet;
mod sdp;
mod service;
mod session;
mod signal;
mod twirp;

pub use session::Sessions;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::problem::Problem;
use super::rooms::{bearer, entry};
use super::routes::Routes;
use super::{State, socket_route};

pub fn routes(router: Routes) -> Routes {
    router
        .route("/rtc", socket_route(session::open))
        .route("/rtc/v1", socket_route(session::open_single))
        .route("/rtc/v1/validate", get(validate))
        .route("/rtc/validate", get(validate))
        .route("/twirp/livekit.RoomService/{method}", post(twirp::call))
}

/// `GET /rtc/validate?access_token=`: 200 with `success`; 401, 403 and 404 as `/rtc` would
/// answer, in a text that clients show.
async fn validate(http: State, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let validated = async {
        let bearer = bearer::of(&http, &parts).await?;
        entry::check(&http, &bearer).await
    };
    match validated.await {
        Ok(()) => ([(header::CONTENT_TYPE, "text/plain")], "success").into_response(),
        Err(problem) if problem.status == StatusCode::NOT_FOUND => {
            // The words by which clients know that the room is meant, not the route.
            let text = format!("requested room does not exist: {}", problem.text("message"));
            (problem.status, [(header::CONTENT_TYPE, "text/plain")], text).into_response()
        }
        Err(problem) => plain(&problem),
    }
}

/// A problem in a text, which LiveKit's clients show as it is.
fn plain(problem: &Problem) -> Response {
    let text = problem.text("message").to_owned();
    (problem.status, [(header::CONTENT_TYPE, "text/plain")], text).into_response()
}
