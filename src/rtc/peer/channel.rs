//! Data channels: messages, each whole and of one kind.
//!
//! A task takes what arrives and keeps a few messages for whoever receives; when those are
//! not taken, it stops, and so does the peer once SCTP's window is full. The rate of messages
//! is bounded in the same way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Mutex, mpsc, watch};
use webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelMessage};

use super::Error;

/// Messages that have arrived and were not received.
const RECEIVED_MAX: usize = 16;
/// How long a channel that closes waits for the peer to take any more of what was sent on
/// it, and for all of that.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_MAX: Duration = Duration::from_secs(60);
/// How often it looks, at first and later.
const LINGER_LOOK_MIN: Duration = Duration::from_millis(1);
const LINGER_LOOK_MAX: Duration = Duration::from_millis(50);

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

/// How far a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Open,
    Closed,
}

/// Bounds of a channel.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub message_bytes: usize,
    pub messages_per_second: u32,
}

/// A handle of a data channel; the channel is closed when the last one is dropped. One task
/// may send while another receives.
#[derive(Clone)]
pub struct Channel {
    pub label: Arc<str>,
    pub protocol: Arc<str>,
    /// The SCTP stream.
    pub id: u16,
    /// Messages arrive in the order in which they were sent. Whether some may be lost of a
    /// channel that the peer has opened is not known: the library does not say.
    pub ordered: bool,
    inner: Arc<Inner>,
}

struct Inner {
    channel: Arc<dyn DataChannel>,
    received: Mutex<mpsc::Receiver<Message>>,
    stage: watch::Receiver<Stage>,
    bounds: Bounds,
    /// Dropped with the last handle: the task closes the channel.
    _held: mpsc::Sender<()>,
}

impl Channel {
    /// `counted` is held as long as the channel lives.
    pub(super) fn new(
        channel: Arc<dyn DataChannel>,
        (label, protocol): (&str, &str),
        ordered: bool,
        bounds: Bounds,
        counted: Box<dyn Send>,
    ) -> Channel {
        let (to_receiver, received) = mpsc::channel(RECEIVED_MAX);
        let (told, stage) = watch::channel(Stage::Opening);
        let (held, released) = mpsc::channel(1);
        let pump = Pump { channel: channel.clone(), told, to_receiver, bounds };
        tokio::spawn(async move {
            pump.run(released).await;
            drop(counted);
        });
        let id = u16::try_from(channel.id()).unwrap_or(u16::MAX);
        let inner = Inner { channel, received: Mutex::new(received), stage, bounds, _held: held };
        let (label, protocol) = (label.into(), protocol.into());
        Channel { label, protocol, id, ordered, inner: Arc::new(inner) }
    }

    /// Sends a message; waits until the channel is open and while more than
    /// [`Options::max_buffered_bytes`](super::Options::max_buffered_bytes) wait.
    pub async fn send(&self, message: Message) -> Result<(), Error> {
        let limit = self.inner.bounds.message_bytes;
        if message.len() > limit {
            return Err(Error::TooLong(limit));
        }
        self.opened().await?;
        let sent = match message {
            Message::Text(text) => self.inner.channel.send_text(&text).await,
            Message::Binary(bytes) => self.inner.channel.send(BytesMut::from(bytes)).await,
        };
        sent.map_err(|error| match error {
            webrtc::error::Error::ErrDataChannelClosed => Error::Closed,
            webrtc::error::Error::ErrOutboundPacketTooLarge => Error::TooLong(limit),
            error => Error::Failed(error.to_string()),
        })
    }

    async fn opened(&self) -> Result<(), Error> {
        let mut stage = self.inner.stage.clone();
        match stage.wait_for(|stage| *stage != Stage::Opening).await.as_deref() {
            Ok(Stage::Open) => Ok(()),
            _ => Err(Error::Closed),
        }
    }

    /// The next message; None once the channel is closed.
    pub async fn recv(&self) -> Option<Message> {
        self.inner.received.lock().await.recv().await
    }

