//! Two transactions that want the same row or key.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::*;
use crate::txn::{LockMode, LockStatus, Resource, WaitPolicy};

fn keyed() -> Fixture {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false)]);
    fixture.index(101, 100, "t_pkey", 1, UNIQUE);
    fixture
}

/// Lets the other task run until it waits.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn an_insert_waits_for_the_same_key_and_fails_when_it_commits() {
    let fixture = Arc::new(keyed());
    let (mut first, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    insert(&mut first, &ctx, 100, vec![row(1, "a")]).await.expect("inserted");
    let other = fixture.clone();
    let second = tokio::spawn(async move { other.insert(100, vec![row(1, "b")]).await });
    settle().await;
    assert!(!second.is_finished(), "it waits for the key");
    commit(first).await;
    let error = second.await.expect("no panic").expect_err("a duplicate");
    assert_eq!(error.code().as_str(), "23505");
}

#[tokio::test]
async fn an_insert_waits_for_the_same_key_and_goes_on_when_it_rolls_back() {
    let fixture = Arc::new(keyed());
    let (mut first, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    insert(&mut first, &ctx, 100, vec![row(1, "a")]).await.expect("inserted");
    let other = fixture.clone();
    let second = tokio::spawn(async move { other.insert(100, vec![row(1, "b")]).await });
    settle().await;
    first.txn.rollback();
    second.await.expect("no panic").expect("the key is free");
    assert_eq!(ints(&fixture, 100), [1]);
}

/// A transaction whose keys are in the engine already, without locks of their own.
async fn loader(fixture: &Fixture) -> Work {
    let (mut loader, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    insert(&mut loader, &ctx, 100, vec![row(1, "a"), row(2, "a")]).await.expect("inserted");
    loader.txn.spill().expect("spilled");
    let is_key = |lock: &LockStatus| matches!(lock.resource, Resource::IndexKey { .. });
    assert!(!fixture.transactions.lock_status(1000).iter().any(is_key), "keys stay locked");
    loader
}

/// An insertion of a key that the loader has put.
async fn waiting_for_the_load(fixture: &Arc<Fixture>) -> JoinHandle<crate::Result<Vec<u64>>> {
    let other = fixture.clone();
    let second = tokio::spawn(async move { other.insert(100, vec![row(2, "b")]).await });
    settle().await;
    assert!(!second.is_finished(), "it waits for the load");
    second
}

#[tokio::test]
async fn an_insert_waits_for_the_bulk_load_of_its_key_and_fails_when_it_commits() {
    let fixture = Arc::new(keyed());
    let first = loader(&fixture).await;
    let second = waiting_for_the_load(&fixture).await;
    fixture.insert(100, vec![row(3, "b")]).await.expect("other keys are free");
    commit(first).await;
    let error = second.await.expect("no panic").expect_err("a duplicate");
    assert_eq!(error.code().as_str(), "23505");
    assert_eq!(ints(&fixture, 100), [1, 2, 3]);
}

#[tokio::test]
async fn an_insert_waits_for_the_bulk_load_of_its_key_and_goes_on_when_it_rolls_back() {
    let fixture = Arc::new(keyed());
    let first = loader(&fixture).await;
    let second = waiting_for_the_load(&fixture).await;
    first.txn.rollback();
    second.await.expect("no panic").expect("the key is free");
    assert_eq!(ints(&fixture, 100), [2]);
}

#[tokio::test]
async fn a_bulk_load_knows_its_own_keys_without_their_locks() {
    let fixture = keyed();
    let (mut first, ctx) = (loader(&fixture).await, fixture.context());
    let savepoint = first.txn.savepoint();
    let error = insert(&mut first, &ctx, 100, vec![row(2, "b")]).await.expect_err("a duplicate");
    assert_eq!(error.code().as_str(), "23505");
    first.txn.rollback_to(&savepoint);
    insert(&mut first, &ctx, 100, vec![row(3, "b")]).await.expect("inserted");
    commit(first).await;
    assert_eq!(ints(&fixture, 100), [1, 2, 3]);
}

#[tokio::test]
async fn an_insert_waits_for_the_deletion_of_its_key() {
    let fixture = Arc::new(keyed());
    let rids = fixture.insert(100, vec![row(1, "a")]).await.expect("inserted");
    let (mut first, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    delete(&mut first, &ctx, 100, rids[0]).await.expect("deleted");
    let other = fixture.clone();
    let second = tokio::spawn(async move { other.insert(100, vec![row(1, "b")]).await });
    settle().await;
    assert!(!second.is_finished(), "it waits for the row");
    commit(first).await;
    second.await.expect("no panic").expect("the key is free");
}

#[tokio::test]
async fn a_row_changed_since_the_snapshot_is_told_or_refused() {
    let fixture = keyed();
    let rids = fixture.insert(100, vec![row(1, "a")]).await.expect("inserted");
    let (info, ctx) = (fixture.info(100), fixture.context());
    let mut committed = fixture.begin(Isolation::ReadCommitted);
    let mut repeatable = fixture.begin(Isolation::RepeatableRead);
    let mut writer = fixture.begin(Isolation::ReadCommitted);
    let mode = LockMode::RowNoKeyUpdate;
    Writer::new(&mut writer, &ctx)
        .update(&info, rids[0], &row(1, "a"), row(1, "b"))
        .await
        .expect("updated");
    commit(writer).await;
    let locked =
        Writer::new(&mut committed, &ctx).lock_row(&info, rids[0], mode, WaitPolicy::Wait).await;
    assert!(matches!(locked, Ok(LockedRow::Changed(_))));
    drop(committed);
    let locked =
        Writer::new(&mut repeatable, &ctx).lock_row(&info, rids[0], mode, WaitPolicy::Wait).await;
    match locked {
        Err(error) => {
            assert_eq!(error.message(), "could not serialize access due to concurrent update");
        }
        Ok(_) => panic!("REPEATABLE READ must not go on"),
    }
}

#[tokio::test]
async fn lock_timeout_nowait_and_cancel_end_a_wait() {
    let fixture = keyed();
    let rids = fixture.insert(100, vec![row(1, "a")]).await.expect("inserted");
    let (info, mut ctx) = (fixture.info(100), fixture.context());
    let mode = LockMode::RowForUpdate;
    let mut holder = fixture.begin(Isolation::ReadCommitted);
    Writer::new(&mut holder, &ctx)
        .lock_row(&info, rids[0], mode, WaitPolicy::Wait)
        .await
        .expect("locked");
    ctx.limits.lock_timeout_ms = 10;
    let mut waiter = fixture.begin(Isolation::ReadCommitted);
    let mut writer = Writer::new(&mut waiter, &ctx);
    let timed_out = writer.lock_row(&info, rids[0], mode, WaitPolicy::Wait).await;
    assert_eq!(timed_out.err().expect("timed out").code().as_str(), "55P03");
    let refused = writer.lock_row(&info, rids[0], mode, WaitPolicy::NoWait).await;
    assert!(matches!(refused, Ok(LockedRow::NotAvailable)));
    let mut ctx = ctx.clone();
    ctx.limits.lock_timeout_ms = 0;
    ctx.cancel.cancel();
    let mut writer = Writer::new(&mut waiter, &ctx);
    let cancelled = writer.lock_row(&info, rids[0], mode, WaitPolicy::Wait).await;
    assert_eq!(cancelled.err().expect("cancelled").code().as_str(), "57014");
}

#[tokio::test]
async fn a_deadlock_ends_one_of_the_two() {
    let fixture = Arc::new(keyed());
    let rids = fixture.insert(100, vec![row(1, "a"), row(2, "b")]).await.expect("inserted");
    let lock_both = |first: u64, second: u64| {
        let fixture = fixture.clone();
        tokio::spawn(async move {
            let (info, ctx) = (fixture.info(100), fixture.context());
            let mut work = fixture.begin(Isolation::ReadCommitted);
            let mut writer = Writer::new(&mut work, &ctx);
            let mode = LockMode::RowForUpdate;
            writer.lock_row(&info, first, mode, WaitPolicy::Wait).await?;
            settle().await;
            writer.lock_row(&info, second, mode, WaitPolicy::Wait).await.map(|_| ())
        })
    };
    let (a, b) = (lock_both(rids[0], rids[1]), lock_both(rids[1], rids[0]));
    let results = [a.await.expect("no panic"), b.await.expect("no panic")];
    let failed: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].code().as_str(), "40P01");
}
