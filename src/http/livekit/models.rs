//! Messages of `livekit_models.proto` that are read or written here, by their numbers.
//!
//! Enumerations are numbers: what is not known of one is handed on as it came. In JSON they
//! are names ([`super::json`]). Fields that nothing is done with are left out, and so is
//! what a client may do without.

use std::collections::BTreeMap;

use prost::Message;
use serde::{Deserialize, Serialize};

use super::json;

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Room {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(string, tag = "2")]
    pub name: String,
    /// Seconds.
    #[prost(uint32, tag = "3")]
    pub empty_timeout: u32,
    #[prost(uint32, tag = "14")]
    pub departure_timeout: u32,
    #[prost(uint32, tag = "4")]
    pub max_participants: u32,
    /// Seconds since 1970.
    #[prost(int64, tag = "5")]
    #[serde(serialize_with = "json::long")]
    pub creation_time: i64,
    #[prost(int64, tag = "15")]
    #[serde(serialize_with = "json::long")]
    pub creation_time_ms: i64,
    #[prost(message, repeated, tag = "7")]
    pub enabled_codecs: Vec<Codec>,
    #[prost(string, tag = "8")]
    pub metadata: String,
    #[prost(uint32, tag = "9")]
    pub num_participants: u32,
    #[prost(uint32, tag = "11")]
    pub num_publishers: u32,
    #[prost(bool, tag = "10")]
    pub active_recording: bool,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Codec {
    #[prost(string, tag = "1")]
    pub mime: String,
    #[prost(string, tag = "2")]
    pub fmtp_line: String,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub struct ParticipantPermission {
    #[prost(bool, tag = "1")]
    #[serde(alias = "canSubscribe")]
    pub can_subscribe: bool,
    #[prost(bool, tag = "2")]
    #[serde(alias = "canPublish")]
    pub can_publish: bool,
    #[prost(bool, tag = "3")]
    #[serde(alias = "canPublishData")]
    pub can_publish_data: bool,
    /// [`SOURCES`].
    #[prost(int32, repeated, tag = "9")]
    #[serde(
        alias = "canPublishSources",
        serialize_with = "json::sources",
        deserialize_with = "json::read_sources"
    )]
    pub can_publish_sources: Vec<i32>,
    #[prost(bool, tag = "7")]
    pub hidden: bool,
    #[prost(bool, tag = "8")]
    pub recorder: bool,
    #[prost(bool, tag = "10")]
    #[serde(alias = "canUpdateMetadata")]
    pub can_update_metadata: bool,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ParticipantInfo {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(string, tag = "2")]
    pub identity: String,
    /// [`STATES`].
    #[prost(int32, tag = "3")]
    #[serde(serialize_with = "json::state")]
    pub state: i32,
    #[prost(message, repeated, tag = "4")]
    pub tracks: Vec<TrackInfo>,
    #[prost(string, tag = "5")]
    pub metadata: String,
    /// Seconds since 1970.
    #[prost(int64, tag = "6")]
    #[serde(serialize_with = "json::long")]
    pub joined_at: i64,
    #[prost(int64, tag = "17")]
    #[serde(serialize_with = "json::long")]
    pub joined_at_ms: i64,
    #[prost(string, tag = "9")]
    pub name: String,
    #[prost(uint32, tag = "10")]
    pub version: u32,
    #[prost(message, optional, tag = "11")]
    pub permission: Option<ParticipantPermission>,
    #[prost(bool, tag = "13")]
    pub is_publisher: bool,
    #[prost(btree_map = "string, string", tag = "15")]
    pub attributes: BTreeMap<String, String>,
    /// [`REASONS`].
    #[prost(int32, tag = "16")]
    #[serde(serialize_with = "json::reason")]
    pub disconnect_reason: i32,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct TrackInfo {
    #[prost(string, tag = "1")]
    pub sid: String,
    /// [`KINDS`]; `type` in the protocol.
    #[prost(int32, tag = "2")]
    #[serde(rename = "type", serialize_with = "json::kind")]
    pub kind: i32,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(bool, tag = "4")]
    pub muted: bool,
    #[prost(uint32, tag = "5")]
    pub width: u32,
    #[prost(uint32, tag = "6")]
    pub height: u32,
    #[prost(bool, tag = "7")]
    pub simulcast: bool,
    /// [`SOURCES`].
    #[prost(int32, tag = "9")]
    #[serde(serialize_with = "json::source")]
    pub source: i32,
    #[prost(message, repeated, tag = "10")]
    pub layers: Vec<VideoLayer>,
    #[prost(string, tag = "11")]
    pub mime_type: String,
    #[prost(string, tag = "12")]
    pub mid: String,
    #[prost(message, repeated, tag = "13")]
    pub codecs: Vec<SimulcastCodecInfo>,
    #[prost(bool, tag = "15")]
    pub disable_red: bool,
    #[prost(int32, tag = "16")]
    pub encryption: i32,
    #[prost(string, tag = "17")]
    pub stream: String,
    #[prost(int32, repeated, tag = "19")]
    pub audio_features: Vec<i32>,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct SimulcastCodecInfo {
    #[prost(string, tag = "1")]
    pub mime_type: String,
    #[prost(string, tag = "2")]
    pub mid: String,
    #[prost(string, tag = "3")]
    pub cid: String,
    #[prost(message, repeated, tag = "4")]
    pub layers: Vec<VideoLayer>,
}

