//! Prepared transactions over a server's life: kill −9 and SIGTERM between all steps,
//! and other sessions that meet them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{block_on, connect, zserver::Zserver};

/// How a server ends between two steps.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Kill,
    Terminate,
    None,
}

const ENDS: [End; 3] = [End::Kill, End::Terminate, End::None];

fn next_life(server: Zserver, end: End, data: &Path) -> Zserver {
    match end {
        End::None => return server,
        End::Kill => drop(server.kill()),
        End::Terminate => assert_eq!(server.terminate().code(), Some(0)),
    }
    Zserver::start_over(data, &[])
}

fn run(server: &Zserver, sql: &str) {
    block_on(async { connect(server.port).await.batch_execute(sql).await.expect(sql) });
}

/// The first column of a query's rows, joined.
async fn column(client: &Client, sql: &str) -> String {
    let messages = client.simple_query(sql).await.expect(sql);
    let values = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
        _ => None,
    });
    values.collect::<Vec<_>>().join(" ")
}

fn ask(server: &Zserver, sql: &str) -> String {
    block_on(async { column(&connect(server.port).await, sql).await })
}

/// The SQLSTATE that a statement fails with.
async fn code(client: &Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    error.code().map(|code| code.code().to_owned()).unwrap_or_default()
}

fn fresh() -> (tempfile::TempDir, PathBuf, Zserver) {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Zserver::start_over(&data, &[]);
    (directory, data, server)
}

const SETUP: &str = "CREATE TABLE account (id int PRIMARY KEY, balance int, note text UNIQUE); \
     INSERT INTO account SELECT g, 100, 'n' || g FROM generate_series(1, 50) g; \
     CREATE TABLE gone (a int); CREATE SEQUENCE numbers";

/// Rows changed, deleted and added, a table made and one dropped, a column added.
const WORK: &str = "BEGIN; UPDATE account SET balance = balance - 10 WHERE id <= 10; \
     DELETE FROM account WHERE id = 50; INSERT INTO account VALUES (60, 100, 'n60'); \
     CREATE TABLE made (a int PRIMARY KEY, b text DEFAULT 'b'); INSERT INTO made VALUES (1), (2); \
     CREATE INDEX ON made (b); DROP TABLE gone; \
     SELECT pg_advisory_xact_lock(7); PREPARE TRANSACTION 'work'";

/// While it is prepared: nobody sees it, and nobody can touch what it has.
fn check_prepared(server: &Zserver) {
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute("SET lock_timeout = 50").await.expect("SET");
        let names = "SELECT string_agg(gid, ' ') FROM pg_prepared_xacts";
        assert_eq!(column(&client, names).await, "work");
        assert_eq!(column(&client, "SELECT sum(balance) FROM account").await, "5000");
        assert_eq!(code(&client, "SELECT * FROM made").await, "42P01");
        for blocked in [
            "UPDATE account SET balance = 0 WHERE id = 3",
            "SELECT * FROM account WHERE id = 50 FOR KEY SHARE",
            "INSERT INTO account VALUES (60, 1, 'x')",
            "INSERT INTO account VALUES (61, 1, 'n60')",
            "LOCK TABLE account IN EXCLUSIVE MODE",
            "SELECT * FROM gone",
            "CREATE TABLE made (a int)",
            "SELECT pg_advisory_xact_lock(7)",
        ] {
            client.batch_execute("BEGIN").await.expect("BEGIN");
            assert_eq!(code(&client, blocked).await, "55P03", "{blocked}");
            client.batch_execute("ROLLBACK").await.expect("ROLLBACK");
        }
        client.batch_execute("UPDATE account SET note = 'seen' WHERE id = 20").await.expect("free");
        let locks = "SELECT count(*) > 10, count(pid), count(DISTINCT virtualtransaction) \
                     FROM pg_locks WHERE virtualtransaction LIKE '-1/%'";
        assert_eq!(column(&client, locks).await, "t");
        let orphans = "SELECT count(*) FROM pg_locks \
                       WHERE virtualtransaction LIKE '-1/%' AND pid IS NOT NULL";
        assert_eq!(column(&client, orphans).await, "0");
    });
}

fn check_committed(server: &Zserver) {
    block_on(async {
        let client = connect(server.port).await;
        assert_eq!(column(&client, "SELECT count(*) FROM pg_prepared_xacts").await, "0");
        let balances = "SELECT sum(balance) FROM account";
        assert_eq!(column(&client, balances).await, "4900");
        let by_index = "SELECT id FROM account WHERE note IN ('n60', 'n50') ORDER BY 1";
        assert_eq!(column(&client, by_index).await, "60");
        assert_eq!(column(&client, "SELECT a FROM made WHERE b = 'b' ORDER BY 1").await, "1 2");
        assert_eq!(code(&client, "SELECT * FROM gone").await, "42P01");
        check_free(&client).await;
    });
}

