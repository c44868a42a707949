//! Public and secret keys: the one subkey that encrypts.
//!
//! ```text
//! public   version (4), time (4), algorithm, numbers
//! secret   the same, then
//!          0                         numbers, sum (2)
//!          254 cipher S2K IV (block) encrypted: numbers, SHA-1 (20)
//!          255 cipher S2K IV (block) encrypted: numbers, sum (2)
//! number   bits (2), bytes
//! ```

use super::Log;
use super::cipher::Cipher;
use super::packet::{self, Packets, Reader};
use super::s2k::S2k;
use crate::digests::Hash;
use crate::{Error, Result};

pub const RSA: u8 = 1;
pub const RSA_ENCRYPT: u8 = 2;
const RSA_SIGN: u8 = 3;
pub const ELGAMAL: u8 = 16;
const DSA: u8 = 17;

/// A number as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mpi {
    pub bits: u16,
    pub bytes: Vec<u8>,
}

impl Mpi {
    pub fn read(from: &mut Reader<'_>) -> Result<Mpi> {
        let bits = from.fixed(2)?;
        let bits = u16::from_be_bytes([bits[0], bits[1]]);
        let bytes = from.fixed(usize::from(bits).div_ceil(8))?.to_vec();
        Ok(Mpi { bits, bytes })
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bits.to_be_bytes());
        out.extend_from_slice(&self.bytes);
    }
}

/// A key that a message can be encrypted for, or decrypted with if it has secret numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub algorithm: u8,
    /// RSA: n, e. Elgamal: p, g, y. DSA: p, q, g, y.
    pub numbers: Vec<Mpi>,
    /// RSA: d, p, q, u. Elgamal and DSA: x.
    pub secret: Vec<Mpi>,
    pub id: [u8; 8],
}

impl PublicKey {
    /// The public part of a key's packet.
    pub fn read(fields: &mut Reader<'_>, log: &mut Log) -> Result<PublicKey> {
        let whole = fields.0;
        if fields.byte()? != 4 {
            return Err(Error::NotV4Key);
        }
        fields.fixed(4)?;
        let algorithm = fields.byte()?;
        let count = match algorithm {
            RSA | RSA_ENCRYPT | RSA_SIGN => 2,
            ELGAMAL => 3,
            DSA => 4,
            _ => {
                log.say(|| format!("unknown public algo: {algorithm}"));
                return Err(Error::UnknownPublicAlgorithm);
            }
        };
        let numbers = (0..count).map(|_| Mpi::read(fields)).collect::<Result<_>>()?;
        let read = &whole[..whole.len() - fields.0.len()];
        let mut hashed = vec![0x99];
        hashed.extend_from_slice(&(read.len() as u16).to_be_bytes());
        hashed.extend_from_slice(read);
        let mut id = [0; 8];
        id.copy_from_slice(&Hash::Sha1.digest(&hashed)[12..]);
        Ok(PublicKey { algorithm, numbers, secret: Vec::new(), id })
    }

    pub fn encrypts(&self) -> bool {
        matches!(self.algorithm, RSA | RSA_ENCRYPT | ELGAMAL)
    }

    /// The whole of a secret key's packet.
    fn read_with_secret(body: &[u8], password: Option<&[u8]>, log: &mut Log) -> Result<PublicKey> {
        let mut fields = Reader(body);
        let mut key = PublicKey::read(&mut fields, log)?;
        let hidden = fields.byte()?;
        let plain = match hidden {
            0 => fields.0.to_vec(),
            254 | 255 => revealed(&mut fields, password.ok_or(Error::NeedSecretPassword)?)?,
            _ => {
                log.say(|| "unknown hide type".to_owned());
                return Err(Error::CorruptKey);
            }
        };
        let mut fields = Reader(&plain);
        let count = if matches!(key.algorithm, ELGAMAL | DSA) { 1 } else { 4 };
        key.secret = (0..count).map(|_| Mpi::read(&mut fields)).collect::<Result<_>>()?;
        let read = &plain[..plain.len() - fields.0.len()];
        if hidden == 254 {
            if fields.fixed(20)? != Hash::Sha1.digest(read) {
                log.say(|| "key sha1 check failed".to_owned());
                return Err(Error::CorruptKey);
            }
        } else if fields.fixed(2)? != sum(read).to_be_bytes() {
            log.say(|| "key cksum check failed".to_owned());
            return Err(Error::CorruptKey);
        }
        fields.end(log)?;
        Ok(key)
    }
}

/// The sum of bytes.
pub fn sum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, byte| sum.wrapping_add(u16::from(*byte)))
}

/// Decrypts what a password hides.
fn revealed(fields: &mut Reader<'_>, password: &[u8]) -> Result<Vec<u8>> {
    let number = fields.byte()?;
    let s2k = S2k::read(fields)?;
    let cipher = Cipher::of_number(number).ok_or(Error::UnsupportedCipher)?;
    let key = s2k.key(cipher, password)?;
    let iv = fields.fixed(cipher.block_bytes())?;
    cipher.cfb(&key, iv, fields.0, false)
}

/// The key to encrypt for, of a public key's bytes.
pub fn read_public(bytes: &[u8], log: &mut Log) -> Result<PublicKey> {
    read(bytes, log, |tag, body, log| match tag {
        packet::PUBLIC_SUBKEY => PublicKey::read(&mut Reader(body), log),
        _ => Err(Error::ExpectPublicKey),
    })
}

/// The key to decrypt with, of a secret key's bytes and its password, if it has one.
pub fn read_secret(bytes: &[u8], password: Option<&[u8]>, log: &mut Log) -> Result<PublicKey> {
    read(bytes, log, |tag, body, log| match tag {
        packet::SECRET_SUBKEY => PublicKey::read_with_secret(body, password, log),
        _ => Err(Error::ExpectSecretKey),
    })
}

/// Finds the one subkey that encrypts.
fn read(
    bytes: &[u8],
    log: &mut Log,
    subkey: impl Fn(u8, &[u8], &mut Log) -> Result<PublicKey>,
) -> Result<PublicKey> {
    let mut packets = Packets::new(bytes);
    let (mut found, mut has_main) = (None, false);
    while let Some(packet) = packets.next(log)? {
        match packet.tag {
            packet::PUBLIC_KEY | packet::SECRET_KEY if has_main => return Err(Error::MultipleKeys),
            packet::PUBLIC_KEY | packet::SECRET_KEY => has_main = true,
            packet::PUBLIC_SUBKEY | packet::SECRET_SUBKEY => {
                let key = subkey(packet.tag, &packet.body, log)?;
                if key.encrypts() && found.replace(key).is_some() {
                    return Err(Error::MultipleSubkeys);
                }
            }
            tag if packet::is_beside_keys(tag) => {}
            tag => {
                log.say(|| format!("unknown/unexpected packet: {tag}"));
                return Err(Error::UnexpectedPacket);
            }
        }
    }
    found.ok_or(Error::NoUsableKey)
}
