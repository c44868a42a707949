//! What all sessions share: the store, the committed catalog, limits, and each other.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::auto_settings;
use super::export::Exports;
use super::notify::Channels;
use super::registry::Registry;
use super::settings::{self, Value};
use super::stat_statements::{self, StatStatements};
use super::time::now;
use super::two_phase;
use crate::auth::vault::KeyFile;
use crate::catalog::{self, Catalog, Cluster};
use crate::config::Config;
use crate::coordinator::Coordinator;
use crate::error::{Error, Result};
use crate::index::vector;
use crate::observe::Statistics;
use crate::sql::dml::SqlCompiler;
use crate::sql::functions::TransactionStatus;
use crate::sql::run::{QueryMemory, Work};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::storage::Engine;
use crate::table::reclaim;
use crate::table::{ExpressionCompiler, Sequences, blocking};
use crate::txn::archive::{self, ArchiveOptions, Archiving};
use crate::txn::{
    CommitOptions, Durability, Isolation, KeyRange, Keyspace, Limits, LockSession, RecordedCommit,
    Transactions, WriteBatch,
};

/// An open data directory, with all its databases. Sessions hold it by `Arc`; the last one closes it.
pub struct Database {
    config: ArcSwap<Config>,
    /// Microseconds since 2000-01-01 UTC.
    pub started: i64,
    /// How the change feed is read, once it runs.
    pub changes: std::sync::OnceLock<Arc<dyn super::changes::Source>>,
    configured_at: AtomicI64,
    /// When the counts of activity were set to zero; 0 is never.
    counts_reset_at: AtomicI64,
    defaults: ArcSwap<Vec<Value>>,
    /// Held while the file of ALTER SYSTEM is changed.
    pub(super) auto_file: Mutex<()>,
    /// `pg_reload_conf` was called.
    pub reload_requested: tokio::sync::Notify,
    pub transactions: Transactions,
    pub coordinator: Arc<Coordinator>,
    pub runtime: Arc<RuntimeEnv>,
    pub registry: Arc<Registry>,
    pub channels: Arc<Channels>,
    /// Changes when recorded commits were published.
    recorded: Arc<watch::Sender<()>>,
    pub sequences: Sequences,
    pub compiler: Arc<dyn ExpressionCompiler>,
    /// Snapshots for other transactions to begin with.
    pub exports: Exports,
    /// Transactions that were rolled back, the newest of them.
    aborted: Mutex<Aborted>,
    /// Graphs of vector indexes; none where the store is only looked at.
    pub vectors: Option<vector::Registry>,
    /// What statements have cost, if that is counted.
    pub stat_statements: Option<StatStatements>,
    /// Contents of files, those that are not to be removed just now among them.
    pub contents: Arc<crate::files::Contents>,
    /// What is counted of clients, and where their traces go.
    pub statistics: Arc<Statistics>,
    /// Makes the salts of users that do not exist; new with every start.
    pub mock_key: [u8; 32],
    /// What the server keeps secret of its databases.
    pub secrets: KeyFile,
    /// What is alive of rooms.
    pub rooms: Arc<crate::rooms::Rooms>,
    /// Who did what; written once a server runs ([`crate::audit`]).
    pub audit: Arc<crate::audit::Log>,
}

/// The transactions of this server's life that were rolled back.
struct Aborted {
    /// What ended before is forgotten.
    since: u64,
    ids: VecDeque<u64>,
}

/// So many transactions that were rolled back are remembered.
const ABORTED_MAX: usize = 100_000;

impl Database {
    /// Remembers that a transaction was rolled back.
    pub fn note_aborted(&self, id: u64) {
        let mut aborted = self.aborted.lock();
        if aborted.ids.len() >= ABORTED_MAX
            && let Some(oldest) = aborted.ids.pop_front()
        {
            aborted.since = aborted.since.max(oldest + 1);
        }
        aborted.ids.push_back(id);
    }

    /// What became of a transaction that is over.
    pub fn ended_transaction(&self, id: u64) -> TransactionStatus {
        let aborted = self.aborted.lock();
        match (id < aborted.since, aborted.ids.contains(&id)) {
            (true, _) => TransactionStatus::Forgotten,
            (false, true) => TransactionStatus::Aborted,
            (false, false) => TransactionStatus::Committed,
        }
    }

    /// Opens the store that an engine holds and reads its catalog.
    pub fn open(config: Config, engine: Arc<dyn Engine>) -> Result<Arc<Database>> {
        let archiving = match config.archive_directory() {
            Some(directory) => Archiving::To(ArchiveOptions {
                spool: config.data_directory.join(archive::SPOOL_DIRECTORY),
                directory,
                segment_bytes: config.archive_segment_size.0,
                timeout: config.archive_timeout.duration(),
            }),
            None => Archiving::Off,
        };
        Database::open_as(config, engine, archiving)
    }

