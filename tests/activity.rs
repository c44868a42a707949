//! What sessions see of each other, and how they stop each other's statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls};

use crate::support::raw::{Raw, field, frame, query};
use crate::support::{block_on, connect, zserver::Zserver};

/// Nothing here takes long; a server that hangs fails the test by this.
const PATIENCE: Duration = Duration::from_secs(60);

async fn pid(client: &Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).await.expect("a pid").get(0)
}

/// Starts a statement and returns once others see it run.
async fn started(
    observer: &Client,
    client: Client,
    sql: &str,
) -> JoinHandle<(Client, Result<(), Error>)> {
    let number = pid(&client).await;
    let text = sql.to_owned();
    let running = tokio::spawn(async move {
        let result = client.batch_execute(&text).await;
        (client, result)
    });
    let shown = "SELECT count(*) FROM pg_stat_activity \
                 WHERE pid = $1 AND state = 'active' AND query = $2";
    let seen = async {
        while observer.query_one(shown, &[&number, &sql]).await.expect("it").get::<_, i64>(0) == 0 {
            assert!(!running.is_finished(), "{sql} is over");
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("the statement is seen");
    running
}

async fn stopped(running: JoinHandle<(Client, Result<(), Error>)>, sql: &str) -> Client {
    let ended = tokio::time::timeout(PATIENCE, running).await.expect("it is stopped");
    let (client, result) = ended.expect("the client task ends");
    let error = result.expect_err(sql);
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{sql}: {error:?}");
    client
}

const SETUP: &str = "CREATE TABLE t (a int PRIMARY KEY, b text); \
     INSERT INTO t SELECT g, 'row ' || g FROM generate_series(1, 20000) g; \
     CREATE TABLE empty (a int)";

/// None of them ends by itself while anybody waits.
const ENDLESS: [&str; 19] = [
    "SELECT pg_sleep(36000)",
    "SELECT count(*) FROM generate_series(1, 1000000000000)",
    "SELECT g FROM generate_series(1, 1000000000000) g ORDER BY md5(g::text)",
    "SELECT count(*) FROM generate_series(1, 1000000000000) a JOIN generate_series(1, 1000000000000) b ON a = b",
    "SELECT count(*) FROM t a, t b, t c WHERE a.a + b.a + c.a = -1",
    "SELECT g % 1000, count(*) FROM generate_series(1, 1000000000000) g GROUP BY 1",
    "SELECT count(DISTINCT g % 1000) FROM generate_series(1, 1000000000000) g",
    "SELECT sum(n) FROM (SELECT row_number() OVER (ORDER BY -g) n FROM generate_series(1, 1000000000000) g) w",
    "SELECT count(*) FROM generate_series(1, 1000000000000) g WHERE repeat('a', (g % 99)::int) ~ '(a|aa)+$b'",
    "WITH RECURSIVE r AS (SELECT 1::bigint n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "SELECT count(*) FROM t WHERE (SELECT sum(x.a + y.a) FROM t x, t y WHERE x.a < t.a) = -1",
    "SELECT g % 10 FROM generate_series(1, 1000000000000) g EXCEPT SELECT g FROM generate_series(1, 9) g",
    "SELECT g FROM generate_series(1, 1000000000000) g OFFSET 999999999999",
    "INSERT INTO empty SELECT g % 10 FROM generate_series(1, 1000000000000) g",
    "UPDATE t SET b = '' WHERE (SELECT sum(x.a + y.a) FROM t x, t y WHERE x.a < t.a) = -1",
    "DELETE FROM t WHERE (SELECT sum(x.a + y.a) FROM t x, t y WHERE x.a < t.a) = -1",
    "CREATE TABLE made AS SELECT g % 10 FROM generate_series(1, 1000000000000) g",
    "EXPLAIN ANALYZE SELECT count(*) FROM generate_series(1, 1000000000000)",
    "LOCK TABLE empty IN SHARE MODE; SELECT pg_sleep(36000)",
];

#[test]
fn every_operator_can_be_cancelled() {
    let server = Zserver::start();
    block_on(async {
        let observer = connect(server.port).await;
        observer.batch_execute(SETUP).await.expect("the setup runs");
        let mut client = connect(server.port).await;
        for sql in ENDLESS {
            let token = client.cancel_token();
            let running = started(&observer, client, sql).await;
            token.cancel_query(NoTls).await.expect("the request is sent");
            client = stopped(running, sql).await;
            client.batch_execute("SELECT 1").await.expect("the connection goes on");
        }
    });
}

#[test]
fn every_operator_ends_by_its_timeout() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        client.batch_execute("SET statement_timeout = 20").await.expect("SET");
        for sql in ENDLESS {
            let result = tokio::time::timeout(PATIENCE, client.batch_execute(sql)).await;
            let error = result.expect("it ends").expect_err(sql);
            let message = error.as_db_error().map(|error| error.message());
            assert_eq!(message, Some("canceling statement due to statement timeout"), "{sql}");
        }
    });
}

