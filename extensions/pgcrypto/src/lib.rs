//! What the extension pgcrypto computes, over bytes: it knows no SQL.
//!
//! Primitives are RustCrypto's; the formats around them (crypt(3) hashes, ASCII armor,
//! names of algorithms) are here. Errors carry pgcrypto's words.

pub mod armor;
pub mod block;
pub mod crypt;
mod des_crypt;
pub mod digests;
pub mod pgp;

/// Why something cannot be computed, in pgcrypto's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    NoHash,
    NoCipher,
    BadOption,
    BadFormat,
    KeyTooBig,
    EncryptFailed,
    DecryptFailed,
    UnknownSalt,
    BadSaltRounds,
    CorruptArmor,
    CorruptData,
    BadKey,
    Illegal,
    UnsupportedCipher,
    UnsupportedHash,
    Cancelled,
    /// Of this library: pgcrypto can, it cannot.
    Unsupported(&'static str),
}

impl Error {
    pub fn words(self) -> &'static str {
        match self {
            Error::NoHash => "No such hash algorithm",
            Error::NoCipher => "No such cipher algorithm",
            Error::BadOption => "Unknown option",
            Error::BadFormat => "Badly formatted type",
            Error::KeyTooBig => "Key was too big",
            Error::EncryptFailed => "Encryption failed",
            Error::DecryptFailed => "Decryption failed",
            Error::UnknownSalt => "Unknown salt algorithm",
            Error::BadSaltRounds => "Incorrect number of rounds",
            Error::CorruptArmor => "Corrupt ascii-armor",
            Error::CorruptData => "Wrong key or corrupt data",
            Error::BadKey => "Bad key",
            Error::Illegal => "Illegal argument to function",
            Error::UnsupportedCipher => "Unsupported cipher algorithm",
            Error::UnsupportedHash => "Unsupported digest algorithm",
            Error::Cancelled => "Cancelled",
            Error::Unsupported(what) => what,
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;
