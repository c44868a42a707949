//! The engine on disk: fjall in a data directory.
//!
//! ```text
//! DIR/zserver.format   "zserver data format 1\n": what the rest of the directory is
//! DIR/zserver.lock     held by the process that has the directory open
//! DIR/engine/          fjall's: N.jnl journals, keyspaces/, version, lock
//! DIR/runs/            what large transactions have written and nobody may see (`run`)
//! ```
//!
//! Opening goes through five doors, each with an error that says what to do: the
//! lock (`55006`), the format number, the journal check ([`journal`]), the manifests
//! (`files`), fjall.
//!
//! What fjall does by itself and we rely on: a batch goes to the journal, is
//! fsynced if the mode says so, and is then applied to memtables, all under one
//! lock; a table is fsynced before the journal that covers it is removed; a flush
//! fsyncs the journal first. What it does not do and we do: it takes a snapshot
//! between batches only because we ask for it there, and it ingests past the
//! journal, so [`DiskEngine::ingest`] syncs the journal first, under the same lock
//! that [`DiskEngine::write`] takes.

mod files;
mod format;
pub mod journal;
mod point_cache;
mod purge;
mod run;

use parking_lot::Mutex;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fjall::config::{
    BlockSizePolicy, HashRatioPolicy, PartitioningPolicy, PinningPolicy, RestartIntervalPolicy,
};
use fjall::{Database, KeyspaceCreateOptions, PersistMode, Readable};

use super::{
    Durability, Engine, EngineStatistics, Entries, Key, KeyRange, Keyspace, KeyspaceStatistics,
    ReadView, Run, Value, Verified, WriteBatch, WriteError,
};
use crate::{Error, Result};
use point_cache::{Generation, PointCache};
use purge::Horizon;

/// What to give the engine.
#[derive(Clone, Debug)]
pub struct DiskOptions {
    /// Decoded blocks kept in memory.
    pub cache_bytes: u64,
    /// Keys and values kept in memory that point reads have found.
    pub point_cache_bytes: u64,
    /// Bytes of a keyspace's memtable before it is flushed.
    pub memtable_bytes: u64,
    /// Bytes of journals before memtables are flushed to let the oldest go; at
    /// least 64 MiB. Recovery reads about this much: a journal is kept as long as
    /// any keyspace has unflushed writes in it, and each commit writes to `Meta`.
    pub journal_bytes_max: u64,
    /// Flush and compaction threads.
    pub worker_threads: usize,
}

impl Default for DiskOptions {
    fn default() -> DiskOptions {
        DiskOptions {
            cache_bytes: 256 << 20,
            point_cache_bytes: 64 << 20,
            memtable_bytes: 64 << 20,
            journal_bytes_max: 192 << 20,
            worker_threads: 2,
        }
    }
}

/// Between two looks whether a table is written.
const FLUSH_POLL: std::time::Duration = std::time::Duration::from_millis(5);

pub struct DiskEngine {
    database: Database,
    keyspaces: [fjall::Keyspace; Keyspace::COUNT],
    /// Held while a batch or the end of an ingestion is applied.
    applying: Mutex<()>,
    horizon: Arc<Horizon>,
    points: Arc<PointCache>,
    directory: PathBuf,
    next_run: AtomicU64,
    /// Dropped last: the directory is ours until the database is closed.
    _lock: File,
}

impl DiskEngine {
    /// Writes what a keyspace has in memory into a table, and waits for it. (fjall's own
    /// wait goes on for ever where the thread that writes the table has failed.)
    fn flush(&self, keyspace: &fjall::Keyspace) -> fjall::Result<()> {
        if !keyspace.rotate_memtable()? {
            return Ok(());
        }
        while keyspace.sealed_memtable_count() > 0 {
            std::thread::sleep(FLUSH_POLL);
            // An error where a thread has failed.
            self.database.persist(PersistMode::Buffer)?;
        }
        Ok(())
    }

    /// Opens the data directory, or makes it if it is empty or absent.
    pub fn open(directory: &Path, options: &DiskOptions) -> Result<DiskEngine> {
        fs::create_dir_all(directory)
            .map_err(|e| Error::io(&format!("create directory {directory:?}"), &e))?;
        format::refuse_unfinished_restore(directory)?;
        DiskEngine::open_marked(directory, options)
    }

