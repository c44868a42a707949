//! Reading a message.
//!
//! Once data is decrypted there is one error, "Wrong key or corrupt data", whatever is
//! wrong with it, so that answers tell nobody who makes messages up what the key is.

use super::cipher::Cipher;
use super::options::{Fact, Options};
use super::packet::{self, Packet, Packets, Reader};
use super::s2k::S2k;
use super::{Caller, Key, Log, compress, public};
use crate::digests::Hash;
use crate::{Error, Result};

/// The longest session key.
pub(super) const SESSION_KEY_BYTES_MAX: usize = 32;

/// A guard: its head and a SHA-1.
const GUARD_BYTES: usize = 22;

/// What became of a message, and what is to be said of it.
pub struct Decrypted {
    pub data: Result<Vec<u8>>,
    pub notices: Vec<String>,
}

/// The data of a message; `is_text`: only of one that says that it holds text.
pub fn decrypt(
    message: &[u8],
    key: Key<'_>,
    is_text: bool,
    options: &Options,
    caller: &Caller<'_>,
    log: Log,
) -> Decrypted {
    let mut work = Decryption {
        key,
        is_text,
        crlf: options.crlf,
        caller,
        log,
        facts: Facts::of(options),
        session: None,
        has_bad_prefix: false,
        is_bzip2: false,
        is_binary: false,
        data: Vec::new(),
    };
    let read = work.message(message);
    let mut notices = std::mem::take(&mut work.log).into_lines();
    notices.extend(work.facts.unexpected(options));
    Decrypted { data: read.map(|()| work.data), notices }
}

/// The facts of a message, by [`Fact`]; those that it does not tell are the options'.
struct Facts([i64; Fact::ALL.len()]);

impl Facts {
    fn of(options: &Options) -> Facts {
        let mut facts = Facts([0; Fact::ALL.len()]);
        facts.set(Fact::Cipher, options.cipher.number());
        facts.set(Fact::S2kMode, options.s2k.number());
        facts.0[Fact::S2kCount as usize] = options.s2k_count.map_or(-1, i64::from);
        facts.set(Fact::S2kDigest, super::cipher::digest_number(options.s2k_hash));
        facts.set(Fact::SessionKey, options.session_key);
        let cipher = options.s2k_cipher.map_or(-1, |cipher| cipher.number().into());
        facts.0[Fact::S2kCipher as usize] = cipher;
        facts.set(Fact::NoGuard, !options.guards);
        facts.set(Fact::Compression, options.compression);
        facts.set(Fact::Unicode, options.unicode);
        facts
    }

    fn set(&mut self, fact: Fact, value: impl Into<u8>) {
        self.0[fact as usize] = value.into().into();
    }

    fn unexpected(&self, options: &Options) -> Vec<String> {
        let mut found = Vec::new();
        for (fact, name) in Fact::ALL {
            let got = self.0[fact as usize];
            let is_told = fact != Fact::S2kCipher || self.0[Fact::SessionKey as usize] != 0;
            for (_, wanted) in options.expected.iter().filter(|(other, _)| *other == fact) {
                if is_told && *wanted != got {
                    found.push(format!(
                        "pgp_decrypt: unexpected {name}: expected {wanted} got {got}"
                    ));
                }
            }
        }
        found
    }
}

struct Decryption<'a> {
    key: Key<'a>,
    is_text: bool,
    crlf: bool,
    caller: &'a Caller<'a>,
    log: Log,
    facts: Facts,
    /// The number of a cipher and the message's key.
    session: Option<(u8, Vec<u8>)>,
    has_bad_prefix: bool,
    is_bzip2: bool,
    is_binary: bool,
    data: Vec<u8>,
}

