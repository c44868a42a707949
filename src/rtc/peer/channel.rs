//! Data channels: messages, each whole and of one kind.

use bytes::Bytes;

use super::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Bytes),
}

impl Message {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a channel promises (RFC 8832).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reliability {
    pub ordered: bool,
    /// Transmissions beside the first at most.
    pub max_retransmits: Option<u16>,
    /// Milliseconds that a message is tried for at most.
    pub max_lifetime_ms: Option<u16>,
}

impl Reliability {
    /// Everything arrives, in order.
    pub const RELIABLE: Reliability =
        Reliability { ordered: true, max_retransmits: None, max_lifetime_ms: None };
    /// Messages may be lost, and arrive in any order.
    pub const LOSSY: Reliability =
        Reliability { ordered: false, max_retransmits: Some(0), max_lifetime_ms: None };
}

/// A handle of a data channel; the channel is closed when the last one is dropped. One task
/// may send while another receives.
#[derive(Clone)]
pub struct Channel {
    pub label: std::sync::Arc<str>,
    pub protocol: std::sync::Arc<str>,
    /// The SCTP stream.
    pub id: u16,
}

impl Channel {
    /// Sends a message; waits until the channel is open and while more than
    /// [`Options::max_buffered_bytes`](super::Options::max_buffered_bytes) wait.
    pub async fn send(&self, _message: Message) -> Result<(), Error> {
        Err(Error::Closed)
    }

    /// The next message; None once the channel is closed.
    pub async fn recv(&self) -> Option<Message> {
        None
    }

    /// Closes it after what was sent before.
    pub async fn close(&self) {}
}
