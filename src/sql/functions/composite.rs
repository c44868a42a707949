//! Row values and enums: comparison, and the enum's own functions.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::{self, ArrayValue, Datum, EnumLabel, EnumLabels, Repr, codec};
use crate::sqlstate;

use super::call::{arg_or_null, wrong_type};
use super::{CallContext, Kernel, value};

pub const KERNELS: &[&[Kernel]] = &[RECORD, RECORD_IMAGE, ENUM, ENUM_VALUES];

/// The order of two rows: field by field, NULLs equal and last.
fn order(args: &[Datum]) -> Result<Ordering> {
    let [Datum::Record(a), Datum::Record(b)] = args else { return Err(wrong_type()) };
    if a.len() != b.len() {
        return Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            "cannot compare record types with different numbers of columns",
        ));
    }
    if let Some(n) = a.iter().zip(b).position(|(a, b)| a.0 != b.0) {
        let name = |oid| {
            types::format_type(types::SqlType::new(oid)).unwrap_or_else(|| "record".to_owned())
        };
        return Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "cannot compare dissimilar column types {} and {} at record column {}",
                name(a[n].0),
                name(b[n].0),
                n + 1
            ),
        ));
    }
    Ok(types::compare(&args[0], &args[1], &Repr::Record))
}

const RECORD: &[Kernel] = kernels! {
    call "record_eq" => |_, args| Ok(Datum::Bool(order(args)?.is_eq()));
    call "record_ne" => |_, args| Ok(Datum::Bool(order(args)?.is_ne()));
    call "record_lt" => |_, args| Ok(Datum::Bool(order(args)?.is_lt()));
    call "record_le" => |_, args| Ok(Datum::Bool(order(args)?.is_le()));
    call "record_gt" => |_, args| Ok(Datum::Bool(order(args)?.is_gt()));
    call "record_ge" => |_, args| Ok(Datum::Bool(order(args)?.is_ge()));
    call "btrecordcmp" => |_, args| Ok(Datum::Int4(order(args)? as i32));
};

/// The order of the bytes of two rows, which tells `1.0` from `1.00`.
fn image_order(args: &[Datum]) -> Result<Ordering> {
    let [a, b] = args else { return Err(wrong_type()) };
    let bytes = |value: &Datum| {
        let mut out = Vec::new();
        codec::encode(value, &mut out);
        out
    };
    Ok(bytes(a).cmp(&bytes(b)))
}

const RECORD_IMAGE: &[Kernel] = kernels! {
    call "record_image_eq" => |_, args| Ok(Datum::Bool(image_order(args)?.is_eq()));
    call "record_image_ne" => |_, args| Ok(Datum::Bool(image_order(args)?.is_ne()));
    call "record_image_lt" => |_, args| Ok(Datum::Bool(image_order(args)?.is_lt()));
    call "record_image_le" => |_, args| Ok(Datum::Bool(image_order(args)?.is_le()));
    call "record_image_gt" => |_, args| Ok(Datum::Bool(image_order(args)?.is_gt()));
    call "record_image_ge" => |_, args| Ok(Datum::Bool(image_order(args)?.is_ge()));
    call "btrecordimagecmp" => |_, args| Ok(Datum::Int4(image_order(args)? as i32));
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
