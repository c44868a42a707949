//! What the server tells of itself: `/metrics`, health, traces, slow statements, and
//! `pg_stat_statements` over every way that a statement comes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::{TRUSTED, get, post, raw, send, sql, started};
use crate::support::raw::{Raw, frame, startup};
use crate::support::zserver::Zserver;
use crate::support::{block_on, connect};

/// The samples of a scrape by name and labels.
struct Scrape(HashMap<String, f64>);

impl Scrape {
    fn of(http: u16) -> Scrape {
        let answer = get(http, "/metrics");
        assert_eq!(answer.status, 200, "{}", answer.text());
        Scrape::parse(&answer.text())
    }

    fn parse(text: &str) -> Scrape {
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        });
        Scrape(samples.collect())
    }

    /// A sample; 0 if it is not there.
    fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// The sum of the samples whose names hold all of these.
    fn sum(&self, parts: &[&str]) -> f64 {
        let all = self.0.iter();
        all.filter(|(name, _)| parts.iter().all(|part| name.contains(part))).map(|(_, v)| v).sum()
    }
}

fn statements(kind: &str, class: &str) -> String {
    format!("zserver_statements_total{{kind=\"{kind}\",sqlstate_class=\"{class}\"}}")
}

#[test]
fn statements_are_counted_by_kind_and_class_on_every_way() {
    let (server, http, _directory) = started();
    let ask = |query: &str| sql(http, json!({"query": query}));
    assert_eq!(ask("create table t (id int primary key)").status, 200);
    let before = Scrape::of(http);
    let grown = |after: &Scrape, name: &str| after.get(name) - before.get(name);
    // Over HTTP, by the simple protocol, by the extended one; alone and in a block.
    assert_eq!(ask("insert into t values (1)").status, 200);
    let mut client = Raw::log_in(server.port);
    assert_eq!(client.error_of(b"insert into t values (2)"), None);
    assert_eq!(client.error_of(b"begin; insert into t values (3); commit"), None);
    block_on(async {
        let client = connect(server.port).await;
        client.execute("insert into t values ($1)", &[&4]).await.expect("a row");
        client.query("select * from t where id < $1", &[&100]).await.expect("rows");
    });
    assert_eq!(ask("insert into t values (1)").code(), "23505");
    assert_eq!(client.error_of(b"insert into t values (2)").as_deref(), Some("23505"));
    assert_eq!(client.error_of(b"selec").as_deref(), Some("42601"));
    assert_eq!(client.error_of(b"select 1 / (id - 1) from t").as_deref(), Some("22012"));
    let after = Scrape::of(http);
    assert_eq!(grown(&after, &statements("insert", "00")), 4.0);
    assert_eq!(grown(&after, &statements("insert", "23")), 2.0);
    assert_eq!(grown(&after, &statements("begin", "00")), 1.0);
    assert_eq!(grown(&after, &statements("commit", "00")), 1.0);
    assert_eq!(grown(&after, &statements("select", "22")), 1.0);
    assert_eq!(grown(&after, &statements("unknown", "42")), 1.0);
    assert_eq!(grown(&after, "zserver_statement_duration_seconds_count{kind=\"insert\"}"), 6.0);
    assert_eq!(grown(&after, "zserver_statement_rows_total"), 8.0);
    let commits = "zserver_commits_total{database=\"postgres\"}";
    assert!(grown(&after, commits) >= 4.0, "{}", grown(&after, commits));
    let groups = "zserver_commit_group_size_count";
    assert!(
        grown(&after, groups) >= 4.0 && grown(&after, "zserver_commit_sync_seconds_count") > 0.0
    );
    // Nothing is counted twice, and nothing later.
    let again = Scrape::of(http);
    assert_eq!(again.get(&statements("insert", "00")), after.get(&statements("insert", "00")));
}

