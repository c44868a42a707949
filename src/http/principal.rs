//! Who asks: a role and the database that it enters.
//!
//! A request names its role by `Authorization: Basic` (or by Neon's connection string),
//! and proves as much as `auth::hba` asks of a client from there: nothing, a password, or
//! a certificate. A password is in clear, so it is taken over TLS or from the machine
//! itself only. Checking one takes the thousands of hashes that it takes to guess one;
//! what was right once is remembered ([`Proofs`]) under a key that changes with the role's
//! verifier.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use quick_cache::sync::Cache;
use sha2::Sha256;

use super::Http;
use super::problem::Problem;
use crate::auth::hba::{Caller, ClientCert, ClientName, Method, Rule, Rules};
use crate::auth::{self, Candidate};
use crate::error::Error;
use crate::pg::{Origin, Subject, audit};
use crate::session::Ends;
use crate::sqlstate;

/// The header that names the database; without it, it is the one of the role's name.
pub const DATABASE_HEADER: &str = "zserver-database";

/// Passwords remembered at most.
const PROOFS_MAX: usize = 1_024;

/// The other end of a connection.
pub struct Peer {
    pub ends: Ends,
    pub is_encrypted: bool,
    /// Whom its certificate was made out to, which is valid.
    pub subject: Option<Subject>,
    /// Its place among the connections: who holds the peer holds it, too.
    pub place: Place,
}

/// Given up when it is dropped.
pub type Place = Box<dyn std::any::Any + Send + Sync>;

/// Who asks, proved.
#[derive(Clone, Debug)]
pub struct Principal {
    pub role: String,
    pub database: String,
    pub ends: Ends,
}

/// What a request says of itself.
pub struct Claim {
    pub role: String,
    pub password: Option<String>,
    pub database: String,
}

impl Claim {
    /// From the `Authorization` header and the one that names the database.
    pub fn of(headers: &HeaderMap) -> Result<Claim, Problem> {
        let unauthorized = || Problem::unauthorized("a role and its password are needed");
        let value = headers.get(header::AUTHORIZATION).ok_or_else(unauthorized)?;
        let text = value.to_str().map_err(|_| unauthorized())?;
        let encoded = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => rest.trim(),
            _ => return Err(Problem::unauthorized("the authorization has to be Basic")),
        };
        let decoded = STANDARD.decode(encoded).ok().and_then(|text| String::from_utf8(text).ok());
        let decoded = decoded.ok_or_else(unauthorized)?;
        let (role, password) = decoded.split_once(':').ok_or_else(unauthorized)?;
        if role.is_empty() {
            return Err(unauthorized());
        }
        let database = match headers.get(DATABASE_HEADER) {
            None => role.to_owned(),
            Some(name) => name
                .to_str()
                .map_err(|_| Problem::bad_request("the name of the database is not text"))?
                .to_owned(),
        };
        Ok(Claim { role: role.to_owned(), password: Some(password.to_owned()), database })
    }
}

/// The peer that a request came from.
pub fn peer(parts: &Parts) -> Result<Arc<Peer>, Problem> {
    parts.extensions.get::<Arc<Peer>>().cloned().ok_or_else(Problem::unavailable)
}

/// Lets a claim be proved by the rule that fits it; the log is told of one that is not.
pub async fn prove(http: &Http, peer: &Peer, claim: Claim) -> Result<Principal, Problem> {
    let proved = judge(http, peer, claim).await;
    proved.inspect_err(|problem| {
        let origin = Origin::Network(peer.ends);
        audit::refused(&origin, problem.text("code"), problem.text("message"));
    })
}

