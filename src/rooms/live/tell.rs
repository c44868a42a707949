//! What everybody, or somebody, is told.

use std::sync::Arc;

use super::{Inner, Person, Room, gone, too_large};
use crate::error::Result;
use crate::rooms::define::{Message, Reason, Speaker};
use crate::rooms::inbox::Told;

impl Room {
    /// Sends a message of the server's own.
    pub fn say(&self, message: Message) -> Result<usize> {
        let mut inner = self.inner.lock();
        let most = inner.message_bytes();
        if message.size() > most {
            return Err(too_large("the message", most, "rtc_max_message"));
        }
        Ok(self.deliver(&mut inner, message))
    }

    /// To everybody it is for; how many they are.
    pub(in crate::rooms) fn deliver(&self, inner: &mut Inner, message: Message) -> usize {
        let is_reliable = message.is_reliable;
        let message = Arc::new(message);
        let mut count = 0;
        let mut slow = Vec::new();
        for (identity, person) in &inner.people {
            let is_for = message.to.is_empty() || message.to.iter().any(|to| to == identity);
            if !is_for || person.sid == message.from.0 {
                continue;
            }
            match person.outlet.tell(Told::Message(message.clone())) {
                true => count += 1,
                false if is_reliable => slow.push(identity.clone()),
                // What may be lost, is.
                false => {}
            }
        }
        for identity in slow {
            self.remove(inner, &identity, Reason::TooSlow);
        }
        count
    }

    /// Who speaks now, loudest first.
    pub fn set_speakers(&self, speakers: Vec<Speaker>) {
        let speakers: Arc<[Speaker]> = speakers.into();
        self.tell_lossy(Told::Speakers(speakers));
    }

    /// How good connections are: sids and scores from 0 (lost) to 100.
    pub fn set_quality(&self, scores: Vec<(String, f32)>) {
        self.tell_lossy(Told::Quality(scores.into()));
    }

    pub(super) fn tell_lossy(&self, told: Told) {
        for person in self.inner.lock().people.values() {
            person.outlet.tell(told.clone());
        }
    }

    /// Others see it no more.
    pub(super) fn hide(&self, inner: &mut Inner, identity: &str) {
        let Some(person) = inner.people.get(identity) else { return };
        let info = gone(person, Reason::Left);
        self.tell_all(inner, |to| (to != identity).then(|| Told::Participant(info.clone())));
    }

    /// Shows a participant to everybody who may see it; `to_itself` as well.
    pub(super) fn show(&self, inner: &mut Inner, identity: &str, to_itself: bool) {
        let Some(person) = inner.people.get_mut(identity) else { return };
        person.version += u32::from(to_itself);
        let (info, hidden) = (person.info(), person.joining.permission.hidden);
        self.tell_all(inner, |to| {
            let sees = if to == identity { to_itself } else { !hidden };
            sees.then(|| Told::Participant(info.clone()))
        });
        self.journal.note_change(&self.key);
    }

    /// All others have another set of tracks to be sent.
    pub(super) fn tell_wanted(&self, inner: &mut Inner, publisher: &str) {
        self.tell_all(inner, |to| (to != publisher).then_some(Told::Wanted));
    }

    pub(in crate::rooms) fn tell_one(&self, inner: &mut Inner, identity: &str, told: Told) {
        let Some(person) = inner.people.get(identity) else { return };
        if !person.outlet.tell(told) {
            self.remove(inner, identity, Reason::TooSlow);
        }
    }

    /// Tells everybody what `what` has for them; those that do not take it are removed,
    /// which the others are told in turn.
    pub(in crate::rooms) fn tell_all(
        &self,
        inner: &mut Inner,
        what: impl Fn(&str) -> Option<Told>,
    ) {
        let misses = |(identity, person): (&String, &Person)| {
            let told = what(identity)?;
            (!person.outlet.tell(told)).then(|| identity.clone())
        };
        let slow: Vec<String> = inner.people.iter().filter_map(misses).collect();
        for identity in slow {
            self.remove(inner, &identity, Reason::TooSlow);
        }
    }
}
