//! `standard_conforming_strings = off`: backslashes in plain strings are escapes.
//!
//! The grammar reads strings as the standard has them, so the text is written anew before
//! it is parsed: a plain string with a backslash becomes an escape string (`'a\n'` →
//! `E'a\n'`), which means the same whatever the setting. What a view or a default keeps of
//! the text is right later, too. Positions in the new text are told back by
//! [`Rewritten::original`].
//!
//! Here is also what PostgreSQL's scanner says of such strings: warnings
//! (`escape_string_warning`) and the error for `\'` where it is not safe
//! (`backslash_quote`).

use crate::error::{Error, Report, Result, Severity};
use crate::sqlstate;

/// What the settings say of strings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StringRules {
    /// `standard_conforming_strings`.
    pub conforming: bool,
    /// `escape_string_warning`.
    pub warns: bool,
    /// Whether `\'` is allowed: `backslash_quote`, with the client's encoding.
    pub backslash_quote: bool,
}

impl StringRules {
    /// Whether a text may have something to be written anew or to be refused.
    pub fn concern(&self, text: &str) -> bool {
        (!self.conforming || !self.backslash_quote) && text.contains('\\')
            || !self.conforming && text.contains('&')
    }
}

/// A text that the grammar reads as the session means it.
#[derive(Default, Debug)]
pub struct Rewritten {
    pub text: String,
    /// Where bytes were put in, in the new text, ascending.
    inserted: Vec<usize>,
    pub warnings: Vec<Report>,
}

impl Rewritten {
    /// The place in the text as it was written of a place in the new one.
    pub fn original(&self, offset: usize) -> usize {
        offset - self.inserted.partition_point(|at| *at < offset)
    }
}

/// Writes a text anew.
pub fn rewrite(text: &str, rules: StringRules) -> Result<Rewritten> {
    let mut scanner = Scanner { text, at: 0, kept: 0, out: Rewritten::default(), rules };
    scanner.run()?;
    scanner.out.text.push_str(&text[scanner.kept..]);
    Ok(scanner.out)
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// Up to where the text is in the new one already.
    kept: usize,
    out: Rewritten,
    rules: StringRules,
}

/// How a string that begins here is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Plain,
    /// `E`.
    Escape,
    /// `B`, `X`: no escapes, whatever the setting.
    Bits,
    /// `N`.
    National,
    /// `U&`.
    Unicode,
}

