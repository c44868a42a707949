//! The four operations, remainder and rounding, with PostgreSQL's result scales.
//!
//! | operation | scale of the result |
//! |---|---|
//! | `+`, `-`, `%` | the larger of the two |
//! | `*` | the sum |
//! | `/` | enough for 16 significant digits, at least both scales, at most 1000 |

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;

use super::{
    Coefficient, DIGITS_PER_GROUP, Numeric, RESULT_SCALE_MAX, SCALE_MAX, SIGNIFICANT_DIGITS_MIN,
    divide_rounded, pow10, pow10_small,
};
use crate::error::{Error, Result};

/// Brings two coefficients to the larger of their scales.
fn align(a: &Coefficient, s: u16, b: &Coefficient, t: u16) -> (Coefficient, Coefficient, u16) {
    let scale = s.max(t);
    (a.scale_up(u32::from(scale - s)), b.scale_up(u32::from(scale - t)), scale)
}

impl Numeric {
    pub fn add(&self, other: &Numeric) -> Result<Numeric> {
        use Numeric::{Infinity, NaN, NegativeInfinity};
        match (self, other) {
            (Numeric::Finite { .. }, Numeric::Finite { .. }) => self.add_finite(other),
            (NaN, _) | (_, NaN) => Ok(NaN),
            (Infinity, NegativeInfinity) | (NegativeInfinity, Infinity) => Ok(NaN),
            (Infinity, _) | (_, Infinity) => Ok(Infinity),
            _ => Ok(NegativeInfinity),
        }
    }

    fn add_finite(&self, other: &Numeric) -> Result<Numeric> {
        let ((a, s), (b, t)) = both_parts(self, other);
        if s == t
            && let (Coefficient::Small(a), Coefficient::Small(b)) = (a, b)
            && let Some(sum) = a.checked_add(*b)
        {
            return Ok(Numeric::new(sum, s));
        }
        let (a, b, scale) = align(a, s, b, t);
        if let (Coefficient::Small(a), Coefficient::Small(b)) = (&a, &b)
            && let Some(sum) = a.checked_add(*b)
        {
            return Ok(Numeric::new(sum, scale));
        }
        Numeric::checked(a.to_big() + b.to_big(), i64::from(scale))
    }

    pub fn sub(&self, other: &Numeric) -> Result<Numeric> {
        self.add(&other.neg())
    }

    pub fn neg(&self) -> Numeric {
        match self {
            Numeric::Finite { coefficient, scale } => {
                Numeric::Finite { coefficient: coefficient.negate(), scale: *scale }
            }
            Numeric::NaN => Numeric::NaN,
            Numeric::Infinity => Numeric::NegativeInfinity,
            Numeric::NegativeInfinity => Numeric::Infinity,
        }
    }

    pub fn abs(&self) -> Numeric {
        if self.signum() < 0 { self.neg() } else { self.clone() }
    }

    /// -1, 0 or 1 as a numeric; NaN stays NaN.
    pub fn sign(&self) -> Numeric {
        if self.is_nan() { Numeric::NaN } else { Numeric::new(i128::from(self.signum()), 0) }
    }

    pub fn mul(&self, other: &Numeric) -> Result<Numeric> {
        if !self.is_finite() || !other.is_finite() {
            if self.is_nan() || other.is_nan() {
                return Ok(Numeric::NaN);
            }
            return Ok(infinity_of_sign(self.signum() * other.signum()));
        }
        let ((a, s), (b, t)) = both_parts(self, other);
        let scale = u32::from(s) + u32::from(t);
        let product = match (a, b) {
            (Coefficient::Small(a), Coefficient::Small(b)) => match a.checked_mul(*b) {
                Some(product) => Coefficient::Small(product),
                None => Coefficient::from(BigInt::from(*a) * BigInt::from(*b)),
            },
            _ => Coefficient::from(a.to_big() * b.to_big()),
        };
        if scale > u32::from(SCALE_MAX) {
            let excess = scale - u32::from(SCALE_MAX);
            let rounded = divide_rounded(&product.to_big(), &pow10(excess));
            return Numeric::checked(rounded, i64::from(SCALE_MAX));
        }
        Numeric::checked(product, i64::from(scale))
    }

    pub fn div(&self, other: &Numeric) -> Result<Numeric> {
        if let Some(special) = divide_special(self, other)? {
            return Ok(special);
        }
        let ((a, s), (b, t)) = both_parts(self, other);
        let scale = quotient_scale(a, s, b, t);
        divide_to_scale(a, s, b, t, scale, true)
    }

    /// Integer quotient, truncated towards zero (`div(a, b)`).
    pub fn div_trunc(&self, other: &Numeric) -> Result<Numeric> {
        if let Some(special) = divide_special(self, other)? {
            return Ok(special);
        }
        let ((a, s), (b, t)) = both_parts(self, other);
        divide_to_scale(a, s, b, t, 0, false)
    }

