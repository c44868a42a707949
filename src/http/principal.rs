//! Who asks: a role and the database that it enters.
//!
//! A handler begins with
//! ```text
//! let principal = principal::of(&http, &parts).await?;       401 or 403 unless proved
//! principal.require(Scope::Files)?;                           403 for a key without it
//! let conversation = Conversation::open(&http, &principal, settings).await?;
//! ```
//! and does the rest in the conversation, as the principal's role. Each route requires
//! the one [`Scope`] that it is of; a new area adds a variant.
//!
//! A request names its role by `Authorization: Basic` (or by Neon's connection string),
//! and proves as much as the rules of `auth::login` ask of a client from there: nothing, a
//! password, or a certificate. A password is in clear, so it is taken over TLS or from the
//! machine itself only. Checking one takes the thousands of hashes that it takes to guess
//! one; what was right once is remembered ([`Proofs`]) under a key that changes with the
//! role's verifier.
//!
//! SQL sees what was proved: `zserver.claims`, `zserver.scopes` and `zserver.session` are
//! parameters that only the server sets. `request.jwt.claims` is the same as the first under
//! PostgREST's name; as with PostgREST, whoever may send SQL may set it.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use quick_cache::sync::Cache;
use serde_json::json;
use sha2::Sha256;

use super::Http;
use super::problem::Problem;
use crate::auth::hba::Method;
use crate::auth::login::{self, Applicant, Subject};
use crate::auth::{self, Candidate};
use crate::error::Error;
use crate::pg::{Origin, audit};
use crate::session::Ends;
use crate::sqlstate;

/// The header that names the database; without it, it is the one of the role's name.
pub const DATABASE_HEADER: &str = "zserver-database";

/// The parameter in which policies written for PostgREST look for claims.
pub const CLAIMS: &str = "request.jwt.claims";

/// Passwords remembered at most.
const PROOFS_MAX: usize = 1_024;

/// The other end of a connection.
pub struct Peer {
    pub ends: Ends,
    pub is_encrypted: bool,
    /// Whom its certificate was made out to, which is valid.
    pub subject: Option<Subject>,
    /// Its place among the connections: who holds the peer holds it, too.
    pub _place: Place,
}

/// Given up when it is dropped.
pub type Place = Box<dyn std::any::Any + Send + Sync>;

/// Who asks, proved.
#[derive(Clone, Debug)]
pub struct Principal {
    pub role: String,
    pub database: String,
    pub ends: Ends,
    pub proof: Proof,
    pub scopes: Scopes,
    /// The session that a token belongs to (`auth.sessions`).
    pub session: Option<String>,
    /// What was proved, as a JSON object; a token's claims.
    pub claims: Arc<str>,
}

/// How a principal was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing was asked.
    Trust,
    Password,
    Certificate,
}

impl Proof {
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Trust => "trust",
            Proof::Password => "password",
            Proof::Certificate => "certificate",
        }
    }
}

/// What a route is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Sql,
    Collections,
    Files,
    Jobs,
    Events,
    Admin,
}

impl Scope {
    const ALL: [Scope; 6] =
        [Scope::Sql, Scope::Collections, Scope::Files, Scope::Jobs, Scope::Events, Scope::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Sql => "sql",
            Scope::Collections => "collections",
            Scope::Files => "files",
            Scope::Jobs => "jobs",
            Scope::Events => "events",
            Scope::Admin => "admin",
        }
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    pub fn all() -> Scopes {
        Scopes(Scope::ALL.iter().fold(0, |set, scope| set | (1 << *scope as u32)))
    }

    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    /// Their names, commas between.
    pub fn text(self) -> String {
        let names = Scope::ALL.iter().filter(|scope| self.has(**scope)).map(|scope| scope.as_str());
        names.collect::<Vec<_>>().join(",")
    }
}

impl Principal {
    /// What the session shows of the proof, and its client cannot set.
    pub fn proved(&self) -> Vec<(&'static str, String)> {
        vec![
            ("zserver.claims", self.claims.to_string()),
            ("zserver.scopes", self.scopes.text()),
            ("zserver.session", self.session.clone().unwrap_or_default()),
        ]
    }

    /// `42501` unless the proof is good for what a route is about.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.has(scope) {
            return Ok(());
        }
        let message = format!("the scope \"{}\" is needed", scope.as_str());
        Err(Problem::of(&Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message), ""))
    }
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

/// Who sends a request, proved by what its headers hold.
pub async fn of(http: &Http, parts: &Parts) -> Result<Principal, Problem> {
    let claim = Claim::of(&parts.headers)?;
    let principal = prove(http, &*peer(parts)?, claim).await?;
    tracing::debug!(role = principal.role, proof = principal.proof.as_str(), "a request is proved");
    Ok(principal)
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
    let failed = |error: Error| Problem::of(&error, "");
    let front = &http.front;
    let applicant = Applicant {
        user: &claim.role,
        database: &claim.database,
        addresses: Some((peer.ends.client.ip(), peer.ends.server.ip())),
        is_encrypted: peer.is_encrypted,
        subject: peer.subject.as_ref(),
        system_user: None,
    };
    let rules = front.rules.load_full();
    let catalog = front.database.shared_catalog();
    let require_tls = front.database.config().require_tls;
    let rule = applicant.rule(&rules, &catalog, require_tls).map_err(failed)?;
    if rule.method.asks_password() {
        let candidate = auth::candidate(&catalog, &claim.role, &front.database.mock_key);
        check_password(http, peer, &claim, &candidate).await?;
    }
    applicant.identity(&rules, rule).map_err(failed)?;
    let proof = match rule.method {
        Method::Cert => Proof::Certificate,
        method if method.asks_password() => Proof::Password,
        _ => Proof::Trust,
    };
    Ok(Principal {
        claims: json!({"role": claim.role}).to_string().into(),
        role: claim.role,
        database: claim.database,
        ends: peer.ends,
        proof,
        scopes: Scopes::all(),
        session: None,
    })
}

async fn check_password(
    http: &Http,
    peer: &Peer,
    claim: &Claim,
    candidate: &Candidate,
) -> Result<(), Problem> {
    let failed = |error: Error| Problem::of(&error, "");
    if !peer.is_encrypted && !peer.ends.client.ip().to_canonical().is_loopback() {
        let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
        return Err(failed(Error::fatal(code, "a password is taken over TLS only")));
    }
    let Some(password) = claim.password.as_deref().filter(|text| !text.is_empty()) else {
        return Err(failed(auth::password_failed(&claim.role)));
    };
    if candidate.genuine && http.proofs.holds(&claim.role, password, candidate) {
        return Ok(());
    }
    login::check_password(&claim.role, password, candidate).await.map_err(failed)?;
    http.proofs.remember(&claim.role, password, candidate);
    Ok(())
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
