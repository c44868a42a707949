//! The disk itself fails: the n-th operation on a file of the store, for many n.
//!
//! `tests/faults/shim.c` is preloaded into a child process, which commits small
//! transactions, large ones and bulk loads, and says what was acknowledged. One of its
//! writes, fsyncs, renames, truncations, removals or creations of a file fails with EIO
//! or ENOSPC, is torn, or is the last that the disk ever does. Then the store is opened
//! again: it opens, all that was acknowledged is there, nothing is there by half, and
//! it takes commits.
//!
//! `TEST_FAULTS` says how many operations are made to fail, spread over all there are;
//! each in every way.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::crash::CRASH_DIRECTORY;
use super::*;
use crate::storage::Keyspace;
use crate::storage::disk::{DiskEngine, DiskOptions};

/// A table and its index of each kind of transaction.
const PAIRS: (u32, u32) = (17001, 41);
const LARGE: (u32, u32) = (17002, 42);
const LOADS: (u32, u32) = (17003, 43);

const ROUNDS: u64 = 4;
const LARGE_ROWS: u64 = 120;
const LOAD_ROWS: u64 = 150;
/// What a child may take longer for a failure.
const PATIENCE: Duration = Duration::from_secs(5);

fn small() -> Limits {
    Limits { run_bytes: 8 << 10, spill_bytes: 8 << 10, ..limits() }
}

/// Flushes and compacts all the time.
fn open(directory: &Path) -> crate::Result<Transactions> {
    let options = DiskOptions {
        cache_bytes: 4 << 20,
        memtable_bytes: 24 << 10,
        worker_threads: 1,
        ..DiskOptions::default()
    };
    Transactions::open(Arc::new(DiskEngine::open(directory, &options)?), small())
}

fn entry((_, index): (u32, u32), number: u64, rid: u64) -> Vec<u8> {
    key::index_entry(index, &number.to_be_bytes(), Some(rid))
}

fn pair(transactions: &Transactions, number: u64) -> crate::Result<u64> {
    let mut transaction = transactions.begin(Isolation::ReadCommitted, false)?;
    for rid in [2 * number, 2 * number + 1] {
        let text = format!("{number} {}", "x".repeat(400));
        transaction.put_row(key::row(PAIRS.0, rid), row_value(&text))?;
        transaction.put(Keyspace::Indexes, entry(PAIRS, number, rid), b"")?;
    }
    transaction.commit(Default::default()).wait()
}

/// Gives all rows a number, in place of the one that they have.
fn change_all(transactions: &Transactions, number: u64) -> crate::Result<u64> {
    let mut transaction = transactions.begin(Isolation::ReadCommitted, false)?;
    let old = transaction.get(Keyspace::Rows, &key::row(LARGE.0, 0))?;
    let old: Option<u64> = old.map(|row| body(&row).parse().expect("a number"));
    for rid in 0..LARGE_ROWS {
        if let Some(old) = old {
            transaction.delete(Keyspace::Indexes, entry(LARGE, old, rid))?;
        }
        transaction.put_row(key::row(LARGE.0, rid), row_value(&number.to_string()))?;
        transaction.put(Keyspace::Indexes, entry(LARGE, number, rid), b"")?;
    }
    transaction.commit(Default::default()).wait()
}

fn load(transactions: &Transactions, number: u64) -> crate::Result<u64> {
    let mut transaction = transactions.begin(Isolation::ReadCommitted, false)?;
    for rid in transactions.allocate_rids(LOADS.0, LOAD_ROWS)? {
        transaction.insert_row(key::row(LOADS.0, rid), row_value(&number.to_string()))?;
        transaction.insert_index_entry(entry(LOADS, number, rid), b"")?;
    }
    transaction.commit(Default::default()).wait()
}

