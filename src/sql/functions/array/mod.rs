//! Arrays: comparison, search, construction, dimensions, assignment to a part.

mod assign;

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::array::{DIMENSIONS_MAX, ELEMENTS_MAX, too_large, too_many_dimensions};
use crate::sql::types::{self, ArrayDim, ArrayValue, Datum, Repr, oid};
use crate::sqlstate;

use super::call::{arg, arg_or_null, wrong_type};
use super::{CallContext, Kernel, SetKernel, SetRows, value};

pub const KERNELS: &[&[Kernel]] = &[COMPARISON, SEARCH, CONSTRUCTION, DIMENSIONS, assign::KERNELS];

pub const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "array_unnest", rows: unnest },
    SetKernel { symbol: "generate_subscripts", rows: subscripts },
    SetKernel { symbol: "generate_subscripts_nodir", rows: subscripts },
];

/// Elements that `array_fill` makes: as many as fit in the largest value.
const FILLED_MAX: usize = super::text::LENGTH_MAX_BYTES / size_of::<Datum>();

fn array_error(what: &str) -> Error {
    Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, what)
}

/// The order of two array arguments.
fn order(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let [a, b] = args else { return Err(wrong_type()) };
    let ty = call.args.first().ok_or_else(wrong_type)?.oid;
    value::compare(call, a, b, ty)
}

const COMPARISON: &[Kernel] = kernels! {
    call "array_eq" => |call, args| Ok(Datum::Bool(order(call, args)?.is_eq()));
    call "array_ne" => |call, args| Ok(Datum::Bool(order(call, args)?.is_ne()));
    call "array_lt" => |call, args| Ok(Datum::Bool(order(call, args)?.is_lt()));
    call "array_le" => |call, args| Ok(Datum::Bool(order(call, args)?.is_le()));
    call "array_gt" => |call, args| Ok(Datum::Bool(order(call, args)?.is_gt()));
    call "array_ge" => |call, args| Ok(Datum::Bool(order(call, args)?.is_ge()));
    call "btarraycmp" => |call, args| Ok(Datum::Int4(order(call, args)? as i32));
    call "array_larger" => |call, args| Ok(args[usize::from(!order(call, args)?.is_gt())].clone());
    call "array_smaller" => |call, args| Ok(args[usize::from(!order(call, args)?.is_lt())].clone());
};

const SEARCH: &[Kernel] = kernels! {
    call "arraycontains" => |call, args| contains(call, arg(args, 0)?, arg(args, 1)?).map(Datum::Bool);
    call "arraycontained" => |call, args| contains(call, arg(args, 1)?, arg(args, 0)?).map(Datum::Bool);
    call "arrayoverlap" => overlaps;
    call "array_position" => position;
    call "array_position_start" => position;
    call "array_positions" => positions;
    call "width_bucket_array" => width_bucket;
};

fn element_repr(call: &CallContext<'_>, array: &ArrayValue) -> Result<Repr> {
    value::repr(call, array.element_type)
}

/// Whether an array has an element equal to a value; NULLs equal each other.
fn has(array: &ArrayValue, wanted: &Datum, repr: &Repr) -> bool {
    array.elements.iter().any(|element| same(element, wanted, repr))
}

/// Whether two values are not distinct.
fn same(a: &Datum, b: &Datum, repr: &Repr) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Null, _) | (_, Datum::Null) => false,
        _ => types::compare(a, b, repr).is_eq(),
    }
}

fn contains(call: &CallContext<'_>, a: &ArrayValue, b: &ArrayValue) -> Result<bool> {
    let repr = element_repr(call, a)?;
    Ok(b.elements.iter().all(|wanted| !wanted.is_null() && has(a, wanted, &repr)))
}

fn overlaps(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b): (&ArrayValue, &ArrayValue) = (arg(args, 0)?, arg(args, 1)?);
    let repr = element_repr(call, a)?;
    let shared = b.elements.iter().any(|wanted| !wanted.is_null() && has(a, wanted, &repr));
    Ok(Datum::Bool(shared))
}

