//! How somebody comes into a room.
//!
//! ```text
//! token ─ grants ──┐
//!                  ├─ both allow it ─▶ the definition, live ─▶ seat and inbox
//! role ─ rights ───┘
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use serde_json::{Value, json};

use super::bearer::Bearer;
use super::{Caller, failed, limits, no_room, number_of, text_of};
use crate::http::Http;
use crate::http::principal::{Principal, forbidden};
use crate::http::problem::Problem;
use crate::rooms::{Definition, Inbox, Joining, Permission, Room, Seat, Source};

/// Who has come in.
pub struct Entered {
    pub room: Arc<Room>,
    pub seat: Seat,
    pub inbox: Inbox,
    pub principal: Principal,
    /// Whether it may run statements as its role.
    pub may_sql: bool,
}

/// What a role may do in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    pub is_admin: bool,
    pub record: bool,
    pub permission: Permission,
}

const LOOK: &str = "SELECT r.metadata, r.max_participants, r.max_message_bytes, r.messages_per_second, \
    r.empty_timeout_ms, r.departure_timeout_ms, r.is_locked, r.is_ephemeral, \
    m.is_admin, m.can_publish, m.sources, m.can_subscribe, m.can_publish_data, m.can_record \
    FROM rtc.rooms r CROSS JOIN rtc.my_rights($1) m WHERE r.name = $1";

/// What a row of `rtc.rooms` says.
pub fn definition_of(row: &Value) -> Definition {
    let small = |name: &str| u32::try_from(number_of(row, name)).unwrap_or(u32::MAX);
    Definition {
        metadata: text_of(row, "metadata"),
        max_participants: small("max_participants"),
        max_message_bytes: small("max_message_bytes"),
        messages_per_second: small("messages_per_second"),
        empty_timeout: Duration::from_millis(number_of(row, "empty_timeout_ms")),
        departure_timeout: Duration::from_millis(number_of(row, "departure_timeout_ms")),
        is_locked: row["is_locked"] == true,
        is_ephemeral: row["is_ephemeral"] == true,
    }
}

fn rights_of(row: &Value) -> Rights {
    let is = |name: &str| row[name] == true;
    let sources = row["sources"].as_array();
    let named = sources.into_iter().flatten().filter_map(Value::as_str);
    let known: Vec<Source> = named.filter_map(Source::named).collect();
    let is_none = sources.is_some() && known.is_empty();
    Rights {
        is_admin: is("is_admin"),
        record: is("can_record"),
        permission: Permission {
            publish: is("can_publish") && !is_none,
            sources: known,
            subscribe: is("can_subscribe"),
            publish_data: is("can_publish_data"),
            update_own: true,
            hidden: false,
            recorder: false,
        },
    }
}

/// What a room is like, and what the caller may do in it; none where it sees none.
pub async fn look(caller: &Caller, name: &str) -> Result<Option<(Definition, Rights)>, Problem> {
    let rows = caller.rows(LOOK, vec![json!(name)]).await?;
    Ok(rows.first().map(|row| (definition_of(row), rights_of(row))))
}

/// The same; a room that is not there is made where that is wanted and allowed.
async fn look_or_make(
    caller: &Caller,
    name: &str,
    makes: bool,
) -> Result<(Definition, Rights), Problem> {
    if let Some(found) = look(caller, name).await? {
        return Ok(found);
    }
    if makes && caller.http.front.database.config().rtc_create_rooms {
        let text =
            "INSERT INTO rtc.rooms (name, is_ephemeral) VALUES ($1, true) ON CONFLICT DO NOTHING";
        caller.rows(text, vec![json!(name)]).await?;
    }
    look(caller, name).await?.ok_or_else(|| no_room(name))
}

/// The live room of a definition, opened where it is not.
pub fn open(caller: &Caller, name: &str, definition: Definition) -> Result<Arc<Room>, Problem> {
    let http = &caller.http;
    http.rooms.rooms.open(caller.key(name), definition, limits(http)).map_err(failed)
}

/// How who comes in wants it.
#[derive(Clone, Debug)]
pub struct Wish {
    pub auto_subscribe: bool,
    /// Instead of, or beside, what the token says.
    pub metadata: Option<String>,
    pub attributes: BTreeMap<String, String>,
    /// It was here a moment ago, with the same token.
    pub is_return: bool,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish { auto_subscribe: true, metadata: None, attributes: BTreeMap::new(), is_return: false }
    }
}

