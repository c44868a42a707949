//! SQL over data channels.
//!
//! | protocol, or label where there is none | |
//! |---|---|
//! | `pgwire` | PostgreSQL's protocol, as bytes ([`postgres`]): a driver runs over it |
//! | `jsonrpc-sql.v1` | JSON-RPC 2.0 ([`rpc`]): statements, calls, a transaction, changes of tables |
//!
//! The first asks who is there by itself, as any connection of the protocol does; in the
//! second the peer is whoever has signalled it. What is not committed when a channel closes
//! is undone. A channel should be reliable and ordered, as they are unless that is changed:
//! these protocols have no numbers of their own for what is lost.

pub mod postgres;
pub mod rpc;

use std::sync::Arc;

use crate::http::Http;
use crate::http::principal::Principal;
use crate::rtc::peer::{Channel, Error, Message};

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

/// Sends a message; who waits for room learns that the channel is closed.
async fn send(channel: &Channel, message: Message) -> Result<(), Error> {
    tokio::select! {
        sent = channel.send(message) => sent,
        () = channel.closed() => Err(Error::Closed),
    }
}
