//! What the second port says of itself, and what all of its routes have in common: the
//! document against the router, problems, methods, pages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::started;
use crate::support::request::{Answer, Asker};
use crate::support::zserver::Zserver;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

fn document(asker: &Asker) -> Value {
    let answer = asker.ask("GET", "/openapi.json");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// Path, method and what is said of it.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            assert!(METHODS.contains(&method.as_str()), "{method} {path}");
            all.push((path.as_str(), method.as_str(), operation));
        }
    }
    all
}

/// A path with something in the place of its parameters.
fn filled(path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let name = parameter["name"].as_str().expect("a name");
            let example = match &parameter["example"] {
                Value::String(text) => text.clone(),
                Value::Null => "x".to_owned(),
                other => other.to_string(),
            };
            path = path.replace(&format!("{{{name}}}"), &example);
        }
    }
    path
}

fn is_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    let problem = answer.json();
    assert_eq!(problem["status"], json!(status), "{what}");
    assert!(problem["title"].is_string() && problem["type"].is_string(), "{what}: {problem}");
    assert_eq!(problem["code"].as_str().map(str::len), Some(5), "{what}: {problem}");
    assert!(problem["message"].as_str().is_some_and(|text| !text.is_empty()), "{what}");
}

#[test]
fn the_document_describes_every_route_and_no_other() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let document = document(&asker);
    assert_eq!(document["openapi"], json!("3.1.0"));
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        told.entry(path.to_owned()).or_default().insert(method.to_owned());
    }
    let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let sockets = ["/api/v1/rtc", "/api/v1/sql", "/rtc", "/rtc/v1", "/v2"];
    for path in zserver::http::paths() {
        let asked = path.replace(['{', '}'], "");
        // No route has it: the answer says which methods there are.
        let answer = asker.ask("TRACE", &asked);
        is_problem(&answer, 405, &path);
        let allow = answer.header("allow").unwrap_or_default().to_ascii_lowercase();
        let mut methods: BTreeSet<String> =
            allow.split(',').map(|method| method.trim().to_owned()).collect();
        // HEAD is wherever GET is, and is told of where it is of interest.
        if methods.contains("get") && !told.get(&path).is_some_and(|told| told.contains("head")) {
            assert!(methods.remove("head"), "{path} has no HEAD");
        }
        // Sockets over HTTP/2, which a document has no word for.
        let is_socket = methods.remove("connect");
        assert_eq!(is_socket, sockets.contains(&path.as_str()), "{path}");
        assert!(there.insert(path.clone(), methods).is_none(), "{path} is there twice");
    }
    assert!(there.len() > 80);
    assert_eq!(told, there);
}

#[test]
fn the_document_and_its_page_are_offline_and_cached() {
    let (_server, http, _directory) = started();
    let nobody = Asker::nobody(http);
    let first = nobody.ask("GET", "/openapi.json");
    let etag = first.header("etag").expect("an ETag").to_owned();
    for (tag, status) in [(etag.as_str(), 304), ("\"x\"", 200), ("*", 304)] {
        for list in [tag.to_owned(), format!("\"y\", W/{tag}")] {
            if tag == "*" && list.contains('y') {
                continue;
            }
            let headers = format!("If-None-Match: {list}\r\n");
            let again = nobody.send("GET", "/openapi.json", &headers, b"");
            assert_eq!(
                (again.status, again.header("etag")),
                (status, Some(etag.as_str())),
                "{list}"
            );
        }
    }
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/page.js", "text/javascript; charset=utf-8"),
        ("/docs/page.css", "text/css; charset=utf-8"),
    ] {
        let page = nobody.ask("GET", path);
        assert_eq!((page.status, page.header("content-type")), (200, Some(kind)), "{path}");
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        // Nothing is fetched from elsewhere, or put in as markup.
        for word in ["http://", "https://", "innerHTML", "eval(", "<style", "onclick"] {
            assert!(!page.text().contains(word), "{word} in {path}");
        }
    }
    is_problem(&nobody.ask("GET", "/docs/other.js"), 404, "another file");
}

