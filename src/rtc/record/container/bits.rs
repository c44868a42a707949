//! What is read of frames: the size of the picture, and what a decoder has to know first.

/// Reads bits, the highest first; zeros after the end.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |value, _| {
            let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            value << 1 | u32::from(bit)
        })
    }

    fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    /// An unsigned Exp-Golomb code.
    fn golomb(&mut self) -> u32 {
        let mut zeros = 0;
        while zeros < 31 && !self.flag() {
            zeros += 1;
        }
        (1 << zeros) - 1 + self.take(zeros)
    }

    fn signed_golomb(&mut self) -> i32 {
        let code = self.golomb();
        let half = code.div_ceil(2) as i32;
        if code % 2 == 1 { half } else { -half }
    }
}

/// Of a keyframe (RFC 6386, 9.1).
pub fn vp8_size(frame: &[u8]) -> Option<(u16, u16)> {
    let is_key = frame.first()? & 1 == 0;
    if !is_key || frame.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let number = |at: usize| Some(u16::from_le_bytes([*frame.get(at)?, *frame.get(at + 1)?]));
    // Two bits of each are a scale.
    Some((number(6)? & 0x3fff, number(8)? & 0x3fff))
}

/// Of a keyframe (VP9 bitstream, 6.2).
pub fn vp9_size(frame: &[u8]) -> Option<(u16, u16)> {
    let mut bits = Bits { bytes: frame, at: 0 };
    if bits.take(2) != 2 {
        return None;
    }
    let profile = bits.take(1) | bits.take(1) << 1;
    if profile == 3 {
        bits.take(1);
    }
    let (shows_existing, is_inter) = (bits.flag(), bits.flag());
    if shows_existing || is_inter {
        return None;
    }
    bits.take(2);
    if bits.take(24) != 0x49_8342 {
        return None;
    }
    if profile >= 2 {
        bits.take(1);
    }
    let is_rgb = bits.take(3) == 7;
    match (is_rgb, profile % 2 == 1) {
        (false, true) => bits.take(4),
        (false, false) | (true, true) => bits.take(1),
        (true, false) => 0,
    };
    let (width, height) = (bits.take(16) + 1, bits.take(16) + 1);
    Some((u16::try_from(width).ok()?, u16::try_from(height).ok()?))
}

/// The sequence header of a temporal unit of AV1, whole, and the size that it gives
/// (AV1 bitstream, 5.5).
pub fn av1_size(unit: &[u8]) -> Option<(&[u8], (u16, u16))> {
    const SEQUENCE_HEADER: u8 = 1;
    let mut rest = unit;
    loop {
        let head = *rest.first()?;
        let extension = usize::from(head >> 2 & 1);
        let (size, taken) = leb128(rest.get(1 + extension..)?)?;
        let end = 1 + extension + taken + size;
        let obu = rest.get(..end)?;
        if head >> 3 & 0xf == SEQUENCE_HEADER {
            let size = av1_sequence_size(&obu[1 + extension + taken..])?;
            return Some((obu, size));
        }
        rest = &rest[end..];
    }
}

/// A number of seven bits a byte, the lowest first, and how many bytes it has.
pub fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

fn av1_sequence_size(payload: &[u8]) -> Option<(u16, u16)> {
    let mut bits = Bits { bytes: payload, at: 0 };
    bits.take(4);
    let is_reduced = bits.flag();
    if is_reduced {
        bits.take(5);
    } else {
        skip_operating_points(&mut bits);
    }
    let (width_bits, height_bits) = (bits.take(4) + 1, bits.take(4) + 1);
    let (width, height) = (bits.take(width_bits) + 1, bits.take(height_bits) + 1);
    Some((u16::try_from(width).ok()?, u16::try_from(height).ok()?))
}

fn skip_operating_points(bits: &mut Bits) {
    let has_timing = bits.flag();
    let (mut has_model, mut delay_bits) = (false, 0);
    if has_timing {
        bits.take(32);
        bits.take(32);
        if bits.flag() {
            bits.golomb();
        }
        has_model = bits.flag();
        if has_model {
            delay_bits = bits.take(5) + 1;
            bits.take(32);
            bits.take(10);
        }
    }
    let has_display_delay = bits.flag();
    for _ in 0..=bits.take(5) {
        bits.take(12);
        if bits.take(5) > 7 {
            bits.take(1);
        }
        if has_model && bits.flag() {
            bits.take(delay_bits);
            bits.take(delay_bits);
            bits.take(1);
        }
        if has_display_delay && bits.flag() {
            bits.take(4);
        }
    }
}

/// What a keyframe of H.264 says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Avc {
    /// An `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1).
    pub setup: Vec<u8>,
    pub size: (u16, u16),
}

