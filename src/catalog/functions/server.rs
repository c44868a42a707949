//! The server about itself: encodings, recovery, settings, keywords, ACLs.

use super::privilege::require_any;
use crate::catalog::{Catalog, RelationKind, acl};
use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::encoding::Encoding;
use crate::sql::types::{ArrayValue, Datum, Oid, oid};

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "PG_encoding_to_char" => |_, args| {
        let number: i32 = arg(args, 0)?;
        let name = Encoding::numbered(number).map(Encoding::name);
        Ok(Datum::Text(name.unwrap_or_default().to_owned()))
    };
    call "PG_char_to_encoding" => |_, args| {
        Ok(Datum::Int4(Encoding::named(arg(args, 0)?).map_or(-1, Encoding::number)))
    };
    call "getdatabaseencoding" => |_, _| Ok(Datum::Text("UTF8".to_owned()));
    call "pg_encoding_max_length_sql" => |_, args| {
        let encoding: i32 = arg(args, 0)?;
        let bytes_max = Encoding::numbered(encoding).map(Encoding::bytes_max);
        Ok(bytes_max.map_or(Datum::Null, Datum::Int4))
    };
    call "pg_is_in_recovery" => |_, _| Ok(Datum::Bool(false));
    call "pg_postmaster_start_time" => |call, _| server_value(call, "pg_postmaster_start_time");
    call "pg_reload_conf" => |call, _| {
        call.eval.session.reload_configuration().map(Datum::Bool)
    };
    call "pg_conf_load_time" => |call, _| server_value(call, "pg_conf_load_time");
    call "pg_tablespace_location" => |_, _| Ok(Datum::Text(String::new()));
    call "pg_relation_is_publishable" => |call, args| Ok(Datum::Bool(is_table(&call.eval.catalog, arg(args, 0)?)));
    call "pg_relation_is_updatable" => |call, args| {
        let catalog = &call.eval.catalog;
        let triggers: bool = arg(args, 1)?;
        let relation = catalog.relation(arg(args, 0)?);
        Ok(Datum::Int4(relation.map_or(0, |relation| {
            catalog.updatable_events(relation, triggers)
        })))
    };
    call "pg_column_is_updatable" => |call, args| {
        let attnum: i16 = arg(args, 1)?;
        let catalog = &call.eval.catalog;
        let relation = catalog.relation(arg(args, 0)?);
        let triggers: bool = arg(args, 2)?;
        let is = |r| catalog.column_is_updatable(r, attnum, triggers);
        Ok(Datum::Bool(relation.is_some_and(|r| is(r))))
    };
    call "pg_blocking_pids" => |call, args| {
        let pid: i32 = arg(args, 0)?;
        let pids = pids_before(call, "pg_blocking_pids", pid)?;
        let pids = pids.into_iter().map(Datum::Int4).collect();
        Ok(crate::catalog::system::cell::array_of(oid::INT4, pids))
    };
    call "pg_sequence_last_value" => |call, args| {
        let sequence: Oid = arg(args, 0)?;
        if let Some(relation) = call.eval.catalog.relation(sequence) {
            let either = acl::SELECT | acl::USAGE;
            require_any(call, relation, either)?;
        }
        let row = call.eval.session.sequence_row(sequence)?;
        Ok(if row.is_called { Datum::Int8(row.last_value) } else { Datum::Null })
    };
};

/// The sessions that a session waits for, in one of the server's lists of pairs.
pub(super) fn pids_before(call: &CallContext<'_>, list: &str, pid: i32) -> Result<Vec<i32>> {
    let rows = call.eval.session.server_rows(list)?;
    let pair = |row: &Vec<Datum>| match row[..] {
        [Datum::Int4(waiting), Datum::Int4(other)] if waiting == pid => Some(other),
        _ => None,
    };
    Ok(rows.iter().filter_map(pair).collect())
}

pub(super) const SET_KERNELS: &[SetKernel] = &[
    SetKernel {
        symbol: "show_all_file_settings",
        rows: |call, _| server_rows(call, "pg_file_settings"),
    },
    SetKernel { symbol: "show_all_settings", rows: |call, _| server_rows(call, "pg_settings") },
    SetKernel { symbol: "pg_stat_get_activity", rows: activity },
    SetKernel { symbol: "pg_lock_status", rows: |call, _| server_rows(call, "pg_locks") },
    SetKernel {
        symbol: "pg_prepared_statement",
        rows: |call, _| server_rows(call, "pg_prepared_statements"),
    },
    SetKernel { symbol: "pg_cursor", rows: |call, _| server_rows(call, "pg_cursors") },
    SetKernel { symbol: "pg_timezone_names", rows: time_zones },
    SetKernel { symbol: "_pg_expandarray", rows: expand_array },
    SetKernel {
        symbol: "pg_stats_ext_mcvlist_items",
        rows: crate::catalog::system::statistic_ext::common_items,
    },
    SetKernel { symbol: "pg_get_keywords", rows: keywords },
    SetKernel { symbol: "pg_options_to_table", rows: options },
    SetKernel { symbol: "aclexplode", rows: super::acl::explode_all },
];

