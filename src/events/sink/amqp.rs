//! AMQP 0-9-1 (RabbitMQ): a persistent message for each event, to an exchange.
//!
//! The URL is `amqp://…`; the target `EXCHANGE/ROUTING-KEY`, or the name of a queue, which
//! the default exchange delivers to. Publisher confirms are on and messages are mandatory:
//! one that no queue takes is an error.

use async_trait::async_trait;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};

use super::{Event, Sink};

/// Kept over a restart of the broker.
const PERSISTENT: u8 = 2;

struct Exchange {
    /// Its end closes the channel.
    _connection: Connection,
    channel: Channel,
    name: String,
    routing_key: String,
}

pub async fn connect(url: &str, target: &str) -> Result<Box<dyn Sink>, String> {
    let failed = |error: lapin::Error| error.to_string();
    let connection =
        Connection::connect(url, ConnectionProperties::default()).await.map_err(failed)?;
    let channel = connection.create_channel().await.map_err(failed)?;
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(failed)?;
    let (name, routing_key) = target.split_once('/').unwrap_or(("", target));
    Ok(Box::new(Exchange {
        _connection: connection,
        channel,
        name: name.to_owned(),
        routing_key: routing_key.to_owned(),
    }))
}

#[async_trait]
impl Sink for Exchange {
    async fn send(&mut self, events: &[Event]) -> Result<(), String> {
        let failed = |error: lapin::Error| error.to_string();
        let mut confirms = Vec::with_capacity(events.len());
        for event in events {
            let properties = BasicProperties::default()
                .with_message_id(event.position.to_string().into())
                .with_type(super::super::cloud::event_type(event.op).into())
                .with_content_type(super::super::CONTENT_TYPE.into())
                .with_delivery_mode(PERSISTENT);
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let (name, key) = (self.name.as_str().into(), self.routing_key.as_str().into());
            let body = event.body.to_string();
            let sent =
                self.channel.basic_publish(name, key, options, body.as_bytes(), properties).await;
            confirms.push(sent.map_err(failed)?);
        }
        for confirm in confirms {
            match confirm.await.map_err(failed)? {
                Confirmation::Ack(None) => {}
                Confirmation::Ack(Some(_)) => return Err("no queue takes the event".to_owned()),
                _ => return Err("the broker did not take the event".to_owned()),
            }
        }
        Ok(())
    }
}
