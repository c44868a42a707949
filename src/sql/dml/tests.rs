//! Statements that change rows, from SQL to stored rows. Expected results are
//! PostgreSQL's.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;

use super::*;
use crate::catalog::{self, ConstraintKind, Default as ColumnDefault};
use crate::sql::bind::Binder;
use crate::sql::parse::{NodeEnum, parse};
use crate::table::tests::{Fixture, INT4, TEXT, UNIQUE, commit};
use crate::txn::Isolation;

const T: u32 = 90_100;
const S: u32 = 90_200;

/// `t (id int PRIMARY KEY, name text, n int DEFAULT 5)` and `s (id int, x int)`.
fn fixture() -> Fixture {
    let mut fixture = Fixture::over(catalog::bootstrap().expect("the built-in catalog"));
    fixture.table(T, "t", &[("id", INT4, true), ("name", TEXT, false), ("n", INT4, false)]);
    fixture.index(T + 1, T, "t_pkey", 1, UNIQUE);
    fixture.table(S, "s", &[("id", INT4, false), ("x", INT4, false)]);
    let mut t = (**fixture.catalog.relation(T).expect("t")).clone();
    t.columns[2].default = Some(ColumnDefault { oid: 1, sql: "5".into(), generated: false });
    fixture.relation(t);
    fixture
}

fn context(fixture: &Fixture) -> StatementContext {
    StatementContext { compiler: Arc::new(SqlCompiler), ..fixture.context() }
}

fn compiled(fixture: &Fixture, sql: &str) -> Result<Compiled> {
    let ctx = context(fixture);
    let parsed = parse(sql)?;
    let mut binder = Binder::new(&ctx.eval, &[]);
    Compiled::new(&binder.bind_statement(&parsed[0].node)?, &ctx.eval.catalog)
}

/// Runs one statement in a transaction that goes on; its tag and rows.
async fn run_in(
    fixture: &Fixture,
    work: &mut Work,
    sql: &str,
    params: &[Datum],
) -> Result<(String, Vec<String>)> {
    let ctx = context(fixture);
    let _mark = work.txn.begin_statement();
    let statement = compiled(fixture, sql)?;
    match statement.execute(params, work, &ctx).await? {
        Outcome::Command(tag) => Ok((tag, Vec::new())),
        Outcome::Rows(mut stream) => {
            let mut rows = Vec::new();
            while let Some(chunk) = stream.rows.next().await {
                let Rows::Datums(chunk) = chunk? else { panic!("datums expected") };
                rows.extend(chunk.iter().map(|row| text(row)));
            }
            let RowsTag::Fixed(tag) = stream.tag else { panic!("a fixed tag expected") };
            Ok((tag, rows))
        }
        _ => panic!("rows or a command expected"),
    }
}

fn text(row: &[Datum]) -> String {
    let value = |datum: &Datum| match datum {
        Datum::Null => "null".to_owned(),
        Datum::Int4(v) => v.to_string(),
        Datum::Int8(v) => v.to_string(),
        Datum::Text(v) => v.clone(),
        other => format!("{other:?}"),
    };
    row.iter().map(value).collect::<Vec<_>>().join("|")
}

/// Runs one statement in a transaction of its own.
async fn run(fixture: &Fixture, sql: &str) -> Result<(String, Vec<String>)> {
    let mut work = fixture.begin(Isolation::ReadCommitted);
    let result = run_in(fixture, &mut work, sql, &[]).await?;
    commit(work).await;
    Ok(result)
}

async fn tag(fixture: &Fixture, sql: &str) -> String {
    run(fixture, sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).0
}

