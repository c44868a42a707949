//! Servers of STUN and TURN: which there are, what clients are told of them, whether they
//! answer.
//!
//! ```text
//! rtc_ice_servers = "stun:a:3478, turn:b:3478?transport=udp"
//! rtc_turn_file → secret = "…"             shared with coturn (use-auth-secret)
//! client ◀ username = "1790000000:ada", credential = base64(HMAC-SHA1(secret, username))
//! ```
//! A secret never leaves the server: what a client is told is good for `rtc_turn_ttl`, and
//! says until when itself.
//!
//! TURN over TCP and TLS is for clients: the server's own peers ask over UDP only.

mod check;
mod stun;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zserver_pgcrypto::digests::Hash;

use super::peer::IceServer;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::sqlstate;

pub use check::{Checked, check};

/// The port of STUN and TURN, and with TLS.
const PORT: u16 = 3_478;
const TLS_PORT: u16 = 5_349;

/// What a URL asks of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Stun,
    Stuns,
    Turn,
    Turns,
}

/// RFC 7064 and 7065.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub text: String,
    pub scheme: Scheme,
    pub host: String,
    pub port: u16,
    pub is_tcp: bool,
}

impl Url {
    pub fn parse(text: &str) -> std::result::Result<Url, String> {
        let wrong = || format!("\"{text}\" is not of the form stun:host:port or turn:host:port");
        let (scheme, rest) = text.split_once(':').ok_or_else(wrong)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "stun" => Scheme::Stun,
            "stuns" => Scheme::Stuns,
            "turn" => Scheme::Turn,
            "turns" => Scheme::Turns,
            _ => return Err(wrong()),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_secure = matches!(scheme, Scheme::Stuns | Scheme::Turns);
        let is_tcp = match query {
            "" => is_secure,
            "transport=udp" => false,
            "transport=tcp" => true,
            _ => return Err(format!("\"{query}\" is not a transport, in \"{text}\"")),
        };
        let default = if is_secure { TLS_PORT } else { PORT };
        let (host, port) = split_port(place, default).ok_or_else(wrong)?;
        let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '@', ' ', '#']);
        match is_host(&host) {
            true => Ok(Url { text: text.to_owned(), scheme, host, port, is_tcp }),
            false => Err(wrong()),
        }
    }

    pub fn is_turn(&self) -> bool {
        matches!(self.scheme, Scheme::Turn | Scheme::Turns)
    }
}

/// `host`, `host:port`, `[v6]:port`.
fn split_port(place: &str, default: u16) -> Option<(String, u16)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None => default,
        };
        return Some((host.to_owned(), port));
    }
    match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => Some((host.to_owned(), port.parse().ok()?)),
        _ => Some((place.to_owned(), default)),
    }
}

/// `stun:a:3478, turn:b:3478?transport=tcp`.
pub fn parse(text: &str) -> std::result::Result<Vec<Url>, String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Url::parse).collect()
}

/// How TURN's users prove themselves.
#[derive(Clone, Default)]
pub enum Proof {
    #[default]
    None,
    /// coturn's `use-auth-secret`.
    Secret(String),
    Fixed {
        username: String,
        credential: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofFile {
    secret: Option<String>,
    username: Option<String>,
    credential: Option<String>,
}

impl Proof {
    /// As it is configured: in a file, or in the environment.
    pub fn read(config: &Config) -> Result<Proof> {
        if let Some(path) = &config.rtc_turn_file {
            return Proof::read_file(&config.data_directory.join(path));
        }
        let secret = std::env::var("ZSERVER_RTC_TURN_SECRET").ok();
        Ok(secret.filter(|secret| !secret.is_empty()).map_or(Proof::None, Proof::Secret))
    }

    fn read_file(path: &Path) -> Result<Proof> {
        let wrong = |what: String| {
            let message = format!("\"{}\" has no proof for TURN: {what}", path.display());
            Error::new(sqlstate::CONFIG_FILE_ERROR, message)
                .with_hint("It has secret = \"…\", or username = \"…\" and credential = \"…\".")
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        // What is wrong in it is not shown: it holds secrets.
        let file: ProofFile =
            toml::from_str(&text).map_err(|_| wrong("not as it should".into()))?;
        match (file.secret, file.username, file.credential) {
            (Some(secret), None, None) => Ok(Proof::Secret(secret)),
            (None, Some(username), Some(credential)) => Ok(Proof::Fixed { username, credential }),
            _ => Err(wrong("neither the one nor the other".into())),
        }
    }

    /// The name and the password of somebody, good until then (seconds since 1970).
    pub fn of(&self, whose: &str, expires: u64) -> Option<(String, String)> {
        match self {
            Proof::None => None,
            Proof::Fixed { username, credential } => Some((username.clone(), credential.clone())),
            Proof::Secret(secret) => {
                let username = format!("{expires}:{whose}");
                let mac = Hash::Sha1.hmac(secret.as_bytes(), username.as_bytes());
                Some((username, STANDARD.encode(mac)))
            }
        }
    }
}

/// What somebody is told: the servers, with credentials of one's own. TURN servers without a
/// proof are told as they are.
pub fn servers(urls: &[Url], proof: &Proof, whose: &str, expires: u64) -> Vec<IceServer> {
    let texts = |is_turn: bool| {
        let own = urls.iter().filter(|url| url.is_turn() == is_turn);
        own.map(|url| url.text.clone()).collect::<Vec<_>>()
    };
    let (stun, turn) = (texts(false), texts(true));
    let (username, credential) = proof.of(whose, expires).unzip();
    let stun = IceServer { urls: stun, username: None, credential: None };
    let turn = IceServer { urls: turn, username, credential };
    [stun, turn].into_iter().filter(|server| !server.urls.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_what_is_none_is_named() {
        let url = Url::parse("turn:b.example:5000?transport=tcp").unwrap();
        assert_eq!((url.scheme, url.host.as_str(), url.port), (Scheme::Turn, "b.example", 5000));
        assert!(url.is_tcp && url.is_turn());
        assert_eq!(Url::parse("stun:[2001:db8::1]").unwrap().host, "2001:db8::1");
        assert_eq!(Url::parse("turns:a").unwrap().port, TLS_PORT);
        for wrong in ["", "http://a", "stun:", "stun:a:b", "turn:a?transport=sctp", "stun://a"] {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse("stun:a, turn:b,").unwrap().len(), 2);
    }

    #[test]
    fn credentials_are_what_coturn_computes() {
        // echo -n 1433895918:ada | openssl dgst -sha1 -hmac north -binary | base64
        let proof = Proof::Secret("north".to_owned());
        let (username, credential) = proof.of("ada", 1_433_895_918).unwrap();
        assert_eq!(username, "1433895918:ada");
        assert_eq!(credential, CREDENTIAL);
    }

    const CREDENTIAL: &str = "KJ5PTMBeGkZIwdEVUss3BPdY8wE=";
}
