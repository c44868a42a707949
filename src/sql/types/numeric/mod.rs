//! `numeric`: exact decimal numbers with a display scale.
//!
//! A value is a signed integer coefficient and a scale: `1.10` is `110 × 10^-2`.
//! The scale is also the display scale, as PostgreSQL keeps it: `1.10` and `1.1`
//! print differently and are equal only through [`Numeric::cmp`] (and the key).
//!
//! Coefficients that fit live in an `i128` and everyday arithmetic does not
//! allocate; the rest are `BigInt`s. Invariant: a coefficient that fits an
//! `i128` is always `Small` (see [`Coefficient::from`]).
//!
//! PostgreSQL computes in base-10000 digits, and its rules for the scale of a
//! quotient or a logarithm are written in terms of those digits. [`Numeric::weight`] and
//! [`Numeric::leading_digits`] give that view of our coefficients; the results
//! then have the same scale and are rounded the same way.
//!
//! `text` parses and prints, `arithmetic` has the four operations and rounding,
//! `transcendental` roots, powers and logarithms, `integer` gcd, lcm and
//! factorial, `convert` other number types, `wire` PostgreSQL's binary form,
//! `encoding` the compact form that Arrow columns hold.

mod arithmetic;
mod convert;
mod encoding;
mod integer;
mod text;
mod transcendental;
mod typmod;
mod wire;

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};
use num_traits::{One, Signed, ToPrimitive, Zero};

use crate::error::{Error, Result};
use crate::sqlstate;

pub use arithmetic::Sum;
pub use encoding::{decode, encode};
pub(crate) use text::is_space;
pub use typmod::NumericTypmod;

/// The largest display scale of any value.
pub const SCALE_MAX: u16 = 16383;
/// The largest scale of a computed result (PostgreSQL's NUMERIC_MAX_DISPLAY_SCALE).
pub const RESULT_SCALE_MAX: i32 = 1000;
/// Computed results carry at least this many significant digits.
const SIGNIFICANT_DIGITS_MIN: i32 = 16;
/// Decimal digits per digit of PostgreSQL's base.
const DIGITS_PER_GROUP: i32 = 4;
/// The largest weight (power of 10000 of the leading digit) of a value.
const WEIGHT_MAX: i64 = 32767;

/// A numeric value: `coefficient × 10^-scale`, or one of the special values.
/// `scale` is also the display scale, so `1.10` and `1.1` differ here and are
/// equal only through comparison (and the key function).
#[derive(Clone, Debug)]
pub enum Numeric {
    Finite { coefficient: Coefficient, scale: u16 },
    NaN,
    Infinity,
    NegativeInfinity,
}

/// Small when it fits, so that everyday arithmetic does not allocate.
#[derive(Clone, Debug)]
pub enum Coefficient {
    Small(i128),
    Big(BigInt),
}

impl From<i128> for Coefficient {
    fn from(value: i128) -> Coefficient {
        Coefficient::Small(value)
    }
}

impl From<BigInt> for Coefficient {
    fn from(value: BigInt) -> Coefficient {
        match value.to_i128() {
            Some(small) => Coefficient::Small(small),
            None => Coefficient::Big(value),
        }
    }
}

impl Coefficient {
    pub fn to_big(&self) -> BigInt {
        match self {
            Coefficient::Small(value) => BigInt::from(*value),
            Coefficient::Big(value) => value.clone(),
        }
    }

    pub fn is_zero(&self) -> bool {
        matches!(self, Coefficient::Small(0))
    }

    fn sign(&self) -> i32 {
        match self {
            Coefficient::Small(value) => value.signum() as i32,
            Coefficient::Big(value) if value.sign() == Sign::Minus => -1,
            Coefficient::Big(_) => 1,
        }
    }

    fn negate(&self) -> Coefficient {
        match self {
            Coefficient::Small(value) => match value.checked_neg() {
                Some(negated) => Coefficient::Small(negated),
                None => Coefficient::from(-BigInt::from(*value)),
            },
            Coefficient::Big(value) => Coefficient::from(-value),
        }
    }

    /// The number of decimal digits; zero has none.
    fn digit_count(&self) -> u32 {
        match self {
            Coefficient::Small(0) => 0,
            Coefficient::Small(value) => value.unsigned_abs().ilog10() + 1,
            Coefficient::Big(value) => big_digit_count(value),
        }
    }

