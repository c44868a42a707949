//! The audit log: what it has, and that no change of it goes unseen.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::{post, send};
use crate::support::raw::Raw;
use crate::support::websocket::WebSocket;
use crate::support::zserver::Zserver;
use crate::support::{block_on, connect};

fn files(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.join("audit")).expect("a directory");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// All records of a class, as the command prints them.
fn exported(data: &Path, class: &str) -> Vec<Value> {
    let (status, said) = Zserver::command(data, &["audit", "export", "--class", class]);
    assert_eq!(status, Some(0), "{said}");
    said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// One that has these members.
fn has(records: &[Value], members: Value) {
    let members = members.as_object().expect("an object");
    let fits = |record: &Value| members.iter().all(|(name, value)| &record[name] == value);
    assert!(records.iter().any(fits), "{members:?} is not in {records:#?}");
}

fn verify(data: &Path, more: &[&str]) -> (Option<i32>, String) {
    Zserver::command(data, &[&["audit", "verify"], more].concat())
}

#[test]
fn what_is_done_and_refused_is_in_it() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (server, http) = Zserver::start_with_http(&data, true, &[]);
    let mut client = Raw::log_in(server.port);
    for sql in [
        "CREATE ROLE joe LOGIN PASSWORD 'geheim'",
        "CREATE TABLE t (a int)",
        "CREATE TEMP TABLE unseen (a int)",
        "GRANT SELECT ON t TO joe",
        "CREATE POLICY p ON t USING (true)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER SYSTEM SET work_mem = '8MB'",
        "DO $$ BEGIN EXECUTE 'CREATE TABLE dynamic (a int)'; END $$",
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "SELECT pg_cancel_backend(pg_backend_pid() + 1000)",
        "SELECT pg_reload_conf()",
    ] {
        assert_eq!(client.error_of(sql.as_bytes()), None, "{sql}");
    }
    assert_eq!(client.error_of(b"SET ROLE joe"), None);
    assert_eq!(client.error_of(b"DROP TABLE t").as_deref(), Some("42501"));
    let mut stranger = Raw::connect(server.port);
    stranger.send(&crate::support::raw::startup("nobody"));
    assert!(stranger.until_ready().is_none(), "there is no such role");
    let wrong = "Authorization: Basic bm9ib2R5Og==\r\nZserver-Database: postgres\r\n";
    assert_eq!(post(http, "/api/v1/sql", wrong, "{\"query\": \"select 1\"}").status, 403);
    let logins = exported(&data, "login");
    has(&logins, json!({"outcome": "ok", "user": "postgres", "detail": "PostgreSQL protocol"}));
    has(&logins, json!({"outcome": "denied", "user": "nobody", "code": "28000"}));
    assert!(logins.iter().filter(|record| record["user"] == "nobody").count() >= 2, "both ports");
    assert!(logins[0]["client"].as_str().is_some_and(|client| client.starts_with("127.0.0.1:")));
    let grants = exported(&data, "grant");
    let detail = "CREATE ROLE joe LOGIN PASSWORD '***'";
    has(&grants, json!({"event": "CREATE ROLE", "detail": detail, "user": "postgres"}));
    has(&grants, json!({"event": "GRANT", "detail": "GRANT SELECT ON t TO joe"}));
    let ddl = exported(&data, "ddl");
    let made = "CREATE TABLE dynamic (a int)";
    has(
        &ddl,
        json!({"event": "CREATE TABLE", "detail": "CREATE TABLE t (a int)", "outcome": "ok"}),
    );
    has(&ddl, json!({"event": "CREATE TABLE", "detail": made}));
    let indexes = ddl.iter().filter(|record| record["event"] == "CREATE INDEX").count();
    assert_eq!(indexes, 1, "{ddl:#?}");
    assert!(!ddl.iter().any(|record| record.to_string().contains("unseen")), "{ddl:#?}");
    let policies = exported(&data, "policy");
    has(&policies, json!({"event": "CREATE POLICY"}));
    has(&policies, json!({"event": "ALTER TABLE"}));
    let admin = exported(&data, "admin");
    has(&admin, json!({"event": "server starts"}));
    has(&admin, json!({"event": "ALTER SYSTEM", "detail": "ALTER SYSTEM SET work_mem = '8MB'"}));
    has(&admin, json!({"event": "pg_reload_conf"}));
    let basic = "Authorization: Basic cG9zdGdyZXM6\r\n";
    let key = post(http, "/api/v1/auth/keys", basic, "{\"name\": \"k\"}").json();
    let id = key["id"].as_str().expect("an id");
    assert_eq!(client.error_of(b"RESET ROLE"), None);
    let revoke = format!("SELECT auth.revoke_api_key('{id}')");
    assert_eq!(client.error_of(revoke.as_bytes()), None);
    let keys = exported(&data, "key");
    has(&keys, json!({"event": "create_api_key", "detail": format!("{id} of postgres")}));
    has(&keys, json!({"event": "revoke_api_key", "detail": id, "user": "postgres"}));
    let refused = exported(&data, "refused");
    let denied = json!({"event": "must be owner of table t", "code": "42501", "user": "postgres",
        "role": "joe", "detail": "DROP TABLE t"});
    has(&refused, denied);
    assert_eq!(verify(&data, &[]).0, Some(0), "while the server runs");
    assert!(server.terminate().success());
    has(&exported(&data, "admin"), json!({"event": "server stops"}));
    let all = files(&data).into_iter().map(|file| std::fs::read_to_string(file).expect("a file"));
    assert!(!all.collect::<String>().contains("geheim"));
}

