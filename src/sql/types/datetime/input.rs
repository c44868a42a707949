//! Reading dates, times and timestamps: decoded fields become values.

use super::decode::{Decoder, Found, Special, ZoneFound};
use super::fault::Fault;
use super::{
    DATE_INFINITY, DATE_NEGATIVE_INFINITY, INFINITY, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND,
    NEGATIVE_INFINITY, UNIX_EPOCH_DAYS, is_valid_timestamp, lexer, split_timestamp,
};
use crate::error::{Error, Result};
use crate::sql::types::context::InputContext;
use crate::sqlstate;

fn decode<'a>(
    text: &str,
    context: &'a InputContext<'a>,
    time_only: bool,
    type_name: &str,
) -> Result<Decoder<'a>> {
    let mut decoder = Decoder::new(context, time_only);
    let result = lexer::fields(text)
        .filter(|fields| !fields.is_empty())
        .ok_or(Fault::BadFormat)
        .and_then(|fields| decoder.run(&fields))
        .and_then(|()| decoder.finish());
    match result {
        Ok(()) => Ok(decoder),
        Err(fault) => Err(fault.error(text, type_name)),
    }
}

fn range_error(what: &str, text: &str) -> Error {
    Error::new(sqlstate::DATETIME_VALUE_OUT_OF_RANGE, format!("{what} out of range: \"{text}\""))
}

/// Days since 2000-01-01.
pub fn parse_date(text: &str, context: &InputContext<'_>) -> Result<i32> {
    let decoder = decode(text, context, false, "date")?;
    let days = match decoder.special {
        Some(Special::Epoch) => return Ok(-UNIX_EPOCH_DAYS),
        Some(Special::Infinity) => return Ok(DATE_INFINITY),
        Some(Special::NegativeInfinity) => return Ok(DATE_NEGATIVE_INFINITY),
        Some(Special::Now(now)) => {
            i64::from(split_timestamp(context.zone.to_local(now).unwrap_or(now)).0)
        }
        None => decoder.days(),
    };
    super::checked_date(days).map_err(|_| range_error("date", text))
}

/// Microseconds since midnight.
pub fn parse_time(text: &str, context: &InputContext<'_>) -> Result<i64> {
    let decoder = decode(text, context, true, "time")?;
    Ok(match decoder.special {
        Some(Special::Now(now)) => split_timestamp(context.zone.to_local(now).unwrap_or(now)).1,
        _ => decoder.time_of_day(),
    })
}

/// Microseconds since midnight, and seconds west of UTC.
pub fn parse_time_tz(text: &str, context: &InputContext<'_>) -> Result<(i64, i32)> {
    let decoder = decode(text, context, true, "time with time zone")?;
    if let Some(Special::Now(now)) = decoder.special {
        let local = context.zone.to_local(now).unwrap_or(now);
        return Ok((split_timestamp(local).1, -context.zone.offset_at(now)));
    }
    let time = decoder.time_of_day();
    let local = if decoder.found.has(Found::DATE) {
        decoder.local().unwrap_or(0)
    } else {
        let now = context.now();
        let today = split_timestamp(context.zone.to_local(now).unwrap_or(now)).0;
        i64::from(today) * MICROSECONDS_PER_DAY + time
    };
    let east = match decoder.zone {
        Some(ZoneFound::Offset(offset)) => offset,
        Some(ZoneFound::Zone(zone)) => zone.offset_at_local(local),
        None => context.zone.offset_at_local(local),
    };
    Ok((time, -east))
}

/// Microseconds since 2000-01-01; a zone in the text is ignored.
pub fn parse_timestamp(text: &str, context: &InputContext<'_>) -> Result<i64> {
    let decoder = decode(text, context, false, "timestamp")?;
    let value = match decoder.special {
        Some(Special::Epoch) => Some(-i64::from(UNIX_EPOCH_DAYS) * MICROSECONDS_PER_DAY),
        Some(Special::Infinity) => return Ok(INFINITY),
        Some(Special::NegativeInfinity) => return Ok(NEGATIVE_INFINITY),
        Some(Special::Now(now)) => context.zone.to_local(now),
        None => decoder.local(),
    };
    value
        .filter(|value| super::is_finite(*value) && is_valid_timestamp(*value))
        .ok_or_else(|| range_error("timestamp", text))
}

/// Microseconds since 2000-01-01 UTC; without a zone in the text, the session's.
pub fn parse_timestamp_tz(text: &str, context: &InputContext<'_>) -> Result<i64> {
    let decoder = decode(text, context, false, "timestamp with time zone")?;
    let value = match decoder.special {
        Some(Special::Epoch) => Some(-i64::from(UNIX_EPOCH_DAYS) * MICROSECONDS_PER_DAY),
        Some(Special::Infinity) => return Ok(INFINITY),
        Some(Special::NegativeInfinity) => return Ok(NEGATIVE_INFINITY),
        Some(Special::Now(now)) => Some(now),
        None => decoder.local().and_then(|local| match decoder.zone {
            Some(ZoneFound::Offset(east)) => {
                local.checked_sub(i64::from(east) * MICROSECONDS_PER_SECOND)
            }
            Some(ZoneFound::Zone(zone)) => zone.to_utc(local),
            None => context.zone.to_utc(local),
        }),
    };
    value
        .filter(|value| super::is_finite(*value) && is_valid_timestamp(*value))
        .ok_or_else(|| range_error("timestamp", text))
}
