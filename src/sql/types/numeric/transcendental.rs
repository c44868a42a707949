//! Square root, exponential, logarithms and powers.
//!
//! Each function chooses PostgreSQL's scale for its result (16 significant
//! digits by an estimate of the result's size, never less than the arguments'
//! scales, at most 1000), computes with more digits than that and rounds once.
//!
//! The series run over fixed-point integers: a `BigInt` that stands for
//! `value × 10^digits`. Logarithms use `ln m = 2·atanh((m-1)/(m+1))`, and
//! `ln 10 = 46·atanh(1/31) + 34·atanh(1/49) + 20·atanh(1/161)` (Gauss).

use std::f64::consts::{LN_10, LOG10_E};

use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};

use super::arithmetic::{divide_to_scale, reduce};
use super::{
    Coefficient, DIGITS_PER_GROUP, Numeric, RESULT_SCALE_MAX, SCALE_MAX, SIGNIFICANT_DIGITS_MIN,
    divide_rounded, overflow, pow10,
};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Digits computed beyond those asked for, against rounding in the series.
const GUARD_DIGITS: u32 = 12;
/// Arguments of `exp` beyond this overflow (or vanish).
const EXP_ARGUMENT_MAX: f64 = 6000.0;

impl Numeric {
    pub fn sqrt(&self) -> Result<Numeric> {
        if self.signum() < 0 {
            return Err(Error::new(
                sqlstate::INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "cannot take square root of a negative number",
            ));
        }
        let Some((c, s)) = self.parts() else { return Ok(self.clone()) };
        let weight = if c.is_zero() { 0 } else { Numeric::weight(c, s) };
        let root_weight = (weight + 1) * DIGITS_PER_GROUP / 2 - 1;
        let scale = result_scale(root_weight, &[s]);
        // √(c·10^-s) = √(c·10^(2·scale+2-s)) · 10^-(scale+1), rounded at the end.
        let shift = 2 * i32::from(scale) + 2 - i32::from(s);
        let value = if shift >= 0 {
            c.scale_up(shift as u32).to_big()
        } else {
            c.to_big() / pow10((-shift) as u32)
        };
        Ok(Numeric::new(reduce(&Coefficient::from(value.sqrt()), 1, true), scale))
    }

    pub fn exp(&self) -> Result<Numeric> {
        let Some((_, s)) = self.parts() else {
            return Ok(match self {
                Numeric::NegativeInfinity => Numeric::ZERO,
                other => other.clone(),
            });
        };
        let weight = (self.to_f64() * LOG10_E).clamp(-2000.0, 2000.0) as i32;
        exp_to_scale(self, result_scale(weight, &[s]))
    }

    pub fn ln(&self) -> Result<Numeric> {
        check_logarithm(self)?;
        let Some((_, s)) = self.parts() else { return Ok(self.clone()) };
        let scale = result_scale(ln_weight(self), &[s]);
        Ok(rounded(ln_to_digits(self, u32::from(scale)), scale))
    }

    /// The logarithm of `self` to `base`.
    pub fn log(&self, base: &Numeric) -> Result<Numeric> {
        if self.is_nan() || base.is_nan() {
            return Ok(Numeric::NaN);
        }
        check_logarithm(base)?;
        check_logarithm(self)?;
        let ((_, s), (_, t)) = match (self.parts(), base.parts()) {
            (Some(value), Some(base)) => (value, base),
            (None, Some(_)) => return Ok(Numeric::Infinity),
            (Some(_), None) => return Ok(Numeric::ZERO),
            (None, None) => return Ok(Numeric::NaN),
        };
        let (base_weight, value_weight) = (ln_weight(base), ln_weight(self));
        let weight = value_weight - base_weight;
        let scale = result_scale(weight, &[s, t]);
        let digits_for = |own: i32| (i32::from(scale) + weight - own + 8).max(0) as u32;
        let value_digits = digits_for(value_weight);
        let base_digits = digits_for(base_weight);
        let numerator = fixed_to_coefficient(ln_to_digits(self, value_digits));
        let denominator = fixed_to_coefficient(ln_to_digits(base, base_digits));
        if denominator.is_zero() {
            return Err(Error::division_by_zero());
        }
        let (s, t) = (clamp_scale(value_digits)?, clamp_scale(base_digits)?);
        divide_to_scale(&numerator, s, &denominator, t, scale, true)
    }