/// What the guard and the proof have refused, each by its reason, once.
#[test]
fn refusals_are_counted_by_why() {
    let directory = TempDir::new().expect("a directory");
    let settings = [
        ("ZSERVER_HTTP_RATE_LOOPBACK", "true"),
        ("ZSERVER_HTTP_RATE_AUTH", "1"),
        ("ZSERVER_HTTP_RATE_ANONYMOUS", "5"),
        ("ZSERVER_HTTP_RATE_ADMIN", "1"),
        ("ZSERVER_HTTP_RATE_USER", "1"),
        ("ZSERVER_HTTP_RATE_PLANS", "free_plan=1"),
        ("ZSERVER_HTTP_WAF", "block"),
        ("ZSERVER_HTTP_MAX_URL", "2kB"),
        ("ZSERVER_HTTP_MAX_BODY", "2kB"),
        ("ZSERVER_HTTP_READ_TIMEOUT", "400ms"),
        ("ZSERVER_FILES_MAX_UPLOADS", "1"),
    ];
    let (_server, http) = Zserver::start_with_http(&directory.path().join("data"), true, &settings);
    let as_role = |role: &str| {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{role}:"));
        format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n")
    };
    assert_eq!(sql(http, json!({"query": "create role free_plan login"})).status, 200);
    assert_eq!(send(http, "PUT", "/api/v1/files/b", TRUSTED, "").status, 201);
    let new = "{\"name\": \"k\", \"scopes\": [\"files\"]}";
    let key = post(http, "/api/v1/auth/keys", TRUSTED, new).json();
    let by_key = format!("Authorization: Bearer {}\r\n", key["key"].as_str().expect("a key"));
    let question = json!({"query": "select 1"}).to_string();
    let ask = |headers: &str| post(http, "/api/v1/sql", headers, &question);
    let me = |role: &str| send(http, "GET", "/api/v1/auth/me", &as_role(role), "");
    let upload = format!("{TRUSTED}Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\n");
    let upload = || post(http, "/files?bucket=b&name=x", &upload, "");
    assert_eq!((me("postgres").status, upload().status), (200, 201));
    assert_eq!(ask(&as_role("free_plan")).status, 200);
    let log_in = || post(http, "/api/v1/auth/login", TRUSTED, "{}");
    assert_eq!(log_in().status, 200);
    let slow = format!(
        "POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{TRUSTED}Content-Length: 20\r\n\r\n{{"
    );
    let elsewhere = format!(
        "GET /api/v1/jobs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n{TRUSTED}\r\n"
    );
    let long = json!({"query": "x".repeat(4_000)}).to_string();
    let page = format!("{TRUSTED}Origin: https://evil.example\r\n");
    let attack = "/api/v1/jobs?state=x'%20union%20select%20usename%20from%20pg_shadow--";
    type Asked<'a> = Box<dyn Fn() -> crate::support::http::Answer + 'a>;
    let cases: Vec<(&str, u16, Asked)> = vec![
        ("head", 414, Box::new(|| get(http, &format!("/livez?x={}", "y".repeat(2_100))))),
        ("path", 400, Box::new(|| get(http, "/a/../b"))),
        ("host", 421, Box::new(|| raw(http, elsewhere.as_bytes()))),
        ("origin", 403, Box::new(|| ask(&page))),
        ("attack", 403, Box::new(|| send(http, "GET", attack, TRUSTED, ""))),
        ("slow_body", 408, Box::new(|| raw(http, slow.as_bytes()))),
        ("large_body", 413, Box::new(|| post(http, "/api/v1/sql", TRUSTED, &long))),
        ("proof", 401, Box::new(|| ask("Authorization: Bearer zsk_1_wrong\r\n"))),
        ("proof", 401, Box::new(|| ask(""))),
        ("scope", 403, Box::new(|| ask(&by_key))),
        ("scope", 403, Box::new(|| send(http, "GET", "/collections", &by_key, ""))),
        ("uploads", 429, Box::new(upload)),
        ("rate_auth", 429, Box::new(log_in)),
        ("rate_admin", 429, Box::new(|| post(http, "/api/v1/auth/keys", TRUSTED, new))),
        ("rate_user", 429, Box::new(|| me("postgres"))),
        ("rate_data", 429, Box::new(|| ask(&as_role("free_plan")))),
    ];
    let counts = |scrape: &Scrape| -> HashMap<String, f64> {
        let all =
            scrape.0.iter().filter(|(name, _)| name.starts_with("zserver_http_refused_total"));
        all.map(|(name, count)| (name.clone(), *count)).collect()
    };
    let named = |reason: &str| format!("zserver_http_refused_total{{reason=\"{reason}\"}}");
    for (reason, status, asked) in cases {
        let mut before = counts(&Scrape::of(http));
        assert!(before.len() > 10, "those that have not been are there: {before:?}");
        let answer = asked();
        assert_eq!(answer.status, status, "{reason}: {}", answer.text());
        let after = counts(&Scrape::of(http));
        *before.get_mut(&named(reason)).expect(reason) += 1.0;
        assert_eq!(after, before, "{reason}");
    }
    // An address has so many requests without a proof; the one that is too many is counted
    // as that, whatever it was.
    let before = counts(&Scrape::of(http))[&named("rate_anonymous")];
    let refused = (0..10).filter(|_| get(http, "/nothing").status == 429).count();
    let after = counts(&Scrape::of(http))[&named("rate_anonymous")];
    assert!(refused >= 6, "{refused}");
    assert_eq!(after - before, refused as f64);
    // What a statement fails with is none.
    let before = counts(&Scrape::of(http));
    assert_eq!(sql(http, json!({"query": "select * from nothing"})).status, 404);
    assert_eq!(counts(&Scrape::of(http)), before);
}

