//! The PostgreSQL protocol, versions 3.0 and 3.2.
//!
//! One task serves one connection, from the first byte to the last:
//!
//! ```text
//! client                                   server
//! SSLRequest                        ──▶    S                      (startup, tls)
//! StartupMessage user, database     ──▶    SASL … AuthenticationOk (startup, sasl)
//!                                   ◀──    ParameterStatus…, BackendKeyData, ReadyForQuery
//! Query "SELECT 1"                  ──▶    RowDescription, DataRow, CommandComplete, ReadyForQuery
//! Parse, Bind, Execute, Sync        ──▶    ParseComplete, BindComplete, DataRow…, ReadyForQuery
//! ```
//!
//! - [`frame`] cuts the byte stream into messages, [`message`] decodes them,
//!   [`output`] writes ours; both ends are bounded ([`wire`]).
//! - [`connection`] is the loop, [`simple`] and [`extended`] the two query
//!   protocols, [`copy`] COPY's sub-protocol, [`encode`] rows.
//!
//! pgwire gives the SCRAM exchange. Its messages copy every string and cannot
//! be decoded from untrusted input without a panic, and its query handlers
//! collect results before sending them, so those are our own.
//!
//! Invariants: no message is trusted in its lengths; nothing is read ahead of
//! what is being executed; output beyond the write buffer waits for the client.

mod connection;
mod copy;
mod encode;
mod extended;
mod frame;
mod lobby;
mod message;
mod output;
mod sasl;
mod simple;
mod startup;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, Result};
use crate::session::{Database, Ends};
use connection::Connection;
pub use lobby::Lobby;
use startup::{Login, Startup};
pub use tls::Tls;
use wire::Wire;

/// What connections of one listener share.
pub struct Front {
    pub database: Arc<Database>,
    /// The certificate, if there is one; replaced by a reload.
    pub tls: arc_swap::ArcSwapOption<Tls>,
    pub lobby: Lobby,
}

/// Serves one connection to its end. Errors are the connection's own: the client
/// has been told where that is possible.
pub async fn serve<S>(stream: S, ends: Option<Ends>, front: Arc<Front>) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let config = front.database.config();
    let limit = config.authentication_timeout.duration();
    let guest = front.lobby.enter(config.max_pending_logins);
    let startup = Startup::new(&front, ends);
    let login = tokio::select! {
        login = startup.run(Wire::new(stream, &config)) => login?,
        () = guest.sent_away() => return Ok(()),
        () = tokio::time::sleep(limit) => {
            tracing::debug!(?ends, "canceling authentication due to timeout");
            return Ok(());
        }
    };
    drop(guest);
    match login {
        Login::Done(wire, session) => Connection::new(*wire, *session).run().await,
        Login::Over => Ok(()),
    }
}

/// The network failed: nothing can be said to the client any more.
fn lost(error: &std::io::Error) -> Error {
    Error::fatal(crate::sqlstate::CONNECTION_FAILURE, format!("connection lost: {error}"))
}
