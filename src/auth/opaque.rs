//! API keys and refresh tokens: secrets that say nothing but where to look.
//!
//! ```text
//! zsk_ 16 characters              48 characters            base64url
//!      database OID, number       secret, CRC-32
//!      4             8            32      4      bytes
//! ```
//! The first sixteen characters are the `id`, which may be shown; the secret is kept only
//! as a SHA-256 hash ([`Vault::hash`]), which is enough for 256 random bits. The checksum
//! lets a reader tell a key from a text that looks like one, without asking anybody.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::vault::Vault;
use crate::sql::types::Oid;

/// Characters of an id.
pub const ID_CHARS: usize = 16;
const ID_BYTES: usize = 12;
const SECRET_BYTES: usize = 32;
const SUM_BYTES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ApiKey,
    RefreshToken,
}

impl Kind {
    pub fn prefix(self) -> &'static str {
        match self {
            Kind::ApiKey => "zsk_",
            Kind::RefreshToken => "zsr_",
        }
    }
}

/// Not to be shown: it has no `Debug`.
pub struct Opaque {
    kind: Kind,
    id: [u8; ID_BYTES],
    secret: [u8; SECRET_BYTES],
}

impl Opaque {
    pub fn new(kind: Kind, database: Oid) -> Opaque {
        let mut id = [0; ID_BYTES];
        id[..4].copy_from_slice(&database.to_be_bytes());
        id[4..].copy_from_slice(&rand::random::<[u8; 8]>());
        Opaque { kind, id, secret: rand::random() }
    }

    /// A new secret under an id that there is.
    pub fn renewed(kind: Kind, id: &str) -> Option<Opaque> {
        let id = URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?;
        Some(Opaque { kind, id, secret: rand::random() })
    }

    /// Reads a text; none where it is not one of these, or was mistyped.
    pub fn read(kind: Kind, text: &str) -> Option<Opaque> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(kind.prefix())?).ok()?;
        let (body, sum) = bytes.split_last_chunk::<SUM_BYTES>()?;
        let (id, secret) = body.split_first_chunk::<ID_BYTES>()?;
        if crc32(&[kind.prefix().as_bytes(), body].concat()).to_be_bytes() != *sum {
            return None;
        }
        Some(Opaque { kind, id: *id, secret: secret.try_into().ok()? })
    }

    pub fn text(&self) -> String {
        let mut bytes = [&self.id[..], &self.secret].concat();
        let sum = crc32(&[self.kind.prefix().as_bytes(), &bytes].concat());
        bytes.extend(sum.to_be_bytes());
        format!("{}{}", self.kind.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }

    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.id)
    }

    pub fn database(&self) -> Oid {
        Oid::from_be_bytes([self.id[0], self.id[1], self.id[2], self.id[3]])
    }

    pub fn hash(&self, vault: &Vault) -> [u8; 32] {
        vault.hash(&self.secret)
    }
}

/// The database that an id names.
pub fn database_of(id: &str) -> Option<Oid> {
    let bytes: [u8; ID_BYTES] = URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?;
    Some(Oid::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// A new id in a database: sixteen characters.
pub fn new_id(database: Oid) -> String {
    Opaque::new(Kind::ApiKey, database).id()
}

/// CRC-32 as in zip files and Ethernet frames.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_secret_is_read_as_it_was_written() {
        let key = Opaque::new(Kind::ApiKey, 16_384);
        let text = key.text();
        assert_eq!(text.len(), 4 + 64);
        assert_eq!(&text[4..20], key.id());
        let read = Opaque::read(Kind::ApiKey, &text).unwrap();
        assert_eq!((read.database(), read.secret), (16_384, key.secret));
        assert_eq!(database_of(&key.id()), Some(16_384));
        assert!(Opaque::read(Kind::RefreshToken, &text).is_none());
        assert!(Opaque::read(Kind::RefreshToken, &text.replace("zsk_", "zsr_")).is_none());
        let renewed = Opaque::renewed(Kind::ApiKey, &key.id()).unwrap();
        assert!(renewed.id() == key.id() && renewed.secret != key.secret);
    }

    #[test]
    fn a_text_that_was_changed_is_none() {
        let text = Opaque::new(Kind::ApiKey, 1).text();
        for at in 4..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert!(Opaque::read(Kind::ApiKey, &changed).is_none(), "{at}");
        }
        for wrong in ["", "zsk_", "zsk_AAAA", "zsk_é", &text[..60], &format!("{text}A")] {
            assert!(Opaque::read(Kind::ApiKey, wrong).is_none(), "{wrong}");
        }
    }
}
