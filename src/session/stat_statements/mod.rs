//! `pg_stat_statements`: what each statement has cost, constants aside.
//!
//! Kept if `shared_preload_libraries` names it. Each statement that was run is counted
//! under its role, database, [`Identity`] and whether a client sent it when it is done, one
//! short lock for each; nothing is done without it ([`measure`]). Times are those of the
//! execution, rows sent to the client included, as in PostgreSQL. Blocks, WAL and JIT are
//! not measured and are 0.
//!
//! A statement with constants has an entry from its beginning, which nobody sees before it
//! was planned or run: it keeps the text without constants. One that is gone when the
//! statement is done, because the statement has removed it, comes back with the text as it
//! was sent, as in PostgreSQL.
//!
//! There are at most `pg_stat_statements_max` entries: beyond it those of the least use
//! make room. A server that ends in good order leaves them in a file for the next one, if
//! `pg_stat_statements_save` is on; after a crash they begin anew, as in PostgreSQL.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

mod measure;

pub use measure::Measure;
pub(super) use measure::Tracking;

use super::time::now;
use crate::error::{Error, Result};
use crate::sql::parse::Identity;
use crate::sql::types::{Datum, Numeric, Oid};
use crate::sqlstate;

/// The library's name in `shared_preload_libraries`.
pub const LIBRARY: &str = "pg_stat_statements";

/// Where the counts are between two lives of a server, in the data directory.
const FILE: &str = "pg_stat_statements.json";

/// How much an entry's use counts for less each time that room is made.
const USAGE_KEPT: f64 = 0.99;

/// Of all entries, how many make room at a time: a twentieth, and ten at least.
const ROOM_SHARE: usize = 20;
const ROOM_MIN: usize = 10;

/// OUT columns of `pg_stat_statements`.
const COLUMNS: usize = 43;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
struct Key {
    role: Oid,
    database: Oid,
    query_id: i64,
    /// A client has sent it.
    is_top: bool,
}

/// Times in milliseconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Times {
    calls: i64,
    total_ms: f64,
    min_ms: f64,
    max_ms: f64,
    mean_ms: f64,
    /// Sum of the squares of the differences from the mean (Welford's method).
    variance_sum: f64,
}

impl Times {
    fn add(&mut self, ms: f64) {
        self.calls += 1;
        self.total_ms += ms;
        self.min_ms = if self.calls == 1 { ms } else { self.min_ms.min(ms) };
        self.max_ms = self.max_ms.max(ms);
        let before = self.mean_ms;
        self.mean_ms += (ms - before) / self.calls as f64;
        self.variance_sum += (ms - before) * (ms - self.mean_ms);
    }

    fn deviation(&self) -> f64 {
        if self.calls > 1 { (self.variance_sum / self.calls as f64).sqrt() } else { 0.0 }
    }