impl Decryption<'_> {
    fn message(&mut self, message: &[u8]) -> Result<()> {
        let mut packets = Packets::new(message);
        let mut has_data = false;
        while let Some(Packet { tag, body, .. }) = packets.next(&mut self.log)? {
            match tag {
                packet::MARKER => {}
                packet::PUBLIC_SESSION_KEY => self.public_session(&body)?,
                packet::PASSWORD_SESSION_KEY if self.session.is_some() => {
                    return Err(self.log.corrupt("pgp_decrypt: using first of several keys"));
                }
                packet::PASSWORD_SESSION_KEY => self.password_session(&body)?,
                packet::ENCRYPTED | packet::GUARDED if self.session.is_none() => {
                    return Err(self.log.corrupt("pgp_decrypt: have data but no key"));
                }
                packet::ENCRYPTED if has_data => {
                    return Err(self.log.corrupt("pgp_decrypt: got second data packet"));
                }
                packet::GUARDED if has_data => {
                    let why = "pgp_decrypt: several data pkts not supported";
                    return Err(self.log.corrupt(why));
                }
                packet::ENCRYPTED => {
                    has_data = true;
                    self.facts.set(Fact::NoGuard, true);
                    self.encrypted(&body)?;
                }
                packet::GUARDED => {
                    has_data = true;
                    self.facts.set(Fact::NoGuard, false);
                    self.guarded(&body)?;
                }
                tag => {
                    let why = format!("pgp_decrypt: unknown tag: 0x{tag:02x}");
                    return Err(self.log.corrupt(&why));
                }
            }
        }
        if !has_data || self.has_bad_prefix {
            return Err(Error::CorruptData);
        }
        if self.is_bzip2 {
            return Err(Error::UnsupportedCompression);
        }
        if self.is_binary { Err(Error::NotText) } else { Ok(()) }
    }

    fn public_session(&mut self, body: &[u8]) -> Result<()> {
        let Key::Public(key) = self.key else { return Err(Error::Bug) };
        let (cipher, own) = public::session_key(body, key, self.caller, &mut self.log)?;
        self.facts.set(Fact::Cipher, cipher);
        self.session = Some((cipher, own));
        Ok(())
    }

    fn password_session(&mut self, body: &[u8]) -> Result<()> {
        let mut fields = Reader(body);
        let (version, number) = (fields.byte()?, fields.byte()?);
        self.facts.set(Fact::S2kCipher, number);
        if version != 4 {
            return Err(self.log.corrupt("bad key pkt ver"));
        }
        let s2k = S2k::read(&mut fields)?;
        self.facts.set(Fact::S2kMode, s2k.mode.number());
        self.facts.0[Fact::S2kCount as usize] = s2k.bytes().into();
        self.facts.set(Fact::S2kDigest, s2k.digest);
        let password = match self.key {
            Key::Password(password) => password,
            Key::Public(_) => &[],
        };
        let cipher = Cipher::of_number(number).ok_or(Error::UnsupportedCipher)?;
        let key = s2k.key(cipher, password)?;
        let encrypted = fields.0;
        let has_own = !encrypted.is_empty();
        self.facts.set(Fact::SessionKey, has_own);
        self.session = Some(match has_own {
            false => (number, key),
            true => self.own_key(cipher, &key, encrypted)?,
        });
        if let Some((number, _)) = &self.session {
            self.facts.set(Fact::Cipher, *number);
        }
        Ok(())
    }

    /// A message's own key, encrypted with the password's.
    fn own_key(&mut self, cipher: Cipher, key: &[u8], data: &[u8]) -> Result<(u8, Vec<u8>)> {
        if !(17..=SESSION_KEY_BYTES_MAX + 1).contains(&data.len()) {
            return Err(self.log.corrupt("expect key, but bad data"));
        }
        let plain = cipher.decrypt(key, data)?;
        let (number, own) = plain.split_first().ok_or(Error::CorruptData)?;
        self.facts.set(Fact::Cipher, *number);
        let expected = Cipher::of_number(*number).map_or(0, Cipher::key_bytes);
        if expected != own.len() {
            let got = own.len();
            let why = format!("sesskey bad len: algo={number}, expected={expected}, got={got}");
            return Err(self.log.corrupt(&why));
        }
        Ok((*number, own.to_vec()))
    }

    fn session_cipher(&self) -> Result<(Cipher, Vec<u8>)> {
        let (number, key) = self.session.clone().ok_or(Error::CorruptData)?;
        Ok((Cipher::of_number(number).ok_or(Error::CorruptData)?, key))
    }

    fn encrypted(&mut self, body: &[u8]) -> Result<()> {
        let (cipher, key) = self.session_cipher()?;
        let prefix = cipher.block_bytes() + 2;
        let Some((head, rest)) = body.split_at_checked(prefix) else {
            cipher.decrypt(&key, &[])?;
            return Err(self.log.corrupt("prefix_init: short read"));
        };
        self.prefix(cipher, &cipher.decrypt(&key, head)?);
        let plain = cipher.cfb(&key, &head[2..], rest, false)?;
        self.packets(&plain, 0, true, false)
    }

    fn guarded(&mut self, body: &[u8]) -> Result<()> {
        let mut fields = Reader(body);
        if fields.byte()? != 1 {
            return Err(self.log.corrupt("parse_symenc_mdc_data: pkt ver != 1"));
        }
        let (cipher, key) = self.session_cipher()?;
        let plain = cipher.decrypt(&key, fields.0)?;
        let prefix = cipher.block_bytes() + 2;
        if plain.len() < prefix {
            return Err(self.log.corrupt("prefix_init: short read"));
        }
        self.prefix(cipher, &plain);
        self.packets(&plain, prefix, true, true)
    }

    /// The last two bytes of the first block stand there twice. What is wrong with them is
    /// said at the end only.
    fn prefix(&mut self, cipher: Cipher, plain: &[u8]) {
        let block = cipher.block_bytes();
        if plain[block - 2..block] != plain[block..block + 2] {
            self.log.say(|| "prefix_init: corrupt prefix".to_owned());
            self.has_bad_prefix = true;
        }
    }

    /// The packets with data; `is_guarded`: the SHA-1 of all before is the last.
    fn packets(
        &mut self,
        plain: &[u8],
        begins: usize,
        may_be_compressed: bool,
        is_guarded: bool,
    ) -> Result<()> {
        let mut packets = Packets::within(plain, begins);
        let (mut has_data, mut is_proved) = (false, false);
        while let Some(mut found) = packets.next(&mut self.log)? {
            if is_proved {
                return Err(self.log.corrupt("process_data_packets: data after mdc"));
            }
            // The guard of a packet that goes up to the end is its own last bytes.
            let is_last = is_guarded && found.is_open;
            if is_last {
                found.body.truncate(found.body.len().saturating_sub(GUARD_BYTES));
            }
            match found.tag {
                packet::LITERAL => self.literal(&found.body)?,
                packet::COMPRESSED if !may_be_compressed => {
                    let why = "process_data_packets: unexpected compression";
                    return Err(self.log.corrupt(why));
                }
                packet::COMPRESSED if has_data => {
                    let why = "process_data_packets: only one cmpr pkt allowed";
                    return Err(self.log.corrupt(why));
                }
                packet::COMPRESSED => self.compressed(&found.body)?,
                packet::GUARD if !is_guarded => {
                    return Err(self.log.corrupt("process_data_packets: unexpected MDC"));
                }
                packet::GUARD => {
                    self.guard(&plain[..found.begins], &found.body)?;
                    is_proved = true;
                    continue;
                }
                tag => {
                    let why = format!("process_data_packets: unexpected pkt tag={tag}");
                    return Err(self.log.corrupt(&why));
                }
            }
            has_data = true;
            if is_last {
                self.guard_at_end(plain, found.begins)?;
                is_proved = true;
            }
        }
        if is_guarded && !is_proved {
            return Err(self.log.corrupt("mdc_read: unexpected eof"));
        }
        match has_data {
            true => Ok(()),
            false => Err(self.log.corrupt("process_data_packets: no data")),
        }
    }

    fn guard(&mut self, before: &[u8], sum: &[u8]) -> Result<()> {
        match Hash::Sha1.digest(before) == sum {
            true => Ok(()),
            false => Err(self.log.corrupt("mdc_finish: mdc failed")),
        }
    }

    /// A guard in the last bytes of a packet that begins somewhere.
    fn guard_at_end(&mut self, plain: &[u8], begins: usize) -> Result<()> {
        let at = plain.len().checked_sub(GUARD_BYTES).filter(|at| *at >= begins);
        let Some(at) = at.filter(|at| plain[*at..].starts_with(&[0xd3, 0x14])) else {
            return Err(self.log.corrupt("mdcbuf_finish: bad MDC pkt hdr"));
        };
        match Hash::Sha1.digest(&plain[..at + 2]) == plain[at + 2..] {
            true => Ok(()),
            false => Err(self.log.corrupt("mdcbuf_finish: MDC does not match")),
        }
    }

    fn literal(&mut self, body: &[u8]) -> Result<()> {
        let mut fields = Reader(body);
        let (kind, name) = (fields.byte()?, fields.byte()?);
        // A name and a date.
        if fields.fixed(usize::from(name) + 4).is_err() {
            return Err(self.log.corrupt("parse_literal_data: unexpected eof"));
        }
        if self.is_text && !matches!(kind, b't' | b'u') {
            self.log.say(|| format!("parse_literal_data: data type={}", char::from(kind)));
            self.is_binary = true;
        }
        self.facts.set(Fact::Unicode, kind == b'u');
        match self.is_text && self.crlf {
            true => without_crlf(fields.0, &mut self.data),
            false => self.data.extend_from_slice(fields.0),
        }
        Ok(())
    }

    fn compressed(&mut self, body: &[u8]) -> Result<()> {
        let mut fields = Reader(body);
        let algorithm = fields.byte()?;
        self.facts.set(Fact::Compression, algorithm);
        match algorithm {
            0 => self.packets(fields.0, 0, false, false),
            compress::ZIP | compress::ZLIB => {
                let is_cancelled = self.caller.is_cancelled;
                let plain = compress::inflated(algorithm, fields.0, is_cancelled, &mut self.log)?;
                self.packets(&plain, 0, false, false)
            }
            compress::BZIP2 => {
                self.log.say(|| "parse_compressed_data: bzip2 unsupported".to_owned());
                self.is_bzip2 = true;
                Ok(())
            }
            _ => Err(self.log.corrupt("parse_compressed_data: unknown compr type")),
        }
    }
}

/// `\r\n` becomes `\n`; a `\r` alone stays.
fn without_crlf(text: &[u8], out: &mut Vec<u8>) {
    for (at, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
}
