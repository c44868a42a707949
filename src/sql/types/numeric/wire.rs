//! PostgreSQL's binary form of `numeric`.
//!
//! ```text
//! i16 ndigits │ i16 weight │ u16 sign │ u16 dscale │ ndigits × i16 base-10000 digit
//! ```
//! The first digit counts `10000^weight`. Leading and trailing zero digits are
//! not sent. 1234.5 is `2, 0, 0x0000, 1, [1234, 5000]`.

use bytes::{BufMut, BytesMut};
use num_bigint::BigInt;
use num_traits::Signed;

use super::{Coefficient, Numeric, SCALE_MAX};
use crate::error::{Error, Result};
use crate::sql::types::integer;
use crate::sql::types::wire::Reader;
use crate::sqlstate;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

impl Numeric {
    pub fn send(&self, out: &mut BytesMut) {
        let special = |sign: u16, out: &mut BytesMut| {
            out.put_i32(0);
            out.put_u16(sign);
            out.put_u16(if sign == NAN { 0 } else { 32 });
        };
        match self {
            Numeric::NaN => special(NAN, out),
            Numeric::Infinity => special(INFINITY, out),
            Numeric::NegativeInfinity => special(NEGATIVE_INFINITY, out),
            Numeric::Finite { coefficient, scale } => send_finite(coefficient, *scale, out),
        }
    }

    pub fn recv(reader: &mut Reader<'_>) -> Result<Numeric> {
        let count = reader.u16()?;
        let weight = reader.i16()?;
        let sign = reader.u16()?;
        let scale = reader.u16()?;
        match sign {
            NAN => return Ok(Numeric::NaN),
            INFINITY => return Ok(Numeric::Infinity),
            NEGATIVE_INFINITY => return Ok(Numeric::NegativeInfinity),
            POSITIVE | NEGATIVE => {}
            _ => return Err(invalid("sign")),
        }
        if scale > SCALE_MAX {
            return Err(invalid("scale"));
        }
        let mut text = Vec::with_capacity(usize::from(count) * 4);
        for _ in 0..count {
            let digit = reader.i16()?;
            if !(0..10000).contains(&digit) {
                return Err(invalid("digit"));
            }
            text.extend_from_slice(format!("{digit:04}").as_bytes());
        }
        let magnitude = BigInt::parse_bytes(&text, 10).unwrap_or_default();
        let value = if sign == NEGATIVE { -magnitude } else { magnitude };
        // The digits end at 10^exponent; digits below the scale are cut.
        let exponent = (i32::from(weight) + 1 - i32::from(count)) * 4;
        place(value.into(), exponent, scale)
    }
}

fn place(value: Coefficient, exponent: i32, scale: u16) -> Result<Numeric> {
    let shift = exponent + i32::from(scale);
    if value.is_zero() {
        return Ok(Numeric::new(0, scale));
    }
    if shift >= 0 {
        return Numeric::checked(value.scale_up(shift as u32), i64::from(scale));
    }
    Ok(Numeric::new(super::arithmetic::reduce(&value, shift.unsigned_abs(), false), scale))
}

fn invalid(what: &str) -> Error {
    Error::new(
        sqlstate::INVALID_BINARY_REPRESENTATION,
        format!("invalid {what} in external \"numeric\" value"),
    )
}

fn send_finite(coefficient: &Coefficient, scale: u16, out: &mut BytesMut) {
    let sign = if coefficient.sign() < 0 { NEGATIVE } else { POSITIVE };
    match coefficient {
        Coefficient::Small(0) => send_digits(b"", sign, scale, out),
        Coefficient::Small(value) => {
            let mut buffer = [0u8; 40];
            send_digits(integer::digits_u128(value.unsigned_abs(), &mut buffer), sign, scale, out);
        }
        Coefficient::Big(value) => {
            send_digits(value.abs().to_string().as_bytes(), sign, scale, out)
        }
    }
}

fn send_digits(digits: &[u8], sign: u16, scale: u16, out: &mut BytesMut) {
    // Groups of four are counted from the decimal point in both directions.
    let whole = digits.len() as i32 - i32::from(scale);
    let weight = (whole + 3).div_euclid(4) - 1;
    let lead = (4 - whole.rem_euclid(4)) % 4;
    let padded = lead as usize + digits.len();
    let digit = |group: usize| -> u16 {
        (0..4).fold(0, |value, place| {
            let at = (group * 4 + place).checked_sub(lead as usize);
            let next = at.and_then(|at| digits.get(at)).map_or(0, |b| u16::from(b - b'0'));
            value * 10 + next
        })
    };
    let mut count = padded.div_ceil(4);
    while count > 0 && digit(count - 1) == 0 {
        count -= 1;
    }
    out.put_u16(count as u16);
    out.put_i16(if count == 0 { 0 } else { weight as i16 });
    out.put_u16(sign);
    out.put_u16(scale);
    for group in 0..count {
        out.put_u16(digit(group));
    }
}
