//! What was sent of a video since its last keyframe, for who comes later: of a recording that
//! is played nobody can be asked for another one.
//!
//! ```text
//! kept       key 0 ms, 33, 66, … 1000 ms
//! is sent    key  999.9970 ms,  … 1000 ms        decoded at once, shown from the last one on
//! ```

use std::sync::Arc;
use std::time::Instant;

use super::source::Arrived;

/// Of packets that are kept; without a keyframe for longer than that, who comes waits for the
/// next one.
const BYTES_MAX: usize = 2 << 20;
/// What a packet takes besides its payload.
const OVERHEAD_BYTES: usize = 256;
/// How far apart frames are that are caught up with, in ticks: a tenth of a millisecond.
const STEP: u32 = 9;

#[derive(Default)]
pub struct Kept {
    packets: Vec<Arc<Arrived>>,
    bytes: usize,
}

impl Kept {
    pub fn note(&mut self, arrived: &Arc<Arrived>) {
        let timestamp = |arrived: &Arrived| arrived.packet.header.timestamp;
        let is_same = |first: &Arc<Arrived>| timestamp(first) == timestamp(arrived);
        if arrived.is_keyframe && !self.packets.first().is_some_and(is_same) {
            self.clear();
        } else if self.packets.is_empty() {
            // A keyframe is what it begins with.
            return;
        }
        self.bytes += OVERHEAD_BYTES + arrived.packet.payload.len();
        match self.bytes > BYTES_MAX {
            true => self.clear(),
            false => self.packets.push(arrived.clone()),
        }
    }

    fn clear(&mut self) {
        *self = Kept::default();
    }

    /// The packets, a step from frame to frame: the last frame keeps its time.
    pub fn needed(&self, now: Instant) -> Vec<Arrived> {
        let timestamp = |arrived: &Arrived| arrived.packet.header.timestamp;
        let Some(last) = self.packets.last() else { return Vec::new() };
        let changes =
            self.packets.windows(2).filter(|pair| timestamp(&pair[0]) != timestamp(&pair[1]));
        let mut behind = changes.count() as u32;
        let mut before = timestamp(&self.packets[0]);
        let step = |arrived: &Arc<Arrived>| {
            if timestamp(arrived) != before {
                before = timestamp(arrived);
                behind -= 1;
            }
            let mut packet = arrived.packet.clone();
            packet.header.timestamp = timestamp(last).wrapping_sub(behind * STEP);
            Arrived { packet, is_keyframe: arrived.is_keyframe, at: now }
        };
        self.packets.iter().map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::rtc::peer::Packet;

    fn arrived(sequence: u16, timestamp: u32, is_keyframe: bool, bytes: usize) -> Arc<Arrived> {
        let mut packet = Packet::default();
        packet.header.sequence_number = sequence;
        packet.header.timestamp = timestamp;
        packet.payload = Bytes::from(vec![0; bytes]);
        Arc::new(Arrived { packet, is_keyframe, at: Instant::now() })
    }

    fn needed(kept: &Kept) -> Vec<(u16, u32)> {
        let all = kept.needed(Instant::now());
        all.iter()
            .map(|it| (it.packet.header.sequence_number, it.packet.header.timestamp))
            .collect()
    }

    #[test]
    fn frames_since_the_last_keyframe_are_a_step_apart() {
        let mut kept = Kept::default();
        kept.note(&arrived(1, 0, false, 10));
        assert!(needed(&kept).is_empty());
        // Two packets of one keyframe, as H.264 has them.
        for (sequence, timestamp, is_keyframe) in [
            (2, 3_000, true),
            (3, 3_000, true),
            (4, 3_000, false),
            (5, 6_000, false),
            (6, 9_000, false),
        ] {
            kept.note(&arrived(sequence, timestamp, is_keyframe, 10));
        }
        let expected = [(2, 8_982), (3, 8_982), (4, 8_982), (5, 8_991), (6, 9_000)];
        assert_eq!(needed(&kept), expected);
        kept.note(&arrived(7, 12_000, true, 10));
        assert_eq!(needed(&kept), [(7, 12_000)]);
        kept.note(&arrived(8, 15_000, false, BYTES_MAX));
        kept.note(&arrived(9, 18_000, false, 10));
        assert!(needed(&kept).is_empty(), "it was too much");
    }
}
