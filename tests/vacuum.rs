//! VACUUM and ANALYZE: what they remove, what they say, what they refuse.

use std::sync::{Arc, Mutex};

use tokio_postgres::{AsyncMessage, Client, NoTls};

use crate::support::{block_on, connect, zserver::Zserver};

/// A client, and the notices that it was sent.
async fn listening(port: u16) -> (Client, Arc<Mutex<Vec<String>>>) {
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let (client, mut connection) =
        tokio_postgres::connect(&config, NoTls).await.expect("the server accepts connections");
    let notices = Arc::new(Mutex::new(Vec::new()));
    let kept = notices.clone();
    tokio::spawn(async move {
        while let Some(message) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            match message {
                Ok(AsyncMessage::Notice(notice)) => {
                    let text = format!("{}: {}", notice.severity(), notice.message());
                    kept.lock().expect("a lock").push(text);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
    });
    (client, notices)
}

#[test]
fn vacuum_removes_what_no_snapshot_can_see_and_says_so() {
    let server = Zserver::start();
    block_on(async {
        let (client, notices) = listening(server.port).await;
        let taken = || std::mem::take(&mut *notices.lock().expect("a lock")).join("\n");
        client
            .batch_execute(
                "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)",
            )
            .await
            .expect("rows");
        let other = connect(server.port).await;
        other
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t")
            .await
            .expect("a snapshot");
        client.batch_execute("DELETE FROM t WHERE a <= 400").await.expect("deleted");
        client.batch_execute("VACUUM (VERBOSE) t").await.expect("vacuumed");
        let said = taken();
        assert!(said.contains("INFO: vacuuming \"postgres.public.t\""), "{said}");
        assert!(
            said.contains("tuples: 0 removed, 600 remain, 400 are dead but not yet removable"),
            "{said}"
        );
        let row = other.query_one("SELECT count(*) FROM t", &[]).await.expect("a count");
        assert_eq!(row.get::<_, i64>(0), 1000, "the snapshot has not changed");
        other.batch_execute("COMMIT").await.expect("over");
        client.batch_execute("VACUUM VERBOSE t").await.expect("vacuumed");
        let said = taken();
        assert!(said.contains("tuples: 400 removed, 600 remain, 0 are dead"), "{said}");
        client.batch_execute("VACUUM (FULL, VERBOSE, ANALYZE) t").await.expect("vacuumed");
        let said = taken();
        assert!(said.contains("tuples: 0 removed, 600 remain"), "{said}");
        assert!(said.contains("INFO: compacted the store"), "{said}");
        assert!(said.contains("INFO: analyzing \"public.t\""), "{said}");
        let row = client.query_one("SELECT count(*), min(a) FROM t", &[]).await.expect("rows");
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i32>(1)), (600, 401));
    });
}

#[test]
fn what_vacuum_cannot_do_it_names() {
    let server = Zserver::start();
    block_on(async {
        let (client, notices) = listening(server.port).await;
        client.batch_execute("CREATE TABLE t (a int)").await.expect("a table");
        let code = |sql: &'static str| {
            let client = &client;
            async move {
                let error = client.batch_execute(sql).await.expect_err(sql);
                error.code().expect("an SQLSTATE").code().to_owned()
            }
        };
        assert_eq!(code("VACUUM (FULL, PARALLEL 2) t").await, "0A000");
        assert_eq!(code("VACUUM (NOPE) t").await, "42601");
        assert_eq!(code("VACUUM t (a)").await, "0A000");
        assert_eq!(code("BEGIN; VACUUM t").await, "25001");
        client.batch_execute("ROLLBACK").await.expect("over");
        let other = connect(server.port).await;
        other.batch_execute("BEGIN; LOCK TABLE t").await.expect("locked");
        client.batch_execute("VACUUM (SKIP_LOCKED) t").await.expect("passed over");
        let said = notices.lock().expect("a lock").join("\n");
        assert_eq!(said, "WARNING: skipping vacuum of \"t\" --- lock not available");
    });
}
