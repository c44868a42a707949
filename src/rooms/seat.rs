//! A participant's place in a room, for as long as its signalling holds it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::define::{Info, Message, Reason, State};
use super::inbox::Told;
use super::live::{Change, Room, denied, no_participant, too_large};
use super::track::{Offer, Preference, Shape, Track};
use crate::error::Result;

/// What a participant is in a room by; dropped, it has left.
pub struct Seat {
    room: Arc<Room>,
    sid: String,
    identity: String,
    reason: Mutex<Reason>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.leave(&self.identity, &self.sid, *self.reason.lock());
    }
}

impl Seat {
    pub(super) fn new(room: Arc<Room>, sid: String, identity: String) -> Seat {
        Seat { room, sid, identity, reason: Mutex::new(Reason::Left) }
    }

    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }

    pub fn sid(&self) -> &str {
        &self.sid
    }

    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Why it will have left when it is dropped.
    pub fn leave_for(&self, reason: Reason) {
        *self.reason.lock() = reason;
    }

    /// Leaves now, whoever holds the seat.
    pub fn leave(&self) {
        self.room.leave(&self.identity, &self.sid, *self.reason.lock());
    }

    pub fn info(&self) -> Result<Arc<Info>> {
        let info = self.room.person(&self.identity)?;
        match info.sid == self.sid {
            true => Ok(info),
            false => Err(no_participant(&self.identity)),
        }
    }

    /// Those that it may see, without itself.
    pub fn others(&self) -> Vec<Arc<Info>> {
        let mut all = self.room.people(false);
        all.retain(|info| info.sid != self.sid);
        all
    }

    pub fn set_state(&self, state: State) {
        self.room.set_stage(&self.identity, &self.sid, state);
    }

    /// `42501` for a source that is not allowed, `53400` for one track too many.
    pub fn publish(&self, offer: Offer) -> Result<Arc<Track>> {
        self.info()?;
        self.room.publish(&self.identity, offer)
    }

    pub fn unpublish(&self, track: &str) -> Result<()> {
        self.info()?;
        self.room.unpublish(&self.identity, track)
    }

    /// Of a track of its own.
    pub fn mute(&self, track: &str, is_muted: bool) -> Result<Arc<Track>> {
        self.info()?;
        self.room.set_muted(&self.identity, track, is_muted, false)
    }

    /// What a track of its own is like now.
    pub fn reshape(&self, track: &str, shape: Shape) -> Result<()> {
        self.info()?;
        self.room.reshape(&self.identity, track, shape)
    }

    /// Something of its own, as far as it may: `42501` otherwise.
    pub fn change(&self, change: Change) -> Result<Arc<Info>> {
        let info = self.info()?;
        if !(info.permission.update_own || info.is_admin) || change.permission.is_some() {
            return Err(denied("change its own metadata"));
        }
        self.room.change(&self.identity, change)
    }

    /// Says something; how many are told. The sender is filled in here.
    pub fn say(&self, mut message: Message) -> Result<usize> {
        let mut inner = self.room.inner();
        let most = inner.message_bytes();
        let person = inner.people.get_mut(&self.identity).filter(|person| person.sid == self.sid);
        let person = person.ok_or_else(|| no_participant(&self.identity))?;
        if !person.joining.permission.publish_data {
            return Err(denied("send data"));
        }
        if message.size() > most {
            return Err(too_large("the message", most, "rtc_max_message"));
        }
        person.admit()?;
        message.from = (self.sid.clone(), self.identity.clone());
        Ok(self.room.deliver(&mut inner, message))
    }

    pub fn subscribe(&self, tracks: &[String], wants: bool) -> Result<()> {
        self.info()?;
        self.room.subscribe(&self.identity, tracks, wants)
    }

    /// How it wants tracks.
    pub fn prefer(&self, tracks: &[String], preference: Preference) {
        let mut inner = self.room.inner();
        let most = inner.limits.tracks.saturating_mul(inner.limits.participants);
        let person = inner.people.get_mut(&self.identity).filter(|person| person.sid == self.sid);
        let Some(person) = person else { return };
        person.choices.prefer(tracks, preference, most);
        self.room.tell_one(&mut inner, &self.identity, Told::Wanted);
    }

    /// Who may have its tracks: identities or sids, with all tracks (none) or some. None is
    /// everybody.
    pub fn allow(&self, allowed: Option<Allowed>) {
        let mut inner = self.room.inner();
        let person = inner.people.get_mut(&self.identity).filter(|person| person.sid == self.sid);
        let Some(person) = person else { return };
        person.choices.allowed = allowed;
        self.room.tell_all(&mut inner, |to| (to != self.identity).then_some(Told::Wanted));
    }

    /// What it is to be sent now, and how.
    pub fn wanted(&self) -> Vec<(Arc<Track>, Preference)> {
        self.room.wanted(&self.identity)
    }
}

/// Which of a publisher's tracks others may have; all of them where it has not said.
pub type Allowed = HashMap<String, Option<Vec<String>>>;

/// What a participant has said of tracks.
pub(super) struct Choices {
    auto: bool,
    chosen: HashMap<String, bool>,
    preferred: HashMap<String, Preference>,
    pub allowed: Option<Allowed>,
}

impl Choices {
    pub fn new(auto: bool) -> Choices {
        Choices { auto, chosen: HashMap::new(), preferred: HashMap::new(), allowed: None }
    }

    /// How a track is wanted; none where it is not.
    pub fn of(&self, track: &str) -> Option<Preference> {
        let wants = self.chosen.get(track).copied().unwrap_or(self.auto);
        wants.then(|| self.preferred.get(track).copied().unwrap_or_default())
    }

    pub fn choose(&mut self, tracks: &[String], wants: bool, most: usize) {
        for track in tracks {
            if self.chosen.len() < most || self.chosen.contains_key(track) {
                self.chosen.insert(track.clone(), wants);
            }
        }
    }

    pub fn prefer(&mut self, tracks: &[String], preference: Preference, most: usize) {
        for track in tracks {
            if self.preferred.len() < most || self.preferred.contains_key(track) {
                self.preferred.insert(track.clone(), preference);
            }
        }
    }

    pub fn forget(&mut self, track: &str) {
        self.chosen.remove(track);
        self.preferred.remove(track);
    }

    /// Whether a track of its own is for somebody.
    pub fn allows(&self, identity: &str, sid: &str, track: &str) -> bool {
        let Some(allowed) = &self.allowed else { return true };
        let entry = allowed.get(identity).or_else(|| allowed.get(sid));
        entry.is_some_and(|tracks| match tracks {
            None => true,
            Some(tracks) => tracks.iter().any(|it| it == track),
        })
    }
}

/// So many messages a second, and as many at once; 0 is no limit.
pub(super) struct Pace {
    pub per_second: u32,
    left: f64,
    at: Instant,
}

impl Pace {
    pub fn new(per_second: u32) -> Pace {
        Pace { per_second, left: f64::from(per_second), at: Instant::now() }
    }

    pub fn admits(&mut self) -> bool {
        if self.per_second == 0 {
            return true;
        }
        let now = Instant::now();
        let most = f64::from(self.per_second);
        let came = now.duration_since(self.at).as_secs_f64() * most;
        self.left = (self.left + came).min(most);
        self.at = now;
        let admits = self.left >= 1.0;
        if admits {
            self.left -= 1.0;
        }
        admits
    }
}
