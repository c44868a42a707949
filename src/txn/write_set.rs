//! What a transaction has written and nobody else sees yet.

use super::runs::{Changes, KEYSPACES, Runs, merged};
use super::spill::RidRanges;
use crate::storage::ordered::{Cursor, OrderedMap};
use crate::storage::{Engine, Key, KeyRange, Keyspace, Value, Write, key, row};
use crate::{Error, Result};

/// One change; the commit timestamp of rows is still open.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(Value),
    Delete,
    /// A row value whose header gets the commit timestamp.
    PutRow(Value),
    /// Becomes a delete marker with the commit timestamp.
    DeleteRow,
    /// Becomes a delete marker that tells of a move to another partition.
    MoveRow,
    /// A row under a rid that is this transaction's alone; it may be spilled.
    NewRow(Value),
    /// An index entry for such a rid, under a key that nobody can see.
    NewEntry(Value),
    /// A value whose key ends with the commit timestamp ([`super::recorded`]).
    Recorded(Value),
}

impl Change {
    /// What the transaction itself reads back.
    pub(super) fn visible(&self) -> Option<&Value> {
        match self {
            Change::Put(value)
            | Change::PutRow(value)
            | Change::NewRow(value)
            | Change::NewEntry(value)
            | Change::Recorded(value) => Some(value),
            Change::Delete | Change::DeleteRow | Change::MoveRow => None,
        }
    }

    pub(super) fn is_new(&self) -> bool {
        matches!(self, Change::NewRow(_) | Change::NewEntry(_))
    }

    pub(super) fn removes(&self) -> bool {
        matches!(self, Change::Delete | Change::DeleteRow | Change::MoveRow)
    }

    /// The same change, kept in memory until the commit.
    pub(super) fn not_new(self) -> Change {
        match self {
            Change::NewRow(value) => Change::PutRow(value),
            Change::NewEntry(value) => Change::Put(value),
            other => other,
        }
    }

    fn bytes(&self) -> usize {
        self.visible().map_or(row::HEADER_LEN, |value| value.len())
    }

    pub(super) fn into_visible(self) -> Option<Value> {
        match self {
            Change::Put(value)
            | Change::PutRow(value)
            | Change::NewRow(value)
            | Change::NewEntry(value)
            | Change::Recorded(value) => Some(value),
            Change::Delete | Change::DeleteRow | Change::MoveRow => None,
        }
    }

    /// Its number in a prepared transaction's record and in a run.
    pub(super) fn tag(&self) -> u8 {
        match self {
            Change::Put(_) => 0,
            Change::Delete => 1,
            Change::PutRow(_) => 2,
            Change::DeleteRow => 3,
            Change::NewRow(_) => 4,
            Change::NewEntry(_) => 5,
            Change::MoveRow => 6,
            Change::Recorded(_) => 7,
        }
    }

    pub(super) fn of_tag(tag: u8, value: &[u8]) -> Option<Change> {
        let value = Value::from(value);
        Some(match tag {
            0 => Change::Put(value),
            1 => Change::Delete,
            2 => Change::PutRow(value),
            3 => Change::DeleteRow,
            4 => Change::NewRow(value),
            5 => Change::NewEntry(value),
            6 => Change::MoveRow,
            7 => Change::Recorded(value),
            _ => return None,
        })
    }

    pub(super) fn committed(self, commit_ts: u64) -> Option<Value> {
        match self {
            Change::Put(value) | Change::NewEntry(value) | Change::Recorded(value) => Some(value),
            Change::Delete => None,
            Change::PutRow(value) | Change::NewRow(value) => {
                Some(row::with_commit_ts(&value, commit_ts))
            }
            Change::DeleteRow => Some(row::delete_marker(commit_ts)),
            Change::MoveRow => Some(row::moved_marker(commit_ts)),
        }
    }
}

/// Memory of a map's node beside its key and value bytes, about.
const NODE_BYTES: usize = 160;

