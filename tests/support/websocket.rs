//! A WebSocket by its frames (RFC 6455), of a client that blocks.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

pub struct WebSocket {
    pub stream: TcpStream,
    /// The head of the server's answer.
    pub head: String,
    /// Whether pings are answered.
    pub answers_pings: bool,
}

impl WebSocket {
    /// Opens one; `headers` end in line breaks. The answer's head where it is refused.
    pub fn open(port: u16, path: &str, headers: &str) -> Result<WebSocket, String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is open");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).expect("an answer") == 0 {
                break;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        match head.contains(" 101 ") {
            true => Ok(WebSocket { stream, head, answers_pings: true }),
            false => Err(head),
        }
    }

    pub fn send_frame(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        // A mask of zeroes leaves the payload as it is.
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        // The server may have closed already; what it said is read then.
        let _ = self.stream.write_all(&frame);
    }

    pub fn send(&mut self, message: Value) {
        self.send_frame(TEXT, message.to_string().as_bytes());
    }

    /// The next frame; none at the end of the connection.
    pub fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).ok()?;
        let length = match head[1] & 0x7f {
            126 => {
                let mut bytes = [0; 2];
                self.stream.read_exact(&mut bytes).ok()?;
                usize::from(u16::from_be_bytes(bytes))
            }
            127 => {
                let mut bytes = [0; 8];
                self.stream.read_exact(&mut bytes).ok()?;
                usize::try_from(u64::from_be_bytes(bytes)).expect("a length")
            }
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).ok()?;
        let opcode = head[0] & 0x0f;
        if opcode == PING && self.answers_pings {
            self.send_frame(PONG, &payload);
            return self.frame();
        }
        Some((opcode, payload))
    }

    /// The next message.
    pub fn next(&mut self) -> Value {
        match self.frame() {
            Some((TEXT, payload)) => serde_json::from_slice(&payload).expect("JSON"),
            other => panic!("no message: {:?}", other.map(|(opcode, _)| opcode)),
        }
    }

    /// Sends a message, and answers the one that ends it, after what came before that.
    pub fn ask(&mut self, message: Value) -> (Vec<Value>, Value) {
        self.send(message);
        self.rest()
    }

    /// Messages up to one that ends a request.
    pub fn rest(&mut self) -> (Vec<Value>, Value) {
        let mut before = Vec::new();
        loop {
            let next = self.next();
            if next["type"] == "done" || next["type"] == "error" {
                return (before, next);
            }
            before.push(next);
        }
    }

    /// The code that the server closes with, whatever it says before.
    pub fn close_code(&mut self) -> Option<u16> {
        while let Some((opcode, payload)) = self.frame() {
            if opcode == CLOSE {
                return payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
            }
        }
        None
    }
}
