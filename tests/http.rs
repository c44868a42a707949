//! The second port, by the bytes that a client sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::{TRUSTED, get, post, raw, send, sql, started};
use crate::support::zserver::Zserver;
use crate::support::{block_on, connect};

#[test]
fn statements_are_answered_in_json() {
    let (_server, http, _directory) = started();
    let answer = sql(
        http,
        json!({"query": "select $1::int + 1 as n, $2::text as t, null as x, \
        $3::int[] as a, '{\"k\": [1]}'::jsonb as j, 1.50::numeric as d, 'NaN'::float8 as f, \
        timestamp '2020-01-02 03:04:05' as ts", "params": [41, "é", [1, null, 3]]}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let result = &answer.json()["results"][0];
    let expected = r#"[42,"é",null,[1,null,3],{"k":[1]},1.50,"NaN","2020-01-02T03:04:05"]"#;
    assert_eq!(result["rows"][0].to_string(), expected);
    assert_eq!(result["columns"][0], json!({"name": "n", "type": "integer", "type_oid": 23}));
    assert_eq!((&result["command"], &result["row_count"]), (&json!("SELECT"), &json!(1)));
    let objects = sql(http, json!({"query": "select 1 as a, 2 as b", "rows": "objects"}));
    assert_eq!(objects.json()["results"][0]["rows"], json!([{"a": 1, "b": 2}]));
    let cut = sql(http, json!({"query": "select generate_series(1, 100000)", "max_rows": 2}));
    assert_eq!(cut.json()["results"][0]["rows"], json!([[1], [2]]));
    assert_eq!(cut.json()["results"][0]["row_count"], json!(2));
    let notice = sql(http, json!({"query": "drop table if exists nothing"}));
    assert_eq!(notice.json()["notices"][0]["code"], json!("00000"));
}

#[test]
fn several_statements_are_one_transaction() {
    let (_server, http, _directory) = started();
    let answer = sql(
        http,
        json!({"statements": [
        {"query": "create table t (id int primary key)"},
        {"query": "insert into t values ($1), ($2)", "params": [1, 2]},
        {"query": "select count(*) from t"},
    ], "isolation": "serializable"}),
    );
    let results = answer.json()["results"].clone();
    assert_eq!(results[0]["command"], json!("CREATE TABLE"));
    assert_eq!((&results[1]["command"], &results[1]["row_count"]), (&json!("INSERT"), &json!(2)));
    assert_eq!(results[2]["rows"], json!([[2]]));
    let failed = sql(
        http,
        json!({"statements": [
            {"query": "insert into t values (3)"}, {"query": "insert into t values (1)"},
        ]}),
    );
    assert_eq!((failed.status, failed.code().as_str()), (409, "23505"));
    assert_eq!(failed.header("content-type"), Some("application/problem+json"));
    let detail = json!("Key (id)=(1) already exists.");
    assert_eq!(failed.json()["detail"], detail);
    let count = sql(http, json!({"query": "select count(*) from t"}));
    assert_eq!(count.json()["results"][0]["rows"], json!([[2]]));
    let read_only = sql(http, json!({"query": "insert into t values (9)", "read_only": true}));
    assert_eq!(read_only.code(), "25006");
}

#[test]
fn rows_are_streamed_as_lines_and_as_csv() {
    let (_server, http, _directory) = started();
    let ask = |accept: &str, query: &str| {
        let headers = format!("{TRUSTED}Accept: {accept}\r\n");
        post(http, "/api/v1/sql", &headers, &json!({"query": query}).to_string())
    };
    let lines =
        ask("application/x-ndjson", "select g, g * 2 as h from generate_series(1, 50000) g");
    let text = lines.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 50_002);
    assert!(lines[0].starts_with("{\"columns\":[{\"name\":\"g\""), "{}", lines[0]);
    assert_eq!(lines[1], "[1,2]");
    assert_eq!(lines[50_001], "{\"command\":\"SELECT\",\"row_count\":50000}");
    let late = "select 1 / (40000 - g) from generate_series(1, 50000) g";
    let text = ask("application/x-ndjson", late).text();
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["error"]["code"], json!("22012"));
    let early = ask("application/x-ndjson", "select 1 / 0");
    assert_eq!((early.status, early.code().as_str()), (400, "22012"));
    let csv = ask("text/csv", "select 1 as a, null as b, 'x, \"y\"' as c, '' as d");
    assert_eq!(csv.text(), "a,b,c,d\n1,,\"x, \"\"y\"\"\",\"\"\n");
    assert!(!ask("text/csv", late).is_whole, "a body that failed is cut off");
    assert_eq!(ask("image/png", "select 1").status, 406);
}

