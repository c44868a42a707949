//! Numbers as PostgreSQL 15 reads them.
//!
//! The grammar is newer than the PostgreSQL that this server answers as: it also
//! reads `0x1F`, `0o17`, `0b101` and `1_000`, which PostgreSQL 15 refuses.

use super::ffi;
use crate::error::Error;

/// A number that PostgreSQL 15 does not read: where it stands, and the error.
pub(super) struct NewerNumber {
    offset: usize,
    pub error: Error,
}

impl NewerNumber {
    /// The first such number in a text.
    pub fn find(text: &str) -> Option<NewerNumber> {
        if !may_have_one(text.as_bytes()) {
            return None;
        }
        ffi::numbers(text).into_iter().find_map(|token| {
            let offset = token.start;
            let length = old_number(text[token].as_bytes());
            let rest = &text[offset + length..];
            let junk = rest.find(|c| !is_identifier_part(c)).unwrap_or(rest.len());
            (junk > 0).then(|| NewerNumber {
                offset,
                error: Error::syntax(format!(
                    "trailing junk after numeric literal at or near \"{}\"",
                    &text[offset..offset + length + junk]
                ))
                .at(i32::try_from(offset).unwrap_or(-1)),
            })
        })
    }

    /// Whether it stands before where another error is.
    pub fn is_before(&self, other: &Error) -> bool {
        other.report().offset.is_none_or(|offset| self.offset < offset)
    }
}

/// Cheap, and rarely true: a digit, then what only the newer forms have there.
fn may_have_one(text: &[u8]) -> bool {
    text.windows(2).any(|pair| {
        pair[0].is_ascii_digit()
            && matches!(pair[1], b'x' | b'X' | b'o' | b'O' | b'b' | b'B' | b'_')
    })
}

fn is_identifier_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// The bytes of a number token that PostgreSQL 15 takes: digits, a fraction and an
/// exponent.
fn old_number(token: &[u8]) -> usize {
    let digits = |from: usize| token[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut length = digits(0);
    if token.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(token.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(token.get(length + 1), Some(b'+' | b'-')));
        match digits(token.len().min(length + 1 + sign)) {
            0 => {}
            exponent => length += 1 + sign + exponent,
        }
    }
    length
}