/// All changes, by keyspace and key. A clone is a few pointers: it is a savepoint,
/// and it is what a scan reads while the transaction writes on.
#[derive(Clone, Default)]
pub(super) struct WriteSet {
    maps: [OrderedMap<Change>; Keyspace::COUNT],
    /// What the maps have no room for. No new row or entry has its key there.
    runs: Runs,
    bytes: usize,
    /// The part of it that may be spilled.
    new_bytes: usize,
    /// The part of it that may be written to a run.
    run_bytes: usize,
}

impl WriteSet {
    /// The changes of a keyspace that are in memory.
    pub(super) fn map(&self, keyspace: Keyspace) -> &OrderedMap<Change> {
        &self.maps[keyspace.index()]
    }

    pub(super) fn runs(&self) -> &Runs {
        &self.runs
    }

    pub(super) fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Change>> {
        match self.map(keyspace).get(key) {
            Some(change) => Ok(Some(change.clone())),
            None => self.runs.get(keyspace, key),
        }
    }

    /// The changes of a range; none if there is no change in the keyspace.
    pub(super) fn changes(
        &self,
        keyspace: Keyspace,
        range: &KeyRange,
        reverse: bool,
    ) -> Option<OwnChanges> {
        let map = self.map(keyspace);
        if self.runs.is_empty() {
            return (!map.is_empty()).then(|| OwnChanges::Memory(map.cursor(range, reverse)));
        }
        let memory: Changes = Box::new(map.cursor(range, reverse).map(Ok));
        let runs = self.runs.changes(keyspace, range, reverse);
        Some(OwnChanges::Merged(merged(vec![runs, memory], reverse)))
    }

    pub(super) fn insert(&mut self, keyspace: Keyspace, key: Key, change: Change) {
        // A replaced change is counted twice: the budget is a bound, not an account.
        let bytes = key.len() + change.bytes() + NODE_BYTES;
        self.bytes += bytes;
        if change.is_new() {
            self.new_bytes += bytes;
        } else if KEYSPACES.contains(&keyspace) {
            self.run_bytes += bytes;
        }
        self.maps[keyspace.index()].insert(key, change);
    }