/// Lets the bearer of a token into its room (`room` where the token names none): 403 for
/// what is not granted, 401 where the token is over or was used before, 404 where there is
/// no such room, 503 where the room is full.
pub async fn enter(
    http: &Arc<Http>,
    bearer: &Bearer,
    room: Option<&str>,
    wish: Wish,
) -> Result<Entered, Problem> {
    let named = bearer.grants.room.as_deref().or(room).unwrap_or_default();
    if !bearer.grants.join || named.is_empty() || room.is_some_and(|room| room != named) {
        return Err(forbidden("the token does not let its bearer into this room"));
    }
    if bearer.identity.is_empty() {
        return Err(Problem::invalid_token("the token does not say whose it is"));
    }
    let caller = Caller::new(http, bearer.principal.clone()).await?;
    let (definition, rights) = look_or_make(&caller, named, !bearer.is_own).await?;
    admit(&caller, bearer, named, wish.is_return).await?;
    let granted = &bearer.grants.permission;
    let is_admin = bearer.grants.admin && rights.is_admin;
    let mut permission = granted.and(&rights.permission);
    permission.hidden = granted.hidden && (rights.is_admin || bearer.is_own);
    let mut attributes = bearer.attributes.clone();
    if granted.update_own {
        attributes.extend(wish.attributes);
    }
    let metadata = wish.metadata.filter(|text| granted.update_own && !text.is_empty());
    let joining = Joining {
        identity: bearer.identity.clone(),
        name: bearer.name.clone(),
        role: bearer.principal.role.clone(),
        metadata: metadata.unwrap_or_else(|| bearer.metadata.clone()),
        attributes,
        permission,
        is_admin,
        auto_subscribe: wish.auto_subscribe,
        is_playback: false,
    };
    seat(&caller, named, definition, joining, bearer.may_sql)
}

/// Whether a token names a room that its bearer could enter: 403 and 404 as [`enter`] says.
pub async fn check(http: &Arc<Http>, bearer: &Bearer) -> Result<(), Problem> {
    let Some(named) = bearer.grants.room.as_deref().filter(|_| bearer.grants.join) else {
        return Err(forbidden("the token does not let its bearer into a room"));
    };
    if bearer.identity.is_empty() {
        return Err(Problem::invalid_token("the token does not say whose it is"));
    }
    let caller = Caller::new(http, bearer.principal.clone()).await?;
    let makes = !bearer.is_own && http.front.database.config().rtc_create_rooms;
    match look(&caller, named).await? {
        None if !makes => Err(no_room(named)),
        _ => Ok(()),
    }
}

/// Lets a role into a room by its own rights, under its own name or one that begins with
/// it and `/`; who moderates the room may be called anything.
pub async fn enter_as(
    http: &Arc<Http>,
    principal: &Principal,
    room: &str,
    identity: Option<String>,
    wish: Wish,
) -> Result<Entered, Problem> {
    let caller = Caller::new(http, principal.clone()).await?;
    let (definition, rights) = look_or_make(&caller, room, false).await?;
    let role = &principal.role;
    let identity = identity.unwrap_or_else(|| role.clone());
    let own = identity.strip_prefix(role.as_str());
    if !rights.is_admin && !own.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        let message = format!("identity \"{identity}\" is for who moderates the room to give");
        return Err(forbidden(&message));
    }
    let joining = Joining {
        name: identity.clone(),
        identity,
        role: role.clone(),
        metadata: wish.metadata.unwrap_or_default(),
        attributes: wish.attributes,
        permission: rights.permission,
        is_admin: rights.is_admin,
        auto_subscribe: wish.auto_subscribe,
        is_playback: false,
    };
    let may_sql = principal.scopes.has(crate::auth::scope::Scope::Sql);
    seat(&caller, room, definition, joining, may_sql)
}

fn seat(
    caller: &Caller,
    name: &str,
    definition: Definition,
    joining: Joining,
    may_sql: bool,
) -> Result<Entered, Problem> {
    let room = open(caller, name, definition)?;
    let (seat, inbox) = room.join(joining).map_err(failed)?;
    Ok(Entered { room, seat, inbox, principal: caller.principal.clone(), may_sql })
}

/// 401 for a token whose bearer was removed since, or that was for once and was used.
async fn admit(
    caller: &Caller,
    bearer: &Bearer,
    room: &str,
    is_return: bool,
) -> Result<(), Problem> {
    let time = |seconds: i64| DateTime::from_timestamp(seconds, 0).map(|time| time.to_rfc3339());
    let text = "SELECT rtc.admit($1, $2, $3, $4, $5, $6) AS refusal";
    let values = vec![
        json!(room),
        json!(bearer.identity),
        json!(time(bearer.not_before)),
        json!(bearer.id),
        json!(bearer.is_for_once && !is_return),
        json!(time(bearer.expires)),
    ];
    let rows = caller.as_server(text, values).await?;
    match rows.first().and_then(|row| row["refusal"].as_str()) {
        None => Ok(()),
        Some(refusal) => Err(Problem::invalid_token(&format!("the token is refused: {refusal}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_without_a_source_publish_nothing() {
        let row = json!({"can_publish": true, "sources": [], "can_subscribe": true});
        assert!(!rights_of(&row).permission.publish);
        let row = json!({"can_publish": true, "sources": null});
        assert!(rights_of(&row).permission.may_publish(Source::Camera));
        let row = json!({"can_publish": true, "sources": ["microphone"]});
        assert!(!rights_of(&row).permission.may_publish(Source::Camera));
    }
}