    /// Opens a store to look at it: nothing that clients did is committed, and the
    /// archive stays as it is.
    pub fn open_to_look(config: Config, engine: Arc<dyn Engine>) -> Result<Arc<Database>> {
        Database::open_as(config, engine, Archiving::Kept)
    }

    fn open_as(
        config: Config,
        engine: Arc<dyn Engine>,
        archiving: Archiving,
    ) -> Result<Arc<Database>> {
        let looks_only = matches!(archiving, Archiving::Kept);
        let limits = Limits {
            snapshot_bytes_max: config.max_snapshot.get() as u64,
            run_bytes: config.max_write_set.get(),
            ..Limits::default()
        };
        let transactions = Transactions::open_with_archive(engine, limits, archiving)?;
        // Who only looks reads entries.
        let vectors = match looks_only {
            true => None,
            false => Some(vector::Registry::start(&transactions, vector_options(&config))?),
        };
        let cluster = catalog::load(&transactions.published())?;
        let catalog = cluster.shared().clone();
        if let Some(object) = transactions.highest_unfinished_object() {
            catalog.raise_oid_counter(object + 1);
        }
        two_phase::raise_oid_counter(&transactions, &catalog)?;
        transactions.set_attachment(Arc::new(cluster))?;
        let recorded = Arc::new(watch::channel(()).0);
        let told = recorded.clone();
        transactions.set_recorded_hook(Box::new(move || {
            told.send_replace(());
        }));
        let runtime = query_runtime(&config)?;
        let aborted = Aborted { since: transactions.next_transaction_id(), ids: VecDeque::new() };
        let remote_timeout = config.remote_timeout.duration();
        let coordinator = Arc::new(Coordinator::new(transactions.clone(), remote_timeout));
        let defaults = configured_defaults(&config)?;
        let counts = settings::loads(&config.shared_preload_libraries, stat_statements::LIBRARY);
        let stat_statements = counts
            .then(|| StatStatements::open(&config.data_directory, config.pg_stat_statements_max));
        let statistics = Arc::new(Statistics::new(&config)?);
        Ok(Arc::new(Database {
            statistics,
            secrets: KeyFile::new(&config.data_directory),
            rooms: Arc::default(),
            audit: Arc::default(),
            coordinator,
            stat_statements,
            defaults: ArcSwap::new(defaults),
            auto_file: Mutex::default(),
            reload_requested: tokio::sync::Notify::new(),
            config: ArcSwap::from_pointee(config),
            started: now(),
            changes: std::sync::OnceLock::new(),
            configured_at: AtomicI64::new(now()),
            counts_reset_at: AtomicI64::new(0),
            transactions,
            runtime,
            registry: Arc::default(),
            channels: Arc::default(),
            recorded,
            sequences: Sequences::default(),
            compiler: Arc::new(SqlCompiler),
            exports: Exports::default(),
            aborted: Mutex::new(aborted),
            vectors,
            contents: Arc::default(),
            mock_key: rand::random(),
        }))
    }

    /// Takes back what no object has stored: see [`reclaim::spawn_left_over`]. Call it
    /// before the first client is served.
    pub fn reclaim_left_over(&self) -> Result<()> {
        let cluster = self.cluster();
        let mut storage_ids: BTreeSet<u32> = cluster
            .catalogs()
            .flat_map(|catalog| catalog.relations().map(|relation| relation.storage_id))
            .collect();
        // Large objects are stored under the OID of their database.
        storage_ids.extend(cluster.catalogs().map(|catalog| catalog.database));
        storage_ids.extend(two_phase::prepared_storage(&self.transactions)?);
        let known = reclaim::Known { storage_ids, end: cluster.shared().oid_counter() };
        reclaim::spawn_left_over(self.transactions.clone(), known);
        Ok(())
    }

    /// Changes whenever recorded commits were published.
    pub fn watch_recorded(&self) -> watch::Receiver<()> {
        self.recorded.subscribe()
    }

    /// The recorded commits of a database after a timestamp, the oldest first, and the
    /// timestamp up to which there are no others if these are fewer than `max`.
    pub fn recorded_commits(
        &self,
        database: Oid,
        after: u64,
        max: usize,
    ) -> Result<(Vec<RecordedCommit>, u64)> {
        let published = self.transactions.published();
        Ok((published.recorded(database, after, max)?, published.commit_ts))
    }

    /// The newest commit's timestamp.
    pub fn newest_commit(&self) -> u64 {
        self.transactions.published().commit_ts
    }

