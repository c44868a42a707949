//! Where keyframes begin, as payload formats tell it.

use crate::rtc::peer::Codec;

/// NAL units of H.264 (RFC 6184).
const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Whether a keyframe begins with this payload; of audio every packet is as good as another.
pub fn is_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => true,
        Codec::Vp8 => vp8(payload),
        Codec::Vp9 => vp9(payload),
        Codec::H264 => h264(payload),
        // The first OBU begins a coded video sequence (N).
        Codec::Av1 => payload.first().is_some_and(|header| header & 0x08 != 0),
    }
}

/// RFC 7741: the first partition of a frame whose header says that it is none of the others.
fn vp8(payload: &[u8]) -> bool {
    let Some(descriptor) = Vp8::parse(payload) else { return false };
    let frame = payload.get(descriptor.bytes);
    descriptor.is_start && frame.is_some_and(|header| header & 1 == 0)
}

/// RFC 9628: the start of a frame (B) that depends on none (not P), in the lowest layer.
fn vp9(payload: &[u8]) -> bool {
    let Some(&first) = payload.first() else { return false };
    let (has_id, is_inter, has_layers) = (first & 0x80 != 0, first & 0x40 != 0, first & 0x20 != 0);
    let mut at = 1;
    if has_id {
        let is_long = payload.get(at).is_some_and(|byte| byte & 0x80 != 0);
        at += if is_long { 2 } else { 1 };
    }
    let is_lowest = !has_layers || payload.get(at).is_some_and(|byte| byte >> 1 & 7 == 0);
    first & 0x08 != 0 && !is_inter && is_lowest
}

fn h264(payload: &[u8]) -> bool {
    let begins = |unit: u8| matches!(unit & 0x1F, IDR | SPS);
    let Some(&first) = payload.first() else { return false };
    match first & 0x1F {
        FU_A => payload.get(1).is_some_and(|header| header & 0x80 != 0 && begins(*header)),
        STAP_A => {
            let mut rest = &payload[1..];
            while let [high, low, unit, ..] = rest {
                if begins(*unit) {
                    return true;
                }
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = rest.get(2 + length..).unwrap_or_default();
            }
            false
        }
        _ => begins(first),
    }
}

/// The payload descriptor of VP8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp8 {
    pub is_start: bool,
    /// Where the picture's number is, and whether it has 15 bits rather than 7.
    pub picture: Option<(usize, bool)>,
    /// Where the number of the lowest temporal layer's frame is.
    pub tl0: Option<usize>,
    pub bytes: usize,
}

impl Vp8 {
    pub fn parse(payload: &[u8]) -> Option<Vp8> {
        let first = *payload.first()?;
        let mut at = 1;
        let (mut picture, mut tl0) = (None, None);
        if first & 0x80 != 0 {
            let extension = *payload.get(at)?;
            at += 1;
            if extension & 0x80 != 0 {
                let is_long = payload.get(at)? & 0x80 != 0;
                picture = Some((at, is_long));
                at += if is_long { 2 } else { 1 };
            }
            if extension & 0x40 != 0 {
                tl0 = Some(at);
                at += 1;
            }
            if extension & 0x30 != 0 {
                at += 1;
            }
        }
        let is_start = first & 0x10 != 0 && first & 0x07 == 0;
        (at < payload.len()).then_some(Vp8 { is_start, picture, tl0, bytes: at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_are_told_by_each_format() {
        let cases: [(Codec, &[u8], bool); 14] = [
            (Codec::Opus, &[1], true),
            (Codec::Vp8, &[0x10, 0x00, 0], true),
            (Codec::Vp8, &[0x10, 0x01, 0], false),
            (Codec::Vp8, &[0x00, 0x00, 0], false),
            (Codec::Vp8, &[0x90, 0xE0, 0x81, 2, 3, 4, 0x00], true),
            (Codec::Vp8, &[0x90, 0x80], false),
            (Codec::Vp9, &[0x88, 0x05], true),
            (Codec::Vp9, &[0xC8, 0x05], false),
            (Codec::H264, &[0x67, 1], true),
            (Codec::H264, &[0x41, 1], false),
            (Codec::H264, &[0x18, 0, 2, 0x09, 0, 0, 1, 0x65], true),
            (Codec::H264, &[0x7C, 0x85], true),
            (Codec::H264, &[0x7C, 0x05], false),
            (Codec::Av1, &[0x08], true),
        ];
        for (codec, payload, is) in cases {
            assert_eq!(is_keyframe(codec, payload), is, "{codec:?} {payload:?}");
            assert!(codec == Codec::Opus || !is_keyframe(codec, &[]));
        }
    }
}
