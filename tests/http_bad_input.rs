//! Requests of the second port that are wrong in themselves, and what comes of them.
//!
//! Other kinds have their tests where what they are wrong about is tested: slow bodies and
//! heads, long URLs (`http_guard`), lines of a stream (`http_collections`), ranges, digests,
//! a full disk (`http_files`), offsets and checksums (`http_tus`), tokens that come again or
//! of a wrong clock (`http_auth`), receivers that are away (`http_events`).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::{TRUSTED, send, started};
use crate::support::zserver::Zserver;

/// One answer on a connection that stays; none where it was closed.
fn answer(stream: &mut TcpStream) -> Option<(u16, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |text| text.parse().expect("a number"));
            if bytes.len() >= end + 4 + length {
                let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
                return Some((status.expect("a status"), bytes[end + 4..].to_vec()));
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

#[test]
fn a_connection_goes_on_after_a_body_that_is_too_large() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (_server, http) =
        Zserver::start_with_http(&data, true, &[("ZSERVER_HTTP_MAX_BODY", "2kB")]);
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", http)).expect("the port is open");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        stream
    };
    let mut stream = connect();
    for bytes in [3_000, 100_000, 5_000_000] {
        for path in ["/api/v1/sql", "/sql", "/api/v1/jobs", "/api/v1/collections", "/api/v1/sagas"]
        {
            let body = format!("{{\"query\": \"select '{}'\"}}", "x".repeat(bytes));
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\n{TRUSTED}Neon-Connection-String: \
                 postgres://postgres:x@x/postgres\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).expect("the head is sent");
            stream.write_all(body.as_bytes()).expect("the body is sent");
            let (status, told) = answer(&mut stream).expect("an answer");
            let told = String::from_utf8_lossy(&told);
            assert_eq!(status, 413, "{path} {bytes}: {told}");
            assert!(told.contains("http_max_body"), "{path} {bytes}: {told}");
        }
    }
    stream
        .write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("the request is sent");
    assert_eq!(answer(&mut stream).map(|(status, _)| status), Some(200));
    // Of much more the rest is not waited for; who is told has it from the answer.
    let mut stream = connect();
    let head = format!(
        "POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\n{TRUSTED}Content-Length: 1000000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the head is sent");
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..9 {
        if stream.write_all(&piece).is_err() {
            break;
        }
    }
    assert_eq!(answer(&mut stream).map(|(status, _)| status), Some(413));
    assert_eq!(answer(&mut stream).map(|(status, _)| status), None, "it is closed");
}

#[test]
fn vectors_that_cannot_be_are_refused_everywhere() {
    let (_server, http, _directory) = started();
    let new = json!({"name": "c", "vectors": {"size": 3, "distance": "euclid"}}).to_string();
    assert_eq!(send(http, "POST", "/api/v1/collections", TRUSTED, &new).status, 201);
    // SQLSTATE of vectors that are no JSON, not finite, of other dimensions; none: it is one.
    let vectors = [
        ("[1, NaN, 0]", Some("08P01")),
        ("[1, Infinity, 0]", Some("08P01")),
        ("[1, 1e400, 0]", Some("08P01")),
        ("[1, \"1\", 0]", Some("08P01")),
        ("[1, null, 0]", Some("08P01")),
        ("[1, [2], 0]", Some("08P01")),
        ("[1, 1e39, 0]", Some("22000")),
        ("[1, 2]", Some("22000")),
        ("[1, 2, 3, 4]", Some("22000")),
        ("[]", Some("22000")),
        ("[1, 2e0, -0.0]", None),
    ];
    let routes = [
        ("PUT", "/api/v1/collections/c/points", "{\"points\": [{\"id\": 1, \"vector\": V}]}"),
        (
            "POST",
            "/api/v1/collections/c/points/vectors",
            "{\"points\": [{\"id\": 1, \"vector\": V}]}",
        ),
        ("POST", "/api/v1/collections/c/points/search", "{\"query\": V}"),
        ("PUT", "/collections/c/points", "{\"points\": [{\"id\": 1, \"vector\": V}]}"),
        ("POST", "/collections/c/points/search", "{\"vector\": V, \"limit\": 1}"),
        ("POST", "/collections/c/points/query", "{\"query\": V, \"limit\": 1}"),
    ];
    for (vector, code) in vectors {
        for (method, path, body) in routes {
            let answer = send(http, method, path, TRUSTED, &body.replace('V', vector));
            let what = format!("{method} {path} {vector}: {}", answer.text());
            match code {
                Some(code) => {
                    assert_eq!(answer.status, 400, "{what}");
                    assert!(!path.starts_with("/api/") || answer.code() == code, "{what}");
                }
                None => assert!(matches!(answer.status, 200 | 204), "{what}"),
            }
        }
    }
}

#[test]
fn an_id_that_comes_twice_is_the_last_one() {
    let (_server, http, _directory) = started();
    let new = json!({"name": "c", "vectors": {"size": 1, "distance": "dot"}}).to_string();
    assert_eq!(send(http, "POST", "/api/v1/collections", TRUSTED, &new).status, 201);
    let put = |points: Value, mode: &str| {
        let body = json!({"points": points, "mode": mode}).to_string();
        let answer = send(http, "PUT", "/api/v1/collections/c/points", TRUSTED, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["points"].clone()
    };
    let vector = |id: u32| {
        let path = format!("/api/v1/collections/c/points/{id}");
        let answer = send(http, "GET", &path, TRUSTED, "");
        (answer.status, answer.json()["vector"][0].clone())
    };
    let twice = |id: u32, first: u32| json!([{"id": id, "vector": [first]}, {"id": id, "vector": [first + 1]}]);
    assert_eq!(put(twice(1, 10), "upsert"), 1);
    assert_eq!(vector(1), (200, json!(11)));
    // What is there stays, and what is not is made.
    put(twice(1, 20), "insert");
    assert_eq!(vector(1), (200, json!(11)));
    put(twice(2, 20), "insert");
    assert_eq!(vector(2), (200, json!(21)));
    // What is there changes, and what is not is not made.
    put(twice(1, 30), "update");
    assert_eq!(vector(1), (200, json!(31)));
    put(twice(3, 30), "update");
    assert_eq!(vector(3).0, 404);
}
