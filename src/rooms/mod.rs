//! Rooms: who is where, what they publish, what they say to each other.
//!
//! ```text
//! Rooms ── (database, name) ──▶ Room ── identity ──▶ participant ── sid ──▶ Track
//!   │ journal: what has happened, for the tables of the extension `rtc`
//!   ▼
//! Rooms::open ─▶ Room::join(Joining) ─▶ (Seat, Inbox)
//!                                        │      └ next(): Told, until Told::Ended(reason)
//!                                        └ publish, mute, say, subscribe …; dropped: left
//! ```
//! A room is bound to a database, and each of its participants to a role there. What it is
//! like (its [`Definition`]) is a row of `rtc.rooms`; what is alive is here only, and its
//! like in `rtc.participants`, `rtc.tracks` and `rtc.events` follows it
//! (`crate::http::rtc`). Signalling, whatever its protocol, holds a [`Seat`] for each
//! participant and sends its client what the [`Inbox`] tells.
//!
//! What forwards media asks three things: [`Seat::wanted`], which tracks a participant is to
//! be sent now (looked at again when the inbox says [`Told::Wanted`]); [`Track::is_muted`],
//! for each packet; and [`Room::watch`], what happens in a room to who records or measures.
//!
//! Invariants: nothing waits while a room is locked; an inbox holds [`INBOX_MESSAGES`]
//! messages and `rtc_inbox` bytes, and who does not take what must be taken is removed
//! (lossy messages are dropped instead); a seat that is dropped has left, with all that it
//! published; a room that is closed has nobody.
//!
//! ```text
//! ada joins      → bea: Participant(ada)
//! ada publishes  → bea: Participant(ada, 1 track), Wanted
//! a moderator mutes it → ada: Muted(track, true); both: Participant(ada)
//! ada's seat is dropped → bea: Wanted, Participant(ada, disconnected)
//! ```
//! Not here: packets, sockets, SQL.

mod define;
mod grants;
mod inbox;
mod journal;
mod live;
mod registry;
mod seat;
mod track;

pub use define::{About, Definition, Info, Joining, Limits, Message, Reason, Speaker, State};
pub use grants::{Grants, Kind, Permission, Source};
pub use inbox::{INBOX_MESSAGES, Inbox, Told};
pub use journal::{Happened, Record};
pub use live::{Change, Room};
pub use registry::{Key, Rooms};
pub use seat::{Allowed, Seat};
pub use track::{Layer, Offer, Preference, Shape, Track, TrackInfo};

/// A random name for what a server makes: `PA_` and 12 characters, as LiveKit's clients
/// know it.
pub fn new_sid(prefix: &str) -> String {
    const CHARS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let random: [u8; 12] = rand::random();
    let text = random.iter().map(|byte| char::from(CHARS[usize::from(*byte) % CHARS.len()]));
    std::iter::once(prefix.to_owned()).chain(text.map(String::from)).collect()
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
