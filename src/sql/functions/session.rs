//! What a session tells about itself and does outside of expressions:
//! settings, sequences, other sessions, sleeping, random numbers.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::catalog::RelationKind;
use crate::catalog::acl::{self, Guarded};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;

use super::call::{TimestampTz, arg, arg_or_null, wrong_type};
use super::{CallContext, Kernel, datetime};

pub const KERNELS: &[&[Kernel]] = &[INFORMATION, SETTINGS, SEQUENCES, SESSIONS, RANDOM, SIZES];

/// The version of PostgreSQL whose behaviour this server has.
pub const SERVER_VERSION: &str = "15.18";

const INFORMATION: &[Kernel] = kernels! {
    call "pg_trigger_depth" => |call, _| {
        let routines = call.eval.session.routines()?;
        let depth = routines.trigger_depth.load(std::sync::atomic::Ordering::Relaxed);
        Ok(Datum::Int4(i32::try_from(depth).unwrap_or(i32::MAX)))
    };
    call "suppress_redundant_updates_trigger" => |_, _| Err(Error::new(
        sqlstate::E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
        "suppress_redundant_updates_trigger: not called by trigger manager",
    ));
    // Its triggers call nothing: `table::outbox` does their work.
    call "events_capture" => |_, _| Err(Error::new(
        sqlstate::E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
        "events.capture: not called by trigger manager",
    ));
    call "current_user" => |call, _| Ok(Datum::Text(call.eval.settings.current_user.clone()));
    call "session_user" => |call, _| Ok(Datum::Text(call.eval.settings.session_user.clone()));
    call "current_database" => |call, _| Ok(Datum::Text(call.eval.settings.database.clone()));
    call "pg_backend_pid" => |call, _| Ok(Datum::Int4(call.eval.settings.backend_pid));
    call "pgsql_version" => |_, _| Ok(Datum::Text(format!(
        "PostgreSQL {SERVER_VERSION} (ZServer {}) on {}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
    )));
    call "pg_typeof" => |call, _| Ok(Datum::Oid(call.args.first().ok_or_else(wrong_type)?.oid));
    call "pg_num_nulls" => |_, args| Ok(Datum::Int4(count_nulls(args)));
    call "pg_num_nonnulls" => |_, args| Ok(Datum::Int4(args.len() as i32 - count_nulls(args)));
    call "pg_column_size" => column_size;
};

fn count_nulls(args: &[Datum]) -> i32 {
    args.iter().filter(|datum| datum.is_null()).count() as i32
}

/// Bytes of the value as rows store it.
fn column_size(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let mut bytes = Vec::new();
    crate::sql::types::codec::encode(args.first().ok_or_else(wrong_type)?, &mut bytes);
    Ok(Datum::Int4(bytes.len() as i32))
}

const SETTINGS: &[Kernel] = kernels! {
    call "show_config_by_name" => |call, args| setting(call, arg(args, 0)?, false);
    call "show_config_by_name_missing_ok" => |call, args| setting(call, arg(args, 0)?, arg(args, 1)?);
    call "set_config_by_name" => |call, args| {
        let Some(name) = arg_or_null::<&str>(args, 0)? else {
            return Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                "SET requires parameter name",
            ));
        };
        let local = arg_or_null::<bool>(args, 2)?.unwrap_or(false);
        let session = &call.eval.session;
        match arg_or_null::<&str>(args, 1)? {
            Some(value) => session.set_setting(name, value, local).map(Datum::Text),
            None => session.reset_setting(name, local).map(Datum::Text),
        }
    };
    call "pg_client_encoding" => |call, _| {
        Ok(Datum::Text(call.eval.settings.client_encoding.name().into()))
    };
};

fn setting(call: &CallContext<'_>, name: &str, missing_ok: bool) -> Result<Datum> {
    match call.eval.session.setting(name)? {
        Some(value) => Ok(Datum::Text(value)),
        None if missing_ok => Ok(Datum::Null),
        None => Err(Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("unrecognized configuration parameter \"{name}\""),
        )),
    }
}

