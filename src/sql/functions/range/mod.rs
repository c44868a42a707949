//! Ranges and multiranges: constructors, bounds, comparison and set operations.
//!
//! A range is a list of one span, or of none, so an operator is one kernel whether
//! its operands are ranges or multiranges. How bounds compare comes from the type of
//! the first operand that is either.

mod aggregate;
mod construct;

use std::cmp::Ordering;

use crate::error::Result;
use crate::kernels;
use crate::sql::types::{Bound, Datum, MultirangeValue, RangeType, RangeValue, Repr, Span};

use super::call::wrong_type;
use super::{CallContext, Kernel, SetKernel, SetRows, value};

pub use aggregate::AGGREGATES;

pub const KERNELS: &[&[Kernel]] =
    &[COMPARISON, BOUNDS, RELATIONS, ELEMENTS, OPERATIONS, construct::KERNELS];

pub const SET_KERNELS: &[SetKernel] = &[SetKernel { symbol: "multirange_unnest", rows: unnest }];

/// How the bounds of the operands compare.
fn range_type(call: &CallContext<'_>) -> Result<RangeType> {
    let types = call.args.iter().chain(std::iter::once(&call.result));
    for ty in types {
        if let Ok(Repr::Range(ty) | Repr::Multirange(ty)) = value::repr(call, ty.oid) {
            return Ok(*ty);
        }
    }
    Err(wrong_type())
}

/// The spans of a range or multirange.
fn spans(value: &Datum) -> Result<&[Span]> {
    match value {
        Datum::Range(range) => Ok(range.span.as_slice()),
        Datum::Multirange(range) => Ok(&range.spans),
        _ => Err(wrong_type()),
    }
}

fn operands(args: &[Datum]) -> Result<(&[Span], &[Span])> {
    let [a, b] = args else { return Err(wrong_type()) };
    Ok((spans(a)?, spans(b)?))
}

/// A range of the operands' type.
fn range(ty: &RangeType, span: Option<Span>) -> Datum {
    Datum::Range(Box::new(RangeValue::of(ty.subtype, span)))
}

fn multirange(ty: &RangeType, spans: Vec<Span>) -> Datum {
    Datum::Multirange(Box::new(MultirangeValue { subtype: ty.subtype, spans }))
}

fn order(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let [a, b] = args else { return Err(wrong_type()) };
    let ty = call.args.first().ok_or_else(wrong_type)?.oid;
    value::compare(call, a, b, ty)
}

fn equal(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(order(call, args)?.is_eq()))
}

fn unequal(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(order(call, args)?.is_ne()))
}

fn less(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(order(call, args)?.is_lt()))
}

fn less_or_equal(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(order(call, args)?.is_le()))
}

fn greater(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(order(call, args)?.is_gt()))
}

fn greater_or_equal(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(order(call, args)?.is_ge()))
}

fn compared(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int4(order(call, args)? as i32))
}

const COMPARISON: &[Kernel] = kernels! {
    call "range_eq" => equal;
    call "range_ne" => unequal;
    call "range_lt" => less;
    call "range_le" => less_or_equal;
    call "range_gt" => greater;
    call "range_ge" => greater_or_equal;
    call "range_cmp" => compared;
    call "multirange_eq" => equal;
    call "multirange_ne" => unequal;
    call "multirange_lt" => less;
    call "multirange_le" => less_or_equal;
    call "multirange_gt" => greater;
    call "multirange_ge" => greater_or_equal;
    call "multirange_cmp" => compared;
};

/// The first lower bound.
fn lower(args: &[Datum]) -> Result<Option<&Bound>> {
    Ok(spans(args.first().ok_or_else(wrong_type)?)?.first().map(|span| &span.lower))
}

/// The last upper bound.
fn upper(args: &[Datum]) -> Result<Option<&Bound>> {
    Ok(spans(args.first().ok_or_else(wrong_type)?)?.last().map(|span| &span.upper))
}

fn bound_value(bound: Option<&Bound>) -> Datum {
    bound.and_then(|bound| bound.value.clone()).unwrap_or(Datum::Null)
}

fn is_inclusive(bound: Option<&Bound>) -> Datum {
    Datum::Bool(bound.is_some_and(|bound| bound.inclusive))
}

fn is_infinite(bound: Option<&Bound>) -> Datum {
    Datum::Bool(bound.is_some_and(Bound::is_infinite))
}

fn is_empty(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(lower(args)?.is_none()))
}

const BOUNDS: &[Kernel] = kernels! {
    call "range_lower" => |_, args| Ok(bound_value(lower(args)?));
    call "range_upper" => |_, args| Ok(bound_value(upper(args)?));
    call "range_empty" => is_empty;
    call "range_lower_inc" => |_, args| Ok(is_inclusive(lower(args)?));
    call "range_upper_inc" => |_, args| Ok(is_inclusive(upper(args)?));
    call "range_lower_inf" => |_, args| Ok(is_infinite(lower(args)?));
    call "range_upper_inf" => |_, args| Ok(is_infinite(upper(args)?));
    call "multirange_lower" => |_, args| Ok(bound_value(lower(args)?));
    call "multirange_upper" => |_, args| Ok(bound_value(upper(args)?));
    call "multirange_empty" => is_empty;
    call "multirange_lower_inc" => |_, args| Ok(is_inclusive(lower(args)?));
    call "multirange_upper_inc" => |_, args| Ok(is_inclusive(upper(args)?));
    call "multirange_lower_inf" => |_, args| Ok(is_infinite(lower(args)?));
    call "multirange_upper_inf" => |_, args| Ok(is_infinite(upper(args)?));
};