async fn judge(http: &Http, peer: &Peer, claim: Claim) -> Result<Principal, Problem> {
    let front = &http.front;
    let caller = Caller {
        user: &claim.role,
        database: &claim.database,
        addresses: Some((peer.ends.client.ip(), peer.ends.server.ip())),
        is_encrypted: peer.is_encrypted,
    };
    let rules = front.rules.load_full();
    let catalog = front.database.shared_catalog();
    let is_refused = front.database.config().require_tls && !peer.is_encrypted;
    let rule = rules.find(&caller, &catalog).filter(|_| !is_refused);
    let Some(rule) = rule.filter(|rule| rule.method != Method::Reject) else {
        return Err(no_entry(peer, &claim));
    };
    if rule.client_cert.is_some() && peer.subject.is_none() {
        return Err(refusal("connection requires a valid client certificate"));
    }
    match rule.method {
        Method::Trust | Method::Cert => {}
        Method::ScramSha256 | Method::Md5 | Method::Password => {
            let candidate = auth::candidate(&catalog, &claim.role, &front.database.mock_key);
            check_password(http, peer, &claim, &candidate).await?;
        }
        Method::Peer | Method::Reject => return Err(no_entry(peer, &claim)),
    }
    if rule.client_cert == Some(ClientCert::VerifyFull) {
        check_certificate(peer, &claim, &rules, rule)?;
    }
    Ok(Principal { role: claim.role, database: claim.database, ends: peer.ends })
}

fn refusal(message: &str) -> Problem {
    let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
    Problem::of(&Error::fatal(code, message), "")
}

fn no_entry(peer: &Peer, claim: &Claim) -> Problem {
    let encryption = if peer.is_encrypted { "SSL encryption" } else { "no encryption" };
    refusal(&format!(
        "no pg_hba.conf entry for host \"{}\", user \"{}\", database \"{}\", {encryption}",
        peer.ends.client.ip().to_canonical(),
        claim.role,
        claim.database
    ))
}

async fn check_password(
    http: &Http,
    peer: &Peer,
    claim: &Claim,
    candidate: &Candidate,
) -> Result<(), Problem> {
    if !peer.is_encrypted && !peer.ends.client.ip().to_canonical().is_loopback() {
        return Err(refusal("a password is taken over TLS only"));
    }
    let failed = || Problem::of(&auth::password_failed(&claim.role), "");
    let password = claim.password.as_deref().filter(|text| !text.is_empty()).ok_or_else(failed)?;
    if candidate.genuine && http.proofs.holds(&claim.role, password, candidate) {
        return Ok(());
    }
    if candidate.verifier.matches(password) && candidate.genuine {
        http.proofs.remember(&claim.role, password, candidate);
        return Ok(());
    }
    tokio::time::sleep(auth::FAILURE_DELAY).await;
    Err(failed())
}

fn check_certificate(
    peer: &Peer,
    claim: &Claim,
    rules: &Rules,
    rule: &Rule,
) -> Result<(), Problem> {
    let name = peer.subject.as_ref().and_then(|subject| match rule.client_name {
        ClientName::Cn => subject.common_name.clone(),
        ClientName::Dn => Some(subject.distinguished_name.clone()),
    });
    let fits = name
        .filter(|name| !name.is_empty())
        .is_some_and(|name| rules.may_be(rule.map.as_deref(), &name, &claim.role));
    match fits {
        true => Ok(()),
        false => {
            Err(refusal(&format!("certificate authentication failed for user \"{}\"", claim.role)))
        }
    }
}

/// Which passwords were right, as keyed hashes that last as long as the process.
pub struct Proofs {
    key: [u8; 32],
    known: Cache<[u8; 32], ()>,
}

impl Default for Proofs {
    fn default() -> Proofs {
        Proofs { key: rand::random(), known: Cache::new(PROOFS_MAX) }
    }
}

impl Proofs {
    fn holds(&self, role: &str, password: &str, candidate: &Candidate) -> bool {
        self.known.get(&self.mark(role, password, candidate)).is_some()
    }

    fn remember(&self, role: &str, password: &str, candidate: &Candidate) {
        self.known.insert(self.mark(role, password, candidate), ());
    }

    fn mark(&self, role: &str, password: &str, candidate: &Candidate) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key may have any length");
        let verifier = &candidate.verifier;
        let parts: [&[u8]; 4] =
            [role.as_bytes(), &verifier.salt, &verifier.stored_key, password.as_bytes()];
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}
