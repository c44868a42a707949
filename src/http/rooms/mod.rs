//! `/api/v1/rooms`: rooms, who is in them, tokens to join.
//!
//! | | |
//! |---|---|
//! | `GET POST /api/v1/rooms` | those that the role may see; a new one |
//! | `GET PATCH DELETE /api/v1/rooms/{room}` | one: what it is like, and what is alive of it |
//! | `POST …/{room}/tokens` | a token that lets its bearer in ([`bearer`]) |
//! | `POST …/{room}/messages` | says something to who is there |
//! | `GET …/{room}/participants` | who is there |
//! | `GET PATCH DELETE …/participants/{identity}` | one of them: changed, removed |
//! | `POST …/participants/{identity}/subscriptions` | which tracks it is sent |
//! | `PATCH …/participants/{identity}/tracks/{track}` | muted, or another volume |
//! | `GET POST …/{room}/recordings`, `GET DELETE …/{id}`, `POST …/{id}/stop` | recordings ([`crate::rtc::record`]) |
//! | `GET POST …/{room}/playbacks`, `GET PATCH DELETE …/{id}`, `POST …/{id}/stop` | recordings that are played into it ([`crate::rtc::playback`]) |
//!
//! What a room is like, whose it is and who else may be in it are rows of the extension
//! `rtc` (`extensions/rtc`): all of this asks them as the role that asks, so that policies
//! say what there is. What is alive is [`crate::rooms`]; [`entry`] lets somebody in,
//! and [`keeper`] writes down what happens, so that SQL and the change feed see it.
//!
//! LiveKit's clients ask for the same in their own words ([`super::livekit`]).
//!
//! Not here: descriptions, candidates, media.

pub mod bearer;
pub mod entry;
mod keeper;
mod manage;
mod ongoing;
mod people;
mod playbacks;
mod recordings;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::routing::{get, patch, post};
use serde_json::{Value, json};

use super::conversation::Conversation;
use super::principal::Principal;
use super::problem::Problem;
use super::routes::Routes;
use super::{Http, extension};
use crate::error::Error;
use crate::rooms::{Key, Limits, Reason, Room, Rooms};
use crate::rtc::playback::{self, Playbacks};
use crate::rtc::quality::{self, Watch};
use crate::rtc::record::{self, Recordings};
use crate::session::Database;
use crate::sql::types::Oid;
use crate::sqlstate;

pub const EXTENSION: &str = "rtc";

/// What the requests of one server share for this.
#[derive(Default)]
pub struct Shared {
    pub rooms: Arc<Rooms>,
    pub recordings: Arc<Recordings>,
    pub playbacks: Arc<Playbacks>,
    pub quality: Watch,
    /// Databases in which it was seen to that nobody is there from before.
    begun: tokio::sync::Mutex<HashSet<Oid>>,
}

impl Shared {
    /// Of a database's live rooms, which functions of SQL know, too.
    pub fn of(database: &Database) -> Shared {
        Shared { rooms: database.rooms.clone(), ..Shared::default() }
    }
}

impl Http {
    pub(crate) fn rooms(&self) -> &Shared {
        &self.rooms
    }
}

/// What is done beside requests, until the server ends.
pub async fn keep(http: Arc<Http>) {
    let (rooms, quality) = (keeper::run(http.clone()), quality::run(http.clone()));
    tokio::join!(rooms, quality, record::run(http.clone()), playback::run(http));
}

pub fn routes(router: Routes) -> Routes {
    let base = "/api/v1/rooms";
    let at = |path: &str| format!("{base}/{{room}}{path}");
    let playback = get(playbacks::show).patch(playbacks::change).delete(playbacks::delete);
    let person = get(people::show).patch(people::change).delete(people::remove);
    router
        .route(base, get(manage::list).post(manage::create))
        .route(&at(""), get(manage::show).patch(manage::change).delete(manage::delete))
        .route(&at("/messages"), post(people::say))
        .route(&at("/participants"), get(people::list))
        .route(&at("/participants/{identity}"), person)
        .route(&at("/participants/{identity}/subscriptions"), post(people::subscribe))
        .route(&at("/participants/{identity}/tracks/{track}"), patch(people::change_track))
        .route(&at("/playbacks"), get(playbacks::list).post(playbacks::start))
        .route(&at("/playbacks/{id}"), playback)
        .route(&at("/playbacks/{id}/stop"), post(playbacks::stop))
        .route(&at("/recordings"), get(recordings::list).post(recordings::start))
        .route(&at("/recordings/{id}"), get(recordings::show).delete(recordings::delete))
        .route(&at("/recordings/{id}/stop"), post(recordings::stop))
        .route(&at("/tokens"), post(manage::issue_token))
}

pub(super) fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

pub(super) fn no_room(name: &str) -> Problem {
    let message = format!("room \"{name}\" does not exist");
    failed(Error::new(sqlstate::UNDEFINED_OBJECT, message))
}

