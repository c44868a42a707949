//! The messages of the server, written into one buffer.
//!
//! Everything a connection says is appended here and leaves with the next flush:
//! one write for a whole pipeline of small messages.

use bytes::{BufMut, BytesMut};

use crate::error::{Error, Report, Result, Severity};
use crate::session::Format;
use crate::sql::outcome::ResultColumn;
use crate::sql::types::Oid;
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;

/// Where a message begins, so that its length can be filled in.
#[derive(Clone, Copy)]
pub struct Mark(usize);

/// Output not yet sent.
#[derive(Default)]
pub struct Output {
    pub bytes: BytesMut,
    /// The client is to have it before it says something again: an error or a notice.
    pub is_urgent: bool,
    /// What text is sent in.
    pub encoding: Option<Encoding>,
    /// Text that the encoding cannot say was to be sent.
    unsayable: Option<Error>,
}

/// The transaction status in ReadyForQuery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Idle,
    InBlock,
    Failed,
}

impl Output {
    pub fn begin(&mut self, tag: u8) -> Mark {
        self.bytes.put_u8(tag);
        let mark = Mark(self.bytes.len());
        self.bytes.put_i32(0);
        mark
    }

    pub fn end(&mut self, mark: Mark) {
        let length = (self.bytes.len() - mark.0) as i32;
        self.bytes[mark.0..mark.0 + 4].copy_from_slice(&length.to_be_bytes());
    }

    /// Takes a message back that turned out not to be sent.
    pub fn discard(&mut self, mark: Mark) {
        self.bytes.truncate(mark.0 - 1);
    }

    fn empty(&mut self, tag: u8) {
        self.bytes.extend_from_slice(&[tag, 0, 0, 0, 4]);
    }

    fn cstring(&mut self, text: &str) {
        match self.encoding {
            Some(encoding) if !encoding.is_verbatim() => self.encoded(text, encoding),
            _ => self.bytes.put_slice(text.as_bytes()),
        }
        self.bytes.put_u8(0);
    }

    /// What the encoding cannot say is noted, and becomes a question mark.
    fn encoded(&mut self, text: &str, encoding: Encoding) {
        match encoding.encode(text) {
            Ok(bytes) => self.bytes.put_slice(&bytes),
            Err(error) => {
                self.bytes.put_slice(&encoding.encode_lossy(text));
                self.unsayable.get_or_insert(error);
            }
        }
    }

    pub fn parse_complete(&mut self) {
        self.empty(b'1');
    }

    pub fn bind_complete(&mut self) {
        self.empty(b'2');
    }

    pub fn close_complete(&mut self) {
        self.empty(b'3');
    }

    pub fn no_data(&mut self) {
        self.empty(b'n');
    }

    pub fn portal_suspended(&mut self) {
        self.empty(b's');
    }

    pub fn empty_query(&mut self) {
        self.empty(b'I');
    }

    pub fn copy_done(&mut self) {
        self.empty(b'c');
    }

    pub fn authentication(&mut self, code: i32, data: &[u8]) {
        let mark = self.begin(b'R');
        self.bytes.put_i32(code);
        self.bytes.put_slice(data);
        self.end(mark);
    }

    /// AuthenticationSASL: the mechanisms in order of preference.
    pub fn sasl_mechanisms(&mut self, names: &[&str]) {
        let mark = self.begin(b'R');
        self.bytes.put_i32(10);
        names.iter().for_each(|name| self.cstring(name));
        self.bytes.put_u8(0);
        self.end(mark);
    }

    pub fn negotiate_protocol_version(&mut self, newest_minor: u32, unknown_options: &[String]) {
        let mark = self.begin(b'v');
        self.bytes.put_u32(3 << 16 | newest_minor);
        self.bytes.put_u32(unknown_options.len() as u32);
        unknown_options.iter().for_each(|name| self.cstring(name));
        self.end(mark);
    }

    pub fn parameter_status(&mut self, name: &str, value: &str) {
        let mark = self.begin(b'S');
        self.cstring(name);
        self.cstring(value);
        self.end(mark);
    }

    pub fn backend_key_data(&mut self, pid: i32, secret: &[u8]) {
        let mark = self.begin(b'K');
        self.bytes.put_i32(pid);
        self.bytes.put_slice(secret);
        self.end(mark);
    }

    pub fn ready_for_query(&mut self, status: Status) {
        let status = match status {
            Status::Idle => b'I',
            Status::InBlock => b'T',
            Status::Failed => b'E',
        };
        self.bytes.extend_from_slice(&[b'Z', 0, 0, 0, 5, status]);
    }

    pub fn command_complete(&mut self, tag: &str) {
        let mark = self.begin(b'C');
        self.cstring(tag);
        self.end(mark);
    }

    /// CommandComplete of counted rows: `SELECT 5`.
    pub fn command_complete_counted(&mut self, verb: &str, count: u64) {
        let mark = self.begin(b'C');
        self.bytes.put_slice(verb.as_bytes());
        self.bytes.put_u8(b' ');
        put_decimal(&mut self.bytes, count);
        self.bytes.put_u8(0);
        self.end(mark);
    }

    pub fn parameter_description(&mut self, types: impl ExactSizeIterator<Item = Oid>) {
        let mark = self.begin(b't');
        self.bytes.put_u16(types.len() as u16);
        types.for_each(|oid| self.bytes.put_u32(oid));
        self.end(mark);
    }

