//! Real time: WebRTC peers, their data channels and media, rooms.
//!
//! | module | what |
//! |---|---|
//! | [`peer`] | one connection to one peer, whatever drives it: descriptions, candidates, channels, tracks |
//!
//! It is the only folder that names `webrtc` and its core `rtc`; who stands above it knows
//! [`peer`]'s words.

pub mod peer;
