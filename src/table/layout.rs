//! Where each column of a row is: constant offsets, computed once per schema version.
//!
//! ```text
//! ┌────────┬─────────────┬──────────────────┬─────────────┬───────────┐
//! │ header │ null bitmap │ fixed-width area │ end offsets │ var bytes │
//! └────────┴─────────────┴──────────────────┴─────────────┴───────────┘
//!   15 B     1 bit/column  constant offsets   u16 or u32    one after another
//! ```
//!
//! The header is `storage::row`'s. A set bit means NULL; a NULL fixed-width
//! column keeps its (zeroed) place, a NULL variable one is empty, so any column
//! is found in O(1). Dropped columns stay in the layout as NULLs: old rows keep
//! their bytes and offsets never move. A column added later is absent from the
//! layouts of older schema versions; such rows answer its `missing` value.

use crate::catalog::Relation;
use crate::sql::types::Repr;
use crate::storage::row::HEADER_LEN;

/// How a column's values are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    Fixed(usize),
    Variable,
}

/// The stored width of a representation. `decimal` is true for `numeric(p,s)`
/// that is held as a scaled `i128`.
pub fn width(repr: &Repr, decimal: bool) -> Width {
    match repr {
        Repr::Bool | Repr::Char => Width::Fixed(1),
        Repr::Int2 => Width::Fixed(2),
        Repr::Int4 | Repr::Float4 | Repr::Oid | Repr::Date | Repr::Enum(_) => Width::Fixed(4),
        Repr::Int8 | Repr::Float8 | Repr::Time | Repr::Timestamp | Repr::TimestampTz => {
            Width::Fixed(8)
        }
        Repr::MacAddr => Width::Fixed(6),
        Repr::MacAddr8 => Width::Fixed(8),
        Repr::TimeTz => Width::Fixed(12),
        Repr::Interval | Repr::Uuid => Width::Fixed(16),
        Repr::Numeric if decimal => Width::Fixed(16),
        _ => Width::Variable,
    }
}

/// Where one column is within rows of a layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// The row is older than the column.
    Absent,
    Fixed {
        bit: usize,
        offset: usize,
        width: usize,
    },
    Variable {
        bit: usize,
        index: usize,
    },
}

/// The places of all columns in rows written under one schema version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The first schema version with this layout.
    pub since_version: u16,
    /// By position: attribute number `n` is `slots[n - 1]`.
    pub slots: Vec<Slot>,
    pub null_bytes: usize,
    /// Where the end offsets begin.
    pub offsets_start: usize,
    pub variable_count: usize,
}

impl Layout {
    /// The layout of the columns that exist since `version` or earlier.
    pub fn new(version: u16, columns: &[(u16, Width)]) -> Layout {
        let present = columns.iter().filter(|(since, _)| *since <= version).count();
        let null_bytes = present.div_ceil(8);
        let (mut bit, mut offset, mut index) = (0, HEADER_LEN + null_bytes, 0);
        let mut slots = Vec::with_capacity(columns.len());
        for (since, width) in columns {
            if *since > version {
                slots.push(Slot::Absent);
                continue;
            }
            match *width {
                Width::Fixed(width) => {
                    slots.push(Slot::Fixed { bit, offset, width });
                    offset += width;
                }
                Width::Variable => {
                    slots.push(Slot::Variable { bit, index });
                    index += 1;
                }
            }
            bit += 1;
        }
        Layout {
            since_version: version,
            slots,
            null_bytes,
            offsets_start: offset,
            variable_count: index,
        }
    }
}

/// The layouts of every schema version of a relation, oldest first.
pub fn layouts(relation: &Relation, widths: &[Width]) -> Vec<Layout> {
    let columns: Vec<(u16, Width)> = relation
        .columns
        .iter()
        .zip(widths)
        .map(|(column, width)| (column.since_version, *width))
        .collect();
    let mut versions: Vec<u16> = columns.iter().map(|(since, _)| *since).collect();
    versions.push(0);
    versions.sort_unstable();
    versions.dedup();
    versions.into_iter().map(|version| Layout::new(version, &columns)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_column_is_absent_from_older_rows_and_moves_nothing() {
        let columns = [(0, Width::Fixed(4)), (0, Width::Variable), (3, Width::Fixed(8))];
        let old = Layout::new(0, &columns);
        let new = Layout::new(3, &columns);
        assert_eq!(old.slots[2], Slot::Absent);
        assert_eq!(old.slots[0], new.slots[0]);
        assert_eq!(old.slots[1], new.slots[1]);
        assert_eq!(new.slots[2], Slot::Fixed { bit: 2, offset: HEADER_LEN + 1 + 4, width: 8 });
        assert_eq!(new.offsets_start, HEADER_LEN + 1 + 4 + 8);
    }
}
