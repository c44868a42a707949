//! Messages of STUN (RFC 8489), as far as asking a server needs them.
//!
//! ```text
//! 00 01 | length | 21 12 A4 42 | transaction (12) | type, length, value, padding to 4 …
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use zserver_pgcrypto::digests::Hash;

const MAGIC: u32 = 0x2112_A442;
const HEADER_BYTES: usize = 20;
/// Of an attribute with the HMAC: type, length, value.
const INTEGRITY_BYTES: usize = 24;

pub const BINDING: u16 = 0x0001;
pub const ALLOCATE: u16 = 0x0003;
pub const REFRESH: u16 = 0x0004;
/// Added to a method in answers that say yes, and no.
const SUCCESS: u16 = 0x0100;
const FAILURE: u16 = 0x0110;

const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const LIFETIME: u16 = 0x000D;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const XOR_RELAYED: u16 = 0x0016;
const REQUESTED_TRANSPORT: u16 = 0x0019;
const XOR_MAPPED: u16 = 0x0020;

/// In REQUESTED-TRANSPORT.
const UDP: u8 = 17;

pub struct Request {
    bytes: Vec<u8>,
    pub transaction: [u8; 12],
}

/// What TURN asks for before it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    pub realm: Vec<u8>,
    pub nonce: Vec<u8>,
}

impl Request {
    pub fn new(method: u16) -> Request {
        let transaction: [u8; 12] = rand::random();
        let mut bytes = method.to_be_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend(MAGIC.to_be_bytes());
        bytes.extend(transaction);
        let mut request = Request { bytes, transaction };
        if method == ALLOCATE {
            request.add(REQUESTED_TRANSPORT, &[UDP, 0, 0, 0]);
        }
        if method == REFRESH {
            // Gives it up.
            request.add(LIFETIME, &[0; 4]);
        }
        request
    }

    /// Says who asks (long-term credentials), which ends it.
    pub fn prove(mut self, username: &str, password: &str, challenge: &Challenge) -> Request {
        self.add(USERNAME, username.as_bytes());
        self.add(REALM, &challenge.realm);
        self.add(NONCE, &challenge.nonce);
        let parts = [username.as_bytes(), &challenge.realm, password.as_bytes()];
        let key = Hash::Md5.digest(&parts.join(&b':'));
        self.set_length(INTEGRITY_BYTES);
        let mac = Hash::Sha1.hmac(&key, &self.bytes);
        self.add(INTEGRITY, &mac);
        self
    }

    fn add(&mut self, kind: u16, value: &[u8]) {
        self.bytes.extend(kind.to_be_bytes());
        self.bytes.extend((value.len() as u16).to_be_bytes());
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.set_length(0);
    }

    fn set_length(&mut self, more: usize) {
        let length = (self.bytes.len() - HEADER_BYTES + more) as u16;
        self.bytes[2..4].copy_from_slice(&length.to_be_bytes());
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub is_success: bool,
    /// The client's address as the server sees it.
    pub mapped: Option<SocketAddr>,
    pub relayed: Option<SocketAddr>,
    pub error: Option<(u16, String)>,
    pub challenge: Challenge,
}

impl Answer {
    /// None: it is not the answer to this request.
    pub fn parse(bytes: &[u8], request: &Request) -> Option<Answer> {
        let head = bytes.get(..HEADER_BYTES)?;
        let kind = u16::from_be_bytes([head[0], head[1]]);
        if head[4..8] != MAGIC.to_be_bytes() || head[8..] != request.transaction {
            return None;
        }
        let class = kind & FAILURE;
        if class != SUCCESS && class != FAILURE {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let mut rest = bytes.get(HEADER_BYTES..HEADER_BYTES + length)?;
        let mut answer = Answer { is_success: class == SUCCESS, ..Answer::default() };
        while rest.len() >= 4 {
            let kind = u16::from_be_bytes([rest[0], rest[1]]);
            let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
            let value = rest.get(4..4 + length)?;
            answer.take(kind, value, &request.transaction);
            rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        }
        Some(answer)
    }

    fn take(&mut self, kind: u16, value: &[u8], transaction: &[u8; 12]) {
        match kind {
            XOR_MAPPED => self.mapped = address(value, transaction),
            XOR_RELAYED => self.relayed = address(value, transaction),
            REALM => self.challenge.realm = value.to_vec(),
            NONCE => self.challenge.nonce = value.to_vec(),
            ERROR_CODE if value.len() >= 4 => {
                let code = u16::from(value[2] & 7) * 100 + u16::from(value[3]);
                let reason = String::from_utf8_lossy(&value[4..]).into_owned();
                self.error = Some((code, reason));
            }
            _ => {}
        }
    }
}

/// An address that is masked by the magic number and the transaction.
fn address(value: &[u8], transaction: &[u8; 12]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes([*value.get(2)?, *value.get(3)?]) ^ (MAGIC >> 16) as u16;
    let mut mask = MAGIC.to_be_bytes().to_vec();
    mask.extend(transaction);
    let plain: Vec<u8> =
        value.get(4..)?.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect();
    let host = match value[1] {
        1 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(plain.as_slice()).ok()?)),
        2 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(plain.as_slice()).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_others_are_not() {
        let request = Request::new(BINDING);
        assert_eq!(request.bytes().len(), HEADER_BYTES);
        let mut answer = request.bytes().to_vec();
        answer[0] = 1;
        answer[3] = 12;
        // 192.0.2.1:32853, masked.
        answer.extend([0, 0x20, 0, 8, 0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43]);
        let read = Answer::parse(&answer, &request).unwrap();
        assert!(read.is_success);
        assert_eq!(read.mapped, Some("192.0.2.1:32853".parse().unwrap()));
        assert_eq!(Answer::parse(&answer, &Request::new(BINDING)), None);
        assert_eq!(Answer::parse(&answer[..19], &request), None);
        assert_eq!(Answer::parse(request.bytes(), &request), None);
    }
}
