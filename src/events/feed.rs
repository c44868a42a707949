//! Reads the changes of one table after a position.
//!
//! The order is that of the records of commits (`crate::txn`), which are there as soon as
//! what was committed is; changes are rows of `events.change`, found by the transaction.
//! Both are read in bounded pieces: [`COMMITS_MAX`] records, [`CHANGES_MAX`] changes, fewer
//! where they are large ([`PIECE_BYTES`]).
//!
//! A record is read before its rows are, so that rows are not missed; the horizon is read
//! after them, so that none was forgotten in between without being noticed.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::position::Position;
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::session::Database;
use crate::sql::types::Oid;
use crate::sqlstate;

/// Commits that are looked at together.
const COMMITS_MAX: usize = 256;
/// Changes that are read together, and how many are at first.
const CHANGES_MAX: usize = 256;
const CHANGES_FIRST: usize = 32;
/// About what a piece is to hold: by the size of its changes the next one is made.
const PIECE_BYTES: usize = 4 << 20;
/// Records that are looked through at once for the one of a transaction.
const SEARCH: usize = 10_000;

const CHANGES: &str = "SELECT c.xid, c.n, c.op, c.at, c.old, c.new FROM events.change c \
    WHERE c.xid = ANY ($1::bigint[]) AND c.n > $2::bigint AND c.source = $3::oid ORDER BY c.xid, c.n LIMIT $4::bigint";
const HORIZON: &str = "SELECT forgotten FROM events.horizon";

/// What happened to a row, or to the whole table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Insert,
    Update,
    Delete,
    Truncate,
}

impl Op {
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Insert => "insert",
            Op::Update => "update",
            Op::Delete => "delete",
            Op::Truncate => "truncate",
        }
    }

    fn named(name: &str) -> Option<Op> {
        let all = [Op::Insert, Op::Update, Op::Delete, Op::Truncate];
        all.into_iter().find(|op| op.as_str() == name)
    }
}

/// One change, as it was captured.
#[derive(Clone, Debug)]
pub struct Change {
    pub position: Position,
    pub op: Op,
    /// When it was made; its commit was later.
    pub at: String,
    /// The row as it was before and after, as `to_jsonb` makes it; null where there is none.
    pub old: Value,
    pub new: Value,
}

/// Where a reader is in the changes of a table.
#[derive(Clone)]
pub struct Feed {
    database: Arc<Database>,
    oid: Oid,
    source: Oid,
    at: Position,
    /// Changes of the next piece.
    most: usize,
}

impl Feed {
    /// The changes of a table after a position.
    pub fn after(database: Arc<Database>, oid: Oid, source: Oid, at: Position) -> Feed {
        Feed { database, oid, source, at, most: CHANGES_FIRST }
    }

    /// All changes up to here were read.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Whether there are commits that were not looked at; this asks no session. Where there
    /// are none the position moves on to now.
    pub fn has_more(&mut self) -> Result<bool> {
        let before = self.at.commit.saturating_sub(1);
        let (found, newest) = self.database.recorded_commits(self.oid, before, 1)?;
        if found.is_empty() {
            self.at = self.at.max(Position::after_commit(newest));
        }
        Ok(!found.is_empty())
    }