/// A key that is good for something else: what it asked for is in the log, and who had it.
#[test]
fn a_scope_that_is_missing_is_in_it() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (_server, http) = Zserver::start_with_http(&data, true, &[]);
    let basic = "Authorization: Basic cG9zdGdyZXM6\r\n";
    let new = "{\"name\": \"k\", \"scopes\": [\"files\"]}";
    let key = post(http, "/api/v1/auth/keys", basic, new).json();
    let key = key["key"].as_str().expect("a key").to_owned();
    let bearer = format!("Authorization: Bearer {key}\r\nX-Request-Id: asked-7\r\n");
    for (method, path, scope) in [
        ("POST", "/api/v1/sql", "sql"),
        ("POST", "/sql", "sql"),
        ("GET", "/api/v1/jobs", "jobs"),
        ("GET", "/api/v1/collections", "collections"),
        ("GET", "/collections", "collections"),
        ("GET", "/api/v1/events/t", "events"),
        ("GET", "/api/v1/auth/sessions", "admin"),
    ] {
        let answer = send(http, method, path, &bearer, "{\"query\": \"select 1\"}");
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        let denied = json!({"event": format!("the scope \"{scope}\" is needed"),
            "code": "42501", "outcome": "denied", "user": "postgres", "database": "postgres",
            "client": "127.0.0.1", "request": "asked-7", "detail": format!("{method} {path}")});
        has(&exported(&data, "refused"), denied);
    }
    let before = exported(&data, "refused").len();
    assert_eq!(before, 7, "each once");
    assert_eq!(send(http, "GET", "/api/v1/files", &bearer, "").status, 200);
    assert_eq!(exported(&data, "refused").len(), before, "what it is good for is none");
    // On a socket that is open already.
    let new = "{\"name\": \"s\", \"scopes\": [\"sql\"]}";
    let key = post(http, "/api/v1/auth/keys", basic, new).json();
    let bearer = format!("Authorization: Bearer {}\r\n", key["key"].as_str().expect("a key"));
    let mut socket = WebSocket::open(http, "/api/v1/sql", &bearer).expect("a socket");
    let (_, answer) = socket.ask(json!({"type": "subscribe", "id": 1, "table": "t"}));
    assert_eq!(answer["code"], json!("42501"), "{answer}");
    has(
        &exported(&data, "refused"),
        json!({"event": "the scope \"events\" is needed",
        "user": "postgres", "detail": "changes of t"}),
    );
    let all = files(&data).into_iter().map(|file| std::fs::read_to_string(file).expect("a file"));
    assert!(!all.collect::<String>().contains(&key["key"].as_str().expect("a key")[20..]));
}

#[test]
fn sql_reads_it_if_it_may() {
    let server = Zserver::start();
    block_on(async {
        let client = connect(server.port).await;
        client
            .batch_execute("CREATE ROLE joe; CREATE TABLE t (a int)")
            .await
            .expect("they are made");
        let sql = "SELECT class, event, outcome, usename, datname, pid IS NOT NULL, \
                   recorded BETWEEN now() - interval '1 hour' AND clock_timestamp(), \
                   record->>'seq' = seq::text FROM zserver_audit() WHERE detail LIKE 'CREATE TABLE%'";
        let rows = client.query(sql, &[]).await.expect("rows");
        assert_eq!(rows.len(), 1);
        let texts: Vec<String> = (0..5).map(|at| rows[0].get(at)).collect();
        assert_eq!(texts, ["ddl", "CREATE TABLE", "ok", "postgres", "postgres"]);
        assert!((5..8).all(|at| rows[0].get(at)));
        let count =
            async |sql: &str| client.query_one(sql, &[]).await.expect("a count").get::<_, i64>(0);
        assert_eq!(count("SELECT count(*) FROM zserver_audit(now() + interval '1 day')").await, 0);
        assert!(count("SELECT count(*) FROM zserver_audit(now() - interval '1 day')").await > 3);
        client.batch_execute("SET ROLE joe").await.expect("a role");
        for sql in ["SELECT * FROM zserver_audit()", "SELECT zserver_audit_event('a', 'b')"] {
            let error = client.query(sql, &[]).await.expect_err("it is refused");
            assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{sql}");
        }
        client
            .batch_execute("RESET ROLE; GRANT pg_monitor TO joe; SET ROLE joe")
            .await
            .expect("ok");
        assert!(count("SELECT count(*) FROM zserver_audit()").await > 3);
    });
}

