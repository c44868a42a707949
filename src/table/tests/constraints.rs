//! Constraints of single transactions; messages are PostgreSQL's.

use super::*;
use crate::txn::LockMode;

fn parent_and_child(action: ReferentialAction) -> Fixture {
    let mut fixture = Fixture::memory();
    with_parent_and_child(&mut fixture, action, false);
    fixture
}

fn with_parent_and_child(fixture: &mut Fixture, action: ReferentialAction, deferrable: bool) {
    fixture.table(100, "parent", &[("id", INT4, true), ("name", TEXT, false)]);
    fixture.index(101, 100, "parent_pkey", 1, UNIQUE);
    fixture.table(200, "child", &[("id", INT4, true), ("pid", INT4, false)]);
    let key = ForeignKey {
        columns: vec![2],
        referenced_table: 100,
        referenced_columns: vec![1],
        referenced_index: 101,
        on_update: action,
        on_delete: action,
        delete_set_columns: Vec::new(),
        match_full: false,
        check_disabled: false,
        action_disabled: false,
    };
    fixture.constraint(300, 200, "child_pid_fkey", ConstraintKind::ForeignKey(key), deferrable);
}

fn pair(id: i32, pid: i32) -> Vec<Datum> {
    vec![Datum::Int4(id), Datum::Int4(pid)]
}

#[tokio::test]
async fn not_null_names_the_column_and_shows_the_row() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, true)]);
    let error = fixture
        .insert(100, vec![vec![Datum::Int4(1), Datum::Null]])
        .await
        .expect_err("a NULL name");
    assert_eq!(error.code().as_str(), "23502");
    assert_eq!(
        error.message(),
        "null value in column \"name\" of relation \"t\" violates not-null constraint"
    );
    assert_eq!(error.report().detail.as_deref(), Some("Failing row contains (1, null)."));
    assert_eq!(error.report().column.as_deref(), Some("name"));
}

#[tokio::test]
async fn duplicate_keys_are_refused_in_and_across_transactions() {
    on_both_engines(|mut fixture| async move {
        fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false)]);
        fixture.index(101, 100, "t_pkey", 1, UNIQUE);
        fixture.insert(100, vec![row(1, "a"), row(2, "b")]).await.expect("distinct keys");
        let error = fixture.insert(100, vec![row(1, "c")]).await.expect_err("a duplicate");
        assert_eq!(error.code().as_str(), "23505");
        assert_eq!(error.message(), "duplicate key value violates unique constraint \"t_pkey\"");
        assert_eq!(error.report().detail.as_deref(), Some("Key (id)=(1) already exists."));
        assert_eq!(error.report().constraint.as_deref(), Some("t_pkey"));
        let twice = fixture.insert(100, vec![row(3, "c"), row(3, "d")]).await;
        assert_eq!(twice.expect_err("a duplicate").code().as_str(), "23505");
        assert_eq!(ints(&fixture, 100), [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn nulls_are_distinct_in_a_unique_index() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, false)]);
    fixture.index(101, 100, "t_key", 1, UNIQUE);
    let null = || vec![Datum::Null];
    fixture.insert(100, vec![null(), null()]).await.expect("NULLs equal nothing");
    assert_eq!(rows(&fixture, 100).len(), 2);
}

#[tokio::test]
async fn a_deleted_key_can_be_inserted_again_in_the_same_transaction() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false)]);
    fixture.index(101, 100, "t_pkey", 1, UNIQUE);
    let rids = fixture.insert(100, vec![row(1, "a")]).await.expect("inserted");
    let (mut work, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    delete(&mut work, &ctx, 100, rids[0]).await.expect("deleted");
    insert(&mut work, &ctx, 100, vec![row(1, "b")]).await.expect("inserted again");
    commit(work).await;
    assert_eq!(ints(&fixture, 100), [1]);
    assert_eq!(fixture.transactions.published().row_count(100).expect("a count"), 1);
}

#[tokio::test]
async fn deferrable_uniqueness_is_checked_at_commit() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false)]);
    fixture.index(101, 100, "t_key", 1, IndexOptions { deferrable: true, ..UNIQUE });
    let (mut work, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    let rids = insert(&mut work, &ctx, 100, vec![row(1, "a"), row(1, "b")]).await.expect("later");
    let error = check_deferred(&mut work, &ctx, true).await.expect_err("a duplicate");
    assert_eq!(error.code().as_str(), "23505");
    work.txn.rollback();
    let mut work = fixture.begin(Isolation::ReadCommitted);
    let rids_again = insert(&mut work, &ctx, 100, vec![row(1, "a"), row(1, "b")]).await;
    delete(&mut work, &ctx, 100, rids_again.expect("later")[1]).await.expect("deleted");
    check_deferred(&mut work, &ctx, true).await.expect("one is left");
    drop(rids);
    commit(work).await;
    assert_eq!(ints(&fixture, 100), [1]);
}

