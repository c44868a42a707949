//! Numbers of packets as one subscriber sees them.
//!
//! ```text
//! layer f   seq 700 701 702                       ts 9000 12000 15000
//! layer q               40  41                              200   3200
//! is sent       1   2   3   4   5                     …     18000 21000
//! ```
//! Within a stream the numbers differ by a constant, so that what comes late, or again, has
//! its place; where a stream begins, or goes on after a pause, the next number follows the
//! last one, and a timestamp the time that has passed.

use std::time::Instant;

use ::rtc::rtp::Header;
use bytes::{Bytes, BytesMut};

use super::keyframe::Vp8;
use crate::rtc::peer::{Codec, Packet};

pub struct Rewrite {
    codec: Codec,
    /// Where the present stream began, and what is added to its numbers.
    first: Option<u16>,
    sequence: u16,
    timestamp: u32,
    picture: u16,
    tl0: u8,
    /// The highest that was sent, and when.
    last: Option<Last>,
}

#[derive(Clone, Copy)]
struct Last {
    sequence: u16,
    timestamp: u32,
    picture: Option<u16>,
    tl0: Option<u8>,
    at: Instant,
}

impl Rewrite {
    pub fn new(codec: Codec) -> Rewrite {
        Rewrite { codec, first: None, sequence: 0, timestamp: 0, picture: 0, tl0: 0, last: None }
    }

    /// The next packet is the first of another stream, or of this one after a pause.
    pub fn restart(&mut self) {
        self.first = None;
    }

    /// None of a packet from before the stream was joined.
    pub fn next(&mut self, packet: &Packet, at: Instant) -> Option<Packet> {
        let header = &packet.header;
        let numbers = self.numbers(&packet.payload);
        match self.first {
            None => self.begin(packet, numbers, at),
            Some(first) if is_before(header.sequence_number, first) => return None,
            Some(_) => {}
        }
        let mut sent = Packet { header: bare(header), payload: packet.payload.clone() };
        sent.header.sequence_number = header.sequence_number.wrapping_add(self.sequence);
        sent.header.timestamp = header.timestamp.wrapping_add(self.timestamp);
        let (picture, tl0) = numbers;
        let picture = picture.map(|number| number.wrapping_add(self.picture) & 0x7FFF);
        let tl0 = tl0.map(|number| number.wrapping_add(self.tl0));
        if self.picture != 0 || self.tl0 != 0 {
            sent.payload = renumbered(&packet.payload, picture, tl0);
        }
        let sequence = sent.header.sequence_number;
        if self.last.is_none_or(|last| is_before(last.sequence, sequence)) {
            let timestamp = sent.header.timestamp;
            self.last = Some(Last { sequence, timestamp, picture, tl0, at });
        }
        Some(sent)
    }

    fn begin(&mut self, packet: &Packet, (picture, tl0): (Option<u16>, Option<u8>), at: Instant) {
        let header = &packet.header;
        self.first = Some(header.sequence_number);
        let Some(last) = self.last else { return };
        let next = last.sequence.wrapping_add(1);
        self.sequence = next.wrapping_sub(header.sequence_number);
        let elapsed = at.saturating_duration_since(last.at).as_secs_f64();
        let ticks = (elapsed * f64::from(self.codec.clock_rate())) as u64 as u32;
        self.timestamp = last.timestamp.wrapping_add(ticks.max(1)).wrapping_sub(header.timestamp);
        if let (Some(last), Some(now)) = (last.picture, picture) {
            self.picture = last.wrapping_add(1).wrapping_sub(now) & 0x7FFF;
        }
        if let (Some(last), Some(now)) = (last.tl0, tl0) {
            self.tl0 = last.wrapping_add(1).wrapping_sub(now);
        }
    }

    /// The numbers that VP8 has of its own.
    fn numbers(&self, payload: &[u8]) -> (Option<u16>, Option<u8>) {
        if self.codec != Codec::Vp8 {
            return (None, None);
        }
        let Some(descriptor) = Vp8::parse(payload) else { return (None, None) };
        // A number of 7 bits cannot go on after one of 15: it is left as it is.
        let picture = descriptor.picture.filter(|(_, is_long)| *is_long);
        let picture =
            picture.map(|(at, _)| u16::from_be_bytes([payload[at] & 0x7F, payload[at + 1]]));
        (picture, descriptor.tl0.map(|at| payload[at]))
    }
}

/// What of a header is the stream's, not the connection's that it came by: its extensions are
/// neither copied for each subscriber nor sent.
fn bare(header: &Header) -> Header {
    let &Header { version, marker, payload_type, ssrc, .. } = header;
    Header { version, marker, payload_type, ssrc, ..Header::default() }
}

fn renumbered(payload: &Bytes, picture: Option<u16>, tl0: Option<u8>) -> Bytes {
    let Some(descriptor) = Vp8::parse(payload) else { return payload.clone() };
    let mut changed = BytesMut::from(&payload[..]);
    if let (Some((at, true)), Some(picture)) = (descriptor.picture, picture) {
        changed[at..at + 2].copy_from_slice(&(picture | 0x8000).to_be_bytes());
    }
    if let (Some(at), Some(tl0)) = (descriptor.tl0, tl0) {
        changed[at] = tl0;
    }
    changed.freeze()
}

/// Whether a number is before another one, in a circle.
fn is_before(number: u16, other: u16) -> bool {
    (number.wrapping_sub(other) as i16) < 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn packet(sequence: u16, timestamp: u32, payload: &[u8]) -> Packet {
        let mut packet = Packet::default();
        packet.header.sequence_number = sequence;
        packet.header.timestamp = timestamp;
        packet.payload = Bytes::copy_from_slice(payload);
        packet
    }

    #[test]
    fn a_change_of_layer_leaves_no_gap() {
        let start = Instant::now();
        let vp8 = |picture: u8| [0x90, 0xC0, 0x80, picture, 9, 0];
        let mut rewrite = Rewrite::new(Codec::Vp8);
        let sent = rewrite.next(&packet(65_535, 3_000, &vp8(1)), start).unwrap();
        assert_eq!((sent.header.sequence_number, sent.header.timestamp), (65_535, 3_000));
        let sent = rewrite.next(&packet(0, 6_000, &vp8(2)), start).unwrap();
        assert_eq!(sent.header.sequence_number, 0);
        rewrite.restart();
        let later = start + Duration::from_millis(100);
        let sent = rewrite.next(&packet(500, 77, &vp8(90)), later).unwrap();
        assert_eq!((sent.header.sequence_number, sent.header.timestamp), (1, 15_000));
        assert_eq!(sent.payload[..5], [0x90, 0xC0, 0x80, 3, 10]);
        // What is late in its stream has its place; what is from before it has none.
        assert_eq!(rewrite.next(&packet(502, 77, &[0]), later).unwrap().header.sequence_number, 3);
        assert_eq!(rewrite.next(&packet(501, 77, &[0]), later).unwrap().header.sequence_number, 2);
        assert!(rewrite.next(&packet(499, 77, &[0]), later).is_none());
    }
}
