//! Stretches of an index that are known to have no entry.
//!
//! Of a table that is a queue the rows that were there are gone from the head of its index,
//! and the engine keeps what removed them until it has compacted. Who looks for the first row
//! steps over all of them each time. Here it is noted, once a step has taken long, where the
//! next entry stood:
//!
//! ```text
//!        a  b  c  d  e  f  g  h        entries that are gone: a … f
//! scan   ├──────────────▶ g            [a, g) is a gap as of instant 8
//! scan                    g ▶ h        at instant 8 and later
//! put c  ├─┤ └──────────▶              [a, c) and (c, g) are
//! ```
//! A gap holds for instants from the one that it was seen at: nothing was put into it since,
//! because the committer cuts it at each key that it puts, before anybody may see the key. So
//! an instant before has to step over everything. Whoever notes a gap has looked at an instant
//! that may be the newest no longer: keys that were put since are remembered, up to a number
//! of them, and a gap that is older than that is not taken.
//!
//! Entries that come otherwise than by a batch (spills, large transactions, what is ingested
//! under ids that a commit makes known) are not told here one by one: such a commit forgets
//! everything, and while a spill is in flight nothing is noted or passed over.
//!
//! Gaps are lost with the process. They are of indexes, and of scans forward.

use std::collections::btree_map::Range;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::published::Published;
use crate::Result;
use crate::storage::key::object_of;
use crate::storage::{Entries, Key, KeyRange, Keyspace, Value, WriteBatch};

/// A step that takes less passes over little: to read on behind a gap costs some, too.
const LONG_STEP: Duration = Duration::from_micros(if cfg!(test) { 0 } else { 200 });
/// Indexes with gaps; beyond, all are forgotten.
const INDEXES_MAX: usize = 256;
/// Gaps of an index; beyond, the first one is forgotten.
const GAPS_MAX: usize = 32;
/// Keys of an index that are remembered after they were put.
const RECENT_MAX: usize = 1_024;

/// The gaps of all indexes that have any.
#[derive(Default)]
pub(super) struct Gaps(Mutex<State>);

#[derive(Default)]
struct State {
    indexes: HashMap<u32, OfIndex>,
    /// The newest instant that the committer has told of.
    told: u64,
}

struct OfIndex {
    /// By where they start: where they end, and the first instant that they hold for.
    gaps: BTreeMap<Vec<u8>, (Vec<u8>, u64)>,
    /// Keys put by instants after [`Self::known_from`], in that order.
    recent: VecDeque<(u64, Key)>,
    known_from: u64,
}

impl Gaps {
    /// Tells of a batch before it is published; its instant, which is later than all before.
    /// `is_all`: nothing becomes visible with it but what it puts.
    pub(super) fn tell(&self, batch: &WriteBatch, is_all: bool) -> u64 {
        let mut state = self.0.lock();
        state.told += 1;
        let instant = state.told;
        if !is_all {
            state.indexes.clear();
        }
        if state.indexes.is_empty() {
            return instant;
        }
        let puts = batch
            .iter()
            .filter(|write| write.keyspace == Keyspace::Indexes && write.value.is_some());
        for write in puts {
            let of_index = object_of(&write.key).and_then(|index| state.indexes.get_mut(&index));
            if let Some(of_index) = of_index {
                of_index.put(instant, &write.key);
            }
        }
        instant
    }

    /// The parts of a range that may have entries at an instant; none where all of it may.
    fn parts(&self, index: u32, instant: u64, range: &KeyRange) -> Option<VecDeque<KeyRange>> {
        let state = self.0.lock();
        state.indexes.get(&index).and_then(|of_index| of_index.parts(instant, range))
    }

    /// Notes that an instant has no entry from a key on up to another.
    fn note(&self, index: u32, instant: u64, from: Vec<u8>, to: Vec<u8>) {
        let mut state = self.0.lock();
        if state.indexes.len() >= INDEXES_MAX && !state.indexes.contains_key(&index) {
            state.indexes.clear();
        }
        let told = state.told;
        let of_index = state.indexes.entry(index).or_insert_with(|| OfIndex {
            gaps: BTreeMap::new(),
            recent: VecDeque::new(),
            known_from: told,
        });
        of_index.note(instant, from, to);
    }
}

impl OfIndex {
    fn put(&mut self, instant: u64, key: &Key) {
        self.recent.push_back((instant, key.clone()));
        if self.recent.len() > RECENT_MAX
            && let Some((forgotten, _)) = self.recent.pop_front()
        {
            self.known_from = forgotten;
        }
        let Some((start, end, since)) = self.around(key) else { return };
        self.gaps.remove(&start);
        let after = successor(key);
        if after < end {
            self.gaps.insert(after, (end, since));
        }
        if start.as_slice() < &**key {
            self.gaps.insert(start, (key.to_vec(), since));
        }
        self.bound();
    }

