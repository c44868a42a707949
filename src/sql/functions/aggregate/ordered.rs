//! Ordered-set aggregates: `percentile_cont`, `percentile_disc`, `mode`.
//!
//! The caller feeds the rows in the order of WITHIN GROUP; each row carries the
//! direct arguments first, then the value. After a merge of partitions, whose
//! orders interleave, the values are sorted again by the type's own order.

use super::aggregates;
use crate::error::{Error, Result};
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{AggregateKernel, AggregateState, CallContext, value};
use crate::sql::types::datetime;
use crate::sql::types::{self, ArrayValue, Datum, Oid, Repr};
use crate::sqlstate;

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    strict "mode_anyelement" => |call| Sorted::new(call, 0, Kind::Mode);
    strict "percentile_cont_float8_float8" => |call| Sorted::new(call, 1, Kind::Continuous);
    strict "percentile_cont_float8_interval" => |call| Sorted::new(call, 1, Kind::Continuous);
    strict "percentile_cont_float8_array_float8" => |call| Sorted::new(call, 1, Kind::Continuous);
    strict "percentile_cont_float8_array_interval" => |call| Sorted::new(call, 1, Kind::Continuous);
    strict "percentile_disc_float8_anyelement" => |call| Sorted::new(call, 1, Kind::Discrete);
    strict "percentile_disc_float8_array_anyelement" => |call| Sorted::new(call, 1, Kind::Discrete);
};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Mode,
    Continuous,
    Discrete,
}

/// The values of the group in order, and the direct argument.
#[derive(Debug)]
struct Sorted {
    kind: Kind,
    /// Direct arguments before the value.
    direct: usize,
    value_type: Oid,
    repr: Option<Repr>,
    fraction: Option<Datum>,
    values: Vec<Datum>,
    bytes: usize,
    merged: bool,
}

impl Sorted {
    fn new(call: &CallContext<'_>, direct: usize, kind: Kind) -> Sorted {
        let value_type = call.args.get(direct).map_or(0, |ty| ty.oid);
        let repr = value::repr(call, value_type).ok();
        let (values, bytes) = (Vec::new(), 0);
        Sorted { kind, direct, value_type, repr, fraction: None, values, bytes, merged: false }
    }

    fn mode(&self, repr: &Repr) -> Datum {
        let mut best: (usize, Option<&Datum>) = (0, None);
        for run in self.values.chunk_by(|a, b| types::compare(a, b, repr).is_eq()) {
            if run.len() > best.0 {
                best = (run.len(), run.first());
            }
        }
        best.1.cloned().unwrap_or(Datum::Null)
    }

    fn percentile(&self, fraction: f64) -> Result<Datum> {
        if !(0.0..=1.0).contains(&fraction) {
            return Err(Error::new(
                sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
                format!("percentile value {fraction} is not between 0 and 1"),
            ));
        }
        let count = self.values.len() as f64;
        if self.kind == Kind::Discrete {
            let row = (fraction * count).ceil().max(1.0) as usize;
            return Ok(self.values[row - 1].clone());
        }
        let position = fraction * (count - 1.0);
        let (low, high) = (position.floor() as usize, position.ceil() as usize);
        let part = position - position.floor();
        interpolate(&self.values[low], &self.values[high], part)
    }
}

/// A value between two others.
fn interpolate(low: &Datum, high: &Datum, part: f64) -> Result<Datum> {
    match (low, high) {
        (Datum::Float8(low), Datum::Float8(high)) => Ok(Datum::Float8(low + part * (high - low))),
        (Datum::Interval(low), Datum::Interval(high)) => {
            let distance = datetime::interval_sub(high, low)?;
            let step = datetime::interval_mul(&distance, part)?;
            datetime::interval_add(low, &step).map(Datum::Interval)
        }
        _ => Err(wrong_type()),
    }
}

impl AggregateState for Sorted {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        if self.direct > 0 && self.fraction.is_none() {
            self.fraction = args.first().cloned();
        }
        let value = args.get(self.direct).ok_or_else(wrong_type)?;
        self.bytes += size_of::<Datum>() + value::size_bytes(Some(value));
        self.values.push(value.clone());
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        let repr = self.repr.clone().ok_or_else(wrong_type)?;
        if self.merged {
            self.values.sort_by(|a, b| types::compare(a, b, &repr));
        }
        if self.values.is_empty() {
            return Ok(Datum::Null);
        }
        if self.kind == Kind::Mode {
            return Ok(self.mode(&repr));
        }
        match &self.fraction {
            Some(Datum::Float8(fraction)) => self.percentile(*fraction),
            Some(Datum::Array(fractions)) => {
                let percentile = |fraction: &Datum| match fraction {
                    Datum::Float8(fraction) => self.percentile(*fraction),
                    _ => Ok(Datum::Null),
                };
                let elements = fractions.elements.iter().map(percentile).collect::<Result<_>>()?;
                let (element_type, dims) = (self.value_type, fractions.dims.clone());
                Ok(Datum::Array(Box::new(ArrayValue { element_type, dims, elements })))
            }
            _ => Ok(Datum::Null),
        }
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        let values = ArrayValue::from_elements(self.value_type, std::mem::take(&mut self.values));
        Ok(vec![self.fraction.take().unwrap_or(Datum::Null), Datum::Array(Box::new(values))])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        if self.fraction.is_none() {
            self.fraction = state.first().filter(|fraction| !fraction.is_null()).cloned();
        }
        let values: &ArrayValue = arg(state, 1)?;
        self.merged |= !self.values.is_empty();
        self.bytes += value::size_bytes(state.get(1));
        self.values.extend_from_slice(&values.elements);
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}