    fn open_marked(directory: &Path, options: &DiskOptions) -> Result<DiskEngine> {
        let lock = format::lock(directory)?;
        format::check_or_create(directory)?;
        let engine_directory = directory.join("engine");
        format::clear_unfinished(&engine_directory)?;
        journal::check(&engine_directory)?;
        files::check_manifests(&engine_directory)?;
        let horizon = Arc::new(Horizon::default());
        let database = open_database(&engine_directory, options, &horizon)?;
        let keyspaces = open_keyspaces(&database, options)?;
        let last_run = run::numbers(&directory.join(run::DIRECTORY))?.into_iter().max();
        Ok(DiskEngine {
            next_run: AtomicU64::new(last_run.map_or(1, |last| last + 1)),
            database,
            keyspaces,
            applying: Mutex::new(()),
            horizon,
            points: PointCache::new(options.point_cache_bytes),
            directory: directory.to_path_buf(),
            _lock: lock,
        })
    }

    /// Opens an empty or absent directory that stays unusable until
    /// [`DiskEngine::finish_restore`]: a restore that was interrupted is not data.
    pub fn open_for_restore(directory: &Path, options: &DiskOptions) -> Result<DiskEngine> {
        fs::create_dir_all(directory)
            .map_err(|e| Error::io(&format!("create directory {directory:?}"), &e))?;
        format::begin_restore(directory)?;
        DiskEngine::open_marked(directory, options)
    }

    /// Makes what was restored durable and usable.
    pub fn finish_restore(self) -> Result<()> {
        self.checkpoint().map_err(WriteError::into_error)?;
        let directory = self.directory.clone();
        drop(self);
        format::end_restore(&directory)
    }

    fn keyspace(&self, keyspace: Keyspace) -> &fjall::Keyspace {
        &self.keyspaces[keyspace.index()]
    }
}

fn open_database(
    directory: &Path,
    options: &DiskOptions,
    horizon: &Arc<Horizon>,
) -> Result<Database> {
    let horizon = horizon.clone();
    let database = Database::builder(directory)
        .cache_size(options.cache_bytes)
        .max_journaling_size(options.journal_bytes_max)
        .worker_threads(options.worker_threads)
        .manual_journal_persist(true)
        .with_compaction_filter_factories(Arc::new(move |name| horizon.filter_factory(name)));
    or_end_process("open", || database.open()).map_err(|error| match error {
        fjall::Error::Locked => format::in_use(directory, None),
        error => read_error(&error),
    })
}

/// The size of a data block, as of PostgreSQL's pages.
const BLOCK_BYTES: u32 = 8 << 10;
/// After so many keys of a block one is whole again. Keys of rows are twelve bytes and
/// all whole: a scan takes them from the block as they are.
const RESTART_INTERVAL: u8 = 16;

/// What point reads need stays at hand: the blocks that tell where a key is, whole
/// and in memory (about 0.6 % of the data for index blocks, 10 bits a key for filters
/// where there are any), and a hash index in each data block. Cut into partitions,
/// which is fjall's default for the last levels, each read would look up two more
/// blocks in the cache.
fn keyspace_options(keyspace: Keyspace, options: &DiskOptions) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(options.memtable_bytes)
        .manual_journal_persist(true)
        .index_block_partitioning_policy(PartitioningPolicy::all(false))
        .filter_block_partitioning_policy(PartitioningPolicy::all(false))
        .index_block_pinning_policy(PinningPolicy::all(true))
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75))
        .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
        .data_block_restart_interval_policy(RestartIntervalPolicy::all(match keyspace {
            Keyspace::Rows => 1,
            _ => RESTART_INTERVAL,
        }))
        // A row is looked for because an index names it.
        .expect_point_read_hits(keyspace == Keyspace::Rows)
}

fn open_keyspaces(
    database: &Database,
    options: &DiskOptions,
) -> Result<[fjall::Keyspace; Keyspace::COUNT]> {
    let opened = Keyspace::ALL
        .iter()
        .map(|keyspace| database.keyspace(keyspace.name(), || keyspace_options(*keyspace, options)))
        .collect::<fjall::Result<Vec<_>>>()
        .map_err(|error| read_error(&error))?;
    Ok(opened.try_into().unwrap_or_else(|_| unreachable!("one handle per keyspace")))
}