/// What a document or a script of the demonstration is made of.
fn parts_of(text: &str) -> BTreeSet<String> {
    let own = text.split('"').filter_map(|word| {
        let name = word.strip_prefix("/demo/").or_else(|| word.strip_prefix("./"))?;
        Some(format!("/demo/{name}"))
    });
    own.collect()
}

#[test]
fn the_demonstration_is_there_with_dev_only() {
    let (_server, http, _directory) = started();
    let nobody = Asker::nobody(http);
    let (mut waiting, mut seen) = (BTreeSet::from(["/demo".to_owned()]), BTreeSet::new());
    while let Some(path) = waiting.pop_first() {
        let answer = nobody.ask("GET", &path);
        let kind = match path.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        let etag = answer.header("etag").expect("an ETag");
        let again = nobody.send("GET", &path, &format!("If-None-Match: {etag}\r\n"), b"");
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let text = answer.text();
        for word in ["https://", "innerHTML", "eval(", "<style", " style=", " onclick="] {
            assert!(!text.contains(word), "{word} in {path}");
        }
        seen.insert(path);
        waiting.extend(parts_of(&text).difference(&seen).cloned().collect::<Vec<_>>());
    }
    assert!(seen.len() > 10, "{seen:?}");
    is_problem(&nobody.ask("GET", "/demo/other.js"), 404, "another file");
    let directory = TempDir::new().expect("a directory");
    let (_server, http) = Zserver::start_with_http(&directory.path().join("data"), false, &[]);
    for path in ["/demo", "/demo/main.js"] {
        is_problem(&Asker::nobody(http).ask("GET", path), 404, path);
    }
}

#[test]
fn what_goes_wrong_is_a_problem_everywhere() {
    let directory = TempDir::new().expect("a directory");
    let limits =
        [("ZSERVER_HTTP_MAX_BODY", "2kB"), ("ZSERVER_HTTP_MAX_TRANSACTIONS_PER_ROLE", "1")];
    let (_server, http) = Zserver::start_with_http(&directory.path().join("data"), true, &limits);
    let asker = Asker::new(http, "postgres");
    assert_eq!(asker.ask("PUT", "/api/v1/files/b").status, 201);
    assert_eq!(asker.send("PUT", "/api/v1/files/b/x", "", b"abc").status, 201);
    let long = format!("{{\"query\": \"select '{}'\"}}", "x".repeat(4_000));
    let accept = "Accept: image/png\r\n";
    let tus = "Tus-Resumable: 1.0.0\r\nContent-Type: text/plain\r\nUpload-Offset: 0\r\n";
    let upload = "/files/00000000-0000-0000-0000-000000000000";
    let sql = b"{\"query\": \"select 1\"}";
    let cases: [(u16, &str, &str, &str, &[u8]); 19] = [
        (404, "GET", "/nothing", "", b""),
        (404, "GET", "/api/v1/nothing", "", b""),
        (404, "POST", "/api/v2/sql", "", sql),
        (405, "PATCH", "/api/v1/sql", "", sql),
        (405, "DELETE", "/livez", "", b""),
        (405, "PATCH", "/api/v1/files/b/x", "", b""),
        (405, "PUT", "/files", "", b""),
        (400, "GET", "/api/v1/jobs/%ff", "", b""),
        (400, "GET", "/%C3/x", "", b""),
        (400, "GET", "/api/v1/jobs?limit=0", "", b""),
        (400, "GET", "/api/v1/jobs?nothing=1", "", b""),
        (406, "POST", "/api/v1/sql", accept, sql),
        (412, "GET", "/api/v1/files/b/x", "If-Match: \"y\"\r\n", b""),
        (412, "PATCH", upload, "", b""),
        (413, "POST", "/api/v1/sql", "", long.as_bytes()),
        (415, "PATCH", upload, tus, b""),
        (416, "GET", "/api/v1/files/b/x", "Range: bytes=9-\r\n", b""),
        (426, "GET", "/api/v1/sql", "", b""),
        (501, "POST", "/api/v1/sql", "", b"{\"query\": \"listen x\"}"),
    ];
    for (status, method, path, headers, body) in cases {
        let answer = asker.send(method, path, headers, body);
        is_problem(&answer, status, &format!("{method} {path}"));
        match status {
            405 => assert!(answer.header("allow").is_some_and(|list| !list.is_empty()), "{path}"),
            416 => assert_eq!(answer.header("content-range"), Some("bytes */3")),
            426 => assert_eq!(answer.header("upgrade"), Some("websocket")),
            _ => {}
        }
    }
    let nobody = Asker::nobody(http);
    let refused = nobody.ask("GET", "/api/v1/jobs");
    is_problem(&refused, 401, "nobody");
    assert!(refused.header("www-authenticate").is_some());
    assert_eq!(asker.ask("POST", "/api/v1/transactions").status, 201);
    let second = asker.ask("POST", "/api/v1/transactions");
    is_problem(&second, 503, "a transaction too many");
    assert_eq!(second.header("retry-after"), Some("1"));
    // HEAD says the same, without a body.
    let head = asker.ask("HEAD", "/nothing");
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[test]
fn a_body_is_an_object_wherever_one_is_described() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let document = document(&asker);
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        let media = &operation["requestBody"]["content"]["application/json"];
        if media.is_null() {
            continue;
        }
        count += 1;
        assert!(media["example"].is_object(), "{method} {path} has no example");
        for body in ["[]", "[[]]", "null", "\"x\"", "1", "{", "{\"nothing\": 1}"] {
            let what = format!("{method} {path} {body}");
            let path = filled(path, operation);
            let answer = asker.send(&method.to_ascii_uppercase(), &path, "", body.as_bytes());
            match operation["tags"][0] == "qdrant" {
                true => {
                    assert_eq!(answer.status, 400, "{what}: {}", answer.text());
                    let said = answer.json()["status"]["error"].clone();
                    assert!(said.as_str().is_some_and(|text| !text.is_empty()), "{what}: {said}");
                }
                false => is_problem(&answer, 400, &what),
            }
        }
    }
    assert!(count > 60);
}