#[test]
fn a_commit_that_fails_is_the_failure_of_its_statement() {
    let (server, http, _directory) = started();
    let mut client = Raw::log_in(server.port);
    let made = b"create table p (id int primary key); create table c (p int references p deferrable initially deferred)";
    assert_eq!(client.error_of(made), None);
    let before = Scrape::of(http);
    assert_eq!(client.error_of(b"insert into c values (1)").as_deref(), Some("23503"));
    // In the extended protocol the commit comes with Sync.
    let parse = b"\0insert into c values (2)\0\0\0".to_vec();
    let message = [
        frame(b'P', &parse),
        frame(b'B', b"\0\0\0\0\0\0\0\0"),
        frame(b'E', b"\0\0\0\0\0"),
        frame(b'S', b""),
    ];
    client.send(&message.concat());
    assert!(client.until_ready().is_some_and(|all| all.iter().any(|(tag, _)| *tag == b'E')));
    let after = Scrape::of(http);
    let grown = |class: &str| {
        after.get(&statements("insert", class)) - before.get(&statements("insert", class))
    };
    assert_eq!((grown("00"), grown("23")), (0.0, 2.0));
}

#[test]
fn requests_sockets_and_searches_are_counted() {
    let (_server, http, _directory) = started();
    let ask = |query: &str| {
        let answer = sql(http, json!({"query": query}));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    };
    ask("create extension vector");
    ask("create table v (id int primary key, e vector(3))");
    ask("insert into v select g, array[g, 0, 0]::vector(3) from generate_series(1, 3000) g");
    ask("create index on v using hnsw (e vector_l2_ops)");
    let before = Scrape::of(http);
    // Of fewer rows all would be compared.
    ask("select id from v order by e <-> '[1,0,0]' limit 3");
    assert_eq!(get(http, "/nowhere").status, 404);
    assert_eq!(send(http, "PATCH", "/api/v1/sql", TRUSTED, "").status, 405);
    assert_eq!(send(http, "GET", "/api/v1/jobs/7700077", TRUSTED, "").status, 404);
    let after = Scrape::of(http);
    let grown = |name: &str| after.get(name) - before.get(name);
    let requests = |route: &str, method: &str, status: &str| {
        format!(
            "zserver_http_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}"
        )
    };
    assert_eq!(grown(&requests("/api/v1/sql", "POST", "2xx")), 1.0);
    assert_eq!(grown(&requests("/api/v1/jobs/{id}", "GET", "4xx")), 1.0);
    assert_eq!(grown(&requests("(none)", "GET", "4xx")), 1.0);
    assert_eq!(grown(&requests("(none)", "PATCH", "4xx")), 1.0);
    assert_eq!(
        after.sum(&["zserver_vector_searches_total"])
            - before.sum(&["zserver_vector_searches_total"]),
        1.0
    );
    assert!(grown("zserver_vector_distances_total") > 0.0);
    for name in [
        "zserver_http_request_duration_seconds_count{route=\"/api/v1/sql\"}",
        "zserver_connections_total{port=\"http\"}",
        "zserver_uptime_seconds",
        "process_resident_memory_bytes",
        "process_open_fds",
        "zserver_sessions_max",
        "zserver_journal_bytes",
        "zserver_disk_free_bytes",
    ] {
        assert!(after.get(name) > 0.0, "{name}");
    }
    // No value of a statement or a path becomes a label.
    assert!(after.0.keys().all(|name| !name.contains("7700077") && !name.contains("nowhere")));
}

