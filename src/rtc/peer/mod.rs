//! One connection to one peer: what the rest of the server knows of WebRTC.
//!
//! ```text
//! let (peer, mut events) = Peer::new(Options::default()).await?;
//! let answer = peer.answer(&offer).await?;            the remote's description, ours
//! while let Some(event) = events.recv().await { … }   candidates, channels, tracks, the end
//! ```
//! A [`Peer`] is a handle: cloning it is cheap, and the connection closes with
//! [`Peer::close`] or when the last handle is dropped. Everything that is handed out is
//! bounded: events, messages and packets wait for who takes them, or (packets) are lost.
//!
//! Invariants: a connection that does not come to stand in time, or whose peer is gone, is
//! closed and freed; its last event is [`Event::Closed`]. What drives it never waits for who
//! uses it.
//!
//! It is driven by `webrtc`, whose shortcomings end here ([`engine`], [`tap`], [`public`]):
//! it uses a socket of its own for each connection, and leaves out TURN over TCP and TLS.

mod channel;
mod connection;
mod crypto;
mod engine;
mod handler;
mod layers;
mod outbox;
mod public;
mod repair;
mod sections;
mod tap;
mod track;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub use channel::{Channel, Message, Reliability};
pub use connection::Peer;
pub use sections::{Section, sections};
pub use track::{Codec, Feedback, Incoming, Keyframes, Kind, Packet, Sender};

/// A server that helps to be reached (RFC 8489, RFC 8656).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:host:port`, `turn:host:port?transport=udp`, `turns:…`.
    pub urls: Vec<String>,
    pub username: Option<String>,
    pub credential: Option<String>,
}

/// How a connection is made, and what it may use.
#[derive(Clone, Debug)]
pub struct Options {
    pub ice_servers: Vec<IceServer>,
    /// The local addresses that are listened on; those of all interfaces if there are none.
    pub addresses: Vec<IpAddr>,
    /// Addresses that are told instead of the local ones (1:1 NAT).
    pub public_addresses: Vec<IpAddr>,
    /// The UDP ports to choose from, first and last; any if None.
    pub ports: Option<(u16, u16)>,
    /// Bytes of a message on a channel at most.
    pub max_message_bytes: usize,
    /// Bytes that may wait to be sent on a channel before a sender waits.
    pub max_buffered_bytes: usize,
    /// Messages that are taken from a channel in a second; the peer waits beyond.
    pub max_messages_per_second: u32,
    pub max_channels: usize,
    /// Tracks, in both directions together.
    pub max_tracks: usize,
    /// How long it may take until the connection stands, DTLS included.
    pub connect_timeout: Duration,
    /// How long the peer may be silent before it counts as disconnected.
    pub disconnected_timeout: Duration,
    /// How long it may stay so before the connection is closed.
    pub failed_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            ice_servers: Vec::new(),
            addresses: Vec::new(),
            public_addresses: Vec::new(),
            ports: None,
            max_message_bytes: 256 << 10,
            max_buffered_bytes: 1 << 20,
            max_messages_per_second: 10_000,
            max_channels: 64,
            max_tracks: 256,
            connect_timeout: Duration::from_secs(30),
            disconnected_timeout: Duration::from_secs(5),
            failed_timeout: Duration::from_secs(25),
        }
    }
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    New,
    Connecting,
    Connected,
    /// The peer is silent; it may come back.
    Disconnected,
    /// It did not; an ICE restart may bring it back until the connection is closed.
    Failed,
    Closed,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::New => "new",
            State::Connecting => "connecting",
            State::Connected => "connected",
            State::Disconnected => "disconnected",
            State::Failed => "failed",
            State::Closed => "closed",
        }
    }
}

/// A way to reach one end, as it is signalled (`RTCIceCandidateInit`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    pub candidate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_mid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_m_line_index: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_fragment: Option<String>,
}

/// What happens on a connection.
pub enum Event {
    State(State),
    /// A local candidate; None: there are no more.
    Candidate(Option<Candidate>),
    /// Opened by the peer.
    Channel(Channel),
    /// The peer sends a stream: one for each simulcast layer, told apart by their rid.
    Track(Incoming),
    /// Descriptions have to be exchanged anew.
    NegotiationNeeded,
    /// The last one.
    Closed,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The connection or the channel has ended.
    Closed,
    /// The message is longer than the limit, in bytes.
    TooLong(usize),
    /// There are as many as may be.
    TooMany(&'static str),
    /// A description or candidate cannot be read, or does not fit the state.
    Description(String),
    /// The network or the stack has failed.
    Failed(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Closed => f.write_str("the connection is closed"),
            Error::TooLong(limit) => write!(f, "the message is longer than {limit} bytes"),
            Error::TooMany(what) => write!(f, "too many {what}"),
            Error::Description(reason) => write!(f, "invalid description: {reason}"),
            Error::Failed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Error {}

/// What is known of the quality of a connection, counted since its start.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Of the pair of candidates in use.
    pub round_trip: Option<Duration>,
    pub local: Option<SocketAddr>,
    pub remote: Option<SocketAddr>,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// What the remote's REMB or TWCC feedback lets us send, in bits per second.
    pub send_bitrate: Option<u64>,
    pub streams: Vec<StreamStatistics>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    In,
    Out,
}

/// One RTP stream. `lost`, `expected`, `fraction_lost` and `jitter` are the receiver's view:
/// ours of a stream that comes in, the remote's (by its reports) of one that goes out.
#[derive(Clone, Debug)]
pub struct StreamStatistics {
    pub ssrc: u32,
    pub direction: Direction,
    pub kind: Kind,
    pub packets: u64,
    pub bytes: u64,
    pub lost: i64,
    /// Packets that reports are about so far: those that came, and those that are lost.
    pub expected: u64,
    /// Of the last interval between reports, from 0 to 1.
    pub fraction_lost: f64,
    pub jitter: Duration,
    /// By the reports of this stream (LSR, DLSR).
    pub round_trip: Option<Duration>,
    pub nacks: u64,
    /// Keyframes that were asked for (PLI and FIR).
    pub keyframe_requests: u64,
}

fn failed(error: webrtc::error::Error) -> Error {
    match error {
        webrtc::error::Error::ErrConnectionClosed => Error::Closed,
        error => Error::Failed(error.to_string()),
    }
}
