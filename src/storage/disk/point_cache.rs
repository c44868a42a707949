//! Keys and values that point reads have found, before the tree is asked.
//!
//! A point read through fjall's tree costs 1 to 2 µs however warm its blocks are:
//! filters, index blocks, a data block, each searched. The rows that an application
//! reads again and again answer from here in a twentieth of that: pgbench's prepared
//! point reads cost the server 17 µs instead of 23, network included.
//!
//! # Why a view never sees another instant's value
//!
//! Writes are numbered. A view knows the number of the last write before it was
//! opened, its *generation*; an entry knows the generation of the view that found it.
//! A write takes its keys out before it is applied. So what is here has not changed
//! since its own generation, and every view of that generation or a later one may have
//! it. A reader that found a value in an old view must not put it here after the write
//! that replaced it: each shard remembers the last write that touched it, and refuses
//! what was read before.
//!
//! ```text
//! reader, view 5    miss ── reads v1 from the tree ┄┄┄┄┄┄┄┄┄┄┄┄┄ put v1: refused, 5 < 6
//! writer                      6: take the key out, shard is at 6 ── applies v2
//! ```
//!
//! An ingestion becomes visible while views are opened beside it, so the cache is shut
//! from before its end to after it, and empty then.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use quick_cache::{Equivalent, Weighter};
use xxhash_rust::xxh3::xxh3_64;

use crate::storage::{Keyspace, Value, WriteBatch};

const SHARDS: usize = 64;

/// Larger values are read from the tree.
const VALUE_BYTES_MAX: usize = 2 << 10;

/// What an entry costs beside its bytes.
const ENTRY_OVERHEAD_BYTES: usize = 96;

/// For sizing the tables; rows and index entries are about this large.
const TYPICAL_ENTRY_BYTES: usize = 256;

pub(super) struct PointCache {
    shards: Box<[Mutex<Shard>]>,
    generation: AtomicU64,
}

/// The instant a view was opened at, in writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Generation(u64);

struct Shard {
    entries: Entries,
    /// The last write that touched a key of this shard.
    changed: Generation,
    /// An ingestion is about to become visible.
    is_shut: bool,
    /// Reads that have found their key here, and those that have not.
    hits: u64,
    misses: u64,
}

type Entries = Cache<Entry<Box<[u8]>>, (Generation, Value), Bytes, BuildHasherDefault<Hashed>>;

/// A key and its hash, which is computed once for the shard and for its table.
struct Entry<K> {
    hash: u64,
    key: K,
}

impl<'k> Entry<&'k [u8]> {
    fn of(key: &'k [u8]) -> Entry<&'k [u8]> {
        Entry { hash: xxh3_64(key), key }
    }

    fn to_owned(&self) -> Entry<Box<[u8]>> {
        Entry { hash: self.hash, key: self.key.into() }
    }
}

impl<K> Hash for Entry<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Entry<Box<[u8]>> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Entry<Box<[u8]>> {}

impl Equivalent<Entry<Box<[u8]>>> for Entry<&[u8]> {
    fn equivalent(&self, other: &Entry<Box<[u8]>>) -> bool {
        *self.key == *other.key
    }
}

/// The hash of what is hashed already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, _: &[u8]) {
        unreachable!("an entry hashes as its hash");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Entry<Box<[u8]>>, (Generation, Value)> for Bytes {
    fn weight(&self, entry: &Entry<Box<[u8]>>, (_, value): &(Generation, Value)) -> u64 {
        (entry.key.len() + value.len() + ENTRY_OVERHEAD_BYTES) as u64
    }
}

/// Shuts the cache until it is dropped.
pub(super) struct Shut<'c>(&'c PointCache);

impl PointCache {
    pub(super) fn new(bytes_max: u64) -> Arc<PointCache> {
        let shard_bytes = bytes_max / SHARDS as u64;
        let shard = || {
            Mutex::new(Shard {
                entries: Cache::with(
                    shard_bytes as usize / TYPICAL_ENTRY_BYTES,
                    shard_bytes,
                    Bytes,
                    BuildHasherDefault::default(),
                    Default::default(),
                ),
                changed: Generation(0),
                is_shut: false,
                hits: 0,
                misses: 0,
            })
        };
        Arc::new(PointCache {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            generation: AtomicU64::new(0),
        })
    }

    /// The generation of a view that is opened now, between writes.
    pub(super) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Whether keys of the keyspace are kept at all.
    pub(super) fn covers(keyspace: Keyspace) -> bool {
        matches!(keyspace, Keyspace::Rows | Keyspace::Indexes)
    }

    pub(super) fn get(&self, keyspace: Keyspace, key: &[u8], at: Generation) -> Option<Value> {
        let entry = Entry::of(key);
        let mut shard = self.shard(keyspace, entry.hash).lock();
        let found = match shard.entries.get(&entry) {
            Some((since, value)) if *since <= at => Some(value.clone()),
            _ => None,
        };
        match found {
            Some(_) => shard.hits += 1,
            None => shard.misses += 1,
        }
        found
    }

    /// How many reads have found their key, and how many have not.
    pub(super) fn lookups(&self) -> (u64, u64) {
        let of = |shard: &Mutex<Shard>| {
            let shard = shard.lock();
            (shard.hits, shard.misses)
        };
        let all = self.shards.iter().map(of);
        all.fold((0, 0), |sum, (hits, misses)| (sum.0 + hits, sum.1 + misses))
    }

    /// Keeps what a view of that generation has.
    pub(super) fn put(&self, keyspace: Keyspace, key: &[u8], value: &Value, at: Generation) {
        if value.len() > VALUE_BYTES_MAX {
            return;
        }
        let entry = Entry::of(key);
        let mut shard = self.shard(keyspace, entry.hash).lock();
        if !shard.is_shut && shard.changed <= at {
            // The value may be a part of a block, and would keep all of it.
            shard.entries.insert(entry.to_owned(), (at, Value::from(&**value)));
        }
    }

    /// Forgets what a batch is about to change.
    pub(super) fn begin_write(&self, batch: &WriteBatch) {
        let next = self.next_generation();
        for write in batch.iter().filter(|write| Self::covers(write.keyspace)) {
            let entry = Entry::of(&write.key);
            let mut shard = self.shard(write.keyspace, entry.hash).lock();
            shard.entries.remove(&entry);
            shard.changed = next;
        }
    }

    /// Forgets everything, and keeps nothing until an ingestion is over.
    pub(super) fn shut(&self) -> Shut<'_> {
        self.empty(true);
        Shut(self)
    }

    fn empty(&self, shut: bool) {
        let next = self.next_generation();
        for shard in self.shards.iter() {
            let mut shard = shard.lock();
            shard.entries.clear();
            shard.changed = next;
            shard.is_shut = shut;
        }
    }

    fn next_generation(&self) -> Generation {
        Generation(self.generation.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// Keys of the two keyspaces do not meet: each has its own half. A table within
    /// uses the hash's other bits.
    fn shard(&self, keyspace: Keyspace, hash: u64) -> &Mutex<Shard> {
        let half = if keyspace == Keyspace::Rows { 0 } else { SHARDS / 2 };
        &self.shards[half + (hash >> 32) as usize % (SHARDS / 2)]
    }
}

impl Drop for Shut<'_> {
    fn drop(&mut self) {
        self.0.empty(false);
    }
}
