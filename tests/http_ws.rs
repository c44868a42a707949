//! WebSockets of the second port, by their frames.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http2;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::http::{TRUSTED, post, started};
use crate::support::websocket::{BINARY, CLOSE, PING, PONG, TEXT, WebSocket};
use crate::support::zserver::Zserver;
use crate::support::{block_on, connect};

fn open(http: u16) -> WebSocket {
    let headers = format!("{TRUSTED}Sec-WebSocket-Protocol: other, zserver.sql.v1\r\n");
    WebSocket::open(http, "/api/v1/sql", &headers).expect("a socket")
}

fn with(settings: &[(&str, &str)]) -> (Zserver, u16, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, settings);
    (server, http, directory)
}

fn query(id: u32, text: &str) -> Value {
    json!({"type": "query", "id": id, "query": text})
}

fn rows(before: &[Value]) -> Vec<Value> {
    let pages = before.iter().filter(|message| message["type"] == "rows");
    pages.flat_map(|page| page["rows"].as_array().expect("rows").clone()).collect()
}

#[test]
fn queries_are_answered_in_their_order() {
    let (_server, http, _directory) = started();
    let mut socket = open(http);
    assert!(socket.head.to_ascii_lowercase().contains("sec-websocket-protocol: zserver.sql.v1"));
    socket.send(json!({"type": "query", "id": "a", "query": "select $1::int + 1 as n, 'é' as t", "params": [41]}));
    socket.send(query(2, "select 1 / 0"));
    socket.send(
        json!({"type": "query", "id": 3, "query": "select 1 as a, 2 as b", "rows": "objects"}),
    );
    socket.send(query(4, "drop table if exists nothing"));
    let (before, done) = socket.rest();
    assert_eq!(before[0]["columns"][0], json!({"name": "n", "type": "integer", "type_oid": 23}));
    assert_eq!((&before[1]["id"], rows(&before)), (&json!("a"), vec![json!([42, "é"])]));
    assert_eq!(
        (&done["id"], &done["command"], &done["row_count"]),
        (&json!("a"), &json!("SELECT"), &json!(1))
    );
    let (_, error) = socket.rest();
    assert_eq!(
        (&error["type"], &error["id"], &error["code"]),
        (&json!("error"), &json!(2), &json!("22012"))
    );
    let (before, _) = socket.rest();
    assert_eq!(rows(&before), [json!({"a": 1, "b": 2})]);
    let (_, done) = socket.rest();
    assert_eq!(done["notices"][0]["message"], json!("table \"nothing\" does not exist, skipping"));
    let (_, wrong) = socket.ask(query(5, "select é from nowhere"));
    assert_eq!((&wrong["code"], &wrong["position"]), (&json!("42P01"), &json!("15")));
    for verb in ["begin", "commit", "listen c"] {
        assert_eq!(socket.ask(query(6, verb)).1["code"], json!("0A000"));
    }
    // A page of several, and a result that is cut.
    let asked = json!({"type": "query", "id": 7, "query": "select generate_series(1, 2500)", "page_rows": 1000});
    let (before, done) = socket.ask(asked);
    assert_eq!(before.len(), 4, "columns and three pages");
    assert_eq!((rows(&before).len(), &done["row_count"]), (2_500, &json!(2_500)));
    let asked = json!({"type": "query", "id": 8, "query": "select generate_series(1, 2500)", "max_rows": 3});
    assert_eq!(rows(&socket.ask(asked).0), [json!([1]), json!([2]), json!([3])]);
}