#[test]
fn copy_can_be_cancelled_in_both_directions() {
    use futures::{StreamExt, pin_mut};
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup runs");
        let token = client.cancel_token();
        let endless = "COPY (SELECT g FROM generate_series(1, 1000000000000) g) TO STDOUT";
        let rows = client.copy_out(endless).await.expect("COPY TO");
        pin_mut!(rows);
        assert!(rows.next().await.is_some_and(|row| row.is_ok()));
        token.cancel_query(NoTls).await.expect("the request is sent");
        let all = async {
            loop {
                match rows.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return error,
                    None => panic!("there is no end"),
                }
            }
        };
        let error = tokio::time::timeout(PATIENCE, all).await.expect("it is stopped");
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
        // The server waits for rows, and tells its client that it does so no more.
        let mut silent = Raw::log_in(server.port);
        silent.send(&query(b"COPY empty FROM STDIN"));
        assert_eq!(silent.message().expect("an answer").0, b'G');
        silent.send(&frame(b'd', b"1\n"));
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                      WHERE query = 'COPY empty FROM STDIN'";
        assert!(client.query_one(cancel, &[]).await.expect("one session").get::<_, bool>(0));
        let (tag, body) = silent.message().expect("an error");
        assert_eq!((tag, field(&body, b'C').as_str()), (b'E', "57014"));
        assert!(silent.until_ready().is_some());
        let row = client.query_one("SELECT count(*) FROM empty", &[]).await.expect("a count");
        assert_eq!(row.get::<_, i64>(0), 0);
    });
}

#[test]
fn those_who_sleep_keep_nobody_from_being_served() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let environment = [("ZSERVER_WORKER_THREADS", "2"), ("ZSERVER_DEV", "true")];
    let server = Zserver::start_secured(&directory.path().join("data"), &environment);
    block_on(async {
        let observer = connect(server.port).await;
        let mut sleepers = Vec::new();
        for _ in 0..6 {
            let client = connect(server.port).await;
            let token = client.cancel_token();
            let sql = "SELECT pg_sleep(36000)";
            sleepers.push((started(&observer, client, sql).await, token));
        }
        let served = async {
            for _ in 0..20 {
                connect(server.port).await.batch_execute("SELECT 1").await.expect("a row");
            }
        };
        tokio::time::timeout(PATIENCE, served).await.expect("new clients are served");
        for (running, token) in sleepers {
            token.cancel_query(NoTls).await.expect("the request is sent");
            stopped(running, "pg_sleep").await;
        }
    });
}

#[test]
fn a_cancel_hits_the_statement_that_runs_and_nothing_else() {
    let server = Zserver::start();
    block_on(async {
        let stop = Arc::new(AtomicBool::new(false));
        let mut busy = Vec::new();
        let canceller = connect(server.port).await;
        let mut pids = Vec::new();
        for _ in 0..4 {
            let client = connect(server.port).await;
            pids.push(pid(&client).await);
            let stop = stop.clone();
            busy.push(tokio::spawn(async move {
                let mut cancelled = 0;
                while !stop.load(Ordering::Relaxed) {
                    let sql = "SELECT count(*) FROM generate_series(1, 3000)";
                    match client.query_one(sql, &[]).await {
                        Ok(row) => assert_eq!(row.get::<_, i64>(0), 3000),
                        Err(error) => {
                            assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
                            cancelled += 1;
                        }
                    }
                }
                // Whatever cancel is still on its way was for what is over.
                client.batch_execute("SELECT pg_sleep(0.05)").await.expect("nobody cancels");
                cancelled
            }));
        }
        for turn in 0..400 {
            let target = pids[turn % pids.len()];
            let row = canceller.query_one("SELECT pg_cancel_backend($1)", &[&target]).await;
            assert!(row.expect("a superuser may").get::<_, bool>(0));
        }
        stop.store(true, Ordering::Relaxed);
        let mut cancelled = 0;
        for task in busy {
            cancelled += task.await.expect("the client is well");
        }
        assert!(cancelled > 0, "no cancel has hit");
    });
}

