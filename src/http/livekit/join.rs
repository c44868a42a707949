//! How a client asks to come in: by the parameters of `/rtc`, or by the one message that
//! `/rtc/v1` has as its parameter.
//!
//! ```text
//! /rtc?auto_subscribe=1&reconnect=1&sid=PA_…
//! /rtc/v1?join_request=…      base64 of WrappedJoinRequest { gzip?, JoinRequest { … } }
//! ```
//! The second way is of clients that use one connection for both directions; their first
//! offer may be in it, and what they are about to publish. A message has at most
//! [`JOIN_REQUEST_BYTES_MAX`], before and after it was compressed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::Message;

use super::signal::{AddTrackRequest, SessionDescription, SyncState};
use crate::error::Error;
use crate::http::problem::Problem;
use crate::http::rooms::entry::Wish;
use crate::sqlstate;

/// Bytes of a request to join.
const JOIN_REQUEST_BYTES_MAX: usize = 1 << 20;

/// Tracks that one may ask for at once.
const TRACKS_MAX: usize = 64;

#[derive(Clone, PartialEq, Message)]
struct WrappedJoinRequest {
    /// 0: not, 1: gzip.
    #[prost(int32, tag = "1")]
    compression: i32,
    #[prost(bytes, tag = "2")]
    join_request: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct JoinRequest {
    #[prost(message, optional, tag = "2")]
    connection_settings: Option<ConnectionSettings>,
    #[prost(string, tag = "3")]
    metadata: String,
    #[prost(btree_map = "string, string", tag = "4")]
    participant_attributes: BTreeMap<String, String>,
    #[prost(message, repeated, tag = "5")]
    add_track_requests: Vec<AddTrackRequest>,
    #[prost(message, optional, tag = "6")]
    publisher_offer: Option<SessionDescription>,
    #[prost(bool, tag = "7")]
    reconnect: bool,
    #[prost(string, tag = "9")]
    participant_sid: String,
    #[prost(message, optional, tag = "10")]
    sync_state: Option<SyncState>,
}

#[derive(Clone, PartialEq, Message)]
struct ConnectionSettings {
    #[prost(bool, tag = "1")]
    auto_subscribe: bool,
}

/// What a client wants.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub wish: Wish,
    /// What it sends and what it is sent go over one connection.
    pub is_single: bool,
    /// The sid of the session that it goes on with; empty where it does not know it.
    pub resumes: Option<String>,
    pub offer: Option<SessionDescription>,
    pub tracks: Vec<AddTrackRequest>,
    pub sync: Option<SyncState>,
}

/// Reads what was asked for; 400 names what cannot be read, 501 what is not done.
pub fn read(query: &[(String, String)], is_single: bool) -> Result<Wanted, Problem> {
    let find = |name: &str| query.iter().find(|(found, _)| found == name).map(|(_, it)| &**it);
    if let Some(text) = find("join_request").filter(|_| is_single) {
        return read_message(text);
    }
    if find("publish").is_some_and(|suffix| !suffix.is_empty()) {
        let what = "a second connection of a participant (\"publish\") is not supported";
        return Err(Problem::of(&Error::new(sqlstate::FEATURE_NOT_SUPPORTED, what), ""));
    }
    let is =
        |name: &str| find(name).map(|value| value == "1" || value.eq_ignore_ascii_case("true"));
    let sid = || find("sid").unwrap_or_default().to_owned();
    Ok(Wanted {
        wish: Wish { auto_subscribe: is("auto_subscribe").unwrap_or(true), ..Wish::default() },
        is_single,
        resumes: is("reconnect").unwrap_or_default().then(sid),
        ..Wanted::default()
    })
}

fn read_message(text: &str) -> Result<Wanted, Problem> {
    let asked = decoded(text)
        .map_err(|why| Problem::bad_request(&format!("the join_request cannot be read: {why}")))?;
    if asked.add_track_requests.len() > TRACKS_MAX {
        let message = format!("a join_request asks for at most {TRACKS_MAX} tracks");
        return Err(Problem::bad_request(&message));
    }
    let settings = asked.connection_settings;
    let wish = Wish {
        auto_subscribe: settings.is_none_or(|settings| settings.auto_subscribe),
        metadata: Some(asked.metadata).filter(|text| !text.is_empty()),
        attributes: asked.participant_attributes,
        ..Wish::default()
    };
    Ok(Wanted {
        wish,
        is_single: true,
        resumes: asked.reconnect.then_some(asked.participant_sid),
        offer: asked.publisher_offer,
        tracks: asked.add_track_requests,
        sync: asked.sync_state,
    })
}

