//! The second port: the same database over HTTP.
//!
//! ```text
//! …    /api/v1/auth/…                sessions, tokens, API keys ([`auth`])
//! GET  /livez /readyz /startupz      whether the process lives, serves, has started
//! POST /api/v1/sql                   statements, answered as JSON, NDJSON or CSV
//! POST /sql                          the same as Neon's serverless driver asks it
//! ```
//!
//! [`serve`] takes a connection to its end, [`router`] names every route. A request comes
//! from a [`principal`], who proves the same as at the PostgreSQL port, by the same rules
//! (`crate::auth::hba`), or by a token or an API key, and runs as that role in a session of its own ([`conversation`]), under
//! the same limits. Errors are [`problem`]s; values are JSON as `to_json` writes them.
//!
//! Invariants: a request that its client gives up is cancelled; what is streamed waits for
//! who reads it; a body is read up to `http_max_body`.
//!
//! Not here yet: collections, files, jobs, events.

mod auth;
mod conversation;
mod extension;
mod health;
mod neon;
mod params;
mod principal;
mod problem;
mod request;
mod rows;
mod serve;
mod sql;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use tokio_util::sync::CancellationToken;

pub use serve::serve;

use crate::pg::Front;
use principal::Proofs;
use problem::Problem;

/// What the requests of one server share.
pub struct Http {
    front: Arc<Front>,
    /// Passwords that were right before.
    proofs: Proofs,
    /// One extension at a time is made by [`extension::ensure`].
    making_extension: tokio::sync::Mutex<()>,
    auth: auth::Auth,
    stop: CancellationToken,
}

type State = axum::extract::State<Arc<Http>>;

/// Every route there is. `stop`: the server is ending.
pub fn router(front: Arc<Front>, stop: CancellationToken) -> Router {
    Router::new()
        .route("/.well-known/jwks.json", get(auth::public_keys))
        .route("/api/v1/auth/keys", get(auth::list_keys).post(auth::create_key))
        .route("/api/v1/auth/keys/{id}", delete(auth::revoke_key))
        .route("/api/v1/auth/keys/{id}/rotate", post(auth::rotate_key))
        .route("/api/v1/auth/login", post(auth::log_in))
        .route("/api/v1/auth/me", get(auth::me))
        .route("/api/v1/auth/refresh", post(auth::refresh))
        .route("/api/v1/auth/revoke", post(auth::revoke))
        .route("/api/v1/auth/sessions", get(auth::list_sessions))
        .route("/api/v1/auth/sessions/{id}", delete(auth::end_session))
        .route("/api/v1/sql", post(sql::run))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/startupz", get(health::live))
        .route("/sql", post(neon::run))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(Arc::new(Http {
            front,
            proofs: Proofs::default(),
            making_extension: tokio::sync::Mutex::new(()),
            auth: auth::Auth::default(),
            stop,
        }))
}
