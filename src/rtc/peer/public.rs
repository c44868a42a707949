//! Addresses that are told instead of the machine's own, where the network maps one to the
//! other (1:1 NAT): the library knows a setting for it, and does not follow it.

use std::net::IpAddr;

/// A candidate line, with or without `a=`, of a host: its address becomes the public one of
/// the same family. Others are left as they are.
pub fn rewrite_candidate(line: &str, public: &[IpAddr]) -> String {
    let mut parts: Vec<&str> = line.split(' ').collect();
    let is_host = parts.windows(2).any(|pair| pair == ["typ", "host"]);
    let own = parts.get(4).and_then(|part| part.parse::<IpAddr>().ok());
    let mapped = own
        .filter(|own| is_host && !own.is_loopback())
        .and_then(|own| public.iter().find(|public| public.is_ipv4() == own.is_ipv4()));
    let Some(mapped) = mapped else { return line.to_owned() };
    let mapped = mapped.to_string();
    parts[4] = &mapped;
    parts.join(" ")
}

/// All candidates of a description.
pub fn rewrite_description(sdp: &str, public: &[IpAddr]) -> String {
    if public.is_empty() {
        return sdp.to_owned();
    }
    let lines = sdp.split_inclusive("\r\n").map(|line| match line.starts_with("a=candidate:") {
        true => {
            let (text, end) = line.split_at(line.trim_end().len());
            rewrite_candidate(text, public) + end
        }
        false => line.to_owned(),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_by_their_public_address() {
        let public = ["203.0.113.7".parse().unwrap()];
        let line = "candidate:1 1 udp 2130706431 10.0.0.5 40000 typ host";
        let told = "candidate:1 1 udp 2130706431 203.0.113.7 40000 typ host";
        assert_eq!(rewrite_candidate(line, &public), told);
        let relayed = "candidate:1 1 udp 1 10.0.0.5 40000 typ relay raddr 10.0.0.1 rport 9";
        assert_eq!(rewrite_candidate(relayed, &public), relayed);
        let six = "candidate:1 1 udp 2130706431 fd00::5 40000 typ host";
        assert_eq!(rewrite_candidate(six, &public), six);
        let sdp = format!("v=0\r\na={line}\r\na=mid:0\r\n");
        assert_eq!(rewrite_description(&sdp, &public), format!("v=0\r\na={told}\r\na=mid:0\r\n"));
    }
}
