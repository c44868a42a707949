//! `numeric`: exact decimal numbers with a display scale.

use num_bigint::BigInt;

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
