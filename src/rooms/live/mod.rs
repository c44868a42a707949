//! One live room.
//!
//! Everything of it is behind one lock, under which nothing waits: participants are told by
//! their inboxes, and who cannot take what must be taken is removed at the end.

mod change;
mod tell;
mod tracks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::define::{About, Definition, Info, Joining, Limits, Reason, State as Stage};
use super::inbox::{Inbox, Outlet, Told, pair};
use super::journal::{Happened, Journal, Record};
use super::registry::Key;
use super::seat::{Choices, Pace, Seat};
use super::track::Track;
use super::{new_sid, now_ms};
use crate::error::{Error, Result};
use crate::sqlstate;

pub use change::Change;

/// Records that a watcher of a room may be behind.
const WATCHED: usize = 1_024;

pub struct Room {
    pub key: Key,
    pub sid: String,
    created_at_ms: i64,
    pub(in crate::rooms) journal: Arc<Journal>,
    watched: broadcast::Sender<Record>,
    pub(in crate::rooms) inner: Mutex<Inner>,
}

pub(in crate::rooms) struct Inner {
    pub definition: Definition,
    pub limits: Limits,
    /// By identity, of which there is one at a time.
    pub people: BTreeMap<String, Person>,
    /// Since when nobody is here but playbacks; and whether somebody has been.
    idle: (Instant, bool),
    closed: Option<Reason>,
    is_recording: bool,
}

pub(in crate::rooms) struct Person {
    pub sid: String,
    pub joining: Joining,
    pub stage: Stage,
    pub joined_at_ms: i64,
    pub version: u32,
    pub tracks: Vec<Arc<Track>>,
    pub choices: Choices,
    pub pace: Pace,
    pub outlet: Outlet,
}

impl Person {
    /// Whether it may say one more thing now.
    pub fn admit(&mut self) -> Result<()> {
        if self.pace.admits() {
            return Ok(());
        }
        let what = "a participant sends messages a second:";
        Err(limit(what, self.pace.per_second, "rtc_max_messages_per_second"))
    }

    pub fn info(&self) -> Arc<Info> {
        let joining = &self.joining;
        Arc::new(Info {
            sid: self.sid.clone(),
            identity: joining.identity.clone(),
            name: joining.name.clone(),
            role: joining.role.clone(),
            metadata: joining.metadata.clone(),
            attributes: joining.attributes.clone(),
            permission: joining.permission.clone(),
            is_admin: joining.is_admin,
            state: self.stage,
            joined_at_ms: self.joined_at_ms,
            tracks: self.tracks.iter().map(|track| track.info()).collect(),
            version: self.version,
            reason: None,
        })
    }

    pub fn track(&self, sid: &str) -> Option<&Arc<Track>> {
        self.tracks.iter().find(|track| track.sid == sid)
    }
}

pub(in crate::rooms) fn no_participant(identity: &str) -> Error {
    let message = format!("participant \"{identity}\" does not exist");
    Error::new(sqlstate::UNDEFINED_OBJECT, message)
}

pub(in crate::rooms) fn no_track(sid: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("track \"{sid}\" does not exist"))
}

pub(in crate::rooms) fn denied(what: &str) -> Error {
    let message = format!("permission denied to {what} in this room");
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
}

/// `53400`: one more than a limit allows; which one is named.
pub(in crate::rooms) fn limit(what: &str, most: impl std::fmt::Display, name: &str) -> Error {
    let message = format!("{what} at most {most} (\"{name}\")");
    Error::new(sqlstate::CONFIGURATION_LIMIT_EXCEEDED, message)
}

pub(in crate::rooms) fn too_large(what: &str, most: usize, name: &str) -> Error {
    let message = format!("{what} is larger than {most} bytes (\"{name}\")");
    Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message)
}

fn is_over() -> Error {
    Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "the room is closed")
}

