//! The live rooms of a server.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::define::{Definition, Limits, Reason};
use super::journal::Journal;
use super::live::{Room, limit};
use crate::error::Result;
use crate::sql::types::Oid;

/// The name of a room in a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub database: Oid,
    pub name: String,
}

#[derive(Default)]
pub struct Rooms {
    live: Mutex<HashMap<Key, Arc<Room>>>,
    journal: Arc<Journal>,
}

impl Rooms {
    /// The live room of a definition; opened unless it is there. `53400` for one too many.
    pub fn open(&self, key: Key, definition: Definition, limits: Limits) -> Result<Arc<Room>> {
        let mut live = self.live.lock();
        if let Some(room) = live.get(&key).filter(|room| !room.is_closed()).cloned() {
            drop(live);
            room.configure(definition);
            return Ok(room);
        }
        if live.len() >= limits.rooms {
            return Err(limit("there are live rooms:", limits.rooms, "rtc_max_rooms"));
        }
        let room = Arc::new(Room::new(key.clone(), definition, limits, self.journal.clone()));
        live.insert(key, room.clone());
        Ok(room)
    }

    pub fn get(&self, key: &Key) -> Option<Arc<Room>> {
        self.live.lock().get(key).cloned()
    }

    /// Those of one database.
    pub fn of(&self, database: Oid) -> Vec<Arc<Room>> {
        let live = self.live.lock();
        live.values().filter(|room| room.key.database == database).cloned().collect()
    }

    /// Databases that have any.
    pub fn databases(&self) -> HashSet<Oid> {
        self.live.lock().keys().map(|key| key.database).collect()
    }

    pub fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// Participants of all of them.
    pub fn people(&self) -> usize {
        let rooms: Vec<_> = self.live.lock().values().cloned().collect();
        rooms.iter().map(|room| room.inner().people.len()).sum()
    }

    /// Whether it was there.
    pub fn close(&self, key: &Key, reason: Reason) -> bool {
        let room = self.live.lock().remove(key);
        if let Some(room) = &room {
            room.close(reason);
        }
        room.is_some()
    }

    /// Closes those where nobody has been for too long; their names.
    pub fn sweep(&self, now: Instant) -> Vec<Arc<Room>> {
        let rooms: Vec<_> = self.live.lock().values().cloned().collect();
        let idle: Vec<_> = rooms.into_iter().filter(|room| room.close_if_idle(now)).collect();
        for room in &idle {
            let mut live = self.live.lock();
            if live.get(&room.key).is_some_and(|now| Arc::ptr_eq(now, room)) {
                live.remove(&room.key);
            }
        }
        idle
    }

    /// The server ends.
    pub fn close_all(&self) {
        let rooms: Vec<_> = self.live.lock().drain().collect();
        for (_, room) in rooms {
            room.close(Reason::ServerShutdown);
        }
    }

    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use bytes::Bytes;

    use super::super::{
        Change, Grants, Happened, Inbox, Info, Joining, Kind, Layer, Message, Offer, Permission,
        Seat, Shape, Source, Told,
    };
    use super::*;

    fn limits() -> Limits {
        Limits {
            rooms: 2,
            participants: 3,
            tracks: 2,
            message_bytes: 1_000,
            messages_per_second: 5,
            inbox_bytes: 20_000,
            metadata_bytes: 100,
        }
    }

    fn key(name: &str) -> Key {
        Key { database: 5, name: name.to_owned() }
    }

    fn joining(identity: &str) -> Joining {
        Joining {
            identity: identity.to_owned(),
            name: String::new(),
            role: "r".to_owned(),
            metadata: String::new(),
            attributes: BTreeMap::new(),
            permission: Permission::default(),
            is_admin: false,
            auto_subscribe: true,
            is_playback: false,
        }
    }

    fn room() -> (Rooms, Arc<Room>) {
        let rooms = Rooms::default();
        let room = rooms.open(key("a"), Definition::default(), limits()).expect("a room");
        (rooms, room)
    }

