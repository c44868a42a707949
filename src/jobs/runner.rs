//! The runner of one database: what is due by the clock, and claims.
//!
//! Which jobs are available is read some hundreds at a time, in their order, which is that of
//! an index, and claimed from that list by their ids, many in one transaction. The list is
//! read again when a transaction has told of new jobs, at most for a tenth of the time. What
//! is claimed goes to the [`worker`](super::worker)s, who ask for more before they have
//! nothing left. Sessions are held while there is work; a database without any can be
//! dropped.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::attempt::Claimed;
use super::clock::Clock;
use super::worker::Workers;
use super::{Engine, NAME};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::types::Oid;

/// Jobs that are read ahead.
const READY_MAX: i64 = 1_000;
/// Jobs of one claim.
const CLAIM_MAX: usize = 256;
/// How long a claimed job may wait behind others that turn out to be long.
const WAIT_MAX: Duration = Duration::from_secs(1);
const CANCEL_CHANNEL: &str = "jobs_cancel";
/// How long a session without work is kept.
const IDLE: Duration = Duration::from_secs(1);
/// Before what has failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often finished jobs are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(10);
/// The list of ready jobs is read again after so many times the time that it takes.
const READING_SHARE: u32 = 10;

const READY: &str = "SELECT j.id, j.queue FROM jobs.job j WHERE j.state = 'available' AND j.is_internal AND j.queue <> ALL ($2::text[]) \
    ORDER BY j.priority DESC, j.id LIMIT $1::bigint";
/// The queues from which not every job may be taken.
const LIMITS: &str = "SELECT q.name, q.is_paused, q.max_running - (SELECT count(*) FROM jobs.job j WHERE j.queue = q.name AND j.state = 'running') AS room \
    FROM jobs.queue q WHERE q.is_paused OR q.max_running IS NOT NULL";
/// The state is compared so that no index by state is looked through: the ids name the rows.
const CLAIM: &str = "UPDATE jobs.job j SET state = 'running', attempt = j.attempt + 1, started_at = clock_timestamp(), progress = NULL, worker = $2, \
    lease = gen_random_uuid(), leased_until = NULL, deadline = NULL WHERE j.id = ANY ($1::bigint[]) AND coalesce(j.state, '') = 'available' \
    RETURNING j.id, j.queue, j.kind, j.payload, j.lease, j.attempt, j.role::oid AS role, (extract(epoch FROM j.timeout) * 1000)::bigint AS timeout_ms";
const KEEP: &str = "SELECT extract(epoch FROM jobs.keep($1, make_interval(secs => $2), $3::bigint, make_interval(secs => $4)) - clock_timestamp())::float8 AS due";
const GIVE_BACK: &str = "UPDATE jobs.job SET state = CASE WHEN cancel_requested_at IS NULL THEN 'available' ELSE 'cancelled' END, \
    finished_at = CASE WHEN cancel_requested_at IS NOT NULL THEN clock_timestamp() END, attempt = attempt - 1, lease = NULL \
    WHERE id = ANY ($1::bigint[]) AND worker = $2 AND state = 'running'";
const ASKED_TO_END: &str = "SELECT id FROM jobs.job WHERE state = 'running' AND worker = $1 AND cancel_requested_at IS NOT NULL";
/// Claims of this process that nobody runs: whoever made them has failed in between.
const LOST: &str = "SELECT id, lease FROM jobs.job WHERE state = 'running' AND worker = $1 AND leased_until IS NULL \
    AND started_at < clock_timestamp() - interval '10 seconds' AND id <> ALL ($2::bigint[])";

struct Runner {
    engine: Arc<Engine>,
    database: Oid,
    /// While there is work.
    desk: Option<Conversation>,
    /// Ids and queues of jobs that were available, in their order.
    ready: VecDeque<(i64, Arc<str>)>,
    /// Who runs what is claimed.
    workers: Arc<Workers>,
    /// When the last ones were claimed.
    claimed_at: Instant,
    /// How many more may run, of the queues that have a limit.
    room: HashMap<String, i64>,
    /// Whether the list was cut: there are more behind it.
    has_more: bool,
    /// Whether the list may miss jobs that come before others.
    is_stale: bool,
    /// Whether jobs may have been asked to end.
    has_requests: bool,
    /// Before, the list is not read again.
    read_after: Instant,
    keep_at: Instant,
    count_at: Instant,
    clock: Clock,
    /// Microseconds that the clock was set forward, of which leases do not know yet.
    shift: i64,
}

impl Drop for Runner {
    /// What a runner that has failed had claimed is found by the next one (`LOST`).
    fn drop(&mut self) {
        self.workers.take_back();
    }
}

