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
//! SQL sees what was proved: `zserver.claims`, `zserver.scopes`, `zserver.session` and
//! `zserver.subject` are parameters that only the server sets. `request.jwt.claims` is the same as the first under
//! PostgREST's name; as with PostgREST, whoever may send SQL may set it.
//!
//! Tokens and API keys, which prove without a password, are [`super::auth`]'s.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use quick_cache::sync::Cache;
use serde_json::{Value, json};
use sha2::Sha256;

use super::problem::Problem;
use super::{Http, guard};
use crate::auth::hba::Method;
use crate::auth::login::{self, Applicant, Subject};
pub use crate::auth::scope::{Scope, Scopes};
use crate::auth::{self, Candidate};
use crate::catalog::BOOTSTRAP_ROLE;
use crate::error::Error;
use crate::observe::refusal::Reason;
use crate::pg::{Origin, audit};
use crate::session::{Database, Ends};
use crate::sql::functions::hex;
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
    /// The API key that it was proved by (`auth.api_keys`).
    pub key: Option<String>,
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
    /// One of ours.
    Token,
    /// One of an issuer that the database knows.
    ForeignToken,
    ApiKey,
    /// The server itself.
    Server,
    /// A URL that a role has signed (`http::files`).
    SignedUrl,
    /// A token that lets its bearer into a room (`http::rooms`).
    RoomToken,
}

impl Proof {
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Trust => "trust",
            Proof::Password => "password",
            Proof::Certificate => "certificate",
            Proof::Token => "token",
            Proof::ForeignToken => "foreign token",
            Proof::ApiKey => "API key",
            Proof::Server => "server",
            Proof::SignedUrl => "signed url",
            Proof::RoomToken => "room token",
        }
    }
}

impl Principal {
    /// The server itself, as its first superuser.
    pub fn server(http: &Http, database: &str, ends: Ends) -> Result<Principal, Error> {
        let role = first_role(&http.front.database)?;
        Ok(Principal::lent(&role, database, ends, Proof::Server))
    }

    /// A role in a database, which nobody had to prove: the server itself, or who has a URL
    /// that the role has signed.
    pub fn lent(role: &str, database: &str, ends: Ends, proof: Proof) -> Principal {
        Principal {
            role: role.to_owned(),
            database: database.to_owned(),
            ends,
            proof,
            scopes: Scopes::all(),
            session: None,
            key: None,
            claims: json!({"role": role}).to_string().into(),
        }
    }

    /// What the session shows of the proof, and its client cannot set.
    pub fn proved(&self) -> Vec<(&'static str, String)> {
        vec![
            ("zserver.claims", self.claims.to_string()),
            ("zserver.scopes", self.scopes.names().join(",")),
            ("zserver.session", self.session.clone().unwrap_or_default()),
            ("zserver.subject", self.subject()),
        ]
    }

    /// Who it is among those that are the same role: of a foreign token its issuer and
    /// whom that says it is of, as a JSON array, and empty of everybody else.
    pub fn subject(&self) -> String {
        if self.proof != Proof::ForeignToken {
            return String::new();
        }
        let claims: Value = serde_json::from_str(&self.claims).unwrap_or_default();
        match &claims["sub"] {
            Value::String(subject) => json!([claims["iss"], subject]).to_string(),
            // Nobody is named: only the same token is of the same one.
            _ => {
                let mark = hex(blake3::hash(self.claims.as_bytes()).as_bytes());
                json!([claims["iss"], null, mark]).to_string()
            }
        }
    }

    /// `42501` unless the proof is good for what a route is about.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.has(scope) {
            return Ok(());
        }
        let problem = forbidden(&format!("the scope \"{}\" is needed", scope.as_str()));
        Err(problem.refuses(Reason::Scope))
    }
}

/// The name of the first superuser, as which the server itself works.
pub fn first_role(database: &Database) -> Result<String, Error> {
    let catalog = database.shared_catalog();
    let role = catalog.role(BOOTSTRAP_ROLE).ok_or_else(|| Error::internal("the first role"))?;
    Ok(role.name.clone())
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
        let unauthorized =
            || Problem::unauthorized("a role and its password, a token or an API key are needed");
        let value = headers.get(header::AUTHORIZATION).ok_or_else(unauthorized)?;
        let text = value.to_str().map_err(|_| unauthorized())?;
        let encoded = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => rest.trim(),
            _ => return Err(Problem::unauthorized("the authorization has to be Basic or Bearer")),
        };
        let decoded = STANDARD.decode(encoded).ok().and_then(|text| String::from_utf8(text).ok());
        let decoded = decoded.ok_or_else(unauthorized)?;
        let (role, password) = decoded.split_once(':').ok_or_else(unauthorized)?;
        if role.is_empty() {
            return Err(unauthorized());
        }
        let database = named_database(headers)?.unwrap_or(role).to_owned();
        Ok(Claim { role: role.to_owned(), password: Some(password.to_owned()), database })
    }
}

