//! The columns that every row has without storing them.

use crate::error::{Error, Result};
use crate::sql::ir::system_column;
use crate::sql::types::{Datum, Oid};

/// The value of a column by attribute number, system columns included. A row's
/// `ctid` is its rid as `(block,offset)` with 65,536 rows to a block.
pub fn value(attnum: i16, table: Oid, rid: u64, row: &[Datum]) -> Result<Datum> {
    match attnum {
        1.. => row
            .get(attnum as usize - 1)
            .cloned()
            .ok_or_else(|| Error::internal(format!("no attribute number {attnum}"))),
        system_column::TABLEOID => Ok(Datum::Oid(table)),
        system_column::CTID => Ok(Datum::Text(format!("({},{})", rid >> 16, rid & 0xFFFF))),
        _ => Err(Error::unsupported("this system column")),
    }
}