    /// Those that start at a key or before it.
    fn up_to(&self, key: &[u8]) -> Range<'_, Vec<u8>, (Vec<u8>, u64)> {
        self.gaps.range::<[u8], _>((Bound::Unbounded, Bound::Included(key)))
    }

    /// The gap that a key is in.
    fn around(&self, key: &[u8]) -> Option<(Vec<u8>, Vec<u8>, u64)> {
        let (start, (end, since)) = self.up_to(key).next_back()?;
        (key < end.as_slice()).then(|| (start.clone(), end.clone(), *since))
    }

    fn bound(&mut self) {
        while self.gaps.len() > GAPS_MAX {
            self.gaps.pop_first();
        }
    }

    fn note(&mut self, instant: u64, mut start: Vec<u8>, mut end: Vec<u8>) {
        if instant < self.known_from {
            return;
        }
        // Up to the first key that was put since.
        let since = self.recent.iter().filter(|(put, _)| *put > instant).map(|(_, key)| key);
        if let Some(first) = since.filter(|key| key.as_ref() >= start.as_slice()).min()
            && first.as_ref() < end.as_slice()
        {
            end = first.to_vec();
        }
        if start >= end {
            return;
        }
        // Those that it meets are one with it, and hold from the later instant.
        let mut from = instant;
        while let Some((other, (other_end, other_from))) = self.up_to(&end).next_back()
            && *other_end >= start
        {
            let other = other.clone();
            from = from.max(*other_from);
            end = end.max(other_end.clone());
            self.gaps.remove(&other);
            start = start.min(other);
        }
        self.gaps.insert(start, (end, from));
        self.bound();
    }

    fn parts(&self, instant: u64, range: &KeyRange) -> Option<VecDeque<KeyRange>> {
        let mut parts = VecDeque::new();
        let mut lower = range.lower.clone();
        let before = self.up_to(&lower).next_back();
        let after = (Bound::Excluded(range.lower.as_slice()), Bound::Unbounded);
        let after = self.gaps.range::<[u8], _>(after);
        for (start, (end, since)) in before.into_iter().chain(after) {
            if range.upper.as_ref().is_some_and(|upper| start >= upper) {
                break;
            }
            if *since > instant || *end <= lower {
                continue;
            }
            let part = KeyRange::new(lower, start.as_slice());
            lower = end.clone();
            if !part.is_empty() {
                parts.push_back(part);
            }
        }
        let last = KeyRange { lower, upper: range.upper.clone() };
        if last == *range {
            return None;
        }
        if !last.is_empty() {
            parts.push_back(last);
        }
        Some(parts)
    }
}

/// The first key after a key.
fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

/// The entries of a range at an instant, forward; gaps are passed over, and new ones noted.
pub(super) struct Passing {
    published: Arc<Published>,
    index: u32,
    range: KeyRange,
    /// What of the range is to be read after these entries.
    parts: VecDeque<KeyRange>,
    entries: Entries,
    last: Option<Key>,
    is_over: bool,
}

impl Passing {
    pub(super) fn of(published: Arc<Published>, index: u32, range: &KeyRange) -> Passing {
        let range = range.clone();
        let parts = published.gaps.parts(index, published.instant, &range);
        let mut parts = parts.unwrap_or_else(|| VecDeque::from([range.clone()]));
        let entries = match parts.pop_front() {
            Some(part) => published.view.range(Keyspace::Indexes, &part, false),
            None => Box::new(std::iter::empty()),
        };
        Passing { published, index, range, parts, entries, last: None, is_over: false }
    }

    fn step(&mut self) -> Option<Result<(Key, Value)>> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Some(entry);
            }
            let part = self.parts.pop_front()?;
            self.entries = self.published.view.range(Keyspace::Indexes, &part, false);
        }
    }

    /// There was nothing after the last entry up to a key.
    fn note(&self, to: Vec<u8>) {
        let from = match &self.last {
            Some(last) => successor(last),
            None => self.range.lower.clone(),
        };
        self.published.gaps.note(self.index, self.published.instant, from, to);
    }
}

