//! OpenPGP messages that are encrypted with a password (RFC 4880).
//!
//! ```text
//! tag 3   how the key is made from the password (S2K), perhaps an encrypted session key
//! tag 18  CFB of:  prefix ─ literal packet (11) ─ SHA-1 of all before (19)
//! tag 9   the same without the SHA-1, and with CFB begun anew behind the prefix
//! ```
//!
//! Compressed messages and public keys are not supported.

use cipher::{BlockEncrypt, BlockSizeUser, KeyInit, generic_array::GenericArray};

use crate::digests::Hash;
use crate::{Error, Result};

/// What a message is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub cipher: Cipher,
    pub s2k: Kind,
    pub s2k_hash: S2kHash,
    /// Bytes hashed; 0 is a number of its own for each message.
    pub s2k_count: u32,
    /// A key of its own for the message, encrypted with the password's.
    pub session_key: bool,
    /// Whether the SHA-1 guards the message.
    pub guards: bool,
    pub unicode: bool,
    /// Line ends are `\r\n` in the message.
    pub crlf: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cipher: Cipher::Aes128,
            s2k: Kind::Iterated,
            s2k_hash: S2kHash(Hash::Sha1),
            s2k_count: 0,
            session_key: false,
            guards: true,
            unicode: false,
            crlf: false,
        }
    }
}

impl Options {
    /// `cipher-algo=aes256, sess-key=1`. What decryption expects of a message is read and
    /// not looked at.
    pub fn read(text: &str) -> Result<Options> {
        let mut options = Options::default();
        for option in text.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or(Error::Illegal)?;
            let value = value.trim();
            let number = || value.parse::<u32>().map_err(|_| Error::Illegal);
            let flag = || number().map(|number| number != 0);
            match name.trim().to_ascii_lowercase().as_str() {
                "cipher-algo" => options.cipher = Cipher::named(value)?,
                "s2k-cipher-algo" => {
                    Cipher::named(value)?;
                }
                "s2k-digest-algo" => {
                    let hash = Hash::named(value).map_err(|_| Error::UnsupportedHash)?;
                    options.s2k_hash = S2kHash(hash);
                }
                "s2k-mode" => {
                    options.s2k = match number()? {
                        0 => Kind::Simple,
                        1 => Kind::Salted,
                        3 => Kind::Iterated,
                        _ => return Err(Error::Illegal),
                    }
                }
                "s2k-count" => match number()? {
                    count @ 1024..=65_011_712 => options.s2k_count = count,
                    _ => return Err(Error::Illegal),
                },
                "sess-key" => options.session_key = flag()?,
                "disable-mdc" => options.guards = !flag()?,
                "unicode-mode" => options.unicode = flag()?,
                "convert-crlf" => options.crlf = flag()?,
                "compress-algo" if number()? == 0 => {}
                "compress-algo" => return Err(Error::Unsupported("compress-algo")),
                "compress-level" => {
                    number()?;
                }
                "debug" => {
                    flag()?;
                }
                expected if expected.starts_with("expect-") => {}
                _ => return Err(Error::Illegal),
            }
        }
        Ok(options)
    }
}

/// How a password becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Simple,
    Salted,
    Iterated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct S2kHash(pub Hash);

impl S2kHash {
    fn of_number(number: u8) -> Result<S2kHash> {
        Ok(S2kHash(match number {
            1 => Hash::Md5,
            2 => Hash::Sha1,
            8 => Hash::Sha256,
            9 => Hash::Sha384,
            10 => Hash::Sha512,
            11 => Hash::Sha224,
            _ => return Err(Error::UnsupportedHash),
        }))
    }

