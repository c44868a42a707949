//! Changes of existing rows that memory does not hold.
//!
//! New rows are spilled into the engine under keys that are nobody else's
//! ([`spill`](super::spill)). A key that others can see has one value there, so its
//! change must wait for the commit. When such changes are over their budget, they are
//! written, sorted, into a **run** beside the engine ([`Run`]), and forgotten here.
//!
//! ```text
//! run    [keyspace u8][key] → [change u8][value]        oldest first; the newest says
//! read   memory, then the runs from the newest, each behind a filter of its keys
//! commit the rest into a last run ── runs durable ── one batch with a **redo record**
//!        (Meta: commit timestamp, numbers of the runs), one fsync: it is committed
//!        ── merge all runs into Rows and Indexes, by ingestion ── record removed
//!        ── publish ── runs removed
//! ```
//!
//! Nobody sees the half of it, because no view is opened in between. After a crash the
//! start finds the record and merges again: what is there already is written once more
//! with the same values, and nothing later can be there, for the record goes before
//! anyone else commits. Without a record the runs are nobody's and are removed.
//!
//! A savepoint is a list of runs beside the map of what is in memory, so a rollback over
//! the border drops the runs since. Eight runs of a size are merged into one, so their
//! number grows with the logarithm of the changes. What stays in memory is ten bits a
//! key, for the filters.
//!
//! While the runs are merged nobody else commits: about three seconds for a million rows
//! and their entries in one index, less than a batch of them took.

use std::iter::Peekable;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::write_set::Change;
use crate::storage::key::Meta;
use crate::storage::{
    Durability, Engine, Key, KeyRange, Keyspace, ReadView, Run, Value, WriteBatch, WriteError,
};
use crate::{Error, Result};

/// The keyspaces whose changes may go into runs.
pub(super) const KEYSPACES: [Keyspace; 2] = [Keyspace::Rows, Keyspace::Indexes];

/// So many runs of a level are merged into one of the next.
const FAN: usize = 8;

/// Changes in key order, or its reverse.
pub(super) type Changes = Box<dyn Iterator<Item = Result<(Key, Change)>> + Send>;

/// The runs of a transaction, oldest first. A clone is a pointer.
#[derive(Clone, Default)]
pub(super) struct Runs(Option<Arc<Vec<Arc<OwnRun>>>>);

/// One run.
pub(super) struct OwnRun {
    run: Arc<dyn Run>,
    filter: KeyFilter,
    level: u32,
}

fn run_key(keyspace: Keyspace, key: &[u8]) -> Key {
    let mut bytes = Vec::with_capacity(1 + key.len());
    bytes.push(keyspace.index() as u8);
    bytes.extend_from_slice(key);
    Key::from(bytes)
}

fn run_range(keyspace: Keyspace, range: &KeyRange) -> KeyRange {
    let number = keyspace.index() as u8;
    let lower = [&[number], &range.lower[..]].concat();
    let upper = match &range.upper {
        Some(upper) => [&[number], &upper[..]].concat(),
        None => vec![number + 1],
    };
    KeyRange::new(lower, upper)
}

fn decode(entry: Result<(Key, Value)>) -> Result<(Key, Change)> {
    let (key, value) = entry?;
    Ok((Key::from(key.get(1..).unwrap_or_default()), decode_change(&value)?))
}

fn decode_change(value: &[u8]) -> Result<Change> {
    let change = value.split_first().and_then(|(tag, value)| Change::of_tag(*tag, value));
    change.ok_or_else(|| Error::data_corrupted("a change in a run of a transaction"))
}

fn encode(keyspace: Keyspace, key: &[u8], change: &Change) -> (Key, Value) {
    let value = change.visible().map_or(&[][..], |value| &value[..]);
    (run_key(keyspace, key), Value::from([&[change.tag()], value].concat()))
}

impl OwnRun {
    /// Writes a run of at most `entries_max` changes.
    fn write(
        engine: &dyn Engine,
        level: u32,
        entries_max: u64,
        changes: impl Iterator<Item = Result<(Keyspace, Key, Change)>>,
    ) -> Result<OwnRun> {
        let mut filter = KeyFilter::for_keys(entries_max);
        let mut entries = changes.map(|change| {
            let (keyspace, key, change) = change?;
            let (key, value) = encode(keyspace, &key, &change);
            filter.add(xxh3_64(&key));
            Ok((key, value))
        });
        let run = engine.write_run(&mut entries)?;
        drop(entries);
        Ok(OwnRun { run, filter, level })
    }

