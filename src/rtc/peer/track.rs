//! Media: streams of RTP packets to and from a peer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp::Header;
use tokio::sync::{Mutex, mpsc};
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::rtp_transceiver::RtpSender;

use super::Error;
use super::outbox::Outbox;

/// An RTP packet, decrypted.
pub type Packet = rtc::rtp::Packet;

/// Packets of a stream that have arrived and were not taken.
pub(super) const PACKETS_MAX: usize = 512;

/// What receivers have told and nobody has heard.
pub(super) const FEEDBACK_MAX: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Audio,
    Video,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Audio => "audio",
            Kind::Video => "video",
        }
    }
}

/// What may be sent and received; video comes with RTX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    Opus,
    Vp8,
    /// Profile 0.
    Vp9,
    /// Constrained baseline, packetization mode 1 (`42e01f`).
    H264,
    Av1,
}

impl Codec {
    pub const ALL: [Codec; 5] = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1];

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
        Codec::ALL.into_iter().find(|codec| codec.mime().eq_ignore_ascii_case(mime))
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
    pub(super) packets: mpsc::Receiver<Packet>,
    pub(super) keyframes: Keyframes,
}

impl Incoming {
    /// A stream that no peer sends, but whoever has the other end of `packets`; keyframes of
    /// it come when they come.
    pub fn of_ours(codec: Codec, track_id: &str, packets: mpsc::Receiver<Packet>) -> Incoming {
        let ssrc = rand::random_range(1..u32::MAX);
        Incoming {
            kind: codec.kind(),
            codec,
            mid: None,
            rid: None,
            ssrc,
            track_id: track_id.into(),
            stream_id: "".into(),
            audio_level_id: None,
            packets,
            keyframes: Keyframes { track: None, ssrc },
        }
    }

    /// Whether nobody can be asked for a keyframe.
    pub fn is_ours(&self) -> bool {
        self.keyframes.track.is_none()
    }

    /// The next packet; None once the stream has ended.
    pub async fn recv(&mut self) -> Option<Packet> {
        self.packets.recv().await
    }

    /// Asks the peer for a keyframe (PLI).
    pub async fn request_keyframe(&self) -> Result<(), Error> {
        self.keyframes.request().await
    }

    /// What asks for keyframes, for who forwards the packets elsewhere.
    pub fn keyframes(&self) -> Keyframes {
        self.keyframes.clone()
    }
}

/// Asks the sender of a stream for keyframes.
#[derive(Clone)]
pub struct Keyframes {
    /// None: no peer sends it.
    pub(super) track: Option<Arc<dyn TrackRemote>>,
    pub(super) ssrc: u32,
}

impl Keyframes {
    pub async fn request(&self) -> Result<(), Error> {
        let Some(track) = &self.track else { return Ok(()) };
        let wish = PictureLossIndication { sender_ssrc: 0, media_ssrc: self.ssrc };
        track.write_rtcp(vec![Box::new(wish)]).await.map_err(|_| Error::Closed)
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
    pub(super) track: Arc<TrackLocalStaticRTP>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) sender: Arc<dyn RtpSender>,
    pub(super) feedback: Mutex<mpsc::Receiver<Feedback>>,
    /// Counts the negotiations of the connection.
    pub(super) negotiations: Arc<AtomicU32>,
    /// The payload type, and the negotiation that it is of.
    pub(super) negotiated: AtomicU64,
}

/// In place of a payload type: none was negotiated.
const NONE: u64 = u8::MAX as u64;

impl Sender {
    /// Sends a packet, whose ssrc and payload type become the stream's; its extensions are
    /// dropped. It waits for the connection among what all streams to the peer have to send,
    /// of which the oldest is lost where that is too much. What is sent before the stream was
    /// negotiated, or when the peer does not want it, is dropped.
    pub async fn write(&self, mut packet: Packet) -> Result<(), Error> {
        let Some(payload_type) = self.payload_type().await? else { return Ok(()) };
        readdress(&mut packet.header, self.ssrc, payload_type);
        self.outbox.send(packet, &self.track).await
    }

    /// None while the peer has not agreed to take the stream.
    async fn payload_type(&self) -> Result<Option<u8>, Error> {
        let negotiation = u64::from(self.negotiations.load(Ordering::Acquire));
        if negotiation == 0 {
            return Ok(None);
        }
        let known = self.negotiated.load(Ordering::Acquire);
        let payload_type = match known >> 8 == negotiation {
            true => known & 0xFF,
            false => {
                let found = self.ask_payload_type().await?;
                self.negotiated.store(negotiation << 8 | found, Ordering::Release);
                found
            }
        };
        Ok((payload_type != NONE).then_some(payload_type as u8))
    }

    async fn ask_payload_type(&self) -> Result<u64, Error> {
        let parameters = self.sender.get_parameters().await.map_err(|_| Error::Closed)?;
        let codecs = &parameters.rtp_parameters.codecs;
        let own = codecs
            .iter()
            .find(|codec| codec.rtp_codec.mime_type.eq_ignore_ascii_case(self.codec.mime()));
        Ok(own.map_or(NONE, |codec| u64::from(codec.payload_type)))
    }

    /// What the receiver tells next; None once the stream has ended.
    pub async fn feedback(&self) -> Option<Feedback> {
        self.feedback.lock().await.recv().await
    }
}

/// Makes a packet one of another stream: nothing of how it came is left in its header. What
/// fills up its extensions goes, too: it would be counted with those that are added on the
/// way, and a packet whose length is not what was counted is not sent.
fn readdress(header: &mut Header, ssrc: u32, payload_type: u8) {
    header.ssrc = ssrc;
    header.payload_type = payload_type;
    header.extension = false;
    header.extensions.clear();
    header.extensions_padding = 0;
    header.csrc.clear();
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rtc::shared::marshal::{Marshal, Unmarshal};

    use super::*;

    #[test]
    fn whatever_extensions_a_packet_came_with_it_can_be_sent() {
        for length in 1..=8 {
            let mut packet = Packet::default();
            packet.header.version = 2;
            packet.payload = Bytes::from_static(b"x");
            packet.header.set_extension(4, Bytes::from(vec![1; length])).unwrap();
            let mut came = packet.marshal().unwrap();
            let mut packet = Packet::unmarshal(&mut came).unwrap();
            readdress(&mut packet.header, 7, 96);
            packet.header.set_extension(3, Bytes::from_static(&[0, 9])).unwrap();
            let mut sent = packet.marshal().expect("it is as long as it was counted to be");
            let sent = Packet::unmarshal(&mut sent).unwrap();
            assert_eq!((sent.header.ssrc, sent.header.payload_type), (7, 96));
            assert_eq!(sent.header.get_extension(3).as_deref(), Some(&[0, 9][..]));
            assert_eq!(sent.header.get_extension(4), None);
            assert_eq!(sent.payload[..], *b"x");
        }
    }
}
