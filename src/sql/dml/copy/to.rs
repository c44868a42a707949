//! COPY … TO: rows to text, CSV or binary, one message per row.
//!
//! The binary format's header has no message of its own: it travels before the
//! first row, or before the trailer when there is none. Clients that take each
//! message for a row depend on it.

use bytes::{BufMut, Bytes, BytesMut};

use super::binary::SIGNATURE;
use super::options::{CopyOptions, Header};
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::outcome::CopyFormat;
use crate::sql::types::encoding::Encoding;
use crate::sql::types::{self, Datum, SqlType};

/// The columns of COPY TO.
pub struct CopyTo {
    pub options: CopyOptions,
    pub columns: Vec<(String, SqlType)>,
}

/// Encodes rows.
pub struct Encoder {
    copy: CopyTo,
    encoding: Encoding,
    force_quote: Vec<bool>,
    field: Vec<u8>,
    /// The binary header is still to be written.
    owes_header: bool,
}

impl Encoder {
    /// `client`: the encoding of data whose encoding is not said.
    pub fn new(copy: CopyTo, client: Encoding) -> Encoder {
        let force_quote =
            copy.columns.iter().map(|(name, _)| copy.options.force_quote.contains(name)).collect();
        let owes_header = copy.options.format == CopyFormat::Binary;
        let encoding = copy.options.encoding.unwrap_or(client);
        Encoder { copy, encoding, force_quote, field: Vec::new(), owes_header }
    }

    pub fn column_count(&self) -> usize {
        self.copy.columns.len()
    }

    /// The line of column names before the first row.
    pub fn header_line(&self) -> Result<Option<Bytes>> {
        let options = &self.copy.options;
        if options.format == CopyFormat::Binary || matches!(options.header, Header::None) {
            return Ok(None);
        }
        let mut out = BytesMut::new();
        for (index, (name, _)) in self.copy.columns.iter().enumerate() {
            self.separate(index, &mut out);
            match options.format {
                CopyFormat::Csv => self.put_csv(name.as_bytes(), false, &mut out),
                _ => self.put_text(name.as_bytes(), &mut out),
            }
        }
        out.put_u8(b'\n');
        self.transcode(0, &mut out)?;
        Ok(Some(out.freeze()))
    }

    /// What comes after the last row.
    pub fn trailer(&mut self) -> Option<Bytes> {
        if self.copy.options.format != CopyFormat::Binary {
            return None;
        }
        let mut out = BytesMut::new();
        self.put_owed_header(&mut out);
        out.put_i16(-1);
        Some(out.freeze())
    }

    fn put_owed_header(&mut self, out: &mut BytesMut) {
        if std::mem::take(&mut self.owes_header) {
            out.put_slice(SIGNATURE);
            // Flags, and the length of the extension.
            out.put_i64(0);
        }
    }

    /// Appends one row.
    pub fn row(&mut self, ctx: &EvalContext, row: &[Datum], out: &mut BytesMut) -> Result<()> {
        if self.copy.options.format == CopyFormat::Binary {
            self.put_owed_header(out);
            out.put_i16(row.len() as i16);
            // As in PostgreSQL, the option is not about the binary format.
            let encoding = ctx.settings.client_encoding;
            for (datum, (_, ty)) in row.iter().zip(&self.copy.columns) {
                let datum = encoding.in_binary(datum, ty.oid, ctx)?;
                types::send_sized(&datum, ty.oid, out);
            }
            return Ok(());
        }
        let start = out.len();
        let output = ctx.output();
        for (index, datum) in row.iter().enumerate() {
            self.separate(index, out);
            if datum.is_null() {
                out.put_slice(self.copy.options.null.as_bytes());
                continue;
            }
            let mut field = std::mem::take(&mut self.field);
            field.clear();
            types::text_output(datum, self.copy.columns[index].1.oid, &output, &mut field);
            match self.copy.options.format {
                CopyFormat::Csv => self.put_csv(&field, self.force_quote[index], out),
                _ => self.put_text(&field, out),
            }
            self.field = field;
        }
        out.put_u8(b'\n');
        self.transcode(start, out)
    }

    /// What was written from `start` on in the encoding of the data. Whatever has been
    /// escaped is ASCII, so that it does not matter that this comes after.
    fn transcode(&self, start: usize, out: &mut BytesMut) -> Result<()> {
        if self.encoding.is_verbatim() || out[start..].is_ascii() {
            return Ok(());
        }
        let encoded = self.encoding.encode(types::text::from_utf8(&out[start..])?)?.into_owned();
        out.truncate(start);
        out.put_slice(&encoded);
        Ok(())
    }

    fn separate(&self, index: usize, out: &mut BytesMut) {
        if index > 0 {
            out.put_u8(self.copy.options.delimiter);
        }
    }

    fn put_text(&self, field: &[u8], out: &mut BytesMut) {
        for &byte in field {
            let escaped = match byte {
                8 => b'b',
                12 => b'f',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                11 => b'v',
                b'\\' => b'\\',
                byte if byte == self.copy.options.delimiter => byte,
                byte => {
                    out.put_u8(byte);
                    continue;
                }
            };
            out.put_slice(&[b'\\', escaped]);
        }
    }

    fn put_csv(&self, field: &[u8], force: bool, out: &mut BytesMut) {
        let options = &self.copy.options;
        let special = |byte: &u8| {
            *byte == options.delimiter || *byte == options.quote || matches!(byte, b'\n' | b'\r')
        };
        // A lone `\.` would end the data; what reads as NULL must not.
        let quoted = force
            || field == options.null.as_bytes()
            || field.iter().any(special)
            || (self.copy.columns.len() == 1 && field == b"\\.");
        if !quoted {
            return out.put_slice(field);
        }
        out.put_u8(options.quote);
        for &byte in field {
            if byte == options.quote || byte == options.escape {
                out.put_u8(options.escape);
            }
            out.put_u8(byte);
        }
        out.put_u8(options.quote);
    }
}
