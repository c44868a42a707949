//! The little of session descriptions that is read here.

use std::collections::BTreeMap;

/// The media sections in which nothing is sent, by their mids.
pub fn silent_mids(sdp: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut mid, mut is_silent) = (None, false);
    for line in sdp.lines().map(str::trim_end).chain(["m=end"]) {
        if line.starts_with("m=") {
            if let Some(mid) = mid.take().filter(|_| is_silent) {
                found.push(mid);
            }
            is_silent = false;
        } else if let Some(name) = line.strip_prefix("a=mid:") {
            mid = Some(name);
        } else if line == "a=inactive" || line == "a=recvonly" {
            is_silent = true;
        }
    }
    found
}

/// The tracks that a description sends, by the mids of their sections.
pub fn sent_tracks(sdp: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (mut mid, mut track, mut sends) = (None, None, false);
    for line in sdp.lines().map(str::trim_end).chain(["m=end"]) {
        if line.starts_with("m=") {
            if let (Some(mid), Some(track), true) = (mid.take(), track.take(), sends) {
                found.insert(mid, track);
            }
            sends = false;
        } else if let Some(name) = line.strip_prefix("a=mid:") {
            mid = Some(name.to_owned());
        } else if let Some(names) = line.strip_prefix("a=msid:") {
            track = names.split(' ').nth(1).map(str::to_owned);
        } else if line == "a=sendonly" || line == "a=sendrecv" {
            sends = true;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{sent_tracks, silent_mids};

    #[test]
    fn tracks_are_found_by_their_section() {
        let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=msid:PA|TR_A TR_A\r\n\
            a=sendonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=msid:PA|TR_V TR_V\r\n\
            a=inactive\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=sendonly\r\n";
        let found: Vec<_> = sent_tracks(sdp).into_iter().collect();
        assert_eq!(found, [("0".to_owned(), "TR_A".to_owned())]);
    }

    #[test]
    fn sections_are_silent_by_their_direction() {
        let sdp = "v=0\r\na=sendrecv\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=inactive\r\n\
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\na=mid:3\r\n";
        assert_eq!(silent_mids(sdp), ["1", "3"]);
        assert!(silent_mids("").is_empty());
    }
}
