//! `corr`, `covar_*` and `regr_*`: statistics of pairs `(y, x)`.

use super::aggregates;
use super::moments::{float, overflow};
use crate::error::Result;
use crate::sql::functions::call::arg;
use crate::sql::functions::{AggregateKernel, AggregateState};
use crate::sql::types::Datum;

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    strict "corr_float8_float8" => |_| Pairs::new(Pairs::correlation);
    strict "covar_pop_float8_float8" => |_| Pairs::new(Pairs::covariance);
    strict "covar_samp_float8_float8" => |_| Pairs::new(Pairs::sample_covariance);
    strict "regr_avgx_float8_float8" => |_| Pairs::new(Pairs::average_x);
    strict "regr_avgy_float8_float8" => |_| Pairs::new(Pairs::average_y);
    strict "regr_count_float8_float8" => |_| Pairs::new(|p| Some(Datum::Int8(p.count as i64)));
    strict "regr_intercept_float8_float8" => |_| Pairs::new(Pairs::intercept);
    strict "regr_r2_float8_float8" => |_| Pairs::new(Pairs::determination);
    strict "regr_slope_float8_float8" => |_| Pairs::new(Pairs::slope);
    strict "regr_sxx_float8_float8" => |_| Pairs::new(Pairs::sum_xx);
    strict "regr_sxy_float8_float8" => |_| Pairs::new(Pairs::sum_xy);
    strict "regr_syy_float8_float8" => |_| Pairs::new(Pairs::sum_yy);
};

/// Count, sums, and sums of products of the differences from the means.
#[derive(Debug)]
pub struct Pairs {
    result: fn(&Pairs) -> Option<Datum>,
    count: f64,
    x: f64,
    xx: f64,
    y: f64,
    yy: f64,
    xy: f64,
}

impl Pairs {
    fn new(result: fn(&Pairs) -> Option<Datum>) -> Pairs {
        Pairs { result, count: 0.0, x: 0.0, xx: 0.0, y: 0.0, yy: 0.0, xy: 0.0 }
    }

    /// A state as [`AggregateState::save`] gives it, only to be added to.
    pub fn load(state: &[Datum]) -> Result<Pairs> {
        let sum = |n: usize| arg::<f64>(state, n);
        let empty = Pairs::new(|_| None);
        let (count, x, xx) = (sum(0)?, sum(1)?, sum(2)?);
        Ok(Pairs { count, x, xx, y: sum(3)?, yy: sum(4)?, xy: sum(5)?, ..empty })
    }

    pub fn covariance(&self) -> Option<Datum> {
        self.at_least(1.0, self.xy / self.count)
    }

    pub fn sample_covariance(&self) -> Option<Datum> {
        self.at_least(2.0, self.xy / (self.count - 1.0))
    }

    pub fn average_x(&self) -> Option<Datum> {
        self.at_least(1.0, self.x / self.count)
    }

    pub fn average_y(&self) -> Option<Datum> {
        self.at_least(1.0, self.y / self.count)
    }

    pub fn sum_xx(&self) -> Option<Datum> {
        self.at_least(1.0, self.xx)
    }

    pub fn sum_xy(&self) -> Option<Datum> {
        self.at_least(1.0, self.xy)
    }

    pub fn sum_yy(&self) -> Option<Datum> {
        self.at_least(1.0, self.yy)
    }

    fn at_least(&self, count: f64, value: f64) -> Option<Datum> {
        let too_few = self.count < count;
        (!too_few).then_some(Datum::Float8(value))
    }

    pub fn correlation(&self) -> Option<Datum> {
        if self.xx == 0.0 || self.yy == 0.0 {
            return None;
        }
        self.at_least(1.0, self.xy / (self.xx * self.yy).sqrt())
    }

    pub fn determination(&self) -> Option<Datum> {
        if self.xx == 0.0 {
            return None;
        }
        if self.yy == 0.0 {
            return self.at_least(1.0, 1.0);
        }
        self.at_least(1.0, self.xy * self.xy / (self.xx * self.yy))
    }

    pub fn slope(&self) -> Option<Datum> {
        if self.xx == 0.0 { None } else { self.at_least(1.0, self.xy / self.xx) }
    }

