//! Keys of signatures: ours, which we make and sign with, and those of others, which we
//! only verify with.
//!
//! | algorithm | key | ours | others' |
//! |---|---|---|---|
//! | `EdDSA` | Ed25519 | yes | yes |
//! | `ES256` | P-256 | yes | yes |
//! | `RS256` | RSA, 2048 to 8192 bits | no | yes |
//!
//! A private key is kept as PKCS #8, a public one as a JWK.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, EncodingKey, crypto};
use serde_json::{Value, json};

/// PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410).
const ED25519_HEAD: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// PKCS #8 of a P-256 key without its public part, up to its 32 bytes (RFC 5915).
const P256_HEAD: &[u8] = &[
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01,
    0x01, 0x04, 0x20,
];

/// Bytes of the modulus of an RSA key.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// A random number is no key of P-256 once in 2³² times.
const TRIES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
}

impl Algorithm {
    pub fn named(name: &str) -> Option<Algorithm> {
        match name {
            "EdDSA" => Some(Algorithm::EdDsa),
            "ES256" => Some(Algorithm::Es256),
            "RS256" => Some(Algorithm::Rs256),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Es256 => "ES256",
            Algorithm::Rs256 => "RS256",
        }
    }

    fn known(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// A key to sign with. Not to be shown: it has no `Debug`.
pub struct PrivateKey {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl PrivateKey {
    /// A new one; none for an algorithm that is not ours.
    pub fn generate(algorithm: Algorithm) -> Option<PrivateKey> {
        let head = match algorithm {
            Algorithm::EdDsa => ED25519_HEAD,
            Algorithm::Es256 => P256_HEAD,
            Algorithm::Rs256 => return None,
        };
        let attempt = |_| {
            let der = [head, &rand::random::<[u8; 32]>()].concat();
            let key = PrivateKey::of_der(algorithm, &der)?;
            key.public_jwk("").is_some().then_some(key)
        };
        (0..TRIES).find_map(attempt)
    }

    pub fn of_der(algorithm: Algorithm, der: &[u8]) -> Option<PrivateKey> {
        let key = match algorithm {
            Algorithm::EdDsa => EncodingKey::from_ed_der(der),
            Algorithm::Es256 => EncodingKey::from_ec_der(der),
            Algorithm::Rs256 => return None,
        };
        Some(PrivateKey { algorithm, key })
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn der(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// What others verify with.
    pub fn public_jwk(&self, kid: &str) -> Option<Value> {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm.known()).ok()?;
        let mut jwk = serde_json::to_value(jwk).ok()?;
        let members = jwk.as_object_mut()?;
        members.insert("kid".to_owned(), json!(kid));
        members.insert("alg".to_owned(), json!(self.algorithm.as_str()));
        members.insert("use".to_owned(), json!("sig"));
        Some(jwk)
    }

    /// A signature in base64url.
    pub fn sign(&self, message: &[u8]) -> Option<String> {
        crypto::sign(message, &self.key, self.algorithm.known()).ok()
    }
}

/// A key to verify with.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl PublicKey {
    /// Reads a JWK; none for one that is not for signatures, or of a kind or size that is not
    /// taken.
    pub fn of_jwk(jwk: &Value) -> Option<PublicKey> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        if text("use").is_some_and(|used| used != "sig") {
            return None;
        }
        let operations = jwk.get("key_ops").and_then(Value::as_array);
        if operations.is_some_and(|all| !all.iter().any(|one| one == "verify")) {
            return None;
        }
        let (algorithm, key) = match (text("kty")?, text("crv")) {
            ("OKP", Some("Ed25519")) => {
                let key = bytes("x").filter(|x| x.len() == 32)?;
                (Algorithm::EdDsa, DecodingKey::from_ed_der(&key))
            }
            ("EC", Some("P-256")) => {
                let key = DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?;
                (Algorithm::Es256, key)
            }
            ("RSA", _) => {
                let (modulus, exponent) = (bytes("n")?, bytes("e")?);
                let size = modulus.iter().skip_while(|byte| **byte == 0).count();
                if !RSA_BYTES.contains(&size) {
                    return None;
                }
                (Algorithm::Rs256, DecodingKey::from_rsa_raw_components(&modulus, &exponent))
            }
            _ => return None,
        };
        let fits = text("alg").is_none_or(|named| named == algorithm.as_str());
        fits.then_some(PublicKey { algorithm, key })
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether a signature in base64url is one of the message by this key.
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        crypto::verify(signature, message, &self.key, self.algorithm.known()).unwrap_or(false)
    }
}

/// The keys of a JWKS that can be used, with their names; at most `max`.
pub fn keys_of(jwks: &Value, max: usize) -> Vec<(Option<String>, PublicKey)> {
    let keys = jwks.get("keys").and_then(Value::as_array).into_iter().flatten();
    let key = |jwk: &Value| {
        let kid = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        Some((kid, PublicKey::of_jwk(jwk)?))
    };
    keys.take(max).filter_map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_and_its_public_part_verifies() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let again = PrivateKey::of_der(algorithm, key.der()).unwrap();
            let jwk = again.public_jwk("k").unwrap();
            assert_eq!((&jwk["kid"], &jwk["alg"]), (&json!("k"), &json!(algorithm.as_str())));
            assert!(jwk.get("d").is_none());
            let public = PublicKey::of_jwk(&jwk).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(public.verifies(b"message", &signature));
            assert!(!public.verifies(b"massage", &signature));
            assert!(!public.verifies(b"message", "AAAA"));
            assert!(!public.verifies(b"message", "%"));
        }
        assert!(PrivateKey::generate(Algorithm::Rs256).is_none());
    }

