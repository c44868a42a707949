//! What a client has to prove, and whether it has: the same at every port.
//!
//! | method | what proves |
//! |---|---|
//! | `trust` | nothing |
//! | `scram-sha-256`, `md5` | the SCRAM exchange, or the password where there is no exchange |
//! | `password` | the password in clear, compared with the verifier |
//! | `peer` | the user of the system at the other end of a Unix socket |
//! | `cert` | the name in the client's certificate |
//!
//! A rule may ask for a certificate besides (`clientcert`).
//!
//! ```text
//! applicant.rule(rules)        which rule is it, may anybody come by it
//! (the port's own exchange)    a password, if Method::asks_password
//! applicant.identity(rule)     whom the rest of the proof names
//! ```

use std::net::IpAddr;

use super::failures::{Failures, Policy};
use super::hba::{Caller, ClientCert, ClientName, Method, Rule, Rules};
use super::{Candidate, FAILURE_DELAY, password_failed};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Whom a client's certificate, which is valid, was made out to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub common_name: Option<String>,
    /// As RFC 2253 writes it: the most specific part first.
    pub distinguished_name: String,
}

/// Who wants to enter, and what is known before a word is said.
pub struct Applicant<'a> {
    pub user: &'a str,
    pub database: &'a str,
    /// The client's address and the one it connected to; none over a Unix socket.
    pub addresses: Option<(IpAddr, IpAddr)>,
    pub is_encrypted: bool,
    pub subject: Option<&'a Subject>,
    /// The user of the system at the other end of a Unix socket.
    pub system_user: Option<&'a str>,
}

impl Method {
    /// The client has to know the role's password.
    pub fn asks_password(self) -> bool {
        matches!(self, Method::ScramSha256 | Method::Md5 | Method::Password)
    }
}

impl Applicant<'_> {
    /// The rule that fits; `28000` where none does, or where it lets nobody in.
    pub fn rule<'r>(
        &self,
        rules: &'r Rules,
        catalog: &Catalog,
        require_tls: bool,
    ) -> Result<&'r Rule> {
        let caller = Caller {
            user: self.user,
            database: self.database,
            addresses: self.addresses,
            is_encrypted: self.is_encrypted,
        };
        let refused_by_default = require_tls && self.addresses.is_some() && !self.is_encrypted;
        let Some(rule) = rules.find(&caller, catalog).filter(|_| !refused_by_default) else {
            return Err(self.no_entry("no pg_hba.conf entry for host"));
        };
        if rule.method == Method::Reject {
            return Err(self.no_entry("pg_hba.conf rejects connection for host"));
        }
        if rule.client_cert.is_some() && self.subject.is_none() {
            return Err(refused("connection requires a valid client certificate"));
        }
        Ok(rule)
    }

    /// What the applicant has proved to be, after the password where one is asked for;
    /// none where nothing is to be proved.
    pub fn identity(&self, rules: &Rules, rule: &Rule) -> Result<Option<String>> {
        let identity = match rule.method {
            Method::Trust | Method::Reject => None,
            Method::ScramSha256 | Method::Md5 | Method::Password => Some(self.user.to_owned()),
            Method::Peer => Some(self.peer(rules, rule)?),
            // The certificate alone.
            Method::Cert => self.certified_name(rule),
        };
        if rule.client_cert == Some(ClientCert::VerifyFull) {
            self.check_certificate(rules, rule)?;
        }
        Ok(identity)
    }

    fn no_entry(&self, what: &str) -> Error {
        let encryption = if self.is_encrypted { "SSL encryption" } else { "no encryption" };
        let host = match self.addresses {
            Some((client, _)) => client.to_canonical().to_string(),
            None => "[local]".to_owned(),
        };
        refused(format!(
            "{what} \"{host}\", user \"{}\", database \"{}\", {encryption}",
            self.user, self.database
        ))
    }

    /// The user of the system, if it may be this role.
    fn peer(&self, rules: &Rules, rule: &Rule) -> Result<String> {
        let fits = |peer: &&str| {
            let fits = rules.may_be(rule.map.as_deref(), peer, self.user);
            if !fits {
                self.log_mismatch(peer);
            }
            fits
        };
        self.system_user.filter(fits).map(str::to_owned).ok_or_else(|| {
            refused(format!("Peer authentication failed for user \"{}\"", self.user))
        })
    }

    /// The name in the certificate that the rule looks at.
    fn certified_name(&self, rule: &Rule) -> Option<String> {
        let subject = self.subject?;
        match rule.client_name {
            ClientName::Cn => subject.common_name.clone(),
            ClientName::Dn => Some(subject.distinguished_name.clone()),
        }
    }

    fn check_certificate(&self, rules: &Rules, rule: &Rule) -> Result<()> {
        let name = self.certified_name(rule).filter(|name| !name.is_empty());
        if let Some(name) = &name {
            if rules.may_be(rule.map.as_deref(), name, self.user) {
                return Ok(());
            }
            self.log_mismatch(name);
        }
        Err(match rule.method {
            Method::Cert => {
                refused(format!("certificate authentication failed for user \"{}\"", self.user))
            }
            Method::Trust => {
                refused(format!("\"trust\" authentication failed for user \"{}\"", self.user))
            }
            _ => password_failed(self.user),
        })
    }

    fn log_mismatch(&self, identity: &str) {
        tracing::info!(
            "provided user name ({}) and authenticated user name ({identity}) do not match",
            self.user
        );
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::fatal(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION, message)
}

/// Compares a password in clear; `28P01`, after the delay of every failed login.
pub async fn check_password(user: &str, password: &str, candidate: &Candidate) -> Result<()> {
    let (verifier, password) = (candidate.verifier.clone(), password.to_owned());
    // Thousands of hashes: whoever else is served by this thread does not wait for them.
    let compared = tokio::task::spawn_blocking(move || verifier.matches(&password)).await;
    let matches = compared.map_err(|error| Error::internal(format!("a password: {error}")))?;
    if matches && candidate.genuine {
        return Ok(());
    }
    tokio::time::sleep(FAILURE_DELAY).await;
    Err(password_failed(user))
}

/// Lets an attempt at a password take place after the delay that earlier failures cost.
/// One that ends in `28P01` has failed; one that ends otherwise was none.
pub async fn attempt(
    failures: &Failures,
    policy: &Policy,
    applicant: &Applicant<'_>,
    exchange: impl Future<Output = Result<()>>,
) -> Result<()> {
    let address = applicant.addresses.map(|(client, _)| client);
    let attempt = failures.begin(policy, applicant.user, address);
    if !attempt.delay().is_zero() {
        tokio::time::sleep(attempt.delay()).await;
    }
    let ended = exchange.await;
    match &ended {
        Ok(()) => attempt.succeeded(),
        Err(error) if error.code() == sqlstate::INVALID_PASSWORD => attempt.failed(),
        Err(_) => {}
    }
    ended
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::check_password;
    use crate::auth::{Candidate, Verifier};

    /// On one thread: what else runs there goes on while a password is compared.
    #[tokio::test]
    async fn a_password_is_compared_beside_what_else_runs() {
        let mut verifier = Verifier::from_password("right");
        // So that it takes long; no password is this one's any more.
        verifier.iterations = 400_000;
        let candidate = Candidate { verifier, genuine: true };
        let comparison = tokio::spawn(async move {
            check_password("ann", "right", &candidate).await.expect_err("it is another's")
        });
        let mut turns = 0;
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(100) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            turns += 1;
        }
        assert!(turns > 10, "{turns} turns while it was compared");
        assert_eq!(comparison.await.expect("it ends").code().as_str(), "28P01");
    }
}
