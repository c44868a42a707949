//! `btree_gist`: distances (`<->`) of values that btree orders.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::{Date, Instant, Time};
use crate::sql::types::datetime::{
    date_minus, interval_neg, interval_sub, is_finite, time_minus, timestamp_minus,
};
use crate::sql::types::{Interval, Oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    rows2 "int2_dist" => |a: i16, b: i16| {
        a.checked_sub(b).and_then(i16::checked_abs).ok_or_else(|| Error::out_of_range("smallint"))
    };
    rows2 "int4_dist" => |a: i32, b: i32| {
        a.checked_sub(b).and_then(i32::checked_abs).ok_or_else(|| Error::out_of_range("integer"))
    };
    rows2 "int8_dist" => |a: i64, b: i64| {
        a.checked_sub(b).and_then(i64::checked_abs).ok_or_else(|| Error::out_of_range("bigint"))
    };
    rows2 "float4_dist" => |a: f32, b: f32| {
        let distance = a - b;
        check(distance.is_infinite() && !a.is_infinite() && !b.is_infinite())?;
        Ok(distance.abs())
    };
    rows2 "float8_dist" => |a: f64, b: f64| {
        let distance = a - b;
        check(distance.is_infinite() && !a.is_infinite() && !b.is_infinite())?;
        Ok(distance.abs())
    };
    rows2 "oid_dist" => |a: Oid, b: Oid| Ok(a.abs_diff(b));
    // As in PostgreSQL, the difference of infinite dates is an error.
    rows2 "date_dist" => |a: Date, b: Date| Ok(date_minus(a.0, b.0)?.wrapping_abs());
    rows2 "time_dist" => |a: Time, b: Time| without_sign(time_minus(a.0, b.0));
    rows2 "ts_dist" => |a: Instant, b: Instant| between(a, b);
    rows2 "tstz_dist" => |a: Instant, b: Instant| between(a, b);
    rows2 "interval_dist" => |a: Interval, b: Interval| without_sign(interval_sub(&a, &b)?);
};

fn check(overflows: bool) -> Result<()> {
    match overflows {
        true => {
            Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow"))
        }
        false => Ok(()),
    }
}

fn between(a: Instant, b: Instant) -> Result<Interval> {
    if !is_finite(a.0) || !is_finite(b.0) {
        // As far as can be: an interval has fewer microseconds here than PostgreSQL's, whose
        // greatest this is otherwise.
        let microseconds = i64::MAX / 1_000;
        return Ok(Interval { months: i32::MAX, days: i32::MAX, microseconds });
    }
    without_sign(timestamp_minus(a.0, b.0)?)
}

fn without_sign(span: Interval) -> Result<Interval> {
    if span.span() < Interval::default().span() { interval_neg(&span) } else { Ok(span) }
}
