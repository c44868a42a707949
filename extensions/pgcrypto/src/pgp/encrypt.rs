//! Making a message.

use super::cipher::Cipher;
use super::options::Options;
use super::packet;
use super::s2k::S2k;
use super::{Caller, Key, compress, public};
use crate::digests::Hash;
use crate::{Error, Result};

/// A message of data; `time` in seconds since 1970.
pub fn encrypt(
    data: &[u8],
    is_text: bool,
    key: Key<'_>,
    options: &Options,
    time: u32,
    caller: &Caller<'_>,
) -> Result<Vec<u8>> {
    let cipher = options.cipher;
    let mut message = Vec::new();
    let session = match key {
        Key::Password(password) => with_password(password, options, caller, &mut message)?,
        Key::Public(public) => {
            let own = random_key(cipher, caller);
            let body = public::write_session_key(cipher.number(), &own, public, caller)?;
            packet::write_in_parts(packet::PUBLIC_SESSION_KEY, &body, &mut message);
            own
        }
    };
    let block = cipher.block_bytes();
    let mut prefix = vec![0; block];
    (caller.random)(&mut prefix);
    prefix.extend_from_within(block - 2..);
    let content = content(data, is_text, options, time)?;
    if options.guards {
        let mut plain = prefix;
        plain.extend(content);
        plain.extend_from_slice(&[0xc0 | packet::GUARD, 20]);
        plain.extend(Hash::Sha1.digest(&plain));
        let mut body = vec![1];
        body.extend(cipher.encrypt(&session, &plain)?);
        packet::write_in_parts(packet::GUARDED, &body, &mut message);
    } else {
        let mut body = cipher.encrypt(&session, &prefix)?;
        let begun_anew = cipher.cfb(&session, &body[2..], &content, true)?;
        body.extend(begun_anew);
        packet::write_in_parts(packet::ENCRYPTED, &body, &mut message);
    }
    Ok(message)
}

/// The packet that says how a password becomes the key, and the key of the data.
fn with_password(
    password: &[u8],
    options: &Options,
    caller: &Caller<'_>,
    message: &mut Vec<u8>,
) -> Result<Vec<u8>> {
    if password.is_empty() {
        return Err(Error::Illegal);
    }
    let cipher = options.s2k_cipher.unwrap_or(options.cipher);
    let s2k = S2k::new(options.s2k, options.s2k_hash, options.s2k_count, caller.random);
    let key = s2k.key(cipher, password)?;
    let mut body = vec![4, cipher.number()];
    s2k.write(&mut body);
    let session = match options.session_key {
        true => {
            let own = random_key(options.cipher, caller);
            let named = [&[options.cipher.number()], &own[..]].concat();
            body.extend(cipher.encrypt(&key, &named)?);
            own
        }
        false => key,
    };
    packet::write(packet::PASSWORD_SESSION_KEY, &body, message);
    Ok(session)
}

fn random_key(cipher: Cipher, caller: &Caller<'_>) -> Vec<u8> {
    let mut key = vec![0; cipher.key_bytes()];
    (caller.random)(&mut key);
    key
}

/// The literal packet, perhaps in a compressed one.
fn content(data: &[u8], is_text: bool, options: &Options, time: u32) -> Result<Vec<u8>> {
    let kind = match (is_text, options.unicode) {
        (false, _) => b'b',
        (true, false) => b't',
        (true, true) => b'u',
    };
    let mut literal = vec![kind, 0];
    literal.extend_from_slice(&time.to_be_bytes());
    match options.crlf && is_text {
        true => with_crlf(data, &mut literal),
        false => literal.extend_from_slice(data),
    }
    let mut content = Vec::new();
    packet::write_in_parts(packet::LITERAL, &literal, &mut content);
    if options.compression == 0 || options.level == 0 {
        return Ok(content);
    }
    let mut body = vec![options.compression];
    body.extend(compress::compressed(options.compression, options.level, &content)?);
    content.clear();
    packet::write_in_parts(packet::COMPRESSED, &body, &mut content);
    Ok(content)
}

fn with_crlf(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
}
