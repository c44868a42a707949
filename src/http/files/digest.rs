//! Digests that a request names: `Content-Digest` and `Repr-Digest` (RFC 9530), and the
//! checksums of tus.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::digest::DynDigest;
use zserver_pgcrypto::digests::Hash;

use super::super::problem::Problem;

/// Bytes that are counted as they come, and what they should come to.
pub struct Expected {
    name: String,
    wanted: Vec<u8>,
    running: Running,
}

enum Running {
    Digest(Box<dyn DynDigest + Send>),
    Blake3(Box<blake3::Hasher>),
}

/// What tus may name.
pub const TUS_ALGORITHMS: &str = "sha1,sha256,sha512,md5,blake3";

impl Expected {
    fn new(name: &str, algorithm: Option<Hash>, wanted: &str) -> Result<Expected, Problem> {
        let wrong = || Problem::bad_request(&format!("the digest {name} is not in base64"));
        let wanted = STANDARD.decode(wanted.trim()).map_err(|_| wrong())?;
        let running = match algorithm {
            Some(algorithm) => Running::Digest(algorithm.running()),
            None => Running::Blake3(Box::default()),
        };
        Ok(Expected { name: name.to_owned(), wanted, running })
    }

    pub fn update(&mut self, data: &[u8]) {
        match &mut self.running {
            Running::Digest(digest) => digest.update(data),
            Running::Blake3(hasher) => {
                hasher.update(data);
            }
        }
    }

    /// The algorithm's name, if what came is something else.
    pub fn differs(self) -> Option<String> {
        let found = match self.running {
            Running::Digest(digest) => digest.finalize().to_vec(),
            Running::Blake3(hasher) => hasher.finalize().as_bytes().to_vec(),
        };
        (found != self.wanted).then_some(self.name)
    }
}

/// Those of `Content-Digest` and `Repr-Digest`: `sha-256=:…:, sha-512=:…:`. A request with
/// digests has one that is known: none is taken and not compared.
pub fn of_headers(headers: &HeaderMap) -> Result<Vec<Expected>, Problem> {
    let mut found = Vec::new();
    for name in ["content-digest", "repr-digest"] {
        for value in headers.get_all(name) {
            let wrong = || Problem::bad_request(&format!("{name} cannot be read"));
            let text = value.to_str().map_err(|_| wrong())?;
            let before = found.len();
            for member in text.split(',') {
                let (key, value) = member.split_once('=').ok_or_else(wrong)?;
                let value = value.trim().strip_prefix(':').and_then(|v| v.strip_suffix(':'));
                let value = value.ok_or_else(wrong)?;
                let algorithm = match key.trim() {
                    "sha-256" => Hash::Sha256,
                    "sha-512" => Hash::Sha512,
                    _ => continue,
                };
                found.push(Expected::new(key.trim(), Some(algorithm), value)?);
            }
            if found.len() == before {
                let message = format!("{name} has neither sha-256 nor sha-512");
                return Err(Problem::bad_request(&message));
            }
        }
    }
    Ok(found)
}

/// `Upload-Checksum: sha1 …`
pub fn of_tus(headers: &HeaderMap) -> Result<Option<Expected>, Problem> {
    let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let (name, wanted) = text
        .split_once(' ')
        .ok_or_else(|| Problem::bad_request("Upload-Checksum is an algorithm and its value"))?;
    let algorithm = match name {
        "sha1" => Some(Hash::Sha1),
        "sha256" => Some(Hash::Sha256),
        "sha512" => Some(Hash::Sha512),
        "md5" => Some(Hash::Md5),
        "blake3" => None,
        _ => {
            return Err(Problem::bad_request(&format!(
                "the checksum algorithm \"{name}\" is not known"
            )));
        }
    };
    Expected::new(name, algorithm, wanted).map(Some)
}