fn one_dimensional<'a>(args: &'a [Datum], doing: &str) -> Result<Option<&'a ArrayValue>> {
    match arg_or_null::<&ArrayValue>(args, 0)? {
        Some(array) if array.dims.len() > 1 => Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("{doing} multidimensional arrays is not supported"),
        )),
        array => Ok(array),
    }
}

fn position(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(array) = one_dimensional(args, "searching for elements in")? else {
        return Ok(Datum::Null);
    };
    let Some(dim) = array.dims.first() else { return Ok(Datum::Null) };
    let start = match args.len() {
        ..3 => dim.lower_bound,
        _ => arg_or_null(args, 2)?.ok_or_else(|| {
            Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "initial position must not be null")
        })?,
    };
    let skipped = start.saturating_sub(dim.lower_bound).max(0) as usize;
    let repr = element_repr(call, array)?;
    let wanted = args.get(1).ok_or_else(wrong_type)?;
    let found =
        array.elements.iter().skip(skipped).position(|element| same(element, wanted, &repr));
    Ok(found.map_or(Datum::Null, |n| Datum::Int4(dim.lower_bound + (skipped + n) as i32)))
}

fn positions(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(array) = one_dimensional(args, "searching for elements in")? else {
        return Ok(Datum::Null);
    };
    let repr = element_repr(call, array)?;
    let wanted = args.get(1).ok_or_else(wrong_type)?;
    let lower = array.dims.first().map_or(1, |dim| dim.lower_bound);
    let found = array.elements.iter().enumerate().filter(|(_, e)| same(e, wanted, &repr));
    let found = found.map(|(n, _)| Datum::Int4(lower + n as i32)).collect();
    Ok(Datum::Array(Box::new(ArrayValue::from_elements(oid::INT4, found))))
}

/// The number of thresholds that are not above the operand.
fn width_bucket(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let thresholds: &ArrayValue = arg(args, 1)?;
    if thresholds.dims.len() > 1 {
        return Err(array_error("thresholds must be one-dimensional array"));
    }
    if thresholds.elements.iter().any(Datum::is_null) {
        return Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "thresholds array must not contain NULLs",
        ));
    }
    let repr = element_repr(call, thresholds)?;
    let operand = args.first().ok_or_else(wrong_type)?;
    let below = thresholds.elements.partition_point(|t| types::compare(t, operand, &repr).is_le());
    Ok(Datum::Int4(below as i32))
}

const CONSTRUCTION: &[Kernel] = kernels! {
    call "array_append" => |call, args| {
        let element = args.get(1).ok_or_else(wrong_type)?.clone();
        extend(call, args.first(), element, 1, |elements, new| elements.push(new))
    };
    call "array_prepend" => |call, args| {
        let element = args.first().ok_or_else(wrong_type)?.clone();
        extend(call, args.get(1), element, 0, |elements, new| elements.insert(0, new))
    };
    call "array_cat" => cat;
    call "array_remove" => remove;
    call "array_replace" => replace;
    call "array_fill" => fill;
    call "array_fill_with_lower_bounds" => fill;
    rows2 "trim_array" => trim;
};

/// Adds one element to a one-dimensional, empty or NULL array.
fn extend(
    call: &CallContext<'_>,
    array: Option<&Datum>,
    element: Datum,
    element_at: usize,
    add: fn(&mut Vec<Datum>, Datum),
) -> Result<Datum> {
    let mut array = match array {
        Some(Datum::Array(array)) => (**array).clone(),
        Some(Datum::Null) => {
            let element_type = call.args.get(element_at).map_or(oid::UNKNOWN, |ty| ty.oid);
            ArrayValue::from_elements(element_type, Vec::new())
        }
        _ => return Err(wrong_type()),
    };
    match array.dims.as_mut_slice() {
        [] => array.dims = vec![ArrayDim { length: 1, lower_bound: 1 }],
        [dim] => dim.length += 1,
        _ => {
            return Err(Error::new(
                sqlstate::DATA_EXCEPTION,
                "argument must be empty or one-dimensional array",
            ));
        }
    }
    if array.elements.len() >= ELEMENTS_MAX {
        return Err(too_large());
    }
    add(&mut array.elements, element);
    Ok(Datum::Array(Box::new(array)))
}

