//! Recordings of tracks and rooms, without transcoding.
//!
//! ```text
//! rtc.start_recording(room, …) ─▶ a row, requested ─▶ [keeper] ─▶ [recorder] ─▶ a file of a bucket
//! packets ─[assemble]▶ frames ─[container]▶ DATA/files/recordings/ID.part, good after each second
//! ```
//! | what | file |
//! |---|---|
//! | a track of Opus | `.ogg` |
//! | of H.264 | `.mp4`, fragmented |
//! | of VP8, VP9 or AV1 | `.webm` |
//! | a room: all its tracks, those that come later, too | `.webm`; `.mkv` if H.264 is among them, which WebM may not have |
//!
//! A video begins with a keyframe, which its sender is asked for. What a crash leaves is
//! everything up to the last second: at the next start the file is repaired and stored like one that
//! has ended.
//!
//! A recording is stored as a file (`crate::files`) with the rights of the role that asked
//! for it, in a bucket that is there; it is played as any file is, parts of it by HTTP's
//! Range. Until it is stored its bytes are on this server's disk.
//!
//! It does not decode, mix or transcode: of a room a player chooses the tracks. The bits of AV1
//! in WebM are said to be 8, 4:2:0, as WebRTC sends them. Tracks of a room are in step as their
//! packets arrived, not by the senders' reports.

mod assemble;
pub mod container;
mod keeper;
mod recorder;
mod store;

#[cfg(test)]
pub use assemble::assembled;
pub use keeper::{Recordings, run};
