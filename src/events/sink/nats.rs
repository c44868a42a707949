//! NATS: a message for each event, on a subject of a JetStream stream.
//!
//! The URL is `nats://…`. Each message carries its id as `Nats-Msg-Id`, by which a stream
//! leaves out repetitions within its window, and is answered once the stream has stored it;
//! a subject that no stream listens on is an error.

use async_nats::HeaderMap;
use async_trait::async_trait;
use futures::future::try_join_all;
use serde_json::Value;

use super::{Event, Sink};

struct Subject {
    client: async_nats::Client,
    name: String,
}

pub async fn connect(url: &str, target: &str) -> Result<Box<dyn Sink>, String> {
    let client = async_nats::connect(url).await.map_err(|error| error.to_string())?;
    Ok(Box::new(Subject { client, name: target.to_owned() }))
}

impl Subject {
    async fn publish(&self, event: &Event) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", event.position.to_string().as_str());
        headers.insert("Content-Type", super::super::CONTENT_TYPE);
        let payload = event.body.to_string().into();
        let answer = self.client.request_with_headers(self.name.clone(), headers, payload).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let answer: Value =
            serde_json::from_slice(&answer.payload).map_err(|error| error.to_string())?;
        match (&answer["error"], &answer["stream"]) {
            (Value::Null, Value::String(_)) => Ok(()),
            (error, _) => Err(format!("no stream has stored the event: {error}")),
        }
    }
}

#[async_trait]
impl Sink for Subject {
    async fn send(&mut self, events: &[Event]) -> Result<(), String> {
        // Sent in their order, which one connection keeps; answered in any.
        try_join_all(events.iter().map(|event| self.publish(event))).await.map(drop)
    }
}