    pub fn intercept(&self) -> Option<Datum> {
        if self.xx == 0.0 {
            return None;
        }
        self.at_least(1.0, (self.y - self.x * self.xy / self.xx) / self.count)
    }

    fn add(&mut self, y: f64, x: f64) -> Result<()> {
        let finite = x.is_finite() && y.is_finite() && self.x.is_finite() && self.y.is_finite();
        let is_first = self.count <= 0.0 || self.count.is_nan();
        self.count += 1.0;
        self.x += x;
        self.y += y;
        if !is_first {
            let (dx, dy) = (x * self.count - self.x, y * self.count - self.y);
            let scale = 1.0 / (self.count * (self.count - 1.0));
            self.xx += dx * dx * scale;
            self.yy += dy * dy * scale;
            self.xy += dx * dy * scale;
            self.spoil(finite)?;
        } else {
            if !x.is_finite() {
                (self.xx, self.xy) = (f64::NAN, f64::NAN);
            }
            if !y.is_finite() {
                (self.yy, self.xy) = (f64::NAN, f64::NAN);
            }
        }
        Ok(())
    }

    /// Infinities from finite inputs are an overflow; others make NaN.
    fn spoil(&mut self, finite: bool) -> Result<()> {
        let sums = [self.x, self.xx, self.y, self.yy, self.xy];
        if !sums.iter().any(|sum| sum.is_infinite()) {
            return Ok(());
        }
        if finite {
            return Err(overflow());
        }
        for sum in [&mut self.xx, &mut self.yy, &mut self.xy] {
            if sum.is_infinite() {
                *sum = f64::NAN;
            }
        }
        Ok(())
    }

    /// Adds another state as `float8_regr_combine` does, in its order of operations.
    pub fn combine(&mut self, state: &[Datum]) -> Result<()> {
        let mut sums = [0.0; 6];
        for (n, sum) in sums.iter_mut().enumerate() {
            *sum = arg(state, n)?;
        }
        let [count, x, xx, y, yy, xy] = sums;
        if count == 0.0 {
            return Ok(());
        }
        if self.count == 0.0 {
            *self = Pairs { result: self.result, count, x, xx, y, yy, xy };
            return Ok(());
        }
        let (a, b) = (self.count, count);
        let (dx, dy) = (self.x / a - x / b, self.y / a - y / b);
        let between = |d: f64, e: f64| a * b * d * e / (a + b);
        let merged = [
            (&mut self.x, x, 0.0),
            (&mut self.xx, xx, between(dx, dx)),
            (&mut self.y, y, 0.0),
            (&mut self.yy, yy, between(dy, dy)),
            (&mut self.xy, xy, between(dx, dy)),
        ];
        for (sum, other, between) in merged {
            let was_infinite = sum.is_infinite() || other.is_infinite();
            *sum = *sum + other + between;
            if sum.is_infinite() && !was_infinite {
                return Err(overflow());
            }
        }
        self.count += count;
        Ok(())
    }
}

impl AggregateState for Pairs {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        self.add(float(args, 0)?, float(args, 1)?)
    }

    fn finish(&mut self) -> Result<Datum> {
        Ok((self.result)(self).unwrap_or(Datum::Null))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok([self.count, self.x, self.xx, self.y, self.yy, self.xy].map(Datum::Float8).to_vec())
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        let mut sums = [0.0; 6];
        for (n, sum) in sums.iter_mut().enumerate() {
            *sum = arg(state, n)?;
        }
        let [count, x, xx, y, yy, xy] = sums;
        if count == 0.0 {
            return Ok(());
        }
        let finite = [self.x, self.xx, self.y, self.yy, self.xy, x, xx, y, yy, xy];
        let finite = finite.iter().all(|sum| !sum.is_infinite());
        if self.count > 0.0 {
            let total = self.count + count;
            let (dx, dy) = (self.x / self.count - x / count, self.y / self.count - y / count);
            let weight = self.count * count / total;
            self.xx += weight * dx * dx;
            self.yy += weight * dy * dy;
            self.xy += weight * dx * dy;
        }
        self.count += count;
        self.x += x;
        self.xx += xx;
        self.y += y;
        self.yy += yy;
        self.xy += xy;
        if finite { self.spoil(true) } else { Ok(()) }
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}
