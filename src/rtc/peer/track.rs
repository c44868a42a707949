//! Media: streams of RTP packets to and from a peer.

use std::sync::Arc;

use super::Error;

/// An RTP packet, decrypted.
pub type Packet = ::rtc::rtp::Packet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Audio,
    Video,
}

/// What may be sent and received; each is registered with its RTX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    Opus,
    Vp8,
    Vp9,
    /// Constrained baseline, packetization mode 1 (`42e01f`).
    H264,
    Av1,
}

impl Codec {
    pub fn kind(self) -> Kind {
        match self {
            Codec::Opus => Kind::Audio,
            _ => Kind::Video,
        }
    }

    /// `audio/opus`, `video/VP8`, …
    pub fn mime(self) -> &'static str {
        match self {
            Codec::Opus => "audio/opus",
            Codec::Vp8 => "video/VP8",
            Codec::Vp9 => "video/VP9",
            Codec::H264 => "video/H264",
            Codec::Av1 => "video/AV1",
        }
    }

    pub fn of_mime(mime: &str) -> Option<Codec> {
        let all = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1];
        all.into_iter().find(|codec| codec.mime().eq_ignore_ascii_case(mime))
    }

    /// Ticks of a timestamp in a second.
    pub fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            _ => 90_000,
        }
    }
}

/// A stream that the peer sends; packets are lost when nobody takes them.
pub struct Incoming {
    pub kind: Kind,
    pub codec: Codec,
    pub mid: Option<String>,
    /// The simulcast layer, where there are several.
    pub rid: Option<String>,
    pub ssrc: u32,
    pub track_id: Arc<str>,
    pub stream_id: Arc<str>,
    /// The id of the header extension that tells the audio level (RFC 6464), if negotiated.
    pub audio_level_id: Option<u8>,
}

impl Incoming {
    /// The next packet; None once the stream has ended.
    pub async fn recv(&mut self) -> Option<Packet> {
        None
    }

    /// Asks the peer for a keyframe (PLI).
    pub async fn request_keyframe(&self) -> Result<(), Error> {
        Err(Error::Closed)
    }
}

/// What the receiver of a stream tells its sender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feedback {
    /// PLI or FIR.
    Keyframe,
    /// REMB: bits per second that the receiver can take.
    Bitrate(u64),
    /// A report on the stream: the part of packets lost since the one before, the jitter in
    /// milliseconds, the round trip in milliseconds where it can be told.
    Report { fraction_lost: f64, jitter_ms: f64, round_trip_ms: Option<f64> },
}

/// A stream to the peer. Dropping it does not end it: [`super::Peer::remove_track`] does.
pub struct Sender {
    pub kind: Kind,
    pub codec: Codec,
    pub track_id: Arc<str>,
    pub stream_id: Arc<str>,
    pub ssrc: u32,
}

impl Sender {
    /// Sends a packet, whose ssrc and payload type become the stream's; its extensions are
    /// dropped. Waits while the connection has too much to send.
    pub async fn write(&self, _packet: Packet) -> Result<(), Error> {
        Err(Error::Closed)
    }

    /// What the receiver tells next; None once the stream has ended.
    pub async fn feedback(&self) -> Option<Feedback> {
        None
    }
}