fn stored(fixture: &Fixture, table: u32) -> Vec<String> {
    crate::table::tests::rows(fixture, table).iter().map(|row| text(row)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn insert_fills_defaults_and_returns_rows() {
    let fixture = fixture();
    let sql = "INSERT INTO t (id, name) VALUES (1, 'a'), (2, DEFAULT) RETURNING id + 1, name, n";
    assert!(compiled(&fixture, sql).expect("valid").is_fast());
    let (tag, rows) = run(&fixture, sql).await.expect("inserted");
    assert_eq!(tag, "INSERT 0 2");
    assert_eq!(rows, ["2|a|5", "3|null|5"]);
    assert_eq!(stored(&fixture, T), ["1|a|5", "2|null|5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn update_and_delete_by_key_need_no_plan() {
    let fixture = fixture();
    tag(&fixture, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)").await;
    let sql = "UPDATE t SET n = n + $1, name = name || '!' WHERE id = $2 RETURNING n";
    assert!(compiled(&fixture, sql).expect("valid").is_fast());
    let mut work = fixture.begin(Isolation::ReadCommitted);
    let params = [Datum::Int4(10), Datum::Int4(2)];
    let done = run_in(&fixture, &mut work, sql, &params).await.expect("updated");
    assert_eq!(done, ("UPDATE 1".into(), vec!["12".into()]));
    commit(work).await;
    assert_eq!(tag(&fixture, "DELETE FROM t WHERE id = 1 AND n > 5").await, "DELETE 0");
    assert_eq!(tag(&fixture, "DELETE FROM t WHERE id IN (1, 3, 4)").await, "DELETE 2");
    assert_eq!(stored(&fixture, T), ["2|b!|12"]);
    assert_eq!(tag(&fixture, "UPDATE t SET id = id + 1").await, "UPDATE 1");
    assert_eq!(stored(&fixture, T), ["3|b!|12"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_does_not_meet_its_own_rows() {
    let fixture = fixture();
    tag(&fixture, "INSERT INTO s VALUES (1, 1), (2, 2)").await;
    assert_eq!(tag(&fixture, "INSERT INTO s SELECT id + 10, x FROM s").await, "INSERT 0 2");
    assert_eq!(stored(&fixture, S), ["1|1", "2|2", "11|1", "12|2"]);
    assert_eq!(tag(&fixture, "UPDATE s SET id = id + 100 WHERE id < 1000").await, "UPDATE 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn joined_updates_take_each_row_once() {
    let fixture = fixture();
    tag(&fixture, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)").await;
    tag(&fixture, "INSERT INTO s VALUES (1, 7), (1, 7), (3, 9)").await;
    let sql = "UPDATE t SET n = s.x FROM s WHERE s.id = t.id RETURNING t.id, t.n, s.x";
    let (tag, rows) = run(&fixture, sql).await.expect("updated");
    assert_eq!((tag.as_str(), rows), ("UPDATE 1", vec!["1|7|7".to_owned()]));
    let sql = "DELETE FROM t USING s WHERE s.id = t.id";
    assert_eq!(self::tag(&fixture, sql).await, "DELETE 1");
    assert_eq!(stored(&fixture, T), ["2|b|2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_conflict_does_nothing_or_updates() {
    let fixture = fixture();
    tag(&fixture, "INSERT INTO t VALUES (1, 'a', 1)").await;
    let sql = "INSERT INTO t VALUES (1, 'x', 9), (2, 'b', 2) ON CONFLICT DO NOTHING";
    assert_eq!(tag(&fixture, sql).await, "INSERT 0 1");
    let sql = "INSERT INTO t VALUES (1, 'x', 9), (3, 'c', 3) ON CONFLICT (id) DO UPDATE \
               SET name = excluded.name || t.name, n = t.n + excluded.n RETURNING id, name, n";
    let (tag, rows) = run(&fixture, sql).await.expect("upserted");
    assert_eq!(tag, "INSERT 0 2");
    assert_eq!(rows, ["1|xa|10", "3|c|3"]);
    let sql = "INSERT INTO t VALUES (1, 'y', 1) ON CONFLICT (id) DO UPDATE SET n = 0 \
               WHERE t.n > 100";
    assert_eq!(self::tag(&fixture, sql).await, "INSERT 0 0");
    let sql = "INSERT INTO t VALUES (9, 'y', 1), (9, 'z', 1) ON CONFLICT (id) DO UPDATE SET n = 0";
    let error = run(&fixture, sql).await.expect_err("twice");
    assert_eq!(error.code().as_str(), "21000");
    assert_eq!(error.message(), "ON CONFLICT DO UPDATE command cannot affect row a second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_and_generated_columns_are_compiled_from_sql() {
    let mut fixture = fixture();
    let mut t = (**fixture.catalog.relation(T).expect("t")).clone();
    t.columns[2].default = Some(ColumnDefault { oid: 1, sql: "id * 2".into(), generated: true });
    fixture.relation(t);
    let kind = ConstraintKind::Check { sql: "id < 100".into(), columns: vec![1] };
    fixture.constraint(T + 2, T, "t_id_check", kind, false);
    let (_, rows) = run(&fixture, "INSERT INTO t (id) VALUES (4) RETURNING n").await.expect("ok");
    assert_eq!(rows, ["8"]);
    tag(&fixture, "UPDATE t SET id = 5").await;
    assert_eq!(stored(&fixture, T), ["5|null|10"]);
    let error = run(&fixture, "UPDATE t SET id = 100").await.expect_err("a violation");
    assert_eq!(error.code().as_str(), "23514");
    assert_eq!(
        error.message(),
        "new row for relation \"t\" violates check constraint \"t_id_check\""
    );
    assert_eq!(error.report().detail.as_deref(), Some("Failing row contains (100, null, 200)."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_changed_meanwhile_is_judged_again() {
    let fixture = Arc::new(fixture());
    tag(&fixture, "INSERT INTO t VALUES (1, 'a', 1)").await;
    let mut first = fixture.begin(Isolation::ReadCommitted);
    run_in(&fixture, &mut first, "UPDATE t SET n = n + 1", &[]).await.expect("updated");
    let spawn = |sql: &'static str| {
        let fixture = fixture.clone();
        tokio::spawn(async move { run(&fixture, sql).await })
    };
    let adds = spawn("UPDATE t SET n = n + 10 WHERE id = 1");
    let misses = spawn("UPDATE t SET name = 'late' WHERE n = 1");
    let joined = spawn("UPDATE t SET name = 'joined' FROM (SELECT 1 AS id) q WHERE q.id = t.id");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!adds.is_finished() && !misses.is_finished() && !joined.is_finished());
    commit(first).await;
    assert_eq!(adds.await.expect("no panic").expect("updated").0, "UPDATE 1");
    assert_eq!(misses.await.expect("no panic").expect("judged again").0, "UPDATE 0");
    assert_eq!(joined.await.expect("no panic").expect("started over").0, "UPDATE 1");
    assert_eq!(stored(&fixture, T), ["1|joined|12"]);
}

async fn copy(fixture: &Fixture, sql: &str, data: &[&str]) -> Result<u64> {
    let ctx = context(fixture);
    let parsed = parse(sql)?;
    let NodeEnum::CopyStmt(statement) = &parsed[0].node else { panic!("COPY expected") };
    let mut work = fixture.begin(Isolation::ReadCommitted);
    let outcome = copy::execute(statement, &mut work, &ctx).await?;
    let Outcome::CopyIn(mut copy) = outcome else { panic!("CopyIn expected") };
    for piece in data {
        copy.data(Bytes::copy_from_slice(piece.as_bytes()), &mut work).await?;
    }
    let rows = copy.done(&mut work).await?;
    commit(work).await;
    Ok(rows)
}

async fn copy_out(fixture: &Fixture, sql: &str) -> String {
    String::from_utf8(copy_messages(fixture, sql).await.concat()).expect("text")
}

async fn copy_messages(fixture: &Fixture, sql: &str) -> Vec<Bytes> {
    let ctx = context(fixture);
    let parsed = parse(sql).expect("valid");
    let NodeEnum::CopyStmt(statement) = &parsed[0].node else { panic!("COPY expected") };
    let mut work = fixture.begin(Isolation::ReadCommitted);
    let outcome = copy::execute(statement, &mut work, &ctx).await.expect("started");
    let Outcome::CopyOut(mut copy) = outcome else { panic!("CopyOut expected") };
    let mut all = Vec::new();
    while let Some(chunk) = copy.chunks.next().await {
        all.push(chunk.expect("readable").0);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_header_has_no_message_of_its_own() {
    let fixture = fixture();
    let lengths = |messages: Vec<Bytes>| messages.iter().map(Bytes::len).collect::<Vec<_>>();
    let sql = "COPY (SELECT g FROM generate_series(1, 2) g) TO STDOUT (FORMAT binary)";
    assert_eq!(lengths(copy_messages(&fixture, sql).await), [19 + 10, 10, 2]);
    let none = "COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)";
    assert_eq!(lengths(copy_messages(&fixture, none).await), [19 + 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_goes_in_and_out() {
    let fixture = fixture();
    let data = ["1\ta\\tb\t", "\\N\n2\t\\N\t7\n", "3\tx,\"y\"\t8"];
    assert_eq!(copy(&fixture, "COPY t FROM STDIN", &data).await.expect("copied"), 3);
    assert_eq!(stored(&fixture, T), ["1|a\tb|null", "2|null|7", "3|x,\"y\"|8"]);
    assert_eq!(
        copy_out(&fixture, "COPY t TO STDOUT").await,
        "1\ta\\tb\t\\N\n2\t\\N\t7\n3\tx,\"y\"\t8\n"
    );
    assert_eq!(
        copy_out(&fixture, "COPY t (name, id) TO STDOUT (FORMAT csv, HEADER)").await,
        "name,id\na\tb,1\n,2\n\"x,\"\"y\"\"\",3\n"
    );
    let csv = ["id,name\n4,\"q\nr\"\n", "5,\n"];
    let sql = "COPY t (id, name) FROM STDIN WITH (FORMAT csv, HEADER match) WHERE id > 4";
    assert_eq!(copy(&fixture, sql, &csv).await.expect("copied"), 1);
    assert_eq!(stored(&fixture, T)[3], "5|null|5");
    assert_eq!(
        copy_out(&fixture, "COPY (SELECT id * 2 FROM t WHERE id < 3 ORDER BY id) TO STDOUT").await,
        "2\n4\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_errors_name_line_and_column() {
    let fixture = fixture();
    let cases = [
        (
            "1\ta\t1\nx\tb\t2\n",
            "invalid input syntax for type integer: \"x\"",
            "COPY t, line 2, column id: \"x\"",
        ),
        ("1\ta\n", "missing data for column \"n\"", "COPY t, line 1: \"1\ta\""),
        (
            "1\ta\t1\tmore\n",
            "extra data after last expected column",
            "COPY t, line 1: \"1\ta\t1\tmore\"",
        ),
        (
            "\\N\ta\t1\n",
            "null value in column \"id\" of relation \"t\" violates not-null constraint",
            "COPY t, line 1: \"\\N\ta\t1\"",
        ),
        (
            "1\ta\t1\n1\tb\t1\n",
            "duplicate key value violates unique constraint \"t_pkey\"",
            "COPY t, line 2",
        ),
    ];
    for (data, message, place) in cases {
        let error = copy(&fixture, "COPY t FROM STDIN", &[data]).await.expect_err(message);
        assert_eq!(error.message(), message);
        assert_eq!(error.report().context.as_deref(), Some(place));
    }
    assert!(stored(&fixture, T).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn truncate_empties_and_refuses_referenced_tables() {
    let mut fixture = fixture();
    tag(&fixture, "INSERT INTO t VALUES (1, 'a', 1)").await;
    let key = crate::catalog::ForeignKey {
        columns: vec![1],
        referenced_table: T,
        referenced_columns: vec![1],
        referenced_index: T + 1,
        on_update: crate::catalog::ReferentialAction::NoAction,
        on_delete: crate::catalog::ReferentialAction::NoAction,
        delete_set_columns: Vec::new(),
        match_full: false,
        check_disabled: false,
        action_disabled: false,
    };
    fixture.constraint(S + 1, S, "s_id_fkey", ConstraintKind::ForeignKey(key), false);
    let ctx = context(&fixture);
    let mut work = fixture.begin(Isolation::ReadCommitted);
    let error = truncate(&mut work, &ctx, &[T], false, false).await.expect_err("referenced");
    assert_eq!(error.message(), "cannot truncate a table referenced in a foreign key constraint");
    truncate(&mut work, &ctx, &[T], false, true).await.expect("both");
    let changed = work.catalog.relation(T).expect("t").storage_id;
    assert_ne!(changed, T);
    let info = crate::table::TableInfo::of(&work.catalog, T).expect("info");
    assert_eq!(crate::table::scan::rid_rows(&info, &work.txn.overlay(), 0, u64::MAX).count(), 0);
}