    pub fn power(&self, exponent: &Numeric) -> Result<Numeric> {
        if let Some(special) = power_special(self, exponent)? {
            return Ok(special);
        }
        if let Some(integer) = small_integer(exponent) {
            return power_integer(self, integer);
        }
        if self.is_zero() {
            return Ok(Numeric::new(0, SIGNIFICANT_DIGITS_MIN as u16));
        }
        power_real(self, exponent)
    }
}

/// The scale that gives 16 significant digits to a result of decimal weight
/// `weight`, not below the arguments' scales.
fn result_scale(weight: i32, scales: &[u16]) -> u16 {
    let least = scales.iter().copied().max().unwrap_or(0);
    (SIGNIFICANT_DIGITS_MIN - weight).max(i32::from(least)).clamp(0, RESULT_SCALE_MAX) as u16
}

fn clamp_scale(digits: u32) -> Result<u16> {
    u16::try_from(digits).ok().filter(|scale| *scale <= SCALE_MAX).ok_or_else(overflow)
}

fn check_logarithm(value: &Numeric) -> Result<()> {
    let message = match value.signum() {
        0 if !value.is_nan() => "cannot take logarithm of zero",
        -1 => "cannot take logarithm of a negative number",
        _ => return Ok(()),
    };
    Err(Error::new(sqlstate::INVALID_ARGUMENT_FOR_LOG, message))
}

/// PostgreSQL's estimate of the decimal weight of `ln(value)`, for value > 0.
fn ln_weight(value: &Numeric) -> i32 {
    let (c, s) = value.parts().expect("checked finite");
    let near_one = Numeric::new(9, 1).cmp(value).is_le() && value.cmp(&Numeric::new(11, 1)).is_le();
    if near_one {
        let distance = value.sub(&Numeric::ONE).expect("small");
        let (d, t) = distance.parts().expect("finite");
        if d.is_zero() {
            return 0;
        }
        let first = Numeric::leading_digits(d, t, 1) as f64;
        return Numeric::weight(d, t) * DIGITS_PER_GROUP + first.log10() as i32;
    }
    let digits = Numeric::leading_digits(c, s, 2) as f64;
    let weight = (Numeric::weight(c, s) - 1) * DIGITS_PER_GROUP;
    let ln = digits.ln() + f64::from(weight) * LN_10;
    ln.abs().log10() as i32
}

fn fixed_to_coefficient(fixed: BigInt) -> Coefficient {
    Coefficient::from(divide_rounded(&fixed, &pow10(GUARD_DIGITS)))
}

fn rounded(fixed: BigInt, scale: u16) -> Numeric {
    Numeric::new(fixed_to_coefficient(fixed), scale)
}

/// `ln(value) × 10^(digits + GUARD_DIGITS)`, for value > 0.
fn ln_to_digits(value: &Numeric, digits: u32) -> BigInt {
    let (c, s) = value.parts().expect("checked finite");
    let precision = digits + GUARD_DIGITS + 8;
    let exponent = Numeric::exponent(c, s);
    // m = value / 10^k with k chosen so that m lies in [0.3, 3).
    let leading = c.scale_up(0).to_big();
    let count = c.digit_count();
    let first = if count > 1 { &leading / pow10(count - 1) } else { leading.clone() };
    let k = if first >= BigInt::from(3) { exponent + 1 } else { exponent };
    let m = shift(&leading, precision as i32 - i32::from(s) - k);
    let one = pow10(precision);
    let z = (&m - &one) * &one / (&m + &one);
    let mut ln = atanh_series(&z, precision) * 2;
    if k != 0 {
        ln += ln_10(precision) * k;
    }
    divide_rounded(&ln, &pow10(8))
}

