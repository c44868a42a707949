//! Transactions larger than memory.
//!
//! A bulk load writes new rows under rids that are its own alone, and index entries
//! that point at them. When its write set is over its budget, these are written
//! into the `Rows` and `Indexes` keyspaces early, by ingestion, under their final
//! keys. Nobody else may see them, so:
//!
//! 1. **Announce**: the committer writes a record of the rids ([`Meta::Spill`]) and
//!    publishes them as *in flight*. Whoever reads at an instant skips what is in
//!    flight at that instant; what is not in flight there is not in its view either.
//! 2. **Ingest** the entries, sorted, past the journal.
//! 3. **Publish** once more, for a view that has them: the transaction reads its own
//!    rows there, and only its own.
//!
//! The commit's batch removes the record, and the instant published with it no
//! longer lists the rids: a million rows become visible by one small batch. A
//! rollback leaves them in flight and hands them to the sweeper; so does a restart,
//! which finds the record. What a rollback to a savepoint gave up stays behind as
//! *dead* when the rest commits, and is swept too.
//!
//! A spilled row cannot carry its commit timestamp. It carries
//! [`row::FLAG_SPILLED`] and the transaction's id, and instants list the timestamps
//! of recent spills by id. An id that is not listed is older than every snapshot.
//!
//! A spilled key of a unique index needs no lock of its own any more, which is what
//! keeps the memory of a load bounded: who wants the key finds it in flight and waits
//! for its transaction ([`Resource::Transaction`](super::Resource)).
//!
//! Only *new* rows and entries spill: a key that others can see has one value in the
//! engine, so an update or delete must wait for the commit. What memory does not hold
//! of those is written beside the engine (module `runs`).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::published::Published;
use super::write_set::WriteSet;
use crate::storage::{Keyspace, key};
use crate::{Error, Result};

/// Rids of tables and indexes, as sorted, disjoint ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RidRanges(BTreeMap<(u8, u32), Vec<Range<u64>>>);

const ROWS: u8 = 0;
const INDEXES: u8 = 1;

/// Which table or index, and which rid of it, an entry is about.
fn subject(keyspace: Keyspace, key: &[u8], value: &[u8]) -> Option<((u8, u32), u64)> {
    match keyspace {
        Keyspace::Rows => key::row_parts(key).map(|(table, rid)| ((ROWS, table), rid)),
        Keyspace::Indexes => Some(((INDEXES, key::object_of(key)?), key::index_rid(key, value)?)),
        _ => None,
    }
}

