//! Format pictures: `to_char`, `to_number`, `to_date`, `to_timestamp`.
//!
//! A picture is cut into patterns and literal text first. `number` and
//! `datetime` print by them, `number_input` and `datetime_input` read by them.

mod datetime;
mod datetime_input;
mod number;
mod number_input;

pub use datetime::timestamp_to_char;

use crate::error::Result;
use crate::kernels;
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{Datum, Interval};

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
        datetime::timestamp_to_char(a.0, None, picture);
    call "timestamptz_to_char" => |call, args| {
        let TimestampTz(instant) = arg(args, 0)?;
        let text = datetime::timestamp_to_char(instant, Some(call.eval.zone()), arg(args, 1)?)?;
        Ok(text.map_or(Datum::Null, Datum::Text))
    };
    rows2 "interval_to_char" => |a: Interval, picture: &str| datetime::interval_to_char(&a, picture);
    rows2 "to_date" => |text: &str, picture: &str|
        datetime_input::to_date(text, picture).map(Datum::Date);
    call "to_timestamp" => to_timestamp;
}];

fn to_timestamp(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    datetime_input::to_timestamp(arg(args, 0)?, arg(args, 1)?, call.eval.zone())
        .map(Datum::TimestampTz)
}
