//! SQL over data channels.
//!
//! | protocol, or label where there is none | |
//! |---|---|
//! | `pgwire` | PostgreSQL's protocol, as bytes ([`postgres`]): a driver runs over it |
//! | `jsonrpc-sql.v1` | JSON-RPC 2.0 ([`rpc`]): statements, calls, a transaction, changes of tables |
//!
//! The first asks who is there by itself, as any connection of the protocol does; in the
//! second the peer is whoever has signalled it. What is not committed when a channel closes
//! is undone.
//!
//! A channel has to be ordered, as they are unless that is changed: one that is not is told
//! so in the words of its protocol (`0A000`) and closed. It should be reliable, too, for
//! these protocols have no numbers of their own for what is lost; that cannot be seen of a
//! channel that a peer opens.

pub mod postgres;
pub mod rpc;

use std::sync::Arc;

use crate::error::Error as SqlError;
use crate::http::Http;
use crate::http::principal::Principal;
use crate::pg;
use crate::rtc::peer::{Channel, Error, Message};
use crate::sqlstate;

/// Whose peer has opened a channel.
#[derive(Clone)]
pub struct Opener {
    pub principal: Arc<Principal>,
    /// Nobody could change what was signalled, on which the encryption of the peer rests.
    pub is_encrypted: bool,
}

/// Serves a channel on a task of its own; it comes back if its protocol is none of these.
pub fn serve(http: &Arc<Http>, opener: &Opener, channel: Channel) -> Option<Channel> {
    let name = match &*channel.protocol {
        "" => channel.label.clone(),
        _ => channel.protocol.clone(),
    };
    let is_sql = [postgres::PROTOCOL, rpc::PROTOCOL].contains(&&*name);
    if is_sql && !channel.ordered {
        tokio::spawn(refuse(name, channel));
        return None;
    }
    let http = http.clone();
    match &*name {
        postgres::PROTOCOL => {
            tokio::spawn(postgres::serve(http.front.clone(), opener.clone(), channel));
        }
        rpc::PROTOCOL => {
            tokio::spawn(rpc::serve(http, opener.principal.clone(), channel));
        }
        _ => return Some(channel),
    }
    None
}

/// Says that a channel would have to be ordered, and closes it.
async fn refuse(name: Arc<str>, channel: Channel) {
    let message = format!("\"{name}\" in a channel that is not ordered is not supported");
    let error = SqlError::fatal(sqlstate::FEATURE_NOT_SUPPORTED, message)
        .with_hint("Open the channel with \"ordered\", as it is unless it is said otherwise.");
    tracing::debug!(
        label = &*channel.label,
        name = &*name,
        "a channel that is not ordered is refused"
    );
    let said = match &*name {
        postgres::PROTOCOL => Message::Binary(pg::refusal(error)),
        _ => Message::Text(rpc::refusal(&error)),
    };
    // It is closed either way.
    let _ = send(&channel, said).await;
    channel.close().await;
}

/// Sends a message; who waits for room learns that the channel is closed.
async fn send(channel: &Channel, message: Message) -> Result<(), Error> {
    tokio::select! {
        sent = channel.send(message) => sent,
        () = channel.closed() => Err(Error::Closed),
    }
}
