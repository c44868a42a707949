//! Who gets which lock when.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::table::Request;
use super::*;

const ROW: Resource = Resource::Row { table: 1, rid: 7 };
const RELATION: Resource = Resource::Table { database: 5, oid: 16384 };

fn table() -> Arc<LockTable> {
    Arc::new(LockTable::new(10_000))
}

fn log(table: &Arc<LockTable>, owner: Owner) -> LockLog {
    let mut log = LockLog::new(table.clone(), owner);
    log.set_session(LockSession::new(table, owner as i32 + 100));
    log
}

fn granted(log: &mut LockLog, resource: Resource, mode: LockMode) -> bool {
    let acquired = log.acquire(resource, mode, WaitPolicy::NoWait);
    matches!(acquired, Acquired::Granted | Acquired::AlreadyHeld)
}

fn wait(log: &mut LockLog, resource: Resource, mode: LockMode) -> LockWait {
    match log.acquire(resource, mode, WaitPolicy::Wait) {
        Acquired::Wait(wait) => wait,
        _ => panic!("{resource} should have to be waited for"),
    }
}

fn is_granted(wait: &mut LockWait) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(wait).poll(&mut context).is_ready()
}

use std::future::Future;

/// PostgreSQL's documentation, tables 13.2 and 13.3: `X` conflicts.
#[test]
fn modes_conflict_as_postgresql_documents() {
    let check = |modes: &[LockMode], rows: &[&str]| {
        for (held, row) in modes.iter().zip(rows) {
            for (wanted, mark) in modes.iter().zip(row.split(' ')) {
                assert_eq!(held.conflicts_with(*wanted), mark == "X", "{held:?} {wanted:?}");
            }
        }
    };
    check(&LockMode::ALL[..4], &[". . . X", ". . X X", ". X X X", "X X X X"]);
    check(
        &LockMode::ALL[4..],
        &[
            ". . . . . . . X",
            ". . . . . . X X",
            ". . . . X X X X",
            ". . . X X X X X",
            ". . X X . X X X",
            ". . X X X X X X",
            ". X X X X X X X",
            "X X X X X X X X",
        ],
    );
}

#[test]
fn locks_are_granted_exactly_where_modes_do_not_conflict() {
    for held in LockMode::ALL {
        for wanted in LockMode::ALL {
            if held.is_row_mode() != wanted.is_row_mode() {
                continue;
            }
            let resource = if held.is_row_mode() { ROW } else { RELATION };
            let table = table();
            let (mut first, mut second) = (log(&table, 1), log(&table, 2));
            assert!(granted(&mut first, resource, held));
            assert_eq!(granted(&mut second, resource, wanted), !held.conflicts_with(wanted));
            drop(first);
            assert!(granted(&mut second, resource, wanted));
        }
    }
}

#[test]
fn own_locks_are_reentrant_and_upgradable() {
    let table = table();
    let (mut first, mut second) = (log(&table, 1), log(&table, 2));
    assert!(granted(&mut first, ROW, LockMode::RowKeyShare));
    assert!(granted(&mut second, ROW, LockMode::RowKeyShare));
    assert!(granted(&mut first, ROW, LockMode::RowNoKeyUpdate));
    assert!(granted(&mut first, ROW, LockMode::RowNoKeyUpdate));
    assert!(!granted(&mut first, ROW, LockMode::RowForUpdate));
    drop(second);
    assert!(granted(&mut first, ROW, LockMode::RowForUpdate));
}

#[test]
fn waiters_are_served_in_order_and_nobody_overtakes_them() {
    let table = table();
    let mut logs: Vec<LockLog> = (1..=4).map(|owner| log(&table, owner)).collect();
    assert!(granted(&mut logs[0], RELATION, LockMode::AccessShare));
    let mut exclusive = wait(&mut logs[1], RELATION, LockMode::AccessExclusive);
    let mut share = wait(&mut logs[2], RELATION, LockMode::AccessShare);
    assert!(!granted(&mut logs[3], RELATION, LockMode::AccessShare), "would starve the waiter");
    drop(logs.remove(0));
    assert!(is_granted(&mut exclusive));
    assert!(!is_granted(&mut share));
    drop(logs.remove(0));
    assert!(is_granted(&mut share));
}

#[test]
fn upgrade_does_not_queue_behind_those_who_wait_for_it() {
    let table = table();
    let (mut first, mut second) = (log(&table, 1), log(&table, 2));
    assert!(granted(&mut first, RELATION, LockMode::AccessShare));
    let _waits = wait(&mut second, RELATION, LockMode::AccessExclusive);
    assert!(granted(&mut first, RELATION, LockMode::RowExclusive));
}

