//! Which key a message, or a key's bytes, is of.

use super::Log;
use super::key::PublicKey;
use super::packet::{self, Packets, Reader};
use crate::{Error, Result};

/// Sixteen hex digits, `ANYKEY` for a message that does not say, `SYMKEY` for one with a
/// password.
pub fn key_id(bytes: &[u8]) -> Result<String> {
    let mut log = Log::default();
    let mut packets = Packets::new(bytes);
    let (mut keys, mut sessions, mut passwords) = (0, 0, 0);
    let mut has_main = false;
    let mut id = [0; 8];
    while let Some(packet) = packets.next(&mut log)? {
        match packet.tag {
            packet::PUBLIC_KEY | packet::SECRET_KEY if has_main => return Err(Error::MultipleKeys),
            packet::PUBLIC_KEY | packet::SECRET_KEY => has_main = true,
            packet::PUBLIC_SUBKEY | packet::SECRET_SUBKEY => {
                let key = PublicKey::read(&mut Reader(&packet.body), &mut log)?;
                if key.encrypts() {
                    keys += 1;
                    id = key.id;
                }
            }
            packet::PUBLIC_SESSION_KEY => {
                sessions += 1;
                let mut fields = Reader(&packet.body);
                if fields.byte()? != 3 {
                    return Err(Error::Other);
                }
                id.copy_from_slice(fields.fixed(8)?);
            }
            packet::ENCRYPTED | packet::GUARDED => break,
            packet::PASSWORD_SESSION_KEY => passwords += 1,
            tag if packet::is_beside_keys(tag) => {}
            _ => return Err(Error::CorruptData),
        }
    }
    match (keys, sessions) {
        (2.., _) | (_, 2..) => Err(Error::MultipleKeys),
        (1, 1) => Err(Error::CorruptData),
        (0, 0) if passwords > 0 => Ok("SYMKEY".to_owned()),
        (0, 0) => Err(Error::NoUsableKey),
        _ if id == [0; 8] => Ok("ANYKEY".to_owned()),
        _ => Ok(id.iter().map(|byte| format!("{byte:02X}")).collect()),
    }
}
