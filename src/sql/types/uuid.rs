//! `uuid`.

use super::bytea;
use crate::error::{Error, Result};

/// Reads 32 hexadecimal digits; a hyphen may follow any group of four digits,
/// and the whole may stand in braces.
pub fn parse(text: &str) -> Result<[u8; 16]> {
    parse_digits(text.as_bytes()).ok_or_else(|| Error::invalid_input("uuid", text))
}

fn parse_digits(text: &[u8]) -> Option<[u8; 16]> {
    let mut rest = match text {
        [b'{', inner @ .., b'}'] => inner,
        [b'{', ..] => return None,
        plain => plain,
    };
    let mut uuid = [0; 16];
    for (index, byte) in uuid.iter_mut().enumerate() {
        let [high, low, after @ ..] = rest else { return None };
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
        rest = match after {
            [b'-', more @ ..] if index % 2 == 1 && index < 15 => more,
            _ => after,
        };
    }
    rest.is_empty().then_some(uuid)
}

/// One of version 4.
pub fn random() -> [u8; 16] {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}

pub fn text(uuid: &[u8; 16]) -> String {
    let mut out = Vec::with_capacity(36);
    write(uuid, &mut out);
    out.into_iter().map(char::from).collect()
}

pub fn write(uuid: &[u8; 16], out: &mut Vec<u8>) {
    for (index, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
        if index > 0 {
            out.push(b'-');
        }
        bytea::write_hex_digits(&uuid[part], out);
    }
}
