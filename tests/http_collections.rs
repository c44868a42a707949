//! Collections over HTTP: this server's own API, streams of points, kills; Qdrant's clients
//! have their own checks in `compat/clients`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::zserver::Zserver;
use crate::support::{block_on, connect};

/// What came back: the status and the body.
struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8_lossy(&self.body);
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The document of a request that was done.
    fn done(self) -> Value {
        assert!(self.status < 300, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        if self.body.is_empty() { Value::Null } else { self.json() }
    }
}

fn head(method: &str, path: &str, user: &str, length: &str) -> String {
    use base64::Engine;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:"));
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nZserver-Database: postgres\r\n\
         Authorization: Basic {basic}\r\n{length}\r\n\r\n"
    )
}

fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A connection that was cut is part of what is looked at.
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let rest = &bytes[end + 4..];
    let is_chunked = head.contains("transfer-encoding: chunked");
    let body = if is_chunked { dechunked(rest) } else { rest.to_vec() };
    Answer { status, body }
}

fn dechunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = usize::from_str_radix(size.trim(), 16).expect("the size of a chunk");
        let Some(chunk) = rest.get(end + 2..end + 2 + size).filter(|_| size > 0) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 2 + size + 2..).unwrap_or_default();
    }
    body
}

fn send_as(port: u16, user: &str, method: &str, path: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is open");
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
    let head = head(method, path, user, &format!("Content-Length: {}", body.len()));
    stream.write_all(format!("{head}{body}").as_bytes()).expect("the request is sent");
    answer(&mut stream)
}

fn send(port: u16, method: &str, path: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/collections{path}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send_as(port, "postgres", method, &path, &body)
}

fn post(port: u16, path: &str, body: &Value) -> Answer {
    send(port, "POST", path, body)
}

fn sql(port: u16, query: &str) -> Value {
    let body = json!({"query": query}).to_string();
    let answer = send_as(port, "postgres", "POST", "/api/v1/sql", &body).done();
    answer["results"][0]["rows"].clone()
}

fn ingest(port: u16, path: &str, lines: &str) -> Vec<Value> {
    let path = format!("/api/v1/collections{path}");
    let answer = send_as(port, "postgres", "POST", &path, lines);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.lines()
}

fn started() -> (Zserver, u16, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = start(&directory.path().join("data"));
    (server, http, directory)
}

fn start(data: &Path) -> (Zserver, u16) {
    Zserver::start_with_http(data, true, &[("ZSERVER_COLLECTIONS_INGEST_ROWS", "500")])
}

