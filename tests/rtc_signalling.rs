//! What no peer should signal over the server's own protocol, WHIP and WHEP harms nobody: it
//! is refused by what it lacks, what it took is given back, and others go on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::Event;
use str0m::media::{Direction, MediaKind};
use tempfile::TempDir;

use crate::support::request::{Answer, Asker};
use crate::support::rtc::{PATIENCE, Peer, ask, negotiate, next};
use crate::support::websocket::{BINARY, CLOSE, TEXT, WebSocket};
use crate::support::zserver::Zserver;

const SDP: &str = "Content-Type: application/sdp\r\n";

fn started(settings: &[(&str, &str)]) -> (Zserver, u16, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, settings);
    let root = Asker::new(http, "postgres");
    let made = root.send("POST", "/api/v1/rooms", "", br#"{"name": "stage"}"#);
    assert_eq!(made.status, 201, "{}", made.text());
    (server, http, directory)
}

fn open(http: u16) -> WebSocket {
    let headers = "Authorization: Basic cG9zdGdyZXM6\r\nSec-WebSocket-Protocol: zserver.rtc.v1\r\n";
    WebSocket::open(http, "/api/v1/rtc", headers).expect("a socket")
}

fn joined(http: u16) -> WebSocket {
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join"}), "joined");
    socket
}

/// What answers a request by its id, whatever else comes.
fn answer_of(socket: &mut WebSocket, request: Value) -> Value {
    let id = request["id"].clone();
    socket.send(request);
    loop {
        let message = socket.next();
        if message["id"] == id {
            return message;
        }
    }
}

/// A description with sections that are taken or not by what they have.
fn description(sections: &[String]) -> String {
    let mids: Vec<_> = (0..sections.len()).map(|mid| mid.to_string()).collect();
    let mut sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n\
         a=ice-ufrag:4ZcD\r\na=ice-pwd:2f1muCWoOi3uLifh0NuRHlQx\r\na=setup:actpass\r\n\
         a=fingerprint:sha-256 {}\r\n",
        mids.join(" "),
        ["AB"; 32].join(":"),
    );
    for (mid, section) in sections.iter().enumerate() {
        sdp += &section.replace("MID", &mid.to_string());
    }
    sdp
}

fn section(codec: &str) -> String {
    format!(
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:MID\r\na=sendonly\r\n\
         a=rtcp-mux\r\na=rtpmap:96 {codec}/90000\r\n"
    )
}