    fn number(self) -> u8 {
        match self.0 {
            Hash::Md5 => 1,
            Hash::Sha1 => 2,
            Hash::Sha256 => 8,
            Hash::Sha384 => 9,
            Hash::Sha512 => 10,
            Hash::Sha224 => 11,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    TripleDes,
    Cast5,
    Blowfish,
    Aes128,
    Aes192,
    Aes256,
}

impl Cipher {
    pub fn named(name: &str) -> Result<Cipher> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "3des" => Cipher::TripleDes,
            "cast5" => Cipher::Cast5,
            "bf" | "blowfish" => Cipher::Blowfish,
            "aes" | "aes128" => Cipher::Aes128,
            "aes192" => Cipher::Aes192,
            "aes256" => Cipher::Aes256,
            _ => return Err(Error::UnsupportedCipher),
        })
    }

    fn of_number(number: u8) -> Result<Cipher> {
        Ok(match number {
            2 => Cipher::TripleDes,
            3 => Cipher::Cast5,
            4 => Cipher::Blowfish,
            7 => Cipher::Aes128,
            8 => Cipher::Aes192,
            9 => Cipher::Aes256,
            _ => return Err(Error::UnsupportedCipher),
        })
    }

    fn number(self) -> u8 {
        match self {
            Cipher::TripleDes => 2,
            Cipher::Cast5 => 3,
            Cipher::Blowfish => 4,
            Cipher::Aes128 => 7,
            Cipher::Aes192 => 8,
            Cipher::Aes256 => 9,
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Cipher::Cast5 | Cipher::Blowfish | Cipher::Aes128 => 16,
            Cipher::TripleDes | Cipher::Aes192 => 24,
            Cipher::Aes256 => 32,
        }
    }

    fn block_bytes(self) -> usize {
        match self {
            Cipher::TripleDes | Cipher::Cast5 | Cipher::Blowfish => 8,
            _ => 16,
        }
    }

    /// CFB from an initialisation vector of zeros.
    fn cfb(self, key: &[u8], data: &[u8], encrypts: bool) -> Result<Vec<u8>> {
        let iv = vec![0; self.block_bytes()];
        self.cfb_from(key, &iv, data, encrypts)
    }

    fn cfb_from(self, key: &[u8], iv: &[u8], data: &[u8], encrypts: bool) -> Result<Vec<u8>> {
        match self {
            Cipher::TripleDes => cfb::<des::TdesEde3>(key, iv, data, encrypts),
            Cipher::Cast5 => cfb::<cast5::Cast5>(key, iv, data, encrypts),
            Cipher::Blowfish => cfb::<blowfish::Blowfish>(key, iv, data, encrypts),
            Cipher::Aes128 => cfb::<aes::Aes128>(key, iv, data, encrypts),
            Cipher::Aes192 => cfb::<aes::Aes192>(key, iv, data, encrypts),
            Cipher::Aes256 => cfb::<aes::Aes256>(key, iv, data, encrypts),
        }
    }
}

fn cfb<C: KeyInit + BlockEncrypt + BlockSizeUser>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
    encrypts: bool,
) -> Result<Vec<u8>> {
    let cipher = C::new_from_slice(key).map_err(|_| Error::BadKey)?;
    let mut feedback = iv.to_vec();
    let mut out = Vec::with_capacity(data.len());
    for chunk in data.chunks(C::block_size()) {
        let mut mask = GenericArray::clone_from_slice(&feedback);
        cipher.encrypt_block(&mut mask);
        let made: Vec<u8> = chunk.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect();
        let encrypted = if encrypts { &made } else { chunk };
        feedback[..chunk.len()].copy_from_slice(encrypted);
        out.extend_from_slice(&made);
    }
    Ok(out)
}

/// A message of random bytes' help: 16 for the prefix, 8 for the salt, 32 for a session
/// key, one for the count.
pub fn encrypt(
    data: &[u8],
    is_text: bool,
    password: &[u8],
    options: Options,
    random: [u8; 57],
    time: u32,
) -> Result<Vec<u8>> {
    let (prefix, rest) = random.split_at(16);
    let (salt, rest) = rest.split_at(8);
    let (session, count) = rest.split_at(32);
    let cipher = options.cipher;
    let count = match options.s2k_count {
        // PostgreSQL's own choice: 65,536 to 253,952.
        0 => 96 + count[0] % 32,
        wanted => (0..=255).find(|code| decoded_count(*code) >= wanted).unwrap_or(255),
    };
    let s2k = S2k { kind: options.s2k, hash: options.s2k_hash, salt: salt.to_vec(), count };
    let mut key = s2k.key(password, cipher.key_bytes());
    let mut head = vec![4, cipher.number()];
    s2k.write(&mut head);
    if options.session_key {
        let own = session[..cipher.key_bytes()].to_vec();
        let named = [&[cipher.number()], &own[..]].concat();
        head.extend(cipher.cfb(&key, &named, true)?);
        key = own;
    }
    let mut message = packet(3, &head);
    let text = match options.crlf && is_text {
        true => with_crlf(data),
        false => data.to_vec(),
    };
    let mode = match (is_text, options.unicode) {
        (false, _) => b'b',
        (true, false) => b't',
        (true, true) => b'u',
    };
    let mut literal = vec![mode, 0];
    literal.extend_from_slice(&time.to_be_bytes());
    literal.extend(text);
    let block = cipher.block_bytes();
    let mut plain = prefix[..block].to_vec();
    plain.extend_from_within(block - 2..);
    let literal = packet(11, &literal);
    if options.guards {
        plain.extend(literal);
        plain.extend_from_slice(&[0xd3, 0x14]);
        plain.extend(Hash::Sha1.digest(&plain));
        let mut body = vec![1];
        body.extend(cipher.cfb(&key, &plain, true)?);
        message.extend(packet(18, &body));
    } else {
        let mut body = cipher.cfb(&key, &plain, true)?;
        let iv = body[2..].to_vec();
        body.extend(cipher.cfb_from(&key, &iv, &literal, true)?);
        message.extend(packet(9, &body));
    }
    Ok(message)
}

