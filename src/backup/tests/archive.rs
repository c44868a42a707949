//! Replaying the archive: every later instant, under load, after failures.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;
use crate::storage::fault::{Fault, FaultEngine};
use crate::storage::{Durability, WriteBatch};
use crate::txn::OutcomeHook;

/// Commits of some sizes with and without spills, and what is there after each.
fn history(transactions: &Transactions, commits: u64) -> Vec<(u64, Vec<u64>)> {
    (0..commits)
        .map(|n| {
            let ts = insert(transactions, if n % 5 == 4 { 400 } else { 3 }).expect("rows");
            if n % 7 == 6 {
                delete_some(transactions, 5);
                return (transactions.published().commit_ts, rids(transactions));
            }
            (ts, rids(transactions))
        })
        .collect()
}

#[test]
fn every_later_instant_can_be_restored() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let transactions = place.open(true);
    let before = history(&transactions, 6);
    let backup = place.back_up(&transactions, "backup", None);
    let after = history(&transactions, 16);
    let end = everything(&transactions);
    transactions.shutdown();
    drop(transactions);
    let archives = [place.path("archive")];
    for (ts, expected) in &after {
        let target = ReplayTarget::CommitTs(*ts);
        let restored = place.restore("backup", target, &archives).expect("restore");
        assert_eq!(restored.replayed.expect("replayed").commit_ts, *ts);
        assert_eq!(rids(&place.restored()), *expected, "at commit {ts}");
    }
    place.restore("backup", ReplayTarget::Latest, &archives).expect("restore");
    assert_eq!(everything(&place.restored()), end);
    let (early, _) = before[0];
    assert!(early < backup.manifest.commit_ts);
    let error = place.restore("backup", ReplayTarget::CommitTs(early), &archives);
    assert!(error.expect_err("too early").message().contains("lies before the backup"));
    let error = place.restore("backup", ReplayTarget::CommitTs(1 << 40), &archives);
    assert!(error.expect_err("too late").message().contains("before configured recovery target"));
}

#[test]
fn times_between_two_commits_are_met() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let transactions = place.open(true);
    insert(&transactions, 3).expect("rows");
    place.back_up(&transactions, "backup", None);
    insert(&transactions, 3).expect("rows");
    let expected = rids(&transactions);
    std::thread::sleep(Duration::from_millis(5));
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let between = since.expect("after 1970").as_micros() as i64;
    std::thread::sleep(Duration::from_millis(5));
    insert(&transactions, 300).expect("a mistake");
    transactions.shutdown();
    drop(transactions);
    let archives = [place.path("archive")];
    place.restore("backup", ReplayTarget::Time(between), &archives).expect("restore");
    assert_eq!(rids(&place.restored()), expected);
    let error = place.restore("backup", ReplayTarget::Time(1), &archives).expect_err("too early");
    assert!(error.message().contains("lies before the backup"), "{error}");
}

/// The clock was an hour ahead before the last stop: times wait for it to catch up.
#[test]
fn a_clock_that_goes_back_leaves_the_archive_in_order() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let transactions = place.open(true);
    insert(&transactions, 3).expect("rows");
    drop(transactions);
    let engine = open_engine(&place.path("data"));
    let position = engine.view().get(Keyspace::Meta, &key::Meta::Archive.key()).expect("a read");
    let mut position = position.expect("it archives").to_vec();
    let time = i64::from_le_bytes(position[16..].try_into().expect("eight bytes"));
    let ahead = time + 3_600_000_000;
    position[16..].copy_from_slice(&ahead.to_le_bytes());
    let mut batch = WriteBatch::new();
    batch.put(Keyspace::Meta, key::Meta::Archive.key(), position);
    engine.write(batch, Durability::Sync).expect("a write");
    drop(engine);
    let transactions = place.open(true);
    place.back_up(&transactions, "backup", None);
    insert(&transactions, 3).expect("rows");
    let expected = rids(&transactions);
    drop(transactions);
    let archives = [place.path("archive")];
    let restored = place.restore("backup", ReplayTarget::Latest, &archives).expect("restore");
    assert_eq!(restored.replayed.expect("replayed").time, Some(ahead));
    assert_eq!(rids(&place.restored()), expected);
    place.restore("backup", ReplayTarget::Time(time), &archives).expect_err("before the backup");
}

