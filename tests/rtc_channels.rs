//! SQL over data channels: PostgreSQL's protocol and JSON-RPC, of a peer of another stack.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::support::block_on;
use crate::support::channels::{Channel, Message, Peer};
use crate::support::http::{TRUSTED, post, sql};
use crate::support::zserver::Zserver;

const RPC: &str = "jsonrpc-sql.v1";
const MESSAGE_BYTES_MAX: usize = 256 << 10;

fn started(settings: &[(&str, &str)]) -> (Zserver, u16, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, settings);
    run(http, "alter role postgres password 'any'");
    (server, http, directory)
}

/// A statement over HTTP, which has to succeed; its rows.
fn run(http: u16, query: &str) -> Vec<Value> {
    let answer = sql(http, json!({"query": query}));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()["results"][0]["rows"].as_array().cloned().unwrap_or_default()
}

async fn connect(port: u16, password: &str) -> Result<Client, tokio_postgres::Error> {
    let config =
        format!("host=127.0.0.1 port={port} user=postgres dbname=postgres password={password}");
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(client)
}

fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

/// The answer to a request, after what came before it.
fn ask(channel: &Channel, asked: Value) -> (Vec<Value>, Value) {
    let id = asked["id"].clone();
    channel.say(&asked);
    answer(channel, &id)
}

fn answer(channel: &Channel, id: &Value) -> (Vec<Value>, Value) {
    let mut before = Vec::new();
    loop {
        let next = channel.next();
        if next["id"] == *id && next.get("method").is_none() {
            return (before, next);
        }
        before.push(next);
    }
}

fn query(channel: &Channel, text: &str) -> Value {
    ask(channel, request(7, "query", json!({"query": text}))).1
}

fn code(answer: &Value) -> &str {
    answer["error"]["data"]["code"].as_str().unwrap_or_default()
}

#[test]
fn a_driver_runs_in_a_channel() {
    let (_server, http, _directory) = started(&[]);
    let peer = Peer::connect(http);
    let port = peer.forward("pgwire");
    block_on(async {
        let refused = connect(port, "wrong").await.expect_err("a wrong password");
        assert_eq!(refused.code().map(|code| code.code()), Some("28P01"));
        let client = connect(port, "any").await.expect("a connection");
        let row = client.query_one("select $1::int + 1", &[&41_i32]).await.expect("a row");
        assert_eq!(row.get::<_, i32>(0), 42);
        // More than the windows of all between hold, in order.
        let rows = client
            .query("select g, repeat('x', 1000) from generate_series(1, 20000) g", &[])
            .await
            .expect("rows");
        assert!((1..).zip(&rows).all(|(at, row)| row.get::<_, i32>(0) == at));
        assert_eq!(rows.len(), 20_000);
        let long = "é".repeat(2_000_000);
        let back = client.query_one("select $1::text", &[&long]).await.expect("a row");
        assert_eq!(back.get::<_, &str>(0), long);
    });
}

#[test]
fn a_statement_in_a_channel_is_cancelled_by_another() {
    let (_server, http, _directory) = started(&[]);
    let peer = Peer::connect(http);
    let port = peer.forward("pgwire");
    block_on(async {
        let client = connect(port, "any").await.expect("a connection");
        let token = client.cancel_token();
        let sleeping = client.batch_execute("select pg_sleep(60)");
        let cancel = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            token.cancel_query(NoTls).await.expect("it is asked");
        };
        let (slept, ()) = tokio::join!(sleeping, cancel);
        let error = slept.expect_err("it is cancelled");
        assert_eq!(error.code().map(|code| code.code()), Some("57014"));
        client.batch_execute("select 1").await.expect("it goes on");
    });
}

#[test]
fn a_channel_that_closes_undoes_what_was_not_committed() {
    let (_server, http, _directory) = started(&[]);
    run(http, "create table t (id int primary key)");
    let peer = Peer::connect(http);
    let port = peer.forward("pgwire");
    block_on(async {
        let client = connect(port, "any").await.expect("a connection");
        client.batch_execute("begin; insert into t values (1)").await.expect("a row");
        drop(client);
    });
    let rpc = peer.open(RPC);
    ask(&rpc, request(1, "begin", json!({})));
    ask(&rpc, request(2, "query", json!({"query": "insert into t values (2)"})));
    drop(rpc);
    // Neither is waited for.
    run(http, "insert into t values (1), (2)");
    // A peer that is gone is one whose channels are.
    let gone = Peer::connect(http);
    let rpc = gone.open(RPC);
    ask(&rpc, request(1, "begin", json!({})));
    ask(&rpc, request(2, "query", json!({"query": "delete from t"})));
    drop((rpc, gone));
    run(http, "delete from t where id = 1");
    assert_eq!(run(http, "select id from t"), [json!([2])]);
}

