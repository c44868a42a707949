//! `bit(n)` and `varbit(n)`: strings of bits.
//!
//! ```text
//! B'10110011 101'   length 11, bytes b3 a0: the first bit is the highest
//! ```
//!
//! Bits after the last are zero, so equal strings have equal bytes. Order is that
//! of the bytes, then of the lengths: `B'1' < B'10' < B'11'`. In a row, and in
//! Arrow, one byte in front says how many bits of the last byte are unused.

use bytes::Bytes;

use super::{SqlType, oid};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The longest string of bits, as PostgreSQL has it.
pub const BITS_MAX: usize = i32::MAX as usize - 7;

/// Bits that one cast or concatenation makes at most: their text must fit a value.
const MADE_BITS_MAX: usize = 0x3fff_ffff;

/// `54000`, unless a string of so many bits may be made.
pub fn check_made(length: usize) -> Result<()> {
    if length <= MADE_BITS_MAX {
        return Ok(());
    }
    Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "requested length too large"))
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bits {
    length: usize,
    bytes: Bytes,
}

impl PartialOrd for Bits {
    fn partial_cmp(&self, other: &Bits) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bits {
    fn cmp(&self, other: &Bits) -> std::cmp::Ordering {
        let shared = self.bytes.len().min(other.bytes.len());
        self.bytes[..shared]
            .cmp(&other.bytes[..shared])
            .then_with(|| self.length.cmp(&other.length))
    }
}

impl Bits {
    /// The first `length` bits of the bytes, zeros where there are too few.
    pub fn new(mut bytes: Vec<u8>, length: usize) -> Bits {
        bytes.resize(length.div_ceil(8), 0);
        if let (Some(last), used @ 1..) = (bytes.last_mut(), length % 8) {
            *last &= !(0xFF >> used);
        }
        Bits { length, bytes: bytes.into() }
    }

    /// The lowest `length` bits of an integer, its sign in front of it.
    pub fn from_integer(value: i64, length: usize) -> Bits {
        let sign = if value < 0 { 0xFF } else { 0 };
        let count = length.div_ceil(8);
        let mut bytes = vec![sign; count.saturating_sub(8)];
        bytes.extend_from_slice(&value.to_be_bytes()[8 - count.min(8)..]);
        Bits { length: count * 8, bytes: bytes.into() }.slice(count * 8 - length, length)
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn get(&self, index: usize) -> bool {
        self.bytes[index / 8] & (0x80 >> (index % 8)) != 0
    }

    /// The same bits but one.
    pub fn with_bit(&self, index: usize, bit: bool) -> Bits {
        let mut bytes = self.bytes.to_vec();
        let mask = 0x80 >> (index % 8);
        if bit {
            bytes[index / 8] |= mask
        } else {
            bytes[index / 8] &= !mask
        }
        Bits { length: self.length, bytes: bytes.into() }
    }

    pub fn count_ones(&self) -> u64 {
        self.bytes.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// `length` bits from `start` on, which lie within the string.
    pub fn slice(&self, start: usize, length: usize) -> Bits {
        let shift = start % 8;
        let bytes = &self.bytes[start / 8..(start + length).div_ceil(8)];
        if shift == 0 {
            return Bits::new(bytes.to_vec(), length);
        }
        let next = bytes.iter().skip(1).chain(&[0]);
        let joined = bytes.iter().zip(next).map(|(a, b)| a << shift | b >> (8 - shift));
        Bits::new(joined.collect(), length)
    }

    pub fn concat(&self, other: &Bits) -> Bits {
        let mut bytes = self.bytes.to_vec();
        match self.length % 8 {
            0 => bytes.extend_from_slice(&other.bytes),
            shift => {
                for byte in other.bytes.iter() {
                    if let Some(last) = bytes.last_mut() {
                        *last |= byte >> shift;
                    }
                    bytes.push(byte << (8 - shift));
                }
            }
        }
        Bits::new(bytes, self.length + other.length)
    }

    /// Bits moved towards the front; zeros come in at the end.
    pub fn shift_left(&self, count: usize) -> Bits {
        if count >= self.length {
            return Bits::new(Vec::new(), self.length);
        }
        let kept = self.slice(count, self.length - count);
        Bits::new(kept.bytes.to_vec(), self.length)
    }

    /// Bits moved towards the end; zeros come in at the front.
    pub fn shift_right(&self, count: usize) -> Bits {
        let count = count.min(self.length);
        Bits::new(Vec::new(), count).concat(&self.slice(0, self.length - count))
    }

    /// Each byte by a function, the unused bits zero again.
    pub fn map(&self, f: impl Fn(u8) -> u8) -> Bits {
        Bits::new(self.bytes.iter().map(|byte| f(*byte)).collect(), self.length)
    }

    /// The bytes of two strings of one length, by a function.
    pub fn zip(&self, other: &Bits, f: impl Fn(u8, u8) -> u8) -> Bits {
        let bytes = self.bytes.iter().zip(other.bytes.iter());
        Bits::new(bytes.map(|(a, b)| f(*a, *b)).collect(), self.length)
    }

    /// Where the other string first is, from 0.
    pub fn find(&self, part: &Bits) -> Option<usize> {
        let last = self.length.checked_sub(part.length)?;
        (0..=last).find(|at| (0..part.length).all(|n| self.get(at + n) == part.get(n)))
    }

    /// Reads `101`, `b101` or `x1F` as a value of the type, whose modifier is the
    /// length that it must have or may not exceed.
    pub fn parse(text: &str, ty: SqlType) -> Result<Bits> {
        let (digits, hexadecimal) = match text.as_bytes() {
            [b'b' | b'B', ..] => (&text[1..], false),
            [b'x' | b'X', ..] => (&text[1..], true),
            _ => (text, false),
        };
        let length = if hexadecimal { digits.len().saturating_mul(4) } else { digits.len() };
        if length > BITS_MAX {
            return Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("bit string length exceeds the maximum allowed ({BITS_MAX})"),
            ));
        }
        check_length(length, ty)?;
        let bytes = if hexadecimal { hexadecimal_digits(digits)? } else { binary_digits(digits)? };
        Ok(Bits::new(bytes, length))
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend((0..self.length).map(|n| if self.get(n) { b'1' } else { b'0' }));
    }

