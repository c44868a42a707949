//! Who may log in.
//!
//! The rules of [`hba`] say who may come from where and what it has to prove, [`login`]
//! whether it has.
//! Passwords exist only as SCRAM verifiers ([`scram`]); none is kept in clear or as
//! MD5. An unknown user, a role without a password, a role that
//! may not log in and a wrong password all take the same path: the exchange
//! runs to its end against a verifier (a [mock](scram::mock_verifier) where
//! there is none) and fails with the same message after the same
//! [delay](FAILURE_DELAY).
//!
//! Whoever has proved once to be a role, by its password, a certificate, or where nothing
//! is asked, may get a token or an API key for later ([`jwt`], [`opaque`]): those are signed and hashed with what the [`vault`] has of a database, and
//! may be good for some [`scope`]s only. Every password there is is a role's; nothing else
//! is proved by one, so nothing is hashed as passwords are but SCRAM verifiers. Who guesses
//! at them is slowed down ([`failures`]).
//!
//! This module decides; the exchange of messages is `pg`'s, requests are `http`'s.

pub mod failures;
pub mod hba;
pub mod jwt;
pub mod login;
pub mod opaque;
pub mod scope;
pub mod scram;
pub mod signing;
pub mod vault;

use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{Catalog, Database, ObjectAddress, acl, relation_oid};
use crate::error::{Error, Result};
use crate::sql::types::{self, Datum, InputContext, Repr, SqlType, oid};
use crate::sqlstate;
pub use scram::Verifier;

/// How long a failed login waits before it is answered.
pub const FAILURE_DELAY: Duration = Duration::from_millis(500);

/// The verifier to run the exchange against, and whether success counts.
pub struct Candidate {
    pub verifier: Verifier,
    /// False for a mock: even a proof that matched would not log in.
    pub genuine: bool,
}

/// Looks a user up for a password login.
pub fn candidate(catalog: &Catalog, user: &str, mock_key: &[u8; 32]) -> Candidate {
    let verifier = catalog
        .role_named(user)
        .filter(|role| role.login && !is_expired(role.valid_until.as_deref()))
        .and_then(|role| role.verifier.as_deref())
        .and_then(Verifier::parse);
    match verifier {
        Some(verifier) => Candidate { verifier, genuine: true },
        None => Candidate { verifier: scram::mock_verifier(mock_key, user), genuine: false },
    }
}

/// Microseconds from 1970 to 2000, where timestamps begin.
const EPOCH_2000_MICROSECONDS: i64 = 946_684_800_000_000;

/// `VALID UNTIL` as the catalog stores it: a timestamp's text form in UTC. A limit that
/// cannot be read must not become "no limit".
fn is_expired(valid_until: Option<&str>) -> bool {
    let Some(text) = valid_until else { return false };
    let ty = SqlType::new(oid::TIMESTAMPTZ);
    let until = types::text_input(text, ty, &Repr::TimestampTz, &InputContext::default());
    let now = chrono::Utc::now().timestamp_micros() - EPOCH_2000_MICROSECONDS;
    !matches!(until, Ok(Datum::TimestampTz(until)) if until > now)
}

/// What is true of a role after it has proved who it is: the database that it enters.
pub fn authorize(catalog: &Catalog, user: &str, database: &str) -> Result<Arc<Database>> {
    let Some(role) = catalog.role_named(user) else {
        return Err(Error::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            format!("role \"{user}\" does not exist"),
        ));
    };
    if !role.login {
        return Err(Error::fatal(
            sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
            format!("role \"{user}\" is not permitted to log in"),
        ));
    }
    match catalog.database_named(database).cloned() {
        None => Err(Error::fatal(
            sqlstate::INVALID_CATALOG_NAME,
            format!("database \"{database}\" does not exist"),
        )),
        Some(found) if !found.allow_connections => Err(Error::fatal(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("database \"{database}\" is not currently accepting connections"),
        )),
        Some(found) => {
            let on = ObjectAddress::new(relation_oid::PG_DATABASE, found.oid);
            let may_connect =
                catalog.guarded(on).is_none_or(|g| catalog.rights(role, g, acl::CONNECT) != 0);
            if may_connect {
                return Ok(found);
            }
            Err(Error::fatal(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied for database \"{database}\""),
            )
            .with_detail("User does not have CONNECT privilege."))
        }
    }
}

/// The one message of a failed password login.
pub fn password_failed(user: &str) -> Error {
    Error::fatal(
        sqlstate::INVALID_PASSWORD,
        format!("password authentication failed for user \"{user}\""),
    )
}

#[cfg(test)]
mod expiry {
    use super::is_expired;

    #[test]
    fn a_limit_is_a_timestamp_and_what_cannot_be_read_is_over() {
        for until in ["2999-01-01 00:00:00+00", "2999-01-01", "2999-01-01T00:00:00Z", "infinity"] {
            assert!(!is_expired(Some(until)), "{until}");
        }
        for until in ["2001-01-01 00:00:00+00", "-infinity", "never"] {
            assert!(is_expired(Some(until)), "{until}");
        }
        assert!(!is_expired(None));
    }
}