#[test]
fn a_window_holds_pages_back_and_a_cancel_ends_them() {
    let (_server, http, _directory) = started();
    let mut socket = open(http);
    let asked = json!({"type": "query", "id": 1, "query": "select generate_series(1, 1000000)", "page_rows": 10, "window": 2});
    socket.send(asked);
    let mut pages = Vec::new();
    while pages.len() < 3 {
        pages.push(socket.next());
    }
    socket.stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    assert!(socket.frame().is_none(), "no third page");
    socket.stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    socket.send(json!({"type": "more", "id": 1, "pages": 1}));
    assert_eq!(socket.next()["rows"][0], json!([21]));
    socket.send(query(2, "select 2"));
    socket.send(query(3, "select pg_sleep(600)"));
    socket.send(query(4, "select pg_sleep(600)"));
    socket.send(query(5, "select 5"));
    for id in [4, 1] {
        socket.send(json!({"type": "cancel", "id": id}));
    }
    let (_, first) = socket.rest();
    assert_eq!((&first["id"], &first["code"]), (&json!(1), &json!("57014")));
    assert_eq!(socket.rest().1["id"], json!(2));
    std::thread::sleep(Duration::from_millis(300));
    socket.send(json!({"type": "cancel", "id": 3}));
    for id in [3, 4] {
        let (_, cancelled) = socket.rest();
        assert_eq!((&cancelled["id"], &cancelled["code"]), (&json!(id), &json!("57014")));
    }
    assert_eq!(rows(&socket.rest().0), [json!([5])]);
}

#[test]
fn a_client_that_does_not_read_is_waited_for() {
    let (server, http, _directory) = started();
    let mut socket = open(http);
    socket.send(query(1, "select g, repeat('x', 1000) from generate_series(1, 2000000) g"));
    std::thread::sleep(Duration::from_secs(2));
    let before = server.memory_bytes();
    std::thread::sleep(Duration::from_secs(2));
    let grown = server.memory_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more while nobody reads");
    // It still hears: what runs is given up.
    socket.send(json!({"type": "cancel", "id": 1}));
    let (_, last) = socket.rest();
    assert_eq!(last["code"], json!("57014"));
}

#[test]
fn a_socket_has_one_transaction() {
    let (_server, http, _directory) = with(&[("ZSERVER_HTTP_TRANSACTION_IDLE_TIMEOUT", "1s")]);
    let (mut socket, mut other) = (open(http), open(http));
    socket.ask(query(1, "create table t (id int primary key)"));
    let begun = json!({"type": "begin", "id": 2, "isolation": "serializable"});
    assert_eq!(socket.ask(begun.clone()).1["command"], json!("BEGIN"));
    assert_eq!(socket.ask(begun.clone()).1["code"], json!("25001"));
    let (before, _) = socket.ask(query(3, "show transaction_isolation"));
    assert_eq!(rows(&before), [json!(["serializable"])]);
    socket.ask(query(4, "insert into t values (1)"));
    assert_eq!(rows(&other.ask(query(1, "select count(*) from t")).0), [json!([0])]);
    assert_eq!(socket.ask(json!({"type": "commit", "id": 5})).1["command"], json!("COMMIT"));
    assert_eq!(rows(&other.ask(query(2, "select count(*) from t")).0), [json!([1])]);
    assert_eq!(socket.ask(json!({"type": "commit", "id": 6})).1["code"], json!("25P01"));
    // A failed one does nothing but end.
    socket.ask(begun.clone());
    assert_eq!(socket.ask(query(7, "insert into t values (1)")).1["code"], json!("23505"));
    assert_eq!(socket.ask(query(8, "select 1")).1["code"], json!("25P02"));
    assert_eq!(socket.ask(json!({"type": "rollback", "id": 9})).1["command"], json!("ROLLBACK"));
    // One that ends by itself is told before anything else is done.
    socket.ask(begun.clone());
    socket.ask(query(10, "insert into t values (2)"));
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(socket.ask(query(11, "insert into t values (3)")).1["code"], json!("25P03"));
    assert_eq!(socket.ask(json!({"type": "commit", "id": 12})).1["code"], json!("25P03"));
    assert_eq!(rows(&socket.ask(query(13, "select id from t")).0), [json!([1])]);
    // One whose client goes away is rolled back.
    socket.ask(begun);
    socket.ask(query(14, "insert into t values (4)"));
    drop(socket);
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        let (_, done) = other.ask(query(15, "insert into t values (4)"));
        if done["command"] == "INSERT" {
            break;
        }
        assert!(Instant::now() < limit, "{done}");
    }
}

