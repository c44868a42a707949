//! Backups and restores of what transactions wrote, with and without an archive.

mod archive;
mod kill;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::Result;
use crate::storage::disk::{DiskEngine, DiskOptions};
use crate::storage::{Engine, KeyRange, Keyspace, key, row};
use crate::txn::archive::{ArchiveOptions, Archiving, ReplayTarget, SPOOL_DIRECTORY};
use crate::txn::{Isolation, Limits, Transactions};

const TABLE: u32 = 16384;
const INDEX: u32 = 20;

/// Small sizes, and no disk reserve: a test must pass on a nearly full disk.
fn limits() -> Limits {
    Limits { disk_reserve_bytes: 0, spill_bytes: 16 << 10, run_bytes: 2 << 10, ..Limits::default() }
}

struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { directory: tempfile::tempdir().expect("temporary directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn archive_options(&self) -> ArchiveOptions {
        ArchiveOptions {
            spool: self.path("data").join(SPOOL_DIRECTORY),
            directory: self.path("archive"),
            segment_bytes: 64 << 10,
            timeout: Duration::ZERO,
        }
    }

    fn open(&self, archives: bool) -> Transactions {
        let engine: Arc<dyn Engine> = Arc::new(open_engine(&self.path("data")));
        let archiving = match archives {
            true => Archiving::To(self.archive_options()),
            false => Archiving::Off,
        };
        Transactions::open_with_archive(engine, limits(), archiving).expect("open")
    }

    fn back_up(&self, transactions: &Transactions, name: &str, previous: Option<&str>) -> Created {
        let (directory, previous) = (self.path(name), previous.map(|name| self.path(name)));
        let options = BackupOptions {
            directory: &directory,
            contents: &self.path("data/files"),
            previous: previous.as_deref(),
            is_cancelled: &|| false,
        };
        create(transactions, &options).expect("a backup")
    }

    fn restore(
        &self,
        backup: &str,
        target: ReplayTarget,
        archives: &[PathBuf],
    ) -> Result<Restored> {
        let _ = fs::remove_dir_all(self.path("restored"));
        restore(&RestoreOptions {
            backup: &self.path(backup),
            data_directory: &self.path("restored"),
            contents: &self.path("restored/files"),
            archives,
            target,
        })
    }

    fn restored(&self) -> Transactions {
        let engine: Arc<dyn Engine> = Arc::new(open_engine(&self.path("restored")));
        Transactions::open(engine, limits()).expect("open what was restored")
    }
}

fn open_engine(directory: &Path) -> DiskEngine {
    let options = DiskOptions { cache_bytes: 8 << 20, ..DiskOptions::default() };
    DiskEngine::open(directory, &options).expect("open the data directory")
}

/// Inserts rows with entries in one transaction; answers its commit timestamp.
fn insert(transactions: &Transactions, count: u64) -> Result<u64> {
    let mut transaction = transactions.begin(Isolation::ReadCommitted, false)?;
    for rid in transactions.allocate_rids(TABLE, count)? {
        let mut value = row::header(1).to_vec();
        value.extend_from_slice(format!("row {rid} {}", "x".repeat(100)).as_bytes());
        transaction.insert_row(key::row(TABLE, rid), value)?;
        transaction
            .insert_index_entry(key::index_entry(INDEX, &rid.to_be_bytes(), Some(rid)), b"")?;
        if transaction.spill_is_due() {
            transaction.spill()?;
        }
    }
    transaction.commit(Default::default()).wait()
}

/// The rids that are there, each with its entry.
fn rids(transactions: &Transactions) -> Vec<u64> {
    let published = transactions.published();
    let rows: Vec<u64> = published
        .scan(Keyspace::Rows, &key::rows(TABLE), false)
        .map(|entry| key::row_parts(&entry.expect("scan").0).expect("a row's key").1)
        .collect();
    let entries: Vec<u64> = published
        .scan(Keyspace::Indexes, &key::index(INDEX), false)
        .map(|entry| {
            let (key, value) = entry.expect("scan");
            key::index_rid(&key, &value).expect("rid")
        })
        .collect();
    assert_eq!(rows, entries, "the index agrees with the rows");
    rows
}

/// All that can be seen at an instant, but for what says how far the archive is and which
/// spills are still to be swept: delete markers and the rest of failed spills go at
/// different times.
fn everything(transactions: &Transactions) -> Vec<(Keyspace, Vec<u8>, Vec<u8>)> {
    let published = transactions.published();
    let archive = key::Meta::Archive.key();
    let spills = key::Meta::spills();
    let of = |keyspace| {
        published.scan(keyspace, &KeyRange::all(), false).map(move |entry| {
            let (key, value) = entry.expect("scan");
            (keyspace, key.to_vec(), value.to_vec())
        })
    };
    Keyspace::ALL
        .into_iter()
        .flat_map(of)
        .filter(|(_, key, _)| {
            **key != archive && !(key.len() == archive.len() && spills.contains(key))
        })
        .collect()
}