#[test]
fn activity_tells_the_truth() {
    let server = Zserver::start();
    block_on(async {
        let observer = connect(server.port).await;
        observer.batch_execute(SETUP).await.expect("the setup runs");
        let holder = connect(server.port).await;
        holder.batch_execute("SET application_name = 'holder'; BEGIN").await.expect("BEGIN");
        holder.batch_execute("LOCK TABLE t").await.expect("the lock");
        let failed = connect(server.port).await;
        failed.batch_execute("BEGIN").await.expect("BEGIN");
        failed.batch_execute("SELECT 1/0").await.expect_err("division by zero");
        let sql = "SELECT * FROM t";
        let waiting = started(&observer, connect(server.port).await, sql).await;
        let waits = async {
            let waits = "SELECT count(*) FROM pg_stat_activity \
                         WHERE wait_event_type = 'Lock' AND wait_event = 'relation'";
            while observer.query_one(waits, &[]).await.expect("it").get::<_, i64>(0) != 1 {}
        };
        tokio::time::timeout(PATIENCE, waits).await.expect("the wait is shown");
        let all = "SELECT string_agg(format('%s|%s|%s|%s|%s', usename, datname, state, \
                   coalesce(wait_event, '-'), query), E'\\n' ORDER BY pid) FROM pg_stat_activity \
                   WHERE backend_type = 'client backend' AND query_start >= backend_start \
                   AND (state = 'idle') = (xact_start IS NULL)";
        let shown: String = observer.query_one(all, &[]).await.expect("rows").get(0);
        let expected = format!(
            "postgres|postgres|active|-|{all}\n\
             postgres|postgres|idle in transaction|ClientRead|LOCK TABLE t\n\
             postgres|postgres|idle in transaction (aborted)|ClientRead|SELECT 1/0\n\
             postgres|postgres|active|relation|{sql}"
        );
        assert_eq!(shown, expected);
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE application_name = 'holder'";
        let row = observer.query_one(end, &[]).await.expect("a superuser may");
        assert_eq!(row.get::<_, i64>(0), 1);
        let (_, result) = waiting.await.expect("the client task ends");
        result.expect("the lock is free: its holder is gone");
        let error = holder.batch_execute("SELECT 1").await.expect_err("it is gone");
        assert!(error.code().is_none_or(|code| *code == SqlState::ADMIN_SHUTDOWN));
    });
}

#[test]
fn others_are_not_for_everybody_to_see_or_to_stop() {
    let server = Zserver::start();
    block_on(async {
        let superuser = connect(server.port).await;
        let mine = pid(&superuser).await;
        let client = connect(server.port).await;
        let setup = "CREATE ROLE other; SET ROLE other";
        client.batch_execute(setup).await.expect("a role");
        let shown = "SELECT query FROM pg_stat_activity WHERE pid = $1";
        let query: String = client.query_one(shown, &[&mine]).await.expect("a row").get(0);
        assert_eq!(query, "<insufficient privilege>");
        for (call, message) in [
            ("pg_cancel_backend", "must be a superuser to cancel superuser query"),
            ("pg_terminate_backend", "must be a superuser to terminate superuser process"),
        ] {
            let sql = format!("SELECT {call}({mine})");
            let error = client.batch_execute(&sql).await.expect_err("not allowed");
            let error = error.as_db_error().expect("the server answers");
            assert_eq!(error.code(), &SqlState::INSUFFICIENT_PRIVILEGE);
            assert_eq!(error.message(), message);
        }
        let nobody = client.query_one("SELECT pg_cancel_backend(2147483647)", &[]).await;
        assert!(!nobody.expect("a warning only").get::<_, bool>(0));
    });
}
