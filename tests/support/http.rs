//! HTTP by the bytes that a client sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::zserver::Zserver;

/// A response as it came, chunks joined.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
    /// The body ended as its framing said.
    pub is_whole: bool,
}

impl Answer {
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// What comes back for these bytes.
pub fn raw(port: u16, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is open");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    stream.write_all(request).expect("the request is sent");
    answer_on(&mut stream)
}

/// Reads to the end of the connection.
fn answer_on(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A connection that was cut is part of what is looked at.
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let rest = &bytes[end + 4..];
    let mut answer = Answer { status, head, body: rest.to_vec(), is_whole: true };
    if answer.header("transfer-encoding") == Some("chunked") {
        (answer.body, answer.is_whole) = dechunked(rest);
    }
    answer
}

fn dechunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = usize::from_str_radix(size.trim(), 16).expect("the size of a chunk");
        let from = end + 2;
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(from..from + size) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(from + size + 2..).unwrap_or_default();
    }
    (body, false)
}

/// `headers`: lines that end in CRLF.
pub fn send(port: u16, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    raw(port, format!("{head}{body}").as_bytes())
}

pub fn post(port: u16, path: &str, headers: &str, body: &str) -> Answer {
    send(port, "POST", path, headers, body)
}

pub fn get(port: u16, path: &str) -> Answer {
    raw(
        port,
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

/// `postgres` without a password, for a server that trusts.
pub const TRUSTED: &str = "Authorization: Basic cG9zdGdyZXM6\r\n";

/// Statements, as `postgres`.
pub fn sql(port: u16, body: Value) -> Answer {
    post(port, "/api/v1/sql", TRUSTED, &body.to_string())
}

/// A server with a second port that trusts.
pub fn started() -> (Zserver, u16, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, http) = Zserver::start_with_http(&directory.path().join("data"), true, &[]);
    (server, http, directory)
}