fn delete_some(transactions: &Transactions, every: u64) {
    let mut transaction = transactions.begin(Isolation::ReadCommitted, false).expect("begin");
    for rid in rids(transactions).into_iter().filter(|rid| rid % every == 0) {
        transaction.delete_row(key::row(TABLE, rid)).expect("delete");
        let entry = key::index_entry(INDEX, &rid.to_be_bytes(), Some(rid));
        transaction.delete(Keyspace::Indexes, entry).expect("delete");
    }
    transaction.commit(Default::default()).wait().expect("commit");
}

#[test]
fn what_is_restored_is_what_was_there() {
    let place = Place::new();
    let transactions = place.open(false);
    insert(&transactions, 3_000).expect("rows");
    delete_some(&transactions, 7);
    let expected = everything(&transactions);
    let created = place.back_up(&transactions, "backup", None);
    insert(&transactions, 10).expect("rows after the backup");
    assert_eq!(verify(&place.path("backup")).expect("intact"), created.manifest);
    let restored = place.restore("backup", ReplayTarget::Latest, &[]).expect("restore");
    assert_eq!(restored.manifest.commit_ts, created.manifest.commit_ts);
    assert_eq!(everything(&place.restored()), expected);
}

#[test]
fn a_second_backup_writes_what_has_changed_and_needs_no_other() {
    let place = Place::new();
    let engine: Arc<dyn Engine> = Arc::new(open_engine(&place.path("data")));
    // Rows in memory until they are committed: a spill takes its time.
    let roomy = Limits { disk_reserve_bytes: 0, ..Limits::default() };
    let transactions = Transactions::open(engine, roomy).expect("open");
    for _ in 0..20 {
        insert(&transactions, 3_000).expect("rows");
    }
    let first = place.back_up(&transactions, "first", None);
    assert!(first.chunks_written >= 6, "{first:?}");
    insert(&transactions, 5).expect("a few rows");
    let second = place.back_up(&transactions, "second", Some("first"));
    assert!(second.bytes_written < first.bytes_written / 2, "{second:?}");
    assert!(second.chunks_shared > 0);
    fs::remove_dir_all(place.path("first")).expect("remove the first");
    place.restore("second", ReplayTarget::Latest, &[]).expect("restore");
    assert_eq!(rids(&place.restored()), rids(&transactions));
}

#[test]
fn a_flipped_byte_of_a_backup_is_found_and_nothing_is_restored() {
    let place = Place::new();
    let transactions = place.open(false);
    insert(&transactions, 200).expect("rows");
    place.back_up(&transactions, "backup", None);
    let mut files = Vec::new();
    collect(&place.path("backup"), &mut files);
    assert!(files.len() >= 3);
    for (n, path) in files.iter().enumerate() {
        let bytes = fs::read(path).expect("read");
        for at in [0, bytes.len() / 2, bytes.len() - 1 - n % 2] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            fs::write(path, &damaged).expect("write");
            let error = verify(&place.path("backup")).expect_err("damaged");
            assert_eq!(error.code().as_str(), "XX001", "{path:?}: {error}");
            place.restore("backup", ReplayTarget::Latest, &[]).expect_err("damaged");
            let left = fs::read_dir(place.path("restored")).map_or(0, Iterator::count);
            assert_eq!(left, 0, "nothing is left behind");
        }
        fs::write(path, &bytes).expect("write");
    }
    verify(&place.path("backup")).expect("intact again");
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn an_unfinished_restore_and_a_full_directory_are_refused() {
    let place = Place::new();
    let transactions = place.open(false);
    insert(&transactions, 10).expect("rows");
    place.back_up(&transactions, "backup", None);
    let target = place.path("restored");
    drop(DiskEngine::open_for_restore(&target, &DiskOptions::default()).expect("open"));
    let error = DiskEngine::open(&target, &DiskOptions::default()).err().expect("unfinished");
    assert!(error.message().ends_with("was not finished"), "{error}");
    let options = RestoreOptions {
        backup: &place.path("backup"),
        data_directory: &target,
        contents: &target.join("files"),
        archives: &[],
        target: ReplayTarget::Latest,
    };
    let error = restore(&options).expect_err("not empty");
    assert!(error.message().ends_with("is not empty"), "{error}");
    let again = BackupOptions {
        directory: &place.path("backup"),
        contents: &place.path("data/files"),
        previous: None,
        is_cancelled: &|| false,
    };
    let error = create(&transactions, &again).expect_err("not empty");
    assert_eq!(error.code().as_str(), "58P02");
}
