//! What the driver calls, turned into [`Event`]s.
//!
//! It runs on the task that drives the connection, so nothing waits here: whatever asks the
//! connection something is a task of its own, and who does not take events loses the
//! connection rather than hold it up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use rtc::peer_connection::event::RTCTrackEventInit;
use rtc::rtp_transceiver::RTCRtpTransceiverId;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use webrtc::data_channel::DataChannel;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionIceEvent,
    RTCPeerConnectionState,
};

use super::channel::Bounds;
use super::engine::AUDIO_LEVEL;
use super::track::{Keyframes, PACKETS_MAX};
use super::{Candidate, Channel, Codec, Error, Event, Incoming, Kind, Packet, State, public};

pub struct Handler {
    pub events: mpsc::Sender<Event>,
    pub state: watch::Sender<State>,
    pub gathered: watch::Sender<bool>,
    /// Ends the connection.
    pub stop: CancellationToken,
    /// Known once it is built.
    pub connection: OnceLock<Weak<dyn PeerConnection>>,
    pub public_addresses: Vec<std::net::IpAddr>,
    pub bounds: Bounds,
    pub channels: Arc<Places>,
    pub tracks: Arc<Places>,
}

/// How many there are, and may be.
pub struct Places {
    taken: AtomicUsize,
    limit: usize,
    what: &'static str,
}

/// One of them, given up when it is dropped.
pub struct Place(Arc<Places>);

impl Places {
    pub fn new(what: &'static str, limit: usize) -> Arc<Places> {
        Arc::new(Places { taken: AtomicUsize::new(0), limit, what })
    }

    pub fn take(self: &Arc<Places>) -> Result<Place, Error> {
        let more = |taken| (taken < self.limit).then_some(taken + 1);
        match self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Place(self.clone())),
            Err(_) => Err(Error::TooMany(self.what)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handler {
    fn tell(&self, event: Event) {
        tell(&self.events, &self.stop, event);
    }
}

fn tell(events: &mpsc::Sender<Event>, stop: &CancellationToken, event: Event) {
    if let Err(mpsc::error::TrySendError::Full(_)) = events.try_send(event) {
        tracing::warn!("a peer's events are not taken: it is closed");
        stop.cancel();
    }
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_negotiation_needed(&self) {
        self.tell(Event::NegotiationNeeded);
    }

    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        let Ok(found) = event.candidate.to_json() else { return };
        let candidate = Candidate {
            candidate: public::rewrite_candidate(&found.candidate, &self.public_addresses),
            sdp_mid: found.sdp_mid.filter(|mid| !mid.is_empty()),
            sdp_m_line_index: found.sdp_mline_index.or(Some(0)),
            username_fragment: found.username_fragment,
        };
        if !candidate.candidate.is_empty() {
            self.tell(Event::Candidate(Some(candidate)));
        }
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        let is_complete = state == RTCIceGatheringState::Complete;
        self.gathered.send_replace(is_complete);
        if is_complete {
            self.tell(Event::Candidate(None));
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let state = match state {
            RTCPeerConnectionState::Connecting => State::Connecting,
            RTCPeerConnectionState::Connected => State::Connected,
            RTCPeerConnectionState::Disconnected => State::Disconnected,
            RTCPeerConnectionState::Failed => State::Failed,
            RTCPeerConnectionState::Closed => {
                self.stop.cancel();
                return;
            }
            _ => State::New,
        };
        self.state.send_replace(state);
        self.tell(Event::State(state));
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        let Ok(place) = self.channels.take() else {
            tokio::spawn(async move { channel.close().await });
            return;
        };
        let (events, stop, bounds) = (self.events.clone(), self.stop.clone(), self.bounds);
        tokio::spawn(async move {
            let label = channel.label().await.unwrap_or_default();
            let protocol = channel.protocol().await.unwrap_or_default();
            let ordered = channel.ordered().await.unwrap_or(true);
            let names = (&*label, &*protocol);
            let channel = Channel::new(channel, names, ordered, bounds, Box::new(place));
            tell(&events, &stop, Event::Channel(channel));
        });
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let Some(connection) = self.connection.get().cloned() else { return };
        let (events, stop, tracks) = (self.events.clone(), self.stop.clone(), self.tracks.clone());
        let split = Split { track, connection, events, stop, tracks, streams: HashMap::new() };
        tokio::spawn(split.run());
    }
}

/// Takes the packets of a track apart into streams: the layers of a simulcast come on one
/// track, and are told apart by their ssrc.
struct Split {
    track: Arc<dyn TrackRemote>,
    connection: Weak<dyn PeerConnection>,
    events: mpsc::Sender<Event>,
    stop: CancellationToken,
    tracks: Arc<Places>,
    streams: HashMap<u32, (mpsc::Sender<Packet>, Place)>,
}

impl Split {
    async fn run(mut self) {
        while let Some(event) = self.track.poll().await {
            match event {
                TrackRemoteEvent::OnOpen(opened) => self.open(opened).await,
                TrackRemoteEvent::OnRtpPacket(packet) => {
                    if let Some((to, _)) = self.streams.get(&packet.header.ssrc) {
                        // Full: it is lost, as it could be on the way.
                        let _ = to.try_send(packet);
                    }
                }
                TrackRemoteEvent::OnEnded => return,
                _ => {}
            }
        }
    }

    async fn open(&mut self, opened: RTCTrackEventInit) {
        let ssrc = opened.ssrc;
        if self.streams.contains_key(&ssrc) {
            return;
        }
        let Some(codec) = self.track.codec(ssrc).await else { return };
        let Some(codec) = Codec::of_mime(&codec.mime_type) else { return };
        let Ok(place) = self.tracks.take() else { return };
        let (to, packets) = mpsc::channel(PACKETS_MAX);
        let (mid, audio_level_id) = self.negotiated(&opened, codec.kind()).await;
        self.streams.insert(ssrc, (to, place));
        let incoming = Incoming {
            kind: codec.kind(),
            codec,
            mid,
            rid: opened.rid.filter(|rid| !rid.is_empty()),
            ssrc,
            track_id: opened.track_id.as_str().into(),
            stream_id: opened.stream_ids.first().map_or("", String::as_str).into(),
            audio_level_id,
            packets,
            keyframes: Keyframes { track: Some(self.track.clone()), ssrc },
        };
        tell(&self.events, &self.stop, Event::Track(incoming));
    }

    /// The mid, and the id of the extension for the audio level.
    async fn negotiated(
        &self,
        opened: &RTCTrackEventInit,
        kind: Kind,
    ) -> (Option<String>, Option<u8>) {
        let Some(connection) = self.connection.upgrade() else { return (None, None) };
        for transceiver in connection.get_transceivers().await {
            if transceiver.id() != RTCRtpTransceiverId::from(opened.receiver_id) {
                continue;
            }
            let mid = transceiver.mid().await.ok().flatten();
            let level = match (kind, transceiver.receiver().await) {
                (Kind::Audio, Ok(Some(receiver))) => receiver.get_parameters().await.ok(),
                _ => None,
            };
            let level = level.and_then(|parameters| {
                let extensions = parameters.rtp_parameters.header_extensions;
                let own = extensions.into_iter().find(|extension| extension.uri == AUDIO_LEVEL);
                own.and_then(|extension| u8::try_from(extension.id).ok())
            });
            return (mid, level);
        }
        (None, None)
    }
}
