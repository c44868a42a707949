//! Who is in a room: shown to who may see it, changed by who moderates it.

use std::collections::BTreeMap;

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failed;
use super::manage::caller;
use crate::http::paging::{Page, limit_of, page, query};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};
use crate::rooms::{Change, Message, Permission};

/// `GET /api/v1/rooms/{room}/participants?after=&limit=`: `{"participants": […], "next"}`,
/// by identity; who is hidden is shown to who moderates the room.
pub async fn list(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let asked: Page = query(&parts)?;
    let limit = limit_of(asked.limit)?;
    let caller = caller(&http, &parts).await?;
    let (live, is_admin) = caller.seen(&room).await?;
    let people = live.map(|live| live.people(is_admin)).unwrap_or_default();
    let after = asked.after.as_deref();
    let rest = people.iter().filter(|it| after.is_none_or(|after| it.identity.as_str() > after));
    let rows: Vec<Value> = rest.take(limit as usize + 1).map(|person| json!(**person)).collect();
    Ok(page("participants", rows, limit, "identity"))
}

fn no_participant(identity: &str) -> Problem {
    Problem::missing(&format!("participant \"{identity}\" does not exist"))
}

/// `GET /api/v1/rooms/{room}/participants/{identity}`: one of them.
pub async fn show(
    http: State,
    Path((room, identity)): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let (live, is_admin) = caller.seen(&room).await?;
    let live = live.ok_or_else(|| no_participant(&identity))?;
    let person = live.person(&identity).map_err(failed)?;
    match person.permission.hidden && !is_admin {
        true => Err(no_participant(&identity)),
        false => Ok(Json(json!(*person))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    metadata: Option<String>,
    name: Option<String>,
    /// An empty value removes one.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    permission: Option<Permission>,
}

/// `PATCH /api/v1/rooms/{room}/participants/{identity}`: changes what is given of
/// `metadata`, `name`, `attributes` (an empty value removes one) and `permission`. 200 with
/// the participant. What it may publish no more is unpublished.
pub async fn change(
    http: State,
    Path((room, identity)): Path<(String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Changed = request::json(&http, body).await?;
    let live = caller.moderated(&room).await?;
    let change = Change {
        metadata: asked.metadata,
        name: asked.name,
        attributes: asked.attributes,
        permission: asked.permission,
    };
    let person = live.change(&identity, change).map_err(failed)?;
    Ok(Json(json!(*person)))
}

/// `DELETE /api/v1/rooms/{room}/participants/{identity}`: removes somebody, whose tokens of
/// before are over. 204.
pub async fn remove(
    http: State,
    Path((room, identity)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let live = caller.moderated(&room).await?;
    caller.remove(&live, &identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackChange {
    is_muted: Option<bool>,
    volume: Option<u8>,
}

/// `PATCH /api/v1/rooms/{room}/participants/{identity}/tracks/{track}`: `{"is_muted",
/// "volume"}`, a volume in per cent at which all play it. 200 with the track.
pub async fn change_track(
    http: State,
    Path((room, identity, track)): Path<(String, String, String)>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: TrackChange = request::json(&http, body).await?;
    if asked.volume.is_some_and(|volume| volume > 100) {
        return Err(Problem::bad_request("a volume is from 0 to 100"));
    }
    let live = caller.moderated(&room).await?;
    if let Some(volume) = asked.volume {
        live.set_volume(&identity, &track, volume).map_err(failed)?;
    }
    if let Some(is_muted) = asked.is_muted {
        live.mute(&identity, &track, is_muted).map_err(failed)?;
    }
    let person = live.person(&identity).map_err(failed)?;
    let shown = person.tracks.iter().find(|found| found.sid == track);
    let missing = || Problem::missing(&format!("track \"{track}\" does not exist"));
    Ok(Json(json!(shown.ok_or_else(missing)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscription {
    tracks: Vec<String>,
    subscribe: bool,
}

/// `POST /api/v1/rooms/{room}/participants/{identity}/subscriptions`: `{"tracks": […],
/// "subscribe"}`: it is sent them from now on, or is not. 204.
pub async fn subscribe(
    http: State,
    Path((room, identity)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Subscription = request::json(&http, body).await?;
    let live = caller.moderated(&room).await?;
    live.subscribe(&identity, &asked.tracks, asked.subscribe).map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    text: Option<String>,
    /// Bytes, instead of a text.
    base64: Option<String>,
    topic: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    reliable: Option<bool>,
}

/// `POST /api/v1/rooms/{room}/messages`: says something to who is there: `{"text" or
/// "base64", "topic", "to": [identities], "reliable"}`. 200 with how many are told,
/// `{"told"}`.
pub async fn say(http: State, Path(room): Path<String>, request: Request) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Said = request::json(&http, body).await?;
    let payload = match (asked.text, asked.base64) {
        (Some(text), None) => Bytes::from(text),
        (None, Some(text)) => {
            let bytes = STANDARD.decode(text);
            bytes.map_err(|_| Problem::bad_request("\"base64\" is not base64"))?.into()
        }
        _ => return Err(Problem::bad_request("a message has \"text\" or \"base64\"")),
    };
    let live = caller.moderated(&room).await?;
    let message = Message {
        from: (String::new(), String::new()),
        to: asked.to,
        topic: asked.topic,
        is_reliable: asked.reliable.unwrap_or(true),
        payload,
        packet: None,
    };
    let told = live.say(message).map_err(failed)?;
    Ok(Json(json!({"told": told})))
}