#[test]
fn what_is_within_a_body_is_as_described() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let new = json!({"name": "c", "vectors": {"size": 3, "distance": "cosine"}}).to_string();
    assert_eq!(asker.send("POST", "/api/v1/collections", "", new.as_bytes()).status, 201);
    let points = "/api/v1/collections/c/points";
    let lease = "6b0fa1f0-3c1c-4b0e-9d0f-0b6f5a1c2d3e";
    let saga = "/api/v1/sagas/definitions/s";
    let below = |what: &str| format!("{points}/{what}");
    let (vectors, search, groups) = (below("vectors"), below("search"), below("groups"));
    let step = |name: &str, member: Value| {
        let mut undo = json!({"kind": "sql", "statement": "select 2"});
        undo[name] = member;
        let step = json!({"name": "s", "kind": "sql", "statement": "select 1", "compensate": undo});
        json!({"steps": [step]})
    };
    let first = |name: &str, member: Value| {
        let mut step = json!({"name": "s", "kind": "sql", "statement": "select 1"});
        step[name] = member;
        json!({"steps": [step]})
    };
    // A struct is read from an array as well, unless it is said that it is not.
    let cases = [
        ("POST", "/api/v1/sql", json!({"statements": [["select 1"]]})),
        ("POST", "/api/v1/jobs", json!({"jobs": [["x"]]})),
        ("POST", "/api/v1/jobs/complete", json!({"jobs": [[1, lease]]})),
        ("POST", "/api/v1/jobs/claim", json!({"worker": "w".repeat(256)})),
        ("POST", "/api/v1/collections", json!({"name": "d", "columns": [["a", "text"]]})),
        ("PUT", points, json!({"points": [[1, [1, 0, 0]]]})),
        ("POST", vectors.as_str(), json!({"points": [[1, [1, 0, 0]]]})),
        ("POST", search.as_str(), json!({"searches": [[null, null]]})),
        ("POST", search.as_str(), json!({"query": [1, 0, 0], "prefetch": [[null]]})),
        ("POST", groups.as_str(), json!({"search": [null], "group_by": "a"})),
        ("PUT", saga, step("backoff_ms", Value::Null)),
        ("PUT", saga, step("backoff_ms", json!("5"))),
        ("PUT", saga, step("backoff_ms", json!(-1))),
        ("PUT", saga, step("url", json!({}))),
        ("PUT", saga, step("server", json!(5))),
        ("PUT", saga, step("name", json!("t"))),
        ("PUT", saga, step("compensate", json!({"kind": "sql", "statement": "select 3"}))),
        ("PUT", saga, first("url", json!({}))),
        ("PUT", saga, first("name", json!(5))),
        ("PUT", saga, first("after", json!([5]))),
    ];
    for (method, path, body) in cases {
        let answer = asker.send(method, path, "", body.to_string().as_bytes());
        is_problem(&answer, 400, &format!("{method} {path} {body}"));
    }
    let taken = step("backoff_ms", json!(5)).to_string();
    let taken = asker.send("PUT", saga, "", taken.as_bytes());
    assert_eq!(taken.status, 200, "{}", taken.text());
}

