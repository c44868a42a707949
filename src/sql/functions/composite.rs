//! Row values and enums: comparison, and the enum's own functions.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::{self, ArrayValue, Datum, EnumLabel, EnumLabels, Oid, Repr, codec};
use crate::sqlstate;

use super::call::{arg_or_null, wrong_type};
use super::{CallContext, Kernel, value};

pub const KERNELS: &[&[Kernel]] = &[RECORD, RECORD_IMAGE, ENUM, ENUM_VALUES];

/// The order of two rows: field by field, NULLs equal and last.
fn order(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let [Datum::Record(a), Datum::Record(b)] = args else { return Err(wrong_type()) };
    for (n, ((left, x), (right, y))) in a.iter().zip(b).enumerate() {
        require_alike(call, *left, *right, n)?;
        let order = compare_fields(call, x, y, *left)?;
        if order.is_ne() {
            return Ok(order);
        }
    }
    match a.len() == b.len() {
        true => Ok(Ordering::Equal),
        false => Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            "cannot compare record types with different numbers of columns",
        )),
    }
}

fn compare_fields(call: &CallContext<'_>, a: &Datum, b: &Datum, ty: Oid) -> Result<Ordering> {
    if a.is_null() || b.is_null() {
        return Ok(types::compare(a, b, &Repr::Pseudo));
    }
    let repr = value::repr(call, ty)?;
    if let (Datum::Record(_), Datum::Record(_)) = (a, b) {
        return order(call, &[a.clone(), b.clone()]);
    }
    if !has_order(call, ty) {
        return Err(Error::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!("could not identify a comparison function for type {}", type_name(call, ty)),
        ));
    }
    Ok(types::compare(a, b, &repr))
}

/// Whether a type has a default order; arrays and ranges have that of what they hold.
fn has_order(call: &CallContext<'_>, ty: Oid) -> bool {
    call.eval.catalog.default_operator_class("btree", ty).is_some()
}

fn require_alike(call: &CallContext<'_>, left: Oid, right: Oid, n: usize) -> Result<()> {
    if left == right {
        return Ok(());
    }
    Err(Error::new(
        sqlstate::DATATYPE_MISMATCH,
        format!(
            "cannot compare dissimilar column types {} and {} at record column {}",
            type_name(call, left),
            type_name(call, right),
            n + 1
        ),
    ))
}

fn type_name(call: &CallContext<'_>, ty: Oid) -> String {
    call.eval.catalog.format_type(&call.eval.settings.search_path, ty, None)
}

const RECORD: &[Kernel] = kernels! {
    call "record_eq" => |call, args| Ok(Datum::Bool(order(call, args)?.is_eq()));
    call "record_ne" => |call, args| Ok(Datum::Bool(order(call, args)?.is_ne()));
    call "record_lt" => |call, args| Ok(Datum::Bool(order(call, args)?.is_lt()));
    call "record_le" => |call, args| Ok(Datum::Bool(order(call, args)?.is_le()));
    call "record_gt" => |call, args| Ok(Datum::Bool(order(call, args)?.is_gt()));
    call "record_ge" => |call, args| Ok(Datum::Bool(order(call, args)?.is_ge()));
    call "btrecordcmp" => |call, args| Ok(Datum::Int4(order(call, args)? as i32));
};

/// The order of the bytes of two rows, which tells `1.0` from `1.00`.
fn image_order(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let [Datum::Record(a), Datum::Record(b)] = args else { return Err(wrong_type()) };
    for (n, ((left, x), (right, y))) in a.iter().zip(b).enumerate() {
        require_alike(call, *left, *right, n)?;
        let order = image_of_field(x, y);
        if order.is_ne() {
            return Ok(order);
        }
    }
    match a.len() == b.len() {
        true => Ok(Ordering::Equal),
        false => Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            "cannot compare record types with different numbers of columns",
        )),
    }
}

/// NULL is greater than all; what PostgreSQL passes by value compares as unsigned
/// words, the rest as bytes.
fn image_of_field(a: &Datum, b: &Datum) -> Ordering {
    if a.is_null() || b.is_null() {
        return a.is_null().cmp(&b.is_null());
    }
    if let (Some(a), Some(b)) = (word(a), word(b)) {
        return a.cmp(&b);
    }
    if let (Datum::Text(a), Datum::Text(b)) = (a, b) {
        return a.as_bytes().cmp(b.as_bytes());
    }
    let bytes = |value: &Datum| {
        let mut out = Vec::new();
        codec::encode(value, &mut out);
        out
    };
    bytes(a).cmp(&bytes(b))
}

