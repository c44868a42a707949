//! `real` and `double precision`.
//!
//! With `extra_float_digits` above 0 (the default) the output is the shortest
//! text that reads back as the same value; otherwise `%.{15 + n}g` as in C.
//!
//! PostgreSQL's shortest form never uses a decimal that lies exactly half-way
//! between two doubles, even where reading it back would round to the right
//! one. [`is_halfway`] finds those rare cases.

use num_bigint::BigUint;

use super::numeric::is_space;
use crate::error::{Error, Result};
use crate::sqlstate;

pub fn parse_f64(text: &str) -> Result<f64> {
    let number = checked_syntax(text, "double precision")?;
    let value: f64 = match parse_hexadecimal(number) {
        Some(value) => value,
        None => number.parse().map_err(|_| Error::invalid_input("double precision", text))?,
    };
    check_range(number, value.is_infinite(), value == 0.0, "double precision")?;
    Ok(value)
}

pub fn parse_f32(text: &str) -> Result<f32> {
    let number = checked_syntax(text, "real")?;
    let value: f32 = match parse_hexadecimal(number) {
        Some(value) => value as f32,
        None => number.parse().map_err(|_| Error::invalid_input("real", text))?,
    };
    check_range(number, value.is_infinite(), value == 0.0, "real")?;
    Ok(value)
}

fn checked_syntax<'a>(text: &'a str, type_name: &str) -> Result<&'a str> {
    let number = text.trim_matches(is_space);
    if number.is_empty() {
        return Err(Error::invalid_input(type_name, text));
    }
    Ok(number)
}

