//! What stands before the routes of the second port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::json;
use tempfile::TempDir;

use crate::support::http::{Answer, TRUSTED, get, post, raw, send, sql, started};
use crate::support::zserver::Zserver;

/// A server with these settings that trusts.
fn guarded(settings: &[(&str, &str)]) -> (Zserver, u16, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (server, http) = Zserver::start_with_http(&data, true, settings);
    (server, http, directory)
}

/// Limits by address hold here, too.
const BY_ADDRESS: (&str, &str) = ("ZSERVER_HTTP_RATE_LOOPBACK", "true");

fn basic(role: &str) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{role}:"));
    format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n")
}

fn is_limited(answer: &Answer, class: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (429, "53400"), "{}", answer.text());
    let policy = answer.header("ratelimit-policy").expect("a policy");
    assert!(policy.starts_with(&format!("\"{class}\";q=")), "{policy}");
    assert!(answer.header("ratelimit").is_some_and(|rate| rate.contains("r=0")));
    let wait: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
}

#[test]
fn logins_and_anonymous_requests_are_limited_by_address() {
    let settings =
        [BY_ADDRESS, ("ZSERVER_HTTP_RATE_AUTH", "3"), ("ZSERVER_HTTP_RATE_ANONYMOUS", "5")];
    let (_server, http, _directory) = guarded(&settings);
    let log_in = || post(http, "/api/v1/auth/login", &basic("postgres"), "{}");
    for left in ["r=2", "r=1", "r=0"] {
        let answer = log_in();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("ratelimit").is_some_and(|rate| rate.contains(left)));
    }
    is_limited(&log_in(), "auth");
    for _ in 0..3 {
        assert_eq!(get(http, "/nothing").status, 404);
    }
    // A proof that is wrong counts as none.
    let wrong = "Authorization: Bearer zsk_1_wrong\r\n";
    for _ in 0..2 {
        assert_eq!(post(http, "/api/v1/sql", wrong, "{}").status, 401);
    }
    is_limited(&post(http, "/api/v1/sql", wrong, "{}"), "anonymous");
    is_limited(&get(http, "/nothing"), "anonymous");
    // Those who prove who they are go on, and who watches the server, too.
    for _ in 0..30 {
        assert_eq!(sql(http, json!({"query": "select 1"})).status, 200);
        let health = get(http, "/livez");
        assert_eq!((health.status, health.header("ratelimit")), (200, None));
    }
}

#[test]
fn roles_are_limited_by_class_and_plan() {
    let settings = [
        ("ZSERVER_HTTP_RATE_ADMIN", "2"),
        ("ZSERVER_HTTP_RATE_USER", "3"),
        ("ZSERVER_HTTP_RATE_PLANS", "free_plan=4, pro_plan=0"),
    ];
    let (_server, http, _directory) = guarded(&settings);
    let made = "create role free_plan; create role pro_plan; create role ann login in role \
                free_plan; create role ben login in role pro_plan; create role cid login";
    for statement in made.split("; ") {
        assert_eq!(sql(http, json!({"query": statement})).status, 200, "{statement}");
    }
    let ask = |role: &str| {
        post(http, "/api/v1/sql", &basic(role), &json!({"query": "select 1"}).to_string())
    };
    for _ in 0..4 {
        assert_eq!(ask("ann").status, 200);
    }
    is_limited(&ask("ann"), "data");
    for role in ["ben", "cid", "postgres"] {
        for _ in 0..10 {
            let answer = ask(role);
            assert_eq!((answer.status, answer.header("ratelimit")), (200, None), "{role}");
        }
    }
    let me = |role: &str| send(http, "GET", "/api/v1/auth/me", &basic(role), "");
    for _ in 0..3 {
        assert_eq!(me("ann").status, 200);
    }
    is_limited(&me("ann"), "user");
    assert_eq!(me("ben").status, 200, "another role");
    let make = || post(http, "/api/v1/auth/keys", &basic("ben"), "{\"name\": \"k\"}");
    let key = make();
    assert_eq!(key.status, 201, "{}", key.text());
    assert_eq!(make().status, 201);
    is_limited(&make(), "admin");
    // A key counts for itself.
    let key = key.json()["key"].as_str().expect("a key").to_owned();
    let by_key = format!("Authorization: Bearer {key}\r\n");
    for _ in 0..2 {
        assert_eq!(send(http, "GET", "/api/v1/auth/me", &by_key, "").status, 200);
    }
}

