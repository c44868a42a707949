//! Sessions beside each other: objects of one name, locks, temporary objects.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::support::{block_on, connect, zserver::Zserver};

/// How long a statement that must wait is given to show that it does not.
const WAIT: Duration = Duration::from_millis(300);

/// Runs `first` in a transaction, then `second` in another session, which must wait;
/// ends the first and answers what became of the second.
async fn second_waits(
    port: u16,
    first: &str,
    second: &'static str,
    end: &str,
) -> Result<(), tokio_postgres::Error> {
    let (one, other) = (connect(port).await, connect(port).await);
    one.batch_execute(&format!("BEGIN; {first}")).await.expect("the first runs");
    let mut waiting = tokio::spawn(async move { other.batch_execute(second).await });
    let early = tokio::time::timeout(WAIT, &mut waiting).await;
    assert!(early.is_err(), "\"{second}\" did not wait for \"{first}\"");
    one.batch_execute(end).await.expect("the first ends");
    waiting.await.expect("no panic")
}

#[test]
fn objects_of_one_name_are_made_one_at_a_time() {
    let server = Zserver::start();
    block_on(async {
        for (first, second) in [
            ("CREATE TABLE t (a int)", "CREATE TABLE t (b int)"),
            ("CREATE SCHEMA s", "CREATE SCHEMA s"),
            ("CREATE SEQUENCE q", "CREATE SEQUENCE q"),
            ("CREATE TYPE e AS ENUM ('a')", "CREATE TYPE e AS ENUM ('b')"),
            ("CREATE ROLE r", "CREATE ROLE r"),
        ] {
            let error = second_waits(server.port, first, second, "COMMIT").await;
            let error = error.expect_err("the name is taken");
            assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION), "{second}: {error}");
        }
        let made = second_waits(
            server.port,
            "CREATE TABLE free (a int)",
            "CREATE TABLE free (b int)",
            "ROLLBACK",
        );
        made.await.expect("the name is free again");
    });
}

#[test]
fn who_waited_for_a_definition_sees_it() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute("CREATE TABLE t (a int); CREATE SCHEMA s").await.expect("a table");
        let first = "ALTER TABLE t ADD COLUMN b int";
        second_waits(server.port, first, "ALTER TABLE t ADD COLUMN c int", "COMMIT")
            .await
            .expect("both columns are added");
        client.query("SELECT a, b, c FROM t", &[]).await.expect("three columns");
        let error =
            second_waits(server.port, "CREATE TABLE s.x (a int)", "DROP SCHEMA s", "COMMIT")
                .await
                .expect_err("the schema is not empty any more");
        assert_eq!(error.code(), Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST));
        let error = second_waits(server.port, "DROP TABLE t", "ALTER TABLE t DROP b", "COMMIT")
            .await
            .expect_err("the table is gone");
        assert_eq!(error.code(), Some(&SqlState::UNDEFINED_TABLE));
    });
}

#[test]
fn rows_inside_a_subquery_are_locked() {
    let server = Zserver::start();
    block_on(async {
        let setup = "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1), (2); \
                     CREATE VIEW v AS SELECT * FROM t WHERE a = 1";
        connect(server.port).await.batch_execute(setup).await.expect("a table");
        for query in ["SELECT * FROM (SELECT * FROM t) s FOR UPDATE", "SELECT * FROM v FOR UPDATE"]
        {
            second_waits(server.port, query, "UPDATE t SET a = a WHERE a = 1", "COMMIT")
                .await
                .expect("the row is free again");
        }
    });
}

/// How many temporary relations and schemas there are, of whatever session.
async fn temporary_objects(port: u16) -> i64 {
    let count = "SELECT (SELECT count(*) FROM pg_class WHERE relpersistence = 't') \
                 + (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pg\\_temp%')";
    connect(port).await.query_one(count, &[]).await.expect("a count").get(0)
}

#[test]
fn temporary_objects_are_one_sessions_and_go_with_it() {
    let server = Zserver::start();
    block_on(async {
        let (one, other) = (connect(server.port).await, connect(server.port).await);
        let make = "CREATE TEMP TABLE t (id serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES";
        one.batch_execute(make).await.expect("a temporary table");
        let error = other.query("SELECT * FROM t", &[]).await.expect_err("not for others");
        assert_eq!(error.code(), Some(&SqlState::UNDEFINED_TABLE));
        let find =
            "SELECT relnamespace::regnamespace::text || '.t' FROM pg_class WHERE relname = 't'";
        let name: String = other.query_one(find, &[]).await.expect("it is listed").get(0);
        let error = other.query(&format!("SELECT * FROM {name}"), &[]).await.expect_err("not read");
        assert_eq!(error.code(), Some(&SqlState::FEATURE_NOT_SUPPORTED));
        assert!(temporary_objects(server.port).await > 0);
        drop(one);
        temporary_objects_go(server.port).await;
    });
}

