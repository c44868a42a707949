//! Backups as an operator takes them: by the command and by SQL, under load, restored and
//! compared; recovery to a moment between two commits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::Client;

use crate::support::{block_on, connect, zserver::Zserver};

struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Place {
        let place = Place { directory: TempDir::new().expect("a temporary directory") };
        std::fs::create_dir(place.path("archive")).expect("the archive's directory");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A server that archives.
    fn start(&self) -> Zserver {
        let config = self.path("zserver.toml");
        let archive = self.path("archive");
        let text = format!("archive_directory = {archive:?}\narchive_segment_size = \"64kB\"\n");
        std::fs::write(&config, text).expect("a configuration");
        let config = config.to_str().expect("UTF-8");
        Zserver::start_over(&self.path("data"), &["--config", config])
    }

    fn restore(&self, backup: &str, to: &str, more: &[&str]) -> (Option<i32>, String) {
        let from = self.path(backup);
        let arguments = [&["restore", "--from", from.to_str().expect("UTF-8")], more].concat();
        Zserver::command(&self.path(to), &arguments)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

async fn sums(client: &Client) -> (i64, i64) {
    let row = client
        .query_one("SELECT count(*), coalesce(sum(balance), 0)::int8 FROM accounts", &[])
        .await
        .expect("the table is readable");
    (row.get(0), row.get(1))
}

/// Moves money between accounts until told to stop; the total never changes.
async fn transfer(port: u16, stop: Arc<AtomicBool>) {
    let client = connect(port).await;
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let (from, to) = (1 + n % 100, 1 + (n * 7) % 100);
        let sql = format!(
            "BEGIN; UPDATE accounts SET balance = balance - 1 WHERE id = {from}; \
             UPDATE accounts SET balance = balance + 1 WHERE id = {to}; \
             INSERT INTO moves (a, b) VALUES ({from}, {to}); COMMIT"
        );
        if client.batch_execute(&sql).await.is_err() {
            // Two may wait for each other.
            let _ = client.batch_execute("ROLLBACK").await;
        }
    }
}

const SETUP: &str = "
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO accounts SELECT g, 100 FROM generate_series(1, 100) g;
    CREATE TABLE moves (n bigserial PRIMARY KEY, a int REFERENCES accounts, b int REFERENCES accounts);
    CREATE INDEX ON moves (a, b);
    CREATE TABLE bulk (n int PRIMARY KEY, filler text);
    INSERT INTO bulk SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g;
";

#[test]
fn a_backup_under_load_restores_to_its_instant_and_to_the_end() {
    let place = Place::new();
    let server = place.start();
    let port = server.port;
    let end = block_on(async {
        let client = connect(port).await;
        client.batch_execute(SETUP).await.expect("the setup");
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4).map(|_| tokio::spawn(transfer(port, stop.clone()))).collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (status, said) = server.ask(&["backup", "--to", text(&place.path("first"))]);
        assert_eq!(status, Some(0), "{said}");
        let row = client
            .query_one(
                "SELECT * FROM zserver_backup($1, $2)",
                &[&text(&place.path("second")), &text(&place.path("first"))],
            )
            .await
            .expect("a backup by SQL");
        let shared: i64 = row.get("chunks_shared");
        assert!(shared > 0, "the bulk has not changed");
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.expect("a writer's end");
        }
        let moves =
            client.query_one("SELECT count(*), sum(a) FROM moves", &[]).await.expect("rows");
        (moves.get::<_, i64>(0), moves.get::<_, i64>(1))
    });
    assert_eq!(server.terminate().code(), Some(0));

    for backup in ["first", "second"] {
        let (status, said) =
            Zserver::command(&place.path("x"), &["verify-backup", text(&place.path(backup))]);
        assert_eq!(status, Some(0), "{said}");
        let (status, said) = place.restore(backup, &format!("{backup}-data"), &[]);
        assert_eq!(status, Some(0), "{said}");
        let (status, said) = Zserver::command(&place.path(&format!("{backup}-data")), &["check"]);
        assert_eq!(status, Some(0), "{said}");
        let server = Zserver::start_over(&place.path(&format!("{backup}-data")), &[]);
        block_on(async {
            let client = connect(server.port).await;
            assert_eq!(sums(&client).await, (100, 10_000), "a transfer is half there");
            let moves = client.query_one("SELECT count(*) FROM moves", &[]).await.expect("rows");
            assert!(moves.get::<_, i64>(0) <= end.0);
        });
    }

    let archive = place.path("archive");
    let (status, said) = place.restore("first", "end", &["--archive", text(&archive)]);
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = Zserver::command(&place.path("end"), &["check"]);
    assert_eq!(status, Some(0), "{said}");
    let server = Zserver::start_over(&place.path("end"), &[]);
    block_on(async {
        let client = connect(server.port).await;
        let moves =
            client.query_one("SELECT count(*), sum(a) FROM moves", &[]).await.expect("rows");
        assert_eq!((moves.get::<_, i64>(0), moves.get::<_, i64>(1)), end);
        assert_eq!(sums(&client).await, (100, 10_000));
        client.batch_execute("INSERT INTO moves (a, b) VALUES (1, 2)").await.expect("it goes on");
    });
}

