//! COPY … TO: rows to text, CSV or binary, one message per row.

use bytes::{BufMut, Bytes, BytesMut};

use super::binary::SIGNATURE;
use super::options::{CopyOptions, Header};
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::outcome::CopyFormat;
use crate::sql::types::{self, Datum, SqlType};

/// The columns of COPY TO.
pub struct CopyTo {
    pub options: CopyOptions,
    pub columns: Vec<(String, SqlType)>,
}

/// Encodes rows.
pub struct Encoder {
    copy: CopyTo,
    force_quote: Vec<bool>,
    field: Vec<u8>,
}

impl Encoder {
    pub fn new(copy: CopyTo) -> Encoder {
        let force_quote =
            copy.columns.iter().map(|(name, _)| copy.options.force_quote.contains(name)).collect();
        Encoder { copy, force_quote, field: Vec::new() }
    }

    pub fn column_count(&self) -> usize {
        self.copy.columns.len()
    }

    /// What comes before the first row.
    pub fn start(&mut self) -> Option<Bytes> {
        let mut out = BytesMut::new();
        match (self.copy.options.format, self.copy.options.header) {
            (CopyFormat::Binary, _) => {
                out.put_slice(SIGNATURE);
                out.put_i64(0);
            }
            (_, Header::None) => return None,
            _ => {
                for index in 0..self.copy.columns.len() {
                    self.separate(index, &mut out);
                    let name = self.copy.columns[index].0.clone();
                    match self.copy.options.format {
                        CopyFormat::Csv => self.put_csv(name.as_bytes(), false, &mut out),
                        _ => self.put_text(name.as_bytes(), &mut out),
                    }
                }
                out.put_u8(b'\n');
            }
        }
        Some(out.freeze())
    }

    /// What comes after the last row.
    pub fn end(&self) -> Option<Bytes> {
        (self.copy.options.format == CopyFormat::Binary).then(|| Bytes::from_static(&[0xFF, 0xFF]))
    }

    /// Appends one row.
    pub fn row(&mut self, ctx: &EvalContext, row: &[Datum], out: &mut BytesMut) -> Result<()> {
        if self.copy.options.format == CopyFormat::Binary {
            out.put_i16(row.len() as i16);
            for (datum, (_, ty)) in row.iter().zip(&self.copy.columns) {
                types::send_sized(datum, ty.oid, out);
            }
            return Ok(());
        }
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
