//! Checking, backing up and archiving, the audit log and the change feed, asked for by a
//! client.

use super::text;
use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{Datum, Oid, oid};

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "zserver_switch_archive" => |call, _| {
        call.eval.session.switch_archive(call.eval)?;
        Ok(text(Some(String::new())))
    };
    call "zserver_audit_event" => |call, args| {
        call.eval.session.note_audit_event(call.eval, arg(args, 0)?, arg(args, 1)?)?;
        Ok(text(Some(String::new())))
    };
    call "events_position" => |call, _| Ok(text(Some(call.eval.session.change_position()?)));
    call "pg_stat_get_archiver" => |call, _| {
        const TYPES: [Oid; 7] = [
            oid::INT8, oid::TEXT, oid::TIMESTAMPTZ, oid::INT8, oid::TEXT, oid::TIMESTAMPTZ,
            oid::TIMESTAMPTZ,
        ];
        let rows = call.eval.session.server_rows("pg_stat_archiver")?;
        let row = rows.into_iter().next().unwrap_or_default();
        Ok(Datum::Record(TYPES.into_iter().zip(row).collect()))
    };
};

pub(super) const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "zserver_check", rows: check },
    SetKernel { symbol: "zserver_backup", rows: back_up },
    SetKernel { symbol: "zserver_audit", rows: audit },
    SetKernel { symbol: "events_changes", rows: changes },
];

fn check(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let relation: Option<Oid> = arg_or_null(args, 0)?;
    let rows = call.eval.session.check_database(call.eval, relation)?;
    Ok(Box::new(rows.into_iter().map(Ok)))
}

fn audit(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let since = match args.first() {
        Some(Datum::TimestampTz(since)) => Some(*since),
        _ => None,
    };
    call.eval.session.audit_rows(call.eval, since)
}

fn changes(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let (table, after, limit) = (arg(args, 0)?, arg(args, 1)?, arg(args, 2)?);
    let rows = call.eval.session.changes(call.eval, table, after, limit)?;
    Ok(Box::new(rows.into_iter().map(Ok)))
}

fn back_up(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let previous: Option<&str> = arg_or_null(args, 1)?;
    let row = call.eval.session.back_up(call.eval, arg(args, 0)?, previous)?;
    Ok(Box::new(std::iter::once(Ok(row))))
}
