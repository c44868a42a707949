//! Digests and HMACs by name.

use digest::{Digest, DynDigest, KeyInit, Mac};
use hmac::Hmac;

use crate::{Error, Result};

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Md5,
    Sha1,
    Ripemd160,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By its name in any case, `sha256` or `sha-256`.
    pub fn named(name: &str) -> Result<Hash> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "md5" => Hash::Md5,
            "sha1" | "sha-1" => Hash::Sha1,
            "ripemd160" | "rmd160" | "ripemd" | "ripemd-160" => Hash::Ripemd160,
            "sha224" | "sha2-224" | "sha-224" => Hash::Sha224,
            "sha256" | "sha2-256" | "sha-256" => Hash::Sha256,
            "sha384" | "sha2-384" | "sha-384" => Hash::Sha384,
            "sha512" | "sha2-512" | "sha-512" => Hash::Sha512,
            _ => return Err(Error::NoHash),
        })
    }

    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Hash::Md5 => md5::Md5::digest(data).to_vec(),
            Hash::Sha1 => sha1::Sha1::digest(data).to_vec(),
            Hash::Ripemd160 => ripemd::Ripemd160::digest(data).to_vec(),
            Hash::Sha224 => sha2::Sha224::digest(data).to_vec(),
            Hash::Sha256 => sha2::Sha256::digest(data).to_vec(),
            Hash::Sha384 => sha2::Sha384::digest(data).to_vec(),
            Hash::Sha512 => sha2::Sha512::digest(data).to_vec(),
        }
    }

    /// For data in parts.
    pub(crate) fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Hash::Md5 => Box::<md5::Md5>::default(),
            Hash::Sha1 => Box::<sha1::Sha1>::default(),
            Hash::Ripemd160 => Box::<ripemd::Ripemd160>::default(),
            Hash::Sha224 => Box::<sha2::Sha224>::default(),
            Hash::Sha256 => Box::<sha2::Sha256>::default(),
            Hash::Sha384 => Box::<sha2::Sha384>::default(),
            Hash::Sha512 => Box::<sha2::Sha512>::default(),
        }
    }

    pub fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        fn of<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
            // Keys of an HMAC may have any length.
            let Ok(mut mac) = <M as Mac>::new_from_slice(key) else { return Vec::new() };
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
        match self {
            Hash::Md5 => of::<Hmac<md5::Md5>>(key, data),
            Hash::Sha1 => of::<Hmac<sha1::Sha1>>(key, data),
            Hash::Ripemd160 => of::<Hmac<ripemd::Ripemd160>>(key, data),
            Hash::Sha224 => of::<Hmac<sha2::Sha224>>(key, data),
            Hash::Sha256 => of::<Hmac<sha2::Sha256>>(key, data),
            Hash::Sha384 => of::<Hmac<sha2::Sha384>>(key, data),
            Hash::Sha512 => of::<Hmac<sha2::Sha512>>(key, data),
        }
    }
}
