//! One transaction over three servers: this one, another of its kind, and PostgreSQL.
//! Whoever fails at whichever step, it is on all of them in the end or on none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::proxy::{Proxy, wait_for};
use crate::support::{block_on, connect, postgres, zserver::Zserver};

const ENVIRONMENT: [(&str, &str); 3] = [
    ("ZSERVER_DEV", "true"),
    ("ZSERVER_REMOTE_TIMEOUT", "3s"),
    ("ZSERVER_REMOTE_RECOVERY_INTERVAL", "100ms"),
];

async fn column(client: &Client, sql: &str) -> String {
    let messages = client.simple_query(sql).await.expect(sql);
    let values = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
        _ => None,
    });
    values.collect::<Vec<_>>().join(" ")
}

async fn code(client: &Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    error.code().map(|code| code.code().to_owned()).unwrap_or_default()
}

fn ask(port: u16, sql: &str) -> String {
    block_on(async { column(&connect(port).await, sql).await })
}

fn run(port: u16, sql: &str) {
    block_on(async { connect(port).await.batch_execute(sql).await.expect(sql) });
}

/// A server that takes part, and can be killed.
enum Participant {
    Zserver { server: Option<Zserver>, data: PathBuf },
    Postgres(postgres::Own),
}

impl Participant {
    fn port(&self) -> u16 {
        match self {
            Participant::Zserver { server, .. } => server.as_ref().expect("it runs").port,
            Participant::Postgres(own) => own.port,
        }
    }

    fn kill_and_restart(&mut self) {
        match self {
            Participant::Zserver { server, data } => {
                server.take().expect("it runs").kill();
                *server = Some(Zserver::start_over(data, &[]));
            }
            Participant::Postgres(own) => {
                own.kill();
                own.start_again().expect("PostgreSQL starts again");
            }
        }
    }
}

/// A coordinator and those it names, each behind a proxy.
struct Cluster {
    _directory: TempDir,
    coordinator: Option<Zserver>,
    data: PathBuf,
    participants: Vec<(Participant, Proxy)>,
}

const TABLE: &str = "CREATE TABLE done (n int PRIMARY KEY)";

impl Cluster {
    fn start() -> Cluster {
        let directory = TempDir::new().expect("a temporary directory");
        let data = directory.path().join("coordinator");
        let coordinator = Zserver::start_secured(&data, &ENVIRONMENT);
        let mut participants = vec![zserver(&directory.path().join("first"))];
        participants.push(match postgres::Own::start() {
            Ok(own) => Participant::Postgres(own),
            Err(why) => {
                println!("skipped for PostgreSQL: {why}");
                zserver(&directory.path().join("second"))
            }
        });
        run(coordinator.port, TABLE);
        let mut behind = Vec::new();
        for (at, participant) in participants.into_iter().enumerate() {
            run(participant.port(), TABLE);
            let proxy = Proxy::start(participant.port());
            let add = format!(
                "SELECT zserver_add_server('s{at}', 'host=127.0.0.1 port={} user=postgres \
                 dbname=postgres')",
                proxy.port
            );
            run(coordinator.port, &add);
            behind.push((participant, proxy));
        }
        let coordinator = Some(coordinator);
        Cluster { _directory: directory, coordinator, data, participants: behind }
    }

    fn port(&self) -> u16 {
        self.coordinator.as_ref().expect("it runs").port
    }

    fn kill_coordinator(&mut self) {
        self.coordinator.take().expect("it runs").kill();
    }

    fn restart_coordinator(&mut self) {
        self.coordinator = Some(Zserver::start_secured(&self.data, &ENVIRONMENT));
    }

