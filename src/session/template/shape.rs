//! A statement's text without its constants.
//!
//! ```text
//! text   UPDATE t SET a = a + 17 WHERE name = 'x'
//! shape  UPDATE t SET a = a + 0 WHERE name = ''      constants 17, 'x'
//! ```
//!
//! Constants are whole numbers of up to nine digits and plain strings. Two texts of one
//! shape differ in these alone, so the same tree is made of both, but for the constants
//! and where they stand. What could make that untrue has no shape: several statements,
//! comments, dollar signs (parameters and quotes), backslashes in strings, prefixed
//! strings (`E''`, `B''`, `U&''`), strings that are continued.

use std::ops::Range;

/// Texts longer than this hardly come twice in the same shape.
const TEXT_BYTES_MAX: usize = 4 << 10;
const CONSTANTS_MAX: usize = 64;
/// Numbers of more digits may be of another type than `integer`; they stay in the shape.
const DIGITS_MAX: usize = 9;

#[derive(Debug)]
pub struct Shape {
    pub text: String,
    /// In the order of the text.
    pub constants: Vec<Constant>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    pub value: Value,
    /// Byte offsets in the text that it was taken from.
    pub range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Integer(i32),
    String(String),
}

impl Shape {
    /// None if the text has no shape, or no constants.
    pub fn of(text: &str) -> Option<Shape> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let shape = Scanner { text, at: 0, shape: String::with_capacity(text.len()) };
        shape.scan().filter(|shape| !shape.constants.is_empty())
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    shape: String,
}

impl Scanner<'_> {
    fn scan(mut self) -> Option<Shape> {
        let mut constants = Vec::new();
        while let Some(byte) = self.byte(0) {
            let constant = match byte {
                b'\'' => Some(self.string()?),
                b'0'..=b'9' => self.number()?,
                b'"' => {
                    self.keep_to_quote()?;
                    None
                }
                byte if is_word(byte) => {
                    self.keep_word()?;
                    None
                }
                b';' if !self.text[self.at + 1..].trim().is_empty() => return None,
                b'-' if self.byte(1) == Some(b'-') => return None,
                b'/' if self.byte(1) == Some(b'*') => return None,
                b'$' | b'\\' => return None,
                // A number may begin with a point.
                b'.' if self.byte(1).is_some_and(|next| next.is_ascii_digit()) => return None,
                _ => {
                    self.keep(1);
                    None
                }
            };
            constants.extend(constant);
            if constants.len() > CONSTANTS_MAX {
                return None;
            }
        }
        Some(Shape { text: self.shape, constants })
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn keep(&mut self, bytes: usize) {
        self.shape.push_str(&self.text[self.at..self.at + bytes]);
        self.at += bytes;
    }

    fn keep_word(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_part = |byte: &u8| is_word(*byte) || byte.is_ascii_digit() || *byte == b'$';
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        self.keep(length);
        // The prefix of a string, or of a name with escapes.
        match (self.byte(0), self.byte(1)) {
            (Some(b'\''), _) | (Some(b'&'), Some(b'\'' | b'"')) => None,
            _ => Some(()),
        }
    }

    /// A quoted name; a doubled quote ends one and begins the next.
    fn keep_to_quote(&mut self) -> Option<()> {
        let length = self.text[self.at + 1..].find('"')? + 2;
        self.keep(length);
        Some(())
    }

    /// None of the outer kind: the text has no shape; of the inner: it is no constant.
    fn number(&mut self) -> Option<Option<Constant>> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match rest.get(length) {
            // 1.5, 1e5, 0x1f, 1_000
            Some(b'.') => return None,
            Some(next) if is_word(*next) => return None,
            _ => {}
        }
        if length > DIGITS_MAX {
            self.keep(length);
            return Some(None);
        }
        let range = self.at..self.at + length;
        let value = Value::Integer(self.text[range.clone()].parse().ok()?);
        self.shape.push('0');
        self.at = range.end;
        Some(Some(Constant { value, range }))
    }

    fn string(&mut self) -> Option<Constant> {
        let start = self.at;
        let mut value = String::new();
        loop {
            let from = self.at + 1;
            let length = self.text[from..].find('\'')?;
            value.push_str(&self.text[from..from + length]);
            self.at = from + length;
            if self.byte(1) != Some(b'\'') {
                break;
            }
            value.push('\'');
            self.at += 1;
        }
        self.at += 1;
        let is_continued = self.text[self.at..].trim_start().starts_with('\'');
        if value.contains('\\') || is_continued {
            return None;
        }
        self.shape.push_str("''");
        Some(Constant { value: Value::String(value), range: start..self.at })
    }
}

/// What a name or keyword begins with.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<(String, Vec<String>)> {
        let shape = Shape::of(text)?;
        let constants = shape.constants.iter().map(|constant| match &constant.value {
            Value::Integer(number) => {
                let written = &text[constant.range.clone()];
                assert_eq!(written.parse(), Ok(*number));
                number.to_string()
            }
            Value::String(value) => {
                let written = format!("'{}'", value.replace('\'', "''"));
                assert_eq!(&text[constant.range.clone()], written);
                format!("'{value}'")
            }
        });
        Some((shape.text.clone(), constants.collect()))
    }

    #[test]
    fn constants_are_taken_out() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("SELECT 1", "SELECT 0", &["1"]),
            ("a=17 AND b=-3;", "a=0 AND b=-0;", &["17", "3"]),
            ("x1 = 007", "x1 = 0", &["7"]),
            ("\"a 1\"\"2\" = 'it''s'", "\"a 1\"\"2\" = ''", &["'it's'"]),
            ("é = 'é' ; ", "é = '' ; ", &["'é'"]),
            ("a IN (1,2,'')", "a IN (0,0,'')", &["1", "2", "''"]),
            ("a = 1234567890 OR b = 2", "a = 1234567890 OR b = 0", &["2"]),
            ("a[1:2]", "a[0:0]", &["1", "2"]),
            ("'2020-01-01'::date", "''::date", &["'2020-01-01'"]),
        ];
        for (text, expected, constants) in cases {
            let constants = constants.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(shape(text), Some(((*expected).to_owned(), constants)), "{text}");
        }
    }

    #[test]
    fn what_could_mislead_has_no_shape() {
        for text in [
            "SELECT a",
            "SELECT 1; SELECT 2",
            "SELECT 1 -- 2",
            "SELECT /* 1 */ 2",
            "SELECT 1.5",
            "SELECT .5",
            "SELECT 1e5",
            "SELECT 0x1f",
            "SELECT $1 + 1",
            "SELECT $$a$$, 1",
            "SELECT E'a', 1",
            "SELECT b'1', 1",
            "SELECT U&'a', 1",
            "SELECT U&\"a\", 1",
            "SELECT 'a\\b', 1",
            "SELECT 'a'\n'b'",
            "SELECT 'a",
            "SELECT \"a, 1",
        ] {
            assert_eq!(shape(text), None, "{text}");
        }
    }
}
