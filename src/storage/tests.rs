//! The contract of an engine, and what happens to real journal files.

mod flip;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::disk::{DiskEngine, DiskOptions};
use super::memory::MemoryEngine;
use super::*;
use crate::Error;

fn open(directory: &Path) -> Result<DiskEngine> {
    let options = DiskOptions { cache_bytes: 4 << 20, ..DiskOptions::default() };
    DiskEngine::open(directory, &options)
}

fn put(engine: &dyn Engine, keyspace: Keyspace, key: &[u8], value: &[u8]) {
    let mut batch = WriteBatch::new();
    batch.put(keyspace, key, value);
    engine.write(batch, Durability::Sync).expect("write");
}

fn keys(view: &dyn ReadView, keyspace: Keyspace, range: &KeyRange, reverse: bool) -> Vec<Vec<u8>> {
    let entries = view.range(keyspace, range, reverse);
    entries.map(|entry| entry.expect("read").0.to_vec()).collect()
}

fn check_contract(engine: &dyn Engine) {
    for key in [b"a", b"b", b"c", b"d"] {
        put(engine, Keyspace::Rows, key, key);
    }
    let view = engine.view();
    let mut batch = WriteBatch::new();
    batch.put(Keyspace::Rows, b"e", b"new");
    batch.remove(Keyspace::Rows, b"a");
    batch.put(Keyspace::Meta, b"a", b"other keyspace");
    engine.write(batch, Durability::Buffer).expect("write");
    engine.sync().expect("sync");
    let range = KeyRange::new(*b"b", *b"d");
    assert_eq!(keys(&*view, Keyspace::Rows, &range, false), [b"b", b"c"]);
    assert_eq!(keys(&*view, Keyspace::Rows, &range, true), [b"c", b"b"]);
    assert_eq!(keys(&*view, Keyspace::Rows, &KeyRange::all(), false).len(), 4);
    assert_eq!(keys(&*view, Keyspace::Rows, &KeyRange::new(*b"d", *b"b"), false).len(), 0);
    assert_eq!(view.get(Keyspace::Meta, b"a").expect("get"), None);
    let later = engine.view();
    assert_eq!(later.get(Keyspace::Rows, b"a").expect("get"), None);
    assert_eq!(
        later.get(Keyspace::Meta, b"a").expect("get").as_deref(),
        Some(&b"other keyspace"[..])
    );
    let mut run = (0..1000u32).map(|n| (Key::from(n.to_be_bytes()), Some(Value::from(b"run"))));
    assert_eq!(engine.ingest(Keyspace::Rows, &mut run).expect("ingest"), 1000);
    assert_eq!(keys(&*later, Keyspace::Rows, &KeyRange::all(), false).len(), 4);
    assert_eq!(keys(&*engine.view(), Keyspace::Rows, &KeyRange::all(), false).len(), 1004);
}

#[test]
fn both_engines_keep_the_contract() {
    check_contract(&MemoryEngine::new());
    let directory = tempfile::tempdir().expect("temporary directory");
    check_contract(&open(directory.path()).expect("open"));
    let reopened = open(directory.path()).expect("reopen");
    assert_eq!(keys(&*reopened.view(), Keyspace::Rows, &KeyRange::all(), false).len(), 1004);
}

#[test]
fn directory_in_use_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let first = open(directory.path()).expect("open");
    let error = open(directory.path()).err().expect("locked");
    assert_eq!(error.code().as_str(), "55006");
    drop(first);
    open(directory.path()).expect("free again");
}

#[test]
fn interrupted_creation_starts_over_but_keyspaces_are_never_removed() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(open(directory.path()).expect("open"));
    let engine = directory.path().join("engine");
    fs::remove_file(engine.join("version")).expect("remove");
    let error = open(directory.path()).err().expect("data without a version");
    assert_eq!(error.code().as_str(), "XX001");
    fs::remove_dir_all(engine.join("keyspaces")).expect("remove");
    fs::create_dir(engine.join("keyspaces")).expect("create");
    assert!(fs::exists(engine.join("0.jnl")).expect("look"));
    open(directory.path()).expect("starts over");
}

/// A closed data directory of `count` batches in two keyspaces, and its journal.
fn written(directory: &Path, count: u8) -> PathBuf {
    let engine = open(directory).expect("open");
    for n in 0..count {
        let mut batch = WriteBatch::new();
        batch.put(Keyspace::Rows, [n], vec![n; 100]);
        batch.put(Keyspace::Indexes, [n], vec![n; 10_000]);
        engine.write(batch, Durability::Sync).expect("write");
    }
    drop(engine);
    let journals: Vec<PathBuf> = fs::read_dir(directory.join("engine"))
        .expect("engine directory")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jnl"))
        .collect();
    assert_eq!(journals.len(), 1);
    journals.into_iter().next().expect("one journal")
}

/// Where the journal's batches end and its preallocated zeroes begin.
fn used(journal: &Path) -> u64 {
    let bytes = fs::read(journal).expect("read");
    let page = bytes
        .chunks(4096)
        .collect::<Vec<_>>()
        .iter()
        .rposition(|page| *page != vec![0; page.len()])
        .unwrap_or(0)
        * 4096;
    let last = bytes[page..].iter().rposition(|byte| *byte != 0);
    last.map_or(0, |last| (page + last) as u64 + 1)
}

fn flip(journal: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(journal).expect("open");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("read");
    file.write_all_at(&[byte[0] ^ 0xA5], at).expect("write");
}

fn surviving(directory: &Path) -> usize {
    let view = open(directory).expect("open").view();
    let rows = keys(&*view, Keyspace::Rows, &KeyRange::all(), false);
    assert_eq!(rows, keys(&*view, Keyspace::Indexes, &KeyRange::all(), false));
    rows.len()
}

