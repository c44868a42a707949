//! A data channel that carries PostgreSQL's protocol: how much, and how fast there and back.

use std::time::{Duration, Instant};

use str0m::Event;
use str0m::channel::ChannelId;

use crate::peer::{Ear, PATIENCE, Peer};
use crate::server::{Server, own_processors};
use crate::{Outcome, Words};

/// Bytes of one message on the channel.
const CHUNK: usize = 64 << 10;

/// Bytes of a row, and of a parameter.
const ROW: usize = 64 << 10;

/// Parameters that are sent before answers are waited for.
const AHEAD: u64 = 16;

const PROTOCOL_3: i32 = 196_608;
const READY: u8 = b'Z';
const ERROR: u8 = b'E';

pub async fn run(words: &Words) -> Outcome<()> {
    let server = Server::of(words)?;
    let megabytes = words.number("mb", 200)?;
    let trips = words.number("trips", 2_000)?;
    server.sql("drop role if exists load_role").await?;
    server.sql("create role load_role superuser login password 'any'").await?;
    let mut line = Line::connect(server).await?;
    println!("channel: PostgreSQL's protocol, {megabytes} MB each way, {trips} round trips");
    let mut times = Vec::new();
    for _ in 0..trips {
        let begun = Instant::now();
        let ready = line.ready;
        line.send(&framed(b'S', &[])).await?;
        line.ready(ready + 1).await?;
        times.push(begun.elapsed());
    }
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!(
        "  there and back  {:.3} ms, {:.3} ms for 99 %",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3
    );
    let rows = (megabytes << 20) / ROW as u64;
    let begun = Begun::now(server)?;
    let query = format!("select repeat('x', {ROW}) from generate_series(1, {rows})\0");
    let ready = line.ready;
    line.send(&framed(b'Q', query.as_bytes())).await?;
    line.ready(ready + 1).await?;
    begun.tell("from the server", megabytes << 20)?;
    let begun = Begun::now(server)?;
    line.send(&framed(b'P', b"s\0select length($1::text)\0\0\0")).await?;
    let mut bind = b"\0s\0\0\0\0\x01".to_vec();
    bind.extend_from_slice(&(ROW as i32).to_be_bytes());
    bind.resize(bind.len() + ROW, b'x');
    bind.extend_from_slice(&[0, 0]);
    let once = [framed(b'B', &bind), framed(b'E', b"\0\0\0\0\0"), framed(b'S', &[])].concat();
    let ready = line.ready;
    for sent in 1..=rows {
        line.send(&once).await?;
        line.ready(ready + sent.saturating_sub(AHEAD)).await?;
    }
    line.ready(ready + rows).await?;
    begun.tell("to the server", megabytes << 20)
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
    message.extend_from_slice(body);
    message
}

/// When it began, and what had been taken then.
struct Begun {
    server: Server,
    at: Instant,
    processors: f64,
    own: f64,
}

impl Begun {
    fn now(server: Server) -> Outcome<Begun> {
        let processors = server.measure()?.processors;
        Ok(Begun { server, at: Instant::now(), processors, own: own_processors() })
    }

    fn tell(&self, what: &str, bytes: u64) -> Outcome<()> {
        let took = self.at.elapsed().as_secs_f64();
        let processors = self.server.measure()?.processors - self.processors;
        println!(
            "  {what:<15} {:.1} MB/s; the server {:.2} cores, the client {:.2}",
            bytes as f64 / took / 1e6,
            processors / took,
            (own_processors() - self.own) / took
        );
        Ok(())
    }
}

/// A session in a channel.
struct Line {
    peer: Peer,
    channel: ChannelId,
    unread: Vec<u8>,
    /// How often the server has said that it is ready.
    ready: u64,
}

impl Line {
    async fn connect(server: Server) -> Outcome<Line> {
        let ear = Ear { is_whole: true, clock_rate: 90_000, epoch: Instant::now() };
        let mut peer = Peer::join(server, None, ear).await?;
        let (channels, _) = peer.offer(&["pgwire"], &[]).await?;
        let channel = channels[0];
        peer.wait(|event| {
            matches!(event, Event::ChannelOpen(id, _) if *id == channel).then_some(())
        })
        .await?;
        let mut line = Line { peer, channel, unread: Vec::new(), ready: 0 };
        let mut startup = PROTOCOL_3.to_be_bytes().to_vec();
        startup.extend_from_slice(b"user\0load_role\0database\0postgres\0\0");
        let length = (startup.len() as i32 + 4).to_be_bytes();
        line.send(&[&length[..], &startup].concat()).await?;
        // Unasked: it was signalled on this machine.
        line.send(&framed(b'p', b"any\0")).await?;
        line.ready(1).await?;
        Ok(line)
    }

    /// Sends bytes; waits while the channel takes no more.
    async fn send(&mut self, bytes: &[u8]) -> Outcome<()> {
        let until = Instant::now() + PATIENCE;
        for chunk in bytes.chunks(CHUNK) {
            loop {
                let channel = self.peer.rtc.channel(self.channel);
                if channel.ok_or("the channel is closed")?.write(true, chunk)? {
                    break;
                }
                if Instant::now() > until {
                    return Err("the channel takes nothing".into());
                }
                self.peer.turn(Instant::now() + Duration::from_millis(5)).await?;
                self.take()?;
            }
        }
        Ok(())
    }

    /// Waits until the server has said so often that it is ready.
    async fn ready(&mut self, count: u64) -> Outcome<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.take()?;
            if self.ready >= count {
                return Ok(());
            }
            if Instant::now() > until {
                return Err("the server is not ready".into());
            }
            self.peer.turn(until).await?;
        }
    }

    /// Reads what has come.
    fn take(&mut self) -> Outcome<()> {
        while let Some(event) = self.peer.events.pop_front() {
            match event {
                Event::ChannelData(data) => self.unread.extend_from_slice(&data.data),
                Event::ChannelClose(_) => return Err("the channel was closed".into()),
                _ => {}
            }
        }
        let mut at = 0;
        while let Some(head) = self.unread.get(at..).and_then(|rest| rest.first_chunk::<5>()) {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize + 1;
            let Some(message) = self.unread.get(at..at + length) else { break };
            match message[0] {
                READY => self.ready += 1,
                ERROR => return Err(String::from_utf8_lossy(message).into_owned().into()),
                _ => {}
            }
            at += length;
        }
        self.unread.drain(..at);
        Ok(())
    }
}
