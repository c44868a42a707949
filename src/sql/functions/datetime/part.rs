//! `extract`, `date_part`, `date_trunc`.

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::{Date, Time, TimeTz, Timestamp, TimestampTz, arg};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::datetime::{
    Source, date_part, extract, interval_trunc, timestamp_trunc, timestamp_tz_trunc,
};
use crate::sql::types::{Datum, Interval};

use super::zone_named;

fn instant(call: &CallContext<'_>, args: &[Datum]) -> Result<Source> {
    let TimestampTz(instant) = arg(args, 1)?;
    Ok(Source::TimestampTz(instant, call.eval.zone()))
}

pub const KERNELS: &[Kernel] = kernels! {
    rows2 "extract_date" => |field: &str, a: Date| extract(field, Source::Date(a.0));
    rows2 "extract_time" => |field: &str, a: Time| extract(field, Source::Time(a.0));
    rows2 "extract_timetz" => |field: &str, a: TimeTz| extract(field, Source::TimeTz(a.0, a.1));
    rows2 "extract_timestamp" => |field: &str, a: Timestamp| extract(field, Source::Timestamp(a.0));
    rows2 "extract_interval" => |field: &str, a: Interval| extract(field, Source::Interval(a));
    call "extract_timestamptz" => |call, args|
        Ok(extract(arg(args, 0)?, instant(call, args)?)?.map_or(Datum::Null, Datum::Numeric));
    rows2 "date_part_text_date" => |field: &str, a: Date| date_part(field, Source::Date(a.0));
    rows2 "time_part" => |field: &str, a: Time| date_part(field, Source::Time(a.0));
    rows2 "timetz_part" => |field: &str, a: TimeTz| date_part(field, Source::TimeTz(a.0, a.1));
    rows2 "timestamp_part" => |field: &str, a: Timestamp| date_part(field, Source::Timestamp(a.0));
    rows2 "interval_part" => |field: &str, a: Interval| date_part(field, Source::Interval(a));
    call "timestamptz_part" => |call, args|
        Ok(date_part(arg(args, 0)?, instant(call, args)?)?.map_or(Datum::Null, Datum::Float8));
    columns2 "timestamp_trunc" => |field: &str, a: Timestamp| timestamp_trunc(field, a.0).map(Timestamp);
    rows2 "interval_trunc" => |field: &str, a: Interval| interval_trunc(field, &a);
    call "timestamptz_trunc" => |call, args| {
        let TimestampTz(instant) = arg(args, 1)?;
        timestamp_tz_trunc(arg(args, 0)?, instant, call.eval.zone()).map(Datum::TimestampTz)
    };
    rows3 "timestamptz_trunc_zone" => |field: &str, a: TimestampTz, zone: &str|
        timestamp_tz_trunc(field, a.0, zone_named(zone)?).map(TimestampTz);
};