/// Backups are taken while four threads write, some of it past the committer; each is
/// restored, at its own instant and at the end.
#[test]
fn backups_under_load_are_whole() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let transactions = place.open(true);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4u64)
        .map(|n| {
            let (transactions, stop) = (transactions.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut round = n;
                while !stop.load(Ordering::Relaxed) {
                    let count = if round % 3 == 0 { 500 } else { 2 };
                    insert(&transactions, count).expect("rows");
                    round += 1;
                }
            })
        })
        .collect();
    let names: Vec<String> = (0..4).map(|n| format!("backup{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        std::thread::sleep(Duration::from_millis(150));
        let previous = n.checked_sub(1).map(|n| names[n].as_str());
        place.back_up(&transactions, name, previous);
    }
    stop.store(true, Ordering::Relaxed);
    writers.into_iter().for_each(|writer| writer.join().expect("a writer's end"));
    let end = everything(&transactions);
    transactions.shutdown();
    drop(transactions);
    for name in &names {
        let restored = place.restore(name, ReplayTarget::Latest, &[]).expect("restore");
        let opened = place.restored();
        assert_eq!(opened.published().commit_ts, restored.manifest.commit_ts);
        // Spills that were under way are hidden, and are swept.
        rids(&opened);
        drop(opened);
        let archives = [place.path("archive")];
        place.restore(name, ReplayTarget::Latest, &archives).expect("restore and replay");
        assert_eq!(everything(&place.restored()), end, "over {name}");
    }
}

#[test]
fn a_missing_archive_directory_stops_nobody_and_is_caught_up_with() {
    let place = Place::new();
    let transactions = place.open(true);
    place.back_up(&transactions, "backup", None);
    for _ in 0..30 {
        insert(&transactions, 100).expect("commits go on");
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while transactions.archive_status().expect("an archive").failed_count == 0 {
        assert!(Instant::now() < deadline, "the failure is counted");
        std::thread::sleep(Duration::from_millis(50));
    }
    fs::create_dir(place.path("archive")).expect("the archive directory");
    while transactions.archive_status().expect("an archive").archived_count < 3 {
        assert!(Instant::now() < deadline, "segments are shipped after all");
        std::thread::sleep(Duration::from_millis(50));
    }
    let expected = rids(&transactions);
    transactions.shutdown();
    drop(transactions);
    let archives = [place.path("archive")];
    place.restore("backup", ReplayTarget::Latest, &archives).expect("restore");
    assert_eq!(rids(&place.restored()), expected);
}

#[test]
fn commits_without_an_archive_break_the_history() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let transactions = place.open(true);
    insert(&transactions, 3).expect("rows");
    place.back_up(&transactions, "backup", None);
    let with = insert(&transactions, 3).expect("rows");
    drop(transactions);
    let transactions = place.open(false);
    insert(&transactions, 3).expect("rows");
    drop(transactions);
    let transactions = place.open(true);
    let later = insert(&transactions, 3).expect("rows");
    drop(transactions);
    let archives = [place.path("archive")];
    place.restore("backup", ReplayTarget::CommitTs(with), &archives).expect("what it has");
    let error = place.restore("backup", ReplayTarget::CommitTs(later), &archives);
    error.expect_err("never across the gap");
    let histories = fs::read_dir(place.path("archive")).expect("the archive").count();
    assert_eq!(histories, 2);
}

