//! AMQP 0-9-1 (RabbitMQ): a persistent message for each event, to an exchange.
//!
//! The URL is `amqp://user:password@host:5672/vhost`; the target `EXCHANGE/ROUTING-KEY`, or
//! the name of a queue, which the default exchange delivers to. Either has to be there.
//! Publisher confirms are on and messages are mandatory: one that no queue takes is an
//! error.
//!
//! Many are sent before the first is confirmed. Where a queue refuses some of them (one
//! that is full, `overflow=reject-publish`), later ones may be there before those that are
//! sent again.

use async_trait::async_trait;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Error, ExchangeKind,
};

use super::{Failure, Message, Sink};

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
    open(url, target).await.map(|exchange| Box::new(exchange) as Box<dyn Sink>).map_err(told)
}

async fn open(url: &str, target: &str) -> Result<Exchange, Error> {
    let properties = ConnectionProperties::default().with_connection_name("zserver".into());
    let connection = Connection::connect(url, properties).await?;
    let channel = connection.create_channel().await?;
    let (name, routing_key) = target.split_once('/').unwrap_or(("", target));
    // Whether it is there: a message to an exchange that is not would close the channel,
    // one to such a queue come back.
    match name {
        "" => {
            let options = QueueDeclareOptions { passive: true, ..Default::default() };
            channel.queue_declare(routing_key.into(), options, FieldTable::default()).await?;
        }
        name => {
            let options = ExchangeDeclareOptions { passive: true, ..Default::default() };
            let kind = ExchangeKind::Direct;
            channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await?;
        }
    }
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(Exchange {
        _connection: connection,
        channel,
        name: name.to_owned(),
        routing_key: routing_key.to_owned(),
    })
}

fn told(error: Error) -> String {
    error.to_string()
}

#[async_trait]
impl Sink for Exchange {
    async fn send(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let mut confirms = Vec::with_capacity(messages.len());
        let mut broken = None;
        for message in messages {
            let properties = BasicProperties::default()
                .with_message_id(message.id.as_str().into())
                .with_type(message.kind.as_str().into())
                .with_content_type(super::super::CONTENT_TYPE.into())
                .with_delivery_mode(PERSISTENT);
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let (name, key) = (self.name.as_str().into(), self.routing_key.as_str().into());
            let body = message.body.as_bytes();
            match self.channel.basic_publish(name, key, options, body, properties).await {
                Ok(confirm) => confirms.push(confirm),
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        let sent = confirms.len();
        for (taken, confirm) in confirms.into_iter().enumerate() {
            let refused = |why: &str| Err(Failure { taken, why: why.to_owned() });
            match confirm.await {
                Ok(Confirmation::Ack(None)) => {}
                Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_))) => {
                    return refused("no queue takes the event");
                }
                Ok(_) => return refused("the broker did not take the event"),
                Err(error) => return refused(&told(error)),
            }
        }
        match broken {
            Some(error) => Err(Failure { taken: sent, why: told(error) }),
            None => Ok(()),
        }
    }
}
