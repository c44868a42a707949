//! Recordings of rooms and their tracks.

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::manage::caller;
use super::ongoing::Ongoing;
use super::{Caller, text_of};
use crate::http::files::caller::path_of;
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};

const RECORDING: Ongoing = Ongoing {
    name: "recording",
    columns: "r.id::text AS id, r.room, r.role, r.track, r.state, r.bucket, r.name, r.asked_at, r.started_at, \
        r.ended_at, r.duration_ms, r.size, r.content_type, r.tracks, r.error, r.is_recovered",
    shown,
    wake: |caller| caller.http.rooms().recordings.look_now(),
};

/// A row, and where its file is: null unless it is completed.
fn shown(_: &Caller, mut row: Value) -> Value {
    row["file"] = match row["state"] == "completed" {
        true => json!(path_of(&text_of(&row, "bucket"), &text_of(&row, "name"))),
        false => Value::Null,
    };
    row
}

/// `GET /api/v1/rooms/{room}/recordings?after=&limit=`: `{"recordings": […], "next"}`, by id.
pub async fn list(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    RECORDING.list(http, &room, request).await
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    track: Option<String>,
    bucket: Option<String>,
    name: Option<String>,
}

/// `POST /api/v1/rooms/{room}/recordings`: records a track (`{"track"}`, its sid), or all of
/// the room, to a file of a bucket (`{"bucket", "name"}`, `recordings` and the recording's
/// id unless they are given). 201 with the recording; 403 for who may not record there.
pub async fn start(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Asked = request::json_or_default(&http, body).await?;
    let text = "SELECT rtc.start_recording($1, $2, coalesce($3, 'recordings'), $4)::text AS id";
    let values = vec![json!(room), json!(asked.track), json!(asked.bucket), json!(asked.name)];
    RECORDING.begin(&caller, &room, text, values).await
}

/// `GET /api/v1/rooms/{room}/recordings/{id}`: a recording; 404 where there is none that the
/// role may see.
pub async fn show(
    http: State,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    RECORDING.show(http, place, request).await
}

/// `POST /api/v1/rooms/{room}/recordings/{id}/stop`: ends it; its file is there when it is
/// `completed`. 200 with the recording; 409 for one that has ended.
pub async fn stop(
    http: State,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    RECORDING.stop(http, place, request).await
}

/// `DELETE /api/v1/rooms/{room}/recordings/{id}`: forgets one that has ended; its file stays.
/// 204; 404 for one that has not, and for another's.
pub async fn delete(
    http: State,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    RECORDING.delete(http, place, request).await
}
