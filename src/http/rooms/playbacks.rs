//! Recordings that are played into rooms.

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::manage::caller;
use super::ongoing::Ongoing;
use super::{Caller, text_of};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};

const PLAYBACK: Ongoing = Ongoing {
    name: "playback",
    columns: "r.id::text AS id, r.room, r.role, r.recording::text AS recording, r.identity, r.state, r.start_ms, \
        r.is_paused, r.position_ms, r.asked_at, r.started_at, r.ended_at, r.error",
    shown,
    wake: |caller| caller.http.rooms().playbacks.look_now(),
};

/// A row, and how far it is: `position_ms` of one that goes on is where it is now.
fn shown(caller: &Caller, mut row: Value) -> Value {
    let position = caller.http.rooms().playbacks.position(&text_of(&row, "id"));
    if let Some(position) = position.filter(|_| row["state"] == "playing") {
        row["position_ms"] = json!(position);
    }
    row
}

/// `GET /api/v1/rooms/{room}/playbacks?after=&limit=`: `{"playbacks": […], "next"}`, by id.
pub async fn list(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    PLAYBACK.list(http, &room, request).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    recording: String,
    start_ms: Option<i64>,
    identity: Option<String>,
}

/// `POST /api/v1/rooms/{room}/playbacks`: plays a recording (`{"recording", "start_ms",
/// "identity"}`, its id, from the beginning and under the role's name unless they are given)
/// into the room, as soon as somebody is there. 201 with the playback; 403 for who may not
/// publish there, 404 for a recording that the role does not see, 409 for one that is not
/// completed.
pub async fn start(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Asked = request::json(&http, body).await?;
    let text = "SELECT rtc.start_playback($1, $2::uuid, coalesce($3::bigint, 0), $4)::text AS id";
    let values =
        vec![json!(room), json!(asked.recording), json!(asked.start_ms), json!(asked.identity)];
    PLAYBACK.begin(&caller, &room, text, values).await
}

/// `GET /api/v1/rooms/{room}/playbacks/{id}`: a playback; 404 where there is none that the
/// role may see.
pub async fn show(
    http: State,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    PLAYBACK.show(http, place, request).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    is_paused: Option<bool>,
    position_ms: Option<i64>,
}

/// `PATCH /api/v1/rooms/{room}/playbacks/{id}`: `{"is_paused", "position_ms"}`: it waits or
/// goes on, and goes elsewhere. 200 with the playback; 409 for one that has ended.
pub async fn change(
    http: State,
    Path((room, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Changed = request::json(&http, body).await?;
    PLAYBACK.one(&caller, &room, &id).await?;
    if let Some(position) = asked.position_ms {
        let text = "SELECT rtc.seek_playback($1::uuid, $2::bigint) AS is_done";
        PLAYBACK.direct(&caller, text, vec![json!(id), json!(position)]).await?;
    }
    if let Some(is_paused) = asked.is_paused {
        let text = "SELECT rtc.pause_playback($1::uuid, $2) AS is_done";
        PLAYBACK.direct(&caller, text, vec![json!(id), json!(is_paused)]).await?;
    }
    Ok(Json(PLAYBACK.one(&caller, &room, &id).await?))
}

/// `POST /api/v1/rooms/{room}/playbacks/{id}/stop`: ends it. 200 with the playback; 409 for
/// one that has ended.
pub async fn stop(
    http: State,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    PLAYBACK.stop(http, place, request).await
}

/// `DELETE /api/v1/rooms/{room}/playbacks/{id}`: forgets one that has ended. 204; 404 for one
/// that has not, and for another's.
pub async fn delete(
    http: State,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    PLAYBACK.delete(http, place, request).await
}
