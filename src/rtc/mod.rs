//! Real time: WebRTC peers, their data channels and media. Who is where, and what they may,
//! is [`crate::rooms`].
//!
//! | module | what |
//! |---|---|
//! | [`channel`] | SQL over data channels: PostgreSQL's protocol, JSON-RPC |
//! | [`ice`] | servers of STUN and TURN: credentials, checks |
//! | [`media`] | what is published, forwarded to who wants it |
//! | [`peer`] | one connection to one peer, whatever drives it: descriptions, candidates, channels, tracks |
//! | [`playback`] | recordings played to a peer, or into a room |
//! | [`quality`] | how good calls are, by what receivers report |
//! | [`record`] | tracks and rooms as files |
//! | [`signal`] | descriptions and wishes of a peer, whatever brings them |
//!
//! It is the only folder that names `webrtc` and its core `rtc`; who stands above it knows
//! [`peer`]'s words.

pub mod channel;
pub mod ice;
pub mod media;
pub mod peer;
pub mod playback;
pub mod quality;
pub mod record;
pub mod signal;
