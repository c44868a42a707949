//! Assignment to an element or a slice of an array: `UPDATE t SET a[2] = 7`.
//!
//! The binder calls these two by symbol; no function of the catalog does. Both take
//! the array (NULL counts as empty) and the new value, then
//!
//! - `array_assign_element`: one `int4` subscript per dimension;
//! - `array_assign_slice`: a text with two letters per dimension (`l` and `u` for a
//!   bound that is given, `-` for one that is not), then the bounds given.
//!
//! A one-dimensional array grows to hold what is assigned, NULLs filling the gap; in
//! more dimensions the subscripts must lie inside.

use super::super::call::{arg, arg_or_null, wrong_type};
use super::super::{CallContext, Kernel};
use super::array_error;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::array::{ELEMENTS_MAX, too_large};
use crate::sql::types::{ArrayDim, ArrayValue, Datum, Oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "array_assign_element" => |call, args| element(call, args);
    call "array_assign_slice" => |call, args| slice(call, args);
};

/// The array assigned to; NULL is an empty one.
fn target(call: &CallContext<'_>, args: &[Datum]) -> Result<ArrayValue> {
    match arg_or_null::<&ArrayValue>(args, 0)? {
        Some(array) => Ok(array.clone()),
        None => Ok(ArrayValue::from_elements(element_type(call), Vec::new())),
    }
}

fn element_type(call: &CallContext<'_>) -> Oid {
    call.eval.catalog.type_(call.result.oid).map_or(0, |array| array.element)
}

fn subscript(args: &[Datum], n: usize) -> Result<i32> {
    arg_or_null::<i32>(args, n)?.ok_or_else(|| {
        Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "array subscript in assignment must not be null",
        )
    })
}

fn element(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let mut array = target(call, args)?;
    let value = args.get(1).ok_or_else(wrong_type)?.clone();
    let indexes = (2..args.len()).map(|n| subscript(args, n)).collect::<Result<Vec<_>>>()?;
    if array.dims.is_empty() {
        array.dims =
            indexes.iter().map(|index| ArrayDim { length: 1, lower_bound: *index }).collect();
        array.elements = vec![value];
        return Ok(Datum::Array(Box::new(array)));
    }
    if array.dims.len() != indexes.len() {
        return Err(array_error("wrong number of array subscripts"));
    }
    if let [index] = indexes[..] {
        extend(&mut array, index, index)?;
    }
    let at = position(&array.dims, &indexes)
        .ok_or_else(|| array_error("array subscript out of range"))?;
    array.elements[at] = value;
    Ok(Datum::Array(Box::new(array)))
}

/// Where an element lies among the elements, if its subscripts are in range.
fn position(dims: &[ArrayDim], indexes: &[i32]) -> Option<usize> {
    let mut at = 0usize;
    for (dim, index) in dims.iter().zip(indexes) {
        let offset = i64::from(*index) - i64::from(dim.lower_bound);
        if offset < 0 || offset >= i64::from(dim.length) {
            return None;
        }
        at = at * dim.length as usize + offset as usize;
    }
    Some(at)
}

/// Makes a one-dimensional array hold the subscripts `from..=to`.
fn extend(array: &mut ArrayValue, from: i32, to: i32) -> Result<()> {
    let dim = array.dims[0];
    let (start, end) =
        (i64::from(dim.lower_bound), i64::from(dim.lower_bound) + i64::from(dim.length));
    let (from, to) = (i64::from(from), i64::from(to));
    let before = (start - from).max(0);
    let after = (to + 1 - end).max(0);
    let length = i64::from(dim.length) + before + after;
    if length > ELEMENTS_MAX as i64 {
        return Err(too_large());
    }
    let nulls = |count: i64| std::iter::repeat_n(Datum::Null, count as usize);
    array.elements.splice(0..0, nulls(before));
    array.elements.extend(nulls(after));
    array.dims[0] = ArrayDim { length: length as i32, lower_bound: from.min(start) as i32 };
    Ok(())
}

