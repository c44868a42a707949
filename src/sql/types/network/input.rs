//! Text to address.
//!
//! An `inet` has all of its octets, or a mask that the given ones cover. A `cidr`
//! may leave out octets; without a mask, its class gives one: `10` is `10.0.0.0/8`.
//! IPv4 octets of a `cidr` may also be written in hexadecimal: `0x0a01`.

use super::{BEHIND_MASK, Inet, type_name};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

pub fn parse(text: &str, type_oid: Oid) -> Result<Inet> {
    let is_cidr = type_oid == oid::CIDR;
    let inet = match (text.contains(':'), is_cidr) {
        (true, _) => v6(text.as_bytes()),
        (false, true) => v4_network(text.as_bytes()),
        (false, false) => v4_host(text.as_bytes()),
    };
    let inet = inet.ok_or_else(|| Error::invalid_input(type_name(type_oid), text))?;
    if is_cidr && !inet.is_network() {
        let message = format!("invalid cidr value: \"{text}\"");
        return Err(
            Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message).with_detail(BEHIND_MASK)
        );
    }
    Ok(inet)
}

/// A decimal number at the front, within the limit.
fn decimal(text: &mut &[u8], max: u32) -> Option<u32> {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    *text = rest;
    let mut value = 0;
    for digit in number {
        value = value * 10 + u32::from(digit - b'0');
        if value > max {
            return None;
        }
    }
    (digits > 0).then_some(value)
}

/// What follows the octets: nothing, or a mask and then nothing.
fn v4_mask(text: &[u8]) -> Option<Option<u8>> {
    match text {
        [] => Some(None),
        [b'/', rest @ ..] => {
            let mut rest = rest;
            let bits = decimal(&mut rest, 32)?;
            rest.is_empty().then_some(Some(bits as u8))
        }
        _ => None,
    }
}

fn v4(octets: &[u8], bits: u8) -> Option<Inet> {
    let mut full = [0; 4];
    full.get_mut(..octets.len())?.copy_from_slice(octets);
    Inet::new(&full, bits)
}

fn v4_host(mut text: &[u8]) -> Option<Inet> {
    let mut octets = Vec::with_capacity(4);
    while text.first().is_some_and(u8::is_ascii_digit) {
        octets.push(decimal(&mut text, 255)? as u8);
        match text {
            [] | [b'/', ..] => break,
            [b'.', rest @ ..] => text = rest,
            _ => return None,
        }
    }
    let bits = match v4_mask(text)? {
        Some(bits) => bits,
        None if octets.len() == 4 => 32,
        None => return None,
    };
    let covered = !octets.is_empty() && usize::from(bits / 8) <= octets.len();
    covered.then(|| v4(&octets, bits))?
}

fn v4_network(text: &[u8]) -> Option<Inet> {
    let (octets, rest) = match text {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            hexadecimal_octets(rest)
        }
        _ => decimal_octets(text)?,
    };
    if octets.len() > 4 {
        return None;
    }
    let given = octets.len() as u8 * 8;
    let bits = match v4_mask(rest)? {
        Some(bits) => bits,
        None => class_bits(*octets.first()?, given),
    };
    v4(&octets, bits)
}

/// The mask of an address' class, at least as long as what is given.
fn class_bits(first: u8, given: u8) -> u8 {
    let class = match first {
        240.. => 32,
        224.. => 8,
        192.. => 24,
        128.. => 16,
        _ => 8,
    };
    match class.max(given) {
        // Multicast.
        8 if first == 224 => 4,
        bits => bits,
    }
}

fn decimal_octets(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut octets = Vec::with_capacity(4);
    loop {
        octets.push(decimal(&mut text, 255)? as u8);
        match text {
            [] | [b'/', ..] => return Some((octets, text)),
            [b'.', rest @ ..] => text = rest,
            _ => return None,
        }
    }
}

fn hexadecimal_octets(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let count = text.iter().take_while(|c| c.is_ascii_hexdigit()).count();
    let (digits, rest) = text.split_at(count);
    let digit = |c: &u8| char::from(*c).to_digit(16).unwrap_or(0) as u8;
    let octet = |pair: &[u8]| digit(&pair[0]) << 4 | pair.get(1).map_or(0, digit);
    (digits.chunks(2).map(octet).collect(), rest)
}

/// A number without leading zeros that is all of the text.
fn plain_number(text: &[u8], max: u32) -> Option<u8> {
    if text.len() > 1 && text[0] == b'0' {
        return None;
    }
    let mut rest = text;
    let value = decimal(&mut rest, max)?;
    rest.is_empty().then_some(value as u8)
}

fn v6(text: &[u8]) -> Option<Inet> {
    let (address, mask) = match text.iter().position(|c| *c == b'/') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let bits = match mask {
        Some(mask) => plain_number(mask, 128)?,
        None => 128,
    };
    let mut bytes = Vec::with_capacity(16);
    // Where `::` stands for as many zeros as are missing.
    let mut gap = None;
    let mut rest = match address {
        [b':', b':', ..] => &address[1..],
        [b':', ..] => return None,
        plain => plain,
    };
    while !rest.is_empty() {
        if let [b':', after @ ..] = rest {
            if gap.replace(bytes.len()).is_some() {
                return None;
            }
            rest = after;
            continue;
        }
        let end = rest.iter().position(|c| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let (group, after) = rest.split_at(end);
        match after {
            [b'.', ..] => {
                bytes.extend(embedded_v4(rest, mask.is_some())?);
                rest = &[];
            }
            [b':'] if mask.is_none() => return None,
            [] | [b':', ..] => {
                bytes.extend(hexadecimal_group(group)?.to_be_bytes());
                rest = after.get(1..).unwrap_or_default();
            }
            _ => return None,
        }
        if bytes.len() > 16 {
            return None;
        }
    }
    if let Some(gap) = gap {
        let missing = 16 - bytes.len();
        if missing == 0 {
            return None;
        }
        bytes.splice(gap..gap, std::iter::repeat_n(0, missing));
    }
    Inet::new(&bytes, bits).filter(|_| bytes.len() == 16)
}

fn hexadecimal_group(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The last four bytes of an IPv6 address in the notation of IPv4; octets that are
/// left out are zero, as are empty ones that something follows.
fn embedded_v4(text: &[u8], is_followed: bool) -> Option<[u8; 4]> {
    let mut octets = [0; 4];
    let parts: Vec<&[u8]> = text.split(|c| *c == b'.').collect();
    for (n, part) in parts.iter().enumerate() {
        let may_be_empty = is_followed || n + 1 < parts.len();
        let octet = if part.is_empty() && may_be_empty { 0 } else { plain_number(part, 255)? };
        *octets.get_mut(n)? = octet;
    }
    Some(octets)
}
