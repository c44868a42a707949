//! SERIALIZABLE, by validation at commit.
//!
//! A serializable transaction works on one snapshot, as REPEATABLE READ does, and
//! notes what it reads: keys, and ranges whether or not anything was in them. When
//! it commits, the committer looks at what was committed since its snapshot. If
//! any of that falls on what it read, it ends in `40001`; else it could as well have
//! run at this instant, so the order of commits is a serial order that explains
//! everything (backward validation: Kung and Robinson, "On Optimistic Methods for
//! Concurrency Control", 1981).
//!
//! A read-only transaction is never aborted: its snapshot is an instant of that
//! order. Compared with PostgreSQL's SSI this aborts more (one read-write conflict
//! is enough, SSI needs two in a row), and never at an earlier statement.
//!
//! Both sides are bounded. A read set with too many entries is coarsened to whole
//! tables and indexes. A history that is too long is cut, and who began before the
//! cut cannot be validated and is aborted.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::published::Published;
use super::write_set::WriteSet;
use crate::storage::{Key, KeyRange, Keyspace, key};
use crate::{Error, Result};

/// A serializable transaction that may write: what it has read, and since when.
pub(super) struct Serializable {
    pub(super) reads: Arc<ReadSet>,
    /// Its first snapshot; held so that the history reaches back to it.
    first: Arc<Published>,
    running: Arc<AtomicUsize>,
}

impl Serializable {
    /// Counts it in; called before its snapshot is taken, so that whatever is
    /// committed after the snapshot is recorded.
    pub(super) fn count_in(running: &Arc<AtomicUsize>) -> Counted {
        running.fetch_add(1, Ordering::SeqCst);
        Counted(running.clone())
    }

    pub(super) fn snapshot_ts(&self) -> u64 {
        self.first.commit_ts
    }
}

/// A serializable transaction without a snapshot yet.
pub(super) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(super) fn with_snapshot(self, first: Arc<Published>, entries_max: usize) -> Serializable {
        let reads = Arc::new(ReadSet::new(entries_max));
        Serializable { reads, first, running: self.0 }
    }
}

impl Drop for Serializable {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a running transaction has read. Shared with its scans on other threads.
#[derive(Default)]
pub(super) struct ReadSet {
    reads: Mutex<Reads>,
    entries_max: usize,
}

/// Keys, ranges, and whole tables or indexes.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) keys: HashSet<(Keyspace, Key)>,
    /// Sorted and disjoint once taken.
    pub(super) ranges: Vec<(Keyspace, KeyRange)>,
    pub(super) objects: HashSet<(Keyspace, u32)>,
    /// More than objects can tell: everything conflicts.
    pub(super) everything: bool,
}

impl ReadSet {
    pub(super) fn new(entries_max: usize) -> ReadSet {
        ReadSet { reads: Mutex::default(), entries_max }
    }

    pub(super) fn note_key(&self, keyspace: Keyspace, key: &[u8]) {
        let mut reads = self.reads.lock();
        if !reads.has_object(keyspace, key) {
            reads.keys.insert((keyspace, Key::from(key)));
            reads.bound(self.entries_max);
        }
    }

    pub(super) fn note_range(&self, keyspace: Keyspace, range: &KeyRange) {
        let mut reads = self.reads.lock();
        reads.ranges.push((keyspace, range.clone()));
        reads.bound(self.entries_max);
    }

    /// What was read, in a form that is quick to look things up in.
    pub(super) fn take(&self) -> Reads {
        let mut reads = std::mem::take(&mut *self.reads.lock());
        reads.merge_ranges();
        reads
    }
}

impl Reads {
    fn has_object(&self, keyspace: Keyspace, key: &[u8]) -> bool {
        key::object_of(key).is_some_and(|object| self.objects.contains(&(keyspace, object)))
    }

    fn bound(&mut self, entries_max: usize) {
        if self.keys.len() + self.ranges.len() <= entries_max {
            return;
        }
        self.merge_ranges();
        if self.keys.len() + self.ranges.len() > entries_max / 2 {
            self.coarsen(entries_max);
        }
    }

    fn coarsen(&mut self, entries_max: usize) {
        for (keyspace, key) in self.keys.drain() {
            self.objects.extend(key::object_of(&key).map(|object| (keyspace, object)));
        }
        for (keyspace, range) in self.ranges.drain(..) {
            match key::object_of(&range.lower) {
                Some(object) if is_within(&range, object) => {
                    self.objects.insert((keyspace, object));
                }
                _ => self.everything = true,
            }
        }
        self.everything |= self.objects.len() > entries_max;
    }

    /// Sorts the ranges and joins those that touch.
    fn merge_ranges(&mut self) {
        self.ranges.sort_by(|a, b| (a.0, &a.1.lower).cmp(&(b.0, &b.1.lower)));
        self.ranges.dedup_by(|(next_keyspace, next), (keyspace, range)| {
            let joins = next_keyspace == keyspace
                && range.upper.as_ref().is_none_or(|upper| next.lower <= *upper);
            if joins && range.upper.is_some() {
                let longer = next.upper.is_none() || next.upper > range.upper;
                if longer {
                    range.upper = next.upper.take();
                }
            }
            joins
        });
    }

    fn has(&self, keyspace: Keyspace, key: &Key) -> bool {
        if self.everything || self.has_object(keyspace, key) {
            return true;
        }
        if self.keys.contains(&(keyspace, key.clone())) {
            return true;
        }
        let after = self
            .ranges
            .partition_point(|(other, range)| (*other, &range.lower[..]) <= (keyspace, &key[..]));
        after > 0 && self.ranges[after - 1].0 == keyspace && self.ranges[after - 1].1.contains(key)
    }

