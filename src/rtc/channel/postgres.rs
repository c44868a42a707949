//! PostgreSQL's protocol in a data channel.
//!
//! The binary messages of the channel are one stream of bytes, cut anywhere; ours have at
//! most `CHUNK_BYTES_MAX`, and wait while the channel has too much to send, so that a result
//! is computed as it is taken. What is in it is served as at the PostgreSQL port, from the
//! StartupMessage on; a cancel request comes in a channel of its own, as it comes in a
//! connection of its own there. A channel that closes is a client that is gone.
//!
//! Who connects proves it by a password, whatever the rules say: a data channel may be a
//! page's in a browser, and its packets come from wherever the peer is reached at the time.
//! The rules are looked at for the address that the peer was signalled from, without a
//! certificate: one that says `trust` asks for a password here, and one that asks for a certificate
//! refuses. A password may come in clear, and unasked, where the signalling was encrypted or
//! came from the machine itself.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::{sink, stream};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Opener;
use crate::pg::{self, Chunks, Front, Origin, Tunnel};
use crate::rtc::peer::{self, Channel, Message};

pub const PROTOCOL: &str = "pgwire";

/// Serves a channel to its end.
pub async fn serve(front: Arc<Front>, opener: Opener, channel: Channel) {
    let ends = opener.principal.ends;
    let tunnel = Tunnel {
        is_encrypted: opener.is_encrypted,
        subject: None,
        is_foreign: true,
        asks_password: true,
    };
    let stream = stream_of(channel.clone());
    let served = pg::serve_tunneled(stream, Origin::Network(ends), tunnel, front);
    if let Err(error) = Box::pin(served).await {
        tracing::debug!(client = %ends.client, %error, "connection in a channel ended");
    }
    channel.close().await;
}

/// The messages of a channel as a stream of bytes.
fn stream_of(channel: Channel) -> impl AsyncRead + AsyncWrite + Unpin + Send {
    let source = stream::unfold(channel.clone(), |channel| async move {
        let message = channel.recv().await?;
        Some((bytes_of(message), channel))
    });
    let sink = sink::unfold(channel, |channel, bytes: Bytes| async move {
        super::send(&channel, Message::Binary(bytes)).await.map_err(broken)?;
        Ok(channel)
    });
    Chunks::new(Box::pin(source), Box::pin(sink))
}

fn bytes_of(message: Message) -> io::Result<Bytes> {
    match message {
        Message::Binary(bytes) => Ok(bytes),
        Message::Text(_) => {
            let error = "a text message came where the protocol has binary ones";
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

fn broken(error: peer::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}