#[test]
fn errors_say_what_postgresql_says() {
    let (_server, http, _directory) = started();
    let status = |query: &str| {
        let answer = sql(http, json!({"query": query}));
        (answer.status, answer.code())
    };
    let wrong = sql(http, json!({"query": "select é from\n nowhere"}));
    assert_eq!(wrong.json()["message"], json!("relation \"nowhere\" does not exist"));
    assert_eq!(wrong.json()["position"], json!("16"));
    assert_eq!((wrong.status, wrong.code().as_str()), (404, "42P01"));
    assert_eq!(status("selec"), (400, "42601".to_owned()));
    assert_eq!(status("select 1; select 2"), (400, "42601".to_owned()));
    assert_eq!(status("copy (select 1) to stdout"), (501, "0A000".to_owned()));
    let slow = sql(http, json!({"query": "select pg_sleep(60)", "timeout_ms": 100}));
    assert_eq!((slow.status, slow.code().as_str()), (408, "57014"));
    let missing = sql(http, json!({"query": "select $1::int"}));
    assert_eq!((missing.status, missing.code().as_str()), (400, "08P01"));
}

#[test]
fn what_cannot_be_understood_is_refused() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let limits = [
        ("ZSERVER_HTTP_MAX_BODY", "2kB"),
        ("ZSERVER_HTTP_READ_TIMEOUT", "500ms"),
        ("ZSERVER_HTTP_MAX_RESPONSE", "10kB"),
    ];
    let (_server, http) = Zserver::start_with_http(&data, true, &limits);
    assert_eq!(get(http, "/nothing").status, 404);
    assert_eq!(get(http, "/api/v1/sql").status, 401);
    assert_eq!(send(http, "GET", "/api/v1/sql", TRUSTED, "").status, 426);
    assert_eq!(send(http, "PATCH", "/api/v1/sql", TRUSTED, "").status, 405);
    assert_eq!(post(http, "/api/v1/sql", TRUSTED, "{").status, 400);
    assert_eq!(post(http, "/api/v1/sql", TRUSTED, "{\"quer\": 1}").status, 400);
    assert_eq!(post(http, "/api/v1/sql", TRUSTED, "{\"statements\": []}").status, 400);
    let nobody = post(http, "/api/v1/sql", "", "{\"query\": \"select 1\"}");
    assert_eq!(nobody.status, 401);
    assert!(nobody.header("www-authenticate").is_some_and(|value| value.starts_with("Basic")));
    let large = sql(http, json!({"query": format!("select '{}'", "x".repeat(4_000))}));
    assert_eq!((large.status, large.code().as_str()), (413, "54000"));
    let result = sql(http, json!({"query": "select repeat('x', 100000)"}));
    assert_eq!((result.status, result.code().as_str()), (413, "54000"));
    // A body that does not come, and a head that does not.
    let head = format!(
        "POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{TRUSTED}Content-Length: 20\r\n\r\n{{"
    );
    assert_eq!(raw(http, head.as_bytes()).status, 408);
    let mut silent = TcpStream::connect(("127.0.0.1", http)).expect("the port is open");
    silent.write_all(b"GET / HTTP/1.1\r\n").expect("a piece is sent");
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest);
    assert_eq!(get(http, "/livez").text(), "ok\n");
    assert_eq!(get(http, "/readyz").status, 200);
}

