//! The compact form of a `numeric` in Arrow columns and stored rows.
//!
//! ```text
//! u16 scale, little-endian │ coefficient, two's complement, little-endian, shortest
//! ```
//! Zero has no coefficient bytes. Scales above the largest one stand for the
//! special values. `1.10` is `02 00 6e`.

use num_bigint::BigInt;

use super::{Coefficient, Numeric};

const NAN: u16 = 0xFFFF;
const INFINITY: u16 = 0xFFFE;
const NEGATIVE_INFINITY: u16 = 0xFFFD;

/// Appends the encoded value.
pub fn encode(value: &Numeric, out: &mut Vec<u8>) {
    let (coefficient, scale) = match value {
        Numeric::NaN => return out.extend_from_slice(&NAN.to_le_bytes()),
        Numeric::Infinity => return out.extend_from_slice(&INFINITY.to_le_bytes()),
        Numeric::NegativeInfinity => {
            return out.extend_from_slice(&NEGATIVE_INFINITY.to_le_bytes());
        }
        Numeric::Finite { coefficient, scale } => (coefficient, scale),
    };
    out.extend_from_slice(&scale.to_le_bytes());
    match coefficient {
        Coefficient::Small(0) => {}
        Coefficient::Small(value) => {
            let bytes = value.to_le_bytes();
            out.extend_from_slice(&bytes[..shortest(*value)]);
        }
        Coefficient::Big(value) => out.extend_from_slice(&value.to_signed_bytes_le()),
    }
}

/// The bytes needed to keep the value and its sign.
fn shortest(value: i128) -> usize {
    let magnitude = if value < 0 { !value } else { value };
    (128 - magnitude.leading_zeros() as usize) / 8 + 1
}

/// Reads an encoded value; `None` when the bytes are not one.
pub fn decode(bytes: &[u8]) -> Option<Numeric> {
    let (scale, digits) = bytes.split_first_chunk::<2>()?;
    match u16::from_le_bytes(*scale) {
        NAN => Some(Numeric::NaN),
        INFINITY => Some(Numeric::Infinity),
        NEGATIVE_INFINITY => Some(Numeric::NegativeInfinity),
        scale => Some(Numeric::Finite { coefficient: coefficient(digits), scale }),
    }
}

fn coefficient(digits: &[u8]) -> Coefficient {
    if digits.len() > 16 {
        return Coefficient::from(BigInt::from_signed_bytes_le(digits));
    }
    let negative = digits.last().is_some_and(|top| top & 0x80 != 0);
    let mut bytes = [if negative { 0xFF } else { 0 }; 16];
    bytes[..digits.len()].copy_from_slice(digits);
    Coefficient::Small(i128::from_le_bytes(bytes))
}