fn check_rolled_back(server: &Zserver) {
    block_on(async {
        let client = connect(server.port).await;
        assert_eq!(column(&client, "SELECT count(*) FROM pg_prepared_xacts").await, "0");
        assert_eq!(column(&client, "SELECT sum(balance) FROM account").await, "5000");
        assert_eq!(code(&client, "SELECT * FROM made").await, "42P01");
        client.batch_execute("SELECT * FROM gone; CREATE TABLE made (a int)").await.expect("free");
        check_free(&client).await;
    });
}

async fn check_free(client: &Client) {
    let locks = "SELECT count(*) FROM pg_locks WHERE virtualtransaction LIKE '-1/%'";
    assert_eq!(column(client, locks).await, "0");
    client
        .batch_execute(
            "SET lock_timeout = 1000; UPDATE account SET balance = balance; \
             INSERT INTO account VALUES (70, 0, 'n70'); SELECT pg_advisory_xact_lock(7); \
             CREATE TABLE another (a serial); DROP TABLE account",
        )
        .await
        .expect("nothing is locked");
}

#[test]
fn prepared_transactions_survive_every_end_of_the_server() {
    for before in ENDS {
        for after in ENDS {
            for is_commit in [true, false] {
                let (_directory, data, mut server) = fresh();
                run(&server, SETUP);
                run(&server, WORK);
                server = next_life(server, before, &data);
                check_prepared(&server);
                run(
                    &server,
                    if is_commit { "COMMIT PREPARED 'work'" } else { "ROLLBACK PREPARED 'work'" },
                );
                server = next_life(server, after, &data);
                match is_commit {
                    true => check_committed(&server),
                    false => check_rolled_back(&server),
                }
            }
        }
    }
}

#[test]
fn objects_made_after_a_restart_do_not_take_what_a_prepared_one_has() {
    let (_directory, data, mut server) = fresh();
    run(
        &server,
        "BEGIN; CREATE TABLE a (x serial PRIMARY KEY, t text UNIQUE); \
                  INSERT INTO a (t) VALUES ('a'); PREPARE TRANSACTION 'a'",
    );
    server = next_life(server, End::Kill, &data);
    run(
        &server,
        "CREATE TABLE b (x serial PRIMARY KEY, t text UNIQUE); \
                  INSERT INTO b (t) VALUES ('b'), ('c')",
    );
    run(&server, "COMMIT PREPARED 'a'");
    assert_eq!(ask(&server, "SELECT t FROM a"), "a");
    assert_eq!(ask(&server, "SELECT t FROM b ORDER BY 1"), "b c");
    let same = "SELECT count(*) FROM pg_class GROUP BY oid HAVING count(*) > 1";
    assert_eq!(ask(&server, same), "");
    run(&server, "INSERT INTO a (t) VALUES ('more'); DROP TABLE b");
    server = next_life(server, End::Kill, &data);
    assert_eq!(ask(&server, "SELECT t FROM a ORDER BY x"), "a more");
}