    /// Closes it after what was sent before: nothing of that is lost while the peer takes it,
    /// up to `LINGER_MAX`. A peer that takes nothing for `LINGER` is not waited for.
    pub async fn close(&self) {
        tokio::select! {
            () = sent(&*self.inner.channel) => {}
            () = self.closed() => {}
        }
        let _ = self.inner.channel.close().await;
    }

    pub fn is_closed(&self) -> bool {
        *self.inner.stage.borrow() == Stage::Closed
    }

    /// Waits until it is closed, by whichever side.
    pub async fn closed(&self) {
        let mut stage = self.inner.stage.clone();
        let _ = stage.wait_for(|stage| *stage == Stage::Closed).await;
    }
}

/// Waits until the peer has what was sent: in the library a close goes ahead of messages that
/// its driver has not taken yet, which are lost then.
async fn sent(channel: &dyn DataChannel) {
    let begun = Instant::now();
    let mut look = LINGER_LOOK_MIN;
    let (mut least, mut moved) = (usize::MAX, begun);
    while let Ok(left @ 1..) = channel.outstanding_bytes().await {
        if left < least {
            (least, moved) = (left, Instant::now());
        }
        if moved.elapsed() >= LINGER || begun.elapsed() >= LINGER_MAX {
            tracing::debug!(left, "a channel is closed before its peer has all that was sent");
            return;
        }
        tokio::time::sleep(look).await;
        look = (look * 2).min(LINGER_LOOK_MAX);
    }
}

/// Takes what arrives on a channel until it is closed.
struct Pump {
    channel: Arc<dyn DataChannel>,
    told: watch::Sender<Stage>,
    to_receiver: mpsc::Sender<Message>,
    bounds: Bounds,
}

impl Pump {
    async fn run(self, mut released: mpsc::Receiver<()>) {
        tokio::select! {
            () = self.take() => {}
            () = async {
                released.recv().await;
                sent(&*self.channel).await;
            } => {
                let _ = self.channel.close().await;
            }
        }
        self.told.send_replace(Stage::Closed);
    }

    async fn take(&self) {
        let mut rate = Rate::new(self.bounds.messages_per_second);
        while let Some(event) = self.channel.poll().await {
            match event {
                DataChannelEvent::OnOpen => {
                    self.told.send_replace(Stage::Open);
                }
                DataChannelEvent::OnClosing | DataChannelEvent::OnClose => return,
                DataChannelEvent::OnError => {
                    let _ = self.channel.close().await;
                    return;
                }
                DataChannelEvent::OnMessage(message) => {
                    // A message proves that it is open.
                    self.told.send_if_modified(|stage| {
                        std::mem::replace(stage, Stage::Open) != Stage::Open
                    });
                    rate.wait().await;
                    if !self.hand_over(message).await {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether the channel goes on.
    async fn hand_over(&self, message: RTCDataChannelMessage) -> bool {
        let message = match message.is_string {
            false => Message::Binary(message.data.freeze()),
            true => match String::from_utf8(message.data.to_vec()) {
                Ok(text) => Message::Text(text),
                Err(_) => {
                    tracing::debug!("a text message is not UTF-8: its channel is closed");
                    let _ = self.channel.close().await;
                    return false;
                }
            },
        };
        // Nobody receives any more: what comes until it is closed is dropped.
        let _ = self.to_receiver.send(message).await;
        true
    }
}

/// So many messages in every second, and then a wait.
struct Rate {
    limit: u32,
    begun: Instant,
    taken: u32,
}

impl Rate {
    const PERIOD: Duration = Duration::from_secs(1);

    fn new(limit: u32) -> Rate {
        Rate { limit, begun: Instant::now(), taken: 0 }
    }

    async fn wait(&mut self) {
        if self.begun.elapsed() >= Rate::PERIOD {
            self.begun = Instant::now();
            self.taken = 0;
        }
        self.taken += 1;
        if self.taken > self.limit {
            tokio::time::sleep_until((self.begun + Rate::PERIOD).into()).await;
            self.begun = Instant::now();
            self.taken = 1;
        }
    }
}