/// The data of a message, and whether it is text.
pub fn decrypt(message: &[u8], password: &[u8], crlf: bool) -> Result<(Vec<u8>, bool)> {
    let mut packets = Packets(message);
    let mut key: Option<(Cipher, Vec<u8>)> = None;
    while let Some((tag, body)) = packets.next()? {
        match tag {
            3 if key.is_none() => key = Some(session_key(&body, password)?),
            // Of a public key, a marker, a second password.
            1 => return Err(Error::Unsupported("a message for a public key")),
            3 | 10 => {}
            9 | 18 => {
                let (cipher, key) = key.ok_or(Error::CorruptData)?;
                let inner = if tag == 18 {
                    guarded(cipher, &key, &body)
                } else {
                    unguarded(cipher, &key, &body)
                };
                return literal(&inner?, crlf);
            }
            _ => return Err(Error::CorruptData),
        }
    }
    Err(Error::CorruptData)
}

fn session_key(body: &[u8], password: &[u8]) -> Result<(Cipher, Vec<u8>)> {
    let [4, cipher, rest @ ..] = body else { return Err(Error::CorruptData) };
    let cipher = Cipher::of_number(*cipher)?;
    let (s2k, rest) = S2k::read(rest)?;
    let key = s2k.key(password, cipher.key_bytes());
    if rest.is_empty() {
        return Ok((cipher, key));
    }
    let named = cipher.cfb(&key, rest, false)?;
    let (number, own) = named.split_first().ok_or(Error::CorruptData)?;
    let cipher = Cipher::of_number(*number).map_err(|_| Error::CorruptData)?;
    match own.len() == cipher.key_bytes() {
        true => Ok((cipher, own.to_vec())),
        false => Err(Error::CorruptData),
    }
}

fn guarded(cipher: Cipher, key: &[u8], body: &[u8]) -> Result<Vec<u8>> {
    let [1, encrypted @ ..] = body else { return Err(Error::CorruptData) };
    let plain = cipher.cfb(key, encrypted, false)?;
    let block = cipher.block_bytes();
    if plain.len() < block + 2 + 22 || plain[block - 2..block] != plain[block..block + 2] {
        return Err(Error::CorruptData);
    }
    let (content, sum) = plain.split_at(plain.len() - 20);
    let [rest @ .., 0xd3, 0x14] = content else { return Err(Error::CorruptData) };
    match Hash::Sha1.digest(content) == sum {
        true => Ok(rest[block + 2..].to_vec()),
        false => Err(Error::CorruptData),
    }
}

fn unguarded(cipher: Cipher, key: &[u8], body: &[u8]) -> Result<Vec<u8>> {
    let block = cipher.block_bytes();
    let head = body.get(..block + 2).ok_or(Error::CorruptData)?;
    let plain = cipher.cfb(key, head, false)?;
    if plain[block - 2..block] != plain[block..] {
        return Err(Error::CorruptData);
    }
    cipher.cfb_from(key, &body[2..block + 2], &body[block + 2..], false)
}

fn literal(inner: &[u8], crlf: bool) -> Result<(Vec<u8>, bool)> {
    let (tag, body) = Packets(inner).next()?.ok_or(Error::CorruptData)?;
    match tag {
        8 => return Err(Error::Unsupported("compressed OpenPGP message")),
        11 => {}
        _ => return Err(Error::CorruptData),
    }
    let [mode, name, rest @ ..] = &body[..] else { return Err(Error::CorruptData) };
    let data = rest.get(usize::from(*name) + 4..).ok_or(Error::CorruptData)?;
    let is_text = matches!(mode, b't' | b'u');
    let data = if is_text && crlf { without_crlf(data) } else { data.to_vec() };
    Ok((data, is_text))
}

fn with_crlf(data: &[u8]) -> Vec<u8> {
    let end = |byte: &u8| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] };
    data.iter().flat_map(end).collect()
}

fn without_crlf(data: &[u8]) -> Vec<u8> {
    let is_kept = |at: usize| !(data[at] == b'\r' && data.get(at + 1) == Some(&b'\n'));
    (0..data.len()).filter(|at| is_kept(*at)).map(|at| data[at]).collect()
}

struct S2k {
    kind: Kind,
    hash: S2kHash,
    salt: Vec<u8>,
    count: u8,
}

fn decoded_count(code: u8) -> u32 {
    (16 + u32::from(code & 15)) << (u32::from(code >> 4) + 6)
}

