//! Frames from packets.
//!
//! ```text
//! packets ─▶ in order (those that are missing are waited for, WAIT_MAX) ─▶ frames ─▶ depacketized
//! ```
//! A frame of which a packet is missing is left out, and so are those after it up to the
//! next keyframe, since they are made of it: [`Assembler::wants_keyframe`] says when one is
//! to be asked for. The first frame is a keyframe likewise.
//!
//! Times are those of the packets, counted from zero on without a break: where a sender begins anew
//! (another SSRC, or a jump that the clock on the wall has not made), as much has passed as
//! here.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use ::rtc::rtp::codec::av1::Av1Depacketizer;
use ::rtc::rtp::codec::h264::H264Packet;
use ::rtc::rtp::codec::vp8::Vp8Packet;
use ::rtc::rtp::codec::vp9::Vp9Packet;
use ::rtc::rtp::packetizer::Depacketizer;
use bytes::Bytes;

use super::container::{Coding, av1_size, avc_of, leb128, vp8_size, vp9_size};
use crate::rtc::peer::{Codec, Packet};

/// How long a packet is waited for that others have overtaken.
const WAIT_MAX: Duration = Duration::from_millis(250);
/// Packets that wait so, and of one frame.
const WAITING_MAX: usize = 1_024;
const PARTS_MAX: usize = 8_192;
/// So many in a row are not late: the numbers went round while nothing was heard (muted).
const STALE_MAX: u32 = 64;
/// A jump of a sender's clock against ours.
const JUMP: Duration = Duration::from_secs(5);

/// A frame that is whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// In ticks since the first packet.
    pub at: u64,
    pub is_key: bool,
    pub data: Vec<u8>,
    /// Of the picture, and what a decoder has to know; of a keyframe.
    pub about: Option<About>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub size: (u16, u16),
    pub setup: Vec<u8>,
}

pub struct Assembler {
    coding: Coding,
    stream: Option<u32>,
    /// The highest sequence number so far, and the one that is due, counted on.
    highest: u64,
    due: u64,
    waiting: BTreeMap<u64, (Packet, Instant)>,
    /// Packets in a row that are from before, as their numbers tell.
    stale: u32,
    parts: Vec<Packet>,
    needs_key: bool,
    clock: Clock,
    /// Its packets made a depacketizer fail: it is not tried again.
    is_broken: bool,
}

/// The time of a stream.
#[derive(Default)]
struct Clock {
    /// What the last packet said, when it came, and its time.
    last: Option<(u32, Instant, u64)>,
}

impl Clock {
    fn at(&mut self, timestamp: u32, now: Instant, rate: u64) -> u64 {
        let at = match self.last {
            None => 0,
            Some((before, then, at)) => {
                let ticks = |time: Duration| (time.as_micros() as u64) * rate / 1_000_000;
                let passed = ticks(now.saturating_duration_since(then));
                let told = i64::from(timestamp.wrapping_sub(before).cast_signed());
                let jumps = (told - passed as i64).unsigned_abs() > ticks(JUMP);
                match jumps {
                    true => at + passed,
                    false => at.saturating_add_signed(told),
                }
            }
        };
        self.last = Some((timestamp, now, at));
        at
    }
}

pub fn coding_of(codec: Codec) -> Coding {
    match codec {
        Codec::Opus => Coding::Opus,
        Codec::Vp8 => Coding::Vp8,
        Codec::Vp9 => Coding::Vp9,
        Codec::H264 => Coding::H264,
        Codec::Av1 => Coding::Av1,
    }
}

impl Assembler {
    pub fn new(codec: Codec) -> Assembler {
        let coding = coding_of(codec);
        Assembler {
            coding,
            stream: None,
            highest: 0,
            due: 0,
            waiting: BTreeMap::new(),
            stale: 0,
            parts: Vec::new(),
            needs_key: coding != Coding::Opus,
            clock: Clock::default(),
            is_broken: false,
        }
    }

    /// Whether nothing can be made of what comes before there is a keyframe.
    pub fn wants_keyframe(&self) -> bool {
        self.needs_key && self.stream.is_some()
    }

    /// A packet has come; the frames that are whole with it.
    pub fn push(&mut self, packet: Packet, now: Instant) -> Vec<Whole> {
        let mut whole = Vec::new();
        if self.is_broken {
            return whole;
        }
        let sequence = packet.header.sequence_number;
        if self.stream != Some(packet.header.ssrc) {
            self.begin(packet.header.ssrc, sequence);
        }
        let number = self.counted(sequence);
        self.highest = self.highest.max(number);
        if number < self.due {
            self.stale += 1;
            if self.stale > STALE_MAX {
                self.begin(packet.header.ssrc, sequence);
                return self.push(packet, now);
            }
            return whole;
        }
        self.stale = 0;
        if self.waiting.contains_key(&number) {
            return whole;
        }
        self.waiting.insert(number, (packet, now));
        self.take(&mut whole);
        while self.waiting.len() > WAITING_MAX {
            self.skip(&mut whole);
        }
        whole
    }

