//! One peer, and its place in a room.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::Negotiation;
use crate::error::Error as SqlError;
use crate::rooms::{self, Offer, Reason, Seat, Source, Track};
use crate::rtc::media::{self, Connected, Media, Registered, Subscriptions};
use crate::rtc::peer::{
    Candidate, Channel, Error, Event, Incoming, Kind, Options, Peer, State, sections,
};
use tokio::sync::mpsc;

/// What a peer says of a track that it is about to send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Declared {
    /// The media section of its description; or the id of the track there.
    pub mid: Option<String>,
    pub id: Option<String>,
    pub name: String,
    pub source: Option<Source>,
    pub muted: bool,
    pub width: u32,
    pub height: u32,
}

/// Tracks that may be declared at a time.
const DECLARED_MAX: usize = 64;

/// What the other side is to be told, or whoever holds the call has to see to.
pub enum Said {
    Offer(String),
    Candidate(Option<Candidate>),
    State(State),
    /// The peer has opened it.
    Channel(Channel),
    /// The peer's track is in the room.
    Published {
        track: Arc<Track>,
        id: String,
    },
    /// The peer's track is not taken.
    Refused {
        id: String,
        error: SqlError,
    },
    /// The last thing.
    Closed,
}

pub struct Call {
    peer: Peer,
    media: Arc<Media>,
    seat: Option<Arc<Seat>>,
    subscriptions: Subscriptions,
    negotiation: Negotiation,
    declared: Vec<Declared>,
    /// By the id of the track in the peer's description.
    published: HashMap<String, Arc<Track>>,
    _registered: Registered,
}

impl Call {
    /// A peer, of which there may be `most`; what happens to it is for [`Call::happened`].
    pub async fn new(
        media: &Arc<Media>,
        options: Options,
        seat: Option<Arc<Seat>>,
        most: usize,
    ) -> Result<(Call, mpsc::Receiver<Event>), Error> {
        if media.peers() >= most {
            return Err(Error::TooMany("peers"));
        }
        let (peer, events) = Peer::new(options).await?;
        let place = seat.as_ref().map(|seat| (Arc::downgrade(seat.room()), seat.sid().into()));
        let registered = media.register(Connected { peer: peer.clone(), place }, most)?;
        let call = Call {
            subscriptions: Subscriptions::new(media.clone(), peer.clone(), |track| {
                track.publisher.0.clone()
            }),
            media: media.clone(),
            peer,
            seat,
            negotiation: Negotiation::default(),
            declared: Vec::new(),
            published: HashMap::new(),
            _registered: registered,
        };
        Ok((call, events))
    }

    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    pub fn seat(&self) -> Option<&Arc<Seat>> {
        self.seat.as_ref()
    }

    /// The other side's offer: our answer.
    pub async fn offered(&mut self, sdp: &str, tracks: Vec<Declared>) -> Result<String, Error> {
        if self.declared.len() + tracks.len() > DECLARED_MAX {
            return Err(Error::TooMany("declared tracks"));
        }
        self.declared.extend(tracks);
        let answer = self.peer.answer(sdp).await?;
        self.negotiation.offered();
        self.close_ended(sdp);
        self.note_joined();
        Ok(answer)
    }

    /// The other side's answer to our offer.
    pub async fn answered(&mut self, sdp: &str) -> Result<(), Error> {
        self.peer.accept_answer(sdp).await?;
        // The peer knows it, too.
        let _ = self.negotiation.answered();
        self.close_ended(sdp);
        self.note_joined();
        Ok(())
    }

    /// What the peer's description sends no more is over: then the room has it no more.
    fn close_ended(&mut self, sdp: &str) {
        let sections = sections(sdp);
        let is_sent =
            |mid: &str| sections.iter().any(|section| section.sends && section.mid == mid);
        let media = &self.media;
        self.published.retain(|_, track| {
            let mid = track.mid();
            let stays = mid.is_empty() || is_sent(&mid);
            if let Some(source) = media.source(&track.sid).filter(|_| !stays) {
                source.close();
            }
            stays
        });
    }

    fn note_joined(&self) {
        if let Some(seat) = &self.seat
            && self.peer.state() != State::Connected
        {
            seat.set_state(rooms::State::Joined);
        }
    }

