//! A client that sends what a driver would not: bytes over a socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A message of the server: tag and body.
pub type Message = (u8, Vec<u8>);

pub struct Raw {
    pub stream: TcpStream,
}

/// A message of a client; tag 0 is the untagged kind of before login.
pub fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = if tag == 0 { Vec::new() } else { vec![tag] };
    bytes.extend((body.len() as i32 + 4).to_be_bytes());
    bytes.extend(body);
    bytes
}

pub fn startup(user: &str) -> Vec<u8> {
    let body = format!("user\0{user}\0database\0postgres\0\0");
    frame(0, &[&196_608i32.to_be_bytes(), body.as_bytes()].concat())
}

pub fn query(sql: &[u8]) -> Vec<u8> {
    frame(b'Q', &[sql, &[0]].concat())
}

impl Raw {
    /// Only the socket.
    pub fn connect(port: u16) -> Raw {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        // A server that says nothing fails the test instead of stopping it.
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
        Raw { stream }
    }

    /// Logged in, where the server trusts.
    pub fn log_in(port: u16) -> Raw {
        let mut client = Raw::connect(port);
        client.send(&startup("postgres"));
        assert!(client.until_ready().is_some(), "the login is refused");
        client
    }

    /// The server may have closed the connection: the answer tells.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next message; `None` when the connection is closed.
    pub fn message(&mut self) -> Option<Message> {
        let mut head = [0; 5];
        self.read(&mut head)?;
        let length = i32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; usize::try_from(length).expect("a length") - 4];
        self.read(&mut body)?;
        Some((head[0], body))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Option<()> {
        match self.stream.read_exact(bytes) {
            Ok(()) => Some(()),
            Err(error) => {
                let silent = error.kind() == std::io::ErrorKind::WouldBlock;
                assert!(!silent, "the server neither answers nor closes");
                None
            }
        }
    }

    /// Everything up to ReadyForQuery; `None` if the connection ends before it.
    pub fn until_ready(&mut self) -> Option<Vec<Message>> {
        let mut messages = Vec::new();
        loop {
            let message = self.message()?;
            if message.0 == b'Z' {
                return Some(messages);
            }
            messages.push(message);
        }
    }

    /// The SQLSTATE of a query's error; `None` if it succeeds.
    pub fn error_of(&mut self, sql: &[u8]) -> Option<String> {
        self.send(&query(sql));
        let messages = self.until_ready().expect("the connection stays");
        messages.iter().find(|(tag, _)| *tag == b'E').map(|(_, body)| field(body, b'C'))
    }

    /// The SQLSTATE with which the server ends the connection; empty if it says none.
    pub fn ended_with(&mut self) -> String {
        let mut code = String::new();
        while let Some((tag, body)) = self.message() {
            if tag == b'E' {
                code = field(&body, b'C');
            }
        }
        code
    }
}

/// A field of an ErrorResponse; empty if it is not there.
pub fn field(body: &[u8], code: u8) -> String {
    let fields = body.split(|byte| *byte == 0);
    let found = fields.into_iter().find(|field| field.first() == Some(&code));
    found.map(|field| String::from_utf8_lossy(&field[1..]).into_owned()).unwrap_or_default()
}
