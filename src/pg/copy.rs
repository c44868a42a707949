//! COPY's sub-protocol.
//!
//! ```text
//! in:   CopyInResponse  ◀── CopyData… CopyDone     → COPY n
//!                       ◀── CopyData… CopyFail     → 57014
//! out:  CopyOutResponse, CopyData…, CopyDone       → COPY n
//! ```
//!
//! After an error in the middle of COPY IN the client's remaining CopyData are
//! passed over by the main loop.

use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::message::{self, Message};
use super::simple::Tag;
use crate::error::{Error, Result};
use crate::sql::outcome::{CopyFormat, CopyIn, CopyOut};
use crate::sqlstate;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) async fn copy_in(&mut self, mut copy: Box<dyn CopyIn>) -> Result<Tag> {
        let binary = copy.format() == CopyFormat::Binary;
        self.wire.output.copy_response(b'G', binary, copy.column_count());
        loop {
            // What has come with the command, a Sync in particular, belongs to it even
            // if it is cancelled now.
            let frame = match self.wire.buffered_frame()? {
                Some(frame) => Some(frame),
                None => {
                    self.flush_supervised().await?;
                    // A cancel must be heard while the client is silent.
                    self.session.supervise(self.wire.frame()).await?
                }
            };
            let Some(frame) = frame else {
                return Err(Error::fatal(
                    sqlstate::CONNECTION_FAILURE,
                    "unexpected EOF on client connection with an open transaction",
                ));
            };
            let tag = frame.tag;
            match message::decode(frame, self.session.client_encoding())? {
                Message::CopyData(data) => self.session.copy_data(copy.as_mut(), data).await?,
                Message::CopyDone => {
                    let count = self.session.copy_done(copy).await?;
                    return Ok(Tag::Counted("COPY", count));
                }
                Message::CopyFail(reason) => {
                    return Err(Error::new(
                        sqlstate::QUERY_CANCELED,
                        format!("COPY from stdin failed: {reason}"),
                    )
                    .with_context(copy.place()));
                }
                // Allowed in the extended protocol, and without meaning here.
                Message::Flush | Message::Sync => {}
                _ => {
                    return Err(Error::new(
                        sqlstate::PROTOCOL_VIOLATION,
                        format!("unexpected message type 0x{tag:02X} during COPY from stdin"),
                    )
                    .with_context(copy.place()));
                }
            }
        }
    }

    pub(super) async fn copy_out(&mut self, mut copy: CopyOut) -> Result<Tag> {
        let binary = copy.format == CopyFormat::Binary;
        self.wire.output.copy_response(b'H', binary, copy.column_count);
        let mut count = 0;
        loop {
            let chunk = {
                let next = async { copy.chunks.next().await.transpose() };
                let mut next = std::pin::pin!(self.session.supervise(next));
                match futures::poll!(next.as_mut()) {
                    std::task::Poll::Ready(chunk) => chunk?,
                    std::task::Poll::Pending => {
                        self.wire.flush().await?;
                        next.await?
                    }
                }
            };
            let Some((data, rows)) = chunk else { break };
            count += rows;
            self.wire.output.copy_data(&data);
            if self.wire.is_full() {
                self.flush_supervised().await?;
            }
        }
        self.wire.output.copy_done();
        Ok(Tag::Counted("COPY", count))
    }
}