fn shift(value: &BigInt, exponent: i32) -> BigInt {
    if exponent >= 0 { value * pow10(exponent as u32) } else { value / pow10((-exponent) as u32) }
}

/// `atanh(z)` in fixed point, by `z + z³/3 + z⁵/5 + …`.
fn atanh_series(z: &BigInt, precision: u32) -> BigInt {
    let one = pow10(precision);
    let square = z * z / &one;
    let (mut power, mut sum, mut n) = (z.clone(), z.clone(), 1u32);
    while !power.is_zero() {
        power = power * &square / &one;
        n += 2;
        sum += &power / n;
    }
    sum
}

/// `atanh(1/n)` in fixed point.
fn atanh_inverse(n: u32, precision: u32) -> BigInt {
    let square = BigInt::from(u64::from(n) * u64::from(n));
    let (mut power, mut k) = (pow10(precision) / n, 1u32);
    let mut sum = power.clone();
    while !power.is_zero() {
        power /= &square;
        k += 2;
        sum += &power / k;
    }
    sum
}

fn ln_10(precision: u32) -> BigInt {
    let extra = precision + 4;
    let sum = atanh_inverse(31, extra) * 46
        + atanh_inverse(49, extra) * 34
        + atanh_inverse(161, extra) * 20;
    sum / 10_000
}

/// `e^value` rounded to `scale` digits.
fn exp_to_scale(value: &Numeric, scale: u16) -> Result<Numeric> {
    let (c, s) = value.parts().expect("checked finite");
    let estimate = value.to_f64();
    if estimate.abs() >= EXP_ARGUMENT_MAX {
        return if estimate > 0.0 { Err(overflow()) } else { Ok(Numeric::new(0, scale)) };
    }
    // e^x = 10^n · e^r with r = x - n·ln 10 in ±1.2.
    let n = (estimate / LN_10).round() as i32;
    let wanted = i32::from(scale) + n;
    if wanted < -2 {
        return Ok(Numeric::new(0, scale));
    }
    let precision = wanted.max(0) as u32 + GUARD_DIGITS + 10;
    let x = shift(&c.to_big(), precision as i32 - i32::from(s));
    let r = if n == 0 { x } else { x - ln_10(precision + 6) * n / 1_000_000 };
    let e_r = exp_series(&r, precision);
    // e_r·10^(n - precision) = result·10^-scale
    let removed = precision as i32 - wanted;
    let result = divide_rounded(&e_r, &pow10(removed as u32));
    Numeric::checked(result, i64::from(scale))
}

/// `e^r` in fixed point for small r: halves r eight times, sums the Taylor
/// series and squares back.
fn exp_series(r: &BigInt, precision: u32) -> BigInt {
    const HALVINGS: usize = 8;
    let extra = precision + 6;
    let one = pow10(extra);
    let small: BigInt = r * 1_000_000 / (1 << HALVINGS);
    let (mut term, mut sum, mut n) = (one.clone(), one.clone(), 1u32);
    while !term.is_zero() {
        term = term * &small / (&one * n);
        sum += &term;
        n += 1;
    }
    for _ in 0..HALVINGS {
        sum = &sum * &sum / &one;
    }
    sum / 1_000_000
}

/// The exponent as an integer that fits `i32`, if it is one.
fn small_integer(exponent: &Numeric) -> Option<i32> {
    let (c, s) = exponent.trim_scale().parts().map(|(c, s)| (c.clone(), s))?;
    match (c, s) {
        (Coefficient::Small(value), 0) => value.to_i32(),
        _ => None,
    }
}