/// The peer that a request came from.
pub fn peer(parts: &Parts) -> Result<Arc<Peer>, Problem> {
    parts.extensions.get::<Arc<Peer>>().cloned().ok_or_else(Problem::unavailable)
}

/// The database that a request names.
pub fn named_database(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let name = headers.get(DATABASE_HEADER).map(|name| name.to_str()).transpose();
    name.map_err(|_| Problem::bad_request("the name of the database is not text"))
}

/// Who sends a request, proved by what its headers hold, and within its limits (429).
pub async fn of(http: &Arc<Http>, parts: &Parts) -> Result<Principal, Problem> {
    let peer = peer(parts)?;
    let principal = match super::auth::secret(&parts.headers) {
        None => prove(http, &peer, Claim::of(&parts.headers)?).await?,
        Some(secret) => {
            let named = named_database(&parts.headers)?;
            let proved = super::auth::prove(http, &peer, secret, named).await;
            proved.inspect_err(|problem| {
                log_refusal(&peer, problem);
                guard::note_refusal(http, &peer, ("", named.unwrap_or_default()), problem);
            })?
        }
    };
    tracing::debug!(role = principal.role, proof = principal.proof.as_str(), "a request is proved");
    guard::admit(http, parts, &principal).await?;
    Ok(principal)
}

/// Lets a claim be proved by the rule that fits it; the log is told of one that is not.
pub async fn prove(http: &Http, peer: &Peer, claim: Claim) -> Result<Principal, Problem> {
    let who = (claim.role.clone(), claim.database.clone());
    judge(http, peer, claim).await.inspect_err(|problem| {
        log_refusal(peer, problem);
        guard::note_refusal(http, peer, (&who.0, &who.1), problem);
    })
}

/// Tells the log of a proof that was none.
pub fn log_refusal(peer: &Peer, problem: &Problem) {
    let origin = Origin::Network(peer.ends);
    audit::refused(&origin, problem.text("code"), problem.text("message"));
}

/// `42501`.
pub fn forbidden(message: &str) -> Problem {
    Problem::of(&Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message), "")
}

fn failed(error: Error) -> Problem {
    Problem::of(&error, "")
}

/// `28000` for a secret that others could have read on its way.
pub fn check_protected(peer: &Peer, what: &str) -> Result<(), Problem> {
    if peer.is_encrypted || peer.ends.client.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
    Err(failed(Error::fatal(code, format!("{what} is taken over TLS only"))))
}

fn applicant<'a>(peer: &'a Peer, role: &'a str, database: &'a str) -> Applicant<'a> {
    Applicant {
        user: role,
        database,
        addresses: Some((peer.ends.client.ip(), peer.ends.server.ip())),
        is_encrypted: peer.is_encrypted,
        subject: peer.subject.as_ref(),
        system_user: None,
    }
}

/// Whether the rules let a role come from there, who is proved by other things than a
/// password; a certificate that they ask for has to be there.
pub fn may_come(http: &Http, peer: &Peer, role: &str, database: &str) -> Result<(), Problem> {
    let applicant = applicant(peer, role, database);
    let rules = http.front.rules.load_full();
    let catalog = http.front.database.shared_catalog();
    let require_tls = http.front.database.config().require_tls;
    let rule = applicant.rule(&rules, &catalog, require_tls).map_err(failed)?;
    if rule.client_cert.is_some() {
        applicant.identity(&rules, rule).map_err(failed)?;
    }
    Ok(())
}

async fn judge(http: &Http, peer: &Peer, claim: Claim) -> Result<Principal, Problem> {
    let front = &http.front;
    let applicant = applicant(peer, &claim.role, &claim.database);
    let rules = front.rules.load_full();
    let catalog = front.database.shared_catalog();
    let require_tls = front.database.config().require_tls;
    let rule = applicant.rule(&rules, &catalog, require_tls).map_err(failed)?;
    if rule.method.asks_password() {
        check_protected(peer, "a password")?;
        let candidate = auth::candidate(&catalog, &claim.role, &front.database.mock_key);
        check_password(http, &applicant, claim.password.as_deref(), &candidate).await?;
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
        key: None,
    })
}

async fn check_password(
    http: &Http,
    applicant: &Applicant<'_>,
    password: Option<&str>,
    candidate: &Candidate,
) -> Result<(), Problem> {
    let role = applicant.user;
    let Some(password) = password.filter(|text| !text.is_empty()) else {
        return Err(failed(auth::password_failed(role)));
    };
    if candidate.genuine && http.proofs.holds(role, password, candidate) {
        return Ok(());
    }
    let policy = http.front.database.config().login_policy();
    let exchange = login::check_password(role, password, candidate);
    let tried = login::attempt(&http.front.failures, &policy, applicant, exchange).await;
    tried.map_err(failed)?;
    http.proofs.remember(role, password, candidate);
    guard::note_login(http, applicant);
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
