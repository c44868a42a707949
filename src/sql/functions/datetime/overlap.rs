//! `(start, end) OVERLAPS (start, end)`, where an end may be a length.

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::wrong_type;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::datetime::{
    time_plus_interval, timestamp_plus_interval, timestamp_tz_plus_interval,
};
use crate::sql::types::{Datum, key};

pub const KERNELS: &[Kernel] = kernels! {
    call "overlaps_time" => overlaps;
    call "overlaps_timetz" => overlaps;
    call "overlaps_timestamp" => overlaps;
    call "overlaps_time_interval_time_interval" => overlaps;
    call "overlaps_time_time_time_interval" => overlaps;
    call "overlaps_time_interval_time_time" => overlaps;
    call "overlaps_timestamp_interval_timestamp_interval" => overlaps;
    call "overlaps_timestamp_timestamp_timestamp_interval" => overlaps;
    call "overlaps_timestamp_interval_timestamp_timestamp" => overlaps;
    call "overlaps_timestamptz_interval_timestamptz_interval" => overlaps;
    call "overlaps_timestamptz_timestamptz_timestamptz_interval" => overlaps;
    call "overlaps_timestamptz_interval_timestamptz_timestamptz" => overlaps;
};

/// A bound as a number; an interval counts from the start before it.
fn bound(call: &CallContext<'_>, start: &Datum, value: &Datum) -> Result<Option<i64>> {
    Ok(Some(match (start, value) {
        (_, Datum::Null) | (Datum::Null, Datum::Interval(_)) => return Ok(None),
        (_, Datum::Time(time)) => *time,
        (_, Datum::TimeTz(time, zone)) => key::time_tz_instant(*time, *zone),
        (_, Datum::Timestamp(time) | Datum::TimestampTz(time)) => *time,
        (Datum::Time(start), Datum::Interval(length)) => time_plus_interval(*start, length),
        (Datum::Timestamp(start), Datum::Interval(length)) => {
            timestamp_plus_interval(*start, length)?
        }
        (Datum::TimestampTz(start), Datum::Interval(length)) => {
            timestamp_tz_plus_interval(*start, length, call.eval.zone())?
        }
        _ => return Err(wrong_type()),
    }))
}

/// Start and end in order, the start known; `None` when both are NULL.
fn period(
    call: &CallContext<'_>,
    start: &Datum,
    end: &Datum,
) -> Result<Option<(i64, Option<i64>)>> {
    Ok(match (bound(call, start, start)?, bound(call, start, end)?) {
        (Some(start), Some(end)) => Some((start.min(end), Some(start.max(end)))),
        (Some(one), None) | (None, Some(one)) => Some((one, None)),
        (None, None) => None,
    })
}

fn overlaps(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let [a, b, c, d] = args else { return Err(wrong_type()) };
    let (Some(first), Some(second)) = (period(call, a, b)?, period(call, c, d)?) else {
        return Ok(Datum::Null);
    };
    if first.0 == second.0 {
        let known = first.1.is_some() && second.1.is_some();
        return Ok(if known { Datum::Bool(true) } else { Datum::Null });
    }
    let ((_, early_end), (late, late_end)) =
        if first.0 < second.0 { (first, second) } else { (second, first) };
    Ok(match (early_end, late_end) {
        (None, _) => Datum::Null,
        (Some(end), _) if late < end => Datum::Bool(true),
        (Some(_), None) => Datum::Null,
        (Some(_), Some(_)) => Datum::Bool(false),
    })
}