#[test]
fn jobs_and_files_are_counted() {
    let (_server, http, _directory) = started();
    let file = send(http, "PUT", "/api/v1/files/b/n.txt", TRUSTED, "0123456789");
    if file.status == 404 {
        let made = send(http, "PUT", "/api/v1/files/b", TRUSTED, "");
        assert!(made.status < 300, "{}", made.text());
        let file = send(http, "PUT", "/api/v1/files/b/n.txt", TRUSTED, "0123456789");
        assert!(file.status < 300, "{}", file.text());
    }
    assert_eq!(send(http, "GET", "/api/v1/files/b/n.txt", TRUSTED, "").text(), "0123456789");
    let scrape = Scrape::of(http);
    assert!(scrape.get("zserver_file_bytes_total{direction=\"received\"}") >= 10.0);
    assert_eq!(scrape.get("zserver_file_bytes_total{direction=\"sent\"}"), 10.0);
    let job = |statement: &str| {
        let job = json!({"kind": "sql", "payload": {"statement": statement}, "max_attempts": 1});
        let submitted = post(http, "/api/v1/jobs", TRUSTED, &job.to_string());
        assert!(submitted.status < 300, "{}", submitted.text());
    };
    job("select 1");
    job("select 1 / 0");
    let ended = |outcome: &str| {
        let name = format!("zserver_job_attempts_total{{queue=\"default\",outcome=\"{outcome}\"}}");
        Scrape::of(http).get(&name)
    };
    until(|| ended("completed") == 1.0 && ended("failed") == 1.0);
    assert!(Scrape::of(http).get("zserver_jobs_workers") > 0.0);
}

/// Waits until something is so.
fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn both_text_formats_are_written_as_they_should_be() {
    let (_server, http, _directory) = started();
    let _ = sql(http, json!({"query": "select 1"}));
    let classic = get(http, "/metrics");
    assert_eq!(classic.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(classic.text().contains("\n# TYPE zserver_statements_total counter\n"));
    assert!(!classic.text().contains("# EOF"));
    let accept = "Accept: application/openmetrics-text; version=1.0.0\r\n";
    let open = send(http, "GET", "/metrics", accept, "");
    assert!(open.header("content-type").is_some_and(|t| t.starts_with("application/openmetrics")));
    assert!(open.text().contains("\n# TYPE zserver_statements counter\n"));
    assert!(open.text().ends_with("\n# EOF\n"));
    let names = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let names = lines.filter_map(|line| line.split(['{', ' ']).next());
        names.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&classic.text()), names(&open.text()));
    let Some(mut promtool) = promtool(&["check", "metrics"]) else { return };
    let mut stdin = promtool.stdin.take().expect("stdin is piped");
    stdin.write_all(classic.text().as_bytes()).expect("promtool reads");
    drop(stdin);
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

/// Prometheus' own checker, where the machine has it.
fn promtool(arguments: &[&str]) -> Option<Child> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match command.spawn() {
        Ok(child) => Some(child),
        Err(_) => {
            println!("skipped: promtool is not there");
            None
        }
    }
}

#[test]
fn the_rules_and_the_dashboard_name_what_there_is() {
    let (_server, http, _directory) = started();
    let _ = sql(http, json!({"query": "select 1"}));
    let known = get(http, "/metrics").text();
    let is_known = |name: &str| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        [Some(name), base]
            .into_iter()
            .flatten()
            .any(|name| known.contains(&format!("# TYPE {name} ")))
    };
    // These are there only where there is an archive or a collector.
    let conditional = [
        "zserver_archive_failures_total",
        "zserver_archived_segments_total",
        "zserver_trace_spans_total",
    ];
    for file in ["alerts.yml", "dashboard.json"] {
        let text = std::fs::read_to_string(Path::new("compat/observe").join(file)).expect(file);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names: Vec<&str> = words
            .filter(|word| word.starts_with("zserver_") || word.starts_with("process_"))
            .collect();
        assert!(names.len() > 10, "{file}");
        for name in names {
            assert!(is_known(name) || conditional.contains(&name), "{file}: {name}");
        }
        if file.ends_with(".json") {
            let _: Value = serde_json::from_str(&text).expect("JSON");
        }
    }
    let Some(promtool) = promtool(&["check", "rules", "compat/observe/alerts.yml"]) else { return };
    let output = promtool.wait_with_output().expect("promtool ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn who_may_read_metrics_is_a_setting() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let environment = [("ZSERVER_METRICS_ACCESS", "monitor")];
    let (_server, http) = Zserver::start_with_http(&data, true, &environment);
    assert_eq!(get(http, "/metrics").status, 401);
    assert_eq!(send(http, "GET", "/metrics", TRUSTED, "").status, 200);
    for query in ["create role ann login", "create role mon login", "grant pg_monitor to mon"] {
        assert_eq!(sql(http, json!({"query": query})).status, 200);
    }
    let as_role = |role: &str| {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{role}:"));
        let headers = format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n");
        send(http, "GET", "/metrics", &headers, "")
    };
    let refused = as_role("ann");
    assert_eq!((refused.status, refused.code().as_str()), (403, "42501"));
    assert_eq!(as_role("mon").status, 200);
    // Under a name that may lead there from anywhere, and without a proof.
    let elsewhere = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    for (access, status) in [("monitor", 401), ("loopback", 401), ("everyone", 200)] {
        let data = directory.path().join(access);
        let environment = [("ZSERVER_METRICS_ACCESS", access)];
        let (_server, http) = Zserver::start_with_http(&data, true, &environment);
        assert_eq!(raw(http, elsewhere.as_bytes()).status, status, "{access}");
        let here = if access == "monitor" { 401 } else { 200 };
        assert_eq!(get(http, "/metrics").status, here, "{access}");
    }
}

