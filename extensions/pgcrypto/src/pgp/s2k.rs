//! S2K: how a password becomes a key.

use super::cipher::{Cipher, digest_number, digest_of_number};
use super::packet::Reader;
use crate::digests::Hash;
use crate::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Simple,
    Salted,
    Iterated,
}

impl Mode {
    pub fn of_number(number: i64) -> Option<Mode> {
        Some(match number {
            0 => Mode::Simple,
            1 => Mode::Salted,
            3 => Mode::Iterated,
            _ => return None,
        })
    }

    pub fn number(self) -> u8 {
        match self {
            Mode::Simple => 0,
            Mode::Salted => 1,
            Mode::Iterated => 3,
        }
    }
}

/// `mode, digest, salt (8), count`, the last two where the mode has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S2k {
    pub mode: Mode,
    /// The digest's number.
    pub digest: u8,
    pub salt: [u8; 8],
    pub count: u8,
}

impl S2k {
    /// A new one. `count`: so many bytes are hashed, or a few more; none is a number of its
    /// own for each message, 65,536 to 253,952.
    pub fn new(mode: Mode, hash: Hash, count: Option<u32>, random: &dyn Fn(&mut [u8])) -> S2k {
        let (mut salt, mut any) = ([0; 8], [0; 1]);
        random(&mut salt);
        random(&mut any);
        let count = match count {
            None => 96 + any[0] % 32,
            Some(wanted) => (0..=255).find(|code| decoded(*code) >= wanted).unwrap_or(255),
        };
        S2k { mode, digest: digest_number(hash), salt, count }
    }

    pub fn read(from: &mut Reader<'_>) -> Result<S2k> {
        let (mode, digest) = (from.byte()?, from.byte()?);
        let mode = Mode::of_number(mode.into()).ok_or(Error::BadS2kMode)?;
        let mut salt = [0; 8];
        if mode != Mode::Simple {
            salt.copy_from_slice(from.fixed(8)?);
        }
        let count = if mode == Mode::Iterated { from.byte()? } else { 0 };
        Ok(S2k { mode, digest, salt, count })
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.mode.number(), self.digest]);
        if self.mode != Mode::Simple {
            out.extend(self.salt);
        }
        if self.mode == Mode::Iterated {
            out.push(self.count);
        }
    }

    /// Bytes hashed, at least.
    pub fn bytes(&self) -> u32 {
        decoded(self.count)
    }

    /// The key of a cipher.
    pub fn key(&self, cipher: Cipher, password: &[u8]) -> Result<Vec<u8>> {
        let hash = digest_of_number(self.digest)?;
        let unit = match self.mode {
            Mode::Simple => password.to_vec(),
            _ => [&self.salt[..], password].concat(),
        };
        let total = match self.mode {
            Mode::Iterated => (self.bytes() as usize).max(unit.len()),
            _ => unit.len(),
        };
        let mut key = Vec::new();
        let mut zeros = 0;
        while key.len() < cipher.key_bytes() {
            let mut hasher = hash.hasher();
            hasher.update(&vec![0; zeros]);
            let mut left = total;
            while left > 0 {
                let part = left.min(unit.len());
                hasher.update(&unit[..part]);
                left -= part;
            }
            key.extend(hasher.finalize());
            zeros += 1;
        }
        key.truncate(cipher.key_bytes());
        Ok(key)
    }
}

fn decoded(code: u8) -> u32 {
    (16 + u32::from(code & 15)) << (u32::from(code >> 4) + 6)
}