    /// Forgets recorded commits.
    pub async fn forget_recorded(&self, database: Oid, commits: &[RecordedCommit]) -> Result<()> {
        self.transactions.forget_recorded(database, commits).await.map(drop)
    }

    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Takes a new configuration: for sessions to come, and for limits that are
    /// read when they are used.
    pub fn reconfigure(&self, config: Config) -> Result<()> {
        self.defaults.store(configured_defaults(&config)?);
        self.coordinator.set_timeout(config.remote_timeout.duration());
        if let Some(vectors) = &self.vectors {
            vectors.set_memory(config.vector_memory_bytes());
        }
        self.config.store(Arc::new(config));
        self.configured_at.store(now(), Ordering::Relaxed);
        Ok(())
    }

    /// When the configuration was read, in microseconds since 2000-01-01 UTC.
    pub fn configured_at(&self) -> i64 {
        self.configured_at.load(Ordering::Relaxed)
    }

    pub(super) fn note_counts_reset(&self) {
        self.counts_reset_at.store(now(), Ordering::Relaxed);
    }

    pub(super) fn counts_reset_at(&self) -> Option<i64> {
        Some(self.counts_reset_at.load(Ordering::Relaxed)).filter(|time| *time != 0)
    }

    /// Forgets the counts of relations that were dropped.
    pub fn forget_dropped_counts(&self) {
        let cluster = self.cluster();
        self.transactions.activities().retain(|database, relation| {
            let catalog = cluster.catalog(database);
            catalog.is_some_and(|catalog| relation == 0 || catalog.relation(relation).is_some())
        });
    }

    pub fn defaults(&self) -> Arc<Vec<Value>> {
        self.defaults.load_full()
    }

    /// The newest committed catalogs of all databases.
    pub fn cluster(&self) -> Arc<Cluster> {
        catalog::cluster(&self.transactions.published().attachment)
    }

    /// The newest committed objects that belong to no database.
    pub fn shared_catalog(&self) -> Arc<Catalog> {
        self.cluster().shared().clone()
    }

    /// The newest committed catalog of a database, `None` if there is no such database.
    pub fn catalog_of(&self, database: Oid) -> Option<Arc<Catalog>> {
        catalog::attached(&self.transactions.published().attachment, database)
    }

    /// Begins a transaction in a database (0: one that changes shared objects alone);
    /// of a session, unless it is the server's own.
    pub fn begin(
        &self,
        database: Oid,
        isolation: Isolation,
        read_only: bool,
        session: Option<&LockSession>,
    ) -> Result<Work> {
        let mut transaction = self.transactions.begin_later(isolation, read_only)?;
        if let Some(session) = session {
            transaction.set_session(session.clone());
        }
        let catalog = catalog::attached(&transaction.published().attachment, database);
        let catalog = catalog.ok_or_else(|| database_is_gone(database))?;
        Ok(Work::new(transaction, catalog))
    }

    /// About how many bytes a relation or index has stored: measured on its first
    /// entries, and continued for all of its rows.
    pub fn relation_size_bytes(&self, storage_id: u32) -> Result<i64> {
        /// Entries that are looked at.
        const SAMPLE: usize = 10_000;
        if storage_id == 0 {
            return Ok(0);
        }
        let published = self.transactions.published();
        let range = KeyRange::prefix(storage_id.to_be_bytes());
        let mut total = 0;
        let known = self.vectors.as_ref().and_then(|vectors| vectors.entries(storage_id));
        for keyspace in [Keyspace::Rows, Keyspace::Indexes, Keyspace::Vectors] {
            let (mut entries, mut bytes) = (0, 0);
            for entry in published.scan(keyspace, &range, false).take(SAMPLE) {
                let (key, value) = entry?;
                entries += 1;
                bytes += (key.len() + value.len()) as i64;
            }
            let rows = match entries < SAMPLE {
                true => entries as i64,
                false if keyspace == Keyspace::Indexes && known.is_some() => {
                    known.unwrap_or(0) as i64
                }
                false => published.row_count(storage_id)?.max(SAMPLE as i64),
            };
            total += if entries == 0 { 0 } else { bytes * rows / entries as i64 };
        }
        Ok(total)
    }

    /// Commits: rows and catalog changes in one batch. An unknown outcome does
    /// not come back: it ends the process.
    pub async fn commit(&self, work: Work, durability: Durability) -> Result<()> {
        self.commit_also(work, durability, WriteBatch::new()).await
    }