    /// The way to the other side is to be found anew.
    pub fn restart(&mut self) {
        self.negotiation.want_restart();
    }

    /// Our offer, if one is to be made now.
    pub async fn next_offer(&mut self) -> Result<Option<String>, Error> {
        match self.negotiation.begin() {
            Some(restarts_ice) => self.peer.offer(restarts_ice).await.map(Some),
            None => Ok(None),
        }
    }

    /// Sends what the room says that the peer wants; the next offer tells of it.
    pub async fn follow(&mut self) {
        let Some(seat) = &self.seat else { return };
        let wanted = seat.wanted();
        if self.subscriptions.follow(&wanted).await {
            self.negotiation.want();
        }
    }

    /// Sends sources that are in no room.
    pub async fn play(&mut self, sources: Vec<Arc<media::Source>>) {
        for source in sources {
            self.subscriptions.add(source, rooms::Preference::default()).await;
        }
    }

    /// How many tracks the peer is sent.
    pub fn forwards(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether any of them is still published.
    pub fn has_sources(&self) -> bool {
        self.subscriptions.has_sources()
    }

    /// Looks at what the connection carries; now and then.
    pub async fn measure(&self) {
        self.subscriptions.measure().await;
    }

    /// What happens to the peer.
    pub fn happened(&mut self, event: Event) -> Option<Said> {
        match event {
            Event::Candidate(candidate) => Some(Said::Candidate(candidate)),
            Event::Channel(channel) => Some(Said::Channel(channel)),
            Event::State(state) => {
                if let (State::Connected, Some(seat)) = (state, &self.seat) {
                    seat.set_state(rooms::State::Active);
                }
                Some(Said::State(state))
            }
            Event::Track(incoming) => self.take(incoming),
            // What has changed is known here.
            Event::NegotiationNeeded => None,
            Event::Closed => Some(Said::Closed),
        }
    }

    /// A stream of the peer: a track of it in the room, or one more layer of one.
    fn take(&mut self, incoming: Incoming) -> Option<Said> {
        let seat = self.seat.clone()?;
        let id = incoming.track_id.to_string();
        if let Some(track) = self.published.get(&id).filter(|it| is_there(&seat, &it.sid)) {
            let track = track.clone();
            self.media.attach(&track, seat.room(), Arc::downgrade(&seat), incoming);
            return None;
        }
        let offer = self.describe(&incoming);
        match seat.publish(offer) {
            Ok(track) => {
                track.place(incoming.mid.as_deref().unwrap_or_default(), incoming.codec.mime());
                self.published.insert(id.clone(), track.clone());
                self.media.attach(&track, seat.room(), Arc::downgrade(&seat), incoming);
                Some(Said::Published { track, id })
            }
            Err(error) => Some(Said::Refused { id, error }),
        }
    }

    /// What was said of it before, or what it seems to be.
    fn describe(&mut self, incoming: &Incoming) -> Offer {
        let is_it = |declared: &Declared| {
            let by_mid = declared.mid.is_some() && declared.mid == incoming.mid;
            by_mid || declared.id.as_deref() == Some(&*incoming.track_id)
        };
        let at = self.declared.iter().position(is_it);
        let declared = at.map(|at| self.declared.remove(at)).unwrap_or_default();
        let (kind, likely) = match incoming.kind {
            Kind::Audio => (rooms::Kind::Audio, Source::Microphone),
            Kind::Video => (rooms::Kind::Video, Source::Camera),
        };
        Offer {
            cid: incoming.track_id.to_string(),
            name: declared.name,
            kind,
            source: declared.source.unwrap_or(likely),
            is_muted: declared.muted,
            width: declared.width,
            height: declared.height,
            stream: incoming.stream_id.to_string(),
            mime: incoming.codec.mime().to_owned(),
            ..Offer::default()
        }
    }

    /// A track of the peer is in the room no more, by somebody's word.
    pub fn forget(&mut self, track: &str) {
        self.published.retain(|_, published| published.sid != track);
    }

    /// Ends it; the seat is given up for this reason.
    pub async fn end(self, reason: Reason) {
        self.peer.close().await;
        drop(self.subscriptions);
        if let Some(seat) = self.seat {
            seat.leave_for(reason);
        }
    }
}

fn is_there(seat: &Seat, track: &str) -> bool {
    seat.room().track(track).is_some()
}