impl Iterator for Passing {
    type Item = Result<(Key, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let began = Instant::now();
        let entry = self.step();
        let is_long = began.elapsed() >= LONG_STEP;
        match &entry {
            Some(Ok((key, _))) => {
                if is_long {
                    self.note(key.to_vec());
                }
                self.last = Some(key.clone());
            }
            Some(Err(_)) => self.is_over = true,
            None => {
                self.is_over = true;
                if let Some(upper) = self.range.upper.clone().filter(|_| is_long) {
                    self.note(upper);
                }
            }
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::{GAPS_MAX, Gaps, RECENT_MAX};
    use crate::storage::{KeyRange, Keyspace, WriteBatch};

    const INDEX: u32 = 7;

    fn key(n: u32) -> Vec<u8> {
        [INDEX.to_be_bytes(), n.to_be_bytes()].concat()
    }

    fn put(gaps: &Gaps, keys: impl IntoIterator<Item = u32>) -> u64 {
        let mut batch = WriteBatch::new();
        keys.into_iter().for_each(|n| batch.put(Keyspace::Indexes, key(n), b"v"));
        gaps.tell(&batch, true)
    }

    /// What is left of [10, 100).
    fn parts(gaps: &Gaps, instant: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
        let range = KeyRange::new(key(10), key(100));
        let parts = gaps.parts(INDEX, instant, &range).unwrap_or_else(|| [range].into());
        parts.into_iter().map(|part| (part.lower, part.upper.unwrap_or_default())).collect()
    }

    #[test]
    fn a_gap_is_passed_over_at_its_instant_and_later() {
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        gaps.note(INDEX, seen, key(10), key(40));
        let later = put(&gaps, [200]);
        assert_eq!(parts(&gaps, seen), [(key(40), key(100))]);
        assert_eq!(parts(&gaps, later), [(key(40), key(100))]);
        assert_eq!(parts(&gaps, seen - 1), [(key(10), key(100))]);
    }

    #[test]
    fn a_key_that_is_put_cuts_it() {
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        gaps.note(INDEX, seen, key(10), key(40));
        put(&gaps, [20]);
        let behind = super::successor(&key(20));
        let expected = [(key(20), behind.clone()), (key(40), key(100))];
        assert_eq!(parts(&gaps, seen), expected);
        put(&gaps, [10]);
        let first = (key(10), super::successor(&key(10)));
        assert_eq!(parts(&gaps, seen), [first, expected[0].clone(), expected[1].clone()]);
    }

    #[test]
    fn gaps_that_meet_are_one() {
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        gaps.note(INDEX, seen, key(10), key(40));
        put(&gaps, [20]);
        let gone = put(&gaps, []);
        gaps.note(INDEX, gone, key(10), key(60));
        assert_eq!(parts(&gaps, gone), [(key(60), key(100))]);
        assert_eq!(parts(&gaps, seen), [(key(10), key(100))]);
    }

    #[test]
    fn what_was_put_since_it_was_seen_is_in_no_gap() {
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        gaps.note(INDEX, seen, key(90), key(91));
        let later = put(&gaps, [30, 50]);
        gaps.note(INDEX, seen, key(10), key(60));
        assert_eq!(parts(&gaps, later), [(key(30), key(90)), (key(91), key(100))]);
    }

    #[test]
    fn who_has_looked_too_long_ago_notes_nothing() {
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        gaps.note(INDEX, seen, key(90), key(91));
        for n in 0..=RECENT_MAX as u32 {
            put(&gaps, [1_000 + n]);
        }
        gaps.note(INDEX, seen, key(10), key(60));
        assert_eq!(parts(&gaps, seen), [(key(10), key(90)), (key(91), key(100))]);
        // Nor who looked before anybody was told of what is put there.
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        put(&gaps, [30]);
        gaps.note(INDEX, seen, key(10), key(60));
        assert_eq!(parts(&gaps, seen), [(key(10), key(100))]);
    }

    #[test]
    fn what_is_not_told_one_by_one_ends_all_gaps() {
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        gaps.note(INDEX, seen, key(10), key(40));
        let later = gaps.tell(&WriteBatch::new(), false);
        assert_eq!(parts(&gaps, later), [(key(10), key(100))]);
        gaps.note(INDEX, seen, key(10), key(40));
        assert_eq!(parts(&gaps, later), [(key(10), key(100))]);
    }

    #[test]
    fn an_index_has_so_many_gaps_and_no_more() {
        let gaps = Gaps::default();
        let seen = put(&gaps, []);
        for n in 0..2 * GAPS_MAX as u32 {
            gaps.note(INDEX, seen, key(1_000 + 10 * n), key(1_005 + 10 * n));
        }
        let range = KeyRange::new(key(1_000), key(1_000 + 20 * GAPS_MAX as u32));
        let parts = gaps.parts(INDEX, seen, &range).expect("gaps");
        assert_eq!(parts.len(), GAPS_MAX + 1);
        assert_eq!(parts[0].upper, Some(key(1_000 + 10 * GAPS_MAX as u32)));
    }
}