    /// Gives up what has been missing for too long.
    pub fn poll(&mut self, now: Instant) -> Vec<Whole> {
        let mut whole = Vec::new();
        while let Some((_, (_, came))) = self.waiting.first_key_value()
            && now.saturating_duration_since(*came) >= WAIT_MAX
        {
            self.skip(&mut whole);
        }
        whole
    }

    /// Nothing comes any more: what was waited for is given up.
    pub fn finish(&mut self) -> Vec<Whole> {
        let mut whole = Vec::new();
        while !self.waiting.is_empty() {
            self.skip(&mut whole);
        }
        whole
    }

    /// Another stream, of which nothing is known.
    fn begin(&mut self, stream: u32, sequence: u16) {
        self.waiting.clear();
        self.stale = 0;
        self.lose();
        self.stream = Some(stream);
        // Room for those that it has overtaken.
        self.highest = (1 << 32) | u64::from(sequence);
        self.due = self.highest;
    }

    fn counted(&self, sequence: u16) -> u64 {
        let step = sequence.wrapping_sub(self.highest as u16).cast_signed();
        self.highest.saturating_add_signed(i64::from(step))
    }

    /// Packets that are in order.
    fn take(&mut self, whole: &mut Vec<Whole>) {
        while let Some((packet, came)) = self.waiting.remove(&self.due) {
            self.due += 1;
            self.add(packet, came, whole);
        }
    }

    /// The packet that is due does not come.
    fn skip(&mut self, whole: &mut Vec<Whole>) {
        let Some(next) = self.waiting.keys().next().copied() else { return };
        self.due = next;
        self.lose();
        self.take(whole);
    }

    fn lose(&mut self) {
        self.parts.clear();
        self.needs_key = self.coding != Coding::Opus;
    }

    fn add(&mut self, packet: Packet, came: Instant, whole: &mut Vec<Whole>) {
        // Padding: it probes how much can be sent.
        if packet.payload.is_empty() {
            return;
        }
        let is_next = self
            .parts
            .first()
            .is_some_and(|first| first.header.timestamp != packet.header.timestamp);
        if is_next {
            self.end(came, whole);
        }
        let is_last = packet.header.marker || self.coding == Coding::Opus;
        self.parts.push(packet);
        if self.parts.len() > PARTS_MAX {
            self.lose();
        } else if is_last {
            self.end(came, whole);
        }
    }

    /// The frame is whole.
    fn end(&mut self, came: Instant, whole: &mut Vec<Whole>) {
        let parts = std::mem::take(&mut self.parts);
        let Some(first) = parts.first() else { return };
        let at = self.clock.at(first.header.timestamp, came, self.coding.rate());
        // What strangers send may be anything; the depacketizers are not ours.
        let coding = self.coding;
        let made = std::panic::catch_unwind(AssertUnwindSafe(|| depacketize(coding, &parts)));
        let made = match made {
            Ok(made) => made,
            Err(_) => {
                tracing::warn!(?coding, "a stream is not as its codec says: it is not recorded");
                self.is_broken = true;
                None
            }
        };
        let Some(mut made) = made else { return self.lose() };
        made.at = at;
        self.needs_key &= !made.is_key;
        if !self.needs_key {
            whole.push(made);
        }
    }
}

/// The frames of packets that are all there: whether each is a keyframe, its bytes.
#[cfg(test)]
pub fn assembled(codec: Codec, packets: Vec<Packet>, now: Instant) -> Vec<(bool, Vec<u8>)> {
    let mut assembler = Assembler::new(codec);
    let whole = packets.into_iter().flat_map(|packet| assembler.push(packet, now));
    whole.map(|one| (one.is_key, one.data)).collect()
}

/// Packets of less than four bytes, as the end of a frame may be, are none to the library.
fn vp8_payload(head: &mut Vp8Packet, packet: &Bytes) -> Option<Bytes> {
    const BYTES_MIN: usize = 4;
    let missing = BYTES_MIN.saturating_sub(packet.len());
    if missing == 0 {
        return head.depacketize(packet).ok();
    }
    let filled = [packet, &[0; BYTES_MIN][..missing]].concat();
    let payload = head.depacketize(&filled.into()).ok()?;
    Some(payload.slice(..payload.len().checked_sub(missing)?))
}