fn decoded(text: &str) -> Result<JoinRequest, String> {
    // Clients differ in what they fill up with.
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let plain = text.replace('+', "-").replace('/', "_");
    let bytes = GeneralPurpose::new(&URL_SAFE, config).decode(plain);
    let bytes = bytes.map_err(|error| error.to_string())?;
    let wrapped = WrappedJoinRequest::decode(&*bytes).map_err(|error| error.to_string())?;
    let asked = match wrapped.compression {
        0 => wrapped.join_request,
        1 => unzipped(&wrapped.join_request)?,
        other => return Err(format!("its compression {other} is not known")),
    };
    if asked.len() > JOIN_REQUEST_BYTES_MAX {
        return Err(format!("it is larger than {JOIN_REQUEST_BYTES_MAX} bytes"));
    }
    JoinRequest::decode(&*asked).map_err(|error| error.to_string())
}

/// What one member of gzip (RFC 1952) holds. Its checksum is not looked at: a message that
/// has become another one is refused as what it says, or by the token beside it.
fn unzipped(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let broken = || "its gzip is broken".to_owned();
    let body = deflated(bytes).ok_or_else(broken)?;
    let read = miniz_oxide::inflate::decompress_to_vec_with_limit(body, JOIN_REQUEST_BYTES_MAX);
    read.map_err(|error| match error.status {
        miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
            format!("it is larger than {JOIN_REQUEST_BYTES_MAX} bytes")
        }
        _ => broken(),
    })
}

/// What is behind the header, whose optional fields come one after the other.
fn deflated(bytes: &[u8]) -> Option<&[u8]> {
    const HAS_CRC: u8 = 2;
    const HAS_EXTRA: u8 = 4;
    const HAS_NAME: u8 = 8;
    const HAS_COMMENT: u8 = 16;
    let (header, mut rest) = bytes.split_first_chunk::<10>()?;
    let [0x1f, 0x8b, 8, flags, ..] = *header else { return None };
    if flags & HAS_EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [HAS_NAME, HAS_COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HAS_CRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> JoinRequest {
        JoinRequest {
            connection_settings: Some(ConnectionSettings { auto_subscribe: true }),
            reconnect: true,
            participant_sid: "PA_1".to_owned(),
            metadata: "é".repeat(500),
            ..JoinRequest::default()
        }
    }

    fn text(compression: i32, join_request: Vec<u8>) -> String {
        let wrapped = WrappedJoinRequest { compression, join_request };
        base64::engine::general_purpose::URL_SAFE.encode(wrapped.encode_to_vec())
    }

    fn zipped(bytes: &[u8], flags: u8, between: &[u8]) -> Vec<u8> {
        let mut all = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        all.extend(between);
        all.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
        all.extend([0; 8]);
        all
    }

    fn query(text: String) -> [(String, String); 1] {
        [("join_request".to_owned(), text)]
    }

    #[test]
    fn a_request_is_read_however_it_is_packed() {
        let bytes = asked().encode_to_vec();
        for packed in [
            text(0, bytes.clone()),
            text(0, bytes.clone()).trim_end_matches('=').to_owned(),
            text(1, zipped(&bytes, 0, &[])),
            text(1, zipped(&bytes, 8, b"name\0")),
            text(1, zipped(&bytes, 4 | 2, &[3, 0, 1, 2, 3, 9, 9])),
        ] {
            let wanted = read(&query(packed), true).unwrap_or_else(|_| panic!("it is read"));
            assert_eq!(wanted.resumes.as_deref(), Some("PA_1"));
            assert!(wanted.is_single && wanted.wish.auto_subscribe);
            assert_eq!(wanted.wish.metadata, Some("é".repeat(500)));
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let bomb = zipped(&vec![0; JOIN_REQUEST_BYTES_MAX + 1], 0, &[]);
        let tracks = vec![AddTrackRequest::default(); TRACKS_MAX + 1];
        let many = JoinRequest { add_track_requests: tracks, ..JoinRequest::default() };
        for wrong in [
            "?".to_owned(),
            "AAAA".to_owned(),
            text(0, vec![0xff; 3]),
            text(1, bomb),
            text(1, vec![0x1f, 0x8b, 8]),
            text(1, zipped(b"x", 8, b"endless")),
            text(2, Vec::new()),
            text(0, many.encode_to_vec()),
        ] {
            assert!(read(&query(wrong.clone()), true).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_say_the_same() {
        let pairs = |text: &str| -> Vec<(String, String)> {
            let pair = |pair: &str| pair.split_once('=').map(|(a, b)| (a.into(), b.into()));
            text.split('&').filter_map(pair).collect()
        };
        let read = |text: &str| read(&pairs(text), false);
        let wanted = read("auto_subscribe=0&reconnect=1&sid=PA_2").unwrap_or_default();
        assert_eq!(wanted.resumes.as_deref(), Some("PA_2"));
        assert!(!wanted.wish.auto_subscribe && !wanted.is_single);
        assert!(read("reconnect=0").is_ok_and(|wanted| wanted.resumes.is_none()));
        assert!(read("publish=x").is_err());
    }
}