#[test]
fn a_client_that_goes_away_cancels_its_statement() {
    let (server, http, _directory) = started();
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(777)%' and pid <> pg_backend_pid()";
    block_on(async {
        let client = connect(server.port).await;
        let count =
            async || client.query_one(running, &[]).await.expect("a count").get::<_, i64>(0);
        let body = json!({"query": "select pg_sleep(777)"}).to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", http)).expect("the port is open");
        let length = body.len();
        let request = format!(
            "POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\n{TRUSTED}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("the request is sent");
        for (stream, wanted) in [(Some(stream), 1), (None, 0)] {
            let mut tries = 0;
            while count().await != wanted {
                tries += 1;
                assert!(tries < 200, "the statement is there {wanted} times");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            drop(stream);
        }
    });
}

#[test]
fn passwords_are_those_of_the_roles() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let environment = [("ZSERVER_PASSWORD", "s3cret")];
    let (_server, http) = Zserver::start_with_http(&data, false, &environment);
    let ask = |user: &str, password: &str, query: &str| {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let headers = format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n");
        post(http, "/api/v1/sql", &headers, &json!({"query": query}).to_string())
    };
    let who = ask("postgres", "s3cret", "select current_user, current_database()");
    assert_eq!(who.json()["results"][0]["rows"], json!([["postgres", "postgres"]]));
    for (user, password) in [("postgres", "wrong"), ("nobody", "s3cret"), ("postgres", "")] {
        let refused = ask(user, password, "select 1");
        assert_eq!((refused.status, refused.code().as_str()), (401, "28P01"));
    }
    let made = ask("postgres", "s3cret", "create role ann login password 'a'");
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(ask("ann", "a", "select 1").status, 200);
    assert_eq!(ask("ann", "a", "create database x").code(), "42501");
    // What was right before is not right after a change.
    ask("postgres", "s3cret", "alter role ann password 'b'");
    assert_eq!(ask("ann", "a", "select 1").status, 401);
    assert_eq!(ask("ann", "b", "select 1").status, 200);
}

#[test]
fn neon_asks_in_its_own_words() {
    let (_server, http, _directory) = started();
    let place = "Neon-Connection-String: postgresql://postgres@localhost/postgres\r\nNeon-Raw-Text-Output: true\r\n";
    let one = post(
        http,
        "/sql",
        &format!("{place}Neon-Array-Mode: true\r\n"),
        r#"{"query": "select $1::int as a, null as b, true as c", "params": ["1"]}"#,
    );
    let one = one.json();
    assert_eq!(one["rows"], json!([["1", null, "t"]]));
    assert_eq!((&one["command"], &one["rowCount"]), (&json!("SELECT"), &json!(1)));
    assert_eq!(
        (&one["fields"][0]["name"], &one["fields"][0]["dataTypeID"]),
        (&json!("a"), &json!(23))
    );
    let batch = post(
        http,
        "/sql",
        &format!(
            "{place}Neon-Batch-Isolation-Level: Serializable\r\nNeon-Batch-Read-Only: true\r\n"
        ),
        r#"{"queries": [{"query": "show transaction_isolation", "params": []}, {"query": "create table x ()"}]}"#,
    );
    assert_eq!((batch.status, batch.code().as_str()), (400, "25006"));
    let batch = post(
        http,
        "/sql",
        place,
        r#"{"queries": [{"query": "select 1 as a"}, {"query": "select 2 as a"}]}"#,
    );
    assert_eq!(batch.json()["results"][1]["rows"], json!([{"a": "2"}]));
    // What is not known there is not passed over.
    for header in ["Idempotency-Key: k", "Zserver-Transaction: x"] {
        let headers = format!("{place}{header}\r\n");
        let refused = post(http, "/sql", &headers, r#"{"query": "create table y ()"}"#);
        assert_eq!((refused.status, refused.code().as_str()), (501, "0A000"), "{header}");
    }
}
