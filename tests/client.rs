//! An unmodified driver (tokio-postgres): extended protocol, binary formats,
//! transactions, errors, COPY, and a long result streamed.

use futures::{SinkExt, TryStreamExt, pin_mut};
use tokio_postgres::error::SqlState;

use crate::support::{block_on, connect, zserver::Zserver};

#[test]
fn types_round_trip_in_binary() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        let row = client
            .query_one(
                "SELECT $1::int4, $2::int8, $3::text, $4::float8, $5::bool, $6::bytea, $7::int2",
                &[&7i32, &-9i64, &"naïve", &1.5f64, &true, &&b"\x00\xff"[..], &3i16],
            )
            .await
            .expect("the query runs");
        assert_eq!(row.get::<_, i32>(0), 7);
        assert_eq!(row.get::<_, i64>(1), -9);
        assert_eq!(row.get::<_, &str>(2), "naïve");
        assert_eq!(row.get::<_, f64>(3), 1.5);
        assert!(row.get::<_, bool>(4));
        assert_eq!(row.get::<_, &[u8]>(5), b"\x00\xff");
        assert_eq!(row.get::<_, i16>(6), 3);
        let array: Vec<Option<i32>> =
            client.query_one("SELECT ARRAY[1, NULL, 3]", &[]).await.expect("an array").get(0);
        assert_eq!(array, [Some(1), None, Some(3)]);
    });
}

#[test]
fn a_failed_transaction_leaves_nothing() {
    let server = Zserver::start();
    block_on(async {
        let mut client = connect(server.port).await;
        client.batch_execute("CREATE TABLE t (a int PRIMARY KEY)").await.expect("a table");
        let transaction = client.transaction().await.expect("BEGIN");
        transaction.execute("INSERT INTO t VALUES (1)", &[]).await.expect("a row");
        let error = transaction.execute("INSERT INTO t VALUES (1)", &[]).await.expect_err("twice");
        assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION));
        let detail = error.as_db_error().and_then(|error| error.detail());
        assert_eq!(detail, Some("Key (a)=(1) already exists."));
        let aborted = transaction.execute("SELECT 1", &[]).await.expect_err("aborted");
        assert_eq!(aborted.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
        transaction.rollback().await.expect("ROLLBACK");
        let rows = client.query("SELECT a FROM t", &[]).await.expect("the table is there");
        assert!(rows.is_empty());
    });
}

#[test]
fn copy_in_and_out_carries_every_row() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client.batch_execute("CREATE TABLE t (a int, b text)").await.expect("a table");
        let sink = client.copy_in("COPY t FROM STDIN").await.expect("COPY FROM");
        pin_mut!(sink);
        for n in 0..1000 {
            let line = bytes::Bytes::from(format!("{n}\trow {n}\n"));
            sink.send(line).await.expect("data");
        }
        assert_eq!(sink.finish().await.expect("CopyDone"), 1000);
        let stream = client.copy_out("COPY t TO STDOUT (FORMAT csv)").await.expect("COPY TO");
        let chunks: Vec<bytes::Bytes> = stream.try_collect().await.expect("data");
        let text = String::from_utf8(chunks.concat()).expect("UTF-8");
        assert_eq!(text.lines().count(), 1000);
        assert_eq!(text.lines().next(), Some("0,row 0"));
    });
}

#[test]
fn a_hundred_thousand_rows_are_streamed() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
        let rows = client
            .query_raw("SELECT g, g::text FROM generate_series(1, 100000) g", none)
            .await
            .expect("a stream");
        pin_mut!(rows);
        let mut count = 0i32;
        while let Some(row) = rows.try_next().await.expect("a row") {
            count += 1;
            assert_eq!(row.get::<_, i32>(0), count);
        }
        assert_eq!(count, 100_000);
    });
}

