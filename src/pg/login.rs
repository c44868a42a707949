//! Letting a client prove who it is, by the rule that fits it.
//!
//! | method | what proves |
//! |---|---|
//! | `trust` | nothing |
//! | `scram-sha-256`, `md5` | the SCRAM exchange ([`sasl`]) |
//! | `password` | the password in clear, compared with the verifier |
//! | `peer` | the user of the system at the other end of a Unix socket |
//! | `cert` | the name in the client's certificate |
//!
//! A rule may ask for a certificate besides (`clientcert`). Whatever is wrong with a
//! password, the answer is the same and takes as long; the log tells more.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::message::{self, Message};
use super::startup::Protection;
use super::wire::Wire;
use super::{Front, Origin, audit, sasl};
use crate::auth::hba::{Caller, ClientCert, ClientName, Method, Rule};
use crate::auth::{self, Candidate};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;

const AUTHENTICATION_CLEARTEXT_PASSWORD: i32 = 3;

/// Who wants to enter.
pub(super) struct Applicant<'a> {
    pub user: &'a str,
    pub database: &'a str,
    pub origin: &'a Origin,
    pub protection: &'a Protection,
}

/// `28000` or `28P01` unless the client may go on.
pub(super) async fn authenticate<S>(
    wire: &mut Wire<S>,
    front: &Front,
    config: &Config,
    applicant: &Applicant<'_>,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let is_encrypted = applicant.protection.is_encrypted;
    let ends = applicant.origin.ends();
    let caller = Caller {
        user: applicant.user,
        database: applicant.database,
        addresses: ends.map(|ends| (ends.client.ip(), ends.server.ip())),
        is_encrypted,
    };
    let rules = front.rules.load_full();
    let catalog = front.database.shared_catalog();
    let refused_by_default = config.require_tls && ends.is_some() && !is_encrypted;
    let rule = rules.find(&caller, &catalog).filter(|_| !refused_by_default);
    let Some(rule) = rule else {
        return Err(applicant.no_entry("no pg_hba.conf entry for host"));
    };
    if rule.method == Method::Reject {
        return Err(applicant.no_entry("pg_hba.conf rejects connection for host"));
    }
    if rule.client_cert.is_some() && applicant.protection.subject.is_none() {
        return Err(Error::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            "connection requires a valid client certificate",
        ));
    }
    let candidate = || auth::candidate(&catalog, applicant.user, &front.database.mock_key);
    let takes_clear = applicant.protection.takes_clear_password;
    let identity = match rule.method {
        Method::Trust | Method::Reject => None,
        Method::ScramSha256 | Method::Md5 if takes_clear => {
            check_password(wire, applicant.user, &candidate()).await?;
            Some(applicant.user.to_owned())
        }
        Method::ScramSha256 | Method::Md5 => {
            let binding = applicant.protection.tls.as_deref().map(|tls| &tls.scram);
            sasl::authenticate(wire, applicant.user, candidate(), binding).await?;
            Some(applicant.user.to_owned())
        }
        Method::Password => {
            check_password(wire, applicant.user, &candidate()).await?;
            Some(applicant.user.to_owned())
        }
        Method::Peer => Some(applicant.peer(&rules, rule)?),
        // The certificate alone.
        Method::Cert => applicant.certified_name(rule),
    };
    if rule.client_cert == Some(ClientCert::VerifyFull) {
        applicant.check_certificate(&rules, rule)?;
    }
    if config.log_connections
        && let Some(identity) = identity
    {
        audit::authenticated(applicant.origin, &identity, rule);
    }
    Ok(())
}

impl Applicant<'_> {
    fn no_entry(&self, what: &str) -> Error {
        let encryption = match self.protection.is_encrypted {
            true => "SSL encryption",
            false => "no encryption",
        };
        Error::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            format!(
                "{what} \"{}\", user \"{}\", database \"{}\", {encryption}",
                self.origin.host(),
                self.user,
                self.database
            ),
        )
    }

    /// The user of the system, if it may be this role.
    fn peer(&self, rules: &auth::hba::Rules, rule: &Rule) -> Result<String> {
        let failed = || {
            Error::fatal(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                format!("Peer authentication failed for user \"{}\"", self.user),
            )
        };
        let Origin::Local { peer: Some(peer) } = self.origin else { return Err(failed()) };
        match rules.may_be(rule.map.as_deref(), peer, self.user) {
            true => Ok(peer.clone()),
            false => {
                self.log_mismatch(peer);
                Err(failed())
            }
        }
    }

    /// The name in the certificate that the rule looks at.
    fn certified_name(&self, rule: &Rule) -> Option<String> {
        let subject = self.protection.subject.as_ref()?;
        match rule.client_name {
            ClientName::Cn => subject.common_name.clone(),
            ClientName::Dn => Some(subject.distinguished_name.clone()),
        }
    }

    fn check_certificate(&self, rules: &auth::hba::Rules, rule: &Rule) -> Result<()> {
        let name = self.certified_name(rule).filter(|name| !name.is_empty());
        if let Some(name) = &name {
            if rules.may_be(rule.map.as_deref(), name, self.user) {
                return Ok(());
            }
            self.log_mismatch(name);
        }
        Err(match rule.method {
            Method::Cert => Error::fatal(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                format!("certificate authentication failed for user \"{}\"", self.user),
            ),
            Method::Trust => Error::fatal(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                format!("\"trust\" authentication failed for user \"{}\"", self.user),
            ),
            _ => auth::password_failed(self.user),
        })
    }

    fn log_mismatch(&self, identity: &str) {
        tracing::info!(
            "provided user name ({}) and authenticated user name ({identity}) do not match",
            self.user
        );
    }
}

/// AuthenticationCleartextPassword and its answer.
async fn check_password<S>(wire: &mut Wire<S>, user: &str, candidate: &Candidate) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    wire.output.authentication(AUTHENTICATION_CLEARTEXT_PASSWORD, &[]);
    wire.flush().await?;
    let Some(frame) = wire.frame().await? else {
        return Err(Error::fatal(sqlstate::CONNECTION_FAILURE, "connection lost during login"));
    };
    let Message::Password(body) = message::decode(frame, Encoding::UTF8)? else {
        return Err(Error::protocol_violation("expected password response"));
    };
    let password = password_text(&body)?;
    if candidate.verifier.matches(password) && candidate.genuine {
        return Ok(());
    }
    tokio::time::sleep(auth::FAILURE_DELAY).await;
    Err(auth::password_failed(user))
}

fn password_text(body: &Bytes) -> Result<&str> {
    match body.split_last() {
        Some((0, [])) => {
            Err(Error::fatal(sqlstate::INVALID_PASSWORD, "empty password returned by client"))
        }
        Some((0, text)) if !text.contains(&0) => message::text(text),
        _ => Err(Error::protocol_violation("invalid password packet size")),
    }
}