/// Runs the jobs of a database until it has none of that extension any more.
pub async fn run(engine: Arc<Engine>, database: Oid) {
    let mut wake = engine.database.channels.watch(database, NAME);
    let mut requests = engine.database.channels.watch(database, CANCEL_CHANNEL);
    let mut runner = Runner {
        engine: engine.clone(),
        database,
        desk: None,
        ready: VecDeque::new(),
        workers: Workers::new(engine.clone(), database),
        claimed_at: Instant::now(),
        room: HashMap::new(),
        has_more: false,
        is_stale: true,
        has_requests: true,
        read_after: Instant::now(),
        keep_at: Instant::now(),
        count_at: Instant::now(),
        clock: Clock::new(),
        shift: 0,
    };
    while engine.database_name(database).is_some() && !engine.stop.is_cancelled() {
        if let Err(error) = runner.step().await {
            runner.desk = None;
            if engine.database_name(database).is_none() {
                return;
            }
            tracing::warn!(%error, "the jobs of a database are looked at again");
            tokio::select! {
                () = engine.stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            continue;
        }
        runner.wait(&mut wake, &mut requests).await;
    }
    runner.give_back().await;
}

impl Runner {
    async fn rows(&mut self, text: &str, values: &[Value]) -> Result<Vec<Value>> {
        let mut desk = match self.desk.take() {
            Some(desk) => desk,
            None => self.engine.desk(self.database).await?,
        };
        // One that has failed is not used again.
        let rows = desk.rows(text, values).await?;
        self.desk = Some(desk);
        Ok(rows)
    }

    async fn step(&mut self) -> Result<()> {
        if Instant::now() >= self.keep_at {
            self.keep().await?;
            (self.is_stale, self.has_requests) = (true, true);
        }
        if std::mem::take(&mut self.has_requests) && self.has_running() {
            self.pass_on_requests().await?;
        }
        if self.is_stale && Instant::now() >= self.read_after {
            self.read_ready().await?;
        }
        loop {
            self.workers.hand_out();
            let ahead = self.ahead();
            let free = self.engine.permits.available_permits();
            if self.workers.waiting() > ahead / 2 || free + ahead == 0 {
                return Ok(());
            }
            let ids = self.take_ready((free + ahead).min(CLAIM_MAX));
            if !ids.is_empty() {
                self.claim(ids).await?;
            } else if self.ready.is_empty() && self.has_more {
                self.read_ready().await?;
            } else {
                return Ok(());
            }
        }
    }

    /// How many jobs are claimed before there is somebody to run them: some where they are
    /// short, so that a claim is of many.
    fn ahead(&self) -> usize {
        let free = self.engine.permits.available_permits();
        let is_busy = self.workers.are_busy() || free < self.engine.workers;
        if self.engine.are_short() && is_busy { CLAIM_MAX } else { 0 }
    }

    fn has_running(&self) -> bool {
        self.engine.running.lock().keys().any(|(database, _)| *database == self.database)
    }

    /// What is due by the clock.
    async fn keep(&mut self) -> Result<()> {
        let config = self.engine.database.config();
        self.shift += self.clock.jump();
        let shift = self.shift as f64 / 1e6;
        if shift != 0.0 {
            tracing::warn!(seconds = shift, "the clock was set; leases of jobs follow it");
        }
        self.rows("SELECT jobs.enqueue_ticks()", &[]).await?;
        let keep_for = config.jobs_keep.0;
        let is_counted = Instant::now() >= self.count_at;
        let keep_count = is_counted.then_some(config.jobs_keep_count);
        let values = [json!(self.engine.name), json!(keep_for), json!(keep_count), json!(shift)];
        let rows = self.rows(KEEP, &values).await?;
        self.shift = 0;
        if is_counted {
            self.count_at = Instant::now() + COUNT_INTERVAL;
        }
        let due = rows.first().and_then(|row| row["due"].as_f64());
        let poll = config.jobs_poll_interval.duration();
        let due = due.map_or(poll, |seconds| Duration::from_secs_f64(seconds.clamp(0.01, 3_600.0)));
        self.keep_at = Instant::now() + due.min(poll);
        let catalog = self.engine.database.catalog_of(self.database);
        if catalog.is_some_and(|catalog| catalog.extension_named("sagas").is_some()) {
            let keep_for = json!(keep_for);
            self.rows("SELECT sagas.keep(make_interval(secs => $1))", &[keep_for]).await?;
        }
        if self.claimed_at.elapsed() > WAIT_MAX {
            self.give_back().await;
        }
        self.give_back_lost().await
    }

    async fn give_back_lost(&mut self) -> Result<()> {
        let running: Vec<i64> = {
            let running = self.engine.running.lock();
            running.keys().filter(|(of, _)| *of == self.database).map(|(_, id)| *id).collect()
        };
        let lost = self.rows(LOST, &[json!(self.engine.name), json!(running)]).await?;
        let error = json!({"code": "XX000", "message": "the worker has ended"}).to_string();
        for job in lost {
            let fail = "SELECT jobs.fail($1::bigint, $2::uuid, $3::jsonb)";
            self.rows(fail, &[job["id"].clone(), job["lease"].clone(), json!(error)]).await?;
        }
        Ok(())
    }

    /// Tells running jobs that they were asked to end.
    async fn pass_on_requests(&mut self) -> Result<()> {
        let asked = self.rows(ASKED_TO_END, &[json!(self.engine.name)]).await?;
        for id in asked.iter().filter_map(|row| row["id"].as_i64()) {
            if let Some(token) = self.engine.running.lock().get(&(self.database, id)) {
                token.cancel();
            }
        }
        self.workers.start_cancelled();
        Ok(())
    }

    async fn read_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        self.is_stale = false;
        let limits = self.rows(LIMITS, &[]).await?;
        let room = |row: &Value| Some((row["name"].as_str()?.to_owned(), row["room"].as_i64()?));
        self.room = limits.iter().filter_map(room).collect();
        // Of these none is taken now, however many there are.
        let is_closed =
            |row: &&Value| row["is_paused"] == true || row["room"].as_i64().is_some_and(|n| n <= 0);
        let closed: Vec<&Value> = limits.iter().filter(is_closed).map(|row| &row["name"]).collect();
        let rows = self.rows(READY, &[json!(READY_MAX), json!(closed)]).await?;
        let job = |row: &Value| Some((row["id"].as_i64()?, Arc::from(row["queue"].as_str()?)));
        self.ready = rows.iter().filter_map(job).collect();
        self.has_more = self.ready.len() as i64 >= READY_MAX;
        self.read_after = Instant::now() + started.elapsed() * READING_SHARE;
        Ok(())
    }

    /// The next jobs that may run, by the limits of their queues; the others stay.
    fn take_ready(&mut self, most: usize) -> Vec<i64> {
        let mut taken = Vec::new();
        let mut kept = VecDeque::new();
        while taken.len() < most
            && let Some((id, queue)) = self.ready.pop_front()
        {
            match self.room.get_mut(&*queue) {
                Some(room) if *room <= 0 => kept.push_back((id, queue)),
                Some(room) => {
                    *room -= 1;
                    taken.push(id);
                }
                None => taken.push(id),
            }
        }
        kept.append(&mut self.ready);
        self.ready = kept;
        taken
    }

    async fn claim(&mut self, ids: Vec<i64>) -> Result<()> {
        let mut rows = self.rows(CLAIM, &[json!(ids), json!(self.engine.name)]).await?;
        self.claimed_at = Instant::now();
        self.engine.database.statistics.jobs.claimed.add(rows.len() as u64);
        // In the order in which they were asked for.
        let places: HashMap<i64, usize> = ids.into_iter().zip(0..).collect();
        rows.sort_by_key(|row| row["id"].as_i64().and_then(|id| places.get(&id).copied()));
        for row in rows {
            let job = Claimed::of(&row).ok_or_else(|| Error::internal("a job without columns"))?;
            self.workers.add(job);
        }
        Ok(())
    }

    /// Jobs that were claimed and not started become available again, as if they had not
    /// been.
    async fn give_back(&mut self) {
        let ids = self.workers.take_back();
        if ids.is_empty() {
            return;
        }
        if let Err(error) = self.rows(GIVE_BACK, &[json!(ids), json!(self.engine.name)]).await {
            tracing::warn!(%error, "claimed jobs are given back when the server starts");
        }
    }

    /// Until there is something to do.
    async fn wait(&mut self, wake: &mut watch::Receiver<()>, requests: &mut watch::Receiver<()>) {
        let stop = self.engine.stop.clone();
        loop {
            let now = Instant::now();
            let read_at = self.read_after.max(now + Duration::from_millis(1));
            let mut until = self.keep_at;
            if self.is_stale {
                until = until.min(read_at);
            }
            let idle = self.desk.is_some().then(|| now + IDLE);
            let sleep_until = idle.map_or(until, |idle| idle.min(until));
            let has_ready =
                self.workers.waiting() > 0 || !self.ready.is_empty() && self.room.is_empty();
            tokio::select! {
                () = stop.cancelled() => return,
                _ = wake.changed() => {
                    self.is_stale = true;
                    return;
                }
                _ = requests.changed() => {
                    self.has_requests = true;
                    return;
                }
                // Held by jobs of other databases; one of this would go on by itself.
                permit = self.engine.permits.acquire(), if has_ready && !self.workers.are_busy() => {
                    drop(permit);
                    return;
                }
                () = self.workers.news.notified() => {
                    // Its queue may have room again.
                    if !self.room.is_empty() {
                        self.is_stale = true;
                    }
                    return;
                }
                () = tokio::time::sleep_until(sleep_until.into()) => {
                    if Instant::now() >= until {
                        return;
                    }
                    self.desk = None;
                }
            }
        }
    }
}
