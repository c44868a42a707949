//! Packets: a tag, a length, a body, in the old format and the new one.
//!
//! ```text
//! old   10 tttt ll   length of 1, 2, 4 bytes, or (ll = 3) up to the end
//! new   11 tttttt    length of 1, 2, 5 bytes, or of a part: 2^n bytes, and another length
//! ```

use super::Log;
use crate::{Error, Result};

/// As in pgcrypto: a length above it is corrupt.
const LENGTH_MAX: usize = 16 << 20;
/// Bodies are written in parts of so many bytes (as a power of two).
const PART_SHIFT: u8 = 14;

pub const PUBLIC_SESSION_KEY: u8 = 1;
pub const SIGNATURE: u8 = 2;
pub const PASSWORD_SESSION_KEY: u8 = 3;
pub const SECRET_KEY: u8 = 5;
pub const PUBLIC_KEY: u8 = 6;
pub const SECRET_SUBKEY: u8 = 7;
pub const COMPRESSED: u8 = 8;
pub const ENCRYPTED: u8 = 9;
pub const MARKER: u8 = 10;
pub const LITERAL: u8 = 11;
pub const TRUST: u8 = 12;
pub const USER_ID: u8 = 13;
pub const PUBLIC_SUBKEY: u8 = 14;
pub const USER_ATTRIBUTE: u8 = 17;
pub const GUARDED: u8 = 18;
pub const GUARD: u8 = 19;
pub const PRIVATE_61: u8 = 61;

/// What stands beside keys and is passed over.
pub fn is_beside_keys(tag: u8) -> bool {
    matches!(tag, SIGNATURE | MARKER | TRUST | USER_ID | USER_ATTRIBUTE | PRIVATE_61)
}

pub struct Packet {
    pub tag: u8,
    /// Shorter than its length says where the data ends before.
    pub body: Vec<u8>,
    /// Where the body begins in what the packets are read from.
    pub begins: usize,
    /// It goes up to the end, because it says no length.
    pub is_open: bool,
}

/// The packets of a message.
pub struct Packets<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether a packet may go up to the end.
    may_be_open: bool,
}

impl<'a> Packets<'a> {
    pub fn new(bytes: &'a [u8]) -> Packets<'a> {
        Packets { bytes, at: 0, may_be_open: false }
    }

    /// Those within an encrypted or a compressed packet.
    pub fn within(bytes: &'a [u8], at: usize) -> Packets<'a> {
        Packets { bytes, at, may_be_open: true }
    }

    pub fn next(&mut self, log: &mut Log) -> Result<Option<Packet>> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let head = self.byte()?;
        if head & 0x80 == 0 {
            return Err(log.corrupt("pgp_parse_pkt_hdr: not pkt hdr"));
        }
        if head & 0x40 != 0 {
            return self.in_parts(head & 63, log).map(Some);
        }
        let length = match head & 3 {
            3 if self.may_be_open => None,
            3 => return Err(Error::CorruptData),
            bytes => Some(self.number(1 << bytes)?),
        };
        if length.is_some_and(|length| length > LENGTH_MAX) {
            return Err(log.corrupt("parse_old_len: weird length"));
        }
        let begins = self.at;
        let body = self.take(length.unwrap_or(usize::MAX)).to_vec();
        Ok(Some(Packet { tag: head >> 2 & 15, body, begins, is_open: length.is_none() }))
    }

    fn in_parts(&mut self, tag: u8, log: &mut Log) -> Result<Packet> {
        let mut body = Vec::new();
        let mut begins = None;
        loop {
            let first = self.number(1)?;
            let (length, is_last) = match first {
                0..192 => (first, true),
                192..224 => (((first - 192) << 8) + self.number(1)? + 192, true),
                255 => (self.number(4)?, true),
                part => (1 << (part & 31), false),
            };
            if length > LENGTH_MAX {
                return Err(log.corrupt("parse_new_len: weird length"));
            }
            let begins = *begins.get_or_insert(self.at);
            let part = self.take(length);
            body.extend_from_slice(part);
            if is_last || part.len() < length {
                return Ok(Packet { tag, body, begins, is_open: false });
            }
        }
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1).first().copied().ok_or(Error::CorruptData)
    }

    fn number(&mut self, bytes: usize) -> Result<usize> {
        (0..bytes).try_fold(0, |number, _| Ok(number << 8 | usize::from(self.byte()?)))
    }

    /// So many bytes, or as many as there are.
    fn take(&mut self, length: usize) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let taken = &rest[..length.min(rest.len())];
        self.at += taken.len();
        taken
    }
}

/// Reads the fields of a body.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn byte(&mut self) -> Result<u8> {
        self.fixed(1).map(|bytes| bytes[0])
    }

    pub fn fixed(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Error::CorruptData)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Of a field that must be the last.
    pub fn end(&self, log: &mut Log) -> Result<()> {
        match self.0 {
            [] => Ok(()),
            _ => Err(log.corrupt("pgp_expect_packet_end: got data")),
        }
    }
}

/// A packet of one part.
pub fn write(tag: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(0xc0 | tag);
    write_length(body.len(), out);
    out.extend_from_slice(body);
}

/// A packet of parts, the last one shorter than the others.
pub fn write_in_parts(tag: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(0xc0 | tag);
    let mut parts = body.chunks_exact(1 << PART_SHIFT);
    for part in &mut parts {
        out.push(0xe0 | PART_SHIFT);
        out.extend_from_slice(part);
    }
    write_length(parts.remainder().len(), out);
    out.extend_from_slice(parts.remainder());
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    match length {
        0..192 => out.push(length as u8),
        192..8384 => {
            let rest = length - 192;
            out.extend_from_slice(&[(rest >> 8) as u8 + 192, rest as u8]);
        }
        _ => {
            out.push(255);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
}