/// A value of a type that is passed by value, as the word that holds it.
fn word(value: &Datum) -> Option<u64> {
    Some(match value {
        Datum::Bool(v) => u64::from(*v),
        Datum::Char(v) => u64::from(*v),
        Datum::Int2(v) => i64::from(*v).cast_unsigned(),
        Datum::Int4(v) | Datum::Date(v) => i64::from(*v).cast_unsigned(),
        Datum::Int8(v) | Datum::Time(v) | Datum::Timestamp(v) | Datum::TimestampTz(v) => {
            v.cast_unsigned()
        }
        Datum::Float4(v) => u64::from(v.to_bits()),
        Datum::Float8(v) => v.to_bits(),
        Datum::Oid(v) => u64::from(*v),
        _ => return None,
    })
}

const RECORD_IMAGE: &[Kernel] = kernels! {
    call "record_image_eq" => |call, args| Ok(Datum::Bool(image_order(call, args)?.is_eq()));
    call "record_image_ne" => |call, args| Ok(Datum::Bool(image_order(call, args)?.is_ne()));
    call "record_image_lt" => |call, args| Ok(Datum::Bool(image_order(call, args)?.is_lt()));
    call "record_image_le" => |call, args| Ok(Datum::Bool(image_order(call, args)?.is_le()));
    call "record_image_gt" => |call, args| Ok(Datum::Bool(image_order(call, args)?.is_gt()));
    call "record_image_ge" => |call, args| Ok(Datum::Bool(image_order(call, args)?.is_ge()));
    call "btrecordimagecmp" => |call, args| Ok(Datum::Int4(image_order(call, args)? as i32));
};

/// The labels of the enum type that the first argument is of.
fn labels(call: &CallContext<'_>) -> Result<Arc<EnumLabels>> {
    match value::repr(call, call.args.first().ok_or_else(wrong_type)?.oid)? {
        Repr::Enum(labels) => Ok(labels),
        _ => Err(wrong_type()),
    }
}

fn enum_order(call: &CallContext<'_>, args: &[Datum]) -> Result<Ordering> {
    let [a, b] = args else { return Err(wrong_type()) };
    Ok(types::compare(a, b, &Repr::Enum(labels(call)?)))
}

const ENUM: &[Kernel] = kernels! {
    call "enum_eq" => |call, args| Ok(Datum::Bool(enum_order(call, args)?.is_eq()));
    call "enum_ne" => |call, args| Ok(Datum::Bool(enum_order(call, args)?.is_ne()));
    call "enum_lt" => |call, args| Ok(Datum::Bool(enum_order(call, args)?.is_lt()));
    call "enum_le" => |call, args| Ok(Datum::Bool(enum_order(call, args)?.is_le()));
    call "enum_gt" => |call, args| Ok(Datum::Bool(enum_order(call, args)?.is_gt()));
    call "enum_ge" => |call, args| Ok(Datum::Bool(enum_order(call, args)?.is_ge()));
    call "enum_cmp" => |call, args| Ok(Datum::Int4(enum_order(call, args)? as i32));
    call "enum_larger" => |call, args| Ok(args[usize::from(!enum_order(call, args)?.is_gt())].clone());
    call "enum_smaller" => |call, args| Ok(args[usize::from(!enum_order(call, args)?.is_lt())].clone());
};

const ENUM_VALUES: &[Kernel] = kernels! {
    call "enum_first" => |call, _| Ok(label(labels(call)?.labels.first()));
    call "enum_last" => |call, _| Ok(label(labels(call)?.labels.last()));
    call "enum_range_all" => |call, _| range(call, None, None);
    call "enum_range_bounds" => |call, args|
        range(call, arg_or_null(args, 0)?, arg_or_null(args, 1)?);
};

fn label(label: Option<&EnumLabel>) -> Datum {
    label.map_or(Datum::Null, |label| Datum::Text(label.name.clone()))
}

/// The labels between two bounds, both included; no bound is no limit.
fn range(call: &CallContext<'_>, from: Option<&str>, to: Option<&str>) -> Result<Datum> {
    let labels = labels(call)?;
    let at = |bound: &str| labels.position(bound).ok_or_else(wrong_type);
    let from = from.map_or(Ok(0), at)?;
    let to = to.map_or(Ok(labels.labels.len()), |bound| at(bound).map(|n| n + 1))?;
    let inside = labels.labels.get(from..to).unwrap_or_default();
    let elements = inside.iter().map(|one| label(Some(one))).collect();
    let ty = call.args.first().ok_or_else(wrong_type)?.oid;
    Ok(Datum::Array(Box::new(ArrayValue::from_elements(ty, elements))))
}
