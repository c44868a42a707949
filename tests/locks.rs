//! Table locks: who waits for whom, and what a statement sees that has waited.
//!
//! A wait is observed in `pg_locks` and never timed.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use crate::support::{block_on, connect, zserver::Zserver};

/// Connections to one server.
struct Sessions {
    server: Zserver,
    observer: Client,
}

/// A statement under way on a connection of its own, which comes back with it.
type Running = JoinHandle<(Client, Result<Vec<SimpleQueryMessage>, Error>)>;

impl Sessions {
    async fn start(setup: &str) -> Sessions {
        let server = Zserver::start();
        let observer = connect(server.port).await;
        observer.batch_execute(setup).await.expect("the setup runs");
        Sessions { server, observer }
    }

    async fn connect(&self) -> Client {
        connect(self.server.port).await
    }

    async fn with(&self, sql: &str) -> Client {
        let client = self.connect().await;
        client.batch_execute(sql).await.expect(sql);
        client
    }

    async fn waiting(&self) -> i64 {
        count(&self.observer, "SELECT count(*) FROM pg_locks WHERE NOT granted").await
    }

    /// Starts a statement, and returns when it waits for a lock.
    async fn blocked(&self, client: Client, sql: &str) -> Running {
        let before = self.waiting().await;
        let text = sql.to_owned();
        let running = tokio::spawn(async move {
            let result = client.simple_query(&text).await;
            (client, result)
        });
        for _ in 0..6_000 {
            if self.waiting().await > before {
                return running;
            }
            assert!(!running.is_finished(), "{sql} does not wait");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{sql} neither waits nor ends");
    }
}

async fn backend_pid(client: &Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).await.expect("a pid").get(0)
}

async fn finished(running: Running) -> (Client, Result<Vec<SimpleQueryMessage>, Error>) {
    running.await.expect("the client task ends")
}

async fn ends_well(running: Running) -> Client {
    let (client, result) = finished(running).await;
    result.expect("what waited is done");
    client
}

async fn fails(running: Running) -> (SqlState, String) {
    let (_, result) = finished(running).await;
    code_and_message(result.expect_err("what waited fails"))
}

fn code_and_message(error: Error) -> (SqlState, String) {
    let error = error.as_db_error().expect("the server answers");
    (error.code().clone(), error.message().to_owned())
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect(sql).get(0)
}

const SETUP: &str = "CREATE TABLE t (a int PRIMARY KEY, b int); \
     INSERT INTO t VALUES (1, 10), (2, 20); CREATE VIEW v AS SELECT a FROM t; \
     CREATE TABLE u (a int)";

/// What needs the table for itself.
const OWNERS: [&str; 7] = [
    "ALTER TABLE t ADD COLUMN c int",
    "ALTER TABLE t RENAME COLUMN b TO bb",
    "ALTER TABLE t RENAME TO renamed",
    "DROP TABLE t CASCADE",
    "TRUNCATE t",
    "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
    "DROP VIEW v",
];

#[test]
fn whoever_changes_a_table_waits_for_its_readers() {
    let readers: [&str; 6] = [
        "SELECT b FROM t WHERE a = 1",
        "SELECT count(*) FROM v WHERE a > 0",
        "DECLARE c CURSOR FOR SELECT * FROM v",
        "INSERT INTO u SELECT a FROM v",
        "EXPLAIN SELECT * FROM v",
        "CREATE TABLE made AS SELECT a FROM v",
    ];
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        for (number, owner) in OWNERS.iter().enumerate() {
            let reader = readers[number % readers.len()];
            // A view's reader holds both the view and its table.
            let reader = if *owner == "DROP VIEW v" { readers[1] } else { reader };
            let client = sessions.with(&format!("BEGIN; {reader}")).await;
            let running = sessions.blocked(sessions.with("BEGIN").await, owner).await;
            client.batch_execute("COMMIT").await.expect("the reader is done");
            ends_well(running).await.batch_execute("ROLLBACK").await.expect("nothing is changed");
        }
        assert_eq!(
            count(
                &sessions.observer,
                "SELECT count(*) FROM pg_locks WHERE locktype <> 'virtualxid'"
            )
            .await,
            0
        );
    });
}