#[test]
fn dropped_wait_lets_the_next_one_pass() {
    let table = table();
    let (mut first, mut second, mut third) = (log(&table, 1), log(&table, 2), log(&table, 3));
    assert!(granted(&mut first, RELATION, LockMode::AccessShare));
    let exclusive = wait(&mut second, RELATION, LockMode::AccessExclusive);
    let mut share = wait(&mut third, RELATION, LockMode::AccessShare);
    drop(exclusive);
    assert!(is_granted(&mut share));
    drop(second);
    assert_eq!(table.status(10).len(), 2);
}

#[test]
fn everything_is_forgotten_when_it_is_released() {
    let table = table();
    let (mut first, mut second) = (log(&table, 1), log(&table, 2));
    for rid in 0..5000 {
        assert!(granted(&mut first, Resource::row(1, rid), LockMode::RowForUpdate));
    }
    let _waits = wait(&mut second, Resource::row(1, 4000), LockMode::RowForUpdate);
    assert_eq!(table.status(10_000).len(), 5001);
    drop(first);
    assert_eq!(table.status(10_000).len(), 1);
    drop(_waits);
    drop(second);
    assert!(table.shards.iter().all(|shard| shard.lock().entries().next().is_none()));
    assert!(table.waits.lock().is_empty());
}

#[test]
fn many_keys_cost_one_entry_of_the_log_and_are_released_by_savepoint() {
    let table = table();
    let (mut first, mut second) = (log(&table, 1), log(&table, 2));
    let key = |n: u64| Resource::index_key(9, &n.to_be_bytes());
    (0..10_000).for_each(|n| assert!(granted(&mut first, key(n), LockMode::Exclusive)));
    let savepoint = first.position();
    assert_eq!(savepoint, 1);
    (10_000..20_000).for_each(|n| assert!(granted(&mut first, key(n), LockMode::Exclusive)));
    assert!(!granted(&mut second, key(15_000), LockMode::Exclusive));
    let mut waits = wait(&mut second, key(15_000), LockMode::Exclusive);
    first.release_since(savepoint);
    assert!(is_granted(&mut waits));
    assert!(!granted(&mut second, key(5_000), LockMode::Exclusive));
    assert_eq!(table.status(100_000).len(), 10_001);
    drop(first);
    assert!(granted(&mut second, key(5_000), LockMode::Exclusive));
}

#[test]
fn who_shares_a_row_does_not_queue_behind_who_waits_for_it_alone() {
    let table = table();
    let (mut first, mut second, mut third) = (log(&table, 1), log(&table, 2), log(&table, 3));
    assert!(granted(&mut first, ROW, LockMode::RowKeyShare));
    let mut waits = wait(&mut second, ROW, LockMode::RowForUpdate);
    assert!(granted(&mut third, ROW, LockMode::RowKeyShare));
    drop(first);
    assert!(!is_granted(&mut waits));
    drop(third);
    assert!(is_granted(&mut waits));
}

#[test]
fn rollback_to_a_savepoint_releases_what_came_after_it() {
    let table = table();
    let (mut first, mut second) = (log(&table, 1), log(&table, 2));
    let row = |rid| Resource::row(1, rid);
    assert!(granted(&mut first, row(1), LockMode::RowForUpdate));
    let savepoint = first.position();
    assert!(granted(&mut first, row(2), LockMode::RowForUpdate));
    assert!(granted(&mut first, row(1), LockMode::RowForUpdate));
    first.release_since(savepoint);
    assert!(granted(&mut second, row(2), LockMode::RowForUpdate));
    assert!(!granted(&mut second, row(1), LockMode::RowForUpdate));
}

#[test]
fn session_locks_count_and_do_not_conflict_with_their_own_session() {
    let table = table();
    let key = Resource::advisory(5, 42);
    let mut session = SessionLocks::new(table.clone(), 1000, 101);
    let (mut own, mut other) = (log(&table, 1), log(&table, 2));
    let lock = |session: &mut SessionLocks| {
        matches!(session.lock(key, LockMode::Exclusive, WaitPolicy::NoWait), LockOutcome::Granted)
    };
    assert!(lock(&mut session) && lock(&mut session));
    assert!(granted(&mut own, key, LockMode::Exclusive));
    drop(own);
    assert!(session.unlock(key, LockMode::Exclusive));
    assert!(!granted(&mut other, key, LockMode::Exclusive));
    assert!(session.unlock(key, LockMode::Exclusive));
    assert!(granted(&mut other, key, LockMode::Exclusive));
    assert!(!session.unlock(key, LockMode::Exclusive));
}

