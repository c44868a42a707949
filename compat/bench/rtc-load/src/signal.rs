//! Signalling: the WebSocket `/api/v1/rtc`, by its frames (RFC 6455).

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use crate::Outcome;
use crate::server::Server;

const TEXT: u8 = 1;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Messages that were not taken.
const WAITING: usize = 1_024;

pub struct Signal {
    write: OwnedWriteHalf,
    /// What the server says; pings are for whoever takes them to answer.
    pub messages: mpsc::Receiver<Said>,
}

pub enum Said {
    Message(Value),
    Ping(Vec<u8>),
}

impl Signal {
    pub async fn open(server: Server) -> Outcome<Signal> {
        let mut stream = TcpStream::connect(("127.0.0.1", server.http)).await?;
        stream.set_nodelay(true)?;
        let request = "GET /api/v1/rtc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Basic cG9zdGdyZXM6\r\n\
            Sec-WebSocket-Protocol: zserver.rtc.v1\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        if !head.starts_with(b"HTTP/1.1 101") {
            return Err(String::from_utf8_lossy(&head).into_owned().into());
        }
        let (read, write) = stream.into_split();
        let (said, messages) = mpsc::channel(WAITING);
        tokio::spawn(listen(read, said));
        Ok(Signal { write, messages })
    }

    pub async fn say(&mut self, message: &Value) -> Outcome<()> {
        self.frame(TEXT, message.to_string().as_bytes()).await
    }

    pub async fn pong(&mut self, payload: &[u8]) -> Outcome<()> {
        self.frame(PONG, payload).await
    }

    async fn frame(&mut self, opcode: u8, payload: &[u8]) -> Outcome<()> {
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
        Ok(self.write.write_all(&frame).await?)
    }

    /// Joins a room, or none.
    pub async fn join(&mut self, place: Option<(&str, &str, bool)>) -> Outcome<()> {
        let message = match place {
            None => json!({"type": "join"}),
            Some((room, identity, auto_subscribe)) => json!({
                "type": "join", "room": room, "identity": format!("postgres/{identity}"),
                "auto_subscribe": auto_subscribe,
            }),
        };
        self.say(&message).await?;
        match self.messages.recv().await {
            Some(Said::Message(joined)) if joined["type"] == "joined" => Ok(()),
            Some(Said::Message(other)) => Err(other.to_string().into()),
            _ => Err("nobody answers".into()),
        }
    }
}

async fn listen(read: OwnedReadHalf, said: mpsc::Sender<Said>) {
    let mut read = BufReader::new(read);
    while let Ok((opcode, payload)) = next(&mut read).await {
        let told = match opcode {
            TEXT => serde_json::from_slice(&payload).map(Said::Message).ok(),
            PING => Some(Said::Ping(payload)),
            _ => None,
        };
        let Some(told) = told else { return };
        if said.send(told).await.is_err() {
            return;
        }
    }
}

async fn next(read: &mut BufReader<OwnedReadHalf>) -> std::io::Result<(u8, Vec<u8>)> {
    let opcode = read.read_u8().await? & 0x0F;
    let length = match read.read_u8().await? & 0x7F {
        126 => u64::from(read.read_u16().await?),
        127 => read.read_u64().await?,
        short => u64::from(short),
    };
    let mut payload = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    read.read_exact(&mut payload).await?;
    Ok((opcode, payload))
}
