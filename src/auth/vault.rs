//! What a server keeps secret, and what it derives of that for each database.
//!
//! ```text
//! DIR/auth.key           32 random bytes in hexadecimal, for its owner alone
//!   ├─ server            names the server (the issuer of tokens); not secret
//!   └─ database OID ──┬─ audience   names the database; not secret
//!                     └─ seal       encrypts what its tables keep (private keys)
//! ```
//! The file is made when it is first needed. Who copies a database, by a template, a dump
//! or a backup without the file, has copied no token, no API key and no private key that
//! would be good for the copy. Who wants them to outlive the machine keeps the file beside
//! the backups.
//!
//! Sealing is `A256CBC-HS512` (RFC 7518, section 5.2.5): AES-256 in CBC mode, then
//! HMAC-SHA-512 over what it is for, the initialisation vector and the ciphertext.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, Mac};
use parking_lot::Mutex;
use sha2::{Sha256, Sha512};
use zserver_pgcrypto::block::Scheme;

use super::scram::constant_time_equal;
use crate::error::{Error, Result};
use crate::sql::functions::hex;
use crate::sql::types::Oid;
use crate::sqlstate;

const FILE: &str = "auth.key";
const KEY_BYTES: usize = 32;
const IV_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// Where a server's key is; read, or made, when it is first asked for.
pub struct KeyFile {
    path: PathBuf,
    known: Mutex<Option<Arc<[u8; KEY_BYTES]>>>,
}

impl KeyFile {
    pub fn new(data_directory: &Path) -> KeyFile {
        KeyFile { path: data_directory.join(FILE), known: Mutex::new(None) }
    }

    /// What there is of a database.
    pub fn vault(&self, database: Oid) -> Result<Vault> {
        let mut known = self.known.lock();
        let key = match &*known {
            Some(key) => key.clone(),
            None => known.insert(Arc::new(self.read_or_make()?)).clone(),
        };
        Ok(Vault { key, database })
    }

    fn read_or_make(&self) -> Result<[u8; KEY_BYTES]> {
        match fs::read_to_string(&self.path) {
            Ok(text) => self.read(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.make(),
            Err(error) => Err(Error::io(&format!("read file {:?}", self.path), &error)),
        }
    }

    fn read(&self, text: &str) -> Result<[u8; KEY_BYTES]> {
        let wrong = |what: &str| {
            let message = format!("file {:?} cannot be used: {what}", self.path);
            Error::new(sqlstate::CONFIG_FILE_ERROR, message)
        };
        let mode = fs::metadata(&self.path)
            .map_err(|error| Error::io(&format!("read file {:?}", self.path), &error))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(wrong("others than its owner may read it").with_hint("chmod 600"));
        }
        let bytes = from_hex(text.trim()).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| wrong("it does not hold 64 hexadecimal digits"))
    }

    /// Durable before anything depends on it.
    fn make(&self) -> Result<[u8; KEY_BYTES]> {
        let failed =
            |error: std::io::Error| Error::io(&format!("write file {:?}", self.path), &error);
        let key: [u8; KEY_BYTES] = rand::random();
        let new = self.path.with_extension("key.new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .map_err(failed)?;
        file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
        writeln!(file, "{}", hex(&key)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&new, &self.path).map_err(failed)?;
        let directory = self.path.parent().unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        Ok(key)
    }
}

/// The server's key as one database uses it.
#[derive(Clone)]
pub struct Vault {
    key: Arc<[u8; KEY_BYTES]>,
    database: Oid,
}

impl Vault {
    pub fn database(&self) -> Oid {
        self.database
    }

    /// The `iss` of the server's tokens.
    pub fn issuer(&self) -> String {
        let name: [u8; 32] = self.derived::<Hmac<Sha256>, 32>("server", None);
        format!("urn:zserver:{}", hex(&name[..12]))
    }

    /// The `aud` of tokens of the database.
    pub fn audience(&self) -> String {
        format!("{}:{}", self.issuer(), self.database)
    }

    /// A secret's hash as tables keep it: of no use in another database.
    pub fn hash(&self, secret: &[u8]) -> [u8; 32] {
        use sha2::Digest;
        let mut hash = Sha256::new();
        hash.update(self.audience().as_bytes());
        hash.update([0]);
        hash.update(secret);
        hash.finalize().into()
    }

    /// Encrypts what a table keeps; `purpose` has to be the same to open it.
    pub fn seal(&self, plain: &[u8], purpose: &str) -> Result<Vec<u8>> {
        let iv: [u8; IV_BYTES] = rand::random();
        let (encrypted, tag) = seal(&self.sealing_key(), &iv, plain, purpose.as_bytes())?;
        Ok([&iv[..], &encrypted, &tag].concat())
    }

