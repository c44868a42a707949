//! Retransmissions (RTX, RFC 4588).
//!
//! Such a packet names the stream that it repairs by an ssrc that a description has
//! announced, or, of a layer of a simulcast, by a header extension (`rrid`, RFC 8852). The
//! library does not know the latter, and takes the former apart only after it has looked for
//! gaps, so that it asks again for what has come. Here it becomes the packet that was lost,
//! before anything else sees it:
//! ```text
//! ssrc 9, rrid h, payload [01 02 | aa bb …]   →   ssrc of layer h, number 0x0102, payload [aa bb …]
//! ```
//! One that repairs nothing, as it only probes the way or is of a layer of which nothing has
//! come, goes on as nobody's: that it came is reported to its sender (TWCC), who would take
//! it for lost else, and send less and less.

use std::collections::HashMap;

use bytes::Bytes;
use rtc::interceptor::StreamInfo;

use super::Packet;

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
const RRID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";

/// Layers of one connection.
const LAYERS_MAX: usize = 256;

/// An ssrc that no stream has: what comes under it is counted as having come, and dropped.
const NOBODY: u32 = 0;

#[derive(Default)]
pub struct Repair {
    /// Ids of the extensions.
    mid: Option<u8>,
    rid: Option<u8>,
    rrid: Option<u8>,
    /// By mid and rid: the ssrc and the payload type.
    layers: HashMap<(Bytes, Bytes), (u32, u8)>,
    /// By the ssrc of retransmissions that is announced: the same.
    announced: HashMap<u32, (u32, u8)>,
}

impl Repair {
    /// A stream of the peer begins.
    pub fn note(&mut self, info: &StreamInfo) {
        let id = |uri: &str| {
            let found = info.rtp_header_extensions.iter().find(|extension| extension.uri == uri);
            found.and_then(|extension| u8::try_from(extension.id).ok())
        };
        self.mid = id(MID).or(self.mid);
        self.rid = id(RID).or(self.rid);
        self.rrid = id(RRID).or(self.rrid);
        if let Some(rtx) = info.ssrc_rtx {
            self.announced.insert(rtx, (info.ssrc, info.payload_type));
        }
    }

    /// A stream of the peer has ended.
    pub fn forget(&mut self, info: &StreamInfo) {
        self.announced.retain(|_, (ssrc, _)| *ssrc != info.ssrc);
        self.layers.retain(|_, (ssrc, _)| *ssrc != info.ssrc);
    }

    /// Makes a retransmission what was lost.
    pub fn take(&mut self, packet: &mut Packet) {
        if let Some(stream) = self.announced.get(&packet.header.ssrc).copied() {
            return restore(packet, Some(stream));
        }
        let value = |id: Option<u8>| value_of(packet, id);
        let mid = value(self.mid).unwrap_or_default();
        if let Some(rrid) = value(self.rrid) {
            let layer = self.layers.get(&(mid, rrid)).copied();
            return restore(packet, layer);
        }
        if let Some(rid) = value(self.rid)
            && self.layers.len() < LAYERS_MAX
        {
            let header = &packet.header;
            self.layers.insert((mid, rid), (header.ssrc, header.payload_type));
        }
    }
}

fn value_of(packet: &Packet, id: Option<u8>) -> Option<Bytes> {
    let id = id?;
    let found = packet.header.extensions.iter().find(|extension| extension.id == id)?;
    Some(found.payload.clone())
}

/// A packet without a number in it is padding that probes the way.
fn restore(packet: &mut Packet, stream: Option<(u32, u8)>) {
    let Some((ssrc, payload_type)) = stream.filter(|_| packet.payload.len() > 2) else {
        packet.header.ssrc = NOBODY;
        return;
    };
    let number = packet.payload.split_to(2);
    packet.header.sequence_number = u16::from_be_bytes([number[0], number[1]]);
    packet.header.ssrc = ssrc;
    packet.header.payload_type = payload_type;
}

#[cfg(test)]
mod tests {
    use rtc::interceptor::RTPHeaderExtension;

    use super::*;

    fn packet(ssrc: u32, id: u8, value: &'static [u8], payload: &'static [u8]) -> Packet {
        let mut packet = Packet::default();
        packet.header.ssrc = ssrc;
        packet.header.payload_type = 96;
        packet.payload = Bytes::from_static(payload);
        packet.header.set_extension(id, Bytes::from_static(value)).unwrap();
        packet
    }

    #[test]
    fn what_is_sent_again_is_what_was_lost() {
        let mut repair = Repair::default();
        let extension = |uri: &str, id| RTPHeaderExtension { uri: uri.to_owned(), id };
        let rtp_header_extensions = vec![extension(RID, 5), extension(RRID, 6)];
        repair.note(&StreamInfo { rtp_header_extensions, ..StreamInfo::default() });
        let taken = |repair: &mut Repair, mut packet: Packet| {
            repair.take(&mut packet);
            (packet.header.ssrc, packet.header.sequence_number, packet.payload)
        };
        let own = taken(&mut repair, packet(7, 5, b"h", b"x"));
        assert_eq!(own, (7, 0, Bytes::from_static(b"x")));
        let again = taken(&mut repair, packet(9, 6, b"h", &[1, 2, 0xAA]));
        assert_eq!(again, (7, 0x0102, Bytes::from_static(&[0xAA])));
        let announced = StreamInfo { ssrc: 3, ssrc_rtx: Some(4), ..StreamInfo::default() };
        repair.note(&announced);
        let again = taken(&mut repair, packet(4, 1, b"", &[0, 9, 0xBB]));
        assert_eq!(again, (3, 9, Bytes::from_static(&[0xBB])));
        repair.forget(&announced);
        let other = taken(&mut repair, packet(4, 1, b"", &[0, 9, 0xBB]));
        assert_eq!(other.0, 4, "of nothing that is announced");
    }

    #[test]
    fn what_repairs_nothing_goes_on_as_nobodys() {
        let mut repair = Repair::default();
        let extension = |uri: &str, id| RTPHeaderExtension { uri: uri.to_owned(), id };
        let rtp_header_extensions = vec![extension(RID, 5), extension(RRID, 6)];
        let info = StreamInfo {
            ssrc: 3,
            ssrc_rtx: Some(4),
            rtp_header_extensions,
            ..StreamInfo::default()
        };
        repair.note(&info);
        repair.take(&mut packet(7, 5, b"h", b"x"));
        for (what, mut probe) in [
            ("another layer", packet(9, 6, b"q", &[1, 2, 0xAA])),
            ("a probe by a layer", packet(9, 6, b"h", &[1, 2])),
            ("an announced probe", packet(4, 1, b"", b"")),
        ] {
            probe.header.set_extension(2, Bytes::from_static(&[0, 9])).unwrap();
            repair.take(&mut probe);
            assert_eq!(probe.header.ssrc, NOBODY, "{what}");
            // Its place among all that came.
            assert_eq!(probe.header.get_extension(2).as_deref(), Some(&[0, 9][..]), "{what}");
        }
    }
}