#[test]
fn a_client_that_goes_away_cancels_its_query() {
    let (server, http, _directory) = started();
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(777)%' \
        and state = 'active' and pid <> pg_backend_pid()";
    block_on(async {
        let client = connect(server.port).await;
        let mut socket = Some(open(http));
        for wanted in [1_i64, 0] {
            if wanted == 1 {
                socket.as_mut().expect("a socket").send(query(1, "select pg_sleep(777)"));
            } else {
                socket = None;
            }
            let limit = Instant::now() + Duration::from_secs(30);
            loop {
                let row = client.query_one(running, &[]).await.expect("a count");
                if row.get::<_, i64>(0) == wanted {
                    break;
                }
                assert!(Instant::now() < limit, "the query is there {wanted} times");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
}

#[test]
fn notifications_come_to_who_listens() {
    let (server, http, _directory) = started();
    let mut socket = open(http);
    assert_eq!(
        socket.ask(json!({"type": "listen", "id": 1, "channel": "c"})).1["command"],
        json!("LISTEN")
    );
    let long = "x".repeat(100);
    assert_eq!(
        socket.ask(json!({"type": "listen", "id": 2, "channel": long})).1["code"],
        json!("22023")
    );
    block_on(async {
        let client = connect(server.port).await;
        client
            .batch_execute("notify c, 'one'; notify d, 'no'; notify c, 'é \"two\"'")
            .await
            .expect("sent");
    });
    let first = socket.next();
    assert_eq!(
        (&first["type"], &first["channel"], &first["payload"]),
        (&json!("notification"), &json!("c"), &json!("one"))
    );
    assert_eq!(socket.next()["payload"], json!("é \"two\""));
    // Its own come as well, after what it was told.
    socket.send(query(3, "select pg_notify('c', 'own')"));
    let mut kinds = Vec::new();
    while kinds.len() < 4 {
        kinds.push(socket.next()["type"].as_str().expect("a type").to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["columns", "done", "notification", "rows"]);
    socket.ask(json!({"type": "unlisten", "id": 4}));
    let (before, _) = socket.ask(query(5, "select pg_notify('c', 'late')"));
    assert!(before.iter().all(|message| message["type"] != "notification"));
}

#[test]
fn one_who_is_late_harms_nobody() {
    let (server, http, _directory) = with(&[("ZSERVER_MAX_PENDING_NOTIFICATIONS", "100")]);
    let mut slow = open(http);
    slow.ask(json!({"type": "listen", "id": 1, "channel": "c"}));
    block_on(async {
        let client = connect(server.port).await;
        let many = "select pg_notify('c', repeat('x', 7000) || g) from generate_series(1, 100) g";
        for _ in 0..60 {
            client.batch_execute(many).await.expect("nobody else is held up");
        }
    });
    assert_eq!(slow.close_code(), Some(4002));
}

#[test]
fn sockets_are_closed_with_a_reason() {
    let limits = [
        ("ZSERVER_HTTP_WS_MAX_MESSAGE", "2kB"),
        ("ZSERVER_HTTP_WS_MAX_REQUESTS", "3"),
        ("ZSERVER_HTTP_WS_IDLE_TIMEOUT", "3s"),
        ("ZSERVER_HTTP_WS_PING_INTERVAL", "1s"),
    ];
    let (server, http, _directory) = with(&limits);
    let closed_by = |opcode: u8, payload: &[u8]| {
        let mut socket = open(http);
        socket.send_frame(opcode, payload);
        socket.close_code()
    };
    assert_eq!(closed_by(BINARY, b"x"), Some(1003));
    assert_eq!(closed_by(TEXT, b"{"), Some(1008));
    assert_eq!(closed_by(TEXT, br#"{"type": "dance", "id": 1}"#), Some(1008));
    let long = json!({"type": "query", "id": 1, "query": "x".repeat(4_000)}).to_string();
    assert_eq!(closed_by(TEXT, long.as_bytes()), Some(1009));
    let mut busy = open(http);
    for id in 0..5 {
        busy.send(query(id, "select pg_sleep(1)"));
    }
    assert_eq!(busy.close_code(), Some(4001));
    let mut ping = open(http);
    ping.send_frame(PING, b"hello");
    assert_eq!(ping.frame(), Some((PONG, b"hello".to_vec())));
    let begun = Instant::now();
    assert_eq!(ping.close_code(), Some(4000), "pongs alone do not keep it");
    assert!(begun.elapsed() > Duration::from_secs(2));
    let mut dead = open(http);
    dead.answers_pings = false;
    assert_eq!(dead.close_code(), Some(4003));
    for (headers, status) in
        [("", " 401 "), (&format!("{TRUSTED}Origin: https://elsewhere\r\n")[..], " 403 ")]
    {
        let refused = WebSocket::open(http, "/api/v1/sql", headers).err().expect("no socket");
        assert!(refused.contains(status), "{refused}");
    }
    assert!(
        WebSocket::open(http, "/api/v1/sql", &format!("{TRUSTED}Origin: http://localhost\r\n"))
            .is_ok()
    );
    let mut last = open(http);
    last.ask(json!({"type": "begin", "id": 1}));
    let ended = std::thread::spawn(move || server.terminate());
    assert_eq!(last.close_code(), Some(1001));
    assert!(ended.join().expect("it ends").success());
}

/// PostgreSQL's messages: a tag, a length, a body.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn startup(user: &str) -> Vec<u8> {
    let body = format!("\0\u{3}\0\0user\0{user}\0database\0postgres\0\0").into_bytes();
    let mut out = (body.len() as i32 + 4).to_be_bytes().to_vec();
    out.extend_from_slice(&body);
    out
}

/// A conversation in PostgreSQL's protocol.
struct Talk {
    socket: WebSocket,
    /// What came and was not looked at.
    came: Vec<u8>,
}

impl Talk {
    fn open(http: u16, path: &str) -> Talk {
        Talk::open_from(http, path, "")
    }

    fn open_from(http: u16, path: &str, headers: &str) -> Talk {
        Talk { socket: WebSocket::open(http, path, headers).expect("a socket"), came: Vec::new() }
    }

    fn send(&mut self, parts: &[&[u8]]) {
        self.socket.send_frame(BINARY, &parts.concat());
    }

    /// The tags of what comes, up to a tag, and the bytes.
    fn until(&mut self, last: u8) -> (String, Vec<u8>) {
        let (mut tags, mut at) = (String::new(), 0);
        loop {
            while let Some(length) = self.came.get(at + 1..at + 5) {
                let length = i32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
                if self.came.len() < at + 1 + length {
                    break;
                }
                let tag = self.came[at];
                tags.push(char::from(tag));
                at += 1 + length;
                if tag == last {
                    return (tags, self.came.drain(..at).collect());
                }
            }
            match self.socket.frame() {
                Some((BINARY, payload)) => self.came.extend_from_slice(&payload),
                other => panic!("{tags}: {other:?}"),
            }
        }
    }
}

#[test]
fn postgresqls_protocol_runs_in_frames() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let environment = [("ZSERVER_PASSWORD", "s3cret")];
    let (_server, http) = Zserver::start_with_http(&data, false, &environment);
    // Startup, password and a query in one frame: all answers come.
    let mut talk = Talk::open(http, "/v2?address=localhost:5432");
    let query = message(b'Q', b"select 1\0");
    talk.send(&[&startup("postgres"), &message(b'p', b"s3cret\0"), &query]);
    let (said, bytes) = talk.until(b'Z');
    assert!(said.starts_with("RR"), "asked for the password, and let in: {said}");
    assert_eq!(&bytes[5..9], 3_i32.to_be_bytes(), "in clear");
    assert_eq!(talk.until(b'Z').0, "TDCZ");
    // Cut anywhere.
    talk.send(&[&query[..3]]);
    talk.send(&[&query[3..]]);
    assert_eq!(talk.until(b'Z').0, "TDCZ");
    talk.send(&[&message(b'X', b"")]);
    assert_eq!(talk.socket.frame(), Some((CLOSE, Vec::new())));
    let mut wrong = Talk::open(http, "/v2");
    wrong.send(&[&startup("postgres"), &message(b'p', b"wrong\0")]);
    let (said, bytes) = wrong.until(b'E');
    assert_eq!(said, "RE");
    assert!(String::from_utf8_lossy(&bytes).contains("28P01"));
    assert!(WebSocket::open(http, "/nothing", "").is_err());
}

#[test]
fn a_password_that_nobody_asked_for_is_passed_over() {
    let (_server, http, _directory) = started();
    let mut talk = Talk::open(http, "/v2");
    let early = message(b'p', b"any\0");
    talk.send(&[&startup("postgres"), &early, &message(b'Q', b"select 1\0")]);
    assert!(talk.until(b'Z').0.starts_with("RS"));
    assert_eq!(talk.until(b'Z').0, "TDCZ");
    // The first message only.
    talk.send(&[&early]);
    assert!(String::from_utf8_lossy(&talk.until(b'E').1).contains("08P01"));
}

/// A page of another origin is whoever looks at it, unless it knows a password.
#[test]
fn pages_of_other_origins_need_a_password() {
    let foreign = "Origin: https://elsewhere\r\n";
    {
        let (_server, http, _directory) = started();
        for headers in ["", "Origin: http://localhost\r\n"] {
            let mut own = Talk::open_from(http, "/v2", headers);
            own.send(&[&startup("postgres")]);
            assert!(own.until(b'Z').0.starts_with("RS"), "{headers}");
        }
        let mut other = Talk::open_from(http, "/v2", foreign);
        other.send(&[&startup("postgres")]);
        let (said, bytes) = other.until(b'E');
        assert_eq!(said, "E");
        assert!(String::from_utf8_lossy(&bytes).contains("28000"));
    }
    let directory = TempDir::new().expect("a directory");
    let environment = [("ZSERVER_PASSWORD", "s3cret")];
    let (_server, http) =
        Zserver::start_with_http(&directory.path().join("data"), false, &environment);
    let mut other = Talk::open_from(http, "/v2", foreign);
    other.send(&[&startup("postgres"), &message(b'p', b"s3cret\0")]);
    assert!(other.until(b'Z').0.starts_with("RR"));
}

/// Answers wait for who reads them, and requests for answers: their memory is bounded.
#[test]
fn who_asks_and_does_not_read_is_cut_off() {
    const REQUESTS: usize = 40_000;
    let (_server, http, _directory) = started();
    let mut deaf = open(http);
    deaf.answers_pings = false;
    deaf.stream.set_write_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    // An answer has the id of its request.
    let request = json!({"type": "unlisten", "id": "x".repeat(1_000)});
    for _ in 0..REQUESTS {
        deaf.send(request.clone());
    }
    let mut answers = 0;
    while let Some((TEXT, _)) = deaf.frame() {
        answers += 1;
    }
    assert!(answers < REQUESTS, "everything was kept for one who does not read");
}

/// A page cannot set headers for a socket: its token is among the protocols that it offers.
#[test]
fn a_page_brings_its_token_as_a_protocol() {
    let (_server, http, _directory) = started();
    let made = post(http, "/api/v1/auth/keys", TRUSTED, "{\"name\": \"k\"}").json();
    let key = made["key"].as_str().expect("a key");
    let offer = |protocols: &str| format!("Sec-WebSocket-Protocol: {protocols}\r\n");
    let page = "Origin: https://elsewhere\r\n";
    let own = "Origin: http://localhost\r\n";
    for origin in ["", own, page] {
        let named = offer(&format!("zserver.sql.v1, zserver.bearer.{key}"));
        let mut socket =
            WebSocket::open(http, "/api/v1/sql", &format!("{origin}{named}")).expect("a socket");
        let head = socket.head.to_ascii_lowercase();
        assert!(head.contains("sec-websocket-protocol: zserver.sql.v1\r\n"), "{head}");
        assert!(!head.contains(&key.to_ascii_lowercase()), "it is not told again: {head}");
        let (before, _) = socket.ask(query(1, "select current_user"));
        assert_eq!(rows(&before), [json!(["postgres"])], "{origin}");
    }
    let last = if key.ends_with('x') { 'y' } else { 'x' };
    let wrong = format!("{}{last}", &key[..key.len() - 1]);
    for (headers, status) in [
        (offer("zserver.sql.v1"), " 401 "),
        (offer(&format!("zserver.sql.v1, zserver.bearer.{wrong}")), " 401 "),
        (offer("zserver.sql.v1, zserver.bearer."), " 401 "),
        // What a browser adds by itself counts before it, and is not a foreign page's to use.
        (format!("{TRUSTED}{page}{}", offer(&format!("zserver.bearer.{key}"))), " 403 "),
        (format!("{TRUSTED}{page}{}", offer("zserver.bearer.x")), " 403 "),
    ] {
        let refused = WebSocket::open(http, "/api/v1/sql", &headers);
        let head = refused.err().unwrap_or_else(|| panic!("{headers} is refused"));
        assert!(head.contains(status), "{headers}: {head}");
    }
    // A key without the scope has no socket.
    let new = "{\"name\": \"f\", \"scopes\": [\"files\"]}";
    let made = post(http, "/api/v1/auth/keys", TRUSTED, new).json();
    let files = made["key"].as_str().expect("a key");
    let refused = WebSocket::open(http, "/api/v1/sql", &offer(&format!("zserver.bearer.{files}")));
    assert!(refused.err().expect("it is refused").contains(" 403 "));
}

/// Over HTTP/2 a socket is a stream that CONNECT opens (RFC 8441).
#[test]
fn a_socket_goes_over_http_2() {
    let (_server, http, _directory) = started();
    block_on(async {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", http)).await.expect("a port");
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
        tokio::spawn(connection);
        let url = |path: &str| format!("http://localhost:{http}{path}");
        // After an answer it is known what the server can.
        let live = Request::get(url("/livez")).body(Empty::<Bytes>::new()).expect("a request");
        assert_eq!(sender.send_request(live).await.expect("an answer").status(), 200);
        let ask = |path: &str, more: &[(&str, &str)]| {
            let mut request = Request::connect(url(path))
                .header("sec-websocket-version", "13")
                .header("sec-websocket-protocol", "zserver.sql.v1")
                .extension(Protocol::from_static("websocket"));
            for (name, value) in more {
                request = request.header(*name, *value);
            }
            request.body(Empty::<Bytes>::new()).expect("a request")
        };
        let trusted = ("authorization", "Basic cG9zdGdyZXM6");
        let opened = sender.send_request(ask("/api/v1/sql", &[trusted])).await.expect("an answer");
        assert_eq!(opened.status(), 200);
        assert_eq!(opened.headers()["sec-websocket-protocol"], "zserver.sql.v1");
        let mut socket = TokioIo::new(hyper::upgrade::on(opened).await.expect("a socket"));
        let question = query(1, "select 40 + 2").to_string();
        // A text frame whose mask is nothing.
        let mut frame = vec![0x81, 0x80 | question.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(question.as_bytes());
        socket.write_all(&frame).await.expect("it is sent");
        let mut found = Vec::new();
        while found.last().is_none_or(|message: &Value| message["type"] != "done") {
            let mut head = [0; 2];
            socket.read_exact(&mut head).await.expect("a frame");
            let length = match head[1] {
                126 => usize::from(socket.read_u16().await.expect("a length")),
                length => usize::from(length),
            };
            let mut payload = vec![0; length];
            socket.read_exact(&mut payload).await.expect("a payload");
            if head[0] == 0x81 {
                found.push(serde_json::from_slice(&payload).expect("JSON"));
            }
        }
        assert_eq!(rows(&found), [json!([42])]);
        // Two at a time on one connection, and other requests beside them.
        let second = sender.send_request(ask("/api/v1/sql", &[trusted])).await.expect("an answer");
        assert_eq!(second.status(), 200);
        for (path, more, status) in [
            ("/api/v1/sql", vec![], 401),
            ("/api/v1/sql", vec![trusted, ("origin", "https://elsewhere")], 403),
            ("/api/v1/jobs", vec![trusted], 405),
            ("/v2", vec![], 200),
        ] {
            let answer = sender.send_request(ask(path, &more)).await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{path} {more:?}");
        }
    });
}
