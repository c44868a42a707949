//! `GET /metrics`: what the server counts, for Prometheus.
//!
//! In the older text format, or as OpenMetrics 1.0 where `Accept` names it. Everything is
//! read from memory when it is asked for: no table is scanned, and nobody waits but who
//! asks.
//!
//! `metrics_access` says who may: `monitor`, who proves to be a superuser or a member of
//! `pg_monitor`, by a password, a token or an API key with the scope `admin`; `loopback`
//! (the default), whoever asks from the machine itself, too, by an address or `localhost`
//! (`guard::host`); `everyone`. Names of databases,
//! queues of jobs and routes are all that it tells of what is stored.
//!
//! A database that was reset (`pg_stat_reset`) begins again at 0, as counters may.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::principal::{self, Scope};
use super::problem::Problem;
use super::{Http, State, guard};
use crate::config::MetricsAccess;
use crate::error::Error;
use crate::index::vector;
use crate::observe::count::Distribution;
use crate::observe::page::{Format, Labels, Page};
use crate::observe::process::Process;
use crate::observe::refusal::Reason;
use crate::observe::statement::Kind;
use crate::rtc::quality::{Measured, Rating};
use crate::session::Database;
use crate::sql::types::Oid;
use crate::storage::Keyspace;
use crate::txn::{Counted, DatabaseCounts};

/// The role whose members watch the server.
const PG_MONITOR: Oid = 3373;

/// Databases that are told apart; all others are one.
const DATABASES_MAX: usize = 100;
const OTHER_DATABASES: &str = "(other)";

/// `GET /metrics`; 401 and 403 for who may not.
pub async fn show(http: State, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    check_access(&http, &parts).await?;
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = Format::of(accept.unwrap_or_default());
    let database = http.front.database.clone();
    // A disk that does not answer is waited for where nobody else waits.
    let calls = Calls::of(&http);
    let page = tokio::task::spawn_blocking(move || {
        let mut page = page(&database);
        calls.tell(&mut page);
        page.write(format)
    });
    let page = page.await;
    let failed = |what: String| Problem::of(&Error::internal(what), "");
    let text = page.map_err(|error| failed(error.to_string()))?;
    let text = text.map_err(|error| failed(error.to_string()))?;
    let mut response = Response::new(Body::from(text));
    let content_type = HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}

async fn check_access(http: &Arc<Http>, parts: &Parts) -> Result<(), Problem> {
    let client = principal::peer(parts)?.ends.client.ip().to_canonical();
    match http.front.database.config().metrics_access {
        MetricsAccess::Everyone => return Ok(()),
        MetricsAccess::Loopback if client.is_loopback() && guard::is_own_host(parts) => {
            return Ok(());
        }
        MetricsAccess::Loopback | MetricsAccess::Monitor => {}
    }
    let principal = principal::of(http, parts).await?;
    principal.require(Scope::Admin)?;
    let catalog = http.front.database.shared_catalog();
    let role = catalog.role_named(&principal.role);
    match role.is_some_and(|role| catalog.has_privileges_of(role, PG_MONITOR)) {
        true => Ok(()),
        false => {
            let problem = principal::forbidden("permission denied to read metrics");
            Err(problem.refuses(Reason::Scope))
        }
    }
}

