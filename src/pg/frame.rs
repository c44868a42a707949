//! Messages as they lie in the byte stream: tag, length, body.
//!
//! ```text
//! Q  00 00 00 0D  53 45 4C 45 43 54 20 31 00
//! │  │            └ body, 9 bytes: "SELECT 1\0"
//! │  └ length: itself and the body
//! └ tag (absent before login)
//! ```
//!
//! Tag and length are judged as soon as they are there, before room is made for
//! a body; room grows with what arrives, never with what a length announces.
//! A frame that cannot be right ends the connection: without trust in a length
//! there is no next message.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::{Error, Result};
use crate::sqlstate;

/// The length of tag and length field.
const HEADER_BYTES: usize = 5;

/// Room made at a time for a long body.
const GROWTH_BYTES_MAX: usize = 1 << 20;

/// One message of a client.
#[derive(Debug)]
pub struct Frame {
    pub tag: u8,
    pub body: Bytes,
}

/// How large messages may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of any message, body and length field.
    pub message_bytes: usize,
}

/// Messages that carry user data and may be as long as the limit; all others
/// are small by nature (`PQ_SMALL_MESSAGE_LIMIT`).
fn limit(tag: u8, limits: Limits) -> Result<usize> {
    const SMALL: usize = 10_000;
    match tag {
        b'Q' | b'P' | b'B' | b'F' | b'd' => Ok(limits.message_bytes),
        // A password or SASL message may carry a token.
        b'p' => Ok(limits.message_bytes.min(64 << 10)),
        b'C' | b'D' | b'E' | b'H' | b'S' | b'X' | b'c' | b'f' => {
            Ok(limits.message_bytes.min(SMALL))
        }
        _ => Err(Error::protocol_violation(format!("invalid frontend message type {tag}"))),
    }
}

/// Takes the next whole message off the buffer. `None`: more must be read, and
/// there is room for it.
pub fn take(input: &mut BytesMut, limits: Limits) -> Result<Option<Frame>> {
    if input.is_empty() {
        return Ok(None);
    }
    let tag = input[0];
    let limit = limit(tag, limits)?;
    if input.len() < HEADER_BYTES {
        return Ok(None);
    }
    let length = i32::from_be_bytes([input[1], input[2], input[3], input[4]]);
    let length = checked_length(length, limit)?;
    if input.len() < 1 + length {
        let missing = 1 + length - input.len();
        input.reserve(missing.min(GROWTH_BYTES_MAX));
        return Ok(None);
    }
    input.advance(HEADER_BYTES);
    let body = input.split_to(length - 4).freeze();
    Ok(Some(Frame { tag, body }))
}

/// Takes a message without a tag: what comes before login.
pub fn take_startup(input: &mut BytesMut, limit: usize) -> Result<Option<Bytes>> {
    if input.len() < 4 {
        return Ok(None);
    }
    let length = i32::from_be_bytes([input[0], input[1], input[2], input[3]]);
    // Length and protocol code.
    if !(8..=limit as i64).contains(&i64::from(length)) {
        return Err(Error::protocol_violation("invalid length of startup packet"));
    }
    let length = length as usize;
    if input.len() < length {
        input.reserve(length - input.len());
        return Ok(None);
    }
    input.advance(4);
    Ok(Some(input.split_to(length - 4).freeze()))
}

fn checked_length(length: i32, limit: usize) -> Result<usize> {
    if length < 4 {
        return Err(Error::protocol_violation("invalid message length"));
    }
    let length = length as usize;
    if length > limit {
        return Err(Error::fatal(sqlstate::PROGRAM_LIMIT_EXCEEDED, "invalid message length")
            .with_detail(format!("The message has {length} bytes; the limit is {limit}.")));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { message_bytes: 1 << 20 };

    #[test]
    fn a_message_is_taken_once_it_is_whole() {
        let bytes = b"Q\0\0\0\x0dSELECT 1\0S\0\0\0\x04";
        for cut in 0..14 {
            let mut input = BytesMut::from(&bytes[..cut]);
            assert!(take(&mut input, LIMITS).unwrap().is_none(), "cut at {cut}");
        }
        let mut input = BytesMut::from(&bytes[..]);
        let query = take(&mut input, LIMITS).unwrap().unwrap();
        assert_eq!((query.tag, &query.body[..]), (b'Q', &b"SELECT 1\0"[..]));
        assert_eq!(take(&mut input, LIMITS).unwrap().unwrap().tag, b'S');
        assert!(take(&mut input, LIMITS).unwrap().is_none());
    }

    #[test]
    fn a_huge_length_is_refused_without_room_for_it() {
        let mut input = BytesMut::from(&b"Q\x7f\xff\xff\xff"[..]);
        let error = take(&mut input, LIMITS).unwrap_err();
        assert!(error.is_fatal());
        assert!(input.capacity() < 1024);
        for length in [b"Q\xff\xff\xff\xff", b"Q\0\0\0\x03"] {
            assert!(take(&mut BytesMut::from(&length[..]), LIMITS).is_err());
        }
    }

    #[test]
    fn an_unknown_tag_is_refused_at_once() {
        assert!(take(&mut BytesMut::from(&b"G"[..]), LIMITS).unwrap_err().is_fatal());
        assert!(take(&mut BytesMut::from(&b"\0"[..]), LIMITS).unwrap_err().is_fatal());
    }

    #[test]
    fn startup_packets_are_small() {
        let mut input = BytesMut::from(&b"\0\0\x27\x11\0\x03\0\0"[..]);
        assert!(take_startup(&mut input, 10_000).is_err());
        let mut input = BytesMut::from(&b"\0\0\0\x07"[..]);
        assert!(take_startup(&mut input, 10_000).is_err());
    }
}
