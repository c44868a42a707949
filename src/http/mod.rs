//! The second port: the same database over HTTP.
//!
//! ```text
//! …    /api/v1/auth/…                sessions, tokens, API keys ([`auth`])
//! GET  /.well-known/jwks.json        the public keys of tokens
//! GET  /openapi.json /docs           what there is, told and shown ([`openapi`])
//! GET  /demo                         a page of rooms, with `dev` only ([`demo`])
//! GET  /livez /readyz /startupz      whether the process lives, serves, has started
//! …    /api/v1/files…                buckets and their files ([`files`])
//! …    /files…                       uploads that go on: tus and the IETF's draft ([`tus`])
//! GET  /metrics                      what Prometheus asks for
//! …    /api/v1/events /webhooks           changes of tables, notifications ([`events`])
//! …    /api/v1/jobs /queues /schedules   jobs, their workers and times
//! …    /api/v1/rooms                     rooms, who is in them, tokens ([`rooms`])
//! …    /api/v1/sagas                     steps that are done or undone
//! POST /api/v1/sql                   statements, answered as JSON, NDJSON, CSV or Arrow
//! GET  /api/v1/sql                   the same over a WebSocket, with notifications
//!      /api/v1/transactions[/{id}]   transactions of several requests
//! …    /api/v1/rtc…                  peers of WebRTC: signalling, WHIP, WHEP ([`rtc`])
//! POST /sql                          statements as Neon's serverless driver asks them
//! GET  /v2                           its WebSocket: PostgreSQL's protocol in frames
//! …    /api/v1/collections…           collections of points ([`collections`])
//! …    /collections… /aliases /       the same in Qdrant's API ([`qdrant`])
//! …    /rtc /twirp…                   rooms, as LiveKit's clients ask for them ([`livekit`])
//! ```
//!
//! [`serve`] takes a connection to its end, [`router`] names every route. A request comes
//! from a [`principal`], who proves the same as at the PostgreSQL port, by the same rules
//! (`crate::auth::hba`), or by a token or an API key, and runs as that role in a session of its own ([`conversation`]), under
//! the same limits. Errors are [`problem`]s; values are JSON as `to_json` writes them.
//!
//! Before all of them stands the [`guard`]: limits, sizes, origins, rules.
//!
//! Invariants: a request that its client gives up is cancelled; what is streamed waits for
//! who reads it; a body is read up to `http_max_body`.

mod arrow;
mod auth;
pub(crate) mod collections;
pub(crate) mod conversation;
mod demo;
mod events;
mod extension;
pub(crate) mod files;
mod guard;
mod health;
mod idempotency;
pub(crate) mod jobs;
mod livekit;
mod metrics;
mod neon;
mod openapi;
mod page;
mod paging;
mod params;
pub mod pool;
pub(crate) mod principal;
pub(crate) mod problem;
mod qdrant;
mod reply;
mod request;
pub(crate) mod rooms;
mod routes;
pub(crate) mod rows;
pub(crate) mod rtc;
mod sagas;
mod serve;
pub(crate) mod socket;
mod sql;
mod transactions;
mod tunnel;
mod tus;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, delete, get, head, post, put};
use tokio_util::sync::CancellationToken;

pub use guard::Addresses;
pub use serve::serve;

use crate::error::{Error, Result};
use crate::pg::Front;
use crate::sql::types::Oid;
use conversation::Conversation;
use principal::Proofs;
use problem::Problem;
use routes::Routes;

/// What the requests of one server share.
pub struct Http {
    pub(crate) front: Arc<Front>,
    /// Passwords that were right before.
    proofs: Proofs,
    /// One extension at a time is made by [`extension::ensure`].
    making_extension: tokio::sync::Mutex<()>,
    auth: auth::Auth,
    files: files::Files,
    guard: guard::Guard,
    livekit: livekit::Sessions,
    rooms: rooms::Shared,
    pub(crate) rtc: rtc::Shared,
    /// Sessions that nobody uses.
    pool: Arc<pool::Pool>,
    transactions: transactions::Transactions,
    /// Idempotency keys that are in use.
    keys: Arc<idempotency::Keys>,
    pub(crate) stop: CancellationToken,
}

type State = axum::extract::State<Arc<Http>>;

