//! SQL over HTTP beyond single requests: transactions, idempotency keys, Arrow, and that
//! sessions which are used again carry nothing over.

use std::io::Cursor;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Int32Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::ipc::reader::StreamReader;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::{Answer, TRUSTED, post, send, sql, started};
use crate::support::zserver::Zserver;
use crate::support::{block_on, connect};

fn rows(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["results"][0]["rows"].clone()
}

fn ask(http: u16, query: &str) -> Value {
    rows(&sql(http, json!({"query": query})))
}

fn begin(http: u16, body: Value) -> String {
    let made = post(http, "/api/v1/transactions", TRUSTED, &body.to_string());
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), Some(format!("/api/v1/transactions/{id}").as_str()));
    id
}

fn within(http: u16, id: &str, query: &str) -> Answer {
    let path = format!("/api/v1/transactions/{id}/sql");
    post(http, &path, TRUSTED, &json!({"query": query}).to_string())
}

fn end(http: u16, id: &str, how: &str) -> Answer {
    post(http, &format!("/api/v1/transactions/{id}/{how}"), TRUSTED, "")
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

#[test]
fn a_session_that_is_used_again_carries_nothing_over() {
    let (_server, http, _directory) = started();
    ask(http, "create table t (id int primary key)");
    let pid = ask(http, "select pg_backend_pid()");
    assert_eq!(ask(http, "select pg_backend_pid()"), pid, "the session is used again");
    for left in [
        "set work_mem = '77MB'",
        "set app.secret = 'x'",
        "select set_config('app.other', 'x', false)",
        "set role pg_monitor",
        "set application_name = 'mine'",
        "create temp table secret (a int)",
        "select pg_advisory_lock(77)",
        "prepare hidden as select 1",
        "declare c cursor with hold for select 1",
        "select setseed(0.5)",
        "create sequence s",
        "select nextval('s')",
        "set session characteristics as transaction read only",
    ] {
        let answer = sql(http, json!({"query": left}));
        assert_eq!(answer.status, 200, "{left}: {}", answer.text());
    }
    let found = ask(
        http,
        "select current_setting('work_mem'), current_setting('app.secret', true), \
         current_setting('app.other', true), current_user, current_setting('application_name'), \
         (select count(*) from pg_locks where locktype = 'advisory'), \
         (select count(*) from pg_prepared_statements where name = 'hidden'), \
         (select count(*) from pg_cursors), current_setting('default_transaction_read_only'), \
         to_regclass('pg_temp.secret'), inet_client_addr() is not null",
    );
    assert_eq!(found, json!([["4MB", null, null, "postgres", "", 0, 0, 0, "off", null, true]]));
    let used = sql(http, json!({"query": "select lastval()"}));
    assert_eq!(used.code(), "55000");
    // What a statement could do once is not in the way of others either.
    assert_eq!(ask(http, "select count(*) from pg_class where relname = 'secret'"), json!([[0]]));
}

#[test]
fn waiting_sessions_are_nobodys() {
    let (server, http, _directory) = started();
    ask(http, "create database other");
    ask(http, "create role ann login");
    let as_ann = "Authorization: Basic YW5uOg==\r\nZserver-Database: other\r\n";
    let who = || {
        post(
            http,
            "/api/v1/sql",
            as_ann,
            r#"{"query": "select current_user, current_setting('work_mem')"}"#,
        )
    };
    assert_eq!(rows(&who()), json!([["ann", "4MB"]]));
    block_on(async {
        let client = connect(server.port).await;
        let count = "select count(*) from pg_stat_activity where usename = 'ann'";
        assert_eq!(client.query_one(count, &[]).await.expect("a count").get::<_, i64>(0), 0);
        // What is stored for a role is there at its next request.
        client.batch_execute("alter role ann set work_mem = '9MB'").await.expect("altered");
        assert_eq!(rows(&who()), json!([["ann", "9MB"]]));
        client.batch_execute("alter role ann nologin").await.expect("altered");
        assert_eq!(refusal(&who()), (403, "28000".to_owned()));
        client.batch_execute("alter role ann login").await.expect("altered");
        client.batch_execute("drop database other").await.expect("nobody is in it");
        assert_eq!(refusal(&who()), (404, "3D000".to_owned()));
    });
}

/// Roles that ask by turns: neither sees what the other has left, or has its session.
#[test]
fn sessions_go_from_role_to_role_never() {
    let (_server, http, _directory) = started();
    let mut sessions = std::collections::HashMap::new();
    let role = |name: &str| {
        let text = STANDARD.encode(format!("{name}:"));
        format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n")
    };
    let ask_as = |name: &str, query: &str| {
        let body = json!({"query": query}).to_string();
        rows(&post(http, "/api/v1/sql", &role(name), &body))
    };
    for name in ["ann", "ben"] {
        ask(http, &format!("create role {name} login"));
    }
    ask(http, "grant pg_monitor to ann, ben");
    let found = "select current_user, session_user, current_setting('zserver.claims')::json->>'role', \
        current_setting('request.jwt.claims')::json->>'role', current_setting('work_mem'), \
        current_setting('search_path'), current_setting('app.secret', true), \
        to_regclass('pg_temp.secret'), (select count(*) from pg_prepared_statements), \
        (select count(*) from pg_cursors), (select count(*) from pg_locks where locktype = 'advisory')";
    for round in 0..4 {
        for name in ["ann", "ben", "postgres"] {
            let expected =
                json!([[name, name, name, name, "4MB", "\"$user\", public", null, null, 0, 0, 0]]);
            assert_eq!(ask_as(name, found), expected, "round {round}");
            let pid = ask_as(name, "select pg_backend_pid()").to_string();
            let owner = sessions.entry(pid).or_insert(name);
            assert_eq!(*owner, name, "a session of another role");
            for left in [
                "set work_mem = '77MB'",
                "set search_path = pg_temp",
                "set app.secret = 'x'",
                "select set_config('request.jwt.claims', '{\"role\": \"other\"}', false)",
                "create temp table secret (a int)",
                "prepare hidden as select 1",
                "declare c cursor with hold for select 1",
                "select pg_advisory_lock(77)",
            ] {
                let body = json!({"query": left}).to_string();
                let done = post(http, "/api/v1/sql", &role(name), &body);
                assert_eq!(done.status, 200, "{left}: {}", done.text());
            }
        }
    }
    assert!(sessions.len() < 12, "sessions are used again: {sessions:?}");
}

#[test]
fn a_transaction_goes_over_several_requests() {
    let (server, http, _directory) = started();
    ask(http, "create table t (id int primary key)");
    let id = begin(http, json!({"isolation": "repeatable read"}));
    let level = within(http, &id, "show transaction_isolation");
    assert_eq!(rows(&level), json!([["repeatable read"]]));
    assert_eq!(within(http, &id, "insert into t values (1)").status, 200);
    assert_eq!(ask(http, "select count(*) from t"), json!([[0]]));
    // By the header, and as lines.
    let headers = format!("{TRUSTED}Zserver-Transaction: {id}\r\nAccept: application/x-ndjson\r\n");
    let lines = post(http, "/api/v1/sql", &headers, r#"{"query": "select count(*) from t"}"#);
    assert!(lines.text().contains("\n[1]\n"), "{}", lines.text());
    let shown = send(http, "GET", &format!("/api/v1/transactions/{id}"), TRUSTED, "").json();
    assert_eq!((&shown["state"], &shown["isolation"]), (&json!("open"), &json!("repeatable read")));
    let list = send(http, "GET", "/api/v1/transactions?limit=1", TRUSTED, "").json();
    assert_eq!((&list["transactions"][0]["id"], &list["next"]), (&json!(id), &Value::Null));
    block_on(async {
        let client = connect(server.port).await;
        let state = "select state from pg_stat_activity where pid = $1";
        let pid = i32::try_from(shown["pid"].as_i64().expect("a pid")).expect("a pid");
        let state = client.query_one(state, &[&pid]).await.expect("a state");
        assert_eq!(state.get::<_, String>(0), "idle in transaction");
    });
    assert_eq!(end(http, &id, "commit").json()["state"], json!("committed"));
    // Who has not heard it asks again.
    assert_eq!(end(http, &id, "commit").json()["state"], json!("committed"));
    assert_eq!(refusal(&within(http, &id, "select 1")), (410, "25P01".to_owned()));
    assert_eq!(refusal(&end(http, &id, "rollback")), (410, "25P01".to_owned()));
    assert_eq!(ask(http, "select count(*) from t"), json!([[1]]));

    let id = begin(http, json!({}));
    within(http, &id, "insert into t values (2)");
    assert_eq!(within(http, &id, "savepoint s").status, 200);
    assert_eq!(within(http, &id, "insert into t values (1)").code(), "23505");
    assert_eq!(within(http, &id, "select 1").code(), "25P02");
    assert_eq!(within(http, &id, "rollback to s").status, 200);
    assert_eq!(rows(&within(http, &id, "select count(*) from t")), json!([[2]]));
    let gone = send(http, "DELETE", &format!("/api/v1/transactions/{id}"), TRUSTED, "");
    assert_eq!(gone.json()["state"], json!("rolled back"));
    assert_eq!(ask(http, "select count(*) from t"), json!([[1]]));

    let id = begin(http, json!({}));
    within(http, &id, "select 1 / 0");
    assert_eq!(refusal(&end(http, &id, "commit")), (409, "25P02".to_owned()));
    assert_eq!(end(http, &id, "rollback").json()["state"], json!("rolled back"));
}

#[test]
fn requests_wait_for_a_session_where_all_are_busy() {
    const WAIT: Duration = Duration::from_secs(3);
    let directory = TempDir::new().expect("a directory");
    let environment = [
        ("ZSERVER_MAX_CONNECTIONS", "4"),
        ("ZSERVER_SUPERUSER_RESERVED_CONNECTIONS", "0"),
        ("ZSERVER_JOBS_WORKERS", "0"),
        ("ZSERVER_HTTP_SESSION_WAIT", "3s"),
    ];
    let data = directory.path().join("data");
    let (_server, http) = Zserver::start_with_http(&data, true, &environment);
    let held: Vec<_> = (0..4).map(|_| begin(http, json!({}))).collect();
    let asked = Instant::now();
    let refused = sql(http, json!({"query": "select 1"}));
    assert_eq!(refusal(&refused), (503, "53300".to_owned()));
    assert!(asked.elapsed() >= WAIT, "{:?}", asked.elapsed());

    let one = || assert_eq!(ask(http, "select 1"), json!([[1]]));
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..12).map(|_| scope.spawn(one)).collect();
        // The sessions that transactions have are theirs: who ends one waits for nobody.
        std::thread::sleep(Duration::from_millis(300));
        assert!(asking.iter().all(|one| !one.is_finished()), "somebody has not waited");
        for id in &held {
            assert_eq!(end(http, id, "rollback").status, 200);
        }
    });
}

