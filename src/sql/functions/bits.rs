//! `bit` and `varbit`: comparison, logic, shifts, slices, single bits, integers.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::Bits;
use crate::sql::types::bits::{BITS_MAX, check_made};
use crate::sqlstate;

use super::{Kernel, typmod};

pub const KERNELS: &[&[Kernel]] = &[COMPARISON, LOGIC, SLICES, SINGLE, CASTS];

const COMPARISON: &[Kernel] = kernels! {
    rows2 "biteq" => |a: &Bits, b: &Bits| Ok(a == b);
    rows2 "bitne" => |a: &Bits, b: &Bits| Ok(a != b);
    rows2 "bitlt" => |a: &Bits, b: &Bits| Ok(a < b);
    rows2 "bitle" => |a: &Bits, b: &Bits| Ok(a <= b);
    rows2 "bitgt" => |a: &Bits, b: &Bits| Ok(a > b);
    rows2 "bitge" => |a: &Bits, b: &Bits| Ok(a >= b);
    rows2 "bitcmp" => |a: &Bits, b: &Bits| Ok(a.cmp(b) as i32);
};

const LOGIC: &[Kernel] = kernels! {
    rows1 "bitnot" => |a: &Bits| Ok(a.map(|byte| !byte));
    rows2 "bit_and" => and;
    rows2 "bit_or" => or;
    rows2 "bitxor" => xor;
    rows2 "bitshiftleft" => |a: &Bits, count: i32| Ok(shift(a, i64::from(count)));
    rows2 "bitshiftright" => |a: &Bits, count: i32| Ok(shift(a, -i64::from(count)));
};

pub fn and(a: &Bits, b: &Bits) -> Result<Bits> {
    combine(a, b, "AND", |a, b| a & b)
}

pub fn or(a: &Bits, b: &Bits) -> Result<Bits> {
    combine(a, b, "OR", |a, b| a | b)
}

pub fn xor(a: &Bits, b: &Bits) -> Result<Bits> {
    combine(a, b, "XOR", |a, b| a ^ b)
}

fn combine(a: &Bits, b: &Bits, verb: &str, f: fn(u8, u8) -> u8) -> Result<Bits> {
    if a.len() == b.len() {
        return Ok(a.zip(b, f));
    }
    Err(Error::new(
        sqlstate::STRING_DATA_LENGTH_MISMATCH,
        format!("cannot {verb} bit strings of different sizes"),
    ))
}

/// To the left; a negative count is to the right.
fn shift(bits: &Bits, count: i64) -> Bits {
    let places = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 { bits.shift_right(places) } else { bits.shift_left(places) }
}

const SLICES: &[Kernel] = kernels! {
    rows1 "bitlength" => |a: &Bits| Ok(a.len() as i32);
    rows1 "bit_length_bit" => |a: &Bits| Ok(a.len() as i32);
    rows1 "bitoctetlength" => |a: &Bits| Ok(a.bytes().len() as i32);
    rows1 "bit_bit_count" => |a: &Bits| Ok(a.count_ones() as i64);
    rows2 "bitcat" => concat;
    rows2 "bitsubstr_no_len" => |a: &Bits, start: i32| slice(a, start, None);
    rows3 "bitsubstr" => |a: &Bits, start: i32, length: i32| slice(a, start, Some(length));
    rows3 "bitoverlay_no_len" =>
        |a: &Bits, new: &Bits, start: i32| overlay(a, new, start, new.len() as i32);
    rows4 "bitoverlay" => overlay;
    rows2 "bitposition" => |a: &Bits, part: &Bits| Ok(position(a, part));
};

fn concat(a: &Bits, b: &Bits) -> Result<Bits> {
    if a.len() + b.len() > BITS_MAX {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!("bit string length exceeds the maximum allowed ({BITS_MAX})"),
        ));
    }
    check_made(a.len() + b.len())?;
    Ok(a.concat(b))
}

fn negative_length() -> Error {
    Error::new(sqlstate::SUBSTRING_ERROR, "negative substring length not allowed")
}

/// Positions count from 1; what lies outside of the string is left out.
fn slice(bits: &Bits, start: i32, length: Option<i32>) -> Result<Bits> {
    let start = i64::from(start);
    let end = match length {
        Some(length) if length < 0 => return Err(negative_length()),
        Some(length) => start + i64::from(length),
        None => i64::MAX,
    };
    let limit = bits.len() as i64;
    let first = (start.max(1) - 1).min(limit);
    let last = (end - 1).clamp(first, limit);
    Ok(bits.slice(first as usize, (last - first) as usize))
}

fn overlay(bits: &Bits, new: &Bits, start: i32, length: i32) -> Result<Bits> {
    if start <= 0 {
        return Err(negative_length());
    }
    let resume = start.checked_add(length).ok_or_else(|| Error::out_of_range("integer"))?;
    let before = slice(bits, 1, Some(start - 1))?;
    concat(&concat(&before, new)?, &slice(bits, resume, None)?)
}

fn position(bits: &Bits, part: &Bits) -> i32 {
    if bits.is_empty() {
        return 0;
    }
    bits.find(part).map_or(0, |at| at as i32 + 1)
}

const SINGLE: &[Kernel] = kernels! {
    rows2 "bitgetbit" => |a: &Bits, n: i32| Ok(i32::from(a.get(index(a, n)?)));
    rows3 "bitsetbit" => |a: &Bits, n: i32, value: i32| {
        let at = index(a, n)?;
        if value != 0 && value != 1 {
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "new bit must be 0 or 1"));
        }
        Ok(a.with_bit(at, value == 1))
    };
};

fn index(bits: &Bits, n: i32) -> Result<usize> {
    usize::try_from(n).ok().filter(|n| *n < bits.len()).ok_or_else(|| {
        Error::new(
            sqlstate::ARRAY_SUBSCRIPT_ERROR,
            format!("bit index {n} out of valid range (0..{})", bits.len() as i64 - 1),
        )
    })
}

const CASTS: &[Kernel] = kernels! {
    call "bit" => typmod::apply;
    call "varbit" => typmod::apply;
    rows2 "bitfromint4" => |value: i32, length: i32| from_integer(value.into(), length);
    rows2 "bitfromint8" => |value: i64, length: i32| from_integer(value, length);
    rows1 "bittoint4" => |a: &Bits| match a.len() {
        ..=32 => Ok(number(a) as u32 as i32),
        _ => Err(Error::out_of_range("integer")),
    };
    rows1 "bittoint8" => |a: &Bits| match a.len() {
        ..=64 => Ok(number(a) as i64),
        _ => Err(Error::out_of_range("bigint")),
    };
};

/// `bit` alone means `bit(1)`.
fn from_integer(value: i64, length: i32) -> Result<Bits> {
    let length = usize::try_from(length).ok().filter(|length| (1..=BITS_MAX).contains(length));
    let length = length.unwrap_or(1);
    check_made(length)?;
    Ok(Bits::from_integer(value, length))
}

fn number(bits: &Bits) -> u64 {
    let unused = bits.bytes().len() * 8 - bits.len();
    let whole = bits.bytes().iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    (whole >> unused) as u64
}