    /// `22P05` if the client's encoding cannot say a column's name.
    pub fn row_description(&mut self, columns: &[ResultColumn], formats: &[Format]) -> Result<()> {
        self.unsayable = None;
        let mark = self.begin(b'T');
        self.bytes.put_u16(columns.len() as u16);
        for (index, column) in columns.iter().enumerate() {
            self.cstring(&column.name);
            self.bytes.put_u32(column.origin.0);
            self.bytes.put_i16(column.origin.1);
            self.bytes.put_u32(column.ty.oid);
            self.bytes.put_i16(column.length);
            self.bytes.put_i32(column.ty.typmod);
            self.bytes.put_i16(Format::of(formats, index) as i16);
        }
        self.end(mark);
        match self.unsayable.take() {
            Some(error) => {
                self.discard(mark);
                Err(error)
            }
            None => Ok(()),
        }
    }

    /// CopyInResponse (`G`) or CopyOutResponse (`H`).
    pub fn copy_response(&mut self, tag: u8, binary: bool, columns: usize) {
        let mark = self.begin(tag);
        self.bytes.put_u8(u8::from(binary));
        self.bytes.put_u16(columns as u16);
        (0..columns).for_each(|_| self.bytes.put_i16(i16::from(binary)));
        self.end(mark);
    }

    pub fn copy_data(&mut self, data: &[u8]) {
        let mark = self.begin(b'd');
        self.bytes.put_slice(data);
        self.end(mark);
    }

    pub fn notification(&mut self, pid: i32, channel: &str, payload: &str) {
        let mark = self.begin(b'A');
        self.bytes.put_i32(pid);
        self.cstring(channel);
        self.cstring(payload);
        self.end(mark);
    }

    /// ErrorResponse or NoticeResponse. `query` is the text that `offset` counts
    /// the bytes of; the client gets characters from 1. As PostgreSQL: in place of an
    /// error that the client's encoding cannot say, it is told that. A notice has question
    /// marks then.
    pub fn report(&mut self, report: &Report, query: &str) {
        let start = self.bytes.len();
        self.unsayable = None;
        self.put_report(report, query);
        let is_error = matches!(report.severity, Severity::Error | Severity::Fatal);
        if let Some(error) = self.unsayable.take().filter(|_| is_error) {
            self.bytes.truncate(start);
            let mut instead = error.into_report();
            instead.severity = report.severity;
            self.put_report(&instead, "");
        }
    }

    fn put_report(&mut self, report: &Report, query: &str) {
        self.is_urgent = true;
        let is_error = matches!(report.severity, Severity::Error | Severity::Fatal);
        let mark = self.begin(if is_error { b'E' } else { b'N' });
        let severity = report.severity.as_str();
        self.field(b'S', severity);
        self.field(b'V', severity);
        self.field(b'C', report.code.unwrap_or(sqlstate::INTERNAL_ERROR).as_str());
        self.field(b'M', &report.message);
        let optional = [
            (b'D', &report.detail),
            (b'H', &report.hint),
            (b'q', &report.internal_query),
            (b'W', &report.context),
            (b's', &report.schema),
            (b't', &report.table),
            (b'c', &report.column),
            (b'd', &report.data_type),
            (b'n', &report.constraint),
        ];
        for (tag, value) in optional {
            if let Some(value) = value {
                self.field(tag, value);
            }
        }
        if let Some(position) = report.position(query) {
            let tag = if report.internal_query.is_some() { b'p' } else { b'P' };
            self.field(tag, &position.to_string());
        }
        if let Some(place) = report.place {
            // As PostgreSQL's: the file's name alone. Its function is not known here.
            let file = place.file().rsplit('/').next().unwrap_or_default();
            self.field(b'F', file);
            self.field(b'L', &place.line().to_string());
            let routine = report.routine.or_else(|| file.split('.').next());
            self.field(b'R', routine.unwrap_or_default());
        }
        self.bytes.put_u8(0);
        self.end(mark);
    }

    /// A field's text ends at a zero byte, so none may be inside.
    fn field(&mut self, tag: u8, value: &str) {
        self.bytes.put_u8(tag);
        self.cstring(value.split('\0').next().unwrap_or_default());
    }
}

/// Appends a number without allocating.
pub fn put_decimal(bytes: &mut BytesMut, mut value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    bytes.put_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_response_has_postgresqls_fields_in_order() {
        let mut output = Output::default();
        let error = Error::undefined_column("b").at(7);
        output.report(error.report(), "SELECT b");
        let fields = b"SERROR\0VERROR\0C42703\0Mcolumn \"b\" does not exist\0P8\0Foutput.rs\0L";
        assert_eq!(output.bytes[0], b'E');
        assert!(output.bytes[5..].starts_with(fields));
        assert!(output.bytes.ends_with(b"\0Routput\0\0"));
    }

    #[test]
    fn counts_are_written_as_decimals() {
        let mut output = Output::default();
        output.command_complete_counted("SELECT", 1_234_567_890_123);
        assert_eq!(&output.bytes[..], b"C\0\0\0\x19SELECT 1234567890123\0");
        output.bytes.clear();
        output.command_complete_counted("SELECT", 0);
        assert_eq!(&output.bytes[..], b"C\0\0\0\x0dSELECT 0\0");
    }
}
