//! What the log tells of connections: `log_connections`, `log_disconnections`, and
//! every refusal; and what the audit log is told of logins ([`judged`]).
//!
//! The words are PostgreSQL's, so that what reads its logs reads these.

use std::time::Duration;

use super::{Front, Origin};
use crate::audit::{Class, DENIED, Event};
use crate::auth::hba::Rule;
use crate::error::Result;
use crate::session::Session;
use crate::session::registry::Backend;
use crate::sqlstate;

/// The host, and the port where there is one.
fn place(origin: &Origin) -> String {
    match origin.ends() {
        Some(ends) => format!("host={} port={}", origin.host(), ends.client.port()),
        None => "host=[local]".to_owned(),
    }
}

pub fn received(origin: &Origin) {
    tracing::info!("connection received: {}", place(origin));
}

pub fn authenticated(origin: &Origin, identity: &str, rule: &Rule) {
    tracing::info!(
        host = origin.host(),
        "connection authenticated: identity=\"{identity}\" method={} (pg_hba.conf:{})",
        rule.method.as_str(),
        rule.number
    );
}

pub fn authorized(origin: &Origin, backend: &Backend, protection: Option<&str>) {
    let application = backend.activity.lock().application_name.clone();
    let application = match application.as_str() {
        "" => String::new(),
        name => format!(" application_name={name}"),
    };
    let protection = protection.map(|text| format!(" {text}")).unwrap_or_default();
    tracing::info!(
        pid = backend.pid,
        host = origin.host(),
        "connection authorized: user={} database={}{application}{protection}",
        backend.user,
        backend.database
    );
}

/// The audit log's record of a login; a client that went away before its end has tried
/// nothing.
pub fn judged(
    front: &Front,
    origin: &Origin,
    (user, database): &(String, String),
    admitted: &Result<Session>,
) {
    match admitted {
        Ok(session) => session.audit_login("PostgreSQL protocol"),
        Err(error) if error.code() == sqlstate::CONNECTION_FAILURE => {}
        Err(error) => {
            let ends = origin.ends();
            let event = Event::new(Class::Login, "login", DENIED).by(user, database);
            let event = event.from(ends.map(|ends| ends.client));
            let event = event.with("code", error.code().as_str());
            front.database.audit.record(event.with("detail", error.message()));
        }
    }
}

/// A login that ended in an error.
pub fn refused(origin: &Origin, code: &str, message: &str) {
    tracing::info!(code, "login refused: {}: {message}", place(origin));
}

pub fn disconnected(origin: &Origin, backend: &Backend, lasted: Duration) {
    let (seconds, milliseconds) = (lasted.as_secs(), lasted.subsec_millis());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    tracing::info!(
        pid = backend.pid,
        "disconnection: session time: {hours}:{minutes:02}:{seconds:02}.{milliseconds:03} \
         user={} database={} {}",
        backend.user,
        backend.database,
        place(origin)
    );
}