/// The frame of whole packets; none where they are no frame.
fn depacketize(coding: Coding, parts: &[Packet]) -> Option<Whole> {
    let mut data = Vec::with_capacity(parts.iter().map(|part| part.payload.len()).sum());
    let is_key = match coding {
        Coding::Opus => {
            data.extend_from_slice(&parts.first()?.payload);
            true
        }
        Coding::Vp8 => {
            for (index, part) in parts.iter().enumerate() {
                let mut head = Vp8Packet::default();
                let payload = vp8_payload(&mut head, &part.payload)?;
                if index == 0 && (head.s != 1 || head.pid != 0) {
                    return None;
                }
                data.extend_from_slice(&payload);
            }
            data.first()? & 1 == 0
        }
        Coding::Vp9 => {
            for (index, part) in parts.iter().enumerate() {
                let mut head = Vp9Packet::default();
                let payload = head.depacketize(&part.payload).ok()?;
                if index == 0 && !head.b {
                    return None;
                }
                data.extend_from_slice(&payload);
            }
            // Not all senders say it in the descriptor.
            vp9_size(&data).is_some()
        }
        Coding::H264 => {
            let mut depacketizer = H264Packet::default();
            depacketizer.is_avc = true;
            for part in parts {
                if !is_whole_aggregate(&part.payload) {
                    return None;
                }
                data.extend_from_slice(&depacketizer.depacketize(&part.payload).ok()?);
            }
            avc_of(&data).is_some()
        }
        Coding::Av1 => {
            let mut depacketizer = Av1Depacketizer::new();
            for part in parts {
                if !has_whole_heads(&part.payload) {
                    return None;
                }
                data.extend_from_slice(&depacketizer.depacketize(&part.payload).ok()?);
            }
            av1_size(&data).is_some()
        }
    };
    if data.is_empty() {
        return None;
    }
    let about = if is_key { Some(about(coding, &data)?) } else { None };
    Some(Whole { at: 0, is_key, data, about })
}

fn about(coding: Coding, data: &[u8]) -> Option<About> {
    let plain = |size| About { size, setup: Vec::new() };
    match coding {
        Coding::Opus => Some(plain((0, 0))),
        Coding::Vp8 => vp8_size(data).map(plain),
        Coding::Vp9 => vp9_size(data).map(plain),
        Coding::H264 => avc_of(data).map(|avc| About { size: avc.size, setup: avc.setup }),
        Coding::Av1 => av1_size(data).map(|(setup, size)| About { size, setup: setup.to_owned() }),
    }
}

/// Whether the NAL units of a STAP-A have the lengths that they say (RFC 6184, 5.7.1).
fn is_whole_aggregate(payload: &[u8]) -> bool {
    const STAP_A: u8 = 24;
    if payload.first().is_none_or(|first| first & 0x1f != STAP_A) {
        return true;
    }
    let mut rest = &payload[1..];
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let Some(after) = after.get(usize::from(u16::from_be_bytes(*length))..) else {
            return false;
        };
        rest = after;
    }
    rest.is_empty()
}

