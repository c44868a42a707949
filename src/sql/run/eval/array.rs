//! Array constructors, subscripts and slices, with PostgreSQL's rules: out of
//! bounds is NULL for an element and the empty array for a slice.

use crate::error::{Error, Result};
use crate::sql::types::{ArrayDim, ArrayValue, Datum, Oid};
use crate::sqlstate;

/// PostgreSQL's MAXDIM.
const DIMENSIONS_MAX: usize = 6;

/// `ARRAY[a, b, …]` over scalars.
pub fn from_elements(element_type: Oid, elements: Vec<Datum>) -> Datum {
    let dims = match elements.len() {
        0 => Vec::new(),
        length => vec![ArrayDim { length: length as i32, lower_bound: 1 }],
    };
    Datum::Array(Box::new(ArrayValue { element_type, dims, elements }))
}

/// `ARRAY[a, b, …]` over arrays: one more dimension.
pub fn from_arrays(element_type: Oid, arrays: Vec<Datum>) -> Result<Datum> {
    let outer = arrays.len() as i32;
    let mut inner: Option<Vec<ArrayDim>> = None;
    let mut elements = Vec::new();
    let mut empty = 0;
    for array in arrays {
        match array {
            Datum::Array(array) if !array.dims.is_empty() => {
                match &inner {
                    Some(dims) if !same_shape(dims, &array.dims) => return Err(shapes_differ()),
                    Some(_) => {}
                    None => inner = Some(array.dims.clone()),
                }
                elements.extend(array.elements);
            }
            _ => empty += 1,
        }
    }
    let Some(mut dims) = inner else { return Ok(from_elements(element_type, Vec::new())) };
    if empty > 0 {
        return Err(shapes_differ());
    }
    if dims.len() >= DIMENSIONS_MAX {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!(
                "number of array dimensions ({}) exceeds the maximum allowed ({DIMENSIONS_MAX})",
                dims.len() + 1
            ),
        ));
    }
    dims.insert(0, ArrayDim { length: outer, lower_bound: 1 });
    Ok(Datum::Array(Box::new(ArrayValue { element_type, dims, elements })))
}

fn same_shape(left: &[ArrayDim], right: &[ArrayDim]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.length == r.length)
}

fn shapes_differ() -> Error {
    Error::new(
        sqlstate::ARRAY_SUBSCRIPT_ERROR,
        "multidimensional arrays must have array expressions with matching dimensions",
    )
}

/// `array[i][j]…`; NULL when a subscript is out of range or the count differs.
pub fn element(array: &ArrayValue, indexes: &[i32]) -> Datum {
    if indexes.len() != array.dims.len() {
        return Datum::Null;
    }
    let mut position = 0usize;
    for (dim, index) in array.dims.iter().zip(indexes) {
        let offset = i64::from(*index) - i64::from(dim.lower_bound);
        if offset < 0 || offset >= i64::from(dim.length) {
            return Datum::Null;
        }
        position = position * dim.length as usize + offset as usize;
    }
    array.elements.get(position).cloned().unwrap_or(Datum::Null)
}

/// `array[l:u]…`; a missing bound is the dimension's own.
pub fn slice(array: &ArrayValue, bounds: &[(Option<i32>, Option<i32>)]) -> Datum {
    let empty = || from_elements(array.element_type, Vec::new());
    if bounds.len() > array.dims.len() {
        return empty();
    }
    let mut ranges = Vec::with_capacity(array.dims.len());
    for (position, dim) in array.dims.iter().enumerate() {
        let last = dim.lower_bound + dim.length - 1;
        let (lower, upper) = bounds.get(position).copied().unwrap_or((None, None));
        let lower = lower.unwrap_or(dim.lower_bound).max(dim.lower_bound);
        let upper = upper.unwrap_or(last).min(last);
        if lower > upper {
            return empty();
        }
        let start = (lower - dim.lower_bound) as usize;
        ranges.push(start..start + (upper - lower + 1) as usize);
    }
    let dims = ranges.iter().map(|r| ArrayDim { length: r.len() as i32, lower_bound: 1 }).collect();
    let mut elements = Vec::new();
    copy_slice(array, &ranges, 0, 0, &mut elements);
    Datum::Array(Box::new(ArrayValue { element_type: array.element_type, dims, elements }))
}

fn copy_slice(
    array: &ArrayValue,
    ranges: &[std::ops::Range<usize>],
    dimension: usize,
    base: usize,
    out: &mut Vec<Datum>,
) {
    let Some(range) = ranges.get(dimension) else {
        out.extend(array.elements.get(base).cloned());
        return;
    };
    let length = array.dims[dimension].length as usize;
    for index in range.clone() {
        copy_slice(array, ranges, dimension + 1, base * length + index, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::types::oid;

    fn ints(values: &[i32]) -> Datum {
        from_elements(oid::INT4, values.iter().map(|v| Datum::Int4(*v)).collect())
    }

    fn unwrap(array: Datum) -> ArrayValue {
        match array {
            Datum::Array(array) => *array,
            other => panic!("not an array: {other:?}"),
        }
    }

    #[test]
    fn subscripts_out_of_range_are_null() {
        let array = unwrap(ints(&[10, 20]));
        assert!(matches!(element(&array, &[2]), Datum::Int4(20)));
        assert!(element(&array, &[3]).is_null());
        assert!(element(&array, &[1, 1]).is_null());
    }

    #[test]
    fn slices_are_clamped_and_renumbered() {
        let nested = unwrap(from_arrays(oid::INT4, vec![ints(&[1, 2]), ints(&[3, 4])]).unwrap());
        let row = unwrap(slice(&nested, &[(Some(2), Some(9))]));
        assert_eq!(row.dims.iter().map(|d| d.length).collect::<Vec<_>>(), [1, 2]);
        assert!(matches!(row.elements[..], [Datum::Int4(3), Datum::Int4(4)]));
        assert!(unwrap(slice(&nested, &[(Some(5), None)])).dims.is_empty());
    }

    #[test]
    fn ragged_arrays_are_refused() {
        let error = from_arrays(oid::INT4, vec![ints(&[1]), ints(&[1, 2])]).unwrap_err();
        assert_eq!(error.code().as_str(), "2202E");
    }
}
