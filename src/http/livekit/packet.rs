//! What goes over the data channels of a session, to and from messages of a room.
//!
//! A packet of a client is handed on as it came, with who has sent it behind: of a field
//! that comes twice the last one counts, so that a client cannot say that it is another.

use bytes::{Bytes, BytesMut};
use prost::Message as _;

use super::models::{DataPacket, UserPacket};
use crate::rooms::{Message, Seat};

/// A message of a client, and its number among the reliable ones; none where its bytes are
/// no packet.
pub fn read(bytes: Bytes, seat: &Seat, is_reliable: bool) -> Option<(Message, u32)> {
    let packet = DataPacket::decode(bytes.clone()).ok()?;
    let number = packet.sequence;
    let mut to = packet.destination_identities;
    let mut named_sids = false;
    let (payload, topic) = match packet.user {
        Some(user) => {
            to.extend(user.destination_identities);
            if !user.destination_sids.is_empty() {
                named_sids = true;
                let people = seat.others().into_iter();
                let meant = people.filter(|info| user.destination_sids.contains(&info.sid));
                to.extend(meant.map(|info| info.identity.clone()));
            }
            (user.payload, user.topic)
        }
        None => (Bytes::new(), None),
    };
    // Nobody of those that it is for is here: it is not for everybody.
    if to.is_empty() && named_sids {
        return None;
    }
    let from = (seat.sid().to_owned(), seat.identity().to_owned());
    let packet = Some(signed(&bytes, &from));
    Some((Message { packet, from, to, topic, is_reliable, payload }, number))
}

/// A packet with its sender.
fn signed(packet: &[u8], (sid, identity): &(String, String)) -> Bytes {
    let sender = DataPacket {
        participant_sid: sid.clone(),
        participant_identity: identity.clone(),
        ..DataPacket::default()
    };
    let mut whole = BytesMut::with_capacity(packet.len() + sender.encoded_len());
    whole.extend_from_slice(packet);
    // The buffer grows.
    let _ = sender.encode(&mut whole);
    whole.freeze()
}

/// A message as a packet.
pub fn write(message: &Message) -> Bytes {
    if let Some(packet) = &message.packet {
        return packet.clone();
    }
    let (sid, identity) = message.from.clone();
    let packet = DataPacket {
        kind: i32::from(!message.is_reliable),
        participant_sid: sid.clone(),
        participant_identity: identity.clone(),
        destination_identities: message.to.clone(),
        user: Some(UserPacket {
            participant_sid: sid,
            participant_identity: identity,
            payload: message.payload.clone(),
            topic: message.topic.clone(),
            ..UserPacket::default()
        }),
        ..DataPacket::default()
    };
    packet.encode_to_vec().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_cannot_say_that_it_is_another() {
        let forged = DataPacket {
            participant_identity: "admin".to_owned(),
            participant_sid: "PA_admin".to_owned(),
            user: Some(UserPacket { payload: Bytes::from_static(b"x"), ..Default::default() }),
            ..DataPacket::default()
        };
        // A field that is not known here stays.
        let mut bytes = forged.encode_to_vec();
        bytes.extend([0x80, 0x01, 0x07]);
        let signed = signed(&bytes, &("PA_1".to_owned(), "ada".to_owned()));
        assert!(signed.starts_with(&bytes));
        let read = DataPacket::decode(signed).unwrap();
        assert_eq!(
            (read.participant_identity.as_str(), read.participant_sid.as_str()),
            ("ada", "PA_1")
        );
        assert_eq!(read.user, forged.user);
    }
}
