//! Operators and functions.

use super::*;
use crate::kernel::{self, sparse};
use std::cmp::Ordering;

/// A distance by its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    L2,
    L2Squared,
    InnerProduct,
    NegativeInnerProduct,
    Cosine,
    L1,
    /// The angle as a share of π, of unit vectors.
    Spherical,
}

/// An operator on the elements of two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
}

fn overflow<T>() -> Result<T> {
    error(Class::OutOfRange, "value out of range: overflow")
}

fn underflow<T>() -> Result<T> {
    error(Class::OutOfRange, "value out of range: underflow")
}

impl Value {
    fn same_dims(&self, other: &Value) -> Result<()> {
        let (a, b) = (self.dims(), other.dims());
        if a != b {
            let name = self.kind().name();
            return error(Class::Data, format!("different {name} dimensions {a} and {b}"));
        }
        Ok(())
    }

    /// The distance to a value of the same type.
    pub fn distance(&self, other: &Value, distance: Distance) -> Result<f64> {
        self.same_dims(other)?;
        match (self, other) {
            (Value::Vector(a), Value::Vector(b)) => Ok(measured(
                distance,
                || kernel::l2_squared_f32(a, b),
                || kernel::inner_f32(a, b),
                || kernel::cosine_f32(a, b),
                || kernel::l1_f32(a, b),
            )),
            (Value::Half(a), Value::Half(b)) => Ok(measured(
                distance,
                || kernel::l2_squared_f16(a, b),
                || kernel::inner_f16(a, b),
                || kernel::cosine_f16(a, b),
                || kernel::l1_f16(a, b),
            )),
            (Value::Sparse(a), Value::Sparse(b)) => Ok(measured(
                distance,
                || sparse::l2_squared(a.as_sparse(), b.as_sparse()),
                || sparse::inner(a.as_sparse(), b.as_sparse()),
                || sparse::cosine(a.as_sparse(), b.as_sparse()),
                || sparse::l1(a.as_sparse(), b.as_sparse()),
            )),
            _ => unreachable!("both are of the declared type"),
        }
    }

    /// The order of the elements, then of the dimensions.
    pub fn compare(&self, other: &Value) -> Ordering {
        let dense = |a: &mut dyn Iterator<Item = f32>, b: &mut dyn Iterator<Item = f32>| {
            let differing = a.zip(b).find_map(|(a, b)| a.partial_cmp(&b).filter(|o| o.is_ne()));
            differing.unwrap_or_else(|| self.dims().cmp(&other.dims()))
        };
        match (self, other) {
            (Value::Vector(a), Value::Vector(b)) => {
                dense(&mut a.iter().copied(), &mut b.iter().copied())
            }
            (Value::Half(a), Value::Half(b)) => {
                dense(&mut a.iter().map(|v| widen(*v)), &mut b.iter().map(|v| widen(*v)))
            }
            (Value::Sparse(a), Value::Sparse(b)) => compare_sparse(a, b),
            _ => self.dims().cmp(&other.dims()),
        }
    }

    /// The length.
    pub fn norm(&self) -> f64 {
        let squares = |elements: &mut dyn Iterator<Item = f32>| -> f64 {
            // Not `sum`: that of nothing is -0.
            elements.fold(0.0, |sum, v| sum + f64::from(v) * f64::from(v))
        };
        match self {
            Value::Vector(elements) => squares(&mut elements.iter().copied()),
            Value::Half(elements) => squares(&mut elements.iter().map(|v| widen(*v))),
            Value::Sparse(sparse) => squares(&mut sparse.pairs.values.iter().copied()),
        }
        .sqrt()
    }

    /// The same direction with length 1; the zero vector stays.
    pub fn normalize(&self) -> Result<Value> {
        let norm = self.norm();
        let unit = |value: f32| (f64::from(value) / norm) as f32;
        match self {
            _ if norm <= 0.0 => Ok(self.clone()),
            Value::Vector(elements) => {
                let units: Vec<f32> = elements.iter().map(|v| unit(*v)).collect();
                if units.iter().any(|v| v.is_infinite()) {
                    overflow()
                } else {
                    Value::vector(units)
                }
            }
            Value::Half(elements) => {
                let units: Vec<u16> = elements.iter().map(|v| narrow(unit(widen(*v)))).collect();
                let is_infinite = units.iter().any(|v| widen(*v).is_infinite());
                if is_infinite { overflow() } else { Value::half(units) }
            }
            Value::Sparse(sparse) => {
                let units = sparse.pairs.indices.iter().zip(&sparse.pairs.values);
                let units = units.map(|(index, value)| (*index, unit(*value)));
                let (indices, values): (Vec<i32>, Vec<f32>) =
                    units.filter(|(_, value)| *value != 0.0).unzip();
                if values.iter().any(|v| v.is_infinite()) {
                    return overflow();
                }
                Value::sparse(sparse.dims, indices, values)
            }
        }
    }

