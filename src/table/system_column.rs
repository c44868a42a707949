//! The columns that every row has without storing them.

use crate::error::{Error, Result};
use crate::sql::ir::system_column;
use crate::sql::types::{Datum, Oid};

/// What the system columns of one row version answer.
#[derive(Clone, Copy)]
pub struct SystemColumns {
    pub table: Oid,
    pub rid: u64,
    /// The transaction that wrote the version.
    pub xmin: u32,
    /// The transaction that deleted it, in DELETE's RETURNING; else 0.
    pub xmax: u32,
}

impl SystemColumns {
    /// The value of a column by attribute number, system columns included.
    pub fn value(&self, attnum: i16, row: &[Datum]) -> Result<Datum> {
        match attnum {
            1.. => row
                .get(attnum as usize - 1)
                .cloned()
                .ok_or_else(|| Error::internal(format!("no attribute number {attnum}"))),
            system_column::TABLEOID => Ok(Datum::Oid(self.table)),
            system_column::CTID => Ok(Datum::Text(ctid(self.rid))),
            system_column::XMIN => Ok(Datum::Oid(self.xmin)),
            system_column::XMAX => Ok(Datum::Oid(self.xmax)),
            _ => Err(unsupported(attnum)),
        }
    }
}

/// A row's `ctid`: its rid as `(block,offset)` with 65,536 rows to a block.
pub fn ctid(rid: u64) -> String {
    format!("({},{})", rid >> 16, rid & 0xFFFF)
}

/// `cmin` and `cmax`: rows do not keep the command that wrote them.
pub fn unsupported(attnum: i16) -> Error {
    let name = match attnum {
        system_column::CMIN => "cmin",
        system_column::CMAX => "cmax",
        _ => "of this number",
    };
    Error::unsupported(format!("system column {name}"))
}
