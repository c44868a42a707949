//! `bytea`: hex and escape text forms.

use crate::error::{Error, Result};
use crate::sqlstate;

/// Reads `\x` hexadecimal or the escape form.
pub fn parse(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => parse_hex(digits),
        None => parse_escape(text.as_bytes()).ok_or_else(|| {
            Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea")
        }),
    }
}

/// Pairs of hexadecimal digits, with white space allowed between pairs.
pub fn parse_hex(digits: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(digits.len() / 2);
    let mut chars = digits.chars();
    while let Some(c) = chars.next() {
        if matches!(c, ' ' | '\n' | '\t' | '\r') {
            continue;
        }
        let high = hex_digit(c)?;
        let low = match chars.next() {
            Some(c) => hex_digit(c)?,
            None => return Err(bad_hex("invalid hexadecimal data: odd number of digits".into())),
        };
        out.push(high << 4 | low);
    }
    Ok(out)
}

fn hex_digit(c: char) -> Result<u8> {
    c.to_digit(16)
        .map(|digit| digit as u8)
        .ok_or_else(|| bad_hex(format!("invalid hexadecimal digit: \"{c}\"")))
}

fn bad_hex(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// The escape form: `\\` and `\ooo`; every other byte stands for itself.
fn parse_escape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            out.push(text[at]);
            at += 1;
            continue;
        }
        match &text[at + 1..] {
            [b'\\', ..] => {
                out.push(b'\\');
                at += 2;
            }
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                at += 4;
            }
            _ => return None,
        }
    }
    Some(out)
}

pub fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(2 + bytes.len() * 2);
    out.extend_from_slice(b"\\x");
    write_hex_digits(bytes, out);
}

pub fn write_hex_digits(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

pub fn write_escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x20..=0x7e => out.push(byte),
            _ => {
                let octal = |shift: u8| b'0' + (byte >> shift & 7);
                out.extend_from_slice(&[b'\\', octal(6), octal(3), octal(0)]);
            }
        }
    }
}