impl S2k {
    fn write(&self, out: &mut Vec<u8>) {
        let number = match self.kind {
            Kind::Simple => 0,
            Kind::Salted => 1,
            Kind::Iterated => 3,
        };
        out.extend_from_slice(&[number, self.hash.number()]);
        if self.kind != Kind::Simple {
            out.extend_from_slice(&self.salt);
        }
        if self.kind == Kind::Iterated {
            out.push(self.count);
        }
    }

    fn read(bytes: &[u8]) -> Result<(S2k, &[u8])> {
        let [kind, hash, rest @ ..] = bytes else { return Err(Error::CorruptData) };
        let kind = match kind {
            0 => Kind::Simple,
            1 => Kind::Salted,
            3 => Kind::Iterated,
            _ => return Err(Error::CorruptData),
        };
        let hash = S2kHash::of_number(*hash)?;
        let length = if kind == Kind::Simple { 0 } else { 8 };
        let (salt, rest) = rest.split_at_checked(length).ok_or(Error::CorruptData)?;
        let (count, rest) = match (kind, rest) {
            (Kind::Iterated, [count, rest @ ..]) => (*count, rest),
            (Kind::Iterated, []) => return Err(Error::CorruptData),
            (_, rest) => (0, rest),
        };
        Ok((S2k { kind, hash, salt: salt.to_vec(), count }, rest))
    }

    fn key(&self, password: &[u8], length: usize) -> Vec<u8> {
        let unit = match self.kind {
            Kind::Simple => password.to_vec(),
            _ => [&self.salt[..], password].concat(),
        };
        let total = match self.kind {
            Kind::Iterated => (decoded_count(self.count) as usize).max(unit.len()),
            _ => unit.len(),
        };
        let mut key = Vec::new();
        let mut zeros = 0;
        while key.len() < length {
            let mut input = vec![0; zeros];
            input.extend(unit.iter().copied().cycle().take(total));
            key.extend(self.hash.0.digest(&input));
            zeros += 1;
        }
        key.truncate(length);
        key
    }
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0 | tag];
    match body.len() {
        length @ 0..192 => bytes.push(length as u8),
        length @ 192..8384 => {
            let rest = length - 192;
            bytes.extend_from_slice(&[(rest >> 8) as u8 + 192, rest as u8]);
        }
        length => {
            bytes.push(255);
            bytes.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// The packets of a message, in the old and the new format.
struct Packets<'a>(&'a [u8]);

impl Packets<'_> {
    fn next(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let Some((head, rest)) = self.0.split_first() else { return Ok(None) };
        self.0 = rest;
        if head & 0x80 == 0 {
            return Err(Error::CorruptData);
        }
        if head & 0x40 == 0 {
            let tag = head >> 2 & 15;
            let length = match head & 3 {
                0 => self.number(1)?,
                1 => self.number(2)?,
                2 => self.number(4)?,
                _ => self.0.len(),
            };
            return Ok(Some((tag, self.take(length)?.to_vec())));
        }
        let (tag, mut body) = (head & 63, Vec::new());
        loop {
            let first = self.number(1)?;
            let (length, is_last) = match first {
                0..192 => (first, true),
                192..224 => (((first - 192) << 8) + self.number(1)? + 192, true),
                255 => (self.number(4)?, true),
                partial => (1 << (partial & 31), false),
            };
            body.extend_from_slice(self.take(length)?);
            if is_last {
                return Ok(Some((tag, body)));
            }
        }
    }

    fn number(&mut self, bytes: usize) -> Result<usize> {
        let taken = self.take(bytes)?;
        Ok(taken.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn take(&mut self, length: usize) -> Result<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Error::CorruptData)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back() {
        let random: [u8; 57] = std::array::from_fn(|at| (at as u8).wrapping_mul(7));
        for cipher in
            [Cipher::Aes128, Cipher::Aes256, Cipher::TripleDes, Cipher::Cast5, Cipher::Blowfish]
        {
            for (session_key, guards) in [(false, true), (true, true), (false, false)] {
                for length in [0, 1, 15, 16, 17, 1000, 20_000] {
                    let options = Options { cipher, session_key, guards, ..Options::default() };
                    let data = vec![b'x'; length];
                    let message = encrypt(&data, true, b"key", options, random, 0).expect("made");
                    assert_eq!(decrypt(&message, b"key", false), Ok((data, true)));
                    assert!(decrypt(&message, b"other", false).is_err());
                }
            }
        }
    }

    #[test]
    fn a_message_of_postgres_is_read() {
        // SELECT pgp_sym_encrypt('a secret', 'key').
        let hex = include_str!("pgp_message.hex").trim();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
        let message: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        assert_eq!(decrypt(&message, b"key", false), Ok((b"a secret".to_vec(), true)));
        assert_eq!(decrypt(&message, b"no", false), Err(Error::CorruptData));
    }
}