/// Everything that is told.
fn page(database: &Database) -> Page {
    let mut page = Page::default();
    server(&mut page, database);
    connections(&mut page, database);
    statements(&mut page, database);
    databases(&mut page, database);
    commits(&mut page, database);
    storage(&mut page, database);
    vectors(&mut page, database);
    requests(&mut page, database);
    files(&mut page, database);
    jobs(&mut page, database);
    traces(&mut page, database);
    process(&mut page, database);
    page
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

fn server(page: &mut Page, database: &Database) {
    let build = label("version", env!("CARGO_PKG_VERSION"));
    page.gauges("zserver_build_info", "The version that runs", vec![(build, 1.0)]);
    let up = (crate::session::time::now() - database.started).max(0) as f64 / 1e6;
    page.gauge("zserver_uptime_seconds", "Since the store was opened", up);
    let read = (crate::session::time::now() - database.configured_at()).max(0) as f64 / 1e6;
    page.gauge("zserver_config_age_seconds", "Since the configuration was read", read);
}

fn connections(page: &mut Page, database: &Database) {
    let mut sessions = std::collections::BTreeMap::from(
        ["active", "idle", "idle in transaction", "idle in transaction (aborted)"]
            .map(|state| (state, 0.0)),
    );
    let (mut oldest, now) = (0, crate::session::time::now());
    for backend in database.registry.all() {
        let activity = backend.activity.lock();
        *sessions.entry(activity.state.as_str()).or_default() += 1.0;
        let age = activity.transaction_start.map_or(0, |start| now - start);
        oldest = oldest.max(age);
    }
    let sessions = sessions.into_iter().map(|(state, count)| (label("state", state), count));
    page.gauges("zserver_sessions", "Sessions by state, of all protocols", sessions.collect());
    let limit = database.config().max_connections as f64;
    page.gauge("zserver_sessions_max", "Sessions that there may be (max_connections)", limit);
    let oldest = oldest.max(0) as f64 / 1e6;
    let help = "Since the oldest transaction under way began";
    page.gauge("zserver_oldest_transaction_seconds", help, oldest);
    let statistics = &database.statistics;
    let accepted = vec![
        (label("port", "http"), statistics.http_connections.get() as f64),
        (label("port", "pg"), statistics.pg_connections.get() as f64),
    ];
    page.counters("zserver_connections", "Connections that were accepted", accepted);
    page.gauge("zserver_websockets", "WebSockets that are open", statistics.sockets.get() as f64);
    let opened = statistics.sockets_opened.get();
    page.counter("zserver_websockets_opened", "WebSockets that were opened", opened);
}

fn statements(page: &mut Page, database: &Database) {
    let statements = &database.statistics.statements;
    let ended = statements.counts().into_iter().map(|found| {
        let kind = ("kind", found.kind.as_str().to_owned());
        (vec![kind, ("sqlstate_class", found.class.to_owned())], found.count as f64)
    });
    let help = "Statements of clients that are over, by kind and class of SQLSTATE (00: success)";
    page.counters("zserver_statements", help, ended.collect());
    let took = Kind::ALL
        .into_iter()
        .filter_map(|kind| Some((label("kind", kind.as_str()), statements.took(kind)?)));
    let help = "How long statements took, commit and sending of rows included";
    page.histograms("zserver_statement_duration_seconds", help, took.collect());
    let help = "Rows that statements gave or changed";
    page.counter("zserver_statement_rows", help, statements.rows());
    let help = "Statements that failed with 40001";
    page.counter("zserver_serialization_failures", help, statements.serialization_failures());
    let help = "Statements that were cancelled (57014)";
    page.counter("zserver_statements_cancelled", help, statements.cancelled());
}

/// Counts of databases by name; those without a database are the server's own.
fn named_databases(database: &Database) -> Vec<(String, DatabaseCounts)> {
    let catalog = database.shared_catalog();
    let mut named: Vec<(String, DatabaseCounts)> = Vec::new();
    let mut others = DatabaseCounts::default();
    for (oid, counts) in database.transactions.activities().databases() {
        match catalog.database(oid) {
            Some(found) if named.len() < DATABASES_MAX => {
                named.push((found.name.to_string(), counts));
            }
            _ => others += counts,
        }
    }
    named.push((OTHER_DATABASES.to_owned(), others));
    named
}

fn databases(page: &mut Page, database: &Database) {
    let named = named_databases(database);
    let each = |read: fn(&DatabaseCounts) -> u64| -> Vec<(Labels, f64)> {
        named.iter().map(|(name, counts)| (label("database", name), read(counts) as f64)).collect()
    };
    page.counters("zserver_commits", "Transactions that were committed", each(|c| c.commits));
    page.counters("zserver_rollbacks", "Transactions that were rolled back", each(|c| c.rollbacks));
    page.counters("zserver_deadlocks", "Deadlocks", each(|c| c.deadlocks));
    page.counters(
        "zserver_temp_files",
        "Files that queries have spilled to",
        each(|c| c.temp_files),
    );
    page.counters("zserver_temp_bytes", "Bytes that queries have spilled", each(|c| c.temp_bytes));
    let mut rows = Vec::new();
    for (name, counts) in &named {
        for (what, counted) in [
            ("returned", Counted::Returned),
            ("fetched", Counted::Fetched),
            ("inserted", Counted::Inserted),
            ("updated", Counted::Updated),
            ("deleted", Counted::Deleted),
        ] {
            let labels = vec![("database", name.clone()), ("what", what.to_owned())];
            rows.push((labels, counts.tables.get(counted) as f64));
        }
    }
    page.counters("zserver_rows", "Rows by what was done to them, as pg_stat_database", rows);
    let waits = database.transactions.waits().len() as f64;
    page.gauge("zserver_lock_waits", "Sessions that wait for a lock", waits);
    let prepared = database.transactions.prepared().len() as f64;
    page.gauge("zserver_prepared_transactions", "Transactions that are prepared", prepared);
}

/// A histogram of powers of two as a distribution. Its sum is known.
fn by_digits(counts: &[u64], sum: f64, unit: f64) -> Distribution {
    let last = counts.len() - 1;
    let bound = |digits: usize| match digits == last {
        true => f64::MAX,
        // The greatest number of so many binary digits.
        false => ((1u64 << digits) - 1) as f64 * unit,
    };
    let buckets = counts.iter().enumerate().map(|(digits, count)| (bound(digits), *count));
    Distribution::new(sum, buckets.collect())
}

fn commits(page: &mut Page, database: &Database) {
    let counts = database.transactions.commit_counts();
    let histograms = database.transactions.commit_histograms();
    let groups = by_digits(&histograms.groups, counts.transactions as f64, 1.0);
    let help = "Commits that were written together";
    page.histograms("zserver_commit_group_size", help, vec![(Vec::new(), groups)]);
    let syncs = by_digits(&histograms.syncs_us, counts.sync_us as f64 / 1e6, 1e-6);
    let help = "How long groups took to be written and fsynced";
    page.histograms("zserver_commit_sync_seconds", help, vec![(Vec::new(), syncs)]);
    page.counter(
        "zserver_commit_bytes",
        "Bytes of keys and values written by commits",
        counts.bytes,
    );
    let waits = database.transactions.commit_waits().unwrap_or_default().as_secs_f64();
    page.gauge("zserver_commit_wait_seconds", "Since the group that is being written began", waits);
    if let Some(status) = database.transactions.archive_status() {
        let help = "Segments of the archive that were sent";
        page.counter("zserver_archived_segments", help, status.archived_count);
        let help = "Segments of the archive that could not be sent";
        page.counter("zserver_archive_failures", help, status.failed_count);
    }
}

fn storage(page: &mut Page, database: &Database) {
    let statistics = database.transactions.engine_statistics();
    let reads = vec![
        (label("result", "hit"), statistics.point_hits as f64),
        (label("result", "miss"), statistics.point_misses as f64),
    ];
    page.counters("zserver_point_cache_reads", "Reads by key, in memory or of the tree", reads);
    let block_cache = [
        ("used", statistics.block_cache_bytes as f64),
        ("max", statistics.block_cache_bytes_max as f64),
    ];
    let block_cache = block_cache.map(|(what, bytes)| (label("what", what), bytes)).to_vec();
    page.gauges("zserver_block_cache_bytes", "Blocks of the store in memory", block_cache);
    let mut each = |name, help, read: &dyn Fn(usize) -> f64| {
        let of =
            |keyspace: &Keyspace| (label("keyspace", keyspace.name()), read(*keyspace as usize));
        page.gauges(name, help, Keyspace::ALL.iter().map(of).collect());
    };
    let keyspaces = &statistics.keyspaces;
    each("zserver_storage_bytes", "Bytes of tables on disk", &|at| keyspaces[at].disk_bytes as f64);
    each("zserver_storage_segments", "Tables on disk", &|at| keyspaces[at].tables as f64);
    each("zserver_storage_blob_files", "Files of large values", &|at| {
        keyspaces[at].blob_files as f64
    });
    for (name, help, value) in [
        ("zserver_journal_bytes", "Bytes of journals", statistics.journal_bytes as f64),
        ("zserver_journals", "Files of journals", statistics.journals as f64),
        (
            "zserver_write_buffer_bytes",
            "Bytes in memory that are not in tables yet",
            statistics.write_buffer_bytes as f64,
        ),
        (
            "zserver_sealed_memtables",
            "The most that any keyspace waits to flush; at 4 a write sleeps",
            statistics.sealed_memtables as f64,
        ),
        (
            "zserver_level_zero_tables",
            "The most that any keyspace has; at 20 a write is slowed down",
            statistics.level_zero_tables as f64,
        ),
        ("zserver_flushes_waiting", "Flushes that wait", statistics.flushes_waiting as f64),
        ("zserver_compactions_running", "Compactions", statistics.compactions_running as f64),
    ] {
        page.gauge(name, help, value);
    }
    page.counter("zserver_compactions", "Compactions that are done", statistics.compactions_done);
    let seconds = vec![(Vec::new(), statistics.compacting_us as f64 / 1e6)];
    page.counters("zserver_compaction_seconds", "Time that compactions took", seconds);
    if let Some(free) = database.transactions.engine().free_bytes() {
        page.gauge("zserver_disk_free_bytes", "Bytes that the file system has left", free as f64);
    }
    let reserve = database.transactions.limits().disk_reserve_bytes as f64;
    let help = "Free bytes below which commits are refused (53100)";
    page.gauge("zserver_disk_reserve_bytes", help, reserve);
}

fn vectors(page: &mut Page, database: &Database) {
    let Some(registry) = &database.vectors else { return };
    let vector::SearchCounts { by_graph, by_lists, by_comparing, evaluations } =
        registry.search_counts();
    let searches = [("graph", by_graph), ("lists", by_lists), ("comparing", by_comparing)];
    let searches = searches.map(|(way, count)| (label("way", way), count as f64)).to_vec();
    page.counters("zserver_vector_searches", "Searches of nearest vectors by way", searches);
    let help = "Distances that these have computed";
    page.counter("zserver_vector_distances", help, evaluations);
    let graphs = registry.graph_counts();
    let phases = [
        ("building", graphs.building),
        ("failed", graphs.failed),
        ("loading", graphs.loading),
        ("ready", graphs.ready),
    ];
    let phases = phases.map(|(phase, count)| (label("phase", phase), count as f64)).to_vec();
    page.gauges("zserver_vector_graphs", "Graphs of vector indexes", phases);
    page.gauge("zserver_vector_graph_bytes", "Memory of these", graphs.bytes as f64);
    let values = [("linked", graphs.linked), ("fresh", graphs.fresh)];
    let values = values.map(|(state, count)| (label("state", state), count as f64)).to_vec();
    page.gauges("zserver_vector_values", "Values that are linked in graphs, or not yet", values);
}

fn requests(page: &mut Page, database: &Database) {
    let requests = &database.statistics.requests;
    let (mut ended, mut took) = (Vec::new(), Vec::new());
    for route in requests.routes() {
        for (method, class, count) in route.counts() {
            let labels = vec![
                ("route", route.template().to_owned()),
                ("method", method.to_owned()),
                ("status", class.to_owned()),
            ];
            ended.push((labels, count as f64));
        }
        took.extend(route.took().map(|read| (label("route", route.template()), read)));
    }
    let help = "Requests of HTTP by route, method and class of status";
    page.counters("zserver_http_requests", help, ended);
    let help = "From the head of a request to the head of its answer";
    page.histograms("zserver_http_request_duration_seconds", help, took);
    let help = "Requests that wait for the head of their answer";
    page.gauge("zserver_http_requests_running", help, requests.running() as f64);
    let refused = database.statistics.refusals.counts();
    let refused = refused.map(|(reason, count)| (label("reason", reason.as_str()), count as f64));
    let help = "Requests (and connections) of HTTP that were refused, by why";
    page.counters("zserver_http_refused", help, refused.collect());
}

fn files(page: &mut Page, database: &Database) {
    let statistics = &database.statistics;
    let bytes = vec![
        (label("direction", "received"), statistics.file_bytes_received.get() as f64),
        (label("direction", "sent"), statistics.file_bytes_sent.get() as f64),
    ];
    page.counters("zserver_file_bytes", "Bytes of files over HTTP", bytes);
    let uploads = vec![
        (label("state", "begun"), statistics.uploads_begun.get() as f64),
        (label("state", "finished"), statistics.uploads_finished.get() as f64),
    ];
    page.counters("zserver_uploads", "Uploads in parts", uploads);
}

fn jobs(page: &mut Page, database: &Database) {
    let jobs = &database.statistics.jobs;
    let ended = jobs.counts().into_iter().map(|(queue, outcome, count)| {
        let outcome = ("outcome", outcome.as_str().to_owned());
        (vec![("queue", queue), outcome], count as f64)
    });
    let help = "Attempts of jobs that this server's workers ran, by queue and outcome";
    page.counters("zserver_job_attempts", help, ended.collect());
    let took = vec![(Vec::new(), jobs.took.read())];
    page.histograms("zserver_job_attempt_duration_seconds", "How long these took", took);
    page.counter("zserver_jobs_claimed", "Jobs that this server has claimed", jobs.claimed.get());
    page.gauge("zserver_jobs_running", "Attempts that run", jobs.running.get() as f64);
    let help = "Attempts that may run at a time (jobs_workers)";
    page.gauge("zserver_jobs_workers", help, jobs.workers.get() as f64);
}

/// Real time.
struct Calls {
    counts: [(&'static str, &'static str, usize); 5],
    measured: Vec<Measured>,
}

impl Calls {
    fn of(http: &Http) -> Calls {
        let shared = http.rooms();
        let counts = [
            ("zserver_rtc_rooms", "Rooms that are alive", shared.rooms.count()),
            ("zserver_rtc_participants", "Participants of these", shared.rooms.people()),
            ("zserver_rtc_peers", "Peers of WebRTC", http.rtc.media.peers()),
            ("zserver_rtc_recordings", "Recordings that are made", shared.recordings.count()),
            ("zserver_rtc_playbacks", "Recordings that are played", shared.playbacks.count()),
        ];
        Calls { counts, measured: shared.quality.last() }
    }

    fn tell(&self, page: &mut Page) {
        for (name, help, count) in self.counts {
            page.gauge(name, help, count as f64);
        }
        let (published, sent): (Vec<_>, Vec<_>) =
            self.measured.iter().partition(|one| one.track.is_some());
        let rated = |all: &[&Measured]| {
            let count = |rating| all.iter().filter(|one| one.rating == rating).count();
            Rating::ALL.map(|rating| (label("rating", rating.as_str()), count(rating) as f64))
        };
        let help = "Tracks that are published, by how they come here";
        page.gauges("zserver_rtc_tracks", help, rated(&published).to_vec());
        let help = "Participants, by how what they are sent arrives";
        page.gauges("zserver_rtc_subscribers", help, rated(&sent).to_vec());
        let bytes = |all: &[&Measured]| all.iter().map(|one| one.bitrate).sum::<u64>() as f64 / 8.0;
        let rates = vec![
            (label("direction", "in"), bytes(&published)),
            (label("direction", "out"), bytes(&sent)),
        ];
        let help = "Bytes of media in a second, in the last interval";
        page.gauges("zserver_rtc_media_bytes_per_second", help, rates);
        let worst = |of: fn(&Measured) -> f64| self.measured.iter().map(of).fold(0.0, f64::max);
        let help = "Of packets, of the stream that lost most in the last interval";
        page.gauge("zserver_rtc_loss_ratio_max", help, worst(|one| one.loss));
        let help = "Of the stream that had most in the last interval";
        page.gauge("zserver_rtc_jitter_seconds_max", help, worst(|one| one.jitter_ms / 1e3));
        let help = "Of the peer that is furthest";
        let round_trip = worst(|one| one.round_trip_ms.unwrap_or(0.0) / 1e3);
        page.gauge("zserver_rtc_round_trip_seconds_max", help, round_trip);
    }
}

fn traces(page: &mut Page, database: &Database) {
    let Some(tracer) = &database.statistics.tracer else { return };
    let counts = &tracer.counts;
    let spans = [
        ("sent", counts.sent.get()),
        ("dropped", counts.dropped.get()),
        ("failed", counts.failed.get()),
    ];
    let spans = spans.map(|(what, count)| (label("result", what), count as f64)).to_vec();
    let help = "Spans that a collector took, that found the queue full, and that it did not take";
    page.counters("zserver_trace_spans", help, spans);
}

fn process(page: &mut Page, database: &Database) {
    let process = Process::read();
    if let Some(seconds) = process.cpu_seconds {
        let help = "User and system time";
        page.counters("process_cpu_seconds", help, vec![(Vec::new(), seconds)]);
    }
    // From 2000-01-01 to 1970-01-01, both UTC.
    let started = database.started as f64 / 1e6 + 946_684_800.0;
    page.gauge("process_start_time_seconds", "Since 1970-01-01 UTC", started);
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Resident memory", process.resident_bytes),
        ("process_virtual_memory_bytes", "Virtual memory", process.virtual_bytes),
        ("process_threads", "Threads", process.threads),
        ("process_open_fds", "File descriptors that are open", process.open_fds),
        ("process_max_fds", "File descriptors that may be open", process.max_fds),
    ] {
        if let Some(value) = value {
            page.gauge(name, help, value as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_digits_are_bounded_by_their_greatest_number() {
        let read = by_digits(&[0, 5, 2, 1], 12.0, 1.0);
        assert_eq!(read.buckets, [(0.0, 0), (1.0, 5), (3.0, 2), (f64::MAX, 1)]);
        assert_eq!((read.count, read.sum), (8, 12.0));
    }
}
