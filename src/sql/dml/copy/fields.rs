//! Lines and fields of the text and CSV formats, from bytes cut anywhere.
//!
//! [`Lines`] keeps what has arrived and cuts it into lines; [`split`] cuts a line
//! into fields, undoing escapes and quotes. Both formats end a line with `\n`,
//! `\r\n` or `\r`, one of them for the whole data, and may end the data with a
//! line that is `\.` alone.

use super::bad_format;
use super::options::CopyOptions;
use crate::error::{Error, Result};
use crate::sql::outcome::CopyFormat;
use crate::sqlstate;

/// The longest line: PostgreSQL's limit for any string.
const LINE_BYTES_MAX: usize = 1 << 30;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LineEnd {
    Unknown,
    Newline,
    Return,
    ReturnNewline,
}

/// Cuts data into lines.
pub struct Lines {
    buffer: Vec<u8>,
    /// Where the next line starts.
    start: usize,
    /// How far the unfinished line was looked at, and in which state.
    scanned: usize,
    in_quote: bool,
    escaped: bool,
    csv: bool,
    quote: u8,
    escape: u8,
    line_end: LineEnd,
    /// `\.` was met: what follows is not looked at.
    finished: bool,
    /// What is wrong with the data behind the buffer.
    failure: Option<Error>,
}

impl Lines {
    pub fn new(options: &CopyOptions) -> Lines {
        Lines {
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            in_quote: false,
            escaped: false,
            csv: options.format == CopyFormat::Csv,
            quote: options.quote,
            escape: options.escape,
            line_end: LineEnd::Unknown,
            finished: false,
            failure: None,
        }
    }

    /// Adds data. Lines handed out before are forgotten.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        if self.failure.is_some() {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        if self.buffer.len() + bytes.len() > LINE_BYTES_MAX {
            return Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                "COPY line is longer than one gigabyte",
            ));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// What follows cannot be read: the error comes when all lines before it are taken.
    pub fn fail_after(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// The next whole line, without its end. `last`: no more data will come, so what
    /// is left is a line too.
    pub fn next(&mut self, last: bool) -> Result<Option<&[u8]>> {
        if self.finished {
            return Ok(None);
        }
        let Some((end, next)) = self.find_end(last && self.failure.is_none())? else {
            return match self.failure.take() {
                Some(error) => Err(error),
                None => Ok(None),
            };
        };
        let start = std::mem::replace(&mut self.start, next);
        self.scanned = next;
        self.in_quote = false;
        self.escaped = false;
        let line = &self.buffer[start..end];
        if line == b"\\." {
            self.finished = true;
            return Ok(None);
        }
        Ok(Some(line))
    }

    /// Where the line ends and the next one starts.
    fn find_end(&mut self, last: bool) -> Result<Option<(usize, usize)>> {
        while self.scanned < self.buffer.len() {
            let byte = self.buffer[self.scanned];
            match byte {
                b'\n' | b'\r' if !self.is_data() => match self.end_at(self.scanned, last)? {
                    Some(next) => return Ok(Some((self.scanned, next))),
                    None => return Ok(None),
                },
                _ => self.note(byte),
            }
            self.scanned += 1;
        }
        let rest = last && self.start < self.buffer.len();
        Ok(rest.then_some((self.buffer.len(), self.buffer.len())))
    }

    /// Whether a line end here is part of a value.
    fn is_data(&mut self) -> bool {
        if self.csv {
            return self.in_quote;
        }
        // A backslash makes the character after it data.
        std::mem::take(&mut self.escaped)
    }

    fn note(&mut self, byte: u8) {
        if !self.csv {
            self.escaped = byte == b'\\' && !self.escaped;
            return;
        }
        let escape = (self.escape != self.quote).then_some(self.escape);
        if self.in_quote && Some(byte) == escape {
            self.escaped = !self.escaped;
        }
        if byte == self.quote && !self.escaped {
            self.in_quote = !self.in_quote;
        }
        if Some(byte) != escape {
            self.escaped = false;
        }
    }

    /// Takes the line end at `at`; answers where the next line starts, or `None` if
    /// that depends on what comes.
    fn end_at(&mut self, at: usize, last: bool) -> Result<Option<usize>> {
        let found = match (self.buffer[at], self.buffer.get(at + 1)) {
            (b'\n', _) => LineEnd::Newline,
            (_, Some(b'\n')) => LineEnd::ReturnNewline,
            (_, None) if !last && self.line_end != LineEnd::Return => return Ok(None),
            _ => LineEnd::Return,
        };
        if self.line_end == LineEnd::Unknown {
            self.line_end = found;
        }
        if self.line_end != found {
            return Err(self.foreign_line_end(found));
        }
        Ok(Some(at + if found == LineEnd::ReturnNewline { 2 } else { 1 }))
    }

    fn foreign_line_end(&self, found: LineEnd) -> Error {
        let what = if found == LineEnd::Newline { "newline" } else { "carriage return" };
        let escape = if found == LineEnd::Newline { "\\n" } else { "\\r" };
        match self.csv {
            false => bad_format(format!("literal {what} found in data"))
                .with_hint(format!("Use \"{escape}\" to represent {what}.")),
            true => bad_format(format!("unquoted {what} found in data"))
                .with_hint(format!("Use quoted CSV field to represent {what}.")),
        }
    }
}

