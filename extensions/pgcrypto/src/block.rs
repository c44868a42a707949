//! Raw encryption: `encrypt(data, key, 'aes-cbc/pad:pkcs')`.
//!
//! A type is a cipher, `-cbc` (by default) or `-ecb`, and `/pad:pkcs` (by default) or
//! `/pad:none`. Keys and initialisation vectors that are too short are filled with zeros,
//! those that are too long are cut.

use cipher::block_padding::{NoPadding, Pkcs7};
use cipher::generic_array::GenericArray;
use cipher::{
    BlockCipher, BlockDecryptMut, BlockEncryptMut, BlockSizeUser, InnerIvInit, KeyInit, KeySizeUser,
};

use crate::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Aes,
    Blowfish,
    Des,
    TripleDes,
    Cast5,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Cbc,
    Ecb,
}

/// A cipher, its mode and its padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    algorithm: Algorithm,
    mode: Mode,
    pads: bool,
}

impl Scheme {
    pub fn named(text: &str) -> Result<Scheme> {
        let lower = text.to_ascii_lowercase();
        let (name, options) = match lower.split_once('/') {
            Some((name, options)) => (name, Some(options)),
            None => (lower.as_str(), None),
        };
        let mut pads = true;
        for option in options.into_iter().flat_map(|options| options.split('/')) {
            match option.split_once(':').ok_or(Error::BadFormat)? {
                ("pad", "pkcs") => pads = true,
                ("pad", "none") => pads = false,
                ("pad", _) => return Err(Error::NoCipher),
                _ => return Err(Error::BadOption),
            }
        }
        let (algorithm, mode) = match name {
            "aes" | "aes-cbc" | "rijndael" | "rijndael-cbc" => (Algorithm::Aes, Mode::Cbc),
            "aes-ecb" | "rijndael-ecb" => (Algorithm::Aes, Mode::Ecb),
            "bf" | "bf-cbc" | "blowfish" | "blowfish-cbc" => (Algorithm::Blowfish, Mode::Cbc),
            "bf-ecb" | "blowfish-ecb" => (Algorithm::Blowfish, Mode::Ecb),
            "des" | "des-cbc" => (Algorithm::Des, Mode::Cbc),
            "des-ecb" => (Algorithm::Des, Mode::Ecb),
            "3des" | "des3" | "3des-cbc" | "des3-cbc" => (Algorithm::TripleDes, Mode::Cbc),
            "3des-ecb" | "des3-ecb" => (Algorithm::TripleDes, Mode::Ecb),
            "cast5" | "cast5-cbc" => (Algorithm::Cast5, Mode::Cbc),
            "cast5-ecb" => (Algorithm::Cast5, Mode::Ecb),
            _ => return Err(Error::NoCipher),
        };
        Ok(Scheme { algorithm, mode, pads })
    }

    pub fn encrypt(self, data: &[u8], key: &[u8], iv: &[u8]) -> Result<Vec<u8>> {
        self.run(data, key, iv, true)
    }

    pub fn decrypt(self, data: &[u8], key: &[u8], iv: &[u8]) -> Result<Vec<u8>> {
        self.run(data, key, iv, false)
    }

    fn run(self, data: &[u8], key: &[u8], iv: &[u8], encrypts: bool) -> Result<Vec<u8>> {
        let work = Work { scheme: self, data, iv, encrypts };
        match self.algorithm {
            Algorithm::Aes => match key.len() {
                0..=16 => work.with::<aes::Aes128>(&fitted(key, 16)),
                17..=24 => work.with::<aes::Aes192>(&fitted(key, 24)),
                _ => work.with::<aes::Aes256>(&fitted(key, 32)),
            },
            // Keys shorter than four bytes are repeated, as they are used anyway.
            Algorithm::Blowfish => {
                let key = &key[..key.len().min(56)];
                let whole = if key.is_empty() { &[0][..] } else { key };
                work.with::<blowfish::Blowfish>(&whole.repeat(4usize.div_ceil(whole.len())))
            }
            Algorithm::Des => work.with::<des::Des>(&fitted(key, 8)),
            Algorithm::TripleDes => work.with::<des::TdesEde3>(&fitted(key, 24)),
            // Up to ten bytes make fewer rounds.
            Algorithm::Cast5 => work.with::<cast5::Cast5>(&fitted(key, key.len().clamp(5, 16))),
        }
    }
}

fn fitted(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut fitted = bytes[..bytes.len().min(length)].to_vec();
    fitted.resize(length, 0);
    fitted
}

