//! `avg`, `var_*`, `stddev_*`: exact over integers and numerics, by
//! Youngs and Cramer's updating formulas over floats (which lose little to
//! cancellation), with PostgreSQL's results in both.

use super::aggregates;
use crate::error::{Error, Result};
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{AggregateKernel, AggregateState};
use crate::sql::types::Datum;
use crate::sql::types::numeric::{Numeric, Sum};
use crate::sqlstate;

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    strict "avg_int8" => |_| super::sum::Integers::average();
    strict "avg_int4" => |_| super::sum::Integers::average();
    strict "avg_int2" => |_| super::sum::Integers::average();
    strict "avg_numeric" => |_| Numerics::new(Moment::Average);
    strict "avg_float4" => |_| Floats::new(Moment::Average);
    strict "avg_float8" => |_| Floats::new(Moment::Average);
    strict "stddev_int8" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_int4" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_int2" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_numeric" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_float4" => |_| Floats::new(Moment::StddevSamp);
    strict "stddev_float8" => |_| Floats::new(Moment::StddevSamp);
    strict "stddev_samp_int8" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_samp_int4" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_samp_int2" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_samp_numeric" => |_| Numerics::new(Moment::StddevSamp);
    strict "stddev_samp_float4" => |_| Floats::new(Moment::StddevSamp);
    strict "stddev_samp_float8" => |_| Floats::new(Moment::StddevSamp);
    strict "stddev_pop_int8" => |_| Numerics::new(Moment::StddevPop);
    strict "stddev_pop_int4" => |_| Numerics::new(Moment::StddevPop);
    strict "stddev_pop_int2" => |_| Numerics::new(Moment::StddevPop);
    strict "stddev_pop_numeric" => |_| Numerics::new(Moment::StddevPop);
    strict "stddev_pop_float4" => |_| Floats::new(Moment::StddevPop);
    strict "stddev_pop_float8" => |_| Floats::new(Moment::StddevPop);
    strict "variance_int8" => |_| Numerics::new(Moment::VarSamp);
    strict "variance_int4" => |_| Numerics::new(Moment::VarSamp);
    strict "variance_int2" => |_| Numerics::new(Moment::VarSamp);
    strict "variance_numeric" => |_| Numerics::new(Moment::VarSamp);
    strict "variance_float4" => |_| Floats::new(Moment::VarSamp);
    strict "variance_float8" => |_| Floats::new(Moment::VarSamp);
    strict "var_samp_int8" => |_| Numerics::new(Moment::VarSamp);
    strict "var_samp_int4" => |_| Numerics::new(Moment::VarSamp);
    strict "var_samp_int2" => |_| Numerics::new(Moment::VarSamp);
    strict "var_samp_numeric" => |_| Numerics::new(Moment::VarSamp);
    strict "var_samp_float4" => |_| Floats::new(Moment::VarSamp);
    strict "var_samp_float8" => |_| Floats::new(Moment::VarSamp);
    strict "var_pop_int8" => |_| Numerics::new(Moment::VarPop);
    strict "var_pop_int4" => |_| Numerics::new(Moment::VarPop);
    strict "var_pop_int2" => |_| Numerics::new(Moment::VarPop);
    strict "var_pop_numeric" => |_| Numerics::new(Moment::VarPop);
    strict "var_pop_float4" => |_| Floats::new(Moment::VarPop);
    strict "var_pop_float8" => |_| Floats::new(Moment::VarPop);
};

/// What is made of count, sum and squares in the end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Moment {
    Average,
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
}

impl Moment {
    fn is_sample(self) -> bool {
        matches!(self, Moment::VarSamp | Moment::StddevSamp)
    }

    fn is_deviation(self) -> bool {
        matches!(self, Moment::StddevPop | Moment::StddevSamp)
    }
}

pub fn overflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

/// Count, sum and sum of squared differences from the mean, of floats.
#[derive(Debug)]
pub struct Floats {
    moment: Moment,
    count: f64,
    sum: f64,
    squares: f64,
}

impl Floats {
    pub fn new(moment: Moment) -> Floats {
        Floats { moment, count: 0.0, sum: 0.0, squares: 0.0 }
    }

    /// A state as [`AggregateState::save`] gives it.
    pub fn load(moment: Moment, state: &[Datum]) -> Result<Floats> {
        let (count, sum, squares) = (arg(state, 0)?, arg(state, 1)?, arg(state, 2)?);
        Ok(Floats { moment, count, sum, squares })
    }

