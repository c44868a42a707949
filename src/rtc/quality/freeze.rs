//! Whether a picture stands still: by when its frames come.

use std::time::{Duration, Instant};

use ::rtc::rtp::Header;

/// Frames whose distance is the usual one.
const USUAL: u32 = 30;
/// As WebRTC's statistics have it: a frame that comes later than three times the usual
/// distance, and than 150 ms after that.
const LATE: Duration = Duration::from_millis(150);

/// Counts the freezes of one video.
#[derive(Clone, Copy, Debug, Default)]
pub struct Freezes {
    last: Option<(u32, Instant)>,
    usual: Duration,
    frames: u32,
    count: u64,
    time: Duration,
}

impl Freezes {
    /// A packet has come; the first one of a frame tells.
    pub fn note(&mut self, header: &Header, now: Instant) {
        let Some((timestamp, then)) = self.last else {
            self.last = Some((header.timestamp, now));
            return;
        };
        if header.timestamp == timestamp {
            return;
        }
        let distance = now.saturating_duration_since(then);
        self.last = Some((header.timestamp, now));
        let limit = (self.usual * 3).max(self.usual + LATE);
        if self.frames >= USUAL && distance > limit {
            self.count += 1;
            self.time += distance;
            return;
        }
        self.frames = self.frames.saturating_add(1);
        let weight = self.frames.min(USUAL);
        self.usual = (self.usual * (weight - 1) + distance) / weight;
    }

    /// How many there were, and how long they took altogether.
    pub fn totals(&self) -> (u64, Duration) {
        (self.count, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_among_frames_is_a_freeze() {
        let mut freezes = Freezes::default();
        let begun = Instant::now();
        let mut at = Duration::ZERO;
        for frame in 0..200_u32 {
            at += Duration::from_millis(if frame == 100 { 700 } else { 33 });
            let header = Header { timestamp: frame * 3_000, ..Default::default() };
            freezes.note(&header, begun + at);
            freezes.note(&header, begun + at + Duration::from_millis(1));
        }
        assert_eq!(freezes.totals(), (1, Duration::from_millis(700)));
    }
}
