//! The library's cryptography, and signatures on one curve more.
//!
//! FFmpeg's WHIP muxer, where it is built with GnuTLS, makes itself a certificate with a key
//! on secp224r1 and signs by ECDSA with SHA-256. The library takes every key that is not on
//! secp384r1 for one on secp256r1, and its provider refuses it by its length. A certificate is
//! known by its fingerprint in the session description; what is asked here is whether who has
//! sent it has its key.
//!
//! The signature of a certificate by itself is not looked at, by nobody who uses DTLS so
//! (RFC 8827).

use std::sync::Arc;

use p224::ecdsa::signature::hazmat::PrehashVerifier;
use p224::ecdsa::{Signature, VerifyingKey};
use rtc::crypto::{
    ActiveKeyExchange, AeadAlgorithm, AeadCipher, BlockCipherAlgorithm, CbcAlgorithm, CbcCipher,
    CryptoAlgorithm, CryptoError, HashAlgorithm, HmacAlgorithm, KeyExchangeAlgorithm, Mac,
    PublicKey, RTCCrypto, RTCCryptoProvider, RTCRandom, SignatureScheme, SigningKey, StreamCipher,
    StreamCipherAlgorithm, default_provider,
};
use sha2::{Digest, Sha256};

/// Bytes of an uncompressed point on secp224r1.
const POINT_BYTES: usize = 1 + 2 * 28;

pub struct Provider {
    base: Arc<dyn RTCCryptoProvider>,
    crypto: Crypto,
}

struct Crypto(Arc<dyn RTCCryptoProvider>);

impl Provider {
    pub fn new() -> Result<Provider, CryptoError> {
        let base = default_provider()?;
        Ok(Provider { crypto: Crypto(base.clone()), base })
    }
}

impl RTCCryptoProvider for Provider {
    fn name(&self) -> &'static str {
        self.base.name()
    }

    fn crypto(&self) -> &dyn RTCCrypto {
        &self.crypto
    }

    fn random(&self) -> &dyn RTCRandom {
        self.base.random()
    }
}

impl RTCCrypto for Crypto {
    fn supports(&self, algorithm: CryptoAlgorithm) -> bool {
        self.0.crypto().supports(algorithm)
    }

    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.0.crypto().hash(algorithm, data)
    }

    fn block_encrypt(
        &self,
        algorithm: BlockCipherAlgorithm,
        key: &[u8],
        block: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.0.crypto().block_encrypt(algorithm, key, block)
    }

    fn new_hmac(&self, algorithm: HmacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        self.0.crypto().new_hmac(algorithm, key)
    }

    fn new_stream_cipher(
        &self,
        algorithm: StreamCipherAlgorithm,
        key: &[u8],
    ) -> Result<Box<dyn StreamCipher>, CryptoError> {
        self.0.crypto().new_stream_cipher(algorithm, key)
    }

    fn new_aead(
        &self,
        algorithm: AeadAlgorithm,
        key: &[u8],
    ) -> Result<Box<dyn AeadCipher>, CryptoError> {
        self.0.crypto().new_aead(algorithm, key)
    }

    fn new_cbc(
        &self,
        algorithm: CbcAlgorithm,
        key: &[u8],
    ) -> Result<Box<dyn CbcCipher>, CryptoError> {
        self.0.crypto().new_cbc(algorithm, key)
    }

    fn start_key_exchange(
        &self,
        algorithm: KeyExchangeAlgorithm,
    ) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        self.0.crypto().start_key_exchange(algorithm)
    }

    fn generate_signing_key(
        &self,
        scheme: SignatureScheme,
    ) -> Result<Arc<dyn SigningKey>, CryptoError> {
        self.0.crypto().generate_signing_key(scheme)
    }

    fn import_signing_key(
        &self,
        scheme: SignatureScheme,
        pkcs8_der: &[u8],
    ) -> Result<Arc<dyn SigningKey>, CryptoError> {
        self.0.crypto().import_signing_key(scheme, pkcs8_der)
    }

    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        public_key: PublicKey<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let is_other = public_key.bytes.len() == POINT_BYTES;
        match scheme {
            SignatureScheme::EcdsaP256Sha256 if is_other => {
                verify_p224(public_key.bytes, message, signature)
            }
            _ => self.0.crypto().verify_signature(scheme, public_key, message, signature),
        }
    }
}

/// ECDSA with SHA-256 on secp224r1: of the hash the first 224 bits are signed (FIPS 186-4, 6.4).
fn verify_p224(point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| CryptoError::InvalidPublicKey)?;
    let signature = Signature::from_der(signature).map_err(|_| CryptoError::InvalidSignature)?;
    key.verify_prehash(&Sha256::digest(message), &signature)
        .map_err(|_| CryptoError::InvalidSignature)
}

#[cfg(test)]
mod tests {
    use rtc::crypto::PublicKeyEncoding;

    use super::*;

    /// `openssl ecparam -name secp224r1 -genkey`, `openssl dgst -sha256 -sign` over "zserver".
    const POINT: &str = "0461d54c4889ccb9381de25d943bc59508f2751b57c1418240579bb7917b65e65ffe0bcc3cdcbef311d3260946d148920ab6986d546f769304";
    const SIGNATURE: &str = "303e021d00bda372e53635c5c4f112ac0fddb69b27d65c8a46f94d6c0f7cf27ebe021d00eabaf8ea258c8309c1c9bb2d8b7be81f922f382413a612168d777af6";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        digits.map(byte).collect()
    }

    fn verified(point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let provider = Provider::new().unwrap();
        let key = PublicKey { encoding: PublicKeyEncoding::EcUncompressedPoint, bytes: point };
        let scheme = SignatureScheme::EcdsaP256Sha256;
        provider.crypto().verify_signature(scheme, key, message, signature)
    }

    #[test]
    fn signatures_on_secp224r1_are_those_of_their_key() {
        let (point, signature) = (bytes(POINT), bytes(SIGNATURE));
        assert!(verified(&point, b"zserver", &signature).is_ok());
        assert!(verified(&point, b"zserves", &signature).is_err());
        let mut other = signature.clone();
        *other.last_mut().unwrap() ^= 1;
        assert!(verified(&point, b"zserver", &other).is_err());
        let mut elsewhere = point.clone();
        elsewhere[1] ^= 1;
        assert!(verified(&elsewhere, b"zserver", &signature).is_err());
        assert!(verified(&point[..56], b"zserver", &signature).is_err());
        assert!(verified(&point, b"zserver", &signature[..9]).is_err());
    }
}