    /// `self × 10^exponent`.
    fn scale_up(&self, exponent: u32) -> Coefficient {
        if exponent == 0 || self.is_zero() {
            return self.clone();
        }
        if let (Coefficient::Small(value), Some(power)) = (self, pow10_small(exponent))
            && let Some(product) = value.checked_mul(power)
        {
            return Coefficient::Small(product);
        }
        Coefficient::from(self.to_big() * pow10(exponent))
    }
}

/// The number of decimal digits of a big integer, exactly.
fn big_digit_count(value: &BigInt) -> u32 {
    let magnitude = value.abs();
    let estimate = ((magnitude.bits().saturating_sub(1)) as f64 * std::f64::consts::LOG10_2) as u32;
    // The estimate is the exponent of a power of two not above the value, so it
    // can only be short, and by at most one digit (two with float error).
    let mut count = estimate.max(1);
    while magnitude >= pow10(count) {
        count += 1;
    }
    while count > 1 && magnitude < pow10(count - 1) {
        count -= 1;
    }
    count
}

/// `10^exponent`, when it fits.
pub(crate) fn pow10_small(exponent: u32) -> Option<i128> {
    (exponent <= 38).then(|| 10_i128.pow(exponent))
}

pub(crate) fn pow10(exponent: u32) -> BigInt {
    match pow10_small(exponent) {
        Some(small) => BigInt::from(small),
        None => BigInt::from(10u8).pow(exponent),
    }
}

fn overflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
}

impl Numeric {
    pub const ZERO: Numeric = Numeric::Finite { coefficient: Coefficient::Small(0), scale: 0 };
    pub const ONE: Numeric = Numeric::Finite { coefficient: Coefficient::Small(1), scale: 0 };

    /// A finite value without checking its size: the caller knows it is in range.
    pub fn new(coefficient: impl Into<Coefficient>, scale: u16) -> Numeric {
        Numeric::Finite { coefficient: coefficient.into(), scale }
    }

    /// A finite value, or `value overflows numeric format` (22003).
    pub fn checked(coefficient: impl Into<Coefficient>, scale: i64) -> Result<Numeric> {
        let coefficient = coefficient.into();
        if scale > i64::from(SCALE_MAX) || scale < 0 {
            return Err(overflow());
        }
        if let Coefficient::Big(value) = &coefficient {
            let weight_digits = value.bits() as f64 * std::f64::consts::LOG10_2 - scale as f64;
            if weight_digits > (WEIGHT_MAX * 4) as f64 {
                let exponent = i64::from(coefficient.digit_count()) - 1 - scale;
                if exponent.div_euclid(4) > WEIGHT_MAX {
                    return Err(overflow());
                }
            }
        }
        Ok(Numeric::Finite { coefficient, scale: scale as u16 })
    }

    pub fn is_nan(&self) -> bool {
        matches!(self, Numeric::NaN)
    }

    pub fn is_finite(&self) -> bool {
        matches!(self, Numeric::Finite { .. })
    }

    pub fn is_zero(&self) -> bool {
        matches!(self, Numeric::Finite { coefficient, .. } if coefficient.is_zero())
    }

    /// -1, 0 or 1; NaN counts as 0.
    pub fn signum(&self) -> i32 {
        match self {
            Numeric::Finite { coefficient, .. } => coefficient.sign(),
            Numeric::NaN => 0,
            Numeric::Infinity => 1,
            Numeric::NegativeInfinity => -1,
        }
    }

    /// The display scale; `None` for the special values.
    pub fn scale(&self) -> Option<u16> {
        match self {
            Numeric::Finite { scale, .. } => Some(*scale),
            _ => None,
        }
    }

    /// The coefficient and scale of a finite value.
    pub(crate) fn parts(&self) -> Option<(&Coefficient, u16)> {
        match self {
            Numeric::Finite { coefficient, scale } => Some((coefficient, *scale)),
            _ => None,
        }
    }

    /// The exponent of the leading decimal digit: 0 for `1` to `9.99`.
    fn exponent(coefficient: &Coefficient, scale: u16) -> i32 {
        coefficient.digit_count() as i32 - 1 - i32::from(scale)
    }

    /// PostgreSQL's weight: the power of 10000 of the leading base-10000 digit.
    fn weight(coefficient: &Coefficient, scale: u16) -> i32 {
        Self::exponent(coefficient, scale).div_euclid(DIGITS_PER_GROUP)
    }