#[tokio::test]
async fn a_reference_needs_its_row() {
    on_both_engines(|mut fixture| async move {
        with_parent_and_child(&mut fixture, ReferentialAction::NoAction, false);
        fixture.insert(100, vec![row(1, "a")]).await.expect("a parent");
        fixture.insert(200, vec![pair(10, 1)]).await.expect("a child of 1");
        fixture.insert(200, vec![vec![Datum::Int4(11), Datum::Null]]).await.expect("no reference");
        let error = fixture.insert(200, vec![pair(12, 5)]).await.expect_err("no parent 5");
        assert_eq!(error.code().as_str(), "23503");
        assert_eq!(
            error.message(),
            "insert or update on table \"child\" violates foreign key constraint \
             \"child_pid_fkey\""
        );
        assert_eq!(
            error.report().detail.as_deref(),
            Some("Key (pid)=(5) is not present in table \"parent\".")
        );
    })
    .await;
}

#[tokio::test]
async fn a_referenced_row_stays() {
    let fixture = parent_and_child(ReferentialAction::NoAction);
    let rids = fixture.insert(100, vec![row(1, "a")]).await.expect("a parent");
    fixture.insert(200, vec![pair(10, 1)]).await.expect("a child");
    let (mut work, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    let error = delete(&mut work, &ctx, 100, rids[0]).await.expect_err("referenced");
    assert_eq!(
        error.message(),
        "update or delete on table \"parent\" violates foreign key constraint \
         \"child_pid_fkey\" on table \"child\""
    );
    assert_eq!(
        error.report().detail.as_deref(),
        Some("Key (id)=(1) is still referenced from table \"child\".")
    );
}

#[tokio::test]
async fn cascade_deletes_and_set_null_clears() {
    let fixture = parent_and_child(ReferentialAction::Cascade);
    let rids = fixture.insert(100, vec![row(1, "a"), row(2, "b")]).await.expect("parents");
    fixture.insert(200, vec![pair(10, 1), pair(11, 2), pair(12, 1)]).await.expect("children");
    let (mut work, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    delete(&mut work, &ctx, 100, rids[0]).await.expect("cascades");
    commit(work).await;
    assert_eq!(ints(&fixture, 200), [11]);

    let fixture = parent_and_child(ReferentialAction::SetNull);
    let rids = fixture.insert(100, vec![row(1, "a")]).await.expect("a parent");
    fixture.insert(200, vec![pair(10, 1)]).await.expect("a child");
    let mut work = fixture.begin(Isolation::ReadCommitted);
    delete(&mut work, &fixture.context(), 100, rids[0]).await.expect("sets NULL");
    commit(work).await;
    assert!(rows(&fixture, 200)[0][1].is_null());
}

#[tokio::test]
async fn a_deferred_reference_may_come_before_its_row() {
    let mut fixture = Fixture::memory();
    with_parent_and_child(&mut fixture, ReferentialAction::NoAction, true);
    let (mut work, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    insert(&mut work, &ctx, 200, vec![pair(10, 1)]).await.expect("checked later");
    assert_eq!(
        check_deferred(&mut work, &ctx, true).await.expect_err("no parent").code().as_str(),
        "23503"
    );
    let mut work = fixture.begin(Isolation::ReadCommitted);
    insert(&mut work, &ctx, 200, vec![pair(10, 1)]).await.expect("checked later");
    insert(&mut work, &ctx, 100, vec![row(1, "a")]).await.expect("the parent");
    check_deferred(&mut work, &ctx, true).await.expect("it is there now");
}

#[test]
fn a_change_of_a_key_needs_the_strongest_lock() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false)]);
    fixture.index(101, 100, "t_pkey", 1, UNIQUE);
    let info = fixture.info(100);
    assert_eq!(Writer::update_lock(&info, [1]), LockMode::RowForUpdate);
    assert_eq!(Writer::update_lock(&info, [2]), LockMode::RowNoKeyUpdate);
}