fn incompatible(detail: String) -> Error {
    array_error("cannot concatenate incompatible arrays").with_detail(detail)
}

/// `array || array`: side by side, or the one as an element of the other when
/// it has one dimension less.
fn cat(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = match (arg_or_null::<&ArrayValue>(args, 0)?, arg_or_null::<&ArrayValue>(args, 1)?)
    {
        (Some(a), Some(b)) => (a, b),
        (None, Some(one)) | (Some(one), None) => return Ok(Datum::Array(Box::new(one.clone()))),
        (None, None) => return Ok(Datum::Null),
    };
    if a.dims.is_empty() || b.dims.is_empty() {
        let one = if a.dims.is_empty() { b } else { a };
        return Ok(Datum::Array(Box::new(one.clone())));
    }
    let lengths = |dims: &[ArrayDim]| -> Vec<i32> { dims.iter().map(|dim| dim.length).collect() };
    let (x, y) = (lengths(&a.dims), lengths(&b.dims));
    let mut dims;
    if x.len() == y.len() {
        if x[1..] != y[1..] {
            return Err(incompatible(
                "Arrays with differing element dimensions are not compatible for concatenation."
                    .into(),
            ));
        }
        dims = a.dims.clone();
        dims[0].length += y[0];
    } else if x.len() + 1 == y.len() || y.len() + 1 == x.len() {
        let (outer, inner) = if x.len() > y.len() { (a, &y) } else { (b, &x) };
        if lengths(&outer.dims[1..]) != *inner {
            return Err(incompatible(
                "Arrays with differing dimensions are not compatible for concatenation.".into(),
            ));
        }
        dims = outer.dims.clone();
        dims[0].length += 1;
    } else {
        return Err(incompatible(format!(
            "Arrays of {} and {} dimensions are not compatible for concatenation.",
            x.len(),
            y.len()
        )));
    }
    if a.elements.len() + b.elements.len() > ELEMENTS_MAX {
        return Err(too_large());
    }
    let elements = [a.elements.as_slice(), b.elements.as_slice()].concat();
    Ok(Datum::Array(Box::new(ArrayValue { element_type: a.element_type, dims, elements })))
}

fn remove(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(array) = one_dimensional(args, "removing elements from")? else {
        return Ok(Datum::Null);
    };
    let repr = element_repr(call, array)?;
    let unwanted = args.get(1).ok_or_else(wrong_type)?;
    let kept: Vec<_> =
        array.elements.iter().filter(|e| !same(e, unwanted, &repr)).cloned().collect();
    if kept.len() == array.elements.len() {
        return Ok(Datum::Array(Box::new(array.clone())));
    }
    let lower_bound = array.dims.first().map_or(1, |dim| dim.lower_bound);
    let mut result = ArrayValue::from_elements(array.element_type, kept);
    if let Some(dim) = result.dims.first_mut() {
        dim.lower_bound = lower_bound;
    }
    Ok(Datum::Array(Box::new(result)))
}

fn replace(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(array) = arg_or_null::<&ArrayValue>(args, 0)? else { return Ok(Datum::Null) };
    let [_, old, new] = args else { return Err(wrong_type()) };
    let repr = element_repr(call, array)?;
    let mut array = array.clone();
    for element in &mut array.elements {
        if same(element, old, &repr) {
            *element = new.clone();
        }
    }
    Ok(Datum::Array(Box::new(array)))
}

/// A non-null `int[]` argument of at most one dimension.
fn bounds<'a>(args: &'a [Datum], n: usize) -> Result<Vec<i32>> {
    let Some(array) = arg_or_null::<&'a ArrayValue>(args, n)? else {
        return Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "dimension array or low bound array cannot be null",
        ));
    };
    if array.dims.len() > 1 {
        return Err(array_error("wrong number of array subscripts")
            .with_detail("Dimension array must be one dimensional."));
    }
    let number = |element: &Datum| match element {
        Datum::Int4(number) => Ok(*number),
        _ => Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null")),
    };
    array.elements.iter().map(number).collect()
}