/// What `/readyz` answers; none where the connection is closed first.
fn probe(http: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", http)).ok()?;
    let head = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn a_server_that_ends_says_so() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let environment = [("ZSERVER_SHUTDOWN_GRACE", "20s")];
    let (server, http) = Zserver::start_with_http(&data, true, &environment);
    for path in ["/livez", "/readyz", "/startupz"] {
        let answer = get(http, path);
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok\n"), "{path}");
    }
    // Something that is waited for.
    let mut client = Raw::log_in(server.port);
    client.send(&crate::support::raw::query(b"select pg_sleep(3)"));
    std::thread::sleep(Duration::from_millis(300));
    let ended = std::thread::spawn(move || server.terminate());
    until(|| probe(http).is_some_and(|answer| answer.starts_with("HTTP/1.1 503")));
    assert_eq!(get(http, "/readyz").text(), "shutting down\n");
    assert_eq!(get(http, "/livez").status, 200);
    let refused = sql(http, json!({"query": "select 1"}));
    assert_eq!((refused.status, refused.code().as_str()), (503, "57P01"));
    assert!(ended.join().expect("it ends").success());
    assert!(TcpStream::connect(("127.0.0.1", http)).is_err());
}

/// A collector of traces that writes each span as a line of JSON.
struct Collector {
    child: Child,
    port: u16,
    lines: std::sync::mpsc::Receiver<String>,
    /// Every span that has come.
    seen: std::cell::RefCell<Vec<Value>>,
}

impl Collector {
    /// None where the machine has no Python.
    fn start(arguments: &[&str]) -> Option<Collector> {
        let mut command = Command::new("python3");
        command.arg("compat/observe/collector.py").args(arguments).stdout(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            println!("skipped: python3 is not there");
            return None;
        };
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the collector says its port");
        let port = line.trim().parse().expect("a port");
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody may be listening any more.
                let _ = sender.send(line);
            }
        });
        Some(Collector { child, port, lines, seen: Default::default() })
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The spans of a trace, once there are so many.
    fn spans(&self, trace: &str, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut found = Vec::new();
        while found.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("{count} spans of {trace}: {found:#?}"));
            let span: Value = serde_json::from_str(&line).expect("a line of JSON");
            self.seen.borrow_mut().push(span.clone());
            if span["trace"] == json!(trace) {
                found.push(span);
            }
        }
        found
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn named<'s>(spans: &'s [Value], name: &str) -> &'s Value {
    let found = spans.iter().find(|span| span["name"] == json!(name));
    found.unwrap_or_else(|| panic!("a span {name}: {spans:#?}"))
}

const CLIENT_SPAN: &str = "b7ad6b7169203331";

fn traceparent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CLIENT_SPAN}-{flags}")
}

