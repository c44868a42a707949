//! What a client is told.

use std::time::Duration;

use super::{Ended, PING_INTERVAL, PING_TIMEOUT, PROTOCOL, Session, Sink, VERSION, send};
use crate::http::livekit::models::{Room, ServerInfo, SpeakerInfo};
use crate::http::livekit::signal::{
    ConnectionQualityInfo, ConnectionQualityUpdate, IceServer, JoinResponse, MuteTrackRequest,
    ParticipantUpdate, Response as Answer, RoomUpdate, SpeakersChanged, TrackUnpublishedResponse,
};
use crate::http::livekit::{convert, packet};
use crate::rooms::{Info, Seat, Speaker, Told};
use crate::rtc::peer;

impl Session {
    pub(super) async fn told(&mut self, sink: &mut Sink, told: Told) -> Result<(), Ended> {
        match told {
            Told::Participant(info) => {
                let participants = vec![convert::participant(&info)];
                send(sink, Answer::Update(ParticipantUpdate { participants })).await
            }
            Told::Room(about) => {
                let room = Some(convert::room(&about));
                send(sink, Answer::RoomUpdate(RoomUpdate { room })).await
            }
            Told::Message(message) => {
                let bytes = packet::write(&message);
                let queue = if message.is_reliable { &self.reliable } else { &self.lossy };
                // There was room for one; of the others, what does not fit is lost.
                let _ = queue.try_send(bytes);
                Ok(())
            }
            Told::Muted { track, is_muted } => {
                send(sink, Answer::Mute(MuteTrackRequest { sid: track, muted: is_muted })).await
            }
            Told::Unpublished { track } => {
                let gone = TrackUnpublishedResponse { track_sid: track };
                send(sink, Answer::TrackUnpublished(gone)).await
            }
            Told::Wanted => self.follow(sink).await,
            Told::Speakers(speakers) => {
                let speaker = |it: &Speaker| SpeakerInfo {
                    sid: it.sid.clone(),
                    level: it.level,
                    active: it.is_active,
                };
                let speakers = speakers.iter().map(speaker).collect();
                send(sink, Answer::SpeakersChanged(SpeakersChanged { speakers })).await
            }
            Told::Quality(scores) => {
                let update = |(sid, score): &(String, f32)| ConnectionQualityInfo {
                    participant_sid: sid.clone(),
                    quality: convert::quality(*score),
                    // The protocol's best is 5.
                    score: *score / 20.0,
                };
                let updates = scores.iter().map(update).collect();
                send(sink, Answer::ConnectionQuality(ConnectionQualityUpdate { updates })).await
            }
            Told::Ended(reason) => Err(Ended::Told(reason)),
        }
    }
}

pub(super) fn joined(
    seat: &Seat,
    info: &Info,
    room: Room,
    servers: &[peer::IceServer],
) -> JoinResponse {
    let server = |server: &peer::IceServer| IceServer {
        urls: server.urls.clone(),
        username: server.username.clone().unwrap_or_default(),
        credential: server.credential.clone().unwrap_or_default(),
    };
    let seconds = |time: Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
    JoinResponse {
        room: Some(room),
        participant: Some(convert::participant(info)),
        other_participants: seat.others().iter().map(|info| convert::participant(info)).collect(),
        server_version: VERSION.to_owned(),
        ice_servers: servers.iter().map(server).collect(),
        subscriber_primary: true,
        ping_timeout: seconds(PING_TIMEOUT),
        ping_interval: seconds(PING_INTERVAL),
        server_info: Some(ServerInfo {
            edition: 0,
            version: VERSION.to_owned(),
            protocol: PROTOCOL,
            node_id: "zserver".to_owned(),
        }),
        enabled_publish_codecs: convert::codecs(),
        fast_publish: false,
    }
}
