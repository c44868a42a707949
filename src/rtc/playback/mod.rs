//! Recordings are played: to a peer, or into a room.
//!
//! ```text
//!                          ┌▶ WHEP: sources of no room ─▶ one peer            (crate::http::rtc)
//! file ─[demux]▶ [player] ─┤
//!                          └▶ a participant that publishes them ─▶ a room     [stage]
//!            ▲ wishes: paused, another place; stopped
//! rtc.start_playback(room, recording) ─▶ a row, requested ─▶ [keeper]
//! ```
//! A [`Player`] reads the file as the role that asks may ([`recorded`]), by ranges with a
//! window in memory, and makes packets of its frames when their time comes ([`packetize`]).
//! What it sends is forwarded like what peers send ([`media`](super::media)).
//!
//! It begins at any place: of a video that begins with the frames since the last keyframe, sent at
//! once, if there is one up to 15 seconds before; otherwise it is seen from its next keyframe
//! on. Whoever misses a keyframe is sent what is needed again.
//!
//! There are `rtc_max_playbacks` at a time. One ends with its file, when it is stopped, with
//! its peer or room, and when the recording or its file is deleted; [`Playbacks`] knows all
//! that go on, and [`keeper`] looks every second.
//!
//! Not here: transcoding; a peer that does not take the codec hears nothing of that track.

mod demux;
mod keeper;
mod packetize;
mod player;
mod reader;
mod recorded;
mod registry;
mod stage;

pub use keeper::run;
pub use player::{Player, Wish};
pub use recorded::{open, sources};
pub use registry::{Going, Playbacks};