async fn temporary_objects_go(port: u16) {
    for _ in 0..50 {
        if temporary_objects(port).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("temporary objects outlived their session");
}

#[test]
fn temporary_objects_come_and_go_beside_others() {
    let server = Zserver::start();
    let port = server.port;
    block_on(async {
        let sessions = (0..4).map(|_| {
            tokio::spawn(async move {
                for _ in 0..60 {
                    let make = "CREATE TEMP TABLE t (a int) ON COMMIT DELETE ROWS";
                    connect(port).await.batch_execute(make).await.expect("a table of its own");
                }
            })
        });
        for session in sessions.collect::<Vec<_>>() {
            session.await.expect("every session has made its tables");
        }
        temporary_objects_go(port).await;
    });
}

#[test]
fn temporary_objects_do_not_outlive_a_crash() {
    let server = Zserver::start();
    let data = block_on(async {
        // The client stays connected until the server is gone.
        let client = connect(server.port).await;
        let make = "CREATE TEMP TABLE t (a int); CREATE TEMP VIEW v AS SELECT * FROM t; CHECKPOINT";
        client.batch_execute(make).await.expect("a temporary table");
        assert!(temporary_objects(server.port).await > 0);
        server.kill()
    });
    let server = Zserver::start_over(&data, &[]);
    assert_eq!(block_on(temporary_objects(server.port)), 0);
}

/// A transaction begins with another one's snapshot, as long as that one runs.
#[test]
fn an_exported_snapshot_is_seen_by_others_until_its_transaction_ends() {
    let server = Zserver::start();
    block_on(async {
        let port = server.port;
        let (exporter, importer, writer) =
            (connect(port).await, connect(port).await, connect(port).await);
        writer.batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await.expect("t");
        let count = |client| async move {
            let client: &tokio_postgres::Client = client;
            client.query_one("SELECT count(*) FROM t", &[]).await.expect("a count").get::<_, i64>(0)
        };
        for level in ["REPEATABLE READ", "SERIALIZABLE"] {
            exporter.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).await.expect("BEGIN");
            let seen = count(&exporter).await;
            let row = exporter.query_one("SELECT pg_export_snapshot()", &[]).await.expect("an id");
            let id: String = row.get(0);
            writer.batch_execute("INSERT INTO t VALUES (2)").await.expect("INSERT");
            let begin = format!("BEGIN ISOLATION LEVEL {level}; SET TRANSACTION SNAPSHOT '{id}'");
            importer.batch_execute(&begin).await.expect("the snapshot is there");
            assert_eq!(count(&importer).await, seen, "{level}");
            assert_eq!(count(&writer).await, seen + 1, "{level}");
            importer.batch_execute("COMMIT").await.expect("COMMIT");
            exporter.batch_execute("COMMIT").await.expect("COMMIT");
            let error = importer.batch_execute(&begin).await.expect_err("it is gone");
            assert_eq!(error.code(), Some(&SqlState::INVALID_PARAMETER_VALUE), "{error}");
            importer.batch_execute("ROLLBACK").await.expect("ROLLBACK");
        }
        // Of two with one snapshot, each of which did not see the other, one fails.
        exporter.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE").await.expect("BEGIN");
        let row = exporter.query_one("SELECT pg_export_snapshot()", &[]).await.expect("an id");
        let id: String = row.get(0);
        let begin = format!("BEGIN ISOLATION LEVEL SERIALIZABLE; SET TRANSACTION SNAPSHOT '{id}'");
        importer.batch_execute(&begin).await.expect("the snapshot is there");
        assert_eq!(count(&importer).await, count(&exporter).await);
        importer.batch_execute("INSERT INTO t VALUES (3)").await.expect("INSERT");
        exporter.batch_execute("INSERT INTO t VALUES (4)").await.expect("INSERT");
        importer.batch_execute("COMMIT").await.expect("the first commits");
        let error = exporter.batch_execute("COMMIT").await.expect_err("the second does not");
        assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE), "{error}");
    });
}
