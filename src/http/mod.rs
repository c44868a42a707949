//! The second port: the same database over HTTP.
//!
//! ```text
//! GET  /livez /readyz /startupz      whether the process lives, serves, has started
//! …    /api/v1/jobs /queues /schedules   jobs, their workers and times
//! …    /api/v1/sagas                     steps that are done or undone
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
//! Not here yet: tokens and keys, collections, files, events.

mod arrow;
pub(crate) mod conversation;
mod extension;
mod health;
mod idempotency;
mod jobs;
mod neon;
mod params;
mod pool;
mod principal;
pub(crate) mod problem;
mod reply;
mod request;
mod rows;
mod sagas;
mod serve;
mod socket;
mod sql;
mod transactions;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post, put};
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
        .route("/api/v1/jobs", get(jobs::list).post(jobs::submit))
        .route("/api/v1/jobs/claim", post(jobs::claim))
        .route("/api/v1/jobs/complete", post(jobs::complete_batch))
        .route("/api/v1/jobs/{id}", get(jobs::get).delete(jobs::delete))
        .route("/api/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/api/v1/jobs/{id}/complete", post(jobs::complete))
        .route("/api/v1/jobs/{id}/events", get(jobs::events))
        .route("/api/v1/jobs/{id}/fail", post(jobs::fail))
        .route("/api/v1/jobs/{id}/heartbeat", post(jobs::heartbeat))
        .route("/api/v1/jobs/{id}/logs", get(jobs::logs).post(jobs::log))
        .route("/api/v1/jobs/{id}/retry", post(jobs::retry))
        .route("/api/v1/queues", get(jobs::queue_list))
        .route("/api/v1/queues/{name}", put(jobs::queue_change))
        .route("/api/v1/queues/{name}/pause", post(jobs::queue_pause))
        .route("/api/v1/queues/{name}/resume", post(jobs::queue_resume))
        .route("/api/v1/sagas", get(sagas::list).post(sagas::start))
        .route("/api/v1/sagas/definitions", get(sagas::definitions))
        .route("/api/v1/sagas/definitions/{name}", put(sagas::define).delete(sagas::forget))
        .route("/api/v1/sagas/{id}", get(sagas::get))
        .route("/api/v1/sagas/{id}/cancel", post(sagas::cancel))
        .route("/api/v1/sagas/{id}/steps/{name}/resolve", post(sagas::resolve))
        .route("/api/v1/schedules", get(jobs::schedule_list).post(jobs::schedule_create))
        .route("/api/v1/schedules/{name}", get(jobs::schedule_get).delete(jobs::schedule_delete))
        .route("/api/v1/schedules/{name}/pause", post(jobs::schedule_pause))
        .route("/api/v1/schedules/{name}/resume", post(jobs::schedule_resume))
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