#[test]
fn a_mistake_is_undone_by_recovery_to_the_moment_before() {
    let place = Place::new();
    let server = place.start();
    let moment = block_on(async {
        let client = connect(server.port).await;
        client.batch_execute(SETUP).await.expect("the setup");
        let (status, said) = server.ask(&["backup", "--to", text(&place.path("backup"))]);
        assert_eq!(status, Some(0), "{said}");
        client.batch_execute("UPDATE accounts SET balance = 1 WHERE id = 1").await.expect("good");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let row = client.query_one("SELECT clock_timestamp()::text", &[]).await.expect("a time");
        tokio::time::sleep(Duration::from_millis(20)).await;
        client
            .batch_execute("TRUNCATE bulk; DROP TABLE moves; DELETE FROM accounts")
            .await
            .expect("bad");
        row.get::<_, String>(0)
    });
    // Not even a clean end: the rest is in the data directory's spool.
    let data = server.kill();
    let (archive, spool) = (place.path("archive"), data.join("archive"));
    let archives = ["--archive", text(&archive), "--archive", text(&spool)];
    let to_time = [&archives[..], &["--to-time", &moment]].concat();
    let (status, said) = place.restore("backup", "before", &to_time);
    assert_eq!(status, Some(0), "{said}");
    let server = Zserver::start_over(&place.path("before"), &[]);
    block_on(async {
        let client = connect(server.port).await;
        assert_eq!(sums(&client).await, (100, 9_901));
        let row =
            client.query_one("SELECT count(*) FROM bulk, (SELECT count(*) FROM moves) m", &[]);
        assert_eq!(row.await.expect("both are there").get::<_, i64>(0), 20_000);
    });
    drop(server);
    let (status, said) = place.restore("backup", "before", &to_time);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("is not empty"), "{said}");
    let late = [&archives[..], &["--to-time", "2999-01-01"]].concat();
    let (status, said) = place.restore("backup", "late", &late);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("before configured recovery target"), "{said}");
    let (status, said) = place.restore("backup", "none", &["--to-commit", "7"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("needs an archive"), "{said}");
}

#[test]
fn the_archive_is_seen_and_switched_and_its_absence_is_told() {
    let place = Place::new();
    let server = place.start();
    block_on(async {
        let client = connect(server.port).await;
        client
            .batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
            .await
            .expect("rows");
        client.batch_execute("SELECT zserver_switch_archive()").await.expect("a switch");
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let row = client
                .query_one(
                    "SELECT archived_count, last_archived_wal, failed_count FROM pg_stat_archiver",
                    &[],
                )
                .await
                .expect("the view");
            if row.get::<_, i64>(0) > 0 {
                assert!(row.get::<_, String>(1).ends_with(".segment"));
                assert_eq!(row.get::<_, i64>(2), 0);
                break;
            }
            assert!(Instant::now() < deadline, "the segment is archived");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let shown = client.query_one("SHOW archive_mode", &[]).await.expect("a parameter");
        assert_eq!(shown.get::<_, String>(0), "on");
        client.batch_execute("CREATE ROLE somebody; SET ROLE somebody").await.expect("a role");
        for sql in ["SELECT zserver_switch_archive()", "SELECT * FROM zserver_backup('/tmp/x')"] {
            let error = client.batch_execute(sql).await.expect_err("no right");
            assert_eq!(error.code().expect("an SQLSTATE").code(), "42501");
        }
    });
    let plain = Zserver::start();
    block_on(async {
        let client = connect(plain.port).await;
        let error =
            client.batch_execute("SELECT zserver_switch_archive()").await.expect_err("none");
        assert_eq!(error.code().expect("an SQLSTATE").code(), "55000");
        let error =
            client.batch_execute("SELECT * FROM zserver_backup('here')").await.expect_err("no");
        assert_eq!(error.code().expect("an SQLSTATE").code(), "42602");
        let row = client.query_one("SELECT archived_count FROM pg_stat_archiver", &[]).await;
        assert_eq!(row.expect("the view").get::<_, i64>(0), 0);
    });
}