    fn columns(&self) -> [Datum; 5] {
        [self.total_ms, self.min_ms, self.max_ms, self.mean_ms, self.deviation()].map(Datum::Float8)
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counts {
    text: Arc<str>,
    rows: i64,
    run: Times,
    /// Plans that were begun; `plan` has those that are made.
    plans: i64,
    plan: Times,
    usage: f64,
}

impl Counts {
    fn add(&mut self, ms: f64, rows: i64) {
        self.run.add(ms);
        self.rows = self.rows.saturating_add(rows);
        self.usage += ms;
    }

    /// Whether it was planned or run at all.
    fn is_seen(&self) -> bool {
        self.run.calls > 0 || self.plans > 0
    }
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    entries: Vec<(Key, Counts)>,
    made_room: u64,
    reset_at: i64,
}

/// The counts of all statements of a server.
pub struct StatStatements {
    entries: Mutex<HashMap<Key, Counts>>,
    entries_max: usize,
    /// How often room was made.
    made_room: AtomicU64,
    /// Microseconds since 2000-01-01 UTC.
    reset_at: AtomicI64,
    file: PathBuf,
}

impl StatStatements {
    /// With what the server's last life has left.
    pub fn open(data_directory: &Path, entries_max: usize) -> StatStatements {
        let file = data_directory.join(FILE);
        let kept = read(&file).unwrap_or_else(|why| {
            tracing::warn!("the counts of statements begin anew: {why}");
            None
        });
        let kept = kept.unwrap_or(Kept { entries: Vec::new(), made_room: 0, reset_at: now() });
        // As in PostgreSQL: after a crash the file would tell of another time.
        if let Err(error) = std::fs::remove_file(&file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("could not remove {file:?}: {error}");
        }
        StatStatements {
            entries: Mutex::new(kept.entries.into_iter().take(entries_max).collect()),
            entries_max,
            made_room: AtomicU64::new(kept.made_room),
            reset_at: AtomicI64::new(kept.reset_at),
            file,
        }
    }

    /// Leaves the counts to the server's next life.
    pub fn save(&self) {
        let entries = self.entries.lock().iter().map(|(key, one)| (*key, one.clone())).collect();
        let kept = Kept {
            entries,
            made_room: self.made_room.load(Ordering::Relaxed),
            reset_at: self.reset_at.load(Ordering::Relaxed),
        };
        let new = self.file.with_extension("json.new");
        let written = serde_json::to_vec(&kept).map_err(std::io::Error::other);
        let written = written.and_then(|bytes| std::fs::write(&new, bytes));
        if let Err(error) = written.and_then(|()| std::fs::rename(&new, &self.file)) {
            tracing::warn!("could not write {:?}: {error}", self.file);
        }
    }

    /// A statement begins; `is_planned`: a plan for it begins, and is counted.
    fn begin(&self, key: Key, identity: &Identity, is_planned: bool) {
        if !is_planned && !identity.has_constants {
            return;
        }
        let mut entries = self.entries.lock();
        let counts = self.entry(&mut entries, key, || identity.text.clone());
        counts.plans += i64::from(is_planned);
    }

    /// A plan that was begun is made.
    fn planned(&self, key: Key, elapsed: Duration) {
        if let Some(counts) = self.entries.lock().get_mut(&key) {
            counts.plan.add(elapsed.as_secs_f64() * 1_000.0);
        }
    }

    /// A statement is done; `text`: what an entry has that is not there.
    fn add(&self, key: Key, text: impl FnOnce() -> Arc<str>, elapsed: Duration, rows: i64) {
        let ms = elapsed.as_secs_f64() * 1_000.0;
        let mut entries = self.entries.lock();
        self.entry(&mut entries, key, text).add(ms, rows);
    }

    fn entry<'e>(
        &self,
        entries: &'e mut HashMap<Key, Counts>,
        key: Key,
        text: impl FnOnce() -> Arc<str>,
    ) -> &'e mut Counts {
        if !entries.contains_key(&key) && entries.len() >= self.entries_max {
            make_room(entries);
            self.made_room.fetch_add(1, Ordering::Relaxed);
        }
        entries.entry(key).or_insert_with(|| Counts { text: text(), ..Counts::default() })
    }

    /// Forgets the entries of a role, a database, a statement; 0 is all of them.
    pub fn reset(&self, role: Oid, database: Oid, query_id: i64) {
        let is_meant = |key: &Key| {
            (role == 0 || key.role == role)
                && (database == 0 || key.database == database)
                && (query_id == 0 || key.query_id == query_id)
        };
        self.entries.lock().retain(|key, _| !is_meant(key));
        if role == 0 && database == 0 && query_id == 0 {
            self.made_room.store(0, Ordering::Relaxed);
            self.reset_at.store(now(), Ordering::Relaxed);
        }
    }

    /// Rows of the function `pg_stat_statements`, its texts by who may see them.
    pub fn rows(&self, may_see: impl Fn(Oid) -> bool) -> Vec<Vec<Datum>> {
        let entries = self.entries.lock();
        let seen = entries.iter().filter(|(_, counts)| counts.is_seen());
        seen.map(|(key, counts)| row(*key, counts, may_see(key.role))).collect()
    }

    pub fn info_row(&self) -> Vec<Datum> {
        let made_room = self.made_room.load(Ordering::Relaxed);
        vec![
            Datum::Int8(i64::try_from(made_room).unwrap_or(i64::MAX)),
            Datum::TimestampTz(self.reset_at.load(Ordering::Relaxed)),
        ]
    }
}

fn read(file: &Path) -> std::result::Result<Option<Kept>, String> {
    match std::fs::read(file) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|error| format!("{file:?}: {error}"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{file:?}: {error}")),
    }
}

/// Removes the entries of the least use.
fn make_room(entries: &mut HashMap<Key, Counts>) {
    let mut usages: Vec<(f64, Key)> = Vec::with_capacity(entries.len());
    for (key, counts) in entries.iter_mut() {
        counts.usage *= USAGE_KEPT;
        usages.push((counts.usage, *key));
    }
    usages.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let count = (entries.len() / ROOM_SHARE).max(ROOM_MIN);
    usages.iter().take(count).for_each(|(_, key)| drop(entries.remove(key)));
}

