//! `GET /v2`, upgraded: PostgreSQL's protocol in the binary frames of a WebSocket, as Neon's
//! serverless driver speaks it.
//!
//! The frames are one stream of bytes, cut anywhere. What is in it is served as at the
//! PostgreSQL port (`pg::serve_tunneled`): the whole protocol, by the rules of `auth::hba` for
//! this connection's address. Whoever comes over TLS, or from the machine itself, is asked
//! for its password in clear, and may send it, and the first query, before it is asked: the
//! driver saves a round trip so. A page of another origin, or under a name that is none of
//! this server's, is let in by a password only: by an address or a certificate it would be whoever looks at it in a browser. The query of the URL (`address=`) says where a proxy would
//! go, and is not looked at.

use std::future::ready;
use std::io;

use axum::extract::Request;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use bytes::Bytes;
use futures::{SinkExt, StreamExt, TryStreamExt};
use tokio::io::{AsyncRead, AsyncWrite};

use super::State;
use super::guard;
use super::principal;
use super::problem::Problem;
use super::socket::{BUFFER_BYTES, check_origin, count, upgrade};
use crate::pg::{self, Chunks, Origin, Tunnel};

/// Bytes of a frame that comes: the protocol itself bounds what a message may have.
const FRAME_BYTES_TAKEN_MAX: usize = 16 << 20;

/// `GET /v2`: 101 and PostgreSQL's protocol; 426 without an upgrade.
pub async fn open(http: State, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let peer = principal::peer(&parts)?;
    let is_foreign = check_origin(&http, &parts).is_err() || !guard::is_own_host(&parts);
    let upgrade = upgrade(&mut parts)
        .await?
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(FRAME_BYTES_TAKEN_MAX)
        .max_frame_size(FRAME_BYTES_TAKEN_MAX);
    let front = http.front.clone();
    Ok(upgrade.on_upgrade(move |socket| async move {
        let _counted = count(&front.database.statistics);
        let stream = stream_of(socket);
        let subject = peer.subject.clone();
        let is_encrypted = peer.is_encrypted;
        let tunnel = Tunnel { is_encrypted, subject, is_foreign, asks_password: false };
        let origin = Origin::Network(peer.ends);
        if let Err(error) = Box::pin(pg::serve_tunneled(stream, origin, tunnel, front)).await {
            tracing::debug!(client = %peer.ends.client, %error, "connection ended");
        }
    }))
}

/// The binary frames of a socket as a stream of bytes.
fn stream_of(socket: WebSocket) -> impl AsyncRead + AsyncWrite + Unpin + Send {
    let (sink, frames) = socket.split();
    let frames = frames.take_while(|frame| ready(!matches!(frame, Ok(Message::Close(_)))));
    let source = frames.map_err(broken).try_filter_map(|frame| ready(bytes_of(frame)));
    let frame = |bytes| ready(Ok::<_, axum::Error>(Message::Binary(bytes)));
    Chunks::new(source, sink.with(frame).sink_map_err(broken))
}

/// The library answers pings.
fn bytes_of(frame: Message) -> io::Result<Option<Bytes>> {
    match frame {
        Message::Binary(bytes) => Ok(Some(bytes)),
        Message::Text(_) => {
            let error = "a text frame came where the protocol has binary ones";
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(None),
    }
}

fn broken(error: axum::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}
