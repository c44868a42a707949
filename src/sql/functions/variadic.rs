//! VARIADIC "any" functions called with an array: `concat(VARIADIC ARRAY['a', 'b'])`.
//!
//! The binder names the kernel of such a call by [`SPREADING`] and the function's own
//! symbol. It takes the array apart and calls the function with the elements.

use super::call::wrong_type;
use super::{CallContext, Kernel, kernel};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::{Datum, SqlType};

/// What begins the symbol of a call whose last argument is an array of arguments.
pub const SPREADING: &str = "variadic ";

pub const KERNELS: &[Kernel] = kernels! {
    call "variadic text_concat" => |call, args| spread(call, args, "text_concat");
    call "variadic text_concat_ws" => |call, args| spread(call, args, "text_concat_ws");
    call "variadic text_format" => format;
    call "variadic json_build_array" => |call, args| spread(call, args, "json_build_array");
    call "variadic json_build_object" => |call, args| spread(call, args, "json_build_object");
    call "variadic jsonb_build_array" => |call, args| spread(call, args, "jsonb_build_array");
    call "variadic jsonb_build_object" => |call, args| spread(call, args, "jsonb_build_object");
    call "variadic pg_num_nulls" => |call, args| spread(call, args, "pg_num_nulls");
    call "variadic pg_num_nonnulls" => |call, args| spread(call, args, "pg_num_nonnulls");
};

/// A NULL array makes the result NULL.
fn spread(call: &CallContext<'_>, args: &[Datum], symbol: &str) -> Result<Datum> {
    match args.last() {
        Some(Datum::Null) => Ok(Datum::Null),
        _ => call_with_elements(call, args, symbol),
    }
}

/// To `format` a NULL array is one without elements.
fn format(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    call_with_elements(call, args, "text_format")
}

fn call_with_elements(call: &CallContext<'_>, args: &[Datum], symbol: &str) -> Result<Datum> {
    let (Some((last, fixed)), Some((array_type, fixed_types))) =
        (args.split_last(), call.args.split_last())
    else {
        return Err(wrong_type());
    };
    let elements: &[Datum] = match last {
        Datum::Array(array) => &array.elements,
        Datum::Null => &[],
        _ => return Err(wrong_type()),
    };
    let element = call.eval.catalog.type_(array_type.oid).map_or(0, |ty| ty.element);
    let values: Vec<Datum> = fixed.iter().chain(elements).cloned().collect();
    let mut types = fixed_types.to_vec();
    types.resize(values.len(), SqlType::new(element));
    let kernel = kernel(symbol).ok_or_else(|| Error::internal("a kernel is missing"))?;
    let inner = CallContext { eval: call.eval, args: &types, result: call.result };
    (kernel.scalar)(&inner, &values)
}
