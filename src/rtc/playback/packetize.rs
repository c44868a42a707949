//! Payloads of RTP from frames, as the formats of each codec have them.
//!
//! | | |
//! |---|---|
//! | Opus | the packet (RFC 7587) |
//! | VP8 | pieces, without a picture's number: those of packets are enough (RFC 7741) |
//! | VP9 | pieces, in flexible mode: a frame that is no keyframe refers to the one before (RFC 9628) |
//! | H.264 | NAL units, parameter sets together, large ones in pieces (RFC 6184) |
//! | AV1 | OBUs without their sizes, together or in pieces (RTP payload format of AV1) |
//!
//! The library's payload of VP9 is not used: it calls every frame one that refers to none.

use std::panic::AssertUnwindSafe;

use ::rtc::rtp::codec::av1::Av1Payloader;
use ::rtc::rtp::codec::h264::H264Payloader;
use ::rtc::rtp::codec::vp8::Vp8Payloader;
use ::rtc::rtp::packetizer::Payloader;
use bytes::{BufMut, Bytes, BytesMut};

use crate::rtc::record::container::{Coding, Track};

/// Bytes of a payload: with the heads of RTP, its extensions, SRTP and RTX it is below what
/// every path carries.
const PAYLOAD_BYTES_MAX: usize = 1_140;
const START_CODE: [u8; 4] = [0, 0, 0, 1];

pub enum Packetizer {
    Opus,
    Vp8(Vp8Payloader),
    Vp9 {
        picture: u16,
    },
    H264 {
        payloader: H264Payloader,
        /// Bytes of a NAL unit's length.
        length_bytes: usize,
        /// Parameter sets that are not in the stream.
        sets: Vec<Bytes>,
    },
    Av1(Av1Payloader),
}

impl Packetizer {
    pub fn new(track: &Track) -> Packetizer {
        match track.coding {
            Coding::Opus => Packetizer::Opus,
            Coding::Vp8 => Packetizer::Vp8(Vp8Payloader::default()),
            Coding::Vp9 => Packetizer::Vp9 { picture: rand::random::<u16>() & 0x7fff },
            Coding::H264 => {
                let (length_bytes, sets) = read_setup(&track.setup);
                Packetizer::H264 { payloader: H264Payloader::default(), length_bytes, sets }
            }
            Coding::Av1 => Packetizer::Av1(Av1Payloader::default()),
        }
    }

    /// The payloads of a frame; none where it is not one.
    pub fn payloads(&mut self, frame: &Bytes, is_key: bool) -> Vec<Bytes> {
        if frame.is_empty() {
            return Vec::new();
        }
        // Files may be anything, and the library trusts them.
        let made = std::panic::catch_unwind(AssertUnwindSafe(|| self.split(frame, is_key)));
        made.unwrap_or_else(|_| {
            tracing::debug!("a frame of a recording is not as its codec says: it is left out");
            Vec::new()
        })
    }

    fn split(&mut self, frame: &Bytes, is_key: bool) -> Vec<Bytes> {
        let made = match self {
            // A packet of Opus is not taken apart.
            Packetizer::Opus if frame.len() > PAYLOAD_BYTES_MAX => return Vec::new(),
            Packetizer::Opus => return vec![frame.clone()],
            Packetizer::Vp9 { picture } => {
                *picture = (*picture + 1) & 0x7fff;
                return vp9(frame, is_key, *picture);
            }
            Packetizer::Vp8(payloader) => payloader.payload(PAYLOAD_BYTES_MAX, frame),
            Packetizer::Av1(payloader) => payloader.payload(PAYLOAD_BYTES_MAX, frame),
            Packetizer::H264 { payloader, length_bytes, sets } => {
                let sets: &[Bytes] = if is_key { sets } else { &[] };
                let stream = byte_stream(frame, *length_bytes, sets);
                payloader.payload(PAYLOAD_BYTES_MAX, &stream)
            }
        };
        made.unwrap_or_default()
    }
}