    /// The next changes, and the position after them; there may be none among the commits
    /// that were looked at. `58P01` where changes after the position were forgotten.
    pub async fn read(&mut self, desk: &mut Conversation) -> Result<Vec<Change>> {
        let before = self.at.commit.saturating_sub(1);
        let (mut commits, newest) =
            self.database.recorded_commits(self.oid, before, COMMITS_MAX)?;
        let Some(first) = commits.first() else {
            self.at = self.at.max(Position::after_commit(newest));
            return Ok(Vec::new());
        };
        // A commit that was read in part goes on by itself.
        let is_begun = self.at.n > 0 && first.commit_ts == self.at.commit;
        let after_n = if is_begun { self.at.n } else { 0 };
        if is_begun {
            commits.truncate(1);
        }
        let (rows, is_whole) = loop {
            let ids: Vec<u64> = commits.iter().map(|commit| commit.transaction).collect();
            let values = [json!(ids), json!(after_n), json!(self.source), json!(self.most + 1)];
            let rows = desk.rows(CHANGES, &values).await?;
            let is_whole = rows.len() <= self.most;
            if is_whole || commits.len() == 1 {
                break (rows, is_whole);
            }
            // They come in the order of transactions: cut, it would not be that of commits.
            let fewer = if commits.len() > self.most { self.most } else { commits.len() / 8 };
            commits.truncate(fewer.max(1));
        };
        self.check_horizon(desk).await?;
        self.most = next_size(self.most, &rows);
        let timestamps: HashMap<u64, u64> =
            commits.iter().map(|commit| (commit.transaction, commit.commit_ts)).collect();
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            let known = change(row, &timestamps);
            changes.push(known.ok_or_else(|| Error::internal("a change without columns"))?);
        }
        changes.sort_by_key(|change| change.position);
        self.at = match (changes.last(), commits.last()) {
            (Some(last), _) if !is_whole => last.position,
            (_, Some(last)) => Position::after_commit(last.commit_ts),
            (_, None) => self.at,
        };
        Ok(changes)
    }

    async fn check_horizon(&self, desk: &mut Conversation) -> Result<()> {
        let rows = desk.rows(HORIZON, &[]).await?;
        let forgotten = rows.first().and_then(|row| row["forgotten"].as_u64()).unwrap_or(0);
        match self.at != Position::START && self.at.commit <= forgotten {
            true => Err(lost(self.at)),
            false => Ok(()),
        }
    }
}

/// How many changes the next piece has, after one of so many at most that had these.
fn next_size(most: usize, rows: &[Value]) -> usize {
    let bytes: usize = rows.iter().map(weight).sum();
    let room = match rows.len() {
        0 => CHANGES_MAX,
        count => PIECE_BYTES / (bytes / count).max(1),
    };
    room.clamp(1, CHANGES_MAX).min(most * 2)
}

/// About the memory of a value.
fn weight(value: &Value) -> usize {
    const NODE: usize = 32;
    NODE + match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + weight(value)).sum()
        }
        _ => 0,
    }
}

/// The position after the commit of a transaction that left a record; none if there is no
/// such record any more.
pub fn position_of(database: &Database, oid: Oid, transaction: u64) -> Result<Option<Position>> {
    let mut after = 0;
    loop {
        let (commits, _) = database.recorded_commits(oid, after, SEARCH)?;
        if let Some(found) = commits.iter().find(|commit| commit.transaction == transaction) {
            return Ok(Some(Position::after_commit(found.commit_ts)));
        }
        match commits.last() {
            Some(last) if commits.len() == SEARCH => after = last.commit_ts,
            _ => return Ok(None),
        }
    }
}

fn change(mut row: Value, timestamps: &HashMap<u64, u64>) -> Option<Change> {
    let commit = *timestamps.get(&row["xid"].as_u64()?)?;
    Some(Change {
        position: Position { commit, n: row["n"].as_u64()? },
        op: Op::named(row["op"].as_str()?)?,
        at: row["at"].as_str()?.to_owned(),
        old: row["old"].take(),
        new: row["new"].take(),
    })
}

/// `58P01`, as PostgreSQL says it of a log that was removed.
fn lost(at: Position) -> Error {
    let message = format!("the changes after position {at} have been removed");
    Error::new(sqlstate::UNDEFINED_FILE, message).with_hint(
        "Changes are kept for \"events_keep\". Read the table again, and go on from a new position.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_while_changes_are_small_and_shrink_when_they_are_large() {
        let rows = |count: usize, bytes: usize| vec![json!({"new": "x".repeat(bytes)}); count];
        assert_eq!(next_size(32, &rows(32, 10)), 64);
        assert_eq!(next_size(64, &[]), 128);
        assert_eq!(next_size(256, &rows(256, 10)), 256);
        assert_eq!(next_size(64, &rows(64, 1 << 20)), 3);
        assert_eq!(next_size(2, &rows(1, 16 << 20)), 1);
        assert_eq!(next_size(1, &rows(1, 10)), 2);
    }
}
