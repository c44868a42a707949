//! What comes of streams, by the headers of their packets.

use std::collections::HashMap;
use std::time::Instant;

/// Delays are counted in steps of so many microseconds, up to the last one.
const STEP_MICROS: u64 = 50;
const STEPS: usize = 40_000;

/// What came to one peer, or to several.
#[derive(Default)]
pub struct Heard {
    pub packets: u64,
    pub bytes: u64,
    /// By ssrc.
    streams: HashMap<u32, Span>,
    delays: Vec<u32>,
    lost: u64,
    expected: u64,
}

/// The numbers of one stream's packets.
struct Span {
    first: u64,
    highest: u64,
    packets: u64,
}

/// The header of an RTP packet.
#[derive(Clone, Copy)]
pub struct Header {
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

impl Header {
    /// None of what is no RTP: STUN, DTLS, RTCP.
    pub fn read(bytes: &[u8]) -> Option<Header> {
        let head = bytes.first_chunk::<12>()?;
        if !(128..192).contains(&head[0]) || (192..224).contains(&head[1]) {
            return None;
        }
        Some(Header {
            payload_type: head[1] & 0x7F,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        })
    }
}

/// The time as a timestamp of a stream, which is that of its sending: senders and receivers
/// are of this program.
pub fn ticks(epoch: Instant, rate: u32) -> u32 {
    (epoch.elapsed().as_micros() as u64 * u64::from(rate) / 1_000_000) as u32
}

impl Heard {
    /// A packet of the stream itself, not one that is sent again. `now`: as [`ticks`] has it.
    pub fn note(&mut self, header: Header, length: usize, now: u32, rate: u32) {
        self.packets += 1;
        self.bytes += length as u64;
        let number = u64::from(header.sequence);
        let span = self.streams.entry(header.ssrc).or_insert_with(|| {
            // So that what is late by some has a number, too.
            let first = number + (1 << 16);
            Span { first, highest: first, packets: 0 }
        });
        let ahead = header.sequence.wrapping_sub(span.highest as u16) as i16;
        let number = span.highest.wrapping_add_signed(i64::from(ahead));
        span.highest = span.highest.max(number);
        span.packets += 1;
        let late = u64::from(now.wrapping_sub(header.timestamp)) * 1_000_000 / u64::from(rate);
        let step = usize::try_from(late / STEP_MICROS).unwrap_or(STEPS).min(STEPS - 1);
        self.delays.resize(STEPS, 0);
        self.delays[step] += 1;
    }

    /// What is counted begins here; where the streams are is kept.
    pub fn begin(&mut self) {
        let streams = std::mem::take(&mut self.streams).into_iter();
        let streams = streams.map(|(ssrc, span)| {
            (ssrc, Span { first: span.highest + 1, highest: span.highest, packets: 0 })
        });
        *self = Heard { streams: streams.collect(), ..Heard::default() };
    }

    pub fn add(&mut self, other: Heard) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        let (expected, lost) = other.losses();
        self.expected += expected;
        self.lost += lost;
        self.delays.resize(STEPS, 0);
        for (own, other) in self.delays.iter_mut().zip(other.delays) {
            *own += other;
        }
    }

    /// How many packets should have come, by their numbers, and how many did not.
    pub fn losses(&self) -> (u64, u64) {
        let spans = self.streams.values();
        spans.fold((self.expected, self.lost), |(expected, lost), span| {
            let own = (span.highest + 1).saturating_sub(span.first);
            (expected + own, lost + own.saturating_sub(span.packets))
        })
    }

    /// Milliseconds within which a part of the packets came.
    pub fn delay_ms(&self, part: f64) -> f64 {
        let all: u64 = self.delays.iter().map(|count| u64::from(*count)).sum();
        let mut left = (all as f64 * part) as u64;
        for (step, count) in self.delays.iter().enumerate() {
            if u64::from(*count) > left {
                return (step as u64 * STEP_MICROS) as f64 / 1_000.0;
            }
            left -= u64::from(*count);
        }
        0.0
    }
}