    /// None for what was not sealed here, for this purpose.
    pub fn open(&self, sealed: &[u8], purpose: &str) -> Option<Vec<u8>> {
        let (iv, rest) = sealed.split_at_checked(IV_BYTES)?;
        let (encrypted, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_BYTES)?)?;
        let key = self.sealing_key();
        let expected = tag_of(&key, iv, encrypted, purpose.as_bytes());
        if !constant_time_equal(&expected, tag) {
            return None;
        }
        aes().ok()?.decrypt(encrypted, &key[KEY_BYTES..], iv).ok()
    }

    fn sealing_key(&self) -> [u8; 64] {
        self.derived::<Hmac<Sha512>, 64>("seal", Some(self.database))
    }

    fn derived<M: Mac + hmac::digest::KeyInit, const N: usize>(
        &self,
        purpose: &str,
        database: Option<Oid>,
    ) -> [u8; N] {
        let mut mac = <M as Mac>::new_from_slice(&self.key[..]).expect("HMAC takes any key");
        mac.update(b"zserver auth ");
        mac.update(purpose.as_bytes());
        mac.update(&database.unwrap_or_default().to_be_bytes());
        let mut out = [0; N];
        out.copy_from_slice(&mac.finalize().into_bytes());
        out
    }
}

fn aes() -> Result<Scheme> {
    Scheme::named("aes-cbc/pad:pkcs").map_err(|error| Error::internal(error.words()))
}

fn seal(
    key: &[u8; 64],
    iv: &[u8; IV_BYTES],
    plain: &[u8],
    purpose: &[u8],
) -> Result<(Vec<u8>, [u8; TAG_BYTES])> {
    let encrypted = aes()?.encrypt(plain, &key[KEY_BYTES..], iv);
    let encrypted = encrypted.map_err(|error| Error::internal(error.words()))?;
    let tag = tag_of(key, iv, &encrypted, purpose);
    Ok((encrypted, tag))
}

/// The first half of the key is for the tag, the other encrypts.
fn tag_of(key: &[u8; 64], iv: &[u8], encrypted: &[u8], purpose: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = <Hmac<Sha512> as Mac>::new_from_slice(&key[..KEY_BYTES]).expect("any key");
    for part in [purpose, iv, encrypted] {
        mac.update(part);
    }
    mac.update(&(purpose.len() as u64 * 8).to_be_bytes());
    let whole = mac.finalize().into_bytes();
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&whole[..TAG_BYTES]);
    tag
}

pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7518, appendix B.3.
    #[test]
    fn sealing_is_that_of_the_rfc() {
        let key: [u8; 64] = std::array::from_fn(|at| at as u8);
        let iv: [u8; 16] =
            from_hex("1af38c2dc2b96ffdd86694092341bc04").unwrap().try_into().unwrap();
        let plain = b"A cipher system must not be required to be secret, and it must be able to \
            fall into the hands of the enemy without inconvenience";
        let (encrypted, tag) =
            seal(&key, &iv, plain, b"The second principle of Auguste Kerckhoffs").unwrap();
        assert_eq!(hex(&encrypted[..16]), "4affaaadb78c31c5da4b1b590d10ffbd");
        assert_eq!(hex(&tag), "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5");
    }

    #[test]
    fn what_is_sealed_opens_here_only() {
        let directory = tempfile::tempdir().unwrap();
        let vault = KeyFile::new(directory.path()).vault(5).unwrap();
        let sealed = vault.seal(b"private", "key 1").unwrap();
        assert_eq!(vault.open(&sealed, "key 1").as_deref(), Some(&b"private"[..]));
        assert_eq!(vault.open(&sealed, "key 2"), None);
        assert_eq!(vault.open(&sealed[1..], "key 1"), None);
        assert_eq!(vault.open(b"", "key 1"), None);
        // The file is read again by another process; another database is another place.
        let again = KeyFile::new(directory.path());
        assert!(again.vault(5).unwrap().open(&sealed, "key 1").is_some());
        assert!(again.vault(6).unwrap().open(&sealed, "key 1").is_none());
        assert_ne!(vault.hash(b"x"), again.vault(6).unwrap().hash(b"x"));
        assert_eq!(vault.issuer(), again.vault(6).unwrap().issuer());
    }

    #[test]
    fn a_key_file_that_cannot_be_trusted_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let opened = || KeyFile::new(directory.path()).vault(1).map(|_| ());
        opened().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(opened().unwrap_err().code().as_str(), "F0000");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "00ff", "zz", "é"] {
            fs::write(&path, text).unwrap();
            assert!(opened().is_err(), "{text}");
        }
    }
}