/// What the server allows.
pub fn limits(http: &Http) -> Limits {
    let config = http.front.database.config();
    Limits {
        rooms: config.rtc_max_rooms,
        participants: config.rtc_max_participants,
        tracks: config.rtc_max_tracks,
        message_bytes: config.rtc_max_message.get(),
        messages_per_second: config.rtc_max_messages_per_second,
        inbox_bytes: config.rtc_inbox.get(),
        metadata_bytes: config.rtc_max_metadata.get(),
    }
}

/// The database of a principal.
pub fn database_oid(http: &Http, name: &str) -> Result<Oid, Problem> {
    let catalog = http.front.database.shared_catalog();
    let found = catalog.database_named(name).map(|found| found.oid);
    found.ok_or_else(|| {
        let message = format!("database \"{name}\" does not exist");
        failed(Error::new(sqlstate::INVALID_CATALOG_NAME, message))
    })
}

/// Who asks about rooms, in a database that has them.
pub struct Caller {
    pub http: Arc<Http>,
    pub principal: Principal,
    pub database: Oid,
}

impl Caller {
    pub async fn new(http: &Arc<Http>, principal: Principal) -> Result<Caller, Problem> {
        let database = database_oid(http, &principal.database)?;
        let caller = Caller { http: http.clone(), principal, database };
        caller.begin().await?;
        Ok(caller)
    }

    /// The first who asks about rooms of a database finds nobody there.
    async fn begin(&self) -> Result<(), Problem> {
        let shared = &self.http.rooms;
        let mut begun = shared.begun.lock().await;
        if begun.contains(&self.database) {
            return Ok(());
        }
        self.as_server("SELECT rtc.begin_anew()", Vec::new()).await?;
        begun.insert(self.database);
        Ok(())
    }

    /// The rows of a statement as who asks.
    pub async fn rows(&self, text: &str, values: Vec<Value>) -> Result<Vec<Value>, Problem> {
        run(&self.http, &self.principal, text, values).await
    }

    /// The same as the server itself.
    pub async fn as_server(&self, text: &str, values: Vec<Value>) -> Result<Vec<Value>, Problem> {
        let (database, ends) = (&self.principal.database, self.principal.ends);
        let server = Principal::server(&self.http, database, ends).map_err(failed)?;
        run(&self.http, &server, text, values).await
    }

    pub fn key(&self, name: &str) -> Key {
        Key { database: self.database, name: name.to_owned() }
    }

    /// What is alive of a room.
    pub fn live(&self, name: &str) -> Option<Arc<Room>> {
        self.http.rooms.rooms.get(&self.key(name))
    }

    /// The live room of a name where who asks moderates it, and somebody is there: 404
    /// where it may not even see it, 403 where it sees it only.
    pub async fn moderated(&self, name: &str) -> Result<Arc<Room>, Problem> {
        let rows = self.rows("SELECT is_admin FROM rtc.my_rights($1)", vec![json!(name)]).await?;
        let row = rows.first().ok_or_else(|| no_room(name))?;
        if row["is_admin"] != true {
            return Err(super::principal::forbidden(&format!(
                "permission denied to moderate room \"{name}\""
            )));
        }
        self.live(name).ok_or_else(|| {
            let message = format!("nobody is in room \"{name}\"");
            failed(Error::new(sqlstate::UNDEFINED_OBJECT, message))
        })
    }

    /// The live room of a name that who asks may see, if it is alive.
    pub async fn seen(&self, name: &str) -> Result<(Option<Arc<Room>>, bool), Problem> {
        let rows = self.rows("SELECT is_admin FROM rtc.my_rights($1)", vec![json!(name)]).await?;
        let row = rows.first().ok_or_else(|| no_room(name))?;
        Ok((self.live(name), row["is_admin"] == true))
    }

    /// Removes a participant; tokens that it has are over.
    pub async fn remove(&self, room: &Room, identity: &str) -> Result<(), Problem> {
        room.person(identity).map_err(failed)?;
        let values = vec![json!(room.key.name), json!(identity)];
        self.as_server("SELECT rtc.note_removal($1, $2)", values).await?;
        match room.expel(identity, Reason::Removed) {
            // It has left meanwhile.
            Err(error) if error.code() == sqlstate::UNDEFINED_OBJECT => Ok(()),
            removed => removed.map_err(failed),
        }
    }
}

/// The rows of a statement as a principal.
async fn run(
    http: &Arc<Http>,
    principal: &Principal,
    text: &str,
    values: Vec<Value>,
) -> Result<Vec<Value>, Problem> {
    let opened = extension::open(http, principal, EXTENSION, Vec::new());
    let mut conversation: Conversation = opened.await.map_err(failed)?;
    let leash = conversation.leash().map_err(failed)?;
    let text = text.to_owned();
    let work = async move { conversation.rows(&text, &values).await.map_err(failed) };
    leash.run(work).await
}

/// A member of a row that is a text.
pub(super) fn text_of(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

/// A number of a row, which may be written as a text.
pub(super) fn number_of(row: &Value, name: &str) -> u64 {
    let value = &row[name];
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

/// Attributes, whose values are texts.
pub(super) fn attributes_of(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    members.filter_map(text).collect()
}
