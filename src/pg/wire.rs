//! The two byte streams of a connection, each with its buffer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, BytesMut};
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::frame::{self, Frame, Limits};
use super::lost;
use super::output::Output;
use super::pace::{self, Pace};
use crate::config::Config;
use crate::error::Result;

/// A buffer that one long message has grown is given back when it is larger.
const KEPT_BUFFER_BYTES: usize = 256 << 10;

/// With or without TLS.
pub enum Transport<S> {
    Plain(S),
    Tls(Box<TlsStream<Prefixed<S>>>),
    /// Between the two.
    Upgrading,
}

pub struct Wire<S> {
    pub transport: Transport<S>,
    pub input: BytesMut,
    pub output: Output,
    limits: Limits,
    startup_bytes_max: usize,
    read_bytes: usize,
    write_bytes: usize,
    pace: Pace,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(stream: S, config: &Config) -> Wire<S> {
        Wire {
            transport: Transport::Plain(stream),
            input: BytesMut::new(),
            output: Output::default(),
            limits: Limits { message_bytes: config.max_message.get() },
            startup_bytes_max: config.max_startup_message.get(),
            read_bytes: config.read_buffer.get(),
            write_bytes: config.write_buffer.get(),
            pace: Pace::default(),
        }
    }

    /// A whole message that was read already.
    pub fn buffered_frame(&mut self) -> Result<Option<Frame>> {
        frame::take(&mut self.input, self.limits)
    }

    /// Reads some bytes; false at the end of the stream. Dropping the future
    /// loses nothing.
    pub async fn fill(&mut self) -> Result<bool> {
        if self.input.is_empty() && self.input.capacity() > KEPT_BUFFER_BYTES {
            self.input = BytesMut::new();
        }
        let spare = self.input.capacity() - self.input.len();
        if spare < self.read_bytes / 2 {
            self.input.reserve(self.read_bytes);
        }
        let count = match &mut self.transport {
            Transport::Plain(stream) => stream.read_buf(&mut self.input).await,
            Transport::Tls(stream) => stream.read_buf(&mut self.input).await,
            Transport::Upgrading => return Ok(false),
        };
        Ok(count.map_err(|error| lost(&error))? > 0)
    }

    /// As [`Wire::fill`], for what comes after an answer: it may come soon.
    pub async fn fill_soon(&mut self) -> Result<bool> {
        let (began, until) = self.pace.begin();
        while Instant::now() < until {
            if let Some(read) = self.fill().now_or_never() {
                self.pace.end(began);
                return read;
            }
            pace::look().await;
        }
        let read = self.fill().await;
        self.pace.end(began);
        read
    }

    /// The next message; `None` at the end of the stream.
    pub async fn frame(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.buffered_frame()? {
                return Ok(Some(frame));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// The next message of before login; `None` at the end of the stream.
    pub async fn startup_packet(&mut self) -> Result<Option<bytes::Bytes>> {
        loop {
            match frame::take_startup(&mut self.input, self.startup_bytes_max) {
                Ok(Some(body)) => return Ok(Some(body)),
                Ok(None) => {}
                Err(error) => {
                    // As PostgreSQL: whoever sends this may not speak the protocol at all.
                    tracing::info!("{error}");
                    return Ok(None);
                }
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// The first byte that the client sends, which stays to be read; `None` at the end of
    /// the stream.
    pub async fn first_byte(&mut self) -> Result<Option<u8>> {
        while self.input.is_empty() {
            if !self.fill().await? {
                return Ok(None);
            }
        }
        Ok(self.input.first().copied())
    }

    /// Messages before login are short.
    pub fn limit_to_login(&mut self) {
        self.limits.message_bytes = self.startup_bytes_max;
    }

    pub fn limit_to_session(&mut self, config: &Config) {
        self.limits.message_bytes = config.max_message.get();
    }

    /// Whether so much is waiting that the client must take some first.
    pub fn is_full(&self) -> bool {
        self.output.bytes.len() >= self.write_bytes
    }

    /// Sends what is waiting. Dropping the future leaves the rest for the next.
    pub async fn flush(&mut self) -> Result<()> {
        self.output.is_urgent = false;
        if self.output.bytes.is_empty() {
            return Ok(());
        }
        match &mut self.transport {
            Transport::Plain(stream) => write_all(stream, &mut self.output.bytes).await,
            Transport::Tls(stream) => write_all(stream, &mut self.output.bytes).await,
            Transport::Upgrading => Ok(()),
        }
        .map_err(|error| lost(&error))?;
        if self.output.bytes.capacity() > KEPT_BUFFER_BYTES.max(2 * self.write_bytes) {
            self.output.bytes = BytesMut::new();
        } else {
            self.output.bytes.clear();
        }
        Ok(())
    }

    /// Tells the other side that nothing follows.
    pub async fn shutdown(&mut self) {
        // The connection is over either way.
        let _ = match &mut self.transport {
            Transport::Plain(stream) => stream.shutdown().await,
            Transport::Tls(stream) => stream.shutdown().await,
            Transport::Upgrading => Ok(()),
        };
    }
}

/// A stream of which something was read already: that comes first.
pub struct Prefixed<S> {
    before: BytesMut,
    stream: S,
}

impl<S> Prefixed<S> {
    pub fn new(before: BytesMut, stream: S) -> Prefixed<S> {
        Prefixed { before, stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.before.len().min(buffer.remaining());
        buffer.put_slice(&self.before.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

async fn write_all(
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &mut BytesMut,
) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let count = stream.write(bytes).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        bytes.advance(count);
    }
    stream.flush().await
}