/// A load larger than the memory for it is not needed: what counts is that a
/// waiter on a key goes on when its transaction ends.
#[test]
fn who_waits_for_a_prepared_transaction_goes_on_at_its_end() {
    let server = Zserver::start();
    run(&server, SETUP);
    run(&server, WORK);
    block_on(async {
        let observer = connect(server.port).await;
        let waiter = connect(server.port).await;
        let pid = column(&waiter, "SELECT pg_backend_pid()").await;
        let waiting = tokio::spawn(async move {
            let sql = "UPDATE account SET note = 'later' WHERE id = 3 RETURNING balance";
            column(&waiter, sql).await
        });
        let blockers = format!("SELECT pg_blocking_pids({pid})::text");
        while column(&observer, &blockers).await != "{0}" {
            assert!(!waiting.is_finished(), "it has to wait");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let since =
            format!("SELECT waitstart <= now() FROM pg_locks WHERE pid = {pid} AND NOT granted");
        assert_eq!(column(&observer, &since).await, "t");
        observer.batch_execute("COMMIT PREPARED 'work'").await.expect("commit");
        assert_eq!(waiting.await.expect("it goes on"), "90");
    });
}

#[test]
fn a_prepared_transaction_belongs_to_its_database_and_its_end_to_one() {
    let server = Zserver::start();
    run(&server, SETUP);
    run(&server, WORK);
    block_on(async {
        let config = format!("host=127.0.0.1 port={} user=postgres dbname=template1", server.port);
        let (client, connection) =
            tokio_postgres::connect(&config, tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let error = client.batch_execute("COMMIT PREPARED 'work'").await.expect_err("elsewhere");
        let error = error.as_db_error().expect("the server answers");
        assert_eq!(error.message(), "prepared transaction belongs to another database");
        assert_eq!(
            error.hint(),
            Some("Connect to the database where the transaction was prepared to finish it.")
        );
        // Many try at once: one does it.
        let mut tries = Vec::new();
        for _ in 0..8 {
            let client = connect(server.port).await;
            tries.push(tokio::spawn(async move {
                client.batch_execute("COMMIT PREPARED 'work'").await.is_ok()
            }));
        }
        let mut done = 0;
        for one in tries {
            done += usize::from(one.await.expect("it ends"));
        }
        assert_eq!(done, 1);
    });
    check_committed(&server);
}

#[test]
fn the_number_of_prepared_transactions_is_bounded() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let environment = [("ZSERVER_DEV", "true"), ("ZSERVER_MAX_PREPARED_TRANSACTIONS", "0")];
    let server = Zserver::start_secured(&data, &environment);
    block_on(async {
        let client = connect(server.port).await;
        let error = client.batch_execute("BEGIN; PREPARE TRANSACTION 'a'").await;
        let error = error.expect_err("they are disabled");
        let error = error.as_db_error().expect("the server answers");
        assert_eq!(error.code().code(), "55000");
        assert_eq!(error.message(), "prepared transactions are disabled");
        assert_eq!(error.hint(), Some("Set max_prepared_transactions to a nonzero value."));
    });
    drop(server.kill());
    let environment = [("ZSERVER_DEV", "true"), ("ZSERVER_MAX_PREPARED_TRANSACTIONS", "1")];
    let server = Zserver::start_secured(&data, &environment);
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute("BEGIN; PREPARE TRANSACTION 'a'").await.expect("the first");
        let error = client.batch_execute("BEGIN; PREPARE TRANSACTION 'b'").await;
        let error = error.expect_err("the second");
        let error = error.as_db_error().expect("the server answers");
        assert_eq!(error.message(), "maximum number of prepared transactions reached");
        assert_eq!(error.hint(), Some("Increase max_prepared_transactions (currently 1)."));
        assert_eq!(column(&client, "SHOW max_prepared_transactions").await, "1");
    });
}

/// Money moves between two tables under load; each transfer is prepared, and finished
/// by another session or after a kill. No sum is ever seen that is not the whole.
#[test]
fn kills_under_load_keep_every_sum() {
    let (_directory, data, mut server) = fresh();
    run(
        &server,
        "CREATE TABLE l (v int); CREATE TABLE r (v int); \
                  INSERT INTO l VALUES (1000); INSERT INTO r VALUES (0)",
    );
    let mut acknowledged = 0;
    for round in 0..6 {
        let port = server.port;
        let (data_of, done) = block_on(async {
            let mover = tokio::spawn(async move {
                let client = connect(port).await;
                let mut done = 0;
                for n in 0.. {
                    let gid = format!("move {round} {n}");
                    let prepare = format!(
                        "BEGIN; UPDATE l SET v = v - 1; UPDATE r SET v = v + 1; \
                         PREPARE TRANSACTION '{gid}'"
                    );
                    if client.batch_execute(&prepare).await.is_err() {
                        return done;
                    }
                    if client.batch_execute(&format!("COMMIT PREPARED '{gid}'")).await.is_err() {
                        return done;
                    }
                    done += 1;
                }
                done
            });
            tokio::time::sleep(Duration::from_millis(300)).await;
            let data = server.kill();
            (data, mover.await.expect("the mover ends"))
        });
        assert_eq!(data_of, data);
        server = Zserver::start_over(&data, &[]);
        acknowledged += done;
        assert_eq!(ask(&server, "SELECT l.v + r.v FROM l, r"), "1000");
        let moved: i32 = ask(&server, "SELECT v FROM r").parse().expect("a number");
        let open = ask(&server, "SELECT gid FROM pg_prepared_xacts");
        assert!(moved == acknowledged || (moved == acknowledged + 1 && open.is_empty()));
        acknowledged = moved;
        if !open.is_empty() {
            run(&server, &format!("COMMIT PREPARED '{open}'"));
            acknowledged += 1;
        }
    }
    assert!(acknowledged > 0, "something was moved");
    assert_eq!(ask(&server, "SELECT v FROM r"), acknowledged.to_string());
}
