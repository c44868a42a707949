//! Reading JSON text (RFC 7159 as PostgreSQL reads it), with its error details.
//!
//! One recursive-descent parser serves both types through [`Sink`]: `json` only
//! checks, `jsonb` builds a tree.

use std::borrow::Cow;

use super::{JsonValue, Jsonb};
use crate::error::{Error, Result};
use crate::sql::types::numeric::Numeric;
use crate::sqlstate;

/// Nesting of arrays and objects that is read.
const DEPTH_MAX: usize = 1000;
/// Bytes of the line shown in an error's context.
const CONTEXT_BYTES: usize = 50;

/// Checks that the text is JSON.
pub fn validate(text: &str) -> Result<()> {
    Parser::<Check>::new(text).document()
}

/// Reads text into a document.
pub fn parse(text: &str) -> Result<Jsonb> {
    Ok(Parser::<Tree>::new(text).document()?.to_jsonb())
}

/// Reads text into a tree that keeps members in the text's order.
impl JsonValue {
    pub fn parse(text: &str) -> Result<JsonValue> {
        Parser::<Tree>::new(text).document()
    }
}

/// What becomes of the values read.
trait Sink {
    type Value;
    /// Whether strings are decoded, which also checks surrogates and `\u0000`.
    const DECODE: bool;
    fn literal(value: Option<bool>) -> Self::Value;
    fn number(text: &str) -> Result<Self::Value>;
    fn string(text: Cow<'_, str>) -> Self::Value;
    fn array(elements: Vec<Self::Value>) -> Self::Value;
    fn object(members: Vec<(String, Self::Value)>) -> Self::Value;
}

struct Check;

impl Sink for Check {
    type Value = ();
    const DECODE: bool = false;
    fn literal(_: Option<bool>) {}
    fn number(_: &str) -> Result<()> {
        Ok(())
    }
    fn string(_: Cow<'_, str>) {}
    fn array(_: Vec<()>) {}
    fn object(_: Vec<(String, ())>) {}
}

struct Tree;

impl Sink for Tree {
    type Value = JsonValue;
    const DECODE: bool = true;
    fn literal(value: Option<bool>) -> JsonValue {
        value.map_or(JsonValue::Null, JsonValue::Bool)
    }
    fn number(text: &str) -> Result<JsonValue> {
        Ok(JsonValue::Number(Numeric::parse(text)?))
    }
    fn string(text: Cow<'_, str>) -> JsonValue {
        JsonValue::String(text.into_owned())
    }
    fn array(elements: Vec<JsonValue>) -> JsonValue {
        JsonValue::Array(elements)
    }
    fn object(members: Vec<(String, JsonValue)>) -> JsonValue {
        JsonValue::Object(members)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Token {
    String,
    Number,
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Comma,
    Colon,
    True,
    False,
    Null,
    End,
}

struct Parser<'a, S: Sink> {
    text: &'a str,
    /// The current token and where it lies.
    token: Token,
    start: usize,
    end: usize,
    /// The decoded value of a string token, when the sink wants it.
    string: Cow<'a, str>,
    sink: std::marker::PhantomData<S>,
}

impl<'a, S: Sink> Parser<'a, S> {
    fn new(text: &'a str) -> Parser<'a, S> {
        Parser {
            text,
            token: Token::End,
            start: 0,
            end: 0,
            string: Cow::Borrowed(""),
            sink: std::marker::PhantomData,
        }
    }

    fn document(&mut self) -> Result<S::Value> {
        self.advance()?;
        let value = self.value(0)?;
        if self.token != Token::End {
            return Err(self.expected("Expected end of input"));
        }
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<S::Value> {
        let value = match self.token {
            Token::ObjectStart => return self.object(depth),
            Token::ArrayStart => return self.array(depth),
            Token::String => S::string(std::mem::take(&mut self.string)),
            Token::Number => S::number(&self.text[self.start..self.end])?,
            Token::True => S::literal(Some(true)),
            Token::False => S::literal(Some(false)),
            Token::Null => S::literal(None),
            _ => return Err(self.expected("Expected JSON value")),
        };
        self.advance()?;
        Ok(value)
    }

    fn enter(&mut self, depth: usize) -> Result<()> {
        if depth >= DEPTH_MAX {
            return Err(Error::new(sqlstate::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"));
        }
        self.advance()
    }

    fn array(&mut self, depth: usize) -> Result<S::Value> {
        self.enter(depth)?;
        let mut elements = Vec::new();
        if self.token == Token::ArrayEnd {
            self.advance()?;
            return Ok(S::array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            match self.token {
                Token::Comma => self.advance()?,
                Token::ArrayEnd => break,
                _ => return Err(self.expected("Expected \",\" or \"]\"")),
            }
        }
        self.advance()?;
        Ok(S::array(elements))
    }

    fn object(&mut self, depth: usize) -> Result<S::Value> {
        self.enter(depth)?;
        let mut members = Vec::new();
        if self.token == Token::ObjectEnd {
            self.advance()?;
            return Ok(S::object(members));
        }
        let mut wanted = "Expected string or \"}\"";
        loop {
            if self.token != Token::String {
                return Err(self.expected(wanted));
            }
            let key = std::mem::take(&mut self.string).into_owned();
            self.advance()?;
            if self.token != Token::Colon {
                return Err(self.expected("Expected \":\""));
            }
            self.advance()?;
            members.push((key, self.value(depth + 1)?));
            match self.token {
                Token::Comma => self.advance()?,
                Token::ObjectEnd => break,
                _ => return Err(self.expected("Expected \",\" or \"}\"")),
            }
            wanted = "Expected string";
        }
        self.advance()?;
        Ok(S::object(members))
    }

    fn advance(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let mut at = self.end;
        while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        self.start = at;
        self.end = (at + 1).min(bytes.len());
        self.token = match bytes.get(at) {
            None => Token::End,
            Some(b'{') => Token::ObjectStart,
            Some(b'}') => Token::ObjectEnd,
            Some(b'[') => Token::ArrayStart,
            Some(b']') => Token::ArrayEnd,
            Some(b',') => Token::Comma,
            Some(b':') => Token::Colon,
            Some(b'"') => return self.lex_string(),
            Some(b'-' | b'0'..=b'9') => return self.lex_number(),
            Some(_) => return self.lex_word(),
        };
        Ok(())
    }

    fn lex_word(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
        let length = bytes[self.start..].iter().take_while(|b| word(b)).count();
        // A single odd character is its own token.
        self.end = self.start + length.max(1);
        self.token = match &self.text[self.start..self.end] {
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            _ => return Err(self.invalid_token()),
        };
        Ok(())
    }

    fn lex_number(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while matches!(bytes.get(at), Some(b'0'..=b'9')) {
                at += 1;
            }
            at
        };
        let mut good = true;
        let mut at = self.start + usize::from(bytes[self.start] == b'-');
        match bytes.get(at) {
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => at = digits(at),
            _ => good = false,
        }
        if bytes.get(at) == Some(&b'.') {
            let end = digits(at + 1);
            good &= end > at + 1;
            at = end;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let end = digits(at);
            good &= end > at;
            at = end;
        }
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
        let tail = bytes[at..].iter().take_while(|b| word(b)).count();
        self.end = at + tail;
        self.token = Token::Number;
        if good && tail == 0 { Ok(()) } else { Err(self.invalid_token()) }
    }

    fn lex_string(&mut self) -> Result<()> {
        self.token = Token::String;
        let bytes = self.text.as_bytes();
        let mut at = self.start + 1;
        let mut decoded: Option<String> = None;
        let mut copied = at;
        loop {
            match bytes.get(at) {
                None => {
                    self.end = bytes.len();
                    return Err(self.invalid_token());
                }
                Some(b'"') => break,
                Some(&byte) if byte < 0x20 => {
                    self.end = at;
                    return Err(
                        self.fault(format!("Character with value 0x{byte:02x} must be escaped."))
                    );
                }
                Some(b'\\') => {
                    let buffer = decoded.get_or_insert_default();
                    buffer.push_str(&self.text[copied..at]);
                    at = self.lex_escape(at, buffer)?;
                    copied = at;
                    decoded = Some(std::mem::take(buffer));
                }
                Some(_) => at += 1,
            }
        }
        self.end = at + 1;
        self.string = match decoded {
            Some(mut buffer) => {
                buffer.push_str(&self.text[copied..at]);
                Cow::Owned(buffer)
            }
            None => Cow::Borrowed(&self.text[self.start + 1..at]),
        };
        Ok(())
    }

    /// Decodes the escape at `at`; answers where the text goes on.
    fn lex_escape(&mut self, at: usize, out: &mut String) -> Result<usize> {
        let simple = match self.text.as_bytes().get(at + 1) {
            None => {
                self.end = self.text.len();
                return Err(self.invalid_token());
            }
            Some(b'u') => return self.lex_unicode(at, out),
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(_) => {
                let c = self.text[at + 1..].chars().next().expect("a byte is there");
                self.end = at + 1 + c.len_utf8();
                return Err(self.fault(format!("Escape sequence \"\\{c}\" is invalid.")));
            }
        };
        out.push(simple);
        Ok(at + 2)
    }

    fn lex_unicode(&mut self, at: usize, out: &mut String) -> Result<usize> {
        let high = self.hex4(at)?;
        if !S::DECODE {
            return Ok(at + 6);
        }
        let low_follows = self.text.as_bytes()[at + 6..].starts_with(b"\\u");
        match high {
            0 => Err(Error::new(
                sqlstate::UNTRANSLATABLE_CHARACTER,
                "unsupported Unicode escape sequence",
            )
            .with_detail("\\u0000 cannot be converted to text.")
            .with_context(self.context(at + 6))),
            0xD800..=0xDBFF if low_follows => match self.hex4(at + 6)? {
                low @ 0xDC00..=0xDFFF => {
                    let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    out.push(char::from_u32(code).expect("a surrogate pair is a character"));
                    Ok(at + 12)
                }
                0xD800..=0xDBFF => {
                    self.end = at + 12;
                    Err(self
                        .fault("Unicode high surrogate must not follow a high surrogate.".into()))
                }
                _ => Err(self.lone_surrogate(at + 12)),
            },
            0xD800..=0xDFFF => Err(self.lone_surrogate(at + 6)),
            code => {
                out.push(char::from_u32(code).expect("not a surrogate"));
                Ok(at + 6)
            }
        }
    }

    fn lone_surrogate(&mut self, end: usize) -> Error {
        self.end = end;
        self.fault("Unicode low surrogate must follow a high surrogate.".into())
    }

    /// The four hexadecimal digits of the `\uXXXX` at `at`.
    fn hex4(&mut self, at: usize) -> Result<u32> {
        let digits = self.text.as_bytes().get(at + 2..at + 6);
        let valid = digits.filter(|d| d.iter().all(u8::is_ascii_hexdigit));
        match valid {
            Some(digits) => Ok(digits.iter().fold(0, |code, digit| {
                code << 4 | char::from(*digit).to_digit(16).expect("checked")
            })),
            None => {
                self.end = (at + 2).min(self.text.len());
                Err(self.fault("\"\\u\" must be followed by four hexadecimal digits.".into()))
            }
        }
    }

    fn invalid_token(&self) -> Error {
        let token = self.text.get(self.start..self.end).unwrap_or_default();
        self.fault(format!("Token \"{token}\" is invalid."))
    }

    fn expected(&self, what: &str) -> Error {
        if self.token == Token::End {
            return self.fault("The input string ended unexpectedly.".into());
        }
        self.fault(format!("{what}, but found \"{}\".", &self.text[self.start..self.end]))
    }

    fn fault(&self, detail: String) -> Error {
        Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json")
            .with_detail(detail)
            .with_context(self.context(self.end))
    }

    /// The line that the error is on, up to the error.
    fn context(&self, end: usize) -> String {
        let end = (end..=self.text.len())
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(self.text.len());
        let before = &self.text[..end];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let line = 1 + before.bytes().filter(|b| *b == b'\n').count();
        let mut start = line_start;
        while end - start >= CONTEXT_BYTES {
            start += self.text[start..].chars().next().map_or(1, char::len_utf8);
        }
        if start - line_start <= 3 {
            start = line_start;
        }
        let prefix = if start > line_start { "..." } else { "" };
        let more = !matches!(self.text.as_bytes().get(end), None | Some(b'\n' | b'\r'));
        let suffix = if more && self.token != Token::End { "..." } else { "" };
        format!("JSON data, line {line}: {prefix}{}{suffix}", &self.text[start..end])
    }
}
