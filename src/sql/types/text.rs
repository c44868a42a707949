//! `text`, `varchar(n)`, `char(n)`, `name` and `"char"`: length rules.
//!
//! Lengths count characters, except that of `name`, which counts bytes.

use super::SqlType;
use super::oid;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Bytes in a `name`, without C's terminator.
pub const NAME_LENGTH_MAX: usize = 63;

/// Offset that PostgreSQL adds to the type modifiers of variable-length types.
const HEADER: i32 = 4;

/// A `"char"`: the first byte, or the byte that `\ooo` says in octal.
pub fn parse_char(text: &str) -> u8 {
    match text.as_bytes() {
        [b'\\', a @ b'0'..=b'7', b @ b'0'..=b'7', c @ b'0'..=b'7'] => {
            ((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0')
        }
        bytes => bytes.first().copied().unwrap_or(0),
    }
}

/// The length limit in a `varchar` or `bpchar` type modifier.
pub fn length_limit(typmod: i32) -> Option<usize> {
    (typmod >= HEADER).then(|| (typmod - HEADER) as usize)
}

/// Fits text to its type: cuts or refuses what is too long, pads `char(n)`.
/// An explicit cast cuts; otherwise only trailing spaces may go (22001).
pub fn fit(text: String, ty: SqlType, explicit: bool) -> Result<String> {
    match ty.oid {
        oid::VARCHAR => match length_limit(ty.typmod) {
            Some(limit) => cut(text, limit, explicit, "character varying"),
            None => Ok(text),
        },
        oid::BPCHAR => match length_limit(ty.typmod) {
            Some(limit) => Ok(pad(cut(text, limit, explicit, "character")?, limit)),
            None => Ok(text),
        },
        oid::NAME => Ok(truncate_name(text)),
        _ => Ok(text),
    }
}

fn cut(mut text: String, limit: usize, explicit: bool, type_name: &str) -> Result<String> {
    if text.len() <= limit {
        return Ok(text);
    }
    let Some((end, _)) = text.char_indices().nth(limit) else { return Ok(text) };
    if !explicit && text[end..].bytes().any(|b| b != b' ') {
        return Err(Error::new(
            sqlstate::STRING_DATA_RIGHT_TRUNCATION,
            format!("value too long for type {type_name}({limit})"),
        ));
    }
    text.truncate(end);
    Ok(text)
}

fn pad(mut text: String, length: usize) -> String {
    let missing = length.saturating_sub(text.chars().count());
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Cuts to 63 bytes at a character's edge, silently, as `name` does.
pub fn truncate_name(mut text: String) -> String {
    if text.len() > NAME_LENGTH_MAX {
        let end = (0..=NAME_LENGTH_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// Text from the wire: valid UTF-8 without NUL (22021).
pub fn from_utf8(bytes: &[u8]) -> Result<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => match text.bytes().position(|b| b == 0) {
            None => Ok(text),
            Some(_) => Err(invalid_bytes(&[0])),
        },
        Err(error) => {
            let bad = &bytes[error.valid_up_to()..];
            let length = expected_length(bad[0]).min(bad.len());
            Err(invalid_bytes(&bad[..length]))
        }
    }
}

/// How many bytes a character starting with this byte should have.
fn expected_length(first: u8) -> usize {
    match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    }
}

fn invalid_bytes(bytes: &[u8]) -> Error {
    let listed: Vec<String> = bytes.iter().map(|b| format!("0x{b:02x}")).collect();
    Error::new(
        sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
        format!("invalid byte sequence for encoding \"UTF8\": {}", listed.join(" ")),
    )
}
