//! Text form of `numeric`: parsing and printing.

use num_bigint::BigInt;
use num_traits::Signed;

use super::{Coefficient, Numeric, SCALE_MAX, WEIGHT_MAX, overflow};
use crate::error::{Error, Result};
use crate::sql::types::integer;

/// Larger exponents overflow like this one.
const EXPONENT_MAX: i64 = (i32::MAX / 2) as i64;

impl Numeric {
    /// Reads PostgreSQL's text form: surrounding white space, sign, digits with
    /// at most one point, exponent; `NaN`, `Infinity` and `inf` in any case.
    pub fn parse(text: &str) -> Result<Numeric> {
        let trimmed = text.trim_matches(is_space);
        let invalid = || Error::invalid_input("numeric", text);
        match special(trimmed) {
            Some(value) => Ok(value),
            None => parse_finite(trimmed).ok_or_else(invalid)?,
        }
    }

    /// Appends the text form, with exactly `scale` digits after the point.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Numeric::NaN => out.extend_from_slice(b"NaN"),
            Numeric::Infinity => out.extend_from_slice(b"Infinity"),
            Numeric::NegativeInfinity => out.extend_from_slice(b"-Infinity"),
            Numeric::Finite { coefficient, scale } => write_finite(coefficient, *scale, out),
        }
    }
}

impl std::fmt::Display for Numeric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        f.write_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

/// White space as C's `isspace` has it, which is what input functions skip.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn special(text: &str) -> Option<Numeric> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("NaN") {
        Some(Numeric::NaN)
    } else if is("Infinity") || is("+Infinity") || is("inf") || is("+inf") {
        Some(Numeric::Infinity)
    } else if is("-Infinity") || is("-inf") {
        Some(Numeric::NegativeInfinity)
    } else {
        None
    }
}

/// `None` is bad syntax; the inner error is a number too large to hold.
fn parse_finite(text: &str) -> Option<Result<Numeric>> {
    let (negative, unsigned) = split_sign(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    Some(assemble(negative, whole, fraction, exponent))
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse::<i64>().map_or(EXPONENT_MAX, |value| value.min(EXPONENT_MAX));
    Some(if negative { -value } else { value })
}

fn assemble(negative: bool, whole: &str, fraction: &str, exponent: i64) -> Result<Numeric> {
    if exponent.abs() >= EXPONENT_MAX {
        return Err(overflow());
    }
    let scale = (fraction.len() as i64 - exponent).max(0);
    let zeros = (exponent - fraction.len() as i64).max(0);
    let significant = whole.trim_start_matches('0');
    let is_zero = significant.is_empty() && fraction.bytes().all(|b| b == b'0');
    if scale > i64::from(SCALE_MAX) {
        return Err(overflow());
    }
    if is_zero {
        return Ok(Numeric::new(0, scale as u16));
    }
    // Refused before 10^zeros is computed: the exponent is the client's.
    if significant.len() as i64 + fraction.len() as i64 + zeros - scale > (WEIGHT_MAX + 1) * 4 {
        return Err(overflow());
    }
    let digits = significant.len() + fraction.len();
    let coefficient = if digits <= 38 {
        let value = (significant.bytes().chain(fraction.bytes()))
            .fold(0_i128, |value, digit| value * 10 + i128::from(digit - b'0'));
        Coefficient::Small(if negative { -value } else { value })
    } else {
        let mut joined = Vec::with_capacity(digits);
        joined.extend_from_slice(significant.as_bytes());
        joined.extend_from_slice(fraction.as_bytes());
        let value = BigInt::parse_bytes(&joined, 10).expect("only digits");
        Coefficient::from(if negative { -value } else { value })
    };
    Numeric::checked(coefficient.scale_up(zeros as u32), scale)
}

fn write_finite(coefficient: &Coefficient, scale: u16, out: &mut Vec<u8>) {
    if coefficient.sign() < 0 {
        out.push(b'-');
    }
    match coefficient {
        Coefficient::Small(value) => {
            let mut buffer = [0u8; 40];
            write_scaled(integer::digits_u128(value.unsigned_abs(), &mut buffer), scale, out);
        }
        Coefficient::Big(value) => {
            write_scaled(value.abs().to_string().as_bytes(), scale, out);
        }
    }
}

/// Puts the decimal point `scale` digits from the right.
fn write_scaled(digits: &[u8], scale: u16, out: &mut Vec<u8>) {
    let scale = usize::from(scale);
    if scale == 0 {
        out.extend_from_slice(digits);
    } else if digits.len() > scale {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}
