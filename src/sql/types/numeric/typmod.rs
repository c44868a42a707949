//! `numeric(precision, scale)`: rounding to a declared scale, checking the precision.

use super::{Coefficient, Numeric};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Offset that PostgreSQL adds to the type modifiers of variable-length types.
const HEADER: i32 = 4;

/// Precision and scale as a type modifier encodes them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NumericTypmod {
    pub precision: i32,
    /// -1000 to 1000; negative rounds to the left of the point.
    pub scale: i32,
}

impl NumericTypmod {
    /// `None` for an unconstrained numeric (-1).
    pub fn decode(typmod: i32) -> Option<NumericTypmod> {
        let bits = typmod.checked_sub(HEADER).filter(|_| typmod >= HEADER)?;
        let scale = ((bits & 0x7ff) ^ 1024) - 1024;
        Some(NumericTypmod { precision: (bits >> 16) & 0xffff, scale })
    }

    pub fn encode(self) -> i32 {
        ((self.precision << 16) | (self.scale & 0x7ff)) + HEADER
    }

    /// Rounds to the scale and checks the precision (`22003 numeric field overflow`).
    pub fn apply(self, value: Numeric) -> Result<Numeric> {
        if let Some(scale) = value.scale()
            && i32::from(scale) == self.scale
            && let Numeric::Finite { coefficient: Coefficient::Small(c), .. } = &value
            && (self.precision >= 39 || c.unsigned_abs() < 10u128.pow(self.precision as u32))
        {
            return Ok(value);
        }
        if !value.is_finite() {
            return if value.is_nan() { Ok(value) } else { Err(self.infinite()) };
        }
        let rounded = value.round(self.scale)?;
        let (coefficient, scale) = rounded.parts().expect("rounding keeps it finite");
        let whole_digits = Numeric::exponent(coefficient, scale) + 1;
        if !coefficient.is_zero() && whole_digits > self.precision - self.scale {
            return Err(self.too_large());
        }
        Ok(rounded)
    }

    fn too_large(self) -> Error {
        let digits = self.precision - self.scale;
        let limit = if digits == 0 { "1".to_owned() } else { format!("10^{digits}") };
        self.overflow(format!("must round to an absolute value less than {limit}."))
    }

    fn infinite(self) -> Error {
        self.overflow("cannot hold an infinite value.".to_owned())
    }

    fn overflow(self, what: String) -> Error {
        let NumericTypmod { precision, scale } = self;
        Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow")
            .with_detail(format!("A field with precision {precision}, scale {scale} {what}"))
    }
}
