//! How good calls are: what receivers report, as a score and a word.
//!
//! ```text
//! score = 100 − delay effect − loss in % · weight      weight: audio 8, video 10
//! delay = rtt / 2 + 2 · jitter (ms)                    effect: delay / 40, above 160 ms (delay − 120) / 10
//! ```
//! That is LiveKit's, whose clients know the words: `excellent` above 80, `good` above 40,
//! `poor`; and `lost` where something should come and nothing does. A score that falls counts for 0.7 of
//! the next, one that rises for 0.4; what is muted has 100.
//!
//! It is told apart by direction: of each track that is published, how it comes here; of each participant, how
//! all that it is sent arrives there. [`watch`] looks every [`INTERVAL`]; a change of the word
//! is told to the room and is an event (`rtc.events`), rows of `rtc.quality` keep the history,
//! and `/metrics` counts.

mod freeze;
mod keeper;
mod score;
mod watch;

pub use freeze::Freezes;
pub use keeper::run;
pub use score::Rating;
pub use watch::{Measured, Watch};