fn is_table(catalog: &Catalog, relation: Oid) -> bool {
    let user = |oid| oid >= oid::FIRST_NORMAL;
    catalog.relation(relation).is_some_and(|r| matches!(r.kind, RelationKind::Table) && user(r.oid))
}

/// A single value that the server tells under a name.
fn server_value(call: &CallContext<'_>, name: &str) -> Result<Datum> {
    let rows = call.eval.session.server_rows(name)?;
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or(Datum::Null))
}

pub(super) fn server_rows(call: &CallContext<'_>, relation: &str) -> Result<SetRows> {
    let rows = call.eval.session.server_rows(relation)?;
    Ok(Box::new(rows.into_iter().map(Ok)))
}

/// All sessions, or the one with this pid.
fn activity(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    const PID: usize = 2;
    let wanted: Option<i32> = arg_or_null(args, 0)?;
    let mut rows = call.eval.session.server_rows("pg_stat_activity")?;
    if let Some(wanted) = wanted {
        rows.retain(|row| matches!(row.get(PID), Some(Datum::Int4(pid)) if *pid == wanted));
    }
    Ok(Box::new(rows.into_iter().map(|row| Ok(activity_columns(row)))))
}

/// The columns of `pg_stat_activity` in the order of the function, with those between
/// that a session does not tell: how it is encrypted. Names of databases and roles are
/// looked up by the view.
fn activity_columns(mut row: Vec<Datum>) -> Vec<Datum> {
    const BEFORE: [usize; 18] = [0, 2, 4, 6, 16, 20, 14, 15, 11, 12, 10, 13, 7, 8, 9, 17, 18, 21];
    const OF_ENCRYPTION: usize = 10;
    const AFTER: [usize; 2] = [3, 19];
    let mut take = |at: usize| {
        row.get_mut(at).map_or(Datum::Null, |value| std::mem::replace(value, Datum::Null))
    };
    let mut columns: Vec<Datum> = BEFORE.into_iter().map(&mut take).collect();
    columns.extend(std::iter::repeat_n(Datum::Null, OF_ENCRYPTION));
    columns.extend(AFTER.into_iter().map(take));
    columns
}

/// `key=value` texts as two columns; an option without a value has NULL.
fn options(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let Some(options) = arg_or_null::<&ArrayValue>(args, 0)? else {
        return Ok(Box::new(std::iter::empty()));
    };
    let row = |option: &Datum| match option {
        Datum::Text(text) => Some(match text.split_once('=') {
            Some((name, value)) => vec![Datum::Text(name.into()), Datum::Text(value.into())],
            None => vec![Datum::Text(text.clone()), Datum::Null],
        }),
        _ => None,
    };
    let rows: Vec<Vec<Datum>> = options.elements.iter().filter_map(row).collect();
    Ok(Box::new(rows.into_iter().map(Ok)))
}

/// The elements of an array with their positions, counted from 1 whatever its
/// lower bound.
fn expand_array(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let array: &ArrayValue = arg(args, 0)?;
    let elements = array.elements.clone();
    Ok(Box::new(elements.into_iter().zip(1..).map(|(x, n)| Ok(vec![x, Datum::Int4(n)]))))
}

/// PostgreSQL's keywords with their classes.
fn keywords(_: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    let rows = crate::catalog::keywords().into_iter().map(|(word, class, bare_label)| {
        let (letter, description) = class.description();
        let label = if bare_label { "can be bare label" } else { "requires AS" };
        Ok(vec![
            Datum::Text(word.to_owned()),
            Datum::Char(letter as u8),
            Datum::Bool(bare_label),
            Datum::Text(description.to_owned()),
            Datum::Text(label.to_owned()),
        ])
    });
    Ok(Box::new(rows))
}

/// The named time zones: name, abbreviation, offset and whether it is summer
/// time there now.
fn time_zones(call: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    use crate::sql::types::Interval;
    use chrono::{DateTime, Offset, TimeZone};
    use chrono_tz::OffsetComponents;

    const EPOCH_2000_SECONDS: i64 = 946_684_800;
    let seconds = call.eval.transaction_timestamp.div_euclid(1_000_000) + EPOCH_2000_SECONDS;
    let now = DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc();
    let rows = chrono_tz::TZ_VARIANTS.iter().map(move |zone| {
        let offset = zone.offset_from_utc_datetime(&now);
        let seconds = i64::from(offset.fix().local_minus_utc());
        Ok(vec![
            Datum::Text(zone.name().to_owned()),
            Datum::Text(offset.to_string()),
            Datum::Interval(Interval { microseconds: seconds * 1_000_000, ..Interval::default() }),
            Datum::Bool(!offset.dst_offset().is_zero()),
        ])
    });
    Ok(Box::new(rows))
}
