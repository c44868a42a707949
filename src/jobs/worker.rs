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
//! jobs a place is free for other databases, whoever has waited longest. Where many short jobs
//! wait, several of a role have a place, and a transaction, [`together`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::attempt::{self, Claimed};
use super::{Engine, together};
use crate::observe::job::Outcome;
use crate::sql::types::Oid;

/// Jobs that wait for their commits, for each that runs.
pub const COMMITTING: usize = 2;

pub struct Workers {
    engine: Arc<Engine>,
    database: Oid,
    /// Claimed, and not started yet.
    claimed: Mutex<VecDeque<Waiting>>,
    /// Started, and not ended yet.
    started: AtomicUsize,
    /// There is room for more claims, or a queue may have room again.
    pub news: Notify,
}

/// A claimed job, with what asks it to end.
struct Waiting {
    job: Claimed,
    asked_to_end: CancellationToken,
    /// It has failed where it shared a transaction.
    is_alone: bool,
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
        self.claimed.lock().push_back(Waiting { job, asked_to_end, is_alone: false });
    }

    /// Starts claimed jobs for which there are places, unless the server ends: then the runner
    /// gives them back.
    pub fn hand_out(self: &Arc<Self>) {
        while !self.engine.stop.is_cancelled()
            && self.waiting() > 0
            && let Ok(permit) = self.engine.permits.clone().try_acquire_owned()
        {
            let mut next = self.next();
            match (next.len(), next.pop()) {
                (_, None) => return,
                (1, Some(one)) => self.start(one, Some(permit)),
                (_, Some(last)) => {
                    next.push(last);
                    self.start_together(next, permit);
                }
            }
        }
    }

    /// The next claimed job, or several that may share a transaction, where there are more
    /// than places.
    fn next(&self) -> Vec<Waiting> {
        let mut claimed = self.claimed.lock();
        let (waiting, places) = (claimed.len(), self.engine.workers.max(1));
        let most = if waiting > places { (2 * waiting / places).min(together::MOST) } else { 1 };
        let mut next: Vec<Waiting> = claimed.pop_front().into_iter().collect();
        let timeout = self.engine.database.config().jobs_timeout.duration();
        let may_share = |one: &Waiting| {
            let is_free = !one.is_alone && !one.asked_to_end.is_cancelled();
            is_free && together::may_share(&one.job, timeout)
        };
        let role = match next.first() {
            Some(first) if most > 1 && may_share(first) => first.job.role,
            _ => return next,
        };
        if !self.engine.are_short() || !self.engine.sharing.is_on() {
            return next;
        }
        while next.len() < most
            && claimed.front().is_some_and(|one| may_share(one) && one.job.role == role)
        {
            next.extend(claimed.pop_front());
        }
        next
    }

    /// Starts jobs that share a transaction. Those that it does not complete wait again, as
    /// the first ones.
    fn start_together(self: &Arc<Self>, all: Vec<Waiting>, permit: OwnedSemaphorePermit) {
        let workers = Arc::clone(self);
        let started = Started::of(workers.clone());
        let place = Arc::new(Place { workers, held: Mutex::new((Some(permit), None)) });
        self.engine.spawn(async move {
            let workers = &started.0;
            let (engine, database) = (&workers.engine, workers.database);
            let begun = Instant::now();
            let jobs = &engine.database.statistics.jobs;
            let running: Vec<_> = all.iter().map(|_| jobs.running.enter()).collect();
            let shared = all.iter().map(|one| (one.job.clone(), one.asked_to_end.clone()));
            let ran = together::run(engine, database, shared.collect(), place).await;
            drop(running);
            let took = begun.elapsed() / u32::try_from(all.len()).unwrap_or(1);
            engine.note_duration(took);
            let mut left = VecDeque::new();
            for mut one in all {
                let id = one.job.id;
                if ran.completed.contains(&id) {
                    jobs.note(&one.job.queue, Outcome::Completed);
                    jobs.took.note(took);
                    engine.running.lock().remove(&(database, id));
                } else {
                    one.is_alone |= ran.failed.contains(&id);
                    left.push_back(one);
                }
            }
            let mut claimed = workers.claimed.lock();
            left.append(&mut claimed);
            *claimed = left;
        });
    }

    fn start(self: &Arc<Self>, one: Waiting, permit: Option<OwnedSemaphorePermit>) {
        let Waiting { job, asked_to_end, .. } = one;
        let workers = Arc::clone(self);
        let started = Started::of(workers.clone());
        let place = Arc::new(Place { workers, held: Mutex::new((permit, None)) });
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
                claimed.drain(..).partition(|one: &Waiting| one.asked_to_end.is_cancelled());
            *claimed = rest;
            cancelled
        };
        for one in cancelled {
            self.start(one, None);
        }
    }

    /// Takes back what has not been started: the ids.
    pub fn take_back(&self) -> Vec<i64> {
        let jobs = std::mem::take(&mut *self.claimed.lock());
        let ids: Vec<i64> = jobs.into_iter().map(|one| one.job.id).collect();
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