#[test]
fn a_change_is_named_by_verify() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let server = Zserver::start_with(&data, &[]);
    let mut client = Raw::log_in(server.port);
    for number in 0..10 {
        let sql = format!("CREATE TABLE t{number} (a int)");
        assert_eq!(client.error_of(sql.as_bytes()), None);
    }
    assert!(server.terminate().success());
    let (status, said) = verify(&data, &[]);
    assert_eq!(status, Some(0), "{said}");
    let head = said.lines().find_map(|line| line.strip_prefix("head ")).expect("a hash").to_owned();
    assert_eq!(verify(&data, &["--head", &head]).0, Some(0));
    let file = files(&data)[0].clone();
    let text = std::fs::read_to_string(&file).expect("the file");
    let lines: Vec<&str> = text.lines().collect();
    let changed = |lines: &[&str]| {
        std::fs::write(&file, lines.join("\n") + "\n").expect("it is written");
        let (status, said) = verify(&data, &[]);
        std::fs::write(&file, &text).expect("it is written");
        assert_eq!(status, Some(3), "{said}");
        said
    };
    let at = lines.iter().position(|line| line.contains("TABLE t5 ")).expect("a record");
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    let place = format!("{name}:{}: ", at + 1);
    let other = lines[at].replace("TABLE t5 ", "TABLE t6 ");
    let with = [&lines[..at], &[other.as_str()], &lines[at + 1..]].concat();
    assert!(changed(&with).contains(&place), "a byte");
    let without = [&lines[..at], &lines[at + 1..]].concat();
    assert!(changed(&without).contains(&place), "a line is gone");
    let mut moved = lines.clone();
    moved.swap(at, at + 1);
    assert!(changed(&moved).contains(&place), "two have changed places");
    // What was cut off the end is seen by who has noted it.
    std::fs::write(&file, lines[..lines.len() - 1].join("\n") + "\n").expect("it is written");
    assert_eq!(verify(&data, &[]).0, Some(0));
    let (status, said) = verify(&data, &["--head", &head]);
    assert_eq!(status, Some(3), "{said}");
}

#[test]
fn a_killed_server_leaves_a_whole_chain() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let limits = [("ZSERVER_AUDIT_FILE_SIZE", "32kB"), ("ZSERVER_AUDIT_MAX_SIZE", "0")];
    let mut acknowledged = 0;
    for round in 0..3 {
        let server = Zserver::start_with(&data, &limits);
        let port = server.port;
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                std::thread::spawn(move || {
                    let mut client = Raw::log_in(port);
                    let mut count = 0;
                    loop {
                        let sql = format!("CREATE ROLE r{round}_{thread}_{count}");
                        let frame = crate::support::raw::query(sql.as_bytes());
                        client.send(&frame);
                        match client.until_ready() {
                            Some(messages) if messages.iter().any(|(tag, _)| *tag == b'C') => {
                                count += 1
                            }
                            _ => return count,
                        }
                    }
                })
            })
            .collect();
        let begun = Instant::now();
        while files(&data).len() < 4 * (round + 1) && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        server.kill();
        acknowledged +=
            threads.into_iter().map(|thread| thread.join().expect("a count")).sum::<usize>();
        let (status, said) = verify(&data, &[]);
        assert_eq!(status, Some(0), "{said}");
    }
    let made = exported(&data, "grant").len();
    assert!(made >= acknowledged && acknowledged > 100, "{made} of {acknowledged}");
    assert!(files(&data).len() > 6);
    // Half a record at the end.
    let last = files(&data).pop().expect("a file");
    let mut text = std::fs::read_to_string(&last).expect("a file");
    text.push_str("{\"seq\":9");
    std::fs::write(&last, text).expect("it is written");
    let (status, said) = verify(&data, &[]);
    assert!(status == Some(0) && said.contains("8 bytes of a torn record"), "{said}");
    let server = Zserver::start_with(&data, &limits);
    assert!(server.terminate().success());
    let (status, said) = verify(&data, &[]);
    assert!(status == Some(0) && !said.contains("torn"), "{said}");
}