impl RidRanges {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rids of some entries.
    pub(super) fn of<'a>(
        entries: impl Iterator<Item = (Keyspace, &'a [u8], &'a [u8])>,
    ) -> RidRanges {
        let mut rids: HashMap<(u8, u32), Vec<u64>> = HashMap::new();
        for (keyspace, key, value) in entries {
            if let Some((object, rid)) = subject(keyspace, key, value) {
                rids.entry(object).or_default().push(rid);
            }
        }
        RidRanges(rids.into_iter().map(|(object, rids)| (object, merged(rids))).collect())
    }

    /// Rids of one index.
    pub(super) fn of_index(index: u32, rids: Range<u64>) -> RidRanges {
        RidRanges(BTreeMap::from([((INDEXES, index), vec![rids])]))
    }

    /// All rids of some tables and indexes.
    pub(super) fn of_objects(objects: impl Iterator<Item = (Keyspace, u32)>) -> RidRanges {
        let kind = |keyspace| if keyspace == Keyspace::Rows { ROWS } else { INDEXES };
        let all = || std::iter::once(0..u64::MAX).collect();
        RidRanges(objects.map(|(of, object)| ((kind(of), object), all())).collect())
    }

    pub(super) fn contains(&self, keyspace: Keyspace, key: &[u8], value: &[u8]) -> bool {
        let Some((object, rid)) = subject(keyspace, key, value) else { return false };
        let Some(ranges) = self.0.get(&object) else { return false };
        let after = ranges.partition_point(|range| range.start <= rid);
        after > 0 && rid < ranges[after - 1].end
    }

    pub(super) fn union(&mut self, other: &RidRanges) {
        for (object, ranges) in &other.0 {
            let mine = self.0.entry(*object).or_default();
            mine.extend(ranges.iter().cloned());
            mine.sort_by_key(|range| range.start);
            mine.dedup_by(|next, previous| {
                let joins = next.start <= previous.end;
                if joins {
                    previous.end = previous.end.max(next.end);
                }
                joins
            });
        }
    }

    pub(super) fn subtract(&mut self, other: &RidRanges) {
        for (object, taken) in &other.0 {
            let Some(mine) = self.0.get_mut(object) else { continue };
            for range in taken {
                *mine = mine.iter().flat_map(|whole| without(whole, range)).collect();
            }
            if mine.is_empty() {
                self.0.remove(object);
            }
        }
    }

    /// Ranges of rows: table, first rid, end.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u32, Range<u64>)> + '_ {
        self.0
            .iter()
            .filter(|((kind, _), _)| *kind == ROWS)
            .flat_map(|((_, table), ranges)| ranges.iter().map(|range| (*table, range.clone())))
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().filter(|(kind, _)| *kind == INDEXES).map(|(_, index)| *index)
    }

    /// Every table and index, by keyspace.
    pub(super) fn objects(&self) -> Vec<(Keyspace, u32)> {
        let keyspace = |kind| if kind == ROWS { Keyspace::Rows } else { Keyspace::Indexes };
        self.0.keys().map(|(kind, object)| (keyspace(*kind), *object)).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// As a [`Meta::Spill`](crate::storage::key::Meta::Spill) record: per range its
    /// kind u8, object u32, start and end u64, little-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.count() * RECORD_LEN);
        for ((kind, object), ranges) in &self.0 {
            for range in ranges {
                bytes.push(*kind);
                bytes.extend_from_slice(&object.to_le_bytes());
                bytes.extend_from_slice(&range.start.to_le_bytes());
                bytes.extend_from_slice(&range.end.to_le_bytes());
            }
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<RidRanges> {
        let mut ranges = RidRanges::default();
        for record in bytes.chunks(RECORD_LEN) {
            let (object, range) = decode_record(record)
                .ok_or_else(|| Error::data_corrupted("record of an unfinished bulk load"))?;
            ranges.0.entry(object).or_default().push(range);
        }
        Ok(ranges)
    }
}

const RECORD_LEN: usize = 21;

fn decode_record(record: &[u8]) -> Option<((u8, u32), Range<u64>)> {
    let (kind, rest) = record.split_first()?;
    let (object, rest) = rest.split_first_chunk()?;
    let (start, rest) = rest.split_first_chunk()?;
    let end = rest.try_into().ok()?;
    let range = u64::from_le_bytes(*start)..u64::from_le_bytes(end);
    Some(((*kind, u32::from_le_bytes(*object)), range))
}

fn merged(mut rids: Vec<u64>) -> Vec<Range<u64>> {
    rids.sort_unstable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for rid in rids {
        match ranges.last_mut() {
            Some(last) if rid < last.end => {}
            Some(last) if rid == last.end => last.end += 1,
            _ => ranges.push(rid..rid + 1),
        }
    }
    ranges
}

fn without(whole: &Range<u64>, taken: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let before = whole.start..whole.end.min(taken.start);
    let after = whole.start.max(taken.end)..whole.end;
    [before, after].into_iter().filter(|range| !range.is_empty())
}

/// What is in the engine and nobody may see: by the id of its transaction. Shared
/// by instants, replaced when it changes.
#[derive(Clone, Default)]
pub(super) struct InFlight(Option<Arc<HashMap<u64, RidRanges>>>);

impl InFlight {
    pub(super) fn hides(&self, keyspace: Keyspace, key: &[u8], value: &[u8]) -> bool {
        self.owner(keyspace, key, value).is_some()
    }

    /// The transaction that has put an entry which nobody may see.
    pub(super) fn owner(&self, keyspace: Keyspace, key: &[u8], value: &[u8]) -> Option<u64> {
        let mut spills = self.0.iter().flat_map(|spills| spills.iter());
        spills.find(|(_, ranges)| ranges.contains(keyspace, key, value)).map(|(id, _)| *id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn get(&self, id: u64) -> Option<&RidRanges> {
        self.0.as_ref()?.get(&id)
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        self.0.iter().flat_map(|spills| spills.keys().copied()).collect()
    }

    /// Replaces a spill's ranges; none removes it.
    pub(super) fn set(&mut self, id: u64, ranges: RidRanges) {
        let mut spills = self.0.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        if ranges.is_empty() {
            spills.remove(&id);
        } else {
            spills.insert(id, ranges);
        }
        self.0 = (!spills.is_empty()).then(|| Arc::new(spills));
    }
}

/// What a transaction sees of its own spill.
pub(super) struct OwnSpill {
    /// An instant whose view has it.
    pub(super) published: Arc<Published>,
    pub(super) ranges: RidRanges,
}

/// A transaction's spill, all of it.
#[derive(Clone, Default)]
pub(super) struct Spill {
    /// Seen by the transaction; goes back with a savepoint.
    pub(super) own: Option<Arc<OwnSpill>>,
    /// Everything ever spilled, given up or not.
    pub(super) all: RidRanges,
}

impl Spill {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What a commit must not make visible: spilled, given up by a rollback, and
    /// not written again. A key that the write set has is overwritten by the commit.
    pub(super) fn dead(&self, writes: &WriteSet) -> Result<RidRanges> {
        let mut dead = self.all.clone();
        if let Some(own) = &self.own {
            dead.subtract(&own.ranges);
        }
        if !dead.is_empty() {
            dead.subtract(&writes.visible_of(&dead)?);
        }
        Ok(dead)
    }
}

/// Commit timestamps of spills that some snapshot may be older than.
#[derive(Clone, Default)]
pub(super) struct SpillTimestamps(Option<Arc<HashMap<u64, u64>>>);

impl SpillTimestamps {
    /// The timestamp of a spill; 0 if it is older than every snapshot.
    pub(super) fn get(&self, id: u64) -> u64 {
        self.0.as_ref().and_then(|timestamps| timestamps.get(&id)).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, id: u64, commit_ts: u64, oldest: u64) {
        let mut timestamps = self.0.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        timestamps.retain(|_, commit_ts| *commit_ts > oldest);
        timestamps.insert(id, commit_ts);
        self.0 = Some(Arc::new(timestamps));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(rids: &[u64]) -> RidRanges {
        let keys: Vec<_> = rids.iter().map(|rid| key::row(1, *rid)).collect();
        RidRanges::of(keys.iter().map(|key| (Keyspace::Rows, key.as_slice(), &b""[..])))
    }

    #[test]
    fn ranges_join_split_and_survive_their_record() {
        let mut set = ranges(&[5, 1, 2, 3, 9, 3]);
        assert_eq!(set.count(), 3);
        set.union(&ranges(&[4, 10]));
        assert_eq!(set.rows().collect::<Vec<_>>(), [(1, 1..6), (1, 9..11)]);
        set.subtract(&ranges(&[3, 9]));
        assert_eq!(set.rows().collect::<Vec<_>>(), [(1, 1..3), (1, 4..6), (1, 10..11)]);
        assert!(set.contains(Keyspace::Rows, &key::row(1, 4), b""));
        assert!(!set.contains(Keyspace::Rows, &key::row(1, 3), b""));
        assert!(!set.contains(Keyspace::Rows, &key::row(2, 4), b""));
        assert_eq!(RidRanges::decode(&set.encode()).expect("decode"), set);
        set.subtract(&set.clone());
        assert!(set.is_empty());
    }

    #[test]
    fn index_entries_are_found_by_rid_in_key_or_value() {
        let plain = key::index_entry(3, b"abc", Some(7));
        let unique = key::index_entry(3, b"abd", None);
        let entries = [
            (Keyspace::Indexes, plain.as_slice(), &b""[..]),
            (Keyspace::Indexes, unique.as_slice(), &key::index_value(8)[..]),
        ];
        let set = RidRanges::of(entries.into_iter());
        assert_eq!(set.count(), 1);
        assert!(set.contains(Keyspace::Indexes, &key::index_entry(3, b"zzz", Some(8)), b""));
        assert!(!set.contains(Keyspace::Indexes, &key::index_entry(4, b"abc", Some(7)), b""));
    }
}
