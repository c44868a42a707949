//! The little of session descriptions that is read here.

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

#[cfg(test)]
mod tests {
    use super::silent_mids;

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
