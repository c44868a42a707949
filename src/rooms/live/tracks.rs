//! Tracks: published, and wanted.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Inner, Room, denied, limit, no_participant, no_track};
use crate::error::Result;
use crate::rooms::grants::Kind;
use crate::rooms::inbox::Told;
use crate::rooms::journal::{Happened, Record};
use crate::rooms::new_sid;
use crate::rooms::track::{Offer, Preference, Track};

impl Room {
    /// What one participant is to be sent now.
    pub fn wanted(&self, identity: &str) -> Vec<(Arc<Track>, Preference)> {
        let inner = self.inner.lock();
        let Some(person) = inner.people.get(identity) else { return Vec::new() };
        if !person.joining.permission.subscribe {
            return Vec::new();
        }
        let others = inner.people.values().filter(|other| other.sid != person.sid);
        let tracks = others.flat_map(|other| {
            other
                .tracks
                .iter()
                .filter(|track| other.choices.allows(identity, &person.sid, &track.sid))
        });
        tracks.filter_map(|track| Some((track.clone(), person.choices.of(&track.sid)?))).collect()
    }

    /// Somebody is sent a track: its publisher is told so, once.
    pub fn note_subscribed(&self, sid: &str) {
        let mut inner = self.inner.lock();
        let mut people = inner.people.iter();
        let found =
            people.find_map(|(identity, it)| Some((identity.clone(), it.track(sid)?.clone())));
        if let Some((publisher, _)) = found.filter(|(_, track)| track.set_subscribed()) {
            self.tell_one(&mut inner, &publisher, Told::Subscribed { track: sid.to_owned() });
        }
    }

    /// Publishes a track of a participant.
    pub(in crate::rooms) fn publish(&self, identity: &str, offer: Offer) -> Result<Arc<Track>> {
        offer.check()?;
        let mut inner = self.inner.lock();
        let most = inner.limits.tracks;
        let person = inner.people.get_mut(identity).ok_or_else(|| no_participant(identity))?;
        if !person.joining.permission.may_publish(offer.source) {
            return Err(denied(&format!("publish from {}", offer.source.as_str())));
        }
        if person.tracks.len() >= most {
            return Err(limit("a participant has tracks:", most, "rtc_max_tracks"));
        }
        let prefix = match offer.kind {
            Kind::Audio => "TR_A",
            Kind::Video => "TR_V",
        };
        let publisher = (person.sid.clone(), identity.to_owned());
        let track = Arc::new(Track::new(new_sid(prefix), publisher, offer));
        person.tracks.push(track.clone());
        self.show(&mut inner, identity, true);
        self.tell_wanted(&mut inner, identity);
        drop(inner);
        self.note_track(Happened::Published, &track, json!(track.info()));
        Ok(track)
    }

    pub(in crate::rooms) fn unpublish(&self, identity: &str, sid: &str) -> Result<()> {
        let mut inner = self.inner.lock();
        let track = self.drop_track(&mut inner, identity, sid, false);
        let track = track.ok_or_else(|| no_track(sid))?;
        self.show(&mut inner, identity, true);
        drop(inner);
        self.note_track(Happened::Unpublished, &track, Value::Null);
        Ok(())
    }

    pub(super) fn drop_track(
        &self,
        inner: &mut Inner,
        identity: &str,
        sid: &str,
        tells: bool,
    ) -> Option<Arc<Track>> {
        let person = inner.people.get_mut(identity)?;
        let at = person.tracks.iter().position(|track| track.sid == sid)?;
        let track = person.tracks.remove(at);
        inner.people.values_mut().for_each(|person| person.choices.forget(sid));
        if tells {
            self.tell_one(inner, identity, Told::Unpublished { track: sid.to_owned() });
        }
        self.tell_wanted(inner, identity);
        Some(track)
    }

    pub(super) fn note_track(&self, happened: Happened, track: &Track, detail: Value) {
        let (sid, identity) = &track.publisher;
        let mut record = Record::new(&self.key, happened, (sid, identity));
        record.track = Some(track.sid.clone());
        record.detail = detail;
        self.note(record);
    }
}