#[test]
fn what_answers_get_answers_head() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let document = document(&asker);
    for (path, method, operation) in operations(&document) {
        // A stream goes on, and a socket is none without an upgrade.
        let is_stream = path.ends_with("/{id}/events") || path.starts_with("/api/v1/events/");
        if method == "get" && !is_stream {
            let path = filled(path, operation);
            let (get, head) = (asker.ask("GET", &path), asker.ask("HEAD", &path));
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        }
    }
}

/// Reads a list page by page, one element each; how many there are.
fn walked(asker: &Asker, path: &str, name: &str, cursor: &str) -> usize {
    let (mut seen, mut next) = (Vec::new(), Value::Null);
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let from = match &next {
            Value::Null => String::new(),
            Value::String(text) => format!("&{cursor}={text}"),
            other => format!("&{cursor}={other}"),
        };
        let page = asker.ask("GET", &format!("{path}{separator}limit=1{from}"));
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let page = page.json();
        let rows = page[name].as_array().expect(name);
        assert!(rows.len() <= 1, "{path}: {page}");
        for row in rows {
            assert!(!seen.contains(row), "{path}: {row} comes twice");
            seen.push(row.clone());
        }
        next = page["next"].clone();
        if next.is_null() {
            return seen.len();
        }
        assert!(seen.len() < 10, "{path} does not end");
    }
}

