//! What moderators, and participants of themselves, change.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Person, Room, check_metadata, denied, no_participant, no_track, too_large};
use crate::error::Result;
use crate::rooms::define::{Info, Reason};
use crate::rooms::grants::Permission;
use crate::rooms::inbox::Told;
use crate::rooms::journal::{Happened, Record};
use crate::rooms::track::{Shape, Track};

/// What is changed of a participant; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub metadata: Option<String>,
    pub name: Option<String>,
    /// An empty value removes one.
    pub attributes: BTreeMap<String, String>,
    pub permission: Option<Permission>,
}

impl Room {
    /// A moderator mutes or unmutes a track; its publisher is told.
    pub fn mute(&self, identity: &str, track: &str, is_muted: bool) -> Result<Arc<Track>> {
        self.set_muted(identity, track, is_muted, true)
    }

    pub(in crate::rooms) fn set_muted(
        &self,
        identity: &str,
        sid: &str,
        is_muted: bool,
        by_moderator: bool,
    ) -> Result<Arc<Track>> {
        let mut inner = self.inner.lock();
        let person = inner.people.get(identity).ok_or_else(|| no_participant(identity))?;
        let track = person.track(sid).cloned().ok_or_else(|| no_track(sid))?;
        if !track.set_muted(is_muted) {
            return Ok(track);
        }
        if by_moderator {
            let told = Told::Muted { track: sid.to_owned(), is_muted };
            if !person.outlet.tell(told) {
                self.remove(&mut inner, identity, Reason::TooSlow);
            }
        }
        self.show(&mut inner, identity, true);
        drop(inner);
        let happened = if is_muted { Happened::Muted } else { Happened::Unmuted };
        self.note_track(happened, &track, json!({"by_moderator": by_moderator}));
        Ok(track)
    }

    /// Per cent at which everybody plays a track.
    pub fn set_volume(&self, identity: &str, sid: &str, volume: u8) -> Result<Arc<Track>> {
        let mut inner = self.inner.lock();
        let person = inner.people.get(identity).ok_or_else(|| no_participant(identity))?;
        let track = person.track(sid).cloned().ok_or_else(|| no_track(sid))?;
        track.set_volume(volume);
        self.show(&mut inner, identity, true);
        Ok(track)
    }

    /// Its publisher says anew what a track is like; everybody is told.
    pub(in crate::rooms) fn reshape(&self, identity: &str, sid: &str, shape: Shape) -> Result<()> {
        let mut inner = self.inner.lock();
        shape.check()?;
        let person = inner.people.get_mut(identity).ok_or_else(|| no_participant(identity))?;
        let track = person.track(sid).cloned().ok_or_else(|| no_track(sid))?;
        if track.shape() != shape {
            person.admit()?;
            track.reshape(shape);
            self.show(&mut inner, identity, true);
        }
        Ok(())
    }

    /// Changes a participant. What it may publish no more, it does not.
    pub fn change(&self, identity: &str, change: Change) -> Result<Arc<Info>> {
        let mut inner = self.inner.lock();
        let limits = inner.limits;
        let person = inner.people.get_mut(identity).ok_or_else(|| no_participant(identity))?;
        let mut attributes = person.joining.attributes.clone();
        for (name, value) in change.attributes {
            match value.is_empty() {
                true => drop(attributes.remove(&name)),
                false => drop(attributes.insert(name, value)),
            }
        }
        let metadata = change.metadata.as_deref().unwrap_or(&person.joining.metadata);
        check_metadata(&limits, metadata, &attributes)?;
        if change.name.as_ref().is_some_and(|name| name.len() > limits.metadata_bytes) {
            return Err(too_large("the name", limits.metadata_bytes, "rtc_max_metadata"));
        }
        let before = person.joining.permission.clone();
        let joining = &mut person.joining;
        joining.attributes = attributes;
        joining.metadata = change.metadata.unwrap_or_else(|| std::mem::take(&mut joining.metadata));
        joining.name = change.name.unwrap_or_else(|| std::mem::take(&mut joining.name));
        joining.permission = change.permission.unwrap_or_else(|| before.clone());
        let now = joining.permission.clone();
        let refused = |track: &&Arc<Track>| !now.may_publish(track.offer.source);
        let gone: Vec<_> = person.tracks.iter().filter(refused).cloned().collect();
        if before.hidden != now.hidden && now.hidden {
            self.hide(&mut inner, identity);
        }
        for track in &gone {
            self.drop_track(&mut inner, identity, &track.sid, true);
        }
        self.show(&mut inner, identity, true);
        if before.subscribe != now.subscribe {
            self.tell_one(&mut inner, identity, Told::Wanted);
        }
        let info = inner.people.get(identity).map(Person::info);
        drop(inner);
        for track in gone {
            self.note_track(Happened::Unpublished, &track, Value::Null);
        }
        let info = info.ok_or_else(|| no_participant(identity))?;
        self.note(Record::new(&self.key, Happened::Updated, (&info.sid, identity)));
        Ok(info)
    }

    /// Subscribes a participant to tracks, or unsubscribes it.
    pub fn subscribe(&self, identity: &str, tracks: &[String], wants: bool) -> Result<()> {
        let mut inner = self.inner.lock();
        let most = inner.limits.tracks.saturating_mul(inner.limits.participants);
        let person = inner.people.get_mut(identity).ok_or_else(|| no_participant(identity))?;
        if wants && !person.joining.permission.subscribe {
            return Err(denied("subscribe"));
        }
        person.choices.choose(tracks, wants, most);
        self.tell_one(&mut inner, identity, Told::Wanted);
        Ok(())
    }
}
