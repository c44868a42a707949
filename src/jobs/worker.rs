//! Claimed jobs of one database, and the places in which they run.
//!
//! ```text
//! Runner ─ claims ─▶ [claimed jobs] ─ place is free ─▶ attempt ── done ── commit ── ended
//!                          ▲                                       │
//!                          └──────── the next one takes its place ─┘
//! ```
//! A job has a place (one of `jobs_workers`, of all databases) until its work is done. While
//! only its commit is waited for, the next one runs in its place, so that as many commits as
//! the disk takes at a time are under way ([`COMMITTING`] for each place, no more). A job that
//! ends hands its place on by itself: the runner is asked only for more claims. Between two
//! jobs a place is free for other databases, whoever has waited longest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::attempt::{self, Claimed};
use crate::sql::types::Oid;

/// Jobs that wait for their commits, for each that runs.
pub const COMMITTING: usize = 2;

pub struct Workers {
    engine: Arc<Engine>,
    database: Oid,
    /// Claimed, and not started yet, each with what asks it to end.
    claimed: Mutex<VecDeque<(Claimed, CancellationToken)>>,
    /// Started, and not ended yet.
    started: AtomicUsize,
    /// There is room for more claims, or a queue may have room again.
    pub news: Notify,
}

impl Workers {
    pub fn new(engine: Arc<Engine>, database: Oid) -> Arc<Workers> {
        Arc::new(Workers {
            engine,
            database,
            claimed: Mutex::default(),
            started: AtomicUsize::new(0),
            news: Notify::new(),
        })
    }

    /// How many are claimed and not started.
    pub fn waiting(&self) -> usize {
        self.claimed.lock().len()
    }

    /// Whether one of them will start the next when it is done.
    pub fn are_busy(&self) -> bool {
        self.started.load(Ordering::SeqCst) > 0
    }

    pub fn add(&self, job: Claimed) {
        let asked_to_end = CancellationToken::new();
        self.engine.running.lock().insert((self.database, job.id), asked_to_end.clone());
        self.claimed.lock().push_back((job, asked_to_end));
    }

    /// Starts claimed jobs for which there are places, unless the server ends: then the runner
    /// gives them back.
    pub fn hand_out(self: &Arc<Self>) {
        while !self.engine.stop.is_cancelled()
            && self.waiting() > 0
            && let Ok(permit) = self.engine.permits.clone().try_acquire_owned()
        {
            let next = self.claimed.lock().pop_front();
            match next {
                Some((job, asked_to_end)) => self.start(job, asked_to_end, Some(permit)),
                None => return,
            }
        }
    }

    fn start(
        self: &Arc<Self>,
        job: Claimed,
        asked_to_end: CancellationToken,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        let workers = Arc::clone(self);
        let started = Started::of(workers.clone());
        let place = Place { workers, held: Mutex::new((permit, None)) };
        self.engine.spawn(async move {
            let workers = &started.0;
            let (engine, database) = (&workers.engine, workers.database);
            let (id, queue) = (job.id, job.queue.clone());
            let begun = Instant::now();
            let jobs = &engine.database.statistics.jobs;
            let running = jobs.running.enter();
            let outcome = attempt::run(engine, database, job, asked_to_end, place).await;
            drop(running);
            jobs.note(&queue, outcome);
            jobs.took.note(begun.elapsed());
            engine.note_duration(begun.elapsed());
            engine.running.lock().remove(&(database, id));
        });
    }

    /// Those that were asked to end before they have begun: of these nothing is to be waited
    /// for.
    pub fn start_cancelled(self: &Arc<Self>) {
        let cancelled = {
            let mut claimed = self.claimed.lock();
            let (cancelled, rest): (VecDeque<_>, VecDeque<_>) =
                claimed.drain(..).partition(|(_, asked_to_end)| asked_to_end.is_cancelled());
            *claimed = rest;
            cancelled
        };
        for (job, asked_to_end) in cancelled {
            self.start(job, asked_to_end, None);
        }
    }

    /// Takes back what has not been started: the ids.
    pub fn take_back(&self) -> Vec<i64> {
        let jobs = std::mem::take(&mut *self.claimed.lock());
        let ids: Vec<i64> = jobs.into_iter().map(|(job, _)| job.id).collect();
        let mut running = self.engine.running.lock();
        ids.iter().for_each(|id| drop(running.remove(&(self.database, *id))));
        ids
    }
}

/// One that was started, until it has ended, however that is.
struct Started(Arc<Workers>);

impl Started {
    fn of(workers: Arc<Workers>) -> Started {
        workers.started.fetch_add(1, Ordering::SeqCst);
        Started(workers)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.0.hand_out();
        self.0.started.fetch_sub(1, Ordering::SeqCst);
        self.0.news.notify_one();
    }
}

/// Where a job runs; and where it waits for its commit after that.
pub struct Place {
    workers: Arc<Workers>,
    held: Mutex<(Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>)>,
}

impl Place {
    /// The work is done, and its commit is all that is left: the next one may run here, if
    /// not too many wait already.
    pub fn leave(&self) {
        let Ok(waiting) = self.workers.engine.committing.clone().try_acquire_owned() else {
            return;
        };
        let permit = {
            let mut held = self.held.lock();
            held.1 = Some(waiting);
            held.0.take()
        };
        drop(permit);
        self.workers.hand_out();
    }
}
