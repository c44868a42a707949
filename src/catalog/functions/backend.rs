//! Sessions one by one, and of PostgreSQL's counters those that are not counted here:
//! they are 0. A session's number is its pid.

use super::text;
use crate::catalog::system::TABLESPACES;
use crate::error::{Error, Result, Severity};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::datetime::zone;
use crate::sql::types::{Datum, Interval, Oid};
use crate::sqlstate;

// Columns of pg_stat_activity.
const DATABASE: usize = 0;
const PID: usize = 2;
const USER: usize = 4;
const CLIENT_ADDRESS: usize = 7;
const CLIENT_PORT: usize = 9;
const BACKEND_START: usize = 10;
const TRANSACTION_START: usize = 11;
const QUERY_START: usize = 12;
const WAIT_EVENT_TYPE: usize = 14;
const WAIT_EVENT: usize = 15;
const QUERY: usize = 20;

type Scalar = fn(&CallContext<'_>, &[Datum]) -> Result<Datum>;

const NOT_COUNTED: Scalar = |_, _| Ok(Datum::Int8(0));
const NEVER: Scalar = |_, _| Ok(Datum::Null);

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_stat_get_backend_pid" => |call, args| of_session(call, args, PID);
    call "pg_stat_get_backend_dbid" => |call, args| of_session(call, args, DATABASE);
    call "pg_stat_get_backend_userid" => |call, args| of_session(call, args, USER);
    call "pg_stat_get_backend_client_addr" => |call, args| of_session(call, args, CLIENT_ADDRESS);
    call "pg_stat_get_backend_client_port" => |call, args| of_session(call, args, CLIENT_PORT);
    call "pg_stat_get_backend_start" => |call, args| of_session(call, args, BACKEND_START);
    call "pg_stat_get_backend_xact_start" => |call, args| of_session(call, args, TRANSACTION_START);
    call "pg_stat_get_backend_activity_start" => |call, args| of_session(call, args, QUERY_START);
    call "pg_stat_get_backend_activity" => |call, args| told_of_session(call, args, QUERY);
    call "pg_stat_get_backend_wait_event" => |call, args| told_of_session(call, args, WAIT_EVENT);
    call "pg_stat_get_backend_wait_event_type" => |call, args| {
        told_of_session(call, args, WAIT_EVENT_TYPE)
    };
    call "pg_stat_get_snapshot_timestamp" => NEVER;
    call "pg_stat_reset_single_function_counters" => |call, _| {
        reset(call, "pg_stat_reset_single_function_counters")
    };
    // Values are stored as they are.
    call "pg_column_compression" => NEVER;
    call "pg_collation_actual_version" => |call, args| {
        let collation: Oid = arg(args, 0)?;
        match call.eval.catalog.collation(collation) {
            // Those that there are compare bytes and have no versions.
            Some(_) => Ok(Datum::Null),
            None => Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("collation with OID {collation} does not exist"),
            )),
        }
    };
    call "pg_database_collation_actual_version" => |call, args| {
        let database: Oid = arg(args, 0)?;
        match call.eval.catalog.database(database) {
            Some(_) => Ok(Datum::Null),
            None => Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("database with OID {database} does not exist"),
            )),
        }
    };
};