struct Work<'a> {
    scheme: Scheme,
    data: &'a [u8],
    iv: &'a [u8],
    encrypts: bool,
}

impl Work<'_> {
    fn with<C>(self, key: &[u8]) -> Result<Vec<u8>>
    where
        C: BlockCipher
            + KeyInit
            + KeySizeUser
            + BlockSizeUser
            + BlockEncryptMut
            + BlockDecryptMut
            + Clone
            + cipher::BlockEncrypt
            + cipher::BlockDecrypt,
    {
        let cipher = C::new_from_slice(key).map_err(|_| Error::KeyTooBig)?;
        let iv = fitted(self.iv, C::block_size());
        let iv = GenericArray::clone_from_slice(&iv);
        let (data, pads) = (self.data, self.scheme.pads);
        if self.encrypts {
            if !pads && !data.len().is_multiple_of(C::block_size()) {
                return Err(Error::EncryptFailed);
            }
            return Ok(match (self.scheme.mode, pads) {
                (Mode::Cbc, true) => {
                    cbc::Encryptor::inner_iv_init(cipher, &iv).encrypt_padded_vec_mut::<Pkcs7>(data)
                }
                (Mode::Cbc, false) => cbc::Encryptor::inner_iv_init(cipher, &iv)
                    .encrypt_padded_vec_mut::<NoPadding>(data),
                (Mode::Ecb, true) => ecb_encryptor(cipher).encrypt_padded_vec_mut::<Pkcs7>(data),
                (Mode::Ecb, false) => {
                    ecb_encryptor(cipher).encrypt_padded_vec_mut::<NoPadding>(data)
                }
            });
        }
        let failed = |_| Error::DecryptFailed;
        match (self.scheme.mode, pads) {
            (Mode::Cbc, true) => cbc::Decryptor::inner_iv_init(cipher, &iv)
                .decrypt_padded_vec_mut::<Pkcs7>(data)
                .map_err(failed),
            (Mode::Cbc, false) => cbc::Decryptor::inner_iv_init(cipher, &iv)
                .decrypt_padded_vec_mut::<NoPadding>(data)
                .map_err(failed),
            (Mode::Ecb, true) => {
                ecb_decryptor(cipher).decrypt_padded_vec_mut::<Pkcs7>(data).map_err(failed)
            }
            (Mode::Ecb, false) => {
                ecb_decryptor(cipher).decrypt_padded_vec_mut::<NoPadding>(data).map_err(failed)
            }
        }
    }
}

fn ecb_encryptor<C: BlockCipher + BlockEncryptMut>(cipher: C) -> ecb::Encryptor<C> {
    cipher::crypto_common::InnerInit::inner_init(cipher)
}

fn ecb_decryptor<C: BlockCipher + BlockDecryptMut>(cipher: C) -> ecb::Decryptor<C> {
    cipher::crypto_common::InnerInit::inner_init(cipher)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
        (0..text.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn known_answers() {
        let aes = Scheme::named("aes").expect("known");
        let long = aes.encrypt(b"a", &[b'k'; 40], b"").expect("encrypts");
        assert_eq!(long, hex("7bb5d8374f373896f9a86baca07b142f"));
        assert_eq!(aes.decrypt(&long, &[b'k'; 32], b"").expect("decrypts"), b"a");
        assert_eq!(aes.decrypt(&long, b"other", b""), Err(Error::DecryptFailed));
        // Of FIPS 46 and of the Blowfish, CAST5 papers: one block each.
        for (name, key, plain, encrypted) in [
            ("des-ecb/pad:none", "0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"),
            ("bf-ecb/pad:none", "0123456789abcdef", "1111111111111111", "61f9c3802281b096"),
            (
                "cast5-ecb/pad:none",
                "0123456712345678234567893456789a",
                "0123456789abcdef",
                "238b4fe5847e44b2",
            ),
        ] {
            let scheme = Scheme::named(name).expect("known");
            let made = scheme.encrypt(&hex(plain), &hex(key), b"").expect("encrypts");
            assert_eq!(made, hex(encrypted), "{name}");
            assert_eq!(scheme.decrypt(&made, &hex(key), b"").expect("decrypts"), hex(plain));
        }
    }

    #[test]
    fn names_that_are_none() {
        for (name, error) in [
            ("nope", Error::NoCipher),
            ("aes-cbc/foo", Error::BadFormat),
            ("aes-cbc/foo:bar", Error::BadOption),
            ("aes-cbc/pad:bar", Error::NoCipher),
        ] {
            assert_eq!(Scheme::named(name), Err(error));
        }
    }
}
