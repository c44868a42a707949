//! Looks at all that is on the air, again and again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::score::{Rating, Sample, Score};
use crate::rooms::Key;
use crate::rtc::media::{Connected, Media, Source};
use crate::rtc::peer::{Direction, Kind, StreamStatistics};

pub const INTERVAL: Duration = Duration::from_secs(2);

/// Whom it is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct About {
    pub room: Key,
    pub identity: String,
    /// The participant's sid.
    pub participant: String,
}

impl About {
    /// Of a peer that is in a room.
    fn of(connected: &Connected) -> Option<About> {
        let (room, participant) = connected.place.as_ref()?;
        let room = room.upgrade()?;
        let people = room.people(true);
        let person = people.iter().find(|person| *person.sid == **participant)?;
        let identity = person.identity.clone();
        Some(About { room: room.key.clone(), identity, participant: participant.to_string() })
    }
}

/// How something was in the last interval.
#[derive(Clone, Debug)]
pub struct Measured {
    pub about: About,
    /// The sid of a track that is published; none is all that the participant is sent.
    pub track: Option<String>,
    pub kind: Kind,
    pub rating: Rating,
    pub score: f64,
    /// From 0 to 1.
    pub loss: f64,
    pub jitter_ms: f64,
    pub round_trip_ms: Option<f64>,
    /// Bits in a second.
    pub bitrate: u64,
    /// Since it began.
    pub freezes: u64,
    pub freeze_ms: u64,
}

/// The rating is another one.
#[derive(Clone, Debug)]
pub struct Change {
    pub before: Rating,
    pub measured: Measured,
}

/// What is counted, whichever track.
type Name = (About, Option<String>);

#[derive(Default)]
struct Line {
    score: Score,
    packets: u64,
    bytes: u64,
    lost: i64,
    expected: u64,
    /// By the last report.
    loss: f64,
    is_seen: bool,
}

/// The scores of one server.
#[derive(Default)]
pub struct Watch {
    lines: Mutex<HashMap<Name, Line>>,
    last: Mutex<Vec<Measured>>,
}

/// Streams that count as one.
#[derive(Default)]
struct Sum {
    packets: u64,
    bytes: u64,
    lost: i64,
    expected: u64,
    jitter_ms: f64,
    round_trip_ms: Option<f64>,
    kind: Option<Kind>,
}

impl Sum {
    fn add(&mut self, stream: &StreamStatistics) {
        self.packets += stream.packets;
        self.bytes += stream.bytes;
        self.lost += stream.lost;
        self.expected += stream.expected;
        self.jitter_ms = self.jitter_ms.max(stream.jitter.as_secs_f64() * 1_000.0);
        let round_trip = stream.round_trip.map(|time| time.as_secs_f64() * 1_000.0);
        self.note_round_trip(round_trip);
        // What is seen tells more than what is heard.
        if self.kind != Some(Kind::Video) {
            self.kind = Some(stream.kind);
        }
    }

    fn note_round_trip(&mut self, ms: Option<f64>) {
        self.round_trip_ms = match (self.round_trip_ms, ms) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
    }
}

impl Watch {
    /// What was measured last.
    pub fn last(&self) -> Vec<Measured> {
        self.last.lock().clone()
    }

    /// Measures everything; what has changed.
    pub async fn look(&self, media: &Media, passed: Duration) -> Vec<Change> {
        let sources = media.sources();
        let mut found = Vec::new();
        for connected in media.connected() {
            let Some(about) = About::of(&connected) else { continue };
            let statistics = connected.peer.statistics().await;
            let pair = statistics.round_trip.map(|time| time.as_secs_f64() * 1_000.0);
            let is_own = |source: &&Arc<Source>| source.track.publisher.0 == about.participant;
            let own = sources.iter().filter(is_own).filter(|source| is_published(source));
            let mut own: Vec<(&Arc<Source>, Sum)> =
                own.map(|source| (source, Sum::default())).collect();
            let mut sent = Sum::default();
            for stream in &statistics.streams {
                match stream.direction {
                    Direction::Out => sent.add(stream),
                    Direction::In => {
                        let of = own.iter_mut().find(|(source, _)| has(source, stream.ssrc));
                        if let Some((_, sum)) = of {
                            sum.add(stream);
                        }
                    }
                }
            }
            if sent.kind.is_some() {
                sent.note_round_trip(pair);
                found.push(((about.clone(), None), sent, None));
            }
            for (source, mut sum) in own {
                sum.note_round_trip(pair);
                sum.kind = Some(source.codec.kind());
                let name = (about.clone(), Some(source.track.sid.clone()));
                found.push((name, sum, Some(source.clone())));
            }
        }
        self.take(found, passed)
    }

