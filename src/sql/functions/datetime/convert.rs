//! The clock, casts between dates and times, and the `make_*` functions.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{Date, Time, TimeTz, Timestamp, TimestampTz, arg};
use crate::sql::functions::{CallContext, Kernel, typmod};
use crate::sql::types::datetime::{
    Fault, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, Zone, checked_timestamp,
    date_to_timestamp, date_to_timestamp_tz, is_finite_date, make_date, make_interval, make_time,
    make_timestamp, make_timestamp_tz, parse_offset, timestamp_to_date, timestamp_to_time,
    timestamp_to_timestamp_tz, timestamp_tz_from_unix, timestamp_tz_to_timestamp,
    zone_shift_time_tz,
};
use crate::sql::types::{Datum, Interval, format};

use super::{clock, zone_named, zone_of};
use crate::sqlstate;

pub const CLOCK: &[Kernel] = kernels! {
    call "now" => |call, _| Ok(Datum::TimestampTz(call.eval.transaction_timestamp));
    call "statement_timestamp" => |call, _| Ok(Datum::TimestampTz(call.eval.statement_timestamp));
    call "clock_timestamp" => |_, _| Ok(Datum::TimestampTz(clock()));
    call "timeofday" => |call, _| {
        let picture = "Dy Mon DD HH24:MI:SS.US YYYY TZ";
        let text = format::timestamp_tz_to_char(clock(), call.eval.zone(), picture)?;
        Ok(text.map_or(Datum::Null, Datum::Text))
    };
};

/// A date and a time of day as a timestamp.
fn at(date: Date, time: Time) -> Result<Timestamp> {
    let midnight = date_to_timestamp(date.0)?;
    if !is_finite_date(date.0) {
        return Ok(Timestamp(midnight));
    }
    checked_timestamp(midnight.checked_add(time.0)).map(Timestamp)
}

fn at_zone(date: Date, time: TimeTz) -> Result<TimestampTz> {
    let midnight = date_to_timestamp(date.0)?;
    if !is_finite_date(date.0) {
        return Ok(TimestampTz(midnight));
    }
    let of_day = time.0 + i64::from(time.1) * MICROSECONDS_PER_SECOND;
    checked_timestamp(midnight.checked_add(of_day)).map(TimestampTz)
}

/// Seconds west of UTC at the transaction's time, as `timetz` keeps zones.
fn west(call: &CallContext<'_>, zone: Zone) -> i32 {
    -zone.offset_at(call.eval.transaction_timestamp)
}

fn shifted(call: &CallContext<'_>, zone: Zone, time: TimeTz) -> Datum {
    let (time, zone) = zone_shift_time_tz(time.0, time.1, west(call, zone));
    Datum::TimeTz(time, zone)
}

