//! SCRAM-SHA-256 verifiers in PostgreSQL's format (RFC 5802, RFC 7677).
//!
//! ```text
//! SCRAM-SHA-256$4096:<salt>$<stored key>:<server key>      (base64)
//!
//! SaltedPassword = PBKDF2-HMAC-SHA256(SASLprep(password), salt, iterations)
//! StoredKey      = SHA256(HMAC(SaltedPassword, "Client Key"))
//! ServerKey      = HMAC(SaltedPassword, "Server Key")
//! ```
//!
//! A verifier proves a password without holding it: neither it nor what a
//! client sends is enough to log in elsewhere.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// PostgreSQL's default (`SCRAM_SHA_256_DEFAULT_ITERATIONS`).
pub const ITERATIONS: u32 = 4096;

/// More would let a stored verifier occupy a client for minutes.
const ITERATIONS_MAX: u32 = 10_000_000;

const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
const PREFIX: &str = "SCRAM-SHA-256$";

#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    pub iterations: u32,
    pub salt: Vec<u8>,
    pub stored_key: [u8; KEY_BYTES],
    pub server_key: [u8; KEY_BYTES],
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} iterations)", self.iterations)
    }
}

impl Verifier {
    /// Makes a verifier with a new random salt: `ALTER ROLE … PASSWORD 'text'`.
    pub fn from_password(password: &str) -> Verifier {
        let salt: [u8; SALT_BYTES] = rand::random();
        Verifier::derive(password, &salt, ITERATIONS)
    }

    fn derive(password: &str, salt: &[u8], iterations: u32) -> Verifier {
        // As PostgreSQL: a password that SASLprep refuses is used as it is.
        let prepared = stringprep::saslprep(password).unwrap_or(Cow::Borrowed(password));
        let salted = pbkdf2(prepared.as_bytes(), salt, iterations);
        let client_key = hmac(&salted, b"Client Key");
        Verifier {
            iterations,
            salt: salt.to_vec(),
            stored_key: Sha256::digest(client_key).into(),
            server_key: hmac(&salted, b"Server Key"),
        }
    }

    /// Reads PostgreSQL's text form; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Verifier> {
        let (head, keys) = text.strip_prefix(PREFIX)?.split_once('$')?;
        let (iterations, salt) = head.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let key = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        Some(Verifier {
            iterations: iterations.parse().ok().filter(|n| (1..=ITERATIONS_MAX).contains(n))?,
            salt: STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty())?,
            stored_key: key(stored_key)?,
            server_key: key(server_key)?,
        })
    }

    /// Whether this is the password's verifier.
    pub fn matches(&self, password: &str) -> bool {
        let other = Verifier::derive(password, &self.salt, self.iterations);
        constant_time_equal(&self.stored_key, &other.stored_key)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
        let (salt, stored) = (base64(&self.salt), base64(&self.stored_key));
        write!(f, "{PREFIX}{}:{salt}${stored}:{}", self.iterations, base64(&self.server_key))
    }
}

/// What `CREATE/ALTER ROLE … PASSWORD` stores: a verifier given as one is kept,
/// anything else is a password.
pub fn stored_form(password: &str) -> String {
    match Verifier::parse(password) {
        Some(verifier) => verifier.to_string(),
        None => Verifier::from_password(password).to_string(),
    }
}

/// A verifier for a user that has none. The same user always gets the same
/// salt, so that asking twice does not tell a mock from the real thing.
pub fn mock_verifier(mock_key: &[u8; 32], user: &str) -> Verifier {
    let salt = hmac(mock_key, user.as_bytes());
    Verifier {
        iterations: ITERATIONS,
        salt: salt[..SALT_BYTES].to_vec(),
        stored_key: rand::random(),
        server_key: rand::random(),
    }
}

/// A random password of 24 letters and digits (more than 120 bits).
pub fn generate_password() -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let letter = |_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]);
    (0..24).map(letter).collect()
}

pub fn constant_time_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; KEY_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// One block of PBKDF2 (RFC 8018): the hash is as long as the key.
fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32) -> [u8; KEY_BYTES] {
    let keyed = Hmac::<Sha256>::new_from_slice(password).expect("HMAC takes keys of any length");
    let mut mac = keyed.clone();
    mac.update(salt);
    mac.update(&1u32.to_be_bytes());
    let mut block: [u8; KEY_BYTES] = mac.finalize().into_bytes().into();
    let mut result = block;
    for _ in 1..iterations {
        let mut mac = keyed.clone();
        mac.update(&block);
        block = mac.finalize().into_bytes().into();
        result.iter_mut().zip(block).for_each(|(r, b)| *r ^= b);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by PostgreSQL 15 for the password `secret`.
    const FROM_POSTGRESQL: &str = "SCRAM-SHA-256$4096:Zfb1oLDAw4uQ8eoU+n+JzA==$SjrZidjyGIfTQxb+sWsNCVnXU2Ds+ytjUbW1b+pBSW4=:exur7vvN/756616CQkgFKFQGxILCS7r01jJlrmyrYxA=";

    #[test]
    fn a_verifier_made_by_postgresql_proves_its_password() {
        let verifier = Verifier::parse(FROM_POSTGRESQL).unwrap();
        assert!(verifier.matches("secret"));
        assert!(!verifier.matches("Secret"));
        assert_eq!(verifier.to_string(), FROM_POSTGRESQL);
    }

    #[test]
    fn malformed_verifiers_are_not_verifiers() {
        for text in ["", "SCRAM-SHA-256$", "SCRAM-SHA-256$0:YQ==$YQ==:YQ==", "md5abc", "secret"] {
            assert_eq!(Verifier::parse(text), None, "{text}");
        }
        assert!(Verifier::parse(&FROM_POSTGRESQL[..FROM_POSTGRESQL.len() - 6]).is_none());
    }

    #[test]
    fn a_password_is_stored_as_a_verifier_and_a_verifier_as_itself() {
        let stored = stored_form("pass");
        assert!(Verifier::parse(&stored).unwrap().matches("pass"));
        assert_eq!(stored_form(FROM_POSTGRESQL), FROM_POSTGRESQL);
    }

    #[test]
    fn the_mock_salt_of_a_user_does_not_change() {
        let key = [7; 32];
        assert_eq!(mock_verifier(&key, "x").salt, mock_verifier(&key, "x").salt);
        assert_ne!(mock_verifier(&key, "x").salt, mock_verifier(&key, "y").salt);
    }
}
