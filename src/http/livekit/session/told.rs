//! What a client is told.

use std::time::Duration;

use super::line::Line;
use super::{Ended, PING_INTERVAL, PING_TIMEOUT, PROTOCOL, Session, VERSION};
use crate::http::livekit::models::{Room, ServerInfo, SpeakerInfo};
use crate::http::livekit::signal::{
    ConnectionQualityInfo, ConnectionQualityUpdate, IceServer, JoinResponse, MuteTrackRequest,
    ParticipantUpdate, Response as Answer, RoomUpdate, SpeakersChanged, TrackSubscribed,
    TrackUnpublishedResponse,
};
use crate::http::livekit::{convert, packet};
use crate::rooms::{Info, Seat, Speaker, Told};
use crate::rtc::peer;

impl Session {
    pub(super) async fn told(&mut self, line: &mut Line, told: Told) -> Result<(), Ended> {
        match told {
            Told::Participant(info) => {
                let participants = vec![convert::participant(&info)];
                line.send(Answer::Update(ParticipantUpdate { participants })).await
            }
            Told::Room(about) => {
                let room = Some(convert::room(&about));
                line.send(Answer::RoomUpdate(RoomUpdate { room })).await
            }
            Told::Message(message) => {
                let bytes = packet::write(&message);
                let pipe = if message.is_reliable { &self.reliable } else { &self.lossy };
                // There was room for one; of the others, what does not fit is lost.
                pipe.put(bytes);
                Ok(())
            }
            Told::Muted { track, is_muted } => {
                line.send(Answer::Mute(MuteTrackRequest { sid: track, muted: is_muted })).await
            }
            Told::Unpublished { track } => {
                let gone = TrackUnpublishedResponse { track_sid: track };
                line.send(Answer::TrackUnpublished(gone)).await
            }
            Told::Subscribed { track } => {
                line.send(Answer::TrackSubscribed(TrackSubscribed { track_sid: track })).await
            }
            Told::Wanted => self.follow(line).await,
            Told::Speakers(speakers) => {
                let speaker = |it: &Speaker| SpeakerInfo {
                    sid: it.sid.clone(),
                    level: it.level,
                    active: it.is_active,
                };
                let speakers = speakers.iter().map(speaker).collect();
                line.send(Answer::SpeakersChanged(SpeakersChanged { speakers })).await
            }
            Told::Quality(scores) => {
                let update = |(sid, score): &(String, f32)| ConnectionQualityInfo {
                    participant_sid: sid.clone(),
                    quality: convert::quality(*score),
                    // The protocol's best is 5.
                    score: *score / 20.0,
                };
                let updates = scores.iter().map(update).collect();
                line.send(Answer::ConnectionQuality(ConnectionQualityUpdate { updates })).await
            }
            Told::Ended(reason) => Err(Ended::Told(reason)),
        }
    }
}

pub(super) fn ice_server(server: &peer::IceServer) -> IceServer {
    IceServer {
        urls: server.urls.clone(),
        username: server.username.clone().unwrap_or_default(),
        credential: server.credential.clone().unwrap_or_default(),
    }
}

pub(super) fn server_info() -> ServerInfo {
    ServerInfo {
        edition: 0,
        version: VERSION.to_owned(),
        protocol: PROTOCOL,
        node_id: "zserver".to_owned(),
    }
}

pub(super) fn joined(
    seat: &Seat,
    info: &Info,
    room: Room,
    servers: &[peer::IceServer],
) -> JoinResponse {
    let seconds = |time: Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
    JoinResponse {
        room: Some(room),
        participant: Some(convert::participant(info)),
        other_participants: seat.others().iter().map(|info| convert::participant(info)).collect(),
        server_version: VERSION.to_owned(),
        ice_servers: servers.iter().map(ice_server).collect(),
        subscriber_primary: true,
        ping_timeout: seconds(PING_TIMEOUT),
        ping_interval: seconds(PING_INTERVAL),
        server_info: Some(server_info()),
        enabled_publish_codecs: convert::codecs(),
        fast_publish: false,
    }
}
