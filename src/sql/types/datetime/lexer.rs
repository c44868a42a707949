//! Cuts date/time text into fields by the shape of their characters, before
//! anything is known about their meaning.
//!
//! `2024-05-06 07:08 PST+1` is `Date(2024-05-06) Time(07:08) Date(pst+1)`; the
//! kind says which characters ran together, so a zone name with a sign or
//! slash in it is a `Date` too. Text is lower-cased.

use crate::sql::types::numeric::is_space;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Digits, perhaps with one decimal point.
    Number,
    /// Letters.
    String,
    /// Digits or letters joined by `-`, `/` or `.`.
    Date,
    /// Digits with a colon.
    Time,
    /// A sign followed by digits.
    Zone,
    /// A sign followed by letters: `-infinity`.
    Special,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub kind: FieldKind,
    pub text: String,
}

/// More fields than any date/time text has.
const FIELDS_MAX: usize = 25;
/// Longer text is not a date or time.
const LENGTH_MAX: usize = 256;

/// The fields, or `None` where the text has no such form.
pub fn fields(text: &str) -> Option<Vec<Field>> {
    if text.len() > LENGTH_MAX {
        return None;
    }
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let mut fields = Vec::new();
    while let Some(byte) = cursor.peek() {
        if is_space(char::from(byte)) {
            cursor.at += 1;
            continue;
        }
        let start = cursor.at;
        let mut sign = None;
        let kind = match byte {
            b'0'..=b'9' => cursor.number_date_or_time(),
            b'.' => {
                cursor.at += 1;
                cursor.digits();
                FieldKind::Number
            }
            b'a'..=b'z' | b'A'..=b'Z' => cursor.word(),
            b'+' | b'-' => {
                sign = Some(byte);
                cursor.signed()?
            }
            byte if byte.is_ascii_punctuation() => {
                cursor.at += 1;
                continue;
            }
            _ => return None,
        };
        if fields.len() >= FIELDS_MAX {
            return None;
        }
        let mut text = text[start..cursor.at].to_ascii_lowercase();
        // White space may stand between a sign and what it belongs to.
        if sign.is_some() {
            text.retain(|c| !is_space(c));
        }
        fields.push(Field { kind, text });
    }
    Some(fields)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&accept) {
            self.at += 1;
        }
    }

    fn digits(&mut self) {
        self.skip_while(|b| b.is_ascii_digit());
    }

    fn number_date_or_time(&mut self) -> FieldKind {
        self.digits();
        match self.peek() {
            Some(b':') => {
                self.skip_while(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
                FieldKind::Time
            }
            Some(delimiter @ (b'-' | b'/' | b'.')) => {
                self.at += 1;
                self.after_delimiter(delimiter)
            }
            _ => FieldKind::Number,
        }
    }

    fn after_delimiter(&mut self, delimiter: u8) -> FieldKind {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.skip_while(|b| b.is_ascii_alphanumeric() || b == delimiter);
            return FieldKind::Date;
        }
        self.digits();
        // A second delimiter of the same kind makes it a date for sure.
        if self.peek() == Some(delimiter) {
            self.skip_while(|b| b.is_ascii_digit() || b == delimiter);
            return FieldKind::Date;
        }
        if delimiter == b'.' { FieldKind::Number } else { FieldKind::Date }
    }

    fn word(&mut self) -> FieldKind {
        let start = self.at;
        self.skip_while(|b| b.is_ascii_alphabetic());
        let joined = match self.peek() {
            Some(b'-' | b'/' | b'.') => true,
            Some(b'+' | b'0'..=b'9') => {
                let word = self.bytes[start..self.at].to_ascii_lowercase();
                let word = String::from_utf8(word).unwrap_or_default();
                super::word::Word::find(&word).is_none()
            }
            _ => false,
        };
        if !joined {
            return FieldKind::String;
        }
        let part = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'/' | b'_' | b'.' | b':')
        };
        self.skip_while(part);
        FieldKind::Date
    }

    fn signed(&mut self) -> Option<FieldKind> {
        self.at += 1;
        self.skip_while(|b| is_space(char::from(b)));
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.skip_while(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'-'));
                Some(FieldKind::Zone)
            }
            Some(b) if b.is_ascii_alphabetic() => {
                self.skip_while(|b| b.is_ascii_alphabetic());
                Some(FieldKind::Special)
            }
            _ => None,
        }
    }
}