/// Of an access unit whose NAL units have their lengths in four bytes before them; none
/// unless its parameter sets are in it.
pub fn avc_of(unit: &[u8]) -> Option<Avc> {
    const SEQUENCE: u8 = 7;
    const PICTURE: u8 = 8;
    let find = |wanted: u8| nal_units(unit).find(|nal| nal[0] & 0x1f == wanted);
    let (sequence, picture) = (find(SEQUENCE)?, find(PICTURE)?);
    let size = avc_size(sequence)?;
    let mut setup = vec![1];
    setup.extend_from_slice(sequence.get(1..4)?);
    // Lengths have four bytes; one set of each.
    setup.extend_from_slice(&[0xff, 0xe1]);
    for (index, set) in [sequence, picture].into_iter().enumerate() {
        if index == 1 {
            setup.push(1);
        }
        setup.extend_from_slice(&u16::try_from(set.len()).ok()?.to_be_bytes());
        setup.extend_from_slice(set);
    }
    Some(Avc { setup, size })
}

fn nal_units(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = unit;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (nal, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = after;
        Some(nal)
    })
    .filter(|nal| !nal.is_empty())
}

/// The size of the picture by a sequence parameter set (ITU-T H.264, 7.3.2.1.1).
fn avc_size(set: &[u8]) -> Option<(u16, u16)> {
    let plain = without_emulation(set.get(1..)?);
    let mut bits = Bits { bytes: &plain, at: 0 };
    let profile = bits.take(8);
    bits.take(16);
    bits.golomb();
    let mut chroma = 1;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128) {
        chroma = bits.golomb();
        if chroma == 3 {
            bits.take(1);
        }
        bits.golomb();
        bits.golomb();
        bits.take(1);
        if bits.flag() {
            skip_scaling_lists(&mut bits, if chroma == 3 { 12 } else { 8 });
        }
    }
    bits.golomb();
    skip_picture_order(&mut bits);
    bits.golomb();
    bits.take(1);
    let width = (bits.golomb().min(4_096) + 1) * 16;
    let map_height = (bits.golomb().min(4_096) + 1) * 16;
    let is_progressive = bits.flag();
    if !is_progressive {
        bits.take(1);
    }
    let fields = if is_progressive { 1 } else { 2 };
    bits.take(1);
    let crop = match bits.flag() {
        true => [bits.golomb(), bits.golomb(), bits.golomb(), bits.golomb()],
        false => [0; 4],
    };
    let unit_x = if chroma == 1 || chroma == 2 { 2 } else { 1 };
    let unit_y = if chroma == 1 { 2 } else { 1 } * fields;
    let width = width.checked_sub(crop[0].checked_add(crop[1])?.checked_mul(unit_x)?)?;
    let height =
        (map_height * fields).checked_sub(crop[2].checked_add(crop[3])?.checked_mul(unit_y)?)?;
    Some((u16::try_from(width).ok()?, u16::try_from(height).ok()?))
}

fn skip_scaling_lists(bits: &mut Bits, count: usize) {
    for list in 0..count {
        if !bits.flag() {
            continue;
        }
        let (mut last, mut next) = (8_i32, 8_i32);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = last.wrapping_add(bits.signed_golomb()).wrapping_add(256) % 256;
            }
            last = if next == 0 { last } else { next };
        }
    }
}

fn skip_picture_order(bits: &mut Bits) {
    match bits.golomb() {
        0 => {
            bits.golomb();
        }
        1 => {
            bits.take(1);
            bits.golomb();
            bits.golomb();
            for _ in 0..bits.golomb().min(255) {
                bits.golomb();
            }
        }
        _ => {}
    }
}

/// Without the bytes that keep a start code from appearing.
fn without_emulation(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_of_keyframes() {
        let vp8 = [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
        assert_eq!(vp8_size(&vp8), Some((640, 480)));
        assert_eq!(vp8_size(&[0x51, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0]), None);
        let vp9 = [0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x1d, 0xf6];
        assert_eq!(vp9_size(&vp9), Some((640, 480)));
        // From an encoder: 640 by 360, which is cropped from 368.
        let set = [
            0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03,
            0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48,
        ];
        assert_eq!(avc_size(&set), Some((640, 360)));
    }

    #[test]
    fn what_is_cut_or_made_up_is_no_size_and_no_panic() {
        for length in 0..16 {
            for byte in [0, 0x55, 0x80, 0xff] {
                let bytes = vec![byte; length];
                let _ = (vp8_size(&bytes), vp9_size(&bytes), av1_size(&bytes), avc_of(&bytes));
                let _ = (avc_size(&bytes), av1_sequence_size(&bytes));
            }
        }
    }
}
