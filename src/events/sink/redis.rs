//! Redis: an entry of a stream for each event, with its id, its type and the event itself.
//!
//! The URL is `redis://user:password@host:6379/0`. A piece is one transaction (MULTI), so
//! that its entries are all there or none is; the answer to it is what is waited for: what
//! a server keeps of it is its own configuration (`appendfsync`). A stream that is not
//! there is made. Nothing is trimmed: that is for who reads it (XTRIM).

use async_trait::async_trait;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;

use super::{Failure, Message, Sink, TIMEOUT};

struct Stream {
    connection: MultiplexedConnection,
    name: String,
}

pub async fn connect(url: &str, target: &str) -> Result<Box<dyn Sink>, String> {
    let client = redis::Client::open(url).map_err(|error| error.to_string())?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT));
    let connected = client.get_multiplexed_async_connection_with_config(&config).await;
    let connection = connected.map_err(|error| error.to_string())?;
    Ok(Box::new(Stream { connection, name: target.to_owned() }))
}

#[async_trait]
impl Sink for Stream {
    async fn send(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let mut piece = redis::pipe();
        piece.atomic();
        for message in messages {
            let entry = piece.cmd("XADD").arg(&self.name).arg("*");
            entry.arg("id").arg(&message.id).arg("type").arg(&message.kind);
            entry.arg("event").arg(&message.body);
        }
        let done: redis::RedisResult<Vec<String>> = piece.query_async(&mut self.connection).await;
        done.map(drop).map_err(|error| Failure { taken: 0, why: error.to_string() })
    }
}