/// `array_fill(value, lengths [, lower bounds])`.
fn fill(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let lengths = bounds(args, 1)?;
    let lower = if args.len() > 2 { bounds(args, 2)? } else { vec![1; lengths.len()] };
    if lower.len() != lengths.len() {
        return Err(array_error("wrong number of array subscripts")
            .with_detail("Low bound array has different size than dimensions array."));
    }
    if lengths.len() > DIMENSIONS_MAX {
        return Err(too_many_dimensions(lengths.len()));
    }
    let element_type = call.args.first().map_or(oid::UNKNOWN, |ty| ty.oid);
    let count = lengths.iter().try_fold(1_usize, |count, length| {
        usize::try_from(*length).ok().and_then(|length| count.checked_mul(length))
    });
    let count = count.filter(|count| *count <= FILLED_MAX).ok_or_else(too_large)?;
    if count == 0 || lengths.is_empty() {
        return Ok(Datum::Array(Box::new(ArrayValue::from_elements(element_type, Vec::new()))));
    }
    let dims = lengths.iter().zip(&lower);
    let dims =
        dims.map(|(length, lower)| ArrayDim { length: *length, lower_bound: *lower }).collect();
    let elements = vec![args.first().ok_or_else(wrong_type)?.clone(); count];
    Ok(Datum::Array(Box::new(ArrayValue { element_type, dims, elements })))
}

fn trim(array: &ArrayValue, count: i32) -> Result<ArrayValue> {
    let length = array.dims.first().map_or(0, |dim| dim.length);
    if !(0..=length).contains(&count) {
        return Err(array_error(&format!(
            "number of elements to trim must be between 0 and {length}"
        )));
    }
    let mut array = array.clone();
    let slice = array.elements.len() / length.max(1) as usize;
    array.elements.truncate(slice * (length - count) as usize);
    match array.dims.first_mut() {
        Some(dim) if count < length => *dim = ArrayDim { length: length - count, lower_bound: 1 },
        _ => array.dims.clear(),
    }
    Ok(array)
}

const DIMENSIONS: &[Kernel] = kernels! {
    rows1 "array_ndims" => |a: &ArrayValue| Ok((!a.dims.is_empty()).then_some(a.dims.len() as i32));
    rows1 "array_cardinality" => |a: &ArrayValue| Ok(a.elements.len() as i32);
    rows1 "array_dims" => |a: &ArrayValue| Ok((!a.dims.is_empty()).then(|| dimensions(a)));
    rows2 "array_length" => |a: &ArrayValue, n: i32| Ok(dimension(a, n).map(|dim| dim.length));
    rows2 "array_lower" => |a: &ArrayValue, n: i32| Ok(dimension(a, n).map(|dim| dim.lower_bound));
    rows2 "array_upper" => |a: &ArrayValue, n: i32|
        Ok(dimension(a, n).map(|dim| dim.lower_bound + dim.length - 1));
};

fn dimension(array: &ArrayValue, n: i32) -> Option<ArrayDim> {
    usize::try_from(n).ok()?.checked_sub(1).and_then(|n| array.dims.get(n)).copied()
}

fn dimensions(array: &ArrayValue) -> String {
    let bounds =
        |dim: &ArrayDim| format!("[{}:{}]", dim.lower_bound, dim.lower_bound + dim.length - 1);
    array.dims.iter().map(bounds).collect()
}

fn unnest(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let Some(array) = arg_or_null::<&ArrayValue>(args, 0)? else {
        return Ok(Box::new(std::iter::empty()));
    };
    Ok(Box::new(array.elements.clone().into_iter().map(|element| Ok(vec![element]))))
}

/// `generate_subscripts(array, dimension [, reverse])`.
fn subscripts(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let dim = dimension(arg(args, 0)?, arg(args, 1)?);
    let Some(ArrayDim { length, lower_bound }) = dim else {
        return Ok(Box::new(std::iter::empty()));
    };
    let range = lower_bound..lower_bound + length;
    let row = |n: i32| Ok(vec![Datum::Int4(n)]);
    if args.len() > 2 && arg(args, 2)? {
        return Ok(Box::new(range.rev().map(row)));
    }
    Ok(Box::new(range.map(row)))
}