    /// The first `groups` base-10000 digits as one integer, zero-filled.
    fn leading_digits(coefficient: &Coefficient, scale: u16, groups: u32) -> u64 {
        if coefficient.is_zero() {
            return 0;
        }
        let exponent = Self::exponent(coefficient, scale);
        let wanted = exponent.rem_euclid(DIGITS_PER_GROUP) as u32 + 1 + (groups - 1) * 4;
        let count = coefficient.digit_count();
        let digits = if count >= wanted {
            match coefficient {
                Coefficient::Small(value) => {
                    BigInt::from(value.unsigned_abs() / 10u128.pow(count - wanted))
                }
                Coefficient::Big(value) => value.abs() / pow10(count - wanted),
            }
        } else {
            coefficient.to_big().abs() * pow10(wanted - count)
        };
        digits.to_u64().expect("at most 16 decimal digits")
    }

    /// PostgreSQL's order: -Infinity, numbers by value, Infinity, NaN.
    #[expect(clippy::should_implement_trait, reason = "Eq would have to ignore the scale")]
    pub fn cmp(&self, other: &Numeric) -> Ordering {
        match (self.parts(), other.parts()) {
            (Some((a, s)), Some((b, t))) => compare_finite(a, s, b, t),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// Position among the special values; all finite values share one.
    fn rank(&self) -> u8 {
        match self {
            Numeric::NegativeInfinity => 0,
            Numeric::Finite { .. } => 1,
            Numeric::Infinity => 2,
            Numeric::NaN => 3,
        }
    }

    /// The value with the smallest scale that holds it (PostgreSQL's trim_scale).
    pub fn trim_scale(&self) -> Numeric {
        let Some((coefficient, scale)) = self.parts() else { return self.clone() };
        match coefficient {
            Coefficient::Small(value) => {
                let (mut value, mut scale) = (*value, scale);
                while scale > 0 && value % 10 == 0 {
                    value /= 10;
                    scale -= 1;
                }
                Numeric::new(value, scale)
            }
            Coefficient::Big(value) => {
                let (value, removed) = strip_trailing_zeros(value.clone(), u32::from(scale));
                Numeric::new(value, scale - removed as u16)
            }
        }
    }

    /// The smallest scale that holds the value exactly.
    pub fn min_scale(&self) -> Option<u16> {
        self.trim_scale().scale()
    }
}

impl PartialEq for Numeric {
    /// Equality by value: `1.10 = 1.1`, `NaN = NaN`.
    fn eq(&self, other: &Numeric) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

/// Removes up to `limit` trailing decimal zeros; answers how many it removed.
fn strip_trailing_zeros(mut value: BigInt, limit: u32) -> (BigInt, u32) {
    if value.is_zero() {
        return (value, limit);
    }
    let mut removed = 0;
    let mut step = 1u32 << (31 - limit.max(1).leading_zeros());
    while step > 0 {
        if removed + step <= limit {
            let divisor = pow10(step);
            let (quotient, remainder) = num_integer::Integer::div_rem(&value, &divisor);
            if remainder.is_zero() {
                value = quotient;
                removed += step;
                continue;
            }
        }
        step /= 2;
    }
    (value, removed)
}

fn compare_finite(a: &Coefficient, s: u16, b: &Coefficient, t: u16) -> Ordering {
    if s == t {
        return compare_coefficients(a, b);
    }
    let (sign_a, sign_b) = (a.sign(), b.sign());
    if sign_a != sign_b || sign_a == 0 {
        return sign_a.cmp(&sign_b);
    }
    // Different magnitudes decide without scaling either side up.
    let exponents = Numeric::exponent(a, s).cmp(&Numeric::exponent(b, t));
    if exponents != Ordering::Equal {
        return if sign_a > 0 { exponents } else { exponents.reverse() };
    }
    if s < t {
        compare_coefficients(&a.scale_up(u32::from(t - s)), b)
    } else {
        compare_coefficients(a, &b.scale_up(u32::from(s - t)))
    }
}

fn compare_coefficients(a: &Coefficient, b: &Coefficient) -> Ordering {
    match (a, b) {
        (Coefficient::Small(a), Coefficient::Small(b)) => a.cmp(b),
        _ => a.to_big().cmp(&b.to_big()),
    }
}

/// `numerator / denominator` rounded half away from zero.
fn divide_rounded(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let (quotient, remainder) = num_integer::Integer::div_rem(numerator, denominator);
    let twice: BigInt = remainder.abs() * 2u8;
    if twice < denominator.abs() {
        return quotient;
    }
    let negative = numerator.is_negative() != denominator.is_negative();
    if negative { quotient - BigInt::one() } else { quotient + BigInt::one() }
}