#[test]
fn who_connects_in_a_channel_needs_a_password() {
    let directory = TempDir::new().expect("a directory");
    let (_server, http) = Zserver::start_with_http(&directory.path().join("data"), true, &[]);
    let peer = Peer::connect(http);
    let port = peer.forward("pgwire");
    block_on(async {
        // The rule of the address says trust, and the role has none.
        let refused = connect(port, "any").await.expect_err("nobody is trusted");
        assert_eq!(refused.code().map(|code| code.code()), Some("28P01"));
    });
}

#[test]
fn requests_are_answered_as_json_rpc_says() {
    let (_server, http, _directory) = started(&[]);
    let peer = Peer::connect(http);
    let rpc = peer.open(RPC);
    let asked = json!({"query": "select $1::int + 1 as n, 'é' as t", "params": [41]});
    let (before, answer) = ask(&rpc, request("a", "query", asked));
    assert!(before.is_empty());
    assert_eq!(
        answer,
        json!({"jsonrpc": "2.0", "id": "a", "result": {
            "columns": [{"name": "n", "type": "integer", "type_oid": 23}, {"name": "t", "type": "text", "type_oid": 25}],
            "rows": [[42, "é"]], "parts": 0, "command": "SELECT", "row_count": 1, "notices": []}})
    );
    let wrong = query(&rpc, "select é from nowhere");
    assert_eq!(wrong["error"]["code"], json!(-32000));
    assert_eq!((code(&wrong), &wrong["error"]["data"]["position"]), ("42P01", &json!("15")));
    let notice = query(&rpc, "drop table if exists nothing");
    assert_eq!(
        notice["result"]["notices"][0]["message"],
        json!("table \"nothing\" does not exist, skipping")
    );
    for (text, expected) in [
        ("{", -32700),
        ("[]", -32600),
        (r#"{"id": 1, "method": "query"}"#, -32600),
        (r#"{"jsonrpc": "2.0", "id": 1, "method": "dance"}"#, -32601),
        (r#"{"jsonrpc": "2.0", "id": 1, "method": "query", "params": {"q": 1}}"#, -32602),
    ] {
        rpc.send(Message::Text(text.to_owned()));
        assert_eq!(rpc.next()["error"]["code"], json!(expected), "{text}");
    }
    rpc.send(Message::Binary(b"{}".to_vec()));
    assert_eq!(rpc.next()["error"]["code"], json!(-32600));
    // What has no id is done, and not answered.
    rpc.say(&json!({"jsonrpc": "2.0", "method": "query", "params": {"query": "create table silent (id int)"}}));
    assert_eq!(query(&rpc, "select count(*) from silent")["result"]["rows"], json!([[0]]));
    for verb in ["begin", "listen c", "copy silent from stdin"] {
        assert_eq!(code(&query(&rpc, verb)), "0A000", "{verb}");
    }
}

#[test]
fn a_batch_is_done_in_order_and_answered_together() {
    let (_server, http, _directory) = started(&[]);
    let peer = Peer::connect(http);
    let rpc = peer.open(RPC);
    rpc.say(&json!([
        request(1, "begin", json!({"isolation": "serializable"})),
        request(2, "query", json!({"query": "create table b (id int)"})),
        {"jsonrpc": "2.0", "method": "query", "params": {"query": "insert into b values (1)"}},
        1,
        request(3, "query", json!({"query": "select id from b"})),
        request(4, "commit", json!({})),
        request(5, "query", json!({"query": "select 1 / 0"})),
    ]));
    let answers = rpc.next();
    let all = answers.as_array().expect("an array");
    let of = |id: Value| all.iter().find(|answer| answer["id"] == id).expect("an answer").clone();
    assert_eq!(all.len(), 6, "{answers}");
    assert_eq!(of(json!(null))["error"]["code"], json!(-32600));
    assert_eq!(of(json!(3))["result"]["rows"], json!([[1]]));
    assert_eq!(of(json!(4))["result"]["command"], json!("COMMIT"));
    assert_eq!(code(&of(json!(5))), "22012");
    assert_eq!(run(http, "select id from b"), [json!([1])]);
    let many: Vec<Value> = (0..101).map(|id| request(id, "commit", json!({}))).collect();
    rpc.say(&Value::from(many));
    assert_eq!(rpc.next()["error"]["code"], json!(-32600));
    // All of it within a message, whatever each one has to say.
    let many: Vec<Value> = (0..100)
        .map(|id| request(id, "query", json!({"query": "select repeat('x', 10000) as x"})))
        .collect();
    rpc.say(&Value::from(many));
    let mut parts = 0;
    let answers = loop {
        let Some(Message::Text(text)) = rpc.recv() else { panic!("the channel is closed") };
        assert!(text.len() <= MESSAGE_BYTES_MAX, "{}", text.len());
        match serde_json::from_str::<Value>(&text).expect("JSON") {
            Value::Array(answers) => break answers,
            _ => parts += 1,
        }
    };
    assert_eq!((answers.len(), parts), (100, 100));
}

#[test]
fn what_is_larger_than_a_message_comes_in_parts() {
    let (_server, http, _directory) = started(&[]);
    let peer = Peer::connect(http);
    let rpc = peer.open(RPC);
    let asked = json!({"query": "select g, repeat('y', 600) from generate_series(1, 5000) g"});
    rpc.say(&request(1, "query", asked));
    let (mut rows, mut parts) = (Vec::new(), 0);
    let last = loop {
        let Some(Message::Text(text)) = rpc.recv() else { panic!("the channel is closed") };
        assert!(text.len() <= MESSAGE_BYTES_MAX, "{}", text.len());
        let message: Value = serde_json::from_str(&text).expect("JSON");
        if message.get("method").is_none() {
            break message["result"].clone();
        }
        parts += 1;
        let params = &message["params"];
        assert_eq!((&params["id"], &params["part"]), (&json!(1), &json!(parts)));
        assert_eq!(params.get("columns").is_some(), parts == 1);
        rows.extend(params["rows"].as_array().expect("rows").clone());
    };
    rows.extend(last["rows"].as_array().expect("rows").clone());
    assert_eq!((&last["parts"], &last["row_count"]), (&json!(parts), &json!(5_000)));
    assert!(parts >= 10, "{parts}");
    assert!((1..).zip(&rows).all(|(at, row)| row[0] == json!(at)));
    assert_eq!(rows.len(), 5_000);
    let large = query(&rpc, "select repeat('z', 300000)");
    assert_eq!(code(&large), "54000", "{large}");
    // Pages, of which no more come than are asked for.
    let asked = json!({"query": "select generate_series(1, 100000)", "page_rows": 10, "window": 2});
    rpc.say(&request(2, "query", asked));
    for part in 1..=2 {
        assert_eq!(rpc.next()["params"]["part"], json!(part));
    }
    assert!(rpc.recv_within(Duration::from_millis(300)).is_none(), "no third page");
    rpc.say(&request(3, "more", json!({"id": 2, "pages": 1})));
    let (one, other) = (rpc.next(), rpc.next());
    let page = if one["method"] == "rows" { one } else { other };
    assert_eq!(page["params"]["rows"][0], json!([21]));
    let (_, cancelled) = ask(&rpc, request(4, "cancel", json!({"id": 2})));
    assert_eq!(cancelled["result"], json!({"cancelled": true}));
    assert_eq!(code(&answer(&rpc, &json!(2)).1), "57014");
}

#[test]
fn a_cancel_ends_what_runs_and_what_waits() {
    let (_server, http, _directory) = started(&[("ZSERVER_HTTP_WS_MAX_REQUESTS", "3")]);
    let peer = Peer::connect(http);
    let rpc = peer.open(RPC);
    for id in 1..=2 {
        rpc.say(&request(id, "query", json!({"query": "select pg_sleep(600)"})));
    }
    rpc.say(&request(3, "query", json!({"query": "select 3"})));
    let (_, refused) = ask(&rpc, request(4, "query", json!({"query": "select 4"})));
    assert_eq!(code(&refused), "53400");
    std::thread::sleep(Duration::from_millis(300));
    for id in [2, 1] {
        rpc.say(&request(format!("cancel {id}"), "cancel", json!({"id": id})));
    }
    let mut ended = Vec::new();
    while ended.len() < 5 {
        ended.push(rpc.next());
    }
    let of = |id: Value| ended.iter().find(|answer| answer["id"] == id).expect("an answer");
    assert_eq!((code(of(json!(1))), code(of(json!(2)))), ("57014", "57014"));
    assert_eq!(of(json!(3))["result"]["rows"], json!([[3]]));
    let (_, nothing) = ask(&rpc, request(5, "cancel", json!({"id": 1})));
    assert_eq!(nothing["result"], json!({"cancelled": false}));
}

#[test]
fn a_channel_has_one_transaction() {
    let settings = [("ZSERVER_HTTP_TRANSACTION_IDLE_TIMEOUT", "1s")];
    let (_server, http, _directory) = started(&settings);
    run(http, "create table t (id int primary key)");
    let peer = Peer::connect(http);
    let (rpc, other) = (peer.open(RPC), peer.open(RPC));
    let simple = |method: &str| ask(&rpc, request(1, method, json!({}))).1;
    assert_eq!(simple("begin")["result"]["command"], json!("BEGIN"));
    assert_eq!(code(&simple("begin")), "25001");
    query(&rpc, "insert into t values (1)");
    assert_eq!(query(&other, "select count(*) from t")["result"]["rows"], json!([[0]]));
    assert_eq!(simple("commit")["result"]["command"], json!("COMMIT"));
    assert_eq!(query(&other, "select count(*) from t")["result"]["rows"], json!([[1]]));
    assert_eq!(code(&simple("commit")), "25P01");
    simple("begin");
    assert_eq!(code(&query(&rpc, "insert into t values (1)")), "23505");
    assert_eq!(code(&query(&rpc, "select 1")), "25P02");
    assert_eq!(simple("rollback")["result"]["command"], json!("ROLLBACK"));
    simple("begin");
    query(&rpc, "insert into t values (2)");
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(code(&query(&rpc, "insert into t values (3)")), "25P03");
    assert_eq!(code(&simple("commit")), "25P03");
    assert_eq!(run(http, "select id from t"), [json!([1])]);
}

#[test]
fn functions_procedures_and_jobs_are_called() {
    let (_server, http, _directory) = started(&[]);
    run(http, "create schema api");
    run(
        http,
        "create function api.add(a int, b int default 10) returns int language sql as 'select a + b'",
    );
    run(http, "create table called (n int)");
    run(http, "create procedure api.note(n int) language sql as 'insert into called values (n)'");
    let peer = Peer::connect(http);
    let rpc = peer.open(RPC);
    let call = |params: Value| ask(&rpc, request(1, "call", params)).1;
    assert_eq!(
        call(json!({"function": "api.add", "args": [1, 2]}))["result"]["rows"],
        json!([[3]])
    );
    let named = call(json!({"function": "api.add", "args": {"a": 5}, "rows": "objects"}));
    assert_eq!(named["result"]["rows"], json!([{"add": 15}]));
    assert_eq!(code(&call(json!({"function": "api.none"}))), "42883");
    assert_eq!(
        call(json!({"procedure": "api.note", "args": [7]}))["result"]["command"],
        json!("CALL")
    );
    assert_eq!(run(http, "select n from called"), [json!([7])]);
    // A job, in the transaction, and what is told of it.
    ask(&rpc, request(2, "begin", json!({})));
    let job = json!({"job": {"kind": "sql", "payload": {"statement": "select 1"}}});
    let submitted = call(job);
    let id = submitted["result"]["rows"][0][0].clone();
    assert!(id.as_i64().is_some(), "{submitted}");
    assert_eq!(run(http, &format!("select count(*) from jobs.job where id = {id}")), [json!([0])]);
    ask(&rpc, request(3, "commit", json!({})));
    let (_, begun) = ask(&rpc, request("job", "subscribe", json!({"job": id})));
    assert_eq!(begun["result"]["command"], json!("SUBSCRIBE"));
    let mut told = Vec::new();
    loop {
        let next = rpc.next();
        assert_eq!(next["params"]["subscription"], json!("job"));
        if next["method"] == "end" {
            break;
        }
        told.push(next);
    }
    let last = told.last().expect("its state").clone();
    assert_eq!(
        (&last["method"], &last["params"]["data"]["state"]),
        (&json!("job"), &json!("completed")),
        "{told:?}"
    );
    let (_, missing) = ask(&rpc, request(4, "subscribe", json!({"job": 999_999})));
    assert_eq!(code(&missing), "P0002", "{missing}");
}

#[test]
fn changes_of_a_table_are_followed() {
    let (_server, http, _directory) = started(&[]);
    run(http, "create table t (id int primary key, v text)");
    run(http, "create extension events cascade");
    run(http, "select events.watch('t')");
    let peer = Peer::connect(http);
    let rpc = peer.open(RPC);
    let (_, begun) = ask(&rpc, request("s", "subscribe", json!({"table": "t"})));
    assert!(begun["result"]["position"].is_string(), "{begun}");
    let (_, again) = ask(&rpc, request("s", "subscribe", json!({"table": "t"})));
    assert_eq!(code(&again), "42710");
    run(http, "insert into t values (1, 'a')");
    let event = loop {
        let next = rpc.next();
        if next["method"] == "event" {
            break next;
        }
    };
    assert_eq!(event["params"]["subscription"], json!("s"));
    assert!(event["params"]["event"].to_string().contains("\"a\""), "{event}");
    // A change that no message can hold ends it, with a reason.
    run(
        http,
        "insert into t values (2, (select string_agg(md5(g::text), '') from generate_series(1, 10000) g))",
    );
    let end = loop {
        let next = rpc.next();
        if next["method"] == "end" {
            break next;
        }
    };
    assert_eq!(end["params"]["error"]["data"]["code"], json!("54000"), "{end}");
    let (_, none) = ask(&rpc, request(2, "unsubscribe", json!({"subscription": "s"})));
    assert_eq!(code(&none), "42704");
    let (_, unwatched) = ask(&rpc, request(3, "subscribe", json!({"table": "nowhere"})));
    assert_eq!(code(&unwatched), "42P01");
}

/// A key is good for its scopes, whatever the role may do.
#[test]
fn methods_need_the_scopes_of_their_routes() {
    let (_server, http, _directory) = started(&[]);
    run(http, "create table t (id int)");
    let key = post(http, "/api/v1/auth/keys", TRUSTED, r#"{"name": "k", "scopes": ["sql"]}"#);
    assert!(key.status < 300, "{}", key.text());
    let key = key.json()["key"].as_str().expect("a key").to_owned();
    let peer = Peer::connect_as(http, &format!("Authorization: Bearer {key}\r\n"));
    let rpc = peer.open(RPC);
    assert_eq!(query(&rpc, "select current_user")["result"]["rows"], json!([["postgres"]]));
    for (method, params) in [
        ("subscribe", json!({"table": "t"})),
        ("subscribe", json!({"job": 1})),
        ("call", json!({"job": {"kind": "sql"}})),
    ] {
        let (_, refused) = ask(&rpc, request(2, method, params));
        assert_eq!(code(&refused), "42501", "{method}: {refused}");
    }
}

#[test]
fn a_channel_that_is_not_ordered_is_told_so_and_closed() {
    let (_server, http, _directory) = started(&[]);
    let peer = Peer::connect(http);
    let channel = peer.open_with("pgwire", false);
    let Some(Message::Binary(bytes)) = channel.recv() else { panic!("an ErrorResponse") };
    let text = String::from_utf8_lossy(&bytes);
    assert!(bytes.starts_with(b"E") && text.contains("C0A000\0"), "{text}");
    assert!(text.contains("VFATAL\0") && text.contains("not ordered"), "{text}");
    assert!(channel.is_closed());
    let channel = peer.open_with(RPC, false);
    let refused = channel.next();
    assert_eq!((code(&refused), &refused["id"]), ("0A000", &Value::Null), "{refused}");
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("not ordered"), "{refused}");
    assert!(channel.is_closed());
    // The peer goes on.
    let channel = peer.open(RPC);
    assert_eq!(query(&channel, "select 1")["result"]["rows"], json!([[1]]));
}

#[test]
fn what_was_said_before_a_close_arrives() {
    let (_server, http, _directory) = started(&[("ZSERVER_RTC_SEND_BUFFER", "64kB")]);
    let peer = Peer::connect(http);
    for _ in 0..5 {
        let channel = peer.open("pgwire");
        // It is answered as soon as it is read, and the channel closed at once after.
        let mut startup = vec![0; 4];
        startup.extend_from_slice(&196_608_i32.to_be_bytes());
        startup.extend_from_slice(b"user\0postgres\0database\0nothing\0\0");
        let length = i32::try_from(startup.len()).expect("a length").to_be_bytes();
        startup[..4].copy_from_slice(&length);
        channel.send(Message::Binary(startup));
        let Some(Message::Binary(asked)) = channel.recv() else { panic!("AuthenticationRequest") };
        assert!(asked.starts_with(b"R"), "{asked:?}");
        channel.send(Message::Binary(b"p\0\0\0\x08any\0".to_vec()));
        let mut all = Vec::new();
        while let Some(Message::Binary(bytes)) = channel.recv() {
            all.extend(bytes);
        }
        let text = String::from_utf8_lossy(&all);
        assert!(text.contains("FATAL"), "{text}");
    }
}
