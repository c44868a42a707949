//! NATS: a message for each event, on a subject of a JetStream stream.
//!
//! The URL is `nats://user:password@host:4222`, or several with commas between them. Each
//! message has the sink's id and its own as `Nats-Msg-Id`, by which a stream leaves out
//! repetitions within its window, and is taken once the stream has answered that it has
//! stored it; a subject that no stream listens on is an error.
//!
//! Many are sent before the first is answered. So that none is stored before the one that
//! it follows, each asks for that one to be the stream's last (`Nats-Expected-Last-Msg-Id`).
//! Where others write to the stream, too, that may not hold: then those that are left go
//! one by one.

use async_nats::client::RequestErrorKind;
use async_nats::{Client, ConnectOptions, HeaderMap, ServerAddr};
use async_trait::async_trait;
use futures::future::join_all;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Failure, Message, Sink};

/// JetStream's code for another last message than the expected one.
const NOT_THE_LAST: u64 = 10_070;

struct Subject {
    client: Client,
    name: String,
    /// Of the sink.
    id: String,
}

/// Why a message was not stored.
enum Refused {
    NotTheLast,
    Else(String),
}

pub async fn connect(url: &str, target: &str, id: &str) -> Result<Box<dyn Sink>, String> {
    let servers: Vec<ServerAddr> = url
        .split(',')
        .map(|server| server.trim().parse().map_err(|error| format!("{error}")))
        .collect::<Result<_, _>>()?;
    let mut options = ConnectOptions::new().name("zserver");
    // The library knows the parts of a URL, and does not send these.
    if let Some(server) = servers.iter().find(|server| server.has_user_pass()) {
        let plain = |part: Option<&str>| {
            percent_decode_str(part.unwrap_or_default()).decode_utf8_lossy().into_owned()
        };
        options = options.user_and_password(plain(server.username()), plain(server.password()));
    }
    let client = options.connect(servers).await.map_err(|error| error.to_string())?;
    Ok(Box::new(Subject { client, name: target.to_owned(), id: id.to_owned() }))
}

impl Subject {
    fn id_of(&self, message: &Message) -> String {
        format!("{}/{}", self.id, message.id)
    }

    async fn publish(&self, message: &Message, after: Option<&Message>) -> Result<(), Refused> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", self.id_of(message).as_str());
        headers.insert("Content-Type", super::super::CONTENT_TYPE);
        if let Some(after) = after {
            headers.insert("Nats-Expected-Last-Msg-Id", self.id_of(after).as_str());
        }
        let payload = message.body.clone().into();
        let answer = self.client.request_with_headers(self.name.clone(), headers, payload).await;
        let answer = answer.map_err(|error| {
            Refused::Else(match error.kind() {
                RequestErrorKind::NoResponders => {
                    format!("no stream listens on the subject \"{}\"", self.name)
                }
                RequestErrorKind::TimedOut => "the broker did not answer in time".to_owned(),
                _ => error.to_string(),
            })
        })?;
        let answer: Value = serde_json::from_slice(&answer.payload).map_err(|_| {
            Refused::Else(format!("who listens on \"{}\" is not a stream", self.name))
        })?;
        match (&answer["error"], &answer["stream"]) {
            (Value::Null, Value::String(_)) => Ok(()),
            (error, _) if error["err_code"] == NOT_THE_LAST => Err(Refused::NotTheLast),
            (error, _) => {
                let why = error["description"].as_str().unwrap_or("no reason given");
                Err(Refused::Else(format!("the stream has not stored an event: {why}")))
            }
        }
    }
}

#[async_trait]
impl Sink for Subject {
    async fn send(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let before = |at: usize| at.checked_sub(1).and_then(|before| messages.get(before));
        let sent = messages.iter().enumerate().map(|(at, one)| self.publish(one, before(at)));
        // Sent in their order, which one connection keeps; answered in any.
        let answers = join_all(sent).await;
        let refused = answers.into_iter().enumerate().find(|(_, answer)| answer.is_err());
        let first = match refused {
            None => return Ok(()),
            Some((taken, Err(Refused::Else(why)))) => return Err(Failure { taken, why }),
            Some((first, _)) => first,
        };
        for (taken, message) in messages.iter().enumerate().skip(first) {
            match self.publish(message, None).await {
                Ok(()) => {}
                Err(Refused::Else(why)) => return Err(Failure { taken, why }),
                Err(Refused::NotTheLast) => {
                    let why = "the stream refuses what it was not asked".to_owned();
                    return Err(Failure { taken, why });
                }
            }
        }
        Ok(())
    }
}
