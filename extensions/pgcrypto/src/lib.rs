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
    Illegal,
    UnsupportedCipher,
    UnsupportedHash,
    UnsupportedCompression,
    NotText,
    UnexpectedPacket,
    MathFailed,
    SessionKeyTooBig,
    UnknownPublicAlgorithm,
    WrongKey,
    MultipleKeys,
    ExpectPublicKey,
    ExpectSecretKey,
    NotV4Key,
    CorruptKey,
    NoUsableKey,
    NeedSecretPassword,
    BadS2kMode,
    MultipleSubkeys,
    Bug,
    /// No hash, and no reason.
    NullHash,
    /// One that pgcrypto has no words for.
    Other,
    /// Of this library: data that would become larger than [`pgp::INFLATED_BYTES_MAX`].
    TooLarge,
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
            Error::Illegal => "Illegal argument to function",
            Error::UnsupportedCipher => "Unsupported cipher algorithm",
            Error::UnsupportedHash => "Unsupported digest algorithm",
            Error::UnsupportedCompression => "Unsupported compression algorithm",
            Error::NotText => "Not text data",
            Error::UnexpectedPacket => "Unexpected packet in key data",
            Error::MathFailed => "Math operation failed",
            Error::SessionKeyTooBig => "Session key too big",
            Error::UnknownPublicAlgorithm => "Unknown public-key encryption algorithm",
            Error::WrongKey => "Wrong key",
            Error::MultipleKeys => "Several keys given - pgcrypto does not handle keyring",
            Error::ExpectPublicKey => "Refusing to encrypt with secret key",
            Error::ExpectSecretKey => "Cannot decrypt with public key",
            Error::NotV4Key => "Only V4 key packets are supported",
            Error::CorruptKey => "Corrupt key packet",
            Error::NoUsableKey => "No encryption key found",
            Error::NeedSecretPassword => "Need password for secret key",
            Error::BadS2kMode => "Bad S2K mode",
            Error::MultipleSubkeys => "Several subkeys not supported",
            Error::NullHash => "crypt(3) returned NULL",
            Error::Bug => "pgcrypto bug",
            Error::Other => "Bad error code",
            Error::TooLarge => "decompressed data is too large",
            Error::Cancelled => "Cancelled",
            Error::Unsupported(what) => what,
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;