/// F=1, I=1 with 15 bits; P and its difference of 1 unless it is a keyframe; B and E.
fn vp9(frame: &Bytes, is_key: bool, picture: u16) -> Vec<Bytes> {
    let head = if is_key { 3 } else { 4 };
    let most = PAYLOAD_BYTES_MAX - head;
    let count = frame.len().div_ceil(most);
    let piece = |index: usize| {
        let (from, to) = (index * most, frame.len().min((index + 1) * most));
        let mut out = BytesMut::with_capacity(head + to - from);
        let mut first = 0x90;
        first |= if is_key { 0 } else { 0x40 };
        first |= if index == 0 { 0x08 } else { 0 };
        first |= if index + 1 == count { 0x04 } else { 0 };
        out.put_u8(first);
        out.put_u16(picture | 0x8000);
        if !is_key {
            // The one before, and no other.
            out.put_u8(1 << 1);
        }
        out.extend_from_slice(&frame[from..to]);
        out.freeze()
    };
    (0..count).map(piece).collect()
}

/// NAL units with their lengths before them as a stream with start codes (ITU-T H.264,
/// Annex B); `sets` first, unless there are such in it.
fn byte_stream(frame: &Bytes, length_bytes: usize, sets: &[Bytes]) -> Bytes {
    let units = units(frame, length_bytes);
    let has_sets = units.iter().any(|unit| kind_of(unit) == Some(7));
    let sets: &[Bytes] = if has_sets { &[] } else { sets };
    let mut out = BytesMut::with_capacity(frame.len() + 64);
    for unit in sets.iter().chain(&units) {
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(unit);
    }
    out.freeze()
}

fn kind_of(unit: &[u8]) -> Option<u8> {
    unit.first().map(|first| first & 0x1f)
}

fn units(frame: &Bytes, length_bytes: usize) -> Vec<Bytes> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(length) = frame.get(at..at + length_bytes) {
        let length = length.iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
        at += length_bytes;
        let Some(end) = at.checked_add(length).filter(|end| *end <= frame.len()) else { break };
        if length > 0 {
            all.push(frame.slice(at..end));
        }
        at = end;
    }
    all
}