/// Runs a call into fjall. A panic there leaves its locks poisoned and its state
/// unknown, so the process ends.
fn or_end_process<T>(what: &str, call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        tracing::error!("panic in the storage engine ({what}); ending the process");
        std::process::abort()
    })
}

fn read_error(error: &fjall::Error) -> Error {
    match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => {
            Error::io("read the database", io)
        }
        error => Error::data_corrupted(format!("storage engine: {error:?}")),
    }
}

/// Once fjall was asked to write, nobody knows how far it got.
fn unknown(error: fjall::Error) -> WriteError {
    WriteError::Unknown(write_error(&error))
}

/// An ingestion's tables are nobody's until it is finished.
fn refused(error: fjall::Error) -> WriteError {
    WriteError::Refused(write_error(&error))
}

fn write_error(error: &fjall::Error) -> Error {
    match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io))
            if io.kind() == std::io::ErrorKind::StorageFull =>
        {
            Error::disk_full(io.to_string())
        }
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => {
            Error::io("write the database", io)
        }
        error => Error::internal(format!("storage engine: {error:?}")),
    }
}

struct DiskView {
    snapshot: fjall::Snapshot,
    keyspaces: [fjall::Keyspace; Keyspace::COUNT],
    points: Arc<PointCache>,
    generation: Generation,
}

impl DiskView {
    fn read(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        let handle = &self.keyspaces[keyspace.index()];
        or_end_process("get", || self.snapshot.get(handle, key))
            .map(|found| found.map(Value))
            .map_err(|error| read_error(&error))
    }
}

impl ReadView for DiskView {
    fn get(&self, keyspace: Keyspace, key: &[u8]) -> Result<Option<Value>> {
        if !PointCache::covers(keyspace) {
            return self.read(keyspace, key);
        }
        if let Some(value) = self.points.get(keyspace, key, self.generation) {
            return Ok(Some(value));
        }
        let found = self.read(keyspace, key)?;
        if let Some(value) = &found {
            self.points.put(keyspace, key, value, self.generation);
        }
        Ok(found)
    }

    fn range(&self, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Entries {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let handle = &self.keyspaces[keyspace.index()];
        let lower = range.lower.as_slice();
        let entries = or_end_process("range", || match &range.upper {
            Some(upper) => self.snapshot.range(handle, lower..upper.as_slice()),
            None => self.snapshot.range(handle, lower..),
        });
        if reverse { Box::new(DiskEntries(entries.rev())) } else { Box::new(DiskEntries(entries)) }
    }
}

struct DiskEntries<I>(I);

impl<I: Iterator<Item = fjall::Guard>> Iterator for DiskEntries<I> {
    type Item = Result<(Key, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = or_end_process("next", || self.0.next().map(fjall::Guard::into_inner))?;
        Some(
            entry
                .map(|(key, value)| (Value(key), Value(value)))
                .map_err(|error| read_error(&error)),
        )
    }
}

impl Engine for DiskEngine {
    fn view(&self) -> Arc<dyn ReadView> {
        let generation = self.points.generation();
        let snapshot = or_end_process("snapshot", || self.database.snapshot());
        let (keyspaces, points) = (self.keyspaces.clone(), self.points.clone());
        Arc::new(DiskView { snapshot, keyspaces, points, generation })
    }

    fn write(&self, writes: WriteBatch, durability: Durability) -> Result<(), WriteError> {
        let mode = match durability {
            Durability::Buffer => PersistMode::Buffer,
            Durability::Sync => PersistMode::SyncData,
        };
        let _applying = self.applying.lock();
        self.points.begin_write(&writes);
        or_end_process("write", || {
            let mut batch =
                fjall::OwnedWriteBatch::with_capacity(self.database.clone(), writes.len())
                    .durability(Some(mode));
            for write in writes {
                let keyspace = self.keyspace(write.keyspace);
                match write.value {
                    Some(value) => batch.insert(keyspace, write.key.0, value.0),
                    None => batch.remove(keyspace, write.key.0),
                }
            }
            batch.commit()
        })
        .map_err(unknown)
    }

