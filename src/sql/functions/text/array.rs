//! Between text and arrays or rows: splitting and joining.

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::value::{element_text, text_array};
use crate::sql::functions::{CallContext, SetRows};
use crate::sql::types::{ArrayValue, Datum};

use super::{Kernel, SetKernel};

pub const KERNELS: &[Kernel] = kernels! {
    call "text_to_array" => text_to_array;
    call "text_to_array_null" => text_to_array;
    call "array_to_text" => array_to_text;
    call "array_to_text_null" => array_to_text;
};

pub const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "text_to_table", rows: text_to_table },
    SetKernel { symbol: "text_to_table_null", rows: text_to_table },
];

/// The fields of `(text, separator, null string)`: a NULL separator splits into
/// characters, an empty one not at all.
fn fields(args: &[Datum]) -> Result<Vec<Datum>> {
    let text: &str = arg(args, 0)?;
    let separator: Option<&str> = arg_or_null(args, 1)?;
    let null: Option<&str> = arg_or_null(args, 2)?;
    let field = |field: &str| match null {
        Some(null) if null == field => Datum::Null,
        _ => Datum::Text(field.to_owned()),
    };
    Ok(match separator {
        _ if text.is_empty() => Vec::new(),
        None => text.chars().map(|c| field(c.encode_utf8(&mut [0; 4]))).collect(),
        Some("") => vec![field(text)],
        Some(separator) => text.split(separator).map(field).collect(),
    })
}

fn text_to_array(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    if args.first().is_none_or(Datum::is_null) {
        return Ok(Datum::Null);
    }
    fields(args).map(text_array)
}

fn text_to_table(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    if args.first().is_none_or(Datum::is_null) {
        return Ok(Box::new(std::iter::empty()));
    }
    Ok(Box::new(fields(args)?.into_iter().map(|field| Ok(vec![field]))))
}

/// `array_to_string(array, separator [, null string])`.
fn array_to_text(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (Some(array), Some(separator)) =
        (arg_or_null::<&ArrayValue>(args, 0)?, arg_or_null::<&str>(args, 1)?)
    else {
        return Ok(Datum::Null);
    };
    let null: Option<&str> = arg_or_null(args, 2)?;
    let mut out = String::new();
    let mut first = true;
    for element in &array.elements {
        if element.is_null() && null.is_none() {
            continue;
        }
        if !first {
            out.push_str(separator);
        }
        first = false;
        match (element, null) {
            (Datum::Null, Some(null)) => out.push_str(null),
            _ => out.push_str(&element_text(call, element, array.element_type)?),
        }
    }
    Ok(Datum::Text(out))
}
