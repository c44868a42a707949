//! One connection to the second port, HTTP/1.1 or HTTP/2, with TLS or without; WebSockets
//! over either (RFC 6455, RFC 8441).
//!
//! With a certificate both are served on the one port, told apart by the first byte;
//! `require_tls` and the rules of `auth::hba` say who may come without.
//!
//! Not here: responses before the last one (103 Early Hints of RFC 8297, 104 of the IETF's
//! resumable uploads), which hyper's server has no way to send.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::principal::{Peer, Place};
use crate::pg::{Front, subject};
use crate::session::Ends;

/// The first byte of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;
/// What the parser takes of a head beyond its limits, so that `guard::sizes` tells of it.
const HEAD_BYTES_SPARE: usize = 8 << 10;
const HEADERS_SPARE: usize = 28;
/// Requests at a time on one connection of HTTP/2, sockets among them.
const STREAMS_MAX: u32 = 100;

/// Serves a connection until its client or the server ends; requests that run then are
/// still answered. `place` is kept for as long, and by a WebSocket that it becomes.
pub async fn serve(
    stream: TcpStream,
    ends: Ends,
    router: Router,
    front: Arc<Front>,
    stop: CancellationToken,
    place: Place,
) {
    let limit = front.database.config().http_read_timeout.duration();
    let first = async {
        let mut byte = [0];
        let read = stream.peek(&mut byte).await;
        (read.is_ok_and(|count| count > 0)).then_some(byte[0])
    };
    let first = tokio::select! {
        first = tokio::time::timeout(limit, first) => first,
        () = stop.cancelled() => return,
    };
    let peer = Peer { ends, is_encrypted: false, subject: None, _place: place };
    match (first, front.tls.load_full()) {
        (Ok(Some(TLS_HANDSHAKE)), Some(tls)) => {
            let accepted = tokio::time::timeout(limit, tls.http.accept(stream)).await;
            let Ok(Ok(stream)) = accepted else {
                tracing::debug!(client = %ends.client, "could not accept a TLS connection");
                return;
            };
            let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let Ok(subject) = leaf.map(subject).transpose() else { return };
            let peer = Peer { is_encrypted: true, subject, ..peer };
            converse(stream, peer, router, &front, stop).await;
        }
        (Ok(Some(_)), _) => converse(stream, peer, router, &front, stop).await,
        _ => {}
    }
}

async fn converse<S>(stream: S, peer: Peer, router: Router, front: &Front, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = front.database.config();
    let limit = config.http_read_timeout.duration();
    let head_bytes = config.http_max_head.get() + HEAD_BYTES_SPARE;
    let peer = Arc::new(peer);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { answer.await.map_err(|error: Infallible| error) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .max_buf_size(head_bytes)
        .max_headers(config.http_max_headers + HEADERS_SPARE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limit)
        .keep_alive_timeout(limit)
        .max_concurrent_streams(STREAMS_MAX)
        .enable_connect_protocol()
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX));
    let mut connection =
        std::pin::pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the HTTP port ended");
    }
}
