//! Signalling: how descriptions, candidates and wishes come together, whatever brings them.
//!
//! ```text
//! front end (WebSocket, WHIP, LiveKit …) ──▶ Call ──▶ Peer, Seat, Subscriptions
//!                                        ◀── Said: offers, candidates, channels, the end
//! ```
//! A [`Call`] is one peer that may be in a room: it publishes what the peer sends, and sends
//! what the room says is wanted. It knows no transport: whoever holds it feeds it with what
//! comes ([`Call::offered`], [`Call::happened`], [`Call::follow`]) and brings what it says to
//! the other side.
//!
//! Either side may offer. When both do at once (glare) the server is the polite one: its
//! offer is given up, the other side's answered, and what was to be offered is offered
//! afterwards ([`Negotiation`]).

mod call;
mod negotiation;

pub use call::{Call, Declared, Said};
pub use negotiation::{Negotiation, Unexpected};