#[test]
fn deadlock_of_two_is_found_and_told_in_postgresql_words() {
    let table = table();
    let (mut first, mut second) = (log(&table, 1), log(&table, 2));
    assert!(granted(&mut first, ROW, LockMode::RowForUpdate));
    assert!(granted(&mut second, RELATION, LockMode::AccessExclusive));
    let first_waits = wait(&mut first, RELATION, LockMode::AccessShare);
    assert!(first_waits.detect_deadlock().is_ok());
    let mut second_waits = wait(&mut second, ROW, LockMode::RowNoKeyUpdate);
    assert_eq!(table.blocking_pids(101), [102]);
    let error = first_waits.detect_deadlock().expect_err("a cycle");
    assert_eq!(error.code().as_str(), "40P01");
    assert_eq!(error.message(), "deadlock detected");
    let report = error.report();
    assert_eq!(
        report.detail.as_deref(),
        Some(
            "Process 101 waits for AccessShareLock on relation 16384 of database 5; \
             blocked by process 102.\n\
             Process 102 waits for ShareLock on transaction 1; blocked by process 101."
        )
    );
    assert_eq!(report.hint.as_deref(), Some("See server log for query details."));
    drop((first_waits, first));
    assert!(is_granted(&mut second_waits));
}

#[test]
fn deadlock_of_many_is_found_by_each_and_a_chain_is_none() {
    let table = table();
    let row = |rid| Resource::row(1, rid);
    let mut logs: Vec<LockLog> = (0..5).map(|owner| log(&table, owner + 1)).collect();
    for (rid, log) in (0..).zip(&mut logs) {
        assert!(granted(log, row(rid), LockMode::RowForUpdate));
    }
    let mut waits: Vec<LockWait> =
        (0..4).map(|n| wait(&mut logs[n], row(n as u64 + 1), LockMode::RowForShare)).collect();
    assert!(waits.iter().all(|wait| wait.detect_deadlock().is_ok()));
    waits.push(wait(&mut logs[4], row(0), LockMode::RowKeyShare));
    assert!(waits[2].detect_deadlock().is_err());
    assert!(waits[0].detect_deadlock().is_ok(), "the cycle was broken by the one that gave up");
}

/// The queue itself is part of who waits for whom: a waiter ahead blocks too, and may
/// be passed.
#[test]
fn deadlock_through_a_waiter_ahead_ends_with_going_first() {
    let table = table();
    let (mut first, mut second, mut third) = (log(&table, 1), log(&table, 2), log(&table, 3));
    assert!(granted(&mut first, RELATION, LockMode::AccessShare));
    assert!(granted(&mut third, ROW, LockMode::RowForUpdate));
    let _ahead = wait(&mut second, RELATION, LockMode::AccessExclusive);
    let mut behind = wait(&mut third, RELATION, LockMode::AccessShare);
    let _first_waits = wait(&mut first, ROW, LockMode::RowForUpdate);
    assert!(!is_granted(&mut behind));
    assert!(behind.detect_deadlock().is_ok());
    assert!(is_granted(&mut behind));
}

/// A session has several owners: its transaction, and what holds its advisory locks.
#[test]
fn a_deadlock_over_two_owners_of_a_session_is_found() {
    let table = table();
    let key = Resource::advisory(5, 42);
    let mut advisory = SessionLocks::new(table.clone(), 1000, 101);
    let (mut first, mut second) = (log(&table, 1), log(&table, 2));
    let lock = advisory.lock(key, LockMode::Exclusive, WaitPolicy::NoWait);
    assert!(matches!(lock, LockOutcome::Granted));
    assert!(granted(&mut second, ROW, LockMode::RowForUpdate));
    let _first_waits = wait(&mut first, ROW, LockMode::RowForUpdate);
    let second_waits = wait(&mut second, key, LockMode::Exclusive);
    let error = second_waits.detect_deadlock().expect_err("a cycle");
    assert_eq!(error.code().as_str(), "40P01");
}

/// Two in a row are in the way.
#[test]
fn several_waiters_ahead_are_passed() {
    let table = table();
    let mut logs: Vec<LockLog> = (1..=4).map(|owner| log(&table, owner)).collect();
    let other = Resource::Table { database: 5, oid: 99 };
    let mode = LockMode::ShareUpdateExclusive;
    assert!(granted(&mut logs[0], RELATION, mode));
    assert!(granted(&mut logs[1], other, LockMode::AccessShare));
    let _second = wait(&mut logs[1], RELATION, mode);
    let mut third = wait(&mut logs[2], other, LockMode::AccessExclusive);
    let mut fourth = wait(&mut logs[3], other, LockMode::AccessExclusive);
    let mut first = wait(&mut logs[0], other, mode);
    assert!(first.detect_deadlock().is_ok());
    assert!(is_granted(&mut first));
    assert!(!is_granted(&mut third) && !is_granted(&mut fourth));
}

