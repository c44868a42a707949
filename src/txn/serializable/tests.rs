//! The rules one by one, on transactions that only note what they do.

use super::*;
use crate::storage::key;

const BOUNDS: Bounds =
    Bounds { entries_max: 100, retained_max: 1000, retained_entries_max: 100_000 };

/// A few transactions by number; each reads and writes rows of one table.
struct World(State);

impl World {
    fn new() -> World {
        World(State::new(BOUNDS))
    }

    fn begin(&mut self, ids: &[u64]) {
        ids.iter().for_each(|id| assert!(self.0.begin(*id, *id as i32, false)));
    }

    fn read(&mut self, id: u64, rid: u64) -> Result<()> {
        self.0.note_read(id, Keyspace::Rows, Target::Key(&key::row(1, rid)))
    }

    fn read_table(&mut self, id: u64) -> Result<()> {
        self.0.note_read(id, Keyspace::Rows, Target::Range(&key::rows(1)))
    }

    fn write(&mut self, id: u64, rid: u64) -> Result<()> {
        self.0.note_write(id, Keyspace::Rows, &key::row(1, rid))
    }

    fn commit(&mut self, id: u64) -> Result<()> {
        self.0.prepare(id)?;
        self.0.commit(id);
        Ok(())
    }
}

fn reason(result: Result<()>) -> String {
    let detail = result.expect_err("a serialization failure").report().detail.clone();
    let detail = detail.expect("a detail");
    detail.trim_start_matches("Reason code: Canceled on ").to_owned()
}

#[test]
fn one_conflict_aborts_nobody() {
    let mut world = World::new();
    world.begin(&[1, 2]);
    world.read(1, 5).unwrap();
    world.write(2, 5).unwrap();
    world.write(1, 6).unwrap();
    world.commit(2).unwrap();
    world.commit(1).unwrap();
    assert_eq!(world.0.transactions(), 0);
}

/// Each reads what the other writes: who commits second fails.
#[test]
fn write_skew_dooms_the_second() {
    let mut world = World::new();
    world.begin(&[1, 2]);
    world.read_table(1).unwrap();
    world.read_table(2).unwrap();
    world.write(1, 1).unwrap();
    world.write(2, 2).unwrap();
    world.commit(1).unwrap();
    assert_eq!(reason(world.commit(2)), "identification as a pivot, during commit attempt.");
}

#[test]
fn a_pivot_fails_at_its_write_if_the_last_is_committed() {
    let mut world = World::new();
    world.begin(&[1, 2, 3]);
    world.read(1, 1).unwrap();
    world.read(2, 2).unwrap();
    world.write(3, 2).unwrap();
    world.commit(3).unwrap();
    assert_eq!(reason(world.write(2, 1)), "identification as a pivot, during write.");
}

#[test]
fn who_reads_over_a_committed_pivot_fails() {
    let mut world = World::new();
    world.begin(&[1, 2, 3]);
    world.read(2, 2).unwrap();
    world.write(3, 2).unwrap();
    world.commit(3).unwrap();
    world.write(2, 1).unwrap();
    world.commit(2).unwrap();
    assert_eq!(reason(world.read(1, 1)), "conflict out to pivot 2, during read.");
}

/// T0 → T1 → T2 is harmless if T0 or T1 commits before T2.
#[test]
fn the_last_must_be_committed_first() {
    for first in [1, 2] {
        let mut world = World::new();
        world.begin(&[1, 2, 3]);
        world.read(1, 1).unwrap();
        world.write(1, 9).unwrap();
        world.read(2, 2).unwrap();
        world.write(2, 1).unwrap();
        world.commit(first).unwrap();
        world.write(3, 2).unwrap();
        world.commit(3).unwrap();
        world.commit(3 - first).unwrap();
    }
}

/// A transaction that only reads is harmed by what was committed before its snapshot.
#[test]
fn a_read_only_transaction_is_harmed_only_by_what_it_sees() {
    for sees_last in [false, true] {
        let mut world = World::new();
        world.begin(&[2, 3]);
        world.read(2, 2).unwrap();
        if !sees_last {
            assert!(world.0.begin(1, 1, true));
        }
        world.write(3, 2).unwrap();
        world.commit(3).unwrap();
        if sees_last {
            assert!(world.0.begin(1, 1, true));
        }
        world.read(1, 1).unwrap();
        let write = world.write(2, 1);
        assert_eq!(write.is_err(), sees_last, "{write:?}");
        if !sees_last {
            world.commit(2).unwrap();
            world.commit(1).unwrap();
        }
    }
}

#[test]
fn a_read_only_transaction_becomes_safe_or_unsafe_with_its_writers() {
    let mut world = World::new();
    assert!(!world.0.begin(1, 1, true), "nobody writes beside it");
    world.begin(&[2, 3]);
    world.read(2, 2).unwrap();
    world.write(3, 2).unwrap();
    world.commit(3).unwrap();
    assert!(world.0.begin(4, 4, true));
    assert_eq!(world.0.await_safety(4), Safety::Open);
    assert_eq!(world.0.safe_snapshot_blockers(4), [2]);
    world.write(2, 1).unwrap();
    world.commit(2).unwrap();
    assert_eq!(world.0.await_safety(4), Safety::Unsafe);
    world.0.roll_back(4);
    world.begin(&[5]);
    assert!(world.0.begin(6, 6, true));
    world.0.roll_back(5);
    assert_eq!(world.0.await_safety(6), Safety::Safe);
    world.read(6, 1).unwrap();
    assert_eq!(world.0.transactions(), 0, "a safe one notes nothing");
}