    fn join(room: &Arc<Room>, identity: &str) -> (Seat, Inbox) {
        room.join(joining(identity)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What waits in an inbox.
    async fn told(inbox: &mut Inbox) -> Vec<String> {
        let mut all = Vec::new();
        while let Ok(Some(told)) =
            tokio::time::timeout(Duration::from_millis(20), inbox.next()).await
        {
            let person = |info: &Info| {
                let tracks = info.tracks.len();
                format!("{} {:?} {tracks}", info.identity, info.state)
            };
            all.push(match told {
                Told::Participant(info) => person(&info),
                Told::Message(message) => String::from_utf8_lossy(&message.payload).into_owned(),
                other => format!("{other:?}").split([' ', '{']).next().unwrap_or("").to_owned(),
            });
        }
        all
    }

    fn message(text: &str) -> Message {
        Message {
            from: (String::new(), String::new()),
            to: Vec::new(),
            topic: None,
            is_reliable: true,
            payload: Bytes::copy_from_slice(text.as_bytes()),
            packet: None,
        }
    }

    #[tokio::test]
    async fn others_see_who_comes_publishes_and_goes() {
        let (_rooms, room) = room();
        let (ada, mut ada_hears) = join(&room, "ada");
        let (bea, mut bea_hears) = join(&room, "bea");
        assert_eq!(told(&mut ada_hears).await, ["bea Joining 0"]);
        let offer = Offer { source: Source::Camera, kind: Kind::Video, ..Offer::default() };
        let track = bea.publish(offer).expect("a track");
        assert_eq!(told(&mut ada_hears).await, ["bea Joining 1", "Wanted"]);
        assert_eq!(ada.wanted().len(), 1);
        ada.subscribe(std::slice::from_ref(&track.sid), false).expect("a choice");
        assert!(ada.wanted().is_empty());
        room.mute("bea", &track.sid, true).expect("muted");
        assert!(track.is_muted());
        let heard = told(&mut bea_hears).await;
        assert!(heard.contains(&"Muted".to_owned()), "{heard:?}");
        drop(bea);
        let heard = told(&mut ada_hears).await;
        assert!(heard.contains(&"bea Disconnected 0".to_owned()), "{heard:?}");
        assert_eq!(room.people(true).len(), 1);
        assert_eq!(told(&mut bea_hears).await.last().map(String::as_str), Some("Ended(Left)"));
    }

    #[tokio::test]
    async fn one_identity_is_there_once() {
        let (_rooms, room) = room();
        let (first, mut hears) = join(&room, "ada");
        let (second, _inbox) = join(&room, "ada");
        assert_eq!(told(&mut hears).await, ["Ended(DuplicateIdentity)"]);
        assert!(first.say(message("x")).is_err(), "who has gone says nothing");
        assert!(first.publish(Offer::default()).is_err());
        drop(first);
        assert_eq!(room.person("ada").expect("is there").sid, second.sid());
    }

    #[tokio::test]
    async fn limits_hold() {
        let (rooms, room) = room();
        let seats: Vec<_> = ["a", "b", "c"].iter().map(|it| join(&room, it)).collect();
        let full = room.join(joining("d")).err().expect("it is full");
        assert_eq!(full.code().as_str(), "53400");
        let seat = &seats[0].0;
        for _ in 0..2 {
            seat.publish(Offer::default()).expect("a track");
        }
        assert!(seat.publish(Offer::default()).is_err());
        assert_eq!(seat.say(message(&"x".repeat(1_001))).unwrap_err().code().as_str(), "54000");
        let said = (0..20).filter(|_| seat.say(message("x")).is_ok()).count();
        assert!((5..8).contains(&said), "{said}");
        rooms.open(key("b"), Definition::default(), limits()).expect("a second room");
        assert!(rooms.open(key("c"), Definition::default(), limits()).is_err());
        for offer in [
            Offer { features: vec![0; 33], ..Offer::default() },
            Offer { layers: vec![Layer::default(); 17], ..Offer::default() },
            Offer { cid: "x".repeat(1_025), ..Offer::default() },
        ] {
            assert_eq!(seats[1].0.publish(offer).unwrap_err().code().as_str(), "54000");
        }
        let long = Change { metadata: Some("x".repeat(101)), ..Change::default() };
        assert!(room.change("a", long).is_err());
    }

    #[tokio::test]
    async fn a_track_is_told_anew_as_often_as_messages_are_and_no_longer_than_it_may_be() {
        let (_rooms, room) = room();
        let (ada, _hears) = join(&room, "ada");
        let track = ada.publish(Offer::default()).expect("a track");
        let shape = |width| Shape { width, ..Shape::default() };
        let told = (1..20).filter(|width| ada.reshape(&track.sid, shape(*width)).is_ok()).count();
        assert!((5..8).contains(&told), "{told}");
        let long = Shape { features: vec![0; 33], ..Shape::default() };
        assert_eq!(ada.reshape(&track.sid, long).unwrap_err().code().as_str(), "54000");
    }

    #[tokio::test]
    async fn who_does_not_listen_can_see_that_it_has_ended() {
        let (_rooms, room) = room();
        let (_ada, hears) = join(&room, "ada");
        assert_eq!(hears.reason(), None);
        room.expel("ada", Reason::Removed).expect("it was there");
        assert_eq!(hears.reason(), Some(Reason::Removed));
    }

    #[tokio::test]
    async fn a_playback_keeps_no_room_open() {
        let (rooms, room) = room();
        let patience = Duration::from_secs(1);
        room.configure(Definition { departure_timeout: patience, ..Definition::default() });
        let (ada, _inbox) = join(&room, "ada");
        let playing = Joining { is_playback: true, ..joining("film") };
        let (_film, mut hears) = room.join(playing).expect("in");
        let later = || Instant::now() + patience;
        assert!(room.is_occupied() && rooms.sweep(later()).is_empty());
        drop(ada);
        assert!(!room.is_occupied());
        assert_eq!(rooms.sweep(Instant::now()).len(), 0, "somebody may come back");
        assert_eq!(rooms.sweep(later()).len(), 1);
        assert!(told(&mut hears).await.contains(&"Ended(RoomClosed)".to_owned()));
    }

    #[tokio::test]
    async fn who_does_not_listen_is_removed_and_lossy_messages_are_dropped() {
        let (_rooms, room) = room();
        let (ada, _hears) = join(&room, "ada");
        let (_bea, mut bea_hears) = join(&room, "bea");
        let lossy = Message { is_reliable: false, ..message(&"x".repeat(900)) };
        for _ in 0..100 {
            room.say(lossy.clone()).expect("said");
        }
        assert_eq!(room.people(true).len(), 2);
        for _ in 0..100 {
            room.say(message(&"x".repeat(900))).expect("said");
        }
        assert!(room.people(true).is_empty(), "both were too slow");
        assert!(ada.info().is_err());
        assert_eq!(told(&mut bea_hears).await, ["Ended(TooSlow)"]);
    }

    #[tokio::test]
    async fn what_may_be_published_no_more_is_not() {
        let (_rooms, room) = room();
        let (ada, mut hears) = join(&room, "ada");
        let offer = Offer { source: Source::Camera, ..Offer::default() };
        ada.publish(offer.clone()).expect("a track");
        let only = Permission { sources: vec![Source::Microphone], ..Permission::default() };
        let change = Change { permission: Some(only), ..Change::default() };
        assert!(ada.change(change.clone()).is_err(), "not by itself");
        let info = room.change("ada", change).expect("changed");
        assert!(info.tracks.is_empty());
        let heard = told(&mut hears).await;
        assert!(heard.contains(&"Unpublished".to_owned()), "{heard:?}");
        assert_eq!(ada.publish(offer).unwrap_err().code().as_str(), "42501");
    }

    #[tokio::test]
    async fn the_hidden_are_not_seen_and_the_locked_out_stay_out() {
        let (_rooms, room) = room();
        let (_ada, mut hears) = join(&room, "ada");
        let mut spy = joining("spy");
        spy.permission.hidden = true;
        let (seat, _inbox) = room.join(spy).expect("in");
        assert!(told(&mut hears).await.is_empty());
        assert_eq!((room.people(false).len(), room.people(true).len()), (1, 2));
        assert_eq!(room.about().participants, 1);
        drop(seat);
        assert!(told(&mut hears).await.is_empty());
        room.configure(Definition { is_locked: true, ..Definition::default() });
        assert!(room.join(joining("bea")).is_err());
        assert!(room.join(Joining { is_admin: true, ..joining("bea") }).is_ok());
    }

    #[tokio::test]
    async fn a_room_closes_when_nobody_comes_or_all_have_left() {
        let (rooms, room) = room();
        let patient = Definition {
            empty_timeout: Duration::from_secs(10),
            departure_timeout: Duration::from_secs(1),
            ..Definition::default()
        };
        room.configure(patient);
        let now = Instant::now();
        assert!(rooms.sweep(now + Duration::from_secs(5)).is_empty());
        let (seat, _inbox) = join(&room, "ada");
        assert!(rooms.sweep(now + Duration::from_secs(500)).is_empty());
        drop(seat);
        assert_eq!(rooms.sweep(Instant::now() + Duration::from_secs(2)).len(), 1);
        assert_eq!(rooms.count(), 0);
        assert!(room.is_closed() && room.join(joining("bea")).is_err());
        let (records, _, _) = rooms.journal().take();
        let all: Vec<_> = records.iter().map(|record| record.happened).collect();
        let expected = [
            Happened::Opened,
            Happened::Updated,
            Happened::Joined,
            Happened::Left,
            Happened::Closed,
        ];
        assert_eq!(all, expected);
        assert!(!Grants::default().join);
    }
}
