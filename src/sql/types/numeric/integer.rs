//! Greatest common divisor, least common multiple, factorial.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::One;

use super::{Coefficient, Numeric, overflow};
use crate::error::{Error, Result};
use crate::sqlstate;

/// The factorial of anything larger does not fit the format.
const FACTORIAL_MAX: i64 = 32177;

impl Numeric {
    /// The largest number of which both are integer multiples.
    pub fn gcd(&self, other: &Numeric) -> Numeric {
        let Some((a, b, scale)) = aligned(self, other) else { return Numeric::NaN };
        Numeric::new(a.gcd(&b), scale)
    }

    /// The smallest number that is an integer multiple of both.
    pub fn lcm(&self, other: &Numeric) -> Result<Numeric> {
        let Some((a, b, scale)) = aligned(self, other) else { return Ok(Numeric::NaN) };
        if self.is_zero() || other.is_zero() {
            return Ok(Numeric::new(0, scale));
        }
        Numeric::checked(a.lcm(&b), i64::from(scale))
    }

    pub fn factorial(n: i64) -> Result<Numeric> {
        if n < 0 {
            return Err(Error::new(
                sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
                "factorial of a negative number is undefined",
            ));
        }
        if n > FACTORIAL_MAX {
            return Err(overflow());
        }
        Ok(Numeric::new(product(1, n.max(1) as u64), 0))
    }
}

fn aligned(a: &Numeric, b: &Numeric) -> Option<(BigInt, BigInt, u16)> {
    let ((a, s), (b, t)) = (a.parts()?, b.parts()?);
    let scale = s.max(t);
    let up = |c: &Coefficient, own: u16| c.scale_up(u32::from(scale - own)).to_big();
    Some((up(a, s), up(b, t), scale))
}

/// `low · (low + 1) · … · high`, halving the range so that factors stay balanced.
fn product(low: u64, high: u64) -> BigInt {
    if high - low < 8 {
        return (low..=high).fold(BigInt::one(), |product, factor| product * factor);
    }
    let middle = low + (high - low) / 2;
    product(low, middle) * product(middle + 1, high)
}