    fn take(&self, found: Vec<(Name, Sum, Option<Arc<Source>>)>, passed: Duration) -> Vec<Change> {
        let mut lines = self.lines.lock();
        lines.values_mut().for_each(|line| line.is_seen = false);
        let (mut all, mut changes) = (Vec::new(), Vec::new());
        for (name, sum, source) in found {
            let line = lines.entry(name.clone()).or_default();
            let before = line.score.rating();
            let measured = line.measure(name, &sum, source.as_deref(), passed);
            if measured.rating != before {
                changes.push(Change { before, measured: measured.clone() });
            }
            all.push(measured);
        }
        lines.retain(|_, line| line.is_seen);
        *self.last.lock() = all;
        changes
    }
}

/// Of what is published no more nothing is expected, though its stream has not ended.
fn is_published(source: &Source) -> bool {
    source.room.upgrade().is_some_and(|room| room.track(&source.track.sid).is_some())
}

/// Whether a stream is one of its layers.
fn has(source: &Source, ssrc: u32) -> bool {
    source.layers().iter().any(|layer| layer.ssrc == ssrc)
}

/// Those of the highest layer.
fn freezes_of(source: &Source) -> (u64, Duration) {
    source.layers().last().map(|layer| layer.freezes()).unwrap_or_default()
}

impl Line {
    /// The part that is lost of what reports since the last time are about. Receivers report
    /// as often as they like, of audio every five seconds: until the next one it is as it
    /// was.
    fn loss_by(&mut self, sum: &Sum) -> f64 {
        let expected = sum.expected.saturating_sub(self.expected);
        let lost = (sum.lost - self.lost).max(0) as f64;
        if expected > 0 {
            self.loss = (lost / expected as f64).min(1.0);
        } else if sum.expected < self.expected {
            // A layer that is gone takes its count along.
            self.loss = 0.0;
        }
        (self.expected, self.lost) = (sum.expected, sum.lost);
        self.loss
    }

    fn measure(
        &mut self,
        (about, track): Name,
        sum: &Sum,
        source: Option<&Source>,
        passed: Duration,
    ) -> Measured {
        self.is_seen = true;
        // A layer that is gone takes its count along.
        let packets = sum.packets.saturating_sub(self.packets);
        let bytes = sum.bytes.saturating_sub(self.bytes);
        let loss = self.loss_by(sum);
        (self.packets, self.bytes) = (sum.packets, sum.bytes);
        let kind = sum.kind.unwrap_or(Kind::Audio);
        // A participant that is sent nothing, since nobody says anything, loses nothing.
        let is_muted = source.map_or(packets == 0, |source| source.track.is_muted());
        let (jitter_ms, round_trip_ms) = (sum.jitter_ms, sum.round_trip_ms);
        let sample = Sample { kind, packets, loss, jitter_ms, round_trip_ms, is_muted };
        self.score.take(&sample);
        let (freezes, time) = source.map(freezes_of).unwrap_or_default();
        Measured {
            about,
            track,
            kind,
            rating: self.score.rating(),
            score: self.score.value(),
            loss,
            jitter_ms,
            round_trip_ms,
            bitrate: (bytes as f64 * 8.0 / passed.as_secs_f64().max(0.001)) as u64,
            freezes,
            freeze_ms: time.as_millis() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(packets: u64, lost: i64) -> Sum {
        let (bytes, expected) = (packets * 1_000, packets + lost as u64);
        Sum { packets, lost, expected, bytes, kind: Some(Kind::Video), ..Sum::default() }
    }

    #[test]
    fn a_loss_holds_until_the_next_report() {
        let mut line = Line::default();
        let mut loss = |expected, lost| line.loss_by(&Sum { expected, lost, ..Sum::default() });
        assert_eq!(loss(0, 0), 0.0);
        assert_eq!(loss(200, 50), 0.25);
        assert_eq!(loss(200, 50), 0.25, "nothing was reported since");
        assert_eq!(loss(400, 50), 0.0);
        assert_eq!(loss(100, 10), 0.0, "a stream is gone");
        assert_eq!(loss(200, 20), 0.1);
        assert_eq!(loss(210, 200), 1.0);
    }

    #[test]
    fn what_is_counted_since_the_last_time_is_rated() {
        let watch = Watch::default();
        let room = Key { database: 5, name: "a".to_owned() };
        let about = About { room, identity: "ada".to_owned(), participant: "PA_1".to_owned() };
        let look = |packets, lost| {
            watch.take(
                vec![((about.clone(), None), sum(packets, lost), None)],
                Duration::from_secs(2),
            )
        };
        assert!(look(1_000, 0).is_empty());
        let last = watch.last().remove(0);
        assert_eq!((last.bitrate, last.loss, last.rating), (4_000_000, 0.0, Rating::Excellent));
        let changes = look(1_900, 100);
        assert_eq!(changes.len(), 1);
        let Change { before, measured } = &changes[0];
        assert_eq!(
            (*before, measured.rating, measured.loss),
            (Rating::Excellent, Rating::Poor, 0.1)
        );
        // It was gone in between: it begins anew.
        assert!(watch.take(Vec::new(), Duration::from_secs(2)).is_empty());
        assert!(look(2_000, 0).is_empty());
        assert_eq!(watch.last()[0].rating, Rating::Excellent);
    }
}
