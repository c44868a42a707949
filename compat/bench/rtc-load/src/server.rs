//! The server under load: what it takes of the machine, and requests to it.

use std::fs;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Outcome, Words};

/// Clock ticks in a second, which `/proc` counts in: the same on all Linux machines.
const TICKS: f64 = 100.0;

#[derive(Clone, Copy)]
pub struct Server {
    pub http: u16,
    pid: u64,
}

/// What it takes of the machine.
pub struct Use {
    /// Seconds of processors since it began.
    pub processors: f64,
    pub resident_mb: f64,
    pub descriptors: usize,
}

impl Server {
    pub fn of(words: &Words) -> Outcome<Server> {
        let http = u16::try_from(words.number("http", 5535)?)?;
        Ok(Server { http, pid: words.number("pid", 0)? })
    }

    pub fn measure(&self) -> Outcome<Use> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        let processors = ticks(11).zip(ticks(12)).map(|(user, system)| (user + system) / TICKS);
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident =
            resident.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
        Ok(Use {
            processors: processors.ok_or("/proc cannot be read")?,
            resident_mb: resident.ok_or("/proc cannot be read")? / 1024.0,
            descriptors: fs::read_dir(format!("/proc/{}/fd", self.pid))?.count(),
        })
    }

    /// A request as `postgres`, of a server that trusts; its status and body.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Outcome<(u16, String)> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).await?;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Basic cG9zdGdyZXM6\r\n\
             Zserver-Database: postgres\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        status.zip(body).ok_or_else(|| "no answer".into())
    }

    pub async fn sql(&self, query: &str) -> Outcome<()> {
        let (status, text) = self.ask("POST", "/api/v1/sql", &json!({"query": query})).await?;
        if status == 200 { Ok(()) } else { Err(format!("{query}: {text}").into()) }
    }

    /// A room with this name and nobody in it.
    pub async fn make_room(&self, name: &str) -> Outcome<()> {
        self.sql("create extension if not exists rtc cascade").await?;
        self.sql(&format!("delete from rtc.rooms where name = '{name}'")).await?;
        let (status, text) = self.ask("POST", "/api/v1/rooms", &json!({"name": name})).await?;
        if status == 201 { Ok(()) } else { Err(format!("the room is not made: {text}").into()) }
    }

    /// The sids of the tracks in a room.
    pub async fn tracks(&self, room: &str) -> Outcome<Vec<String>> {
        let path = format!("/api/v1/rooms/{room}/participants");
        let (_, text) = self.ask("GET", &path, &Value::Null).await?;
        let shown: Value = serde_json::from_str(&text)?;
        let people = shown["participants"].as_array().ok_or_else(|| format!("{path}: {text}"))?;
        let tracks = people.iter().filter_map(|person| person["tracks"].as_array()).flatten();
        Ok(tracks.filter_map(|track| track["sid"].as_str()).map(str::to_owned).collect())
    }
}

/// Seconds of processors that this program has taken.
pub fn own_processors() -> f64 {
    let own = Server { http: 0, pid: u64::from(std::process::id()) };
    own.measure().map(|taken| taken.processors).unwrap_or_default()
}
