//! Integer arithmetic, comparison, bits and conversions.
//!
//! Every operation that leaves its type's range is an error (`22003`), as in
//! PostgreSQL; mixed widths compute in the wider one.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sqlstate;

use super::Kernel;

pub const KERNELS: &[&[Kernel]] = &[
    INT2_ARITHMETIC,
    INT4_ARITHMETIC,
    INT8_ARITHMETIC,
    INT24_ARITHMETIC,
    INT42_ARITHMETIC,
    INT28_ARITHMETIC,
    INT82_ARITHMETIC,
    INT48_ARITHMETIC,
    INT84_ARITHMETIC,
    INT2_COMPARISON,
    INT4_COMPARISON,
    INT8_COMPARISON,
    INT24_COMPARISON,
    INT42_COMPARISON,
    INT28_COMPARISON,
    INT82_COMPARISON,
    INT48_COMPARISON,
    INT84_COMPARISON,
    INT2_UNARY,
    INT4_UNARY,
    INT8_UNARY,
    CONVERSIONS,
    MATHEMATICS,
];

/// What checked arithmetic needs to know of an integer type.
trait Integer: Copy {
    const NAME: &'static str;
}

impl Integer for i16 {
    const NAME: &'static str = "smallint";
}

impl Integer for i32 {
    const NAME: &'static str = "integer";
}

impl Integer for i64 {
    const NAME: &'static str = "bigint";
}

fn checked<T: Integer>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::out_of_range(T::NAME))
}

/// `+ - * /` of two integer types, in the wider one.
macro_rules! arithmetic {
    ($($group:ident, $prefix:literal, $left:ty, $right:ty, $wide:ty;)*) => {$(
        const $group: &[Kernel] = kernels! {
            columns2 concat!($prefix, "pl") =>
                |a: $left, b: $right| checked(<$wide>::from(a).checked_add(<$wide>::from(b)));
            columns2 concat!($prefix, "mi") =>
                |a: $left, b: $right| checked(<$wide>::from(a).checked_sub(<$wide>::from(b)));
            columns2 concat!($prefix, "mul") =>
                |a: $left, b: $right| checked(<$wide>::from(a).checked_mul(<$wide>::from(b)));
            columns2 concat!($prefix, "div") => |a: $left, b: $right| {
                if b == 0 {
                    return Err(Error::division_by_zero());
                }
                checked(<$wide>::from(a).checked_div(<$wide>::from(b)))
            };
        };
    )*};
}

arithmetic! {
    INT2_ARITHMETIC, "int2", i16, i16, i16;
    INT4_ARITHMETIC, "int4", i32, i32, i32;
    INT8_ARITHMETIC, "int8", i64, i64, i64;
    INT24_ARITHMETIC, "int24", i16, i32, i32;
    INT42_ARITHMETIC, "int42", i32, i16, i32;
    INT28_ARITHMETIC, "int28", i16, i64, i64;
    INT82_ARITHMETIC, "int82", i64, i16, i64;
    INT48_ARITHMETIC, "int48", i32, i64, i64;
    INT84_ARITHMETIC, "int84", i64, i32, i64;
}

/// The six comparisons and the btree order of two integer types.
macro_rules! comparison {
    ($($group:ident, $prefix:literal, $left:ty, $right:ty;)*) => {$(
        const $group: &[Kernel] = kernels! {
            columns2 concat!($prefix, "eq") => |a: $left, b: $right| Ok(i64::from(a) == i64::from(b));
            columns2 concat!($prefix, "ne") => |a: $left, b: $right| Ok(i64::from(a) != i64::from(b));
            columns2 concat!($prefix, "lt") => |a: $left, b: $right| Ok(i64::from(a) < i64::from(b));
            columns2 concat!($prefix, "le") => |a: $left, b: $right| Ok(i64::from(a) <= i64::from(b));
            columns2 concat!($prefix, "gt") => |a: $left, b: $right| Ok(i64::from(a) > i64::from(b));
            columns2 concat!($prefix, "ge") => |a: $left, b: $right| Ok(i64::from(a) >= i64::from(b));
            columns2 concat!("bt", $prefix, "cmp") =>
                |a: $left, b: $right| Ok(i64::from(a).cmp(&i64::from(b)) as i32);
        };
    )*};
}

comparison! {
    INT2_COMPARISON, "int2", i16, i16;
    INT4_COMPARISON, "int4", i32, i32;
    INT8_COMPARISON, "int8", i64, i64;
    INT24_COMPARISON, "int24", i16, i32;
    INT42_COMPARISON, "int42", i32, i16;
    INT28_COMPARISON, "int28", i16, i64;
    INT82_COMPARISON, "int82", i64, i16;
    INT48_COMPARISON, "int48", i32, i64;
    INT84_COMPARISON, "int84", i64, i32;
}