/// Of a table, an index or a function.
pub(super) const COUNTERS: &[Kernel] = kernels! {
    call "pg_stat_get_blocks_fetched" => NOT_COUNTED;
    call "pg_stat_get_blocks_hit" => NOT_COUNTED;
    call "pg_stat_get_mod_since_analyze" => NOT_COUNTED;
    call "pg_stat_get_ins_since_vacuum" => NOT_COUNTED;
    call "pg_stat_get_vacuum_count" => NOT_COUNTED;
    call "pg_stat_get_autovacuum_count" => NOT_COUNTED;
    call "pg_stat_get_analyze_count" => NOT_COUNTED;
    call "pg_stat_get_autoanalyze_count" => NOT_COUNTED;
    call "pg_stat_get_xact_numscans" => NOT_COUNTED;
    call "pg_stat_get_xact_tuples_returned" => NOT_COUNTED;
    call "pg_stat_get_xact_tuples_fetched" => NOT_COUNTED;
    call "pg_stat_get_xact_tuples_inserted" => NOT_COUNTED;
    call "pg_stat_get_xact_tuples_updated" => NOT_COUNTED;
    call "pg_stat_get_xact_tuples_deleted" => NOT_COUNTED;
    call "pg_stat_get_xact_tuples_hot_updated" => NOT_COUNTED;
    call "pg_stat_get_xact_blocks_fetched" => NOT_COUNTED;
    call "pg_stat_get_xact_blocks_hit" => NOT_COUNTED;
    call "pg_stat_get_last_vacuum_time" => NEVER;
    call "pg_stat_get_last_autovacuum_time" => NEVER;
    call "pg_stat_get_last_analyze_time" => NEVER;
    call "pg_stat_get_last_autoanalyze_time" => NEVER;
    // Those of functions are NULL for what was not counted.
    call "pg_stat_get_function_calls" => NEVER;
    call "pg_stat_get_function_total_time" => NEVER;
    call "pg_stat_get_function_self_time" => NEVER;
    call "pg_stat_get_xact_function_calls" => NEVER;
    call "pg_stat_get_xact_function_total_time" => NEVER;
    call "pg_stat_get_xact_function_self_time" => NEVER;
};

pub(super) const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "pg_stat_get_backend_idset", rows: session_numbers },
    SetKernel { symbol: "pg_timezone_abbrevs", rows: abbreviations },
    SetKernel { symbol: "pg_tablespace_databases", rows: databases_in },
];

fn session(call: &CallContext<'_>, args: &[Datum]) -> Result<Option<Vec<Datum>>> {
    let number: i32 = arg(args, 0)?;
    let rows = call.eval.session.server_rows("pg_stat_activity")?;
    Ok(rows.into_iter().find(|row| matches!(row[PID], Datum::Int4(pid) if pid == number)))
}

fn of_session(call: &CallContext<'_>, args: &[Datum], column: usize) -> Result<Datum> {
    let row = session(call, args)?;
    Ok(row.and_then(|row| row.into_iter().nth(column)).unwrap_or(Datum::Null))
}

/// The same; a text instead of NULL where there is no such session.
fn told_of_session(call: &CallContext<'_>, args: &[Datum], column: usize) -> Result<Datum> {
    match session(call, args)? {
        Some(row) => Ok(row.into_iter().nth(column).unwrap_or(Datum::Null)),
        None => Ok(text(Some("<backend information not available>".to_owned()))),
    }
}

fn session_numbers(call: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    let rows = call.eval.session.server_rows("pg_stat_activity")?;
    Ok(Box::new(rows.into_iter().map(|row| Ok(vec![row[PID].clone()]))))
}

/// Calls of functions are not counted, but only superusers are to set them to 0.
fn reset(call: &CallContext<'_>, function: &str) -> Result<Datum> {
    let role = call.eval.catalog.role_named(&call.eval.settings.current_user);
    match role.is_some_and(|role| role.superuser) {
        true => Ok(Datum::Text(String::new())),
        false => Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("permission denied for function {function}"),
        )),
    }
}

fn abbreviations(_: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    Ok(Box::new(zone::abbreviations().map(|(name, offset, is_saving)| {
        let microseconds = i64::from(offset) * 1_000_000;
        Ok(vec![
            Datum::Text(name.to_uppercase()),
            Datum::Interval(Interval { microseconds, ..Interval::default() }),
            Datum::Bool(is_saving),
        ])
    })))
}

/// All databases are in the default tablespace; the shared relations are in the other.
fn databases_in(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let tablespace: Oid = arg(args, 0)?;
    let known = TABLESPACES.iter().find(|(oid, _)| *oid == tablespace);
    let databases: Vec<Oid> = match known {
        Some((_, "pg_default")) => {
            call.eval.catalog.databases().map(|database| database.oid).collect()
        }
        Some(_) => {
            let message = "global tablespace never has databases";
            call.eval.session.tell(Error::notice(Severity::Warning, message));
            Vec::new()
        }
        None => {
            let message = format!("{tablespace} is not a tablespace OID");
            call.eval.session.tell(Error::notice(Severity::Warning, message));
            Vec::new()
        }
    };
    Ok(Box::new(databases.into_iter().map(|oid| Ok(vec![Datum::Oid(oid)]))))
}