fn overlap(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    Ok(Datum::Bool(range_type(call)?.lists_overlap(a, b)))
}

fn contains(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    Ok(Datum::Bool(range_type(call)?.list_contains(a, b)))
}

fn contained(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    Ok(Datum::Bool(range_type(call)?.list_contains(b, a)))
}

fn before(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    Ok(Datum::Bool(range_type(call)?.list_before(a, b)))
}

fn after(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    Ok(Datum::Bool(range_type(call)?.list_before(b, a)))
}

fn not_beyond(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    Ok(Datum::Bool(range_type(call)?.list_not_beyond(a, b)))
}

fn not_earlier(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    Ok(Datum::Bool(range_type(call)?.list_not_earlier(a, b)))
}

fn adjacent(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (a, b) = operands(args)?;
    range_type(call)?.lists_adjacent(a, b).map(Datum::Bool)
}

const RELATIONS: &[Kernel] = kernels! {
    call "range_overlaps" => overlap;
    call "range_overlaps_multirange" => overlap;
    call "multirange_overlaps_range" => overlap;
    call "multirange_overlaps_multirange" => overlap;
    call "range_contains" => contains;
    call "range_contains_multirange" => contains;
    call "multirange_contains_range" => contains;
    call "multirange_contains_multirange" => contains;
    call "range_contained_by" => contained;
    call "range_contained_by_multirange" => contained;
    call "multirange_contained_by_range" => contained;
    call "multirange_contained_by_multirange" => contained;
    call "range_before" => before;
    call "range_before_multirange" => before;
    call "multirange_before_range" => before;
    call "multirange_before_multirange" => before;
    call "range_after" => after;
    call "range_after_multirange" => after;
    call "multirange_after_range" => after;
    call "multirange_after_multirange" => after;
    call "range_overleft" => not_beyond;
    call "range_overleft_multirange" => not_beyond;
    call "multirange_overleft_range" => not_beyond;
    call "multirange_overleft_multirange" => not_beyond;
    call "range_overright" => not_earlier;
    call "range_overright_multirange" => not_earlier;
    call "multirange_overright_range" => not_earlier;
    call "multirange_overright_multirange" => not_earlier;
    call "range_adjacent" => adjacent;
    call "range_adjacent_multirange" => adjacent;
    call "multirange_adjacent_range" => adjacent;
    call "multirange_adjacent_multirange" => adjacent;
};

fn contains_element(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let [list, element] = args else { return Err(wrong_type()) };
    Ok(Datum::Bool(range_type(call)?.list_contains_value(spans(list)?, element)))
}

fn element_contained(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let [element, list] = args else { return Err(wrong_type()) };
    Ok(Datum::Bool(range_type(call)?.list_contains_value(spans(list)?, element)))
}

const ELEMENTS: &[Kernel] = kernels! {
    call "range_contains_elem" => contains_element;
    call "multirange_contains_elem" => contains_element;
    call "elem_contained_by_range" => element_contained;
    call "elem_contained_by_multirange" => element_contained;
};

const OPERATIONS: &[Kernel] = kernels! {
    call "range_union" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(range(&ty, ty.range_union(a.first(), b.first())?))
    };
    call "range_intersect" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(range(&ty, ty.intersection(a, b).into_iter().next()))
    };
    call "range_intersect_agg_transfn" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(range(&ty, ty.intersection(a, b).into_iter().next()))
    };
    call "multirange_intersect_agg_transfn" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(multirange(&ty, ty.intersection(a, b)))
    };
    call "range_minus" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        match (a.first(), b.first()) {
            (Some(a), Some(b)) => Ok(range(&ty, ty.range_difference(a, b)?)),
            _ => Ok(args[0].clone()),
        }
    };
    call "range_merge" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(range(&ty, ty.hull(&[a, b].concat())))
    };
    call "range_merge_from_multirange" => |call, args| {
        let ty = range_type(call)?;
        Ok(range(&ty, ty.hull(spans(args.first().ok_or_else(wrong_type)?)?)))
    };
    call "multirange_union" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(multirange(&ty, ty.union(a, b)?))
    };
    call "multirange_intersect" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(multirange(&ty, ty.intersection(a, b)))
    };
    call "multirange_minus" => |call, args| {
        let ((a, b), ty) = (operands(args)?, range_type(call)?);
        Ok(multirange(&ty, ty.difference(a, b)?))
    };
};

fn unnest(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let ty = range_type(call)?;
    let spans = spans(args.first().ok_or_else(wrong_type)?)?.to_vec();
    Ok(Box::new(spans.into_iter().map(move |span| Ok(vec![range(&ty, Some(span))]))))
}