#[test]
fn one_trace_goes_from_http_through_sql_to_storage() {
    let Some(collector) = Collector::start(&[]) else { return };
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let endpoint = collector.endpoint();
    let environment = [
        ("ZSERVER_OTLP_ENDPOINT", endpoint.as_str()),
        ("ZSERVER_OTLP_INTERVAL", "50ms"),
        ("ZSERVER_OTLP_SAMPLE_RATIO", "0"),
    ];
    let (server, http) = Zserver::start_with_http(&data, true, &environment);
    assert_eq!(sql(http, json!({"query": "create table t (id int, secret text)"})).status, 200);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let headers = format!("{TRUSTED}traceparent: {}\r\n", traceparent(trace, "01"));
    let insert = json!({"query": "insert into t values (1, 'hidden constant'), ($1, $2)",
        "params": [2, "hidden parameter"]});
    assert_eq!(post(http, "/api/v1/sql", &headers, &insert.to_string()).status, 200);
    let spans = collector.spans(trace, 6);
    let request = named(&spans, "POST /api/v1/sql");
    assert_eq!((&request["parent"], &request["kind"]), (&json!(CLIENT_SPAN), &json!(2)));
    assert_eq!(request["attributes"]["http.response.status_code"], json!(200));
    let statement = named(&spans, "INSERT");
    assert_eq!(statement["parent"], request["span"]);
    assert_eq!(statement["attributes"]["db.namespace"], json!("postgres"));
    let text = statement["attributes"]["db.query.text"].as_str().expect("a text");
    assert!(text.contains("insert into t values ($"), "{text}");
    for name in ["parse", "bind", "execute", "storage commit"] {
        assert_eq!(named(&spans, name)["parent"], statement["span"], "{name}");
    }
    let all = format!("{spans:?}");
    assert!(!all.contains("hidden"), "{all}");
    let commit = named(&spans, "storage commit");
    let number = |span: &Value, key: &str| span[key].as_u64().expect("nanoseconds");
    assert!(number(commit, "start") >= number(named(&spans, "execute"), "end"));
    assert!(number(commit, "end") <= number(statement, "end"));
    assert!(number(statement, "start") >= number(request, "start"));
    // A plan that is made, an error, and a comment over the PostgreSQL port.
    let comment = "1111651916cd43dd8448eb211c80319c";
    let failing = format!(
        "select 1 / count(*) from t where id > 77 /*traceparent='{}'*/",
        traceparent(comment, "01")
    );
    let mut client = Raw::log_in(server.port);
    assert_eq!(client.error_of(failing.as_bytes()).as_deref(), Some("22012"));
    let spans = collector.spans(comment, 5);
    let statement = named(&spans, "SELECT");
    assert_eq!((&statement["parent"], &statement["kind"]), (&json!(CLIENT_SPAN), &json!(2)));
    assert_eq!(statement["attributes"]["error.type"], json!("22012"));
    assert_eq!(statement["status"], json!(2));
    assert_eq!(named(&spans, "plan")["parent"], statement["span"]);
    // What the client has not sampled, and what nobody has asked for, is not there.
    let headers = format!("{TRUSTED}traceparent: {}\r\n", traceparent(trace, "00"));
    assert_eq!(post(http, "/api/v1/sql", &headers, &insert.to_string()).status, 200);
    assert_eq!(
        sql(http, json!({"query": "alter role postgres password 'hidden password'"})).status,
        200
    );
    let last = "2222651916cd43dd8448eb211c80319c";
    let headers = format!("{TRUSTED}traceparent: {}\r\n", traceparent(last, "01"));
    let role = json!({"query": "alter role postgres password 'hidden password'"});
    assert_eq!(post(http, "/api/v1/sql", &headers, &role.to_string()).status, 200);
    let spans = collector.spans(last, 6);
    assert!(!format!("{spans:?}").contains("hidden"), "{spans:?}");
    let scrape = Scrape::of(http);
    assert!(scrape.get("zserver_trace_spans_total{result=\"sent\"}") >= 14.0);
    assert_eq!(scrape.get("zserver_trace_spans_total{result=\"dropped\"}"), 0.0);
    // What is queued when the server ends is sent.
    let end = "3333651916cd43dd8448eb211c80319c";
    let headers = format!("{TRUSTED}traceparent: {}\r\n", traceparent(end, "01"));
    let select = json!({"query": "select 1"}).to_string();
    assert_eq!(post(http, "/api/v1/sql", &headers, &select).status, 200);
    drop(client);
    assert!(server.terminate().success());
    collector.spans(end, 2);
    // Of those that were not sampled there is nothing, whatever was sent after them.
    let seen = collector.seen.borrow();
    let known = [trace, comment, last, end].map(|trace| json!(trace));
    assert!(seen.iter().all(|span| known.contains(&span["trace"])), "{seen:#?}");
    let is_request =
        |span: &&Value| span["trace"] == known[0] && span["name"] == json!("POST /api/v1/sql");
    assert_eq!(seen.iter().filter(is_request).count(), 1, "the first of two requests alone");
}

