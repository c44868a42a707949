//! What the extensions of HTTP keep for users, in a dump that is restored into another database.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_jobs::SETTINGS;
use crate::support::postgres;
use crate::support::request::{Asker, bytes_of};
use crate::support::zserver::Zserver;

fn run(tool: &Path, port: u16, words: &[&str]) {
    let output = Command::new(tool)
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "postgres"])
        .args(words)
        .output()
        .expect("the tool runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until a count is what it is to be.
fn until(asker: &Asker, query: &str, expected: i64) {
    let started = Instant::now();
    loop {
        let found = asker.sql(query);
        if found == json!([[expected]]) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{query}: {found}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_set_up_is_in_a_dump_and_works_where_it_is_restored() {
    let Some(bin) = postgres::bin_directory() else {
        println!("skipped: pg_dump is not installed");
        return;
    };
    let directory = TempDir::new().expect("a directory");
    let (server, port) = Zserver::start_with_http(&directory.path().join("data"), true, &SETTINGS);
    let asker = Asker::new(port, "postgres");
    let ask = |method: &str, path: &str, body: Value| {
        let answer = asker.send(method, &format!("/api/v1{path}"), "", body.to_string().as_bytes());
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
    };
    asker.sql("create role ann login");
    asker.sql("create table ticked (at timestamptz default clock_timestamp())");
    ask("PUT", "/queues/narrow", json!({"max_running": 2, "is_paused": true}));
    let tick = json!({"statement": "insert into ticked default values"});
    ask(
        "POST",
        "/schedules",
        json!({"name": "busy", "cron": "* * * * * *", "kind": "sql", "payload": tick, "is_paused": true}),
    );
    ask(
        "POST",
        "/schedules",
        json!({"name": "still", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "kind": "sql", "is_paused": true}),
    );
    asker.sql("update jobs.schedule set error = 'why' where name = 'still'");
    ask("POST", "/jobs", json!({"kind": "later"}));
    let step =
        json!({"name": "one", "kind": "sql", "statement": "insert into ticked default values"});
    ask("PUT", "/sagas/definitions/order", json!({"steps": [step]}));
    ask("PUT", "/files/b", json!({"owner": "ann", "readers": ["postgres"], "versioning": true}));
    ask("PUT", "/files/open", json!({}));
    asker.sql("insert into files.quotas values ('ann', 500000)");
    let (small, large) = (bytes_of(1_000, 1), bytes_of(200_000, 2));
    for (name, data) in [("b/small", &small), ("b/large", &large)] {
        assert_eq!(asker.send("PUT", &format!("/api/v1/files/{name}"), "", data).status, 201);
    }
    asker.sql("create extension pgmq");
    asker.sql("select pgmq.create('mail')");
    asker.sql("select pgmq.bind_topic('mail.*', 'mail')");
    asker.sql("select pgmq.send('mail', '{\"to\": \"ann\"}')");
    let file = directory.path().join("dump.sql");
    let file = file.to_str().expect("a path");
    run(&bin.join("pg_dump"), server.port, &["-f", file, "postgres"]);
    asker.sql("create database copy");
    run(&bin.join("psql"), server.port, &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file, "copy"]);
    let mut copy = Asker::new(port, "postgres");
    copy.headers = copy.headers.replace("Database: postgres", "Database: copy");
    let rows = |query: &str| {
        let (here, there) = (asker.sql(query), copy.sql(query));
        assert_eq!(here, there, "{query}");
        there
    };
    rows("select * from jobs.queue order by name");
    rows(
        "select name, cron, time_zone, kind, payload, queue, priority, max_attempts, missed, is_paused, role, error from jobs.schedule order by name",
    );
    rows("select name, steps, role from sagas.definition");
    rows("select * from files.buckets order by name");
    rows("select * from files.quotas");
    rows("select queue_name, is_partitioned, is_unlogged from pgmq.meta");
    rows("select pattern, queue_name from pgmq.topic_bindings");
    rows("select msg_id, message from pgmq.q_mail");
    // Work that is under way is not done twice, and there are no names without bytes.
    assert_eq!(copy.sql("select count(*) from jobs.job"), json!([[0]]));
    assert_eq!(copy.sql("select name from files.objects"), json!([["small"]]));
    let get = |name: &str| copy.ask("GET", &format!("/api/v1/files/{name}"));
    assert!(get("b/small").body == small);
    assert_eq!(get("b/large").status, 404);
    // All of it works there.
    let post = |path: &str, body: Value| {
        let answer = copy.send("POST", &format!("/api/v1{path}"), "", body.to_string().as_bytes());
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    };
    post("/schedules/busy/resume", Value::Null);
    let started = Instant::now();
    while copy.sql("select count(*) < 2 from ticked") == json!([[true]]) {
        assert!(started.elapsed() < Duration::from_secs(60), "the schedule ticks");
        std::thread::sleep(Duration::from_millis(100));
    }
    post("/schedules/busy/pause", Value::Null);
    assert_eq!(asker.sql("select count(*) from ticked"), json!([[0]]));
    let run = post("/sagas", json!({"definition": "order"}))["id"].clone();
    until(
        &copy,
        &format!("select count(*) from sagas.run where id = {run} and state = 'completed'"),
        1,
    );
    // Versions go on after those that were restored.
    let stored = copy.send("PUT", "/api/v1/files/b/small", "", b"new");
    assert_eq!(stored.status, 201, "{}", stored.text());
    assert_eq!(copy.sql("select count(distinct version) from files.objects"), json!([[2]]));
    assert_eq!(copy.sql("select count(*) from pgmq.send_topic('mail.x', '{}')"), json!([[1]]));
    assert_eq!(
        copy.sql("select msg_id from pgmq.read('mail', 30, 10) order by 1"),
        json!([[1], [2]])
    );
}