    fn changes(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Changes {
        Box::new(self.run.clone().range(&run_range(keyspace, range), reverse).map(decode))
    }
}

impl Runs {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<OwnRun>> {
        self.0.iter().flat_map(|runs| runs.iter())
    }

    /// What they take of the disk.
    pub(super) fn bytes(&self) -> u64 {
        self.iter().map(|own| own.run.bytes()).sum()
    }

    pub(super) fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Change>> {
        if self.is_empty() {
            return Ok(None);
        }
        let key = run_key(keyspace, key);
        let hash = xxh3_64(&key);
        for own in self.iter().rev().filter(|own| own.filter.may_have(hash)) {
            if let Some(value) = own.run.get(&key)? {
                return decode_change(&value).map(Some);
            }
        }
        Ok(None)
    }

    /// The changes of a range, the newest of each key.
    pub(super) fn changes(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Changes {
        let sources = self.iter().map(|own| own.changes(keyspace, range, reverse)).collect();
        merged(sources, reverse)
    }

    /// With one run more: `count` changes in the order of keyspaces and keys.
    pub(super) fn with(
        &self,
        engine: &dyn Engine,
        count: u64,
        changes: impl Iterator<Item = (Keyspace, Key, Change)>,
    ) -> Result<Runs> {
        let mut runs: Vec<Arc<OwnRun>> = self.iter().cloned().collect();
        runs.push(Arc::new(OwnRun::write(engine, 0, count, changes.map(Ok))?));
        while let Some(from) = mergeable(&runs) {
            let old = Runs(Some(Arc::new(runs.split_off(from))));
            let count = old.iter().map(|own| own.run.entries()).sum();
            let level = old.iter().map(|own| own.level + 1).max().unwrap_or(0);
            runs.push(Arc::new(OwnRun::write(engine, level, count, old.everything())?));
        }
        Ok(Runs(Some(Arc::new(runs))))
    }

    fn everything(&self) -> impl Iterator<Item = Result<(Keyspace, Key, Change)>> + '_ {
        KEYSPACES.into_iter().flat_map(move |keyspace| {
            let changes = self.changes(keyspace, &KeyRange::all(), false);
            changes.map(move |entry| entry.map(|(key, change)| (keyspace, key, change)))
        })
    }

    pub(super) fn sync(&self, engine: &dyn Engine) -> Result<()> {
        self.iter().try_for_each(|own| engine.sync_run(&*own.run))
    }

    /// Whether they outlive their transaction from now on; answers whether they would have.
    pub(super) fn keep(&self, is_kept: bool) -> bool {
        let mut were_kept = false;
        for own in self.iter() {
            were_kept |= own.run.keep(is_kept);
        }
        were_kept
    }

    /// Runs of an earlier start, to be read in order.
    fn open(engine: &dyn Engine, numbers: impl Iterator<Item = u64>) -> Result<Runs> {
        let mut runs = Vec::new();
        for number in numbers {
            let (run, filter) = (engine.open_run(number)?, KeyFilter::default());
            runs.push(Arc::new(OwnRun { run, filter, level: 0 }));
        }
        Ok(Runs((!runs.is_empty()).then(|| Arc::new(runs))))
    }

    /// What a keyspace gets at a commit.
    pub(super) fn committed(
        &self,
        keyspace: Keyspace,
        commit_ts: u64,
    ) -> impl Iterator<Item = Result<(Key, Option<Value>)>> {
        let changes = self.changes(keyspace, &KeyRange::all(), false);
        changes.map(move |entry| entry.map(|(key, change)| (key, change.committed(commit_ts))))
    }