fn complex_result() -> Error {
    Error::new(
        sqlstate::INVALID_ARGUMENT_FOR_POWER_FUNCTION,
        "a negative number raised to a non-integer power yields a complex result",
    )
}

fn is_integer(value: &Numeric) -> bool {
    value.min_scale() == Some(0)
}

fn is_odd(value: &Numeric) -> bool {
    match value.trim_scale() {
        Numeric::Finite { coefficient, scale: 0 } => match coefficient {
            Coefficient::Small(value) => value % 2 != 0,
            Coefficient::Big(value) => value.bit(0),
        },
        _ => false,
    }
}

/// Powers that involve NaN or infinity, and those that are errors.
fn power_special(base: &Numeric, exponent: &Numeric) -> Result<Option<Numeric>> {
    if base.is_nan() {
        return Ok(Some(if exponent.is_zero() { Numeric::ONE } else { Numeric::NaN }));
    }
    if exponent.is_nan() {
        let one = base.cmp(&Numeric::ONE).is_eq();
        return Ok(Some(if one { Numeric::ONE } else { Numeric::NaN }));
    }
    if base.is_zero() && exponent.signum() < 0 {
        return Err(Error::new(
            sqlstate::INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "zero raised to a negative power is undefined",
        ));
    }
    if base.signum() < 0 && exponent.is_finite() && !is_integer(exponent) {
        return Err(complex_result());
    }
    if base.is_finite() && exponent.is_finite() {
        return Ok(None);
    }
    Ok(Some(power_infinite(base, exponent)))
}

/// Powers where base or exponent is infinite, as POSIX `pow` has them.
fn power_infinite(base: &Numeric, exponent: &Numeric) -> Numeric {
    if base.cmp(&Numeric::ONE).is_eq() || exponent.is_zero() {
        return Numeric::ONE;
    }
    if !exponent.is_finite() {
        let magnitude = base.abs().cmp(&Numeric::ONE);
        return match (magnitude, exponent.signum() > 0) {
            (std::cmp::Ordering::Equal, _) => Numeric::ONE,
            (std::cmp::Ordering::Greater, true) | (std::cmp::Ordering::Less, false) => {
                Numeric::Infinity
            }
            _ => Numeric::ZERO,
        };
    }
    match (exponent.signum() > 0, base.signum() > 0) {
        (false, _) => Numeric::ZERO,
        (true, false) if is_odd(exponent) => Numeric::NegativeInfinity,
        (true, _) => Numeric::Infinity,
    }
}

/// A power with an integer exponent, by repeated squaring with as many digits
/// as the result needs.
fn power_integer(base: &Numeric, exponent: i32) -> Result<Numeric> {
    let (c, s) = base.parts().expect("checked finite");
    let scale = SIGNIFICANT_DIGITS_MIN.max(i32::from(s)).min(RESULT_SCALE_MAX) as u16;
    match exponent {
        0 => return Numeric::ONE.round(i32::from(scale)),
        1 => return base.round(i32::from(scale)),
        2 => return base.mul(base)?.round(i32::from(scale)),
        -1 => return divide_to_scale(&Coefficient::Small(1), 0, c, s, scale, true),
        _ if c.is_zero() => return Ok(Numeric::new(0, scale)),
        _ => {}
    }
    let digits = Numeric::leading_digits(c, s, 4) as f64;
    let weight = f64::from((Numeric::weight(c, s) - 3) * DIGITS_PER_GROUP);
    let log10 = f64::from(exponent) * (digits.log10() + weight);
    if log10 > f64::from(3 * 32767 * DIGITS_PER_GROUP) {
        return Err(overflow());
    }
    if log10 + 1.0 < -f64::from(scale) {
        return Ok(Numeric::new(0, scale));
    }
    let significant = (1 + i32::from(scale) + log10 as i32).max(0) as u32
        + f64::from(exponent.unsigned_abs()).ln() as u32
        + 8
        + GUARD_DIGITS;
    Approximation::power(c, s, exponent.unsigned_abs(), significant)
        .into_numeric(exponent < 0, scale)
}