    /// Remainder with the sign of the dividend.
    pub fn rem(&self, other: &Numeric) -> Result<Numeric> {
        if self.is_nan() || other.is_nan() {
            return Ok(Numeric::NaN);
        }
        if !self.is_finite() {
            return if other.is_zero() { Err(Error::division_by_zero()) } else { Ok(Numeric::NaN) };
        }
        if !other.is_finite() {
            return Ok(self.clone());
        }
        let ((a, s), (b, t)) = both_parts(self, other);
        if b.is_zero() {
            return Err(Error::division_by_zero());
        }
        let (a, b, scale) = align(a, s, b, t);
        match (&a, &b) {
            // i128::MIN % -1 overflows; it is 0.
            (Coefficient::Small(a), Coefficient::Small(b)) => {
                Ok(Numeric::new(a.checked_rem(*b).unwrap_or(0), scale))
            }
            _ => Ok(Numeric::new(a.to_big() % b.to_big(), scale)),
        }
    }

    /// Rounds half away from zero to `scale` digits, which may be negative.
    pub fn round(&self, scale: i32) -> Result<Numeric> {
        self.rescale(scale, true)
    }

    /// Cuts to `scale` digits, which may be negative.
    pub fn trunc(&self, scale: i32) -> Result<Numeric> {
        self.rescale(scale, false)
    }

    fn rescale(&self, scale: i32, rounded: bool) -> Result<Numeric> {
        let Some((coefficient, current)) = self.parts() else { return Ok(self.clone()) };
        let wanted = scale.clamp(-131073, i32::from(SCALE_MAX));
        let shown = wanted.max(0) as u32;
        let current = i32::from(current);
        if wanted >= current {
            let grown = coefficient.scale_up((wanted - current) as u32);
            return Numeric::checked(grown, i64::from(shown));
        }
        let removed = (current - wanted) as u32;
        let kept = reduce(coefficient, removed, rounded);
        // A negative scale keeps zeros in place of the digits it removed.
        Numeric::checked(kept.scale_up((-wanted).max(0) as u32), i64::from(shown))
    }

    pub fn ceil(&self) -> Result<Numeric> {
        let whole = self.trunc(0)?;
        if whole.cmp(self).is_lt() { whole.add(&Numeric::ONE) } else { Ok(whole) }
    }

    pub fn floor(&self) -> Result<Numeric> {
        let whole = self.trunc(0)?;
        if whole.cmp(self).is_gt() { whole.sub(&Numeric::ONE) } else { Ok(whole) }
    }

    /// The bucket (from 1 to `count`) of an equal-width histogram over
    /// `[low, high)`; 0 below and `count + 1` above; bounds may be reversed.
    pub fn width_bucket(&self, low: &Numeric, high: &Numeric, count: i32) -> Result<i32> {
        let fault = |message: &str| {
            Err(Error::new(
                crate::sqlstate::INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION,
                message.to_owned(),
            ))
        };
        if count <= 0 {
            return fault("count must be greater than zero");
        }
        if self.is_nan() || low.is_nan() || high.is_nan() {
            return fault("operand, lower bound, and upper bound cannot be NaN");
        }
        if !low.is_finite() || !high.is_finite() {
            return fault("lower and upper bounds must be finite");
        }
        let above = count.checked_add(1).ok_or_else(|| Error::out_of_range("integer"));
        match low.cmp(high) {
            std::cmp::Ordering::Equal => fault("lower bound cannot equal upper bound"),
            order => {
                let ascending = order.is_lt();
                let (before, past) = (self.cmp(low), self.cmp(high));
                if (ascending && before.is_lt()) || (!ascending && before.is_gt()) {
                    return Ok(0);
                }
                if (ascending && past.is_ge()) || (!ascending && past.is_le()) {
                    return above;
                }
                let distance = self.sub(low)?.abs().mul(&Numeric::from(i64::from(count)))?;
                let width = high.sub(low)?.abs();
                let bucket = distance.div_trunc(&width)?.add(&Numeric::ONE)?;
                bucket.to_i32()
            }
        }
    }
}

fn both_parts<'a>(
    a: &'a Numeric,
    b: &'a Numeric,
) -> ((&'a Coefficient, u16), (&'a Coefficient, u16)) {
    (a.parts().expect("checked finite"), b.parts().expect("checked finite"))
}

/// The infinity of that sign; zero times infinity is NaN.
fn infinity_of_sign(sign: i32) -> Numeric {
    match sign {
        1 => Numeric::Infinity,
        -1 => Numeric::NegativeInfinity,
        _ => Numeric::NaN,
    }
}

/// Quotients that involve NaN, infinity or zero.
fn divide_special(a: &Numeric, b: &Numeric) -> Result<Option<Numeric>> {
    if a.is_nan() || b.is_nan() {
        return Ok(Some(Numeric::NaN));
    }
    if b.is_zero() {
        return Err(Error::division_by_zero());
    }
    match (a.is_finite(), b.is_finite()) {
        (false, false) => Ok(Some(Numeric::NaN)),
        (false, true) => Ok(Some(infinity_of_sign(a.signum() * b.signum()))),
        (true, false) => Ok(Some(Numeric::ZERO)),
        (true, true) => Ok(None),
    }
}

