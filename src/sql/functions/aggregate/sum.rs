//! `count` and `sum`, and `avg` over integers and intervals.

use super::aggregates;
use super::moments::{numeric, overflow};
use crate::error::{Error, Result};
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{AggregateKernel, AggregateState};
use crate::sql::types::datetime;
use crate::sql::types::numeric::{Numeric, Sum};
use crate::sql::types::{Datum, Interval};

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    every "count" => |_| Count(0);
    strict "count_any" => |_| Count(0);
    strict "sum_int2" => |_| Integers::new(Total::Int8);
    strict "sum_int4" => |_| Integers::new(Total::Int8);
    strict "sum_int8" => |_| Integers::new(Total::Numeric);
    strict "sum_numeric" => |_| NumericSum::default();
    strict "sum_float4" => |_| FloatSum::<f32>(None);
    strict "sum_float8" => |_| FloatSum::<f64>(None);
    strict "sum_interval" => |_| IntervalSum { average: false, ..IntervalSum::default() };
    strict "avg_interval" => |_| IntervalSum { average: true, ..IntervalSum::default() };
};

#[derive(Debug)]
struct Count(i64);

impl AggregateState for Count {
    fn update(&mut self, _: &[Datum]) -> Result<()> {
        self.0 += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        Ok(Datum::Int8(self.0))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![Datum::Int8(self.0)])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        self.0 += arg::<i64>(state, 0)?;
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// What an integer sum becomes.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Total {
    Int8,
    Numeric,
    Average,
}

/// The sum of integers of any width. 128 bits hold 2⁶⁴ of the largest.
#[derive(Debug)]
pub struct Integers {
    total: Total,
    count: i64,
    sum: i128,
}

impl Integers {
    fn new(total: Total) -> Integers {
        Integers { total, count: 0, sum: 0 }
    }

    pub fn average() -> Integers {
        Integers::new(Total::Average)
    }
}

impl AggregateState for Integers {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        self.sum += match args.first() {
            Some(Datum::Int2(value)) => i128::from(*value),
            Some(Datum::Int4(value)) => i128::from(*value),
            Some(Datum::Int8(value)) => i128::from(*value),
            _ => return Err(wrong_type()),
        };
        self.count += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        if self.count == 0 {
            return Ok(Datum::Null);
        }
        let exact = || Numeric::new(self.sum, 0);
        match self.total {
            Total::Int8 => {
                i64::try_from(self.sum).map(Datum::Int8).map_err(|_| Error::out_of_range("bigint"))
            }
            Total::Numeric => Ok(Datum::Numeric(exact())),
            Total::Average => exact().div(&Numeric::from(self.count)).map(Datum::Numeric),
        }
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![
            Datum::Int8(self.count),
            Datum::Int8((self.sum >> 64) as i64),
            Datum::Int8(self.sum as i64),
        ])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        let (high, low): (i64, i64) = (arg(state, 1)?, arg(state, 2)?);
        self.count += arg::<i64>(state, 0)?;
        self.sum += i128::from(high) << 64 | i128::from(low as u64);
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

#[derive(Debug, Default)]
struct NumericSum {
    seen: bool,
    sum: Sum,
}

impl AggregateState for NumericSum {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        self.seen = true;
        self.sum.add(&numeric(args)?);
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        if self.seen { self.sum.total().map(Datum::Numeric) } else { Ok(Datum::Null) }
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        if state.first().is_some_and(Datum::is_null) { Ok(()) } else { self.update(state) }
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// The sum of floats, in their own width as in PostgreSQL.
#[derive(Debug)]
struct FloatSum<T>(Option<T>);

macro_rules! float_sum {
    ($($ty:ty, $variant:ident;)*) => {$(
        impl AggregateState for FloatSum<$ty> {
            fn update(&mut self, args: &[Datum]) -> Result<()> {
                let value: $ty = arg(args, 0)?;
                let before = self.0.unwrap_or(0.0);
                let sum = before + value;
                if sum.is_infinite() && !before.is_infinite() && !value.is_infinite() {
                    return Err(overflow());
                }
                self.0 = Some(sum);
                Ok(())
            }

            fn finish(&mut self) -> Result<Datum> {
                Ok(self.0.map_or(Datum::Null, Datum::$variant))
            }

            fn save(&mut self) -> Result<Vec<Datum>> {
                Ok(vec![self.finish()?])
            }

            fn merge(&mut self, state: &[Datum]) -> Result<()> {
                if state.first().is_some_and(Datum::is_null) { Ok(()) } else { self.update(state) }
            }

            fn size_bytes(&self) -> usize {
                size_of::<Self>()
            }
        }
    )*};
}

float_sum! {
    f32, Float4;
    f64, Float8;
}

#[derive(Debug, Default)]
struct IntervalSum {
    average: bool,
    count: i64,
    sum: Interval,
}

impl AggregateState for IntervalSum {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let value: Interval = arg(args, 0)?;
        self.sum = datetime::interval_add(&self.sum, &value)?;
        self.count += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        if self.count == 0 {
            return Ok(Datum::Null);
        }
        let value = if self.average {
            datetime::interval_div(&self.sum, self.count as f64)?
        } else {
            self.sum
        };
        Ok(Datum::Interval(value))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![Datum::Int8(self.count), Datum::Interval(self.sum)])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        self.count += arg::<i64>(state, 0)?;
        self.sum = datetime::interval_add(&self.sum, &arg(state, 1)?)?;
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}
