//! The clock in PostgreSQL's unit.

use std::time::{SystemTime, UNIX_EPOCH};

/// 2000-01-01 UTC in microseconds since 1970.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// Microseconds since 2000-01-01 UTC.
pub fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX) - EPOCH_MICROSECONDS
}
