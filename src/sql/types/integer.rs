//! `smallint`, `integer`, `bigint` and the `oid` family: decimal text.

use super::Oid;
use super::numeric::is_space;
use crate::error::{Error, Result};
use crate::sqlstate;

pub fn parse_i16(text: &str) -> Result<i16> {
    let value = parse(text, "smallint", text)?;
    i16::try_from(value).map_err(|_| out_of_range(text, "smallint"))
}

pub fn parse_i32(text: &str) -> Result<i32> {
    let value = parse(text, "integer", text)?;
    i32::try_from(value).map_err(|_| out_of_range(text, "integer"))
}

pub fn parse_i64(text: &str) -> Result<i64> {
    let value = parse(text, "bigint", text)?;
    i64::try_from(value).map_err(|_| out_of_range(text, "bigint"))
}

/// An oid: as C's `strtoul` takes it, so a small negative number wraps.
pub fn parse_oid(text: &str) -> Result<Oid> {
    let value = parse(text, "oid", text)?;
    if value < i128::from(i32::MIN) || value > i128::from(u32::MAX) {
        return Err(out_of_range(text, "oid"));
    }
    Ok(value as Oid)
}

fn parse(text: &str, type_name: &str, whole: &str) -> Result<i128> {
    let digits = text.trim_matches(is_space);
    let (negative, digits) = match digits.as_bytes().first() {
        Some(b'-') => (true, &digits[1..]),
        Some(b'+') => (false, &digits[1..]),
        _ => (false, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::invalid_input(type_name, whole));
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > 20 {
        return Err(out_of_range(whole, type_name));
    }
    let value = significant.bytes().fold(0_i128, |v, b| v * 10 + i128::from(b - b'0'));
    Ok(if negative { -value } else { value })
}

fn out_of_range(text: &str, type_name: &str) -> Error {
    Error::new(
        sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
        format!("value \"{text}\" is out of range for type {type_name}"),
    )
}

/// Appends the decimal text of an integer.
pub fn write(value: i64, out: &mut Vec<u8>) {
    let mut buffer = [0u8; 20];
    out.extend_from_slice(digits(value, &mut buffer));
}

/// The decimal text of an integer, written into the end of `buffer`.
pub fn digits(value: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

/// The decimal digits of a large unsigned integer.
pub(crate) fn digits_u128(mut value: u128, buffer: &mut [u8; 40]) -> &[u8] {
    let mut at = buffer.len();
    // Division of 128 bits is slow: take eighteen digits at a time.
    while value > u128::from(u64::MAX) {
        let mut low = (value % 1_000_000_000_000_000_000) as u64;
        value /= 1_000_000_000_000_000_000;
        for _ in 0..18 {
            at -= 1;
            buffer[at] = b'0' + (low % 10) as u8;
            low /= 10;
        }
    }
    let mut rest = value as u64;
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return &buffer[at..];
        }
    }
}
