//! `macaddr` (6 bytes) and `macaddr8` (8 bytes): hardware addresses.
//!
//! Both are plain bytes that sort as bytes. A `macaddr` is the `macaddr8` with
//! `ff:fe` in its middle.

use crate::error::{Error, Result};
use crate::sqlstate;

/// What stands between the bytes of a `macaddr`'s notation.
struct Notation {
    /// A separator after every so many bytes.
    every: usize,
    separator: Option<u8>,
    /// Bytes may have any number of digits, else two at most.
    long: bool,
}

const fn notation(every: usize, separator: u8, long: bool) -> Notation {
    Notation { every, separator: Some(separator), long }
}

/// In the order in which they are tried.
const NOTATIONS: &[Notation] = &[
    notation(1, b':', true),
    notation(1, b'-', true),
    notation(3, b':', false),
    notation(3, b'-', false),
    notation(2, b'.', false),
    notation(2, b'-', false),
    Notation { every: 6, separator: None, long: false },
];

pub fn parse(text: &str) -> Result<[u8; 6]> {
    let octets = NOTATIONS
        .iter()
        .find_map(|notation| read(text.as_bytes(), notation))
        .ok_or_else(|| Error::invalid_input("macaddr", text))?;
    let mut mac = [0; 6];
    for (byte, octet) in mac.iter_mut().zip(octets) {
        *byte = u8::try_from(octet).map_err(|_| {
            Error::new(
                sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
                format!("invalid octet value in \"macaddr\" value: \"{text}\""),
            )
        })?;
    }
    Ok(mac)
}

/// Six numbers in a notation; only space may follow.
fn read(mut text: &[u8], notation: &Notation) -> Option<[i64; 6]> {
    let mut octets = [0; 6];
    for (n, octet) in octets.iter_mut().enumerate() {
        if n > 0
            && n % notation.every == 0
            && let Some(separator) = notation.separator
        {
            text = text.strip_prefix(&[separator])?;
        }
        *octet = hexadecimal(&mut text, if notation.long { usize::MAX } else { 2 })?;
    }
    text.iter().all(|c| is_space(*c)).then_some(octets)
}

fn is_space(c: u8) -> bool {
    c.is_ascii_whitespace() || c == 0x0b
}

/// A hexadecimal number as C's `scanf` reads it: space before it, a sign and `0x`
/// are allowed, and count for the width.
fn hexadecimal(text: &mut &[u8], width: usize) -> Option<i64> {
    let start = text.iter().take_while(|c| is_space(**c)).count();
    let field = &text[start..];
    let field = &field[..field.len().min(width)];
    let sign = usize::from(matches!(field.first(), Some(b'+' | b'-')));
    let unsigned = &field[sign..];
    let prefix = match unsigned {
        [b'0', b'x' | b'X', c, ..] if c.is_ascii_hexdigit() => 2,
        _ => 0,
    };
    let digits = unsigned[prefix..].iter().take_while(|c| c.is_ascii_hexdigit()).count();
    if digits == 0 {
        return None;
    }
    let number = &unsigned[prefix..prefix + digits];
    let value = number.iter().fold(0i64, |value, c| {
        value.saturating_mul(16).saturating_add(i64::from(char::from(*c).to_digit(16).unwrap_or(0)))
    });
    *text = &text[start + sign + prefix + digits..];
    Some(if field[0] == b'-' { -value } else { value })
}

/// Pairs of digits with one kind of separator anywhere between them; six bytes get
/// `ff:fe` in their middle.
pub fn parse8(text: &str) -> Result<[u8; 8]> {
    read8(text.as_bytes()).ok_or_else(|| Error::invalid_input("macaddr8", text))
}

fn read8(text: &[u8]) -> Option<[u8; 8]> {
    let mut rest = &text[text.iter().take_while(|c| is_space(**c)).count()..];
    let mut bytes = Vec::with_capacity(8);
    let mut separator = None;
    // As in PostgreSQL, one character after the last pair is not looked at.
    while let [high, low, after @ ..] = rest {
        let digit = |c: u8| char::from(c).to_digit(16);
        bytes.push((digit(*high)? << 4 | digit(*low)?) as u8);
        if bytes.len() > 8 {
            return None;
        }
        rest = after;
        if let [c @ (b':' | b'-' | b'.'), after @ ..] = rest {
            if *separator.get_or_insert(*c) != *c {
                return None;
            }
            rest = after;
        }
        if matches!(bytes.len(), 6 | 8) && rest.first().is_some_and(|c| is_space(*c)) {
            if rest.iter().any(|c| !is_space(*c)) {
                return None;
            }
            break;
        }
    }
    match bytes.as_slice() {
        [a, b, c, d, e, f] => Some(widen(&[*a, *b, *c, *d, *e, *f])),
        all => all.try_into().ok(),
    }
}

/// The `macaddr8` of a `macaddr`.
pub fn widen([a, b, c, d, e, f]: &[u8; 6]) -> [u8; 8] {
    [*a, *b, *c, 0xFF, 0xFE, *d, *e, *f]
}

/// The `macaddr` of a `macaddr8`, which has `ff:fe` in its middle.
pub fn narrow(mac: &[u8; 8]) -> Result<[u8; 6]> {
    match *mac {
        [a, b, c, 0xFF, 0xFE, d, e, f] => Ok([a, b, c, d, e, f]),
        _ => Err(Error::new(
            sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
            "macaddr8 data out of range to convert to macaddr",
        )
        .with_hint(
            "Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, \
             for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to \
             macaddr.",
        )),
    }
}

/// `08:00:2b:01:02:03`.
pub fn write(mac: &[u8], out: &mut Vec<u8>) {
    for (n, byte) in mac.iter().enumerate() {
        if n > 0 {
            out.push(b':');
        }
        super::bytea::write_hex_digits(&[*byte], out);
    }
}