/// Sign, remainder, bits, larger and smaller of one integer type. Shifts take
/// their count modulo the width, as the processors under PostgreSQL do.
macro_rules! unary {
    ($($group:ident, $prefix:literal, $ty:ty, $shift:ty;)*) => {$(
        const $group: &[Kernel] = kernels! {
            columns1 concat!($prefix, "um") => |a: $ty| checked(a.checked_neg());
            columns1 concat!($prefix, "up") => |a: $ty| Ok(a);
            columns1 concat!($prefix, "abs") => |a: $ty| checked(a.checked_abs());
            columns1 concat!($prefix, "not") => |a: $ty| Ok(!a);
            columns2 concat!($prefix, "mod") => |a: $ty, b: $ty| {
                if b == 0 {
                    return Err(Error::division_by_zero());
                }
                Ok(a.wrapping_rem(b))
            };
            columns2 concat!($prefix, "and") => |a: $ty, b: $ty| Ok(a & b);
            columns2 concat!($prefix, "or") => |a: $ty, b: $ty| Ok(a | b);
            columns2 concat!($prefix, "xor") => |a: $ty, b: $ty| Ok(a ^ b);
            columns2 concat!($prefix, "shl") =>
                |a: $ty, n: i32| Ok(<$shift>::from(a).wrapping_shl(n as u32) as $ty);
            columns2 concat!($prefix, "shr") =>
                |a: $ty, n: i32| Ok(<$shift>::from(a).wrapping_shr(n as u32) as $ty);
            columns2 concat!($prefix, "larger") => |a: $ty, b: $ty| Ok(a.max(b));
            columns2 concat!($prefix, "smaller") => |a: $ty, b: $ty| Ok(a.min(b));
        };
    )*};
}

unary! {
    INT2_UNARY, "int2", i16, i32;
    INT4_UNARY, "int4", i32, i32;
    INT8_UNARY, "int8", i64, i64;
}

fn char_out_of_range() -> Error {
    Error::out_of_range("\"char\"")
}

const CONVERSIONS: &[Kernel] = kernels! {
    columns1 "i2toi4" => |a: i16| Ok(i32::from(a));
    columns1 "int28" => |a: i16| Ok(i64::from(a));
    columns1 "int48" => |a: i32| Ok(i64::from(a));
    columns1 "i4toi2" => |a: i32| checked(i16::try_from(a).ok());
    columns1 "int82" => |a: i64| checked(i16::try_from(a).ok());
    columns1 "int84" => |a: i64| checked(i32::try_from(a).ok());
    columns1 "i2tof" => |a: i16| Ok(f32::from(a));
    columns1 "i2tod" => |a: i16| Ok(f64::from(a));
    columns1 "i4tof" => |a: i32| Ok(a as f32);
    columns1 "i4tod" => |a: i32| Ok(f64::from(a));
    columns1 "i8tof" => |a: i64| Ok(a as f32);
    columns1 "i8tod" => |a: i64| Ok(a as f64);
    columns1 "i8tooid" => |a: i64| u32::try_from(a).map_err(|_| Error::out_of_range("OID"));
    columns1 "oidtoi8" => |a: u32| Ok(i64::from(a));
    columns1 "int4_bool" => |a: i32| Ok(a != 0);
    columns1 "bool_int4" => |a: bool| Ok(i32::from(a));
    columns1 "i4tochar" => |a: i32| i8::try_from(a).map(|c| c as u8).map_err(|_| char_out_of_range());
    columns1 "chartoi4" => |a: u8| Ok(i32::from(a as i8));
    columns1 "to_hex32" => |a: i32| Ok(format!("{a:x}"));
    columns1 "to_hex64" => |a: i64| Ok(format!("{a:x}"));
    columns1 "chr" => chr;
};

const MATHEMATICS: &[Kernel] = kernels! {
    columns2 "int4gcd" => |a: i32, b: i32| checked(i32::try_from(gcd(a.into(), b.into())).ok());
    columns2 "int8gcd" => |a: i64, b: i64| checked(i64::try_from(gcd(a, b)).ok());
    columns2 "int4lcm" => |a: i32, b: i32| checked(lcm(a.into(), b.into()).and_then(|v| i32::try_from(v).ok()));
    columns2 "int8lcm" => |a: i64, b: i64| checked(lcm(a, b).and_then(|v| i64::try_from(v).ok()));
};

fn gcd(a: i64, b: i64) -> u64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn lcm(a: i64, b: i64) -> Option<u64> {
    if a == 0 || b == 0 {
        return Some(0);
    }
    (a.unsigned_abs() / gcd(a, b)).checked_mul(b.unsigned_abs())
}

fn chr(code: i32) -> Result<String> {
    if code < 0 {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            "character number must be positive",
        ));
    }
    let too_large = |what: String| Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, what);
    match code {
        0 => Err(too_large("null character not permitted".into())),
        0x11_0000.. => {
            Err(too_large(format!("requested character too large for encoding: {code}")))
        }
        _ => char::from_u32(code as u32).map(String::from).ok_or_else(|| {
            too_large(format!("requested character not valid for encoding: {code}"))
        }),
    }
}
