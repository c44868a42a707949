//! Fragments of descriptions (RFC 8840): candidates that come later, new credentials.
//!
//! ```text
//! a=ice-ufrag:EsAw
//! a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
//! m=audio 9 UDP/TLS/RTP/SAVPF 0
//! a=mid:0
//! a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host
//! a=end-of-candidates
//! ```

use crate::rtc::peer::Candidate;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    pub ufrag: Option<String>,
    pub pwd: Option<String>,
    pub candidates: Vec<Candidate>,
    pub is_end: bool,
}

/// Lines of a fragment, and candidates in it.
const LINES_MAX: usize = 1_000;

impl Fragment {
    pub fn parse(text: &str) -> Result<Fragment, String> {
        let mut fragment = Fragment::default();
        let mut mid: Option<String> = None;
        let mut section: Option<u16> = None;
        for (at, line) in text.lines().map(str::trim_end).enumerate() {
            if at >= LINES_MAX {
                return Err(format!("it has more than {LINES_MAX} lines"));
            }
            if line.is_empty() {
                continue;
            }
            let Some((kind, value)) = line.split_once('=') else {
                return Err(format!("\"{line}\" is not a line of a description"));
            };
            match (kind, value.split_once(':').unwrap_or((value, ""))) {
                ("m", _) => section = Some(section.map_or(0, |section| section + 1)),
                ("a", ("mid", value)) => mid = Some(value.to_owned()),
                ("a", ("ice-ufrag", value)) => fragment.ufrag = Some(value.to_owned()),
                ("a", ("ice-pwd", value)) => fragment.pwd = Some(value.to_owned()),
                ("a", ("end-of-candidates", _)) => fragment.is_end = true,
                ("a", ("candidate", _)) => fragment.candidates.push(Candidate {
                    candidate: value.to_owned(),
                    sdp_mid: mid.clone(),
                    sdp_m_line_index: section.or(Some(0)).filter(|_| mid.is_none()),
                    username_fragment: fragment.ufrag.clone(),
                }),
                _ => {}
            }
        }
        Ok(fragment)
    }
}

/// The value of the first attribute of a name in a description.
pub fn attribute<'s>(sdp: &'s str, name: &str) -> Option<&'s str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

/// A description with other credentials, and without candidates.
pub fn with_credentials(sdp: &str, ufrag: &str, pwd: &str) -> String {
    let mut changed = String::with_capacity(sdp.len());
    for line in sdp.lines() {
        let kept = match line {
            _ if line.starts_with("a=ice-ufrag:") => format!("a=ice-ufrag:{ufrag}"),
            _ if line.starts_with("a=ice-pwd:") => format!("a=ice-pwd:{pwd}"),
            _ if line.starts_with("a=candidate:") => continue,
            _ if line.starts_with("a=end-of-candidates") => continue,
            _ => line.to_owned(),
        };
        changed.push_str(&kept);
        changed.push_str("\r\n");
    }
    changed
}

/// The credentials and candidates of a description, as a fragment.
pub fn fragment_of(sdp: &str) -> String {
    let mut fragment = String::new();
    let mut line = |text: &str| {
        fragment.push_str(text);
        fragment.push_str("\r\n");
    };
    for name in ["ice-ufrag", "ice-pwd"] {
        if let Some(value) = attribute(sdp, name) {
            line(&format!("a={name}:{value}"));
        }
    }
    if let Some(media) = sdp.lines().find(|line| line.starts_with("m=")) {
        line(media);
    }
    if let Some(mid) = attribute(sdp, "mid") {
        line(&format!("a=mid:{mid}"));
    }
    let mut seen = std::collections::HashSet::new();
    for candidate in sdp.lines().filter(|line| line.starts_with("a=candidate:")) {
        if seen.insert(candidate) {
            line(candidate);
        }
    }
    line("a=end-of-candidates");
    fragment
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAGMENT: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:secret\r\nm=audio 9 RTP/AVP 0\r\n\
        a=mid:0\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n\
        a=end-of-candidates\r\n";

    #[test]
    fn fragments_are_read_and_written() {
        let read = Fragment::parse(FRAGMENT).unwrap();
        assert_eq!((read.ufrag.as_deref(), read.pwd.as_deref()), (Some("EsAw"), Some("secret")));
        assert!(read.is_end);
        let candidate = &read.candidates[0];
        assert_eq!(candidate.candidate, "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host");
        assert_eq!(candidate.sdp_mid.as_deref(), Some("0"));
        assert_eq!(fragment_of(FRAGMENT), FRAGMENT);
        assert!(Fragment::parse("candidates").is_err());
        let other = with_credentials(FRAGMENT, "new", "pwd");
        assert!(other.contains("a=ice-ufrag:new\r\na=ice-pwd:pwd") && !other.contains("typ host"));
    }
}
