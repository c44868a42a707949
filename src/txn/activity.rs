//! What sessions do, counted: rows and scans by table, transactions, deadlocks.
//!
//! Every session counts in its own [`Activity`]: a small table of atomic counters that
//! nobody else writes, so that a point read costs an addition in a cache line of its
//! own and never a lock. Whoever wants to know adds up all sessions and what those that
//! ended have left ([`Activities`]). So the numbers are of this moment, and the counts of
//! a transaction are there before it ends, whether or not it commits.
//!
//! The counters live as long as the server, not longer.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Tables and indexes that one session counts without a lock.
const SLOTS: usize = 64;
/// Slots that are looked at for one.
const PROBES: usize = 8;
/// Further tables that one session counts before it hands them over.
const OVERFLOW_MAX: usize = 256;

/// What is counted of a table or an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Counted {
    /// Scans begun; of an index, searches.
    Scans,
    /// Rows that scans of the whole table have read; of an index, its entries.
    Returned,
    /// Rows read by way of an index.
    Fetched,
    Inserted,
    Updated,
    Deleted,
}

const KINDS: usize = 6;

/// Counts of one table or index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableCounts([u64; KINDS]);

impl TableCounts {
    pub fn get(&self, counted: Counted) -> u64 {
        self.0[counted as usize]
    }
}

impl AddAssign for TableCounts {
    fn add_assign(&mut self, other: TableCounts) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own += other);
    }
}

/// Counts of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseCounts {
    pub sessions: u64,
    pub commits: u64,
    pub rollbacks: u64,
    pub deadlocks: u64,
    pub temp_files: u64,
    pub temp_bytes: u64,
    /// Of all its tables.
    pub tables: TableCounts,
}

impl AddAssign for DatabaseCounts {
    fn add_assign(&mut self, other: DatabaseCounts) {
        self.sessions += other.sessions;
        self.commits += other.commits;
        self.rollbacks += other.rollbacks;
        self.deadlocks += other.deadlocks;
        self.temp_files += other.temp_files;
        self.temp_bytes += other.temp_bytes;
        self.tables += other.tables;
    }
}

/// A table's counters; free while the number is 0.
#[derive(Default)]
struct Slot {
    table: AtomicU32,
    counts: [AtomicU64; KINDS],
}

impl Slot {
    fn counts(&self, take: bool) -> TableCounts {
        TableCounts(std::array::from_fn(|kind| read(&self.counts[kind], take)))
    }
}

fn read(counter: &AtomicU64, take: bool) -> u64 {
    if take { counter.swap(0, Ordering::Relaxed) } else { counter.load(Ordering::Relaxed) }
}

/// One session's counters.
pub struct Activity {
    all: Weak<Activities>,
    pub pid: i32,
    /// OID of its database.
    database: u32,
    /// `track_counts`: whether tables are counted.
    enabled: AtomicBool,
    slots: [Slot; SLOTS],
    overflow: Mutex<HashMap<u32, TableCounts>>,
    commits: AtomicU64,
    rollbacks: AtomicU64,
    deadlocks: AtomicU64,
    temp_files: AtomicU64,
    temp_bytes: AtomicU64,
    /// The commit timestamp that it reads at; 0 is none.
    snapshot_ts: AtomicU64,
}

impl Activity {
    pub fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    /// Counts something of a table or an index.
    pub fn count(&self, table: u32, counted: Counted, n: u64) {
        if n == 0 || !self.enabled.load(Ordering::Relaxed) {
            return;
        }
        match self.slot(table) {
            Some(slot) => {
                slot.counts[counted as usize].fetch_add(n, Ordering::Relaxed);
            }
            None => self.count_in_overflow(table, counted, n),
        }
    }

