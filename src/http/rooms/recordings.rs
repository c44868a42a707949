//! Recordings of rooms and their tracks.

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::manage::caller;
use super::{Caller, failed, text_of};
use crate::error::Error;
use crate::http::files::caller::path_of;
use crate::http::jobs::{Page, limit_of, page, query};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};
use crate::sqlstate;

const COLUMNS: &str = "r.id::text AS id, r.room, r.role, r.track, r.state, r.bucket, r.name, r.asked_at, r.started_at, \
    r.ended_at, r.duration_ms, r.size, r.content_type, r.tracks, r.error, r.is_recovered";

/// A row, and where its file is: null unless it is completed.
fn shown(mut row: Value) -> Value {
    row["file"] = match row["state"] == "completed" {
        true => json!(path_of(&text_of(&row, "bucket"), &text_of(&row, "name"))),
        false => Value::Null,
    };
    row
}

fn no_recording(id: &str) -> Problem {
    let message = format!("recording {id} does not exist");
    failed(Error::new(sqlstate::UNDEFINED_OBJECT, message))
}

async fn one(caller: &Caller, room: &str, id: &str) -> Result<Value, Problem> {
    let text =
        format!("SELECT {COLUMNS} FROM rtc.recordings r WHERE r.room = $1 AND r.id = $2::uuid");
    let rows = caller.rows(&text, vec![json!(room), json!(id)]).await?;
    rows.into_iter().next().map(shown).ok_or_else(|| no_recording(id))
}

/// `GET /api/v1/rooms/{room}/recordings?after=&limit=`: `{"recordings": […], "next"}`, by id.
pub async fn list(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let asked: Page = query(&parts)?;
    let limit = limit_of(asked.limit)?;
    let caller = caller(&http, &parts).await?;
    caller.seen(&room).await?;
    let text = format!(
        "SELECT {COLUMNS} FROM rtc.recordings r WHERE r.room = $1 AND ($2::uuid IS NULL OR r.id > $2::uuid) ORDER BY r.id LIMIT $3::bigint"
    );
    let rows = caller.rows(&text, vec![json!(room), json!(asked.after), json!(limit + 1)]).await?;
    Ok(page("recordings", rows.into_iter().map(shown).collect(), limit, "id"))
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
    let rows = caller.rows(text, values).await?;
    let id = rows.first().map(|row| text_of(row, "id")).unwrap_or_default();
    caller.http.rooms().recordings.look_now();
    let recording = one(&caller, &room, &id).await?;
    Ok((StatusCode::CREATED, Json(recording)).into_response())
}

/// `GET /api/v1/rooms/{room}/recordings/{id}`: a recording; 404 where there is none that the
/// role may see.
pub async fn show(
    http: State,
    Path((room, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    Ok(Json(one(&caller, &room, &id).await?))
}

/// `POST /api/v1/rooms/{room}/recordings/{id}/stop`: ends it; its file is there when it is
/// `completed`. 200 with the recording; 409 for one that has ended.
pub async fn stop(
    http: State,
    Path((room, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    one(&caller, &room, &id).await?;
    let text = "SELECT rtc.stop_recording($1::uuid) AS is_stopped";
    let rows = caller.rows(text, vec![json!(id)]).await?;
    if rows.first().is_none_or(|row| row["is_stopped"] != true) {
        let message = format!("recording {id} has ended, or is another's");
        let code = sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE;
        return Err(failed(Error::new(code, message)));
    }
    caller.http.rooms().recordings.look_now();
    Ok(Json(one(&caller, &room, &id).await?))
}

/// `DELETE /api/v1/rooms/{room}/recordings/{id}`: forgets one that has ended; its file stays.
/// 204; 404 for one that has not, and for another's.
pub async fn delete(
    http: State,
    Path((room, id)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let text = "DELETE FROM rtc.recordings r WHERE r.room = $1 AND r.id = $2::uuid RETURNING r.id";
    match caller.rows(text, vec![json!(room), json!(id)]).await?.is_empty() {
        true => Err(no_recording(&id)),
        false => Ok(StatusCode::NO_CONTENT),
    }
}
