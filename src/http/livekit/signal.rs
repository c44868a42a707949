//! Messages of `livekit_rtc.proto`: what client and server tell each other of a session.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

use super::models::{
    Codec, ParticipantInfo, ParticipantTracks, Room, ServerInfo, SpeakerInfo, TrackInfo, VideoLayer,
};

/// Of a description or a candidate: which of the two connections it is of.
pub const PUBLISHER: i32 = 0;
pub const SUBSCRIBER: i32 = 1;

#[derive(Clone, PartialEq, Message)]
pub struct SignalRequest {
    #[prost(
        oneof = "Request",
        tags = "1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23"
    )]
    pub message: Option<Request>,
}

/// Those that are bytes are refused.
#[derive(Clone, PartialEq, Oneof)]
pub enum Request {
    #[prost(message, tag = "1")]
    Offer(SessionDescription),
    #[prost(message, tag = "2")]
    Answer(SessionDescription),
    #[prost(message, tag = "3")]
    Trickle(TrickleRequest),
    #[prost(message, tag = "4")]
    AddTrack(AddTrackRequest),
    #[prost(message, tag = "5")]
    Mute(MuteTrackRequest),
    #[prost(message, tag = "6")]
    Subscription(UpdateSubscription),
    #[prost(message, tag = "7")]
    TrackSetting(UpdateTrackSettings),
    #[prost(message, tag = "8")]
    Leave(LeaveRequest),
    #[prost(bytes, tag = "10")]
    UpdateLayers(Vec<u8>),
    #[prost(message, tag = "11")]
    SubscriptionPermission(SubscriptionPermission),
    #[prost(message, tag = "12")]
    SyncState(SyncState),
    #[prost(message, tag = "13")]
    Simulate(SimulateScenario),
    #[prost(int64, tag = "14")]
    Ping(i64),
    #[prost(message, tag = "15")]
    UpdateMetadata(UpdateParticipantMetadata),
    #[prost(message, tag = "16")]
    PingReq(Ping),
    #[prost(message, tag = "17")]
    UpdateAudioTrack(UpdateLocalAudioTrack),
    #[prost(message, tag = "18")]
    UpdateVideoTrack(UpdateLocalVideoTrack),
    #[prost(bytes, tag = "19")]
    PublishDataTrack(Vec<u8>),
    #[prost(bytes, tag = "20")]
    UnpublishDataTrack(Vec<u8>),
    #[prost(bytes, tag = "21")]
    UpdateDataSubscription(Vec<u8>),
    #[prost(bytes, tag = "22")]
    StoreDataBlob(Vec<u8>),
    #[prost(bytes, tag = "23")]
    GetDataBlob(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub struct SignalResponse {
    #[prost(
        oneof = "Response",
        tags = "1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 21, 22, 23, 25"
    )]
    pub message: Option<Response>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Response {
    #[prost(message, tag = "1")]
    Join(JoinResponse),
    #[prost(message, tag = "2")]
    Answer(SessionDescription),
    #[prost(message, tag = "3")]
    Offer(SessionDescription),
    #[prost(message, tag = "4")]
    Trickle(TrickleRequest),
    #[prost(message, tag = "5")]
    Update(ParticipantUpdate),
    #[prost(message, tag = "6")]
    TrackPublished(TrackPublishedResponse),
    #[prost(message, tag = "8")]
    Leave(LeaveRequest),
    #[prost(message, tag = "9")]
    Mute(MuteTrackRequest),
    #[prost(message, tag = "10")]
    SpeakersChanged(SpeakersChanged),
    #[prost(message, tag = "11")]
    RoomUpdate(RoomUpdate),
    #[prost(message, tag = "12")]
    ConnectionQuality(ConnectionQualityUpdate),
    #[prost(string, tag = "16")]
    RefreshToken(String),
    #[prost(message, tag = "17")]
    TrackUnpublished(TrackUnpublishedResponse),
    #[prost(int64, tag = "18")]
    Pong(i64),
    #[prost(message, tag = "19")]
    Reconnect(ReconnectResponse),
    #[prost(message, tag = "20")]
    PongResp(Pong),
    #[prost(message, tag = "21")]
    Subscription(SubscriptionResponse),
    #[prost(message, tag = "22")]
    RequestResponse(RequestResponse),
    #[prost(message, tag = "23")]
    TrackSubscribed(TrackSubscribed),
    #[prost(message, tag = "25")]
    MediaSections(MediaSectionsRequirement),
}

#[derive(Clone, PartialEq, Message)]
pub struct SimulcastCodec {
    #[prost(string, tag = "1")]
    pub codec: String,
    #[prost(string, tag = "2")]
    pub cid: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct AddTrackRequest {
    #[prost(string, tag = "1")]
    pub cid: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(int32, tag = "3")]
    pub kind: i32,
    #[prost(uint32, tag = "4")]
    pub width: u32,
    #[prost(uint32, tag = "5")]
    pub height: u32,
    #[prost(bool, tag = "6")]
    pub muted: bool,
    #[prost(int32, tag = "8")]
    pub source: i32,
    #[prost(message, repeated, tag = "9")]
    pub layers: Vec<VideoLayer>,
    #[prost(message, repeated, tag = "10")]
    pub simulcast_codecs: Vec<SimulcastCodec>,
    /// Of a track that is there, which gets one more codec.
    #[prost(string, tag = "11")]
    pub sid: String,
    #[prost(bool, tag = "13")]
    pub disable_red: bool,
    #[prost(int32, tag = "14")]
    pub encryption: i32,
    #[prost(string, tag = "15")]
    pub stream: String,
    #[prost(int32, repeated, tag = "17")]
    pub audio_features: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TrickleRequest {
    #[prost(string, tag = "1")]
    pub candidate_init: String,
    #[prost(int32, tag = "2")]
    pub target: i32,
    #[prost(bool, tag = "3")]
    pub is_final: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct MuteTrackRequest {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(bool, tag = "2")]
    pub muted: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct JoinResponse {
    #[prost(message, optional, tag = "1")]
    pub room: Option<Room>,
    #[prost(message, optional, tag = "2")]
    pub participant: Option<ParticipantInfo>,
    #[prost(message, repeated, tag = "3")]
    pub other_participants: Vec<ParticipantInfo>,
    #[prost(string, tag = "4")]
    pub server_version: String,
    #[prost(message, repeated, tag = "5")]
    pub ice_servers: Vec<IceServer>,
    #[prost(bool, tag = "6")]
    pub subscriber_primary: bool,
    /// Seconds.
    #[prost(int32, tag = "10")]
    pub ping_timeout: i32,
    #[prost(int32, tag = "11")]
    pub ping_interval: i32,
    #[prost(message, optional, tag = "12")]
    pub server_info: Option<ServerInfo>,
    #[prost(message, repeated, tag = "14")]
    pub enabled_publish_codecs: Vec<Codec>,
    #[prost(bool, tag = "15")]
    pub fast_publish: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct ReconnectResponse {
    #[prost(message, repeated, tag = "1")]
    pub ice_servers: Vec<IceServer>,
    #[prost(message, optional, tag = "3")]
    pub server_info: Option<ServerInfo>,
    /// Of the last reliable packet that has come.
    #[prost(uint32, tag = "4")]
    pub last_message_seq: u32,
}

/// What a client that resumes has.
#[derive(Clone, PartialEq, Message)]
pub struct SyncState {
    #[prost(message, optional, tag = "2")]
    pub subscription: Option<UpdateSubscription>,
    #[prost(message, repeated, tag = "3")]
    pub publish_tracks: Vec<TrackPublishedResponse>,
    #[prost(string, repeated, tag = "6")]
    pub track_sids_disabled: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SimulateScenario {
    #[prost(oneof = "Scenario", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9")]
    pub scenario: Option<Scenario>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub enum Scenario {
    /// Seconds.
    #[prost(int32, tag = "1")]
    SpeakerUpdate(i32),
    #[prost(bool, tag = "2")]
    NodeFailure(bool),
    #[prost(bool, tag = "3")]
    Migration(bool),
    #[prost(bool, tag = "4")]
    ServerLeave(bool),
    #[prost(int32, tag = "5")]
    SwitchCandidateProtocol(i32),
    #[prost(int64, tag = "6")]
    SubscriberBandwidth(i64),
    #[prost(bool, tag = "7")]
    DisconnectOnResume(bool),
    #[prost(bool, tag = "8")]
    DisconnectOnResumeNoMessages(bool),
    #[prost(bool, tag = "9")]
    LeaveRequestFullReconnect(bool),
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateLocalAudioTrack {
    #[prost(string, tag = "1")]
    pub track_sid: String,
    #[prost(int32, repeated, tag = "2")]
    pub features: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateLocalVideoTrack {
    #[prost(string, tag = "1")]
    pub track_sid: String,
    #[prost(uint32, tag = "2")]
    pub width: u32,
    #[prost(uint32, tag = "3")]
    pub height: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct TrackPublishedResponse {
    #[prost(string, tag = "1")]
    pub cid: String,
    #[prost(message, optional, tag = "2")]
    pub track: Option<TrackInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TrackUnpublishedResponse {
    #[prost(string, tag = "1")]
    pub track_sid: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct TrackSubscribed {
    #[prost(string, tag = "1")]
    pub track_sid: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct SessionDescription {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub sdp: String,
    #[prost(uint32, tag = "3")]
    pub id: u32,
    #[prost(btree_map = "string, string", tag = "4")]
    pub mid_to_track_id: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ParticipantUpdate {
    #[prost(message, repeated, tag = "1")]
    pub participants: Vec<ParticipantInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateSubscription {
    #[prost(string, repeated, tag = "1")]
    pub track_sids: Vec<String>,
    #[prost(bool, tag = "2")]
    pub subscribe: bool,
    #[prost(message, repeated, tag = "3")]
    pub participant_tracks: Vec<ParticipantTracks>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateTrackSettings {
    #[prost(string, repeated, tag = "1")]
    pub track_sids: Vec<String>,
    #[prost(bool, tag = "3")]
    pub disabled: bool,
    #[prost(int32, tag = "4")]
    pub quality: i32,
    #[prost(uint32, tag = "5")]
    pub width: u32,
    #[prost(uint32, tag = "6")]
    pub height: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct LeaveRequest {
    #[prost(bool, tag = "1")]
    pub can_reconnect: bool,
    #[prost(int32, tag = "2")]
    pub reason: i32,
    /// 0: go, 1: resume, 2: join anew.
    #[prost(int32, tag = "3")]
    pub action: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateParticipantMetadata {
    #[prost(string, tag = "1")]
    pub metadata: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub attributes: BTreeMap<String, String>,
    #[prost(uint32, tag = "4")]
    pub request_id: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct IceServer {
    #[prost(string, repeated, tag = "1")]
    pub urls: Vec<String>,
    #[prost(string, tag = "2")]
    pub username: String,
    #[prost(string, tag = "3")]
    pub credential: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct SpeakersChanged {
    #[prost(message, repeated, tag = "1")]
    pub speakers: Vec<SpeakerInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct RoomUpdate {
    #[prost(message, optional, tag = "1")]
    pub room: Option<Room>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ConnectionQualityInfo {
    #[prost(string, tag = "1")]
    pub participant_sid: String,
    /// 0 poor, 1 good, 2 excellent, 3 lost.
    #[prost(int32, tag = "2")]
    pub quality: i32,
    #[prost(float, tag = "3")]
    pub score: f32,
}

#[derive(Clone, PartialEq, Message)]
pub struct ConnectionQualityUpdate {
    #[prost(message, repeated, tag = "1")]
    pub updates: Vec<ConnectionQualityInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TrackPermission {
    #[prost(string, tag = "1")]
    pub participant_sid: String,
    #[prost(bool, tag = "2")]
    pub all_tracks: bool,
    #[prost(string, repeated, tag = "3")]
    pub track_sids: Vec<String>,
    #[prost(string, tag = "4")]
    pub participant_identity: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct SubscriptionPermission {
    #[prost(bool, tag = "1")]
    pub all_participants: bool,
    #[prost(message, repeated, tag = "2")]
    pub track_permissions: Vec<TrackPermission>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Ping {
    #[prost(int64, tag = "1")]
    pub timestamp: i64,
    #[prost(int64, tag = "2")]
    pub rtt: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Pong {
    #[prost(int64, tag = "1")]
    pub last_ping_timestamp: i64,
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// [`SubscriptionResponse::err`].
pub const CODEC_UNSUPPORTED: i32 = 1;

#[derive(Clone, PartialEq, Message)]
pub struct SubscriptionResponse {
    #[prost(string, tag = "1")]
    pub track_sid: String,
    #[prost(int32, tag = "2")]
    pub err: i32,
}

/// [`RequestResponse::reason`].
pub mod refusal {
    pub const NOT_FOUND: i32 = 1;
    pub const NOT_ALLOWED: i32 = 2;
    pub const LIMIT_EXCEEDED: i32 = 3;
    pub const UNSUPPORTED_TYPE: i32 = 5;
    pub const UNCLASSIFIED: i32 = 6;
}

#[derive(Clone, PartialEq, Message)]
pub struct RequestResponse {
    #[prost(uint32, tag = "1")]
    pub request_id: u32,
    #[prost(int32, tag = "2")]
    pub reason: i32,
    #[prost(string, tag = "3")]
    pub message: String,
    /// What was refused.
    #[prost(message, optional, tag = "5")]
    pub add_track: Option<AddTrackRequest>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MediaSectionsRequirement {
    #[prost(uint32, tag = "1")]
    pub num_audios: u32,
    #[prost(uint32, tag = "2")]
    pub num_videos: u32,
}