#[test]
fn without_a_word_nobody_at_the_machine_is_slowed_down() {
    let (_server, http, _directory) = started();
    for _ in 0..150 {
        assert_eq!(get(http, "/nothing").status, 404);
    }
    for _ in 0..15 {
        assert_eq!(post(http, "/api/v1/auth/login", &basic("postgres"), "{}").status, 200);
    }
}

#[test]
fn heads_and_slow_bodies_have_their_limits() {
    let settings = [
        ("ZSERVER_HTTP_MAX_URL", "2kB"),
        ("ZSERVER_HTTP_MAX_HEAD", "8kB"),
        ("ZSERVER_HTTP_MAX_HEADERS", "20"),
        ("ZSERVER_HTTP_READ_TIMEOUT", "400ms"),
    ];
    let (_server, http, _directory) = guarded(&settings);
    let url = |bytes: usize| get(http, &format!("/livez?x={}", "y".repeat(bytes)));
    assert_eq!(url(1_900).status, 200);
    let long = url(2_100);
    assert_eq!((long.status, long.code().as_str()), (414, "54000"));
    let headers = |count: usize, bytes: usize| {
        let lines: String =
            (0..count).map(|n| format!("X-{n}: {}\r\n", "y".repeat(bytes))).collect();
        send(http, "GET", "/livez", &lines, "")
    };
    assert_eq!(headers(10, 10).status, 200);
    let many = headers(30, 10);
    assert_eq!((many.status, many.code().as_str()), (431, "54000"));
    let large = headers(4, 2_500);
    assert_eq!((large.status, large.code().as_str()), (431, "54000"));
    let begun = Instant::now();
    let head = format!(
        "POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{TRUSTED}Content-Length: 20\r\n\r\n{{"
    );
    let slow = raw(http, head.as_bytes());
    assert_eq!((slow.status, slow.code().as_str()), (408, "08006"));
    let mut silent = TcpStream::connect(("127.0.0.1", http)).expect("the port is open");
    silent.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Sl").expect("a piece is sent");
    silent.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut rest = Vec::new();
    // It ends by the server's doing, not by the timeout.
    let ended = silent.read_to_end(&mut rest).map_err(|error| error.kind());
    assert!(matches!(ended, Ok(_) | Err(std::io::ErrorKind::ConnectionReset)), "{ended:?}");
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
    assert!(begun.elapsed() < Duration::from_secs(20), "both are cut off");
}

#[test]
fn an_address_has_so_many_connections() {
    let settings = [("ZSERVER_HTTP_MAX_CONNECTIONS_PER_ADDRESS", "3")];
    let (_server, http, _directory) = guarded(&settings);
    let connect = || {
        let mut stream = TcpStream::connect(("127.0.0.1", http)).expect("the port is open");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        // What is closed at once may not take it.
        let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut byte = [0];
        let is_served = stream.read(&mut byte).is_ok_and(|count| count == 1);
        (stream, is_served)
    };
    let mut open: Vec<(TcpStream, bool)> = (0..3).map(|_| connect()).collect();
    assert!(open.iter().all(|(_, is_served)| *is_served));
    assert!(!connect().1, "a fourth is closed");
    open.pop();
    let begun = Instant::now();
    while !connect().1 {
        assert!(begun.elapsed() < Duration::from_secs(30), "there is room again");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_answer_has_a_name_and_tells_browsers_what_not_to_do() {
    let (_server, http, _directory) = started();
    for path in ["/livez", "/nothing", "/api/v1/sql", "/a/../b"] {
        let answer = get(http, path);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("strict-transport-security"), None, "it came in clear");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("x-request-id").map(str::len), Some(32));
    }
    let named = send(http, "GET", "/livez", "X-Request-Id: trace-7\r\n", "");
    assert_eq!(named.header("x-request-id"), Some("trace-7"));
    let bad = send(http, "GET", "/livez", "X-Request-Id: a b\"\r\n", "");
    assert_eq!(bad.header("x-request-id").map(str::len), Some(32));
    // A file that somebody has stored knows better.
    let made = send(http, "PUT", "/api/v1/files/docs", TRUSTED, "{}");
    assert!(made.status < 300, "{}", made.text());
    let page = "<script>alert(1)</script>";
    let headers = format!("{TRUSTED}Content-Type: text/html\r\n");
    assert!(send(http, "PUT", "/api/v1/files/docs/a.html", &headers, page).status < 300);
    let stored = send(http, "GET", "/api/v1/files/docs/a.html", TRUSTED, "");
    assert_eq!(stored.text(), page);
    assert_eq!(stored.header("content-security-policy"), Some("default-src 'none'; sandbox"));
}