    fn slot(&self, table: u32) -> Option<&Slot> {
        let start = (table.wrapping_mul(0x9e37_79b1) >> 26) as usize;
        (0..PROBES).map(|probe| &self.slots[(start + probe) % SLOTS]).find(|slot| {
            let relaxed = Ordering::Relaxed;
            match slot.table.load(relaxed) {
                0 => match slot.table.compare_exchange(0, table, relaxed, relaxed) {
                    Ok(_) => true,
                    Err(other) => other == table,
                },
                other => other == table,
            }
        })
    }

    fn count_in_overflow(&self, table: u32, counted: Counted, n: u64) {
        let mut overflow = self.overflow.lock();
        overflow.entry(table).or_default().0[counted as usize] += n;
        if overflow.len() > OVERFLOW_MAX {
            let handed_over = std::mem::take(&mut *overflow);
            drop(overflow);
            if let Some(all) = self.all.upgrade() {
                all.add(self.database, &DatabaseCounts::default(), handed_over);
            }
        }
    }

    pub fn count_transaction(&self, committed: bool) {
        let counter = if committed { &self.commits } else { &self.rollbacks };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_deadlock(&self) {
        self.deadlocks.fetch_add(1, Ordering::Relaxed);
    }

    /// A query has written rows to disk.
    pub fn count_temporary(&self, files: u64, bytes: u64) {
        self.temp_files.fetch_add(files, Ordering::Relaxed);
        self.temp_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The session reads at this commit timestamp; 0 ends it.
    pub(super) fn set_snapshot(&self, commit_ts: u64) {
        self.snapshot_ts.store(commit_ts, Ordering::Relaxed);
    }

    fn tables(&self, take: bool) -> HashMap<u32, TableCounts> {
        let mut tables = match take {
            true => std::mem::take(&mut *self.overflow.lock()),
            false => self.overflow.lock().clone(),
        };
        for slot in &self.slots {
            let table = slot.table.load(Ordering::Relaxed);
            if table != 0 {
                *tables.entry(table).or_default() += slot.counts(take);
            }
        }
        tables
    }

    /// Without its tables.
    fn own(&self, take: bool) -> DatabaseCounts {
        DatabaseCounts {
            sessions: 0,
            commits: read(&self.commits, take),
            rollbacks: read(&self.rollbacks, take),
            deadlocks: read(&self.deadlocks, take),
            temp_files: read(&self.temp_files, take),
            temp_bytes: read(&self.temp_bytes, take),
            tables: TableCounts::default(),
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        if let Some(all) = self.all.upgrade() {
            all.add(self.database, &self.own(true), self.tables(true));
        }
    }
}

/// What sessions that ended have counted.
#[derive(Default)]
struct Ended {
    databases: HashMap<u32, DatabaseCounts>,
    /// By database and table.
    tables: HashMap<(u32, u32), TableCounts>,
}

/// The counters of all sessions.
#[derive(Default)]
pub struct Activities {
    sessions: Mutex<Vec<Weak<Activity>>>,
    ended: Mutex<Ended>,
}

impl Activities {
    pub(super) fn add_session(self: &Arc<Self>, pid: i32, database: u32) -> Arc<Activity> {
        let activity = Arc::new(Activity {
            all: Arc::downgrade(self),
            pid,
            database,
            enabled: AtomicBool::new(true),
            slots: std::array::from_fn(|_| Slot::default()),
            overflow: Mutex::default(),
            commits: AtomicU64::default(),
            rollbacks: AtomicU64::default(),
            deadlocks: AtomicU64::default(),
            temp_files: AtomicU64::default(),
            temp_bytes: AtomicU64::default(),
            snapshot_ts: AtomicU64::default(),
        });
        let mut sessions = self.sessions.lock();
        sessions.retain(|session| session.strong_count() > 0);
        sessions.push(Arc::downgrade(&activity));
        drop(sessions);
        self.ended.lock().databases.entry(database).or_default().sessions += 1;
        activity
    }

    fn add(&self, database: u32, own: &DatabaseCounts, tables: HashMap<u32, TableCounts>) {
        let mut ended = self.ended.lock();
        let mut total = *own;
        for (table, counts) in tables {
            total.tables += counts;
            *ended.tables.entry((database, table)).or_default() += counts;
        }
        *ended.databases.entry(database).or_default() += total;
    }

    fn sessions(&self) -> Vec<Arc<Activity>> {
        self.sessions.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// The counts of a table or an index of a database, by OID.
    pub fn table(&self, database: u32, table: u32) -> TableCounts {
        let ended = self.ended.lock().tables.get(&(database, table)).copied();
        let mut total = ended.unwrap_or_default();
        for session in self.sessions().iter().filter(|session| session.database == database) {
            if let Some(slot) =
                session.slots.iter().find(|slot| slot.table.load(Ordering::Relaxed) == table)
            {
                total += slot.counts(false);
            }
            total += session.overflow.lock().get(&table).copied().unwrap_or_default();
        }
        total
    }

    /// The counts of a database, by OID.
    pub fn database(&self, database: u32) -> DatabaseCounts {
        let mut total = self.ended.lock().databases.get(&database).copied().unwrap_or_default();
        for session in self.sessions() {
            if session.database == database {
                total += session.own(false);
                session.tables(false).into_values().for_each(|counts| total.tables += counts);
            }
        }
        total
    }

    /// The counts of every database that has any, by OID.
    pub fn databases(&self) -> BTreeMap<u32, DatabaseCounts> {
        let mut all: BTreeMap<u32, DatabaseCounts> = BTreeMap::new();
        for (database, counts) in &self.ended.lock().databases {
            *all.entry(*database).or_default() += *counts;
        }
        for session in self.sessions() {
            let total = all.entry(session.database).or_default();
            *total += session.own(false);
            session.tables(false).into_values().for_each(|counts| total.tables += counts);
        }
        all
    }

    /// Sets everything of a database to zero.
    pub fn reset(&self, database: u32) {
        for session in self.sessions().iter().filter(|session| session.database == database) {
            session.own(true);
            session.tables(true);
        }
        self.retain(|of, _| of != database);
    }

    /// Sets a table or an index to zero.
    pub fn reset_table(&self, database: u32, table: u32) {
        for session in self.sessions().iter().filter(|session| session.database == database) {
            let slots = session.slots.iter();
            slots.filter(|slot| slot.table.load(Ordering::Relaxed) == table).for_each(|slot| {
                slot.counts(true);
            });
            session.overflow.lock().remove(&table);
        }
        self.ended.lock().tables.remove(&(database, table));
    }

    /// Forgets tables and databases (table 0) that are there no more.
    pub fn retain(&self, exists: impl Fn(u32, u32) -> bool) {
        let mut ended = self.ended.lock();
        ended.tables.retain(|(database, table), _| exists(*database, *table));
        ended.databases.retain(|database, _| exists(*database, 0));
    }

    /// The sessions that read at a commit timestamp.
    pub fn readers_at(&self, commit_ts: u64) -> Vec<i32> {
        let sessions = self.sessions();
        let reads = |session: &&Arc<Activity>| {
            session.snapshot_ts.load(Ordering::Relaxed) == commit_ts && session.pid != 0
        };
        sessions.iter().filter(reads).map(|session| session.pid).collect()
    }
}

/// What the committer has done since the server was started.
#[derive(Default)]
pub struct CommitStatistics {
    groups: AtomicU64,
    transactions: AtomicU64,
    largest_group: AtomicU64,
    bytes: AtomicU64,
    syncs: AtomicU64,
    sync_us: AtomicU64,
    sync_us_max: AtomicU64,
    /// Syncs by the number of binary digits of their microseconds.
    sync_histogram: [AtomicU64; 32],
    /// Groups by the number of binary digits of how many were in them.
    group_histogram: [AtomicU64; 16],
    /// Microseconds since `origin` at which a batch began to be written; 0 is none.
    writing_since: AtomicU64,
    origin: Origin,
}

/// What times are counted from.
struct Origin(Instant);

impl Default for Origin {
    fn default() -> Origin {
        Origin(Instant::now())
    }
}

/// How many there were of each number of binary digits: below 1, 2, 4, 8 and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitHistograms {
    /// Of the transactions in a group.
    pub groups: Vec<u64>,
    /// Of the microseconds of a sync.
    pub syncs_us: Vec<u64>,
}

/// The same as plain numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitCounts {
    /// Batches written.
    pub groups: u64,
    /// Commits and other requests in them.
    pub transactions: u64,
    pub largest_group: u64,
    pub bytes: u64,
    /// Batches that were made durable at once, and how long that took.
    pub syncs: u64,
    pub sync_us: u64,
    pub sync_us_max: u64,
    /// At most this long took half of them, and 99 of 100: powers of two.
    pub sync_us_p50: u64,
    pub sync_us_p99: u64,
}

impl CommitStatistics {
    /// Only the committer calls it.
    pub(super) fn note(&self, transactions: usize, bytes: u64, sync_us: Option<u64>) {
        let relaxed = Ordering::Relaxed;
        let digits = (u64::BITS - (transactions as u64).leading_zeros()) as usize;
        let last = self.group_histogram.len() - 1;
        self.group_histogram[digits.min(last)].fetch_add(1, relaxed);
        self.groups.fetch_add(1, relaxed);
        self.transactions.fetch_add(transactions as u64, relaxed);
        self.largest_group.fetch_max(transactions as u64, relaxed);
        self.bytes.fetch_add(bytes, relaxed);
        if let Some(us) = sync_us {
            self.syncs.fetch_add(1, relaxed);
            self.sync_us.fetch_add(us, relaxed);
            self.sync_us_max.fetch_max(us, relaxed);
            let digits = (u64::BITS - us.leading_zeros()) as usize;
            let last = self.sync_histogram.len() - 1;
            self.sync_histogram[digits.min(last)].fetch_add(1, relaxed);
        }
    }

    /// A batch is being written, or is written.
    pub(super) fn set_writing(&self, is_writing: bool) {
        let since = match is_writing {
            true => u64::try_from(self.origin.0.elapsed().as_micros()).unwrap_or(u64::MAX).max(1),
            false => 0,
        };
        self.writing_since.store(since, Ordering::Relaxed);
    }

    /// How long the batch that is being written has taken so far.
    pub fn writes_since(&self) -> Option<Duration> {
        let since = Some(self.writing_since.load(Ordering::Relaxed)).filter(|since| *since > 0)?;
        Some(self.origin.0.elapsed().saturating_sub(Duration::from_micros(since)))
    }

    pub fn histograms(&self) -> CommitHistograms {
        let read =
            |counts: &[AtomicU64]| counts.iter().map(|c| c.load(Ordering::Relaxed)).collect();
        CommitHistograms {
            groups: read(&self.group_histogram),
            syncs_us: read(&self.sync_histogram),
        }
    }

    pub fn counts(&self) -> CommitCounts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CommitCounts {
            groups: get(&self.groups),
            transactions: get(&self.transactions),
            largest_group: get(&self.largest_group),
            bytes: get(&self.bytes),
            syncs: get(&self.syncs),
            sync_us: get(&self.sync_us),
            sync_us_max: get(&self.sync_us_max),
            sync_us_p50: self.quantile(50),
            sync_us_p99: self.quantile(99),
        }
    }

    fn quantile(&self, percent: u64) -> u64 {
        let counts: Vec<u64> =
            self.sync_histogram.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let wanted = (counts.iter().sum::<u64>() * percent).div_ceil(100);
        let mut seen = 0;
        for (digits, count) in counts.iter().enumerate() {
            seen += count;
            if wanted > 0 && seen >= wanted {
                return 1 << digits;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_add_up_and_leave_their_counts_behind() {
        let all = Arc::new(Activities::default());
        let (first, second) = (all.add_session(1, 5), all.add_session(2, 5));
        first.count(16384, Counted::Inserted, 3);
        second.count(16384, Counted::Inserted, 4);
        second.count(16385, Counted::Scans, 1);
        first.count_transaction(true);
        second.count_transaction(false);
        for _ in 0..2 {
            assert_eq!(all.table(5, 16384).get(Counted::Inserted), 7);
            assert_eq!(all.table(5, 16385).get(Counted::Scans), 1);
            let database = all.database(5);
            assert_eq!((database.sessions, database.commits, database.rollbacks), (2, 1, 1));
            assert_eq!(database.tables.get(Counted::Inserted), 7);
            assert_eq!(all.database(6), DatabaseCounts::default());
            assert_eq!(all.databases().into_iter().collect::<Vec<_>>(), [(5, database)]);
        }
        drop(second);
        assert_eq!(all.table(5, 16384).get(Counted::Inserted), 7);
        drop(first);
        assert_eq!(all.database(5).tables.get(Counted::Inserted), 7);
        all.reset_table(5, 16384);
        assert_eq!(all.table(5, 16384), TableCounts::default());
        all.reset(6);
        assert_eq!(all.database(5).commits, 1);
        all.reset(5);
        assert_eq!(all.database(5), DatabaseCounts::default());
    }

    #[test]
    fn any_number_of_tables_is_counted() {
        let all = Arc::new(Activities::default());
        let session = all.add_session(1, 5);
        for round in 0..3 {
            (1..2_000).for_each(|table| session.count(table, Counted::Updated, 1));
            assert!(session.overflow.lock().len() <= OVERFLOW_MAX);
            let is_counted = |table| all.table(5, table).get(Counted::Updated) == round + 1;
            assert!((1..2_000).all(is_counted));
        }
        assert_eq!(all.database(5).tables.get(Counted::Updated), 3 * 1_999);
        session.set_enabled(false);
        session.count(7, Counted::Updated, 1);
        assert_eq!(all.table(5, 7).get(Counted::Updated), 3);
        drop(session);
        all.retain(|database, table| database == 5 && (table == 7 || table == 0));
        assert_eq!(all.table(5, 8), TableCounts::default());
        assert_eq!(all.table(5, 7).get(Counted::Updated), 3);
    }

    #[test]
    fn threads_of_one_session_lose_nothing() {
        let all = Arc::new(Activities::default());
        let session = all.add_session(1, 5);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..10_000).for_each(|n| session.count(1 + n % 100, Counted::Returned, 1));
                });
            }
        });
        assert_eq!(all.database(5).tables.get(Counted::Returned), 40_000);
    }

    #[test]
    fn quantiles_are_powers_of_two_above_the_time() {
        let statistics = CommitStatistics::default();
        assert_eq!(statistics.counts(), CommitCounts::default());
        (0..98).for_each(|_| statistics.note(1, 10, Some(100)));
        statistics.note(5, 10, Some(5_000));
        statistics.note(1, 10, Some(5_000));
        statistics.note(1, 10, None);
        let counts = statistics.counts();
        assert_eq!((counts.groups, counts.transactions, counts.largest_group), (101, 105, 5));
        assert_eq!((counts.syncs, counts.sync_us_max), (100, 5_000));
        assert_eq!((counts.sync_us_p50, counts.sync_us_p99), (128, 8_192));
        let histograms = statistics.histograms();
        assert_eq!((histograms.groups[1], histograms.groups[3]), (100, 1));
        assert_eq!((histograms.syncs_us[7], histograms.syncs_us[13]), (98, 2));
    }

    #[test]
    fn a_write_is_seen_while_it_lasts() {
        let statistics = CommitStatistics::default();
        assert_eq!(statistics.writes_since(), None);
        statistics.set_writing(true);
        std::thread::sleep(Duration::from_millis(2));
        assert!(statistics.writes_since().is_some_and(|time| time >= Duration::from_millis(2)));
        statistics.set_writing(false);
        assert_eq!(statistics.writes_since(), None);
    }
}
