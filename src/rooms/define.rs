//! What rooms and participants are made of, as values.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::grants::Permission;
use super::track::TrackInfo;

/// What a room is like: its row in `rtc.rooms`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    pub metadata: String,
    /// 0 is the server's own limit, here and in the next two.
    pub max_participants: u32,
    pub max_message_bytes: u32,
    pub messages_per_second: u32,
    /// How long it stays if nobody comes.
    pub empty_timeout: Duration,
    /// How long it stays after everybody has left.
    pub departure_timeout: Duration,
    /// Only moderators come in.
    pub is_locked: bool,
    /// The row goes when the room closes.
    pub is_ephemeral: bool,
}

/// What the server allows at most, whatever a definition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Live rooms, of all databases.
    pub rooms: usize,
    /// Participants of one room.
    pub participants: usize,
    /// Tracks that one participant publishes.
    pub tracks: usize,
    /// Of one message.
    pub message_bytes: usize,
    /// Of one participant.
    pub messages_per_second: u32,
    /// What waits for one participant.
    pub inbox_bytes: usize,
    /// Of a room's or a participant's metadata; of all attributes of one.
    pub metadata_bytes: usize,
}

/// A room as it is now.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    pub sid: String,
    pub name: String,
    pub metadata: String,
    pub created_at_ms: i64,
    pub max_participants: u32,
    pub empty_timeout_ms: u64,
    pub departure_timeout_ms: u64,
    pub is_locked: bool,
    pub is_recording: bool,
    pub participants: usize,
    pub publishers: usize,
}

/// How far a participant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its signalling is there.
    Joining,
    /// It has offered or answered.
    Joined,
    /// Media or data can flow.
    Active,
    Disconnected,
}

/// A participant as others see it.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    pub sid: String,
    pub identity: String,
    pub name: String,
    /// Whose rights it has in the database.
    pub role: String,
    pub metadata: String,
    pub attributes: BTreeMap<String, String>,
    pub permission: Permission,
    pub is_admin: bool,
    pub state: State,
    pub joined_at_ms: i64,
    pub tracks: Vec<TrackInfo>,
    /// Grows with each change.
    pub version: u32,
    /// Why it has left.
    pub reason: Option<Reason>,
}

/// Who comes in.
#[derive(Clone, Debug)]
pub struct Joining {
    pub identity: String,
    pub name: String,
    pub role: String,
    pub metadata: String,
    pub attributes: BTreeMap<String, String>,
    pub permission: Permission,
    pub is_admin: bool,
    /// Whether it is sent what others publish without asking for it.
    pub auto_subscribe: bool,
    /// It plays a recording, which keeps no room open.
    pub is_playback: bool,
}

/// Why somebody has left, or a room is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// By itself.
    Left,
    /// Another one came with the same identity.
    DuplicateIdentity,
    ServerShutdown,
    /// A moderator has removed it.
    Removed,
    /// The room was closed by who may.
    RoomDeleted,
    /// The room was closed as nobody was there.
    RoomClosed,
    /// It was heard of no more.
    ConnectionTimeout,
    /// It did not take what it was told.
    TooSlow,
    /// It broke the protocol, or could not connect.
    Failed,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Left => "left",
            Reason::DuplicateIdentity => "duplicate_identity",
            Reason::ServerShutdown => "server_shutdown",
            Reason::Removed => "removed",
            Reason::RoomDeleted => "room_deleted",
            Reason::RoomClosed => "room_closed",
            Reason::ConnectionTimeout => "connection_timeout",
            Reason::TooSlow => "too_slow",
            Reason::Failed => "failed",
        }
    }
}

/// What a participant says to others.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its sid and identity; both are empty of the server.
    pub from: (String, String),
    /// Identities; none is everybody.
    pub to: Vec<String>,
    pub topic: Option<String>,
    pub is_reliable: bool,
    pub payload: Bytes,
    /// The packet as it came of a client of LiveKit, with the sender filled in: clients of
    /// the same protocol are sent this. One without a payload is for them alone.
    pub packet: Option<Bytes>,
}

impl Message {
    /// Bytes that it takes while it waits.
    pub fn size(&self) -> usize {
        self.payload.len().max(self.packet.as_ref().map_or(0, Bytes::len))
    }
}

/// How loud somebody is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speaker {
    pub sid: String,
    /// From 0 to 1.
    pub level: f32,
    pub is_active: bool,
}