/// PostgreSQL's scale of a quotient: at least 16 significant digits, counted
/// from an estimate of the quotient's leading base-10000 digit.
pub(super) fn quotient_scale(a: &Coefficient, s: u16, b: &Coefficient, t: u16) -> u16 {
    let leading = |c: &Coefficient, scale: u16| match c.is_zero() {
        true => (0, 0),
        false => (Numeric::weight(c, scale), Numeric::leading_digits(c, scale, 1)),
    };
    let (weight_a, first_a) = leading(a, s);
    let (weight_b, first_b) = leading(b, t);
    let weight = weight_a - weight_b - i32::from(first_a <= first_b);
    (SIGNIFICANT_DIGITS_MIN - weight * DIGITS_PER_GROUP)
        .max(i32::from(s))
        .max(i32::from(t))
        .clamp(0, RESULT_SCALE_MAX) as u16
}

/// `a / b` with `scale` digits after the point. `b` is not zero.
pub(super) fn divide_to_scale(
    a: &Coefficient,
    s: u16,
    b: &Coefficient,
    t: u16,
    scale: u16,
    rounded: bool,
) -> Result<Numeric> {
    // a·10^-s / (b·10^-t) = (a·10^(t + scale - s) / b) · 10^-scale
    let shift = i32::from(t) + i32::from(scale) - i32::from(s);
    let numerator = a.scale_up(shift.max(0) as u32);
    let denominator = b.scale_up((-shift).max(0) as u32);
    let quotient = match (&numerator, &denominator) {
        (Coefficient::Small(n), Coefficient::Small(d)) => match divide_small(*n, *d, rounded) {
            Some(quotient) => Coefficient::Small(quotient),
            None => Coefficient::from(-numerator.to_big()),
        },
        _ if rounded => divide_rounded(&numerator.to_big(), &denominator.to_big()).into(),
        _ => (numerator.to_big() / denominator.to_big()).into(),
    };
    Numeric::checked(quotient, i64::from(scale))
}

/// `None` only for `i128::MIN / -1`.
fn divide_small(n: i128, d: i128, rounded: bool) -> Option<i128> {
    let quotient = n.checked_div(d)?;
    let remainder = n % d;
    let half_or_more =
        remainder.unsigned_abs() >= d.unsigned_abs() - remainder.unsigned_abs() && remainder != 0;
    if !rounded || !half_or_more {
        return Some(quotient);
    }
    Some(if (n < 0) == (d < 0) { quotient + 1 } else { quotient - 1 })
}

/// Removes `digits` decimal digits, rounding half away from zero or cutting.
pub(super) fn reduce(coefficient: &Coefficient, digits: u32, rounded: bool) -> Coefficient {
    if digits > coefficient.digit_count() {
        return Coefficient::Small(0);
    }
    if let (Coefficient::Small(value), Some(power)) = (coefficient, pow10_small(digits)) {
        let quotient = divide_small(*value, power, rounded);
        return Coefficient::Small(quotient.expect("the divisor is positive"));
    }
    let (value, divisor) = (coefficient.to_big(), pow10(digits));
    if rounded {
        divide_rounded(&value, &divisor).into()
    } else {
        let (quotient, _) = value.div_rem(&divisor);
        quotient.into()
    }
}

/// A sum of numerics whose scale grows as needed: exact, for `sum` and `avg`.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    coefficient: BigInt,
    small: i128,
    scale: u16,
    nan: bool,
    infinity: u64,
    negative_infinity: u64,
}

impl Sum {
    pub fn add(&mut self, value: &Numeric) {
        match value {
            Numeric::Finite { coefficient, scale } => self.add_finite(coefficient, *scale),
            Numeric::NaN => self.nan = true,
            Numeric::Infinity => self.infinity += 1,
            Numeric::NegativeInfinity => self.negative_infinity += 1,
        }
    }

    fn add_finite(&mut self, coefficient: &Coefficient, scale: u16) {
        if scale > self.scale {
            let growth = u32::from(scale - self.scale);
            self.spill();
            self.coefficient *= pow10(growth);
            self.scale = scale;
        }
        let aligned = coefficient.scale_up(u32::from(self.scale - scale));
        match aligned {
            Coefficient::Small(value) => match self.small.checked_add(value) {
                Some(sum) => self.small = sum,
                None => {
                    self.spill();
                    self.small = value;
                }
            },
            Coefficient::Big(value) => self.coefficient += value,
        }
    }

    fn spill(&mut self) {
        if self.small != 0 {
            self.coefficient += BigInt::from(self.small);
            self.small = 0;
        }
    }

    /// The sum so far; 0 when nothing was added.
    pub fn total(&self) -> Result<Numeric> {
        match (self.nan, self.infinity > 0, self.negative_infinity > 0) {
            (true, _, _) | (_, true, true) => return Ok(Numeric::NaN),
            (_, true, _) => return Ok(Numeric::Infinity),
            (_, _, true) => return Ok(Numeric::NegativeInfinity),
            _ => {}
        }
        if self.coefficient.is_zero() {
            return Ok(Numeric::new(self.small, self.scale));
        }
        Numeric::checked(&self.coefficient + BigInt::from(self.small), i64::from(self.scale))
    }
}