fn row(key: Key, counts: &Counts, is_seen: bool) -> Vec<Datum> {
    let (zero, no_time) = (Datum::Int8(0), Datum::Float8(0.0));
    let (id, text) = match is_seen {
        true => (Datum::Int8(key.query_id), counts.text.to_string()),
        false => (Datum::Null, "<insufficient privilege>".to_owned()),
    };
    let mut row = Vec::with_capacity(COLUMNS);
    row.extend([Datum::Oid(key.role), Datum::Oid(key.database), Datum::Bool(key.is_top), id]);
    row.push(Datum::Text(text));
    row.push(Datum::Int8(counts.plans));
    row.extend(counts.plan.columns());
    row.push(Datum::Int8(counts.run.calls));
    row.extend(counts.run.columns());
    row.push(Datum::Int8(counts.rows));
    // Blocks and their times.
    row.extend(std::iter::repeat_n(zero.clone(), 10));
    row.extend(std::iter::repeat_n(no_time.clone(), 4));
    // WAL.
    row.extend([zero.clone(), zero.clone(), Datum::Numeric(Numeric::from(0i64))]);
    // JIT: counts and times in turn.
    (0..4).for_each(|_| row.extend([zero.clone(), no_time.clone()]));
    debug_assert_eq!(row.len(), COLUMNS);
    row
}

/// `55000`: nobody counts.
pub fn not_loaded() -> Error {
    Error::new(
        sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
        "pg_stat_statements must be loaded via shared_preload_libraries",
    )
}

/// The counts, if there are any.
pub(super) fn loaded(counts: &Option<StatStatements>) -> Result<&StatStatements> {
    counts.as_ref().ok_or_else(not_loaded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(entries_max: usize) -> (tempfile::TempDir, StatStatements) {
        let directory = tempfile::tempdir().unwrap();
        let counts = StatStatements::open(directory.path(), entries_max);
        (directory, counts)
    }

    fn key(query_id: i64) -> Key {
        Key { role: 10, database: 5, query_id, is_top: true }
    }

    fn add(counts: &StatStatements, query_id: i64, ms: u64) {
        counts.add(key(query_id), || "SELECT $1".into(), Duration::from_millis(ms), 2);
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_calls() {
        let (_directory, counts) = counts(100);
        [2, 4, 4, 4, 5, 5, 7, 9].into_iter().for_each(|ms| add(&counts, 1, ms));
        let entries = counts.entries.lock();
        let one = entries.values().next().unwrap();
        let run = &one.run;
        assert_eq!((run.calls, one.rows), (8, 16));
        assert_eq!((run.min_ms, run.max_ms, run.total_ms), (2.0, 9.0, 40.0));
        assert!((run.mean_ms - 5.0).abs() < 1e-9 && (run.deviation() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn an_entry_is_seen_once_it_is_planned_or_run() {
        let (_directory, counts) = counts(100);
        let text: Arc<str> = "SELECT $1".into();
        let identity =
            Identity { query_id: 1, text: text.clone(), is_utility: false, has_constants: true };
        counts.begin(key(1), &identity, false);
        assert!(counts.rows(|_| true).is_empty());
        counts.begin(key(1), &identity, true);
        counts.planned(key(1), Duration::from_millis(3));
        let row = &counts.rows(|_| true)[0];
        assert!(matches!(
            (&row[5], &row[6], &row[11]),
            (Datum::Int8(1), Datum::Float8(3.0), Datum::Int8(0))
        ));
        // What the statement itself has removed comes back as it was sent.
        counts.reset(0, 0, 0);
        counts.add(key(1), || "SELECT 7".into(), Duration::ZERO, 1);
        assert!(matches!(&counts.rows(|_| true)[0][4], Datum::Text(text) if text == "SELECT 7"));
    }

    #[test]
    fn those_of_the_least_use_make_room() {
        let (_directory, counts) = counts(100);
        (1..=250).for_each(|id| add(&counts, id, if id == 3 { 1_000 } else { 1 }));
        let entries = counts.entries.lock();
        assert!(entries.len() <= 100);
        assert!(entries.keys().any(|key| key.query_id == 3));
        assert!(counts.made_room.load(Ordering::Relaxed) > 0);
    }

    #[test]
    fn what_was_saved_is_there_once() {
        let (directory, first) = counts(100);
        add(&first, 7, 3);
        first.save();
        let next = StatStatements::open(directory.path(), 100);
        assert_eq!(next.rows(|_| true).len(), 1);
        assert_eq!(next.rows(|_| true)[0].len(), COLUMNS);
        let after_a_crash = StatStatements::open(directory.path(), 100);
        assert!(after_a_crash.rows(|_| true).is_empty());
    }

    #[test]
    fn a_reset_is_of_what_it_names() {
        let (_directory, counts) = counts(100);
        (1..=3).for_each(|id| add(&counts, id, 1));
        counts.reset(11, 0, 0);
        assert_eq!(counts.rows(|_| true).len(), 3);
        counts.reset(10, 5, 2);
        assert_eq!(counts.rows(|_| true).len(), 2);
        counts.reset(0, 0, 0);
        assert!(counts.rows(|_| true).is_empty());
    }
}
