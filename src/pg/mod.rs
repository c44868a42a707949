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
//! - [`startup`] goes from the first byte to a session, [`login`] lets a client prove who
//!   it is, by the rules of `auth::hba`; [`audit`] is what the log is told.
//! - [`chunks`] makes a stream of what comes in pieces within another protocol.
//! - [`connection`] is the loop, [`simple`] and [`extended`] the two query
//!   protocols, [`function`] function calls, [`copy`] COPY's sub-protocol, [`encode`] rows.
//!
//! pgwire gives the SCRAM exchange. Its messages copy every string and cannot
//! be decoded from untrusted input without a panic, and its query handlers
//! collect results before sending them, so those are our own.
//!
//! Invariants: no message is trusted in its lengths; nothing is read ahead of
//! what is being executed; output beyond the write buffer waits for the client.

pub mod audit;
mod chunks;
mod connection;
mod copy;
mod encode;
mod extended;
mod frame;
mod function;
mod lobby;
mod login;
mod message;
mod output;
mod pace;
mod sasl;
mod simple;
mod startup;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::auth::failures::Failures;
use crate::auth::hba::Rules;
use crate::auth::login::Subject;
use crate::error::{Error, Result};
use crate::session::{Database, Ends};
pub use chunks::Chunks;
use connection::Connection;
pub use lobby::Lobby;
use output::Output;
pub use pace::on_lane;
use startup::{Login, Startup};
pub use tls::{Tls, subject};
use wire::Wire;

/// What connections of one server share.
pub struct Front {
    pub database: Arc<Database>,
    /// The certificate, if there is one; replaced by a reload.
    pub tls: arc_swap::ArcSwapOption<Tls>,
    /// Who may connect; replaced by a reload.
    pub rules: arc_swap::ArcSwap<Rules>,
    pub lobby: Lobby,
    /// Of logins by password, at any port.
    pub failures: Failures,
}

/// Where a connection comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    Network(Ends),
    /// A Unix socket, and the user of the system at its other end, if that is known.
    Local {
        peer: Option<String>,
    },
}

impl Origin {
    pub fn ends(&self) -> Option<Ends> {
        match self {
            Origin::Network(ends) => Some(*ends),
            Origin::Local { .. } => None,
        }
    }

    /// The user of the system at the other end, where that is known.
    pub fn system_user(&self) -> Option<&str> {
        match self {
            Origin::Network(_) => None,
            Origin::Local { peer } => peer.as_deref(),
        }
    }

    /// The host as messages and the log show it.
    pub fn host(&self) -> String {
        match self {
            Origin::Network(ends) => ends.client.ip().to_canonical().to_string(),
            Origin::Local { .. } => "[local]".to_owned(),
        }
    }
}

/// What carries a connection that comes within another protocol.
#[derive(Clone, Debug)]
pub struct Tunnel {
    pub is_encrypted: bool,
    /// Whom the client's certificate was made out to, which is valid.
    pub subject: Option<Subject>,
    /// A page that is not this server's, as far as is known, has opened it, in a browser that
    /// it was shown by: whoever is there has not asked for it.
    pub is_foreign: bool,
    /// Where a rule asks for nothing, a password is asked for.
    pub asks_password: bool,
}

/// Serves one connection to its end. Errors are the connection's own: the client
/// has been told where that is possible.
pub async fn serve<S>(stream: S, origin: Origin, front: Arc<Front>) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    serve_in(stream, origin, None, front).await
}

/// The same within another protocol: a password may come in clear, and unasked, where
/// nobody can listen.
pub async fn serve_tunneled<S>(
    stream: S,
    origin: Origin,
    tunnel: Tunnel,
    front: Arc<Front>,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    serve_in(stream, origin, Some(tunnel), front).await
}

async fn serve_in<S>(
    stream: S,
    origin: Origin,
    tunnel: Option<Tunnel>,
    front: Arc<Front>,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let is_tunneled = tunnel.is_some();
    let config = front.database.config();
    let limit = config.authentication_timeout.duration();
    let guest = front.lobby.enter(config.max_pending_logins);
    if config.log_connections {
        audit::received(&origin);
    }
    let startup = Startup::new(&front, origin.clone(), tunnel);
    let login = tokio::select! {
        login = startup.run(Wire::new(stream, &config)) => login?,
        () = guest.sent_away() => return Ok(()),
        () = tokio::time::sleep(limit) => {
            tracing::info!(host = origin.host(), "canceling authentication due to timeout");
            return Ok(());
        }
    };
    drop(guest);
    match login {
        Login::Done(wire, session) => {
            let begun = std::time::Instant::now();
            let backend = session.backend().clone();
            let is_logged = session.logs_disconnection();
            let mut connection = Connection::new(*wire, *session);
            connection.takes_early_password = is_tunneled;
            let ended = connection.run().await;
            if is_logged {
                audit::disconnected(&origin, &backend, begun.elapsed());
            }
            ended
        }
        Login::Over => Ok(()),
    }
}

/// What is said to a client that is not served: an ErrorResponse.
pub fn refusal(error: Error) -> Bytes {
    let mut output = Output::default();
    output.report(&error.into_report(), "");
    output.bytes.freeze()
}

/// The network failed: nothing can be said to the client any more.
fn lost(error: &std::io::Error) -> Error {
    Error::fatal(crate::sqlstate::CONNECTION_FAILURE, format!("connection lost: {error}"))
}