#[test]
fn lock_table_keeps_readers_out() {
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        let owner = sessions.with("BEGIN; LOCK TABLE t").await;
        let reader =
            sessions.blocked(sessions.connect().await, "SELECT b FROM t WHERE a = 1").await;
        let scan = sessions.blocked(sessions.connect().await, "SELECT sum(a) FROM v").await;
        let client = sessions.with("SET lock_timeout = 50").await;
        let error = client.simple_query("SELECT b FROM t WHERE a = 1").await.expect_err("timeout");
        let expected = "canceling statement due to lock timeout".to_owned();
        assert_eq!(code_and_message(error), (SqlState::LOCK_NOT_AVAILABLE, expected));
        client.batch_execute("BEGIN").await.expect("a transaction");
        let nowait = "LOCK TABLE t IN ACCESS SHARE MODE NOWAIT";
        let error = client.simple_query(nowait).await.expect_err("NOWAIT");
        let expected = "could not obtain lock on relation \"t\"".to_owned();
        assert_eq!(code_and_message(error), (SqlState::LOCK_NOT_AVAILABLE, expected));
        owner.batch_execute("COMMIT").await.expect("the owner is done");
        ends_well(reader).await;
        ends_well(scan).await;
    });
}

#[test]
fn a_deadlock_over_tables_ends_one_of_both() {
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        let first = sessions.with("SET deadlock_timeout = '1h'; BEGIN; SELECT a FROM t").await;
        let second = sessions.with("SET deadlock_timeout = 1; BEGIN; SELECT a FROM u").await;
        let waiting = sessions.blocked(first, "LOCK TABLE u").await;
        let error = second.simple_query("LOCK TABLE t").await.expect_err("a deadlock");
        let db_error = error.as_db_error().expect("the server answers");
        assert_eq!(db_error.code(), &SqlState::T_R_DEADLOCK_DETECTED);
        let detail = db_error.detail().expect("who waits for whom");
        assert!(detail.contains("waits for AccessExclusiveLock on relation"), "{detail}");
        ends_well(waiting).await;
    });
}

#[test]
fn pg_locks_shows_readers_and_who_waits_for_them() {
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        let reader = sessions.with("BEGIN; SELECT b FROM t WHERE a = 1").await;
        let pid = backend_pid(&reader).await;
        let held = "SELECT relation::regclass::text, mode, granted, fastpath FROM pg_locks \
                    WHERE locktype = 'relation' AND pid = $1";
        let row = sessions.observer.query_one(held, &[&pid]).await.expect("one lock");
        let (relation, mode): (String, String) = (row.get(0), row.get(1));
        assert_eq!((relation.as_str(), mode.as_str()), ("t", "AccessShareLock"));
        assert_eq!((row.get::<_, bool>(2), row.get::<_, bool>(3)), (true, true));
        let running = sessions.blocked(sessions.connect().await, "TRUNCATE t").await;
        let row = sessions.observer.query_one(held, &[&pid]).await.expect("one lock");
        assert!(!row.get::<_, bool>(3), "it was moved to the lock table");
        let blocking = "SELECT pg_blocking_pids(pid) FROM pg_locks WHERE NOT granted";
        let row = sessions.observer.query_one(blocking, &[]).await.expect("one waits");
        assert_eq!(row.get::<_, Vec<i32>>(0), [pid]);
        reader.batch_execute("COMMIT").await.expect("the reader is done");
        ends_well(running).await;
    });
}

#[test]
fn a_rollback_to_a_savepoint_gives_the_table_back() {
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        let reader = sessions.with("BEGIN; SAVEPOINT s; SELECT a FROM t").await;
        let running = sessions.blocked(sessions.connect().await, "TRUNCATE t").await;
        reader.batch_execute("ROLLBACK TO s").await.expect("the savepoint is there");
        ends_well(running).await;
    });
}

#[test]
fn what_waited_for_a_change_is_bound_to_what_is_there_now() {
    let cases: [(&str, &str, SqlState, &str); 6] = [
        (
            "ALTER TABLE t DROP COLUMN b",
            "SELECT b FROM t WHERE a = 1",
            SqlState::UNDEFINED_COLUMN,
            "column \"b\" does not exist",
        ),
        (
            "DROP TABLE t CASCADE",
            "SELECT * FROM t",
            SqlState::UNDEFINED_TABLE,
            "relation \"t\" does not exist",
        ),
        (
            "ALTER TABLE t RENAME TO w",
            "DELETE FROM t",
            SqlState::UNDEFINED_TABLE,
            "relation \"t\" does not exist",
        ),
        (
            "DROP TABLE t CASCADE",
            "DROP TABLE t",
            SqlState::UNDEFINED_TABLE,
            "table \"t\" does not exist",
        ),
        (
            "ALTER TABLE t ADD COLUMN c int",
            "ALTER TABLE t ADD COLUMN c int",
            SqlState::DUPLICATE_COLUMN,
            "column \"c\" of relation \"t\" already exists",
        ),
        (
            "CREATE UNIQUE INDEX k ON t (b)",
            "INSERT INTO t VALUES (3, 10)",
            SqlState::UNIQUE_VIOLATION,
            "duplicate key value violates unique constraint \"k\"",
        ),
    ];
    block_on(async {
        for (change, statement, code, message) in cases {
            let sessions = Sessions::start(SETUP).await;
            let owner = sessions.with(&format!("BEGIN; {change}")).await;
            let running = sessions.blocked(sessions.connect().await, statement).await;
            owner.batch_execute("COMMIT").await.expect("the change is committed");
            assert_eq!(fails(running).await, (code, message.to_owned()), "{statement}");
        }
    });
}

