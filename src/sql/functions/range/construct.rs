//! Functions named as the types, which make their values, and those that a range
//! type declares about its subtype.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{Date, Instant, arg_or_null, wrong_type};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{ArrayValue, Bound, Datum, Numeric};
use crate::sqlstate;

use super::{multirange, range, range_type, spans};

const MICROSECONDS_PER_SECOND: f64 = 1_000_000.0;

/// What `[)` and its kin say: whether the bounds are inside.
fn flags(text: Option<&str>) -> Result<(bool, bool)> {
    match text {
        Some("[]") => Ok((true, true)),
        Some("[)") => Ok((true, false)),
        Some("(]") => Ok((false, true)),
        Some("()") => Ok((false, false)),
        None => Err(Error::new(
            sqlstate::DATA_EXCEPTION,
            "range constructor flags argument must not be null",
        )),
        Some(_) => Err(Error::syntax("invalid range bound flags")
            .with_hint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\".")),
    }
}

fn between(call: &CallContext<'_>, args: &[Datum], inside: (bool, bool)) -> Result<Datum> {
    let [lower, upper, ..] = args else { return Err(wrong_type()) };
    let ty = range_type(call)?;
    let span = ty.span(Bound::new(lower.clone(), inside.0), Bound::new(upper.clone(), inside.1))?;
    Ok(range(&ty, span))
}

fn from_ranges(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let ty = range_type(call)?;
    let Some(array) = arg_or_null::<&ArrayValue>(args, 0)? else { return Ok(Datum::Null) };
    if array.dims.len() > 1 {
        return Err(Error::new(
            sqlstate::CARDINALITY_VIOLATION,
            "multiranges cannot be constructed from multidimensional arrays",
        ));
    }
    let mut all = Vec::with_capacity(array.elements.len());
    for element in &array.elements {
        if element.is_null() {
            return Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                "multirange values cannot contain null members",
            ));
        }
        all.extend_from_slice(spans(element)?);
    }
    Ok(multirange(&ty, ty.normalised(all)?))
}

/// A range is in its canonical form already.
fn unchanged(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    args.first().cloned().ok_or_else(wrong_type)
}

pub const KERNELS: &[Kernel] = kernels! {
    call "range_constructor2" => |call, args| between(call, args, (true, false));
    call "range_constructor3" => |call, args| {
        let inside = flags(arg_or_null(args, 2)?)?;
        between(call, args, inside)
    };
    call "multirange_constructor0" => |call, _| Ok(multirange(&range_type(call)?, Vec::new()));
    call "multirange_constructor1" => |call, args| {
        let spans = spans(args.first().ok_or_else(wrong_type)?)?.to_vec();
        Ok(multirange(&range_type(call)?, spans))
    };
    call "multirange_constructor2" => from_ranges;
    call "int4range_canonical" => unchanged;
    call "int8range_canonical" => unchanged;
    call "daterange_canonical" => unchanged;
    rows2 "int4range_subdiff" => |a: i32, b: i32| Ok(f64::from(a) - f64::from(b));
    rows2 "int8range_subdiff" => |a: i64, b: i64| Ok(a as f64 - b as f64);
    rows2 "numrange_subdiff" => |a: &Numeric, b: &Numeric| Ok(a.sub(b)?.to_f64());
    rows2 "daterange_subdiff" => |a: Date, b: Date| Ok(f64::from(a.0) - f64::from(b.0));
    rows2 "tsrange_subdiff" => seconds_between;
    rows2 "tstzrange_subdiff" => seconds_between;
};

fn seconds_between(a: Instant, b: Instant) -> Result<f64> {
    Ok((a.0 as f64 - b.0 as f64) / MICROSECONDS_PER_SECOND)
}