/// The bounds of a slice as written, one pair per dimension.
fn bounds(args: &[Datum]) -> Result<Vec<[Option<i32>; 2]>> {
    let given: &str = arg(args, 2)?;
    let mut next = 3;
    let mut all = Vec::with_capacity(given.len() / 2);
    for pair in given.as_bytes().chunks(2) {
        let mut bound = [None, None];
        for (slot, letter) in bound.iter_mut().zip(pair) {
            if *letter != b'-' {
                *slot = Some(subscript(args, next)?);
                next += 1;
            }
        }
        all.push(bound);
    }
    Ok(all)
}

fn slice(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(source) = arg_or_null::<&ArrayValue>(args, 1)? else {
        return Ok(args.first().ok_or_else(wrong_type)?.clone());
    };
    let mut array = target(call, args)?;
    let bounds = bounds(args)?;
    if array.dims.is_empty() {
        return slice_of_empty(array, source, &bounds);
    }
    if array.dims.len() < bounds.len() {
        return Err(array_error("wrong number of array subscripts"));
    }
    let mut ranges = Vec::with_capacity(array.dims.len());
    for (n, dim) in array.dims.iter().enumerate() {
        let [lower, upper] = bounds.get(n).copied().unwrap_or_default();
        let lower = lower.unwrap_or(dim.lower_bound);
        let upper = upper.unwrap_or(dim.lower_bound + dim.length - 1);
        if lower > upper {
            return Err(array_error("upper bound cannot be less than lower bound"));
        }
        ranges.push((lower, upper));
    }
    if let [(lower, upper)] = ranges[..] {
        extend(&mut array, lower, upper)?;
    }
    let inside = |(dim, (lower, upper)): (&ArrayDim, &(i32, i32))| {
        *lower >= dim.lower_bound
            && i64::from(*upper) < i64::from(dim.lower_bound) + i64::from(dim.length)
    };
    if !array.dims.iter().zip(&ranges).all(inside) {
        return Err(array_error("array subscript out of range"));
    }
    replace(&mut array, source, &ranges)?;
    Ok(Datum::Array(Box::new(array)))
}

/// A slice of an empty array is the whole new array.
fn slice_of_empty(
    mut array: ArrayValue,
    source: &ArrayValue,
    bounds: &[[Option<i32>; 2]],
) -> Result<Datum> {
    let mut wanted = 1i64;
    for bound in bounds {
        let [Some(lower), Some(upper)] = *bound else {
            return Err(array_error("array slice subscript must provide both boundaries")
                .with_detail(
                    "When assigning to a slice of an empty array value, slice boundaries must be \
                     fully specified.",
                ));
        };
        let length = i64::from(upper) - i64::from(lower) + 1;
        if length < 0 {
            return Err(array_error("upper bound cannot be less than lower bound"));
        }
        wanted = wanted.saturating_mul(length);
        if wanted > ELEMENTS_MAX as i64 {
            return Err(too_large());
        }
        array.dims.push(ArrayDim { length: length as i32, lower_bound: lower });
    }
    if wanted > source.elements.len() as i64 {
        return Err(array_error("source array too small"));
    }
    array.elements = source.elements[..wanted as usize].to_vec();
    if array.elements.is_empty() {
        array.dims.clear();
    }
    Ok(Datum::Array(Box::new(array)))
}

/// Puts the source's first elements where the ranges say, in order.
fn replace(array: &mut ArrayValue, source: &ArrayValue, ranges: &[(i32, i32)]) -> Result<()> {
    let count: i64 =
        ranges.iter().map(|(from, to)| i64::from(*to) - i64::from(*from) + 1).product();
    if count > source.elements.len() as i64 {
        return Err(array_error("source array too small"));
    }
    let mut indexes: Vec<i32> = ranges.iter().map(|(lower, _)| *lower).collect();
    for value in &source.elements[..count as usize] {
        let at = position(&array.dims, &indexes).ok_or_else(wrong_type)?;
        array.elements[at] = value.clone();
        for (index, (lower, upper)) in indexes.iter_mut().zip(ranges).rev() {
            if *index < *upper {
                *index += 1;
                break;
            }
            *index = *lower;
        }
    }
    Ok(())
}
