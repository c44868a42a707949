//! `array_agg` and `string_agg`: all values of the group together.

use super::aggregates;
use crate::error::{Error, Result};
use crate::sql::functions::call::{arg, arg_or_null, wrong_type};
use crate::sql::functions::text::LENGTH_MAX_BYTES;
use crate::sql::functions::{AggregateKernel, AggregateState, value};
use crate::sql::types::{ArrayDim, ArrayValue, Datum, Oid};
use crate::sqlstate;

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    every "array_agg_anynonarray" => |call: &crate::sql::functions::CallContext<'_>| Elements {
        element_type: call.args.first().map_or(0, |ty| ty.oid),
        elements: Vec::new(),
        bytes: 0,
    };
    every "array_agg_anyarray" => |_| Slices::default();
    every "string_agg_text_text" => |_| Joined { binary: false, ..Joined::default() };
    every "string_agg_bytea_bytea" => |_| Joined { binary: true, ..Joined::default() };
};

/// The elements of the array to be.
#[derive(Debug)]
struct Elements {
    element_type: Oid,
    elements: Vec<Datum>,
    bytes: usize,
}

impl AggregateState for Elements {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let element = args.first().ok_or_else(wrong_type)?;
        self.bytes += size_of::<Datum>() + value::size_bytes(Some(element));
        self.elements.push(element.clone());
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        if self.elements.is_empty() {
            return Ok(Datum::Null);
        }
        let elements = self.elements.clone();
        Ok(Datum::Array(Box::new(ArrayValue::from_elements(self.element_type, elements))))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        if let Some(array) = arg_or_null::<&ArrayValue>(state, 0)? {
            for element in &array.elements {
                self.update(std::slice::from_ref(element))?;
            }
        }
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}

/// Arrays of the same dimensions, stacked to one of one dimension more.
#[derive(Debug, Default)]
struct Slices {
    stacked: Option<ArrayValue>,
    bytes: usize,
}

impl Slices {
    fn append(&mut self, array: &ArrayValue, count: i32, dims: &[ArrayDim]) -> Result<()> {
        self.bytes += value::size_bytes(Some(&Datum::Array(Box::new(array.clone()))));
        match &mut self.stacked {
            None => {
                let mut all = vec![ArrayDim { length: count, lower_bound: 1 }];
                all.extend_from_slice(dims);
                self.stacked = Some(ArrayValue { dims: all, ..array.clone() });
            }
            Some(stacked) if stacked.dims[1..] == *dims => {
                stacked.dims[0].length += count;
                stacked.elements.extend_from_slice(&array.elements);
            }
            Some(_) => {
                return Err(Error::new(
                    sqlstate::ARRAY_SUBSCRIPT_ERROR,
                    "cannot accumulate arrays of different dimensionality",
                ));
            }
        }
        Ok(())
    }
}

impl AggregateState for Slices {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let Some(array) = arg_or_null::<&ArrayValue>(args, 0)? else {
            return Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                "cannot accumulate null arrays",
            ));
        };
        if array.elements.is_empty() {
            return Err(Error::new(
                sqlstate::ARRAY_SUBSCRIPT_ERROR,
                "cannot accumulate empty arrays",
            ));
        }
        self.append(array, 1, &array.dims)
    }

    fn finish(&mut self) -> Result<Datum> {
        Ok(self.stacked.clone().map_or(Datum::Null, |array| Datum::Array(Box::new(array))))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        match arg_or_null::<&ArrayValue>(state, 0)? {
            None => Ok(()),
            Some(array) => self.append(array, array.dims[0].length, &array.dims[1..]),
        }
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}

/// Values each behind its delimiter; the first delimiter is dropped in the end.
#[derive(Debug, Default)]
struct Joined {
    binary: bool,
    seen: bool,
    bytes: Vec<u8>,
    first_delimiter: usize,
}

/// The bytes of a text or bytea argument.
fn bytes_of(args: &[Datum], n: usize) -> Result<Option<&[u8]>> {
    match args.get(n) {
        None | Some(Datum::Null) => Ok(None),
        Some(Datum::Text(text)) => Ok(Some(text.as_bytes())),
        Some(Datum::Bytea(bytes)) => Ok(Some(bytes)),
        _ => Err(wrong_type()),
    }
}

impl AggregateState for Joined {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let Some(value) = bytes_of(args, 0)? else { return Ok(()) };
        let delimiter = bytes_of(args, 1)?.unwrap_or_default();
        if !self.seen {
            self.first_delimiter = delimiter.len();
        }
        self.seen = true;
        self.bytes.extend_from_slice(delimiter);
        self.bytes.extend_from_slice(value);
        if self.bytes.len() > LENGTH_MAX_BYTES {
            return Err(Error::out_of_memory(
                "string buffer exceeds maximum allowed length (1073741823 bytes)",
            ));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        if !self.seen {
            return Ok(Datum::Null);
        }
        let joined = self.bytes[self.first_delimiter..].to_vec();
        if self.binary {
            return Ok(Datum::Bytea(joined.into()));
        }
        String::from_utf8(joined)
            .map(Datum::Text)
            .map_err(|_| Error::internal("joined texts are no text"))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![
            Datum::Bool(self.seen),
            Datum::Int4(self.first_delimiter as i32),
            Datum::Bytea(std::mem::take(&mut self.bytes).into()),
        ])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        if !arg::<bool>(state, 0)? {
            return Ok(());
        }
        if !self.seen {
            self.first_delimiter = arg::<i32>(state, 1)? as usize;
        }
        self.seen = true;
        self.bytes.extend_from_slice(arg::<&[u8]>(state, 2)?);
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity()
    }
}