const SEQUENCES: &[Kernel] = kernels! {
    call "nextval_oid" => |call, args| {
        let sequence = arg::<Oid>(args, 0)?;
        allow_sequence(call, sequence, acl::USAGE | acl::UPDATE)?;
        call.eval.session.nextval(sequence).map(Datum::Int8)
    };
    call "currval_oid" => |call, args| {
        let sequence = arg::<Oid>(args, 0)?;
        allow_sequence(call, sequence, acl::USAGE | acl::SELECT)?;
        call.eval.session.currval(sequence).map(Datum::Int8)
    };
    call "lastval" => |call, _| {
        let (sequence, value) = call.eval.session.lastval()?;
        allow_sequence(call, sequence, acl::USAGE | acl::SELECT)?;
        Ok(Datum::Int8(value))
    };
    call "setval_oid" => |call, args| {
        allow_sequence(call, arg(args, 0)?, acl::UPDATE)?;
        call.eval.session.setval(arg(args, 0)?, arg(args, 1)?, true).map(Datum::Int8)
    };
    call "setval3_oid" => |call, args| {
        allow_sequence(call, arg(args, 0)?, acl::UPDATE)?;
        call.eval.session.setval(arg(args, 0)?, arg(args, 1)?, arg(args, 2)?).map(Datum::Int8)
    };
};

/// `42501` unless one of some privileges on a sequence is there. An identity column's
/// sequence serves everybody who may insert.
fn allow_sequence(call: &CallContext<'_>, sequence: Oid, privileges: u32) -> Result<()> {
    let catalog = &call.eval.catalog;
    let Some(relation) = catalog.relation(sequence) else { return Ok(()) };
    let RelationKind::Sequence(kind) = &relation.kind else { return Ok(()) };
    let column = kind.owned_by.and_then(|(table, number)| {
        catalog.relation(table)?.columns.get(usize::try_from(number - 1).ok()?)
    });
    let Some(role) = catalog.role_named(&call.eval.settings.current_user) else { return Ok(()) };
    let is_identity = column.is_some_and(|column| column.identity.is_some());
    if is_identity || catalog.rights(role, Guarded::relation(relation), privileges) != 0 {
        return Ok(());
    }
    Err(Error::new(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        format!("permission denied for sequence {}", relation.name),
    ))
}

const SESSIONS: &[Kernel] = kernels! {
    call "pg_cancel_backend" => |call, args|
        call.eval.session.cancel_backend(arg(args, 0)?, false).map(Datum::Bool);
    call "pg_terminate_backend" => |call, args|
        call.eval.session.cancel_backend(arg(args, 0)?, true).map(Datum::Bool);
    call "pg_notify" => |call, args| {
        let channel = arg_or_null::<&str>(args, 0)?.unwrap_or_default();
        let payload = arg_or_null::<&str>(args, 1)?.unwrap_or_default();
        call.eval.session.notify(channel, payload)?;
        Ok(Datum::Text(String::new()))
    };
    call "pg_sleep" => |call, args| sleep(call, arg(args, 0)?);
    call "pg_sleep_for_interval" => |call, args| sleep(call, datetime::seconds_of(arg(args, 0)?));
    call "pg_sleep_until_timestamptz" => |call, args| {
        let TimestampTz(until) = arg(args, 0)?;
        sleep(call, (until.saturating_sub(datetime::clock())) as f64 / 1e6)
    };
};

/// How often a sleeping statement looks whether it was cancelled.
const SLEEP_STEP: Duration = Duration::from_millis(20);

fn sleep(call: &CallContext<'_>, seconds: f64) -> Result<Datum> {
    crate::table::blocking(|| sleep_here(call, seconds))
}

fn sleep_here(call: &CallContext<'_>, seconds: f64) -> Result<Datum> {
    let started = Instant::now();
    let total = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
    let token = call.eval.session.statement_token();
    let is_over = || token.as_ref().is_some_and(CancellationToken::is_cancelled);
    loop {
        if is_over() || call.eval.session.is_cancelled() {
            return Err(Error::query_canceled());
        }
        let left = total.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(Datum::Text(String::new()));
        }
        std::thread::sleep(left.min(SLEEP_STEP));
    }
}

