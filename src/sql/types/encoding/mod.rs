//! Character sets of clients, and their conversion from and to UTF-8.
//!
//! Databases have UTF-8; a client may speak another encoding (`client_encoding`), and so
//! may a file that COPY reads or writes. Everything inside of the server is UTF-8: text
//! is converted where it enters and leaves.
//!
//! ```text
//! client ──bytes──▶ decode: 22021 if they are no text, 22P05 if Unicode has no such character
//! client ◀──bytes── encode: 22P05 if the client's encoding has no such character
//! ```
//!
//! The [`tables`] hold what PostgreSQL 15 converts each code to, as its functions
//! `convert_from` and `convert_to` tell; one is read when it is first used. EUC_JIS_2004 and
//! SHIFT_JIS_2004 are known by name only, and `0A000`.

mod name;
mod tables;

use std::borrow::Cow;

use super::{ArrayValue, CatalogView, Datum, Oid, Repr, Span, oid, text};
use crate::error::{Error, Result};
use crate::sqlstate;
use tables::Table;

pub use name::{DATABASE_ENCODINGS, ENCODINGS};

/// A character set, by PostgreSQL's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Encoding(u8);

/// Bytes of a character that an error shows.
const SHOWN_BYTES_MAX: usize = 8;

impl Encoding {
    pub const SQL_ASCII: Encoding = Encoding(0);
    pub const UTF8: Encoding = Encoding(6);

    /// Whether text passes as it is. SQL_ASCII means that nothing is converted; what
    /// comes must be the database's encoding all the same.
    pub fn is_verbatim(self) -> bool {
        matches!(self, Encoding::UTF8 | Encoding::SQL_ASCII)
    }

    /// Whether there is a conversion between it and UTF-8.
    pub fn is_convertible(self) -> bool {
        self.is_verbatim() || self.table().is_some()
    }