#[test]
fn pages_of_other_origins_ask_only_where_they_may() {
    let settings = [("ZSERVER_HTTP_CORS_ORIGINS", "https://app.example")];
    let (_server, http, _directory) = guarded(&settings);
    let body = json!({"query": "select 1"}).to_string();
    let ask = |headers: &str| post(http, "/api/v1/sql", &format!("{TRUSTED}{headers}"), &body);
    let foreign = ask("Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n");
    assert_eq!((foreign.status, foreign.code().as_str()), (403, "42501"));
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    assert_eq!(ask("Origin: null\r\n").status, 403);
    assert_eq!(ask("Sec-Fetch-Site: same-site\r\n").status, 403);
    assert_eq!(ask("Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n").status, 200);
    assert_eq!(ask("").status, 200, "no page at all");
    let listed = ask("Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n");
    assert_eq!(listed.status, 200, "{}", listed.text());
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://app.example"));
    assert!(listed.header("access-control-expose-headers").is_some_and(|e| e.contains("etag")));
    // A key that the page names itself is not its user's.
    let key = post(http, "/api/v1/auth/keys", &basic("postgres"), "{\"name\": \"k\"}");
    let key = key.json()["key"].as_str().expect("a key").to_owned();
    let headers = format!("Authorization: Bearer {key}\r\nOrigin: https://evil.example\r\n");
    assert_eq!(post(http, "/api/v1/sql", &headers, &body).status, 200);
    let preflight = |origin: &str| {
        let headers = format!(
            "Origin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: authorization, content-type\r\n"
        );
        send(http, "OPTIONS", "/api/v1/sql", &headers, "")
    };
    let allowed = preflight("https://app.example");
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    let headers = allowed.header("access-control-allow-headers").expect("headers");
    assert_eq!(headers, "authorization, content-type");
    assert_eq!(allowed.header("access-control-max-age"), Some("600"));
    assert_eq!(preflight("https://evil.example").header("access-control-allow-origin"), None);
    // tus asks by OPTIONS for itself.
    let options = send(http, "OPTIONS", "/files", "Origin: https://app.example\r\n", "");
    assert!(options.header("tus-version").is_some(), "{}", options.status);
}

/// A name of somebody else's may lead here (DNS rebinding): what asks under it is trusted
/// for nothing but what it brings itself.
#[test]
fn a_host_that_is_none_of_its_own_is_not_trusted() {
    let question = json!({"query": "select 1"}).to_string();
    let ask = |http: u16, host: &str, more: &str| {
        let length = question.len();
        let head = format!(
            "POST /api/v1/sql HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{more}\r\n"
        );
        raw(http, format!("{head}{question}").as_bytes())
    };
    let named = |name: &str| format!("Host: {name}\r\n");
    let (_server, http, _directory) = started();
    let key = post(http, "/api/v1/auth/keys", TRUSTED, "{\"name\": \"k\"}");
    let key = format!("Authorization: Bearer {}\r\n", key.json()["key"].as_str().expect("a key"));
    for name in
        ["localhost", "LOCALHOST:8432", "app.localhost", "127.0.0.1:1", "[::1]", "192.0.2.7"]
    {
        assert_eq!(ask(http, &named(name), TRUSTED).status, 200, "{name}");
    }
    for name in ["evil.example", "evil.example:8432", "127.0.0.1.evil.example", "localhost.evil"] {
        let refused = ask(http, &named(name), TRUSTED);
        assert_eq!((refused.status, refused.code().as_str()), (421, "28000"), "{name}");
        // What a page has brought itself, no other page has.
        assert_eq!(ask(http, &named(name), &key).status, 200, "{name}");
        let ask = |path: &str, more: &str| {
            let head =
                format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n{more}\r\n");
            raw(http, head.as_bytes())
        };
        assert_eq!(ask("/metrics", "").status, 401, "{name}");
        assert_eq!(ask("/metrics", &key).status, 200, "{name}");
        assert_eq!(ask("/livez", "").status, 200, "{name}");
        // Sockets.
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        assert_eq!(ask("/api/v1/sql", &format!("{upgrade}{TRUSTED}")).status, 421, "{name}");
    }
    assert_eq!(ask(http, "", TRUSTED).status, 200, "no browser");
    assert_eq!(get(http, "/metrics").status, 200);
    // A password is asked for: any name will do.
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (_server, http) = Zserver::start_with_http(&data, false, &[("ZSERVER_PASSWORD", "s3cret")]);
    let text = base64::engine::general_purpose::STANDARD.encode("postgres:s3cret");
    let password = format!("Authorization: Basic {text}\r\n");
    assert_eq!(ask(http, &named("db.example"), &password).status, 200);
    // Names that are said to be its own, and no others.
    let settings = [("ZSERVER_HTTP_ALLOWED_HOSTS", "db.example, *.apps.example")];
    let (_server, http, _directory) = guarded(&settings);
    for (name, status) in [
        ("db.example:443", 200),
        ("a.apps.example", 200),
        ("127.0.0.1", 200),
        ("apps.example", 421),
        ("evil.example", 421),
    ] {
        assert_eq!(ask(http, &named(name), TRUSTED).status, status, "{name}");
        assert_eq!(ask(http, &named(name), &key).status == 421, status == 421, "{name}");
    }
    let (_server, http, _directory) = guarded(&[("ZSERVER_HTTP_ALLOWED_HOSTS", "*")]);
    assert_eq!(ask(http, &named("any.example"), TRUSTED).status, 200);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let (_server, http, _directory) = started();
    let text = std::fs::read_to_string("tests/data/guard/paths.tsv").expect("the corpus");
    let refused = text.lines().filter_map(|line| line.strip_prefix("refused\t"));
    for path in refused {
        let answer = send(http, "GET", path, TRUSTED, "");
        assert_eq!(answer.status, 400, "{path}");
    }
    assert_eq!(send(http, "GET", "/api/v1/files/docs/%2e%2e", TRUSTED, "").code(), "42602");
}

