//! Messages of `livekit_room.proto`.

use std::collections::BTreeMap;

use prost::Message;
use serde::{Deserialize, Serialize};

use super::json;
use super::models::{ParticipantInfo, ParticipantPermission, ParticipantTracks, Room, TrackInfo};

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct CreateRoomRequest {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "12")]
    #[serde(alias = "roomPreset")]
    pub room_preset: String,
    #[prost(uint32, tag = "2")]
    #[serde(alias = "emptyTimeout")]
    pub empty_timeout: u32,
    #[prost(uint32, tag = "10")]
    #[serde(alias = "departureTimeout")]
    pub departure_timeout: u32,
    #[prost(uint32, tag = "3")]
    #[serde(alias = "maxParticipants")]
    pub max_participants: u32,
    #[prost(string, tag = "4")]
    #[serde(alias = "nodeId")]
    pub node_id: String,
    #[prost(string, tag = "5")]
    pub metadata: String,
    #[prost(btree_map = "string, string", tag = "15")]
    pub tags: BTreeMap<String, String>,
    /// A message of which only whether it is there matters: it is refused.
    #[prost(bytes = "vec", tag = "6")]
    #[serde(deserialize_with = "json::read_presence")]
    pub egress: Vec<u8>,
    #[prost(uint32, tag = "7")]
    #[serde(alias = "minPlayoutDelay")]
    pub min_playout_delay: u32,
    #[prost(uint32, tag = "8")]
    #[serde(alias = "maxPlayoutDelay")]
    pub max_playout_delay: u32,
    #[prost(bool, tag = "9")]
    #[serde(alias = "syncStreams")]
    pub sync_streams: bool,
    #[prost(bool, tag = "13")]
    #[serde(alias = "replayEnabled")]
    pub replay_enabled: bool,
    #[prost(bytes = "vec", repeated, tag = "14")]
    #[serde(deserialize_with = "json::read_presences")]
    pub agents: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct ListRoomsRequest {
    #[prost(string, repeated, tag = "1")]
    pub names: Vec<String>,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ListRoomsResponse {
    #[prost(message, repeated, tag = "1")]
    pub rooms: Vec<Room>,
}

/// Of DeleteRoom and ListParticipants.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct RoomRequest {
    #[prost(string, tag = "1")]
    pub room: String,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Empty {}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ListParticipantsResponse {
    #[prost(message, repeated, tag = "1")]
    pub participants: Vec<ParticipantInfo>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct RoomParticipantIdentity {
    #[prost(string, tag = "1")]
    pub room: String,
    #[prost(string, tag = "2")]
    pub identity: String,
    #[prost(int64, tag = "3")]
    #[serde(alias = "revokeTokenTs", deserialize_with = "json::read_long")]
    pub revoke_token_ts: i64,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct MuteRoomTrackRequest {
    #[prost(string, tag = "1")]
    pub room: String,
    #[prost(string, tag = "2")]
    pub identity: String,
    #[prost(string, tag = "3")]
    #[serde(alias = "trackSid")]
    pub track_sid: String,
    #[prost(bool, tag = "4")]
    pub muted: bool,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct MuteRoomTrackResponse {
    #[prost(message, optional, tag = "1")]
    pub track: Option<TrackInfo>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct UpdateParticipantRequest {
    #[prost(string, tag = "1")]
    pub room: String,
    #[prost(string, tag = "2")]
    pub identity: String,
    #[prost(string, tag = "3")]
    pub metadata: String,
    #[prost(message, optional, tag = "4")]
    pub permission: Option<ParticipantPermission>,
    #[prost(string, tag = "5")]
    pub name: String,
    #[prost(btree_map = "string, string", tag = "6")]
    pub attributes: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct UpdateSubscriptionsRequest {
    #[prost(string, tag = "1")]
    pub room: String,
    #[prost(string, tag = "2")]
    pub identity: String,
    #[prost(string, repeated, tag = "3")]
    #[serde(alias = "trackSids")]
    pub track_sids: Vec<String>,
    #[prost(bool, tag = "4")]
    pub subscribe: bool,
    #[prost(message, repeated, tag = "5")]
    #[serde(alias = "participantTracks")]
    pub participant_tracks: Vec<ParticipantTracks>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct SendDataRequest {
    #[prost(string, tag = "1")]
    pub room: String,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(deserialize_with = "json::read_bytes")]
    pub data: bytes::Bytes,
    #[prost(int32, tag = "3")]
    #[serde(deserialize_with = "json::read_packet_kind")]
    pub kind: i32,
    #[prost(string, repeated, tag = "4")]
    #[serde(alias = "destinationSids")]
    pub destination_sids: Vec<String>,
    #[prost(string, repeated, tag = "6")]
    #[serde(alias = "destinationIdentities")]
    pub destination_identities: Vec<String>,
    #[prost(string, optional, tag = "5")]
    pub topic: Option<String>,
    #[prost(bytes = "bytes", tag = "7")]
    #[serde(deserialize_with = "json::read_bytes")]
    pub nonce: bytes::Bytes,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub struct UpdateRoomMetadataRequest {
    #[prost(string, tag = "1")]
    pub room: String,
    #[prost(string, tag = "2")]
    pub metadata: String,
}