/// C's hexadecimal form, `0x1.8p3`, which `strtod` reads too.
fn parse_hexadecimal(number: &str) -> Option<f64> {
    let (negative, rest) = match number.as_bytes()[0] {
        b'-' => (true, &number[1..]),
        b'+' => (false, &number[1..]),
        _ => (false, number),
    };
    let digits = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"))?;
    let (mantissa, exponent) = match digits.find(['p', 'P']) {
        Some(at) => (&digits[..at], digits[at + 1..].parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > 13 {
        return None;
    }
    let bits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let value = bits as f64 * 2f64.powi(exponent.checked_sub(4 * fraction.len() as i32)?);
    Some(if negative { -value } else { value })
}

/// Infinity and zero are fine when the text says so, out of range otherwise.
fn check_range(number: &str, infinite: bool, zero: bool, type_name: &str) -> Result<()> {
    let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
    let says_infinity = number.contains(['i', 'I']);
    let says_zero = !mantissa.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if (infinite && !says_infinity) || (zero && !says_zero && !number.contains(['x', 'X'])) {
        return Err(Error::new(
            sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("\"{number}\" is out of range for type {type_name}"),
        ));
    }
    Ok(())
}

pub fn write_f64(value: f64, extra_float_digits: i32, out: &mut Vec<u8>) {
    if write_special(value, out) {
        return;
    }
    if extra_float_digits <= 0 {
        let precision = (15 + extra_float_digits).max(1) as usize;
        return write_general(&format!("{value:.*e}", precision - 1), precision as i32, out);
    }
    // Whole numbers of up to 15 digits print as integers.
    if value == value.trunc() && value.abs() < 1e15 && value != 0.0 {
        return super::integer::write(value as i64, out);
    }
    let shortest = format!("{value:e}");
    if !is_midpoint(&shortest, value) {
        return write_general(&shortest, 15, out);
    }
    let exact = (1..17)
        .map(|digits| format!("{value:.digits$e}"))
        .find(|text| text.parse() == Ok(value) && !is_midpoint(text, value));
    write_general(&exact.unwrap_or(shortest), 15, out);
}

pub fn write_f32(value: f32, extra_float_digits: i32, out: &mut Vec<u8>) {
    if write_special(f64::from(value), out) {
        return;
    }
    if extra_float_digits <= 0 {
        let precision = (6 + extra_float_digits).max(1) as usize;
        return write_general(&format!("{value:.*e}", precision - 1), precision as i32, out);
    }
    let shortest = closest(format!("{value:e}"), value);
    if !is_midpoint_f32(&shortest, value) {
        return write_general(&shortest, 6, out);
    }
    let exact = (1..9)
        .map(|digits| format!("{value:.digits$e}"))
        .find(|text| text.parse() == Ok(value) && !is_midpoint_f32(text, value));
    write_general(&exact.unwrap_or(shortest), 6, out);
}

/// Of two shortest texts equally close to the value, PostgreSQL takes the even
/// one: what rounding the exact value to that length gives.
fn closest(shortest: String, value: f32) -> String {
    let sign = usize::from(value.is_sign_negative());
    let digits = shortest.find('e').map_or(0, |end| end.saturating_sub(2 + sign));
    let candidate = format!("{value:.digits$e}");
    if candidate.parse() == Ok(value) { candidate } else { shortest }
}

fn write_special(value: f64, out: &mut Vec<u8>) -> bool {
    let text: &[u8] = if value.is_nan() {
        b"NaN"
    } else if value == f64::INFINITY {
        b"Infinity"
    } else if value == f64::NEG_INFINITY {
        b"-Infinity"
    } else if value == 0.0 {
        if value.is_sign_negative() { b"-0" } else { b"0" }
    } else {
        return false;
    };
    out.extend_from_slice(text);
    true
}

/// Rewrites Rust's `d.ddde±x` the way C's `%g` lays numbers out: plain digits
/// for exponents from -4 up to `precision`, else at least two exponent digits.
fn write_general(scientific: &str, precision: i32, out: &mut Vec<u8>) {
    let (mantissa, exponent) = scientific.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the format's exponent is a number");
    let mantissa = match mantissa.strip_prefix('-') {
        Some(rest) => {
            out.push(b'-');
            rest
        }
        None => mantissa,
    };
    let mut digits: Vec<u8> = mantissa.bytes().filter(|b| *b != b'.').collect();
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    if exponent < -4 || exponent >= precision {
        write_exponential(&digits, exponent, out);
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-exponent - 1) as usize, b'0');
        out.extend_from_slice(&digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            digits.resize(whole, b'0');
            out.extend_from_slice(&digits);
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }
}

fn write_exponential(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    super::integer::write(i64::from(exponent.abs()), out);
}

fn is_midpoint(scientific: &str, value: f64) -> bool {
    let bits = value.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if biased == 0 { (fraction, -1074) } else { (fraction | (1 << 52), biased - 1075) };
    is_halfway(scientific, mantissa, exponent)
}

fn is_midpoint_f32(scientific: &str, value: f32) -> bool {
    let bits = value.to_bits();
    let biased = ((bits >> 23) & 0xff) as i32;
    let fraction = u64::from(bits & ((1 << 23) - 1));
    let (mantissa, exponent) =
        if biased == 0 { (fraction, -149) } else { (fraction | (1 << 23), biased - 150) };
    is_halfway(scientific, mantissa, exponent)
}

/// Whether the decimal lies half-way between `mantissa·2^exponent` and a neighbour,
/// that is, equals `(2·mantissa ± 1)·2^(exponent-1)`.
fn is_halfway(scientific: &str, mantissa: u64, exponent: i32) -> bool {
    if mantissa % 2 == 1 {
        return false;
    }
    let (digits, power) = scientific.split_once('e').expect("the format has an exponent");
    let power: i32 = power.parse().expect("the format's exponent is a number");
    let fraction_digits = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i32);
    let decimal = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    let power = power - fraction_digits;
    // The factor of two in decimal·10^power must be that of an odd number times
    // 2^(exponent-1): this rules out nearly everything without big numbers.
    if decimal == 0 || decimal.trailing_zeros() as i32 + power != exponent - 1 {
        return false;
    }
    let left = (BigUint::from(decimal) * BigUint::from(10u8).pow(power.max(0) as u32))
        << (1 - exponent).max(0) as usize;
    let right = |odd: u64| {
        (BigUint::from(odd) * BigUint::from(10u8).pow((-power).max(0) as u32))
            << (exponent - 1).max(0) as usize
    };
    left == right(2 * mantissa + 1) || left == right(2 * mantissa - 1)
}