#[test]
fn clean_journal_opens_with_everything() {
    let directory = tempfile::tempdir().expect("temporary directory");
    written(directory.path(), 20);
    assert_eq!(surviving(directory.path()), 20);
    assert_eq!(surviving(directory.path()), 20);
}

#[test]
fn torn_tail_is_cut_wherever_it_was_torn() {
    let whole = tempfile::tempdir().expect("temporary directory");
    let end = used(&written(whole.path(), 4));
    let before_last = used(&written(tempfile::tempdir().expect("temporary").path(), 3));
    assert!(before_last < end);
    for missing in [1, 5, 60, end - before_last - 1] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let journal = written(directory.path(), 4);
        let file = OpenOptions::new().write(true).open(&journal).expect("open");
        file.set_len(end - missing).expect("cut");
        assert_eq!(surviving(directory.path()), 3, "{missing} bytes missing");
    }
}

#[test]
fn last_batch_with_a_hole_is_a_torn_tail() {
    for back in [2, 40, 200] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let journal = written(directory.path(), 4);
        let at = used(&journal) - back;
        flip(&journal, at);
        assert_eq!(surviving(directory.path()), 3, "byte {back} from the end is wrong");
        put(&open(directory.path()).expect("open"), Keyspace::Rows, &[3], b"again");
    }
}

#[test]
fn damage_before_intact_batches_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let journal = written(directory.path(), 4);
    for at in [0, 1, 5, 13, 14, 40, 300] {
        flip(&journal, at);
        let error = open(directory.path()).err().expect("damage must be refused");
        assert_eq!(error.code().as_str(), "XX001", "byte {at}: {error}");
        assert!(error.message().contains("is damaged at offset"), "{error}");
        flip(&journal, at);
    }
    assert_eq!(surviving(directory.path()), 4);
}

#[test]
fn delete_markers_go_when_no_snapshot_is_older() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DiskOptions { memtable_bytes: 16 << 10, ..DiskOptions::default() };
    let engine = DiskEngine::open(directory.path(), &options).expect("open");
    for rid in 0..2000 {
        let mut batch = WriteBatch::new();
        batch.put(Keyspace::Rows, key::row(1, rid), row::delete_marker(rid + 1));
        engine.write(batch, Durability::Buffer).expect("write");
    }
    engine.set_purge_horizon(1500);
    engine.compact(Keyspace::Rows).expect("compact");
    let left = keys(&*engine.view(), Keyspace::Rows, &KeyRange::all(), false);
    assert_eq!(left.first().map(Vec::as_slice), Some(&key::row(1, 1500)[..]));
    assert_eq!(left.len(), 500);
}

/// The keys of the next test.
const KEYS: u64 = 200;

/// What each key should have at a view.
type Model = std::collections::HashMap<u64, u64>;

fn check_point(view: &dyn ReadView, model: &Model, key: u64) {
    for keyspace in [Keyspace::Rows, Keyspace::Indexes] {
        let found = view.get(keyspace, &key.to_be_bytes()).expect("get");
        let found = found.map(|value| u64::from_be_bytes(value[..8].try_into().expect("8 bytes")));
        assert_eq!(found, model.get(&key).copied(), "key {key} of {}", keyspace.name());
    }
}

/// Point reads in old and new views, from several threads, while batches and
/// ingestions change the keys under them; with a cache that evicts.
#[test]
fn point_reads_answer_as_of_their_view() {
    use rand::Rng;
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = DiskOptions { point_cache_bytes: 256 << 10, ..DiskOptions::default() };
    let engine = DiskEngine::open(directory.path(), &options).expect("open");
    let views = parking_lot::RwLock::new(vec![(engine.view(), Model::new())]);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let views = views.read();
                    let (view, model) = &views[rand::rng().random_range(0..views.len())];
                    for _ in 0..20 {
                        check_point(&**view, model, rand::rng().random_range(0..KEYS));
                    }
                }
            });
        }
        let mut model = Model::new();
        for step in 1..=1500u64 {
            match rand::rng().random_range(0..20) {
                0 => ingest_points(&engine, &mut model, step),
                _ => write_points(&engine, &mut model, step),
            }
            let view = engine.view();
            (0..5).for_each(|key| check_point(&*view, &model, key));
            let mut views = views.write();
            views.push((view, model.clone()));
            let oldest = views.len().saturating_sub(8);
            views.drain(..oldest);
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// Long enough not to be inlined.
fn point(step: u64) -> Value {
    [step.to_be_bytes(); 8].concat().into()
}

fn write_points(engine: &DiskEngine, model: &mut Model, step: u64) {
    use rand::Rng;
    let mut batch = WriteBatch::new();
    for _ in 0..rand::rng().random_range(1..4) {
        let key = rand::rng().random_range(0..KEYS);
        if !batch.iter().any(|write| *write.key == key.to_be_bytes()) {
            let value = rand::rng().random_bool(0.8).then(|| point(step));
            match &value {
                Some(_) => model.insert(key, step),
                None => model.remove(&key),
            };
            for keyspace in [Keyspace::Rows, Keyspace::Indexes] {
                let key = key.to_be_bytes().into();
                batch.push(Write { keyspace, key, value: value.clone() });
            }
        }
    }
    engine.write(batch, Durability::Buffer).expect("write");
}

fn ingest_points(engine: &DiskEngine, model: &mut Model, step: u64) {
    for keyspace in [Keyspace::Rows, Keyspace::Indexes] {
        let mut run =
            (0..KEYS).step_by(17).map(|key| (key.to_be_bytes().into(), Some(point(step))));
        engine.ingest(keyspace, &mut run).expect("ingest");
    }
    model.extend((0..KEYS).step_by(17).map(|key| (key, step)));
}
