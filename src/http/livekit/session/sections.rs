//! The sections of the one connection of a client that offers always.
//!
//! ```text
//! a track is to be sent ──▶ requirement { audios, videos that are lacking }
//!                       ◀── offer with so many more
//!                       ──▶ answer, with the track of each section (mid_to_track_id)
//! ```
//! One requirement at a time: what changes meanwhile is looked at after the answer. A track
//! that is in no answer after [`TRIES_MAX`] is one that the client cannot take.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::line::Line;
use super::{Ended, Session};
use crate::http::livekit::sdp::sent_tracks;
use crate::http::livekit::signal::{
    CODEC_UNSUPPORTED, MediaSectionsRequirement, Response as Answer, SubscriptionResponse,
};
use crate::rtc::peer::{Kind, sections};

/// Offers may cross requirements.
const TRIES_MAX: u32 = 3;

#[derive(Default)]
pub struct Sections {
    /// Sections of the last offer in which the client takes something.
    audios: usize,
    videos: usize,
    /// What is sent as the last answer says, and how much of it is video.
    sent: HashSet<String>,
    /// How often there was an answer without a track.
    tries: HashMap<String, u32>,
    is_asked: bool,
}

impl Sections {
    /// The client offers.
    pub fn offered(&mut self, sdp: &str) {
        let takes =
            |kind: Kind| sections(sdp).iter().filter(|it| it.kind == kind && it.receives).count();
        (self.audios, self.videos) = (takes(Kind::Audio), takes(Kind::Video));
        self.is_asked = false;
    }

    /// Our answer: its sections' tracks.
    pub fn answered(&mut self, sdp: &str) -> BTreeMap<String, String> {
        let tracks = sent_tracks(sdp);
        self.sent = tracks.values().cloned().collect();
        tracks
    }

    pub fn forget_asked(&mut self) {
        self.is_asked = false;
    }

    /// What is to be asked for so that these tracks are sent, and which of them cannot be.
    fn missing(
        &mut self,
        tracks: &[(String, Kind)],
    ) -> (Option<MediaSectionsRequirement>, Vec<String>) {
        if self.is_asked {
            return (None, Vec::new());
        }
        self.tries.retain(|sid, _| tracks.iter().any(|(track, _)| track == sid));
        let is_over = self.sent.iter().any(|sid| !tracks.iter().any(|(track, _)| track == sid));
        let mut given_up = Vec::new();
        let mut wanted = (0, 0);
        let mut sent = (0, 0);
        for (sid, kind) in tracks {
            let count = match self.sent.contains(sid) {
                true => &mut sent,
                false => {
                    let tries = self.tries.entry(sid.clone()).or_default();
                    *tries += 1;
                    if *tries == TRIES_MAX + 1 {
                        given_up.push(sid.clone());
                    }
                    if *tries > TRIES_MAX {
                        continue;
                    }
                    &mut wanted
                }
            };
            match kind {
                Kind::Audio => count.0 += 1,
                Kind::Video => count.1 += 1,
            }
        }
        if wanted == (0, 0) && !is_over {
            return (None, given_up);
        }
        let lacking = |wanted: usize, sent: usize, there: usize| {
            let free = there.saturating_sub(sent);
            u32::try_from(wanted.saturating_sub(free)).unwrap_or(u32::MAX)
        };
        self.is_asked = true;
        let requirement = MediaSectionsRequirement {
            num_audios: lacking(wanted.0, sent.0, self.audios),
            num_videos: lacking(wanted.1, sent.1, self.videos),
        };
        (Some(requirement), given_up)
    }
}

impl Session {
    /// Asks the client for an offer, where what it is sent is not what it should be.
    pub(super) async fn require(&mut self, line: &mut Line) -> Result<(), Ended> {
        let Some(sections) = &mut self.sections else { return Ok(()) };
        let (requirement, given_up) = sections.missing(&self.subscriptions.tracks());
        for track_sid in given_up {
            let response = SubscriptionResponse { track_sid, err: CODEC_UNSUPPORTED };
            line.send(Answer::Subscription(response)).await?;
        }
        match requirement {
            Some(requirement) => line.send(Answer::MediaSections(requirement)).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\n";
    const ANSWER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=inactive\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=msid:PA_1|TR_1 TR_1\r\na=sendonly\r\n";

    fn tracks(all: &[(&str, Kind)]) -> Vec<(String, Kind)> {
        all.iter().map(|(sid, kind)| ((*sid).to_owned(), *kind)).collect()
    }

    fn counts(found: Option<MediaSectionsRequirement>) -> Option<(u32, u32)> {
        found.map(|found| (found.num_audios, found.num_videos))
    }

    #[test]
    fn sections_are_asked_for_as_they_are_lacking() {
        let mut sections = Sections::default();
        sections.offered(OFFER);
        let one = tracks(&[("TR_1", Kind::Video)]);
        assert_eq!(sections.answered(ANSWER), BTreeMap::from([("1".into(), "TR_1".into())]));
        assert_eq!(counts(sections.missing(&one).0), None);
        // An audio is free, a video is not.
        let more = tracks(&[("TR_1", Kind::Video), ("TR_2", Kind::Video), ("TR_3", Kind::Audio)]);
        assert_eq!(counts(sections.missing(&more).0), Some((0, 1)));
        assert_eq!(counts(sections.missing(&more).0), None, "one is under way");
        sections.offered(OFFER);
        sections.answered(ANSWER);
        // What is sent no more is told as well.
        assert_eq!(counts(sections.missing(&[]).0), Some((0, 0)));
    }

    #[test]
    fn what_is_never_taken_is_given_up() {
        let mut sections = Sections::default();
        let wanted = tracks(&[("TR_9", Kind::Video)]);
        for _ in 0..TRIES_MAX {
            assert_eq!(counts(sections.missing(&wanted).0), Some((0, 1)));
            sections.offered("");
            sections.answered("");
        }
        let (requirement, given_up) = sections.missing(&wanted);
        assert_eq!((counts(requirement), given_up), (None, vec!["TR_9".to_owned()]));
        assert!(sections.missing(&wanted).1.is_empty());
    }
}
