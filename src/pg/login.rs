//! The messages of a login, as the rule that fits (`auth::login`) asks for them.
//!
//! Whatever is wrong with a password, the answer is the same and takes as long; the log
//! tells more.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::message::{self, Message};
use super::startup::Protection;
use super::wire::Wire;
use super::{Front, Origin, audit, sasl};
use crate::auth::hba::Method;
use crate::auth::login::{self, Applicant};
use crate::auth::{self, Candidate};
use crate::error::{Error, Result};
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;

const AUTHENTICATION_CLEARTEXT_PASSWORD: i32 = 3;

/// `28000` or `28P01` unless the client may go on.
pub(super) async fn authenticate<S>(
    wire: &mut Wire<S>,
    front: &Front,
    applicant: &Applicant<'_>,
    origin: &Origin,
    protection: &Protection,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = front.database.config();
    let rules = front.rules.load_full();
    let catalog = front.database.shared_catalog();
    let rule = applicant.rule(&rules, &catalog, config.require_tls)?;
    let method = match rule.method {
        Method::Trust if protection.asks_password => Method::ScramSha256,
        method => method,
    };
    if protection.is_foreign && !method.asks_password() {
        let code = sqlstate::INVALID_AUTHORIZATION_SPECIFICATION;
        return Err(Error::fatal(code, "a page of another origin needs a password to connect"));
    }
    if method.asks_password() {
        let exchange = prove_password(wire, front, applicant.user, method, protection);
        let policy = config.login_policy();
        login::attempt(&front.failures, &policy, applicant, exchange).await?;
    }
    let identity = applicant.identity(&rules, rule)?;
    if config.log_connections
        && let Some(identity) = identity
    {
        audit::authenticated(origin, &identity, rule);
    }
    Ok(())
}

/// The messages of a password method.
async fn prove_password<S>(
    wire: &mut Wire<S>,
    front: &Front,
    user: &str,
    method: Method,
    protection: &Protection,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let catalog = front.database.shared_catalog();
    let candidate = auth::candidate(&catalog, user, &front.database.mock_key);
    if method == Method::Password || protection.takes_clear_password {
        return check_password(wire, user, &candidate).await;
    }
    let binding = protection.tls.as_deref().map(|tls| &tls.scram);
    sasl::authenticate(wire, user, candidate, binding).await
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
    login::check_password(user, password_text(&body)?, candidate).await
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
