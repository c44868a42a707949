//! The second port: the same database over HTTP.
//!
//! ```text
//! GET  /livez /readyz /startupz      whether the process lives, serves, has started
//! POST /api/v1/sql                   statements, answered as JSON, NDJSON or CSV
//! POST /sql                          the same as Neon's serverless driver asks it
//! ```
//!
//! [`serve`] takes a connection to its end, [`router`] names every route. A request comes
//! from a [`principal`], who proves the same as at the PostgreSQL port, by the same rules
//! (`auth::hba`), and runs as that role in a session of its own ([`conversation`]), under
//! the same limits. Errors are [`problem`]s; values are JSON as `to_json` writes them.
//!
//! Invariants: a request that its client gives up is cancelled; what is streamed waits for
//! who reads it; a body is read up to `http_max_body`.
//!
//! Not here yet: tokens and keys, collections, jobs, events.

mod conversation;
mod extension;
mod files;
mod health;
mod neon;
mod params;
mod principal;
mod problem;
mod request;
mod rows;
mod serve;
mod sql;
mod tus;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};
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
    files: files::Files,
    stop: CancellationToken,
}

type State = axum::extract::State<Arc<Http>>;

/// Every route there is, and what is done beside them. `stop`: the server is ending.
pub fn router(front: Arc<Front>, stop: CancellationToken) -> Router {
    let http = Arc::new(Http {
        front,
        proofs: Proofs::default(),
        making_extension: tokio::sync::Mutex::new(()),
        files: files::Files::default(),
        stop,
    });
    tokio::spawn(files::sweep::run(http.clone(), http.stop.clone()));
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/startupz", get(health::live))
        .route("/api/v1/files", get(files::buckets))
        .route("/api/v1/files/{bucket}", any(files::bucket))
        .route("/api/v1/files/{bucket}/{*name}", any(files::object))
        .route("/api/v1/sql", post(sql::run))
        .route("/files", any(tus::uploads))
        .route("/files/", any(tus::uploads))
        .route("/files/{id}", any(tus::upload))
        .route("/sql", post(neon::run))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(http)
}
