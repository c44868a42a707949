//! Kafka: a record for each event, to partition 0 of a topic, which keeps their order.
//!
//! The URL is a list of brokers: `host:9092,host:9092`, in clear. The key is the event's id;
//! a piece is answered once all replicas in sync have it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::Utc;
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::record::Record;

use super::{Event, Sink};

struct Topic(PartitionClient);

pub async fn connect(url: &str, target: &str) -> Result<Box<dyn Sink>, String> {
    let failed = |error: rskafka::client::error::Error| error.to_string();
    let url = url.strip_prefix("kafka://").unwrap_or(url);
    let brokers = url.split(',').map(|broker| broker.trim().to_owned()).collect();
    let client = ClientBuilder::new(brokers).build().await.map_err(failed)?;
    let topic = client.partition_client(target, 0, UnknownTopicHandling::Error).await;
    Ok(Box::new(Topic(topic.map_err(failed)?)))
}

#[async_trait]
impl Sink for Topic {
    async fn send(&mut self, events: &[Event]) -> Result<(), String> {
        let record = |event: &Event| Record {
            key: Some(event.position.to_string().into_bytes()),
            value: Some(event.body.to_string().into_bytes()),
            headers: BTreeMap::from([(
                "content-type".to_owned(),
                super::super::CONTENT_TYPE.as_bytes().to_vec(),
            )]),
            timestamp: Utc::now(),
        };
        let records = events.iter().map(record).collect();
        let done = self.0.produce(records, Compression::NoCompression).await;
        done.map(drop).map_err(|error| error.to_string())
    }
}
