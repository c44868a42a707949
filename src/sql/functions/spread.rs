//! Calls of VARIADIC "any" functions with an array: `concat(VARIADIC texts)`.
//!
//! The elements become the arguments. The binder names these kernels when the array is
//! not written as a constructor, whose elements it takes itself.

use crate::error::Result;
use crate::kernels;
use crate::sql::types::{self, Datum, SqlType};

use super::call::wrong_type;
use super::{CallContext, Kernel};

/// What the symbol of such a kernel has behind that of the function's own.
pub const SUFFIX: &str = "_of_array";

pub const KERNELS: &[Kernel] = kernels! {
    call "text_concat_of_array" => |call, args| spread(call, args, "text_concat");
    call "text_concat_ws_of_array" => |call, args| spread(call, args, "text_concat_ws");
    call "text_format_of_array" => |call, args| spread(call, args, "text_format");
    call "json_build_array_of_array" => |call, args| spread(call, args, "json_build_array");
    call "json_build_object_of_array" => |call, args| spread(call, args, "json_build_object");
    call "jsonb_build_array_of_array" => |call, args| spread(call, args, "jsonb_build_array");
    call "jsonb_build_object_of_array" => |call, args| spread(call, args, "jsonb_build_object");
    call "pg_num_nulls_of_array" => |call, args| spread(call, args, "pg_num_nulls");
    call "pg_num_nonnulls_of_array" => |call, args| spread(call, args, "pg_num_nonnulls");
};

fn spread(call: &CallContext<'_>, args: &[Datum], symbol: &str) -> Result<Datum> {
    let kernel = super::kernel(symbol).ok_or_else(wrong_type)?;
    let (array, fixed) = args.split_last().ok_or_else(wrong_type)?;
    let elements = match array {
        Datum::Array(array) => array.elements.as_slice(),
        // For `format` no array is one without elements.
        Datum::Null if symbol == "text_format" => &[],
        Datum::Null => return Ok(Datum::Null),
        _ => return Err(wrong_type()),
    };
    let element = match (array, call.args.last()) {
        (Datum::Array(array), _) => array.element_type,
        (_, Some(ty)) => types::element_of(ty.oid).unwrap_or(types::oid::TEXT),
        _ => types::oid::TEXT,
    };
    let values: Vec<Datum> = fixed.iter().chain(elements).cloned().collect();
    let mut types: Vec<SqlType> = call.args.iter().take(fixed.len()).copied().collect();
    types.resize(values.len(), SqlType::new(element));
    (kernel.scalar)(&CallContext { args: &types, ..*call }, &values)
}
