//! Options of the SQL functions: `cipher-algo=aes256, compress-algo=1`.

use super::cipher::{Cipher, digest_named, digest_number};
use super::s2k::Mode;
use crate::digests::Hash;
use crate::{Error, Result};

/// What a message is made with, and what decryption expects of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub cipher: Cipher,
    /// Of the session key; the message's own if none is named.
    pub s2k_cipher: Option<Cipher>,
    pub s2k: Mode,
    pub s2k_hash: Hash,
    /// Bytes hashed; none is a number of its own for each message.
    pub s2k_count: Option<u32>,
    /// A key of its own for the message, encrypted with the password's.
    pub session_key: bool,
    /// Whether the SHA-1 guards the message.
    pub guards: bool,
    pub unicode: bool,
    /// Line ends are `\r\n` in the message.
    pub crlf: bool,
    /// 0 none, 1 ZIP, 2 ZLIB, 3 BZIP2 (which there is not).
    pub compression: u8,
    /// 0 (none) to 9.
    pub level: u8,
    pub debug: bool,
    pub expected: Vec<(Fact, i64)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cipher: Cipher::Aes128,
            s2k_cipher: None,
            s2k: Mode::Iterated,
            s2k_hash: Hash::Sha1,
            s2k_count: None,
            session_key: false,
            guards: true,
            unicode: false,
            crlf: false,
            compression: 0,
            level: 6,
            debug: false,
            expected: Vec::new(),
        }
    }
}

/// What is known of a message once it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Cipher,
    S2kMode,
    S2kCount,
    S2kDigest,
    SessionKey,
    S2kCipher,
    NoGuard,
    Compression,
    Unicode,
}

impl Fact {
    /// In the order in which they are compared.
    pub const ALL: [(Fact, &'static str); 9] = [
        (Fact::Cipher, "cipher_algo"),
        (Fact::S2kMode, "s2k_mode"),
        (Fact::S2kCount, "s2k_count"),
        (Fact::S2kDigest, "s2k_digest_algo"),
        (Fact::SessionKey, "use_sess_key"),
        (Fact::S2kCipher, "s2k_cipher_algo"),
        (Fact::NoGuard, "disable_mdc"),
        (Fact::Compression, "compress_algo"),
        (Fact::Unicode, "unicode_mode"),
    ];
}

impl Options {
    pub fn read(text: &str) -> Result<Options> {
        let mut options = Options::default();
        let text = text.to_ascii_lowercase();
        let mut words = Words(text.as_str());
        while !words.0.is_empty() {
            let name = words.next();
            let mut rest = words.0.chars();
            if rest.next() != Some('=') {
                return Err(Error::Illegal);
            }
            words.0 = rest.as_str();
            let value = words.next();
            let mut rest = words.0.chars();
            if !matches!(rest.next(), None | Some(',')) || value.is_empty() {
                return Err(Error::Illegal);
            }
            words.0 = rest.as_str();
            options.set(name, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let number = number(value);
        let flag = number != 0;
        match name {
            "cipher-algo" => self.cipher = Cipher::named(value)?,
            "s2k-cipher-algo" => self.s2k_cipher = Some(Cipher::named(value)?),
            "s2k-digest-algo" => self.s2k_hash = digest_named(value)?,
            "s2k-mode" => self.s2k = Mode::of_number(number).ok_or(Error::Illegal)?,
            "s2k-count" => match u32::try_from(number) {
                Ok(count @ 1_024..=65_011_712) if self.s2k == Mode::Iterated => {
                    self.s2k_count = Some(count);
                }
                _ => return Err(Error::Illegal),
            },
            "sess-key" => self.session_key = flag,
            "disable-mdc" => self.guards = !flag,
            "unicode-mode" => self.unicode = flag,
            "convert-crlf" => self.crlf = flag,
            "compress-algo" => match number {
                0..=3 => self.compression = number as u8,
                _ => return Err(Error::Illegal),
            },
            "compress-level" => match number {
                0..=9 => self.level = number as u8,
                _ => return Err(Error::Illegal),
            },
            "debug" => self.debug = flag,
            _ => return self.expect(name.strip_prefix("expect-").ok_or(Error::Illegal)?, value),
        }
        Ok(())
    }

    fn expect(&mut self, name: &str, value: &str) -> Result<()> {
        let cipher = || Cipher::named(value).ok().map(|cipher| cipher.number().into());
        let digest = || digest_named(value).ok().map(|hash| digest_number(hash).into());
        let plain = Some(number(value));
        let (fact, wanted) = match name {
            "cipher-algo" => (Fact::Cipher, cipher()),
            "s2k-cipher-algo" => (Fact::S2kCipher, cipher()),
            "s2k-digest-algo" => (Fact::S2kDigest, digest()),
            "s2k-mode" => (Fact::S2kMode, plain),
            "s2k-count" => (Fact::S2kCount, plain),
            "sess-key" => (Fact::SessionKey, plain),
            "disable-mdc" => (Fact::NoGuard, plain),
            "compress-algo" => (Fact::Compression, plain),
            "unicode-mode" => (Fact::Unicode, plain),
            _ => return Err(Error::Illegal),
        };
        self.expected.retain(|(other, _)| *other != fact);
        self.expected.extend(wanted.filter(|wanted| *wanted >= 0).map(|wanted| (fact, wanted)));
        Ok(())
    }
}

/// The digits that a text begins with, behind a sign; 0 if there are none.
fn number(text: &str) -> i64 {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: i64 = unsigned[..digits].parse().unwrap_or(if digits > 0 { i64::MAX } else { 0 });
    if text.starts_with('-') { -number } else { number }
}

/// Words between blanks; `,` and `=` are words.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a str {
        const BLANKS: [char; 3] = [' ', '\t', '\n'];
        let text = self.0.trim_start_matches(BLANKS);
        let ends = |c: char| BLANKS.contains(&c) || matches!(c, '=' | ',');
        let length = match text.starts_with(['=', ',']) {
            true => 1,
            false => text.find(ends).unwrap_or(text.len()),
        };
        let (word, rest) = text.split_at(length);
        self.0 = rest.trim_start_matches(BLANKS);
        word
    }
}
