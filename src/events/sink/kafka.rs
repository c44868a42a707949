//! Kafka: a record for each event, to partition 0 of a topic, which keeps their order.
//!
//! The URL is a list of brokers, `host:9092,host:9092`, in clear and without a password.
//! The key is the event's id. A piece goes in requests of [`REQUEST_BYTES`], as brokers
//! limit them; one is answered once all replicas in sync have it (`acks=all`), and is
//! stored as a whole. What the library tries again within [`DEADLINE`] may be there twice.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use rskafka::BackoffConfig;
use rskafka::client::ClientBuilder;
use rskafka::client::error::Error;
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::record::Record;

use super::{Failure, Message, Sink};

/// How long the library may try again what has failed.
const DEADLINE: Duration = Duration::from_secs(5);
/// Of a request, about: a broker takes 1 MiB (`message.max.bytes`).
const REQUEST_BYTES: usize = 900_000;
/// Of a record beside its body.
const RECORD_BYTES: usize = 128;

struct Topic(PartitionClient);

pub async fn connect(url: &str, target: &str) -> Result<Box<dyn Sink>, String> {
    let url = url.strip_prefix("kafka://").unwrap_or(url);
    if url.contains('@') {
        return Err("passwords are not supported for Kafka".to_owned());
    }
    let brokers = url.split(',').map(|broker| broker.trim().to_owned()).collect();
    let backoff = BackoffConfig { deadline: Some(DEADLINE), ..BackoffConfig::default() };
    let client = ClientBuilder::new(brokers).client_id("zserver").backoff_config(backoff);
    let client = client.build().await.map_err(|error| told(&error))?;
    let topic = client.partition_client(target, 0, UnknownTopicHandling::Error).await;
    Ok(Box::new(Topic(topic.map_err(|error| told(&error))?)))
}

/// What an error says, with what it comes from.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

#[async_trait]
impl Sink for Topic {
    async fn send(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let mut taken = 0;
        while taken < messages.len() {
            let mut bytes = 0;
            let fits = messages[taken..].iter().take_while(|message| {
                bytes += message.body.len() + RECORD_BYTES;
                bytes <= REQUEST_BYTES
            });
            let count = fits.count().max(1);
            let records = messages[taken..taken + count].iter().map(record).collect();
            let done = self.0.produce(records, Compression::NoCompression).await;
            done.map_err(|error| Failure { taken, why: told(&error) })?;
            taken += count;
        }
        Ok(())
    }
}

fn record(message: &Message) -> Record {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    Record {
        key: Some(message.id.clone().into_bytes()),
        value: Some(message.body.clone().into_bytes()),
        headers: BTreeMap::from([header("content-type", super::super::CONTENT_TYPE)]),
        timestamp: Utc::now(),
    }
}
