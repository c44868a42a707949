//! Object identifiers, transaction identifiers, row identifiers, log positions
//! and UUIDs: comparison and conversions.

use std::cmp::Ordering;

use crate::error::Result;
use crate::kernels;
use crate::sql::types::position::{Lsn, RowId};
use crate::sql::types::{ArrayValue, Datum, Oid, uuid};

use super::Kernel;
use super::call::Uuid;

pub const KERNELS: &[&[Kernel]] = &[OID, OIDVECTOR, XID, XID8, TID, PG_LSN, UUID];

const OID: &[Kernel] = kernels! {
    columns2 "oideq" => |a: Oid, b: Oid| Ok(a == b);
    columns2 "oidne" => |a: Oid, b: Oid| Ok(a != b);
    columns2 "oidlt" => |a: Oid, b: Oid| Ok(a < b);
    columns2 "oidle" => |a: Oid, b: Oid| Ok(a <= b);
    columns2 "oidgt" => |a: Oid, b: Oid| Ok(a > b);
    columns2 "oidge" => |a: Oid, b: Oid| Ok(a >= b);
    columns2 "btoidcmp" => |a: Oid, b: Oid| Ok(a.cmp(&b) as i32);
    columns2 "oidlarger" => |a: Oid, b: Oid| Ok(a.max(b));
    columns2 "oidsmaller" => |a: Oid, b: Oid| Ok(a.min(b));
};

/// The order of two oidvectors: shorter first, then element by element.
fn order(a: &ArrayValue, b: &ArrayValue) -> std::cmp::Ordering {
    let oids = |array: &ArrayValue| -> Vec<Oid> {
        array.elements.iter().map(|e| if let Datum::Oid(oid) = e { *oid } else { 0 }).collect()
    };
    a.elements.len().cmp(&b.elements.len()).then_with(|| oids(a).cmp(&oids(b)))
}

const OIDVECTOR: &[Kernel] = kernels! {
    rows2 "oidvectoreq" => |a: &ArrayValue, b: &ArrayValue| Ok(order(a, b).is_eq());
    rows2 "oidvectorne" => |a: &ArrayValue, b: &ArrayValue| Ok(order(a, b).is_ne());
    rows2 "oidvectorlt" => |a: &ArrayValue, b: &ArrayValue| Ok(order(a, b).is_lt());
    rows2 "oidvectorle" => |a: &ArrayValue, b: &ArrayValue| Ok(order(a, b).is_le());
    rows2 "oidvectorgt" => |a: &ArrayValue, b: &ArrayValue| Ok(order(a, b).is_gt());
    rows2 "oidvectorge" => |a: &ArrayValue, b: &ArrayValue| Ok(order(a, b).is_ge());
    rows2 "btoidvectorcmp" => |a: &ArrayValue, b: &ArrayValue| Ok(order(a, b) as i32);
};

const XID: &[Kernel] = kernels! {
    rows2 "xideq" => |a: Oid, b: &Datum| same_xid(a, b);
    rows2 "xidneq" => |a: Oid, b: &Datum| same_xid(a, b).map(|same| !same);
    columns2 "cideq" => |a: Oid, b: Oid| Ok(a == b);
    columns1 "xid8toxid" => |a: i64| Ok(a as u64 as Oid);
    call "xid_age" => |call, args| {
        let xid: Oid = super::call::arg(args, 0)?;
        Ok(Datum::Int4((call.eval.session.transaction_id() as u32).wrapping_sub(xid) as i32))
    };
};

/// `xid = xid` and `xid = integer` share one kernel.
fn same_xid(a: Oid, b: &Datum) -> Result<bool> {
    match b {
        Datum::Oid(b) => Ok(a == *b),
        Datum::Int4(b) => Ok(a == *b as u32),
        _ => Err(super::call::wrong_type()),
    }
}

