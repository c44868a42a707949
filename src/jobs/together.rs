//! Short jobs of one role, several in one transaction.
//!
//! ```text
//! begin ─ savepoint ─ job 1 ─ savepoint ─ job 2 ─ savepoint ─ job 3 ─ complete 1 and 3 ─ commit
//!                                           └─ fails: back to its savepoint, and once more alone
//! ```
//! A commit, a session and a statement that completes cost more than a short job does. Shared,
//! they keep what a job is promised: its effects and its completion are one commit. What fails
//! here counts for nothing: it is undone, and the job runs again as an
//! [`attempt`](super::attempt) of its own, under the same lease, which tells how it ends. So
//! does all of a transaction that cannot be committed, one in which a lease was lost, and jobs
//! for which there was no time left ([`LIMIT`]). What no transaction undoes, a sequence's next
//! value or what `dblink` does, may then have been done before.
//!
//! Each job finds the session as new: who leaves a setting, an advisory lock, a temporary table,
//! a cursor, a notification or a check for the commit to do is the last one of its transaction.
//! `now()` is that of the transaction. After one that could not be committed each job is run
//! alone for a while ([`PAUSE`]).
//!
//! Not shared: jobs of other kinds than `sql` and `function`, with a timeout of their own, and
//! those that were asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::attempt::{Claimed, Failure};
use super::kinds::{self, Asked};
use super::worker::Place;
use super::{Engine, NAME};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::types::Oid;

/// Jobs of one transaction.
pub const MOST: usize = 32;
/// After it no other one begins, and one that runs is stopped.
const LIMIT: Duration = Duration::from_millis(250);
/// How long their completion may wait, as for a job's row that somebody else has locked, and
/// what was stopped may go on, before all is given up.
const GRACE: Duration = Duration::from_secs(5);
/// Transactions of one job each, after one that could not be shared.
const PAUSE: usize = 256;

const COMPLETE: &str = "SELECT jobs.complete_batch($1::jsonb)";

/// Whether jobs share transactions just now.
#[derive(Default)]
pub struct Sharing {
    /// Jobs that are still to be run alone.
    alone: AtomicUsize,
}

impl Sharing {
    /// Whether the next job may be one of several; each time that it may not is counted.
    pub fn is_on(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.alone.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err()
    }

    fn pause(&self) {
        self.alone.store(PAUSE, Ordering::Relaxed);
    }
}

/// Whether a job may share a transaction. `timeout` is that of jobs without one of their own;
/// zero is none.
pub fn may_share(job: &Claimed, timeout: Duration) -> bool {
    let has_time = timeout.is_zero() || timeout > LIMIT;
    matches!(job.kind.as_str(), "sql" | "function") && job.timeout.is_none() && has_time
}

/// What became of jobs, by their ids. Of those that are in neither nothing was done.
#[derive(Default)]
pub struct Ran {
    pub completed: Vec<i64>,
    /// They have failed, which was undone.
    pub failed: Vec<i64>,
}

/// Runs jobs of one role, each with what asks it to end.
pub async fn run(
    engine: &Arc<Engine>,
    database: Oid,
    jobs: Vec<(Claimed, CancellationToken)>,
    place: Arc<Place>,
) -> Ran {
    let all = jobs.iter().map(|(job, _)| job.id).collect();
    let mut work = tokio::spawn(share(engine.clone(), database, jobs, place));
    let error = match tokio::time::timeout(LIMIT + 3 * GRACE, &mut work).await {
        Ok(Ok(Ok(ran))) => return ran,
        Ok(Ok(Err(failure))) => failure.error.to_string(),
        // A panic: the one that has met it meets it again, alone.
        Ok(Err(error)) => error.to_string(),
        // Whether it was committed nobody knows: who was completed has no lease any more.
        Err(_) => {
            work.abort();
            "it took too long".to_owned()
        }
    };
    engine.sharing.pause();
    tracing::debug!(error, channel = NAME, "jobs that shared a transaction run alone");
    Ran { completed: Vec::new(), failed: all }
}

async fn share(
    engine: Arc<Engine>,
    database: Oid,
    jobs: Vec<(Claimed, CancellationToken)>,
    place: Arc<Place>,
) -> Result<Ran, Failure> {
    let mut ran = Ran::default();
    let Some((first, _)) = jobs.first() else { return Ok(ran) };
    let mut session = kinds::session_of(&engine, database, first).await?;
    session.begin(kinds::BEGIN).await?;
    let until = Instant::now() + LIMIT;
    let watch = stopped_at(&mut session, until)?;
    let mut documents: Vec<Value> = Vec::with_capacity(jobs.len());
    for (job, asked_to_end) in &jobs {
        if Instant::now() >= until {
            break;
        }
        if asked_to_end.is_cancelled() {
            continue;
        }
        let (result, has_left_nothing) = one(&mut session, job).await?;
        match result {
            None => ran.failed.push(job.id),
            Some(result) => {
                ran.completed.push(job.id);
                documents.push(json!({"id": job.id, "lease": job.lease, "result": result}));
            }
        }
        if !has_left_nothing {
            break;
        }
    }
    session.let_off();
    watch.abort();
    if documents.is_empty() {
        return Ok(ran);
    }
    let watch = stopped_at(&mut session, Instant::now() + GRACE)?;
    let completed = session.rows(COMPLETE, &[json!(Value::Array(documents).to_string())]).await;
    // What follows is not to be cancelled.
    session.let_off();
    watch.abort();
    let completed = completed?;
    if completed.len() != ran.completed.len() {
        return Err(Error::internal("the lease of a job was lost").into());
    }
    place.leave();
    session.commit().await?;
    Ok(ran)
}

/// What of a session runs at an instant is stopped then, unless it is let off before. In a task
/// of its own: a statement may compute for long without looking up.
fn stopped_at(session: &mut Conversation, until: Instant) -> Result<JoinHandle<()>> {
    let leash = session.leash_of_statement()?;
    Ok(tokio::spawn(async move {
        tokio::time::sleep_until(until.into()).await;
        drop(leash);
    }))
}

/// Does the work of one job; its result, and whether the session is as before. No result if it
/// has failed, and nothing that it has written is there.
async fn one(session: &mut Conversation, job: &Claimed) -> Result<(Option<Value>, bool), Failure> {
    session.set_savepoint().await?;
    let before = session.mark()?;
    kinds::introduce(session, job)?;
    let begun = session.mark()?;
    match result_of(session, job).await {
        Ok(result) => Ok((Some(result), session.has_left_nothing(&begun)?)),
        Err(_) => {
            session.fail();
            session.roll_back_to_savepoint().await?;
            // No rollback gives back a lock of the session, or forgets a name.
            Ok((None, session.has_left_nothing(&before)?))
        }
    }
}

async fn result_of(session: &mut Conversation, job: &Claimed) -> Result<Value, Failure> {
    let Asked { text, params, has_value } = Asked::of(job)?;
    session.refuse_transaction_command(&text)?;
    Ok(kinds::result_of(session, &text, &params, has_value).await?)
}

#[cfg(test)]
mod tests {
    use super::{PAUSE, Sharing};

    #[test]
    fn after_a_failure_so_many_run_alone() {
        let sharing = Sharing::default();
        assert!(sharing.is_on() && sharing.is_on());
        sharing.pause();
        assert!((0..PAUSE).all(|_| !sharing.is_on()));
        assert!(sharing.is_on());
    }
}