impl Http {
    /// The name of a database that is still there.
    pub(crate) fn database_name(&self, database: Oid) -> Result<String> {
        let catalog = self.front.database.shared_catalog();
        let found = catalog.database(database).map(|found| found.name.clone());
        found.ok_or_else(|| Error::internal("work for a database that is gone"))
    }

    /// A conversation of the server itself in a database.
    pub(crate) async fn as_server(&self, database: Oid) -> Result<Conversation> {
        let name = self.database_name(database)?;
        Conversation::of_server(&self.front.database, &name, Vec::new()).await
    }
}

/// The routes, and what is done beside them. `stop`: the server is ending.
pub fn router(front: Arc<Front>, stop: CancellationToken) -> Router {
    let rooms = rooms::Shared::of(&front.database);
    let http = Arc::new(Http {
        front,
        proofs: Proofs::default(),
        making_extension: tokio::sync::Mutex::new(()),
        pool: Arc::default(),
        transactions: transactions::Transactions::default(),
        keys: Arc::default(),
        auth: auth::Auth::default(),
        files: files::Files::default(),
        guard: guard::Guard::default(),
        livekit: livekit::Sessions::default(),
        rooms,
        rtc: rtc::Shared::default(),
        stop,
    });
    tokio::spawn(files::sweep::run(http.clone(), http.stop.clone()));
    tokio::spawn(upkeep(http.clone()));
    tokio::spawn(tidy(http.clone()));
    tokio::spawn(rooms::keep(http.clone()));
    rtc::start(&http);
    let router = routes().into_router(&http.front.database.statistics);
    let router = router.with_state(http.clone());
    guard::around(http, router)
}

/// The paths of all routes, as `/openapi.json` writes them.
pub fn paths() -> Vec<String> {
    routes().into_paths()
}

/// Every route there is.
fn routes() -> Routes {
    let transaction = get(transactions::show).delete(transactions::roll_back);
    let bucket = get(files::bucket).put(files::bucket).patch(files::bucket).delete(files::bucket);
    let object = get(files::object).put(files::object).post(files::object).delete(files::object);
    let uploads = post(tus::uploads).options(tus::uploads);
    let upload = head(tus::upload).patch(tus::upload).delete(tus::upload);
    let router = Routes::default();
    let router = collection_routes(router);
    let router = qdrant_routes(router);
    let router = event_routes(router);
    let router = rooms::routes(router);
    let router = rtc::routes(router);
    let router = livekit::routes(router);
    router
        .route("/livez", get(health::live))
        .route("/metrics", get(metrics::show))
        .route("/readyz", get(health::ready))
        .route("/startupz", get(health::live))
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
        .route("/api/v1/files", get(files::buckets))
        .route("/api/v1/files/{bucket}", bucket)
        .route("/api/v1/files/{bucket}/{*name}", object)
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
        .route("/api/v1/sql", socket_route(socket::open).post(sql::run))
        .route("/api/v1/transactions", get(transactions::list).post(transactions::begin))
        .route("/api/v1/transactions/{id}", transaction)
        .route("/api/v1/transactions/{id}/commit", post(transactions::commit))
        .route("/api/v1/transactions/{id}/rollback", post(transactions::roll_back))
        .route("/api/v1/transactions/{id}/sql", post(sql::run_in_transaction))
        .route("/demo", get(demo::page))
        .route("/demo/{file}", get(demo::file))
        .route("/docs", get(openapi::page))
        .route("/docs/{file}", get(openapi::page_file))
        .route("/files", uploads.clone())
        .route("/files/", uploads)
        .route("/files/{id}", upload.post(tus::upload).options(tus::upload))
        .route("/openapi.json", get(openapi::document))
        .route("/sql", post(neon::run))
        .route("/v2", socket_route(tunnel::open))
}

/// A socket's route: it is opened by GET over HTTP/1.1, by CONNECT over HTTP/2 (RFC 8441).
fn socket_route<H: Handler<T, Arc<Http>>, T: 'static>(open: H) -> MethodRouter<Arc<Http>> {
    get(open.clone()).connect(open)
}

/// What is answered while the server ends: that it lives, and does not serve.
pub fn ending_router() -> Router {
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ending))
        .route("/startupz", get(health::live))
        .fallback(|| async { Problem::unavailable() })
}