#[test]
fn descriptions_that_cannot_be_taken_are_refused() {
    let (_server, http, _directory) = started(&[("ZSERVER_RTC_MAX_STREAMS", "50")]);
    let mut socket = joined(http);
    let hundreds: Vec<String> = (0..300).map(|_| section("VP8")).collect();
    for (id, sdp, code) in [
        (1, String::new(), "22023"),
        (2, "v=1".to_owned(), "22023"),
        (3, "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n".to_owned(), "22023"),
        (4, "\u{0}\r\n\u{ff}".to_owned(), "22023"),
        (5, description(&hundreds), "53400"),
        (6, "a=x\r\n".repeat(70_000), "22023"),
    ] {
        let refused = answer_of(&mut socket, json!({"type": "offer", "id": id, "sdp": sdp}));
        assert_eq!((&refused["type"], refused["code"].as_str()), (&json!("error"), Some(code)));
        let late = answer_of(&mut socket, json!({"type": "answer", "id": id + 100, "sdp": sdp}));
        assert_eq!(late["type"], json!("error"), "{late}");
    }
    // A codec that is not there is rejected by its section.
    for (codec, port) in [("THEORA", "m=video 0 "), ("VP8", "m=video 9 ")] {
        let mut socket = joined(http);
        let sdp = description(&[section(codec)]);
        let answer = answer_of(&mut socket, json!({"type": "offer", "id": 7, "sdp": sdp}));
        let sdp = answer["sdp"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        assert!(sdp.lines().any(|line| line.starts_with(port)), "{codec}: {sdp}");
    }
    // By WHIP it is the request that is refused.
    let root = Asker::new(http, "postgres");
    let whip = |sdp: &str| root.send("POST", "/api/v1/rtc/whip/stage", SDP, sdp.as_bytes());
    assert_eq!(whip(&description(&hundreds)).status, 503);
    assert_eq!(whip("v=0\r\n").status, 422);
    let shown = root.ask("GET", "/api/v1/rooms/stage/participants").json();
    assert_eq!(shown["participants"], json!([]));
}

#[test]
fn messages_that_are_none_close_their_socket_and_no_other() {
    let (_server, http, _directory) = started(&[]);
    let mut other = joined(http);
    for wrong in [
        "",
        "{",
        "[]",
        "5",
        r#"{"type": "nothing"}"#,
        r#"{"type": "offer"}"#,
        r#"{"type": "offer", "sdp": 5}"#,
        r#"{"type": "candidate", "candidate": {"candidate": 5}}"#,
        r#"{"type": "mute", "track": "x", "muted": "yes"}"#,
        r#"{"type": "leave", "more": 1}"#,
    ] {
        let mut socket = joined(http);
        socket.send_frame(TEXT, wrong.as_bytes());
        assert_eq!(socket.close_code(), Some(1008), "{wrong}");
    }
    let mut socket = joined(http);
    socket.send_frame(BINARY, b"{}");
    assert_eq!(socket.close_code(), Some(1008));
    let mut socket = joined(http);
    socket.send_frame(TEXT, " ".repeat(600 << 10).as_bytes());
    let closed = socket.frame();
    assert!(closed.is_none_or(|(opcode, _)| opcode == CLOSE));
    // It joins once, and what there is none of is refused by its name.
    let again = answer_of(&mut other, json!({"type": "join", "id": 1}));
    assert_eq!(again["type"], json!("error"), "{again}");
    for (id, request) in [
        (2, json!({"type": "mute", "track": "TR_x", "muted": true})),
        (3, json!({"type": "subscribe", "tracks": ["TR_x"]})),
        (4, json!({"type": "message", "text": "to nobody"})),
    ] {
        let mut request = request;
        request["id"] = json!(id);
        assert_eq!(answer_of(&mut other, request)["type"], json!("error"));
    }
}

#[test]
fn candidates_that_are_none_and_too_many_are_refused() {
    let (_server, http, _directory) = started(&[]);
    let mut socket = joined(http);
    let candidate = |id: usize, text: &str| {
        let candidate = json!({"candidate": text, "sdpMid": "0"});
        json!({"type": "candidate", "id": id, "candidate": candidate})
    };
    // Before the description they wait, as far as there is room.
    let answers: Vec<_> = (1..=100)
        .map(|id| answer_of(&mut socket, candidate(id, "candidate:nothing"))["type"].clone())
        .collect();
    let taken = answers.iter().filter(|kind| **kind == json!("done")).count();
    assert_eq!(taken, 64, "{answers:?}");
    let mut peer = Peer::new();
    let (offer, pending, channels, _) = peer.offer(&[("sql", "jsonrpc-sql.v1")], &[]);
    negotiate(&mut socket, &mut peer, (offer, pending));
    for text in ["x", "candidate:1 1 udp"] {
        let refused = answer_of(&mut socket, candidate(200, text));
        assert_eq!(refused["type"], json!("error"), "{text}");
    }
    // It connects all the same.
    peer.wait_open(channels[0]);
}

#[test]
fn a_peer_that_vanishes_is_let_go_and_its_place_given_back() {
    let (_server, http, _directory) = started(&[
        ("ZSERVER_RTC_MAX_PEERS", "1"),
        ("ZSERVER_RTC_DISCONNECTED_TIMEOUT", "500ms"),
        ("ZSERVER_RTC_CONSENT_TIMEOUT", "500ms"),
    ]);
    let mut socket = joined(http);
    let mut peer = Peer::new();
    let (offer, pending, channels, _) = peer.offer(&[("sql", "jsonrpc-sql.v1")], &[]);
    negotiate(&mut socket, &mut peer, (offer, pending));
    peer.wait_open(channels[0]);
    // A transaction that it leaves open is undone with it.
    let begin = json!({"jsonrpc": "2.0", "id": 1, "method": "begin", "params": {}});
    peer.send_text(channels[0], &begin.to_string());
    peer.hear(channels[0]);
    let create = json!({"jsonrpc": "2.0", "id": 2, "method": "query",
        "params": {"query": "create table left_behind (a int)"}});
    peer.send_text(channels[0], &create.to_string());
    peer.hear(channels[0]);
    drop(peer);
    assert_eq!(next(&mut socket, "left")["reason"], "connection_timeout");
    let mut second = open(http);
    let begun = Instant::now();
    loop {
        second.send(json!({"type": "join"}));
        if second.next()["type"] == "joined" {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the place is not given back");
        std::thread::sleep(Duration::from_millis(50));
    }
    let root = Asker::new(http, "postgres");
    assert_eq!(root.sql("select to_regclass('left_behind')"), json!([[null]]));
}

fn publish(root: &Asker, peer: &mut Peer) -> Answer {
    let media = [(MediaKind::Video, Direction::SendOnly)];
    let (offer, pending, _, _) = peer.offer(&[], &media);
    let answer = root.send("POST", "/api/v1/rtc/whip/stage", SDP, offer.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    peer.accept(pending, &answer.text());
    peer.wait(|event| matches!(event, Event::Connected).then_some(()));
    answer
}

#[test]
fn a_room_that_is_removed_ends_who_is_in_it() {
    let (_server, http, _directory) = started(&[]);
    let root = Asker::new(http, "postgres");
    let mut socket = open(http);
    ask(&mut socket, json!({"type": "join", "room": "stage", "identity": "postgres/a"}), "joined");
    let mut peer = Peer::new();
    let answer = publish(&root, &mut peer);
    let place = answer.header("location").expect("a location").to_owned();
    assert_eq!(root.ask("DELETE", "/api/v1/rooms/stage").status, 204);
    assert_eq!(next(&mut socket, "left")["reason"], "room_deleted");
    let begun = Instant::now();
    while root.ask("DELETE", &place).status != 404 {
        assert!(begun.elapsed() < PATIENCE, "the session stays");
        std::thread::sleep(Duration::from_millis(50));
    }
    let again = root.send("POST", "/api/v1/rtc/whip/stage", SDP, b"v=0\r\n");
    assert_eq!(again.status, 404, "{}", again.text());
}

#[test]
fn who_says_too_much_is_held_up_and_not_the_others() {
    let (_server, http, _directory) = started(&[("ZSERVER_RTC_MAX_MESSAGES_PER_SECOND", "20")]);
    let mut people: Vec<_> = ["a", "b"]
        .map(|name| {
            let mut socket = open(http);
            let identity = format!("postgres/{name}");
            let join = json!({"type": "join", "room": "stage", "identity": identity});
            ask(&mut socket, join, "joined");
            socket
        })
        .into();
    let refused = (1..=200)
        .filter(|id| {
            let message = json!({"type": "message", "id": id, "text": "x"});
            answer_of(&mut people[0], message)["code"] == json!("53400")
        })
        .count();
    assert!(refused >= 100, "{refused}");
    let said = answer_of(&mut people[1], json!({"type": "message", "id": 1, "text": "y"}));
    assert_eq!(said["type"], json!("done"), "{said}");
}
