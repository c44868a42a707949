//! The second port: the same database over HTTP.
//!
//! ```text
//! GET  /livez /readyz /startupz      whether the process lives, serves, has started
//! POST /api/v1/sql                   statements, answered as JSON, NDJSON, CSV or Arrow
//! GET  /api/v1/sql                   the same over a WebSocket, with notifications
//!      /api/v1/transactions[/{id}]   transactions of several requests
//! POST /sql                          statements as Neon's serverless driver asks them
//! GET  /v2                           its WebSocket: PostgreSQL's protocol in frames
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
//! Not here yet: tokens and keys, collections, files, jobs, events.

mod arrow;
mod conversation;
mod extension;
mod health;
mod idempotency;
mod neon;
mod params;
mod pool;
mod principal;
mod problem;
mod request;
mod rows;
mod serve;
mod socket;
mod sql;
mod transactions;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
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
    /// Sessions that nobody uses.
    pool: Arc<pool::Pool>,
    transactions: transactions::Transactions,
    /// Idempotency keys that are in use.
    keys: Arc<idempotency::Keys>,
    stop: CancellationToken,
}

type State = axum::extract::State<Arc<Http>>;

/// Every route there is. `stop`: the server is ending.
pub fn router(front: Arc<Front>, stop: CancellationToken) -> Router {
    let http = Arc::new(Http {
        front,
        proofs: Proofs::default(),
        making_extension: tokio::sync::Mutex::new(()),
        pool: Arc::default(),
        transactions: transactions::Transactions::default(),
        keys: Arc::default(),
        stop,
    });
    tokio::spawn(upkeep(http.clone()));
    tokio::spawn(tidy(http.clone()));
    let transaction = get(transactions::show).delete(transactions::roll_back);
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/startupz", get(health::live))
        .route("/api/v1/sql", get(socket::open).post(sql::run))
        .route("/api/v1/transactions", get(transactions::list).post(transactions::begin))
        .route("/api/v1/transactions/{id}", transaction)
        .route("/api/v1/transactions/{id}/commit", post(transactions::commit))
        .route("/api/v1/transactions/{id}/rollback", post(transactions::roll_back))
        .route("/api/v1/transactions/{id}/sql", post(sql::run_in_transaction))
        .route("/sql", post(neon::run))
        .route("/v2", get(tunnel::open))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(http)
}

/// Ends transactions and sessions whose time is over; all of them with the server.
async fn upkeep(http: Arc<Http>) {
    const INTERVAL: Duration = Duration::from_millis(200);
    while tokio::time::timeout(INTERVAL, http.stop.cancelled()).await.is_err() {
        http.transactions.sweep();
        http.pool.sweep(http.front.database.config().http_pool_idle_timeout.duration());
    }
    http.transactions.close();
    http.pool.close();
}

/// Removes answers that have expired, now and then.
async fn tidy(http: Arc<Http>) {
    const INTERVAL: Duration = Duration::from_secs(10);
    while tokio::time::timeout(INTERVAL, http.stop.cancelled()).await.is_err() {
        idempotency::sweep(&http).await;
    }
}
