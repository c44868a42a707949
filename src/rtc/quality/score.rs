//! The score of what was measured in an interval.

use crate::rtc::peer::Kind;

const EXCELLENT: f64 = 80.0;
const GOOD: f64 = 40.0;
const BEST: f64 = 100.0;
/// Intervals without a packet until a track counts as lost.
const SILENT_MAX: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rating {
    Lost,
    Poor,
    Good,
    Excellent,
}

impl Rating {
    pub const ALL: [Rating; 4] = [Rating::Lost, Rating::Poor, Rating::Good, Rating::Excellent];

    pub fn as_str(self) -> &'static str {
        match self {
            Rating::Lost => "lost",
            Rating::Poor => "poor",
            Rating::Good => "good",
            Rating::Excellent => "excellent",
        }
    }
}

/// What was measured in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub kind: Kind,
    pub packets: u64,
    /// From 0 to 1.
    pub loss: f64,
    pub jitter_ms: f64,
    /// The longest round trip, where one is known.
    pub round_trip_ms: Option<f64>,
    /// Nothing is to come.
    pub is_muted: bool,
}

impl Sample {
    /// Its own score, whatever was before.
    pub fn score(&self) -> f64 {
        let weight = match self.kind {
            Kind::Audio => 8.0,
            Kind::Video => 10.0,
        };
        let delay = self.round_trip_ms.unwrap_or(0.0) / 2.0 + 2.0 * self.jitter_ms;
        let delay_effect = if delay > 160.0 { (delay - 120.0) / 10.0 } else { delay / 40.0 };
        (BEST - delay_effect - self.loss * 100.0 * weight).clamp(0.0, BEST)
    }
}

/// The score of one thing over time.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    value: f64,
    silent: u32,
    rating: Rating,
}

impl Default for Score {
    fn default() -> Score {
        Score { value: BEST, silent: 0, rating: Rating::Excellent }
    }
}

impl Score {
    pub fn value(&self) -> f64 {
        self.value
    }

    pub fn rating(&self) -> Rating {
        self.rating
    }

    /// Takes an interval in; the rating where it is another one now.
    pub fn take(&mut self, sample: &Sample) -> Option<Rating> {
        self.silent = if sample.packets == 0 && !sample.is_muted { self.silent + 1 } else { 0 };
        let now = match (sample.is_muted, sample.packets) {
            (true, _) => BEST,
            // Not known: as it was, until it counts as lost.
            (false, 0) if self.silent < SILENT_MAX => self.value,
            (false, 0) => 0.0,
            (false, _) => sample.score(),
        };
        let weight = if now < self.value { 0.7 } else { 0.4 };
        self.value = match sample.is_muted {
            true => BEST,
            false => weight * now + (1.0 - weight) * self.value,
        };
        let rating = match self.value {
            _ if self.silent >= SILENT_MAX => Rating::Lost,
            value if value > EXCELLENT => Rating::Excellent,
            value if value > GOOD => Rating::Good,
            _ => Rating::Poor,
        };
        (std::mem::replace(&mut self.rating, rating) != rating).then_some(rating)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(kind: Kind, loss: f64, jitter_ms: f64, round_trip_ms: f64) -> Sample {
        let round_trip_ms = Some(round_trip_ms);
        Sample { kind, packets: 100, loss, jitter_ms, round_trip_ms, is_muted: false }
    }

    #[test]
    fn the_formula_is_livekits() {
        let score = |kind, loss, jitter, rtt| sample(kind, loss, jitter, rtt).score();
        assert_eq!(score(Kind::Video, 0.0, 0.0, 0.0), 100.0);
        // Two per cent of a video, two and a half of an audio: good.
        assert_eq!(score(Kind::Video, 0.02, 0.0, 0.0), 80.0);
        assert_eq!(score(Kind::Audio, 0.025, 0.0, 0.0), 80.0);
        assert_eq!(score(Kind::Audio, 0.0, 20.0, 80.0), 98.0, "80 ms of delay");
        assert_eq!(score(Kind::Audio, 0.0, 60.0, 400.0), 80.0, "320 ms");
        assert_eq!(score(Kind::Video, 0.5, 0.0, 0.0), 0.0);
    }

    #[test]
    fn it_falls_fast_and_rises_slowly() {
        let mut score = Score::default();
        let (bad, good) = (sample(Kind::Video, 0.05, 0.0, 0.0), sample(Kind::Video, 0.0, 0.0, 0.0));
        assert_eq!(score.take(&good), None);
        assert_eq!(score.take(&bad), Some(Rating::Good));
        assert!((score.value() - 65.0).abs() < 1e-9);
        assert_eq!(score.take(&good), None);
        assert!((score.value() - 79.0).abs() < 1e-9);
        assert_eq!(score.take(&good), Some(Rating::Excellent));
    }

    #[test]
    fn nothing_is_lost_unless_it_is_muted() {
        let mut score = Score::default();
        let silent = Sample { packets: 0, ..sample(Kind::Audio, 0.0, 0.0, 0.0) };
        assert_eq!(score.take(&silent), None);
        assert_eq!(score.take(&silent), Some(Rating::Lost));
        assert_eq!(score.take(&Sample { is_muted: true, ..silent }), Some(Rating::Excellent));
        assert_eq!(score.value(), 100.0);
    }
}
