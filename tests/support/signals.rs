//! Messages of LiveKit's signalling, as far as tests look at them.

use std::collections::BTreeMap;

use prost::Message;

/// Of `SignalResponse` what is looked at here.
#[derive(Clone, PartialEq, Message)]
pub struct Signal {
    #[prost(message, optional, tag = "1")]
    pub join: Option<Join>,
    #[prost(message, optional, tag = "2")]
    pub answer: Option<Description>,
    #[prost(message, optional, tag = "3")]
    pub offer: Option<Description>,
    #[prost(message, optional, tag = "4")]
    pub trickle: Option<Trickle>,
    #[prost(message, optional, tag = "5")]
    pub update: Option<Update>,
    #[prost(message, optional, tag = "6")]
    pub published: Option<Published>,
    #[prost(message, optional, tag = "8")]
    pub leave: Option<Leave>,
    #[prost(message, optional, tag = "9")]
    pub mute: Option<Mute>,
    #[prost(message, optional, tag = "11")]
    pub room: Option<RoomUpdate>,
    #[prost(string, optional, tag = "16")]
    pub token: Option<String>,
    #[prost(message, optional, tag = "17")]
    pub unpublished: Option<Cid>,
    #[prost(int64, optional, tag = "18")]
    pub pong: Option<i64>,
    #[prost(message, optional, tag = "10")]
    pub speakers: Option<Empty>,
    #[prost(message, optional, tag = "19")]
    pub reconnect: Option<Reconnect>,
    #[prost(message, optional, tag = "22")]
    pub refused: Option<Refused>,
    #[prost(message, optional, tag = "23")]
    pub subscribed: Option<Cid>,
    #[prost(message, optional, tag = "25")]
    pub sections: Option<Sections>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

#[derive(Clone, PartialEq, Message)]
pub struct Description {
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
pub struct Trickle {
    #[prost(string, tag = "1")]
    pub candidate: String,
    #[prost(int32, tag = "2")]
    pub target: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Reconnect {
    #[prost(uint32, tag = "4")]
    pub last_message: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Sections {
    #[prost(uint32, tag = "1")]
    pub audios: u32,
    #[prost(uint32, tag = "2")]
    pub videos: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Join {
    #[prost(message, optional, tag = "1")]
    pub room: Option<Room>,
    #[prost(message, optional, tag = "2")]
    pub participant: Option<Person>,
    #[prost(message, repeated, tag = "3")]
    pub others: Vec<Person>,
    #[prost(bool, tag = "6")]
    pub subscriber_primary: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Update {
    #[prost(message, repeated, tag = "1")]
    pub participants: Vec<Person>,
}

#[derive(Clone, PartialEq, Message)]
pub struct RoomUpdate {
    #[prost(message, optional, tag = "1")]
    pub room: Option<Room>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Room {
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "8")]
    pub metadata: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Person {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(string, tag = "2")]
    pub identity: String,
    #[prost(int32, tag = "3")]
    pub state: i32,
    #[prost(message, repeated, tag = "4")]
    pub tracks: Vec<Track>,
    #[prost(string, tag = "5")]
    pub metadata: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Track {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(bool, tag = "4")]
    pub muted: bool,
    #[prost(uint32, tag = "5")]
    pub width: u32,
    #[prost(int32, repeated, tag = "19")]
    pub features: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Published {
    #[prost(string, tag = "1")]
    pub cid: String,
    #[prost(message, optional, tag = "2")]
    pub track: Option<Track>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Leave {
    #[prost(int32, tag = "2")]
    pub reason: i32,
    #[prost(int32, tag = "3")]
    pub action: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Mute {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(bool, tag = "2")]
    pub muted: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Cid {
    #[prost(string, tag = "1")]
    pub sid: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Refused {
    #[prost(int32, tag = "2")]
    pub reason: i32,
    #[prost(string, tag = "3")]
    pub message: String,
}

/// Of `SignalRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct Asked {
    #[prost(message, optional, tag = "1")]
    pub offer: Option<Description>,
    #[prost(message, optional, tag = "2")]
    pub answer: Option<Description>,
    #[prost(message, optional, tag = "3")]
    pub trickle: Option<Trickle>,
    #[prost(message, optional, tag = "4")]
    pub add_track: Option<AddTrack>,
    #[prost(message, optional, tag = "5")]
    pub mute: Option<Mute>,
    #[prost(message, optional, tag = "8")]
    pub leave: Option<Leave>,
    #[prost(message, optional, tag = "12")]
    pub sync_state: Option<SyncState>,
    #[prost(message, optional, tag = "13")]
    pub simulate: Option<Simulate>,
    #[prost(int64, optional, tag = "14")]
    pub ping: Option<i64>,
    #[prost(message, optional, tag = "17")]
    pub audio: Option<UpdateAudio>,
    #[prost(message, optional, tag = "18")]
    pub video: Option<UpdateVideo>,
    #[prost(message, optional, tag = "19")]
    pub data_track: Option<Empty>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SyncState {
    #[prost(message, optional, tag = "2")]
    pub subscription: Option<Subscription>,
    #[prost(message, repeated, tag = "3")]
    pub published: Vec<Published>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Subscription {
    #[prost(string, repeated, tag = "1")]
    pub tracks: Vec<String>,
    #[prost(bool, tag = "2")]
    pub subscribe: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Simulate {
    #[prost(int32, optional, tag = "1")]
    pub speaker: Option<i32>,
    #[prost(bool, optional, tag = "2")]
    pub node_failure: Option<bool>,
    #[prost(int32, optional, tag = "5")]
    pub switch_protocol: Option<i32>,
    #[prost(bool, optional, tag = "8")]
    pub cut_on_resume: Option<bool>,
    #[prost(bool, optional, tag = "9")]
    pub full_reconnect: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateAudio {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(int32, repeated, tag = "2")]
    pub features: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateVideo {
    #[prost(string, tag = "1")]
    pub sid: String,
    #[prost(uint32, tag = "2")]
    pub width: u32,
}

/// What `/rtc/v1` is asked with.
#[derive(Clone, PartialEq, Message)]
pub struct WrappedJoin {
    #[prost(int32, tag = "1")]
    pub compression: i32,
    #[prost(bytes, tag = "2")]
    pub join: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct JoinRequest {
    #[prost(message, optional, tag = "2")]
    pub settings: Option<Settings>,
    #[prost(message, optional, tag = "6")]
    pub offer: Option<Description>,
    #[prost(bool, tag = "7")]
    pub reconnect: bool,
    #[prost(string, tag = "9")]
    pub sid: String,
    #[prost(message, optional, tag = "10")]
    pub sync_state: Option<SyncState>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Settings {
    #[prost(bool, tag = "1")]
    pub auto_subscribe: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct AddTrack {
    #[prost(string, tag = "1")]
    pub cid: String,
    #[prost(int32, tag = "3")]
    pub kind: i32,
    #[prost(int32, tag = "8")]
    pub source: i32,
}
