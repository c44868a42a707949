//! Forgets changes: those that are old enough, and those that are too many.
//!
//! | a change is kept | |
//! |---|---|
//! | `events_keep` | for whoever keeps a position of their own (SSE, WebSocket) |
//! | `events_keep_max` | for webhooks and sinks that have not taken it yet |
//! | `events_keep_count` | so many of a database, whoever waits for them |
//!
//! Changes go in whole commits, from the oldest on; with them, in one transaction, the
//! horizon moves, by which a reader finds that it has come too late. The records of the
//! commits go after that. The newest commit always stays.

use serde_json::{Value, json};

use super::Site;
use crate::error::Result;
use crate::http::conversation::Conversation;
use crate::table::outbox::PIECE_CHANGES;

/// Commits that are forgotten in one transaction.
const BATCH: usize = 1_000;

/// How old each commit's changes are, in seconds.
const AGES: &str = "SELECT c.xid, sum(c.changes) AS count, extract(epoch FROM clock_timestamp() - max(c.at))::float8 AS age \
    FROM events.change c WHERE c.xid = ANY ($1::bigint[]) GROUP BY c.xid";
/// How many rows of changes there are, and up to where all webhooks and sinks have taken
/// them.
const STATE: &str = "SELECT pg_stat_get_live_tuples('events.change'::regclass) AS rows, \
    (SELECT min(p.at_commit) FROM (SELECT at_commit FROM events.webhook UNION ALL SELECT at_commit FROM events.sink) p) AS taken";
/// How many changes there are; reads them all.
const COUNT: &str = "SELECT coalesce(sum(c.changes), 0)::bigint AS count FROM events.change c";
const MOVE: &str = "INSERT INTO events.horizon AS h (forgotten) VALUES ($1::bigint) \
    ON CONFLICT (only_one) DO UPDATE SET forgotten = greatest(h.forgotten, excluded.forgotten)";
const FORGET: &str = "DELETE FROM events.change WHERE xid = ANY ($1::bigint[])";

/// Forgets what is due.
pub async fn forget(site: &Site) -> Result<()> {
    let config = site.database.config();
    let keep = config.events_keep.duration().as_secs_f64();
    let keep_max = config.events_keep_max.duration().as_secs_f64().max(keep);
    let mut desk = None;
    while !site.stop.is_cancelled() {
        let (mut commits, _) = site.database.recorded_commits(site.oid, 0, BATCH + 1)?;
        // The newest one is not forgotten.
        commits.pop();
        if commits.is_empty() {
            return Ok(());
        }
        let desk = match &mut desk {
            Some(desk) => desk,
            none => none.insert(site.desk().await?),
        };
        let state = desk.rows(STATE, &[]).await?;
        let state = state.first().cloned().unwrap_or_default();
        let taken = state["taken"].as_u64();
        let rows = state["rows"].as_u64().unwrap_or(0);
        let mut surplus = surplus(desk, rows, config.events_keep_count as u64).await?;
        let ids: Vec<u64> = commits.iter().map(|commit| commit.transaction).collect();
        let ages = Ages::of(&desk.rows(AGES, &[json!(ids)]).await?);
        let is_due = |transaction: u64, commit_ts: u64, surplus: &mut u64| {
            // What is not there has no changes left.
            let Some((changes, age)) = ages.of_transaction(transaction) else { return true };
            let is_surplus = *surplus > 0;
            *surplus = surplus.saturating_sub(changes);
            // A place behind a commit is at the next one's timestamp.
            let is_taken = taken.is_none_or(|taken| taken > commit_ts);
            is_surplus || age >= keep_max || (is_taken && age >= keep)
        };
        let due = commits
            .iter()
            .take_while(|commit| is_due(commit.transaction, commit.commit_ts, &mut surplus))
            .count();
        let all = due == BATCH;
        commits.truncate(due);
        let Some(last) = commits.last() else { return Ok(()) };
        let ids: Vec<u64> = commits.iter().map(|commit| commit.transaction).collect();
        forget_changes(desk, &ids, last.commit_ts).await?;
        site.database.forget_recorded(site.oid, &commits).await?;
        tracing::debug!(commits = commits.len(), "changes were forgotten");
        if !all {
            return Ok(());
        }
    }
    Ok(())
}

/// How many changes are more than there may be. They are counted only if rows as full as
/// they may be could hold so many.
async fn surplus(desk: &mut Conversation, rows: u64, most: u64) -> Result<u64> {
    if rows.saturating_mul(PIECE_CHANGES as u64) <= most {
        return Ok(0);
    }
    let counted = desk.rows(COUNT, &[]).await?;
    let count = counted.first().and_then(|row| row["count"].as_u64()).unwrap_or(0);
    Ok(count.saturating_sub(most))
}

async fn forget_changes(desk: &mut Conversation, ids: &[u64], horizon: u64) -> Result<()> {
    desk.begin("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    desk.rows(MOVE, &[json!(horizon)]).await?;
    desk.rows(FORGET, &[json!(ids)]).await?;
    desk.commit().await
}

/// The changes of transactions, and how old they are.
struct Ages(std::collections::HashMap<u64, (u64, f64)>);

impl Ages {
    fn of(rows: &[Value]) -> Ages {
        let age = |row: &Value| {
            Some((row["xid"].as_u64()?, (row["count"].as_u64()?, row["age"].as_f64()?)))
        };
        Ages(rows.iter().filter_map(age).collect())
    }

    fn of_transaction(&self, transaction: u64) -> Option<(u64, f64)> {
        self.0.get(&transaction).copied()
    }
}
