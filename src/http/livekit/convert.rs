//! Rooms, participants and tracks in LiveKit's words, and back.

use std::time::Duration;

use super::models::{self, ParticipantInfo, ParticipantPermission, Room, TrackInfo, VideoLayer};
use super::signal::AddTrackRequest;
use crate::rooms::{About, Info, Kind, Layer, Offer, Permission, Reason, Source, State};

/// What may be published.
pub fn codecs() -> Vec<models::Codec> {
    let mimes = ["audio/opus", "video/VP8", "video/H264", "video/AV1"];
    let codec = |mime: &str| models::Codec { mime: mime.to_owned(), fmtp_line: String::new() };
    mimes.into_iter().map(codec).collect()
}

fn seconds(ms: u64) -> u32 {
    u32::try_from(Duration::from_millis(ms).as_secs()).unwrap_or(u32::MAX)
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub fn room(about: &About) -> Room {
    Room {
        sid: about.sid.clone(),
        name: about.name.clone(),
        empty_timeout: seconds(about.empty_timeout_ms),
        departure_timeout: seconds(about.departure_timeout_ms),
        max_participants: about.max_participants,
        creation_time: about.created_at_ms / 1_000,
        creation_time_ms: about.created_at_ms,
        enabled_codecs: codecs(),
        metadata: about.metadata.clone(),
        num_participants: small(about.participants),
        num_publishers: small(about.publishers),
        active_recording: about.is_recording,
    }
}

pub fn participant(info: &Info) -> ParticipantInfo {
    ParticipantInfo {
        sid: info.sid.clone(),
        identity: info.identity.clone(),
        state: match info.state {
            State::Joining => 0,
            State::Joined => 1,
            State::Active => 2,
            State::Disconnected => 3,
        },
        tracks: info.tracks.iter().map(track).collect(),
        metadata: info.metadata.clone(),
        joined_at: info.joined_at_ms / 1_000,
        joined_at_ms: info.joined_at_ms,
        name: info.name.clone(),
        version: info.version,
        permission: Some(permission(&info.permission)),
        is_publisher: !info.tracks.is_empty(),
        attributes: info.attributes.clone(),
        disconnect_reason: info.reason.map_or(0, reason),
    }
}

pub fn permission(permission: &Permission) -> ParticipantPermission {
    ParticipantPermission {
        can_subscribe: permission.subscribe,
        can_publish: permission.publish,
        can_publish_data: permission.publish_data,
        can_publish_sources: permission.sources.iter().map(|it| source(*it)).collect(),
        hidden: permission.hidden,
        recorder: permission.recorder,
        can_update_metadata: permission.update_own,
    }
}

/// None where a source is not known.
pub fn permission_of(asked: &ParticipantPermission) -> Option<Permission> {
    let sources = asked.can_publish_sources.iter().map(|number| source_of(*number));
    Some(Permission {
        publish: asked.can_publish,
        sources: sources.collect::<Option<_>>()?,
        subscribe: asked.can_subscribe,
        publish_data: asked.can_publish_data,
        update_own: asked.can_update_metadata,
        hidden: asked.hidden,
        recorder: asked.recorder,
    })
}

pub fn source(source: Source) -> i32 {
    let at = Source::ALL.iter().position(|it| *it == source);
    at.and_then(|at| i32::try_from(at).ok()).unwrap_or_default()
}

pub fn source_of(number: i32) -> Option<Source> {
    Source::ALL.get(usize::try_from(number).ok()?).copied()
}

pub fn track(info: &crate::rooms::TrackInfo) -> TrackInfo {
    let offer = &info.offer;
    let layers: Vec<VideoLayer> = offer.layers.iter().map(layer).collect();
    let codec = models::SimulcastCodecInfo {
        mime_type: info.mime.clone(),
        mid: info.mid.clone(),
        cid: offer.cid.clone(),
        layers: layers.clone(),
    };
    TrackInfo {
        sid: info.sid.clone(),
        kind: match info.kind {
            Kind::Audio => 0,
            Kind::Video => 1,
        },
        name: info.name.clone(),
        muted: info.is_muted,
        width: info.width,
        height: info.height,
        simulcast: layers.len() > 1,
        source: source(info.source),
        layers,
        mime_type: info.mime.clone(),
        mid: info.mid.clone(),
        codecs: if info.mime.is_empty() { Vec::new() } else { vec![codec] },
        disable_red: offer.disable_red,
        encryption: offer.encryption,
        stream: offer.stream.clone(),
        audio_features: offer.features.clone(),
    }
}

fn layer(layer: &Layer) -> VideoLayer {
    VideoLayer {
        quality: layer.quality,
        width: layer.width,
        height: layer.height,
        bitrate: layer.bitrate,
        ssrc: 0,
        spatial_layer: layer.quality,
        rid: layer.rid.clone(),
    }
}

/// What a client says of a track; an error names what is not taken.
pub fn offer(asked: &AddTrackRequest) -> Result<Offer, &'static str> {
    let kind = match asked.kind {
        0 => Kind::Audio,
        1 => Kind::Video,
        _ => return Err("tracks of data are not supported"),
    };
    let layer = |layer: &VideoLayer| Layer {
        quality: layer.quality,
        width: layer.width,
        height: layer.height,
        bitrate: layer.bitrate,
        rid: layer.rid.clone(),
    };
    Ok(Offer {
        cid: asked.cid.clone(),
        name: asked.name.clone(),
        kind,
        source: source_of(asked.source).ok_or("the source is not known")?,
        is_muted: asked.muted,
        width: asked.width,
        height: asked.height,
        stream: asked.stream.clone(),
        layers: asked.layers.iter().map(layer).collect(),
        mime: match (kind, asked.simulcast_codecs.first()) {
            (Kind::Audio, _) => "audio/opus".to_owned(),
            (Kind::Video, Some(codec)) if !codec.codec.is_empty() => {
                let name = codec.codec.trim_start_matches("video/").to_ascii_uppercase();
                format!("video/{name}")
            }
            (Kind::Video, _) => "video/VP8".to_owned(),
        },
        features: asked.audio_features.clone(),
        encryption: asked.encryption,
        disable_red: asked.disable_red,
    })
}

pub fn reason(reason: Reason) -> i32 {
    match reason {
        Reason::Left => 1,
        Reason::DuplicateIdentity => 2,
        Reason::ServerShutdown => 3,
        Reason::Removed => 4,
        Reason::RoomDeleted => 5,
        Reason::Failed => 7,
        Reason::TooSlow => 9,
        Reason::RoomClosed => 10,
        Reason::ConnectionTimeout => 14,
    }
}

/// A score from 0 to 100 as one of four, by LiveKit's bounds.
pub fn quality(score: f32) -> i32 {
    match score {
        score if score > 80.0 => 2,
        score if score > 40.0 => 1,
        score if score > 0.0 => 0,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_livekits_numbers() {
        for (number, name) in models::SOURCES.iter().enumerate() {
            let number = i32::try_from(number).unwrap();
            let found = source_of(number).unwrap();
            assert_eq!(Source::named(name), Some(found));
            assert_eq!(source(found), number);
        }
        assert_eq!(source_of(5), None);
        assert_eq!(source_of(-1), None);
    }

    #[test]
    fn permissions_come_back_as_they_went() {
        let some = Permission {
            sources: vec![Source::Microphone],
            publish_data: false,
            hidden: true,
            ..Permission::default()
        };
        assert_eq!(permission_of(&permission(&some)), Some(some));
        let unknown = ParticipantPermission { can_publish_sources: vec![9], ..Default::default() };
        assert_eq!(permission_of(&unknown), None);
    }
}