    /// Bytes of this encoding as text. `22021` where they are no characters or hold a
    /// zero byte, `22P05` where a character is not in Unicode.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>> {
        if self.is_verbatim() {
            return text::from_utf8(bytes).map(Cow::Borrowed);
        }
        if bytes.is_ascii() && !bytes.contains(&0) {
            return text::from_utf8(bytes).map(Cow::Borrowed);
        }
        let mut decoded = String::with_capacity(bytes.len() * 2);
        match self.decode_into(bytes, true, &mut decoded) {
            Ok(_) => Ok(Cow::Owned(decoded)),
            Err(error) => Err(error),
        }
    }

    /// Appends what the bytes say; how many of them were read. Without `is_last` a
    /// character may be cut off at the end, and is left for the next time. What is before
    /// an error has been appended.
    pub fn decode_into(self, bytes: &[u8], is_last: bool, decoded: &mut String) -> Result<usize> {
        let table = self.table().ok_or_else(|| self.unsupported())?;
        let mut at = 0;
        while let Some(&first) = bytes.get(at) {
            let rest = &bytes[at..];
            if first.is_ascii() && first != 0 {
                decoded.push(char::from(first));
                at += 1;
                continue;
            }
            let length = self.length(rest);
            if rest.len() < length && !is_last {
                break;
            }
            if first == 0 || rest.len() < length || !self.is_character(&rest[..length]) {
                return Err(self.invalid(&rest[..length.min(rest.len())]));
            }
            let found = table.decode(&rest[..length]);
            decoded.push(found.ok_or_else(|| self.untranslatable(&rest[..length], Self::UTF8))?);
            at += length;
        }
        Ok(at)
    }

    /// Text in this encoding. `22P05` where it has no such character.
    pub fn encode(self, text: &str) -> Result<Cow<'_, [u8]>> {
        if self.is_verbatim() || text.is_ascii() {
            return Ok(Cow::Borrowed(text.as_bytes()));
        }
        let mut encoded = Vec::with_capacity(text.len());
        let missing = self.encode_into(text, &mut encoded, |_, missing| Err(missing));
        missing.map(|()| Cow::Owned(encoded))
    }

    /// Text in this encoding, with question marks for what it has not.
    pub fn encode_lossy(self, text: &str) -> Cow<'_, [u8]> {
        if self.is_verbatim() || text.is_ascii() {
            return Cow::Borrowed(text.as_bytes());
        }
        let mut encoded = Vec::with_capacity(text.len());
        let written = self.encode_into(text, &mut encoded, |encoded, _| {
            encoded.push(b'?');
            Ok(())
        });
        debug_assert!(written.is_ok() || self.table().is_none());
        Cow::Owned(encoded)
    }

    fn encode_into(
        self,
        text: &str,
        encoded: &mut Vec<u8>,
        missing: impl Fn(&mut Vec<u8>, Error) -> Result<()>,
    ) -> Result<()> {
        let table = self.table().ok_or_else(|| self.unsupported())?;
        for c in text.chars() {
            match table.encode(c) {
                _ if c.is_ascii() => encoded.push(c as u8),
                Some(code) => {
                    let bytes = code.to_be_bytes();
                    let zeros = code.leading_zeros() as usize / 8;
                    encoded.extend_from_slice(&bytes[zeros..]);
                }
                None => {
                    let mut buffer = [0; 4];
                    let bytes = c.encode_utf8(&mut buffer).as_bytes();
                    missing(encoded, Self::UTF8.untranslatable(bytes, self))?;
                }
            }
        }
        Ok(())
    }

    /// The number of characters in bytes of this encoding; `22021` if they are none.
    pub fn count(self, bytes: &[u8]) -> Result<usize> {
        if self == Encoding::SQL_ASCII {
            return Ok(bytes.len());
        }
        if self == Encoding::UTF8 {
            return Ok(text::from_utf8(bytes)?.chars().count());
        }
        let (mut at, mut count) = (0, 0);
        while let Some(&first) = bytes.get(at) {
            let rest = &bytes[at..];
            let length = if first.is_ascii() { 1 } else { self.length(rest) };
            let is_whole = rest.len() >= length;
            if first == 0 || !is_whole || (length > 1 && !self.is_character(&rest[..length])) {
                return Err(self.invalid(&rest[..length.min(rest.len())]));
            }
            (at, count) = (at + length, count + 1);
        }
        Ok(count)
    }

    /// Bytes of the longest character.
    pub fn bytes_max(self) -> i32 {
        match self.name() {
            "SJIS" | "BIG5" | "GBK" | "UHC" | "SHIFT_JIS_2004" => 2,
            "EUC_JP" | "EUC_CN" | "EUC_KR" | "EUC_JIS_2004" | "JOHAB" => 3,
            "EUC_TW" | "UTF8" | "MULE_INTERNAL" | "GB18030" => 4,
            _ => 1,
        }
    }

    /// Bytes of the character that begins these, which is not ASCII's.
    fn length(self, bytes: &[u8]) -> usize {
        let first = bytes.first().copied().unwrap_or(0);
        match (self.name(), first) {
            (_, 0) => 1,
            ("EUC_JP" | "JOHAB", 0x8e) => 2,
            ("EUC_JP" | "EUC_KR" | "EUC_TW" | "JOHAB", 0x8f) => 3,
            ("EUC_TW", 0x8e) => 4,
            ("GB18030", _) if matches!(bytes.get(1), Some(b'0'..=b'9')) => 4,
            ("SJIS", 0xa1..=0xdf) => 1,
            (
                "EUC_JP" | "EUC_KR" | "EUC_CN" | "EUC_TW" | "JOHAB" | "SJIS" | "BIG5" | "GBK"
                | "UHC" | "GB18030",
                _,
            ) => 2,
            _ => 1,
        }
    }

    /// Whether bytes of the right number may be a character.
    fn is_character(self, bytes: &[u8]) -> bool {
        let is_euc = |bytes: &[u8]| bytes.iter().all(|byte| (0xa1..=0xfe).contains(byte));
        match (self.name(), bytes) {
            ("EUC_JP", [0x8e, second]) => (0xa1..=0xdf).contains(second),
            ("EUC_JP", [0x8f, rest @ ..]) => is_euc(rest),
            ("EUC_TW", [0x8e, plane, rest @ ..]) => (0xa1..=0xa7).contains(plane) && is_euc(rest),
            ("EUC_TW", [0x8f, ..]) => false,
            ("EUC_TW" | "JOHAB", [_, rest @ ..]) => is_euc(rest),
            ("GB18030", [first, second]) => {
                matches!(first, 0x81..=0xfe) && matches!(second, 0x40..=0x7e | 0x80..=0xfe)
            }
            ("GB18030", [first, _, third, fourth]) => {
                [first, third].iter().all(|byte| matches!(byte, 0x81..=0xfe))
                    && fourth.is_ascii_digit()
            }
            ("EUC_JP" | "EUC_KR" | "EUC_CN", bytes) => is_euc(bytes),
            ("SJIS", [first, second]) => {
                matches!(first, 0x81..=0x9f | 0xe0..=0xfc)
                    && matches!(second, 0x40..=0x7e | 0x80..=0xfc)
            }
            (_, [_, second]) => *second != 0,
            _ => true,
        }
    }

    fn table(self) -> Option<&'static Table> {
        tables::of(self)
    }

    fn unsupported(self) -> Error {
        Error::unsupported(format_args!("encoding \"{}\"", self.name()))
    }

    fn invalid(self, bytes: &[u8]) -> Error {
        Error::new(
            sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
            format!("invalid byte sequence for encoding \"{}\": {}", self.name(), shown(bytes)),
        )
    }

    fn untranslatable(self, bytes: &[u8], into: Encoding) -> Error {
        Error::new(
            sqlstate::UNTRANSLATABLE_CHARACTER,
            format!(
                "character with byte sequence {} in encoding \"{}\" has no equivalent in encoding \
                 \"{}\"",
                shown(bytes),
                self.name(),
                into.name()
            ),
        )
    }

    /// A value as its binary form is made of it: text in this encoding, and hstores as
    /// they are sent. Values without such text are themselves.
    pub fn in_binary<'v>(
        self,
        value: &'v Datum,
        type_oid: Oid,
        catalog: &dyn CatalogView,
    ) -> Result<Cow<'v, Datum>> {
        let is_itself = self.is_verbatim()
            && match value {
                Datum::Text(_) => type_oid < oid::FIRST_NORMAL,
                Datum::Array(array) => {
                    array.element_type < oid::FIRST_NORMAL && array.element_type != oid::RECORD
                }
                Datum::Record(_) => false,
                _ => true,
            };
        match is_itself {
            true => Ok(Cow::Borrowed(value)),
            false => {
                let replaced = self.replaced(value, type_oid, catalog)?;
                Ok(replaced.map_or(Cow::Borrowed(value), Cow::Owned))
            }
        }
    }

    fn replaced(
        self,
        value: &Datum,
        type_oid: Oid,
        catalog: &dyn CatalogView,
    ) -> Result<Option<Datum>> {
        let is_hstore = || {
            type_oid >= oid::FIRST_NORMAL && matches!(catalog.repr(type_oid), Some(Repr::Hstore))
        };
        Ok(match value {
            Datum::Text(text) if is_hstore() => {
                Some(Datum::Bytea(super::binary_form::send_hstore(text, self)?.into()))
            }
            Datum::Text(text) if !text.is_ascii() && !self.is_verbatim() => {
                Some(Datum::Bytea(self.encode(text)?.into_owned().into()))
            }
            Datum::Jsonb(document) if !self.is_verbatim() => {
                let mut text = Vec::new();
                document.root().write(&mut text);
                if text.is_ascii() {
                    return Ok(None);
                }
                let mut bytes = vec![super::binary_form::JSONB_VERSION];
                bytes.extend_from_slice(&self.encode(text::from_utf8(&text)?)?);
                Some(Datum::Bytea(bytes.into()))
            }
            Datum::Array(array) => {
                let element_type = array.element_type;
                let values = array.elements.iter().map(|element| (element_type, element));
                self.replaced_all(values, catalog)?.map(|elements| {
                    let dims = array.dims.clone();
                    Datum::Array(Box::new(ArrayValue { element_type, dims, elements }))
                })
            }
            Datum::Record(fields) => {
                let values = fields.iter().map(|(oid, value)| (*oid, value));
                let values = self.replaced_all(values, catalog)?;
                let oids = fields.iter().map(|(oid, _)| *oid);
                values.map(|values| Datum::Record(oids.zip(values).collect()))
            }
            Datum::Range(range) => {
                let mut range = range.clone();
                let changed = match &mut range.span {
                    Some(span) => self.replace_bounds(span, range.subtype, catalog)?,
                    None => false,
                };
                changed.then_some(Datum::Range(range))
            }
            Datum::Multirange(ranges) => {
                let mut ranges = ranges.clone();
                let mut changed = false;
                for span in &mut ranges.spans {
                    changed |= self.replace_bounds(span, ranges.subtype, catalog)?;
                }
                changed.then_some(Datum::Multirange(ranges))
            }
            _ => None,
        })
    }

    /// Whether one of the bounds was replaced.
    fn replace_bounds(
        self,
        span: &mut Span,
        subtype: Oid,
        catalog: &dyn CatalogView,
    ) -> Result<bool> {
        let mut changed = false;
        for bound in [&mut span.lower, &mut span.upper] {
            let Some(value) = &mut bound.value else { continue };
            if let Some(other) = self.replaced(value, subtype, catalog)? {
                (*value, changed) = (other, true);
            }
        }
        Ok(changed)
    }

    /// All of the values, if one of them is replaced.
    fn replaced_all<'v>(
        self,
        values: impl Iterator<Item = (Oid, &'v Datum)> + Clone,
        catalog: &dyn CatalogView,
    ) -> Result<Option<Vec<Datum>>> {
        let replaced: Vec<Option<Datum>> = values
            .clone()
            .map(|(oid, value)| self.replaced(value, oid, catalog))
            .collect::<Result<_>>()?;
        if replaced.iter().all(Option::is_none) {
            return Ok(None);
        }
        let whole = replaced.into_iter().zip(values);
        Ok(Some(whole.map(|(new, (_, old))| new.unwrap_or_else(|| old.clone())).collect()))
    }
}

