//! The layers of a simulcast, when descriptions are exchanged again.
//!
//! A layer's ssrc is in no description: its first packets name it (`rid`, RFC 8852), and
//! senders stop to do so as soon as they know that it has arrived. The library forgets which
//! ssrc is which layer with each description, and then drops all that comes of them. So a
//! section whose layers it knows already is shown to it without them, and they are put into
//! its answer here. An offer of ours, too, says that they are taken: to browsers one that does
//! not is the end of all but the first.
//! ```text
//! offer   a=rid:q send  a=rid:f send  a=simulcast:send q;f      →  (nothing of it)
//! answer  a=rid:q recv  a=rid:f recv  a=simulcast:recv q;f      ←  a=recvonly
//!
//! ours    a=rid:q recv  a=rid:f recv  a=simulcast:recv q;f      ←  a=recvonly
//! ```

use std::collections::HashMap;

/// Lines that say what is sent in a section.
const SENT: &[&str] = &["a=rid:", "a=simulcast:", "a=msid:", "a=ssrc:", "a=ssrc-group:"];

/// By the mid of a section: the lines of its layers.
#[derive(Debug, Default)]
pub struct Layers(HashMap<String, Vec<String>>);

/// A description as the library is to see it.
pub struct Shown {
    pub sdp: String,
    /// The sections that are shown without their layers.
    hidden: Vec<String>,
    /// What is known once it was taken.
    known: HashMap<String, Vec<String>>,
}

impl Layers {
    /// A description of the remote's.
    pub fn show(&self, sdp: &str) -> Shown {
        let mut shown = Shown { sdp: String::new(), hidden: Vec::new(), known: HashMap::new() };
        for block in blocks(sdp) {
            let layers = layers_of(block);
            let Some(mid) = mid_of(block).filter(|_| !layers.is_empty()) else {
                shown.sdp += block;
                continue;
            };
            match self.0.get(mid) == Some(&layers) {
                true => {
                    let is_kept = |line: &&str| !SENT.iter().any(|sent| line.starts_with(sent));
                    shown.sdp.extend(block.split_inclusive('\n').filter(is_kept));
                    shown.hidden.push(mid.to_owned());
                }
                false => shown.sdp += block,
            }
            shown.known.insert(mid.to_owned(), layers);
        }
        shown
    }

    /// An offer of ours, as the remote is to see it.
    pub fn offer(&self, sdp: &str) -> String {
        with_layers(sdp, |mid| self.0.get(mid))
    }

    /// The library has taken it. What is sent no more is forgotten.
    pub fn note(&mut self, shown: &Shown) {
        self.0.clone_from(&shown.known);
    }
}

impl Shown {
    /// Our answer, as the remote is to see it.
    pub fn answer(&self, sdp: &str) -> String {
        let is_hidden = |mid: &str| self.hidden.iter().any(|hidden| hidden == mid);
        with_layers(sdp, |mid| self.known.get(mid).filter(|_| is_hidden(mid)))
    }
}

/// A description of ours, with the layers that the library does not know of, by their mid.
fn with_layers<'a>(sdp: &str, known: impl Fn(&str) -> Option<&'a Vec<String>>) -> String {
    let mut told = String::with_capacity(sdp.len());
    for block in blocks(sdp) {
        told += block;
        let takes = block.lines().any(|line| line == "a=recvonly" || line == "a=sendrecv");
        let says_so = block.lines().any(|line| line.starts_with("a=simulcast:"));
        let layers = mid_of(block).filter(|_| takes && !says_so).and_then(&known);
        for line in layers.into_iter().flatten() {
            told += &taken(line);
            told += "\r\n";
        }
    }
    told
}

/// The head of a description, and each of its sections.
fn blocks(sdp: &str) -> impl Iterator<Item = &str> {
    let mut rest = sdp;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find("\nm=").map_or(rest.len(), |at| at + 1);
        let (block, after) = rest.split_at(end);
        rest = after;
        Some(block)
    })
}

fn mid_of(block: &str) -> Option<&str> {
    block.lines().find_map(|line| line.strip_prefix("a=mid:"))
}

/// The layers that are sent in a section.
fn layers_of(block: &str) -> Vec<String> {
    let is_it = |line: &&str| match line.strip_prefix("a=rid:") {
        Some(rid) => rid.split(' ').nth(1) == Some("send"),
        None => line.starts_with("a=simulcast:send "),
    };
    let found: Vec<_> = block.lines().filter(is_it).map(str::to_owned).collect();
    let is_simulcast = found.iter().any(|line| line.starts_with("a=simulcast:"));
    if is_simulcast { found } else { Vec::new() }
}

/// What is sent there is taken here.
fn taken(line: &str) -> String {
    match line.strip_prefix("a=rid:").and_then(|rid| rid.split(' ').next()) {
        Some(rid) => format!("a=rid:{rid} recv"),
        None => line.replacen("send", "recv", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=msid:s a\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=msid:s v\r\na=sendonly\r\n\
        a=rid:q send\r\na=rid:f send\r\na=simulcast:send q;f\r\n";
    const ANSWER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\n";

    #[test]
    fn layers_that_are_known_are_not_shown_again() {
        let mut layers = Layers::default();
        let first = layers.show(OFFER);
        assert_eq!(first.sdp, OFFER);
        assert_eq!(first.answer(ANSWER), ANSWER);
        layers.note(&first);
        let again = layers.show(OFFER);
        let sent = ["a=rid:", "a=simulcast:", "a=msid:s v"];
        assert!(!sent.iter().any(|line| again.sdp.contains(line)), "{}", again.sdp);
        assert!(again.sdp.contains("a=msid:s a\r\n") && again.sdp.ends_with("a=sendonly\r\n"));
        let added = "a=rid:q recv\r\na=rid:f recv\r\na=simulcast:recv q;f\r\n";
        assert_eq!(again.answer(ANSWER), format!("{ANSWER}{added}"));
        assert_eq!(layers.offer(ANSWER), format!("{ANSWER}{added}"));
        let said = format!("{ANSWER}{added}");
        assert_eq!(layers.offer(&said), said);
        let refused = ANSWER.replace("a=recvonly", "a=inactive");
        assert_eq!(again.answer(&refused), refused);
        assert_eq!(layers.offer(&refused), refused);
        // Others are, and those that were away.
        let other = OFFER.replace("a=rid:q", "a=rid:h");
        assert_eq!(layers.show(&other).sdp, other);
        let away = layers.show(ANSWER);
        assert_eq!(away.sdp, ANSWER);
        layers.note(&away);
        assert_eq!(layers.show(OFFER).sdp, OFFER);
        assert_eq!(layers.offer(ANSWER), ANSWER);
    }
}
