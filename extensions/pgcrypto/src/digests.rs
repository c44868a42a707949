//! Digests and HMACs by name.

use digest::{Digest, DynDigest, Mac};
use hmac::SimpleHmac;

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
    /// SHA-512 from other values, cut to 224 bits.
    Sha512To224,
    Sha512To256,
    Sha3To224,
    Sha3To256,
    Sha3To384,
    Sha3To512,
    Blake2b512,
    Blake2s256,
}

/// Computes with the type of an algorithm.
macro_rules! with_type {
    ($hash:expr, $type:ident => $body:expr) => {
        with_type!($hash, $type => $body,
            Md5: md5::Md5, Sha1: sha1::Sha1, Ripemd160: ripemd::Ripemd160,
            Sha224: sha2::Sha224, Sha256: sha2::Sha256, Sha384: sha2::Sha384,
            Sha512: sha2::Sha512, Sha512To224: sha2::Sha512_224, Sha512To256: sha2::Sha512_256,
            Sha3To224: sha3::Sha3_224, Sha3To256: sha3::Sha3_256, Sha3To384: sha3::Sha3_384,
            Sha3To512: sha3::Sha3_512, Blake2b512: blake2::Blake2b512,
            Blake2s256: blake2::Blake2s256)
    };
    ($hash:expr, $type:ident => $body:expr, $($name:ident: $path:ty),+) => {
        match $hash {
            $(Hash::$name => {
                type $type = $path;
                $body
            })+
        }
    };
}

impl Hash {
    /// By a name that OpenSSL knows, in any case: `sha256`, `sha-256`, `sha2-256`.
    pub fn named(name: &str) -> Result<Hash> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "md5" => Hash::Md5,
            "sha1" | "sha-1" => Hash::Sha1,
            "ripemd160" | "rmd160" | "ripemd" | "ripemd-160" => Hash::Ripemd160,
            "sha224" | "sha2-224" | "sha-224" => Hash::Sha224,
            "sha256" | "sha2-256" | "sha-256" => Hash::Sha256,
            "sha384" | "sha2-384" | "sha-384" => Hash::Sha384,
            "sha512" | "sha2-512" | "sha-512" => Hash::Sha512,
            "sha512-224" | "sha2-512/224" | "sha-512/224" => Hash::Sha512To224,
            "sha512-256" | "sha2-512/256" | "sha-512/256" => Hash::Sha512To256,
            "sha3-224" => Hash::Sha3To224,
            "sha3-256" => Hash::Sha3To256,
            "sha3-384" => Hash::Sha3To384,
            "sha3-512" => Hash::Sha3To512,
            "blake2b512" | "blake2b-512" => Hash::Blake2b512,
            "blake2s256" | "blake2s-256" => Hash::Blake2s256,
            _ => return Err(Error::NoHash),
        })
    }

    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        with_type!(self, D => D::digest(data).to_vec())
    }

    /// For data in parts.
    pub(crate) fn hasher(self) -> Box<dyn DynDigest> {
        with_type!(self, D => Box::<D>::default())
    }

    /// For data in parts, on any thread.
    pub fn running(self) -> Box<dyn DynDigest + Send> {
        with_type!(self, D => Box::<D>::default())
    }

    pub fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        with_type!(self, D => {
            // Keys of an HMAC may have any length.
            let Ok(mut mac) = <SimpleHmac<D> as Mac>::new_from_slice(key) else { return Vec::new() };
            Mac::update(&mut mac, data);
            Mac::finalize(mac).into_bytes().to_vec()
        })
    }
}