#[test]
fn a_collector_that_does_not_answer_slows_nobody() {
    let Some(collector) = Collector::start(&["--silent"]) else { return };
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let endpoint = collector.endpoint();
    let environment = [
        ("ZSERVER_OTLP_ENDPOINT", endpoint.as_str()),
        ("ZSERVER_OTLP_INTERVAL", "10ms"),
        ("ZSERVER_OTLP_TIMEOUT", "2s"),
        ("ZSERVER_OTLP_QUEUE", "20"),
    ];
    let (server, http) = Zserver::start_with_http(&data, true, &environment);
    let mut client = Raw::log_in(server.port);
    let begun = Instant::now();
    for _ in 0..200 {
        assert_eq!(client.error_of(b"select 1"), None);
    }
    // Each would wait for the collector's two seconds.
    assert!(begun.elapsed() < Duration::from_secs(60));
    let scrape = Scrape::of(http);
    assert!(scrape.get("zserver_trace_spans_total{result=\"dropped\"}") > 100.0);
    drop(client);
    let begun = Instant::now();
    assert!(server.terminate().success());
    assert!(begun.elapsed() < Duration::from_secs(20));
    drop(collector);
}

#[test]
fn slow_statements_are_logged_with_their_plans_on_every_way() {
    let directory = TempDir::new().expect("a directory");
    let (data, log) = (directory.path().join("data"), directory.path().join("log"));
    let environment = [
        ("ZSERVER_LOG_MIN_DURATION_STATEMENT", "500"),
        ("ZSERVER_AUTO_EXPLAIN_LOG_MIN_DURATION", "500"),
        ("ZSERVER_SHARED_PRELOAD_LIBRARIES", "pg_stat_statements"),
        ("ZSERVER_LOG_FORMAT", "json"),
        ("ZSERVER_LOG_FILTER", "info"),
    ];
    let (server, http) = Zserver::start_logged_with_http(&data, &log, &environment);
    // Lines of the log that hold all of these, as JSON.
    let lines = |parts: &[&str]| -> Vec<Value> {
        let text = std::fs::read_to_string(&log).expect("the log");
        let found = text.lines().filter(|line| parts.iter().all(|part| line.contains(part)));
        found.map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    };
    let ask = |query: &str, params: Value| {
        let answer = sql(http, json!({"query": query, "params": params}));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    ask("create table t (id int primary key, a int)", json!([]));
    ask("select 'quick' from t", json!([]));
    ask("select pg_sleep(0.6), $1::int as n from (select 1) x left join t on id = 1", json!([41]));
    until(|| lines(&["pg_sleep(0.6)", "execute <unnamed>"]).len() == 1);
    let line = &lines(&["pg_sleep(0.6)", "execute <unnamed>"])[0]["fields"];
    assert!(line["duration_ms"].as_f64().is_some_and(|ms| ms >= 500.0), "{line}");
    assert!(line["query_id"].is_i64() && line["user"] == json!("postgres"), "{line}");
    let message = line["message"].as_str().unwrap_or_default();
    assert!(message.contains("parameters: $1 = '41'"), "{message}");
    let plan = &lines(&["plan:", "Query Text", "pg_sleep(0.6)"])[0]["fields"];
    let message = plan["message"].as_str().unwrap_or_default();
    assert!(message.contains("Join") && message.contains("(cost="), "{message}");
    assert_eq!(plan["query_id"], line["query_id"]);
    // By the simple protocol, the second time without parsing; and a change of rows.
    let mut client = Raw::log_in(server.port);
    for value in [1, 2, 3] {
        let text = format!(
            "select pg_sleep(0.55), {value} as simple from t right join (select 1) x on true"
        );
        assert_eq!(client.error_of(text.as_bytes()), None);
    }
    until(|| lines(&["plan:", "as simple"]).len() == 3);
    let insert = b"insert into t select g, 0 from generate_series(1, 3) g, pg_sleep(0.55)";
    assert_eq!(client.error_of(insert), None);
    until(|| lines(&["plan:", "Insert on t"]).len() == 1);
    assert_eq!(client.error_of(b"select count(*) from t"), None);
    // Values of parameters are not shown where that is not wished.
    assert_eq!(client.error_of(b"alter system set log_parameter_max_length = 0"), None);
    assert_eq!(client.error_of(b"select pg_reload_conf()"), None);
    until(|| {
        let shown = sql(http, json!({"query": "show log_parameter_max_length"}));
        shown.json()["results"][0]["rows"] == json!([["0"]])
    });
    ask("select pg_sleep(0.6), $1::text as late", json!(["hidden"]));
    until(|| lines(&["execute <unnamed>", "as late"]).len() == 1);
    let text = std::fs::read_to_string(&log).expect("the log");
    assert!(!text.contains("hidden") && !text.contains("'quick'"), "{text}");
}

#[test]
fn pg_stat_statements_counts_on_every_way() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let environment = [("ZSERVER_SHARED_PRELOAD_LIBRARIES", "pg_stat_statements")];
    let (server, http) = Zserver::start_with_http(&data, true, &environment);
    let ask = |query: &str, params: Value| {
        let answer = sql(http, json!({"query": query, "params": params}));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json()["results"][0]["rows"].clone()
    };
    for query in [
        "create extension pg_stat_statements",
        "create extension vector",
        "create table t (id int primary key, a int)",
        "create table v (id int primary key, e vector(3))",
        "insert into v select g, array[g, 0, 0]::vector(3) from generate_series(1, 3000) g",
        "create index on v using hnsw (e vector_l2_ops)",
        "insert into t select g, g from generate_series(1, 100) g",
        "select pg_stat_statements_reset()",
    ] {
        ask(query, json!([]));
    }
    // Point reads: over HTTP, simple (of which the third on is not parsed), extended.
    ask("select a from t where id = $1", json!([1]));
    let mut client = Raw::log_in(server.port);
    for id in 1..=5 {
        assert_eq!(client.error_of(format!("select a from t where id = {id}").as_bytes()), None);
    }
    block_on(async {
        let client = connect(server.port).await;
        let statement = client.prepare("select a from t where id = $1").await.expect("prepared");
        for id in 1..=4 {
            client.query(&statement, &[&id]).await.expect("rows");
        }
    });
    // Searches of vectors, over HTTP and simple; several in one transaction over HTTP.
    for at in 1..=3 {
        let query = format!("select id from v order by e <-> '[{at},0,0]' limit 5");
        ask(&query, json!([]));
        assert_eq!(client.error_of(query.as_bytes()), None);
    }
    let several = json!({"statements": [
        {"query": "update t set a = a + 1 where id = $1", "params": [1]},
        {"query": "update t set a = a + 1 where id = $1", "params": [2]},
    ]});
    assert_eq!(sql(http, several).status, 200);
    let lines = format!("{TRUSTED}Accept: application/x-ndjson\r\n");
    let streamed = json!({"query": "select id from t where a > 0 order by id"}).to_string();
    assert_eq!(post(http, "/api/v1/sql", &lines, &streamed).status, 200);
    // One that fails is not counted, as in PostgreSQL.
    assert_eq!(sql(http, json!({"query": "select 1 / (a - a) as never from t"})).code(), "22012");
    let counts = |like: &str| {
        let query =
            "select sum(calls)::int, sum(rows)::int from pg_stat_statements where query like $1";
        ask(query, json!([like]))[0].clone()
    };
    assert_eq!(counts("select a from t where id = $1"), json!([10, 10]));
    assert_eq!(counts("select id from v order by%"), json!([6, 30]));
    assert_eq!(counts("update t set a = a + $_ where id = $_"), json!([2, 2]));
    assert_eq!(counts("select id from t where a > $1 order by id"), json!([1, 100]));
    assert_eq!(counts("%as never%"), json!([null, null]));
}

#[test]
fn a_scrape_does_not_need_a_session() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let environment = [
        ("ZSERVER_MAX_CONNECTIONS", "5"),
        ("ZSERVER_SUPERUSER_RESERVED_CONNECTIONS", "0"),
        ("ZSERVER_JOBS_WORKERS", "0"),
        ("ZSERVER_HTTP_SESSION_WAIT", "0"),
    ];
    let (server, http) = Zserver::start_with_http(&data, true, &environment);
    // Some may find no place, where the server's own sessions have one for a moment.
    let mut held = Vec::new();
    until(|| {
        if Scrape::of(http).sum(&["zserver_sessions{"]) < 5.0 {
            let mut client = Raw::connect(server.port);
            client.send(&startup("postgres"));
            held.push(client);
        }
        let answer = sql(http, json!({"query": "select 1"}));
        answer.status != 200 && answer.code() == "53300"
    });
    let head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(http, head.as_bytes()).status, 200);
}