/// The fields of one line, unescaped, in one buffer.
#[derive(Default)]
pub struct Fields {
    bytes: Vec<u8>,
    /// Where each field is; `None` is NULL.
    ends: Vec<Option<(usize, usize)>>,
}

impl Fields {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field's bytes; `None` is NULL.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.ends[index].map(|(start, end)| &self.bytes[start..end])
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn end(&mut self, start: usize, null: bool) {
        let end = self.bytes.len();
        self.ends.push((!null).then_some((start, end)));
    }
}

/// Cuts a line into fields.
pub fn split(line: &[u8], options: &CopyOptions, fields: &mut Fields) -> Result<()> {
    fields.clear();
    match options.format {
        CopyFormat::Csv => split_csv(line, options, fields),
        _ => {
            split_text(line, options, fields);
            Ok(())
        }
    }
}

fn split_text(line: &[u8], options: &CopyOptions, fields: &mut Fields) {
    let (mut at, null) = (0, options.null.as_bytes());
    loop {
        let (raw_start, start) = (at, fields.bytes.len());
        while at < line.len() && line[at] != options.delimiter {
            match line[at] {
                b'\\' if at + 1 < line.len() => at = unescape(line, at + 1, &mut fields.bytes),
                byte => {
                    fields.bytes.push(byte);
                    at += 1;
                }
            }
        }
        // NULL is recognised before escapes are undone.
        fields.end(start, &line[raw_start..at] == null);
        if at >= line.len() {
            return;
        }
        at += 1;
    }
}

/// Undoes the escape whose second character is at `at`; answers where it ends.
fn unescape(line: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let simple = match line[at] {
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'0'..=b'7' => return digits(line, at, 8, 3, out),
        b'x' if line.get(at + 1).is_some_and(u8::is_ascii_hexdigit) => {
            return digits(line, at + 1, 16, 2, out);
        }
        other => other,
    };
    out.push(simple);
    at + 1
}

fn digits(line: &[u8], at: usize, radix: u32, max: usize, out: &mut Vec<u8>) -> usize {
    let mut value = 0u32;
    let mut end = at;
    while end < line.len().min(at + max)
        && let Some(digit) = char::from(line[end]).to_digit(radix)
    {
        value = value * radix + digit;
        end += 1;
    }
    out.push(value as u8);
    end
}

fn split_csv(line: &[u8], options: &CopyOptions, fields: &mut Fields) -> Result<()> {
    let (mut at, null) = (0, options.null.as_bytes());
    loop {
        let start = fields.bytes.len();
        let mut quoted = false;
        while at < line.len() && line[at] != options.delimiter {
            if line[at] == options.quote {
                quoted = true;
                at = quoted_section(line, at + 1, options, &mut fields.bytes)?;
            } else {
                fields.bytes.push(line[at]);
                at += 1;
            }
        }
        let is_null = !quoted && &fields.bytes[start..] == null;
        fields.end(start, is_null);
        if at >= line.len() {
            return Ok(());
        }
        at += 1;
    }
}