pub const CASTS: &[Kernel] = kernels! {
    columns1 "date_timestamp" => |a: Date| date_to_timestamp(a.0).map(Timestamp);
    call "date_timestamptz" => |call, args| {
        let Date(date) = arg(args, 0)?;
        date_to_timestamp_tz(date, call.eval.zone()).map(Datum::TimestampTz)
    };
    columns1 "timestamp_date" => |a: Timestamp| Ok(Date(timestamp_to_date(a.0)));
    call "timestamptz_date" => |call, args| {
        let TimestampTz(instant) = arg(args, 0)?;
        let local = timestamp_tz_to_timestamp(instant, call.eval.zone())?;
        Ok(Datum::Date(timestamp_to_date(local)))
    };
    rows1 "timestamp_time" => |a: Timestamp| Ok(timestamp_to_time(a.0).map(Time));
    call "timestamptz_time" => |call, args| {
        let TimestampTz(instant) = arg(args, 0)?;
        let local = timestamp_tz_to_timestamp(instant, call.eval.zone())?;
        Ok(timestamp_to_time(local).map_or(Datum::Null, Datum::Time))
    };
    call "timestamptz_timetz" => |call, args| {
        let TimestampTz(instant) = arg(args, 0)?;
        let local = timestamp_tz_to_timestamp(instant, call.eval.zone())?;
        let west = -call.eval.zone().offset_at(instant);
        Ok(timestamp_to_time(local).map_or(Datum::Null, |time| Datum::TimeTz(time, west)))
    };
    call "timestamp_timestamptz" => |call, args| {
        let Timestamp(local) = arg(args, 0)?;
        timestamp_to_timestamp_tz(local, call.eval.zone()).map(Datum::TimestampTz)
    };
    call "timestamptz_timestamp" => |call, args| {
        let TimestampTz(instant) = arg(args, 0)?;
        timestamp_tz_to_timestamp(instant, call.eval.zone()).map(Datum::Timestamp)
    };
    rows1 "time_interval" => |a: Time| Ok(Interval { months: 0, days: 0, microseconds: a.0 });
    rows1 "interval_time" => |a: Interval| Ok(Time(a.microseconds.rem_euclid(MICROSECONDS_PER_DAY)));
    call "time_timetz" => |call, args| {
        let Time(time) = arg(args, 0)?;
        Ok(Datum::TimeTz(time, west(call, call.eval.zone())))
    };
    rows1 "timetz_time" => |a: TimeTz| Ok(Time(a.0));
    columns2 "datetime_timestamp" => at;
    columns2 "timedate_pl_time_date" => |time: Time, date: Date| at(date, time);
    rows2 "datetimetz_timestamptz" => at_zone;
    rows2 "timetzdate_pl_timetz_date" => |time: TimeTz, date: Date| at_zone(date, time);
    call "timestamptz_date_time" => |call, args| {
        let Timestamp(local) = at(arg(args, 0)?, arg(args, 1)?)?;
        timestamp_to_timestamp_tz(local, call.eval.zone()).map(Datum::TimestampTz)
    };
    rows2 "timestamp_zone" => |zone: &str, a: Timestamp|
        timestamp_to_timestamp_tz(a.0, zone_named(zone)?).map(TimestampTz);
    rows2 "timestamptz_zone" => |zone: &str, a: TimestampTz|
        timestamp_tz_to_timestamp(a.0, zone_named(zone)?).map(Timestamp);
    rows2 "timestamp_izone" => |zone: Interval, a: Timestamp|
        timestamp_to_timestamp_tz(a.0, zone_of(&zone)?).map(TimestampTz);
    rows2 "timestamptz_izone" => |zone: Interval, a: TimestampTz|
        timestamp_tz_to_timestamp(a.0, zone_of(&zone)?).map(Timestamp);
    call "timetz_zone" => |call, args| Ok(shifted(call, zone_named(arg(args, 0)?)?, arg(args, 1)?));
    call "timetz_izone" => |call, args| Ok(shifted(call, zone_of(&arg(args, 0)?)?, arg(args, 1)?));
    columns1 "float8_timestamptz" => |a: f64| timestamp_tz_from_unix(a).map(TimestampTz);
    call "time_scale" => typmod::apply;
    call "timetz_scale" => typmod::apply;
    call "timestamp_scale" => typmod::apply;
    call "timestamptz_scale" => typmod::apply;
    call "interval_scale" => typmod::apply;
};

/// The zone of `make_timestamptz`: a signed offset counts east of UTC.
fn zone_spelled(text: &str) -> Result<Zone> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid input syntax for type numeric time zone: \"{text}\""),
        )
        .with_hint("Numeric time zones must have \"-\" or \"+\" as first character."));
    }
    if !text.starts_with(['+', '-']) {
        return zone_named(text);
    }
    match parse_offset(text) {
        Ok(east) => Ok(Zone::Fixed(east)),
        Err(Fault::BadFormat) => zone_named(text),
        Err(_) => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("numeric time zone \"{text}\" out of range"),
        )),
    }
}

/// The local timestamp that the first six arguments spell.
fn local(args: &[Datum]) -> Result<i64> {
    make_timestamp(
        arg(args, 0)?,
        arg(args, 1)?,
        arg(args, 2)?,
        arg(args, 3)?,
        arg(args, 4)?,
        arg(args, 5)?,
    )
}

pub const MAKE: &[Kernel] = kernels! {
    columns3 "make_date" => |year: i32, month: i32, day: i32| make_date(year, month, day).map(Date);
    columns3 "make_time" => |hour: i32, minute: i32, second: f64| make_time(hour, minute, second).map(Time);
    call "make_timestamp" => |_, args| local(args).map(Datum::Timestamp);
    call "make_timestamptz" => |call, args|
        make_timestamp_tz(local(args)?, call.eval.zone()).map(Datum::TimestampTz);
    call "make_timestamptz_at_timezone" => |_, args|
        make_timestamp_tz(local(args)?, zone_spelled(arg(args, 6)?)?).map(Datum::TimestampTz);
    call "make_interval" => |_, args| make_interval(
        arg(args, 0)?,
        arg(args, 1)?,
        arg(args, 2)?,
        arg(args, 3)?,
        arg(args, 4)?,
        arg(args, 5)?,
        arg(args, 6)?,
    ).map(Datum::Interval);
};