/// The comparisons of a type that stands for an unsigned 64-bit number.
macro_rules! unsigned {
    ($($group:ident: $ty:ty, $number:expr => $eq:literal $ne:literal $lt:literal $le:literal $gt:literal
        $ge:literal $cmp:literal $larger:literal $smaller:literal;)*) => {$(
        const $group: &[Kernel] = kernels! {
            columns2 $eq => |a: $ty, b: $ty| Ok($number(a)? == $number(b)?);
            columns2 $ne => |a: $ty, b: $ty| Ok($number(a)? != $number(b)?);
            columns2 $lt => |a: $ty, b: $ty| Ok($number(a)? < $number(b)?);
            columns2 $le => |a: $ty, b: $ty| Ok($number(a)? <= $number(b)?);
            columns2 $gt => |a: $ty, b: $ty| Ok($number(a)? > $number(b)?);
            columns2 $ge => |a: $ty, b: $ty| Ok($number(a)? >= $number(b)?);
            columns2 $cmp => |a: $ty, b: $ty| Ok($number(a)?.cmp(&$number(b)?) as i32);
            rows2 $larger => |a: &Datum, b: &Datum| better::<$ty>(a, b, $number, Ordering::Greater);
            rows2 $smaller => |a: &Datum, b: &Datum| better::<$ty>(a, b, $number, Ordering::Less);
        };
    )*};
}

unsigned! {
    XID8: i64, number => "xid8eq" "xid8ne" "xid8lt" "xid8le" "xid8gt" "xid8ge" "xid8cmp"
        "xid8_larger" "xid8_smaller";
    PG_LSN: &str, lsn => "pg_lsn_eq" "pg_lsn_ne" "pg_lsn_lt" "pg_lsn_le" "pg_lsn_gt" "pg_lsn_ge"
        "pg_lsn_cmp" "pg_lsn_larger" "pg_lsn_smaller";
}

/// `xid8` is kept in the bits of a signed number.
fn number(xid: i64) -> Result<u64> {
    Ok(xid as u64)
}

/// A log position from its text.
pub fn lsn(text: &str) -> Result<u64> {
    Lsn::parse(text).map(|lsn| lsn.0)
}

/// The larger or smaller of two values; the second of equal ones.
fn better<'a, A: super::call::Arg<'a>>(
    a: &'a Datum,
    b: &'a Datum,
    number: fn(A) -> Result<u64>,
    wanted: Ordering,
) -> Result<Datum> {
    let read = |datum| A::from_datum(datum).ok_or_else(super::call::wrong_type).and_then(number);
    Ok(if read(a)?.cmp(&read(b)?) == wanted { a } else { b }.clone())
}

fn tid(text: &str) -> Result<RowId> {
    RowId::parse(text)
}

const TID: &[Kernel] = kernels! {
    rows2 "tideq" => |a: &str, b: &str| Ok(tid(a)? == tid(b)?);
    rows2 "tidne" => |a: &str, b: &str| Ok(tid(a)? != tid(b)?);
    rows2 "tidlt" => |a: &str, b: &str| Ok(tid(a)? < tid(b)?);
    rows2 "tidle" => |a: &str, b: &str| Ok(tid(a)? <= tid(b)?);
    rows2 "tidgt" => |a: &str, b: &str| Ok(tid(a)? > tid(b)?);
    rows2 "tidge" => |a: &str, b: &str| Ok(tid(a)? >= tid(b)?);
    rows2 "tidlarger" => |a: &str, b: &str| Ok(if tid(a)? > tid(b)? { a } else { b }.to_owned());
    rows2 "tidsmaller" => |a: &str, b: &str| Ok(if tid(a)? < tid(b)? { a } else { b }.to_owned());
};

const UUID: &[Kernel] = kernels! {
    columns2 "uuid_eq" => |a: Uuid, b: Uuid| Ok(a == b);
    columns2 "uuid_ne" => |a: Uuid, b: Uuid| Ok(a != b);
    columns2 "uuid_lt" => |a: Uuid, b: Uuid| Ok(a < b);
    columns2 "uuid_le" => |a: Uuid, b: Uuid| Ok(a <= b);
    columns2 "uuid_gt" => |a: Uuid, b: Uuid| Ok(a > b);
    columns2 "uuid_ge" => |a: Uuid, b: Uuid| Ok(a >= b);
    columns2 "uuid_cmp" => |a: Uuid, b: Uuid| Ok(a.cmp(&b) as i32);
    call "gen_random_uuid" => |_, _| Ok(Datum::Uuid(uuid::random()));
};
