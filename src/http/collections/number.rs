//! A number of a vector, read where it stands in a line.
//!
//! ```text
//! 0.35012829303741455  →  35012829303741455 / 10^17, divided as f64, then made an f32
//! ```
//! Digits are taken eight at a time. A quotient (or product) of a whole number and an exact
//! power of ten is off by two units in the last place of an `f64` at most. An `f32` has 29
//! bits less: unless the result is as near as that to the middle between two of them, it is
//! rounded to the one that the exact value is rounded to. Where it is that near, and for
//! numbers with more digits, large exponents or a magnitude at the ends of `f32`, the
//! standard library decides: the value is always the one that it reads.

/// Powers of ten that an `f64` has exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
/// So many digits fit a `u64`, whatever they are.
const DIGITS_MAX: usize = 19;
/// Magnitudes of which an `f32` has all of its bits.
const PLAIN: std::ops::Range<f64> = 1.2e-38..3.4e38;
/// The bits of an `f64` that an `f32` has not, the middle of them, and how near is too near.
const LOST_BITS: u64 = (1 << 29) - 1;
const MIDDLE: u64 = 1 << 28;
const NEAR: u64 = 4;

/// The number that begins at a place of a text, and where it ends; none if there is none as
/// JSON has them. What is beyond `f32` is infinite.
pub fn read(text: &str, start: usize) -> Option<(f32, usize)> {
    quick(text.as_bytes(), start).or_else(|| exact(text, start))
}

/// Leaves what is not plain to [`exact`].
fn quick(bytes: &[u8], start: usize) -> Option<(f32, usize)> {
    let is_negative = bytes.get(start) == Some(&b'-');
    let mut digits = Digits { at: start + usize::from(is_negative), value: 0, count: 0 };
    if digits.take(bytes) == 0 {
        return None;
    }
    let mut exponent = 0;
    if bytes.get(digits.at) == Some(&b'.') {
        digits.at += 1;
        exponent = -i32::try_from(digits.take(bytes)).ok().filter(|count| *count > 0)?;
    }
    let mut end = digits.at;
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = bytes.get(end + 1).filter(|byte| matches!(byte, b'+' | b'-'));
        let at = end + 1 + usize::from(sign.is_some());
        let mut written = Digits { at, value: 0, count: 0 };
        if written.take(bytes) == 0 || written.count > 3 {
            return None;
        }
        let value = written.value as i32;
        exponent += if sign == Some(&b'-') { -value } else { value };
        end = written.at;
    }
    if digits.count > DIGITS_MAX || bytes.get(end).is_some_and(is_of_number) {
        return None;
    }
    let power = *POWERS.get(exponent.unsigned_abs() as usize)?;
    let whole = digits.value as f64;
    let value = if exponent < 0 { whole / power } else { whole * power };
    let is_far = (value.to_bits() & LOST_BITS).abs_diff(MIDDLE) > NEAR;
    let is_certain = digits.value == 0 || PLAIN.contains(&value) && is_far;
    let value = value as f32;
    is_certain.then_some((if is_negative { -value } else { value }, end))
}

fn exact(text: &str, start: usize) -> Option<(f32, usize)> {
    let rest = text.get(start..)?;
    let length = rest.bytes().take_while(is_of_number).count();
    let number = &rest[..length];
    let digits = number.strip_prefix('-').unwrap_or(number).as_bytes();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let is_number = is_digit(digits.first()) && is_digit(digits.last());
    is_number.then(|| number.parse().ok()).flatten().map(|value| (value, start + length))
}

fn is_of_number(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Digits that stand together, as a number; of more than [`DIGITS_MAX`] it is a wrong one.
struct Digits {
    at: usize,
    value: u64,
    count: usize,
}

impl Digits {
    /// Takes those that follow; how many they were.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let start = self.at;
        while let Some(eight) = bytes.get(self.at..self.at + 8)
            && let Ok(eight) = eight.try_into()
        {
            let (value, count) = leading_digits(u64::from_le_bytes(eight));
            self.value = self.value.wrapping_mul(TENS[count]).wrapping_add(value);
            self.at += count;
            if count < 8 {
                self.count += self.at - start;
                return self.at - start;
            }
        }
        while let Some(digit @ b'0'..=b'9') = bytes.get(self.at) {
            self.value = self.value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        self.count += self.at - start;
        self.at - start
    }
}

/// How many of eight bytes, the first in the lowest, are digits before one that is not, and
/// their value: neighbours are joined to pairs, pairs to fours, fours to eight.
fn leading_digits(bytes: u64) -> (u64, usize) {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    let ones = bytes ^ 0x3030_3030_3030_3030;
    // A carry goes to bytes behind the first that is no digit only.
    let others = (ones | ones.wrapping_add(0x0606_0606_0606_0606)) & HIGH;
    let count = others.trailing_zeros() / 8;
    if count == 0 {
        return (0, 0);
    }
    let ones = ones << (64 - 8 * count);
    let pairs = (ones.wrapping_mul(10).wrapping_add(ones >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    (fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF, count as usize)
}

#[cfg(test)]
mod tests {
    use super::{exact, quick, read};

    fn agrees(text: &str) {
        let expected: f32 = text.parse().expect("a number");
        let (value, end) = read(text, 0).unwrap_or_else(|| panic!("{text} is not read"));
        assert_eq!((value.to_bits(), end), (expected.to_bits(), text.len()), "{text}");
    }

    #[test]
    fn numbers_are_what_the_standard_library_reads() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..200_000 {
            let float = f32::from_bits(next() as u32);
            if float.is_finite() {
                agrees(&format!("{float}"));
                agrees(&format!("{float:e}"));
                // As languages print it that have no single precision.
                agrees(&format!("{}", f64::from(float)));
                // The middle between it and the next one, and what is beside that.
                let above = f32::from_bits(float.to_bits() + 1);
                let middle = f64::midpoint(f64::from(float), f64::from(above));
                if middle.is_finite() {
                    agrees(&format!("{middle}"));
                    agrees(&format!("{middle:e}"));
                    agrees(&format!("{:e}", f64::from_bits(middle.to_bits() + 1)));
                    agrees(&format!("{:e}", f64::from_bits(middle.to_bits() - 1)));
                }
            }
            let unit = (next() >> 11) as f64 / (1u64 << 53) as f64;
            agrees(&format!("{unit}"));
            agrees(&format!("-{unit:.4}"));
            agrees(&format!("{}", next()));
            agrees(&format!("{}.{:017}", next() % 100, next() >> 9));
        }
    }

    #[test]
    fn what_is_plain_is_read_quickly() {
        for plain in ["0", "-0", "1", "-12.5", "0.35012829303741455", "1e-05", "3E+2", "12345678"] {
            agrees(plain);
            assert!(quick(plain.as_bytes(), 0).is_some(), "{plain}");
        }
        for other in ["1e39", "123456789012345678901", "1e-45", "16777217.0", "01e400"] {
            agrees(other);
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for wrong in
            ["", "-", ".5", "1.", "+1", "1e", "1e+", "--1", "1-", "1.2.3", "e1", "a", "12345678a9."]
        {
            let found = read(wrong, 0);
            let is_none = found.is_none_or(|(_, end)| end < wrong.len() && wrong == "12345678a9.");
            assert!(is_none, "{wrong}: {found:?}");
        }
        assert_eq!(read("[1.5,2]", 1), Some((1.5, 4)));
        assert_eq!(exact("[1.5,2]", 5), Some((2.0, 6)));
    }
}
