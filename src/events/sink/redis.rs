//! Redis: an entry of a stream for each event, with its id, its type and the event itself.
//!
//! The URL is `redis://…`. A piece is one transaction (MULTI); the answer to it is what is
//! waited for: what a server keeps of it is its own configuration (`appendfsync`).

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;

use super::{Event, Sink};

struct Stream {
    connection: MultiplexedConnection,
    name: String,
}

pub async fn connect(url: &str, target: &str) -> Result<Box<dyn Sink>, String> {
    let client = redis::Client::open(url).map_err(|error| error.to_string())?;
    let connected = client.get_multiplexed_async_connection().await;
    let connection = connected.map_err(|error| error.to_string())?;
    Ok(Box::new(Stream { connection, name: target.to_owned() }))
}

#[async_trait]
impl Sink for Stream {
    async fn send(&mut self, events: &[Event]) -> Result<(), String> {
        let mut piece = redis::pipe();
        piece.atomic();
        for event in events {
            let entry = piece.cmd("XADD").arg(&self.name).arg("*");
            let (id, kind) =
                (event.position.to_string(), super::super::cloud::event_type(event.op));
            entry.arg("id").arg(id).arg("type").arg(kind).arg("event").arg(event.body.to_string());
        }
        let done: redis::RedisResult<Vec<String>> = piece.query_async(&mut self.connection).await;
        done.map(drop).map_err(|error| error.to_string())
    }
}
