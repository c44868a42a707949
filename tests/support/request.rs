//! Requests by their bytes, for files: any method, headers and bodies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A response as it came.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// The body is as long as its head says.
    pub is_whole: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Its status and SQLSTATE.
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// Who asks which port, for which database.
#[derive(Clone)]
pub struct Asker {
    pub port: u16,
    /// Headers of every request.
    pub headers: String,
}

impl Asker {
    /// A role that is trusted, in the database `postgres`.
    pub fn new(port: u16, role: &str) -> Asker {
        let text = STANDARD.encode(format!("{role}:"));
        let headers = format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n");
        Asker { port, headers }
    }

    pub fn nobody(port: u16) -> Asker {
        Asker { port, headers: String::new() }
    }

    pub fn ask(&self, method: &str, path: &str) -> Answer {
        self.send(method, path, "", b"")
    }

    /// `headers`: lines that end in `\r\n`.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).expect("an answer")
    }

    /// None if the connection broke before an answer.
    pub fn try_send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        let length = match body.is_empty() && matches!(method, "GET" | "HEAD" | "DELETE") {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let mut stream = self.begin(method, path, &format!("{length}{headers}"))?;
        // The server may have answered before it has read everything.
        let _ = stream.write_all(body);
        answer(&mut stream, method)
    }

    /// Sends a head; the body is the caller's.
    pub fn begin(&self, method: &str, path: &str, headers: &str) -> Option<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(120))).ok()?;
        let own = &self.headers;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{own}{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).ok()?;
        Some(stream)
    }

    /// The result of a statement, as JSON rows.
    pub fn sql(&self, query: &str) -> Value {
        let body = serde_json::json!({"query": query}).to_string();
        let answer = self.send("POST", "/api/v1/sql", "", body.as_bytes());
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json()["results"][0]["rows"].clone()
    }
}

/// Reads to the end of the connection.
pub fn answer(stream: &mut TcpStream, method: &str) -> Option<Answer> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok())?;
    if status == 100 {
        panic!("nobody has asked to continue");
    }
    let body = bytes[end + 4..].to_vec();
    let mut answer = Answer { status, head, body, is_whole: true };
    if let Some(length) =
        answer.header("content-length").and_then(|length| length.parse::<usize>().ok())
    {
        answer.is_whole = method == "HEAD" || answer.body.len() == length;
    }
    Some(answer)
}

/// Bytes that differ everywhere.
pub fn bytes_of(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut out = Vec::with_capacity(count + 8);
    while out.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(count);
    out
}