impl Scanner<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) -> Result<()> {
        while self.at < self.text.len() {
            match self.byte(0) {
                b'-' if self.byte(1) == b'-' => self.line_comment(),
                b'/' if self.byte(1) == b'*' => self.block_comment(),
                b'"' => self.quoted_name(),
                b'$' => self.dollar_quoted(),
                b'\'' => self.string(Prefix::Plain, self.at)?,
                byte if is_name_start(byte) => self.word()?,
                byte if byte.is_ascii_digit() => self.skip_while(is_name_part),
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    fn skip_while(&mut self, wanted: fn(u8) -> bool) {
        while self.at < self.text.len() && wanted(self.byte(0)) {
            self.at += 1;
        }
    }

    fn line_comment(&mut self) {
        self.skip_while(|byte| byte != b'\n' && byte != b'\r');
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn quoted_name(&mut self) {
        self.at += 1;
        self.skip_while(|byte| byte != b'"');
        self.at += 1;
    }

    fn dollar_quoted(&mut self) {
        let rest = &self.text[self.at + 1..];
        let tag = rest.bytes().take_while(|byte| is_name_part(*byte) && *byte != b'$').count();
        let is_tag = rest.as_bytes().get(tag) == Some(&b'$')
            && !rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
        if !is_tag {
            self.at += 1;
            return;
        }
        let delimiter = &self.text[self.at..self.at + tag + 2];
        let from = self.at + delimiter.len();
        let end = self.text[from..].find(delimiter);
        self.at = end.map_or(self.text.len(), |end| from + end + delimiter.len());
    }

    fn word(&mut self) -> Result<()> {
        let start = self.at;
        self.skip_while(is_name_part);
        let word = &self.text[start..self.at];
        match (word, self.byte(0), self.byte(1), self.byte(2)) {
            ("e" | "E", b'\'', ..) => self.string(Prefix::Escape, start),
            ("b" | "B" | "x" | "X", b'\'', ..) => self.string(Prefix::Bits, start),
            ("n" | "N", b'\'', ..) => self.string(Prefix::National, start),
            ("u" | "U", b'&', b'\'', _) => {
                self.at += 1;
                self.string(Prefix::Unicode, start)
            }
            ("u" | "U", b'&', b'"', _) => {
                self.at += 1;
                self.quoted_name();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A string, from its quote on; `start` is where its token begins.
    fn string(&mut self, prefix: Prefix, start: usize) -> Result<()> {
        let quote = self.at;
        if prefix == Prefix::Unicode && !self.rules.conforming {
            let message = "unsafe use of string constant with Unicode escapes";
            return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
                .with_detail(
                    "String constants with Unicode escapes cannot be used when \
                     standard_conforming_strings is off.",
                )
                .at(i32::try_from(start).unwrap_or(-1)));
        }
        let escapes = match prefix {
            Prefix::Escape => true,
            Prefix::Plain | Prefix::National => !self.rules.conforming,
            Prefix::Bits | Prefix::Unicode => false,
        };
        let mut escaped = None;
        self.at += 1;
        while self.at < self.text.len() {
            match self.byte(0) {
                b'\\' if escapes => {
                    escaped = escaped.or(Some(self.byte(1)));
                    if self.byte(1) == b'\'' && !self.rules.backslash_quote {
                        return Err(unsafe_quote().at(i32::try_from(start).unwrap_or(-1)));
                    }
                    let next = self.text[self.at + 1..].chars().next();
                    self.at += 1 + next.map_or(0, char::len_utf8);
                }
                b'\'' if self.byte(1) == b'\'' => self.at += 2,
                b'\'' => {
                    self.at += 1;
                    if !self.goes_on() {
                        break;
                    }
                }
                _ => self.at += 1,
            }
        }
        match (escaped, prefix) {
            (Some(after), Prefix::Plain) => {
                self.put_prefix(quote);
                self.warn(after, start);
                Ok(())
            }
            (Some(_), Prefix::National) => Err(Error::unsupported(
                "a backslash in N'...' while standard_conforming_strings is off",
            )),
            _ => Ok(()),
        }
    }

    /// Whether the string goes on after blanks with a new line among them.
    fn goes_on(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let blanks = rest.bytes().take_while(|byte| byte.is_ascii_whitespace()).count();
        let has_line = rest[..blanks].contains(['\n', '\r']);
        if has_line && rest[blanks..].starts_with('\'') {
            self.at += blanks + 1;
            return true;
        }
        false
    }

    /// Makes an escape string of the one whose quote is here.
    fn put_prefix(&mut self, quote: usize) {
        self.out.text.push_str(&self.text[self.kept..quote]);
        self.kept = quote;
        // Of `1'a'` the number must not take the letter in.
        if quote > 0 && is_name_part(self.text.as_bytes()[quote - 1]) {
            self.out.inserted.push(self.out.text.len());
            self.out.text.push(' ');
        }
        self.out.inserted.push(self.out.text.len());
        self.out.text.push('E');
    }

    /// What PostgreSQL says of the first escape of a string.
    fn warn(&mut self, escaped: u8, start: usize) {
        if !self.rules.warns {
            return;
        }
        let (what, hint) = match escaped {
            b'\'' => (
                "\\'",
                "Use '' to write quotes in strings, or use the escape string syntax (E'...').",
            ),
            b'\\' => ("\\\\", "Use the escape string syntax for backslashes, e.g., E'\\\\'."),
            _ => ("escape", "Use the escape string syntax for escapes, e.g., E'\\r\\n'."),
        };
        let message = format!("nonstandard use of {what} in a string literal");
        // Where it is in the new text: positions are told back alike.
        let place = start + self.out.inserted.len();
        let report = Report {
            hint: Some(hint.to_owned()),
            offset: Some(place),
            ..Error::notice(Severity::Warning, message)
        };
        let code = sqlstate::NONSTANDARD_USE_OF_ESCAPE_CHARACTER;
        self.out.warnings.push(report.with_code(code));
    }
}

fn unsafe_quote() -> Error {
    let code = sqlstate::NONSTANDARD_USE_OF_ESCAPE_CHARACTER;
    Error::new(code, "unsafe use of \\' in a string literal")
        .with_hint("Use '' to write quotes in strings. \\' is insecure in client-only encodings.")
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_name_part(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: StringRules = StringRules { conforming: false, warns: true, backslash_quote: true };

    #[test]
    fn plain_strings_with_escapes_become_escape_strings() {
        let cases = [
            ("select 'a', 'b\\n'", "select 'a', E'b\\n'"),
            ("select 'it\\'s', ''''", "select E'it\\'s', ''''"),
            ("select E'a\\n', $$b\\n$$, $t$'\\n'$t$", "select E'a\\n', $$b\\n$$, $t$'\\n'$t$"),
            ("-- 'a\\n\nselect \"a\\\", 'x'", "-- 'a\\n\nselect \"a\\\", 'x'"),
            ("/* /* ' */ \\' */ select 'a\\\\'", "/* /* ' */ \\' */ select E'a\\\\'"),
            ("select 'a'\n 'b\\n'", "select E'a'\n 'b\\n'"),
            ("select b'\\', x'\\'", "select b'\\', x'\\'"),
            ("select 1'a\\b'", "select 1 E'a\\b'"),
            ("select 'open\\", "select E'open\\"),
            ("select $1, 'é\\é'", "select $1, E'é\\é'"),
        ];
        for (text, expected) in cases {
            let rewritten = rewrite(text, OFF).expect("is read");
            assert_eq!(rewritten.text, expected);
            for (at, _) in expected.char_indices() {
                assert!(rewritten.original(at) <= text.len());
            }
        }
        let rewritten = rewrite("select 'a\\n', x", OFF).expect("is read");
        assert_eq!(rewritten.original(rewritten.text.find('x').expect("is there")), 14);
        assert_eq!(rewritten.original(7), 7);
        assert!(rewrite("select U&'a'", OFF).is_err());
    }

    #[test]
    fn each_string_is_warned_of_once() {
        let rewritten = rewrite("select 'a\\n\\'', '\\\\', '\\'', 'x'", OFF).expect("is read");
        let said: Vec<&str> = rewritten.warnings.iter().map(|it| it.message.as_str()).collect();
        let expected = [
            "nonstandard use of escape in a string literal",
            "nonstandard use of \\\\ in a string literal",
            "nonstandard use of \\' in a string literal",
        ];
        assert_eq!(said, expected);
        let strict = StringRules { conforming: true, backslash_quote: false, warns: true };
        assert!(rewrite("select E'\\''", strict).is_err());
        assert_eq!(rewrite("select '\\'", strict).expect("is read").text, "select '\\'");
    }
}