#[test]
fn what_a_transaction_may_not_be_asked_for() {
    let directory = TempDir::new().expect("a directory");
    let limits = [("ZSERVER_HTTP_MAX_TRANSACTIONS_PER_ROLE", "2")];
    let (_server, http) = Zserver::start_with_http(&directory.path().join("data"), true, &limits);
    for verb in ["begin", "commit", "rollback", "prepare transaction 'x'", "listen c"] {
        let id = begin(http, json!({"read_only": true}));
        assert_eq!(refusal(&within(http, &id, verb)), (501, "0A000".to_owned()), "{verb}");
        assert_eq!(end(http, &id, "rollback").status, 200);
        assert_eq!(
            refusal(&sql(http, json!({"query": verb}))),
            (501, "0A000".to_owned()),
            "{verb}"
        );
    }
    assert_eq!(refusal(&within(http, "nothing", "select 1")), (404, "25P01".to_owned()));
    let (a, b) = (begin(http, json!({})), begin(http, json!({})));
    let third = post(http, "/api/v1/transactions", TRUSTED, "{}");
    assert_eq!(refusal(&third), (503, "53300".to_owned()));
    // Another role has no way to it.
    sql(http, json!({"query": "create role ann login"}));
    let ann = "Authorization: Basic YW5uOg==\r\nZserver-Database: postgres\r\n";
    let other =
        post(http, &format!("/api/v1/transactions/{a}/sql"), ann, r#"{"query": "select 1"}"#);
    assert_eq!(other.status, 404);
    // One request at a time.
    std::thread::scope(|scope| {
        scope.spawn(|| within(http, &b, "select pg_sleep(1)"));
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(refusal(&within(http, &b, "select 1")), (409, "55006".to_owned()));
    });
    assert_eq!(within(http, &b, "select 1").status, 200);
    let modes = format!("/api/v1/transactions/{b}/sql");
    let late = post(http, &modes, TRUSTED, r#"{"query": "select 1", "read_only": true}"#);
    assert_eq!(late.status, 400);
    // The header and the path have to agree.
    let named = |id: &str| {
        let headers = format!("{TRUSTED}Zserver-Transaction: {id}\r\n");
        post(http, &modes, &headers, r#"{"query": "select 1"}"#).status
    };
    assert_eq!((named(&a), named(&b)), (400, 200));
}

#[test]
fn transactions_end_by_themselves_and_with_the_server() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let limits = [
        ("ZSERVER_HTTP_TRANSACTION_IDLE_TIMEOUT", "1s"),
        ("ZSERVER_HTTP_TRANSACTION_TIMEOUT", "3s"),
    ];
    let (server, http) = Zserver::start_with_http(&data, true, &limits);
    ask(http, "create table t (id int)");
    let id = begin(http, json!({}));
    within(http, &id, "insert into t values (1)");
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(refusal(&within(http, &id, "select 1")), (410, "25P03".to_owned()));
    let long = begin(http, json!({}));
    let asleep = within(http, &long, "select pg_sleep(30)");
    assert_eq!(asleep.code(), "25P04", "{}", asleep.text());
    assert_eq!(refusal(&end(http, &long, "commit")).0, 410);
    let ended = begin(http, json!({}));
    let shown = send(http, "GET", &format!("/api/v1/transactions/{ended}"), TRUSTED, "").json();
    ask(http, &format!("select pg_terminate_backend({})", shown["pid"]));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(refusal(&within(http, &ended, "select 1")), (410, "57P01".to_owned()));
    let lost = begin(http, json!({}));
    within(http, &lost, "insert into t values (2)");
    assert!(server.terminate().success(), "a transaction does not keep the server");
    let (_server, http) = Zserver::start_with_http(&data, true, &[]);
    assert_eq!(refusal(&end(http, &lost, "commit")), (410, "08007".to_owned()));
    assert_eq!(ask(http, "select count(*) from t"), json!([[0]]));
}

fn keyed(http: u16, key: &str, more: &str, body: &Value) -> Answer {
    let headers = format!("{TRUSTED}Idempotency-Key: {key}\r\n{more}");
    post(http, "/api/v1/sql", &headers, &body.to_string())
}

#[test]
fn a_key_is_answered_once() {
    let (_server, http, _directory) = started();
    ask(http, "create table t (id serial, a int unique)");
    let insert =
        |a: i32| json!({"query": "insert into t (a) values ($1) returning id", "params": [a]});
    let first = keyed(http, "k-1", "", &insert(1));
    assert_eq!(
        (first.status, first.header("idempotency-replayed")),
        (200, None),
        "{}",
        first.text()
    );
    let again = keyed(http, "\"k-1\"", "", &insert(1));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_eq!(keyed(http, "k-1", "", &insert(2)).status, 422);
    assert_eq!(keyed(http, "k-1", "Accept: text/csv\r\n", &insert(1)).status, 422);
    assert_eq!(ask(http, "select count(*) from t"), json!([[1]]));
    // What failed did nothing, and may be sent again.
    assert_eq!(keyed(http, "k-2", "", &insert(1)).code(), "23505");
    ask(http, "delete from t");
    assert_eq!(keyed(http, "k-2", "", &insert(1)).status, 200);
    // Streamed forms are stored as well.
    let csv = "Accept: text/csv\r\n";
    let first = keyed(http, "k-3", csv, &insert(3));
    assert!(first.text().starts_with("id\n"), "{}", first.text());
    assert_eq!(keyed(http, "k-3", csv, &insert(3)).body, first.body);
    assert_eq!(ask(http, "select count(*) from t where a = 3"), json!([[1]]));
    // Keys are a role's own.
    sql(
        http,
        json!({"statements": [{"query": "create role ann login"},
        {"query": "grant all on t, t_id_seq to ann"}]}),
    );
    let ann =
        "Authorization: Basic YW5uOg==\r\nZserver-Database: postgres\r\nIdempotency-Key: k-1\r\n";
    let own = post(http, "/api/v1/sql", ann, &insert(9).to_string());
    assert_eq!((own.status, own.header("idempotency-replayed")), (200, None), "{}", own.text());
    let ann = "Authorization: Basic YW5uOg==\r\nZserver-Database: postgres\r\n";
    let seen =
        post(http, "/api/v1/sql", ann, r#"{"query": "select key from http.idempotency_keys"}"#);
    assert_eq!(rows(&seen), json!([["k-1"]]));
    // A second request while the first one runs.
    std::thread::scope(|scope| {
        let slow = json!({"query": "select pg_sleep(1)"});
        scope.spawn({
            let slow = slow.clone();
            move || keyed(http, "k-4", "", &slow)
        });
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(refusal(&keyed(http, "k-4", "", &slow)), (409, "55006".to_owned()));
    });
    let long = json!({"query": "select repeat('x', 2000000)"});
    assert_eq!(refusal(&keyed(http, "k-5", "", &long)), (413, "54000".to_owned()));
    assert_eq!(keyed(http, &"k".repeat(256), "", &long).status, 400);
    assert_eq!(
        keyed(http, "k-6", "", &json!({"query": "select 1", "read_only": true})).status,
        400
    );
}

#[test]
fn keys_expire() {
    let directory = TempDir::new().expect("a directory");
    let limits = [("ZSERVER_HTTP_IDEMPOTENCY_EXPIRY", "1s")];
    let (_server, http) = Zserver::start_with_http(&directory.path().join("data"), true, &limits);
    ask(http, "create table t (a int)");
    let insert = json!({"query": "insert into t values (1)"});
    assert_eq!(keyed(http, "k", "", &insert).status, 200);
    std::thread::sleep(Duration::from_millis(1_500));
    let later = keyed(http, "k", "", &insert);
    assert_eq!((later.status, later.header("idempotency-replayed")), (200, None));
    assert_eq!(ask(http, "select count(*) from t"), json!([[2]]));
}

/// Requests with keys, killed again and again, each sent until it is answered: every effect
/// is there once.
#[test]
fn a_key_has_its_effect_once_however_often_the_server_is_killed() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (mut server, mut http) = Zserver::start_with_http(&data, true, &[]);
    ask(http, "create table effects (key text)");
    ask(http, "create extension http");
    let kills = crate::support::count("TEST_KILLS", 6);
    let mut number = 0;
    for round in 0..kills {
        // A request that the kill has cut is sent again, with the same key.
        let first = number;
        let answered = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    scope.spawn(move || {
                        let mut done = 0;
                        for n in 0..1_000 {
                            let key = format!("w{writer}-{}", first + n);
                            let body = json!({"query": "insert into effects values ($1)", "params": [key]});
                            let cut = std::panic::catch_unwind(|| keyed(http, &key, "", &body).status);
                            match cut {
                                Ok(200) => done = n + 1,
                                _ => break,
                            }
                        }
                        done
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(300 + 50 * round as u64));
            server.kill();
            writers
                .into_iter()
                .map(|writer| writer.join().expect("a writer"))
                .collect::<Vec<usize>>()
        });
        (server, http) = Zserver::start_with_http(&data, true, &[]);
        for (writer, done) in answered.iter().enumerate() {
            // All that were answered, and the one that may have been cut.
            for n in first..=first + done {
                let key = format!("w{writer}-{n}");
                let body = json!({"query": "insert into effects values ($1)", "params": [key]});
                let answer = keyed(http, &key, "", &body);
                assert_eq!(answer.status, 200, "{}", answer.text());
                if n < first + done {
                    assert_eq!(answer.header("idempotency-replayed"), Some("true"), "{key}");
                }
            }
        }
        number += 1_000;
        let twice = "select key, count(*) from effects group by key having count(*) > 1";
        assert_eq!(ask(http, twice), json!([]), "round {round}");
    }
    assert_ne!(ask(http, "select count(*) from effects"), json!([[0]]));
}

#[test]
fn results_are_arrow_streams() {
    let (_server, http, _directory) = started();
    let headers = format!("{TRUSTED}Accept: application/vnd.apache.arrow.stream\r\n");
    let ask =
        |query: &str| post(http, "/api/v1/sql", &headers, &json!({"query": query}).to_string());
    let answer = ask(
        "select 7 as i, 1.50::numeric(10,2) as d, 1.5::numeric as n, 'é'::text as t, \
         '\\x0102'::bytea as b, date '2020-01-02' as day, timestamptz '2020-01-02 03:04:05+02' as ts, \
         array[1, null, 3] as a, array['x'] as ta, '{\"k\": 1}'::jsonb as j, \
         '00000000-0000-0000-0000-000000000001'::uuid as u, int4range(1, 5) as r, null::int as z",
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/vnd.apache.arrow.stream"));
    let reader = StreamReader::try_new(Cursor::new(&answer.body), None).expect("a stream");
    let schema = reader.schema();
    let batches: Vec<_> = reader.collect::<Result<_, _>>().expect("batches");
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
    let batch = &batches[0];
    let field = |name: &str| schema.field_with_name(name).expect(name).clone();
    assert_eq!(field("d").data_type(), &DataType::Decimal128(10, 2));
    assert_eq!(field("d").metadata()["postgresql.type"], "numeric(10,2)");
    assert_eq!(
        field("ts").data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    );
    assert_eq!(field("u").metadata()["ARROW:extension:name"], "arrow.uuid");
    let column = |name: &str| batch.column_by_name(name).expect(name);
    assert_eq!(column("i").as_primitive::<Int32Type>().value(0), 7);
    assert_eq!(column("d").as_primitive::<Decimal128Type>().value(0), 150);
    assert_eq!(column("n").as_string::<i32>().value(0), "1.5");
    assert_eq!(column("t").as_string::<i32>().value(0), "é");
    assert_eq!(column("b").as_binary::<i32>().value(0), [1, 2]);
    assert_eq!(column("day").as_primitive::<Date32Type>().value(0), 18_263);
    assert_eq!(
        column("ts").as_primitive::<TimestampMicrosecondType>().value(0),
        1_577_927_045_000_000
    );
    let list = column("a").as_list::<i32>().value(0);
    let list = list.as_primitive::<Int32Type>();
    assert_eq!(list.iter().collect::<Vec<_>>(), [Some(1), None, Some(3)]);
    assert_eq!(column("ta").as_list::<i32>().value(0).as_string::<i32>().value(0), "x");
    assert_eq!(column("j").as_string::<i32>().value(0), "{\"k\": 1}");
    assert_eq!(column("r").as_string::<i32>().value(0), "[1,5)");
    assert!(column("z").is_null(0));
    // Many rows, of a table, and none at all.
    sql(
        http,
        json!({"query": "create table t as select g, g::text as s, g::numeric(9,1) as d from generate_series(1, 30000) g"}),
    );
    let many = ask("select * from t order by g");
    let reader = StreamReader::try_new(Cursor::new(&many.body), None).expect("a stream");
    let mut next = 1;
    for batch in reader {
        for (g, s) in batch
            .as_ref()
            .expect("a batch")
            .column(0)
            .as_primitive::<Int32Type>()
            .iter()
            .zip(batch.as_ref().expect("a batch").column(1).as_string::<i32>().iter())
        {
            assert_eq!((g, s), (Some(next), Some(next.to_string().as_str())));
            next += 1;
        }
    }
    assert_eq!(next, 30_001);
    for (nothing, columns) in [("select 1 as a where false", 1), ("create table u ()", 0)] {
        let answer = ask(nothing);
        let reader = StreamReader::try_new(Cursor::new(&answer.body), None).expect("a stream");
        assert_eq!((reader.schema().fields().len(), reader.count()), (columns, 0));
    }
    assert_eq!(refusal(&ask("select date 'infinity'")), (400, "22008".to_owned()));
    assert_eq!(refusal(&ask("select array[[1],[2]]")), (501, "0A000".to_owned()));
    assert!(
        !ask("select 1 / (40000 - g) from generate_series(1, 50000) g").is_whole,
        "a body that failed is cut off"
    );
}

#[test]
fn parameters_may_have_types() {
    let (_server, http, _directory) = started();
    let typed = sql(
        http,
        json!({"query": "select pg_typeof($1), pg_typeof($2), $3 + 1",
        "params": ["2020-01-01", [1, 2], 4], "param_types": ["date", "bigint[]", ""]}),
    );
    assert_eq!(rows(&typed), json!([["date", "bigint[]", 5]]));
    let unknown =
        sql(http, json!({"query": "select $1", "params": [1], "param_types": ["nothing"]}));
    assert_eq!(unknown.code(), "42704");
    let slow = sql(
        http,
        json!({"statements": [{"query": "select 1"}, {"query": "select pg_sleep(9)"}], "timeout_ms": 100}),
    );
    assert_eq!(slow.code(), "57014");
    let read = sql(
        http,
        json!({"query": "show transaction_deferrable", "isolation": "serializable", "read_only": true, "deferrable": true}),
    );
    assert_eq!(rows(&read), json!([["on"]]));
}

/// Who is to do something about it: who asks (400), the state of what is there (409).
#[test]
fn a_failure_has_the_status_of_its_kind() {
    let (_server, http, _directory) = started();
    for made in [
        "create table t (id int primary key, n int not null, c int check (c > 0), \
         r int references t, during int4range, exclude using gist (during with &&))",
        "insert into t values (1, 1, 1, null, '[1,5)'), (2, 2, 2, 1, '[5,9)')",
        "create view positive as select * from t where n > 0 with check option",
        "create function fails() returns int language plpgsql as $$ begin raise 'no'; end $$",
        "create schema s",
        "create table s.u (id int)",
    ] {
        let answer = sql(http, json!({"query": made}));
        assert_eq!(answer.status, 200, "{made}: {}", answer.text());
    }
    for (statement, status, code) in [
        ("insert into t values (3, null)", 400, "23502"),
        ("insert into t values (3, 3, -1)", 400, "23514"),
        ("update t set c = 0", 400, "23514"),
        ("insert into positive (id, n, c) values (3, -3, 1)", 400, "44000"),
        ("insert into t values (3, 3, 3, 99)", 409, "23503"),
        ("delete from t where id = 1", 409, "23503"),
        ("insert into t values (1, 1)", 409, "23505"),
        ("insert into t values (3, 3, 3, null, '[2,3)')", 409, "23P01"),
        ("select 1 / 0", 400, "22012"),
        ("select 'x'::int", 400, "22P02"),
        ("select 2147483648::int", 400, "22003"),
        ("select (select id from t)", 400, "21000"),
        ("select fails()", 400, "P0001"),
        ("selec", 400, "42601"),
        ("select nothing from t", 400, "42703"),
        ("select * from nothing", 404, "42P01"),
        ("select nothing()", 404, "42883"),
        ("create table t (id int)", 409, "42P07"),
        ("create schema s", 409, "42P06"),
        ("create role postgres", 409, "42710"),
        ("drop schema s", 409, "2BP01"),
        ("alter table t add column n int", 400, "42701"),
        ("set max_connections = 5", 400, "55P02"),
    ] {
        let answer = sql(http, json!({"query": statement}));
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{statement}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{statement}");
        assert_eq!(answer.json()["status"], json!(status), "{statement}");
    }
    let violated = sql(http, json!({"query": "insert into t values (3, 3, -1)"})).json();
    assert_eq!(
        (&violated["table"], &violated["constraint"]),
        (&json!("t"), &json!("t_c_check")),
        "{violated}"
    );
}
