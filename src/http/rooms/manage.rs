//! Rooms themselves, and tokens for them.

use axum::extract::{Path, Request};
use axum::http::{StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value, json};

use super::{Caller, entry, no_room, text_of};
use crate::http::paging::{Page, limit_of, page, query};
use crate::http::principal::{self, Scope};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{State, request};
use crate::rooms::Reason;

/// What a room is shown as; what is alive of it is added.
const COLUMNS: &str = "r.name, r.role, r.metadata, r.max_participants, r.max_message_bytes, r.messages_per_second, \
    r.empty_timeout_ms, r.departure_timeout_ms, r.is_locked, r.is_ephemeral, r.created_at";

pub(super) async fn caller(http: &State, parts: &Parts) -> Result<Caller, Problem> {
    let principal = principal::of(http, parts).await?;
    principal.require(Scope::Rooms)?;
    Caller::new(http, principal).await
}

/// A row, and what is alive of the room: `live` is null where nobody is.
fn shown(caller: &Caller, mut row: Value) -> Value {
    let live = caller.live(&text_of(&row, "name")).map(|room| room.about());
    row["live"] = match live {
        Some(about) => json!({
            "sid": about.sid, "participants": about.participants, "publishers": about.publishers,
            "is_recording": about.is_recording, "opened_at_ms": about.created_at_ms,
        }),
        None => Value::Null,
    };
    row
}

/// `GET /api/v1/rooms?after=&limit=`: `{"rooms": […], "next"}`, by name: those that the
/// role may see.
pub async fn list(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let asked: Page = query(&parts)?;
    let limit = limit_of(asked.limit)?;
    let caller = caller(&http, &parts).await?;
    let text = format!(
        "SELECT {COLUMNS} FROM rtc.rooms r WHERE $1::text IS NULL OR r.name > $1 ORDER BY r.name LIMIT $2::bigint"
    );
    let rows = caller.rows(&text, vec![json!(asked.after), json!(limit + 1)]).await?;
    let rows = rows.into_iter().map(|row| shown(&caller, row)).collect();
    Ok(page("rooms", rows, limit, "name"))
}

/// What may be said of a room: of one that is made, or of one that there is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked<const IS_NEW: bool> {
    #[serde(default)]
    name: Once<String, IS_NEW>,
    #[serde(default)]
    role: Once<String, IS_NEW>,
    #[serde(default)]
    is_ephemeral: Once<bool, IS_NEW>,
    metadata: Option<String>,
    max_participants: Option<u32>,
    max_message_bytes: Option<u32>,
    messages_per_second: Option<u32>,
    empty_timeout_ms: Option<u64>,
    departure_timeout_ms: Option<u64>,
    is_locked: Option<bool>,
}

/// What is said once, when a room is made.
struct Once<T, const IS_NEW: bool>(Option<T>);

impl<T, const IS_NEW: bool> Default for Once<T, IS_NEW> {
    fn default() -> Once<T, IS_NEW> {
        Once(None)
    }
}

impl<'de, T: Deserialize<'de>, const IS_NEW: bool> Deserialize<'de> for Once<T, IS_NEW> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Once<T, IS_NEW>, D::Error> {
        match IS_NEW {
            true => Option::deserialize(from).map(Once),
            false => Err(D::Error::custom("name, role and is_ephemeral cannot be changed")),
        }
    }
}