    /// Waits until nothing is in doubt anywhere.
    fn settle(&self) {
        for _ in 0..600 {
            let decisions = ask(self.port(), "SELECT count(*) FROM zserver_in_doubt()");
            let prepared = self.participants.iter().all(|(participant, _)| {
                ask(participant.port(), "SELECT count(*) FROM pg_prepared_xacts") == "0"
            });
            if decisions == "0" && prepared {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("something stays in doubt");
    }

    /// On how many servers a number is.
    fn found(&self, n: usize) -> Vec<bool> {
        let mut ports = vec![self.port()];
        ports.extend(self.participants.iter().map(|(participant, _)| participant.port()));
        let count = format!("SELECT count(*) FROM done WHERE n = {n}");
        ports.into_iter().map(|port| ask(port, &count) == "1").collect()
    }
}

fn zserver(data: &Path) -> Participant {
    Participant::Zserver { server: Some(Zserver::start_over(data, &[])), data: data.to_owned() }
}

fn transaction(n: usize) -> String {
    format!(
        "BEGIN; INSERT INTO done VALUES ({n}); \
         SELECT zserver_execute('s0', 'INSERT INTO done VALUES ({n})'); \
         SELECT zserver_execute('s1', 'INSERT INTO done VALUES ({n})'); COMMIT"
    )
}

#[test]
fn whoever_fails_at_whichever_step_it_is_everywhere_or_nowhere() {
    let mut cluster = Cluster::start();
    let mut n = 0;
    for at in 0..cluster.participants.len() {
        for (pattern, forward) in [
            ("PREPARE TRANSACTION", false),
            ("PREPARE TRANSACTION", true),
            ("COMMIT PREPARED", false),
            ("COMMIT PREPARED", true),
        ] {
            for kills_coordinator in [true, false] {
                n += 1;
                let told = format!("{n}: {pattern} {forward} at {at}, {kills_coordinator}");
                let reached = cluster.participants[at].1.stop_at(pattern, forward);
                let port = cluster.port();
                let client = std::thread::spawn(move || {
                    block_on(async { connect(port).await.batch_execute(&transaction(n)).await })
                });
                wait_for(&reached);
                if kills_coordinator {
                    cluster.kill_coordinator();
                } else {
                    let (participant, proxy) = &mut cluster.participants[at];
                    participant.kill_and_restart();
                    proxy.set_target(participant.port());
                }
                cluster.participants.iter().for_each(|(_, proxy)| proxy.reset());
                if kills_coordinator {
                    cluster.restart_coordinator();
                }
                let acknowledged = client.join().expect("the client ends").is_ok();
                cluster.settle();
                let found = cluster.found(n);
                assert!(found.iter().all(|one| *one == found[0]), "{told}: {found:?}");
                assert!(!acknowledged || found[0], "an acknowledged commit is lost: {told}");
                let decided = pattern == "COMMIT PREPARED";
                assert_eq!(found[0], decided, "{told}");
                // With the coordinator alive its client learns the truth.
                assert!(kills_coordinator || acknowledged == found[0], "{told}");
            }
        }
    }
    // Nothing is locked, and the next one goes through.
    run(cluster.port(), &transaction(1_000));
    assert_eq!(cluster.found(1_000), [true, true, true]);
}

#[test]
fn sums_agree_under_kills() {
    let mut cluster = Cluster::start();
    let setup = "CREATE TABLE purse (v int); INSERT INTO purse VALUES (1000)";
    run(cluster.port(), setup);
    cluster.participants.iter().for_each(|(participant, _)| run(participant.port(), setup));
    for round in 0..6 {
        let port = cluster.port();
        let mover = std::thread::spawn(move || {
            block_on(async {
                let client = connect(port).await;
                for n in 1.. {
                    let sql = format!(
                        "BEGIN; UPDATE purse SET v = v - {n}; \
                         SELECT zserver_execute('s0', 'UPDATE purse SET v = v + {n} - 1'); \
                         SELECT zserver_execute('s1', 'UPDATE purse SET v = v + 1'); COMMIT"
                    );
                    if client.batch_execute(&sql).await.is_err() && client.is_closed() {
                        return n;
                    }
                    // What failed in the middle is a failed transaction block.
                    let _ = client.batch_execute("ROLLBACK").await;
                }
                0
            })
        });
        std::thread::sleep(Duration::from_millis(400));
        if round % 3 < 2 {
            let (participant, proxy) = &mut cluster.participants[round % 3];
            participant.kill_and_restart();
            proxy.set_target(participant.port());
            std::thread::sleep(Duration::from_millis(300));
        }
        cluster.kill_coordinator();
        assert!(mover.join().expect("the mover ends") > 1, "something was tried");
        cluster.restart_coordinator();
        cluster.settle();
        let mut sum = 0;
        for port in std::iter::once(cluster.port())
            .chain(cluster.participants.iter().map(|(participant, _)| participant.port()))
        {
            sum += ask(port, "SELECT v FROM purse").parse::<i32>().expect("a number");
        }
        assert_eq!(sum, 3_000, "round {round}");
    }
}

#[test]
fn branches_follow_their_transaction() {
    let cluster = Cluster::start();
    block_on(async {
        let client = connect(cluster.port()).await;
        let remote = connect(cluster.participants[1].0.port()).await;
        let count = "SELECT count(*) FROM done";
        // A rollback, an error, and the end of the session.
        client
            .batch_execute(
                "BEGIN; SELECT zserver_execute('s1', 'INSERT INTO done VALUES (1)'); ROLLBACK",
            )
            .await
            .expect("rollback");
        let failed = code(
            &client,
            "BEGIN; SELECT zserver_execute('s1', 'INSERT INTO done VALUES (1)'); SELECT 1/0",
        );
        assert_eq!(failed.await, "22012");
        client.batch_execute("COMMIT").await.expect("it is rolled back");
        assert_eq!(column(&remote, count).await, "0");
        // One statement is a transaction.
        let one = "SELECT zserver_execute('s1', 'INSERT INTO done VALUES (2), (3)')";
        assert_eq!(column(&client, one).await, "2");
        assert_eq!(column(&remote, count).await, "2");
        let rows =
            "SELECT r FROM zserver_query('s1', 'SELECT n, NULL, ''x,y'' FROM done ORDER BY n') r";
        assert_eq!(column(&client, rows).await, "{2,NULL,\"x,y\"} {3,NULL,\"x,y\"}");
        // Their errors are ours.
        let twice = "SELECT zserver_execute('s1', 'INSERT INTO done VALUES (2)')";
        let error = client.batch_execute(twice).await.expect_err("a key twice");
        let error = error.as_db_error().expect("an answer");
        assert_eq!(error.code().code(), "23505");
        assert_eq!(error.where_().map(|it| it.contains("server \"s1\"")), Some(true));
        // A branch that has failed is not committed, even if its error was caught.
        let caught = "DO $$ BEGIN PERFORM zserver_execute('s1', 'INSERT INTO done VALUES (9)'); \
                      BEGIN PERFORM 1/0; EXCEPTION WHEN OTHERS THEN NULL; END; END $$";
        client.batch_execute(caught).await.expect("the branch is outside");
        assert_eq!(column(&remote, "SELECT count(*) FROM done WHERE n = 9").await, "1");
        let inside = "DO $$ BEGIN PERFORM zserver_execute('s1', 'INSERT INTO done VALUES (2)'); \
                      EXCEPTION WHEN OTHERS THEN RAISE; END $$";
        assert_eq!(code(&client, inside).await, "0A000");
        for (sql, expected) in [
            ("BEGIN; SAVEPOINT a; SELECT zserver_execute('s1', 'SELECT 1')", "0A000"),
            ("SELECT zserver_execute('s1', 'COMMIT')", "0A000"),
            ("SELECT zserver_execute('s1', 'SELECT 1; SELECT 2')", "42601"),
            ("SELECT zserver_execute('none', 'SELECT 1')", "42704"),
            ("BEGIN; SELECT zserver_execute('s1', 'SELECT 1'); PREPARE TRANSACTION 'x'", "0A000"),
            ("SELECT zserver_add_server('s1', 'host=127.0.0.1')", "42710"),
            ("SELECT zserver_add_server('x', 'host=127.0.0.1 sslmode=allow')", "0A000"),
            ("SELECT zserver_drop_server('none')", "42704"),
            // The deferred check of the branch fails when it is prepared.
            (
                "BEGIN; SELECT zserver_execute('s1', 'CREATE TABLE d (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)'); \
              SELECT zserver_execute('s1', 'INSERT INTO d VALUES (1), (1)'); COMMIT",
                "23505",
            ),
        ] {
            assert_eq!(code(&client, sql).await, expected, "{sql}");
            client.batch_execute("ROLLBACK").await.expect("rollback");
        }
        client.batch_execute("CREATE ROLE nobody LOGIN; SET ROLE nobody").await.expect("a role");
        assert_eq!(code(&client, "SELECT zserver_execute('s1', 'SELECT 1')").await, "42501");
        assert_eq!(code(&client, "SELECT * FROM zserver_servers()").await, "42501");
        client.batch_execute("RESET ROLE").await.expect("RESET");
        // Isolation and READ ONLY are the transaction's.
        client
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .expect("BEGIN");
        let level = "SELECT r[1] FROM zserver_query('s1', 'SHOW transaction_isolation') r";
        assert_eq!(column(&client, level).await, "repeatable read");
        let only = "SELECT r[1] FROM zserver_query('s1', 'SHOW transaction_read_only') r";
        assert_eq!(column(&client, only).await, "on");
        client.batch_execute("COMMIT").await.expect("COMMIT");
        // A cancel ends the wait, and the branch with it.
        let token = client.cancel_token();
        let canceling = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            token.cancel_query(tokio_postgres::NoTls).await
        });
        let sleep = "SELECT zserver_execute('s1', 'SELECT pg_sleep(60)')";
        assert_eq!(code(&client, sleep).await, "57014");
        canceling.await.expect("a task").expect("cancel");
        let active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' \
                      AND state = 'active' AND pid <> pg_backend_pid()";
        for _ in 0..200 {
            if column(&remote, active).await == "0" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(column(&remote, active).await, "0");
        client.batch_execute("SELECT zserver_drop_server('s1')").await.expect("nobody uses it");
        assert_eq!(column(&client, "SELECT name FROM zserver_servers()").await, "s0");
    });
}

/// A certificate for `localhost` that signs itself, and its key, as files.
fn certificate(directory: &Path, name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let path = |kind: &str| directory.join(format!("{name}.{kind}")).display().to_string();
    std::fs::write(path("crt"), made.cert.pem()).expect("a certificate");
    std::fs::write(path("key"), made.signing_key.serialize_pem()).expect("a key");
    (path("crt"), path("key"))
}

/// Connections to another server are encrypted as `sslmode` says, and its certificate is
/// asked for.
#[test]
fn sslmode_of_another_server_means_what_it_says() {
    let directory = TempDir::new().expect("a temporary directory");
    let (own, key) = certificate(directory.path(), "own");
    let (strange, _) = certificate(directory.path(), "strange");
    let encrypted = [("ZSERVER_DEV", "true"), ("ZSERVER_SSL_CERT_FILE", &*own)];
    let strict = [("ZSERVER_SSL_KEY_FILE", &*key), ("ZSERVER_REQUIRE_TLS", "true")];
    let encrypted = [encrypted, strict].concat();
    let there = Zserver::start_secured(&directory.path().join("there"), &encrypted);
    let plain = Zserver::start_secured(&directory.path().join("plain"), &ENVIRONMENT);
    let here = Zserver::start_secured(&directory.path().join("here"), &ENVIRONMENT);
    // Host, words of the connection string, whether it connects.
    let cases = [
        (&there, "localhost", "sslmode=disable".to_owned(), false),
        (&there, "localhost", String::new(), true),
        (&there, "localhost", "sslmode=require".to_owned(), true),
        (&there, "localhost", format!("sslmode=require sslrootcert={strange}"), false),
        (&there, "localhost", format!("sslmode=verify-full sslrootcert={own}"), true),
        (&there, "127.0.0.1", format!("sslmode=verify-full sslrootcert={own}"), false),
        (&there, "127.0.0.1", format!("sslmode=verify-ca sslrootcert={own}"), true),
        (&there, "localhost", format!("sslmode=verify-ca sslrootcert={strange}"), false),
        (&plain, "localhost", String::new(), true),
        (&plain, "localhost", "sslmode=require".to_owned(), false),
    ];
    block_on(async {
        let client = connect(here.port).await;
        for (number, (server, host, words, connects)) in cases.iter().enumerate() {
            let port = server.port;
            let add = format!(
                "SELECT zserver_add_server('s{number}', \
                 'host={host} port={port} user=postgres dbname=postgres {words}')"
            );
            client.batch_execute(&add).await.expect(&add);
            let ask = format!("SELECT zserver_query('s{number}', 'SELECT 1')");
            match connects {
                true => assert_eq!(column(&client, &ask).await, "{1}", "{add}"),
                false => assert_eq!(code(&client, &ask).await, "08006", "{add}"),
            }
        }
    });
}