    fn add(&mut self, value: f64) -> Result<()> {
        let before = self.sum;
        let is_first = self.count <= 0.0 || self.count.is_nan();
        self.count += 1.0;
        self.sum += value;
        if !is_first {
            let distance = value * self.count - self.sum;
            self.squares += distance * distance / (self.count * (self.count - 1.0));
            if self.sum.is_infinite() || self.squares.is_infinite() {
                if !before.is_infinite() && !value.is_infinite() {
                    return Err(overflow());
                }
                self.squares = f64::NAN;
            }
        } else if !value.is_finite() {
            self.squares = f64::NAN;
        }
        Ok(())
    }
}

/// A float of either width.
pub fn float(args: &[Datum], n: usize) -> Result<f64> {
    match args.get(n) {
        Some(Datum::Float8(value)) => Ok(*value),
        Some(Datum::Float4(value)) => Ok(f64::from(*value)),
        _ => Err(wrong_type()),
    }
}

impl AggregateState for Floats {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        self.add(float(args, 0)?)
    }

    fn finish(&mut self) -> Result<Datum> {
        let too_few = if self.moment.is_sample() { self.count <= 1.0 } else { self.count == 0.0 };
        if too_few {
            return Ok(Datum::Null);
        }
        let value = match self.moment {
            Moment::Average => self.sum / self.count,
            Moment::VarPop | Moment::StddevPop => self.squares / self.count,
            Moment::VarSamp | Moment::StddevSamp => self.squares / (self.count - 1.0),
        };
        Ok(Datum::Float8(if self.moment.is_deviation() { value.sqrt() } else { value }))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok([self.count, self.sum, self.squares].map(Datum::Float8).to_vec())
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        let (count, sum, squares): (f64, f64, f64) =
            (arg(state, 0)?, arg(state, 1)?, arg(state, 2)?);
        if count == 0.0 {
            return Ok(());
        }
        if self.count == 0.0 {
            (self.count, self.sum, self.squares) = (count, sum, squares);
            return Ok(());
        }
        let total = self.count + count;
        let distance = self.sum / self.count - sum / count;
        let merged = self.squares + squares + self.count * count * distance * distance / total;
        let infinite = self.squares.is_infinite() || squares.is_infinite();
        let merged_sum = self.sum + sum;
        let infinite_sum = self.sum.is_infinite() || sum.is_infinite();
        if (merged.is_infinite() && !infinite) || (merged_sum.is_infinite() && !infinite_sum) {
            return Err(overflow());
        }
        (self.squares, self.sum) = (merged, merged_sum);
        self.count = total;
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// Count, sum and sum of squares, exact.
#[derive(Debug)]
struct Numerics {
    moment: Moment,
    count: i64,
    sum: Sum,
    squares: Sum,
}

impl Numerics {
    fn new(moment: Moment) -> Numerics {
        Numerics { moment, count: 0, sum: Sum::default(), squares: Sum::default() }
    }

    fn variance(&self) -> Result<Numeric> {
        let count = Numeric::from(self.count);
        let sum = self.sum.total()?;
        if !sum.is_finite() {
            return Ok(Numeric::NaN);
        }
        let spread = count.mul(&self.squares.total()?)?.sub(&sum.mul(&sum)?)?;
        if spread.signum() <= 0 {
            return Ok(Numeric::ZERO);
        }
        let divisor = if self.moment.is_sample() { self.count - 1 } else { self.count };
        spread.div(&count.mul(&Numeric::from(divisor))?)
    }
}

/// An integer or numeric as a numeric.
pub fn numeric(args: &[Datum]) -> Result<Numeric> {
    match args.first() {
        Some(Datum::Numeric(value)) => Ok(value.clone()),
        Some(Datum::Int2(value)) => Ok(Numeric::from(*value)),
        Some(Datum::Int4(value)) => Ok(Numeric::from(*value)),
        Some(Datum::Int8(value)) => Ok(Numeric::from(*value)),
        _ => Err(wrong_type()),
    }
}

impl AggregateState for Numerics {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let value = numeric(args)?;
        self.count += 1;
        if self.moment != Moment::Average {
            self.squares.add(&value.mul(&value)?);
        }
        self.sum.add(&value);
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        let least = if self.moment.is_sample() { 2 } else { 1 };
        if self.count < least {
            return Ok(Datum::Null);
        }
        if self.moment == Moment::Average {
            return self.sum.total()?.div(&Numeric::from(self.count)).map(Datum::Numeric);
        }
        let variance = self.variance()?;
        if !self.moment.is_deviation() || !variance.is_finite() || variance.is_zero() {
            return Ok(Datum::Numeric(variance));
        }
        let scale = variance.scale().map_or(0, i32::from);
        variance.sqrt()?.round(scale).map(Datum::Numeric)
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![
            Datum::Int8(self.count),
            Datum::Numeric(self.sum.total()?),
            Datum::Numeric(self.squares.total()?),
        ])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        self.count += arg::<i64>(state, 0)?;
        self.sum.add(arg(state, 1)?);
        self.squares.add(arg(state, 2)?);
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}
