//! The media sections of descriptions, and which of them a stream of ours may take.
//!
//! The library puts a stream into the first section of its kind that carries none of ours,
//! even one in which the peer only sends, where it would never arrive. And it answers a
//! section in which the peer wants to be sent something as if it were, whether there is
//! anything to send or not.

use std::sync::Arc;

use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::peer_connection::PeerConnection;
use webrtc::rtp_transceiver::{RtpSender, RtpTransceiver};

use super::{Error, Kind, failed};

/// One section of audio or video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub mid: String,
    pub kind: Kind,
    pub sends: bool,
    pub receives: bool,
}

/// Those of a description that are not rejected.
pub fn sections(sdp: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    // Of the whole description, unless a section says otherwise.
    let mut session = (true, true);
    let mut is_media = false;
    let mut is_begun = false;
    for line in sdp.lines().map(str::trim_end) {
        if let Some(media) = line.strip_prefix("m=") {
            is_begun = true;
            let kind = match media.split(' ').next() {
                Some("audio") => Some(Kind::Audio),
                Some("video") => Some(Kind::Video),
                _ => None,
            };
            let is_rejected = media.split(' ').nth(1) == Some("0");
            is_media = kind.is_some() && !is_rejected;
            if let Some(kind) = kind.filter(|_| is_media) {
                let (sends, receives) = session;
                found.push(Section { mid: String::new(), kind, sends, receives });
            }
        } else if let Some(direction) = direction_of(line) {
            match found.last_mut().filter(|_| is_media) {
                Some(section) => (section.sends, section.receives) = direction,
                None if !is_begun => session = direction,
                None => {}
            }
        } else if let (Some(mid), true, Some(section)) =
            (line.strip_prefix("a=mid:"), is_media, found.last_mut())
        {
            mid.clone_into(&mut section.mid);
        }
    }
    found
}

/// Whether it sends and receives.
fn direction_of(line: &str) -> Option<(bool, bool)> {
    match line {
        "a=sendrecv" => Some((true, true)),
        "a=sendonly" => Some((true, false)),
        "a=recvonly" => Some((false, true)),
        "a=inactive" => Some((false, false)),
        _ => None,
    }
}

type Connection = Arc<dyn PeerConnection>;

/// Puts a stream of ours into a section that is free, or into one of its own.
pub(super) async fn send(
    connection: &Connection,
    offered: &[Section],
    kind: Kind,
    track: Arc<dyn TrackLocal>,
) -> Result<Arc<dyn RtpSender>, Error> {
    if !is_first_free_theirs(connection, offered, kind).await {
        return connection.add_track(track).await.map_err(failed);
    }
    let init = RTCRtpTransceiverInit {
        direction: RTCRtpTransceiverDirection::Sendonly,
        ..RTCRtpTransceiverInit::default()
    };
    let added = connection.add_transceiver_from_track(track, Some(init)).await;
    let sender = added.map_err(failed)?.sender().await.map_err(failed)?;
    sender.ok_or_else(|| Error::Failed("a stream has no sender".to_owned()))
}

/// Sections that carry nothing of ours and their mids, in the library's order.
async fn free(connection: &Connection) -> Vec<(Arc<dyn RtpTransceiver>, Option<String>)> {
    let mut all = connection.get_transceivers().await;
    all.sort_by_key(|transceiver| transceiver.id());
    let mut free = Vec::new();
    for transceiver in all {
        if matches!(transceiver.sender().await, Ok(None)) {
            let mid = transceiver.mid().await.ok().flatten();
            free.push((transceiver, mid));
        }
    }
    free
}

/// Whether the section that the library would choose is one in which the peer only sends.
async fn is_first_free_theirs(connection: &Connection, offered: &[Section], kind: Kind) -> bool {
    if !offered.iter().any(|section| section.kind == kind && !section.receives) {
        return false;
    }
    let free = free(connection).await;
    let is_it = |section: &&Section, mid: &Option<String>| {
        section.kind == kind && Some(&section.mid) == mid.as_ref()
    };
    let mut found =
        free.iter().filter_map(|(_, mid)| offered.iter().find(|section| is_it(section, mid)));
    found.next().is_some_and(|section| !section.receives)
}

/// Nothing is sent in a section for which there is nothing.
pub(super) async fn rest_unused(connection: &Connection, offered: &[Section]) -> Result<(), Error> {
    if !offered.iter().any(|section| section.receives) {
        return Ok(());
    }
    for (transceiver, mid) in free(connection).await {
        let is_it = |section: &&Section| Some(&section.mid) == mid.as_ref();
        let Some(section) = offered.iter().find(is_it) else { continue };
        let rest = match section.sends {
            true => RTCRtpTransceiverDirection::Recvonly,
            false => RTCRtpTransceiverDirection::Inactive,
        };
        if transceiver.direction().await.is_ok_and(|direction| direction.has_send()) {
            transceiver.set_direction(rest).await.map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_their_kind_and_direction() {
        let sdp = "v=0\r\na=sendonly\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n\
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=inactive\r\n\
            m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\n";
        let section = |mid: &str, kind, sends, receives| Section {
            mid: mid.to_owned(),
            kind,
            sends,
            receives,
        };
        assert_eq!(
            sections(sdp),
            [section("0", Kind::Audio, false, true), section("3", Kind::Video, true, false)]
        );
        assert!(sections("").is_empty());
    }
}