    fn sync(&self) -> Result<(), WriteError> {
        or_end_process("sync", || self.database.persist(PersistMode::SyncData)).map_err(unknown)
    }

    fn ingest(
        &self,
        keyspace: Keyspace,
        entries: &mut dyn Iterator<Item = (Key, Option<Value>)>,
    ) -> Result<u64, WriteError> {
        or_end_process("ingest", || {
            let keyspace = self.keyspace(keyspace);
            let mut ingestion = keyspace.start_ingestion().map_err(refused)?;
            let mut count = 0;
            for (key, value) in entries {
                match value {
                    Some(value) => ingestion.write(key.0, value.0),
                    None => ingestion.write_tombstone(key.0),
                }
                .map_err(refused)?;
                count += 1;
            }
            // The end of an ingestion flushes this keyspace's memtable. Were the
            // journal not on disk by then, a power loss could keep this keyspace's
            // part of a batch and lose the others'.
            let _applying = self.applying.lock();
            self.database.persist(PersistMode::SyncData).map_err(unknown)?;
            let _shut = self.points.shut();
            ingestion.finish().map_err(unknown)?;
            Ok(count)
        })
    }

    fn write_run(
        &self,
        entries: &mut dyn Iterator<Item = Result<(Key, Value)>>,
    ) -> Result<Arc<dyn Run>> {
        let number = self.next_run.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(run::write(&self.directory.join(run::DIRECTORY), number, entries)?))
    }

    fn open_run(&self, number: u64) -> Result<Arc<dyn Run>> {
        Ok(Arc::new(run::DiskRun::open(&self.directory.join(run::DIRECTORY), number)?))
    }

    fn remove_runs(&self) -> Result<()> {
        let directory = self.directory.join(run::DIRECTORY);
        let numbers = run::numbers(&directory)?;
        numbers.into_iter().try_for_each(|number| run::remove(&directory, number))
    }

    fn checkpoint(&self) -> Result<(), WriteError> {
        or_end_process("checkpoint", || {
            self.keyspaces.iter().try_for_each(|keyspace| self.flush(keyspace))?;
            self.database.persist(PersistMode::SyncData)
        })
        .map_err(unknown)
    }

    fn compact(&self, keyspace: Keyspace) -> Result<()> {
        or_end_process("compact", || {
            let keyspace = self.keyspace(keyspace);
            self.flush(keyspace)?;
            keyspace.major_compact()
        })
        .map_err(|error| read_error(&error))
    }

    fn verify(&self, pace: &mut dyn FnMut(u64) -> Result<()>) -> Result<Verified> {
        files::verify(&self.directory.join("engine"), pace)
    }

    fn statistics(&self) -> EngineStatistics {
        let most = |count: fn(&fjall::Keyspace) -> usize| {
            self.keyspaces.iter().map(count).max().unwrap_or(0)
        };
        let (point_hits, point_misses) = self.points.lookups();
        EngineStatistics {
            disk_bytes: self.database.disk_space().unwrap_or(0),
            journal_bytes: self.database.journal_disk_space().unwrap_or(0),
            write_buffer_bytes: self.database.write_buffer_size(),
            sealed_memtables: most(fjall::Keyspace::sealed_memtable_count),
            level_zero_tables: most(fjall::Keyspace::l0_table_count),
            journals: self.database.journal_count(),
            flushes_waiting: self.database.outstanding_flushes(),
            compactions_running: self.database.active_compactions(),
            compactions_done: self.database.compactions_completed() as u64,
            compacting_us: self.database.time_compacting().as_micros() as u64,
            block_cache_bytes: self.database.cache_size(),
            block_cache_bytes_max: self.database.cache_capacity(),
            point_hits,
            point_misses,
            keyspaces: std::array::from_fn(|index| KeyspaceStatistics {
                disk_bytes: self.keyspaces[index].disk_space(),
                tables: self.keyspaces[index].table_count(),
                blob_files: self.keyspaces[index].blob_file_count(),
            }),
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.directory).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn set_purge_horizon(&self, commit_ts: u64) {
        self.horizon.advance_to(commit_ts);
    }
}