/// Collections in this server's words.
fn collection_routes(router: Routes) -> Routes {
    use collections::{ingest, native};
    let base = "/api/v1/collections";
    let at = |path: &str| format!("{base}{path}");
    router
        .route(base, get(native::list).post(native::create))
        .route(&at("/{name}"), get(native::get).patch(native::change).delete(native::delete))
        .route(&at("/{name}/indexes/{key}"), put(native::put_index).delete(native::delete_index))
        .route(&at("/{name}/points"), put(native::put_points))
        .route(&at("/{name}/points/count"), post(native::count_points))
        .route(&at("/{name}/points/delete"), post(native::delete_points))
        .route(&at("/{name}/points/facet"), post(native::facet_points))
        .route(&at("/{name}/points/get"), post(native::get_points))
        .route(&at("/{name}/points/groups"), post(native::group_points))
        .route(&at("/{name}/points/ingest"), post(ingest::ingest))
        .route(&at("/{name}/points/payload"), post(native::change_payload))
        .route(&at("/{name}/points/scroll"), post(native::scroll_points))
        .route(&at("/{name}/points/search"), post(native::search_points))
        .route(&at("/{name}/points/vectors"), post(native::change_vectors))
        .route(&at("/{name}/points/{id}"), get(native::get_point))
}

/// The change feed, and what it feeds.
fn event_routes(router: Routes) -> Routes {
    let webhook = get(events::get).patch(events::patch).delete(events::delete);
    router
        .route("/api/v1/events", get(events::watched))
        .route("/api/v1/events/channels/{channel}", get(events::notifications))
        .route("/api/v1/events/{table}", get(events::changes))
        .route("/api/v1/webhooks", get(events::list).post(events::create))
        .route("/api/v1/webhooks/{id}", webhook)
        .route("/api/v1/webhooks/{id}/rotate", post(events::rotate))
}

/// The same in Qdrant's.
fn qdrant_routes(router: Routes) -> Routes {
    use qdrant::{aliases, collections, index, points, search};
    let at = |path: &str| format!("/collections/{{name}}{path}");
    router
        .route("/", get(qdrant::version))
        .route("/aliases", get(aliases::all))
        .route("/collections", get(collections::list))
        .route("/collections/aliases", post(aliases::change))
        .route(
            &at(""),
            get(collections::get)
                .put(collections::create)
                .patch(collections::update)
                .delete(collections::delete),
        )
        .route(&at("/aliases"), get(aliases::of))
        .route(&at("/exists"), get(collections::exists))
        .route(&at("/facet"), post(search::facet))
        .route(&at("/index"), put(index::put))
        .route(&at("/index/{key}"), delete(index::delete))
        .route(&at("/points"), put(points::put).post(points::get))
        .route(&at("/points/batch"), post(points::batch))
        .route(&at("/points/count"), post(search::count))
        .route(&at("/points/delete"), post(points::delete))
        .route(&at("/points/discover"), post(search::older))
        .route(&at("/points/discover/batch"), post(search::older_batch))
        .route(&at("/points/payload"), post(points::set_payload).put(points::overwrite_payload))
        .route(&at("/points/payload/clear"), post(points::clear_payload))
        .route(&at("/points/payload/delete"), post(points::delete_payload))
        .route(&at("/points/query"), post(search::query))
        .route(&at("/points/query/batch"), post(search::query_batch))
        .route(&at("/points/query/groups"), post(search::query_groups))
        .route(&at("/points/recommend"), post(search::older))
        .route(&at("/points/recommend/batch"), post(search::older_batch))
        .route(&at("/points/recommend/groups"), post(search::older_groups))
        .route(&at("/points/scroll"), post(search::scroll_points))
        .route(&at("/points/search"), post(search::older))
        .route(&at("/points/search/batch"), post(search::older_batch))
        .route(&at("/points/search/groups"), post(search::older_groups))
        .route(&at("/points/vectors"), put(points::update_vectors))
        .route(&at("/points/vectors/delete"), post(points::delete_vectors))
        .route(&at("/points/{id}"), get(points::get_one))
        .route(
            &at("/vectors/{vector}"),
            put(collections::add_vector).delete(collections::drop_vector),
        )
        .route("/healthz", get(qdrant::health))
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