    /// Merges them into the engine. To be done again from the start if it fails.
    fn apply(&self, engine: &dyn Engine, commit_ts: u64) -> Result<(), WriteError> {
        for keyspace in KEYSPACES {
            let mut failed = None;
            let mut entries = self.committed(keyspace, commit_ts).map_while(|entry| match entry {
                Ok(entry) => Some(entry),
                Err(error) => {
                    failed = Some(error);
                    None
                }
            });
            engine.ingest(keyspace, &mut entries)?;
            drop(entries);
            if let Some(error) = failed {
                return Err(WriteError::Unknown(error));
            }
        }
        Ok(())
    }
}

/// Where the newest runs of one level begin, if there are enough to be merged.
fn mergeable(runs: &[Arc<OwnRun>]) -> Option<usize> {
    let level = runs.last()?.level;
    let same = runs.iter().rev().take_while(|own| own.level == level).count();
    (same >= FAN).then(|| runs.len() - same)
}

/// Sorted sources as one, oldest first: of a key's changes the newest is told.
pub(super) fn merged(mut sources: Vec<Changes>, reverse: bool) -> Changes {
    match sources.len() {
        0 => Box::new(std::iter::empty()),
        1 => sources.remove(0),
        n => {
            let newer = sources.split_off(n / 2);
            let (older, newer) = (merged(sources, reverse), merged(newer, reverse));
            Box::new(Newest { older: older.peekable(), newer: newer.peekable(), reverse })
        }
    }
}

struct Newest {
    older: Peekable<Changes>,
    newer: Peekable<Changes>,
    reverse: bool,
}

impl Iterator for Newest {
    type Item = Result<(Key, Change)>;

    fn next(&mut self) -> Option<Self::Item> {
        use std::cmp::Ordering;
        let order = match (self.older.peek(), self.newer.peek()) {
            (Some(Ok((older, _))), Some(Ok((newer, _)))) if self.reverse => newer.cmp(older),
            (Some(Ok((older, _))), Some(Ok((newer, _)))) => older.cmp(newer),
            (Some(Err(_)), _) | (_, None) => Ordering::Less,
            (_, Some(_)) => Ordering::Greater,
        };
        match order {
            Ordering::Less => self.older.next(),
            Ordering::Greater => self.newer.next(),
            Ordering::Equal => {
                self.older.next();
                self.newer.next()
            }
        }
    }
}

/// Says of most keys that are not in a run that they are not: a Bloom filter whose bits
/// for a key lie in one cache line (Putze, Sanders, Singler: "Cache-, Hash- and
/// Space-Efficient Bloom Filters", 2007). An empty one knows nothing.
#[derive(Default)]
struct KeyFilter(Vec<[u64; 8]>);

const BITS_PER_KEY: u64 = 10;
const BITS_PER_LINE: u64 = 512;
const PROBES: u32 = 6;

impl KeyFilter {
    fn for_keys(count: u64) -> KeyFilter {
        let lines = (count * BITS_PER_KEY).div_ceil(BITS_PER_LINE).max(1);
        KeyFilter(vec![[0; 8]; lines as usize])
    }

