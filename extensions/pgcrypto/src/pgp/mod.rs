//! OpenPGP messages (RFC 4880), encrypted with a password or for a public key.
//!
//! ```text
//! tag 1   the session key, encrypted for a public key (RSA, Elgamal)      [`public`]
//! tag 3   how the key is made from a password (S2K), perhaps an
//!         encrypted session key
//! tag 18  CFB of:  prefix ─ packets ─ SHA-1 of all before (19)
//! tag 9   the same without the SHA-1, and with CFB begun anew behind the prefix
//!
//! packets: literal data (11), or compressed (8) with literal data within
//! ```
//!
//! As pgcrypto does, a message that ends too early is read as far as it goes unless the
//! SHA-1 guards it, only the first password counts, and a key with one subkey that
//! encrypts is taken for that subkey. Signatures are neither made nor looked at; bzip2 and
//! Twofish are known by name only.

mod cipher;
mod compress;
mod decrypt;
mod encrypt;
mod info;
mod key;
mod options;
mod packet;
mod public;
mod s2k;
#[cfg(test)]
mod tests;

pub use compress::INFLATED_BYTES_MAX;
pub use decrypt::{Decrypted, decrypt};
pub use encrypt::encrypt;
pub use info::key_id;
pub use key::{PublicKey, read_public, read_secret};
pub use options::Options;

/// What opens or closes a message.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    Password(&'a [u8]),
    Public(&'a PublicKey),
}

/// What a caller lends: the randomness of the system, and whether the work is still wanted.
pub struct Caller<'a> {
    pub random: &'a dyn Fn(&mut [u8]),
    pub is_cancelled: &'a dyn Fn() -> bool,
}

/// What the option `debug` shows: why a message was found corrupt.
#[derive(Debug, Default)]
pub struct Log {
    pub(crate) is_wanted: bool,
    pub(crate) lines: Vec<String>,
}

impl Log {
    pub fn new(is_wanted: bool) -> Log {
        Log { is_wanted, lines: Vec::new() }
    }

    pub fn into_lines(self) -> Vec<String> {
        self.lines
    }

    pub(crate) fn say(&mut self, line: impl FnOnce() -> String) {
        if self.is_wanted {
            self.lines.push(format!("dbg: {}", line()));
        }
    }

    /// Says why, and answers that the data is corrupt.
    pub(crate) fn corrupt(&mut self, why: &str) -> crate::Error {
        self.say(|| why.to_owned());
        crate::Error::CorruptData
    }
}