/// A number kept to a bounded count of significant digits: `mantissa × 10^exponent`.
struct Approximation {
    mantissa: BigInt,
    exponent: i64,
}

impl Approximation {
    fn truncate(mut self, digits: u32) -> Approximation {
        let excess = self.mantissa.bits() as f64 * std::f64::consts::LOG10_2 - f64::from(digits);
        if excess >= 2.0 {
            let removed = excess as u32;
            self.mantissa /= pow10(removed);
            self.exponent += i64::from(removed);
        }
        self
    }

    fn multiply(&self, other: &Approximation, digits: u32) -> Approximation {
        Approximation {
            mantissa: &self.mantissa * &other.mantissa,
            exponent: self.exponent + other.exponent,
        }
        .truncate(digits)
    }

    fn power(c: &Coefficient, s: u16, mut exponent: u32, digits: u32) -> Approximation {
        let mut square = Approximation { mantissa: c.to_big(), exponent: -i64::from(s) };
        let mut product = Approximation { mantissa: BigInt::one(), exponent: 0 };
        loop {
            if exponent & 1 == 1 {
                product = product.multiply(&square, digits);
            }
            exponent >>= 1;
            if exponent == 0 {
                return product;
            }
            square = square.multiply(&square, digits);
        }
    }

    /// The number, or its inverse, rounded to `scale` digits.
    fn into_numeric(self, inverse: bool, scale: u16) -> Result<Numeric> {
        let scale_digits = i64::from(scale);
        let (numerator, denominator) =
            if inverse { (BigInt::one(), self.mantissa) } else { (self.mantissa, BigInt::one()) };
        let shift = scale_digits + if inverse { -self.exponent } else { self.exponent };
        if shift.unsigned_abs() > 600_000 {
            return Err(overflow());
        }
        let power = pow10(shift.unsigned_abs() as u32);
        let quotient = if shift >= 0 {
            divide_rounded(&(numerator * power), &denominator)
        } else {
            divide_rounded(&numerator, &(denominator * power))
        };
        Numeric::checked(quotient, scale_digits)
    }
}

/// A power through logarithms: `base^exponent = e^(exponent · ln base)`.
fn power_real(base: &Numeric, exponent: &Numeric) -> Result<Numeric> {
    let negative = base.signum() < 0 && is_odd(exponent);
    let base = base.abs();
    let (_, s) = base.parts().expect("checked finite");
    let (e, t) = exponent.parts().expect("checked finite");
    let base_weight = ln_weight(&base);
    // Eight digits or so, rounded where PostgreSQL rounds: the estimate decides the scale.
    let estimate = {
        let digits = clamp_scale((8 - base_weight).max(0) as u32)?;
        let ln = fixed_to_coefficient(ln_to_digits(&base, u32::from(digits)));
        Numeric::new(ln, digits).mul(exponent)?.round(i32::from(digits))?.to_f64()
    };
    if estimate.abs() > EXP_ARGUMENT_MAX + 20.0 {
        let vanished = Numeric::new(0, RESULT_SCALE_MAX as u16);
        return if estimate > 0.0 { Err(overflow()) } else { Ok(vanished) };
    }
    let weight = (estimate * LOG10_E) as i32;
    let scale = result_scale(weight, &[s, t]);
    let significant = (i32::from(scale) + weight).max(0);
    let digits = (significant - base_weight + 8).max(0) as u32;
    // exponent · ln base, to `digits` digits after the point.
    let ln = ln_to_digits(&base, digits) * e.to_big();
    let product = divide_rounded(&ln, &pow10(GUARD_DIGITS + u32::from(t)));
    let power = exp_to_scale(&Numeric::new(product, clamp_scale(digits)?), scale)?;
    Ok(if negative { power.neg() } else { power })
}
