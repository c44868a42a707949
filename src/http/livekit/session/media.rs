//! The two connections of a session: what is sent over them, and what comes.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Ended, LOSSY, PACKETS, RELIABLE, Session, Sink, log, send};
use crate::http::livekit::packet;
use crate::http::livekit::sdp::silent_mids;
use crate::http::livekit::signal::{self, Response as Answer, SessionDescription, TrickleRequest};
use crate::rooms::{self, Reason, State as Stage};
use crate::rtc::peer::{self, Candidate, Channel, Event, Incoming};

pub(super) fn failed(error: &peer::Error) -> Ended {
    tracing::debug!(%error, "a session of a room has failed");
    Ended::By(Reason::Failed)
}

/// The id of the stream that a track is of: clients find the participant and the track by it.
pub(super) fn stream_of(track: &rooms::Track) -> String {
    format!("{}|{}", track.publisher.0, track.sid)
}

impl Session {
    pub(super) async fn publisher_event(
        &mut self,
        sink: &mut Sink,
        event: Option<Event>,
    ) -> Result<(), Ended> {
        match event {
            Some(Event::Candidate(candidate)) => {
                tell_candidate(sink, signal::PUBLISHER, candidate).await
            }
            Some(Event::Channel(channel)) => {
                self.listen(channel);
                Ok(())
            }
            Some(Event::Track(incoming)) => {
                self.take(incoming);
                Ok(())
            }
            Some(Event::State(state)) => self.state(state),
            Some(Event::Closed) | None => Err(Ended::By(Reason::Failed)),
            Some(Event::NegotiationNeeded) => Ok(()),
        }
    }

    pub(super) async fn subscriber_event(
        &mut self,
        sink: &mut Sink,
        event: Option<Event>,
    ) -> Result<(), Ended> {
        match event {
            Some(Event::Candidate(candidate)) => {
                tell_candidate(sink, signal::SUBSCRIBER, candidate).await
            }
            Some(Event::State(state)) => self.state(state),
            Some(Event::Closed) | None => Err(Ended::By(Reason::Failed)),
            Some(Event::Track(_) | Event::Channel(_) | Event::NegotiationNeeded) => Ok(()),
        }
    }

    fn state(&self, state: peer::State) -> Result<(), Ended> {
        match state {
            peer::State::Connected => self.seat.set_state(Stage::Active),
            peer::State::Closed => return Err(Ended::By(Reason::Failed)),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn note_joined(&self) {
        let states = [self.publisher.state(), self.subscriber.state()];
        if !states.contains(&peer::State::Connected) {
            self.seat.set_state(Stage::Joined);
        }
    }

    /// Sends what the room says that the client wants, and offers it.
    pub(super) async fn follow(&mut self, sink: &mut Sink) -> Result<(), Ended> {
        let wanted = self.seat.wanted();
        match self.subscriptions.follow(&wanted).await {
            true => self.offer(sink).await,
            false => Ok(()),
        }
    }

    /// Offers what the client is sent over now, or as soon as it has answered.
    pub(super) async fn offer(&mut self, sink: &mut Sink) -> Result<(), Ended> {
        if self.is_offering {
            self.is_changed = true;
            return Ok(());
        }
        let sdp = self.subscriber.offer(false).await.map_err(|error| failed(&error))?;
        self.is_offering = true;
        self.offers += 1;
        let kind = "offer".to_owned();
        let offer = SessionDescription { kind, sdp, id: self.offers, ..Default::default() };
        send(sink, Answer::Offer(offer)).await
    }

    /// Its tracks in the room.
    fn own(&self) -> Vec<Arc<rooms::Track>> {
        let tracks = self.seat.info().map(|info| info.tracks.clone()).unwrap_or_default();
        tracks.iter().filter_map(|track| self.seat.room().track(&track.sid)).collect()
    }

    /// A stream of the client: of a track that it has announced, by its id, its place, or
    /// else the first of its kind of which nothing has come. Others are not taken.
    fn take(&self, incoming: Incoming) {
        let own = self.own();
        let mid = incoming.mid.clone().unwrap_or_default();
        let kind = match incoming.kind {
            peer::Kind::Audio => rooms::Kind::Audio,
            peer::Kind::Video => rooms::Kind::Video,
        };
        let by_id = own.iter().find(|track| track.offer.cid == *incoming.track_id);
        let by_place = || own.iter().find(|track| !mid.is_empty() && track.mid() == mid);
        let is_next =
            |track: &&Arc<rooms::Track>| track.mid().is_empty() && track.offer.kind == kind;
        let found = by_id.or_else(by_place).or_else(|| own.iter().find(is_next));
        let Some(track) = found else {
            tracing::debug!(track = &*incoming.track_id, "a stream was not announced");
            return;
        };
        track.place(&mid, incoming.codec.mime());
        let seat = Arc::downgrade(&self.seat);
        self.media.attach(track, self.seat.room(), seat, incoming);
    }

    /// What the client's offer says that it sends no more is published no more.
    pub(super) fn unpublish(&self, sdp: &str) {
        let silent = silent_mids(sdp);
        for track in self.own().iter().filter(|track| silent.contains(&track.mid().as_str())) {
            log(self.seat.unpublish(&track.sid).err());
        }
    }

    /// Hands on what comes on a channel of the client's.
    fn listen(&mut self, channel: Channel) {
        let is_reliable = match &*channel.label {
            RELIABLE => true,
            LOSSY => false,
            label => {
                tracing::debug!(label, "a channel of a session that is not known is closed");
                return;
            }
        };
        let seat = self.seat.clone();
        self.tasks.spawn(async move {
            while let Some(message) = channel.recv().await {
                let peer::Message::Binary(bytes) = message else { continue };
                let Some(message) = packet::read(bytes, &seat, is_reliable) else { continue };
                log(seat.say(message).err());
            }
        });
    }
}

/// A task that writes packets to a channel, as fast as it takes them.
pub(super) fn pump(tasks: &mut JoinSet<()>, channel: Channel) -> mpsc::Sender<Bytes> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(PACKETS);
    tasks.spawn(async move {
        while let Some(bytes) = receiver.recv().await {
            if channel.send(peer::Message::Binary(bytes)).await.is_err() {
                break;
            }
        }
    });
    sender
}

async fn tell_candidate(
    sink: &mut Sink,
    target: i32,
    candidate: Option<Candidate>,
) -> Result<(), Ended> {
    let Some(mut candidate) = candidate else { return Ok(()) };
    // Clients want both of them.
    candidate.sdp_mid.get_or_insert_with(|| "0".to_owned());
    candidate.sdp_m_line_index.get_or_insert(0);
    let Ok(candidate_init) = serde_json::to_string(&candidate) else { return Ok(()) };
    let trickle = TrickleRequest { candidate_init, target, is_final: false };
    send(sink, Answer::Trickle(trickle)).await
}
