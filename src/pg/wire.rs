//! The two byte streams of a connection, each with its buffer.

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::server::TlsStream;

use super::frame::{self, Frame, Limits};
use super::lost;
use super::output::Output;
use crate::config::Config;
use crate::error::Result;

/// A buffer that one long message has grown is given back when it is larger.
const KEPT_BUFFER_BYTES: usize = 256 << 10;

/// With or without TLS.
pub enum Transport<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
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
            if let Some(body) = frame::take_startup(&mut self.input, self.startup_bytes_max)? {
                return Ok(Some(body));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
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