/// Whether the OBUs that begin in a packet of AV1 have their heads in it, of two bytes where
/// there is an extension (RTP payload format of AV1, 4.4).
fn has_whole_heads(payload: &[u8]) -> bool {
    let Some((first, mut rest)) = payload.split_first() else { return false };
    let (goes_on, count) = (first & 0x80 != 0, usize::from(first >> 4 & 3));
    let mut index = 0;
    while !rest.is_empty() {
        index += 1;
        let is_last = count != 0 && index == count;
        let sized = if is_last { Some((rest.len(), 0)) } else { leb128(rest) };
        let Some((size, taken)) = sized else { return false };
        let Some(obu) = rest.get(taken..taken + size) else { return false };
        let begins = index > 1 || !goes_on;
        if begins && obu.len() == 1 && obu[0] & 4 != 0 {
            return false;
        }
        rest = &rest[taken + size..];
    }
    true
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn packet(sequence: u16, timestamp: u32, marker: bool, payload: &[u8]) -> Packet {
        let mut packet = Packet::default();
        packet.header.ssrc = 9;
        packet.header.sequence_number = sequence;
        packet.header.timestamp = timestamp;
        packet.header.marker = marker;
        packet.payload = Bytes::copy_from_slice(payload);
        packet
    }

    /// The first packet of a VP8 frame.
    fn vp8(sequence: u16, timestamp: u32, is_key: bool, marker: bool) -> Packet {
        let key = [0x10, 0x50, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0];
        let other = [0x10, 0x51, 0, 0];
        packet(sequence, timestamp, marker, if is_key { &key } else { &other })
    }

    fn ats(whole: &[Whole]) -> Vec<(u64, bool)> {
        whole.iter().map(|one| (one.at, one.is_key)).collect()
    }

    #[test]
    fn packets_that_were_overtaken_are_waited_for() {
        let now = Instant::now();
        let mut audio = Assembler::new(Codec::Opus);
        let start = u16::MAX - 1;
        let sent =
            |step: u16| packet(start.wrapping_add(step), u32::from(step) * 960, false, &[0xfc]);
        assert_eq!(ats(&audio.push(sent(0), now)), [(0, true)]);
        assert!(audio.push(sent(2), now).is_empty());
        assert!(audio.push(sent(3), now).is_empty());
        assert_eq!(audio.push(sent(1), now).len(), 3, "over the end of the numbers, too");
        assert!(audio.push(sent(1), now).is_empty(), "it came before");
        assert!(audio.push(sent(6), now).is_empty());
        assert!(audio.poll(now + WAIT_MAX / 2).is_empty());
        assert_eq!(ats(&audio.poll(now + WAIT_MAX)), [(6 * 960, true)]);
        assert!(audio.push(sent(8), now).is_empty());
        assert_eq!(audio.finish().len(), 1);
    }

    #[test]
    fn it_begins_and_goes_on_after_a_loss_with_a_keyframe() {
        let now = Instant::now();
        let mut video = Assembler::new(Codec::Vp8);
        assert!(!video.wants_keyframe());
        assert!(video.push(vp8(1, 0, false, true), now).is_empty());
        assert!(video.wants_keyframe());
        assert_eq!(ats(&video.push(vp8(2, 3_000, true, true), now)), [(3_000, true)]);
        assert_eq!(ats(&video.push(vp8(3, 6_000, false, true), now)), [(6_000, false)]);
        assert!(!video.wants_keyframe());
        video.push(vp8(5, 12_000, false, true), now);
        assert!(video.poll(now + WAIT_MAX).is_empty(), "it is made of what was lost");
        assert!(video.wants_keyframe());
        let key = video.push(vp8(6, 15_000, true, true), now);
        assert_eq!(
            (ats(&key), key[0].about.clone().map(|about| about.size)),
            (vec![(15_000, true)], Some((64, 64)))
        );
    }

    #[test]
    fn a_frame_ends_where_the_next_begins_without_a_marker() {
        let now = Instant::now();
        let mut video = Assembler::new(Codec::Vp8);
        assert!(video.push(vp8(1, 0, true, false), now).is_empty());
        assert_eq!(ats(&video.push(vp8(2, 3_000, false, false), now)), [(0, true)]);
        assert!(video.push(packet(3, 3_000, false, &[0, 1, 2, 3]), now).is_empty());
        let ended = video.push(vp8(4, 6_000, false, true), now);
        assert_eq!((ended[0].data.len(), ended.len()), (3 + 3, 2));
    }

    #[test]
    fn numbers_may_go_round_while_nothing_is_heard() {
        let now = Instant::now();
        let mut audio = Assembler::new(Codec::Opus);
        audio.push(packet(40_000, 0, false, &[0xfc]), now);
        let heard: usize = (0..100_u16)
            .map(|at| {
                audio.push(packet(10_000 + at, u32::from(at) * 960, false, &[0xfc]), now).len()
            })
            .sum();
        assert_eq!(heard, 100 - STALE_MAX as usize);
    }

    #[test]
    fn a_clock_that_jumps_goes_on_as_ours_does() {
        let now = Instant::now();
        let mut audio = Assembler::new(Codec::Opus);
        audio.push(packet(1, 1_000_000, false, &[0xfc]), now);
        let later = now + Duration::from_secs(1);
        let jumped = audio.push(packet(2, 3_000_000_000, false, &[0xfc]), later);
        assert_eq!(ats(&jumped), [(48_000, true)]);
        let next = audio.push(packet(3, 3_000_000_960, false, &[0xfc]), later);
        assert_eq!(ats(&next), [(48_960, true)]);
    }

    #[test]
    fn what_is_made_up_is_no_frame_and_no_panic() {
        let now = Instant::now();
        for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
            let mut assembler = Assembler::new(codec);
            let mut sequence = 0;
            for length in 1..12 {
                for byte in 0..=255 {
                    let payload: Vec<u8> =
                        (0..length).map(|at| byte ^ (at as u8).wrapping_mul(37)).collect();
                    assembler.push(packet(sequence, u32::from(sequence), true, &payload), now);
                    sequence = sequence.wrapping_add(1);
                }
            }
            assert!(!assembler.is_broken, "{codec:?}");
        }
    }
}