/// Numbers that look random and are the same each time.
fn chance(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn vector(seed: u64, dims: usize) -> Vec<f32> {
    let mut next = chance(seed + 1);
    (0..dims).map(|_| (next() * 2.0 - 1.0) as f32).collect()
}

fn ids(answer: &Value) -> Vec<i64> {
    let points = answer["points"].as_array().expect("points");
    points.iter().map(|point| point["id"].as_i64().expect("an id")).collect()
}

#[test]
fn a_collection_is_a_table_of_sql() {
    let (_server, http, _directory) = started();
    let made = post(
        http,
        "",
        &json!({"name": "items", "vectors": {"size": 3, "distance": "euclid"},
            "columns": [{"name": "price", "type": "numeric"}, {"name": "tags", "type": "text[]"}],
            "metadata": {"owner": "a"}}),
    );
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    assert_eq!(made.json()["vectors"][""]["size"], json!(3));
    let points = json!({"points": [
        {"id": 1, "vector": [1, 0, 0], "payload": {"city": "Oslo"}, "columns": {"price": 1.5, "tags": ["x", "y"]}},
        {"id": 2, "vector": [0, 1, 0], "payload": {"city": "Rome", "n": 4}, "columns": {"price": 20}},
    ]});
    assert_eq!(send(http, "PUT", "/items/points", &points).done(), json!({"points": 2}));
    // What HTTP writes SQL reads, and what SQL writes HTTP finds.
    let rows = sql(
        http,
        "select id, embedding::text, payload->>'city', price, tags from collections.items order by id",
    );
    assert_eq!(rows[0], json!([1, "[1,0,0]", "Oslo", 1.5, ["x", "y"]]));
    sql(
        http,
        "insert into collections.items (id, embedding, payload, price) values (3, '[0,0,2]', '{\"city\": \"Bern\"}', 7) returning id",
    );
    let found = post(
        http,
        "/items/points/search",
        &json!({"query": [0, 0, 1], "limit": 2, "with_vector": true, "with_columns": true}),
    )
    .done();
    assert_eq!(ids(&found)[0], 3);
    assert_eq!(found["points"][0]["score"], json!(1));
    assert_eq!(found["points"][0]["vector"], json!([0, 0, 2]));
    assert_eq!(found["points"][0]["columns"], json!({"price": 7, "tags": null}));
    let cheap = json!({"query": [0, 0, 1], "filter": {"must": [{"column": "price", "range": {"lt": 10}}], "must_not": [{"key": "city", "match": {"value": "Oslo"}}]}});
    assert_eq!(ids(&post(http, "/items/points/search", &cheap).done()), [3]);
    // It changes, and is described as it is.
    let changed = send(http, "PATCH", "/items", &json!({"add_vectors": {"small": {"size": 2, "distance": "cosine", "type": "halfvec"}}, "metadata": null})).done();
    assert_eq!(
        (&changed["vectors"]["small"]["type"], &changed["metadata"]),
        (&json!("halfvec"), &Value::Null)
    );
    send(
        http,
        "POST",
        "/items/points/vectors",
        &json!({"points": [{"id": 1, "vector": {"small": [3, 4]}}]}),
    )
    .done();
    let point = send(http, "GET", "/items/points/1", &Value::Null).done();
    assert_eq!(point["vector"]["small"], json!([3, 4]));
    let listed = send(http, "GET", "?limit=1", &Value::Null).done();
    assert_eq!(listed, json!({"collections": [{"name": "items"}], "next": null}));
    // A table that SQL drops is no collection any more, and its name is free.
    sql(http, "drop table collections.items");
    assert_eq!(send(http, "GET", "/items", &Value::Null).status, 404);
    post(http, "", &json!({"name": "items", "ids": "uuid"})).done();
    assert_eq!(send(http, "DELETE", "/items", &Value::Null).status, 204);
    assert_eq!(sql(http, "select count(*) from collections.registry"), json!([[0]]));
}

#[test]
fn what_cannot_be_is_said() {
    let (_server, http, _directory) = started();
    post(http, "", &json!({"name": "c", "vectors": {"a": {"size": 2, "distance": "dot"}}})).done();
    let status = |answer: Answer| (answer.status, answer.code());
    let conflict = post(http, "", &json!({"name": "c"}));
    assert_eq!(status(conflict), (409, "42P07".to_owned()));
    for (path, body, expected) in [
        ("", json!({"name": "a/b"}), (400, "42602")),
        ("", json!({"name": "x".repeat(64)}), (400, "42622")),
        ("", json!({"name": "d", "vectors": {"size": 0, "distance": "dot"}}), (400, "22023")),
        ("", json!({"name": "d", "columns": [{"name": "id", "type": "text"}]}), (400, "22023")),
        (
            "",
            json!({"name": "d", "columns": [{"name": "x", "type": "text); drop table t"}]}),
            (501, "0A000"),
        ),
        ("", json!({"name": "d", "unknown": 1}), (400, "08P01")),
        ("/missing/points/search", json!({"query": [1, 2]}), (404, "42P01")),
        ("/c/points/search", json!({"query": [1, 2]}), (400, "22023")),
        ("/c/points/search", json!({"query": [1, 2, 3], "using": "a"}), (400, "22000")),
        ("/c/points/search", json!({"query": [1, 2], "using": "a", "limit": 0}), (400, "22023")),
        (
            "/c/points/search",
            json!({"query": [1, 2], "using": "a", "limit": 1_000_000}),
            (413, "54000"),
        ),
        ("/c/points/search", json!({"query": 5, "using": "a"}), (404, "02000")),
        (
            "/c/points/search",
            json!({"query": [1, 2], "using": "a", "filter": {"must": [{"key": "k", "geo_radius": {}}]}}),
            (501, "0A000"),
        ),
        ("/c/points/count", json!({"filter": {"must": [{"key": "k"}]}}), (400, "22023")),
        ("/c/points/delete", json!({}), (400, "22023")),
        // Nothing of what is asked is passed over.
        ("/c/points/vectors", json!({"points": [], "filter": {}}), (400, "08P01")),
        ("/c/points/vectors", json!({"delete": [], "ids": [1]}), (400, "08P01")),
        (
            "/c/points/vectors",
            json!({"points": [{"id": 1, "vector": {"a": [1, 2]}}], "delete": ["a"], "ids": [1]}),
            (400, "08P01"),
        ),
    ] {
        let answer = post(http, path, &body);
        assert_eq!(status(answer), (expected.0, expected.1.to_owned()), "{path} {body}");
    }
    for (points, code) in [
        (json!([{"id": 1, "vector": {"a": [1]}}]), "22000"),
        (json!([{"id": 1, "vector": {"b": [1, 2]}}]), "22023"),
        (json!([{"id": "x", "vector": {"a": [1, 2]}}]), "22023"),
        (json!([{"id": 1, "columns": {"nothing": 1}}]), "42703"),
        (json!([]), "22023"),
    ] {
        // All or none.
        let mut all = vec![json!({"id": 77, "vector": {"a": [1, 2]}})];
        all.extend(points.as_array().expect("points").iter().cloned());
        if points == json!([]) {
            all.clear();
        }
        assert_eq!(
            send(http, "PUT", "/c/points", &json!({"points": all})).code(),
            code,
            "{points}"
        );
    }
    assert_eq!(post(http, "/c/points/count", &json!({})).done(), json!({"count": 0}));
    assert_eq!(send(http, "GET", "/c/points/77", &Value::Null).status, 404);
}

#[test]
fn roles_see_what_their_privileges_and_policies_show() {
    let (server, http, _directory) = started();
    post(http, "", &json!({"name": "shared", "vectors": {"size": 2, "distance": "dot"}})).done();
    let points = json!({"points": [{"id": 1, "vector": [1, 2], "payload": {"who": "ann"}}, {"id": 2, "vector": [1, 3], "payload": {"who": "bob"}}]});
    send(http, "PUT", "/shared/points", &points).done();
    block_on(async {
        let client = connect(server.port).await;
        let statements = "create role ann login; create role owner login; grant create on schema collections to owner; \
            alter table collections.shared enable row level security; \
            create policy own on collections.shared using (payload->>'who' = current_user)";
        client.batch_execute(statements).await.expect("roles");
    });
    let ask = |user: &str, method: &str, path: &str, body: &str| {
        send_as(http, user, method, &format!("/api/v1/collections{path}"), body)
    };
    assert_eq!(
        ask("ann", "POST", "/shared/points/count", "{}").status,
        404,
        "not even that it is there"
    );
    block_on(async {
        let client = connect(server.port).await;
        client
            .batch_execute("grant select, delete on collections.shared to ann")
            .await
            .expect("a grant");
    });
    assert_eq!(ask("ann", "POST", "/shared/points/count", "{}").done(), json!({"count": 1}));
    let found =
        ask("ann", "POST", "/shared/points/search", r#"{"query": [1, 1], "limit": 10}"#).done();
    assert_eq!(ids(&found), [1]);
    let put = r#"{"points": [{"id": 5, "vector": [1, 1]}]}"#;
    assert_eq!(ask("ann", "PUT", "/shared/points", put).code(), "42501");
    assert_eq!(ask("ann", "DELETE", "/shared", "").code(), "42501");
    assert_eq!(ask("ann", "POST", "", r#"{"name": "mine"}"#).code(), "42501");
    assert_eq!(
        ask("ann", "POST", "/shared/points/delete", r#"{"ids": [1, 2]}"#).done(),
        json!({"points": 1})
    );
    let new = r#"{"name": "mine", "vectors": {"size": 2, "distance": "cosine"}}"#;
    assert_eq!(ask("owner", "POST", "", new).status, 201);
    assert_eq!(ask("owner", "PUT", "/mine/indexes/k", r#"{"type": "keyword"}"#).status, 204);
    assert_eq!(ask("owner", "DELETE", "/mine", "").status, 204);
}

/// The nearest of all that pass, by comparing each.
fn brute(
    points: &[(i64, Vec<f32>)],
    query: &[f32],
    limit: usize,
    passes: impl Fn(i64) -> bool,
) -> Vec<i64> {
    let distance = |vector: &[f32]| -> f64 {
        vector.iter().zip(query).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    let mut all: Vec<(f64, i64)> = points
        .iter()
        .filter(|(id, _)| passes(*id))
        .map(|(id, vector)| (distance(vector), *id))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().take(limit).map(|(_, id)| id).collect()
}

#[test]
fn searches_find_what_comparing_all_finds() {
    const POINTS: i64 = 6_000;
    const DIMS: usize = 12;
    let (_server, http, _directory) = started();
    post(http, "", &json!({"name": "many", "vectors": {"size": DIMS, "distance": "euclid"}}))
        .done();
    let points: Vec<(i64, Vec<f32>)> =
        (0..POINTS).map(|id| (id, vector(id as u64, DIMS))).collect();
    let mut lines = String::new();
    for (id, vector) in &points {
        let payload = json!({"n": id, "word": format!("w{}", id % 50), "rare": id % 997 == 0});
        lines.push_str(&json!({"id": id, "vector": vector, "payload": payload}).to_string());
        lines.push('\n');
    }
    let last = ingest(http, "/many/points/ingest", &lines).pop().expect("a last line");
    assert_eq!((&last["stored"], &last["failed"]), (&json!(POINTS), &json!(0)));
    for indexed in [false, true] {
        if indexed {
            for (key, kind) in [("n", "integer"), ("word", "keyword"), ("rare", "bool")] {
                send(http, "PUT", &format!("/many/indexes/{key}"), &json!({"type": kind})).done();
            }
        }
        let mut found_of_all = 0;
        for seed in 0..8u64 {
            let query = vector(1_000_000 + seed, DIMS);
            let ask = |filter: Value, exact: bool, limit: usize| {
                let body = json!({"query": query, "limit": limit, "filter": filter, "params": {"exact": exact}, "with_payload": false});
                ids(&post(http, "/many/points/search", &body).done())
            };
            let all = brute(&points, &query, 10, |_| true);
            assert_eq!(ask(json!({}), true, 10), all);
            let walked = ask(json!({}), false, 10);
            found_of_all += walked.iter().filter(|id| all.contains(id)).count();
            // As many as are asked for, whatever part of all passes.
            let filters: [(Value, Box<dyn Fn(i64) -> bool>); 5] = [
                (
                    json!({"must": [{"key": "rare", "match": {"value": true}}]}),
                    Box::new(|id| id % 997 == 0),
                ),
                (
                    json!({"must": [{"key": "word", "match": {"value": "w7"}}]}),
                    Box::new(|id| id % 50 == 7),
                ),
                (
                    json!({"must": [{"key": "word", "match": {"any": ["w7", "w9"]}}]}),
                    Box::new(|id| id % 50 == 7 || id % 50 == 9),
                ),
                (
                    json!({"must": [{"key": "n", "range": {"gte": 100, "lt": 160}}]}),
                    Box::new(|id| (100..160).contains(&id)),
                ),
                (
                    json!({"must": [{"key": "n", "range": {"gte": 10}}], "must_not": [{"has_id": [50, 51]}]}),
                    Box::new(|id| id >= 10 && id != 50 && id != 51),
                ),
            ];
            for (filter, passes) in filters {
                let expected = brute(&points, &query, 7, &passes);
                assert_eq!(ask(filter.clone(), true, 7), expected, "{filter}");
                let found = ask(filter.clone(), false, 7);
                assert_eq!(found.len(), expected.len(), "{filter}: never fewer than there are");
                assert!(found.iter().all(|id| passes(*id)), "{filter}: {found:?}");
                let right = found.iter().filter(|id| expected.contains(id)).count();
                assert!(right + 1 >= expected.len(), "{filter}: {found:?}, not {expected:?}");
            }
        }
        assert!(found_of_all >= 76, "recall {found_of_all} of 80");
    }
    let plan = sql(
        http,
        "explain select id from collections.many where (payload #> array['word']) @> '\"w7\"'",
    );
    assert!(plan.to_string().contains("many_word_keyword_0"), "{plan}");
    // Pages hold every point once; groups and facets are of all.
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = post(http, "/many/points/scroll", &json!({"limit": 700, "cursor": cursor, "with_payload": false, "filter": {"must": [{"key": "n", "range": {"lt": 2000}}]}})).done();
        seen.extend(ids(&page));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, (0..2000).collect::<Vec<i64>>());
    let facet = post(http, "/many/points/facet", &json!({"key": "word", "limit": 2})).done();
    assert_eq!(
        facet["hits"],
        json!([{"value": "w0", "count": 120}, {"value": "w1", "count": 120}])
    );
    let groups = post(http, "/many/points/groups", &json!({"search": {"query": vector(3, DIMS)}, "group_by": "word", "limit": 5, "group_size": 2})).done();
    let sizes: Vec<usize> = groups["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| group["hits"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(sizes, [2; 5]);
}

#[test]
fn streams_tell_of_each_line_that_is_wrong() {
    let (_server, http, _directory) = started();
    post(http, "", &json!({"name": "s", "vectors": {"size": 2, "distance": "dot"}, "columns": [{"name": "price", "type": "integer"}]})).done();
    sql(http, "alter table collections.s add check (price < 100)");
    let bad = [
        r#"{"id": 1, "vector": [1, 2]}"#,
        r#"{"id": 2, "vector": [1]}"#,
        "",
        r#"{"id": 3, "vector": [1, NaN]}"#,
        "not json",
        r#"{"id": 4, "vector": [1, 2], "payload": {"a": [1, }}"#,
        r#"{"vector": [1, 2]}"#,
        r#"{"id": 5, "vector": [1, 2], "columns": {"price": 200}}"#,
        r#"{"id": 6, "vector": [1, 1e39]}"#,
        r#"{"id": 7, "vector": [7, 7], "columns": {"price": 7}, "payload": {"é": "\u0041"}}"#,
        r#"{"id": "x", "vector": [1, 2]}"#,
        r#"{"id": 8, "vectr": [1, 2]}"#,
        r#"{"id": 1, "vector": [9, 9]}"#,
    ]
    .join("\n");
    let lines = ingest(http, "/s/points/ingest", &bad);
    let errors: Vec<(i64, &str)> = lines
        .iter()
        .filter(|line| line.get("error").is_some() && line.get("line").is_some())
        .map(|line| {
            (
                line["line"].as_i64().expect("a line"),
                line["error"]["code"].as_str().expect("a code"),
            )
        })
        .collect();
    let expected = [
        (2, "22000"),
        (4, "22000"),
        (5, "22P02"),
        (6, "22P02"),
        (7, "22P02"),
        (8, "23514"),
        (9, "22003"),
        (11, "22023"),
        (12, "22P02"),
    ];
    assert_eq!(errors, expected);
    let summary = json!({"lines": 13, "stored": 3, "skipped": 0, "failed": 9, "aborted": false});
    assert_eq!(lines.last(), Some(&summary));
    assert_eq!(
        sql(http, "select id, embedding::text, price from collections.s order by id"),
        json!([[1, "[9,9]", null], [7, "[7,7]", 7]])
    );
    // An end at the first: what stands before it is stored.
    let lines = ingest(
        http,
        "/s/points/ingest?on_error=abort",
        "{\"id\": 20, \"vector\": [1, 2]}\n{\"id\": 21, \"vector\": [1, 2], \"columns\": {\"price\": 500}}\n{\"id\": 22, \"vector\": [1, 2]}\n",
    );
    let last = json!({"lines": 2, "stored": 1, "skipped": 0, "failed": 1, "aborted": true});
    assert_eq!(lines.last(), Some(&last), "{lines:?}");
    assert_eq!(sql(http, "select id from collections.s where id >= 20"), json!([[20]]));
    // Ids that are there.
    let again = "{\"id\": 20, \"vector\": [5, 5]}\n{\"id\": 30, \"vector\": [1, 2]}\n{\"id\": 30, \"vector\": [1, 3]}\n";
    let lines = ingest(http, "/s/points/ingest?on_conflict=skip&results=all", again);
    assert_eq!(lines[0], json!({"line": 1, "id": 20, "status": "skipped"}));
    assert_eq!(lines[1], json!({"line": 2, "id": 30, "status": "stored"}));
    assert_eq!(lines[2]["status"], json!("skipped"));
    let lines = ingest(http, "/s/points/ingest?on_conflict=error", again);
    assert_eq!(
        (&lines[0]["error"]["code"], &lines[1]["line"], &lines[2]["line"]),
        (&json!("23505"), &json!(2), &json!(3))
    );
    assert_eq!(
        sql(http, "select embedding::text from collections.s where id in (20, 30) order by id"),
        json!([["[1,2]"], ["[1,2]"]])
    );
    for wrong in ["on_error=never", "unknown=1"] {
        let path = format!("/api/v1/collections/s/points/ingest?{wrong}");
        assert_eq!(send_as(http, "postgres", "POST", &path, "").status, 400, "{wrong}");
    }
    // A line that is longer than lines may be is passed over, and the next is read.
    let long = format!(
        "{{\"id\": 40, \"payload\": {{\"x\": \"{}\"}}}}\n{{\"id\": 41}}",
        "y".repeat(5 << 20)
    );
    let lines = ingest(http, "/s/points/ingest", &long);
    assert_eq!((&lines[0]["line"], &lines[0]["error"]["code"]), (&json!(1), &json!("54000")));
    assert_eq!(lines.last().expect("a summary")["stored"], json!(1));
}

#[test]
fn points_of_a_stream_are_found_at_once_and_linked_when_it_is_over() {
    let (_server, http, _directory) = started();
    post(http, "", &json!({"name": "f", "vectors": {"size": 24, "distance": "euclid"}})).done();
    // As languages print numbers that have no single precision, and as others do.
    let line = |id: u64| {
        let numbers: Vec<String> = vector(id, 24)
            .iter()
            .enumerate()
            .map(|(at, number)| match at % 3 {
                0 => format!("{}", f64::from(*number)),
                1 => format!("{number:e}"),
                _ => format!(" {number}"),
            })
            .collect();
        format!(
            "{{\"id\": {id}, \"vector\": [{}], \"payload\": {{\"n\": [[{id}]]}}}}\n",
            numbers.join(",")
        )
    };
    let count = 6_000;
    let lines: String = (1..=count).map(line).collect();
    let told = ingest(http, "/f/points/ingest", &lines);
    assert_eq!(told.last().expect("a summary")["stored"], json!(count));
    let stored =
        |id: u64| sql(http, &format!("select embedding::text from collections.f where id = {id}"));
    for id in [1, 7, 501, 3_000, count] {
        let expected: Vec<String> =
            vector(id, 24).iter().map(|number| format!("{number}")).collect();
        assert_eq!(stored(id), json!([[format!("[{}]", expected.join(","))]]));
        let query = json!({"query": vector(id, 24), "limit": 1});
        assert_eq!(ids(&post(http, "/f/points/search", &query).done()), [id as i64]);
    }
    let fresh = "select sum(fresh)::int, sum(linked)::int from pg_catalog.zserver_vector_indexes()";
    let began = std::time::Instant::now();
    while sql(http, fresh) != json!([[0, count]]) {
        assert!(began.elapsed().as_secs() < 120, "points stay unlinked: {}", sql(http, fresh));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let query = json!({"query": vector(77, 24), "limit": 1});
    assert_eq!(ids(&post(http, "/f/points/search", &query).done()), [77]);
}

#[test]
fn what_a_stream_calls_committed_outlives_a_kill() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (server, http) = start(&data);
    post(http, "", &json!({"name": "k", "vectors": {"size": 8, "distance": "cosine"}})).done();
    let mut stream = TcpStream::connect(("127.0.0.1", http)).expect("the port is open");
    stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    let path = "/api/v1/collections/k/points/ingest";
    stream
        .write_all(head("POST", path, "postgres", "Transfer-Encoding: chunked").as_bytes())
        .expect("the head is sent");
    let mut received = Vec::new();
    let begun = Instant::now();
    let mut id = 0;
    let mut committed = 0;
    while committed < 6_000 {
        assert!(begun.elapsed() < Duration::from_secs(120), "only {committed} were committed");
        let mut chunk = String::new();
        for _ in 0..200 {
            id += 1;
            let line = json!({"id": id, "vector": vector(id, 8), "payload": {"n": id}});
            chunk.push_str(&format!("{line}\n"));
        }
        let sent = format!("{:x}\r\n{chunk}\r\n", chunk.len());
        stream.write_all(sent.as_bytes()).expect("a chunk is sent");
        let mut buffer = [0; 64 << 10];
        if let Ok(count) = stream.read(&mut buffer) {
            received.extend_from_slice(&buffer[..count]);
        }
        let text = String::from_utf8_lossy(&received);
        let told = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        committed = told.filter_map(|line| line["committed"].as_u64()).max().unwrap_or(0);
    }
    server.kill();
    let (_server, http) = start(&data);
    let rows = sql(http, "select count(*), max(id) from collections.k");
    let (count, most) =
        (rows[0][0].as_u64().expect("a count"), rows[0][1].as_u64().expect("an id"));
    assert_eq!(count, most, "whole batches, in order");
    assert!(count >= committed, "{committed} were called committed and {count} are there");
    for id in [1, committed / 2, committed] {
        let body = json!({"query": vector(id, 8), "limit": 1, "params": {"exact": true}});
        assert_eq!(ids(&post(http, "/k/points/search", &body).done()), [id as i64]);
    }
}

#[test]
fn a_dump_of_collections_restores() {
    let (server, http, directory) = started();
    post(
        http,
        "",
        &json!({"name": "d", "ids": "point", "vectors": {"size": 2, "distance": "cosine"}}),
    )
    .done();
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    send(http, "PUT", "/d/points", &json!({"points": [{"id": 1, "vector": [1, 2]}, {"id": uuid, "vector": [2, 1], "payload": {"a": 1}}]})).done();
    send(http, "PUT", "/d/indexes/a", &json!({"type": "integer"})).done();
    let dump = directory.path().join("dump.sql");
    let tool = |name: &str| format!("/usr/lib/postgresql/15/bin/{name}");
    if !Path::new(&tool("pg_dump")).exists() {
        eprintln!("skipped: pg_dump 15 is not here");
        return;
    }
    let port = server.port.to_string();
    let run = |words: &[&str]| {
        let words: Vec<&str> =
            [&["-h", "127.0.0.1", "-p", &port, "-U", "postgres"], words].concat();
        words.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let file = dump.to_str().expect("a path");
    let dumped = std::process::Command::new(tool("pg_dump"))
        .args(run(&["-f", file, "postgres"]))
        .output()
        .expect("pg_dump runs");
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    sql(http, "create database restored");
    let restored = std::process::Command::new(tool("psql"))
        .args(run(&["-X", "-v", "ON_ERROR_STOP=1", "-q", "-f", file, "restored"]))
        .output()
        .expect("psql runs");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let ask = |path: &str, body: &str| {
        use base64::Engine;
        let basic = base64::engine::general_purpose::STANDARD.encode("postgres:");
        let mut stream = TcpStream::connect(("127.0.0.1", http)).expect("the port is open");
        let request = format!(
            "POST /api/v1/collections{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nZserver-Database: restored\r\n\
             Authorization: Basic {basic}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("the request is sent");
        answer(&mut stream).done()
    };
    let found = ask("/d/points/search", r#"{"query": [2, 1], "limit": 5}"#);
    assert_eq!(found["points"][0]["id"], json!(uuid), "{found}");
    assert_eq!(found["points"].as_array().map(Vec::len), Some(2));
}