#[test]
fn a_missing_or_damaged_segment_is_named() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let transactions = place.open(true);
    place.back_up(&transactions, "backup", None);
    for _ in 0..30 {
        insert(&transactions, 60).expect("rows");
    }
    drop(transactions);
    let mut segments = Vec::new();
    collect(&place.path("archive"), &mut segments);
    segments.sort();
    assert!(segments.len() > 3, "{segments:?}");
    let archives = [place.path("archive")];
    let middle = &segments[segments.len() / 2];
    let bytes = fs::read(middle).expect("read");
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    fs::write(middle, damaged).expect("write");
    let error = place.restore("backup", ReplayTarget::Latest, &archives).expect_err("damaged");
    assert!(error.message().contains("is damaged at offset"), "{error}");
    fs::remove_file(middle).expect("remove");
    let error = place.restore("backup", ReplayTarget::Latest, &archives).expect_err("missing");
    assert!(error.message().contains("the archive has no record"), "{error}");
    fs::write(middle, bytes).expect("write");
    place.restore("backup", ReplayTarget::Latest, &archives).expect("whole again");
}

/// A commit fails in the engine after it was archived. Whether it is there after the next
/// start, the archive says the same.
#[test]
fn an_unknown_outcome_is_in_the_archive_if_it_is_in_the_store() {
    for (fault, is_there) in [(Fault::Io, false), (Fault::NoSpace, false), (Fault::SyncLost, true)]
    {
        let place = Place::new();
        fs::create_dir(place.path("archive")).expect("the archive directory");
        let engine: Arc<dyn Engine> = Arc::new(open_engine(&place.path("data")));
        let failing = Arc::new(FaultEngine::new(engine.clone()));
        let archiving = Archiving::To(place.archive_options());
        let ignore: OutcomeHook = Arc::new(|_| {});
        let transactions =
            Transactions::open_archiving(failing.clone(), limits(), ignore, archiving.clone())
                .expect("open");
        insert(&transactions, 40).expect("rows");
        place.back_up(&transactions, "backup", None);
        let before = insert(&transactions, 5).expect("rows");
        failing.fail_at(1, fault);
        let error = insert(&transactions, 1).expect_err("it fails");
        assert_eq!(error.code().as_str(), "08007", "{error}");
        drop(transactions);
        let transactions =
            Transactions::open_with_archive(engine, limits(), archiving).expect("open again");
        let found = transactions.published().commit_ts;
        assert_eq!(found, if is_there { before + 1 } else { before });
        insert(&transactions, 7).expect("it goes on");
        let expected = everything(&transactions);
        transactions.shutdown();
        drop(transactions);
        let archives = [place.path("archive")];
        place.restore("backup", ReplayTarget::Latest, &archives).expect("restore");
        assert_eq!(everything(&place.restored()), expected, "{fault:?}");
    }
}

/// Mounts a small file system; false where this user may not.
fn mount(mebibytes: u32, on: &Path) -> bool {
    let size = format!("size={mebibytes}m");
    let mut mount = Command::new("mount");
    let output = mount.args(["-t", "tmpfs", "-o", &size, "zserver-test"]).arg(on).output();
    output.is_ok_and(|output| output.status.success())
}

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn a_full_spool_refuses_commits_until_it_is_shipped() {
    let place = Place::new();
    let spool = place.path("data").join(SPOOL_DIRECTORY);
    drop(place.open(false));
    fs::create_dir(&spool).expect("a directory");
    if !mount(1, &spool) {
        println!("skipped: only root may mount a small disk");
        return;
    }
    let _mounted = Mounted(spool);
    let transactions = place.open(true);
    place.back_up(&transactions, "backup", None);
    let error = (0..1_000).find_map(|_| insert(&transactions, 60).err()).expect("it is full");
    assert_eq!(error.code().as_str(), "53100", "{error}");
    let full = rids(&transactions);
    insert(&transactions, 60).expect_err("it is still full");
    assert_eq!(rids(&transactions), full, "what was refused is not there");
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let deadline = Instant::now() + Duration::from_secs(30);
    while insert(&transactions, 60).is_err() {
        assert!(Instant::now() < deadline, "there is room again");
        std::thread::sleep(Duration::from_millis(100));
    }
    let expected = everything(&transactions);
    transactions.shutdown();
    drop(transactions);
    let archives = [place.path("archive")];
    place.restore("backup", ReplayTarget::Latest, &archives).expect("restore");
    assert_eq!(everything(&place.restored()), expected);
}
