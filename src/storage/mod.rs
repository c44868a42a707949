//! Bytes on disk: ordered keyspaces behind one trait, and the only folder that
//! names fjall.
//!
//! An [`Engine`] holds the [`Keyspace`]s, each an ordered map from key to value
//! bytes. It can do five things: apply a [`WriteBatch`] atomically, ingest sorted
//! entries into one keyspace, open a [`ReadView`] of everything at one instant, keep
//! [`Run`]s beside the keyspaces, and tell how full it is. It knows neither rows nor transactions.
//!
//! | module | what it is |
//! |---|---|
//! | [`disk`] | fjall, with our own lock, format number and journal check before it opens |
//! | [`memory`] | the twin for tests: persistent maps, a view is a clone of their roots |
//! | [`fault`] | wraps another engine and fails the n-th call on purpose |
//! | [`key`] | every key there is; nobody else concatenates bytes |
//! | [`row`] | the fixed header of a row value |
//! | [`ordered`] | the persistent map under `memory` and under a transaction's writes |
//!
//! # Invariants
//!
//! 1. Only `txn`'s committer calls [`Engine::write`] and [`Engine::view`], so a
//!    view is never opened while a batch is being applied. This is what makes
//!    views stable: in fjall a flush may publish a sequence number while a lower
//!    batch is still being written, and a snapshot opened in that window would
//!    see the batch appear later.
//! 2. A failed write says whether its outcome is known ([`WriteError`]). After an
//!    unknown outcome nobody may write again; the process ends and recovery decides.
//! 3. An empty range never reaches the engine ([`KeyRange::is_empty`]).
//! 4. A panic inside the engine ends the process: a lock it held is poisoned and
//!    its state is unknown.
//!
//! # Checksums
//!
//! Values carry no checksum of their own, because fjall verifies everything it
//! reads: each block of a table and each blob carries a 128-bit xxh3 that is
//! checked when it is loaded, and each journal batch ends in a 64-bit xxh3 of its
//! items. What fjall does not do is tell a torn journal tail from damage in its middle
//! ([`disk::journal`] does), look at the checksum of a manifest before it trusts it, or
//! ever compare a table with its checksum in the manifest (`disk::files` does, the
//! manifests at every start and the tables when [`Engine::verify`] is called).

pub mod disk;
mod error;
pub mod fault;
pub mod key;
pub mod memory;
pub mod ordered;
pub mod row;
mod value;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use crate::Result;

pub use error::WriteError;
pub use key::KeyRange;
pub use value::{Key, Value};

/// The fixed set of ordered maps. All are made when the data directory is; a new
/// one is a new format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Keyspace {
    /// The engine's and the transactions' own facts: timestamps, high-water marks.
    Meta,
    /// What exists: the rows of the system catalog.
    Catalog,
    /// Rows of tables by row id.
    Rows,
    /// Entries of ordered indexes.
    Indexes,
    /// Directory, zone maps and delete sets of columnar segments.
    Segments,
    /// Graph nodes and codes of vector indexes.
    Vectors,
    /// Values too large for a row.
    Large,
    /// Data of services that live beside tables.
    Service,
}

impl Keyspace {
    pub const COUNT: usize = 8;

    pub const ALL: [Keyspace; Keyspace::COUNT] = [
        Keyspace::Meta,
        Keyspace::Catalog,
        Keyspace::Rows,
        Keyspace::Indexes,
        Keyspace::Segments,
        Keyspace::Vectors,
        Keyspace::Large,
        Keyspace::Service,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Keyspace::Meta => "meta",
            Keyspace::Catalog => "catalog",
            Keyspace::Rows => "rows",
            Keyspace::Indexes => "indexes",
            Keyspace::Segments => "segments",
            Keyspace::Vectors => "vectors",
            Keyspace::Large => "large",
            Keyspace::Service => "service",
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// How far a write has gone when [`Engine::write`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// In the operating system's buffers: survives `kill -9`, not power loss.
    Buffer,
    /// On stable storage.
    Sync,
}

/// One change of one key; no value removes it.
#[derive(Clone, Debug)]
pub struct Write {
    pub keyspace: Keyspace,
    pub key: Key,
    pub value: Option<Value>,
}

/// Changes that are applied together or not at all.
#[derive(Clone, Debug, Default)]
pub struct WriteBatch {
    writes: Vec<Write>,
    bytes: usize,
}

impl WriteBatch {
    pub fn new() -> WriteBatch {
        WriteBatch::default()
    }

    pub fn put(&mut self, keyspace: Keyspace, key: impl Into<Key>, value: impl Into<Value>) {
        self.push(Write { keyspace, key: key.into(), value: Some(value.into()) });
    }

    pub fn remove(&mut self, keyspace: Keyspace, key: impl Into<Key>) {
        self.push(Write { keyspace, key: key.into(), value: None });
    }

    pub fn push(&mut self, write: Write) {
        self.bytes += write.key.len() + write.value.as_ref().map_or(0, |v| v.len());
        self.writes.push(write);
    }

    pub fn len(&self) -> usize {
        self.writes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn iter(&self) -> impl Iterator<Item = &Write> {
        self.writes.iter()
    }
}

impl IntoIterator for WriteBatch {
    type Item = Write;
    type IntoIter = std::vec::IntoIter<Write>;