    /// RFC 8037, appendix A.4.
    #[test]
    fn a_signature_of_the_rfc_is_verified() {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert!(PublicKey::of_jwk(&jwk).unwrap().verifies(signed, signature));
    }

    /// Made by OpenSSL.
    #[test]
    fn a_signature_by_rsa_is_verified() {
        let modulus = "ybk6zmZuC-YiUp98-jZJZ4GM58EOfyYgXVIylEntY0iASrhFKcm4Zj30AUO1s8GUcBKDA0KFNmKTn6yVeH-AZFT3Yr5WFxtpgRAQ7kT_di3Rh6vrru8yK33EUsEoibby3TSj5HLwKyG1Ic2jQUUKyceuO25sLCx1DEKnyh8L58r1G74MxkPXEbbP6U8_oTv8eGiVCItdktTKKBapG1826g076sZTu0lI7kgaoOX4ymwacZjMgnZo922jAVu_bWDC4gZr0ue7GOXLdf92zTMWtuotXSH1KT9rPZAQ20MVQbPO2sau8YdWdDpvtS-Jq-8V25ScwoGFAKTiMn2gibL7XQ";
        let signature = "RQ3N5witqLaqWXAOrs3VWwop2hz8fLosZohBDYmTT9FCIcOzNOW56BwTx6rDKdqo3gbSIKV1xGve0QMjvPSN571OBEqrRLSRk5QQvXqAxtu4o-Jkcy0jckJojzRKaSN5imZksr7fpuSeAxiTKdXRD1FzA8EKA5d-ujqywEufzgTXz_agS1Ul-ECDsJ9fn61ne1u6yMMLNlU7podoS6BEGLY2pnpnClO1d6-28kVcfcJSXoPCCHzfSHaB8t0fds3kLpj7qhZ2HgcShm6MAoFzkUM0b64z1wzodIUTyXwSDBGVCJ5vmf9Lu-KamFmn19Z_BhiocYRZqasyk4upP8b4xw";
        let jwk = json!({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "use": "sig"});
        let key = PublicKey::of_jwk(&jwk).unwrap();
        assert_eq!(key.algorithm().as_str(), "RS256");
        assert!(key.verifies(b"signed by RS256", signature));
        assert!(!key.verifies(b"signed by RS257", signature));
    }

    #[test]
    fn keys_that_are_not_for_this_are_left_out() {
        let good = PrivateKey::generate(Algorithm::EdDsa).unwrap().public_jwk("a").unwrap();
        let changed = |name: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[name] = value;
            jwk
        };
        let small = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let jwks = json!({"keys": [
            good,
            changed("use", json!("enc")),
            changed("key_ops", json!(["sign"])),
            changed("alg", json!("ES256")),
            changed("x", json!("AAAA")),
            changed("crv", json!("X25519")),
            {"kty": "oct", "k": "AAAA"},
            {"kty": "RSA", "n": small, "e": "AQAB"},
            17,
        ]});
        let names: Vec<_> = keys_of(&jwks, 100).into_iter().map(|(kid, _)| kid).collect();
        assert_eq!(names, [Some("a".to_owned())]);
        assert!(keys_of(&json!({"keys": 1}), 100).is_empty());
    }
}