    pub(super) fn remove(&mut self, keyspace: Keyspace, key: &[u8]) {
        self.maps[keyspace.index()].remove(key);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn new_bytes(&self) -> usize {
        self.new_bytes
    }

    pub(super) fn run_bytes(&self) -> usize {
        self.run_bytes
    }

    /// Bytes of what can only stay in memory.
    pub(super) fn lasting_bytes(&self) -> usize {
        self.bytes - self.new_bytes - self.run_bytes
    }

    /// Writes what may be written to a run into one; the write set without it.
    pub(super) fn with_run(&self, engine: &dyn Engine) -> Result<WriteSet> {
        let settled = |keyspace: Keyspace| {
            let changes = self.map(keyspace).iter().filter(|(_, change)| !change.is_new());
            changes.map(move |(key, change)| (keyspace, key.clone(), change.clone()))
        };
        let count = KEYSPACES.into_iter().flat_map(settled).count();
        if count == 0 {
            return Ok(self.clone());
        }
        let changes = KEYSPACES.into_iter().flat_map(settled);
        let runs = self.runs.with(engine, count as u64, changes)?;
        let mut rest = WriteSet { runs, ..WriteSet::default() };
        for keyspace in Keyspace::ALL {
            let all = self.map(keyspace).iter();
            let stays = !KEYSPACES.contains(&keyspace);
            for (key, change) in all.filter(|(_, change)| stays || change.is_new()) {
                rest.insert(keyspace, key.clone(), change.clone());
            }
        }
        Ok(rest)
    }

    /// Everything in memory again; `53200` if that is more than so many bytes.
    pub(super) fn gathered(&self, bytes_max: usize) -> Result<WriteSet> {
        let mut all = WriteSet { runs: Runs::default(), ..self.clone() };
        for keyspace in KEYSPACES {
            for entry in self.runs.changes(keyspace, &KeyRange::all(), false) {
                let (key, change) = entry?;
                if self.map(keyspace).get(&key).is_none() {
                    all.insert(keyspace, key, change);
                }
                if all.bytes > bytes_max {
                    return Err(Error::out_of_memory(format!(
                        "A transaction is prepared with at most {bytes_max} bytes of changes."
                    )));
                }
            }
        }
        Ok(all)
    }

    /// The entries of a keyspace that may be spilled, in key order.
    pub(super) fn new_in(&self, keyspace: Keyspace) -> impl Iterator<Item = (&Key, &Value)> {
        self.map(keyspace)
            .iter()
            .filter(|(_, change)| change.is_new())
            .filter_map(|(key, change)| Some((key, change.visible()?)))
    }

    /// The entries that may be spilled, of all keyspaces.
    pub(super) fn new_entries(&self) -> impl Iterator<Item = (Keyspace, &[u8], &[u8])> {
        [Keyspace::Rows, Keyspace::Indexes].into_iter().flat_map(|keyspace| {
            self.new_in(keyspace).map(move |(key, value)| (keyspace, &key[..], &value[..]))
        })
    }

    /// Of these rids, those that a commit writes rows or index entries of.
    pub(super) fn visible_of(&self, rids: &RidRanges) -> Result<RidRanges> {
        let mut found: Vec<(Keyspace, Key, Value)> = Vec::new();
        for keyspace in KEYSPACES {
            for entry in self.changes(keyspace, &KeyRange::all(), false).into_iter().flatten() {
                let (key, change) = entry?;
                if let Some(value) = change.into_visible()
                    && rids.contains(keyspace, &key, &value)
                {
                    found.push((keyspace, key, value));
                }
            }
        }
        Ok(RidRanges::of(
            found.iter().map(|(keyspace, key, value)| (*keyspace, &key[..], &value[..])),
        ))
    }

    /// The changes that must stay in memory: the rest has been spilled.
    pub(super) fn without_new(&self) -> WriteSet {
        let mut rest = WriteSet { runs: self.runs.clone(), ..WriteSet::default() };
        for keyspace in Keyspace::ALL {
            for (key, change) in self.map(keyspace).iter().filter(|(_, change)| !change.is_new()) {
                rest.insert(keyspace, key.clone(), change.clone());
            }
        }
        rest
    }

    /// Whether the commit leaves a record of itself.
    pub(super) fn is_recorded(&self) -> bool {
        let mut service = self.map(Keyspace::Service).iter();
        service.any(|(_, change)| matches!(change, Change::Recorded(_)))
    }

    /// How many are in memory.
    pub(super) fn len(&self) -> usize {
        self.maps.iter().map(OrderedMap::len).sum()
    }

    /// The keys of those in memory.
    pub(super) fn keys(&self) -> impl Iterator<Item = (Keyspace, &Key)> {
        Keyspace::ALL
            .into_iter()
            .flat_map(|keyspace| self.map(keyspace).iter().map(move |(key, _)| (keyspace, key)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.maps.iter().all(OrderedMap::is_empty)
    }

    /// Those in memory, as the engine is to apply them.
    pub(super) fn committed(&self, commit_ts: u64) -> impl Iterator<Item = Write> + '_ {
        Keyspace::ALL.into_iter().flat_map(move |keyspace| {
            self.map(keyspace).iter().map(move |(key, change)| Write {
                keyspace,
                key: match change {
                    Change::Recorded(_) => key::recorded_at(key, commit_ts).into(),
                    _ => key.clone(),
                },
                value: change.clone().committed(commit_ts),
            })
        })
    }
}

/// A transaction's own changes of a range, in key order or its reverse.
pub(super) enum OwnChanges {
    Memory(Cursor<Change>),
    Merged(Changes),
}

impl Iterator for OwnChanges {
    type Item = Result<(Key, Change)>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            OwnChanges::Memory(cursor) => cursor.next().map(Ok),
            OwnChanges::Merged(changes) => changes.next(),
        }
    }
}
