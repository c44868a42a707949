//! Data channels of a room, protocol `zserver.room.v1`: what participants say to each other.
//!
//! A message is text, as [`Spoken`] without its type (`{"text": "hi", "to": ["bea"]}`), or
//! bytes for everybody. What others say comes as on the WebSocket, on the channel that is
//! labelled `lossy` where it may be lost and there is one, on the other one else. Without a
//! channel it comes on the WebSocket.

use serde_json::Value;
use tokio::sync::mpsc;

use super::message::Spoken;
use crate::rtc::peer::{Channel, Message};

pub const PROTOCOL: &str = "zserver.room.v1";

/// The label of the channel for messages that may be lost.
const LOSSY: &str = "lossy";

/// Messages that wait in each direction.
const WAITING_MAX: usize = 256;

/// The channels of one participant.
pub struct Voices {
    reliable: Option<mpsc::Sender<String>>,
    lossy: Option<mpsc::Sender<String>>,
    heard: mpsc::Sender<Result<Spoken, String>>,
    said: mpsc::Receiver<Result<Spoken, String>>,
}

/// What became of a message for the participant.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    Sent,
    /// There is no channel for it.
    NoChannel,
    /// It does not take what it has to.
    TooSlow,
}

impl Default for Voices {
    fn default() -> Voices {
        let (heard, said) = mpsc::channel(WAITING_MAX);
        Voices { reliable: None, lossy: None, heard, said }
    }
}

impl Voices {
    /// Takes a channel of this protocol, in place of one with the same label.
    pub fn add(&mut self, channel: Channel) {
        let is_lossy = &*channel.label == LOSSY;
        let (to_channel, waiting) = mpsc::channel(WAITING_MAX);
        match is_lossy {
            true => self.lossy = Some(to_channel),
            false => self.reliable = Some(to_channel),
        }
        tokio::spawn(speak(channel.clone(), waiting));
        tokio::spawn(listen(channel, !is_lossy, self.heard.clone()));
    }

    /// What the participant says next; an error is of a message that is none.
    pub async fn next(&mut self) -> Result<Spoken, String> {
        match self.said.recv().await {
            Some(said) => said,
            // Its other end is here.
            None => std::future::pending().await,
        }
    }

    pub fn tell(&mut self, message: &Value, is_reliable: bool) -> Told {
        let lossy = self.lossy.as_ref().filter(|_| !is_reliable);
        let Some(channel) = lossy.or(self.reliable.as_ref()) else { return Told::NoChannel };
        match channel.try_send(message.to_string()) {
            Ok(()) => Told::Sent,
            Err(mpsc::error::TrySendError::Full(_)) if !is_reliable => Told::Sent,
            Err(mpsc::error::TrySendError::Full(_)) => Told::TooSlow,
            Err(mpsc::error::TrySendError::Closed(_)) => Told::NoChannel,
        }
    }
}

async fn speak(channel: Channel, mut waiting: mpsc::Receiver<String>) {
    while let Some(text) = waiting.recv().await {
        if channel.send(Message::Text(text)).await.is_err() {
            return;
        }
    }
}

async fn listen(channel: Channel, is_reliable: bool, heard: mpsc::Sender<Result<Spoken, String>>) {
    while let Some(message) = channel.recv().await {
        let said = match message {
            Message::Text(text) => Spoken::read(&text, is_reliable),
            Message::Binary(bytes) => Ok(Spoken::of_bytes(&bytes, is_reliable)),
        };
        if heard.send(said).await.is_err() {
            return;
        }
    }
}