#[test]
fn every_list_is_paged() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let document = document(&asker);
    let do_ = |method: &str, path: &str, body: Value| {
        let answer = asker.send(method, path, "", body.to_string().as_bytes());
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
    };
    asker.sql("create extension if not exists events cascade");
    for name in ["a", "b", "c"] {
        asker.sql(&format!("create table public.t_{name} (a int primary key)"));
        asker.sql(&format!("select events.watch('public.t_{name}')"));
        let hook = json!({"table": format!("t_{name}"), "url": "https://nowhere.invalid/"});
        do_("POST", "/api/v1/webhooks", hook);
        do_("POST", "/api/v1/auth/login", json!({}));
        do_("POST", "/api/v1/auth/keys", json!({"name": name}));
        do_("POST", "/api/v1/transactions", json!({}));
        do_("POST", "/api/v1/collections", json!({"name": name}));
        do_("PUT", &format!("/api/v1/files/{name}"), json!({"versioning": true}));
        do_("PUT", &format!("/api/v1/files/a/{name}"), json!(name));
        do_("PUT", "/api/v1/files/a/a", json!(format!("again {name}")));
        do_("POST", "/api/v1/rooms", json!({"name": name}));
        do_("POST", "/api/v1/jobs", json!({"kind": "x", "queue": name}));
        do_("POST", "/api/v1/jobs/1/logs", json!({"message": name}));
        do_(
            "POST",
            "/api/v1/schedules",
            json!({"name": name, "cron": "0 0 1 1 *", "kind": "x", "is_paused": true}),
        );
        let steps = json!({"steps": [{"name": "s", "kind": "sql", "statement": "select 1"}]});
        do_("PUT", &format!("/api/v1/sagas/definitions/{name}"), steps);
        do_("POST", "/api/v1/sagas", json!({"definition": name}));
    }
    let lists = [
        ("/api/v1/auth/sessions", "sessions", "after", 3),
        ("/api/v1/auth/keys", "keys", "after", 3),
        ("/api/v1/transactions", "transactions", "after", 3),
        ("/api/v1/collections", "collections", "after", 3),
        ("/api/v1/files", "buckets", "after", 3),
        ("/api/v1/files/a", "files", "after", 3),
        ("/api/v1/files/a/a?versions", "versions", "after", 4),
        ("/api/v1/jobs?kind=x", "jobs", "before", 3),
        ("/api/v1/jobs/1/logs", "logs", "after", 3),
        ("/api/v1/queues", "queues", "after", 4),
        ("/api/v1/rooms", "rooms", "after", 3),
        ("/api/v1/rooms/a/participants", "participants", "after", 0),
        ("/api/v1/rooms/a/playbacks", "playbacks", "after", 0),
        ("/api/v1/rooms/a/recordings", "recordings", "after", 0),
        ("/api/v1/schedules", "schedules", "after", 3),
        ("/api/v1/sagas/definitions", "definitions", "after", 3),
        ("/api/v1/sagas", "runs", "before", 3),
        ("/api/v1/events", "tables", "after", 3),
        ("/api/v1/webhooks", "webhooks", "after", 3),
    ];
    for (path, name, cursor, count) in lists {
        // Of steps that run meanwhile a log tells; the rest stands still.
        assert_eq!(walked(&asker, path, name, cursor), count, "{path}");
        let separator = if path.contains('?') { '&' } else { '?' };
        for (limit, status) in [("0", 400), ("1000", 200), ("1001", 400), ("-1", 400), ("x", 400)] {
            let answer = asker.ask("GET", &format!("{path}{separator}limit={limit}"));
            assert_eq!(answer.status, status, "{path}, limit {limit}: {}", answer.text());
        }
    }
    let limit_of = |operation: &Value| {
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.find(|it| it["name"] == "limit").map(|it| it["schema"].clone())
    };
    let gets = operations(&document).into_iter().filter(|(_, method, _)| *method == "get");
    let limits: Vec<(&str, Value)> =
        gets.filter_map(|(path, _, operation)| Some((path, limit_of(operation)?))).collect();
    for (path, schema) in &limits {
        assert_eq!((&schema["minimum"], &schema["maximum"]), (&json!(1), &json!(1000)), "{path}");
    }
    let paged: BTreeSet<&str> = limits.iter().map(|(path, _)| *path).collect();
    assert_eq!(paged.len(), lists.len(), "a list is described that is not read here: {paged:?}");
}

/// An API key of `postgres` with these scopes, as the header in which clients send one.
fn key_of(asker: &Asker, scopes: &[&str]) -> Asker {
    let body = json!({"name": "x", "scopes": scopes}).to_string();
    let made = asker.send("POST", "/api/v1/auth/keys", "", body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    Asker { port: asker.port, headers: format!("api-key: {key}\r\n") }
}

/// Sends the example of an operation.
fn example(asker: &Asker, path: &str, method: &str, operation: &Value) -> Answer {
    let body = operation["requestBody"]["content"]
        .as_object()
        .and_then(|content| content.values().next())
        .map(|media| match &media["example"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        });
    let path = filled(path, operation);
    asker.send(&method.to_ascii_uppercase(), &path, "", body.unwrap_or_default().as_bytes())
}

#[test]
fn proofs_and_scopes_are_asked_for_as_described() {
    const SCOPES: [&str; 7] = ["sql", "collections", "files", "jobs", "events", "rooms", "admin"];
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let nobody = Asker::nobody(http);
    let document = document(&asker);
    let with = SCOPES.map(|scope| (scope, key_of(&asker, &[scope])));
    let without = SCOPES.map(|scope| {
        let others: Vec<&str> = SCOPES.into_iter().filter(|other| *other != scope).collect();
        (scope, key_of(&asker, &others))
    });
    let of = |keys: &[(&str, Asker)], scope: &str| {
        keys.iter().find(|(of, _)| *of == scope).expect("a scope").1.clone()
    };
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        let tag = operation["tags"][0].as_str().expect("a tag");
        // They say what they need by what they are asked; a stream of a job does not end.
        let is_stream = path.ends_with("/{id}/events") || path.starts_with("/api/v1/events/");
        if ["livekit", "neon", "qdrant", "tus"].contains(&tag) || is_stream {
            continue;
        }
        let what = format!("{method} {path}");
        let needs_proof = match &operation["security"] {
            Value::Null => true,
            ways => {
                ways.as_array().is_some_and(|ways| !ways.is_empty() && !ways.contains(&json!({})))
            }
        };
        let unproved = example(&nobody, path, method, operation);
        let told = operation["responses"].get(unproved.status.to_string());
        assert!(told.is_some(), "{what}: {} is not described", unproved.status);
        if needs_proof {
            assert_eq!(unproved.status, 401, "{what}");
        } else if operation["security"] == json!([]) && tag != "auth" {
            assert!(unproved.status < 500 && unproved.status != 401, "{what}");
        }
        let Some(scope) = operation["x-zserver-scope"].as_str() else { continue };
        count += 1;
        let refused = example(&of(&without, scope), path, method, operation);
        assert_eq!(refused.status, 403, "{what} without {scope}: {}", refused.text());
        // A key makes no key that may do more than it may itself.
        let makes_key = operation["operationId"] == "create_key";
        let enough = if makes_key { asker.clone() } else { of(&with, scope) };
        let taken = example(&enough, path, method, operation);
        assert!(![401, 403].contains(&taken.status), "{what} with {scope}: {}", taken.text());
        let told = operation["responses"].get(taken.status.to_string());
        assert!(told.is_some(), "{what}: {} is not described", taken.status);
    }
    assert!(count > 60, "{count}");
}

