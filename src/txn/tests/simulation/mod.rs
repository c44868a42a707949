//! Random schedules of a few sessions, step by step, with failures and crashes.
//!
//! Everything runs on one thread over the memory engine: a *schedule* is a seed, and the
//! seed says which session, or the committer, or the sweeper, takes the next step, what
//! it does, which call of the engine fails and how, and what a crash leaves. The same
//! seed does the same again.
//!
//! ```text
//! schedule 17   session 2 begins ── 0 appends 4 to key 1 ── 2 waits for key 1 ── a group is
//!               committed ── … ── power fails, 3 of 5 writes since the last fsync are left
//!               ── recovered, judged ── … the next epoch over what was left
//! ```
//!
//! Judged are, at each crash:
//!
//! 1. the history up to it, by the rules of `tests/history`: no anomaly that the level of
//!    isolation rules out, no read of what was rolled back, no snapshot that changed;
//! 2. what was recovered: a transaction is whole or not at all; one that was acknowledged
//!    is there, if it asked for durability or the process was only killed; of those that
//!    did not ask the last ones may be missing, none in the middle; what failed or was
//!    given up is not there; timestamps have not gone back;
//! 3. at every look at the whole: index entries agree with rows, bulk loads are whole,
//!    the committer's row counts are right, instants that are held show what they showed.
//!
//! Transactions append to lists (rows that exist, with an entry in an index that moves),
//! load new rows in bulk, roll back to savepoints, and wait for each other; memory is so
//! small that many of them spill or write runs. A prepared transaction is finished in a
//! later epoch or not at all.
//!
//! `TEST_SCHEDULES` says how many schedules to run, `TEST_SCHEDULE_SEED` runs one
//! and tells each step. That it finds what it is for is a test of its own: over an engine
//! whose fsync does nothing, so that commits are acknowledged before they are durable, a
//! schedule soon loses one.

#[path = "../../../../tests/history/checker.rs"]
mod checker;
#[path = "../../../../tests/history/cycle.rs"]
mod cycle;
mod session;
mod world;

use super::{Isolation, Limits};
use checker::{Level, Op, Transaction};
use world::{Fsync, World};

/// Says what is wrong.
type Verdict = Result<(), String>;

/// The seed's answers, one after the other (splitmix64: Steele, Lea, Flood, 2014).
pub(super) struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const SESSIONS: usize = 3;
const EPOCHS: usize = 2;
const STEPS: usize = 28;

/// Runs a schedule to its end; what was wrong, if anything.
fn run(seed: u64, fsync: Fsync, tells: bool) -> Verdict {
    let mut dice = Dice(seed);
    let levels = [
        (Isolation::ReadCommitted, Level::ReadCommitted),
        (Isolation::RepeatableRead, Level::RepeatableRead),
        (Isolation::Serializable, Level::Serializable),
    ];
    let (isolation, level) = levels[dice.below(levels.len())];
    let limits = Limits {
        disk_reserve_bytes: 0,
        spill_bytes: [300, 1 << 20][dice.below(2)],
        run_bytes: [300, 1000, 1 << 20][dice.below(3)],
        group_transactions_max: 1 + dice.below(3),
        sweep_entries_max: 3,
        rid_block: 4,
        transaction_id_block: 4,
        ..Limits::default()
    };
    let mut world = World::new(dice, isolation, level, limits, fsync, tells)?;
    for _ in 0..EPOCHS {
        for _ in 0..STEPS {
            world.step()?;
            if world.must_end() {
                break;
            }
        }
        world.crash()?;
    }
    Ok(())
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect(variable))
}

fn rerun(seed: u64) -> String {
    format!("TEST_SCHEDULE_SEED={seed} cargo test --lib random_schedules -- --nocapture")
}

#[test]
fn random_schedules_lose_nothing_and_show_no_anomaly() {
    if let Some(seed) = number("TEST_SCHEDULE_SEED") {
        assert_eq!(run(seed, Fsync::Works, true), Ok(()));
        return;
    }
    let schedules = number("TEST_SCHEDULES").unwrap_or(10_000);
    let started = std::time::Instant::now();
    for seed in 0..schedules {
        let panics = std::panic::catch_unwind(|| run(seed, Fsync::Works, false));
        match panics {
            Ok(Ok(())) => {}
            Ok(Err(wrong)) => panic!("schedule {seed}: {wrong}\n{}", rerun(seed)),
            Err(_) => panic!("schedule {seed} panicked\n{}", rerun(seed)),
        }
    }
    println!("{schedules} schedules in {} ms", started.elapsed().as_millis());
}

#[test]
fn the_same_seed_does_the_same_again() {
    for seed in 0..20 {
        let told = || world::telling(|| run(seed, Fsync::Works, true));
        assert_eq!(told(), told(), "seed {seed}");
    }
}

#[test]
fn an_fsync_that_does_nothing_is_found_out() {
    let found = (0..2_000).find_map(|seed| run(seed, Fsync::DoesNothing, false).err());
    let found = found.expect("no schedule has seen that nothing is durable");
    assert!(found.contains("acknowledged"), "{found}");
}
