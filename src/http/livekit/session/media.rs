//! The two connections of a session: what is sent over them, and what comes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::line::Line;
use super::{DATA_TRACK, Ended, LOSSY, PACKETS, RELIABLE, Session, log};
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
        line: &mut Line,
        event: Option<Event>,
    ) -> Result<(), Ended> {
        match event {
            Some(Event::Candidate(candidate)) => {
                tell_candidate(line, signal::PUBLISHER, candidate).await
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
        line: &mut Line,
        event: Option<Event>,
    ) -> Result<(), Ended> {
        match event {
            Some(Event::Candidate(candidate)) => {
                tell_candidate(line, signal::SUBSCRIBER, candidate).await
            }
            Some(Event::State(state)) => self.state(state),
            Some(Event::Closed) | None => Err(Ended::By(Reason::Failed)),
            Some(Event::Track(_) | Event::Channel(_) | Event::NegotiationNeeded) => Ok(()),
        }
    }

    fn state(&mut self, state: peer::State) -> Result<(), Ended> {
        match state {
            peer::State::Connected => {
                self.has_connected = true;
                self.seat.set_state(Stage::Active);
            }
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

    /// The client's offer: our answer. What it is to be sent is put into it first.
    pub(super) async fn answer(
        &mut self,
        line: &mut Line,
        offer: SessionDescription,
    ) -> Result<(), Ended> {
        if let Some(sections) = &mut self.sections {
            sections.offered(&offer.sdp);
            self.subscriptions.follow(&self.seat.wanted()).await;
        }
        let answered = self.publisher.answer(&offer.sdp).await;
        let sdp = answered.map_err(|error| failed(&error))?;
        self.note_joined();
        self.unpublish(&offer.sdp);
        let mid_to_track_id = match &mut self.sections {
            Some(sections) => sections.answered(&sdp),
            None => Default::default(),
        };
        let (kind, id) = ("answer".to_owned(), offer.id);
        let answer = SessionDescription { kind, sdp, id, mid_to_track_id };
        line.send(Answer::Answer(answer)).await?;
        self.require(line).await
    }

    /// Sends what the room says that the client wants, and offers it.
    pub(super) async fn follow(&mut self, line: &mut Line) -> Result<(), Ended> {
        let wanted = self.seat.wanted();
        match (self.subscriptions.follow(&wanted).await, self.sections.is_some()) {
            (true, true) => self.require(line).await,
            (true, false) => self.offer(line, false).await,
            (false, _) => Ok(()),
        }
    }

    /// Offers what the client is sent over now, or as soon as it has answered. A client that
    /// is not there is offered it when it comes back.
    pub(super) async fn offer(&mut self, line: &mut Line, restarts_ice: bool) -> Result<(), Ended> {
        if self.is_offering || line.is_cut() {
            self.is_changed = true;
            return Ok(());
        }
        let offered = self.subscriber.offer(restarts_ice).await;
        let sdp = offered.map_err(|error| failed(&error))?;
        self.is_offering = true;
        self.offers += 1;
        let kind = "offer".to_owned();
        let offer = SessionDescription { kind, sdp, id: self.offers, ..Default::default() };
        line.send(Answer::Offer(offer)).await
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

    /// Hands on what comes on a channel of the client's. Of one connection it is the way back,
    /// too.
    fn listen(&mut self, channel: Channel) {
        let (is_reliable, pipe) = match &*channel.label {
            RELIABLE => (true, &self.reliable),
            LOSSY => (false, &self.lossy),
            // It stays open, as clients want it; what comes on it is for nobody.
            DATA_TRACK => {
                self.tasks.spawn(async move { while channel.recv().await.is_some() {} });
                return;
            }
            label => {
                tracing::debug!(label, "a channel of a session that is not known is closed");
                return;
            }
        };
        if self.sections.is_some() {
            pipe.lead(channel.clone());
        }
        let (seat, last) = (self.seat.clone(), self.sequence.clone());
        self.tasks.spawn(async move {
            while let Some(message) = channel.recv().await {
                let peer::Message::Binary(bytes) = message else { continue };
                let Some((message, number)) = packet::read(bytes, &seat, is_reliable) else {
                    continue;
                };
                // It was heard before, and is sent again by a client that has come back.
                let is_counted = is_reliable && number > 0;
                if is_counted && last.fetch_max(number, Ordering::AcqRel) >= number {
                    continue;
                }
                log(seat.say(message).err());
            }
        });
    }
}

/// Packets to the client, as fast as the channel takes them that it leads to.
pub(super) struct Pipe {
    packets: mpsc::Sender<Bytes>,
    channel: watch::Sender<Option<Channel>>,
}

impl Pipe {
    pub fn new(tasks: &mut JoinSet<()>) -> Pipe {
        let (packets, mut waiting) = mpsc::channel::<Bytes>(PACKETS);
        let (channel, mut leads) = watch::channel(None::<Channel>);
        tasks.spawn(async move {
            while let Some(bytes) = waiting.recv().await {
                loop {
                    let channel = match leads.wait_for(Option::is_some).await {
                        Ok(channel) => channel.clone(),
                        Err(_) => return,
                    };
                    let Some(channel) = channel else { return };
                    if channel.send(peer::Message::Binary(bytes.clone())).await.is_ok() {
                        break;
                    }
                    // It is closed: there may be another one.
                    if leads.changed().await.is_err() {
                        return;
                    }
                }
            }
        });
        Pipe { packets, channel }
    }

    /// Where it leads to from now on.
    pub fn lead(&self, channel: Channel) {
        self.channel.send_replace(Some(channel));
    }

    pub fn has_room(&self) -> bool {
        self.packets.capacity() > 0
    }

    /// Whether there was room for it.
    pub fn put(&self, bytes: Bytes) -> bool {
        self.packets.try_send(bytes).is_ok()
    }
}

async fn tell_candidate(
    line: &mut Line,
    target: i32,
    candidate: Option<Candidate>,
) -> Result<(), Ended> {
    let Some(mut candidate) = candidate else { return Ok(()) };
    // Clients want both of them.
    candidate.sdp_mid.get_or_insert_with(|| "0".to_owned());
    candidate.sdp_m_line_index.get_or_insert(0);
    let Ok(candidate_init) = serde_json::to_string(&candidate) else { return Ok(()) };
    let trickle = TrickleRequest { candidate_init, target, is_final: false };
    line.send(Answer::Trickle(trickle)).await
}