/// Of an `AVCDecoderConfigurationRecord`: how many bytes lengths have, and the sets.
fn read_setup(setup: &[u8]) -> (usize, Vec<Bytes>) {
    let length_bytes = setup.get(4).map_or(4, |byte| usize::from(byte & 3) + 1);
    let mut sets = Vec::new();
    let mut at = 5;
    for mask in [0x1f, 0xff] {
        let Some(count) = setup.get(at) else { break };
        at += 1;
        for _ in 0..count & mask {
            let Some([high, low]) = setup.get(at..at + 2) else { return (length_bytes, sets) };
            let end = at + 2 + usize::from(u16::from_be_bytes([*high, *low]));
            let Some(set) = setup.get(at + 2..end) else { return (length_bytes, sets) };
            if !set.is_empty() {
                sets.push(Bytes::copy_from_slice(set));
            }
            at = end;
        }
    }
    (length_bytes, sets)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::rtc::media::is_keyframe;
    use crate::rtc::peer::Packet;
    use crate::rtc::record::assembled;

    fn track(coding: Coding) -> Track {
        Track { coding, name: String::new(), size: (64, 64), setup: Vec::new() }
    }

    /// A frame that is made of `size` bytes, besides its head.
    fn frame(coding: Coding, is_key: bool, size: usize) -> Bytes {
        let body: Vec<u8> = (0..size).map(|at| (at % 250) as u8 + 1).collect();
        let unit = |kind: u8, body: &[u8]| {
            let length = (body.len() as u32 + 1).to_be_bytes();
            [&length[..], &[kind], body].concat()
        };
        let obu = |kind: u8, body: &[u8]| {
            let mut out = vec![kind << 3 | 2];
            let mut left = body.len();
            while left >= 0x80 {
                out.push(left as u8 & 0x7f | 0x80);
                left >>= 7;
            }
            out.push(left as u8);
            [&out[..], body].concat()
        };
        let data = match (coding, is_key) {
            (Coding::Opus, _) => [&[0xfc][..], &body[..size.min(200)]].concat(),
            (Coding::Vp8, true) => [&[0x10, 0, 0, 0x9d, 1, 0x2a, 64, 0, 64, 0][..], &body].concat(),
            (Coding::Vp8, false) => [&[0x11][..], &body].concat(),
            (Coding::Vp9, true) => {
                [&[0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x1d, 0xf6][..], &body].concat()
            }
            (Coding::Vp9, false) => [&[0x86][..], &body].concat(),
            (Coding::H264, true) => {
                let set = [
                    0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03,
                    0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48,
                ];
                [unit(0x67, &set), unit(0x68, &[0xce, 0x3c, 0x80]), unit(0x65, &body)].concat()
            }
            (Coding::H264, false) => unit(0x41, &body),
            // A sequence header of 640 by 480 (reduced), and a frame.
            (Coding::Av1, true) => {
                let sequence = [0x1a, 0x26, 0x27, 0xfe, 0xf8];
                [obu(1, &sequence), obu(6, &body)].concat()
            }
            (Coding::Av1, false) => obu(6, &body),
        };
        data.into()
    }

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        let all = [Coding::Opus, Coding::Vp8, Coding::Vp9, Coding::H264, Coding::Av1];
        for coding in all {
            let mut packetizer = Packetizer::new(&track(coding));
            let mut packets = Vec::new();
            let mut frames = Vec::new();
            for (index, size) in
                [3_000, 10, 1_138, 1_139, 1_140, 1_141, 50_000].into_iter().enumerate()
            {
                let is_key = index == 0 || index == 5 || coding == Coding::Opus;
                let data = frame(coding, is_key, size);
                let payloads = packetizer.payloads(&data, is_key);
                assert!(payloads.iter().all(|it| it.len() <= PAYLOAD_BYTES_MAX), "{coding:?}");
                assert_eq!(is_keyframe(coding.codec(), &payloads[0]), is_key, "{coding:?} {index}");
                let count = payloads.len();
                for (at, payload) in payloads.into_iter().enumerate() {
                    let mut packet = Packet::default();
                    packet.header.sequence_number = packets.len() as u16;
                    packet.header.timestamp = index as u32 * 3_000;
                    packet.header.marker = at + 1 == count;
                    packet.payload = payload;
                    packets.push(packet);
                }
                frames.push((is_key, data));
            }
            let began = Instant::now();
            let made = assembled(coding.codec(), packets, began + Duration::from_millis(1));
            let made: Vec<_> =
                made.into_iter().map(|(key, data)| (key, Bytes::from(data))).collect();
            assert_eq!(made.len(), frames.len(), "{coding:?}");
            for (index, (one, other)) in made.iter().zip(&frames).enumerate() {
                assert_eq!(one.0, other.0, "{coding:?} {index}");
                assert!(one.1 == other.1, "{coding:?} {index}");
            }
        }
    }

    #[test]
    fn sets_that_are_not_in_the_stream_are_sent_with_keyframes() {
        let setup = vec![1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, 2, 0x67, 9, 1, 0, 2, 0x68, 8];
        let mut packetizer = Packetizer::new(&Track { setup, ..track(Coding::H264) });
        let key = Bytes::from_static(&[0, 0, 0, 2, 0x65, 7]);
        let payloads = packetizer.payloads(&key, true);
        assert_eq!(payloads[0][..], [0x78, 0, 2, 0x67, 9, 0, 2, 0x68, 8]);
        assert_eq!(payloads[1][..], [0x65, 7]);
        let other = Bytes::from_static(&[0, 0, 0, 2, 0x41, 7]);
        assert_eq!(packetizer.payloads(&other, false), [Bytes::from_static(&[0x41, 7])]);
        for wrong in [&[][..], &[0, 0, 0, 9, 1], &[0, 0, 0], &[0xff; 9]] {
            assert!(packetizer.payloads(&Bytes::copy_from_slice(wrong), true).is_empty());
        }
    }

    #[test]
    fn what_no_packet_carries_is_left_out() {
        let mut opus = Packetizer::new(&track(Coding::Opus));
        let of = |size: usize| Bytes::from(vec![0xfc; size]);
        assert_eq!(opus.payloads(&of(PAYLOAD_BYTES_MAX), true).len(), 1);
        assert!(opus.payloads(&of(PAYLOAD_BYTES_MAX + 1), true).is_empty());
        assert!(units(&Bytes::from(vec![0; 1_000]), 1).is_empty(), "units of nothing");
    }

    #[test]
    fn noise_makes_no_panic() {
        for coding in [Coding::Vp8, Coding::Vp9, Coding::H264, Coding::Av1] {
            let mut packetizer = Packetizer::new(&track(coding));
            for byte in [0, 1, 0x12, 0x36, 0x80, 0xff] {
                for length in [1, 2, 3, 5_000] {
                    packetizer.payloads(&Bytes::from(vec![byte; length]), length == 3);
                }
            }
        }
    }
}