#[test]
fn what_looks_like_an_attack_is_refused_and_sql_never_is() {
    let settings = [("ZSERVER_HTTP_WAF", "block")];
    let (_server, http, _directory) = guarded(&settings);
    let attack = "/api/v1/jobs?state=x'%20union%20select%20usename%20from%20pg_shadow--";
    let blocked = send(http, "GET", attack, TRUSTED, "");
    assert_eq!((blocked.status, blocked.code().as_str()), (403, "42501"));
    assert!(!blocked.text().contains("union"), "what was found is not told");
    let agent = format!("{TRUSTED}User-Agent: sqlmap/1.7\r\n");
    assert_eq!(send(http, "GET", "/api/v1/jobs", &agent, "").status, 403);
    let body = "{\"name\": \"<script>alert(document.cookie)</script>\"}";
    assert_eq!(post(http, "/api/v1/auth/keys", &basic("postgres"), body).status, 403);
    let statement = "select 'x' union select usename from pg_catalog.pg_user where 1 = 1 or \
                     pg_sleep(0) is null; --";
    let answer = sql(http, json!({"query": statement}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let made = send(http, "PUT", "/api/v1/files/docs", TRUSTED, "{}");
    assert!(made.status < 300, "{}", made.text());
    let page = "<script>alert(1)</script><?php system('id') ?>";
    assert!(send(http, "PUT", "/api/v1/files/docs/a", TRUSTED, page).status < 300);
    // Passwords have any characters.
    let odd = json!({"role": "postgres", "password": "' or 1=1; drop table t --"}).to_string();
    assert_eq!(post(http, "/api/v1/auth/login", "", &odd).status, 200);
    // As it is without a word, they are told of and served.
    let (_server, http, _directory) = started();
    assert_ne!(send(http, "GET", attack, TRUSTED, "").status, 403);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let directory = TempDir::new().expect("a directory");
    for (name, value) in [
        ("ZSERVER_HTTP_RATE_PLANS", "free"),
        ("ZSERVER_HTTP_CORS_ORIGINS", "app.example"),
        ("ZSERVER_HTTP_ALLOWED_HOSTS", "https://db.example"),
        ("ZSERVER_HTTP_TRUSTED_PROXIES", "proxy"),
        ("ZSERVER_HTTP_MAX_HEAD", "1kB"),
        ("ZSERVER_HTTP_WAF", "maybe"),
        ("ZSERVER_AUDIT", "logins"),
    ] {
        let output = std::process::Command::new(crate::support::zserver::binary())
            .args(["print-config", "--data"])
            .arg(directory.path())
            .env(name, value)
            .output()
            .expect("the command runs");
        assert!(!output.status.success(), "{name}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let key = name.trim_start_matches("ZSERVER_").to_lowercase();
        assert!(said.contains(&key) || said.contains("maybe"), "{name}: {said}");
    }
}