    /// The same, with something of the server's own in the same batch.
    pub async fn commit_also(
        &self,
        mut work: Work,
        durability: Durability,
        also: WriteBatch,
    ) -> Result<()> {
        let (changes, made) = (std::mem::take(&mut work.changes), work.made.take());
        let row_deltas = work.table.row_deltas();
        let publish = match changes.is_empty() {
            true => None,
            false => {
                catalog::write_changes(&mut work.txn, &work.catalog, &changes)?;
                if let Some(made) = &made {
                    catalog::write_database(&mut work.txn, made)?;
                }
                Some(catalog::publish(work.catalog.database, changes, made))
            }
        };
        let options = CommitOptions { durability, publish, row_deltas, also };
        let dropped = work.table.dropped_storage();
        let (built, bulk_loads) = (work.table.built(), work.txn.bulk_loads());
        if work.txn.is_large() {
            blocking(|| work.txn.settle())?;
        }
        let commit_ts = work.txn.commit(options).await?;
        built.iter().for_each(|built| built.activate(commit_ts, bulk_loads));
        reclaim::spawn(self.transactions.clone(), dropped, commit_ts);
        Ok(())
    }
}

/// `3D000`: the database was dropped while a session of it was about to end.
pub(super) fn database_is_gone(database: Oid) -> Error {
    Error::fatal(
        sqlstate::INVALID_CATALOG_NAME,
        format!("database with OID {database} does not exist"),
    )
}

/// Makes a directory, or removes what a killed server has left in it.
fn empty_directory(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

fn vector_options(config: &Config) -> vector::Options {
    vector::Options {
        memory: config.vector_memory_bytes(),
        threads: config.parallelism(),
        save_interval: config.vector_save_interval.duration(),
    }
}

/// The memory that all queries share, and where they spill.
fn query_runtime(config: &Config) -> Result<Arc<RuntimeEnv>> {
    let spill = config.data_directory.join("spill");
    empty_directory(&spill).map_err(|error| Error::io(&format!("empty {spill:?}"), &error))?;
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(QueryMemory::new(config.memory_limit.get())))
        .with_temp_file_path(spill)
        .build_arc()
        .map_err(|error| Error::internal(format!("query runtime: {error}")))
}

/// Parameter defaults that the configuration names, and ALTER SYSTEM over it.
fn configured_defaults(config: &Config) -> Result<Arc<Vec<Value>>> {
    let path = |path: &Option<std::path::PathBuf>| {
        path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    };
    let hba = config.hba_source();
    let on_off = |flag: bool| if flag { "on" } else { "off" }.to_owned();
    let configured = [
        ("statement_timeout", config.statement_timeout.0.to_string()),
        ("lock_timeout", config.lock_timeout.0.to_string()),
        ("deadlock_timeout", config.deadlock_timeout.0.to_string()),
        (
            "idle_in_transaction_session_timeout",
            config.idle_in_transaction_session_timeout.0.to_string(),
        ),
        ("idle_session_timeout", config.idle_session_timeout.0.to_string()),
        ("transaction_timeout", config.transaction_timeout.0.to_string()),
        ("max_prepared_transactions", config.max_prepared_transactions.to_string()),
        ("work_mem", config.work_mem.0.to_string()),
        ("max_connections", config.max_connections.to_string()),
        ("superuser_reserved_connections", config.superuser_reserved_connections.to_string()),
        ("authentication_timeout", config.authentication_timeout.0.to_string()),
        ("data_directory", config.data_directory.display().to_string()),
        ("listen_addresses", config.pg_listen.ip().to_string()),
        ("port", config.pg_listen.port().max(1).to_string()),
        ("ssl", if config.ssl_cert_file.is_some() { "on" } else { "off" }.to_owned()),
        ("archive_mode", if config.archive_directory.is_some() { "on" } else { "off" }.to_owned()),
        ("archive_timeout", config.archive_timeout.0.to_string()),
        ("ssl_cert_file", path(&config.ssl_cert_file)),
        ("ssl_key_file", path(&config.ssl_key_file)),
        ("ssl_ca_file", path(&config.ssl_ca_file)),
        ("ssl_crl_file", path(&config.ssl_crl_file)),
        ("hba_file", hba.hba_file.display().to_string()),
        ("ident_file", hba.ident_file.display().to_string()),
        ("unix_socket_directories", path(&config.pg_socket)),
        ("log_connections", on_off(config.log_connections)),
        ("log_disconnections", on_off(config.log_disconnections)),
        ("log_statement", config.log_statement.as_str().to_owned()),
        ("log_min_duration_statement", config.log_min_duration_statement.to_string()),
        ("auto_explain.log_min_duration", config.auto_explain_log_min_duration.to_string()),
        ("shared_preload_libraries", config.shared_preload_libraries.clone()),
        ("pg_stat_statements.max", config.pg_stat_statements_max.to_string()),
        ("pg_stat_statements.save", on_off(config.pg_stat_statements_save)),
    ];
    let auto = auto_settings::valid(auto_settings::read(&config.data_directory)?);
    let auto = auto.iter().map(|(name, value)| (name.as_str(), value.clone()));
    settings::defaults(&configured.into_iter().chain(auto).collect::<Vec<_>>())
}