    /// Fits the string to the type's length: an explicit cast cuts and fills up,
    /// otherwise another length is an error.
    pub fn fit(self, ty: SqlType, explicit: bool) -> Result<Bits> {
        // As in PostgreSQL, a length that no type can have is none.
        let possible = 1..=BITS_MAX;
        let limit = usize::try_from(ty.typmod).ok().filter(|limit| possible.contains(limit));
        let Some(limit) = limit else {
            return Ok(self);
        };
        if self.length == limit || (ty.oid == oid::VARBIT && self.length < limit) {
            return Ok(self);
        }
        if !explicit {
            check_length(self.length, ty)?;
        }
        check_made(limit)?;
        Ok(Bits::new(self.bytes.to_vec(), limit))
    }

    /// The form in rows and Arrow columns.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push((self.bytes.len() * 8 - self.length) as u8);
        out.extend_from_slice(&self.bytes);
    }

    pub fn decode(bytes: &[u8]) -> Option<Bits> {
        let (unused, bytes) = bytes.split_first()?;
        let length = (bytes.len() * 8).checked_sub(usize::from(*unused))?;
        Some(Bits::new(bytes.to_vec(), length))
    }
}

/// Checks a length against the type's modifier, if it has one.
fn check_length(length: usize, ty: SqlType) -> Result<()> {
    let limit = ty.typmod;
    if limit <= 0 {
        return Ok(());
    }
    if ty.oid == oid::VARBIT {
        if length > limit as usize {
            return Err(Error::new(
                sqlstate::STRING_DATA_RIGHT_TRUNCATION,
                format!("bit string too long for type bit varying({limit})"),
            ));
        }
    } else if length != limit as usize {
        return Err(Error::new(
            sqlstate::STRING_DATA_LENGTH_MISMATCH,
            format!("bit string length {length} does not match type bit({limit})"),
        ));
    }
    Ok(())
}

fn binary_digits(digits: &str) -> Result<Vec<u8>> {
    let mut bytes = vec![0u8; digits.len().div_ceil(8)];
    for (n, digit) in digits.char_indices() {
        match digit {
            '0' => {}
            '1' => bytes[n / 8] |= 0x80 >> (n % 8),
            other => return Err(bad_digit(other, "binary")),
        }
    }
    Ok(bytes)
}

fn hexadecimal_digits(digits: &str) -> Result<Vec<u8>> {
    let mut bytes = vec![0u8; digits.len().div_ceil(2)];
    for (n, digit) in digits.char_indices() {
        let value = digit.to_digit(16).ok_or_else(|| bad_digit(digit, "hexadecimal"))? as u8;
        bytes[n / 2] |= if n % 2 == 0 { value << 4 } else { value };
    }
    Ok(bytes)
}

fn bad_digit(digit: char, kind: &str) -> Error {
    Error::new(
        sqlstate::INVALID_TEXT_REPRESENTATION,
        format!("\"{digit}\" is not a valid {kind} digit"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VARBIT: SqlType = SqlType::new(oid::VARBIT);

    fn bits(text: &str) -> Bits {
        Bits::parse(text, VARBIT).expect("a string of bits")
    }

    fn text(bits: &Bits) -> String {
        let mut out = Vec::new();
        bits.write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn integers_keep_their_low_bits_and_sign() {
        assert_eq!(text(&Bits::from_integer(5, 3)), "101");
        assert_eq!(text(&Bits::from_integer(-1, 10)), "1111111111");
        assert_eq!(text(&Bits::from_integer(-2, 66)), format!("{}0", "1".repeat(65)));
        assert_eq!(text(&Bits::from_integer(258, 12)), "000100000010");
        assert_eq!(text(&Bits::from_integer(1, 0)), "");
    }

    proptest! {
        /// The operations against the same ones on text.
        #[test]
        fn operations_are_those_of_strings(a in "[01]{0,40}", b in "[01]{0,12}", n in 0usize..48) {
            let (x, y) = (bits(&a), bits(&b));
            prop_assert_eq!(text(&x), a.clone());
            prop_assert_eq!(text(&x.concat(&y)), format!("{a}{b}"));
            let cut = n.min(a.len());
            prop_assert_eq!(text(&x.shift_left(n)), format!("{}{}", &a[cut..], "0".repeat(cut)));
            let kept = &a[..a.len() - cut];
            prop_assert_eq!(text(&x.shift_right(n)), format!("{}{kept}", "0".repeat(cut)));
            prop_assert_eq!(x.find(&y), a.find(&b));
            let mut stored = Vec::new();
            x.encode(&mut stored);
            prop_assert_eq!(Bits::decode(&stored), Some(x));
        }
    }
}
