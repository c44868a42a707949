//! What a client is told over: a socket, while there is one.
//!
//! ```text
//! sent ──▶ socket                       answers, news
//!      ──▶ waiting   while it is cut    news; what is said anew as the client comes back is not kept
//! ```
//! A socket that breaks, or takes nothing for [`SEND_TIMEOUT`], is cut: whether its client
//! may come back is the session's to say.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Ended;
use crate::http::livekit::signal::{Response as Answer, SignalResponse};
use crate::rooms::{INBOX_MESSAGES, Reason};

/// A client that takes nothing for so long has lost its socket.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// A socket, and who waits for its end.
pub struct Socket {
    pub socket: WebSocket,
    pub held: oneshot::Sender<()>,
}

type Sink = SplitSink<WebSocket, Frame>;

pub struct Line {
    /// Whoever holds the socket's places is told by the second that it is done with.
    sink: Option<(Sink, oneshot::Sender<()>)>,
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    waiting_bytes_max: usize,
}

impl Line {
    /// `most`: bytes that wait while it is cut.
    pub fn new(most: usize) -> Line {
        let waiting = VecDeque::new();
        Line { sink: None, waiting, waiting_bytes: 0, waiting_bytes_max: most }
    }

    /// A socket, instead of the one before.
    pub async fn attach(&mut self, socket: Socket) -> SplitStream<WebSocket> {
        self.close("replaced").await;
        let (sink, stream) = socket.socket.split();
        self.sink = Some((sink, socket.held));
        stream
    }

    /// What is said first, and then what has waited.
    pub async fn resume(&mut self, first: Answer) -> Result<(), Ended> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.send(first).await?;
        for bytes in waiting {
            self.put(bytes).await?;
        }
        Ok(())
    }

    /// What cannot be sent waits, as far as there is room for it.
    pub async fn send(&mut self, message: Answer) -> Result<(), Ended> {
        if self.sink.is_none() && is_said_anew(&message) {
            return Ok(());
        }
        self.put(SignalResponse { message: Some(message) }.encode_to_vec().into()).await
    }

    async fn put(&mut self, bytes: Bytes) -> Result<(), Ended> {
        if let Some((sink, _)) = &mut self.sink {
            let sent = timeout(SEND_TIMEOUT, sink.send(Frame::Binary(bytes.clone()))).await;
            if matches!(sent, Ok(Ok(()))) {
                return Ok(());
            }
            self.cut();
        }
        self.waiting_bytes += bytes.len();
        self.waiting.push_back(bytes);
        let is_full =
            self.waiting.len() > INBOX_MESSAGES || self.waiting_bytes > self.waiting_bytes_max;
        if is_full { Err(Ended::By(Reason::TooSlow)) } else { Ok(()) }
    }

    pub fn is_cut(&self) -> bool {
        self.sink.is_none()
    }

    /// The socket is gone.
    pub fn cut(&mut self) {
        self.sink = None;
    }

    /// Closes the socket, in good order.
    pub async fn close(&mut self, reason: &'static str) {
        let Some((mut sink, _held)) = self.sink.take() else { return };
        let frame = CloseFrame { code: 1000, reason: reason.into() };
        // It is over either way.
        let _ = timeout(SEND_TIMEOUT, async {
            let _ = sink.send(Frame::Close(Some(frame))).await;
            let _ = sink.close().await;
        })
        .await;
    }
}

/// Whether a message is of no use to a client that comes back: descriptions, candidates and
/// what answers a ping.
fn is_said_anew(message: &Answer) -> bool {
    matches!(
        message,
        Answer::Offer(_)
            | Answer::Answer(_)
            | Answer::Reconnect(_)
            | Answer::Trickle(_)
            | Answer::Pong(_)
            | Answer::PongResp(_)
            | Answer::MediaSections(_)
            | Answer::SpeakersChanged(_)
            | Answer::ConnectionQuality(_)
    )
}