#[test]
fn a_result_has_the_columns_that_are_there_after_the_wait() {
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        let prepared = sessions.connect().await;
        let statement = prepared.prepare("SELECT * FROM t WHERE a = 1").await.expect("Parse");
        let owner = sessions.with("BEGIN; ALTER TABLE t ADD COLUMN c int DEFAULT 7").await;
        let sql = "SELECT * FROM t WHERE a = 1";
        let running = sessions.blocked(sessions.connect().await, sql).await;
        owner.batch_execute("COMMIT").await.expect("the change is committed");
        let (_, result) = finished(running).await;
        let messages = result.expect("a row");
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get("c"),
            _ => None,
        });
        assert_eq!(row, Some("7"));
        // What a client was told of a prepared statement stays true.
        let error = prepared.query(&statement, &[]).await.expect_err("other columns");
        let expected = "cached plan must not change result type".to_owned();
        assert_eq!(code_and_message(error), (SqlState::FEATURE_NOT_SUPPORTED, expected));
    });
}

#[test]
fn changes_of_one_table_come_one_after_the_other() {
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        let first = sessions.with("BEGIN; ALTER TABLE t ADD COLUMN c int DEFAULT 5").await;
        let change = "ALTER TABLE t ADD COLUMN d int DEFAULT 6";
        let second = sessions.blocked(sessions.connect().await, change).await;
        first.batch_execute("COMMIT").await.expect("the first change is committed");
        ends_well(second).await;
        assert_eq!(count(&sessions.observer, "SELECT sum(c + d) FROM t").await, 22);
        let owner = sessions.with("BEGIN; TRUNCATE t").await;
        let insert = "INSERT INTO t VALUES (7, 7)";
        let running = sessions.blocked(sessions.connect().await, insert).await;
        owner.batch_execute("COMMIT").await.expect("the table is empty");
        ends_well(running).await;
        assert_eq!(count(&sessions.observer, "SELECT sum(a)::bigint FROM t").await, 7);
    });
}

#[test]
fn repeatable_read_does_not_write_to_a_table_that_changed() {
    block_on(async {
        let sessions = Sessions::start(SETUP).await;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM u";
        let client = sessions.with(begin).await;
        sessions.observer.batch_execute("TRUNCATE t").await.expect("nobody reads t");
        let rows = client.query("SELECT a FROM t", &[]).await.expect("its snapshot has rows");
        assert_eq!(rows.len(), 2);
        let error = client.simple_query("INSERT INTO t VALUES (9, 9)").await.expect_err("40001");
        assert_eq!(code_and_message(error).0, SqlState::T_R_SERIALIZATION_FAILURE);
        client.batch_execute("ROLLBACK").await.expect("it ends");
        // At its first statement it may still take the newest snapshot.
        let owner = sessions.with("BEGIN; ALTER TABLE t DROP COLUMN b").await;
        let client = sessions.with("BEGIN ISOLATION LEVEL REPEATABLE READ").await;
        let running = sessions.blocked(client, "INSERT INTO t VALUES (9)").await;
        owner.batch_execute("COMMIT").await.expect("the change is committed");
        ends_well(running).await.batch_execute("COMMIT").await.expect("the row is there");
        assert_eq!(count(&sessions.observer, "SELECT count(*) FROM t").await, 1);
    });
}

#[test]
fn foreign_keys_lock_the_other_table() {
    block_on(async {
        let setup = "CREATE TABLE parent (a int PRIMARY KEY); INSERT INTO parent VALUES (1); \
                     CREATE TABLE child (a int REFERENCES parent ON DELETE CASCADE); \
                     INSERT INTO child VALUES (1)";
        let sessions = Sessions::start(setup).await;
        let client = sessions.with("BEGIN; DELETE FROM parent WHERE a = 1").await;
        let change = "ALTER TABLE child ALTER COLUMN a TYPE bigint";
        let running = sessions.blocked(sessions.connect().await, change).await;
        client.batch_execute("COMMIT").await.expect("both rows are deleted");
        ends_well(running).await;
        assert_eq!(count(&sessions.observer, "SELECT count(*) FROM child").await, 0);
    });
}