#[test]
fn a_private_file_is_read_by_an_api_key_in_a_header_of_its_own() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    assert_eq!(asker.ask("PUT", "/api/v1/files/b").status, 201);
    assert_eq!(asker.send("PUT", "/api/v1/files/b/x", "", b"abc").status, 201);
    let key = key_of(&asker, &["files"]);
    let read = key.ask("GET", "/api/v1/files/b/x");
    assert_eq!((read.status, read.text().as_str()), (200, "abc"));
    assert_eq!(Asker::nobody(http).ask("GET", "/api/v1/files/b/x").status, 401);
}

/// Of a native route each name in the query is one that the document has.
#[test]
fn what_means_nothing_in_a_query_is_refused_and_named() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let document = document(&asker);
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        let filled = filled(path, operation);
        let method = method.to_ascii_uppercase();
        let ask = |query: &str| asker.ask(&method, &format!("{filled}?{query}"));
        let refusal = "unknown parameter \"nothing\" in the query of the URL";
        if !path.starts_with("/api/v1/") {
            // A HEAD is not told why; of these there are others.
            let says = ask("nothing=1").text();
            assert!(
                method == "HEAD"
                    || path == "/files"
                    || path == "/files/"
                    || path == "/files/{id}"
                    || !says.contains(refusal),
                "{method} {path}: {says}"
            );
            continue;
        }
        count += 1;
        for query in ["nothing=1", "nothing", "%6Eothing=", "&nothing=1&nothing=1"] {
            let answer = ask(query);
            assert_eq!(answer.status, 400, "{method} {path}?{query}: {}", answer.text());
            if method != "HEAD" {
                is_problem(&answer, 400, &format!("{method} {path}"));
                assert_eq!(answer.json()["message"], json!(refusal), "{method} {path}?{query}");
            }
        }
    }
    assert!(count > 70, "{count}");
    // What the document has is taken, once.
    for parameter in ["queue=a", "kind=b", "state=waiting", "before=9", "limit=3"] {
        let answer = asker.ask("GET", &format!("/api/v1/jobs?{parameter}"));
        assert!(!answer.text().contains("unknown parameter"), "{parameter}: {}", answer.text());
        assert!([200, 400].contains(&answer.status), "{parameter}: {}", answer.text());
        let twice = asker.ask("GET", &format!("/api/v1/jobs?{parameter}&{parameter}"));
        is_problem(&twice, 400, parameter);
    }
    // Who watches a server sends what it likes.
    assert_eq!(asker.ask("GET", "/livez?now=1").status, 200);
    assert_eq!(asker.ask("HEAD", "/api/v1/jobs?nothing=1").status, 400);
}

