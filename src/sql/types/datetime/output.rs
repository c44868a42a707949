//! Printing dates, times and timestamps in the four DateStyles.
//!
//! The ISO forms are written into a stack buffer, so that the hot path of result
//! encoding does not allocate.

use super::zone::{self, Zone};
use super::{
    DATE_INFINITY, INFINITY, NEGATIVE_INFINITY, civil_from_days, day_of_week, is_finite,
    is_finite_date, split_time, split_timestamp,
};
use crate::sql::types::context::{DateOrder, DateStyle, OutputContext};
use crate::sql::types::integer;

/// The text of one ISO date or timestamp: 30 bytes suffice for
/// `294276-12-31 23:59:59.999999 BC`, and so do 40.
pub struct IsoText {
    bytes: [u8; 40],
    length: usize,
}

impl IsoText {
    fn new() -> IsoText {
        IsoText { bytes: [0; 40], length: 0 }
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn put(&mut self, text: &[u8]) {
        self.bytes[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
    }

    fn put_number(&mut self, value: u32, width: usize) {
        let mut digits = [0u8; 20];
        let text = integer::digits(i64::from(value), &mut digits);
        for _ in text.len()..width {
            self.put(b"0");
        }
        self.put(text);
    }

    fn put_date(&mut self, days: i32) -> bool {
        let civil = civil_from_days(days);
        let (year, bc) = display_year(civil.year);
        self.put_number(year, 4);
        self.put(b"-");
        self.put_number(civil.month as u32, 2);
        self.put(b"-");
        self.put_number(civil.day as u32, 2);
        bc
    }

    fn put_time(&mut self, time: i64) {
        let (hours, minutes, seconds, microseconds) = split_time(time);
        self.put_number(hours as u32, 2);
        self.put(b":");
        self.put_number(minutes as u32, 2);
        self.put(b":");
        self.put_number(seconds as u32, 2);
        if microseconds != 0 {
            self.put(b".");
            self.put_number(microseconds as u32, 6);
            while self.bytes[self.length - 1] == b'0' {
                self.length -= 1;
            }
        }
    }
}

/// The year as it prints, and whether it is before Christ.
fn display_year(year: i32) -> (u32, bool) {
    if year > 0 { (year as u32, false) } else { ((1 - year) as u32, true) }
}

fn infinity(positive: bool) -> &'static [u8] {
    if positive { b"infinity" } else { b"-infinity" }
}

/// A date in ISO style.
pub fn iso_date(days: i32) -> IsoText {
    let mut text = IsoText::new();
    if !is_finite_date(days) {
        text.put(infinity(days == DATE_INFINITY));
    } else if text.put_date(days) {
        text.put(b" BC");
    }
    text
}

/// A timestamp without zone in ISO style.
pub fn iso_timestamp(value: i64) -> IsoText {
    let mut text = IsoText::new();
    if !is_finite(value) {
        text.put(infinity(value == INFINITY));
        return text;
    }
    let (days, time) = split_timestamp(value);
    let bc = text.put_date(days);
    text.put(b" ");
    text.put_time(time);
    if bc {
        text.put(b" BC");
    }
    text
}

/// Appends `.ddd` without trailing zeros; nothing for 0.
pub(super) fn write_fraction(microseconds: i64, out: &mut Vec<u8>) {
    if microseconds == 0 {
        return;
    }
    let text = format!(".{microseconds:06}");
    out.extend_from_slice(text.trim_end_matches('0').as_bytes());
}

fn padded(value: i64, width: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{value:0width$}").as_bytes());
}

/// Appends a date's parts in the order that style and order say.
fn write_day(days: i32, context: &OutputContext<'_>, out: &mut Vec<u8>) -> bool {
    let civil = civil_from_days(days);
    let (year, bc) = display_year(civil.year);
    let (month, day) = (i64::from(civil.month), i64::from(civil.day));
    let day_first = context.date_order == DateOrder::Dmy;
    let (first, second, separator) = match context.date_style {
        DateStyle::German => (day, month, b'.'),
        DateStyle::Sql if day_first => (day, month, b'/'),
        DateStyle::Sql => (month, day, b'/'),
        _ if day_first => (day, month, b'-'),
        _ => (month, day, b'-'),
    };
    padded(first, 2, out);
    out.push(separator);
    padded(second, 2, out);
    out.push(separator);
    padded(i64::from(year), 4, out);
    bc
}

pub fn write_date(days: i32, context: &OutputContext<'_>, out: &mut Vec<u8>) {
    if context.date_style == DateStyle::Iso || !is_finite_date(days) {
        return out.extend_from_slice(iso_date(days).as_slice());
    }
    if write_day(days, context, out) {
        out.extend_from_slice(b" BC");
    }
}

pub fn write_time(time: i64, out: &mut Vec<u8>) {
    let mut text = IsoText::new();
    text.put_time(time);
    out.extend_from_slice(text.as_slice());
}

/// `zone` is in seconds west of UTC.
pub fn write_time_tz(time: i64, zone: i32, out: &mut Vec<u8>) {
    write_time(time, out);
    out.extend_from_slice(zone::offset_text(-zone).as_bytes());
}

pub fn write_timestamp(value: i64, context: &OutputContext<'_>, out: &mut Vec<u8>) {
    if context.date_style == DateStyle::Iso || !is_finite(value) {
        return out.extend_from_slice(iso_timestamp(value).as_slice());
    }
    write_styled(value, None, context, out);
}

pub fn write_timestamp_tz(value: i64, context: &OutputContext<'_>, out: &mut Vec<u8>) {
    if !is_finite(value) {
        return out.extend_from_slice(infinity(value != NEGATIVE_INFINITY));
    }
    let zone = context.zone;
    let offset = zone.offset_at(value);
    let local = value.saturating_add(i64::from(offset) * 1_000_000);
    if context.date_style != DateStyle::Iso {
        return write_styled(local, Some((zone, value)), context, out);
    }
    let mut text = IsoText::new();
    let (days, time) = split_timestamp(local);
    let bc = text.put_date(days);
    text.put(b" ");
    text.put_time(time);
    out.extend_from_slice(text.as_slice());
    out.extend_from_slice(zone::offset_text(offset).as_bytes());
    if bc {
        out.extend_from_slice(b" BC");
    }
}

/// The styles other than ISO; the zone prints as its abbreviation.
fn write_styled(
    local: i64,
    zone: Option<(Zone, i64)>,
    context: &OutputContext<'_>,
    out: &mut Vec<u8>,
) {
    let (days, time) = split_timestamp(local);
    let bc = if context.date_style == DateStyle::Postgres {
        write_postgres(days, time, context, out)
    } else {
        let bc = write_day(days, context, out);
        out.push(b' ');
        write_time(time, out);
        bc
    };
    if let Some((zone, instant)) = zone {
        out.push(b' ');
        out.extend_from_slice(zone.abbreviation_at(instant).as_bytes());
    }
    if bc {
        out.extend_from_slice(b" BC");
    }
}

/// `Wed Dec 17 07:37:16 1997`.
fn write_postgres(days: i32, time: i64, context: &OutputContext<'_>, out: &mut Vec<u8>) -> bool {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let civil = civil_from_days(days);
    let (year, bc) = display_year(civil.year);
    let weekday = DAYS[day_of_week(days) as usize];
    let month = MONTHS[civil.month as usize - 1];
    let day = civil.day;
    let date = if context.date_order == DateOrder::Dmy {
        format!("{weekday} {day:02} {month} ")
    } else {
        format!("{weekday} {month} {day:02} ")
    };
    out.extend_from_slice(date.as_bytes());
    write_time(time, out);
    out.push(b' ');
    padded(i64::from(year), 4, out);
    bc
}
