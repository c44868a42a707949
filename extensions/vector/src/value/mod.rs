//! Values of the SQL types `vector`, `halfvec` and `sparsevec`: what pgvector 0.8.6 takes,
//! prints, computes and refuses, in its words.
//!
//! A value is immutable and cheap to clone. Elements are finite; a value has at least one
//! dimension. `text` reads and prints, `stored` keeps values as bytes, `convert` casts,
//! `compute` is the operators and functions.

mod compute;
mod convert;
mod stored;
#[cfg(test)]
mod tests;
mod text;

pub use compute::{Distance, Operator};
pub use text::shortest;

use crate::kernel::sparse::Sparse;
use crate::space::OwnedSparse;
use std::sync::Arc;

/// Dimensions of `vector` and `halfvec` at most.
pub const DIMS_MAX: usize = 16_000;
/// Dimensions of `sparsevec` at most.
pub const SPARSE_DIMS_MAX: i32 = 1_000_000_000;
/// Elements of `sparsevec` that are not zero at most.
pub const NONZERO_MAX: usize = 16_000;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Vector,
    Half,
    Sparse,
}

impl Kind {
    /// The type's name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Vector => "vector",
            Kind::Half => "halfvec",
            Kind::Sparse => "sparsevec",
        }
    }

    /// Dimensions at most.
    pub fn dims_max(self) -> i32 {
        match self {
            Kind::Vector | Kind::Half => DIMS_MAX as i32,
            Kind::Sparse => SPARSE_DIMS_MAX,
        }
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Vector(Arc<[f32]>),
    /// The bits of binary16.
    Half(Arc<[u16]>),
    Sparse(Arc<SparseVec>),
}

/// A sparse vector; indices from 0, ascending, values not zero.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseVec {
    pub dims: i32,
    pub pairs: OwnedSparse,
}

impl SparseVec {
    pub fn as_sparse(&self) -> Sparse<'_> {
        self.pairs.as_sparse()
    }
}

/// Why there is no value, by the class of SQLSTATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 22P02
    Syntax,
    /// 22000
    Data,
    /// 22003
    OutOfRange,
    /// 54000
    Limit,
}

/// An error in pgvector's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    pub class: Class,
    pub message: String,
    pub detail: Option<&'static str>,
}

impl std::fmt::Display for ValueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ValueError {}

pub type Result<T> = std::result::Result<T, ValueError>;

fn error<T>(class: Class, message: impl Into<String>) -> Result<T> {
    Err(ValueError { class, message: message.into(), detail: None })
}

/// Refuses what no value of the type has: no dimension, or too many.
pub fn check_dims(kind: Kind, dims: i32) -> Result<()> {
    if dims < 1 {
        return error(Class::Data, format!("{} must have at least 1 dimension", kind.name()));
    }
    if dims > kind.dims_max() {
        let message =
            format!("{} cannot have more than {} dimensions", kind.name(), kind.dims_max());
        return error(Class::Limit, message);
    }
    Ok(())
}

/// Refuses another number of dimensions than the type modifier says; -1 is any.
pub fn check_expected(typmod: i32, dims: i32) -> Result<()> {
    if typmod != -1 && typmod != dims {
        return error(Class::Data, format!("expected {typmod} dimensions, not {dims}"));
    }
    Ok(())
}

fn check_element(kind: Kind, value: f32) -> Result<()> {
    if value.is_nan() {
        return error(Class::Data, format!("NaN not allowed in {}", kind.name()));
    }
    if value.is_infinite() {
        return error(Class::Data, format!("infinite value not allowed in {}", kind.name()));
    }
    Ok(())
}

/// Refuses a number of elements that are not zero.
pub fn check_nonzero(count: i32, dims: i32) -> Result<()> {
    if count < 0 {
        return error(Class::Data, "sparsevec cannot have negative number of elements");
    }
    if count as usize > NONZERO_MAX {
        let message = format!("sparsevec cannot have more than {NONZERO_MAX} non-zero elements");
        return error(Class::Limit, message);
    }
    if count > dims {
        return error(Class::Limit, "sparsevec cannot have more elements than dimensions");
    }
    Ok(())
}

impl Value {
    /// A `vector` of finite elements.
    pub fn vector(elements: Vec<f32>) -> Result<Value> {
        elements.iter().try_for_each(|v| check_element(Kind::Vector, *v))?;
        check_dims(Kind::Vector, i32::try_from(elements.len()).unwrap_or(i32::MAX))?;
        Ok(Value::Vector(elements.into()))
    }

    /// A `halfvec` of finite elements.
    pub fn half(elements: Vec<u16>) -> Result<Value> {
        elements.iter().try_for_each(|v| check_element(Kind::Half, widen(*v)))?;
        check_dims(Kind::Half, i32::try_from(elements.len()).unwrap_or(i32::MAX))?;
        Ok(Value::Half(elements.into()))
    }

    /// A `sparsevec`; the indices must ascend, and be of the dimensions.
    pub fn sparse(dims: i32, indices: Vec<i32>, values: Vec<f32>) -> Result<Value> {
        check_dims(Kind::Sparse, dims)?;
        check_nonzero(i32::try_from(indices.len()).unwrap_or(i32::MAX), dims)?;
        for (at, index) in indices.iter().enumerate() {
            if *index < 0 || *index >= dims {
                return error(Class::Data, "sparsevec index out of bounds");
            }
            let before = at.checked_sub(1).map(|before| indices[before]);
            if before.is_some_and(|before| *index < before) {
                return error(Class::Data, "sparsevec indices must be in ascending order");
            }
            if before == Some(*index) {
                return error(Class::Data, "sparsevec indices must not contain duplicates");
            }
        }
        values.iter().try_for_each(|v| check_element(Kind::Sparse, *v))?;
        Ok(Value::Sparse(Arc::new(SparseVec { dims, pairs: OwnedSparse { indices, values } })))
    }

    pub fn kind(&self) -> Kind {
        match self {
            Value::Vector(_) => Kind::Vector,
            Value::Half(_) => Kind::Half,
            Value::Sparse(_) => Kind::Sparse,
        }
    }

    pub fn dims(&self) -> i32 {
        match self {
            Value::Vector(elements) => elements.len() as i32,
            Value::Half(elements) => elements.len() as i32,
            Value::Sparse(sparse) => sparse.dims,
        }
    }

    /// Bytes of the elements.
    pub fn size_bytes(&self) -> usize {
        match self {
            Value::Vector(elements) => 4 * elements.len(),
            Value::Half(elements) => 2 * elements.len(),
            Value::Sparse(sparse) => 8 * sparse.pairs.indices.len(),
        }
    }
}

fn widen(bits: u16) -> f32 {
    half::f16::from_bits(bits).to_f32()
}

/// To the nearest binary16; infinite beyond.
fn narrow(value: f32) -> u16 {
    half::f16::from_f32(value).to_bits()
}
