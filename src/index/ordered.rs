//! The ordered access method: keys whose byte order is SQL order.
//!
//! ```text
//! per column: [marker] 01 value, 00 NULL (nulls first), 02 NULL (nulls last)
//!             [payload of types::key, its bits inverted for DESC]
//! (a DESC, b): (7, NULL)  →  01 !key(7)  02
//! ```
//!
//! The payload of a value is self-delimiting, so no column runs into the next.

use super::{IndexInfo, KeyColumn};
use crate::error::{Error, Result};
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{Datum, Repr, key as type_key};
use crate::sqlstate;
use crate::storage::key::{self, IndexBound, KeyRange};

/// The longest key; PostgreSQL's limit for a btree entry.
pub const KEY_BYTES_MAX: usize = 8191;

/// The payload of a key, or of its first columns.
pub fn encode(keys: &[KeyColumn], datums: &[Datum]) -> Vec<u8> {
    let mut out = Vec::with_capacity(datums.len() * 12);
    for (column, datum) in keys.iter().zip(datums) {
        type_key::encode_ordered(datum, &column.repr, column.order(), &mut out);
    }
    out
}

/// The payload of a row's whole key, within the length limit.
pub fn encode_key(index: &IndexInfo, datums: &[Datum]) -> Result<Vec<u8>> {
    let payload = encode(&index.keys, datums);
    if payload.len() > KEY_BYTES_MAX {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!("index row requires {} bytes, maximum size is {KEY_BYTES_MAX}", payload.len()),
        ));
    }
    Ok(payload)
}

/// The marker of a value that is not NULL, whichever side NULLs sort on.
const PRESENT: u8 = 1;

/// One end of a range over the column after the equal prefix.
#[derive(Clone, Debug)]
pub enum End<T = Datum> {
    Open,
    Included(T),
    Excluded(T),
}

impl<T> End<T> {
    fn map<U>(&self, f: impl Fn(&T) -> U) -> End<U> {
        match self {
            End::Open => End::Open,
            End::Included(value) => End::Included(f(value)),
            End::Excluded(value) => End::Excluded(f(value)),
        }
    }
}

/// What a keyed read asks for: equal values of the first columns, then perhaps a
/// range of the next one. NULLs of the ranged column are never in the range.
#[derive(Clone, Debug)]
pub struct KeySearch {
    pub equal: Vec<Datum>,
    pub lower: End,
    pub upper: End,
}

impl KeySearch {
    pub fn equal(equal: Vec<Datum>) -> KeySearch {
        KeySearch { equal, lower: End::Open, upper: End::Open }
    }

    fn is_ranged(&self) -> bool {
        !matches!((&self.lower, &self.upper), (End::Open, End::Open))
    }
}

/// The stored range of a search, in key order.
pub fn range(index: &IndexInfo, search: &KeySearch) -> KeyRange {
    let prefix = encode(&index.keys, &search.equal);
    let storage = index.storage_id();
    if !search.is_ranged() {
        let (lower, upper) = (IndexBound::Before(&prefix), IndexBound::After(&prefix));
        return key::index_range(storage, lower, upper);
    }
    let column = &index.keys[search.equal.len()];
    let (low, high) = if column.descending {
        (&search.upper, &search.lower)
    } else {
        (&search.lower, &search.upper)
    };
    let mut values = prefix.clone();
    values.push(PRESENT);
    let edge = |end: &Datum| {
        let mut payload = prefix.clone();
        type_key::encode_ordered(end, &column.repr, column.order(), &mut payload);
        payload
    };
    let (lower, upper) = (low.map(edge), high.map(edge));
    let lower = match &lower {
        End::Open => IndexBound::Before(&values),
        End::Included(payload) => IndexBound::Before(payload),
        End::Excluded(payload) => IndexBound::After(payload),
    };
    let upper = match &upper {
        End::Open => IndexBound::After(&values),
        End::Included(payload) => IndexBound::After(payload),
        End::Excluded(payload) => IndexBound::Before(payload),
    };
    key::index_range(storage, lower, upper)
}

/// A comparison value in the form of a key column's values, or `None` if it has
/// no exact one there (then the index cannot serve the comparison).
pub fn coerce(datum: &Datum, repr: &Repr) -> Option<Datum> {
    let int = match datum {
        Datum::Int2(v) => Some(i64::from(*v)),
        Datum::Int4(v) => Some(i64::from(*v)),
        Datum::Int8(v) => Some(*v),
        _ => None,
    };
    match (repr, int, datum) {
        (Repr::Int2, Some(v), _) => v.try_into().ok().map(Datum::Int2),
        (Repr::Int4, Some(v), _) => v.try_into().ok().map(Datum::Int4),
        (Repr::Int8, Some(v), _) => Some(Datum::Int8(v)),
        (Repr::Float8, _, Datum::Float4(v)) => Some(Datum::Float8(f64::from(*v))),
        (Repr::Numeric, Some(v), _) => Some(Datum::Numeric(v.into())),
        (Repr::Int2 | Repr::Int4 | Repr::Int8, None, Datum::Numeric(v)) => {
            let int = v.to_i64().ok().filter(|int| Numeric::from(*int) == *v)?;
            coerce(&Datum::Int8(int), repr)
        }
        _ => matches_repr(datum, repr).then(|| datum.clone()),
    }
}

fn matches_repr(datum: &Datum, repr: &Repr) -> bool {
    matches!(
        (datum, repr),
        (Datum::Bool(_), Repr::Bool)
            | (Datum::Float4(_), Repr::Float4)
            | (Datum::Float8(_), Repr::Float8)
            | (Datum::Oid(_), Repr::Oid)
            | (Datum::Char(_), Repr::Char)
            | (Datum::Numeric(_), Repr::Numeric)
            | (
                Datum::Text(_),
                Repr::Text
                    | Repr::Bpchar
                    | Repr::Citext
                    | Repr::Hstore
                    | Repr::Position(_)
                    | Repr::Enum(_)
            )
            | (Datum::Bytea(_), Repr::Bytea)
            | (Datum::Date(_), Repr::Date)
            | (Datum::Time(_), Repr::Time)
            | (Datum::TimeTz(..), Repr::TimeTz)
            | (Datum::Timestamp(_), Repr::Timestamp)
            | (Datum::TimestampTz(_), Repr::TimestampTz)
            | (Datum::Interval(_), Repr::Interval)
            | (Datum::Uuid(_), Repr::Uuid)
            | (Datum::Bit(_), Repr::Bit)
            | (Datum::Inet(_), Repr::Inet)
            | (Datum::MacAddr(_), Repr::MacAddr)
            | (Datum::MacAddr8(_), Repr::MacAddr8)
            | (Datum::Jsonb(_), Repr::Jsonb)
            | (Datum::Vector(_), Repr::Vector(_))
            | (Datum::Array(_), Repr::Array(_))
    )
}
