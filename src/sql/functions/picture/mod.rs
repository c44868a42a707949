//! Format pictures: `to_char`, `to_number`, `to_date`, `to_timestamp`.
//!
//! Numbers are printed and read here: the picture is cut into patterns and literal
//! text first. Dates and times are [`types::format`](crate::sql::types::format)'s.

mod number;
mod number_input;

use crate::error::Result;
use crate::kernels;
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{Datum, Interval, format};

use super::call::{Timestamp, TimestampTz, arg};
use super::{CallContext, Kernel};

pub const KERNELS: &[&[Kernel]] = &[kernels! {
    rows2 "int4_to_char" => |a: i32, picture: &str| number::integer_to_char(a.into(), picture);
    rows2 "int8_to_char" => |a: i64, picture: &str| number::integer_to_char(a, picture);
    rows2 "float4_to_char" => |a: f32, picture: &str| number::float_to_char(a.into(), 6, picture);
    rows2 "float8_to_char" => |a: f64, picture: &str| number::float_to_char(a, 15, picture);
    rows2 "numeric_to_char" => |a: &Numeric, picture: &str| number::numeric_to_char(a, picture);
    rows2 "numeric_to_number" => number_input::to_number;
    rows2 "timestamp_to_char" => |a: Timestamp, picture: &str|
        format::timestamp_to_char(a.0, picture);
    call "timestamptz_to_char" => |call, args| {
        let TimestampTz(instant) = arg(args, 0)?;
        let text = format::timestamp_tz_to_char(instant, call.eval.zone(), arg(args, 1)?)?;
        Ok(text.map_or(Datum::Null, Datum::Text))
    };
    rows2 "interval_to_char" => |a: Interval, picture: &str| format::interval_to_char(&a, picture);
    rows2 "to_date" => |text: &str, picture: &str| format::to_date(text, picture).map(Datum::Date);
    call "to_timestamp" => to_timestamp;
}];

fn to_timestamp(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    format::to_timestamp(arg(args, 0)?, arg(args, 1)?, call.eval.zone()).map(Datum::TimestampTz)
}