/// Copies a quoted section; answers where it ends, after the closing quote.
fn quoted_section(
    line: &[u8],
    mut at: usize,
    options: &CopyOptions,
    out: &mut Vec<u8>,
) -> Result<usize> {
    while let Some(&byte) = line.get(at) {
        if byte == options.escape
            && let Some(&next) = line.get(at + 1)
            && (next == options.escape || next == options.quote)
        {
            out.push(next);
            at += 2;
        } else if byte == options.quote {
            return Ok(at + 1);
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Err(bad_format("unterminated CSV quoted field"))
}

/// A field as text, or `22021`.
pub fn utf8(bytes: &[u8]) -> Result<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&0) => Ok(text),
        Ok(_) => Err(invalid_bytes(&[0])),
        Err(error) => {
            let rest = &bytes[error.valid_up_to()..];
            let length = expected_length(rest[0]).min(rest.len());
            Err(invalid_bytes(&rest[..length]))
        }
    }
}

/// The length that a character's first byte announces.
fn expected_length(first: u8) -> usize {
    match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    }
}

fn invalid_bytes(bytes: &[u8]) -> Error {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    Error::new(
        sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
        format!("invalid byte sequence for encoding \"UTF8\": {}", bytes.join(" ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::dml::copy::options::{CopyOption, OptionValue};

    fn options(csv: bool) -> CopyOptions {
        let format = CopyOption {
            name: "format".into(),
            value: OptionValue::Text(if csv { "csv" } else { "text" }.into()),
            location: -1,
        };
        CopyOptions::new(true, &[format]).expect("valid options")
    }

    /// Feeds the data in pieces of `step` bytes; the rows as fields.
    fn rows(data: &[u8], csv: bool, step: usize) -> Vec<Vec<Option<String>>> {
        let options = options(csv);
        let (mut lines, mut fields) = (Lines::new(&options), Fields::default());
        let mut rows = Vec::new();
        let mut drain = |lines: &mut Lines, last| {
            while let Some(line) = lines.next(last).expect("well-formed lines") {
                split(line, &options, &mut fields).expect("well-formed fields");
                let text = |i| fields.get(i).map(|b| String::from_utf8_lossy(b).into_owned());
                rows.push((0..fields.len()).map(text).collect());
            }
        };
        for piece in data.chunks(step) {
            lines.feed(piece).expect("short lines");
            drain(&mut lines, false);
        }
        drain(&mut lines, true);
        rows
    }

    fn row(fields: &[Option<&str>]) -> Vec<Option<String>> {
        fields.iter().map(|field| field.map(str::to_owned)).collect()
    }

    #[test]
    fn text_escapes_and_nulls_are_the_same_however_the_data_is_cut() {
        let data = b"1\ta\\tb\\\\\t\\N\n2\t\\x41\\101\\q\t\n3\tx\\\ny\tz";
        let expected = [
            row(&[Some("1"), Some("a\tb\\"), None]),
            row(&[Some("2"), Some("AAq"), Some("")]),
            row(&[Some("3"), Some("x\ny"), Some("z")]),
        ];
        for step in 1..data.len() {
            assert_eq!(rows(data, false, step), expected, "step {step}");
        }
    }

    #[test]
    fn csv_quotes_hide_delimiters_and_line_ends_however_the_data_is_cut() {
        let data = b"1,\"a,\"\"b\"\"\r\nc\",\r\n2,\"\",x\"y\"z\r\n";
        let expected = [
            row(&[Some("1"), Some("a,\"b\"\r\nc"), None]),
            row(&[Some("2"), Some(""), Some("xyz")]),
        ];
        for step in 1..data.len() {
            assert_eq!(rows(data, true, step), expected, "step {step}");
        }
    }

    #[test]
    fn end_marker_ends_the_data() {
        assert_eq!(rows(b"1\n\\.\n2\n", false, 100), [row(&[Some("1")])]);
    }

    #[test]
    fn another_kind_of_line_end_is_an_error() {
        let mut lines = Lines::new(&options(false));
        lines.feed(b"1\r\n2\n").expect("short lines");
        assert!(lines.next(false).expect("first line").is_some());
        let error = lines.next(false).expect_err("a bare newline");
        assert_eq!(error.message(), "literal newline found in data");
    }

    #[test]
    fn invalid_utf8_is_shown_byte_by_byte() {
        let error = utf8(b"a\xe9\x41").expect_err("not UTF-8");
        assert_eq!(error.message(), "invalid byte sequence for encoding \"UTF8\": 0xe9 0x41");
    }
}