const RANDOM: &[Kernel] = kernels! {
    call "drandom" => |call, _| Ok(Datum::Float8(call.eval.session.random()));
    call "setseed" => |call, args| {
        let seed: f64 = arg(args, 0)?;
        if !(-1.0..=1.0).contains(&seed) {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("setseed parameter {seed} is out of allowed range [-1,1]"),
            ));
        }
        call.eval.session.set_seed(seed)?;
        Ok(Datum::Text(String::new()))
    };
};

const SIZES: &[Kernel] = kernels! {
    columns1 "pg_size_pretty" => |size: i64| Ok(pretty(i128::from(size)));
    rows1 "pg_size_pretty_numeric" => |size: &Numeric| pretty_numeric(size);
    columns1 "pg_size_bytes" => size_bytes;
};

/// Units of sizes: name, bits of one unit, and the size from which the next is used.
const UNITS: [(&str, u32); 6] =
    [("bytes", 0), ("kB", 10), ("MB", 20), ("GB", 30), ("TB", 40), ("PB", 50)];

/// From this many of a unit on, the next larger one is used.
const UNIT_LIMIT: i128 = 10 * 1024;

/// Halves are carried along by one extra bit until a unit is chosen.
fn pretty(size: i128) -> String {
    if size.abs() < UNIT_LIMIT {
        return format!("{size} bytes");
    }
    for (name, bits) in &UNITS[1..] {
        let halves = size / (1_i128 << (bits - 1));
        if halves.abs() < 2 * UNIT_LIMIT - 1 || *name == "PB" {
            let rounded = if halves >= 0 { (halves + 1) / 2 } else { (halves - 1) / 2 };
            return format!("{rounded} {name}");
        }
    }
    unreachable!("the last unit takes every size")
}

fn pretty_numeric(size: &Numeric) -> Result<String> {
    let mut text = Vec::new();
    if size.abs().cmp(&Numeric::from(UNIT_LIMIT as i64)).is_lt() {
        size.write(&mut text);
        return Ok(format!("{} bytes", String::from_utf8_lossy(&text)));
    }
    let whole = size.trunc(0)?;
    let Numeric::Finite { coefficient, .. } = &whole else {
        size.write(&mut text);
        return Ok(format!("{} bytes", String::from_utf8_lossy(&text)));
    };
    match i128::try_from(coefficient.to_big()) {
        Ok(size) => Ok(pretty(size)),
        Err(_) => Err(Error::out_of_range("bigint")),
    }
}

/// `pg_size_bytes('10 MB')`.
fn size_bytes(text: &str) -> Result<i64> {
    let trimmed = text.trim();
    let invalid =
        || Error::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid size: \"{text}\""));
    let end = trimmed
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')))
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let (number, unit) = match unit.strip_prefix(['e', 'E']) {
        Some(exponent)
            if exponent.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') =>
        {
            let digits =
                exponent[1..].find(|c: char| !c.is_ascii_digit()).map_or(exponent.len(), |n| n + 1);
            (&trimmed[..end + 1 + digits], &exponent[digits..])
        }
        _ => (number, unit),
    };
    if !number.contains(|c: char| c.is_ascii_digit()) {
        return Err(invalid());
    }
    let value = Numeric::parse(number).map_err(|_| invalid())?;
    let bits = unit_bits(unit.trim()).ok_or_else(|| {
        invalid()
            .with_detail(format!("Invalid size unit: \"{}\".", unit.trim()))
            .with_hint("Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")
    })?;
    value.mul(&Numeric::from(1_i64 << bits))?.to_i64()
}

fn unit_bits(unit: &str) -> Option<u32> {
    if unit.is_empty() || unit.eq_ignore_ascii_case("b") {
        return Some(0);
    }
    UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, bits)| *bits)
}