#[derive(Clone, PartialEq, Message, Serialize)]
pub struct VideoLayer {
    /// 0 is the lowest, 2 the highest.
    #[prost(int32, tag = "1")]
    pub quality: i32,
    #[prost(uint32, tag = "2")]
    pub width: u32,
    #[prost(uint32, tag = "3")]
    pub height: u32,
    #[prost(uint32, tag = "4")]
    pub bitrate: u32,
    #[prost(uint32, tag = "5")]
    pub ssrc: u32,
    #[prost(int32, tag = "6")]
    pub spatial_layer: i32,
    #[prost(string, tag = "7")]
    pub rid: String,
}

/// What goes over data channels. Of its kinds only `user` is read: what others hold is
/// handed on as it came.
#[derive(Clone, PartialEq, Message)]
pub struct DataPacket {
    /// 0 is reliable, 1 lossy.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    #[prost(message, optional, tag = "2")]
    pub user: Option<UserPacket>,
    #[prost(string, tag = "4")]
    pub participant_identity: String,
    #[prost(string, repeated, tag = "5")]
    pub destination_identities: Vec<String>,
    #[prost(message, optional, tag = "10")]
    pub rpc_request: Option<RpcRequest>,
    #[prost(message, optional, tag = "11")]
    pub rpc_ack: Option<RpcAck>,
    #[prost(message, optional, tag = "12")]
    pub rpc_response: Option<RpcResponse>,
    /// Of a reliable packet; 0 where its sender does not count.
    #[prost(uint32, tag = "16")]
    pub sequence: u32,
    #[prost(string, tag = "17")]
    pub participant_sid: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct UserPacket {
    #[prost(string, tag = "1")]
    pub participant_sid: String,
    #[prost(string, tag = "5")]
    pub participant_identity: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub payload: bytes::Bytes,
    #[prost(string, repeated, tag = "3")]
    pub destination_sids: Vec<String>,
    #[prost(string, repeated, tag = "6")]
    pub destination_identities: Vec<String>,
    #[prost(string, optional, tag = "4")]
    pub topic: Option<String>,
    #[prost(bytes = "bytes", tag = "11")]
    pub nonce: bytes::Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub struct RpcRequest {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub method: String,
    #[prost(string, tag = "3")]
    pub payload: String,
    #[prost(uint32, tag = "4")]
    pub response_timeout_ms: u32,
    #[prost(uint32, tag = "5")]
    pub version: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct RpcAck {
    #[prost(string, tag = "1")]
    pub request_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct RpcResponse {
    #[prost(string, tag = "1")]
    pub request_id: String,
    #[prost(string, optional, tag = "2")]
    pub payload: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub error: Option<RpcError>,
}

#[derive(Clone, PartialEq, Message)]
pub struct RpcError {
    #[prost(uint32, tag = "1")]
    pub code: u32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(string, tag = "3")]
    pub data: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct SpeakerInfo {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(float, tag = "2")]
    pub level: f32,
    #[prost(bool, tag = "3")]
    pub active: bool,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub struct ParticipantTracks {
    #[prost(string, tag = "1")]
    #[serde(alias = "participantSid")]
    pub participant_sid: String,
    #[prost(string, repeated, tag = "2")]
    #[serde(alias = "trackSids")]
    pub track_sids: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ServerInfo {
    #[prost(int32, tag = "1")]
    pub edition: i32,
    #[prost(string, tag = "2")]
    pub version: String,
    #[prost(int32, tag = "3")]
    pub protocol: i32,
    #[prost(string, tag = "5")]
    pub node_id: String,
}

/// Names of enumerations, each by its number.
pub const SOURCES: &[&str] =
    &["UNKNOWN", "CAMERA", "MICROPHONE", "SCREEN_SHARE", "SCREEN_SHARE_AUDIO"];
pub const STATES: &[&str] = &["JOINING", "JOINED", "ACTIVE", "DISCONNECTED"];
pub const KINDS: &[&str] = &["AUDIO", "VIDEO", "DATA"];
pub const PACKET_KINDS: &[&str] = &["RELIABLE", "LOSSY"];
pub const REASONS: &[&str] = &[
    "UNKNOWN_REASON",
    "CLIENT_INITIATED",
    "DUPLICATE_IDENTITY",
    "SERVER_SHUTDOWN",
    "PARTICIPANT_REMOVED",
    "ROOM_DELETED",
    "STATE_MISMATCH",
    "JOIN_FAILURE",
    "MIGRATION",
    "SIGNAL_CLOSE",
    "ROOM_CLOSED",
    "USER_UNAVAILABLE",
    "USER_REJECTED",
    "SIP_TRUNK_FAILURE",
    "CONNECTION_TIMEOUT",
    "MEDIA_FAILURE",
];
