//! The binary format: a header, rows of counted fields, a trailer.
//!
//! ```text
//! "PGCOPY\n\xFF\r\n\0" | flags i32 | extension length i32 | extension
//! field count i16 | (length i32, -1 for NULL | bytes)…       per row
//! -1 i16
//! ```

use super::bad_format;
use crate::error::{Error, Result};

pub const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xFF\r\n\0";
/// Rows carry an OID each: no longer supported by PostgreSQL either.
const FLAG_OIDS: u32 = 1 << 16;
/// Flags from here up change the format in ways nobody here knows.
const FLAGS_CRITICAL: u32 = 0xFFFF_0000;
/// The longest field: PostgreSQL's limit for any value.
const FIELD_BYTES_MAX: i32 = 1 << 30;

/// Cuts data into rows.
#[derive(Default)]
pub struct BinaryRows {
    buffer: Vec<u8>,
    start: usize,
    header_read: bool,
    finished: bool,
    /// The field being read.
    field: Option<usize>,
}

/// Where the fields of a row are in the buffer; `None` is NULL.
pub type FieldRanges = Vec<Option<(usize, usize)>>;

impl BinaryRows {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether rows have begun.
    pub fn header_read(&self) -> bool {
        self.header_read
    }

    pub fn bytes(&self, (start, end): (usize, usize)) -> &[u8] {
        &self.buffer[start..end]
    }

    /// The next whole row of `expected` fields; `last` says that no more bytes come. As in
    /// PostgreSQL, data may end between rows without the trailer.
    pub fn next(&mut self, expected: usize, last: bool) -> Result<Option<FieldRanges>> {
        self.field = None;
        let row = self.try_next(expected)?;
        let between_rows = self.header_read && self.buffer.len() - self.start < size_of::<i16>();
        if row.is_none() && last && !self.finished && !between_rows {
            return Err(bad_format("unexpected EOF in COPY data"));
        }
        Ok(row)
    }

    fn try_next(&mut self, expected: usize) -> Result<Option<FieldRanges>> {
        if self.finished || (!self.header_read && !self.read_header()?) {
            return Ok(None);
        }
        let mut at = self.start;
        let Some(count) = self.i16(&mut at) else { return Ok(None) };
        if count == -1 {
            self.finished = true;
            return match at == self.buffer.len() {
                true => Ok(None),
                false => Err(bad_format("received copy data after EOF marker")),
            };
        }
        if count as usize != expected || count < 0 {
            return Err(bad_format(format!("row field count is {count}, expected {expected}")));
        }
        let mut fields = Vec::with_capacity(expected);
        for field in 0..expected {
            self.field = Some(field);
            let Some(length) = self.i32(&mut at) else { return Ok(None) };
            if length == -1 {
                fields.push(None);
                continue;
            }
            if !(0..=FIELD_BYTES_MAX).contains(&length) {
                return Err(bad_format("invalid field size"));
            }
            let end = at + length as usize;
            if end > self.buffer.len() {
                return Ok(None);
            }
            fields.push(Some((at, end)));
            at = end;
        }
        self.field = None;
        self.start = at;
        Ok(Some(fields))
    }

    /// The field that was being read when the last row could not be.
    pub fn field(&self) -> Option<usize> {
        self.field
    }

    fn read_header(&mut self) -> Result<bool> {
        let known = self.buffer.len().min(SIGNATURE.len());
        if self.buffer[..known] != SIGNATURE[..known] {
            return Err(bad_format("COPY file signature not recognized"));
        }
        let mut at = SIGNATURE.len();
        let (Some(flags), Some(extension)) = (self.i32(&mut at), self.i32(&mut at)) else {
            return Ok(false);
        };
        check_flags(flags as u32)?;
        if !(0..=FIELD_BYTES_MAX).contains(&extension) {
            return Err(bad_format("invalid COPY file header (missing length)"));
        }
        let end = at + extension as usize;
        if end > self.buffer.len() {
            return Ok(false);
        }
        self.start = end;
        self.header_read = true;
        Ok(true)
    }

    fn i16(&self, at: &mut usize) -> Option<i16> {
        let bytes = self.buffer.get(*at..*at + 2)?;
        *at += 2;
        Some(i16::from_be_bytes(bytes.try_into().ok()?))
    }

    fn i32(&self, at: &mut usize) -> Option<i32> {
        let bytes = self.buffer.get(*at..*at + 4)?;
        *at += 4;
        Some(i32::from_be_bytes(bytes.try_into().ok()?))
    }
}

fn check_flags(flags: u32) -> Result<(), Error> {
    if flags & FLAG_OIDS != 0 {
        return Err(bad_format("invalid COPY file header (WITH OIDS)"));
    }
    if flags & FLAGS_CRITICAL != 0 {
        return Err(bad_format("unrecognized critical flags in COPY file header"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Vec<u8> {
        let mut data = SIGNATURE.to_vec();
        data.extend_from_slice(&[0; 8]);
        data.extend_from_slice(&[0, 2, 0, 0, 0, 2, b'h', b'i', 0xFF, 0xFF, 0xFF, 0xFF]);
        data.extend_from_slice(&[0xFF, 0xFF]);
        data
    }

    #[test]
    fn rows_are_the_same_however_the_data_is_cut() {
        let data = data();
        for step in 1..data.len() {
            let mut rows = BinaryRows::default();
            let mut found = Vec::new();
            for piece in data.chunks(step) {
                rows.feed(piece);
                while let Some(row) = rows.next(2, false).expect("well-formed") {
                    found.push((rows.bytes(row[0].expect("not NULL")).to_vec(), row[1]));
                }
            }
            assert!(rows.next(2, true).expect("well-formed").is_none());
            assert_eq!(found, [(b"hi".to_vec(), None)], "step {step}");
        }
    }

    #[test]
    fn data_may_end_without_the_trailer() {
        let whole = data();
        let mut rows = BinaryRows::default();
        rows.feed(&whole[..whole.len() - 2]);
        assert!(rows.next(2, false).expect("well-formed").is_some());
        assert!(rows.next(2, true).expect("the end").is_none());
    }

    #[test]
    fn truncated_data_and_wrong_counts_are_errors() {
        let mut rows = BinaryRows::default();
        rows.feed(&data()[..25]);
        assert_eq!(
            rows.next(2, true).expect_err("cut short").message(),
            "unexpected EOF in COPY data"
        );
        let mut rows = BinaryRows::default();
        rows.feed(&data());
        assert_eq!(
            rows.next(3, false).expect_err("two fields").message(),
            "row field count is 2, expected 3"
        );
    }
}
