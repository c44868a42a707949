//! `vector`, `halfvec` and `sparsevec` of the extension `vector`: the values of
//! `zserver_vector` with this server's errors and its binary forms.
//!
//! ```text
//! vector, halfvec:  dims i16 | 0 i16 | element f32 or f16 …
//! sparsevec:        dims i32 | n i32 | 0 i32 | index from 0 i32 × n | value f32 × n
//! ```

use bytes::{BufMut, BytesMut};
use zserver_vector::value::{self, Class, ValueError};

use super::wire::Reader;
use crate::error::{Error, Result};
use crate::sqlstate;

pub use zserver_vector::value::{Distance, Kind, Operator, Value};

/// The server's error of a value's.
pub fn sql_error(error: ValueError) -> Error {
    let state = match error.class {
        Class::Syntax => sqlstate::INVALID_TEXT_REPRESENTATION,
        Class::Data => sqlstate::DATA_EXCEPTION,
        Class::OutOfRange => sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
        Class::Limit => sqlstate::PROGRAM_LIMIT_EXCEEDED,
    };
    let made = Error::new(state, error.message);
    match error.detail {
        Some(detail) => made.with_detail(detail),
        None => made,
    }
}

/// Reads the text form.
pub fn parse(kind: Kind, input: &str) -> Result<Value> {
    Value::parse(kind, input).map_err(sql_error)
}

/// Refuses a number of dimensions that no value of the kind has.
pub fn check_dims(kind: Kind, dims: i32) -> Result<()> {
    value::check_dims(kind, dims).map_err(sql_error)
}

/// Refuses another number of dimensions than the type modifier says.
pub fn check_expected(typmod: i32, dims: i32) -> Result<()> {
    value::check_expected(typmod, dims).map_err(sql_error)
}

/// The type modifier that the numbers in parentheses make: the dimensions.
pub fn typmod(kind: Kind, modifiers: &[i32]) -> Result<i32> {
    let invalid = |message: String| Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
    match modifiers {
        [dims] if *dims < 1 => {
            invalid(format!("dimensions for type {} must be at least 1", kind.name()))
        }
        [dims] if *dims > kind.dims_max() => {
            let (name, max) = (kind.name(), kind.dims_max());
            invalid(format!("dimensions for type {name} cannot exceed {max}"))
        }
        [dims] => Ok(*dims),
        _ => invalid("invalid type modifier".to_owned()),
    }
}

/// A value from its stored bytes.
pub fn decode(bytes: &[u8]) -> Result<Value> {
    Value::decode(bytes).ok_or_else(|| Error::data_corrupted("a stored vector is corrupt"))
}

/// Appends the binary form.
pub fn send(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Vector(elements) => {
            out.put_i16(elements.len() as i16);
            out.put_i16(0);
            elements.iter().for_each(|element| out.put_f32(*element));
        }
        Value::Half(elements) => {
            out.put_i16(elements.len() as i16);
            out.put_i16(0);
            elements.iter().for_each(|element| out.put_u16(*element));
        }
        Value::Sparse(sparse) => {
            out.put_i32(sparse.dims);
            out.put_i32(sparse.pairs.indices.len() as i32);
            out.put_i32(0);
            sparse.pairs.indices.iter().for_each(|index| out.put_i32(*index));
            sparse.pairs.values.iter().for_each(|value| out.put_f32(*value));
        }
    }
}

/// Reads the binary form.
pub fn recv(kind: Kind, typmod: i32, reader: &mut Reader<'_>) -> Result<Value> {
    if kind == Kind::Sparse {
        return recv_sparse(typmod, reader);
    }
    let dims = i32::from(reader.u16()?);
    let unused = i32::from(reader.u16()?);
    check_dims(kind, dims)?;
    check_expected(typmod, dims)?;
    check_unused(unused)?;
    match kind {
        Kind::Half => {
            let elements: Vec<u16> = (0..dims).map(|_| reader.u16()).collect::<Result<_>>()?;
            Value::half(elements).map_err(sql_error)
        }
        _ => {
            let elements: Vec<f32> = (0..dims).map(|_| reader.f32()).collect::<Result<_>>()?;
            Value::vector(elements).map_err(sql_error)
        }
    }
}

fn recv_sparse(typmod: i32, reader: &mut Reader<'_>) -> Result<Value> {
    let (dims, count, unused) = (reader.i32()?, reader.i32()?, reader.i32()?);
    check_dims(Kind::Sparse, dims)?;
    value::check_nonzero(count, dims).map_err(sql_error)?;
    check_expected(typmod, dims)?;
    check_unused(unused)?;
    let indices: Vec<i32> = (0..count).map(|_| reader.i32()).collect::<Result<_>>()?;
    let values: Vec<f32> = (0..count).map(|_| reader.f32()).collect::<Result<_>>()?;
    let has_zero = values.contains(&0.0);
    let made = Value::sparse(dims, indices, values).map_err(sql_error)?;
    if has_zero {
        return Err(Error::new(
            sqlstate::DATA_EXCEPTION,
            "binary representation of sparsevec cannot contain zero values",
        ));
    }
    Ok(made)
}

fn check_unused(unused: i32) -> Result<()> {
    if unused == 0 {
        return Ok(());
    }
    Err(Error::new(sqlstate::DATA_EXCEPTION, format!("expected unused to be 0, not {unused}")))
}