fn attributes_bytes(attributes: &BTreeMap<String, String>) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn check_metadata(
    limits: &Limits,
    metadata: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<()> {
    let most = limits.metadata_bytes;
    if metadata.len() > most || attributes_bytes(attributes) > most {
        return Err(too_large("the metadata", most, "rtc_max_metadata"));
    }
    Ok(())
}

impl Room {
    pub(in crate::rooms) fn new(
        key: Key,
        definition: Definition,
        limits: Limits,
        journal: Arc<Journal>,
    ) -> Room {
        let room = Room {
            key,
            sid: new_sid("RM_"),
            created_at_ms: now_ms(),
            journal,
            watched: broadcast::channel(WATCHED).0,
            inner: Mutex::new(Inner {
                definition,
                limits,
                people: BTreeMap::new(),
                idle: (Instant::now(), false),
                closed: None,
                is_recording: false,
            }),
        };
        room.note(Record::new(&room.key, Happened::Opened, (&room.sid, "")));
        room
    }

    /// Lets somebody in. `42501` where the room is locked, `53400` where it is full. Who is
    /// here with the same identity leaves.
    pub fn join(self: &Arc<Room>, joining: Joining) -> Result<(Seat, Inbox)> {
        let mut inner = self.inner.lock();
        if inner.closed.is_some() {
            return Err(is_over());
        }
        if joining.identity.is_empty() || joining.identity.len() > 255 {
            let message = "an identity has 1 to 255 bytes";
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
        check_metadata(&inner.limits, &joining.metadata, &joining.attributes)?;
        if inner.definition.is_locked && !joining.is_admin {
            return Err(denied("come in while it is locked"));
        }
        self.remove(&mut inner, &joining.identity, Reason::DuplicateIdentity);
        let most = inner.participants_max();
        if inner.people.len() >= most {
            return Err(limit("a room has participants:", most, "rtc_max_participants"));
        }
        let (outlet, inbox) = pair(inner.limits.inbox_bytes);
        let pace = Pace::new(inner.messages_per_second());
        let person = Person {
            sid: new_sid("PA_"),
            choices: Choices::new(joining.auto_subscribe),
            joining,
            stage: Stage::Joining,
            joined_at_ms: now_ms(),
            version: 1,
            tracks: Vec::new(),
            pace,
            outlet,
        };
        let identity = person.joining.identity.clone();
        let seat = Seat::new(self.clone(), person.sid.clone(), identity.clone());
        let mut record = Record::new(&self.key, Happened::Joined, (&person.sid, &identity));
        record.detail = json!({"name": person.joining.name, "role": person.joining.role});
        inner.idle.1 |= !person.joining.is_playback;
        inner.people.insert(identity.clone(), person);
        self.show(&mut inner, &identity, false);
        drop(inner);
        self.note(record);
        Ok((seat, inbox))
    }

    /// What happens here from now on; who is too far behind is told so.
    pub fn watch(&self) -> broadcast::Receiver<Record> {
        self.watched.subscribe()
    }

    pub(in crate::rooms) fn note(&self, record: Record) {
        // Nobody has to watch.
        let _ = self.watched.send(record.clone());
        self.journal.note(record);
    }

    /// A participant that plays a recording has begun, or has ended.
    pub fn note_playback(&self, happened: Happened, whom: (&str, &str), detail: Value) {
        let mut record = Record::new(&self.key, happened, whom);
        record.detail = detail;
        self.note(record);
    }

    pub fn about(&self) -> Arc<About> {
        self.about_of(&self.inner.lock())
    }

    fn about_of(&self, inner: &Inner) -> Arc<About> {
        let definition = &inner.definition;
        let seen = || inner.people.values().filter(|it| !it.joining.permission.hidden);
        Arc::new(About {
            sid: self.sid.clone(),
            name: self.key.name.clone(),
            metadata: definition.metadata.clone(),
            created_at_ms: self.created_at_ms,
            max_participants: definition.max_participants,
            empty_timeout_ms: ms(definition.empty_timeout),
            departure_timeout_ms: ms(definition.departure_timeout),
            is_locked: definition.is_locked,
            is_recording: inner.is_recording,
            participants: seen().count(),
            publishers: seen().filter(|it| !it.tracks.is_empty()).count(),
        })
    }

    pub fn definition(&self) -> Definition {
        self.inner.lock().definition.clone()
    }

    /// Another definition: what is told to everybody is metadata and the lock.
    pub fn configure(&self, definition: Definition) {
        let mut inner = self.inner.lock();
        if inner.definition == definition {
            return;
        }
        inner.definition = definition;
        let rate = inner.messages_per_second();
        inner.people.values_mut().for_each(|person| person.pace = Pace::new(rate));
        let about = self.about_of(&inner);
        self.tell_all(&mut inner, |_| Some(Told::Room(about.clone())));
        drop(inner);
        self.note(Record::new(&self.key, Happened::Updated, (&self.sid, "")));
    }

    pub fn set_recording(&self, is_recording: bool) {
        let mut inner = self.inner.lock();
        inner.is_recording = is_recording;
        let about = self.about_of(&inner);
        self.tell_all(&mut inner, |_| Some(Told::Room(about.clone())));
    }

    /// Who is here and may be seen; `all`: those that are hidden, too.
    pub fn people(&self, all: bool) -> Vec<Arc<Info>> {
        let inner = self.inner.lock();
        let seen = |person: &&Person| all || !person.joining.permission.hidden;
        inner.people.values().filter(seen).map(Person::info).collect()
    }

    /// Whether somebody is here, a playback not counted.
    pub fn is_occupied(&self) -> bool {
        self.inner.lock().is_occupied()
    }

    pub fn person(&self, identity: &str) -> Result<Arc<Info>> {
        let inner = self.inner.lock();
        inner.people.get(identity).map(Person::info).ok_or_else(|| no_participant(identity))
    }

    /// A track of anybody.
    pub fn track(&self, sid: &str) -> Option<Arc<Track>> {
        let inner = self.inner.lock();
        inner.people.values().find_map(|person| person.track(sid).cloned())
    }

    /// Removes a participant; `42704` where it is not here.
    pub fn expel(&self, identity: &str, reason: Reason) -> Result<()> {
        let mut inner = self.inner.lock();
        if self.remove(&mut inner, identity, reason) {
            return Ok(());
        }
        Err(no_participant(identity))
    }

    /// Everybody leaves, and nobody comes any more.
    pub(in crate::rooms) fn close(&self, reason: Reason) {
        let mut inner = self.inner.lock();
        if inner.closed.replace(reason).is_some() {
            return;
        }
        let identities: Vec<String> = inner.people.keys().cloned().collect();
        for identity in identities {
            self.remove(&mut inner, &identity, reason);
        }
        drop(inner);
        let mut record = Record::new(&self.key, Happened::Closed, (&self.sid, ""));
        record.detail = json!({"reason": reason.as_str()});
        self.note(record);
    }

    /// Whether nobody has been here for too long; it is closed then.
    pub(in crate::rooms) fn close_if_idle(&self, now: Instant) -> bool {
        let inner = self.inner.lock();
        let (since, was_used) = inner.idle;
        let patience = match was_used {
            true => inner.definition.departure_timeout,
            false => inner.definition.empty_timeout,
        };
        let is_idle = !inner.is_occupied() && now.saturating_duration_since(since) >= patience;
        drop(inner);
        if is_idle {
            self.close(Reason::RoomClosed);
        }
        is_idle
    }

    pub fn is_closed(&self) -> bool {
        self.inner.lock().closed.is_some()
    }

    pub(in crate::rooms) fn set_stage(&self, identity: &str, sid: &str, stage: Stage) {
        let mut inner = self.inner.lock();
        let person = inner.people.get_mut(identity).filter(|person| person.sid == sid);
        let Some(person) = person.filter(|person| person.stage != stage) else { return };
        person.stage = stage;
        self.show(&mut inner, identity, true);
        self.journal.note_change(&self.key);
    }

    /// A seat is given up.
    pub(in crate::rooms) fn leave(&self, identity: &str, sid: &str, reason: Reason) {
        let mut inner = self.inner.lock();
        if inner.people.get(identity).is_some_and(|person| person.sid == sid) {
            self.remove(&mut inner, identity, reason);
        }
    }

    fn remove(&self, inner: &mut Inner, identity: &str, reason: Reason) -> bool {
        let Some(person) = inner.people.remove(identity) else { return false };
        person.outlet.end(reason);
        if !person.joining.is_playback && !inner.is_occupied() {
            inner.idle = (Instant::now(), true);
        }
        for track in &person.tracks {
            inner.people.values_mut().for_each(|other| other.choices.forget(&track.sid));
        }
        if !person.joining.permission.hidden {
            let info = gone(&person, reason);
            self.tell_all(inner, |_| Some(Told::Participant(info.clone())));
        }
        if !person.tracks.is_empty() {
            self.tell_all(inner, |_| Some(Told::Wanted));
        }
        for track in &person.tracks {
            self.note_track(Happened::Unpublished, track, Value::Null);
        }
        let mut record = Record::new(&self.key, Happened::Left, (&person.sid, identity));
        record.detail = json!({"reason": reason.as_str()});
        self.note(record);
        true
    }

    pub(in crate::rooms) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

fn ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn gone(person: &Person, reason: Reason) -> Arc<Info> {
    let mut info = (*person.info()).clone();
    info.state = Stage::Disconnected;
    info.tracks.clear();
    info.version += 1;
    info.reason = Some(reason);
    Arc::new(info)
}

/// The smaller of what a definition says, unless it is 0, and what the server allows.
fn bounded(wanted: u32, most: usize) -> usize {
    match usize::try_from(wanted).unwrap_or(most) {
        0 => most,
        wanted => wanted.min(most),
    }
}

impl Inner {
    fn is_occupied(&self) -> bool {
        self.people.values().any(|person| !person.joining.is_playback)
    }

    fn participants_max(&self) -> usize {
        bounded(self.definition.max_participants, self.limits.participants)
    }

    pub fn message_bytes(&self) -> usize {
        bounded(self.definition.max_message_bytes, self.limits.message_bytes)
    }

    fn messages_per_second(&self) -> u32 {
        match (self.definition.messages_per_second, self.limits.messages_per_second) {
            (0, most) => most,
            (wanted, 0) => wanted,
            (wanted, most) => wanted.min(most),
        }
    }
}