    fn line(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.0.len() as u128) >> 64) as usize
    }

    /// Places of a key's bits in its line: nine bits of the hash each, its low ones, for
    /// the high ones have said which line.
    fn bits(hash: u64) -> impl Iterator<Item = (usize, u64)> {
        (0..PROBES).map(move |probe| {
            let bit = (hash >> (9 * probe)) & (BITS_PER_LINE - 1);
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }

    fn add(&mut self, hash: u64) {
        let line = self.line(hash);
        KeyFilter::bits(hash).for_each(|(word, bit)| self.0[line][word] |= bit);
    }

    fn may_have(&self, hash: u64) -> bool {
        let Some(line) = self.0.get(self.line(hash)) else { return true };
        KeyFilter::bits(hash).all(|(word, bit)| line[word] & bit != 0)
    }
}

/// The record that a start finds of a commit whose runs are not merged yet.
pub(super) struct Redo {
    runs: Runs,
    commit_ts: u64,
}

impl Redo {
    pub(super) fn new(runs: Runs, commit_ts: u64) -> Redo {
        Redo { runs, commit_ts }
    }

    pub(super) fn runs(&self) -> &Runs {
        &self.runs
    }

    pub(super) fn commit_ts(&self) -> u64 {
        self.commit_ts
    }

    fn key(&self) -> Vec<u8> {
        let first = self.runs.iter().next().map_or(0, |own| own.run.number());
        Meta::Redo(first).key().to_vec()
    }

    /// Commits: from the batch that this is written with on, a start ends what
    /// [`Redo::apply`] does. Commit timestamp and numbers, u64 LE each.
    pub(super) fn put(&self, batch: &mut WriteBatch) {
        let mut record = self.commit_ts.to_le_bytes().to_vec();
        for own in self.runs.iter() {
            record.extend_from_slice(&own.run.number().to_le_bytes());
        }
        batch.put(Keyspace::Meta, self.key(), record);
    }

    /// Merges the runs into the engine, and removes the record. The runs are nobody's
    /// any more when that is durable.
    pub(super) fn apply(&self, engine: &dyn Engine) -> Result<(), WriteError> {
        self.runs.apply(engine, self.commit_ts)?;
        let mut batch = WriteBatch::new();
        batch.remove(Keyspace::Meta, self.key());
        engine.write(batch, Durability::Sync)?;
        self.runs.keep(false);
        Ok(())
    }

    fn decode(engine: &dyn Engine, record: &[u8]) -> Result<Redo> {
        let damaged = || Error::data_corrupted("record of a commit that was being applied");
        let (commit_ts, rest) = record.split_first_chunk().ok_or_else(damaged)?;
        if rest.is_empty() || !rest.len().is_multiple_of(8) {
            return Err(damaged());
        }
        let numbers = rest.chunks_exact(8).filter_map(|number| number.first_chunk());
        let runs = Runs::open(engine, numbers.map(|number| u64::from_le_bytes(*number)))?;
        Ok(Redo { runs, commit_ts: u64::from_le_bytes(*commit_ts) })
    }
}

/// Ends the commits that a crash has cut off, before anyone reads; all other runs that it
/// has left are nobody's.
pub(super) fn redo(engine: &dyn Engine) -> Result<()> {
    let view: Arc<dyn ReadView> = engine.view();
    for entry in view.range(Keyspace::Meta, &Meta::redos(), false) {
        let redo = Redo::decode(engine, &entry?.1)?;
        tracing::info!("commit {} was cut off after it was decided; ending it", redo.commit_ts);
        redo.apply(engine).map_err(WriteError::into_error)?;
    }
    engine.remove_runs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::memory::MemoryEngine;

    #[test]
    fn the_filter_knows_what_is_there_and_most_of_what_is_not() {
        let mut filter = KeyFilter::for_keys(10_000);
        let hash = |n: u64| xxh3_64(&n.to_be_bytes());
        (0..10_000).for_each(|n| filter.add(hash(n)));
        assert!((0..10_000).all(|n| filter.may_have(hash(n))));
        let wrong = (10_000..110_000).filter(|n| filter.may_have(hash(*n))).count();
        assert!(wrong < 5_000, "{wrong} of 100000");
        assert!(KeyFilter::default().may_have(7));
    }

    #[test]
    fn the_newest_run_says_and_runs_of_a_level_are_merged() {
        let engine = MemoryEngine::new();
        let mut runs = Runs::default();
        for round in 0..30u8 {
            let change = |n: u8| {
                let put = Change::Put(Value::from([round]));
                (Keyspace::Indexes, Key::from([n]), if n == round { Change::Delete } else { put })
            };
            let keys = [round, round + 1, 200];
            runs = runs.with(&engine, 3, keys.into_iter().map(change)).expect("a run");
        }
        assert_eq!(runs.iter().count(), 3 + 6, "three of eight, and six");
        let of = |key: u8| runs.get(Keyspace::Indexes, &[key]).expect("get");
        assert!(matches!(of(200), Some(Change::Put(value)) if value[..] == [29]));
        assert!(matches!(of(7), Some(Change::Delete)));
        assert!(matches!(of(30), Some(Change::Put(value)) if value[..] == [29]));
        assert!(of(31).is_none());
        for reverse in [false, true] {
            let found = runs.changes(Keyspace::Indexes, &KeyRange::new([5], [201]), reverse);
            let keys: Vec<u8> = found.map(|entry| entry.expect("an entry").0[0]).collect();
            let mut expected: Vec<u8> = (5..=30).chain([200]).collect();
            if reverse {
                expected.reverse();
            }
            assert_eq!(keys, expected);
        }
    }
}
