//! Jobs that the server itself runs, from the tables of the extension `jobs`.
//!
//! ```text
//! INSERT … jobs.job ─commit─▶ channel "jobs" ─▶ Runner of the database
//!                                                 │ claims: available → running, in a transaction
//!                                                 ▼
//!                             Attempt ── begin ─ the work ─ jobs.complete ─ commit
//!                                └─ or it fails: jobs.fail, in a transaction of its own
//! ```
//! Each database that has the extension has a [`runner`], which claims jobs of the kinds
//! that the server knows, and [`worker`]s, which hand each to an [`attempt`]; [`kinds`] says
//! what those do. Short ones share a transaction ([`together`]).
//! What is due by the clock ([`runner`] again) is SQL: `jobs.keep`, `jobs.enqueue_ticks`.
//!
//! Invariants: a job is claimed, run and finished under one lease, and whoever has lost
//! the lease changes nothing. The effects of a `sql`, `function`, `reindex`, `export` or
//! `ingest` job and the job's completion are one commit, hence they happen once. A `http` job may be sent more
//! than once, with the same `Idempotency-Key`. A claim of this server has no deadline in
//! wall-clock time: it lasts as long as the process, whose name it carries, and the next
//! process gives back what this one has left. Attempts are counted when they are claimed.
//!
//! A step of a saga is a job, too ([`saga`]): what crashes, retries and leases do to jobs
//! they do to steps.
//!
//! Not here: workers outside, which are the functions `jobs.claim` and so on, and their
//! routes (`http::jobs`).

mod attempt;
mod clock;
mod export;
mod ingest;
mod kinds;
mod outbound;
mod progress;
mod runner;
mod saga;
mod together;
mod worker;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::http::pool::Sessions;
use crate::session::Database;
use crate::sql::types::Oid;
use crate::sqlstate;
use outbound::Outbound;

/// The extension, its schema, and the channel that wakes.
const NAME: &str = "jobs";
/// How long a session waits for another job of its role.
const SESSION_IDLE: Duration = Duration::from_secs(10);
/// Jobs that take less are claimed before there is somebody to run them, and run together.
const SHORT_MICROSECONDS: u64 = 50_000;
/// How often databases are looked through for the extension.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What the jobs of all databases share.
struct Engine {
    database: Arc<Database>,
    /// As many as jobs may run at a time.
    permits: Arc<Semaphore>,
    /// As many as may wait for their commits beside those.
    committing: Arc<Semaphore>,
    /// Sessions for them, of roles that have had jobs.
    sessions: Sessions,
    workers: usize,
    sharing: together::Sharing,
    /// How long attempts take, in the mean of late.
    mean_microseconds: AtomicU64,
    /// How this process calls itself as a worker.
    name: String,
    handles: Vec<Handle>,
    next_handle: AtomicUsize,
    /// What asks each running job to end, by database and id.
    running: Mutex<HashMap<(Oid, i64), CancellationToken>>,
    outbound: Outbound,
    stop: CancellationToken,
}

/// Runs jobs until the server stops; `handles` are runtimes for them.
pub fn start(database: Arc<Database>, handles: Vec<Handle>, stop: CancellationToken) -> Result<()> {
    let config = database.config();
    let workers = config.jobs_workers();
    // Half of the connections are left to clients.
    let left = config.max_connections.div_ceil(2).saturating_sub(workers);
    let committing = (worker::COMMITTING * workers).min(left);
    database.statistics.jobs.workers.set(i64::try_from(workers).unwrap_or(i64::MAX));
    let engine = Arc::new(Engine {
        permits: Arc::new(Semaphore::new(workers)),
        committing: Arc::new(Semaphore::new(committing)),
        sessions: Sessions::new(database.clone(), workers + committing),
        workers,
        sharing: together::Sharing::default(),
        mean_microseconds: AtomicU64::new(0),
        name: format!("server:{:016x}", rand::random::<u64>()),
        handles,
        next_handle: AtomicUsize::new(0),
        running: Mutex::default(),
        outbound: Outbound::new(&config)?,
        stop,
        database,
    });
    tokio::spawn(supervise(engine));
    Ok(())
}

/// Sees to it that each database with the extension has its runner.
async fn supervise(engine: Arc<Engine>) {
    let mut runners: HashMap<Oid, tokio::task::JoinHandle<()>> = HashMap::new();
    loop {
        runners.retain(|_, runner| !runner.is_finished());
        let with_jobs: Vec<Oid> = {
            let cluster = engine.database.cluster();
            let found = cluster.catalogs().filter(|found| found.extension_named(NAME).is_some());
            found.map(|catalog| catalog.database).collect()
        };
        for database in with_jobs {
            if let Entry::Vacant(place) = runners.entry(database) {
                place.insert(engine.spawn(runner::run(engine.clone(), database)));
            }
        }
        engine.sessions.sweep(SESSION_IDLE);
        tokio::select! {
            () = engine.stop.cancelled() => return engine.sessions.close(),
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

impl Engine {
    /// Runs a task on the threads that serve connections, one after the other.
    fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let next = self.next_handle.fetch_add(1, Ordering::Relaxed);
        match self.handles.get(next % self.handles.len().max(1)) {
            Some(handle) => handle.spawn(task),
            None => tokio::spawn(task),
        }
    }

    fn note_duration(&self, took: Duration) {
        let took = took.as_micros() as u64;
        let mean = self.mean_microseconds.load(Ordering::Relaxed);
        self.mean_microseconds.store((mean * 15 + took) / 16, Ordering::Relaxed);
    }

    /// Whether jobs take little time of late.
    fn are_short(&self) -> bool {
        self.mean_microseconds.load(Ordering::Relaxed) < SHORT_MICROSECONDS
    }

    /// The name of a database that still has the extension.
    fn database_name(&self, database: Oid) -> Option<String> {
        let catalog = self.database.catalog_of(database)?;
        catalog.extension_named(NAME)?;
        catalog.database(database).map(|found| found.name.to_string())
    }

    /// `42704` for a database without files, which a job cannot read or make.
    fn check_files(&self, database: Oid) -> Result<()> {
        let catalog = self.database.catalog_of(database);
        match catalog.is_some_and(|catalog| catalog.extension_named("files").is_some()) {
            true => Ok(()),
            false => {
                let message = "extension \"files\" does not exist";
                let hint = "CREATE EXTENSION files in this database, and a bucket.";
                Err(Error::new(sqlstate::UNDEFINED_OBJECT, message).with_hint(hint))
            }
        }
    }

    /// A conversation of the server's own.
    async fn desk(&self, database: Oid) -> Result<Conversation> {
        let gone = || Error::internal("a database without jobs");
        let name = self.database_name(database).ok_or_else(gone)?;
        let settings = vec![("application_name".to_owned(), NAME.to_owned())];
        Conversation::of_server_from(&self.sessions, &name, settings).await
    }
}