#[test]
fn another_role_reads_and_changes_nothing() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        let setup = "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1); \
                     CREATE ROLE other; CREATE TABLE mine (a int); SET ROLE other";
        client.batch_execute(setup).await.expect("a table and a role");
        let denied = [
            "SELECT * FROM t",
            "SELECT (SELECT max(a) FROM t)",
            "INSERT INTO t VALUES (2)",
            "DELETE FROM t",
            "WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d",
            "COPY t TO STDOUT",
            "COPY (SELECT a FROM t) TO STDOUT",
            "EXPLAIN SELECT * FROM t",
            "TRUNCATE t",
            "DROP TABLE t",
        ];
        for sql in denied {
            let error = client.batch_execute(sql).await.expect_err(sql);
            assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
        }
        client.batch_execute("RESET ROLE").await.expect("the superuser again");
        let row =
            client.query_one("SELECT count(*) FROM t", &[]).await.expect("the table is there");
        assert_eq!(row.get::<_, i64>(0), 1);
    });
}

#[test]
fn an_advisory_lock_is_waited_for_and_released_with_its_transaction() {
    let server = Zserver::start();
    block_on(async {
        let (holder, waiter) = (connect(server.port).await, connect(server.port).await);
        holder
            .batch_execute("BEGIN; SAVEPOINT s; SELECT pg_advisory_xact_lock(7)")
            .await
            .expect("7");
        let tried = waiter.query_one("SELECT pg_try_advisory_lock(7)", &[]).await.expect("asked");
        assert!(!tried.get::<_, bool>(0));
        waiter.batch_execute("SET lock_timeout = '50ms'").await.expect("a setting");
        let late = waiter.batch_execute("SELECT pg_advisory_lock(7)").await.expect_err("held");
        assert_eq!(late.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
        waiter.batch_execute("SET lock_timeout = 0").await.expect("a setting");
        let (waited, released) = tokio::join!(
            waiter.batch_execute("SELECT pg_advisory_lock(7)"),
            holder.batch_execute("ROLLBACK TO s"),
        );
        released.expect("rolled back");
        waited.expect("granted");
    });
}

#[test]
fn a_statement_that_sleeps_is_cancelled() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        let token = client.cancel_token();
        let started = std::time::Instant::now();
        let cancel = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            token.cancel_query(tokio_postgres::NoTls).await
        };
        let (slept, cancelled) = tokio::join!(client.batch_execute("SELECT pg_sleep(60)"), cancel);
        cancelled.expect("the request is sent");
        assert_eq!(slept.expect_err("cancelled").code(), Some(&SqlState::QUERY_CANCELED));
        assert!(started.elapsed().as_secs() < 30);
    });
}

#[test]
fn a_bound_portal_is_moved_and_then_executed() {
    let server = Zserver::start();
    block_on(async {
        let mut client = connect(server.port).await;
        let transaction = client.transaction().await.expect("BEGIN");
        let portal = transaction.bind("SELECT g FROM generate_series(1, 9) g", &[]).await;
        let portal = portal.expect("bound");
        // The driver's first portal.
        let name = "p0";
        transaction.batch_execute(&format!("MOVE FORWARD 3 {name}")).await.expect("moved");
        let rows = transaction.query_portal(&portal, 2).await.expect("rows");
        assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [4, 5]);
        transaction.batch_execute(&format!("MOVE FORWARD 1 {name}")).await.expect("moved");
        let rows = transaction.query_portal(&portal, 0).await.expect("rows");
        assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [7, 8, 9]);
    });
}

#[test]
fn copy_fills_identity_columns() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        let table = "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, v text)";
        client.batch_execute(table).await.expect("a table");
        let sink = client.copy_in("COPY t (v) FROM STDIN").await.expect("COPY FROM");
        pin_mut!(sink);
        sink.send(bytes::Bytes::from_static(b"a\nb\n")).await.expect("data");
        assert_eq!(sink.finish().await.expect("CopyDone"), 2);
        let rows = client.query("SELECT id FROM t ORDER BY v", &[]).await.expect("rows");
        assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [1, 2]);
    });
}
