//! Who asks over HTTP without a password: tokens and API keys; and how to get them.
//!
//! ```text
//! POST   /api/v1/auth/login              role and password ▶ access and refresh token
//! POST   /api/v1/auth/refresh            refresh token ▶ a new pair
//! POST   /api/v1/auth/revoke             ends a session (logout)
//! GET    /api/v1/auth/me                 who asks, as what
//! GET    /api/v1/auth/sessions           DELETE …/{id}
//! GET    /api/v1/auth/keys               POST …, POST …/{id}/rotate, DELETE …/{id}
//! GET    /.well-known/jwks.json?database=app      the public keys of a database's tokens
//! ```
//!
//! What there is, is in tables of the extension `auth` (`extensions/auth`), one set for
//! each database: its tokens, keys and sessions are good there and nowhere else, which
//! their names say (`kid` and ids begin with the database's OID) and their signatures and
//! hashes hold (`auth::vault`). SQL manages them by functions of that schema.
//!
//! | sent | is |
//! |---|---|
//! | `Authorization: Basic` | a role and its password, judged by `pg_hba.conf` ([`super::principal`]) |
//! | `Authorization: Bearer zsk_…`, `api-key: zsk_…`, `apikey: zsk_…` | an API key ([`bearer`]) |
//! | `Sec-WebSocket-Protocol: zserver.sql.v1, zserver.bearer.TOKEN` | the same of a page's socket, which cannot set the others |
//! | `Authorization: Bearer eyJ…`, the other two | a token of ours, or of an issuer that the database knows ([`issuers`]) |
//!
//! A secret is taken over TLS or from the machine itself only. `pg_hba.conf` is asked
//! about each of them: a host that may not come as a role may not do so with a token
//! either, and a certificate that a rule asks for has to be there.
//!
//! Life of a session: [`issue`] begins it at a login and signs access tokens, which are
//! short-lived; its refresh token is used once, for the next one. One that comes twice
//! was stolen, or its thief's answer was: the session ends, and with it all that came of
//! it. Each request looks its session up ([`store`]), so what is revoked is refused at once.
//!
//! Not here: cookies, sign-up, mail (roles are made by SQL); and what has begun goes on: a
//! stream or a socket that was opened with a session does not end with it.

mod bearer;
mod fetch;
mod issue;
mod issuers;
mod jwks;
mod keys;
mod login;
mod own;
mod sessions;
pub mod store;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use serde_json::Value;
use tokio::sync::Semaphore;

pub use bearer::{prove, secret};
pub use jwks::public_keys;
pub use keys::{
    create as create_key, list as list_keys, revoke as revoke_key, rotate as rotate_key,
};
pub use login::{log_in, me, refresh, revoke};
pub use sessions::{end as end_session, list as list_sessions};

use issuers::Issuers;

/// Uses that are remembered, so that each is noted in its table once a minute.
const TOUCHED_MAX: usize = 10_000;
/// Such notes at a time.
const BESIDE_MAX: usize = 2;

/// What the requests of one server share for this.
pub struct Auth {
    issuers: Issuers,
    /// When the use of a session or an API key was last noted.
    touched: Cache<String, Instant>,
    beside: Arc<Semaphore>,
    /// When what is over was last removed from a database.
    purged: Mutex<HashMap<String, Instant>>,
}

impl Default for Auth {
    fn default() -> Auth {
        Auth {
            issuers: Issuers::default(),
            touched: Cache::new(TOUCHED_MAX),
            beside: Arc::new(Semaphore::new(BESIDE_MAX)),
            purged: Mutex::default(),
        }
    }
}

/// JSON that nobody may keep.
fn secret_json(body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.to_string()).into_response()
}
