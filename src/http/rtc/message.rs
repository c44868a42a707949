//! Messages of the WebSocket `/api/v1/rtc`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::rooms::{Message, Preference, Told};
use crate::rtc::peer::Candidate;
use crate::rtc::signal::Declared;

/// What a client says.
#[derive(Debug)]
pub enum Request {
    Join(Join),
    Offer(Offer),
    Answer(Answer),
    Candidate(Trickled),
    Restart(Nothing),
    Mute(Mute),
    Subscribe(Subscribe),
    Message(Spoken),
    Leave(Nothing),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Join {
    /// None: no room, data channels only.
    pub room: Option<String>,
    pub identity: Option<String>,
    pub metadata: Option<String>,
    pub auto_subscribe: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    pub sdp: String,
    #[serde(default)]
    pub tracks: Vec<Declared>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub sdp: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trickled {
    /// Null: there are no more.
    pub candidate: Option<Candidate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// The sid.
    pub track: String,
    pub muted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// Sids.
    pub tracks: Vec<String>,
    /// Whether they are wanted at all.
    #[serde(default = "yes")]
    pub subscribed: bool,
    /// Wanted, but not now.
    #[serde(default)]
    pub paused: bool,
    /// The highest layer that is of use: 0 to 2.
    pub quality: Option<i32>,
}

fn yes() -> bool {
    true
}

impl Subscribe {
    pub fn preference(&self) -> Preference {
        Preference { is_paused: self.paused, quality: self.quality, ..Preference::default() }
    }
}

/// Something for others in the room.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// Identities; none is everybody.
    #[serde(default)]
    pub to: Vec<String>,
    pub topic: Option<String>,
    pub text: Option<String>,
    /// Base64.
    pub data: Option<String>,
    #[serde(default = "yes")]
    pub reliable: bool,
}

impl Spoken {
    /// From a data channel, which says by itself whether messages may be lost.
    pub fn read(text: &str, is_reliable: bool) -> Result<Spoken, String> {
        let spoken: Spoken = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Spoken { reliable: is_reliable, ..spoken })
    }

    /// Bytes for everybody.
    pub fn of_bytes(bytes: &[u8], is_reliable: bool) -> Spoken {
        let data = Some(STANDARD.encode(bytes));
        Spoken { to: Vec::new(), topic: None, text: None, data, reliable: is_reliable }
    }

    pub fn message(self) -> Result<Message, String> {
        let payload = match (self.text, self.data) {
            (Some(text), None) => Bytes::from(text),
            (None, Some(data)) => {
                let decoded = STANDARD.decode(data);
                Bytes::from(decoded.map_err(|_| "\"data\" is not base64".to_owned())?)
            }
            _ => return Err("a message has a \"text\" or \"data\"".to_owned()),
        };
        Ok(Message {
            from: (String::new(), String::new()),
            to: self.to,
            topic: self.topic,
            is_reliable: self.reliable,
            payload,
            packet: None,
        })
    }
}

/// A request, and what the client calls it.
pub fn read(text: &str) -> Result<(Value, Request), String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Value::Object(mut members) = value else {
        return Err("a message is a JSON object".to_owned());
    };
    let id = members.remove("id").unwrap_or_default();
    let kind = members.remove("type");
    let kind = kind.as_ref().and_then(Value::as_str).ok_or("a message has a \"type\"")?;
    let request = match kind {
        "join" => Request::Join(of(members)?),
        "offer" => Request::Offer(of(members)?),
        "answer" => Request::Answer(of(members)?),
        "candidate" => Request::Candidate(of(members)?),
        "restart" => Request::Restart(of(members)?),
        "mute" => Request::Mute(of(members)?),
        "subscribe" => Request::Subscribe(of(members)?),
        "message" => Request::Message(of(members)?),
        "leave" => Request::Leave(of(members)?),
        _ => return Err(format!("the type \"{kind}\" is not known")),
    };
    Ok((id, request))
}

fn of<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(members)).map_err(|error| error.to_string())
}

/// What a room tells, as a message; none where it is for the server.
pub fn told(told: &Told) -> Option<Value> {
    Some(match told {
        Told::Participant(info) => json!({"type": "participant", "participant": **info}),
        Told::Room(about) => json!({"type": "room", "room": **about}),
        Told::Message(message) => spoken(message),
        Told::Muted { track, is_muted } => {
            json!({"type": "muted", "track": track, "muted": is_muted})
        }
        Told::Unpublished { track } => json!({"type": "unpublished", "track": track}),
        Told::Speakers(speakers) => json!({"type": "speakers", "speakers": speakers[..]}),
        Told::Quality(scores) => {
            let scores = scores.iter().map(|(sid, score)| json!({"sid": sid, "score": score}));
            json!({"type": "quality", "scores": scores.collect::<Vec<_>>()})
        }
        Told::Ended(reason) => json!({"type": "left", "reason": reason.as_str()}),
        Told::Wanted | Told::Subscribed { .. } => return None,
    })
}

fn spoken(message: &Message) -> Value {
    let (sid, identity) = &message.from;
    let mut shown = json!({
        "type": "message",
        "from": identity,
        "sid": sid,
        "topic": message.topic,
        "reliable": message.is_reliable,
    });
    match std::str::from_utf8(&message.payload) {
        Ok(text) => shown["text"] = json!(text),
        Err(_) => shown["data"] = json!(STANDARD.encode(&message.payload)),
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_named() {
        let (id, request) =
            read(r#"{"type": "subscribe", "id": 7, "tracks": ["TR_V"], "quality": 1}"#).unwrap();
        assert_eq!(id, json!(7));
        let Request::Subscribe(subscribe) = request else { panic!("another request") };
        assert!(subscribe.subscribed && subscribe.preference().quality == Some(1));
        for wrong in ["", "[]", "{}", r#"{"type": "sing"}"#, r#"{"type": "leave", "now": 1}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let both = Spoken {
            to: Vec::new(),
            topic: None,
            text: Some(String::new()),
            data: Some(String::new()),
            reliable: true,
        };
        assert!(both.message().is_err());
    }
}