impl<const IS_NEW: bool> Asked<IS_NEW> {
    /// Columns and their values.
    fn columns(self) -> Vec<(&'static str, Value)> {
        let all = [
            ("name", self.name.0.map(Value::from)),
            ("is_ephemeral", self.is_ephemeral.0.map(Value::from)),
            ("metadata", self.metadata.map(Value::from)),
            ("max_participants", self.max_participants.map(Value::from)),
            ("max_message_bytes", self.max_message_bytes.map(Value::from)),
            ("messages_per_second", self.messages_per_second.map(Value::from)),
            ("empty_timeout_ms", self.empty_timeout_ms.map(Value::from)),
            ("departure_timeout_ms", self.departure_timeout_ms.map(Value::from)),
            ("is_locked", self.is_locked.map(Value::from)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// `POST /api/v1/rooms`: makes a room: `{"name", "role", "metadata", "max_participants",
/// "max_message_bytes", "messages_per_second", "empty_timeout_ms", "departure_timeout_ms",
/// "is_locked", "is_ephemeral"}`, of which only the name must be there. 201 with the room;
/// 409 where there is one of the name. `role` is whose it is, which the caller has to be a
/// member of.
pub async fn create(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let mut asked: Asked<true> = request::json(&http, body).await?;
    let missing = || Problem::bad_request("a room has a \"name\"");
    let name = asked.name.0.clone().ok_or_else(missing)?;
    let role = asked.role.0.take();
    let columns = asked.columns();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut values: Vec<Value> = columns.iter().map(|(_, value)| value.clone()).collect();
    let mut places: Vec<String> = (1..=values.len()).map(|at| format!("${at}")).collect();
    let mut names = names.join(", ");
    if let Some(role) = role {
        values.push(json!(role));
        names.push_str(", role");
        places.push(format!("quote_ident(${})::regrole", values.len()));
    }
    let text = format!(
        "INSERT INTO rtc.rooms AS r ({names}) VALUES ({}) RETURNING {COLUMNS}",
        places.join(", ")
    );
    let rows = caller.rows(&text, values).await?;
    let row = rows.into_iter().next().ok_or_else(|| no_room(&name))?;
    let definition = entry::definition_of(&row);
    if definition.is_ephemeral {
        // It closes, and goes, if nobody comes.
        entry::open(&caller, &name, definition)?;
    }
    Ok((StatusCode::CREATED, Json(shown(&caller, row))).into_response())
}

/// `GET /api/v1/rooms/{room}`: a room; 404 where there is none that the role may see.
pub async fn show(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let text = format!("SELECT {COLUMNS} FROM rtc.rooms r WHERE r.name = $1");
    let rows = caller.rows(&text, vec![json!(name)]).await?;
    let row = rows.into_iter().next().ok_or_else(|| no_room(&name))?;
    Ok(Json(shown(&caller, row)))
}

/// `PATCH /api/v1/rooms/{room}`: changes what is given of `metadata`, limits, timeouts and
/// `is_locked`; who is there is told at once. 200 with the room.
pub async fn change(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Asked<false> = request::json(&http, body).await?;
    let columns = asked.columns();
    let text = match columns.is_empty() {
        true => format!("SELECT {COLUMNS} FROM rtc.rooms r WHERE r.name = $1"),
        false => {
            let set = columns.iter().enumerate();
            let set: Vec<String> =
                set.map(|(at, (name, _))| format!("{name} = ${}", at + 2)).collect();
            format!(
                "UPDATE rtc.rooms r SET {} WHERE r.name = $1 RETURNING {COLUMNS}",
                set.join(", ")
            )
        }
    };
    let mut values = vec![json!(name)];
    values.extend(columns.into_iter().map(|(_, value)| value));
    let rows = caller.rows(&text, values).await?;
    let Some(row) = rows.into_iter().next() else { return Err(refusal(&caller, &name).await) };
    if let Some(room) = caller.live(&name) {
        room.configure(entry::definition_of(&row));
    }
    Ok(Json(shown(&caller, row)))
}

/// Why a room was not changed: it is not there, or only seen.
async fn refusal(caller: &Caller, name: &str) -> Problem {
    match caller.seen(name).await {
        Ok(_) => principal::forbidden(&format!("permission denied to change room \"{name}\"")),
        Err(problem) => problem,
    }
}

/// `DELETE /api/v1/rooms/{room}`: removes a room; who is in it leaves. 204; 403 for who
/// only moderates it.
pub async fn delete(
    http: State,
    Path(name): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let text = "DELETE FROM rtc.rooms r WHERE r.name = $1 RETURNING r.name";
    let rows = caller.rows(text, vec![json!(name)]).await?;
    if rows.is_empty() {
        return Err(refusal(&caller, &name).await);
    }
    caller.http.rooms.rooms.close(&caller.key(&name), Reason::RoomDeleted);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    identity: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    metadata: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    grants: Map<String, Value>,
    lifetime_ms: Option<u64>,
    #[serde(default)]
    once: bool,
    role: Option<String>,
    #[serde(default)]
    sql: bool,
}

/// A token lives so long where nothing is said.
const LIFETIME_MS: u64 = 3_600_000;

/// `POST /api/v1/rooms/{room}/tokens`: a token that lets its bearer into the room:
/// `{"identity", "name", "metadata", "attributes", "grants", "lifetime_ms", "once", "role",
/// "sql"}`, all of which may be left out. 201 with `{"token"}`; 403 for what who asks may
/// not give (`rtc.issue_token`).
pub async fn issue_token(
    http: State,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = caller(&http, &parts).await?;
    let asked: Token = request::json_or_default(&http, body).await?;
    let text = "SELECT rtc.issue_token($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7::interval, $8, quote_ident($9)::regrole, $10) AS token";
    let lifetime = asked.lifetime_ms.unwrap_or(LIFETIME_MS);
    let values = vec![
        json!(room),
        json!(asked.identity),
        json!(asked.name),
        json!(asked.metadata),
        json!(Value::Object(asked.attributes).to_string()),
        json!(Value::Object(asked.grants).to_string()),
        json!(format!("{lifetime} milliseconds")),
        json!(asked.once),
        json!(asked.role),
        json!(asked.sql),
    ];
    let rows = caller.rows(text, values).await?;
    let token = rows.into_iter().next().map_or(Value::Null, |row| row["token"].clone());
    let body = Json(json!({"token": token})).into_response();
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], body).into_response())
}
