//! Reads the changes of one table after a position.
//!
//! The order is that of the records of commits (`crate::txn`), which are there as soon as
//! what was committed is; changes are in rows of `events.change`, found by the transaction,
//! each of which holds some of them (`table::outbox`). Both are read in bounded pieces:
//! [`COMMITS_MAX`] records, [`CHANGES_MAX`] changes, fewer where they are large
//! ([`PIECE_BYTES`]). What more was found in the last rows is found again by the next piece.
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
/// Changes that are read together, and how many rows of them are at first.
const CHANGES_MAX: usize = 256;
const ROWS_FIRST: usize = 32;
/// About what a piece is to hold: by the size of its changes the next one is made.
const PIECE_BYTES: usize = 4 << 20;
/// Records that are looked through at once for the one of a transaction.
const SEARCH: usize = 10_000;

const CHANGES: &str = "SELECT c.xid, c.n, c.changes, c.op, c.at, c.old, c.new FROM events.change c \
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
    /// Rows of the next piece, and commits that are looked at for them.
    most: usize,
    span: usize,
}

impl Feed {
    /// The changes of a table after a position.
    pub fn after(database: Arc<Database>, oid: Oid, source: Oid, at: Position) -> Feed {
        Feed { database, oid, source, at, most: ROWS_FIRST, span: COMMITS_MAX }
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
        let (mut commits, newest) = self.database.recorded_commits(self.oid, before, self.span)?;
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
                // What is looked at is about what there is room for.
                if rows.len() <= self.most / 2 {
                    self.span = (self.span * 2).min(COMMITS_MAX);
                }
                break (rows, is_whole);
            }
            // They come in the order of transactions: cut, it would not be that of commits.
            self.span = (commits.len() / 2).min(self.most).max(1);
            commits.truncate(self.span);
        };
        self.check_horizon(desk).await?;
        self.most = next_size(self.most, &rows);
        let timestamps: HashMap<u64, u64> =
            commits.iter().map(|commit| (commit.transaction, commit.commit_ts)).collect();
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            let known = unpacked(row, &timestamps);
            changes.extend(known.ok_or_else(|| Error::internal("changes without columns"))?);
        }
        // A row that was read in part begins with what is known.
        changes.retain(|change| change.position > self.at);
        changes.sort_by_key(|change| change.position);
        let next = changes.get(CHANGES_MAX).map(|change| change.position);
        changes.truncate(CHANGES_MAX);
        self.at = match (changes.last().map(|change| change.position), next, commits.last()) {
            (Some(last), Some(next), _) if next.commit > last.commit => {
                Position::after_commit(last.commit)
            }
            (Some(last), Some(_), _) => last,
            (Some(last), None, _) if !is_whole => last,
            (_, _, Some(last)) => Position::after_commit(last.commit_ts),
            (_, _, None) => self.at,
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

/// How many rows the next piece has, after one of so many at most that had these.
fn next_size(most: usize, rows: &[Value]) -> usize {
    let bytes: usize = rows.iter().map(weight).sum();
    let changes: u64 = rows.iter().filter_map(|row| row["changes"].as_u64()).sum();
    let room = match rows.len() {
        0 => CHANGES_MAX,
        count => {
            let by_changes = CHANGES_MAX * count / usize::try_from(changes).unwrap_or(1).max(1);
            (PIECE_BYTES / (bytes / count).max(1)).min(by_changes)
        }
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

/// The changes in a row of `events.change`, whose number is that of the last of them.
fn unpacked(mut row: Value, timestamps: &HashMap<u64, u64>) -> Option<Vec<Change>> {
    let commit = *timestamps.get(&row["xid"].as_u64()?)?;
    let count = row["changes"].as_u64()?;
    let first = row["n"].as_u64()?.checked_sub(count)? + 1;
    let op = Op::named(row["op"].as_str()?)?;
    let at = row["at"].as_str()?.to_owned();
    let mut rows = |name: &str| match row[name].take() {
        Value::Array(rows) => Some(rows).filter(|rows| rows.len() as u64 == count),
        Value::Null => Some(vec![Value::Null; usize::try_from(count).ok()?]),
        _ => None,
    };
    let (old, new) = (rows("old")?, rows("new")?);
    let numbered = old.into_iter().zip(new).zip(first..);
    let change =
        |((old, new), n)| Change { position: Position { commit, n }, op, at: at.clone(), old, new };
    Some(numbered.map(change).collect())
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
        let rows = |count: usize, bytes: usize| {
            vec![json!({"changes": 1, "new": ["x".repeat(bytes)]}); count]
        };
        assert_eq!(next_size(32, &rows(32, 10)), 64);
        assert_eq!(next_size(64, &[]), 128);
        assert_eq!(next_size(256, &rows(256, 10)), 256);
        assert_eq!(next_size(64, &rows(64, 1 << 20)), 3);
        assert_eq!(next_size(2, &rows(1, 16 << 20)), 1);
        assert_eq!(next_size(1, &rows(1, 10)), 2);
        let full = vec![json!({"changes": 64, "new": []}); 32];
        assert_eq!(next_size(32, &full), 4);
    }

    #[test]
    fn changes_of_a_row_are_numbered_up_to_its_own() {
        let row = json!({"xid": 7, "n": 12, "changes": 3, "op": "update", "at": "t",
            "old": [{"a": 1}, {"a": 2}, {"a": 3}], "new": [{"a": 2}, {"a": 3}, {"a": 4}]});
        let commits = HashMap::from([(7, 70)]);
        let found = unpacked(row, &commits).expect("changes");
        let numbers: Vec<u64> = found.iter().map(|change| change.position.n).collect();
        assert_eq!(numbers, [10, 11, 12]);
        assert_eq!((&found[1].old, &found[1].new), (&json!({"a": 2}), &json!({"a": 3})));
        let all = json!({"xid": 7, "n": 1, "changes": 1, "op": "truncate", "at": "t"});
        assert_eq!(unpacked(all, &commits).map(|found| found.len()), Some(1));
        for wrong in [
            json!({"xid": 8, "n": 1, "changes": 1, "op": "insert", "at": "t", "new": [{}]}),
            json!({"xid": 7, "n": 1, "changes": 2, "op": "insert", "at": "t", "new": [{}, {}]}),
            json!({"xid": 7, "n": 2, "changes": 2, "op": "insert", "at": "t", "new": [{}]}),
            json!({"xid": 7, "n": 1, "changes": 1, "op": "mark", "at": "t"}),
        ] {
            assert!(unpacked(wrong, &commits).is_none());
        }
    }
}