    /// Element by element, of `vector` and `halfvec`.
    pub fn combine(&self, other: &Value, operator: Operator) -> Result<Value> {
        self.same_dims(other)?;
        let apply = |a: f32, b: f32| match operator {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
        };
        let is_lost = |result: f32, a: f32, b: f32| {
            operator == Operator::Multiply && result == 0.0 && a != 0.0 && b != 0.0
        };
        let half = matches!(self, Value::Half(_));
        let (a, b) = (self.to_floats(), other.to_floats());
        let mut results = Vec::with_capacity(a.len());
        for (a, b) in a.iter().zip(&b) {
            let result = apply(*a, *b);
            results.push(if half { widen(narrow(result)) } else { result });
        }
        for ((result, a), b) in results.iter().zip(&a).zip(&b) {
            if result.is_infinite() {
                return overflow();
            }
            if is_lost(*result, *a, *b) {
                return underflow();
            }
        }
        match half {
            true => Value::half(results.into_iter().map(narrow).collect()),
            false => Value::vector(results),
        }
    }

    /// One after the other, of `vector` and `halfvec`.
    pub fn concat(&self, other: &Value) -> Result<Value> {
        check_dims(self.kind(), self.dims() + other.dims())?;
        match (self, other) {
            (Value::Vector(a), Value::Vector(b)) => Value::vector([&a[..], &b[..]].concat()),
            (Value::Half(a), Value::Half(b)) => Value::half([&a[..], &b[..]].concat()),
            _ => unreachable!("dense values of one type"),
        }
    }

    /// `count` elements from `start`, which counts from 1, as `substring` does.
    pub fn subvector(&self, start: i32, count: i32) -> Result<Value> {
        let (kind, dims) = (self.kind(), self.dims());
        if count < 1 {
            check_dims(kind, 0)?;
        }
        let end = if start > dims - count { dims + 1 } else { start + count };
        if start > dims {
            check_dims(kind, 0)?;
        }
        let start = start.max(1);
        check_dims(kind, end - start)?;
        let range = start as usize - 1..end as usize - 1;
        match self {
            Value::Vector(elements) => Value::vector(elements[range].to_vec()),
            Value::Half(elements) => Value::half(elements[range].to_vec()),
            Value::Sparse(_) => unreachable!("a dense value"),
        }
    }

    /// One bit an element, set where it is above zero; the first is the highest of its
    /// byte.
    pub fn quantize(&self) -> Vec<u8> {
        let mut bytes = vec![0u8; (self.dims() as usize).div_ceil(8)];
        for (at, element) in self.to_floats().into_iter().enumerate() {
            bytes[at / 8] |= u8::from(element > 0.0) << (7 - at % 8);
        }
        bytes
    }
}

/// A distance by the kernels of a type.
fn measured(
    distance: Distance,
    l2_squared: impl Fn() -> f32,
    inner: impl Fn() -> f32,
    cosine: impl Fn() -> f64,
    l1: impl Fn() -> f32,
) -> f64 {
    match distance {
        Distance::L2 => f64::from(l2_squared()).sqrt(),
        Distance::L2Squared => f64::from(l2_squared()),
        Distance::InnerProduct => f64::from(inner()),
        Distance::NegativeInnerProduct => f64::from(-inner()),
        Distance::Cosine => cosine(),
        Distance::L1 => f64::from(l1()),
        Distance::Spherical => f64::from(inner()).clamp(-1.0, 1.0).acos() / std::f64::consts::PI,
    }
}

/// As if the zeros were there.
fn compare_sparse(a: &SparseVec, b: &SparseVec) -> Ordering {
    let sign = |value: f32| if value < 0.0 { Ordering::Less } else { Ordering::Greater };
    let (x, y) = (&a.pairs, &b.pairs);
    let shared = x.indices.len().min(y.indices.len());
    for at in 0..shared {
        match x.indices[at].cmp(&y.indices[at]) {
            Ordering::Less => return sign(x.values[at]),
            Ordering::Greater => return sign(y.values[at]).reverse(),
            Ordering::Equal => {}
        }
        if let Some(order) = x.values[at].partial_cmp(&y.values[at]).filter(|o| o.is_ne()) {
            return order;
        }
    }
    match (x.indices.get(shared), y.indices.get(shared)) {
        (None, Some(index)) if *index < a.dims => sign(y.values[shared]).reverse(),
        (Some(index), None) if *index < b.dims => sign(x.values[shared]),
        _ => a.dims.cmp(&b.dims),
    }
}