/// One kind of transaction, by its name in what a child says.
type Kind = (&'static str, fn(&Transactions, u64) -> crate::Result<u64>);
const KINDS: [Kind; 3] = [("pair", pair), ("large", change_all), ("load", load)];

fn work(transactions: &Transactions, from: u64) {
    for number in from..from + ROUNDS {
        for (name, run) in KINDS {
            if run(transactions, number).is_ok() {
                println!("acknowledged {name} {number}");
            }
        }
        if number.is_multiple_of(3) {
            let _ = transactions.engine().checkpoint();
        }
    }
}

#[test]
#[ignore = "the child of every_operation_of_the_files_may_fail"]
fn child_works_over_failing_files() {
    let Ok(directory) = std::env::var(CRASH_DIRECTORY) else { return };
    match open(directory.as_ref()) {
        Ok(transactions) => work(&transactions, 100),
        Err(error) => println!("not opened: {error}"),
    }
}

/// The numbers of a table's rows, each as often as it should be, and in the index too.
fn numbers(transactions: &Transactions, table: (u32, u32), times: u64) -> Vec<u64> {
    let published = transactions.published();
    let of_rows = published.scan(Keyspace::Rows, &key::rows(table.0), false).map(|found| {
        let text = body(&found.expect("scan").1);
        text.split(' ').next().expect("a word").parse().expect("a number")
    });
    let mut rows: Vec<u64> = of_rows.collect();
    let of_entries = published.scan(Keyspace::Indexes, &key::index(table.1), false).map(|found| {
        let (key, _) = found.expect("scan");
        u64::from_be_bytes(key::index_payload(&key, false).try_into().expect("eight bytes"))
    });
    let entries: Vec<u64> = of_entries.collect();
    rows.sort_unstable();
    assert_eq!(rows, entries, "the index of {} does not agree", table.0);
    let mut distinct = rows.clone();
    distinct.dedup();
    assert_eq!(rows.len() as u64, distinct.len() as u64 * times, "half a transaction");
    distinct
}

/// The numbers of each kind that are there.
fn found(transactions: &Transactions) -> [Vec<u64>; 3] {
    [
        numbers(transactions, PAIRS, 2),
        numbers(transactions, LARGE, LARGE_ROWS),
        numbers(transactions, LOADS, LOAD_ROWS),
    ]
}

fn shim(directory: &Path) -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/shim.c");
    let path = directory.join("shim.so");
    let built = Command::new("gcc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&path)
        .args([source, "-ldl"])
        .status()
        .ok()?;
    assert!(built.success(), "{source} is compiled");
    Some(path)
}

struct Fault {
    at: u64,
    kind: &'static str,
}

/// Runs a child over a copy of the template. What it said; none if it hangs.
fn run_child(place: &Path, shim: &Path, fault: &Fault, limit: Duration) -> Option<String> {
    let data = place.join("data");
    let _ = std::fs::remove_dir_all(&data);
    let copied = Command::new("cp").arg("-r").arg(place.join("template")).arg(&data).status();
    assert!(copied.expect("cp is there").success());
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--nocapture", "--exact"])
        .arg("txn::tests::files::child_works_over_failing_files")
        .env(CRASH_DIRECTORY, &data)
        .env("LD_PRELOAD", shim)
        .env("FAULT_DIRECTORY", &data)
        .env("FAULT_AT", fault.at.to_string())
        .env("FAULT_KIND", fault.kind)
        .env("FAULT_COUNT", place.join("count"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("start the child");
    let started = Instant::now();
    let mut output = child.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        output.read_to_end(&mut said).map(|_| String::from_utf8_lossy(&said).into_owned())
    });
    while child.try_wait().expect("the child").is_none() {
        if started.elapsed() > limit {
            child.kill().expect("kill");
            child.wait().expect("the child's end");
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Some(reader.join().expect("the reader").expect("the child's output"))
}

fn acknowledged(said: &str, name: &str) -> Vec<u64> {
    let lines = said.lines().filter_map(|line| line.split("acknowledged ").nth(1));
    let of_kind = lines.filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    of_kind.collect()
}

/// What is there after a child: all it was told, and whatever was under way.
fn judge(data: &Path, before: &[Vec<u64>; 3], said: &str, what: &str) {
    let transactions = open(data).unwrap_or_else(|error| panic!("{what}: not opened: {error}"));
    let now = found(&transactions);
    for (place, (name, run)) in KINDS.into_iter().enumerate() {
        let told = acknowledged(said, name);
        let expected: Vec<u64> = match name {
            // Each has replaced the one before.
            "large" => {
                let last = told.last().copied().unwrap_or(before[place][0]);
                assert!(now[place][0] >= last, "{what}: {last} is lost, {:?} is there", now[place]);
                assert!(now[place][0] <= (last.max(99)) + ROUNDS, "{what}: {:?}", now[place]);
                Vec::new()
            }
            _ => before[place].iter().chain(&told).copied().collect(),
        };
        let lost = expected.iter().find(|number| !now[place].contains(number));
        assert_eq!(lost, None, "{what}: a {name} that was acknowledged is lost");
        run(&transactions, 1000).unwrap_or_else(|error| panic!("{what}: no {name}: {error}"));
    }
    found(&transactions);
}

#[test]
fn every_operation_of_the_files_may_fail() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let place = directory.path();
    let Some(shim) = shim(place) else {
        println!("skipped: there is no gcc");
        return;
    };
    let before = {
        let transactions = open(&place.join("template")).expect("open");
        for number in 0..3 {
            for (name, run) in KINDS {
                run(&transactions, number).expect(name);
            }
        }
        found(&transactions)
    };
    let started = Instant::now();
    let none = Fault { at: 0, kind: "eio" };
    let said = run_child(place, &shim, &none, 12 * PATIENCE).expect("no hang without a fault");
    let limit = started.elapsed() * 3 + PATIENCE;
    judge(&place.join("data"), &before, &said, "without a fault");
    assert_eq!(acknowledged(&said, "pair").len() as u64, ROUNDS, "{said}");
    let count = std::fs::read_to_string(place.join("count")).expect("the child has counted");
    let operations: u64 = count.trim().parse().expect("a number");
    let wanted = std::env::var("TEST_FAULTS").map_or(5, |n| n.parse().expect("TEST_FAULTS"));
    let faults = operations.min(wanted);
    for number in 0..faults {
        for kind in ["eio", "enospc", "torn", "gone"] {
            let fault = Fault { at: 1 + number * operations / faults, kind };
            let what = format!("{kind} at operation {} of {operations}", fault.at);
            let said = run_child(place, &shim, &fault, limit);
            let said = said.unwrap_or_else(|| panic!("{what}: the child hangs"));
            judge(&place.join("data"), &before, &said, &what);
        }
    }
    println!("{} faults at {faults} of {operations} operations, 0 commits lost", faults * 4);
}
