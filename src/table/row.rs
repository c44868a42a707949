//! The row codec: datums to bytes and back, any column in O(1).
//!
//! A row is what [`layout`](super::layout) draws. Integers and floats are
//! little-endian. Golden example, `(id int4, name text, ok bool) = (7, 'ab', NULL)`:
//!
//! ```text
//! 00 | 01 00 | 00×8 | 00×4 | 04 | 07 00 00 00 | 00 | 02 00 | 61 62
//! flg  schema  commit  writer null  id          ok   end     name
//! ```
//!
//! End offsets are `u16` unless the variable part passes 64 KiB ([`FLAG_WIDE`]).
//! Values stay inline whatever their size: the storage engine separates large
//! values from keys by itself. A row has at most [`ROW_BYTES_MAX`] bytes.

use super::info::ColumnInfo;
use super::layout::{Layout, Slot};
use super::value;
use crate::error::{Error, Result};
use crate::sql::types::Datum;
use crate::sqlstate;
use crate::storage::row as header;

/// End offsets are `u32`.
pub const FLAG_WIDE: u8 = 1 << header::FLAGS_CODEC_SHIFT;

/// The largest row. PostgreSQL's limit for one value is 1 GiB; a row is kept in
/// memory several times on its way, so ours is for the row, and lower.
pub const ROW_BYTES_MAX: usize = 256 << 20;

/// Encodes a row under the newest layout. `datums` are by position and already
/// of the columns' types; dropped columns are NULL.
pub fn encode(
    layout: &Layout,
    schema_version: u16,
    columns: &[ColumnInfo],
    datums: &[Datum],
) -> Result<Vec<u8>> {
    debug_assert_eq!(datums.len(), columns.len());
    let mut row = Vec::with_capacity(layout.offsets_start + layout.variable_count * 18);
    row.extend_from_slice(&header::header(schema_version));
    row.resize(layout.offsets_start, 0);
    let mut variable = Vec::new();
    let mut ends = Vec::with_capacity(layout.variable_count);
    for ((slot, column), datum) in layout.slots.iter().zip(columns).zip(datums) {
        encode_column(&mut row, &mut variable, &mut ends, *slot, column, datum)?;
    }
    append_variable(&mut row, &variable, &ends);
    if row.len() > ROW_BYTES_MAX {
        return Err(row_too_big(row.len()));
    }
    Ok(row)
}

fn encode_column(
    row: &mut [u8],
    variable: &mut Vec<u8>,
    ends: &mut Vec<usize>,
    slot: Slot,
    column: &ColumnInfo,
    datum: &Datum,
) -> Result<()> {
    let null = datum.is_null() || column.dropped;
    match slot {
        Slot::Absent => {}
        Slot::Fixed { bit, .. } if null => set_null(row, bit),
        Slot::Fixed { offset, width, .. } => {
            value::write_fixed(column, datum, &mut row[offset..offset + width])?;
        }
        Slot::Variable { bit, .. } => {
            if null {
                set_null(row, bit);
            } else {
                value::write_variable(column, datum, variable)?;
            }
            ends.push(variable.len());
        }
    }
    Ok(())
}

fn set_null(row: &mut [u8], bit: usize) {
    row[header::HEADER_LEN + bit / 8] |= 1 << (bit % 8);
}

fn append_variable(row: &mut Vec<u8>, variable: &[u8], ends: &[usize]) {
    if variable.len() > usize::from(u16::MAX) {
        row[header::FLAGS_OFFSET] |= FLAG_WIDE;
        ends.iter().for_each(|end| row.extend_from_slice(&(*end as u32).to_le_bytes()));
    } else {
        ends.iter().for_each(|end| row.extend_from_slice(&(*end as u16).to_le_bytes()));
    }
    row.extend_from_slice(variable);
}

fn row_too_big(bytes: usize) -> Error {
    Error::new(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        format!("row is too big: size {bytes}, maximum size {ROW_BYTES_MAX}"),
    )
}

/// One stored row, read in place.
#[derive(Clone, Copy)]
pub struct RowView<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
    wide: bool,
}

impl<'a> RowView<'a> {
    /// The whole row, header included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Checks that the bytes are as long as the layout and the offsets say.
    pub fn new(bytes: &'a [u8], layout: &'a Layout) -> Result<RowView<'a>> {
        let wide = header::flags(bytes) & FLAG_WIDE != 0;
        let view = RowView { bytes, layout, wide };
        let complete = bytes.len() >= view.variable_start()
            && view.variable_start() + view.end(layout.variable_count) == bytes.len();
        complete.then_some(view).ok_or_else(|| {
            Error::data_corrupted(format!("row of {} bytes does not fit its layout", bytes.len()))
        })
    }

    fn variable_start(&self) -> usize {
        let width = if self.wide { 4 } else { 2 };
        self.layout.offsets_start + self.layout.variable_count * width
    }

    /// Where the `count`-th variable column ends, counted from 1; 0 for 0.
    fn end(&self, count: usize) -> usize {
        if count == 0 {
            return 0;
        }
        let start = self.layout.offsets_start;
        if self.wide {
            let at = start + (count - 1) * 4;
            let bytes = self.bytes[at..at + 4].try_into().expect("four bytes");
            u32::from_le_bytes(bytes) as usize
        } else {
            let at = start + (count - 1) * 2;
            usize::from(u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]))
        }
    }

    fn is_null(&self, bit: usize) -> bool {
        self.bytes[header::HEADER_LEN + bit / 8] & (1 << (bit % 8)) != 0
    }

    /// The stored bytes of a column; `None` is NULL. The column must be present.
    #[inline]
    pub fn bytes_of(&self, slot: Slot) -> Option<&'a [u8]> {
        match slot {
            Slot::Absent => None,
            Slot::Fixed { bit, offset, width } => {
                (!self.is_null(bit)).then(|| &self.bytes[offset..offset + width])
            }
            Slot::Variable { bit, index } => (!self.is_null(bit)).then(|| {
                let start = self.variable_start();
                &self.bytes[start + self.end(index)..start + self.end(index + 1)]
            }),
        }
    }

    /// The stored bytes of the column at `position` (attribute number - 1), or NULL; none
    /// where the row is older than the column.
    pub fn stored(&self, position: usize) -> Option<Option<&'a [u8]>> {
        match self.layout.slots[position] {
            Slot::Absent => None,
            slot => Some(self.bytes_of(slot)),
        }
    }

    /// The value of the column at `position` (attribute number - 1).
    pub fn datum(&self, columns: &[ColumnInfo], position: usize) -> Result<Datum> {
        let column = &columns[position];
        match self.layout.slots[position] {
            _ if column.dropped => Ok(Datum::Null),
            Slot::Absent => Ok(column.missing.clone()),
            slot => match self.bytes_of(slot) {
                None => Ok(Datum::Null),
                Some(bytes) => value::read(column, bytes),
            },
        }
    }
}
