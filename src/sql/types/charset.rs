//! Character sets of clients: text is UTF-8 here, and what a client with another
//! `client_encoding` sends and gets is converted at the border.
//!
//! These are the sets of one byte for a character, in whose lower half is ASCII; their
//! upper halves are in `sql/charsets.txt`. Those of several bytes answer `0A000`.

use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::sqlstate;

/// A character set of one byte for each character.
#[derive(Debug)]
pub struct Charset {
    /// PostgreSQL's name.
    pub name: &'static str,
    /// Of the bytes from 0x80 on.
    chars: Vec<Option<char>>,
    /// The same by character, in order.
    bytes: Vec<(char, u8)>,
}

static CHARSETS: LazyLock<Vec<Charset>> = LazyLock::new(|| {
    let lines = include_str!("../../../sql/charsets.txt").lines();
    lines.filter(|line| !line.starts_with('#')).map(Charset::read).collect()
});

/// Names of one-byte sets besides their own, without punctuation.
const ALIASES: &[(&str, &str)] = &[
    ("iso88591", "LATIN1"),
    ("iso88592", "LATIN2"),
    ("iso88593", "LATIN3"),
    ("iso88594", "LATIN4"),
    ("iso88599", "LATIN5"),
    ("iso885910", "LATIN6"),
    ("iso885913", "LATIN7"),
    ("iso885914", "LATIN8"),
    ("iso885915", "LATIN9"),
    ("iso885916", "LATIN10"),
    ("koi8", "KOI8R"),
    ("abc", "WIN1258"),
    ("tcvn", "WIN1258"),
    ("tcvn5712", "WIN1258"),
    ("vscii", "WIN1258"),
    ("alt", "WIN866"),
    ("win", "WIN1251"),
];

impl Charset {
    fn read(line: &'static str) -> Charset {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let char_of = |word: &str| u32::from_str_radix(word, 16).ok().and_then(char::from_u32);
        let chars: Vec<Option<char>> = words.map(char_of).collect();
        let pairs =
            chars.iter().zip(0x80..=0xff).filter_map(|(c, byte): (_, u8)| Some(((*c)?, byte)));
        let mut bytes: Vec<(char, u8)> = pairs.collect();
        bytes.sort_unstable();
        Charset { name, chars, bytes }
    }

    /// A set by any of its names.
    pub fn named(name: &str) -> Option<&'static Charset> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        let plain =
            plain.strip_prefix("windows").map_or(plain.clone(), |rest| format!("win{rest}"));
        let alias = ALIASES.iter().find(|(alias, _)| *alias == plain).map(|(_, name)| *name);
        let is_named = |set: &&Charset| match alias {
            Some(alias) => set.name == alias,
            None => set.name.replace('_', "").eq_ignore_ascii_case(&plain),
        };
        CHARSETS.iter().find(is_named)
    }

    /// Text of this set.
    pub fn decode(&self, bytes: &[u8]) -> Result<String> {
        let mut text = String::with_capacity(bytes.len());
        for byte in bytes {
            match byte {
                0 => return Err(self.invalid(*byte)),
                0x01..=0x7f => text.push(char::from(*byte)),
                0x80.. => {
                    let known = self.chars.get(usize::from(*byte - 0x80)).copied().flatten();
                    text.push(known.ok_or_else(|| untranslatable(&[*byte], self.name, "UTF8"))?);
                }
            }
        }
        Ok(text)
    }

    /// Text in this set; `22P05` for the first character that is not in it.
    pub fn encode(&self, text: &str) -> Result<Vec<u8>> {
        let byte = |c: char| {
            self.byte(c).ok_or_else(|| {
                untranslatable(c.encode_utf8(&mut [0; 4]).as_bytes(), "UTF8", self.name)
            })
        };
        text.chars().map(byte).collect()
    }

    /// Text in this set, with question marks for what is not in it: where a client has to
    /// be told something in any case.
    pub fn encode_lossy(&self, text: &str) -> Vec<u8> {
        text.chars().map(|c| self.byte(c).unwrap_or(b'?')).collect()
    }

    fn byte(&self, c: char) -> Option<u8> {
        if c.is_ascii() {
            return u8::try_from(c).ok();
        }
        let at = self.bytes.binary_search_by_key(&c, |(known, _)| *known).ok()?;
        Some(self.bytes[at].1)
    }

    fn invalid(&self, byte: u8) -> Error {
        let name = self.name;
        let message = format!("invalid byte sequence for encoding \"{name}\": 0x{byte:02x}");
        Error::new(sqlstate::CHARACTER_NOT_IN_REPERTOIRE, message)
    }
}

fn untranslatable(bytes: &[u8], from: &str, to: &str) -> Error {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    Error::new(
        sqlstate::UNTRANSLATABLE_CHARACTER,
        format!(
            "character with byte sequence {} in encoding \"{from}\" has no equivalent in encoding \
             \"{to}\"",
            bytes.join(" ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_128_places_and_reads_what_it_writes() {
        assert_eq!(CHARSETS.len(), 27);
        for set in CHARSETS.iter() {
            assert_eq!(set.chars.len(), 128, "{}", set.name);
            assert!(std::ptr::eq(Charset::named(set.name).expect(set.name), set));
            let text: String = set.chars.iter().flatten().collect();
            let bytes = set.encode(&text).expect(set.name);
            assert_eq!(set.decode(&bytes).expect(set.name), text);
        }
    }

    #[test]
    fn what_a_set_lacks_is_named() {
        let set = Charset::named("windows-1252").expect("a set");
        assert_eq!(set.encode("a€").expect("in the set"), b"a\x80");
        let error = set.encode("aω").expect_err("not in the set");
        assert_eq!(error.code(), sqlstate::UNTRANSLATABLE_CHARACTER);
        assert!(error.message().starts_with("character with byte sequence 0xcf 0x89 in"));
        let error = set.decode(b"a\x81").expect_err("not in the set");
        assert!(error.message().starts_with("character with byte sequence 0x81 in"));
        assert_eq!(set.encode_lossy("ωé"), b"?\xe9");
    }
}
