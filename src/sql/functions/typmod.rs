//! Type modifiers: the casts of a type to itself that apply one (`varchar(n)`,
//! `numeric(p, s)`, `timestamp(p)` …), and the functions that read and print them.

use crate::catalog;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::{self, ArrayValue, Datum, Oid, SqlType, integer, oid};
use crate::sqlstate;

use super::call::{arg, wrong_type};
use super::{CallContext, Kernel};

/// `(value, typmod [, explicit])`; a cast without the flag counts as explicit.
pub fn apply(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let value = args.first().ok_or_else(wrong_type)?.clone();
    let typmod: i32 = arg(args, 1)?;
    let explicit = if args.len() > 2 { arg(args, 2)? } else { true };
    types::apply_typmod(value, SqlType::with_typmod(call.result.oid, typmod), explicit)
}

/// Reading and printing, for each type that has modifiers.
macro_rules! modifiers {
    ($($read:literal $print:literal $ty:expr, $name:literal;)*) => {
        pub const KERNELS: &[Kernel] = kernels! {
            $(
                call $read => |call, args| read(call, args, $ty);
                call $print => |_, args| print(args, $ty, $name);
            )*
        };
    };
}

modifiers! {
    "bittypmodin" "bittypmodout" oid::BIT, "bit";
    "varbittypmodin" "varbittypmodout" oid::VARBIT, "bit varying";
    "bpchartypmodin" "bpchartypmodout" oid::BPCHAR, "character";
    "varchartypmodin" "varchartypmodout" oid::VARCHAR, "character varying";
    "numerictypmodin" "numerictypmodout" oid::NUMERIC, "numeric";
    "intervaltypmodin" "intervaltypmodout" oid::INTERVAL, "interval";
    "timetypmodin" "timetypmodout" oid::TIME, "time";
    "timetztypmodin" "timetztypmodout" oid::TIMETZ, "time";
    "timestamptypmodin" "timestamptypmodout" oid::TIMESTAMP, "timestamp";
    "timestamptztypmodin" "timestamptztypmodout" oid::TIMESTAMPTZ, "timestamp";
}

/// A modifier from the texts in the parentheses.
fn read(call: &CallContext<'_>, args: &[Datum], ty: Oid) -> Result<Datum> {
    let array: &ArrayValue = arg(args, 0)?;
    if array.element_type != oid::CSTRING {
        return Err(Error::new(
            sqlstate::ARRAY_ELEMENT_ERROR,
            "typmod array must be type cstring[]",
        ));
    }
    if array.dims.len() != 1 {
        return Err(Error::new(
            sqlstate::ARRAY_SUBSCRIPT_ERROR,
            "typmod array must be one-dimensional",
        ));
    }
    if array.elements.iter().any(Datum::is_null) {
        return Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "typmod array must not contain nulls",
        ));
    }
    let number = |element: &Datum| match element {
        Datum::Text(text) => integer::parse_i32(text),
        _ => Err(wrong_type()),
    };
    let numbers = array.elements.iter().map(number).collect::<Result<Vec<_>>>()?;
    let is_named = numbers.first().is_none_or(|fields| is_interval_modifier(*fields << 16));
    if ty == oid::INTERVAL && !is_named {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            "invalid INTERVAL type modifier",
        ));
    }
    let ty = call.eval.catalog.type_(ty).ok_or_else(wrong_type)?;
    catalog::type_modifier(ty, &numbers).map(Datum::Int4)
}

/// What the modifier adds to the type's name.
fn print(args: &[Datum], ty: Oid, name: &str) -> Result<Datum> {
    let typmod: i32 = arg(args, 0)?;
    if ty == oid::INTERVAL && typmod >= 0 && !is_interval_modifier(typmod) {
        return Err(Error::internal(format!("invalid INTERVAL typmod: 0x{typmod:x}")));
    }
    let full = types::format_type(SqlType::with_typmod(ty, typmod)).unwrap_or_default();
    Ok(Datum::Text(full.strip_prefix(name).unwrap_or_default().to_owned()))
}

/// Whether the fields in the modifier are ones that SQL can name.
fn is_interval_modifier(typmod: i32) -> bool {
    use types::datetime::interval_range::{DAY, FULL, HOUR, MINUTE, MONTH, SECOND, YEAR};
    let fields = typmod.cast_unsigned() >> 16 & FULL;
    [
        YEAR,
        MONTH,
        DAY,
        HOUR,
        MINUTE,
        SECOND,
        YEAR | MONTH,
        DAY | HOUR,
        DAY | HOUR | MINUTE,
        DAY | HOUR | MINUTE | SECOND,
        HOUR | MINUTE,
        HOUR | MINUTE | SECOND,
        MINUTE | SECOND,
        FULL,
    ]
    .contains(&fields)
}