    fn into_iter(self) -> Self::IntoIter {
        self.writes.into_iter()
    }
}

/// Entries in key order (or its reverse), read as they are asked for.
pub type Entries = Box<dyn Iterator<Item = Result<(Key, Value)>> + Send>;

/// Everything in the engine at one instant. Cheap to share; holding one keeps
/// the old versions it can see.
pub trait ReadView: Send + Sync {
    fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>>;

    /// The entries whose key is in `range`, ascending, or descending if `reverse`.
    fn range(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Entries;
}

/// Sorted entries beside the keyspaces: what a large transaction has written and
/// nobody may see. It is written once. Dropping the last handle removes it, unless it
/// is kept; a start keeps what a record names.
pub trait Run: Send + Sync {
    /// Never another run's, as long as this one is there.
    fn number(&self) -> u64;

    fn entries(&self) -> u64;

    /// What it takes of the disk.
    fn bytes(&self) -> u64;

    fn get(&self, key: &[u8]) -> Result<Option<Value>>;

    /// The entries whose key is in `range`, ascending, or descending if `reverse`.
    fn range(self: Arc<Self>, range: &KeyRange, reverse: bool) -> Entries;

    /// Makes it survive power loss.
    fn sync(&self) -> Result<()>;

    /// Whether it outlives its last handle from now on; answers whether it would have.
    fn keep(&self, is_kept: bool) -> bool;
}

/// How full the engine is, for throttling bulk writers and for the disk reserve.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineStatistics {
    pub disk_bytes: u64,
    pub journal_bytes: u64,
    pub write_buffer_bytes: u64,
    /// The most sealed memtables that any keyspace waits to flush; at 4 a write sleeps.
    pub sealed_memtables: usize,
    /// The most level-0 tables of any keyspace; at 20 a write is slowed down.
    pub level_zero_tables: usize,
    /// Files of journals.
    pub journals: usize,
    pub flushes_waiting: usize,
    pub compactions_running: usize,
    pub compactions_done: u64,
    pub compacting_us: u64,
    /// What blocks take in memory, and may take.
    pub block_cache_bytes: u64,
    pub block_cache_bytes_max: u64,
    /// Point reads that found their key in memory, and those that asked the tree.
    pub point_hits: u64,
    pub point_misses: u64,
    /// Of each keyspace: bytes and files of its tables, and of large values beside them.
    pub keyspaces: [KeyspaceStatistics; Keyspace::COUNT],
}

/// What a keyspace has on disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyspaceStatistics {
    pub disk_bytes: u64,
    pub tables: usize,
    pub blob_files: usize,
}

/// A file of the store that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub file: PathBuf,
    /// The end of a sentence that begins with the file.
    pub what: String,
}

/// What [`Engine::verify`] has read.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    pub files: u64,
    pub bytes: u64,
    pub damages: Vec<Damage>,
}

/// Ordered bytes with atomic batches and stable views.
pub trait Engine: Send + Sync + 'static {
    /// Everything written so far, at one instant. Called only by the committer,
    /// between batches.
    fn view(&self) -> Arc<dyn ReadView>;

    /// Applies the batch atomically; all or nothing of it survives a crash. Called
    /// only by the committer.
    fn write(&self, batch: WriteBatch, durability: Durability) -> Result<(), WriteError>;

    /// Makes everything written so far survive power loss.
    fn sync(&self) -> Result<(), WriteError>;

    /// Applies changes, strictly ascending by key, to one keyspace past the journal:
    /// several times faster than [`Engine::write`] and in bounded memory. No value
    /// removes the key. Atomic, but with nothing else: no view may be opened before
    /// what belongs to it is there too, or the keys must be ones that no reader looks at
    /// yet. Durable when it returns. Returns the number of entries.
    fn ingest(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Option<Value>)>,
    ) -> Result<u64, WriteError>;

    /// Writes a run, of entries strictly ascending by key. An error leaves nothing.
    fn write_run(
        &self,
        entries: &mut dyn Iterator<Item = Result<(Key, Value)>>,
    ) -> Result<Arc<dyn Run>>;

    /// Makes a run survive power loss.
    fn sync_run(&self, run: &dyn Run) -> Result<()> {
        run.sync()
    }

    /// A run of an earlier start, which is kept.
    fn open_run(&self, number: u64) -> Result<Arc<dyn Run>>;

    /// Removes what an earlier start has left. Called before any is written.
    fn remove_runs(&self) -> Result<()>;

    /// Writes what is in memory into tables, so that journals can go and a restart has
    /// little to replay. Durable when it returns; others go on writing meanwhile.
    fn checkpoint(&self) -> Result<(), WriteError>;

    /// Rewrites all that a keyspace has into the last level, so that replaced values,
    /// removed keys and old delete markers are forgotten now. Slow, and needs as much
    /// free space as the keyspace takes; others go on writing meanwhile.
    fn compact(&self, keyspace: Keyspace) -> Result<()>;

    /// Reads all files and compares them with the checksums they were written with.
    /// `pace` is told how many bytes were read since it was called last: it may wait,
    /// and an error of its ends the reading. Others go on writing meanwhile.
    fn verify(&self, pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<Verified>;

    fn statistics(&self) -> EngineStatistics;

    /// Bytes the file system still has for us, if the engine is on one.
    fn free_bytes(&self) -> Option<u64>;

    /// Delete markers with a commit timestamp up to this one may be forgotten.
    fn set_purge_horizon(&self, commit_ts: u64);
}
