//! Pieces of bytes as one stream of them: the frames of a WebSocket, the messages of a data
//! channel. Where they are cut means nothing.
//!
//! ```text
//! came   Q 0 0 | 0 20 SELECT 1 \0 Q 0    read as   Q 0 0 0 20 SELECT 1 \0 Q 0
//! sent   up to CHUNK_BYTES_MAX each, as soon as the other side takes it
//! ```
//! The end of what comes is the end of the stream. It does not read ahead: a piece is taken
//! when the one before was read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a piece that is sent, at most.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;

/// What comes, and where things go.
pub struct Chunks<R, W> {
    source: R,
    sink: W,
    /// Of a piece that came, what was not read yet.
    came: Bytes,
}

impl<R, W> Chunks<R, W>
where
    R: Stream<Item = io::Result<Bytes>> + Unpin,
    W: Sink<Bytes, Error = io::Error> + Unpin,
{
    pub fn new(source: R, sink: W) -> Chunks<R, W> {
        Chunks { source, sink, came: Bytes::new() }
    }
}

impl<R, W> AsyncRead for Chunks<R, W>
where
    R: Stream<Item = io::Result<Bytes>> + Unpin,
    W: Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.came.is_empty() {
            match ready!(Pin::new(&mut self.source).poll_next(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(piece) => self.came = piece?,
            }
        }
        let count = self.came.len().min(buffer.remaining());
        buffer.put_slice(&self.came[..count]);
        self.came.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<R, W> AsyncWrite for Chunks<R, W>
where
    R: Unpin,
    W: Sink<Bytes, Error = io::Error> + Unpin,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.sink).poll_ready(cx))?;
        let count = bytes.len().min(CHUNK_BYTES_MAX);
        Pin::new(&mut self.sink).start_send(Bytes::copy_from_slice(&bytes[..count]))?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sink).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sink).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::channel::mpsc;
    use futures::{SinkExt, StreamExt, stream};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn where_pieces_are_cut_means_nothing() {
        let pieces = ["ab", "", "c", "def"].map(|text| Ok(Bytes::from(text)));
        let sink = futures::sink::drain().sink_map_err(|never| match never {});
        let mut chunks = Chunks::new(stream::iter(pieces), sink);
        let mut four = [0; 4];
        chunks.read_exact(&mut four).await.expect("four bytes");
        let mut rest = String::new();
        chunks.read_to_string(&mut rest).await.expect("text");
        assert_eq!((&four, rest.as_str()), (b"abcd", "ef"));
    }

    #[tokio::test]
    async fn what_is_large_is_sent_in_pieces_and_what_fails_is_said() {
        let (sender, sent) = mpsc::unbounded();
        let sink = sender.sink_map_err(io::Error::other);
        let broken = stream::iter([Err(io::Error::other("broken"))]);
        let mut chunks = Chunks::new(broken, sink);
        let bytes: Vec<u8> = (0..2 * CHUNK_BYTES_MAX + 7).map(|at| at as u8).collect();
        chunks.write_all(&bytes).await.expect("all is taken");
        chunks.flush().await.expect("flushed");
        assert!(chunks.read_u8().await.is_err());
        drop(chunks);
        let sent: Vec<Bytes> = sent.collect().await;
        assert_eq!(
            sent.iter().map(Bytes::len).collect::<Vec<_>>(),
            [CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 7]
        );
        assert_eq!(sent.concat(), bytes);
    }
}
