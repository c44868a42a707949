//! Who is told of what commits do to indexes and tables.
//!
//! A layer above may keep something in memory that it derives from an index's entries or a
//! table's rows. It names those that it watches, and the committer tells it what each commit
//! does to the entries, and which rows it changes, in order, after the batch was written and
//! before the instant is published: whoever reads at an instant finds the observer as far as
//! that. A commit's rows are told before its entries.
//!
//! What a bulk load has written past the committer is not told entry by entry: the
//! observer learns that there is something and reads it itself, from any instant that is
//! published later.
//!
//! It knows bytes only. An observer runs on the committer's thread: it must be quick, and
//! must not panic or wait for a commit.

use std::any::Any;
use std::sync::{Arc, Weak};

use super::begin::{Running, Transactions};
use super::commit::{Attachment, Content, Request};
use super::published::Published;
use super::spill::RidRanges;
use super::write_set::{OwnChanges, WriteSet};
use crate::Result;
use crate::storage::{Key, Keyspace, Value, key};

/// Changed entries, in key order; no value means that the entry is gone.
pub type ChangedEntries<'a> = &'a mut dyn Iterator<Item = Result<(Key, Option<Value>)>>;

/// Changed rows, by rid, ascending.
pub type ChangedRows<'a> = &'a mut dyn Iterator<Item = Result<u64>>;

/// What is watched, by storage.
#[derive(Debug, Default)]
pub struct Watched {
    pub indexes: Vec<u32>,
    pub tables: Vec<u32>,
}

pub trait Observer: Send + Sync + 'static {
    /// What the commits of a group are to be told of; [`Observer::published`] follows once
    /// they were told and published.
    fn watched(&self) -> Arc<Watched>;

    /// Which rows of a table a commit has changed.
    fn rows_changed(&self, table: u32, commit_ts: u64, rows: ChangedRows<'_>);

    /// A commit has made visible what was written to a table past the committer.
    fn rows_loaded(&self, table: u32, commit_ts: u64);

    /// What a commit has changed of an index.
    fn changed(&self, index: u32, commit_ts: u64, entries: ChangedEntries<'_>);

    /// A commit has made visible what was written to an index past the committer.
    fn loaded(&self, index: u32, commit_ts: u64);

    /// An instant was published, with this state of the upper layer's.
    fn published(&self, attachment: &Attachment);

    /// For the layer above to find its own type.
    fn as_any(&self) -> &(dyn Any + Send + Sync);
}

/// Tells of one group's members, whose batch was written.
pub(super) fn tell<'r>(
    observer: &dyn Observer,
    before: &Published,
    members: impl Iterator<Item = (&'r Request, u64)>,
) {
    let watched = observer.watched();
    if watched.indexes.is_empty() && watched.tables.is_empty() {
        return;
    }
    for (request, commit_ts) in members {
        match &request.content {
            Content::Transaction(writes) => tell_writes(observer, &watched, writes, commit_ts),
            Content::Spilled { writes, id, .. } => {
                tell_writes(observer, &watched, writes, commit_ts);
                if let Some(ranges) = before.in_flight.get(*id) {
                    tell_loaded(observer, &watched, ranges, commit_ts);
                }
            }
            Content::Finish { prepared, is_commit: true, .. } => {
                tell_writes(observer, &watched, &prepared.writes, commit_ts);
                tell_loaded(observer, &watched, &prepared.spilled, commit_ts);
            }
            _ => {}
        }
    }
}

fn tell_writes(observer: &dyn Observer, watched: &Watched, writes: &WriteSet, commit_ts: u64) {
    for table in &watched.tables {
        let Some(changes) = writes.changes(Keyspace::Rows, &key::rows(*table), false) else {
            continue;
        };
        let mut rows = rids(changes).peekable();
        if rows.peek().is_some() {
            observer.rows_changed(*table, commit_ts, &mut rows);
        }
    }
    for index in &watched.indexes {
        let Some(changes) = writes.changes(Keyspace::Indexes, &key::index(*index), false) else {
            continue;
        };
        let mut entries = told(changes).peekable();
        if entries.peek().is_some() {
            observer.changed(*index, commit_ts, &mut entries);
        }
    }
}

fn tell_loaded(observer: &dyn Observer, watched: &Watched, ranges: &RidRanges, commit_ts: u64) {
    for (table, _) in ranges.rows().filter(|(table, _)| watched.tables.contains(table)) {
        observer.rows_loaded(table, commit_ts);
    }
    for index in ranges.indexes().filter(|index| watched.indexes.contains(index)) {
        observer.loaded(index, commit_ts);
    }
}

/// The rows that were changed.
pub(super) fn rids(changes: OwnChanges) -> impl Iterator<Item = Result<u64>> {
    let rid = |row_key: &Key| key::row_parts(row_key).map(|(_, rid)| rid);
    changes.map(move |entry| {
        let (row_key, _) = entry?;
        rid(&row_key).ok_or_else(|| crate::Error::data_corrupted("the key of a row"))
    })
}

/// Changes as others are told of them.
pub(super) fn told(changes: OwnChanges) -> impl Iterator<Item = Result<(Key, Option<Value>)>> {
    changes.map(|entry| entry.map(|(key, change)| (key, change.into_visible())))
}

/// A handle that does not keep the transactions open.
#[derive(Clone)]
pub struct WeakTransactions(Weak<Running>);

impl WeakTransactions {
    /// None once they are shut down.
    pub fn upgrade(&self) -> Option<Transactions> {
        self.0.upgrade().map(Transactions)
    }
}

impl Transactions {
    pub fn downgrade(&self) -> WeakTransactions {
        WeakTransactions(Arc::downgrade(&self.0))
    }

    /// Sets who is told of commits; once, before the first. Instants that are published
    /// from then on know it.
    pub fn set_observer(&self, observer: Arc<dyn Observer>) {
        // Who comes second has come too late.
        let _ = self.shared().observer.set(observer);
    }
}
