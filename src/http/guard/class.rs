//! Which class of routes a request is for, by its method and path: what its limits are.

use axum::http::Method;

/// Classes of routes, as `RateLimit-Policy` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Whether the server lives: never limited.
    Health,
    /// What proves a password, or begins a session: by address, before anything is proved.
    Auth,
    /// What changes keys, sessions, the server: by role.
    Admin,
    /// SQL, collections, files, jobs and other routes of the data: by role or API key.
    Data,
    /// The rest: by role.
    User,
    /// Requests without a proof, whatever they are for: by address.
    Anonymous,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Health => "health",
            Class::Auth => "auth",
            Class::Admin => "admin",
            Class::Data => "data",
            Class::User => "user",
            Class::Anonymous => "anonymous",
        }
    }
}

const HEALTH: &[&str] = &["/livez", "/readyz", "/startupz", "/healthz", "/metrics"];

/// Paths that log in, and those below them.
const AUTH: &[&str] = &["/api/v1/auth/login", "/auth/v1"];

/// What is an administrator's, where it is changed.
const ADMIN: &[&str] = &["/api/v1/admin", "/api/v1/auth/keys", "/api/v1/auth/sessions"];

/// Of the data.
const DATA: &[&str] = &[
    "/aliases",
    "/api/v1/collections",
    "/api/v1/events",
    "/api/v1/files",
    "/api/v1/jobs",
    "/api/v1/queues",
    "/api/v1/rooms",
    "/api/v1/sagas",
    "/api/v1/schedules",
    "/api/v1/sql",
    "/api/v1/transactions",
    "/api/v1/webhooks",
    "/collections",
    "/files",
    "/realtime",
    "/rest/v1",
    "/rtc",
    "/sql",
    "/storage/v1",
    "/twirp",
    "/v2",
];

fn is_below(path: &str, roots: &[&str]) -> bool {
    let below = |root: &&str| {
        path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    roots.iter().any(below)
}

/// The class of a request that has a proof.
pub fn of(method: &Method, path: &str) -> Class {
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    match path {
        _ if HEALTH.contains(&path) => Class::Health,
        _ if is_below(path, AUTH) && changes => Class::Auth,
        _ if is_below(path, ADMIN) && changes => Class::Admin,
        _ if is_below(path, DATA) => Class::Data,
        _ => Class::User,
    }
}

/// Whether a route takes its proof from what comes after the request: a socket that speaks
/// PostgreSQL's protocol logs in as at that port.
pub fn proves_later(path: &str) -> bool {
    path == "/v2"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_their_classes() {
        for (method, path, class) in [
            ("GET", "/livez", Class::Health),
            ("POST", "/api/v1/auth/login", Class::Auth),
            ("POST", "/auth/v1/token", Class::Auth),
            ("GET", "/auth/v1/user", Class::User),
            ("POST", "/api/v1/auth/keys", Class::Admin),
            ("GET", "/api/v1/auth/keys", Class::User),
            ("DELETE", "/api/v1/auth/sessions/x", Class::Admin),
            ("POST", "/api/v1/sql", Class::Data),
            ("POST", "/sql", Class::Data),
            ("GET", "/sqlx", Class::User),
            ("GET", "/collections/c/points/1", Class::Data),
            ("GET", "/", Class::User),
            ("GET", "/livez/x", Class::User),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(of(&method, path), class, "{path}");
        }
    }
}