#[test]
fn who_rolls_back_leaves_no_conflicts() {
    let mut world = World::new();
    world.begin(&[1, 2]);
    world.read(1, 1).unwrap();
    world.write(2, 1).unwrap();
    world.0.roll_back(1);
    world.begin(&[3]);
    world.read(2, 3).unwrap();
    world.write(3, 3).unwrap();
    world.commit(3).unwrap();
    world.commit(2).unwrap();
    assert_eq!(world.0.transactions(), 0);
}

#[test]
fn what_is_committed_is_kept_while_others_began_before() {
    let mut world = World::new();
    world.begin(&[1]);
    for id in 2..10 {
        world.begin(&[id]);
        world.write(id, id).unwrap();
        world.commit(id).unwrap();
    }
    assert_eq!(world.0.transactions(), 9);
    world.commit(1).unwrap();
    assert_eq!(world.0.transactions(), 0);
}

/// Of merged transactions it is not known what they had not seen.
#[test]
fn too_many_committed_transactions_are_merged_and_still_found() {
    let mut world = World(State::new(Bounds { retained_max: 3, ..BOUNDS }));
    world.begin(&[1]);
    for id in 2..20 {
        world.begin(&[id]);
        world.read(id, id + 100).unwrap();
        world.write(id, id).unwrap();
        world.commit(id).unwrap();
    }
    assert!(world.0.transactions() <= 5);
    world.read(1, 1000).unwrap();
    // That somebody had not seen what 1 writes is one conflict.
    world.write(1, 102).unwrap();
    assert_eq!(reason(world.read(1, 2)), "conflict out to old pivot.");
    world.0.roll_back(1);
    assert_eq!(world.0.transactions(), 0);
}

#[test]
fn keys_and_ranges_meet_what_is_written() {
    let mut reads = sets::ReadSet::default();
    let add = |reads: &mut sets::ReadSet, range: KeyRange| {
        reads.add(Keyspace::Rows, Target::Range(&range), 100)
    };
    reads.add(Keyspace::Rows, Target::Key(&key::row(1, 5)), 100);
    assert!(add(&mut reads, key::rows_between(1, 20, 30)));
    assert!(add(&mut reads, key::rows_between(1, 50, 60)));
    assert!(add(&mut reads, key::rows_between(1, 25, 40)));
    assert!(!add(&mut reads, key::rows_between(1, 22, 39)));
    assert!(add(&mut reads, key::rows_between(1, 10, 15)));
    for (rid, is_read) in
        [(4, false), (5, true), (15, false), (20, true), (39, true), (40, false), (55, true)]
    {
        assert_eq!(reads.has(Keyspace::Rows, &key::row(1, rid)), is_read, "{rid}");
        assert!(!reads.has(Keyspace::Indexes, &key::row(1, rid)));
    }
    assert!(add(&mut reads, key::rows_between(1, 12, 55)));
    assert_eq!(reads.len(), 2, "one key and one range are left");
    assert!(reads.touches(Keyspace::Rows, 1) && !reads.touches(Keyspace::Rows, 2));
}

#[test]
fn too_many_keys_become_their_table() {
    let mut reads = sets::ReadSet::default();
    let mut written = sets::WrittenSet::default();
    for rid in 0..100 {
        reads.add(Keyspace::Rows, Target::Key(&key::row(1, rid * 2)), 10);
        written.add(Keyspace::Rows, &key::row(1, rid * 2), 10);
    }
    assert!(reads.len() <= 11 && written.len() <= 11);
    assert!(reads.has(Keyspace::Rows, &key::row(1, 9999)));
    assert!(!reads.has(Keyspace::Rows, &key::row(2, 4)));
    assert!(written.meets(Keyspace::Rows, Target::Range(&key::rows_between(1, 7, 9))));
    assert!(!written.meets(Keyspace::Rows, Target::Range(&key::rows(2))));
}

/// A range of keys that nothing is in now is read all the same.
#[test]
fn a_range_meets_keys_and_whole_objects() {
    let mut written = sets::WrittenSet::default();
    written.add(Keyspace::Rows, &key::row(1, 15), 10);
    assert!(written.meets(Keyspace::Rows, Target::Range(&key::rows_between(1, 10, 20))));
    assert!(!written.meets(Keyspace::Rows, Target::Range(&key::rows_between(1, 16, 20))));
    written.add_object(Keyspace::Rows, 3);
    assert!(written.meets(Keyspace::Rows, Target::Range(&KeyRange::all())));
    assert!(written.meets(Keyspace::Rows, Target::Key(&key::row(3, 1))));
    assert!(!written.meets(Keyspace::Indexes, Target::Range(&KeyRange::all())));
}
