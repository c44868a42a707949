//! Text to tokens, as PostgreSQL's scanner cuts it: always the longest that fits.

use crate::error::{Error, Result};
use crate::sqlstate;

#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    End,
    /// `.`, `[`, `?` … : a character that stands for itself.
    Special(char),
    And,
    Or,
    Not,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    /// `**`
    Descendants,
    /// A name, which may be a keyword.
    Word(String),
    String(String),
    Variable(String),
    Integer(String),
    Number(String),
}

/// A token, and the text that an error at it shows.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    pub token: Token,
    pub near: &'a str,
}

pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// The error that the scanner and the grammar have in common; an empty `near` is
/// the end.
pub fn error_near(message: &str, near: &str) -> Error {
    let place = match near {
        "" => "at end".to_owned(),
        near => format!("at or near \"{near}\""),
    };
    Error::new(sqlstate::SYNTAX_ERROR, format!("{message} {place} of jsonpath input"))
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath")
        .with_detail(detail)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn is_special(c: char) -> bool {
    "?%$.[]{}()|&!=<>@#,*:-+/".contains(c)
}

/// What names are made of.
fn is_other(c: char) -> bool {
    !is_special(c) && !is_blank(c) && c != '\\' && c != '"'
}

/// The bytes at the front of a text for which a predicate holds.
fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn digits(text: &str) -> usize {
    run(text, |c| c.is_ascii_digit())
}

/// What a number at the front of a text may be; lengths are 0 where it is not.
#[derive(Default)]
struct NumberLengths {
    integer: usize,
    decimal: usize,
    real: usize,
    unfinished_real: usize,
}

impl NumberLengths {
    fn of(text: &str) -> NumberLengths {
        let integer = match text.as_bytes().first() {
            Some(b'0') => 1,
            Some(b'1'..=b'9') => digits(text),
            _ => 0,
        };
        let fraction = match text[integer..].strip_prefix('.') {
            Some(rest) => digits(rest),
            None => 0,
        };
        let has_point = text[integer..].starts_with('.');
        let decimal =
            if has_point && (integer > 0 || fraction > 0) { integer + 1 + fraction } else { 0 };
        let mut found = NumberLengths { integer, decimal, ..NumberLengths::default() };
        for mantissa in [integer, decimal] {
            if mantissa == 0 || !text[mantissa..].starts_with(['e', 'E']) {
                continue;
            }
            let exponent = &text[mantissa + 1..];
            let sign = usize::from(exponent.starts_with(['+', '-']));
            match digits(&exponent[sign..]) {
                0 if sign == 1 => found.unfinished_real = mantissa + 2,
                0 => {}
                count => found.real = mantissa + 1 + sign + count,
            }
        }
        found
    }
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, length: usize) -> &'a str {
        let taken = &self.text[self.at..self.at + length];
        self.at += length;
        taken
    }

    pub fn next(&mut self) -> Result<Found<'a>> {
        loop {
            let blank = run(self.rest(), is_blank);
            self.at += blank;
            if !self.rest().starts_with("/*") {
                break;
            }
            self.comment()?;
        }
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Found { token: Token::End, near: "" });
        };
        if let Some(found) = self.number()? {
            return Ok(found);
        }
        if first == '"' {
            self.at += 1;
            return Ok(Found { token: Token::String(self.quoted()?), near: "\"" });
        }
        if let Some(name) = rest.strip_prefix('$') {
            let length = run(name, is_other);
            if length > 0 {
                let near = self.take(1 + length);
                return Ok(Found { token: Token::Variable(near[1..].to_owned()), near });
            }
            if name.starts_with('"') {
                self.at += 2;
                return Ok(Found { token: Token::Variable(self.quoted()?), near: "\"" });
            }
        }
        if is_special(first) {
            return Ok(self.operator(first));
        }
        self.word()
    }

    fn comment(&mut self) -> Result<()> {
        match self.rest()[2..].find("*/") {
            Some(length) => {
                self.at += length + 4;
                Ok(())
            }
            None => Err(error_near("unexpected end of comment", "")),
        }
    }

    fn operator(&mut self, first: char) -> Found<'a> {
        const OPERATORS: [(&str, Token); 11] = [
            ("&&", Token::And),
            ("||", Token::Or),
            ("**", Token::Descendants),
            ("<=", Token::LessEqual),
            ("<>", Token::NotEqual),
            ("!=", Token::NotEqual),
            ("==", Token::Equal),
            (">=", Token::GreaterEqual),
            ("!", Token::Not),
            ("<", Token::Less),
            (">", Token::Greater),
        ];
        let rest = self.rest();
        let found = OPERATORS.into_iter().find(|(symbol, _)| rest.starts_with(symbol));
        match found {
            Some((symbol, token)) => Found { token, near: self.take(symbol.len()) },
            None => Found { token: Token::Special(first), near: self.take(first.len_utf8()) },
        }
    }

    /// A number, unless what is there is longer as a name.
    fn number(&mut self) -> Result<Option<Found<'a>>> {
        let rest = self.rest();
        let lengths = NumberLengths::of(rest);
        let NumberLengths { integer, decimal, real, unfinished_real } = lengths;
        let longest = integer.max(decimal).max(real).max(unfinished_real);
        if longest == 0 {
            return Ok(None);
        }
        // A number directly before a name's character is refused, if that is the longest.
        let junk = |length: usize| match rest[length..].chars().next() {
            Some(c) if length > 0 && is_other(c) => length + c.len_utf8(),
            _ => 0,
        };
        let junk = junk(integer).max(junk(decimal)).max(junk(real));
        let name = run(rest, is_other);
        if name > longest && name > junk {
            return Ok(None);
        }
        if junk > longest {
            return Err(error_near("trailing junk after numeric literal", &rest[..junk]));
        }
        let near = self.take(longest);
        let token = if longest == real || longest == decimal {
            Token::Number(near.to_owned())
        } else if longest == integer {
            Token::Integer(near.to_owned())
        } else {
            return Err(error_near("invalid numeric literal", near));
        };
        Ok(Some(Found { token, near }))
    }

    /// The rest of a quoted text.
    fn quoted(&mut self) -> Result<String> {
        let mut out = String::new();
        loop {
            let plain = run(self.rest(), |c| c != '"' && c != '\\');
            out.push_str(self.take(plain));
            match self.rest().chars().next() {
                Some('"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(_) => self.escape(&mut out)?,
                None => return Err(error_near("unexpected end of quoted string", "")),
            }
        }
    }

    /// A name; what ends it is what an error at it shows.
    fn word(&mut self) -> Result<Found<'a>> {
        let mut out = String::new();
        loop {
            let plain = run(self.rest(), is_other);
            out.push_str(self.take(plain));
            let rest = self.rest();
            if rest.starts_with('\\') {
                self.escape(&mut out)?;
            } else if rest.starts_with("/*") {
                // As in PostgreSQL, a comment that follows a name at once takes it away.
                self.comment()?;
                return self.next();
            } else {
                let near = self.take(run(rest, is_blank));
                return Ok(Found { token: Token::Word(out), near });
            }
        }
    }

    /// The character behind a backslash, or several that are written as `\u`.
    fn escape(&mut self, out: &mut String) -> Result<()> {
        let rest = self.rest();
        let Some(c) = rest[1..].chars().next() else {
            return Err(error_near("unexpected end after backslash", "\\"));
        };
        let plain = match c {
            'u' => return self.unicode(out),
            'x' => return self.hexadecimal(out),
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            c => c,
        };
        out.push(plain);
        self.at += 1 + c.len_utf8();
        Ok(())
    }

    fn hexadecimal(&mut self, out: &mut String) -> Result<()> {
        let rest = self.rest();
        let count = run(&rest[2..], |c| c.is_ascii_hexdigit()).min(2);
        if count < 2 {
            let near = &rest[..2 + count];
            return Err(error_near("invalid hex character sequence", near));
        }
        let code = u32::from_str_radix(&rest[2..4], 16).unwrap_or(0);
        out.push(character(code)?);
        self.at += 4;
        Ok(())
    }

    /// `\uXXXX` and `\u{X…}`, one after another: surrogates must come in pairs.
    fn unicode(&mut self, out: &mut String) -> Result<()> {
        let start = self.at;
        let mut codes = Vec::new();
        while self.rest().starts_with("\\u") {
            match unicode_sequence(&self.rest()[2..]) {
                Ok((code, length)) => {
                    codes.push(code);
                    self.at += 2 + length;
                }
                Err(length) => {
                    let near = &self.text[start..self.at + 2 + length];
                    return Err(error_near("invalid unicode sequence", near));
                }
            }
        }
        let low = || invalid("Unicode low surrogate must follow a high surrogate.");
        let mut high = None;
        for code in codes {
            let code = match (code, high.take()) {
                (0xD800..=0xDBFF, None) => {
                    high = Some(code);
                    continue;
                }
                (0xD800..=0xDBFF, Some(_)) => {
                    return Err(invalid(
                        "Unicode high surrogate must not follow a high surrogate.",
                    ));
                }
                (0xDC00..=0xDFFF, Some(high)) => {
                    0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
                }
                (0xDC00..=0xDFFF, None) | (_, Some(_)) => return Err(low()),
                (code, None) => code,
            };
            out.push(character(code)?);
        }
        if high.is_some() { Err(low()) } else { Ok(()) }
    }
}

/// The code after `\u` and the bytes it takes; else the bytes that look right.
fn unicode_sequence(text: &str) -> Result<(u32, usize), usize> {
    let hexadecimal = |c: char| c.is_ascii_hexdigit();
    if let Some(inside) = text.strip_prefix('{') {
        let count = run(inside, hexadecimal).min(6);
        let closed = inside[count..].starts_with('}');
        return match u32::from_str_radix(&inside[..count], 16) {
            Ok(code) if closed => Ok((code, count + 2)),
            _ => Err(count + 1),
        };
    }
    let count = run(text, hexadecimal).min(4);
    match u32::from_str_radix(&text[..count], 16) {
        Ok(code) if count == 4 => Ok((code, 4)),
        _ => Err(count),
    }
}

fn character(code: u32) -> Result<char> {
    if code == 0 {
        return Err(Error::new(
            sqlstate::UNTRANSLATABLE_CHARACTER,
            "unsupported Unicode escape sequence",
        )
        .with_detail("\\u0000 cannot be converted to text."));
    }
    char::from_u32(code)
        .ok_or_else(|| Error::new(sqlstate::SYNTAX_ERROR, "invalid Unicode code point"))
}