/// Going first is no help where the one ahead is waited for elsewhere, too.
#[test]
fn a_cycle_that_stays_whoever_goes_first_has_a_victim() {
    let table = table();
    let (mut first, mut second, mut third) = (log(&table, 1), log(&table, 2), log(&table, 3));
    let other = Resource::Table { database: 5, oid: 99 };
    assert!(granted(&mut first, RELATION, LockMode::AccessShare));
    assert!(granted(&mut third, other, LockMode::AccessExclusive));
    let mut ahead = wait(&mut second, RELATION, LockMode::AccessExclusive);
    let behind = wait(&mut third, RELATION, LockMode::AccessExclusive);
    let mut first_waits = wait(&mut first, other, LockMode::AccessShare);
    assert!(behind.detect_deadlock().is_err());
    drop((behind, third));
    assert!(is_granted(&mut first_waits) && !is_granted(&mut ahead));
}

#[test]
fn contended_locks_from_many_threads_exclude_each_other() {
    let table = table();
    let inside = std::sync::atomic::AtomicU64::new(0);
    thread::scope(|scope| {
        for owner in 0..8 {
            let (table, inside) = (&table, &inside);
            scope.spawn(move || {
                for turn in 0..200 {
                    let mut log = log(table, owner * 1000 + turn);
                    match log.acquire(ROW, LockMode::RowForUpdate, WaitPolicy::Wait) {
                        Acquired::Wait(wait) => wait.wait(),
                        Acquired::Granted => {}
                        _ => unreachable!("it is free or has to be waited for"),
                    }
                    use std::sync::atomic::Ordering::SeqCst;
                    assert_eq!(inside.fetch_add(1, SeqCst), 0);
                    thread::yield_now();
                    inside.fetch_sub(1, SeqCst);
                }
            });
        }
    });
}

/// Prints nanoseconds per lock and unlock without contention; run by hand, in release.
#[test]
#[ignore = "a measurement"]
fn uncontended_lock_cost() {
    let table = table();
    const TURNS: u64 = 1_000_000;
    for (name, resource) in [
        ("row", (|n| Resource::row(1, n * 37 % 100_000)) as fn(u64) -> Resource),
        ("key", |n| Resource::IndexKey { index: 1, hash: n }),
    ] {
        let started = Instant::now();
        for turn in 0..TURNS {
            let resource = resource(turn);
            let request = Request { owner: 1, pid: 1, resource, mode: LockMode::RowForUpdate };
            let _ = table.acquire(request, WaitPolicy::NoWait, false);
            table.release(1, resource, LockMode::RowForUpdate);
        }
        println!("{name}: {:?} each", started.elapsed() / TURNS as u32);
    }
    let started = Instant::now();
    let mut bulk = log(&table, 1);
    (0..TURNS)
        .for_each(|rid| assert!(granted(&mut bulk, Resource::row(2, rid), LockMode::RowForUpdate)));
    let taken = started.elapsed();
    drop(bulk);
    println!("bulk: {:?} each, release {:?}", taken / TURNS as u32, started.elapsed() - taken);
    assert!(started.elapsed() < Duration::from_secs(60));
}

/// Two who wait for each other's keys, and a third in one of the queues: whoever
/// searches first may give up, and another's search have gone by way of him.
#[test]
fn searches_at_one_time_leave_no_cycle() {
    let key = |hash| Resource::IndexKey { index: 1, hash };
    for _ in 0..500 {
        let table = table();
        let mut logs: Vec<LockLog> = (1..=3).map(|owner| log(&table, owner)).collect();
        assert!(granted(&mut logs[0], key(1), LockMode::Exclusive));
        assert!(granted(&mut logs[1], key(2), LockMode::Exclusive));
        let queued = wait(&mut logs[2], key(1), LockMode::Exclusive);
        let second = wait(&mut logs[1], key(1), LockMode::Exclusive);
        let first = wait(&mut logs[0], key(2), LockMode::Exclusive);
        let start = std::sync::Barrier::new(3);
        let victims: usize = thread::scope(|scope| {
            let search = |wait: LockWait| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    (usize::from(wait.detect_deadlock().is_err()), wait)
                })
            };
            let mut searches = vec![search(first), search(second), search(queued)];
            let of_the_third = searches.pop().map(|search| search.join().unwrap());
            let of_both: Vec<_> = searches.into_iter().map(|s| s.join().unwrap()).collect();
            drop(of_the_third);
            of_both.iter().map(|(victims, _)| victims).sum()
        });
        assert_eq!(victims, 1, "of two who wait for each other one gives up");
    }
}
