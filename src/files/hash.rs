//! The name of a content.

use std::fmt;
use std::io::Read;
use std::path::Path;

use super::failed;
use crate::error::Result;

/// BLAKE3, 256 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// Bytes read at a time.
const PIECE_BYTES: usize = 1 << 20;

impl Hash {
    pub fn of(data: &[u8]) -> Hash {
        Hash(*blake3::hash(data).as_bytes())
    }

    /// 64 hexadecimal digits in lower case.
    pub fn parse(digits: &str) -> Option<Hash> {
        let digits = digits.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Some(Hash(bytes))
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Hash> {
        bytes.try_into().ok().map(Hash)
    }

    /// Of a file's bytes, and how many they are. Blocks.
    pub fn of_file(path: &Path) -> Result<(Hash, u64)> {
        let read_failed = |error: std::io::Error| failed("read", path, &error);
        let mut file = std::fs::File::open(path).map_err(read_failed)?;
        let (mut hasher, mut size) = (blake3::Hasher::new(), 0);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok((Hash(*hasher.finalize().as_bytes()), size)),
                Ok(count) => {
                    hasher.update(&piece[..count]);
                    size += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_failed(error)),
            }
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
