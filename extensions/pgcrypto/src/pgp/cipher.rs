//! Block ciphers and digests by their OpenPGP numbers, and CFB.

use cipher::{BlockEncrypt, BlockSizeUser, KeyInit, generic_array::GenericArray};

use crate::digests::Hash;
use crate::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    TripleDes,
    Cast5,
    Blowfish,
    Aes128,
    Aes192,
    Aes256,
    /// Known by name and number, but there is none.
    Twofish,
}

impl Cipher {
    pub fn named(name: &str) -> Result<Cipher> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "3des" => Cipher::TripleDes,
            "cast5" => Cipher::Cast5,
            "bf" | "blowfish" => Cipher::Blowfish,
            "aes" | "aes128" => Cipher::Aes128,
            "aes192" => Cipher::Aes192,
            "aes256" => Cipher::Aes256,
            "twofish" => Cipher::Twofish,
            _ => return Err(Error::UnsupportedCipher),
        })
    }

    pub fn of_number(number: u8) -> Option<Cipher> {
        Some(match number {
            2 => Cipher::TripleDes,
            3 => Cipher::Cast5,
            4 => Cipher::Blowfish,
            7 => Cipher::Aes128,
            8 => Cipher::Aes192,
            9 => Cipher::Aes256,
            10 => Cipher::Twofish,
            _ => return None,
        })
    }

    pub fn number(self) -> u8 {
        match self {
            Cipher::TripleDes => 2,
            Cipher::Cast5 => 3,
            Cipher::Blowfish => 4,
            Cipher::Aes128 => 7,
            Cipher::Aes192 => 8,
            Cipher::Aes256 => 9,
            Cipher::Twofish => 10,
        }
    }

    pub fn key_bytes(self) -> usize {
        match self {
            Cipher::Cast5 | Cipher::Blowfish | Cipher::Aes128 => 16,
            Cipher::TripleDes | Cipher::Aes192 => 24,
            Cipher::Aes256 | Cipher::Twofish => 32,
        }
    }

    pub fn block_bytes(self) -> usize {
        match self {
            Cipher::TripleDes | Cipher::Cast5 | Cipher::Blowfish => 8,
            _ => 16,
        }
    }

    /// CFB from an initialisation vector of zeros.
    pub fn encrypt(self, key: &[u8], data: &[u8]) -> Result<Vec<u8>> {
        self.cfb(key, &[0; 16], data, true)
    }

    pub fn decrypt(self, key: &[u8], data: &[u8]) -> Result<Vec<u8>> {
        self.cfb(key, &[0; 16], data, false)
    }

    /// CFB from an initialisation vector of a block or more. A key of another length than
    /// the cipher's is filled with zeros; of AES it says which one is meant.
    pub fn cfb(self, key: &[u8], iv: &[u8], data: &[u8], encrypts: bool) -> Result<Vec<u8>> {
        let fitted = |length: usize| {
            let mut key = key.to_vec();
            key.resize(length, 0);
            key
        };
        let run = Run { iv, data, encrypts };
        match (self, key.len()) {
            (_, 33..) => Err(Error::KeyTooBig),
            (Cipher::TripleDes, _) => run.with::<des::TdesEde3>(&fitted(24)),
            (Cipher::Cast5, length) => run.with::<cast5::Cast5>(&fitted(length.clamp(5, 16))),
            (Cipher::Blowfish, length) => run.with::<blowfish::Blowfish>(&fitted(length.max(4))),
            (Cipher::Twofish, _) => Err(Error::UnsupportedCipher),
            (_, 0..=16) => run.with::<aes::Aes128>(&fitted(16)),
            (_, 17..=24) => run.with::<aes::Aes192>(&fitted(24)),
            (_, _) => run.with::<aes::Aes256>(&fitted(32)),
        }
    }
}

struct Run<'a> {
    iv: &'a [u8],
    data: &'a [u8],
    encrypts: bool,
}

impl Run<'_> {
    fn with<C: KeyInit + BlockEncrypt + BlockSizeUser>(self, key: &[u8]) -> Result<Vec<u8>> {
        let cipher = C::new_from_slice(key).map_err(|_| Error::KeyTooBig)?;
        let iv = self.iv.get(..C::block_size()).ok_or(Error::Bug)?;
        let mut feedback = GenericArray::clone_from_slice(iv);
        let mut out = Vec::with_capacity(self.data.len());
        for chunk in self.data.chunks(C::block_size()) {
            let mut mask = feedback.clone();
            cipher.encrypt_block(&mut mask);
            for (at, byte) in chunk.iter().enumerate() {
                let made = byte ^ mask[at];
                feedback[at] = if self.encrypts { made } else { *byte };
                out.push(made);
            }
        }
        Ok(out)
    }
}

/// The digest of a name in the options.
pub fn digest_named(name: &str) -> Result<Hash> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "md5" => Hash::Md5,
        "sha1" | "sha-1" => Hash::Sha1,
        "ripemd160" => Hash::Ripemd160,
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        "sha512" => Hash::Sha512,
        _ => return Err(Error::UnsupportedHash),
    })
}

pub fn digest_of_number(number: u8) -> Result<Hash> {
    Ok(match number {
        1 => Hash::Md5,
        2 => Hash::Sha1,
        3 => Hash::Ripemd160,
        8 => Hash::Sha256,
        9 => Hash::Sha384,
        10 => Hash::Sha512,
        _ => return Err(Error::CorruptData),
    })
}

pub fn digest_number(hash: Hash) -> u8 {
    match hash {
        Hash::Md5 => 1,
        Hash::Ripemd160 => 3,
        Hash::Sha256 => 8,
        Hash::Sha384 => 9,
        Hash::Sha512 => 10,
        _ => 2,
    }
}
