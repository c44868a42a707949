//! One attempt of a job: its work, its time, and how it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::kinds;
use super::worker::Place;
use super::{Engine, NAME};
use crate::error::{Error, Result};
use crate::http::conversation::Leash;
use crate::http::problem;
use crate::observe::job::Outcome;
use crate::sql::types::Oid;
use crate::sqlstate;

/// How long a statement that was cancelled may take to end before its session is ended.
const END_GRACE: Duration = Duration::from_secs(5);
/// Before what could not be recorded is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// A job that this server has claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: i64,
    pub queue: String,
    pub kind: String,
    pub payload: Value,
    pub lease: String,
    pub role: Oid,
    pub timeout: Option<Duration>,
}

impl Claimed {
    pub fn of(row: &Value) -> Option<Claimed> {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let role = row["role"].as_u64().or_else(|| row["role"].as_str()?.parse().ok())?;
        Some(Claimed {
            id: row["id"].as_i64()?,
            queue: text("queue")?,
            kind: text("kind")?,
            payload: row["payload"].clone(),
            lease: text("lease")?,
            role: Oid::try_from(role).ok()?,
            timeout: row["timeout_ms"].as_u64().map(Duration::from_millis),
        })
    }
}

/// Why an attempt has failed.
pub struct Failure {
    pub error: Value,
    /// Whether another attempt may do better.
    pub is_retryable: bool,
    /// Before it; none is what the job says.
    pub delay: Option<Duration>,
}

impl Failure {
    /// What the job asks for cannot be done, however often.
    pub fn of_request(message: impl Into<String>) -> Failure {
        let error =
            json!({"code": sqlstate::INVALID_PARAMETER_VALUE.as_str(), "message": message.into()});
        Failure { error, is_retryable: false, delay: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let is_retryable = error.code() != sqlstate::FEATURE_NOT_SUPPORTED;
        let error = Value::Object(problem::members(error.report(), ""));
        Failure { error, is_retryable, delay: None }
    }
}

/// What stops the work of an attempt: the session that it has opened. It holds the session as
/// long as it is this attempt's: then it is another job's.
#[derive(Clone)]
pub struct Brake(Arc<Braked>);

struct Braked {
    leash: Mutex<Option<Leash>>,
    is_pulled: AtomicBool,
    place: Arc<Place>,
}

impl Brake {
    fn new(place: Arc<Place>) -> Brake {
        let (leash, is_pulled) = (Mutex::default(), AtomicBool::new(false));
        Brake(Arc::new(Braked { leash, is_pulled, place }))
    }

    pub fn is_of(&self, leash: Leash) {
        *self.0.leash.lock() = Some(leash);
    }

    /// Nothing is left to do but to commit.
    pub fn work_is_done(&self) {
        self.0.place.leave();
    }

    /// For work of many statements, between them: `57014` once it is to stop.
    pub fn check(&self) -> Result<()> {
        match self.0.is_pulled.load(Ordering::SeqCst) {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        }
    }

    fn cancel(&self) {
        // Before what runs is looked at, so that one or the other is hit.
        self.0.is_pulled.store(true, Ordering::SeqCst);
        if let Some(leash) = &*self.0.leash.lock() {
            leash.cancel();
        }
    }

    fn end(&self) {
        // Which ends the session, if it is the attempt's still.
        drop(self.0.leash.lock().take());
    }
}

/// Runs a job to one of its ends, which is recorded, and answered.
pub async fn run(
    engine: &Arc<Engine>,
    database: Oid,
    job: Claimed,
    asked_to_end: CancellationToken,
    place: Arc<Place>,
) -> Outcome {
    if asked_to_end.is_cancelled() {
        let error =
            json!({"code": sqlstate::QUERY_CANCELED.as_str(), "message": "the job was cancelled"});
        let failure = Failure { error, is_retryable: false, delay: None };
        record(engine, database, &job, &failure).await;
        return Outcome::Cancelled;
    }
    let brake = Brake::new(place);
    let mut work = tokio::spawn(kinds::run(engine.clone(), database, job.clone(), brake.clone()));
    let config = engine.database.config();
    let default = Some(config.jobs_timeout.duration()).filter(|limit| !limit.is_zero());
    let limit = job.timeout.or(default);
    let too_late = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let cancelled = async {
        asked_to_end.cancelled().await;
        tokio::time::sleep(config.jobs_cancel_grace.duration()).await;
    };
    let (ended, reason) = tokio::select! {
        ended = &mut work => (Some(ended), None),
        () = too_late => (None, Some("the job took longer than its timeout")),
        () = cancelled => (None, Some("the job was cancelled")),
    };
    let ended = match ended {
        Some(ended) => ended,
        None => stop(&mut work, &brake).await,
    };
    let failure = match ended {
        Ok(Ok(())) => return Outcome::Completed,
        Ok(Err(mut failure)) => {
            if let Some(reason) = reason {
                failure.error["message"] = json!(reason);
            }
            failure
        }
        // A panic: whoever reads the log knows more.
        Err(error) => {
            let message =
                reason.map_or_else(|| format!("the worker has ended: {error}"), str::to_owned);
            Failure {
                error: json!({"code": sqlstate::INTERNAL_ERROR.as_str(), "message": message}),
                is_retryable: true,
                delay: None,
            }
        }
    };
    record(engine, database, &job, &failure).await;
    match asked_to_end.is_cancelled() {
        true => Outcome::Cancelled,
        false => Outcome::Failed,
    }
}

type Work = tokio::task::JoinHandle<Result<(), Failure>>;

/// Stops work: its statement, then its session, then the task. What it had committed
/// before stays committed, and `jobs.fail` then finds no lease.
async fn stop(
    work: &mut Work,
    brake: &Brake,
) -> Result<Result<(), Failure>, tokio::task::JoinError> {
    brake.cancel();
    if let Ok(ended) = tokio::time::timeout(END_GRACE, &mut *work).await {
        return ended;
    }
    brake.end();
    if let Ok(ended) = tokio::time::timeout(END_GRACE, &mut *work).await {
        return ended;
    }
    work.abort();
    work.await
}

/// Records that an attempt has failed; again and again, until it is or the server ends.
async fn record(engine: &Arc<Engine>, database: Oid, job: &Claimed, failure: &Failure) {
    let text =
        "SELECT jobs.fail($1::bigint, $2::uuid, $3::jsonb, $4::boolean, make_interval(secs => $5))";
    let delay = failure.delay.map(|delay| delay.as_secs_f64());
    let values = [
        json!(job.id),
        json!(job.lease),
        json!(failure.error.to_string()),
        json!(failure.is_retryable),
        json!(delay),
    ];
    until_recorded(engine, database, text, &values).await;
}

/// Runs a statement about a claimed job with the server's rights, until it has succeeded,
/// the lease is lost, or there is nobody left to do it.
pub async fn until_recorded(engine: &Arc<Engine>, database: Oid, text: &str, values: &[Value]) {
    while engine.database_name(database).is_some() && !engine.stop.is_cancelled() {
        let recorded = async { engine.desk(database).await?.rows(text, values).await };
        match recorded.await {
            Ok(_) => return,
            Err(error) if error.code() == sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE => {
                tracing::debug!(%error, channel = NAME, "the lease of a job was lost");
                return;
            }
            Err(error) => tracing::warn!(%error, "the end of a job is not recorded yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