/// What clients of others' protocols are answered is as the document says.
#[test]
fn protocols_of_others_answer_as_described() {
    let (_server, http, _directory) = started();
    let asker = Asker::new(http, "postgres");
    let document = document(&asker);
    // In the order in which they make sense, with the document's own examples.
    let order = [
        ("put", "/collections/{name}"),
        ("post", "/collections/aliases"),
        ("get", "/collections"),
        ("get", "/collections/{name}"),
        ("get", "/collections/{name}/exists"),
        ("get", "/collections/{name}/aliases"),
        ("get", "/aliases"),
        ("put", "/collections/{name}/points"),
        ("put", "/collections/{name}/index"),
        ("post", "/collections/{name}/points"),
        ("get", "/collections/{name}/points/{id}"),
        ("post", "/collections/{name}/points/query"),
        ("post", "/collections/{name}/points/query/batch"),
        ("post", "/collections/{name}/points/query/groups"),
        ("post", "/collections/{name}/points/search"),
        ("post", "/collections/{name}/points/search/batch"),
        ("post", "/collections/{name}/points/search/groups"),
        ("post", "/collections/{name}/points/recommend"),
        ("post", "/collections/{name}/points/discover"),
        ("post", "/collections/{name}/points/scroll"),
        ("post", "/collections/{name}/points/count"),
        ("post", "/collections/{name}/facet"),
        ("post", "/collections/{name}/points/payload"),
        ("put", "/collections/{name}/points/payload"),
        ("put", "/collections/{name}/points/vectors"),
        ("post", "/collections/{name}/points/payload/delete"),
        ("post", "/collections/{name}/points/payload/clear"),
        ("post", "/collections/{name}/points/batch"),
        ("post", "/collections/{name}/points/delete"),
        ("patch", "/collections/{name}"),
        ("delete", "/collections/{name}"),
        ("post", "/sql"),
    ];
    for (method, path) in order {
        let operation = &document["paths"][path][method];
        let what = format!("{method} {path}");
        let body = &operation["requestBody"]["content"]["application/json"]["example"];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let asked = path.replace("{name}", "items").replace("{id}", "1");
        let answer = asker.send(&method.to_ascii_uppercase(), &asked, "", body.as_bytes());
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{what} says nothing of its answer");
        fits(&document, schema, &answer.json(), &what);
    }
    let failed = asker.ask("GET", "/collections/nothing");
    assert_eq!(failed.status, 404);
    let schema = &document["components"]["schemas"]["QdrantError"];
    fits(&document, schema, &failed.json(), "a failure of Qdrant's");
    // What a schema asks for is looked at: one that has less does not fit.
    let schema = &document["components"]["schemas"]["QdrantScored"];
    let misfit = || fits(&document, schema, &json!({"id": 1, "score": "high"}), "a misfit");
    assert!(std::panic::catch_unwind(misfit).is_err());
}

/// Whether a value is as a schema says: types, members, elements, what may stand for another.
fn fits(document: &Value, schema: &Value, value: &Value, what: &str) {
    if let Some(target) = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        return fits(document, document.pointer(target).expect("a schema"), value, what);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(schemas) = schema[choice].as_array() {
            let fit = |schema: &&Value| {
                std::panic::catch_unwind(|| fits(document, schema, value, what)).is_ok()
            };
            assert!(
                schemas.iter().any(|schema| fit(&schema)),
                "{what}: {value} is none of {schema}"
            );
            return;
        }
    }
    if !schema["const"].is_null() {
        assert_eq!(&schema["const"], value, "{what}");
    }
    if let Some(known) = schema["enum"].as_array() {
        assert!(known.contains(value), "{what}: {value} is not in {known:?}");
    }
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    match &schema["type"] {
        Value::String(kind) => assert!(is(kind), "{what}: {value} is no {kind}"),
        Value::Array(kinds) => {
            let any = kinds.iter().any(|kind| is(kind.as_str().expect("a type")));
            assert!(any, "{what}: {value} is none of {kinds:?}");
        }
        _ => {}
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().expect("a name");
        assert!(value.get(name).is_some(), "{what}: {value} has no {name}");
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(member) = value.get(name) {
            fits(document, schema, member, &format!("{what}.{name}"));
        }
    }
    for element in value.as_array().into_iter().flatten().filter(|_| schema["items"].is_object()) {
        fits(document, &schema["items"], element, &format!("{what}[]"));
    }
}