    /// True if anything of the object was read.
    fn touches(&self, keyspace: Keyspace, object: u32) -> bool {
        let whole = key::object(object);
        let overlaps = |range: &KeyRange| {
            range.upper.as_ref().is_none_or(|upper| *upper > whole.lower)
                && whole.upper.as_ref().is_none_or(|upper| range.lower < *upper)
        };
        self.everything
            || self.objects.contains(&(keyspace, object))
            || self.ranges.iter().any(|(other, range)| *other == keyspace && overlaps(range))
            || self.keys.iter().any(|(other, key)| *other == keyspace && whole.contains(key))
    }
}

fn is_within(range: &KeyRange, object: u32) -> bool {
    let whole = key::object(object);
    range.lower >= whole.lower
        && match (&range.upper, &whole.upper) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(upper), Some(end)) => upper <= end,
        }
}

/// What one commit wrote.
pub(super) struct Written {
    pub(super) commit_ts: u64,
    pub(super) writes: WriteSet,
    /// Tables and indexes it has loaded in bulk.
    pub(super) objects: Vec<(Keyspace, u32)>,
}

impl Written {
    pub(super) fn conflicts_with(&self, reads: &Reads) -> bool {
        self.writes.keys().any(|(keyspace, key)| reads.has(keyspace, key))
            || self.objects.iter().any(|(keyspace, object)| reads.touches(*keyspace, *object))
    }
}

/// What was committed lately; kept while serializable transactions run.
#[derive(Default)]
pub(super) struct History {
    written: VecDeque<Written>,
    bytes: usize,
    /// Everything committed after this timestamp is here.
    complete_since: u64,
}

impl History {
    pub(super) fn starting_at(commit_ts: u64) -> History {
        History { complete_since: commit_ts, ..History::default() }
    }

    /// `40001` if something read was written by a commit after the snapshot.
    pub(super) fn validate<'a>(
        &'a self,
        reads: &Reads,
        snapshot_ts: u64,
        same_group: impl Iterator<Item = &'a Written>,
    ) -> Result<()> {
        if snapshot_ts < self.complete_since {
            return Err(Error::read_write_dependencies());
        }
        let since = self.written.partition_point(|written| written.commit_ts <= snapshot_ts);
        let mut later = self.written.range(since..).chain(same_group);
        match later.any(|written| written.conflicts_with(reads)) {
            true => Err(Error::read_write_dependencies()),
            false => Ok(()),
        }
    }

    pub(super) fn add(&mut self, written: Written, bytes_max: usize) {
        self.bytes += written.writes.bytes();
        self.written.push_back(written);
        while self.bytes > bytes_max {
            self.forget_oldest();
        }
    }

    /// Nobody that is to be validated began before this timestamp.
    pub(super) fn forget_until(&mut self, commit_ts: u64) {
        while self.written.front().is_some_and(|written| written.commit_ts <= commit_ts) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(written) = self.written.pop_front() {
            self.bytes -= written.writes.bytes();
            self.complete_since = written.commit_ts;
        }
    }
}

impl Error {
    /// `40001`: a serializable transaction read what others have changed since.
    pub fn read_write_dependencies() -> Error {
        Error::serialization_failure(
            "could not serialize access due to read/write dependencies among transactions",
        )
        .with_hint("The transaction might succeed if retried.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Value;
    use crate::txn::write_set::Change;

    fn key(table: u32, rid: u64) -> Key {
        Key::from(key::row(table, rid))
    }

    fn written(keys: &[Key]) -> Written {
        let mut writes = WriteSet::default();
        for key in keys {
            writes.insert(Keyspace::Rows, key.clone(), Change::Put(Value::from(b"x")));
        }
        Written { commit_ts: 1, writes, objects: Vec::new() }
    }

    #[test]
    fn keys_and_ranges_conflict_where_they_meet() {
        let reads = ReadSet::new(100);
        reads.note_key(Keyspace::Rows, &key(1, 5));
        reads.note_range(Keyspace::Rows, &key::rows_between(1, 20, 30));
        reads.note_range(Keyspace::Rows, &key::rows_between(1, 25, 40));
        reads.note_range(Keyspace::Indexes, &KeyRange::all());
        let reads = reads.take();
        for (rid, conflicts) in
            [(4, false), (5, true), (19, false), (20, true), (39, true), (40, false)]
        {
            assert_eq!(written(&[key(1, rid)]).conflicts_with(&reads), conflicts, "{rid}");
        }
        let bulk = |object| Written { objects: vec![(Keyspace::Rows, object)], ..written(&[]) };
        assert!(bulk(1).conflicts_with(&reads));
        assert!(!bulk(2).conflicts_with(&reads));
    }

    #[test]
    fn too_many_reads_are_coarsened_to_their_table() {
        let reads = ReadSet::new(10);
        (0..100).for_each(|rid| reads.note_key(Keyspace::Rows, &key(1, rid * 2)));
        assert!(reads.reads.lock().keys.len() <= 10);
        let reads = reads.take();
        assert!(written(&[key(1, 9999)]).conflicts_with(&reads));
        assert!(!written(&[key(2, 4)]).conflicts_with(&reads));
    }

    #[test]
    fn who_began_before_the_history_is_aborted() {
        let mut history = History::starting_at(10);
        let nothing = Reads::default();
        assert!(history.validate(&nothing, 9, std::iter::empty()).is_err());
        assert!(history.validate(&nothing, 10, std::iter::empty()).is_ok());
        history.add(Written { commit_ts: 11, ..written(&[key(1, 1)]) }, 0);
        assert!(history.validate(&nothing, 10, std::iter::empty()).is_err());
        assert!(history.validate(&nothing, 11, std::iter::empty()).is_ok());
    }
}
