//! Conversions between `numeric` and the other number types.

use num_traits::ToPrimitive;

use super::{Coefficient, Numeric};
use crate::error::{Error, Result};

impl From<i64> for Numeric {
    fn from(value: i64) -> Numeric {
        Numeric::new(i128::from(value), 0)
    }
}

impl From<i32> for Numeric {
    fn from(value: i32) -> Numeric {
        Numeric::new(i128::from(value), 0)
    }
}

impl From<i16> for Numeric {
    fn from(value: i16) -> Numeric {
        Numeric::new(i128::from(value), 0)
    }
}

impl Numeric {
    /// Rounded to the nearest integer; errors as `numeric::int2` has them.
    pub fn to_i16(&self) -> Result<i16> {
        self.to_integer("smallint")?.to_i16().ok_or_else(|| Error::out_of_range("smallint"))
    }

    pub fn to_i32(&self) -> Result<i32> {
        self.to_integer("integer")?.to_i32().ok_or_else(|| Error::out_of_range("integer"))
    }

    pub fn to_i64(&self) -> Result<i64> {
        self.to_integer("bigint")?.to_i64().ok_or_else(|| Error::out_of_range("bigint"))
    }

    fn to_integer(&self, type_name: &str) -> Result<i128> {
        let special = |what: &str| {
            Err(Error::new(
                crate::sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot convert {what} to {type_name}"),
            ))
        };
        match self {
            Numeric::NaN => special("NaN"),
            Numeric::Infinity | Numeric::NegativeInfinity => special("infinity"),
            Numeric::Finite { .. } => match self.round(0)? {
                Numeric::Finite { coefficient: Coefficient::Small(value), .. } => Ok(value),
                _ => Err(Error::out_of_range(type_name)),
            },
        }
    }

    /// The nearest double; infinite when too large.
    pub fn to_f64(&self) -> f64 {
        match self {
            Numeric::NaN => f64::NAN,
            Numeric::Infinity => f64::INFINITY,
            Numeric::NegativeInfinity => f64::NEG_INFINITY,
            Numeric::Finite { coefficient: Coefficient::Small(value), scale }
                if value.unsigned_abs() < 1 << 53 && *scale <= 22 =>
            {
                // Both are exact doubles, so the quotient is correctly rounded.
                *value as f64 / 10f64.powi(i32::from(*scale))
            }
            finite => finite.to_string().parse().expect("digits parse as a double"),
        }
    }

    /// As `numeric::float8`: too large is an error.
    pub fn to_float8(&self) -> Result<f64> {
        let value = self.to_f64();
        if value.is_infinite() && self.is_finite() {
            return Err(out_of_range(self, "double precision"));
        }
        if value == 0.0 && !self.is_zero() {
            return Err(out_of_range(self, "double precision"));
        }
        Ok(value)
    }

    /// As `numeric::float4`: too large, or too small to tell from zero, is an error.
    pub fn to_float4(&self) -> Result<f32> {
        let value = match self {
            Numeric::NaN => f32::NAN,
            Numeric::Infinity => f32::INFINITY,
            Numeric::NegativeInfinity => f32::NEG_INFINITY,
            finite => finite.to_string().parse().expect("digits parse as a float"),
        };
        if self.is_finite() && (value.is_infinite() || (value == 0.0 && !self.is_zero())) {
            return Err(out_of_range(self, "real"));
        }
        Ok(value)
    }

    /// The 15 significant digits that PostgreSQL's cast keeps.
    pub fn from_f64(value: f64) -> Numeric {
        if let Some(special) = special_float(value) {
            return special;
        }
        from_scientific(&format!("{value:.14e}"))
    }

    /// The 6 significant digits that PostgreSQL's cast keeps.
    pub fn from_f32(value: f32) -> Numeric {
        if let Some(special) = special_float(f64::from(value)) {
            return special;
        }
        from_scientific(&format!("{value:.5e}"))
    }
}

fn out_of_range(value: &Numeric, type_name: &str) -> Error {
    Error::new(
        crate::sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
        format!("\"{value}\" is out of range for type {type_name}"),
    )
}

fn special_float(value: f64) -> Option<Numeric> {
    if value.is_nan() {
        Some(Numeric::NaN)
    } else if value == f64::INFINITY {
        Some(Numeric::Infinity)
    } else if value == f64::NEG_INFINITY {
        Some(Numeric::NegativeInfinity)
    } else {
        None
    }
}

/// Reads `d.ddde±x` and drops the mantissa's trailing zeros, as `%g` would.
fn from_scientific(text: &str) -> Numeric {
    let (mantissa, exponent) = text.split_once('e').expect("the format has an exponent");
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    Numeric::parse(&format!("{mantissa}e{exponent}")).expect("a double's text is a numeric")
}
