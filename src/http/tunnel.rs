//! `GET /v2`, upgraded: PostgreSQL's protocol in the binary frames of a WebSocket, as Neon's
//! serverless driver speaks it.
//!
//! The frames are one stream of bytes, cut anywhere. What is in it is served as at the
//! PostgreSQL port (`pg::serve_tunneled`): the whole protocol, by the rules of `auth::hba` for
//! this connection's address. Whoever comes over TLS, or from the machine itself, is asked
//! for its password in clear, and may send it, and the first query, before it is asked: the
//! driver saves a round trip so. A page of another origin is let in by a password only: by
//! an address or a certificate it would be whoever looks at it in a browser. The query of the URL (`address=`) says where a proxy would
//! go, and is not looked at.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use bytes::{Buf, Bytes};
use futures::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::State;
use super::principal;
use super::problem::Problem;
use super::socket::{BUFFER_BYTES, check_origin, count, upgrade};
use crate::pg::{self, Origin, Tunnel};

/// Bytes of a frame that is sent at most.
const FRAME_BYTES_MAX: usize = 64 << 10;

/// Bytes of a frame that comes: the protocol itself bounds what a message may have.
const FRAME_BYTES_TAKEN_MAX: usize = 16 << 20;

/// `GET /v2`: 101 and PostgreSQL's protocol; 426 without an upgrade.
pub async fn open(http: State, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let peer = principal::peer(&parts)?;
    let is_foreign = check_origin(&http, &parts).is_err();
    let upgrade = upgrade(&mut parts)
        .await?
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(FRAME_BYTES_TAKEN_MAX)
        .max_frame_size(FRAME_BYTES_TAKEN_MAX);
    let front = http.front.clone();
    Ok(upgrade.on_upgrade(move |socket| async move {
        let _counted = count(&front.database.statistics);
        let stream = Frames { socket, came: Bytes::new() };
        let subject = peer.subject.clone();
        let tunnel = Tunnel { is_encrypted: peer.is_encrypted, subject, is_foreign };
        let origin = Origin::Network(peer.ends);
        if let Err(error) = Box::pin(pg::serve_tunneled(stream, origin, tunnel, front)).await {
            tracing::debug!(client = %peer.ends.client, %error, "connection ended");
        }
    }))
}

/// The binary frames of a socket as a stream of bytes.
struct Frames {
    socket: WebSocket,
    /// Of a frame that came, what was not read yet.
    came: Bytes,
}

fn broken(error: axum::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}

impl AsyncRead for Frames {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.came.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                None | Some(Ok(Message::Close(_))) => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                Some(Ok(Message::Binary(bytes))) => self.came = bytes,
                Some(Ok(Message::Text(_))) => {
                    let error = "a text frame came where the protocol has binary ones";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
                }
                // The library answers pings.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            }
        }
        let count = self.came.len().min(buffer.remaining());
        buffer.put_slice(&self.came[..count]);
        self.came.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Frames {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(broken)?;
        let count = bytes.len().min(FRAME_BYTES_MAX);
        let frame = Message::Binary(Bytes::copy_from_slice(&bytes[..count]));
        Pin::new(&mut self.socket).start_send(frame).map_err(broken)?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(broken)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(broken)
    }
}
