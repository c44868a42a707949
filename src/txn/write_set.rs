//! What a transaction has written and nobody else sees yet.

use crate::storage::ordered::OrderedMap;
use crate::storage::{Key, Keyspace, Value, Write, row};

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
}

impl Change {
    /// What the transaction itself reads back.
    pub(super) fn visible(&self) -> Option<&Value> {
        match self {
            Change::Put(value)
            | Change::PutRow(value)
            | Change::NewRow(value)
            | Change::NewEntry(value) => Some(value),
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

    fn committed(self, commit_ts: u64) -> Option<Value> {
        match self {
            Change::Put(value) | Change::NewEntry(value) => Some(value),
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
    bytes: usize,
    /// The part of it that may be spilled.
    new_bytes: usize,
}

impl WriteSet {
    pub(super) fn map(&self, keyspace: Keyspace) -> &OrderedMap<Change> {
        &self.maps[keyspace.index()]
    }

    pub(super) fn get(&self, keyspace: Keyspace, key: &[u8]) -> Option<&Change> {
        self.map(keyspace).get(key)
    }

    pub(super) fn insert(&mut self, keyspace: Keyspace, key: Key, change: Change) {
        // A replaced change is counted twice: the budget is a bound, not an account.
        let bytes = key.len() + change.bytes() + NODE_BYTES;
        self.bytes += bytes;
        if change.is_new() {
            self.new_bytes += bytes;
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

    /// The rows and index entries that a commit leaves behind.
    pub(super) fn visible_entries(&self) -> impl Iterator<Item = (Keyspace, &[u8], &[u8])> {
        [Keyspace::Rows, Keyspace::Indexes].into_iter().flat_map(|keyspace| {
            self.map(keyspace)
                .iter()
                .filter_map(move |(key, change)| Some((keyspace, &key[..], &change.visible()?[..])))
        })
    }

    /// The changes that must stay in memory: the rest has been spilled.
    pub(super) fn without_new(&self) -> WriteSet {
        let mut rest = WriteSet::default();
        for keyspace in Keyspace::ALL {
            for (key, change) in self.map(keyspace).iter().filter(|(_, change)| !change.is_new()) {
                rest.insert(keyspace, key.clone(), change.clone());
            }
        }
        rest
    }

    pub(super) fn len(&self) -> usize {
        self.maps.iter().map(OrderedMap::len).sum()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (Keyspace, &Key)> {
        Keyspace::ALL
            .into_iter()
            .flat_map(|keyspace| self.map(keyspace).iter().map(move |(key, _)| (keyspace, key)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.maps.iter().all(OrderedMap::is_empty)
    }

    /// The changes as the engine is to apply them.
    pub(super) fn committed(&self, commit_ts: u64) -> impl Iterator<Item = Write> + '_ {
        Keyspace::ALL.into_iter().flat_map(move |keyspace| {
            self.map(keyspace).iter().map(move |(key, change)| Write {
                keyspace,
                key: key.clone(),
                value: change.clone().committed(commit_ts),
            })
        })
    }
}