fn shown(bytes: &[u8]) -> String {
    let bytes = bytes.iter().take(SHOWN_BYTES_MAX);
    bytes.map(|byte| format!("0x{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(name: &str) -> Encoding {
        Encoding::named(name).expect("an encoding")
    }

    #[test]
    fn text_goes_both_ways() {
        let cases: [(&str, &[u8], &str); 13] = [
            ("LATIN1", b"caf\xe9", "café"),
            ("LATIN9", b"\xa4 5", "€ 5"),
            ("WIN1252", b"\x80\x93x\x94", "€“x”"),
            ("EUC_JP", b"\xa4\xa2\x8e\xb1\x8f\xab\xb1", "あｱé"),
            ("SJIS", b"\x82\xa0\x83\x5c\xb1", "あソｱ"),
            ("EUC_KR", b"\xb0\xa1", "가"),
            ("GBK", b"\x81\x40", "丂"),
            ("BIG5", b"\xa4\x40", "一"),
            ("EUC_TW", b"\xc4\xa1\x8e\xa2\xa1\xa1", "一乂"),
            ("JOHAB", b"\x88\xa1", "갸"),
            ("GB18030", b"\x81\x40\xa2\xe3", "丂€"),
            ("GB18030", b"\x81\x30\x84\x36\x81\x30\x81\x30", "¥\u{80}"),
            ("GB18030", b"\x94\x39\xfc\x36\x90\x30\x81\x30", "\u{1f600}\u{10000}"),
        ];
        for (name, bytes, text) in cases {
            assert_eq!(encoding(name).decode(bytes).expect("text"), text, "{name}");
            assert_eq!(&*encoding(name).encode(text).expect("bytes"), bytes, "{name}");
        }
    }

    #[test]
    fn what_has_no_place_is_named_as_postgresql_does() {
        let message = |result: Result<String>| result.expect_err("no place").to_string();
        let decoded = |name, bytes| encoding(name).decode(bytes).map(Cow::into_owned);
        assert!(message(decoded("WIN1252", b"\x81")).contains(
            "character with byte sequence 0x81 in encoding \"WIN1252\" has no equivalent in \
             encoding \"UTF8\""
        ));
        assert!(
            message(decoded("EUC_JP", b"\xa1 "))
                .contains("invalid byte sequence for encoding \"EUC_JP\": 0xa1 0x20")
        );
        assert!(message(decoded("LATIN1", b"a\0")).contains("encoding \"LATIN1\": 0x00"));
        let error = encoding("LATIN1").encode("€").expect_err("no euro");
        assert_eq!(error.code(), sqlstate::UNTRANSLATABLE_CHARACTER);
        assert_eq!(&*encoding("LATIN1").encode_lossy("5 €é"), b"5 ?\xe9");
    }

    #[test]
    fn a_character_that_is_cut_waits_for_its_rest() {
        let sjis = encoding("SJIS");
        let mut text = String::new();
        assert_eq!(sjis.decode_into(b"a\x82", false, &mut text).expect("text"), 1);
        assert_eq!(sjis.decode_into(b"\x82\xa0", false, &mut text).expect("text"), 2);
        assert_eq!(text, "aあ");
        assert!(sjis.decode_into(b"\x82", true, &mut text).is_err());
    }

    #[test]
    fn every_table_is_read_and_round_trips() {
        for number in 0..ENCODINGS.len() as i32 {
            let encoding = Encoding::numbered(number).expect("an encoding");
            let Some(table) = encoding.table() else { continue };
            let (mut count, mut all) = (0usize, 0usize);
            for c in table.characters() {
                let bytes =
                    encoding.encode(c.encode_utf8(&mut [0; 4])).expect("bytes").into_owned();
                let decoded = encoding.decode(&bytes);
                // EUC_TW and JOHAB have codes that PostgreSQL writes and does not read: 4,197
                // of 17,711 and 8,880 of 17,049.
                if decoded.is_err() && matches!(encoding.name(), "EUC_TW" | "JOHAB") {
                    continue;
                }
                all += 1;
                // Some characters have a code that means another one.
                count += usize::from(decoded.is_ok_and(|text| text.chars().eq([c])));
            }
            assert!(all >= 40 && count + 10 >= all, "{}: {count} of {all}", encoding.name());
        }
    }
}
